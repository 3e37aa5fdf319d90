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
 * Memory of one instance, `lenet`, for batches of up to 64: 3 097 104 bytes.
 *     parameters              246 824
 *     gradients               246 824
 *     optimizer               493 648
 *     workspace             2 109 756
 * To predict: the parameters and a workspace of 1 505 340 bytes.
 *
 * Compile with -O2 -march=native and the directory of nn.h. With -DNN_DOUBLE all numbers are double.
 * Equations above the functions are per sample. d_x is the gradient of x, w' the next value of w. */
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

typedef nn_real real;            /* float, or double with -DNN_DOUBLE */
#define R(x) ((real)(x))         /* a constant in that type */

/* ---- forward ------------------------------------------------------------------------------------------------- */

/* lenet.nn:9: x[a < 1, a2, a3] = image[0, a2, a3]/255
 * also in evaluate, predict */
static void lenet_x(int n, const unsigned char (*restrict image)[1][28][28], real (*restrict x)[1][28][28]) {
    for (int b = 0; b < n; b++)
        for (int a_2 = 0; a_2 < 28; a_2++)
            for (int a_3 = 0; a_3 < 28; a_3++)
                x[b][0][a_2][a_3] = (real)image[b][0][a_2][a_3] / R(255);
}

/* lenet.nn:9: conv2d_correlate2d[q, i < 28, j < 28] = sum(c < 1, u, v)
 *               conv2d_f[q, 0, u, v]*x[0, i + u - 2, j + v - 2 else 0]
 *             relu[a, a2, a3] = max(0, conv2d_b[a] + conv2d_correlate2d[a, a2, a3])
 * also in evaluate, predict */
static void lenet_relu(int n, const real (*restrict conv2d_f)[1][5][5], real (*restrict x)[1][28][28],
        const real *restrict conv2d_b, real (*restrict relu)[6][28][28]) {
    for (int b = 0; b < n; b++)
        for (int q = 0; q < 6; q++)
            for (int i = 0; i < 28; i++)
                for (int j = 0; j < 28; j++) {
                    real conv2d_correlate2d = R(0);
                    for (int u = 0; u < 5; u++)
                        for (int v = 0; v < 5; v++)
                            conv2d_correlate2d += conv2d_f[q][0][u][v]
                                    * (i + u >= 2 && i + u < 30 && j + v >= 2 && j + v < 30
                                    ? x[b][0][i + u - 2][j + v - 2] : R(0));
                    relu[b][q][i][j] = nn_max(R(0), conv2d_b[q] + conv2d_correlate2d);
                }
}

/* lenet.nn:9: maxpool2d[c, i < 14, j < 14] = max(u < 2, v < 2) relu[c, 2*i + u, 2*j + v]
 *             maxpool2d_winner[c, i < 14, j < 14] = argmax(u < 2, v < 2) relu[c, 2*i + u, 2*j + v] */
static void lenet_maxpool2d_winner(int n, real (*restrict relu)[6][28][28],
        real (*restrict maxpool2d)[6][14][14], int32_t (*restrict maxpool2d_winner)[6][14][14]) {
    for (int b = 0; b < n; b++)
        for (int c = 0; c < 6; c++)
            for (int i = 0; i < 14; i++)
                for (int j = 0; j < 14; j++) {
                    real most = R(-INFINITY);
                    int winner = 0;
                    for (int u = 0; u < 2; u++)
                        for (int v = 0; v < 2; v++) {
                            winner = most >= relu[b][c][2*i + u][2*j + v] || most != most ? winner : 2*u + v;
                            most = nn_max(most, relu[b][c][2*i + u][2*j + v]);
                        }
                    maxpool2d[b][c][i][j] = most;
                    maxpool2d_winner[b][c][i][j] = winner;
                }
}

/* lenet.nn:10: conv2d_2_correlate2d[q, i < 10, j < 10] = sum(c, u, v)
 *                conv2d_2_f[q, c, u, v]*maxpool2d[c, i + u, j + v]
 *              relu_2[a, a2, a3] = max(0, conv2d_2_b[a] + conv2d_2_correlate2d[a, a2, a3])
 * also in evaluate, predict */
static void lenet_relu_2(int n, const real (*restrict conv2d_2_f)[6][5][5],
        real (*restrict maxpool2d)[6][14][14], const real *restrict conv2d_2_b,
        real (*restrict relu_2)[16][10][10]) {
    for (int b = 0; b < n; b++)
        for (int q = 0; q < 16; q++)
            for (int i = 0; i < 10; i++)
                for (int j = 0; j < 10; j++) {
                    real conv2d_2_correlate2d = R(0);
                    for (int c = 0; c < 6; c++)
                        for (int u = 0; u < 5; u++)
                            for (int v = 0; v < 5; v++)
                                conv2d_2_correlate2d += conv2d_2_f[q][c][u][v] * maxpool2d[b][c][i + u][j + v];
                    relu_2[b][q][i][j] = nn_max(R(0), conv2d_2_b[q] + conv2d_2_correlate2d);
                }
}

/* lenet.nn:10: maxpool2d_2[c, i < 5, j < 5] = max(u < 2, v < 2) relu_2[c, 2*i + u, 2*j + v]
 *              maxpool2d_2_winner[c, i < 5, j < 5] = argmax(u < 2, v < 2) relu_2[c, 2*i + u, 2*j + v] */
static void lenet_maxpool2d_2_winner(int n, real (*restrict relu_2)[16][10][10],
        real (*restrict maxpool2d_2)[16][5][5], int32_t (*restrict maxpool2d_2_winner)[16][5][5]) {
    for (int b = 0; b < n; b++)
        for (int c = 0; c < 16; c++)
            for (int i = 0; i < 5; i++)
                for (int j = 0; j < 5; j++) {
                    real most = R(-INFINITY);
                    int winner = 0;
                    for (int u = 0; u < 2; u++)
                        for (int v = 0; v < 2; v++) {
                            winner = most >= relu_2[b][c][2*i + u][2*j + v] || most != most ? winner : 2*u + v;
                            most = nn_max(most, relu_2[b][c][2*i + u][2*j + v]);
                        }
                    maxpool2d_2[b][c][i][j] = most;
                    maxpool2d_2_winner[b][c][i][j] = winner;
                }
}

/* lenet.nn:11: flatten[q < 400] = maxpool2d_2[q//25, q//5 % 5, q % 5]
 * also in evaluate, predict */
static void lenet_flatten(int n, real (*restrict maxpool2d_2)[16][5][5], real (*restrict flatten)[400]) {
    for (int b = 0; b < n; b++)
        for (int q = 0; q < 400; q++)
            flatten[b][q] = maxpool2d_2[b][q / 25][q / 5 % 5][q % 5];
}

/* lenet.nn:11: linear_sum[o] = sum(i) linear_w[o, i]*flatten[i]
 *              relu_3[a] = max(0, linear_b[a] + linear_sum[a])
 * also in evaluate, predict */
static void lenet_relu_3(int n, const real (*restrict linear_w)[400], real (*restrict flatten)[400],
        const real *restrict linear_b, real (*restrict relu_3)[120]) {
    for (int b = 0; b < n; b++)
        for (int o = 0; o < 120; o++) {
            real linear_sum = R(0);
            for (int i = 0; i < 400; i++)
                linear_sum += linear_w[o][i] * flatten[b][i];
            relu_3[b][o] = nn_max(R(0), linear_b[o] + linear_sum);
        }
}

/* lenet.nn:11: linear_2_sum[o] = sum(i) linear_2_w[o, i]*relu_3[i]
 * lenet.nn:9: x_2[a] = max(0, linear_2_b[a] + linear_2_sum[a])
 * also in evaluate, predict */
static void lenet_x_2(int n, const real (*restrict linear_2_w)[120], real (*restrict relu_3)[120],
        const real *restrict linear_2_b, real (*restrict x_2)[84]) {
    for (int b = 0; b < n; b++)
        for (int o = 0; o < 84; o++) {
            real linear_2_sum = R(0);
            for (int i = 0; i < 120; i++)
                linear_2_sum += linear_2_w[o][i] * relu_3[b][i];
            x_2[b][o] = nn_max(R(0), linear_2_b[o] + linear_2_sum);
        }
}

/* lenet.nn:12: linear_3_sum[o] = sum(i) linear_3_w[o, i]*x_2[i]
 *              logits[o] = linear_3_b[o] + linear_3_sum[o]
 * also in evaluate, predict */
static void lenet_logits(int n, const real (*restrict linear_3_w)[84], real (*restrict x_2)[84],
        const real *restrict linear_3_b, real (*restrict logits)[10]) {
    for (int b = 0; b < n; b++)
        for (int o = 0; o < 10; o++) {
            real linear_3_sum = R(0);
            for (int i = 0; i < 84; i++)
                linear_3_sum += linear_3_w[o][i] * x_2[b][i];
            logits[b][o] = linear_3_b[o] + linear_3_sum;
        }
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
        real cross_entropy_log_softmax_sum = R(0);
        for (int k = 0; k < 10; k++)
            cross_entropy_log_softmax_sum += nn_exp_below(logits[b][k] - cross_entropy_log_softmax_max);
        const real cross_entropy_log_softmax_whole = nn_log(cross_entropy_log_softmax_sum);
        const real cross_entropy_log_softmax_sum_2 = cross_entropy_log_softmax_sum;
        cross_entropy_nll[b] = cross_entropy_log_softmax_whole
                - (logits[b][kind[b]] - cross_entropy_log_softmax_max);
        for (int j = 0; j < 10; j++)
            d_logits[b][j] =
                    (nn_exp_below(logits[b][j] - cross_entropy_log_softmax_max)
                    / cross_entropy_log_softmax_sum_2 - (real)(j == kind[b])) * number_1;
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
    for (int o = 0; o < 10; o++) {
        real sum = R(0);
        for (int b = 0; b < n; b++)
            sum += d_logits[b][o];
        d_linear_3_b[o] = sum;
    }
}

/* lenet.nn:12: d_linear_3_w[o, i] = sum(batch) d_logits[o]*x_2[i] */
static void lenet_d_linear_3_w(int n, real (*restrict d_logits)[10], real (*restrict x_2)[84],
        real (*restrict d_linear_3_w)[84]) {
    for (int o = 0; o < 10; o++)
        for (int i = 0; i < 84; i++) {
            real sum = R(0);
            for (int b = 0; b < n; b++)
                sum += d_logits[b][o] * x_2[b][i];
            d_linear_3_w[o][i] = sum;
        }
}

/* lenet.nn:12: d_x_2[a] = sum(o) d_logits[o]*linear_3_w[o, a]
 * lenet.nn:9: d_linear_2[o] = where(x_2[o] > 0, d_x_2[o], 0) */
static void lenet_d_linear_2(int n, real (*restrict d_logits)[10], const real (*restrict linear_3_w)[84],
        real (*restrict x_2)[84], real (*restrict d_linear_2)[84]) {
    for (int b = 0; b < n; b++)
        for (int a = 0; a < 84; a++) {
            real d_x_2 = R(0);
            for (int o = 0; o < 10; o++)
                d_x_2 += d_logits[b][o] * linear_3_w[o][a];
            d_linear_2[b][a] = x_2[b][a] > R(0) ? d_x_2 : R(0);
        }
}

/* lenet.nn:11: d_linear_2_b[o] = sum(batch) d_linear_2[o] */
static void lenet_d_linear_2_b(int n, real (*restrict d_linear_2)[84], real *restrict d_linear_2_b) {
    for (int o = 0; o < 84; o++) {
        real sum = R(0);
        for (int b = 0; b < n; b++)
            sum += d_linear_2[b][o];
        d_linear_2_b[o] = sum;
    }
}

/* lenet.nn:11: d_linear_2_w[o, i] = sum(batch) d_linear_2[o]*relu_3[i] */
static void lenet_d_linear_2_w(int n, real (*restrict d_linear_2)[84], real (*restrict relu_3)[120],
        real (*restrict d_linear_2_w)[120]) {
    for (int o = 0; o < 84; o++)
        for (int i = 0; i < 120; i++) {
            real sum = R(0);
            for (int b = 0; b < n; b++)
                sum += d_linear_2[b][o] * relu_3[b][i];
            d_linear_2_w[o][i] = sum;
        }
}

/* lenet.nn:11: d_relu_3[a] = sum(o) d_linear_2[o]*linear_2_w[o, a]
 *              d_linear[o] = where(relu_3[o] > 0, d_relu_3[o], 0) */
static void lenet_d_linear(int n, real (*restrict d_linear_2)[84], const real (*restrict linear_2_w)[120],
        real (*restrict relu_3)[120], real (*restrict d_linear)[120]) {
    for (int b = 0; b < n; b++)
        for (int a = 0; a < 120; a++) {
            real d_relu_3 = R(0);
            for (int o = 0; o < 84; o++)
                d_relu_3 += d_linear_2[b][o] * linear_2_w[o][a];
            d_linear[b][a] = relu_3[b][a] > R(0) ? d_relu_3 : R(0);
        }
}

/* lenet.nn:11: d_linear_b[o] = sum(batch) d_linear[o] */
static void lenet_d_linear_b(int n, real (*restrict d_linear)[120], real *restrict d_linear_b) {
    for (int o = 0; o < 120; o++) {
        real sum = R(0);
        for (int b = 0; b < n; b++)
            sum += d_linear[b][o];
        d_linear_b[o] = sum;
    }
}

/* lenet.nn:11: d_linear_w[o, i] = sum(batch) d_linear[o]*flatten[i] */
static void lenet_d_linear_w(int n, real (*restrict d_linear)[120], real (*restrict flatten)[400],
        real (*restrict d_linear_w)[400]) {
    for (int o = 0; o < 120; o++)
        for (int i = 0; i < 400; i++) {
            real sum = R(0);
            for (int b = 0; b < n; b++)
                sum += d_linear[b][o] * flatten[b][i];
            d_linear_w[o][i] = sum;
        }
}

/* lenet.nn:11: d_flatten[q] = sum(o) d_linear[o]*linear_w[o, q] */
static void lenet_d_flatten(int n, real (*restrict d_linear)[120], const real (*restrict linear_w)[400],
        real (*restrict d_flatten)[400]) {
    for (int b = 0; b < n; b++)
        for (int q = 0; q < 400; q++) {
            real sum = R(0);
            for (int o = 0; o < 120; o++)
                sum += d_linear[b][o] * linear_w[o][q];
            d_flatten[b][q] = sum;
        }
}

/* lenet.nn:10: d_conv2d_2_kept[o, i, j] = where(maxpool2d_2[o, i, j] > 0, d_flatten[25*o + 5*i + j], 0) */
static void lenet_d_conv2d_2_kept(int n, real (*restrict d_flatten)[400],
        real (*restrict maxpool2d_2)[16][5][5], real (*restrict d_conv2d_2_kept)[16][5][5]) {
    for (int b = 0; b < n; b++)
        for (int o = 0; o < 16; o++)
            for (int i = 0; i < 5; i++)
                for (int j = 0; j < 5; j++) {
                    const real t = d_flatten[b][25*o + 5*i + j];
                    d_conv2d_2_kept[b][o][i][j] = maxpool2d_2[b][o][i][j] > R(0) ? t : R(0);
                }
}

/* lenet.nn:10: d_conv2d_2[o, i < 10, j < 10] =
 *                where(maxpool2d_2_winner[o, i//2, j//2] == 2*(i % 2) + j % 2, d_conv2d_2_kept[o, i//2, j//2],
 *                0) */
static void lenet_d_conv2d_2(int n, real (*restrict d_conv2d_2_kept)[16][5][5],
        int32_t (*restrict maxpool2d_2_winner)[16][5][5], real (*restrict d_conv2d_2)[16][10][10]) {
    for (int b = 0; b < n; b++)
        for (int o = 0; o < 16; o++)
            for (int i = 0; i < 10; i++)
                for (int j = 0; j < 10; j++) {
                    const int t = i / 2;
                    const int t_2 = j / 2;
                    const real t_3 = d_conv2d_2_kept[b][o][t][t_2];
                    d_conv2d_2[b][o][i][j] = maxpool2d_2_winner[b][o][t][t_2] == 2*(i % 2) + j % 2 ? t_3 : R(0);
                }
}

/* lenet.nn:10: d_conv2d_2_b[o] = sum(batch, i, j) d_conv2d_2_kept[o, i, j] */
static void lenet_d_conv2d_2_b(int n, real (*restrict d_conv2d_2_kept)[16][5][5], real *restrict d_conv2d_2_b) {
    for (int o = 0; o < 16; o++) {
        real sum = R(0);
        for (int b = 0; b < n; b++)
            for (int i = 0; i < 5; i++)
                for (int j = 0; j < 5; j++)
                    sum += d_conv2d_2_kept[b][o][i][j];
        d_conv2d_2_b[o] = sum;
    }
}

/* lenet.nn:10: d_conv2d_2_f[q, c, u < 5, v < 5] = sum(batch, i, j)
 *                d_conv2d_2_kept[q, i, j]*maxpool2d[c, u + 2*i + maxpool2d_2_winner[q, i, j]//2, v + 2*j +
 *                maxpool2d_2_winner[q, i, j] % 2] */
static void lenet_d_conv2d_2_f(int n, real (*restrict d_conv2d_2_kept)[16][5][5],
        int32_t (*restrict maxpool2d_2_winner)[16][5][5], real (*restrict maxpool2d)[6][14][14],
        real (*restrict d_conv2d_2_f)[6][5][5]) {
    for (int q = 0; q < 16; q++)
        for (int c = 0; c < 6; c++)
            for (int u = 0; u < 5; u++)
                for (int v = 0; v < 5; v++) {
                    real sum = R(0);
                    for (int b = 0; b < n; b++)
                        for (int i = 0; i < 5; i++)
                            for (int j = 0; j < 5; j++)
                                sum += d_conv2d_2_kept[b][q][i][j]
                                        * maxpool2d[b][c][2*i + u + maxpool2d_2_winner[b][q][i][j] / 2][2*j + v
                                        + maxpool2d_2_winner[b][q][i][j] % 2];
                    d_conv2d_2_f[q][c][u][v] = sum;
                }
}

/* lenet.nn:10: d_maxpool2d[c, i < 14, j < 14] = sum(q, u, v)
 *                d_conv2d_2[q, i - u, j - v else 0]*conv2d_2_f[q, c, u, v]
 * lenet.nn:9: d_conv2d_kept[o, i, j] = where(maxpool2d[o, i, j] > 0, d_maxpool2d[o, i, j], 0) */
static void lenet_d_conv2d_kept(int n, real (*restrict d_conv2d_2)[16][10][10],
        const real (*restrict conv2d_2_f)[6][5][5], real (*restrict maxpool2d)[6][14][14],
        real (*restrict d_conv2d_kept)[6][14][14]) {
    for (int b = 0; b < n; b++)
        for (int c = 0; c < 6; c++)
            for (int i = 0; i < 14; i++)
                for (int j = 0; j < 14; j++) {
                    real d_maxpool2d = R(0);
                    for (int q = 0; q < 16; q++)
                        for (int u = 0; u < 5; u++)
                            for (int v = 0; v < 5; v++)
                                d_maxpool2d += (i >= u && i < u + 10 && j >= v && j < v + 10
                                        ? d_conv2d_2[b][q][i - u][j - v] : R(0)) * conv2d_2_f[q][c][u][v];
                    d_conv2d_kept[b][c][i][j] = maxpool2d[b][c][i][j] > R(0) ? d_maxpool2d : R(0);
                }
}

/* lenet.nn:9: d_conv2d_b[o] = sum(batch, i, j) d_conv2d_kept[o, i, j] */
static void lenet_d_conv2d_b(int n, real (*restrict d_conv2d_kept)[6][14][14], real *restrict d_conv2d_b) {
    for (int o = 0; o < 6; o++) {
        real sum = R(0);
        for (int b = 0; b < n; b++)
            for (int i = 0; i < 14; i++)
                for (int j = 0; j < 14; j++)
                    sum += d_conv2d_kept[b][o][i][j];
        d_conv2d_b[o] = sum;
    }
}

/* lenet.nn:9: d_conv2d_f[q, j < 1, u < 5, v < 5] = sum(batch, i, j2)
 *               d_conv2d_kept[q, i, j2]*x[0, u + 2*i + maxpool2d_winner[q, i, j2]//2 - 2, v + 2*j2 +
 *               maxpool2d_winner[q, i, j2] % 2 - 2 else 0] */
static void lenet_d_conv2d_f(int n, real (*restrict d_conv2d_kept)[6][14][14],
        int32_t (*restrict maxpool2d_winner)[6][14][14], real (*restrict x)[1][28][28],
        real (*restrict d_conv2d_f)[1][5][5]) {
    for (int q = 0; q < 6; q++)
        for (int u = 0; u < 5; u++)
            for (int v = 0; v < 5; v++) {
                real sum = R(0);
                for (int b = 0; b < n; b++)
                    for (int i = 0; i < 14; i++)
                        for (int j2 = 0; j2 < 14; j2++)
                            sum += d_conv2d_kept[b][q][i][j2]
                                    * (2*i + u + maxpool2d_winner[b][q][i][j2] / 2 >= 2
                                    && 2*i + u + maxpool2d_winner[b][q][i][j2] / 2 < 30
                                    && 2*j2 + v + maxpool2d_winner[b][q][i][j2] % 2 >= 2
                                    && 2*j2 + v + maxpool2d_winner[b][q][i][j2] % 2 < 30
                                    ? x[b][0][2*i + u + maxpool2d_winner[b][q][i][j2] / 2 - 2][2*j2 + v
                                    + maxpool2d_winner[b][q][i][j2] % 2 - 2] : R(0));
                d_conv2d_f[q][0][u][v] = sum;
            }
}

/* ---- update -------------------------------------------------------------------------------------------------- */

/* lenet.nn:16: m' = 0.9*m + 0.09999999999999998*g
 *              v' = 0.999*v + 0.0010000000000000009*(g*g)
 *              w' = w - number_1*m'/(sqrt(v'*number_2) + 1e-08)
 * for w in conv2d_f, conv2d_2_f, linear_w, linear_b, linear_2_w, linear_2_b, linear_3_w */
static void lenet_update_parameter(real number_1, real number_2, int length, real *restrict m,
        const real *restrict g, real *restrict v, real *restrict w) {
    for (int a_4 = 0; a_4 < length; a_4++) {
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
static void lenet_maxpool2d(int n, real (*restrict relu)[6][28][28], real (*restrict maxpool2d)[6][14][14]) {
    for (int b = 0; b < n; b++)
        for (int c = 0; c < 6; c++)
            for (int i = 0; i < 14; i++)
                for (int j = 0; j < 14; j++) {
                    real most = R(-INFINITY);
                    for (int u = 0; u < 2; u++)
                        for (int v = 0; v < 2; v++)
                            most = nn_max(most, relu[b][c][2*i + u][2*j + v]);
                    maxpool2d[b][c][i][j] = most;
                }
}

/* lenet.nn:10: maxpool2d_2[c, i < 5, j < 5] = max(u < 2, v < 2) relu_2[c, 2*i + u, 2*j + v]
 * also in predict */
static void lenet_maxpool2d_2(int n, real (*restrict relu_2)[16][10][10],
        real (*restrict maxpool2d_2)[16][5][5]) {
    for (int b = 0; b < n; b++)
        for (int c = 0; c < 16; c++)
            for (int i = 0; i < 5; i++)
                for (int j = 0; j < 5; j++) {
                    real most = R(-INFINITY);
                    for (int u = 0; u < 2; u++)
                        for (int v = 0; v < 2; v++)
                            most = nn_max(most, relu_2[b][c][2*i + u][2*j + v]);
                    maxpool2d_2[b][c][i][j] = most;
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
        real cross_entropy_log_softmax_sum = R(0);
        for (int k = 0; k < 10; k++)
            cross_entropy_log_softmax_sum += nn_exp_below(logits[b][k] - cross_entropy_log_softmax_max);
        const real cross_entropy_log_softmax_whole = nn_log(cross_entropy_log_softmax_sum);
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

/* lenet.nn:9: x[a < 1, a2, a3] = image[0, 0, a2, a3]/255 */
static void lenet_predict_one_x(const unsigned char (*restrict image)[1][28][28], real (*restrict x)[28][28]) {
    for (int a_2 = 0; a_2 < 28; a_2++)
        for (int a_3 = 0; a_3 < 28; a_3++)
            x[0][a_2][a_3] = (real)image[0][0][a_2][a_3] / R(255);
}

/* lenet.nn:9: conv2d_correlate2d[q, i < 28, j < 28] = sum(c < 1, u, v)
 *               conv2d_f[q, 0, u, v]*x[0, i + u - 2, j + v - 2 else 0]
 *             relu[a, a2, a3] = max(0, conv2d_b[a] + conv2d_correlate2d[a, a2, a3]) */
static void lenet_predict_one_relu(const real (*restrict conv2d_f)[1][5][5], real (*restrict x)[28][28],
        const real *restrict conv2d_b, real (*restrict relu)[28][28]) {
    for (int q = 0; q < 6; q++)
        for (int i = 0; i < 28; i++)
            for (int j = 0; j < 28; j++) {
                real conv2d_correlate2d = R(0);
                for (int u = 0; u < 5; u++)
                    for (int v = 0; v < 5; v++)
                        conv2d_correlate2d += conv2d_f[q][0][u][v]
                                * (i + u >= 2 && i + u < 30 && j + v >= 2 && j + v < 30
                                ? x[0][i + u - 2][j + v - 2] : R(0));
                relu[q][i][j] = nn_max(R(0), conv2d_b[q] + conv2d_correlate2d);
            }
}

/* lenet.nn:9: maxpool2d[c, i < 14, j < 14] = max(u < 2, v < 2) relu[c, 2*i + u, 2*j + v] */
static void lenet_predict_one_maxpool2d(real (*restrict relu)[28][28], real (*restrict maxpool2d)[14][14]) {
    for (int c = 0; c < 6; c++)
        for (int i = 0; i < 14; i++)
            for (int j = 0; j < 14; j++) {
                real most = R(-INFINITY);
                for (int u = 0; u < 2; u++)
                    for (int v = 0; v < 2; v++)
                        most = nn_max(most, relu[c][2*i + u][2*j + v]);
                maxpool2d[c][i][j] = most;
            }
}

/* lenet.nn:10: conv2d_2_correlate2d[q, i < 10, j < 10] = sum(c, u, v)
 *                conv2d_2_f[q, c, u, v]*maxpool2d[c, i + u, j + v]
 *              relu_2[a, a2, a3] = max(0, conv2d_2_b[a] + conv2d_2_correlate2d[a, a2, a3]) */
static void lenet_predict_one_relu_2(const real (*restrict conv2d_2_f)[6][5][5],
        real (*restrict maxpool2d)[14][14], const real *restrict conv2d_2_b, real (*restrict relu_2)[10][10]) {
    for (int q = 0; q < 16; q++)
        for (int i = 0; i < 10; i++)
            for (int j = 0; j < 10; j++) {
                real conv2d_2_correlate2d = R(0);
                for (int c = 0; c < 6; c++)
                    for (int u = 0; u < 5; u++)
                        for (int v = 0; v < 5; v++)
                            conv2d_2_correlate2d += conv2d_2_f[q][c][u][v] * maxpool2d[c][i + u][j + v];
                relu_2[q][i][j] = nn_max(R(0), conv2d_2_b[q] + conv2d_2_correlate2d);
            }
}

/* lenet.nn:10: maxpool2d_2[c, i < 5, j < 5] = max(u < 2, v < 2) relu_2[c, 2*i + u, 2*j + v] */
static void lenet_predict_one_maxpool2d_2(real (*restrict relu_2)[10][10], real (*restrict maxpool2d_2)[5][5]) {
    for (int c = 0; c < 16; c++)
        for (int i = 0; i < 5; i++)
            for (int j = 0; j < 5; j++) {
                real most = R(-INFINITY);
                for (int u = 0; u < 2; u++)
                    for (int v = 0; v < 2; v++)
                        most = nn_max(most, relu_2[c][2*i + u][2*j + v]);
                maxpool2d_2[c][i][j] = most;
            }
}

/* lenet.nn:11: flatten[q < 400] = maxpool2d_2[q//25, q//5 % 5, q % 5] */
static void lenet_predict_one_flatten(real (*restrict maxpool2d_2)[5][5], real *restrict flatten) {
    for (int q = 0; q < 400; q++)
        flatten[q] = maxpool2d_2[q / 25][q / 5 % 5][q % 5];
}

/* lenet.nn:11: linear_sum[o] = sum(i) linear_w[o, i]*flatten[i]
 *              relu_3[a] = max(0, linear_b[a] + linear_sum[a]) */
static void lenet_predict_one_relu_3(const real (*restrict linear_w)[400], const real *restrict flatten,
        const real *restrict linear_b, real *restrict relu_3) {
    for (int o = 0; o < 120; o++) {
        real linear_sum = R(0);
        for (int i = 0; i < 400; i++)
            linear_sum += linear_w[o][i] * flatten[i];
        relu_3[o] = nn_max(R(0), linear_b[o] + linear_sum);
    }
}

/* lenet.nn:11: linear_2_sum[o] = sum(i) linear_2_w[o, i]*relu_3[i]
 * lenet.nn:9: x_2[a] = max(0, linear_2_b[a] + linear_2_sum[a]) */
static void lenet_predict_one_x_2(const real (*restrict linear_2_w)[120], const real *restrict relu_3,
        const real *restrict linear_2_b, real *restrict x_2) {
    for (int o = 0; o < 84; o++) {
        real linear_2_sum = R(0);
        for (int i = 0; i < 120; i++)
            linear_2_sum += linear_2_w[o][i] * relu_3[i];
        x_2[o] = nn_max(R(0), linear_2_b[o] + linear_2_sum);
    }
}

/* lenet.nn:12: linear_3_sum[o] = sum(i) linear_3_w[o, i]*x_2[i]
 *              logits[o] = linear_3_b[o] + linear_3_sum[o] */
static void lenet_predict_one_logits(const real (*restrict linear_3_w)[84], const real *restrict x_2,
        const real *restrict linear_3_b, real *restrict logits) {
    for (int o = 0; o < 10; o++) {
        real linear_3_sum = R(0);
        for (int i = 0; i < 84; i++)
            linear_3_sum += linear_3_w[o][i] * x_2[i];
        logits[o] = linear_3_b[o] + linear_3_sum;
    }
}

/* lenet.nn:13: softmax_max = max(k) logits[k] */
static void lenet_softmax_max(const real *restrict logits, real *restrict softmax_max) {
    real most = R(-INFINITY);
    for (int k = 0; k < 10; k++)
        most = nn_max(most, logits[k]);
    *softmax_max = most;
}

/* lenet.nn:13: softmax_e[j] = exp(logits[j] - stop(softmax_max)) */
static void lenet_softmax_e(real softmax_max, const real *restrict logits, real *restrict softmax_e) {
    for (int j = 0; j < 10; j++)
        softmax_e[j] = nn_exp_below(logits[j] - softmax_max);
}

/* lenet.nn:13: softmax_sum = sum(k) softmax_e[k] */
static void lenet_softmax_sum(const real *restrict softmax_e, real *restrict softmax_sum) {
    real sum = R(0);
    for (int k = 0; k < 10; k++)
        sum += softmax_e[k];
    *softmax_sum = sum;
}

/* lenet.nn:13: softmax[n < 1, a] = softmax_e[a]/softmax_sum */
static void lenet_predict_one_softmax(real softmax_sum, const real *restrict softmax_e,
        real (*restrict softmax)[10]) {
    for (int a = 0; a < 10; a++)
        softmax[0][a] = softmax_e[a] / softmax_sum;
}

/* ---- first values of parameters and states ------------------------------------------------------------------- */

/* lenet.nn:9: conv2d_f[a < 6, a2 < 1, a3 < 5, a4 < 5] = -0.2 + 0.4*random() */
static void lenet_init_conv2d_f(uint32_t key, real (*restrict conv2d_f)[1][5][5]) {
    for (int a = 0; a < 6; a++)
        for (int a_3 = 0; a_3 < 5; a_3++)
            for (int a_4 = 0; a_4 < 5; a_4++)
                conv2d_f[a][0][a_3][a_4] = R(-0.2) + R(0.4) * nn_uniform(key, (uint64_t)(25*a + 5*a_3 + a_4));
}

/* lenet.nn:9: conv2d_b[a < 6] = -0.2 + 0.4*random() */
static void lenet_init_conv2d_b(uint32_t key, real *restrict conv2d_b) {
    for (int a = 0; a < 6; a++)
        conv2d_b[a] = R(-0.2) + R(0.4) * nn_uniform(key, (uint64_t)a);
}

/* lenet.nn:10: conv2d_2_f[a < 16, a2 < 6, a3 < 5, a4 < 5] = -0.08164965809277261 + 0.16329931618554522*random() */
static void lenet_init_conv2d_2_f(uint32_t key, real (*restrict conv2d_2_f)[6][5][5]) {
    for (int a = 0; a < 16; a++)
        for (int a_2 = 0; a_2 < 6; a_2++)
            for (int a_3 = 0; a_3 < 5; a_3++)
                for (int a_4 = 0; a_4 < 5; a_4++)
                    conv2d_2_f[a][a_2][a_3][a_4] = R(-0.08164965809277261)
                            + R(0.16329931618554522)
                            * nn_uniform(key, (uint64_t)(150*a + 25*a_2 + 5*a_3 + a_4));
}

/* lenet.nn:10: conv2d_2_b[a < 16] = -0.08164965809277261 + 0.16329931618554522*random() */
static void lenet_init_conv2d_2_b(uint32_t key, real *restrict conv2d_2_b) {
    for (int a = 0; a < 16; a++)
        conv2d_2_b[a] = R(-0.08164965809277261) + R(0.16329931618554522) * nn_uniform(key, (uint64_t)a);
}

/* lenet.nn:11: linear_w[a < 120, a2 < 400] = -0.05 + 0.1*random() */
static void lenet_init_linear_w(uint32_t key, real (*restrict linear_w)[400]) {
    for (int a = 0; a < 120; a++)
        for (int a_2 = 0; a_2 < 400; a_2++)
            linear_w[a][a_2] = R(-0.05) + R(0.1) * nn_uniform(key, (uint64_t)(400*a + a_2));
}

/* lenet.nn:11: linear_b[a < 120] = -0.05 + 0.1*random() */
static void lenet_init_linear_b(uint32_t key, real *restrict linear_b) {
    for (int a = 0; a < 120; a++)
        linear_b[a] = R(-0.05) + R(0.1) * nn_uniform(key, (uint64_t)a);
}

/* lenet.nn:11: linear_2_w[a < 84, a2 < 120] = -0.09128709291752768 + 0.18257418583505536*random() */
static void lenet_init_linear_2_w(uint32_t key, real (*restrict linear_2_w)[120]) {
    for (int a = 0; a < 84; a++)
        for (int a_2 = 0; a_2 < 120; a_2++)
            linear_2_w[a][a_2] = R(-0.09128709291752768)
                    + R(0.18257418583505536) * nn_uniform(key, (uint64_t)(120*a + a_2));
}

/* lenet.nn:11: linear_2_b[a < 84] = -0.09128709291752768 + 0.18257418583505536*random() */
static void lenet_init_linear_2_b(uint32_t key, real *restrict linear_2_b) {
    for (int a = 0; a < 84; a++)
        linear_2_b[a] = R(-0.09128709291752768) + R(0.18257418583505536) * nn_uniform(key, (uint64_t)a);
}

/* lenet.nn:12: linear_3_w[a < 10, a2 < 84] = -0.1091089451179962 + 0.2182178902359924*random() */
static void lenet_init_linear_3_w(uint32_t key, real (*restrict linear_3_w)[84]) {
    for (int a = 0; a < 10; a++)
        for (int a_2 = 0; a_2 < 84; a_2++)
            linear_3_w[a][a_2] = R(-0.1091089451179962)
                    + R(0.2182178902359924) * nn_uniform(key, (uint64_t)(84*a + a_2));
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

    lenet_init_conv2d_f(key_conv2d_f, m->params.conv2d_f);
    lenet_init_conv2d_b(key_conv2d_b, m->params.conv2d_b);
    lenet_init_conv2d_2_f(key_conv2d_2_f, m->params.conv2d_2_f);
    lenet_init_conv2d_2_b(key_conv2d_2_b, m->params.conv2d_2_b);
    lenet_init_linear_w(key_linear_w, m->params.linear_w);
    lenet_init_linear_b(key_linear_b, m->params.linear_b);
    lenet_init_linear_2_w(key_linear_2_w, m->params.linear_2_w);
    lenet_init_linear_2_b(key_linear_2_b, m->params.linear_2_b);
    lenet_init_linear_3_w(key_linear_3_w, m->params.linear_3_w);
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
    real *const arena = nn_first_line(m->work.arena);
    int32_t *const whole = m->work.whole;
    real (*const x)[1][28][28] = (void *)(arena + 376320);
    real (*const relu)[6][28][28] = (void *)arena;
    real (*const maxpool2d)[6][14][14] = (void *)(arena + 301056);
    int32_t (*const maxpool2d_winner)[6][14][14] = (void *)whole;
    real (*const relu_2)[16][10][10] = (void *)arena;
    real (*const maxpool2d_2)[16][5][5] = (void *)(arena + 102400);
    int32_t (*const maxpool2d_2_winner)[16][5][5] = (void *)(whole + 75264);
    real (*const flatten)[400] = (void *)arena;
    real (*const relu_3)[120] = (void *)(arena + 25600);
    real (*const x_2)[84] = (void *)(arena + 33280);
    real (*const logits)[10] = (void *)(arena + 38656);
    int32_t *const accuracy_right = whole + 100864;
    real *const cross_entropy_nll = arena + 39936;
    real (*const d_logits)[10] = (void *)(arena + 39296);
    real *const loss = arena + 177664;
    real (*const d_linear_2)[84] = (void *)(arena + 40960);
    real (*const d_linear)[120] = (void *)(arena + 33280);
    real (*const d_flatten)[400] = (void *)arena;
    real (*const d_conv2d_2_kept)[16][5][5] = (void *)(arena + 128000);
    real (*const d_conv2d_2)[16][10][10] = (void *)arena;
    real (*const d_conv2d_kept)[6][14][14] = (void *)(arena + 102400);
    const double number_1 = 1.0 / (double)n;

    lenet_x(n, (const unsigned char (*)[1][28][28])image, x);
    lenet_relu(n, p->conv2d_f, x, p->conv2d_b, relu);
    lenet_maxpool2d_winner(n, relu, maxpool2d, maxpool2d_winner);
    lenet_relu_2(n, p->conv2d_2_f, maxpool2d, p->conv2d_2_b, relu_2);
    lenet_maxpool2d_2_winner(n, relu_2, maxpool2d_2, maxpool2d_2_winner);
    lenet_flatten(n, maxpool2d_2, flatten);
    lenet_relu_3(n, p->linear_w, flatten, p->linear_b, relu_3);
    lenet_x_2(n, p->linear_2_w, relu_3, p->linear_2_b, x_2);
    lenet_logits(n, p->linear_3_w, x_2, p->linear_3_b, logits);
    lenet_d_logits(n, (real)number_1, logits, kind, accuracy_right, cross_entropy_nll, d_logits);
    lenet_loss(n, cross_entropy_nll, loss);
    lenet_accuracy_total_next(n, accuracy_right, &m->totals.accuracy_total);
    lenet_accuracy_total_next_2(n, &m->totals.accuracy_total_2);

    /* backward */
    lenet_d_linear_3_b(n, d_logits, m->grads.linear_3_b);
    lenet_d_linear_3_w(n, d_logits, x_2, m->grads.linear_3_w);
    lenet_d_linear_2(n, d_logits, p->linear_3_w, x_2, d_linear_2);
    lenet_d_linear_2_b(n, d_linear_2, m->grads.linear_2_b);
    lenet_d_linear_2_w(n, d_linear_2, relu_3, m->grads.linear_2_w);
    lenet_d_linear(n, d_linear_2, p->linear_2_w, relu_3, d_linear);
    lenet_d_linear_b(n, d_linear, m->grads.linear_b);
    lenet_d_linear_w(n, d_linear, flatten, m->grads.linear_w);
    lenet_d_flatten(n, d_linear, p->linear_w, d_flatten);
    lenet_d_conv2d_2_kept(n, d_flatten, maxpool2d_2, d_conv2d_2_kept);
    lenet_d_conv2d_2(n, d_conv2d_2_kept, maxpool2d_2_winner, d_conv2d_2);
    lenet_d_conv2d_2_b(n, d_conv2d_2_kept, m->grads.conv2d_2_b);
    lenet_d_conv2d_2_f(n, d_conv2d_2_kept, maxpool2d_2_winner, maxpool2d, m->grads.conv2d_2_f);
    lenet_d_conv2d_kept(n, d_conv2d_2, p->conv2d_2_f, maxpool2d, d_conv2d_kept);
    lenet_d_conv2d_b(n, d_conv2d_kept, m->grads.conv2d_b);
    lenet_d_conv2d_f(n, d_conv2d_kept, maxpool2d_winner, x, m->grads.conv2d_f);
    return (double)*loss;
}

void lenet_update(lenet *m) {
    const int64_t adam_t = m->step + 1;
    const double number_1 = m->hyper.lr / (1.0 - nn_pow_d(0.9, (double)adam_t));
    const double number_2 = 1.0 / (1.0 - nn_pow_d(0.999, (double)adam_t));
    const double number_3 = 1.0 - nn_pow_d(0.999, (double)adam_t);

    lenet_update_parameter((real)number_1, (real)number_2, 150, &m->optimizer.conv2d_f_m[0][0][0][0],
            &m->grads.conv2d_f[0][0][0][0], &m->optimizer.conv2d_f_v[0][0][0][0],
            &m->params.conv2d_f[0][0][0][0]);
    lenet_update_parameter_2((real)number_1, (real)number_3, 6, m->optimizer.conv2d_b_m, m->grads.conv2d_b,
            m->optimizer.conv2d_b_v, m->params.conv2d_b);
    lenet_update_parameter((real)number_1, (real)number_2, 2400, &m->optimizer.conv2d_2_f_m[0][0][0][0],
            &m->grads.conv2d_2_f[0][0][0][0], &m->optimizer.conv2d_2_f_v[0][0][0][0],
            &m->params.conv2d_2_f[0][0][0][0]);
    lenet_update_parameter_2((real)number_1, (real)number_3, 16, m->optimizer.conv2d_2_b_m,
            m->grads.conv2d_2_b, m->optimizer.conv2d_2_b_v, m->params.conv2d_2_b);
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
    lenet_update_parameter_2((real)number_1, (real)number_3, 10, m->optimizer.linear_3_b_m,
            m->grads.linear_3_b, m->optimizer.linear_3_b_v, m->params.linear_3_b);
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
    real *const arena = nn_first_line(m->work.arena);
    int32_t *const whole = m->work.whole;
    real (*const x)[1][28][28] = (void *)(arena + 301056);
    real (*const relu)[6][28][28] = (void *)arena;
    real (*const maxpool2d)[6][14][14] = (void *)(arena + 301056);
    real (*const relu_2)[16][10][10] = (void *)arena;
    real (*const maxpool2d_2)[16][5][5] = (void *)(arena + 102400);
    real (*const flatten)[400] = (void *)arena;
    real (*const relu_3)[120] = (void *)(arena + 25600);
    real (*const x_2)[84] = (void *)arena;
    real (*const logits)[10] = (void *)(arena + 5376);
    int32_t *const accuracy_right = whole;
    real *const cross_entropy_nll = arena;
    real *const loss = arena + 64;

    lenet_x(n, (const unsigned char (*)[1][28][28])image, x);
    lenet_relu(n, p->conv2d_f, x, p->conv2d_b, relu);
    lenet_maxpool2d(n, relu, maxpool2d);
    lenet_relu_2(n, p->conv2d_2_f, maxpool2d, p->conv2d_2_b, relu_2);
    lenet_maxpool2d_2(n, relu_2, maxpool2d_2);
    lenet_flatten(n, maxpool2d_2, flatten);
    lenet_relu_3(n, p->linear_w, flatten, p->linear_b, relu_3);
    lenet_x_2(n, p->linear_2_w, relu_3, p->linear_2_b, x_2);
    lenet_logits(n, p->linear_3_w, x_2, p->linear_3_b, logits);
    lenet_cross_entropy_nll(n, logits, kind, accuracy_right, cross_entropy_nll);
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
    real *const arena = nn_first_line(work->arena);
    real (*const x)[1][28][28] = (void *)(arena + 301056);
    real (*const relu)[6][28][28] = (void *)arena;
    real (*const maxpool2d)[6][14][14] = (void *)(arena + 301056);
    real (*const relu_2)[16][10][10] = (void *)arena;
    real (*const maxpool2d_2)[16][5][5] = (void *)(arena + 102400);
    real (*const flatten)[400] = (void *)arena;
    real (*const relu_3)[120] = (void *)(arena + 25600);
    real (*const x_2)[84] = (void *)arena;
    real (*const logits)[10] = (void *)(arena + 5376);

    lenet_x(n, (const unsigned char (*)[1][28][28])image, x);
    lenet_relu(n, p->conv2d_f, x, p->conv2d_b, relu);
    lenet_maxpool2d(n, relu, maxpool2d);
    lenet_relu_2(n, p->conv2d_2_f, maxpool2d, p->conv2d_2_b, relu_2);
    lenet_maxpool2d_2(n, relu_2, maxpool2d_2);
    lenet_flatten(n, maxpool2d_2, flatten);
    lenet_relu_3(n, p->linear_w, flatten, p->linear_b, relu_3);
    lenet_x_2(n, p->linear_2_w, relu_3, p->linear_2_b, x_2);
    lenet_logits(n, p->linear_3_w, x_2, p->linear_3_b, logits);
    lenet_softmax(n, logits, (void *)softmax);
}

void lenet_predict_one(const lenet_params *p, lenet_predict_work *work, const unsigned char *image,
        nn_real *softmax) {
    real *const arena = nn_first_line(work->arena);
    real (*const x)[28][28] = (void *)(arena + 4704);
    real (*const relu)[28][28] = (void *)arena;
    real (*const maxpool2d)[14][14] = (void *)(arena + 4704);
    real (*const relu_2)[10][10] = (void *)arena;
    real (*const maxpool2d_2)[5][5] = (void *)(arena + 1600);
    real *const flatten = arena;
    real *const relu_3 = arena + 400;
    real *const x_2 = arena;
    real *const logits = arena + 96;
    real *const softmax_max = arena + 16;
    real *const softmax_e = arena;
    real *const softmax_sum = arena + 16;

    lenet_predict_one_x((const unsigned char (*)[1][28][28])image, x);
    lenet_predict_one_relu(p->conv2d_f, x, p->conv2d_b, relu);
    lenet_predict_one_maxpool2d(relu, maxpool2d);
    lenet_predict_one_relu_2(p->conv2d_2_f, maxpool2d, p->conv2d_2_b, relu_2);
    lenet_predict_one_maxpool2d_2(relu_2, maxpool2d_2);
    lenet_predict_one_flatten(maxpool2d_2, flatten);
    lenet_predict_one_relu_3(p->linear_w, flatten, p->linear_b, relu_3);
    lenet_predict_one_x_2(p->linear_2_w, relu_3, p->linear_2_b, x_2);
    lenet_predict_one_logits(p->linear_3_w, x_2, p->linear_3_b, logits);
    lenet_softmax_max(logits, softmax_max);
    lenet_softmax_e(*softmax_max, logits, softmax_e);
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
