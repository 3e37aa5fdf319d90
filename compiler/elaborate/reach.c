/* Which equations a result needs: programs are cut out of a mode's equations by their results. */
#include "model.h"
#include "../equations/map.h"
#include <string.h>

static void add(Reached *r, const Tensor *t) {
    if (map_get(&r->known, t)) return;
    map_put(&r->known, t, r);
    PUSH(r->tensors, t);
}

static void add_read(const Expr *x, void *data) {
    if (x->kind == X_READ) add(data, x->tensor);
}

void reach(Reached *r, const Program *p, const Tensors *results) {
    for (int k = 0; k < results->n; k++) add(r, results->at[k]);
    for (; r->walked < r->tensors.n; r->walked++) {
        const Equation *q = equation_of(p, r->tensors.at[r->walked]);
        if (q) visit_nodes(q->body, add_read, r);
    }
}

bool reached(const Reached *r, const Tensor *t) { return map_get(&r->known, t) != NULL; }

Program *program_new(const char *name) {
    Program *p = NEW(Program);
    p->name = name;
    return p;
}

Program *cut(const Program *p, const char *name, const Tensors *results) {
    Program *q = program_new(name);
    Reached r = { 0 };
    Tensors needed = { 0 };
    for (int k = 0; k < results->n; k++) PUSH(needed, results->at[k]);
    for (int k = 0; k < p->equations.n && !strcmp(name, "gradients"); k++)      /* what is watched is seen in training */
        if (p->equations.at[k]->out->watched) PUSH(needed, p->equations.at[k]->out);
    reach(&r, p, &needed);
    for (int k = 0; k < p->equations.n; k++) {
        const Equation *x = p->equations.at[k];
        if (reached(&r, x->out)) equation_new(q, x->out, x->free, x->op, x->bound, x->n_bound, x->body, x->origin);
    }
    for (int k = 0; k < results->n; k++) PUSH(q->results, results->at[k]);
    return q;
}

/* Numbers that depend on numbers of the step only are computed once a call, in double. At the end of an epoch these are also
 * the next values of what is a number itself. */
void mark_host(const Program *p) {
    for (int k = 0; k < p->equations.n; k++) {
        Equation *q = p->equations.at[k];
        bool next = q->out->role == ROLE_NEXT && q->out->of->role == ROLE_MOMENT && q->out->of->each_epoch;
        if (q->out->rank || q->op != REDUCE_NONE || (q->out->role != ROLE_VALUE && !next)) continue;
        Reached r = { 0 };
        visit_nodes(q->body, add_read, &r);
        q->out->host = true;
        for (int i = 0; i < r.tensors.n; i++) if (!known_in_step(r.tensors.at[i])) q->out->host = false;
    }
}
