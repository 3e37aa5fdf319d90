/* Packing: a copy of an operand in which a lane is consecutive.
 *
 *     y[n, p, o] = sum(i) w[o, i]*x[n, p, i]
 *
 * No index of this sum is a good lane: along o the weights are strided, and along i each of the results is a sum of lanes. With
 *
 *     w_packed[i, o] = w[o, i]               y[n, p, o] = sum(i) w_packed[i, o]*x[n, p, i]
 *
 * it is a matrix product with lanes along o and rows p side by side. A packed tensor has one of its dims as the last; subscripts
 * stay as they are. A nest packs one of its operands where that makes it cheaper (tile_cost.c), the copy included; nests that
 * want the same copy share it. A parameter whose rows are a power of two long is copied with room between them, where a sum
 * goes down its columns for many rows of results; values of the program get that room at once. */
#include "tile.h"
#include <math.h>

enum { LEAST_WORK = 20000 };            /* cycles of a nest below which no copy is worth its place in the program */
static const double COPY = 2;           /* cycles of an element that is copied across the rows */

typedef struct { const Tensor *tensor, *copy; int dim; } Packed;
typedef struct { LIST(Packed) list; } PackedList;

/* An operand of a nest, and the dim of its tensor that should come last. */
typedef struct { const Tensor *tensor; int dim; } Choice;

static const Tensor *packed_new(const Tensor *t, int dim) {
    Dim dims[12];
    int rank = 0;
    for (int d = 0; d < t->rank; d++)
        if (d != dim) dims[rank++] = t->dim[d];
    dims[rank++] = t->dim[dim];
    Tensor *copy = tensor_new(name_of(text("%s_packed", t->name)), ROLE_VALUE, t->type, rank, dims, t->origin);
    /* Rows at a distance of a power of two share few places in a cache. */
    if (t->dim[dim].extent % (2 * LANES) == 0) copy->room[rank - 1] = t->dim[dim].extent + LANES;
    return copy;
}

static const Expr *const *packed_subs(const Expr *const *subs, int rank, int dim) {
    const Expr **result = NEW_ARRAY(const Expr *, rank);
    int n = 0;
    for (int d = 0; d < rank; d++)
        if (d != dim) result[n++] = subs[d];
    result[n] = subs[dim];
    return result;
}

typedef struct { const Choice *choice; const Tensor *copy; } Exchange;

static const Expr *read_packed(const Expr *e, void *data) {
    const Exchange *x = data;
    if (e->kind != X_READ || e->tensor != x->choice->tensor) return e;
    const Expr *const *subs = packed_subs(e->arg, e->tensor->rank, x->choice->dim);
    return e->guarded ? ReadElse(x->copy, subs, e->tensor->rank, e->arg[e->n - 1]) : Read(x->copy, subs, e->tensor->rank);
}

/* The nest with its sums over the copy; maps go on reading the tensor. */
static Nest *with_packed(const Nest *nest, const Choice *c, const Tensor *copy) {
    Nest *result = NEW(Nest);
    Exchange x = {c, copy};
    *result = *nest;
    result->members.at = NEW_ARRAY(Member, nest->members.n);
    for (int k = 0; k < nest->members.n; k++) {
        Member *m = &result->members.at[k];
        *m = nest->members.at[k];
        if (m->op != REDUCE_NONE) m->body = transform(m->body, read_packed, &x);
    }
    return result;
}

static double cycles_of(const Nest *nest) {
    Tile t;
    Notes notes = {0};
    return tile_choose_in_blocks(&t, nest, &notes) ? t.cycles : INFINITY;
}

static double copy_cycles(const Tensor *t) {
    double elements = COPY;
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

/* The cost of the nest, with a copy where one is worth it; choice: of which operand, or no tensor. */
static double choose(Choice *choice, const Group *g, const Nest *nest) {
    const Member *sum = &nest->members.at[0];
    double best = INFINITY;
    *choice = (Choice){NULL, 0};
    if (sum->op != REDUCE_SUM || nest->members.n == 0) return best;
    best = cycles_of(nest);
    if (nest->block || best < LEAST_WORK || !is_plain_product(sum->body)) return best;
    Exprs reads = reads_of(sum->body);
    for (int r = 0; r < reads.n; r++) {
        const Tensor *t = reads.at[r]->tensor;
        for (int d = 0; d + 1 < t->rank && may_be_packed(t); d++) {
            if (t->dim[d].count || !would_be_lane(nest, reads.at[r], d)) continue;
            const Choice c = {t, d};
            double cycles = copy_cycles(t)/turns_of(g, t) + cycles_of(with_packed(nest, &c, packed_new(t, d)));
            if (cycles < best) best = cycles, *choice = c;
        }
    }
    return best;
}

double packed_cycles(const Group *g, const Nest *nest) {
    Choice c;
    return choose(&c, g, nest);
}

/* out[.., i] = t[.., i, ..] */
static Group *copy_group(const Tensor *t, const Tensor *copy, int dim) {
    Equation *e = NEW(Equation);
    const Index **free = NEW_ARRAY(const Index *, t->rank), **order = NEW_ARRAY(const Index *, t->rank);
    int n = 0;
    for (int d = 0; d < t->rank; d++) free[d] = index_over(name_of(text("i%d", d)), t->dim[d]);
    for (int d = 0; d < t->rank; d++)
        if (d != dim) order[n++] = free[d];
    order[n] = free[dim];
    *e = (Equation){.out = (Tensor *)copy, .n_free = t->rank, .free = order, .body = Read(t, values_of(free, t->rank), t->rank), .origin = t->origin};
    Nest *nest = NEW(Nest);
    nest->free = order;
    nest->n_free = t->rank;
    PUSH(nest->members, ((Member){.body = e->body, .type = t->type, .name = copy->name, .target = copy,
                                  .subs = values_of(order, t->rank), .n_subs = t->rank}));
    Group *g = NEW(Group);
    PUSH(g->nests, nest);
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

static const Tensor *known_copy(const PackedList *known, const Choice *c) {
    for (int k = 0; k < known->list.n; k++)
        if (known->list.at[k].tensor == c->tensor && known->list.at[k].dim == c->dim) return known->list.at[k].copy;
    return NULL;
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

/* A parameter has no room between its rows: a copy has, where many rows of results are made with it. */
static void choose_roomy(Choice *choice, const Group *g, const Nest *nest) {
    enum { LEAST_USES = 64 };
    if (!is_large_product(nest)) return;
    Exprs reads = reads_of(nest->members.at[0].body);
    for (int r = 0; r < reads.n; r++) {
        const Tensor *t = reads.at[r]->tensor;
        double uses = turns_of(g, t);
        for (int k = 0; k < nest->n_free; k++)
            if (!uses_index(reads.at[r], nest->free[k])) uses *= (double)nest->free[k]->extent;
        if (t->role == ROLE_PARAM && may_be_packed(t) && wants_room(t) && uses >= LEAST_USES && goes_down(nest, reads.at[r]))
            *choice = (Choice){t, t->rank - 1};
    }
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

void pack_operands(Groups *groups, const Program *p, bool tight) {
    const Map results = results_of(p);
    PackedList known = {0};
    Groups result = {0};
    for (int k = 0; k < groups->n; k++) {
        Group *g = groups->at[k];
        for (int n = 0; n < g->nests.n; n++) {
            Choice c;
            choose(&c, g, g->nests.at[n]);
            if (!c.tensor && !tight) choose_roomy(&c, g, g->nests.at[n]);
            if (!c.tensor || stores(g, c.tensor)) continue;
            const Tensor *copy = known_copy(&known, &c);
            if (!copy) {
                copy = packed_new(c.tensor, c.dim);
                PUSH(result, copy_group(c.tensor, copy, c.dim));
                PUSH(known.list, ((Packed){c.tensor, copy, c.dim}));
            }
            g->nests.at[n] = with_packed(g->nests.at[n], &c, copy);
        }
        for (int n = 0; n < g->nests.n && !tight; n++) spread_operands(g->nests.at[n], &results);
        PUSH(result, g);
    }
    *groups = result;
}
