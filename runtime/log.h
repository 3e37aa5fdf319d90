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
    const double *metrics, *test_metrics, *hypers, *rates;
} nn_log_row;

typedef struct nn_log { FILE *file; const char *path; const nn_model *model; bool json; } nn_log;

/* A new run starts a new file; a resumed run (step >= 0) keeps the lines of the file up to its step, and drops what a later part of
 * the stopped run had written. `inside`: the run stopped inside an epoch, whose last line is then still to come. */
bool nn_log_open(nn_log *l, const char *path, const nn_model *m, int64_t resumed_step, bool inside, nn_failure *f);
bool nn_log_write(nn_log *l, const nn_log_row *row, nn_failure *f);
bool nn_log_close(nn_log *l, nn_failure *f);

/* ---- log_read.c ---- */
typedef struct nn_log_column { char *name; double *value; } nn_log_column;      /* NaN where a line has no number of that name */
typedef struct nn_log_table {
    size_t rows, room;              /* lines of the log */
    bool *epoch_end;                /* of each line: of an epoch, else of a step */
    size_t columns;
    nn_log_column *column;          /* in the order in which the names appear */
} nn_log_table;

/* A log of either form, by its content. Fields that are no numbers are left out; so is a last line that was being written when
 * the run was killed. False: the file cannot be read or is no log; a log without a line has 0 rows. */
bool nn_log_read(nn_log_table *t, const char *path, nn_failure *f);
const double *nn_log_values(const nn_log_table *t, const char *name);           /* NULL: no such column */
void nn_log_table_free(nn_log_table *t);
#endif
