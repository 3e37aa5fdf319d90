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

/* A workspace may stand anywhere; its arrays begin at the first line of the caches in it. Vectors that lie across two lines take twice as
 * long to come. */
enum { NN_LINE_BYTES = 64 };
static inline nn_real *nn_first_line(nn_real *from) {
    return from + (NN_LINE_BYTES - (uintptr_t)from % NN_LINE_BYTES) % NN_LINE_BYTES / sizeof(nn_real);
}

/* Element types, of what callers hand in and of what structs hold. */
typedef enum nn_type { NN_F32, NN_F64, NN_U8, NN_I32, NN_I64 } nn_type;

enum { NN_MAX_RANK = 12, NN_MAX_LENGTHS = 8 };

/* One named array: a parameter, a state, an input, an output ... */
typedef struct nn_tensor {
    const char *name;           /* encoder.linear.w */
    nn_type type;
    int rank;
    int64_t dim[NN_MAX_RANK];   /* inputs and outputs: without the batch; of an axis with a length, its largest value */
    size_t offset;              /* in bytes, from the start of the instance (inputs and outputs: 0) */
    int64_t low, high;          /* integers, also an output's that come as reals: what values may be (low > high: anything) */
    const char *train, *test;   /* inputs: where data come from unless told otherwise, or NULL */
    unsigned char length[NN_MAX_RANK];  /* of an axis whose extent a call gives: 1 + its place among the model's lengths; else 0 */
} nn_tensor;

/* Programs that `nnc --trap` made look at all that they compute. A row says what was looked at; a find, what was seen there. */
enum {
    NN_TRAP_RESULT = 1,         /* an infinity here stops the call: a loss, a gradient, a parameter, a state */
    NN_TRAP_CAUSE = 2,          /* an infinity here comes from numbers: none is written into what it is computed from */
    NN_TRAP_GIVEN = 4,          /* not computed: an input, a parameter or a state before the call */
    NN_TRAP_BLOCKS = 8,         /* samples stand in blocks of 16: sample 16*block + lane at [block] .. [lane] */
    NN_TRAP_DOWN = 16           /* time runs from the last value to the first */
};
typedef struct nn_trap_row {
    const char *what, *name;    /* "equation", "logits" */
    const char *equation;       /* in the language, or "" */
    const char *place;          /* net.nn:7, and from where it was used */
    int flags, rank;
    int64_t dim[NN_MAX_RANK];   /* as it is stored */
    unsigned char counted[NN_MAX_RANK]; /* of a dim that runs over the samples of the call: 1; over its k-th length: 1 + k */
    int time;                   /* of a recurrence: the dim that is the time, or -1 */
} nn_trap_row;
typedef enum nn_trap_kind { NN_TRAP_NAN = 1, NN_TRAP_INFINITE, NN_TRAP_SMALL } nn_trap_kind;
typedef struct nn_trap_find { int64_t row, kind, index[NN_MAX_RANK]; } nn_trap_find;      /* row 0: nothing; else from 1 */
enum { NN_TRAP_READS = 4 };
typedef struct nn_trap {
    nn_trap_find found;         /* what stopped the last call */
    nn_trap_find before;        /* the first infinity of the call that comes from numbers; or a NaN that may be meant */
    nn_trap_find small;         /* the first number below the normal range since the start: slow, but not wrong */
    int64_t smalls;             /* how many */
    int64_t reads, read[NN_TRAP_READS];         /* rows that the equation read, and the range of their values */
    double low[NN_TRAP_READS], high[NN_TRAP_READS];
} nn_trap;

/* Programs that `nnc --profile` made measure their kernels. A row is one call of one kernel; row 0 is waiting for other threads. */
typedef struct nn_profile_row {
    const char *entry, *name;   /* "gradients", "relu" */
    const char *place;          /* net.nn:7 */
    const char *equation;       /* in the language; several, one a line */
    double operations, bytes;   /* of a call with as many samples as there may be */
} nn_profile_row;
typedef struct nn_profile_spent { uint64_t nanoseconds, calls, fastest; } nn_profile_spent;    /* fastest: of one call, 0 before it */

typedef struct nn_setting { const char *name; double value; } nn_setting;   /* an entry of the model's train line */

/* An extent that each call gives: the first so many places of its axes count. */
typedef struct nn_length { const char *name; int most; } nn_length;

typedef struct nn_model {
    const char *name;
    const char *source;         /* the model's text, whole, as a comment for people and for `info` */
    const char *hash;           /* 16 hexadecimal digits of everything that decides what a checkpoint means */
    int batch;                  /* the largest n */
    nn_type real;               /* NN_F32 or NN_F64: what nn_real was when the file was compiled */
    size_t size;                /* of the instance: struct NAME */
    size_t predict_size;        /* of the workspace of predict: struct NAME_predict_work */
    int n_lengths;        const nn_length *lengths;      /* in the order in which calls have them */
    size_t memory_size;         /* of what predict goes on from, for one sample: struct NAME_memory; 0: nothing */
    int n_inputs, n_targets;    /* inputs first, then targets, in one table */
    const nn_tensor *inputs;
    int n_outputs;        const nn_tensor *outputs;
    int n_params;         const nn_tensor *params;       /* offsets of params within the instance */
    int n_grads;          const nn_tensor *grads;        /* the trained params only, under the params' names */
    int n_averages;       const nn_tensor *averages;     /* of all params or none, in their order ("average." before the name) */
    int n_states;         const nn_tensor *states;       /* layers' states, then the optimizer's ("optimizer." before the name) */
    int n_statistics;     const nn_tensor *statistics;   /* those states whose first values come from the training data */
    int n_totals;         const nn_tensor *totals;       /* double numbers that metrics gather over a pass */
    int n_hypers;         const nn_tensor *hypers;       /* double numbers that can be set while training */
    int n_metrics;        const char *const *metrics;
    int n_rates;          const char *const *rates;      /* numbers that a schedule gives to the update */
    int n_settings;       const nn_setting *settings;    /* of the train line: epochs, steps, seed ... (not batch) */
    size_t step_offset, epoch_offset, seed_offset;       /* int64_t, int64_t, uint64_t in the instance */
    int n_traps;          const nn_trap_row *traps;      /* of `nnc --trap`, else none */
    size_t trap_offset;                                  /* nn_trap in the instance */
    void (*init)(void *instance, uint64_t seed);
    /* lengths: one number for each of the model's; NULL if it has none. inputs: then targets. Gives the loss. */
    double (*gradients)(void *instance, int n, const int *lengths, const void *const *inputs);
    void (*update)(void *instance);
    void (*rates_of)(void *instance, double *values);    /* one number for each rate, of the next update; NULL: there are none */
    int accumulate;             /* calls of gradients for one update, which add up; 0: each call begins anew */
    size_t gathered_offset, gathered_size;      /* of what adds up: all bytes 0 begins anew */
    void (*average)(void *instance);        /* the end of an epoch, before its evaluation; NULL: there is nothing to do */
    void (*epoch)(void *instance);          /* the end of an epoch, after it: counts the epoch; NULL: the caller counts */
    double (*evaluate)(void *instance, int n, const int *lengths, const void *const *inputs);   /* gives the loss; gathers the metrics */
    void (*reset)(void *instance);                                           /* forgets what metrics have gathered */
    void (*metrics_of)(void *instance, double *values);                      /* one number for each metric */
    int surveys;                /* passes over the training data before the first step; 0: none, and the next two are NULL */
    void (*survey)(void *instance, int n, const int *lengths, const void *const *inputs);        /* gathers for states that come from the data */
    void (*surveyed)(void *instance);                                        /* the end of such a pass: makes these states */
    void (*begin)(const void *instance, void *memory);       /* the memory of one sample before its first prediction; or NULL */
    void (*predict)(const void *instance, void *memory, void *work, int n, const int *lengths, const void *const *inputs,
                    void *const *outputs);
    int n_profile;        const nn_profile_row *profile; /* of `nnc --profile`, else none */
    nn_profile_spent *(*spent)(int thread);              /* what a thread has spent on each row */
    double (*peak)(void);                                /* operations a second that one thread can do at most */
} nn_model;

/* Runs the command line of the trainer for a model: `train`, `test`, `predict`, `info`, `check`. Gives the exit code.
 * The runtime's own main calls it with the model of the file that it is linked with. */
int nn_main(const nn_model *model, int argc, char **argv);

/* What stopped the last call of gradients, update or evaluate, in words; an empty text if nothing did, or if the model was
 * compiled without --trap. */
void nn_trap_text(const nn_model *model, const void *instance, char *text, size_t size);

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
