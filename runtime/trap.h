/* trap.h: what programs of `nnc --trap` have seen. SPDX-License-Identifier: 0BSD */
#ifndef NN_TRAP_TEXT_H
#define NN_TRAP_TEXT_H
#include "data.h"

const nn_trap *nn_trap_of(const nn_model *m, const void *instance);     /* NULL: compiled without --trap */
bool nn_trapped(const nn_model *m, const void *instance);               /* the last call was stopped */
/* Says when and why the last call was stopped, which was on samples of b. Always false. */
bool nn_trap_failure(const nn_model *m, const void *instance, const nn_batches *b, const char *when, const char *after,
                     nn_failure *f);
/* The first number below the normal range, in words; empty: there was none. */
void nn_trap_small_text(const nn_model *m, const void *instance, const nn_batches *b, char *text, size_t size);
#endif
