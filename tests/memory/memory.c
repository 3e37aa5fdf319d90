/* One call of a whole sequence against calls of one place each, which go on from memories: the same outputs, for every number
 * of samples, whether predicted together or one by one, and where memories change places between calls. */
#include "single.h"
#include "entire.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { N = ENTIRE_BATCH, T = 10, V = 11 };
_Static_assert(sizeof(entire_params) == sizeof(single_params), "one model");

static entire w;
static single s;
static entire_predict_work long_work;
static single_predict_work short_work;
static int32_t x[N][T], next[N][T];
static nn_real wanted[N][T][V], got[N][V];
static double worst;

static void compare(int t, int sample, const nn_real *row) {
    for (int v = 0; v < V; v++) worst = fmax(worst, fabs((double)row[v] - (double)wanted[sample][t][v]));
}

static void begin(single_memory *memory) {
    for (int i = 0; i < N; i++) {
        memset(&memory[i], 0xff, sizeof memory[i]);
        single_begin(&s.params, &memory[i]);
    }
}

/* Samples 0 and n - 1 change places in the middle. */
static void together(int n, int swapped_at) {
    static single_memory memory[N];
    int place[N];
    begin(memory);
    for (int i = 0; i < n; i++) place[i] = i;
    for (int t = 0; t < T; t++) {
        int32_t now[N];
        if (t == swapped_at) {
            const single_memory kept = memory[0];
            memory[0] = memory[n - 1];
            memory[n - 1] = kept;
            place[0] = n - 1;
            place[n - 1] = 0;
        }
        for (int i = 0; i < n; i++) now[i] = x[place[i]][t];
        single_predict(&s.params, memory, &short_work, n, now, &got[0][0]);
        for (int i = 0; i < n; i++) compare(t, place[i], got[i]);
    }
}

static void one_by_one(int n) {
    static single_memory memory[N];
    begin(memory);
    for (int t = 0; t < T; t++)
        for (int i = 0; i < n; i++) {
            single_predict_one(&s.params, &memory[i], &short_work, &x[i][t], got[i]);
            compare(t, i, got[i]);
        }
}

/* The outputs in training start where a first prediction starts. */
static double loss_by_hand(int n) {
    double sum = 0;
    for (int i = 0; i < n; i++)
        for (int t = 0; t < T; t++) sum -= log((double)wanted[i][t][next[i][t]]);
    return sum / n / T;
}

int main(void) {
    const double near = sizeof(nn_real) == 8 ? 1e-13 : 2e-6;
    entire_init(&w, 5);
    for (int i = 0; i < N; i++)
        for (int t = 0; t < T; t++) x[i][t] = (i*7 + t*t*3 + t) % V, next[i][t] = (i + t*5) % V;
    for (int k = 0; k < 3; k++) entire_step(&w, N, &x[0][0], &next[0][0]);       /* no parameter is at its first value */
    memcpy(&s.params, &w.params, sizeof s.params);
    for (int n = 1; n <= N; n++) {
        static entire_memory memory[N], kept;
        for (int i = 0; i < n; i++) entire_begin(&w.params, &memory[i]);
        entire_predict(&w.params, memory, &long_work, n, &x[0][0], &wanted[0][0][0]);
        entire_begin(&w.params, &kept);
        if (!memcmp(&kept, &memory[0], sizeof kept)) return printf("the memory has not changed\n"), 1;
        together(n, T);
        together(n, T/2);
        one_by_one(n);
        const double loss = entire_evaluate(&w, n, &x[0][0], &next[0][0]), by_hand = loss_by_hand(n);
        if (!(fabs(loss - by_hand) < 100*near)) return printf("the loss is %.15g, by hand %.15g\n", loss, by_hand), 1;
        if (!(fabs(entire_gradients(&w, n, &x[0][0], &next[0][0]) - by_hand) < 100*near)) return printf("training starts elsewhere\n"), 1;
    }
    printf("outputs differ by up to %.3g\n", worst);
    return !(worst < near);
}
