/* Differentiation: reverse mode over equations, whose results are equations again.
 *
 * For each read T[f] in  out[free] = sum(bound) body  the loss owes T the share
 *
 *     d_T[t] = sum(free, bound) where(t == f, d_out[free] * d body/d T[f], 0)
 *
 * which is always right; the solver (solve.c) then finds the summed indices from t. For example
 *
 *     y[o] = sum(i) w[o, i]*x[i]   gives   d_w[o, i] = d_y[o]*x[i]   and   d_x[i] = sum(o) d_y[o]*w[o, i]
 *
 * Only active tensors take part: those that depend on some of wrt and have an effect on the loss. Their adjoints are made
 * before their equations, so that a cycle needs no special case: the adjoint of a scan reads d_ at t+1, and that is a
 * scan the other way. Within a body an adjoint is a pair (guard, value), E7. E8: each read gives an equation for its share
 * and one equation adds the shares; shares that are maps are added within one body, and a single share is the adjoint. */
#include "map.h"
#include "names.h"
#include "solve.h"
#include <math.h>

typedef struct { const Expr *guard, *value; } Pair;             /* where(guard, value, 0) */

/* What is known of a tensor: who reads it, whether it is active, its adjoint and the shares of it so far. */
typedef struct Known {
    const Tensor *tensor;
    Equation *equation;                                         /* NULL: given */
    Equations readers;                                          /* that can be differentiated by it */
    bool depends, matters;
    bool done;                                                  /* its equation has given all its shares */
    Tensor *adjoint;
    const Index **index;                                        /* the free indices of its adjoint */
    LIST(Sum *) shares;
    LIST(const Origin *) origins;                               /* of the equations that gave the shares */
} Known;

typedef struct {
    Program *program;
    const Tensor *loss;
    Map by_tensor;                                              /* Tensor -> Known */
    LIST(Known *) known;                                        /* in order of first sight */
    Names *names;
} Work;

static Known *known_of(Work *w, const Tensor *t) {
    Known *f = map_get(&w->by_tensor, t);
    if (f) return f;
    f = NEW(Known);
    f->tensor = t;
    map_put(&w->by_tensor, t, f);
    PUSH(w->known, f);
    return f;
}

/* --- which tensors are active --- */

typedef struct { LIST(const Expr *) nodes; Map seen; } Path;

/* The real nodes that a derivative passes through, operands first: not under stop, nor in conditions or subscripts. */
static void follow(Path *path, const Expr *e) {
    if (e->type != REAL || map_get(&path->seen, e)) return;
    map_put(&path->seen, e, path);
    if (e->kind == X_READ) {
        if (e->guarded) follow(path, e->arg[e->n - 1]);
    } else if (e->kind == X_WHERE) {
        follow(path, e->arg[1]);
        follow(path, e->arg[2]);
    } else if (e->kind == X_OP && e->op != OP_STOP) {
        for (int k = 0; k < e->n; k++) follow(path, e->arg[k]);
    }
    PUSH(path->nodes, e);
}

static void find_readers(Work *w) {
    for (int k = 0; k < w->program->equations.n; k++) {
        Equation *e = w->program->equations.at[k];
        known_of(w, e->out)->equation = e;
        if (e->out->type != REAL) continue;
        Path path = {0};
        follow(&path, e->body);
        for (int i = 0; i < path.nodes.n; i++) {
            const Expr *node = path.nodes.at[i];
            if (node->kind != X_READ) continue;
            Known *f = known_of(w, node->tensor);
            if (!f->readers.n || f->readers.at[f->readers.n - 1] != e) PUSH(f->readers, e);
        }
    }
}

static void find_active(Work *w, const Tensor *const *wrt, int n) {
    LIST(Known *) open = {0};
    for (int k = 0; k < n; k++) PUSH(open, known_of(w, wrt[k]));
    while (open.n) {
        Known *f = open.at[--open.n];
        if (f->depends) continue;
        f->depends = true;
        for (int k = 0; k < f->readers.n; k++) PUSH(open, known_of(w, f->readers.at[k]->out));
    }
    PUSH(open, known_of(w, w->loss));
    while (open.n) {
        Known *f = open.at[--open.n];
        if (f->matters || !f->depends) continue;
        f->matters = true;
        if (!f->equation) continue;
        Path path = {0};
        follow(&path, f->equation->body);
        for (int i = 0; i < path.nodes.n; i++) {
            if (path.nodes.at[i]->kind == X_READ) PUSH(open, known_of(w, path.nodes.at[i]->tensor));
        }
    }
}

static bool is_active(Work *w, const Tensor *t) {
    const Known *f = map_get(&w->by_tensor, t);
    return f && f->depends && f->matters;
}

/* --- adjoint tensors and their indices --- */

static bool name_taken(const Index *const *index, int n, const char *name) {
    for (int k = 0; k < n; k++) {
        if (index[k]->name == name) return true;
    }
    return false;
}

/* The index is called as in the tensor's own equation, or as where it is first read (i in x[i] and in x[i+u-2]), or by a
 * letter. */
static const char *index_name(const Known *f, int axis) {
    static const char *const letters[] = {"i", "j", "k", "l", "m", "n", "p", "q", "r", "s", "t", "u"};
    if (f->equation) return f->equation->free[axis]->name;
    for (int k = 0; k < f->readers.n; k++) {
        Path path = {0};
        follow(&path, f->readers.at[k]->body);
        for (int i = 0; i < path.nodes.n; i++) {
            const Expr *e = path.nodes.at[i];
            if (e->kind != X_READ || e->tensor != f->tensor) continue;
            const Expr *sub = e->arg[axis]->kind == X_SUM ? e->arg[axis]->arg[0] : e->arg[axis];
            if (sub->kind == X_INDEX) return sub->index->name;
        }
    }
    return letters[axis];
}

static const char *free_name(const Index *const *index, int n, const char *wish) {
    const char *name = name_of(wish);
    for (int k = 2; name_taken(index, n, name); k++) name = name_of(text("%s%d", wish, k));
    return name;
}

static void make_adjoint(Work *w, Known *f) {
    const Tensor *t = f->tensor;
    f->adjoint = tensor_new(fresh_name(w->names, text("d_%s", t->name)), ROLE_VALUE, REAL, t->rank, t->dim, t->origin);
    f->adjoint->adjoint = true;
    f->index = NEW_ARRAY(const Index *, t->rank + 1);
    for (int k = 0; k < t->rank; k++) {
        f->index[k] = index_over(free_name(f->index, k, index_name(f, k)), t->dim[k]);
    }
}

static const Expr *read_at(const Tensor *t, const Index *const *index) {
    const Expr *subs[13];
    for (int k = 0; k < t->rank; k++) subs[k] = At(index[k]);
    return Read(t, subs, t->rank);
}

/* --- reverse mode within a body --- */

static Pair pair_of(const Expr *guard, const Expr *value) {
    const Sum *s = sum_new(value);
    for (int k = 0; k < s->conditions.n; k++) guard = And(guard, s->conditions.at[k]);
    return (Pair){s->nothing ? Truth(false) : guard, s->term};
}

static void add_to(Map *adjoints, const Expr *node, Pair p) {
    Pair *old = map_get(adjoints, node);
    if (p.guard == Truth(false)) return;
    if (!old) {
        old = NEW(Pair);
        *old = p;
        map_put(adjoints, node, old);
    } else if (old->guard == p.guard) {
        old->value = Add(old->value, p.value);
    } else if (old->guard == Not(p.guard)) {
        *old = (Pair){Truth(true), Where(p.guard, p.value, old->value)};
    } else {
        old->value = Add(guarded(old->guard, old->value), guarded(p.guard, p.value));
        old->guard = Or(old->guard, p.guard);
    }
}

/* The nodes from which an active read can be reached, operands first. */
static void find_relevant(Work *w, const Path *path, Map *relevant) {
    for (int i = 0; i < path->nodes.n; i++) {
        const Expr *e = path->nodes.at[i];
        bool is = e->kind == X_READ && is_active(w, e->tensor);
        for (int k = 0; k < e->n && !is; k++) is = map_get(&path->seen, e->arg[k]) && map_get(relevant, e->arg[k]);
        if (e->kind == X_OP && e->op == OP_STOP) is = false;
        if (is) map_put(relevant, e, w);
    }
}

static void pass_down(const Expr *e, const Pair *p, const Map *relevant, Map *adjoints) {
    if (e->kind == X_READ && e->guarded && map_get(relevant, e->arg[e->n - 1])) {
        add_to(adjoints, e->arg[e->n - 1], pair_of(And(p->guard, Not(read_inside(e))), p->value));
    } else if (e->kind == X_WHERE) {
        if (map_get(relevant, e->arg[1])) add_to(adjoints, e->arg[1], pair_of(And(p->guard, e->arg[0]), p->value));
        if (map_get(relevant, e->arg[2])) add_to(adjoints, e->arg[2], pair_of(And(p->guard, Not(e->arg[0])), p->value));
    } else if (e->kind == X_OP) {
        for (int k = 0; k < e->n; k++) {
            const Expr *d = map_get(relevant, e->arg[k]) ? op_derivative(e, k, p->value) : NULL;
            if (d) add_to(adjoints, e->arg[k], pair_of(p->guard, d));
        }
    }
}

/* The share of the adjoint that this read is owed. Where the deltas hold, the read is the tensor at t itself. */
static void add_share(Work *w, const Equation *e, const Expr *read, const Pair *p) {
    Known *f = known_of(w, read->tensor);
    const Expr *there = read_at(f->tensor, f->index);
    Sum *s = sum_new(exchange(p->value, read, there));
    for (int k = 0; k < e->n_free; k++) PUSH(s->bound, e->free[k]);
    for (int k = 0; k < e->n_bound; k++) PUSH(s->bound, e->bound[k]);
    for (int k = 0; k < f->tensor->rank; k++) sum_require(s, Eq(At(f->index[k]), read->arg[k]));
    sum_require(s, exchange(p->guard, read, there));
    sum_solve(s);
    if (s->nothing) return;
    PUSH(f->shares, s);
    PUSH(f->origins, e->origin);
}

/* --- what a reduction passes to its body --- */

static const Expr *offset_of(const Index *const *index, int n) {
    const Expr *offset = Int(0);
    for (int k = 0; k < n; k++) offset = Add(Mul(offset, Int(index[k]->extent)), At(index[k]));
    return offset;
}

/* Where the maximum was found: the first winner. The kernel of the maximum can compute it in the same sweep. */
static Pair to_winner(Work *w, const Equation *e, const Expr *value) {
    const char *name = fresh_name(w->names, text("%s_winner", e->out->name));
    Tensor *winner = tensor_new(name, ROLE_VALUE, INT, e->out->rank, e->out->dim, e->origin);
    winner->lo = 0;
    winner->hi = 0;
    for (int k = 0; k < e->n_bound; k++) winner->hi = winner->hi * e->bound[k]->extent + e->bound[k]->extent - 1;
    Reduce op = e->op == REDUCE_MAX ? REDUCE_ARGMAX : REDUCE_ARGMIN;
    equation_new(w->program, winner, e->free, op, e->bound, e->n_bound, e->body, e->origin);
    return (Pair){Eq(offset_of(e->bound, e->n_bound), read_at(winner, e->free)), value};
}

/* The product of the others, which is right where factors are zero too:
 * others[free, bound] = prod(k) where(k == bound, 1, body(k)). */
static Pair to_factors(Work *w, const Equation *e, const Expr *value) {
    int rank = e->n_free + e->n_bound;
    const Index **index = NEW_ARRAY(const Index *, rank), **inner = NEW_ARRAY(const Index *, e->n_bound);
    const Expr **inner_at = NEW_ARRAY(const Expr *, e->n_bound), *same = Truth(true);
    Dim dim[24];
    int n = 0;
    for (int counted = 1; counted >= 0; counted--)              /* samples come first */
        for (int k = 0; k < rank; k++) {
            const Index *i = k < e->n_free ? e->free[k] : e->bound[k - e->n_free];
            if (counts_samples(i->count) != counted) continue;
            index[n] = i;
            dim[n++] = dim_of(i);
        }
    for (int k = 0; k < e->n_bound; k++) {
        inner[k] = index_over(name_of(text("%s_other", e->bound[k]->name)), dim_of(e->bound[k]));
        inner_at[k] = At(inner[k]);
        same = And(same, Eq(inner_at[k], At(e->bound[k])));
    }
    Tensor *others = tensor_new(fresh_name(w->names, text("%s_others", e->out->name)), ROLE_VALUE, REAL, rank, dim, e->origin);
    others->adjoint = true;
    const Expr *body = Where(same, Num(1), substitute(e->body, e->bound, inner_at, e->n_bound));
    equation_new(w->program, others, index, REDUCE_PROD, inner, e->n_bound, body, e->origin);
    return (Pair){Truth(true), Mul(value, read_at(others, index))};
}

static void note_infinity(const Expr *e, void *found) {
    if (e->kind == X_NUM && isinf(e->num)) *(bool *)found = true;
}

/* Conditions about infinities, as in where(top == -inf, ..), under which alone the adjoint of e's result is not 0: they go
 * along into the next equation, whose own derivative may be inf or NaN where they do not hold. */
static const Expr *guard_of(Work *w, const Equation *e, const Known *f) {
    const Expr *guard = Truth(true), *at[13];
    for (int k = 0; k < f->readers.n; k++) {
        const Tensor *reader = f->readers.at[k]->out;
        if (is_active(w, reader) && !known_of(w, reader)->done) return guard;
    }
    for (int k = 0; k < e->n_free; k++) at[k] = At(e->free[k]);
    for (int i = 0; f->shares.n && i < f->shares.at[0]->conditions.n; i++) {
        const Expr *c = f->shares.at[0]->conditions.at[i];
        bool wanted = false;
        visit_nodes(c, note_infinity, &wanted);
        for (int k = 0; wanted && k < f->shares.n; k++) {
            const Sum *s = f->shares.at[k];
            wanted = s->bound.n == 0;
            bool has = false;
            for (int n = 0; n < s->conditions.n; n++) has = has || s->conditions.at[n] == c;
            wanted = wanted && has;
        }
        if (wanted) guard = And(guard, substitute(c, f->index, at, e->n_free));
    }
    return guard;
}

static void differentiate_equation(Work *w, const Equation *e) {
    Known *f = known_of(w, e->out);
    Path path = {0};
    Map relevant = {0}, adjoints = {0};
    follow(&path, e->body);
    find_relevant(w, &path, &relevant);
    if (!map_get(&relevant, e->body)) return;
    const Expr *d_out = e->out == w->loss ? Num(1) : read_at(f->adjoint, e->free);
    Pair start = {Truth(true), d_out};
    if (e->op == REDUCE_MAX || e->op == REDUCE_MIN) start = to_winner(w, e, d_out);
    if (e->op == REDUCE_PROD) start = to_factors(w, e, d_out);
    start.guard = And(guard_of(w, e, f), start.guard);
    f->done = true;
    add_to(&adjoints, e->body, start);
    for (int i = path.nodes.n - 1; i >= 0; i--) {
        const Expr *node = path.nodes.at[i];
        Pair *p = map_get(&relevant, node) ? map_get(&adjoints, node) : NULL;
        if (!p) continue;
        if (e->op == REDUCE_NONE && e->body->kind == X_OP) {    /* the result is stored: no need to compute it again */
            const Expr *stored = read_at(e->out, e->free);
            p->guard = exchange(p->guard, e->body, stored);
            p->value = exchange(p->value, e->body, stored);
        }
        if (node->kind == X_READ && is_active(w, node->tensor)) add_share(w, e, node, p);
        pass_down(node, p, &relevant, &adjoints);
    }
}

/* --- adding the shares --- */

static Equation *equation_of_sum(Work *w, Tensor *out, const Index *const *free, Sum *s, const Origin *origin) {
    LIST(const Index *) taken = {0};
    for (int k = 0; k < out->rank; k++) PUSH(taken, free[k]);
    const Expr *body = sum_body(s);
    for (int k = 0; k < s->bound.n; k++) {                      /* names are told apart within the equation */
        const Index *old = s->bound.at[k], *index = old;
        if (name_taken(taken.at, taken.n, old->name)) {
            index = index_over(free_name(taken.at, taken.n, old->name), dim_of(old));
        }
        const Expr *at = At(index);
        body = substitute(body, &old, &at, 1);
        s->bound.at[k] = index;
        PUSH(taken, index);
    }
    return equation_new(w->program, out, free, s->bound.n ? REDUCE_SUM : REDUCE_NONE, s->bound.at, s->bound.n, body, origin);
}

static void add_shares(Work *w, Known *f) {
    const Origin *origin = f->origins.n ? f->origins.at[0] : f->tensor->origin;
    if (f->shares.n == 1) {
        equation_of_sum(w, f->adjoint, f->index, f->shares.at[0], origin);
        return;
    }
    Sum total = {0};
    total.term = f->tensor == w->loss ? Num(1) : Num(0);
    for (int k = 0; k < f->shares.n; k++) {
        Sum *s = f->shares.at[k];
        if (s->bound.n) {
            Tensor *share = tensor_new(fresh_name(w->names, text("%s_%d", f->adjoint->name, k + 1)), ROLE_VALUE, REAL,
                                       f->adjoint->rank, f->adjoint->dim, f->origins.at[k]);
            share->adjoint = true;
            equation_of_sum(w, share, f->index, s, f->origins.at[k]);
            total.term = Add(total.term, read_at(share, f->index));
        } else {
            total.term = Add(total.term, sum_body(s));
        }
    }
    equation_of_sum(w, f->adjoint, f->index, &total, origin);
}

void differentiate(Program *p, const Tensor *loss, const Tensor *const *wrt, int n, Tensor **grads) {
    Work w = {.program = p, .loss = loss, .names = names_of(p)};
    find_readers(&w);
    find_active(&w, wrt, n);
    int equations = p->equations.n, known = w.known.n;
    for (int k = 0; k < n; k++) {
        if (!known_of(&w, wrt[k])->adjoint) make_adjoint(&w, known_of(&w, wrt[k]));
    }
    for (int k = 0; k < known; k++) {
        Known *f = w.known.at[k];
        if (f->depends && f->matters && !f->adjoint && f->tensor != loss) make_adjoint(&w, f);
    }
    for (int k = equations - 1; k >= 0; k--) {
        const Equation *e = p->equations.at[k];
        if (is_active(&w, e->out)) differentiate_equation(&w, e);
    }
    for (int k = known - 1; k >= 0; k--) {
        if (w.known.at[k]->adjoint) add_shares(&w, w.known.at[k]);
    }
    for (int k = 0; k < n; k++) grads[k] = known_of(&w, wrt[k])->adjoint;
}
