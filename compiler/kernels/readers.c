/* Who touches a tensor: lists of numbers (of equations, nests or kernels), so that passes look at neighbours only.
 * Numbers of one tensor stand in the order in which they were added, each once. */
#include "group.h"

typedef struct { Numbers numbers; int largest; } Touching;

void readers_add(Readers *r, const Tensor *t, int number) {
    Touching *list = map_get(r, t);
    if (!list) {
        list = NEW(Touching);
        list->largest = -1;
        map_put(r, t, list);
    }
    /* Mostly numbers come in rising order. */
    for (int k = list->numbers.n - 1; k >= 0 && number <= list->largest; k--)
        if (list->numbers.at[k] == number) return;
    PUSH(list->numbers, number);
    if (number > list->largest) list->largest = number;
}

void readers_add_body(Readers *r, const Expr *body, int number) {
    Exprs reads = reads_of(body);
    for (int k = 0; k < reads.n; k++)
        readers_add(r, reads.at[k]->tensor, number);
}

Numbers readers_of(const Readers *r, const Tensor *t) {
    const Touching *list = map_get(r, t);
    return list ? list->numbers : (Numbers){0};
}
