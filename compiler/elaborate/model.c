/* A model and its programs.
 *
 * A model is elaborated once in training and once outside of it, and a third time for a single sample. Evaluating and
 * predicting share the second, unless the model asks which of them it is: then they are elaborated apart. The gradient of the
 * loss is added; each update line is elaborated for every parameter that it fits; first values make a program of their
 * own. What each entry point needs is then cut out of these by its results. */
#include "call.h"
#include "model.h"
#include <string.h>

static bool same(const char *a, const char *b) { return !strcmp(a, b); }

Tensor *own(const Instance *instance, const void *key, int part) { return map_get(&instance->owned[part], key); }

void own_add(Elaborator *e, Instance *instance, const void *key, int part, Tensor *t, Scope *scope, const Tree *tree, const char *local) {
    map_put(&instance->owned[part], key, t);
    PUSH(e->owned, ((Owned){ .instance = instance, .key = key, .part = part, .tensor = t, .scope = scope, .tree = tree, .local = local }));
}

/* A model's tree with the constants given on the command line. */
typedef struct ModelText { const Tree *tree; const Define *defines; int n_defines; } ModelText;

/* What one elaboration of the model's text gives. */
typedef struct Mode {
    Program *program;
    Scope *root;
    int from_scope;
    Tensor *loss;
    Aims aims;
    Tensors metrics, outputs, nexts, firsts;                    /* firsts: of what is surveyed, and of memories */
} Mode;

static Mode begin_mode(Elaborator *e, const ModelText *text, bool training, bool predicting, bool many) {
    e->training = training;
    e->predicting = predicting;
    e->mode++;
    e->program = program_new("model");
    e->batch = index_new("n", many ? e->model->batch : 1, many ? e->model->count : NULL);
    e->tentative = 0;
    int from_scope = e->scopes.n;
    Scope *root = model_scope(e, text->tree, text->defines, text->n_defines);
    const Tree *body = statements_of(e);
    for (int k = 0; k < body->n; k++) {
        const Tree *line = body->child[k];
        if (line->kind != TREE_INPUT && line->kind != TREE_TARGET) continue;
        input_line(e, line, many ? 0 : 1);
        Name *n = scope_find(root, line->text);
        Tensor *t = own(e->top, line, many ? 0 : 1);
        const Expr *at = At(e->batch);
        if (n && t && n->tree == line) remember(e, &n->value, of_tensor(t, &at, 1));
    }
    return (Mode){ .program = e->program, .root = root, .from_scope = from_scope };
}

/* Next values of the states that change now, in training or where the model predicts: of every scope in use, whether anything
 * reads them or not. */
static void next_states(Elaborator *e, const Mode *m, Tensors *results) {
    for (int i = m->from_scope; i < e->scopes.n; i++) {
        Scope *s = e->scopes.at[i];
        for (int k = 0; k < s->names.n; k++) {
            Name *n = s->names.at[k];
            size_t length = strlen(n->name);
            if (n->kind != ENTRY_EQUATION || !length || n->name[length - 1] != '\'') continue;
            const Name *state = scope_find(s, intern(n->name, length - 1));
            bool memory = state && state->clock == EACH_PREDICT;
            if (memory == e->predicting) name_value(e, s, n);
        }
    }
    for (int i = 0; i < e->program->equations.n; i++) {
        Tensor *t = e->program->equations.at[i]->out;
        if (t->role == ROLE_NEXT && t->of->role != ROLE_TOTAL) PUSH(*results, t);
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

static void collect_definitions(Elaborator *e, const Tree *const *files, int n) {
    for (int i = 0; i < n; i++) for (int k = 0; files[i] && k < files[i]->n; k++) {
        const Tree *t = files[i]->child[k];
        if (t->kind == TREE_MODEL) { PUSH(e->models, t); continue; }
        if (t->kind != TREE_FN) continue;
        if (is_special(t->text)) { error_at(t->span, "`%s` is a function of the language: choose another name", t->text); continue; }
        const Tree *old = function_named(e, t->text);
        if (old && !old->span.source->library && !t->span.source->library) {
            Diagnostic *d = error_at(t->span, "`%s` is defined twice", t->text);
            note(d, old->span, "the other one stands here");
            continue;
        }
        PUSH(e->functions, t);
    }
}

static void check_defines(const Tree *model, const Define *defines, int n) {
    LIST(const char *) names = { 0 };
    for (int k = 0; k < model->child[0]->n; k++) PUSH(names, model->child[0]->child[k]->text);
    for (int d = 0; d < n; d++) {
        bool known = false;
        for (int k = 0; k < names.n; k++) known = known || same(names.at[k], defines[d].name);
        if (known) continue;
        const char *close = closest_name(defines[d].name, names.at, names.n);
        Diagnostic *x = error_at(model->span, "-D %s: the model `%s` has no constant of that name", defines[d].name, model->text);
        if (close) help(x, "did you mean `%s`?", close);
        else help(x, "constants stand in its header: model %s(hidden=128) { ... }", model->text);
    }
}

static Mode training_mode(Elaborator *e, const ModelText *text) {
    Mode m = begin_mode(e, text, true, false, true);
    m.loss = loss_lines(e);
    m.aims = e->aims;
    metric_lines(e, &m.metrics);
    watch_lines(e);
    next_states(e, &m, &m.nexts);
    return m;
}

/* As long as nothing has asked whether this predicts, the outputs are made of the same values. */
static Mode resting_mode(Elaborator *e, const ModelText *text) {
    e->apart = false;
    Mode m = begin_mode(e, text, false, false, true);
    m.loss = loss_lines(e);
    m.aims = e->aims;
    metric_lines(e, &m.metrics);
    e->predicting = !e->apart;
    if (e->predicting) output_lines(e, &m.outputs);
    watch_lines(e);
    if (e->predicting) next_states(e, &m, &m.nexts);
    survey_states(e, m.from_scope, &m.firsts);
    return m;
}

/* After resting_mode: the same, if the outputs could be made there. */
static Mode predicting_mode(Elaborator *e, const ModelText *text, const Mode *resting) {
    if (e->predicting) return *resting;
    Mode m = begin_mode(e, text, false, true, true);
    output_lines(e, &m.outputs);
    watch_lines(e);
    next_states(e, &m, &m.nexts);
    return m;
}

static Mode single_mode(Elaborator *e, const ModelText *text) {
    Mode m = begin_mode(e, text, false, true, false);
    output_lines(e, &m.outputs);
    next_states(e, &m, &m.nexts);
    first_memories(e, &m.firsts);
    return m;
}

static void add_all(Tensors *to, const Tensors *from) {
    for (int k = 0; k < from->n; k++) PUSH(*to, from->at[k]);
}

/* To what a program gives, the next value of each state that it reads; and of those that are `known` to be read elsewhere. */
static void keep_nexts(const Program *p, const Tensors *nexts, const Reached *known, Tensors *results) {
    Reached now = { 0 };
    Map kept = { 0 };
    for (bool more = true; more; ) {
        more = false;
        reach(&now, p, results);
        for (int k = 0; k < nexts->n; k++) {
            Tensor *next = nexts->at[k];
            if (map_get(&kept, next) || !(reached(&now, next->of) || reached(&now, next) || (known && reached(known, next->of)))) continue;
            map_put(&kept, next, next);
            PUSH(*results, next);
            more = true;
        }
    }
}

/* The outputs, and what memories become. */
static Tensors predicted(const Mode *m) {
    Tensors results = { 0 };
    add_all(&results, &m->outputs);
    keep_nexts(m->program, &m->nexts, NULL, &results);
    return results;
}

/* Everything that is read outside of training. */
static Reached reached_at_rest(const Mode *resting, const Mode *predicting) {
    Tensors results = { 0 }, outputs = predicted(predicting);
    Reached r = { 0 };
    reach(&r, predicting->program, &outputs);
    if (resting->loss) PUSH(results, resting->loss);
    add_all(&results, &resting->metrics);
    gathered_for(resting->program, &resting->metrics, &results);
    reach(&r, resting->program, &results);
    return r;
}

/* The results of a training step: the loss, the totals, and the next value of each state that anything reads. */
static Tensors step_results(const Mode *training, const Reached *at_rest) {
    Tensors results = { 0 };
    if (training->loss) PUSH(results, training->loss);
    gathered_for(training->program, &training->metrics, &results);
    keep_nexts(training->program, &training->nexts, at_rest, &results);
    return results;
}

/* Parameters and states that something reads exist; the others do not. */
static void list_owned(Elaborator *e, const Program *live, const Tensors *step, const Mode *resting, Reached *at_rest) {
    Model *m = e->model;
    Reached now = { 0 };
    reach(&now, live, step);
    survey_reach(resting->program, &resting->firsts, &now, at_rest);
    sort_owned(e);
    for (int i = 0; i < e->owned.n; i++) {
        Owned *o = &e->owned.at[i];
        o->live = reached(&now, o->tensor) || reached(at_rest, o->tensor);
        if (o->part == 0 && o->tensor->role == ROLE_INPUT) PUSH(m->inputs, o->tensor);
        if (o->live && o->tensor->role == ROLE_PARAM) PUSH(m->params, o->tensor);
        if (o->live && o->tensor->role == ROLE_STATE) PUSH(m->states, o->tensor);
        if (o->live && o->part == 0 && o->tensor->role == ROLE_MEMORY) PUSH(m->memories, o->tensor);
        if (o->live && o->tensor->role == ROLE_TOTAL) PUSH(m->totals, o->tensor);
    }
    for (int i = 0; i < e->owned.n; i++)
        if (e->owned.at[i].part == 0 && e->owned.at[i].tensor->role == ROLE_TARGET) PUSH(m->inputs, e->owned.at[i].tensor);
}

/* A parameter whose line leaves it as it is has no gradient; without any line, all have one. */
static bool is_frozen(const Elaborator *e, const Tensor *p, bool any_line) {
    if (!any_line) return false;
    const Tree *line = update_of(e, p);
    if (!line) return true;
    const Tree *next = line->kind == TREE_UPDATE ? line->child[line->n - 1] : NULL;
    return next && next->kind == TREE_NAME && same(next->text, "w");
}

/* What the gradient of a parameter is of: the loss, unless its update line says otherwise. */
static Tensor *aim_of(const Elaborator *e, const Tensor *parameter, Tensor *loss) {
    const Tree *line = update_of(e, parameter);
    for (int k = 0; k < e->aims.n; k++) if (e->aims.at[k].line == line) return e->aims.at[k].tensor;
    return loss;
}

static void warn_without_effect(const Program *live, Tensor *loss, const Tensor *const *params, int n) {
    Tensors aim = { 0 };
    PUSH(aim, loss);
    Reached r = { 0 };
    reach(&r, live, &aim);
    for (int k = 0; k < n; k++)
        if (!reached(&r, params[k])) warn_from("unused", params[k]->origin, "`%s` has no effect on the loss", params[k]->path);
}

/* The parameters with the same aim share what leads back to it. Without accumulating there is no Gathering. */
static bool differentiate_all(const Elaborator *e, Gathering *g, Program *live, Tensor *loss, const Tensor *const *trained, int n, Tensor **out) {
    const Tensor **some = NEW_ARRAY(const Tensor *, n + 1);
    Tensor **found = NEW_ARRAY(Tensor *, n + 1);
    bool *done = NEW_ARRAY(bool, n + 1);
    for (int k = 0; k < n; k++) {
        if (done[k]) continue;
        Tensor *aim = aim_of(e, trained[k], loss);
        int m = 0;
        for (int q = k; q < n; q++) if (aim_of(e, trained[q], loss) == aim) some[m++] = trained[q];
        warn_without_effect(live, aim, some, m);
        if (g && !gather_gradients(g, aim, some, m, found)) return false;
        if (!g) differentiate(live, aim, some, m, found);
        for (int q = k, at = 0; q < n; q++) if (aim_of(e, trained[q], loss) == aim) { out[q] = found[at++]; done[q] = true; }
    }
    return true;
}

static void gradients_and_update(Elaborator *e, Program *live, const Mode *resting, Tensor *loss, Tensors *results) {
    Model *m = e->model;
    Tensor **gradients = NEW_ARRAY(Tensor *, m->params.n), **out = NEW_ARRAY(Tensor *, m->params.n);
    const Tensor **trained = NEW_ARRAY(const Tensor *, m->params.n);
    int *place_of = NEW_ARRAY(int, m->params.n), n = 0;
    bool any_line = false;
    for (int k = 0; k < m->params.n; k++) any_line = any_line || update_of(e, m->params.at[k]);
    for (int k = 0; k < m->params.n; k++)
        if (!is_frozen(e, m->params.at[k], any_line)) { place_of[n] = k; trained[n++] = m->params.at[k]; }
    Gathering *g = m->accumulate > 1 ? gathering_new(e, live, resting->program, &resting->aims, results) : NULL;
    if (!differentiate_all(e, g, live, loss, trained, n, out)) return;
    if (g) gather_numbers(g);
    for (int k = 0; k < n; k++) {
        if (!g) PUSH(*results, out[k]);
        out[k]->role = ROLE_GRAD;
        out[k]->of = trained[k];
        out[k]->path = trained[k]->path;
        gradients[place_of[k]] = out[k];
        PUSH(m->grads, out[k]);
    }
    warn_of_selectors(e, &m->params);
    if (any_line) update_programs(e, m->params.at, gradients, m->params.n);
    if (m->update && g) begin_anew(e);
    const Program *programs[] = { m->update, m->average_program, m->epoch_program };
    Map kept = { 0 };                                           /* what has a next value, or is read: a metric's last one too */
    for (int p = 0; p < 3; p++) {
        Reached read = { 0 };
        if (!programs[p]) continue;
        reach(&read, programs[p], &programs[p]->results);
        for (int k = 0; k < programs[p]->results.n; k++) map_put(&kept, programs[p]->results.at[k]->of, m);
        for (int k = 0; k < read.tensors.n; k++) if (read.tensors.at[k]->role == ROLE_MOMENT) map_put(&kept, read.tensors.at[k], m);
    }
    for (int i = 0; i < e->owned.n; i++) {
        Tensor *t = e->owned.at[i].tensor;
        if (t->role == ROLE_HYPER) PUSH(m->hypers, t);
        if (t->role == ROLE_MOMENT && map_get(&kept, t)) PUSH(m->moments, t);
    }
    m->hyper_defaults = NEW_ARRAY(double, m->hypers.n + 1);
    for (int k = 0; k < m->hypers.n; k++) m->hyper_defaults[k] = m->hypers.at[k]->initial;
}

static void cut_programs(Elaborator *e, const Mode *training, const Mode *resting, const Mode *predicting, const Mode *single,
                         const Program *live, Tensors *step) {
    Model *m = e->model;
    Tensors owned = { 0 }, at_rest = { 0 };
    add_all(&owned, &m->params);
    add_all(&owned, &m->states);
    add_all(&owned, &m->moments);
    m->init = first_values(e, training->program, &owned);
    survey_programs(e, resting->program, &resting->firsts);
    if (m->loss) m->gradients = cut(live, "gradients", step);
    if (resting->loss) PUSH(at_rest, resting->loss);
    gathered_for(resting->program, &resting->metrics, &at_rest);
    if (at_rest.n) m->evaluate = cut(resting->program, "evaluate", &at_rest);
    if (m->metrics.n) m->metrics_program = cut(resting->program, "metrics", &m->metrics);
    if (!m->outputs.n) return;
    const Tensors many = predicted(predicting), one = predicted(single);
    Tensors firsts = { 0 };
    m->predict = cut(predicting->program, "predict", &many);
    m->predict_one = cut(single->program, "predict_one", &one);
    Reached r = { 0 };
    reach(&r, single->program, &one);
    for (int k = 0; k < single->firsts.n; k++) if (reached(&r, single->firsts.at[k]->of)) PUSH(firsts, single->firsts.at[k]);
    if (firsts.n) m->begin = cut(single->program, "begin", &firsts);
}

Model *elaborate(const Tree *const *files, int n, const char *model_name, const Define *defines, int n_defines) {
    Elaborator *e = NEW(Elaborator);
    collect_definitions(e, files, n);
    const Tree *tree = choose_model(e, model_name);
    if (!tree) return NULL;
    check_defines(tree, defines, n_defines);
    Model *m = e->model = NEW(Model);
    *m = (Model){ .name = tree->text, .span = tree->span, .batch = 1 };
    e->top = NEW(Instance);
    *e->top = (Instance){ .label = tree->text, .path = "", .call = tree };
    m->step = host_scalar("step", 0, (int64_t)1 << 53);
    m->epoch = host_scalar("epoch", 0, (int64_t)1 << 53);
    e->program = program_new("model");
    model_scope(e, tree, defines, n_defines);
    train_line(e);
    check_averages(e);
    m->count = host_scalar("batch", 1, m->batch);
    begin_gathering(e);
    e->scopes.n = 0;

    ModelText text_of = { tree, defines, n_defines };
    Mode training = training_mode(e, &text_of);
    if (error_count()) return NULL;
    Mode resting = resting_mode(e, &text_of);
    if (error_count()) return NULL;
    Mode predicting = predicting_mode(e, &text_of, &resting);
    if (error_count()) return NULL;
    Mode single = single_mode(e, &text_of);
    if (error_count()) return NULL;
    m->loss = training.loss;
    m->metrics = resting.metrics;
    m->outputs = predicting.outputs;
    if (!m->loss && !m->outputs.n) {
        error_at(tree->span, "the model has neither a loss nor an output: there is nothing to compute");
        return NULL;
    }
    Reached at_rest = reached_at_rest(&resting, &predicting);
    Tensors step = step_results(&training, &at_rest);
    Tensors wanted = { 0 };
    add_all(&wanted, &step);
    for (int k = 0; k < training.aims.n; k++) PUSH(wanted, training.aims.at[k].tensor);
    Program *live = cut(training.program, "gradients", &wanted);
    list_owned(e, live, &wanted, &resting, &at_rest);
    e->aims = training.aims;
    finish_names(e);                                            /* update lines choose by path */
    e->root = training.root;
    if (training.loss && m->params.n) gradients_and_update(e, live, &resting, training.loss, &step);
    if (error_count()) return NULL;
    cut_programs(e, &training, &resting, &predicting, &single, live, &step);
    finish_names(e);
    Program *programs[] = { m->gradients, m->init, m->update, m->average_program, m->epoch_program, m->rates_program, m->evaluate,
                            m->metrics_program, m->predict, m->predict_one, m->begin, m->survey, m->surveyed_program };
    for (size_t k = 0; k < sizeof programs / sizeof *programs; k++) {
        if (!programs[k] || error_count()) continue;            /* the same mistake is not told for each program */
        program_order(programs[k]);
        mark_host(programs[k]);
        check_program(m, programs[k]);
    }
    warn_unused(e, training.root);
    return error_count() ? NULL : m;
}
