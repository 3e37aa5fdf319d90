/* Windows in Winograd's form (winograd.c): forward ones, and those of the gradient of what they read.
 *
 *     y[n, q, i, j] = sum(c, u, v) f[q, c, u, v]*x[n, c, i + u, j + v]
 *
 *     f_sums[s, q, c, v]                                                          once
 *     for n, i_tile, j_tile:                                                      a tile: four rows of results, a few columns
 *         sums[s, c, z]                                                           of six rows of x
 *         products[s, q, k] = sum(c, v) f_sums[s, q, c, v]*sums[s, c, k + v]
 *         y[n, q, 4*i_tile + .., j_tile.. + k], and what the nest makes of it
 *
 * A window that goes backwards, as that of a gradient does, is one that goes forwards over rows in the opposite order, and so has the
 * same sums of f. */
#include "winograd.h"
#include <math.h>

enum { CACHED = 64 * 1024, MOST_REALS = 192 * 1024 };    /* of a tile, on the stack: a second cache of 512 KB has room
                                                             * for it beside filters, in float; what the smallest may take */

/* Windows in blocks of samples, x[block, c, i + u, j + v, lane], or with vectors along the columns: x[n, c, i + u, j + v] or, in planes,
 * x[n, c, W*(i + u) + j + v], where the n may be missing. */
typedef struct WindowPlan {
    const Nest *nest;
    bool blocks;
    const Form *form;
    const Expr *x, *f;
    const Index *sample, *out, *in;         /* sample: a block of samples, a sample, or NULL */
    const Index *row, *column;              /* free; in planes both are the place */
    const Index *u, *v;                     /* of the filter */
    int u_dim;                              /* of f */
    int64_t u_slope, v_slope, least, least_column;      /* how they move, 1 or -1, and the first place that the first window sees */
    int64_t width;                          /* of a row of a plane, with what lies between two; else 0 */
    int64_t rows, columns, part;            /* of the results; columns of a tile */
    const Index *i_tile, *j_tile;
    Tensor *border, *sums, *products;       /* border: NULL where nothing is outside */
    const Tensor *g;
} Plan;

/* ---- what is a window ------------------------------------------------------------------------------------------------ */
/* The index of the sum that moves the subscript by `by` or -by, or NULL. */
static const Index *filter_of(const Expr *sub, const Member *sum, int64_t by, int64_t *slope) {
    for (int k = 0; k < sum->n_bound; k++)
        if (stride_of(sub, sum->bound[k], slope) && (*slope == by || *slope == -by)) return *slope /= by, sum->bound[k];
    return NULL;
}

/* How far before its start a window begins that goes backwards. */
static int64_t before(int64_t slope, const Index *filter) { return slope < 0 ? filter->extent - 1 : 0; }

/* The row and the column are subscripts of their own. */
static bool find_window(Plan *p, const Expr *x) {
    const Nest *nest = p->nest;
    const Member *sum = &nest->members.at[0];
    const int first = p->sample ? 1 : 0, last = nest->n_free - p->blocks;
    const Expr *row = x->arg[first + 1], *column = x->arg[first + 2];
    for (int k = first; k < last; k++) {
        if (uses_index(row, nest->free[k])) p->row = nest->free[k];
        if (uses_index(column, nest->free[k])) p->column = nest->free[k];
    }
    p->u = filter_of(row, sum, 1, &p->u_slope), p->v = filter_of(column, sum, 1, &p->v_slope);
    if (!p->row || !p->column || p->row == p->column || !p->u || !p->v) return false;
    if (!starts_at(&p->least, row, p->row, p->u, NULL) || !starts_at(&p->least_column, column, p->column, p->v, NULL)) return false;
    p->rows = p->row->extent, p->columns = p->column->extent;
    p->least -= before(p->u_slope, p->u), p->least_column -= before(p->v_slope, p->v);
    return true;
}

/* Both are one. */
static bool find_plane_window(Plan *p, const Expr *x) {
    const Nest *nest = p->nest;
    const Member *sum = &nest->members.at[0];
    const Expr *place = x->arg[x->tensor->rank - 1];
    p->row = p->column = nest->free[nest->n_free - 1];
    p->v = filter_of(place, sum, 1, &p->v_slope);
    for (int k = 0; k < sum->n_bound && p->v; k++) {
        int64_t slope;
        if (sum->bound[k] == p->v || !stride_of(place, sum->bound[k], &slope) || !slope) continue;
        p->width = slope < 0 ? -slope : slope;
        p->u = sum->bound[k], p->u_slope = slope / p->width;
    }
    if (!p->v || !p->u || !starts_at(&p->least, place, p->row, p->u, p->v)) return false;
    const int64_t places = p->row->extent;
    p->rows = (places + p->width - 1) / p->width;
    p->columns = places - p->width*(p->rows - 1);
    p->least -= p->width*before(p->u_slope, p->u) + before(p->v_slope, p->v);
    return p->columns + p->v->extent - 1 <= p->width;
}

/* [n, c, row, column], [n, c, place], or [block, c, row, column, lane]. */
static bool find_places(Plan *p, const Expr *x) {
    const Nest *nest = p->nest;
    const int rank = x->tensor->rank;
    if (rank < 2 || nest->n_free != rank || (!p->blocks && x->guarded)) return false;
    if (p->blocks && (rank != 5 || x->arg[4] != At(nest->free[4]))) return false;
    p->sample = x->arg[0] == At(nest->free[0]) ? nest->free[0] : NULL;
    if (p->blocks && !p->sample) return false;
    const int own = rank - (p->sample ? 1 : 0) - p->blocks;
    return own == 3 ? find_window(p, x) : own == 2 && find_plane_window(p, x);
}

/* x as above, and f over q, c, u and v in any order. */
static bool find_operands(Plan *p, const Expr *x, const Expr *f, bool blocks) {
    const Nest *nest = p->nest;
    const Member *sum = &nest->members.at[0];
    *p = (Plan){.nest = nest, .blocks = blocks, .x = x, .f = f, .u_dim = -1};
    if (x->kind != X_READ || f->kind != X_READ || f->guarded || f->tensor->rank != 4) return false;
    if (x->tensor->type != REAL || f->tensor->type != REAL || x->tensor->byte || f->tensor->byte) return false;
    if (x->guarded && !is_integer(x->arg[x->n - 1], 0)) return false;
    if (!find_places(p, x)) return false;
    const Expr *channel = x->arg[p->sample ? 1 : 0];
    if (channel->kind != X_INDEX || !is_bound(sum, p->in = channel->index)) return false;
    int found = 0;
    for (int d = 0; d < 4; d++) {
        if (f->arg[d]->kind != X_INDEX) return false;
        const Index *i = f->arg[d]->index;
        if (i == p->u) p->u_dim = d;
        if (i == p->u || i == p->v || i == p->in) found++;
        else if (is_bound(sum, i) || i->count || i == p->sample || i == p->row || i == p->column || i == nest->free[nest->n_free - 1]) return false;
        else p->out = i;
    }
    return found == 3 && p->out && p->u_dim >= 0 && !p->in->count && !p->row->count && !p->column->count && p->u->extent == FILTER && !p->u->count && !p->v->count;
}

static int64_t reals_of(const Plan *p, int64_t part) {
    const int64_t seen = part + p->v->extent - 1, lanes = p->blocks ? LANES : 1;
    return lanes*p->form->sums*((p->x->guarded ? 2 : 1)*seen*p->in->extent + part*p->out->extent);
}

static bool find_plan(Plan *p, const Group *g) {
    if (!is_lone_product(g, 3)) return false;
    const Member *sum = &(p->nest = g->nests.at[0])->members.at[0];
    const Expr *a = sum->body->arg[0], *b = sum->body->arg[1];
    if (!find_operands(p, a, b, g->block) && !find_operands(p, b, a, g->block)) return false;
    p->form = form_for(p->rows);
    if (!p->form || (!p->blocks && p->columns % LANES)) return false;
    p->part = p->columns;
    const int64_t least = p->blocks ? 1 : LANES;
    while (p->part > least && (p->columns % p->part || p->part % least || reals_of(p, p->part) > CACHED)) p->part -= least;
    return reals_of(p, p->part) <= MOST_REALS;
}

/* ---- the nests of a tile --------------------------------------------------------------------------------------------- */
static const Index *lane_of(const Plan *p) { return p->blocks ? over("lane", LANES) : NULL; }

/* At [a, b, c], or [a, b, c, lane], of a tensor of the tile. */
static const Expr *at_tile(const Tensor *t, const Expr *a, const Expr *b, const Expr *c, const Index *lane) {
    const Expr *subs[] = {a, b, c, lane ? At(lane) : NULL};
    return element(t, subs, 4);
}

static Tensor *own_tensor(const Plan *p, const char *name, int64_t a, int64_t b, int64_t c, int channel) {
    const int64_t extents[] = {a, b, c, LANES};
    return tile_tensor(name, extents, p->blocks ? 4 : 3, channel);
}

static void store(Nest *nest, const Tensor *t, const Expr *a, const Expr *b, const Expr *c, const Index *lane, const Expr *body) {
    const Expr *subs[] = {a, b, c, lane ? At(lane) : NULL};
    add_store_of(nest, t, subs, 4, body);
}

/* The first row and the first column of the results of a tile. */
static const Expr *first_row(const Plan *p) { return Mul(Int(p->form->results), At(p->i_tile)); }
static const Expr *first_column(const Plan *p) { return Mul(Int(p->part), At(p->j_tile)); }

/* What p->row and p->column are at a row y and a column k of the results of the tile; in planes they are one. */
static int places_of(const Plan *p, const Expr **to, const Expr *y, const Index *k) {
    const Expr *i = Add(first_row(p), y), *j = Add(first_column(p), At(k));
    to[0] = p->width ? Add(Mul(Int(p->width), i), j) : i, to[1] = j;
    return p->width ? 1 : 2;
}

/* What the windows of the tile see in a row y and a column z of it. */
static const Expr *seen(const Plan *p, const Expr *y, const Expr *channel, const Expr *z, const Index *lane) {
    const Expr **subs = NEW_ARRAY(const Expr *, 6);
    int n = 0;
    if (p->sample) subs[n++] = At(p->sample);
    subs[n++] = channel;
    y = Add(first_row(p), y), z = Add(first_column(p), z);
    if (p->width) subs[n++] = Add(Add(Mul(Int(p->width), y), z), Int(p->least));
    else subs[n++] = Add(y, Int(p->least)), subs[n++] = Add(z, Int(p->least_column));
    if (lane) subs[n++] = At(lane);
    return p->x->guarded ? ReadElse(p->x->tensor, subs, n, Num(0)) : Read(p->x->tensor, subs, n);
}

/* That, with zeros for what is outside. */
static Nest *border_nest(const Plan *p) {
    const Index *y = over("y", p->form->sums), *z = over("z", p->border->dim[1].extent);
    const Index *in = own_index(p->in), *lane = lane_of(p), *free[] = {y, z, in, lane};
    Nest *nest = nest_over(free, 4);
    store(nest, p->border, At(y), At(z), At(in), lane, seen(p, At(y), At(in), At(z), lane));
    return nest;
}

/* The sums at columns from the first on. */
static Nest *input_nest(const Plan *p, int64_t first, int64_t columns) {
    const Form *form = p->form;
    const Index *z = over("z", columns), *in = own_index(p->in), *lane = lane_of(p), *free[] = {in, z, lane};
    const Expr *x[MOST_ROWS], *sums[MOST_ROWS], *at = Add(At(z), Int(first));
    Nest *nest = nest_over(free, 3);
    for (int y = 0; y < form->sums; y++) {
        const Expr *row = Int(p->u_slope < 0 ? form->sums - 1 - y : y);
        x[y] = named(nest, "x", p->border ? at_tile(p->border, row, at, At(in), lane) : seen(p, row, At(in), at, lane));
    }
    input_sums(form, nest, x, sums);
    for (int s = 0; s < form->sums; s++) store(nest, p->sums, Int(s), At(in), at, lane, sums[s]);
    return nest;
}

static Nest *product_nest(const Plan *p) {
    const Index *s = over("s", p->form->sums), *in = own_index(p->in), *out = own_index(p->out);
    const Index *k = over("k", p->part), *v = own_index(p->v), *lane = lane_of(p);
    const Index *free[] = {s, out, k, lane};
    Nest *nest = nest_over(free, 4);
    const Expr *at[4];
    int n = 0;
    at[n++] = At(s);
    for (int d = 0; d < 4; d++)
        if (d != p->u_dim) at[n++] = At(p->f->arg[d]->index == p->in ? in : p->f->arg[d]->index == p->v ? v : out);
    const Expr *column = Add(At(k), p->v_slope < 0 ? Sub(Int(v->extent - 1), At(v)) : At(v));
    store(nest, p->products, At(s), At(out), At(k), lane, Mul(element(p->g, at, 4), at_tile(p->sums, At(s), At(in), column, lane)));
    sum_up(nest, (const Index *[]){in, v}, 2);
    return nest;
}

static Nest *output_nest(const Plan *p) {
    const Form *form = p->form;
    const Index *k = over("k", p->part), *lane = p->blocks ? p->nest->free[4] : NULL, *free[] = {p->out, k, lane};
    const Expr *m[MOST_ROWS], *results[MOST_ROWS];
    Nest *nest = nest_over(free, 3);
    nest->block = p->blocks ? p->sample : NULL;
    for (int s = 0; s < form->sums; s++) m[s] = named(nest, "m", at_tile(p->products, Int(s), At(p->out), At(k), lane));
    results_of_products(form, nest, m, form->results, results);
    for (int y = 0; y < form->results; y++) {
        const Expr *to[2];
        const int n = places_of(p, to, Int(p->u_slope < 0 ? form->results - 1 - y : y), k);
        add_results(nest, p->nest, results[y], (const Index *[]){p->row, p->column}, to, n);
    }
    return nest;
}

/* What the results of a tile are made of, and where they are stored, lies in memory that no one has touched for long: it comes while the
 * products are summed, a row with each of the first sums. */
static void ask_while_summed(const Plan *p, Nest *products) {
    const Index *s = products->free[0], *from[4] = {p->out};
    const Expr *to[4] = {At(products->free[1])};
    int n = 1;
    if (p->blocks) from[n] = p->nest->free[4], to[n++] = At(products->free[3]);
    from[n] = p->row, from[n + 1] = p->column;
    n += places_of(p, to + n, At(s), products->free[2]);
    for (int m = 0; m < p->nest->members.n; m++) {
        const Member *own = &p->nest->members.at[m];
        Exprs reads = {0};
        if (own->op == REDUCE_NONE) reads = reads_of(own->body);
        if (own->target) PUSH(reads, element(own->target, own->subs, own->n_subs));
        for (int r = 0; r < reads.n; r++) {
            const Expr *read = substitute(reads.at[r], from, to, n);
            bool known = read->guarded || read->tensor->rank < p->nest->n_free;
            for (int a = 0; a < products->ahead.n; a++) known |= products->ahead.at[a] == read;
            if (!known) PUSH(products->ahead, read);
        }
    }
    products->ahead_where = Lt(At(s), Int(p->form->results));
}

/* ---- groups ---------------------------------------------------------------------------------------------------------- */
/* f's dims but those of u stay as they are. */
static Group *filters_group(const Plan *p) {
    const Tensor *t = p->f->tensor;
    const int sums = p->form->sums;
    const Index **own = NEW_ARRAY(const Index *, 4);
    const Expr *f[FILTER];
    own[0] = over("s", sums);
    for (int d = 0, n = 1; d < 4; d++)
        if (d != p->u_dim) own[n++] = index_over(name_of(text("i%d", d)), t->dim[d]);
    for (int u = 0; u < FILTER; u++) {
        const Expr **subs = NEW_ARRAY(const Expr *, 4);
        for (int d = 0, n = 1; d < 4; d++) subs[d] = d == p->u_dim ? Int(u) : At(own[n++]);
        f[u] = Read(t, subs, 4);
    }
    Equation *words = NEW(Equation);
    *words = (Equation){.out = (Tensor *)p->g, .n_free = 4, .free = own, .body = filter_sum(p->form, f, sums - 1), .origin = t->origin};
    for (int s = sums - 1; s-- > 0; ) words->body = Where(Eq(At(own[0]), Int(s)), filter_sum(p->form, f, s), words->body);
    Nest *nest = nest_over(own + 1, 3);
    for (int u = 0; u < FILTER; u++) f[u] = named(nest, "f", f[u]);
    for (int s = 0; s < sums; s++) {
        const Expr *subs[] = {Int(s), At(own[1]), At(own[2]), At(own[3])};
        add_store_of(nest, p->g, subs, 4, filter_sum(p->form, f, s));
    }
    Group *group = NEW(Group);
    PUSH(group->nests, nest);
    PUSH(group->equations, words);
    return group;
}

static const Tensor *filters_tensor(const Plan *p) {
    const Tensor *t = p->f->tensor;
    Dim dims[4] = {{p->form->sums, NULL}};
    for (int d = 0, n = 1; d < 4; d++)
        if (d != p->u_dim) dims[n++] = t->dim[d];
    return tensor_new(name_of(text("%s_sums", t->name)), ROLE_VALUE, REAL, 4, dims, t->origin);
}

static Group *windows_group(Plan *p, const Group *g) {
    Group *own = NEW(Group);
    const int sums = p->form->sums;
    const int64_t reach = p->v->extent - 1;
    p->i_tile = over("i_tile", p->rows / p->form->results);
    p->j_tile = over("j_tile", p->columns / p->part);
    if (p->x->guarded) p->border = own_tensor(p, "border", sums, p->part + reach, p->in->extent, 2);
    p->sums = own_tensor(p, "sums", sums, p->in->extent, p->part + reach, 1);
    p->products = own_tensor(p, "products", sums, p->out->extent, p->part, 1);
    if (p->sample) own->cell[own->n_cells++] = p->sample;
    own->cell[own->n_cells++] = p->i_tile, own->cell[own->n_cells++] = p->j_tile;
    own->block = g->block, own->samples = g->samples, own->equations = g->equations;
    own->note = text("In Winograd's form: of %d rows of %s, %d sums for %d rows of results; their products with those of %s; and of these the results.",
                     sums, p->x->tensor->name, sums, p->form->results, p->f->tensor->name);
    if (p->border) PUSH(own->rows, p->border);
    PUSH(own->rows, p->sums);
    PUSH(own->rows, p->products);
    if (p->border) PUSH(own->nests, border_nest(p));
    /* Where columns are vectors, those that only the last windows see are too few for one. */
    PUSH(own->nests, input_nest(p, 0, p->blocks ? p->part + reach : p->part));
    if (!p->blocks) PUSH(own->nests, input_nest(p, p->part, reach));
    Nest *products = product_nest(p);
    ask_while_summed(p, products);
    PUSH(own->nests, products);
    PUSH(own->nests, output_nest(p));
    return own;
}

/* ---- the cost -------------------------------------------------------------------------------------------------------- */
/* Whether the products that it saves are more than the sums that it adds, by so much that it is worth other roundings. */
static bool is_worth(const Plan *p) {
    enum { INPUT = 20, BORDER = 14, OUTPUT = 16 };              /* cycles of a vector of eight, for all sums of a column */
    const double least_gain = 1.2;
    const double vectors = (double)(p->blocks ? LANES : 1) / 8, seen = (double)(p->part + p->v->extent - 1);
    const double tiles = (double)((p->sample ? p->sample->extent : 1)*p->i_tile->extent*p->j_tile->extent);
    const double input = (double)p->in->extent*seen*(INPUT + (p->border ? BORDER : 0)), output = (double)(p->out->extent*p->part)*OUTPUT;
    const double direct = sum_cycles(p->nest);
    return direct < INFINITY && direct > least_gain*tiles*(tile_cycles(product_nest(p)) + vectors*(input + output));
}

static bool same_sums(const Plan *a, const Plan *b) { return a->f->tensor == b->f->tensor && a->u_dim == b->u_dim && a->form == b->form; }

Group *windows_in_form(Groups *result, WindowPlans *known, const Group *g) {
    Plan *p = NEW(Plan);
    if (!find_plan(p, g)) return NULL;
    for (int k = 0; k < known->n; k++)
        if (same_sums(known->at[k], p)) p->g = known->at[k]->g;
    const bool shared = p->g;
    if (!shared) p->g = filters_tensor(p);
    Group *windows = windows_group(p, g);
    if (!is_worth(p)) return NULL;
    if (!shared) {
        PUSH(*known, p);
        PUSH(*result, filters_group(p));
    }
    return windows;
}
