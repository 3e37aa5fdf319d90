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

/* The read of a map that has this value, or NULL. */
static const Expr *read_of(const Known *known, const Facts *facts, const Expr *found) {
    for (int k = 0; k < known->values.n; k++) {
        const Value *v = &known->values.at[k];
        if (v->value->op != found->op) continue;
        const Expr **at = NEW_ARRAY(const Expr *, v->e->n_free);
        bool whole = true;
        match_indices(v->e->free, v->e->n_free, v->value, found, at);
        for (int i = 0; i < v->e->n_free && whole; i++) whole = at[i] != NULL;
        if (!whole || substitute(v->value, v->e->free, at, v->e->n_free) != found) continue;
        if (condition_under(substitute(v->condition, v->e->free, at, v->e->n_free), facts->at, facts->n) != 1) continue;
        const Expr *read = Read(v->e->out, at, v->e->n_free);
        if (read_proved(read)) return read;
    }
    return NULL;
}

/* A branch, with the numbers of indices that its condition says are equal to them. */
static const Expr *with_numbers(const Expr *branch, const Expr *condition, bool holds) {
    Facts own = {.n = 0};
    facts_learn(&own, condition, holds);
    for (int k = 0; k < own.n; k++) {
        const Expr *c = own.at[k].condition;
        if (!own.at[k].holds || c->kind != X_OP || c->op != OP_EQ) continue;
        for (int side = 0; side < 2; side++)
            if (c->arg[side]->kind == X_INDEX && c->arg[1 - side]->kind == X_INT)
                branch = substitute(branch, &c->arg[side]->index, &c->arg[1 - side], 1);
    }
    return branch;
}

static const Expr *as_read(const Expr *e, const Facts *facts, void *known) {
    if (e->kind == X_WHERE) return Where(e->arg[0], with_numbers(e->arg[1], e->arg[0], true), with_numbers(e->arg[2], e->arg[0], false));
    const Expr *read = is_costly(e) ? read_of(known, facts, e) : NULL;
    return read ? read : e;
}

const Expr *read_known(Known *k, const Expr *body) { return transform_under(body, as_read, k); }
