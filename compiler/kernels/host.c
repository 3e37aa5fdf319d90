/* Numbers of the call: what depends on scalars only is computed once, in double, before any kernel runs.
 *
 *     next[i] = w[i] - lr/(1 - beta1^(step+1)) * m[i]     becomes     scale = lr/(1 - beta1^(step+1))
 *                                                                     next[i] = w[i] - scale*m[i]
 *
 * Host equations move to the schedule's list whole. In the other bodies each largest part that reads scalars, costs
 * something and depends on no index becomes a number of its own; equal parts become one. What is divided by such a part for each
 * of many elements is multiplied by its reciprocal. */
#include "group.h"

enum { MANY = 64 };              /* elements */

typedef struct { Schedule *schedule; LIST(const Expr *) parts; LIST(const Tensor *) numbers; const Origin *origin; } HostNumbers;

typedef struct { bool varies, reads; int work; } Contents;

static void look(const Expr *e, void *data) {
    Contents *c = data;
    c->varies |= e->kind == X_INDEX || e->kind == X_RANDOM || (e->kind == X_READ && !known_in_step(e->tensor));
    c->reads |= e->kind == X_READ;
    c->work += e->kind == X_OP || e->kind == X_WHERE;
}

static const Expr *number_of(HostNumbers *n, const Expr *e) {
    for (int k = 0; k < n->parts.n; k++)
        if (n->parts.at[k] == e) return Read(n->numbers.at[k], NULL, 0);
    Tensor *t = tensor_new(name_of(text("number_%d", n->parts.n + 1)), ROLE_VALUE, REAL, 0, NULL, n->origin);
    t->host = true;
    Equation *q = NEW(Equation);
    q->out = t;
    q->body = e;
    q->origin = n->origin;
    PUSH(n->schedule->host, q);
    PUSH(n->parts, e);
    PUSH(n->numbers, t);
    return Read(t, NULL, 0);
}

static bool is_of_call(const Expr *e) {
    Contents c = {0};
    visit_nodes(e, look, &c);
    return !c.varies && c.reads && e->type == REAL;
}

/* Largest parts first: from the root down, stopping at what depends on scalars only. */
static const Expr *separate(HostNumbers *n, const Expr *e, bool many) {
    if (e->n == 0) return e;
    Contents c = {0};
    visit_nodes(e, look, &c);
    if (c.work > 0 && is_of_call(e)) return number_of(n, e);
    if (many && e->kind == X_OP && e->op == OP_DIV && is_of_call(e->arg[1]))
        return Mul(separate(n, e->arg[0], many), number_of(n, Div(Num(1), e->arg[1])));
    const Expr **arg = NEW_ARRAY(const Expr *, e->n);
    bool changed = false;
    for (int k = 0; k < e->n; k++) {
        arg[k] = separate(n, e->arg[k], many);
        changed |= arg[k] != e->arg[k];
    }
    return changed ? rebuild(e, arg) : e;
}

void separate_host(Schedule *s, Equations *equations) {
    HostNumbers numbers = {.schedule = s};
    int kept = 0;
    for (int k = 0; k < equations->n; k++) {
        Equation *e = equations->at[k];
        if (e->out->host && e->op == REDUCE_NONE) PUSH(s->host, e);
        else equations->at[kept++] = e;
    }
    equations->n = kept;
    for (int k = 0; k < equations->n; k++) {
        Equation *e = NEW(Equation);
        *e = *equations->at[k];
        numbers.origin = e->origin;
        e->body = separate(&numbers, e->body, volume(e->free, e->n_free) * volume(e->bound, e->n_bound) >= MANY);
        equations->at[k] = e;
    }
}
