/* Maps, and the phases of their indices.
 *
 *     f[k] = p[k//25, k//5 % 5, k % 5]        for a: for b: for c:  f[25*a + 5*b + c] = p[a, b, c]
 *
 * An index that a map looks at by quotients and remainders runs over its digits instead: then nothing is divided inside
 * the loops, and what looked like a gather moves through memory by ones. The periods of an index divide each other, and the
 * largest divides its extent; other indices stay whole. Digits are cut off from the largest period down.
 *
 * Where an index of a few values decides which formula holds, where(q == 2, a, 0) + where(q == 0, b, 0), each value has loops of its own.
 * So has each part of what stands side by side, and what a condition cuts from a row: a condition that the innermost loops do not move
 * stands in front of them. One that no index of the map moves, as that a recurrence has a step behind this one, stands in front of all.
 *
 * A map that brings samples from rows into blocks of 16, or back, moves by ones along the lane on one side and along some other
 * index on the other. Its lane goes around a short run of that index. One that only copies goes by squares, where they fit (turns.c). */
#include "../equations/solve.h"
#include "group.h"

typedef struct { const Index *index; LIST(int64_t) periods; bool odd; } Periods;

static void find_period(const Expr *e, void *data) {
    Periods *p = data;
    if (e->kind != X_OP || (e->op != OP_FLOORDIV && e->op != OP_MOD)) return;
    if (e->arg[0]->kind != X_INDEX || e->arg[0]->index != p->index) return;
    if (e->arg[1]->kind != X_INT) p->odd = true;
    else PUSH(p->periods, e->arg[1]->integer);
}

/* The largest period of an index in the nest that is no shorter than `least`, or 0. */
static int64_t period_of(const Nest *nest, const Index *i, int64_t least) {
    Periods p = {.index = i};
    for (int k = 0; k < nest->members.n; k++)
        visit_nodes(nest->members.at[k].body, find_period, &p);
    int64_t most = 0;
    for (int k = 0; k < p.periods.n; k++)
        if (p.periods.at[k] > most) most = p.periods.at[k];
    for (int k = 0; k < p.periods.n; k++)
        if (most % p.periods.at[k]) p.odd = true;
    return p.odd || i->count || most < least || i->extent % most || i->extent == most ? 0 : most;
}

void substitute_member(Member *m, const Index *from, const Expr *to) {
    m->body = substitute(m->body, &from, &to, 1);
    const Expr **subs = NEW_ARRAY(const Expr *, m->n_subs + 1);
    for (int s = 0; s < m->n_subs; s++)
        subs[s] = substitute(m->subs[s], &from, &to, 1);
    m->subs = subs;
    if (m->guard) m->guard = substitute(m->guard, &from, &to, 1);
}

Nest *with_digits(const Nest *nest, int64_t least) {
    Nest *result = nest_copy(nest);
    LIST(const Index *) index = {0};
    for (int f = 0; f < nest->n_free; f++) {
        const Index *rest = nest->free[f];
        for (int64_t period; (period = period_of(result, rest, least)); ) {
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

/* A digit that is shorter makes no lanes. */
void split_digits(Groups *groups) {
    for (int k = 0; k < groups->n; k++) {
        Group *g = groups->at[k];
        for (int n = 0; n < g->nests.n; n++)
            if (g->nests.at[n]->members.at[0].op == REDUCE_SUM) g->nests.at[n] = with_digits(g->nests.at[n], LANES);
    }
}

/* Whether a sum reads a row by the long digit of an index. */
static bool has_lane_digit(const Nest *nest) {
    Exprs reads = reads_of(nest->members.at[0].body);
    for (int r = 0; r < reads.n; r++) {
        const Expr *last = reads.at[r]->tensor->rank ? reads.at[r]->arg[reads.at[r]->tensor->rank - 1] : NULL;
        if (!last || last->kind != X_OP || last->op != OP_FLOORDIV || last->arg[0]->kind != X_INDEX || last->arg[1]->kind != X_INT) continue;
        for (int k = 0; k < nest->n_free; k++)
            if (nest->free[k] == last->arg[0]->index && nest->free[k]->extent >= LANES*last->arg[1]->integer) return true;
    }
    return false;
}

/* Below a transposed window places of the small picture are lanes: what is not in blocks has their short digits apart. */
void split_short_digits(Groups *groups) {
    for (int k = 0; k < groups->n; k++) {
        Group *g = groups->at[k];
        for (int n = 0; n < g->nests.n; n++) {
            const Nest *nest = g->nests.at[n];
            if (!nest->block && nest->members.at[0].op == REDUCE_SUM && has_lane_digit(nest)) g->nests.at[n] = with_digits(nest, 2);
        }
    }
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

/* ---- choices --------------------------------------------------------------------------------------------------------- */
typedef struct { const Nest *nest; const Index *index; } Choice;

static bool uses_only(const Expr *e, const Nest *nest, const Index *i) {
    for (int k = 0; k < nest->n_free; k++)
        if ((nest->free[k] == i) != uses_index(e, nest->free[k])) return false;
    return reads_of(e).n == 0;
}

static void find_choice(const Expr *e, void *data) {
    enum { MOST_VALUES = 8 };
    Choice *c = data;
    if (e->kind != X_WHERE || e->arg[0]->kind != X_OP || e->arg[0]->op != OP_EQ) return;
    for (int k = 0; k + 1 < c->nest->n_free && !c->index; k++) {
        const Index *i = c->nest->free[k];
        if (!i->count && i->extent <= MOST_VALUES && uses_only(e->arg[0], c->nest, i)) c->index = i;
    }
}

/* A short index that decides by its value which of several formulas holds, as the gate of a cell does; NULL: none. */
static const Index *decides(const Nest *nest) {
    Choice c = {nest, NULL};
    for (int k = 0; k < nest->members.n; k++) visit_nodes(nest->members.at[k].body, find_choice, &c);
    return c.index;
}

/* A nest for each value of the index, in which the choice is made. */
static void add_each_value(Nodes *to, const Nest *nest, const Index *i) {
    int at = 0;
    while (nest->free[at] != i) at++;
    to = add_chunks(to, nest->free, at);
    for (int64_t value = 0; value < i->extent; value++) {
        Nest *one = nest_copy(nest);
        one->free += at + 1, one->n_free -= at + 1;
        for (int k = 0; k < one->members.n; k++) substitute_member(&one->members.at[k], i, Int(value));
        schedule_map(to, one);
    }
}

/* where(condition, yes, no), or a read with its else in these words; false: neither. */
typedef struct { const Expr *condition, *yes, *no; } Fork;
static bool fork_of(Fork *f, const Expr *e) {
    if (e->kind == X_WHERE) *f = (Fork){e->arg[0], e->arg[1], e->arg[2]};
    if (e->kind != X_READ || !e->guarded) return e->kind == X_WHERE;
    *f = (Fork){read_inside(e), Read(e->tensor, e->arg, e->n - 1), e->arg[e->n - 1]};
    return true;
}

static void add_branch(Nodes *to, const Nest *inner, const Expr *condition, const Expr *body) {
    Nest *one = NEW(Nest);
    Member m = inner->members.at[0];
    *one = *inner;
    m.body = body;
    one->members = (typeof(one->members)){0};
    PUSH(one->members, m);
    schedule_map(&add_if(to, condition)->body, one);
}

/* Compilers would make masked loads of a condition inside, which take a hundred times as long where nothing is behind the mask. */
static bool add_fork(Nodes *to, const Nest *nest) {
    Fork f, below;
    int depth = 0;
    double known;
    if (nest->members.n != 1 || !fork_of(&f, nest->members.at[0].body) || is_constant(f.condition, &known)) return false;
    Exprs reads = reads_of(f.condition);
    for (int r = 0; r < reads.n; r++)
        if (reads.at[r]->tensor->rank) return false;
    for (int k = 0; k < nest->n_free; k++)
        if (uses_index(f.condition, nest->free[k])) depth = k + 1;
    if (volume(nest->free + depth, nest->n_free - depth) <= LANES || in_squares(nest) != nest) return false;
    Nest inner = *nest;
    inner.free += depth, inner.n_free -= depth;
    to = add_chunks(to, nest->free, depth);
    const Expr *otherwise = Not(f.condition);
    if (fork_of(&below, f.no) && below.condition == otherwise) f.no = below.yes;
    add_branch(to, &inner, f.condition, f.yes);
    add_branch(to, &inner, otherwise, f.no);
    return true;
}

/* ---- what all elements decide alike ------------------------------------------------------------------------------------ */
typedef struct { const Expr *condition; bool holds; } Step;

static const Expr *at_step(const Expr *e, void *data) {
    const Step *s = data;
    Fork f;
    return !fork_of(&f, e) || f.condition != s->condition ? e : s->holds ? f.yes : f.no;
}

typedef struct { const Expr *condition; int n; } Uses;

static void count_use(const Expr *e, void *data) {
    Uses *u = data;
    Fork f;
    u->n += fork_of(&f, e) && f.condition == u->condition;
}

/* The condition of a guarded read that is the same for all elements of the nest and decides something else of it, too; NULL: there is none. */
static const Expr *common_condition(const Nest *nest) {
    for (int k = 0; k < nest->members.n; k++) {
        Exprs reads = reads_of(nest->members.at[k].body);
        for (int r = 0; r < reads.n; r++) {
            if (!reads.at[r]->guarded) continue;
            Uses uses = {.condition = read_inside(reads.at[r])};
            bool same = reads_of(uses.condition).n == 0;
            for (int f = 0; f < nest->n_free; f++) same &= !uses_index(uses.condition, nest->free[f]);
            for (int m = 0; m < nest->members.n && same; m++) visit_nodes(nest->members.at[m].body, count_use, &uses);
            if (same && uses.n > 1) return uses.condition;
        }
    }
    return NULL;
}

/* c[t, j] = .. + (d[t + 1, j] else 0)*(e[t + 1, j] else 0): compilers make one branch of both conditions, and no vectors. So the steps
 * that have another one behind them, and those that have none, get loops of their own. */
static bool add_steps_apart(Nodes *to, const Nest *nest) {
    const Expr *condition = nest->parted ? NULL : common_condition(nest);
    if (!condition || nest->n_free == 0) return false;
    for (int holds = 1; holds >= 0; holds--) {
        Step step = {condition, holds};
        Nest *one = nest_copy(nest);
        one->parted = true;
        for (int k = 0; k < one->members.n; k++) one->members.at[k].body = transform(one->members.at[k].body, at_step, &step);
        schedule_map(&add_if(to, holds ? condition : Not(condition))->body, one);
    }
    return true;
}

/* Where all of a map is stored or nothing, the condition stands in front of its loops. */
static bool add_behind_guard(Nodes *to, const Nest *nest) {
    const Member *m = &nest->members.at[0];
    if (nest->members.n != 1 || !m->guard || m->pads_are_zero) return false;
    for (int f = 0; f < nest->n_free; f++)
        if (uses_index(m->guard, nest->free[f])) return false;
    Nest *behind = nest_copy(nest);
    behind->members.at[0].guard = NULL;
    schedule_map(&add_if(to, m->guard)->body, behind);
    return true;
}

/* ---- what is zero in part of a row ----------------------------------------------------------------------------------- */
typedef struct { const Expr *const *condition; int n; } Known;

static const Expr *where_known(const Expr *e, void *data) {
    const Known *known = data;
    for (int k = 0; k < known->n && e->kind == X_WHERE; k++)
        if (e->arg[0] == known->condition[k]) return e->arg[1];
    return e;
}

enum { MUCH = 4 };                      /* operations of an element: a division, a function, or several cheap ones */

static void add_operations(const Expr *e, void *data) {
    if (e->kind == X_OP && e->type == REAL) *(int *)data += e->op == OP_DIV || op_is_costly(e->op) ? MUCH : 1;
}

static void blank(Nodes *to, const Member *m, const Index *i, const Expr *from, const Expr *end) {
    if (is_integer(end, 0) || from == end) return;
    const Index *rest = index_new(i->name, i->extent, NULL);
    const Expr *value = At(rest), **subs = NEW_ARRAY(const Expr *, m->n_subs + 1);
    for (int d = 0; d < m->n_subs; d++) subs[d] = substitute(m->subs[d], &i, &value, 1);
    add_assign(&add_loop(to, rest, from, end, LOOP_LANE)->body, m->target, subs, m->n_subs, ASSIGN_SET, Num(0));
}

/* e[i, j] = where(j <= i, exp(s[i, j]), 0) goes from 0 to i, and the rest of a row is zeros: what costs much is computed where it counts,
 * and compilers find no condition in the loop. A picture is so copied between its borders. */
static bool add_cut_rows(Nodes *to, const Nest *nest) {
    const Member *m = &nest->members.at[0];
    const int last = nest->n_free - 1;
    if (nest->members.n != 1 || last < 0 || nest->block || m->guard || !m->target || nest->free[last]->count) return false;
    const Index *along = nest->free[last];
    const Peeled p = peel(m->body, true, NULL, 0);
    Peeled inside = {.term = p.term}, outside = inside;
    int operations = 0;
    for (int k = 0; k < p.atleast.n; k++)
        if (uses_index(p.atleast.at[k], along)) PUSH(inside.atleast, p.atleast.at[k]);
        else PUSH(outside.atleast, p.atleast.at[k]);
    visit_nodes(p.term, add_operations, &operations);
    if (!inside.atleast.n || p.rest || !(operations >= MUCH || (p.term->kind == X_READ && !p.term->guarded && along->extent >= 2*LANES))) return false;
    const Sum *s = sum_new(m->body);
    const Known known = {(const Expr *const *)s->conditions.at, s->conditions.n};
    const Expr *condition = Truth(true), *limit = index_limit(along);
    for (int k = 0; k < outside.atleast.n; k++) condition = And(condition, Ge(outside.atleast.at[k], Int(0)));
    Nodes tree = {0}, *row = add_chunks(&tree, nest->free, last);
    Nodes *rows = row;
    if (outside.atleast.n) row = &add_if(rows, condition)->body;
    Nodes *inner = add_bounded(row, &along, 1, 1, &inside);
    const Node *loop = row->at[0];
    add_assign(inner, m->target, m->subs, m->n_subs, ASSIGN_SET, transform(p.term, where_known, (void *)&known));
    blank(row, m, along, Int(0), Operate(OP_MIN, loop->from, limit));
    blank(row, m, along, Operate(OP_MAX, loop->to, Int(0)), limit);
    if (outside.atleast.n) blank(&add_if(rows, Not(condition))->body, m, along, Int(0), limit);
    add_lets_below(&tree);
    for (int k = 0; k < tree.n; k++) PUSH(*to, tree.at[k]);
    return true;
}

void schedule_map(Nodes *to, const Nest *nest) {
    Nodes tree = {0};
    nest = with_digits(nest, 2);
    if (add_behind_guard(to, nest) || add_row_and_point(to, nest) || add_cut_rows(to, nest) || add_fork(to, nest) || add_steps_apart(to, nest)) return;
    const Index *choice = decides(nest);
    if (choice) {
        add_each_value(to, nest, choice);
        return;
    }
    if (add_turned(to, nest)) return;
    schedule_plain(&tree, in_squares(nest));
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
