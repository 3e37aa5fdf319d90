/* Schedules against the reference evaluator.
 *
 * Small programs of every class of equation, with random extents, strides and pads, are scheduled as plain nests, with
 * lanes, and with matrix products, and their loop trees are run for several sizes of the batch. The arena and all locals
 * start as NaN, so that what is read before it is written shows. */
#include "../../compiler/kernels/kernel.h"
#include "../../compiler/kernels/group.h"
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t state;
static int64_t pick(int64_t low, int64_t high) {
    state = state * 1664525u + 1013904223u;
    return low + (int64_t)((state >> 8) % (uint32_t)(high - low + 1));
}

static Program *program;
static Tensor *count;
static Tensors given;

static void start(int64_t batch) {
    memory_release();
    expr_start();
    program = NEW(Program);
    program->name = "test";
    given = (Tensors){0};
    count = tensor_new("batch", ROLE_SCALAR, INT, 0, NULL, NULL);
    count->lo = 1;
    count->hi = batch;
}

enum { BATCH = -1 };

static Dim dim_with(int64_t extent) {
    return extent < 0 ? (Dim){count->hi, count} : (Dim){extent, NULL};
}

static Tensor *make(const char *name, Role role, Type type, int rank, const int64_t *extents) {
    Dim dims[12];
    for (int k = 0; k < rank; k++)
        dims[k] = dim_with(extents[k]);
    return tensor_new(name_of(name), role, type, rank, dims, NULL);
}

#define EXTENTS(...) (int)(sizeof (int64_t[]){__VA_ARGS__} / sizeof(int64_t)), (int64_t[]){__VA_ARGS__}
static Tensor *give_list(const char *name, Role role, int rank, const int64_t *extents) {
    Tensor *t = make(name, role, REAL, rank, extents);
    PUSH(given, t);
    return t;
}
#define give(name, role, ...) give_list(name, role, EXTENTS(__VA_ARGS__))

static Tensor *give_whole(const char *name, int64_t high, int rank, const int64_t *extents) {
    Tensor *t = make(name, ROLE_TARGET, INT, rank, extents);
    t->lo = 0;
    t->hi = high;
    PUSH(given, t);
    return t;
}

static const Index *ix(const char *name, int64_t extent) {
    Dim d = dim_with(extent);
    return index_new(name_of(name), d.extent, d.count);
}

typedef const Index *const Indices[];
#define LENGTH(...) (int)(sizeof (Indices){__VA_ARGS__} / sizeof(const Index *))
static Tensor *define_list(const char *name, Role role, int n, const Index *const *free, Reduce op, int n_bound,
                           const Index *const *bound, const Expr *body) {
    Dim dims[12];
    for (int k = 0; k < n; k++)
        dims[k] = (Dim){free[k]->extent, free[k]->count};
    bool winner = op == REDUCE_ARGMAX || op == REDUCE_ARGMIN;
    Tensor *t = tensor_new(name_of(name), role, winner ? INT : body->type, n, dims, NULL);
    if (t->type != REAL) {
        t->lo = winner ? 0 : body->lo;
        t->hi = body->hi;
        if (winner) {
            t->hi = 1;
            for (int k = 0; k < n_bound; k++) t->hi *= bound[k]->extent;
            t->hi--;
        }
    }
    const Index **f = NEW_ARRAY(const Index *, n + 1), **b = NEW_ARRAY(const Index *, n_bound + 1);
    for (int k = 0; k < n; k++) f[k] = free[k];
    for (int k = 0; k < n_bound; k++) b[k] = bound[k];
    equation_new(program, t, f, op, b, n_bound, body, NULL);
    if (role != ROLE_VALUE) PUSH(program->results, t);
    return t;
}
#define LIST_OF(...) LENGTH(__VA_ARGS__), (Indices){__VA_ARGS__}
#define OVER(...) __VA_ARGS__
#define map_of(name, role, over, body) define_list(name, role, LIST_OF(over), REDUCE_NONE, 0, NULL, body)
#define reduce(name, role, over, op, bound, body) define_list(name, role, LIST_OF(over), op, LIST_OF(bound), body)
static const Expr *read_list(const Tensor *t, int n, const Expr *const *subs) { return Read(t, subs, n); }
static const Expr *read_else(const Tensor *t, int n, const Expr *const *subs) { return ReadElse(t, subs, n, Num(0)); }
typedef const Expr *const Values[];
#define VALUES(...) (int)(sizeof (Values){__VA_ARGS__} / sizeof(const Expr *)), (Values){__VA_ARGS__}
#define rd(t, ...) read_list(t, VALUES(__VA_ARGS__))
#define rd0(t, ...) read_else(t, VALUES(__VA_ARGS__))

static int64_t size_of(const Tensor *t, int64_t n) {
    int64_t size = 1;
    for (int k = 0; k < t->rank; k++)
        size *= t->dim[k].count ? n : t->dim[k].extent;
    return size;
}

static Schedule *schedule_alone(const Options *options) {
    Schedule *s = schedule(program, options);
    share_kernels(&s, 1);
    return s;
}

/* Numbers for one run; elements beyond the n samples are NaN. */
static void give_numbers(Evaluation *e, LoopRun *r, int64_t n) {
    *evaluation_array(e, count) = *loop_run_array(r, count) = (double)n;
    for (int k = 0; k < given.n; k++) {
        const Tensor *t = given.at[k];
        double *a = evaluation_array(e, t), *b = loop_run_array(r, t);
        int64_t full = size_of(t, count->hi), used = size_of(t, n);
        for (int64_t i = 0; i < full; i++) {
            double v = t->type == INT ? (double)pick(t->lo, t->hi) : (double)pick(-8, 8) / 4;
            if (i >= used && t->rank > 0 && t->dim[0].count && t->type == REAL) v = NAN;
            a[i] = b[i] = v;
        }
    }
}

static void compare(const Options *options, int64_t n) {
    Schedule *s = schedule_alone(options);
    Evaluation *e = evaluation_new(program, 7, 3);
    LoopRun *r = loop_run_new(s, 7, 3);
    give_numbers(e, r, n);
    evaluation_run(e);
    loop_run(r);
    for (int k = 0; k < program->results.n; k++) {
        const Tensor *t = program->results.at[k];
        const double *a = evaluation_array(e, t), *b = loop_run_array(r, t);
        for (int64_t i = 0; i < size_of(t, n); i++)
            if (!(fabs(a[i] - b[i]) <= 1e-9 * (1 + fabs(a[i]))) && !(isnan(a[i]) && isnan(b[i]))) {
                Writer w = {0};
                kernels_print(&w, s);
                ck_abort_msg("%s[%d] is %g, not %g (n %d, plain %d, blas %d)\n%s", t->name, (int)i, b[i], a[i], (int)n,
                             options->plain, options->blas, w.text);
            }
    }
}

/* A team of threads, in whatever order they run, gives the bits of the schedule that no thread shares. share_from: small, so
 * that these small programs are shared at all. */
static void compare_team(double share_from, int threads, int start, int64_t n) {
    const Options alone = {.plain = false}, shared = {.share_from = share_from};
    Schedule *s = schedule_alone(&shared);
    LoopRun *one = loop_run_new(schedule_alone(&alone), 7, 3), *team = loop_run_new(s, 7, 3);
    give_numbers(evaluation_new(program, 7, 3), one, n);
    *loop_run_array(team, count) = (double)n;
    for (int k = 0; k < given.n; k++)
        memcpy(loop_run_array(team, given.at[k]), loop_run_array(one, given.at[k]),
               sizeof(double) * (size_t)size_of(given.at[k], count->hi));
    loop_run(one);
    loop_run_team(team, threads, start);
    for (int k = 0; k < program->results.n; k++) {
        const Tensor *t = program->results.at[k];
        const double *a = loop_run_array(one, t), *b = loop_run_array(team, t);
        if (memcmp(a, b, sizeof(double) * (size_t)size_of(t, n)) == 0) continue;
        Writer w = {0};
        kernels_print(&w, s);
        fputs(w.text, stderr);
        ck_abort_msg("%s has other bits (n %d, %d threads from the %d., shared from %g)", t->name, (int)n, threads, start, share_from);
    }
}

/* Orders the program and compares all schedules for several n. */
static void agree(void) {
    ck_assert(program_order(program));
    ck_assert(program_check(program, "test"));
    static const Options options[] = {{.plain = true}, {.plain = false}, {.blas = true}};
    for (int o = 0; o < 3; o++) {
        compare(&options[o], count->hi);
        compare(&options[o], 1);
        compare(&options[o], pick(1, count->hi));
    }
    compare_team(1, 1, 0, count->hi);
    compare_team(1, 3, 1, count->hi);
    compare_team(2000, 2, 1, pick(1, count->hi));
}

START_TEST(maps) {
    state = (uint32_t)_i;
    start(pick(1, 20));
    int64_t h = pick(1, 20), w = pick(1, 40);
    Tensor *x = give("x", ROLE_INPUT, BATCH, h, w), *b = give("b", ROLE_PARAM, w);
    const Index *n = ix("n", BATCH), *i = ix("i", h), *j = ix("j", w);
    const Expr *v = Operate(OP_TANH, Add(rd(x, At(n), At(i), At(j)), rd(b, At(j))), NULL);
    Tensor *y = map_of("y", ROLE_VALUE, OVER(n, i, j), v);
    map_of("z", ROLE_OUTPUT, OVER(n, i, j), Mul(rd(y, At(n), At(i), At(j)), rd(y, At(n), At(i), At(j))));
    map_of("flip", ROLE_OUTPUT, OVER(n, j, i), rd(y, At(n), At(i), Sub(Int(w - 1), At(j))));
    map_of("flat", ROLE_OUTPUT, OVER(n, ix("k", h * w)), Num(0));
    agree();
}
END_TEST

START_TEST(reductions) {
    state = (uint32_t)_i;
    start(pick(1, 20));
    int64_t h = pick(1, 9), w = pick(1, 40);
    Tensor *x = give("x", ROLE_INPUT, BATCH, h, w);
    const Index *n = ix("n", BATCH), *i = ix("i", h), *j = ix("j", w);
    const Expr *v = rd(x, At(n), At(i), At(j));
    Tensor *mean = reduce("mean", ROLE_VALUE, OVER(i), REDUCE_SUM, OVER(n, j), v);
    reduce("square", ROLE_OUTPUT, OVER(i), REDUCE_SUM, OVER(n, j), Mul(Sub(v, rd(mean, At(i))), Sub(v, rd(mean, At(i)))));
    reduce("column", ROLE_OUTPUT, OVER(j), REDUCE_SUM, OVER(n, i), v);
    reduce("row", ROLE_OUTPUT, OVER(n, i), REDUCE_SUM, OVER(j), v);
    reduce("most", ROLE_OUTPUT, OVER(n, i), REDUCE_MAX, OVER(j), v);
    reduce("winner", ROLE_OUTPUT, OVER(n, i), REDUCE_ARGMAX, OVER(j), v);
    reduce("least", ROLE_OUTPUT, OVER(n, j), REDUCE_MIN, OVER(i), v);
    reduce("loser", ROLE_OUTPUT, OVER(n), REDUCE_ARGMIN, OVER(i, j), v);
    reduce("product", ROLE_OUTPUT, OVER(i), REDUCE_PROD, OVER(j), rd(x, Int(0), At(i), At(j)));
    define_list("all", ROLE_LOSS, 0, NULL, REDUCE_SUM, LIST_OF(n, i, j), v);
    agree();
}
END_TEST

/* Whole tiles of lanes, and what is left behind them. */
START_TEST(long_rows) {
    state = (uint32_t)_i;
    start(pick(1, 10));
    int64_t h = pick(1, 4), w = pick(65, 600);
    Tensor *x = give("x", ROLE_INPUT, BATCH, h, w);
    const Index *n = ix("n", BATCH), *i = ix("i", h), *j = ix("j", w);
    const Expr *v = rd(x, At(n), At(i), At(j));
    Tensor *most = reduce("most", ROLE_VALUE, OVER(n, i), REDUCE_MAX, OVER(j), v);
    reduce("weight", ROLE_OUTPUT, OVER(n, i), REDUCE_SUM, OVER(j), Exp(Sub(v, rd(most, At(n), At(i)))));
    reduce("tail", ROLE_OUTPUT, OVER(n), REDUCE_SUM, OVER(i, j), Exp(rd0(x, At(n), At(i), Add(At(j), Int(pick(1, 30))))));
    agree();
}
END_TEST

START_TEST(products) {
    state = (uint32_t)_i;
    start(pick(1, 70));
    int64_t in = pick(1, 90), out = pick(1, 70);
    Tensor *x = give("x", ROLE_INPUT, BATCH, in), *w = give("w", ROLE_PARAM, out, in), *b = give("b", ROLE_PARAM, out);
    Tensor *g = give("g", ROLE_INPUT, BATCH, out);
    const Index *n = ix("n", BATCH), *o = ix("o", out), *i = ix("i", in);
    Tensor *p = reduce("p", ROLE_VALUE, OVER(n, o), REDUCE_SUM, OVER(i), Mul(rd(w, At(o), At(i)), rd(x, At(n), At(i))));
    map_of("y", ROLE_OUTPUT, OVER(n, o), Operate(OP_MAX, Num(0), Add(rd(b, At(o)), rd(p, At(n), At(o)))));
    reduce("d_x", ROLE_OUTPUT, OVER(n, i), REDUCE_SUM, OVER(o), Mul(rd(g, At(n), At(o)), rd(w, At(o), At(i))));
    reduce("d_w", ROLE_OUTPUT, OVER(o, i), REDUCE_SUM, OVER(n), Mul(rd(x, At(n), At(i)), rd(g, At(n), At(o))));
    reduce("d_wt", ROLE_OUTPUT, OVER(i, o), REDUCE_SUM, OVER(n), Mul(rd(x, At(n), At(i)), rd(g, At(n), At(o))));
    Tensor *r = give("r", ROLE_PARAM, out, in);
    const Index *o2 = ix("p", out), *i2 = ix("k", in);
    reduce("s", ROLE_OUTPUT, OVER(o2, o), REDUCE_SUM, OVER(i), Mul(rd(w, At(o), At(i)), rd(r, At(o2), At(i))));
    reduce("t", ROLE_OUTPUT, OVER(i2, i), REDUCE_SUM, OVER(o), Mul(rd(w, At(o), At(i)), rd(r, At(o), At(i2))));
    agree();
}
END_TEST

START_TEST(flattened_products) {
    state = (uint32_t)_i;
    start(pick(1, 20));
    int64_t c = pick(1, 8), h = pick(1, 5), w = pick(1, 5), out = pick(1, 60);
    Tensor *x = give("x", ROLE_INPUT, BATCH, c, h, w), *a = give("a", ROLE_PARAM, out, c * h * w), *f = give("f", ROLE_PARAM, out, c);
    const Index *n = ix("n", BATCH), *o = ix("o", out), *k = ix("k", c), *i = ix("i", h), *j = ix("j", w);
    const Expr *flat = Add(Mul(Add(Mul(At(k), Int(h)), At(i)), Int(w)), At(j));
    reduce("y", ROLE_OUTPUT, OVER(n, o), REDUCE_SUM, OVER(k, i, j), Mul(rd(a, At(o), flat), rd(x, At(n), At(k), At(i), At(j))));
    reduce("z", ROLE_OUTPUT, OVER(n, o, i, j), REDUCE_SUM, OVER(k), Mul(rd(f, At(o), At(k)), rd(x, At(n), At(k), At(i), At(j))));
    reduce("d_a", ROLE_OUTPUT, OVER(o, k, i, j), REDUCE_SUM, OVER(n), Mul(rd(x, At(n), At(k), At(i), At(j)), rd(x, At(n), Int(0), Int(0), Int(0))));
    agree();
}
END_TEST

START_TEST(windows) {
    state = (uint32_t)_i;
    start(pick(1, 3)*pick(1, 12));
    int64_t c = pick(1, 3), h = pick(5, 12), w = pick(5, 20), f = pick(1, 4), k = pick(1, 5), s = pick(1, 3), p = pick(0, 2);
    int64_t oh = (h + 2 * p - k) / s + 1, ow = (w + 2 * p - k) / s + 1;
    Tensor *x = give("x", ROLE_INPUT, BATCH, c, h, w), *a = give("a", ROLE_PARAM, f, c, k, k), *b = give("b", ROLE_PARAM, f);
    Tensor *g = give("g", ROLE_INPUT, BATCH, f, oh, ow);
    const Index *n = ix("n", BATCH), *o = ix("o", f), *i = ix("i", oh), *j = ix("j", ow), *q = ix("c", c), *u = ix("u", k), *v = ix("v", k);
    const Index *y = ix("y", h), *z = ix("z", w);
    const Expr *row = Add(Mul(At(i), Int(s)), Sub(At(u), Int(p))), *column = Add(Mul(At(j), Int(s)), Sub(At(v), Int(p)));
    Tensor *conv = reduce("conv", ROLE_VALUE, OVER(n, o, i, j), REDUCE_SUM, OVER(q, u, v),
                          Mul(rd(a, At(o), At(q), At(u), At(v)), rd0(x, At(n), At(q), row, column)));
    map_of("out", ROLE_OUTPUT, OVER(n, o, i, j), Operate(OP_MAX, Add(rd(conv, At(n), At(o), At(i), At(j)), rd(b, At(o))), Num(0)));
    reduce("d_a", ROLE_GRAD, OVER(o, q, u, v), REDUCE_SUM, OVER(n, i, j),
           Mul(rd(g, At(n), At(o), At(i), At(j)), rd0(x, At(n), At(q), row, column)));
    /* The adjoint as a guard: where(inside, ..., 0), for stride 1. */
    const Expr *ti = Sub(Add(At(y), Int(p)), At(u)), *tj = Sub(Add(At(z), Int(p)), At(v));
    const Expr *inside = And(And(Ge(ti, Int(0)), Lt(ti, Int(oh))), And(Ge(tj, Int(0)), Lt(tj, Int(ow))));
    reduce("d_x", ROLE_OUTPUT, OVER(n, q, y, z), REDUCE_SUM, OVER(o, u, v),
           Where(inside, Mul(rd(a, At(o), At(q), At(u), At(v)), rd0(g, At(n), At(o), ti, tj)), Num(0)));
    agree();
}
END_TEST

START_TEST(pools) {
    state = (uint32_t)_i;
    start(pick(1, 36));
    int64_t c = pick(1, 4), h = pick(1, 6), w = pick(1, 18), k = pick(2, 3);
    Tensor *x = give("x", ROLE_INPUT, BATCH, c, h * k, w * k), *g = give("g", ROLE_INPUT, BATCH, c, h, w);
    const Index *n = ix("n", BATCH), *q = ix("c", c), *i = ix("i", h), *j = ix("j", w), *u = ix("u", k), *v = ix("v", k);
    const Index *y = ix("y", h * k), *z = ix("z", w * k);
    const Expr *e = rd(x, At(n), At(q), Add(Mul(At(i), Int(k)), At(u)), Add(Mul(At(j), Int(k)), At(v)));
    reduce("most", ROLE_OUTPUT, OVER(n, q, i, j), REDUCE_MAX, OVER(u, v), e);
    Tensor *winner = reduce("winner", ROLE_VALUE, OVER(n, q, i, j), REDUCE_ARGMAX, OVER(u, v), e);
    const Expr *yi = FloorDiv(At(y), Int(k)), *zj = FloorDiv(At(z), Int(k));
    const Expr *here = Add(Mul(Mod(At(y), Int(k)), Int(k)), Mod(At(z), Int(k)));
    map_of("d_x", ROLE_OUTPUT, OVER(n, q, y, z), Where(Eq(rd(winner, At(n), At(q), yi, zj), here), rd(g, At(n), At(q), yi, zj), Num(0)));
    agree();
}
END_TEST

START_TEST(gathers) {
    state = (uint32_t)_i;
    start(pick(1, 6));
    int64_t words = pick(1, 9), d = pick(1, 20), l = pick(1, 7);
    Tensor *token = give_whole("token", words - 1, 2, (int64_t[]){BATCH, l});
    Tensor *w = give("w", ROLE_PARAM, words, d), *g = give("g", ROLE_INPUT, BATCH, l, d);
    const Index *n = ix("n", BATCH), *t = ix("t", l), *k = ix("k", d), *v = ix("v", words);
    map_of("y", ROLE_OUTPUT, OVER(n, t, k), rd(w, rd(token, At(n), At(t)), At(k)));
    reduce("d_w", ROLE_GRAD, OVER(v, k), REDUCE_SUM, OVER(n, t), Where(Eq(At(v), rd(token, At(n), At(t))), rd(g, At(n), At(t), At(k)), Num(0)));
    agree();
}
END_TEST

START_TEST(softmax) {
    state = (uint32_t)_i;
    start(pick(1, 20));
    int64_t classes = pick(1, 40);
    Tensor *z = give("z", ROLE_INPUT, BATCH, classes), *label = give_whole("label", classes - 1, 1, (int64_t[]){BATCH});
    const Index *n = ix("n", BATCH), *j = ix("j", classes);
    const Expr *v = rd(z, At(n), At(j));
    Tensor *m = reduce("m", ROLE_VALUE, OVER(n), REDUCE_MAX, OVER(j), v);
    Tensor *e = map_of("e", ROLE_VALUE, OVER(n, j), Exp(Sub(v, rd(m, At(n)))));
    Tensor *s = reduce("s", ROLE_VALUE, OVER(n), REDUCE_SUM, OVER(j), rd(e, At(n), At(j)));
    Tensor *loss = map_of("each", ROLE_VALUE, OVER(n), Sub(Add(rd(m, At(n)), Log(rd(s, At(n)))), rd(z, At(n), rd(label, At(n)))));
    define_list("loss", ROLE_LOSS, 0, NULL, REDUCE_SUM, LIST_OF(n), rd(loss, At(n)));
    const Expr *hot = Where(Eq(At(j), rd(label, At(n))), Num(1), Num(0));
    map_of("d_z", ROLE_OUTPUT, OVER(n, j), Div(Sub(Div(rd(e, At(n), At(j)), rd(s, At(n))), hot), ToReal(Read(count, NULL, 0))));
    agree();
    Options o = {.plain = true};
    ck_assert_int_eq(schedule(program, &o)->kernels.n, 2);      /* one pass over the samples, and the sum of their losses */
}
END_TEST

static void momentum(const char *name, int rank, const int64_t *extents, const Tensor *rate) {
    Tensor *w = give_list(text("%s", name), ROLE_PARAM, rank, extents), *g = give_list(text("d_%s", name), ROLE_GRAD, rank, extents);
    Tensor *m = give_list(text("m_%s", name), ROLE_MOMENT, rank, extents);
    const Index *i[12];
    for (int k = 0; k < rank; k++)
        i[k] = ix(text("i%d", k), extents[k]);
    const Expr *const *at = values_of(i, rank);
    const Expr *lr = Read(rate, NULL, 0);
    Tensor *mn = define_list(text("next_m_%s", name), ROLE_NEXT, rank, i, REDUCE_NONE, 0, NULL,
                             Add(Mul(Num(0.9), Read(m, at, rank)), Read(g, at, rank)));
    mn->of = m;
    Tensor *wn = define_list(text("next_%s", name), ROLE_NEXT, rank, i, REDUCE_NONE, 0, NULL,
                             Sub(Read(w, at, rank), Mul(Div(lr, Add(Num(1), Mul(lr, lr))), Read(mn, at, rank))));
    wn->of = w;
}

START_TEST(updates) {
    state = (uint32_t)_i;
    start(4);
    Tensor *rate = give_list("rate", ROLE_HYPER, 0, NULL);
    momentum("a", EXTENTS(pick(1, 9), pick(1, 9)), rate);
    momentum("b", EXTENTS(pick(1, 30)), rate);
    momentum("c", EXTENTS(pick(1, 4), pick(1, 4), 3), rate);
    /* A next value that reads the others' old elements cannot replace them. */
    Tensor *s = give("s", ROLE_STATE, 7);
    const Index *i = ix("i", 7);
    Tensor *next = map_of("next_s", ROLE_NEXT, OVER(i), rd(s, Sub(Int(6), At(i))));
    next->of = s;
    agree();
    Options o = {.plain = true};
    Schedule *plan = schedule(program, &o);
    share_kernels(&plan, 1);
    ck_assert_int_eq(plan->kernels.n, 5);
    ck_assert_ptr_nonnull(plan->kernels.at[1]->same);
    ck_assert_ptr_nonnull(plan->kernels.at[2]->same);
    ck_assert_ptr_null(storage_of(plan, program->results.at[0]));
    ck_assert_ptr_nonnull(storage_of(plan, next));
}
END_TEST

START_TEST(scans) {
    state = (uint32_t)_i;
    start(pick(1, 5));
    int64_t l = pick(1, 6), d = pick(1, 20);
    Tensor *x = give("x", ROLE_INPUT, BATCH, l, d), *w = give("w", ROLE_PARAM, d, d);
    const Index *n = ix("n", BATCH), *t = ix("t", l), *k = ix("k", d), *m = ix("m", d);
    bool down = pick(0, 1);
    Dim dims[] = {dim_with(BATCH), dim_with(l), dim_with(d)};
    Tensor *h = tensor_new("h", ROLE_OUTPUT, REAL, 3, dims, NULL), *s = tensor_new("s", ROLE_VALUE, REAL, 3, dims, NULL);
    const Expr *then = down ? Add(At(t), Int(1)) : Sub(At(t), Int(1));
    const Index *free[] = {n, t, k}, *bound[] = {m};
    equation_new(program, h, free, REDUCE_NONE, NULL, 0, Operate(OP_TANH, Add(rd(x, At(n), At(t), At(k)), rd(s, At(n), At(t), At(k))), NULL), NULL);
    const Index *t2 = ix("t", l);
    const Index *free2[] = {n, t2, k};
    const Expr *then2 = substitute(then, &t, (const Expr *[]){At(t2)}, 1);
    equation_new(program, s, free2, REDUCE_SUM, bound, 1, Mul(rd(w, At(k), At(m)), rd0(h, At(n), then2, At(m))), NULL);
    PUSH(program->results, h);
    agree();
}
END_TEST

/* A cell that nobody but itself reads at the time before: one place for all times is enough. A neighbour's, read at the same time, may be none. */
START_TEST(cell_states) {
    state = (uint32_t)_i;
    start(pick(1, 40));
    int64_t l = pick(2, 5), d = pick(1, 20);
    Tensor *x = give("x", ROLE_INPUT, BATCH, l, d), *w = give("w", ROLE_PARAM, d, d);
    const Index *n = ix("n", BATCH), *t = ix("t", l), *k = ix("k", d), *m = ix("m", d);
    const Expr *then = pick(0, 1) ? Add(At(t), Int(1)) : Sub(At(t), Int(1));
    Dim dims[] = {dim_with(BATCH), dim_with(l), dim_with(d)};
    Tensor *h = tensor_new("h", ROLE_OUTPUT, REAL, 3, dims, NULL), *s = tensor_new("s", ROLE_VALUE, REAL, 3, dims, NULL);
    Tensor *c = tensor_new("c", ROLE_VALUE, REAL, 3, dims, NULL);
    const Index *free[] = {n, t, k}, *bound[] = {m};
    equation_new(program, s, free, REDUCE_SUM, bound, 1, Mul(rd(w, At(k), At(m)), rd0(h, At(n), then, At(m))), NULL);
    equation_new(program, c, free, REDUCE_NONE, NULL, 0,
                 Add(Mul(rd0(c, At(n), then, At(k)), rd(x, At(n), At(t), At(k))), rd(s, At(n), At(t), At(k))), NULL);
    equation_new(program, h, free, REDUCE_NONE, NULL, 0, Operate(OP_TANH, Add(rd(c, At(n), At(t), At(k)), rd0(c, At(n), At(t), Sub(At(k), Int(1)))), NULL), NULL);
    PUSH(program->results, h);
    agree();
    Options o = {.plain = true};
    const Kernel *kernel = schedule(program, &o)->kernels.at[0];
    int places = 0;
    for (int a = 0; a < kernel->arguments.n; a++)
        if (kernel->arguments.at[a]->name == c->name) places = kernel->arguments.at[a]->rank;
    ck_assert_int_eq(places, 2);
}
END_TEST

/* How many of the schedules have tiles of two sizes. */
static int even_tiles_found(void) {
    const Options fast = {.plain = false};
    const Schedule *s = schedule(program, &fast);
    int found = 0;
    for (int k = 0; k < s->kernels.n; k++)
        for (int l = 0; l < s->kernels.at[k]->notes.lines.n; l++) found += strstr(s->kernels.at[k]->notes.lines.at[l], " or ") != NULL;
    return found;
}

/* Rows that six does not divide: those of a sample, and samples, in blocks of 16, whose recurrence threads share. */
START_TEST(even_tiles) {
    state = (uint32_t)_i;
    const int64_t lengths[] = {16, 22, 28, 34}, rows = lengths[_i % 4], d = 80;
    start(_i % 2 ? 3 : 32);
    Tensor *w = give("w", ROLE_PARAM, d, d);
    const Index *n = ix("n", BATCH), *k = ix("k", d), *m = ix("m", d);
    if (_i % 2) {
        const Index *p = ix("p", rows);
        Tensor *x = give("x", ROLE_INPUT, BATCH, rows, d);
        reduce("y", ROLE_OUTPUT, OVER(n, p, k), REDUCE_SUM, OVER(m), Mul(rd(w, At(m), At(k)), rd(x, At(n), At(p), At(m))));
        reduce("d", ROLE_OUTPUT, OVER(p, k), REDUCE_SUM, OVER(n, m), Mul(rd(w, At(m), At(k)), rd(x, At(n), At(p), At(m))));
    } else {
        const int64_t times = 2;
        const Index *t = ix("t", times), *free[] = {n, t, k}, *bound[] = {m};
        const Dim dims[] = {dim_with(BATCH), dim_with(times), dim_with(d)};
        Tensor *x = give("x", ROLE_INPUT, BATCH, times, d);
        Tensor *h = tensor_new("h", ROLE_OUTPUT, REAL, 3, dims, NULL), *s = tensor_new("s", ROLE_VALUE, REAL, 3, dims, NULL);
        equation_new(program, s, free, REDUCE_SUM, bound, 1, Mul(rd(w, At(m), At(k)), rd0(h, At(n), Sub(At(t), Int(1)), At(m))), NULL);
        equation_new(program, h, free, REDUCE_NONE, NULL, 0, Add(rd(x, At(n), At(t), At(k)), rd(s, At(n), At(t), At(k))), NULL);
        PUSH(program->results, h);
    }
    agree();
    ck_assert_int_ge(even_tiles_found(), 1);
}
END_TEST

static void count_asks(Node *n, void *data) { *(int *)data += n->kind == NODE_ASK; }

/* Maps of a recurrence ask for the next sample's rows between pieces of their own, unless a piece would read what another one stores. */
START_TEST(rows_ahead) {
    state = (uint32_t)_i;
    const int64_t times = 32, d = 80, few = 3;
    start(32);
    Tensor *w = give("w", ROLE_PARAM, few, d), *x = give("x", ROLE_INPUT, BATCH, times, d);
    const Index *n = ix("n", BATCH), *t = ix("t", times), *k = ix("k", d), *m = ix("m", few), *free[] = {n, t, k}, *bound[] = {m};
    const Dim dims[] = {dim_with(BATCH), dim_with(times), dim_with(d)};
    Tensor *h = tensor_new("h", ROLE_OUTPUT, REAL, 3, dims, NULL), *s = tensor_new("s", ROLE_VALUE, REAL, 3, dims, NULL);
    Tensor *c = tensor_new("c", ROLE_VALUE, REAL, 3, dims, NULL);
    equation_new(program, s, free, REDUCE_SUM, bound, 1, Mul(rd(w, At(m), At(k)), rd0(h, At(n), Sub(At(t), Int(1)), At(m))), NULL);
    equation_new(program, c, free, REDUCE_NONE, NULL, 0, Add(rd(x, At(n), At(t), At(k)), rd(s, At(n), At(t), At(k))), NULL);
    const Expr *other = _i ? rd0(c, At(n), At(t), Add(At(k), Int(1))) : rd(c, At(n), At(t), At(k));
    equation_new(program, h, free, REDUCE_NONE, NULL, 0, Operate(OP_MAX, Neg(other), other), NULL);
    PUSH(program->results, h);
    agree();
    const Options fast = {.plain = false};
    const Schedule *schedules = schedule(program, &fast);
    int asks = 0;
    for (int l = 0; l < schedules->kernels.n; l++) walk(&schedules->kernels.at[l]->body, count_asks, &asks);
    ck_assert_int_eq(asks, _i ? 0 : 1);
}
END_TEST

static bool has_choice(const Expr *e) {
    for (int k = 0; k < e->n; k++)
        if (has_choice(e->arg[k])) return true;
    return e->kind == X_WHERE;
}

static void refuse_choice_inside_choice(Node *n, void *data) {
    (void)data;
    if (n->value && n->value->kind == X_WHERE) ck_assert(!has_choice(n->value->arg[1]) && !has_choice(n->value->arg[2]));
}

/* The gradient below a pool and an activation chooses twice: compilers make no vectors of one choice inside of another. */
START_TEST(choices) {
    state = (uint32_t)_i;
    start(pick(1, 20));
    Tensor *x = give("x", ROLE_INPUT, BATCH, 40), *g = give("g", ROLE_INPUT, BATCH, 40), *h = give("h", ROLE_INPUT, BATCH, 20);
    const Index *n = ix("n", BATCH), *i = ix("i", 40);
    const Expr *below = Where(Gt(rd(g, At(n), At(i)), Num(1)), rd(h, At(n), FloorDiv(At(i), Int(2))), Num(0));
    map_of("d", ROLE_OUTPUT, OVER(n, i), Where(Gt(rd(x, At(n), At(i)), Num(0)), Add(rd(g, At(n), At(i)), below), Num(0)));
    agree();
    const Options fast = {.plain = false};
    const Schedule *s = schedule(program, &fast);
    for (int k = 0; k < s->kernels.n; k++) walk(&s->kernels.at[k]->body, refuse_choice_inside_choice, NULL);
}
END_TEST

static void count_added(Node *n, void *data) { *(int *)data += n->kind == NODE_ASSIGN && n->assign == ASSIGN_ADD; }

/* What a row has more of at one place, which data choose, is added there once: the gradient of a loss over classes. A place that moves along
 * the row, rows that are short, and forward maps are left. */
START_TEST(points) {
    state = (uint32_t)_i;
    start(pick(1, 20));
    const int64_t rows = 3, length = _i == 5 ? 20 : 40;
    Tensor *x = give("x", ROLE_INPUT, BATCH, rows, length), *s = give("s", ROLE_INPUT, BATCH, rows);
    Tensor *t = give_whole("t", length + 5, 2, (int64_t[]){BATCH, rows}), *moving = give_whole("u", length, 1, (int64_t[]){length});
    const Index *n = ix("n", BATCH), *p = ix("p", rows), *j = ix("j", length);
    const Expr *value = Exp(rd(x, At(n), At(p), At(j))), *factor = rd(s, At(n), At(p)), *place = rd(t, At(n), At(p));
    const Expr *here = Eq(At(j), place);
    const Expr *const cases[] = {
        Add(Mul(factor, value), Where(here, factor, Num(0))),
        Add(Where(And(here, Not(Eq(place, Int(0)))), Num(-2), Num(0)), Mul(factor, value)),
        Div(Sub(value, ToReal(here)), Add(Num(2), Mul(factor, factor))),
        Mul(factor, Sub(value, Where(here, Mul(Num(2), factor), Num(0)))),
        Add(value, Where(Eq(At(j), rd(moving, At(j))), Num(3), Num(0))),
        Add(value, Where(here, Num(3), Num(0))),
    };
    map_of("d", ROLE_OUTPUT, OVER(n, p, j), cases[_i % 6])->adjoint = _i < 6;
    agree();
    const Options fast = {.plain = false};
    const Schedule *plan = schedule(program, &fast);
    int added = 0;
    for (int k = 0; k < plan->kernels.n; k++) walk(&plan->kernels.at[k]->body, count_added, &added);
    ck_assert_int_eq(added, _i < 4);
}
END_TEST

static void find_rows(Node *n, void *data) { *(bool *)data |= n->kind == NODE_ASSIGN && strncmp(n->tensor->name, "row_place", 9) == 0; }

static bool has_rows(void) {
    const Options fast = {.plain = false};
    const Schedule *plan = schedule(program, &fast);
    bool found = false;
    for (int k = 0; k < plan->kernels.n; k++) walk(&plan->kernels.at[k]->body, find_rows, &found);
    return found;
}

/* A loss that leaves places out: logits, what comes of them and the gradients go over the rows that count, unless someone needs the others, reads
 * other places, some of them or by another condition, or the product is short. With few places it happens that none counts. */
START_TEST(rows_that_count) {
    state = (uint32_t)_i;
    start(pick(1, 20));
    const int64_t places = pick(_i % 7 == 5 ? 3 : 1, 9), in = 5, classes = _i % 7 == 2 ? 30 : 70;
    Tensor *w = give("w", ROLE_PARAM, classes, in), *y = give("y", ROLE_INPUT, BATCH, places, in);
    Tensor *t = give_whole("t", 2, 2, (int64_t[]){BATCH, places});
    const Index *n = ix("n", BATCH), *p = ix("p", places), *o = ix("o", classes), *i = ix("i", in);
    const Dim dims[] = {dim_with(BATCH), dim_with(places), dim_with(classes)};
    Tensor *z = reduce("z", ROLE_VALUE, OVER(n, p, o), REDUCE_SUM, OVER(i), Mul(rd(w, At(o), At(i)), rd(y, At(n), At(p), At(i))));
    if (_i % 7 == 6) {              /* a condition of more than a cell, and nothing else */
        reduce("others", ROLE_OUTPUT, OVER(n), REDUCE_SUM, OVER(p, o), Where(Gt(At(o), rd(t, At(n), At(p))), rd(z, At(n), At(p), At(o)), Num(0)));
        agree();
        ck_assert(!has_rows());
        return;
    }
    const Expr *counts = _i % 7 == 1 ? And(Not(Eq(rd(t, At(n), At(p)), Int(0))), Gt(rd(t, At(n), At(p)), Int(1))) : Not(Eq(rd(t, At(n), At(p)), Int(0)));
    Tensor *top = reduce("top", ROLE_VALUE, OVER(n, p), REDUCE_MAX, OVER(o), rd(z, At(n), At(p), At(o)));
    const Expr *e = Exp(Sub(rd(z, At(n), At(p), At(o)), rd(top, At(n), At(p))));
    Tensor *whole = reduce("whole", ROLE_VALUE, OVER(n, p), REDUCE_SUM, OVER(o), e);
    const Expr *own = Sub(rd(z, At(n), At(p), rd(t, At(n), At(p))), rd(top, At(n), At(p)));
    reduce("cost", ROLE_OUTPUT, OVER(n), REDUCE_SUM, OVER(p), Where(counts, Sub(Log(rd(whole, At(n), At(p))), own), Num(0)));
    Tensor *best = reduce("best", ROLE_VALUE, OVER(n, p), REDUCE_ARGMAX, OVER(o), rd(z, At(n), At(p), At(o)));
    Tensor *hit = map_of("hit", ROLE_VALUE, OVER(n, p), And(counts, Eq(rd(best, At(n), At(p)), rd(t, At(n), At(p)))));
    reduce("hits", ROLE_OUTPUT, OVER(n), REDUCE_SUM, OVER(p), ToReal(rd(hit, At(n), At(p))));
    Tensor *g = tensor_new("g", ROLE_VALUE, REAL, 3, dims, NULL);
    g->adjoint = true;
    const Expr *share = Div(Where(counts, Num(1), Num(0)), rd(whole, At(n), At(p)));
    equation_new(program, g, (const Index *const[]){n, p, o}, REDUCE_NONE, NULL, 0,
                 Add(Where(And(Eq(At(o), rd(t, At(n), At(p))), counts), Num(-1), Num(0)), Mul(share, e)), NULL);
    reduce("d_y", ROLE_OUTPUT, OVER(n, p, i), REDUCE_SUM, OVER(o), Mul(rd(g, At(n), At(p), At(o)), rd(w, At(o), At(i))));
    reduce("d_w", ROLE_OUTPUT, OVER(o, i), REDUCE_SUM, OVER(n, p), Mul(rd(g, At(n), At(p), At(o)), rd(y, At(n), At(p), At(i))));
    if (_i % 7 == 3) reduce("all", ROLE_OUTPUT, OVER(n, p), REDUCE_SUM, OVER(o), rd(z, At(n), At(p), At(o)));
    if (_i % 7 == 4) map_of("next", ROLE_OUTPUT, OVER(n, p, o), Where(counts, rd0(z, At(n), Add(At(p), Int(1)), At(o)), Num(0)));
    if (_i % 7 == 5) {
        const Index *q = ix("q", places - 1);
        reduce("first", ROLE_OUTPUT, OVER(n), REDUCE_SUM, OVER(q), Where(Eq(rd(t, At(n), At(q)), Int(0)), Num(0), rd(whole, At(n), At(q))));
    }
    agree();
    ck_assert_int_eq(has_rows(), places > 1 && _i % 7 < 2);
}
END_TEST

static void count_turns(Node *n, void *data) { *(int *)data += n->kind == NODE_LOOP && n->loop == LOOP_TURN; }

/* Maps that move along one index where they read and along another where they store go by squares: of a matrix, and of samples on their way
 * into blocks, of which the last is not whole. What is computed, and what falls into no squares, does not. */
START_TEST(turns) {
    state = (uint32_t)_i;
    start(20);
    const int64_t length = _i == 1 ? 38 : 40, blocks = 2;
    Tensor *x = give("x", ROLE_PARAM, 36, length), *samples = give("s", ROLE_PARAM, 20, length);
    const Index *i = ix("i", 36), *j = ix("j", length), *block = ix("block", blocks), *lane = ix("lane", 16);
    const Expr *sample = Operate(OP_MIN, Add(Mul(Int(16), At(block)), At(lane)), Sub(Read(count, NULL, 0), Int(1)));
    if (_i < 2) map_of("y", ROLE_OUTPUT, OVER(j, i), rd(x, At(i), At(j)));
    else if (_i == 2) map_of("y", ROLE_OUTPUT, OVER(j, i), Mul(Num(2), rd(x, At(i), At(j))));
    else map_of("y", ROLE_OUTPUT, OVER(block, j, lane), rd(samples, sample, At(j)));
    agree();
    const Options fast = {.plain = false};
    const Schedule *plan = schedule(program, &fast);
    int found = 0;
    for (int k = 0; k < plan->kernels.n; k++) walk(&plan->kernels.at[k]->body, count_turns, &found);
    ck_assert_int_eq(found, _i == 0 || _i == 3);
}
END_TEST

/* Long chains of values with random lives: the arena must keep what is still needed. */
START_TEST(lives) {
    state = (uint32_t)_i;
    start(pick(1, 20));
    LIST(Tensor *) values = {0};
    LIST(int64_t) sizes = {0};
    for (int k = 0; k < 3; k++) {
        int64_t size = pick(1, 30);
        PUSH(sizes, size);
        PUSH(values, give(text("x%d", k), ROLE_INPUT, BATCH, size));
    }
    for (int k = 0; k < 25; k++) {
        int a = (int)pick(0, values.n - 1), b = (int)pick(values.n > 4 ? values.n - 4 : 0, values.n - 1);
        int64_t size = pick(1, 30);
        const Index *n = ix("n", BATCH), *i = ix("i", size), *j = ix("j", sizes.at[a]), *l = ix("l", sizes.at[b]);
        const Expr *v = Mul(rd(values.at[a], At(n), At(j)), rd(values.at[b], At(n), At(l)));
        v = Operate(OP_TANH, Add(v, Mul(Num(0.1), ToReal(At(i)))), NULL);
        Tensor *t = reduce(text("v%d", k), pick(0, 4) ? ROLE_VALUE : ROLE_OUTPUT, OVER(n, i), REDUCE_SUM, OVER(j, l), v);
        PUSH(values, t);
        PUSH(sizes, size);
    }
    PUSH(program->results, values.at[values.n - 1]);
    agree();
}
END_TEST

static Tensor *batch_norm(const Tensor *x, const Index *n, const Index *o, const Index *i, const Index *j) {
    const Expr *v = rd(x, At(n), At(o), At(i), At(j));
    const Expr *size = ToReal(Mul(Read(count, NULL, 0), Int(i->extent * j->extent)));
    Tensor *sum = reduce("bn_sum", ROLE_VALUE, OVER(o), REDUCE_SUM, OVER(n, i, j), v);
    Tensor *mean = map_of("bn_mean", ROLE_VALUE, OVER(o), Div(rd(sum, At(o)), size));
    const Expr *d = Sub(v, rd(mean, At(o)));
    Tensor *squares = reduce("bn_squares", ROLE_VALUE, OVER(o), REDUCE_SUM, OVER(n, i, j), Mul(d, d));
    Tensor *scale = map_of("bn_scale", ROLE_VALUE, OVER(o),
                           Div(Num(1), Operate(OP_SQRT, Add(Div(rd(squares, At(o)), size), Num(0.01)), NULL)));
    return map_of("bn", ROLE_VALUE, OVER(n, o, i, j), Mul(d, rd(scale, At(o))));
}

/* A small network with its gradients: windows, pools and what is between them, kept in blocks of samples. */
START_TEST(networks) {
    state = (uint32_t)_i;
    start(pick(1, 2) * pick(1, 20));
    int64_t c = pick(1, 2), h = 2 * pick(4, 7), f = pick(1, 6), k = pick(1, 3), p = pick(0, 1), g = pick(1, 4);
    int64_t oh = h + 2 * p - k + 1, ph = oh / 2, qh = ph - 1;
    Tensor *x = give("x", ROLE_INPUT, BATCH, c, h, h), *a = give("a", ROLE_PARAM, f, c, k, k), *b = give("b", ROLE_PARAM, f);
    Tensor *w = give("w", ROLE_PARAM, g, f, 2, 2);
    const Index *n = ix("n", BATCH), *o = ix("o", f), *i = ix("i", oh), *j = ix("j", oh), *q = ix("c", c), *u = ix("u", k), *v = ix("v", k);
    const Expr *row = Add(At(i), Sub(At(u), Int(p))), *column = Add(At(j), Sub(At(v), Int(p)));
    Tensor *conv = reduce("conv", ROLE_VALUE, OVER(n, o, i, j), REDUCE_SUM, OVER(q, u, v),
                          Mul(rd(a, At(o), At(q), At(u), At(v)), rd0(x, At(n), At(q), row, column)));
    if (pick(0, 1)) conv = batch_norm(conv, n, o, i, j);
    Tensor *relu = map_of("relu", ROLE_VALUE, OVER(n, o, i, j),
                          Operate(OP_MAX, Add(rd(conv, At(n), At(o), At(i), At(j)), rd(b, At(o))), Num(0)));
    const Index *pi = ix("i", ph), *pj = ix("j", ph), *pu = ix("u", 2), *pv = ix("v", 2);
    Tensor *pool = reduce("pool", ROLE_VALUE, OVER(n, o, pi, pj), REDUCE_MAX, OVER(pu, pv),
                          rd(relu, At(n), At(o), Add(Mul(At(pi), Int(2)), At(pu)), Add(Mul(At(pj), Int(2)), At(pv))));
    const Index *m = ix("m", g), *qi = ix("i", qh), *qj = ix("j", qh);
    Tensor *top = reduce("top", ROLE_VALUE, OVER(n, m, qi, qj), REDUCE_SUM, OVER(o, pu, pv),
                         Mul(rd(w, At(m), At(o), At(pu), At(pv)), rd(pool, At(n), At(o), Add(At(qi), At(pu)), Add(At(qj), At(pv)))));
    const Expr *t = rd(top, At(n), At(m), At(qi), At(qj));
    Tensor *sum = define_list("sum", ROLE_VALUE, 0, NULL, REDUCE_SUM, LIST_OF(n, m, qi, qj), Mul(t, t));
    Tensor *loss = define_list("loss", ROLE_LOSS, 0, NULL, REDUCE_NONE, 0, NULL, Div(Read(sum, NULL, 0), ToReal(Read(count, NULL, 0))));
    const Tensor *wrt[] = {a, b, w, x};
    Tensor *grads[4];
    differentiate(program, loss, wrt, 4, grads);
    for (int d = 0; d < 4; d++) {
        grads[d]->role = d < 3 ? ROLE_GRAD : ROLE_OUTPUT;
        PUSH(program->results, grads[d]);
    }
    ck_assert(program_order(program));
    simplify(program);
    agree();
}
END_TEST

/* A recurrence over embedded words, and its gradients: gathers, scatters, scans in both directions. */
START_TEST(recurrences) {
    state = (uint32_t)_i;
    start(pick(1, 20));
    int64_t words = pick(2, 6), d = pick(1, 5), l = pick(1, 5);
    Tensor *token = give_whole("token", words - 1, 2, (int64_t[]){BATCH, l});
    Tensor *table = give("table", ROLE_PARAM, words, d), *w = give("w", ROLE_PARAM, d, d);
    const Index *n = ix("n", BATCH), *t = ix("t", l), *k = ix("k", d), *m = ix("m", d), *k2 = ix("k", d), *t2 = ix("t", l);
    Tensor *x = map_of("x", ROLE_VALUE, OVER(n, t, k), rd(table, rd(token, At(n), At(t)), At(k)));
    Dim dims[] = {dim_with(BATCH), dim_with(l), dim_with(d)};
    Tensor *h = tensor_new("h", ROLE_VALUE, REAL, 3, dims, NULL), *s = tensor_new("s", ROLE_VALUE, REAL, 3, dims, NULL);
    const Index *free[] = {n, t, k}, *free2[] = {n, t2, k2}, *bound[] = {m};
    equation_new(program, h, free, REDUCE_NONE, NULL, 0,
                 Operate(OP_TANH, Add(rd(x, At(n), At(t), At(k)), rd(s, At(n), At(t), At(k))), NULL), NULL);
    equation_new(program, s, free2, REDUCE_SUM, bound, 1,
                 Mul(rd(w, At(k2), At(m)), rd0(h, At(n), Sub(At(t2), Int(1)), At(m))), NULL);
    const Expr *last = rd(h, At(n), Int(l - 1), At(k));
    Tensor *loss = define_list("loss", ROLE_LOSS, 0, NULL, REDUCE_SUM, LIST_OF(n, k), Mul(last, last));
    const Tensor *wrt[] = {table, w};
    Tensor *grads[2];
    ck_assert(program_order(program));
    differentiate(program, loss, wrt, 2, grads);
    for (int g = 0; g < 2; g++) {
        grads[g]->role = ROLE_GRAD;
        PUSH(program->results, grads[g]);
    }
    ck_assert(program_order(program));
    simplify(program);
    agree();
}
END_TEST

/* Attention and its gradient: its scores are never stored as a whole. */
START_TEST(cells) {
    state = (uint32_t)_i;
    start(pick(2, 3));
    static const int64_t sizes[] = {16, 40, 96, 33};
    const bool causal = pick(0, 1);
    const int64_t h = pick(2, 3), rows = sizes[pick(0, 3)], columns = causal ? rows : sizes[pick(0, 3)], d = pick(1, 9);
    Tensor *x = give("x", ROLE_INPUT, BATCH, h, rows, d), *y = give("y", ROLE_INPUT, BATCH, h, columns, d), *g = give("g", ROLE_INPUT, BATCH, h, rows, d);
    Tensor *p = give("p", ROLE_PARAM, h, d), *r = give("r", ROLE_PARAM, h, d), *u = give("u", ROLE_PARAM, h, d);
    const Index *n = ix("n", BATCH), *k = ix("h", h), *i = ix("i", rows), *j = ix("j", columns), *e = ix("d", d);
    const Expr *seen = causal ? Ge(At(i), At(j)) : Truth(true);
    Tensor *q = map_of("q", ROLE_VALUE, OVER(n, k, i, e), Mul(rd(p, At(k), At(e)), rd(x, At(n), At(k), At(i), At(e))));
    Tensor *key = map_of("key", ROLE_VALUE, OVER(n, k, j, e), Mul(rd(r, At(k), At(e)), rd(y, At(n), At(k), At(j), At(e))));
    Tensor *value = map_of("value", ROLE_VALUE, OVER(n, k, j, e), Mul(rd(u, At(k), At(e)), rd(y, At(n), At(k), At(j), At(e))));
    Tensor *dots = reduce("dots", ROLE_VALUE, OVER(n, k, i, j), REDUCE_SUM, OVER(e),
                          Where(seen, Mul(rd(q, At(n), At(k), At(i), At(e)), rd(key, At(n), At(k), At(j), At(e))), Num(0)));
    Tensor *s = map_of("s", ROLE_VALUE, OVER(n, k, i, j), Where(seen, Mul(Num(0.25), rd(dots, At(n), At(k), At(i), At(j))), Num(-INFINITY)));
    Tensor *most = reduce("most", ROLE_VALUE, OVER(n, k, i), REDUCE_MAX, OVER(j), rd(s, At(n), At(k), At(i), At(j)));
    Tensor *top = map_of("top", ROLE_VALUE, OVER(n, k, i), Operate(OP_STOP, rd(most, At(n), At(k), At(i)), NULL));
    Tensor *ex = map_of("e", ROLE_VALUE, OVER(n, k, i, j),
                        Where(seen, Operate(OP_EXP, Sub(rd(s, At(n), At(k), At(i), At(j)), rd(top, At(n), At(k), At(i))), NULL), Num(0)));
    Tensor *z = reduce("z", ROLE_VALUE, OVER(n, k, i), REDUCE_SUM, OVER(j), rd(ex, At(n), At(k), At(i), At(j)));
    Tensor *a = map_of("a", ROLE_VALUE, OVER(n, k, i, j), Div(rd(ex, At(n), At(k), At(i), At(j)), rd(z, At(n), At(k), At(i))));
    Tensor *out = reduce("out", ROLE_OUTPUT, OVER(n, k, i, e), REDUCE_SUM, OVER(j),
                         Where(seen, Mul(rd(a, At(n), At(k), At(i), At(j)), rd(value, At(n), At(k), At(j), At(e))), Num(0)));
    Tensor *loss = define_list("loss", ROLE_LOSS, 0, NULL, REDUCE_SUM, LIST_OF(n, k, i, e),
                               Mul(rd(g, At(n), At(k), At(i), At(e)), rd(out, At(n), At(k), At(i), At(e))));
    const Tensor *wrt[] = {p, r, u};
    Tensor *grads[3];
    ck_assert(program_order(program));
    differentiate(program, loss, wrt, 3, grads);
    for (int k2 = 0; k2 < 3; k2++) {
        grads[k2]->role = ROLE_GRAD;
        PUSH(program->results, grads[k2]);
    }
    ck_assert(program_order(program));
    simplify(program);
    agree();
    const Schedule *fast = schedule_alone(&(Options){.plain = false});
    for (int t = 0; t < fast->arena.n; t++)
        ck_assert_msg(size_of(fast->arena.at[t].tensor, count->hi) < count->hi*h*rows*columns, "%s is stored", fast->arena.at[t].tensor->name);
}
END_TEST

/* Windows over many channels, forward and backward: 16 products for 36, of the same sums of filters. */
START_TEST(squares) {
    state = (uint32_t)_i;
    start(16 + pick(0, 5));
    const int64_t in = 32, out = pick(4, 5)*8, h = 4, w = 2*pick(2, 3);
    Tensor *x = give("x", ROLE_INPUT, BATCH, in, h, w), *f = give("f", ROLE_PARAM, out, in, 3, 3), *b = give("b", ROLE_PARAM, out);
    const Index *n = ix("n", BATCH), *q = ix("q", out), *i = ix("i", h), *j = ix("j", w), *c = ix("c", in), *u = ix("u", 3), *v = ix("v", 3);
    const Expr *moved = Mul(Num(0.5), rd(x, At(n), At(c), At(i), At(j)));
    Tensor *half = reduce("half", ROLE_VALUE, OVER(n, c, i, j), REDUCE_SUM, OVER(v), Mul(Add(ToReal(At(v)), Num(1)), moved));
    Tensor *y = reduce("y", ROLE_VALUE, OVER(n, q, i, j), REDUCE_SUM, OVER(c, u, v),
                       Mul(rd(f, At(q), At(c), At(u), At(v)), rd0(half, At(n), At(c), Sub(Add(At(i), At(u)), Int(1)), Sub(Add(At(j), At(v)), Int(1)))));
    Tensor *z = map_of("z", ROLE_VALUE, OVER(n, q, i, j), Operate(OP_TANH, Mul(Num(0.125), Add(rd(b, At(q)), rd(y, At(n), At(q), At(i), At(j)))), NULL));
    Tensor *back = reduce("back", ROLE_VALUE, OVER(n, c, i, j), REDUCE_SUM, OVER(q, u, v),
                          Mul(rd(f, At(q), At(c), At(u), At(v)), rd0(z, At(n), At(q), Sub(Add(At(i), Int(1)), At(u)), Sub(Add(At(j), Int(1)), At(v)))));
    reduce("most", ROLE_OUTPUT, OVER(n, c), REDUCE_MAX, OVER(i, j), rd(back, At(n), At(c), At(i), At(j)));
    agree();
    int filters = 0, direct = 0;
    const Schedule *fast = schedule_alone(&(Options){.plain = false}), *slow = schedule_alone(&(Options){.direct = true});
    for (int t = 0; t < fast->arena.n; t++) filters += strcmp(fast->arena.at[t].tensor->name, "f_sums") == 0;
    for (int t = 0; t < slow->arena.n; t++) direct += strcmp(slow->arena.at[t].tensor->name, "f_sums") == 0;
    ck_assert_int_eq(filters, 1);
    ck_assert_int_eq(direct, 0);
}
END_TEST

START_TEST(totals) {
    state = (uint32_t)_i;
    start(pick(1, 40));
    Tensor *x = give("x", ROLE_INPUT, BATCH, 3), *label = give_whole("label", 2, 1, (int64_t[]){BATCH});
    Tensor *total = give_list("total", ROLE_TOTAL, 0, NULL);
    const Index *n = ix("n", BATCH), *j = ix("j", 3);
    Tensor *best = reduce("best", ROLE_VALUE, OVER(n), REDUCE_ARGMAX, OVER(j), rd(x, At(n), At(j)));
    Tensor *right = define_list("right", ROLE_VALUE, 0, NULL, REDUCE_SUM, LIST_OF(n), ToReal(Eq(rd(best, At(n)), rd(label, At(n)))));
    Tensor *next = define_list("next", ROLE_NEXT, 0, NULL, REDUCE_NONE, 0, NULL, Add(Read(total, NULL, 0), Read(right, NULL, 0)));
    next->of = total;
    agree();
}
END_TEST

/* A large value that is made of another one is stored over it, unless that is needed once more; one that has more at one place, too. */
START_TEST(values_over_others) {
    const int64_t places = (1 << 18) + 5;
    const bool again = _i == 1;
    state = 1;
    start(1);
    Tensor *x = give("x", ROLE_INPUT, BATCH, 2), *w = give("w", ROLE_PARAM, 2, places);
    const Index *n = ix("n", BATCH), *i = ix("i", 2), *k = ix("k", places);
    Tensor *score = reduce("score", ROLE_VALUE, OVER(n, k), REDUCE_SUM, OVER(i), Mul(rd(x, At(n), At(i)), rd(w, At(i), At(k))));
    Tensor *most = reduce("most", ROLE_VALUE, OVER(n), REDUCE_MAX, OVER(k), rd(score, At(n), At(k)));
    const Expr *value = Exp(Sub(rd(score, At(n), At(k)), rd(most, At(n))));
    if (_i == 2) value = Add(value, Where(Eq(At(k), rd(give_whole("t", places - 1, 1, (int64_t[]){BATCH}), At(n))), Num(-1), Num(0)));
    Tensor *part = map_of("part", ROLE_VALUE, OVER(n, k), value);
    part->adjoint = _i == 2;
    reduce("d_x", ROLE_OUTPUT, OVER(n, i), REDUCE_SUM, OVER(k), Mul(rd(part, At(n), At(k)), rd(w, At(i), At(k))));
    if (again) reduce("both", ROLE_OUTPUT, OVER(n), REDUCE_SUM, OVER(k), Mul(rd(part, At(n), At(k)), rd(score, At(n), At(k))));
    Options o = {.share_from = 0};
    Schedule *plan = schedule(program, &o);
    ck_assert_ptr_nonnull(storage_of(plan, part));
    ck_assert_int_eq(storage_of(plan, part) == storage_of(plan, score), !again);
    agree();
}
END_TEST

int main(void) {
    Suite *suite = suite_create("kernels");
    TCase *c = tcase_create("schedules");
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, maps, 0, 10);
    tcase_add_loop_test(c, reductions, 0, 10);
    tcase_add_loop_test(c, long_rows, 0, 10);
    tcase_add_loop_test(c, products, 0, 10);
    tcase_add_loop_test(c, flattened_products, 0, 10);
    tcase_add_loop_test(c, windows, 0, 30);
    tcase_add_loop_test(c, pools, 0, 10);
    tcase_add_loop_test(c, gathers, 0, 10);
    tcase_add_loop_test(c, softmax, 0, 10);
    tcase_add_loop_test(c, updates, 0, 5);
    tcase_add_loop_test(c, scans, 0, 10);
    tcase_add_loop_test(c, cell_states, 0, 10);
    tcase_add_loop_test(c, even_tiles, 0, 4);
    tcase_add_loop_test(c, rows_ahead, 0, 2);
    tcase_add_loop_test(c, choices, 0, 3);
    tcase_add_loop_test(c, points, 0, 7);
    tcase_add_loop_test(c, rows_that_count, 0, 35);
    tcase_add_loop_test(c, turns, 0, 4);
    tcase_add_loop_test(c, lives, 0, 10);
    tcase_add_loop_test(c, networks, 0, 20);
    tcase_add_loop_test(c, recurrences, 0, 10);
    tcase_add_loop_test(c, cells, 0, 12);
    tcase_add_loop_test(c, squares, 0, 2);
    tcase_add_loop_test(c, totals, 0, 5);
    tcase_add_loop_test(c, values_over_others, 0, 3);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
