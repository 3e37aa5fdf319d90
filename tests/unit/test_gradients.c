/* Gradients against central differences.
 *
 * Programs built by hand run in the reference evaluator, in double, before and after simplification, and as kernels. The loss of
 * a tensor is the sum of its elements times fixed random weights, so that no two elements have the same gradient. */
#include "hand_built.h"
#include "../../compiler/kernels/kernel.h"
#include "../../runtime/nn_random.h"

/* The elements of the samples that there are. */
static int64_t used_size(const Tensor *t) {
    return t->rank && t->dim[0].count ? size_of(t) / BATCH * SAMPLES : size_of(t);
}

static void compare(const Tensor *loss, Tensor *const *wrt, Tensor *const *grads, int n) {
    Evaluation *e = evaluation_new(program, 1, 0);
    fill(e, NULL, 0, 0);
    evaluation_run(e);
    for (int k = 0; k < n; k++) {
        const double *d = evaluation_array(e, grads[k]);
        for (int64_t i = 0; i < used_size(wrt[k]); i++) {
            double step = 1e-5, slope = (run_loss(loss, wrt[k], i, step) - run_loss(loss, wrt[k], i, -step)) / (2 * step);
            ck_assert_msg(fabs(d[i] - slope) <= 2e-7 * (1 + fabs(slope)), "%s[%d]: %.10g, differences give %.10g\n%s",
                          grads[k]->name, (int)i, d[i], slope, program_text());
        }
    }
}

/* The kernels of the program against the evaluator, in loops run by the tests. */
static void compare_loops(Tensor *const *grads, int n, bool plain) {
    Options options = {.plain = plain, .blas = !plain};
    Evaluation *e = evaluation_new(program, 1, 0);
    fill(e, NULL, 0, 0);
    evaluation_run(e);
    Schedule *s = schedule(program, &options);
    share_kernels(&s, 1);
    LoopRun *r = loop_run_new(s, 1, 0);
    loop_run_array(r, batch)[0] = SAMPLES;
    for (int k = 0; k < given.n; k++) {
        memcpy(loop_run_array(r, given.at[k]), evaluation_array(e, given.at[k]), sizeof(double) * (size_t)size_of(given.at[k]));
    }
    loop_run(r);
    for (int k = 0; k < n; k++) {
        const double *right = evaluation_array(e, grads[k]), *loops = loop_run_array(r, grads[k]);
        for (int64_t i = 0; i < used_size(grads[k]); i++) {
            ck_assert_msg(fabs(right[i] - loops[i]) <= 1e-10 * (1 + fabs(right[i])), "%s[%d]: %.10g, loops give %.10g\n%s",
                          grads[k]->name, (int)i, right[i], loops[i], program_text());
        }
    }
}

static void check_gradients(Tensor *loss, Tensor *const *wrt, int n) {
    Tensor *grads[8];
    gradients(loss, wrt, n, grads);
    compare(loss, wrt, grads, n);
    simplify(program);
    ck_assert(program_check(program, "simplify"));
    compare(loss, wrt, grads, n);
    compare_loops(grads, n, true);
    compare_loops(grads, n, false);
}
#define CHECK(loss, ...) check_gradients(loss, (Tensor *[]){__VA_ARGS__}, LENGTH(Tensor *, __VA_ARGS__))

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

/* --- guards --- */

START_TEST(untaken_branches) {
    start();
    INDEX(i, 6);
    Tensor *x = REALS("x", 6);
    const Expr *at = READ(x, At(i)), *inside = Gt(at, Num(0));
    const Expr *root = Operate(OP_SQRT, at, NULL), *log = Log(at);
    /* sqrt and log of what is negative, and 1/0, in branches that are not taken */
    const Expr *by_zero = Div(at, ToReal(Sub(At(i), At(i))));
    const Expr *y = Add(Where(inside, Mul(root, log), at), Where(Lt(At(i), Int(3)), Mul(at, at), by_zero));
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

/* A row of which nothing is allowed: its sum is NaN, and stands in an equation of its own. */
START_TEST(infinite_rows) {
    start();
    INDEX(i, 3);
    INDEX(k, 4);
    Tensor *x = REALS("x", 3, 4);
    Tensor *a = map("a", OVER(i, k), Where(Eq(At(i), Int(1)), Num(-INFINITY), READ(x, At(i), At(k))));
    Tensor *top = reduce("top", OVER(i), REDUCE_MAX, OVER(k), READ(a, At(i), At(k)));
    const Expr *m = Operate(OP_STOP, READ(top, At(i)), NULL);
    Tensor *s = reduce("s", OVER(i), REDUCE_SUM, OVER(k), Exp(Sub(READ(a, At(i), At(k)), m)));
    Tensor *y = map("y", OVER(i), Where(Eq(m, Num(-INFINITY)), Num(0), Add(m, Log(READ(s, At(i))))));
    CHECK(loss_of(y), x);
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

/* A scatter of the language: y[i*stride + u*dilation - pad] += f[u]*x[i], where it lands inside. */
START_TEST(transposed_convolution) {
    start();
    static const int64_t cases[][4] = {{1, 1, 1, 3}, {2, 1, 1, 3}, {2, 1, 0, 2}, {3, 2, 2, 3}};
    int64_t stride = cases[_i][0], dilation = cases[_i][1], pad = cases[_i][2], size = cases[_i][3];
    int64_t T = (5 - 1) * stride - 2 * pad + dilation * (size - 1) + 1;
    INDEX(n, ANY);
    INDEX(t, T);
    INDEX(i, 5);
    INDEX(u, size);
    Tensor *x = REALS("x", ANY, 5), *f = REALS("f", size);
    const Expr *place = Add(Add(Mul(At(i), Int(stride)), Mul(At(u), Int(dilation))), Int(-pad));
    const Expr *body = Where(Eq(At(t), place), Mul(READ(f, At(u)), READ(x, At(n), At(i))), Num(0));
    Tensor *y = reduce("y", OVER(n, t), REDUCE_SUM, OVER(i, u), body);
    CHECK(loss_of(map("z", OVER(n, t), Exp(READ(y, At(n), At(t))))), x, f);
    ck_assert_int_le(equation_of(program, y)->n_bound, 1);
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

/* Outside the array the divisor, read as 0, must not count. */
START_TEST(averages) {
    start();
    INDEX(i, 6);
    INDEX(u, 3);
    Tensor *x = REALS("x", 6), *count = REALS("count", 6), *scale = REALS("scale", 3);
    const Expr *at = ELSE(x, Num(0), Add(Add(At(i), At(u)), Int(-1)));
    Tensor *y = reduce("y", OVER(i), REDUCE_SUM, OVER(u), Div(Mul(READ(scale, At(u)), at), READ(count, At(i))));
    Tensor *z = reduce("z", OVER(i), REDUCE_SUM, OVER(u), Div(at, ToReal(Add(At(i), Int(1)))));
    CHECK(loss_of(map("s", OVER(i), Mul(READ(y, At(i)), READ(z, At(i))))), x, count, scale);
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
    Dim dim[] = {dim_with(ANY), dim_with(4), dim_with(3)};
    Tensor *h = tensor_new("h", ROLE_VALUE, REAL, 3, dim, NULL);
    const Expr *then = Add(At(t), Int(down ? 1 : -1));
    Tensor *z = reduce("z", OVER(n, t, q, j), REDUCE_SUM, OVER(k),
                       Mul(READ(u, At(q), At(j), At(k)), ELSE(h, READ(first, At(k)), At(n), then, At(k))));
    const Expr *keep = Sigmoid(Add(READ(z, At(n), At(t), Int(0), At(j)), READ(x, At(n), At(t), At(j))));
    const Expr *fresh = Operate(OP_TANH, READ(z, At(n), At(t), Int(1), At(j)), NULL);
    const Expr *old = ELSE(h, Num(0), At(n), then, At(j));
    const Expr *next = Add(Mul(keep, old), Mul(Sub(Num(1), keep), fresh));
    equation_new(program, h, (const Index *[]){n, t, j}, REDUCE_NONE, NULL, 0, next, NULL);
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

/* --- networks --- */

START_TEST(layer_norm) {
    start();
    INDEX(n, ANY);
    INDEX(j, 5);
    INDEX(k, 5);
    Tensor *x = REALS("x", ANY, 5), *g = REALS("g", 5), *b = REALS("b", 5);
    Tensor *total = reduce("total", OVER(n), REDUCE_SUM, OVER(k), READ(x, At(n), At(k)));
    Tensor *d = map("d", OVER(n, j), Sub(READ(x, At(n), At(j)), Div(READ(total, At(n)), Num(5))));
    Tensor *squares = reduce("squares", OVER(n), REDUCE_SUM, OVER(k), Pow(READ(d, At(n), At(k)), Num(2)));
    Tensor *v = map("v", OVER(n), Operate(OP_SQRT, Add(Div(READ(squares, At(n)), Num(5)), Num(1e-5)), NULL));
    Tensor *z = map("z", OVER(n, j), Div(READ(d, At(n), At(j)), READ(v, At(n))));
    CHECK(loss_of(map("y", OVER(n, j), Add(Mul(READ(g, At(j)), READ(z, At(n), At(j))), READ(b, At(j))))), x, g, b);
    finish();
} END_TEST

START_TEST(attention) {
    start();
    INDEX(n, ANY);
    INDEX(i, 4);
    INDEX(j, 4);
    INDEX(k, 4);
    INDEX(d, 3);
    Tensor *q = REALS("q", ANY, 4, 3), *key = REALS("key", ANY, 4, 3), *v = REALS("v", ANY, 4, 3);
    const Expr *pair = Mul(READ(q, At(n), At(i), At(d)), READ(key, At(n), At(j), At(d)));
    Tensor *dot = reduce("dot", OVER(n, i, j), REDUCE_SUM, OVER(d), pair);
    const Expr *score = Mul(Num(0.5), READ(dot, At(n), At(i), At(j)));
    Tensor *s = map("s", OVER(n, i, j), Where(Le(At(j), At(i)), score, Num(-INFINITY)));
    Tensor *top = reduce("top", OVER(n, i), REDUCE_MAX, OVER(k), READ(s, At(n), At(i), At(k)));
    const Expr *below = Sub(READ(s, At(n), At(i), At(j)), Operate(OP_STOP, READ(top, At(n), At(i)), NULL));
    Tensor *e = map("e", OVER(n, i, j), Exp(below));
    Tensor *total = reduce("total", OVER(n, i), REDUCE_SUM, OVER(k), READ(e, At(n), At(i), At(k)));
    Tensor *a = map("a", OVER(n, i, j), Div(READ(e, At(n), At(i), At(j)), READ(total, At(n), At(i))));
    const Expr *term = Mul(READ(a, At(n), At(i), At(k)), READ(v, At(n), At(k), At(d)));
    CHECK(loss_of(reduce("y", OVER(n, i, d), REDUCE_SUM, OVER(k), term)), q, key, v);
    finish();
} END_TEST

START_TEST(batch_norm) {
    start();
    INDEX(n, ANY);
    INDEX(m, ANY);
    INDEX(c, 2);
    INDEX(i, 3);
    Tensor *x = REALS("x", ANY, 2, 3), *g = REALS("g", 2);
    const Expr *count = Mul(ToReal(READ0(batch)), Num(3));
    Tensor *mean = reduce("mean", OVER(c), REDUCE_SUM, OVER(m, i), Div(READ(x, At(m), At(c), At(i)), count));
    Tensor *d = map("d", OVER(n, c, i), Sub(READ(x, At(n), At(c), At(i)), READ(mean, At(c))));
    Tensor *v = reduce("v", OVER(c), REDUCE_SUM, OVER(m, i), Div(Pow(READ(d, At(m), At(c), At(i)), Num(2)), count));
    const Expr *root = Operate(OP_SQRT, Add(READ(v, At(c)), Num(1e-5)), NULL);
    CHECK(loss_of(map("y", OVER(n, c, i), Div(Mul(READ(g, At(c)), READ(d, At(n), At(c), At(i))), root))), x, g);
    finish();
} END_TEST

/* A gate of four stacked in one tensor, a cell, and only the last state used. */
START_TEST(lstm) {
    start();
    INDEX(n, ANY);
    INDEX(m, ANY);
    INDEX(t, 4);
    INDEX(q, 4);
    INDEX(j, 3);
    INDEX(k, 3);
    INDEX(i, 2);
    INDEX(l, 3);
    Tensor *x = REALS("x", ANY, 4, 2), *w = REALS("w", 12, 2), *u = REALS("u", 12, 3), *b = REALS("b", 12);
    Dim dim[] = {dim_with(ANY), dim_with(4), dim_with(3)};
    Tensor *h = tensor_new("h", ROLE_VALUE, REAL, 3, dim, NULL), *c = tensor_new("c", ROLE_VALUE, REAL, 3, dim, NULL);
    const Expr *row = Add(Mul(At(q), Int(3)), At(j)), *before = Add(At(t), Int(-1));
    Tensor *zx = reduce("zx", OVER(n, t, q, j), REDUCE_SUM, OVER(i), Mul(READ(w, row, At(i)), READ(x, At(n), At(t), At(i))));
    const Expr *last = ELSE(h, Num(0), At(n), before, At(k));
    Tensor *zh = reduce("zh", OVER(n, t, q, j), REDUCE_SUM, OVER(k), Mul(READ(u, row, At(k)), last));
    const Expr *at[] = {At(n), At(t), At(q), At(j)};
    Tensor *z = map("z", OVER(n, t, q, j), Add(Add(READ(b, row), read_of(zx, at)), read_of(zh, at)));
    const Expr *gate[4];
    for (int g = 0; g < 4; g++) gate[g] = READ(z, At(n), At(t), Int(g), At(j));
    const Expr *kept = Mul(Sigmoid(gate[1]), ELSE(c, Num(0), At(n), before, At(j)));
    const Expr *next = Add(kept, Mul(Sigmoid(gate[0]), Operate(OP_TANH, gate[2], NULL)));
    equation_new(program, c, (const Index *[]){n, t, j}, REDUCE_NONE, NULL, 0, next, NULL);
    const Expr *shown = Mul(Sigmoid(gate[3]), Operate(OP_TANH, READ(c, At(n), At(t), At(j)), NULL));
    equation_new(program, h, (const Index *[]){n, t, j}, REDUCE_NONE, NULL, 0, shown, NULL);
    CHECK(loss_of(map("last", OVER(m, l), READ(h, At(m), Int(3), At(l)))), w, u, b, x);
    for (int e = 0; e < program->equations.n; e++) {
        const Equation *one = program->equations.at[e];
        if (one->scan && one->out->adjoint) ck_assert(one->scan_down);
    }
    finish();
} END_TEST

START_TEST(dropout_draws_the_same_again) {
    start();
    INDEX(n, ANY);
    INDEX(j, 6);
    static Site site = {"dropout", 0};
    site.key = nn_site(site.path);
    Tensor *x = REALS("x", ANY, 6);
    const Expr *place = Add(Mul(At(n), Int(6)), At(j)), *drawn = Random(&site, &place, 1);
    CHECK(loss_of(map("y", OVER(n, j), Where(Lt(drawn, Num(0.5)), Num(0), Mul(Num(2), READ(x, At(n), At(j)))))), x);
    finish();
} END_TEST

/* --- random programs --- */

typedef struct { Tensor *tensor; int shape; } Shaped;           /* 0: [batch, 4], 1: [batch], 2: [4] */
typedef struct { LIST(Shaped) pool; Tensor *class; const Expr *n, *j; } Maker;

static const Expr *random_read(const Maker *m) {
    for (;;) {
        const Shaped *s = &m->pool.at[draw_int(0, m->pool.n - 1)];
        if (s->shape == 1) return READ(s->tensor, m->n);
        if (s->shape == 2) return draw_int(0, 2) ? READ(s->tensor, m->j) : ELSE(s->tensor, Num(0.5), Sub(m->j, Int(1)));
        const Expr *place[] = {m->j, m->j, Sub(Int(3), m->j), READ(m->class, m->n)};
        int64_t which = draw_int(0, 4);
        return which < 4 ? READ(s->tensor, m->n, place[which]) : ELSE(s->tensor, Num(0), m->n, Add(m->j, Int(1)));
    }
}

static const Expr *random_value(const Maker *m, int depth) {
    if (depth == 0 || !draw_int(0, 4)) return draw_int(0, 6) ? random_read(m) : Num(draw(-2, 2));
    const Expr *a = random_value(m, depth - 1), *b = random_value(m, depth - 1);
    switch (draw_int(0, 10)) {
    case 0: case 1: return Add(a, b);
    case 2: return Sub(a, b);
    case 3: case 4: return Mul(a, b);
    case 5: return Operate(OP_TANH, a, NULL);
    case 6: return Sigmoid(a);
    case 7: return Div(a, Add(Num(1.5), Mul(b, b)));
    case 8: return Where(Eq(m->j, READ(m->class, m->n)), a, Num(0));
    case 9: return Where(Gt(a, Num(0)), Log(Add(a, Num(0.3))), b);
    default: return Exp(Operate(OP_TANH, a, NULL));
    }
}

START_TEST(random_programs) {
    start();
    draws = 1000 + (uint64_t)_i;
    INDEX(n, ANY);
    INDEX(j, 4);
    Maker m = {.class = give_class("class", 4, ANY), .n = At(n), .j = At(j)};
    Tensor *x = REALS("x", ANY, 4), *w = REALS("w", 4), *last = x;
    PUSH(m.pool, ((Shaped){x, 0}));
    PUSH(m.pool, ((Shaped){w, 2}));
    for (int k = 0; k < 7; k++) {
        const char *name = text("y%d", k);
        const Expr *body = random_value(&m, 3);
        int shape = (int)draw_int(0, 4);
        if (shape == 1) last = reduce(name, OVER(n), REDUCE_SUM, OVER(j), body);
        else if (shape == 2) last = reduce(name, OVER(j), REDUCE_SUM, OVER(n), body);
        else last = map(name, OVER(n, j), body);
        PUSH(m.pool, ((Shaped){last, shape == 1 || shape == 2 ? shape : 0}));
    }
    CHECK(loss_of(last), x, w);
    finish();
} END_TEST

int main(void) {
    Suite *suite = suite_create("gradients");
    TCase *c = tcase_create("gradients");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, operators_of_one, 0, OP_COUNT);
    tcase_add_loop_test(c, operators_of_two, 0, OP_COUNT);
    tcase_add_test(c, untaken_branches);
    tcase_add_test(c, infinite_else);
    tcase_add_test(c, infinite_rows);
    tcase_add_test(c, matrix_product);
    tcase_add_test(c, products);
    tcase_add_test(c, winners);
    tcase_add_test(c, ties_go_to_the_first);
    tcase_add_loop_test(c, convolution, 0, 6);
    tcase_add_loop_test(c, transposed_convolution, 0, 4);
    tcase_add_loop_test(c, pools, 0, 5);
    tcase_add_test(c, averages);
    tcase_add_test(c, flattened);
    tcase_add_test(c, gather_and_scatter);
    tcase_add_loop_test(c, recurrence, 0, 2);
    tcase_add_test(c, second_derivatives);
    tcase_add_test(c, layer_norm);
    tcase_add_test(c, attention);
    tcase_add_test(c, batch_norm);
    tcase_add_test(c, lstm);
    tcase_add_test(c, dropout_draws_the_same_again);
    tcase_add_loop_test(c, random_programs, 0, 150);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
