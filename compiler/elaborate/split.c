/* A loss as one sum over the samples times a factor that carries no gradient.
 *
 *     sum(batch) cost/sum(batch) weight     ->     term sum(batch) cost,   factor 1/sum(batch) weight
 *     mean over the batch + 0.1*sum(w^2)    ->     term sum(batch) nll + 0.1*sum(w^2)*batch,   factor 1/batch
 *
 * Such a loss can be gathered over micro-batches: gradients of the term add up, and so do the sums in the factor. A term is
 * linear in sums over samples; a factor is any function of such sums, as long as no parameter has a gradient through
 * them. Everything else (a Dice over the batch, a contrast between samples) is more than its micro-batches together, and
 * is refused. What has no gradient at all may be added to a loss in any form.
 *
 * Layers that look at other samples while training (batch norm) see micro-batches. A loss that does so is told from them
 * by the program of evaluation, where no layer may: there the split is `strict`. */
#include "split.h"

static bool is_samples(const Index *i) { return counts_samples(i->count); }

/* ---- what an expression depends on ---- */

typedef struct Finding { Splitter *s; bool samples, reads; } Finding;

static Reached reach_from(const Splitter *s, const Tensor *t) {
    Reached r = { 0 };
    Tensors one = { 0 };
    PUSH(one, (Tensor *)t);
    reach(&r, s->program, &one);
    return r;
}

/* Does the tensor depend on the samples at hand? */
static bool tensor_moves(Splitter *s, const Tensor *t) {
    const void *known = map_get(&s->moves, t);
    if (known) return known == t;
    Reached r = reach_from(s, t);
    bool yes = false;
    for (int k = 0; k < r.tensors.n && !yes; k++) {
        const Tensor *x = r.tensors.at[k];
        const Equation *q = equation_of(s->program, x);
        yes = x == s->count || (x->rank && counts_samples(x->dim[0].count));
        for (int b = 0; q && b < q->n_bound; b++) yes = yes || is_samples(q->bound[b]);
    }
    map_put(&s->moves, t, yes ? (void *)t : s);
    return yes;
}

/* Is a sample's number used for anything but to read what belongs to it, or the number of samples at all? */
static bool mixes(Splitter *s, Map *seen, const Expr *e) {
    if (map_get(seen, e) || e->kind == X_RANDOM) return false;
    map_put(seen, e, s);
    bool own = e->kind == X_READ && e->tensor->rank && counts_samples(e->tensor->dim[0].count) && e->arg[0]->kind == X_INDEX;
    if ((e->kind == X_INDEX && is_samples(e->index)) || (e->kind == X_READ && e->tensor == s->count)) return true;
    if (own && !is_samples(e->arg[0]->index)) return true;
    for (int k = own; k < e->n; k++) if (mixes(s, seen, e->arg[k])) return true;
    return false;
}

/* Does it depend on other samples than its own? Then s->blame is where. */
static bool crosses(Splitter *s, const Tensor *t) {
    const void *known = map_get(&s->crossings, t);
    if (known) return known != t;
    Reached r = reach_from(s, t);
    const Equation *found = NULL;
    Map seen = { 0 };
    for (int k = 0; k < r.tensors.n && !found; k++) {
        const Equation *q = equation_of(s->program, r.tensors.at[k]);
        for (int b = 0; q && b < q->n_bound; b++) if (is_samples(q->bound[b])) found = q;
        if (q && mixes(s, &seen, q->body)) found = q;
    }
    map_put(&s->crossings, t, found ? (void *)found : (void *)t);
    if (found && !s->blame) s->blame = found->origin;
    return found;
}

static void look(const Expr *x, void *data) {
    Finding *f = data;
    if (x->kind == X_INDEX && is_samples(x->index)) f->samples = true;
    if (x->kind == X_READ && !f->reads && tensor_moves(f->s, x->tensor)) f->reads = true;
}

static Finding find(Splitter *s, const Expr *e) {
    Finding f = { .s = s };
    visit_nodes(e, look, &f);
    return f;
}

typedef struct Flow { Map seen; LIST(const Tensor *) tensors; bool param; } Flow;

static void follow(Flow *f, const Expr *e) {
    if (e->type != REAL || (e->kind == X_OP && e->op == OP_STOP) || map_get(&f->seen, e)) return;
    map_put(&f->seen, e, f);
    if (e->kind == X_READ && e->tensor->role == ROLE_PARAM) f->param = true;
    if (e->kind == X_READ && !map_get(&f->seen, e->tensor)) {
        map_put(&f->seen, e->tensor, f);
        PUSH(f->tensors, e->tensor);
    }
    for (int k = 0; k < e->n; k++) follow(f, e->arg[k]);
}

/* Does a gradient flow through it to a parameter? */
static bool flows(Splitter *s, const Expr *e) {
    const void *known = map_get(&s->flows, e);
    if (known) return known == e;
    Flow f = { 0 };
    follow(&f, e);
    for (int k = 0; k < f.tensors.n && !f.param; k++) {
        const Equation *q = equation_of(s->program, f.tensors.at[k]);
        if (q) follow(&f, q->body);
    }
    map_put(&s->flows, e, f.param ? (void *)e : s);
    return f.param;
}

/* ---- sums with the same equation are one ---- */

typedef struct Pairing { Splitter *s; const Index *a[24], *b[24]; int n, left; } Pairing;

static bool same_expr(Pairing *p, const Expr *a, const Expr *b);

static bool same_sum(Splitter *s, Pairing *outer, const Tensor *a, const Tensor *b) {
    const Equation *x = equation_of(s->program, a), *y = equation_of(s->program, b);
    if (a == b) return true;
    if (!x || !y || x->op != y->op || x->n_free != y->n_free || x->n_bound != y->n_bound || x->scan || y->scan) return false;
    Pairing p = { .s = s, .left = outer ? outer->left : 10000 };
    for (int k = 0; k < x->n_free + x->n_bound && p.n < 24; k++, p.n++) {
        p.a[k] = k < x->n_free ? x->free[k] : x->bound[k - x->n_free];
        p.b[k] = k < x->n_free ? y->free[k] : y->bound[k - x->n_free];
        if (p.a[k]->extent != p.b[k]->extent || p.a[k]->count != p.b[k]->count) return false;
    }
    bool same = same_expr(&p, x->body, y->body);
    if (outer) outer->left = p.left;
    return same;
}

static bool same_expr(Pairing *p, const Expr *a, const Expr *b) {
    if (p->left-- <= 0) return false;
    if (a->kind == X_INDEX && b->kind == X_INDEX) {
        for (int k = 0; k < p->n; k++) if (p->a[k] == a->index || p->b[k] == b->index) return p->a[k] == a->index && p->b[k] == b->index;
        return a == b;
    }
    if (a == b && a->n == 0) return true;
    if (a->kind != b->kind || a->type != b->type || a->n != b->n || a->n == 0 || a->op != b->op) return false;
    if (a->guarded != b->guarded || a->integer != b->integer || (a->kind == X_RANDOM && a->site != b->site)) return false;
    if (a->kind == X_READ && !same_sum(p->s, p, a->tensor, b->tensor)) return false;
    for (int k = 0; k < a->n; k++) {
        if (a->kind == X_SUM && a->factor[k] != b->factor[k]) return false;
        if (!same_expr(p, a->arg[k], b->arg[k])) return false;
    }
    return true;
}

static const Tensor *known_sum(Splitter *s, const Tensor *t) {
    for (int k = 0; k < s->sums.n; k++) if (same_sum(s, NULL, s->sums.at[k], t)) return s->sums.at[k];
    PUSH(s->sums, (Tensor *)t);
    return t;
}

/* ---- values as terms and factors ---- */

static Split bad(Splitter *s, const Equation *at) {
    if (!s->blame && at) s->blame = at->origin;
    return (Split){ .kind = SPLIT_BAD };
}

static const Expr *times(const Expr *a, const Expr *b) { return !a ? b : !b ? a : Mul(a, b); }

/* A constant in front of a factor goes to the term, so that equal factors are seen to be equal. */
static const Expr *without_constant(const Expr *f, double *constant) {
    double c;
    if (f->kind == X_REAL) return ToReal(without_constant(f->arg[0], constant));
    if (f->kind == X_SUM && f->n == 1 && f->integer == 0) { *constant *= (double)f->factor[0]; return f->arg[0]; }
    if (f->kind == X_OP && f->op == OP_NEG) { *constant = -*constant; return without_constant(f->arg[0], constant); }
    if (f->kind == X_OP && f->op == OP_MUL) for (int k = 0; k < 2; k++)
        if (is_constant(f->arg[k], &c)) { *constant *= c; return without_constant(f->arg[1 - k], constant); }
    return f;
}

static Split *kept(Split v) {
    Split *copy = NEW(Split);
    *copy = v;
    return copy;
}

static Split scaled(Splitter *s, Split v, const Expr *factor, bool divide) {
    double constant = 1;
    factor = ToReal(without_constant(factor, &constant));
    const Split *also = v.also;
    v.also = NULL;
    v.term = constant == 1 ? v.term : divide ? Div(v.term, Num(constant)) : Mul(v.term, Num(constant));
    v.factor = divide ? Div(v.factor ? v.factor : Num(1), factor) : times(v.factor, factor);
    if (!also) return v;
    if (v.kind == SPLIT_SAMPLE) { v.also = kept(scaled(s, *also, factor, divide)); return v; }
    if (divide && constant == 1 && factor == ToReal(Read(s->count, NULL, 0))) return split_add(s, v, *also);
    return bad(s, NULL);
}

static Split multiply(Splitter *s, Split a, Split b, bool divide) {
    if (a.kind == SPLIT_BAD || b.kind == SPLIT_BAD) return a.kind == SPLIT_BAD ? a : b;
    if (a.kind == SPLIT_FREE && b.kind != SPLIT_FREE && !divide) return multiply(s, b, a, false);
    if (a.kind == SPLIT_FREE && b.kind == SPLIT_FREE) {
        a.moves = a.moves || b.moves;
        a.term = a.term && b.term ? (divide ? Div(a.term, b.term) : Mul(a.term, b.term)) : NULL;
        return a;
    }
    if (b.kind == SPLIT_FREE && b.moves) return b.term && (a.kind == SPLIT_SUM || a.kind == SPLIT_SAMPLE) ? scaled(s, a, b.term, divide) : bad(s, NULL);
    bool both = a.kind == SPLIT_SAMPLE && b.kind == SPLIT_SAMPLE;
    if (b.kind != SPLIT_FREE && b.kind != SPLIT_NUMBER && !both && (divide || a.kind != SPLIT_NUMBER)) return bad(s, NULL);
    if (divide && (b.factor || a.kind == SPLIT_FREE)) return bad(s, NULL);
    if (b.kind != SPLIT_FREE && (a.rest || b.rest)) return bad(s, NULL);
    if (b.also || (a.also && b.kind != SPLIT_FREE)) return bad(s, NULL);
    if (a.also) a.also = kept(multiply(s, *a.also, b, divide));
    a.kind = b.kind == SPLIT_SUM || b.kind == SPLIT_SAMPLE ? b.kind : a.kind;
    a.term = divide ? Div(a.term, b.term) : Mul(a.term, b.term);
    a.factor = times(a.factor, b.factor);
    return a;
}

/* What does not depend on the samples, as a sum over them with this factor: r = r*count * 1/count. */
static Split as_sum(Splitter *s, Split number, const Expr *factor) {
    double one;
    bool inverse = factor && factor->kind == X_OP && factor->op == OP_DIV && is_constant(factor->arg[0], &one) && one == 1;
    const Expr *sum = inverse ? factor->arg[1] : NULL;
    while (sum && sum->kind == X_REAL) sum = sum->arg[0];
    if (!sum || sum->kind != X_READ) return bad(s, NULL);
    return (Split){ .kind = SPLIT_SUM, .term = Mul(number.term, ToReal(sum)), .factor = factor };
}

/* Values of one sample, or of one and something that all have. */
static Split add_samples(Splitter *s, Split a, Split b) {
    if (a.kind == SPLIT_SUM) return add_samples(s, b, a);
    if (b.kind == SPLIT_SUM) {
        if (b.also) return bad(s, NULL);
        a.also = kept(a.also ? split_add(s, *a.also, b) : b);
        return a.also->kind == SPLIT_BAD ? *a.also : a;
    }
    if (a.factor != b.factor) return bad(s, NULL);
    const Split *also = a.also && b.also ? kept(split_add(s, *a.also, *b.also)) : a.also ? a.also : b.also;
    if (also && also->kind == SPLIT_BAD) return *also;
    return (Split){ .kind = SPLIT_SAMPLE, .term = Add(a.term, b.term), .factor = a.factor, .rest = a.rest || b.rest, .also = also };
}

Split split_add(Splitter *s, Split a, Split b) {
    if (a.kind == SPLIT_BAD || b.kind == SPLIT_BAD) return a.kind == SPLIT_BAD ? a : b;
    if (a.kind == SPLIT_FREE && b.kind == SPLIT_FREE) {
        a.moves = a.moves || b.moves;
        a.term = a.term && b.term ? Add(a.term, b.term) : NULL;
        return a;
    }
    if (b.kind == SPLIT_FREE || a.kind == SPLIT_FREE) {
        Split v = a.kind == SPLIT_FREE ? b : a, free = a.kind == SPLIT_FREE ? a : b;
        if (v.kind != SPLIT_SAMPLE || free.moves || v.factor) { v.rest = true; return v; }
    }
    if (a.kind == SPLIT_SAMPLE || b.kind == SPLIT_SAMPLE) return add_samples(s, a, b);
    if (a.kind == SPLIT_NUMBER && b.kind == SPLIT_SUM) a = as_sum(s, a, b.factor);
    if (b.kind == SPLIT_NUMBER && a.kind == SPLIT_SUM) b = as_sum(s, b, a.factor);
    if (a.kind == SPLIT_BAD || b.kind == SPLIT_BAD) return a.kind == SPLIT_BAD ? a : b;
    if (a.also || b.also) return bad(s, NULL);
    if (a.factor != b.factor) { s->unequal = true; return bad(s, NULL); }
    a.term = Add(a.term, b.term);
    a.rest = a.rest || b.rest;
    return a;
}

static Split negated(Split a) {
    if (a.term) a.term = Neg(a.term);
    if (a.also) a.also = kept(negated(*a.also));
    return a;
}

static Split chosen(Splitter *s, const Expr *e, Split c, Split a, Split b) {
    if (c.kind != SPLIT_FREE || !c.term) return bad(s, NULL);
    if (a.kind == SPLIT_BAD || b.kind == SPLIT_BAD) return a.kind == SPLIT_BAD ? a : b;
    if (a.kind == SPLIT_FREE && b.kind == SPLIT_FREE)
        return (Split){ .kind = SPLIT_FREE, .moves = true, .term = a.term && b.term ? Where(c.term, a.term, b.term) : NULL };
    const Expr *none = Num(0);
    bool rest = a.rest || b.rest || a.kind == SPLIT_FREE || b.kind == SPLIT_FREE;
    if (a.also || b.also) return bad(s, NULL);
    if (a.kind == SPLIT_SUM && b.kind == SPLIT_FREE) a.factor = Where(c.term, a.factor ? a.factor : Num(1), none);
    else if (b.kind == SPLIT_SUM && a.kind == SPLIT_FREE) { b.factor = Where(c.term, none, b.factor ? b.factor : Num(1)); a = b; }
    else if (a.kind == SPLIT_SUM && b.kind == SPLIT_SUM && a.factor == b.factor && !c.moves) a.term = Where(e->arg[0], a.term, b.term);
    else return bad(s, NULL);
    a.rest = rest;
    return a;
}

/* ---- the walk ---- */

/* sum(bound) body, read at the indices around it. */
static const Expr *new_sum(Splitter *s, const Equation *q, const Expr *body) {
    Tensor *t = tensor_new(fresh_name(s->names, text("%s_term", q->out->name)), ROLE_VALUE, REAL, q->n_free, q->out->dim, q->origin);
    const Expr *subs[MAX_RANK];
    for (int k = 0; k < q->n_free; k++) subs[k] = At(q->free[k]);
    equation_new(s->program, t, q->free, REDUCE_SUM, q->bound, q->n_bound, body, q->origin);
    return Read(t, subs, q->n_free);
}

static Split split_reduction(Splitter *s, const Equation *q) {
    bool samples = false, varies = false;
    for (int k = 0; k < q->n_bound; k++) samples = samples || is_samples(q->bound[k]);
    if (q->op != REDUCE_SUM || q->scan) return bad(s, q);
    Split v = split_expr(s, q->body);
    if (v.kind == SPLIT_BAD) return bad(s, q);
    for (int k = 0; v.factor && k < q->n_bound; k++) varies = varies || uses_index(v.factor, q->bound[k]);
    if (samples ? v.kind == SPLIT_SUM || (v.kind == SPLIT_FREE && v.moves) : v.kind != SPLIT_SUM) return bad(s, q);
    if (varies) return bad(s, q);
    const Expr *subs[MAX_RANK];
    for (int k = 0; k < q->n_free; k++) subs[k] = At(q->free[k]);
    const Expr *term = v.factor || v.term != q->body ? new_sum(s, q, v.term) : Read(q->out, subs, q->n_free);
    if (v.also && !samples) return bad(s, q);
    return (Split){ .kind = SPLIT_SUM, .term = term, .factor = v.factor, .rest = v.rest, .also = v.also };
}

/* A plain equation is split once. */
static Split split_equation(Splitter *s, const Equation *q) {
    Split *known = map_get(&s->known, q);
    if (known) return *known;
    known = NEW(Split);
    *known = (Split){ .kind = SPLIT_BAD };                      /* what a circle finds */
    map_put(&s->known, q, known);
    return *known = split_expr(s, q->body);
}

static Split at_read(Split v, const Equation *q, const Expr *read) {
    if (v.term) v.term = substitute(v.term, q->free, read->arg, q->n_free);
    if (v.factor) v.factor = substitute(v.factor, q->free, read->arg, q->n_free);
    if (v.also) v.also = kept(at_read(*v.also, q, read));
    return v;
}

static Split split_read(Splitter *s, const Expr *e) {
    const Equation *q = e->guarded ? NULL : equation_of(s->program, e->tensor);
    bool free = !flows(s, e);
    if (e->tensor == s->count) return (Split){ .kind = SPLIT_FREE, .moves = true, .term = e };
    if (!q) return free ? (Split){ .kind = SPLIT_FREE, .moves = true } : bad(s, NULL);
    const Origin *blame = s->blame;
    Split v = q->op == REDUCE_NONE && !q->scan ? split_equation(s, q) : split_reduction(s, q);
    if (v.kind == SPLIT_SAMPLE) v = bad(s, q);                  /* of a sample that is named by its number */
    if (v.kind == SPLIT_BAD && !free && q->op == REDUCE_NONE) return bad(s, q);
    if (!free || v.kind == SPLIT_FREE) return at_read(v, q, e);
    s->blame = blame;
    bool plain = v.kind == SPLIT_SUM && !v.factor && !v.rest && !v.also && !e->n;
    return (Split){ .kind = SPLIT_FREE, .moves = true, .term = plain ? Read(known_sum(s, e->tensor), NULL, 0) : NULL };
}

static void look_crossing(const Expr *x, void *data) {
    Splitter *s = data;
    if (x->kind == X_READ) s->crossed = s->crossed || crosses(s, x->tensor);
}

/* A value of one sample, whole. */
static Split sample(Splitter *s, const Expr *e) {
    Map seen = { 0 };
    s->crossed = s->strict && mixes(s, &seen, e);
    if (s->strict) visit_nodes(e, look_crossing, s);
    return s->crossed ? bad(s, NULL) : (Split){ .kind = SPLIT_SAMPLE, .term = e };
}

/* A factor in front of a sample's value is found through plain equations; everything else is left as it stands. */
static Split split_sample(Splitter *s, const Expr *e) {
    const Origin *blame = s->blame;
    bool unequal = s->unequal;
    Split v = { .kind = SPLIT_BAD };
    const Equation *q = e->kind == X_READ && !e->guarded ? equation_of(s->program, e->tensor) : NULL;
    if (q && q->op == REDUCE_NONE && !q->scan) v = at_read(split_equation(s, q), q, e);
    else if (e->kind == X_OP && (e->op == OP_MUL || e->op == OP_DIV)) v = multiply(s, split_expr(s, e->arg[0]), split_expr(s, e->arg[1]), e->op == OP_DIV);
    else if (e->kind == X_OP && e->op == OP_NEG) v = negated(split_expr(s, e->arg[0]));
    else if (e->kind == X_OP && e->op == OP_ADD) v = split_add(s, split_expr(s, e->arg[0]), split_expr(s, e->arg[1]));
    else if (e->kind == X_OP && e->op == OP_SUB) v = split_add(s, split_expr(s, e->arg[0]), negated(split_expr(s, e->arg[1])));
    s->blame = blame;
    s->unequal = unequal;
    return v.kind == SPLIT_SAMPLE && (v.factor || v.rest || v.also) ? v : sample(s, e);
}

static Split split_op(Splitter *s, const Expr *e) {
    Split v[4];
    const Expr *arg[4];
    bool free = e->n <= 4, known = true;
    for (int k = 0; k < e->n && k < 4; k++) {
        v[k] = split_expr(s, e->arg[k]);
        free = free && v[k].kind == SPLIT_FREE;
        known = known && v[k].term;
        arg[k] = v[k].term;
    }
    if (free) return (Split){ .kind = SPLIT_FREE, .moves = true, .term = known ? rebuild(e, arg) : NULL };
    if (e->kind == X_OP && e->op == OP_STOP && v[0].kind == SPLIT_SUM && !v[0].rest && !v[0].also && v[0].term->kind == X_READ && !v[0].term->n)
        return (Split){ .kind = SPLIT_FREE, .moves = true, .term = times(Read(known_sum(s, v[0].term->tensor), NULL, 0), v[0].factor) };
    if (!flows(s, e)) return (Split){ .kind = SPLIT_FREE, .moves = true };
    if (e->kind == X_WHERE) return chosen(s, e, v[0], v[1], v[2]);
    if (e->kind == X_OP && e->op == OP_ADD) return split_add(s, v[0], v[1]);
    if (e->kind == X_OP && e->op == OP_SUB) return split_add(s, v[0], negated(v[1]));
    if (e->kind == X_OP && e->op == OP_NEG) return negated(v[0]);
    if (e->kind == X_OP && (e->op == OP_MUL || e->op == OP_DIV)) return multiply(s, v[0], v[1], e->op == OP_DIV);
    for (int k = 0; k < e->n && k < 4; k++) if (v[k].kind == SPLIT_BAD) return v[k];
    return bad(s, NULL);
}

Split split_expr(Splitter *s, const Expr *e) {
    Finding f = find(s, e);
    if (!f.samples && !f.reads) return (Split){ .kind = flows(s, e) ? SPLIT_NUMBER : SPLIT_FREE, .term = e };
    if (f.samples) return split_sample(s, e);
    return e->kind == X_READ ? split_read(s, e) : split_op(s, e);
}
