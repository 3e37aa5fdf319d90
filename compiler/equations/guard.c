/* Guards: conditions and the terms that they protect.
 *
 * An adjoint is a pair of a guard and a value, written where(guard, value, 0). What multiplies it goes inside the guard,
 * so that a branch that is not taken never makes a NaN of 0*inf:
 *
 *     where(c, a, 0)*b   is kept as   where(c, a*b, 0)
 *
 * A read that solving has moved beyond what intervals prove gets a guard of its own, `d[i-u else 0]`. A condition that says
 * no more than such a guard of a factor does is dropped, when the other factors are plain values: were one of them not
 * finite, the forward pass would not be either. */
#include "solve.h"
#include "map.h"

enum { MOST_FACTORS = 16 };         /* of a product that is looked at */

bool is_zero(const Expr *e) {
    double value;
    return is_constant(e, &value) && value == 0;
}

const Expr *guarded(const Expr *condition, const Expr *value) { return Where(condition, value, Num(0)); }

const Expr *in_range(const Expr *value, Dim dim) {
    if (dim.count && inside_dim(value, dim)) return Truth(true);
    return And(Ge(value, Int(0)), Lt(value, Extent(dim)));
}

const Expr *read_inside(const Expr *read) {
    const Expr *inside = Truth(true);
    for (int i = 0; i < read->tensor->rank; i++) {
        inside = And(inside, in_range(read->arg[i], read->tensor->dim[i]));
    }
    return inside;
}

static bool has_condition(const Sum *s, const Expr *c) {
    for (int i = 0; i < s->conditions.n; i++) {
        if (s->conditions.at[i] == c) return true;
    }
    return false;
}

void sum_require(Sum *s, const Expr *condition) {
    if (condition->kind == X_INT) {
        s->nothing = s->nothing || !condition->integer;
        return;
    }
    if (condition->kind == X_OP && condition->op == OP_AND) {
        sum_require(s, condition->arg[0]);
        sum_require(s, condition->arg[1]);
        return;
    }
    if (!has_condition(s, condition)) PUSH(s->conditions, condition);
}

Sum *sum_new(const Expr *term) {
    Sum *s = NEW(Sum);
    while (term->kind == X_WHERE && (is_zero(term->arg[2]) || is_zero(term->arg[1]))) {
        bool plain = is_zero(term->arg[2]);
        sum_require(s, plain ? term->arg[0] : Not(term->arg[0]));
        term = term->arg[plain ? 1 : 2];
    }
    s->term = term;
    s->nothing = s->nothing || is_zero(term);
    return s;
}

static const Expr *guard_read(const Expr *e, void *unused) {
    (void)unused;
    if (e->kind != X_READ || e->guarded || read_proved(e)) return e;
    const Expr *nothing = e->type == REAL ? Num(0) : e->type == BOOL ? Truth(false) : Int(0);
    return ReadElse(e->tensor, e->arg, e->n, nothing);
}

/* A divisor that does not become 0 where the condition is false: it does not notice. */
static bool is_plain_divisor(const Expr *e) {
    if (e->kind == X_REAL) e = e->arg[0];
    return e->kind == X_NUM || (e->kind == X_READ && !e->guarded);
}

/* The factors of a product; false: one of them is not plain, or there are too many. */
static bool list_factors(const Expr *e, Exprs *factors) {
    if (e->kind == X_OP && e->op == OP_MUL) return list_factors(e->arg[0], factors) && list_factors(e->arg[1], factors);
    if (e->kind == X_OP && e->op == OP_NEG) return list_factors(e->arg[0], factors);
    if (e->kind == X_OP && e->op == OP_DIV) return is_plain_divisor(e->arg[1]) && list_factors(e->arg[0], factors);
    bool zero_outside = e->kind == X_READ && (!e->guarded || is_zero(e->arg[e->n - 1]));
    if (factors->n >= MOST_FACTORS || !(e->kind == X_NUM || e->kind == X_REAL || zero_outside)) return false;
    PUSH(*factors, e);
    return true;
}

/* The bounds that the guarded reads among the factors of the term check by themselves. */
static Sum checked_bounds(const Expr *term) {
    Exprs factors = {0};
    Sum bounds = {0};
    if (!list_factors(term, &factors)) return bounds;
    for (int i = 0; i < factors.n; i++) {
        if (factors.at[i]->kind == X_READ && factors.at[i]->guarded) sum_require(&bounds, read_inside(factors.at[i]));
    }
    return bounds;
}

/* An equality that stays is a scatter, if one of the free indices can stand alone: v == e(bound). */
static const Expr *as_scatter(const Sum *s, const Expr *c) {
    if (c->kind != X_OP || c->op != OP_EQ || c->arg[0]->type != INT || c->arg[1]->type != INT) return c;
    const Expr *difference = Sub(c->arg[0], c->arg[1]);
    if (difference->kind != X_SUM) return c;
    for (int i = 0; i < difference->n; i++) {
        const Expr *atom = difference->arg[i];
        int64_t factor = difference->factor[i];
        if (atom->kind != X_INDEX || (factor != 1 && factor != -1)) continue;
        bool alone = true;
        for (int k = 0; k < difference->n; k++) {
            if (k != i && uses_index(difference->arg[k], atom->index)) alone = false;
        }
        for (int k = 0; k < s->bound.n; k++) {
            if (s->bound.at[k] == atom->index) alone = false;
        }
        if (alone) return Eq(atom, factor == 1 ? Sub(atom, difference) : Add(atom, difference));
    }
    return c;
}

const Expr *sum_body(const Sum *s) {
    if (s->nothing) return Num(0);
    const Expr *term = transform(s->term, guard_read, NULL), *guard = Truth(true);
    const Sum checked = checked_bounds(term);
    for (int pass = 0; pass < 2; pass++) {                      /* equalities first: kernels look there for scatters */
        for (int i = 0; i < s->conditions.n; i++) {
            const Expr *c = transform(s->conditions.at[i], guard_read, NULL);
            bool equality = c->kind == X_OP && c->op == OP_EQ;
            if (equality != (pass == 0) || has_condition(&checked, c)) continue;
            guard = And(guard, as_scatter(s, c));
        }
    }
    return guarded(guard, term);
}

static bool is_product(const Expr *e) { return e->kind == X_OP && (e->op == OP_MUL || e->op == OP_DIV || e->op == OP_NEG); }

static const Expr *raise(const Expr *e, Map *done) {
    if (e->type != REAL || (e->kind != X_WHERE && e->kind != X_OP)) return e;
    const Expr *result = map_get(done, e);
    if (result) return result;
    result = e;
    if (e->kind == X_WHERE) {
        result = Where(e->arg[0], raise(e->arg[1], done), raise(e->arg[2], done));
    } else if (e->op == OP_ADD || e->op == OP_SUB) {
        result = Operate(e->op, raise(e->arg[0], done), raise(e->arg[1], done));
    } else if (is_product(e)) {
        Sum *a = sum_new(raise(e->arg[0], done)), *b = e->op == OP_MUL ? sum_new(raise(e->arg[1], done)) : NULL;
        const Expr *guard = Truth(!a->nothing && !(b && b->nothing));
        for (int i = 0; i < a->conditions.n; i++) guard = And(guard, a->conditions.at[i]);
        for (int i = 0; b && i < b->conditions.n; i++) guard = And(guard, b->conditions.at[i]);
        result = guarded(guard, Operate(e->op, a->term, e->op == OP_NEG ? NULL : b ? b->term : e->arg[1]));
    }
    map_put(done, e, (void *)(uintptr_t)result);
    return result;
}

const Expr *raise_guards(const Expr *e) {
    Map done = {0};
    return raise(e, &done);
}
