/* progress.h: how far training is, for a person who watches. SPDX-License-Identifier: 0BSD */
#ifndef NN_PROGRESS_H
#define NN_PROGRESS_H
#include <stdbool.h>
#include <stdint.h>

/* Zeroed before its first use. */
typedef struct nn_progress {
    bool shown;                     /* standard error is a terminal, and nobody asked for quiet */
    bool drawn;                     /* the line is on the screen */
    char label[64];
    double start, last;             /* seconds */
    int64_t first;
} nn_progress;

double nn_seconds(void);                                                        /* monotonic */
void nn_progress_start(nn_progress *p, const char *label, int64_t done, bool quiet);
void nn_progress_update(nn_progress *p, int64_t done, int64_t total, double loss); /* in samples */
void nn_progress_clear(nn_progress *p);                                         /* before other output */
#endif
