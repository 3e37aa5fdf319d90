/* Building and walking loop trees.
 *
 * The constructors append to a block and fill in what a scheduler should not have to repeat. `add_lets` makes the trees
 * fit for printers that walk expressions as trees: a value that the statements of a block use more than once
 *
 *     y[i] = exp(x[i] - m) / (1 + exp(x[i] - m))
 *
 * becomes a local, in front of the first statement that needs it:
 *
 *     t = exp(x[i] - m)
 *     y[i] = t / (1 + t)
 *
 * That is right anywhere because expressions are total; what reads a tensor is forgotten when the tensor is assigned. */
#include "group.h"

const Expr *index_limit(const Index *i) {
    return Extent(dim_of(i));
}

static Node *add(Nodes *to, NodeKind kind) {
    Node *n = NEW(Node);
    n->kind = kind;
    PUSH(*to, n);
    return n;
}

Node *add_loop(Nodes *to, const Index *i, const Expr *from, const Expr *limit, LoopKind kind) {
    Node *n = add(to, NODE_LOOP);
    n->loop = kind;
    n->index = i;
    n->from = from ? from : Int(0);
    n->to = limit ? limit : index_limit(i);
    return n;
}

Nodes *add_nest(Nodes *to, const Index *const *index, int n) {
    for (int k = 0; k < n; k++)
        to = &add_loop(to, index[k], NULL, NULL, LOOP_SERIAL)->body;
    return to;
}

Nodes *add_chunks(Nodes *to, const Index *const *index, int n) {
    for (int k = 0; k < n; k++)
        to = &add_loop(to, index[k], NULL, NULL, LOOP_CHUNK)->body;
    return to;
}

Node *add_declare(Nodes *to, const Tensor *local, const Expr *value) {
    Node *n = add(to, NODE_DECLARE);
    n->tensor = local;
    n->value = value;
    return n;
}

Node *add_assign(Nodes *to, const Tensor *t, const Expr *const *subs, int n_subs, Assign how, const Expr *value) {
    Node *n = add(to, NODE_ASSIGN);
    n->tensor = t;
    n->subs = subs;
    n->n_subs = n_subs;
    n->assign = how;
    n->value = t->type == REAL ? ToReal(value) : value;
    return n;
}

Node *add_ask(Nodes *to, const Tensor *t, const Expr *const *subs, int n_subs) {
    Node *n = add(to, NODE_ASK);
    n->tensor = t;
    n->subs = subs;
    n->n_subs = n_subs;
    return n;
}

Node *add_if(Nodes *to, const Expr *condition) {
    Node *n = add(to, NODE_IF);
    n->value = condition;
    return n;
}

Nest *nest_copy(const Nest *nest) {
    Nest *own = NEW(Nest);
    *own = *nest;
    own->members.at = NEW_ARRAY(Member, nest->members.n);
    for (int k = 0; k < nest->members.n; k++) own->members.at[k] = nest->members.at[k];
    own->members.room = nest->members.n;
    return own;
}

Tensor *local_new(const char *name, Type type, int rank, const int64_t *extents) {
    Dim dims[12];
    for (int k = 0; k < rank; k++)
        dims[k] = (Dim){extents[k], NULL};
    return tensor_new(name_of(name), ROLE_VALUE, type, rank, dims, NULL);
}

const Expr *read_local(const Tensor *t) {
    return Read(t, NULL, 0);
}

const Expr *own_local(const Expr *e, void *data) {
    const Map *locals = data;
    const Tensor *own = e->kind == X_READ ? map_get(locals, e->tensor) : NULL;
    return own ? read_local(own) : e;
}

const Tensor *renew_local(Map *locals, const Tensor *old) {
    Tensor *own = local_new(old->name, old->type, 0, NULL);
    own->lo = old->lo, own->hi = old->hi;
    map_put(locals, old, own);
    return own;
}

const Expr *const *values_of(const Index *const *index, int n) {
    const Expr **values = NEW_ARRAY(const Expr *, n + 1);
    for (int k = 0; k < n; k++)
        values[k] = At(index[k]);
    return values;
}

void add_copies_of(Nodes *to, const Nodes *nodes) {
    for (int k = 0; k < nodes->n; k++) {
        Node *copy = NEW(Node);
        *copy = *nodes->at[k];
        copy->body = (Nodes){0};
        add_copies_of(&copy->body, &nodes->at[k]->body);
        PUSH(*to, copy);
    }
}

bool is_integer(const Expr *e, int64_t value) {
    double v;
    return is_constant(e, &v) && v == (double)value;
}

void walk(const Nodes *nodes, void (*visit)(Node *, void *), void *data) {
    for (int k = 0; k < nodes->n; k++) {
        visit(nodes->at[k], data);
        walk(&nodes->at[k]->body, visit, data);
    }
}

void rewrite(Nodes *nodes, const Expr *(*change)(const Expr *, void *), void *data) {
    for (int k = 0; k < nodes->n; k++) {
        Node *n = nodes->at[k];
        if (n->value) n->value = change(n->value, data);
        if (n->from) n->from = change(n->from, data);
        if (n->to) n->to = change(n->to, data);
        if (n->n_subs > 0) {
            const Expr **subs = NEW_ARRAY(const Expr *, n->n_subs);
            for (int s = 0; s < n->n_subs; s++)
                subs[s] = change(n->subs[s], data);
            n->subs = subs;
        }
        if (n->gemm) {
            Gemm *g = NEW(Gemm);
            *g = *n->gemm;
            g->m = change(g->m, data), g->n = change(g->n, data), g->k = change(g->k, data);
            g->a_offset = change(g->a_offset, data), g->b_offset = change(g->b_offset, data);
            g->c_offset = change(g->c_offset, data);
            n->gemm = g;
        }
        rewrite(&n->body, change, data);
    }
}

typedef struct { const Index *from; const Expr *to; } IndexChange;

static const Expr *change_index(const Expr *e, void *data) {
    const IndexChange *c = data;
    return substitute(e, &c->from, &c->to, 1);
}

void substitute_nodes(Nodes *nodes, const Index *from, const Expr *to) {
    IndexChange c = {from, to};
    rewrite(nodes, change_index, &c);
}

typedef struct { const Tensor *from, *to; } TensorChange;

static const Expr *change_read(const Expr *e, void *data) {
    const TensorChange *c = data;
    if (e->kind != X_READ || e->tensor != c->from) return e;
    return e->guarded ? ReadElse(c->to, e->arg, e->n - 1, e->arg[e->n - 1]) : Read(c->to, e->arg, e->n);
}

static const Expr *change_tensor(const Expr *e, void *data) {
    return transform(e, change_read, data);
}

static void change_target(Node *n, void *data) {
    const TensorChange *c = data;
    if (n->tensor == c->from) n->tensor = c->to;
    if (n->gemm) {
        Gemm *g = NEW(Gemm);
        *g = *n->gemm;
        if (g->a == c->from) g->a = c->to;
        if (g->b == c->from) g->b = c->to;
        if (g->c == c->from) g->c = c->to;
        n->gemm = g;
    }
}

void replace_tensor(Nodes *nodes, const Tensor *from, const Tensor *to) {
    TensorChange c = {from, to};
    rewrite(nodes, change_tensor, &c);
    walk(nodes, change_target, &c);
}

/* Uses of nodes, counted by edges of the shared graph: a node that is reached twice has two users. */
typedef struct { const Expr *node; int uses; } Use;
typedef LIST(Use) Uses;

static Use *use_of(Uses *uses, const Expr *e) {
    for (int k = 0; k < uses->n; k++)
        if (uses->at[k].node == e) return &uses->at[k];
    PUSH(*uses, ((Use){e, 0}));
    return &uses->at[uses->n - 1];
}

static void count_uses(Uses *uses, const Expr *e) {
    if (e->n == 0) return;
    if (use_of(uses, e)->uses++ > 0) return;
    for (int k = 0; k < e->n; k++)
        count_uses(uses, e->arg[k]);
}

typedef struct { Nodes *block; Uses *uses; Exprs chosen; LIST(const Expr *) shared; LIST(const Expr *) locals; } Lets;

/* Reads that a choice makes, and choices inside of choices: compilers do not load ahead of a branch, nor take two at once, and so make no
 * vectors of them, or slow ones. */
static void find_chosen(Lets *l, Map *seen, const Expr *e, bool chosen) {
    if (e->n == 0 || (intptr_t)map_get(seen, e) > chosen) return;
    map_put(seen, e, (void *)(intptr_t)(chosen + 1));
    if (e->kind == X_WHERE && chosen) PUSH(l->chosen, e);
    if (e->kind == X_READ) {
        if (chosen && !e->guarded) PUSH(l->chosen, e);
        return;
    }
    for (int k = 0; k < e->n; k++) find_chosen(l, seen, e->arg[k], chosen || (e->kind == X_WHERE && k > 0));
}

static bool is_chosen(const Lets *l, const Expr *e) {
    for (int k = 0; k < l->chosen.n; k++)
        if (l->chosen.at[k] == e) return true;
    return false;
}

static bool worth_a_local(const Expr *e) {
    switch (e->kind) {
    case X_OP: return e->type != BOOL || e->n > 1;
    case X_WHERE: case X_RANDOM: return true;
    case X_READ: return e->guarded;
    default: return false;
    }
}

static const Expr *with_lets(Lets *l, const Expr *e) {
    if (e->n == 0) return e;
    for (int k = 0; k < l->shared.n; k++)
        if (l->shared.at[k] == e) return l->locals.at[k];
    bool changed = false;
    const Expr **arg = NEW_ARRAY(const Expr *, e->n);
    for (int k = 0; k < e->n; k++) {
        arg[k] = with_lets(l, e->arg[k]);
        changed |= arg[k] != e->arg[k];
    }
    const Expr *result = changed ? rebuild(e, arg) : e;
    if ((worth_a_local(e) && use_of(l->uses, e)->uses > 1) || is_chosen(l, e)) {
        Tensor *t = local_new("t", e->type, 0, NULL);
        if (e->type != REAL) t->lo = e->lo, t->hi = e->hi;
        add_declare(l->block, t, result);
        result = read_local(t);
    }
    /* Every visited node is remembered, so that a graph of shared nodes is walked once. */
    PUSH(l->shared, e);
    PUSH(l->locals, result);
    return result;
}

static void forget(Lets *l, const Tensor *changed) {
    int kept = 0;
    for (int k = 0; k < l->shared.n; k++)
        if (!uses_tensor(l->shared.at[k], changed)) {
            l->shared.at[kept] = l->shared.at[k];
            l->locals.at[kept++] = l->locals.at[k];
        }
    l->shared.n = l->locals.n = kept;
}

void add_lets(Nodes *block) {
    Uses uses = {0};
    for (int k = 0; k < block->n; k++) {
        const Node *n = block->at[k];
        if (n->value) count_uses(&uses, n->value);
        for (int s = 0; s < n->n_subs; s++)
            count_uses(&uses, n->subs[s]);
    }
    Nodes result = {0};
    Lets l = {.block = &result, .uses = &uses};
    for (int k = 0; k < block->n; k++) {
        Node *n = block->at[k];
        Map seen = {0};
        l.chosen.n = 0;
        if (n->value && n->kind != NODE_IF) find_chosen(&l, &seen, n->value, false);
        if (n->value) n->value = with_lets(&l, n->value);
        if (n->n_subs > 0) {
            const Expr **subs = NEW_ARRAY(const Expr *, n->n_subs);
            for (int s = 0; s < n->n_subs; s++)
                subs[s] = with_lets(&l, n->subs[s]);
            n->subs = subs;
        }
        PUSH(result, n);
        if (n->kind == NODE_ASSIGN) forget(&l, n->tensor);
    }
    *block = result;
}

/* Blocks are runs of plain statements: a loop or the body of an `if` may change anything. A square that is turned is one statement. */
void add_lets_below(Nodes *nodes) {
    Nodes result = {0}, run = {0};
    for (int k = 0; k <= nodes->n; k++) {
        Node *n = k < nodes->n ? nodes->at[k] : NULL;
        bool plain = n && (n->kind == NODE_DECLARE || n->kind == NODE_ASSIGN || n->kind == NODE_IF);
        if (plain) PUSH(run, n);
        if (!plain || n->kind == NODE_IF) {
            add_lets(&run);
            for (int r = 0; r < run.n; r++)
                PUSH(result, run.at[r]);
            run = (Nodes){0};
        }
        if (n && !plain) PUSH(result, n);
        if (n && n->loop != LOOP_TURN) add_lets_below(&n->body);
    }
    *nodes = result;
}
