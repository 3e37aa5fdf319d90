/* Expressions: making nodes, and the rewrites of real and logical ones that are exact.
 *
 * Every constructor first tries to say the same with less (x*1 is x, exp(0) is 1, where(true, a, b) is a), and then asks
 * `node` for the node, which gives the equal one when there is one. So equal expressions are one pointer and
 * comparing is ==. What comes out is never looked at again: no rewrite here walks further than one level down.
 *
 *     Add(Mul(x, Num(1)), Neg(z))  is  x - z        Where(Not(c), a, b)  is  where(c, b, a) */
#include "node.h"
#include "program.h"
#include <assert.h>
#include <math.h>
#include <string.h>

/* Nodes with their hashes, so that nearly every look at a place that is taken by another node needs no look at the node. */
typedef struct { uint64_t hash; const Expr *node; } Entry;
static Entry *table;                    /* open addressing; room is a power of two, at most three quarters full */
static int room, used, indices;

void expr_start(void) {
    table = NULL;
    room = used = indices = 0;
    walk_start();
}

int node_count(void) { return used; }

static uint64_t mix(uint64_t h, uint64_t v) {
    h = (h ^ v) * 0x9E3779B97F4A7C15u;
    return h ^ h >> 29;
}

static uint64_t hash_of(const Expr *e) {
    uint64_t h = mix((uint64_t)e->kind * 4 + (uint64_t)e->type, (uint64_t)e->op * 2 + e->guarded);
    h = mix(mix(h, (uint64_t)e->integer), (uint64_t)(uintptr_t)e->tensor);      /* and whatever else lies there */
    for (int k = 0; k < e->n; k++) {
        h = mix(h, (uint64_t)e->arg[k]->id);
        if (e->factor) h = mix(h, (uint64_t)e->factor[k]);
    }
    return h;
}

static bool same(const Expr *a, const Expr *b) {
    if (a->kind != b->kind || a->type != b->type || a->op != b->op || a->guarded != b->guarded || a->n != b->n
        || a->integer != b->integer || a->tensor != b->tensor) return false;
    for (int k = 0; k < a->n; k++)
        if (a->arg[k] != b->arg[k] || (a->factor && a->factor[k] != b->factor[k])) return false;
    return true;
}

static Entry *home_of(uint64_t hash) { return &table[hash & (uint64_t)(room - 1)]; }
static Entry *after(Entry *at) { return at + 1 == table + room ? table : at + 1; }

/* Where the node is, or where it would have to go. */
static Entry *place_of(const Expr *e, uint64_t hash) {
    Entry *at = home_of(hash);
    while (at->node && (at->hash != hash || !same(at->node, e))) at = after(at);
    return at;
}

static void make_room(void) {
    const Entry *old = table;
    int n = room;
    room = room ? 2 * room : 4096;
    table = NEW_ARRAY(Entry, room);
    for (int k = 0; k < n; k++) {
        if (!old[k].node) continue;
        Entry *at = home_of(old[k].hash);
        while (at->node) at = after(at);
        *at = old[k];
    }
}

const Expr *node(const Expr *wanted) {
    if (4 * (used + 1) > 3 * room) make_room();
    uint64_t hash = hash_of(wanted);
    Entry *at = place_of(wanted, hash);
    if (at->node) return at->node;
    /* The operands stand behind the node, and behind them their factors. */
    const size_t arg = sizeof *wanted->arg * (size_t)wanted->n, factor = wanted->factor ? sizeof *wanted->factor * (size_t)wanted->n : 0;
    Expr *e = allocate(sizeof *e + arg + factor);
    *e = *wanted;
    e->id = used++;
    if (arg) e->arg = memcpy(e + 1, wanted->arg, arg);
    if (factor) e->factor = memcpy((char *)(e + 1) + arg, wanted->factor, factor);
    *at = (Entry){ hash, e };
    return e;
}

const Expr *node_op(Op op, Type type, const Expr *a, const Expr *b, int64_t lo, int64_t hi) {
    const Expr *arg[] = { a, b };
    return node(&(Expr){ .kind = X_OP, .type = type, .op = op, .n = b ? 2 : 1, .arg = arg, .lo = lo, .hi = hi });
}

const Expr *node_commutative(Op op, Type type, const Expr *a, const Expr *b, int64_t lo, int64_t hi) {
    const Expr *in_order[] = { a, b }, *turned[] = { b, a };
    Expr e = { .kind = X_OP, .type = type, .op = op, .n = 2, .arg = in_order, .lo = lo, .hi = hi };
    if (room && !place_of(&e, hash_of(&e))->node) {
        e.arg = turned;
        const Expr *found = place_of(&e, hash_of(&e))->node;
        if (found) return found;
        e.arg = in_order;
    }
    return node(&e);
}

const Index *index_new(const char *name, int64_t extent, const Tensor *count) {
    Index *i = NEW(Index);
    *i = (Index){ name, extent, count, indices++ };
    return i;
}

/* --- leaves --- */

const Expr *Num(double value) {
    if (value != value) value = NAN;                            /* one NaN and one zero, each equal to itself as a node */
    if (value == 0) value = 0;
    return node(&(Expr){ .kind = X_NUM, .type = REAL, .num = value });
}

const Expr *Int(int64_t value) {
    return node(&(Expr){ .kind = X_INT, .type = INT, .integer = value, .lo = value, .hi = value });
}

const Expr *Truth(bool value) {
    return node(&(Expr){ .kind = X_INT, .type = BOOL, .integer = value, .lo = value, .hi = value });
}

const Expr *At(const Index *index) {
    if (index->extent == 1 && !index->count) return Int(0);
    return node(&(Expr){ .kind = X_INDEX, .type = INT, .index = index, .lo = 0, .hi = index->extent - 1 });
}

const Expr *Random(const Site *site, const Expr *const *counters, int n) {
    return node(&(Expr){ .kind = X_RANDOM, .type = REAL, .site = site, .arg = counters, .n = n });
}

/* --- reads --- */

static const Expr *read_node(const Tensor *t, const Expr *const *arg, int n, bool guarded) {
    Expr e = { .kind = X_READ, .type = t->type, .tensor = t, .arg = arg, .n = n, .guarded = guarded,
               .lo = t->type == BOOL ? 0 : t->lo, .hi = t->type == BOOL ? 1 : t->hi };
    if (t->type == REAL) e.lo = e.hi = 0;
    else if (guarded) {
        const Expr *otherwise = arg[n - 1];
        if (otherwise->type == INT) e.type = INT;
        if (otherwise->lo < e.lo) e.lo = otherwise->lo;
        if (otherwise->hi > e.hi) e.hi = otherwise->hi;
    }
    return node(&e);
}

const Expr *Read(const Tensor *t, const Expr *const *subs, int n) {
    assert(n == t->rank);
    return read_node(t, subs, n, false);
}

const char *dim_text(Dim d) { return d.count ? d.count->name : text("%lld", (long long)d.extent); }

const Expr *Extent(Dim d) { return d.count ? Read(d.count, NULL, 0) : Int(d.extent); }

/* Where the extent is known at run time only, subscripts are compared with it as sums: t - 1 and T - 1 - t are below T. */
bool inside_dim(const Expr *sub, Dim dim) {
    if (!dim.count) return sub->lo >= 0 && sub->hi < dim.extent;
    if (sub->type == REAL) return false;
    return sub->lo >= 0 && Sub(Sub(Extent(dim), Int(1)), sub)->lo >= 0;
}

bool subscript_proved(const Expr *read, int which) { return inside_dim(read->arg[which], read->tensor->dim[which]); }

bool read_proved(const Expr *read) {
    for (int k = 0; k < read->tensor->rank; k++)
        if (!subscript_proved(read, k)) return false;
    return true;
}

/* The condition that subscript k of the tensor is inside. */
static const Expr *inside(const Tensor *t, int k, const Expr *sub) {
    return And(Ge(sub, Int(0)), Lt(sub, Extent(t->dim[k])));
}

const Expr *ReadElse(const Tensor *t, const Expr *const *subs, int n, const Expr *otherwise) {
    assert(n == t->rank);
    bool proved = true, outside = false;
    for (int k = 0; k < n; k++) {
        if (!inside_dim(subs[k], t->dim[k])) proved = false;
        if (subs[k]->hi < 0 || subs[k]->lo >= t->dim[k].extent) outside = true;
    }
    if (outside) return t->type == REAL ? ToReal(otherwise) : otherwise;
    if (proved) return Read(t, subs, n);
    if (t->type != REAL && otherwise->type == REAL) {           /* an integer tensor with a real value outside */
        const Expr *c = Truth(true);
        for (int k = 0; k < n; k++) c = And(c, inside(t, k, subs[k]));
        return Where(c, ReadElse(t, subs, n, Int(0)), otherwise);
    }
    const Expr *arg[13];
    memcpy(arg, subs, sizeof *arg * (size_t)n);
    arg[n] = t->type == REAL ? ToReal(otherwise) : otherwise;
    return read_node(t, arg, n + 1, true);
}

/* --- from one type to another --- */

bool is_constant(const Expr *e, double *value) {
    if (e->kind == X_REAL) e = e->arg[0];
    if (e->kind != X_NUM && e->kind != X_INT) return false;
    *value = e->kind == X_NUM ? e->num : (double)e->integer;
    return true;
}

static bool is_number(const Expr *e, double value) { return e->kind == X_NUM && e->num == value; }
static bool is_op(const Expr *e, Op op) { return e->kind == X_OP && e->op == op; }

const Expr *ToReal(const Expr *a) {
    if (a->type == REAL) return a;
    if (a->kind == X_INT) return Num((double)a->integer);
    if (a->kind == X_WHERE && a->arg[1]->kind == X_INT && a->arg[2]->kind == X_INT)
        return Where(a->arg[0], ToReal(a->arg[1]), ToReal(a->arg[2]));
    return node(&(Expr){ .kind = X_REAL, .type = REAL, .n = 1, .arg = &a });
}

const Expr *ToTruth(const Expr *a) {
    if (a->type == BOOL) return a;
    return Operate(OP_NE, a, a->type == REAL ? Num(0) : Int(0));
}

/* --- operators --- */

typedef LIST(const Expr *) Parts;

static void gather_parts(Parts *parts, Op op, const Expr *chain) {
    if (is_op(chain, op)) {
        gather_parts(parts, op, chain->arg[0]);
        PUSH(*parts, chain->arg[1]);
    } else PUSH(*parts, chain);
}

/* `and` and `or` are kept as chains that lean to the left. A part that the others imply is left out: constants, what stands
 * there already, and i >= 1 beside i >= 2. */
static const Expr *logic(Op op, const Expr *a, const Expr *b) {
    bool all = op == OP_AND;                                    /* what the other parts are while this one matters */
    if (a->kind == X_INT) return (a->integer != 0) == all ? b : a;
    if (b->kind == X_INT) return (b->integer != 0) == all ? a : b;
    if (is_op(b, op)) return logic(op, logic(op, a, b->arg[0]), b->arg[1]);
    Parts parts = { NULL, 0, 0 };
    gather_parts(&parts, op, a);
    Fact *facts = NEW_ARRAY(Fact, parts.n);
    const Expr *contrary = Not(b);
    for (int k = 0; k < parts.n; k++) {
        facts[k] = (Fact){ parts.at[k], all };
        if (parts.at[k] == contrary) return Truth(!all);
    }
    int known = condition_under(b, facts, parts.n);
    if (known >= 0) return known == all ? a : Truth(!all);
    const Expr *rest = NULL;
    for (int k = 0; k < parts.n; k++)
        if (condition_under(parts.at[k], &(Fact){ b, all }, 1) != all)
            rest = rest ? node_op(op, BOOL, rest, parts.at[k], 0, 1) : parts.at[k];
    return !rest ? b : is_op(rest, op) ? node_op(op, BOOL, rest, b, 0, 1) : node_commutative(op, BOOL, rest, b, 0, 1);
}

static const Expr *negation(const Expr *a) {
    static const Op turned[OP_COUNT] = { [OP_EQ] = OP_NE, [OP_NE] = OP_EQ, [OP_LT] = OP_GE, [OP_GE] = OP_LT,
                                         [OP_GT] = OP_LE, [OP_LE] = OP_GT };
    if (a->kind == X_INT) return Truth(!a->integer);
    if (is_op(a, OP_NOT)) return a->arg[0];
    /* an order of reals is not turned round: with a NaN both are false */
    if (a->kind == X_OP && turned[a->op] && (a->op == OP_EQ || a->op == OP_NE || a->arg[0]->type != REAL))
        return Operate(turned[a->op], a->arg[0], a->arg[1]);
    return node_op(OP_NOT, BOOL, a, NULL, 0, 1);
}

static const Expr *power(const Expr *a, const Expr *b) {
    if (b->kind == X_NUM) {
        if (b->num == 0) return Num(1);
        if (b->num == 1) return a;
        if (b->num == 2) return Mul(a, a);
        if (b->num == 3) return Mul(Mul(a, a), a);
        if (b->num == 0.5) return Operate(OP_SQRT, a, NULL);
        if (b->num == -1) return Div(Num(1), a);
    }
    return node_op(OP_POW, REAL, a, b, 0, 0);
}

/* Signs move outward, into constants and into differences: (-a)*b = -(a*b), a + -b = a - b, -(a - b) = b - a. */
static const Expr *real_operate(Op op, const Expr *a, const Expr *b) {
    bool minus_a = is_op(a, OP_NEG), minus_b = b && is_op(b, OP_NEG);
    switch (op) {
    case OP_ADD:
        if (is_number(a, 0)) return b;
        if (is_number(b, 0)) return a;
        if (minus_b) return Sub(a, b->arg[0]);
        if (minus_a) return Sub(b, a->arg[0]);
        return node_commutative(op, REAL, a, b, 0, 0);
    case OP_SUB:
        if (is_number(b, 0)) return a;
        if (is_number(a, 0)) return Neg(b);
        if (minus_b) return Add(a, b->arg[0]);
        break;
    case OP_MUL:
        if (is_number(a, 1)) return b;
        if (is_number(b, 1)) return a;
        if (is_number(a, -1)) return Neg(b);
        if (is_number(b, -1)) return Neg(a);
        if (minus_a) return b->kind == X_NUM ? Mul(a->arg[0], Num(-b->num)) : Neg(Mul(a->arg[0], b));
        if (minus_b) return a->kind == X_NUM ? Mul(Num(-a->num), b->arg[0]) : Neg(Mul(a, b->arg[0]));
        return node_commutative(op, REAL, a, b, 0, 0);
    case OP_DIV:
        if (is_number(b, 1)) return a;
        if (is_number(b, -1)) return Neg(a);
        if (minus_a) return Neg(Div(a->arg[0], b));
        if (minus_b) return Neg(Div(a, b->arg[0]));
        break;
    case OP_NEG:
        if (minus_a) return a->arg[0];
        if (is_op(a, OP_SUB)) return Sub(a->arg[1], a->arg[0]);
        if (is_op(a, OP_MUL) || is_op(a, OP_DIV)) {
            if (a->arg[0]->kind == X_NUM) return Operate(a->op, Num(-a->arg[0]->num), a->arg[1]);
            if (a->arg[1]->kind == X_NUM) return Operate(a->op, a->arg[0], Num(-a->arg[1]->num));
        }
        break;
    case OP_POW: return power(a, b);
    case OP_MAX: case OP_MIN:
        if (a == b) return a;
        break;
    case OP_ABS:
        if (minus_a || is_op(a, OP_ABS)) return Operate(OP_ABS, a->arg[0], NULL);
        break;
    case OP_STOP:
        if (is_op(a, OP_STOP)) return a;
        break;
    default: break;
    }
    return node_op(op, REAL, a, b, 0, 0);
}

/* The value of an operator of constant reals, or NULL where it is not wanted as a constant. */
static const Expr *folded(Op op, const Expr *a, const Expr *b) {
    if (a->kind != X_NUM || (b && b->kind != X_NUM)) return NULL;
    double value = op_value(op, a->num, b ? b->num : 0);
    if (op_table[op].truth) return Truth(value != 0);
    if (!op_table[op].whole) return Num(value);
    return value >= -0x1p62 && value <= 0x1p62 ? Int((int64_t)value) : NULL;
}

const Expr *Operate(Op op, const Expr *a, const Expr *b) {
    const OpRow *row = &op_table[op];
    assert((b != NULL) == (row->operands == 2));
    if (row->logic) {
        if (op == OP_NOT) return negation(ToTruth(a));
        return logic(op, ToTruth(a), ToTruth(b));
    }
    bool integers = a->type != REAL && (!b || b->type != REAL);
    if (row->whole && integers) return a;
    if (!row->real && integers) return row->truth ? integer_compare(op, a, b) : integer_operate(op, a, b);
    a = ToReal(a);
    if (b) b = ToReal(b);
    const Expr *constant = folded(op, a, b);
    if (constant) return constant;
    if (op == OP_LT && a->kind == X_RANDOM && b->kind == X_NUM && b->num <= 0) return Truth(false);     /* a draw is from [0, 1) */
    if (row->truth) return op == OP_EQ || op == OP_NE ? node_commutative(op, BOOL, a, b, 0, 1) : node_op(op, BOOL, a, b, 0, 1);
    if (row->whole) return node_op(op, INT, a, NULL, INT64_MIN, INT64_MAX);
    return real_operate(op, a, b);
}

/* A choice within an arm that the condition of the arm has made already. */
static const Expr *arm_under(const Expr *arm, const Expr *c, bool holds) {
    while (arm->kind == X_WHERE) {
        int known = condition_under(arm->arg[0], &(Fact){ c, holds }, 1);
        if (known < 0) break;
        arm = arm->arg[known ? 1 : 2];
    }
    return arm;
}

const Expr *Where(const Expr *c, const Expr *a, const Expr *b) {
    c = ToTruth(c);
    Type type = a->type == REAL || b->type == REAL ? REAL : a->type == BOOL && b->type == BOOL ? BOOL : INT;
    if (type == REAL) a = ToReal(a), b = ToReal(b);
    if (c->kind == X_INT) return c->integer ? a : b;
    if (is_op(c, OP_NOT)) return Where(c->arg[0], b, a);
    a = arm_under(a, c, true);
    b = arm_under(b, c, false);
    if (a == b) return a;
    if (type == BOOL && a->kind == X_INT && b->kind == X_INT) return a->integer ? c : Not(c);
    int64_t lo = 0, hi = 0;
    if (type != REAL) where_interval(c, a, b, &lo, &hi);
    const Expr *arg[] = { c, a, b };
    return node(&(Expr){ .kind = X_WHERE, .type = type, .n = 3, .arg = arg, .lo = lo, .hi = hi });
}
