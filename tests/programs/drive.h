/* Drives any model through its table: instances on the heap, batches of made-up numbers, training steps.
 *
 * The numbers depend on nothing but `seed`, so two runs of the same steps must leave the same bytes. */
#ifndef DRIVE_H
#define DRIVE_H
#include <nn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_INPUTS = 16 };
typedef struct Batch { void *data[MOST_INPUTS]; int lengths[NN_MAX_LENGTHS]; } Batch;

/* On a line of the caches: values in between begin at the first line of an instance's workspace, so whole instances can be compared. */
static inline void *need(size_t bytes) {
    const size_t line = 64, size = bytes / line * line + line;
    void *p = aligned_alloc(line, size);
    if (!p) exit(2);
    return memset(p, 0, size);
}

static inline uint32_t next_number(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static inline Batch batch_new(const nn_model *model, uint32_t seed) {
    Batch batch;
    for (int k = 0; k < model->n_lengths; k++) batch.lengths[k] = 1 + (int)(seed*7 + (uint32_t)k*5) % model->lengths[k].most;
    for (int k = 0; k < model->n_inputs + model->n_targets; k++) {
        const nn_tensor *t = &model->inputs[k];
        size_t count = (size_t)model->batch;
        for (int d = 0; d < t->rank; d++) count *= (size_t)t->dim[d];
        batch.data[k] = need(count * sizeof(double));
        for (size_t i = 0; i < count; i++) {
            uint32_t number = next_number(&seed);
            int64_t low = t->low > t->high ? 0 : t->low, high = t->low > t->high ? 255 : t->high;
            int64_t whole = low + (int64_t)(number % (uint32_t)(high - low + 1));
            if (t->type == NN_U8) ((unsigned char *)batch.data[k])[i] = (unsigned char)whole;
            else if (t->type == NN_I32) ((int32_t *)batch.data[k])[i] = (int32_t)whole;
            else ((nn_real *)batch.data[k])[i] = (nn_real)(number % 2001) / (nn_real)1000 - (nn_real)1;
        }
    }
    return batch;
}

static inline void batch_free(const nn_model *model, Batch *batch) {
    for (int k = 0; k < model->n_inputs + model->n_targets; k++) free(batch->data[k]);
}

static inline void *instance_new(const nn_model *model, uint64_t seed) {
    void *instance = need(model->size);
    model->init(instance, seed);
    return instance;
}

/* One step of training; every third batch is not full. */
static inline void step(const nn_model *model, void *instance, int number) {
    Batch batch = batch_new(model, (uint32_t)number + 1);
    int n = number % 3 == 2 && model->batch > 1 ? model->batch - 1 : model->batch;
    model->gradients(instance, n, batch.lengths, (const void *const *)batch.data);
    model->update(instance);
    batch_free(model, &batch);
}

static inline int same_instance(const nn_model *model, const void *a, const void *b) {
    return memcmp(a, b, model->size) == 0;
}
#endif
