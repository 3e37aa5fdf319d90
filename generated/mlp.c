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
 * Memory of one instance, `mlp`, for batches of up to 64: 2 099 792 bytes.
 *     parameters              407 080
 *     gradients               407 080
 *     optimizer               814 160
 *     workspace               471 420
 * To predict: the parameters and a workspace of 233 532 bytes.
 *
 * Compile with -O2 -march=native and the directory of nn.h. With -DNN_DOUBLE all numbers are double.
 * Equations above the functions are per sample. d_x is the gradient of x, w' the next value of w.
 * Where samples stand in blocks of 16, sample 16*block + lane is at [block] .. [lane]. */
#include <nn_team.h>
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
#include <nn_vector.h>

typedef nn_real real;            /* float, or double with -DNN_DOUBLE */
#define R(x) ((real)(x))         /* a constant in that type */

/* ---- forward ------------------------------------------------------------------------------------------------- */

/* mlp.nn:5: x[a] = image[a]/255
 * also in evaluate, predict */
static void mlp_x(nn_range parts, int n, const unsigned char (*restrict image)[784],
        real (*restrict x)[784][16]) {
    for (int part = parts.first; part < parts.last; part++) {
        const int block = part / 28;
        const int a_tile = part % 28;
        for (int lane = 0; lane < 16; lane++)
            for (int a = 0; a < 28; a++)
                x[block][28*a_tile + a][lane] = (real)image[nn_min_i(16*block + lane, n - 1)][28*a_tile + a]
                        / R(255);
    }
}

/* mlp.nn:5: linear_sum[o] = sum(i) linear_w[o, i]*x[i]
 *           relu[a] = max(0, linear_b[a] + linear_sum[a])
 * also in evaluate, predict
 * Schedule: vectors along lane, two at a time, 6 or 5 o side by side; sums in registers over i.
 * Equals: for block, o, lane: for i: sum += linear_w[o, i]*x[block, i, lane] */
static void mlp_relu(nn_range parts, real (*restrict x)[784][16], const real (*restrict linear_w)[784],
        const real *restrict linear_b, real (*restrict relu)[128][16]) {
    for (int block = parts.first; block < parts.last; block++) {
        for (int o_tile = 0; o_tile < 18; o_tile++) {
            real sums[6][16];
            for (int lane = 0; lane < 16; lane += NN_PASS) {
                nn_vec sum[6][NN_PASS / NN_LANES] = {0};
                for (int i = 0; i < 784; i++) {
                    nn_vec held[NN_PASS / NN_LANES];
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        held[l / NN_LANES] = nn_held(&x[block][i][lane + l]);
                    NN_UNROLL for (int o = 0; o < 6; o++)
                        NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                            sum[o][l / NN_LANES] += linear_w[6*o_tile + o][i] * held[l / NN_LANES];
                }
                NN_UNROLL for (int o = 0; o < 6; o++)
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        nn_store(&sums[o][lane + l], sum[o][l / NN_LANES]);
            }
            for (int o = 0; o < 6; o++)
                for (int lane = 0; lane < 16; lane++)
                    relu[block][6*o_tile + o][lane] = nn_max(R(0), linear_b[6*o_tile + o] + sums[o][lane]);
        }
        for (int o_tile = 0; o_tile < 4; o_tile++) {
            real sums[5][16];
            for (int lane = 0; lane < 16; lane += NN_PASS) {
                nn_vec sum[5][NN_PASS / NN_LANES] = {0};
                for (int i = 0; i < 784; i++) {
                    nn_vec held[NN_PASS / NN_LANES];
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        held[l / NN_LANES] = nn_held(&x[block][i][lane + l]);
                    NN_UNROLL for (int o = 0; o < 5; o++)
                        NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                            sum[o][l / NN_LANES] += linear_w[5*o_tile + o + 108][i] * held[l / NN_LANES];
                }
                NN_UNROLL for (int o = 0; o < 5; o++)
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        nn_store(&sums[o][lane + l], sum[o][l / NN_LANES]);
            }
            for (int o = 0; o < 5; o++)
                for (int lane = 0; lane < 16; lane++)
                    relu[block][5*o_tile + o + 108][lane] =
                            nn_max(R(0), linear_b[5*o_tile + o + 108] + sums[o][lane]);
        }
    }
}

/* mlp.nn:5: linear_2_sum[o] = sum(i) linear_2_w[o, i]*relu[i]
 *           logits[o] = linear_2_b[o] + linear_2_sum[o]
 * also in evaluate, predict
 * Schedule: vectors along lane, two at a time, 5 o side by side; sums in registers over i.
 * Equals: for block, o, lane: for i: sum += linear_2_w[o, i]*relu[block, i, lane] */
static void mlp_logits(nn_range parts, real (*restrict relu)[128][16], const real (*restrict linear_2_w)[128],
        const real *restrict linear_2_b, real (*restrict logits)[10][16]) {
    for (int part = parts.first; part < parts.last; part++) {
        const int block = part / 2;
        const int o_tile = part % 2;
        real sums[5][16];
        for (int lane = 0; lane < 16; lane += NN_PASS) {
            nn_vec sum[5][NN_PASS / NN_LANES] = {0};
            for (int i = 0; i < 128; i++) {
                nn_vec held[NN_PASS / NN_LANES];
                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                    held[l / NN_LANES] = nn_held(&relu[block][i][lane + l]);
                NN_UNROLL for (int o = 0; o < 5; o++)
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        sum[o][l / NN_LANES] += linear_2_w[5*o_tile + o][i] * held[l / NN_LANES];
            }
            NN_UNROLL for (int o = 0; o < 5; o++)
                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                    nn_store(&sums[o][lane + l], sum[o][l / NN_LANES]);
        }
        for (int o = 0; o < 5; o++)
            for (int lane = 0; lane < 16; lane++)
                logits[block][5*o_tile + o][lane] = linear_2_b[5*o_tile + o] + sums[o][lane];
    }
}

/* mlp.nn:5: logits_by_sample[block, i1, lane] = logits[block, i1, lane]
 * also in evaluate, predict */
static void mlp_logits_by_sample(int n, real (*restrict logits)[10][16], real (*restrict logits_2)[10]) {
    for (int block = 0; block < (n + 15) / 16; block++)
        for (int lane = 0; lane < 16; lane++)
            for (int i1 = 0; i1 < 10; i1++)
                if (16*block + lane < n)
                    logits_2[16*block + lane][i1] = logits[block][i1][lane];
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
        real sum[10] = {0};
        for (int k = 0; k < 10; k++)
            sum[k] += nn_exp_below(logits[b][k] - cross_entropy_log_softmax_max);
        real total = R(0);
        for (int k = 0; k < 10; k++)
            total += sum[k];
        const real cross_entropy_log_softmax_whole = nn_log(total);
        const real cross_entropy_log_softmax_sum = total;
        cross_entropy_nll[b] = cross_entropy_log_softmax_whole
                - (logits[b][digit[b]] - cross_entropy_log_softmax_max);
        for (int j = 0; j < 10; j++)
            d_logits[b][j] =
                    (nn_exp_below(logits[b][j] - cross_entropy_log_softmax_max) / cross_entropy_log_softmax_sum
                    - (real)(j == digit[b])) * number_1;
    }
}

/* mlp.nn:7: cross_entropy_mean_by_sum = sum(batch) cross_entropy_nll
 *           loss = cross_entropy_mean_by_sum/batch
 * also in evaluate
 * Schedule: vectors along n, two at a time; sums in registers over n; lanes added up at the end.
 * Equals: for n: sum += cross_entropy_nll */
static void mlp_loss(int n, const real *restrict cross_entropy_nll, real *restrict loss) {
    real sums[16];
    for (int lane = 0; lane < 16; lane += NN_PASS) {
        nn_vec sum[NN_PASS / NN_LANES] = {0};
        if (n / 16 >= 4) {
            NN_UNROLL for (int n_tile = 0; n_tile < 4; n_tile++)
                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                    sum[l / NN_LANES] += nn_load(&cross_entropy_nll[16*n_tile + lane + l]);
        }
        else {
            for (int n_tile = 0; n_tile < n / 16; n_tile++)
                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                    sum[l / NN_LANES] += nn_load(&cross_entropy_nll[16*n_tile + lane + l]);
        }
        NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
            nn_store(&sums[lane + l], sum[l / NN_LANES]);
    }
    for (int n_2 = 0; n_2 < n % 16; n_2++)
        sums[n_2] += cross_entropy_nll[n_2 + n - n % 16];
    const real total = nn_sum_lanes(&sums[0]);
    *loss = total / (real)n;
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
    real sum[10] = {0};
    for (int block = 0; block < (n + 15) / 16; block++)
        for (int lane = 0; lane < nn_min_i(16, n - 16*block); lane++)
            for (int o = 0; o < 10; o++)
                sum[o] += d_logits[nn_min_i(16*block + lane, n - 1)][o];
    for (int o = 0; o < 10; o++)
        d_linear_2_b[o] = sum[o];
}

/* mlp.nn:5: relu_by_sample[block, i1, lane] = relu[block, i1, lane]
 * and mlp.nn:5: d_linear_by_sample[block, i1, lane] = d_linear[block, i1, lane] */
static void mlp_relu_by_sample(nn_range parts, int n, real (*restrict relu)[128][16],
        real (*restrict relu_2)[144]) {
    for (int part = parts.first; part < parts.last; part++) {
        const int block = part / 4;
        const int i1_tile = part % 4;
        if (n >= 16*block + 16) {
            for (int i1_square = 0; i1_square < 8; i1_square++)
                for (int lane_square = 0; lane_square < 4; lane_square++)
                    nn_turn(&relu[block][32*i1_tile + 4*i1_square][4*lane_square], 16,
                            &relu_2[16*block + 4*lane_square][32*i1_tile + 4*i1_square], 144);
        }
        else {
            for (int lane = 0; lane < 16; lane++)
                for (int i1 = 0; i1 < 32; i1++)
                    if (16*block + lane < n)
                        relu_2[16*block + lane][32*i1_tile + i1] = relu[block][32*i1_tile + i1][lane];
        }
    }
}

/* mlp.nn:5: d_linear_2_w[o, i] = sum(batch) d_logits[o]*relu[i]
 * Schedule: vectors along i, two at a time, 5 o side by side; sums in registers over n.
 * Equals: for o, i: for n: sum += d_logits[o]*relu[i] */
static void mlp_d_linear_2_w(nn_range parts, int n, real (*restrict relu)[144], real (*restrict d_logits)[10],
        real (*restrict d_linear_2_w)[128]) {
    for (int part = parts.first; part < parts.last; part++) {
        const int i_tile = part / 2;
        const int o_tile = part % 2;
        for (int lane = 0; lane < 16; lane += NN_PASS) {
            nn_vec sum[5][NN_PASS / NN_LANES] = {0};
            for (int b = 0; b < n; b++) {
                nn_vec held[NN_PASS / NN_LANES];
                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                    held[l / NN_LANES] = nn_held(&relu[b][16*i_tile + lane + l]);
                NN_UNROLL for (int o = 0; o < 5; o++)
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        sum[o][l / NN_LANES] += d_logits[b][5*o_tile + o] * held[l / NN_LANES];
            }
            NN_UNROLL for (int o = 0; o < 5; o++)
                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                    nn_store(&d_linear_2_w[5*o_tile + o][16*i_tile + lane + l], sum[o][l / NN_LANES]);
        }
    }
}

/* mlp.nn:7: d_logits_blocks[block < 4, i1, lane < 16] =
 *             where(16*block + lane < batch, samples(d_logits)[min(16*block + lane, batch - 1), i1], 0) */
static void mlp_d_logits_blocks(int n, real (*restrict d_logits)[10],
        real (*restrict d_logits_blocks)[10][16]) {
    for (int block = 0; block < (n + 15) / 16; block++)
        for (int lane = 0; lane < 16; lane++)
            for (int i1 = 0; i1 < 10; i1++) {
                const real t = d_logits[nn_min_i(16*block + lane, n - 1)][i1];
                d_logits_blocks[block][i1][lane] = 16*block + lane < n ? t : R(0);
            }
}

/* mlp.nn:5: d_relu[a] = sum(o) d_logits[o]*linear_2_w[o, a]
 *           d_linear[o] = where(relu[o] > 0, d_relu[o], 0)
 * Schedule: vectors along lane, two at a time, 6 a side by side; sums in registers over o.
 * Equals: for block, a, lane: for o: sum += d_logits_blocks[block, o, lane]*linear_2_w[o, a] */
static void mlp_d_linear(nn_range parts, int n, real (*restrict d_logits_blocks)[10][16],
        const real (*restrict linear_2_w)[128], real (*restrict relu)[128][16],
        real (*restrict d_linear)[128][16]) {
    for (int block = parts.first; block < parts.last; block++)
        for (int a_tile = 0; a_tile < 22; a_tile++) {
            const int a_0 = nn_min_i(6*a_tile, 122);
            real sums[6][16];
            for (int lane = 0; lane < 16; lane += NN_PASS) {
                nn_vec sum[6][NN_PASS / NN_LANES] = {0};
                for (int o = 0; o < 10; o++) {
                    nn_vec held[NN_PASS / NN_LANES];
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        held[l / NN_LANES] = nn_held(&d_logits_blocks[block][o][lane + l]);
                    NN_UNROLL for (int a = 0; a < 6; a++)
                        NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                            sum[a][l / NN_LANES] += held[l / NN_LANES] * linear_2_w[o][a + a_0];
                }
                NN_UNROLL for (int a = 0; a < 6; a++)
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        nn_store(&sums[a][lane + l], sum[a][l / NN_LANES]);
            }
            for (int a = 0; a < 6; a++) {
                for (int lane = 0; lane < 16; lane++) {
                    const real t = sums[a][lane];
                    d_linear[block][a + a_0][lane] = relu[block][a + a_0][lane] > R(0) ? t : R(0);
                }
                for (int lane = nn_max_i(0, n - 16*block); lane < 16; lane++)
                    d_linear[block][a + a_0][lane] = R(0);
            }
        }
}

/* mlp.nn:5: d_linear_b[o] = sum(batch) d_linear[o]
 * Schedule: vectors along lane, two at a time, 6 o side by side; sums in registers over block; lanes added up
 *             at the end.
 * Equals: for o: for block, lane: sum += d_linear[block, o, lane] */
static void mlp_d_linear_b(int n, real (*restrict d_linear)[128][16], real *restrict d_linear_b) {
    for (int o_tile = 0; o_tile < 22; o_tile++) {
        const int o_0 = nn_min_i(6*o_tile, 122);
        real sums[6][16];
        for (int lane = 0; lane < 16; lane += NN_PASS) {
            nn_vec sum[6][NN_PASS / NN_LANES] = {0};
            for (int block = 0; block < (n + 15) / 16; block++)
                NN_UNROLL for (int o = 0; o < 6; o++)
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        sum[o][l / NN_LANES] += nn_load(&d_linear[block][o + o_0][lane + l]);
            NN_UNROLL for (int o = 0; o < 6; o++)
                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                    nn_store(&sums[o][lane + l], sum[o][l / NN_LANES]);
        }
        for (int o = 0; o < 6; o++) {
            const real total = nn_sum_lanes(&sums[o][0]);
            d_linear_b[o + o_0] = total;
        }
    }
}

/* mlp.nn:5: x_by_sample[block, i1, lane] = x[block, i1, lane] */
static void mlp_x_by_sample(nn_range parts, int n, real (*restrict x)[784][16], real (*restrict x_2)[784]) {
    for (int part = parts.first; part < parts.last; part++) {
        const int block = part / 28;
        const int i1_tile = part % 28;
        if (n >= 16*block + 16) {
            for (int i1_square = 0; i1_square < 7; i1_square++)
                for (int lane_square = 0; lane_square < 4; lane_square++)
                    nn_turn(&x[block][28*i1_tile + 4*i1_square][4*lane_square], 16,
                            &x_2[16*block + 4*lane_square][28*i1_tile + 4*i1_square], 784);
        }
        else {
            for (int lane = 0; lane < 16; lane++)
                for (int i1 = 0; i1 < 28; i1++)
                    if (16*block + lane < n)
                        x_2[16*block + lane][28*i1_tile + i1] = x[block][28*i1_tile + i1][lane];
        }
    }
}

/* mlp.nn:5: d_linear_w[o, i] = sum(batch) d_linear[o]*x[i]
 * Schedule: vectors along i, two at a time, 6 or 5 o side by side; sums in registers over n.
 * Equals: for o, i: for n: sum += d_linear[o]*x[i] */
static void mlp_d_linear_w(nn_range parts, int n, real (*restrict x)[784], real (*restrict d_linear)[144],
        real (*restrict d_linear_w)[784]) {
    for (int i_tile = parts.first; i_tile < parts.last; i_tile++) {
        for (int o_tile = 0; o_tile < 18; o_tile++) {
            NN_UNROLL for (int o = 0; o < 6; o++)
                nn_ask(&d_linear_w[6*o_tile + o][16*i_tile + 15]);
            for (int lane = 0; lane < 16; lane += NN_PASS) {
                nn_vec sum[6][NN_PASS / NN_LANES] = {0};
                for (int b = 0; b < n; b++) {
                    nn_vec held[NN_PASS / NN_LANES];
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        held[l / NN_LANES] = nn_held(&x[b][16*i_tile + lane + l]);
                    NN_UNROLL for (int o = 0; o < 6; o++)
                        NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                            sum[o][l / NN_LANES] += d_linear[b][6*o_tile + o] * held[l / NN_LANES];
                }
                NN_UNROLL for (int o = 0; o < 6; o++)
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        nn_store(&d_linear_w[6*o_tile + o][16*i_tile + lane + l], sum[o][l / NN_LANES]);
            }
        }
        for (int o_tile = 0; o_tile < 4; o_tile++) {
            NN_UNROLL for (int o = 0; o < 5; o++)
                nn_ask(&d_linear_w[5*o_tile + o + 108][16*i_tile + 15]);
            for (int lane = 0; lane < 16; lane += NN_PASS) {
                nn_vec sum[5][NN_PASS / NN_LANES] = {0};
                for (int b = 0; b < n; b++) {
                    nn_vec held[NN_PASS / NN_LANES];
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        held[l / NN_LANES] = nn_held(&x[b][16*i_tile + lane + l]);
                    NN_UNROLL for (int o = 0; o < 5; o++)
                        NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                            sum[o][l / NN_LANES] += d_linear[b][5*o_tile + o + 108] * held[l / NN_LANES];
                }
                NN_UNROLL for (int o = 0; o < 5; o++)
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        nn_store(&d_linear_w[5*o_tile + o + 108][16*i_tile + lane + l], sum[o][l / NN_LANES]);
            }
        }
    }
}

/* ---- update -------------------------------------------------------------------------------------------------- */

/* mlp.nn:9: m' = 0.9*m + 0.09999999999999998*g
 *           v' = 0.999*v + 0.0010000000000000009*(g*g)
 *           w' = w - number_1*m'/(sqrt(v'*number_2) + 1e-08)
 * for w in linear_w, linear_b, linear_2_w */
static void mlp_update_parameter(nn_range parts, real number_1, real number_2, int length, real *restrict m,
        const real *restrict g, real *restrict v, real *restrict w) {
    for (int a_2 = 1024*parts.first; a_2 < nn_min_i(1024*parts.last, length); a_2++) {
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
        real sum[10] = {0};
        for (int k = 0; k < 10; k++)
            sum[k] += nn_exp_below(logits[b][k] - cross_entropy_log_softmax_max);
        real total = R(0);
        for (int k = 0; k < 10; k++)
            total += sum[k];
        const real cross_entropy_log_softmax_whole = nn_log(total);
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
        real most[10];
        for (int k = 0; k < 10; k++)
            most[k] = R(-INFINITY);
        for (int k = 0; k < 10; k++)
            most[k] = nn_max(most[k], logits[b][k]);
        real total = R(-INFINITY);
        for (int k = 0; k < 10; k++)
            total = nn_max(total, most[k]);
        const real softmax_max = total;
        for (int j = 0; j < 10; j++)
            softmax_e[j] = nn_exp_below(logits[b][j] - softmax_max);
        real sum[10] = {0};
        for (int k = 0; k < 10; k++)
            sum[k] += softmax_e[k];
        real total_2 = R(0);
        for (int k = 0; k < 10; k++)
            total_2 += sum[k];
        const real softmax_sum = total_2;
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
 *           relu[a] = max(0, linear_b[a] + linear_sum[a])
 * Schedule: vectors along i, two at a time, 4 o side by side; sums in registers over i; lanes added up at the
 *             end.
 * Equals: for o: for i: sum += linear_w[o, i]*x[i] */
static void mlp_predict_one_relu(nn_range parts, const real *restrict x, const real (*restrict linear_w)[784],
        const real *restrict linear_b, real *restrict relu) {
    for (int o_tile = parts.first; o_tile < parts.last; o_tile++) {
        real sums[4][16];
        for (int lane = 0; lane < 16; lane += NN_PASS) {
            nn_vec sum[4][NN_PASS / NN_LANES] = {0};
            for (int i_tile = 0; i_tile < 49; i_tile++) {
                nn_vec held[NN_PASS / NN_LANES];
                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                    held[l / NN_LANES] = nn_held(&x[16*i_tile + lane + l]);
                NN_UNROLL for (int o = 0; o < 4; o++)
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        sum[o][l / NN_LANES] += nn_load(&linear_w[4*o_tile + o][16*i_tile + lane + l])
                                * held[l / NN_LANES];
            }
            NN_UNROLL for (int o = 0; o < 4; o++)
                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                    nn_store(&sums[o][lane + l], sum[o][l / NN_LANES]);
        }
        for (int o = 0; o < 4; o++) {
            const real total = nn_sum_lanes(&sums[o][0]);
            relu[4*o_tile + o] = nn_max(R(0), linear_b[4*o_tile + o] + total);
        }
    }
}

/* mlp.nn:5: linear_2_sum[o] = sum(i) linear_2_w[o, i]*relu[i]
 *           logits[o] = linear_2_b[o] + linear_2_sum[o]
 * Schedule: vectors along i, two at a time, 5 o side by side; sums in registers over i; lanes added up at the
 *             end.
 * Equals: for o: for i: sum += linear_2_w[o, i]*relu[i] */
static void mlp_predict_one_logits(const real *restrict relu, const real (*restrict linear_2_w)[128],
        const real *restrict linear_2_b, real *restrict logits) {
    for (int o_tile = 0; o_tile < 2; o_tile++) {
        real sums[5][16];
        for (int lane = 0; lane < 16; lane += NN_PASS) {
            nn_vec sum[5][NN_PASS / NN_LANES] = {0};
            for (int i_tile = 0; i_tile < 8; i_tile++) {
                nn_vec held[NN_PASS / NN_LANES];
                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                    held[l / NN_LANES] = nn_held(&relu[16*i_tile + lane + l]);
                NN_UNROLL for (int o = 0; o < 5; o++)
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        sum[o][l / NN_LANES] += nn_load(&linear_2_w[5*o_tile + o][16*i_tile + lane + l])
                                * held[l / NN_LANES];
            }
            NN_UNROLL for (int o = 0; o < 5; o++)
                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                    nn_store(&sums[o][lane + l], sum[o][l / NN_LANES]);
        }
        for (int o = 0; o < 5; o++) {
            const real total = nn_sum_lanes(&sums[o][0]);
            logits[5*o_tile + o] = linear_2_b[5*o_tile + o] + total;
        }
    }
}

/* mlp.nn:6: softmax_max = max(k) logits[k] */
static void mlp_softmax_max(const real *restrict logits, real *restrict softmax_max) {
    real most[10];
    for (int k = 0; k < 10; k++)
        most[k] = R(-INFINITY);
    for (int k = 0; k < 10; k++)
        most[k] = nn_max(most[k], logits[k]);
    real total = R(-INFINITY);
    for (int k = 0; k < 10; k++)
        total = nn_max(total, most[k]);
    *softmax_max = total;
}

/* mlp.nn:6: softmax_e[j] = exp(logits[j] - stop(softmax_max)) */
static void mlp_softmax_e(real softmax_max, const real *restrict logits, real *restrict softmax_e) {
    for (int j = 0; j < 10; j++)
        softmax_e[j] = nn_exp_below(logits[j] - softmax_max);
}

/* mlp.nn:6: softmax_sum = sum(k) softmax_e[k] */
static void mlp_softmax_sum(const real *restrict softmax_e, real *restrict softmax_sum) {
    real sum[10] = {0};
    for (int k = 0; k < 10; k++)
        sum[k] += softmax_e[k];
    real total = R(0);
    for (int k = 0; k < 10; k++)
        total += sum[k];
    *softmax_sum = total;
}

/* mlp.nn:6: softmax[n < 1, a] = softmax_e[a]/softmax_sum */
static void mlp_predict_one_softmax(real softmax_sum, const real *restrict softmax_e,
        real (*restrict softmax)[10]) {
    for (int a = 0; a < 10; a++)
        softmax[0][a] = softmax_e[a] / softmax_sum;
}

/* ---- first values of parameters and states ------------------------------------------------------------------- */

/* mlp.nn:5: linear_w[a < 128, a2 < 784] = -0.03571428571428571 + 0.07142857142857142*random() */
static void mlp_init_linear_w(uint32_t key, real *restrict linear_w) {
    for (int a_2 = 0; a_2 < 100352; a_2++)
        linear_w[a_2] = R(-0.03571428571428571) + R(0.07142857142857142) * nn_uniform(key, (uint64_t)a_2);
}

/* mlp.nn:5: linear_b[a < 128] = -0.03571428571428571 + 0.07142857142857142*random() */
static void mlp_init_linear_b(uint32_t key, real *restrict linear_b) {
    for (int a = 0; a < 128; a++)
        linear_b[a] = R(-0.03571428571428571) + R(0.07142857142857142) * nn_uniform(key, (uint64_t)a);
}

/* mlp.nn:5: linear_2_w[a < 10, a2 < 128] = -0.08838834764831843 + 0.17677669529663687*random() */
static void mlp_init_linear_2_w(uint32_t key, real *restrict linear_2_w) {
    for (int a_2 = 0; a_2 < 1280; a_2++)
        linear_2_w[a_2] = R(-0.08838834764831843) + R(0.17677669529663687) * nn_uniform(key, (uint64_t)a_2);
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

    mlp_init_linear_w(key_linear_w, &m->params.linear_w[0][0]);
    mlp_init_linear_b(key_linear_b, m->params.linear_b);
    mlp_init_linear_2_w(key_linear_2_w, &m->params.linear_2_w[0][0]);
    mlp_init_linear_2_b(key_linear_2_b, m->params.linear_2_b);
}

/* Whether a call may run: n is in 1 .. MLP_BATCH, and integers are in their declared ranges. */
static int mlp_accepts(int n, const int32_t *digit) {
    if (n < 1 || n > MLP_BATCH) return 0;
    for (int k = 0; k < n; k++)
        if (digit[k] < 0 || digit[k] > 9) return 0;
    return 1;
}

/* A call of gradients, as the threads of a team get it. */
typedef struct mlp_gradients_call {
    mlp *m;
    int n;
    const unsigned char *image;
    const int32_t *digit;
    double number_1;
} mlp_gradients_call;

/* What each thread does: some of the parts of a kernel, or all of one that is its own to run. */
static void mlp_gradients_share(const void *handed, nn_thread thread) {
    const mlp_gradients_call *const call = handed;
    mlp *const m = call->m;
    const int n = call->n;
    const unsigned char *const image = call->image;
    const int32_t *const digit = call->digit;
    const double number_1 = call->number_1;
    const mlp_params *const p = &m->params;
    real *const arena = nn_first_line(m->work.arena);
    int32_t *const whole = m->work.whole;
    real (*const x)[784][16] = (void *)arena;
    real (*const relu)[128][16] = (void *)(arena + 59392);
    real (*const logits)[10][16] = (void *)(arena + 67584);
    real (*const logits_2)[10] = (void *)(arena + 68224);
    int32_t *const accuracy_right = whole;
    real *const cross_entropy_nll = arena + 69504;
    real (*const d_logits)[10] = (void *)(arena + 68864);
    real *const loss = arena + 117760;
    real (*const relu_2)[144] = (void *)(arena + 50176);
    real (*const d_logits_blocks)[10][16] = (void *)(arena + 67584);
    real (*const d_linear)[128][16] = (void *)(arena + 109568);
    real (*const d_linear_2)[144] = (void *)(arena + 100352);
    real (*const x_2)[784] = (void *)(arena + 50176);

    NN_PARTS(parts, thread, 28*((n + 15) / 16)) mlp_x(parts, n, (const unsigned char (*)[784])image, x);
    nn_wait(thread);
    NN_PARTS(parts, thread, (n + 15) / 16) mlp_relu(parts, x, p->linear_w, p->linear_b, relu);
    nn_wait(thread);
    NN_PARTS(parts, thread, 2*((n + 15) / 16)) mlp_logits(parts, relu, p->linear_2_w, p->linear_2_b, logits);
    nn_wait(thread);
    if (nn_mine(thread, 0)) {
        mlp_logits_by_sample(n, logits, logits_2);
        mlp_d_logits(n, (real)number_1, logits_2, digit, accuracy_right, cross_entropy_nll, d_logits);
        mlp_loss(n, cross_entropy_nll, loss);
        mlp_accuracy_total_next(n, accuracy_right, &m->totals.accuracy_total);
    }
    if (nn_mine(thread, 1))
        mlp_accuracy_total_next_2(n, &m->totals.accuracy_total_2);

    /* backward */
    if (nn_mine(thread, 0))
        mlp_d_linear_2_b(n, d_logits, m->grads.linear_2_b);
    NN_PARTS(parts, thread, 4*((n + 15) / 16)) mlp_relu_by_sample(parts, n, relu, relu_2);
    nn_wait(thread);
    NN_PARTS(parts, thread, 16) mlp_d_linear_2_w(parts, n, relu_2, d_logits, m->grads.linear_2_w);
    if (nn_mine(thread, 0))
        mlp_d_logits_blocks(n, d_logits, d_logits_blocks);
    nn_wait(thread);
    NN_PARTS(parts, thread, (n + 15) / 16) mlp_d_linear(parts, n, d_logits_blocks, p->linear_2_w, relu,
            d_linear);
    nn_wait(thread);
    if (nn_mine(thread, 0))
        mlp_d_linear_b(n, d_linear, m->grads.linear_b);
    NN_PARTS(parts, thread, 4*((n + 15) / 16)) mlp_relu_by_sample(parts, n, d_linear, d_linear_2);
    NN_PARTS(parts, thread, 28*((n + 15) / 16)) mlp_x_by_sample(parts, n, x, x_2);
    nn_wait(thread);
    NN_PARTS(parts, thread, 49) mlp_d_linear_w(parts, n, x_2, d_linear_2, m->grads.linear_w);
}

double mlp_gradients(mlp *m, int n, const unsigned char *image, const int32_t *digit) {
    if (!mlp_accepts(n, digit)) return (double)NAN;
    const double number_1 = 1.0 / (double)n;
    const mlp_gradients_call call = { m, n, image, digit, number_1 };
    nn_on_team(mlp_gradients_share, &call);
    return (double)nn_first_line(m->work.arena)[117760];
}

/* A call of update, as the threads of a team get it. */
typedef struct mlp_update_call {
    mlp *m;
    double number_1;
    double number_2;
    double number_3;
} mlp_update_call;

/* What each thread does: some of the parts of a kernel, or all of one that is its own to run. */
static void mlp_update_share(const void *handed, nn_thread thread) {
    const mlp_update_call *const call = handed;
    mlp *const m = call->m;
    const double number_1 = call->number_1;
    const double number_2 = call->number_2;
    const double number_3 = call->number_3;

    NN_PARTS(parts, thread, 98) mlp_update_parameter(parts, (real)number_1, (real)number_2, 100352,
            &m->optimizer.linear_w_m[0][0], &m->grads.linear_w[0][0], &m->optimizer.linear_w_v[0][0],
            &m->params.linear_w[0][0]);
    if (nn_mine(thread, 0))
        mlp_update_parameter(nn_whole(1), (real)number_1, (real)number_2, 128, m->optimizer.linear_b_m,
                m->grads.linear_b, m->optimizer.linear_b_v, m->params.linear_b);
    NN_PARTS(parts, thread, 2) mlp_update_parameter(parts, (real)number_1, (real)number_2, 1280,
            &m->optimizer.linear_2_w_m[0][0], &m->grads.linear_2_w[0][0], &m->optimizer.linear_2_w_v[0][0],
            &m->params.linear_2_w[0][0]);
    if (nn_mine(thread, 1))
        mlp_update_linear_2_b((real)number_1, (real)number_3, m->optimizer.linear_2_b_m, m->grads.linear_2_b,
                m->optimizer.linear_2_b_v, m->params.linear_2_b);
}

void mlp_update(mlp *m) {
    const int64_t adam_t = m->step + 1;
    const double number_1 = m->hyper.lr / (1.0 - nn_pow_d(0.9, (double)adam_t));
    const double number_2 = 1.0 / (1.0 - nn_pow_d(0.999, (double)adam_t));
    const double number_3 = 1.0 - nn_pow_d(0.999, (double)adam_t);
    const mlp_update_call call = { m, number_1, number_2, number_3 };
    nn_on_team(mlp_update_share, &call);
    m->step += 1;
}

double mlp_step(mlp *m, int n, const unsigned char *image, const int32_t *digit) {
    if (!mlp_accepts(n, digit)) return (double)NAN;
    const double loss = mlp_gradients(m, n, image, digit);
    mlp_update(m);
    return loss;
}

/* A call of evaluate, as the threads of a team get it. */
typedef struct mlp_evaluate_call {
    mlp *m;
    int n;
    const unsigned char *image;
    const int32_t *digit;
} mlp_evaluate_call;

/* What each thread does: some of the parts of a kernel, or all of one that is its own to run. */
static void mlp_evaluate_share(const void *handed, nn_thread thread) {
    const mlp_evaluate_call *const call = handed;
    mlp *const m = call->m;
    const int n = call->n;
    const unsigned char *const image = call->image;
    const int32_t *const digit = call->digit;
    const mlp_params *const p = &m->params;
    real *const arena = nn_first_line(m->work.arena);
    int32_t *const whole = m->work.whole;
    real (*const x)[784][16] = (void *)arena;
    real (*const relu)[128][16] = (void *)(arena + 50176);
    real (*const logits)[10][16] = (void *)arena;
    real (*const logits_2)[10] = (void *)(arena + 640);
    int32_t *const accuracy_right = whole;
    real *const cross_entropy_nll = arena + 1280;
    real *const loss = arena + 1344;

    NN_PARTS(parts, thread, 28*((n + 15) / 16)) mlp_x(parts, n, (const unsigned char (*)[784])image, x);
    nn_wait(thread);
    NN_PARTS(parts, thread, (n + 15) / 16) mlp_relu(parts, x, p->linear_w, p->linear_b, relu);
    nn_wait(thread);
    NN_PARTS(parts, thread, 2*((n + 15) / 16)) mlp_logits(parts, relu, p->linear_2_w, p->linear_2_b, logits);
    nn_wait(thread);
    if (nn_mine(thread, 0)) {
        mlp_logits_by_sample(n, logits, logits_2);
        mlp_cross_entropy_nll(n, logits_2, digit, accuracy_right, cross_entropy_nll);
        mlp_loss(n, cross_entropy_nll, loss);
        mlp_accuracy_total_next(n, accuracy_right, &m->totals.accuracy_total);
    }
    if (nn_mine(thread, 1))
        mlp_accuracy_total_next_2(n, &m->totals.accuracy_total_2);
}

double mlp_evaluate(mlp *m, int n, const unsigned char *image, const int32_t *digit) {
    if (!mlp_accepts(n, digit)) return (double)NAN;
    const mlp_evaluate_call call = { m, n, image, digit };
    nn_on_team(mlp_evaluate_share, &call);
    return (double)nn_first_line(m->work.arena)[1344];
}

void mlp_metrics(const mlp *m, double *values) {
    mlp_accuracy(m->totals.accuracy_total, m->totals.accuracy_total_2, &values[0]);
}

/* A call of predict, as the threads of a team get it. */
typedef struct mlp_predict_call {
    const mlp_params *p;
    mlp_predict_work *work;
    int n;
    const unsigned char *image;
    nn_real *softmax;
} mlp_predict_call;

/* What each thread does: some of the parts of a kernel, or all of one that is its own to run. */
static void mlp_predict_share(const void *handed, nn_thread thread) {
    const mlp_predict_call *const call = handed;
    const mlp_params *const p = call->p;
    mlp_predict_work *const work = call->work;
    const int n = call->n;
    const unsigned char *const image = call->image;
    nn_real *const softmax = call->softmax;
    real *const arena = nn_first_line(work->arena);
    real (*const x)[784][16] = (void *)arena;
    real (*const relu)[128][16] = (void *)(arena + 50176);
    real (*const logits)[10][16] = (void *)arena;
    real (*const logits_2)[10] = (void *)(arena + 640);

    NN_PARTS(parts, thread, 28*((n + 15) / 16)) mlp_x(parts, n, (const unsigned char (*)[784])image, x);
    nn_wait(thread);
    NN_PARTS(parts, thread, (n + 15) / 16) mlp_relu(parts, x, p->linear_w, p->linear_b, relu);
    nn_wait(thread);
    NN_PARTS(parts, thread, 2*((n + 15) / 16)) mlp_logits(parts, relu, p->linear_2_w, p->linear_2_b, logits);
    nn_wait(thread);
    if (nn_mine(thread, 0)) {
        mlp_logits_by_sample(n, logits, logits_2);
        mlp_softmax(n, logits_2, (void *)softmax);
    }
}

void mlp_predict(const mlp_params *p, mlp_predict_work *work, int n, const unsigned char *image,
        nn_real *softmax) {
    if (n < 1 || n > MLP_BATCH) return;
    const mlp_predict_call call = { p, work, n, image, softmax };
    nn_on_team(mlp_predict_share, &call);
}

/* A call of predict_one, as the threads of a team get it. */
typedef struct mlp_predict_one_call {
    const mlp_params *p;
    mlp_predict_work *work;
    const unsigned char *image;
    nn_real *softmax;
} mlp_predict_one_call;

/* What each thread does: some of the parts of a kernel, or all of one that is its own to run. */
static void mlp_predict_one_share(const void *handed, nn_thread thread) {
    const mlp_predict_one_call *const call = handed;
    const mlp_params *const p = call->p;
    mlp_predict_work *const work = call->work;
    const unsigned char *const image = call->image;
    nn_real *const softmax = call->softmax;
    real *const arena = nn_first_line(work->arena);
    real *const x = arena;
    real *const relu = arena + 784;
    real *const logits = arena;
    real *const softmax_max = arena + 32;
    real *const softmax_e = arena + 16;
    real *const softmax_sum = arena + 48;

    if (nn_mine(thread, 0))
        mlp_predict_one_x((const unsigned char (*)[784])image, x);
    nn_wait(thread);
    NN_PARTS(parts, thread, 32) mlp_predict_one_relu(parts, x, p->linear_w, p->linear_b, relu);
    nn_wait(thread);
    if (nn_mine(thread, 0)) {
        mlp_predict_one_logits(relu, p->linear_2_w, p->linear_2_b, logits);
        mlp_softmax_max(logits, softmax_max);
        mlp_softmax_e(*softmax_max, logits, softmax_e);
        mlp_softmax_sum(softmax_e, softmax_sum);
        mlp_predict_one_softmax(*softmax_sum, softmax_e, (void *)softmax);
    }
}

void mlp_predict_one(const mlp_params *p, mlp_predict_work *work, const unsigned char *image,
        nn_real *softmax) {
    const mlp_predict_one_call call = { p, work, image, softmax };
    nn_on_team(mlp_predict_one_share, &call);
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
