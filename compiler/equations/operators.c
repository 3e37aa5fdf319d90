/* The table of scalar operators, opened out of operators.def: properties, values in double, derivatives.
 *
 * Derivatives are expressions in the same vocabulary as what they come from, so that nothing later has to know that a
 * gradient exists: for y = tanh(a), op_derivative(y, 0, g) is Mul(g, Sub(Num(1), Mul(y, y))). */
#include "expr.h"
#include <math.h>
#include <string.h>

enum { RULE_REAL, RULE_SAME, RULE_TRUTH, RULE_LOGIC, RULE_WHOLE };

const OpRow op_table[OP_COUNT] = {
#define OP(id, name, n, types, text, prec, c, value, da, db) \
    [OP_##id] = { name, n, text, prec, c, RULE_##types == RULE_LOGIC, RULE_##types == RULE_TRUTH, \
                  RULE_##types == RULE_WHOLE, RULE_##types == RULE_REAL },
#include "operators.def"
#undef OP
};

bool op_is_costly(Op op) {
    const bool simple = op == OP_MAX || op == OP_MIN || op == OP_ABS || op == OP_SIGN || op == OP_STOP;
    return op == OP_POW || (op_table[op].precedence == PREC_CALL && !simple);
}

int op_named(const char *name, int operands) {
    for (int op = 0; op < OP_COUNT; op++)
        if (op_table[op].operands == operands && !strcmp(op_table[op].name, name)) return op;
    return -1;
}

/* The x with erf(x) = y: Winitzki's estimate, made exact by Newton's method. In the tails the equation is solved for
 * erfc, where 1 - |y| is exact and the value of erf says little. */
static double nn_erfinv_value(double y) {
    if (!(fabs(y) < 1)) return fabs(y) == 1 ? copysign(INFINITY, y) : NAN;
    double size = fabs(y), rest = 1 - size, l = log(rest) + log1p(size), m = 4.330746750799873 + l / 2;
    double x = sqrt(sqrt(m * m - l / 0.147) - m);
    for (int step = 0; step < 4 && x > 0; step++) {
        double wrong = size < 0.5 ? erf(x) - size : rest - erfc(x);
        x -= wrong * 0.886226925452758 * exp(x * x);
    }
    return copysign(size == 0 ? 0 : x, y);
}

double op_value(Op op, double a, double b) {
    (void)b;
    switch (op) {
#define OP(id, name, n, types, text, prec, c, value, da, db) case OP_##id: return value;
#include "operators.def"
#undef OP
    default: return NAN;
    }
}

const Expr *op_derivative(const Expr *y, int which, const Expr *g) {
    const Expr *a = y->arg[0], *b = y->n > 1 ? y->arg[1] : NULL;
    switch (y->op) {
#define NONE NULL
#define OP(id, name, n, types, text, prec, c, value, da, db) case OP_##id: return which ? (db) : (da);
#include "operators.def"
#undef OP
#undef NONE
    default: return NULL;
    }
}
