/* dataset.c: the samples of a model: one array for each input and target, row i of each belonging together.
 *
 * Files are bound by the names of the model's inputs and targets. What the command line does not bind comes from the defaults
 * in the model. In are names and files; out are arrays of the same number of samples, whose values the model can take.
 *
 * SPDX-License-Identifier: 0BSD */
#include "data.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool ends_with(const char *path, size_t length, const char *end) {
    size_t n = strlen(end);
    return length >= n && !memcmp(path + length - n, end, n);
}

static bool raw_type(const char *selector, nn_type *type) {
    static const struct { const char *name; nn_type type; } kinds[] = {
        { "u8", NN_U8 }, { "i32", NN_I32 }, { "f32", NN_F32 }, { "f64", NN_F64 } };
    for (size_t i = 0; selector && i < 4; i++)
        if (!strcmp(selector, kinds[i].name)) return *type = kinds[i].type, true;
    return false;
}

/* NPY and IDX are known by their first bytes. The other formats have none, so there the name decides. */
static bool read_source(nn_source *s, const char *selector, const nn_tensor *t, nn_array *a, nn_failure *f) {
    const char *path = nn_source_path(s);
    unsigned char head[8];
    size_t n = 0, length = strlen(path);
    nn_type type;
    if (ends_with(path, length, ".gz")) length -= 3;
    bool table = ends_with(path, length, ".csv") || ends_with(path, length, ".tsv"),
         text = table || ends_with(path, length, ".txt");
    bool cifar =
        ends_with(path, length, ".bin") || (selector && (!strcmp(selector, "image") || !strcmp(selector, "label")) && !text);
    if (raw_type(selector, &type) && !table) return nn_read_raw(s, type, t, a, f);
    if (cifar) return nn_read_cifar(s, selector, t, a, f);
    if (!nn_source_peek(s, head, sizeof head, &n, f)) return false;
    bool npy = n == 8 && !memcmp(head, "\x93NUMPY", 6), idx = n >= 4 && !head[0] && !head[1] && head[2] >= 8 && head[2] <= 14;
    if ((npy || idx) && selector)
        return nn_fail(f, "%s: an %s file has no parts to choose: leave out ':%s'", path, npy ? "NPY" : "IDX", selector);
    if (npy) return nn_read_npy(s, a, f);
    if (idx) return nn_read_idx(s, a, f);
    if (text) return nn_read_csv(s, selector, t, a, f);
    return nn_fail(f,
                   "%s: the format is unknown: IDX and NPY are seen by content, .csv .tsv .txt (tables) and .bin (CIFAR) by name; "
                   "for plain numbers append :u8 :i32 :f32 or :f64",
                   path);
}

/* `any`: also NaN and infinities, which the program itself looks for. */
static bool read_file(const char *path, const char *selector, const nn_tensor *t, bool any, nn_array *a, nn_failure *f) {
    *a = (nn_array){ 0 };
    nn_source *s = nn_source_open(path, f);
    if (!s) return false;
    bool good = read_source(s, selector, t, a, f);
    if (good && !any) good = nn_array_finite(a, t, path, f);
    if (good) good = nn_array_suits(a, t, path, f);
    if (!good) nn_array_free(a);
    nn_source_close(s);
    return good;
}

bool nn_read_file(const char *path, const char *selector, const nn_tensor *t, nn_array *a, nn_failure *f) {
    return read_file(path, selector, t, false, a, f);
}

static bool read_all(const nn_paths *p, const char *selector, const nn_tensor *t, bool any, nn_array *a, nn_failure *f) {
    if (!read_file(p->path[0], selector, t, any, a, f)) return false;
    for (size_t i = 1; i < p->count; i++) {
        nn_array more;
        if (!read_file(p->path[i], selector, t, any, &more, f)) return false;
        bool good = nn_array_join(a, &more, p->path[i], f);
        nn_array_free(&more);
        if (!good) return false;
    }
    return true;
}

static const char *bound_file(const nn_binding *bound, int n_bound, const char *name) {
    for (int i = n_bound; i-- > 0;)
        if (!strcmp(bound[i].name, name)) return bound[i].file;
    return NULL;
}

static bool names_known(const nn_model *m, const nn_binding *bound, int n_bound, const char *option, nn_failure *f) {
    int count = m->n_inputs + m->n_targets;
    for (int i = 0; i < n_bound; i++) {
        const char *names[64] = { NULL };
        int n = 0, k = 0;
        while (k < count && strcmp(m->inputs[k].name, bound[i].name)) k++;
        if (k < count) continue;
        for (k = 0; k < count && k < 64; k++) names[n++] = m->inputs[k].name;
        const char *near = nn_nearest(bound[i].name, names, (size_t)n);
        if (!near && n > 0) near = names[0];
        return nn_fail(f, "%s %s=...: model %s has no input or target '%s'; did you mean '%s'?", option, bound[i].name, m->name,
                       bound[i].name, near ? near : "");
    }
    return true;
}

bool nn_dataset_open(nn_dataset *d, const nn_model *m, int count, nn_split split, const nn_binding *bound, int n_bound,
                     const char *directory, nn_failure *f) {
    const char *option = split == NN_TRAIN ? "--train" : "--test", *missing = NULL;
    int given = 0;
    *d = (nn_dataset){ 0 };
    if (count == 0) return nn_fail(f, "model %s has no input, so there are no samples to take", m->name);
    if (!names_known(m, bound, n_bound, option, f)) return false;
    for (int i = 0; i < count; i++) {
        const nn_tensor *t = &m->inputs[i];
        if (bound_file(bound, n_bound, t->name) || (split == NN_TRAIN ? t->train : t->test)) given++;
        else if (!missing) missing = t->name;
    }
    if (!given) return true;
    if (missing)
        return nn_fail(f, "no %s data for '%s': bind a file with %s %s=FILE", split == NN_TRAIN ? "training" : "test", missing,
                       option, missing);
    d->arrays = calloc((size_t)count, sizeof *d->arrays);
    if (!d->arrays) return nn_fail_memory(f, "data", (size_t)count * sizeof *d->arrays);
    for (; d->n_arrays < count; d->n_arrays++) {
        const nn_tensor *t = &m->inputs[d->n_arrays];
        const char *selector, *own = split == NN_TRAIN ? t->train : t->test, *file = bound_file(bound, n_bound, t->name);
        nn_failure inner = { 0 };
        nn_array *a = &d->arrays[d->n_arrays];
        nn_paths paths;
        if (!nn_locate(&paths, file ? file : own, !file, directory, own, &selector, &inner)) {
            nn_dataset_free(d);
            return nn_fail(f, "%s; say where the data are with --data DIR or %s %s=FILE", inner.text, option, t->name);
        }
        bool good = read_all(&paths, selector, t, split == NN_TRAIN && m->n_traps, a, f);
        if (good && d->n_arrays && a->dim[0] != d->arrays[0].dim[0])
            good = nn_fail(f, "%s: %" PRId64 " samples for '%s', but '%s' has %" PRId64 "; bind files that belong together",
                           paths.path[0], a->dim[0], t->name, m->inputs[0].name, d->arrays[0].dim[0]);
        if (good && a->dim[0] == 0) good = nn_fail(f, "%s: holds no sample", paths.path[0]);
        nn_paths_free(&paths);
        if (!good) {
            d->n_arrays++;
            nn_dataset_free(d);
            return false;
        }
    }
    d->samples = d->arrays[0].dim[0];
    return true;
}

void nn_dataset_free(nn_dataset *d) {
    for (int i = 0; i < d->n_arrays; i++) nn_array_free(&d->arrays[i]);
    free(d->arrays);
    *d = (nn_dataset){ 0 };
}
