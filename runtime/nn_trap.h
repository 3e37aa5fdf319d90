/* nn_trap.h: looking at numbers, for programs that `nnc --trap` made.
 *
 * After each kernel the program looks at what was stored. The first NaN that comes from numbers ends the call; so do NaN and
 * infinities in a result (the loss, a gradient, a parameter, a state). Others are only remembered, as they may be meant: -inf
 * where a mask hides something, before a softmax, and the NaN of -inf - -inf that a `where` then leaves out. The first
 * infinity that comes from numbers is the one that is named.
 *
 * Numbers are tested by their bits, so no option of the C compiler can make the test untrue. Elements beyond the samples of
 * the call are left out. In a recurrence everything is looked at after its loop, and the find earliest in time counts.
 * Valid C11 and C++. SPDX-License-Identifier: 0BSD */
#ifndef NN_TRAP_H
#define NN_TRAP_H
#include <string.h>
#include "nn.h"

#ifdef NN_DOUBLE
typedef uint64_t nn_trap_bits;
enum { NN_TRAP_FRACTION = 52, NN_TRAP_EXPONENT = 0x7ff };
#else
typedef uint32_t nn_trap_bits;
enum { NN_TRAP_FRACTION = 23, NN_TRAP_EXPONENT = 0xff };
#endif

static inline nn_trap_bits nn_trap_bits_of(nn_real x) {
    nn_trap_bits bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* 0 for an ordinary number and for zero. */
static inline int nn_trap_kind_of(nn_real x) {
    const nn_trap_bits bits = nn_trap_bits_of(x), fraction = bits & (((nn_trap_bits)1 << NN_TRAP_FRACTION) - 1);
    const unsigned exponent = (unsigned)(bits >> NN_TRAP_FRACTION) & NN_TRAP_EXPONENT;
    if (exponent == NN_TRAP_EXPONENT) return fraction ? NN_TRAP_NAN : NN_TRAP_INFINITE;
    return exponent == 0 && fraction ? NN_TRAP_SMALL : 0;
}

static inline void nn_trap_start(nn_trap *t) {
    t->found.row = t->before.row = t->reads = 0;
}

/* The indices of element `at`; false: it belongs to no sample of this call, or lies behind its lengths. counts: the samples,
 * then the lengths of the call. */
static inline int nn_trap_index(const nn_trap_row *r, const int64_t *counts, int64_t at, int64_t *index) {
    for (int d = r->rank - 1; d >= 0; d--) {
        index[d] = at % r->dim[d];
        at /= r->dim[d];
    }
    if (r->flags & NN_TRAP_BLOCKS) index[0] = 16 * index[0] + index[r->rank - 1];
    for (int d = 0; d < r->rank; d++)
        if (r->counted[d] && index[d] >= counts[r->counted[d] - 1]) return 0;
    return 1;
}

static inline int64_t nn_trap_size(const nn_trap_row *r) {
    int64_t size = 1;
    for (int d = 0; d < r->rank; d++) size *= r->dim[d];
    return size;
}

static inline void nn_trap_put(nn_trap_find *find, const nn_trap_row *rows, int row, int kind, const int64_t *index) {
    const nn_trap_row *const r = &rows[row - 1];
    if (find->row) {
        const nn_trap_row *const old = &rows[find->row - 1];
        if (r->time < 0 || old->time < 0) return;
        const int64_t now = index[r->time], then = find->index[old->time];
        if (r->flags & NN_TRAP_DOWN ? now <= then : now >= then) return;
    }
    find->row = row;
    find->kind = kind;
    for (int d = 0; d < r->rank; d++) find->index[d] = index[d];
}

static inline void nn_trap_note(nn_trap *t, const nn_trap_row *rows, int row, int kind, const int64_t *index) {
    const int flags = rows[row - 1].flags;
    if (kind == NN_TRAP_SMALL) {
        if (!t->smalls++) nn_trap_put(&t->small, rows, row, kind, index);
        return;
    }
    if ((flags & NN_TRAP_RESULT) || (kind == NN_TRAP_NAN && (flags & NN_TRAP_CAUSE)))
        nn_trap_put(&t->found, rows, row, kind, index);
    /* What comes from numbers is the better cause. */
    if ((flags & NN_TRAP_CAUSE) && kind == NN_TRAP_INFINITE && t->before.row && !(rows[t->before.row - 1].flags & NN_TRAP_CAUSE))
        t->before.row = 0;
    if (!(flags & NN_TRAP_RESULT) && ((flags & NN_TRAP_CAUSE) != 0) == (kind == NN_TRAP_INFINITE))
        nn_trap_put(&t->before, rows, row, kind, index);
}

/* Looks at all elements of a stored value that belong to the call. */
static inline void nn_trap_look(nn_trap *t, const nn_trap_row *rows, int row, const int64_t *counts, const void *array) {
    const nn_real *const x = (const nn_real *)array;
    const int64_t size = nn_trap_size(&rows[row - 1]);
    int64_t index[NN_MAX_RANK];
    unsigned some = 0;
    for (int64_t i = 0; i < size; i++) {    /* an exponent of all zeros or all ones, and not 0 itself */
        const nn_trap_bits bits = nn_trap_bits_of(x[i]);
        const unsigned next = (((unsigned)(bits >> NN_TRAP_FRACTION) & NN_TRAP_EXPONENT) + 1) & NN_TRAP_EXPONENT;
        some |= (unsigned)(next < 2) & (unsigned)((nn_trap_bits)(bits << 1) != 0);
    }
    for (int64_t i = 0; some && i < size; i++) {
        const int kind = nn_trap_kind_of(x[i]);
        if (kind && nn_trap_index(&rows[row - 1], counts, i, index)) nn_trap_note(t, rows, row, kind, index);
    }
}

/* A number of the step, computed in double. It is often one that a condition chooses or leaves, so it stops nothing itself. */
static inline void nn_trap_number(nn_trap *t, const nn_trap_row *rows, int row, double x) {
    const int64_t none[NN_MAX_RANK] = { 0 };
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    const uint64_t fraction = bits & (((uint64_t)1 << 52) - 1);
    if ((bits >> 52 & 0x7ff) == 0x7ff) nn_trap_put(&t->before, rows, row, fraction ? NN_TRAP_NAN : NN_TRAP_INFINITE, none);
}

/* The range of what the equation that stopped the call has read, for the message. */
static inline void nn_trap_read(nn_trap *t, const nn_trap_row *rows, int row, const int64_t *counts, const void *array) {
    const nn_real *const x = (const nn_real *)array;
    const int64_t size = nn_trap_size(&rows[row - 1]);
    int64_t index[NN_MAX_RANK];
    double low = 0, high = 0;
    int some = 0;
    if (t->reads == NN_TRAP_READS) return;
    for (int64_t i = 0; i < size; i++) {
        const double value = (double)x[i];
        if ((some && value >= low && value <= high) || nn_trap_kind_of(x[i]) == NN_TRAP_NAN) continue;
        if (!nn_trap_index(&rows[row - 1], counts, i, index)) continue;
        if (!some || value < low) low = value;
        if (!some || value > high) high = value;
        some = 1;
    }
    t->read[t->reads] = row;
    t->low[t->reads] = low;
    t->high[t->reads++] = high;
}

#endif
