/* How far a window with fewer products, and the gradient of its filter, are from the plain sums in double: the greatest difference,
 * relative to the largest result.
 *
 *     error MOST          fails if it is more
 *
 * Pictures as they are after a ReLU, filters as a first training step finds them; C channels of PLACES x PLACES, and so many SAMPLES. */
#include "deep.h"
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static deep m;
static deep_predict_work work;
static nn_real x[SAMPLES][C][PLACES][PLACES], y[SAMPLES][C][PLACES][PLACES], zero[SAMPLES][C][PLACES][PLACES];
typedef struct { double most, largest; } Error;

static double next_random(void) {
    static unsigned long long state = 1;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 40) / (1 << 24);
}

static void compare(Error *e, double is, double right) {
    const double off = fabs(is - right);
    e->largest = fmax(e->largest, fabs(right));
    if (!(off <= e->most)) e->most = off;                       /* a NaN, too */
}

static bool inside(int row, int column) { return row >= 0 && row < PLACES && column >= 0 && column < PLACES; }

static double sum_at(int n, int q, int i, int j) {
    double sum = 0;
    for (int c = 0; c < C; c++)
        for (int u = 0; u < 3; u++)
            for (int v = 0; v < 3; v++) {
                const int row = i + u - 1, column = j + v - 1;
                if (inside(row, column)) sum += (double)m.params.conv2d_f[q][c][u][v] * (double)x[n][c][row][column];
            }
    return sum;
}

/* Of the mean of y^2, whose gradient is 2*y/elements. */
static double gradient_at(int q, int c, int u, int v) {
    double sum = 0;
    for (int n = 0; n < SAMPLES; n++)
        for (int i = 0; i < PLACES; i++)
            for (int j = 0; j < PLACES; j++)
                if (inside(i + u - 1, j + v - 1)) sum += (double)y[n][q][i][j] * (double)x[n][c][i + u - 1][j + v - 1];
    return 2 * sum / ((double)SAMPLES * C * PLACES * PLACES);
}

int main(int argc, char **argv) {
    Error forward = {0}, backward = {0};
    if (argc != 2) return 2;
    deep_init(&m, 1);
    for (int n = 0; n < SAMPLES; n++)
        for (int c = 0; c < C; c++)
            for (int i = 0; i < PLACES; i++)
                for (int j = 0; j < PLACES; j++) x[n][c][i][j] = (nn_real)fmax(0, 2 * next_random() - 1);
    deep_predict(&m.params, &work, SAMPLES, x[0][0][0], y[0][0][0]);
    for (int n = 0; n < SAMPLES; n += 3)
        for (int q = 0; q < C; q++)
            for (int i = 0; i < PLACES; i++)
                for (int j = 0; j < PLACES; j++) compare(&forward, (double)y[n][q][i][j], sum_at(n, q, i, j));
    deep_gradients(&m, SAMPLES, x[0][0][0], zero[0][0][0]);
    for (int q = 0; q < C; q += 5)
        for (int c = 0; c < C; c += 3)
            for (int u = 0; u < 3; u++)
                for (int v = 0; v < 3; v++) compare(&backward, (double)m.grads.conv2d_f[q][c][u][v], gradient_at(q, c, u, v));
    printf("%.2g forward, %.2g of the filter's gradient\n", forward.most / forward.largest, backward.most / backward.largest);
    const double most = strtod(argv[1], NULL);
    return !(forward.most <= most * forward.largest && backward.most <= most * backward.largest);
}
