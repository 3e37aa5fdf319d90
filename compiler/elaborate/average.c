/* Averages of the parameters, and what happens at the end of an epoch.
 *
 *     average *   = ema(a, w, n)                      a' = where(n == 0, w', lerp(w', a, 0.999))      with the update
 *     average *.b = swa(a, w, n) each epoch           a' = a + (w - a)/(n + 1)                        in a program of its own
 *
 * The last average line that fits a parameter is elaborated for it as an update line is, with `a` the average so far, `w`
 * the weight just updated, and `n` the averages taken: the steps or the epochs that were done. If there is any such line,
 * every parameter has an average, and where no line fits it is the weight itself.
 *
 * A state `each epoch` is elaborated with the update too; its next value belongs to a program that runs once an epoch. A
 * metric's name stands for its last value, which that program's entry point stores before anything else. */
#include "model.h"
#include <math.h>
#include <string.h>

static const Tree *average_of(const Elaborator *e, const Tensor *p) {
    const Tree *body = statements_of(e), *found = NULL;
    for (int k = 0; k < body->n; k++) {
        const Tree *t = body->child[k];
        for (int i = 0; t->kind == TREE_AVERAGE && i < t->n - 1; i++) if (selector_fits(t->child[i], p)) found = t;
    }
    return found;
}

/* The value of a line for a parameter, as the body of an equation over the axes of w. NULL: an error was reported. */
static const Expr *average_value(Elaborator *e, const Tree *line, Tensor *p, const Tensor *average, Value *w, int number) {
    Instance *instance = instance_of(e->top, line, number, name_of("average"));
    instance->parameter = p;
    Scope *s = line_scope(e, instance);
    static const char *const names[] = { "w", "a", "n" }, *const meanings[] = { "the parameter", "the average so far", "how many averages were taken" };
    for (int k = 0; k < 3; k++) {
        const Name *taken = scope_find(s, name_of(names[k]));
        if (!taken) continue;
        model_error(e, e->root, taken->span, "`%s` stands for %s in average lines: choose another name", names[k], meanings[k]);
        return NULL;
    }
    Value v = of_tensor(average, NULL, 0);
    add_value(e, s, "w", *w, line->span);
    add_value(e, s, "a", v, line->span);
    add_value(e, s, "n", scalar(Read(average->each_epoch ? e->model->epoch : e->model->step, NULL, 0)), line->span);
    e->each_epoch = average->each_epoch;
    v = evaluate(e, s, NULL, line->child[line->n - 1]);
    e->each_epoch = false;
    if (v.kind == VALUE_FUNCTION) model_error(e, e->root, line->span, "an average line gives the next average, and this is a function");
    if (v.kind != VALUE_TENSOR || !v.body) return NULL;
    if (v.rank && !same_shape(&v, w)) {
        model_error(e, e->root, line->span, "the average of `%s` is %s, and should have its shape, %s", p->path, shape_text(&v),
                    shape_text(w));
        return NULL;
    }
    const Expr *axes[MAX_RANK];
    for (int k = 0; k < w->rank; k++) axes[k] = At(w->axis[k]);
    return v.rank ? value_at(&v, axes) : v.body;
}

/* The average of a parameter, and its equation. `next`: the parameter's next value, if the update has one. */
static void average_parameter(Elaborator *e, Tensor *p, const Tensor *next, int number, bool each_epoch, Tensors *results) {
    const Tree *line = average_of(e, p);
    Tensor *average = own(e->top, p, 0);
    if (!average) {
        average = tensor_new("", ROLE_AVERAGE, REAL, p->rank, p->dim, p->origin);
        average->of = p;
        average->each_epoch = line ? line->text != NULL : each_epoch;
        own_add(e, e->top, p, 0, average, e->root, e->root->definition, "average");
    }
    Value w = of_tensor(next && !average->each_epoch ? next : p, NULL, 0);
    const Expr *body = line ? average_value(e, line, p, average, &w, number) : w.body;
    if (!body) return;
    Tensor *t = tensor_new("", ROLE_NEXT, REAL, p->rank, p->dim, line ? origin_at(NULL, line->span) : p->origin);
    t->of = average;
    PUSH(e->named, ((Named){ t, instance_of(e->top, line ? line : e->root->definition, number, name_of("average")), "average", false, e->mode }));
    e->named.at[e->named.n - 1].instance->parameter = p;
    equation_new(e->program, t, w.axis, REDUCE_NONE, NULL, 0, settle_draws(e, t, w.axis, w.rank, ToReal(body)), t->origin);
    PUSH(*results, t);
}

void average_lines(Elaborator *e, Tensor *const *params, int n, Tensors *results) {
    const Tree *body = statements_of(e);
    bool any = false, steps = false;
    for (int k = 0; k < body->n; k++) {
        const Tree *t = body->child[k];
        any = any || t->kind == TREE_AVERAGE;
        steps = steps || (t->kind == TREE_AVERAGE && !t->text);
    }
    for (int k = 0; any && k < n; k++) {
        const Tensor *next = NULL;
        for (int i = 0; i < results->n; i++) if (results->at[i]->of == params[k]) next = results->at[i];
        average_parameter(e, params[k], next, k, !steps, results);
    }
}

void check_averages(Elaborator *e) {
    const Tree *body = statements_of(e), *average = NULL;
    for (int k = 0; k < body->n; k++) {
        const Tree *t = body->child[k];
        if (t->kind == TREE_UPDATE || t->kind == TREE_OPTIMIZER) return;
        if (t->kind == TREE_AVERAGE && !average) average = t;
    }
    if (!average) return;
    Diagnostic *d = model_error(e, e->root, average->span, "there is nothing to average: no line updates the parameters");
    if (d) help(d, "add an optimizer line, or an update line");
}

/* The model's names, to be computed again from what is kept: a step's values are gone when its update begins. */
static Scope *computed_again(const Scope *model) {
    Scope *s = NEW(Scope);
    *s = *model;
    s->names.at = NULL;
    s->names.n = s->names.room = 0;
    for (int k = 0; k < model->names.n; k++) {
        Name *n = NEW(Name);
        *n = *model->names.at[k];
        bool next = strchr(n->name, '\'') != NULL;
        if (n->kind == ENTRY_EQUATION && !next) { n->value = NULL; n->made = NULL; }
        PUSH(s->names, n);
    }
    return s;
}

/* The model's scope as update and average lines see it: a metric's name is a number that is kept, not known before the
 * first pass, and stands before an equation or a function of that name. */
Scope *lines_scope(Elaborator *e, const Scope *model) {
    const Tensors *metrics = &e->model->metrics;
    Scope *s = NEW(Scope);
    *s = *model;
    s->names.at = NULL;
    s->names.n = s->names.room = 0;
    for (int k = 0; k < metrics->n; k++) {
        const Tensor *metric = metrics->at[k];
        Span at = metric->origin->span;
        Tree *first = NEW(Tree), *unknown = NEW(Tree);
        *unknown = (Tree){ .kind = TREE_NUMBER, .span = at, .number = NAN };
        *first = (Tree){ .kind = TREE_DECLARE, .span = at, .text = metric->name, .n = 2, .child = NEW_ARRAY(Tree *, 2) };
        first->child[0] = first->child[1] = unknown;
        Tensor *last = tensor_new("", ROLE_MOMENT, REAL, 0, NULL, metric->origin);
        last->of = metric;
        last->each_epoch = true;
        own_add(e, e->top, metric, 0, last, s, first, metric->name);
        add_value(e, s, metric->name, of_tensor(last, NULL, 0), at);
    }
    Scope *again = computed_again(model);
    for (int k = 0; k < s->names.n; k++)                        /* an equation may be made for these lines, rate = plateau(1, error) */
        if (!scope_find(again, s->names.at[k]->name)) PUSH(again->names, s->names.at[k]);
    for (int k = 0; k < again->names.n; k++) {
        Name *n = again->names.at[k];
        if (scope_find(s, n->name)) continue;
        if (n->kind != ENTRY_EQUATION && n->kind != ENTRY_PARAM && n->kind != ENTRY_STATE) { PUSH(s->names, n); continue; }
        Tree *named = NEW(Tree);
        *named = (Tree){ .kind = TREE_NAME, .span = n->span, .text = n->name };
        Argument *a = NEW(Argument);
        *a = (Argument){ .name = n->name, .tree = named, .scope = again };
        scope_add(s, n->name, ENTRY_ARGUMENT, n->span, n->tree)->argument = a;
    }
    return s;
}

static bool reads_metrics(const Program *p) {
    Reached r = { 0 };
    if (p) reach(&r, p, &p->results);
    for (int k = 0; k < r.tensors.n; k++) if (r.tensors.at[k]->role == ROLE_MOMENT && r.tensors.at[k]->of) return true;
    return false;
}

/* The results of update and average lines, each in the program of its clock. */
void cut_clocks(Elaborator *e, const Tensors *results) {
    Model *m = e->model;
    Tensors step = { 0 }, average = { 0 }, epoch = { 0 };
    for (int k = 0; k < results->n; k++) {
        Tensor *t = results->at[k];
        if (!t->of->each_epoch) PUSH(step, t);
        else if (t->of->role == ROLE_AVERAGE) PUSH(average, t);
        else PUSH(epoch, t);
    }
    for (int k = 0; k < m->params.n; k++) {
        Tensor *a = own(e->top, m->params.at[k], 0);
        if (a) PUSH(m->averages, a);
    }
    if (step.n) m->update = cut(e->program, "update", &step);
    if (average.n) m->average_program = cut(e->program, "average", &average);
    if (epoch.n || reads_metrics(m->update) || reads_metrics(m->average_program)) m->epoch_program = cut(e->program, "epoch", &epoch);
}
