/* Cells: what several nests make and use at the same leading indices, and nowhere else, is never stored as a whole.
 *
 *     s[n, h, i, j] = sum(d) q[n, h, i, d]*k[n, h, j, d]         for n, h:
 *     e[n, h, i, j] = exp(s[n, h, i, j])                             for i_tile:
 *     y[n, h, i, d] = sum(j) e[n, h, i, j]*v[n, h, j, d]                 s[i, j] = ...    32 rows of one head
 *                                                                        e[i, j] = ...
 *                                                                        y[n, h, 32*i_tile + i, d] = ...
 *
 * A cell is one value of the indices n and h; its nests go by tiles of the rows i together, and what only they read has the place of
 * a tile. A cell begins with a product of two operands of its own whose result (a square, as s) is no smaller than they are, and takes in what
 * reads squares, if all else that it reads is there by then. What later cells read of a square is computed there again: a product costs
 * less than the way to memory and back, and the memory.
 *
 * A sum over the rows themselves, d_v[n, h, j, d] = sum(i) e[n, h, i, j]*d_y[n, h, i, d], is added to from tile to tile.
 *
 * Where squares are zero, outside of a condition as i >= j, a sum over them needs no exact condition. Its own is widened to what
 * holds anywhere in a tile of rows: that bounds a loop, and leaves the rows to the registers. */
#include "../equations/solve.h"
#include "group.h"

enum { TILE_VALUES = 4096, MOST_VALUES = 8192, LEAST_ROWS = 16, FEWEST_ROWS = 4 };      /* of a square in a tile */
enum { MOST_INDICES = 24 };    /* of a nest, with those of its sums */

typedef struct Cell {
    int at;                         /* the number of its first group, in whose place it stands */
    const Nest *first;              /* its first n_cells free indices are the cell's */
    int n_cells;
    const Tensor *square;           /* a tensor of the shape that squares have: dims of the cell, rows, columns */
    int64_t rows;                   /* of a tile */
    Numbers groups, again;          /* its own, and those of earlier cells that it computes again, each after what it reads */
    Map made;                       /* tensors that it computes for each row */
} Cell;

typedef struct Pass {
    const Groups *groups;
    Map results;
    Map producer;                   /* Tensor -> 1 + the number of its group */
    Readers readers;                /* Tensor -> groups */
    LIST(Cell *) cells;
    Map cell_of;                    /* Group -> Cell */
    Map square_of;                  /* Tensor -> the cell whose square it is */
} Pass;

/* What a nest is in a cell: which of its indices is the row, and whether it sums over that. */
typedef struct { const Index *row; bool sums_rows, reads_square; } Part;

static const Nest *nest_of(const Pass *p, int group) { return p->groups->at[group]->nests.at[0]; }

static int producer_of(const Pass *p, const Tensor *t) { return (int)(intptr_t)map_get(&p->producer, t) - 1; }

/* ---- which nests are a cell ------------------------------------------------------------------------------------------ */
static bool same_dims(const Tensor *a, const Tensor *b) {
    bool same = a->rank == b->rank;
    for (int d = 0; d < a->rank && same; d++) same = same_dim(a->dim[d], b->dim[d]);
    return same;
}

static bool may_join(const Group *g) {
    Scatter scatter;
    if (g->outer || g->nests.n != 1 || g->equations.at[0]->scan) return false;
    const Nest *nest = g->nests.at[0];
    const Member *first = &nest->members.at[0];
    int indices = nest->n_free;
    for (int k = 0; k < nest->members.n; k++) {
        indices += nest->members.at[k].n_bound;
        if (nest->members.at[k].target && nest->members.at[k].target->role == ROLE_NEXT) return false;
    }
    return indices <= MOST_INDICES && !(first->op == REDUCE_SUM && scatter_of(first->body, nest->free, nest->n_free, &scatter));
}

/* Whether the first subscripts are the nest's first indices themselves. */
static bool is_own(const Expr *read, const Nest *nest, int n_cells) {
    if (read->tensor->rank < n_cells || nest->n_free < n_cells || read->guarded) return false;
    for (int k = 0; k < n_cells; k++)
        if (read->arg[k] != At(nest->free[k])) return false;
    return true;
}

static double beyond(const Tensor *t, int n_cells) {
    double elements = 1;
    for (int d = n_cells; d < t->rank; d++) elements *= (double)t->dim[d].extent;
    return elements;
}

/* The square that a product makes of two operands of the cell's own, one with its rows and one with its columns; or NULL. Factors that
 * cells share do no harm. */
static const Tensor *square_made(const Group *g) {
    const Nest *nest = g->nests.at[0];
    const Member *sum = &nest->members.at[0];
    const Tensor *t = nest->members.at[nest->members.n - 1].target;
    const int n_cells = nest->n_free - 2;
    if (!may_join(g) || n_cells < 1 || n_cells > MOST_CELLS || !t || t->rank != nest->n_free || t->type != REAL) return NULL;
    for (int d = n_cells; d < t->rank; d++)
        if (t->dim[d].count || t->dim[d].extent < LANES) return NULL;
    if (sum->op != REDUCE_SUM || !is_plain_product(peel(sum->body, true, NULL, 0).term)) return NULL;
    Exprs reads = reads_of(sum->body);
    bool has_rows = false, has_columns = false;
    for (int r = 0; r < reads.n; r++) {
        const bool own = is_own(reads.at[r], nest, n_cells), row = uses_index(reads.at[r], nest->free[n_cells]);
        const bool column = uses_index(reads.at[r], nest->free[n_cells + 1]);
        has_rows |= own && row, has_columns |= own && column;
        if ((row && column) || beyond(reads.at[r]->tensor, own ? n_cells : 0) > beyond(t, n_cells)) return NULL;
    }
    if (!has_rows || !has_columns) return NULL;
    return t;
}

/* How many rows of a square are a tile; 0: they are too long. */
static int64_t rows_of(const Tensor *square) {
    const int64_t rows = square->dim[square->rank - 2].extent, columns = square->dim[square->rank - 1].extent;
    int64_t size = rows;
    while (size > 1 && (rows % size || size*columns > (size > LEAST_ROWS ? TILE_VALUES : MOST_VALUES))) size--;
    return size < FEWEST_ROWS ? 0 : size;
}

static bool fits_read(const Pass *p, const Cell *c, const Nest *nest, const Expr *read, Part *part) {
    const Cell *owner = map_get(&p->square_of, read->tensor);
    if (!owner && !map_get(&c->made, read->tensor)) return producer_of(p, read->tensor) < c->at;
    if (!is_own(read, nest, c->n_cells) || read->tensor->rank <= c->n_cells || read->arg[c->n_cells]->kind != X_INDEX) return false;
    const Index *row = read->arg[c->n_cells]->index;
    if (part->row && part->row != row) return false;
    part->row = row;
    part->reads_square |= owner != NULL;
    return true;
}

/* Whether the nest may stand in the cell. */
static bool fits(const Pass *p, const Cell *c, int group, Part *part) {
    const Group *g = p->groups->at[group];
    const Nest *nest = g->nests.at[0];
    const Member *first = &nest->members.at[0];
    *part = (Part){0};
    if (!may_join(g) || nest->n_free < c->n_cells || nest->n_free > c->n_cells + 2) return false;
    for (int k = 0; k < c->n_cells; k++)
        if (!same_dim(dim_of(nest->free[k]), dim_of(c->first->free[k]))) return false;
    for (int k = 0; k < nest->members.n; k++) {
        Exprs reads = reads_of(nest->members.at[k].body);
        for (int r = 0; r < reads.n; r++)
            if (!fits_read(p, c, nest, reads.at[r], part)) return false;
    }
    const Tensor *square = square_made(g);
    if (!part->row && square && same_dims(square, c->square)) *part = (Part){nest->free[c->n_cells], false, true};
    if (!part->reads_square || !same_dim(dim_of(part->row), c->square->dim[c->n_cells])) return false;
    for (int b = 0; b < first->n_bound; b++) part->sums_rows |= first->bound[b] == part->row;
    if (part->sums_rows) return nest->members.n == 1 && first->op == REDUCE_SUM && first->type == REAL && first->target;
    return nest->n_free > c->n_cells && nest->free[c->n_cells] == part->row;
}

static void join(Pass *p, Cell *c, int group, const Part *part) {
    const Nest *nest = nest_of(p, group);
    PUSH(c->groups, group);
    map_put(&p->cell_of, p->groups->at[group], c);
    for (int k = 0; k < nest->members.n && !part->sums_rows; k++) {
        const Tensor *t = nest->members.at[k].target;
        if (!t) continue;
        map_put(&c->made, t, c);
        if (same_dims(t, c->square)) map_put(&p->square_of, t, c);
    }
}

/* A square of an earlier cell that the nest reads, or NULL. */
static const Tensor *square_read(const Pass *p, const Nest *nest) {
    for (int k = 0; k < nest->members.n; k++) {
        Exprs reads = reads_of(nest->members.at[k].body);
        for (int r = 0; r < reads.n; r++)
            if (map_get(&p->square_of, reads.at[r]->tensor)) return reads.at[r]->tensor;
    }
    return NULL;
}

static void find_cell(Pass *p, int group) {
    Cell *c = NEW(Cell);
    Part part;
    *c = (Cell){.at = group, .first = nest_of(p, group), .square = square_made(p->groups->at[group])};
    if (!c->square) c->square = square_read(p, c->first);
    if (!c->square || !(c->rows = rows_of(c->square))) return;
    c->n_cells = c->square->rank - 2;
    if (!fits(p, c, group, &part)) return;
    join(p, c, group, &part);
    for (int k = group + 1; k < p->groups->n; k++)
        if (!map_get(&p->cell_of, p->groups->at[k]) && fits(p, c, k, &part)) join(p, c, k, &part);
    if (c->groups.n > 1) {
        PUSH(p->cells, c);
        return;
    }
    map_put(&p->cell_of, p->groups->at[group], NULL);       /* nothing would be shorter for it */
    for (int k = 0; k < c->first->members.n; k++)
        if (c->first->members.at[k].target) map_put(&p->square_of, c->first->members.at[k].target, NULL);
}

/* ---- what is stored -------------------------------------------------------------------------------------------------- */
static bool has_number(const Numbers *list, int number) {
    for (int k = 0; k < list->n; k++)
        if (list->at[k] == number) return true;
    return false;
}

/* A square that someone else reads is stored. */
static bool is_stored_square(const Pass *p, const Tensor *t) {
    Numbers readers = readers_of(&p->readers, t);
    bool stored = is_result(&p->results, t);
    for (int r = 0; r < readers.n; r++) stored |= !map_get(&p->cell_of, p->groups->at[readers.at[r]]);
    return stored;
}

/* Puts what the group reads of squares that are neither stored nor the cell's own, and what these read, before it. */
static void compute_again(const Pass *p, Cell *c, int group) {
    for (int k = 0; k < nest_of(p, group)->members.n; k++) {
        Exprs reads = reads_of(nest_of(p, group)->members.at[k].body);
        for (int r = 0; r < reads.n; r++) {
            const Tensor *t = reads.at[r]->tensor;
            const int producer = producer_of(p, t);
            if (!map_get(&p->square_of, t) || map_get(&c->made, t) || is_stored_square(p, t) || has_number(&c->again, producer)) continue;
            compute_again(p, c, producer);
            PUSH(c->again, producer);
        }
    }
}

static bool is_stored(const Pass *p, const Cell *c, const Tensor *t) {
    if (map_get(&p->square_of, t)) return is_stored_square(p, t);
    Numbers readers = readers_of(&p->readers, t);
    bool stored = readers.n == 0 || is_result(&p->results, t);
    for (int r = 0; r < readers.n; r++) {
        stored |= map_get(&p->cell_of, p->groups->at[readers.at[r]]) != c;
        for (int k = 0; k < p->cells.n; k++) stored |= p->cells.at[k] != c && has_number(&p->cells.at[k]->again, readers.at[r]);
    }
    return stored;
}

/* ---- the group of a cell --------------------------------------------------------------------------------------------- */
/* Where a tensor of the cell is zero: where one of `atleast` is below 0, at the values of its indices. */
typedef struct { const Index *index[3]; Exprs atleast; } Zeros;

typedef struct {
    const Pass *p;
    const Cell *c;
    Group *group;
    const Index *tile;              /* NULL: there is one */
    Map local;                      /* Tensor -> that of a tile */
    Map outside;                    /* that -> Zeros */
} Build;

/* A nest on its way into the cell: its indices by new ones. */
typedef struct { const Build *b; const Index *row, *within; const Index *from[MOST_INDICES]; const Expr *to[MOST_INDICES]; int n; } Move;

static const Expr *read_tile(const Expr *e, void *data) {
    const Move *m = data;
    const Tensor *local = e->kind == X_READ ? map_get(&m->b->local, e->tensor) : NULL;
    if (!local) return e;
    const int n_cells = m->b->c->n_cells;
    const Expr **subs = NEW_ARRAY(const Expr *, local->rank);
    subs[0] = At(m->within);
    for (int d = 1; d < local->rank; d++) subs[d] = e->arg[n_cells + d];
    return Read(local, subs, local->rank);
}

static const Expr *moved(const Move *m, const Expr *e) {
    return substitute(transform(e, read_tile, (void *)m), m->from, m->to, m->n);
}

static const Index *add_index(Move *m, const Index *i) {
    const Index *own = i == m->row ? m->within : index_new(i->name, i->extent, i->count);
    const Expr *value = At(own);
    if (i == m->row && m->b->tile) value = Add(Mul(At(m->b->tile), Int(m->b->c->rows)), value);
    m->from[m->n] = i, m->to[m->n++] = value;
    return own;
}

/* The conditions of a product outside of which it is zero, as e >= 0. */
static void add_zeros(const Build *b, const Expr *e, Exprs *atleast) {
    const Peeled p = peel(e, true, NULL, 0);
    for (int k = 0; k < p.atleast.n; k++) PUSH(*atleast, p.atleast.at[k]);
    e = p.term;
    if (e->kind == X_OP && (e->op == OP_MUL || e->op == OP_NEG || e->op == OP_DIV))
        for (int k = 0; k < (e->op == OP_MUL ? 2 : 1); k++) add_zeros(b, e->arg[k], atleast);
    const Zeros *known = e->kind == X_READ ? map_get(&b->outside, e->tensor) : NULL;
    for (int k = 0; known && k < known->atleast.n; k++)
        PUSH(*atleast, substitute(known->atleast.at[k], known->index, e->arg, e->tensor->rank));
}

/* The sum's conditions, widened to a tile of rows where what it multiplies is zero anyway; what adds up the elements of a square
 * needs none of these. */
static const Expr *widened(const Build *b, const Expr *body, const Index *within) {
    const Peeled p = peel(body, true, NULL, 0);
    Exprs outside = {0}, reads = reads_of(p.term);
    const bool product = reads.n > 1;
    for (int r = 0; r < reads.n; r++)
        if (!read_proved(reads.at[r])) return body;         /* a condition is what keeps it inside */
    add_zeros(b, p.term, &outside);
    const Expr *condition = p.rest ? p.rest : Truth(true);
    for (int k = 0; k < p.atleast.n; k++) {
        const Expr *e = p.atleast.at[k], *last;
        int64_t slope;
        bool zero = false;
        for (int z = 0; z < outside.n; z++) zero |= outside.at[z] == e;
        if (zero && !product) continue;
        if (zero && stride_of(e, within, &slope) && slope) {
            last = Int(slope > 0 ? within->extent - 1 : 0);
            e = substitute(e, &within, &last, 1);
        }
        condition = And(condition, Ge(e, Int(0)));
    }
    return Where(condition, p.term, Num(0));
}

static const Tensor *tile_of(Build *b, const Tensor *t) {
    const int n_cells = b->c->n_cells;
    Dim dims[3] = {{b->c->rows, NULL}};
    for (int d = n_cells + 1; d < t->rank; d++) dims[d - n_cells] = t->dim[d];
    Tensor *local = tensor_new(t->name, ROLE_VALUE, t->type, t->rank - n_cells, dims, t->origin);
    local->lo = t->lo, local->hi = t->hi;
    map_put(&b->local, t, local);
    PUSH(b->group->rows, local);
    return local;
}

static void set_target(Build *b, const Move *move, Member *m, bool again) {
    if (!m->target) return;
    const Tensor *t = m->target;
    const int n_cells = b->c->n_cells;
    const bool made = map_get(&b->c->made, t);
    if (again && !map_get(&b->p->square_of, t)) m->target = NULL;
    else if (again || (made && !is_stored(b->p, b->c, t))) {
        m->target = tile_of(b, t);
        m->subs += n_cells, m->n_subs -= n_cells;
    }
    const Expr **subs = NEW_ARRAY(const Expr *, m->n_subs + 1);
    for (int s = 0; s < m->n_subs; s++) subs[s] = moved(move, m->subs[s]);
    if (m->target != t && m->target) subs[0] = At(move->within);
    m->subs = subs;
}

static void note_zeros(Build *b, const Member *m) {
    if (!m->target || m->type != REAL || (m->op != REDUCE_NONE && m->op != REDUCE_SUM)) return;
    Zeros *z = NEW(Zeros);
    Exprs all = {0};
    add_zeros(b, m->body, &all);
    for (int k = 0; k < all.n; k++) {
        bool bound = false;
        for (int i = 0; i < m->n_bound; i++) bound |= uses_index(all.at[k], m->bound[i]);
        if (!bound) PUSH(z->atleast, all.at[k]);
    }
    for (int s = 0; s < m->n_subs; s++) z->index[s] = m->subs[s]->index;
    map_put(&b->outside, m->target, z);
}

/* The sum over the rows of a tile is added to those of the tiles before; in front of the first there is 0. */
static void add_up(Build *b, Nest *nest) {
    Nest *first = nest_copy(nest);
    Member *zero = &first->members.at[0];
    zero->op = REDUCE_NONE, zero->n_bound = 0, zero->body = Num(0);
    zero->guard = Lt(At(b->tile), Int(1));
    PUSH(b->group->nests, first);
    nest->members.at[0].adds = true;
}

static const Index *const *moved_bounds(Move *m, const Index *const *bound, int n) {
    const Index **own = NEW_ARRAY(const Index *, n + 1);
    for (int k = 0; k < n; k++) own[k] = add_index(m, bound[k]);
    return own;
}

static void add_nest_to(Build *b, int group, bool again) {
    const Nest *nest = nest_of(b->p, group);
    Part part = {0};
    Move move = {.b = b};
    Nest *own = NEW(Nest);
    Map locals = {0};
    if (!again) fits(b->p, b->c, group, &part);
    else part.row = nest->free[b->c->n_cells];
    move.row = part.row;
    move.within = index_new(part.row->name, b->c->rows, NULL);
    *own = *nest;
    own->members.at = NULL, own->members.n = own->members.room = 0;
    for (int k = 0; k < b->c->n_cells; k++) move.from[k] = nest->free[k], move.to[move.n++] = At(b->group->cell[k]);
    own->free = moved_bounds(&move, nest->free + b->c->n_cells, own->n_free -= b->c->n_cells);
    for (int k = 0; k < nest->members.n; k++) {
        const Member *old = &nest->members.at[k];
        Member m = *old;
        const bool shared = k > 0 && old->n_bound && old->bound == nest->members.at[k - 1].bound;
        m.bound = shared ? own->members.at[k - 1].bound : moved_bounds(&move, old->bound, old->n_bound);
        m.body = transform(moved(&move, old->body), own_local, &locals);
        if (m.op == REDUCE_SUM && m.type == REAL) m.body = widened(b, m.body, move.within);
        if (old->local) m.local = renew_local(&locals, old->local);
        set_target(b, &move, &m, again);
        if (m.target && m.target != old->target) note_zeros(b, &m);
        PUSH(own->members, m);
    }
    if (part.sums_rows && b->tile) add_up(b, own);
    PUSH(b->group->nests, own);
    const Group *g = b->p->groups->at[group];
    for (int e = 0; e < g->equations.n; e++) PUSH(b->group->equations, g->equations.at[e]);
}

static Group *build(const Pass *p, const Cell *c) {
    Build b = {.p = p, .c = c, .group = NEW(Group)};
    const Dim rows = c->square->dim[c->n_cells];
    for (int k = 0; k < c->n_cells; k++)
        b.group->cell[b.group->n_cells++] = index_new(c->first->free[k]->name, c->first->free[k]->extent, c->first->free[k]->count);
    if (c->rows < rows.extent) b.group->outer = b.tile = index_new(name_of("rows"), rows.extent / c->rows, NULL);
    for (int k = 0; k < c->again.n; k++) add_nest_to(&b, c->again.at[k], true);
    for (int k = 0; k < c->groups.n; k++) add_nest_to(&b, c->groups.at[k], false);
    return b.group;
}

void join_cells(Groups *groups, const Program *program) {
    Pass p = {.groups = groups, .results = results_of(program)};
    for (int k = 0; k < groups->n; k++)
        for (int n = 0; n < groups->at[k]->nests.n; n++)
            for (int m = 0; m < groups->at[k]->nests.at[n]->members.n; m++) {
                const Member *member = &groups->at[k]->nests.at[n]->members.at[m];
                if (member->target) map_put(&p.producer, member->target, (void *)(intptr_t)(k + 1));
                readers_add_body(&p.readers, member->body, k);
            }
    for (int k = 0; k < groups->n; k++)
        if (!map_get(&p.cell_of, groups->at[k])) find_cell(&p, k);
    for (int k = 0; k < p.cells.n; k++)
        for (int g = 0; g < p.cells.at[k]->groups.n; g++) compute_again(&p, p.cells.at[k], p.cells.at[k]->groups.at[g]);
    Groups result = {0};
    for (int k = 0; k < groups->n; k++) {
        const Cell *c = map_get(&p.cell_of, groups->at[k]);
        if (!c) PUSH(result, groups->at[k]);
        else if (c->at == k) PUSH(result, build(&p, c));
    }
    *groups = result;
}
