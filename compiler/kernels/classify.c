/* Classes of equations, by their subscripts alone.
 *
 *     map          no reduction                                   y[i] = max(0, x[i])
 *     gather       a read at a place that data decide             y[t, d] = w[token[t], d]
 *     scatter      a sum of terms that data place                 d_w[v, d] = sum(t) where(v == token[t], g[t, d], 0)
 *     contraction  a sum of products, one index a subscript       y[o] = sum(i) w[o, i]*x[i]
 *     window       a reduction with two indices in one subscript  y[i] = sum(u) w[u]*x[i + u]
 *     reduction    any other                                      s = sum(i) x[i]
 *     scan         part of a recurrence                           h[t] = tanh(a*h[t-1 else 0] + x[t])
 *
 * The class is for reports and choices of schedule; every class is right under every schedule that accepts it. */
#include "group.h"

const char *const class_name[] = {
    [CLASS_MAP] = "map", [CLASS_REDUCTION] = "reduction", [CLASS_CONTRACTION] = "contraction", [CLASS_WINDOW] = "window",
    [CLASS_GATHER] = "gather", [CLASS_SCATTER] = "scatter", [CLASS_SCAN] = "scan",
};

static const Expr *zero_else(const Expr *e, const Expr **condition) {
    if (e->kind != X_WHERE || !is_integer(e->arg[2], 0)) return NULL;
    *condition = e->arg[0];
    return e->arg[1];
}

typedef LIST(const Expr *) Terms;

static void split_and(const Expr *c, Terms *terms) {
    if (c->kind == X_OP && c->op == OP_AND) {
        split_and(c->arg[0], terms);
        split_and(c->arg[1], terms);
    } else PUSH(*terms, c);
}

/* For a condition v == e with v nowhere in e: e. */
static const Expr *solved_for(const Expr *condition, const Index *v) {
    if (condition->kind != X_OP || condition->op != OP_EQ || condition->arg[0]->type == REAL) return NULL;
    if (condition->arg[1]->type == REAL || !uses_index(condition, v)) return NULL;
    const Expr *zero = Int(0), *one = Int(1);
    const Expr *difference = Sub(condition->arg[0], condition->arg[1]);
    const Expr *rest = substitute(difference, &v, &zero, 1);
    const Expr *slope = Sub(substitute(difference, &v, &one, 1), rest);
    if (uses_index(rest, v)) return NULL;
    /* A slope of one at 0 is a slope of one everywhere only when v stands bare in the sum. */
    const Expr *bare = Sub(difference, Mul(slope, At(v)));
    if (uses_index(bare, v)) return NULL;
    if (is_integer(slope, 1)) return Neg(rest);
    if (is_integer(slope, -1)) return rest;
    return NULL;
}

bool scatter_of(const Expr *body, const Index *const *free, int n_free, Scatter *s) {
    const Expr *condition = NULL, *term = zero_else(body, &condition);
    if (!term) return false;
    Terms terms = {0};
    split_and(condition, &terms);
    *s = (Scatter){.term = term};
    bool *used = NEW_ARRAY(bool, terms.n);
    for (int f = 0; f < n_free; f++) {
        int at = -1, users = 0;
        for (int k = 0; k < terms.n; k++)
            if (uses_index(terms.at[k], free[f])) at = k, users++;
        if (users != 1 || used[at] || uses_index(term, free[f])) continue;
        const Expr *place = solved_for(terms.at[at], free[f]);
        if (!place) continue;
        /* A place that other free indices decide is an ordinary choice, not a scatter. */
        bool free_place = false;
        for (int k = 0; k < n_free; k++)
            free_place |= uses_index(place, free[k]);
        if (free_place) continue;
        used[at] = true;
        PUSH(s->index, free[f]);
        PUSH(s->place, place);
    }
    for (int k = 0; k < terms.n; k++)
        if (!used[k]) s->guard = s->guard ? And(s->guard, terms.at[k]) : terms.at[k];
    return s->index.n > 0;
}

typedef struct { const Equation *e; bool gather, window; int reads; } Subscripts;

static void look_for_read(const Expr *e, void *data) {
    if (e->kind == X_READ) *(bool *)data = true;
}

static void look_at_read(const Expr *read, void *data) {
    Subscripts *s = data;
    if (read->kind != X_READ || read->tensor->rank == 0) return;
    s->reads++;
    for (int k = 0; k < read->tensor->rank; k++) {
        bool gathers = false;
        visit_nodes(read->arg[k], look_for_read, &gathers);
        s->gather |= gathers;
        int indices = 0, bound = 0;
        for (int i = 0; i < s->e->n_free; i++)
            indices += uses_index(read->arg[k], s->e->free[i]);
        for (int i = 0; i < s->e->n_bound; i++)
            bound += uses_index(read->arg[k], s->e->bound[i]);
        s->window |= bound > 0 && indices + bound > 1;
    }
}

Class classify(const Equation *e) {
    if (e->scan) return CLASS_SCAN;
    Scatter scatter;
    if (e->op == REDUCE_SUM && scatter_of(e->body, e->free, e->n_free, &scatter)) return CLASS_SCATTER;
    Subscripts s = {.e = e};
    visit_nodes(e->body, look_at_read, &s);
    if (s.gather) return CLASS_GATHER;
    if (e->op == REDUCE_NONE) return CLASS_MAP;
    if (s.window) return CLASS_WINDOW;
    bool product = e->body->kind == X_OP && e->body->op == OP_MUL;
    return e->op == REDUCE_SUM && product && s.reads > 1 ? CLASS_CONTRACTION : CLASS_REDUCTION;
}

bool is_plain_product(const Expr *e) {
    if (e->kind == X_OP && (e->op == OP_MUL || e->op == OP_NEG)) return is_plain_product(e->arg[0]) && (e->n < 2 || is_plain_product(e->arg[1]));
    return e->kind == X_NUM || (e->kind == X_READ && e->type == REAL && (!e->guarded || is_integer(e->arg[e->n - 1], 0)));
}

bool is_arithmetic(const Expr *e) {
    return e->kind == X_OP && (e->op == OP_ADD || e->op == OP_SUB || e->op == OP_MUL || e->op == OP_DIV || e->op == OP_NEG);
}
