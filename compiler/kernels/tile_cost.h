/* What a tile reads, and what it costs (tile_cost.c). */
#ifndef NNC_TILE_COST_H
#define NNC_TILE_COST_H
#include "../equations/solve.h"
#include "tile.h"

enum { MOST_READS = 8, FEWEST_PARTS = 4 };                      /* into how many parts a nest should fall that threads share */

/* The elements of a dim that a read touches while index k takes v[k] values: least + the sum of step[k]*(v[k] - 1). An index
 * that moves it in a way that only data know reaches all of it. */
typedef struct { double least, step[MOST_INDICES]; } Reach;
/* moves[k]: the read is another one at another value of index k. */
typedef struct { const Expr *read, *position; bool moves[MOST_INDICES]; Reach *reach; } Operand;
/* Of the indices of the nest and then of its sum: their order decides the number of an index. */
typedef struct { Operand at[MOST_READS]; int n; const Index *index[MOST_INDICES]; int n_index; } Operands;

bool tile_operands(Operands *o, const Tile *t);                 /* those of its sums; false: they are too many */
const Operand *operand_at(const Operands *o, const Expr *read);
double tile_work(const Tile *t, const Operands *o);             /* INFINITY: the registers do not suffice */
void tile_rate(Tile *t, const Operands *o);                     /* sets traffic and cycles, from its work and the order of its loops */
/* Whether there are rows of several tiles, of all samples, that the outermost loop over the lane goes through by columns. */
bool tile_goes_by_columns(const Tile *t);
#endif
