/* SPDX-License-Identifier: 0BSD */
/* The model `mlp`, compiled from mlp.nn by nnc.
 * This file is your own, without conditions.
 *
 *    1  # A multilayer perceptron for handwritten digits.
 *    2  model mlp(hidden=128) {
 *    3      input  image[784] : byte = "train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.gz"
 *    4      target digit : class[10] = "train-labels-idx1-ubyte.gz", "t10k-labels-idx1-ubyte.gz"
 *    5      logits = image/255 |> linear(hidden) |> relu |> linear(10)
 *    6      output softmax(logits)
 *    7      loss   cross_entropy(logits, digit)
 *    8      metric accuracy(logits, digit)
 *    9      optimizer adam(lr=0.001)
 *   10      train  batch=64, epochs=10
 *   11  }
 *
 *     linear_w    [128][784]                100 352    line 5
 *     linear_b    [128]                         128    line 5
 *     linear_2_w  [10][128]                   1 280    line 5
 *     linear_2_b  [10]                           10    line 5
 *     parameters                            101 770
 *
 * Memory of one instance, `mlp`, for batches of up to 64: 1 897 552 bytes.
 *     parameters              407 080
 *     gradients               407 080
 *     optimizer               814 160
 *     workspace               269 180
 * To predict: the parameters and a workspace of 233 532 bytes.
 *
 * Compile with -O2 -march=native and the directory of nn.h. With -DNN_DOUBLE all numbers are double.
 * Equations above the functions are per sample. d_x is the gradient of x, w' the next value of w. */
#include "mlp.h"
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

typedef nn_real real;            /* float, or double with -DNN_DOUBLE */
#define R(x) ((real)(x))         /* a constant in that type */

/* ---- forward ------------------------------------------------------------------------------------------------- */

/* mlp.nn:5: x[a] = image[a]/255
 * also in evaluate, predict */
static void mlp_x(int n, const unsigned char (*restrict image)[784], real (*restrict x)[784]) {
    for (int b = 0; b < n; b++)
        for (int a = 0; a < 784; a++)
            x[b][a] = (real)image[b][a] / R(255);
}

/* mlp.nn:5: linear_sum[o] = sum(i) linear_w[o, i]*x[i]
 *           relu[a] = max(0, linear_b[a] + linear_sum[a])
 * also in evaluate, predict */
static void mlp_relu(int n, const real (*restrict linear_w)[784], real (*restrict x)[784],
        const real *restrict linear_b, real (*restrict relu)[128]) {
    for (int b = 0; b < n; b++)
        for (int o = 0; o < 128; o++) {
            real linear_sum = R(0);
            for (int i = 0; i < 784; i++)
                linear_sum += linear_w[o][i] * x[b][i];
            relu[b][o] = nn_max(R(0), linear_b[o] + linear_sum);
        }
}

/* mlp.nn:5: linear_2_sum[o] = sum(i) linear_2_w[o, i]*relu[i]
 *           logits[o] = linear_2_b[o] + linear_2_sum[o]
 * also in evaluate, predict */
static void mlp_logits(int n, const real (*restrict linear_2_w)[128], real (*restrict relu)[128],
        const real *restrict linear_2_b, real (*restrict logits)[10]) {
    for (int b = 0; b < n; b++)
        for (int o = 0; o < 10; o++) {
            real linear_2_sum = R(0);
            for (int i = 0; i < 128; i++)
                linear_2_sum += linear_2_w[o][i] * relu[b][i];
            logits[b][o] = linear_2_b[o] + linear_2_sum;
        }
}

/* mlp.nn:7: cross_entropy_log_softmax_max = max(k) logits[k]
 * mlp.nn:8: accuracy_winner = argmax(c) logits[c]
 *           accuracy_right = accuracy_winner == digit
 * mlp.nn:7: cross_entropy_log_softmax_sum = sum(k) exp(logits[k] - stop(cross_entropy_log_softmax_max))
 *           cross_entropy_log_softmax_whole = log(cross_entropy_log_softmax_sum)
 *           cross_entropy_nll = cross_entropy_log_softmax_whole -
 *             (logits[digit] - stop(cross_entropy_log_softmax_max))
 *           d_logits[j] = (exp(logits[j] - stop(cross_entropy_log_softmax_max))/cross_entropy_log_softmax_sum -
 *             (j == digit))*number_1 */
static void mlp_d_logits(int n, real number_1, real (*restrict logits)[10], const int32_t *restrict digit,
        int32_t *restrict accuracy_right, real *restrict cross_entropy_nll, real (*restrict d_logits)[10]) {
    for (int b = 0; b < n; b++) {
        real most = R(-INFINITY);
        int accuracy_winner = 0;
        for (int k = 0; k < 10; k++) {
            accuracy_winner = most >= logits[b][k] || most != most ? accuracy_winner : k;
            most = nn_max(most, logits[b][k]);
        }
        const real cross_entropy_log_softmax_max = most;
        accuracy_right[b] = accuracy_winner == digit[b];
        real cross_entropy_log_softmax_sum = R(0);
        for (int k = 0; k < 10; k++)
            cross_entropy_log_softmax_sum += nn_exp_below(logits[b][k] - cross_entropy_log_softmax_max);
        const real cross_entropy_log_softmax_whole = nn_log(cross_entropy_log_softmax_sum);
        const real cross_entropy_log_softmax_sum_2 = cross_entropy_log_softmax_sum;
        cross_entropy_nll[b] = cross_entropy_log_softmax_whole
                - (logits[b][digit[b]] - cross_entropy_log_softmax_max);
        for (int j = 0; j < 10; j++)
            d_logits[b][j] =
                    (nn_exp_below(logits[b][j] - cross_entropy_log_softmax_max)
                    / cross_entropy_log_softmax_sum_2 - (real)(j == digit[b])) * number_1;
    }
}

/* mlp.nn:7: cross_entropy_mean_by_sum = sum(batch) cross_entropy_nll
 *           loss = cross_entropy_mean_by_sum/batch
 * also in evaluate */
static void mlp_loss(int n, const real *restrict cross_entropy_nll, real *restrict loss) {
    real cross_entropy_mean_by_sum = R(0);
    for (int b = 0; b < n; b++)
        cross_entropy_mean_by_sum += cross_entropy_nll[b];
    *loss = cross_entropy_mean_by_sum / (real)n;
}

/* mlp.nn:8: accuracy_sum = sum(batch) where(accuracy_right, 1, 0)
 *           accuracy_total' = accuracy_total + accuracy_sum
 * also in evaluate */
static void mlp_accuracy_total_next(int n, const int32_t *restrict accuracy_right,
        double *restrict accuracy_total) {
    int accuracy_sum = 0;
    for (int b = 0; b < n; b++)
        accuracy_sum += accuracy_right[b] ? 1 : 0;
    *accuracy_total = *accuracy_total + (double)accuracy_sum;
}

/* mlp.nn:8: accuracy_total_2' = accuracy_total_2 + batch
 * also in evaluate */
static void mlp_accuracy_total_next_2(int n, double *restrict accuracy_total_2) {
    *accuracy_total_2 = *accuracy_total_2 + (double)n;
}

/* ---- backward ------------------------------------------------------------------------------------------------ */
/* image needs no gradient: it is an input. */

/* mlp.nn:5: d_linear_2_b[o] = sum(batch) d_logits[o] */
static void mlp_d_linear_2_b(int n, real (*restrict d_logits)[10], real *restrict d_linear_2_b) {
    for (int o = 0; o < 10; o++) {
        real sum = R(0);
        for (int b = 0; b < n; b++)
            sum += d_logits[b][o];
        d_linear_2_b[o] = sum;
    }
}

/* mlp.nn:5: d_linear_2_w[o, i] = sum(batch) d_logits[o]*relu[i] */
static void mlp_d_linear_2_w(int n, real (*restrict d_logits)[10], real (*restrict relu)[128],
        real (*restrict d_linear_2_w)[128]) {
    for (int o = 0; o < 10; o++)
        for (int i = 0; i < 128; i++) {
            real sum = R(0);
            for (int b = 0; b < n; b++)
                sum += d_logits[b][o] * relu[b][i];
            d_linear_2_w[o][i] = sum;
        }
}

/* mlp.nn:5: d_relu[a] = sum(o) d_logits[o]*linear_2_w[o, a]
 *           d_linear[o] = where(relu[o] > 0, d_relu[o], 0) */
static void mlp_d_linear(int n, real (*restrict d_logits)[10], const real (*restrict linear_2_w)[128],
        real (*restrict relu)[128], real (*restrict d_linear)[128]) {
    for (int b = 0; b < n; b++)
        for (int a = 0; a < 128; a++) {
            real d_relu = R(0);
            for (int o = 0; o < 10; o++)
                d_relu += d_logits[b][o] * linear_2_w[o][a];
            d_linear[b][a] = relu[b][a] > R(0) ? d_relu : R(0);
        }
}

/* mlp.nn:5: d_linear_b[o] = sum(batch) d_linear[o] */
static void mlp_d_linear_b(int n, real (*restrict d_linear)[128], real *restrict d_linear_b) {
    for (int o = 0; o < 128; o++) {
        real sum = R(0);
        for (int b = 0; b < n; b++)
            sum += d_linear[b][o];
        d_linear_b[o] = sum;
    }
}

/* mlp.nn:5: d_linear_w[o, i] = sum(batch) d_linear[o]*x[i] */
static void mlp_d_linear_w(int n, real (*restrict d_linear)[128], real (*restrict x)[784],
        real (*restrict d_linear_w)[784]) {
    for (int o = 0; o < 128; o++)
        for (int i = 0; i < 784; i++) {
            real sum = R(0);
            for (int b = 0; b < n; b++)
                sum += d_linear[b][o] * x[b][i];
            d_linear_w[o][i] = sum;
        }
}

/* ---- update -------------------------------------------------------------------------------------------------- */

/* mlp.nn:9: m' = 0.9*m + 0.09999999999999998*g
 *           v' = 0.999*v + 0.0010000000000000009*(g*g)
 *           w' = w - number_1*m'/(sqrt(v'*number_2) + 1e-08)
 * for w in linear_w, linear_b, linear_2_w */
static void mlp_update_parameter(real number_1, real number_2, int length, real *restrict m,
        const real *restrict g, real *restrict v, real *restrict w) {
    for (int a_2 = 0; a_2 < length; a_2++) {
        const real adam_m_next = R(0.9) * m[a_2] + R(0.09999999999999998) * g[a_2];
        const real adam_v_next = R(0.999) * v[a_2] + R(0.0010000000000000009) * (g[a_2] * g[a_2]);
        m[a_2] = adam_m_next;
        v[a_2] = adam_v_next;
        w[a_2] = w[a_2] - number_1 * adam_m_next / (nn_sqrt(adam_v_next * number_2) + R(1e-08));
    }
}

/* mlp.nn:9: linear_2_b_m'[a] = 0.9*linear_2_b_m[a] + 0.09999999999999998*d_linear_2_b[a]
 *           linear_2_b_v'[a] = 0.999*linear_2_b_v[a] + 0.0010000000000000009*(d_linear_2_b[a]*d_linear_2_b[a])
 *           linear_2_b'[a] = linear_2_b[a] -
 *             number_1*linear_2_b_m'[a]/(sqrt(linear_2_b_v'[a]/number_3) + 1e-08) */
static void mlp_update_linear_2_b(real number_1, real number_3, real *restrict linear_2_b_m,
        const real *restrict d_linear_2_b, real *restrict linear_2_b_v, real *restrict linear_2_b) {
    for (int a = 0; a < 10; a++) {
        const real linear_2_b_adam_m_next = R(0.9) * linear_2_b_m[a] + R(0.09999999999999998) * d_linear_2_b[a];
        const real linear_2_b_adam_v_next = R(0.999) * linear_2_b_v[a]
                + R(0.0010000000000000009) * (d_linear_2_b[a] * d_linear_2_b[a]);
        linear_2_b_m[a] = linear_2_b_adam_m_next;
        linear_2_b_v[a] = linear_2_b_adam_v_next;
        linear_2_b[a] = linear_2_b[a]
                - number_1 * linear_2_b_adam_m_next / (nn_sqrt(linear_2_b_adam_v_next / number_3) + R(1e-08));
    }
}

/* ---- evaluate: what differs from forward --------------------------------------------------------------------- */

/* mlp.nn:7: cross_entropy_log_softmax_max = max(k) logits[k]
 * mlp.nn:8: accuracy_winner = argmax(c) logits[c]
 *           accuracy_right = accuracy_winner == digit
 * mlp.nn:7: cross_entropy_log_softmax_sum = sum(k) exp(logits[k] - stop(cross_entropy_log_softmax_max))
 *           cross_entropy_log_softmax_whole = log(cross_entropy_log_softmax_sum)
 *           cross_entropy_nll = cross_entropy_log_softmax_whole -
 *             (logits[digit] - stop(cross_entropy_log_softmax_max)) */
static void mlp_cross_entropy_nll(int n, real (*restrict logits)[10], const int32_t *restrict digit,
        int32_t *restrict accuracy_right, real *restrict cross_entropy_nll) {
    for (int b = 0; b < n; b++) {
        real most = R(-INFINITY);
        int accuracy_winner = 0;
        for (int k = 0; k < 10; k++) {
            accuracy_winner = most >= logits[b][k] || most != most ? accuracy_winner : k;
            most = nn_max(most, logits[b][k]);
        }
        const real cross_entropy_log_softmax_max = most;
        accuracy_right[b] = accuracy_winner == digit[b];
        real cross_entropy_log_softmax_sum = R(0);
        for (int k = 0; k < 10; k++)
            cross_entropy_log_softmax_sum += nn_exp_below(logits[b][k] - cross_entropy_log_softmax_max);
        const real cross_entropy_log_softmax_whole = nn_log(cross_entropy_log_softmax_sum);
        cross_entropy_nll[b] = cross_entropy_log_softmax_whole
                - (logits[b][digit[b]] - cross_entropy_log_softmax_max);
    }
}

/* ---- metrics ------------------------------------------------------------------------------------------------- */

/* mlp.nn:8: accuracy = accuracy_total/accuracy_total_2 */
static void mlp_accuracy(double accuracy_total, double accuracy_total_2, double *restrict accuracy) {
    *accuracy = accuracy_total / accuracy_total_2;
}

/* ---- predict: what differs from forward ---------------------------------------------------------------------- */

/* mlp.nn:6: softmax_max = max(k) logits[k]
 *           softmax_e[j] = exp(logits[j] - stop(softmax_max))
 *           softmax_sum = sum(k) softmax_e[k]
 *           softmax[a] = softmax_e[a]/softmax_sum */
static void mlp_softmax(int n, real (*restrict logits)[10], real (*restrict softmax)[10]) {
    for (int b = 0; b < n; b++) {
        real softmax_e[10];
        real most = R(-INFINITY);
        for (int k = 0; k < 10; k++)
            most = nn_max(most, logits[b][k]);
        const real softmax_max = most;
        for (int j = 0; j < 10; j++)
            softmax_e[j] = nn_exp_below(logits[b][j] - softmax_max);
        real sum = R(0);
        for (int k = 0; k < 10; k++)
            sum += softmax_e[k];
        const real softmax_sum = sum;
        for (int a = 0; a < 10; a++)
            softmax[b][a] = softmax_e[a] / softmax_sum;
    }
}

/* ---- predict_one: one sample --------------------------------------------------------------------------------- */

/* mlp.nn:5: x[a] = image[0, a]/255 */
static void mlp_predict_one_x(const unsigned char (*restrict image)[784], real *restrict x) {
    for (int a = 0; a < 784; a++)
        x[a] = (real)image[0][a] / R(255);
}

/* mlp.nn:5: linear_sum[o] = sum(i) linear_w[o, i]*x[i]
 *           relu[a] = max(0, linear_b[a] + linear_sum[a]) */
static void mlp_predict_one_relu(const real (*restrict linear_w)[784], const real *restrict x,
        const real *restrict linear_b, real *restrict relu) {
    for (int o = 0; o < 128; o++) {
        real linear_sum = R(0);
        for (int i = 0; i < 784; i++)
            linear_sum += linear_w[o][i] * x[i];
        relu[o] = nn_max(R(0), linear_b[o] + linear_sum);
    }
}

/* mlp.nn:5: linear_2_sum[o] = sum(i) linear_2_w[o, i]*relu[i]
 *           logits[o] = linear_2_b[o] + linear_2_sum[o] */
static void mlp_predict_one_logits(const real (*restrict linear_2_w)[128], const real *restrict relu,
        const real *restrict linear_2_b, real *restrict logits) {
    for (int o = 0; o < 10; o++) {
        real linear_2_sum = R(0);
        for (int i = 0; i < 128; i++)
            linear_2_sum += linear_2_w[o][i] * relu[i];
        logits[o] = linear_2_b[o] + linear_2_sum;
    }
}

/* mlp.nn:6: softmax_max = max(k) logits[k] */
static void mlp_softmax_max(const real *restrict logits, real *restrict softmax_max) {
    real most = R(-INFINITY);
    for (int k = 0; k < 10; k++)
        most = nn_max(most, logits[k]);
    *softmax_max = most;
}

/* mlp.nn:6: softmax_e[j] = exp(logits[j] - stop(softmax_max)) */
static void mlp_softmax_e(real softmax_max, const real *restrict logits, real *restrict softmax_e) {
    for (int j = 0; j < 10; j++)
        softmax_e[j] = nn_exp_below(logits[j] - softmax_max);
}

/* mlp.nn:6: softmax_sum = sum(k) softmax_e[k] */
static void mlp_softmax_sum(const real *restrict softmax_e, real *restrict softmax_sum) {
    real sum = R(0);
    for (int k = 0; k < 10; k++)
        sum += softmax_e[k];
    *softmax_sum = sum;
}

/* mlp.nn:6: softmax[n < 1, a] = softmax_e[a]/softmax_sum */
static void mlp_predict_one_softmax(real softmax_sum, const real *restrict softmax_e,
        real (*restrict softmax)[10]) {
    for (int a = 0; a < 10; a++)
        softmax[0][a] = softmax_e[a] / softmax_sum;
}

/* ---- first values of parameters and states ------------------------------------------------------------------- */

/* mlp.nn:5: linear_w[a < 128, a2 < 784] = -0.03571428571428571 + 0.07142857142857142*random() */
static void mlp_init_linear_w(uint32_t key, real (*restrict linear_w)[784]) {
    for (int a = 0; a < 128; a++)
        for (int a_2 = 0; a_2 < 784; a_2++)
            linear_w[a][a_2] = R(-0.03571428571428571)
                    + R(0.07142857142857142) * nn_uniform(key, (uint64_t)(784*a + a_2));
}

/* mlp.nn:5: linear_b[a < 128] = -0.03571428571428571 + 0.07142857142857142*random() */
static void mlp_init_linear_b(uint32_t key, real *restrict linear_b) {
    for (int a = 0; a < 128; a++)
        linear_b[a] = R(-0.03571428571428571) + R(0.07142857142857142) * nn_uniform(key, (uint64_t)a);
}

/* mlp.nn:5: linear_2_w[a < 10, a2 < 128] = -0.08838834764831843 + 0.17677669529663687*random() */
static void mlp_init_linear_2_w(uint32_t key, real (*restrict linear_2_w)[128]) {
    for (int a = 0; a < 10; a++)
        for (int a_2 = 0; a_2 < 128; a_2++)
            linear_2_w[a][a_2] = R(-0.08838834764831843)
                    + R(0.17677669529663687) * nn_uniform(key, (uint64_t)(128*a + a_2));
}

/* mlp.nn:5: linear_2_b[a < 10] = -0.08838834764831843 + 0.17677669529663687*random() */
static void mlp_init_linear_2_b(uint32_t key, real *restrict linear_2_b) {
    for (int a = 0; a < 10; a++)
        linear_2_b[a] = R(-0.08838834764831843) + R(0.17677669529663687) * nn_uniform(key, (uint64_t)a);
}

/* ---- entry points -------------------------------------------------------------------------------------------- */

void mlp_reset(mlp *m) {
    m->totals.accuracy_total = 0;
    m->totals.accuracy_total_2 = 0;
}

void mlp_init(mlp *m, uint64_t seed) {
    memset(m, 0, sizeof *m);        /* what begins at 0 begins here */
    m->seed = seed;
    m->hyper.lr = 0.001;
    mlp_reset(m);
    const uint32_t key_linear_w = nn_key(m->seed, (uint64_t)m->step, 0xac1fd1e7u);
    const uint32_t key_linear_b = nn_key(m->seed, (uint64_t)m->step, 0x971fb0d8u);
    const uint32_t key_linear_2_w = nn_key(m->seed, (uint64_t)m->step, 0x0cec468au);
    const uint32_t key_linear_2_b = nn_key(m->seed, (uint64_t)m->step, 0x19ec5b01u);

    mlp_init_linear_w(key_linear_w, m->params.linear_w);
    mlp_init_linear_b(key_linear_b, m->params.linear_b);
    mlp_init_linear_2_w(key_linear_2_w, m->params.linear_2_w);
    mlp_init_linear_2_b(key_linear_2_b, m->params.linear_2_b);
}

/* Whether a call may run: n is in 1 .. MLP_BATCH, and integers are in their declared ranges. */
static int mlp_accepts(int n, const int32_t *digit) {
    if (n < 1 || n > MLP_BATCH) return 0;
    for (int k = 0; k < n; k++)
        if (digit[k] < 0 || digit[k] > 9) return 0;
    return 1;
}

double mlp_gradients(mlp *m, int n, const unsigned char *image, const int32_t *digit) {
    if (!mlp_accepts(n, digit)) return (double)NAN;
    const mlp_params *const p = &m->params;
    real *const arena = nn_first_line(m->work.arena);
    int32_t *const whole = m->work.whole;
    real (*const x)[784] = (void *)arena;
    real (*const relu)[128] = (void *)(arena + 50176);
    real (*const logits)[10] = (void *)(arena + 58368);
    int32_t *const accuracy_right = whole;
    real *const cross_entropy_nll = arena + 59008;
    real (*const d_logits)[10] = (void *)(arena + 66560);
    real *const loss = arena + 67200;
    real (*const d_linear)[128] = (void *)(arena + 58368);
    const double number_1 = 1.0 / (double)n;

    mlp_x(n, (const unsigned char (*)[784])image, x);
    mlp_relu(n, p->linear_w, x, p->linear_b, relu);
    mlp_logits(n, p->linear_2_w, relu, p->linear_2_b, logits);
    mlp_d_logits(n, (real)number_1, logits, digit, accuracy_right, cross_entropy_nll, d_logits);
    mlp_loss(n, cross_entropy_nll, loss);
    mlp_accuracy_total_next(n, accuracy_right, &m->totals.accuracy_total);
    mlp_accuracy_total_next_2(n, &m->totals.accuracy_total_2);

    /* backward */
    mlp_d_linear_2_b(n, d_logits, m->grads.linear_2_b);
    mlp_d_linear_2_w(n, d_logits, relu, m->grads.linear_2_w);
    mlp_d_linear(n, d_logits, p->linear_2_w, relu, d_linear);
    mlp_d_linear_b(n, d_linear, m->grads.linear_b);
    mlp_d_linear_w(n, d_linear, x, m->grads.linear_w);
    return (double)*loss;
}

void mlp_update(mlp *m) {
    const int64_t adam_t = m->step + 1;
    const double number_1 = m->hyper.lr / (1.0 - nn_pow_d(0.9, (double)adam_t));
    const double number_2 = 1.0 / (1.0 - nn_pow_d(0.999, (double)adam_t));
    const double number_3 = 1.0 - nn_pow_d(0.999, (double)adam_t);

    mlp_update_parameter((real)number_1, (real)number_2, 100352, &m->optimizer.linear_w_m[0][0],
            &m->grads.linear_w[0][0], &m->optimizer.linear_w_v[0][0], &m->params.linear_w[0][0]);
    mlp_update_parameter((real)number_1, (real)number_2, 128, m->optimizer.linear_b_m, m->grads.linear_b,
            m->optimizer.linear_b_v, m->params.linear_b);
    mlp_update_parameter((real)number_1, (real)number_2, 1280, &m->optimizer.linear_2_w_m[0][0],
            &m->grads.linear_2_w[0][0], &m->optimizer.linear_2_w_v[0][0], &m->params.linear_2_w[0][0]);
    mlp_update_linear_2_b((real)number_1, (real)number_3, m->optimizer.linear_2_b_m, m->grads.linear_2_b,
            m->optimizer.linear_2_b_v, m->params.linear_2_b);
    m->step += 1;
}

double mlp_step(mlp *m, int n, const unsigned char *image, const int32_t *digit) {
    if (!mlp_accepts(n, digit)) return (double)NAN;
    const double loss = mlp_gradients(m, n, image, digit);
    mlp_update(m);
    return loss;
}

double mlp_evaluate(mlp *m, int n, const unsigned char *image, const int32_t *digit) {
    if (!mlp_accepts(n, digit)) return (double)NAN;
    const mlp_params *const p = &m->params;
    real *const arena = nn_first_line(m->work.arena);
    int32_t *const whole = m->work.whole;
    real (*const x)[784] = (void *)arena;
    real (*const relu)[128] = (void *)(arena + 50176);
    real (*const logits)[10] = (void *)arena;
    int32_t *const accuracy_right = whole;
    real *const cross_entropy_nll = arena + 640;
    real *const loss = arena;

    mlp_x(n, (const unsigned char (*)[784])image, x);
    mlp_relu(n, p->linear_w, x, p->linear_b, relu);
    mlp_logits(n, p->linear_2_w, relu, p->linear_2_b, logits);
    mlp_cross_entropy_nll(n, logits, digit, accuracy_right, cross_entropy_nll);
    mlp_loss(n, cross_entropy_nll, loss);
    mlp_accuracy_total_next(n, accuracy_right, &m->totals.accuracy_total);
    mlp_accuracy_total_next_2(n, &m->totals.accuracy_total_2);
    return (double)*loss;
}

void mlp_metrics(const mlp *m, double *values) {
    mlp_accuracy(m->totals.accuracy_total, m->totals.accuracy_total_2, &values[0]);
}

void mlp_predict(const mlp_params *p, mlp_predict_work *work, int n, const unsigned char *image,
        nn_real *softmax) {
    if (n < 1 || n > MLP_BATCH) return;
    real *const arena = nn_first_line(work->arena);
    real (*const x)[784] = (void *)arena;
    real (*const relu)[128] = (void *)(arena + 50176);
    real (*const logits)[10] = (void *)arena;

    mlp_x(n, (const unsigned char (*)[784])image, x);
    mlp_relu(n, p->linear_w, x, p->linear_b, relu);
    mlp_logits(n, p->linear_2_w, relu, p->linear_2_b, logits);
    mlp_softmax(n, logits, (void *)softmax);
}

void mlp_predict_one(const mlp_params *p, mlp_predict_work *work, const unsigned char *image,
        nn_real *softmax) {
    real *const arena = nn_first_line(work->arena);
    real *const x = arena;
    real *const relu = arena + 784;
    real *const logits = arena;
    real *const softmax_max = arena + 32;
    real *const softmax_e = arena + 16;
    real *const softmax_sum = arena;

    mlp_predict_one_x((const unsigned char (*)[784])image, x);
    mlp_predict_one_relu(p->linear_w, x, p->linear_b, relu);
    mlp_predict_one_logits(p->linear_2_w, relu, p->linear_2_b, logits);
    mlp_softmax_max(logits, softmax_max);
    mlp_softmax_e(*softmax_max, logits, softmax_e);
    mlp_softmax_sum(softmax_e, softmax_sum);
    mlp_predict_one_softmax(*softmax_sum, softmax_e, (void *)softmax);
}

/* ---- the model as a table ------------------------------------------------------------------------------------ */

#define REAL (sizeof(real) == sizeof(double) ? NN_F64 : NN_F32)

static const char mlp_source[] =
    "# A multilayer perceptron for handwritten digits.\n"
    "model mlp(hidden=128) {\n"
    "    input  image[784] : byte = \"train-images-idx3-ubyte.gz\", \"t10k-images-idx3-ubyte.gz\"\n"
    "    target digit : class[10] = \"train-labels-idx1-ubyte.gz\", \"t10k-labels-idx1-ubyte.gz\"\n"
    "    logits = image/255 |> linear(hidden) |> relu |> linear(10)\n"
    "    output softmax(logits)\n"
    "    loss   cross_entropy(logits, digit)\n"
    "    metric accuracy(logits, digit)\n"
    "    optimizer adam(lr=0.001)\n"
    "    train  batch=64, epochs=10\n"
    "}\n";

static const nn_tensor mlp_inputs_table[] = {
    { "image", NN_U8, 1, { 784 }, 0, 0, 255, "train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.gz", { 0 } },
    { "digit", NN_I32, 0, { 0 }, 0, 0, 9, "train-labels-idx1-ubyte.gz", "t10k-labels-idx1-ubyte.gz", { 0 } },
};
static const nn_tensor mlp_outputs_table[] = {
    { "softmax", REAL, 1, { 10 }, 0, 1, 0, NULL, NULL, { 0 } },
};
static const nn_tensor mlp_params_table[] = {
    { "linear.w", REAL, 2, { 128, 784 }, offsetof(mlp, params.linear_w), 1, 0, NULL, NULL, { 0 } },
    { "linear.b", REAL, 1, { 128 }, offsetof(mlp, params.linear_b), 1, 0, NULL, NULL, { 0 } },
    { "linear_2.w", REAL, 2, { 10, 128 }, offsetof(mlp, params.linear_2_w), 1, 0, NULL, NULL, { 0 } },
    { "linear_2.b", REAL, 1, { 10 }, offsetof(mlp, params.linear_2_b), 1, 0, NULL, NULL, { 0 } },
};
static const nn_tensor mlp_grads_table[] = {
    { "linear.w", REAL, 2, { 128, 784 }, offsetof(mlp, grads.linear_w), 1, 0, NULL, NULL, { 0 } },
    { "linear.b", REAL, 1, { 128 }, offsetof(mlp, grads.linear_b), 1, 0, NULL, NULL, { 0 } },
    { "linear_2.w", REAL, 2, { 10, 128 }, offsetof(mlp, grads.linear_2_w), 1, 0, NULL, NULL, { 0 } },
    { "linear_2.b", REAL, 1, { 10 }, offsetof(mlp, grads.linear_2_b), 1, 0, NULL, NULL, { 0 } },
};
static const nn_tensor mlp_states_table[] = {
    { "optimizer.linear.w.m", REAL, 2, { 128, 784 }, offsetof(mlp, optimizer.linear_w_m), 1, 0, NULL, NULL, { 0 } },
    { "optimizer.linear.w.v", REAL, 2, { 128, 784 }, offsetof(mlp, optimizer.linear_w_v), 1, 0, NULL, NULL, { 0 } },
    { "optimizer.linear.b.m", REAL, 1, { 128 }, offsetof(mlp, optimizer.linear_b_m), 1, 0, NULL, NULL, { 0 } },
    { "optimizer.linear.b.v", REAL, 1, { 128 }, offsetof(mlp, optimizer.linear_b_v), 1, 0, NULL, NULL, { 0 } },
    { "optimizer.linear_2.w.m", REAL, 2, { 10, 128 }, offsetof(mlp, optimizer.linear_2_w_m), 1, 0, NULL, NULL, { 0 } },
    { "optimizer.linear_2.w.v", REAL, 2, { 10, 128 }, offsetof(mlp, optimizer.linear_2_w_v), 1, 0, NULL, NULL, { 0 } },
    { "optimizer.linear_2.b.m", REAL, 1, { 10 }, offsetof(mlp, optimizer.linear_2_b_m), 1, 0, NULL, NULL, { 0 } },
    { "optimizer.linear_2.b.v", REAL, 1, { 10 }, offsetof(mlp, optimizer.linear_2_b_v), 1, 0, NULL, NULL, { 0 } },
};
static const nn_tensor mlp_totals_table[] = {
    { "accuracy_total", NN_F64, 0, { 0 }, offsetof(mlp, totals.accuracy_total), 1, 0, NULL, NULL, { 0 } },
    { "accuracy_total_2", NN_F64, 0, { 0 }, offsetof(mlp, totals.accuracy_total_2), 1, 0, NULL, NULL, { 0 } },
};
static const nn_tensor mlp_hypers_table[] = {
    { "lr", NN_F64, 0, { 0 }, offsetof(mlp, hyper.lr), 1, 0, NULL, NULL, { 0 } },
};
static const char *const mlp_metrics_table[] = { "accuracy" };
static const nn_setting mlp_settings_table[] = { { "epochs", 10 } };

static void mlp_table_init(void *m, uint64_t seed) { mlp_init(m, seed); }
static void mlp_table_reset(void *m) { mlp_reset(m); }
static void mlp_table_metrics(void *m, double *values) { mlp_metrics(m, values); }
static void mlp_table_update(void *m) { mlp_update(m); }
static double mlp_table_gradients(void *m, int n, const int *lengths, const void *const *inputs) {
    (void)lengths;
    return mlp_gradients(m, n, inputs[0], inputs[1]);
}
static double mlp_table_evaluate(void *m, int n, const int *lengths, const void *const *inputs) {
    (void)lengths;
    return mlp_evaluate(m, n, inputs[0], inputs[1]);
}
static void mlp_table_predict(const void *instance, void *memory, void *work, int n, const int *lengths,
        const void *const *inputs, void *const *outputs) {
    (void)lengths;
    const mlp *const m = instance;
    (void)memory;
    if (n == 1) mlp_predict_one(&m->params, work, inputs[0], outputs[0]);
    else mlp_predict(&m->params, work, n, inputs[0], outputs[0]);
}

const nn_model mlp_model = {
    .name = "mlp",
    .source = mlp_source,
    .hash = "fdda7b0e85104714",
    .batch = MLP_BATCH,
    .real = REAL,
    .size = sizeof(mlp),
    .predict_size = sizeof(mlp_predict_work),
    .n_inputs = 1, .n_targets = 1,
    .inputs = mlp_inputs_table,
    .n_outputs = 1,  .outputs = mlp_outputs_table,
    .n_params = 4,  .params = mlp_params_table,
    .n_grads = 4,  .grads = mlp_grads_table,
    .n_states = 8,  .states = mlp_states_table,
    .n_totals = 2,  .totals = mlp_totals_table,
    .n_hypers = 1,  .hypers = mlp_hypers_table,
    .n_metrics = 1,  .metrics = mlp_metrics_table,
    .n_settings = 1,  .settings = mlp_settings_table,
    .step_offset = offsetof(mlp, step),
    .epoch_offset = offsetof(mlp, epoch),
    .seed_offset = offsetof(mlp, seed),
    .init = mlp_table_init,
    .reset = mlp_table_reset,
    .metrics_of = mlp_table_metrics,
    .gradients = mlp_table_gradients,
    .update = mlp_table_update,
    .evaluate = mlp_table_evaluate,
    .predict = mlp_table_predict,
};

NN_MAIN_MODEL(mlp_model)
