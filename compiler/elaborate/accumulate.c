/* Gradients over several calls: `train batch=64, accumulate=4`.
 *
 * The update sees the gradient of all samples since the last one, as if they had been one batch. With the loss split
 * into term*factor (split.c), a call finds the gradient d of its own term, and
 *
 *     weight'  = weight + sum                        for each sum that the factor reads
 *     take     = factor of all sums up to now
 *     keep     = take over the factor before this call, 0 for the first one
 *     grad_w'  = keep*grad_w + take*d
 *
 * so that grad_w is at all times the gradient of everything gathered, and micro-batches may differ in size and weight. An
 * update begins anew: it sets all that was gathered to 0. Draws count the samples on from call to call. */
#include "split.h"

enum { SAMPLES, BATCHES };                                      /* of model->gathered, then the sums of the factor */

static Tensor *gathered_number(Elaborator *e, const Tree *line, Type type, const char *name, const Origin *origin) {
    Tensor *t = tensor_new("", ROLE_GATHERED, type, 0, NULL, origin);
    if (type != REAL) { t->lo = 0; t->hi = (int64_t)1 << 40; }
    own_add(e, e->top, t, 0, t, e->root, line, name);
    PUSH(e->model->gathered, t);
    return t;
}

void begin_gathering(Elaborator *e) {
    const Tree *body = statements_of(e);
    for (int k = 0; e->model->accumulate > 1 && k < body->n; k++) {
        const Tree *line = body->child[k];
        if (line->kind != TREE_TRAIN) continue;
        gathered_number(e, line, INT, name_of("gathered_samples"), origin_of(line->span))->host = true;
        gathered_number(e, line, INT, name_of("gathered_batches"), origin_of(line->span))->host = true;
        return;
    }
}

/* The number of a sample for draws: its place in this call, after all that were gathered. */
const Expr *sample_number(const Elaborator *e, const Index *i) {
    bool on = e->training && i == e->batch && e->model->gathered.n;
    return on ? Add(At(i), Read(e->model->gathered.at[SAMPLES], NULL, 0)) : At(i);
}

/* ---- the split of all losses ---- */

static Span user_span(const Origin *o) {
    while (o && o->use && (!o->span.source || o->span.source->library)) o = o->use;
    return o ? o->span : (Span){ 0 };
}

static bool inside(Span a, Span b) { return a.source == b.source && a.begin >= b.begin && a.end <= b.end; }

static void refuse(const Splitter *s, const LossTerm *term, const LossTerm *first) {
    Diagnostic *d;
    if (s->unequal) {
        d = error_at(term->span, "with `accumulate` all losses are divided by the same sum over the batch, and this one is not");
        if (term != first) note(d, first->span, "the first loss stands here");
        help(d, "make each a mean over the samples, or train without `accumulate` in larger batches");
        return;
    }
    d = error_at(term->span, "this loss is no sum over the samples, nor a quotient of such sums: `accumulate` cannot take it apart");
    Span at = user_span(s->blame);
    if (at.source && !at.source->library && !inside(at, term->span)) note(d, at, "the samples of a batch meet here");
    help(d, "leave out `accumulate` and take a larger batch; what it can take is a loss of each sample, or a sum over the batch divided by one without parameters");
}

static Split split_losses(Splitter *s, const LossTerms *terms) {
    Split all = { .kind = SPLIT_FREE, .term = Num(0) };
    for (int k = 0; k < terms->n; k++) {
        const LossTerm *t = &terms->at[k];
        s->blame = NULL;
        s->unequal = false;
        Split one = split_expr(s, t->body);
        if (one.kind != SPLIT_BAD) all = split_add(s, all, one);
        if (one.also) all.kind = SPLIT_BAD;
        if (one.kind == SPLIT_BAD || all.kind == SPLIT_BAD) { refuse(s, t, &terms->at[0]); all.kind = SPLIT_BAD; return all; }
    }
    return all;
}

/* A factor can be computed again from what is kept: sums, the number of samples, clocks. */
static void look_kept(const Expr *x, void *data) {
    Splitter *s = data;
    if (x->kind == X_RANDOM) s->unequal = true;
    if (x->kind != X_READ || x->tensor->role == ROLE_SCALAR) return;
    for (int k = 0; k < s->sums.n; k++) if (s->sums.at[k] == x->tensor) return;
    s->unequal = true;
}

static Split split_loss(Elaborator *e, Splitter *s, Program *resting) {
    Splitter strict = { .program = resting, .count = s->count, .strict = true, .names = names_of(resting) };
    const Expr *count = ToReal(Read(s->count, NULL, 0));
    Split all = split_losses(&strict, &e->losses[false]);
    if (all.kind == SPLIT_BAD) return all;
    all = split_losses(s, &e->losses[true]);
    if (all.kind == SPLIT_NUMBER) return (Split){ .kind = SPLIT_SUM, .term = Mul(all.term, count), .factor = Div(Num(1), count) };
    if (all.kind == SPLIT_FREE) return (Split){ .kind = SPLIT_SUM, .term = Num(0) };
    s->unequal = false;
    if (all.kind == SPLIT_SUM && all.factor) visit_nodes(all.factor, look_kept, s);
    if (!s->unequal) return all;
    refuse(&strict, &e->losses[true].at[0], &e->losses[true].at[0]);
    return (Split){ .kind = SPLIT_BAD };
}

/* ---- the equations of gathering ---- */

typedef struct Gathering { Elaborator *e; Splitter s; Program *program; Tensors weights, totals; Tensor *samples; bool before; } Gathering;

static Tensor *define(Gathering *g, const Tensor *like, Role role, const char *name, const Index *const *free, const Expr *body) {
    Tensor *t = tensor_new(fresh_name(g->s.names, name), role, body->type, like->rank, like->dim, like->origin);
    if (role == ROLE_NEXT) t->of = like;
    equation_new(g->program, t, free, REDUCE_NONE, NULL, 0, body, like->origin);
    return t;
}

static Tensor *next_of(Gathering *g, Tensor *of, const Index *const *free, const Expr *body, Tensors *results) {
    Tensor *next = define(g, of, ROLE_NEXT, text("%s_next", of->name), free, body);
    next->type = of->type;
    next->host = of->host;
    PUSH(*results, next);
    return next;
}

/* The factor over what was gathered before this call, or over all with it. */
static const Expr *of_gathered(const Expr *x, void *data) {
    const Gathering *g = data;
    if (x->kind != X_READ) return x;
    if (x->tensor == g->s.count) {
        const Expr *samples = Read(g->samples, NULL, 0);
        return g->before ? samples : Add(samples, x);
    }
    for (int k = 0; k < g->s.sums.n; k++)
        if (g->s.sums.at[k] == x->tensor) return Read(g->before ? g->weights.at[k] : g->totals.at[k], NULL, 0);
    return x;
}

static const Expr *factor_of(Gathering *g, const Expr *factor, bool before) {
    g->before = before;
    return transform(factor, of_gathered, g);
}

/* keep and take: a factor 1/b is one division only. */
static void blend(Gathering *g, const Expr *factor, const Expr **keep, const Expr **take) {
    Model *m = g->e->model;
    const Expr *some = Gt(Read(g->samples, NULL, 0), Int(0)), *ratio = Num(1);
    const Tensor *number = m->loss;
    double one;
    *take = NULL;
    if (factor) {
        bool inverse = factor->kind == X_OP && factor->op == OP_DIV && is_constant(factor->arg[0], &one) && one == 1;
        const Expr *before = factor_of(g, inverse ? factor->arg[1] : factor, true), *now = factor_of(g, inverse ? factor->arg[1] : factor, false);
        ratio = inverse ? Div(before, now) : Where(Operate(OP_EQ, before, Num(0)), Num(0), Div(now, before));
        *take = Read(define(g, number, ROLE_VALUE, "take", NULL, inverse ? Div(Num(1), now) : now), NULL, 0);
    }
    *keep = Read(define(g, number, ROLE_VALUE, "keep", NULL, Where(some, ratio, Num(0))), NULL, 0);
}

static Tensor *gathered_gradient(Gathering *g, const Tree *line, Tensor *d, const Tensor *param, const Expr *keep, const Expr *take, Tensors *results) {
    Tensor *sum = tensor_new(fresh_name(g->s.names, text("grad_%s", param->name)), ROLE_GRAD, REAL, param->rank, param->dim, param->origin);
    sum->of = param;
    own_add(g->e, g->e->top, sum, 0, sum, g->e->root, line, name_of(sum->name));
    const Index *free[MAX_RANK];
    const Expr *at[MAX_RANK];
    const Equation *q = equation_of(g->program, d);
    for (int k = 0; k < d->rank; k++) at[k] = At(free[k] = index_new(q ? q->free[k]->name : "i", d->dim[k].extent, NULL));
    const Expr *old = Where(Operate(OP_EQ, keep, Num(0)), Num(0), Mul(keep, Read(sum, at, d->rank))), *new = Read(d, at, d->rank);
    next_of(g, sum, free, Add(old, take ? Mul(take, new) : new), results);
    return sum;
}

/* The gradients of the loss over several calls, in out; what a call leaves behind, in results. */
bool gather_gradients(Elaborator *e, Program *live, Program *resting, const Tensor *const *trained, int n, Tensor **out, Tensors *results) {
    Model *m = e->model;
    const Tree *body = statements_of(e), *line = NULL;
    for (int k = 0; k < body->n; k++) if (body->child[k]->kind == TREE_TRAIN) line = body->child[k];
    Gathering g = { .e = e, .program = live, .samples = m->gathered.at[SAMPLES], .s = { .program = live, .count = m->count, .names = names_of(live) } };
    Split loss = split_loss(e, &g.s, resting);
    if (loss.kind == SPLIT_BAD) return false;
    Tensors read = { 0 };
    for (int k = 0; k < g.s.sums.n; k++) if (loss.factor && uses_tensor(loss.factor, g.s.sums.at[k])) PUSH(read, g.s.sums.at[k]);
    g.s.sums = read;
    Tensor *term = define(&g, m->loss, ROLE_VALUE, "term", NULL, ToReal(loss.term));
    differentiate(live, term, trained, n, out);
    g.s.names = names_of(live);
    for (int k = 0; k < g.s.sums.n; k++) {
        const Tensor *sum = g.s.sums.at[k];
        Tensor *weight = gathered_number(e, line, sum->type, name_of(k ? text("gathered_weight_%d", k + 1) : "gathered_weight"), m->loss->origin);
        weight->name = weight->path = fresh_name(g.s.names, "gathered_weight");
        PUSH(g.weights, weight);
        PUSH(g.totals, define(&g, weight, ROLE_VALUE, "weight", NULL, Add(Read(weight, NULL, 0), Read(sum, NULL, 0))));
    }
    const Expr *keep, *take;
    blend(&g, loss.factor, &keep, &take);
    for (int k = 0; k < n; k++) out[k] = gathered_gradient(&g, line, out[k], trained[k], keep, take, results);
    for (int k = 0; k < g.weights.n; k++) next_of(&g, g.weights.at[k], NULL, Read(g.totals.at[k], NULL, 0), results);
    next_of(&g, g.samples, NULL, Add(Read(g.samples, NULL, 0), Read(m->count, NULL, 0)), results);
    next_of(&g, m->gathered.at[BATCHES], NULL, Add(Read(m->gathered.at[BATCHES], NULL, 0), Int(1)), results);
    return true;
}

/* An update has used what was gathered. */
void begin_anew(Elaborator *e) {
    Program *update = e->model->update;
    Gathering g = { .e = e, .program = update, .s = { .names = names_of(update) } };
    for (int k = 0; k < e->model->gathered.n; k++) {
        Tensor *t = e->model->gathered.at[k];
        next_of(&g, t, NULL, t->type == REAL ? Num(0) : Int(0), &update->results)->host = true;
    }
}
