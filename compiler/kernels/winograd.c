/* Winograd: windows of three by three with fewer multiplications.
 *
 *     y0 = f0*x0 + f1*x1 + f2*x2          m0 = f0*(x0 - x2)                 m1 = (f0 + f1 + f2)/2*(x1 + x2)
 *     y1 = f0*x1 + f1*x2 + f2*x3          m3 = f2*(x1 - x3)                 m2 = (f0 - f1 + f2)/2*(x2 - x1)
 *                                         y0 = m0 + m1 + m2                 y1 = m1 - m2 - m3
 *
 * Two neighbours take four products instead of six, and squares of two by two, both ways, 16 instead of 36. The sums of f and of x are
 * taken before a sum over many channels, those of m after it:
 *
 *     y[n, q, i, j] = sum(c, u, v) f[q, c, u, v]*x[n, c, i + u, j + v]
 *
 *     g[s, q, c] = G f G'                                          s < 16: of the filters, once
 *     for n, i_tile, j_tile:                                       a tile: two rows of results, a few squares
 *         square[s, c, k] = B' x B                                 the sums of four by four places
 *         product[s, q, k] = sum(c) g[s, q, c]*square[s, c, k]
 *         y[n, q, 2*i_tile + .., 2*(.. + k) + ..] = A' product A, and what the nest makes of it
 *
 * A window that goes backwards, as that of a gradient does, is one that goes forwards with m0 and m3 exchanged. Results differ from those
 * of the plain sum by roundings: some 1e-6 of the largest one.
 * [Winograd, Arithmetic complexity of computations, 1980; Lavin and Gray, Fast algorithms for convolutional neural networks, 2016] */
#include "tile.h"
#include <math.h>

enum { FILTER = 3, PLACES = 4, SQUARES = PLACES*PLACES };
enum { CACHED = 64 * 1024, MOST_REALS = 192 * 1024 };    /* of a tile, on the stack: a second cache of 512 KB has room
                                                             * for it beside filters, in float; what one square may take */

/* A subscript i + u, or i - u: of the free index i and an index u of the sum that runs over a filter. */
typedef struct { const Index *at, *filter; int64_t slope, least; } Window;

typedef struct {
    const Nest *nest;
    const Expr *x, *f;
    Window row, column;
    int row_dim, column_dim;            /* dims of f */
    const Index *out, *in;              /* channels */
    int64_t squares;                    /* of a tile */
    Tensor *border, *square, *product;
    const Tensor *g;
    const Index *block, *i_tile, *j_tile;
} Plan;

/* ---- what is a window ------------------------------------------------------------------------------------------------ */
static bool is_window(Window *w, const Expr *sub, const Nest *nest) {
    const Member *sum = &nest->members.at[0];
    int64_t slope;
    *w = (Window){0};
    for (int k = 0; k < nest->n_free; k++) {
        if (!uses_index(sub, nest->free[k])) continue;
        if (w->at || !stride_of(sub, nest->free[k], &slope) || slope != 1) return false;
        w->at = nest->free[k];
    }
    for (int k = 0; k < sum->n_bound; k++) {
        if (!uses_index(sub, sum->bound[k])) continue;
        if (w->filter || !stride_of(sub, sum->bound[k], &w->slope) || (w->slope != 1 && w->slope != -1)) return false;
        w->filter = sum->bound[k];
    }
    if (!w->at || !w->filter || w->filter->extent != FILTER || w->filter->count || w->at->count || w->at->extent % 2) return false;
    const Index *own[] = {w->at, w->filter};
    const Expr *start = at_zero(sub, own, 2);
    if (start->kind != X_INT) return false;
    w->least = start->integer + (w->slope < 0 ? 1 - FILTER : 0);
    return true;
}

static bool is_bound(const Member *sum, const Index *i) {
    bool bound = false;
    for (int k = 0; k < sum->n_bound; k++) bound |= sum->bound[k] == i;
    return bound;
}

/* x[block, c, i + u, j + v, lane] and f over q, c, u and v in any order, where blocks of samples are. */
static bool find_operands(Plan *p, const Expr *x, const Expr *f) {
    const Nest *nest = p->nest;
    const Member *sum = &nest->members.at[0];
    if (x->kind != X_READ || f->kind != X_READ || f->guarded || x->tensor->rank != 5 || f->tensor->rank != 4) return false;
    if (x->tensor->type != REAL || f->tensor->type != REAL || x->tensor->byte || f->tensor->byte) return false;
    if (x->guarded && !is_integer(x->arg[x->n - 1], 0)) return false;
    if (x->arg[0] != At(nest->free[0]) || x->arg[4] != At(nest->free[4])) return false;
    if (x->arg[1]->kind != X_INDEX || !is_bound(sum, p->in = x->arg[1]->index)) return false;
    if (!is_window(&p->row, x->arg[2], nest) || !is_window(&p->column, x->arg[3], nest)) return false;
    p->row_dim = p->column_dim = -1;
    bool channels = false;
    for (int d = 0; d < 4; d++) {
        if (f->arg[d]->kind != X_INDEX) return false;
        const Index *i = f->arg[d]->index;
        if (i == p->row.filter) p->row_dim = d;
        else if (i == p->column.filter) p->column_dim = d;
        else if (i == p->in) channels = true;
        else if (is_bound(sum, i) || i->count || i == nest->free[0] || i == nest->free[4] || i == p->row.at || i == p->column.at) return false;
        else p->out = i;
    }
    p->x = x, p->f = f;
    return channels && !p->in->count && p->out && p->row_dim >= 0 && p->column_dim >= 0 && p->row.at != p->column.at;
}

static int64_t reals_of(const Plan *p, int64_t squares) {
    const int64_t borders = PLACES*(2*squares + 2)*p->in->extent;
    return LANES*(borders + SQUARES*squares*(p->in->extent + p->out->extent));
}

static bool find_plan(Plan *p, const Group *g) {
    const Nest *nest = p->nest = g->nests.at[0];
    const Member *sum = &nest->members.at[0];
    if (!g->block || g->outer || g->n_cells || g->nests.n != 1 || nest->n_free != 5 || nest->free[0] != g->block) return false;
    if (nest->free[4]->extent != LANES || sum->op != REDUCE_SUM || sum->n_bound != 3 || sum->body->kind != X_OP || sum->body->op != OP_MUL) return false;
    for (int k = 1; k < nest->members.n; k++)
        if (nest->members.at[k].op != REDUCE_NONE) return false;
    const Expr *a = sum->body->arg[0], *b = sum->body->arg[1];
    if (!find_operands(p, a, b) && !find_operands(p, b, a)) return false;
    const int64_t half = p->column.at->extent / 2;
    p->squares = half;
    while (p->squares > 1 && (half % p->squares || reals_of(p, p->squares) > CACHED)) p->squares--;
    return reals_of(p, p->squares) <= MOST_REALS;
}

/* ---- the nests of a tile --------------------------------------------------------------------------------------------- */
static const Expr *element(const Tensor *t, const Expr *a, const Expr *b, const Expr *c, const Expr *d) {
    const Expr **subs = NEW_ARRAY(const Expr *, 4);
    subs[0] = a, subs[1] = b, subs[2] = c, subs[3] = d;
    return Read(t, subs, 4);
}

/* Planes at a distance of a power of two would have few places in a cache: a channel more parts them. */
static Tensor *tile_tensor(const char *name, int64_t a, int64_t b, int64_t c, int channel) {
    const int64_t extents[] = {a, b, c, LANES};
    Tensor *t = local_new(name, REAL, 4, extents);
    t->room[channel] = extents[channel] + 1;
    return t;
}

static Nest *nest_over(const Index *a, const Index *b, const Index *c, const Index *d) {
    Nest *nest = NEW(Nest);
    nest->free = NEW_ARRAY(const Index *, 4);
    const Index *all[] = {a, b, c, d};
    for (int k = 0; k < 4; k++)
        if (all[k]) ((const Index **)nest->free)[nest->n_free++] = all[k];
    return nest;
}

static const Index *lane_new(void) { return index_new(name_of("lane"), LANES, NULL); }

static void add_store_of(Nest *nest, const Tensor *t, const Expr *body, const Expr *place) {
    const Expr **subs = NEW_ARRAY(const Expr *, t->rank);
    int n = 0;
    if (place) subs[n++] = place;
    for (int k = 0; k < nest->n_free; k++) subs[n++] = At(nest->free[k]);
    PUSH(nest->members, ((Member){.body = body, .type = REAL, .name = t->name, .target = t, .subs = subs, .n_subs = n}));
}

/* A value that others of the nest read. */
static const Expr *named(Nest *nest, const char *name, const Expr *body) {
    Tensor *local = local_new(name, REAL, 0, NULL);
    PUSH(nest->members, ((Member){.body = body, .type = REAL, .name = local->name, .local = local}));
    return read_local(local);
}

/* Of four values in a row, for each s the sum that is multiplied. */
static const Expr *input_sum(const Expr *const *x, int s) {
    return s == 0 ? Sub(x[0], x[2]) : s == 1 ? Add(x[1], x[2]) : s == 2 ? Sub(x[2], x[1]) : Sub(x[1], x[3]);
}
/* Of three values of a filter. */
static const Expr *filter_sum(const Expr *const *f, int s) {
    if (s == 0 || s == 3) return f[s == 3 ? 2 : 0];
    return Mul(Num(0.5), s == 1 ? Add(Add(f[0], f[1]), f[2]) : Add(Sub(f[0], f[1]), f[2]));
}
/* Of four products, what both results are. */
static const Expr *output_sum(const Expr *const *m, int y) {
    return y == 0 ? Add(Add(m[0], m[1]), m[2]) : Sub(Sub(m[1], m[2]), m[3]);
}

/* Where the sum for (s, t) stands among the 16. */
static const Expr *place_of(const Plan *p, int s, int t) {
    const int last = PLACES - 1;
    if (p->row.slope < 0 && (s == 0 || s == last)) s = last - s;
    if (p->column.slope < 0 && (t == 0 || t == last)) t = last - t;
    return Int(PLACES*s + t);
}

/* How much of f[u] the sum for s has. */
static const Expr *part_of(const Expr *s, const Index *u) {
    const Expr *one = Num(1), *none = Num(0), *first = Where(Eq(At(u), Int(0)), one, none), *last = Where(Eq(At(u), Int(FILTER - 1)), one, none);
    const Expr *half = Where(And(Eq(s, Int(2)), Eq(At(u), Int(1))), Num(-0.5), Num(0.5));
    return Where(Eq(s, Int(0)), first, Where(Eq(s, Int(PLACES - 1)), last, half));
}

/* g, for words. */
static Equation *filters_equation(const Plan *p) {
    const Tensor *t = p->f->tensor;
    Equation *e = NEW(Equation);
    const Index **free = NEW_ARRAY(const Index *, 3), **bound = NEW_ARRAY(const Index *, 2);
    const Expr **at = NEW_ARRAY(const Expr *, 4);
    int n = 0;
    free[n++] = index_new(name_of("s"), SQUARES, NULL);
    bound[0] = index_new(name_of("u"), FILTER, NULL), bound[1] = index_new(name_of("v"), FILTER, NULL);
    for (int d = 0; d < 4; d++) {
        if (d != p->row_dim && d != p->column_dim) free[n++] = index_over(name_of(text("i%d", d)), t->dim[d]);
        at[d] = At(d == p->row_dim ? bound[0] : d == p->column_dim ? bound[1] : free[n - 1]);
    }
    const Expr *s = At(free[0]), *parts = Mul(part_of(FloorDiv(s, Int(PLACES)), bound[0]), part_of(Mod(s, Int(PLACES)), bound[1]));
    *e = (Equation){.out = (Tensor *)p->g, .n_free = 3, .free = free, .op = REDUCE_SUM, .bound = bound, .n_bound = 2, .origin = t->origin};
    e->body = Mul(parts, Read(t, at, 4));
    return e;
}

static const Tensor *filters_tensor(const Plan *p) {
    const Tensor *t = p->f->tensor;
    Dim dims[3] = {{SQUARES, NULL}};
    int n = 1;
    for (int d = 0; d < 4; d++)
        if (d != p->row_dim && d != p->column_dim) dims[n++] = t->dim[d];
    return tensor_new(name_of(text("%s_sums", t->name)), ROLE_VALUE, REAL, 3, dims, t->origin);
}

/* f's dims but those of the window stay as they are. */
static Group *filters_group(const Plan *p) {
    const Tensor *t = p->f->tensor;
    const Index *own[2];
    const Expr *subs[4], *sums[PLACES][FILTER];
    int n = 0;
    for (int d = 0; d < 4; d++) {
        if (d == p->row_dim || d == p->column_dim) continue;
        own[n] = index_over(name_of(text("i%d", d)), t->dim[d]);
        subs[d] = At(own[n++]);
    }
    Nest *nest = nest_over(own[0], own[1], NULL, NULL);
    for (int v = 0; v < FILTER; v++) {
        const Expr *column[FILTER];
        for (int u = 0; u < FILTER; u++) {
            subs[p->row_dim] = Int(u), subs[p->column_dim] = Int(v);
            column[u] = element(t, subs[0], subs[1], subs[2], subs[3]);
        }
        for (int s = 0; s < PLACES; s++) sums[s][v] = named(nest, "f", filter_sum(column, s));
    }
    for (int s = 0; s < PLACES; s++)
        for (int r = 0; r < PLACES; r++) add_store_of(nest, p->g, filter_sum(sums[s], r), Int(PLACES*s + r));
    Group *group = NEW(Group);
    PUSH(group->nests, nest);
    PUSH(group->equations, filters_equation(p));
    return group;
}

/* What the windows of the tile see, with zeros for what is outside. */
static Nest *border_nest(const Plan *p) {
    const Index *y = index_new(name_of("y"), PLACES, NULL), *z = index_new(name_of("z"), p->border->dim[1].extent, NULL);
    Nest *nest = nest_over(y, z, index_new(p->in->name, p->in->extent, NULL), lane_new());
    const Expr **subs = NEW_ARRAY(const Expr *, 5);
    subs[0] = At(p->block), subs[1] = At(nest->free[2]), subs[4] = At(nest->free[3]);
    subs[2] = Add(Add(Mul(Int(2), At(p->i_tile)), At(y)), Int(p->row.least));
    subs[3] = Add(Add(Mul(Int(2*p->squares), At(p->j_tile)), At(z)), Int(p->column.least));
    add_store_of(nest, p->border, p->x->guarded ? ReadElse(p->x->tensor, subs, 5, Num(0)) : Read(p->x->tensor, subs, 5), NULL);
    return nest;
}

static Nest *input_nest(const Plan *p) {
    const Index *k = index_new(name_of("k"), p->squares, NULL);
    Nest *nest = nest_over(index_new(p->in->name, p->in->extent, NULL), k, lane_new(), NULL);
    const Expr *sums[PLACES][PLACES];
    for (int z = 0; z < PLACES; z++) {
        const Expr *column[PLACES];
        for (int y = 0; y < PLACES; y++)
            column[y] = element(p->border, Int(y), Add(Mul(Int(2), At(k)), Int(z)), At(nest->free[0]), At(nest->free[2]));
        for (int s = 0; s < PLACES; s++) sums[s][z] = named(nest, "x", input_sum(column, s));
    }
    for (int s = 0; s < PLACES; s++)
        for (int r = 0; r < PLACES; r++) add_store_of(nest, p->square, input_sum(sums[s], r), place_of(p, s, r));
    return nest;
}

static Nest *product_nest(const Plan *p) {
    const Index *s = index_new(name_of("s"), SQUARES, NULL), *in = index_new(p->in->name, p->in->extent, NULL);
    const Index *k = index_new(name_of("k"), p->squares, NULL);
    const Index *out = index_new(p->out->name, p->out->extent, NULL), **bound = NEW_ARRAY(const Index *, 1);
    Nest *nest = nest_over(s, out, k, lane_new());
    const Expr **at = NEW_ARRAY(const Expr *, 3);
    int n = 0;
    bound[0] = in;
    at[n++] = At(s);
    for (int d = 0; d < 4; d++)
        if (d != p->row_dim && d != p->column_dim) at[n++] = At(p->f->arg[d]->index == p->in ? in : out);
    const Expr *body = Mul(Read(p->g, at, 3), element(p->square, At(s), At(in), At(k), At(nest->free[3])));
    add_store_of(nest, p->product, body, NULL);
    nest->members.at[0].op = REDUCE_SUM;
    nest->members.at[0].bound = bound, nest->members.at[0].n_bound = 1;
    return nest;
}

/* The results at one of the four places, and the maps of the nest. */
static void add_results(const Plan *p, Nest *nest, const Index *k, const Expr *result, int y, int z) {
    const Expr *i = Add(Mul(Int(2), At(p->i_tile)), Int(y));
    const Expr *j = Add(Mul(Int(2), Add(Mul(Int(p->squares), At(p->j_tile)), At(k))), Int(z));
    Map locals = {0};
    for (int m = 0; m < p->nest->members.n; m++) {
        Member own = p->nest->members.at[m];
        own.op = REDUCE_NONE, own.n_bound = 0;
        substitute_member(&own, p->row.at, i);
        substitute_member(&own, p->column.at, j);
        own.body = m == 0 ? result : transform(own.body, own_local, &locals);
        if (own.local) own.local = renew_local(&locals, own.local);
        PUSH(nest->members, own);
    }
}

static Nest *output_nest(const Plan *p) {
    const Index *k = index_new(name_of("k"), p->squares, NULL);
    const Index *lane = p->nest->free[4];
    Nest *nest = nest_over(p->out, k, lane, NULL);
    nest->block = p->block;
    const Expr *sums[2][PLACES];
    for (int t = 0; t < PLACES; t++) {
        const Expr *column[PLACES];
        for (int s = 0; s < PLACES; s++) column[s] = element(p->product, place_of(p, s, t), At(p->out), At(k), At(lane));
        for (int y = 0; y < 2; y++) sums[y][t] = named(nest, "m", output_sum(column, y));
    }
    for (int y = 0; y < 2; y++)
        for (int z = 0; z < 2; z++) add_results(p, nest, k, output_sum(sums[y], z), y, z);
    return nest;
}

static Group *windows_group(Plan *p, const Group *g) {
    Group *own = NEW(Group);
    p->block = g->block;
    p->i_tile = index_new(name_of(text("%s_tile", p->row.at->name)), p->row.at->extent / 2, NULL);
    p->j_tile = index_new(name_of(text("%s_tile", p->column.at->name)), p->column.at->extent / (2*p->squares), NULL);
    p->border = tile_tensor("border", PLACES, 2*p->squares + 2, p->in->extent, 2);
    p->square = tile_tensor("square", SQUARES, p->in->extent, p->squares, 1);
    p->product = tile_tensor("product", SQUARES, p->out->extent, p->squares, 1);
    own->cell[0] = p->block, own->cell[1] = p->i_tile, own->cell[2] = p->j_tile, own->n_cells = 3;
    own->block = g->block, own->samples = g->samples, own->equations = g->equations;
    own->note = text("In Winograd's form: of four by four places of %s (the border), 16 sums for each square of two by two results; their products with those of %s;"
                     " and of these the results.", p->x->tensor->name, p->f->tensor->name);
    PUSH(own->rows, p->border);
    PUSH(own->rows, p->square);
    PUSH(own->rows, p->product);
    PUSH(own->nests, border_nest(p));
    PUSH(own->nests, input_nest(p));
    PUSH(own->nests, product_nest(p));
    PUSH(own->nests, output_nest(p));
    return own;
}

/* ---- the cost -------------------------------------------------------------------------------------------------------- */
/* Whether the products that it saves are more than the sums that it adds, by so much that it is worth other roundings. */
static bool is_worth(const Plan *p) {
    enum { INPUT = 110, OUTPUT = 70 };           /* cycles of a square, in a vector; measured at 16 to 64 channels */
    const double least_gain = 1.25;
    const double tiles = volume(p->nest->free, 1)*(double)(p->row.at->extent / 2)*(double)(p->column.at->extent / (2*p->squares));
    const double sums = (double)(p->squares*2)*((double)p->in->extent*INPUT + (double)p->out->extent*OUTPUT);
    const double direct = tile_cycles(p->nest);
    return direct < INFINITY && direct > least_gain*tiles*(tile_cycles(product_nest(p)) + sums);
}

void transform_windows(Groups *groups) {
    Map known = {0};                    /* f -> the plan that has its sums; forward and backward windows share them */
    Groups result = {0};
    for (int k = 0; k < groups->n; k++) {
        Group *g = groups->at[k];
        Plan *p = NEW(Plan);
        if (find_plan(p, g)) {
            const Plan *before = map_get(&known, p->f->tensor);
            const bool shared = before && before->row_dim == p->row_dim && before->column_dim == p->column_dim;
            p->g = shared ? before->g : filters_tensor(p);
            Group *windows = windows_group(p, g);
            if (is_worth(p)) {
                map_put(&known, p->f->tensor, p);
                if (!shared) PUSH(result, filters_group(p));
                g = windows;
            }
        }
        PUSH(result, g);
    }
    *groups = result;
}
