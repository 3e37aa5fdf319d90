/* Elaboration: small models, and what their programs compute against loops written by hand.
 *
 * A model is elaborated with the library, and its programs run in the reference evaluator. What is given (inputs and
 * parameters) has values that depend on its name and place alone, so that a loop can ask for them:
 *
 *     predicts("model m { input x[5]; output y;  y[i] = 2*x[i] }");
 *     AGREES(5, 2 * X(i));                         every sample s, every element i
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../../compiler/elaborate/elaborate.h"
#include "../../compiler/language/files.h"

enum { SAMPLES = 3, BATCH = 4, STEP = 5 };

static Model *model;
static Evaluation *run;

/* --- what is given --- */

static double real_at(const char *name, int64_t place) {
    uint64_t h = 1469598103934665603u;
    for (const char *c = name; *c; c++) h = (h ^ (unsigned char)*c) * 1099511628211u;
    h = (h + (uint64_t)place) * 6364136223846793005u;
    h = (h ^ h >> 29) * 6364136223846793005u;
    return (double)(h >> 11) * 0x1p-52 - 1;
}
static int class_at(const char *name, int64_t place, int classes) { return (int)floor((real_at(name, place) + 1) / 2 * classes); }

#define X(i) real_at("x", s * x_size + (i))
#define Z(i) real_at("z", s * z_size + (i))
#define W(i) real_at("w", i)
static int64_t x_size, z_size;          /* elements of a sample */

static int64_t size_of(const Tensor *t) {
    int64_t n = 1;
    for (int k = 0; k < t->rank; k++) n *= t->dim[k].extent;
    return n;
}

static void give(const Tensor *t, const Tensor *changed, int64_t place, double by) {
    double *v = evaluation_array(run, t);
    for (int64_t i = 0; i < size_of(t); i++) {
        if (t->role == ROLE_SCALAR) v[i] = t == model->count ? SAMPLES : STEP;
        else if (t->role == ROLE_TOTAL) v[i] = t->initial;
        else if (t->role == ROLE_HYPER) v[i] = t->initial;
        else if (t->type == INT) v[i] = class_at(t->name, i, (int)(t->hi + 1));
        else v[i] = real_at(t->name, i) + (t == changed && i == place ? by : 0);
    }
}

/* Runs a program; one element of a given tensor may be moved a little. */
static void run_moved(const Program *p, const Tensor *changed, int64_t place, double by) {
    ck_assert_ptr_nonnull(p);
    run = evaluation_new(p, 7, STEP);
    give(model->count, NULL, 0, 0);
    for (int k = 0; k < p->equations.n; k++) {
        Exprs reads = reads_of(p->equations.at[k]->body);
        for (int r = 0; r < reads.n; r++) if (!equation_of(p, reads.at[r]->tensor)) give(reads.at[r]->tensor, changed, place, by);
    }
    evaluation_run(run);
}

static void run_program(const Program *p) { run_moved(p, NULL, 0, 0); }

/* --- models --- */

static Model *elaborated(const char *text) {
    memory_release();
    diagnostics_reset();
    expr_start();
    Files files = { 0 };
    files_load_library(&files);
    PUSH(files.trees, parse(source_of_text("test.nn", text, strlen(text), false)));
    model = elaborate(files.trees.at, files.trees.n, NULL, NULL, 0);
    return model;
}

static void compiles(const char *text) {
    if (!elaborated(text)) diagnostics_print(stderr);
    ck_assert_msg(model != NULL, "refused: %s", text);
    x_size = z_size = 0;
    for (int k = 0; k < model->inputs.n; k++) {
        const Tensor *t = model->inputs.at[k];
        if (!strcmp(t->name, "x")) x_size = size_of(t) / t->dim[0].extent;
        if (!strcmp(t->name, "z")) z_size = size_of(t) / t->dim[0].extent;
    }
    const Program *programs[] = { model->init, model->gradients, model->update, model->evaluate, model->metrics_program, model->predict, model->predict_one };
    for (size_t k = 0; k < sizeof programs / sizeof *programs; k++) if (programs[k]) ck_assert(program_check(programs[k], "elaborate"));
}

static void predicts(const char *text) {
    compiles(text);
    run_program(model->predict);
}

#define TRAIN "; train batch=4 }"

static void agree(double is, double wanted, int s, int i, int line) {
    bool same = isnan(wanted) ? isnan(is) : isinf(wanted) ? is == wanted : fabs(is - wanted) <= 1e-10 * (1 + fabs(wanted));
    ck_assert_msg(same, "line %d, sample %d, element %d: %.12g, by hand %.12g", line, s, i, is, wanted);
}

/* Output k has `size` elements a sample. */
#define AGREES_AT(k, size, wanted) do { \
        const Tensor *out_ = model->outputs.at[k]; \
        ck_assert_int_eq(size_of(out_), (out_->rank && out_->dim[0].count ? BATCH : 1) * (size)); \
        for (int s = 0; s < (out_->rank && out_->dim[0].count ? SAMPLES : 1); s++) \
            for (int i = 0; i < (size); i++) agree(evaluation_array(run, out_)[s * (size) + i], (wanted), s, i, __LINE__); \
    } while (0)
#define AGREES(size, wanted) AGREES_AT(0, size, wanted)

#define SUM(i, n, term) ({ double sum_##i = 0; for (int i = 0; i < (n); i++) sum_##i += (term); sum_##i; })

/* --- indices, ranges, subscripts --- */

START_TEST(elements) {
    predicts("model m { input x[5]; y[i] = 2*x[i] + i; output y" TRAIN);
    AGREES(5, 2 * X(i) + i);
    predicts("model m { input x[5]; y[i < 3] = x[i+2] - x[4-i]; output y" TRAIN);
    AGREES(3, X(i + 2) - X(4 - i));
    predicts("model m { input x[2, 3]; y[j, i] = x[i, j]; output y" TRAIN);
    AGREES(6, X(i % 2 * 3 + i / 2));
    predicts("model m { input x[5]; output exp(x) - 1" TRAIN);
    AGREES(5, exp(X(i)) - 1);
    predicts("model m { input x[8]; y[i <= 3] = x[2*i+1]; output y" TRAIN);
    AGREES(4, X(2 * i + 1));
    predicts("model m { input x[4]; y[i, j < 3] = x[i]*j; output y" TRAIN);
    AGREES(12, X(i / 3) * (i % 3));
} END_TEST

START_TEST(groups) {
    predicts("model m { input x[12]; y[i, j < 4] = x[(i, j)]; output y" TRAIN);
    AGREES(12, X(i));
    predicts("model m { input x[3, 4]; y[(j, i)] = x[i, j]; output y" TRAIN);
    AGREES(12, X(i % 3 * 4 + i / 3));
    predicts("model m { input x[6, 2]; y[(c, g < 3), ..] = x[(g, c), ..]; output y" TRAIN);
    AGREES(12, X((i / 2 % 3 * 2 + i / 2 / 3) * 2 + i % 2));
    predicts("model m { input x[2, 3, 2]; output flatten(x)" TRAIN);
    AGREES(12, X(i));
    predicts("model m { input x[4, 2, 3]; output pixel_shuffle(x, 2)" TRAIN);
    AGREES(24, ({ int row = i / 6, col = i % 6; X(((row % 2 * 2 + col % 2) * 2 + row / 2) * 3 + col / 2); }));
} END_TEST

START_TEST(packs_and_holes) {
    predicts("model m { input x[2, 3, 2]; y[.., c] = x[c, ..]; output y" TRAIN);
    AGREES(12, X(i % 2 * 6 + i / 2));
    predicts("model m { input x[3, 4]; y[t, _] = softmax(x[t, _]); output y" TRAIN);
    AGREES(12, exp(X(i)) / SUM(k, 4, exp(X(i / 4 * 4 + k))));
    predicts("model m { input x[3, 4]; y[_, t] = softmax(x[_, t]); output y" TRAIN);
    AGREES(12, exp(X(i)) / SUM(k, 3, exp(X(k * 4 + i % 4))));
    predicts("model m { input x[2, 3, 2]; y[c] = sum(..) x[c, ..]; output y" TRAIN);
    AGREES(2, SUM(k, 6, X(i * 6 + k)));
} END_TEST

START_TEST(reads_with_else) {
    predicts("model m { input x[5]; y[i < 5] = x[i-1 else 7]; output y" TRAIN);
    AGREES(5, i ? X(i - 1) : 7);
    predicts("model m { input x[3]; input z[4]; output concat(x, z)" TRAIN);
    AGREES(7, i < 3 ? X(i) : Z(i - 3));
    predicts("model m { input x[2, 3]; output pad2d(class_first(y), 1, value=9);  y[i, j, c < 1] = x[i, j]" TRAIN);
    AGREES(20, ({ int r = i / 5 - 1, c = i % 5 - 1; r < 0 || r > 1 || c < 0 || c > 2 ? 9 : X(r * 3 + c); }));
    predicts("model m { input x[5]; y[i < 5] = x[i+1 else x[i-4 else -1]]; output y" TRAIN);
    AGREES(5, i < 4 ? X(i + 1) : X(0));
    predicts("model m { input x[3, 2]; y[i < 4, _] = x[i-1, _ else 0]; output y" TRAIN);
    AGREES(8, i < 2 ? 0 : X(i - 2));
    predicts("model m { input x[1]; y[i < 3] = x[i-1 else 7]; output y" TRAIN);      /* an axis of one cell */
    AGREES(3, i == 1 ? X(0) : 7);
} END_TEST

START_TEST(index_functions) {
    predicts("model m { input x[4]; y[i < 8] = x[reflect(i-2, 4)]; output y" TRAIN);
    AGREES(8, ({ int k = i - 2; k = k < 0 ? -k : k; k = 3 - abs(3 - k); X(k); }));
    predicts("model m { input x[4]; y[i < 9] = x[circular(i-2, 4)]; output y" TRAIN);
    AGREES(9, X((i + 2) % 4));
    predicts("model m { input x[4]; y[i < 9] = x[replicate(i-2, 4)]; output y" TRAIN);
    AGREES(9, X(i < 2 ? 0 : i > 5 ? 3 : i - 2));
} END_TEST

START_TEST(windows) {
    predicts("model m { input x[6]; y[i < 4] = sum(u < 3) (u+1)*x[i+u]; output y" TRAIN);
    AGREES(4, SUM(u, 3, (u + 1) * X(i + u)));
    predicts("model m { input x[1, 4, 4]; output maxpool2d(x, 2)" TRAIN);
    AGREES(4, ({ int at = i / 2 * 8 + i % 2 * 2; fmax(fmax(X(at), X(at + 1)), fmax(X(at + 4), X(at + 5))); }));
    predicts("model m { input x[1, 5, 5]; param w[2, 1, 3, 3] = 0; output correlate2d(x, w, stride=2, pad=1)" TRAIN);
    AGREES(18, SUM(u, 3, SUM(v, 3, ({ int r = i % 9 / 3 * 2 + u - 1, c = i % 3 * 2 + v - 1;
        r < 0 || r > 4 || c < 0 || c > 4 ? 0 : W(i / 9 * 9 + u * 3 + v) * X(r * 5 + c); }))));
    predicts("model m { input x[1, 5, 3]; output adaptive_avgpool2d(x, 2, 3)" TRAIN);
    AGREES(6, SUM(h, 3, X((i / 3 * 2 + h) * 3 + i % 3)) / 3);
} END_TEST

START_TEST(gathers) {
    predicts("model m { input t[4] : class[6]; param w[6, 2] = 0; y[i, d] = w[t[i], d]; output y" TRAIN);
    AGREES(8, W(class_at("t", s * 4 + i / 2, 6) * 2 + i % 2));
    predicts("model m { input x[5]; input t : class[7]; output y; y = x[t else -1]" TRAIN);
    AGREES(1, class_at("t", s, 7) < 5 ? X(class_at("t", s, 7)) : -1);
} END_TEST

START_TEST(scatters) {
    predicts("fn put(x[N]) -> y[N] { y[2*i-3 else drop] += x[i] }\nmodel m { input x[5]; output put(x)" TRAIN);
    AGREES(5, (i + 3) % 2 == 0 ? X((i + 3) / 2) : 0);
    predicts("fn count(t[N], K) -> y[K] { y[t[i] else drop] += 1 }\nmodel m { input t[6] : class[5]; output count(t, 4)" TRAIN);
    AGREES(4, SUM(k, 6, class_at("t", s * 6 + k, 5) == i));
    predicts("fn put(x[N], z[N]) -> y[2, N] { y[i, N-1-j] += x[j]*(i+1) }\nmodel m { input x[4]; output put(x, x)" TRAIN);
    AGREES(8, X(3 - i % 4) * (i / 4 + 1));
    predicts("model m { input x[4, 3]; output fold(unfold(y, 2), 4, 3, 2);  y[c < 1, i, j] = x[i, j]" TRAIN);
    AGREES(12, X(i) * (i / 3 == 0 || i / 3 == 3 ? 1 : 2) * (i % 3 == 0 || i % 3 == 2 ? 1 : 2));
} END_TEST

START_TEST(reductions) {
    predicts("model m { input x[2, 3]; y[i] = argmax(j) x[i, j]; output y" TRAIN);
    AGREES(2, ({ int best = 0; for (int k = 1; k < 3; k++) if (X(i * 3 + k) > X(i * 3 + best)) best = k; best; }));
    predicts("model m { input x[4]; output prod(x)" TRAIN);
    AGREES_AT(0, 1, X(0) * X(1) * X(2) * X(3));
    predicts("model m { input x[4]; output mean(x)" TRAIN);
    AGREES(1, SUM(k, 4, X(k)) / 4);
    predicts("model m { input x[4]; output sum(x > 0)" TRAIN);
    AGREES(1, SUM(k, 4, X(k) > 0));
    predicts("model m { input x[5]; y[i < 5] = mean(k <= i) x[k]; output y" TRAIN);
    AGREES(5, SUM(k, i + 1, X(k)) / (i + 1));
    predicts("model m { input x[6]; y[i < 3] = sum(i <= k < 2*i+2) x[k]; output y" TRAIN);
    AGREES(3, SUM(k, i + 2, X(i + k)));
    predicts("model m { input x[6]; y[i < 3] = max(i <= k <= i+1) x[k]; output y" TRAIN);
    AGREES(3, fmax(X(i), X(i + 1)));
    predicts("model m { input x[3]; y = sum(i) x[i] * sum(j) x[j]^2; output y" TRAIN);
    AGREES(1, SUM(k, 3, X(k)) * SUM(k, 3, X(k) * X(k)));
} END_TEST

START_TEST(comparisons_chain) {
    predicts("model m { input x[5]; y[i] = where(-0.5 < x[i] <= 0.5 < 1, 1, i); output y" TRAIN);
    AGREES(5, X(i) > -0.5 && X(i) <= 0.5 ? 1 : i);
    predicts("model m { input x[5]; y[i] = where(0 < i < 4, x[i], 0); output y" TRAIN);
    AGREES(5, 0 < i && i < 4 ? X(i) : 0);
} END_TEST

START_TEST(where_on_constants) {
    predicts("fn pick(x[N], up=true) = where(up, x + N, missing_name(x))\nfn other(x[N]) = where(N == 3, 2*x, x)\nmodel m { input x[3]; output other(x)" TRAIN);
    AGREES(3, 2 * X(i));
    predicts("fn f(x, bias=true) -> y { param b = 1; y = where(bias, x + b, x) }\nmodel m { input x[3]; output f(x, bias=false)" TRAIN);
    AGREES(3, X(i));
    ck_assert_int_eq(model->params.n, 0);
} END_TEST

START_TEST(integers) {
    predicts("model m { input x[4]; y[i < 8] = x[i//2]; output y" TRAIN);
    AGREES(8, X(i / 2));
    predicts("model m { input x[4]; y[i < 8] = x[i % 4] + (i-5)//2 + (i-5) % 3; output y" TRAIN);
    AGREES(8, X(i % 4) + floor((i - 5) / 2.0) + ((i - 5) % 3 + 3) % 3);
    predicts("model m { input x[4]; y[i] = floor(2*x[i]) + round(x[i]) + ceil(x[i]); output y" TRAIN);
    AGREES(4, floor(2 * X(i)) + rint(X(i)) + ceil(X(i)));
} END_TEST

/* --- calls --- */

START_TEST(arguments) {
    predicts("fn f(x, a, b=a+1, c=2*b) = x*a + b*c\nmodel m { input x[3]; output x |> f(2, c=5)" TRAIN);
    AGREES(3, X(i) * 2 + 3 * 5);
    predicts("fn f(x[N], n=N) = x*n\nmodel m { input x[3]; output f(n=4, x=x)" TRAIN);
    AGREES(3, X(i) * 4);
    predicts("fn twice(f, x) = f(f(x))\nfn more(x, by) = x + by\nmodel m { input x[3]; output twice(more(_, 3), x)" TRAIN);
    AGREES(3, X(i) + 6);
    predicts("fn map(x, f=relu) = f(x)\nmodel m { input x[3]; output map(x) - map(x, tanh)" TRAIN);
    AGREES(3, fmax(0, X(i)) - tanh(X(i)));
    predicts("fn f(x, y) = x - 2*y\nmodel m { input x[3]; input z[3]; g = f(_, z); output g(x)" TRAIN);
    AGREES(3, X(i) - 2 * Z(i));
} END_TEST

/* How many equations of a program have a tensor that is called so, or all of them. */
static int equations_named(const Program *p, const char *name) {
    int n = 0;
    for (int k = 0; k < p->equations.n; k++) n += !name || !strcmp(p->equations.at[k]->out->name, name);
    return n;
}

START_TEST(arguments_computed_once) {
    static const char *const with_name[2] = {
        "fn step(x) = relu(tanh(linear(x, 3)) + x)\n"
            "model m { input x[3]; y = x |> linear(3) |> relu |> repeat(3) step; loss sum(y^2); output y" TRAIN,
        "fn step(x) -> y { y = relu(tanh(linear(x, 3)) + x) }\n"
            "model m { input x[3]; y = x |> linear(3) |> relu |> repeat(3) step; loss sum(y^2); output y" TRAIN };
    int equations[2];
    for (int named = 0; named < 2; named++) {                   /* no worse than with a name for the result */
        compiles(with_name[named]);
        equations[named] = equations_named(model->gradients, NULL);
        ck_assert_int_eq(equations_named(model->predict, "relu"), 1);
        ck_assert_int_eq(equations_named(model->predict, "step"), 1);
        ck_assert_int_eq(equations_named(model->predict, "step_2"), 1);
    }
    ck_assert_int_eq(equations[0], equations[1]);
    predicts("fn f(x) = x + tanh(x)\nmodel m { input x[3]; output x |> exp |> repeat(2) f" TRAIN);
    ck_assert_int_eq(equations_named(model->predict, "exp"), 1);
    AGREES(3, ({ double a = exp(X(i)), b = a + tanh(a); b + tanh(b); }));
    predicts("fn f(x, again) = where(again, x*tanh(x), tanh(x))\nmodel m { input x[3]; u = f(x + x^2, false); output f(exp(x) + x, true) + u" TRAIN);
    ck_assert_int_eq(equations_named(model->predict, "f_x"), 1);
    AGREES(3, ({ double a = exp(X(i)) + X(i); a * tanh(a) + tanh(X(i) + X(i) * X(i)); }));
    predicts("fn f(x) = x*tanh(x)\nmodel m { input x[3], z; a = f(2*x); b = f(x + z); output a; output b" TRAIN);
    ck_assert_int_eq(equations_named(model->predict, "f_x"), 0);        /* 2*x costs as much as a read */
    ck_assert_int_eq(equations_named(model->predict, "f_2_x"), 1);
    predicts("model m { input x[4, 3]; h[t, _] = res(x[t, _]^2, h[t-1, _ else 0]); output h" TRAIN "\nfn res(x, h) = twice(tanh(x + h)) + h\nfn twice(x) = x + x^2");
    AGREES(12, ({ double h = 0; for (int t = 0; t <= i / 3; t++) { double x = X(t * 3 + i % 3), c = tanh(x * x + h); h += c + c * c; } h; }));
} END_TEST

START_TEST(several_results) {
    predicts("fn parts(x[C], n) -> a[n], b[C-n] { a[i < n] = x[i]; b[i < C-n] = x[i+n] }\nmodel m { input x[5]; a, b = parts(x, 2); output concat(b, a)" TRAIN);
    AGREES(5, X((i + 2) % 5));
    compiles("model m { input x[4, 3]; y, last = rnn(x, 2); output last" TRAIN);
    ck_assert_int_eq(model->params.n, 4);
} END_TEST

static void has_param(const char *path, int64_t size) {
    for (int k = 0; k < model->params.n; k++) if (!strcmp(model->params.at[k]->path, path)) {
        ck_assert_int_eq(size_of(model->params.at[k]), size);
        return;
    }
    ck_abort_msg("there is no parameter %s", path);
}

START_TEST(instances) {
    compiles("model m { input x[3]; f = linear(_, 3); output x |> f |> f |> linear(2) |> linear(2)" TRAIN);
    ck_assert_int_eq(model->params.n, 6);
    has_param("f.w", 9);
    has_param("linear.w", 6);
    has_param("linear_2.w", 4);
    compiles("model m { input x[3]; output x |> repeat(4) linear(3)" TRAIN);
    ck_assert_int_eq(model->params.n, 8);
    has_param("linear_4.b", 3);
    compiles("fn block(x[N], out) = relu(linear(x, out)) |> linear(N)\nmodel m { input x[3]; output x |> repeat(i < 3) block(i+1)" TRAIN);
    ck_assert_int_eq(model->params.n, 12);
    has_param("block_3.linear.w", 9);
    has_param("block.linear_2.w", 3);
    compiles("model m { input x[3]; f = linear(_, 3); output x |> repeat(4) f" TRAIN);
    ck_assert_int_eq(model->params.n, 2);
    predicts("fn plus(x, k) = x + k\nmodel m { input x[2, 3]; output x |> repeat(k < 3) plus(k)" TRAIN);
    AGREES(6, X(i) + 3);
} END_TEST

/* --- the batch, the data, the modes --- */

START_TEST(batch_reductions) {
    compiles("model m { input x[3]; m[i] = mean(batch) x[i]; loss sum(j) (x[j] - m[j])^2" TRAIN);
    run_program(model->gradients);
    double loss = 0;
    for (int s = 0; s < SAMPLES; s++) for (int i = 0; i < 3; i++) {
        double mean = 0;
        for (int r = 0; r < SAMPLES; r++) mean += real_at("x", r * 3 + i) / SAMPLES;
        loss += pow(X(i) - mean, 2) / SAMPLES;
    }
    agree(evaluation_array(run, model->loss)[0], loss, 0, 0, __LINE__);
    compiles("model m { input x[3]; loss sum(batch, i) x[i]" TRAIN);
    run_program(model->gradients);
    agree(evaluation_array(run, model->loss)[0], SUM(k, 9, real_at("x", k)), 0, 0, __LINE__);
} END_TEST

START_TEST(losses_add_up) {
    compiles("fn penalized(x) -> y { loss 0.1*sum(x^2); y = x }\nmodel m { input x[3]; loss sum(penalized(x)); loss 1" TRAIN);
    run_program(model->gradients);
    double loss = 1;
    for (int k = 0; k < 9; k++) loss += (real_at("x", k) + 0.1 * pow(real_at("x", k), 2)) / SAMPLES;
    agree(evaluation_array(run, model->loss)[0], loss, 0, 0, __LINE__);
} END_TEST

START_TEST(data_totals) {
    compiles("model m { input x[3]; output x; loss sum(x); metric mean(x)^2; metric top = max(data, i) x[i]; metric n = sqrt(mean(data) sum(x))" TRAIN);
    run_program(model->evaluate);
    ck_assert_int_eq(model->metrics.n, 3);
    double totals[16];
    ck_assert_int_le(model->totals.n, 16);
    for (int k = 0; k < model->totals.n; k++) {
        const Tensor *next = NULL;
        for (int q = 0; q < model->evaluate->equations.n; q++) if (model->evaluate->equations.at[q]->out->of == model->totals.at[k]) next = model->evaluate->equations.at[q]->out;
        ck_assert_ptr_nonnull(next);
        totals[k] = evaluation_array(run, next)[0];
    }
    run = evaluation_new(model->metrics_program, 7, STEP);
    for (int k = 0; k < model->totals.n; k++) evaluation_array(run, model->totals.at[k])[0] = totals[k];
    evaluation_run(run);
    double square = 0, top = -INFINITY, sums = 0;
    for (int s = 0; s < SAMPLES; s++) square += pow(SUM(k, 3, X(k)) / 3, 2) / SAMPLES, sums += SUM(k, 3, X(k)) / SAMPLES;
    for (int k = 0; k < 9; k++) top = fmax(top, real_at("x", k));
    agree(evaluation_array(run, model->metrics.at[0])[0], square, 0, 0, __LINE__);
    agree(evaluation_array(run, model->metrics.at[1])[0], top, 0, 1, __LINE__);
    agree(evaluation_array(run, model->metrics.at[2])[0], sqrt(sums), 0, 2, __LINE__);
} END_TEST

static const Tensor *next_of(const Program *p, const Tensor *t) {
    for (int k = 0; k < p->equations.n; k++) if (p->equations.at[k]->out->of == t && p->equations.at[k]->out->role == ROLE_NEXT) return p->equations.at[k]->out;
    ck_abort_msg("%s has no next value", t->path);
}

START_TEST(states) {
    compiles("model m { input x[3]; param w[3] = 1; state seen[3] = 0; seen' = seen + sum(batch) x; y[i] = w[i]*(x[i] + seen[i]); loss sum(y); output y" TRAIN);
    ck_assert_int_eq(model->states.n, 1);
    const Tensor *seen = model->states.at[0];
    run_program(model->gradients);
    const double *next = evaluation_array(run, next_of(model->gradients, seen));
    for (int i = 0; i < 3; i++) {
        double wanted = real_at("seen", i);
        for (int s = 0; s < SAMPLES; s++) wanted += X(i);
        agree(next[i], wanted, 0, i, __LINE__);
    }
    run_program(model->predict);
    AGREES(3, W(i) * (X(i) + real_at("seen", i)));
    run_program(model->init);
    agree(evaluation_array(run, next_of(model->init, seen))[0], 0, 0, 0, __LINE__);
    compiles("fn both(a, b) -> u, v { u = a + b; v = a*b }\n"         /* two next values from one use of a function */
             "model m { input x[3]; param w[3] = 1; state p = 1, q = 2; p', q' = both(p, q); y[i] = w[i]*x[i]*p*q; loss sum(y); output y" TRAIN);
    run_program(model->gradients);
    double p = real_at("p", 0), q = real_at("q", 0);
    agree(evaluation_array(run, next_of(model->gradients, model->states.at[0]))[0], p + q, 0, 0, __LINE__);
    agree(evaluation_array(run, next_of(model->gradients, model->states.at[1]))[0], p * q, 0, 1, __LINE__);
} END_TEST

START_TEST(training_and_evaluation) {
    compiles("model m { input x[3]; param w[3] = 1; y[i] = w[i]*x[i]; loss where(training, 2, 5)*sum(y); output where(training, y, -y)" TRAIN);
    run_program(model->gradients);
    double sum = SUM(s, SAMPLES, SUM(i, 3, W(i) * X(i))) / SAMPLES;
    agree(evaluation_array(run, model->loss)[0], 2 * sum, 0, 0, __LINE__);
    run_program(model->evaluate);
    const Tensor *loss = NULL;
    for (int k = 0; k < model->evaluate->results.n; k++) if (model->evaluate->results.at[k]->role == ROLE_LOSS) loss = model->evaluate->results.at[k];
    ck_assert_ptr_nonnull(loss);
    agree(evaluation_array(run, loss)[0], 5 * sum, 0, 0, __LINE__);
    run_program(model->predict);
    AGREES(3, -W(i) * X(i));
} END_TEST

/* The word before is the data's in training and evaluation, and the model's own where it predicts. */
START_TEST(predicting) {
    compiles("model m { input x[3]; target z : class[3]; param w[3] = 1; y[i] = x[i] + where(predicting, w[argmax(x)], w[z]); loss sum(y); output y" TRAIN);
    run_program(model->evaluate);
    const Tensor *loss = model->evaluate->results.at[0];
    double sum = SUM(s, SAMPLES, SUM(i, 3, X(i) + W(class_at("z", s, 3)))) / SAMPLES;
    agree(evaluation_array(run, loss)[0], sum, 0, 0, __LINE__);
    run_program(model->gradients);
    agree(evaluation_array(run, model->loss)[0], sum, 0, 0, __LINE__);
    run_program(model->predict);
#define BEST (X(0) >= X(1) ? X(0) >= X(2) ? 0 : 2 : X(1) >= X(2) ? 1 : 2)
    AGREES(3, X(i) + W(BEST));
#undef BEST
    compiles("model m { input x; param w = 1; y = where(predicting, w, 2*x); loss y; output y; output x" TRAIN);
    run_program(model->predict);
    AGREES_AT(0, 1, W(0));
    ck_assert_int_eq(model->predict_one->results.n, 2);
    compiles("model m { input x; param w = 1; loss w*x; metric where(predicting, 1, 2)*w; output where(predicting, w, 2*w)" TRAIN);   /* asked for in an output only */
    run_program(model->predict);
    AGREES(1, W(0));
    compiles("model m { input x; param w = 1, idle = 2; loss w*x; output where(predicting, w, idle)" TRAIN);
    ck_assert_int_eq(model->params.n, 1);
} END_TEST

START_TEST(recurrence_through_a_winner) {
    predicts("model m { input x[5, 4]; param w[5, 4] = 0; z[t, v] = x[t, v] + w[said[t-1 else 4], v]; said[t < 5] = argmax(v) z[t, v]; output z; output said" TRAIN);
    for (int s = 0; s < SAMPLES; s++) {
        int said = 4;
        for (int t = 0; t < 5; t++) {
            double z[4];
            int best = 0;
            for (int v = 0; v < 4; v++) {
                z[v] = X(4*t + v) + W(4*said + v);
                if (z[v] > z[best]) best = v;
                agree(evaluation_array(run, model->outputs.at[0])[(s*5 + t)*4 + v], z[v], s, v, __LINE__);
            }
            said = best;
            agree(evaluation_array(run, model->outputs.at[1])[s*5 + t], said, s, t, __LINE__);
        }
    }
    /* Whichever of them is asked for first, and through other recurrences and where. */
    compiles("model m { input x[5, 4]; param w[5, 4] = 0, u[4, 4] = 1; h[t, j] = tanh(x[t, j] + w[before[t], j] + sum(k) u[j, k]*h[t-1, k else 0]);"
             "before[t < 5] = where(t == 2, 1, said[t-1 else 4]); said[t < 5] = argmax(v) h[t, v]; output h; output said" TRAIN);
    compiles("model m { input x[5, 4]; param w[5, 4] = 0, u[4, 4] = 1; h[t, j] = tanh(x[t, j] + w[before[t], j] + sum(k) u[j, k]*h[t-1, k else 0]);"
             "before[t < 5] = where(t == 2, 1, said[t-1 else 4]); said[t < 5] = argmax(v) h[t, v]; output before" TRAIN);
} END_TEST

START_TEST(dropout_draws) {
    compiles("model m { input x[200]; param w[200] = 1; y[i] = w[i]; z = x + 10 |> dropout(0.25); loss sum(i) y[i]*z[i]; output z" TRAIN);
    run_program(model->gradients);
    const double *d = evaluation_array(run, model->grads.at[0]);
    int dropped = 0;                                            /* d w[i] is the mean of z over the samples */
    for (int i = 0; i < 200; i++) {
        int kept = 0;
        for (int set = 0; set < 1 << SAMPLES; set++) {
            double sum = 0;
            for (int s = 0; s < SAMPLES; s++) if (set >> s & 1) sum += (X(i) + 10) / 0.75 / SAMPLES;
            if (fabs(sum - d[i]) < 1e-9) { kept++; dropped += SAMPLES - __builtin_popcount((unsigned)set); break; }
        }
        ck_assert_msg(kept == 1, "gradient %d is no sum of samples that are kept whole", i);
    }
    ck_assert_msg(dropped > 100 && dropped < 200, "%d of 600 are dropped", dropped);
    run_program(model->predict);
    AGREES(200, X(i) + 10);
} END_TEST

START_TEST(draws_of_a_block) {
    compiles("model m { input x[2, 50]; param w = 1; y = channel_dropout(x + 5); loss w*sum(batch, c, i) where(y[c, i] == 0, 1, 0)" TRAIN);
    run_program(model->gradients);
    double zeros = evaluation_array(run, model->loss)[0] / real_at("w", 0);
    agree(zeros / 50, rint(zeros / 50), 0, 0, __LINE__);        /* whole channels */
} END_TEST

START_TEST(first_values) {
    compiles("model m { input x[50]; output linear(x, 40)" TRAIN);
    run_program(model->init);
    const Tensor *w = NULL;
    for (int k = 0; k < model->params.n; k++) if (!strcmp(model->params.at[k]->path, "linear.w")) w = model->params.at[k];
    ck_assert_ptr_nonnull(w);
    const double *v = evaluation_array(run, next_of(model->init, w));
    double bound = 1 / sqrt(50), mean = 0, square = 0;
    for (int k = 0; k < 2000; k++) {
        ck_assert(fabs(v[k]) <= bound);
        mean += v[k] / 2000;
        square += v[k] * v[k] / 2000;
    }
    ck_assert(fabs(mean) < bound / 10);
    ck_assert(fabs(square - bound * bound / 3) < bound * bound / 20);
    compiles("model m { input x; param f[3] = random(), w[3] = 2*f; output x*sum(w); loss x*sum(w)" TRAIN);    /* f only begins w */
    run_program(model->init);
    ck_assert_int_eq(model->params.n, 1);
    v = evaluation_array(run, next_of(model->init, model->params.at[0]));
    for (int k = 0; k < 3; k++) ck_assert(0 < v[k] && v[k] < 2 && v[k] != v[(k + 1) % 3]);
} END_TEST

START_TEST(one_sample) {
    compiles("model m { input x[3]; param w[3] = 1; y[i] = w[i]*x[i]; output y" TRAIN);
    const Program *p = model->predict_one;
    run_program(p);
    ck_assert_int_eq(p->results.n, 1);
    ck_assert_int_eq(size_of(p->results.at[0]), 3);
    for (int i = 0; i < 3; i++) agree(evaluation_array(run, p->results.at[0])[i], W(i) * real_at("x", i), 0, i, __LINE__);
} END_TEST

/* --- recurrences --- */

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

START_TEST(recurrences) {
    predicts("model m { input x[5]; h[t] = x[t] + 0.5*h[t-1 else 3]; output h" TRAIN);
    AGREES(5, ({ double h = 3; for (int t = 0; t <= i; t++) h = X(t) + 0.5 * h; h; }));
    predicts("fn cell(x[N], h[N]) = tanh(x + 2*h)\nmodel m { input x[4, 2]; h[t, _] = cell(x[t, _], h[t-1, _ else 0]); output h" TRAIN);
    AGREES(8, ({ double h = 0; for (int t = 0; t <= i / 2; t++) h = tanh(X(t * 2 + i % 2) + 2 * h); h; }));
    predicts("model m { input x[5]; h[t] = x[t] + 0.5*h[t+1 else 0]; output h" TRAIN);
    AGREES(5, ({ double h = 0; for (int t = 4; t >= i; t--) h = X(t) + 0.5 * h; h; }));
    predicts("model m { input x[6]; f[t < 8] = where(t < 2, 1, f[t-1 else 0] + f[t-2 else 0]); y[t < 8] = f[t] + x[0]; output y" TRAIN);
    AGREES(8, ({ double a = 0, b = 1; for (int t = 0; t < i; t++) { double c = a + b; a = b; b = c; } b + X(0); }));
    predicts("model m { input x[5]; a[t] = x[t] + b[t-1 else 0]; b[t] = 0.5*a[t] + 1; output b" TRAIN);
    AGREES(5, ({ double b = 0; for (int t = 0; t <= i; t++) b = 0.5 * (X(t) + b) + 1; b; }));
} END_TEST

/* Integers that come out of a recurrence are integers in it: they choose a row, whichever name of the circle is asked for first. */
START_TEST(recurrences_of_integers) {
    static const char *const asked[] = { "said", "h" };
    for (int k = 0; k < 2; k++) {
        char source[400];
        snprintf(source, sizeof source, "model m { input x[5]; h[t < 6] = x[said[t-1 else 1]] + 0.5*t; z[t < 6, v < 5] = h[t]*sin(v + t)\n"
                 "said[t < 6] = argmax(v) z[t, v]; output %s" TRAIN, asked[k]);
        predicts(source);
        AGREES(6, ({ double h = 0; int said = 1; for (int t = 0; t <= i; t++) {
            h = X(said) + 0.5*t; double best = -INFINITY;
            for (int v = 0; v < 5; v++) if (h*sin(v + t) > best) { best = h*sin(v + t); said = v; } }
            k ? h : said; }));
    }
    predicts("model m { input x[5]; at[t < 9] = min(at[t-1 else 0] + (x[t % 5] > 0), 4); y[t] = x[at[t]]; output y" TRAIN);
    AGREES(9, ({ int at = 0; for (int t = 0; t <= i; t++) { at += X(t % 5) > 0; if (at > 4) at = 4; } X(at); }));
    predicts("model m { input x[5]; seen[t] = seen[t-1 else false] or x[t] > 0.3; y[t] = where(seen[t], 1, 2); output y" TRAIN);
    AGREES(5, ({ bool seen = false; for (int t = 0; t <= i; t++) seen = seen || X(t) > 0.3; seen ? 1 : 2; }));
    predicts("model m { input x[5]; h[t] = x[t] + y[t-1 else 1]; y[t < 5] = sum(j <= t) h[j]*0.5; output y" TRAIN);
    AGREES(5, ({ double h[5], y = 1; for (int t = 0; t <= i; t++) { h[t] = X(t) + y; y = 0; for (int j = 0; j <= t; j++) y += h[j]*0.5; } y; }));
    predicts("model m { input x[4, 2]; before[t < 4, i < 2] = b[t-1, i else 0]; s[t, i] = before[t, i] + x[t, i]; a, b = turned(s); output a; output b" TRAIN
             "\nfn turned(s[T, N]) -> a[T, N], b[T, N] { a[t, i] = b[t, i]*2; b[t, i] = s[t, 1-i] }");
    AGREES(8, ({ double b[2] = { 0, 0 }; for (int t = 0; t <= i/2; t++) {
        double p = b[0] + X(2*t), q = b[1] + X(2*t + 1); b[0] = q; b[1] = p; } 2*b[i % 2]; }));
} END_TEST

/* One gate's sum: first weights w[row][], u[row][], and two biases. */
static double gate(const char *cell, int row, const double *x, int inputs, const double *h, int hidden, const char *second, bool of_state) {
    char name[4][40];
    snprintf(name[0], 40, "%s_w", cell);
    snprintf(name[1], 40, "%s_u", cell);
    snprintf(name[2], 40, "%s_b", cell);
    snprintf(name[3], 40, "%s_%s", cell, second);
    double of_input = real_at(name[2], row), recurrent = real_at(name[3], row);
    for (int k = 0; k < inputs; k++) of_input += real_at(name[0], row * inputs + k) * x[k];
    for (int k = 0; k < hidden; k++) recurrent += real_at(name[1], row * hidden + k) * h[k];
    return of_state ? recurrent : of_input;
}

START_TEST(library_lstm) {
    predicts("model m { input x[4, 3]; output lstm(x, 2)" TRAIN);
    ck_assert_int_eq(model->params.n, 4);
    for (int s = 0; s < SAMPLES; s++) {
        double h[2] = { 0 }, c[2] = { 0 };
        for (int t = 0; t < 4; t++) {
            double z[8], x[3] = { X(t * 3), X(t * 3 + 1), X(t * 3 + 2) };
            for (int q = 0; q < 8; q++) z[q] = gate("lstm", q, x, 3, h, 2, "r", false) + gate("lstm", q, x, 3, h, 2, "r", true);
            for (int j = 0; j < 2; j++) {
                c[j] = sigmoid(z[2 + j]) * c[j] + sigmoid(z[j]) * tanh(z[4 + j]);
                h[j] = sigmoid(z[6 + j]) * tanh(c[j]);
                agree(evaluation_array(run, model->outputs.at[0])[s * 8 + t * 2 + j], h[j], s, t * 2 + j, __LINE__);
            }
        }
    }
} END_TEST

START_TEST(library_gru) {
    predicts("model m { input x[4, 3]; output gru(x, 2)" TRAIN);
    ck_assert_int_eq(model->params.n, 4);
    const char *cell = model->params.at[0]->name;
    char prefix[40];
    snprintf(prefix, sizeof prefix, "%.*s", (int)strlen(cell) - 2, cell);
    for (int s = 0; s < SAMPLES; s++) {
        double h[2] = { 0 };
        for (int t = 0; t < 4; t++) {
            double a[6], r[6], x[3] = { X(t * 3), X(t * 3 + 1), X(t * 3 + 2) };
            for (int q = 0; q < 6; q++) a[q] = gate(prefix, q, x, 3, h, 2, "c", false), r[q] = gate(prefix, q, x, 3, h, 2, "c", true);
            for (int j = 0; j < 2; j++) {
                double z = sigmoid(a[2 + j] + r[2 + j]);
                h[j] = (1 - z) * tanh(a[4 + j] + sigmoid(a[j] + r[j]) * r[4 + j]) + z * h[j];
                agree(evaluation_array(run, model->outputs.at[0])[s * 8 + t * 2 + j], h[j], s, t * 2 + j, __LINE__);
            }
        }
    }
} END_TEST

/* --- gradients --- */

static void gradients_hold(const char *text) {
    compiles(text);
    ck_assert_int_gt(model->grads.n, 0);
    for (int k = 0; k < model->grads.n; k++) {
        const Tensor *w = model->grads.at[k]->of;
        for (int64_t i = 0; i < size_of(w); i += 1 + size_of(w) / 5) {
            double loss[2], by = 1e-5;
            for (int side = 0; side < 2; side++) {
                run_moved(model->gradients, w, i, side ? by : -by);
                loss[side] = evaluation_array(run, model->loss)[0];
            }
            run_program(model->gradients);
            double d = evaluation_array(run, model->grads.at[k])[i], slope = (loss[1] - loss[0]) / (2 * by);
            ck_assert_msg(fabs(d - slope) <= 1e-7 * (1 + fabs(slope)), "%s[%d]: %.10g, differences give %.10g, in %s", w->path, (int)i, d, slope, text);
        }
    }
}

static const char *const differentiable[] = {
    "model m { input x[4, 3]; target t : class[2]; y = lstm(x, 2); loss cross_entropy(v, t); v[j] = sum(k) y[k, j]" TRAIN,
    "model m { input x[4, 3]; input n : class[5]; y, last = lstm(x, 2, n); loss sum(last^2) + sum(y)" TRAIN,
    "model m { input x[4, 3]; y = gru(x, 2); loss sum(y^2)" TRAIN,
    "model m { input x[4, 3]; input n : class[5]; y = bidirectional(x, gru(_, 2), gru(_, 2, n), n); loss sum(y^2)" TRAIN,
    "model m { input x[4, 3]; y, last = rnn(x, 2); loss sum(exp(last))" TRAIN,
    /* looks back at all steps up to this one, and each step reads what was seen in the one before */
    "model m { input x[4, 3]; param w[3] = 0.5; h[t < 4, d < 3] = tanh(w[d]*x[t, d] + y[t-1, d else 0.5]); a[t < 4, j < 4] = sum(d) where(j > t, 0, h[t, d]*h[j, d])\n"
    "y[t < 4, d] = sum(j < 4) where(j > t, 0, a[t, j]*h[j, d]); loss sum(y^2)" TRAIN,
    "fn cell(x[I], h[H], n) -> y[H] { y = tanh(linear(concat(x, h), n)) }\n"
        "model m { input x[4, 3]; c = cell(_, _, 2); h[t, _] = c(x[t, _], h[t-1, _ else s]); param s[2] = 0; loss sum(h^2)" TRAIN,
    "model m { input x[5]; param w[5] = 1; h[t] = w[t]*x[t] + 0.5*h[t+1 else w[0]]^2; loss sum(h)" TRAIN,
    "model m { input x[2, 6, 6]; y = x |> conv2d(4, 3, stride=2, pad=1, groups=2) |> batchnorm |> relu |> conv_transpose2d(2, 3, stride=2); loss sum(y^3)" TRAIN,
    "model m { input x[3, 4]; y = x |> layernorm |> self_attention(2, causal(3)) |> linear(2); loss sum(y^2)" TRAIN,
    "model m { input t[4] : class[5]; y = embedding(t, 5, 3) |> repeat(2) linear(3); loss sum(y^2)" TRAIN,
    "model m { input x[3]; f = linear(_, 3); y = x |> f |> tanh |> f; loss sum(y^2)" TRAIN,
    "fn both(x, f) = f(x) + x\n"
        "model m { input x[3]; y = x |> linear(3) |> exp |> repeat(2) both(linear(_, 3)) |> both(softmax) |> lerp(x^2, 0.3); loss sum(y^2)" TRAIN,
    "fn cell(x, h) = tanh(linear(x, 2) + linear(h, 2))\nfn twice(x) = x + tanh(x)\n"
        "model m { input x[4, 3]; h[t, _] = twice(cell(x[t, _], h[t-1, _ else 0])); loss sum(h^2)" TRAIN,
    "model m { input x[2, 5]; param w[2, 5] = 1; y = adaptive_avgpool2d(z, 2, 3); z[c < 1, i, j] = w[i, j]*x[i, j]; loss sum(y^2)" TRAIN,
};

START_TEST(gradients_of_models) { gradients_hold(differentiable[_i]); } END_TEST

START_TEST(gradient_inside_a_model) {
    predicts("model m { input x[3]; y = sum(x^3); output grad(y, x)" TRAIN);
    AGREES(3, 3 * X(i) * X(i) / SAMPLES);
    gradients_hold("model m { input x[3]; param w[3] = 1; p = x*w; e = sum(i) p[i]^3; d = grad(e, p); loss sum(d^2)" TRAIN);
} END_TEST

/* --- updates --- */

START_TEST(updates) {
    compiles("model m { input x[3]; param v[3] = 1; loss sum(i) v[i]*x[i]; update * = g |> sgd(w, lr=0.1, momentum=0.9); train batch=4 }");
    ck_assert_int_eq(model->moments.n, 1);
    ck_assert_int_ge(model->hypers.n, 1);
    run_program(model->update);
    const Tensor *w = model->params.at[0];
    const double *next = evaluation_array(run, next_of(model->update, w)), *moment = evaluation_array(run, next_of(model->update, model->moments.at[0]));
    for (int i = 0; i < 3; i++) {                               /* at step 5 the moment is there already */
        double b = 0.9 * real_at(model->moments.at[0]->name, i) + real_at(model->grads.at[0]->name, i);
        agree(moment[i], b, 0, i, __LINE__);
        agree(next[i], real_at("v", i) - 0.1 * b, 0, i, __LINE__);
    }
} END_TEST

/* --- mistakes --- */

static void refuses(const char *text, const char *message) {
    ck_assert_msg(elaborated(text) == NULL, "accepted: %s", text);
    char *printed = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&printed, &size);
    diagnostics_print(f);
    fclose(f);
    ck_assert_msg(strstr(printed, message) != NULL, "%s\nsays\n%sand not: %s", text, printed, message);
    free(printed);
}

START_TEST(mistakes) {
    refuses("model m { input x[3]; output x |> repeat(1000000000) relu }", "cannot repeat 1000000000 times");
    refuses("model m { input x[3]; output x |> repeat(-1) relu }", "cannot repeat -1 times");
    refuses("fn f(x) = f(x)\nmodel m { input x[3]; output f(x) }", "goes on without end");
    refuses("fn f(x) = g(x) + g(x)\nfn g(x) = f(x) * f(x)\nmodel m { input x[3]; output f(x) }", "without end");
    refuses("model m { input x[4000000000, 4000000000, 4000000000]; output x }", "address space");
    refuses("model m { input x[3 - 4]; output x }", "an axis has at least 1");
    refuses("model m { input x[0]; output x }", "an axis has at least 1");
    refuses("model m { input t : class[0]; output t }", "class");
    refuses("model m { input x[4]; y[i] = x[i+1]; output y }", "y[i < ...]");
    refuses("model m { input x[4]; y[i] = x[i] + x[k]; output y }", "`k`");
    refuses("model m { input x[4]; y[i < 4] = x[i/2]; output y }", "// divides with floor");
    refuses("model m { input x[7]; y[i, j < 2] = x[(i, j)]; output y }", "do not split into groups");
    refuses("model m { input x[3]; h = h + x; output h }", "depends on itself");
} END_TEST

int main(void) {
    Suite *suite = suite_create("elaborate");
    TCase *c = tcase_create("elaborate");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, elements);
    tcase_add_test(c, groups);
    tcase_add_test(c, packs_and_holes);
    tcase_add_test(c, reads_with_else);
    tcase_add_test(c, index_functions);
    tcase_add_test(c, windows);
    tcase_add_test(c, gathers);
    tcase_add_test(c, scatters);
    tcase_add_test(c, reductions);
    tcase_add_test(c, comparisons_chain);
    tcase_add_test(c, where_on_constants);
    tcase_add_test(c, integers);
    tcase_add_test(c, arguments);
    tcase_add_test(c, arguments_computed_once);
    tcase_add_test(c, several_results);
    tcase_add_test(c, instances);
    tcase_add_test(c, batch_reductions);
    tcase_add_test(c, losses_add_up);
    tcase_add_test(c, data_totals);
    tcase_add_test(c, states);
    tcase_add_test(c, training_and_evaluation);
    tcase_add_test(c, predicting);
    tcase_add_test(c, recurrence_through_a_winner);
    tcase_add_test(c, dropout_draws);
    tcase_add_test(c, draws_of_a_block);
    tcase_add_test(c, first_values);
    tcase_add_test(c, one_sample);
    tcase_add_test(c, recurrences);
    tcase_add_test(c, recurrences_of_integers);
    tcase_add_test(c, library_lstm);
    tcase_add_test(c, library_gru);
    tcase_add_loop_test(c, gradients_of_models, 0, (int)(sizeof differentiable / sizeof *differentiable));
    tcase_add_test(c, gradient_inside_a_model);
    tcase_add_test(c, updates);
    tcase_add_test(c, mistakes);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
