/* SPDX-License-Identifier: 0BSD */
/* The model `linear_regression`, compiled from linear_regression.nn by nnc: its memory and its functions.
 * This file is your own, without conditions. */
#ifndef LINEAR_REGRESSION_NN_H
#define LINEAR_REGRESSION_NN_H
#include <nn.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { LINEAR_REGRESSION_BATCH = 100 };    /* the most samples that a call takes */

/* The parameters; gradients have the same struct. 8 bytes (16 in double). */
typedef struct linear_regression_params {
    nn_real linear_w[1][1];                  /* linear.w */
    nn_real linear_b[1];                     /* linear.b */
} linear_regression_params;

/* Numbers of the update that may be set at any time. 8 bytes (8 in double). */
typedef struct linear_regression_hyper {
    double lr;
} linear_regression_hyper;

/* The workspace: nothing in it outlives a call. 1020 bytes (2040 in double). */
typedef struct linear_regression_work {
    nn_real arena[255];                      /* values and their gradients, from the first 64-byte line on; lives apart share bytes */
} linear_regression_work;

/* The workspace of predict, one for each thread. 508 bytes (1016 in double). */
typedef struct linear_regression_predict_work {
    nn_real arena[127];                      /* values and their gradients, from the first 64-byte line on; lives apart share bytes */
} linear_regression_predict_work;

/* One instance: place it anywhere. It holds no pointers. 1072 bytes (2104 in double). */
typedef struct linear_regression {
    linear_regression_params params;
    linear_regression_params grads;          /* of the last gradients() */
    linear_regression_hyper hyper;
    int64_t step;                            /* updates done so far */
    int64_t epoch;                           /* the caller's to count */
    uint64_t seed;                           /* of all random numbers */
    linear_regression_work work;
} linear_regression;

/* Arrays that are handed in hold one sample behind the other, each row by row:
 *     x            [1]
 *     y            [1]
 *     line         out, [1]
 * A call with n outside of 1 .. LINEAR_REGRESSION_BATCH, or a whole number outside of its range, writes nothing; where it gives
 * a loss, it gives NAN. Functions of different instances, and predict with different workspaces, may run at the
 * same time. */

/* First values for everything: parameters drawn from the seed, states, settings, clocks at 0. */
void linear_regression_init(linear_regression *m, uint64_t seed);

/* The loss of n samples; its gradients go to m->grads. m->seed and m->step decide what is drawn. */
double linear_regression_gradients(linear_regression *m, int n, const nn_real *x, const nn_real *y);
/* The optimizer's step with m->grads; then m->step is one more. */
void linear_regression_update(linear_regression *m);
/* Both: gradients, then update. Gives the loss before the update. */
double linear_regression_step(linear_regression *m, int n, const nn_real *x, const nn_real *y);

/* The loss of n samples as prediction sees them; adds to what the metrics gather. */
double linear_regression_evaluate(linear_regression *m, int n, const nn_real *x, const nn_real *y);
/* Forgets what the metrics have gathered. */
void linear_regression_reset(linear_regression *m);
/* The metrics of what was gathered since the reset, 0 numbers. */
void linear_regression_metrics(const linear_regression *m, double *values);

/* The outputs of n samples. Reads nothing but what is handed in. */
void linear_regression_predict(const linear_regression_params *p, linear_regression_predict_work *work, int n,
        const nn_real *x, nn_real *line);
/* The outputs of one sample, by code of its own. */
void linear_regression_predict_one(const linear_regression_params *p, linear_regression_predict_work *work,
        const nn_real *x, nn_real *line);

/* All of the above as a table, for the trainer and other tools. */
extern const nn_model linear_regression_model;

#ifdef __cplusplus
}
#endif
#endif
