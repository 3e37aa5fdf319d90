/* SPDX-License-Identifier: 0BSD */
/* The model `lenet`, compiled from lenet.nn by nnc.
 * This file is your own, without conditions.
 *
 *    1  # LeNet-5 on 28x28 grey images.
 *    2  model lenet {
 *    3      input  image[1, 28, 28] : byte =
 *    4          "/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz",
 *    5          "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz"
 *    6      target kind : class[10] =
 *    7          "/usr/share/datasets/fashion-mnist/train-labels-idx1-ubyte.gz",
 *    8          "/usr/share/datasets/fashion-mnist/t10k-labels-idx1-ubyte.gz"
 *    9      x = image/255 |> conv2d(6, 5, pad=2) |> relu |> maxpool2d(2)
 *   10                    |> conv2d(16, 5)       |> relu |> maxpool2d(2)
 *   11                    |> flatten |> linear(120) |> relu |> linear(84) |> relu
 *   12      logits = x |> linear(10)
 *   13      output softmax(logits)
 *   14      loss   cross_entropy(logits, kind)
 *   15      metric accuracy(logits, kind)
 *   16      optimizer adam(lr=0.001)
 *   17      train  batch=64, epochs=10
 *   18  }
 *
 *     conv2d_f    [6][1][5][5]                  150    line 9
 *     conv2d_b    [6]                             6    line 9
 *     conv2d_2_f  [16][6][5][5]               2 400    line 10
 *     conv2d_2_b  [16]                           16    line 10
 *     linear_w    [120][400]                 48 000    line 11
 *     linear_b    [120]                         120    line 11
 *     linear_2_w  [84][120]                  10 080    line 11
 *     linear_2_b  [84]                           84    line 11
 *     linear_3_w  [10][84]                      840    line 12
 *     linear_3_b  [10]                           10    line 12
 *     parameters                             61 706
 *
 * Memory of one instance, `lenet`, for batches of up to 64: 3 345 680 bytes.
 *     parameters              246 824
 *     gradients               246 824
 *     optimizer               493 648
 *     workspace             2 358 332
 * To predict: the parameters and a workspace of 1 548 348 bytes.
 *
 * Compile with -O2 -march=native and the directory of nn.h. With -DNN_DOUBLE all numbers are double.
 * Equations above the functions are per sample. d_x is the gradient of x, w' the next value of w.
 * Where samples stand in blocks of 16, sample 16*block + lane is at [block] .. [lane]. */
#include <nn_team.h>
#include "lenet.h"
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

/* lenet.nn:9: x[a < 1, a2, a3] = image[0, a2, a3]/255
 * also in evaluate, predict */
static void lenet_x(nn_range parts, int n, const unsigned char (*restrict image)[1][28][28],
        real (*restrict x)[1][29][28][16]) {
    for (int part = parts.first; part < parts.last; part++) {
        const int block = part / 28;
        const int a_2 = part % 28;
        for (int lane = 0; lane < 16; lane++)
            for (int a_3 = 0; a_3 < 28; a_3++)
                x[block][0][a_2][a_3][lane] = (real)image[nn_min_i(16*block + lane, n - 1)][0][a_2][a_3]
                        / R(255);
    }
}

/* lenet.nn:9: conv2d_correlate2d[q, i < 28, j < 28] = sum(c < 1, u, v)
 *               conv2d_f[q, 0, u, v]*x[0, i + u - 2, j + v - 2 else 0]
 *             relu[a, a2, a3] = max(0, conv2d_b[a] + conv2d_correlate2d[a, a2, a3])
 * also in evaluate, predict
 * Schedule: vectors along lane, two at a time, 6 q side by side; sums in registers over c, u, v.
 * Equals: for block, q, i, j, lane: for c, u, v: sum +=
 *           conv2d_f[q, 0, u, v]*x[block, 0, i + u - 2, j + v - 2, lane else 0] */
static void lenet_relu(nn_range parts, real (*restrict x)[1][29][28][16],
        const real (*restrict conv2d_f)[1][5][5], const real *restrict conv2d_b,
        real (*restrict relu)[6][29][28][16]) {
    for (int part = parts.first; part < parts.last; part++) {
        const int block = part / 28;
        const int i = part % 28;
        for (int j = 0; j < 28; j++) {
            real sums[6][16];
            for (int lane = 0; lane < 16; lane += NN_PASS) {
                nn_vec sum[6][NN_PASS / NN_LANES] = {0};
                if (j >= 2 && j < 26) {
                    for (int u = nn_max_i(0, 2 - i); u < nn_min_i(5, 30 - i); u++)
                        NN_UNROLL for (int v = 0; v < 5; v++) {
                            nn_vec held[NN_PASS / NN_LANES];
                            NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                                held[l / NN_LANES] = nn_held(&x[block][0][u + i - 2][j + v - 2][lane + l]);
                            NN_UNROLL for (int q = 0; q < 6; q++)
                                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                                    sum[q][l / NN_LANES] += conv2d_f[q][0][u][v] * held[l / NN_LANES];
                        }
                }
                else {
                    for (int u = nn_max_i(0, 2 - i); u < nn_min_i(5, 30 - i); u++)
                        for (int v = nn_max_i(0, 2 - j); v < nn_min_i(5, 30 - j); v++) {
                            nn_vec held[NN_PASS / NN_LANES];
                            NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                                held[l / NN_LANES] = nn_held(&x[block][0][u + i - 2][j + v - 2][lane + l]);
                            NN_UNROLL for (int q = 0; q < 6; q++)
                                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                                    sum[q][l / NN_LANES] += conv2d_f[q][0][u][v] * held[l / NN_LANES];
                        }
                }
                NN_UNROLL for (int q = 0; q < 6; q++)
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        nn_store(&sums[q][lane + l], sum[q][l / NN_LANES]);
            }
            for (int q = 0; q < 6; q++)
                for (int lane = 0; lane < 16; lane++)
                    relu[block][q][i][j][lane] = nn_max(R(0), conv2d_b[q] + sums[q][lane]);
        }
    }
}

/* lenet.nn:9: maxpool2d[c, i < 14, j < 14] = max(u < 2, v < 2) relu[c, 2*i + u, 2*j + v]
 *             maxpool2d_winner[c, i < 14, j < 14] = argmax(u < 2, v < 2) relu[c, 2*i + u, 2*j + v] */
static void lenet_maxpool2d_winner(nn_range parts, real (*restrict relu)[6][29][28][16],
        real (*restrict maxpool2d)[6][14][14][16], int32_t (*restrict maxpool2d_winner)[6][14][14][16]) {
    for (int part = parts.first; part < parts.last; part++) {
        const int block = part / 84;
        const int c = part / 14 % 6;
        const int i = part % 14;
        for (int j = 0; j < 14; j++)
            for (int lane = 0; lane < 16; lane++) {
                real most = relu[block][c][2*i][2*j][lane];
                most = nn_max(most, relu[block][c][2*i][2*j + 1][lane]);
                most = nn_max(most, relu[block][c][2*i + 1][2*j][lane]);
                most = nn_max(most, relu[block][c][2*i + 1][2*j + 1][lane]);
                int winner = 3;
                winner = ((relu[block][c][2*i + 1][2*j][lane] == most) | (relu[block][c][2*i + 1][2*j][lane]
                        != relu[block][c][2*i + 1][2*j][lane])) ? 2 : winner;
                winner = ((relu[block][c][2*i][2*j + 1][lane] == most) | (relu[block][c][2*i][2*j + 1][lane]
                        != relu[block][c][2*i][2*j + 1][lane])) ? 1 : winner;
                winner = ((relu[block][c][2*i][2*j][lane] == most) | (relu[block][c][2*i][2*j][lane]
                        != relu[block][c][2*i][2*j][lane])) ? 0 : winner;
                maxpool2d[block][c][i][j][lane] = most;
                maxpool2d_winner[block][c][i][j][lane] = winner;
            }
    }
}

/* lenet.nn:10: conv2d_2_correlate2d[q, i < 10, j < 10] = sum(c, u, v)
 *                conv2d_2_f[q, c, u, v]*maxpool2d[c, i + u, j + v]
 *              relu_2[a, a2, a3] = max(0, conv2d_2_b[a] + conv2d_2_correlate2d[a, a2, a3])
 * also in evaluate, predict
 * Schedule: vectors along lane, two at a time, 6 or 5 q side by side; sums in registers over c, u, v.
 * Equals: for block, q, i, j, lane: for c, u, v: sum +=
 *           conv2d_2_f[q, c, u, v]*maxpool2d[block, c, i + u, j + v, lane] */
static void lenet_relu_2(nn_range parts, real (*restrict maxpool2d)[6][14][14][16],
        const real (*restrict conv2d_2_f)[6][5][5], const real *restrict conv2d_2_b,
        real (*restrict relu_2)[16][10][10][16]) {
    for (int part = parts.first; part < parts.last; part++) {
        const int block = part / 10;
        const int i = part % 10;
        for (int j = 0; j < 10; j++) {
            real sums[6][16];
            NN_UNROLL for (int q = 0; q < 6; q++)
                nn_ask(&relu_2[block][q][i][j][15]);
            for (int c = 0; c < 6; c++)
                nn_ask(&maxpool2d[block][c][i + 4][nn_min_i(j + 5, 13)][15]);
            for (int lane = 0; lane < 16; lane += NN_PASS) {
                nn_vec sum[6][NN_PASS / NN_LANES] = {0};
                for (int c = 0; c < 6; c++)
                    for (int u = 0; u < 5; u++)
                        NN_UNROLL for (int v = 0; v < 5; v++) {
                            nn_vec held[NN_PASS / NN_LANES];
                            NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                                held[l / NN_LANES] = nn_held(&maxpool2d[block][c][u + i][j + v][lane + l]);
                            NN_UNROLL for (int q = 0; q < 6; q++)
                                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                                    sum[q][l / NN_LANES] += conv2d_2_f[q][c][u][v] * held[l / NN_LANES];
                        }
                NN_UNROLL for (int q = 0; q < 6; q++)
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        nn_store(&sums[q][lane + l], sum[q][l / NN_LANES]);
            }
            for (int q = 0; q < 6; q++)
                for (int lane = 0; lane < 16; lane++)
                    relu_2[block][q][i][j][lane] = nn_max(R(0), conv2d_2_b[q] + sums[q][lane]);
            for (int q_tile = 0; q_tile < 2; q_tile++) {
                real sums_2[5][16];
                NN_UNROLL for (int q = 0; q < 5; q++)
                    nn_ask(&relu_2[block][5*q_tile + q + 6][i][j][15]);
                for (int c = 0; c < 6; c++)
                    nn_ask(&maxpool2d[block][c][i + 4][nn_min_i(j + 5, 13)][15]);
                for (int lane = 0; lane < 16; lane += NN_PASS) {
                    nn_vec sum[5][NN_PASS / NN_LANES] = {0};
                    for (int c = 0; c < 6; c++)
                        for (int u = 0; u < 5; u++)
                            NN_UNROLL for (int v = 0; v < 5; v++) {
                                nn_vec held[NN_PASS / NN_LANES];
                                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                                    held[l / NN_LANES] = nn_held(&maxpool2d[block][c][u + i][j + v][lane + l]);
                                NN_UNROLL for (int q = 0; q < 5; q++)
                                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                                        sum[q][l / NN_LANES] += conv2d_2_f[5*q_tile + q + 6][c][u][v]
                                                * held[l / NN_LANES];
                            }
                    NN_UNROLL for (int q = 0; q < 5; q++)
                        NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                            nn_store(&sums_2[q][lane + l], sum[q][l / NN_LANES]);
                }
                for (int q = 0; q < 5; q++)
                    for (int lane = 0; lane < 16; lane++)
                        relu_2[block][5*q_tile + q + 6][i][j][lane] =
                                nn_max(R(0), conv2d_2_b[5*q_tile + q + 6] + sums_2[q][lane]);
            }
        }
    }
}

/* lenet.nn:10: maxpool2d_2[c, i < 5, j < 5] = max(u < 2, v < 2) relu_2[c, 2*i + u, 2*j + v]
 *              maxpool2d_2_winner[c, i < 5, j < 5] = argmax(u < 2, v < 2) relu_2[c, 2*i + u, 2*j + v] */
static void lenet_maxpool2d_2_winner(nn_range parts, real (*restrict relu_2)[16][10][10][16],
        real (*restrict maxpool2d_2)[16][5][5][16], int32_t (*restrict maxpool2d_2_winner)[16][5][5][16]) {
    for (int part = parts.first; part < parts.last; part++) {
        const int block = part / 16;
        const int c = part % 16;
        for (int i = 0; i < 5; i++)
            for (int j = 0; j < 5; j++)
                for (int lane = 0; lane < 16; lane++) {
                    real most = relu_2[block][c][2*i][2*j][lane];
                    most = nn_max(most, relu_2[block][c][2*i][2*j + 1][lane]);
                    most = nn_max(most, relu_2[block][c][2*i + 1][2*j][lane]);
                    most = nn_max(most, relu_2[block][c][2*i + 1][2*j + 1][lane]);
                    int winner = 3;
                    winner = ((relu_2[block][c][2*i + 1][2*j][lane]
                            == most) | (relu_2[block][c][2*i + 1][2*j][lane]
                            != relu_2[block][c][2*i + 1][2*j][lane])) ? 2 : winner;
                    winner = ((relu_2[block][c][2*i][2*j + 1][lane]
                            == most) | (relu_2[block][c][2*i][2*j + 1][lane]
                            != relu_2[block][c][2*i][2*j + 1][lane])) ? 1 : winner;
                    winner = ((relu_2[block][c][2*i][2*j][lane] == most) | (relu_2[block][c][2*i][2*j][lane]
                            != relu_2[block][c][2*i][2*j][lane])) ? 0 : winner;
                    maxpool2d_2[block][c][i][j][lane] = most;
                    maxpool2d_2_winner[block][c][i][j][lane] = winner;
                }
    }
}

/* lenet.nn:11: flatten[q < 400] = maxpool2d_2[q//25, q//5 % 5, q % 5]
 * also in evaluate, predict */
static void lenet_flatten(nn_range parts, real (*restrict maxpool2d_2)[16][5][5][16],
        real (*restrict flatten)[400][16]) {
    for (int part = parts.first; part < parts.last; part++) {
        const int block = part / 16;
        const int q = part % 16;
        for (int q_rest = 0; q_rest < 5; q_rest++)
            for (int q_rest_2 = 0; q_rest_2 < 5; q_rest_2++)
                for (int lane = 0; lane < 16; lane++)
                    flatten[block][25*q + 5*q_rest + q_rest_2][lane] =
                            maxpool2d_2[block][q][q_rest][q_rest_2][lane];
    }
}

/* lenet.nn:11: linear_sum[o] = sum(i) linear_w[o, i]*flatten[i]
 *              relu_3[a] = max(0, linear_b[a] + linear_sum[a])
 * also in evaluate, predict
 * Schedule: vectors along lane, two at a time, 6 o side by side; sums in registers over i.
 * Equals: for block, o, lane: for i: sum += linear_w[o, i]*flatten[block, i, lane] */
static void lenet_relu_3(nn_range parts, real (*restrict flatten)[400][16],
        const real (*restrict linear_w)[400], const real *restrict linear_b, real (*restrict relu_3)[120][16]) {
    for (int part = parts.first; part < parts.last; part++) {
        const int block = part / 20;
        const int o_tile = part % 20;
        real sums[6][16];
        for (int lane = 0; lane < 16; lane += NN_PASS) {
            nn_vec sum[6][NN_PASS / NN_LANES] = {0};
            for (int i = 0; i < 400; i++) {
                nn_vec held[NN_PASS / NN_LANES];
                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                    held[l / NN_LANES] = nn_held(&flatten[block][i][lane + l]);
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
                relu_3[block][6*o_tile + o][lane] = nn_max(R(0), linear_b[6*o_tile + o] + sums[o][lane]);
    }
}

/* lenet.nn:11: linear_2_sum[o] = sum(i) linear_2_w[o, i]*relu_3[i]
 * lenet.nn:9: x_2[a] = max(0, linear_2_b[a] + linear_2_sum[a])
 * also in evaluate, predict
 * Schedule: vectors along lane, two at a time, 6 o side by side; sums in registers over i.
 * Equals: for block, o, lane: for i: sum += linear_2_w[o, i]*relu_3[block, i, lane] */
static void lenet_x_2(nn_range parts, real (*restrict relu_3)[120][16], const real (*restrict linear_2_w)[120],
        const real *restrict linear_2_b, real (*restrict x_2)[84][16]) {
    for (int part = parts.first; part < parts.last; part++) {
        const int block = part / 14;
        const int o_tile = part % 14;
        real sums[6][16];
        for (int lane = 0; lane < 16; lane += NN_PASS) {
            nn_vec sum[6][NN_PASS / NN_LANES] = {0};
            for (int i = 0; i < 120; i++) {
                nn_vec held[NN_PASS / NN_LANES];
                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                    held[l / NN_LANES] = nn_held(&relu_3[block][i][lane + l]);
                NN_UNROLL for (int o = 0; o < 6; o++)
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        sum[o][l / NN_LANES] += linear_2_w[6*o_tile + o][i] * held[l / NN_LANES];
            }
            NN_UNROLL for (int o = 0; o < 6; o++)
                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                    nn_store(&sums[o][lane + l], sum[o][l / NN_LANES]);
        }
        for (int o = 0; o < 6; o++)
            for (int lane = 0; lane < 16; lane++)
                x_2[block][6*o_tile + o][lane] = nn_max(R(0), linear_2_b[6*o_tile + o] + sums[o][lane]);
    }
}

/* lenet.nn:12: linear_3_sum[o] = sum(i) linear_3_w[o, i]*x_2[i]
 *              logits[o] = linear_3_b[o] + linear_3_sum[o]
 * also in evaluate, predict
 * Schedule: vectors along lane, two at a time, 5 o side by side; sums in registers over i.
 * Equals: for block, o, lane: for i: sum += linear_3_w[o, i]*x_2[block, i, lane] */
static void lenet_logits(nn_range parts, real (*restrict x_2)[84][16], const real (*restrict linear_3_w)[84],
        const real *restrict linear_3_b, real (*restrict logits)[10][16]) {
    for (int part = parts.first; part < parts.last; part++) {
        const int block = part / 2;
        const int o_tile = part % 2;
        real sums[5][16];
        for (int lane = 0; lane < 16; lane += NN_PASS) {
            nn_vec sum[5][NN_PASS / NN_LANES] = {0};
            for (int i = 0; i < 84; i++) {
                nn_vec held[NN_PASS / NN_LANES];
                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                    held[l / NN_LANES] = nn_held(&x_2[block][i][lane + l]);
                NN_UNROLL for (int o = 0; o < 5; o++)
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        sum[o][l / NN_LANES] += linear_3_w[5*o_tile + o][i] * held[l / NN_LANES];
            }
            NN_UNROLL for (int o = 0; o < 5; o++)
                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                    nn_store(&sums[o][lane + l], sum[o][l / NN_LANES]);
        }
        for (int o = 0; o < 5; o++)
            for (int lane = 0; lane < 16; lane++)
                logits[block][5*o_tile + o][lane] = linear_3_b[5*o_tile + o] + sums[o][lane];
    }
}

/* lenet.nn:12: logits_by_sample[block, i1, lane] = logits[block, i1, lane]
 * also in evaluate, predict */
static void lenet_logits_by_sample(int n, real (*restrict logits)[10][16], real (*restrict logits_2)[10]) {
    for (int block = 0; block < (n + 15) / 16; block++)
        for (int lane = 0; lane < 16; lane++)
            for (int i1 = 0; i1 < 10; i1++)
                if (16*block + lane < n)
                    logits_2[16*block + lane][i1] = logits[block][i1][lane];
}

/* lenet.nn:14: cross_entropy_log_softmax_max = max(k) logits[k]
 * lenet.nn:15: accuracy_winner = argmax(c) logits[c]
 *              accuracy_right = accuracy_winner == kind
 * lenet.nn:14: cross_entropy_log_softmax_sum = sum(k) exp(logits[k] - stop(cross_entropy_log_softmax_max))
 *              cross_entropy_log_softmax_whole = log(cross_entropy_log_softmax_sum)
 *              cross_entropy_nll = cross_entropy_log_softmax_whole -
 *                (logits[kind] - stop(cross_entropy_log_softmax_max))
 *              d_logits[j] = (exp(logits[j] -
 *                stop(cross_entropy_log_softmax_max))/cross_entropy_log_softmax_sum - (j == kind))*number_1 */
static void lenet_d_logits(int n, real number_1, real (*restrict logits)[10], const int32_t *restrict kind,
        int32_t *restrict accuracy_right, real *restrict cross_entropy_nll, real (*restrict d_logits)[10]) {
    for (int b = 0; b < n; b++) {
        real most = R(-INFINITY);
        int accuracy_winner = 0;
        for (int k = 0; k < 10; k++) {
            accuracy_winner = most >= logits[b][k] || most != most ? accuracy_winner : k;
            most = nn_max(most, logits[b][k]);
        }
        const real cross_entropy_log_softmax_max = most;
        accuracy_right[b] = accuracy_winner == kind[b];
        real sum[10] = {0};
        for (int k = 0; k < 10; k++)
            sum[k] += nn_exp_below(logits[b][k] - cross_entropy_log_softmax_max);
        real total = R(0);
        for (int k = 0; k < 10; k++)
            total += sum[k];
        const real cross_entropy_log_softmax_whole = nn_log(total);
        const real cross_entropy_log_softmax_sum = total;
        cross_entropy_nll[b] = cross_entropy_log_softmax_whole
                - (logits[b][kind[b]] - cross_entropy_log_softmax_max);
        for (int j = 0; j < 10; j++)
            d_logits[b][j] =
                    (nn_exp_below(logits[b][j] - cross_entropy_log_softmax_max) / cross_entropy_log_softmax_sum
                    - (real)(j == kind[b])) * number_1;
    }
}

/* lenet.nn:14: cross_entropy_mean_by_sum = sum(batch) cross_entropy_nll
 *              loss = cross_entropy_mean_by_sum/batch
 * also in evaluate
 * Schedule: vectors along n, two at a time; sums in registers over n; lanes added up at the end.
 * Equals: for n: sum += cross_entropy_nll */
static void lenet_loss(int n, const real *restrict cross_entropy_nll, real *restrict loss) {
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

/* lenet.nn:15: accuracy_sum = sum(batch) where(accuracy_right, 1, 0)
 *              accuracy_total' = accuracy_total + accuracy_sum
 * also in evaluate */
static void lenet_accuracy_total_next(int n, const int32_t *restrict accuracy_right,
        double *restrict accuracy_total) {
    int accuracy_sum = 0;
    for (int b = 0; b < n; b++)
        accuracy_sum += accuracy_right[b] ? 1 : 0;
    *accuracy_total = *accuracy_total + (double)accuracy_sum;
}

/* lenet.nn:15: accuracy_total_2' = accuracy_total_2 + batch
 * also in evaluate */
static void lenet_accuracy_total_next_2(int n, double *restrict accuracy_total_2) {
    *accuracy_total_2 = *accuracy_total_2 + (double)n;
}

/* ---- backward ------------------------------------------------------------------------------------------------ */
/* image needs no gradient: it is an input. */

/* lenet.nn:12: d_linear_3_b[o] = sum(batch) d_logits[o] */
static void lenet_d_linear_3_b(int n, real (*restrict d_logits)[10], real *restrict d_linear_3_b) {
    real sum[10] = {0};
    for (int block = 0; block < (n + 15) / 16; block++)
        for (int lane = 0; lane < nn_min_i(16, n - 16*block); lane++)
            for (int o = 0; o < 10; o++)
                sum[o] += d_logits[nn_min_i(16*block + lane, n - 1)][o];
    for (int o = 0; o < 10; o++)
        d_linear_3_b[o] = sum[o];
}

/* lenet.nn:9: x_2_by_sample[block, i1, lane] = x_2[block, i1, lane]
 * and lenet.nn:11: d_linear_2_by_sample[block, i1, lane] = d_linear_2[block, i1, lane] */
static void lenet_x_2_by_sample(nn_range parts, int n, real (*restrict x_2)[84][16],
        real (*restrict x_2_2)[84]) {
    for (int part = parts.first; part < parts.last; part++) {
        const int block = part / 3;
        const int i1_tile = part % 3;
        if (n >= 16*block + 16) {
            for (int i1_square = 0; i1_square < 7; i1_square++)
                for (int lane_square = 0; lane_square < 4; lane_square++)
                    nn_turn(&x_2[block][28*i1_tile + 4*i1_square][4*lane_square], 16,
                            &x_2_2[16*block + 4*lane_square][28*i1_tile + 4*i1_square], 84);
        }
        else {
            for (int lane = 0; lane < 16; lane++)
                for (int i1 = 0; i1 < 28; i1++)
                    if (16*block + lane < n)
                        x_2_2[16*block + lane][28*i1_tile + i1] = x_2[block][28*i1_tile + i1][lane];
        }
    }
}

/* lenet.nn:12: d_linear_3_w[o, i] = sum(batch) d_logits[o]*x_2[i]
 * Schedule: vectors along i, two at a time, 5 o side by side; sums in registers over n.
 * Equals: for o, i: for n: sum += d_logits[o]*x_2[i] */
static void lenet_d_linear_3_w(nn_range parts, int n, real (*restrict x_2)[84], real (*restrict d_logits)[10],
        real (*restrict d_linear_3_w)[84]) {
    for (int o_tile = parts.first; o_tile < parts.last; o_tile++)
        for (int i_tile = 0; i_tile < 6; i_tile++) {
            const int i_0 = nn_min_i(16*i_tile, 68);
            for (int lane = 0; lane < 16; lane += NN_PASS) {
                nn_vec sum[5][NN_PASS / NN_LANES] = {0};
                for (int b = 0; b < n; b++) {
                    nn_vec held[NN_PASS / NN_LANES];
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        held[l / NN_LANES] = nn_held(&x_2[b][lane + l + i_0]);
                    NN_UNROLL for (int o = 0; o < 5; o++)
                        NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                            sum[o][l / NN_LANES] += d_logits[b][5*o_tile + o] * held[l / NN_LANES];
                }
                NN_UNROLL for (int o = 0; o < 5; o++)
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        nn_store(&d_linear_3_w[5*o_tile + o][lane + l + i_0], sum[o][l / NN_LANES]);
            }
        }
}

/* lenet.nn:14: d_logits_blocks[block < 4, i1, lane < 16] =
 *                where(16*block + lane < batch, samples(d_logits)[min(16*block + lane, batch - 1), i1], 0) */
static void lenet_d_logits_blocks(int n, real (*restrict d_logits)[10],
        real (*restrict d_logits_blocks)[10][16]) {
    for (int block = 0; block < (n + 15) / 16; block++)
        for (int lane = 0; lane < 16; lane++)
            for (int i1 = 0; i1 < 10; i1++) {
                const real t = d_logits[nn_min_i(16*block + lane, n - 1)][i1];
                d_logits_blocks[block][i1][lane] = 16*block + lane < n ? t : R(0);
            }
}

/* lenet.nn:12: d_x_2[a] = sum(o) d_logits[o]*linear_3_w[o, a]
 * lenet.nn:9: d_linear_2[o] = where(x_2[o] > 0, d_x_2[o], 0)
 * Schedule: vectors along lane, two at a time, 6 a side by side; sums in registers over o.
 * Equals: for block, a, lane: for o: sum += d_logits_blocks[block, o, lane]*linear_3_w[o, a] */
static void lenet_d_linear_2(nn_range parts, int n, real (*restrict d_logits_blocks)[10][16],
        const real (*restrict linear_3_w)[84], real (*restrict x_2)[84][16],
        real (*restrict d_linear_2)[84][16]) {
    for (int part = parts.first; part < parts.last; part++) {
        const int block = part / 14;
        const int a_tile = part % 14;
        real sums[6][16];
        for (int lane = 0; lane < 16; lane += NN_PASS) {
            nn_vec sum[6][NN_PASS / NN_LANES] = {0};
            for (int o = 0; o < 10; o++) {
                nn_vec held[NN_PASS / NN_LANES];
                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                    held[l / NN_LANES] = nn_held(&d_logits_blocks[block][o][lane + l]);
                NN_UNROLL for (int a = 0; a < 6; a++)
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        sum[a][l / NN_LANES] += held[l / NN_LANES] * linear_3_w[o][6*a_tile + a];
            }
            NN_UNROLL for (int a = 0; a < 6; a++)
                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                    nn_store(&sums[a][lane + l], sum[a][l / NN_LANES]);
        }
        for (int a = 0; a < 6; a++) {
            for (int lane = 0; lane < 16; lane++) {
                const real t = sums[a][lane];
                d_linear_2[block][6*a_tile + a][lane] = x_2[block][6*a_tile + a][lane] > R(0) ? t : R(0);
            }
            for (int lane = nn_max_i(0, n - 16*block); lane < 16; lane++)
                d_linear_2[block][6*a_tile + a][lane] = R(0);
        }
    }
}

/* lenet.nn:11: d_linear_2_b[o] = sum(batch) d_linear_2[o]
 * Schedule: vectors along lane, two at a time, 6 o side by side; sums in registers over block; lanes added up
 *             at the end.
 * Equals: for o: for block, lane: sum += d_linear_2[block, o, lane] */
static void lenet_d_linear_2_b(nn_range parts, int n, real (*restrict d_linear_2)[84][16],
        real *restrict d_linear_2_b) {
    for (int o_tile = parts.first; o_tile < parts.last; o_tile++) {
        real sums[6][16];
        for (int lane = 0; lane < 16; lane += NN_PASS) {
            nn_vec sum[6][NN_PASS / NN_LANES] = {0};
            for (int block = 0; block < (n + 15) / 16; block++)
                NN_UNROLL for (int o = 0; o < 6; o++)
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        sum[o][l / NN_LANES] += nn_load(&d_linear_2[block][6*o_tile + o][lane + l]);
            NN_UNROLL for (int o = 0; o < 6; o++)
                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                    nn_store(&sums[o][lane + l], sum[o][l / NN_LANES]);
        }
        for (int o = 0; o < 6; o++) {
            const real total = nn_sum_lanes(&sums[o][0]);
            d_linear_2_b[6*o_tile + o] = total;
        }
    }
}

/* lenet.nn:11: relu_3_by_sample[block, i1, lane] = relu_3[block, i1, lane]
 * and lenet.nn:11: d_linear_by_sample[block, i1, lane] = d_linear[block, i1, lane] */
static void lenet_relu_3_by_sample(nn_range parts, int n, real (*restrict relu_3)[120][16],
        real (*restrict relu_3_2)[120]) {
    for (int part = parts.first; part < parts.last; part++) {
        const int block = part / 5;
        const int i1_tile = part % 5;
        if (n >= 16*block + 16) {
            for (int i1_square = 0; i1_square < 6; i1_square++)
                for (int lane_square = 0; lane_square < 4; lane_square++)
                    nn_turn(&relu_3[block][24*i1_tile + 4*i1_square][4*lane_square], 16,
                            &relu_3_2[16*block + 4*lane_square][24*i1_tile + 4*i1_square], 120);
        }
        else {
            for (int lane = 0; lane < 16; lane++)
                for (int i1 = 0; i1 < 24; i1++)
                    if (16*block + lane < n)
                        relu_3_2[16*block + lane][24*i1_tile + i1] = relu_3[block][24*i1_tile + i1][lane];
        }
    }
}

/* lenet.nn:11: d_linear_2_w[o, i] = sum(batch) d_linear_2[o]*relu_3[i]
 * Schedule: vectors along i, two at a time, 6 o side by side; sums in registers over n.
 * Equals: for o, i: for n: sum += d_linear_2[o]*relu_3[i] */
static void lenet_d_linear_2_w(nn_range parts, int n, real (*restrict relu_3)[120],
        real (*restrict d_linear_2)[84], real (*restrict d_linear_2_w)[120]) {
    for (int o_tile = parts.first; o_tile < parts.last; o_tile++)
        for (int i_tile = 0; i_tile < 8; i_tile++) {
            const int i_0 = nn_min_i(16*i_tile, 104);
            for (int lane = 0; lane < 16; lane += NN_PASS) {
                nn_vec sum[6][NN_PASS / NN_LANES] = {0};
                for (int b = 0; b < n; b++) {
                    nn_vec held[NN_PASS / NN_LANES];
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        held[l / NN_LANES] = nn_held(&relu_3[b][lane + l + i_0]);
                    NN_UNROLL for (int o = 0; o < 6; o++)
                        NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                            sum[o][l / NN_LANES] += d_linear_2[b][6*o_tile + o] * held[l / NN_LANES];
                }
                NN_UNROLL for (int o = 0; o < 6; o++)
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        nn_store(&d_linear_2_w[6*o_tile + o][lane + l + i_0], sum[o][l / NN_LANES]);
            }
        }
}

/* lenet.nn:11: d_relu_3[a] = sum(o) d_linear_2[o]*linear_2_w[o, a]
 *              d_linear[o] = where(relu_3[o] > 0, d_relu_3[o], 0)
 * Schedule: vectors along lane, two at a time, 6 a side by side; sums in registers over o.
 * Equals: for block, a, lane: for o: sum += d_linear_2[block, o, lane]*linear_2_w[o, a] */
static void lenet_d_linear(nn_range parts, int n, real (*restrict d_linear_2)[84][16],
        const real (*restrict linear_2_w)[120], real (*restrict relu_3)[120][16],
        real (*restrict d_linear)[120][16]) {
    for (int part = parts.first; part < parts.last; part++) {
        const int block = part / 20;
        const int a_tile = part % 20;
        real sums[6][16];
        for (int lane = 0; lane < 16; lane += NN_PASS) {
            nn_vec sum[6][NN_PASS / NN_LANES] = {0};
            for (int o = 0; o < 84; o++) {
                nn_vec held[NN_PASS / NN_LANES];
                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                    held[l / NN_LANES] = nn_held(&d_linear_2[block][o][lane + l]);
                NN_UNROLL for (int a = 0; a < 6; a++)
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        sum[a][l / NN_LANES] += held[l / NN_LANES] * linear_2_w[o][6*a_tile + a];
            }
            NN_UNROLL for (int a = 0; a < 6; a++)
                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                    nn_store(&sums[a][lane + l], sum[a][l / NN_LANES]);
        }
        for (int a = 0; a < 6; a++) {
            for (int lane = 0; lane < 16; lane++) {
                const real t = sums[a][lane];
                d_linear[block][6*a_tile + a][lane] = relu_3[block][6*a_tile + a][lane] > R(0) ? t : R(0);
            }
            for (int lane = nn_max_i(0, n - 16*block); lane < 16; lane++)
                d_linear[block][6*a_tile + a][lane] = R(0);
        }
    }
}

/* lenet.nn:11: d_linear_b[o] = sum(batch) d_linear[o]
 * Schedule: vectors along lane, two at a time, 6 o side by side; sums in registers over block; lanes added up
 *             at the end.
 * Equals: for o: for block, lane: sum += d_linear[block, o, lane] */
static void lenet_d_linear_b(nn_range parts, int n, real (*restrict d_linear)[120][16],
        real *restrict d_linear_b) {
    for (int o_tile = parts.first; o_tile < parts.last; o_tile++) {
        real sums[6][16];
        for (int lane = 0; lane < 16; lane += NN_PASS) {
            nn_vec sum[6][NN_PASS / NN_LANES] = {0};
            for (int block = 0; block < (n + 15) / 16; block++)
                NN_UNROLL for (int o = 0; o < 6; o++)
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        sum[o][l / NN_LANES] += nn_load(&d_linear[block][6*o_tile + o][lane + l]);
            NN_UNROLL for (int o = 0; o < 6; o++)
                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                    nn_store(&sums[o][lane + l], sum[o][l / NN_LANES]);
        }
        for (int o = 0; o < 6; o++) {
            const real total = nn_sum_lanes(&sums[o][0]);
            d_linear_b[6*o_tile + o] = total;
        }
    }
}

/* lenet.nn:11: flatten_by_sample[block, i1, lane] = flatten[block, i1, lane] */
static void lenet_flatten_by_sample(nn_range parts, int n, real (*restrict flatten)[400][16],
        real (*restrict flatten_2)[400]) {
    for (int part = parts.first; part < parts.last; part++) {
        const int block = part / 20;
        const int i1_tile = part % 20;
        if (n >= 16*block + 16) {
            for (int i1_square = 0; i1_square < 5; i1_square++)
                for (int lane_square = 0; lane_square < 4; lane_square++)
                    nn_turn(&flatten[block][20*i1_tile + 4*i1_square][4*lane_square], 16,
                            &flatten_2[16*block + 4*lane_square][20*i1_tile + 4*i1_square], 400);
        }
        else {
            for (int lane = 0; lane < 16; lane++)
                for (int i1 = 0; i1 < 20; i1++)
                    if (16*block + lane < n)
                        flatten_2[16*block + lane][20*i1_tile + i1] = flatten[block][20*i1_tile + i1][lane];
        }
    }
}

/* lenet.nn:11: d_linear_w[o, i] = sum(batch) d_linear[o]*flatten[i]
 * Schedule: vectors along i, two at a time, 6 o side by side; sums in registers over n.
 * Equals: for o, i: for n: sum += d_linear[o]*flatten[i] */
static void lenet_d_linear_w(nn_range parts, int n, real (*restrict flatten)[400],
        real (*restrict d_linear)[120], real (*restrict d_linear_w)[400]) {
    for (int part = parts.first; part < parts.last; part++) {
        const int i_tile = part / 20;
        const int o_tile = part % 20;
        for (int lane = 0; lane < 16; lane += NN_PASS) {
            nn_vec sum[6][NN_PASS / NN_LANES] = {0};
            for (int b = 0; b < n; b++) {
                nn_vec held[NN_PASS / NN_LANES];
                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                    held[l / NN_LANES] = nn_held(&flatten[b][16*i_tile + lane + l]);
                NN_UNROLL for (int o = 0; o < 6; o++)
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        sum[o][l / NN_LANES] += d_linear[b][6*o_tile + o] * held[l / NN_LANES];
            }
            NN_UNROLL for (int o = 0; o < 6; o++)
                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                    nn_store(&d_linear_w[6*o_tile + o][16*i_tile + lane + l], sum[o][l / NN_LANES]);
        }
    }
}

/* lenet.nn:11: d_flatten[q] = sum(o) d_linear[o]*linear_w[o, q]
 * Schedule: vectors along lane, two at a time, 6 q side by side; sums in registers over o.
 * Equals: for block, q, lane: for o: sum += d_linear[block, o, lane]*linear_w[o, q] */
static void lenet_d_flatten(nn_range parts, int n, real (*restrict d_linear)[120][16],
        const real (*restrict linear_w)[400], real (*restrict d_flatten)[400][16]) {
    for (int block = parts.first; block < parts.last; block++)
        for (int q_tile = 0; q_tile < 67; q_tile++) {
            const int q_0 = nn_min_i(6*q_tile, 394);
            real sums[6][16];
            for (int lane = 0; lane < 16; lane += NN_PASS) {
                nn_vec sum[6][NN_PASS / NN_LANES] = {0};
                for (int o = 0; o < 120; o++) {
                    nn_vec held[NN_PASS / NN_LANES];
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        held[l / NN_LANES] = nn_held(&d_linear[block][o][lane + l]);
                    NN_UNROLL for (int q = 0; q < 6; q++)
                        NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                            sum[q][l / NN_LANES] += held[l / NN_LANES] * linear_w[o][q + q_0];
                }
                NN_UNROLL for (int q = 0; q < 6; q++)
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        nn_store(&sums[q][lane + l], sum[q][l / NN_LANES]);
            }
            for (int q = 0; q < 6; q++) {
                for (int lane = 0; lane < 16; lane++)
                    d_flatten[block][q + q_0][lane] = sums[q][lane];
                for (int lane = nn_max_i(0, n - 16*block); lane < 16; lane++)
                    d_flatten[block][q + q_0][lane] = R(0);
            }
        }
}

/* lenet.nn:10: d_conv2d_2_kept[o, i, j] = where(maxpool2d_2[o, i, j] > 0, d_flatten[25*o + 5*i + j], 0) */
static void lenet_d_conv2d_2_kept(nn_range parts, int n, real (*restrict d_flatten)[400][16],
        real (*restrict maxpool2d_2)[16][5][5][16], real (*restrict d_conv2d_2_kept)[16][5][5][16]) {
    for (int part = parts.first; part < parts.last; part++) {
        const int block = part / 16;
        const int o = part % 16;
        for (int i = 0; i < 5; i++)
            for (int j = 0; j < 5; j++) {
                for (int lane = 0; lane < 16; lane++) {
                    const real t = d_flatten[block][25*o + 5*i + j][lane];
                    d_conv2d_2_kept[block][o][i][j][lane] = maxpool2d_2[block][o][i][j][lane] > R(0) ? t : R(0);
                }
                for (int lane = nn_max_i(0, n - 16*block); lane < 16; lane++)
                    d_conv2d_2_kept[block][o][i][j][lane] = R(0);
            }
    }
}

/* lenet.nn:10: d_conv2d_2[o, i < 10, j < 10] =
 *                where(maxpool2d_2_winner[o, i//2, j//2] == 2*(i % 2) + j % 2, d_conv2d_2_kept[o, i//2, j//2],
 *                0) */
static void lenet_d_conv2d_2(nn_range parts, int n, real (*restrict d_conv2d_2_kept)[16][5][5][16],
        int32_t (*restrict maxpool2d_2_winner)[16][5][5][16], real (*restrict d_conv2d_2)[16][10][10][16]) {
    for (int part = parts.first; part < parts.last; part++) {
        const int block = part / 16;
        const int o = part % 16;
        for (int i = 0; i < 5; i++)
            for (int i_rest = 0; i_rest < 2; i_rest++)
                for (int j = 0; j < 5; j++)
                    for (int j_rest = 0; j_rest < 2; j_rest++) {
                        for (int lane = 0; lane < 16; lane++) {
                            const real t = d_conv2d_2_kept[block][o][i][j][lane];
                            d_conv2d_2[block][o][2*i + i_rest][2*j + j_rest][lane] =
                                    2*i_rest + j_rest == maxpool2d_2_winner[block][o][i][j][lane] ? t : R(0);
                        }
                        for (int lane = nn_max_i(0, n - 16*block); lane < 16; lane++)
                            d_conv2d_2[block][o][2*i + i_rest][2*j + j_rest][lane] = R(0);
                    }
    }
}

/* lenet.nn:10: d_conv2d_2_b[o] = sum(batch, i, j) d_conv2d_2_kept[o, i, j]
 * Schedule: vectors along lane, two at a time, 4 o side by side; sums in registers over block, i, j; lanes
 *             added up at the end.
 * Equals: for o: for block, i, j, lane: sum += d_conv2d_2_kept[block, o, i, j, lane] */
static void lenet_d_conv2d_2_b(nn_range parts, int n, real (*restrict d_conv2d_2_kept)[16][5][5][16],
        real *restrict d_conv2d_2_b) {
    for (int o_tile = parts.first; o_tile < parts.last; o_tile++) {
        real sums[4][16];
        for (int lane = 0; lane < 16; lane += NN_PASS) {
            nn_vec sum[4][NN_PASS / NN_LANES] = {0};
            for (int block = 0; block < (n + 15) / 16; block++)
                for (int i = 0; i < 5; i++)
                    NN_UNROLL for (int j = 0; j < 5; j++)
                        NN_UNROLL for (int o = 0; o < 4; o++)
                            NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                                sum[o][l / NN_LANES] +=
                                        nn_load(&d_conv2d_2_kept[block][4*o_tile + o][i][j][lane + l]);
            NN_UNROLL for (int o = 0; o < 4; o++)
                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                    nn_store(&sums[o][lane + l], sum[o][l / NN_LANES]);
        }
        for (int o = 0; o < 4; o++) {
            const real total = nn_sum_lanes(&sums[o][0]);
            d_conv2d_2_b[4*o_tile + o] = total;
        }
    }
}

/* lenet.nn:9: maxpool2d_rows[i2, channel, column] = maxpool2d[channel, i2, column] */
static void lenet_maxpool2d_rows(nn_range parts, int n, real (*restrict maxpool2d)[6][14][14][16],
        real (*restrict maxpool2d_rows)[14][84]) {
    for (int part = parts.first; part < parts.last; part++) {
        const int block = part / 14;
        const int i2 = part % 14;
        for (int column = 0; column < 14; column++)
            for (int lane = 0; lane < 16; lane++)
                for (int channel = 0; channel < 6; channel++)
                    if (16*block + lane < n)
                        maxpool2d_rows[16*block + lane][i2][6*column + channel] =
                                maxpool2d[block][channel][i2][column][lane];
    }
}

/* lenet.nn:10: d_conv2d_2_kept_by_sample[block, i1, i2, i3, lane] = d_conv2d_2_kept[block, i1, i2, i3, lane] */
static void lenet_d_conv2d_2_kept_by_sample(nn_range parts, int n,
        real (*restrict d_conv2d_2_kept)[16][5][5][16], real (*restrict d_conv2d_2_kept_2)[16][5][5]) {
    for (int part = parts.first; part < parts.last; part++) {
        const int block = part / 16;
        const int i1 = part % 16;
        for (int i2 = 0; i2 < 5; i2++)
            for (int lane = 0; lane < 16; lane++)
                for (int i3 = 0; i3 < 5; i3++)
                    if (16*block + lane < n)
                        d_conv2d_2_kept_2[16*block + lane][i1][i2][i3] =
                                d_conv2d_2_kept[block][i1][i2][i3][lane];
    }
}

/* lenet.nn:10: maxpool2d_2_winner_by_sample[block, i1, i2, i3, lane] =
 *                maxpool2d_2_winner[block, i1, i2, i3, lane] */
static void lenet_maxpool2d_2_winner_by_sample(nn_range parts, int n,
        int32_t (*restrict maxpool2d_2_winner)[16][5][5][16],
        int32_t (*restrict maxpool2d_2_winner_2)[16][5][5]) {
    for (int part = parts.first; part < parts.last; part++) {
        const int block = part / 16;
        const int i1 = part % 16;
        for (int i2 = 0; i2 < 5; i2++)
            for (int lane = 0; lane < 16; lane++)
                for (int i3 = 0; i3 < 5; i3++)
                    if (16*block + lane < n)
                        maxpool2d_2_winner_2[16*block + lane][i1][i2][i3] =
                                maxpool2d_2_winner[block][i1][i2][i3][lane];
    }
}

/* lenet.nn:10: d_conv2d_2_f[q, c, u < 5, v < 5] = sum(batch, i, j)
 *                d_conv2d_2_kept[q, i, j]*maxpool2d[c, u + 2*i + maxpool2d_2_winner[q, i, j]//2, v + 2*j +
 *                maxpool2d_2_winner[q, i, j] % 2]
 * Schedule: vectors along window, two at a time, 5 u side by side; sums in registers over n, i, j.
 * Equals: for q, u, window: for n, i, j: sum +=
 *           d_conv2d_2_kept[q, i, j]*maxpool2d_rows[u + 2*i + maxpool2d_2_winner[q, i, j]//2, 12*j + window +
 *           6*(maxpool2d_2_winner[q, i, j] % 2)] */
static void lenet_d_conv2d_2_f(nn_range parts, int n, int32_t (*restrict maxpool2d_2_winner)[16][5][5],
        real (*restrict d_conv2d_2_kept)[16][5][5], real (*restrict maxpool2d_rows)[14][84],
        real (*restrict d_conv2d_2_f)[6][5][5]) {
    for (int q = parts.first; q < parts.last; q++)
        for (int window_tile = 0; window_tile < 2; window_tile++) {
            const int window_0 = nn_min_i(16*window_tile, 14);
            real sums[5][16];
            for (int lane = 0; lane < 16; lane += NN_PASS) {
                nn_vec sum[5][NN_PASS / NN_LANES] = {0};
                for (int b = 0; b < n; b++)
                    for (int i = 0; i < 5; i++)
                        NN_UNROLL for (int j = 0; j < 5; j++) {
                            const int place = maxpool2d_2_winner[b][q][i][j];
                            NN_UNROLL for (int u = 0; u < 5; u++)
                                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                                    sum[u][l / NN_LANES] += d_conv2d_2_kept[b][q][i][j]
                                            * nn_load(&maxpool2d_rows[b][2*i + u + place / 2][12*j
                                            + 6*(place % 2) + lane + l + window_0]);
                        }
                NN_UNROLL for (int u = 0; u < 5; u++)
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        nn_store(&sums[u][lane + l], sum[u][l / NN_LANES]);
            }
            for (int u = 0; u < 5; u++)
                for (int lane = 0; lane < 16; lane++)
                    d_conv2d_2_f[q][(lane + window_0) % 6][u][(lane + window_0) / 6] = sums[u][lane];
        }
}

/* lenet.nn:10: d_maxpool2d[c, i < 14, j < 14] = sum(q, u, v)
 *                d_conv2d_2[q, i - u, j - v else 0]*conv2d_2_f[q, c, u, v]
 * lenet.nn:9: d_conv2d_kept[o, i, j] = where(maxpool2d[o, i, j] > 0, d_maxpool2d[o, i, j], 0)
 * Schedule: vectors along lane, two at a time, 6 c side by side; sums in registers over v, q, gathered in
 *             memory over u for each j.
 * Equals: for block, c, i, j, lane: for q, u, v: sum +=
 *           d_conv2d_2[block, q, i - u, j - v, lane else 0]*conv2d_2_f[q, c, u, v] */
static void lenet_d_conv2d_kept(nn_range parts, int n, real (*restrict d_conv2d_2)[16][10][10][16],
        const real (*restrict conv2d_2_f)[6][5][5], real (*restrict maxpool2d)[6][14][14][16],
        real (*restrict d_conv2d_kept)[6][14][14][16]) {
    for (int part = parts.first; part < parts.last; part++) {
        const int block = part / 14;
        const int i = part % 14;
        real sums[14][6][16] = {0};
        for (int u = nn_max_i(0, i - 9); u < nn_min_i(5, i + 1); u++)
            for (int j = 0; j < 14; j++)
                for (int lane = 0; lane < 16; lane += NN_PASS) {
                    nn_vec sum[6][NN_PASS / NN_LANES] = {0};
                    for (int v = nn_max_i(0, j - 9); v < nn_min_i(5, j + 1); v++)
                        for (int q = 0; q < 16; q++) {
                            nn_vec held[NN_PASS / NN_LANES];
                            NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                                held[l / NN_LANES] = nn_held(&d_conv2d_2[block][q][i - u][j - v][lane + l]);
                            NN_UNROLL for (int c = 0; c < 6; c++)
                                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                                    sum[c][l / NN_LANES] += held[l / NN_LANES] * conv2d_2_f[q][c][u][v];
                        }
                    NN_UNROLL for (int c = 0; c < 6; c++)
                        NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                            nn_store(&sums[j][c][lane + l],
                                    nn_load(&sums[j][c][lane + l]) + sum[c][l / NN_LANES]);
                }
        for (int j = 0; j < 14; j++)
            for (int c = 0; c < 6; c++) {
                for (int lane = 0; lane < 16; lane++) {
                    const real t = sums[j][c][lane];
                    d_conv2d_kept[block][c][i][j][lane] = maxpool2d[block][c][i][j][lane] > R(0) ? t : R(0);
                }
                for (int lane = nn_max_i(0, n - 16*block); lane < 16; lane++)
                    d_conv2d_kept[block][c][i][j][lane] = R(0);
            }
    }
}

/* lenet.nn:9: d_conv2d_b[o] = sum(batch, i, j) d_conv2d_kept[o, i, j]
 * Schedule: vectors along lane, two at a time, 6 o side by side; sums in registers over block, i, j; lanes
 *             added up at the end.
 * Equals: for o: for block, i, j, lane: sum += d_conv2d_kept[block, o, i, j, lane] */
static void lenet_d_conv2d_b(int n, real (*restrict d_conv2d_kept)[6][14][14][16], real *restrict d_conv2d_b) {
    real sums[6][16];
    for (int lane = 0; lane < 16; lane += NN_PASS) {
        nn_vec sum[6][NN_PASS / NN_LANES] = {0};
        for (int block = 0; block < (n + 15) / 16; block++)
            for (int i = 0; i < 14; i++)
                for (int j = 0; j < 14; j++)
                    NN_UNROLL for (int o = 0; o < 6; o++)
                        NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                            sum[o][l / NN_LANES] += nn_load(&d_conv2d_kept[block][o][i][j][lane + l]);
        NN_UNROLL for (int o = 0; o < 6; o++)
            NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                nn_store(&sums[o][lane + l], sum[o][l / NN_LANES]);
    }
    for (int o = 0; o < 6; o++) {
        const real total = nn_sum_lanes(&sums[o][0]);
        d_conv2d_b[o] = total;
    }
}

/* lenet.nn:9: x_rows[i1 < 1, i2 < 32, column < 43] = x[0, i2 - 2, column - 2 else 0] */
static void lenet_x_rows(nn_range parts, int n, real (*restrict x)[1][29][28][16],
        real (*restrict x_rows)[1][32][43]) {
    for (int part = parts.first; part < parts.last; part++) {
        const int block = part / 32;
        const int i2 = part % 32;
        for (int lane = 0; lane < 16; lane++)
            for (int column = 0; column < 43; column++)
                if (16*block + lane < n)
                    x_rows[16*block + lane][0][i2][column] = i2 >= 2 && i2 < 30 && column >= 2 && column < 30
                            ? x[block][0][i2 - 2][column - 2][lane] : R(0);
    }
}

/* lenet.nn:9: d_conv2d_kept_by_sample[block, i1, i2, i3, lane] = d_conv2d_kept[block, i1, i2, i3, lane] */
static void lenet_d_conv2d_kept_by_sample(nn_range parts, int n, real (*restrict d_conv2d_kept)[6][14][14][16],
        real (*restrict d_conv2d_kept_2)[6][14][14]) {
    for (int part = parts.first; part < parts.last; part++) {
        const int block = part / 84;
        const int i1 = part / 14 % 6;
        const int i2 = part % 14;
        for (int lane = 0; lane < 16; lane++)
            for (int i3 = 0; i3 < 14; i3++)
                if (16*block + lane < n)
                    d_conv2d_kept_2[16*block + lane][i1][i2][i3] = d_conv2d_kept[block][i1][i2][i3][lane];
    }
}

/* lenet.nn:9: maxpool2d_winner_by_sample[block, i1, i2, i3, lane] = maxpool2d_winner[block, i1, i2, i3, lane] */
static void lenet_maxpool2d_winner_by_sample(nn_range parts, int n,
        int32_t (*restrict maxpool2d_winner)[6][14][14][16],
        int32_t (*restrict maxpool2d_winner_2)[6][14][14]) {
    for (int part = parts.first; part < parts.last; part++) {
        const int block = part / 84;
        const int i1 = part / 14 % 6;
        const int i2 = part % 14;
        for (int lane = 0; lane < 16; lane++)
            for (int i3 = 0; i3 < 14; i3++)
                if (16*block + lane < n)
                    maxpool2d_winner_2[16*block + lane][i1][i2][i3] = maxpool2d_winner[block][i1][i2][i3][lane];
    }
}

/* lenet.nn:9: d_conv2d_f[q, j < 1, u < 5, v < 5] = sum(batch, i, j2)
 *               d_conv2d_kept[q, i, j2]*x[0, u + 2*i + maxpool2d_winner[q, i, j2]//2 - 2, v + 2*j2 +
 *               maxpool2d_winner[q, i, j2] % 2 - 2 else 0]
 * Schedule: vectors along window, two at a time, 5 u side by side; sums in registers over n, i, j2.
 * Equals: for q, j, u, window: for n, i, j2: sum +=
 *           d_conv2d_kept[q, i, j2]*x_rows[0, u + 2*i + maxpool2d_winner[q, i, j2]//2, 2*j2 + window +
 *           maxpool2d_winner[q, i, j2] % 2] */
static void lenet_d_conv2d_f(nn_range parts, int n, int32_t (*restrict maxpool2d_winner)[6][14][14],
        real (*restrict d_conv2d_kept)[6][14][14], real (*restrict x_rows)[1][32][43],
        real (*restrict d_conv2d_f)[1][5][5]) {
    for (int part = parts.first; part < parts.last; part++) {
        const int q = part;
        real sums[5][16];
        for (int lane = 0; lane < 16; lane += NN_PASS) {
            nn_vec sum[5][NN_PASS / NN_LANES] = {0};
            for (int b = 0; b < n; b++)
                for (int i = 0; i < 14; i++)
                    for (int j2 = 0; j2 < 14; j2++) {
                        const int place = maxpool2d_winner[b][q][i][j2];
                        NN_UNROLL for (int u = 0; u < 5; u++)
                            NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                                sum[u][l / NN_LANES] += d_conv2d_kept[b][q][i][j2]
                                        * nn_load(&x_rows[b][0][2*i + u + place / 2][2*j2 + lane + l
                                        + place % 2]);
                    }
            NN_UNROLL for (int u = 0; u < 5; u++)
                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                    nn_store(&sums[u][lane + l], sum[u][l / NN_LANES]);
        }
        for (int u = 0; u < 5; u++)
            for (int lane = 0; lane < 16; lane++)
                if (lane < 5)
                    d_conv2d_f[q][0][u][lane] = sums[u][lane];
    }
}

/* ---- update -------------------------------------------------------------------------------------------------- */

/* lenet.nn:16: m' = 0.9*m + 0.09999999999999998*g
 *              v' = 0.999*v + 0.0010000000000000009*(g*g)
 *              w' = w - number_1*m'/(sqrt(v'*number_2) + 1e-08)
 * for w in conv2d_f, conv2d_2_f, linear_w, linear_b, linear_2_w, linear_2_b, linear_3_w */
static void lenet_update_parameter(nn_range parts, real number_1, real number_2, int length, real *restrict m,
        const real *restrict g, real *restrict v, real *restrict w) {
    for (int a_4 = 1024*parts.first; a_4 < nn_min_i(1024*parts.last, length); a_4++) {
        const real adam_m_next = R(0.9) * m[a_4] + R(0.09999999999999998) * g[a_4];
        const real adam_v_next = R(0.999) * v[a_4] + R(0.0010000000000000009) * (g[a_4] * g[a_4]);
        m[a_4] = adam_m_next;
        v[a_4] = adam_v_next;
        w[a_4] = w[a_4] - number_1 * adam_m_next / (nn_sqrt(adam_v_next * number_2) + R(1e-08));
    }
}

/* lenet.nn:16: m' = 0.9*m + 0.09999999999999998*g
 *              v' = 0.999*v + 0.0010000000000000009*(g*g)
 *              w' = w - number_1*m'/(sqrt(v'/number_3) + 1e-08)
 * for w in conv2d_b, conv2d_2_b, linear_3_b */
static void lenet_update_parameter_2(real number_1, real number_3, int length, real *restrict m,
        const real *restrict g, real *restrict v, real *restrict w) {
    for (int a = 0; a < length; a++) {
        const real adam_m_next = R(0.9) * m[a] + R(0.09999999999999998) * g[a];
        const real adam_v_next = R(0.999) * v[a] + R(0.0010000000000000009) * (g[a] * g[a]);
        m[a] = adam_m_next;
        v[a] = adam_v_next;
        w[a] = w[a] - number_1 * adam_m_next / (nn_sqrt(adam_v_next / number_3) + R(1e-08));
    }
}

/* ---- evaluate: what differs from forward --------------------------------------------------------------------- */

/* lenet.nn:9: maxpool2d[c, i < 14, j < 14] = max(u < 2, v < 2) relu[c, 2*i + u, 2*j + v]
 * also in predict */
static void lenet_maxpool2d(nn_range parts, real (*restrict relu)[6][29][28][16],
        real (*restrict maxpool2d)[6][14][14][16]) {
    for (int part = parts.first; part < parts.last; part++) {
        const int block = part / 84;
        const int c = part / 14 % 6;
        const int i = part % 14;
        for (int j = 0; j < 14; j++)
            for (int lane = 0; lane < 16; lane++) {
                real most = relu[block][c][2*i][2*j][lane];
                most = nn_max(most, relu[block][c][2*i][2*j + 1][lane]);
                most = nn_max(most, relu[block][c][2*i + 1][2*j][lane]);
                most = nn_max(most, relu[block][c][2*i + 1][2*j + 1][lane]);
                maxpool2d[block][c][i][j][lane] = most;
            }
    }
}

/* lenet.nn:10: maxpool2d_2[c, i < 5, j < 5] = max(u < 2, v < 2) relu_2[c, 2*i + u, 2*j + v]
 * also in predict */
static void lenet_maxpool2d_2(nn_range parts, real (*restrict relu_2)[16][10][10][16],
        real (*restrict maxpool2d_2)[16][5][5][16]) {
    for (int part = parts.first; part < parts.last; part++) {
        const int block = part / 16;
        const int c = part % 16;
        for (int i = 0; i < 5; i++)
            for (int j = 0; j < 5; j++)
                for (int lane = 0; lane < 16; lane++) {
                    real most = relu_2[block][c][2*i][2*j][lane];
                    most = nn_max(most, relu_2[block][c][2*i][2*j + 1][lane]);
                    most = nn_max(most, relu_2[block][c][2*i + 1][2*j][lane]);
                    most = nn_max(most, relu_2[block][c][2*i + 1][2*j + 1][lane]);
                    maxpool2d_2[block][c][i][j][lane] = most;
                }
    }
}

/* lenet.nn:14: cross_entropy_log_softmax_max = max(k) logits[k]
 * lenet.nn:15: accuracy_winner = argmax(c) logits[c]
 *              accuracy_right = accuracy_winner == kind
 * lenet.nn:14: cross_entropy_log_softmax_sum = sum(k) exp(logits[k] - stop(cross_entropy_log_softmax_max))
 *              cross_entropy_log_softmax_whole = log(cross_entropy_log_softmax_sum)
 *              cross_entropy_nll = cross_entropy_log_softmax_whole -
 *                (logits[kind] - stop(cross_entropy_log_softmax_max)) */
static void lenet_cross_entropy_nll(int n, real (*restrict logits)[10], const int32_t *restrict kind,
        int32_t *restrict accuracy_right, real *restrict cross_entropy_nll) {
    for (int b = 0; b < n; b++) {
        real most = R(-INFINITY);
        int accuracy_winner = 0;
        for (int k = 0; k < 10; k++) {
            accuracy_winner = most >= logits[b][k] || most != most ? accuracy_winner : k;
            most = nn_max(most, logits[b][k]);
        }
        const real cross_entropy_log_softmax_max = most;
        accuracy_right[b] = accuracy_winner == kind[b];
        real sum[10] = {0};
        for (int k = 0; k < 10; k++)
            sum[k] += nn_exp_below(logits[b][k] - cross_entropy_log_softmax_max);
        real total = R(0);
        for (int k = 0; k < 10; k++)
            total += sum[k];
        const real cross_entropy_log_softmax_whole = nn_log(total);
        cross_entropy_nll[b] = cross_entropy_log_softmax_whole
                - (logits[b][kind[b]] - cross_entropy_log_softmax_max);
    }
}

/* ---- metrics ------------------------------------------------------------------------------------------------- */

/* lenet.nn:15: accuracy = accuracy_total/accuracy_total_2 */
static void lenet_accuracy(double accuracy_total, double accuracy_total_2, double *restrict accuracy) {
    *accuracy = accuracy_total / accuracy_total_2;
}

/* ---- predict: what differs from forward ---------------------------------------------------------------------- */

/* lenet.nn:13: softmax_max = max(k) logits[k]
 *              softmax_e[j] = exp(logits[j] - stop(softmax_max))
 *              softmax_sum = sum(k) softmax_e[k]
 *              softmax[a] = softmax_e[a]/softmax_sum */
static void lenet_softmax(int n, real (*restrict logits)[10], real (*restrict softmax)[10]) {
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

/* lenet.nn:9: x[a < 1, a2, a3] = image[0, 0, a2, a3]/255 */
static void lenet_predict_one_x(const unsigned char (*restrict image)[1][28][28], real (*restrict x)[28][28]) {
    for (int a_2 = 0; a_2 < 28; a_2++)
        for (int a_3 = 0; a_3 < 28; a_3++)
            x[0][a_2][a_3] = (real)image[0][0][a_2][a_3] / R(255);
}

/* lenet.nn:9: x_plane[i0 < 1, place < 1024] = x[0, place//32 - 2, place % 32 - 2 else 0] */
static void lenet_x_plane(real (*restrict x)[28][28], real (*restrict x_plane)[1040]) {
    for (int place = 0; place < 32; place++) {
        if (place >= 2 && place < 30) {
            for (int place_rest = 2; place_rest < 30; place_rest++)
                x_plane[0][32*place + place_rest] = x[0][place - 2][place_rest - 2];
            for (int place_rest = 0; place_rest < 2; place_rest++)
                x_plane[0][32*place + place_rest] = R(0);
            for (int place_rest = 30; place_rest < 32; place_rest++)
                x_plane[0][32*place + place_rest] = R(0);
        }
        else {
            for (int place_rest = 0; place_rest < 32; place_rest++)
                x_plane[0][32*place + place_rest] = R(0);
        }
    }
}

/* lenet.nn:9: conv2d_correlate2d_plane[q, place < 892] = sum(c < 1, u, v)
 *               conv2d_f[q, 0, u, v]*x_plane[0, 32*u + v + place]
 * Schedule: vectors along place, two at a time, 6 q side by side; sums in registers over c, u, v.
 * Equals: for q, place: for c, u, v: sum += conv2d_f[q, 0, u, v]*x_plane[0, 32*u + v + place] */
static void lenet_conv2d_correlate2d_plane(real (*restrict x_plane)[1040],
        const real (*restrict conv2d_f)[1][5][5], real (*restrict conv2d_correlate2d_plane)[892]) {
    for (int place_tile = 0; place_tile < 56; place_tile++) {
        const int place_0 = nn_min_i(16*place_tile, 876);
        for (int lane = 0; lane < 16; lane += NN_PASS) {
            nn_vec sum[6][NN_PASS / NN_LANES] = {0};
            for (int u = 0; u < 5; u++)
                NN_UNROLL for (int v = 0; v < 5; v++) {
                    nn_vec held[NN_PASS / NN_LANES];
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        held[l / NN_LANES] = nn_held(&x_plane[0][32*u + v + lane + l + place_0]);
                    NN_UNROLL for (int q = 0; q < 6; q++)
                        NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                            sum[q][l / NN_LANES] += conv2d_f[q][0][u][v] * held[l / NN_LANES];
                }
            NN_UNROLL for (int q = 0; q < 6; q++)
                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                    nn_store(&conv2d_correlate2d_plane[q][lane + l + place_0], sum[q][l / NN_LANES]);
        }
    }
}

/* lenet.nn:9: maxpool2d[c, i < 14, j < 14] = max(u < 2, v < 2)
 *               max(0, conv2d_b[c] + conv2d_correlate2d_plane[c, 64*i + 2*j + 32*u + v]) */
static void lenet_predict_one_maxpool2d(nn_range parts, const real *restrict conv2d_b,
        real (*restrict conv2d_correlate2d_plane)[892], real (*restrict maxpool2d)[14][14]) {
    for (int part = parts.first; part < parts.last; part++) {
        const int c = part / 14;
        const int i = part % 14;
        for (int j = 0; j < 14; j++) {
            real most = nn_max(R(0), conv2d_b[c] + conv2d_correlate2d_plane[c][64*i + 2*j]);
            most = nn_max(most, nn_max(R(0), conv2d_b[c] + conv2d_correlate2d_plane[c][64*i + 2*j + 1]));
            most = nn_max(most, nn_max(R(0), conv2d_b[c] + conv2d_correlate2d_plane[c][64*i + 2*j + 32]));
            most = nn_max(most, nn_max(R(0), conv2d_b[c] + conv2d_correlate2d_plane[c][64*i + 2*j + 33]));
            maxpool2d[c][i][j] = most;
        }
    }
}

/* lenet.nn:9: maxpool2d_plane[i0, place < 196] = maxpool2d[i0, place//14, place % 14] */
static void lenet_maxpool2d_plane(real (*restrict maxpool2d)[14][14], real (*restrict maxpool2d_plane)[196]) {
    for (int i0 = 0; i0 < 6; i0++)
        for (int place = 0; place < 14; place++)
            for (int place_rest = 0; place_rest < 14; place_rest++)
                maxpool2d_plane[i0][14*place + place_rest] = maxpool2d[i0][place][place_rest];
}

/* lenet.nn:10: conv2d_2_correlate2d_plane[q, place < 136] = sum(c, u, v)
 *                conv2d_2_f[q, c, u, v]*maxpool2d_plane[c, 14*u + v + place]
 * Schedule: vectors along place, two at a time, 4 q side by side; sums in registers over c, u, v.
 * Equals: for q, place: for c, u, v: sum += conv2d_2_f[q, c, u, v]*maxpool2d_plane[c, 14*u + v + place] */
static void lenet_conv2d_2_correlate2d_plane(nn_range parts, real (*restrict maxpool2d_plane)[196],
        const real (*restrict conv2d_2_f)[6][5][5], real (*restrict conv2d_2_correlate2d_plane)[136]) {
    for (int q_tile = parts.first; q_tile < parts.last; q_tile++)
        for (int place_tile = 0; place_tile < 9; place_tile++) {
            const int place_0 = nn_min_i(16*place_tile, 120);
            for (int lane = 0; lane < 16; lane += NN_PASS) {
                nn_vec sum[4][NN_PASS / NN_LANES] = {0};
                for (int c = 0; c < 6; c++)
                    for (int u = 0; u < 5; u++)
                        NN_UNROLL for (int v = 0; v < 5; v++) {
                            nn_vec held[NN_PASS / NN_LANES];
                            NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                                held[l / NN_LANES] =
                                        nn_held(&maxpool2d_plane[c][14*u + v + lane + l + place_0]);
                            NN_UNROLL for (int q = 0; q < 4; q++)
                                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                                    sum[q][l / NN_LANES] += conv2d_2_f[4*q_tile + q][c][u][v]
                                            * held[l / NN_LANES];
                        }
                NN_UNROLL for (int q = 0; q < 4; q++)
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        nn_store(&conv2d_2_correlate2d_plane[4*q_tile + q][lane + l + place_0],
                                sum[q][l / NN_LANES]);
            }
        }
}

/* lenet.nn:10: maxpool2d_2[c, i < 5, j < 5] = max(u < 2, v < 2)
 *                max(0, conv2d_2_b[c] + conv2d_2_correlate2d_plane[c, 28*i + 2*j + 14*u + v]) */
static void lenet_predict_one_maxpool2d_2(const real *restrict conv2d_2_b,
        real (*restrict conv2d_2_correlate2d_plane)[136], real (*restrict maxpool2d_2)[5][5]) {
    for (int c = 0; c < 16; c++)
        for (int i = 0; i < 5; i++) {
            real most[5];
            for (int j = 0; j < 5; j++)
                most[j] = R(-INFINITY);
            for (int u = 0; u < 2; u++)
                for (int v = 0; v < 2; v++)
                    for (int j = 0; j < 5; j++)
                        most[j] = nn_max(most[j],
                                nn_max(R(0), conv2d_2_b[c]
                                + conv2d_2_correlate2d_plane[c][28*i + 14*u + 2*j + v]));
            for (int j = 0; j < 5; j++)
                maxpool2d_2[c][i][j] = most[j];
        }
}

/* lenet.nn:11: flatten[q < 400] = maxpool2d_2[q//25, q//5 % 5, q % 5] */
static void lenet_predict_one_flatten(real (*restrict maxpool2d_2)[5][5], real *restrict flatten) {
    for (int q = 0; q < 16; q++)
        for (int q_rest = 0; q_rest < 5; q_rest++)
            for (int q_rest_2 = 0; q_rest_2 < 5; q_rest_2++)
                flatten[25*q + 5*q_rest + q_rest_2] = maxpool2d_2[q][q_rest][q_rest_2];
}

/* lenet.nn:11: linear_sum[o] = sum(i) linear_w[o, i]*flatten[i]
 *              relu_3[a] = max(0, linear_b[a] + linear_sum[a])
 * Schedule: vectors along i, two at a time, 6 o side by side; sums in registers over i; lanes added up at the
 *             end.
 * Equals: for o: for i: sum += linear_w[o, i]*flatten[i] */
static void lenet_predict_one_relu_3(nn_range parts, const real *restrict flatten,
        const real (*restrict linear_w)[400], const real *restrict linear_b, real *restrict relu_3) {
    for (int o_tile = parts.first; o_tile < parts.last; o_tile++) {
        real sums[6][16];
        for (int lane = 0; lane < 16; lane += NN_PASS) {
            nn_vec sum[6][NN_PASS / NN_LANES] = {0};
            for (int i_tile = 0; i_tile < 25; i_tile++) {
                nn_vec held[NN_PASS / NN_LANES];
                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                    held[l / NN_LANES] = nn_held(&flatten[16*i_tile + lane + l]);
                NN_UNROLL for (int o = 0; o < 6; o++)
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        sum[o][l / NN_LANES] += nn_load(&linear_w[6*o_tile + o][16*i_tile + lane + l])
                                * held[l / NN_LANES];
            }
            NN_UNROLL for (int o = 0; o < 6; o++)
                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                    nn_store(&sums[o][lane + l], sum[o][l / NN_LANES]);
        }
        for (int o = 0; o < 6; o++) {
            const real total = nn_sum_lanes(&sums[o][0]);
            relu_3[6*o_tile + o] = nn_max(R(0), linear_b[6*o_tile + o] + total);
        }
    }
}

/* lenet.nn:11: linear_2_sum[o] = sum(i) linear_2_w[o, i]*relu_3[i]
 * lenet.nn:9: x_2[a] = max(0, linear_2_b[a] + linear_2_sum[a])
 * Schedule: vectors along i, two at a time, 6 o side by side; sums in registers over i; lanes added up at the
 *             end.
 * Equals: for o: for i: sum += linear_2_w[o, i]*relu_3[i] */
static void lenet_predict_one_x_2(nn_range parts, const real *restrict relu_3,
        const real (*restrict linear_2_w)[120], const real *restrict linear_2_b, real *restrict x_2) {
    for (int o_tile = parts.first; o_tile < parts.last; o_tile++) {
        real sums[6][16];
        for (int lane = 0; lane < 16; lane += NN_PASS) {
            nn_vec sum[6][NN_PASS / NN_LANES] = {0};
            for (int i_tile = 0; i_tile < 7; i_tile++) {
                nn_vec held[NN_PASS / NN_LANES];
                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                    held[l / NN_LANES] = nn_held(&relu_3[16*i_tile + lane + l]);
                NN_UNROLL for (int o = 0; o < 6; o++)
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        sum[o][l / NN_LANES] += nn_load(&linear_2_w[6*o_tile + o][16*i_tile + lane + l])
                                * held[l / NN_LANES];
            }
            NN_UNROLL for (int o = 0; o < 6; o++)
                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                    nn_store(&sums[o][lane + l], sum[o][l / NN_LANES]);
        }
        for (int o = 0; o < 6; o++)
            for (int i = 0; i < 8; i++)
                sums[o][i] += linear_2_w[6*o_tile + o][i + 112] * relu_3[i + 112];
        for (int o = 0; o < 6; o++) {
            const real total = nn_sum_lanes(&sums[o][0]);
            x_2[6*o_tile + o] = nn_max(R(0), linear_2_b[6*o_tile + o] + total);
        }
    }
}

/* lenet.nn:12: linear_3_sum[o] = sum(i) linear_3_w[o, i]*x_2[i]
 *              logits[o] = linear_3_b[o] + linear_3_sum[o]
 * Schedule: vectors along i, two at a time, 5 o side by side; sums in registers over i; lanes added up at the
 *             end.
 * Equals: for o: for i: sum += linear_3_w[o, i]*x_2[i] */
static void lenet_predict_one_logits(const real *restrict x_2, const real (*restrict linear_3_w)[84],
        const real *restrict linear_3_b, real *restrict logits) {
    for (int o_tile = 0; o_tile < 2; o_tile++) {
        real sums[5][16];
        for (int lane = 0; lane < 16; lane += NN_PASS) {
            nn_vec sum[5][NN_PASS / NN_LANES] = {0};
            NN_UNROLL for (int i_tile = 0; i_tile < 5; i_tile++) {
                nn_vec held[NN_PASS / NN_LANES];
                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                    held[l / NN_LANES] = nn_held(&x_2[16*i_tile + lane + l]);
                NN_UNROLL for (int o = 0; o < 5; o++)
                    NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                        sum[o][l / NN_LANES] += nn_load(&linear_3_w[5*o_tile + o][16*i_tile + lane + l])
                                * held[l / NN_LANES];
            }
            NN_UNROLL for (int o = 0; o < 5; o++)
                NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)
                    nn_store(&sums[o][lane + l], sum[o][l / NN_LANES]);
        }
        for (int o = 0; o < 5; o++)
            for (int i = 0; i < 4; i++)
                sums[o][i] += linear_3_w[5*o_tile + o][i + 80] * x_2[i + 80];
        for (int o = 0; o < 5; o++) {
            const real total = nn_sum_lanes(&sums[o][0]);
            logits[5*o_tile + o] = linear_3_b[5*o_tile + o] + total;
        }
    }
}

/* lenet.nn:13: softmax_max = max(k) logits[k] */
static void lenet_softmax_max(const real *restrict logits, real *restrict softmax_max) {
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

/* lenet.nn:13: softmax_e[j] = exp(logits[j] - stop(softmax_max)) */
static void lenet_softmax_e(real softmax_max, const real *restrict logits, real *restrict softmax_e) {
    for (int j = 0; j < 10; j++)
        softmax_e[j] = nn_exp_below(logits[j] - softmax_max);
}

/* lenet.nn:13: softmax_sum = sum(k) softmax_e[k] */
static void lenet_softmax_sum(const real *restrict softmax_e, real *restrict softmax_sum) {
    real sum[10] = {0};
    for (int k = 0; k < 10; k++)
        sum[k] += softmax_e[k];
    real total = R(0);
    for (int k = 0; k < 10; k++)
        total += sum[k];
    *softmax_sum = total;
}

/* lenet.nn:13: softmax[n < 1, a] = softmax_e[a]/softmax_sum */
static void lenet_predict_one_softmax(real softmax_sum, const real *restrict softmax_e,
        real (*restrict softmax)[10]) {
    for (int a = 0; a < 10; a++)
        softmax[0][a] = softmax_e[a] / softmax_sum;
}

/* ---- first values of parameters and states ------------------------------------------------------------------- */

/* lenet.nn:9: conv2d_f[a < 6, a2 < 1, a3 < 5, a4 < 5] = -0.2 + 0.4*random() */
static void lenet_init_conv2d_f(uint32_t key, real *restrict conv2d_f) {
    for (int a_4 = 0; a_4 < 150; a_4++)
        conv2d_f[a_4] = R(-0.2) + R(0.4) * nn_uniform(key, (uint64_t)a_4);
}

/* lenet.nn:9: conv2d_b[a < 6] = -0.2 + 0.4*random() */
static void lenet_init_conv2d_b(uint32_t key, real *restrict conv2d_b) {
    for (int a = 0; a < 6; a++)
        conv2d_b[a] = R(-0.2) + R(0.4) * nn_uniform(key, (uint64_t)a);
}

/* lenet.nn:10: conv2d_2_f[a < 16, a2 < 6, a3 < 5, a4 < 5] = -0.08164965809277261 + 0.16329931618554522*random() */
static void lenet_init_conv2d_2_f(uint32_t key, real *restrict conv2d_2_f) {
    for (int a_4 = 0; a_4 < 2400; a_4++)
        conv2d_2_f[a_4] = R(-0.08164965809277261) + R(0.16329931618554522) * nn_uniform(key, (uint64_t)a_4);
}

/* lenet.nn:10: conv2d_2_b[a < 16] = -0.08164965809277261 + 0.16329931618554522*random() */
static void lenet_init_conv2d_2_b(uint32_t key, real *restrict conv2d_2_b) {
    for (int a = 0; a < 16; a++)
        conv2d_2_b[a] = R(-0.08164965809277261) + R(0.16329931618554522) * nn_uniform(key, (uint64_t)a);
}

/* lenet.nn:11: linear_w[a < 120, a2 < 400] = -0.05 + 0.1*random() */
static void lenet_init_linear_w(uint32_t key, real *restrict linear_w) {
    for (int a_2 = 0; a_2 < 48000; a_2++)
        linear_w[a_2] = R(-0.05) + R(0.1) * nn_uniform(key, (uint64_t)a_2);
}

/* lenet.nn:11: linear_b[a < 120] = -0.05 + 0.1*random() */
static void lenet_init_linear_b(uint32_t key, real *restrict linear_b) {
    for (int a = 0; a < 120; a++)
        linear_b[a] = R(-0.05) + R(0.1) * nn_uniform(key, (uint64_t)a);
}

/* lenet.nn:11: linear_2_w[a < 84, a2 < 120] = -0.09128709291752768 + 0.18257418583505536*random() */
static void lenet_init_linear_2_w(uint32_t key, real *restrict linear_2_w) {
    for (int a_2 = 0; a_2 < 10080; a_2++)
        linear_2_w[a_2] = R(-0.09128709291752768) + R(0.18257418583505536) * nn_uniform(key, (uint64_t)a_2);
}

/* lenet.nn:11: linear_2_b[a < 84] = -0.09128709291752768 + 0.18257418583505536*random() */
static void lenet_init_linear_2_b(uint32_t key, real *restrict linear_2_b) {
    for (int a = 0; a < 84; a++)
        linear_2_b[a] = R(-0.09128709291752768) + R(0.18257418583505536) * nn_uniform(key, (uint64_t)a);
}

/* lenet.nn:12: linear_3_w[a < 10, a2 < 84] = -0.1091089451179962 + 0.2182178902359924*random() */
static void lenet_init_linear_3_w(uint32_t key, real *restrict linear_3_w) {
    for (int a_2 = 0; a_2 < 840; a_2++)
        linear_3_w[a_2] = R(-0.1091089451179962) + R(0.2182178902359924) * nn_uniform(key, (uint64_t)a_2);
}

/* lenet.nn:12: linear_3_b[a < 10] = -0.1091089451179962 + 0.2182178902359924*random() */
static void lenet_init_linear_3_b(uint32_t key, real *restrict linear_3_b) {
    for (int a = 0; a < 10; a++)
        linear_3_b[a] = R(-0.1091089451179962) + R(0.2182178902359924) * nn_uniform(key, (uint64_t)a);
}

/* ---- entry points -------------------------------------------------------------------------------------------- */

void lenet_reset(lenet *m) {
    m->totals.accuracy_total = 0;
    m->totals.accuracy_total_2 = 0;
}

void lenet_init(lenet *m, uint64_t seed) {
    memset(m, 0, sizeof *m);        /* what begins at 0 begins here */
    m->seed = seed;
    m->hyper.lr = 0.001;
    lenet_reset(m);
    const uint32_t key_conv2d_f = nn_key(m->seed, (uint64_t)m->step, 0x061ffcd1u);
    const uint32_t key_conv2d_b = nn_key(m->seed, (uint64_t)m->step, 0x0a20031du);
    const uint32_t key_conv2d_2_f = nn_key(m->seed, (uint64_t)m->step, 0x5524797cu);
    const uint32_t key_conv2d_2_b = nn_key(m->seed, (uint64_t)m->step, 0x51247330u);
    const uint32_t key_linear_w = nn_key(m->seed, (uint64_t)m->step, 0xac1fd1e7u);
    const uint32_t key_linear_b = nn_key(m->seed, (uint64_t)m->step, 0x971fb0d8u);
    const uint32_t key_linear_2_w = nn_key(m->seed, (uint64_t)m->step, 0x0cec468au);
    const uint32_t key_linear_2_b = nn_key(m->seed, (uint64_t)m->step, 0x19ec5b01u);
    const uint32_t key_linear_3_w = nn_key(m->seed, (uint64_t)m->step, 0xa0af3bf1u);
    const uint32_t key_linear_3_b = nn_key(m->seed, (uint64_t)m->step, 0xb3af59dau);

    lenet_init_conv2d_f(key_conv2d_f, &m->params.conv2d_f[0][0][0][0]);
    lenet_init_conv2d_b(key_conv2d_b, m->params.conv2d_b);
    lenet_init_conv2d_2_f(key_conv2d_2_f, &m->params.conv2d_2_f[0][0][0][0]);
    lenet_init_conv2d_2_b(key_conv2d_2_b, m->params.conv2d_2_b);
    lenet_init_linear_w(key_linear_w, &m->params.linear_w[0][0]);
    lenet_init_linear_b(key_linear_b, m->params.linear_b);
    lenet_init_linear_2_w(key_linear_2_w, &m->params.linear_2_w[0][0]);
    lenet_init_linear_2_b(key_linear_2_b, m->params.linear_2_b);
    lenet_init_linear_3_w(key_linear_3_w, &m->params.linear_3_w[0][0]);
    lenet_init_linear_3_b(key_linear_3_b, m->params.linear_3_b);
}

/* Whether a call may run: n is in 1 .. LENET_BATCH, and integers are in their declared ranges. */
static int lenet_accepts(int n, const int32_t *kind) {
    if (n < 1 || n > LENET_BATCH) return 0;
    for (int k = 0; k < n; k++)
        if (kind[k] < 0 || kind[k] > 9) return 0;
    return 1;
}

/* A call of gradients, as the threads of a team get it. */
typedef struct lenet_gradients_call {
    lenet *m;
    int n;
    const unsigned char *image;
    const int32_t *kind;
    double number_1;
} lenet_gradients_call;

/* What each thread does: some of the parts of a kernel, or all of one that is its own to run. */
static void lenet_gradients_share(const void *handed, nn_thread thread) {
    const lenet_gradients_call *const call = handed;
    lenet *const m = call->m;
    const int n = call->n;
    const unsigned char *const image = call->image;
    const int32_t *const kind = call->kind;
    const double number_1 = call->number_1;
    const lenet_params *const p = &m->params;
    real *const arena = nn_first_line(m->work.arena);
    int32_t *const whole = m->work.whole;
    real (*const x)[1][29][28][16] = (void *)(arena + 387072);
    real (*const relu)[6][29][28][16] = (void *)arena;
    real (*const maxpool2d)[6][14][14][16] = (void *)(arena + 311808);
    int32_t (*const maxpool2d_winner)[6][14][14][16] = (void *)whole;
    real (*const relu_2)[16][10][10][16] = (void *)arena;
    real (*const maxpool2d_2)[16][5][5][16] = (void *)(arena + 102400);
    int32_t (*const maxpool2d_2_winner)[16][5][5][16] = (void *)(whole + 75264);
    real (*const flatten)[400][16] = (void *)arena;
    real (*const relu_3)[120][16] = (void *)(arena + 25600);
    real (*const x_2)[84][16] = (void *)(arena + 33280);
    real (*const logits)[10][16] = (void *)(arena + 44032);
    real (*const logits_2)[10] = (void *)(arena + 44672);
    int32_t *const accuracy_right = whole + 100864;
    real *const cross_entropy_nll = arena + 45952;
    real (*const d_logits)[10] = (void *)(arena + 45312);
    real *const loss = arena + 278528;
    real (*const x_2_2)[84] = (void *)(arena + 38656);
    real (*const d_logits_blocks)[10][16] = (void *)(arena + 46336);
    real (*const d_linear_2)[84][16] = (void *)(arena + 40960);
    real (*const d_linear_2_2)[84] = (void *)(arena + 58880);
    real (*const relu_3_2)[120] = (void *)(arena + 33280);
    real (*const d_linear)[120][16] = (void *)(arena + 51200);
    real (*const d_linear_3)[120] = (void *)(arena + 58880);
    real (*const flatten_2)[400] = (void *)(arena + 25600);
    real (*const d_flatten)[400][16] = (void *)arena;
    real (*const d_conv2d_2_kept)[16][5][5][16] = (void *)(arena + 177664);
    real (*const d_conv2d_2)[16][10][10][16] = (void *)arena;
    real (*const maxpool2d_rows)[14][84] = (void *)(arena + 102400);
    real (*const d_conv2d_2_kept_2)[16][5][5] = (void *)(arena + 252928);
    int32_t (*const maxpool2d_2_winner_2)[16][5][5] = (void *)(whole + 100864);
    real (*const d_conv2d_kept)[6][14][14][16] = (void *)(arena + 177664);
    real (*const x_rows)[1][32][43] = (void *)arena;
    real (*const d_conv2d_kept_2)[6][14][14] = (void *)(arena + 88064);
    int32_t (*const maxpool2d_winner_2)[6][14][14] = (void *)(whole + 75264);

    NN_PARTS(parts, thread, 28*((n + 15) / 16)) lenet_x(parts, n, (const unsigned char (*)[1][28][28])image, x);
    nn_wait(thread);
    NN_PARTS(parts, thread, 28*((n + 15) / 16)) lenet_relu(parts, x, p->conv2d_f, p->conv2d_b, relu);
    nn_wait(thread);
    NN_PARTS(parts, thread, 84*((n + 15) / 16)) lenet_maxpool2d_winner(parts, relu, maxpool2d,
            maxpool2d_winner);
    nn_wait(thread);
    NN_PARTS(parts, thread, 10*((n + 15) / 16)) lenet_relu_2(parts, maxpool2d, p->conv2d_2_f, p->conv2d_2_b,
            relu_2);
    nn_wait(thread);
    NN_PARTS(parts, thread, 16*((n + 15) / 16)) lenet_maxpool2d_2_winner(parts, relu_2, maxpool2d_2,
            maxpool2d_2_winner);
    nn_wait(thread);
    NN_PARTS(parts, thread, 16*((n + 15) / 16)) lenet_flatten(parts, maxpool2d_2, flatten);
    nn_wait(thread);
    NN_PARTS(parts, thread, 20*((n + 15) / 16)) lenet_relu_3(parts, flatten, p->linear_w, p->linear_b, relu_3);
    nn_wait(thread);
    NN_PARTS(parts, thread, 14*((n + 15) / 16)) lenet_x_2(parts, relu_3, p->linear_2_w, p->linear_2_b, x_2);
    nn_wait(thread);
    NN_PARTS(parts, thread, 2*((n + 15) / 16)) lenet_logits(parts, x_2, p->linear_3_w, p->linear_3_b, logits);
    nn_wait(thread);
    if (nn_mine(thread, 0)) {
        lenet_logits_by_sample(n, logits, logits_2);
        lenet_d_logits(n, (real)number_1, logits_2, kind, accuracy_right, cross_entropy_nll, d_logits);
        lenet_loss(n, cross_entropy_nll, loss);
        lenet_accuracy_total_next(n, accuracy_right, &m->totals.accuracy_total);
    }
    if (nn_mine(thread, 1))
        lenet_accuracy_total_next_2(n, &m->totals.accuracy_total_2);

    /* backward */
    if (nn_mine(thread, 0))
        lenet_d_linear_3_b(n, d_logits, m->grads.linear_3_b);
    NN_PARTS(parts, thread, 3*((n + 15) / 16)) lenet_x_2_by_sample(parts, n, x_2, x_2_2);
    nn_wait(thread);
    NN_PARTS(parts, thread, 2) lenet_d_linear_3_w(parts, n, x_2_2, d_logits, m->grads.linear_3_w);
    if (nn_mine(thread, 0))
        lenet_d_logits_blocks(n, d_logits, d_logits_blocks);
    nn_wait(thread);
    NN_PARTS(parts, thread, 14*((n + 15) / 16)) lenet_d_linear_2(parts, n, d_logits_blocks, p->linear_3_w, x_2,
            d_linear_2);
    nn_wait(thread);
    NN_PARTS(parts, thread, 14) lenet_d_linear_2_b(parts, n, d_linear_2, m->grads.linear_2_b);
    NN_PARTS(parts, thread, 3*((n + 15) / 16)) lenet_x_2_by_sample(parts, n, d_linear_2, d_linear_2_2);
    NN_PARTS(parts, thread, 5*((n + 15) / 16)) lenet_relu_3_by_sample(parts, n, relu_3, relu_3_2);
    nn_wait(thread);
    NN_PARTS(parts, thread, 14) lenet_d_linear_2_w(parts, n, relu_3_2, d_linear_2_2, m->grads.linear_2_w);
    NN_PARTS(parts, thread, 20*((n + 15) / 16)) lenet_d_linear(parts, n, d_linear_2, p->linear_2_w, relu_3,
            d_linear);
    nn_wait(thread);
    NN_PARTS(parts, thread, 20) lenet_d_linear_b(parts, n, d_linear, m->grads.linear_b);
    NN_PARTS(parts, thread, 5*((n + 15) / 16)) lenet_relu_3_by_sample(parts, n, d_linear, d_linear_3);
    NN_PARTS(parts, thread, 20*((n + 15) / 16)) lenet_flatten_by_sample(parts, n, flatten, flatten_2);
    nn_wait(thread);
    NN_PARTS(parts, thread, 500) lenet_d_linear_w(parts, n, flatten_2, d_linear_3, m->grads.linear_w);
    NN_PARTS(parts, thread, (n + 15) / 16) lenet_d_flatten(parts, n, d_linear, p->linear_w, d_flatten);
    nn_wait(thread);
    NN_PARTS(parts, thread, 16*((n + 15) / 16)) lenet_d_conv2d_2_kept(parts, n, d_flatten, maxpool2d_2,
            d_conv2d_2_kept);
    nn_wait(thread);
    NN_PARTS(parts, thread, 16*((n + 15) / 16)) lenet_d_conv2d_2(parts, n, d_conv2d_2_kept, maxpool2d_2_winner,
            d_conv2d_2);
    NN_PARTS(parts, thread, 4) lenet_d_conv2d_2_b(parts, n, d_conv2d_2_kept, m->grads.conv2d_2_b);
    NN_PARTS(parts, thread, 14*((n + 15) / 16)) lenet_maxpool2d_rows(parts, n, maxpool2d, maxpool2d_rows);
    NN_PARTS(parts, thread, 16*((n + 15) / 16)) lenet_d_conv2d_2_kept_by_sample(parts, n, d_conv2d_2_kept,
            d_conv2d_2_kept_2);
    NN_PARTS(parts, thread, 16*((n + 15) / 16)) lenet_maxpool2d_2_winner_by_sample(parts, n,
            maxpool2d_2_winner, maxpool2d_2_winner_2);
    nn_wait(thread);
    NN_PARTS(parts, thread, 16) lenet_d_conv2d_2_f(parts, n, maxpool2d_2_winner_2, d_conv2d_2_kept_2,
            maxpool2d_rows, m->grads.conv2d_2_f);
    NN_PARTS(parts, thread, 14*((n + 15) / 16)) lenet_d_conv2d_kept(parts, n, d_conv2d_2, p->conv2d_2_f,
            maxpool2d, d_conv2d_kept);
    nn_wait(thread);
    if (nn_mine(thread, 0))
        lenet_d_conv2d_b(n, d_conv2d_kept, m->grads.conv2d_b);
    NN_PARTS(parts, thread, 32*((n + 15) / 16)) lenet_x_rows(parts, n, x, x_rows);
    NN_PARTS(parts, thread, 84*((n + 15) / 16)) lenet_d_conv2d_kept_by_sample(parts, n, d_conv2d_kept,
            d_conv2d_kept_2);
    NN_PARTS(parts, thread, 84*((n + 15) / 16)) lenet_maxpool2d_winner_by_sample(parts, n, maxpool2d_winner,
            maxpool2d_winner_2);
    nn_wait(thread);
    NN_PARTS(parts, thread, 6) lenet_d_conv2d_f(parts, n, maxpool2d_winner_2, d_conv2d_kept_2, x_rows,
            m->grads.conv2d_f);
}

double lenet_gradients(lenet *m, int n, const unsigned char *image, const int32_t *kind) {
    if (!lenet_accepts(n, kind)) return (double)NAN;
    const double number_1 = 1.0 / (double)n;
    const lenet_gradients_call call = { m, n, image, kind, number_1 };
    nn_on_team(lenet_gradients_share, &call);
    return (double)nn_first_line(m->work.arena)[278528];
}

/* A call of update, as the threads of a team get it. */
typedef struct lenet_update_call {
    lenet *m;
    double number_1;
    double number_2;
    double number_3;
} lenet_update_call;

/* What each thread does: some of the parts of a kernel, or all of one that is its own to run. */
static void lenet_update_share(const void *handed, nn_thread thread) {
    const lenet_update_call *const call = handed;
    lenet *const m = call->m;
    const double number_1 = call->number_1;
    const double number_2 = call->number_2;
    const double number_3 = call->number_3;

    if (nn_mine(thread, 0))
        lenet_update_parameter(nn_whole(1), (real)number_1, (real)number_2, 150,
                &m->optimizer.conv2d_f_m[0][0][0][0], &m->grads.conv2d_f[0][0][0][0],
                &m->optimizer.conv2d_f_v[0][0][0][0], &m->params.conv2d_f[0][0][0][0]);
    if (nn_mine(thread, 1))
        lenet_update_parameter_2((real)number_1, (real)number_3, 6, m->optimizer.conv2d_b_m, m->grads.conv2d_b,
                m->optimizer.conv2d_b_v, m->params.conv2d_b);
    NN_PARTS(parts, thread, 3) lenet_update_parameter(parts, (real)number_1, (real)number_2, 2400,
            &m->optimizer.conv2d_2_f_m[0][0][0][0], &m->grads.conv2d_2_f[0][0][0][0],
            &m->optimizer.conv2d_2_f_v[0][0][0][0], &m->params.conv2d_2_f[0][0][0][0]);
    if (nn_mine(thread, 2))
        lenet_update_parameter_2((real)number_1, (real)number_3, 16, m->optimizer.conv2d_2_b_m,
                m->grads.conv2d_2_b, m->optimizer.conv2d_2_b_v, m->params.conv2d_2_b);
    NN_PARTS(parts, thread, 47) lenet_update_parameter(parts, (real)number_1, (real)number_2, 48000,
            &m->optimizer.linear_w_m[0][0], &m->grads.linear_w[0][0], &m->optimizer.linear_w_v[0][0],
            &m->params.linear_w[0][0]);
    if (nn_mine(thread, 3))
        lenet_update_parameter(nn_whole(1), (real)number_1, (real)number_2, 120, m->optimizer.linear_b_m,
                m->grads.linear_b, m->optimizer.linear_b_v, m->params.linear_b);
    NN_PARTS(parts, thread, 10) lenet_update_parameter(parts, (real)number_1, (real)number_2, 10080,
            &m->optimizer.linear_2_w_m[0][0], &m->grads.linear_2_w[0][0], &m->optimizer.linear_2_w_v[0][0],
            &m->params.linear_2_w[0][0]);
    if (nn_mine(thread, 4))
        lenet_update_parameter(nn_whole(1), (real)number_1, (real)number_2, 84, m->optimizer.linear_2_b_m,
                m->grads.linear_2_b, m->optimizer.linear_2_b_v, m->params.linear_2_b);
    if (nn_mine(thread, 5))
        lenet_update_parameter(nn_whole(1), (real)number_1, (real)number_2, 840,
                &m->optimizer.linear_3_w_m[0][0], &m->grads.linear_3_w[0][0], &m->optimizer.linear_3_w_v[0][0],
                &m->params.linear_3_w[0][0]);
    if (nn_mine(thread, 6))
        lenet_update_parameter_2((real)number_1, (real)number_3, 10, m->optimizer.linear_3_b_m,
                m->grads.linear_3_b, m->optimizer.linear_3_b_v, m->params.linear_3_b);
}

void lenet_update(lenet *m) {
    const int64_t adam_t = m->step + 1;
    const double number_1 = m->hyper.lr / (1.0 - nn_pow_d(0.9, (double)adam_t));
    const double number_2 = 1.0 / (1.0 - nn_pow_d(0.999, (double)adam_t));
    const double number_3 = 1.0 - nn_pow_d(0.999, (double)adam_t);
    const lenet_update_call call = { m, number_1, number_2, number_3 };
    nn_on_team(lenet_update_share, &call);
    m->step += 1;
}

double lenet_step(lenet *m, int n, const unsigned char *image, const int32_t *kind) {
    if (!lenet_accepts(n, kind)) return (double)NAN;
    const double loss = lenet_gradients(m, n, image, kind);
    lenet_update(m);
    return loss;
}

/* A call of evaluate, as the threads of a team get it. */
typedef struct lenet_evaluate_call {
    lenet *m;
    int n;
    const unsigned char *image;
    const int32_t *kind;
} lenet_evaluate_call;

/* What each thread does: some of the parts of a kernel, or all of one that is its own to run. */
static void lenet_evaluate_share(const void *handed, nn_thread thread) {
    const lenet_evaluate_call *const call = handed;
    lenet *const m = call->m;
    const int n = call->n;
    const unsigned char *const image = call->image;
    const int32_t *const kind = call->kind;
    const lenet_params *const p = &m->params;
    real *const arena = nn_first_line(m->work.arena);
    int32_t *const whole = m->work.whole;
    real (*const x)[1][29][28][16] = (void *)(arena + 311808);
    real (*const relu)[6][29][28][16] = (void *)arena;
    real (*const maxpool2d)[6][14][14][16] = (void *)(arena + 311808);
    real (*const relu_2)[16][10][10][16] = (void *)arena;
    real (*const maxpool2d_2)[16][5][5][16] = (void *)(arena + 102400);
    real (*const flatten)[400][16] = (void *)arena;
    real (*const relu_3)[120][16] = (void *)(arena + 25600);
    real (*const x_2)[84][16] = (void *)arena;
    real (*const logits)[10][16] = (void *)(arena + 5376);
    real (*const logits_2)[10] = (void *)arena;
    int32_t *const accuracy_right = whole;
    real *const cross_entropy_nll = arena + 640;
    real *const loss = arena + 704;

    NN_PARTS(parts, thread, 28*((n + 15) / 16)) lenet_x(parts, n, (const unsigned char (*)[1][28][28])image, x);
    nn_wait(thread);
    NN_PARTS(parts, thread, 28*((n + 15) / 16)) lenet_relu(parts, x, p->conv2d_f, p->conv2d_b, relu);
    nn_wait(thread);
    NN_PARTS(parts, thread, 84*((n + 15) / 16)) lenet_maxpool2d(parts, relu, maxpool2d);
    nn_wait(thread);
    NN_PARTS(parts, thread, 10*((n + 15) / 16)) lenet_relu_2(parts, maxpool2d, p->conv2d_2_f, p->conv2d_2_b,
            relu_2);
    nn_wait(thread);
    NN_PARTS(parts, thread, 16*((n + 15) / 16)) lenet_maxpool2d_2(parts, relu_2, maxpool2d_2);
    nn_wait(thread);
    NN_PARTS(parts, thread, 16*((n + 15) / 16)) lenet_flatten(parts, maxpool2d_2, flatten);
    nn_wait(thread);
    NN_PARTS(parts, thread, 20*((n + 15) / 16)) lenet_relu_3(parts, flatten, p->linear_w, p->linear_b, relu_3);
    nn_wait(thread);
    NN_PARTS(parts, thread, 14*((n + 15) / 16)) lenet_x_2(parts, relu_3, p->linear_2_w, p->linear_2_b, x_2);
    nn_wait(thread);
    NN_PARTS(parts, thread, 2*((n + 15) / 16)) lenet_logits(parts, x_2, p->linear_3_w, p->linear_3_b, logits);
    nn_wait(thread);
    if (nn_mine(thread, 0)) {
        lenet_logits_by_sample(n, logits, logits_2);
        lenet_cross_entropy_nll(n, logits_2, kind, accuracy_right, cross_entropy_nll);
        lenet_loss(n, cross_entropy_nll, loss);
        lenet_accuracy_total_next(n, accuracy_right, &m->totals.accuracy_total);
    }
    if (nn_mine(thread, 1))
        lenet_accuracy_total_next_2(n, &m->totals.accuracy_total_2);
}

double lenet_evaluate(lenet *m, int n, const unsigned char *image, const int32_t *kind) {
    if (!lenet_accepts(n, kind)) return (double)NAN;
    const lenet_evaluate_call call = { m, n, image, kind };
    nn_on_team(lenet_evaluate_share, &call);
    return (double)nn_first_line(m->work.arena)[704];
}

void lenet_metrics(const lenet *m, double *values) {
    lenet_accuracy(m->totals.accuracy_total, m->totals.accuracy_total_2, &values[0]);
}

/* A call of predict, as the threads of a team get it. */
typedef struct lenet_predict_call {
    const lenet_params *p;
    lenet_predict_work *work;
    int n;
    const unsigned char *image;
    nn_real *softmax;
} lenet_predict_call;

/* What each thread does: some of the parts of a kernel, or all of one that is its own to run. */
static void lenet_predict_share(const void *handed, nn_thread thread) {
    const lenet_predict_call *const call = handed;
    const lenet_params *const p = call->p;
    lenet_predict_work *const work = call->work;
    const int n = call->n;
    const unsigned char *const image = call->image;
    nn_real *const softmax = call->softmax;
    real *const arena = nn_first_line(work->arena);
    real (*const x)[1][29][28][16] = (void *)(arena + 311808);
    real (*const relu)[6][29][28][16] = (void *)arena;
    real (*const maxpool2d)[6][14][14][16] = (void *)(arena + 311808);
    real (*const relu_2)[16][10][10][16] = (void *)arena;
    real (*const maxpool2d_2)[16][5][5][16] = (void *)(arena + 102400);
    real (*const flatten)[400][16] = (void *)arena;
    real (*const relu_3)[120][16] = (void *)(arena + 25600);
    real (*const x_2)[84][16] = (void *)arena;
    real (*const logits)[10][16] = (void *)(arena + 5376);
    real (*const logits_2)[10] = (void *)arena;

    NN_PARTS(parts, thread, 28*((n + 15) / 16)) lenet_x(parts, n, (const unsigned char (*)[1][28][28])image, x);
    nn_wait(thread);
    NN_PARTS(parts, thread, 28*((n + 15) / 16)) lenet_relu(parts, x, p->conv2d_f, p->conv2d_b, relu);
    nn_wait(thread);
    NN_PARTS(parts, thread, 84*((n + 15) / 16)) lenet_maxpool2d(parts, relu, maxpool2d);
    nn_wait(thread);
    NN_PARTS(parts, thread, 10*((n + 15) / 16)) lenet_relu_2(parts, maxpool2d, p->conv2d_2_f, p->conv2d_2_b,
            relu_2);
    nn_wait(thread);
    NN_PARTS(parts, thread, 16*((n + 15) / 16)) lenet_maxpool2d_2(parts, relu_2, maxpool2d_2);
    nn_wait(thread);
    NN_PARTS(parts, thread, 16*((n + 15) / 16)) lenet_flatten(parts, maxpool2d_2, flatten);
    nn_wait(thread);
    NN_PARTS(parts, thread, 20*((n + 15) / 16)) lenet_relu_3(parts, flatten, p->linear_w, p->linear_b, relu_3);
    nn_wait(thread);
    NN_PARTS(parts, thread, 14*((n + 15) / 16)) lenet_x_2(parts, relu_3, p->linear_2_w, p->linear_2_b, x_2);
    nn_wait(thread);
    NN_PARTS(parts, thread, 2*((n + 15) / 16)) lenet_logits(parts, x_2, p->linear_3_w, p->linear_3_b, logits);
    nn_wait(thread);
    if (nn_mine(thread, 0)) {
        lenet_logits_by_sample(n, logits, logits_2);
        lenet_softmax(n, logits_2, (void *)softmax);
    }
}

void lenet_predict(const lenet_params *p, lenet_predict_work *work, int n, const unsigned char *image,
        nn_real *softmax) {
    if (n < 1 || n > LENET_BATCH) return;
    const lenet_predict_call call = { p, work, n, image, softmax };
    nn_on_team(lenet_predict_share, &call);
}

/* A call of predict_one, as the threads of a team get it. */
typedef struct lenet_predict_one_call {
    const lenet_params *p;
    lenet_predict_work *work;
    const unsigned char *image;
    nn_real *softmax;
} lenet_predict_one_call;

/* What each thread does: some of the parts of a kernel, or all of one that is its own to run. */
static void lenet_predict_one_share(const void *handed, nn_thread thread) {
    const lenet_predict_one_call *const call = handed;
    const lenet_params *const p = call->p;
    lenet_predict_work *const work = call->work;
    const unsigned char *const image = call->image;
    nn_real *const softmax = call->softmax;
    real *const arena = nn_first_line(work->arena);
    real (*const x)[28][28] = (void *)arena;
    real (*const x_plane)[1040] = (void *)(arena + 5360);
    real (*const conv2d_correlate2d_plane)[892] = (void *)arena;
    real (*const maxpool2d)[14][14] = (void *)(arena + 5360);
    real (*const maxpool2d_plane)[196] = (void *)(arena + 2176);
    real (*const conv2d_2_correlate2d_plane)[136] = (void *)arena;
    real (*const maxpool2d_2)[5][5] = (void *)(arena + 2176);
    real *const flatten = arena + 2576;
    real *const relu_3 = arena;
    real *const x_2 = arena + 128;
    real *const logits = arena;
    real *const softmax_max = arena + 32;
    real *const softmax_e = arena + 16;
    real *const softmax_sum = arena + 48;

    if (nn_mine(thread, 0)) {
        lenet_predict_one_x((const unsigned char (*)[1][28][28])image, x);
        lenet_x_plane(x, x_plane);
    }
    nn_wait(thread);
    if (nn_mine(thread, 0))
        lenet_conv2d_correlate2d_plane(x_plane, p->conv2d_f, conv2d_correlate2d_plane);
    nn_wait(thread);
    NN_PARTS(parts, thread, 84) lenet_predict_one_maxpool2d(parts, p->conv2d_b, conv2d_correlate2d_plane,
            maxpool2d);
    nn_wait(thread);
    if (nn_mine(thread, 0))
        lenet_maxpool2d_plane(maxpool2d, maxpool2d_plane);
    nn_wait(thread);
    NN_PARTS(parts, thread, 4) lenet_conv2d_2_correlate2d_plane(parts, maxpool2d_plane, p->conv2d_2_f,
            conv2d_2_correlate2d_plane);
    nn_wait(thread);
    if (nn_mine(thread, 0)) {
        lenet_predict_one_maxpool2d_2(p->conv2d_2_b, conv2d_2_correlate2d_plane, maxpool2d_2);
        lenet_predict_one_flatten(maxpool2d_2, flatten);
    }
    nn_wait(thread);
    NN_PARTS(parts, thread, 20) lenet_predict_one_relu_3(parts, flatten, p->linear_w, p->linear_b, relu_3);
    nn_wait(thread);
    NN_PARTS(parts, thread, 14) lenet_predict_one_x_2(parts, relu_3, p->linear_2_w, p->linear_2_b, x_2);
    nn_wait(thread);
    if (nn_mine(thread, 0)) {
        lenet_predict_one_logits(x_2, p->linear_3_w, p->linear_3_b, logits);
        lenet_softmax_max(logits, softmax_max);
        lenet_softmax_e(*softmax_max, logits, softmax_e);
        lenet_softmax_sum(softmax_e, softmax_sum);
        lenet_predict_one_softmax(*softmax_sum, softmax_e, (void *)softmax);
    }
}

void lenet_predict_one(const lenet_params *p, lenet_predict_work *work, const unsigned char *image,
        nn_real *softmax) {
    const lenet_predict_one_call call = { p, work, image, softmax };
    nn_on_team(lenet_predict_one_share, &call);
}

/* ---- the model as a table ------------------------------------------------------------------------------------ */

#define REAL (sizeof(real) == sizeof(double) ? NN_F64 : NN_F32)

static const char lenet_source[] =
    "# LeNet-5 on 28x28 grey images.\n"
    "model lenet {\n"
    "    input  image[1, 28, 28] : byte =\n"
    "        \"/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz\",\n"
    "        \"/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz\"\n"
    "    target kind : class[10] =\n"
    "        \"/usr/share/datasets/fashion-mnist/train-labels-idx1-ubyte.gz\",\n"
    "        \"/usr/share/datasets/fashion-mnist/t10k-labels-idx1-ubyte.gz\"\n"
    "    x = image/255 |> conv2d(6, 5, pad=2) |> relu |> maxpool2d(2)\n"
    "                  |> conv2d(16, 5)       |> relu |> maxpool2d(2)\n"
    "                  |> flatten |> linear(120) |> relu |> linear(84) |> relu\n"
    "    logits = x |> linear(10)\n"
    "    output softmax(logits)\n"
    "    loss   cross_entropy(logits, kind)\n"
    "    metric accuracy(logits, kind)\n"
    "    optimizer adam(lr=0.001)\n"
    "    train  batch=64, epochs=10\n"
    "}\n";

static const nn_tensor lenet_inputs_table[] = {
    { "image", NN_U8, 3, { 1, 28, 28 }, 0, 0, 255, "/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz", "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz", { 0 } },
    { "kind", NN_I32, 0, { 0 }, 0, 0, 9, "/usr/share/datasets/fashion-mnist/train-labels-idx1-ubyte.gz", "/usr/share/datasets/fashion-mnist/t10k-labels-idx1-ubyte.gz", { 0 } },
};
static const nn_tensor lenet_outputs_table[] = {
    { "softmax", REAL, 1, { 10 }, 0, 1, 0, NULL, NULL, { 0 } },
};
static const nn_tensor lenet_params_table[] = {
    { "conv2d.f", REAL, 4, { 6, 1, 5, 5 }, offsetof(lenet, params.conv2d_f), 1, 0, NULL, NULL, { 0 } },
    { "conv2d.b", REAL, 1, { 6 }, offsetof(lenet, params.conv2d_b), 1, 0, NULL, NULL, { 0 } },
    { "conv2d_2.f", REAL, 4, { 16, 6, 5, 5 }, offsetof(lenet, params.conv2d_2_f), 1, 0, NULL, NULL, { 0 } },
    { "conv2d_2.b", REAL, 1, { 16 }, offsetof(lenet, params.conv2d_2_b), 1, 0, NULL, NULL, { 0 } },
    { "linear.w", REAL, 2, { 120, 400 }, offsetof(lenet, params.linear_w), 1, 0, NULL, NULL, { 0 } },
    { "linear.b", REAL, 1, { 120 }, offsetof(lenet, params.linear_b), 1, 0, NULL, NULL, { 0 } },
    { "linear_2.w", REAL, 2, { 84, 120 }, offsetof(lenet, params.linear_2_w), 1, 0, NULL, NULL, { 0 } },
    { "linear_2.b", REAL, 1, { 84 }, offsetof(lenet, params.linear_2_b), 1, 0, NULL, NULL, { 0 } },
    { "linear_3.w", REAL, 2, { 10, 84 }, offsetof(lenet, params.linear_3_w), 1, 0, NULL, NULL, { 0 } },
    { "linear_3.b", REAL, 1, { 10 }, offsetof(lenet, params.linear_3_b), 1, 0, NULL, NULL, { 0 } },
};
static const nn_tensor lenet_grads_table[] = {
    { "conv2d.f", REAL, 4, { 6, 1, 5, 5 }, offsetof(lenet, grads.conv2d_f), 1, 0, NULL, NULL, { 0 } },
    { "conv2d.b", REAL, 1, { 6 }, offsetof(lenet, grads.conv2d_b), 1, 0, NULL, NULL, { 0 } },
    { "conv2d_2.f", REAL, 4, { 16, 6, 5, 5 }, offsetof(lenet, grads.conv2d_2_f), 1, 0, NULL, NULL, { 0 } },
    { "conv2d_2.b", REAL, 1, { 16 }, offsetof(lenet, grads.conv2d_2_b), 1, 0, NULL, NULL, { 0 } },
    { "linear.w", REAL, 2, { 120, 400 }, offsetof(lenet, grads.linear_w), 1, 0, NULL, NULL, { 0 } },
    { "linear.b", REAL, 1, { 120 }, offsetof(lenet, grads.linear_b), 1, 0, NULL, NULL, { 0 } },
    { "linear_2.w", REAL, 2, { 84, 120 }, offsetof(lenet, grads.linear_2_w), 1, 0, NULL, NULL, { 0 } },
    { "linear_2.b", REAL, 1, { 84 }, offsetof(lenet, grads.linear_2_b), 1, 0, NULL, NULL, { 0 } },
    { "linear_3.w", REAL, 2, { 10, 84 }, offsetof(lenet, grads.linear_3_w), 1, 0, NULL, NULL, { 0 } },
    { "linear_3.b", REAL, 1, { 10 }, offsetof(lenet, grads.linear_3_b), 1, 0, NULL, NULL, { 0 } },
};
static const nn_tensor lenet_states_table[] = {
    { "optimizer.conv2d.f.m", REAL, 4, { 6, 1, 5, 5 }, offsetof(lenet, optimizer.conv2d_f_m), 1, 0, NULL, NULL, { 0 } },
    { "optimizer.conv2d.f.v", REAL, 4, { 6, 1, 5, 5 }, offsetof(lenet, optimizer.conv2d_f_v), 1, 0, NULL, NULL, { 0 } },
    { "optimizer.conv2d.b.m", REAL, 1, { 6 }, offsetof(lenet, optimizer.conv2d_b_m), 1, 0, NULL, NULL, { 0 } },
    { "optimizer.conv2d.b.v", REAL, 1, { 6 }, offsetof(lenet, optimizer.conv2d_b_v), 1, 0, NULL, NULL, { 0 } },
    { "optimizer.conv2d_2.f.m", REAL, 4, { 16, 6, 5, 5 }, offsetof(lenet, optimizer.conv2d_2_f_m), 1, 0, NULL, NULL, { 0 } },
    { "optimizer.conv2d_2.f.v", REAL, 4, { 16, 6, 5, 5 }, offsetof(lenet, optimizer.conv2d_2_f_v), 1, 0, NULL, NULL, { 0 } },
    { "optimizer.conv2d_2.b.m", REAL, 1, { 16 }, offsetof(lenet, optimizer.conv2d_2_b_m), 1, 0, NULL, NULL, { 0 } },
    { "optimizer.conv2d_2.b.v", REAL, 1, { 16 }, offsetof(lenet, optimizer.conv2d_2_b_v), 1, 0, NULL, NULL, { 0 } },
    { "optimizer.linear.w.m", REAL, 2, { 120, 400 }, offsetof(lenet, optimizer.linear_w_m), 1, 0, NULL, NULL, { 0 } },
    { "optimizer.linear.w.v", REAL, 2, { 120, 400 }, offsetof(lenet, optimizer.linear_w_v), 1, 0, NULL, NULL, { 0 } },
    { "optimizer.linear.b.m", REAL, 1, { 120 }, offsetof(lenet, optimizer.linear_b_m), 1, 0, NULL, NULL, { 0 } },
    { "optimizer.linear.b.v", REAL, 1, { 120 }, offsetof(lenet, optimizer.linear_b_v), 1, 0, NULL, NULL, { 0 } },
    { "optimizer.linear_2.w.m", REAL, 2, { 84, 120 }, offsetof(lenet, optimizer.linear_2_w_m), 1, 0, NULL, NULL, { 0 } },
    { "optimizer.linear_2.w.v", REAL, 2, { 84, 120 }, offsetof(lenet, optimizer.linear_2_w_v), 1, 0, NULL, NULL, { 0 } },
    { "optimizer.linear_2.b.m", REAL, 1, { 84 }, offsetof(lenet, optimizer.linear_2_b_m), 1, 0, NULL, NULL, { 0 } },
    { "optimizer.linear_2.b.v", REAL, 1, { 84 }, offsetof(lenet, optimizer.linear_2_b_v), 1, 0, NULL, NULL, { 0 } },
    { "optimizer.linear_3.w.m", REAL, 2, { 10, 84 }, offsetof(lenet, optimizer.linear_3_w_m), 1, 0, NULL, NULL, { 0 } },
    { "optimizer.linear_3.w.v", REAL, 2, { 10, 84 }, offsetof(lenet, optimizer.linear_3_w_v), 1, 0, NULL, NULL, { 0 } },
    { "optimizer.linear_3.b.m", REAL, 1, { 10 }, offsetof(lenet, optimizer.linear_3_b_m), 1, 0, NULL, NULL, { 0 } },
    { "optimizer.linear_3.b.v", REAL, 1, { 10 }, offsetof(lenet, optimizer.linear_3_b_v), 1, 0, NULL, NULL, { 0 } },
};
static const nn_tensor lenet_totals_table[] = {
    { "accuracy_total", NN_F64, 0, { 0 }, offsetof(lenet, totals.accuracy_total), 1, 0, NULL, NULL, { 0 } },
    { "accuracy_total_2", NN_F64, 0, { 0 }, offsetof(lenet, totals.accuracy_total_2), 1, 0, NULL, NULL, { 0 } },
};
static const nn_tensor lenet_hypers_table[] = {
    { "lr", NN_F64, 0, { 0 }, offsetof(lenet, hyper.lr), 1, 0, NULL, NULL, { 0 } },
};
static const char *const lenet_metrics_table[] = { "accuracy" };
static const nn_setting lenet_settings_table[] = { { "epochs", 10 } };

static void lenet_table_init(void *m, uint64_t seed) { lenet_init(m, seed); }
static void lenet_table_reset(void *m) { lenet_reset(m); }
static void lenet_table_metrics(void *m, double *values) { lenet_metrics(m, values); }
static void lenet_table_update(void *m) { lenet_update(m); }
static double lenet_table_gradients(void *m, int n, const int *lengths, const void *const *inputs) {
    (void)lengths;
    return lenet_gradients(m, n, inputs[0], inputs[1]);
}
static double lenet_table_evaluate(void *m, int n, const int *lengths, const void *const *inputs) {
    (void)lengths;
    return lenet_evaluate(m, n, inputs[0], inputs[1]);
}
static void lenet_table_predict(const void *instance, void *memory, void *work, int n, const int *lengths,
        const void *const *inputs, void *const *outputs) {
    (void)lengths;
    const lenet *const m = instance;
    (void)memory;
    if (n == 1) lenet_predict_one(&m->params, work, inputs[0], outputs[0]);
    else lenet_predict(&m->params, work, n, inputs[0], outputs[0]);
}

const nn_model lenet_model = {
    .name = "lenet",
    .source = lenet_source,
    .hash = "a1f48b8c0af7fd5f",
    .batch = LENET_BATCH,
    .real = REAL,
    .size = sizeof(lenet),
    .predict_size = sizeof(lenet_predict_work),
    .n_inputs = 1, .n_targets = 1,
    .inputs = lenet_inputs_table,
    .n_outputs = 1,  .outputs = lenet_outputs_table,
    .n_params = 10, .params = lenet_params_table,
    .n_grads = 10, .grads = lenet_grads_table,
    .n_states = 20, .states = lenet_states_table,
    .n_totals = 2,  .totals = lenet_totals_table,
    .n_hypers = 1,  .hypers = lenet_hypers_table,
    .n_metrics = 1,  .metrics = lenet_metrics_table,
    .n_settings = 1,  .settings = lenet_settings_table,
    .step_offset = offsetof(lenet, step),
    .epoch_offset = offsetof(lenet, epoch),
    .seed_offset = offsetof(lenet, seed),
    .init = lenet_table_init,
    .reset = lenet_table_reset,
    .metrics_of = lenet_table_metrics,
    .gradients = lenet_table_gradients,
    .update = lenet_table_update,
    .evaluate = lenet_table_evaluate,
    .predict = lenet_table_predict,
};

NN_MAIN_MODEL(lenet_model)
