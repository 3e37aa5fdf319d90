/* Sums with deltas, as differentiation makes them and as the solver simplifies them.
 *
 *     Sum = sum(bound) where(all conditions, term, 0)
 *
 * Indices that are not bound are free: the indices of the equation that the sum will be the body of. A sum is exact over
 * real numbers at every stage; only adjoint equations are written so, as solving changes the order of additions. */
#ifndef NNC_SOLVE_H
#define NNC_SOLVE_H
#include "program.h"

typedef struct Sum {
    LIST(const Index *) bound;
    LIST(const Expr *) conditions;
    const Expr *term;
    bool nothing;                                               /* a condition is false: the sum is 0 */
} Sum;

/* guard.c: conditions and guarded terms */
Sum *sum_new(const Expr *term);                                 /* where(c, x, 0) becomes a condition and a term */
void sum_require(Sum *s, const Expr *condition);                /* splits `and`, drops what is true */
const Expr *sum_body(const Sum *s);                             /* the body under sum(bound); every read is safe (E4) */
const Expr *read_inside(const Expr *read);                      /* the condition that its subscripts are inside */
const Expr *in_range(const Expr *value, Dim dim);                      /* 0 <= value < extent */
const Expr *guarded(const Expr *condition, const Expr *value);  /* where(condition, value, 0) */
const Expr *raise_guards(const Expr *e);                        /* where(c, a, 0)*b becomes where(c, a*b, 0), from the root */
bool is_zero(const Expr *e);

/* factor.c */
void list_terms(const Expr *e, Exprs *terms);                   /* e is their sum; a minus is part of its term */

/* solve.c */
void sum_solve(Sum *s);
#endif
