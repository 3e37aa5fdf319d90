/* Guards as loop bounds: what a sum does not count needs no test inside.
 *
 *     sum(u) w[u]*x[i + u - 2 else 0]        for u from max(0, 2 - i) below min(5, 30 - i): sum += w[u]*x[i + u - 2]
 *
 * A guarded read whose else is 0, where(c, t, 0) and where(c, 0, t) leave a product's term; their conditions become `e >= 0` with e affine
 * in the indices. Each bounds the innermost loop whose index moves it. What is not affine stays a test; but quotients and
 * remainders of indices whose loops stand around all others are as good as constants: the windows of a stride have them,
 *
 *     sum(u < 2) w[2*u + i % 2]*g[i//2 - u else 0]               for u from max(0, i/2 - 15) below min(2, i/2 + 1) */
#include "../equations/solve.h"
#include "group.h"

/* Quotients and remainders of the indices whose loops stand around those of the sum. */
static bool constant_inside(const Peeled *p, const Expr *e) {
    if (e->kind == X_INT) return true;
    if (e->kind == X_INDEX) {
        for (int k = 0; k < p->n_outer; k++) if (p->outer[k] == e->index) return true;
        return false;
    }
    if (e->kind != X_SUM && !(e->kind == X_OP && (e->op == OP_FLOORDIV || e->op == OP_MOD))) return false;
    for (int k = 0; k < e->n; k++) if (!constant_inside(p, e->arg[k])) return false;
    return true;
}

/* The affine e such that the condition says e >= 0, or NULL. */
static const Expr *affine_bound(const Peeled *p, const Expr *condition) {
    const Expr *e = NULL;
    if (condition->kind == X_OP && condition->n == 2 && condition->arg[0]->type != REAL && condition->arg[1]->type != REAL) {
        const Expr *a = condition->arg[0], *b = condition->arg[1];
        switch (condition->op) {
        case OP_GE: e = Sub(a, b); break;
        case OP_LE: e = Sub(b, a); break;
        case OP_GT: e = Sub(Sub(a, b), Int(1)); break;
        case OP_LT: e = Sub(Sub(b, a), Int(1)); break;
        default: break;
        }
    }
    bool affine = e && (e->kind == X_INDEX || e->kind == X_SUM);
    for (int k = 0; affine && e->kind == X_SUM && k < e->n; k++) {
        const Expr *part = e->arg[k];
        affine = part->kind == X_INDEX || (part->kind == X_READ && part->tensor->rank == 0) || constant_inside(p, part);
    }
    return affine ? e : NULL;
}

static void require(Peeled *p, const Expr *condition) {
    double known;
    if (is_constant(condition, &known) && known != 0) return;
    if (condition->kind == X_OP && condition->op == OP_AND) {
        require(p, condition->arg[0]);
        require(p, condition->arg[1]);
        return;
    }
    const Expr *e = affine_bound(p, condition);
    if (e) PUSH(p->atleast, e);
    else p->rest = p->rest ? And(p->rest, condition) : condition;
}

/* All conditions are known or bounds of loops. A read that needs a test keeps its guard: what the test protects may be
 * computed before it. */
static bool bounds_loops(const Peeled *p, const Expr *condition) {
    double known;
    if (is_constant(condition, &known)) return known != 0;
    if (condition->kind == X_OP && condition->op == OP_AND)
        return bounds_loops(p, condition->arg[0]) && bounds_loops(p, condition->arg[1]);
    return affine_bound(p, condition) != NULL;
}

static const Expr *without_guards(Peeled *p, const Expr *e) {
    if (e->kind == X_WHERE && e->type == REAL && is_integer(e->arg[2], 0)) {
        require(p, e->arg[0]);
        return without_guards(p, e->arg[1]);
    }
    if (e->kind == X_WHERE && e->type == REAL && is_integer(e->arg[1], 0)) {
        require(p, Not(e->arg[0]));
        return without_guards(p, e->arg[2]);
    }
    if (e->kind == X_READ && e->guarded && is_integer(e->arg[e->n - 1], 0)) {
        const Expr *inside = read_inside(e);
        if (!bounds_loops(p, inside)) return e;
        require(p, inside);
        return Read(e->tensor, e->arg, e->n - 1);
    }
    if (e->kind == X_OP && (e->op == OP_MUL || e->op == OP_NEG)) {
        const Expr *arg[2];
        for (int k = 0; k < e->n; k++)
            arg[k] = without_guards(p, e->arg[k]);
        return rebuild(e, arg);
    }
    return e;
}

Peeled peel(const Expr *body, bool sum, const Index *const *outer, int n_outer) {
    Peeled p = {.term = body, .outer = outer, .n_outer = n_outer};
    if (sum) p.term = without_guards(&p, body);
    return p;
}

/* a rounded up: the least d with q*d >= a. */
static const Expr *quotient_up(const Expr *a, int64_t q) {
    return q == 1 ? a : FloorDiv(Add(a, Int(q - 1)), Int(q));
}

static void bound_loop(Node *loop, const Expr *e) {
    int64_t q;
    stride_of(e, loop->index, &q);
    const Expr *rest = Sub(e, Mul(At(loop->index), Int(q)));
    if (q > 0) {
        const Expr *from = quotient_up(Neg(rest), q);
        if (from->hi > loop->from->lo) loop->from = from->lo >= loop->from->hi ? from : Operate(OP_MAX, loop->from, from);
    } else {
        const Expr *to = Add(q == -1 ? rest : FloorDiv(rest, Int(-q)), Int(1));
        if (to->lo < loop->to->hi) loop->to = to->hi <= loop->to->lo ? to : Operate(OP_MIN, loop->to, to);
    }
}

Nodes *add_bounded(Nodes *to, const Index *const *index, int n, int lanes, const Peeled *p) {
    int *depth = NEW_ARRAY(int, p->atleast.n + 1);
    const Expr *outside = NULL;
    for (int c = 0; c < p->atleast.n; c++) {
        const Expr *e = p->atleast.at[c];
        depth[c] = -1;
        for (int k = 0; k < n; k++) {
            int64_t q;
            stride_of(e, index[k], &q);
            if (q != 0) depth[c] = k;
        }
        /* Nothing inside moves it: it holds for all of these loops or for none. */
        if (depth[c] < 0) outside = outside ? And(outside, Ge(e, Int(0))) : Ge(e, Int(0));
    }
    if (outside) to = &add_if(to, outside)->body;
    for (int k = 0; k < n; k++) {
        Node *loop = add_loop(to, index[k], NULL, NULL, k >= n - lanes ? LOOP_LANE : LOOP_SERIAL);
        for (int c = 0; c < p->atleast.n; c++)
            if (depth[c] == k) bound_loop(loop, p->atleast.at[c]);
        to = &loop->body;
    }
    return to;
}
