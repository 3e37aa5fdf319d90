/* The walk that knows the conditions around a node: of where(c, a, b), c holds in a, and does not hold in b.
 *
 * A node is met once in each of the branches that it is below. */
#include "expr.h"
#include "map.h"

typedef const Expr *Change(const Expr *, const Facts *, void *);
typedef struct { Change *change; void *data; const Facts *facts; Map done; } Walk;

void facts_learn(Facts *f, const Expr *condition, bool holds) {
    const bool is_op = condition->kind == X_OP;
    if (is_op && condition->op == OP_NOT) facts_learn(f, condition->arg[0], !holds);
    else if (is_op && condition->op == (holds ? OP_AND : OP_OR))
        for (int k = 0; k < 2; k++) facts_learn(f, condition->arg[k], holds);
    else if (f->n < MOST_FACTS) f->at[f->n++] = (Fact){condition, holds};
}

static const Expr *walked(Walk *w, const Expr *e);

static const Expr *branch(const Walk *w, const Expr *condition, bool holds, const Expr *e) {
    Facts facts = *w->facts;
    facts_learn(&facts, condition, holds);
    Walk inner = {w->change, w->data, &facts, {0}};
    return walked(&inner, e);
}

static const Expr *walked(Walk *w, const Expr *e) {
    if (e->n == 0 || e->kind == X_SUM) return e;
    const Expr *done = map_get(&w->done, e);
    if (done) return done;
    const Expr *changed = w->change(e, w->facts, w->data), **arg = NEW_ARRAY(const Expr *, changed->n);
    const bool parts = changed->kind == X_WHERE;
    for (int k = 0; k < changed->n; k++)
        arg[k] = parts && k > 0 ? branch(w, changed->arg[0], k == 1, changed->arg[k]) : walked(w, changed->arg[k]);
    done = rebuild(changed, arg);
    map_put(&w->done, e, (void *)(uintptr_t)done);
    return done;
}

const Expr *transform_under(const Expr *e, Change *change, void *data) {
    Walk w = {change, data, &(Facts){.n = 0}, {0}};
    return walked(&w, e);
}
