/* First values from the data.
 *
 *     state centre[..] = m;   m[..] = mean(data) x[..]
 *
 * What `data` reduces over is gathered before the first step, as a metric is gathered over a pass:
 *
 *     survey       total' = total + sum(batch) x            for all training data, batch by batch
 *     surveyed     centre' = total/count                    at the end of the pass
 *
 * The model is seen at rest, as evaluation sees it. A first value may read other states of this kind, and what is gathered may:
 * then there are several passes, as many as the longest chain of them is long. Each pass makes all of these states anew; those
 * of the first link are right after the first, and stay so, those of the second after the second. */
#include "model.h"
#include <string.h>

static bool same(const char *a, const char *b) { return !strcmp(a, b); }

/* ---- which first values come from the data ---- */

typedef struct Search { const Elaborator *e; LIST(const Tree *) seen; } Search;

static bool in_tree(Search *q, const Scope *s, const Tree *t);

static bool in_definition(Search *q, const Scope *s, const Tree *t) {
    for (int k = 0; k < q->seen.n; k++) if (q->seen.at[k] == t) return false;
    PUSH(q->seen, t);
    return in_tree(q, s, t);
}

/* Whether the text, or that of a name or a definition that it mentions, reduces over the data: s is its scope, or NULL. */
static bool in_tree(Search *q, const Scope *s, const Tree *t) {
    if (t->kind == TREE_REDUCE)
        for (int k = 0; k < t->n - 1; k++) if (t->child[k]->kind == TREE_NAME && same(t->child[k]->text, "data")) return true;
    if (t->kind == TREE_CALL || t->kind == TREE_NAME) {
        const Tree *fn = function_named(q->e, t->text);
        if (fn && in_definition(q, NULL, fn->child[2])) return true;
    }
    const Name *n = s && (t->kind == TREE_NAME || t->kind == TREE_READ) ? scope_find(s, t->text) : NULL;
    bool has_text = n && (n->kind == ENTRY_EQUATION || (n->kind == ENTRY_STATE && n->tree->n > 1));
    if (has_text && in_definition(q, s, n->tree->child[n->tree->n - 1])) return true;
    if (n && n->kind == ENTRY_ARGUMENT && n->argument->tree && n->argument->scope && in_definition(q, n->argument->scope, n->argument->tree))
        return true;
    for (int k = 0; k < t->n; k++) if (t->child[k] && in_tree(q, s, t->child[k])) return true;
    return false;
}

static bool comes_from_data(const Elaborator *e, const Scope *s, const Name *n) {
    Search q = { .e = e };
    return n->kind == ENTRY_STATE && n->clock == EACH_STEP && n->tree->n > 1 && in_tree(&q, s, n->tree->child[n->tree->n - 1]);
}

/* ---- their equations ---- */

/* It does as elaborated: the branch that reads the data may not exist. */
static bool reads_data(const Program *p, Tensor *result) {
    Tensors results = { 0 };
    Reached r = { 0 };
    PUSH(results, result);
    reach(&r, p, &results);
    for (int k = 0; k < r.tensors.n; k++) if (r.tensors.at[k]->role == ROLE_TOTAL || r.tensors.at[k]->role == ROLE_STATE) return true;
    return false;
}

static void survey_state(Elaborator *e, Scope *s, const Name *n, Tensor *state, Tensors *firsts) {
    const Value shape = of_tensor(state, NULL, 0), v = declared_first(e, s, n->tree, &shape);
    if (v.kind != VALUE_TENSOR) return;
    Tensor *first = tensor_new("", ROLE_NEXT, REAL, state->rank, state->dim, origin_at(s, n->tree->span));
    first->of = state;
    PUSH(e->named, ((Named){ first, s->instance, text("%s_first", n->name), false, e->mode }));
    equation_new(e->program, first, v.axis, REDUCE_NONE, NULL, 0, ToReal(v.body), first->origin);
    state->surveyed = reads_data(e->program, first);
    if (state->surveyed) PUSH(*firsts, first);
}

void survey_states(Elaborator *e, int from_scope, Tensors *firsts) {
    Map seen = { 0 };
    for (bool more = true; more; ) {                            /* a first value may be the only reader of another state */
        more = false;
        for (int i = from_scope; i < e->scopes.n; i++) {
            Scope *s = e->scopes.at[i];
            for (int k = 0; k < s->names.n; k++) {
                const Name *n = s->names.at[k];
                Tensor *state = n->kind == ENTRY_STATE ? own(s->instance, n->tree, 0) : NULL;
                if (!state || map_get(&seen, state) || !comes_from_data(e, s, n)) continue;
                map_put(&seen, state, state);
                survey_state(e, s, n, state, firsts);
                more = true;
            }
        }
    }
}

/* ---- their programs ---- */

void gathered_for(const Program *p, const Tensors *readers, Tensors *nexts) {
    Reached r = { 0 };
    reach(&r, p, readers);
    for (int k = 0; k < p->equations.n; k++) {
        Tensor *t = p->equations.at[k]->out;
        if (t->role == ROLE_NEXT && t->of->role == ROLE_TOTAL && reached(&r, t->of)) PUSH(*nexts, t);
    }
}

/* All that a first value depends on, also what is gathered for it. */
static Reached behind(const Program *p, Tensor *first) {
    Tensors results = { 0 };
    Reached r = { 0 };
    PUSH(results, first);
    gathered_for(p, &results, &results);
    reach(&r, p, &results);
    return r;
}

/* The passes until this first value is right; 0: it depends on itself, which was reported. `open`: what asks. */
static int passes_of(const Program *p, const Tensors *firsts, Tensor *first, Map *open) {
    if (map_get(open, first)) {
        error_from(first->origin, "the first value of `%s` depends on itself", first->of->path ? first->of->path : first->of->name);
        return 0;
    }
    map_put(open, first, first);
    const Reached r = behind(p, first);
    int most = 0;
    for (int k = 0; k < firsts->n; k++) {
        if (!reached(&r, firsts->at[k]->of)) continue;
        int before = passes_of(p, firsts, firsts->at[k], open);
        if (!before) return 0;
        if (before > most) most = before;
    }
    map_put(open, first, NULL);
    return most + 1;
}

void survey_reach(const Program *p, const Tensors *firsts, const Reached *live, Reached *at_rest) {
    for (int k = 0; k < firsts->n; k++) {
        Tensor *first = firsts->at[k];
        if (!(reached(at_rest, first->of) || reached(live, first->of)) || reached(at_rest, first)) continue;
        Tensors results = { 0 };
        PUSH(results, first);
        PUSH(results, (Tensor *)(uintptr_t)first->of);
        gathered_for(p, &results, &results);
        reach(at_rest, p, &results);
        k = -1;                                                 /* what it reads may be another of them */
    }
}

void survey_programs(Elaborator *e, const Program *p, const Tensors *firsts) {
    Model *m = e->model;
    Tensors kept = { 0 }, totals = { 0 };
    for (int k = 0; k < firsts->n; k++) {
        bool live = false;
        for (int i = 0; i < m->states.n; i++) live = live || m->states.at[i] == firsts->at[k]->of;
        if (live) PUSH(kept, firsts->at[k]);
    }
    for (int k = 0; k < kept.n; k++) {
        Map open = { 0 };
        int passes = passes_of(p, &kept, kept.at[k], &open);
        if (!passes) return;
        if (passes > m->surveys) m->surveys = passes;
        PUSH(m->surveyed, (Tensor *)(uintptr_t)kept.at[k]->of);
    }
    if (!kept.n) return;
    gathered_for(p, &kept, &totals);
    m->survey = cut(p, "survey", &totals);
    m->surveyed_program = cut(p, "surveyed", &kept);
}
