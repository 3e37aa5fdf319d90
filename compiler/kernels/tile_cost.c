/* What a tile costs, in cycles of a machine with two multiply-adds and somewhat fewer loads a cycle, four cycles from one addition to a
 * sum to the next, sixteen registers, 32 KiB of first and 512 KiB of second cache:
 *
 *     work       turns of the innermost loop * max(multiply-adds/2, 0.7*loads, 4), and a little for each time it is entered
 *     traffic    lines that come from the second cache and from behind it: the largest set of inner loops whose operands
 *                fit into a cache, and one loop more, touch each line once; every loop outside of that, anew, and so does each of
 *                two passes over the lanes. A little for what does not fit into half of the first cache, which is all that a busy
 *                neighbour on the same core leaves
 *
 * Both overlap. What threads cannot share costs half as much again. */
#include "tile_cost.h"
#include <math.h>

enum {
    LATENCY = 4,
    COLUMN = 12,                    /* cycles that a line takes to come where nothing has looked ahead */
    FOLD = 14, SETUP = 6,           /* cycles to add up 16 lanes, and to enter the innermost loop */
    HALF_CACHE = 14 << 10, FIRST_CACHE = 22 << 10, SECOND_CACHE = 384 << 10,
    LARGE = 50000                   /* cycles of a nest that threads should share */
};
static const double ALONE = 1.5;                                /* what a thread alone is dearer by */
static const double LOAD = 0.7;                                 /* cycles, beside multiply-adds */
static const double FIRST_BYTES = 28, SECOND_BYTES = 12;        /* a cycle: from the second cache, and from behind it */
static const double HALF_BYTES = 200;                           /* enough to choose between orders that are equal otherwise */

/* ---- the operands ---------------------------------------------------------------------------------------------------- */
static Operand operand_of(const Operands *o, const Expr *read) {
    const Tensor *x = read->tensor;
    Operand operand = {.read = read, .position = position(x, read->arg), .reach = NEW_ARRAY(Reach, x->rank)};
    for (int k = 0; k < o->n_index; k++) operand.moves[k] = uses_index(read, o->index[k]);
    for (int d = 0; d < x->rank; d++) {
        Reach *reach = &operand.reach[d];
        reach->least = 1;
        for (int k = 0; k < o->n_index; k++) {
            int64_t stride;
            if (stride_of(read->arg[d], o->index[k], &stride)) reach->step[k] = fabs((double)stride);
            else reach->least = (double)x->dim[d].extent;
        }
    }
    return operand;
}

static bool is_operand(const Operands *o, const Expr *read) {
    for (int k = 0; k < o->n; k++)
        if (o->at[k].read == read) return true;
    return false;
}

bool tile_operands(Operands *o, const Tile *t) {
    for (int k = 0; k < t->nest->n_free; k++) o->index[o->n_index++] = t->nest->free[k];
    for (int k = 0; k < t->sum->n_bound; k++) o->index[o->n_index++] = t->sum->bound[k];
    for (int k = 0; k < t->n_sums; k++) {
        Exprs reads = reads_of(t->term[k]);
        for (int r = 0; r < reads.n; r++) {
            if (reads.at[r]->tensor->rank == 0 || is_operand(o, reads.at[r])) continue;
            if (o->n == MOST_READS) return false;
            o->at[o->n++] = operand_of(o, reads.at[r]);
        }
    }
    return true;
}

const Operand *operand_at(const Operands *o, const Expr *read) {
    int r = 0;
    while (o->at[r].read != read) r++;
    return &o->at[r];
}

static int number_of(const Operands *o, const Index *i) {
    int k = 0;
    while (o->index[k] != i) k++;
    return k;
}

/* ---- work ------------------------------------------------------------------------------------------------------------ */
/* Whether the innermost loop of the sum is written out. */
static bool is_written_out(const Tile *t) { return t->sum->n_bound > 1 && tile_writes_out(t, t->sum->bound[t->sum->n_bound - 1]); }

/* The cycles of one step of a sum in the tile; INFINITY: the registers do not suffice. */
static double step_cycles(const Tile *t, const Operands *o, const int *factor) {
    double vectors = t->wide ? 2 : 1, sums = vectors * t->n_sums * factor[0] * factor[1], loads = 0, held = INFINITY;
    const int lane = number_of(o, t->lane), side[] = {t->registers[0] ? number_of(o, t->registers[0]) : lane,
                                                      t->registers[1] ? number_of(o, t->registers[1]) : lane};
    for (int r = 0; r < o->n; r++) {
        const bool *moves = o->at[r].moves;
        double copies = moves[lane] ? vectors : 1;
        for (int k = 0; k < 2; k++)
            if (t->registers[k] && moves[side[k]]) copies *= factor[k];
        loads += copies;
        held = fmin(held, copies);
    }
    const double registers = sums + (o->n > 1 ? held : 0) + 1;
    if (registers > REGISTERS) return INFINITY;
    /* A sum waits for its last addition; more of them hide that. */
    double cycles = fmax(fmax(sums / 2, loads * LOAD), LATENCY) + 0.5;
    /* Of a loop that is written out, the next turn's operands are loaded before the last ones are used: some go through memory. */
    if (is_written_out(t) && registers > REGISTERS - 2) cycles += 1;
    return cycles;
}

/* The same on the average of the tiles of an even index. */
static double average_cycles(const Tile *t, const Operands *o) {
    double cycles = step_cycles(t, o, t->factor);
    if (!t->even) return cycles;
    const Fall f = tile_fall(t, t->even);
    const int at = t->even == t->registers[1], less[] = {t->factor[0] - !at, t->factor[1] - at};
    return cycles + (step_cycles(t, o, less) - cycles) * (double)f.shorter / (double)f.tiles;
}

double tile_work(const Tile *t, const Operands *o) {
    const double cycles = average_cycles(t, o);
    if (cycles == INFINITY) return INFINITY;
    double turns = 1, results = 1, entered = 1;
    for (int k = 0; k < t->nest->n_free; k++) {
        const Index *i = t->nest->free[k];
        turns *= (double)tile_count(t, i);
        results *= (double)i->extent;
    }
    /* The innermost loop that is not written out is entered once for each turn of those around it. */
    for (int k = 0; k < t->sum->n_bound; k++) {
        const Index *i = t->sum->bound[k];
        if ((i != t->lane || i->extent > LANES) && !(is_written_out(t) && k == t->sum->n_bound - 1)) entered = turns;
        turns *= i == t->lane ? (double)i->extent / LANES : (double)i->extent;
    }
    double finish = t->bound ? FOLD : t->scatters ? 2 : 0.25;
    return (t->wide ? 1 : 2) * (turns * cycles + entered * SETUP) + t->n_sums * results * finish;
}

/* ---- traffic --------------------------------------------------------------------------------------------------------- */
static double tiles_of(int64_t extent, int64_t size) { return (double)whole_tiles(extent, size); }

/* From the outside in: the numbers of their indices, how many values one turn covers, and how many there are. The loops from `pass` on run
 * once for each of so many passes over the lanes. */
typedef struct { int index[MOST_INDICES]; double cover[MOST_INDICES], extent[MOST_INDICES]; int n, pass; double passes; } Loops;

/* Bytes that a read touches where the indices take so many values. */
static double footprint(const Operands *o, const Operand *operand, const double *values) {
    double bytes = 4;
    const Tensor *x = operand->read->tensor;
    for (int d = 0; d < x->rank; d++) {
        const Reach *reach = &operand->reach[d];
        double span = reach->least;
        for (int k = 0; k < o->n_index; k++) span += reach->step[k] * (values[k] - 1);
        bytes *= fmin(span, (double)x->dim[d].extent);
        if (d + 1 == x->rank && span * 4 < 64 && x->dim[d].extent >= LANES) bytes *= 16 / span;
    }
    return bytes;
}

/* Bytes of the array of sums that are touched where the indices take so many values, where sums go through memory. */
static double sums_of(const Operands *o, const Tile *t, const double *values) {
    if (!t->hoisted) return 0;
    const Index *whole[MOST_INDICES];
    int n = tile_whole(t, whole);
    double bytes = 4 * LANES * t->n_sums * t->factor[0] * t->factor[1];
    for (int k = n - t->inner; k < n; k++) bytes *= values[number_of(o, whole[k])];
    for (int k = 0; k < t->n_strips; k++) bytes *= tiles_of((int64_t)values[number_of(o, t->strip[k])], tile_size(t, t->strip[k]));
    return bytes;
}

/* What the loops from each one inwards touch: the reads, and these with the array of sums. */
typedef struct { double reads[MOST_INDICES], all[MOST_INDICES]; } Touched;

/* From the innermost loop to the first one that touches more than the caches hold. */
static void touch(Touched *touched, const Loops *l, const Operands *o, const Tile *t) {
    double values[MOST_INDICES];
    for (int k = 0; k < o->n_index; k++) values[k] = (double)tile_size(t, o->index[k]);
    for (int first = l->n - 1; first >= 0; first--) {
        values[l->index[first]] = fmax(values[l->index[first]], l->extent[first]);
        touched->reads[first] = 0;
        touched->all[first] = sums_of(o, t, values);
        for (int r = 0; r < o->n; r++) {
            double bytes = footprint(o, &o->at[r], values);
            touched->reads[first] += bytes;
            touched->all[first] += bytes;
        }
        if (touched->all[first] > SECOND_CACHE) break;
    }
}

/* Cycles in which lines come into a cache of this size. */
static double cache_traffic(const Loops *l, const Touched *touched, double size, double bytes_a_cycle) {
    int fits = l->n;
    while (fits > 0 && !(touched->all[fits - 1] > size)) fits--;
    double times = 1;
    int level = fits > 0 ? fits - 1 : 0;
    for (int k = 0; k < level; k++) times *= tiles_of((int64_t)l->extent[k], (int64_t)l->cover[k]);
    if (level >= l->pass) times *= l->passes;
    return touched->reads[level] * times / bytes_a_cycle;
}

static void add(Loops *l, const Operands *o, const Index *i, double cover) {
    l->index[l->n] = number_of(o, i);
    l->extent[l->n] = (double)i->extent;
    l->cover[l->n++] = cover;
}

/* The loops in the order of tile.c. */
static Loops loops_of(const Tile *t, const Operands *o) {
    Loops l;
    const Index *whole[MOST_INDICES], *order[MOST_INDICES];
    int n = tile_whole(t, whole), outer = n - t->inner, loops = tile_order(t, order);
    l.n = 0;
    for (int k = 0; k < loops; k++) add(&l, o, order[k], (double)tile_size(t, order[k]));
    for (int k = 0; k < t->hoisted; k++) add(&l, o, t->sum->bound[k], 1);
    for (int k = 0; k < t->n_strips; k++) add(&l, o, t->strip[k], (double)tile_size(t, t->strip[k]));
    for (int k = outer; k < n; k++) add(&l, o, whole[k], 1);
    l.pass = l.n, l.passes = t->wide ? 1 : 2;
    for (int k = t->hoisted; k < t->sum->n_bound; k++)
        add(&l, o, t->sum->bound[k], t->sum->bound[k] == t->lane ? LANES : 1);
    return l;
}

bool tile_goes_by_columns(const Tile *t) { return !t->bound && t->lane->extent >= 2*LANES && tile_has_samples(t); }

/* What it costs that lines of the results, and of what maps make them from, come one by one: nothing looks ahead along a column. */
static double column_cycles(const Tile *t) {
    double lines = 1.0/LANES, streams = 0;
    for (int k = 0; k < t->nest->n_free; k++) lines *= (double)t->nest->free[k]->extent;
    for (int k = 0; k < t->nest->members.n; k++) {
        const Member *m = &t->nest->members.at[k];
        streams += m->target != NULL;
        Exprs reads = reads_of(m->body);
        for (int r = 0; r < reads.n && m->op == REDUCE_NONE; r++) streams += reads.at[r]->tensor->rank >= t->nest->n_free;
    }
    return 4*lines*LANES < SECOND_CACHE ? 0 : lines*streams*COLUMN;
}

void tile_rate(Tile *t, const Operands *o) {
    Loops l = loops_of(t, o);
    Touched touched;
    touch(&touched, &l, o, t);
    t->traffic = cache_traffic(&l, &touched, HALF_CACHE, HALF_BYTES) + cache_traffic(&l, &touched, FIRST_CACHE, FIRST_BYTES)
               + cache_traffic(&l, &touched, SECOND_CACHE, SECOND_BYTES);
    double work = t->work;
    if (t->hoisted) {
        /* The sums go through memory for each value of the hoisted indices. */
        double turns = 1;
        for (int k = 0; k < t->hoisted; k++) turns *= (double)t->sum->bound[k]->extent;
        for (int k = 0; k < t->nest->n_free; k++) {
            const Index *i = t->nest->free[k];
            turns *= i == t->lane ? tiles_of(i->extent, LANES) : (double)i->extent;
        }
        work += 2 * turns * t->n_sums;
    }
    t->cycles = fmax(work, t->traffic) + 0.25 * fmin(work, t->traffic);
    if (!t->lane_last && tile_goes_by_columns(t)) t->cycles += column_cycles(t);
    if (t->cycles > LARGE && tile_parts(t) < FEWEST_PARTS) t->cycles *= ALONE;
}
