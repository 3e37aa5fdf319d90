/* Recurrences: equations that read themselves, directly or around a circle of others.
 *
 *     h[t, _] = cell(x[t, _], h[t-1, _ else 0])         what is h, while h is being looked at?
 *
 * The name that is met a second time has no value yet, only the shape that its left side says, if it says one. A first round
 * with that finds the shape; then the equation is elaborated again with an assumed tensor in its own place, until shape, type,
 * interval and carried indices come out as they were assumed. All that a round made beside its value is forgotten before the
 * next. Integers and truth values are assumed from "always 0" upwards, so that what a recurrence says, said[t] = argmax(v) ..,
 * is an integer in its own circle too, with an interval that proves table[said[t-1 else bos], d] to be inside. */
#include "left.h"

/* Who reads y while it is looked at knows its shape already, where the left side says it. */
void assume_shape(Name *n, const Left *l) {
    Value v = { .kind = VALUE_TENSOR, .rank = l->n };
    for (int k = 0; k < l->n; k++) {
        if (l->dim[k].extent < 0) return;
        v.dim[k] = l->dim[k];
        v.axis[k] = index_over("a", l->dim[k]);
    }
    Value *known = NEW(Value);
    *known = v;
    n->assumed = known;
}

/* How far an elaboration had come; what was made since can be forgotten. */
typedef struct Mark { int journal, equations, named, parts; } Mark;

static Mark mark(const Elaborator *e) { return (Mark){ e->journal.n, e->program->equations.n, e->named.n, e->parts.n }; }

static void forget(Elaborator *e, Mark m) {
    forget_changes(e, m.journal);
    e->program->equations.n = m.equations;
    e->named.n = m.named;
    e->parts.n = m.parts;
}

static void shape_of_itself(Elaborator *e, Scope *s, const Name *n) {
    model_error(e, s, n->span, "the shape of `%s` depends on itself: declare it, or give the ranges", n->name);
}

/* The shape, the type and the carried indices of v are those assumed: its body is the equation of the assumed tensor. */
static Value finish_recurrence(Elaborator *e, Scope *s, Name *n, const Value *v, const Index *const *carried, int n_carried) {
    Tensor *t = n->assumed_tensor;
    const Index *free[MAX_RANK];
    for (int k = 0; k < n_carried; k++) free[k] = carried[k];
    for (int k = 0; k < v->rank; k++) free[n_carried + k] = v->axis[k];
    const Expr *body = settle_draws(e, t, free, n_carried + v->rank, t->type == REAL ? ToReal(v->body) : v->body);
    equation_new(e->program, t, free, REDUCE_NONE, NULL, 0, body, origin_at(s, n->tree->span));
    PUSH(e->named, ((Named){ t, s->instance, n->name, is_whole_result(s, n), e->mode }));
    Value r = *n->assumed;
    n->assumed = NULL;
    return r;
}

/* What is assumed of the values of an equation that reads itself. */
typedef struct Guess { Type type; int64_t lo, hi; } Guess;

static bool within(const Expr *body, const Guess *g) {
    return g->type == REAL || (body->type == g->type && body->lo >= g->lo && body->hi <= g->hi);
}

/* The equation, elaborated with such values; the carried indices of the assumed tensor are those of v. */
static Value with_guess(Elaborator *e, Scope *s, Name *n, const Value *v, const Index *const *carried, int n_carried, Guess g) {
    const Expr *at[MAX_RANK];
    Dim dims[MAX_RANK];
    for (int k = 0; k < n_carried; k++) { at[k] = At(carried[k]); dims[k] = dim_of(carried[k]); }
    for (int k = 0; k < v->rank; k++) dims[n_carried + k] = v->dim[k];
    n->assumed_tensor = tensor_new("", ROLE_VALUE, g.type, n_carried + v->rank, dims, origin_at(s, n->tree->span));
    if (g.type != REAL) { n->assumed_tensor->lo = g.lo; n->assumed_tensor->hi = g.hi; }
    Value *assumed = NEW(Value);
    *assumed = of_tensor(n->assumed_tensor, at, n_carried);
    n->assumed = assumed;
    n->recursive = true;
    return equation(e, s, n);
}

/* The least that can be assumed: from "always 0" upwards, until what follows from it is no more than it. Errors wait, since a
 * guess may be wrong. Integers whose interval keeps growing, as a count's does, are real numbers. */
static Guess least_guess(Elaborator *e, Scope *s, Name *n, const Value *v, Mark before) {
    enum { ROUNDS = 7, NEAR = 4 };
    const Guess real = { REAL, 0, 0 }, wide = { INT, -((int64_t)1 << 30), (int64_t)1 << 30 };
    Guess g = { BOOL, 0, 0 };
    for (int round = 0; round < ROUNDS; round++) {
        forget(e, before);
        e->tentative++;
        Value next = with_guess(e, s, n, v, NULL, 0, g);
        e->tentative--;
        if (next.kind != VALUE_TENSOR || !next.body || next.body->type == REAL) return real;
        const Expr *b = next.body;
        if (g.type == BOOL && b->type == INT) { g.type = INT; continue; }
        bool narrows = g.lo == wide.lo || g.hi == wide.hi;
        if (within(b, &g) && !narrows) return g;
        if (within(b, &g)) { g.lo = b->lo; g.hi = b->hi; continue; }
        if (narrows) return real;
        g.lo = b->lo >= g.lo ? g.lo : round < NEAR ? b->lo : wide.lo;
        g.hi = b->hi <= g.hi ? g.hi : round < NEAR ? b->hi : wide.hi;
    }
    return real;
}

/* An equation that reads itself: elaborated again with the shape and carried indices that came out, until they stay. */
static Value recurrence(Elaborator *e, Scope *s, Name *n, Value v, Mark before) {
    const Index *carried[4*MAX_RANK];
    int n_carried = 0;
    Guess g = v.kind == VALUE_TENSOR ? least_guess(e, s, n, &v, before) : (Guess){ REAL, 0, 0 };
    n->assumed_tensor = NULL;
    for (int round = 0; round < 8; round++) {
        if (v.kind != VALUE_TENSOR) break;
        if (round && !v.body && e->tentative) return v;         /* it hangs on a recurrence around it */
        const Index *now[4*MAX_RANK];
        int n_now = v.body ? carried_indices(e, v.body, v.axis, v.rank, now, 4*MAX_RANK) : 0;
        bool stays = n->assumed && n->assumed_tensor && v.body && same_shape(n->assumed, &v) && n_now == n_carried && within(v.body, &g);
        for (int k = 0; stays && k < n_now; k++) stays = now[k] == carried[k];
        if (stays) return finish_recurrence(e, s, n, &v, now, n_now);
        if (n_now < 0 || n_now + v.rank > MAX_RANK) {
            model_error(e, s, n->span, "more than %d axes", MAX_RANK);
            return bad_value;
        }
        n_carried = n_now;
        for (int k = 0; k < n_now; k++) carried[k] = now[k];
        if (v.body && !within(v.body, &g)) g = (Guess){ REAL, 0, 0 };
        forget(e, before);
        v = with_guess(e, s, n, &v, carried, n_carried, g);
    }
    n->assumed = NULL;
    if (v.kind != VALUE_BAD) shape_of_itself(e, s, n);
    return bad_value;
}

Value equation_value(Elaborator *e, Scope *s, Name *n) {
    Mark before = mark(e);
    n->busy = true;
    n->waiting = 0;
    n->recursive = false;
    n->assumed = NULL;
    n->assumed_tensor = NULL;
    Value v = equation(e, s, n);
    if (n->recursive) {
        e->tentative -= n->waiting;                             /* until here, what hangs on it was not known */
        n->waiting = 0;
        bool is_name = n->tree->child[n->which]->kind == TREE_NAME;
        if (v.kind == VALUE_TENSOR && !is_name) v = recurrence(e, s, n, v, before);
        else {
            if (is_name) model_error(e, s, n->span, "`%s` depends on itself, and not earlier along an index", n->name);
            else shape_of_itself(e, s, n);
            v = bad_value;
        }
    }
    n->busy = false;
    n->recursive = false;
    return v;
}

/* y = f(x), where x leads around a recurrence and back to y: the circle is closed by an equation with indices, inside of f or
 * before it, so y is looked at once more. What comes out is y for those around it too. */
Value passed_through(Elaborator *e, Scope *s, Name *n) {
    n->passed = true;
    Value v = equation(e, s, n);
    n->passed = false;
    if (v.kind == VALUE_TENSOR && v.body && !n->value) remember(e, &n->value, v);
    return v;
}
