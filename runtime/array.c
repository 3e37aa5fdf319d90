/* array.c: arrays of samples, their element types, and what a model can take from them.
 *
 * An array keeps its file's element type unless the model's type is as small: bytes for a real input stay bytes until a batch
 * is gathered; 8-byte numbers for a float input become floats at once. Values are judged once, when the array is read:
 * a class must lie in its range, and an integer input must get integers.
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

/* What the tensor's element type and declared range leave of the integers. */
static void bounds(const nn_tensor *t, int64_t *low, int64_t *high) {
    *low = t->type == NN_U8 ? 0 : t->type == NN_I32 ? INT32_MIN : INT64_MIN;
    *high = t->type == NN_U8 ? UINT8_MAX : t->type == NN_I32 ? INT32_MAX : INT64_MAX;
    if (t->low > t->high) return;
    if (t->low > *low) *low = t->low;
    if (t->high < *high) *high = t->high;
}

static void place(char *text, size_t size, const nn_array *a, size_t per_sample, size_t i, const char *path) {
    text[0] = 0;
    nn_append(text, size, "%s: %s %" PRId64, path, a->by_row ? "line" : "sample",
              a->first_row + (int64_t)(i / (per_sample ? per_sample : 1)));
}

static bool values_suit(const nn_array *a, const nn_tensor *t, size_t count, size_t per_sample, const char *path, nn_failure *f) {
    int64_t low, high;
    char where[512];
    bounds(t, &low, &high);
    if (a->type == NN_U8 && low <= 0 && high >= UINT8_MAX) return true;
    for (size_t i = 0; i < count; i++) {
        int64_t value = 0;
        if (is_real(a->type)) {
            double x = a->type == NN_F32 ? (double)((const float *)a->data)[i] : ((const double *)a->data)[i];
            if (!(x >= -0x1p62 && x <= 0x1p62) || x != floor(x)) {
                place(where, sizeof where, a, per_sample, i, path);
                return nn_fail(f, "%s: %.9g is not an integer, and '%s' takes integers; choose another column or file", where, x,
                               t->name);
            }
            value = (int64_t)x;
        } else {
            nn_convert(&value, NN_I64, (const char *)a->data + i * nn_type_size(a->type), a->type, 1);
        }
        if (value < low || value > high) {
            place(where, sizeof where, a, per_sample, i, path);
            return nn_fail(f,
                           "%s: %" PRId64 " is outside %" PRId64 "..%" PRId64
                           ", the range of '%s'; correct the file, or widen the range in the model",
                           where, value, low, high, t->name);
        }
    }
    return true;
}

/* One NaN among the samples would make every parameter a NaN within a step. */
bool nn_array_finite(const nn_array *a, const nn_tensor *t, const char *path, nn_failure *f) {
    char where[512];
    size_t count;
    if (!is_real(t->type) || !is_real(a->type) || !nn_product(a->dim, a->rank, &count)) return true;
    size_t per_sample = a->dim[0] ? count / (size_t)a->dim[0] : 0;
    for (size_t i = 0; i < count; i++) {
        double x = a->type == NN_F32 ? (double)((const float *)a->data)[i] : ((const double *)a->data)[i];
        if (t->type == NN_F32 ? fabs(x) <= (double)FLT_MAX : isfinite(x)) continue;
        place(where, sizeof where, a, per_sample, i, path);
        return nn_fail(f, "%s: %g is no number that '%s' can be trained with; correct the file", where, x, t->name);
    }
    return true;
}

/* Shapes agree if they are equal without the dims of extent 1, or one side is flat. 32x32x3 for 3x32x32 is another
 * order of the same numbers and would train on nonsense. */
static bool shape_suits(const nn_array *a, const nn_tensor *t) {
    int64_t have[NN_MAX_RANK], want[NN_MAX_RANK], n = 1, m = 1;
    int p = 0, q = 0;
    for (int i = 1; i < a->rank; i++) if (a->dim[i] != 1) n *= have[p++] = a->dim[i];
    for (int i = 0; i < t->rank; i++) if (t->dim[i] != 1) m *= want[q++] = t->dim[i];
    if (n != m) return false;
    if (p <= 1 || q <= 1) return true;
    return p == q && memcmp(have, want, (size_t)p * sizeof *have) == 0;
}

bool nn_array_suits(nn_array *a, const nn_tensor *t, const char *path, nn_failure *f) {
    size_t count;
    if (!nn_product(a->dim, a->rank, &count)) return nn_fail(f, "%s: more numbers than memory can hold", path);
    if (!shape_suits(a, t)) {
        char have[160], want[160];
        nn_shape_text(have, sizeof have, a->dim + 1, a->rank - 1);
        nn_shape_text(want, sizeof want, t->dim, t->rank);
        return nn_fail(f, "%s: a sample is %s, but '%s' is %s; bind another file, or change the model", path, have, t->name, want);
    }
    size_t per_sample = a->dim[0] ? count / (size_t)a->dim[0] : 0;
    if (!is_real(t->type) && !values_suit(a, t, count, per_sample, path, f)) return false;
    if (nn_type_size(t->type) > nn_type_size(a->type) || a->type == t->type) return true;
    /* In place: element i of the smaller type never reaches beyond element i of the larger one. */
    if (nn_type_size(t->type) == nn_type_size(a->type)) {
        void *data = malloc(count * nn_type_size(t->type) + 1);
        if (!data) return nn_fail_memory(f, path, count * nn_type_size(t->type));
        nn_convert(data, t->type, a->data, a->type, count);
        free(a->data);
        a->data = data;
    } else {
        enum { CHUNK = 512 };
        char chunk[CHUNK * 8];
        for (size_t i = 0; i < count; i += CHUNK) {
            size_t n = count - i < CHUNK ? count - i : CHUNK;
            memcpy(chunk, (char *)a->data + i * nn_type_size(a->type), n * nn_type_size(a->type));
            nn_convert((char *)a->data + i * nn_type_size(t->type), t->type, chunk, a->type, n);
        }
        void *less = realloc(a->data, count * nn_type_size(t->type) + 1);
        if (less) a->data = less;
    }
    a->type = t->type;
    return true;
}

bool nn_array_join(nn_array *a, nn_array *more, const char *path, nn_failure *f) {
    size_t n, m;
    if (more->rank != a->rank || more->type != a->type
        || memcmp(a->dim + 1, more->dim + 1, (size_t)(a->rank - 1) * sizeof *a->dim) != 0)
        return nn_fail(f, "%s: another shape or element type than the files before it", path);
    if (!nn_product(a->dim, a->rank, &n) || !nn_product(more->dim, more->rank, &m)) return nn_fail(f, "%s: too large", path);
    size_t size = nn_type_size(a->type);
    void *data = realloc(a->data, (n + m) * size + 1);
    if (!data) return nn_fail_memory(f, path, (n + m) * size);
    memcpy((char *)data + n * size, more->data, m * size);
    a->data = data;
    a->dim[0] += more->dim[0];
    return true;
}

void nn_array_free(nn_array *a) {
    free(a->data);
    a->data = NULL;
}
