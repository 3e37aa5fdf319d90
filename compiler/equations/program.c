/* Programs: making tensors and equations, and finding the equation that defines a tensor.
 *
 * The definitions of a program stand in a hash table by tensor. The list of equations is free to be changed by anyone, so
 * the table is only believed after a look at the list itself, and made anew when the two do not agree. */
#include "map.h"
#include "program.h"
#include <assert.h>

typedef struct Definitions {
    Map places;                         /* of a tensor: 1 + the place of its equation */
    int n;                              /* the first n equations of the list are in it */
    const Equation *first, *last;       /* of these, to see whether the list is still the same */
} Definitions;

Tensor *tensor_new(const char *name, Role role, Type type, int rank, const Dim *dims, const Origin *origin) {
    Tensor *t = NEW(Tensor);
    assert(rank >= 0 && rank <= (int)(sizeof t->dim / sizeof *t->dim));
    t->name = t->path = name;
    t->role = role;
    t->type = type;
    t->lo = type == INT ? INT64_MIN : 0;
    t->hi = type == INT ? INT64_MAX : type == BOOL;
    t->rank = rank;
    for (int k = 0; k < rank; k++) t->dim[k] = dims[k];
    t->origin = origin;
    return t;
}

Equation *equation_new(Program *p, Tensor *out, const Index *const *free, Reduce op, const Index *const *bound, int n_bound,
                       const Expr *body, const Origin *origin) {
    Equation *e = NEW(Equation);
    *e = (Equation){ .out = out, .n_free = out->rank, .n_bound = n_bound, .op = op, .body = body, .origin = origin };
    e->free = NEW_ARRAY(const Index *, out->rank + 1);
    e->bound = NEW_ARRAY(const Index *, n_bound + 1);
    for (int k = 0; k < out->rank; k++) e->free[k] = free[k];
    for (int k = 0; k < n_bound; k++) e->bound[k] = bound[k];
    PUSH(p->equations, e);
    return e;
}

/* Adds the equations from place d->n on; the first of two for one tensor counts. */
static void add_definitions(Definitions *d, const Equations *list) {
    for (; d->n < list->n; d->n++) {
        const Tensor *t = list->at[d->n]->out;
        if (!map_get(&d->places, t)) map_put(&d->places, t, (void *)(intptr_t)(d->n + 1));
    }
    d->first = list->at[0];
    d->last = list->at[list->n - 1];
}

int equation_place(const Program *p, const Tensor *t) {
    const Equations *list = &p->equations;
    if (!list->n) return -1;
    Definitions *d = p->definitions;
    if (d && d->n <= list->n && list->at[0] == d->first && list->at[d->n - 1] == d->last) {
        add_definitions(d, list);
        int place = (int)(intptr_t)map_get(&d->places, t) - 1;
        if (place < 0 || list->at[place]->out == t) return place;
    }
    ((Program *)p)->definitions = d = NEW(Definitions);         /* the table is no part of what the program says */
    add_definitions(d, list);
    return (int)(intptr_t)map_get(&d->places, t) - 1;
}

Equation *equation_of(const Program *p, const Tensor *t) {
    int place = equation_place(p, t);
    return place < 0 ? NULL : p->equations.at[place];
}

static void gather_read(const Expr *e, void *data) {
    Exprs *reads = data;
    if (e->kind == X_READ) PUSH(*reads, e);
}

Exprs reads_of(const Expr *body) {
    Exprs reads = { NULL, 0, 0 };
    visit_nodes(body, gather_read, &reads);
    return reads;
}
