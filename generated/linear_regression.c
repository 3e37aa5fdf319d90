/* SPDX-License-Identifier: 0BSD */
/* The model `linear_regression`, compiled from linear_regression.nn by nnc.
 * This file is your own, without conditions.
 *
 *    1  # A straight line through points: y = 2x + 3 and noise, by gradient descent on all of them at once.
 *    2  model linear_regression {
 *    3      input  x[1] = "linear.csv:x", "linear.csv:x"
 *    4      target y[1] = "linear.csv:y", "linear.csv:y"
 *    5      line = x |> linear(1)
 *    6      output line
 *    7      loss   mse(line, y)
 *    8      optimizer sgd(lr=0.01)
 *    9      train  batch=100, epochs=1000
 *   10  }
 *
 *     linear_w    [1][1]                          1    line 5
 *     linear_b    [1]                             1    line 5
 *     parameters                                  2
 *
 * Memory of one instance, `linear_regression`, for batches of up to 100: 1 072 bytes.
 *     parameters                    8
 *     gradients                     8
 *     workspace                 1 020
 * To predict: the parameters and a workspace of 508 bytes.
 *
 * Compile with -O2 -march=native and the directory of nn.h. With -DNN_DOUBLE all numbers are double.
 * Equations above the functions are per sample. d_x is the gradient of x, w' the next value of w. */
#include "linear_regression.h"
#include <math.h>
#include <string.h>

/* a*b + c may be rounded once, also where strict standard modes would not allow it. -O2 makes vector code of what it
 * can, not only where the numbers of turns are known. */
#if defined __clang__
#pragma STDC FP_CONTRACT ON
#elif defined __GNUC__
#pragma GCC optimize ("no-trapping-math", "tree-vectorize", "vect-cost-model=dynamic")
#ifdef __STRICT_ANSI__
#pragma GCC optimize ("fp-contract=fast")
#endif
#endif

#include <nn_math.h>
#include <nn_random.h>
#include <nn_vector.h>

typedef nn_real real;            /* float, or double with -DNN_DOUBLE */
#define R(x) ((real)(x))         /* a constant in that type */

/* ---- forward ------------------------------------------------------------------------------------------------- */

/* linear_regression.nn:5: linear_sum = sum(i < 1) linear_w[0, 0]*x[0]
 * also in evaluate, predict */
static void linear_regression_linear_sum(int n, const real (*restrict linear_w)[1],
        const real (*restrict x)[1], real *restrict linear_sum) {
    for (int b = 0; b < n; b++) {
        real sum = R(0);
        sum += linear_w[0][0] * x[b][0];
        linear_sum[b] = sum;
    }
}

/* linear_regression.nn:7: mse_sum = sum(a < 1)
 *                           (linear_b[0] + linear_sum - y[0])*(linear_b[0] + linear_sum - y[0])
 * also in evaluate */
static void linear_regression_mse_sum(int n, const real *restrict linear_b, const real *restrict linear_sum,
        const real (*restrict y)[1], real *restrict mse_sum) {
    for (int b = 0; b < n; b++) {
        real sum = R(0);
        const real t = linear_b[0] + linear_sum[b] - y[b][0];
        sum += t * t;
        mse_sum[b] = sum;
    }
}

/* linear_regression.nn:7: sum = sum(batch) mse_sum
 *                         loss = sum/batch
 * also in evaluate
 * Schedule: vectors along n, two at a time; sums in registers over n; lanes added up at the end.
 * Equals: for n: sum += mse_sum */
static void linear_regression_loss(int n, const real *restrict mse_sum, real *restrict loss) {
    real sums[16];
    for (int lane = 0; lane < 16; lane += NN_PASS) {
        nn_vec sum[NN_PASS / NN_LANES] = {0};
        for (int n_tile = 0; n_tile < n / 16; n_tile++)
            NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                sum[l / NN_LANES] += nn_load(&mse_sum[16*n_tile + lane + l]);
        NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
            nn_store(&sums[lane + l], sum[l / NN_LANES]);
    }
    for (int n_2 = 0; n_2 < n % 16; n_2++)
        sums[n_2] += mse_sum[n_2 + n - n % 16];
    const real total = nn_sum_lanes(&sums[0]);
    *loss = total / (real)n;
}

/* ---- backward ------------------------------------------------------------------------------------------------ */
/* x needs no gradient: it is an input. */

/* linear_regression.nn:7: d_line_2[a < 1] = 2*(linear_b[0] + linear_sum - y[0])*number_1 */
static void linear_regression_d_line_2(int n, real number_1, const real *restrict linear_b,
        const real *restrict linear_sum, const real (*restrict y)[1], real (*restrict d_line_2)[1]) {
    for (int b = 0; b < n; b++)
        d_line_2[b][0] = R(2) * (linear_b[0] + linear_sum[b] - y[b][0]) * number_1;
}

/* linear_regression.nn:5: d_linear_b[i < 1] = sum(batch) d_line_2[0]
 * Schedule: vectors along n, two at a time; sums in registers over n; lanes added up at the end.
 * Equals: for i: for n: sum += d_line_2[0] */
static void linear_regression_d_linear_b(int n, real (*restrict d_line_2)[1], real *restrict d_linear_b) {
    real sums[16];
    for (int lane = 0; lane < 16; lane += NN_PASS) {
        nn_vec sum[NN_PASS / NN_LANES] = {0};
        for (int n_tile = 0; n_tile < n / 16; n_tile++)
            NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                sum[l / NN_LANES] += nn_load(&d_line_2[16*n_tile + lane + l][0]);
        NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
            nn_store(&sums[lane + l], sum[l / NN_LANES]);
    }
    for (int n_2 = 0; n_2 < n % 16; n_2++)
        sums[n_2] += d_line_2[n_2 + n - n % 16][0];
    const real total = nn_sum_lanes(&sums[0]);
    d_linear_b[0] = total;
}

/* linear_regression.nn:5: d_linear_w[i < 1, j < 1] = sum(batch) d_line_2[0]*x[0]
 * Schedule: vectors along n, two at a time; sums in registers over n; lanes added up at the end.
 * Equals: for i, j: for n: sum += d_line_2[0]*x[0] */
static void linear_regression_d_linear_w(int n, real (*restrict d_line_2)[1], const real (*restrict x)[1],
        real (*restrict d_linear_w)[1]) {
    real sums[16];
    for (int lane = 0; lane < 16; lane += NN_PASS) {
        nn_vec sum[NN_PASS / NN_LANES] = {0};
        for (int n_tile = 0; n_tile < n / 16; n_tile++)
            NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                sum[l / NN_LANES] += nn_load(&d_line_2[16*n_tile + lane + l][0])
                        * nn_load(&x[16*n_tile + lane + l][0]);
        NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
            nn_store(&sums[lane + l], sum[l / NN_LANES]);
    }
    for (int n_2 = 0; n_2 < n % 16; n_2++)
        sums[n_2] += d_line_2[n_2 + n - n % 16][0] * x[n_2 + n - n % 16][0];
    const real total = nn_sum_lanes(&sums[0]);
    d_linear_w[0][0] = total;
}

/* ---- update -------------------------------------------------------------------------------------------------- */

/* linear_regression.nn:8: linear_w'[a < 1, a2 < 1] = linear_w[0, 0] - lr*d_linear_w[0, 0]
 * and linear_regression.nn:8: linear_b'[a < 1] = linear_b[0] - lr*d_linear_b[0] */
static void linear_regression_update_linear_w(real lr, real *restrict linear_w,
        const real *restrict d_linear_w) {
    linear_w[0] = linear_w[0] - lr * d_linear_w[0];
}

/* ---- predict: what differs from forward ---------------------------------------------------------------------- */

/* linear_regression.nn:6: line[a < 1] = linear_b[0] + linear_sum */
static void linear_regression_line(int n, const real *restrict linear_b, const real *restrict linear_sum,
        real (*restrict line)[1]) {
    for (int b = 0; b < n; b++)
        line[b][0] = linear_b[0] + linear_sum[b];
}

/* ---- predict_one: one sample --------------------------------------------------------------------------------- */

/* linear_regression.nn:5: linear_sum = sum(i < 1) linear_w[0, 0]*x[0, 0] */
static void linear_regression_predict_one_linear_sum(const real (*restrict linear_w)[1],
        const real (*restrict x)[1], real *restrict linear_sum) {
    real sum = R(0);
    sum += linear_w[0][0] * x[0][0];
    *linear_sum = sum;
}

/* linear_regression.nn:6: line[n < 1, a < 1] = linear_b[0] + linear_sum */
static void linear_regression_predict_one_line(real linear_sum, const real *restrict linear_b,
        real (*restrict line)[1]) {
    line[0][0] = linear_b[0] + linear_sum;
}

/* ---- first values of parameters and states ------------------------------------------------------------------- */

/* linear_regression.nn:5: linear_w[a < 1, a2 < 1] = -1 + 2*random() */
static void linear_regression_init_linear_w(uint32_t key, real *restrict linear_w) {
    linear_w[0] = R(-1) + R(2) * nn_uniform(key, (uint64_t)0);
}

/* linear_regression.nn:5: linear_b[a < 1] = -1 + 2*random() */
static void linear_regression_init_linear_b(uint32_t key, real *restrict linear_b) {
    linear_b[0] = R(-1) + R(2) * nn_uniform(key, (uint64_t)0);
}

/* ---- entry points -------------------------------------------------------------------------------------------- */

void linear_regression_reset(linear_regression *m) {
    (void)m;
}

void linear_regression_init(linear_regression *m, uint64_t seed) {
    memset(m, 0, sizeof *m);        /* what begins at 0 begins here */
    m->seed = seed;
    m->hyper.lr = 0.01;
    linear_regression_reset(m);
    const uint32_t key_linear_w = nn_key(m->seed, (uint64_t)m->step, 0xac1fd1e7u);
    const uint32_t key_linear_b = nn_key(m->seed, (uint64_t)m->step, 0x971fb0d8u);

    linear_regression_init_linear_w(key_linear_w, &m->params.linear_w[0][0]);
    linear_regression_init_linear_b(key_linear_b, m->params.linear_b);
}

double linear_regression_gradients(linear_regression *m, int n, const nn_real *x, const nn_real *y) {
    if (n < 1 || n > LINEAR_REGRESSION_BATCH) return (double)NAN;
    const linear_regression_params *const p = &m->params;
    real *const arena = nn_first_line(m->work.arena);
    real *const linear_sum = arena;
    real *const mse_sum = arena + 112;
    real *const loss = arena + 224;
    real (*const d_line_2)[1] = (void *)(arena + 112);
    const double number_1 = 1.0 / (double)n;

    linear_regression_linear_sum(n, p->linear_w, (const real (*)[1])x, linear_sum);
    linear_regression_mse_sum(n, p->linear_b, linear_sum, (const real (*)[1])y, mse_sum);
    linear_regression_loss(n, mse_sum, loss);

    /* backward */
    linear_regression_d_line_2(n, (real)number_1, p->linear_b, linear_sum, (const real (*)[1])y, d_line_2);
    linear_regression_d_linear_b(n, d_line_2, m->grads.linear_b);
    linear_regression_d_linear_w(n, d_line_2, (const real (*)[1])x, m->grads.linear_w);
    return (double)*loss;
}

void linear_regression_update(linear_regression *m) {
    linear_regression_update_linear_w((real)m->hyper.lr, &m->params.linear_w[0][0], &m->grads.linear_w[0][0]);
    linear_regression_update_linear_w((real)m->hyper.lr, m->params.linear_b, m->grads.linear_b);
    m->step += 1;
}

double linear_regression_step(linear_regression *m, int n, const nn_real *x, const nn_real *y) {
    if (n < 1 || n > LINEAR_REGRESSION_BATCH) return (double)NAN;
    const double loss = linear_regression_gradients(m, n, x, y);
    linear_regression_update(m);
    return loss;
}

double linear_regression_evaluate(linear_regression *m, int n, const nn_real *x, const nn_real *y) {
    if (n < 1 || n > LINEAR_REGRESSION_BATCH) return (double)NAN;
    const linear_regression_params *const p = &m->params;
    real *const arena = nn_first_line(m->work.arena);
    real *const linear_sum = arena;
    real *const mse_sum = arena + 112;
    real *const loss = arena;

    linear_regression_linear_sum(n, p->linear_w, (const real (*)[1])x, linear_sum);
    linear_regression_mse_sum(n, p->linear_b, linear_sum, (const real (*)[1])y, mse_sum);
    linear_regression_loss(n, mse_sum, loss);
    return (double)*loss;
}

void linear_regression_metrics(const linear_regression *m, double *values) {
    (void)values;
    (void)m;
}

void linear_regression_predict(const linear_regression_params *p, linear_regression_predict_work *work, int n,
        const nn_real *x, nn_real *line) {
    if (n < 1 || n > LINEAR_REGRESSION_BATCH) return;
    real *const arena = nn_first_line(work->arena);
    real *const linear_sum = arena;

    linear_regression_linear_sum(n, p->linear_w, (const real (*)[1])x, linear_sum);
    linear_regression_line(n, p->linear_b, linear_sum, (void *)line);
}

void linear_regression_predict_one(const linear_regression_params *p, linear_regression_predict_work *work,
        const nn_real *x, nn_real *line) {
    real *const arena = nn_first_line(work->arena);
    real *const linear_sum = arena;

    linear_regression_predict_one_linear_sum(p->linear_w, (const real (*)[1])x, linear_sum);
    linear_regression_predict_one_line(*linear_sum, p->linear_b, (void *)line);
}

/* ---- the model as a table ------------------------------------------------------------------------------------ */

#define REAL (sizeof(real) == sizeof(double) ? NN_F64 : NN_F32)

static const char linear_regression_source[] =
    "# A straight line through points: y = 2x + 3 and noise, by gradient descent on all of them at once.\n"
    "model linear_regression {\n"
    "    input  x[1] = \"linear.csv:x\", \"linear.csv:x\"\n"
    "    target y[1] = \"linear.csv:y\", \"linear.csv:y\"\n"
    "    line = x |> linear(1)\n"
    "    output line\n"
    "    loss   mse(line, y)\n"
    "    optimizer sgd(lr=0.01)\n"
    "    train  batch=100, epochs=1000\n"
    "}\n";

static const nn_tensor linear_regression_inputs_table[] = {
    { "x", REAL, 1, { 1 }, 0, 1, 0, "linear.csv:x", "linear.csv:x", { 0 } },
    { "y", REAL, 1, { 1 }, 0, 1, 0, "linear.csv:y", "linear.csv:y", { 0 } },
};
static const nn_tensor linear_regression_outputs_table[] = {
    { "line", REAL, 1, { 1 }, 0, 1, 0, NULL, NULL, { 0 } },
};
static const nn_tensor linear_regression_params_table[] = {
    { "linear.w", REAL, 2, { 1, 1 }, offsetof(linear_regression, params.linear_w), 1, 0, NULL, NULL, { 0 } },
    { "linear.b", REAL, 1, { 1 }, offsetof(linear_regression, params.linear_b), 1, 0, NULL, NULL, { 0 } },
};
static const nn_tensor linear_regression_grads_table[] = {
    { "linear.w", REAL, 2, { 1, 1 }, offsetof(linear_regression, grads.linear_w), 1, 0, NULL, NULL, { 0 } },
    { "linear.b", REAL, 1, { 1 }, offsetof(linear_regression, grads.linear_b), 1, 0, NULL, NULL, { 0 } },
};
static const nn_tensor linear_regression_hypers_table[] = {
    { "lr", NN_F64, 0, { 0 }, offsetof(linear_regression, hyper.lr), 1, 0, NULL, NULL, { 0 } },
};
static const nn_setting linear_regression_settings_table[] = { { "epochs", 1000 } };

static void linear_regression_table_init(void *m, uint64_t seed) { linear_regression_init(m, seed); }
static void linear_regression_table_reset(void *m) { linear_regression_reset(m); }
static void linear_regression_table_metrics(void *m, double *values) { linear_regression_metrics(m, values); }
static void linear_regression_table_update(void *m) { linear_regression_update(m); }
static double linear_regression_table_gradients(void *m, int n, const int *lengths, const void *const *inputs) {
    (void)lengths;
    return linear_regression_gradients(m, n, inputs[0], inputs[1]);
}
static double linear_regression_table_evaluate(void *m, int n, const int *lengths, const void *const *inputs) {
    (void)lengths;
    return linear_regression_evaluate(m, n, inputs[0], inputs[1]);
}
static void linear_regression_table_predict(const void *instance, void *memory, void *work, int n, const int *lengths,
        const void *const *inputs, void *const *outputs) {
    (void)lengths;
    const linear_regression *const m = instance;
    (void)memory;
    if (n == 1) linear_regression_predict_one(&m->params, work, inputs[0], outputs[0]);
    else linear_regression_predict(&m->params, work, n, inputs[0], outputs[0]);
}

const nn_model linear_regression_model = {
    .name = "linear_regression",
    .source = linear_regression_source,
    .hash = "d685e20b80736295",
    .batch = LINEAR_REGRESSION_BATCH,
    .real = REAL,
    .size = sizeof(linear_regression),
    .predict_size = sizeof(linear_regression_predict_work),
    .n_inputs = 1, .n_targets = 1,
    .inputs = linear_regression_inputs_table,
    .n_outputs = 1,  .outputs = linear_regression_outputs_table,
    .n_params = 2,  .params = linear_regression_params_table,
    .n_grads = 2,  .grads = linear_regression_grads_table,
    .n_hypers = 1,  .hypers = linear_regression_hypers_table,
    .n_settings = 1,  .settings = linear_regression_settings_table,
    .step_offset = offsetof(linear_regression, step),
    .epoch_offset = offsetof(linear_regression, epoch),
    .seed_offset = offsetof(linear_regression, seed),
    .init = linear_regression_table_init,
    .reset = linear_regression_table_reset,
    .metrics_of = linear_regression_table_metrics,
    .gradients = linear_regression_table_gradients,
    .update = linear_regression_table_update,
    .evaluate = linear_regression_table_evaluate,
    .predict = linear_regression_table_predict,
};

NN_MAIN_MODEL(linear_regression_model)
