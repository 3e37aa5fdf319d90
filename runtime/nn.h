/* nn.h: what generated programs and the programs around them share with the runtime.
 *
 * A generated file defines the structs and functions of one model and a constant table that describes them, nn_model.
 * The table is all that the trainer, the checkpoints and other tools know of a model: they name no layer and no struct.
 *
 * SPDX-License-Identifier: 0BSD */
#ifndef NN_H
#define NN_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

#define NN_VERSION "0.1.0"

#ifdef NN_DOUBLE
typedef double nn_real;
#else
typedef float nn_real;
#endif

/* Element types, of what callers hand in and of what structs hold. */
typedef enum nn_type { NN_F32, NN_F64, NN_U8, NN_I32, NN_I64 } nn_type;

enum { NN_MAX_RANK = 12 };

/* One named array: a parameter, a state, an input, an output ... */
typedef struct nn_tensor {
    const char *name;           /* encoder.linear.w */
    nn_type type;
    int rank;
    int64_t dim[NN_MAX_RANK];   /* inputs and outputs: without the batch */
    size_t offset;              /* in bytes, from the start of the instance (inputs and outputs: 0) */
    int64_t low, high;          /* integers: what values may be (low > high: anything) */
    const char *train, *test;   /* inputs: where data come from unless told otherwise, or NULL */
} nn_tensor;

typedef struct nn_setting { const char *name; double value; } nn_setting;   /* an entry of the model's train line */

typedef struct nn_model {
    const char *name;
    const char *source;         /* the model's text, whole, as a comment for people and for `info` */
    const char *hash;           /* 16 hexadecimal digits of everything that decides what a checkpoint means */
    int batch;                  /* the largest n */
    nn_type real;               /* NN_F32 or NN_F64: what nn_real was when the file was compiled */
    size_t size;                /* of the instance: struct NAME */
    size_t predict_size;        /* of the workspace of predict: struct NAME_predict_work */
    int n_inputs, n_targets;    /* inputs first, then targets, in one table */
    const nn_tensor *inputs;
    int n_outputs;        const nn_tensor *outputs;
    int n_params;         const nn_tensor *params;       /* offsets of params within the instance */
    int n_grads;          const nn_tensor *grads;        /* the trained params only, under the params' names */
    int n_states;         const nn_tensor *states;       /* layers' states, then the optimizer's ("optimizer." before the name) */
    int n_totals;         const nn_tensor *totals;       /* double numbers that metrics gather over a pass */
    int n_hypers;         const nn_tensor *hypers;       /* double numbers that can be set while training */
    int n_metrics;        const char *const *metrics;
    int n_settings;       const nn_setting *settings;    /* of the train line: epochs, steps, seed ... (not batch) */
    size_t step_offset, epoch_offset, seed_offset;       /* int64_t, int64_t, uint64_t in the instance */
    void (*init)(void *instance, uint64_t seed);
    double (*gradients)(void *instance, int n, const void *const *inputs);   /* inputs then targets; gives the loss */
    void (*update)(void *instance);
    double (*evaluate)(void *instance, int n, const void *const *inputs);    /* gives the loss; gathers the metrics */
    void (*reset)(void *instance);                                           /* forgets what metrics have gathered */
    void (*metrics_of)(void *instance, double *values);                      /* one number for each metric */
    void (*predict)(const void *instance, void *work, int n, const void *const *inputs, void *const *outputs);
} nn_model;

/* Runs the command line of the trainer for a model: `train`, `test`, `predict`, `info`, `check`. Gives the exit code.
 * The runtime's own main calls it with the model of the file that it is linked with. */
int nn_main(const nn_model *model, int argc, char **argv);

/* The model of the archive's own main. Every generated file proposes its model; a program with several models and no main
 * of its own gets the first one that is linked. */
extern const nn_model *const nn_main_model;
#if defined __GNUC__
#define NN_MAIN_MODEL(model) __attribute__((weak)) const nn_model *const nn_main_model = &(model);
#else
#define NN_MAIN_MODEL(model)
#endif

#ifdef __cplusplus
}
#endif
#endif
