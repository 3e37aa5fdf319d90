/* cifar.c: the binary files of CIFAR-10.
 *
 *     a record: 1 byte of label, then 3 planes (red, green, blue) of 32 rows of 32 bytes; nothing before or between the records
 *
 * One file holds both the images and the labels, so the selector, or else the shape that the model wants, says which.
 *
 * SPDX-License-Identifier: 0BSD */
#include "elements.h"
#include <stdlib.h>
#include <string.h>

enum { PIXELS = 3 * 32 * 32, RECORD = 1 + PIXELS };

/* The labels alone are few bytes of a large file. */
static bool read_labels(nn_source *s, size_t *records, size_t *got, nn_array *a, nn_failure *f) {
    unsigned char record[RECORD], *labels = NULL;
    size_t n = RECORD, room = 0;
    for (*records = *got = 0; n == RECORD; *got += n) {
        if (*records == room) {
            room = room ? room * 2 : 1 << 14;
            unsigned char *more = realloc(labels, room);
            if (!more) return free(labels), nn_fail_memory(f, nn_source_path(s), room);
            labels = more;
        }
        if (!nn_source_read(s, record, RECORD, &n, f)) return free(labels), false;
        if (n == RECORD) labels[(*records)++] = record[0];
    }
    return nn_add_memory(a, nn_source_path(s), NN_U8, labels, *records, f);
}

bool nn_read_cifar(nn_source *s, const nn_choice *c, const nn_tensor *t, nn_array *a, nn_failure *f) {
    const char *path = nn_source_path(s), *part = c->part;
    size_t got = 0, records, elements = nn_tensor_elements(t);
    bool label = part ? !strcmp(part, "label") : elements == 1;
    if (part && !label && strcmp(part, "image"))
        return nn_fail(f, "%s: ':%s' is no part of a CIFAR file; write :image or :label, or :u8 :i32 :f32 :f64 for plain numbers",
                       path, part);
    if (!part && !label && !c->windows && elements != PIXELS)
        return nn_fail(f,
                       "%s: a .bin file is read as CIFAR, which has images of 3x32x32 and labels, and '%s' is neither; for plain "
                       "numbers write :u8 :i32 :f32 or :f64",
                       path, t->name);
    if (label && !read_labels(s, &records, &got, a, f)) return false;
    if (!label && !nn_add_elements(a, s, SIZE_MAX, &got, (nn_layout){ NN_E_U8, false, RECORD - PIXELS, PIXELS }, f)) return false;
    if (got % RECORD || !got)
        return nn_fail(
            f, "%s: %zu bytes are no whole number of CIFAR records of %d bytes; for plain numbers write :u8 :i32 :f32 or :f64",
            path, got, RECORD);
    a->rank = label ? 1 : 4;
    memcpy(a->dim, (int64_t[]){ (int64_t)(got / RECORD), 3, 32, 32 }, 4 * sizeof *a->dim);
    return true;
}
