/* Each parameter of a model with two aims has the gradient of its own: those of the models with one of them (aims.nn). */
#include "against.h"
#include "critic_alone.h"
#include "maker_alone.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static against both;
static critic_alone critic;
static maker_alone maker;

static int differ(const char *name, const nn_real *a, const nn_real *b, size_t n) {
    for (size_t k = 0; k < n; k++) {
        if (fabs((double)(a[k] - b[k])) <= 1e-12 && a[k] != 0) continue;
        printf("%s[%zu] is %g in the one and %g in the other\n", name, k, (double)a[k], (double)b[k]);
        return 1;
    }
    return 0;
}

/* The parameters of the instance `from` to those of `to`: all three models have the same. */
static void share(const nn_model *m, const void *from, const nn_model *n, void *to) {
    for (int i = 0; i < m->n_params; i++) {
        size_t size = sizeof(nn_real);
        for (int d = 0; d < m->params[i].rank; d++) size *= (size_t)m->params[i].dim[d];
        for (int j = 0; j < n->n_params; j++)
            if (!strcmp(m->params[i].name, n->params[j].name))
                memcpy((char *)to + n->params[j].offset, (const char *)from + m->params[i].offset, size);
    }
}

static int compare(const nn_model *m, const void *alone) {
    int bad = m->n_grads == 0;
    for (int i = 0; i < m->n_grads; i++) {
        size_t size = 1;
        for (int d = 0; d < m->grads[i].rank; d++) size *= (size_t)m->grads[i].dim[d];
        for (int j = 0; j < against_model.n_grads; j++)
            if (!strcmp(m->grads[i].name, against_model.grads[j].name))
                bad |= differ(m->grads[i].name, (const nn_real *)(const void *)((const char *)&both + against_model.grads[j].offset),
                              (const nn_real *)(const void *)((const char *)alone + m->grads[i].offset), size);
    }
    return bad;
}

int main(void) {
    nn_real x[4][2] = { { 1, 2 }, { -1, 0.5 }, { 0.25, -2 }, { 3, 1 } }, real[4][3] = { { 1, 0, 2 }, { 0, 1, 1 }, { 2, 2, 0 }, { 1, 1, 1 } };
    against_init(&both, 1);
    critic_alone_init(&critic, 2);
    maker_alone_init(&maker, 3);
    share(&against_model, &both, &critic_alone_model, &critic);
    share(&against_model, &both, &maker_alone_model, &maker);
    double of_both = against_gradients(&both, 4, &x[0][0], &real[0][0]);
    double sum = critic_alone_gradients(&critic, 4, &x[0][0], &real[0][0]) + maker_alone_gradients(&maker, 4, &x[0][0], &real[0][0]);
    int bad = fabs(of_both - sum) > 1e-12;
    if (bad) printf("without a loss line the model's loss is %g, and should be the sum of both, %g\n", of_both, sum);
    bad |= compare(&critic_alone_model, &critic);
    bad |= compare(&maker_alone_model, &maker);
    return bad;
}
