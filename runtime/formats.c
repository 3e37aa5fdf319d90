/* formats.c: which reader a file is for, and all that it takes from the files of a binding to an array that a model can use.
 *
 * A directory holds pictures. NPY and IDX are known by their first bytes. The other formats have none, so there the name decides, or
 * the part that is chosen. A text is asked for by its part, or is what no other format claims where the input has a vocabulary.
 *
 * SPDX-License-Identifier: 0BSD */
#include "texts.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

static bool read_source(nn_source *s, const nn_choice *c, const nn_tensor *t, nn_vocabulary *v, nn_array *a, nn_failure *f) {
    const char *path = nn_source_path(s), *part = c->part;
    unsigned char head[8];
    size_t n = 0, length = strlen(path);
    nn_type type;
    nn_unit unit;
    if (v && nn_texts_unit(c, &unit)) return nn_read_text(s, v, t, a, f);
    if (ends_with(path, length, ".gz")) length -= 3;
    bool table = ends_with(path, length, ".csv") || ends_with(path, length, ".tsv"),
         text = table || ends_with(path, length, ".txt");
    bool cifar = ends_with(path, length, ".bin") || (part && (!strcmp(part, "image") || !strcmp(part, "label")) && !text);
    if (raw_type(part, &type) && !table) return nn_read_raw(s, type, c, t, a, f);
    if (cifar) return nn_read_cifar(s, c, t, a, f);
    if (!nn_source_peek(s, head, sizeof head, &n, f)) return false;
    bool npy = n == 8 && !memcmp(head, "\x93NUMPY", 6), idx = n >= 4 && !head[0] && !head[1] && head[2] >= 8 && head[2] <= 14;
    if ((npy || idx) && part)
        return nn_fail(f, "%s: an %s file has no parts to choose: leave out ':%s'", path, npy ? "NPY" : "IDX", part);
    if (npy) return nn_read_npy(s, a, f);
    if (idx) return nn_read_idx(s, a, f);
    if (v && !table && !part) return nn_read_text(s, v, t, a, f);
    if (text) return nn_read_csv(s, c, t, a, f);
    return nn_fail(f,
                   "%s: the format is unknown: IDX and NPY are seen by content, .csv .tsv .txt (tables) and .bin (CIFAR) by name; "
                   "for plain numbers append :u8 :i32 :f32 or :f64, for text :lines or :chars",
                   path);
}

static bool read_file(const char *path, const nn_choice *c, const nn_tensor *t, nn_vocabulary *v, nn_array *a, nn_failure *f) {
    struct stat status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) return nn_read_folder(path, c, t, a, f);
    nn_source *s = nn_source_open(path, f);
    bool good = s && read_source(s, c, t, v, a, f);
    nn_source_close(s);
    return good;
}

static bool read_all(const nn_paths *p, const nn_tensor *t, nn_vocabulary *v, nn_array *a, nn_failure *f) {
    for (size_t i = 0; i < p->count; i++) {
        nn_array more = { .held = a->held };
        bool good = read_file(p->path[i], &p->choice, t, v, i ? &more : a, f);
        more.held -= a->held;
        if (good && i) good = nn_array_join(a, &more, p->path[i], f);
        nn_array_free(&more);
        if (!good) return false;
    }
    return true;
}

/* Samples of the tensor's shape or, if asked for, of a larger one. */
static bool shape(nn_array *a, bool windows, const nn_tensor *t, const char *path, nn_failure *f) {
    if (nn_array_fits(a, t)) return true;
    if (nn_array_shorter(a, t)) return a->shorter = true;
    if (windows) return nn_windows_shape(a, t, path, f);
    char have[160], want[160];
    nn_failure none = { 0 };
    nn_array copy = *a;
    nn_shape_text(have, sizeof have, a->dim + 1, a->rank - 1);
    nn_shape_text(want, sizeof want, t->dim, t->rank);
    return nn_fail(f, "%s: a sample is %s, but '%s' is %s; bind another file, or change the model%s", path, have, t->name, want,
                   nn_windows_shape(&copy, t, path, &none) ? ", or append :windows to the file for samples that are cut from larger ones"
                                                           : "");
}

static bool choose(nn_array *a, const nn_choice *c, const char *path, nn_failure *f) {
    int64_t n = a->dim[0], first = n / 100 * c->first + n % 100 * c->first / 100;
    if (!c->ranged) return true;
    if (!c->percent) return nn_array_range(a, c->first, c->last, path, f);
    int64_t end = n / 100 * c->last + n % 100 * c->last / 100;
    return first < end ? nn_array_range(a, first, end - 1, path, f)
                       : nn_fail(f, "%s: samples=%" PRId64 "%%-%" PRId64 "%%: is none of %" PRId64 " samples", path, c->first, c->last, n);
}

bool nn_read_files(const nn_paths *p, const nn_tensor *t, bool any, nn_vocabulary *v, nn_array *a, nn_failure *f) {
    const char *path = p->path[0];
    const nn_choice *c = &p->choice;
    size_t all;
    *a = (nn_array){ 0 };
    bool good = read_all(p, t, v, a, f);
    if (good && !nn_product(a->dim, a->rank, &all)) good = nn_fail(f, "%s: more numbers than memory can hold", path);
    if (good) a->row = a->dim[0] ? all / (size_t)a->dim[0] : 0;
    bool windows = c->windows || (v && v->unit == NN_CHARACTERS);
    good = good && choose(a, c, path, f) && shape(a, windows, t, path, f) && nn_array_check(a, t, any, f);
    if (!good) nn_array_free(a);
    return good;
}
