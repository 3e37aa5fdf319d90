/* batches.c: one batch of an epoch after another, in the model's element types.
 *
 * Sample number s of a data set with windows is window s % per_sample of sample s / per_sample.
 * The last batch of an epoch holds what is left.
 *
 * SPDX-License-Identifier: 0BSD */
#include "data.h"
#include <inttypes.h>
#include <stdlib.h>

bool nn_batches_open(nn_batches *b, const nn_dataset *d, const nn_tensor *tensors, int n_tensors, int batch, bool shuffle,
                     nn_failure *f) {
    *b = (nn_batches){ .data = d, .tensors = tensors, .n_tensors = n_tensors, .batch = batch, .f = f };
    nn_lengths_most(tensors, n_tensors, b->lengths);
    if (shuffle && !nn_order_open(&b->order, d, tensors, n_tensors, batch, f)) return false;
    bool good = (b->buffers = calloc((size_t)n_tensors + 1, sizeof *b->buffers)) != NULL;
    for (int i = 0; good && i < n_tensors; i++)
        good =
            (b->buffers[i] = malloc((size_t)batch * nn_tensor_elements(&tensors[i]) * nn_type_size(tensors[i].type) + 1)) != NULL;
    if (good) return true;
    nn_batches_close(b);
    return nn_fail_memory(f, "a batch", (size_t)batch);
}

void nn_batches_start(nn_batches *b, uint64_t seed, int64_t epoch, int64_t position) {
    b->position = position;
    b->seed = seed;
    b->epoch = (uint64_t)epoch;
    if (b->order.sample) nn_order_draw(&b->order, seed, (uint64_t)epoch);
}

static int64_t sample_at(const nn_batches *b, int64_t position) { return b->order.sample ? b->order.sample[position] : position; }

static bool gather(nn_batches *b, int64_t number, int i) {
    const nn_windows *w = &b->data->windows;
    int64_t place[NN_MAX_RANK], sample = number / w->per_sample;
    nn_windows_place(w, b->seed, b->epoch, number, place);
    for (int k = 0; k < b->n_tensors; k++) {
        const nn_array *a = &b->data->arrays[k];
        const nn_tensor *t = &b->tensors[k];
        size_t count = nn_tensor_elements(t);
        void *to = (char *)b->buffers[k] + (size_t)i * count * nn_type_size(t->type);
        if (!(a->windows ? nn_windows_read(a, t, sample, place, to, b->f) : nn_array_sample(a, t, sample, to, b->f)))
            return false;
    }
    return true;
}

int nn_batches_next(nn_batches *b) {
    int64_t left = b->data->samples - b->position;
    int n = left < b->batch ? (int)left : b->batch;
    for (int i = 0; i < n; i++)
        if (!gather(b, sample_at(b, b->position + i), i)) {
            b->failed = true;
            return b->given = 0;
        }
    nn_lengths_of(b->data, b->tensors, b->n_tensors, b->buffers, n, b->lengths);
    b->position += n;
    return b->given = n;
}

int64_t nn_batches_sample(const nn_batches *b, int i, char *text, size_t size) {
    const nn_windows *w = &b->data->windows;
    int64_t place[NN_MAX_RANK], number = sample_at(b, b->position - b->given + i), sample = number / w->per_sample;
    nn_append(text, size, "sample %" PRId64 " of the data", sample);
    nn_windows_place(w, b->seed, b->epoch, number, place);
    for (int k = w->axes; k-- > 0;)
        nn_append(text, size, "%s%" PRId64 "%s", k == w->axes - 1 ? ", from [" : ", ", place[k], k ? "" : "] on");
    return sample;
}

void nn_batches_close(nn_batches *b) {
    for (int i = 0; b->buffers && i < b->n_tensors; i++) free(b->buffers[i]);
    free(b->buffers);
    nn_order_free(&b->order);
    *b = (nn_batches){ 0 };
}
