/* training.h: one run of training, for the commands that make some: train.c one, sweep.c several, range_test.c a short one.
 *
 *     nn_training t = { .m = m, .o = o, .f = f };
 *     if (nn_training_open(&t)) code = nn_training_epochs(&t);
 *     nn_training_close(&t);
 *
 * SPDX-License-Identifier: 0BSD */
#ifndef NN_TRAINING_H
#define NN_TRAINING_H
#include "checkpoint.h"
#include "log.h"
#include "nn_search.h"
#include "progress.h"
#include "trainer.h"

typedef struct nn_training nn_training;
struct nn_training {
    const nn_model *m;
    const nn_options *o;
    nn_failure *f;
    const char *label;              /* of a run among others: goes before its progress, and no line is printed; else NULL */
    /* After each step: its loss, before the update. NULL: nobody wants to know. */
    void (*each_step)(nn_training *t, double loss);
    void *data;                     /* of each_step */

    void *instance;                 /* from here on: made by nn_training_open */
    nn_run run;
    nn_texts texts;                 /* vocabularies of the data, and of the checkpoint */
    nn_dataset train_data, test_data;
    nn_batches train, test;
    int64_t epochs, steps;          /* where to stop */
    const char *save;
    int64_t saved_step;             /* of the checkpoint that this run can go back to; -1: there is none */
    int by;                         /* the metric that epochs are judged by; -1: the loss */
    bool by_smallest;
    nn_search *search;              /* of a run with several evaluations in a step, else NULL */
    nn_log log;
    nn_progress progress;
    double *metrics, *test_metrics, *totals, *hypers, *rates;
    nn_log_row last;                /* of the last epoch that ended */
    double epoch_start;
    bool small_told;                /* --trap: the first number below the normal range has been reported */
};

/* Instance, data, checkpoint and log as the options say. False: the failure says why not. */
bool nn_training_open(nn_training *t);
/* From where the run stands to its end, or to a signal. Gives an exit code, NN_DONE for both. */
int nn_training_epochs(nn_training *t);
/* One update, with the n samples that nn_batches_next has given and as many more batches as it accumulates. An exit code. */
int nn_training_step(nn_training *t, int n);
/* Figures of the epoch so far, and of the test data. False: stopped while measuring, or the failure says why. */
bool nn_training_report(nn_training *t, bool epoch_end, nn_log_row *row);
/* What epochs are judged by, smaller is better: the loss, or a metric, of the test data if there are some. */
double nn_training_judged_by(const nn_training *t, const nn_log_row *row);
void nn_training_close(nn_training *t);

/* The number of the signal that asked the program to stop; 0: none. Signals are caught from nn_training_open on. */
int nn_training_stopped(void);
/* The hyper-parameter that is most probably the rate: one called lr, else the first; NULL: there is none. */
const nn_tensor *nn_training_rate(const nn_model *m);
#endif
