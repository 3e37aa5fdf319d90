/* Inlining: a map that costs less to repeat than to store and load is written into its readers.
 *
 *     x[n, i] = image[n, i]/255        y[n, o] = sum(i) w[o, i]*x[n, i]       stays: the division would be done 128 times
 *     f[n, k] = p[n, k//25, k//5 % 5, k%5]    (flatten)                       goes: its reader reads p
 *
 * A tensor of V elements whose body costs c, read R times in all, is inlined when R*c <= V*(c + 4) + R (a read of what is too
 * large for the caches costs 3); and what costs a transcendental, or is read at places that data choose, only when R <= V: rows of a
 * table are gathered once. This rule also decides what the backward pass computes again. A read that is guarded takes in copies only.
 * Results, scans, and what is read through data stay; and so does what a sum alone is made into, as it is stored in place of the
 * sum. */
#include "group.h"

/* Elements of a tensor that lies behind the caches when it is read again. */
enum { FAR = 1 << 16 };

static double elements(const Tensor *t) {
    double n = 1;
    for (int k = 0; k < t->rank; k++) n *= (double)t->dim[k].extent;
    return n;
}

typedef struct { double cost; bool transcendental, gathers; } Cost;

static bool is_placed_by_data(const Expr *read) {
    for (int k = 0; k < read->n; k++)
        if (reads_of(read->arg[k]).n > 0) return true;
    return false;
}

static void add_cost(const Expr *e, void *data) {
    Cost *c = data;
    switch (e->kind) {
    case X_READ:
        c->gathers |= is_placed_by_data(e);
        c->cost += e->tensor->rank == 0 ? 0 : e->guarded || elements(e->tensor) > FAR ? 3 : 1;
        break;
    case X_WHERE: case X_REAL: c->cost += 1; break;
    case X_RANDOM: c->cost += 12; break;
    case X_OP:
        switch (e->op) {
        case OP_EXP: case OP_EXP_BELOW: case OP_EXPM1: case OP_LOG: case OP_LOG1P: case OP_LOG1PEXP: case OP_SIGMOID:
        case OP_TANH: case OP_SIN: case OP_COS: case OP_ERF: case OP_ERFINV: case OP_POW:
            c->transcendental = true;
            c->cost += 20;
            break;
        case OP_DIV: case OP_SQRT: c->cost += 5; break;
        case OP_FLOORDIV: case OP_MOD: c->cost += 2; break;
        case OP_STOP: break;
        default: c->cost += 1;
        }
        break;
    default: break;
    }
}

typedef struct { const Tensor *tensor; int reads, guarded; } Uses;

static void count_reads(const Expr *e, void *data) {
    Uses *u = data;
    if (e->kind == X_READ && e->tensor == u->tensor) u->reads++, u->guarded += e->guarded;
}

typedef struct {
    const Program *program;
    Map results;                    /* of the program */
    Equations *all;
    Readers readers;                /* Tensor -> equations */
    Map gone;                       /* equations that were inlined */
    bool keep;
} Work;

/* Whether e reads the tensor at its own indices, element by element. */
static bool reads_in_place(const Equation *e, const Tensor *t) {
    Exprs reads = reads_of(e->body);
    for (int r = 0; r < reads.n; r++) {
        if (reads.at[r]->tensor != t) continue;
        for (int k = 0; k < t->rank; k++)
            if (t->rank != e->n_free || reads.at[r]->arg[k] != At(e->free[k])) return false;
    }
    return true;
}

static bool is_only_reader(const Work *w, const Equation *e, const Tensor *t) {
    Numbers readers = readers_of(&w->readers, t);
    for (int k = 0; k < readers.n; k++) {
        const Equation *reader = w->all->at[readers.at[k]];
        if (reader != e && !map_get(&w->gone, reader)) return false;
    }
    return true;
}

/* Whether e takes the place of a reduction that it alone reads, for readers that look elsewhere than at their own element. */
static bool ends_reduction(const Work *w, const Equation *e, const Numbers *readers) {
    bool elsewhere = false, ends = false;
    for (int k = 0; k < readers->n; k++) {
        const Equation *reader = w->all->at[readers->at[k]];
        elsewhere = elsewhere || reader->op != REDUCE_NONE || !reads_in_place(reader, e->out);
    }
    Exprs reads = reads_of(e->body);
    for (int r = 0; r < reads.n && elsewhere; r++) {
        const Tensor *t = reads.at[r]->tensor;
        const Equation *sum = equation_of(w->program, t);
        ends = ends || (sum && sum->op != REDUCE_NONE && !sum->scan && t->rank > 0 && t->rank == e->n_free && !is_result(&w->results, t)
                        && reads_in_place(e, t) && is_only_reader(w, e, t));
    }
    return ends;
}

static bool goes(const Work *w, const Equation *e, const Numbers *readers) {
    if (e->op != REDUCE_NONE || e->scan || is_result(&w->results, e->out)) return false;
    Cost c = {0};
    visit_nodes(e->body, add_cost, &c);
    bool copy = e->body->kind == X_READ && !e->body->guarded;
    if (w->keep && !copy) return false;
    /* One number a sample is cheap to keep, and keeps what it is made of inside the loop over the samples. */
    if (e->n_free == 1 && counts_samples(e->free[0]->count) && c.cost > 1) return false;
    double repeated = 0, size = volume(e->free, e->n_free);
    for (int k = 0; k < readers->n; k++) {
        const Equation *reader = w->all->at[readers->at[k]];
        Uses u = {.tensor = e->out};
        visit_nodes(reader->body, count_reads, &u);
        if (u.guarded && !copy) return false;
        repeated += u.reads * volume(reader->free, reader->n_free) * volume(reader->bound, reader->n_bound);
    }
    if (((c.transcendental || c.gathers) && repeated > size) || (!copy && ends_reduction(w, e, readers))) return false;
    const bool far = elements(e->out) > FAR;
    return repeated * c.cost <= size * (c.cost + (far ? 6 : 4)) + repeated * (far ? 3 : 1);
}

typedef struct { const Equation *e; } Definition;

static const Expr *guard_reads(const Expr *e, void *data) {
    (void)data;
    if (e->kind != X_READ || e->guarded || read_proved(e)) return e;
    return ReadElse(e->tensor, e->arg, e->n, e->type == REAL ? Num(0) : Int(0));
}

static const Expr *put_in(const Expr *read, void *data) {
    const Equation *e = ((const Definition *)data)->e;
    if (read->kind != X_READ || read->tensor != e->out) return read;
    const Expr *value = substitute(e->body, e->free, read->arg, e->n_free);
    if (!read->guarded) return value;
    const Expr *inside = Truth(true);
    for (int k = 0; k < e->n_free; k++)
        inside = And(inside, And(Ge(read->arg[k], Int(0)), Lt(read->arg[k], index_limit(e->free[k]))));
    return Where(inside, transform(value, guard_reads, NULL), read->arg[e->n_free]);
}

void inline_maps(Equations *equations, const Program *p, bool keep) {
    Work w = {.program = p, .results = results_of(p), .all = equations, .keep = keep};
    for (int k = 0; k < equations->n; k++)
        readers_add_body(&w.readers, equations->at[k]->body, k);
    Equations kept = {0};
    for (int k = 0; k < equations->n; k++) {
        const Equation *e = equations->at[k];
        Numbers own = readers_of(&w.readers, e->out);
        if (!goes(&w, e, &own)) {
            PUSH(kept, equations->at[k]);
            continue;
        }
        map_put(&w.gone, e, equations);
        Definition d = {e};
        for (int r = 0; r < own.n; r++) {
            Equation *reader = NEW(Equation);
            *reader = *equations->at[own.at[r]];
            reader->body = transform(reader->body, put_in, &d);
            equations->at[own.at[r]] = reader;
            readers_add_body(&w.readers, reader->body, own.at[r]);
        }
    }
    *equations = kept;
}
