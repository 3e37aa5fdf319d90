/* Who touches a tensor: lists of numbers (of equations, nests or kernels), so that passes look at neighbours only.
 * Numbers of one tensor stand in the order in which they were added, each once. */
#include "group.h"

void readers_add(Readers *r, const Tensor *t, int number) {
    Numbers *list = map_get(r, t);
    if (!list) {
        list = NEW(Numbers);
        map_put(r, t, list);
    }
    for (int k = list->n - 1; k >= 0; k--)
        if (list->at[k] == number) return;
    PUSH(*list, number);
}

void readers_add_body(Readers *r, const Expr *body, int number) {
    Exprs reads = reads_of(body);
    for (int k = 0; k < reads.n; k++)
        readers_add(r, reads.at[k]->tensor, number);
}

Numbers readers_of(const Readers *r, const Tensor *t) {
    const Numbers *list = map_get(r, t);
    return list ? *list : (Numbers){0};
}
