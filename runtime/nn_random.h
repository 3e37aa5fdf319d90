/* nn_random.h: random numbers that are a function of where they are drawn, not of when.
 *
 * A draw is keyed by the seed, the step and its site (the path of its place in the model), and counted by the element
 * that it is for. So the same numbers come for any number of threads, any batch split and any machine, a killed run
 * goes on with the numbers that it would have had, and a backward pass draws them again where it needs them.
 *
 *     key = nn_key(seed, step, nn_site("dropout"));      u = nn_uniform(key, sample*size + element);
 *
 * The generator is Threefry-2x32 of 13 rounds (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2,
 * 3", 2011): additions, rotations and exclusive ors of 32 bits only, so loops over it become vector code.
 * Valid C11 and C++. SPDX-License-Identifier: 0BSD */
#ifndef NN_RANDOM_H
#define NN_RANDOM_H
#include <stdint.h>
#include "nn.h"

/* One round: two words are added, turned and mixed. Each fourth round is followed by the words of the key. */
#define NN_ROUND(turn) (x0 += x1, x1 = (x1 << (turn) | x1 >> (32 - (turn))) ^ x0)
#define NN_KEYS(a, b, count) (x0 += (a), x1 += (b) + (count))

/* Encrypts the counter (c0, c1) under the key (k0, k1); gives both words, c0's in the low half. */
static inline uint64_t nn_threefry(uint32_t k0, uint32_t k1, uint32_t c0, uint32_t c1) {
    uint32_t k2 = 0x1bd11bdau ^ k0 ^ k1, x0 = c0 + k0, x1 = c1 + k1;
    NN_ROUND(13); NN_ROUND(15); NN_ROUND(26); NN_ROUND(6);  NN_KEYS(k1, k2, 1u);
    NN_ROUND(17); NN_ROUND(29); NN_ROUND(16); NN_ROUND(24); NN_KEYS(k2, k0, 2u);
    NN_ROUND(13); NN_ROUND(15); NN_ROUND(26); NN_ROUND(6);  NN_KEYS(k0, k1, 3u);
    NN_ROUND(17);
    return (uint64_t)x1 << 32 | x0;
}

/* The number of a place in the model: FNV-1a of its path. */
static inline uint32_t nn_site(const char *path) {
    uint32_t hash = 2166136261u;
    for (; *path; path++) hash = (hash ^ (unsigned char)*path) * 16777619u;
    return hash;
}

static inline uint32_t nn_key(uint64_t seed, uint64_t step, uint32_t site) {
    uint64_t of_step = nn_threefry((uint32_t)seed, (uint32_t)(seed >> 32), (uint32_t)step, (uint32_t)(step >> 32));
    return (uint32_t)nn_threefry((uint32_t)of_step, (uint32_t)(of_step >> 32), site, 0);
}

/* Uniform on [0, 1): one of 2^24 equally likely values, the same number in float and double. */
static inline nn_real nn_uniform(uint32_t key, uint64_t counter) {
    uint32_t word = (uint32_t)nn_threefry(key, 0, (uint32_t)counter, (uint32_t)(counter >> 32));
    return (nn_real)(int32_t)(word >> 8) * (nn_real)(1.0 / 16777216.0);
}

#undef NN_ROUND
#undef NN_KEYS
#endif
