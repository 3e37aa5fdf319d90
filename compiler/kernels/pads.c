/* Pads: lanes beyond the last sample, without a test in each lane.
 *
 *     for lane < 16: d_x[block, lane] = where(16*block + lane < n, v, 0)
 *
 * is the same as all lanes, and then zeros again where there is no sample, which is nowhere but in the last block:
 *
 *     for lane < 16: d_x[block, lane] = v
 *     for max(0, n - 16*block) <= lane < 16: d_x[block, lane] = 0
 *
 * and what is done only where there is a sample ends with the samples:
 *
 *     for lane < 16: if 16*block + lane < n: y[..] = v       ->      for lane < min(16, n - 16*block): y[..] = v
 *
 * Compilers make branches of the conditions, or masks, and of the rest plain vectors. What is computed for lanes
 * beyond the last sample is right all the same: their operands hold values of the last sample. */
#include "group.h"

/* For a condition `16*block + lane < n`: n - 16*block, or NULL. */
static const Expr *samples_left(const Expr *condition, const Index *lane) {
    if (condition->kind != X_OP || condition->op != OP_LT || condition->arg[1]->kind != X_READ) return NULL;
    int64_t stride;
    const Expr *place = condition->arg[0];
    if (!stride_of(place, lane, &stride) || stride != 1 || uses_index(condition->arg[1], lane)) return NULL;
    return Sub(condition->arg[1], Sub(place, At(lane)));
}

static void end_with_samples(Node *loop) {
    if (loop->body.n != 1 || loop->body.at[0]->kind != NODE_IF) return;
    const Expr *left = samples_left(loop->body.at[0]->value, loop->index);
    if (!left) return;
    loop->to = Operate(OP_MIN, loop->to, left);
    loop->body = loop->body.at[0]->body;
}

/* The zeros in the pads of what the loop stores. */
static void blank_pads(Nodes *to, Node *loop) {
    Nodes *blank = NULL;
    const Index *lane = NULL;
    for (int k = 0; k < loop->body.n; k++) {
        Node *n = loop->body.at[k];
        if (n->kind != NODE_ASSIGN || n->assign != ASSIGN_SET || n->value->kind != X_WHERE || n->tensor->type != REAL) continue;
        const Expr *left = samples_left(n->value->arg[0], loop->index);
        if (!left || !is_integer(n->value->arg[2], 0)) continue;
        if (!blank) {
            lane = index_new(loop->index->name, loop->index->extent, NULL);
            blank = &add_loop(to, lane, Operate(OP_MAX, Int(0), left), NULL, LOOP_SERIAL)->body;
        }
        const Expr *here = At(lane), **subs = NEW_ARRAY(const Expr *, n->n_subs + 1);
        for (int s = 0; s < n->n_subs; s++) subs[s] = substitute(n->subs[s], &loop->index, &here, 1);
        add_assign(blank, n->tensor, subs, n->n_subs, ASSIGN_SET, Num(0));
        n->value = n->value->arg[1];
    }
}

void part_pads(Nodes *nodes) {
    Nodes result = {0};
    for (int k = 0; k < nodes->n; k++) {
        Node *n = nodes->at[k];
        PUSH(result, n);
        part_pads(&n->body);
        if (n->kind != NODE_LOOP || n->index->count || n->down || !is_integer(n->from, 0)) continue;
        end_with_samples(n);
        blank_pads(&result, n);
    }
    *nodes = result;
}
