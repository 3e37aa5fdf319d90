/* Simplification: the algebra that is left once every equation stands alone.
 *
 * Equations are visited once, in the order in which they can be computed, each after those that it reads:
 *
 *     1. reads of an equation that was found equal to an earlier one read the earlier one
 *     2. an adjoint equation takes in the adjoints that it may (inline.c)
 *     3. guards rise to the root of its terms, and deltas that inlining has brought together are solved (solve.c)
 *     4. what stands at the places of winners alone is computed for these (winner.c)
 *     5. what its terms share is taken out of their sum (factor.c)
 *     6. what a forward map has computed is read from it (known.c)
 *     7. factors that do not depend on a sum's indices leave the sum, which becomes an equation of its own
 *     8. it is compared with what came before: equal up to the names of indices means equal
 *
 * Then exponentials of what is not positive are marked (below.c).
 *
 * Of forward equations only deltas are solved, those of a one-hot factor too, and equal ones merged: their text keeps its rounding. */
#include "simplify.h"
#include <string.h>

enum { FEWEST_POINTS = 4 };         /* of a sum that gets an equation of its own */

typedef struct Seen { const Equation *equation; const Index **index; struct Seen *next; } Seen;

typedef struct {
    Program *program;
    Names *names;
    Map merged;                                                 /* Tensor -> the equal Tensor that came before */
    Map canonical;                                              /* name of place, extent and count -> Index */
    Map seen;                                                   /* canonical body -> Seen */
    Map results;
} Work;

static const Expr *follow_merge(const Expr *e, void *data) {
    const Work *w = data;
    const Tensor *t = NULL, *next = e->kind == X_READ ? map_get(&w->merged, e->tensor) : NULL;
    for (; next; next = map_get(&w->merged, t)) t = next;
    if (!t) return e;
    return e->guarded ? ReadElse(t, e->arg, e->n - 1, e->arg[e->n - 1]) : Read(t, e->arg, e->n);
}

static bool is_kept(const Work *w, const Tensor *t) { return t->role != ROLE_VALUE || t->watched || map_get(&w->results, t); }

/* Of two names for one tensor the shorter stays: it is nearer to the model's own text. */
static void choose_name(const Work *w, Tensor *alias, const Tensor *t) {
    const Equation *e = equation_of(w->program, t);
    if (!e || !t->adjoint || is_kept(w, t) || strlen(alias->name) >= strlen(t->name)) return;
    const char *name = t->name, *path = t->path;
    e->out->name = alias->name;
    e->out->path = alias->path;
    alias->name = name;
    alias->path = path;
}

/* An adjoint that is another tensor, element by element, is that tensor. It is found before anything else is done, since in
 * a scan the reader may stand first. */
static void merge_aliases(Work *w) {
    const Equations *all = &w->program->equations;
    for (int k = 0; k < all->n; k++) {
        const Equation *e = all->at[k];
        const Expr *body = transform(e->body, follow_merge, w);
        bool alias = e->op == REDUCE_NONE && e->out->adjoint && !is_kept(w, e->out) && body->kind == X_READ
            && !body->guarded && body->tensor != e->out && body->tensor->rank == e->n_free;
        for (int i = 0; alias && i < e->n_free; i++) {
            alias = body->arg[i] == At(e->free[i]) && body->tensor->dim[i].extent == e->free[i]->extent
                && body->tensor->dim[i].count == e->free[i]->count;
        }
        if (!alias) continue;
        map_put(&w->merged, e->out, (void *)(uintptr_t)body->tensor);
        choose_name(w, e->out, body->tensor);
    }
    for (int k = 0; k < all->n; k++) all->at[k]->body = transform(all->at[k]->body, follow_merge, w);
}

/* --- solving again --- */

static Sum *term_sum(const Equation *e, const Expr *term) {
    Sum *s = sum_new(term);
    for (int k = 0; k < e->n_bound; k++) PUSH(s->bound, e->bound[k]);
    return s;
}

/* Several terms under one sum are solved only when no index is left of any: then the equation is a map. */
static bool solve_terms(Equation *e, const Exprs *terms) {
    const Expr *body = Num(0);
    for (int k = 0; k < terms->n; k++) {
        Sum *s = term_sum(e, terms->at[k]);
        sum_solve(s);
        if (s->bound.n) return false;
        body = Add(body, sum_body(s));
    }
    e->op = REDUCE_NONE;
    e->n_bound = 0;
    e->body = body;
    return true;
}

static void solve_term(Equation *e, const Expr *term) {
    Sum *s = term_sum(e, term);
    sum_solve(s);
    e->n_bound = s->bound.n;
    e->bound = s->bound.at;
    e->op = s->bound.n ? REDUCE_SUM : REDUCE_NONE;
    e->body = sum_body(s);
}

/* A forward sum that is written with deltas: a scatter of the language, or sum(j) where(j == y, z[j], 0). Solving leaves out
 * terms that are 0, and no other rounding. */
static bool has_delta(const Equation *e, const Expr *body) {
    if (e->out->type != REAL || e->op != REDUCE_SUM) return false;  /* a count stays one of integers */
    const Sum *s = sum_new(body);
    for (int k = 0; k < s->conditions.n; k++) {
        const Expr *c = s->conditions.at[k];
        if (c->kind == X_OP && c->op == OP_EQ && c->arg[0]->type == INT && c->arg[1]->type == INT) return true;
    }
    return false;
}

static void rewrite(Equation *e, const Expr *body) {
    Exprs terms = {0};
    list_terms(raise_guards(body), &terms);
    if (e->op == REDUCE_SUM && terms.n == 1) {
        solve_term(e, factor(terms.at[0]));
        e->body = factor(e->body);
    } else if (e->op == REDUCE_SUM && solve_terms(e, &terms)) {
        e->body = factor(e->body);
    } else if (e->op == REDUCE_SUM || e->op == REDUCE_NONE) {
        e->body = Num(0);
        for (int k = 0; k < terms.n; k++) e->body = Add(e->body, sum_body(sum_new(terms.at[k])));
        e->body = factor(e->body);
    } else {
        e->body = body;
    }
}

/* --- equal equations --- */

static const Index *canonical_index(Work *w, int place, const Index *index) {
    const char *key = name_of(text("%d %lld %s", place, (long long)index->extent, index->count ? index->count->name : ""));
    const Index *known = map_get(&w->canonical, key);
    if (known) return known;
    known = index_new(index->name, index->extent, index->count);
    map_put(&w->canonical, key, (void *)(uintptr_t)known);
    return known;
}

static bool equal(const Equation *a, const Equation *b, const Index *const *index_a, const Index *const *index_b) {
    if (a->op != b->op || a->n_free != b->n_free || a->n_bound != b->n_bound || a->out->type != b->out->type) return false;
    for (int k = 0; k < a->n_free + a->n_bound; k++) {
        if (index_a[k] != index_b[k]) return false;
    }
    return true;
}

/* An equation whose equal stands before it is no longer read; the order drops it. */
static void merge(Work *w, const Equation *e) {
    int n = e->n_free + e->n_bound;
    const Index **from = NEW_ARRAY(const Index *, n + 1), **to = NEW_ARRAY(const Index *, n + 1);
    const Expr **at = NEW_ARRAY(const Expr *, n + 1);
    for (int k = 0; k < n; k++) {
        from[k] = k < e->n_free ? e->free[k] : e->bound[k - e->n_free];
        to[k] = canonical_index(w, k, from[k]);
        at[k] = At(to[k]);
    }
    const Expr *body = substitute(e->body, from, at, n);
    Seen *first = map_get(&w->seen, body);
    for (Seen *s = e->scan || is_kept(w, e->out) ? NULL : first; s; s = s->next) {
        if (!equal(s->equation, e, s->index, to)) continue;
        map_put(&w->merged, e->out, s->equation->out);
        return;
    }
    if (e->scan) return;
    Seen *s = NEW(Seen);
    *s = (Seen){e, to, first};
    map_put(&w->seen, body, s);
}

/* --- what leaves a sum --- */

static void hoist_factors(Work *w, Equation *e) {
    const Expr *inside, *whole, *at[13];
    const Index *free[13];
    Dim dim[13];
    double points = 1;
    int n = 0;
    for (int k = 0; k < e->n_bound; k++) points *= (double)e->bound[k]->extent;
    if (e->op != REDUCE_SUM || points < FEWEST_POINTS || !hoist(e, Num(1), &inside, &whole)) return;
    for (int k = 0; k < e->n_free; k++) {
        if (!uses_index(inside, e->free[k])) continue;
        free[n] = e->free[k];
        dim[n] = e->out->dim[k];
        at[n++] = At(e->free[k]);
    }
    Tensor *sum = tensor_new(fresh_name(w->names, text("%s_sum", e->out->name)), ROLE_VALUE, REAL, n, dim, e->origin);
    sum->adjoint = true;
    merge(w, equation_new(w->program, sum, free, REDUCE_SUM, e->bound, e->n_bound, inside, e->origin));
    hoist(e, Read(sum, at, n), &inside, &e->body);
    e->body = transform(e->body, follow_merge, w);
    e->op = REDUCE_NONE;
    e->n_bound = 0;
}

void simplify(Program *p) {
    if (!program_order(p)) return;
    Work w = {.program = p, .names = names_of(p)};
    for (int k = 0; k < p->results.n; k++) map_put(&w.results, p->results.at[k], p);
    merge_aliases(&w);
    if (!program_order(p)) return;
    Inlining *inlining = inlining_new(p);
    Winners *winners = winners_new(p, w.names);
    Known *known = known_new();
    for (int k = 0, n = p->equations.n; k < n; k++) {
        Equation *e = p->equations.at[k];
        e->body = transform(e->body, follow_merge, &w);
        if (e->out->adjoint) {
            rewrite(e, inline_into(inlining, e, e->body));
            keep_to_winners(winners, e);
            e->body = read_known(known, e->body);
            hoist_factors(&w, e);
        } else {
            const Expr *body = e->op == REDUCE_SUM ? raise_guards(inline_into(inlining, e, e->body)) : e->body;
            if (has_delta(e, body)) solve_term(e, body);
        }
        inlining_offer(inlining, e);
        winners_note(winners, e);
        known_note(known, e);
        merge(&w, e);
    }
    program_order(p);
    lower_exponentials(p);
}
