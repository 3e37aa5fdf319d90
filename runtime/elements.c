/* elements.c: numbers as files hold them, of any width and byte order, become the numbers of this machine.
 *
 * Arrays know five types only. What they lack goes to the next type that holds every value: 8 and 16 bits to int,
 * unsigned 32 bits to long. The bytes stay as they are in the file, and change where they are read.
 *
 * SPDX-License-Identifier: 0BSD */
#include "elements.h"
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 4096 };              /* bytes that change at a time */

typedef struct Block { nn_store store; nn_layout layout; size_t width; nn_type type; bool native; } Block;

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

/* Elements that follow one another in the file, from byte `at` on. */
static bool read_run(const Block *b, size_t at, size_t count, char *to, nn_type type, nn_failure *f) {
    const unsigned char *there = b->store.memory ? b->store.memory + at : NULL;
    if (there && b->native && (uintptr_t)there % b->width == 0) {
        nn_convert(to, type, there, b->type, count);
        return true;
    }
    if (b->native && type == b->type) return nn_store_read(&b->store, at, to, count * b->width, f);
    _Alignas(8) unsigned char raw[CHUNK], numbers[CHUNK * 4];
    for (size_t n; count; count -= n, at += n * b->width, to += n * nn_type_size(type)) {
        n = count < CHUNK / b->width ? count : CHUNK / b->width;
        if (!nn_store_read(&b->store, at, raw, n * b->width, f)) return false;
        for (size_t i = 0; i < n && !b->native; i++)
            store(numbers + i * nn_type_size(b->type), b->layout.element, bits(raw + i * b->width, b->width, b->layout.big_endian));
        nn_convert(to, type, b->native ? raw : numbers, b->type, n);
    }
    return true;
}

static bool read_block(void *self, size_t first, size_t count, void *to, nn_type type, nn_failure *f) {
    const Block *b = self;
    const size_t run = b->layout.run, record = b->layout.lead + run * b->width;
    if (!run) return read_run(b, first * b->width, count, to, type, f);
    for (size_t n; count; count -= n, first += n, to = (char *)to + n * nn_type_size(type)) {
        size_t left = run - first % run;
        n = count < left ? count : left;
        if (!read_run(b, first / run * record + b->layout.lead + first % run * b->width, n, to, type, f)) return false;
    }
    return true;
}

static void free_block(void *self) {
    Block *b = self;
    nn_store_free(&b->store);
    free(b);
}

bool nn_this_big_endian(void) {
    const uint16_t one = 1;
    return *(const unsigned char *)&one == 0;
}

nn_element nn_element_of(nn_type type) {
    static const nn_element same[] = {
        [NN_F32] = NN_E_F32, [NN_F64] = NN_E_F64, [NN_U8] = NN_E_U8, [NN_I32] = NN_E_I32, [NN_I64] = NN_E_I64 };
    return same[type];
}

static bool native(nn_element element, bool big_endian) {
    size_t width = elements[element].width;
    return width == nn_type_size(elements[element].type) && (width == 1 || big_endian == nn_this_big_endian());
}

static bool add_block(nn_array *a, Block b, nn_failure *f) {
    size_t record = b.layout.lead + b.layout.run * b.width, size = b.store.size;
    Block *self = malloc(sizeof *self);
    if (!self) {
        nn_fail_memory(f, b.store.path, sizeof *self);
        nn_store_free(&b.store);
        return false;
    }
    *self = b;
    a->type = b.type;
    if (b.store.memory) a->held += size;
    return nn_array_add(a, (nn_part){ .elements = b.layout.run ? size / record * b.layout.run : size / b.width, .self = self,
                                      .read = read_block, .free = free_block }, b.store.path, f);
}

bool nn_add_elements(nn_array *a, nn_source *s, size_t size, size_t *got, nn_layout layout, nn_failure *f) {
    Block b = { .layout = layout, .width = elements[layout.element].width, .type = elements[layout.element].type,
                .native = native(layout.element, layout.big_endian) };
    if (!nn_source_keep(s, size, a->held < NN_MOST_HELD ? NN_MOST_HELD - a->held : 0, &b.store, f)) return false;
    *got = b.store.size;
    return add_block(a, b, f);
}

bool nn_add_memory(nn_array *a, const char *path, nn_type type, void *data, size_t count, nn_failure *f) {
    Block b = { .layout.element = nn_element_of(type), .width = nn_type_size(type), .type = type, .native = true };
    return nn_store_memory(&b.store, path, data, count * b.width, f) && add_block(a, b, f);
}

bool nn_read_elements(nn_source *s, nn_element element, bool big_endian, nn_array *a, nn_failure *f) {
    size_t count, got;
    if (!nn_product(a->dim, a->rank, &count))
        return nn_fail(f, "%s: the header announces more numbers than memory can hold", nn_source_path(s));
    return nn_add_elements(a, s, count * elements[element].width, &got, (nn_layout){ element, big_endian, 0, 0 }, f)
        && nn_source_at_end(s, f);
}
