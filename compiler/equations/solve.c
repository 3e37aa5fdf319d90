/* The delta solver: makes sums with deltas into sums over fewer indices, each found from the others.
 *
 *     in    sum(i, u) where(t == 2*i + u, d[i]*w[u], 0)           i < 14, u < 5
 *     out   sum(v) where(2*v + t%2 < 5, d[t//2 - v else 0]*w[2*v + t%2 else 0], 0)          v < 3
 *
 * An equality is read as  weight*digit + ... == rest  with bound indices as digits. One rule is applied at a time, the
 * one that is certain to lose nothing first, until none fits:
 *
 *     EXACT    one digit of weight 1: it is the rest
 *     DIGITS   k//J and k%J of a bound k: k becomes a*J + b
 *     SPLIT    a*J + b == t, b below J: a == t//J and b == t%J; so any mixed radix, with gaps too
 *     STRIDED  one digit of weight w: it is rest//w where w divides the rest
 *     WINDOW   two digits or more: residue classes, see `solve_window`
 *     READ     a digit of weight 1 whose rest reads a tensor of integers at bound indices: a gather
 *
 * The range of what is eliminated becomes a condition unless intervals prove it. An equality that no rule fits stays
 * as a condition: t == token[n] is a scatter, and a kernel knows what to do with it. */
#include "solve.h"
#include <stdlib.h>

enum { MOST_DIGITS = 8, MOST_STEPS = 200 };
typedef enum { EXACT, DIGITS, SPLIT, STRIDED, WINDOW, READ, NO_RULE } Rule;

/* weight > 0; a digit with a minus counts down from the end of its range: its index is extent-1-digit. */
typedef struct { const Index *index; int64_t weight; bool reversed; } Digit;
typedef struct {
    Digit digit[MOST_DIGITS];
    int n;
    const Expr *rest;
    bool pure;                                                  /* the rest is free of bound indices */
    bool reads;                                                 /* the rest reads tensors: it depends on data */
} Equality;

static bool is_bound(const Sum *s, const Index *index) {
    for (int i = 0; i < s->bound.n; i++) {
        if (s->bound.at[i] == index) return true;
    }
    return false;
}

static bool uses_bound(const Sum *s, const Expr *e) {
    for (int i = 0; i < s->bound.n; i++) {
        if (uses_index(e, s->bound.at[i])) return true;
    }
    return false;
}

static bool is_equality(const Expr *c) {
    return c->kind == X_OP && c->op == OP_EQ && c->arg[0]->type != REAL && c->arg[1]->type != REAL;
}

/* --- reading and changing the sum --- */

static void unbind(Sum *s, const Index *index) {
    int n = 0;
    for (int i = 0; i < s->bound.n; i++) {
        if (s->bound.at[i] != index) s->bound.at[n++] = s->bound.at[i];
    }
    s->bound.n = n;
}

static void drop_condition(Sum *s, int which) {
    s->conditions.n--;
    for (int i = which; i < s->conditions.n; i++) s->conditions.at[i] = s->conditions.at[i + 1];
}

static void replace(Sum *s, const Index *index, const Expr *value) {
    const Expr **old = s->conditions.at;
    int n = s->conditions.n;
    s->conditions.at = NULL;
    s->conditions.n = s->conditions.room = 0;
    for (int i = 0; i < n; i++) sum_require(s, substitute(old[i], &index, &value, 1));
    s->term = substitute(s->term, &index, &value, 1);
    unbind(s, index);
}

static void eliminate(Sum *s, const Index *index, const Expr *value) {
    replace(s, index, value);
    sum_require(s, in_range(value, dim_of(index)));
}

static void eliminate_digit(Sum *s, const Digit *d, const Expr *value) {
    eliminate(s, d->index, d->reversed ? Sub(Int(d->index->extent - 1), value) : value);
}

/* Terms of an integer expression: itself, or those of its sum. */
static int term_count(const Expr *e) { return e->kind == X_SUM ? e->n : e->kind == X_INT ? 0 : 1; }
static const Expr *term_atom(const Expr *e, int i) { return e->kind == X_SUM ? e->arg[i] : e; }
static int64_t term_factor(const Expr *e, int i) { return e->kind == X_SUM ? e->factor[i] : 1; }

static int by_weight(const void *a, const void *b) {
    const Digit *x = a, *y = b;
    if (x->weight != y->weight) return x->weight < y->weight ? 1 : -1;
    return x->index->id < y->index->id ? -1 : x->index->id > y->index->id;
}

/* Whether term i of the difference is a bound index that no other term uses. */
static bool is_digit(const Sum *s, const Expr *difference, int i) {
    const Expr *atom = term_atom(difference, i);
    if (atom->kind != X_INDEX || !is_bound(s, atom->index)) return false;
    for (int k = 0; k < term_count(difference); k++) {
        if (k != i && uses_index(term_atom(difference, k), atom->index)) return false;
    }
    return true;
}

static void note_read(const Expr *e, void *reads) {
    if (e->kind == X_READ) *(bool *)reads = true;
}

/* The sign is chosen so that the heaviest digit counts up. An index with a count of its own cannot count down. */
static Equality read_equality(const Sum *s, const Expr *c) {
    const Expr *difference = Sub(c->arg[0], c->arg[1]);
    Equality e = { .rest = difference };
    int64_t heaviest = 0;
    for (int i = 0; i < term_count(difference); i++) {
        int64_t factor = term_factor(difference, i);
        if (factor != INT64_MIN && is_digit(s, difference, i) && llabs(factor) > llabs(heaviest)) heaviest = factor;
    }
    for (int i = 0; i < term_count(difference) && e.n < MOST_DIGITS; i++) {
        const Expr *atom = term_atom(difference, i);
        int64_t factor = term_factor(difference, i);
        if (factor == INT64_MIN || !is_digit(s, difference, i)) continue;
        bool reversed = (factor < 0) != (heaviest < 0);
        if (reversed && atom->index->count) continue;
        e.digit[e.n++] = (Digit){ atom->index, llabs(factor), reversed };
        e.rest = Sub(e.rest, Mul(Int(factor), atom));
        if (reversed) e.rest = Add(e.rest, Mul(Int(factor), Int(atom->index->extent - 1)));
    }
    if (heaviest > 0) e.rest = Neg(e.rest);
    e.pure = !uses_bound(s, e.rest);
    visit_nodes(e.rest, note_read, &e.reads);
    qsort(e.digit, (size_t)e.n, sizeof *e.digit, by_weight);
    return e;
}

/* --- digits of a flat index --- */

/* The period of an atom k//J, k%J, (k//J)%K ... of a bound index k that has no count; NULL when it is none. */
static const Index *digit_of(const Sum *s, const Expr *e, int64_t *period) {
    *period = 1;
    while (e->kind == X_OP && (e->op == OP_FLOORDIV || e->op == OP_MOD) && e->arg[1]->kind == X_INT) {
        if (e->arg[1]->integer <= 0 || __builtin_mul_overflow(*period, e->arg[1]->integer, period)) return NULL;
        e = e->arg[0];
    }
    if (*period == 1 || e->kind != X_INDEX || e->index->count || !is_bound(s, e->index)) return NULL;
    return e->index;
}

typedef struct { const Sum *sum; const Index *index; int64_t cut[MOST_DIGITS]; int n; } Cuts;

static void find_cut(const Expr *e, void *data) {
    Cuts *cuts = data;
    int64_t period;
    const Index *index = digit_of(cuts->sum, e, &period);
    if (!index || (cuts->index && cuts->index != index) || period >= index->extent || cuts->n == MOST_DIGITS) return;
    cuts->index = index;
    int at = cuts->n;
    for (int i = 0; i < cuts->n; i++) {
        if (cuts->cut[i] == period) return;
    }
    while (at > 0 && cuts->cut[at - 1] > period) cuts->cut[at] = cuts->cut[at - 1], at--;
    cuts->cut[at] = period;
    cuts->n++;
}

/* The places at which an index of this equality is cut into digits: each divides the next. */
static Cuts find_cuts(const Sum *s, const Expr *equality) {
    Cuts cuts = { .sum = s };
    visit_nodes(equality, find_cut, &cuts);
    int n = 0;
    for (int i = 0; i < cuts.n; i++) {
        if (n == 0 || cuts.cut[i] % cuts.cut[n - 1] == 0) cuts.cut[n++] = cuts.cut[i];
    }
    cuts.n = n;
    return cuts;
}

static void cut_into_digits(Sum *s, const Cuts *cuts) {
    const Index *k = cuts->index;
    const Expr *value = Int(0);
    int64_t weight = 1;
    for (int i = 0; i <= cuts->n; i++) {
        int64_t next = i < cuts->n ? cuts->cut[i] : 0;
        int64_t extent = next ? next / weight : (k->extent + weight - 1) / weight;
        const Index *digit = index_new(k->name, extent, NULL);
        if (extent > 1) PUSH(s->bound, digit);
        value = Add(value, Mul(Int(weight), At(digit)));
        weight = next;
    }
    eliminate(s, k, value);
}

/* --- the rules for equalities of digits --- */

static int64_t common_divisor(int64_t a, int64_t b) {
    while (b) {
        int64_t r = a % b;
        a = b;
        b = r;
    }
    return a;
}

/* The first place after which all lighter digits together stay below the common divisor of the heavier ones. */
static int split_place(const Equality *e, int64_t *divisor) {
    int64_t g = 0;
    for (int place = 1; place < e->n; place++) {
        int64_t most = 0, part;
        bool fits = true;
        g = common_divisor(e->digit[place - 1].weight, g);
        for (int i = place; i < e->n && fits; i++) {
            const Digit *d = &e->digit[i];
            fits = !__builtin_mul_overflow(d->weight, d->index->extent - 1, &part)
                && !__builtin_add_overflow(most, part, &most) && most < g;
        }
        *divisor = g;
        if (fits) return place;
    }
    return 0;
}

static const Expr *digit_value(const Digit *d) {
    return d->reversed ? Sub(Int(d->index->extent - 1), At(d->index)) : At(d->index);
}

static void split(Sum *s, const Equality *e) {
    int64_t g;
    int place = split_place(e, &g);
    const Expr *heavy = Int(0), *light = Int(0);
    for (int i = 0; i < e->n; i++) {
        const Expr *value = digit_value(&e->digit[i]);
        if (i < place) heavy = Add(heavy, Mul(Int(e->digit[i].weight / g), value));
        else light = Add(light, Mul(Int(e->digit[i].weight), value));
    }
    sum_require(s, Eq(heavy, FloorDiv(e->rest, Int(g))));
    sum_require(s, Eq(light, Mod(e->rest, Int(g))));
}

/* The x with a*x % m == 1, for a and m without a common divisor. */
static int64_t inverse(int64_t a, int64_t m) {
    int64_t r = m, next = a % m, x = 0, next_x = 1;
    while (next) {
        int64_t q = r / next, t = r - q * next;
        r = next, next = t;
        t = x - q * next_x;
        x = next_x, next_x = t;
    }
    return ((x % m) + m) % m;
}

/* How many values are left of `kept` once the residue class that the other's stride asks for is known. */
static int64_t left_over(const Digit *kept, int64_t stride) { return (kept->index->extent + stride - 1) / stride; }

/* s*i + d*u == t, with g the common divisor of s and d: nothing unless g divides t. Then, divided by g, u is in one
 * residue class: u = s*v + (t*d' % s) with d' the inverse of d, and i = (t - d*u)/s. The kept index is the one that leaves the
 * shorter sum. Further digits count as part of t. */
static void solve_window(Sum *s, Equality *e) {
    int gone = 0, kept = 1;
    int64_t best = INT64_MAX;
    for (int a = 0; a < e->n; a++) {
        for (int b = 0; b < e->n; b++) {
            int64_t g = common_divisor(e->digit[a].weight, e->digit[b].weight), stride = e->digit[a].weight / g;
            if (a == b || (stride > 1 && e->digit[b].index->count)) continue;
            if (e->n > 2 && g > 1) continue;
            int64_t left = left_over(&e->digit[b], stride);
            if (left < best || (left == best && e->digit[a].index->extent > e->digit[gone].index->extent)) {
                best = left, gone = a, kept = b;
            }
        }
    }
    const Digit i = e->digit[gone], u = e->digit[kept];
    int64_t g = common_divisor(i.weight, u.weight), stride = i.weight / g, step = u.weight / g;
    const Expr *t = e->rest;
    for (int k = 0; k < e->n; k++) {
        if (k != gone && k != kept) t = Sub(t, Mul(Int(e->digit[k].weight), digit_value(&e->digit[k])));
    }
    sum_require(s, Eq(Mod(t, Int(g)), Int(0)));
    t = FloorDiv(t, Int(g));
    const Expr *place = digit_value(&u), *class = Int(0), *first = t;       /* first: the i of v == 0 */
    if (stride > 1) {
        class = Mod(Mul(t, Int(inverse(step, stride))), Int(stride));
        const Index *v = index_new(u.index->name, left_over(&u, stride), NULL);
        if (v->extent > 1) PUSH(s->bound, v);
        place = At(v);
        eliminate_digit(s, &u, Add(Mul(Int(stride), place), class));
        first = FloorDiv(step == 1 ? t : Sub(t, Mul(Int(step), class)), Int(stride));
    }
    eliminate_digit(s, &i, Sub(first, Mul(Int(step), place)));
}

/* --- choosing --- */

/* Digits may be replaced by what reads bound indices, when the equality is not one that places a free index (that is a
 * scatter, and cheaper). */
static bool may_gather(const Sum *s, const Equality *e) {
    for (int i = 0; i < term_count(e->rest); i++) {
        if (!uses_bound(s, term_atom(e->rest, i))) return false;
    }
    return true;
}

/* Whether an equality other than this one would lose the index that it could be solved for. */
static bool is_wanted(const Sum *s, int which, const Index *index) {
    for (int i = 0; i < s->conditions.n; i++) {
        const Expr *c = s->conditions.at[i];
        if (i != which && is_equality(c) && uses_index(c, index)) return true;
    }
    return false;
}

static int gathered_digit(const Sum *s, int which, const Equality *e) {
    for (int k = 0; k < e->n; k++) {
        if (e->digit[k].weight == 1 && !is_wanted(s, which, e->digit[k].index)) return k;
    }
    return -1;
}

/* a*J + b == what reads bound indices: all digits are known from it. */
static bool splits_read(const Sum *s, int which, const Equality *e) {
    int64_t divisor;
    for (int k = 0; k < e->n; k++) {
        if (is_wanted(s, which, e->digit[k].index)) return false;
    }
    return split_place(e, &divisor) > 0;
}

static Rule rule_for(const Sum *s, int which, Equality *e) {
    int64_t divisor;
    *e = read_equality(s, s->conditions.at[which]);
    if (e->n == 1 && e->pure && e->digit[0].weight == 1) return EXACT;
    if (find_cuts(s, s->conditions.at[which]).n) return DIGITS;
    if (e->n == 0) return NO_RULE;
    if (!e->pure && !may_gather(s, e)) return NO_RULE;
    if (!e->pure) return splits_read(s, which, e) ? SPLIT : gathered_digit(s, which, e) >= 0 ? READ : NO_RULE;
    if (split_place(e, &divisor)) return SPLIT;
    if (e->n == 1) return STRIDED;
    for (int a = 0; a < e->n; a++) {
        for (int b = 0; b < e->n; b++) {
            int64_t g = common_divisor(e->digit[a].weight, e->digit[b].weight);
            bool counted = e->digit[a].weight / g > 1 && e->digit[b].index->count;
            if (a != b && !counted && (e->n == 2 || g == 1)) return WINDOW;
        }
    }
    return NO_RULE;
}

/* Equalities that depend on data come after all others: they are better kept as conditions than the others are. */
static bool solve_one(Sum *s) {
    Rule best = NO_RULE;
    int which = -1;
    Equality chosen = {0}, e;
    for (int i = 0; i < s->conditions.n; i++) {
        if (!is_equality(s->conditions.at[i])) continue;
        Rule rule = rule_for(s, i, &e);
        if (rule == NO_RULE) continue;
        if (best == NO_RULE || e.reads < chosen.reads || (e.reads == chosen.reads && rule < best)) {
            best = rule, which = i, chosen = e;
        }
    }
    if (best == NO_RULE) return false;
    const Expr *condition = s->conditions.at[which];
    if (best == DIGITS) {
        Cuts cuts = find_cuts(s, condition);
        cut_into_digits(s, &cuts);
        return true;
    }
    int gathered = best == READ ? gathered_digit(s, which, &chosen) : 0;
    drop_condition(s, which);
    const Digit *d = &chosen.digit[gathered];
    switch (best) {
    case EXACT: eliminate_digit(s, d, chosen.rest); break;
    case SPLIT: split(s, &chosen); break;
    case STRIDED:
        sum_require(s, Eq(Mod(chosen.rest, Int(d->weight)), Int(0)));
        eliminate_digit(s, d, FloorDiv(chosen.rest, Int(d->weight)));
        break;
    case WINDOW: solve_window(s, &chosen); break;
    case READ: {
        const Expr *value = chosen.rest;
        for (int k = 0; k < chosen.n; k++) {
            if (k != gathered) value = Sub(value, Mul(Int(chosen.digit[k].weight), digit_value(&chosen.digit[k])));
        }
        eliminate_digit(s, d, value);
        break;
    }
    default: break;
    }
    return true;
}

/* --- what is left --- */

/* i < 1 and such: a bound index that its conditions leave one value. */
static bool pin_one(Sum *s) {
    for (int k = 0; k < s->bound.n; k++) {
        const Index *index = s->bound.at[k];
        int64_t lo = 0, hi = index->extent - 1;
        for (int i = 0; i < s->conditions.n; i++) {
            const Expr *c = s->conditions.at[i];
            if (c->kind != X_OP || c->n != 2 || c->arg[0] != At(index) || c->arg[1]->kind != X_INT) continue;
            if (c->op == OP_LT && c->arg[1]->integer <= hi) hi = c->arg[1]->integer - 1;
            if (c->op == OP_GE && c->arg[1]->integer > lo) lo = c->arg[1]->integer;
        }
        if (lo < hi) continue;
        s->nothing = s->nothing || lo > hi;
        eliminate(s, index, Int(lo));
        return true;
    }
    return false;
}

/* A sum over an index that nothing depends on is a product. */
static void count_unused(Sum *s) {
    for (int k = s->bound.n - 1; k >= 0; k--) {
        const Index *index = s->bound.at[k];
        bool used = uses_index(s->term, index);
        for (int i = 0; i < s->conditions.n; i++) used = used || uses_index(s->conditions.at[i], index);
        if (used) continue;
        const Expr *times = Extent(dim_of(index));
        s->term = Mul(s->term, ToReal(times));
        unbind(s, index);
    }
}

void sum_solve(Sum *s) {
    for (int steps = 0; steps < MOST_STEPS && !s->nothing; steps++) {
        if (!solve_one(s) && !pin_one(s)) break;
    }
    if (!s->nothing) count_unused(s);
    if (s->nothing) s->bound.n = 0;
}
