/* Turns: maps that move by ones along one index where they read, and along another where they store, as samples between rows and blocks
 * of 16, or weights on their way into panels.
 *
 *     b[i, j] = x[j, i]            for i_4, j_4:  nn_turn: four vectors of x, turned about their diagonal, are four of b
 *
 * Compilers move such numbers one by one. Squares stand in tiles of both indices, so that lines come once. Where the last samples are fewer
 * than a block, the rest goes one by one too. */
#include "../equations/solve.h"
#include "group.h"

enum { SQUARE = 4, LONGEST_TILE = 32 };

/* An index in tiles, and a tile in squares or by ones. */
typedef struct { const Index *tile, *square, *within, *rest; const Expr *by_squares, *by_ones; } Digits;

static bool has_squares(const Index *i) { return !i->count && i->extent >= 2*SQUARE && i->extent % SQUARE == 0; }

static Digits digits_of(const Index *i) {
    int64_t length = i->extent < LONGEST_TILE ? i->extent : LONGEST_TILE;
    while (i->extent % length || length % SQUARE) length--;
    Digits d = {index_new(name_of(text("%s_tile", i->name)), i->extent / length, NULL),
                index_new(name_of(text("%s_square", i->name)), length / SQUARE, NULL),
                index_new(i->name, SQUARE, NULL), index_new(i->name, length, NULL), NULL, NULL};
    const Expr *start = length < i->extent ? Mul(At(d.tile), Int(length)) : Int(0);
    d.by_squares = Add(start, Add(Mul(At(d.square), Int(SQUARE)), At(d.within)));
    d.by_ones = Add(start, At(d.rest));
    return d;
}

/* A condition at the worst values of two indices: where it holds, it holds at all of them. NULL: it is none of bounds. */
static const Expr *everywhere(const Expr *condition, const Index *const *index) {
    const Peeled p = peel(Where(condition, Num(1), Num(0)), true, NULL, 0);
    const Expr *result = p.rest ? p.rest : Truth(true);
    if (uses_index(result, index[0]) || uses_index(result, index[1])) return NULL;
    for (int k = 0; k < p.atleast.n; k++) {
        const Expr *e = p.atleast.at[k];
        for (int i = 0; i < 2; i++) {
            int64_t slope;
            if (!stride_of(e, index[i], &slope)) return NULL;
            const Expr *end = Int(slope > 0 ? 0 : index[i]->extent - 1);
            e = substitute(e, &index[i], &end, 1);
        }
        result = And(result, Ge(e, Int(0)));
    }
    return result;
}

static bool uses_any(const Expr *e, const Nest *nest) {
    for (int k = 0; k < nest->n_free; k++)
        if (uses_index(e, nest->free[k])) return true;
    return false;
}

/* A read whose subscripts stay below a limit, min(16*block + lane, samples - 1), without it, and the condition that it does not get there. */
static const Expr *without_limits(const Expr *read, const Nest *nest, const Expr **condition) {
    const Expr **subs = NEW_ARRAY(const Expr *, read->n + 1);
    for (int k = 0; k < read->n; k++) {
        const Expr *e = subs[k] = read->arg[k];
        if (e->kind != X_OP || e->op != OP_MIN) continue;
        const int side = uses_any(e->arg[1], nest);
        if (uses_any(e->arg[!side], nest)) continue;
        subs[k] = e->arg[side];
        *condition = And(*condition, Le(e->arg[side], e->arg[!side]));
    }
    return rebuild(read, subs);
}

static const Index *moves_by_one(const Nest *nest, const Expr *position) {
    int64_t stride;
    for (int k = nest->n_free - 1; k >= 0; k--)
        if (stride_of(position, nest->free[k], &stride) && stride == 1) return nest->free[k];
    return NULL;
}

/* What the map copies, without limits; where it may go by squares; and the indices that move the store and the read by one. */
typedef struct { const Expr *read, *whole; const Index *by_store, *by_read; } Turn;

static bool turn_of(Turn *t, const Nest *nest) {
    const Member *m = &nest->members.at[0];
    int64_t row;
    *t = (Turn){m->body, Truth(true), NULL, NULL};
    if (nest->members.n != 1 || !m->target || m->adds || m->pads_are_zero || m->type != REAL || m->target->type != REAL) return false;
    if (t->read->kind != X_READ || t->read->guarded || t->read->type != REAL || t->read->tensor->byte) return false;
    if (adds_up(t->read->tensor) || adds_up(m->target)) return false;           /* these are doubles */
    t->read = without_limits(t->read, nest, &t->whole);
    const Expr *store = position(m->target, m->subs), *place = position(t->read->tensor, t->read->arg);
    t->by_store = moves_by_one(nest, store), t->by_read = moves_by_one(nest, place);
    if (!t->by_store || !t->by_read || t->by_store == t->by_read || !has_squares(t->by_store) || !has_squares(t->by_read)) return false;
    if (!stride_of(store, t->by_read, &row) || row <= 1 || !stride_of(place, t->by_store, &row) || row <= 1) return false;
    if (m->guard) t->whole = And(t->whole, m->guard);
    t->whole = everywhere(t->whole, (const Index *const []){t->by_store, t->by_read});
    return t->whole && !is_zero(t->whole);
}

static void add_squares(Nodes *to, const Member *m, const Turn *t, const Digits *by_store, const Digits *by_read) {
    const Index *const index[] = {t->by_store, t->by_read};
    const Expr *const value[] = {by_store->by_squares, by_read->by_squares}, **subs = NEW_ARRAY(const Expr *, m->n_subs + 1);
    for (int d = 0; d < m->n_subs; d++) subs[d] = substitute(m->subs[d], index, value, 2);
    /* The longer one outside, so that the lines of the other are whole soon. */
    const bool lanes_last = t->by_store->extent < t->by_read->extent;
    to = &add_loop(to, lanes_last ? by_read->square : by_store->square, NULL, NULL, LOOP_SERIAL)->body;
    to = &add_loop(to, lanes_last ? by_store->square : by_read->square, NULL, NULL, LOOP_SERIAL)->body;
    to = &add_loop(to, by_store->within, NULL, NULL, LOOP_TURN)->body;
    to = &add_loop(to, by_read->within, NULL, NULL, LOOP_SERIAL)->body;
    add_assign(to, m->target, subs, m->n_subs, ASSIGN_SET, substitute(t->read, index, value, 2));
}

static void add_by_ones(Nodes *to, const Nest *nest, const Turn *t, const Digits *by_store, const Digits *by_read) {
    Nest *rest = nest_copy(nest);
    const Index **free = NEW_ARRAY(const Index *, 2);
    free[0] = by_read->rest, free[1] = by_store->rest;
    rest->free = free, rest->n_free = 2;
    substitute_member(&rest->members.at[0], t->by_store, by_store->by_ones);
    substitute_member(&rest->members.at[0], t->by_read, by_read->by_ones);
    schedule_plain(to, rest);
}

bool add_turned(Nodes *to, const Nest *nest) {
    Turn t;
    double known;
    if (!turn_of(&t, nest)) return false;
    const Digits by_store = digits_of(t.by_store), by_read = digits_of(t.by_read);
    const Index **outer = NEW_ARRAY(const Index *, nest->n_free);
    int n = 0;
    for (int k = 0; k < nest->n_free; k++) {
        const Index *i = nest->free[k];
        outer[n] = i == t.by_store ? by_store.tile : i == t.by_read ? by_read.tile : i;
        n += outer[n]->extent > 1 || outer[n] == i;
    }
    to = add_chunks(to, outer, n);
    const bool always = is_constant(t.whole, &known);
    add_squares(always ? to : &add_if(to, t.whole)->body, &nest->members.at[0], &t, &by_store, &by_read);
    if (!always) add_by_ones(&add_if(to, Not(t.whole))->body, nest, &t, &by_store, &by_read);
    return true;
}
