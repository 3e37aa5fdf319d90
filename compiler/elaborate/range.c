/* Ranges: over what an index runs.
 *
 * The range of an index comes from where it is written, `i < n`; or from its plain places: alone, or in a group, as a
 * subscript of a declared result or of a read without `else`. This file looks for the first such place in a syntax tree;
 * that all plain places agree is seen when the reads themselves are elaborated. */
#include "scope.h"
#include <inttypes.h>
#include <string.h>

/* i < b, i <= b, a <= i < b, a < i <= b: an index with its range. */
bool is_binder(const Tree *t, const char **name, const Tree **low, bool *low_strict, const Tree **high, bool *high_strict) {
    if (t->kind != TREE_OPERATOR || t->n != 2 || (strcmp(t->text, "<") && strcmp(t->text, "<="))) return false;
    const Tree *left = t->child[0];
    *high = t->child[1];
    *high_strict = !strcmp(t->text, "<");
    *low = NULL;
    *low_strict = false;
    if (left->kind == TREE_NAME) { *name = left->text; return true; }
    if (left->kind == TREE_OPERATOR && left->n == 2 && (!strcmp(left->text, "<") || !strcmp(left->text, "<=")) && left->child[1]->kind == TREE_NAME) {
        *low = left->child[0];
        *low_strict = !strcmp(left->text, "<");
        *name = left->child[1]->text;
        return true;
    }
    return false;
}

/* Is `name` written with a range in a list of subscripts or a group of t? */
static const Tree *written(const Tree *t, const char *name) {
    const char *n;
    const Tree *low, *high;
    bool ls, hs;
    if (t->kind == TREE_READ || t->kind == TREE_GROUP) {
        int last = t->kind == TREE_READ && t->has_else ? t->n - 1 : t->n;
        for (int k = 0; k < last; k++) if (is_binder(t->child[k], &n, &low, &ls, &high, &hs) && n == name && !low) return t->child[k];
    }
    if (t->kind == TREE_REDUCE)
        for (int k = 0; k < t->n - 1; k++) if (is_binder(t->child[k], &n, &low, &ls, &high, &hs) && n == name) return NULL;
    for (int k = 0; k < t->n; k++) {
        const Tree *found = written(t->child[k], name);
        if (found) return found;
    }
    return NULL;
}

/* `left`: the left side of the equation, where only ranges that are written count; or NULL. */
typedef struct Search { Elaborator *e; Scope *s; const Env *env; const char *name; const Tree *left, *const *where; int n, depth; } Search;

static Range nowhere(void) { return (Range){ 0 }; }
static Range range_of(const Search *q);

/* The extent of a group's member, given the whole group's: the others must have ranges of their own. */
static Range split(const Search *q, const Tree *group, Dim whole, Span at) {
    int64_t rest = 1;
    if (whole.count) return nowhere();
    for (int k = 0; k < group->n; k++) {
        const Tree *m = group->child[k];
        const char *n;
        const Tree *low, *high;
        bool ls, hs;
        if (m->kind == TREE_NAME && m->text == q->name) continue;
        int64_t extent;
        if (is_binder(m, &n, &low, &ls, &high, &hs)) {
            if (!constant_integer(q->e, q->s, q->env, high, &extent)) return nowhere();
            if (!hs) extent++;
        } else if (m->kind == TREE_NAME && q->depth < 8) {
            const Env *outer = env_find(q->env, m->text);
            Range r;
            if (outer && outer->value[0]->type == INT) r = (Range){ true, true, { outer->value[0]->hi + 1, NULL }, at };
            else {
                Search inner = *q;                              /* members of groups may name each other: not for ever */
                inner.name = m->text;
                inner.depth++;
                r = range_of(&inner);
            }
            if (!r.known) return nowhere();
            extent = r.dim.extent;
        } else return nowhere();
        rest *= extent > 0 ? extent : 1;
    }
    if (whole.extent % rest) {
        model_error(q->e, q->s, at, "%" PRId64 " do not split into groups of %" PRId64, whole.extent, rest);
        return nowhere();
    }
    return (Range){ true, false, { whole.extent / rest, NULL }, at };
}

static const Tree *member(const Tree *group, const char *name) {
    for (int k = 0; k < group->n; k++) if (group->child[k]->kind == TREE_NAME && group->child[k]->text == name) return group;
    return NULL;
}

/* Position of subscript k among the axes of a value, when `..` before it stands for several. */
static int axis_of(const Tree *read, int n_subs, int k, int rank) {
    for (int i = 0; i < k; i++) if (read->child[i]->kind == TREE_DOTS) return rank - (n_subs - k);
    return k;
}

static bool is_call_named(const Tree *t, const char *name) { return t->kind == TREE_CALL && !strcmp(t->text, name); }

static bool mentions_index(const Search *q, const Tree *t) {
    if (t->kind == TREE_NAME || t->kind == TREE_READ) {
        if (env_find(q->env, t->text) || t->kind == TREE_READ) return true;
        const Name *n = scope_find(q->s, t->text);
        if (!n && !function_named(q->e, t->text) && !is_predefined(t->text)) return true;
        if (n && (n->kind == ENTRY_EQUATION ? n->busy : n->kind > ENTRY_EQUATION)) return true;
    }
    for (int k = 0; k < t->n; k++) if (mentions_index(q, t->child[k])) return true;
    return false;
}

/* A `where` on a constant condition: the branch that is taken, or NULL. */
static const Tree *taken_branch(const Search *q, const Tree *t) {
    if (!is_call_named(t, "where") || t->n != 3 || mentions_index(q, t->child[0])) return NULL;
    q->e->tentative++;
    Value c = evaluate(q->e, q->s, q->env, t->child[0]);
    q->e->tentative--;
    double value;
    if (c.kind != VALUE_TENSOR || c.rank || !c.body || !is_constant(c.body, &value)) return NULL;
    return t->child[value != 0 ? 1 : 2];
}

static Range plain_place(const Search *q, const Tree *t) {
    const Tree *branch = taken_branch(q, t);
    if (branch) return plain_place(q, branch);
    if (t->kind == TREE_READ && !t->has_else) {
        for (int k = 0; k < t->n; k++) {
            const Tree *sub = t->child[k];
            bool alone = sub->kind == TREE_NAME && sub->text == q->name;
            if (!alone && !(sub->kind == TREE_GROUP && member(sub, q->name))) continue;
            Name *n = scope_find(q->s, t->text);
            if (!n) continue;
            Value v = name_value(q->e, q->s, n);
            if (v.kind != VALUE_TENSOR || v.rank == 0) continue;
            int axis = axis_of(t, t->n, k, v.rank);
            if (axis < 0 || axis >= v.rank) continue;
            if (alone) return (Range){ true, false, v.dim[axis], t->span };
            Range r = split(q, sub, v.dim[axis], t->span);
            if (r.known) return r;
        }
    }
    if (t->kind == TREE_REDUCE) {                               /* an inner index of the same name is another one */
        const char *n;
        const Tree *low, *high;
        bool ls, hs;
        for (int k = 0; k < t->n - 1; k++)
            if ((t->child[k]->kind == TREE_NAME && t->child[k]->text == q->name) || (is_binder(t->child[k], &n, &low, &ls, &high, &hs) && n == q->name))
                return nowhere();
    }
    for (int k = 0; k < t->n; k++) {
        Range r = plain_place(q, t->child[k]);
        if (r.known) return r;
    }
    return nowhere();
}

static Range range_of(const Search *q) {
    Range r = nowhere();
    for (int i = q->left ? -1 : 0; i < q->n && !r.known; i++) {
        const Tree *binder = written(i < 0 ? q->left : q->where[i], q->name);
        const char *bound;
        const Tree *low, *high;
        bool ls, hs;
        Dim dim;
        if (binder && is_binder(binder, &bound, &low, &ls, &high, &hs) && extent_of(q->e, q->s, q->env, high, hs, &dim))
            r = (Range){ true, true, dim, binder->span };
    }
    for (int i = 0; i < q->n && !r.known; i++) r = plain_place(q, q->where[i]);
    return r;
}

Range find_range(Elaborator *e, Scope *s, const Env *env, const char *name, const Tree *left, const Tree *const *where, int n) {
    return range_of(&(Search){ e, s, env, name, left, where, n, 0 });
}

/* The dims of `..`: from a read with `..`, or from the signature. */
static bool dots_of_read(const Search *q, const Tree *t, Dim *dims, int *rank) {
    const Tree *branch = taken_branch(q, t);
    if (branch) return dots_of_read(q, branch, dims, rank);
    if (t->kind == TREE_READ) {
        int n_subs = t->n - (t->has_else ? 1 : 0);
        for (int k = 0; k < n_subs; k++) {
            if (t->child[k]->kind != TREE_DOTS) continue;
            Name *n = scope_find(q->s, t->text);
            if (!n) continue;
            Value v = name_value(q->e, q->s, n);
            if (v.kind != VALUE_TENSOR || v.rank < n_subs - 1 || (v.rank == 0 && n_subs > 0)) continue;
            *rank = v.rank - (n_subs - 1);
            for (int d = 0; d < *rank; d++) dims[d] = v.dim[k + d];
            return true;
        }
    }
    for (int k = 0; k < t->n; k++) if (dots_of_read(q, t->child[k], dims, rank)) return true;
    return false;
}

bool find_dots(Elaborator *e, Scope *s, const Env *env, const Tree *const *where, int n, Dim *dims, int *rank) {
    Search q = { e, s, env, NULL, NULL, where, n, 0 };
    for (int i = 0; i < n; i++) if (dots_of_read(&q, where[i], dims, rank)) return true;
    if (!s->has_dots) return false;
    *rank = s->n_dots;
    memcpy(dims, s->dots, sizeof s->dots);
    return true;
}
