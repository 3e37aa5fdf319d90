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
 * Memory of one instance, `lenet`, for batches of up to 64: 4 301 328 bytes.
 *     parameters              246 824
 *     gradients               246 824
 *     optimizer               493 648
 *     workspace             3 313 984
 * To predict: the parameters and a workspace of 1 505 280 bytes.
 *
 * Compile with -O2 -march=native and the directory of nn.h. With -DNN_DOUBLE all numbers are double.
 * Large matrix products are calls of BLAS: link with -lopenblas.
 * Equations above the functions are per sample. d_x is the gradient of x, w' the next value of w.
 * Where samples stand in blocks of 16, sample 16*block + lane is at [block] .. [lane]. */
#include "lenet.h"
#include <math.h>
#include <string.h>
#include <cblas.h>

/* a*b + c may be rounded once, also where strict standard modes would not allow it. */
#if defined __clang__
#pragma STDC FP_CONTRACT ON
#elif defined __GNUC__ && defined __STRICT_ANSI__
#pragma GCC optimize ("-ffp-contract=fast")
#endif

#include <nn_math.h>
#include <nn_random.h>

typedef nn_real real;            /* float, or double with -DNN_DOUBLE */
#define R(x) ((real)(x))         /* a constant in that type */
#ifdef NN_DOUBLE
#define GEMM cblas_dgemm
#else
#define GEMM cblas_sgemm
#endif

/* ---- forward ------------------------------------------------------------------------------------------------- */

/* lenet.nn:9: x[a < 1, a2, a3] = image[0, a2, a3]/255
 * also in evaluate, predict */
static void lenet_x(int n, const unsigned char (*restrict image)[1][28][28],
        real (*restrict x)[1][28][28][16]) {
    for (int block = 0; block < (n + 15) / 16; block++)
        for (int a_2 = 0; a_2 < 28; a_2++)
            for (int a_3 = 0; a_3 < 28; a_3++)
                for (int lane = 0; lane < 16; lane++)
                    x[block][0][a_2][a_3][lane] = (real)image[nn_min_i(16*block + lane, n - 1)][0][a_2][a_3]
                            / R(255);
}

/* lenet.nn:9: conv2d_correlate2d[q, i < 28, j < 28] = sum(c < 1, u, v)
 *               conv2d_f[q, 0, u, v]*x[0, i + u - 2, j + v - 2 else 0]
 *             relu[a, a2, a3] = max(0, conv2d_b[a] + conv2d_correlate2d[a, a2, a3]) */
static void lenet_relu(int n, const real (*restrict conv2d_f)[1][5][5], real (*restrict x)[1][28][28][16],
        const real *restrict conv2d_b, real (*restrict relu)[6][28][28][16]) {
    for (int block = 0; block < (n + 15) / 16; block++)
        for (int q = 0; q < 2; q++)
            for (int i = 0; i < 28; i++)
                for (int j = 0; j < 28; j++) {
                    real sum[16] = {0};
                    real sum_2[16] = {0};
                    real sum_3[16] = {0};
                    for (int u = nn_max_i(0, 2 - i); u < nn_min_i(5, 30 - i); u++)
                        for (int v = nn_max_i(0, 2 - j); v < nn_min_i(5, 30 - j); v++)
                            for (int lane = 0; lane < 16; lane++) {
                                sum[lane] += conv2d_f[3*q][0][u][v] * x[block][0][i + u - 2][j + v - 2][lane];
                                sum_2[lane] += conv2d_f[3*q + 1][0][u][v]
                                        * x[block][0][i + u - 2][j + v - 2][lane];
                                sum_3[lane] += conv2d_f[3*q + 2][0][u][v]
                                        * x[block][0][i + u - 2][j + v - 2][lane];
                            }
                    for (int lane = 0; lane < 16; lane++) {
                        relu[block][3*q][i][j][lane] = nn_max(R(0), conv2d_b[3*q] + sum[lane]);
                        relu[block][3*q + 1][i][j][lane] = nn_max(R(0), conv2d_b[3*q + 1] + sum_2[lane]);
                        relu[block][3*q + 2][i][j][lane] = nn_max(R(0), conv2d_b[3*q + 2] + sum_3[lane]);
                    }
                }
}

/* lenet.nn:9: maxpool2d[c, i < 14, j < 14] = max(u < 2, v < 2) relu[c, 2*i + u, 2*j + v]
 *             maxpool2d_winner[c, i < 14, j < 14] = argmax(u < 2, v < 2) relu[c, 2*i + u, 2*j + v] */
static void lenet_maxpool2d_winner(int n, real (*restrict relu)[6][28][28][16],
        real (*restrict maxpool2d)[6][14][14][16], int32_t (*restrict maxpool2d_winner)[6][14][14][16]) {
    for (int block = 0; block < (n + 15) / 16; block++)
        for (int c = 0; c < 6; c++)
            for (int i = 0; i < 14; i++)
                for (int j = 0; j < 14; j++) {
                    real most[16];
                    int32_t winner[16] = {0};
                    for (int lane = 0; lane < 16; lane++)
                        most[lane] = R(-INFINITY);
                    for (int u = 0; u < 2; u++)
                        for (int v = 0; v < 2; v++)
                            for (int lane = 0; lane < 16; lane++) {
                                winner[lane] = most[lane] >= relu[block][c][2*i + u][2*j + v][lane]
                                        || most[lane] != most[lane] ? winner[lane] : 2*u + v;
                                most[lane] = nn_max(most[lane], relu[block][c][2*i + u][2*j + v][lane]);
                            }
                    for (int lane = 0; lane < 16; lane++) {
                        maxpool2d[block][c][i][j][lane] = most[lane];
                        maxpool2d_winner[block][c][i][j][lane] = winner[lane];
                    }
                }
}

/* lenet.nn:10: conv2d_2_correlate2d[q, i < 10, j < 10] = sum(c, u, v)
 *                conv2d_2_f[q, c, u, v]*maxpool2d[c, i + u, j + v]
 *              relu_2[a, a2, a3] = max(0, conv2d_2_b[a] + conv2d_2_correlate2d[a, a2, a3]) */
static void lenet_relu_2(int n, const real (*restrict conv2d_2_f)[6][5][5],
        real (*restrict maxpool2d)[6][14][14][16], const real *restrict conv2d_2_b,
        real (*restrict relu_2)[16][10][10][16]) {
    for (int block = 0; block < (n + 15) / 16; block++)
        for (int q = 0; q < 4; q++)
            for (int i = 0; i < 10; i++)
                for (int j = 0; j < 10; j++) {
                    real sum[16] = {0};
                    real sum_2[16] = {0};
                    real sum_3[16] = {0};
                    real sum_4[16] = {0};
                    for (int c = 0; c < 6; c++)
                        for (int u = 0; u < 5; u++)
                            for (int v = 0; v < 5; v++)
                                for (int lane = 0; lane < 16; lane++) {
                                    sum[lane] += conv2d_2_f[4*q][c][u][v]
                                            * maxpool2d[block][c][i + u][j + v][lane];
                                    sum_2[lane] += conv2d_2_f[4*q + 1][c][u][v]
                                            * maxpool2d[block][c][i + u][j + v][lane];
                                    sum_3[lane] += conv2d_2_f[4*q + 2][c][u][v]
                                            * maxpool2d[block][c][i + u][j + v][lane];
                                    sum_4[lane] += conv2d_2_f[4*q + 3][c][u][v]
                                            * maxpool2d[block][c][i + u][j + v][lane];
                                }
                    for (int lane = 0; lane < 16; lane++) {
                        relu_2[block][4*q][i][j][lane] = nn_max(R(0), conv2d_2_b[4*q] + sum[lane]);
                        relu_2[block][4*q + 1][i][j][lane] = nn_max(R(0), conv2d_2_b[4*q + 1] + sum_2[lane]);
                        relu_2[block][4*q + 2][i][j][lane] = nn_max(R(0), conv2d_2_b[4*q + 2] + sum_3[lane]);
                        relu_2[block][4*q + 3][i][j][lane] = nn_max(R(0), conv2d_2_b[4*q + 3] + sum_4[lane]);
                    }
                }
}

/* lenet.nn:10: maxpool2d_2[c, i < 5, j < 5] = max(u < 2, v < 2) relu_2[c, 2*i + u, 2*j + v]
 *              maxpool2d_2_winner[c, i < 5, j < 5] = argmax(u < 2, v < 2) relu_2[c, 2*i + u, 2*j + v] */
static void lenet_maxpool2d_2_winner(int n, real (*restrict relu_2)[16][10][10][16],
        real (*restrict maxpool2d_2)[16][5][5][16], int32_t (*restrict maxpool2d_2_winner)[16][5][5][16]) {
    for (int block = 0; block < (n + 15) / 16; block++)
        for (int c = 0; c < 16; c++)
            for (int i = 0; i < 5; i++)
                for (int j = 0; j < 5; j++) {
                    real most[16];
                    int32_t winner[16] = {0};
                    for (int lane = 0; lane < 16; lane++)
                        most[lane] = R(-INFINITY);
                    for (int u = 0; u < 2; u++)
                        for (int v = 0; v < 2; v++)
                            for (int lane = 0; lane < 16; lane++) {
                                winner[lane] = most[lane] >= relu_2[block][c][2*i + u][2*j + v][lane]
                                        || most[lane] != most[lane] ? winner[lane] : 2*u + v;
                                most[lane] = nn_max(most[lane], relu_2[block][c][2*i + u][2*j + v][lane]);
                            }
                    for (int lane = 0; lane < 16; lane++) {
                        maxpool2d_2[block][c][i][j][lane] = most[lane];
                        maxpool2d_2_winner[block][c][i][j][lane] = winner[lane];
                    }
                }
}

/* lenet.nn:11: flatten[q < 400] = maxpool2d_2[q//25, q//5 % 5, q % 5]
 * also in evaluate, predict */
static void lenet_flatten(int n, real (*restrict maxpool2d_2)[16][5][5][16], real (*restrict flatten)[400]) {
    for (int block = 0; block < (n + 15) / 16; block++)
        for (int q = 0; q < 16; q++)
            for (int q_rest = 0; q_rest < 5; q_rest++)
                for (int q_rest_2 = 0; q_rest_2 < 5; q_rest_2++)
                    for (int lane = 0; lane < 16; lane++)
                        if (16*block + lane < n)
                            flatten[16*block + lane][25*q + 5*q_rest + q_rest_2] =
                                    maxpool2d_2[block][q][q_rest][q_rest_2][lane];
}

/* lenet.nn:11: linear_sum[o] = sum(i) linear_w[o, i]*flatten[i]
 *              relu_3[a] = max(0, linear_b[a] + linear_sum[a])
 * also in evaluate, predict */
static void lenet_relu_3(int n, real (*restrict flatten)[400], const real (*restrict linear_w)[400],
        real (*restrict relu_3)[120], const real *restrict linear_b) {
    /* relu_3 = flatten * linear_w^T */
    GEMM(CblasRowMajor, CblasNoTrans, CblasTrans, n, 120, 400, R(1), &flatten[0][0], 400, &linear_w[0][0], 400,
            R(0), &relu_3[0][0], 120);
    for (int b = 0; b < n; b++)
        for (int o = 0; o < 120; o++)
            relu_3[b][o] = nn_max(R(0), linear_b[o] + relu_3[b][o]);
}

/* lenet.nn:11: linear_2_sum[o] = sum(i) linear_2_w[o, i]*relu_3[i]
 * lenet.nn:9: x_2[a] = max(0, linear_2_b[a] + linear_2_sum[a])
 * also in evaluate, predict */
static void lenet_x_2(int n, real (*restrict relu_3)[120], const real (*restrict linear_2_w)[120],
        real (*restrict x_2)[84], const real *restrict linear_2_b) {
    /* x_2 = relu_3 * linear_2_w^T */
    GEMM(CblasRowMajor, CblasNoTrans, CblasTrans, n, 84, 120, R(1), &relu_3[0][0], 120, &linear_2_w[0][0], 120,
            R(0), &x_2[0][0], 84);
    for (int b = 0; b < n; b++)
        for (int o = 0; o < 84; o++)
            x_2[b][o] = nn_max(R(0), linear_2_b[o] + x_2[b][o]);
}

/* lenet.nn:12: linear_3_sum[o] = sum(i) linear_3_w[o, i]*x_2[i]
 * also in evaluate, predict */
static void lenet_linear_3_sum(int n, real (*restrict x_2)[84], const real (*restrict linear_3_w)[84],
        real (*restrict linear_3_sum)[10]) {
    /* linear_3_sum = x_2 * linear_3_w^T */
    GEMM(CblasRowMajor, CblasNoTrans, CblasTrans, n, 10, 84, R(1), &x_2[0][0], 84, &linear_3_w[0][0], 84, R(0),
            &linear_3_sum[0][0], 10);
}

/* lenet.nn:14: cross_entropy_log_softmax_max = max(k) (linear_3_b[k] + linear_3_sum[k])
 * lenet.nn:15: accuracy_winner = argmax(c) (linear_3_b[c] + linear_3_sum[c])
 *              accuracy_right = accuracy_winner == kind
 * lenet.nn:14: cross_entropy_log_softmax_d[j] = linear_3_b[j] + linear_3_sum[j] -
 *                stop(cross_entropy_log_softmax_max)
 *              cross_entropy_log_softmax_sum = sum(k) exp(cross_entropy_log_softmax_d[k])
 *              cross_entropy_nll = log(cross_entropy_log_softmax_sum) - cross_entropy_log_softmax_d[kind]
 *              d_logits[j] = (exp(cross_entropy_log_softmax_d[j])/cross_entropy_log_softmax_sum -
 *                (j == kind))/batch */
static void lenet_d_logits(int n, const real *restrict linear_3_b, real (*restrict linear_3_sum)[10],
        const int32_t *restrict kind, int32_t *restrict accuracy_right, real *restrict cross_entropy_nll,
        real (*restrict d_logits)[10]) {
    for (int b = 0; b < n; b++) {
        real cross_entropy_log_softmax_d[10];
        real most = R(-INFINITY);
        int accuracy_winner = 0;
        for (int k = 0; k < 10; k++) {
            const real t = linear_3_b[k] + linear_3_sum[b][k];
            accuracy_winner = most >= t || most != most ? accuracy_winner : k;
            most = nn_max(most, t);
        }
        const real cross_entropy_log_softmax_max = most;
        accuracy_right[b] = accuracy_winner == kind[b];
        for (int j = 0; j < 10; j++)
            cross_entropy_log_softmax_d[j] = linear_3_b[j] + linear_3_sum[b][j] - cross_entropy_log_softmax_max;
        real sum[10] = {0};
        for (int k = 0; k < 10; k++)
            sum[k] += nn_exp(cross_entropy_log_softmax_d[k]);
        real total = R(0);
        for (int k = 0; k < 10; k++)
            total += sum[k];
        const real cross_entropy_log_softmax_sum = total;
        cross_entropy_nll[b] = nn_log(total) - cross_entropy_log_softmax_d[kind[b]];
        for (int j = 0; j < 10; j++)
            d_logits[b][j] =
                    (nn_exp(cross_entropy_log_softmax_d[j]) / cross_entropy_log_softmax_sum
                    - (real)(j == kind[b])) / (real)n;
    }
}

/* lenet.nn:14: cross_entropy_mean_by_sum = sum(batch) cross_entropy_nll
 *              loss = cross_entropy_mean_by_sum/batch
 * also in evaluate */
static void lenet_loss(int n, const real *restrict cross_entropy_nll, real *restrict loss) {
    real cross_entropy_mean_by_sum = R(0);
    for (int b = 0; b < n; b++)
        cross_entropy_mean_by_sum += cross_entropy_nll[b];
    *loss = cross_entropy_mean_by_sum / (real)n;
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
    for (int b = 0; b < n; b++)
        for (int o = 0; o < 10; o++)
            sum[o] += d_logits[b][o];
    for (int o = 0; o < 10; o++)
        d_linear_3_b[o] = sum[o];
}

/* lenet.nn:12: d_linear_3_w[o, i] = sum(batch) d_logits[o]*x_2[i] */
static void lenet_d_linear_3_w(int n, real (*restrict d_logits)[10], real (*restrict x_2)[84],
        real (*restrict d_linear_3_w)[84]) {
    /* d_linear_3_w = d_logits^T * x_2 */
    GEMM(CblasRowMajor, CblasTrans, CblasNoTrans, 10, 84, n, R(1), &d_logits[0][0], 10, &x_2[0][0], 84, R(0),
            &d_linear_3_w[0][0], 84);
}

/* lenet.nn:12: d_x_2[a] = sum(o) d_logits[o]*linear_3_w[o, a]
 * lenet.nn:9: d_linear_2[o] = where(x_2[o] > 0, d_x_2[o], 0) */
static void lenet_d_linear_2(int n, real (*restrict d_logits)[10], const real (*restrict linear_3_w)[84],
        real (*restrict d_linear_2)[84], real (*restrict x_2)[84]) {
    /* d_linear_2 = d_logits * linear_3_w */
    GEMM(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, 84, 10, R(1), &d_logits[0][0], 10, &linear_3_w[0][0],
            84, R(0), &d_linear_2[0][0], 84);
    for (int b = 0; b < n; b++)
        for (int a = 0; a < 84; a++)
            d_linear_2[b][a] = x_2[b][a] > R(0) ? d_linear_2[b][a] : R(0);
}

/* lenet.nn:11: d_linear_2_b[o] = sum(batch) d_linear_2[o] */
static void lenet_d_linear_2_b(int n, real (*restrict d_linear_2)[84], real *restrict d_linear_2_b) {
    for (int o_tile = 0; o_tile < 2; o_tile++) {
        real sum[42] = {0};
        for (int b = 0; b < n; b++)
            for (int o = 0; o < 42; o++)
                sum[o] += d_linear_2[b][42*o_tile + o];
        for (int o = 0; o < 42; o++)
            d_linear_2_b[42*o_tile + o] = sum[o];
    }
}

/* lenet.nn:11: d_linear_2_w[o, i] = sum(batch) d_linear_2[o]*relu_3[i] */
static void lenet_d_linear_2_w(int n, real (*restrict d_linear_2)[84], real (*restrict relu_3)[120],
        real (*restrict d_linear_2_w)[120]) {
    /* d_linear_2_w = d_linear_2^T * relu_3 */
    GEMM(CblasRowMajor, CblasTrans, CblasNoTrans, 84, 120, n, R(1), &d_linear_2[0][0], 84, &relu_3[0][0], 120,
            R(0), &d_linear_2_w[0][0], 120);
}

/* lenet.nn:11: d_relu_3[a] = sum(o) d_linear_2[o]*linear_2_w[o, a]
 *              d_linear[o] = where(relu_3[o] > 0, d_relu_3[o], 0) */
static void lenet_d_linear(int n, real (*restrict d_linear_2)[84], const real (*restrict linear_2_w)[120],
        real (*restrict d_linear)[120], real (*restrict relu_3)[120]) {
    /* d_linear = d_linear_2 * linear_2_w */
    GEMM(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, 120, 84, R(1), &d_linear_2[0][0], 84, &linear_2_w[0][0],
            120, R(0), &d_linear[0][0], 120);
    for (int b = 0; b < n; b++)
        for (int a = 0; a < 120; a++)
            d_linear[b][a] = relu_3[b][a] > R(0) ? d_linear[b][a] : R(0);
}

/* lenet.nn:11: d_linear_b[o] = sum(batch) d_linear[o] */
static void lenet_d_linear_b(int n, real (*restrict d_linear)[120], real *restrict d_linear_b) {
    for (int o_tile = 0; o_tile < 3; o_tile++) {
        real sum[40] = {0};
        for (int b = 0; b < n; b++)
            for (int o = 0; o < 40; o++)
                sum[o] += d_linear[b][40*o_tile + o];
        for (int o = 0; o < 40; o++)
            d_linear_b[40*o_tile + o] = sum[o];
    }
}

/* lenet.nn:11: d_linear_w[o, i] = sum(batch) d_linear[o]*flatten[i] */
static void lenet_d_linear_w(int n, real (*restrict d_linear)[120], real (*restrict flatten)[400],
        real (*restrict d_linear_w)[400]) {
    /* d_linear_w = d_linear^T * flatten */
    GEMM(CblasRowMajor, CblasTrans, CblasNoTrans, 120, 400, n, R(1), &d_linear[0][0], 120, &flatten[0][0], 400,
            R(0), &d_linear_w[0][0], 400);
}

/* lenet.nn:11: d_flatten[q] = sum(o) d_linear[o]*linear_w[o, q] */
static void lenet_d_flatten(int n, real (*restrict d_linear)[120], const real (*restrict linear_w)[400],
        real (*restrict d_flatten)[400]) {
    /* d_flatten = d_linear * linear_w */
    GEMM(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, 400, 120, R(1), &d_linear[0][0], 120, &linear_w[0][0],
            400, R(0), &d_flatten[0][0], 400);
}

/* lenet.nn:10: d_conv2d_2[o, i, j] =
 *                where(maxpool2d_2_winner[o, i//2, j//2] == 2*(i % 2) + j % 2 and relu_2[o, i, j] > 0,
 *                d_flatten[25*o + 5*(i//2) + j//2], 0) */
static void lenet_d_conv2d_2(int n, int32_t (*restrict maxpool2d_2_winner)[16][5][5][16],
        real (*restrict relu_2)[16][10][10][16], real (*restrict d_flatten)[400],
        real (*restrict d_conv2d_2)[16][10][10][16]) {
    for (int block = 0; block < (n + 15) / 16; block++)
        for (int o = 0; o < 16; o++)
            for (int i = 0; i < 5; i++)
                for (int i_rest = 0; i_rest < 2; i_rest++)
                    for (int j = 0; j < 5; j++)
                        for (int j_rest = 0; j_rest < 2; j_rest++)
                            for (int lane = 0; lane < 16; lane++)
                                d_conv2d_2[block][o][2*i + i_rest][2*j + j_rest][lane] = 16*block + lane < n
                                        ? (2*i_rest + j_rest == maxpool2d_2_winner[block][o][i][j][lane]
                                        && relu_2[block][o][2*i + i_rest][2*j + j_rest][lane] > R(0)
                                        ? d_flatten[nn_min_i(16*block + lane, n - 1)][25*o + 5*i + j] : R(0))
                                        : R(0);
}

/* lenet.nn:10: d_conv2d_2_b[o] = sum(batch, i, j) d_conv2d_2[o, i, j] */
static void lenet_d_conv2d_2_b(int n, real (*restrict d_conv2d_2)[16][10][10][16],
        real *restrict d_conv2d_2_b) {
    for (int o = 0; o < 16; o++) {
        real sum[16] = {0};
        for (int block = 0; block < (n + 15) / 16; block++)
            for (int i = 0; i < 10; i++)
                for (int j = 0; j < 10; j++)
                    for (int lane = 0; lane < 16; lane++)
                        sum[lane] += d_conv2d_2[block][o][i][j][lane];
        real total = R(0);
        for (int lane = 0; lane < 16; lane++)
            total += sum[lane];
        d_conv2d_2_b[o] = total;
    }
}

/* lenet.nn:10: d_conv2d_2_f[q, c, u < 5, v < 5] = sum(batch, i, j)
 *                d_conv2d_2[q, i, j]*maxpool2d[c, i + u, j + v] */
static void lenet_d_conv2d_2_f(int n, real (*restrict d_conv2d_2)[16][10][10][16],
        real (*restrict maxpool2d)[6][14][14][16], real (*restrict d_conv2d_2_f)[6][5][5]) {
    for (int q = 0; q < 16; q++)
        for (int c = 0; c < 6; c++)
            for (int u = 0; u < 5; u++) {
                real sum[16] = {0};
                real sum_2[16] = {0};
                real sum_3[16] = {0};
                real sum_4[16] = {0};
                real sum_5[16] = {0};
                for (int block = 0; block < (n + 15) / 16; block++)
                    for (int i = 0; i < 10; i++)
                        for (int j = 0; j < 10; j++)
                            for (int lane = 0; lane < 16; lane++) {
                                sum[lane] += d_conv2d_2[block][q][i][j][lane]
                                        * maxpool2d[block][c][i + u][j][lane];
                                sum_2[lane] += d_conv2d_2[block][q][i][j][lane]
                                        * maxpool2d[block][c][i + u][j + 1][lane];
                                sum_3[lane] += d_conv2d_2[block][q][i][j][lane]
                                        * maxpool2d[block][c][i + u][j + 2][lane];
                                sum_4[lane] += d_conv2d_2[block][q][i][j][lane]
                                        * maxpool2d[block][c][i + u][j + 3][lane];
                                sum_5[lane] += d_conv2d_2[block][q][i][j][lane]
                                        * maxpool2d[block][c][i + u][j + 4][lane];
                            }
                real total = R(0);
                for (int lane = 0; lane < 16; lane++)
                    total += sum[lane];
                d_conv2d_2_f[q][c][u][0] = total;
                real total_2 = R(0);
                for (int lane = 0; lane < 16; lane++)
                    total_2 += sum_2[lane];
                d_conv2d_2_f[q][c][u][1] = total_2;
                real total_3 = R(0);
                for (int lane = 0; lane < 16; lane++)
                    total_3 += sum_3[lane];
                d_conv2d_2_f[q][c][u][2] = total_3;
                real total_4 = R(0);
                for (int lane = 0; lane < 16; lane++)
                    total_4 += sum_4[lane];
                d_conv2d_2_f[q][c][u][3] = total_4;
                real total_5 = R(0);
                for (int lane = 0; lane < 16; lane++)
                    total_5 += sum_5[lane];
                d_conv2d_2_f[q][c][u][4] = total_5;
            }
}

/* lenet.nn:10: d_maxpool2d[c, i < 14, j < 14] = sum(q, u, v)
 *                d_conv2d_2[q, i - u, j - v else 0]*conv2d_2_f[q, c, u, v] */
static void lenet_d_maxpool2d(int n, real (*restrict d_conv2d_2)[16][10][10][16],
        const real (*restrict conv2d_2_f)[6][5][5], real (*restrict d_maxpool2d)[6][14][14][16]) {
    for (int block = 0; block < (n + 15) / 16; block++)
        for (int c = 0; c < 2; c++)
            for (int i = 0; i < 14; i++)
                for (int j = 0; j < 14; j++) {
                    real sum[16] = {0};
                    real sum_2[16] = {0};
                    real sum_3[16] = {0};
                    for (int q = 0; q < 16; q++)
                        for (int u = nn_max_i(0, i - 9); u < nn_min_i(5, i + 1); u++)
                            for (int v = nn_max_i(0, j - 9); v < nn_min_i(5, j + 1); v++)
                                for (int lane = 0; lane < 16; lane++) {
                                    sum[lane] += d_conv2d_2[block][q][i - u][j - v][lane]
                                            * conv2d_2_f[q][3*c][u][v];
                                    sum_2[lane] += d_conv2d_2[block][q][i - u][j - v][lane]
                                            * conv2d_2_f[q][3*c + 1][u][v];
                                    sum_3[lane] += d_conv2d_2[block][q][i - u][j - v][lane]
                                            * conv2d_2_f[q][3*c + 2][u][v];
                                }
                    for (int lane = 0; lane < 16; lane++) {
                        const int t = 16*block + lane < n;
                        d_maxpool2d[block][3*c][i][j][lane] = t ? sum[lane] : R(0);
                        d_maxpool2d[block][3*c + 1][i][j][lane] = t ? sum_2[lane] : R(0);
                        d_maxpool2d[block][3*c + 2][i][j][lane] = t ? sum_3[lane] : R(0);
                    }
                }
}

/* lenet.nn:9: d_conv2d[o, i, j] =
 *               where(maxpool2d_winner[o, i//2, j//2] == 2*(i % 2) + j % 2 and relu[o, i, j] > 0,
 *               d_maxpool2d[o, i//2, j//2], 0) */
static void lenet_d_conv2d(int n, int32_t (*restrict maxpool2d_winner)[6][14][14][16],
        real (*restrict relu)[6][28][28][16], real (*restrict d_maxpool2d)[6][14][14][16],
        real (*restrict d_conv2d)[6][28][28][16]) {
    for (int block = 0; block < (n + 15) / 16; block++)
        for (int o = 0; o < 6; o++)
            for (int i = 0; i < 14; i++)
                for (int i_rest = 0; i_rest < 2; i_rest++)
                    for (int j = 0; j < 14; j++)
                        for (int j_rest = 0; j_rest < 2; j_rest++)
                            for (int lane = 0; lane < 16; lane++)
                                d_conv2d[block][o][2*i + i_rest][2*j + j_rest][lane] = 16*block + lane < n
                                        ? (2*i_rest + j_rest == maxpool2d_winner[block][o][i][j][lane]
                                        && relu[block][o][2*i + i_rest][2*j + j_rest][lane] > R(0)
                                        ? d_maxpool2d[block][o][i][j][lane] : R(0)) : R(0);
}

/* lenet.nn:9: d_conv2d_b[o] = sum(batch, i, j) d_conv2d[o, i, j] */
static void lenet_d_conv2d_b(int n, real (*restrict d_conv2d)[6][28][28][16], real *restrict d_conv2d_b) {
    for (int o = 0; o < 6; o++) {
        real sum[16] = {0};
        for (int block = 0; block < (n + 15) / 16; block++)
            for (int i = 0; i < 28; i++)
                for (int j = 0; j < 28; j++)
                    for (int lane = 0; lane < 16; lane++)
                        sum[lane] += d_conv2d[block][o][i][j][lane];
        real total = R(0);
        for (int lane = 0; lane < 16; lane++)
            total += sum[lane];
        d_conv2d_b[o] = total;
    }
}

/* lenet.nn:9: d_conv2d_f[q, j < 1, u < 5, v < 5] = sum(batch, i, j2)
 *               d_conv2d[q, i, j2]*x[0, i + u - 2, v + j2 - 2 else 0] */
static void lenet_d_conv2d_f(int n, real (*restrict d_conv2d)[6][28][28][16],
        real (*restrict x)[1][28][28][16], real (*restrict d_conv2d_f)[1][5][5]) {
    for (int q = 0; q < 2; q++)
        for (int u = 0; u < 5; u++)
            for (int v = 0; v < 5; v++) {
                real sum[16] = {0};
                real sum_2[16] = {0};
                real sum_3[16] = {0};
                for (int block = 0; block < (n + 15) / 16; block++)
                    for (int i = nn_max_i(0, 2 - u); i < nn_min_i(28, 30 - u); i++)
                        for (int j2 = nn_max_i(0, 2 - v); j2 < nn_min_i(28, 30 - v); j2++)
                            for (int lane = 0; lane < 16; lane++) {
                                sum[lane] += d_conv2d[block][3*q][i][j2][lane]
                                        * x[block][0][i + u - 2][v + j2 - 2][lane];
                                sum_2[lane] += d_conv2d[block][3*q + 1][i][j2][lane]
                                        * x[block][0][i + u - 2][v + j2 - 2][lane];
                                sum_3[lane] += d_conv2d[block][3*q + 2][i][j2][lane]
                                        * x[block][0][i + u - 2][v + j2 - 2][lane];
                            }
                real total = R(0);
                for (int lane = 0; lane < 16; lane++)
                    total += sum[lane];
                d_conv2d_f[3*q][0][u][v] = total;
                real total_2 = R(0);
                for (int lane = 0; lane < 16; lane++)
                    total_2 += sum_2[lane];
                d_conv2d_f[3*q + 1][0][u][v] = total_2;
                real total_3 = R(0);
                for (int lane = 0; lane < 16; lane++)
                    total_3 += sum_3[lane];
                d_conv2d_f[3*q + 2][0][u][v] = total_3;
            }
}

/* ---- update -------------------------------------------------------------------------------------------------- */

/* lenet.nn:16: m' = 0.9*m + 0.09999999999999998*g
 *              v' = 0.999*v + 0.0010000000000000009*(g*g)
 *              w' = w - number_1*m'/(sqrt(v'/number_2) + 1e-08)
 * for w in conv2d_f, conv2d_b, conv2d_2_f, conv2d_2_b, linear_w, linear_b, linear_2_w, linear_2_b, linear_3_w,
 *   linear_3_b */
static void lenet_update_parameter(real number_1, real number_2, int length, real *restrict m,
        const real *restrict g, real *restrict v, real *restrict w) {
    for (int a_4 = 0; a_4 < length; a_4++) {
        const real adam_m_next = R(0.9) * m[a_4] + R(0.09999999999999998) * g[a_4];
        const real adam_v_next = R(0.999) * v[a_4] + R(0.0010000000000000009) * (g[a_4] * g[a_4]);
        m[a_4] = adam_m_next;
        v[a_4] = adam_v_next;
        w[a_4] = w[a_4] - number_1 * adam_m_next / (nn_sqrt(adam_v_next / number_2) + R(1e-08));
    }
}

/* ---- evaluate: what differs from forward --------------------------------------------------------------------- */

/* lenet.nn:9: conv2d_correlate2d[q, i < 28, j < 28] = sum(c < 1, u, v)
 *               conv2d_f[q, 0, u, v]*x[0, i + u - 2, j + v - 2 else 0]
 * also in predict */
static void lenet_conv2d_correlate2d(int n, const real (*restrict conv2d_f)[1][5][5],
        real (*restrict x)[1][28][28][16], real (*restrict conv2d_correlate2d)[6][28][28][16]) {
    for (int block = 0; block < (n + 15) / 16; block++)
        for (int q = 0; q < 2; q++)
            for (int i = 0; i < 28; i++)
                for (int j = 0; j < 28; j++) {
                    real sum[16] = {0};
                    real sum_2[16] = {0};
                    real sum_3[16] = {0};
                    for (int u = nn_max_i(0, 2 - i); u < nn_min_i(5, 30 - i); u++)
                        for (int v = nn_max_i(0, 2 - j); v < nn_min_i(5, 30 - j); v++)
                            for (int lane = 0; lane < 16; lane++) {
                                sum[lane] += conv2d_f[3*q][0][u][v] * x[block][0][i + u - 2][j + v - 2][lane];
                                sum_2[lane] += conv2d_f[3*q + 1][0][u][v]
                                        * x[block][0][i + u - 2][j + v - 2][lane];
                                sum_3[lane] += conv2d_f[3*q + 2][0][u][v]
                                        * x[block][0][i + u - 2][j + v - 2][lane];
                            }
                    for (int lane = 0; lane < 16; lane++) {
                        conv2d_correlate2d[block][3*q][i][j][lane] = sum[lane];
                        conv2d_correlate2d[block][3*q + 1][i][j][lane] = sum_2[lane];
                        conv2d_correlate2d[block][3*q + 2][i][j][lane] = sum_3[lane];
                    }
                }
}

/* lenet.nn:9: maxpool2d[c, i < 14, j < 14] = max(u < 2, v < 2)
 *               max(0, conv2d_b[c] + conv2d_correlate2d[c, 2*i + u, 2*j + v])
 * also in predict */
static void lenet_maxpool2d(int n, const real *restrict conv2d_b,
        real (*restrict conv2d_correlate2d)[6][28][28][16], real (*restrict maxpool2d)[6][14][14][16]) {
    for (int block = 0; block < (n + 15) / 16; block++)
        for (int c = 0; c < 6; c++)
            for (int i = 0; i < 14; i++)
                for (int j = 0; j < 14; j++) {
                    real most[16];
                    for (int lane = 0; lane < 16; lane++)
                        most[lane] = R(-INFINITY);
                    for (int u = 0; u < 2; u++)
                        for (int v = 0; v < 2; v++)
                            for (int lane = 0; lane < 16; lane++)
                                most[lane] = nn_max(most[lane],
                                        nn_max(R(0), conv2d_b[c]
                                        + conv2d_correlate2d[block][c][2*i + u][2*j + v][lane]));
                    for (int lane = 0; lane < 16; lane++)
                        maxpool2d[block][c][i][j][lane] = most[lane];
                }
}

/* lenet.nn:10: conv2d_2_correlate2d[q, i < 10, j < 10] = sum(c, u, v)
 *                conv2d_2_f[q, c, u, v]*maxpool2d[c, i + u, j + v]
 * also in predict */
static void lenet_conv2d_2_correlate2d(int n, const real (*restrict conv2d_2_f)[6][5][5],
        real (*restrict maxpool2d)[6][14][14][16], real (*restrict conv2d_2_correlate2d)[16][10][10][16]) {
    for (int block = 0; block < (n + 15) / 16; block++)
        for (int q = 0; q < 4; q++)
            for (int i = 0; i < 10; i++)
                for (int j = 0; j < 10; j++) {
                    real sum[16] = {0};
                    real sum_2[16] = {0};
                    real sum_3[16] = {0};
                    real sum_4[16] = {0};
                    for (int c = 0; c < 6; c++)
                        for (int u = 0; u < 5; u++)
                            for (int v = 0; v < 5; v++)
                                for (int lane = 0; lane < 16; lane++) {
                                    sum[lane] += conv2d_2_f[4*q][c][u][v]
                                            * maxpool2d[block][c][i + u][j + v][lane];
                                    sum_2[lane] += conv2d_2_f[4*q + 1][c][u][v]
                                            * maxpool2d[block][c][i + u][j + v][lane];
                                    sum_3[lane] += conv2d_2_f[4*q + 2][c][u][v]
                                            * maxpool2d[block][c][i + u][j + v][lane];
                                    sum_4[lane] += conv2d_2_f[4*q + 3][c][u][v]
                                            * maxpool2d[block][c][i + u][j + v][lane];
                                }
                    for (int lane = 0; lane < 16; lane++) {
                        conv2d_2_correlate2d[block][4*q][i][j][lane] = sum[lane];
                        conv2d_2_correlate2d[block][4*q + 1][i][j][lane] = sum_2[lane];
                        conv2d_2_correlate2d[block][4*q + 2][i][j][lane] = sum_3[lane];
                        conv2d_2_correlate2d[block][4*q + 3][i][j][lane] = sum_4[lane];
                    }
                }
}

/* lenet.nn:10: maxpool2d_2[c, i < 5, j < 5] = max(u < 2, v < 2)
 *                max(0, conv2d_2_b[c] + conv2d_2_correlate2d[c, 2*i + u, 2*j + v])
 * also in predict */
static void lenet_maxpool2d_2(int n, const real *restrict conv2d_2_b,
        real (*restrict conv2d_2_correlate2d)[16][10][10][16], real (*restrict maxpool2d_2)[16][5][5][16]) {
    for (int block = 0; block < (n + 15) / 16; block++)
        for (int c = 0; c < 16; c++)
            for (int i = 0; i < 5; i++)
                for (int j = 0; j < 5; j++) {
                    real most[16];
                    for (int lane = 0; lane < 16; lane++)
                        most[lane] = R(-INFINITY);
                    for (int u = 0; u < 2; u++)
                        for (int v = 0; v < 2; v++)
                            for (int lane = 0; lane < 16; lane++)
                                most[lane] = nn_max(most[lane],
                                        nn_max(R(0), conv2d_2_b[c]
                                        + conv2d_2_correlate2d[block][c][2*i + u][2*j + v][lane]));
                    for (int lane = 0; lane < 16; lane++)
                        maxpool2d_2[block][c][i][j][lane] = most[lane];
                }
}

/* lenet.nn:14: cross_entropy_log_softmax_max = max(k) (linear_3_b[k] + linear_3_sum[k])
 * lenet.nn:15: accuracy_winner = argmax(c) (linear_3_b[c] + linear_3_sum[c])
 *              accuracy_right = accuracy_winner == kind
 * lenet.nn:14: cross_entropy_log_softmax_sum = sum(k)
 *                exp(linear_3_b[k] + linear_3_sum[k] - stop(cross_entropy_log_softmax_max))
 *              cross_entropy_nll = log(cross_entropy_log_softmax_sum) -
 *                (linear_3_b[kind] + linear_3_sum[kind] - stop(cross_entropy_log_softmax_max)) */
static void lenet_cross_entropy_nll(int n, const real *restrict linear_3_b, real (*restrict linear_3_sum)[10],
        const int32_t *restrict kind, int32_t *restrict accuracy_right, real *restrict cross_entropy_nll) {
    for (int b = 0; b < n; b++) {
        real most = R(-INFINITY);
        int accuracy_winner = 0;
        for (int k = 0; k < 10; k++) {
            const real t = linear_3_b[k] + linear_3_sum[b][k];
            accuracy_winner = most >= t || most != most ? accuracy_winner : k;
            most = nn_max(most, t);
        }
        const real cross_entropy_log_softmax_max = most;
        accuracy_right[b] = accuracy_winner == kind[b];
        real sum[10] = {0};
        for (int k = 0; k < 10; k++)
            sum[k] += nn_exp(linear_3_b[k] + linear_3_sum[b][k] - cross_entropy_log_softmax_max);
        real total = R(0);
        for (int k = 0; k < 10; k++)
            total += sum[k];
        cross_entropy_nll[b] = nn_log(total)
                - (linear_3_b[kind[b]] + linear_3_sum[b][kind[b]] - cross_entropy_log_softmax_max);
    }
}

/* ---- metrics ------------------------------------------------------------------------------------------------- */

/* lenet.nn:15: accuracy = accuracy_total/accuracy_total_2 */
static void lenet_accuracy(double accuracy_total, double accuracy_total_2, double *restrict accuracy) {
    *accuracy = accuracy_total / accuracy_total_2;
}

/* ---- predict: what differs from forward ---------------------------------------------------------------------- */

/* lenet.nn:13: softmax_max = max(k) (linear_3_b[k] + linear_3_sum[k])
 *              softmax_e[j] = exp(linear_3_b[j] + linear_3_sum[j] - stop(softmax_max))
 *              softmax_sum = sum(k) softmax_e[k]
 *              softmax[a] = softmax_e[a]/softmax_sum */
static void lenet_softmax(int n, const real *restrict linear_3_b, real (*restrict linear_3_sum)[10],
        real (*restrict softmax)[10]) {
    for (int b = 0; b < n; b++) {
        real softmax_e[10];
        real most[10];
        for (int k = 0; k < 10; k++)
            most[k] = R(-INFINITY);
        for (int k = 0; k < 10; k++)
            most[k] = nn_max(most[k], linear_3_b[k] + linear_3_sum[b][k]);
        real total = R(-INFINITY);
        for (int k = 0; k < 10; k++)
            total = nn_max(total, most[k]);
        const real softmax_max = total;
        for (int j = 0; j < 10; j++)
            softmax_e[j] = nn_exp(linear_3_b[j] + linear_3_sum[b][j] - softmax_max);
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

/* lenet.nn:9: conv2d_correlate2d[q, i < 28, j < 28] = sum(c < 1, u, v)
 *               conv2d_f[q, 0, u, v]*x[0, i + u - 2, j + v - 2 else 0] */
static void lenet_predict_one_conv2d_correlate2d(const real (*restrict conv2d_f)[1][5][5],
        real (*restrict x)[28][28], real (*restrict conv2d_correlate2d)[28][28]) {
    for (int q = 0; q < 2; q++)
        for (int i = 0; i < 28; i++) {
            real sum[28] = {0};
            real sum_2[28] = {0};
            real sum_3[28] = {0};
            for (int u = nn_max_i(0, 2 - i); u < nn_min_i(5, 30 - i); u++)
                for (int v = 0; v < 5; v++)
                    for (int j = nn_max_i(0, 2 - v); j < nn_min_i(28, 30 - v); j++) {
                        sum[j] += conv2d_f[3*q][0][u][v] * x[0][i + u - 2][j + v - 2];
                        sum_2[j] += conv2d_f[3*q + 1][0][u][v] * x[0][i + u - 2][j + v - 2];
                        sum_3[j] += conv2d_f[3*q + 2][0][u][v] * x[0][i + u - 2][j + v - 2];
                    }
            for (int j = 0; j < 28; j++) {
                conv2d_correlate2d[3*q][i][j] = sum[j];
                conv2d_correlate2d[3*q + 1][i][j] = sum_2[j];
                conv2d_correlate2d[3*q + 2][i][j] = sum_3[j];
            }
        }
}

/* lenet.nn:9: maxpool2d[c, i < 14, j < 14] = max(u < 2, v < 2)
 *               max(0, conv2d_b[c] + conv2d_correlate2d[c, 2*i + u, 2*j + v]) */
static void lenet_predict_one_maxpool2d(const real *restrict conv2d_b,
        real (*restrict conv2d_correlate2d)[28][28], real (*restrict maxpool2d)[14][14]) {
    for (int c = 0; c < 6; c++)
        for (int i = 0; i < 14; i++) {
            real most[14];
            for (int j = 0; j < 14; j++)
                most[j] = R(-INFINITY);
            for (int u = 0; u < 2; u++)
                for (int v = 0; v < 2; v++)
                    for (int j = 0; j < 14; j++)
                        most[j] = nn_max(most[j],
                                nn_max(R(0), conv2d_b[c] + conv2d_correlate2d[c][2*i + u][2*j + v]));
            for (int j = 0; j < 14; j++)
                maxpool2d[c][i][j] = most[j];
        }
}

/* lenet.nn:10: conv2d_2_correlate2d[q, i < 10, j < 10] = sum(c, u, v)
 *                conv2d_2_f[q, c, u, v]*maxpool2d[c, i + u, j + v] */
static void lenet_predict_one_conv2d_2_correlate2d(const real (*restrict conv2d_2_f)[6][5][5],
        real (*restrict maxpool2d)[14][14], real (*restrict conv2d_2_correlate2d)[10][10]) {
    for (int q = 0; q < 4; q++)
        for (int i = 0; i < 10; i++) {
            real sum[10] = {0};
            real sum_2[10] = {0};
            real sum_3[10] = {0};
            real sum_4[10] = {0};
            for (int c = 0; c < 6; c++)
                for (int u = 0; u < 5; u++)
                    for (int v = 0; v < 5; v++)
                        for (int j = 0; j < 10; j++) {
                            sum[j] += conv2d_2_f[4*q][c][u][v] * maxpool2d[c][i + u][j + v];
                            sum_2[j] += conv2d_2_f[4*q + 1][c][u][v] * maxpool2d[c][i + u][j + v];
                            sum_3[j] += conv2d_2_f[4*q + 2][c][u][v] * maxpool2d[c][i + u][j + v];
                            sum_4[j] += conv2d_2_f[4*q + 3][c][u][v] * maxpool2d[c][i + u][j + v];
                        }
            for (int j = 0; j < 10; j++) {
                conv2d_2_correlate2d[4*q][i][j] = sum[j];
                conv2d_2_correlate2d[4*q + 1][i][j] = sum_2[j];
                conv2d_2_correlate2d[4*q + 2][i][j] = sum_3[j];
                conv2d_2_correlate2d[4*q + 3][i][j] = sum_4[j];
            }
        }
}

/* lenet.nn:10: maxpool2d_2[c, i < 5, j < 5] = max(u < 2, v < 2)
 *                max(0, conv2d_2_b[c] + conv2d_2_correlate2d[c, 2*i + u, 2*j + v]) */
static void lenet_predict_one_maxpool2d_2(const real *restrict conv2d_2_b,
        real (*restrict conv2d_2_correlate2d)[10][10], real (*restrict maxpool2d_2)[5][5]) {
    for (int c = 0; c < 16; c++)
        for (int i = 0; i < 5; i++) {
            real most[5];
            for (int j = 0; j < 5; j++)
                most[j] = R(-INFINITY);
            for (int u = 0; u < 2; u++)
                for (int v = 0; v < 2; v++)
                    for (int j = 0; j < 5; j++)
                        most[j] = nn_max(most[j],
                                nn_max(R(0), conv2d_2_b[c] + conv2d_2_correlate2d[c][2*i + u][2*j + v]));
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
 *              relu_3[a] = max(0, linear_b[a] + linear_sum[a]) */
static void lenet_predict_one_relu_3(const real (*restrict linear_w)[400], const real *restrict flatten,
        const real *restrict linear_b, real *restrict relu_3) {
    for (int o = 0; o < 30; o++) {
        real sum[16] = {0};
        real sum_2[16] = {0};
        real sum_3[16] = {0};
        real sum_4[16] = {0};
        for (int i_tile = 0; i_tile < 25; i_tile++)
            for (int i = 0; i < 16; i++) {
                sum[i] += linear_w[4*o][16*i_tile + i] * flatten[16*i_tile + i];
                sum_2[i] += linear_w[4*o + 1][16*i_tile + i] * flatten[16*i_tile + i];
                sum_3[i] += linear_w[4*o + 2][16*i_tile + i] * flatten[16*i_tile + i];
                sum_4[i] += linear_w[4*o + 3][16*i_tile + i] * flatten[16*i_tile + i];
            }
        real total = R(0);
        for (int i = 0; i < 16; i++)
            total += sum[i];
        relu_3[4*o] = nn_max(R(0), linear_b[4*o] + total);
        real total_2 = R(0);
        for (int i = 0; i < 16; i++)
            total_2 += sum_2[i];
        relu_3[4*o + 1] = nn_max(R(0), linear_b[4*o + 1] + total_2);
        real total_3 = R(0);
        for (int i = 0; i < 16; i++)
            total_3 += sum_3[i];
        relu_3[4*o + 2] = nn_max(R(0), linear_b[4*o + 2] + total_3);
        real total_4 = R(0);
        for (int i = 0; i < 16; i++)
            total_4 += sum_4[i];
        relu_3[4*o + 3] = nn_max(R(0), linear_b[4*o + 3] + total_4);
    }
}

/* lenet.nn:11: linear_2_sum[o] = sum(i) linear_2_w[o, i]*relu_3[i]
 * lenet.nn:9: x_2[a] = max(0, linear_2_b[a] + linear_2_sum[a]) */
static void lenet_predict_one_x_2(const real (*restrict linear_2_w)[120], const real *restrict relu_3,
        const real *restrict linear_2_b, real *restrict x_2) {
    for (int o = 0; o < 21; o++) {
        real sum[40] = {0};
        real sum_2[40] = {0};
        real sum_3[40] = {0};
        real sum_4[40] = {0};
        for (int i_tile = 0; i_tile < 3; i_tile++)
            for (int i = 0; i < 40; i++) {
                sum[i] += linear_2_w[4*o][40*i_tile + i] * relu_3[40*i_tile + i];
                sum_2[i] += linear_2_w[4*o + 1][40*i_tile + i] * relu_3[40*i_tile + i];
                sum_3[i] += linear_2_w[4*o + 2][40*i_tile + i] * relu_3[40*i_tile + i];
                sum_4[i] += linear_2_w[4*o + 3][40*i_tile + i] * relu_3[40*i_tile + i];
            }
        real total = R(0);
        for (int i = 0; i < 40; i++)
            total += sum[i];
        x_2[4*o] = nn_max(R(0), linear_2_b[4*o] + total);
        real total_2 = R(0);
        for (int i = 0; i < 40; i++)
            total_2 += sum_2[i];
        x_2[4*o + 1] = nn_max(R(0), linear_2_b[4*o + 1] + total_2);
        real total_3 = R(0);
        for (int i = 0; i < 40; i++)
            total_3 += sum_3[i];
        x_2[4*o + 2] = nn_max(R(0), linear_2_b[4*o + 2] + total_3);
        real total_4 = R(0);
        for (int i = 0; i < 40; i++)
            total_4 += sum_4[i];
        x_2[4*o + 3] = nn_max(R(0), linear_2_b[4*o + 3] + total_4);
    }
}

/* lenet.nn:12: linear_3_sum[o] = sum(i) linear_3_w[o, i]*x_2[i] */
static void lenet_predict_one_linear_3_sum(const real (*restrict linear_3_w)[84], const real *restrict x_2,
        real *restrict linear_3_sum) {
    for (int o = 0; o < 2; o++) {
        real sum[42] = {0};
        real sum_2[42] = {0};
        real sum_3[42] = {0};
        real sum_4[42] = {0};
        real sum_5[42] = {0};
        for (int i_tile = 0; i_tile < 2; i_tile++)
            for (int i = 0; i < 42; i++) {
                sum[i] += linear_3_w[5*o][42*i_tile + i] * x_2[42*i_tile + i];
                sum_2[i] += linear_3_w[5*o + 1][42*i_tile + i] * x_2[42*i_tile + i];
                sum_3[i] += linear_3_w[5*o + 2][42*i_tile + i] * x_2[42*i_tile + i];
                sum_4[i] += linear_3_w[5*o + 3][42*i_tile + i] * x_2[42*i_tile + i];
                sum_5[i] += linear_3_w[5*o + 4][42*i_tile + i] * x_2[42*i_tile + i];
            }
        real total = R(0);
        for (int i = 0; i < 42; i++)
            total += sum[i];
        linear_3_sum[5*o] = total;
        real total_2 = R(0);
        for (int i = 0; i < 42; i++)
            total_2 += sum_2[i];
        linear_3_sum[5*o + 1] = total_2;
        real total_3 = R(0);
        for (int i = 0; i < 42; i++)
            total_3 += sum_3[i];
        linear_3_sum[5*o + 2] = total_3;
        real total_4 = R(0);
        for (int i = 0; i < 42; i++)
            total_4 += sum_4[i];
        linear_3_sum[5*o + 3] = total_4;
        real total_5 = R(0);
        for (int i = 0; i < 42; i++)
            total_5 += sum_5[i];
        linear_3_sum[5*o + 4] = total_5;
    }
}

/* lenet.nn:13: softmax_max = max(k) (linear_3_b[k] + linear_3_sum[k]) */
static void lenet_softmax_max(const real *restrict linear_3_b, const real *restrict linear_3_sum,
        real *restrict softmax_max) {
    real most[10];
    for (int k = 0; k < 10; k++)
        most[k] = R(-INFINITY);
    for (int k = 0; k < 10; k++)
        most[k] = nn_max(most[k], linear_3_b[k] + linear_3_sum[k]);
    real total = R(-INFINITY);
    for (int k = 0; k < 10; k++)
        total = nn_max(total, most[k]);
    *softmax_max = total;
}

/* lenet.nn:13: softmax_e[j] = exp(linear_3_b[j] + linear_3_sum[j] - stop(softmax_max)) */
static void lenet_softmax_e(real softmax_max, const real *restrict linear_3_b,
        const real *restrict linear_3_sum, real *restrict softmax_e) {
    for (int j = 0; j < 10; j++)
        softmax_e[j] = nn_exp(linear_3_b[j] + linear_3_sum[j] - softmax_max);
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

double lenet_gradients(lenet *m, int n, const unsigned char *image, const int32_t *kind) {
    if (!lenet_accepts(n, kind)) return (double)NAN;
    const lenet_params *const p = &m->params;
    real *const arena = m->work.arena;
    int32_t *const whole = m->work.whole;
    real (*const x)[1][28][28][16] = (void *)(arena + 677376);
    real (*const relu)[6][28][28][16] = (void *)arena;
    real (*const maxpool2d)[6][14][14][16] = (void *)(arena + 505856);
    int32_t (*const maxpool2d_winner)[6][14][14][16] = (void *)whole;
    real (*const relu_2)[16][10][10][16] = (void *)(arena + 301056);
    real (*const maxpool2d_2)[16][5][5][16] = (void *)(arena + 403456);
    int32_t (*const maxpool2d_2_winner)[16][5][5][16] = (void *)(whole + 75264);
    real (*const flatten)[400] = (void *)(arena + 429056);
    real (*const relu_3)[120] = (void *)(arena + 403456);
    real (*const x_2)[84] = (void *)(arena + 411136);
    real (*const linear_3_sum)[10] = (void *)(arena + 416512);
    int32_t *const accuracy_right = whole + 100864;
    real *const cross_entropy_nll = arena + 417792;
    real (*const d_logits)[10] = (void *)(arena + 417152);
    real *const loss = arena + 727552;
    real (*const d_linear_2)[84] = (void *)(arena + 418816);
    real (*const d_linear)[120] = (void *)(arena + 411136);
    real (*const d_flatten)[400] = (void *)(arena + 581120);
    real (*const d_conv2d_2)[16][10][10][16] = (void *)(arena + 403456);
    real (*const d_maxpool2d)[6][14][14][16] = (void *)(arena + 602112);
    real (*const d_conv2d)[6][28][28][16] = (void *)(arena + 301056);

    lenet_x(n, (const unsigned char (*)[1][28][28])image, x);
    lenet_relu(n, p->conv2d_f, x, p->conv2d_b, relu);
    lenet_maxpool2d_winner(n, relu, maxpool2d, maxpool2d_winner);
    lenet_relu_2(n, p->conv2d_2_f, maxpool2d, p->conv2d_2_b, relu_2);
    lenet_maxpool2d_2_winner(n, relu_2, maxpool2d_2, maxpool2d_2_winner);
    lenet_flatten(n, maxpool2d_2, flatten);
    lenet_relu_3(n, flatten, p->linear_w, relu_3, p->linear_b);
    lenet_x_2(n, relu_3, p->linear_2_w, x_2, p->linear_2_b);
    lenet_linear_3_sum(n, x_2, p->linear_3_w, linear_3_sum);
    lenet_d_logits(n, p->linear_3_b, linear_3_sum, kind, accuracy_right, cross_entropy_nll, d_logits);
    lenet_loss(n, cross_entropy_nll, loss);
    lenet_accuracy_total_next(n, accuracy_right, &m->totals.accuracy_total);
    lenet_accuracy_total_next_2(n, &m->totals.accuracy_total_2);

    /* backward */
    lenet_d_linear_3_b(n, d_logits, m->grads.linear_3_b);
    lenet_d_linear_3_w(n, d_logits, x_2, m->grads.linear_3_w);
    lenet_d_linear_2(n, d_logits, p->linear_3_w, d_linear_2, x_2);
    lenet_d_linear_2_b(n, d_linear_2, m->grads.linear_2_b);
    lenet_d_linear_2_w(n, d_linear_2, relu_3, m->grads.linear_2_w);
    lenet_d_linear(n, d_linear_2, p->linear_2_w, d_linear, relu_3);
    lenet_d_linear_b(n, d_linear, m->grads.linear_b);
    lenet_d_linear_w(n, d_linear, flatten, m->grads.linear_w);
    lenet_d_flatten(n, d_linear, p->linear_w, d_flatten);
    lenet_d_conv2d_2(n, maxpool2d_2_winner, relu_2, d_flatten, d_conv2d_2);
    lenet_d_conv2d_2_b(n, d_conv2d_2, m->grads.conv2d_2_b);
    lenet_d_conv2d_2_f(n, d_conv2d_2, maxpool2d, m->grads.conv2d_2_f);
    lenet_d_maxpool2d(n, d_conv2d_2, p->conv2d_2_f, d_maxpool2d);
    lenet_d_conv2d(n, maxpool2d_winner, relu, d_maxpool2d, d_conv2d);
    lenet_d_conv2d_b(n, d_conv2d, m->grads.conv2d_b);
    lenet_d_conv2d_f(n, d_conv2d, x, m->grads.conv2d_f);
    return (double)*loss;
}

void lenet_update(lenet *m) {
    const int64_t adam_t = m->step + 1;
    const double number_1 = m->hyper.lr / (1.0 - nn_pow_d(0.9, (double)adam_t));
    const double number_2 = 1.0 - nn_pow_d(0.999, (double)adam_t);

    lenet_update_parameter((real)number_1, (real)number_2, 150, &m->optimizer.conv2d_f_m[0][0][0][0],
            &m->grads.conv2d_f[0][0][0][0], &m->optimizer.conv2d_f_v[0][0][0][0],
            &m->params.conv2d_f[0][0][0][0]);
    lenet_update_parameter((real)number_1, (real)number_2, 6, m->optimizer.conv2d_b_m, m->grads.conv2d_b,
            m->optimizer.conv2d_b_v, m->params.conv2d_b);
    lenet_update_parameter((real)number_1, (real)number_2, 2400, &m->optimizer.conv2d_2_f_m[0][0][0][0],
            &m->grads.conv2d_2_f[0][0][0][0], &m->optimizer.conv2d_2_f_v[0][0][0][0],
            &m->params.conv2d_2_f[0][0][0][0]);
    lenet_update_parameter((real)number_1, (real)number_2, 16, m->optimizer.conv2d_2_b_m, m->grads.conv2d_2_b,
            m->optimizer.conv2d_2_b_v, m->params.conv2d_2_b);
    lenet_update_parameter((real)number_1, (real)number_2, 48000, &m->optimizer.linear_w_m[0][0],
            &m->grads.linear_w[0][0], &m->optimizer.linear_w_v[0][0], &m->params.linear_w[0][0]);
    lenet_update_parameter((real)number_1, (real)number_2, 120, m->optimizer.linear_b_m, m->grads.linear_b,
            m->optimizer.linear_b_v, m->params.linear_b);
    lenet_update_parameter((real)number_1, (real)number_2, 10080, &m->optimizer.linear_2_w_m[0][0],
            &m->grads.linear_2_w[0][0], &m->optimizer.linear_2_w_v[0][0], &m->params.linear_2_w[0][0]);
    lenet_update_parameter((real)number_1, (real)number_2, 84, m->optimizer.linear_2_b_m, m->grads.linear_2_b,
            m->optimizer.linear_2_b_v, m->params.linear_2_b);
    lenet_update_parameter((real)number_1, (real)number_2, 840, &m->optimizer.linear_3_w_m[0][0],
            &m->grads.linear_3_w[0][0], &m->optimizer.linear_3_w_v[0][0], &m->params.linear_3_w[0][0]);
    lenet_update_parameter((real)number_1, (real)number_2, 10, m->optimizer.linear_3_b_m, m->grads.linear_3_b,
            m->optimizer.linear_3_b_v, m->params.linear_3_b);
    m->step += 1;
}

double lenet_step(lenet *m, int n, const unsigned char *image, const int32_t *kind) {
    if (!lenet_accepts(n, kind)) return (double)NAN;
    const double loss = lenet_gradients(m, n, image, kind);
    lenet_update(m);
    return loss;
}

double lenet_evaluate(lenet *m, int n, const unsigned char *image, const int32_t *kind) {
    if (!lenet_accepts(n, kind)) return (double)NAN;
    const lenet_params *const p = &m->params;
    real *const arena = m->work.arena;
    int32_t *const whole = m->work.whole;
    real (*const x)[1][28][28][16] = (void *)(arena + 301056);
    real (*const conv2d_correlate2d)[6][28][28][16] = (void *)arena;
    real (*const maxpool2d)[6][14][14][16] = (void *)(arena + 301056);
    real (*const conv2d_2_correlate2d)[16][10][10][16] = (void *)arena;
    real (*const maxpool2d_2)[16][5][5][16] = (void *)(arena + 102400);
    real (*const flatten)[400] = (void *)arena;
    real (*const relu_3)[120] = (void *)(arena + 25600);
    real (*const x_2)[84] = (void *)arena;
    real (*const linear_3_sum)[10] = (void *)(arena + 5376);
    int32_t *const accuracy_right = whole;
    real *const cross_entropy_nll = arena;
    real *const loss = arena + 64;

    lenet_x(n, (const unsigned char (*)[1][28][28])image, x);
    lenet_conv2d_correlate2d(n, p->conv2d_f, x, conv2d_correlate2d);
    lenet_maxpool2d(n, p->conv2d_b, conv2d_correlate2d, maxpool2d);
    lenet_conv2d_2_correlate2d(n, p->conv2d_2_f, maxpool2d, conv2d_2_correlate2d);
    lenet_maxpool2d_2(n, p->conv2d_2_b, conv2d_2_correlate2d, maxpool2d_2);
    lenet_flatten(n, maxpool2d_2, flatten);
    lenet_relu_3(n, flatten, p->linear_w, relu_3, p->linear_b);
    lenet_x_2(n, relu_3, p->linear_2_w, x_2, p->linear_2_b);
    lenet_linear_3_sum(n, x_2, p->linear_3_w, linear_3_sum);
    lenet_cross_entropy_nll(n, p->linear_3_b, linear_3_sum, kind, accuracy_right, cross_entropy_nll);
    lenet_loss(n, cross_entropy_nll, loss);
    lenet_accuracy_total_next(n, accuracy_right, &m->totals.accuracy_total);
    lenet_accuracy_total_next_2(n, &m->totals.accuracy_total_2);
    return (double)*loss;
}

void lenet_metrics(const lenet *m, double *values) {
    lenet_accuracy(m->totals.accuracy_total, m->totals.accuracy_total_2, &values[0]);
}

void lenet_predict(const lenet_params *p, lenet_predict_work *work, int n, const unsigned char *image,
        nn_real *softmax) {
    if (n < 1 || n > LENET_BATCH) return;
    real *const arena = work->arena;
    real (*const x)[1][28][28][16] = (void *)(arena + 301056);
    real (*const conv2d_correlate2d)[6][28][28][16] = (void *)arena;
    real (*const maxpool2d)[6][14][14][16] = (void *)(arena + 301056);
    real (*const conv2d_2_correlate2d)[16][10][10][16] = (void *)arena;
    real (*const maxpool2d_2)[16][5][5][16] = (void *)(arena + 102400);
    real (*const flatten)[400] = (void *)arena;
    real (*const relu_3)[120] = (void *)(arena + 25600);
    real (*const x_2)[84] = (void *)arena;
    real (*const linear_3_sum)[10] = (void *)(arena + 5376);

    lenet_x(n, (const unsigned char (*)[1][28][28])image, x);
    lenet_conv2d_correlate2d(n, p->conv2d_f, x, conv2d_correlate2d);
    lenet_maxpool2d(n, p->conv2d_b, conv2d_correlate2d, maxpool2d);
    lenet_conv2d_2_correlate2d(n, p->conv2d_2_f, maxpool2d, conv2d_2_correlate2d);
    lenet_maxpool2d_2(n, p->conv2d_2_b, conv2d_2_correlate2d, maxpool2d_2);
    lenet_flatten(n, maxpool2d_2, flatten);
    lenet_relu_3(n, flatten, p->linear_w, relu_3, p->linear_b);
    lenet_x_2(n, relu_3, p->linear_2_w, x_2, p->linear_2_b);
    lenet_linear_3_sum(n, x_2, p->linear_3_w, linear_3_sum);
    lenet_softmax(n, p->linear_3_b, linear_3_sum, (void *)softmax);
}

void lenet_predict_one(const lenet_params *p, lenet_predict_work *work, const unsigned char *image,
        nn_real *softmax) {
    real *const arena = work->arena;
    real (*const x)[28][28] = (void *)(arena + 4704);
    real (*const conv2d_correlate2d)[28][28] = (void *)arena;
    real (*const maxpool2d)[14][14] = (void *)(arena + 4704);
    real (*const conv2d_2_correlate2d)[10][10] = (void *)arena;
    real (*const maxpool2d_2)[5][5] = (void *)(arena + 1600);
    real *const flatten = arena;
    real *const relu_3 = arena + 400;
    real *const x_2 = arena;
    real *const linear_3_sum = arena + 96;
    real *const softmax_max = arena + 16;
    real *const softmax_e = arena;
    real *const softmax_sum = arena + 16;

    lenet_predict_one_x((const unsigned char (*)[1][28][28])image, x);
    lenet_predict_one_conv2d_correlate2d(p->conv2d_f, x, conv2d_correlate2d);
    lenet_predict_one_maxpool2d(p->conv2d_b, conv2d_correlate2d, maxpool2d);
    lenet_predict_one_conv2d_2_correlate2d(p->conv2d_2_f, maxpool2d, conv2d_2_correlate2d);
    lenet_predict_one_maxpool2d_2(p->conv2d_2_b, conv2d_2_correlate2d, maxpool2d_2);
    lenet_predict_one_flatten(maxpool2d_2, flatten);
    lenet_predict_one_relu_3(p->linear_w, flatten, p->linear_b, relu_3);
    lenet_predict_one_x_2(p->linear_2_w, relu_3, p->linear_2_b, x_2);
    lenet_predict_one_linear_3_sum(p->linear_3_w, x_2, linear_3_sum);
    lenet_softmax_max(p->linear_3_b, linear_3_sum, softmax_max);
    lenet_softmax_e(*softmax_max, p->linear_3_b, linear_3_sum, softmax_e);
    lenet_softmax_sum(softmax_e, softmax_sum);
    lenet_predict_one_softmax(*softmax_sum, softmax_e, (void *)softmax);
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
    { "image", NN_U8, 3, { 1, 28, 28 }, 0, 0, 255, "/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz", "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz" },
    { "kind", NN_I32, 0, { 0 }, 0, 0, 9, "/usr/share/datasets/fashion-mnist/train-labels-idx1-ubyte.gz", "/usr/share/datasets/fashion-mnist/t10k-labels-idx1-ubyte.gz" },
};
static const nn_tensor lenet_outputs_table[] = {
    { "softmax", REAL, 1, { 10 }, 0, 1, 0, NULL, NULL },
};
static const nn_tensor lenet_params_table[] = {
    { "conv2d.f", REAL, 4, { 6, 1, 5, 5 }, offsetof(lenet, params.conv2d_f), 1, 0, NULL, NULL },
    { "conv2d.b", REAL, 1, { 6 }, offsetof(lenet, params.conv2d_b), 1, 0, NULL, NULL },
    { "conv2d_2.f", REAL, 4, { 16, 6, 5, 5 }, offsetof(lenet, params.conv2d_2_f), 1, 0, NULL, NULL },
    { "conv2d_2.b", REAL, 1, { 16 }, offsetof(lenet, params.conv2d_2_b), 1, 0, NULL, NULL },
    { "linear.w", REAL, 2, { 120, 400 }, offsetof(lenet, params.linear_w), 1, 0, NULL, NULL },
    { "linear.b", REAL, 1, { 120 }, offsetof(lenet, params.linear_b), 1, 0, NULL, NULL },
    { "linear_2.w", REAL, 2, { 84, 120 }, offsetof(lenet, params.linear_2_w), 1, 0, NULL, NULL },
    { "linear_2.b", REAL, 1, { 84 }, offsetof(lenet, params.linear_2_b), 1, 0, NULL, NULL },
    { "linear_3.w", REAL, 2, { 10, 84 }, offsetof(lenet, params.linear_3_w), 1, 0, NULL, NULL },
    { "linear_3.b", REAL, 1, { 10 }, offsetof(lenet, params.linear_3_b), 1, 0, NULL, NULL },
};
static const nn_tensor lenet_grads_table[] = {
    { "conv2d.f", REAL, 4, { 6, 1, 5, 5 }, offsetof(lenet, grads.conv2d_f), 1, 0, NULL, NULL },
    { "conv2d.b", REAL, 1, { 6 }, offsetof(lenet, grads.conv2d_b), 1, 0, NULL, NULL },
    { "conv2d_2.f", REAL, 4, { 16, 6, 5, 5 }, offsetof(lenet, grads.conv2d_2_f), 1, 0, NULL, NULL },
    { "conv2d_2.b", REAL, 1, { 16 }, offsetof(lenet, grads.conv2d_2_b), 1, 0, NULL, NULL },
    { "linear.w", REAL, 2, { 120, 400 }, offsetof(lenet, grads.linear_w), 1, 0, NULL, NULL },
    { "linear.b", REAL, 1, { 120 }, offsetof(lenet, grads.linear_b), 1, 0, NULL, NULL },
    { "linear_2.w", REAL, 2, { 84, 120 }, offsetof(lenet, grads.linear_2_w), 1, 0, NULL, NULL },
    { "linear_2.b", REAL, 1, { 84 }, offsetof(lenet, grads.linear_2_b), 1, 0, NULL, NULL },
    { "linear_3.w", REAL, 2, { 10, 84 }, offsetof(lenet, grads.linear_3_w), 1, 0, NULL, NULL },
    { "linear_3.b", REAL, 1, { 10 }, offsetof(lenet, grads.linear_3_b), 1, 0, NULL, NULL },
};
static const nn_tensor lenet_states_table[] = {
    { "optimizer.conv2d.f.m", REAL, 4, { 6, 1, 5, 5 }, offsetof(lenet, optimizer.conv2d_f_m), 1, 0, NULL, NULL },
    { "optimizer.conv2d.f.v", REAL, 4, { 6, 1, 5, 5 }, offsetof(lenet, optimizer.conv2d_f_v), 1, 0, NULL, NULL },
    { "optimizer.conv2d.b.m", REAL, 1, { 6 }, offsetof(lenet, optimizer.conv2d_b_m), 1, 0, NULL, NULL },
    { "optimizer.conv2d.b.v", REAL, 1, { 6 }, offsetof(lenet, optimizer.conv2d_b_v), 1, 0, NULL, NULL },
    { "optimizer.conv2d_2.f.m", REAL, 4, { 16, 6, 5, 5 }, offsetof(lenet, optimizer.conv2d_2_f_m), 1, 0, NULL, NULL },
    { "optimizer.conv2d_2.f.v", REAL, 4, { 16, 6, 5, 5 }, offsetof(lenet, optimizer.conv2d_2_f_v), 1, 0, NULL, NULL },
    { "optimizer.conv2d_2.b.m", REAL, 1, { 16 }, offsetof(lenet, optimizer.conv2d_2_b_m), 1, 0, NULL, NULL },
    { "optimizer.conv2d_2.b.v", REAL, 1, { 16 }, offsetof(lenet, optimizer.conv2d_2_b_v), 1, 0, NULL, NULL },
    { "optimizer.linear.w.m", REAL, 2, { 120, 400 }, offsetof(lenet, optimizer.linear_w_m), 1, 0, NULL, NULL },
    { "optimizer.linear.w.v", REAL, 2, { 120, 400 }, offsetof(lenet, optimizer.linear_w_v), 1, 0, NULL, NULL },
    { "optimizer.linear.b.m", REAL, 1, { 120 }, offsetof(lenet, optimizer.linear_b_m), 1, 0, NULL, NULL },
    { "optimizer.linear.b.v", REAL, 1, { 120 }, offsetof(lenet, optimizer.linear_b_v), 1, 0, NULL, NULL },
    { "optimizer.linear_2.w.m", REAL, 2, { 84, 120 }, offsetof(lenet, optimizer.linear_2_w_m), 1, 0, NULL, NULL },
    { "optimizer.linear_2.w.v", REAL, 2, { 84, 120 }, offsetof(lenet, optimizer.linear_2_w_v), 1, 0, NULL, NULL },
    { "optimizer.linear_2.b.m", REAL, 1, { 84 }, offsetof(lenet, optimizer.linear_2_b_m), 1, 0, NULL, NULL },
    { "optimizer.linear_2.b.v", REAL, 1, { 84 }, offsetof(lenet, optimizer.linear_2_b_v), 1, 0, NULL, NULL },
    { "optimizer.linear_3.w.m", REAL, 2, { 10, 84 }, offsetof(lenet, optimizer.linear_3_w_m), 1, 0, NULL, NULL },
    { "optimizer.linear_3.w.v", REAL, 2, { 10, 84 }, offsetof(lenet, optimizer.linear_3_w_v), 1, 0, NULL, NULL },
    { "optimizer.linear_3.b.m", REAL, 1, { 10 }, offsetof(lenet, optimizer.linear_3_b_m), 1, 0, NULL, NULL },
    { "optimizer.linear_3.b.v", REAL, 1, { 10 }, offsetof(lenet, optimizer.linear_3_b_v), 1, 0, NULL, NULL },
};
static const nn_tensor lenet_totals_table[] = {
    { "accuracy_total", NN_F64, 0, { 0 }, offsetof(lenet, totals.accuracy_total), 1, 0, NULL, NULL },
    { "accuracy_total_2", NN_F64, 0, { 0 }, offsetof(lenet, totals.accuracy_total_2), 1, 0, NULL, NULL },
};
static const nn_tensor lenet_hypers_table[] = {
    { "lr", NN_F64, 0, { 0 }, offsetof(lenet, hyper.lr), 1, 0, NULL, NULL },
};
static const char *const lenet_metrics_table[] = { "accuracy" };
static const nn_setting lenet_settings_table[] = { { "epochs", 10 } };

static void lenet_table_init(void *m, uint64_t seed) { lenet_init(m, seed); }
static void lenet_table_reset(void *m) { lenet_reset(m); }
static void lenet_table_metrics(void *m, double *values) { lenet_metrics(m, values); }
static void lenet_table_update(void *m) { lenet_update(m); }
static double lenet_table_gradients(void *m, int n, const void *const *inputs) {
    return lenet_gradients(m, n, inputs[0], inputs[1]);
}
static double lenet_table_evaluate(void *m, int n, const void *const *inputs) {
    return lenet_evaluate(m, n, inputs[0], inputs[1]);
}
static void lenet_table_predict(const void *instance, void *work, int n, const void *const *inputs,
        void *const *outputs) {
    const lenet *const m = instance;
    lenet_predict(&m->params, work, n, inputs[0], outputs[0]);
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
