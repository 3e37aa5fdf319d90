/* Rows that count: where a loss leaves places out, what only it needs is computed for the other places alone.
 *
 *     z[n, p, o] = sum(i) w[o, i]*y[n, p, i]              loss = sum(n, p) where(t[n, p] != 0, cost(z[n, p], t[n, p]), 0)
 *
 * Of sentences that end early, a quarter or a half of the places is padding. Nobody needs z there, and its gradient is 0. Let row r be the
 * r-th place that counts, of `rows` in all, sample[r] and place[r] where it is:
 *
 *     y_row[r, i] = y[sample[r], place[r], i]             z_row[r, o] = sum(i) w[o, i]*y_row[r, i]
 *     d_y_row[r, i] = sum(o) d_z_row[r, o]*w[o, i]        d_y[n, p, i] = sum(r) where(n == sample[r] and p == place[r], d_y_row[r, i], 0)
 *     d_w[o, i] = sum(r) d_z_row[r, o]*y_row[r, i]
 *
 * A value may be kept in rows if each of its readers is kept so too, or vanishes where the condition does not hold: 0 times anything is 0
 * here. Rows begin at products that are much longer than what is gathered for them, and end where values are shorter again. */
#include "../equations/solve.h"
#include "group.h"
#include <stdlib.h>

enum {
    LONGER = 8,                     /* times an operand's cell: the cell of a product that is worth gathering for */
    ROWS = 32                       /* of a block: sums over rows go block by block */
};

typedef const Index *const Indices[];
typedef const Expr *const Values[];

/* A cell is what has the same first two subscripts: the sample, and the place in it. */
typedef struct { const Index *sample, *place; } Cell;

typedef struct {
    const Equations *all;
    Map number, results;            /* Tensor -> its place among all, and one more; a set */
    Readers readers;                /* Tensor -> the equations that read it */
    const Expr *condition;          /* that a place counts, */
    Cell of;                        /* over these */
    const Origin *origin;
    bool *zero;                     /* of each equation: it is 0 where the condition does not hold */
    bool *kept;                     /* it is kept in rows */
    const Index *row, *block;       /* blocks of ROWS */
    const Tensor *count;            /* of rows */
    const Tensor *sample, *place;   /* of each row */
    Map rows;                       /* Tensor -> its rows */
    Program made;                   /* its equations take the place of all */
} Rows;

static bool is_cell(const Rows *w, const Tensor *t) {
    return t->rank >= 2 && same_dim(t->dim[0], dim_of(w->of.sample)) && same_dim(t->dim[1], dim_of(w->of.place));
}

static int64_t cell_size(const Tensor *t) {
    int64_t size = 1;
    for (int d = 2; d < t->rank; d++) size *= t->dim[d].extent;
    return size;
}

static bool reads_cell(const Rows *w, const Expr *read, Cell at) {
    return is_cell(w, read->tensor) && read->arg[0] == At(at.sample) && read->arg[1] == At(at.place);
}

/* Its place among all equations; -1: it is none's. */
static int number_of(const Rows *w, const Tensor *t) { return (int)(intptr_t)map_get(&w->number, t) - 1; }

/* The condition at another cell. */
static const Expr *counts_at(const Rows *w, const Expr *sample, const Expr *place) {
    return substitute(w->condition, (Indices){w->of.sample, w->of.place}, (Values){sample, place}, 2);
}

/* ---- where values vanish ------------------------------------------------------------------------------------------------- */
/* Whether e is 0, or false. */
static bool vanishes(const Rows *w, const Expr *e, Cell at, const Fact *fact) {
    const int known = e->type == BOOL ? condition_under(e, fact, 1) : -1;
    if (known >= 0) return !known;
    switch (e->kind) {
    case X_NUM: return e->num == 0;
    case X_INT: return e->integer == 0;
    case X_REAL: return vanishes(w, e->arg[0], at, fact);
    case X_READ: {
        const int number = number_of(w, e->tensor);
        return number >= 0 && w->zero[number] && !e->guarded && reads_cell(w, e, at);
    }
    case X_WHERE: {
        const bool no = vanishes(w, e->arg[0], at, fact), yes = condition_under(e->arg[0], fact, 1) == 1;
        return (no || vanishes(w, e->arg[1], at, fact)) && (yes || vanishes(w, e->arg[2], at, fact));
    }
    case X_OP:
        if (e->op == OP_MUL || e->op == OP_AND) return vanishes(w, e->arg[0], at, fact) || vanishes(w, e->arg[1], at, fact);
        if (e->op == OP_ADD || e->op == OP_SUB || e->op == OP_OR) return vanishes(w, e->arg[0], at, fact) && vanishes(w, e->arg[1], at, fact);
        return (e->op == OP_DIV || e->op == OP_NEG || e->op == OP_STOP) && vanishes(w, e->arg[0], at, fact);
    default: return false;
    }
}

static bool body_vanishes(const Rows *w, const Equation *e, Cell at) {
    const Fact out = {counts_at(w, At(at.sample), At(at.place)), false};
    return (e->op == REDUCE_NONE || e->op == REDUCE_SUM) && vanishes(w, e->body, at, &out);
}

static bool is_own(const Rows *w, const Equation *e) { return is_cell(w, e->out) && !e->scan; }
static Cell own_cell(const Equation *e) { return (Cell){e->free[0], e->free[1]}; }

/* ---- what may be kept in rows -------------------------------------------------------------------------------------------- */
/* The cell at which e reads a tensor of cells; false: at none, at several, or with other subscripts of them. */
static bool reading_cell(const Equation *e, const Tensor *t, Cell *at) {
    Exprs reads = reads_of(e->body);
    bool any = false;
    for (int k = 0; k < reads.n; k++) {
        const Expr *r = reads.at[k];
        if (r->tensor != t) continue;
        if (r->guarded || r->arg[0]->kind != X_INDEX || r->arg[1]->kind != X_INDEX) return false;
        const Cell here = {r->arg[0]->index, r->arg[1]->index};
        if (any && (here.sample != at->sample || here.place != at->place)) return false;
        *at = here;
        any = true;
    }
    return any;
}

/* Whether e reads values of cells, and all that it reads along the cell's indices, at the cell. */
static bool keeps_to_cell(const Rows *w, const Equation *e, Cell at) {
    Exprs reads = reads_of(e->body);
    for (int k = 0; k < reads.n; k++) {
        const Expr *r = reads.at[k];
        const bool moves = uses_index(r, at.sample) || uses_index(r, at.place) || is_cell(w, r->tensor);
        if (moves && (r->guarded || !reads_cell(w, r, at))) return false;
    }
    return true;
}

static bool is_bound(const Equation *e, const Index *i) {
    for (int k = 0; k < e->n_bound; k++)
        if (e->bound[k] == i) return true;
    return false;
}

/* How an equation that is not kept in rows may read such as are: it is a sum over all cells, a number of each sample, or has cells itself. */
typedef enum { AS_NONE, AS_SUM, AS_SAMPLE, AS_CELL } Way;

static Way way_of(const Rows *w, const Equation *e, Cell at) {
    const bool all = same_dim(dim_of(at.sample), dim_of(w->of.sample)) && same_dim(dim_of(at.place), dim_of(w->of.place));
    if (e->scan || e->out->type == BOOL || !all || !keeps_to_cell(w, e, at) || !body_vanishes(w, e, at)) return AS_NONE;
    const bool sample = is_bound(e, at.sample), place = is_bound(e, at.place);
    if (sample && place) return AS_SUM;
    if (!sample && place) return e->n_free == 1 && e->free[0] == at.sample ? AS_SAMPLE : AS_NONE;
    return is_own(w, e) && at.sample == e->free[0] && at.place == e->free[1] ? AS_CELL : AS_NONE;
}

static bool may_be_kept(const Rows *w, int k) {
    const Equation *e = w->all->at[k];
    const bool is_value = e->out->role == ROLE_VALUE && !e->out->watched && !is_result(&w->results, e->out);
    return is_value && is_own(w, e) && keeps_to_cell(w, e, own_cell(e));
}

static bool reader_allows(const Rows *w, const Tensor *t, int reader) {
    const Equation *e = w->all->at[reader];
    Cell at;
    if (!reading_cell(e, t, &at)) return false;
    if (w->kept[reader]) return at.sample == e->free[0] && at.place == e->free[1];
    return way_of(w, e, at) != AS_NONE;
}

/* Takes away what some reader does not allow, until nothing changes. */
static void keep_what_readers_allow(Rows *w) {
    for (bool changed = true; changed;) {
        changed = false;
        for (int k = w->all->n - 1; k >= 0; k--) {
            const Tensor *t = w->all->at[k]->out;
            const Numbers readers = readers_of(&w->readers, t);
            for (int r = 0; r < readers.n && w->kept[k]; r++)
                if (!reader_allows(w, t, readers.at[r])) w->kept[k] = false, changed = true;
        }
    }
}

/* The first that e reads of what is kept in rows, or NULL. */
static const Tensor *kept_read(const Rows *w, const Equation *e) {
    Exprs reads = reads_of(e->body);
    for (int k = 0; k < reads.n; k++) {
        const int number = number_of(w, reads.at[k]->tensor);
        if (number >= 0 && w->kept[number]) return reads.at[k]->tensor;
    }
    return NULL;
}

/* A product of which each operand with cells has much shorter ones. */
static bool is_worth_it(const Rows *w, const Equation *e) {
    bool shared = false, own = false;
    Exprs reads = reads_of(e->body);
    if (e->op != REDUCE_SUM || e->body->kind != X_OP || e->body->op != OP_MUL) return false;
    for (int k = 0; k < reads.n; k++) {
        const Tensor *t = reads.at[k]->tensor;
        if (is_cell(w, t) && cell_size(t)*LONGER > cell_size(e->out)) return false;
        own |= is_cell(w, t);
        shared |= !is_cell(w, t) && t->rank > 1;
    }
    return own && shared;
}

/* Of those that may be kept, what comes of products that are worth it, while cells are as long, or one number. */
static void keep_what_is_worth_it(Rows *w) {
    int64_t length = 0;
    for (int k = 0; k < w->all->n; k++) {
        const Equation *e = w->all->at[k];
        const int64_t size = cell_size(e->out);
        if (!w->kept[k]) continue;
        const bool begins = is_worth_it(w, e);
        if (begins && (!length || size < length)) length = size;
        w->kept[k] = begins || (length && (size == 1 || size >= length) && kept_read(w, e));
    }
}

/* ---- rows ---------------------------------------------------------------------------------------------------------------- */
/* An integer for each value of its free indices, of 0 to `most`: a sum, or a number as it stands. */
static const Tensor *number_over(Rows *w, const char *name, int64_t most, int n, const Index *const *free, int n_bound, const Index *const *bound,
                                 const Expr *body) {
    Dim dim[2];
    for (int k = 0; k < n; k++) dim[k] = dim_of(free[k]);
    Tensor *t = tensor_new(name_of(name), ROLE_VALUE, INT, n, dim, w->origin);
    t->lo = 0, t->hi = most;
    equation_new(&w->made, t, free, n_bound ? REDUCE_SUM : REDUCE_NONE, bound, n_bound, body, w->origin);
    return t;
}

/* Numbers the cells that count, in the order of samples and places, and says where each is. */
static void number_cells(Rows *w) {
    const Index *n = w->of.sample, *p = w->of.place, *m = index_over(n->name, dim_of(n)), *q = index_over(p->name, dim_of(p));
    const Expr *counts = counts_at(w, At(n), At(p)), *none = Int(0);
    const int64_t most = n->extent*p->extent;
    const Tensor *in = number_over(w, "counted", p->extent, 1, (Indices){n}, 1, (Indices){p}, Where(counts, Int(1), none));
    const Tensor *before = number_over(w, "counted_before", most, 1, (Indices){n}, 1, (Indices){m}, Where(Lt(At(m), At(n)), Read(in, (Values){At(m)}, 1), none));
    const Tensor *ahead = number_over(w, "counted_ahead", p->extent, 2, (Indices){n, p}, 1, (Indices){q},
                                      Where(And(Lt(At(q), At(p)), counts_at(w, At(n), At(q))), Int(1), none));
    w->count = number_over(w, "rows", most, 0, NULL, 1, (Indices){n}, Read(in, (Values){At(n)}, 1));
    const Expr *blocks = FloorDiv(Add(Read(w->count, NULL, 0), Int(ROWS - 1)), Int(ROWS));
    w->row = index_new("r", most, w->count);
    w->block = index_new("r_block", blocks->hi, number_over(w, "row_blocks", blocks->hi, 0, NULL, 0, NULL, blocks));
    const Expr *number = Add(Read(before, (Values){At(n)}, 1), Read(ahead, (Values){At(n), At(p)}, 2)), *is_this = And(Eq(At(w->row), number), counts);
    w->sample = number_over(w, "row_sample", n->extent - 1, 1, &w->row, 2, (Indices){n, p}, Where(is_this, At(n), none));
    w->place = number_over(w, "row_place", p->extent - 1, 1, &w->row, 2, (Indices){n, p}, Where(is_this, At(p), none));
}

static const Expr *at_row(const Rows *w, const Tensor *t) { return Read(t, (Values){At(w->row)}, 1); }

/* A tensor of rows with the cells of t, for an equation or a copy that is still to be made. */
static Tensor *rows_tensor(Rows *w, const Tensor *t) {
    Dim dim[12] = {dim_of(w->row)};
    for (int d = 2; d < t->rank; d++) dim[d - 1] = t->dim[d];
    Tensor *rows = tensor_new(name_of(text("%s_row", t->name)), ROLE_VALUE, t->type, t->rank - 1, dim, t->origin);
    rows->adjoint = t->adjoint, rows->lo = t->lo, rows->hi = t->hi;
    map_put(&w->rows, t, rows);
    return rows;
}

/* The rows of a value that is not kept in them: a copy. */
static const Tensor *gathered(Rows *w, const Tensor *t) {
    Tensor *rows = map_get(&w->rows, t);
    if (rows) return rows;
    rows = rows_tensor(w, t);
    const Index *free[12] = {w->row};
    const Expr *at[12] = {at_row(w, w->sample), at_row(w, w->place)};
    for (int d = 2; d < t->rank; d++) free[d - 1] = index_over("i", t->dim[d]), at[d] = At(free[d - 1]);
    equation_new(&w->made, rows, free, REDUCE_NONE, NULL, 0, Read(t, at, t->rank), t->origin);
    return rows;
}

typedef struct { Rows *rows; Cell at; } InRows;

static const Expr *read_row(const Expr *e, void *data) {
    InRows *c = data;
    const Rows *w = c->rows;
    if (e->kind != X_READ || !reads_cell(w, e, c->at)) return e;
    const Expr *at[12] = {At(w->row)};
    for (int d = 2; d < e->tensor->rank; d++) at[d - 1] = e->arg[d];
    return Read(gathered(c->rows, e->tensor), at, e->tensor->rank - 1);
}

/* A truth that these facts decide. */
static const Expr *decided(const Expr *e, void *data) {
    const Facts *facts = data;
    const int known = e->type == BOOL ? condition_under(e, facts->at, facts->n) : -1;
    return known < 0 ? e : Truth(known);
}

/* A body over rows. Each fact is there both ways, as conditions are compared as they stand: t != 0 holds, and t == 0 does not. */
static const Expr *in_rows(Rows *w, const Expr *body, Cell at) {
    Facts known = {.n = 0};
    facts_learn(&known, counts_at(w, At(at.sample), At(at.place)), true);
    for (int k = known.n; k-- > 0 && known.n < MOST_FACTS;) known.at[known.n++] = (Fact){Not(known.at[k].condition), !known.at[k].holds};
    body = transform(body, decided, &known);
    body = transform(body, read_row, &(InRows){w, at});
    return substitute(body, (Indices){at.sample, at.place}, (Values){at_row(w, w->sample), at_row(w, w->place)}, 2);
}

/* The equation over rows of an equation over cells. */
static void equation_in_rows(Rows *w, const Equation *e, Tensor *out) {
    const Index *free[12] = {w->row};
    for (int d = 2; d < e->n_free; d++) free[d - 1] = e->free[d];
    equation_new(&w->made, out, free, e->op, e->bound, e->n_bound, in_rows(w, e->body, own_cell(e)), e->origin);
}

/* e as the sum over these indices of rows, where the condition holds, and over what it was a sum over besides cells. */
static void sum_over_rows(Rows *w, const Equation *e, Cell at, const Index *const *rows, int n_rows, const Expr *condition, const Expr *body) {
    const Index **bound = NEW_ARRAY(const Index *, e->n_bound + n_rows);
    int n = 0;
    for (int k = 0; k < n_rows; k++) bound[n++] = rows[k];
    for (int k = 0; k < e->n_bound; k++)
        if (e->bound[k] != at.sample && e->bound[k] != at.place) bound[n++] = e->bound[k];
    equation_new(&w->made, e->out, e->free, REDUCE_SUM, bound, n, Where(condition, body, body->type == REAL ? Num(0) : Int(0)), e->origin);
}

/* A sum over all cells: over the rows of a block inside of the blocks, so that what a block reads may stay in a cache. */
static void sum_over_blocks(Rows *w, const Equation *e, Cell at) {
    const Index *within = index_new("r", ROWS, NULL), *const both[] = {w->block, within};
    const Expr *row = Add(Mul(Int(ROWS), At(w->block)), At(within));
    const Expr *body = substitute(in_rows(w, e->body, at), &w->row, &row, 1);
    sum_over_rows(w, e, at, both, 2, Lt(row, Read(w->count, NULL, 0)), body);
}

/* A sum over the cells of a sample: each row adds to its own. */
static void sum_by_sample(Rows *w, const Equation *e, Cell at) {
    const Expr *own = Eq(At(at.sample), at_row(w, w->sample));
    sum_over_rows(w, e, at, &w->row, 1, own, in_rows(w, e->body, at));
}

/* The rows of e, and e: what they are at the cells that count, and 0 elsewhere. */
static void cells_from_rows(Rows *w, const Equation *e) {
    const Cell at = own_cell(e);
    const Expr *here = And(Eq(At(at.sample), at_row(w, w->sample)), Eq(At(at.place), at_row(w, w->place))), *sub[12] = {At(w->row)};
    Tensor *rows = rows_tensor(w, e->out);
    equation_in_rows(w, e, rows);
    for (int d = 2; d < e->n_free; d++) sub[d - 1] = At(e->free[d]);
    Equation cells = *e;
    cells.n_bound = 0;
    sum_over_rows(w, &cells, at, &w->row, 1, here, Read(rows, sub, rows->rank));
}

static void rewrite_in_rows(Rows *w) {
    for (int k = 0; k < w->all->n; k++) {
        Equation *e = w->all->at[k];
        const Tensor *read = kept_read(w, e);
        Cell at;
        if (w->kept[k]) equation_in_rows(w, e, rows_tensor(w, e->out));
        else if (!read || !reading_cell(e, read, &at)) PUSH(w->made.equations, e);
        else switch (way_of(w, e, at)) {
        case AS_CELL: cells_from_rows(w, e); break;
        case AS_SAMPLE: sum_by_sample(w, e, at); break;
        case AS_SUM: sum_over_blocks(w, e, at); break;
        case AS_NONE: abort();      /* no reader that reader_allows allowed */
        }
    }
}

/* ---- the condition ------------------------------------------------------------------------------------------------------- */
static void find_other(const Expr *e, void *cell) {
    Cell *at = cell;
    if (e->kind == X_INDEX && e->index != at->sample && e->index != at->place) *at = (Cell){NULL, NULL};
}

/* Whether a condition depends on data of one cell and on nothing else. */
static bool is_of_cell(const Expr *condition, Cell *cell) {
    Exprs reads = reads_of(condition);
    for (int k = 0; k < reads.n; k++) {
        const Expr *r = reads.at[k];
        if ((r->tensor->role != ROLE_INPUT && r->tensor->role != ROLE_TARGET) || r->tensor->rank != 2 || r->guarded) return false;
        if (r->arg[0]->kind != X_INDEX || r->arg[1]->kind != X_INDEX || !counts_samples(r->arg[0]->index->count)) return false;
        if (k > 0 && (r->arg[0]->index != cell->sample || r->arg[1]->index != cell->place)) return false;
        *cell = (Cell){r->arg[0]->index, r->arg[1]->index};
    }
    if (reads.n > 0) visit_nodes(condition, find_other, cell);
    return cell->sample != NULL;
}

static bool try_condition(Rows *w, const Expr *condition, Cell of) {
    const int n = w->all->n;
    w->condition = condition, w->of = of;
    w->zero = NEW_ARRAY(bool, n + 1), w->kept = NEW_ARRAY(bool, n + 1);
    for (int k = 0; k < n; k++) {
        const Equation *e = w->all->at[k];
        w->zero[k] = is_own(w, e) && body_vanishes(w, e, own_cell(e));
        w->kept[k] = may_be_kept(w, k);
    }
    keep_what_readers_allow(w);
    keep_what_is_worth_it(w);
    keep_what_readers_allow(w);
    for (int k = 0; k < n; k++)
        if (w->kept[k] && is_worth_it(w, w->all->at[k])) return true;
    return false;
}

/* Conditions where e is 0 if one of them does not hold. */
static Facts conditions_of(const Equation *e) {
    Facts facts = {.n = 0};
    if ((e->op != REDUCE_SUM && e->op != REDUCE_NONE) || e->body->kind != X_WHERE) return facts;
    if (is_zero(e->body->arg[1])) facts_learn(&facts, e->body->arg[0], false);
    else if (is_zero(e->body->arg[2])) facts_learn(&facts, e->body->arg[0], true);
    return facts;
}

typedef struct { const Expr *condition; Cell of; } Tried;
typedef LIST(Tried) AllTried;

/* The same condition stands over indices of their own in many equations. */
static bool was_tried(const AllTried *all, const Expr *condition, Cell of) {
    for (int k = 0; k < all->n; k++) {
        const Tried *t = &all->at[k];
        if (!same_dim(dim_of(t->of.place), dim_of(of.place))) continue;
        if (substitute(condition, (Indices){of.sample, of.place}, (Values){At(t->of.sample), At(t->of.place)}, 2) == t->condition) return true;
    }
    return false;
}

void keep_rows_that_count(Equations *equations, const Program *p) {
    Rows w = {.all = equations, .results = results_of(p)};
    AllTried tried = {0};
    for (int k = 0; k < equations->n; k++) {
        map_put(&w.number, equations->at[k]->out, (void *)(intptr_t)(k + 1));
        readers_add_body(&w.readers, equations->at[k]->body, k);
    }
    for (int k = 0; k < equations->n; k++) {
        const Facts facts = conditions_of(equations->at[k]);
        for (int f = 0; f < facts.n; f++) {
            Cell cell = {NULL, NULL};
            const Expr *condition = facts.at[f].holds ? facts.at[f].condition : Not(facts.at[f].condition);
            if (!is_of_cell(condition, &cell) || was_tried(&tried, condition, cell)) continue;
            PUSH(tried, ((Tried){condition, cell}));
            if (!try_condition(&w, condition, cell)) continue;
            w.origin = equations->at[k]->origin;
            number_cells(&w);
            rewrite_in_rows(&w);
            *equations = w.made.equations;
            return;
        }
    }
}
