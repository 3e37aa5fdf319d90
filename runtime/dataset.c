/* dataset.c: the samples of a model: one array for each input and target, sample i of each belonging together.
 *
 * Files are bound by the names of the model's inputs and targets. What the command line does not bind comes from the defaults
 * in the model. In are names and files; out are arrays of the same number of samples, whose values the model can take. Windows
 * of one sample lie at the same place in all arrays that are cut.
 *
 * SPDX-License-Identifier: 0BSD */
#include "texts.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *nn_bound_file(const nn_binding *bound, int n_bound, const char *name) {
    for (int i = n_bound; i-- > 0;)
        if (!strcmp(bound[i].name, name)) return bound[i].file;
    return NULL;
}

bool nn_names_known(const nn_model *m, const nn_binding *bound, int n_bound, const char *option, nn_failure *f) {
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

/* Files of inputs that are wanted, for each a list of paths. */
static bool locate(nn_paths *paths, const nn_model *m, int count, nn_split split, const nn_binding *bound, int n_bound,
                   const char *directory, nn_failure *f) {
    for (int i = 0; i < count; i++) {
        const nn_tensor *t = &m->inputs[i];
        const char *own = split == NN_TRAIN ? t->train : t->test, *file = nn_bound_file(bound, n_bound, t->name);
        nn_failure inner = { 0 };
        if (!nn_locate(&paths[i], file ? file : own, !file, directory, own, &inner))
            return nn_fail(f, "%s; say where the data are with --data DIR or %s %s=FILE", inner.text,
                           split == NN_TRAIN ? "--train" : "--test", t->name);
    }
    return true;
}

/* The next array of the data set. */
static bool open_array(nn_dataset *d, const nn_tensor *t, const nn_paths *paths, bool any, nn_vocabulary *v, const char *first_name,
                       nn_failure *f) {
    nn_array *a = &d->arrays[d->n_arrays++];
    const char *path = paths->path[0];
    if (!nn_read_files(paths, t, any, v, a, f)) return false;
    if (a->dim[0] == 0) return nn_fail(f, "%s: holds no sample", path);
    if (a->dim[0] != d->arrays[0].dim[0])
        return nn_fail(f, "%s: %" PRId64 " samples for '%s', but '%s' has %" PRId64 "; bind files that belong together", path,
                       a->dim[0], t->name, first_name, d->arrays[0].dim[0]);
    return !a->windows || nn_windows_share(&d->windows, a, t, path, f);
}

static bool same_stem(const char *a, const char *b) {
    const char *slash = strrchr(a, '/'), *name = slash ? slash + 1 : a, *other = (slash = strrchr(b, '/')) ? slash + 1 : b;
    size_t n = strcspn(name, "."), m = strcspn(other, ".");
    return n == m && !memcmp(name, other, n);
}

/* Pictures and masks go together by their order. If some have the same names and others not, one is missing somewhere. */
static bool names_agree(const nn_dataset *d, const nn_model *m, nn_failure *f) {
    for (int k = 1; k < d->n_arrays; k++) {
        const nn_array *a = &d->arrays[0], *b = &d->arrays[k];
        int64_t same = 0, other = -1;
        for (int64_t i = 0; i < a->dim[0]; i++) {
            const char *of_a = nn_array_file(a, i), *of_b = nn_array_file(b, i);
            if (!of_a || !of_b) break;
            if (same_stem(of_a, of_b)) same++;
            else if (other < 0) other = i;
        }
        if (same && other >= 0)
            return nn_fail(f, "sample %" PRId64 " is %s for '%s', but %s for '%s': others have the same name in both; is one missing?", other,
                           nn_array_file(a, other), m->inputs[0].name, nn_array_file(b, other), m->inputs[k].name);
    }
    return true;
}

static bool open_arrays(nn_dataset *d, const nn_model *m, int count, nn_split split, const nn_paths *paths, nn_texts *x, nn_failure *f) {
    if (!nn_texts_prepare(x, m, count, paths, split == NN_TRAIN, f)) return false;
    for (int i = 0; i < count; i++)
        if (!open_array(d, &m->inputs[i], &paths[i], split == NN_TRAIN && m->n_traps, nn_texts_find(x, i), m->inputs[0].name, f))
            return false;
    if (!names_agree(d, m, f)) return false;
    nn_windows_count(&d->windows, split == NN_TRAIN);
    return !__builtin_mul_overflow(d->arrays[0].dim[0], d->windows.per_sample, &d->samples)
        || nn_fail(f, "more windows than can be counted");
}

bool nn_dataset_open(nn_dataset *d, const nn_model *m, int count, nn_split split, const nn_binding *bound, int n_bound,
                     const char *directory, nn_texts *x, nn_failure *f) {
    const char *option = split == NN_TRAIN ? "--train" : "--test", *missing = NULL;
    int given = 0;
    *d = (nn_dataset){ 0 };
    if (count == 0) return nn_fail(f, "model %s has no input, so there are no samples to take", m->name);
    if (!nn_names_known(m, bound, n_bound, option, f)) return false;
    for (int i = 0; i < count; i++) {
        const nn_tensor *t = &m->inputs[i];
        if (nn_bound_file(bound, n_bound, t->name) || (split == NN_TRAIN ? t->train : t->test)) given++;
        else if (!missing) missing = t->name;
    }
    if (!given) return true;
    if (missing)
        return nn_fail(f, "no %s data for '%s': bind a file with %s %s=FILE", split == NN_TRAIN ? "training" : "test", missing,
                       option, missing);
    nn_paths *paths = calloc((size_t)count, sizeof *paths);
    d->arrays = calloc((size_t)count, sizeof *d->arrays);
    bool good = (paths && d->arrays) || nn_fail_memory(f, "data", (size_t)count * sizeof *d->arrays);
    good = good && locate(paths, m, count, split, bound, n_bound, directory, f) && open_arrays(d, m, count, split, paths, x, f);
    for (int i = 0; paths && i < count; i++) nn_paths_free(&paths[i]);
    free(paths);
    if (!good) nn_dataset_free(d);
    return good;
}

void nn_dataset_free(nn_dataset *d) {
    for (int i = 0; i < d->n_arrays; i++) nn_array_free(&d->arrays[i]);
    free(d->arrays);
    *d = (nn_dataset){ 0 };
}
