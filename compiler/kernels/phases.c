/* Maps, and the phases of their indices.
 *
 *     f[k] = p[k//25, k//5 % 5, k % 5]        for a: for b: for c:  f[25*a + 5*b + c] = p[a, b, c]
 *
 * An index that a map looks at by quotients and remainders runs over its digits instead: then nothing is divided inside
 * the loops, and what looked like a gather moves through memory by ones. The periods of an index divide each other, and the
 * largest divides its extent; other indices stay whole. Digits are cut off from the largest period down.
 *
 * A map that brings samples from rows into blocks of 16, or back, moves by ones along the lane on one side and along some other
 * index on the other. Its lane goes around a short run of that index. */
#include "group.h"

typedef struct { const Index *index; LIST(int64_t) periods; bool odd; } Periods;

static void find_period(const Expr *e, void *data) {
    Periods *p = data;
    if (e->kind != X_OP || (e->op != OP_FLOORDIV && e->op != OP_MOD)) return;
    if (e->arg[0]->kind != X_INDEX || e->arg[0]->index != p->index) return;
    if (e->arg[1]->kind != X_INT) p->odd = true;
    else PUSH(p->periods, e->arg[1]->integer);
}

/* The largest period of an index in the nest, or 0. */
static int64_t period_of(const Nest *nest, const Index *i) {
    Periods p = {.index = i};
    for (int k = 0; k < nest->members.n; k++)
        visit_nodes(nest->members.at[k].body, find_period, &p);
    int64_t most = 0;
    for (int k = 0; k < p.periods.n; k++)
        if (p.periods.at[k] > most) most = p.periods.at[k];
    for (int k = 0; k < p.periods.n; k++)
        if (most % p.periods.at[k]) p.odd = true;
    return p.odd || i->count || most < 2 || i->extent % most || i->extent == most ? 0 : most;
}

static void substitute_member(Member *m, const Index *from, const Expr *to) {
    m->body = substitute(m->body, &from, &to, 1);
    const Expr **subs = NEW_ARRAY(const Expr *, m->n_subs + 1);
    for (int s = 0; s < m->n_subs; s++)
        subs[s] = substitute(m->subs[s], &from, &to, 1);
    m->subs = subs;
}

static Nest *with_digits(const Nest *nest) {
    Nest *result = NEW(Nest);
    *result = *nest;
    result->members.at = NEW_ARRAY(Member, nest->members.n);
    for (int k = 0; k < nest->members.n; k++)
        result->members.at[k] = nest->members.at[k];
    LIST(const Index *) index = {0};
    for (int f = 0; f < nest->n_free; f++) {
        const Index *rest = nest->free[f];
        for (int64_t period; (period = period_of(result, rest)); ) {
            const Index *digit = index_new(rest->name, rest->extent / period, NULL);
            const Index *below = index_new(name_of(text("%s_rest", nest->free[f]->name)), period, NULL);
            for (int k = 0; k < result->members.n; k++)
                substitute_member(&result->members.at[k], rest, Add(Mul(At(digit), Int(period)), At(below)));
            PUSH(index, digit);
            rest = below;
        }
        PUSH(index, rest);
    }
    result->free = index.at;
    result->n_free = index.n;
    return result;
}

/* ---- crossings ------------------------------------------------------------------------------------------------------- */
enum { LONGEST_RUN = 32 };

/* The free index along which an access moves by ones, where it does not along the lane; NULL: it moves with the lane. */
static const Index *crosses(const Nest *nest, const Tensor *t, const Expr *const *subs) {
    const Index *lane = nest->free[nest->n_free - 1];
    const Expr *at = position(t, subs);
    int64_t stride;
    if (t->rank == 0 || (stride_of(at, lane, &stride) && stride <= 1)) return NULL;
    for (int k = nest->n_free - 2; k >= 0; k--)
        if (stride_of(at, nest->free[k], &stride) && stride == 1 && nest->free[k]->extent > 2 && !nest->free[k]->count) return nest->free[k];
    return NULL;
}

/* Samples that change between rows and blocks move in squares: a run of one row at a time, sixteen rows one after the
 * other, so that both sides stay in the first cache. */
static const Nest *in_squares(const Nest *nest) {
    const Member *m = &nest->members.at[0];
    if (nest->members.n != 1 || nest->n_free < 2 || !nest->block || nest->free[nest->n_free - 1]->extent != LANES) return nest;
    const Index *run = m->target ? crosses(nest, m->target, m->subs) : NULL;
    Exprs reads = reads_of(m->body);
    for (int r = 0; r < reads.n && !run; r++) run = crosses(nest, reads.at[r]->tensor, reads.at[r]->arg);
    if (!run) return nest;
    int64_t length = run->extent;
    if (length > LONGEST_RUN)
        for (length = LONGEST_RUN; length > LANES / 2 && run->extent % length; ) length--;
    if (run->extent % length) length = run->extent;
    Nest *result = NEW(Nest);
    *result = *nest;
    LIST(const Index *) order = {0};
    const Index *within = length < run->extent ? index_new(run->name, length, NULL) : run;
    for (int k = 0; k + 1 < nest->n_free; k++)
        if (nest->free[k] != run) PUSH(order, nest->free[k]);
    if (within != run) {
        const Index *tile = index_new(name_of(text("%s_tile", run->name)), run->extent / length, NULL);
        Member moved = *m;
        substitute_member(&moved, run, Add(Mul(At(tile), Int(length)), At(within)));
        if (moved.guard) moved.guard = substitute(moved.guard, &run, &(const Expr *){Add(Mul(At(tile), Int(length)), At(within))}, 1);
        result->members = (typeof(result->members)){0};
        PUSH(result->members, moved);
        PUSH(order, tile);
    }
    PUSH(order, nest->free[nest->n_free - 1]);
    PUSH(order, within);
    result->free = order.at;
    result->n_free = order.n;
    return result;
}

void schedule_map(Nodes *to, const Nest *nest) {
    Nodes tree = {0};
    schedule_plain(&tree, in_squares(with_digits(nest)));
    Nodes *innermost = &tree;
    Node *last = NULL;
    while (innermost->n == 1 && innermost->at[0]->kind == NODE_LOOP) {
        last = innermost->at[0];
        innermost = &last->body;
    }
    if (last && !last->index->count) last->loop = LOOP_LANE;
    for (int k = 0; k < tree.n; k++)
        PUSH(*to, tree.at[k]);
}
