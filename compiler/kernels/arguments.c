/* Arguments of a kernel: the stored tensors and scalars that its tree touches, in order of first use, and an estimate of
 * its work: the scalar operations that it does and the bytes of the tensors that it touches, at the full batch. */
#include "group.h"
#include <math.h>

typedef struct { Kernel *kernel; Tensors locals; bool asked; double times; } Collection;

static bool contains(const Tensors *list, const Tensor *t) {
    for (int k = 0; k < list->n; k++)
        if (list->at[k] == t) return true;
    return false;
}

static void touch(Collection *c, const Tensor *t) {
    if (!contains(&c->locals, t) && !contains(&c->kernel->arguments, t)) PUSH(c->kernel->arguments, (Tensor *)t);
}

static void touch_reads(Collection *c, const Expr *e) {
    if (!e) return;
    Exprs reads = reads_of(e);
    for (int k = 0; k < reads.n; k++) {
        const Expr *read = reads.at[k];
        touch(c, read->tensor);
        for (int d = 0; d < read->tensor->rank && read->guarded; d++)       /* its test reads the count */
            if (read->tensor->dim[d].count && !subscript_proved(read, d)) touch(c, read->tensor->dim[d].count);
    }
}

static void touch_node(Node *n, void *data) {
    Collection *c = data;
    if ((n->kind == NODE_ASK) != c->asked) return;
    if (n->kind == NODE_DECLARE) PUSH(c->locals, (Tensor *)n->tensor);
    touch_reads(c, n->from);
    touch_reads(c, n->to);
    touch_reads(c, n->value);
    for (int k = 0; k < n->n_subs; k++)
        touch_reads(c, n->subs[k]);
    if (n->gemm) {
        const Gemm *g = n->gemm;
        touch(c, g->a), touch(c, g->b), touch(c, g->c);
        touch_reads(c, g->m), touch_reads(c, g->n), touch_reads(c, g->k);
        touch_reads(c, g->a_offset), touch_reads(c, g->b_offset), touch_reads(c, g->c_offset);
    } else if (n->tensor) touch(c, n->tensor);
}

void collect_arguments(Kernel *k) {
    Collection c = {.kernel = k};
    k->arguments = (Tensors){0};
    walk(&k->body, touch_node, &c);
    c.asked = true;                     /* arguments stand in the order in which they are used, not in which they are asked for */
    walk(&k->body, touch_node, &c);
    k->actuals = (Tensors){0};
    for (int a = 0; a < k->arguments.n; a++)
        PUSH(k->actuals, k->arguments.at[a]);
}

static void count_operation(const Expr *e, void *data) {
    if ((e->kind == X_OP && e->type == REAL && e->op != OP_STOP) || e->kind == X_WHERE) ++*(double *)data;
}

/* Extents stand for runtime counts, so this is the work at the full batch. */
static double most(const Expr *e) {
    double v;
    if (is_constant(e, &v)) return v;
    if (e->kind == X_READ && e->tensor->role == ROLE_SCALAR && e->tensor->hi < INT64_MAX) return (double)e->tensor->hi;
    return (double)e->hi;
}

static void find_index(const Expr *e, void *index) {
    if (e->kind == X_INDEX) *(const Index **)index = e->index;
}

/* The mean of an integer or a truth value, where that is not below 0, over all values of the indices in it. NaN: it depends on more. */
static double mean_of(const Expr *e, int depth) {
    enum { MOST_VALUES = 256, MOST_DEPTH = 2 };
    const Index *i = NULL;
    double value, sum = 0;
    if (is_constant(e, &value)) return value > 0 ? value : 0;
    visit_nodes(e, find_index, &i);
    if (!i || depth == MOST_DEPTH || i->extent > MOST_VALUES) return NAN;
    for (int64_t k = 0; k < i->extent; k++) {
        const Expr *at = Int(k);
        sum += mean_of(substitute(e, &i, &at, 1), depth + 1);
    }
    return sum / (double)i->extent;
}

/* What the call counts, at its greatest. */
static const Expr *at_most(const Expr *e, void *data) {
    (void)data;
    bool counted = e->kind == X_READ && e->tensor->role == ROLE_SCALAR && e->type == INT && e->tensor->hi < INT64_MAX;
    return counted ? Int(e->tensor->hi) : e;
}

/* Turns of a loop whose bounds other loops move, on the average. */
static double turns_of(const Node *loop) {
    const double turns = mean_of(transform(Sub(loop->to, loop->from), at_most, NULL), 0);
    return loop->loop == LOOP_PASS ? 1 : isnan(turns) ? (double)loop->index->extent : turns;
}

static double share_of(const Node *condition) {
    const double share = mean_of(condition->value, 0);
    return isnan(share) ? 1 : share;
}

static double work_of(const Nodes *nodes) {
    double sum = 0;
    for (int k = 0; k < nodes->n; k++) {
        const Node *n = nodes->at[k];
        double own = 0;
        if (n->value) visit_nodes(n->value, count_operation, &own);
        if (n->kind == NODE_ASSIGN && n->assign != ASSIGN_SET) own++;
        if (n->gemm) own += 2 * most(n->gemm->m) * most(n->gemm->n) * most(n->gemm->k);
        if (n->kind == NODE_LOOP) own += turns_of(n) * work_of(&n->body);
        else own += (n->kind == NODE_IF ? share_of(n) : 1) * work_of(&n->body);
        sum += own;
    }
    return sum;
}

void count_work(Kernel *k) {
    k->flops = work_of(&k->body);
    k->bytes = 0;
    for (int a = 0; a < k->actuals.n; a++) {
        const Tensor *t = k->actuals.at[a];
        if (!t || t->rank == 0) continue;
        double size = t->byte ? 1 : 4;
        for (int d = 0; d < t->rank; d++)
            size *= (double)room_of(t, d);
        k->bytes += size;
    }
}
