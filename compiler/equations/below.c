/* Exponentials of what is not positive: they need no look at the upper end, and take two thirds of the time.
 *
 *     top[i] = max(k) x[i, k]          e[i, j] = exp(x[i, j] - top[i])          none of these is above 1
 *
 * A number is known not to be positive by the signs of what it is made of, as -a*a, or as the difference of a term and a maximum over such
 * terms. Where the maximum leaves some out, where(k > i, -inf, x[i, k]), the condition must hold where the exponential stands. What is
 * NaN stays NaN. The operator has the name of exp and prints as it. */
#include "simplify.h"

enum { MOST_STEPS = 8 };            /* from a value to the map that it was stored by */

typedef struct { const Program *program; Fact fact[MOST_FACTS]; int n; Map done; } Context;

/* The body of the map that a read is an element of, at that element; or NULL. */
static const Expr *body_read(const Context *c, const Expr *e, Reduce op, const Equation **equation) {
    const Equation *from = e->kind == X_READ && !e->guarded ? equation_of(c->program, e->tensor) : NULL;
    if (!from || from->op != op) return NULL;
    *equation = from;
    return substitute(from->body, from->free, e->arg, from->n_free);
}

/* Whether `term` is one of those that the maximum is taken over: its body at some values of its indices. */
static bool is_candidate(const Context *c, const Equation *maximum, const Expr *body, Exprs *conditions, const Expr *term) {
    if (body->kind == X_WHERE) {
        bool is = false;
        for (int arm = 1; arm <= 2 && !is; arm++) {
            PUSH(*conditions, arm == 1 ? body->arg[0] : Not(body->arg[0]));
            is = is_candidate(c, maximum, body->arg[arm], conditions, term);
            conditions->n--;
        }
        return is;
    }
    const Expr **at = NEW_ARRAY(const Expr *, maximum->n_bound);
    bind(maximum->bound, maximum->n_bound, body, term, at);
    for (int k = 0; k < maximum->n_bound; k++)
        if (!at[k] || !inside_dim(at[k], dim_of(maximum->bound[k]))) return false;
    for (int k = 0; k < conditions->n; k++)
        if (condition_under(substitute(conditions->at[k], maximum->bound, at, maximum->n_bound), c->fact, c->n) != 1) return false;
    return substitute(body, maximum->bound, at, maximum->n_bound) == term;
}

static bool is_below_maximum(const Context *c, const Expr *term, const Expr *most) {
    const Equation *maximum;
    Exprs conditions = {0};
    for (int step = 0; step < MOST_STEPS; step++) {
        const Expr *body = body_read(c, most, REDUCE_MAX, &maximum);
        if (body) return is_candidate(c, maximum, body, &conditions, term);
        most = most->kind == X_OP && most->op == OP_STOP ? most->arg[0] : body_read(c, most, REDUCE_NONE, &maximum);
        if (!most) return false;
    }
    return false;
}

/* Whether e times `sign` is known to be at least 0, or NaN. */
static bool has_sign(const Context *c, const Expr *e, int sign, int steps) {
    double value;
    const Equation *map;
    if (is_constant(e, &value)) return value * sign >= 0;
    const Expr *body = steps ? body_read(c, e, REDUCE_NONE, &map) : NULL;
    if (body) return has_sign(c, body, sign, steps - 1);
    if (e->kind != X_OP) return false;
    const Expr *a = e->arg[0], *b = e->n > 1 ? e->arg[1] : NULL;
    switch (e->op) {
    case OP_STOP: return has_sign(c, a, sign, steps);
    case OP_NEG: return has_sign(c, a, -sign, steps);
    case OP_ADD: return has_sign(c, a, sign, steps) && has_sign(c, b, sign, steps);
    case OP_SUB: return (sign < 0 && is_below_maximum(c, a, b)) || (has_sign(c, a, sign, steps) && has_sign(c, b, -sign, steps));
    case OP_MUL: case OP_DIV:
        if (a == b) return sign > 0;
        return (has_sign(c, a, 1, steps) && has_sign(c, b, sign, steps)) || (has_sign(c, a, -1, steps) && has_sign(c, b, -sign, steps));
    case OP_ABS: case OP_EXP: case OP_EXP_BELOW: case OP_SIGMOID: case OP_SQRT: return sign > 0;
    default: return false;
    }
}

static const Expr *lowered(Context *c, const Expr *e);

static const Expr *arm(const Context *c, const Expr *condition, bool holds, const Expr *e) {
    Context inner = *c;
    inner.done = (Map){0};
    if (inner.n < MOST_FACTS) inner.fact[inner.n++] = (Fact){condition, holds};
    return lowered(&inner, e);
}

static const Expr *lowered(Context *c, const Expr *e) {
    if (e->n == 0 || e->kind == X_SUM) return e;
    const Expr *done = map_get(&c->done, e);
    if (done) return done;
    const Expr **arg = NEW_ARRAY(const Expr *, e->n);
    for (int k = 0; k < e->n; k++)
        arg[k] = e->kind == X_WHERE && k > 0 ? arm(c, e->arg[0], k == 1, e->arg[k]) : lowered(c, e->arg[k]);
    done = rebuild(e, arg);
    if (e->kind == X_OP && e->op == OP_EXP && has_sign(c, e->arg[0], -1, MOST_STEPS)) done = Operate(OP_EXP_BELOW, arg[0], NULL);
    map_put(&c->done, e, (void *)(uintptr_t)done);
    return done;
}

static void find_exponential(const Expr *e, void *found) { *(bool *)found |= e->kind == X_OP && e->op == OP_EXP; }

void lower_exponentials(const Program *p) {
    for (int k = 0; k < p->equations.n; k++) {
        Equation *e = p->equations.at[k];
        bool found = false;
        visit_nodes(e->body, find_exponential, &found);
        Context c = {.program = p};
        if (found) e->body = lowered(&c, e->body);
    }
}
