/* Inlining of adjoint equations, and of what is one-hot, into the equations that read them.
 *
 * Fusion decides later what is stored; here an equation vanishes only when that makes the mathematics simpler:
 *
 *     CONSTANT   no index in it (1/batch)                               into any reader
 *     COPY       one read of another tensor                             into any reader
 *     ONE_HOT    where(j == e, v, 0) with a cheap v                     into any adjoint, and into sums over j: they have one term then
 *     WINNER     where(winner[i//2] == i%2, v, 0) with a cheap v         into sums over i: they keep to the winners
 *     SCALAR     cheap, at most one index, and all its readers maps     into these maps
 *     SCALED     a read times what depends on fewer indices (d[c, p]*gain[c]), if all readers are maps, or sums over the
 *                indices that are missing in the scale: it leaves these sums
 *     ONCE       a map that one read of one map of no more elements uses
 *
 * Nothing costly is computed twice, and nothing moves into a scan that could stay outside. */
#include "simplify.h"
#include <stdlib.h>

typedef enum { KEPT, CONSTANT, COPY, ONE_HOT, WINNER, SCALAR, SCALED, ONCE } Kind;
typedef struct { int reads; bool maps; Kind kind; const Equation *equation; Equations readers; } Use;

struct Inlining {
    Map results;
    Map uses;                                                   /* Tensor -> Use */
    Equation *reader;
};

enum { MOST_OPERATIONS = 3 };

static Use *use_of(Inlining *w, const Tensor *t) {
    Use *u = map_get(&w->uses, t);
    if (!u) {
        u = NEW(Use);
        u->maps = true;
        map_put(&w->uses, t, u);
    }
    return u;
}

static void count_read(const Expr *e, void *data) {
    Inlining *w = data;
    if (e->kind != X_READ) return;
    Use *u = use_of(w, e->tensor);
    u->reads++;
    PUSH(u->readers, w->reader);
    u->maps = u->maps && w->reader->op == REDUCE_NONE && !w->reader->scan && w->reader->out->adjoint;
}

Inlining *inlining_new(const Program *p) {
    Inlining *w = NEW(Inlining);
    for (int k = 0; k < p->results.n; k++) map_put(&w->results, p->results.at[k], w);
    for (int k = 0; k < p->equations.n; k++) {
        w->reader = p->equations.at[k];
        visit_nodes(w->reader->body, count_read, w);
    }
    return w;
}

static double elements(const Tensor *t) {
    double n = 1;
    for (int k = 0; k < t->rank; k++) n *= (double)t->dim[k].extent;
    return n;
}

/* --- what kind of equation it is --- */

typedef struct { int operations; bool costly, indices, wide; } Cost;

static void add_cost(const Expr *e, void *data) {
    Cost *c = data;
    if (e->kind == X_INDEX) c->indices = true;
    if (e->kind == X_READ && e->tensor->rank) c->wide = true;
    if (e->kind == X_RANDOM) c->costly = true;
    if (e->kind == X_WHERE && e->type == REAL) c->operations++;
    if (e->kind != X_OP || e->type != REAL) return;
    c->operations++;
    if (op_is_costly(e->op)) c->costly = true;
}

static Cost cost_of(const Expr *e) {
    Cost c = {0};
    visit_nodes(e, add_cost, &c);
    return c;
}

/* A condition that leaves a free index one value: the index stands alone in an equality. */
static bool places_index(const Equation *e, const Expr *c) {
    if (c->kind != X_OP || c->op != OP_EQ || c->arg[0]->type == REAL) return false;
    const Expr *difference = Sub(c->arg[0], c->arg[1]);
    for (int k = 0; k < e->n_free; k++) {
        int places = 0, others = 0;
        for (int i = 0; difference->kind == X_SUM && i < difference->n; i++) {
            bool plain = difference->arg[i] == At(e->free[k]) && llabs(difference->factor[i]) == 1;
            if (plain) places++;
            else if (uses_index(difference->arg[i], e->free[k])) others++;
        }
        if (difference == At(e->free[k]) || (places == 1 && !others)) return true;
    }
    return false;
}

static bool is_bound(const Equation *e, const Expr *sub) {
    for (int k = 0; k < e->n_bound; k++) {
        if (sub == At(e->bound[k])) return true;
    }
    return false;
}

/* Whether the reader sums over all the indices of which a winner chooses a digit. */
static bool sums_digits(const Equation *reader, const Expr *read, const Equation *e) {
    const Expr *choice = winner_choice(e);
    for (int k = 0; k < e->n_free; k++) {
        if (chosen_digit(choice, e->free[k]) && !is_bound(reader, read->arg[k])) return false;
    }
    return reader->op == REDUCE_SUM && !read->guarded && !reader->scan && !e->scan;
}

/* A product of one read at the equation's own indices, in `read`, and factors; false: it is none. */
static bool is_scaled(const Equation *e, const Expr *body, const Expr **read) {
    if (body->kind == X_OP && body->op == OP_NEG) return is_scaled(e, body->arg[0], read);
    if (body->kind == X_OP && body->op == OP_MUL) return is_scaled(e, body->arg[0], read) && is_scaled(e, body->arg[1], read);
    if (body->kind == X_OP && body->op == OP_DIV) {
        const Expr *below = NULL;
        return is_scaled(e, body->arg[0], read) && is_scaled(e, body->arg[1], &below) && !below;
    }
    if (body->kind == X_NUM) return true;
    if (body->kind != X_READ || body->guarded) return false;
    bool own = body->n == e->n_free;
    for (int k = 0; k < body->n; k++) own = own && body->arg[k] == At(e->free[k]);
    if (!own) return body->n < e->n_free;
    if (*read) return false;
    *read = body;
    return true;
}

typedef struct { const Expr *whole; const Index *index; bool uses; } Factors;

static void find_factor(const Expr *e, void *data) {
    Factors *f = data;
    if (e->kind == X_READ && e != f->whole && uses_index(e, f->index)) f->uses = true;
}

/* Whether the factors of the read leave the reader: it is a map, or sums over each index that they do not have. */
static bool takes_scaled(const Equation *reader, const Expr *read, const Equation *e) {
    const Expr *whole = NULL;
    if (!is_scaled(e, e->body, &whole) || !whole || read->guarded || reader->scan || !reader->out->adjoint) return false;
    if (reader->op == REDUCE_NONE) return elements(reader->out) <= elements(read->tensor);
    bool fewer = false;
    for (int k = 0; k < e->n_free; k++) {
        Factors f = {whole, e->free[k], false};
        visit_nodes(e->body, find_factor, &f);
        if (!f.uses && !is_bound(reader, read->arg[k])) return false;
        fewer = fewer || !f.uses;
    }
    return fewer && reader->op == REDUCE_SUM;
}

typedef struct { const Equation *reader, *e; bool all; } Takers;

static void check_taker(const Expr *read, void *data) {
    Takers *t = data;
    if (read->kind == X_READ && read->tensor == t->e->out && !takes_scaled(t->reader, read, t->e)) t->all = false;
}

static bool all_take_scaled(const Equation *e, const Use *u) {
    Takers t = {.e = e, .all = e->out->rank > 1 && !e->scan};
    for (int k = 0; k < u->readers.n && t.all; k++) {
        t.reader = u->readers.at[k];
        visit_nodes(t.reader->body, check_taker, &t);
    }
    return t.all;
}

static Kind kind_of(const Equation *e, const Use *u) {
    if (e->op != REDUCE_NONE || uses_tensor(e->body, e->out)) return KEPT;
    Cost c = cost_of(e->body);
    bool cheap = !c.costly && c.operations <= MOST_OPERATIONS;
    if (cheap && !c.indices && !c.wide) return CONSTANT;
    if (e->body->kind == X_READ && (!e->body->guarded || is_zero(e->body->arg[e->body->n - 1]))) return COPY;
    const Sum *s = sum_new(e->body);
    Cost term = cost_of(s->term);
    for (int i = 0; i < s->conditions.n; i++) {
        if (places_index(e, s->conditions.at[i]) && !term.costly && term.operations <= MOST_OPERATIONS) return ONE_HOT;
    }
    if (cheap && e->out->rank <= 1 && u->maps && !e->scan) return SCALAR;
    if (!term.costly && term.operations <= MOST_OPERATIONS && winner_choice(e)) return WINNER;
    return all_take_scaled(e, u) ? SCALED : ONCE;
}

void inlining_offer(Inlining *w, Equation *e) {
    const Tensor *t = e->out;
    if (t->role != ROLE_VALUE || t->watched || map_get(&w->results, t)) return;
    Kind kind = kind_of(e, use_of(w, t));
    if (!t->adjoint && (kind != ONE_HOT || e->scan)) return;
    use_of(w, t)->equation = e;
    use_of(w, t)->kind = kind;
}

/* --- taking it --- */

static bool takes_once(const Equation *reader, const Expr *read, const Use *u) {
    return u->reads == 1 && reader->op == REDUCE_NONE && !read->guarded && elements(reader->out) <= elements(read->tensor)
        && reader->scan == u->equation->scan;
}

static bool sums_over(const Equation *reader, const Expr *read) {
    bool sums = false;
    for (int k = 0; k < read->tensor->rank; k++) sums |= is_bound(reader, read->arg[k]);
    return sums && reader->op == REDUCE_SUM && !reader->scan;
}

static bool takes(const Equation *reader, const Expr *read, const Use *u) {
    switch (u->kind) {
    case CONSTANT: case COPY: return true;
    case ONE_HOT: return reader->out->adjoint || sums_over(reader, read);
    case WINNER: return sums_digits(reader, read, u->equation) || takes_once(reader, read, u);
    case SCALAR: return reader->op == REDUCE_NONE;
    case SCALED: return takes_scaled(reader, read, u->equation);
    case ONCE: return takes_once(reader, read, u);
    default: return false;
    }
}

static const Expr *take_read(const Expr *e, void *data) {
    Inlining *w = data;
    if (e->kind != X_READ) return e;
    const Use *u = map_get(&w->uses, e->tensor);
    if (!u || !u->equation || !takes(w->reader, e, u)) return e;
    const Expr *value = substitute(u->equation->body, u->equation->free, e->arg, u->equation->n_free);
    return e->guarded ? Where(read_inside(e), value, e->arg[e->n - 1]) : value;
}

const Expr *inline_into(Inlining *w, Equation *reader, const Expr *body) {
    w->reader = reader;
    return transform(body, take_read, w);
}
