/* Register tiles: the fast schedule of sums.
 *
 * Sixteen values of one index, the lane, are computed at once in vectors; a few values of one or two other indices (the
 * register indices) are computed side by side, so that what is loaded is used several times. The sums of a tile stay in
 * registers while the loops of the reduction run:
 *
 *     y[n, o, i, j] = sum(c, u, v) w[o, c, u, v]*x[n, c, i + u, j + v]        samples in blocks of 16: lane; registers: 6 o
 *
 *         for block, o_tile, i, j:
 *             for lane < 16 in passes:
 *                 sum[6][vectors of a pass] := 0
 *                 for c, u, v:  sum[o][l] += w[6*o_tile + o, c, u, v] * x[block, c, i + u, j + v, lane + l]
 *                 sums[o][lane + l] = sum[o][l]
 *             for o < 6, lane < 16:  y = what the nest makes of sums[o][lane]
 *
 * A free index as the lane gives an element of the result in each lane. A bound index as the lane gives 16 partial sums,
 * which are added up at the end, halves first; so results are the same for every vector width. Where operands do not fit
 * into the cache, outer bound indices are hoisted over free ones, and the sums of a tile are gathered in memory:
 *
 *     for o_tile, c:  sums := 0;  for block:  for u:  sums[u][o][v][lane] += what the loops over i, j give
 *
 * or hoisted over the tiles of one or two indices, its strips. Then a long product goes by blocks of its rows that stay in the cache:
 *
 *     d_w[o, i] = sum(n, p) d_y[n, p, o]*x[n, p, i]
 *
 *         for o_block:  sums := 0;  for n:  for i_tile, o_tile:  sums[i_tile][o_tile][o][lane] += what the loop over p gives
 *
 * Where 16 does not divide a free lane, or a factor its index, the last tile begins earlier and computes some elements
 * again, to the same bits. Where that is dear, tiles are of two sizes instead, and none is computed twice:
 *
 *     16 rows by six          sum[6] for the first;  for tile < 2:  sum[5]
 *
 * Of an index that ends where the call says, the last tile computes its last value several times; its tiles of two sizes are
 * those of each block of 16. The rest of a bound lane is added to the first lanes one by one; so a sum over the samples of a
 * call is made of vectors too. */
#include "tile_build.h"

/* ---- the outer loops ------------------------------------------------------------------------------------------------- */

/* What stands inside of the loops over tiles. */
typedef void Inside(Build *b, Nodes *to, void *data);

Cut *cut_of(Build *b, const Index *i) {
    return i == b->t->lane ? &b->lane : i == b->side[0].index ? &b->side[0] : &b->side[1];
}

/* The loop over the tiles of an index, all of one size; sets where they start. */
static Nodes *add_alike_tiles(Nodes *to, Cut *cut, int64_t size) {
    const int64_t extent = cut->index->extent;
    const bool counted = cut->index->count != NULL;
    cut->start = cut->number = Int(0);
    if (extent == size && !counted) return to;
    const Index *tile = index_new(name_of(text("%s_tile", cut->index->name)), cut->tiles, NULL);
    bool exact = counted || extent % size == 0;
    const Expr *last = counted ? FloorDiv(Add(index_limit(cut->index), Int(size - 1)), Int(size)) : NULL;
    to = &add_loop(to, tile, NULL, last, exact ? LOOP_CHUNK : LOOP_SERIAL)->body;
    cut->number = At(tile);
    cut->start = Mul(At(tile), Int(size));
    if (exact) return to;
    /* The last tile begins earlier, so that it ends at the end. */
    Tensor *start = local_new(text("%s_0", cut->index->name), INT, 0, NULL);
    start->lo = 0, start->hi = extent - size;
    add_declare(to, start, Operate(OP_MIN, cut->start, Int(extent - size)));
    cut->start = read_local(start);
    return to;
}

/* The tiles of an even index: those of the factor, and then the shorter ones. Of samples, in each block. */
static void add_even_tiles(Build *b, Nodes *to, Cut *cut, Inside *inside, void *data) {
    const Index *i = cut->index;
    const Fall fall = tile_fall(b->t, i);
    const Cut whole = *cut;
    const Expr *number = Int(0), *start = Int(0);
    if (i->count) {
        const Index *block = index_new(name_of(text("%s_block", i->name)), cut->tiles/fall.tiles, NULL);
        to = &add_loop(to, block, NULL, FloorDiv(Add(index_limit(i), Int(fall.period - 1)), Int(fall.period)), LOOP_CHUNK)->body;
        number = Mul(At(block), Int(fall.tiles));
        start = Mul(At(block), Int(fall.period));
    }
    for (int less = 0; less < 2; less++) {
        const int64_t tiles = less ? fall.shorter : fall.tiles - fall.shorter, size = tile_size(b->t, i) - less;
        const Index *tile = index_new(name_of(text("%s_tile", i->name)), tiles, NULL);
        Nodes *body = tiles == 1 ? to : &add_loop(to, tile, NULL, NULL, LOOP_SERIAL)->body;
        const Expr *turn = tiles == 1 ? Int(0) : At(tile);
        cut->within = index_new(i->name, size, NULL);
        cut->number = Add(number, turn);
        cut->start = Add(start, Mul(turn, Int(size)));
        /* The first tile of a block has samples. */
        if (i->count && (less || tiles > 1)) body = &add_if(body, Gt(index_limit(i), cut->start))->body;
        inside(b, body, data);
        number = Add(number, Int(tiles));
        start = Add(start, Int(tiles*size));
    }
    *cut = whole;
}

/* The loops over the tiles of an index, and what stands inside: twice, where tiles are of two sizes. */
static void add_tiles(Build *b, Nodes *to, const Index *i, Inside *inside, void *data) {
    Cut *cut = cut_of(b, i);
    cut->tiles = tile_count(b->t, i);
    if (i == b->t->even) add_even_tiles(b, to, cut, inside, data);
    else inside(b, add_alike_tiles(to, cut, tile_size(b->t, i)), data);
}

/* What stands inside of the loops of the strips. */
typedef struct { Inside *inside; void *data; int strip; } Strips;

static void add_strips_from(Build *b, Nodes *to, void *data) {
    Strips *s = data;
    if (s->strip == b->t->n_strips) {
        s->inside(b, to, s->data);
        return;
    }
    const Index *i = b->t->strip[s->strip++];
    add_tiles(b, to, i, add_strips_from, s);
    s->strip--;
}

static void add_strips(Build *b, Nodes *to, Inside *inside, void *data) {
    Strips s = {inside, data, 0};
    add_strips_from(b, to, &s);
}

typedef struct { const Index *order[12]; int n, at; } Outer;

static void add_tile(Build *b, Nodes *to);

/* The loops of tile_order. Threads may cut those whose turns write different elements, which come first. */
static void add_outer_loops(Build *b, Nodes *to, void *data) {
    Outer *outer = data;
    const Tile *t = b->t;
    if (outer->at == outer->n) {
        add_tile(b, to);
        return;
    }
    const Index *i = outer->order[outer->at++];
    if (i == t->lane || i == t->registers[0] || i == t->registers[1]) add_tiles(b, to, i, add_outer_loops, outer);
    else add_outer_loops(b, &add_loop(to, i, NULL, NULL, LOOP_CHUNK)->body, outer);
    outer->at--;
}

/* ---- the sums -------------------------------------------------------------------------------------------------------- */

/* The value of a register index in the tile. */
static const Expr *value_in_tile(const Cut *cut) {
    const Expr *value = Add(cut->start, At(cut->within));
    return cut->index->count ? Operate(OP_MIN, value, Sub(index_limit(cut->index), Int(1))) : value;
}

const Expr *at_tile(const Build *b, const Expr *e, const Expr *lane_value) {
    const Index *from[3];
    const Expr *to[3];
    int n = 0;
    for (int k = 0; k < b->n_side; k++) {
        from[n] = b->side[k].index;
        to[n++] = value_in_tile(&b->side[k]);
    }
    from[n] = b->t->lane, to[n++] = lane_value;
    return substitute(e, from, to, n);
}

/* The greatest value of an affine expression in the tile, or the least. */
static const Expr *extreme_in_tile(const Build *b, const Expr *e, bool greatest) {
    int64_t slope;
    for (int k = 0; k < b->n_side; k++) {
        const Cut *cut = &b->side[k];
        const Expr *last = Int(cut->within->extent - 1);
        last = stride_of(e, cut->index, &slope) && (slope > 0) == greatest ? substitute(value_in_tile(cut), &cut->within, &last, 1) : cut->start;
        e = substitute(e, &cut->index, &last, 1);
    }
    if (b->t->bound) return e;
    const Expr *last = Add(b->lane.start, Int(stride_of(e, b->t->lane, &slope) && (slope > 0) == greatest ? LANES - 1 : 0));
    return substitute(e, &b->t->lane, &last, 1);
}

/* Whether any value of the tile is no sum that a condition on free indices makes 0; and whether a condition says so of all values alike. */
static const Expr *any_apart(const Build *b) {
    const Expr *any = Truth(true);
    for (int k = 0; k < b->t->n_apart; k++) any = And(any, Ge(extreme_in_tile(b, b->t->apart[k], true), Int(0)));
    return any;
}

static bool is_apart_whole(const Build *b, const Expr *e) {
    return Ge(extreme_in_tile(b, e, true), Int(0)) == Ge(extreme_in_tile(b, e, false), Int(0));
}

static bool are_apart_whole(const Build *b) {
    for (int k = 0; k < b->t->n_apart; k++)
        if (!is_apart_whole(b, b->t->apart[k])) return false;
    return true;
}

/* Whether tiles in which nothing is to be added are left out as a whole; where strips begin is known too late for that. */
static bool adds_in_part(const Tile *t) { return t->sum->adds && t->n_apart > 0 && !t->n_strips; }

Nodes *add_side_by_side(Nodes *to, const Build *b, LoopKind kind) {
    for (int k = 0; k < b->n_side; k++)
        to = &add_loop(to, b->side[k].within, NULL, NULL, kind)->body;
    return to;
}

static const Index *const *inner_indices(const Build *b) { return b->whole + b->n_whole - b->t->inner; }

/* Subscripts of the array of sums: tiles of strips, inner indices, registers, lane. */
static const Expr *const *sums_at(Build *b, const Expr *lane) {
    const Expr **sub = NEW_ARRAY(const Expr *, b->t->inner + 5);
    int n = 0;
    for (int k = 0; k < b->t->n_strips; k++) sub[n++] = cut_of(b, b->t->strip[k])->number;
    for (int k = 0; k < b->t->inner; k++) sub[n++] = At(inner_indices(b)[k]);
    for (int k = 0; k < b->n_side; k++) sub[n++] = At(b->side[k].within);
    sub[n] = lane;
    return sub;
}

static void declare_sums(Build *b) {
    int64_t extents[12];
    int n = 0;
    for (int k = 0; k < b->t->n_strips; k++) extents[n++] = tile_count(b->t, b->t->strip[k]);
    for (int k = 0; k < b->t->inner; k++) extents[n++] = inner_indices(b)[k]->extent;
    for (int k = 0; k < b->n_side; k++) extents[n++] = b->side[k].within->extent;
    extents[n++] = LANES;
    for (int k = 0; k < b->t->n_sums; k++) {
        b->sums[k] = local_new("sums", REAL, n, extents);
        add_declare(b->body, b->sums[k], NULL)->zero = b->t->hoisted > 0;
    }
}

/* The conditions of loops, parted by whether an index of the second list moves them. */
static void split_conditions(const Peeled *all, const Index *const *second, int n, Peeled *before, Peeled *after) {
    *before = *after = (Peeled){.term = all->term, .outer = all->outer, .n_outer = all->n_outer};
    for (int k = 0; k < all->atleast.n; k++) {
        bool moves = false;
        for (int i = 0; i < n; i++) moves |= uses_index(all->atleast.at[k], second[i]);
        if (moves) PUSH(after->atleast, all->atleast.at[k]);
        else PUSH(before->atleast, all->atleast.at[k]);
    }
}

/* Conditions of the vectors: where one cuts the lane, all 16 must be there. left: what of them is left over. */
static Peeled all_lanes(const Tile *t, Peeled *left, bool *cut) {
    const Expr *last = Int(LANES - 1);
    Peeled whole = {.term = t->peeled.term, .outer = t->peeled.outer, .n_outer = t->peeled.n_outer};
    *left = whole;
    left->rest = t->peeled.rest;
    for (int k = 0; k < t->peeled.atleast.n; k++) {
        const Expr *e = t->peeled.atleast.at[k];
        PUSH(left->atleast, e);
        if (t->bound && uses_index(e, t->lane)) {
            *cut = true;
            e = substitute(e, &t->lane, &last, 1);
            PUSH(left->atleast, Sub(Int(-1), e));
        }
        PUSH(whole.atleast, e);
    }
    return whole;
}

/* What is left of a bound lane goes to the sums in memory one by one. */
static void add_left_over(Build *b, Peeled *left, bool cut) {
    const Tile *t = b->t;
    const Expr *all = index_limit(t->lane), *rest = Mod(all, Int(LANES));
    if (!cut && is_integer(rest, 0)) return;
    const Index *one = index_new(t->lane->name, LANES, NULL), **index = NEW_ARRAY(const Index *, t->sum->n_bound);
    int n = 0;
    for (int k = 0; k < t->sum->n_bound; k++)
        if (t->sum->bound[k] != t->lane) index[n++] = t->sum->bound[k];
    index[n++] = one;
    const Expr *value = cut ? At(one) : Add(At(one), Sub(all, rest));
    if (!cut) PUSH(left->atleast, Sub(Sub(rest, At(one)), Int(1)));
    for (int k = 0; k < left->atleast.n; k++)
        left->atleast.at[k] = substitute(left->atleast.at[k], &t->lane, &value, 1);
    Nodes *to = add_side_by_side(add_nest(b->body, inner_indices(b), t->inner), b, LOOP_SERIAL);
    if (left->rest) to = &add_if(to, left->rest)->body;
    to = add_bounded(to, index, n, 0, left);
    for (int k = 0; k < t->n_sums; k++)
        add_assign(to, b->sums[k], sums_at(b, At(one)), b->sums[k]->rank, ASSIGN_ADD, at_tile(b, t->term[k], value));
}

/* The loops of the sum around one step of the tile. A short innermost loop is written out where no condition cuts it, which is
 * everywhere but at the borders of a picture. */
static void add_loops(const Build *b, Nodes *to, const Index *const *index, int n, const Peeled *p, const Nodes *step) {
    Peeled others, border;
    bool known = false;
    double value = 0;
    const Expr *inside = Truth(true);
    split_conditions(p, index + n - 1, n > 0, &others, &border);
    for (int k = 0; k < border.atleast.n; k++) {
        const Expr *e = border.atleast.at[k], *least = Int(0);
        int64_t slope;
        stride_of(e, index[n - 1], &slope);
        if (slope < 0) least = Int(index[n - 1]->extent - 1);
        inside = And(inside, Ge(substitute(e, &index[n - 1], &least, 1), Int(0)));
    }
    known = is_constant(inside, &value);
    if (n > 0 && tile_writes_out(b->t, index[n - 1]) && (!known || value != 0)) {
        Nodes *interior = known ? to : &add_if(to, inside)->body;
        interior = &add_loop(add_bounded(interior, index, n - 1, 0, &others), index[n - 1], NULL, NULL, LOOP_REGISTER)->body;
        add_copies_of(interior, step);
        if (known) return;
        to = &add_if(to, Not(inside))->body;
    }
    add_copies_of(add_bounded(to, index, n, 0, p), step);
}

typedef struct { const Expr *read, *local; } Held;
enum { MOST_HELD = 4 };
typedef struct { Held at[MOST_HELD]; int n; } HeldList;

static const Expr *from_held(const Expr *e, void *data) {
    const HeldList *list = data;
    for (int k = 0; k < list->n; k++)
        if (list->at[k].read == e) return list->at[k].local;
    return e;
}

static bool is_held(const HeldList *list, const Expr *read) {
    for (int k = 0; k < list->n; k++)
        if (list->at[k].read == read) return true;
    return false;
}

/* Integers that data give, and that are the same for all of the tile, are read once. */
static void add_places(HeldList *list, Nodes *to, const Build *b, const Expr *term, const Index *vector) {
    Exprs reads = reads_of(term);
    for (int r = 0; r < reads.n && list->n < MOST_HELD; r++) {
        const Expr *read = reads.at[r];
        bool moves = uses_index(read, vector);
        for (int k = 0; k < b->n_side; k++) moves = moves || uses_index(read, b->side[k].within);
        if (read->type != INT || read->tensor->rank == 0 || moves || is_held(list, read)) continue;
        Tensor *place = local_new("place", INT, 0, NULL);
        place->lo = read->lo, place->hi = read->hi;
        add_declare(to, place, read);
        list->at[list->n++] = (Held){read, read_local(place)};
    }
}

/* Registers that are held already, those of the sums among them. */
static int registers_held(const HeldList *list, const Tile *t) {
    const int vectors = t->wide ? 2 : 1;
    int n = vectors*t->n_sums*t->factor[0]*t->factor[1];
    for (int k = 0; k < list->n; k++)
        if (list->at[k].local->tensor->vector) n += list->at[k].local->tensor->rank > t->wide ? vectors*t->factor[1] : vectors;
    return n;
}

/* Vectors that do not move with a loop of the tile are loaded once for all of its turns, in front of it: level 0 is the outermost. */
static void add_held(HeldList *list, Nodes *to, const Build *b, const Expr *term, const Index *vector, int level) {
    const Tile *t = b->t;
    Exprs reads = reads_of(term);
    for (int r = 0; r < reads.n && b->n_side > level && list->n < MOST_HELD; r++) {
        const Expr *read = reads.at[r];
        if (!uses_index(read, vector) || uses_index(read, b->side[level].within) || is_held(list, read)) continue;
        if (level && registers_held(list, t) + (t->wide ? 2 : 1) > REGISTERS) return;
        int64_t extents[2];
        const Expr **sub = NEW_ARRAY(const Expr *, 2);
        int rank = 0;
        Nodes load = {0}, *inner = &load;
        if (b->n_side > 1 && uses_index(read, b->side[1].within)) {
            extents[rank] = t->factor[1], sub[rank++] = At(b->side[1].within);
            inner = &add_loop(inner, b->side[1].within, NULL, NULL, LOOP_REGISTER)->body;
        }
        if (t->wide) {
            extents[rank] = LANES, sub[rank++] = At(vector);
            inner = &add_loop(inner, vector, NULL, NULL, LOOP_VECTOR)->body;
        }
        Tensor *held = local_new("held", REAL, rank, extents);
        held->vector = true;
        add_declare(to, held, rank ? NULL : read);
        if (rank) add_assign(inner, held, sub, rank, ASSIGN_SET, read);
        for (int k = 0; k < load.n; k++) PUSH(*to, load.at[k]);
        list->at[list->n++] = (Held){read, Read(held, sub, rank)};
    }
}

/* The sums of a tile: what their loops run over, and the conditions of these. */
typedef struct {
    const Index *pass, *vector, **second;       /* of the lanes; bound indices inside of strips */
    int n_second;
    const Expr *at_lane, *bound_lane;           /* in the array of sums; the value of a lane that is bound */
    Peeled after;
} Sums;

static void add_sums_of_tile(Build *b, Nodes *body, void *data) {
    const Tile *t = b->t;
    const Sums *s = data;
    const Expr *lane_value = t->bound ? s->bound_lane : Add(b->lane.start, s->at_lane);
    ask_along_strips(body, b, false);
    body = &add_loop(body, s->pass, NULL, NULL, t->wide ? LOOP_PASS : LOOP_LANES)->body;
    int64_t extents[3];
    const Expr **sub = NEW_ARRAY(const Expr *, 3);
    int rank = 0;
    for (int k = 0; k < b->n_side; k++, rank++) extents[rank] = b->side[k].within->extent, sub[rank] = At(b->side[k].within);
    if (t->wide) extents[rank] = LANES, sub[rank++] = At(s->vector);
    Tensor *sum[MOST_SUMS];
    for (int k = 0; k < t->n_sums; k++) {
        sum[k] = local_new("sum", REAL, rank, extents);
        sum[k]->vector = true;
        add_declare(body, sum[k], NULL)->zero = true;
    }
    Nodes step = {0};
    ask_along_strips(&step, b, true);
    const Expr *term[MOST_SUMS];
    HeldList places = {.n = 0}, held = {.n = 0};
    for (int k = 0; k < t->n_sums; k++) {
        term[k] = at_tile(b, t->term[k], lane_value);
        add_places(&places, &step, b, term[k], s->vector);
        term[k] = transform(term[k], from_held, &places);
        add_held(&held, &step, b, term[k], s->vector, 0);
    }
    Nodes *inner = &step;
    for (int level = 0; level < b->n_side; level++) {
        for (int k = 0; k < t->n_sums && level; k++) add_held(&held, inner, b, term[k], s->vector, level);
        inner = &add_loop(inner, b->side[level].within, NULL, NULL, LOOP_REGISTER)->body;
    }
    if (t->wide) inner = &add_loop(inner, s->vector, NULL, NULL, LOOP_VECTOR)->body;
    for (int k = 0; k < t->n_sums; k++)
        add_assign(inner, sum[k], sub, rank, ASSIGN_ADD, transform(term[k], from_held, &held));
    const Expr *any = t->peeled.rest ? t->peeled.rest : Truth(true);
    if (!adds_in_part(t)) any = And(any, any_apart(b));
    add_loops(b, is_integer(any, 1) ? body : &add_if(body, any)->body, s->second, s->n_second, &s->after, &step);

    Nodes *store = add_side_by_side(body, b, LOOP_REGISTER);
    if (t->wide) store = &add_loop(store, s->vector, NULL, NULL, LOOP_VECTOR)->body;
    for (int k = 0; k < t->n_sums && b->sums[0]; k++)
        add_assign(store, b->sums[k], sums_at(b, s->at_lane), b->sums[k]->rank, t->hoisted ? ASSIGN_ADD : ASSIGN_SET, Read(sum[k], sub, rank));
    if (b->sums[0]) return;
    const Member *m = t->sum;
    const Expr **subs = NEW_ARRAY(const Expr *, m->n_subs + 1);
    for (int k = 0; k < m->n_subs; k++) subs[k] = at_tile(b, m->subs[k], lane_value);
    add_assign(store, m->target, subs, m->n_subs, m->adds ? ASSIGN_ADD : ASSIGN_SET, Read(sum[0], sub, rank));
}

static void add_sums(Build *b) {
    const Tile *t = b->t;
    Sums s = {.pass = index_new(name_of("lane"), LANES, NULL), .second = NEW_ARRAY(const Index *, t->sum->n_bound + 1)};
    s.vector = t->wide ? index_new(name_of("l"), LANES, NULL) : s.pass;
    s.at_lane = s.bound_lane = t->wide ? Add(At(s.pass), At(s.vector)) : At(s.pass);
    bool cut = false;
    Peeled left, before, whole = all_lanes(t, &left, &cut);

    const Index **first = NEW_ARRAY(const Index *, t->hoisted + t->inner + 1);
    int n_first = 0;
    for (int k = 0; k < t->hoisted; k++) first[n_first++] = t->sum->bound[k];
    for (int k = 0; k < t->inner; k++) first[n_first++] = inner_indices(b)[k];
    for (int k = t->hoisted; k < t->sum->n_bound; k++) {
        const Index *i = t->sum->bound[k];
        if (i != t->lane) s.second[s.n_second++] = i;
        else if (i->extent > LANES || i->count) {
            s.second[s.n_second++] = index_new(name_of(text("%s_tile", i->name)), i->extent / LANES, NULL);
            if (i->count) PUSH(whole.atleast, Sub(Sub(FloorDiv(index_limit(i), Int(LANES)), At(s.second[s.n_second - 1])), Int(1)));
            s.bound_lane = Add(Mul(At(s.second[s.n_second - 1]), Int(LANES)), s.at_lane);
        }
    }
    /* Sums that nothing is added to are 0 all the same: without an array of zeros, conditions stand inside of their loops. */
    if (t->hoisted) split_conditions(&whole, s.second, s.n_second, &before, &s.after);
    else before = (Peeled){.term = whole.term}, s.after = whole;

    /* Conditions do not move with what tiles run over. */
    add_strips(b, add_bounded(b->body, first, n_first, 0, &before), add_sums_of_tile, &s);
    if (t->bound) add_left_over(b, &left, cut);
}

/* ---- what is made of them -------------------------------------------------------------------------------------------- */
static void add_results_of_tile(Build *b, Nodes *to, void *data) {
    const Tile *t = b->t;
    (void)data;
    Nodes *inner = add_side_by_side(add_nest(to, inner_indices(b), t->inner), b, LOOP_SERIAL);
    Place place = {.n = 0};
    for (int k = 0; k < b->n_side; k++) {
        place.from[place.n] = b->side[k].index;
        place.to[place.n++] = value_in_tile(&b->side[k]);
    }
    const Expr *reduced[MOST_SUMS];
    for (int k = 0; k < t->n_sums && t->bound; k++) {
        Tensor *total = local_new("total", REAL, 0, NULL);
        add_declare(inner, total, Read(b->sums[k], sums_at(b, Int(0)), b->sums[k]->rank))->sums_lanes = true;
        reduced[k] = read_local(total);
    }
    if (!t->bound) {
        const Index *lane = index_new(name_of("lane"), LANES, NULL);
        inner = &add_loop(inner, lane, NULL, NULL, LOOP_LANE)->body;
        place.from[place.n] = t->lane;
        place.to[place.n++] = Add(b->lane.start, At(lane));
        for (int k = 0; k < t->n_sums; k++) reduced[k] = Read(b->sums[k], sums_at(b, At(lane)), b->sums[k]->rank);
    }
    for (int a = 0; a < t->n_apart; a++)
        for (int k = 0; k < t->n_sums && !is_apart_whole(b, t->apart[a]); k++)
            reduced[k] = Where(Ge(substitute(t->apart[a], place.from, place.to, place.n), Int(0)), reduced[k], Num(0));
    add_epilogue(inner, t->nest, reduced, &place);
}

static void add_results(Build *b) {
    Nodes results = {0};
    add_strips(b, &results, add_results_of_tile, NULL);
    part_pads(&results);
    add_lets_below(&results);
    for (int k = 0; k < results.n; k++)
        PUSH(*b->body, results.at[k]);
}

/* One tile, at the values of the outer loops. */
static void add_tile(Build *b, Nodes *to) {
    const Tile *t = b->t;
    b->body = adds_in_part(t) ? &add_if(to, any_apart(b))->body : to;
    for (int k = 0; k < t->n_sums; k++) b->sums[k] = NULL;
    /* Sums that only have to be stored are stored as vectors. */
    if (t->bound || t->hoisted || t->scatters || t->nest->members.n > 1 || t->sum->guard || !are_apart_whole(b)) declare_sums(b);
    ask_ahead(b);
    add_sums(b);
    if (b->sums[0]) add_results(b);
}

/* The nest as a person would write it, in a line. */
static const char *plain_nest(const Nest *nest, int n_sums) {
    const Member *sum = &nest->members.at[0];
    Writer w = {0};
    put_text(&w, "for ");
    for (int k = 0; k < nest->n_free; k++) put(&w, "%s%s", k ? ", " : "", nest->free[k]->name);
    put_text(&w, nest->n_free ? ": for " : "");
    for (int k = 0; k < sum->n_bound; k++) put(&w, "%s%s", k ? ", " : "", sum->bound[k]->name);
    for (int k = 0; k < n_sums; k++) {
        put(&w, k ? ", sum_%d += " : ": sum += ", k + 1);
        expr_print(&w, nest->members.at[k].body);
    }
    return w.text;
}

bool schedule_tile(Nodes *to, const Nest *nest, Notes *notes) {
    Tile t;
    if (!tile_choose_in_blocks(&t, nest, notes)) return false;
    nest = t.nest;
    PUSH(notes->lines, text("Schedule: %s.", tile_words(&t)));
    PUSH(notes->lines, text("Equals: %s", plain_nest(nest, t.n_sums)));
    Build b = {.t = &t, .lane = {.index = t.lane}};
    b.n_whole = tile_whole(&t, b.whole);
    /* What the inner loop of a tile runs over is held in registers, so that is the shorter one. */
    if (t.factor[0] < t.factor[1]) {
        const Index *first = t.registers[0];
        int factor = t.factor[0];
        t.registers[0] = t.registers[1], t.factor[0] = t.factor[1];
        t.registers[1] = first, t.factor[1] = factor;
    }
    for (int k = 0; k < 2; k++)
        if (t.registers[k])
            b.side[b.n_side++] = (Cut){.index = t.registers[k], .within = index_new(t.registers[k]->name, t.factor[k], NULL)};
    Outer outer = {.n = 0};
    outer.n = tile_order(&t, outer.order);
    add_outer_loops(&b, to, &outer);
    return true;
}
