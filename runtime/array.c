/* array.c: arrays of samples, their element types, and what a model can take from them.
 *
 * The numbers of an array are those of its parts, one after another; samples are counted off from where the first one starts.
 * They keep their files' element type: bytes for a real input become reals when a batch is gathered. Values are judged once,
 * in one pass over them: a class must lie in its range, and an integer input must get integers.
 *
 * SPDX-License-Identifier: 0BSD */
#include "data.h"
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t nn_type_size(nn_type t) {
    switch (t) {
    case NN_U8: return 1;
    case NN_F32: case NN_I32: return 4;
    case NN_F64: case NN_I64: return 8;
    }
    return 0;
}

const char *nn_type_name(nn_type t) {
    switch (t) {
    case NN_F32: return "float";
    case NN_F64: return "double";
    case NN_U8: return "byte";
    case NN_I32: return "int";
    case NN_I64: return "long";
    }
    return "?";
}

bool nn_product(const int64_t *dim, int rank, size_t *product) {
    *product = 1;
    for (int i = 0; i < rank; i++)
        if (dim[i] < 0 || __builtin_mul_overflow(*product, (size_t)dim[i], product)) return false;
    return *product <= SIZE_MAX / 16;
}

size_t nn_tensor_elements(const nn_tensor *t) {
    size_t n = 1;
    for (int i = 0; i < t->rank; i++) n *= (size_t)t->dim[i];
    return n;
}

void nn_shape_text(char *text, size_t size, const int64_t *dim, int rank) {
    text[0] = 0;
    if (rank == 0) nn_append(text, size, "one number");
    for (int i = 0; i < rank; i++) nn_append(text, size, i ? "x%" PRId64 : "%" PRId64, dim[i]);
}

/* One loop for each pair of types, so that compilers can vectorise them. */
#define CONVERT_TO(T) \
    switch (from_type) { \
    case NN_F32: for (size_t i = 0; i < count; i++) ((T *)to)[i] = (T)((const float *)from)[i]; return; \
    case NN_F64: for (size_t i = 0; i < count; i++) ((T *)to)[i] = (T)((const double *)from)[i]; return; \
    case NN_U8: for (size_t i = 0; i < count; i++) ((T *)to)[i] = (T)((const uint8_t *)from)[i]; return; \
    case NN_I32: for (size_t i = 0; i < count; i++) ((T *)to)[i] = (T)((const int32_t *)from)[i]; return; \
    case NN_I64: for (size_t i = 0; i < count; i++) ((T *)to)[i] = (T)((const int64_t *)from)[i]; return; \
    }

void nn_convert(void *to, nn_type to_type, const void *from, nn_type from_type, size_t count) {
    if (to_type == from_type) {
        memcpy(to, from, count * nn_type_size(to_type));
        return;
    }
    switch (to_type) {
    case NN_F32: CONVERT_TO(float) break;
    case NN_F64: CONVERT_TO(double) break;
    case NN_U8: CONVERT_TO(uint8_t) break;
    case NN_I32: CONVERT_TO(int32_t) break;
    case NN_I64: CONVERT_TO(int64_t) break;
    }
}

static bool is_real(nn_type t) { return t == NN_F32 || t == NN_F64; }

static size_t per_sample(const nn_array *a) {
    size_t n = 1;
    for (int i = 1; i < a->rank; i++) n *= (size_t)a->dim[i];
    return n;
}

bool nn_array_add(nn_array *a, nn_part part, const char *path, nn_failure *f) {
    nn_part *more = realloc(a->parts, (size_t)(a->n_parts + 1) * sizeof *more);
    part.path = strdup(path);
    if (more) a->parts = more;
    if (!more || !part.path) {
        nn_fail_memory(f, path, (size_t)(a->n_parts + 1) * sizeof *more);
        free(part.path);
        part.free(part.self);
        return false;
    }
    a->parts[a->n_parts++] = part;
    return true;
}

bool nn_array_join(nn_array *a, nn_array *more, const char *path, nn_failure *f) {
    size_t product;
    if (more->rank != a->rank || more->type != a->type
        || memcmp(a->dim + 1, more->dim + 1, (size_t)(a->rank - 1) * sizeof *a->dim) != 0)
        return nn_fail(f, "%s: another shape or element type than the files before it", path);
    nn_part *parts = realloc(a->parts, (size_t)(a->n_parts + more->n_parts) * sizeof *parts);
    if (!parts) return nn_fail_memory(f, path, (size_t)(a->n_parts + more->n_parts) * sizeof *parts);
    memcpy(parts + a->n_parts, more->parts, (size_t)more->n_parts * sizeof *parts);
    a->parts = parts;
    a->n_parts += more->n_parts;
    more->n_parts = 0;
    a->held += more->held;
    a->judged |= more->judged;
    a->cut += more->cut;
    a->dim[0] += more->dim[0];
    return nn_product(a->dim, a->rank, &product) || nn_fail(f, "%s: more numbers than memory can hold", path);
}

bool nn_array_range(nn_array *a, int64_t first, int64_t last, const char *path, nn_failure *f) {
    if (last == INT64_MAX) last = a->dim[0] - 1;
    if (first > last || last >= a->dim[0])
        return nn_fail(f, "%s: samples=%" PRId64 "-%" PRId64 ": there are samples 0 to %" PRId64, path, first, last, a->dim[0] - 1);
    a->start += (size_t)first * per_sample(a);
    a->dim[0] = last - first + 1;
    return true;
}

/* The part that holds an element, which becomes its number there. */
static const nn_part *part_of(const nn_array *a, size_t *element) {
    const nn_part *p = a->parts;
    while (*element >= p->elements && p + 1 < a->parts + a->n_parts) *element -= p++->elements;
    return p;
}

static bool read_from(const nn_array *a, size_t element, size_t count, void *to, nn_type type, nn_failure *f) {
    for (size_t n; count; count -= n, element += n, to = (char *)to + n * nn_type_size(type)) {
        size_t at = element;
        const nn_part *p = part_of(a, &at);
        n = count < p->elements - at ? count : p->elements - at;
        if (!p->read(p->self, at, n, to, type, f)) return false;
    }
    return true;
}

bool nn_array_read(const nn_array *a, int64_t sample, size_t first, size_t count, void *to, nn_type type, nn_failure *f) {
    return read_from(a, a->start + (size_t)sample * per_sample(a) + first, count, to, type, f);
}

/* What the tensor's element type and declared range leave of the integers. */
static void bounds(const nn_tensor *t, int64_t *low, int64_t *high) {
    *low = t->type == NN_U8 ? 0 : t->type == NN_I32 ? INT32_MIN : INT64_MIN;
    *high = t->type == NN_U8 ? UINT8_MAX : t->type == NN_I32 ? INT32_MAX : INT64_MAX;
    if (t->low > t->high) return;
    if (t->low > *low) *low = t->low;
    if (t->high < *high) *high = t->high;
}

/* The file of an element, with the sample or the line. */
static void place(char *text, size_t size, const nn_array *a, size_t element) {
    const nn_part *p = part_of(a, &element);
    text[0] = 0;
    nn_append(text, size, "%s: %s %" PRId64, p->path, p->by_row ? "line" : "sample",
              p->first_row + (int64_t)(element / (a->row ? a->row : 1)));
}

bool nn_array_line(const nn_array *a, int64_t sample, int64_t *line) {
    size_t element = a->start + (size_t)sample * per_sample(a);
    const nn_part *p = part_of(a, &element);
    *line = p->first_row + (int64_t)(element / (a->row ? a->row : 1));
    return p->by_row;
}

const char *nn_array_file(const nn_array *a, int64_t sample) {
    size_t element = a->start + (size_t)sample * per_sample(a);
    const nn_part *p = part_of(a, &element);
    return p->file ? p->file(p->self, element) : NULL;
}

enum { CHUNK = 4096 };

static bool check_integers(const nn_array *a, const nn_tensor *t, size_t first, const void *values, size_t count, nn_failure *f) {
    int64_t low, high;
    char where[512];
    bounds(t, &low, &high);
    for (size_t i = 0; i < count; i++) {
        int64_t value = 0;
        if (is_real(a->type)) {
            double x = ((const double *)values)[i];
            if (!(x >= -0x1p62 && x <= 0x1p62) || x != floor(x)) {
                place(where, sizeof where, a, first + i);
                return nn_fail(f, "%s: %.9g is not an integer, and '%s' takes integers; choose another column or file", where, x,
                               t->name);
            }
            value = (int64_t)x;
        } else {
            value = ((const int64_t *)values)[i];
        }
        if (value < low || value > high) {
            place(where, sizeof where, a, first + i);
            return nn_fail(f,
                           "%s: %" PRId64 " is outside %" PRId64 "..%" PRId64
                           ", the range of '%s'; correct the file, or widen the range in the model",
                           where, value, low, high, t->name);
        }
    }
    return true;
}

/* One NaN among the samples would make every parameter a NaN within a step. Nearly always all is well, so that is asked first. */
static bool check_reals(const nn_array *a, const nn_tensor *t, size_t first, const double *values, size_t count, nn_failure *f) {
    const double most = t->type == NN_F32 ? (double)FLT_MAX : DBL_MAX;
    char where[512];
    int good = 1;
    for (size_t i = 0; i < count; i++) good &= fabs(values[i]) <= most;
    for (size_t i = 0; !good && i < count; i++) {
        if (fabs(values[i]) <= most) continue;
        place(where, sizeof where, a, first + i);
        nn_fail(f, "%s: %g is no number that '%s' can be trained with; correct the file", where, values[i], t->name);
    }
    return good;
}

bool nn_array_check(const nn_array *a, const nn_tensor *t, bool any, nn_failure *f) {
    union { double reals[CHUNK]; int64_t integers[CHUNK]; } values;
    int64_t low, high;
    bounds(t, &low, &high);
    if (a->judged) return true;
    if (is_real(t->type) ? any || !is_real(a->type) : a->type == NN_U8 && low <= 0 && high >= UINT8_MAX) return true;
    size_t end = a->start + (size_t)a->dim[0] * per_sample(a);
    for (size_t at = a->start, n; at < end; at += n) {
        n = end - at < CHUNK ? end - at : CHUNK;
        if (!read_from(a, at, n, &values, is_real(a->type) ? NN_F64 : NN_I64, f)) return false;
        if (!(is_real(t->type) ? check_reals(a, t, at, values.reals, n, f) : check_integers(a, t, at, &values, n, f))) return false;
    }
    return true;
}

/* 32x32x3 for 3x32x32 is another order of the same numbers and would train on nonsense. */
bool nn_array_fits(const nn_array *a, const nn_tensor *t) {
    int64_t have[NN_MAX_RANK], want[NN_MAX_RANK], n = 1, m = 1;
    int p = 0, q = 0;
    for (int i = 1; i < a->rank; i++) if (a->dim[i] != 1) n *= have[p++] = a->dim[i];
    for (int i = 0; i < t->rank; i++) if (t->dim[i] != 1) m *= want[q++] = t->dim[i];
    if (n != m) return false;
    if (p <= 1 || q <= 1) return true;
    return p == q && memcmp(have, want, (size_t)p * sizeof *have) == 0;
}

void nn_array_free(nn_array *a) {
    for (int i = 0; i < a->n_parts; i++) {
        a->parts[i].free(a->parts[i].self);
        free(a->parts[i].path);
    }
    free(a->parts);
    *a = (nn_array){ 0 };
}
