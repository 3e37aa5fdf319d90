/* order.c: the order of samples in an epoch.
 *
 * It is drawn anew for each epoch, as a pure function of the seed and the epoch, so a resumed run needs no more than the position
 * to go on where it was.
 *
 * A batch of sentences costs as many places as its longest one has. So where samples are lines of texts, those of like length go
 * together: a pool of 100 batches is drawn, sorted by length, and cut into batches, which come in an order that is drawn too. Of
 * several texts the first one counts first: batches are of about one length of the source, and within it of the target. The
 * last batch, of what is left, is as it was drawn.
 *
 * SPDX-License-Identifier: 0BSD */
#include "data.h"
#include <stdlib.h>

enum { BATCHES_OF_A_POOL = 100 };

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

static void shuffle(int64_t *order, int64_t count, uint64_t *state) {
    for (int64_t i = count - 1; i > 0; i--) {
        int64_t j = (int64_t)nn_draw_below(state, (uint64_t)i + 1), swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
}

uint64_t nn_permutation(int64_t *order, int64_t count, uint64_t seed, uint64_t epoch) {
    uint64_t state = seed;
    state = nn_draw(&state) ^ epoch;       /* mixed first: else seed 1, epoch 0 would be seed 0, epoch 1 */
    for (int64_t i = 0; i < count; i++) order[i] = i;
    shuffle(order, count, &state);
    return state;
}

/* A text whose length calls are given: other extents cost the same however long a line is. */
static bool varies(const nn_array *a, const nn_tensor *t) {
    for (int k = 0; k < t->rank; k++)
        if (t->length[k]) return a->padded;
    return false;
}

/* length = length*(places of this text + 1) + places that the line fills: the texts before it count first. */
static bool measure(nn_order *o, const nn_dataset *d, const nn_array *a, const nn_tensor *t, nn_failure *f) {
    size_t count = nn_tensor_elements(t);
    void *row = malloc(count * nn_type_size(t->type) + 1);
    bool good = row || nn_fail_memory(f, "a line", count);
    for (int64_t i = 0; good && i < o->samples; i++) {
        good = nn_array_sample(a, t, i / d->windows.per_sample, row, f);
        if (good) o->length[i] = o->length[i] * (count + 1) + (uint64_t)nn_padded_length(row, t->type, (int64_t)count);
    }
    free(row);
    return good;
}

bool nn_order_open(nn_order *o, const nn_dataset *d, const nn_tensor *tensors, int n_tensors, int batch, nn_failure *f) {
    size_t samples = (size_t)d->samples, pool = (size_t)BATCHES_OF_A_POOL * (size_t)batch;
    *o = (nn_order){ .samples = d->samples, .batch = batch, .sample = malloc(samples * sizeof *o->sample + 1) };
    bool good = o->sample || nn_fail_memory(f, "the order of samples", samples);
    for (int k = 0; good && k < n_tensors; k++) {
        if (!varies(&d->arrays[k], &tensors[k])) continue;
        if (!o->length) {
            o->length = calloc(samples + 1, sizeof *o->length);
            o->pool = malloc((pool < samples ? pool : samples) * sizeof *o->pool + 1);
            if (!o->length || !o->pool) good = nn_fail_memory(f, "the order of samples", samples);
        }
        good = good && measure(o, d, &d->arrays[k], &tensors[k], f);
    }
    if (!good) nn_order_free(o);
    return good;
}

/* By length; what is as long stays as it was drawn. */
static int shorter(const void *a, const void *b) {
    const nn_ranked *x = a, *y = b;
    return x->length != y->length ? (x->length < y->length ? -1 : 1) : x->drawn < y->drawn ? -1 : x->drawn > y->drawn;
}

/* The samples of whole batches. */
static void sort_pool(nn_order *o, int64_t *sample, int64_t batches, uint64_t *state) {
    int64_t place[BATCHES_OF_A_POOL], count = batches * o->batch;
    for (int64_t i = 0; i < count; i++)
        o->pool[i] = (nn_ranked){ .length = o->length[sample[i]], .drawn = i, .sample = sample[i] };
    qsort(o->pool, (size_t)count, sizeof *o->pool, shorter);
    for (int64_t k = 0; k < batches; k++) place[k] = k;
    shuffle(place, batches, state);
    for (int64_t i = 0; i < count; i++) sample[i] = o->pool[place[i / o->batch] * o->batch + i % o->batch].sample;
}

void nn_order_draw(nn_order *o, uint64_t seed, uint64_t epoch) {
    uint64_t state = nn_permutation(o->sample, o->samples, seed, epoch);
    if (!o->length) return;
    for (int64_t at = 0, batches; (batches = (o->samples - at) / o->batch) > 0; at += batches * o->batch) {
        if (batches > BATCHES_OF_A_POOL) batches = BATCHES_OF_A_POOL;
        sort_pool(o, o->sample + at, batches, &state);
    }
}

void nn_order_free(nn_order *o) {
    free(o->sample);
    free(o->length);
    free(o->pool);
    *o = (nn_order){ 0 };
}
