/* batches.c: the order of samples in an epoch, and one batch after another in the model's element types.
 *
 * The order is a pure function of the seed and the epoch, so a resumed run needs no more than the position to go on where it was.
 * Sample number s of a data set with windows is window s % per_sample of sample s / per_sample.
 * The last batch of an epoch holds what is left.
 *
 * SPDX-License-Identifier: 0BSD */
#include "data.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

uint64_t nn_draw(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Uniform below n: draws from the last, incomplete stretch of n are thrown away. */
uint64_t nn_draw_below(uint64_t *state, uint64_t n) {
    uint64_t limit = UINT64_MAX - UINT64_MAX % n, z;
    do z = nn_draw(state);
    while (z >= limit);
    return z % n;
}

void nn_permutation(int64_t *order, int64_t count, uint64_t seed, uint64_t epoch) {
    uint64_t state = seed;
    state = nn_draw(&state) ^ epoch;       /* mixed first: else seed 1, epoch 0 would be seed 0, epoch 1 */
    for (int64_t i = 0; i < count; i++) order[i] = i;
    for (int64_t i = count - 1; i > 0; i--) {
        int64_t j = (int64_t)nn_draw_below(&state, (uint64_t)i + 1), swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
}

bool nn_batches_open(nn_batches *b, const nn_dataset *d, const nn_tensor *tensors, int n_tensors, int batch, bool shuffle,
                     nn_failure *f) {
    *b = (nn_batches){ .data = d, .tensors = tensors, .n_tensors = n_tensors, .batch = batch, .f = f };
    nn_lengths_most(tensors, n_tensors, b->lengths);
    bool good = (b->buffers = calloc((size_t)n_tensors + 1, sizeof *b->buffers)) != NULL;
    if (good && shuffle) good = (b->order = malloc((size_t)d->samples * sizeof *b->order + 1)) != NULL;
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
    if (b->order) nn_permutation(b->order, b->data->samples, seed, (uint64_t)epoch);
}

static int64_t sample_at(const nn_batches *b, int64_t position) { return b->order ? b->order[position] : position; }

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
    free(b->order);
    *b = (nn_batches){ 0 };
}
