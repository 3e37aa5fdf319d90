/* Which tile: the lane, the registers and the order of the loops of a sum, by cost.
 *
 * For a lane every read is unit (consecutive along the lane: a vector is loaded) or free (it does not contain the lane: one
 * number for all lanes); an index along which some read is strided, or goes where data say, is no lane. Register indices
 * are free ones that no bound of a loop depends on, so that all of a tile is summed over the same range.
 *
 * The cost is in cycles of a machine with two multiply-adds and somewhat fewer loads a cycle, four cycles from one addition to a sum
 * to the next, sixteen registers, 32 KiB of first and 512 KiB of second cache:
 *
 *     work       turns of the innermost loop * max(multiply-adds/2, 0.7*loads, 4), and a little for each time it is entered
 *     traffic    lines that come from the second cache and from behind it: the largest set of inner loops whose operands
 *                fit into a cache, and one loop more, touch each line once; every loop outside of that, anew, and so does each of
 *                two passes over the lanes. A little for what does not fit into half of the first cache, which is all that a busy
 *                neighbour on the same core leaves
 *
 * Both overlap. All candidates of registers are rated by their work; the best of each lane by their traffic as well, in
 * every order of the loops that tile.c can build. What threads cannot share costs half as much again. */
#include "../equations/solve.h"
#include "tile.h"
#include <math.h>

enum {
    MOST_SIDE_BY_SIDE = 6, LATENCY = 4,
    COLUMN = 12,                    /* cycles that a line takes to come where nothing has looked ahead */
    FOLD = 14, SETUP = 6,           /* cycles to add up 16 lanes, and to enter the innermost loop */
    HALF_CACHE = 14 << 10, FIRST_CACHE = 22 << 10, SECOND_CACHE = 384 << 10, FINALISTS = 4, MOST_READS = 8, MOST_INDICES = 24,
    LARGEST_SUMS = 4096,            /* elements of the array of sums, */
    LONGEST_STRIP = 17000,          /* and of that of a strip, which is added to once for each turn of the hoisted indices */
    FEWEST_TILES = 4,               /* of a strip: what makes it worth sums in memory */
    LARGE = 50000, FEWEST_PARTS = 4 /* cycles of a nest that threads should share, and into how many parts it should fall */
};
static const double ALONE = 1.5;                                /* what a thread alone is dearer by */
static const double LOAD = 0.7;                                 /* cycles, beside multiply-adds */
static const double FIRST_BYTES = 28, SECOND_BYTES = 12;        /* a cycle: from the second cache, and from behind it */
static const double HALF_BYTES = 200;                           /* enough to choose between orders that are equal otherwise */

/* The elements of a dim that a read touches while index k takes v[k] values: least + the sum of step[k]*(v[k] - 1). An index
 * that moves it in a way that only data know reaches all of it. */
typedef struct { double least, step[MOST_INDICES]; } Reach;
/* moves[k]: the read is another one at another value of index k. */
typedef struct { const Expr *read, *position; bool moves[MOST_INDICES]; Reach *reach; } Operand;
/* Of the indices of the nest and then of its sum: their order decides the number of an index. */
typedef struct { Operand at[MOST_READS]; int n; const Index *index[MOST_INDICES]; int n_index; } Operands;

/* ---- what a lane makes of an expression ------------------------------------------------------------------------------ */

static const Operand *operand_at(const Operands *o, const Expr *read) {
    int r = 0;
    while (o->at[r].read != read) r++;
    return &o->at[r];
}

/* Whether e is arithmetic on numbers and on reads that are unit or free along the lane. *vectors: a lane is needed. */
static bool is_vector(const Expr *e, const Operands *o, const Index *lane, bool *vectors) {
    if (e->type != REAL) return false;
    if (!uses_index(e, lane)) return true;
    if (e->kind == X_READ) {
        int64_t stride;
        *vectors = true;
        return !e->guarded && !e->tensor->byte && !adds_up(e->tensor) && e->tensor->type == REAL &&
               stride_of(operand_at(o, e)->position, lane, &stride) && stride == 1;
    }
    bool arithmetic = is_arithmetic(e);
    for (int k = 0; arithmetic && k < e->n; k++)
        arithmetic = is_vector(e->arg[k], o, lane, vectors);
    return arithmetic;
}

static bool bounds_use(const Peeled *p, const Index *i) {
    if (p->rest && uses_index(p->rest, i)) return true;
    for (int k = 0; k < p->atleast.n; k++)
        if (uses_index(p->atleast.at[k], i)) return true;
    return false;
}

static bool may_be_lane(const Tile *t, const Operands *o) {
    bool vectors = false;
    if ((t->lane->count && !t->bound) || t->lane->extent < LANES) return false;
    for (int k = 0; k < t->n_sums; k++, vectors = false)
        if (!is_vector(t->term[k], o, t->lane, &vectors) || !vectors) return false;
    if (!t->bound) return !bounds_use(&t->peeled, t->lane);
    /* One condition may cut the lane at its end: samples beyond the last. */
    int cuts = 0;
    for (int k = 0; k < t->peeled.atleast.n; k++) {
        int64_t slope;
        if (!stride_of(t->peeled.atleast.at[k], t->lane, &slope) || slope > 0) return false;
        cuts += slope < 0;
    }
    return cuts == 0 || (cuts == 1 && t->lane->extent == LANES && !t->lane->count);
}

/* Whether a read slides over i and over a short bound index: compilers carry what the next turn reads again in registers
 * that the sums need. */
static bool slides(const Tile *t, const Operands *o, const Index *i) {
    enum { SHORT = 7 };
    for (int r = 0; r < o->n; r++)
        for (int d = 0; d < o->at[r].read->tensor->rank; d++)
            for (int k = 0; k < t->sum->n_bound; k++) {
                const Index *bound = t->sum->bound[k];
                const Expr *sub = o->at[r].read->arg[d];
                int64_t stride;
                bool along = stride_of(sub, bound, &stride) && stride != 0;
                if (bound->extent <= SHORT && along && uses_index(sub, i)) return true;
            }
    return false;
}

static bool may_be_register(const Tile *t, const Operands *o, const Index *i) {
    if (slides(t, o, i) || (i->count && t->nest->single)) return false;
    return i != t->lane && i != t->nest->block && i->extent > 1 && !bounds_use(&t->peeled, i);
}

/* ---- work ------------------------------------------------------------------------------------------------------------ */
/* Whether some result is stored elsewhere than side by side along the lane. */
static bool scatters(const Tile *t) {
    for (int k = 0; k < t->nest->members.n; k++) {
        const Member *m = &t->nest->members.at[k];
        int64_t stride;
        if (m->target && (!stride_of(position(m->target, m->subs), t->lane, &stride) || stride != 1)) return true;
    }
    return false;
}

static int64_t whole_tiles(int64_t extent, int64_t size) { return (extent + size - 1) / size; }
static double tiles_of(int64_t extent, int64_t size) { return (double)whole_tiles(extent, size); }

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

/* Whether the innermost loop of the sum is written out. */
static bool is_written_out(const Tile *t) { return t->sum->n_bound > 1 && tile_writes_out(t, t->sum->bound[t->sum->n_bound - 1]); }

static int number_of(const Operands *o, const Index *i) {
    int k = 0;
    while (o->index[k] != i) k++;
    return k;
}

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

static double work_of(const Tile *t, const Operands *o) {
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

static bool has_samples(const Tile *t) {
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

/* How many parts threads may take: turns of the outer loops, as far as their tiles do not overlap. */
static double parts_of_tile(const Tile *t) {
    const Index *order[MOST_INDICES];
    const int n = tile_order(t, order);
    double parts = 1;
    for (int k = 0; k < n && !tiles_overlap(t, order[k]); k++)
        parts *= order[k] == t->even ? tiles_of(order[k]->extent, LANES) : (double)tile_count(t, order[k]);
    return parts;
}

/* Whether there are rows of several tiles, of all samples, that the outermost loop over the lane goes through by columns. */
static bool goes_by_columns(const Tile *t) { return !t->bound && t->lane->extent >= 2*LANES && has_samples(t); }

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

static void rate(Tile *t, const Operands *o) {
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
    if (!t->lane_last && goes_by_columns(t)) t->cycles += column_cycles(t);
    if (t->cycles > LARGE && parts_of_tile(t) < FEWEST_PARTS) t->cycles *= ALONE;
}

/* ---- the choice ------------------------------------------------------------------------------------------------------ */
typedef struct { Tile at[FINALISTS]; int n; } Finalists;

static void enter(Finalists *f, const Tile *t) {
    int at = f->n < FINALISTS ? f->n++ : FINALISTS;
    if (at == FINALISTS && t->work >= f->at[FINALISTS - 1].work) return;
    if (at == FINALISTS) at--;
    for (; at > 0 && f->at[at - 1].work > t->work; at--) f->at[at] = f->at[at - 1];
    f->at[at] = *t;
}

static bool overlaps(const Tile *t) {
    if (!t->bound && t->lane->extent % LANES) return true;
    for (int r = 0; r < 2; r++)
        if (t->registers[r] && (t->registers[r]->count || t->registers[r]->extent % t->factor[r])) return true;
    return false;
}

/* Where a tile stores what it has read, an element must not be computed twice. */
static bool stores_once(const Nest *nest) {
    for (int k = 0; k < nest->members.n; k++)
        if (nest->members.at[k].adds || (nest->members.at[k].target && nest->members.at[k].target->role == ROLE_NEXT)) return true;
    return false;
}

/* Makes tiles of a register index even that would overlap, where that saves more than the second copy of the code is worth, and where threads
 * find enough parts without them. */
static void make_even(Tile *t, const Operands *o) {
    enum { LEAST = 3, SAVED = 1000 };       /* values of a tile; cycles */
    static const double WORTH = 0.985;
    if (t->bound) return;
    for (int k = 0; k < 2; k++) {
        Tile even = *t;
        even.even = t->registers[k];
        if (!even.even || t->factor[k] < LEAST) continue;
        const Fall f = tile_fall(&even, even.even);
        if (f.shorter == 0 || f.shorter >= f.tiles || parts_of_tile(&even) < FEWEST_PARTS) continue;
        even.work = work_of(&even, o);
        if (even.work < fmin(WORTH*t->work, t->work - SAVED)) *t = even;
    }
}

static void consider(Finalists *f, Tile t, const Operands *o, bool once) {
    if (once && overlaps(&t)) return;
    t.work = work_of(&t, o);
    if (t.work == INFINITY) return;
    make_even(&t, o);
    enter(f, &t);
}

static void consider_registers(Finalists *f, const Tile *t, const Operands *o, bool once) {
    const Index *candidate[MOST_INDICES];
    int n = 0;
    for (int k = 0; k < t->nest->n_free; k++)
        if (may_be_register(t, o, t->nest->free[k])) candidate[n++] = t->nest->free[k];
    consider(f, *t, o, once);
    for (int a = 0; a < n; a++)
        for (int p = 2; p <= MOST_SIDE_BY_SIDE && p <= candidate[a]->extent; p++) {
            Tile one = *t;
            one.registers[0] = candidate[a], one.factor[0] = p;
            consider(f, one, o, once);
            for (int b = a + 1; b < n; b++)
                for (int q = 2; q <= MOST_SIDE_BY_SIDE && q <= candidate[b]->extent && p * q * (t->wide ? 2 : 1) <= REGISTERS; q++) {
                    Tile two = one;
                    two.registers[1] = candidate[b], two.factor[1] = q;
                    consider(f, two, o, once);
                }
        }
}

static void consider_order(Tile *best, Tile t, const Operands *o) {
    for (int last = has_samples(&t); last >= 0; last--) {
        t.samples_last = last, t.lane_last = false;
        rate(&t, o);
        if (t.cycles <= best->cycles) *best = t;    /* of equals the last: what lies closest in memory */
        if (last || is_strip(&t, t.lane) || !goes_by_columns(&t)) continue;
        t.lane_last = true;
        rate(&t, o);
        if (t.cycles < best->cycles) *best = t;
    }
}

/* Whether a read slides over a free index that stands outside: then each of its values goes through all of the memory again, by rows
 * that are too short for a processor to look ahead in. */
static bool slides_outside(const Tile *t, const Operands *o) {
    const Index *whole[MOST_INDICES];
    for (int n = tile_whole(t, whole); n > 0; n--)
        for (int r = 0; r < o->n; r++)
            for (int d = 0; d < o->at[r].read->tensor->rank; d++)
                for (int k = 0; k < t->sum->n_bound; k++)
                    if (uses_index(o->at[r].read->arg[d], whole[n - 1]) && uses_index(o->at[r].read->arg[d], t->sum->bound[k])) return true;
    return false;
}

/* Bound indices hoisted over the tiles of an index: rows of a long product by blocks that stay in the cache, where all that a tile
 * reads of its whole sum would not. */
static void consider_strips(Tile *best, Tile t, const Operands *o) {
    const Index *cut[] = {t.registers[0], t.registers[1], t.lane};
    if (t.bound || t.nest->block || slides_outside(&t, o)) return;      /* the lanes of a block are one tile, and its sums are short */
    t.inner = 0;
    for (t.hoisted = 1; t.hoisted < t.sum->n_bound; t.hoisted++)
        for (int a = 0; a < 3; a++)
            for (int b = 0; b < 3; b++) {
                const Index *second = a == b ? NULL : cut[b];   /* one strip, or one inside of another */
                if (!cut[a] || (a != b && !second)) continue;
                double tiles = (double)tile_count(&t, cut[a]);
                const double others = second ? (double)tile_count(&t, second) : 2;
                if (tiles < 2 || others < 2) continue;
                if (second) tiles *= others;
                t.strip[0] = cut[a], t.strip[1] = second, t.n_strips = second ? 2 : 1;
                if (tiles >= FEWEST_TILES && LANES * t.factor[0] * t.factor[1] * tiles <= LONGEST_STRIP) consider_order(best, t, o);
            }
}

/* The orders of the loops: bound indices hoisted over whole free ones. Bounds that depend on both stay as they are. */
static void consider_orders(Tile *best, Tile t, const Operands *o) {
    consider_strips(best, t, o);
    const Index *whole[MOST_INDICES];
    int n = tile_whole(&t, whole);
    for (int hoisted = 0; hoisted < t.sum->n_bound; hoisted++) {
        if (hoisted && t.sum->bound[hoisted - 1] == t.lane) break;
        double sums = LANES * t.factor[0] * t.factor[1];
        /* Something is hoisted over something, or nothing over nothing. */
        for (int inner = hoisted > 0; inner <= (hoisted ? n : 0); inner++) {
            if (inner) sums *= (double)whole[n - inner]->extent;
            if (inner && (whole[n - inner]->count || whole[n - inner] == t.nest->block || sums > LARGEST_SUMS)) break;
            t.hoisted = hoisted, t.inner = inner;
            consider_order(best, t, o);
        }
    }
}

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

static bool collect(Operands *o, const Tile *t) {
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

/* The sum with indices that bounds depend on in front of the others: what a border cuts short are outer loops then, and an
 * innermost loop that is always whole needs neither a test nor a version for the border. Sums over samples stay as they are: there
 * lanes are the whole of an innermost loop. */
static const Member *bounds_first(const Member *sum, const Peeled *p, const Nest *nest) {
    enum { WORTH = 8 };             /* turns of the innermost loop */
    const Index **order = NEW_ARRAY(const Index *, sum->n_bound + 1);
    int n = 0;
    for (int k = 0; k < sum->n_bound; k++)
        if (sum->bound[k] == nest->block) return sum;
    for (int cut = 1; cut >= 0; cut--)
        for (int k = 0; k < sum->n_bound; k++)
            if (bounds_use(p, sum->bound[k]) == cut) order[n++] = sum->bound[k];
    const Index *last = order[n - 1];
    if (last->extent < WORTH || last->count || bounds_use(p, last)) return sum;
    Member *m = NEW(Member);
    *m = *sum;
    m->bound = order;
    return m;
}

static bool same_bounds(const Peeled *a, const Peeled *b) {
    if (a->rest != b->rest || a->atleast.n != b->atleast.n) return false;
    for (int k = 0; k < a->atleast.n; k++)
        if (a->atleast.at[k] != b->atleast.at[k]) return false;
    return true;
}

/* The sums of the nest, which are its first members; all others are maps. */
static bool find_sums(Tile *t, const Nest *nest) {
    const Member *first = &nest->members.at[0];
    for (int k = 0; k < nest->members.n; k++) {
        const Member *m = &nest->members.at[k];
        if (k > 0 && m->op == REDUCE_NONE) continue;
        if (k >= MOST_SUMS || m->op != REDUCE_SUM || m->body->type != REAL || m->type != REAL || m->n_bound != first->n_bound) return false;
        for (int b = 0; b < m->n_bound; b++)
            if (m->bound[b] != first->bound[b]) return false;
        const Peeled p = peel(m->body, true, nest->free, nest->n_free);
        if (k == 0) t->peeled = p;
        else if (!same_bounds(&t->peeled, &p)) return false;
        t->term[t->n_sums++] = p.term;
    }
    return true;
}

/* Whether the sums may read at all values of their indices, whatever the conditions say. */
static bool reads_anywhere(const Tile *t) {
    for (int k = 0; k < t->n_sums; k++) {
        Exprs reads = reads_of(t->term[k]);
        for (int r = 0; r < reads.n; r++)
            if (!is_integer(read_inside(reads.at[r]), 1)) return false;
    }
    return true;
}

/* Conditions on free indices alone, as of what nobody sees that looks ahead, part the results and not the sum. */
static void set_apart(Tile *t) {
    Peeled *p = &t->peeled;
    int left = 0;
    if (!reads_anywhere(t)) return;
    for (int k = 0; k < p->atleast.n; k++) {
        const Expr *e = p->atleast.at[k];
        bool apart = t->n_apart < MOST_APART;
        int64_t slope;
        for (int i = 0; i < t->sum->n_bound && apart; i++) apart = !uses_index(e, t->sum->bound[i]);
        for (int i = 0; i < t->nest->n_free && apart; i++) apart = stride_of(e, t->nest->free[i], &slope);
        if (apart) t->apart[t->n_apart++] = e;
        else p->atleast.at[left++] = e;
    }
    p->atleast.n = left;
}

bool tile_choose(Tile *best, const Nest *nest, Notes *notes) {
    const Member *sum = &nest->members.at[0];
    *best = (Tile){.cycles = INFINITY};
    if (sum->n_bound == 0 || nest->n_free + sum->n_bound > MOST_INDICES - 4) return false;
    for (int k = 0; k < sum->n_bound; k++)
        if (sum->bound[k]->extent < 1) return false;
    Scatter scatter;
    if (scatter_of(sum->body, nest->free, nest->n_free, &scatter)) return false;
    Tile t = {.nest = nest, .sum = sum, .factor = {1, 1}};
    if (!find_sums(&t, nest)) return false;
    set_apart(&t);
    Operands operands = {.n = 0};
    /* What is left of the guards must hold for all of a tile, or for nothing of it. */
    for (int k = 0; k < sum->n_bound && t.peeled.rest; k++)
        if (uses_index(t.peeled.rest, sum->bound[k])) return false;
    if (!collect(&operands, &t)) return false;
    t.sum = sum = bounds_first(sum, &t.peeled, nest);
    bool once = stores_once(nest);
    int chosen = -1;
    for (int k = 0; k < nest->n_free + sum->n_bound; k++) {
        t.bound = k >= nest->n_free;
        t.lane = t.bound ? sum->bound[k - nest->n_free] : nest->free[k];
        if (!may_be_lane(&t, &operands)) continue;
        t.scatters = !t.bound && scatters(&t);
        for (int wide = 0; wide < 2; wide++) {
            Finalists f = {.n = 0};
            t.wide = wide;
            consider_registers(&f, &t, &operands, once);
            Tile own = {.cycles = INFINITY};
            for (int c = 0; c < f.n; c++) consider_orders(&own, f.at[c], &operands);
            if (!own.lane) continue;
            PUSH(notes->considered, ((Considered){tile_words(&own), own.cycles, false}));
            if (own.cycles > best->cycles) continue;
            *best = own;
            chosen = notes->considered.n - 1;
        }
    }
    if (chosen >= 0) notes->considered.at[chosen].chosen = true;
    return chosen >= 0;
}

double tile_cycles(const Nest *nest) {
    Tile t;
    Notes notes = {0};
    return tile_choose(&t, nest, &notes) ? t.cycles : INFINITY;
}

/* ---- blocks of a long index ------------------------------------------------------------------------------------------ */
/* The longest block of an index in which sums of a tile for all of another index find room in memory; 0: none. */
static int64_t block_of(const Index *i) {
    enum { LEAST = 48, MOST = 128 };
    for (int64_t size = MOST; size >= LEAST; size -= LANES)
        if (!i->count && i->extent > size && i->extent % size == 0) return size;
    return 0;
}

/* The nest with one of its free indices as two: the block, and the place in it. */
static Nest *in_blocks(const Nest *nest, int at, int64_t size) {
    Nest *result = nest_copy(nest);
    const Index *i = nest->free[at], *block = index_new(name_of(text("%s_block", i->name)), i->extent / size, NULL);
    const Index *within = index_new(i->name, size, NULL), **free = NEW_ARRAY(const Index *, nest->n_free + 1);
    const Expr *value = Add(Mul(At(block), Int(size)), At(within));
    for (int k = 0; k < nest->n_free; k++) free[k + (k > at)] = nest->free[k];
    free[at] = block, free[at + 1] = within;
    result->free = free, result->n_free++;
    for (int k = 0; k < result->members.n; k++) substitute_member(&result->members.at[k], i, value);
    return result;
}

bool tile_choose_in_blocks(Tile *best, const Nest *nest, Notes *notes) {
    enum { WORTH = 1000000 };           /* cycles */
    if (!tile_choose(best, nest, notes)) return false;
    const Tile whole = *best;
    if (whole.cycles < WORTH || whole.sum->n_bound < 2 || nest->block) return true;
    for (int k = 0; k < nest->n_free; k++) {
        const int64_t size = block_of(nest->free[k]);
        Tile t;
        Notes own = {0};
        if (size == 0 || !tile_choose(&t, in_blocks(nest, k, size), &own) || t.cycles >= best->cycles) continue;
        *best = t;
        *notes = own;
    }
    return true;
}
