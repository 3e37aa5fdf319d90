/* The peak of fused multiply-adds of one core, in GFLOP/s: twelve chains of full vectors, the best of five windows. */
#include <stdio.h>
#include <time.h>

#if defined __AVX512F__
enum { WIDTH = 16 };
#elif defined __AVX__
enum { WIDTH = 8 };
#else
enum { WIDTH = 4 };
#endif
enum { CHAINS = 12 };
typedef float vector __attribute__((vector_size(4 * WIDTH)));

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static vector chains(long n, vector a, vector b) {
    /* Each chain begins with something of its own, or a compiler would keep one for all. */
    vector c0 = a, c1 = 2 * a, c2 = 3 * a, c3 = 4 * a, c4 = 5 * a, c5 = 6 * a, c6 = 7 * a, c7 = 8 * a, c8 = 9 * a, c9 = 10 * a,
           c10 = 11 * a, c11 = 12 * a;
    for (long k = 0; k < n; k++) {
        c0 = c0 * a + b, c1 = c1 * a + b, c2 = c2 * a + b, c3 = c3 * a + b, c4 = c4 * a + b, c5 = c5 * a + b;
        c6 = c6 * a + b, c7 = c7 * a + b, c8 = c8 * a + b, c9 = c9 * a + b, c10 = c10 * a + b, c11 = c11 * a + b;
        __asm__ volatile("" : "+m"(n));
    }
    return c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11;
}

int main(void) {
    vector a, b;
    double best = 1e9;
    volatile float sink = 0;
    const long n = 4000000;
    for (int i = 0; i < WIDTH; i++) a[i] = 0.5f + (float)i * 1e-3f, b[i] = 0.1f;
    for (int k = 0; k < 5; k++) {
        double start = now();
        vector c = chains(n, a, b);
        double took = now() - start;
        sink = sink + c[0];
        if (took < best) best = took;
    }
    printf("gflops %.4g\n", 2.0 * WIDTH * CHAINS * (double)n / best * 1e-9);
    return 0;
}
