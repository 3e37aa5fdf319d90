/* table.c: a hash table with open addressing, at most half full. Entries are numbered as they come, so the table is a list too.
 *
 * SPDX-License-Identifier: 0BSD */
#include "table.h"
#include <stdlib.h>
#include <string.h>

static uint32_t hash_of(const unsigned char *key, size_t length) {
    uint32_t h = 2166136261u;                                   /* FNV-1a, then mixed: its low bits alone are weak */
    for (size_t i = 0; i < length; i++) h = (h ^ key[i]) * 16777619u;
    h = (h ^ h >> 16) * 0x7feb352du;
    return h ^ h >> 15;
}

static size_t place_of(const nn_table *t, const void *key, size_t length, uint32_t hash) {
    size_t i = hash & (t->slots - 1);
    for (; t->slot[i]; i = (i + 1) & (t->slots - 1)) {
        const nn_entry *e = &t->entry[t->slot[i] - 1];
        if (e->hash == hash && e->length == length && !memcmp(t->bytes + e->key, key, length)) break;
    }
    return i;
}

int64_t nn_table_find(const nn_table *t, const void *key, size_t length) {
    if (!t->count) return -1;
    return (int64_t)t->slot[place_of(t, key, length, hash_of(key, length))] - 1;
}

static bool grow(nn_table *t, size_t length) {
    if (t->count == t->room) {
        size_t room = t->room ? 2 * t->room : 64, slots = 2 * room;
        nn_entry *entry = room < UINT32_MAX ? realloc(t->entry, room * sizeof *entry) : NULL;
        if (entry) t->entry = entry;
        uint32_t *slot = entry ? calloc(slots, sizeof *slot) : NULL;
        if (!slot) return false;
        for (size_t e = 0; e < t->count; e++) {
            size_t i = t->entry[e].hash & (slots - 1);
            while (slot[i]) i = (i + 1) & (slots - 1);
            slot[i] = (uint32_t)e + 1;
        }
        free(t->slot);
        t->slot = slot;
        t->slots = slots;
        t->room = room;
    }
    if (length > t->bytes_room - t->used) {
        size_t room = 2 * t->bytes_room + length + 1024;
        char *bytes = realloc(t->bytes, room);
        if (!bytes) return false;
        t->bytes = bytes;
        t->bytes_room = room;
    }
    return true;
}

int64_t nn_table_add(nn_table *t, const void *key, size_t length) {
    uint32_t hash = hash_of(key, length);
    if (t->count) {
        size_t i = place_of(t, key, length, hash);
        if (t->slot[i]) return (int64_t)t->slot[i] - 1;
    }
    if (length > UINT32_MAX || !grow(t, length)) return -1;
    memcpy(t->bytes + t->used, key, length);
    t->entry[t->count] = (nn_entry){ .key = t->used, .length = (uint32_t)length, .hash = hash };
    t->used += length;
    t->slot[place_of(t, key, length, hash)] = (uint32_t)t->count + 1;
    return (int64_t)t->count++;
}

const char *nn_table_key(const nn_table *t, size_t entry) { return t->bytes + t->entry[entry].key; }

void nn_table_free(nn_table *t) {
    free(t->entry);
    free(t->slot);
    free(t->bytes);
    *t = (nn_table){ 0 };
}
