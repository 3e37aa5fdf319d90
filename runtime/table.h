/* table.h: numbers by keys that are runs of bytes. SPDX-License-Identifier: 0BSD */
#ifndef NN_TABLE_H
#define NN_TABLE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct nn_entry { size_t key; uint32_t length, hash; int64_t value; } nn_entry;

/* All 0: empty. Entries stay in the order in which they came. */
typedef struct nn_table {
    nn_entry *entry;
    size_t count, room;
    uint32_t *slot;                 /* entries + 1 by their hash, or 0 */
    size_t slots;                   /* a power of 2 */
    char *bytes;                    /* the keys, one after another */
    size_t used, bytes_room;
} nn_table;

int64_t nn_table_find(const nn_table *t, const void *key, size_t length);           /* the entry, or -1 */
int64_t nn_table_add(nn_table *t, const void *key, size_t length);      /* the entry, a new one with value 0; -1: no memory */
const char *nn_table_key(const nn_table *t, size_t entry);
void nn_table_free(nn_table *t);
#endif
