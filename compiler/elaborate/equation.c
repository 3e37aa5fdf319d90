/* Equations: one statement of a scope becomes one tensor of the program.
 *
 *     y[.., o] = b[o] + sum(i) w[o, i]*x[.., i]      ->      y[n, o] = b[o] + s[n, o]
 *
 * The left side gives the free indices and, with the ranges found, the shape; what the right side uses beside them is
 * carried as leading dims (the batch first). Groups on the left become quotients and remainders of one index. */
#include "scope.h"
#include <inttypes.h>
#include <string.h>

int64_t checked_size(Elaborator *e, const Scope *s, Span at, const int64_t *dims, int n) {
    int64_t size = 1;
    for (int k = 0; k < n; k++) {
        if (dims[k] < 0) { model_error(e, s, at, "a size of %" PRId64 " is negative", dims[k]); return -1; }
        if (__builtin_mul_overflow(size, dims[k], &size) || size > (int64_t)1 << 46) {
            model_error(e, s, at, "this array is larger than an address space: more than 2^46 elements");
            return -1;
        }
    }
    return size;
}

typedef struct Uses { LIST(const Index *) found; } Uses;
static void note_index(const Expr *x, void *data) {
    Uses *u = data;
    if (x->kind != X_INDEX) return;
    for (int k = 0; k < u->found.n; k++) if (u->found.at[k] == x->index) return;
    PUSH(u->found, x->index);
}

/* The indices that a body uses beside its own, the batch first, then in order of creation. -1: too many. */
int carried_indices(Elaborator *e, const Expr *body, const Index *const *own_indices, int n_own, const Index **carried, int room) {
    Uses u = { 0 };
    visit_nodes(body, note_index, &u);
    if (e->batch && has_open_draw(e, body)) {
        bool seen = false;
        for (int k = 0; k < u.found.n; k++) seen = seen || u.found.at[k] == e->batch;
        for (int k = 0; k < n_own; k++) seen = seen || own_indices[k] == e->batch;
        if (!seen) PUSH(u.found, e->batch);
    }
    int n = 0;
    for (int k = 0; k < u.found.n; k++) {
        const Index *i = u.found.at[k];
        bool own_index = false;
        for (int q = 0; q < n_own; q++) own_index = own_index || own_indices[q] == i;
        if (own_index) continue;
        if (n == room) return -1;
        int at = n++;
        while (at > 0 && carried[at - 1] != e->batch && (i == e->batch || carried[at - 1]->id > i->id)) { carried[at] = carried[at - 1]; at--; }
        carried[at] = i;
    }
    return n;
}

typedef struct Open { Elaborator *e; bool found; Tensor *tensor; const Expr *counter; int number; } Open;

static bool is_open(const Elaborator *e, const Site *site) {
    for (int k = e->open_sites.n - 1; k >= 0; k--) if (e->open_sites.at[k] == site) return true;
    return false;
}

static void look_open(const Expr *x, void *data) {
    Open *o = data;
    if (x->kind == X_RANDOM && is_open(o->e, x->site)) o->found = true;
}

bool has_open_draw(const Elaborator *e, const Expr *body) {
    if (!e->open_sites.n) return false;
    Open o = { .e = (Elaborator *)(uintptr_t)e };
    visit_nodes(body, look_open, &o);
    return o.found;
}

static const Expr *settle(const Expr *x, void *data) {
    Open *o = data;
    if (x->kind != X_RANDOM || !is_open(o->e, x->site)) return x;
    Site *site = NEW(Site);
    PUSH(o->e->draws, ((Draw){ site, o->tensor, o->number++ }));
    return Random(site, &o->counter, 1);
}

/* Draws of random() belong to the equation that they stand in: their counter is the element of all its indices. */
const Expr *settle_draws(Elaborator *e, Tensor *t, const Index *const *all, int n, const Expr *body) {
    if (!has_open_draw(e, body)) return body;
    const Expr *counter = Int(0);
    for (int k = 0; k < n; k++) counter = Add(Mul(counter, Int(all[k]->extent)), sample_number(e, all[k]));
    Open o = { .e = e, .tensor = t, .counter = counter };
    return transform(body, settle, &o);
}

/* The value as a tensor with an equation; `carried` are the expressions at which it is read besides its axes. */
Tensor *materialise(Elaborator *e, Scope *s, Span at, const Value *v, const char *local, bool whole, const Expr *const **carried, int *n_carried) {
    const Index *free[4 * MAX_RANK];
    int n = carried_indices(e, v->body, v->axis, v->rank, free, 4 * MAX_RANK);
    if (n < 0 || n + v->rank > MAX_RANK) { model_error(e, s, at, "more than %d axes", MAX_RANK); return NULL; }
    for (int k = 0; k < v->rank; k++) free[n + k] = v->axis[k];
    Dim dims[MAX_RANK];
    int64_t extents[MAX_RANK];
    for (int k = 0; k < n + v->rank; k++) { dims[k] = (Dim){ free[k]->extent, free[k]->count }; extents[k] = free[k]->extent; }
    if (checked_size(e, s, at, extents, n + v->rank) < 0) return NULL;
    Origin *o = NEW(Origin);
    *o = (Origin){ at, s->origin };
    Tensor *t = tensor_new("", ROLE_VALUE, v->body->type, n + v->rank, dims, o);
    if (v->body->type != REAL) { t->lo = v->body->lo; t->hi = v->body->hi; }
    const Expr *body = settle_draws(e, t, free, n + v->rank, v->body);
    equation_new(e->program, t, free, REDUCE_NONE, NULL, 0, body, o);
    PUSH(e->named, ((Named){ t, s->instance, local, whole, e->mode }));
    const Expr **at_carried = NEW_ARRAY(const Expr *, n + 1);
    for (int k = 0; k < n; k++) at_carried[k] = At(free[k]);
    *carried = at_carried;
    *n_carried = n;
    return t;
}

/* A value whose body reads one tensor at carried indices and then exactly at its axes needs no equation. */
static bool is_alias(const Value *v) {
    const Expr *r = v->body;
    if (!r || r->kind != X_READ || r->guarded || r->n < v->rank) return false;
    int first = r->n - v->rank;
    for (int k = 0; k < first; k++) if (r->arg[k]->kind != X_INDEX && r->arg[k]->kind != X_INT) return false;
    for (int k = 0; k < v->rank; k++)
        if (r->arg[first + k]->kind != X_INDEX || r->arg[first + k]->index != v->axis[k] || r->tensor->dim[first + k].extent != v->dim[k]) return false;
    return true;
}

Value stored(Elaborator *e, Scope *s, Span at, const Value *v, const char *local) {
    if (v->kind != VALUE_TENSOR || !v->body || is_alias(v)) return *v;
    const Expr *const *carried;
    int n;
    Tensor *t = materialise(e, s, at, v, v->hint ? v->hint : local, false, &carried, &n);
    return t ? of_tensor(t, carried, n) : bad_value;
}

/* ---- one equation of a scope ---- */

typedef struct Left { const Index *index[4 * MAX_RANK]; int64_t dim[MAX_RANK]; int n, holes, hole_at[MAX_RANK]; const Env *env; } Left;

static bool declared_dims(Elaborator *e, Scope *s, const Name *n, int64_t *dims, int *rank) {
    if (!n->extents) return false;
    *rank = 0;
    for (int k = 0; k < n->extents->n; k++) {
        const Tree *x = n->extents->child[k];
        if (x->kind == TREE_DOTS) {
            if (!s->has_dots) return false;
            for (int d = 0; d < s->n_dots && *rank < MAX_RANK; d++) dims[(*rank)++] = s->dots[d];
        } else if (*rank >= MAX_RANK || !constant_integer(e, s, NULL, x, &dims[(*rank)++])) return false;
    }
    return true;
}

/* Not reported when the search for the range met an error: this only follows from it. */
static void range_unknown(Elaborator *e, Scope *s, const Tree *at, const Name *n, int errors) {
    if (error_count() > errors) return;
    Diagnostic *d = model_error(e, s, at->span, "the range of `%s` is not plain", span_text(at->span));
    if (d) help(d, "write %s[%s < ...]", n->name, span_text(at->span));
}

static const Env *bind(const Env *outer, const char *name, const Expr *value, Span range, bool explicit_range) {
    Env *x = NEW(Env);
    *x = (Env){ .name = name, .value = { value }, .n = 1, .range = range, .explicit = explicit_range, .outer = outer };
    return x;
}

static bool index_name_free(Elaborator *e, Scope *s, const Tree *at, const char *name) {
    const Name *n = scope_find(s, name);
    if (!n) return true;
    Diagnostic *d = model_error(e, s, at->span, "`%s` is %s here; an index needs a name of its own", name, n->kind == ENTRY_DIMENSION ? "a dimension" : "a name");
    if (d) note(d, n->span, "`%s` stands here", name);
    return false;
}

/* Binds the indices of the left side, in order. */
static bool bind_left(Elaborator *e, Scope *s, const Name *n, const Tree *left, const Tree *const *where, int n_where, Left *l) {
    int64_t declared[MAX_RANK], dims[MAX_RANK];
    int errors = error_count(), n_declared = 0, n_dots = 0;
    bool is_declared = declared_dims(e, s, n, declared, &n_declared);
    bool has_dots = false;
    int n_subs = left->n - (left->has_else ? 1 : 0);
    for (int k = 0; k < n_subs; k++) {
        const Tree *sub = left->child[k];
        has_dots = has_dots || sub->kind == TREE_DOTS || (sub->kind == TREE_GROUP && sub->n == 1 && sub->child[0]->kind == TREE_DOTS);
    }
    if (has_dots) {
        bool known = false;
        if (is_declared) for (int k = 0; k < n_subs; k++) if (left->child[k]->kind == TREE_DOTS && n_declared >= n_subs - 1) {
            n_dots = n_declared - (n_subs - 1);
            memcpy(dims, declared + k, sizeof *dims * (size_t)n_dots);
            known = true;
        }
        if (!known && !find_dots(e, s, l->env, where, n_where, dims, &n_dots)) {
            if (error_count() == errors) model_error(e, s, left->span, "cannot see what `..` stands for here: no read on the right has it");
            return false;
        }
    }
    if (is_declared && n_declared != n_subs + (has_dots ? n_dots - 1 : 0)) {
        bool group_dots = false;
        for (int k = 0; k < n_subs; k++) group_dots = group_dots || left->child[k]->kind == TREE_GROUP;
        if (!group_dots) {
            model_error(e, s, left->span, "`%s` is declared with %d axes, and has %d here", n->name, n_declared, n_subs + (has_dots ? n_dots - 1 : 0));
            return false;
        }
        is_declared = n_declared == n_subs;
    }
    l->env = NULL;
    for (int k = 0; k < n_subs; k++) {
        const Tree *sub = left->child[k];
        if (l->n + n_dots >= MAX_RANK) { model_error(e, s, left->span, "more than %d axes", MAX_RANK); return false; }
        const char *name = NULL;
        const Tree *low, *high;
        bool ls, hs;
        if (sub->kind == TREE_HOLE) {
            l->dim[l->n] = is_declared ? declared[l->n] : -1;
            l->hole_at[l->holes++] = l->n;
            l->index[l->n++] = NULL;
        } else if (sub->kind == TREE_DOTS) {
            Env *dots = NEW(Env);
            *dots = (Env){ .name = name_of(".."), .n = n_dots, .range = sub->span, .outer = l->env };
            for (int d = 0; d < n_dots; d++) {
                l->dim[l->n] = dims[d];
                l->index[l->n] = index_new(text("%c", "pqrsuv"[d % 6]), dims[d], NULL);
                dots->value[d] = At(l->index[l->n++]);
            }
            l->env = dots;
        } else if (sub->kind == TREE_GROUP) {
            int64_t extent[4 * MAX_RANK], whole = 1;
            const char *names[4 * MAX_RANK];
            Span spans[4 * MAX_RANK];
            int m = 0, dots_from = -1;
            for (int g = 0; g < sub->n; g++) {
                const Tree *x = sub->child[g];
                if (x->kind == TREE_DOTS) {
                    dots_from = m;
                    for (int d = 0; d < n_dots; d++) { names[m] = NULL; spans[m] = x->span; extent[m++] = dims[d]; }
                    continue;
                }
                if (x->kind == TREE_NAME) name = x->text;
                else if (!is_binder(x, &name, &low, &ls, &high, &hs)) { model_error(e, s, x->span, "a member of a group on the left is an index"); return false; }
                if (!index_name_free(e, s, x, name)) return false;
                names[m] = name;
                spans[m] = x->span;
                Range r = find_range(e, s, l->env, name, left, where, n_where);
                extent[m++] = r.known ? r.extent : -1;
            }
            int missing = -1;
            for (int g = 0; g < m; g++) if (extent[g] < 0) { if (missing >= 0) { range_unknown(e, s, sub, n, errors); return false; } missing = g; } else whole *= extent[g];
            if (missing >= 0) {
                if (!is_declared) { range_unknown(e, s, sub->child[missing < sub->n ? missing : 0], n, errors); return false; }
                if (whole == 0 || declared[l->n] % whole) { model_error(e, s, sub->span, "%" PRId64 " do not split into groups of %" PRId64, declared[l->n], whole); return false; }
                extent[missing] = declared[l->n] / whole;
                whole = declared[l->n];
            }
            if (is_declared && declared[l->n] != whole) { model_error(e, s, sub->span, "this group has %" PRId64 " cells, and the axis is declared with %" PRId64, whole, declared[l->n]); return false; }
            const Index *q = index_new("q", whole, NULL);
            const Expr *rest = At(q), *digit[4 * MAX_RANK];
            for (int g = m - 1; g >= 0; g--) {
                digit[g] = g ? Mod(rest, Int(extent[g] > 0 ? extent[g] : 1)) : rest;
                rest = FloorDiv(rest, Int(extent[g] > 0 ? extent[g] : 1));
            }
            for (int g = 0; g < m; g++) if (names[g]) l->env = bind(l->env, names[g], digit[g], spans[g], true);
            if (dots_from >= 0) {
                Env *dots = NEW(Env);
                *dots = (Env){ .name = name_of(".."), .n = n_dots, .range = sub->span, .outer = l->env };
                for (int d = 0; d < n_dots; d++) dots->value[d] = digit[dots_from + d];
                l->env = dots;
            }
            l->dim[l->n] = whole;
            l->index[l->n++] = q;
        } else {
            Range r = { 0 };
            if (sub->kind == TREE_NAME) name = sub->text;
            else if (!is_binder(sub, &name, &low, &ls, &high, &hs) || low) {
                model_error(e, s, sub->span, "an index stands here: i, or i < n");
                return false;
            }
            if (!index_name_free(e, s, sub, name)) return false;
            if (env_find(l->env, name)) { model_error(e, s, sub->span, "`%s` stands twice on the left", name); return false; }
            if (sub->kind != TREE_NAME) {
                if (!constant_integer(e, s, NULL, high, &r.extent)) return false;
                if (!hs) r.extent++;
                r.known = r.explicit = true;
                r.span = sub->span;
                if (is_declared && declared[l->n] != r.extent) { model_error(e, s, sub->span, "this axis is declared with %" PRId64 ", and runs over %" PRId64, declared[l->n], r.extent); return false; }
            } else if (is_declared) {
                r = (Range){ true, false, declared[l->n], n->extents->span, NULL };
                Range written_range = find_range(e, s, l->env, name, left, where, n_where);
                r.count = written_range.count;
                if (written_range.known && written_range.extent != r.extent && written_range.explicit) { model_error(e, s, sub->span, "`%s` runs over %" PRId64 " here and over %" PRId64 " elsewhere", name, r.extent, written_range.extent); return false; }
            } else r = find_range(e, s, l->env, name, left, where, n_where);
            if (!r.known) { range_unknown(e, s, sub, n, errors); return false; }
            if (r.extent < 0) { model_error(e, s, sub->span, "the range of `%s` is negative: %" PRId64, name, r.extent); return false; }
            l->dim[l->n] = r.extent;
            l->index[l->n] = index_new(name, r.extent, r.count);
            l->env = bind(l->env, name, At(l->index[l->n]), r.span, r.explicit);
            l->n++;
        }
    }
    return true;
}

/* y[f(i) else drop] += e: the sum over all indices of the terms that land on a cell. */
static bool affine(const Expr *e) {
    if (e->kind == X_INT || e->kind == X_INDEX) return true;
    for (int k = 0; k < e->n; k++) if (e->arg[k]->kind != X_INDEX) return false;
    return e->kind == X_SUM;
}

/* The sum in `y[i + u] += sum(c) e` joins the scatter's own: its indices are added to bound, and e is given. So there is no
 * array of all terms; and since plain subscripts can be solved, y is a window over what e reads. */
static const Expr *opened_sum(Elaborator *e, const Expr *term, const Index **bound, int *n_bound) {
    const Equation *q = term->kind == X_READ && !term->guarded ? equation_of(e->program, term->tensor) : NULL;
    if (!q || q->op != REDUCE_SUM || q->n_free + q->n_bound > 4 * MAX_RANK || *n_bound + q->n_bound > 4 * MAX_RANK) return term;
    const Index *from[4 * MAX_RANK];
    const Expr *to[4 * MAX_RANK];
    for (int k = 0; k < q->n_free; k++) from[k] = q->free[k], to[k] = term->arg[k];
    for (int k = 0; k < q->n_bound; k++) {
        const Index *own_index = index_new(q->bound[k]->name, q->bound[k]->extent, q->bound[k]->count);
        bound[(*n_bound)++] = own_index;
        from[q->n_free + k] = q->bound[k], to[q->n_free + k] = At(own_index);
    }
    return substitute(q->body, from, to, q->n_free + q->n_bound);
}

static Value scatter(Elaborator *e, Scope *s, Name *n) {
    const Tree *left = n->tree->child[0], *right = n->tree->child[1];
    int64_t dims[MAX_RANK];
    int rank = 0;
    if (!declared_dims(e, s, n, dims, &rank)) {
        Diagnostic *d = model_error(e, s, left->span, "the shape of `%s` must be declared: += does not give it", n->name);
        if (d) help(d, "name it as a result in the header: -> %s[...]", n->name);
        return bad_value;
    }
    int errors = error_count(), n_subs = left->n - (left->has_else ? 1 : 0);
    if (n_subs != rank) { model_error(e, s, left->span, "`%s` is declared with %d axes, and has %d here", n->name, rank, n_subs); return bad_value; }
    const Tree *where[1 + MAX_RANK] = { right };
    for (int k = 0; k < n_subs; k++) where[1 + k] = left->child[k];
    const Index *bound[4 * MAX_RANK];
    int n_bound = 0;
    const Env *env = NULL;
    const Tree *stack[256];
    int depth = 0;
    for (int k = n_subs - 1; k >= 0; k--) stack[depth++] = left->child[k];
    while (depth) {                                             /* every name on the left that is nothing else is an index */
        const Tree *x = stack[--depth];
        for (int k = x->n - 1; k >= 0 && depth < 250; k--) stack[depth++] = x->child[k];
        if (x->kind != TREE_NAME || env_find(env, x->text) || scope_find(s, x->text) || function_named(e, x->text)) continue;
        Range r = find_range(e, s, NULL, x->text, left, where, 1 + n_subs);
        for (int k = 0; k < n_subs && !r.known; k++) if (left->child[k] == x) r = (Range){ true, false, dims[k], n->extents->span, NULL };
        if (!r.known) { range_unknown(e, s, x, n, errors); return bad_value; }
        if (n_bound == MAX_RANK) return bad_value;
        bound[n_bound] = index_new(x->text, r.extent, r.count);
        env = bind(env, x->text, At(bound[n_bound++]), r.span, r.explicit);
    }
    Value v = evaluate(e, s, env, right);
    if (v.kind != VALUE_TENSOR || !v.body) return v;
    if (v.rank) { model_error(e, s, right->span, "the term is %s: write its indices", shape_text(&v)); return bad_value; }
    Value out = { .kind = VALUE_TENSOR, .rank = rank };
    const Expr *hit = NULL, *term = v.body;
    bool plain = true;
    for (int k = 0; k < rank; k++) {
        out.dim[k] = dims[k];
        out.axis[k] = index_new(text("%c", "pqrsuv"[k % 6]), dims[k], NULL);
        Value f;
        if (left->child[k]->kind == TREE_GROUP) {
            const Expr *sum = NULL;
            for (int g = 0; g < left->child[k]->n; g++) {
                const Tree *m = left->child[k]->child[g];
                const char *name = m->text;
                const Tree *low, *high;
                bool ls, hs;
                if (m->kind != TREE_NAME && !is_binder(m, &name, &low, &ls, &high, &hs)) { model_error(e, s, m->span, "a member of a group is an index"); return bad_value; }
                const Expr *digit = env_find(env, name)->value[0];
                sum = sum ? Add(Mul(sum, Int(digit->hi + 1)), digit) : digit;
            }
            f = scalar(sum);
        } else f = evaluate(e, s, env, left->child[k]);
        if (f.kind != VALUE_TENSOR || !f.body) return bad_value;
        if (f.body->type == REAL) { model_error(e, s, left->child[k]->span, "a subscript is an integer: // divides with floor"); return bad_value; }
        if (!left->has_else && (f.body->lo < 0 || f.body->hi >= dims[k])) {
            Diagnostic *d = model_error(e, s, left->child[k]->span, "this may land outside `%s`, which has %" PRId64, n->name, dims[k]);
            if (d) help(d, "write %s[... else drop] += ... to leave such terms out", n->name);
            return bad_value;
        }
        const Expr *equal = Eq(At(out.axis[k]), f.body);
        hit = hit ? And(hit, equal) : equal;
        plain = plain && affine(f.body);
    }
    if (plain && right->kind == TREE_REDUCE && !strcmp(right->text, "sum")) term = opened_sum(e, term, bound, &n_bound);
    out.body = reduction(e, s, n->tree->span, REDUCE_SUM, bound, n_bound, Where(hit, ToReal(term), Num(0)));
    if (!out.body) return bad_value;
    return stored(e, s, n->tree->span, &out, n->name);
}

/* A tensor without a name of the text gets the one of the equation that is only another name for it; the model's own
 * name for it stands above those of definitions. */
static void rename_tensor(Elaborator *e, Scope *s, const Tensor *t, const char *local, bool whole) {
    if (t->role != ROLE_VALUE) return;
    for (int k = e->named.n - 1; k >= 0; k--) {
        Named *n = &e->named.at[k];
        if (n->tensor != t) continue;
        bool made_up = !strcmp(n->local, "sum") || !strcmp(n->local, "max") || !strcmp(n->local, "min") || !strcmp(n->local, "prod") || !strcmp(n->local, "winner")
                       || !strcmp(n->local, "gradient");
        if (made_up || (s == e->root && n->instance != e->top)) *n = (Named){ n->tensor, s->instance, local, whole, n->mode };
        return;
    }
}

static bool is_whole_result(const Scope *s, const Name *n) {
    return s->definition->kind == TREE_FN && s->definition->child[1]->n && s->definition->child[1]->child[0]->text == n->name;
}

/* s' = e: the next value of a state, a result of the step. */
static Value next_value(Elaborator *e, Scope *s, const Name *n, const Value *given) {
    Value v = *given;
    Name *state = scope_find(s, intern(n->name, strlen(n->name) - 1));
    if (!state || state->kind != ENTRY_STATE) {
        model_error(e, s, n->span, "`%s` is the next value of a state, and there is no state of that name here", n->name);
        return bad_value;
    }
    if (!e->training) { model_error(e, s, n->span, "`%s` has a value in training only: choose by where(training, ...)", n->name); return bad_value; }
    Value old = name_value(e, s, state);
    if (old.kind != VALUE_TENSOR) return bad_value;
    bool equal = v.rank == old.rank;
    for (int k = 0; equal && k < v.rank; k++) equal = v.dim[k] == old.dim[k];
    if (!equal && v.rank) { model_error(e, s, n->span, "the state is %s, and its next value %s", shape_text(&old), shape_text(&v)); return bad_value; }
    if (!equal) { const Expr *body = v.body; v = old; v.body = body; }
    const Index *outer[4 * MAX_RANK];
    if (carried_indices(e, v.body, v.axis, v.rank, outer, 4 * MAX_RANK)) {
        Diagnostic *d = model_error(e, s, n->span, "`%s` would depend on %s: reduce it", n->name, outer[0] == e->batch ? "the sample" : text("`%s` of the equation around", outer[0]->name));
        if (d) help(d, "a state is one for all samples: write mean(batch) or sum(batch)");
        return bad_value;
    }
    Tensor *before = own(e, s->instance, state->tree, 0);
    Origin *o = NEW(Origin);
    *o = (Origin){ n->tree->span, s->origin };
    Tensor *t = tensor_new("", ROLE_NEXT, REAL, before->rank, before->dim, o);
    t->of = before;
    PUSH(e->named, ((Named){ t, s->instance, text("%s_next", state->name), false, e->mode }));
    equation_new(e->program, t, v.axis, REDUCE_NONE, NULL, 0, settle_draws(e, t, v.axis, v.rank, ToReal(v.body)), o);
    return of_tensor(t, NULL, 0);
}

static bool is_next(const Name *n) {
    size_t length = strlen(n->name);
    return length && n->name[length - 1] == '\'';
}

static Value equation(Elaborator *e, Scope *s, Name *n) {
    const Tree *t = n->tree, *left = t->child[n->which], *right = t->child[t->n - 1];
    if (t->kind == TREE_SCATTER) return scatter(e, s, n);
    Value v;
    if (t->n > 2) {                                             /* a, b = f(x) */
        Name *first_left = scope_find(s, t->child[0]->text);     /* one use of the function for all its results */
        Scope *made = first_left->made;
        if (!made) {
            if (right->kind == TREE_PIPE) { Value first = evaluate(e, s, NULL, right->child[0]); v = call(e, s, NULL, right->child[1], &first, 0, &made); }
            else if (right->kind == TREE_CALL) v = call(e, s, NULL, right, NULL, 0, &made);
            else { model_error(e, s, right->span, "several names on the left want a call of a function with several results"); return bad_value; }
            if (v.kind == VALUE_BAD || !made) return bad_value;
            first_left->made = made;
            PUSH(e->journal, (void **)&first_left->made);
        }
        v = result_value(e, made, n->which);
        return is_next(n) && v.kind == VALUE_TENSOR && v.body ? next_value(e, s, n, &v) : v;
    }
    if (left->kind == TREE_NAME) {
        v = evaluate(e, s, NULL, right);
        if (v.kind == VALUE_FUNCTION && right->kind == TREE_CALL && v.function->instance) v.function->instance->name = n->name;
        if (v.kind != VALUE_TENSOR) return v;
        int64_t dims[MAX_RANK];
        int rank;
        if (n->extents && declared_dims(e, s, n, dims, &rank)) {
            bool equal = rank == v.rank;
            for (int k = 0; equal && k < rank; k++) equal = dims[k] == v.dim[k];
            if (!equal && v.rank) { model_error(e, s, t->span, "`%s` is declared as %s, and this is %s", n->name, span_text(n->extents->span), shape_text(&v)); return bad_value; }
            if (!equal) {                                       /* a number spreads over the declared shape */
                v.rank = rank;
                for (int k = 0; k < rank; k++) { v.dim[k] = dims[k]; v.axis[k] = index_new("a", dims[k], NULL); }
            }
        }
    } else {
        Left l = { .n = 0 };
        const Tree *where[1] = { right };
        if (!bind_left(e, s, n, left, where, 1, &l)) return bad_value;
        Value r = evaluate(e, s, l.env, right);
        if (r.kind == VALUE_FUNCTION) { model_error(e, s, right->span, "a function cannot be the value of an array"); return bad_value; }
        v = (Value){ .kind = VALUE_TENSOR, .rank = l.n };
        if (r.kind == VALUE_BAD && l.holes) return bad_value;
        if (r.kind != VALUE_BAD && r.rank != l.holes && !(r.rank == 0 && l.holes && n->extents)) {
            Diagnostic *d = model_error(e, s, right->span, "the right side is %s, and the left leaves %d ax%s whole", shape_text(&r), l.holes, l.holes == 1 ? "is" : "es");
            if (d && !l.holes) help(d, "write its indices, or put `_` on the left");
            return bad_value;
        }
        const Expr *subs[MAX_RANK];
        for (int k = 0, h = 0; k < l.n; k++) {
            if (!l.index[k]) {
                int64_t extent = r.rank ? r.dim[h] : l.dim[k];
                if (l.dim[k] >= 0 && l.dim[k] != extent) { model_error(e, s, right->span, "axis %d is declared with %" PRId64 ", and this is %s", k + 1, l.dim[k], shape_text(&r)); return bad_value; }
                l.dim[k] = extent;
                l.index[k] = index_new("a", extent, NULL);
                if (r.rank) subs[h++] = At(l.index[k]);
            }
            v.dim[k] = l.dim[k];
            v.axis[k] = l.index[k];
        }
        v.body = r.kind == VALUE_BAD ? NULL : r.rank ? value_at(&r, subs) : r.body;
        if (r.kind == VALUE_BAD && !e->tentative) v.kind = VALUE_BAD;
    }
    if (v.kind != VALUE_TENSOR || !v.body) return v;
    if (is_next(n)) return next_value(e, s, n, &v);
    double constant;
    if (v.rank == 0 && is_constant(v.body, &constant)) return v;
    if (n->recursive && n->assumed_tensor) return v;            /* finished by name_value */
    if (is_alias(&v)) {
        rename_tensor(e, s, v.body->tensor, n->name, is_whole_result(s, n));
        return v;
    }
    const Expr *const *carried;
    int n_carried;
    Tensor *made = materialise(e, s, t->span, &v, n->name, is_whole_result(s, n), &carried, &n_carried);
    return made ? of_tensor(made, carried, n_carried) : bad_value;
}

/* How far an elaboration had come; what was made since can be forgotten. */
typedef struct Mark { int journal, equations, named, parts; } Mark;

static Mark mark(const Elaborator *e) { return (Mark){ e->journal.n, e->program->equations.n, e->named.n, e->parts.n }; }

static void forget(Elaborator *e, Mark m) {
    for (int k = m.journal; k < e->journal.n; k++) *e->journal.at[k] = NULL;
    e->journal.n = m.journal;
    e->program->equations.n = m.equations;
    e->named.n = m.named;
    e->parts.n = m.parts;
}

static bool same_shape(const Value *a, const Value *b) {
    if (!a || a->kind != b->kind || a->rank != b->rank) return false;
    for (int k = 0; k < a->rank; k++) if (a->dim[k] != b->dim[k]) return false;
    return true;
}

/* An equation that reads itself: elaborated again with the shape and carried indices that came out, until they stay. */
static Value recurrence(Elaborator *e, Scope *s, Name *n, Value v, Mark before) {
    const Index *carried[4 * MAX_RANK];
    int n_carried = 0;
    for (int round = 0; round < 8; round++) {
        if (v.kind != VALUE_TENSOR) break;
        const Index *now[4 * MAX_RANK];
        int n_now = v.body ? carried_indices(e, v.body, v.axis, v.rank, now, 4 * MAX_RANK) : 0;
        bool stays = n->assumed && n->assumed_tensor && v.body && same_shape(n->assumed, &v) && n_now == n_carried;
        for (int k = 0; stays && k < n_now; k++) stays = now[k] == carried[k];
        if (stays) {
            Tensor *t = n->assumed_tensor;
            const Index *free[MAX_RANK];
            for (int k = 0; k < n_now; k++) free[k] = now[k];
            for (int k = 0; k < v.rank; k++) free[n_now + k] = v.axis[k];
            const Expr *body = settle_draws(e, t, free, n_now + v.rank, v.body);
            Origin *o = NEW(Origin);
            *o = (Origin){ n->tree->span, s->origin };
            equation_new(e->program, t, free, REDUCE_NONE, NULL, 0, body, o);
            PUSH(e->named, ((Named){ t, s->instance, n->name, is_whole_result(s, n), e->mode }));
            Value r = *n->assumed;
            n->assumed = NULL;
            return r;
        }
        if (n_now < 0 || n_now + v.rank > MAX_RANK) { model_error(e, s, n->span, "more than %d axes", MAX_RANK); return bad_value; }
        n_carried = n_now;
        const Expr *at[MAX_RANK];
        Dim dims[MAX_RANK];
        for (int k = 0; k < n_now; k++) { carried[k] = now[k]; at[k] = At(now[k]); dims[k] = (Dim){ now[k]->extent, now[k]->count }; }
        for (int k = 0; k < v.rank; k++) dims[n_now + k] = (Dim){ v.dim[k], NULL };
        Origin *o = NEW(Origin);
        *o = (Origin){ n->tree->span, s->origin };
        forget(e, before);
        n->assumed_tensor = tensor_new("", ROLE_VALUE, REAL, n_now + v.rank, dims, o);
        Value *assumed = NEW(Value);
        *assumed = of_tensor(n->assumed_tensor, at, n_now);
        n->assumed = assumed;
        n->recursive = true;
        v = equation(e, s, n);
    }
    n->assumed = NULL;
    if (v.kind != VALUE_BAD) model_error(e, s, n->span, "the shape of `%s` depends on itself: declare it, or give the ranges", n->name);
    return bad_value;
}

Value name_value(Elaborator *e, Scope *s, Name *n) {
    if (n->kind == ENTRY_DIMENSION) return scalar(Int(n->extent));
    if (n->kind == ENTRY_ARGUMENT) {
        Value v = argument_value(e, n->argument);
        if (v.kind == VALUE_TENSOR && v.rank && v.body && s->definition->child[1]->n && v.body->kind != X_READ && n->argument->value) {
            v = stored(e, n->argument->scope ? n->argument->scope : s, n->argument->tree ? n->argument->tree->span : n->span, &v, n->name);
            /* a block reads its argument many times: it becomes a tensor, which a recurrence that asked for it may forget */
            if (n->argument->tree) remember(e, &n->argument->value, v);
            else *n->argument->value = v;
        }
        return v;
    }
    if (n->value) return *n->value;
    if (n->busy) {
        n->recursive = true;
        if (n->assumed) return *n->assumed;
        e->tentative++;                                         /* taken back when the equation is finished */
        return bad_value;
    }
    Value v = bad_value;
    if (n->kind == ENTRY_EQUATION) {
        Mark before = mark(e);
        int tentative = e->tentative;
        n->busy = true;
        n->recursive = false;
        n->assumed = NULL;
        n->assumed_tensor = NULL;
        v = equation(e, s, n);
        if (n->recursive) e->tentative = tentative;             /* until here, what hangs on it was not known */
        if (n->recursive) {
            const Tree *left = n->tree->child[n->which];
            if (v.kind != VALUE_TENSOR || left->kind == TREE_NAME) {
                if (left->kind == TREE_NAME) model_error(e, s, n->span, "`%s` depends on itself, and not earlier along an index", n->name);
                else model_error(e, s, n->span, "the shape of `%s` depends on itself: declare it, or give the ranges", n->name);
                v = bad_value;
            } else v = recurrence(e, s, n, v, before);
        }
        n->busy = false;
        n->recursive = false;
    } else {
        Tensor *t = own(e, s->instance, n->tree, 0);
        if (t) v = of_tensor(t, NULL, 0);
        if (n->kind == ENTRY_INPUT && t) {
            const Expr *carried = At(e->batch ? e->batch : index_new("n", 1, NULL));
            if (!e->batch) { model_error(e, s, n->span, "an input has no value outside a sample"); return bad_value; }
            v = of_tensor(t, &carried, 1);
        }
        if (!t) {
            const Tree *d = n->tree;
            Dim dims[MAX_RANK];
            int64_t extents[MAX_RANK];
            int rank = 0;
            const Tree *list = d->child[0];
            for (int k = 0; k < list->n; k++) {
                if (list->child[k]->kind == TREE_DOTS) {
                    if (!s->has_dots) { model_error(e, s, list->child[k]->span, "`..` stands for nothing here"); return bad_value; }
                    for (int q = 0; q < s->n_dots && rank < MAX_RANK; q++) { extents[rank] = s->dots[q]; dims[rank++] = (Dim){ s->dots[q], NULL }; }
                    continue;
                }
                int64_t extent;
                if (rank == MAX_RANK) { model_error(e, s, d->span, "more than %d axes", MAX_RANK); return bad_value; }
                if (!constant_integer(e, s, NULL, list->child[k], &extent)) return bad_value;
                if (extent < 1) { model_error(e, s, list->child[k]->span, "a size of %" PRId64 ": an axis has at least 1", extent); return bad_value; }
                extents[rank] = extent;
                dims[rank++] = (Dim){ extent, NULL };
            }
            if (checked_size(e, s, d->span, extents, rank) < 0) return bad_value;
            if (n->each_epoch && !e->updating) {
                Diagnostic *x = model_error(e, s, d->span, "`%s` changes at the end of an epoch, and such a state is for update lines only", n->name);
                if (x) help(x, "`epoch` is the number of the epoch; a state without `each epoch` changes at each step");
                return bad_value;
            }
            if (e->each_epoch) {
                model_error(e, s, d->span, "an average that is taken `each epoch` keeps no state beside itself");
                return bad_value;
            }
            Origin *o = NEW(Origin);
            *o = (Origin){ d->span, s->origin };
            Role role = n->kind == ENTRY_PARAM ? ROLE_PARAM : e->updating ? ROLE_MOMENT : ROLE_STATE;
            t = tensor_new("", role, REAL, rank, dims, o);
            t->each_epoch = n->each_epoch;
            own_add(e, s->instance, d, 0, t, s, d, d->text);
            v = of_tensor(t, NULL, 0);
        }
    }
    if (e->tentative && v.kind == VALUE_BAD) return v;          /* not known yet: asked again later */
    remember(e, &n->value, v);
    return v;
}
