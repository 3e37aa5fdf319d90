/* Gradients against central differences, solved sums against their deltas, and the text of some gradients.
 *
 * Programs are built by hand and run in the reference evaluator, in double, before and after simplification. The loss of
 * a tensor is the sum of its elements times fixed random weights, so that no two elements have the same gradient. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../../compiler/equations/program.h"
#include "../../compiler/equations/solve.h"

static Program *program;
static Tensors given;
static Tensor *batch;
static uint64_t draws;

enum { SAMPLES = 3, BATCH = 4, ANY = -1 };       /* the batch holds fewer samples than it could; ANY: a batch dim */

static double draw(double low, double high) {
    draws = draws * 6364136223846793005u + 1442695040888963407u;
    return low + (high - low) * (double)(draws >> 11) * 0x1p-53;
}

static int64_t draw_int(int64_t low, int64_t high) { return low + (int64_t)(draw(0, 1) * (double)(high - low + 1)); }

static void start(void) {
    expr_start();
    program = NEW(Program);
    program->name = "test";
    given = (Tensors){0};
    batch = tensor_new("batch", ROLE_SCALAR, INT, 0, NULL, NULL);
    batch->lo = 1;
    batch->hi = BATCH;
    draws = 1;
}

static void finish(void) { memory_release(); }

static Dim dim_of(int64_t extent) { return extent == ANY ? (Dim){BATCH, batch} : (Dim){extent, NULL}; }

static Tensor *give(const char *name, Type type, int rank, const int64_t *extent) {
    Dim dim[12];
    for (int k = 0; k < rank; k++) dim[k] = dim_of(extent[k]);
    bool sample = rank && extent[0] == ANY;
    Tensor *t = tensor_new(name_of(name), sample ? ROLE_INPUT : ROLE_PARAM, type, rank, dim, NULL);
    PUSH(given, t);
    return t;
}
#define LENGTH(T, ...) (int)(sizeof (T[]){__VA_ARGS__} / sizeof(T))
#define REALS(name, ...) give(name, REAL, LENGTH(int64_t, __VA_ARGS__), (int64_t[]){__VA_ARGS__})

static Tensor *give_class(const char *name, int64_t classes, int64_t extent) {
    Tensor *t = give(name, INT, 1, &extent);
    t->lo = 0;
    t->hi = classes - 1;
    return t;
}

static const Index *index_of(const char *name, int64_t extent) {
    return index_new(name_of(name), extent == ANY ? BATCH : extent, extent == ANY ? batch : NULL);
}
#define INDEX(name, extent) const Index *name = index_of(#name, extent)

static const Expr *read_of(const Tensor *t, const Expr *const *subs) { return Read(t, subs, t->rank); }
#define READ(t, ...) read_of(t, (const Expr *[]){__VA_ARGS__})
#define READ0(t) Read(t, NULL, 0)
#define ELSE(t, value, ...) ReadElse(t, (const Expr *[]){__VA_ARGS__}, LENGTH(const Expr *, __VA_ARGS__), value)

typedef struct { const Index *const *at; int n; } Indices;
#define OVER(...) (Indices){(const Index *[]){__VA_ARGS__}, LENGTH(const Index *, __VA_ARGS__)}
#define SCALAR (Indices){NULL, 0}

static Tensor *reduce(const char *name, Indices free, Reduce op, Indices bound, const Expr *body) {
    Dim dim[12];
    for (int k = 0; k < free.n; k++) dim[k] = (Dim){free.at[k]->extent, free.at[k]->count};
    bool whole = op == REDUCE_ARGMAX || op == REDUCE_ARGMIN;
    Tensor *t = tensor_new(name_of(name), ROLE_VALUE, whole ? INT : body->type, free.n, dim, NULL);
    equation_new(program, t, free.at, op, bound.at, bound.n, body, NULL);
    return t;
}
static Tensor *map(const char *name, Indices free, const Expr *body) { return reduce(name, free, REDUCE_NONE, SCALAR, body); }

/* sum of c*t, c given and random. */
static Tensor *loss_of(Tensor *t) {
    static const char *const names[] = {"a0", "a1", "a2", "a3", "a4"};
    const Index *index[5];
    const Expr *at[5];
    for (int k = 0; k < t->rank; k++) {
        index[k] = index_new(names[k], t->dim[k].extent, t->dim[k].count);
        at[k] = At(index[k]);
    }
    Tensor *c = tensor_new(text("c_%s", t->name), ROLE_PARAM, REAL, t->rank, t->dim, NULL);
    PUSH(given, c);
    Indices all = {index, t->rank};
    Tensor *loss = reduce("loss", SCALAR, t->rank ? REDUCE_SUM : REDUCE_NONE, all, Mul(read_of(c, at), read_of(t, at)));
    return loss;
}

/* --- running --- */

static int64_t size_of(const Tensor *t) {
    int64_t n = 1;
    for (int k = 0; k < t->rank; k++) n *= t->dim[k].extent;
    return n;
}

static double low = -1, high = 1;

/* The same values each time: by name of the tensor and place. */
static void fill(Evaluation *e, const Tensor *changed, int64_t place, double by) {
    evaluation_array(e, batch)[0] = SAMPLES;
    for (int k = 0; k < given.n; k++) {
        const Tensor *t = given.at[k];
        double *value = evaluation_array(e, t);
        draws = 77;
        for (const char *c = t->name; *c; c++) draws = draws * 31 + (uint64_t)*c;
        for (int64_t i = 0; i < size_of(t); i++) value[i] = t->type == INT ? (double)draw_int(t->lo, t->hi) : draw(low, high);
        if (t == changed) value[place] += by;
    }
}

static double run_loss(const Tensor *loss, const Tensor *changed, int64_t place, double by) {
    Evaluation *e = evaluation_new(program, 1, 0);
    fill(e, changed, place, by);
    evaluation_run(e);
    return evaluation_array(e, loss)[0];
}

static char *program_text(void) {
    Writer w = {0};
    program_print(&w, program);
    return w.text ? w.text : "";
}

static void compare(const Tensor *loss, Tensor *const *wrt, Tensor *const *grads, int n) {
    Evaluation *e = evaluation_new(program, 1, 0);
    fill(e, NULL, 0, 0);
    evaluation_run(e);
    for (int k = 0; k < n; k++) {
        const double *d = evaluation_array(e, grads[k]);
        int64_t used = size_of(wrt[k]);
        if (wrt[k]->rank && wrt[k]->dim[0].count) used = used / BATCH * SAMPLES;
        for (int64_t i = 0; i < used; i++) {
            double step = 1e-5, slope = (run_loss(loss, wrt[k], i, step) - run_loss(loss, wrt[k], i, -step)) / (2 * step);
            ck_assert_msg(fabs(d[i] - slope) <= 2e-7 * (1 + fabs(slope)), "%s[%d]: %.10g, differences give %.10g\n%s",
                          grads[k]->name, (int)i, d[i], slope, program_text());
        }
    }
}

static void gradients(Tensor *loss, Tensor *const *wrt, int n, Tensor **grads) {
    PUSH(program->results, loss);
    differentiate(program, loss, (const Tensor *const *)wrt, n, grads);
    for (int k = 0; k < n; k++) PUSH(program->results, grads[k]);
    ck_assert(program_order(program));
    ck_assert(program_check(program, "differentiate"));
}

static void check_gradients(Tensor *loss, Tensor *const *wrt, int n) {
    Tensor *grads[8];
    gradients(loss, wrt, n, grads);
    compare(loss, wrt, grads, n);
    simplify(program);
    ck_assert(program_check(program, "simplify"));
    compare(loss, wrt, grads, n);
}
#define CHECK(loss, ...) check_gradients(loss, (Tensor *[]){__VA_ARGS__}, LENGTH(Tensor *, __VA_ARGS__))

/* The text of the adjoint equations after simplification. */
static const char *gradient_text(Tensor *loss, Tensor *const *wrt, int n) {
    Tensor *grads[8];
    Writer w = {0};
    gradients(loss, wrt, n, grads);
    simplify(program);
    ck_assert(program_check(program, "simplify"));
    put_text(&w, "");
    for (int k = 0; k < program->equations.n; k++) {
        if (!program->equations.at[k]->out->adjoint) continue;
        equation_print(&w, program->equations.at[k]);
        if (w.text[w.length - 1] != '\n') put_text(&w, "\n");
    }
    return w.text;
}
#define TEXT(loss, ...) gradient_text(loss, (Tensor *[]){__VA_ARGS__}, LENGTH(Tensor *, __VA_ARGS__))

/* --- operators --- */

START_TEST(operators_of_one) {
    Op op = (Op)_i;
    if (op_table[op].operands != 1 || op_table[op].logic || op == OP_STOP) return;
    start();
    INDEX(i, 5);
    Tensor *x = REALS("x", 5);
    bool positive = op == OP_LOG || op == OP_SQRT || op == OP_LOG1P;
    low = positive ? 0.2 : op == OP_ERFINV ? -0.8 : -1.7;
    high = op == OP_ERFINV ? 0.8 : 1.9;
    const Expr *y = Operate(op, READ(x, At(i)), NULL);
    CHECK(loss_of(map("y", OVER(i), Mul(ToReal(y), Exp(READ(x, At(i)))))), x);
    low = -1, high = 1;
    finish();
} END_TEST

START_TEST(operators_of_two) {
    Op op = (Op)_i;
    if (op_table[op].operands != 2 || op_table[op].logic) return;
    start();
    INDEX(i, 5);
    Tensor *x = REALS("x", 5), *z = REALS("z", 5);
    low = 0.3, high = 2.1;
    const Expr *y = ToReal(Operate(op, READ(x, At(i)), READ(z, At(i))));
    if (op == OP_FLOORDIV || op == OP_MOD) y = ToReal(Operate(op, READ(x, At(i)), Num(0.4)));
    CHECK(loss_of(map("y", OVER(i), Mul(y, Add(READ(x, At(i)), READ(z, At(i)))))), x, z);
    low = -1, high = 1;
    finish();
} END_TEST

START_TEST(root_operators_reuse_the_result) {
    start();
    INDEX(i, 5);
    Tensor *x = REALS("x", 5);
    Tensor *y = map("y", OVER(i), Operate(OP_TANH, READ(x, At(i)), NULL));
    Tensor *z = map("z", OVER(i), Operate(OP_MAX, Num(0), READ(y, At(i))));
    ck_assert_str_eq(TEXT(loss_of(z), x), "d_x[i] = where(z[i] > 0, c_z[i]*(1 - y[i]*y[i]), 0)\n");
    finish();
} END_TEST

/* --- guards --- */

START_TEST(untaken_branches) {
    start();
    INDEX(i, 6);
    Tensor *x = REALS("x", 6);
    const Expr *at = READ(x, At(i)), *inside = Gt(at, Num(0));
    const Expr *root = Operate(OP_SQRT, at, NULL), *log = Log(at);
    /* sqrt and log of what is negative, and 1/0, in branches that are not taken */
    const Expr *y = Add(Where(inside, Mul(root, log), at), Where(Lt(At(i), Int(3)), Mul(at, at), Div(at, ToReal(Sub(At(i), At(i))))));
    y = Where(Lt(At(i), Int(3)), y, Where(inside, Mul(log, Num(3)), Num(0)));
    CHECK(loss_of(map("y", OVER(i), y)), x);
    finish();
} END_TEST

START_TEST(infinite_else) {
    start();
    INDEX(i, 6);
    INDEX(u, 3);
    Tensor *x = REALS("x", 6), *outside = REALS("outside", 1);
    const Expr *sub = Add(Add(At(i), At(u)), Int(-1));
    Tensor *s = reduce("s", OVER(i), REDUCE_SUM, OVER(u), Exp(ELSE(x, Num(-INFINITY), sub)));
    Tensor *y = map("y", OVER(i), Add(Log(READ(s, At(i))), ELSE(x, READ(outside, Int(0)), Add(At(i), Int(2)))));
    CHECK(loss_of(y), x, outside);
    finish();
} END_TEST

START_TEST(stop_has_no_derivative) {
    start();
    INDEX(i, 4);
    Tensor *x = REALS("x", 4);
    const Expr *at = READ(x, At(i)), *stopped = Operate(OP_STOP, Mul(at, at), NULL);
    ck_assert_str_eq(TEXT(loss_of(map("y", OVER(i), Add(Mul(at, stopped), stopped))), x), "d_x[i] = c_y[i]*stop(x[i]*x[i])\n");
    finish();
} END_TEST

/* --- reductions --- */

START_TEST(matrix_product) {
    start();
    INDEX(n, ANY);
    INDEX(o, 3);
    INDEX(i, 5);
    Tensor *x = REALS("x", ANY, 5), *w = REALS("w", 3, 5), *b = REALS("b", 3);
    Tensor *z = reduce("z", OVER(n, o), REDUCE_SUM, OVER(i), Mul(READ(w, At(o), At(i)), READ(x, At(n), At(i))));
    Tensor *y = map("y", OVER(n, o), Operate(OP_TANH, Add(READ(b, At(o)), READ(z, At(n), At(o))), NULL));
    CHECK(loss_of(y), x, w, b);
    finish();
} END_TEST

START_TEST(products) {
    start();
    INDEX(i, 3);
    INDEX(k, 4);
    INDEX(l, 2);
    Tensor *x = REALS("x", 3, 4), *z = REALS("z", 2);
    const Expr *zero = Where(And(Eq(At(k), Int(2)), Lt(At(i), Int(2))), Num(0), READ(x, At(i), At(k)));
    Tensor *y = reduce("y", OVER(i), REDUCE_PROD, OVER(k, l), Add(zero, Mul(READ(z, At(l)), ToReal(At(k)))));
    CHECK(loss_of(y), x, z);
    finish();
} END_TEST

START_TEST(winners) {
    start();
    INDEX(i, 3);
    INDEX(k, 5);
    INDEX(l, 2);
    Tensor *x = REALS("x", 3, 5), *z = REALS("z", 2);
    const Expr *body = Mul(READ(x, At(i), At(k)), READ(z, At(l)));
    Tensor *y = reduce("y", OVER(i), REDUCE_MAX, OVER(k, l), body);
    Tensor *v = reduce("v", OVER(i), REDUCE_MIN, OVER(k, l), Exp(body));
    CHECK(loss_of(map("s", OVER(i), Mul(READ(y, At(i)), READ(v, At(i))))), x, z);
    finish();
} END_TEST

START_TEST(ties_go_to_the_first) {
    start();
    INDEX(k, 4);
    Tensor *x = REALS("x", 4), *grad;
    const Expr *tied = Where(Ge(At(k), Int(1)), Sub(READ(x, At(k)), READ(x, At(k))), Add(Num(-5), READ(x, At(k))));
    Tensor *y = reduce("y", SCALAR, REDUCE_MAX, OVER(k), Add(tied, Mul(Num(0), READ(x, At(k)))));
    Tensor *z = map("z", SCALAR, Mul(READ0(y), Num(1)));
    gradients(z, &x, 1, &grad);
    Evaluation *e = evaluation_new(program, 1, 0);
    fill(e, NULL, 0, 0);
    evaluation_run(e);
    Tensor *winner = NULL;
    for (int i = 0; i < program->equations.n; i++) {
        if (program->equations.at[i]->op == REDUCE_ARGMAX) winner = program->equations.at[i]->out;
    }
    ck_assert_ptr_nonnull(winner);
    ck_assert(evaluation_array(e, winner)[0] == 1);
    finish();
} END_TEST

/* --- windows --- */

START_TEST(convolution) {
    start();
    static const int64_t cases[][4] = {{1, 1, 2, 5}, {2, 1, 1, 3}, {2, 3, 2, 2}, {3, 2, 2, 3}, {4, 6, 3, 4}, {3, 1, 0, 2}};
    int64_t stride = cases[_i][0], dilation = cases[_i][1], pad = cases[_i][2], size = cases[_i][3];
    int64_t H = 9, P = (H + 2 * pad - dilation * (size - 1) - 1) / stride + 1;
    INDEX(n, ANY);
    INDEX(o, 2);
    INDEX(c, 2);
    INDEX(i, P);
    INDEX(u, size);
    Tensor *x = REALS("x", ANY, 2, H), *w = REALS("w", 2, 2, size);
    const Expr *sub = Add(Add(Mul(At(i), Int(stride)), Mul(At(u), Int(dilation))), Int(-pad));
    const Expr *body = Mul(READ(w, At(o), At(c), At(u)), ELSE(x, Num(0), At(n), At(c), sub));
    CHECK(loss_of(reduce("y", OVER(n, o, i), REDUCE_SUM, OVER(c, u), body)), x, w);
    finish();
} END_TEST

START_TEST(pools) {
    start();
    static const int64_t cases[][3] = {{2, 2, 6}, {2, 2, 7}, {3, 2, 7}, {3, 1, 5}, {2, 3, 8}};
    int64_t size = cases[_i][0], stride = cases[_i][1], H = cases[_i][2], P = (H - size) / stride + 1;
    INDEX(i, P);
    INDEX(j, P);
    INDEX(u, size);
    INDEX(v, size);
    Tensor *x = REALS("x", H, H);
    const Expr *at = READ(x, Add(Mul(At(i), Int(stride)), At(u)), Add(Mul(At(j), Int(stride)), At(v)));
    Tensor *y = reduce("y", OVER(i, j), REDUCE_MAX, OVER(u, v), at);
    Tensor *z = reduce("z", OVER(i, j), REDUCE_SUM, OVER(u, v), Mul(at, at));
    CHECK(loss_of(map("s", OVER(i, j), Mul(READ(y, At(i), At(j)), READ(z, At(i), At(j))))), x);
    finish();
} END_TEST

START_TEST(flattened) {
    start();
    INDEX(n, ANY);
    INDEX(k, 24);
    INDEX(o, 3);
    INDEX(g, 2);
    INDEX(c, 6);
    Tensor *x = REALS("x", ANY, 2, 3, 4), *w = REALS("w", 3, 24);
    const Expr *at = READ(x, At(n), FloorDiv(At(k), Int(12)), Mod(FloorDiv(At(k), Int(4)), Int(3)), Mod(At(k), Int(4)));
    Tensor *f = map("f", OVER(n, k), at);
    Tensor *y = reduce("y", OVER(n, o), REDUCE_SUM, OVER(k), Mul(READ(w, At(o), At(k)), READ(f, At(n), At(k))));
    Tensor *group = reduce("group", OVER(n, g), REDUCE_SUM, OVER(c), Exp(READ(f, At(n), Add(Mul(At(g), Int(6)), At(c)))));
    CHECK(loss_of(map("s", OVER(n, o), Mul(READ(y, At(n), At(o)), READ(group, At(n), Mod(At(o), Int(2)))))), x, w);
    finish();
} END_TEST

START_TEST(gather_and_scatter) {
    start();
    INDEX(n, ANY);
    INDEX(d, 3);
    Tensor *table = REALS("table", 5, 3), *x = REALS("x", ANY, 5);
    Tensor *token = give_class("token", 5, ANY);
    const Expr *row = READ(token, At(n));
    Tensor *y = map("y", OVER(n, d), Mul(READ(table, row, At(d)), READ(x, At(n), row)));
    CHECK(loss_of(y), table, x);
    finish();
} END_TEST

/* --- recurrences --- */

START_TEST(recurrence) {
    start();
    INDEX(n, ANY);
    INDEX(t, 4);
    INDEX(q, 2);
    INDEX(j, 3);
    INDEX(k, 3);
    bool down = _i;
    Tensor *x = REALS("x", ANY, 4, 3), *u = REALS("u", 2, 3, 3), *first = REALS("first", 3);
    Dim dim[] = {dim_of(ANY), dim_of(4), dim_of(3)};
    Tensor *h = tensor_new("h", ROLE_VALUE, REAL, 3, dim, NULL);
    const Expr *then = Add(At(t), Int(down ? 1 : -1));
    Tensor *z = reduce("z", OVER(n, t, q, j), REDUCE_SUM, OVER(k),
                       Mul(READ(u, At(q), At(j), At(k)), ELSE(h, READ(first, At(k)), At(n), then, At(k))));
    const Expr *keep = Sigmoid(Add(READ(z, At(n), At(t), Int(0), At(j)), READ(x, At(n), At(t), At(j))));
    const Expr *fresh = Operate(OP_TANH, READ(z, At(n), At(t), Int(1), At(j)), NULL);
    const Expr *old = ELSE(h, Num(0), At(n), then, At(j));
    equation_new(program, h, (const Index *[]){n, t, j}, REDUCE_NONE, NULL, 0, Add(Mul(keep, old), Mul(Sub(Num(1), keep), fresh)), NULL);
    CHECK(loss_of(h), x, u, first);
    finish();
} END_TEST

START_TEST(second_derivatives) {
    start();
    INDEX(i, 3);
    INDEX(k, 4);
    Tensor *x = REALS("x", 4), *w = REALS("w", 3, 4), *first;
    Tensor *z = reduce("z", OVER(i), REDUCE_SUM, OVER(k), Mul(READ(w, At(i), At(k)), READ(x, At(k))));
    Tensor *y = map("y", OVER(i), Operate(OP_TANH, READ(z, At(i)), NULL));
    Tensor *loss = loss_of(y);
    differentiate(program, loss, (const Tensor *const *)&x, 1, &first);
    INDEX(m, 4);
    const Expr *d = READ(first, At(m));
    Tensor *norm = reduce("norm", SCALAR, REDUCE_SUM, OVER(m), Mul(d, d));
    CHECK(norm, x, w);
    finish();
} END_TEST

/* --- the solver against the deltas --- */

START_TEST(solved_sums) {
    start();
    draws = (uint64_t)_i + 5;
    int64_t s = draw_int(1, 4), d = draw_int(1, 4), pad = draw_int(0, 4), I = draw_int(1, 7), U = draw_int(1, 5), T = draw_int(1, 20);
    int64_t mirrored = draw_int(0, 3), tail = draw_int(1, 3);
    INDEX(i, I);
    INDEX(u, U);
    INDEX(v, tail);
    INDEX(t, T);
    Tensor *a = REALS("a", I), *w = REALS("w", U, tail);
    const Expr *tap = mirrored == 0 ? Sub(Int(U - 1), At(u)) : At(u);
    const Expr *place = Add(Mul(At(i), Int(s)), Mul(tap, Int(d)));
    if (mirrored == 1) place = Add(place, At(v));
    if (mirrored == 2) place = Add(Mul(place, Int(tail)), At(v));
    const Expr *delta = Eq(At(t), Sub(place, Int(pad)));
    const Expr *term = Mul(READ(a, At(i)), READ(w, At(u), At(v)));
    Tensor *unsolved = reduce("unsolved", OVER(t), REDUCE_SUM, OVER(i, u, v), Where(delta, term, Num(0)));
    Sum *sum = sum_new(term);
    PUSH(sum->bound, i);
    PUSH(sum->bound, u);
    PUSH(sum->bound, v);
    sum_require(sum, delta);
    sum_solve(sum);
    ck_assert_int_lt(sum->bound.n, 3);
    Indices left = {sum->bound.at, sum->bound.n};
    Tensor *solved = reduce("solved", OVER(t), left.n ? REDUCE_SUM : REDUCE_NONE, left, sum_body(sum));
    PUSH(program->results, unsolved);
    PUSH(program->results, solved);
    ck_assert(program_order(program));
    ck_assert(program_check(program, "solve"));
    Evaluation *e = evaluation_new(program, 1, 0);
    fill(e, NULL, 0, 0);
    evaluation_run(e);
    for (int64_t k = 0; k < T; k++) {
        double x = evaluation_array(e, unsolved)[k], y = evaluation_array(e, solved)[k];
        ck_assert_msg(fabs(x - y) < 1e-12, "[%d]: %g, solved %g\n%s", (int)k, x, y, program_text());
    }
    finish();
} END_TEST

START_TEST(solved_digits) {
    start();
    draws = (uint64_t)_i + 9;
    int64_t A = draw_int(1, 4), B = draw_int(1, 4), C = draw_int(1, 4), gap = draw_int(0, 2), wide = draw_int(0, 2);
    int64_t J = B + gap, K = C + wide, E = A * J * K;
    INDEX(a, A);
    INDEX(b, B);
    INDEX(c, C);
    INDEX(k, E);
    INDEX(p, A);
    INDEX(q, J);
    INDEX(r, K);
    Tensor *x = REALS("x", A, B, C), *y = REALS("y", E);
    /* flattened with gaps, and a flat index taken apart */
    const Expr *flat = Add(Add(Mul(At(a), Int(J * K)), Mul(At(b), Int(K))), At(c));
    const Expr *apart = And(And(Eq(At(p), FloorDiv(At(k), Int(J * K))), Eq(At(q), Mod(FloorDiv(At(k), Int(K)), Int(J)))),
                            Eq(At(r), Mod(At(k), Int(K))));
    const Expr *delta[] = {Eq(At(k), flat), apart}, *term[] = {READ(x, At(a), At(b), At(c)), READ(y, At(k))};
    Indices bound[] = {OVER(a, b, c), OVER(k)}, free[] = {OVER(k), OVER(p, q, r)};
    Tensor *unsolved[2], *solved[2];
    for (int i = 0; i < 2; i++) {
        unsolved[i] = reduce(i ? "u1" : "u0", free[i], REDUCE_SUM, bound[i], Where(delta[i], term[i], Num(0)));
        Sum *sum = sum_new(term[i]);
        for (int n = 0; n < bound[i].n; n++) PUSH(sum->bound, bound[i].at[n]);
        sum_require(sum, delta[i]);
        sum_solve(sum);
        ck_assert_int_eq(sum->bound.n, 0);
        solved[i] = map(i ? "s1" : "s0", free[i], sum_body(sum));
        PUSH(program->results, unsolved[i]);
        PUSH(program->results, solved[i]);
    }
    ck_assert(program_order(program));
    ck_assert(program_check(program, "solve"));
    Evaluation *e = evaluation_new(program, 1, 0);
    fill(e, NULL, 0, 0);
    evaluation_run(e);
    for (int i = 0; i < 2; i++) {
        for (int64_t n = 0; n < E; n++) ck_assert(evaluation_array(e, unsolved[i])[n] == evaluation_array(e, solved[i])[n]);
    }
    finish();
} END_TEST

/* --- the text of gradients --- */

START_TEST(cross_entropy) {
    start();
    INDEX(n, ANY);
    INDEX(j, 10);
    INDEX(k, 10);
    INDEX(m, ANY);
    Tensor *x = REALS("x", ANY, 10), *y = give_class("y", 10, ANY);
    Tensor *z = map("z", OVER(n, j), Mul(READ(x, At(n), At(j)), Num(2)));
    Tensor *top = reduce("top", OVER(n), REDUCE_MAX, OVER(k), READ(z, At(n), At(k)));
    Tensor *d = map("d", OVER(n, j), Sub(READ(z, At(n), At(j)), Operate(OP_STOP, READ(top, At(n)), NULL)));
    Tensor *s = reduce("s", OVER(n), REDUCE_SUM, OVER(k), Exp(READ(d, At(n), At(k))));
    Tensor *nll = map("nll", OVER(n), Neg(Sub(READ(d, At(n), READ(y, At(n))), Log(READ(s, At(n))))));
    Tensor *loss = _i == 0 ? reduce("loss", SCALAR, REDUCE_SUM, OVER(m), Div(READ(nll, At(m)), READ0(batch)))
                           : map("loss", SCALAR, Div(READ0(reduce("total", SCALAR, REDUCE_SUM, OVER(m), READ(nll, At(m)))), READ0(batch)));
    ck_assert_str_eq(TEXT(loss, z), "d_z[j] = (exp(d[j])/s - (j == y))/batch\n");
    finish();
} END_TEST

START_TEST(cross_entropy_by_log_softmax) {
    start();
    INDEX(n, ANY);
    INDEX(j, 10);
    INDEX(k, 10);
    INDEX(m, ANY);
    Tensor *x = REALS("x", ANY, 10), *y = give_class("y", 10, ANY);
    Tensor *z = map("z", OVER(n, j), Mul(READ(x, At(n), At(j)), Num(2)));
    Tensor *top = reduce("top", OVER(n), REDUCE_MAX, OVER(k), READ(z, At(n), At(k)));
    Tensor *d = map("d", OVER(n, j), Sub(READ(z, At(n), At(j)), Operate(OP_STOP, READ(top, At(n)), NULL)));
    Tensor *s = reduce("s", OVER(n), REDUCE_SUM, OVER(k), Exp(READ(d, At(n), At(k))));
    Tensor *p = map("p", OVER(n, j), Sub(READ(d, At(n), At(j)), Log(READ(s, At(n)))));
    Tensor *loss = reduce("loss", SCALAR, REDUCE_SUM, OVER(m), Div(Neg(READ(p, At(m), READ(y, At(m)))), READ0(batch)));
    ck_assert_str_eq(TEXT(loss, z), "d_z[j] = (exp(d[j])/s - (j == y))/batch\n");
    finish();
} END_TEST

START_TEST(convolution_text) {
    start();
    INDEX(n, ANY);
    INDEX(o, 6);
    INDEX(c, 3);
    INDEX(i, 28);
    INDEX(j, 28);
    INDEX(u, 5);
    INDEX(v, 5);
    INDEX(a, 14);
    INDEX(b, 14);
    INDEX(f, 2);
    INDEX(g, 2);
    Tensor *x = REALS("x", ANY, 3, 28, 28), *w = REALS("w", 6, 3, 5, 5), *bias = REALS("bias", 6);
    const Expr *at = ELSE(x, Num(0), At(n), At(c), Add(Add(At(i), At(u)), Int(-2)), Add(Add(At(j), At(v)), Int(-2)));
    Tensor *s = reduce("s", OVER(n, o, i, j), REDUCE_SUM, OVER(c, u, v), Mul(READ(w, At(o), At(c), At(u), At(v)), at));
    Tensor *y = map("y", OVER(n, o, i, j), Add(READ(bias, At(o)), READ(s, At(n), At(o), At(i), At(j))));
    Tensor *r = map("r", OVER(n, o, i, j), Operate(OP_MAX, Num(0), READ(y, At(n), At(o), At(i), At(j))));
    Tensor *p = reduce("p", OVER(n, o, a, b), REDUCE_MAX, OVER(f, g),
                       READ(r, At(n), At(o), Add(Mul(At(a), Int(2)), At(f)), Add(Mul(At(b), Int(2)), At(g))));
    ck_assert_str_eq(TEXT(loss_of(p), x, w, bias),
        "d_y[o, i, j] = where(2*(i % 2) + j % 2 == p_winner[o, i//2, j//2] and r[o, i, j] > 0, c_p[o, i//2, j//2], 0)\n"
        "d_bias[o] = sum(batch, i, j) d_y[o, i, j]\n"
        "d_x[c, k < 28, l < 28] = sum(o, u, v) d_y[o, k + 2 - u, l + 2 - v else 0]*w[o, c, u, v]\n"
        "d_w[o, c < 3, u < 5, v < 5] = sum(batch, i, j) d_y[o, i, j]*x[c, i + u - 2, j + v - 2 else 0]\n");
    finish();
} END_TEST

int main(void) {
    Suite *suite = suite_create("gradients");
    TCase *c = tcase_create("gradients");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, operators_of_one, 0, OP_COUNT);
    tcase_add_loop_test(c, operators_of_two, 0, OP_COUNT);
    tcase_add_test(c, root_operators_reuse_the_result);
    tcase_add_test(c, untaken_branches);
    tcase_add_test(c, infinite_else);
    tcase_add_test(c, stop_has_no_derivative);
    tcase_add_test(c, matrix_product);
    tcase_add_test(c, products);
    tcase_add_test(c, winners);
    tcase_add_test(c, ties_go_to_the_first);
    tcase_add_loop_test(c, convolution, 0, 6);
    tcase_add_loop_test(c, pools, 0, 5);
    tcase_add_test(c, flattened);
    tcase_add_test(c, gather_and_scatter);
    tcase_add_loop_test(c, recurrence, 0, 2);
    tcase_add_test(c, second_derivatives);
    tcase_add_loop_test(c, solved_sums, 0, 60);
    tcase_add_loop_test(c, solved_digits, 0, 30);
    tcase_add_loop_test(c, cross_entropy, 0, 2);
    tcase_add_test(c, cross_entropy_by_log_softmax);
    tcase_add_test(c, convolution_text);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
