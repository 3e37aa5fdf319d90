/* Gradients of filters in Winograd's form (winograd.c):
 *
 *     d_f[q, c, u, v] = sum(n, i, j) d_y[n, q, i, j]*x[n, c, i + u, j + v]
 *
 *     for q_part, c_part:                                             of the filters, as many as have room
 *         total[s, q, c, v, lane] = 0
 *         for n, i_tile, j_tile:                                      a tile: a few places of a row, or of several
 *             sums[s, c, r, z]                                        of six rows of x
 *             d_sums[s, q, r, j]                                      of four rows of d_y
 *             total[s, q, c, v, lane] += sum(r, j) d_sums[s, q, r, j]*sums[s, c, r, j + v]        at each lane
 *         d_f[q, c, u, v]                                             of the totals, their lanes added up
 *
 * Both operands and the total have lanes: samples of a block, or 16 columns of a row. So nothing is turned about, and lanes are added up once.
 * The sums are made again for each part; that costs less than to store them. */
#include "winograd.h"
#include <math.h>

enum { CACHED = 92 * 1024 };                /* reals of totals and tiles, on the stack: a second cache of 512 KB has room for them, in float */
enum { STEPS = 32 };                        /* terms of a sum that pay for its way to memory */
enum { MOST_CHANNELS = 16, FEWEST_PARTS = 2 };

typedef struct {
    const Nest *nest;
    bool blocks;
    const Form *form;
    const Expr *x, *d;                      /* reads: of what the windows see, and of the gradient of the results */
    const Index *sample, *i, *j;            /* of the sum; sample: a block of samples, or a sample */
    const Index *q, *c, *u, *v;             /* free */
    int64_t least_row, least_column;        /* the first place that the first window sees */
    int64_t q_size, c_size, rows, columns;  /* of a part; of a tile: rows count tiles of the form */
    const Index *q_part, *c_part, *i_tile, *j_tile;
    Tensor *border, *sums, *d_sums, *total, *folded;
} Plan;

/* ---- what is such a gradient ----------------------------------------------------------------------------------------- */
/* d[sample, q, i, j] and x[sample, c, i + u, j + v], both with a lane behind in blocks. */
static bool find_operands(Plan *p, const Expr *d, const Expr *x) {
    const Nest *nest = p->nest;
    const Member *sum = &nest->members.at[0];
    const int rank = p->blocks ? 5 : 4;
    if (d->kind != X_READ || x->kind != X_READ || d->guarded || d->tensor->rank != rank || x->tensor->rank != rank) return false;
    if (d->tensor->type != REAL || x->tensor->type != REAL || d->tensor->byte || x->tensor->byte) return false;
    if (x->guarded && !is_integer(x->arg[rank], 0)) return false;
    for (int k = 0; k < 4; k++)
        if (d->arg[k]->kind != X_INDEX) return false;
    p->sample = d->arg[0]->index, p->q = d->arg[1]->index, p->i = d->arg[2]->index, p->j = d->arg[3]->index;
    if (!is_bound(sum, p->sample) || !is_bound(sum, p->i) || !is_bound(sum, p->j) || p->i == p->j || is_bound(sum, p->q)) return false;
    if (x->arg[0] != d->arg[0] || x->arg[1]->kind != X_INDEX || is_bound(sum, p->c = x->arg[1]->index) || p->c == p->q) return false;
    if (p->blocks && (x->arg[4] != d->arg[4] || d->arg[4]->kind != X_INDEX || !is_bound(sum, d->arg[4]->index))) return false;
    p->u = p->v = NULL;
    for (int k = 0; k < nest->n_free; k++) {
        const Index *f = nest->free[k];
        int64_t slope;
        if (f == p->q || f == p->c) continue;
        if (stride_of(x->arg[2], f, &slope) && slope == 1) p->u = f;
        else if (stride_of(x->arg[3], f, &slope) && slope == 1) p->v = f;
    }
    if (!p->u || !p->v || p->u->extent != FILTER || p->u->count || p->v->count || p->q->count || p->c->count || p->i->count || p->j->count) return false;
    p->d = d, p->x = x;
    return starts_at(&p->least_row, x->arg[2], p->i, p->u, NULL) && starts_at(&p->least_column, x->arg[3], p->j, p->v, NULL);
}

static int64_t reach(const Plan *p) { return p->v->extent - 1; }

/* Steps of the sum over a tile: vectors of lanes. */
static int64_t steps_of(const Plan *p) { return p->rows*p->columns / (p->blocks ? 1 : LANES); }

static int64_t reals_of(const Plan *p) {
    const int64_t seen = p->columns + reach(p), lanes = p->blocks ? LANES : 1, sums = p->form->sums;
    const int64_t tile = p->rows*(seen*p->c_size*(p->x->guarded ? sums + p->form->results : sums) + p->columns*p->q_size*sums);
    return lanes*tile + LANES*sums*p->v->extent*p->q_size*p->c_size;
}

/* The largest tile that has room, a part of a row or so many rows: of no more than the steps that are enough. */
static bool find_tile(Plan *p) {
    const int64_t unit = p->blocks ? 1 : LANES, all_rows = p->i->extent / p->form->results;
    bool found = false;
    for (int64_t rows = 1; rows <= all_rows; rows++)
        for (int64_t columns = unit; columns <= p->j->extent; columns += unit) {
            Plan other = *p;
            other.rows = rows, other.columns = columns;
            const bool fits = all_rows % rows == 0 && p->j->extent % columns == 0 && (rows == 1 || columns == p->j->extent);
            if (!fits || reals_of(&other) > CACHED || (found && (steps_of(&other) > STEPS || steps_of(&other) <= steps_of(p)))) continue;
            *p = other;
            found = true;
        }
    return found;
}

static bool find_plan(Plan *p, const Group *g) {
    const Nest *nest = g->nests.at[0];
    if (!is_lone_product(g, g->block ? 4 : 3) || nest->n_free != 4) return false;
    *p = (Plan){.nest = nest, .blocks = g->block};
    const Expr *a = nest->members.at[0].body->arg[0], *b = nest->members.at[0].body->arg[1];
    if (!find_operands(p, a, b) && !find_operands(p, b, a)) return false;
    p->form = form_for(p->i->extent);
    return p->form && p->j->extent % (p->blocks ? 1 : LANES) == 0;
}

/* ---- the nests ------------------------------------------------------------------------------------------------------- */
static const Index *lane_of(const Plan *p) { return p->blocks ? over("lane", LANES) : NULL; }
static const Expr *lane_at(const Index *lane) { return lane ? At(lane) : NULL; }

/* Rows of the picture that a tile begins with, and columns. */
static const Expr *first_row(const Plan *p) { return Mul(Int(p->form->results*p->rows), At(p->i_tile)); }
static const Expr *first_column(const Plan *p) { return Mul(Int(p->columns), At(p->j_tile)); }
static const Expr *channel(const Index *part, int64_t size, const Index *within) { return Add(Mul(Int(size), At(part)), At(within)); }

/* What the windows of a tile see in its row y and its column z. */
static const Expr *seen(const Plan *p, const Expr *c, const Expr *y, const Expr *z, const Index *lane) {
    const Expr **subs = NEW_ARRAY(const Expr *, 5);
    subs[0] = At(p->sample), subs[1] = c, subs[4] = lane_at(lane);
    subs[2] = Add(Add(first_row(p), y), Int(p->least_row));
    subs[3] = Add(Add(first_column(p), z), Int(p->least_column));
    return p->x->guarded ? ReadElse(p->x->tensor, subs, p->x->tensor->rank, Num(0)) : Read(p->x->tensor, subs, p->x->tensor->rank);
}

/* In its border, whose innermost loops are those that no condition cuts. */
static const Expr *in_border(const Plan *p, const Expr *c, const Expr *y, const Expr *z, const Index *lane) {
    const Expr *subs[] = {y, p->blocks ? z : c, p->blocks ? c : z, lane_at(lane)};
    return element(p->border, subs, 4);
}

static Nest *border_nest(const Plan *p, int64_t first, int64_t columns) {
    const Index *c = over(p->c->name, p->c_size), *y = over("y", p->border->dim[0].extent), *z = over("z", columns), *lane = lane_of(p);
    const Index *free[] = {y, p->blocks ? z : c, p->blocks ? c : z, lane};
    Nest *nest = nest_over(free, 4);
    const Expr *at = Add(At(z), Int(first));
    add_store_of(nest, p->border, in_border(p, At(c), At(y), at, lane)->arg, 4, seen(p, channel(p->c_part, p->c_size, c), At(y), at, lane));
    return nest;
}

/* The sums of x at columns from the first on. */
static Nest *input_nest(const Plan *p, int64_t first, int64_t columns) {
    const Form *form = p->form;
    const Index *c = over(p->c->name, p->c_size), *r = over("r", p->rows), *z = over("z", columns), *lane = lane_of(p);
    const Index *free[] = {c, r, z, lane};
    const Expr *x[MOST_ROWS], *sums[MOST_ROWS], *at = Add(At(z), Int(first));
    Nest *nest = nest_over(free, 4);
    for (int y = 0; y < form->sums; y++) {
        const Expr *row = Add(Mul(Int(form->results), At(r)), Int(y)), *c_at = channel(p->c_part, p->c_size, c);
        x[y] = named(nest, "x", p->border ? in_border(p, At(c), row, at, lane) : seen(p, c_at, row, at, lane));
    }
    input_sums(form, nest, x, sums);
    for (int s = 0; s < form->sums; s++) {
        const Expr *subs[] = {Int(s), At(c), At(r), at, lane_at(lane)};
        add_store_of(nest, p->sums, subs, 5, sums[s]);
    }
    return nest;
}

static Nest *gradient_nest(const Plan *p) {
    const Form *form = p->form;
    const Index *q = over(p->q->name, p->q_size), *r = over("r", p->rows), *k = over("k", p->columns), *lane = lane_of(p);
    const Index *free[] = {q, r, k, lane};
    const Expr *d[MOST_ROWS], *sums[MOST_ROWS];
    Nest *nest = nest_over(free, 4);
    for (int y = 0; y < form->results; y++) {
        const Expr *subs[] = {At(p->sample), channel(p->q_part, p->q_size, q), Add(Add(first_row(p), Mul(Int(form->results), At(r))), Int(y)),
                              Add(first_column(p), At(k)), lane_at(lane)};
        d[y] = named(nest, "d", element(p->d->tensor, subs, 5));
    }
    gradient_sums(form, nest, d, sums);
    for (int s = 0; s < form->sums; s++) {
        const Expr *subs[] = {Int(s), At(q), At(r), At(k), lane_at(lane)};
        add_store_of(nest, p->d_sums, subs, 5, sums[s]);
    }
    return nest;
}

static Nest *product_nest(const Plan *p) {
    const Index *s = over("s", p->form->sums), *q = over(p->q->name, p->q_size), *c = over(p->c->name, p->c_size), *v = own_index(p->v);
    const Index *lane = over("lane", LANES), *r = over("r", p->rows), *k = over("k", p->columns / (p->blocks ? 1 : LANES));
    const Index *free[] = {s, q, c, v, lane};
    Nest *nest = nest_over(free, 5);
    const Expr *column = p->blocks ? At(k) : Add(Mul(Int(LANES), At(k)), At(lane)), *own_lane = p->blocks ? At(lane) : NULL;
    const Expr *d[] = {At(s), At(q), At(r), column, own_lane}, *x[] = {At(s), At(c), At(r), Add(column, At(v)), own_lane};
    const Expr *total[] = {At(s), At(q), At(c), At(v), At(lane)};
    add_store_of(nest, p->total, total, 5, Mul(element(p->d_sums, d, 5), element(p->sums, x, 5)));
    sum_up(nest, (const Index *[]){r, k}, 2);
    nest->members.at[0].adds = true;
    return nest;
}

/* The lanes of a total added up. */
static Nest *fold_nest(const Plan *p) {
    const Index *s = over("s", p->form->sums), *q = over(p->q->name, p->q_size), *c = over(p->c->name, p->c_size), *v = own_index(p->v);
    const Index *lane = over("lane", LANES), *free[] = {s, q, c, v};
    const Expr *subs[] = {At(s), At(q), At(c), At(v), NULL};
    Nest *nest = nest_over(free, 4);
    const Expr *total[] = {subs[0], subs[1], subs[2], subs[3], At(lane)};
    add_store_of(nest, p->folded, subs, 4, element(p->total, total, 5));
    sum_up(nest, &lane, 1);
    return nest;
}

static Nest *output_nest(const Plan *p) {
    const Form *form = p->form;
    const Index *q = over(p->q->name, p->q_size), *c = over(p->c->name, p->c_size), *free[] = {q, c, p->v};
    const Expr *m[MOST_ROWS], *results[MOST_ROWS];
    Nest *nest = nest_over(free, 3);
    for (int s = 0; s < form->sums; s++) {
        const Expr *subs[] = {Int(s), At(q), At(c), At(p->v)};
        m[s] = named(nest, "m", scaled(form, element(p->folded, subs, 4), s));
    }
    results_of_products(form, nest, m, FILTER, results);
    for (int u = 0; u < FILTER; u++) {
        const Expr *to[] = {channel(p->q_part, p->q_size, q), channel(p->c_part, p->c_size, c), Int(u)};
        add_results(nest, p->nest, results[u], (const Index *[]){p->q, p->c, p->u}, to, 3);
    }
    return nest;
}

/* Where columns are vectors, what lies to the left and right of a tile's own columns is too little for one. */
static void add_by_columns(const Plan *p, Group *g, Nest *(*nest)(const Plan *, int64_t, int64_t), bool border) {
    const int64_t all = p->columns + reach(p), least = border && p->least_column < 0 ? -p->least_column : 0, left = least < reach(p) ? least : reach(p);
    if (p->blocks) {
        PUSH(g->nests, nest(p, 0, all));
        return;
    }
    PUSH(g->nests, nest(p, left, p->columns));
    if (left > 0) PUSH(g->nests, nest(p, 0, left));
    if (left + p->columns < all) PUSH(g->nests, nest(p, left + p->columns, all - left - p->columns));
}

/* What the sizes of parts and tiles make. */
static void name_tensors(Plan *p) {
    const Form *form = p->form;
    const int64_t all = p->columns + reach(p);
    const int rank = p->blocks ? 5 : 4;
    p->q_part = over("q_part", p->q->extent / p->q_size), p->c_part = over("c_part", p->c->extent / p->c_size);
    p->i_tile = over("i_tile", p->i->extent / form->results / p->rows), p->j_tile = over("j_tile", p->j->extent / p->columns);
    const int64_t seen_rows = form->results*p->rows + FILTER - 1;
    const int64_t border[] = {seen_rows, p->blocks ? all : p->c_size, p->blocks ? p->c_size : all, LANES}, sums[] = {form->sums, p->c_size, p->rows, all, LANES};
    const int64_t d_sums[] = {form->sums, p->q_size, p->rows, p->columns, LANES}, total[] = {form->sums, p->q_size, p->c_size, p->v->extent, LANES};
    if (p->x->guarded) p->border = local_new("border", REAL, rank - 1, border);
    p->sums = tile_tensor("sums", sums, rank, 1), p->d_sums = tile_tensor("d_sums", d_sums, rank, 1);
    p->total = local_new("total", REAL, 5, total), p->folded = local_new("folded", REAL, 4, total);
}

static Group *group_of(const Plan *p, const Group *g) {
    Group *own = NEW(Group);
    const Form *form = p->form;
    own->cell[own->n_cells++] = p->q_part, own->cell[own->n_cells++] = p->c_part;
    own->turn[own->n_turns++] = p->sample, own->turn[own->n_turns++] = p->i_tile, own->turn[own->n_turns++] = p->j_tile;
    own->block = g->block, own->samples = g->samples, own->equations = g->equations;
    own->note = text("In Winograd's form: of %d rows of %s, %d sums, and as many of %d rows of %s; the totals of their products; and of these the results.",
                     form->sums, p->x->tensor->name, form->sums, form->results, p->d->tensor->name);
    PUSH(own->totals, p->total);
    PUSH(own->totals, p->folded);
    if (p->border) PUSH(own->rows, p->border);
    PUSH(own->rows, p->sums);
    PUSH(own->rows, p->d_sums);
    if (p->border) add_by_columns(p, own, border_nest, true);
    add_by_columns(p, own, input_nest, false);
    PUSH(own->nests, gradient_nest(p));
    PUSH(own->nests, product_nest(p));
    PUSH(own->after, fold_nest(p));
    PUSH(own->after, output_nest(p));
    return own;
}

/* ---- the cost -------------------------------------------------------------------------------------------------------- */
static double cycles_of(const Plan *p) {
    enum { INPUT = 12, BORDER = 14, GRADIENT = 18, FOLDED = 8 };        /* cycles of a vector of eight, for all sums of a column; of a total */
    const double vectors = (double)(p->blocks ? LANES : 1) / 8, seen = (double)(p->rows*(p->columns + reach(p))), own = (double)(p->rows*p->columns);
    const double parts = (double)(p->q_part->extent*p->c_part->extent), turns = (double)(p->sample->extent*p->i_tile->extent*p->j_tile->extent);
    const double input = (double)p->c_size*seen*(INPUT + (p->border ? BORDER : 0)), gradient = (double)p->q_size*own*GRADIENT;
    const double folded = (double)(p->form->sums*p->v->extent*p->q_size*p->c_size)*FOLDED;
    return parts*(turns*(tile_cycles(product_nest(p)) + vectors*(input + gradient)) + folded);
}

/* The sizes of the least cost, in as many parts as threads may want; false: there are none. */
static bool find_sizes(Plan *best, double *cycles) {
    const Plan first = *best;
    *cycles = INFINITY;
    for (int64_t q = 4; q <= MOST_CHANNELS; q *= 2)
        for (int64_t c = 4; c <= MOST_CHANNELS; c *= 2) {
            Plan p = first;
            p.q_size = q < p.q->extent ? q : p.q->extent, p.c_size = c < p.c->extent ? c : p.c->extent;
            if (p.q->extent % p.q_size || p.c->extent % p.c_size || p.q->extent*p.c->extent < FEWEST_PARTS*p.q_size*p.c_size || !find_tile(&p)) continue;
            name_tensors(&p);
            const double own = cycles_of(&p);
            if (own < *cycles) *cycles = own, *best = p;
        }
    return *cycles < INFINITY;
}

Group *filters_in_form(const Group *g) {
    const double least_gain = 1.15;             /* what is worth other roundings */
    Plan p;
    double cycles;
    return find_plan(&p, g) && find_sizes(&p, &cycles) && packed_cycles(g, p.nest) > least_gain*cycles ? group_of(&p, g) : NULL;
}
