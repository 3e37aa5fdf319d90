/* windows.c: samples that are cut out of larger ones.
 *
 *     input image[128, 128] : byte        train-images of 30x512x512     30 pictures, of each 4x4 windows in an epoch
 *     input text[65] : byte               one text of 1115394 bytes      one row, 17159 windows
 *
 * Dims of extent 1 at the front count nothing; then a sample has as many axes as the model's shape, or the whole array has, and
 * is one sample. Training takes windows at random places: as many as tile the sample, each drawn from seed, epoch and the number
 * of the window alone, so that a resumed run goes on with the same ones. Elsewhere they tile the sample in order; the last one of
 * an axis is moved back so that it fits.
 *
 * All that is cut in a data set is cut at one place, counted from the last axis: a picture of 3x512x512 and its mask of 512x512.
 *
 * SPDX-License-Identifier: 0BSD */
#include "data.h"
#include <string.h>

/* How many dims follow those of extent 1 at the front, of which the last one stays. */
static int axes_of(const int64_t *dim, int rank) {
    while (rank > 1 && *dim == 1) dim++, rank--;
    return rank;
}

static bool covers(const int64_t *extent, const int64_t *window, int axes) {
    for (int i = 0; i < axes; i++)
        if (extent[i] < window[i]) return false;
    return true;
}

bool nn_windows_shape(nn_array *a, const nn_tensor *t, const char *path, nn_failure *f) {
    int want = axes_of(t->dim, t->rank), have = axes_of(a->dim + 1, a->rank - 1), all = axes_of(a->dim, a->rank);
    const int64_t *window = t->dim + t->rank - want;
    bool each = want > 0 && have == want && covers(a->dim + a->rank - have, window, want),
         whole = want > 0 && all == want && covers(a->dim + a->rank - all, window, want);
    if (each || whole) {
        memmove(a->dim + 1, a->dim + a->rank - want, (size_t)want * sizeof *a->dim);
        if (!each) a->dim[0] = 1;
        a->rank = 1 + want;
        return a->windows = true;
    }
    char larger[160], smaller[160];
    nn_shape_text(larger, sizeof larger, a->dim, a->rank);
    nn_shape_text(smaller, sizeof smaller, t->dim, t->rank);
    return nn_fail(f, "%s: holds %s, the first extent being the samples: no windows of %s for '%s' can be cut from that", path, larger,
                   smaller, t->name);
}

static const int64_t *window_of(const nn_array *a, const nn_tensor *t) { return t->dim + t->rank - (a->rank - 1); }

bool nn_windows_share(nn_windows *w, const nn_array *a, const nn_tensor *t, const char *path, nn_failure *f) {
    const int axes = a->rank - 1, most = axes > w->axes ? axes : w->axes;
    const int64_t *window = window_of(a, t);
    for (int k = 0; w->axes && k < most; k++) {
        int64_t extent = k < axes ? a->dim[axes - k] : 1, size = k < axes ? window[axes - 1 - k] : 1;
        bool cut = extent != size || (k < w->axes && w->extent[k] != w->window[k]);
        if (!cut || (k < axes && k < w->axes && extent == w->extent[k] && size == w->window[k])) continue;
        int64_t had[NN_MAX_RANK], by[NN_MAX_RANK];
        char text[4][160];
        for (int i = 0; i < w->axes; i++) had[w->axes - 1 - i] = w->extent[i], by[w->axes - 1 - i] = w->window[i];
        nn_shape_text(text[0], sizeof text[0], window, axes);
        nn_shape_text(text[1], sizeof text[1], a->dim + 1, axes);
        nn_shape_text(text[2], sizeof text[2], by, w->axes);
        nn_shape_text(text[3], sizeof text[3], had, w->axes);
        return nn_fail(f, "%s: '%s' takes windows of %s from %s, but '%s' of %s from %s; all windows share one place, so bind files "
                       "of the same extents", path, t->name, text[0], text[1], w->name, text[2], text[3]);
    }
    if (!w->name) w->name = t->name;
    for (; w->axes < most; w->axes++) {
        w->extent[w->axes] = a->dim[axes - w->axes];
        w->window[w->axes] = window[axes - 1 - w->axes];
    }
    return true;
}

void nn_windows_count(nn_windows *w, bool random) {
    w->random = random;
    w->per_sample = 1;
    for (int k = 0; k < w->axes; k++) {
        w->count[k] = (w->extent[k] + (random ? 0 : w->window[k] - 1)) / w->window[k];
        w->per_sample *= w->count[k];
    }
}

void nn_windows_place(const nn_windows *w, uint64_t seed, uint64_t epoch, int64_t number, int64_t *place) {
    uint64_t state = seed;
    state = nn_draw(&state) ^ epoch;
    state = nn_draw(&state) ^ (uint64_t)number;
    for (int k = 0; k < w->axes; k++) {
        int64_t room = w->extent[k] - w->window[k], tile = number % w->count[k] * w->window[k];
        place[k] = w->random ? (int64_t)nn_draw_below(&state, (uint64_t)room + 1) : tile < room ? tile : room;
        number /= w->count[k];
    }
}

/* Run by run: what lies in one piece in the sample is read at once. */
bool nn_windows_read(const nn_array *a, const nn_tensor *t, int64_t sample, const int64_t *place, void *to, nn_failure *f) {
    const int axes = a->rank - 1;
    const int64_t *extent = a->dim + 1, *window = window_of(a, t);
    int outer = axes - 1;
    size_t inner = 1, run = (size_t)window[outer], runs = 1;
    for (; outer > 0 && window[outer] == extent[outer]; outer--) {
        inner *= (size_t)extent[outer];
        run *= (size_t)window[outer - 1];
    }
    for (int i = 0; i < outer; i++) runs *= (size_t)window[i];
    for (size_t r = 0; r < runs; r++, to = (char *)to + run * nn_type_size(t->type)) {
        size_t rest = r, at = (size_t)place[axes - 1 - outer] * inner, stride = inner * (size_t)extent[outer];
        for (int i = outer - 1; i >= 0; i--) {
            at += (rest % (size_t)window[i] + (size_t)place[axes - 1 - i]) * stride;
            rest /= (size_t)window[i];
            stride *= (size_t)extent[i];
        }
        if (!nn_array_read(a, sample, at, run, to, t->type, f)) return false;
    }
    return true;
}
