/* The arena, the table of interned names, and strings made by printf.
 *
 * The arena is a list of blocks. A request is cut from the newest block, or gets a block of its own when it is large;
 * nothing moves and nothing is freed before `memory_release` frees every block. Under the address sanitizer each
 * request is a block, so that a write past its end is seen.
 *
 * Blocks are made of the system's large pages where it has such: to be given 50 MB in pages of 4 KiB, one fault each, takes as long
 * as to do something useful with them.
 *
 * A compilation may take MEMORY_LIMIT bytes. The limit is there for programs that grow without bound when they are
 * inlined: they end with a message, before the machine starts to swap. */
#include "memory.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined __SANITIZE_ADDRESS__
#define BLOCK_SIZE ((size_t)0)
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define BLOCK_SIZE ((size_t)0)
#endif
#endif
#ifndef BLOCK_SIZE
#define BLOCK_SIZE (2 * LARGE_PAGE - sizeof(Block))
#endif
#define LARGE_PAGE ((size_t)2 << 20)
#define MEMORY_LIMIT ((size_t)3 << 30)

typedef struct Block {
    struct Block *next;
    void *start;                                        /* what `free` wants */
    size_t used, room;
    _Alignas(max_align_t) unsigned char bytes[];
} Block;

/* An interned text with its hash; the entries of a bucket are a list. */
typedef struct Name {
    struct Name *next;
    uint32_t hash;
    size_t length;
    char text[];
} Name;

static Block *blocks;
static size_t total;
static Name **buckets;
static size_t bucket_count, name_count;
static Writer scratch;                                  /* of text_v */

_Noreturn static void out_of_memory(const char *what)
{
    fprintf(stderr, "nnc: fatal: %s\n", what);
    exit(4);
}

static Block *new_block(size_t room)
{
    if (room > MEMORY_LIMIT || total + room > MEMORY_LIMIT)
        out_of_memory("the model needs more than 3 GiB to compile");
    size_t bytes = sizeof(Block) + room;
    bool large = BLOCK_SIZE && bytes >= LARGE_PAGE;
    char *start = calloc(1, large ? bytes + LARGE_PAGE : bytes);
    if (!start)
        out_of_memory("the machine has no memory left");
    Block *block = (Block *)start;
    if (large) {
        block = (Block *)(start + (-(uintptr_t)start & (LARGE_PAGE - 1)));
#ifdef MADV_HUGEPAGE
        madvise(block, bytes, MADV_HUGEPAGE);
#endif
    }
    block->start = start;
    total += room;
    block->room = room;
    return block;
}

static size_t rounded(size_t bytes)
{
    const size_t align = _Alignof(max_align_t);
    return bytes ? (bytes + align - 1) / align * align : align;
}

void *allocate(size_t bytes)
{
    if (bytes > MEMORY_LIMIT)
        out_of_memory("the model needs more than 3 GiB to compile");
    size_t size = rounded(bytes);
    if (blocks && size <= blocks->room - blocks->used) {
        void *result = blocks->bytes + blocks->used;
        blocks->used += size;
        return result;
    }
    if (size * 4 > BLOCK_SIZE) {
        /* A large request stands behind the newest block, which stays open for small ones. */
        Block *own = new_block(bytes ? bytes : 1);
        own->used = own->room;
        if (blocks) {
            own->next = blocks->next;
            blocks->next = own;
        } else {
            blocks = own;
        }
        return own->bytes;
    }
    Block *block = new_block(BLOCK_SIZE);
    block->next = blocks;
    block->used = size;
    blocks = block;
    return block->bytes;
}

/* Makes the newest request larger where it is, if its block has room. What grows piece by piece leaves less behind so. */
static bool extend(const void *old, size_t bytes, size_t wanted)
{
    if (!blocks || (const unsigned char *)old + rounded(bytes) != blocks->bytes + blocks->used)
        return false;
    size_t more = rounded(wanted) - rounded(bytes);
    if (more > blocks->room - blocks->used)
        return false;
    blocks->used += more;
    return true;
}

void memory_release(void)
{
    while (blocks) {
        Block *next = blocks->next;
        free(blocks->start);
        blocks = next;
    }
    buckets = NULL;
    scratch = (Writer){0};
    total = bucket_count = name_count = 0;
}

/* Eight bytes at a time, as texts may be long. */
static uint32_t hash_of(const char *bytes, size_t length)
{
    uint64_t hash = length;
    for (size_t i = 0; i < length; i += sizeof hash) {
        uint64_t word = 0;
        memcpy(&word, bytes + i, length - i < sizeof word ? length - i : sizeof word);
        hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
        hash ^= hash >> 32;
    }
    return (uint32_t)hash;
}

static void rehash(void)
{
    size_t wider = bucket_count ? bucket_count * 2 : 1024;
    Name **fresh = NEW_ARRAY(Name *, wider);
    for (size_t b = 0; b < bucket_count; b++) {
        for (Name *name = buckets[b], *next; name; name = next) {
            next = name->next;
            Name **home = &fresh[name->hash & (wider - 1)];
            name->next = *home;
            *home = name;
        }
    }
    buckets = fresh;
    bucket_count = wider;
}

const char *intern(const char *bytes, size_t length)
{
    uint32_t hash = hash_of(bytes, length);
    if (name_count == bucket_count)
        rehash();
    Name **home = &buckets[hash & (bucket_count - 1)];
    for (Name *name = *home; name; name = name->next)
        if (name->hash == hash && name->length == length && !memcmp(name->text, bytes, length))
            return name->text;
    Name *name = allocate(sizeof(Name) + length + 1);
    name->hash = hash;
    name->length = length;
    memcpy(name->text, bytes, length);
    name->next = *home;
    *home = name;
    name_count++;
    return name->text;
}

const char *name_of(const char *bytes)
{
    return intern(bytes, strlen(bytes));
}

void *grow(void *old, int *room, size_t size, int used)
{
    if (*room > INT32_MAX / 2)
        out_of_memory("a list is too long");
    int before = *room;
    *room = before ? before * 2 : 8;
    if (before && extend(old, size * (size_t)before, size * (size_t)*room))
        return old;
    char *wider = allocate(size * (size_t)*room);
    if (used)
        memcpy(wider, old, size * (size_t)used);
    return wider;
}

/* Room for `more` characters and the zero. */
static void reserve(Writer *w, size_t more)
{
    size_t need = w->length + more + 1;
    if (need <= w->room)
        return;
    size_t room = w->room ? w->room : 64;
    while (room < need)
        room *= 2;
    if (w->room && extend(w->text, w->room, room)) {
        w->room = room;
        return;
    }
    char *wider = allocate(room);
    if (w->length)
        memcpy(wider, w->text, w->length);
    w->text = wider;
    w->room = room;
}

void put_bytes(Writer *w, const char *bytes, size_t length)
{
    reserve(w, length);
    memcpy(w->text + w->length, bytes, length);
    w->length += length;
    w->text[w->length] = 0;
}

void put_text(Writer *w, const char *s)
{
    put_bytes(w, s, strlen(s));
}

static void put_digits(Writer *w, int64_t value)
{
    char digits[24];
    size_t at = sizeof digits;
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
    do
        digits[--at] = (char)('0' + rest % 10);
    while (rest /= 10);
    if (value < 0)
        digits[--at] = '-';
    put_bytes(w, digits + at, sizeof digits - at);
}

static void put_by_printf(Writer *w, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    reserve(w, 120);                                    /* nearly every piece fits at once */
    int length = vsnprintf(w->text + w->length, w->room - w->length, format, arguments);
    if (length < 0)
        out_of_memory("a text is too long");
    if ((size_t)length >= w->room - w->length) {
        reserve(w, (size_t)length);
        vsnprintf(w->text + w->length, w->room - w->length, format, again);
    }
    w->length += (size_t)length;
    va_end(again);
}

/* What most formats are made of (text, %s, %c, %d, %ld and %lld) is put by itself, and what follows after anything else by printf: it takes
 * a large part of a compilation to print. */
static void put_v(Writer *w, const char *format, va_list arguments)
{
    for (;;) {
        size_t plain = strcspn(format, "%");
        put_bytes(w, format, plain);
        format += plain;
        if (!*format)
            return;
        const char *kind = format + 1;
        while (*kind == 'l')
            kind++;
        if (kind == format + 1 && *kind == 's')
            put_text(w, va_arg(arguments, const char *));
        else if (kind == format + 1 && *kind == 'c')
            put_bytes(w, (char[]){(char)va_arg(arguments, int)}, 1);
        else if (*kind == 'd')
            put_digits(w, kind == format + 1 ? va_arg(arguments, int) : kind == format + 2 ? va_arg(arguments, long) : va_arg(arguments, long long));
        else
            break;
        format = kind + 1;
    }
    put_by_printf(w, format, arguments);
}

void put(Writer *w, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    put_v(w, format, arguments);
    va_end(arguments);
}

char *text_v(const char *format, va_list arguments)
{
    scratch.length = 0;
    put_v(&scratch, format, arguments);
    return memcpy(allocate(scratch.length + 1), scratch.text, scratch.length + 1);
}

char *text(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *result = text_v(format, arguments);
    va_end(arguments);
    return result;
}
