/* How far a window with fewer products is from the plain sum in double: the greatest difference, relative to the largest result.
 *
 *     error MOST          fails if it is more
 *
 * Pictures as they are after a ReLU, filters as a first training step finds them; C channels of PLACES x PLACES, and so many SAMPLES. */
#include "deep.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static deep m;
static deep_predict_work work;
static nn_real x[SAMPLES][C][PLACES][PLACES], y[SAMPLES][C][PLACES][PLACES];

static double next_random(void) {
    static unsigned long long state = 1;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 40) / (1 << 24);
}

static double sum_at(int n, int q, int i, int j) {
    double sum = 0;
    for (int c = 0; c < C; c++)
        for (int u = 0; u < 3; u++)
            for (int v = 0; v < 3; v++) {
                const int row = i + u - 1, column = j + v - 1;
                if (row >= 0 && row < PLACES && column >= 0 && column < PLACES) sum += (double)m.params.conv2d_f[q][c][u][v] * (double)x[n][c][row][column];
            }
    return sum;
}

int main(int argc, char **argv) {
    double most = 0, largest = 0;
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
                for (int j = 0; j < PLACES; j++) {
                    const double right = sum_at(n, q, i, j);
                    largest = fmax(largest, fabs(right));
                    const double off = fabs((double)y[n][q][i][j] - right);
                    if (!(off <= most)) most = off;             /* a NaN, too */
                }
    printf("%.2g\n", most / largest);
    return !(most / largest <= strtod(argv[1], NULL));
}
