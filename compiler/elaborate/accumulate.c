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
        gathered_number(e, line, INT, name_of("gathered_samples"), origin_at(NULL, line->span))->host = true;
        gathered_number(e, line, INT, name_of("gathered_batches"), origin_at(NULL, line->span))->host = true;
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
    help(d, "leave out `accumulate` and take a larger batch; what it can take is a loss of each sample, "
            "or a sum over the batch divided by one without parameters");
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

static Split split_loss(Splitter *s, const LossTerms *training, Splitter *strict, const LossTerms *at_rest) {
    const Expr *count = ToReal(Read(s->count, NULL, 0));
    Split all = split_losses(strict, at_rest);
    if (all.kind == SPLIT_BAD) return all;
    all = split_losses(s, training);
    if (all.kind == SPLIT_NUMBER) return (Split){ .kind = SPLIT_SUM, .term = Mul(all.term, count), .factor = Div(Num(1), count) };
    if (all.kind == SPLIT_FREE) return (Split){ .kind = SPLIT_SUM, .term = Num(0) };
    s->unequal = false;
    if (all.kind == SPLIT_SUM && all.factor) visit_nodes(all.factor, look_kept, s);
    if (!s->unequal) return all;
    s->unequal = false;
    refuse(s, &training->at[0], &training->at[0]);
    return (Split){ .kind = SPLIT_BAD };
}

/* ---- the equations of gathering ---- */

struct Gathering {
    Elaborator *e;
    Splitter s, strict;
    const Aims *at_rest;
    Program *program;
    const Tree *line;
    Tensors sums, weights, totals;      /* that factors read, what is kept of them, and both together */
    Tensor *samples;
    bool before;
    Tensors *results;                   /* what a call leaves behind */
};

static Tensor *define(Gathering *g, const Tensor *like, Role role, const char *name, const Index *const *free, const Expr *body) {
    Tensor *t = tensor_new(fresh_name(g->s.names, name), role, body->type, like->rank, like->dim, like->origin);
    if (role == ROLE_NEXT) t->of = like;
    equation_new(g->program, t, free, REDUCE_NONE, NULL, 0, body, like->origin);
    return t;
}

static void next_of(Gathering *g, Tensor *of, const Index *const *free, const Expr *body) {
    Tensor *next = define(g, of, ROLE_NEXT, text("%s_next", of->name), free, body);
    next->type = of->type;
    next->host = of->host;
    PUSH(*g->results, next);
}

/* What is kept of a sum: its place in `weights`. */
static int weight_of(Gathering *g, const Tensor *sum) {
    for (int k = 0; k < g->sums.n; k++) if (g->sums.at[k] == sum) return k;
    const char *name = g->sums.n ? text("gathered_weight_%d", g->sums.n + 1) : "gathered_weight";
    Tensor *weight = gathered_number(g->e, g->line, sum->type, name_of(name), g->e->model->loss->origin);
    weight->name = weight->path = fresh_name(g->s.names, "gathered_weight");
    PUSH(g->sums, (Tensor *)sum);
    PUSH(g->weights, weight);
    PUSH(g->totals, define(g, weight, ROLE_VALUE, "weight", NULL, Add(Read(weight, NULL, 0), Read(sum, NULL, 0))));
    return g->sums.n - 1;
}

/* The factor over what was gathered before this call, or over all with it. */
static const Expr *of_gathered(const Expr *x, void *data) {
    Gathering *g = data;
    if (x->kind != X_READ) return x;
    if (x->tensor == g->s.count) {
        const Expr *samples = Read(g->samples, NULL, 0);
        return g->before ? samples : Add(samples, x);
    }
    for (int k = 0; k < g->s.sums.n; k++) {
        if (g->s.sums.at[k] != x->tensor) continue;
        int place = weight_of(g, x->tensor);
        return Read(g->before ? g->weights.at[place] : g->totals.at[place], NULL, 0);
    }
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
        const Expr *own = inverse ? factor->arg[1] : factor;
        const Expr *before = factor_of(g, own, true), *now = factor_of(g, own, false);
        ratio = inverse ? Div(before, now) : Where(Operate(OP_EQ, before, Num(0)), Num(0), Div(now, before));
        *take = Read(define(g, number, ROLE_VALUE, "take", NULL, inverse ? Div(Num(1), now) : now), NULL, 0);
    }
    *keep = Read(define(g, number, ROLE_VALUE, "keep", NULL, Where(some, ratio, Num(0))), NULL, 0);
}

static Tensor *gathered_gradient(Gathering *g, Tensor *d, const Tensor *param, const Expr *keep, const Expr *take) {
    Tensor *sum = tensor_new(fresh_name(g->s.names, text("grad_%s", param->name)), ROLE_GRAD, REAL, param->rank, param->dim, param->origin);
    sum->of = param;
    own_add(g->e, g->e->top, sum, 0, sum, g->e->root, g->line, name_of(sum->name));
    const Index *free[MAX_RANK];
    const Expr *at[MAX_RANK];
    const Equation *q = equation_of(g->program, d);
    for (int k = 0; k < d->rank; k++) at[k] = At(free[k] = index_new(q ? q->free[k]->name : "i", d->dim[k].extent, NULL));
    const Expr *old = Where(Operate(OP_EQ, keep, Num(0)), Num(0), Mul(keep, Read(sum, at, d->rank))), *new = Read(d, at, d->rank);
    next_of(g, sum, free, Add(old, take ? Mul(take, new) : new));
    return sum;
}

Gathering *gathering_new(Elaborator *e, Program *live, Program *resting, const Aims *aims_at_rest, Tensors *results) {
    const Model *m = e->model;
    const Tree *body = statements_of(e);
    Gathering *g = NEW(Gathering);
    *g = (Gathering){ .e = e, .program = live, .at_rest = aims_at_rest, .samples = m->gathered.at[SAMPLES], .results = results };
    for (int k = 0; k < body->n; k++) if (body->child[k]->kind == TREE_TRAIN) g->line = body->child[k];
    g->s = (Splitter){ .program = live, .count = m->count, .names = names_of(live) };
    g->strict = (Splitter){ .program = resting, .count = m->count, .strict = true, .names = names_of(resting) };
    return g;
}

/* The terms of a loss, or of what update lines aim at in its place. */
static LossTerms terms_of(const Gathering *g, const Tensor *loss, bool training) {
    const Aims *aims = training ? &g->e->aims : g->at_rest;
    LossTerms terms = { 0 };
    for (int k = 0; k < g->e->aims.n; k++) {
        if (g->e->aims.at[k].tensor != loss) continue;
        const Tensor *aim = aims->at[k].tensor;
        PUSH(terms, ((LossTerm){ equation_of(training ? g->program : g->strict.program, aim)->body, aim->origin->span }));
        return terms;
    }
    return g->e->losses[training];
}

/* The gradients of one loss over several calls. False: it was refused. */
bool gather_gradients(Gathering *g, const Tensor *loss, const Tensor *const *trained, int n, Tensor **out) {
    LossTerms training = terms_of(g, loss, true), at_rest = terms_of(g, loss, false);
    Split split = split_loss(&g->s, &training, &g->strict, &at_rest);
    if (split.kind == SPLIT_BAD) return false;
    Tensor *term = define(g, loss, ROLE_VALUE, "term", NULL, ToReal(split.term));
    differentiate(g->program, term, trained, n, out);
    g->s.names = names_of(g->program);
    const Expr *keep, *take;
    blend(g, split.factor, &keep, &take);
    for (int k = 0; k < n; k++) out[k] = gathered_gradient(g, out[k], trained[k], keep, take);
    return true;
}

/* The numbers of all that was gathered, when every loss has had its gradients. */
void gather_numbers(Gathering *g) {
    const Model *m = g->e->model;
    for (int k = 0; k < g->weights.n; k++) next_of(g, g->weights.at[k], NULL, Read(g->totals.at[k], NULL, 0));
    next_of(g, g->samples, NULL, Add(Read(g->samples, NULL, 0), Read(m->count, NULL, 0)));
    next_of(g, m->gathered.at[BATCHES], NULL, Add(Read(m->gathered.at[BATCHES], NULL, 0), Int(1)));
}

/* An update has used what was gathered. */
void begin_anew(Elaborator *e) {
    Program *update = e->model->update;
    Gathering g = { .e = e, .program = update, .s = { .names = names_of(update) }, .results = &update->results };
    for (int k = 0; k < e->model->gathered.n; k++) {
        Tensor *t = e->model->gathered.at[k];
        next_of(&g, t, NULL, t->type == REAL ? Num(0) : Int(0));
        update->results.at[update->results.n - 1]->host = true;
    }
}
