/* Spans: a recurrence whose samples are in rows, shared by threads.
 *
 *     for t: for n: h[n, t] = f(h[n, t - 1])      for span: for t: for 16*span <= n < 16*span + 16: ...
 *
 * Samples know nothing of each other, so each span goes from its first time to its last by itself, and no step waits for another
 * thread. The spans that a thread has go together: each time, the weights come once for all of them. What follows the weights' product
 * goes sample by sample through all its maps, so that what one leaves to the next is still in the first cache; and while it does, the
 * next sample's rows are on their way (pieces.c). */
#include "group.h"

enum { SPAN = LANES };

typedef struct { const Tensor *samples; int64_t step; bool fits; } Steps;

/* How many samples one turn of the loop takes, 0: it does not run over samples. */
static int64_t samples_of_turn(const Node *n, const Tensor *samples) {
    if (n->kind != NODE_LOOP || !n->to || !uses_tensor(n->to, samples)) return 0;
    return n->to->kind == X_OP && n->to->op == OP_FLOORDIV ? n->to->arg[1]->integer : 1;
}

static void find_steps(Node *n, void *data) {
    Steps *s = data;
    const int64_t step = samples_of_turn(n, s->samples);
    int64_t common = s->step;
    if (n->kind == NODE_GEMM || (step && !is_integer(n->from, 0))) s->fits = false;
    while (step && common % step) common += s->step;
    s->step = common;
}

typedef struct { const Tensor *samples; const Index *index; int64_t size; } Spans;

static void keep_to_span(Node *n, void *data) {
    const Spans *s = data;
    const int64_t step = samples_of_turn(n, s->samples), turns = step ? s->size/step : 0;
    if (!step) return;
    n->from = Mul(At(s->index), Int(turns));
    n->to = Operate(OP_MIN, Add(n->from, Int(turns)), n->to);
}

/* The loop over samples that a node is, where need be with the condition around it brought inside; NULL: it is none. */
static Node *loop_over_samples(Node *n, const Tensor *samples) {
    Node *loop = n->kind == NODE_IF && n->body.n == 1 ? n->body.at[0] : n;
    if (samples_of_turn(loop, samples) != 1) return NULL;
    if (loop == n) return loop;
    n->body = loop->body;
    loop->body = (Nodes){0};
    PUSH(loop->body, n);
    return loop;
}

/* Of loops over samples one after the other: one. */
static void join_loops_over_samples(Nodes *nodes, const Tensor *samples) {
    Nodes joined = {0};
    Node *last = NULL;
    for (int k = 0; k < nodes->n; k++) {
        Node *loop = loop_over_samples(nodes->at[k], samples);
        if (!loop || !last) {
            PUSH(joined, loop ? loop : nodes->at[k]);
            last = loop;
            continue;
        }
        substitute_nodes(&loop->body, loop->index, At(last->index));
        for (int b = 0; b < loop->body.n; b++) PUSH(last->body, loop->body.at[b]);
    }
    *nodes = joined;
    if (last) pass_by_pieces(last);
}

/* Whether every nest computes each sample by itself, as its first index. */
static bool is_by_sample(const Group *g, const Tensor *samples) {
    for (int n = 0; n < g->nests.n; n++) {
        const Nest *nest = g->nests.at[n];
        if (nest->n_free == 0 || nest->free[0]->count != samples) return false;
        for (int k = 0; k < nest->members.n; k++) {
            const Member *m = &nest->members.at[k];
            for (int b = 0; b < m->n_bound; b++)
                if (counts_samples(m->bound[b]->count)) return false;
            Exprs reads = reads_of(m->body);
            for (int r = 0; r < reads.n; r++)
                for (int d = 0; d < reads.at[r]->tensor->rank; d++)
                    if (counts_samples(reads.at[r]->tensor->dim[d].count) && reads.at[r]->arg[d] != At(nest->free[0])) return false;
        }
    }
    return true;
}

void share_recurrence(Kernel *k, const Group *g) {
    const Nest *first = g->nests.at[0];
    if (!g->outer || g->block || !g->equations.at[0]->scan || first->n_free == 0) return;
    const Index *sample = first->free[0];
    if (!counts_samples(sample->count) || !is_by_sample(g, sample->count)) return;
    join_loops_over_samples(&k->body.at[0]->body, sample->count);
    Steps steps = {sample->count, 1, true};
    walk(&k->body, find_steps, &steps);
    const int64_t size = (SPAN + steps.step - 1)/steps.step*steps.step;
    if (!steps.fits || sample->extent <= size) return;
    Spans spans = {sample->count, index_new(name_of("span"), (sample->extent + size - 1)/size, NULL), size};
    walk(&k->body, keep_to_span, &spans);
    Nodes body = k->body;
    k->body = (Nodes){0};
    Node *loop = add_loop(&k->body, spans.index, NULL, FloorDiv(Add(Read(sample->count, NULL, 0), Int(size - 1)), Int(size)), LOOP_CHUNK);
    loop->body = body;
    k->in_spans = true;
}
