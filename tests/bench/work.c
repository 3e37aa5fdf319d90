/* Times the steps of one generated program on data in memory; bench.py runs it in turn with its peers.
 *
 *     work SECONDS        (linked with a generated file; MODEL is its table, NAME_model)
 *
 * prints:  loss L         after 20 steps from the weights below: equal work is checked before anything is timed
 *          us M           microseconds a step: the median of windows of ten milliseconds and more
 *          rss K          peak resident memory, in KiB
 *
 * Data and weights are the same formula on both sides (peer_torch.py). With h(i, p) the mixing of element i of array p,
 * u = h / 2^24 is in [0, 1): inputs are u, labels floor(u*classes), weights of rank 2 and more (2u - 1)/sqrt(fan), fan the
 * product of all extents but the first; other parameters keep their first values if these are constants, else they are 0. */
#include <math.h>
#include <nn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

extern const nn_model MODEL;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double uniform(uint32_t i, uint32_t p) {
    uint32_t h = (i + 1) * 2654435761u + (p + 1) * 2246822519u;
    h ^= h >> 16;
    h *= 2246822507u;
    h ^= h >> 13;
    return (double)(h >> 8) / 16777216.0;
}

static size_t elements(const nn_tensor *t) {
    size_t n = 1;
    for (int d = 0; d < t->rank; d++) n *= (size_t)t->dim[d];
    return n;
}

static void *array(size_t bytes) {
    void *a = calloc(1, bytes + 64);
    if (!a) { fprintf(stderr, "no memory\n"); exit(1); }
    return a;
}

static void set_weights(const nn_model *m, char *instance) {
    for (int p = 0; p < m->n_params; p++) {
        const nn_tensor *t = &m->params[p];
        float *w = (float *)(void *)(instance + t->offset);
        size_t n = elements(t);
        const char *local = strrchr(t->name, '.');
        bool gain = local && !strcmp(local, ".gain");
        for (size_t i = 0; i < n && t->rank < 2 && t->rank > 0; i++) w[i] = gain ? 1 : 0;
        for (size_t i = 0; i < n && t->rank > 1; i++)
            w[i] = (float)((2 * uniform((uint32_t)i, (uint32_t)p) - 1) / sqrt((double)n / (double)t->dim[0]));
    }
}

static const void **make_inputs(const nn_model *m) {
    int count = m->n_inputs + m->n_targets;
    const void **inputs = array(sizeof *inputs * (size_t)count);
    for (int k = 0; k < count; k++) {
        const nn_tensor *t = &m->inputs[k];
        size_t n = elements(t) * (size_t)m->batch;
        float *real = array(n * sizeof *real);
        int32_t *whole = (int32_t *)(void *)real;
        for (size_t i = 0; i < n; i++) {
            double u = uniform((uint32_t)i, 1000 + (uint32_t)k);
            if (t->type == NN_I32) whole[i] = (int32_t)(u * (double)(t->high + 1));
            else real[i] = (float)u;
        }
        inputs[k] = real;
    }
    return inputs;
}

static int order(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    const nn_model *m = &MODEL;
    double seconds = argc > 1 ? atof(argv[1]) : 1, loss = 0;
    char *instance = array(m->size);
    const void **inputs = make_inputs(m);
    m->init(instance, 1);
    set_weights(m, instance);
    for (int k = 0; k < 20; k++) {
        loss = m->gradients(instance, m->batch, inputs);
        m->update(instance);
    }
    printf("loss %.9g\n", loss);
    double windows[4096], start = now(), took = 0;
    int n = 0, steps = 1;
    while (n < 4096 && (now() - start < seconds || n < 5)) {
        double begin = now();
        for (int k = 0; k < steps; k++) {
            m->gradients(instance, m->batch, inputs);
            m->update(instance);
        }
        took = now() - begin;
        if (took < 0.01 && n == 0) { steps = (int)(steps * 0.012 / (took > 1e-7 ? took : 1e-7)) + 1; if (steps > 1 && took < 0.008) continue; }
        windows[n++] = took / steps;
    }
    qsort(windows, (size_t)n, sizeof *windows, order);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("us %.6g\nrss %ld\n", windows[n / 2] * 1e6, usage.ru_maxrss);
    return 0;
}
