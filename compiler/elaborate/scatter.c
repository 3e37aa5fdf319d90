/* Sums by place: a cell of y[f(i)] += e is the sum over all indices of the terms that land on it.
 *
 *     y[i + u, .. else drop] += x[i, ..]*k[u]      ->      y[p, q] = sum(i, u, r) where(p == i + u and q == r, x[i, r]*k[u], 0)
 *
 * Every name on the left that is nothing else is an index to sum over. solve.c turns the equalities around where it can
 * (i = p - u, inside its range), and then the sum is a window over what e reads and no place is searched for. */
#include "left.h"
#include <inttypes.h>
#include <string.h>

typedef struct Scatter {
    Elaborator *e;
    Scope *s;
    const Name *name;
    const Tree *left, *right;
    int n_subs, errors;                                         /* errors: as many were reported before */
    LeftAxes axes;
    int n_bound;
    const Index *bound[4*MAX_RANK];
    const Env *env;
} Scatter;

static const Expr *bind_one(Scatter *c, const char *name, Dim dim) {
    const Index *i = index_over(name, dim);
    c->bound[c->n_bound++] = i;
    return At(i);
}

/* Makes an index of each name in x; `axis`: the one that x stands for alone, or -1. */
static bool bind_names(Scatter *c, const Tree *x, int axis) {
    Elaborator *e = c->e;
    if (c->n_bound > MAX_RANK) { model_error(e, c->s, c->left->span, "too many indices"); return false; }
    if (x->kind == TREE_DOTS && !env_find(c->env, name_of(".."))) {
        const Expr *at[MAX_RANK];
        for (int d = 0; d < c->axes.n_dots; d++) at[d] = bind_one(c, "r", c->axes.dots[d]);
        c->env = env_dots(c->env, x->span, at, c->axes.n_dots);
    }
    bool is_index = x->kind == TREE_NAME && !env_find(c->env, x->text) && !scope_find(c->s, x->text) && !function_named(e, x->text);
    if (is_index) {
        const Tree *where[2 + MAX_RANK] = { c->right };
        for (int k = 0; k < c->n_subs; k++) where[1 + k] = c->left->child[k];
        Range r = find_range(e, c->s, NULL, x->text, c->left, where, 1 + c->n_subs);
        if (!r.known && axis >= 0) r = (Range){ true, false, c->axes.dim[axis], c->name->extents->span };
        if (!r.known) { range_unknown(e, c->s, x->span, c->name, c->errors); return false; }
        c->env = env_bind(c->env, x->text, bind_one(c, x->text, r.dim), r.span, r.explicit);
    }
    for (int k = 0; k < x->n; k++) if (!bind_names(c, x->child[k], -1)) return false;
    return true;
}

static bool bind_scattered(Scatter *c) {
    for (int k = 0, axis = 0; k < c->n_subs; k++) {
        const Tree *sub = c->left->child[k];
        if (!bind_names(c, sub, axis)) return false;
        axis += sub->kind == TREE_DOTS ? c->axes.n_dots : 1;
    }
    return true;
}

static bool is_affine(const Expr *e) {
    if (e->kind == X_INT || e->kind == X_INDEX) return true;
    for (int k = 0; k < e->n; k++) if (e->arg[k]->kind != X_INDEX) return false;
    return e->kind == X_SUM;
}

/* The condition on the axes of `out` that a term lands there. affine: all subscripts are. */
static const Expr *landing(const Scatter *c, const Value *out, bool *affine) {
    const Expr *hit = NULL, *subs[4*MAX_RANK];
    int axis = 0;
    *affine = true;
    for (int k = 0; k < c->n_subs; k++) {
        const Tree *sub = c->left->child[k];
        int n = axis;
        if (!subscript(c->e, c->s, c->env, sub, subs, &n)) return NULL;
        for (; axis < n; axis++) {
            if (!c->left->has_else && !inside_dim(subs[axis], c->axes.dim[axis])) {
                const char *name = c->name->name;
                Diagnostic *d = model_error(c->e, c->s, sub->span, "this may land outside `%s`, which has %s", name,
                                            dim_text(c->axes.dim[axis]));
                if (d) help(d, "write %s[... else drop] += ... to leave such terms out", name);
                return NULL;
            }
            const Expr *equal = Eq(At(out->axis[axis]), subs[axis]);
            hit = hit ? And(hit, equal) : equal;
            *affine = *affine && is_affine(subs[axis]);
        }
    }
    return hit ? hit : Truth(true);
}

/* The sum in `y[i + u] += sum(c) e` joins the scatter's own: its indices are added to the bound ones, and e is given. So
 * there is no array of all terms; and since affine subscripts can be solved, y is a window over what e reads. */
static const Expr *opened_sum(Scatter *c, const Expr *term) {
    const Equation *q = term->kind == X_READ && !term->guarded ? equation_of(c->e->program, term->tensor) : NULL;
    if (!q || q->op != REDUCE_SUM || q->n_free + q->n_bound > 4*MAX_RANK || c->n_bound + q->n_bound > 4*MAX_RANK) return term;
    const Index *from[4*MAX_RANK];
    const Expr *to[4*MAX_RANK];
    for (int k = 0; k < q->n_free; k++) { from[k] = q->free[k]; to[k] = term->arg[k]; }
    for (int k = 0; k < q->n_bound; k++) {
        const Index *i = q->bound[k];
        from[q->n_free + k] = i;
        to[q->n_free + k] = bind_one(c, i->name, dim_of(i));
    }
    return substitute(q->body, from, to, q->n_free + q->n_bound);
}

Value scatter(Elaborator *e, Scope *s, const Name *n) {
    Scatter c = { .e = e, .s = s, .name = n, .left = n->tree->child[0], .right = n->tree->child[1], .errors = error_count() };
    c.n_subs = n_left(c.left);
    if (!left_axes(e, s, n, c.left, c.right, &c.axes)) return bad_value;
    if (!c.axes.declared) {
        Diagnostic *d = model_error(e, s, c.left->span, "the shape of `%s` must be declared: += does not give it", n->name);
        if (d) help(d, "name it as a result in the header: -> %s[...]", n->name);
        return bad_value;
    }
    if (!bind_scattered(&c)) return bad_value;
    Value v = evaluate(e, s, c.env, c.right);
    if (v.kind != VALUE_TENSOR || !v.body) return v;
    if (v.rank) { model_error(e, s, c.right->span, "the term is %s: write its indices", shape_text(&v)); return bad_value; }
    Value out = { .kind = VALUE_TENSOR, .rank = c.axes.rank };
    for (int k = 0; k < c.axes.rank; k++) {
        out.dim[k] = c.axes.dim[k];
        out.axis[k] = index_over(text("%c", "pqrsuv"[k % 6]), c.axes.dim[k]);
    }
    bool affine;
    const Expr *hit = landing(&c, &out, &affine), *term = v.body;
    if (!hit) return bad_value;
    if (affine && c.right->kind == TREE_REDUCE && !strcmp(c.right->text, "sum")) term = opened_sum(&c, term);
    out.body = reduction(e, s, n->tree->span, REDUCE_SUM, c.bound, c.n_bound, Where(hit, ToReal(term), Num(0)));
    if (!out.body) return bad_value;
    return stored(e, s, n->tree->span, &out, n->name);
}
