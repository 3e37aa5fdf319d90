/* A loop over each function of nn_math.h, one a line, behind the same pragmas as in a generated file (pragmas.h is cut from
 * one). run.sh asks the compiler which of the lines became vector code; as a program this prints nanoseconds an element.
 *
 *     LOOP(exp)  ->  for (i..n) y[i] = nn_exp(x[i])                                                                       */
#include "pragmas.h"
#include <nn_math.h>
#include <stdio.h>
#include <time.h>

typedef nn_real real;
#define R(x) ((real)(x))
#define MAP(name, value) __attribute__((noinline)) static void map_##name(int n, const real *restrict x, real *restrict y) { for (int i = 0; i < n; i++) y[i] = value; }
#define LOOP(name) MAP(name, nn_##name(x[i]))

LOOP(sqrt)
#ifndef NN_DOUBLE
LOOP(exp)
LOOP(exp_below)
LOOP(expm1)
LOOP(log)
LOOP(log1p)
LOOP(log1pexp)
LOOP(sigmoid)
LOOP(tanh)
LOOP(sin)
LOOP(cos)
LOOP(erf)
LOOP(erfinv)
MAP(pow, nn_pow(x[i], R(0.7)))
#endif
LOOP(abs)
LOOP(sign)
MAP(max, nn_max(R(0.5), x[i]))
MAP(min, nn_min(x[i], y[i]))
MAP(where, x[i] > 0 ? x[i] * y[i] : R(0.1) * y[i])
/* What optimizer adam(lr=0.001) becomes. */
__attribute__((noinline)) static void map_adam(int n, const real *restrict g, real *restrict m, real *restrict v, real *restrict w, real number_1, real number_2) {
    for (int i = 0; i < n; i++) {
        const real m_next = R(0.9) * m[i] + R(0.1) * g[i];
        const real v_next = R(0.999) * v[i] + R(0.001) * (g[i] * g[i]);
        m[i] = m_next;
        v[i] = v_next;
        w[i] = w[i] - number_1 * m_next / (nn_sqrt(v_next / number_2) + R(1e-08));
    }
}

typedef void Map(int n, const real *restrict x, real *restrict y);
#define ROW(name) { #name, map_##name }
static const struct { const char *name; Map *map; } maps[] = {
#ifndef NN_DOUBLE
    ROW(exp), ROW(exp_below), ROW(expm1), ROW(log), ROW(log1p), ROW(log1pexp), ROW(sigmoid), ROW(tanh), ROW(sin), ROW(cos), ROW(erf), ROW(erfinv), ROW(pow),
#endif
    ROW(sqrt), ROW(abs), ROW(sign), ROW(max), ROW(min), ROW(where)
};
enum { COUNT = 4096, WEIGHTS = 101770 };
static real x[COUNT], y[COUNT], g[WEIGHTS], m[WEIGHTS], v[WEIGHTS], w[WEIGHTS];

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(void) {
    double best = 1e30;
    for (int i = 0; i < COUNT; i++) x[i] = R(i % 997 + 1) / R(1000);
    for (int i = 0; i < WEIGHTS; i++) g[i] = R(i % 997) / R(997) - R(0.5);
    for (size_t k = 0; k < sizeof maps / sizeof *maps; k++, best = 1e30) {
        for (int again = 0; again < 100; again++) {
            double began = now();
            maps[k].map(COUNT, x, y);
            double took = now() - began;
            if (took < best) best = took;
        }
        printf("%-9s %6.2f ns an element\n", maps[k].name, best / COUNT);
    }
    for (int again = 0; again < 200; again++) {
        double began = now();
        map_adam(WEIGHTS, g, m, v, w, R(0.001), R(0.5));
        double took = now() - began;
        if (took < best) best = took;
    }
    printf("adam      %6.1f us for %d parameters\n", best / 1e3, WEIGHTS);
    return 0;
}
