/* Epilogues: what is made of the reductions of a nest at one element, and the stores.
 *
 *     sum is there;    y := b[o] + sum;    z := max(0, y);    then y and z are stored
 *
 * Members read each other by locals. A schedule that computes several elements side by side adds an epilogue for each, at
 * its own place (what the lane and the index that is side by side are there), so locals are new ones each time.
 * All values of an element are computed before the first is stored: a store may replace what the element has read. */
#include "group.h"

typedef struct { LIST(const Tensor *) local; LIST(const Expr *) value; } Locals;

static const Expr *local_value(const Expr *e, void *data) {
    const Locals *l = data;
    for (int k = 0; e->kind == X_READ && k < l->local.n; k++)
        if (l->local.at[k] == e->tensor) return l->value.at[k];
    return e;
}

static void keep(Locals *l, const Tensor *local, const Expr *value) {
    if (!local) return;
    PUSH(l->local, local);
    PUSH(l->value, value);
}

static const Expr *at_place(const Expr *e, const Place *p) {
    return p->n ? substitute(e, p->from, p->to, p->n) : e;
}

static void add_store(Nodes *to, const Member *m, const Expr *value, const Place *place) {
    const Expr **subs = NEW_ARRAY(const Expr *, m->n_subs + 1);
    for (int s = 0; s < m->n_subs; s++)
        subs[s] = at_place(m->subs[s], place);
    if (m->guard) {
        const Expr *guard = at_place(m->guard, place);
        if (m->pads_are_zero) value = Where(guard, value, Num(0));
        else to = &add_if(to, guard)->body;
    }
    add_assign(to, m->target, subs, m->n_subs, m->adds ? ASSIGN_ADD : ASSIGN_SET, value);
}

void add_epilogue(Nodes *to, const Nest *nest, const Expr *const *reduced, const Place *place) {
    int n = nest->members.n;
    const Expr **value = NEW_ARRAY(const Expr *, n);
    Locals locals = {0};
    for (int k = 0; k < n; k++) {
        const Member *m = &nest->members.at[k];
        if (m->op != REDUCE_NONE) value[k] = reduced[k];
        else {
            value[k] = at_place(transform(m->body, local_value, &locals), place);
            /* The last value needs no local unless it is read: nothing is computed after it. */
            if (m->local || k + 1 < n) {
                Tensor *own = local_new(m->name, m->type, 0, NULL);
                own->lo = value[k]->lo, own->hi = value[k]->hi;
                add_declare(to, own, m->type == REAL ? ToReal(value[k]) : value[k]);
                value[k] = read_local(own);
            }
        }
        keep(&locals, m->local, value[k]);
    }
    for (int k = 0; k < n; k++)
        if (nest->members.at[k].target) add_store(to, &nest->members.at[k], value[k], place);
}
