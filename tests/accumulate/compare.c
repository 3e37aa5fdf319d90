/* A model for whole batches (full_) and the same for micro-batches (parts_) get the same samples: after each update, and in
 * the gradients before it, they agree to a tolerance. Micro-batches have 4, 4, 3 and 1 samples; the second of every other
 * update has class 2 only, where classes are. */
#include "parts.h"
#include "full.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UPDATES = 6, WHOLE = 12, N_PARTS = 4 };
static const int sizes[N_PARTS] = { 4, 4, 3, 1 };
static full full_instance;
static parts parts_instance;

static double draw(void) {
    static uint64_t z = 1;
    z = z * 6364136223846793005u + 1442695040888963407u;
    return (double)(z >> 11) * 0x1p-53;
}

static size_t elements(const nn_tensor *t) {
    size_t n = 1;
    for (int k = 0; k < t->rank; k++) n *= (size_t)t->dim[k];
    return n;
}

static void fill(const nn_tensor *t, void *to, int update) {
    size_t each = elements(t);
    for (size_t k = 0; k < WHOLE * each; k++) {
        double u = draw();
        int blank = update % 2 && k / each >= 4 && k / each < 8 && t->high == 3;
        if (t->type == NN_I32) ((int32_t *)to)[k] = blank ? 2 : (int32_t)(t->low + (int64_t)(u * (double)(t->high - t->low + 1)));
        else ((nn_real *)to)[k] = (nn_real)(2 * u - 1);
    }
}

/* The largest difference over the largest number of an array. */
static double difference(const nn_tensor *a, const nn_tensor *b) {
    const nn_real *x = (const nn_real *)((const char *)&full_instance + a->offset), *y = (const nn_real *)((const char *)&parts_instance + b->offset);
    double most = 1e-300, worst = 0;
    for (size_t k = 0; k < elements(a); k++) {
        if (!(fabs((double)(x[k] - y[k])) <= worst)) worst = fabs((double)(x[k] - y[k]));
        if (fabs((double)x[k]) > most) most = fabs((double)x[k]);
    }
    return worst / most;
}

static int agree(int n, const nn_tensor *a, const nn_tensor *b, int update, const char *what, double tolerance) {
    for (int k = 0; k < n; k++) {
        double d = difference(&a[k], &b[k]);
        if (d <= tolerance) continue;
        printf("update %d: %s %s differs by %.3g\n", update, what, a[k].name, d);
        return 0;
    }
    return 1;
}

int main(int argc, char **argv) {
    const nn_model *w = &full_model, *p = &parts_model;
    double tolerance = argc > 1 ? atof(argv[1]) : 1e-12;
    char *data[2], *part[2];
    full_init(&full_instance, 7);
    parts_init(&parts_instance, 7);
    for (int i = 0; i < 2; i++) data[i] = malloc(WHOLE * elements(&w->inputs[i]) * sizeof(double));
    for (int update = 0; update < UPDATES; update++) {
        for (int i = 0; i < 2; i++) fill(&w->inputs[i], data[i], update);
        full_gradients(&full_instance, WHOLE, (const void *)data[0], (const void *)data[1]);
        for (int k = 0, first = 0; k < N_PARTS; first += sizes[k++]) {
            for (int i = 0; i < 2; i++) {
                size_t size = w->inputs[i].type == NN_I32 ? sizeof(int32_t) : sizeof(nn_real);
                part[i] = data[i] + (size_t)first * elements(&w->inputs[i]) * size;
            }
            /* By hand and by step in turns. */
            if (update % 3 == 2) parts_step(&parts_instance, sizes[k], (const void *)part[0], (const void *)part[1]);
            else parts_gradients(&parts_instance, sizes[k], (const void *)part[0], (const void *)part[1]);
            if (parts_instance.step != update + (update % 3 == 2 && k == N_PARTS - 1)) return printf("update %d: the step is wrong\n", update), 1;
        }
        if (!agree(w->n_grads, w->grads, p->grads, update, "the gradient of", tolerance)) return 1;
        full_update(&full_instance);
        if (update % 3 != 2) parts_update(&parts_instance);
        if (!agree(w->n_params, w->params, p->params, update, "the parameter", tolerance)) return 1;
        if (parts_instance.gathered.samples || parts_instance.gathered.batches) return printf("update %d: did not begin anew\n", update), 1;
    }
    for (int i = 0; i < 2; i++) free(data[i]);
    return 0;
}
