/* Inside of the expressions: what expr.c, integers.c and walk.c share.
 *
 * `node` is the one place where a node is made; everything else decides what to ask it for. integers.c decides for
 * operands that are INT or BOOL, expr.c for real ones. */
#ifndef NNC_NODE_H
#define NNC_NODE_H
#include "expr.h"

/* The node equal to this one: its arg and factor are copied when it is new. `id` is set here. */
const Expr *node(const Expr *wanted);
const Expr *node_op(Op op, Type type, const Expr *a, const Expr *b, int64_t lo, int64_t hi);
/* The existing node op(b, a) if there is one and op(a, b) has not been asked for yet, else op(a, b). */
const Expr *node_commutative(Op op, Type type, const Expr *a, const Expr *b, int64_t lo, int64_t hi);
int node_count(void);

const Expr *integer_operate(Op op, const Expr *a, const Expr *b);       /* SAME operators of integers */
const Expr *integer_compare(Op op, const Expr *a, const Expr *b);
const Expr *integer_sum(const Expr *const *arg, const int64_t *factor, int n, int64_t constant);
/* The interval of where(c, a, b), using in each arm what c says about it. */
void where_interval(const Expr *c, const Expr *a, const Expr *b, int64_t *lo, int64_t *hi);
void walk_start(void);
#endif
