/* failure.h: how the parts of the runtime say what went wrong.
 *
 * A function that can fail takes an nn_failure, gives false, and leaves one sentence there: the place, what is wrong, the remedy.
 *
 *     if (count < 1) return nn_fail(f, "%s: the file holds no sample", path);
 *
 * Only the command line prints. The first message stays: what fails later, on the way out, is a consequence.
 *
 * SPDX-License-Identifier: 0BSD */
#ifndef NN_FAILURE_H
#define NN_FAILURE_H
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct nn_failure { char text[2048]; } nn_failure;

#if defined __GNUC__
__attribute__((format(printf, 2, 3)))
#endif
bool nn_fail(nn_failure *f, const char *format, ...);           /* always false */
bool nn_fail_memory(nn_failure *f, const char *what, size_t bytes);

/* Joins printed text to the end of a buffer; what does not fit is cut off. */
#if defined __GNUC__
__attribute__((format(printf, 3, 4)))
#endif
void nn_append(char *buffer, size_t size, const char *format, ...);

/* The candidate that was probably meant by a misspelt word, or NULL: at most a third of its letters differ. */
const char *nn_nearest(const char *word, const char *const *candidates, size_t count);
#endif
