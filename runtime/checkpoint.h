/* checkpoint.h: a training run as a file. SPDX-License-Identifier: 0BSD */
#ifndef NN_CHECKPOINT_H
#define NN_CHECKPOINT_H
#include "failure.h"
#include "nn.h"

/* Where a run stands, beside what its instance holds. */
typedef struct nn_run {
    int64_t samples;                /* of the training data */
    int64_t position;               /* samples used in this epoch */
    int batch;
    int64_t accumulate;             /* batches of an update */
    bool shuffle;
    double loss_sum;                /* over this epoch: each step's loss times its samples */
    double gradient[2];             /* over this epoch: the sum of the lengths of the gradients, and of how many steps */
    double best[2];                 /* the best value of what epochs are judged by, and the epochs since then; if `judged` */
    bool judged;
    const struct nn_texts *texts;   /* vocabularies, which are saved with the run; or NULL */
} nn_run;

bool nn_checkpoint_save(const char *path, const nn_model *m, const void *instance, const nn_run *run, nn_failure *f);
bool nn_checkpoint_load(const char *path, const nn_model *m, void *instance, nn_run *run, nn_failure *f);
/* Parameters, and averages and the layers' states if they are there, by name from any safetensors file. */
/* `kept`: NULL, every parameter must be there; else those that are not keep their values, and this is how many. */
bool nn_weights_load(const char *path, const nn_model *m, void *instance, int *kept, nn_failure *f);
/* Whether the file has all states that come from the training data; only training can do without. */
bool nn_weights_surveyed(const char *path, const nn_model *m, nn_failure *f);
bool nn_weights_finite(const nn_model *m, const void *instance);

int64_t nn_step(const nn_model *m, const void *instance);
int64_t nn_epoch(const nn_model *m, const void *instance);
void nn_set_epoch(const nn_model *m, void *instance, int64_t epoch);
uint64_t nn_seed(const nn_model *m, const void *instance);
bool nn_is_moment(const nn_tensor *state);                      /* the optimizer's, not a layer's */
#endif
