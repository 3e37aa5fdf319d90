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

static bool same_range(const Member *a, const Member *b) {
    if (a->n_bound != b->n_bound) return false;
    for (int k = 0; k < a->n_bound; k++)
        if (a->bound[k] != b->bound[k]) return false;
    return true;
}

/* The values of these members, after the statements that compute them were added to `to`. */
static void add_reductions(Nodes *to, const Nest *nest, int first, int last, const Expr **value) {
    const Member *members = &nest->members.at[first];
    RunningList running = add_running(to, members, last - first, NULL, 0);
    const Expr **body = NEW_ARRAY(const Expr *, last - first);
    for (int k = first; k < last; k++) {
        body[k - first] = nest->members.at[k].body;
        value[k] = read_local(running.at[k - first].value);
    }
    Nodes *inner = add_nest(to, members->bound, members->n_bound);
    add_steps(inner, &running, NULL, 0, body);
}

void add_to_places(Nodes *inner, const Nest *nest, const Member *m, const Scatter *s) {
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

static void add_scatter(Nodes *to, const Nest *nest, const Member *m, const Scatter *s) {
    Nodes *zero = add_nest(to, nest->free, nest->n_free);
    add_assign(zero, m->target, m->subs, m->n_subs, ASSIGN_SET, m->body->type == REAL ? Num(0) : Int(0));
    add_to_places(add_nest(to, m->bound, m->n_bound), nest, m, s);
}

void schedule_plain(Nodes *to, const Nest *nest) {
    int n = nest->members.n;
    Scatter scatter;
    const Member *first = &nest->members.at[0];
    if (n == 1 && first->op == REDUCE_SUM && first->target && scatter_of(first->body, nest->free, nest->n_free, &scatter)) {
        add_scatter(to, nest, first, &scatter);
        return;
    }
    Nodes *body = add_chunks(to, nest->free, nest->n_free);
    const Expr **value = NEW_ARRAY(const Expr *, n);
    for (int k = 0, end; k < n; k = end) {
        const Member *m = &nest->members.at[k];
        end = k + 1;
        if (m->op == REDUCE_NONE) continue;
        while (end < n && nest->members.at[end].op != REDUCE_NONE && same_range(m, &nest->members.at[end])) end++;
        add_reductions(body, nest, k, end, value);
    }
    Place here = {.n = 0};
    add_epilogue(body, nest, value, &here);
    if (nest->block) part_pads(to);
    add_lets_below(to);
}
