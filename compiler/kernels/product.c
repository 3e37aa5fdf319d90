/* Matrix products: a sum of products of two tensors that is one matrix product, or one for each turn of outer loops.
 *
 *     y[n, o] = sum(i) w[o, i]*x[n, i]                 y = x w'
 *     d_w[o, i] = sum(n) g[n, o]*x[n, i]               d_w = g' x
 *     y[n, o, h, w] = sum(c) f[o, c]*x[n, c, h, w]     for n: y[n] = f x[n]
 *
 * An index is a row (m: in the result and the first factor), a column (n: in the result and the second), summed (k: in both
 * factors) or outer (in all three). The indices of one kind must count through memory as one number would, in each tensor
 * that has them; what does not fit becomes outer. One stride of each matrix is 1. Epilogues follow as a map over the result,
 * in place where the sum itself is not kept. Only large products come here: a call costs as much as a thousand operations. */
#include "group.h"

enum { LEAST_WORK = 16384 };
enum { A, B, C };

typedef struct { const Index *index[12]; int n; int64_t extent, stride[3]; } Kind;

typedef struct Product {
    const Tensor *tensor[3];
    const Expr *position[3];
    Kind m, n, k;
    const Index *outer[12];
    int n_outer;
} Product;

static bool is_matrix(const Expr *e) {
    return e->kind == X_READ && !e->guarded && e->tensor->type == REAL && !e->tensor->byte && e->tensor->rank > 0 &&
           !adds_up(e->tensor);
}

/* Sorts an index into its kind; false: its part is none that a product has. */
static bool sort_index(Product *p, const Index *i, bool bound) {
    int64_t stride[3];
    for (int t = 0; t < 3; t++)
        if (!stride_of(p->position[t], i, &stride[t]) || stride[t] < 0) return false;
    if (i->extent == 1 && !i->count) return true;
    bool a = stride[A] != 0, b = stride[B] != 0, c = stride[C] != 0;
    Kind *kind = bound ? (a && b && !c ? &p->k : NULL) : !c ? NULL : a && b ? NULL : a ? &p->m : b ? &p->n : NULL;
    if (!kind) {
        if (bound || !c || !a || !b) return false;
        p->outer[p->n_outer++] = i;
        return true;
    }
    /* Outermost first, by the stride in a tensor that has it. */
    int lead = kind == &p->n ? B : A, at = kind->n++;
    for (; at > 0; at--) {
        int64_t other;
        stride_of(p->position[lead], kind->index[at - 1], &other);
        if (other >= stride[lead]) break;
        kind->index[at] = kind->index[at - 1];
    }
    kind->index[at] = i;
    return true;
}

/* The indices of a kind counted as one number, from the innermost out; false: those before `*fits` do not fit. */
static bool join_indices(const Product *p, Kind *kind, const int *tensors, int *fits) {
    kind->extent = 1;
    for (*fits = kind->n; *fits > 0; --*fits) {
        const Index *i = kind->index[*fits - 1];
        for (int t = 0; t < 2; t++) {
            int64_t stride;
            stride_of(p->position[tensors[t]], i, &stride);
            if (*fits == kind->n) kind->stride[tensors[t]] = stride;
            else if (stride != kind->stride[tensors[t]] * kind->extent) return false;
        }
        if (i->count && *fits > 1) return false;
        kind->extent *= i->extent;
    }
    return true;
}

static bool arrange(Product *p) {
    Kind *kinds[] = {&p->m, &p->n, &p->k};
    static const int tensors[][2] = {{A, C}, {B, C}, {A, B}};
    for (int q = 0; q < 3; q++) {
        int fits;
        if (kinds[q]->n == 0) return false;
        if (join_indices(p, kinds[q], tensors[q], &fits)) continue;
        if (kinds[q] == &p->k || fits == kinds[q]->n) return false;
        for (int k = 0; k < fits; k++)
            p->outer[p->n_outer++] = kinds[q]->index[k];
        for (int k = fits; k < kinds[q]->n; k++)
            kinds[q]->index[k - fits] = kinds[q]->index[k];
        kinds[q]->n -= fits;
        if (!join_indices(p, kinds[q], tensors[q], &fits)) return false;
    }
    return (double)p->m.extent * (double)p->n.extent * (double)p->k.extent >= LEAST_WORK;
}

static const Expr *extent_now(const Kind *kind) {
    const Index *outermost = kind->index[0];
    return Mul(index_limit(outermost), Int(kind->extent / outermost->extent));
}

static const Expr *offset_of(const Product *p, int tensor) {
    const Expr *e = p->position[tensor];
    e = at_zero(e, p->m.index, p->m.n);
    e = at_zero(e, p->n.index, p->n.n);
    return at_zero(e, p->k.index, p->k.n);
}

static Gemm *gemm_of(const Product *p) {
    Gemm *g = NEW(Gemm);
    g->a = p->tensor[A], g->b = p->tensor[B], g->c = p->tensor[C];
    g->m = extent_now(&p->m), g->n = extent_now(&p->n), g->k = extent_now(&p->k);
    if (p->k.stride[A] == 1) g->lda = p->m.stride[A];
    else if (p->m.stride[A] == 1) g->a_transposed = true, g->lda = p->k.stride[A];
    else return NULL;
    if (p->n.stride[B] == 1) g->ldb = p->k.stride[B];
    else if (p->k.stride[B] == 1) g->b_transposed = true, g->ldb = p->n.stride[B];
    else return NULL;
    if (p->n.stride[C] != 1) return NULL;
    g->ldc = p->m.stride[C];
    g->a_offset = offset_of(p, A), g->b_offset = offset_of(p, B), g->c_offset = offset_of(p, C);
    return g;
}

/* Where the sum goes: its own tensor, or that of a value made of it at the same element, which is then made in place. */
static const Member *result_of(const Nest *nest) {
    for (int k = 0; k < nest->members.n; k++) {
        const Member *m = &nest->members.at[k];
        if (!m->target || m->type != REAL || m->target->role == ROLE_NEXT || adds_up(m->target)) continue;
        bool read = false;
        for (int o = 0; o < nest->members.n; o++)
            read |= uses_tensor(nest->members.at[o].body, m->target);
        if (!read) return m;
        if (k == 0) return NULL;
    }
    return NULL;
}

typedef struct { const Tensor *local; const Expr *value; } Replaced;

static const Expr *replace_local(const Expr *e, void *data) {
    const Replaced *r = data;
    return e->kind == X_READ && e->tensor == r->local ? r->value : e;
}

static void add_maps(Nodes *to, const Nest *nest, const Member *result) {
    Nest *rest = NEW(Nest);
    rest->free = nest->free;
    rest->n_free = nest->n_free;
    Replaced r = {nest->members.at[0].local, Read(result->target, result->subs, result->n_subs)};
    for (int k = 1; k < nest->members.n; k++) {
        Member m = nest->members.at[k];
        if (r.local) m.body = transform(m.body, replace_local, &r);
        PUSH(rest->members, m);
    }
    if (rest->members.n) schedule_lanes(to, rest);
}

bool schedule_product(Nodes *to, const Nest *nest) {
    const Member *sum = &nest->members.at[0];
    if (sum->op != REDUCE_SUM || sum->body->kind != X_OP || sum->body->op != OP_MUL) return false;
    for (int k = 1; k < nest->members.n; k++)
        if (nest->members.at[k].op != REDUCE_NONE) return false;
    const Expr *a = sum->body->arg[0], *b = sum->body->arg[1];
    const Member *result = result_of(nest);
    if (!is_matrix(a) || !is_matrix(b) || !result) return false;
    for (int swapped = 0; swapped < 2; swapped++) {
        const Expr *first = swapped ? b : a, *second = swapped ? a : b;
        Product p = {.tensor = {first->tensor, second->tensor, result->target}};
        p.position[A] = position(first->tensor, first->arg);
        p.position[B] = position(second->tensor, second->arg);
        p.position[C] = position(result->target, result->subs);
        bool ok = true;
        for (int k = 0; ok && k < nest->n_free; k++)
            ok = sort_index(&p, nest->free[k], false);
        for (int k = 0; ok && k < sum->n_bound; k++)
            ok = sort_index(&p, sum->bound[k], true);
        Gemm *g = ok && arrange(&p) ? gemm_of(&p) : NULL;
        if (!g) continue;
        Nodes *inner = add_nest(to, p.outer, p.n_outer);
        Node *n = NEW(Node);
        n->kind = NODE_GEMM;
        n->gemm = g;
        PUSH(*inner, n);
        add_maps(to, nest, result);
        return true;
    }
    return false;
}
