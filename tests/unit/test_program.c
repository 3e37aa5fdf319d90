/* Programs: order and scans, invariants, the text of equations and models, the reference evaluator against plain loops. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../../compiler/equations/program.h"
#include "../../runtime/nn_random.h"

static Program *program;
static Tensor *batch;
enum { BATCH = 4, SAMPLES = 3, ANY = -1 };      /* ANY: the batch dim */

static void start(void) {
    expr_start();
    program = NEW(Program);
    program->name = "test";
    batch = tensor_new("batch", ROLE_SCALAR, INT, 0, NULL, NULL);
    batch->lo = 1, batch->hi = BATCH;
}

static void finish(void) { memory_release(); }

static const Index *index_of(const char *name, int64_t extent) {
    return index_new(name, extent == ANY ? BATCH : extent, extent == ANY ? batch : NULL);
}

static Tensor *tensor_of(const char *name, Role role, Type type, int rank, const int64_t *extent) {
    Dim dim[12] = { 0 };
    for (int k = 0; k < rank; k++) dim[k] = extent[k] == ANY ? (Dim){ BATCH, batch } : (Dim){ extent[k], NULL };
    return tensor_new(name, role, type, rank, dim, NULL);
}

#define LENGTH(T, ...) ((int)(sizeof (T[]){ __VA_ARGS__ } / sizeof(T)))
#define TENSOR(name, role, ...) tensor_of(name, role, REAL, LENGTH(int64_t, __VA_ARGS__), (int64_t[]){ __VA_ARGS__ })
#define SCALAR(name, role) tensor_of(name, role, REAL, 0, NULL)
#define AT(t, ...) Read(t, (const Expr *[]){ __VA_ARGS__ }, LENGTH(const Expr *, __VA_ARGS__))
#define AT_ELSE(t, otherwise, ...) ReadElse(t, (const Expr *[]){ __VA_ARGS__ }, LENGTH(const Expr *, __VA_ARGS__), otherwise)
#define INDICES(...) (const Index *[]){ __VA_ARGS__ }
#define DEFINE(out, free, body) equation_new(program, out, free, REDUCE_NONE, NULL, 0, body, NULL)
#define REDUCED(out, free, op, body, ...) \
    equation_new(program, out, free, op, INDICES(__VA_ARGS__), LENGTH(const Index *, __VA_ARGS__), body, NULL)

/* Different numbers of moderate size. */
static double number(int n) { return sin(1.7 * n + 0.3) * 2; }
static void fill(double *value, int n, int from) {
    for (int k = 0; k < n; k++) value[k] = number(from + k);
}

static void expect_text(const Equation *e, const char *wanted) {
    Writer w = { 0 };
    equation_print(&w, e);
    ck_assert_str_eq(w.text, wanted);
}

/* --- order --- */

START_TEST(definitions_are_found_while_the_list_changes) {
    Tensor *t[20];
    for (int n = 0; n < 20; n++) {
        t[n] = SCALAR(text("t%d", n), ROLE_VALUE);
        ck_assert_ptr_null(equation_of(program, t[n]));
        DEFINE(t[n], NULL, Num(n));
        ck_assert_int_eq(equation_place(program, t[n]), n);
    }
    Equation *first = program->equations.at[3];
    program->equations.at[3] = program->equations.at[7];
    program->equations.at[7] = first;
    ck_assert_int_eq(equation_place(program, t[3]), 7);
    program->equations.n = 5;
    ck_assert_ptr_null(equation_of(program, t[9]));
    ck_assert_ptr_eq(equation_of(program, t[7]), program->equations.at[3]);
}
END_TEST

START_TEST(equations_stand_after_what_they_read) {
    Tensor *a = SCALAR("a", ROLE_VALUE), *b = SCALAR("b", ROLE_VALUE), *c = SCALAR("c", ROLE_OUTPUT);
    Tensor *dead = SCALAR("dead", ROLE_VALUE);
    DEFINE(c, NULL, Add(Read(a, NULL, 0), Read(b, NULL, 0)));
    DEFINE(dead, NULL, Num(1));
    DEFINE(b, NULL, Exp(Read(a, NULL, 0)));
    DEFINE(a, NULL, Num(2));
    PUSH(program->results, c);
    ck_assert(program_order(program) && program_check(program, "order"));
    ck_assert_int_eq(program->equations.n, 3);
    ck_assert_ptr_eq(program->equations.at[0]->out, a);
    ck_assert_ptr_eq(program->equations.at[1]->out, b);
    ck_assert_ptr_eq(program->equations.at[2]->out, c);
}
END_TEST

START_TEST(an_order_that_is_right_stays) {
    Tensor *t[6];
    for (int n = 0; n < 6; n++) t[n] = SCALAR(text("t%d", n), ROLE_OUTPUT);
    DEFINE(t[0], NULL, Num(1));
    DEFINE(t[1], NULL, Num(2));
    DEFINE(t[2], NULL, Read(t[1], NULL, 0));
    DEFINE(t[3], NULL, Num(3));
    DEFINE(t[4], NULL, Add(Read(t[3], NULL, 0), Read(t[0], NULL, 0)));
    DEFINE(t[5], NULL, Read(t[2], NULL, 0));
    for (int n = 5; n >= 0; n--) PUSH(program->results, t[n]);
    ck_assert(program_order(program));
    for (int n = 0; n < 6; n++) ck_assert_ptr_eq(program->equations.at[n]->out, t[n]);
}
END_TEST

/* A cell with a gate and a memory, like one of an LSTM:
 *     a[n, t, j] = sum(k) u[j, k]*h[n, t-1, k else 0]
 *     c[n, t, j] = sigmoid(a)*c[n, t-1, j else 1] + x[n, t, j]
 *     h[n, t, j] = tanh(c) */
enum { TIMES = 5, WIDTH = 3 };
static Tensor *x, *u, *a, *c, *h;
static void recurrence(void) {
    const Index *n = index_of("n", ANY), *t = index_of("t", TIMES), *j = index_of("j", WIDTH), *k = index_of("k", WIDTH);
    x = TENSOR("x", ROLE_INPUT, ANY, TIMES, WIDTH), u = TENSOR("u", ROLE_PARAM, WIDTH, WIDTH);
    a = TENSOR("a", ROLE_VALUE, ANY, TIMES, WIDTH), c = TENSOR("c", ROLE_VALUE, ANY, TIMES, WIDTH);
    h = TENSOR("h", ROLE_OUTPUT, ANY, TIMES, WIDTH);
    const Expr *before = Sub(At(t), Int(1));
    DEFINE(h, INDICES(n, t, j), Operate(OP_TANH, AT(c, At(n), At(t), At(j)), NULL));
    DEFINE(c, INDICES(n, t, j), Add(Mul(Sigmoid(AT(a, At(n), At(t), At(j))), AT_ELSE(c, Num(1), At(n), before, At(j))),
                                    AT(x, At(n), At(t), At(j))));
    REDUCED(a, INDICES(n, t, j), REDUCE_SUM, Mul(AT(u, At(j), At(k)), AT_ELSE(h, Num(0), At(n), before, At(k))), k);
    PUSH(program->results, h);
}

START_TEST(a_recurrence_is_a_scan) {
    recurrence();
    ck_assert(program_order(program) && program_check(program, "order"));
    ck_assert_ptr_eq(program->equations.at[0]->out, a);
    ck_assert_ptr_eq(program->equations.at[1]->out, c);
    ck_assert_ptr_eq(program->equations.at[2]->out, h);
    for (int n = 0; n < 3; n++) {
        const Equation *e = program->equations.at[n];
        ck_assert_int_eq(e->scan, 1);
        ck_assert_ptr_eq(e->scan_index, e->free[1]);
        ck_assert(!e->scan_down);
    }
    expect_text(program->equations.at[0], "a[t < 5, j] = sum(k) u[j, k]*h[t - 1, k else 0]");
    expect_text(program->equations.at[2], "h[t, j] = tanh(c[t, j])");
    Evaluation *e = evaluation_new(program, 1, 0);
    double *in = evaluation_array(e, x), *weight = evaluation_array(e, u), state[SAMPLES][WIDTH][2];
    evaluation_array(e, batch)[0] = SAMPLES;
    fill(in, BATCH * TIMES * WIDTH, 0);
    fill(weight, WIDTH * WIDTH, 100);
    evaluation_run(e);
    for (int n = 0; n < SAMPLES; n++) {
        for (int j = 0; j < WIDTH; j++) state[n][j][0] = 1, state[n][j][1] = 0;
        for (int t = 0; t < TIMES; t++) {
            double gate[WIDTH] = { 0 };
            for (int j = 0; j < WIDTH; j++)
                for (int k = 0; k < WIDTH; k++) gate[j] += weight[j * WIDTH + k] * state[n][k][1];
            for (int j = 0; j < WIDTH; j++) {
                int at = (n * TIMES + t) * WIDTH + j;
                state[n][j][0] = 1 / (1 + exp(-gate[j])) * state[n][j][0] + in[at];
                state[n][j][1] = tanh(state[n][j][0]);
                ck_assert_double_eq_tol(evaluation_array(e, h)[at], state[n][j][1], 1e-14);
            }
        }
    }
    ck_assert_double_eq(evaluation_array(e, h)[SAMPLES * TIMES * WIDTH], 0);    /* samples beyond the count are left alone */
}
END_TEST

START_TEST(a_scan_may_run_down) {
    const Index *t = index_of("t", TIMES);
    Tensor *s = TENSOR("s", ROLE_OUTPUT, TIMES), *v = TENSOR("v", ROLE_PARAM, TIMES);
    DEFINE(s, INDICES(t), Add(AT(v, At(t)), AT_ELSE(s, Num(0), Add(At(t), Int(1)))));
    PUSH(program->results, s);
    ck_assert(program_order(program) && program_check(program, "order"));
    ck_assert(program->equations.at[0]->scan_down);
    Evaluation *e = evaluation_new(program, 1, 0);
    fill(evaluation_array(e, v), TIMES, 0);
    evaluation_run(e);
    double rest = 0;
    for (int n = TIMES - 1; n >= 0; n--) {
        rest += number(n);
        ck_assert_double_eq_tol(evaluation_array(e, s)[n], rest, 1e-14);
    }
}
END_TEST

/* Gram-Schmidt reads all rows before: d[i, k] = where(k < i, sum(l) a[i, l]*q[k, l], 0), q[i, l] = a[i, l] - sum(k) d*q. */
START_TEST(a_scan_may_read_all_before) {
    const Index *i = index_of("i", 3), *k = index_of("k", 3), *l = index_of("l", 4);
    const Index *i2 = index_of("i", 3), *k2 = index_of("k", 3), *l2 = index_of("l", 4);
    Tensor *m = TENSOR("m", ROLE_PARAM, 3, 4), *d = TENSOR("d", ROLE_VALUE, 3, 3), *p = TENSOR("p", ROLE_VALUE, 3, 4),
           *q = TENSOR("q", ROLE_OUTPUT, 3, 4);
    REDUCED(d, INDICES(i, k), REDUCE_SUM, Mul(AT(m, At(i), At(l)), AT(q, At(k), At(l))), l);
    REDUCED(p, INDICES(i2, l2), REDUCE_SUM,
            Where(Lt(At(k2), At(i2)), Mul(AT(d, At(i2), At(k2)), AT(q, At(k2), At(l2))), Num(0)), k2);
    DEFINE(q, INDICES(i2, l2), Sub(AT(m, At(i2), At(l2)), AT(p, At(i2), At(l2))));
    PUSH(program->results, q);
    ck_assert(program_order(program) && program_check(program, "order"));
    for (int n = 0; n < 3; n++) ck_assert_int_eq(program->equations.at[n]->scan, 1);
    ck_assert_ptr_eq(equation_of(program, d)->scan_index, k);
}
END_TEST

static void expect_error(const char *wanted) {
    char *message = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&message, &length);
    ck_assert(!program_order(program));
    diagnostics_print(to);
    fclose(to);
    ck_assert_msg(strstr(message, wanted) != NULL, "%s", message);
    free(message);
}

START_TEST(a_circle_at_the_same_time_is_an_error) {
    recurrence();
    Equation *e = program->equations.at[1];
    e->body = Add(e->body, AT(h, At(e->free[0]), At(e->free[1]), At(e->free[2])));
    expect_error("`h` depends on itself at the same t: h -> c -> h");
}
END_TEST

START_TEST(a_circle_without_time_is_an_error) {
    Tensor *p = SCALAR("p", ROLE_OUTPUT), *q = SCALAR("q", ROLE_VALUE);
    DEFINE(p, NULL, Exp(Read(q, NULL, 0)));
    DEFINE(q, NULL, Exp(Read(p, NULL, 0)));
    PUSH(program->results, p);
    expect_error("`p` depends on itself: p -> q -> p");
}
END_TEST

/* Both directions at once: no order of time will do. */
START_TEST(a_scan_has_one_direction) {
    const Index *t = index_of("t", TIMES);
    Tensor *s = TENSOR("s", ROLE_OUTPUT, TIMES);
    DEFINE(s, INDICES(t), Add(AT_ELSE(s, Num(0), Sub(At(t), Int(1))), AT_ELSE(s, Num(0), Add(At(t), Int(1)))));
    PUSH(program->results, s);
    expect_error("`s` depends on itself: s -> s");
}
END_TEST

/* --- text --- */

START_TEST(the_batch_is_not_written) {
    const Index *n = index_of("n", ANY), *m = index_of("m", ANY), *o = index_of("o", 3), *i = index_of("i", 5);
    Tensor *in = TENSOR("x", ROLE_INPUT, ANY, 5), *w = TENSOR("w", ROLE_PARAM, 3, 5), *y = TENSOR("y", ROLE_VALUE, ANY, 3);
    Tensor *g = TENSOR("d_w", ROLE_GRAD, 3, 5), *like = TENSOR("like", ROLE_VALUE, ANY), *mean = SCALAR("mean", ROLE_LOSS);
    expect_text(REDUCED(y, INDICES(n, o), REDUCE_SUM, Mul(AT(w, At(o), At(i)), AT(in, At(n), At(i))), i),
                "y[o] = sum(i) w[o, i]*x[i]");
    expect_text(REDUCED(g, INDICES(o, i), REDUCE_SUM, Mul(AT(y, At(n), At(o)), AT(in, At(n), At(i))), n),
                "d_w[o, i] = sum(batch) y[o]*x[i]");
    expect_text(REDUCED(like, INDICES(n), REDUCE_SUM, Mul(AT(in, At(n), At(i)), AT(in, At(m), At(i))), m, i),
                "like = sum(m, i) x[i]*samples(x)[m, i]");
    expect_text(REDUCED(mean, NULL, REDUCE_SUM, Div(AT(like, At(n)), Read(batch, NULL, 0)), n), "mean = sum(batch) like/batch");
}
END_TEST

START_TEST(ranges_are_written_where_they_are_not_plain) {
    const Index *i = index_of("i", 8), *j = index_of("j", 3), *one = index_of("one", 1);
    Tensor *v = TENSOR("v", ROLE_PARAM, 8), *w = TENSOR("w", ROLE_PARAM, 10), *s = TENSOR("s", ROLE_VALUE, 8);
    Tensor *z = TENSOR("z", ROLE_VALUE, 1);
    const Expr *near = AT_ELSE(v, Num(0), Sub(Add(At(i), At(j)), Int(1)));
    expect_text(REDUCED(s, INDICES(i), REDUCE_SUM, near, j), "s[i < 8] = sum(j < 3) v[i + j - 1 else 0]");
    expect_text(DEFINE(s, INDICES(i), AT(w, At(i))), "s[i < 8] = w[i]");
    expect_text(DEFINE(s, INDICES(i), AT(v, At(i))), "s[i] = v[i]");
    expect_text(DEFINE(z, INDICES(one), AT(v, At(one))), "z[one < 1] = v[0]");
    expect_text(DEFINE(s, INDICES(i), Num(0)), "s[i < 8] = 0.0");
    expect_text(DEFINE(s, INDICES(i), ToReal(Sub(At(i), Int(2)))), "s[i < 8] = (i - 2)*1.0");
}
END_TEST

START_TEST(operators_keep_their_precedence) {
    const Index *i = index_of("v", 8);
    Tensor *v = TENSOR("v", ROLE_PARAM, 8), *s = TENSOR("s", ROLE_VALUE, 8);
    const Expr *p = AT(v, At(i)), *q = AT(v, Sub(Int(7), At(i)));
    struct { const Expr *body; const char *text; } cases[] = {
        { Sub(p, Sub(p, q)), "v[v2] - (v[v2] - v[7 - v2])" },
        { Sub(Mul(p, Num(-3)), Num(2)), "v[v2]*(-3) - 2" },
        { Add(p, Num(-2.5)), "v[v2] - 2.5" },
        { Div(p, Mul(p, q)), "v[v2]/(v[v2]*v[7 - v2])" },
        { Neg(Mul(p, q)), "-v[v2]*v[7 - v2]" },
        { Exp(Neg(p)), "exp(-v[v2])" },
        { Pow(Neg(p), Num(-0.1)), "(-v[v2])^(-0.1)" },
        { Where(Or(And(Lt(p, q), Gt(At(i), Int(2))), Not(Lt(q, Num(0.1)))), p, Num(INFINITY)),
          "where(v[v2] < v[7 - v2] and v2 >= 3 or not v[7 - v2] < 0.1, v[v2], inf)" },
        { ToReal(Eq(Lt(p, q), Gt(p, q))), "((v[v2] < v[7 - v2]) == (v[v2] > v[7 - v2]))*1.0" },
    };
    for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
        expect_text(DEFINE(s, INDICES(i), cases[n].body), text("s[v2] = %s", cases[n].text));
    }
}
END_TEST

START_TEST(numbers_read_back_equal) {
    double cases[] = { 0.1, 1.0 / 3, 1e-300, 123456789, 1e22, 5e-324, 2.5, 1.1283791670955126 };
    for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
        Writer w = { 0 };
        expr_print(&w, Num(cases[n]));
        ck_assert_double_eq(strtod(w.text, NULL), cases[n]);
    }
    Writer w = { 0 };
    expr_print(&w, Num(0.1));
    ck_assert_str_eq(w.text, "0.1");
}
END_TEST

START_TEST(a_program_prints_as_a_model) {
    const Index *n = index_of("n", ANY), *o = index_of("o", 3), *i = index_of("i", 5);
    Tensor *in = TENSOR("x", ROLE_INPUT, ANY, 5), *w = TENSOR("w", ROLE_PARAM, 3, 5), *y = TENSOR("y", ROLE_VALUE, ANY, 3);
    Tensor *label = tensor_of("label", ROLE_TARGET, INT, 1, (int64_t[]){ ANY }), *g = TENSOR("d_w", ROLE_GRAD, 3, 5);
    Tensor *seen = SCALAR("seen", ROLE_STATE), *next = SCALAR("seen_next", ROLE_NEXT), *loss = SCALAR("l", ROLE_LOSS);
    label->lo = 0, label->hi = 2;
    next->of = seen;
    REDUCED(y, INDICES(n, o), REDUCE_SUM, Mul(AT(w, At(o), At(i)), AT(in, At(n), At(i))), i);
    REDUCED(loss, NULL, REDUCE_SUM, Div(AT(y, At(n), AT(label, At(n))), Read(batch, NULL, 0)), n);
    REDUCED(g, INDICES(o, i), REDUCE_SUM, Where(Eq(At(o), AT(label, At(n))), AT(in, At(n), At(i)), Num(0)), n);
    DEFINE(next, NULL, Add(Read(seen, NULL, 0), Num(1)));
    PUSH(program->results, loss);
    PUSH(program->results, g);
    ck_assert(program_order(program) && program_check(program, "order"));
    Model model = { .name = "m", .batch = BATCH, .count = batch };
    PUSH(model.inputs, in);
    PUSH(model.inputs, label);
    Writer text_of = { 0 };
    model_print(&text_of, &model, program, "m_gradients");
    ck_assert_str_eq(text_of.text,
        "model m_gradients {\n"
        "    input x[5]\n"
        "    target label : class[3]\n"
        "    param w[3, 5] = 0\n"
        "    state seen = 0\n"
        "    y[o] = sum(i) w[o, i]*x[i]\n"
        "    d_w[o < 3, i] = sum(batch) where(o == label, x[i], 0)\n"
        "    seen' = seen + 1\n"
        "    loss sum(batch) y[label]/batch\n"
        "    watch d_w\n"
        "    train batch=4\n"
        "}\n");
}
END_TEST

/* --- invariants --- */

static bool check_fails(void) {
    fflush(stderr);
    FILE *kept = stderr;
    stderr = fopen("/dev/null", "w");
    bool failed = !program_check(program, "a test");
    fclose(stderr);
    stderr = kept;
    return failed;
}

START_TEST(broken_invariants_are_found) {
    const Index *i = index_of("i", 5), *j = index_of("j", 6);
    Tensor *v = TENSOR("v", ROLE_PARAM, 5), *s = TENSOR("s", ROLE_VALUE, 5), *r = TENSOR("r", ROLE_VALUE, 5);
    DEFINE(s, INDICES(i), AT(v, Add(At(i), Int(1))));
    ck_assert(check_fails());                                   /* E4: leaves v */
    program->equations.at[0]->body = AT(v, At(j));
    ck_assert(check_fails());                                   /* j is bound nowhere */
    program->equations.at[0]->body = AT(r, At(i));
    DEFINE(r, INDICES(i), AT(v, At(i)));
    ck_assert(check_fails());                                   /* E7: r stands after s */
    program->equations.at[0]->body = AT(v, At(i));
    ck_assert(!check_fails());
    DEFINE(r, INDICES(i), AT(v, At(i)));
    ck_assert(check_fails());                                   /* E1: r twice */
    program->equations.n = 1;
    program->equations.at[0]->free[0] = j;
    ck_assert(check_fails());                                   /* E3: j has another extent */
}
END_TEST

/* --- the evaluator --- */

START_TEST(a_convolution_agrees_with_loops) {
    enum { SIZE = 6, TAPS = 3, CHANNELS = 2, OUT = 2, STEPS = 3 };
    const Index *o = index_of("o", OUT), *i = index_of("i", STEPS), *q = index_of("c", CHANNELS), *t = index_of("u", TAPS);
    Tensor *in = TENSOR("x", ROLE_PARAM, CHANNELS, SIZE), *w = TENSOR("w", ROLE_PARAM, OUT, CHANNELS, TAPS);
    Tensor *y = TENSOR("y", ROLE_OUTPUT, OUT, STEPS);
    const Expr *place = Sub(Add(Mul(Int(2), At(i)), At(t)), Int(1));
    REDUCED(y, INDICES(o, i), REDUCE_SUM, Mul(AT(w, At(o), At(q), At(t)), AT_ELSE(in, Num(0.5), At(q), place)), q, t);
    Evaluation *e = evaluation_new(program, 1, 0);
    double *image = evaluation_array(e, in), *weight = evaluation_array(e, w), *result = evaluation_array(e, y);
    fill(image, CHANNELS * SIZE, 0);
    fill(weight, OUT * CHANNELS * TAPS, 50);
    evaluation_run(e);
    for (int a1 = 0; a1 < OUT; a1++)
        for (int a2 = 0; a2 < STEPS; a2++) {
            double sum = 0;
            for (int b1 = 0; b1 < CHANNELS; b1++)
                for (int b2 = 0; b2 < TAPS; b2++) {
                    int p = 2 * a2 + b2 - 1;
                    sum += weight[(a1 * CHANNELS + b1) * TAPS + b2] * (p < 0 || p >= SIZE ? 0.5 : image[b1 * SIZE + p]);
                }
            ck_assert_double_eq(result[a1 * STEPS + a2], sum);
        }
}
END_TEST

START_TEST(a_softmax_agrees_with_loops) {
    enum { CLASSES = 4 };
    const Index *n = index_of("n", ANY), *j = index_of("j", CLASSES), *k = index_of("k", CLASSES);
    Tensor *z = TENSOR("z", ROLE_INPUT, ANY, CLASSES), *y = TENSOR("y", ROLE_OUTPUT, ANY, CLASSES);
    Tensor *m = TENSOR("m", ROLE_VALUE, ANY), *s = TENSOR("s", ROLE_VALUE, ANY);
    REDUCED(m, INDICES(n), REDUCE_MAX, AT(z, At(n), At(k)), k);
    REDUCED(s, INDICES(n), REDUCE_SUM, Exp(Sub(AT(z, At(n), At(k)), AT(m, At(n)))), k);
    DEFINE(y, INDICES(n, j), Div(Exp(Sub(AT(z, At(n), At(j)), AT(m, At(n)))), AT(s, At(n))));
    Evaluation *e = evaluation_new(program, 1, 0);
    fill(evaluation_array(e, z), BATCH * CLASSES, 7);           /* no count was set: the whole batch */
    evaluation_run(e);
    for (int a1 = 0; a1 < BATCH; a1++) {
        double sum = 0;
        for (int a2 = 0; a2 < CLASSES; a2++) sum += exp(number(7 + a1 * CLASSES + a2));
        for (int a2 = 0; a2 < CLASSES; a2++)
            ck_assert_double_eq_tol(evaluation_array(e, y)[a1 * CLASSES + a2], exp(number(7 + a1 * CLASSES + a2)) / sum, 1e-15);
    }
}
END_TEST

START_TEST(the_first_winner_and_nan_win) {
    const Index *i = index_of("i", 2), *j = index_of("j", 3);
    Tensor *v = TENSOR("v", ROLE_PARAM, 2, 3), *m = SCALAR("m", ROLE_OUTPUT);
    Tensor *where = tensor_of("at", ROLE_OUTPUT, INT, 0, NULL);
    Tensor *least = tensor_of("least", ROLE_OUTPUT, INT, 0, NULL);
    REDUCED(m, NULL, REDUCE_MAX, AT(v, At(i), At(j)), i, j);
    REDUCED(where, NULL, REDUCE_ARGMAX, AT(v, At(i), At(j)), i, j);
    REDUCED(least, NULL, REDUCE_ARGMIN, AT(v, At(i), At(j)), i, j);
    double low = -INFINITY, cases[][6] = { { 1, 5, 2, 5, 0, 0 }, { 1, 5, NAN, 7, NAN, 0 }, { low, low, low, low, low, low } };
    int winner[] = { 1, 2, 0 }, lowest[] = { 4, 2, 0 };
    for (int n = 0; n < 3; n++) {
        Evaluation *e = evaluation_new(program, 1, 0);
        memcpy(evaluation_array(e, v), cases[n], sizeof cases[n]);
        evaluation_run(e);
        ck_assert_int_eq((int)evaluation_array(e, where)[0], winner[n]);
        ck_assert_int_eq((int)evaluation_array(e, least)[0], lowest[n]);
        ck_assert(n == 1 ? isnan(evaluation_array(e, m)[0]) : evaluation_array(e, m)[0] == cases[n][winner[n]]);
    }
}
END_TEST

START_TEST(draws_follow_their_counters) {
    Site site = { "net.drop", nn_site("net.drop") };
    const Index *n = index_of("n", ANY), *i = index_of("i", 3);
    Tensor *r = TENSOR("r", ROLE_OUTPUT, ANY, 3);
    const Expr *counter = Add(Mul(Int(3), At(n)), At(i));
    DEFINE(r, INDICES(n, i), Random(&site, &counter, 1));
    Evaluation *e = evaluation_new(program, 42, 7);
    evaluation_run(e);
    for (int k = 0; k < 3 * BATCH; k++) {
        double wanted = nn_uniform(nn_key(42, 7, site.key), (uint64_t)k);
        ck_assert_double_eq(evaluation_array(e, r)[k], wanted);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("program");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, start, finish);
    tcase_add_test(all, definitions_are_found_while_the_list_changes);
    tcase_add_test(all, equations_stand_after_what_they_read);
    tcase_add_test(all, an_order_that_is_right_stays);
    tcase_add_test(all, a_recurrence_is_a_scan);
    tcase_add_test(all, a_scan_may_run_down);
    tcase_add_test(all, a_scan_may_read_all_before);
    tcase_add_test(all, a_circle_at_the_same_time_is_an_error);
    tcase_add_test(all, a_circle_without_time_is_an_error);
    tcase_add_test(all, a_scan_has_one_direction);
    tcase_add_test(all, the_batch_is_not_written);
    tcase_add_test(all, ranges_are_written_where_they_are_not_plain);
    tcase_add_test(all, operators_keep_their_precedence);
    tcase_add_test(all, numbers_read_back_equal);
    tcase_add_test(all, a_program_prints_as_a_model);
    tcase_add_test(all, broken_invariants_are_found);
    tcase_add_test(all, a_convolution_agrees_with_loops);
    tcase_add_test(all, a_softmax_agrees_with_loops);
    tcase_add_test(all, the_first_winner_and_nan_win);
    tcase_add_test(all, draws_follow_their_counters);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
