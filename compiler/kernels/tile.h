/* Tiles: what tile_choose.c chooses and tile.c builds. See there. */
#ifndef NNC_TILE_H
#define NNC_TILE_H
#include "group.h"

enum { MOST_SUMS = 4, MOST_APART = 4, MOST_INDICES = 24 };
enum { REGISTERS = 15 };            /* of vectors: one is left for what comes from memory */

/* The schedule of a sum in registers. Loops, from the outside:
 *
 *     free indices (the lane and the register indices in tiles), but the last `inner` of those that are whole
 *     the first `hoisted` bound indices
 *     the tiles of up to two `strips`, which are lane or register indices
 *     the last `inner` free indices that are whole
 *     passes over the lanes
 *     the other bound indices
 *     the tile: register indices, vectors of a pass */
typedef struct Tile {
    const Nest *nest;
    const Member *sum;              /* the first of the nest's sums; all run over the same */
    const Expr *term[MOST_SUMS];    /* of each sum, without its guards */
    int n_sums;
    Peeled peeled;                  /* of the first: all have the same bounds */
    const Expr *apart[MOST_APART];  /* of these conditions (e >= 0), those that no index of the sum moves: tiles in which one holds */
    int n_apart;                    /* nowhere are left out, and where it does not hold the sum is 0 */
    const Index *lane;
    bool bound;                     /* the lane is an index of the sum */
    bool wide;                      /* a pass of two vectors in the innermost loop; else one vector */
    const Index *registers[2];
    int factor[2];
    const Index *even;              /* a register index whose tiles are of two sizes, so that none has an element twice; NULL: none */
    int hoisted, inner;
    const Index *strip[2];          /* their tiles run inside of the hoisted indices */
    int n_strips;
    bool samples_last;              /* of the outer loops, the one over samples is the innermost: what they share stays in the cache */
    bool lane_last;                 /* of the outer loops, the one over the lane is the innermost: rows are whole */
    bool scatters;                  /* the results do not lie side by side along the lane */
    double work, traffic, cycles;   /* in the registers, between the caches, and of the whole nest */
} Tile;

/* false: no lane fits the nest. notes: what was weighed. */
bool tile_choose(Tile *best, const Nest *nest, Notes *notes);
double tile_cycles(const Nest *nest);                           /* of that; INFINITY: no lane fits it */
/* The same, where a long free index may have been cut into blocks: the tile's nest is the one to build. */
bool tile_choose_in_blocks(Tile *best, const Nest *nest, Notes *notes);

/* tile_shape.c: how many values of an index a tile has, of an even one the most. */
int64_t tile_size(const Tile *t, const Index *i);
/* How an index falls into tiles: `tiles` of them for each `period` of its values, which is all of it, or the samples of a block.
 * The last `shorter` of them have one value less, so that none has a value twice; 0: all are of one size. */
typedef struct { int64_t period, tiles, shorter; } Fall;
Fall tile_fall(const Tile *t, const Index *i);
int64_t tile_count(const Tile *t, const Index *i);              /* how many tiles there are, at most */
int64_t whole_tiles(int64_t extent, int64_t size);              /* how many of one size cover an extent */
bool is_strip(const Tile *t, const Index *i);
bool tile_writes_out(const Tile *t, const Index *i);            /* the innermost loop is that over a window, or as short */
bool tile_has_samples(const Tile *t);                           /* samples are an index, and not in blocks */
/* The indices of the nest that are neither lane nor register: free ones, in order. */
int tile_whole(const Tile *t, const Index **whole);
/* The free indices of the outer loops, from the outside: a lane that is free, the others in their order, and then those
 * whose tiles overlap or are of two sizes. */
int tile_order(const Tile *t, const Index **order);
/* How many parts threads may take: turns of the outer loops, as far as their tiles do not overlap. */
double tile_parts(const Tile *t);
const char *tile_words(const Tile *t);
#endif
