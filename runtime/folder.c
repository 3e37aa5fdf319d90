/* folder.c: a directory of pictures as an array.
 *
 *     DIR/CLASS/NAME.png .jpg .jpeg    the pictures of all classes; or their classes: sub-directories, sorted, from 0 on
 *     DIR/NAME.png .jpg .jpeg          pictures, or masks, sorted
 *
 * Names are compared byte by byte. Headers are read when the directory is opened, so that a picture of another size, or one that is
 * none, is found at once; pictures are decoded when a batch first wants them, and kept up to the array's limit of memory.
 *
 * A mask for a target of classes holds the classes as its numbers: grey values, or places in a palette. Where there are two
 * classes, 255 is 1, as painting programs write it. They are judged when they are decoded.
 *
 * SPDX-License-Identifier: 0BSD */
#include "elements.h"
#include "picture.h"
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

typedef struct Names { char **name; size_t count, room; } Names;        /* sorted paths */

typedef struct Folder {
    Names files;
    const nn_tensor *t;
    nn_pixels pixels;
    int64_t height, width;
    size_t size;                    /* bytes of a decoded picture */
    unsigned char **kept, *last;    /* decoded pictures; and the last one of those that are not kept */
    size_t room, last_file;
} Folder;

static void free_names(Names *n) {
    for (size_t i = 0; i < n->count; i++) free(n->name[i]);
    free(n->name);
    *n = (Names){ 0 };
}

static bool add_name(Names *n, const char *directory, const char *name, nn_failure *f) {
    if (n->count == n->room) {
        char **more = realloc(n->name, (n->room = n->room ? n->room * 2 : 64) * sizeof *more);
        if (!more) return nn_fail_memory(f, name, n->room * sizeof *more);
        n->name = more;
    }
    size_t length = strlen(directory);
    char *path = malloc(length + strlen(name) + 2);
    if (!path) return nn_fail_memory(f, name, length);
    sprintf(path, "%s%s%s", directory, length && directory[length - 1] != '/' ? "/" : "", name);
    n->name[n->count++] = path;
    return true;
}

static int compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static bool has_ending(const char *name, const char *const *endings) {
    const char *dot = strrchr(name, '.');
    for (; dot && *endings; endings++)
        if (!strcasecmp(dot + 1, *endings)) return true;
    return false;
}

/* The pictures and the sub-directories of a directory, sorted. What is neither is left out, but for pictures of other formats. */
static bool list(const char *path, Names *pictures, Names *directories, nn_failure *f) {
    static const char *const known[] = { "png", "jpg", "jpeg", NULL },
                      *const unknown[] = { "bmp", "gif", "tif", "tiff", "webp", "pgm", "ppm", "jp2", "heic", NULL };
    DIR *d = opendir(path);
    bool good = d || nn_fail(f, "%s: %s", path, strerror(errno));
    for (struct dirent *e; good && (e = readdir(d));) {
        struct stat status;
        if (e->d_name[0] == '.') continue;
        if (has_ending(e->d_name, unknown)) good = nn_fail(f, "%s/%s: is no PNG or JPEG picture; convert it", path, e->d_name);
        else if (has_ending(e->d_name, known)) good = add_name(pictures, path, e->d_name, f);
        else if (fstatat(dirfd(d), e->d_name, &status, 0) == 0 && S_ISDIR(status.st_mode)) good = add_name(directories, path, e->d_name, f);
    }
    if (d) closedir(d);
    if (pictures->count) qsort(pictures->name, pictures->count, sizeof *pictures->name, compare);
    if (directories->count) qsort(directories->name, directories->count, sizeof *directories->name, compare);
    return good;
}

/* All pictures. starts[k]: those before class k; NULL if there are no classes. */
static bool find(const char *path, Names *pictures, Names *classes, size_t **starts, nn_failure *f) {
    *starts = NULL;
    if (!list(path, pictures, classes, f)) return false;
    if (pictures->count && classes->count)
        return nn_fail(f, "%s: has both pictures and directories, such as %s; only one of them can be meant", path, classes->name[0]);
    if (classes->count && !(*starts = calloc(classes->count + 1, sizeof **starts))) return nn_fail_memory(f, path, classes->count);
    for (size_t k = 0; k < classes->count; k++) {
        Names deeper = { 0 }, here = { 0 };
        bool good = list(classes->name[k], &here, &deeper, f);
        if (good && deeper.count)
            good = nn_fail(f, "%s: a directory in a directory of a class; pictures lie in DIR/CLASS", deeper.name[0]);
        for (size_t i = 0; good && i < here.count; i++) good = add_name(pictures, "", here.name[i], f);
        free_names(&deeper);
        free_names(&here);
        if (!good) return false;
        (*starts)[k + 1] = pictures->count;
    }
    return pictures->count || nn_fail(f, "%s: holds no picture (.png .jpg .jpeg)", path);
}

static bool add_labels(nn_array *a, const char *path, const Names *classes, const size_t *starts, const nn_tensor *t, nn_failure *f) {
    if (!starts) return nn_fail(f, "%s: has no directories, which would be the classes of '%s'", path, t->name);
    if (t->low <= t->high && (int64_t)classes->count != t->high - t->low + 1)
        return nn_fail(f, "%s: has %zu directories, the classes, but '%s' has %" PRId64 " classes; one without pictures counts too", path,
                       classes->count, t->name, t->high - t->low + 1);
    int32_t *labels = malloc(starts[classes->count] * sizeof *labels);
    if (!labels) return nn_fail_memory(f, path, starts[classes->count] * sizeof *labels);
    for (size_t k = 0; k < classes->count; k++)
        for (size_t i = starts[k]; i < starts[k + 1]; i++) labels[i] = (int32_t)k;
    a->rank = 1;
    a->dim[0] = (int64_t)starts[classes->count];
    return nn_add_memory(a, path, NN_I32, labels, starts[classes->count], f);
}

/* Classes of pixels: 255 of two classes is 1; the others must be there. */
static bool judge(const Folder *d, size_t file, unsigned char *values, nn_failure *f) {
    const bool two = d->t->low == 0 && d->t->high == 1;
    for (size_t i = 0; d->t->low <= d->t->high && i < d->size; i++) {
        if (two && values[i] == 255) values[i] = 1;
        if (values[i] < d->t->low || values[i] > d->t->high)
            return nn_fail(f, "%s: the pixel in row %zu, column %zu is %d, outside %" PRId64 "..%" PRId64 ", the range of '%s'",
                           d->files.name[file], i / (size_t)d->width, i % (size_t)d->width, values[i], d->t->low, d->t->high, d->t->name);
    }
    return true;
}

static const unsigned char *decoded(Folder *d, size_t file, nn_failure *f) {
    if (d->kept[file]) return d->kept[file];
    if (d->last && d->last_file == file) return d->last;
    bool keep = d->room >= d->size;
    unsigned char *to = keep || !d->last ? malloc(d->size + 1) : d->last;
    if (!to) return nn_fail_memory(f, d->files.name[file], d->size), NULL;
    if (!keep) d->last = to, d->last_file = SIZE_MAX;
    if (!nn_picture_read(d->files.name[file], d->pixels, d->height, d->width, to, f)
        || (d->pixels == NN_VALUES && !judge(d, file, to, f))) {
        if (keep) free(to);
        return NULL;
    }
    if (keep) d->kept[file] = to, d->room -= d->size;
    else d->last_file = file;
    return to;
}

static bool read_folder(void *self, size_t first, size_t count, void *to, nn_type type, nn_failure *f) {
    Folder *d = self;
    for (size_t n; count; count -= n, first += n, to = (char *)to + n * nn_type_size(type)) {
        size_t left = d->size - first % d->size;
        n = count < left ? count : left;
        const unsigned char *picture = decoded(d, first / d->size, f);
        if (!picture) return false;
        nn_convert(to, type, picture + first % d->size, NN_U8, n);
    }
    return true;
}

static const char *file_of(void *self, size_t element) {
    const Folder *d = self;
    return d->files.name[element / d->size];
}

static void free_folder(void *self) {
    Folder *d = self;
    for (size_t i = 0; d->kept && i < d->files.count; i++) free(d->kept[i]);
    free(d->kept);
    free(d->last);
    free_names(&d->files);
    free(d);
}

/* The size of all pictures, from their headers. */
static bool measure(Folder *d, nn_failure *f) {
    for (size_t i = 0; i < d->files.count; i++) {
        int64_t height, width;
        if (!nn_picture_size(d->files.name[i], &height, &width, f)) return false;
        if (i == 0) d->height = height, d->width = width;
        if (height != d->height || width != d->width)
            return nn_fail(f, "%s: is %" PRId64 "x%" PRId64 ", but the pictures before it are %" PRId64 "x%" PRId64 "; give all of them "
                           "one size", d->files.name[i], height, width, d->height, d->width);
    }
    return true;
}

/* [3, H, W] is colour; [1, H, W] and [H, W] are grey, or the numbers of masks where the tensor is of integers. */
static bool choose_pixels(Folder *d, const char *path, nn_failure *f) {
    const nn_tensor *t = d->t;
    int rank = t->rank;
    const int64_t *dim = t->dim;
    while (rank > 2 && *dim == 1) dim++, rank--;
    if (rank == 2) d->pixels = t->type == NN_I32 || t->type == NN_I64 ? NN_VALUES : NN_GREY;
    else if (rank == 3 && dim[0] == 3) d->pixels = NN_COLOUR;
    else {
        char want[160];
        nn_shape_text(want, sizeof want, t->dim, t->rank);
        return nn_fail(f, "%s: a directory of pictures, which '%s' (%s) cannot take: grey ones are [H, W] or [1, H, W], colour is "
                       "[3, H, W]", path, t->name, want);
    }
    return true;
}

static bool add_pictures(nn_array *a, const char *path, Names *files, const nn_tensor *t, nn_failure *f) {
    Folder *d = malloc(sizeof *d);
    if (!d) return nn_fail_memory(f, path, sizeof *d);
    *d = (Folder){ .files = *files, .t = t, .room = a->held < NN_MOST_HELD ? NN_MOST_HELD - a->held : 0 };
    *files = (Names){ 0 };
    d->kept = calloc(d->files.count, sizeof *d->kept);
    if (!(d->kept || nn_fail_memory(f, path, d->files.count)) || !choose_pixels(d, path, f) || !measure(d, f)) {
        free_folder(d);
        return false;
    }
    const int planes = d->pixels == NN_COLOUR ? 3 : 1;
    d->size = (size_t)(planes * d->height * d->width);
    a->type = NN_U8;
    a->rank = 4;
    memcpy(a->dim, (int64_t[]){ (int64_t)d->files.count, planes, d->height, d->width }, 4 * sizeof *a->dim);
    a->judged |= d->pixels == NN_VALUES;
    a->held += d->size * d->files.count < d->room ? d->size * d->files.count : d->room;
    return nn_array_add(a, (nn_part){ .elements = d->size * d->files.count, .self = d, .read = read_folder, .free = free_folder,
                                      .file = file_of }, path, f);
}

bool nn_read_folder(const char *path, const nn_choice *c, const nn_tensor *t, nn_array *a, nn_failure *f) {
    Names pictures = { 0 }, classes = { 0 };
    size_t *starts;
    bool label = c->part ? !strcmp(c->part, "label") : nn_tensor_elements(t) == 1;
    if (c->part && !label && strcmp(c->part, "image"))
        return nn_fail(f, "%s: ':%s' is no part of a directory of pictures; write :image or :label", path, c->part);
    bool good = find(path, &pictures, &classes, &starts, f)
        && (label ? add_labels(a, path, &classes, starts, t, f) : add_pictures(a, path, &pictures, t, f));
    free_names(&pictures);
    free_names(&classes);
    free(starts);
    return good;
}
