/* smooth.h: what lies under a noisy sequence, over about as many neighbours as `width` says. SPDX-License-Identifier: 0BSD */
#ifndef NN_SMOOTH_H
#define NN_SMOOTH_H
#include <stdbool.h>
#include <stddef.h>

/* Zeroed before its first use. */
typedef struct nn_smooth { double sum, weight; } nn_smooth;

/* Takes in the next number and gives the mean so far: the last ones count most, by (1 - 1/width)^age. */
double nn_smooth_next(nn_smooth *s, double x, double width);
/* Looking to both sides, so that nothing comes later than it was: value[k] and slope[k], per place, of the line that fits best
 * around k, where neighbours count by (1 - 1/width)^distance. Numbers that are not finite do not count, and in their places both are NaN;
 * so gaps stay. `slope` may be NULL. False: out of memory. */
bool nn_smooth_lines(double *value, double *slope, const double *from, size_t n, double width);
#endif
