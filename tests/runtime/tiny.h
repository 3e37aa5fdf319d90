/* tiny.h: a model written by hand in the form that nnc writes. The runtime is tested with it. SPDX-License-Identifier: 0BSD */
#ifndef TINY_H
#define TINY_H
#include "../../runtime/nn.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { TINY_BATCH = 8 };
typedef struct tiny_params { nn_real linear_w[3]; nn_real linear_b; } tiny_params;
typedef struct tiny_state { nn_real mean[3]; } tiny_state;
typedef struct tiny_optimizer { nn_real linear_w_m[3]; nn_real linear_b_m; } tiny_optimizer;
typedef struct tiny_hyper { double lr, momentum; } tiny_hyper;
typedef struct tiny_totals { double error, count; } tiny_totals;
typedef struct tiny {
    tiny_params params;
    tiny_params grads;
    tiny_state state;
    tiny_optimizer optimizer;
    tiny_hyper hyper;
    tiny_totals totals;
    int64_t step, epoch;
    uint64_t seed;
} tiny;

extern const nn_model tiny_model;

#ifdef __cplusplus
}
#endif
#endif
