/* smooth.c: exponential means, and lines fitted by exponential weights.
 *
 * Around place k the line value + slope*d, where d is the distance from k, makes sum(d) keep^|d| (x - value - slope*d)^2 least:
 *
 *     value = (w2*x0 - w1*x1)/(w0*w2 - w1^2)         wi = sum(d) keep^|d| d^i
 *     slope = (w0*x1 - w1*x0)/(w0*w2 - w1^2)         xi = sum(d) keep^|d| d^i x(k+d)         keep = 1 - 1/width
 *
 * One place further every distance to what was before is one more, so the sums over it follow from the last ones; from the other
 * end the same. Inside, the value is a mean; at both ends, where there are neighbours on one side only, a mean would lag.
 *
 * SPDX-License-Identifier: 0BSD */
#include "smooth.h"
#include <math.h>
#include <stdlib.h>

double nn_smooth_next(nn_smooth *s, double x, double width) {
    const double keep = 1 - 1 / width;
    s->sum = keep * s->sum + x;
    s->weight = keep * s->weight + 1;
    return s->sum / s->weight;
}

/* The sums over one side, by distances that are counted from 0 up. */
typedef struct Side { double w0, w1, w2, x0, x1; } Side;

static Side one_further(Side s, double keep) {
    return (Side){ keep * s.w0, keep * (s.w1 + s.w0), keep * (s.w2 + 2 * s.w1 + s.w0), keep * s.x0, keep * (s.x1 + s.x0) };
}

static void take_in(Side *s, double x) {
    if (!isfinite(x)) return;
    s->w0++;
    s->x0 += x;
}

bool nn_smooth_lines(double *value, double *slope, const double *from, size_t n, double width) {
    const double keep = 1 - 1 / width;
    Side *before = malloc((n + 1) * sizeof *before), b = { 0 }, a = { 0 };
    if (!before) return false;
    for (size_t k = 0; k < n; k++) {                /* with k itself */
        b = one_further(b, keep);
        take_in(&b, from[k]);
        before[k] = b;
    }
    for (size_t k = n; k-- > 0; take_in(&a, from[k])) {             /* without */
        a = one_further(a, keep);
        b = before[k];
        const double w0 = b.w0 + a.w0, w1 = a.w1 - b.w1, w2 = b.w2 + a.w2, x0 = b.x0 + a.x0, x1 = a.x1 - b.x1, d = w0 * w2 - w1 * w1;
        const bool bent = d > 1e-9 * w0 * w0;       /* else one point alone: a mean, and no slope */
        if (!isfinite(from[k])) {
            value[k] = NAN;
            if (slope) slope[k] = NAN;
            continue;
        }
        value[k] = bent ? (w2 * x0 - w1 * x1) / d : x0 / w0;
        if (slope) slope[k] = bent ? (w0 * x1 - w1 * x0) / d : 0;
    }
    free(before);
    return true;
}
