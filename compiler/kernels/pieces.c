/* Pieces: the maps of a recurrence go through a sample's rows by pieces, and ask for the next sample's.
 *
 *     for n:                                    for n: for piece < J/16:
 *         for j: c[n, t, j] = f(z[n, t, j])         ask for z[n + 1, t, 16*piece]
 *         for j: h[n, t, j] = g(c[n, t, j])         for lane < 16: c[n, t, 16*piece + lane] = f(z[n, t, 16*piece + lane])
 *                                                   for lane < 16: h[n, t, 16*piece + lane] = g(c[n, t, 16*piece + lane])
 *
 * Each time, a sample has one row of every value, and the next sample's lies elsewhere: a processor that looks ahead follows a row only when
 * it has begun. To ask for a whole row at once is no use, for only some lines can be on their way. A piece may read what the maps store only
 * where it has stored that itself, in the same columns. */
#include "group.h"

/* The maps of a sample, as loops over rows: what their innermost loops have in common, and what they store, each along one of its dims. */
typedef struct { const Tensor *tensor; int dim; } Stored;
typedef struct { int64_t extent; bool alike; LIST(Node *) inner; LIST(const Index *) within; LIST(Stored) stored; } Rows;

static bool has_loop(const Nodes *nodes) {
    for (int k = 0; k < nodes->n; k++)
        if (nodes->at[k]->kind == NODE_LOOP || has_loop(&nodes->at[k]->body)) return true;
    return false;
}

static const Stored *stored_as(const Rows *r, const Tensor *t) {
    for (int k = 0; k < r->stored.n; k++)
        if (r->stored.at[k].tensor == t) return &r->stored.at[k];
    return NULL;
}

/* The one dim in which the subscripts are the index, or -1: elsewhere it moves them too. */
static int dim_along(const Expr *const *subs, int n, const Index *i) {
    int dim = -1;
    for (int s = 0; s < n; s++) {
        if (!uses_index(subs[s], i)) continue;
        if (dim >= 0 || subs[s] != At(i)) return -1;
        dim = s;
    }
    return dim;
}

static bool reads_memory(const Expr *e) {
    const Exprs reads = reads_of(e);
    for (int r = 0; r < reads.n; r++)
        if (reads.at[r]->tensor->rank > 0) return true;
    return false;
}

static void find_rows(Rows *r, const Nodes *nodes) {
    for (int k = 0; k < nodes->n; k++) {
        Node *n = nodes->at[k];
        const bool loop = n->kind == NODE_LOOP;
        if (loop) PUSH(r->within, n->index);
        if (n->kind == NODE_IF || (loop && has_loop(&n->body))) {
            r->alike &= loop || !reads_memory(n->value);
            find_rows(r, &n->body);
        } else if (loop && !n->down && n->loop <= LOOP_LANE && is_integer(n->from, 0) && is_integer(n->to, n->index->extent)) {
            r->alike &= r->extent == 0 || r->extent == n->index->extent;
            r->extent = n->index->extent;
            PUSH(r->inner, n);
        } else r->alike = false;
    }
}

static void find_stored(Rows *r, const Nodes *nodes, const Index *i) {
    for (int k = 0; k < nodes->n; k++) {
        const Node *n = nodes->at[k];
        find_stored(r, &n->body, i);
        if (n->kind != NODE_ASSIGN) continue;
        const Stored stored = {n->tensor, dim_along(n->subs, n->n_subs, i)}, *known = stored_as(r, n->tensor);
        r->alike &= stored.dim >= 0 && (!known || known->dim == stored.dim);
        PUSH(r->stored, stored);
    }
}

static void find_reads(Exprs *reads, const Nodes *nodes) {
    for (int k = 0; k < nodes->n; k++) {
        const Node *n = nodes->at[k];
        const Exprs own = n->value ? reads_of(n->value) : (Exprs){0};
        for (int r = 0; r < own.n; r++) PUSH(*reads, own.at[r]);
        find_reads(reads, &n->body);
    }
}

/* Where the piece of a row begins that the next sample will read as this one does; false: nobody knows, or it is in a cache. */
static bool place_ahead(const Expr **at, const Rows *r, const Node *samples, const Expr *read, const Index *i, const Expr *piece) {
    const Tensor *x = read->tensor;
    const Expr *next = Operate(OP_MIN, Add(At(samples->index), Int(1)), Sub(index_limit(samples->index), Int(1)));
    if (x->rank < 2 || stored_as(r, x) || read->arg[0] != At(samples->index) || !worth_asking(x, read->arg, i)) return false;
    for (int s = 0; s < x->rank; s++) {
        for (int k = 0; k < r->within.n; k++)
            if (r->within.at[k] != i && uses_index(read->arg[s], r->within.at[k])) return false;
        if (reads_of(read->arg[s]).n > 0) return false;
        const Index *from[] = {samples->index, i};
        const Expr *to[] = {next, piece};
        at[s] = asked_inside(substitute(read->arg[s], from, to, 2), x->dim[s].extent);
    }
    return true;
}

static void add_once(Nodes *asks, const Tensor *x, const Expr *const *at) {
    for (int k = 0; k < asks->n; k++) {
        bool same = asks->at[k]->tensor == x;
        for (int s = 0; s < x->rank && same; s++) same = asks->at[k]->subs[s] == at[s];
        if (same) return;
    }
    add_ask(asks, x, at, x->rank);
}

void pass_by_pieces(Node *samples) {
    enum { LEAST = 4*LANES };           /* elements of a row */
    Rows r = {.alike = true};
    find_rows(&r, &samples->body);
    for (int k = 0; k < r.inner.n; k++) find_stored(&r, &r.inner.at[k]->body, r.inner.at[k]->index);
    if (!r.alike || r.extent < LEAST || r.extent % LANES) return;
    const Index *tile = index_new(name_of(text("%s_tile", r.inner.at[0]->index->name)), r.extent / LANES, NULL);
    const Expr *piece = Mul(At(tile), Int(LANES));
    Nodes asks = {0};
    for (int k = 0; k < r.inner.n; k++) {
        const Index *i = r.inner.at[k]->index;
        Exprs reads = {0};
        find_reads(&reads, &r.inner.at[k]->body);
        for (int e = 0; e < reads.n; e++) {
            const Expr *read = reads.at[e], **at = NEW_ARRAY(const Expr *, read->tensor->rank + 1);
            const Stored *stored = stored_as(&r, read->tensor);
            if (stored && dim_along(read->arg, read->tensor->rank, i) != stored->dim) return;
            if (place_ahead(at, &r, samples, read, i, piece)) add_once(&asks, read->tensor, at);
        }
    }
    if (!asks.n) return;
    for (int k = 0; k < r.inner.n; k++) {
        Node *n = r.inner.at[k];
        const Index *lane = index_new(name_of("lane"), LANES, NULL);
        substitute_nodes(&n->body, n->index, Add(piece, At(lane)));
        n->index = lane, n->to = Int(LANES);
    }
    const Nodes maps = samples->body;
    samples->body = (Nodes){0};
    Nodes *body = &add_loop(&samples->body, tile, NULL, NULL, LOOP_SERIAL)->body;
    for (int k = 0; k < asks.n; k++) PUSH(*body, asks.at[k]);
    for (int k = 0; k < maps.n; k++) PUSH(*body, maps.at[k]);
}
