/* Update lines: the next value of every parameter.
 *
 *     update * = g |> adam(w, lr=0.001)
 *
 * The last line that fits a parameter's path and shape is elaborated for it, with w the parameter and g its gradient, and
 * an instance of its own for what the optimizer keeps. Numbers written in it can be set at run time, as long as no size or
 * choice of a definition hangs on them; then the lines are elaborated again with that number as a constant. */
#include "model.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

static bool same(const char *a, const char *b) { return !strcmp(a, b); }

/* Does the pattern fit, * standing for any run? */
static bool glob(const char *pattern, const char *s) {
    for (; *pattern; pattern++, s++) {
        if (*pattern == '*') {
            while (*pattern == '*') pattern++;
            if (!*pattern) return true;
            for (; *s; s++) if (glob(pattern, s)) return true;
            return false;
        }
        if (*pattern != *s) return false;
    }
    return !*s;
}

bool selector_fits(const Tree *selector, const Tensor *p) {
    if (selector->has_list && selector->child[0]->n != p->rank) return false;
    return glob(selector->text, p->path);
}

const Tree *update_of(const Elaborator *e, const Tensor *p) {
    const Tree *body = statements_of(e), *found = NULL;
    for (int k = 0; k < body->n; k++) {
        const Tree *t = body->child[k];
        if (t->kind == TREE_OPTIMIZER) found = t;
        if (t->kind != TREE_UPDATE) continue;
        for (int i = 0; i < t->n - 1; i++) if (selector_fits(t->child[i], p)) found = t;
    }
    return found;
}

void warn_of_selectors(const Elaborator *e, const Tensors *params) {
    const Tree *body = statements_of(e);
    for (int k = 0; k < body->n; k++)
        for (int i = 0; (body->child[k]->kind == TREE_UPDATE || body->child[k]->kind == TREE_AVERAGE) && i < body->child[k]->n - 1; i++) {
            const Tree *selector = body->child[k]->child[i];
            bool any = false;
            for (int p = 0; p < params->n; p++) any = any || selector_fits(selector, params->at[p]);
            if (any) continue;
            Diagnostic *d = report(SEVERITY_WARNING, "no-effect", selector->span, "no parameter fits `%s`",
                                   span_text(selector->span));
            if (params->n) help(d, "the first parameter is `%s`", params->at[0]->path);
        }
}

void add_value(Elaborator *e, Scope *s, const char *name, Value v, Span at) {
    Argument *a = NEW(Argument);
    *a = (Argument){ .name = name_of(name) };
    remember(e, &a->value, v);
    Name *n = scope_add(s, name_of(name), ENTRY_ARGUMENT, at, NULL);
    n->argument = a;
}

/* The scope of an update or average line, for one parameter: what it adds stands beside the model's own names. */
Scope *line_scope(Elaborator *e, Instance *instance) {
    Scope *s = scope_new(e, e->root->definition, e->root, instance, NULL);
    for (int k = 0; k < e->root->names.n; k++) PUSH(s->names, e->root->names.at[k]);
    e->update_scope = s;
    return s;
}

static void find_tensor(const Expr *x, void *found) {
    if (x->kind == X_READ && x->tensor->role != ROLE_SCALAR && x->tensor->role != ROLE_HYPER) *(bool *)found = true;
}
/* A number for all elements of a parameter is meant only if it comes from none of them. */
static bool depends_on_tensors(const Expr *body) {
    bool found = false;
    visit_nodes(body, find_tensor, &found);
    return found;
}

/* f(w, g) would be given them the other way round without a word, as both have one shape. */
static bool takes_weight_first(Elaborator *e, const Tree *stage) {
    const Tree *f = stage->kind == TREE_CALL || stage->kind == TREE_NAME ? function_named(e, stage->text) : NULL;
    const Tree *parameters = f ? f->child[0] : NULL;
    if (!parameters || parameters->n < 2 || !same(parameters->child[0]->text, "w") || !same(parameters->child[1]->text, "g")) return false;
    Diagnostic *d = model_error(e, e->root, stage->span, "`%s` takes w before g, and the gradient comes first", stage->text);
    if (d) note(d, parameters->child[0]->span, "`w` is declared here");
    if (d) help(d, "optimizer f(...) is short for update * = g |> f(w, ...)");
    return true;
}

/* What the states of an update line become, whether its value reads it or not. */
static void next_states(Elaborator *e, int from_scope) {
    for (int i = from_scope; i < e->scopes.n; i++) {
        Scope *s = e->scopes.at[i];
        for (int k = 0; k < s->names.n; k++) {
            Name *n = s->names.at[k];
            size_t length = strlen(n->name);
            if (s->definition->kind == TREE_FN && n->kind == ENTRY_EQUATION && length && n->name[length - 1] == '\'') name_value(e, s, n);
        }
    }
}

/* f(w, a) from f(a). It is the same tree for all parameters: totals over them are known by it. */
static const Tree *optimizer_call(Elaborator *e, const Tree *stage) {
    Tree *with = map_get(&e->optimizer_calls, stage);
    if (with) return with;
    Tree *weight = NEW(Tree);
    with = NEW(Tree);
    *weight = (Tree){ .kind = TREE_NAME, .span = stage->span, .text = name_of("w") };
    *with = *stage;
    with->kind = TREE_CALL;
    with->n = (stage->kind == TREE_CALL ? stage->n : 0) + 1;
    with->child = NEW_ARRAY(Tree *, with->n);
    with->child[0] = weight;
    for (int k = 1; k < with->n; k++) with->child[k] = stage->child[k - 1];
    map_put(&e->optimizer_calls, stage, with);
    return with;
}

/* The update line of one parameter, with g and w in its scope. Without `results` only what it adds to totals is wanted. */
static void update_parameter(Elaborator *e, const Tree *line, Tensor *p, Tensor *gradient, int number, Tensors *results) {
    int from_scope = e->scopes.n;
    e->parameter = p;
    Instance *instance = instance_of(e->top, line, number, name_of("update"));
    instance->parameter = p;
    Scope *s = line_scope(e, instance);
    if (scope_find(s, name_of("w")) || scope_find(s, name_of("g"))) {
        Name *n = scope_find(s, name_of("w")) ? scope_find(s, name_of("w")) : scope_find(s, name_of("g"));
        model_error(e, e->root, n->span, "`%s` stands for %s in update lines: choose another name", n->name,
                    same(n->name, "w") ? "the parameter" : "its gradient");
        return;
    }
    Value g = of_tensor(gradient, NULL, 0), w = of_tensor(p, NULL, 0), v;
    add_value(e, s, "g", g, line->span);
    add_value(e, s, "w", w, line->span);
    if (line->kind == TREE_OPTIMIZER) {                         /* f(a) is g |> f(w, a) */
        const Tree *stage = line->child[0];
        if (takes_weight_first(e, stage)) return;
        if (stage->kind != TREE_CALL && stage->kind != TREE_NAME) {
            model_error(e, e->root, stage->span, "an optimizer is a call: optimizer f(...)");
            return;
        }
        v = call(e, s, NULL, optimizer_call(e, stage), &g, 0, NULL);
    } else v = evaluate(e, s, NULL, line->child[line->n - 1]);
    next_states(e, from_scope);
    if (!results) return;
    if (v.kind == VALUE_FUNCTION) model_error(e, e->root, line->span, "an update gives the next weight, and this is a function");
    if (v.kind != VALUE_TENSOR || !v.body) return;
    if (!same_shape(&v, &w) && (v.rank || depends_on_tensors(v.body))) {
        model_error(e, e->root, line->span, "the update of `%s` is %s, and should have its shape, %s", p->path, shape_text(&v),
                    shape_text(&w));
        return;
    }
    if (!v.rank) { const Expr *body = v.body; v = w; v.body = body; }
    Tensor *next = tensor_new("", ROLE_NEXT, REAL, p->rank, p->dim, origin_at(NULL, line->span));
    next->of = p;
    PUSH(e->named, ((Named){ next, instance, "next", false, e->mode }));
    equation_new(e->program, next, v.axis, REDUCE_NONE, NULL, 0, settle_draws(e, next, v.axis, v.rank, ToReal(v.body)), next->origin);
    PUSH(*results, next);
}

static void next_moments(Elaborator *e, Tensors *results) {
    Map known = { 0 };
    for (int q = 0; q < results->n; q++) map_put(&known, results->at[q], e);
    /* A moment that only its own next value reads does not exist. */
    for (bool more = true; more; ) {
        more = false;
        Reached r = { 0 };
        reach(&r, e->program, results);
        for (int k = 0; k < e->program->equations.n; k++) {
            Tensor *t = e->program->equations.at[k]->out;
            if (map_get(&known, t) || t->role != ROLE_NEXT || !(reached(&r, t->of) || reached(&r, t))) continue;
            map_put(&known, t, e);
            PUSH(*results, t);
            more = true;
        }
    }
}

/* What the parameters of other lines add to the totals of a line: it is elaborated for them too, and only that is kept. A
 * line that does not fit them is no error. */
static void parts_of_other_lines(Elaborator *e, Tensor *const *params, Tensor *const *gradients, int n) {
    LIST(const Tree *) lines = { 0 };
    for (int k = 0; k < n; k++) {
        const Tree *line = update_of(e, params[k]);
        bool seen = !gradients[k] || !line_has_total(e, line);
        for (int i = 0; i < lines.n; i++) seen = seen || lines.at[i] == line;
        if (!seen) PUSH(lines, line);
    }
    e->tentative++;
    for (int i = 0; i < lines.n; i++) for (int k = 0; k < n; k++) {
        if (gradients[k] && update_of(e, params[k]) != lines.at[i]) update_parameter(e, lines.at[i], params[k], gradients[k], k, NULL);
    }
    e->tentative--;
}

/* Forgets what the lines own. */
static void disown_update(Elaborator *e) {
    int kept = 0;
    for (int k = 0; k < e->owned.n; k++) {
        const Owned o = e->owned.at[k];
        if (o.tensor->role == ROLE_HYPER || o.tensor->role == ROLE_MOMENT) map_put(&o.instance->owned[o.part], o.key, NULL);
        else e->owned.at[kept++] = o;
    }
    e->owned.n = kept;
}

/* Of the numbers that the lines give to calls, those that change from step to step: they hang on a clock, or on what the end of
 * an epoch sets, and on no tensor. */
static void rates_program(Elaborator *e) {
    Model *m = e->model;
    for (int k = 0; k < e->rates.n; k++) {
        const Rate *rate = &e->rates.at[k];
        const char *name = rate->name;
        bool known = false, moves = false, alone = true;
        for (int i = 0, next = 2; i < m->rates.n; i++) {
            known = known || (m->rates.at[i]->name == rate->name && equation_of(e->program, m->rates.at[i])->body == rate->body);
            if (m->rates.at[i]->name == name) { name = name_of(text("%s_%d", rate->name, next++)); i = -1; }
        }
        if (known) continue;
        Tensor *t = tensor_new(name, ROLE_METRIC, REAL, 0, NULL, origin_at(NULL, rate->tree->span));
        Tensors one = { 0 };
        Reached r = { 0 };
        PUSH(one, t);
        equation_new(e->program, t, NULL, REDUCE_NONE, NULL, 0, rate->body, t->origin);
        reach(&r, e->program, &one);
        for (int i = 1; i < r.tensors.n; i++) {
            const Tensor *read = r.tensors.at[i];
            moves = moves || read == m->step || read == m->epoch || read->role == ROLE_MOMENT;
            alone = alone && read->rank == 0 && (read->role == ROLE_VALUE || known_in_step(read));
        }
        if (!moves || !alone) continue;
        t->host = true;
        PUSH(m->rates, t);
    }
    if (m->rates.n) m->rates_program = cut(e->program, "rates", &m->rates);
}

void update_programs(Elaborator *e, Tensor *const *params, Tensor *const *gradients, int n) {
    int from = e->scopes.n, named = e->named.n, journal = e->journal.n;
    Scope *model = e->root;
    e->mode++;
    Tensors results = { 0 };
    do {                                                        /* again when a choice hung on a number that could be set */
        e->again = false;
        e->updating = e->training = true;
        e->predicting = false;
        e->program = program_new("update");
        e->batch = NULL;
        results.n = 0;
        e->named.n = named;
        e->scopes.n = from;
        e->totals.n = e->parts.n = e->shared.n = e->rates.n = 0;
        forget_changes(e, journal);
        disown_update(e);
        e->root = lines_scope(e, model);
        for (int k = 0; k < n; k++) if (gradients[k]) update_parameter(e, update_of(e, params[k]), params[k], gradients[k], k, &results);
        parts_of_other_lines(e, params, gradients, n);
        finish_totals(e);
        e->parameter = NULL;
        int averages = e->scopes.n;
        average_lines(e, params, n, &results);
        next_states(e, averages);
        next_moments(e, &results);
    } while (e->again);                                         /* there is one number less to be set each time */
    e->updating = false;
    e->root = model;
    cut_clocks(e, &results);
    rates_program(e);
}
