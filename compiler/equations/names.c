/* Names of new tensors: the wish itself when it is free, else with the first number that makes it so. */
#include "names.h"

static void take_name(const Expr *e, void *data) {
    Names *n = data;
    if (e->kind == X_READ) map_put(&n->taken, name_of(e->tensor->name), n);
}

Names *names_of(const Program *p) {
    Names *n = NEW(Names);
    for (int k = 0; k < p->equations.n; k++) {
        map_put(&n->taken, name_of(p->equations.at[k]->out->name), n);
        visit_nodes(p->equations.at[k]->body, take_name, n);
    }
    return n;
}

const char *fresh_name(Names *n, const char *wish) {
    const char *name = name_of(wish);
    for (int k = 2; map_get(&n->taken, name); k++) name = name_of(text("%s_%d", wish, k));
    map_put(&n->taken, name, n);
    return name;
}
