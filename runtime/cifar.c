/* cifar.c: the binary files of CIFAR-10.
 *
 *     a record: 1 byte of label, then 3 planes (red, green, blue) of 32 rows of 32 bytes; nothing before or between the records
 *
 * One file holds both the images and the labels, so the selector, or else the shape that the model wants, says which.
 *
 * SPDX-License-Identifier: 0BSD */
#include "data.h"
#include <stdlib.h>
#include <string.h>

enum { PIXELS = 3 * 32 * 32, RECORD = 1 + PIXELS };

bool nn_read_cifar(nn_source *s, const char *part, const nn_tensor *t, nn_array *a, nn_failure *f) {
    const char *path = nn_source_path(s);
    size_t got = 0, elements = nn_tensor_elements(t);
    bool label = part ? !strcmp(part, "label") : elements == 1;
    if (part && !label && strcmp(part, "image"))
        return nn_fail(f, "%s: ':%s' is no part of a CIFAR file; write :image or :label, or :u8 :i32 :f32 :f64 for plain numbers",
                       path, part);
    if (!part && !label && elements != PIXELS)
        return nn_fail(f,
                       "%s: a .bin file is read as CIFAR, which has images of 3x32x32 and labels, and '%s' is neither; for plain "
                       "numbers write :u8 :i32 :f32 or :f64",
                       path, t->name);
    unsigned char *data = nn_source_take(s, SIZE_MAX, &got, f);
    if (!data) return false;
    size_t records = got / RECORD;
    if (got % RECORD || !records) {
        free(data);
        return nn_fail(
            f, "%s: %zu bytes are no whole number of CIFAR records of %d bytes; for plain numbers write :u8 :i32 :f32 or :f64",
            path, got, RECORD);
    }
    for (size_t i = 0; i < records; i++) {
        if (label) data[i] = data[i * RECORD];
        else memmove(data + i * PIXELS, data + i * RECORD + 1, PIXELS);
    }
    unsigned char *less = realloc(data, records * (label ? 1 : PIXELS));
    *a = (nn_array){ .type = NN_U8, .rank = label ? 1 : 4, .dim = { (int64_t)records, 3, 32, 32 }, .data = less ? less : data };
    return true;
}
