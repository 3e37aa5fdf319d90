/* Cutting: how a kernel falls into parts that threads may take.
 *
 *     for block < (n + 15)/16: for q < 4: for i < 28: body
 *
 * The turns of all three loops write different elements (LOOP_CHUNK). Of such loops that stand directly in each other, from
 * the outermost on, as few as give enough parts become one loop, of which a call runs the turns first .. last - 1:
 *
 *     for first <= part < last:  block = part/112   q = part/28 % 4   i = part % 28   body
 *
 * One loop alone keeps its index, and runs from first to last. Rows of elements (flat.c) are cut at multiples of UNIT:
 *
 *     for UNIT*first <= i < min(UNIT*last, length): body
 *
 * Spans go together: where their index only bounds loops inside, these run from the start of the first span to the end of the last,
 *
 *     for t: for 16*first <= n < min(16*last, batch): body
 *
 * How many parts there are depends on the extents only, never on the number of threads, and what a part computes does not
 * depend on which others the same thread runs. So every number of threads gives the same bits. */
#include "group.h"

enum { ENOUGH = 32, UNIT = 1024, MOST_UNITS = INT32_MAX / UNIT };

typedef struct { const Node *loop[12]; int n; int64_t below[12]; const Expr *parts; int64_t most; } Cut;

static bool is_full(const Node *loop) {
    return loop->kind == NODE_LOOP && !loop->down && is_integer(loop->from, 0);
}

/* The loops to cut. False: there are none, or they have one turn only. */
static bool find_cut(const Kernel *k, Cut *c) {
    const Nodes *nodes = &k->body;
    *c = (Cut){.parts = Int(1), .most = 1};
    if (k->flat) {
        const Node *row = nodes->at[0];
        c->loop[c->n++] = row;
        c->parts = FloorDiv(Add(k->length ? k->length : row->to, Int(UNIT - 1)), Int(UNIT));
        c->most = k->length ? MOST_UNITS : (row->index->extent + UNIT - 1) / UNIT;
        return c->most > 1 && c->most <= MOST_UNITS;
    }
    while (nodes->n == 1 && c->n < (k->in_spans ? 1 : 12) && c->most < ENOUGH) {
        const Node *loop = nodes->at[0];
        if (!is_full(loop) || loop->loop != LOOP_CHUNK || (c->n > 0 && loop->to->kind != X_INT)) break;
        if (c->most > INT32_MAX / loop->index->extent) break;
        c->loop[c->n++] = loop;
        c->parts = Mul(c->parts, loop->to);
        c->most *= loop->index->extent;
        nodes = &loop->body;
    }
    for (int l = c->n - 1, below = 1; l >= 0; below *= (int)c->loop[l--]->index->extent) c->below[l] = below;
    return c->most > 1;
}

bool may_be_cut(const Kernel *k) {
    Cut c;
    return find_cut(k, &c);
}

const Expr *parts_of(const Kernel *k) {
    Cut c;
    find_cut(k, &c);
    return c.parts;
}

static const Tensor *limit_new(const char *name, int64_t most) {
    Tensor *t = tensor_new(name_of(name), ROLE_SCALAR, INT, 0, NULL, NULL);
    t->lo = 0, t->hi = most;
    return t;
}

/* In the loops' place stands one over the parts; their indices are the digits of its index. */
static void join_loops(Kernel *k, const Cut *c) {
    const Index *part = index_new(name_of("part"), c->most, NULL);
    Nodes body = c->loop[c->n - 1]->body;
    k->body = (Nodes){0};
    Node *loop = add_loop(&k->body, part, read_local(k->first), read_local(k->last), LOOP_CHUNK);
    for (int l = 0; l < c->n; l++) {
        const Index *i = c->loop[l]->index;
        if (i->extent == 1) {
            substitute_nodes(&body, i, Int(0));
            continue;
        }
        const Expr *digit = FloorDiv(At(part), Int(c->below[l]));
        if (l > 0) digit = Mod(digit, Int(i->extent));
        /* Samples are called b, as n is how many there are. */
        Tensor *local = local_new(i->count && i->name == name_of("n") ? "b" : i->name, INT, 0, NULL);
        local->lo = 0, local->hi = i->extent - 1;
        add_declare(&loop->body, local, digit);
        substitute_nodes(&body, i, read_local(local));
    }
    for (int n = 0; n < body.n; n++)
        PUSH(loop->body, body.at[n]);
}

typedef struct { const Index *span; const Expr *first, *last; } Range;

static void bound_by_range(Node *n, void *data) {
    const Range *r = data;
    if (n->kind != NODE_LOOP) return;
    if (n->from) n->from = substitute(n->from, &r->span, &r->first, 1);
    if (n->to) n->to = substitute(n->to, &r->span, &r->last, 1);
}

static void join_spans(Kernel *k) {
    const Node *loop = k->body.at[0];
    Range range = {loop->index, read_local(k->first), Sub(read_local(k->last), Int(1))};
    k->body = loop->body;
    walk(&k->body, bound_by_range, &range);
}

void cut_kernel(Kernel *k) {
    Cut c;
    if (k->first || !find_cut(k, &c)) return;
    k->first = limit_new("first", c.most);
    k->last = limit_new("last", c.most);
    Node *outer = k->body.at[0];
    if (k->flat) {
        const Expr *whole = Mul(read_local(k->last), Int(UNIT));
        outer->from = Mul(read_local(k->first), Int(UNIT));
        outer->to = Operate(OP_MIN, whole, outer->to);
    } else if (k->in_spans) {
        join_spans(k);
    } else if (c.n == 1) {
        outer->from = read_local(k->first);
        outer->to = read_local(k->last);
    } else join_loops(k, &c);
    unique_names(k);
}
