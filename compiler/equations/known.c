/* Values that are known: what the forward pass has computed is read by the backward pass, not computed again.
 *
 *     e[i, j] = where(j <= i, exp(s[i, j] - top[i]), 0)      d_s[i, j] = where(j <= i, d_e[i, j]*exp(s[i, j] - top[i]), 0)
 *                                                     is     d_s[i, j] = where(j <= i, d_e[i, j]*e[i, j], 0)
 *
 * Of each forward map the function or quotient at its root is remembered, or at the root of a branch, with the condition of that. Where an
 * adjoint computes the same of the same elements, under the same condition, it reads the map. Under i == 2 an index i is 2. */
#include "simplify.h"
#include <stdlib.h>

typedef struct { const Equation *e; const Expr *value, *condition; } Value;
struct Known { LIST(Value) values; };

typedef struct { const Known *known; const Expr *const *condition; int n; Map done; } Context;

Known *known_new(void) { return NEW(Known); }

static bool is_costly(const Expr *e) {
    return e->kind == X_OP && e->type == REAL && (e->op == OP_DIV || op_is_costly(e->op));
}

static void add_value(Known *k, const Equation *e, const Expr *value, const Expr *condition) {
    if (is_costly(value)) PUSH(k->values, ((Value){e, value, condition}));
}

void known_note(Known *k, const Equation *e) {
    const Expr *body = e->body;
    if (e->op != REDUCE_NONE || e->out->adjoint || e->out->type != REAL || e->out->role != ROLE_VALUE || e->n_free == 0) return;
    add_value(k, e, body, Truth(true));
    if (body->kind != X_WHERE) return;
    add_value(k, e, body->arg[1], body->arg[0]);
    add_value(k, e, body->arg[2], Not(body->arg[0]));
}

void match_indices(const Index *const *index, int n, const Expr *pattern, const Expr *found, const Expr **at) {
    for (int k = 0; k < n; k++)
        if (pattern == At(index[k]) && found->type == INT) at[k] = found;
    if (pattern->kind != found->kind || pattern->n != found->n || pattern->kind == X_SUM) return;
    for (int k = 0; k < pattern->n; k++) match_indices(index, n, pattern->arg[k], found->arg[k], at);
}

static bool holds(const Context *c, const Expr *condition) {
    double value;
    if (is_constant(condition, &value)) return value != 0;
    for (int k = 0; k < c->n; k++)
        if (c->condition[k] == condition) return true;
    return false;
}

/* The read of a map that has this value, or NULL. */
static const Expr *read_of(const Context *c, const Expr *found) {
    for (int k = 0; k < c->known->values.n; k++) {
        const Value *v = &c->known->values.at[k];
        if (v->value->op != found->op) continue;
        const Expr **at = NEW_ARRAY(const Expr *, v->e->n_free);
        bool whole = true;
        match_indices(v->e->free, v->e->n_free, v->value, found, at);
        for (int i = 0; i < v->e->n_free && whole; i++) whole = at[i] != NULL;
        if (!whole || substitute(v->value, v->e->free, at, v->e->n_free) != found) continue;
        if (!holds(c, substitute(v->condition, v->e->free, at, v->e->n_free))) continue;
        const Expr *read = Read(v->e->out, at, v->e->n_free);
        if (read_proved(read)) return read;
    }
    return NULL;
}

static const Expr *with_known(Context *c, const Expr *e);

static const Expr *branch(const Context *c, const Expr *condition, const Expr *e) {
    const Expr **all = NEW_ARRAY(const Expr *, c->n + 16);
    Context inner = {c->known, all, 0, {0}};
    Sum *s = NEW(Sum);
    sum_require(s, condition);
    for (int k = 0; k < c->n; k++) all[inner.n++] = c->condition[k];
    for (int k = 0; k < s->conditions.n && k < 16; k++) {
        const Expr *own = s->conditions.at[k];
        all[inner.n++] = own;
        if (own->kind != X_OP || own->op != OP_EQ) continue;
        for (int side = 0; side < 2; side++)
            if (own->arg[side]->kind == X_INDEX && own->arg[1 - side]->kind == X_INT)
                e = substitute(e, &own->arg[side]->index, &own->arg[1 - side], 1);
    }
    return with_known(&inner, e);
}

static const Expr *with_known(Context *c, const Expr *e) {
    if (e->n == 0 || e->kind == X_SUM) return e;
    const Expr *done = map_get(&c->done, e);
    if (done) return done;
    const Expr *read = is_costly(e) ? read_of(c, e) : NULL;
    const Expr **arg = NEW_ARRAY(const Expr *, e->n);
    for (int k = 0; k < e->n && !read; k++) {
        if (e->kind == X_WHERE && k > 0) arg[k] = branch(c, k == 1 ? e->arg[0] : Not(e->arg[0]), e->arg[k]);
        else arg[k] = with_known(c, e->arg[k]);
    }
    done = read ? read : rebuild(e, arg);
    map_put(&c->done, e, (void *)(uintptr_t)done);
    return done;
}

const Expr *read_known(const Known *k, const Expr *body) {
    Context c = {k, NULL, 0, {0}};
    return with_known(&c, body);
}
