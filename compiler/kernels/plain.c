/* The plain schedule: the nest that a person would write, right for every class of equation.
 *
 *     y[o] = max(0, b[o] + sum(i) w[o, i]*x[i])         one nest of two members: the sum, and what is made of it
 *
 *     for o:
 *         sum = 0
 *         for i: sum += w[o, i]*x[i]
 *         y[o] = max(0, b[o] + sum)
 *
 * Members that reduce over equal ranges one after the other share one loop (a maximum and its winner). All values of one
 * element are computed before the first is stored, so a store may replace what the same element has read.
 * A scatter zeroes its tensor and then adds where the subscripts of its terms say. */
#include "group.h"
#include <math.h>

/* The running value of a reduction, and for argmax and argmin the best value so far, by which the winner is known. */
typedef struct { const Member *m; const Tensor *result, *best; } Accumulator;
typedef LIST(Accumulator) Accumulators;

const Expr *reduction_start(Reduce op, const Expr *body)
{
    switch (op) {
    case REDUCE_PROD: return body->type == REAL ? Num(1) : Int(1);
    case REDUCE_MAX: case REDUCE_ARGMAX: return body->type == REAL ? Num(-INFINITY) : Int(body->lo);
    case REDUCE_MIN: case REDUCE_ARGMIN: return body->type == REAL ? Num(INFINITY) : Int(body->hi);
    default: return body->type == REAL ? Num(0) : Int(0);
    }
}

static bool same_range(const Member *a, const Member *b)
{
    if (a->n_bound != b->n_bound) return false;
    for (int k = 0; k < a->n_bound; k++)
        if (a->bound[k] != b->bound[k]) return false;
    return true;
}

static void add_update(Nodes *to, const Accumulator *a, const Expr *body)
{
    static const Assign how[] = {[REDUCE_SUM] = ASSIGN_ADD, [REDUCE_PROD] = ASSIGN_MULTIPLY,
                                 [REDUCE_MAX] = ASSIGN_MAX, [REDUCE_MIN] = ASSIGN_MIN};
    const Member *m = a->m;
    if (!a->best) {
        add_assign(to, a->result, NULL, 0, how[m->op], body);
        return;
    }
    const Expr *best = read_local(a->best), *offset = Int(0);
    for (int k = 0; k < m->n_bound; k++)
        offset = Add(Mul(offset, Int(m->bound[k]->extent)), At(m->bound[k]));
    /* The first winner stays; NaN wins, and nothing wins over it. */
    const Expr *keep = m->op == REDUCE_ARGMAX ? Ge(best, body) : Le(best, body);
    if (body->type == REAL) keep = Or(keep, Operate(OP_NE, best, best));
    add_assign(to, a->result, NULL, 0, ASSIGN_SET, Where(keep, read_local(a->result), offset));
    add_assign(to, a->best, NULL, 0, m->op == REDUCE_ARGMAX ? ASSIGN_MAX : ASSIGN_MIN, body);
}

const char *reduction_name(Reduce op)
{
    return op == REDUCE_SUM ? "sum" : op == REDUCE_PROD ? "product" : op == REDUCE_MAX ? "most"
         : op == REDUCE_MIN ? "least" : "winner";
}

/* The value of member m as an expression, after the statements that compute it were added to `to`. */
static void add_reductions(Nodes *to, const Nest *nest, int first, int last, const Expr **value)
{
    Accumulators accumulators = {0};
    for (int k = first; k < last; k++) {
        const Member *m = &nest->members.at[k];
        Accumulator a = {.m = m};
        a.result = m->local ? m->local : local_new(reduction_name(m->op), m->type, 0, NULL);
        bool winner = m->op == REDUCE_ARGMAX || m->op == REDUCE_ARGMIN;
        if (winner) {
            a.best = local_new("best", m->body->type, 0, NULL);
            add_declare(to, a.best, reduction_start(m->op, m->body));
        }
        add_declare(to, a.result, winner ? Int(0) : reduction_start(m->op, m->body));
        value[k] = read_local(a.result);
        PUSH(accumulators, a);
    }
    Nodes *inner = add_nest(to, nest->members.at[first].bound, nest->members.at[first].n_bound);
    for (int k = first; k < last; k++)
        add_update(inner, &accumulators.at[k - first], nest->members.at[k].body);
    add_lets(inner);
}

static void add_scatter(Nodes *to, const Nest *nest, const Member *m, const Scatter *s)
{
    Nodes *zero = add_nest(to, nest->free, nest->n_free);
    add_assign(zero, m->target, m->subs, m->n_subs, ASSIGN_SET, m->body->type == REAL ? Num(0) : Int(0));
    Nodes *inner = add_nest(to, m->bound, m->n_bound);
    const Expr *guard = s->guard;
    const Index **from = NEW_ARRAY(const Index *, s->index.n);
    const Expr **place = NEW_ARRAY(const Expr *, s->index.n);
    for (int k = 0; k < s->index.n; k++) {
        Tensor *at = local_new("at", INT, 0, NULL);
        at->lo = s->place.at[k]->lo, at->hi = s->place.at[k]->hi;
        add_declare(inner, at, s->place.at[k]);
        from[k] = s->index.at[k];
        place[k] = read_local(at);
        const Expr *inside = And(Ge(place[k], Int(0)), Lt(place[k], index_limit(from[k])));
        guard = guard ? And(inside, guard) : inside;
    }
    /* What depends on the other free indices is guarded inside their loops, the places are the same for all of them. */
    bool varies = false;
    const Index **others = NEW_ARRAY(const Index *, nest->n_free);
    int n_others = 0;
    for (int k = 0; k < nest->n_free; k++) {
        bool solved = false;
        for (int i = 0; i < s->index.n; i++)
            solved |= s->index.at[i] == nest->free[k];
        if (!solved) {
            others[n_others++] = nest->free[k];
            varies |= uses_index(guard, nest->free[k]);
        }
    }
    double known;
    bool always = is_constant(guard, &known) && known != 0;
    if (!always && !varies) inner = &add_if(inner, guard)->body;
    inner = add_nest(inner, others, n_others);
    if (!always && varies) inner = &add_if(inner, guard)->body;
    const Expr **subs = NEW_ARRAY(const Expr *, m->n_subs);
    for (int k = 0; k < m->n_subs; k++)
        subs[k] = substitute(m->subs[k], from, place, s->index.n);
    add_assign(inner, m->target, subs, m->n_subs, ASSIGN_ADD, s->term);
}

void add_store(Nodes *to, const Member *m, const Expr *const *subs, const Expr *value)
{
    if (m->guard && !m->pads_are_zero) to = &add_if(to, m->guard)->body;
    else if (m->guard) value = Where(m->guard, value, value->type == REAL ? Num(0) : Int(0));
    add_assign(to, m->target, subs, m->n_subs, ASSIGN_SET, value);
}

void schedule_plain(Nodes *to, const Nest *nest)
{
    int n = nest->members.n;
    Scatter scatter;
    const Member *first = &nest->members.at[0];
    if (n == 1 && first->op == REDUCE_SUM && first->target && scatter_of(first->body, nest->free, nest->n_free, &scatter)) {
        add_scatter(to, nest, first, &scatter);
        return;
    }
    Nodes *body = add_nest(to, nest->free, nest->n_free);
    const Expr **value = NEW_ARRAY(const Expr *, n);
    for (int k = 0; k < n; ) {
        const Member *m = &nest->members.at[k];
        int end = k + 1;
        if (m->op == REDUCE_NONE) {
            value[k] = m->body;
            if (m->local) {
                add_declare(body, m->local, m->body);
                value[k] = read_local(m->local);
            }
        } else {
            while (end < n && nest->members.at[end].op != REDUCE_NONE && same_range(m, &nest->members.at[end])) end++;
            add_reductions(body, nest, k, end, value);
        }
        k = end;
    }
    for (int k = 0; k < n; k++) {
        const Member *m = &nest->members.at[k];
        if (m->target && m->op == REDUCE_NONE && !m->local && k + 1 < n) {
            /* Several values are stored: all are computed before the first store. */
            Tensor *t = local_new(m->name, m->type, 0, NULL);
            value[k] = read_local(t);
            add_declare(body, t, m->body);
        }
    }
    for (int k = 0; k < n; k++) {
        const Member *m = &nest->members.at[k];
        if (m->target) add_store(body, m, m->subs, value[k]);
    }
    add_lets_below(body);
}
