/* The shape of a tile: how its indices fall into tiles, the order of the loops around it, and all of that in words.
 *
 *     22 rows by six          6 6 6 and 4 again of what was there        tiles of one size: the last one begins earlier
 *                             6 6 5 5                                    an even index: the last ones are shorter by one
 *
 * Loops whose turns write different elements come first, so that threads may share them; those over tiles that overlap, or are of two
 * sizes, stand inside. */
#include "tile.h"

int64_t whole_tiles(int64_t extent, int64_t size) { return (extent + size - 1) / size; }

bool is_strip(const Tile *t, const Index *i) {
    for (int k = 0; k < t->n_strips; k++)
        if (t->strip[k] == i) return true;
    return false;
}

int64_t tile_size(const Tile *t, const Index *i) {
    return i == t->lane ? LANES : i == t->registers[0] ? t->factor[0] : i == t->registers[1] ? t->factor[1] : 1;
}

Fall tile_fall(const Tile *t, const Index *i) {
    const int64_t size = tile_size(t, i);
    Fall f = {.period = i->count && i == t->even ? LANES : i->extent};
    f.tiles = whole_tiles(f.period, size);
    if (i == t->even) f.shorter = f.tiles*size - f.period;
    return f;
}

int64_t tile_count(const Tile *t, const Index *i) {
    const Fall f = tile_fall(t, i);
    return f.tiles * whole_tiles(i->extent, f.period);
}

/* Blocks of samples are as many as there are now. */
bool tile_writes_out(const Tile *t, const Index *i) {
    enum { MOST = 5 };
    return i != t->lane && !i->count && i != t->nest->block && i->extent <= MOST;
}

int tile_whole(const Tile *t, const Index **whole) {
    int n = 0;
    for (int k = 0; k < t->nest->n_free; k++) {
        const Index *i = t->nest->free[k];
        if (i != t->lane && i != t->registers[0] && i != t->registers[1]) whole[n++] = i;
    }
    return n;
}

/* The index of samples, where they are not in blocks. */
static bool is_sample(const Tile *t, const Index *i) { return i->count && i != t->lane; }

bool tile_has_samples(const Tile *t) {
    for (int k = 0; k < t->nest->n_free; k++)
        if (is_sample(t, t->nest->free[k])) return true;
    return false;
}

/* Whether tiles of an index have elements in common, or are of two sizes: then its loop is inside of those that threads share. */
static bool tiles_overlap(const Tile *t, const Index *i) { return !i->count && i->extent % tile_size(t, i) != 0; }

int tile_order(const Tile *t, const Index **order) {
    const Index *whole[MOST_INDICES];
    int n = 0, n_whole = tile_whole(t, whole);
    for (int overlap = 0; overlap < 2; overlap++) {
        if (!t->bound && !is_strip(t, t->lane) && !t->lane_last && tiles_overlap(t, t->lane) == overlap) order[n++] = t->lane;
        for (int k = 0; k < t->nest->n_free; k++) {
            const Index *i = t->nest->free[k];
            bool inner = i == t->lane || is_strip(t, i) || (t->samples_last && is_sample(t, i));
            for (int w = n_whole - t->inner; w < n_whole; w++) inner |= whole[w] == i;
            if (!inner && tiles_overlap(t, i) == overlap) order[n++] = i;
        }
    }
    for (int k = 0; k < t->nest->n_free; k++)
        if (t->samples_last && is_sample(t, t->nest->free[k])) order[n++] = t->nest->free[k];
    if (t->lane_last) order[n++] = t->lane;
    return n;
}

double tile_parts(const Tile *t) {
    const Index *order[MOST_INDICES];
    const int n = tile_order(t, order);
    double parts = 1;
    for (int k = 0; k < n && !tiles_overlap(t, order[k]); k++)
        parts *= (double)(order[k] == t->even ? whole_tiles(order[k]->extent, LANES) : tile_count(t, order[k]));
    return parts;
}

static void put_names(Writer *w, const Index *const *index, int n) {
    for (int k = 0; k < n; k++) put(w, "%s%s", k ? ", " : "", index[k]->name);
}

const char *tile_words(const Tile *t) {
    Writer w = {0};
    const Index *whole[MOST_INDICES], *in_registers[MOST_INDICES];
    int n = tile_whole(t, whole), n_in = 0;
    put(&w, "vectors along %s, %s at a time", t->lane->name, t->wide ? "two" : "one");
    for (int k = 0; k < 2; k++)
        if (t->registers[k] && t->registers[k] == t->even) put(&w, ", %d or %d %s", t->factor[k], t->factor[k] - 1, t->even->name);
        else if (t->registers[k]) put(&w, ", %d %s", t->factor[k], t->registers[k]->name);
    if (t->registers[0]) put_text(&w, " side by side");
    if (t->n_sums > 1) put(&w, ", %d sums in one sweep", t->n_sums);
    for (int k = t->hoisted; k < t->sum->n_bound; k++)
        if (t->sum->bound[k] != t->lane || t->lane->extent > LANES) in_registers[n_in++] = t->sum->bound[k];
    put_text(&w, n_in ? "; sums in registers over " : "; sums in registers");
    put_names(&w, in_registers, n_in);
    if (t->hoisted) {
        put_text(&w, ", gathered in memory over ");
        put_names(&w, (const Index *const *)t->sum->bound, t->hoisted);
        put_text(&w, " for each ");
        put_names(&w, t->strip, t->n_strips);
        put_text(&w, t->n_strips && t->inner ? ", " : "");
        put_names(&w, whole + n - t->inner, t->inner);
    }
    if (t->bound) put_text(&w, "; lanes added up at the end");
    return w.text;
}
