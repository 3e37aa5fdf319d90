/* Factoring: what all terms of an adjoint's sum share is taken out of it.
 *
 *     exp(d)/s/n - where(j == y, 1/n, 0)   becomes   (exp(d)/s - (j == y))/n
 *     g*x + g*x                            becomes   2*g*x
 *
 * A term is  coefficient * product / product  under guards. Equal terms are merged, guards that all terms share go
 * outside, then the factors and divisors that all share. A factor leaves a guarded term only where it is also computed
 * by a term without guard, or cannot be infinite: a branch that is not taken stays without effect. When nothing is
 * shared the expression stays as it was written.
 *
 * `hoist` takes what does not depend on the bound indices out of a sum's only term, when that saves divisions, or leaves
 * a plain product of tensors, or a sum over fewer free indices. */
#include "simplify.h"
#include <math.h>

/* A product or a sum is opened this far. What is shared may be written out many times: x^2^2^2... has 2^n factors. */
enum { MOST_FACTORS = 64, MOST_TERMS = 256 };

typedef struct { double coefficient; Exprs above, below, guards; } Term;
typedef LIST(Term *) Terms;

static bool is_op(const Expr *e, Op op) { return e->kind == X_OP && e->op == op; }

static void list_signed(const Expr *e, bool minus, Exprs *terms) {
    if (terms->n < MOST_TERMS && (is_op(e, OP_ADD) || is_op(e, OP_SUB))) {
        list_signed(e->arg[0], minus, terms);
        list_signed(e->arg[1], minus != (e->op == OP_SUB), terms);
    } else if (is_op(e, OP_NEG)) {
        list_signed(e->arg[0], !minus, terms);
    } else if (!is_zero(e)) {
        PUSH(*terms, minus ? Neg(e) : e);
    }
}

void list_terms(const Expr *e, Exprs *terms) { list_signed(e, false, terms); }

static void read_factors(const Expr *e, Term *t, bool below) {
    bool open = t->above.n + t->below.n < MOST_FACTORS;
    if (is_op(e, OP_NEG)) {
        t->coefficient = -t->coefficient;
        read_factors(e->arg[0], t, below);
    } else if (is_op(e, OP_MUL) && open) {
        read_factors(e->arg[0], t, below);
        read_factors(e->arg[1], t, below);
    } else if (is_op(e, OP_DIV) && !below && open) {
        read_factors(e->arg[0], t, false);
        read_factors(e->arg[1], t, true);
    } else if (e->kind == X_NUM && !below && isfinite(e->num)) {
        t->coefficient *= e->num;
    } else if (below) {
        PUSH(t->below, e);
    } else {
        PUSH(t->above, e);
    }
}

static bool take(Exprs *list, const Expr *e) {
    for (int i = 0; i < list->n; i++) {
        if (list->at[i] != e) continue;
        list->n--;
        for (; i < list->n; i++) list->at[i] = list->at[i + 1];
        return true;
    }
    return false;
}

static Term *read_term(const Expr *e) {
    Term *t = NEW(Term);
    t->coefficient = 1;
    if (is_op(e, OP_NEG)) {
        t->coefficient = -1;
        e = e->arg[0];
    }
    const Sum *s = sum_new(e);
    for (int i = 0; i < s->conditions.n; i++) PUSH(t->guards, s->conditions.at[i]);
    bool sum = is_op(s->term, OP_ADD) || is_op(s->term, OP_SUB);
    read_factors(sum ? factor(s->term) : s->term, t, false);
    return t;
}

/* 2*x/2 is x. */
static void cancel(Term *t) {
    for (int i = t->below.n - 1; i >= 0; i--) {
        double ratio = t->below.at[i]->kind == X_NUM ? t->coefficient / t->below.at[i]->num : 0.5;
        if (ratio != floor(ratio) || !isfinite(ratio)) continue;
        t->coefficient = ratio;
        take(&t->below, t->below.at[i]);
    }
}

static const Expr *write_term(const Term *t, double coefficient) {
    const Expr *value = Num(1), *guard = Truth(true);
    for (int i = 0; i < t->guards.n; i++) guard = And(guard, t->guards.at[i]);
    if (!t->above.n && !t->below.n && coefficient == 1 && t->guards.n) return ToReal(guard);
    for (int i = 0; i < t->above.n; i++) value = Mul(value, t->above.at[i]);
    value = Mul(Num(coefficient), value);
    for (int i = 0; i < t->below.n; i++) value = Div(value, t->below.at[i]);
    return guarded(guard, value);
}

/* --- lists as multisets --- */

static Exprs copy_of(const Exprs *list) {
    Exprs copy = {0};
    for (int i = 0; i < list->n; i++) PUSH(copy, list->at[i]);
    return copy;
}

static bool same(const Exprs *a, const Exprs *b) {
    Exprs rest = copy_of(b);
    if (a->n != b->n) return false;
    for (int i = 0; i < a->n; i++) {
        if (!take(&rest, a->at[i])) return false;
    }
    return true;
}

/* Takes out of every term what all have in this list of theirs; `list` says which list of a term. */
static Exprs take_common(Terms *terms, Exprs *(*list)(Term *)) {
    Exprs common = copy_of(list(terms->at[0]));
    for (int i = 1; i < terms->n; i++) {
        Exprs rest = copy_of(list(terms->at[i])), both = {0};
        for (int k = 0; k < common.n; k++) {
            if (take(&rest, common.at[k])) PUSH(both, common.at[k]);
        }
        common = both;
    }
    for (int i = 0; i < terms->n; i++) {
        for (int k = 0; k < common.n; k++) take(list(terms->at[i]), common.at[k]);
    }
    return common;
}

static Exprs *above_of(Term *t) { return &t->above; }
static Exprs *below_of(Term *t) { return &t->below; }
static Exprs *guards_of(Term *t) { return &t->guards; }

/* --- putting the sum together --- */

/* Gives whether anything changed. A term whose coefficient is 0 goes: it belongs to a branch that a constant has closed. */
static bool merge_equal(Terms *terms) {
    int n = 0;
    for (int i = 0; i < terms->n; i++) {
        Term *t = terms->at[i], *equal = NULL;
        for (int k = 0; k < n && !equal; k++) {
            Term *u = terms->at[k];
            if (same(&t->above, &u->above) && same(&t->below, &u->below) && same(&t->guards, &u->guards)) equal = u;
        }
        if (equal) equal->coefficient += t->coefficient;
        else terms->at[n++] = t;
    }
    int before = terms->n;
    terms->n = 0;
    for (int i = 0; i < n; i++) {
        if (terms->at[i]->coefficient == 0) continue;
        cancel(terms->at[i]);
        terms->at[terms->n++] = terms->at[i];
    }
    return terms->n < before;
}

static double take_common_coefficient(Terms *terms) {
    double size = fabs(terms->at[0]->coefficient);
    bool minus = true;
    for (int i = 0; i < terms->n; i++) {
        if (fabs(terms->at[i]->coefficient) != size) return 1;
        minus = minus && terms->at[i]->coefficient < 0;
    }
    if (minus) size = -size;
    for (int i = 0; i < terms->n; i++) terms->at[i]->coefficient /= size;
    return size;
}

/* A value that is finite whenever the model is: a number, or a read of a scalar of the step. */
static bool is_safe(const Expr *e) {
    return e->kind == X_NUM || e->kind == X_REAL || (e->kind == X_READ && e->tensor->rank == 0 && !e->tensor->adjoint);
}

/* One that is not 0 either: a number of the call. What a program computes may be, as the weight of a batch where all of it is ignored. */
static bool is_safe_divisor(const Expr *e) {
    if (e->kind == X_REAL) e = e->arg[0];
    return e->kind == X_NUM || e->kind == X_INT || (e->kind == X_READ && e->tensor->rank == 0 && e->tensor->role == ROLE_SCALAR);
}

static bool may_leave(const Terms *terms) {
    bool open = false, safe = true;
    for (int i = 0; i < terms->n; i++) open = open || !terms->at[i]->guards.n;
    const Term *first = terms->at[0];
    for (int k = 0; k < first->above.n; k++) safe = safe && is_safe(first->above.at[k]);
    for (int k = 0; k < first->below.n; k++) safe = safe && is_safe_divisor(first->below.at[k]);
    return open || safe;
}

const Expr *factor(const Expr *e) {
    Exprs list = {0};
    Terms terms = {0};
    list_terms(e, &list);
    for (int i = 0; i < list.n; i++) PUSH(terms, read_term(list.at[i]));
    bool changed = merge_equal(&terms);
    if (!terms.n) return Num(0);
    if (terms.n == 1) return changed ? write_term(terms.at[0], terms.at[0]->coefficient) : e;
    Term common = {.guards = take_common(&terms, guards_of)};
    if (may_leave(&terms)) {
        common.above = take_common(&terms, above_of);
        common.below = take_common(&terms, below_of);
    }
    if (!changed && !common.guards.n && !common.above.n && !common.below.n) return e;
    common.coefficient = take_common_coefficient(&terms);
    const Expr *sum = Num(0);
    for (int pass = 0; pass < 2; pass++) {                      /* what is added first, then what is taken away */
        for (int i = 0; i < terms.n; i++) {
            double c = terms.at[i]->coefficient;
            if (pass == 0 && c > 0) sum = Add(sum, write_term(terms.at[i], c));
            if (pass == 1 && c < 0) sum = Sub(sum, write_term(terms.at[i], -c));
        }
    }
    PUSH(common.above, sum);
    return write_term(&common, common.coefficient);
}

/* --- what does not depend on the bound indices --- */

static bool is_free(const Expr *e, const Index *const *bound, int n) {
    for (int k = 0; k < n; k++) {
        if (uses_index(e, bound[k])) return false;
    }
    return true;
}

static Exprs part_of(const Exprs *list, bool free, const Index *const *bound, int n) {
    Exprs part = {0};
    for (int i = 0; i < list->n; i++) {
        if (is_free(list->at[i], bound, n) == free) PUSH(part, list->at[i]);
    }
    return part;
}

bool hoist(const Equation *e, const Expr *sum, const Expr **inside, const Expr **whole) {
    Exprs terms = {0};
    list_terms(e->body, &terms);
    if (terms.n != 1) return false;
    const Term *t = read_term(terms.at[0]);
    const Index *const *bound = e->bound;
    int n = e->n_bound;
    Term in = {.coefficient = 1, .above = part_of(&t->above, false, bound, n), .below = part_of(&t->below, false, bound, n)};
    Term out = {.coefficient = t->coefficient, .below = part_of(&t->below, true, bound, n)};
    Exprs rest = part_of(&t->above, true, bound, n);
    if (t->guards.n || !in.above.n) return false;
    *inside = write_term(&in, 1);
    bool smaller = false, product = rest.n > 0 || (in.above.n > 1 && t->coefficient != 1);
    for (int k = 0; k < e->n_free; k++) smaller = smaller || (uses_index(e->body, e->free[k]) && !uses_index(*inside, e->free[k]));
    if (!out.below.n && !smaller && !product) return false;
    PUSH(out.above, sum);
    for (int i = 0; i < rest.n; i++) PUSH(out.above, rest.at[i]);
    cancel(&out);
    *whole = write_term(&out, out.coefficient);
    return true;
}
