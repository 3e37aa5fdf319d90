/* Integers: the normal form of sums, floor division and remainder, comparisons, intervals.
 *
 * A sum of constant times atom is one node, X_SUM, its terms in structural order; so two ways to write a subscript are one
 * pointer. Every integer node knows an interval of its values, INT64_MIN and INT64_MAX standing for no bound. Where
 * 64 bits do not hold a factor or a constant the operation stays an X_OP, which is right but opaque.
 *
 *     (J*i + j)//J = i      (J*i + j) % J = j      (k//J)*J + k%J = k      for 0 <= j < J
 *     i - 1 < j + 2  is  i < j + 3                 2*i == 2*j + 1  is  false */
#include "node.h"
#include "program.h"
#include <string.h>

typedef struct { int64_t lo, hi; } Range;
static const Range anything = { INT64_MIN, INT64_MAX };

static int64_t held(__int128 v) { return v < INT64_MIN ? INT64_MIN : v > INT64_MAX ? INT64_MAX : (int64_t)v; }
static bool unbounded(int64_t v) { return v == INT64_MIN || v == INT64_MAX; }
static bool empty(Range r) { return r.lo > r.hi; }
static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static Range range_of(const Expr *e) { return (Range){ e->lo, e->hi }; }
static Range both(Range a, Range b) { return (Range){ most(a.lo, b.lo), least(a.hi, b.hi) }; }
static Range either(Range a, Range b) {
    return empty(a) ? b : empty(b) ? a : (Range){ least(a.lo, b.lo), most(a.hi, b.hi) };
}

static int64_t add_bound(int64_t a, int64_t b) { return unbounded(a) ? a : unbounded(b) ? b : held((__int128)a + b); }
static Range plus(Range a, Range b) { return (Range){ add_bound(a.lo, b.lo), add_bound(a.hi, b.hi) }; }

static int64_t times_bound(int64_t a, int64_t b) {
    if (a == 0 || b == 0) return 0;
    if (unbounded(a) || unbounded(b)) return (a < 0) == (b < 0) ? INT64_MAX : INT64_MIN;
    return held((__int128)a * b);
}

static Range times(Range a, Range b) {
    int64_t p = times_bound(a.lo, b.lo), q = times_bound(a.lo, b.hi), r = times_bound(a.hi, b.lo), s = times_bound(a.hi, b.hi);
    return (Range){ least(least(p, q), least(r, s)), most(most(p, q), most(r, s)) };
}

static int64_t floor_div(int64_t a, int64_t c) { return a / c - (a % c != 0 && (a < 0) != (c < 0)); }
static int64_t floor_bound(int64_t a, int64_t c) { return unbounded(a) ? a : floor_div(a, c); }

static int64_t gcd(int64_t a, int64_t b) {
    while (b) { int64_t r = a % b; a = b, b = r; }
    return a < 0 ? -a : a;
}

/* --- sums while they are worked on --- */

static int sign_of(int64_t a, int64_t b) { return (a > b) - (a < b); }

/* The order of terms: by structure, because ids follow the order in which a C compiler evaluates arguments. Equal parts are
 * one node, so the comparison goes down into one operand only. */
static int compare(const Expr *a, const Expr *b) {
    int c;
    if (a == b) return 0;
    if ((c = sign_of(a->kind, b->kind)) || (c = sign_of(a->op, b->op)) || (c = sign_of(a->n, b->n))
        || (c = sign_of(a->guarded, b->guarded)) || (c = sign_of(a->type, b->type))) return c;
    if (a->kind == X_INDEX) return sign_of(a->index->id, b->index->id);
    if (a->kind == X_READ && a->tensor != b->tensor && (c = strcmp(a->tensor->name, b->tensor->name))) return c;
    if (a->kind == X_RANDOM && a->site != b->site && (c = strcmp(a->site->path, b->site->path))) return c;
    for (int k = 0; k < a->n; k++)
        if (a->arg[k] != b->arg[k]) return compare(a->arg[k], b->arg[k]);
    for (int k = 0; k < a->n && a->factor; k++)
        if (a->factor[k] != b->factor[k]) return sign_of(a->factor[k], b->factor[k]);
    if (a->kind == X_NUM) return a->num < b->num ? -1 : 1;
    if (a->integer != b->integer) return sign_of(a->integer, b->integer);
    return sign_of(a->id, b->id);
}

typedef struct { const Expr *atom; int64_t factor; } Term;
typedef struct { int64_t constant; LIST(Term) terms; Term few[8]; bool overflow; } Sum;

static void sum_start(Sum *s) {
    *s = (Sum){ .constant = 0 };
    s->terms.at = s->few;
    s->terms.room = 8;
}

static void add_term(Sum *s, const Expr *atom, int64_t factor) {
    int k = 0;
    while (k < s->terms.n && compare(s->terms.at[k].atom, atom) < 0) k++;
    if (k < s->terms.n && s->terms.at[k].atom == atom) {
        Term *t = &s->terms.at[k];
        s->overflow |= __builtin_add_overflow(t->factor, factor, &t->factor);
        if (t->factor) return;
        for (s->terms.n--; k < s->terms.n; k++) s->terms.at[k] = s->terms.at[k + 1];
    } else if (factor) {
        PUSH(s->terms, ((Term){ atom, factor }));
        for (int j = s->terms.n - 1; j > k; j--) s->terms.at[j] = s->terms.at[j - 1];
        s->terms.at[k] = (Term){ atom, factor };
    }
}

/* s += factor*e */
static void add_scaled(Sum *s, const Expr *e, int64_t factor) {
    int64_t part;
    if (e->kind == X_INT || e->kind == X_SUM) {
        s->overflow |= __builtin_mul_overflow(e->integer, factor, &part);
        s->overflow |= __builtin_add_overflow(s->constant, part, &s->constant);
        for (int k = 0; k < e->n; k++) {
            s->overflow |= __builtin_mul_overflow(e->factor[k], factor, &part);
            add_term(s, e->arg[k], part);
        }
    } else add_term(s, e, factor);
}

static bool is_number(const Expr *e, const Tensor *t) { return e->kind == X_READ && e->tensor == t; }
static bool runs_over(const Expr *e, const Tensor *count) { return e->kind == X_INDEX && e->index->count == count; }

/* g*T + f*i + ... where i runs below T: T and its indices together, of which a sum of intervals would know too little. The
 * extremes lie in corners: T = 1 with each i = 0, or T at its largest with each i at either end. */
static Range range_with_count(const Sum *s, const Term *t) {
    const Tensor *count = t->atom->tensor;
    int64_t largest = count->hi;
    for (int k = 0; k < s->terms.n; k++) {
        const Expr *i = s->terms.at[k].atom;
        if (runs_over(i, count) && i->index->extent < largest) largest = i->index->extent;
    }
    Range r = times((Range){ t->factor, t->factor }, (Range){ largest, largest });
    for (int k = 0; k < s->terms.n; k++) {
        const Term *i = &s->terms.at[k];
        if (runs_over(i->atom, count)) r = plus(r, times((Range){ i->factor, i->factor }, (Range){ 0, largest - 1 }));
    }
    int64_t at_one = t->factor;
    return (Range){ at_one < r.lo ? at_one : r.lo, at_one > r.hi ? at_one : r.hi };
}

static Range range_of_sum(const Sum *s) {
    Range r = { s->constant, s->constant };
    for (int k = 0; k < s->terms.n; k++) {
        const Term *t = &s->terms.at[k];
        bool counted = false, counts = false;
        for (int j = 0; j < s->terms.n; j++) {
            const Expr *other = s->terms.at[j].atom;
            counted = counted || (t->atom->kind == X_INDEX && t->atom->index->count && is_number(other, t->atom->index->count));
            counts = counts || (t->atom->kind == X_READ && t->atom->tensor->rank == 0 && runs_over(other, t->atom->tensor));
        }
        if (counted) continue;                                  /* comes with its count */
        r = plus(r, counts ? range_with_count(s, t) : times((Range){ t->factor, t->factor }, range_of(t->atom)));
    }
    return r;
}

static bool is_op(const Expr *e, Op op) { return e->kind == X_OP && e->op == op; }
static bool by_constant(const Expr *e, Op op) { return is_op(e, op) && e->arg[1]->kind == X_INT && e->arg[1]->integer > 0; }

/* (R//c)*c*f + (R % c)*f  becomes  f*R. */
static bool join_digits(Sum *s) {
    for (int k = 0; k < s->terms.n; k++) {
        Term low = s->terms.at[k];
        if (!by_constant(low.atom, OP_MOD)) continue;
        int64_t wanted;
        if (__builtin_mul_overflow(low.factor, low.atom->arg[1]->integer, &wanted)) continue;
        for (int j = 0; j < s->terms.n; j++) {
            Term high = s->terms.at[j];
            if (high.factor != wanted || !by_constant(high.atom, OP_FLOORDIV)) continue;
            if (integer_operate(OP_FLOORDIV, low.atom->arg[0], low.atom->arg[1]) != high.atom) continue;
            add_term(s, low.atom, -low.factor);
            add_term(s, high.atom, -high.factor);
            add_scaled(s, low.atom->arg[0], low.factor);
            return true;
        }
    }
    return false;
}

/* The node of a sum that did not overflow. */
static const Expr *sum_node(Sum *s) {
    while (join_digits(s)) continue;
    int n = s->terms.n;
    if (!n) return Int(s->constant);
    if (n == 1 && s->terms.at[0].factor == 1 && !s->constant) return s->terms.at[0].atom;
    const Expr *few[8], **arg = n <= 8 ? few : NEW_ARRAY(const Expr *, n);
    int64_t few_factors[8], *factor = n <= 8 ? few_factors : NEW_ARRAY(int64_t, n);
    for (int k = 0; k < n; k++) {
        arg[k] = s->terms.at[k].atom;
        factor[k] = s->terms.at[k].factor;
    }
    Range r = range_of_sum(s);
    return node(&(Expr){ .kind = X_SUM, .type = INT, .integer = s->constant, .n = n, .arg = arg, .factor = factor,
                         .lo = r.lo, .hi = r.hi });
}

const Expr *integer_sum(const Expr *const *arg, const int64_t *factor, int n, int64_t constant) {
    Sum s;
    sum_start(&s);
    s.constant = constant;
    for (int k = 0; k < n; k++) add_scaled(&s, arg[k], factor[k]);
    if (!s.overflow) return sum_node(&s);
    const Expr *e = Int(constant);                              /* too large for the normal form: one step after another */
    for (int k = 0; k < n; k++) e = Add(e, Mul(Int(factor[k]), arg[k]));
    return e;
}

static const Expr *combined(Op op, const Expr *a, int64_t a_factor, const Expr *b, int64_t b_factor) {
    Sum s;
    sum_start(&s);
    add_scaled(&s, a, a_factor);
    if (b) add_scaled(&s, b, b_factor);
    return s.overflow ? node_op(op, INT, a, op == OP_NEG ? NULL : b, INT64_MIN, INT64_MAX) : sum_node(&s);
}

static const Expr *product(const Expr *a, const Expr *b) {
    if (a->kind == X_INT && b->kind != X_INT) return product(b, a);
    if (b->kind == X_INT) {
        Sum s;
        sum_start(&s);
        add_scaled(&s, a, b->integer);
        if (!s.overflow) return sum_node(&s);
    }
    Range r = times(range_of(a), range_of(b));
    return node_commutative(OP_MUL, INT, a, b, r.lo, r.hi);
}

/* --- floor division and remainder --- */

/* a = c*Q + R for a constant c > 0, as much as possible in Q; R's constant lies in [0, c). */
static bool split(const Expr *a, int64_t c, Sum *q, Sum *r) {
    Sum s;
    sum_start(&s), sum_start(q), sum_start(r);
    add_scaled(&s, a, 1);
    q->constant = floor_div(s.constant, c);
    r->constant = s.constant % c + (s.constant % c < 0 ? c : 0);
    for (int k = 0; k < s.terms.n; k++) {
        Term t = s.terms.at[k];
        add_term(q, t.atom, t.factor / c);
        add_term(r, t.atom, t.factor % c);
    }
    /* one and the same quotient everywhere: R - c*quotient is the remainder itself */
    Range range = range_of_sum(r);
    if (range.lo < INT64_MIN / 4 || range.hi > INT64_MAX / 4) return false;
    int64_t first = floor_div(range.lo, c);
    if (first != floor_div(range.hi, c)) return false;
    q->overflow |= __builtin_add_overflow(q->constant, first, &q->constant);
    r->constant -= first * c;
    return true;
}

/* R and c divided by what all terms of R and c have in common. Gives the divisor; what is left of R's constant in *low. */
static int64_t reduce(Sum *r, int64_t *c, int64_t *low) {
    int64_t g = *c;
    for (int k = 0; k < r->terms.n; k++) g = gcd(g, r->terms.at[k].factor);
    *low = r->constant % g;
    r->constant /= g;
    *c /= g;
    for (int k = 0; k < r->terms.n; k++) r->terms.at[k].factor /= g;
    return g;
}

static const Expr *floor_divide(const Expr *a, int64_t c) {
    if (c == 1) return a;
    Sum q, r;
    int64_t low, whole = c, product;
    bool exact = split(a, c, &q, &r);
    if (q.overflow || r.overflow) return node_op(OP_FLOORDIV, INT, a, Int(c), INT64_MIN, INT64_MAX);
    if (exact) return sum_node(&q);
    reduce(&r, &whole, &low);
    const Expr *rest = sum_node(&r), *atom;
    if (by_constant(rest, OP_FLOORDIV) && !__builtin_mul_overflow(rest->arg[1]->integer, whole, &product))
        atom = floor_divide(rest->arg[0], product);
    else atom = node_op(OP_FLOORDIV, INT, rest, Int(whole), floor_bound(rest->lo, whole), floor_bound(rest->hi, whole));
    add_scaled(&q, atom, 1);
    return sum_node(&q);
}

static const Expr *remainder_of(const Expr *a, int64_t c) {
    if (c == 1) return Int(0);
    Sum q, r;
    int64_t low, whole = c;
    bool exact = split(a, c, &q, &r);
    if (r.overflow) return node_op(OP_MOD, INT, a, Int(c), 0, c - 1);
    if (exact) return sum_node(&r);
    int64_t g = reduce(&r, &whole, &low);
    const Expr *rest = sum_node(&r), *atom = rest;
    if (by_constant(rest, OP_MOD) && rest->arg[1]->integer % whole == 0) atom = remainder_of(rest->arg[0], whole);
    else atom = node_op(OP_MOD, INT, rest, Int(whole), 0, whole - 1);
    Sum s;
    sum_start(&s);
    add_scaled(&s, atom, g);
    s.constant += low;
    return sum_node(&s);
}

/* --- comparisons --- */

/* S op bound, where S is the sum without its constant: which values S may have when the comparison holds. */
static Range allowed(Op op, int64_t bound) {
    switch (op) {
    case OP_EQ: return (Range){ bound, bound };
    case OP_LT: return (Range){ INT64_MIN, held((__int128)bound - 1) };
    case OP_LE: return (Range){ INT64_MIN, bound };
    case OP_GT: return (Range){ held((__int128)bound + 1), INT64_MAX };
    case OP_GE: return (Range){ bound, INT64_MAX };
    default: return anything;
    }
}

static int decided(Op op, Range r) {                            /* is r op 0: 1 yes, 0 no, -1 not known */
    switch (op) {
    case OP_EQ: return r.lo == 0 && r.hi == 0 ? 1 : r.lo > 0 || r.hi < 0 ? 0 : -1;
    case OP_LT: return r.hi < 0 ? 1 : r.lo >= 0 ? 0 : -1;
    case OP_LE: return r.hi <= 0 ? 1 : r.lo > 0 ? 0 : -1;
    case OP_NE: { int equal = decided(OP_EQ, r); return equal < 0 ? -1 : !equal; }
    case OP_GE: { int less = decided(OP_LT, r); return less < 0 ? -1 : !less; }
    default: { int less = decided(OP_LE, r); return less < 0 ? -1 : !less; }
    }
}

/* The terms of one sign on each side, divided by what they have in common, the first term on the left; the constant on the
 * right. Orders are S < k and S >= k, written S <= and S > where that takes away a 1 beside other terms. */
const Expr *integer_compare(Op op, const Expr *a, const Expr *b) {
    static const Op mirrored[OP_COUNT] = { [OP_EQ] = OP_EQ, [OP_NE] = OP_NE, [OP_LT] = OP_GT, [OP_GT] = OP_LT,
                                           [OP_LE] = OP_GE, [OP_GE] = OP_LE };
    Sum d, left, right;
    sum_start(&d), sum_start(&left), sum_start(&right);
    add_scaled(&d, a, 1);
    add_scaled(&d, b, -1);
    bool held_back = d.overflow || d.constant <= -INT64_MAX;    /* what has no room to be negated or to grow by 1 */
    for (int k = 0; k < d.terms.n; k++) held_back |= d.terms.at[k].factor == INT64_MIN;
    if (held_back) return node_op(op, BOOL, a, b, 0, 1);
    while (join_digits(&d)) continue;
    int known = decided(op, range_of_sum(&d));
    if (known >= 0) return Truth(known);
    if (d.terms.at[0].factor < 0) {
        op = mirrored[op];
        d.constant = -d.constant;
        for (int k = 0; k < d.terms.n; k++) d.terms.at[k].factor = -d.terms.at[k].factor;
    }
    int64_t g = 0, bound = -d.constant;
    for (int k = 0; k < d.terms.n; k++) g = gcd(g, d.terms.at[k].factor);
    if ((op == OP_EQ || op == OP_NE) && bound % g) return Truth(op == OP_NE);
    if (op == OP_LE || op == OP_GT) bound++;                     /* S <= k is S < k+1 */
    if (op == OP_LE) op = OP_LT;
    if (op == OP_GT) op = OP_GE;
    bound = -floor_div(-bound, g);                              /* S < k is S/g < ceil(k/g) */
    for (int k = 0; k < d.terms.n; k++) {
        Term t = d.terms.at[k];
        if (t.factor > 0) add_term(&left, t.atom, t.factor / g);
        else add_term(&right, t.atom, -(t.factor / g));
    }
    if (bound == 1 && right.terms.n && (op == OP_LT || op == OP_GE)) op = op == OP_LT ? OP_LE : OP_GT, bound = 0;
    right.constant = bound;
    const Expr *l = sum_node(&left), *r = sum_node(&right);
    /* a truth value compared with 0 or 1 is itself, or its contrary */
    if (l->type == BOOL && r->kind == X_INT) return (op == OP_EQ || op == OP_GE) == (r->integer == 1) ? l : Not(l);
    return node_op(op, BOOL, l, r, 0, 1);
}

/* --- intervals under a condition --- */

/* What the fact leaves of the interval r of e: any when e is a multiple of the compared sum, plus a constant. */
static Range tightened(Range r, const Expr *e, const Expr *condition, bool holds) {
    static const Op contrary[OP_COUNT] = { [OP_EQ] = OP_NE, [OP_NE] = OP_EQ, [OP_LT] = OP_GE, [OP_GE] = OP_LT,
                                           [OP_GT] = OP_LE, [OP_LE] = OP_GT };
    if (condition->kind != X_OP) return r;
    Op op = condition->op;
    if (op == OP_NOT) return tightened(r, e, condition->arg[0], !holds);
    if ((op == OP_AND && holds) || (op == OP_OR && !holds))
        return tightened(tightened(r, e, condition->arg[0], holds), e, condition->arg[1], holds);
    if (!contrary[op] || condition->arg[0]->type == REAL) return r;
    if (!holds) op = contrary[op];
    Sum d, s;
    sum_start(&d), sum_start(&s);
    add_scaled(&d, condition->arg[0], 1);
    add_scaled(&d, condition->arg[1], -1);
    add_scaled(&s, e, 1);
    if (d.overflow || s.overflow || d.terms.n != s.terms.n || !d.terms.n || d.constant == INT64_MIN) return r;
    if (d.terms.at[0].factor == -1 && s.terms.at[0].factor == INT64_MIN) return r;
    int64_t ratio = s.terms.at[0].factor / d.terms.at[0].factor;
    for (int k = 0; k < d.terms.n; k++)
        if (s.terms.at[k].atom != d.terms.at[k].atom || s.terms.at[k].factor != times_bound(ratio, d.terms.at[k].factor)) return r;
    Range values = allowed(op, -d.constant);
    return both(r, plus((Range){ s.constant, s.constant }, times((Range){ ratio, ratio }, values)));
}

static Range range_under(const Expr *e, Fact *facts, int n) {
    Range r = range_of(e);
    if (e->kind == X_WHERE && n < MOST_FACTS) {
        facts[n] = (Fact){ e->arg[0], true };
        Range yes = range_under(e->arg[1], facts, n + 1);
        facts[n].holds = false;
        r = both(r, either(yes, range_under(e->arg[2], facts, n + 1)));
    } else if (e->kind == X_SUM) {
        Range total = { e->integer, e->integer };
        for (int k = 0; k < e->n; k++) {
            Range part = range_under(e->arg[k], facts, n);
            if (empty(part)) return part;
            total = plus(total, times((Range){ e->factor[k], e->factor[k] }, part));
        }
        r = both(r, total);
    } else if (is_op(e, OP_MAX) || is_op(e, OP_MIN)) {
        Range a = range_under(e->arg[0], facts, n), b = range_under(e->arg[1], facts, n);
        if (empty(a) || empty(b)) return empty(a) ? a : b;
        if (e->op == OP_MAX) r = both(r, (Range){ most(a.lo, b.lo), most(a.hi, b.hi) });
        else r = both(r, (Range){ least(a.lo, b.lo), least(a.hi, b.hi) });
    }
    if (e->kind != X_INT)
        for (int k = 0; k < n; k++) r = tightened(r, e, facts[k].condition, facts[k].holds);
    return r;
}

void interval_under(const Expr *e, const Fact *facts, int n, int64_t *lo, int64_t *hi) {
    Fact known[MOST_FACTS];
    if (n > MOST_FACTS) n = MOST_FACTS;
    for (int k = 0; k < n; k++) known[k] = facts[k];
    Range r = range_under(e, known, n);
    *lo = r.lo, *hi = r.hi;
}

int condition_under(const Expr *c, const Fact *facts, int n) {
    for (int k = 0; k < n; k++)
        if (facts[k].condition == c) return facts[k].holds;
    if (c->kind == X_INT) return c->integer != 0;
    if (c->kind != X_OP) return -1;
    if (c->op == OP_AND || c->op == OP_OR) {
        int a = condition_under(c->arg[0], facts, n), b = condition_under(c->arg[1], facts, n), settles = c->op == OP_OR;
        return a == settles || b == settles ? settles : a < 0 || b < 0 ? -1 : !settles;
    }
    if (c->op == OP_NOT) {
        int a = condition_under(c->arg[0], facts, n);
        return a < 0 ? -1 : !a;
    }
    if (!op_table[c->op].truth || c->arg[0]->type == REAL) return -1;
    Range r;
    interval_under(Sub(c->arg[0], c->arg[1]), facts, n, &r.lo, &r.hi);
    return empty(r) ? -1 : decided(c->op, r);
}

void where_interval(const Expr *c, const Expr *a, const Expr *b, int64_t *lo, int64_t *hi) {
    Fact facts[MOST_FACTS];
    facts[0] = (Fact){ c, true };
    Range yes = range_under(a, facts, 1);
    facts[0].holds = false;
    Range r = either(yes, range_under(b, facts, 1));
    if (empty(r)) r = either(range_of(a), range_of(b));         /* neither arm can be: whatever it is, it is not used */
    *lo = r.lo, *hi = r.hi;
}

/* --- the operators --- */

static const Expr *extreme(Op op, const Expr *a, const Expr *b) {
    Sum d;
    sum_start(&d);
    add_scaled(&d, a, 1);
    add_scaled(&d, b, -1);
    Range r = d.overflow ? anything : range_of_sum(&d);
    if (op == OP_MAX ? r.lo >= 0 : r.hi <= 0) return a;
    if (op == OP_MAX ? r.hi <= 0 : r.lo >= 0) return b;
    if (op == OP_MAX) return node_op(op, INT, a, b, most(a->lo, b->lo), most(a->hi, b->hi));
    return node_op(op, INT, a, b, least(a->lo, b->lo), least(a->hi, b->hi));
}

const Expr *integer_operate(Op op, const Expr *a, const Expr *b) {
    switch (op) {
    case OP_ADD: return combined(op, a, 1, b, 1);
    case OP_SUB: return combined(op, a, 1, b, -1);
    case OP_NEG: return combined(op, a, -1, NULL, 0);
    case OP_MUL: return product(a, b);
    case OP_FLOORDIV:
        if (b->kind == X_INT && b->integer > 0) return floor_divide(a, b->integer);
        if (b->kind == X_INT && b->integer < -1 && a->kind == X_INT) return Int(floor_div(a->integer, b->integer));
        if (b->kind == X_INT && b->integer == -1) return Neg(a);
        break;
    case OP_MOD:
        if (b->kind == X_INT && b->integer > 0) return remainder_of(a, b->integer);
        if (b->kind == X_INT && b->integer < -1 && a->kind == X_INT)
            return Int(a->integer % b->integer + (a->integer % b->integer > 0 ? b->integer : 0));
        break;
    case OP_MAX: case OP_MIN: return extreme(op, a, b);
    case OP_ABS:
        if (a->lo >= 0) return a;
        if (a->hi <= 0) return Neg(a);
        return node_op(op, INT, a, NULL, 0, most(a->hi, unbounded(a->lo) ? INT64_MAX : -a->lo));
    case OP_SIGN:
        if (a->lo > 0 || a->hi < 0 || (a->lo == 0 && a->hi == 0)) return Int((a->lo > 0) - (a->hi < 0));
        return node_op(op, INT, a, NULL, a->lo < 0 ? -1 : 0, a->hi > 0);
    case OP_STOP: return a;
    default: break;
    }
    return node_op(op, INT, a, b, INT64_MIN, INT64_MAX);
}
