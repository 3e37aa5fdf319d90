/* nn_vector.h: the vectors of generated programs.
 *
 * nn_vec holds NN_LANES reals side by side, in the vector types of gcc and clang: sums, products and comparisons work on
 * all lanes at once, and a number beside a vector stands for that number in every lane. The width follows the machine
 * that the C compiler compiles for, or is forced with -DNN_LANES=4, 8 or 16 (a power of two up to 16). It decides no
 * result: kernels count lanes in blocks of 16, and a pass over a block is one or more vectors.
 *
 *     for (int lane = 0; lane < 16; lane += NN_PASS)               passes of a block
 *         NN_UNROLL for (int l = 0; l < NN_PASS; l += NN_LANES)    vectors of a pass, each with a register of its own
 *
 * Valid C11 with the extensions of gcc and clang. SPDX-License-Identifier: 0BSD */
#ifndef NN_VECTOR_H
#define NN_VECTOR_H
#include <stddef.h>
#include <stdint.h>
#include "nn.h"

#if !defined __GNUC__
#error "fast kernels need the vector types of gcc or clang; nnc --kernels=plain writes code for any compiler"
#endif

#ifdef NN_LANES
#define NN_VECTOR_FORCED
#else
#if defined __AVX512F__
#define NN_VECTOR_BYTES 64
#elif defined __AVX__
#define NN_VECTOR_BYTES 32
#else
#define NN_VECTOR_BYTES 16
#endif
#ifdef NN_DOUBLE
#define NN_LANES (NN_VECTOR_BYTES / 8)
#else
#define NN_LANES (NN_VECTOR_BYTES / 4)
#endif
#endif

/* The lanes of a pass: two vectors, so that sums fill the registers, or the four that 32 small registers have room for. */
#if defined __aarch64__
#define NN_PASS 16
#else
#define NN_PASS (2 * NN_LANES < 16 ? 2 * NN_LANES : 16)
#endif

/* No alignment is asked of memory, and elements may be seen as vectors. */
typedef nn_real nn_vec __attribute__((vector_size(NN_LANES * sizeof(nn_real)), aligned(sizeof(nn_real)), may_alias));

/* Macros, since a function that returns a wide vector has no fixed ABI on a machine that lacks it. */
#define nn_load(from) (*(const nn_vec *)(const void *)(from))
/* A vector that several products share. gcc would load it anew for each; this keeps it in a register. Of loops that are written
 * out it would load the numbers of all turns at once, and move sums to memory to make room: none is loaded before its turn. */
#if defined __clang__ || defined NN_VECTOR_FORCED
#define nn_held(from) nn_load(from)
#elif defined __SSE2__
#define nn_held(from) (__extension__({ nn_vec nn_v_ = nn_load(from); __asm__ volatile("" : "+x"(nn_v_) : : "memory"); nn_v_; }))
#elif defined __aarch64__
#define nn_held(from) (__extension__({ nn_vec nn_v_ = nn_load(from); __asm__ volatile("" : "+w"(nn_v_) : : "memory"); nn_v_; }))
#else
#define nn_held(from) nn_load(from)
#endif
/* The line of memory at an address, which is wanted soon. */
#define nn_ask(address) __builtin_prefetch(address)
#define nn_store(to, vector) (*(nn_vec *)(void *)(to) = (vector))

/* The loop behind it is written out in full: its variable indexes registers. */
#if defined __clang__
#define NN_UNROLL _Pragma("clang loop unroll(full)")
#else
#define NN_UNROLL _Pragma("GCC unroll 16")
#endif

/* Sixteen numbers turned about their diagonal, to[k*to_row + i] = from[i*from_row + k] for i, k < 4: in vectors of four, whatever the machine's
 * are. Rows are so many numbers apart. */
typedef nn_real nn_four __attribute__((vector_size(4 * sizeof(nn_real)), aligned(sizeof(nn_real)), may_alias));
#if defined __clang__
#define NN_FOUR_OF(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#else
#ifdef NN_DOUBLE
typedef int64_t nn_four_places __attribute__((vector_size(4 * sizeof(int64_t))));
#else
typedef int32_t nn_four_places __attribute__((vector_size(4 * sizeof(int32_t))));
#endif
#define NN_FOUR_OF(a, b, i, j, k, l) __builtin_shuffle(a, b, (nn_four_places){i, j, k, l})
#endif
static inline void nn_turn(const nn_real *from, ptrdiff_t from_row, nn_real *to, ptrdiff_t to_row) {
    const nn_four a = *(const nn_four *)(const void *)from, b = *(const nn_four *)(const void *)(from + from_row);
    const nn_four c = *(const nn_four *)(const void *)(from + 2 * from_row), d = *(const nn_four *)(const void *)(from + 3 * from_row);
    const nn_four ab = NN_FOUR_OF(a, b, 0, 4, 1, 5), ab_high = NN_FOUR_OF(a, b, 2, 6, 3, 7);
    const nn_four cd = NN_FOUR_OF(c, d, 0, 4, 1, 5), cd_high = NN_FOUR_OF(c, d, 2, 6, 3, 7);
    *(nn_four *)(void *)to = NN_FOUR_OF(ab, cd, 0, 1, 4, 5);
    *(nn_four *)(void *)(to + to_row) = NN_FOUR_OF(ab, cd, 2, 3, 6, 7);
    *(nn_four *)(void *)(to + 2 * to_row) = NN_FOUR_OF(ab_high, cd_high, 0, 1, 4, 5);
    *(nn_four *)(void *)(to + 3 * to_row) = NN_FOUR_OF(ab_high, cd_high, 2, 3, 6, 7);
}

/* The sum of the 16 lanes of a block, halves first: the same order for every width. */
static inline nn_real nn_sum_lanes(const nn_real *lanes) {
    nn_real half[8];
    for (int l = 0; l < 8; l++) half[l] = lanes[l] + lanes[l + 8];
    for (int l = 0; l < 4; l++) half[l] += half[l + 4];
    return (half[0] + half[2]) + (half[1] + half[3]);
}
#endif
