/* Values become tensors: an equation for what a value is at every index that it uses.
 *
 *     w[o, i]*x[n, i], a value over (o, i) inside sample n      ->      t[n, o, i] = w[o, i]*x[n, i],   read as t[n, _, _]
 *
 * The indices around it, the *carried* ones, come first, the batch before all others. What reads a tensor at just these
 * places is a tensor already. A draw of random() is settled here: it belongs to the equation that it comes to stand in, one
 * for each element. */
#include "scope.h"
#include <inttypes.h>

int64_t checked_size(Elaborator *e, const Scope *s, Span at, const Dim *dims, int n) {
    int64_t size = 1;
    for (int k = 0; k < n; k++) {
        if (dims[k].extent < 0) { model_error(e, s, at, "a size of %" PRId64 " is negative", dims[k].extent); return -1; }
        if (__builtin_mul_overflow(size, dims[k].extent, &size) || size > (int64_t)1 << 46) {
            model_error(e, s, at, "this array is larger than an address space: more than 2^46 elements");
            return -1;
        }
    }
    return size;
}

/* ---- the indices of a body ---- */

typedef struct Uses { LIST(const Index *) found; } Uses;
static void note_index(const Expr *x, void *data) {
    Uses *u = data;
    if (x->kind != X_INDEX) return;
    for (int k = 0; k < u->found.n; k++) if (u->found.at[k] == x->index) return;
    PUSH(u->found, x->index);
}

/* The indices that a body uses beside its own, the batch first, then in order of creation. -1: too many. */
int carried_indices(Elaborator *e, const Expr *body, const Index *const *own_indices, int n_own, const Index **carried, int room) {
    Uses u = { 0 };
    visit_nodes(body, note_index, &u);
    if (e->batch && has_open_draw(e, body)) {
        bool seen = false;
        for (int k = 0; k < u.found.n; k++) seen = seen || u.found.at[k] == e->batch;
        for (int k = 0; k < n_own; k++) seen = seen || own_indices[k] == e->batch;
        if (!seen) PUSH(u.found, e->batch);
    }
    int n = 0;
    for (int k = 0; k < u.found.n; k++) {
        const Index *i = u.found.at[k];
        bool own_index = false;
        for (int q = 0; q < n_own; q++) own_index = own_index || own_indices[q] == i;
        if (own_index) continue;
        if (n == room) return -1;
        int at = n++;
        while (at > 0 && carried[at - 1] != e->batch && (i == e->batch || carried[at - 1]->id > i->id)) { carried[at] = carried[at - 1]; at--; }
        carried[at] = i;
    }
    return n;
}

/* ---- draws ---- */

typedef struct Open { Elaborator *e; bool found; Tensor *tensor; const Expr *counter; int number; } Open;

static bool is_open(const Elaborator *e, const Site *site) {
    for (int k = e->open_sites.n - 1; k >= 0; k--) if (e->open_sites.at[k] == site) return true;
    return false;
}

static void look_open(const Expr *x, void *data) {
    Open *o = data;
    if (x->kind == X_RANDOM && is_open(o->e, x->site)) o->found = true;
}

bool has_open_draw(const Elaborator *e, const Expr *body) {
    if (!e->open_sites.n) return false;
    Open o = { .e = (Elaborator *)(uintptr_t)e };
    visit_nodes(body, look_open, &o);
    return o.found;
}

static const Expr *settle(const Expr *x, void *data) {
    Open *o = data;
    if (x->kind != X_RANDOM || !is_open(o->e, x->site)) return x;
    Site *site = NEW(Site);
    PUSH(o->e->draws, ((Draw){ site, o->tensor, o->number++ }));
    return Random(site, &o->counter, 1);
}

/* Draws of random() belong to the equation that they stand in: their counter is the element of all its indices. */
const Expr *settle_draws(Elaborator *e, Tensor *t, const Index *const *all, int n, const Expr *body) {
    if (!has_open_draw(e, body)) return body;
    const Expr *counter = Int(0);
    for (int k = 0; k < n; k++) counter = Add(Mul(counter, Int(all[k]->extent)), sample_number(e, all[k]));
    Open o = { .e = e, .tensor = t, .counter = counter };
    return transform(body, settle, &o);
}

/* ---- tensors ---- */

/* The value as a tensor with an equation; `carried` are the expressions at which it is read besides its axes. */
Tensor *materialise(Elaborator *e, Scope *s, Span at, const Value *v, Named name, const Expr *const **carried, int *n_carried) {
    const Index *free[4*MAX_RANK];
    int n = carried_indices(e, v->body, v->axis, v->rank, free, 4*MAX_RANK);
    if (n < 0 || n + v->rank > MAX_RANK) { model_error(e, s, at, "more than %d axes", MAX_RANK); return NULL; }
    for (int k = 0; k < v->rank; k++) free[n + k] = v->axis[k];
    Dim dims[MAX_RANK];
    for (int k = 0; k < n + v->rank; k++) dims[k] = dim_of(free[k]);
    if (checked_size(e, s, at, dims, n + v->rank) < 0) return NULL;
    Origin *o = origin_at(s, at);
    Tensor *t = tensor_new("", ROLE_VALUE, v->body->type, n + v->rank, dims, o);
    if (v->body->type != REAL) { t->lo = v->body->lo; t->hi = v->body->hi; }
    const Expr *body = settle_draws(e, t, free, n + v->rank, v->body);
    equation_new(e->program, t, free, REDUCE_NONE, NULL, 0, body, o);
    name.tensor = t;
    name.mode = e->mode;
    PUSH(e->named, name);
    const Expr **at_carried = NEW_ARRAY(const Expr *, n + 1);
    for (int k = 0; k < n; k++) at_carried[k] = At(free[k]);
    *carried = at_carried;
    *n_carried = n;
    return t;
}

bool is_alias(const Value *v) {
    const Expr *r = v->body;
    if (!r || r->kind != X_READ || r->guarded || r->n < v->rank) return false;
    int first = r->n - v->rank;
    for (int k = 0; k < first; k++) if (r->arg[k]->kind != X_INDEX && r->arg[k]->kind != X_INT) return false;
    for (int k = 0; k < v->rank; k++) {
        const Expr *sub = r->arg[first + k];
        if (sub->kind != X_INDEX || sub->index != v->axis[k] || !same_dim(r->tensor->dim[first + k], v->dim[k])) return false;
    }
    return true;
}

Value stored_in(Elaborator *e, Scope *s, Span at, const Value *v, Instance *instance, const char *local) {
    if (v->kind != VALUE_TENSOR || !v->body || is_alias(v)) return *v;
    Named name = { .instance = instance, .local = v->hint ? v->hint : local };
    if (v->call) name = (Named){ .instance = v->call, .local = v->call->label, .whole = true };
    const Expr *const *carried;
    int n;
    Tensor *t = materialise(e, s, at, v, name, &carried, &n);
    return t ? of_tensor(t, carried, n) : bad_value;
}

Value stored(Elaborator *e, Scope *s, Span at, const Value *v, const char *local) {
    return stored_in(e, s, at, v, s->instance, local);
}
