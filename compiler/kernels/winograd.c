/* Winograd: windows of three rows with fewer multiplications.
 *
 *     y[i] = sum(u) f[u]*x[i + u]                      i < 4, u < 3: four neighbours in a column take 12 products
 *
 * The coefficients of a product of two polynomials follow from its values at enough points; so do, transposed, the four results from six
 * products, of values of f at six points and of six sums of x. With the points 0, 1, -1, 2, -2 and infinity:
 *
 *     g[s] = f[0]/4,  -(f[0] + f[1] + f[2])/6,  -(f[0] - f[1] + f[2])/6,  (f[0] + 2*f[1] + 4*f[2])/24,  (f[0] - 2*f[1] + 4*f[2])/24,  f[2]
 *     b[s] = 4*x[0] - 5*x[2] + x[4],  (x[4] - 4*x[2]) + (x[3] - 4*x[1]),  their difference,
 *            (x[4] - x[2]) + 2*(x[3] - x[1]),  their difference,  4*x[1] - 5*x[3] + x[5]
 *     y[i] = sum(s) point[s]^i*g[s]*b[s]               infinity counts for the last result alone
 *
 * The gradient of the filter is a window too, of three results and four rows, and has the same six sums of x:
 *
 *     d_f[u] = sum(i) d_y[i]*x[i + u] = sum(s) point[s]^u/scale[s]*(sum(i) point[s]^i*d_y[i])*b[s]
 *
 * Two rows take four products instead of six in the same way, with the points 0, 1, -1 and infinity. Only rows: columns stay vectors, or
 * a loop of the sum. Both ways would save more products, and spend it on sums. Results differ from those of the plain sum by roundings:
 * some 1e-6 of the largest one.
 *
 * The sums of f and x are taken before a sum over channels and columns (winograd_windows.c), or over samples and places (winograd_filters.c),
 * those of products after it.
 * [Winograd, Arithmetic complexity of computations, 1980; Lavin and Gray, Fast algorithms for convolutional neural networks, 2016] */
#include "winograd.h"
#include <math.h>

static const Form forms[] = {
    {4, 6, {{4, 0, -5, 0, 1, 0}, {0, -4, -4, 1, 1, 0}, {0, -2, -1, 2, 1, 0}, {0, 4, 0, -5, 0, 1}}, {0, 1, 2}, {4, -6, 24, 1}},
    {2, 4, {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 0, 1}}, {0, 1}, {1, 2, 1}},
};

const Form *form_for(int64_t rows) {
    for (size_t k = 0; k < sizeof forms / sizeof *forms; k++)
        if (rows % forms[k].results == 0) return &forms[k];
    return NULL;
}

/* ---- sums ------------------------------------------------------------------------------------------------------------ */
static int pairs_of(const Form *f) { return f->sums / 2 - 1; }
static int pair_of(int s) { return (s + 1) / 2; }
static double point_of(const Form *f, int s) { return s % 2 ? f->point[pair_of(s)] : -f->point[pair_of(s)]; }

/* factor[k]*x[k] for each step-th k from the first on. */
static const Expr *sum_of(const double *factor, const Expr *const *x, int n, int first, int step) {
    const Expr *sum = NULL;
    for (int pass = 0; pass < 2; pass++)                /* what is added before what is taken away */
        for (int k = first; k < n; k += step) {
            const double size = fabs(factor[k]);
            if (size == 0 || (factor[k] < 0) != (pass == 1)) continue;
            const Expr *term = size == 1 ? x[k] : Mul(Num(size), x[k]);
            sum = !sum ? pass ? Neg(term) : term : pass ? Sub(sum, term) : Add(sum, term);
        }
    return sum;
}

/* The sums for a pair of points: what is even and what is odd, added and taken away. */
static void add_pair(Nest *nest, const double *factor, const Expr *const *x, int n, const Expr **sums) {
    const Expr *even = named(nest, "even", sum_of(factor, x, n, 0, 2));
    const Expr *odd = named(nest, "odd", sum_of(factor, x, n, 1, 2));
    sums[0] = Add(even, odd), sums[1] = Sub(even, odd);
}

void input_sums(const Form *f, Nest *nest, const Expr *const *x, const Expr **sums) {
    const int last = pairs_of(f) + 1;
    sums[0] = sum_of(f->input[0], x, f->sums, 0, 1);
    for (int k = 1; k < last; k++) add_pair(nest, f->input[k], x, f->sums, sums + 2*k - 1);
    sums[f->sums - 1] = sum_of(f->input[last], x, f->sums, 0, 1);
}

void gradient_sums(const Form *f, Nest *nest, const Expr *const *d, const Expr **sums) {
    sums[0] = d[0];
    for (int k = 1; k <= pairs_of(f); k++) {
        double power[MOST_ROWS];
        for (int i = 0; i < f->results; i++) power[i] = pow(f->point[k], i);
        add_pair(nest, power, d, f->results, sums + 2*k - 1);
    }
    sums[f->sums - 1] = d[f->results - 1];
}

const Expr *filter_sum(const Form *f, const Expr *const *filter, int s) {
    if (s == f->sums - 1) return filter[FILTER - 1];
    const double scale = f->scale[pair_of(s)], factor[FILTER] = {1 / scale, point_of(f, s) / scale, pow(point_of(f, s), 2) / scale};
    return sum_of(factor, filter, FILTER, 0, 1);
}

const Expr *scaled(const Form *f, const Expr *m, int s) {
    const double factor = 1 / f->scale[pair_of(s)];
    return factor == 1 ? m : Mul(Num(factor), m);
}

void results_of_products(const Form *f, Nest *nest, const Expr *const *m, int n, const Expr **results) {
    const int pairs = pairs_of(f);
    const Expr *even[MOST_POINTS], *odd[MOST_POINTS];
    for (int k = 0; k < pairs; k++) {
        even[k] = named(nest, "even", Add(m[2*k + 1], m[2*k + 2]));
        odd[k] = named(nest, "odd", Sub(m[2*k + 1], m[2*k + 2]));
    }
    for (int y = 0; y < n; y++) {
        double power[MOST_POINTS];
        for (int k = 0; k < pairs; k++) power[k] = pow(f->point[k + 1], y);
        results[y] = sum_of(power, y % 2 ? odd : even, pairs, 0, 1);
        if (y == 0) results[y] = Add(m[0], results[y]);
        if (y == n - 1) results[y] = Add(results[y], m[f->sums - 1]);
    }
}

/* ---- nests ----------------------------------------------------------------------------------------------------------- */
Nest *nest_over(const Index *const *index, int n) {
    Nest *nest = NEW(Nest);
    const Index **free = NEW_ARRAY(const Index *, n + 1);
    for (int k = 0; k < n; k++)
        if (index[k]) free[nest->n_free++] = index[k];
    nest->free = free;
    return nest;
}

const Expr *named(Nest *nest, const char *name, const Expr *body) {
    Tensor *local = local_new(name, REAL, 0, NULL);
    PUSH(nest->members, ((Member){.body = body, .type = REAL, .name = local->name, .local = local}));
    return read_local(local);
}

void add_store_of(Nest *nest, const Tensor *t, const Expr *const *subs, int n, const Expr *body) {
    const Expr **own = NEW_ARRAY(const Expr *, n + 1);
    for (int k = 0; k < n; k++) own[k] = subs[k];
    PUSH(nest->members, ((Member){.body = body, .type = REAL, .name = t->name, .target = t, .subs = own, .n_subs = t->rank}));
}

const Expr *element(const Tensor *t, const Expr *const *subs, int n) {
    const Expr **own = NEW_ARRAY(const Expr *, n + 1);
    for (int k = 0; k < n; k++) own[k] = subs[k];
    return Read(t, own, t->rank);
}

/* Channels at a distance of a power of two would have few places in a cache: one more parts them. */
Tensor *tile_tensor(const char *name, const int64_t *extents, int n, int channel) {
    Tensor *t = local_new(name, REAL, n, extents);
    t->room[channel] = extents[channel] + 1;
    return t;
}

const Index *over(const char *name, int64_t extent) { return index_new(name_of(name), extent, NULL); }
const Index *own_index(const Index *i) { return over(i->name, i->extent); }

void sum_up(Nest *nest, const Index *const *bound, int n) {
    Member *sum = &nest->members.at[0];
    const Index **own = NEW_ARRAY(const Index *, n);
    for (int k = 0; k < n; k++) own[k] = bound[k];
    sum->op = REDUCE_SUM, sum->bound = own, sum->n_bound = n;
}

/* What a nest makes of its sum, and where it stores that, is the same in both forms. */
double sum_cycles(const Nest *nest) {
    Nest *sum = nest_copy(nest);
    sum->members.n = 1;
    sum->members.at[0].target = NULL;
    return tile_cycles(sum);
}

void add_results(Nest *nest, const Nest *of, const Expr *result, const Index *const *from, const Expr *const *to, int n) {
    Map locals = {0};
    for (int m = 0; m < of->members.n; m++) {
        Member own = of->members.at[m];
        own.op = REDUCE_NONE, own.n_bound = 0;
        for (int k = 0; k < n; k++) substitute_member(&own, from[k], to[k]);
        own.body = m == 0 ? result : transform(own.body, own_local, &locals);
        if (own.local) own.local = renew_local(&locals, own.local);
        PUSH(nest->members, own);
    }
}

/* ---- what is a window ------------------------------------------------------------------------------------------------ */
bool is_lone_product(const Group *g, int n_bound) {
    const Nest *nest = g->nests.at[0];
    const Member *sum = &nest->members.at[0];
    if (g->outer || g->n_cells || g->before.n || g->nests.n != 1 || nest->n_free == 0) return false;
    for (int k = 1; k < nest->members.n; k++)
        if (nest->members.at[k].op != REDUCE_NONE) return false;
    return sum->op == REDUCE_SUM && sum->n_bound == n_bound && sum->body->kind == X_OP && sum->body->op == OP_MUL;
}

bool is_bound(const Member *sum, const Index *i) {
    bool bound = false;
    for (int k = 0; k < sum->n_bound; k++) bound |= sum->bound[k] == i;
    return bound;
}

bool starts_at(int64_t *start, const Expr *sub, const Index *at, const Index *u, const Index *v) {
    const Index *own[3] = {at};
    int64_t slope;
    int n = 1;
    if (u) own[n++] = u;
    if (v) own[n++] = v;
    const Expr *rest = at_zero(sub, own, n);
    *start = rest->kind == X_INT ? rest->integer : 0;
    return rest->kind == X_INT && stride_of(sub, at, &slope) && slope == 1;
}

void transform_windows(Groups *groups) {
    WindowPlans known = {0};
    Groups result = {0};
    for (int k = 0; k < groups->n; k++) {
        Group *own = windows_in_form(&result, &known, groups->at[k]);
        if (!own) own = filters_in_form(groups->at[k]);
        PUSH(result, own ? own : groups->at[k]);
    }
    *groups = result;
}
