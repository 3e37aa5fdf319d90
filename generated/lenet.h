/* SPDX-License-Identifier: 0BSD */
/* The model `lenet`, compiled from lenet.nn by nnc: its memory and its functions.
 * This file is your own, without conditions. */
#ifndef LENET_NN_H
#define LENET_NN_H
#include <nn.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { LENET_BATCH = 64 };    /* the most samples that a call takes */

/* The parameters; gradients have the same struct. 246824 bytes (493648 in double). */
typedef struct lenet_params {
    nn_real conv2d_f[6][1][5][5];            /* conv2d.f */
    nn_real conv2d_b[6];                     /* conv2d.b */
    nn_real conv2d_2_f[16][6][5][5];         /* conv2d_2.f */
    nn_real conv2d_2_b[16];                  /* conv2d_2.b */
    nn_real linear_w[120][400];              /* linear.w */
    nn_real linear_b[120];                   /* linear.b */
    nn_real linear_2_w[84][120];             /* linear_2.w */
    nn_real linear_2_b[84];                  /* linear_2.b */
    nn_real linear_3_w[10][84];              /* linear_3.w */
    nn_real linear_3_b[10];                  /* linear_3.b */
} lenet_params;

/* What the update keeps from step to step. 493648 bytes (987296 in double). */
typedef struct lenet_optimizer {
    nn_real conv2d_f_m[6][1][5][5];          /* conv2d.f.m */
    nn_real conv2d_f_v[6][1][5][5];          /* conv2d.f.v */
    nn_real conv2d_b_m[6];                   /* conv2d.b.m */
    nn_real conv2d_b_v[6];                   /* conv2d.b.v */
    nn_real conv2d_2_f_m[16][6][5][5];       /* conv2d_2.f.m */
    nn_real conv2d_2_f_v[16][6][5][5];       /* conv2d_2.f.v */
    nn_real conv2d_2_b_m[16];                /* conv2d_2.b.m */
    nn_real conv2d_2_b_v[16];                /* conv2d_2.b.v */
    nn_real linear_w_m[120][400];            /* linear.w.m */
    nn_real linear_w_v[120][400];            /* linear.w.v */
    nn_real linear_b_m[120];                 /* linear.b.m */
    nn_real linear_b_v[120];                 /* linear.b.v */
    nn_real linear_2_w_m[84][120];           /* linear_2.w.m */
    nn_real linear_2_w_v[84][120];           /* linear_2.w.v */
    nn_real linear_2_b_m[84];                /* linear_2.b.m */
    nn_real linear_2_b_v[84];                /* linear_2.b.v */
    nn_real linear_3_w_m[10][84];            /* linear_3.w.m */
    nn_real linear_3_w_v[10][84];            /* linear_3.w.v */
    nn_real linear_3_b_m[10];                /* linear_3.b.m */
    nn_real linear_3_b_v[10];                /* linear_3.b.v */
} lenet_optimizer;

/* Numbers of the update that may be set at any time. 8 bytes (8 in double). */
typedef struct lenet_hyper {
    double lr;
} lenet_hyper;

/* What metrics have gathered since the last reset. 16 bytes (16 in double). */
typedef struct lenet_totals {
    double accuracy_total;                   /* accuracy.total */
    double accuracy_total_2;                 /* accuracy.total_2 */
} lenet_totals;

/* The workspace: nothing in it outlives a call. 2358332 bytes (4114552 in double). */
typedef struct lenet_work {
    nn_real arena[439055];                   /* values and their gradients, from the first 64-byte line on; lives apart share bytes */
    int32_t whole[150528];                   /* whole numbers: winners, masks */
} lenet_work;

/* The workspace of predict, one for each thread. 1548348 bytes (3096696 in double). */
typedef struct lenet_predict_work {
    nn_real arena[387087];                   /* values and their gradients, from the first 64-byte line on; lives apart share bytes */
} lenet_predict_work;

/* One instance: place it anywhere. It holds no pointers. 3345680 bytes (6089192 in double). */
typedef struct lenet {
    lenet_params params;
    lenet_params grads;                      /* of the last gradients() */
    lenet_optimizer optimizer;
    lenet_hyper hyper;
    lenet_totals totals;
    int64_t step;                            /* updates done so far */
    int64_t epoch;                           /* the caller's to count */
    uint64_t seed;                           /* of all random numbers */
    lenet_work work;
} lenet;

/* Arrays that are handed in hold one sample behind the other, each row by row:
 *     image        [1][28][28], bytes
 *     kind         a number, whole numbers 0 .. 9
 *     softmax      out, [10]
 * A call with n outside of 1 .. LENET_BATCH, or a whole number outside of its range, writes nothing; where it gives
 * a loss, it gives NAN. Functions of different instances, and predict with different workspaces, may run at the
 * same time. */

/* First values for everything: parameters drawn from the seed, states, settings, clocks at 0. */
void lenet_init(lenet *m, uint64_t seed);

/* The loss of n samples; its gradients go to m->grads. m->seed and m->step decide what is drawn. */
double lenet_gradients(lenet *m, int n, const unsigned char *image, const int32_t *kind);
/* The optimizer's step with m->grads; then m->step is one more. */
void lenet_update(lenet *m);
/* Both: gradients, then update. Gives the loss before the update. */
double lenet_step(lenet *m, int n, const unsigned char *image, const int32_t *kind);

/* The loss of n samples as prediction sees them; adds to what the metrics gather. */
double lenet_evaluate(lenet *m, int n, const unsigned char *image, const int32_t *kind);
/* Forgets what the metrics have gathered. */
void lenet_reset(lenet *m);
/* The metrics of what was gathered since the reset, 1 number: accuracy. */
void lenet_metrics(const lenet *m, double *values);

/* The outputs of n samples. Reads nothing but what is handed in. */
void lenet_predict(const lenet_params *p, lenet_predict_work *work, int n, const unsigned char *image,
        nn_real *softmax);
/* The outputs of one sample, by code of its own. */
void lenet_predict_one(const lenet_params *p, lenet_predict_work *work, const unsigned char *image,
        nn_real *softmax);

/* All of the above as a table, for the trainer and other tools. */
extern const nn_model lenet_model;

#ifdef __cplusplus
}
#endif
#endif
