/* SPDX-License-Identifier: 0BSD */
/* The model `cnn`, compiled from cnn.nn by nnc: its memory and its functions.
 * This file is your own, without conditions. */
#ifndef CNN_NN_H
#define CNN_NN_H
#include <nn.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { CNN_BATCH = 64 };    /* the most samples that a call takes */

/* The parameters; gradients have the same struct. 248024 bytes (496048 in double). */
typedef struct cnn_params {
    nn_real conv2d_f[6][3][5][5];            /* conv2d.f */
    nn_real conv2d_b[6];                     /* conv2d.b */
    nn_real conv2d_2_f[16][6][5][5];         /* conv2d_2.f */
    nn_real conv2d_2_b[16];                  /* conv2d_2.b */
    nn_real linear_w[120][400];              /* linear.w */
    nn_real linear_b[120];                   /* linear.b */
    nn_real linear_2_w[84][120];             /* linear_2.w */
    nn_real linear_2_b[84];                  /* linear_2.b */
    nn_real linear_3_w[10][84];              /* linear_3.w */
    nn_real linear_3_b[10];                  /* linear_3.b */
} cnn_params;

/* What the update keeps from step to step. 496048 bytes (992096 in double). */
typedef struct cnn_optimizer {
    nn_real conv2d_f_m[6][3][5][5];          /* conv2d.f.m */
    nn_real conv2d_f_v[6][3][5][5];          /* conv2d.f.v */
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
} cnn_optimizer;

/* Numbers of the update that may be set at any time. 8 bytes (8 in double). */
typedef struct cnn_hyper {
    double lr;
} cnn_hyper;

/* What metrics have gathered since the last reset. 16 bytes (16 in double). */
typedef struct cnn_totals {
    double accuracy_total;                   /* accuracy.total */
    double accuracy_total_2;                 /* accuracy.total_2 */
} cnn_totals;

/* The workspace: nothing in it outlives a call. 2986812 bytes (5371512 in double). */
typedef struct cnn_work {
    nn_real arena[596175];                   /* values and their gradients, from the first 64-byte line on; lives apart share bytes */
    int32_t whole[150528];                   /* whole numbers: winners, masks */
} cnn_work;

/* The workspace of predict, one for each thread. 2083644 bytes (4167288 in double). */
typedef struct cnn_predict_work {
    nn_real arena[520911];                   /* values and their gradients, from the first 64-byte line on; lives apart share bytes */
} cnn_predict_work;

/* One instance: place it anywhere. It holds no pointers. 3978960 bytes (7355752 in double). */
typedef struct cnn {
    cnn_params params;
    cnn_params grads;                        /* of the last gradients() */
    cnn_optimizer optimizer;
    cnn_hyper hyper;
    cnn_totals totals;
    int64_t step;                            /* updates done so far */
    int64_t epoch;                           /* the caller's to count */
    uint64_t seed;                           /* of all random numbers */
    cnn_work work;
} cnn;

/* Arrays that are handed in hold one sample behind the other, each row by row:
 *     image        [3][32][32], bytes
 *     kind         a number, whole numbers 0 .. 9
 *     softmax      out, [10]
 * A call with n outside of 1 .. CNN_BATCH, or a whole number outside of its range, writes nothing; where it gives
 * a loss, it gives NAN. Functions of different instances, and predict with different workspaces, may run at the
 * same time. */

/* First values for everything: parameters drawn from the seed, states, settings, clocks at 0. */
void cnn_init(cnn *m, uint64_t seed);

/* The loss of n samples; its gradients go to m->grads. m->seed and m->step decide what is drawn. */
double cnn_gradients(cnn *m, int n, const unsigned char *image, const int32_t *kind);
/* The optimizer's step with m->grads; then m->step is one more. */
void cnn_update(cnn *m);
/* Both: gradients, then update. Gives the loss before the update. */
double cnn_step(cnn *m, int n, const unsigned char *image, const int32_t *kind);

/* The loss of n samples as prediction sees them; adds to what the metrics gather. */
double cnn_evaluate(cnn *m, int n, const unsigned char *image, const int32_t *kind);
/* Forgets what the metrics have gathered. */
void cnn_reset(cnn *m);
/* The metrics of what was gathered since the reset, 1 number: accuracy. */
void cnn_metrics(const cnn *m, double *values);

/* The outputs of n samples. Reads nothing but what is handed in. */
void cnn_predict(const cnn_params *p, cnn_predict_work *work, int n, const unsigned char *image,
        nn_real *softmax);
/* The outputs of one sample, by code of its own. */
void cnn_predict_one(const cnn_params *p, cnn_predict_work *work, const unsigned char *image, nn_real *softmax);

/* All of the above as a table, for the trainer and other tools. */
extern const nn_model cnn_model;

#ifdef __cplusplus
}
#endif
#endif
