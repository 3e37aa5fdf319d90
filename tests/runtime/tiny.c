/* tiny.c: linear regression with momentum, written by hand in the form that nnc writes.
 *
 *     y = sum(i) w[i]*x[i] + b + noise        loss (y - t)^2        metric mean |y - t|
 *
 * It has one of everything that a run must carry from step to step: parameters, a layer's state (a moving mean of x), moments,
 * hyper-parameters, totals of a metric, and a small draw that depends on seed and step.
 *
 * SPDX-License-Identifier: 0BSD */
#include "tiny.h"
#include <stddef.h>

#ifdef NN_DOUBLE
#define REAL NN_F64
#else
#define REAL NN_F32
#endif

static nn_real draw(uint64_t seed, int64_t step, uint64_t counter) {
    uint64_t z = (seed * 31 + (uint64_t)step * 7 + counter + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    return (nn_real)(double)(z >> 40) / (nn_real)16777216 - (nn_real)0.5;
}

static void init(void *instance, uint64_t seed) {
    tiny *m = instance;
    *m = (tiny){ .seed = seed, .hyper = { .lr = 0.05, .momentum = 0.5 } };
    for (int i = 0; i < 3; i++) m->params.linear_w[i] = draw(seed, 0, (uint64_t)i);
}

static nn_real output(const tiny *m, const nn_real *x) {
    nn_real y = m->params.linear_b;
    for (int i = 0; i < 3; i++) y += m->params.linear_w[i] * x[i];
    return y;
}

static double pass(tiny *m, int n, const nn_real *x, const nn_real *t, nn_real noise, int train) {
    nn_real loss = 0;
    m->grads = (tiny_params){ 0 };
    for (int s = 0; s < n; s++) {
        nn_real d = output(m, x + 3 * s) + noise * draw(m->seed, m->step, (uint64_t)s + 8) - t[s];
        loss += d * d / (nn_real)n;
        for (int i = 0; i < 3; i++) m->grads.linear_w[i] += 2 * d * x[3 * s + i] / (nn_real)n;
        m->grads.linear_b += 2 * d / (nn_real)n;
        m->totals.error += (double)(d < 0 ? -d : d);
        m->totals.count += 1;
        for (int i = 0; i < 3 && train; i++) m->state.mean[i] += (nn_real)0.01 * (x[3 * s + i] - m->state.mean[i]);
    }
    return (double)loss;
}

static double gradients(void *instance, int n, const int *lengths, const void *const *inputs) {
    (void)lengths;
    return pass(instance, n, inputs[0], inputs[1], (nn_real)0.01, 1);
}

static double evaluate(void *instance, int n, const int *lengths, const void *const *inputs) {
    (void)lengths;
    return pass(instance, n, inputs[0], inputs[1], 0, 0);
}

static void update(void *instance) {
    tiny *m = instance;
    for (int i = 0; i < 3; i++) {
        m->optimizer.linear_w_m[i] = (nn_real)m->hyper.momentum * m->optimizer.linear_w_m[i] + m->grads.linear_w[i];
        m->params.linear_w[i] -= (nn_real)m->hyper.lr * m->optimizer.linear_w_m[i];
    }
    m->optimizer.linear_b_m = (nn_real)m->hyper.momentum * m->optimizer.linear_b_m + m->grads.linear_b;
    m->params.linear_b -= (nn_real)m->hyper.lr * m->optimizer.linear_b_m;
    m->step++;
}

static void reset(void *instance) { ((tiny *)instance)->totals = (tiny_totals){ 0 }; }

static void metrics_of(void *instance, double *values) {
    tiny *m = instance;
    values[0] = m->totals.error / m->totals.count;
}

static void predict(const void *instance, void *memory, void *work, int n, const int *lengths, const void *const *inputs, void *const *outputs) {
    (void)memory, (void)work, (void)lengths;
    for (int s = 0; s < n; s++) ((nn_real *)outputs[0])[s] = output(instance, (const nn_real *)inputs[0] + 3 * s);
}

static const nn_tensor inputs[] = {
    { .name = "x", .type = REAL, .rank = 1, .dim = { 3 }, .low = 1, .high = 0,
      .train = "/nowhere/tiny_train.csv:0-2" },
    { .name = "y", .type = REAL, .low = 1, .high = 0, .train = "/nowhere/tiny_train.csv:y" } };
static const nn_tensor outputs[] = { { .name = "prediction", .type = REAL, .low = 1, .high = 0 } };
static const nn_tensor params[] = {
    { .name = "linear.w", .type = REAL, .rank = 1, .dim = { 3 }, .offset = offsetof(tiny, params.linear_w), .low = 1, .high = 0 },
    { .name = "linear.b", .type = REAL, .offset = offsetof(tiny, params.linear_b), .low = 1, .high = 0 } };
static const nn_tensor grads[] = {
    { .name = "linear.w", .type = REAL, .rank = 1, .dim = { 3 }, .offset = offsetof(tiny, grads.linear_w), .low = 1, .high = 0 },
    { .name = "linear.b", .type = REAL, .offset = offsetof(tiny, grads.linear_b), .low = 1, .high = 0 } };
static const nn_tensor states[] = {
    { .name = "mean", .type = REAL, .rank = 1, .dim = { 3 }, .offset = offsetof(tiny, state.mean), .low = 1, .high = 0 },
    { .name = "optimizer.linear.w.m", .type = REAL, .rank = 1, .dim = { 3 }, .offset = offsetof(tiny, optimizer.linear_w_m),
      .low = 1, .high = 0 },
    { .name = "optimizer.linear.b.m", .type = REAL, .offset = offsetof(tiny, optimizer.linear_b_m), .low = 1, .high = 0 } };
static const nn_tensor totals[] = {
    { .name = "mae.error", .type = NN_F64, .offset = offsetof(tiny, totals.error), .low = 1, .high = 0 },
    { .name = "mae.count", .type = NN_F64, .offset = offsetof(tiny, totals.count), .low = 1, .high = 0 } };
static const nn_tensor hypers[] = {
    { .name = "lr", .type = NN_F64, .offset = offsetof(tiny, hyper.lr), .low = 1, .high = 0 },
    { .name = "sgd.momentum", .type = NN_F64, .offset = offsetof(tiny, hyper.momentum), .low = 1, .high = 0 } };
static const char *const metrics[] = { "mae" };
static const nn_setting settings[] = { { "epochs", 3 }, { "seed", 7 } };

const nn_model tiny_model = {
    .name = "tiny", .source = "# linear regression on three features\n", .hash = "0123456789abcdef",
    .batch = TINY_BATCH, .real = REAL, .size = sizeof(tiny), .predict_size = 0,
    .n_inputs = 1, .n_targets = 1, .inputs = inputs, .n_outputs = 1, .outputs = outputs,
    .n_params = 2, .params = params, .n_grads = 2, .grads = grads, .n_states = 3, .states = states,
    .n_totals = 2, .totals = totals, .n_hypers = 2, .hypers = hypers,
    .n_metrics = 1, .metrics = metrics, .n_settings = 2, .settings = settings,
    .step_offset = offsetof(tiny, step), .epoch_offset = offsetof(tiny, epoch), .seed_offset = offsetof(tiny, seed),
    .init = init, .gradients = gradients, .update = update, .evaluate = evaluate,
    .reset = reset, .metrics_of = metrics_of, .predict = predict };

NN_MAIN_MODEL(tiny_model)
