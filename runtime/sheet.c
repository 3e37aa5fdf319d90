/* sheet.c: pictures of samples: a row for each sample; in it the inputs, the targets and the outputs that are pictures.
 *
 *     [H, W] and [1, H, W]    grey
 *     [3, H, W]               colour
 *     [C, H, W]               C grey pictures side by side, up to 16
 *
 * Bytes are taken as they are, also where a file of bytes was bound to a real input; other real numbers are 0 (black) to 1 (white), and
 * beyond that as the nearer end; classes are spread over the greys. Outputs are real, so one that holds the classes of a target (an
 * argmax) is known by its numbers: all of them whole, and in the range of the target of the same extents. A gap of middle grey lies
 * between pictures.
 *
 * SPDX-License-Identifier: 0BSD */
#include "sheet.h"
#include "picture.h"
#include "replace.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { GAP = 2, GROUND = 128, MOST_PLANES = 16, FIRST_FEW = 8 };

/* One tensor's place in each row. */
typedef struct Column {
    const nn_tensor *t;
    int at;                         /* among the inputs and targets, or among the outputs */
    bool given, bytes;
    int planes;                     /* side by side; 1 for colour */
    int channels;                   /* 1 or 3 */
    int64_t height, width;          /* of one plane */
    int64_t left;                   /* in the sheet */
    int64_t low, high;              /* of classes; low > high: there are none */
} Column;

struct nn_sheet {
    Column *columns;
    int n_columns, channels;
    char *path;                     /* of the sheet, or of the directory */
    bool directory;
    int64_t count, done, height, width;         /* samples; and pixels of a row of pictures */
    unsigned char *pixels;          /* of the sheet, or of one picture */
};

static bool is_picture(Column *c) {
    const int64_t *dim = c->t->dim;
    int rank = c->t->rank;
    while (rank > 2 && *dim == 1) dim++, rank--;
    if (rank < 2 || rank > 3 || dim[rank - 1] < 2 || dim[rank - 2] < 2 || (rank == 3 && dim[0] > MOST_PLANES)) return false;
    c->channels = rank == 3 && dim[0] == 3 ? 3 : 1;
    c->planes = rank == 3 && c->channels == 1 ? (int)dim[0] : 1;
    c->height = dim[rank - 2];
    c->width = dim[rank - 1];
    return true;
}

/* The classes that an output may hold. */
static void find_classes(Column *c, const nn_model *m) {
    for (int i = m->n_inputs; i < m->n_inputs + m->n_targets; i++) {
        Column target = { .t = &m->inputs[i] };
        if (target.t->type == NN_U8 || target.t->low >= target.t->high || !is_picture(&target)) continue;
        if (target.height == c->height && target.width == c->width) c->low = target.t->low, c->high = target.t->high;
    }
}

static int64_t width_of(const Column *c) { return c->planes * (c->width + GAP) - GAP; }

static void place_columns(nn_sheet *s) {
    s->channels = 1;
    for (int i = 0; i < s->n_columns; i++) {
        Column *c = &s->columns[i];
        c->left = i ? s->width + GAP : 0;
        s->width = c->left + width_of(c);
        if (c->height > s->height) s->height = c->height;
        if (c->channels == 3) s->channels = 3;
    }
}

static bool choose_columns(nn_sheet *s, const nn_model *m, const nn_dataset *d, int n_given, nn_failure *f) {
    s->columns = calloc((size_t)(n_given + m->n_outputs) + 1, sizeof *s->columns);
    if (!s->columns) return nn_fail_memory(f, "a sheet of pictures", sizeof *s->columns);
    for (int i = 0; !s->directory && i < n_given; i++) {
        Column c = { .t = &m->inputs[i], .at = i, .given = true, .low = m->inputs[i].low, .high = m->inputs[i].high };
        c.bytes = c.t->type == NN_U8 || ((c.t->type == NN_F32 || c.t->type == NN_F64) && d->arrays[i].type == NN_U8);
        if (is_picture(&c)) s->columns[s->n_columns++] = c;
    }
    for (int i = 0; i < m->n_outputs; i++) {
        Column c = { .t = &m->outputs[i], .at = i, .bytes = m->outputs[i].type == NN_U8, .low = 1 };
        if (!is_picture(&c)) continue;
        find_classes(&c, m);
        s->columns[s->n_columns++] = c;
    }
    if (s->n_columns) return true;
    return nn_fail(f, "--png %s: model %s has no %soutput that is a picture, as [H, W], [1, H, W], [3, H, W] or a few planes [C, H, W] are",
                   s->path, m->name, s->directory ? "" : "input and no ");
}

static bool is_directory(const char *path) {
    struct stat status;
    size_t n = strlen(path);
    return (n && path[n - 1] == '/') || (stat(path, &status) == 0 && S_ISDIR(status.st_mode));
}

static bool make_room(nn_sheet *s, nn_failure *f) {
    int64_t rows = s->directory ? 1 : s->count, bytes;
    if (s->directory && mkdir(s->path, 0777) && errno != EEXIST) return nn_fail(f, "--png %s: %s", s->path, strerror(errno));
    if (__builtin_mul_overflow(rows, (s->height + GAP) * s->width * s->channels, &bytes) || rows * (s->height + GAP) > INT32_MAX
        || s->width > INT32_MAX)
        return nn_fail(f, "--png %s: a sheet of %" PRId64 " samples is too large; take fewer with --count N", s->path, rows);
    s->pixels = malloc((size_t)bytes + 1);
    if (!s->pixels) return nn_fail_memory(f, s->path, (size_t)bytes);
    memset(s->pixels, GROUND, (size_t)bytes);
    return true;
}

nn_sheet *nn_sheet_open(const nn_model *m, const nn_dataset *d, int n_given, const char *path, int64_t count, nn_failure *f) {
    nn_sheet *s = calloc(1, sizeof *s);
    size_t n = strlen(path);
    if (!s || !(s->path = strdup(path))) {
        free(s);
        nn_fail_memory(f, path, n);
        return NULL;
    }
    s->directory = is_directory(path);
    s->count = count ? count : s->directory ? d->samples : FIRST_FEW;
    if (s->count > d->samples) s->count = d->samples;
    bool good = s->directory || (n > 4 && !strcmp(path + n - 4, ".png"))
        || nn_fail(f, "--png %s: a sheet is called FILE.png; DIR/ gets a file for each picture", path);
    good = good && choose_columns(s, m, d, n_given, f);
    if (good) place_columns(s);
    if (good && make_room(s, f)) return s;
    nn_sheet_free(s);
    return NULL;
}

int64_t nn_sheet_samples(const nn_sheet *s) { return s->count; }

/* NaN is black. */
static unsigned char grey_of(double x) { return x >= 255 ? 255 : x > 0 ? (unsigned char)(x + 0.5) : 0; }

static double number(const Column *c, const char *data, int64_t element) {
    double x;
    nn_convert(&x, NN_F64, data + element * (int64_t)nn_type_size(c->t->type), c->t->type, 1);
    return x;
}

static bool are_classes(const Column *c, const char *data, int64_t elements) {
    for (int64_t i = 0; i < elements; i++) {
        double x = number(c, data, i);
        if (!(x >= (double)c->low && x <= (double)c->high) || x != floor(x)) return false;
    }
    return c->low < c->high;
}

/* Sample i of a tensor, at a place of an image with rows of `width` pixels. */
static void draw(const Column *c, const void *data, int i, unsigned char *to, int64_t width, int channels) {
    const int64_t plane = c->height * c->width, elements = (int64_t)nn_tensor_elements(c->t);
    const char *from = (const char *)data + i * elements * (int64_t)nn_type_size(c->t->type);
    const bool real = c->t->type == NN_F32 || c->t->type == NN_F64, classes = !c->bytes && are_classes(c, from, elements);
    const double black = classes ? (double)c->low : 0, scale = classes ? 255 / (double)(c->high - c->low) : c->bytes || !real ? 1 : 255;
    for (int p = 0; p < c->planes; p++)
        for (int64_t y = 0; y < c->height; y++)
            for (int64_t x = 0; x < c->width; x++)
                for (int k = 0; k < channels; k++) {
                    int64_t element = (c->channels == 3 ? k : p) * plane + y * c->width + x;
                    to[(y * width + p * (c->width + GAP) + x) * channels + k] = grey_of((number(c, from, element) - black) * scale);
                }
}

static bool write_picture(const char *path, int64_t height, int64_t width, int channels, const unsigned char *pixels, nn_failure *f) {
    nn_replacement r;
    bool good = nn_replace_begin(&r, path, f) && nn_picture_write(r.file, path, height, width, channels, pixels, f)
        && nn_replace_commit(&r, f);
    nn_replace_abort(&r);
    return good;
}

/* DIR/mask-000017.png */
static bool write_one(nn_sheet *s, const Column *c, const void *data, int i, nn_failure *f) {
    size_t size = strlen(s->path) + strlen(c->t->name) + 32;
    char *path = malloc(size);
    if (!path) return nn_fail_memory(f, s->path, size);
    snprintf(path, size, "%s%s%s-%06" PRId64 ".png", s->path, s->path[strlen(s->path) - 1] == '/' ? "" : "/", c->t->name, s->done);
    memset(s->pixels, GROUND, (size_t)(c->height * width_of(c) * c->channels));
    draw(c, data, i, s->pixels, width_of(c), c->channels);
    bool good = write_picture(path, c->height, width_of(c), c->channels, s->pixels, f);
    free(path);
    return good;
}

bool nn_sheet_add(nn_sheet *s, int n, void *const *given, void *const *outputs, nn_failure *f) {
    for (int i = 0; i < n && s->done < s->count; i++, s->done++)
        for (int k = 0; k < s->n_columns; k++) {
            const Column *c = &s->columns[k];
            const void *data = c->given ? given[c->at] : outputs[c->at];
            unsigned char *row = s->directory ? NULL : s->pixels + s->done * (s->height + GAP) * s->width * s->channels;
            if (row) draw(c, data, i, row + c->left * s->channels, s->width, s->channels);
            else if (!write_one(s, c, data, i, f)) return false;
        }
    return true;
}

bool nn_sheet_finish(nn_sheet *s, nn_failure *f) {
    return s->directory || write_picture(s->path, s->done * (s->height + GAP) - GAP, s->width, s->channels, s->pixels, f);
}

void nn_sheet_free(nn_sheet *s) {
    if (!s) return;
    free(s->columns);
    free(s->pixels);
    free(s->path);
    free(s);
}
