/* batches.c: the order of samples in an epoch, and one batch after another in the model's element types.
 *
 * The order is a pure function of the seed and the epoch, so a resumed run needs no more than the position to go on where it was.
 * The last batch of an epoch holds what is left.
 *
 * SPDX-License-Identifier: 0BSD */
#include "data.h"
#include <stdlib.h>
#include <string.h>

/* splitmix64: a counter, mixed. */
static uint64_t draw(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Uniform below n: draws from the last, incomplete stretch of n are thrown away. */
static uint64_t draw_below(uint64_t *state, uint64_t n) {
    uint64_t limit = UINT64_MAX - UINT64_MAX % n, z;
    do z = draw(state);
    while (z >= limit);
    return z % n;
}

void nn_permutation(int64_t *order, int64_t count, uint64_t seed, uint64_t epoch) {
    uint64_t state = seed;
    state = draw(&state) ^ epoch;       /* mixed first: else seed 1, epoch 0 would be seed 0, epoch 1 */
    for (int64_t i = 0; i < count; i++) order[i] = i;
    for (int64_t i = count - 1; i > 0; i--) {
        int64_t j = (int64_t)draw_below(&state, (uint64_t)i + 1), swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
}

bool nn_batches_open(nn_batches *b, const nn_dataset *d, const nn_tensor *tensors, int n_tensors, int batch, bool shuffle,
                     nn_failure *f) {
    *b = (nn_batches){ .data = d, .tensors = tensors, .n_tensors = n_tensors, .batch = batch };
    for (int i = 0; i < n_tensors; i++)
        for (int k = 0; k < tensors[i].rank; k++)
            if (tensors[i].length[k]) b->lengths[tensors[i].length[k] - 1] = (int)tensors[i].dim[k];
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
    if (b->order) nn_permutation(b->order, b->data->samples, seed, (uint64_t)epoch);
}

int nn_batches_next(nn_batches *b) {
    int64_t left = b->data->samples - b->position;
    int n = left < b->batch ? (int)left : b->batch;
    for (int k = 0; k < b->n_tensors; k++) {
        const nn_array *a = &b->data->arrays[k];
        size_t count = nn_tensor_elements(&b->tensors[k]), from = count * nn_type_size(a->type),
               to = count * nn_type_size(b->tensors[k].type);
        for (int i = 0; i < n; i++) {
            int64_t sample = b->order ? b->order[b->position + i] : b->position + i;
            nn_convert((char *)b->buffers[k] + (size_t)i * to, b->tensors[k].type, (const char *)a->data + (size_t)sample * from,
                       a->type, count);
        }
    }
    b->position += n;
    return b->given = n;
}

void nn_batches_close(nn_batches *b) {
    for (int i = 0; b->buffers && i < b->n_tensors; i++) free(b->buffers[i]);
    free(b->buffers);
    free(b->order);
    *b = (nn_batches){ 0 };
}
