/* An open-addressed hash table whose keys are compared by address. It doubles when two thirds are taken. */
#include "map.h"

static int place_of(const Map *m, const void *key) {
    uint64_t hash = (uint64_t)(uintptr_t)key * 0x9E3779B97F4A7C15u;
    int mask = m->room - 1, at = (int)(hash >> 33) & mask;
    while (m->key[at] && m->key[at] != key) at = (at + 1) & mask;
    return at;
}

void *map_get(const Map *m, const void *key) {
    if (!m->room) return NULL;
    int at = place_of(m, key);
    return m->key[at] ? m->value[at] : NULL;
}

void map_put(Map *m, const void *key, void *value) {
    if (3 * (m->n + 1) > 2 * m->room) {
        Map old = *m;
        m->room = old.room ? 2 * old.room : 16;
        m->n = 0;
        m->key = NEW_ARRAY(const void *, m->room);
        m->value = NEW_ARRAY(void *, m->room);
        for (int i = 0; i < old.room; i++) {
            if (old.key[i]) map_put(m, old.key[i], old.value[i]);
        }
    }
    int at = place_of(m, key);
    if (!m->key[at]) m->n++;
    m->key[at] = key;
    m->value[at] = value;
}
