/* Exponentials of what is not positive: they need no look at the upper end, and take two thirds of the time.
 *
 *     top[i] = max(k) x[i, k]          e[i, j] = exp(x[i, j] - top[i])          none of these is above 1, but for rounding
 *
 * A number is known not to be positive by the signs of what it is made of, as -a*a, or as the difference of a term and a maximum over such
 * terms. Where the maximum leaves some out, where(k > i, -inf, x[i, k]), the condition must hold where the exponential stands. What is
 * NaN stays NaN. The operator has the name of exp and prints as it. */
#include "simplify.h"

enum { MOST_STEPS = 8 };            /* from a value to the map that it was stored by */

typedef struct { const Program *program; const Facts *facts; } Context;

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
    match_indices(maximum->bound, maximum->n_bound, body, term, at);
    for (int k = 0; k < maximum->n_bound; k++)
        if (!at[k] || !inside_dim(at[k], dim_of(maximum->bound[k]))) return false;
    for (int k = 0; k < conditions->n; k++)
        if (condition_under(substitute(conditions->at[k], maximum->bound, at, maximum->n_bound), c->facts->at, c->facts->n) != 1) return false;
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

/* A divisor whose zero is not negative: 1/(x - top) would be infinite at the winner. */
static bool is_divisor(const Expr *e) {
    double value;
    if (is_constant(e, &value)) return value != 0;
    return e->kind == X_OP && (e->op == OP_EXP || e->op == OP_EXP_BELOW || e->op == OP_ABS || (e->op == OP_MUL && e->arg[0] == e->arg[1]));
}

static int both(int a, int b) { return a == b ? a : 0; }

/* 1: e is at least 0 or NaN, -1: at most 0 or NaN, 0: that is not known. */
static int sign_of(const Context *c, const Expr *e, int steps) {
    double value;
    const Equation *map;
    if (is_constant(e, &value)) return value >= 0 ? 1 : -1;
    const Expr *body = steps ? body_read(c, e, REDUCE_NONE, &map) : NULL;
    if (body) return sign_of(c, body, steps - 1);
    if (e->kind != X_OP) return 0;
    const Expr *a = e->arg[0], *b = e->n > 1 ? e->arg[1] : NULL;
    switch (e->op) {
    case OP_STOP: return sign_of(c, a, steps);
    case OP_NEG: return -sign_of(c, a, steps);
    case OP_ADD: return both(sign_of(c, a, steps), sign_of(c, b, steps));
    case OP_SUB: return is_below_maximum(c, a, b) ? -1 : both(sign_of(c, a, steps), -sign_of(c, b, steps));
    case OP_MUL: return a == b ? 1 : sign_of(c, a, steps) * sign_of(c, b, steps);
    case OP_DIV: return is_divisor(b) ? sign_of(c, a, steps) * sign_of(c, b, steps) : 0;
    case OP_ABS: case OP_EXP: case OP_EXP_BELOW: case OP_SIGMOID: case OP_SQRT: return 1;
    default: return 0;
    }
}

static const Expr *as_below(const Expr *e, const Facts *facts, void *program) {
    const Context c = {program, facts};
    const bool is_exp = e->kind == X_OP && e->op == OP_EXP;
    return is_exp && sign_of(&c, e->arg[0], MOST_STEPS) < 0 ? Operate(OP_EXP_BELOW, e->arg[0], NULL) : e;
}

void lower_exponentials(Program *p) {
    for (int k = 0; k < p->equations.n; k++)
        p->equations.at[k]->body = transform_under(p->equations.at[k]->body, as_below, p);
}
