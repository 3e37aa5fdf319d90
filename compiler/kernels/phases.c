/* Maps, and the phases of their indices.
 *
 *     f[k] = p[k//25, k//5 % 5, k % 5]        for a: for b: for c:  f[25*a + 5*b + c] = p[a, b, c]
 *
 * An index that a map looks at by quotients and remainders runs over its digits instead: then nothing is divided inside
 * the loops, and what looked like a gather moves through memory by ones. The periods of an index divide each other, and the
 * largest divides its extent; other indices stay whole. Digits are cut off from the largest period down. */
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

void schedule_map(Nodes *to, const Nest *nest) {
    Nodes tree = {0};
    schedule_plain(&tree, with_digits(nest));
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
