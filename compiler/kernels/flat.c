/* Flat rows: a map whose every access is at exactly its own indices needs no indices but one.
 *
 *     for o < 128: for i < 784: w[o, i] = w[o, i] - rate*g[o, i]
 *
 * becomes, with the tensors seen as rows, and for any length when kernels of several tensors are to share it,
 *
 *     for i < length: w[i] = w[i] - rate*g[i]
 *
 * The arguments are then views of the actual tensors. Compilers vectorise one long loop better than many short ones. */
#include "group.h"

typedef struct Shape {
    const Node *loop[12];
    int n;
    const Nodes *block;
    const Expr *place;             /* the position of the element in its row-major tensor */
    Tensors views, actuals;         /* the arguments as the flat kernel sees them */
    const Expr *at;                 /* the one index */
} Shape;

/* A chain of full loops around plain statements. */
static bool find_loops(const Kernel *k, Shape *s) {
    const Nodes *nodes = &k->body;
    s->place = Int(0);
    while (nodes->n == 1 && nodes->at[0]->kind == NODE_LOOP && s->n < 12) {
        const Node *loop = nodes->at[0];
        if (!is_integer(loop->from, 0) || loop->to != index_limit(loop->index) || loop->down) return false;
        if (s->n > 0 && loop->index->count) return false;
        s->loop[s->n++] = loop;
        s->place = Add(Mul(s->place, Int(loop->index->extent)), At(loop->index));
        nodes = &loop->body;
    }
    s->block = nodes;
    for (int n = 0; n < nodes->n; n++)
        if (nodes->at[n]->kind != NODE_DECLARE && nodes->at[n]->kind != NODE_ASSIGN) return false;
    return s->n > 0;
}

/* All of t, from its first row on: below the rows its extents are those of the loops. */
static bool at_own_indices(const Shape *s, const Tensor *t, const Expr *const *subs, int n) {
    bool same = n == s->n;
    for (int k = 0; same && k < n; k++)
        same = subs[k] == At(s->loop[k]->index) && (k == 0 || room_of(t, k) == s->loop[k]->index->extent);
    return same;
}

static bool value_fits(const Shape *s, const Expr *e) {
    if (e->kind == X_INDEX) return false;
    if (e->kind == X_RANDOM) return e->n == 1 && e->arg[0] == s->place;
    if (e->kind == X_READ && e->tensor->rank > 0) return !e->guarded && at_own_indices(s, e->tensor, e->arg, e->n);
    for (int k = 0; k < e->n; k++)
        if (!value_fits(s, e->arg[k])) return false;
    return true;
}

static bool fits(const Shape *s) {
    for (int k = 0; k < s->block->n; k++) {
        const Node *n = s->block->at[k];
        if (n->kind == NODE_DECLARE && n->tensor->rank > 0) return false;
        if (n->kind == NODE_ASSIGN && n->tensor->rank > 0 && !at_own_indices(s, n->tensor, n->subs, n->n_subs)) return false;
        if (n->value && !value_fits(s, n->value)) return false;
    }
    return true;
}

static bool read_in_block(const Shape *s, const Tensor *t) {
    for (int k = 0; k < s->block->n; k++)
        if (uses_tensor(s->block->at[k]->value, t)) return true;
    return false;
}

static const Tensor *view_of(const Shape *s, const Tensor *t) {
    for (int k = 0; k < s->actuals.n; k++)
        if (s->actuals.at[k] == t) return s->views.at[k];
    return t;
}

static const Expr *flat_value(const Expr *e, void *data) {
    Shape *s = data;
    if (e->kind == X_READ && e->tensor->rank > 0) return Read(view_of(s, e->tensor), &s->at, 1);
    if (e->kind == X_RANDOM) return Random(e->site, &s->at, 1);
    return e;
}

Kernel *flat_version(const Kernel *k, bool any_length) {
    Shape s = {0};
    if (!find_loops(k, &s) || !fits(&s)) return NULL;
    int64_t rest = 1;
    for (int d = 1; d < s.n; d++)
        rest *= s.loop[d]->index->extent;
    const Index *outer = s.loop[0]->index;
    int64_t size = outer->extent * rest;
    Kernel *flat = NEW(Kernel);
    *flat = *k;
    flat->flat = true;
    const Expr *length = Mul(s.loop[0]->to, Int(rest)), *limit = length;
    flat->arguments = flat->actuals = (Tensors){0};
    for (int a = 0; a < k->arguments.n; a++) {
        const Tensor *t = k->arguments.at[a];
        if (t == outer->count && any_length && !read_in_block(&s, t)) continue;
        Tensor *view = NEW(Tensor);
        *view = *t;
        if (t->rank > 0) {
            view->rank = 1;
            view->dim[0] = (Dim){size, NULL};
        }
        PUSH(s.actuals, (Tensor *)t);
        PUSH(s.views, t->rank > 0 ? view : (Tensor *)t);
        PUSH(flat->arguments, t->rank > 0 ? view : (Tensor *)t);
        PUSH(flat->actuals, k->actuals.at[a]);
    }
    if (any_length) {
        Tensor *formal = tensor_new(name_of("length"), ROLE_SCALAR, INT, 0, NULL, NULL);
        formal->lo = 0, formal->hi = size;
        PUSH(flat->arguments, formal);
        PUSH(flat->actuals, NULL);
        flat->length = length;
        limit = Read(formal, NULL, 0);
    }
    const Index *i = index_new(s.loop[s.n - 1]->index->name, size, NULL);
    s.at = At(i);
    flat->body = (Nodes){0};
    Node *loop = add_loop(&flat->body, i, NULL, limit, outer->count ? LOOP_CHUNK : LOOP_LANE);
    for (int n = 0; n < s.block->n; n++) {
        Node *copy = NEW(Node);
        *copy = *s.block->at[n];
        copy->value = transform(copy->value, flat_value, &s);
        if (copy->kind == NODE_ASSIGN && copy->tensor->rank > 0) {
            const Expr **sub = NEW_ARRAY(const Expr *, 1);
            *sub = s.at;
            copy->subs = sub;
            copy->n_subs = 1;
            copy->tensor = view_of(&s, copy->tensor);
        }
        PUSH(loop->body, copy);
    }
    unique_names(flat);
    return flat;
}
