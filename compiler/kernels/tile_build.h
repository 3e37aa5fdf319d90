/* What the loops of a tile (tile.c) and what they ask memory for (ask.c) are built of. */
#ifndef NNC_TILE_BUILD_H
#define NNC_TILE_BUILD_H
#include "tile.h"

/* An index in tiles: value = start + within. `within` runs over a tile; number: which of the `tiles` it is. */
typedef struct { const Index *index, *within; const Expr *start, *number; int64_t tiles; } Cut;

typedef struct {
    const Tile *t;
    Cut lane, side[2];
    int n_side;
    const Index *whole[12];         /* free indices that are not cut; the last `inner` run inside of hoisted ones */
    int n_whole;
    const Tensor *sums[MOST_SUMS];  /* real, in memory: for each inner index, register and lane; NULL: none */
    Nodes *body;                    /* of the outer loops */
} Build;

Cut *cut_of(Build *b, const Index *i);
/* The register indices, and the lane, at the values of the tile. */
const Expr *at_tile(const Build *b, const Expr *e, const Expr *lane_value);
/* Loops over the places of the tile in its register indices. */
Nodes *add_side_by_side(Nodes *to, const Build *b, LoopKind kind);

/* In front of a tile: its results, and what the next places read. */
void ask_ahead(const Build *b);
/* Of tiles in strips: in front of each, or in each step of its sum. */
void ask_along_strips(Nodes *to, Build *b, bool is_step);
#endif
