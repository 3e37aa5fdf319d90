/* What the C sides of the benchmark share; side.py is the same in Python.
 *
 * A side sets its weights and data by the formula below, takes 20 steps and says what came out; then it waits. Each line that
 * it reads is a number of seconds to time, and it answers with one figure. So bench.py can hold all sides loaded and let them
 * run in turn, one at a time.
 *
 *     check L        the loss of the 20th step, or the weighted sum of a prediction: equal work is seen before it is timed
 *     us M           for each line read: microseconds a step, the median of windows of ten milliseconds and more
 *     rss K          at the end of the input: peak resident memory, in KiB
 *
 * With h(i, p) the mixing of element i of array p, u = h / 2^24 is in [0, 1): inputs are u of array 1000, labels
 * floor(10*u) of array 1001, tokens floor(V*u) of arrays 1000 and 1001, where a sentence of at most T ends behind
 * T/2 + 1 + floor(T/2*u) of them, of arrays 1002 and 1003; weights of rank 2 and more (2u - 1)/sqrt(fan), p their place among the parameters and fan the
 * product of all extents but the first; other parameters are 0, and gains 1. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline double uniform(uint32_t i, uint32_t p) {
    uint32_t h = (i + 1) * 2654435761u + (p + 1) * 2246822519u;
    h ^= h >> 16;
    h *= 2246822507u;
    h ^= h >> 13;
    return (double)(h >> 8) / 16777216.0;
}

static inline void set_weights(float *w, size_t n, size_t rows, int p) {
    for (size_t i = 0; i < n; i++) w[i] = (float)((2 * uniform((uint32_t)i, (uint32_t)p) - 1) / sqrt((double)n / (double)rows));
}

static inline void *array(size_t bytes) {
    void *a = calloc(1, bytes + 64);
    if (!a) { fprintf(stderr, "no memory\n"); exit(1); }
    return a;
}

/* The peak of this program alone: ru_maxrss begins with what the program that started it had used. */
static long resident(void) {
    char line[256];
    long peak = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f)) sscanf(line, "VmHWM: %ld", &peak);
    if (f) fclose(f);
    return peak;
}

static int order(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double run_of(void (*step)(void), long steps) {
    double begin = now();
    for (long k = 0; k < steps; k++) step();
    return now() - begin;
}

static int serve(double check, void (*step)(void)) {
    enum { MOST = 4096 };
    static double windows[MOST];
    long steps = 1;
    char line[64];
    printf("check %.9g\n", check);
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        double took, seconds = atof(line), start;
        int n = 0;
        while ((took = run_of(step, steps)) < 0.01) steps = took < 0.005 ? 2 * steps : steps + steps / 4 + 1;
        start = now();
        do windows[n++] = run_of(step, steps) / (double)steps;
        while (n < MOST && now() - start < seconds);
        qsort(windows, (size_t)n, sizeof *windows, order);
        printf("us %.6g\n", windows[n / 2] * 1e6);
        fflush(stdout);
    }
    printf("rss %ld\n", resident());
    return 0;
}

/* The updates, for the peers whose libraries have them not. */
static inline void adam(float *w, const float *g, float *m, float *v, size_t n, int t) {
    const float rate = (float)(0.001 / (1 - pow(0.9, t))), root = (float)(1 / sqrt(1 - pow(0.999, t)));
    for (size_t i = 0; i < n; i++) {
        m[i] = 0.9f * m[i] + 0.1f * g[i];
        v[i] = 0.999f * v[i] + 0.001f * g[i] * g[i];
        w[i] -= rate * m[i] / (sqrtf(v[i]) * root + 1e-8f);
    }
}
static inline void sgd(float *w, const float *g, float *m, size_t n, float rate, float momentum) {
    for (size_t i = 0; i < n; i++) {
        m[i] = momentum * m[i] + g[i];
        w[i] -= rate * m[i];
    }
}
