/* The fast schedule of reductions that are no register tile (tile.c): of maxima and products, and of sums whose lanes are fewer than
 * sixteen or whose bodies are more than arithmetic. Loops that C compilers vectorise.
 *
 * One index is the lane: innermost, unit stride or absent in what is read. It is the last free index, or a reduced one.
 *
 *     y[n, o, i, j] = sum(c, u, v) w[o, c, u, v]*x[n, c, i + u, j + v]         free lane j
 *         for n, o, i:  sum[28] = 0;  for c, u, v: for j: sum[j] += w[o, c, u, v]*x[n, c, i + u, j + v];  for j: y = sum[j]
 *
 *     d_w[o, c, u, v] = sum(n, i, j) g[n, o, i, j]*x[n, c, i + u, j + v]       reduced lane j; u and v inside, as g is reused
 *         for o, c:  sum[5][5][28] = 0;  for n, i: for u, v: for j: sum[u][v][j] += g*x;  for u, v: d_w = the lanes' sum
 *
 * Two to five values of a free index that something read along the lane lacks are computed side by side, each in an
 * array of its own, which compilers keep in registers: four output channels share each load of x.
 *
 * Compilers may not change the order of additions, so the order that lanes give is written down: it is part of the
 * schedule and the same on every machine. Guards of a sum become bounds (peel.c). Long lanes are cut into tiles that stay
 * in registers; what is left behind the whole tiles of a reduction has loops of its own, so that all others are of one length. Maps are in phases.c. */
#include "group.h"

enum { LONGEST_TILE = 64, SHORT_LANE = 512, MOST_ACCUMULATORS = 1024 };

typedef struct { const Index *lane; bool bound; double score; } Choice;

/* ---- the choice of the lane ------------------------------------------------------------------------------------------ */
static Choice rate(const Nest *nest, int n_reductions, const Index *lane, bool bound) {
    Choice c = {lane, bound, 0};
    if (lane->count) return c;
    int bad = 0, unit = 0;
    for (int k = 0; k < n_reductions; k++) {
        const Member *m = &nest->members.at[k];
        if (bound && (m->op == REDUCE_ARGMAX || m->op == REDUCE_ARGMIN)) return c;
        Exprs reads = reads_of(m->body);
        for (int r = 0; r < reads.n; r++) {
            int64_t stride;
            bool affine = stride_of(position(reads.at[r]->tensor, reads.at[r]->arg), lane, &stride);
            bad += !affine || stride > 1 || stride < 0;
            unit += affine && stride == 1;
        }
    }
    if (bound && unit == 0) return c;
    double extent = (double)lane->extent, vectors = (double)((lane->extent + 7) / 8);
    c.score = (extent < 16 ? extent / 16 : 1) * extent / (8 * vectors) * (bound ? 0.8 : 1);
    for (; bad > 0; bad--) c.score *= 0.3;
    return c;
}

static Choice choose_lane(const Nest *nest, int n_reductions) {
    Choice best = {NULL, false, 0};
    if (nest->n_free > 0) best = rate(nest, n_reductions, nest->free[nest->n_free - 1], false);
    const Member *m = &nest->members.at[0];
    for (int k = m->n_bound - 1; k >= 0; k--) {
        Choice c = rate(nest, n_reductions, m->bound[k], true);
        if (c.score > best.score) best = c;
    }
    return best;
}

/* The length of a tile: all of a short lane, else a divisor that fills vectors, else one with a shorter last tile. */
static int64_t tile_of(int64_t extent) {
    if (extent <= LONGEST_TILE) return extent;
    for (int64_t unit = 16; unit >= 8; unit /= 2)
        for (int64_t d = LONGEST_TILE; d >= 16; d -= unit)
            if (extent % d == 0) return d;
    for (int64_t d = LONGEST_TILE; d >= 24; d--)
        if (extent % d == 0) return d;
    return LONGEST_TILE;
}

/* Lanes of a reduction are reduced one by one at the end: a short one has few. */
static int64_t tile_of_reduced(int64_t extent) {
    const bool few = extent < SHORT_LANE && (extent > LONGEST_TILE || extent % LANES == 0);
    return few ? LANES : tile_of(extent);
}

/* The lane cut into tiles: lane = length*tile + within. */
typedef struct { const Index *tile, *within; int64_t length; const Expr *value; const Expr *limit; } Tiles;

static Tiles cut(const Index *lane, int64_t length) {
    Tiles t = {.length = length};
    if (t.length == lane->extent) {
        t.within = lane;
        t.value = At(lane);
        t.limit = Int(lane->extent);
        return t;
    }
    t.tile = index_new(name_of(text("%s_tile", lane->name)), (lane->extent + t.length - 1) / t.length, NULL);
    t.within = index_new(lane->name, t.length, NULL);
    t.value = Add(Mul(At(t.tile), Int(t.length)), At(t.within));
    t.limit = Int(t.length);
    if (lane->extent % t.length) t.limit = Operate(OP_MIN, t.limit, Sub(Int(lane->extent), Mul(At(t.tile), Int(t.length))));
    return t;
}

/* The loops of the first n_outer free indices stand around all others. */
static Peeled peel_member(const Nest *nest, int n_reductions, int n_outer) {
    const Member *m = &nest->members.at[0];
    return peel(m->body, n_reductions == 1 && m->op == REDUCE_SUM, nest->free, n_outer);
}

static const Expr *guarded_term(const Peeled *p) {
    return p->rest ? Where(p->rest, p->term, p->term->type == REAL ? Num(0) : Int(0)) : p->term;
}

/* ---- side by side ---------------------------------------------------------------------------------------------------- */

/* A free index of which `factor` values are computed side by side; tile counts these groups, NULL when there is one. */
typedef struct { const Index *index, *tile; int factor; } Registers;

static int factor_of(int64_t extent) {
    static const int factors[] = {4, 5, 3, 2};
    for (int k = 0; k < 4; k++)
        if (extent % factors[k] == 0) return factors[k];
    return 1;
}

static Registers choose_registers(const Nest *nest, int n_reductions, const Index *lane, const Peeled *p) {
    Registers none = {.factor = 1};
    if (n_reductions != 1 || p->rest) return none;
    Exprs reads = reads_of(p->term);
    for (int k = nest->n_free - 1; k >= 0; k--) {
        const Index *i = nest->free[k];
        int factor = factor_of(i->extent);
        bool shares = false, fits = i != lane && !i->count && factor > 1;
        for (int r = 0; r < reads.n; r++)
            for (int s = 0, along = 0, has = 0; s < reads.at[r]->tensor->rank; s++) {
                along |= uses_index(reads.at[r]->arg[s], lane);
                has |= uses_index(reads.at[r]->arg[s], i);
                if (s + 1 == reads.at[r]->tensor->rank) shares |= along && !has;
            }
        for (int c = 0; c < p->atleast.n; c++)
            fits &= !uses_index(p->atleast.at[c], i);
        if (!fits || !shares) continue;
        Registers r = {.index = i, .factor = factor};
        if (i->extent > factor) r.tile = index_new(i->name, i->extent / factor, NULL);
        return r;
    }
    return none;
}

static Place place_of(const Registers *r, int q, const Index *lane, const Tiles *t) {
    Place p = {.n = 0};
    if (r->index) {
        p.from[p.n] = r->index;
        p.to[p.n++] = r->tile ? Add(Mul(At(r->tile), Int(r->factor)), Int(q)) : Int(q);
    }
    if (t->within != lane) p.from[p.n] = lane, p.to[p.n++] = t->value;
    return p;
}

/* Loops over the first n free indices; the one that is side by side runs over its groups. */
static Nodes *add_outer(Nodes *to, const Nest *nest, int n, const Registers *r) {
    for (int k = 0; k < n; k++) {
        const Index *i = nest->free[k] == r->index ? r->tile : nest->free[k];
        if (i) to = &add_loop(to, i, NULL, NULL, LOOP_CHUNK)->body;
    }
    return to;
}

/* Bounds in the tiles of the lane, which may be shorter at the end. */
static Peeled at_tiles(const Peeled *p, const Index *lane, const Tiles *t) {
    Peeled result = *p;
    result.atleast = (typeof(p->atleast)){0};
    for (int k = 0; k < p->atleast.n; k++)
        PUSH(result.atleast, t->within == lane ? p->atleast.at[k] : substitute(p->atleast.at[k], &lane, &t->value, 1));
    if (t->limit->kind != X_INT) PUSH(result.atleast, Sub(Sub(Int(lane->extent), t->value), Int(1)));
    return result;
}

/* The bodies of the reductions at one place. */
static const Expr **bodies_at(const Nest *nest, int n_reductions, const Peeled *p, const Place *place) {
    const Expr **body = NEW_ARRAY(const Expr *, n_reductions);
    for (int k = 0; k < n_reductions; k++) {
        body[k] = k == 0 ? guarded_term(p) : nest->members.at[k].body;
        if (place->n) body[k] = substitute(body[k], place->from, place->to, place->n);
    }
    return body;
}

/* ---- a free lane ----------------------------------------------------------------------------------------------------- */
static void add_free_lane(Nodes *to, const Nest *nest, int n_reductions, const Index *lane) {
    const Member *first = &nest->members.at[0];
    Tiles tiles = cut(lane, tile_of(lane->extent));
    Peeled p = peel_member(nest, n_reductions, nest->n_free - 1);
    Registers registers = choose_registers(nest, n_reductions, lane, &p);
    Nodes *body = add_outer(to, nest, nest->n_free - 1, &registers);
    if (tiles.tile) body = &add_loop(body, tiles.tile, NULL, NULL, LOOP_CHUNK)->body;
    const Expr *const *at = values_of(&tiles.within, 1);
    RunningList *lanes = NEW_ARRAY(RunningList, registers.factor);
    for (int q = 0; q < registers.factor; q++)
        lanes[q] = add_running(body, nest->members.at, n_reductions, &tiles.within, 1);

    const Peeled bounds = at_tiles(&p, lane, &tiles);
    const Index **index = NEW_ARRAY(const Index *, first->n_bound + 1);
    for (int k = 0; k < first->n_bound; k++)
        index[k] = first->bound[k];
    index[first->n_bound] = tiles.within;
    Nodes *inner = add_bounded(body, index, first->n_bound + 1, 1, &bounds);
    for (int q = 0; q < registers.factor; q++) {
        Place place = place_of(&registers, q, lane, &tiles);
        add_steps(inner, &lanes[q], at, 1, bodies_at(nest, n_reductions, &p, &place));
    }
    Nodes *finish = &add_loop(body, tiles.within, NULL, tiles.limit, LOOP_LANE)->body;
    for (int q = 0; q < registers.factor; q++) {
        Place place = place_of(&registers, q, lane, &tiles);
        const Expr **reduced = NEW_ARRAY(const Expr *, n_reductions);
        for (int k = 0; k < n_reductions; k++)
            reduced[k] = Read(lanes[q].at[k].value, at, 1);
        add_epilogue(finish, nest, reduced, &place);
    }
}

/* ---- a reduced lane -------------------------------------------------------------------------------------------------- */

/* Whether something that is read for one value of i is read again for another. */
static bool reused_over(const Expr *body, const Index *i, const Member *m) {
    Exprs reads = reads_of(body);
    for (int r = 0; r < reads.n; r++) {
        if (reads.at[r]->tensor->rank == 0) continue;
        bool has = false, shared = false;
        for (int s = 0; s < reads.at[r]->tensor->rank; s++) {
            if (!uses_index(reads.at[r]->arg[s], i)) continue;
            has = true;
            for (int b = 0; b < m->n_bound; b++)
                shared |= uses_index(reads.at[r]->arg[s], m->bound[b]);
        }
        if (!has || shared) return true;
    }
    return false;
}

/* What a lane of a reduction falls into: whole tiles, and what is left behind them. */
static int parts_of_lane(Tiles *part, const Index *lane) {
    const int64_t length = tile_of_reduced(lane->extent), rest = lane->extent % length, whole = lane->extent - rest;
    part[0] = cut(rest ? index_new(lane->name, whole, NULL) : lane, length);
    if (!rest) return 1;
    const Index *within = index_new(lane->name, rest, NULL);
    part[1] = (Tiles){.within = within, .length = rest, .value = Add(Int(whole), At(within)), .limit = Int(rest)};
    return 2;
}

static void add_reduced_lane(Nodes *to, const Nest *nest, int n_reductions, const Index *lane) {
    const Member *first = &nest->members.at[0];
    Tiles part[2];
    const int n_parts = parts_of_lane(part, lane);
    const Peeled p = peel_member(nest, n_reductions, 0);
    Registers registers = choose_registers(nest, n_reductions, lane, &p);
    int64_t size = part[0].length;
    int outer = nest->n_free;
    while (!registers.index && outer > 0 && !nest->free[outer - 1]->count &&
           size * nest->free[outer - 1]->extent <= MOST_ACCUMULATORS && reused_over(p.term, nest->free[outer - 1], first))
        size *= nest->free[--outer]->extent;
    int inside = nest->n_free - outer;
    Nodes *body = add_outer(to, nest, outer, &registers);
    const Index **cell = NEW_ARRAY(const Index *, inside + 1);
    for (int k = 0; k < inside; k++)
        cell[k] = nest->free[outer + k];
    cell[inside] = part[0].within;
    const Expr *const *at = values_of(cell, inside + 1);
    RunningList *lanes = NEW_ARRAY(RunningList, registers.factor);
    for (int q = 0; q < registers.factor; q++)
        lanes[q] = add_running(body, nest->members.at, n_reductions, cell, inside + 1);

    const Index **index = NEW_ARRAY(const Index *, first->n_bound + inside + 1);
    int n = 0;
    for (int k = 0; k < first->n_bound; k++)
        if (first->bound[k] != lane) index[n++] = first->bound[k];
    for (int k = 0; k < inside; k++)
        index[n++] = cell[k];
    Peeled around = p, along = p;
    around.atleast = along.atleast = (typeof(p.atleast)){0};
    for (int c = 0; c < p.atleast.n; c++)
        if (uses_index(p.atleast.at[c], lane)) PUSH(along.atleast, p.atleast.at[c]);
        else PUSH(around.atleast, p.atleast.at[c]);
    Nodes *row = add_bounded(body, index, n, 0, &around);
    for (int k = 0; k < n_parts; k++) {
        const Peeled bounds = at_tiles(&along, lane, &part[k]);
        const Index *tiles[] = {part[k].tile, part[k].within};
        Nodes *inner = add_bounded(row, tiles + !part[k].tile, 1 + !!part[k].tile, 1, &bounds);
        const Expr **here = NEW_ARRAY(const Expr *, inside + 1);
        for (int c = 0; c < inside; c++)
            here[c] = at[c];
        here[inside] = At(part[k].within);
        for (int q = 0; q < registers.factor; q++) {
            Place place = place_of(&registers, q, lane, &part[k]);
            add_steps(inner, &lanes[q], here, inside + 1, bodies_at(nest, n_reductions, &p, &place));
        }
    }
    /* The lanes are added up from the first to the last. */
    Nodes *finish = add_nest(body, cell, inside);
    for (int q = 0; q < registers.factor; q++) {
        const Expr **reduced = NEW_ARRAY(const Expr *, n_reductions);
        for (int k = 0; k < n_reductions; k++) {
            const Member *m = &nest->members.at[k];
            const Tensor *total = local_new("total", m->type, 0, NULL);
            add_declare(finish, total, reduction_start(m->op, m->body));
            Nodes *add = &add_loop(finish, part[0].within, NULL, NULL, LOOP_SERIAL)->body;
            add_step(add, m->op, total, NULL, 0, Read(lanes[q].at[k].value, at, inside + 1));
            reduced[k] = read_local(total);
        }
        const Tiles whole = {.within = lane};
        Place place = place_of(&registers, q, lane, &whole);
        add_epilogue(finish, nest, reduced, &place);
    }
}

/* ---- written out ----------------------------------------------------------------------------------------------------- */

/* How many terms a reduction has, if few enough to be written out one by one; else 0. */
static int64_t few_terms(const Member *m) {
    enum { MOST = 9 };
    int64_t terms = 1;
    for (int k = 0; k < m->n_bound; k++) {
        if (m->bound[k]->count || m->bound[k]->extent < 1 || terms > MOST / m->bound[k]->extent) return 0;
        terms *= m->bound[k]->extent;
    }
    return terms;
}

/* A body at one of its terms, counted row by row. */
static const Expr *at_term(const Member *m, int64_t term) {
    const Expr **place = NEW_ARRAY(const Expr *, m->n_bound + 1);
    for (int k = m->n_bound - 1; k >= 0; term /= m->bound[k--]->extent) place[k] = Int(term % m->bound[k]->extent);
    return substitute(m->body, m->bound, place, m->n_bound);
}

/* The extreme value of the terms: a local that starts with the first. */
static const Expr *add_extreme(Nodes *to, const Member *m, int64_t terms) {
    bool most = m->op == REDUCE_MAX || m->op == REDUCE_ARGMAX;
    Tensor *t = local_new(most ? "most" : "least", m->body->type, 0, NULL);
    t->lo = m->body->lo, t->hi = m->body->hi;
    add_declare(to, t, at_term(m, 0));
    for (int64_t term = 1; term < terms; term++)
        add_assign(to, t, NULL, 0, most ? ASSIGN_MAX : ASSIGN_MIN, at_term(m, term));
    return read_local(t);
}

/* The first term that is the extreme value, or that is no number: looked for from the last to the first. */
static const Expr *add_winner(Nodes *to, const Member *m, const Expr *extreme, int64_t terms) {
    Tensor *t = local_new("winner", INT, 0, NULL);
    t->lo = 0, t->hi = terms - 1;
    add_declare(to, t, Int(terms - 1));
    for (int64_t term = terms - 2; term >= 0; term--) {
        const Expr *value = at_term(m, term), *wins = Eq(value, extreme);
        if (value->type == REAL) wins = Or(wins, Operate(OP_NE, value, value));
        add_assign(to, t, NULL, 0, ASSIGN_SET, Where(wins, Int(term), read_local(t)));
    }
    return read_local(t);
}

/* A maximum of a few terms, and its winner: numbers of one turn of the lane, with a statement for each term. Compilers make
 * vectors of that, where they would not of loops in the lane's. */
static void add_written_out(Nodes *to, const Nest *nest, int n_reductions, int64_t terms) {
    Nodes *body = add_chunks(to, nest->free, nest->n_free - 1);
    body = &add_loop(body, nest->free[nest->n_free - 1], NULL, NULL, LOOP_LANE)->body;
    const Expr **reduced = NEW_ARRAY(const Expr *, n_reductions), *extreme = NULL;
    for (int k = 0; k < n_reductions; k++)
        if (!finds_winner(&nest->members.at[k])) reduced[k] = extreme = add_extreme(body, &nest->members.at[k], terms);
    for (int k = 0; k < n_reductions; k++) {
        const Member *m = &nest->members.at[k];
        if (!finds_winner(m)) continue;
        if (!extreme) extreme = add_extreme(body, m, terms);
        reduced[k] = add_winner(body, m, extreme, terms);
    }
    Place here = {.n = 0};
    add_epilogue(body, nest, reduced, &here);
}

/* All reduce the same body to its extreme value or to the place of that. */
static bool one_extreme(const Nest *nest, int n_reductions) {
    const Member *first = &nest->members.at[0];
    bool most = first->op == REDUCE_MAX || first->op == REDUCE_ARGMAX, least = first->op == REDUCE_MIN || first->op == REDUCE_ARGMIN;
    for (int k = 0; k < n_reductions; k++) {
        const Member *m = &nest->members.at[k];
        bool same = m->body == first->body && m->n_bound == first->n_bound;
        most &= same && (m->op == REDUCE_MAX || m->op == REDUCE_ARGMAX);
        least &= same && (m->op == REDUCE_MIN || m->op == REDUCE_ARGMIN);
    }
    return most || least;
}

/* ---- the nest -------------------------------------------------------------------------------------------------------- */
void schedule_lanes(Nodes *to, const Nest *nest) {
    int n = nest->members.n, n_reductions = 0;
    const Member *first = &nest->members.at[0];
    while (n_reductions < n && nest->members.at[n_reductions].op != REDUCE_NONE) n_reductions++;
    bool regular = true;
    for (int k = n_reductions; k < n; k++)
        regular &= nest->members.at[k].op == REDUCE_NONE;
    for (int k = 1; k < n_reductions; k++)
        for (int b = 0; b < first->n_bound; b++)
            regular &= nest->members.at[k].n_bound == first->n_bound && nest->members.at[k].bound[b] == first->bound[b];
    Scatter scatter;
    bool scatters = first->op == REDUCE_SUM && scatter_of(first->body, nest->free, nest->n_free, &scatter);
    if (n_reductions == 0) {
        schedule_map(to, nest);
        return;
    }
    int64_t terms = few_terms(first);
    bool lanes = nest->n_free > 0 && !nest->free[nest->n_free - 1]->count && nest->free[nest->n_free - 1]->extent >= 8;
    bool extreme = regular && !scatters && lanes && terms > 0 && one_extreme(nest, n_reductions);
    Choice choice = choose_lane(nest, n_reductions);
    if (!extreme && (!regular || scatters || choice.score < 0.05)) {
        schedule_plain(to, nest);
        return;
    }
    Nodes tree = {0};
    if (extreme) add_written_out(&tree, nest, n_reductions, terms);
    else if (choice.bound) add_reduced_lane(&tree, nest, n_reductions, choice.lane);
    else add_free_lane(&tree, nest, n_reductions, choice.lane);
    part_pads(&tree);
    add_lets_below(&tree);
    for (int k = 0; k < tree.n; k++)
        PUSH(*to, tree.at[k]);
}
