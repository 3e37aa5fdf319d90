/* trainer.h: the commands of a trained program, each with its exit code. SPDX-License-Identifier: 0BSD */
#ifndef NN_TRAINER_H
#define NN_TRAINER_H
#include "options.h"
#include "texts.h"
#include <signal.h>
#include <stdio.h>

int nn_train(const nn_model *m, const nn_options *o, nn_failure *f);            /* train.c */
int nn_sweep(const nn_model *m, const nn_options *o, nn_failure *f);            /* sweep.c */
int nn_range_test(const nn_model *m, const nn_options *o, nn_failure *f);       /* range_test.c */
int nn_test(const nn_model *m, const nn_options *o, nn_failure *f);             /* measure.c */
int nn_predict_files(const nn_model *m, const nn_options *o, nn_failure *f);    /* predict.c */
int nn_info(const nn_model *m);                                                 /* info.c */
int nn_check(const nn_model *m, const nn_options *o, nn_failure *f);            /* gradient_check.c */

bool nn_profile_print(const nn_model *m, int threads, FILE *to, nn_failure *f);          /* profile.c */
int nn_settle(const nn_model *m, const nn_options *o, nn_failure *f);           /* settle.c */
int nn_plot(const nn_options *o, nn_failure *f);                                /* plot.c */

int nn_learn_vocabulary(const nn_model *m, const nn_options *o, nn_failure *f); /* learn.c */
int nn_translate(const nn_model *m, const nn_options *o, nn_failure *f);        /* translate.c */
int nn_sample(const nn_model *m, const nn_options *o, nn_failure *f);           /* sample.c */

/* The vocabularies that there are before any text is read: those of the checkpoint, and of --vocabulary. */
bool nn_texts_open(nn_texts *x, const nn_model *m, const nn_options *o, nn_failure *f);
/* The data of a split as the options bind them; says on standard error what was cut. */
bool nn_data_open(nn_dataset *d, const nn_model *m, int count, nn_split split, const nn_options *o, nn_texts *x, nn_failure *f);

/* An instance as the options ask for it: initial values of the seed, parameters of --weights, hyper-parameters set; or NULL. */
void *nn_instance_new(const nn_model *m, const nn_options *o, nn_failure *f);
void nn_instance_set_hypers(const nn_options *o, void *instance);

/* First values from the training data, for the states that have such: survey.c. */
bool nn_survey(const nn_model *m, void *instance, const nn_dataset *data, int batch, nn_failure *f);

/* Loss and metrics over a whole data set; false if `stop` was set meanwhile, a number was trapped, or the data could not be read
 * (then b->failed is set). The loss is the mean over the samples. */
bool nn_measure(const nn_model *m, void *instance, nn_batches *b, const volatile sig_atomic_t *stop, double *loss, double *metrics);
#endif
