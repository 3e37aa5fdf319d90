/* nn_search.h: several evaluations of one batch in a step.
 *
 * An optimizer for full batches, such as one that keeps curvature, wants several updates on the same data, and a length of
 * each of them that is found by trying. Both need nothing of the model but its gradients and its update:
 *
 *     direction = what update() changes;   length = where the loss along it falls enough, by strong Wolfe conditions
 *
 * The conditions are those of Nocedal and Wright, Numerical Optimization, algorithms 3.5 and 3.6, with cubic
 * interpolation, in the variant that PyTorch's LBFGS has with line_search_fn="strong_wolfe".
 * The optimizer must take its curvature from the weights that it meets, not from the step that it proposed: the step is
 * made shorter or longer after it. States of layers advance with each evaluation.
 *
 * SPDX-License-Identifier: 0BSD */
#ifndef NN_SEARCH_H
#define NN_SEARCH_H
#include "nn.h"
#ifdef __cplusplus
extern "C" {
#endif

typedef struct nn_search_limits {
    int iterations;             /* updates in a step, at least 1 */
    int evaluations;            /* no new update after so many evaluations in a step; 0: iterations*5/4 */
    int tries;                  /* evaluations along a direction; 0: the update is taken as it is */
    double gradient;            /* a step ends when no number of the gradient is larger */
    double change;              /* ... or when neither the loss nor any weight changes by more */
} nn_search_limits;

typedef struct nn_search nn_search;

/* For this instance of the model. NULL: out of memory. */
nn_search *nn_search_new(const nn_model *m, void *instance, nn_search_limits limits);

/* A step on n samples, 1 <= n <= the model's batch; lengths: one number for each of the model's, NULL if it has none. Gives the loss before it. If the loss is not finite there, nothing changes. */
double nn_search_step(nn_search *s, int n, const int *lengths, const void *const *inputs);

/* The Euclidean length of the gradient where the last step began, at the weights that its loss is of. */
double nn_search_gradient(const nn_search *s);
/* How often the last step has evaluated the gradients. */
int nn_search_evaluations(const nn_search *s);
void nn_search_free(nn_search *s);

#ifdef __cplusplus
}
#endif
#endif
