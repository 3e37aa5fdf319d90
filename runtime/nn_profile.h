/* nn_profile.h: what programs that `nnc --profile` made measure of themselves.
 *
 * Every call of a kernel has a row that says what it computes, and each thread notes there how long it took. The clock is read
 * once after each call, so that nothing between two calls is lost:
 *
 *     uint64_t clock = nn_profile_clock();
 *     NN_PARTS(parts, thread, 32) mlp_h(parts, n, x, h);
 *     clock = nn_profile_lap(&mlp_spent[thread.number][1], clock);
 *
 * SPDX-License-Identifier: 0BSD */
#ifndef NN_PROFILE_H
#define NN_PROFILE_H
#include "nn.h"
#include "nn_team.h"
#ifdef __cplusplus
extern "C" {
#endif

uint64_t nn_profile_clock(void);        /* nanoseconds since some time */

/* Notes that what has just ended began at `before`. Gives the time now. */
static inline uint64_t nn_profile_lap(nn_profile_spent *spent, uint64_t before) {
    const uint64_t now = nn_profile_clock(), took = now - before;
    spent->nanoseconds += took;
    spent->calls++;
    if (took < spent->fastest || !spent->fastest) spent->fastest = took;
    return now;
}

/* Operations a second of one thread that does nothing but multiply and add, in the type and with the instructions that the
 * including file is compiled for. Takes about 50 ms. */
static inline double nn_profile_peak(void) {
#if defined __GNUC__ && !defined __STRICT_ANSI__
#if defined __AVX512F__
    enum { WIDTH = 64 };
#elif defined __AVX__
    enum { WIDTH = 32 };
#else
    enum { WIDTH = 16 };
#endif
    typedef nn_real vector __attribute__((vector_size(WIDTH)));
    enum { CHAINS = 12, TURNS = 20000, LANES = WIDTH / (int)sizeof(nn_real) };
    const vector half = (vector){ 0 } + (nn_real)0.5;
    /* Each chain begins with something of its own, or a compiler would keep one for several. */
    vector a = half, b = a + half, c = b + half, d = c + half, e = d + half, f = e + half, g = f + half, h = g + half, i = h + half, j = i + half,
           k = j + half, l = k + half;
    double best = 0;
    const uint64_t begun = nn_profile_clock();
    for (uint64_t now = begun; now - begun < 50000000u;) {
        const uint64_t before = now;
        for (int turn = 0; turn < TURNS; turn++) {
            a = a * half + half, b = b * half + half, c = c * half + half, d = d * half + half;
            e = e * half + half, f = f * half + half, g = g * half + half, h = h * half + half;
            i = i * half + half, j = j * half + half, k = k * half + half, l = l * half + half;
        }
        a += b + c + d + e + f + g + h + i + j + k + l;
        __asm__ volatile("" : "+m"(a));         /* it is used, says this */
        now = nn_profile_clock();
        const double rate = 2e9 * CHAINS * TURNS * LANES / (double)(now - before + 1);
        if (rate > best) best = rate;
    }
    return best;
#else
    return 0;
#endif
}

#ifdef __cplusplus
}
#endif
#endif
