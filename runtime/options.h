/* options.h: the command line of the trainer, understood. SPDX-License-Identifier: 0BSD */
#ifndef NN_OPTIONS_H
#define NN_OPTIONS_H
#include "data.h"

typedef enum { NN_C_TRAIN = 1, NN_C_TEST = 2, NN_C_PREDICT = 4, NN_C_INFO = 8, NN_C_CHECK = 16, NN_C_SETTLE = 32,
               NN_C_VOCABULARY = 64, NN_C_TRANSLATE = 128, NN_C_SAMPLE = 256, NN_C_PLOT = 512 } nn_command;

/* What the program's exit code means. */
enum { NN_DONE = 0, NN_TROUBLE = 1, NN_USAGE = 2, NN_DISAGREE = 3, NN_NOT_FINITE = 4 };

/* NAME=VALUE,VALUE ... of --sweep and --range. */
typedef struct nn_hyper_list { const nn_tensor *hyper; double *value; int n; } nn_hyper_list;      /* hyper NULL: not given */

typedef struct nn_options {
    const char *program;
    nn_command command;
    bool help, version;
    int64_t epochs, steps, save_every, log_every, batch, accumulate, threads;   /* 0: not given (epochs, steps: -1) */
    int64_t iterations, line_search;                            /* -1: not given */
    bool seed_given;
    uint64_t seed;
    const char *picture;                                        /* --plot, and -o of the command plot */
    nn_hyper_list swept, range;
    const char **logs;                                          /* what plot reads */
    int n_logs;
    const char *save, *resume, *log, *data, *weights, *best, *by, *png;
    int64_t patience, count;
    const char *file, *reference, *prompt;                      /* file: what translate reads */
    int64_t length, top;
    double temperature;                                         /* -1: not given */
    bool no_shuffle, partial, quiet, all, trap, profile, lr_find;
    nn_binding *train, *test, *output, *vocabulary;             /* an output without a name: name is NULL */
    int n_train, n_test, n_output, n_vocabulary;
    const nn_tensor **hyper;                                    /* hyper-parameters that are set, and their values */
    double *hyper_value;
    int n_hyper;
    char **copies;                                              /* of NAME=FILE, cut at the '=' */
    int n_copies;
} nn_options;

bool nn_options_parse(nn_options *o, const nn_model *m, int argc, char **argv, nn_failure *f);
void nn_options_free(nn_options *o);
void nn_options_help(const nn_model *m, const char *program);
/* An entry of the model's train line. */
bool nn_setting_of(const nn_model *m, const char *name, double *value);
/* How a hyper-parameter is set on the command line: --lr, or --hyper.patience where the trainer has an option of that name. */
void nn_hyper_option(char *text, size_t size, const nn_tensor *hyper);
#endif
