/* Affine integers: what a subscript or a position does when one index moves.
 *
 *     position of x[n, c, i + u, j + v] with dims 3, 28, 28:   2352*n + 784*c + 28*i + 28*u + j + v
 *
 * A position counts elements from the start of the tensor, row-major at the full extents. An index moves it by a constant
 * (its stride), or not at all, or in a way that only data know. */
#include "group.h"

const Expr *position(const Tensor *t, const Expr *const *subs) {
    const Expr *sum = Int(0);
    for (int k = 0; k < t->rank; k++)
        sum = Add(Mul(sum, Int(room_of(t, k))), subs[k]);
    return sum;
}

bool stride_of(const Expr *e, const Index *i, int64_t *stride) {
    *stride = 0;
    if (e->kind == X_INDEX) {
        *stride = e->index == i;
        return true;
    }
    if (e->kind != X_SUM) return !uses_index(e, i);
    for (int k = 0; k < e->n; k++) {
        if (e->arg[k]->kind == X_INDEX) {
            if (e->arg[k]->index == i) *stride = e->factor[k];
        } else if (uses_index(e->arg[k], i)) return false;
    }
    return true;
}

const Expr *at_zero(const Expr *e, const Index *const *index, int n) {
    const Expr **zero = NEW_ARRAY(const Expr *, n + 1);
    for (int k = 0; k < n; k++)
        zero[k] = Int(0);
    return substitute(e, index, zero, n);
}

int subscripts_with(const Expr *body, const Index *i) {
    int uses = 0;
    Exprs reads = reads_of(body);
    for (int r = 0; r < reads.n; r++)
        for (int s = 0; s < reads.at[r]->n; s++) uses += uses_index(reads.at[r]->arg[s], i);
    return uses;
}

double volume(const Index *const *index, int n) {
    double v = 1;
    for (int k = 0; k < n; k++)
        v *= (double)index[k]->extent;
    return v;
}
