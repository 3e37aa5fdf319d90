/* Which tile: the lane, the registers and the order of the loops of a sum, by cost (tile_cost.c).
 *
 * For a lane every read is unit (consecutive along the lane: a vector is loaded) or free (it does not contain the lane: one
 * number for all lanes); an index along which some read is strided, or goes where data say, is no lane. Register indices
 * are free ones that no bound of a loop depends on, so that all of a tile is summed over the same range.
 *
 * All candidates of registers are rated by their work; the best of each lane by their traffic as well, in every order of the loops
 * that tile.c can build. */
#include "tile_cost.h"
#include <math.h>

enum {
    MOST_SIDE_BY_SIDE = 6, FINALISTS = 4,
    LARGEST_SUMS = 4096,            /* elements of the array of sums, */
    LONGEST_STRIP = 17000,          /* and of that of a strip, which is added to once for each turn of the hoisted indices */
    FEWEST_TILES = 4                /* of a strip: what makes it worth sums in memory */
};

/* ---- what a lane makes of an expression ------------------------------------------------------------------------------ */

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

/* Whether some result is stored elsewhere than side by side along the lane. */
static bool scatters(const Tile *t) {
    for (int k = 0; k < t->nest->members.n; k++) {
        const Member *m = &t->nest->members.at[k];
        int64_t stride;
        if (m->target && (!stride_of(position(m->target, m->subs), t->lane, &stride) || stride != 1)) return true;
    }
    return false;
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
        if (f.shorter == 0 || f.shorter >= f.tiles || tile_parts(&even) < FEWEST_PARTS) continue;
        even.work = tile_work(&even, o);
        if (even.work < fmin(WORTH*t->work, t->work - SAVED)) *t = even;
    }
}

static void consider(Finalists *f, Tile t, const Operands *o, bool once) {
    if (once && overlaps(&t)) return;
    t.work = tile_work(&t, o);
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
    for (int last = tile_has_samples(&t); last >= 0; last--) {
        t.samples_last = last, t.lane_last = false;
        tile_rate(&t, o);
        if (t.cycles <= best->cycles) *best = t;    /* of equals the last: what lies closest in memory */
        if (last || is_strip(&t, t.lane) || !tile_goes_by_columns(&t)) continue;
        t.lane_last = true;
        tile_rate(&t, o);
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
    if (!tile_operands(&operands, &t)) return false;
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
