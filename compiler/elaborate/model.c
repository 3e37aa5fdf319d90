/* The lines of a model, and its programs.
 *
 * A model is elaborated once in training and once outside of it; the gradient of the loss is added; each update line is
 * elaborated for every parameter that it fits; first values make a program of their own. What each entry point needs is
 * then cut out of these by its results. */
#include "scope.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

Tensor *own(Elaborator *e, Instance *instance, const void *key, int part) {
    for (int i = 0; i < e->owned.n; i++) {
        const Owned *o = &e->owned.at[i];
        if (o->instance == instance && o->key == key && o->part == part) return o->tensor;
    }
    return NULL;
}

void own_add(Elaborator *e, Instance *instance, const void *key, int part, Tensor *t, Scope *scope, const Tree *tree, const char *local) {
    PUSH(e->owned, ((Owned){ .instance = instance, .key = key, .part = part, .tensor = t, .scope = scope, .tree = tree, .local = local }));
}

static bool same(const char *a, const char *b) { return !strcmp(a, b); }
static const Tree *statements_of(const Elaborator *e) { return e->root->definition->child[1]; }

static Origin *origin_of(Span span) {
    Origin *o = NEW(Origin);
    o->span = span;
    return o;
}

/* ---- a scope for the model itself ---- */

static Scope *model_scope(Elaborator *e, const Tree *model, const Define *defines, int n_defines) {
    Scope *s = scope_new(e, model, NULL, e->top, NULL);
    e->root = s;
    const Tree *parameters = model->child[0];
    for (int k = 0; k < parameters->n; k++) {
        const Tree *p = parameters->child[k];
        Argument *a = NEW(Argument);
        *a = (Argument){ .name = p->text, .tree = p->n > 1 ? p->child[1] : p, .scope = s };
        bool given = false;
        for (int d = 0; d < n_defines; d++) if (defines[d].name == p->text || same(defines[d].name, p->text)) {
            double v = defines[d].value;
            remember(e, &a->value, scalar(v == floor(v) && fabs(v) < 9e15 ? Int((int64_t)v) : Num(v)));
            given = true;
        }
        if (!given && p->n < 2) {
            Diagnostic *d = model_error(e, s, p->span, "`%s` has no value", p->text);
            if (d) help(d, "give it a default, or -D %s=VALUE", p->text);
        }
        scope_add(s, p->text, ENTRY_ARGUMENT, p->span, p)->argument = a;
    }
    scope_body(e, s, model->child[1]);
    return s;
}

static bool number_of(Elaborator *e, const Tree *tree, double *value) {
    Value v = evaluate(e, e->root, NULL, tree);
    if (v.kind == VALUE_TENSOR && v.rank == 0 && v.body && is_constant(v.body, value)) return true;
    if (v.kind != VALUE_BAD) model_error(e, e->root, tree->span, "a number that is known now stands here");
    return false;
}

static void train_line(Elaborator *e) {
    Model *m = e->model;
    m->batch = 1;
    const Tree *body = statements_of(e), *seen = NULL;
    for (int k = 0; k < body->n; k++) {
        const Tree *t = body->child[k];
        if (t->kind != TREE_TRAIN) continue;
        if (seen) { model_error(e, e->root, t->span, "there is a train line already, on line %d", span_line(seen->span)); continue; }
        seen = t;
        for (int i = 0; i < t->n; i++) {
            static const char *const known[] = { "batch", "epochs", "steps", "seed" };
            const Tree *x = t->child[i];
            double value;
            bool is_known = false;
            if (x->kind != TREE_NAMED) { model_error(e, e->root, x->span, "an entry has a name: batch=64"); continue; }
            for (size_t q = 0; q < sizeof known / sizeof *known; q++) is_known = is_known || same(known[q], x->text);
            if (!is_known) {
                const char *close = closest_name(x->text, known, (int)(sizeof known / sizeof *known));
                Diagnostic *d = model_error(e, e->root, x->span, "a train line has no entry `%s`: batch, epochs, steps, seed", x->text);
                if (d && close) help(d, "did you mean `%s`?", close);
                continue;
            }
            if (!number_of(e, x->child[0], &value)) continue;
            if (value != floor(value) || value < (same(x->text, "seed") ? 0 : 1) || value > 1e9) { model_error(e, e->root, x->span, "`%s` is a whole number from 1 to 1000000000", x->text); continue; }
            if (same(x->text, "batch")) m->batch = (int64_t)value;
            else if (m->n_train < 16) { m->train[m->n_train].name = x->text; m->train[m->n_train++].value = value; }
        }
    }
}

static Tensor *host_scalar(const char *name, int64_t low, int64_t high) {
    Tensor *t = tensor_new(name_of(name), ROLE_SCALAR, INT, 0, NULL, NULL);
    t->lo = low;
    t->hi = high;
    t->host = true;
    return t;
}

static void input_line(Elaborator *e, const Tree *t, int part) {
    if (own(e, e->top, t, part)) return;
    Dim dims[MAX_RANK] = { { e->batch->extent, e->batch->count } };
    int64_t extents[MAX_RANK] = { e->batch->extent };
    int rank = 1;
    const Tree *list = t->child[0], *type = t->child[1], *files = t->child[2];
    for (int k = 0; k < list->n; k++) {
        if (rank == MAX_RANK) { model_error(e, e->root, t->span, "more than %d axes", MAX_RANK - 1); return; }
        if (list->child[k]->kind == TREE_DOTS) { model_error(e, e->root, list->child[k]->span, "an input says its sizes"); return; }
        if (!constant_integer(e, e->root, NULL, list->child[k], &extents[rank])) return;
        if (extents[rank] < 1) { model_error(e, e->root, list->child[k]->span, "a size of %" PRId64 ": an axis has at least 1", extents[rank]); return; }
        dims[rank] = (Dim){ extents[rank], NULL };
        rank++;
    }
    if (checked_size(e, e->root, t->span, extents, rank) < 0) return;
    Tensor *x = tensor_new(t->text, t->kind == TREE_INPUT ? ROLE_INPUT : ROLE_TARGET, REAL, rank, dims, origin_of(t->span));
    if (type->kind == TREE_DECLARE) {
        static const char *const known[] = { "class", "int", "byte" };
        x->type = INT;
        if (same(type->text, "byte")) { x->byte = true; x->lo = 0; x->hi = 255; }
        else if (same(type->text, "int")) { x->lo = INT32_MIN; x->hi = INT32_MAX; }
        else if (same(type->text, "class")) {
            int64_t n = 0;
            if (type->child[0]->n != 1) { model_error(e, e->root, type->span, "class says how many there are: class[10]"); return; }
            if (!constant_integer(e, e->root, NULL, type->child[0]->child[0], &n)) return;
            if (n < 1 || n > INT32_MAX) { model_error(e, e->root, type->span, "%" PRId64 " classes", n); return; }
            x->lo = 0;
            x->hi = n - 1;
        } else {
            const char *close = closest_name(type->text, known, 3);
            Diagnostic *d = model_error(e, e->root, type->span, "there is no type `%s`: class[n], int, byte", type->text);
            if (d && close) help(d, "did you mean `%s`?", close);
            return;
        }
        if (!same(type->text, "class") && type->child[0]->n) model_error(e, e->root, type->span, "`%s` has no size", type->text);
    }
    if (files->n > 2) model_error(e, e->root, files->span, "at most two files: for training, and for testing");
    for (int k = 0; k < files->n && k < 2; k++) x->files[k] = files->child[k]->text;
    own_add(e, e->top, t, part, x, e->root, t, t->text);
}

/* ---- one mode ---- */

static Tensor *result(Elaborator *e, Role role, const char *name, const Expr *body, const Value *shape, Span at) {
    const Index *free[4 * MAX_RANK];
    const Index *none[1] = { 0 };
    int rank = shape ? shape->rank : 0;
    int n = carried_indices(e, body, shape ? shape->axis : none, rank, free, 4 * MAX_RANK);
    if (role == ROLE_OUTPUT && e->batch && (n == 0 || free[0] != e->batch)) {       /* a constant output is one for each sample too */
        for (int k = n; k > 0; k--) free[k] = free[k - 1];
        free[0] = e->batch;
        n++;
    }
    if (n < 0 || n + rank > MAX_RANK) { model_error(e, e->root, at, "more than %d axes", MAX_RANK); return NULL; }
    Dim dims[MAX_RANK];
    for (int k = 0; k < rank; k++) free[n + k] = shape->axis[k];
    for (int k = 0; k < n + rank; k++) dims[k] = (Dim){ free[k]->extent, free[k]->count };
    PUSH(e->results, name);
    Tensor *t = tensor_new(name, role, REAL, n + rank, dims, origin_of(at));
    equation_new(e->program, t, free, REDUCE_NONE, NULL, 0, settle_draws(e, t, free, n + rank, ToReal(body)), t->origin);
    return t;
}

static const Expr *mean_over_batch(Elaborator *e, Span at, const Expr *body) {
    Value v = scalar(body);
    Value kept = stored(e, e->root, at, &v, "sample_loss");
    const Expr *sum = reduction(e, e->root, NULL, at, REDUCE_SUM, &e->batch, 1, ToReal(kept.body));
    return sum ? Div(sum, ToReal(e->batch->count ? Read(e->batch->count, NULL, 0) : Int(1))) : NULL;
}

static Tensor *loss_lines(Elaborator *e) {
    const Expr *total = NULL;
    Span at = { 0 };
    for (int k = 0; k < e->root->losses.n; k++) {
        const Tree *t = e->root->losses.at[k];
        Value v = evaluate(e, e->root, NULL, t->child[0]);
        if (v.kind == VALUE_FUNCTION) model_error(e, e->root, t->span, "a loss is a number, and this is a function");
        if (v.kind != VALUE_TENSOR || !v.body) continue;
        if (v.rank) {
            Diagnostic *d = model_error(e, e->root, t->child[0]->span, "a loss is one number for each sample, and this is %s", shape_text(&v));
            if (d) help(d, "write mean(...) or sum(...) of it");
            continue;
        }
        const Expr *body = ToReal(v.body);
        if (uses_index(body, e->batch) || has_open_draw(e, body)) body = mean_over_batch(e, t->span, body);
        if (!body) continue;
        total = total ? Add(total, body) : body;
        at = t->span;
    }
    return total ? result(e, ROLE_LOSS, "loss", total, NULL, at) : NULL;
}

static const char *called(const Tree *t) {
    while (t->kind == TREE_PIPE) t = t->child[1];
    return t->kind == TREE_NAME || t->kind == TREE_CALL ? t->text : NULL;
}

static const char *unused(const Tensors *list, const char *name) {
    const char *wish = name;
    for (int k = 2, i = 0; i < list->n; i++) if (list->at[i]->name == wish) { wish = name_of(text("%s_%d", name, k++)); i = -1; }
    return wish;
}

/* mean(data) of a metric's expression: the same node in every mode, since totals are known by it. */
static const Tree *mean_over_data(Elaborator *e, const Tree *metric) {
    for (int k = 0; k < e->means.n; k++) if (e->means.at[k]->child[1] == metric->child[0]) return e->means.at[k];
    Tree *mean = NEW(Tree), *data = NEW(Tree);
    *data = (Tree){ .kind = TREE_NAME, .span = metric->span, .text = name_of("data") };
    *mean = (Tree){ .kind = TREE_REDUCE, .span = metric->span, .text = name_of("mean"), .n = 2, .child = NEW_ARRAY(Tree *, 2) };
    mean->child[0] = data;
    mean->child[1] = metric->child[0];
    PUSH(e->means, mean);
    return mean;
}

static void metric_lines(Elaborator *e, Tensors *metrics) {
    const Tree *body = statements_of(e);
    for (int k = 0; k < body->n; k++) {
        const Tree *t = body->child[k];
        if (t->kind != TREE_METRIC) continue;
        Value v = evaluate(e, e->root, NULL, t->child[0]);
        if (v.kind != VALUE_TENSOR || !v.body) continue;
        if (v.rank) { model_error(e, e->root, t->child[0]->span, "a metric is one number, and this is %s", shape_text(&v)); continue; }
        const Expr *value = v.body;
        if (uses_index(value, e->batch)) {                      /* of one sample: its mean over the data */
            const Tree *mean = mean_over_data(e, t);
            v = reduce(e, e->root, NULL, mean);
            if (!v.body) continue;
            value = v.body;
        }
        const char *name = t->text ? t->text : called(t->child[0]) ? called(t->child[0]) : name_of("metric");
        Tensor *m = result(e, ROLE_METRIC, unused(metrics, name), value, NULL, t->span);
        if (m) PUSH(*metrics, m);
    }
}

static void output_lines(Elaborator *e, Tensors *outputs) {
    const Tree *body = statements_of(e);
    for (int k = 0; k < body->n; k++) {
        const Tree *t = body->child[k];
        if (t->kind != TREE_OUTPUT) continue;
        Value v = evaluate(e, e->root, NULL, t->child[0]);
        if (v.kind == VALUE_FUNCTION) model_error(e, e->root, t->span, "an output is an array, and this is a function");
        if (v.kind != VALUE_TENSOR || !v.body) continue;
        const char *name = t->text ? t->text : called(t->child[0]) ? called(t->child[0]) : name_of("output");
        Tensor *o = result(e, ROLE_OUTPUT, unused(outputs, name), v.body, &v, t->span);
        if (o) PUSH(*outputs, o);
    }
}

static void watch_lines(Elaborator *e) {
    const Tree *body = statements_of(e);
    for (int k = 0; k < body->n; k++) {
        const Tree *t = body->child[k];
        if (t->kind != TREE_WATCH) continue;
        for (int i = 0; i < t->n; i++) {
            Value v = evaluate(e, e->root, NULL, t->child[i]);
            if (v.kind != VALUE_TENSOR || !v.body) continue;
            v = stored(e, e->root, t->child[i]->span, &v, t->child[i]->text);
            if (v.body && v.body->kind == X_READ) ((Tensor *)(uintptr_t)v.body->tensor)->watched = true;
        }
    }
}

static Program *program_new(const char *name) {
    Program *p = NEW(Program);
    p->name = name;
    return p;
}

static void begin_mode(Elaborator *e, const Tree *model, bool training, int64_t batch, const Define *defines, int n_defines) {
    e->training = training;
    e->mode++;
    e->program = program_new("model");
    e->batch = index_new("n", batch, batch == 1 && !training && e->batch ? NULL : e->model->count);
    e->tentative = 0;
    model_scope(e, model, defines, n_defines);
    const Tree *body = statements_of(e);
    int part = e->batch->count ? 0 : 1;
    for (int k = 0; k < body->n; k++) if (body->child[k]->kind == TREE_INPUT || body->child[k]->kind == TREE_TARGET) {
        input_line(e, body->child[k], part);
        Name *n = scope_find(e->root, body->child[k]->text);
        Tensor *t = own(e, e->top, body->child[k], part);
        if (n && t && n->tree == body->child[k]) { const Expr *at = At(e->batch); remember(e, &n->value, of_tensor(t, &at, 1)); }
    }
}

/* Next values of states: of every scope in use, whether anything reads them or not. */
static void next_states(Elaborator *e, Tensors *results) {
    for (int i = 0; i < e->scopes.n; i++) {
        Scope *s = e->scopes.at[i];
        for (int k = 0; k < s->names.n; k++) {
            Name *n = s->names.at[k];
            size_t length = strlen(n->name);
            if (n->kind == ENTRY_EQUATION && length && n->name[length - 1] == '\'') name_value(e, s, n);
        }
    }
    for (int i = 0; i < e->program->equations.n; i++) {
        Tensor *t = e->program->equations.at[i]->out;
        if (t->role == ROLE_NEXT && t->of->role != ROLE_TOTAL) PUSH(*results, t);
    }
}

/* ---- which tensors the results need ---- */

typedef struct Reach { const Program *p; LIST(const Tensor *) seen; int next; } Reach;

static void reach_tensor(const Expr *x, void *data) {
    Reach *r = data;
    if (x->kind == X_READ && !x->tensor->watched) {
        Tensor *t = (Tensor *)(uintptr_t)x->tensor;
        t->watched = true;                                      /* a mark, taken back by reach_end */
        PUSH(r->seen, t);
    }
}

/* All tensors that the results need, themselves included; their marks stand in `watched` until reach_end. */
static void reach(Reach *r, const Tensor *const *results, int n) {
    for (int k = 0; k < n; k++) {
        Tensor *t = (Tensor *)(uintptr_t)results[k];
        if (!t->watched) { t->watched = true; PUSH(r->seen, t); }
    }
    for (; r->next < r->seen.n; r->next++) {
        const Equation *q = equation_of(r->p, r->seen.at[r->next]);
        if (q) visit_nodes(q->body, reach_tensor, r);
    }
}

static void reach_end(Reach *r) {
    for (int k = 0; k < r->seen.n; k++) ((Tensor *)(uintptr_t)r->seen.at[k])->watched = false;
}

/* The equations of p that the results need, as a program of their own. */
static Program *cut(const Program *p, const char *name, const Tensors *results) {
    Program *q = program_new(name);
    Tensors watched = { 0 };
    for (int k = 0; k < p->equations.n; k++) if (p->equations.at[k]->out->watched) { PUSH(watched, p->equations.at[k]->out); }
    for (int k = 0; k < watched.n; k++) watched.at[k]->watched = false;
    Reach r = { .p = p };
    reach(&r, (const Tensor *const *)results->at, results->n);
    for (int k = 0; k < p->equations.n; k++) {
        const Equation *x = p->equations.at[k];
        if (x->out->watched) equation_new(q, x->out, x->free, x->op, x->bound, x->n_bound, x->body, x->origin);
    }
    reach_end(&r);
    for (int k = 0; k < watched.n; k++) watched.at[k]->watched = true;
    for (int k = 0; k < results->n; k++) PUSH(q->results, results->at[k]);
    return q;
}

/* ---- updates ---- */

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

static bool fits(const Tree *selector, const Tensor *p) {
    if (selector->has_list && selector->child[0]->n != p->rank) return false;
    return glob(selector->text, p->path);
}

static const Tree *update_of(const Elaborator *e, const Tensor *p) {
    const Tree *body = statements_of(e), *found = NULL;
    for (int k = 0; k < body->n; k++) {
        const Tree *t = body->child[k];
        if (t->kind == TREE_OPTIMIZER) found = t;
        if (t->kind != TREE_UPDATE) continue;
        for (int i = 0; i < t->n - 1; i++) if (fits(t->child[i], p)) found = t;
    }
    return found;
}

static void add_value(Elaborator *e, Scope *s, const char *name, Value v, Span at) {
    Argument *a = NEW(Argument);
    *a = (Argument){ .name = name_of(name) };
    remember(e, &a->value, v);
    Name *n = scope_add(s, name_of(name), ENTRY_ARGUMENT, at, NULL);
    n->argument = a;
}

/* The update line of one parameter, with g and w in its scope. */
static void update_parameter(Elaborator *e, const Tree *line, Tensor *p, Tensor *gradient, int number, Tensors *results) {
    Instance *instance = instance_of(e->top, line, number, name_of("update"));
    instance->parameter = p;
    Scope *s = scope_new(e, e->root->definition, e->root, instance, NULL);
    s->origin = NULL;
    for (int k = 0; k < e->root->names.n; k++) PUSH(s->names, e->root->names.at[k]);
    if (scope_find(s, name_of("w")) || scope_find(s, name_of("g"))) {
        Name *n = scope_find(s, name_of("w")) ? scope_find(s, name_of("w")) : scope_find(s, name_of("g"));
        model_error(e, e->root, n->span, "`%s` stands for %s in update lines: choose another name", n->name, same(n->name, "w") ? "the parameter" : "its gradient");
        return;
    }
    e->update_scope = s;
    Value g = of_tensor(gradient, NULL, 0), w = of_tensor(p, NULL, 0), v;
    add_value(e, s, "g", g, line->span);
    add_value(e, s, "w", w, line->span);
    if (line->kind == TREE_OPTIMIZER) {                         /* f(a) is g |> f(w, a) */
        const Tree *stage = line->child[0];
        if (stage->kind != TREE_CALL && stage->kind != TREE_NAME) { model_error(e, e->root, stage->span, "an optimizer is a call: optimizer f(...)"); return; }
        Tree *weight = NEW(Tree), *with = NEW(Tree);
        *weight = (Tree){ .kind = TREE_NAME, .span = stage->span, .text = name_of("w") };
        *with = *stage;
        with->kind = TREE_CALL;
        with->n = (stage->kind == TREE_CALL ? stage->n : 0) + 1;
        with->child = NEW_ARRAY(Tree *, with->n);
        with->child[0] = weight;
        for (int k = 1; k < with->n; k++) with->child[k] = stage->child[k - 1];
        v = call(e, s, NULL, with, &g, 0, NULL);
    } else v = evaluate(e, s, NULL, line->child[line->n - 1]);
    if (v.kind == VALUE_FUNCTION) model_error(e, e->root, line->span, "an update gives the next weight, and this is a function");
    if (v.kind != VALUE_TENSOR || !v.body) return;
    bool equal = v.rank == p->rank || v.rank == 0;
    for (int k = 0; equal && k < v.rank; k++) equal = v.dim[k] == p->dim[k].extent;
    if (!equal) { model_error(e, e->root, line->span, "the update of `%s` is %s, and should have its shape, %s", p->path, shape_text(&v), shape_text(&w)); return; }
    if (!v.rank) { const Expr *body = v.body; v = w; v.body = body; }
    Tensor *next = tensor_new("", ROLE_NEXT, REAL, p->rank, p->dim, origin_of(line->span));
    next->of = p;
    PUSH(e->named, ((Named){ next, instance, "next", false, e->mode }));
    equation_new(e->program, next, v.axis, REDUCE_NONE, NULL, 0, settle_draws(e, next, v.axis, v.rank, ToReal(v.body)), next->origin);
    PUSH(*results, next);
}

static void next_moments(Elaborator *e, int from_scope, Tensors *results) {
    for (int i = from_scope; i < e->scopes.n; i++) {
        Scope *s = e->scopes.at[i];
        for (int k = 0; k < s->names.n; k++) {
            Name *n = s->names.at[k];
            size_t length = strlen(n->name);
            if (s->definition->kind == TREE_FN && n->kind == ENTRY_EQUATION && length && n->name[length - 1] == '\'') name_value(e, s, n);
        }
    }
    /* A moment that only its own next value reads does not exist. */
    for (bool more = true; more; ) {
        more = false;
        Reach r = { .p = e->program };
        reach(&r, (const Tensor *const *)results->at, results->n);
        for (int k = 0; k < e->program->equations.n; k++) {
            Tensor *t = e->program->equations.at[k]->out;
            bool known = false;
            for (int q = 0; q < results->n; q++) known = known || results->at[q] == t;
            if (!known && t->role == ROLE_NEXT && (t->of->watched || t->watched)) { PUSH(*results, t); more = true; }
        }
        reach_end(&r);
    }
}

static Program *update_program(Elaborator *e, Tensor *const *params, Tensor *const *gradients, int n) {
    int from = e->scopes.n, named = e->named.n;
    e->mode++;
    Tensors results = { 0 };
    for (int round = 0; round < 8; round++) {                   /* again when a choice hung on a number that could be set */
        e->again = false;
        e->updating = e->training = true;
        e->program = program_new("update");
        e->batch = NULL;
        results.n = 0;
        e->named.n = named;
        e->scopes.n = from;
        for (int k = e->owned.n - 1; k >= 0; k--) if (e->owned.at[k].tensor->role == ROLE_HYPER || e->owned.at[k].tensor->role == ROLE_MOMENT) {
            for (int q = k; q + 1 < e->owned.n; q++) e->owned.at[q] = e->owned.at[q + 1];
            e->owned.n--;
        }
        for (int k = 0; k < n; k++) if (gradients[k]) update_parameter(e, update_of(e, params[k]), params[k], gradients[k], k, &results);
        next_moments(e, from, &results);
        if (!e->again) break;
    }
    e->updating = false;
    return results.n ? cut(e->program, "update", &results) : NULL;
}

/* ---- first values ---- */

static const Expr *to_first_values(const Expr *x, void *data) {
    const Tensors *next = data;
    if (x->kind != X_READ) return x;
    for (int k = 0; k < next->n; k++) {
        const Tensor *t = next->at[k];
        if (t->of == x->tensor) return x->guarded ? ReadElse(t, x->arg, t->rank, x->arg[t->rank]) : Read(t, x->arg, t->rank);
    }
    return x;
}

static Program *init_program(Elaborator *e, const Program *model, const Tensors *owned) {
    Tensors results = { 0 };
    e->training = true;
    e->mode++;
    e->program = program_new("init");
    e->batch = NULL;
    for (int i = 0; i < e->owned.n; i++) {
        const Owned o = e->owned.at[i];
        bool wanted = false;
        for (int k = 0; k < owned->n; k++) wanted = wanted || owned->at[k] == o.tensor;
        if (!wanted || o.tree->kind != TREE_DECLARE) continue;
        Tensor *next = tensor_new("", ROLE_NEXT, REAL, o.tensor->rank, o.tensor->dim, o.tensor->origin);
        next->of = o.tensor;
        Value w = of_tensor(o.tensor, NULL, 0), v = scalar(Num(0));
        if (o.tree->n > 1) v = evaluate(e, o.scope, NULL, o.tree->child[1]);
        if (v.kind != VALUE_TENSOR || !v.body) continue;
        bool equal = v.rank == w.rank || v.rank == 0;
        for (int k = 0; equal && k < v.rank; k++) equal = v.dim[k] == w.dim[k];
        if (!equal) { model_error(e, o.scope, o.tree->child[1]->span, "`%s` is %s, and its first value is %s", o.local, shape_text(&w), shape_text(&v)); continue; }
        if (!v.rank) { const Expr *body = v.body; v = w; v.body = body; }
        PUSH(e->named, ((Named){ next, o.instance, text("%s_first", o.local), false, e->mode }));
        equation_new(e->program, next, v.axis, REDUCE_NONE, NULL, 0, settle_draws(e, next, v.axis, v.rank, ToReal(v.body)), next->origin);
        PUSH(results, next);
    }
    for (int k = 0; k < model->equations.n; k++) {              /* what a first value reads of the model (weight norm's length) */
        const Equation *x = model->equations.at[k];
        if (x->out->role == ROLE_VALUE && !equation_of(e->program, x->out)) equation_new(e->program, x->out, x->free, x->op, x->bound, x->n_bound, x->body, x->origin);
    }
    for (int k = 0; k < e->program->equations.n; k++) {
        Equation *x = e->program->equations.at[k];
        x->body = transform(x->body, to_first_values, &results);
    }
    Program *p = cut(e->program, "init", &results);
    return p;
}

/* ---- checks on the whole ---- */

typedef struct Finder { Role role; const Expr *found; } Finder;
static void find_role(const Expr *x, void *data) {
    Finder *f = data;
    if (x->kind == X_READ && x->tensor->role == f->role) f->found = x;
}
static const Expr *reads_role(const Equation *q, Role role) {
    Finder f = { .role = role };
    visit_nodes(q->body, find_role, &f);
    return f.found;
}

static void check_program(Elaborator *e, const Program *p, const Index *batch) {
    for (int k = 0; p && k < p->equations.n; k++) {
        const Equation *q = p->equations.at[k];
        const Expr *x;
        if (!same(p->name, "metrics") && q->out->role != ROLE_NEXT && reads_role(q, ROLE_TOTAL)) {
            Diagnostic *d = error_from(q->origin, "this reads a value that is known at the end of the pass only, and cannot be used for one sample");
            if (d) help(d, "`data` reductions are for metrics; use `batch` in a loss");
            return;
        }
        if (same(p->name, "metrics") && ((x = reads_role(q, ROLE_INPUT)) || (x = reads_role(q, ROLE_TARGET)))) {
            error_from(q->origin, "this mixes `%s` of one sample with what is known at the end of the pass", x->tensor->name);
            return;
        }
        if (same(p->name, "predict") && (x = reads_role(q, ROLE_TARGET))) {
            error_from(q->origin, "an output may not depend on a target, and this reads `%s`", x->tensor->name);
            return;
        }
        if (same(p->name, "predict")) for (int b = 0; b < q->n_bound; b++) if (q->bound[b] == batch || q->bound[b]->count) {
            error_from(q->origin, "the output mixes samples: a prediction is made for each sample alone");
            return;
        }
        if (same(p->name, "update") && ((x = reads_role(q, ROLE_INPUT)) || (x = reads_role(q, ROLE_TARGET)))) {
            error_from(q->origin, "an update cannot read `%s` of a sample", x->tensor->name);
            return;
        }
        if (same(p->name, "init") && ((x = reads_role(q, ROLE_INPUT)) || (x = reads_role(q, ROLE_TARGET)))) {
            error_from(q->origin, "a first value is there before any sample is, and this reads `%s`", x->tensor->name);
            return;
        }
    }
    (void)e;
}

static bool mentioned(const Tree *t, const char *name, const Tree *except) {
    if (t == except) return false;
    if ((t->kind == TREE_NAME || t->kind == TREE_READ || t->kind == TREE_CALL) && t->text == name) return true;
    for (int k = 0; k < t->n; k++) if (mentioned(t->child[k], name, except)) return true;
    return false;
}

static void warn_unused(Elaborator *e, const Scope *root) {
    for (int k = 0; k < root->names.n; k++) {
        const Name *n = root->names.at[k];
        size_t length = strlen(n->name);
        if (n->kind == ENTRY_ARGUMENT || n->kind == ENTRY_DIMENSION || mentioned(root->definition->child[1], n->name, n->tree) || (length && n->name[length - 1] == '\'')) continue;
        Origin *o = origin_of(n->span);
        warn_from("unused", o, n->kind == ENTRY_INPUT ? "`%s` is never read" : n->kind == ENTRY_EQUATION ? "`%s` is never used: it has no effect on the loss or an output" : "`%s` is never used", n->name);
    }
    for (int i = 0; i < e->scopes.n; i++) {
        const Scope *s = e->scopes.at[i];
        if (s == root || s->definition->kind != TREE_FN || s->definition->span.source->library) continue;
        for (int k = 0; k < s->names.n; k++) {
            const Name *n = s->names.at[k];
            if ((n->kind != ENTRY_PARAM && n->kind != ENTRY_STATE) || mentioned(s->definition->child[2], n->name, n->tree)) continue;
            warn_from("unused", origin_of(n->span), "`%s` is never used in `%s`", n->name, s->definition->text);
        }
    }
}

/* Parameters stand in the order of the text: by the calls that lead to them, then by their declaration. */
static int place(const Owned *o, uint32_t *key, int room) {
    const Instance *chain[MAX_DEPTH + 4];
    int depth = 0, n = 0;
    for (const Instance *x = o->instance; x->parent && depth < MAX_DEPTH; x = x->parent) chain[depth++] = x;
    while (depth-- && n + 3 < room) { key[n++] = chain[depth]->call->span.begin; key[n++] = (uint32_t)chain[depth]->stage; }
    key[n++] = o->tree->span.begin;
    return n;
}

static bool stands_before(const Owned *a, const Owned *b) {
    uint32_t x[2 * MAX_DEPTH], y[2 * MAX_DEPTH];
    int n = place(a, x, 2 * MAX_DEPTH), m = place(b, y, 2 * MAX_DEPTH);
    for (int k = 0; k < n && k < m; k++) if (x[k] != y[k]) return x[k] < y[k];
    return n < m;
}

static void sort_owned(Elaborator *e) {                         /* insertion: nearly sorted as made */
    for (int i = 1; i < e->owned.n; i++) {
        Owned o = e->owned.at[i];
        int k = i;
        while (k > 0 && stands_before(&o, &e->owned.at[k - 1])) { e->owned.at[k] = e->owned.at[k - 1]; k--; }
        e->owned.at[k] = o;
    }
}

static void mark_live(Elaborator *e, const Program *p) {
    Reach r = { .p = p };
    reach(&r, (const Tensor *const *)p->results.at, p->results.n);
    for (int i = 0; i < e->owned.n; i++) if (e->owned.at[i].tensor->watched) e->owned.at[i].live = true;
    reach_end(&r);
}

static void mark_host(const Program *p) {
    for (int k = 0; p && k < p->equations.n; k++) {
        Equation *q = p->equations.at[k];
        if (q->out->rank || q->op != REDUCE_NONE || q->out->role != ROLE_VALUE) continue;
        Reach r = { .p = p };
        visit_nodes(q->body, reach_tensor, &r);
        bool host = true;
        for (int i = 0; i < r.seen.n; i++) host = host && r.seen.at[i]->host;
        reach_end(&r);
        q->out->host = host;
    }
}

static const Tree *choose_model(Elaborator *e, const char *name) {
    const Tree *found = NULL;
    for (int i = 0; i < e->models.n; i++) {
        const Tree *m = e->models.at[i];
        if (name ? m->text == name || same(m->text, name) : !found) found = m;
        else if (!name) {
            Diagnostic *d = error_at(m->span, "there are several models: `%s` and `%s`", found->text, m->text);
            help(d, "choose one: --model %s", found->text);
            return NULL;
        }
    }
    if (!found && name) error_at((Span){ 0 }, "there is no model `%s`", name);
    else if (!found) error_at((Span){ 0 }, "there is no model: write model NAME { ... }");
    return found;
}

static bool collect_definitions(Elaborator *e, const Tree *const *files, int n) {
    for (int i = 0; i < n; i++) for (int k = 0; files[i] && k < files[i]->n; k++) {
        const Tree *t = files[i]->child[k];
        if (t->kind == TREE_MODEL) { PUSH(e->models, t); continue; }
        if (t->kind != TREE_FN) continue;
        const Tree *old = function_named(e, t->text);
        if (old && !old->span.source->library && !t->span.source->library) {
            Diagnostic *d = error_at(t->span, "`%s` is defined twice", t->text);
            note(d, old->span, "the other one stands here");
            continue;
        }
        PUSH(e->functions, t);
    }
    return true;
}

static void refuse_lines(Elaborator *e) {
    const Tree *body = statements_of(e);
    for (int k = 0; k < body->n; k++) {
        const Tree *t = body->child[k];
        if (t->kind == TREE_AVERAGE) model_error(e, e->root, t->span, "average lines are not available yet");
        if (t->kind == TREE_STATE && t->text && !same(t->text, "step")) model_error(e, e->root, t->span, "states of another clock than the step are not available yet");
    }
}

Model *elaborate(const Tree *const *files, int n, const char *model_name, const Define *defines, int n_defines) {
    Elaborator *e = NEW(Elaborator);
    collect_definitions(e, files, n);
    const Tree *tree = choose_model(e, model_name);
    if (!tree) return NULL;
    Model *m = e->model = NEW(Model);
    m->name = tree->text;
    m->span = tree->span;
    m->batch = 1;
    Instance *top = e->top = NEW(Instance);
    *top = (Instance){ .label = tree->text, .path = "", .call = tree };
    for (int d = 0; d < n_defines; d++) {
        bool known = false;
        LIST(const char *) names = { 0 };
        for (int k = 0; k < tree->child[0]->n; k++) { PUSH(names, tree->child[0]->child[k]->text); known = known || same(tree->child[0]->child[k]->text, defines[d].name); }
        if (known) continue;
        const char *close = closest_name(defines[d].name, names.at, names.n);
        Diagnostic *x = error_at(tree->span, "-D %s: the model `%s` has no constant of that name", defines[d].name, tree->text);
        if (close) help(x, "did you mean `%s`?", close);
        else help(x, "constants stand in its header: model %s(hidden=128) { ... }", tree->text);
    }
    m->step = host_scalar("step", 0, (int64_t)1 << 53);
    m->epoch = host_scalar("epoch", 0, (int64_t)1 << 53);
    e->program = program_new("model");
    model_scope(e, tree, defines, n_defines);
    train_line(e);
    refuse_lines(e);
    m->count = host_scalar("batch", 1, m->batch);

    /* Training: the loss, its gradient, next states. */
    e->scopes.n = 0;
    e->batch = NULL;
    begin_mode(e, tree, true, m->batch, defines, n_defines);
    const Index *batch = e->batch;
    Tensor *loss = loss_lines(e);
    m->loss = loss;
    Tensors training_metrics = { 0 }, training_results = { 0 };
    metric_lines(e, &training_metrics);
    watch_lines(e);
    Tensors nexts = { 0 };
    next_states(e, &nexts);
    Program *training = e->program;
    Scope *training_root = e->root;
    if (error_count()) return NULL;

    /* Outside of training: evaluation and prediction. */
    begin_mode(e, tree, false, m->batch, defines, n_defines);
    const Index *still_batch = e->batch;
    Tensor *still_loss = loss_lines(e);
    metric_lines(e, &m->metrics);
    output_lines(e, &m->outputs);
    watch_lines(e);
    Program *still = e->program;
    if (error_count()) return NULL;
    Tensors one_outputs = { 0 };
    e->batch = still_batch;                                     /* one sample: the batch is 1, known now */
    begin_mode(e, tree, false, 1, defines, n_defines);
    output_lines(e, &one_outputs);
    Program *one = e->program;
    if (error_count()) return NULL;
    if (!loss && !m->outputs.n) { error_at(tree->span, "the model has neither a loss nor an output: there is nothing to compute"); return NULL; }

    /* Which parameters and states there are. */
    sort_owned(e);
    if (loss) PUSH(training_results, loss);
    for (int k = 0; k < training_metrics.n; k++) PUSH(training_results, training_metrics.at[k]);
    for (bool more = true; more; ) {                            /* states that are read, and what their next values read */
        more = false;
        Reach r = { .p = training };
        reach(&r, (const Tensor *const *)training_results.at, training_results.n);
        for (int k = 0; k < nexts.n; k++) {
            bool known = false;
            for (int q = 0; q < training_results.n; q++) known = known || training_results.at[q] == nexts.at[k];
            bool read_later = false;
            for (int q = 0; q < still->equations.n && !read_later; q++) read_later = uses_tensor(still->equations.at[q]->body, nexts.at[k]->of);
            if (!known && (nexts.at[k]->of->watched || nexts.at[k]->watched || read_later)) { PUSH(training_results, nexts.at[k]); more = true; }
        }
        reach_end(&r);
    }
    for (int k = 0; k < training->equations.n; k++) {
        Tensor *t = training->equations.at[k]->out;
        if (t->role == ROLE_NEXT && t->of->role == ROLE_TOTAL) PUSH(training_results, t);
    }
    Program *live = cut(training, "gradients", &training_results);
    mark_live(e, live);
    Tensors still_results = { 0 };
    for (int k = 0; k < m->outputs.n; k++) PUSH(still_results, m->outputs.at[k]);
    if (still_loss) PUSH(still_results, still_loss);
    for (int k = 0; k < m->metrics.n; k++) PUSH(still_results, m->metrics.at[k]);
    mark_live(e, cut(still, "evaluate", &still_results));
    for (int i = 0; i < e->owned.n; i++) {
        const Owned *o = &e->owned.at[i];
        if (o->part == 0 && (o->tensor->role == ROLE_INPUT)) PUSH(m->inputs, o->tensor);
        if (o->live && o->tensor->role == ROLE_PARAM) PUSH(m->params, o->tensor);
        if (o->live && o->tensor->role == ROLE_STATE) PUSH(m->states, o->tensor);
    }
    for (int i = 0; i < e->owned.n; i++) if (e->owned.at[i].part == 0 && e->owned.at[i].tensor->role == ROLE_TARGET) PUSH(m->inputs, e->owned.at[i].tensor);
    finish_names(e);                                            /* update lines choose by path */

    /* Gradients, and updates with them. */
    e->root = training_root;
    Tensor **gradients = NEW_ARRAY(Tensor *, m->params.n + 1);
    if (loss && m->params.n) {
        const Tensor **wrt = NEW_ARRAY(const Tensor *, m->params.n);
        Tensor **out = NEW_ARRAY(Tensor *, m->params.n);
        int *from = NEW_ARRAY(int, m->params.n), trained = 0;
        bool any_line = false;
        for (int k = 0; k < m->params.n; k++) any_line = any_line || update_of(e, m->params.at[k]);
        for (int k = 0; k < m->params.n; k++) {
            const Tree *line = update_of(e, m->params.at[k]);
            const Tree *next = line && line->kind == TREE_UPDATE ? line->child[line->n - 1] : NULL;
            bool frozen = any_line && (!line || (next && next->kind == TREE_NAME && same(next->text, "w")));
            if (!frozen) { from[trained] = k; wrt[trained++] = m->params.at[k]; }
        }
        Reach r = { .p = live };
        const Tensor *of_loss = loss;
        reach(&r, &of_loss, 1);
        for (int k = 0; k < trained; k++) if (!wrt[k]->watched) warn_from("unused", wrt[k]->origin, "`%s` has no effect on the loss", wrt[k]->path);
        reach_end(&r);
        differentiate(live, loss, wrt, trained, out);
        for (int k = 0; k < trained; k++) {
            out[k]->role = ROLE_GRAD;
            out[k]->of = wrt[k];
            out[k]->path = wrt[k]->path;
            gradients[from[k]] = out[k];
            PUSH(m->grads, out[k]);
        }
        if (any_line) {
            Scope *kept = e->root;
            m->update = update_program(e, m->params.at, gradients, m->params.n);
            e->root = kept;
        }
    }
    if (error_count()) return NULL;
    for (int i = 0; i < e->owned.n; i++) {
        const Owned *o = &e->owned.at[i];
        if (o->tensor->role == ROLE_HYPER) PUSH(m->hypers, o->tensor);
        if (o->tensor->role == ROLE_MOMENT && m->update) {
            bool alive = false;
            for (int k = 0; k < m->update->results.n; k++) alive = alive || m->update->results.at[k]->of == o->tensor;
            if (alive) PUSH(m->moments, o->tensor);
        }
    }
    m->hyper_defaults = NEW_ARRAY(double, m->hypers.n + 1);
    for (int k = 0; k < m->hypers.n; k++) m->hyper_defaults[k] = m->hypers.at[k]->initial;
    for (int i = 0; i < e->owned.n; i++) if (e->owned.at[i].tensor->role == ROLE_TOTAL) PUSH(m->totals, e->owned.at[i].tensor);

    /* Programs, each cut by its results. */
    Tensors all = { 0 };
    for (int k = 0; k < m->params.n; k++) PUSH(all, m->params.at[k]);
    for (int k = 0; k < m->states.n; k++) PUSH(all, m->states.at[k]);
    for (int k = 0; k < m->moments.n; k++) PUSH(all, m->moments.at[k]);
    e->root = training_root;
    m->init = init_program(e, training, &all);
    Tensors results = { 0 };
    for (int k = 0; k < training_results.n; k++) if (training_results.at[k]->role != ROLE_METRIC) PUSH(results, training_results.at[k]);
    for (int k = 0; k < m->grads.n; k++) PUSH(results, m->grads.at[k]);
    if (loss) m->gradients = cut(live, "gradients", &results);
    results.n = 0;
    if (still_loss) PUSH(results, still_loss);
    for (int k = 0; k < still->equations.n; k++) {
        Tensor *t = still->equations.at[k]->out;
        if (t->role == ROLE_NEXT && t->of->role == ROLE_TOTAL) PUSH(results, t);
    }
    if (results.n) m->evaluate = cut(still, "evaluate", &results);
    if (m->metrics.n) m->metrics_program = cut(still, "metrics", &m->metrics);
    if (m->outputs.n) m->predict = cut(still, "predict", &m->outputs);
    if (m->outputs.n) m->predict_one = cut(one, "predict_one", &one_outputs);
    finish_names(e);
    Program *programs[] = { m->init, m->gradients, m->update, m->evaluate, m->metrics_program, m->predict, m->predict_one };
    for (size_t k = 0; k < sizeof programs / sizeof *programs; k++) {
        if (!programs[k]) continue;
        program_order(programs[k]);
        mark_host(programs[k]);
        check_program(e, programs[k], same(programs[k]->name, "predict") ? still_batch : batch);
    }
    warn_unused(e, training_root);
    return error_count() ? NULL : m;
}
