/* SPDX-License-Identifier: 0BSD */
/* The model `mlp`, compiled from mlp.nn by nnc: its memory and its functions.
 * This file is your own, without conditions. */
#ifndef MLP_NN_H
#define MLP_NN_H
#include <nn.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MLP_BATCH = 64 };    /* the most samples that a call takes */

/* The parameters; gradients have the same struct. 407080 bytes (814160 in double). */
typedef struct mlp_params {
    nn_real linear_w[128][784];              /* linear.w */
    nn_real linear_b[128];                   /* linear.b */
    nn_real linear_2_w[10][128];             /* linear_2.w */
    nn_real linear_2_b[10];                  /* linear_2.b */
} mlp_params;

/* What the update keeps from step to step. 814160 bytes (1628320 in double). */
typedef struct mlp_optimizer {
    nn_real linear_w_m[128][784];            /* linear.w.m */
    nn_real linear_w_v[128][784];            /* linear.w.v */
    nn_real linear_b_m[128];                 /* linear.b.m */
    nn_real linear_b_v[128];                 /* linear.b.v */
    nn_real linear_2_w_m[10][128];           /* linear_2.w.m */
    nn_real linear_2_w_v[10][128];           /* linear_2.w.v */
    nn_real linear_2_b_m[10];                /* linear_2.b.m */
    nn_real linear_2_b_v[10];                /* linear_2.b.v */
} mlp_optimizer;

/* Numbers of the update that may be set at any time. 8 bytes (8 in double). */
typedef struct mlp_hyper {
    double lr;
} mlp_hyper;

/* What metrics have gathered since the last reset. 16 bytes (16 in double). */
typedef struct mlp_totals {
    double accuracy_total;                   /* accuracy.total */
    double accuracy_total_2;                 /* accuracy.total_2 */
} mlp_totals;

/* The workspace: nothing in it outlives a call. 269180 bytes (538104 in double). */
typedef struct mlp_work {
    nn_real arena[67231];                    /* values and their gradients, from the first 64-byte line on; lives apart share bytes */
    int32_t whole[64];                       /* whole numbers: winners, masks */
} mlp_work;

/* The workspace of predict, one for each thread. 233532 bytes (467064 in double). */
typedef struct mlp_predict_work {
    nn_real arena[58383];                    /* values and their gradients, from the first 64-byte line on; lives apart share bytes */
} mlp_predict_work;

/* One instance: place it anywhere. It holds no pointers. 1897552 bytes (3794792 in double). */
typedef struct mlp {
    mlp_params params;
    mlp_params grads;                        /* of the last gradients() */
    mlp_optimizer optimizer;
    mlp_hyper hyper;
    mlp_totals totals;
    int64_t step;                            /* updates done so far */
    int64_t epoch;                           /* the caller's to count */
    uint64_t seed;                           /* of all random numbers */
    mlp_work work;
} mlp;

/* Arrays that are handed in hold one sample behind the other, each row by row:
 *     image        [784], bytes
 *     digit        a number, whole numbers 0 .. 9
 *     softmax      out, [10]
 * A call with n outside of 1 .. MLP_BATCH, or a whole number outside of its range, writes nothing; where it gives
 * a loss, it gives NAN. Functions of different instances, and predict with different workspaces, may run at the
 * same time. */

/* First values for everything: parameters drawn from the seed, states, settings, clocks at 0. */
void mlp_init(mlp *m, uint64_t seed);

/* The loss of n samples; its gradients go to m->grads. m->seed and m->step decide what is drawn. */
double mlp_gradients(mlp *m, int n, const unsigned char *image, const int32_t *digit);
/* The optimizer's step with m->grads; then m->step is one more. */
void mlp_update(mlp *m);
/* Both: gradients, then update. Gives the loss before the update. */
double mlp_step(mlp *m, int n, const unsigned char *image, const int32_t *digit);

/* The loss of n samples as prediction sees them; adds to what the metrics gather. */
double mlp_evaluate(mlp *m, int n, const unsigned char *image, const int32_t *digit);
/* Forgets what the metrics have gathered. */
void mlp_reset(mlp *m);
/* The metrics of what was gathered since the reset, 1 number: accuracy. */
void mlp_metrics(const mlp *m, double *values);

/* The outputs of n samples. Reads nothing but what is handed in. */
void mlp_predict(const mlp_params *p, mlp_predict_work *work, int n, const unsigned char *image,
        nn_real *softmax);
/* The outputs of one sample, by code of its own. */
void mlp_predict_one(const mlp_params *p, mlp_predict_work *work, const unsigned char *image, nn_real *softmax);

/* All of the above as a table, for the trainer and other tools. */
extern const nn_model mlp_model;

#ifdef __cplusplus
}
#endif
#endif
