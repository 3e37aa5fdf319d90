/* log.h: what training measured, for programs to read. SPDX-License-Identifier: 0BSD */
#ifndef NN_LOG_H
#define NN_LOG_H
#include "failure.h"
#include "nn.h"
#include <stdio.h>

/* One line. Metrics are NULL and other numbers NaN where there are none. */
typedef struct nn_log_row {
    bool epoch_end;                 /* else: a single step */
    int64_t epoch, step;            /* epochs count from 1; steps done so far */
    double loss, test_loss, seconds;
    double gradient;                /* the length of the gradient; of an epoch: the mean over its steps */
    const double *metrics, *test_metrics, *hypers;
} nn_log_row;

typedef struct nn_log { FILE *file; const char *path; const nn_model *model; bool json; } nn_log;

/* A new run starts a new file; a resumed run (step >= 0) keeps the lines of the file up to its step, and drops what a later part of
 * the stopped run had written. `inside`: the run stopped inside an epoch, whose last line is then still to come. */
bool nn_log_open(nn_log *l, const char *path, const nn_model *m, int64_t resumed_step, bool inside, nn_failure *f);
bool nn_log_write(nn_log *l, const nn_log_row *row, nn_failure *f);
bool nn_log_close(nn_log *l, nn_failure *f);
#endif
