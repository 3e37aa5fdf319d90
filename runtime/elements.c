/* elements.c: blocks of numbers as files hold them, of any width and byte order, become the numbers of this machine.
 *
 * Arrays know five types only. What they lack goes to the next type that holds every value: 8 and 16 bits to int,
 * unsigned 32 bits to long.
 *
 * SPDX-License-Identifier: 0BSD */
#include "elements.h"
#include <stdlib.h>
#include <string.h>

static const struct { size_t width; nn_type type; } elements[] = {
    [NN_E_U8] = { 1, NN_U8 }, [NN_E_I8] = { 1, NN_I32 }, [NN_E_U16] = { 2, NN_I32 }, [NN_E_I16] = { 2, NN_I32 },
    [NN_E_U32] = { 4, NN_I64 }, [NN_E_I32] = { 4, NN_I32 }, [NN_E_I64] = { 8, NN_I64 },
    [NN_E_F32] = { 4, NN_F32 }, [NN_E_F64] = { 8, NN_F64 } };

static uint64_t bits(const unsigned char *p, size_t width, bool big_endian) {
    uint64_t b = 0;
    for (size_t i = 0; i < width; i++) b = b << 8 | p[big_endian ? i : width - 1 - i];
    return b;
}

static void store(void *to, nn_element element, uint64_t b) {
    int32_t i = (int32_t)(uint32_t)b;
    int64_t l = (int64_t)b;
    switch (element) {
    case NN_E_U8: *(unsigned char *)to = (unsigned char)b; return;
    case NN_E_I8: i = (int8_t)(uint8_t)b; memcpy(to, &i, 4); return;
    case NN_E_I16: i = (int16_t)(uint16_t)b; memcpy(to, &i, 4); return;
    case NN_E_U16: case NN_E_I32: case NN_E_F32: memcpy(to, &i, 4); return;
    case NN_E_U32: case NN_E_I64: case NN_E_F64: memcpy(to, &l, 8); return;
    }
}

bool nn_read_elements(nn_source *s, nn_element element, bool big_endian, nn_array *a, nn_failure *f) {
    size_t count, got = 0, width = elements[element].width;
    if (!nn_product(a->dim, a->rank, &count))
        return nn_fail(f, "%s: the header announces more numbers than memory can hold", nn_source_path(s));
    unsigned char *raw = nn_source_take(s, count * width, &got, f);
    if (!raw) return false;
    a->type = elements[element].type;
    a->by_row = false;
    a->first_row = 0;
    a->data = raw;
    if (width == 1 && a->type == NN_U8) return true;
    size_t size = nn_type_size(a->type);
    char *data = malloc(count * size + 1);
    if (!data) {
        nn_array_free(a);
        return nn_fail_memory(f, nn_source_path(s), count * size);
    }
    for (size_t i = 0; i < count; i++) store(data + i * size, element, bits(raw + i * width, width, big_endian));
    free(raw);
    a->data = data;
    return true;
}
