/* Maps from addresses to addresses: what a pass knows of a tensor, a node or an interned name.
 *
 * A map is only ever asked for a key, never walked, so that no order taken from addresses can reach the output.
 * A map of all zeros is empty. */
#ifndef NNC_MAP_H
#define NNC_MAP_H
#include "../memory.h"

typedef struct Map { const void **key; void **value; int n, room; } Map;

void *map_get(const Map *m, const void *key);                   /* NULL: absent */
void map_put(Map *m, const void *key, void *value);             /* replaces what was there */
#endif
