/* Running values of reductions: what is declared before the loops, and what one element does to it.
 *
 *     sum        sum = 0            sum += x
 *     max        most = -inf        most = max(most, x)
 *     argmax     best = -inf        winner = where(best >= x or best != best, winner, offset); best = max(best, x)
 *
 * The first winner stays; NaN wins, and nothing wins over it. A winner beside the maximum of the same body needs no best
 * of its own: it looks at the maximum before that is updated. Running values are numbers, or arrays over lanes. */
#include "group.h"
#include <math.h>

bool finds_winner(const Member *m) {
    return m->op == REDUCE_ARGMAX || m->op == REDUCE_ARGMIN;
}

const Expr *reduction_start(Reduce op, const Expr *body) {
    switch (op) {
    case REDUCE_PROD: return body->type == REAL ? Num(1) : Int(1);
    case REDUCE_MAX: case REDUCE_ARGMAX: return body->type == REAL ? Num(-INFINITY) : Int(body->lo);
    case REDUCE_MIN: case REDUCE_ARGMIN: return body->type == REAL ? Num(INFINITY) : Int(body->hi);
    default: return body->type == REAL ? Num(0) : Int(0);
    }
}

static const char *running_name(Reduce op) {
    return op == REDUCE_SUM ? "sum" : op == REDUCE_PROD ? "product" : op == REDUCE_MAX ? "most"
         : op == REDUCE_MIN ? "least" : "winner";
}

static const Tensor *running_tensor(const Member *m, const Index *const *index, int n) {
    int64_t extents[12], offsets = 1;
    for (int k = 0; k < n; k++)
        extents[k] = index[k]->extent;
    for (int k = 0; k < m->n_bound; k++)
        offsets *= m->bound[k]->extent;
    Tensor *t = local_new(n == 0 && m->local ? m->local->name : running_name(m->op), m->type, n, extents);
    if (finds_winner(m)) t->lo = 0, t->hi = offsets - 1;
    else if (m->local) t->lo = m->local->lo, t->hi = m->local->hi;
    return t;
}

static const Tensor *same_best(const RunningList *list, const Member *m) {
    Reduce op = m->op == REDUCE_ARGMAX ? REDUCE_MAX : REDUCE_MIN;
    for (int k = 0; k < list->n; k++)
        if (list->at[k].m->op == op && list->at[k].m->body == m->body) return list->at[k].value;
    return NULL;
}

/* Declares t and gives it its start: a number at once, an array in `fill`, or by its declaration when that is zero. */
static void add_start(Nodes *to, Nodes *fill, const Tensor *t, const Expr *start, const Expr *const *at) {
    Node *d = add_declare(to, t, t->rank == 0 ? start : NULL);
    d->zero = t->rank > 0 && is_integer(start, 0);
    if (t->rank > 0 && !d->zero) add_assign(fill, t, at, t->rank, ASSIGN_SET, start);
}

RunningList add_running(Nodes *to, const Member *members, int n_members, const Index *const *index, int n) {
    RunningList list = {0};
    for (int k = 0; k < n_members; k++) {
        Running r = {&members[k], running_tensor(&members[k], index, n), NULL, false};
        PUSH(list, r);
    }
    Nodes fill = {0};
    Nodes *inner = add_nest(&fill, index, n);
    const Expr *const *at = values_of(index, n);
    for (int k = 0; k < n_members; k++) {
        Running *r = &list.at[k];
        const Member *m = r->m;
        const Expr *start = reduction_start(m->op, m->body);
        if (finds_winner(m)) {
            r->best = same_best(&list, m);
            r->owns_best = !r->best;
            if (r->owns_best) {
                int64_t extents[12];
                for (int d = 0; d < n; d++)
                    extents[d] = index[d]->extent;
                r->best = local_new("best", m->body->type, n, extents);
                add_start(to, inner, r->best, start, at);
            }
            start = Int(0);
        }
        add_start(to, inner, r->value, start, at);
    }
    for (int k = 0; inner->n > 0 && k < fill.n; k++)
        PUSH(*to, fill.at[k]);
    return list;
}

void add_step(Nodes *to, Reduce op, const Tensor *value, const Expr *const *at, int n, const Expr *body) {
    static const Assign how[] = {[REDUCE_SUM] = ASSIGN_ADD, [REDUCE_PROD] = ASSIGN_MULTIPLY,
                                 [REDUCE_MAX] = ASSIGN_MAX, [REDUCE_MIN] = ASSIGN_MIN,
                                 [REDUCE_ARGMAX] = ASSIGN_MAX, [REDUCE_ARGMIN] = ASSIGN_MIN};
    add_assign(to, value, at, n, how[op], body);
}

void add_steps(Nodes *to, const RunningList *list, const Expr *const *at, int n, const Expr *const *body) {
    for (int k = 0; k < list->n; k++) {
        const Running *r = &list->at[k];
        const Member *m = r->m;
        if (!finds_winner(m)) continue;
        const Expr *best = Read(r->best, at, n), *offset = Int(0);
        for (int b = 0; b < m->n_bound; b++)
            offset = Add(Mul(offset, Int(m->bound[b]->extent)), At(m->bound[b]));
        const Expr *keep = m->op == REDUCE_ARGMAX ? Ge(best, body[k]) : Le(best, body[k]);
        if (body[k]->type == REAL) keep = Or(keep, Operate(OP_NE, best, best));
        add_assign(to, r->value, at, n, ASSIGN_SET, Where(keep, Read(r->value, at, n), offset));
        if (r->owns_best) add_step(to, m->op, r->best, at, n, body[k]);
    }
    for (int k = 0; k < list->n; k++)
        if (!finds_winner(list->at[k].m)) add_step(to, list->at[k].m->op, list->at[k].value, at, n, body[k]);
}
