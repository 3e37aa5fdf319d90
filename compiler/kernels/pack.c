/* Packing: a copy of an operand in which a lane is consecutive.
 *
 *     y[n, p, o] = sum(i) w[o, i]*x[n, p, i]
 *
 * No index of this sum is a good lane: along o the weights are strided, and along i each of the results is a sum of lanes. With
 *
 *     w_packed[i, o] = w[o, i]               y[n, p, o] = sum(i) w_packed[i, o]*x[n, p, i]
 *
 * it is a matrix product with lanes along o and rows p side by side. Where 16 divides the rows they are cut into panels, and what one
 * tile goes down is consecutive:
 *
 *     w_packed[o_panel, i, lane] = w[16*o_panel + lane, i]
 *
 * Else the dim comes last. A nest packs one of its operands where that makes it cheaper (tile_cost.c), the copy included; nests that
 * want the same copy share it. A parameter that a sum goes down for many rows of results is copied into panels as well: along a
 * column each line comes from another page, and no processor looks ahead there. Values of the program get room between their rows
 * where these are a power of two long.
 *
 * A gradient of which data choose the column is added up across, in rows of a tensor of its own, and copied from there. */
#include "tile.h"
#include <math.h>

enum { LEAST_WORK = 20000 };            /* cycles of a nest below which no copy is worth its place in the program */
enum { MOST_COPY = 1 << 14 };           /* elements of a copy that is made for a cell, and is on the stack */
static const double COPY = 2;           /* cycles of an element that is copied across the rows */

/* An operand of a nest, and the dim of its tensor that should come last, or be cut into panels; cells: the first dims that a copy
 * does not have, as it is made for each cell. */
typedef struct { const Tensor *tensor; int dim; bool panels; int cells; } Choice;
typedef struct { Choice of; const Tensor *copy; } Packed;
typedef struct { LIST(Packed) list; } PackedList;

static bool in_panels(const Tensor *t, int dim) { return t->dim[dim].extent % LANES == 0 && t->dim[dim].extent > LANES; }

static const Tensor *packed_new(const Choice *c) {
    const Tensor *t = c->tensor;
    const Dim own = t->dim[c->dim];
    Dim dims[12];
    int rank = 0;
    if (c->panels) dims[rank++] = (Dim){own.extent / LANES, NULL};
    for (int d = c->cells; d < t->rank; d++)
        if (d != c->dim) dims[rank++] = t->dim[d];
    dims[rank++] = c->panels ? (Dim){LANES, NULL} : own;
    return tensor_new(name_of(text("%s_packed", t->name)), ROLE_VALUE, t->type, rank, dims, t->origin);
}

/* Where an element of the tensor at these subscripts is in the copy; *rank: of the copy. */
static const Expr *const *packed_subs(const Choice *c, const Expr *const *subs, int *rank) {
    const Expr **result = NEW_ARRAY(const Expr *, c->tensor->rank + 1);
    int n = 0;
    if (c->panels) result[n++] = FloorDiv(subs[c->dim], Int(LANES));
    for (int d = c->cells; d < c->tensor->rank; d++)
        if (d != c->dim) result[n++] = subs[d];
    result[n++] = c->panels ? Mod(subs[c->dim], Int(LANES)) : subs[c->dim];
    *rank = n;
    return result;
}

typedef struct { const Choice *choice; const Tensor *copy; } Exchange;

static const Expr *read_packed(const Expr *e, void *data) {
    const Exchange *x = data;
    if (e->kind != X_READ || e->tensor != x->choice->tensor) return e;
    int rank;
    const Expr *const *subs = packed_subs(x->choice, e->arg, &rank);
    return e->guarded ? ReadElse(x->copy, subs, rank, e->arg[e->n - 1]) : Read(x->copy, subs, rank);
}

/* The nest with its sums over the copy; maps beside sums go on reading the tensor. */
static Nest *with_packed(const Nest *nest, const Choice *c, const Tensor *copy) {
    Nest *result = nest_copy(nest);
    Exchange x = {c, copy};
    for (int k = 0; k < nest->members.n; k++) {
        Member *m = &result->members.at[k];
        if (m->op == nest->members.at[0].op) m->body = transform(m->body, read_packed, &x);
    }
    return with_digits(result, LANES);
}

static double cycles_of(const Nest *nest) {
    Tile t;
    Notes notes = {0};
    return tile_choose_in_blocks(&t, nest, &notes) ? t.cycles : INFINITY;
}

static double volume_of(const Tensor *t) {
    double elements = 1;
    for (int d = 0; d < t->rank; d++) elements *= (double)t->dim[d].extent;
    return elements;
}

/* Whether dim d of the read could be a lane that it is not now: it alone moves with a long free index, by ones. */
static bool would_be_lane(const Nest *nest, const Expr *read, int d) {
    for (int k = 0; k < nest->n_free; k++) {
        const Index *i = nest->free[k];
        bool alone = !i->count && i->extent >= LANES;
        for (int s = 0; s < read->tensor->rank && alone; s++) {
            int64_t stride;
            alone = stride_of(read->arg[s], i, &stride) && stride == (s == d);
        }
        if (alone) return true;
    }
    return false;
}

/* Memory of numbers that the nest itself, or its group, does not change. */
static bool may_be_packed(const Tensor *t) {
    return t->rank > 1 && t->type == REAL && !t->byte && !adds_up(t);
}

/* How often a nest of the group runs for one copy: a parameter is the same at all times of a recurrence. */
static double turns_of(const Group *g, const Tensor *t) {
    const bool again = g->outer && g->equations.at[0]->scan && t->role == ROLE_PARAM;
    return again ? (double)g->outer->extent : 1;
}

/* How many times dearer a nest is at the most that a call counts: a program for one sample is called for one row as often as for many, and
 * a copy should be worth it then. */
static double rows_counted(const Nest *nest) {
    double rows = 1;
    for (int k = 0; k < nest->n_free && nest->single; k++)
        if (nest->free[k]->count) rows *= (double)nest->free[k]->extent;
    return rows;
}

/* The cost of the nest, with a copy where one is worth it; choice: of which operand, or no tensor. */
static double choose(Choice *choice, const Group *g, const Nest *nest) {
    const Member *sum = &nest->members.at[0];
    double best = INFINITY;
    *choice = (Choice){0};
    if (sum->op != REDUCE_SUM || nest->members.n == 0) return best;
    best = cycles_of(nest);
    if (nest->block || best < LEAST_WORK || !is_plain_product(sum->body)) return best;
    Exprs reads = reads_of(sum->body);
    for (int r = 0; r < reads.n; r++) {
        const Tensor *t = reads.at[r]->tensor;
        for (int d = 0; d + 1 < t->rank && may_be_packed(t); d++) {
            if (t->dim[d].count || !would_be_lane(nest, reads.at[r], d)) continue;
            const Choice c = {t, d, in_panels(t, d), 0};
            double cycles = COPY*volume_of(t)*rows_counted(nest)/turns_of(g, t) + cycles_of(with_packed(nest, &c, packed_new(&c)));
            if (cycles < best) best = cycles, *choice = c;
        }
    }
    return best;
}

double packed_cycles(const Group *g, const Nest *nest) {
    Choice c;
    return choose(&c, g, nest);
}

/* copy[packed_subs(i)] = t[i], over panel and lane, for the cell. The innermost loop but one goes along the rows of t. */
static Nest *copy_nest(Equation *e, const Choice *c, const Tensor *copy, const Index *const *cell) {
    const Tensor *t = c->tensor;
    const Index **order = NEW_ARRAY(const Index *, copy->rank), *panel = NULL;
    const char *last = c->panels ? "lane" : text("i%d", c->dim);
    const Index *lane = index_over(name_of(last), copy->dim[copy->rank - 1]);
    const Expr **at = NEW_ARRAY(const Expr *, t->rank), *value = At(lane);
    int n = 0, rank;
    if (c->panels) {
        panel = index_over(name_of("panel"), copy->dim[0]);
        value = Add(Mul(At(panel), Int(LANES)), value);
    }
    if (panel && c->dim < t->rank - 1) order[n++] = panel;
    for (int d = 0; d < t->rank; d++) {
        if (d >= c->cells && d != c->dim) order[n++] = index_over(name_of(text("i%d", d)), t->dim[d]);
        at[d] = d < c->cells ? At(cell[d]) : d == c->dim ? value : At(order[n - 1]);
    }
    if (panel && c->dim == t->rank - 1) order[n++] = panel;
    order[n++] = lane;
    const Expr *const *to = packed_subs(c, at, &rank);
    *e = (Equation){.out = (Tensor *)copy, .n_free = n, .free = order, .body = Read(t, at, t->rank), .origin = t->origin};
    Nest *nest = NEW(Nest);
    nest->free = order;
    nest->n_free = n;
    PUSH(nest->members, ((Member){.body = e->body, .type = t->type, .name = copy->name, .target = copy, .subs = to, .n_subs = rank}));
    return nest;
}

static Group *copy_group(const Choice *c, const Tensor *copy) {
    Equation *e = NEW(Equation);
    Group *g = NEW(Group);
    PUSH(g->nests, copy_nest(e, c, copy, NULL));
    PUSH(g->equations, e);
    return g;
}

/* Whether the group itself stores the tensor: a copy made before it would not have what it reads. */
static bool stores(const Group *g, const Tensor *t) {
    for (int n = 0; n < g->nests.n; n++)
        for (int k = 0; k < g->nests.at[n]->members.n; k++)
            if (g->nests.at[n]->members.at[k].target == t) return true;
    for (int r = 0; r < g->rows.n; r++)
        if (g->rows.at[r] == t) return true;
    return false;
}

/* The copy for a choice; *new: it is not made yet. */
static const Tensor *copy_for(PackedList *known, const Choice *c, bool *new) {
    for (int k = 0; k < known->list.n; k++) {
        const Choice *of = &known->list.at[k].of;
        *new = of->tensor != c->tensor || of->dim != c->dim || of->panels != c->panels;
        if (!*new) return known->list.at[k].copy;
    }
    *new = true;
    PUSH(known->list, ((Packed){*c, packed_new(c)}));
    return known->list.at[known->list.n - 1].copy;
}

static bool is_large_product(const Nest *nest) {
    const Member *sum = &nest->members.at[0];
    return !nest->block && sum->op == REDUCE_SUM && is_plain_product(sum->body) &&
           volume(nest->free, nest->n_free)*volume(sum->bound, sum->n_bound) >= LEAST_WORK;
}

/* Rows of a power of two put a column of them into few places of a cache: operands of large products get room between their rows. */
static bool wants_room(const Tensor *t) { return t->rank > 1 && t->dim[t->rank - 1].extent % (4 * LANES) == 0; }

/* Whether the sum goes down a column of the read, with its lanes along the rows. */
static bool goes_down(const Nest *nest, const Expr *read) {
    const int last = read->tensor->rank - 1;
    bool down = false;
    for (int s = 0; s < last; s++)
        for (int k = 0; k < nest->members.at[0].n_bound; k++) down |= uses_index(read->arg[s], nest->members.at[0].bound[k]);
    return down && would_be_lane(nest, read, last);
}

/* A parameter lies in rows: where many rows of results go down it, they go down panels instead. */
static void choose_panels(Choice *choice, const Group *g, const Nest *nest) {
    enum { LEAST_USES = 64 };
    if (!is_large_product(nest)) return;
    Exprs reads = reads_of(nest->members.at[0].body);
    for (int r = 0; r < reads.n; r++) {
        const Tensor *t = reads.at[r]->tensor;
        double uses = turns_of(g, t)/rows_counted(nest);
        for (int k = 0; k < nest->n_free; k++)
            if (!uses_index(reads.at[r], nest->free[k])) uses *= (double)nest->free[k]->extent;
        if (t->role == ROLE_PARAM && may_be_packed(t) && in_panels(t, t->rank - 1) && uses >= LEAST_USES && goes_down(nest, reads.at[r]))
            *choice = (Choice){t, t->rank - 1, true, 0};
    }
}

/* A map that looks up columns of a parameter, as an embedding kept as a matrix of weights does, looks up rows of a copy. */
static void choose_columns(Choice *choice, const Group *g, const Nest *nest) {
    enum { LEAST_USES = 8 };
    for (int k = 0; k < nest->members.n; k++) {
        if (nest->members.at[k].op != REDUCE_NONE || nest->block) return;
        Exprs reads = reads_of(nest->members.at[k].body);
        for (int r = 0; r < reads.n; r++) {
            const Tensor *t = reads.at[r]->tensor;
            const int last = t->rank - 1;
            if (t->role != ROLE_PARAM || !may_be_packed(t) || reads_of(reads.at[r]->arg[last]).n == 0) continue;
            const double uses = turns_of(g, t)*volume(nest->free, nest->n_free);
            for (int d = 0; d < last; d++)
                if (would_be_lane(nest, reads.at[r], d) && uses >= LEAST_USES*volume_of(t)) *choice = (Choice){t, d, false, 0};
        }
    }
}

/* What data place into columns of a gradient is added to rows of a tensor of its own, which is copied across at the end: the choice for
 * its target; false: there is none. */
static bool choose_rows_of_scatter(Choice *choice, const Group *g) {
    enum { LEAST_USES = 4 };
    const Nest *nest = g->nests.at[0];
    const Member *m = &nest->members.at[0];
    const Tensor *t = m->target;
    Scatter scatter;
    if (g->outer || g->n_cells || g->nests.n != 1 || nest->members.n != 1 || nest->block || !t || m->guard || m->op != REDUCE_SUM) return false;
    if (t->role != ROLE_GRAD || !may_be_packed(t) || t->rank != m->n_subs) return false;
    if (!scatter_of(m->body, nest->free, nest->n_free, &scatter) || scatter.index.n != 1) return false;
    if (m->subs[t->rank - 1] != At(scatter.index.at[0]) || t->dim[t->rank - 2].extent < LANES) return false;
    *choice = (Choice){t, t->rank - 2, false, 0};
    return volume(m->bound, m->n_bound) >= LEAST_USES*(double)scatter.index.at[0]->extent;
}

/* The equation with the index of dim d of its result last. */
static Equation *with_last(const Equation *e, int d, Tensor *out) {
    Equation *own = NEW(Equation);
    const Index **free = NEW_ARRAY(const Index *, e->n_free);
    int n = 0;
    for (int k = 0; k < e->n_free; k++)
        if (k != d) free[n++] = e->free[k];
    free[n] = e->free[d];
    *own = *e;
    own->out = out, own->free = free;
    return own;
}

/* The scatter into the copy, its loops in the order of the copy's dims, and the group that copies from there. */
static Group *scatter_into(Group *g, const Choice *c, const Tensor *copy) {
    Nest *nest = nest_copy(g->nests.at[0]), *back = NEW(Nest);
    const Tensor *t = c->tensor;
    const Index **order = NEW_ARRAY(const Index *, nest->n_free), **free = NEW_ARRAY(const Index *, t->rank);
    int rank, n = 0;
    Member *m = &nest->members.at[0];
    m->subs = packed_subs(c, m->subs, &rank);
    m->target = copy;
    for (int s = 0; s < rank; s++)
        for (int k = 0; k < nest->n_free; k++)
            if (uses_index(m->subs[s], nest->free[k])) order[n++] = nest->free[k];
    nest->free = order;
    g->nests.at[0] = nest;
    g->equations.at[0] = with_last(g->equations.at[0], c->dim, (Tensor *)copy);
    for (int d = 0; d < t->rank; d++) free[d] = index_over(name_of(text("i%d", d)), t->dim[d]);
    const Expr *const *at = values_of(free, t->rank);
    const Expr *body = Read(copy, packed_subs(c, at, &rank), rank);
    Equation *e = NEW(Equation);
    *e = (Equation){.out = (Tensor *)t, .n_free = t->rank, .free = free, .body = body, .origin = t->origin};
    back->free = with_last(e, c->dim, e->out)->free, back->n_free = t->rank;
    PUSH(back->members, ((Member){.body = body, .type = REAL, .name = t->name, .target = t, .subs = at, .n_subs = t->rank}));
    Group *group = NEW(Group);
    PUSH(group->nests, back);
    PUSH(group->equations, e);
    return group;
}

static void spread_operands(const Nest *nest, const Map *results) {
    enum { PLACES = 1024 };         /* elements: planes at a multiple of these distances share one place of a cache */
    const Member *sum = &nest->members.at[0];
    if (!is_large_product(nest)) return;
    Exprs reads = reads_of(sum->body);
    for (int r = 0; r < reads.n; r++) {
        Tensor *t = (Tensor *)reads.at[r]->tensor;
        const int last = t->rank - 1;
        if (t->rank < 2 || t->type != REAL || is_result(results, t) || t->room[last] || t->dim[last].count) continue;
        if (!wants_room(t)) continue;
        t->room[last] = t->dim[last].extent + LANES;
        /* So do planes: elements of several side by side would push each other out. */
        const int64_t rows = t->rank > 2 ? t->dim[last - 1].extent : 0;
        if (rows && !t->dim[last - 1].count && rows * t->room[last] % PLACES == 0) t->room[last - 1] = rows + 1;
    }
}

/* ---- in cells -------------------------------------------------------------------------------------------------------- */
/* Whether all that the sum reads of the tensor is the cell's own. */
static bool is_own(const Group *g, const Exprs *reads, const Tensor *t) {
    bool own = t->rank > g->n_cells + 1;
    for (int r = 0; r < reads->n; r++)
        for (int k = 0; k < g->n_cells && own && reads->at[r]->tensor == t; k++) own = reads->at[r]->arg[k] == At(g->cell[k]);
    return own;
}

/* What a nest of a cell reads of the cell's own, and should find across its rows. */
static void choose_in_cell(Choice *choice, const Group *g, const Nest *nest) {
    const Member *sum = &nest->members.at[0];
    const double turns = g->outer ? (double)g->outer->extent : 1;
    double best;
    if (sum->op != REDUCE_SUM || !is_plain_product(peel(sum->body, true, NULL, 0).term)) return;
    best = turns*cycles_of(nest);
    Exprs reads = reads_of(sum->body);
    for (int r = 0; r < reads.n; r++) {
        const Tensor *t = reads.at[r]->tensor;
        const bool own = may_be_packed(t) && is_own(g, &reads, t);
        for (int d = g->n_cells; d + 1 < t->rank && own; d++) {
            const Choice c = {t, d, in_panels(t, d), g->n_cells};
            if (t->dim[d].count || !would_be_lane(nest, reads.at[r], d)) continue;
            double elements = volume_of(t);
            for (int k = 0; k < g->n_cells; k++) elements /= (double)t->dim[k].extent;
            if (elements > MOST_COPY) continue;
            const double cycles = COPY*elements + turns*cycles_of(with_packed(nest, &c, packed_new(&c)));
            if (cycles < best) best = cycles, *choice = c;
        }
    }
}

static void pack_in_cell(Group *g) {
    PackedList known = {0};
    for (int n = 0; n < g->nests.n; n++) {
        Choice c = {0};
        choose_in_cell(&c, g, g->nests.at[n]);
        if (!c.tensor || stores(g, c.tensor)) continue;
        bool new;
        const Tensor *copy = copy_for(&known, &c, &new);
        if (new) PUSH(g->before, copy_nest(NEW(Equation), &c, copy, g->cell));
        g->nests.at[n] = with_packed(g->nests.at[n], &c, copy);
    }
}

void pack_operands(Groups *groups, const Program *p, bool tight) {
    const Map results = results_of(p);
    PackedList known = {0};
    Groups result = {0};
    for (int k = 0; k < groups->n; k++) {
        Group *g = groups->at[k];
        if (g->n_cells) pack_in_cell(g);
        for (int n = 0; n < g->nests.n && !g->n_cells; n++) {
            Choice c;
            choose(&c, g, g->nests.at[n]);
            if (!c.tensor && !tight) choose_panels(&c, g, g->nests.at[n]);
            if (!c.tensor) choose_columns(&c, g, g->nests.at[n]);
            if (!c.tensor || stores(g, c.tensor)) continue;
            bool new;
            const Tensor *copy = copy_for(&known, &c, &new);
            if (new) PUSH(result, copy_group(&c, copy));
            g->nests.at[n] = with_packed(g->nests.at[n], &c, copy);
        }
        for (int n = 0; n < g->nests.n && !tight && !g->n_cells; n++) spread_operands(g->nests.at[n], &results);
        PUSH(result, g);
        Choice columns;
        if (!tight && choose_rows_of_scatter(&columns, g)) PUSH(result, scatter_into(g, &columns, packed_new(&columns)));
    }
    *groups = result;
}
