/* The entry points: the functions that callers see, as lists of calls of kernels.
 *
 *     double mlp_gradients(mlp *m, int n, const real *image, const int32_t *digit) {
 *         if (!mlp_accepts(n, digit)) return (double)NAN;
 *         const mlp_params *const p = &m->params;
 *         real *const arena = nn_first_line(m->work.arena);
 *         real (*const h)[128] = (void *)(arena + 640);
 *
 *         mlp_h(n, (const real (*)[784])image, p->linear_w, p->linear_b, h);
 *         ...
 *         return (double)*loss;
 *     }
 *
 * First comes what is checked, then how the function calls its memory, then keys and numbers that are computed once (in
 * double), then the calls. A call that is not accepted (n outside of 1 .. BATCH, an integer outside of its declared range)
 * writes nothing: it gives NAN, or nothing at all. So kernels may use labels and tokens as subscripts without a test. */
#include "body.h"
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

const char *const entry_name[ENTRY_COUNT] = {
    "gradients", "update", "average", "epoch", "evaluate", "metrics", "rates", "predict", "predict_one", "begin", "survey", "surveyed", "init"
};

Tensors model_inputs(const Model *m, bool targets) {
    Tensors list = { 0 };
    for (int turn = 0; turn < 1 + targets; turn++)
        for (int k = 0; k < m->inputs.n; k++)
            if (m->inputs.at[k]->role == (turn == 0 ? ROLE_INPUT : ROLE_TARGET)) PUSH(list, m->inputs.at[k]);
    return list;
}

const Program *entry_program(const Model *m, Entry e) {
    switch (e) {
    case ENTRY_GRADIENTS: return m->gradients;
    case ENTRY_UPDATE: return m->update;
    case ENTRY_AVERAGE: return m->average_program;
    case ENTRY_EPOCH: return m->epoch_program;
    case ENTRY_EVALUATE: return m->evaluate;
    case ENTRY_METRICS: return m->metrics_program;
    case ENTRY_RATES: return m->rates_program;
    case ENTRY_PREDICT: return m->predict;
    case ENTRY_PREDICT_ONE: return m->predict_one;
    case ENTRY_BEGIN: return m->begin;
    case ENTRY_SURVEY: return m->survey;
    case ENTRY_SURVEYED: return m->surveyed_program;
    case ENTRY_INIT: return m->init;
    default: return NULL;
    }
}

/* ---- signatures -------------------------------------------------------------------------------------------------- */
/* Names of the parameters that every call of the module has for its inputs and outputs. */
static const char *const own_names[] = { "m", "n", "p", "s", "memory", "work", "seed", "values", "arena", "whole" };

const char *public_name(const Module *m, const Tensor *t) {
    Names *names = names_new(NULL);
    Tensors list = model_inputs(m->model, true);
    for (size_t k = 0; k < sizeof own_names / sizeof *own_names; k++) name_take(names, own_names[k]);
    name_take(names, m->prefix);
    for (int k = 0; k < m->model->outputs.n; k++) PUSH(list, m->model->outputs.at[k]);
    for (int k = 0; k < m->model->lengths.n; k++) PUSH(list, m->model->lengths.at[k]);
    for (int k = 0; k < list.n; k++) {
        const char *name = name_add(names, list.at[k]->name);
        if (list.at[k]->role == t->role && same_name(list.at[k], t)) return name;
    }
    return name_safe(t->name);
}

const char *most_of(const Module *m, const Tensor *length) { return text("%s_MOST_%s", name_upper(m->prefix), public_name(m, length)); }

const char *public_type(const Tensor *t) {
    return t->byte ? "unsigned char" : t->type == REAL ? "nn_real" : "int32_t";
}

static void put_inputs(Writer *w, const Module *m, bool targets, bool types) {
    Tensors list = model_inputs(m->model, targets);
    for (int k = 0; k < list.n; k++) {
        if (types) put(w, ", const %s *%s", public_type(list.at[k]), public_name(m, list.at[k]));
        else put(w, ", %s", public_name(m, list.at[k]));
    }
}

/* Extents that the call gives, after the number of samples. */
static void put_lengths(Writer *w, const Module *m, const char *before) {
    for (int k = 0; k < m->model->lengths.n; k++) put(w, "%s%s", before, public_name(m, m->model->lengths.at[k]));
}

/* What predict and begin are handed of the instance, and the memory of samples. */
static void put_kept(Writer *w, const Module *m, const Layout *l) {
    if (l->of[STRUCT_PARAMS].members.n) put(w, "const %s *p, ", struct_name(m, l, STRUCT_PARAMS));
    if (l->of[STRUCT_STATE].members.n) put(w, "const %s *s, ", struct_name(m, l, STRUCT_STATE));
    if (l->of[STRUCT_MEMORY].members.n) put(w, "%s *memory", struct_name(m, l, STRUCT_MEMORY));
}

static void put_predict(Writer *w, const Module *m, const Layout *l, bool one) {
    put_kept(w, m, l);
    if (l->of[STRUCT_MEMORY].members.n) put_text(w, ", ");
    put(w, "%s *work%s", struct_name(m, l, STRUCT_PREDICT_WORK), one ? "" : ", int n");
    put_lengths(w, m, ", int ");
    put_inputs(w, m, false, true);
    const Tensors *outputs = &m->model->outputs;
    for (int k = 0; k < outputs->n; k++) put(w, ", %s *%s", public_type(outputs->at[k]), public_name(m, outputs->at[k]));
}

/* The first line of one function, as header and C file have it; function: its name without the prefix. */
void signature_print(Writer *w, const Module *m, const Layout *l, const char *function, const char *end) {
    bool predict = strcmp(function, "predict") == 0, one = strcmp(function, "predict_one") == 0,
         values = strcmp(function, "metrics") == 0 || strcmp(function, "rates") == 0, begin = strcmp(function, "begin") == 0,
         survey = strcmp(function, "survey") == 0;
    bool init = strcmp(function, "init") == 0,
         alone = init || values || strcmp(function, "update") == 0 || strcmp(function, "reset") == 0
                || strcmp(function, "average") == 0 || strcmp(function, "epoch") == 0 || strcmp(function, "surveyed") == 0;
    Writer c = { 0 };
    put(&c, "%s %s_%s(", alone || predict || one || begin || survey ? "void" : "double", m->prefix, function);
    if (predict || one) put_predict(&c, m, l, one);
    else if (begin) put_kept(&c, m, l);
    else put(&c, "%s%s *m", values ? "const " : "", m->prefix);
    if (init) put_text(&c, ", uint64_t seed");
    else if (values) put_text(&c, ", double *values");
    else if (!alone && !predict && !one && !begin) {
        put_text(&c, ", int n");
        put_lengths(&c, m, ", int ");
        put_inputs(&c, m, true, true);
    }
    put_line(w, 0, text("%s)%s", c.text, end));
}

/* ---- where a call finds its tensors ------------------------------------------------------------------------------ */

static const char *member_text(Body *b, StructKind kind, const char *at, const Tensor *t) {
    const Member *member = member_of(b->l, kind, t);
    return text("%s%s", at, member ? member->name : name_safe(t->name));
}

static const char *value_place(const Tensors *list, const Tensor *t) {
    for (int k = 0; k < list->n; k++)
        if (same_name(list->at[k], t)) return text("values[%d]", k);
    return NULL;
}

/* The lvalue of a tensor that lives in a struct or is handed out; NULL when it is neither. */
const char *struct_place(Body *b, const Tensor *t, bool constant) {
    const Tensor *of = t->role == ROLE_NEXT && t->of ? t->of : t;
    if (t->role == ROLE_NEXT && storage_of(b->m->schedule[b->entry], t)) return NULL;   /* until the old value has been read */
    if (t->watched && member_of(b->l, STRUCT_WATCH, t))
        return member_text(b, STRUCT_WATCH, b->predicts ? "work->watch." : "m->watch.", t);
    if (of->role == ROLE_GRAD) return member_text(b, STRUCT_PARAMS, "m->grads.", of->of);
    switch (of->role) {
    case ROLE_PARAM:
        if (constant || b->predicts) { b->uses_p = true; return member_text(b, STRUCT_PARAMS, "p->", of); }
        return member_text(b, STRUCT_PARAMS, "m->params.", of);
    case ROLE_STATE:
        if (constant || b->predicts) { b->uses_s = true; return member_text(b, STRUCT_STATE, "s->", of); }
        return member_text(b, STRUCT_STATE, "m->state.", of);
    case ROLE_MEMORY:
        if (b->entry == ENTRY_PREDICT) return member_text(b, STRUCT_PREDICT_WORK, "work->", of);
        return member_text(b, STRUCT_MEMORY, "memory->", of);
    case ROLE_AVERAGE: return member_text(b, STRUCT_PARAMS, "m->average.", of->of);
    case ROLE_MOMENT: return member_text(b, STRUCT_OPTIMIZER, "m->optimizer.", of);
    case ROLE_TOTAL: return member_text(b, STRUCT_TOTALS, "m->totals.", of);
    case ROLE_GATHERED: return member_text(b, STRUCT_GATHERED, "m->gathered.", of);
    case ROLE_HYPER: return member_text(b, STRUCT_HYPER, "m->hyper.", of);
    case ROLE_METRIC: return value_place(b->entry == ENTRY_RATES ? &b->m->model->rates : &b->m->model->metrics, of);
    default: return NULL;
    }
}

/* The pointer to a tensor of the arena, declared in front of the calls when it is first needed. */
const char *arena_place(Body *b, const Tensor *t, const Storage *storage) {
    const char *known = map_get(&b->placed, t);
    if (known) return known;
    const char *name = name_add(b->scope.names, t->name), *type = storage->whole ? "int32_t" : "real";
    const char *arena = storage->whole ? "whole" : "arena";
    if (storage->whole) b->uses_whole = true;
    else b->uses_arena = true;
    const char *place = storage->offset ? text("%s + %" PRId64, arena, storage->offset) : arena;
    if (t->rank > 1)
        put(&b->places, "    %s (*const %s)%s = (void *)%s;\n", type, name, c_dims(t, 1),
            storage->offset ? text("(%s)", place) : place);
    else put(&b->places, "    %s *const %s = %s;\n", type, name, place);
    map_put(&b->placed, t, (char *)name);
    return name;
}

const char *internal_error(const Tensor *t) {
    fprintf(stderr, "internal error: emit: tensor `%s` has no storage\n", t->name);
    return t->name;
}

/* What a call hands in for a number of a struct or of the arena, that the kernel only reads. */
static const char *stored_number(Body *b, const Tensor *t, CType want) {
    const Storage *storage = storage_of(b->m->schedule[b->entry], t);
    const char *place = struct_place(b, t, true);
    CType type = element_type(t);
    if (!place) place = storage ? text("*%s", arena_place(b, t, storage)) : internal_error(t);
    return want == type || (want == C_INT && type == C_INT32) ? place : text("(%s)%s", c_type_name(want), place);
}

/* What a call hands in for an array. `flat`: as one row of elements. */
static const char *array_text(Body *b, const Tensor *t, const Argument *g) {
    const Schedule *schedule = b->m->schedule[b->entry];
    bool flat = g->rank < 2 && t->rank > 1;
    const Storage *storage = storage_of(schedule, t);
    const char *place = struct_place(b, t, g->constant || !g->written), *first = "";
    if (t->role == ROLE_INPUT || t->role == ROLE_TARGET || t->role == ROLE_OUTPUT) {
        const char *name = public_name(b->m, t);
        if (t->rank < 2 || flat) return name;
        if (!g->constant) return text("(void *)%s", name);
        return text("(const %s (*)%s)%s", c_type_name(g->type), c_dims(t, 1), name);
    }
    bool bare = t->role == ROLE_MEMORY && b->entry != ENTRY_PREDICT;    /* the memory of one sample has no axis of samples */
    for (int k = bare; flat && k < t->rank; k++) first = text("%s[0]", first);
    if (!place) return storage ? text("%s%s%s", flat ? "&" : "", arena_place(b, t, storage), first) : internal_error(t);
    if (t->rank == 0 || flat || bare) return text("&%s%s", place, first);
    /* What is held as const goes to a function that serves others too: it reads, but cannot say so. */
    bool held = strncmp(place, "p->", 3) == 0 || strncmp(place, "s->", 3) == 0 || b->entry == ENTRY_METRICS;
    return t->rank > 1 && held && !g->constant ? text("(void *)%s", place) : place;
}

/* ---- numbers of the call ----------------------------------------------------------------------------------------- */
/* Settings have their default where there is no instance. */
static const char *default_of(const Model *model, const Tensor *hyper) {
    for (int k = 0; k < model->hypers.n; k++)
        if (same_name(model->hypers.at[k], hyper)) return c_number(model->hyper_defaults[k]);
    return "0";
}

/* Binds what a number of the call reads: clocks, settings, and numbers of the structs and of the arena. A prediction has no
 * instance: its clocks stand at 0. */
static void bind_number(const Expr *e, void *data) {
    Body *b = data;
    if (e->kind != X_READ || binding(&b->scope, e->tensor)) return;
    const Tensor *t = e->tensor;
    if (same_name(t, b->m->model->count)) {
        scope_bind(&b->scope, t, "n", C_INT, false);
    } else if (t->role == ROLE_LENGTH) {
        scope_bind(&b->scope, t, public_name(b->m, t), C_INT, false);
    } else if (t->role == ROLE_SCALAR) {
        scope_bind(&b->scope, t, b->predicts ? "0" : text("m->%s", t->name), b->predicts ? C_INT : C_LONG, false);
    } else if (t->role == ROLE_HYPER && b->predicts) {
        scope_bind(&b->scope, t, default_of(b->m->model, t), C_DOUBLE, false);
    } else scope_bind(&b->scope, t, stored_number(b, t, element_type(t)), element_type(t), false);
}

static const char *number_text(Body *b, const Expr *e, CType want) {
    visit_nodes(e, bind_number, b);
    Writer w = { 0 };
    c_expr(&w, &b->scope, e, C_PREC_SELECT, want);
    return w.text;
}

static void print_number(Writer *w, Body *b, const Equation *e) {
    CType type = e->out->type == REAL ? C_DOUBLE : C_LONG;
    const char *value = number_text(b, e->body, type), *wish = e->out->name;
    const Tensors *params = &b->m->model->params;
    for (int k = 0; k < params->n && wish == e->out->name; k++) wish = without_stem(params->at[k]->name, wish);
    const char *name = name_add(b->scope.names, wish);
    put_line(w, 1, text("const %s %s = %s;", c_type_name(type), name, value));
    scope_bind(&b->scope, e->out, name, type, false);
    PUSH(b->number_name, name);
    PUSH(b->number_type, c_type_name(type));
}

/* The key of the random numbers of a site, once for each call. Predictions draw the same numbers every time. */
static void print_key(Writer *w, Body *b, const Site *site) {
    if (binding(&b->scope, site)) return;
    const char *name = name_add(b->scope.names, text("key_%s", site->path)),
               *clock = b->predicts ? "0, 0" : "m->seed, (uint64_t)m->step";
    put_line(w, 1, text("const uint32_t %s = nn_key(%s, 0x%08" PRIx32 "u);", name, clock, site->key));
    scope_bind(&b->scope, site, name, C_KEY, false);
    PUSH(b->number_name, name);
    PUSH(b->number_type, c_type_name(C_KEY));
}

static void print_numbers(Writer *w, Body *b, const Schedule *schedule) {
    Sites sites = { 0 };
    for (int k = 0; k < schedule->kernels.n; k++) sites_of(&sites, schedule->kernels.at[k]);
    for (int k = 0; k < schedule->host.n; k++) visit_nodes(schedule->host.at[k]->body, find_site, &sites);
    for (int k = 0; k < sites.n; k++) print_key(w, b, sites.at[k]);
    for (int k = 0; k < schedule->host.n; k++) print_number(w, b, schedule->host.at[k]);
}

/* Numbers that outlive the call: the next value of a state without dims, the gradient of such a parameter, a metric. */
static void print_kept(Writer *w, Body *b, const Schedule *schedule) {
    for (int k = 0; k < schedule->host.n; k++) {
        const Tensor *t = schedule->host.at[k]->out;
        if (t->role != ROLE_NEXT && t->role != ROLE_GRAD && t->role != ROLE_METRIC) continue;
        CType type = element_type(t->of ? t->of : t);
        put_line(w, 1,
                 text("%s = %s%s;", struct_place(b, t, false),
                      type == C_REAL || type == C_INT32 ? text("(%s)", c_type_name(type)) : "", binding(&b->scope, t)->text));
    }
}

/* ---- calls ------------------------------------------------------------------------------------------------------- */
/* --profile: the call that has just ended belongs to this row. */
static void print_lap(Writer *w, const Body *b, int row, int depth) {
    put_line(w, depth, text("%s = nn_profile_lap(&%s_spent[%s][%d], %s);", b->clock, b->m->prefix,
                            b->shared ? text("%s.number", b->thread) : "0", row, b->clock));
}

static void print_call(Writer *w, Body *b, const Functions *functions, const Kernel *k, int depth) {
    const Function *f = function_of(functions, k);
    Writer values = { 0 }, keys = { 0 }, arrays = { 0 };
    const char *loop = "";
    if (f->kernel->first) {
        const char *parts = number_text(b, k->parts, C_INT);
        if (b->shared && k->parallel) {
            loop = text("NN_PARTS(%s, %s, %s) ", b->parts, b->thread, parts);
            put(&values, ", %s", b->parts);
        } else put(&values, ", nn_whole(%s)", parts);
    }
    for (int a = 0; a < k->arguments.n; a++) {
        const Argument *g = &f->argument[a];
        const Tensor *actual = k->actuals.n ? k->actuals.at[a] : k->arguments.at[a];
        if (g->by_value && actual && is_stored(actual)) put(&values, ", %s", stored_number(b, actual, g->type));
        else if (g->by_value) put(&values, ", %s", number_text(b, actual ? Read(actual, NULL, 0) : k->length, g->type));
        else put(&arrays, ", %s", array_text(b, actual, g));
    }
    Sites sites = { 0 };
    sites_of(&sites, k);
    for (int i = 0; i < sites.n; i++) put(&keys, ", %s", binding(&b->scope, sites.at[i])->text);
    Writer all = { 0 };
    put(&all, "%s%s%s", values.text ? values.text : "", keys.text ? keys.text : "", arrays.text ? arrays.text : "");
    put_line(w, depth, text("%s%s(%s);", loop, f->name, all.length ? all.text + 2 : ""));
    if (b->profile) print_lap(w, b, profile_row(b->profile, b->entry, f, k), depth);
}

/* The calls from `from` on that one thread makes, one after the other; gives the number of the call after them. */
static int print_turn(Body *b, const Functions *functions, const Schedule *schedule, int from) {
    const Kernel *first = schedule->kernels.at[from];
    int to = from + 1;
    while (to < schedule->kernels.n && !schedule->kernels.at[to]->parallel && schedule->kernels.at[to]->phase == first->phase
           && schedule->kernels.at[to]->turn == first->turn)
        to++;
    bool several = to > from + 1 || b->profile;
    put(&b->calls, "    if (nn_mine(%s, %d))%s\n", b->thread, first->turn, several ? " {" : "");
    for (int k = from; k < to; k++) print_call(&b->calls, b, functions, schedule->kernels.at[k], 2);
    if (several) put_text(&b->calls, "    }\n");
    return to;
}

/* The calls in their order, and between the phases of a body that threads share, their barriers. */
static void print_calls(Body *b, const Functions *functions, const Schedule *schedule) {
    bool backward = false;
    for (int k = 0; k < schedule->kernels.n; ) {
        const Kernel *kernel = schedule->kernels.at[k];
        bool turns = b->entry == ENTRY_GRADIENTS && !backward && is_backward(kernel);
        if (begins_at_zero(b->entry, kernel)) {
            k++;
            continue;
        }
        if (b->shared && k && kernel->phase != schedule->kernels.at[k - 1]->phase) {
            put(&b->calls, "    nn_wait(%s);\n", b->thread);
            if (b->profile) print_lap(&b->calls, b, 0, 1);
        }
        if (turns) put_text(&b->calls, k ? "\n    /* backward */\n" : "    /* backward */\n");
        backward = backward || turns;
        if (b->shared && !kernel->parallel) {
            k = print_turn(b, functions, schedule, k);
            continue;
        }
        print_call(&b->calls, b, functions, kernel, 1);
        if (b->traps) print_looks(b, functions, kernel);
        k++;
    }
}

/* The value of a result of rank 0, in double. */
static const char *result_text(Body *b, const Tensor *t) {
    const Schedule *schedule = b->m->schedule[b->entry];
    for (int k = 0; schedule && k < schedule->host.n; k++)
        if (same_name(schedule->host.at[k]->out, t)) {
            const Binding *number = binding(&b->scope, schedule->host.at[k]->out);
            return number->type == C_DOUBLE ? number->text : text("(double)%s", number->text);
        }
    for (int k = 0; schedule && k < schedule->arena.n; k++)
        if (same_name(schedule->arena.at[k].tensor, t)) {
            const Storage *here = &schedule->arena.at[k];
            if (b->shared) return text("(double)%s[%" PRId64 "]", here->whole ? "m->work.whole" : "nn_first_line(m->work.arena)", here->offset);
            return text("(double)*%s", arena_place(b, here->tensor, here));
        }
    return "(double)NAN";
}

/* Memory, keys, numbers and calls of an entry point. What is put behind `end` then ends the function. */
static Body *body_new(const Module *m, const Layout *l, const Functions *functions, const Names *file_scope, Entry e,
                      Traps *traps, Profile *profile) {
    Body *b = NEW(Body);
    bool looks = e == ENTRY_GRADIENTS || e == ENTRY_UPDATE || e == ENTRY_EVALUATE;
    bool predicts = e == ENTRY_PREDICT || e == ENTRY_PREDICT_ONE || e == ENTRY_BEGIN;
    *b = (Body){ .m = m, .l = l, .entry = e, .traps = looks ? traps : NULL, .predicts = predicts };
    b->scope = (Scope){ .names = names_new(file_scope), .host = true };
    for (size_t k = 0; k < sizeof own_names / sizeof *own_names; k++) name_take(b->scope.names, own_names[k]);
    Tensors inputs = model_inputs(m->model, true);
    for (int k = 0; k < inputs.n; k++) name_take(b->scope.names, public_name(m, inputs.at[k]));
    for (int k = 0; k < m->model->lengths.n; k++) name_take(b->scope.names, public_name(m, m->model->lengths.at[k]));
    for (int k = 0; b->predicts && k < m->model->outputs.n; k++)
        name_take(b->scope.names, public_name(m, m->model->outputs.at[k]));
    const Schedule *schedule = m->schedule[e];
    put_text(&b->places, "");
    put_text(&b->numbers, "");
    put_text(&b->calls, "");
    put_text(&b->end, "");
    if (!schedule) return b;
    b->shared = schedule->parallel;
    if (b->shared) {
        b->thread = name_add(b->scope.names, "thread");
        b->parts = name_add(b->scope.names, "parts");
        b->call = name_add(b->scope.names, "call");
        b->handed = name_add(b->scope.names, "handed");
    }
    if (profile && e != ENTRY_INIT && schedule->kernels.n) {
        b->profile = profile;
        b->clock = name_add(b->scope.names, "clock");
        put(&b->calls, "    uint64_t %s = nn_profile_clock();\n", b->clock);
    }
    print_numbers(&b->numbers, b, schedule);
    if (b->traps) print_given(b);
    print_calls(b, functions, schedule);
    print_kept(&b->end, b, schedule);
    return b;
}

bool mentions(const char *code, const char *name) {
    size_t length = strlen(name);
    for (const char *at = code; (at = strstr(at, name)); at++) {
        bool starts = at == code || !(isalnum((unsigned char)at[-1]) || strchr("_.>", at[-1]));
        if (starts && !isalnum((unsigned char)at[length]) && at[length] != '_') return true;
    }
    return false;
}

/* What the calls name: the parameters, the state, the arena and what lives in it. */
void print_memory_names(Writer *w, const Body *b) {
    const Schedule *schedule = b->m->schedule[b->entry];
    bool averages = b->m->model->averages.n && (b->entry == ENTRY_EVALUATE || b->entry == ENTRY_METRICS);
    if (b->uses_p && !b->predicts)
        put(w, "    const %s *const p = &m->%s;\n", struct_name(b->m, b->l, STRUCT_PARAMS), averages ? "average" : "params");
    if (b->uses_s && !b->predicts) put(w, "    const %s *const s = &m->state;\n", struct_name(b->m, b->l, STRUCT_STATE));
    const char *work = b->predicts ? "work->" : "m->work.";
    bool local = b->entry == ENTRY_METRICS || b->entry == ENTRY_RATES || b->entry == ENTRY_BEGIN;       /* they have no workspace */
    if (b->uses_arena && local) put(w, "    real arena[%" PRId64 "];\n", schedule->arena_size);
    else if (b->uses_arena) put(w, "    real *const arena = nn_first_line(%sarena);\n", work);
    if (b->uses_whole && local) put(w, "    int32_t whole[%" PRId64 "];\n", schedule->whole_size);
    else if (b->uses_whole) put(w, "    int32_t *const whole = %swhole;\n", work);
    put_text(w, b->places.text);
}

/* `before`: the checks. What is handed in and never looked at is said to be so, or compilers warn. */
static void body_print(Writer *w, const Body *b, const char *before) {
    Writer c = { 0 };
    put_text(&c, before);
    if (b->shared) print_handing(&c, b);
    else {
        print_memory_names(&c, b);
        put_text(&c, b->numbers.text);
        if (c.length && (b->calls.length || b->end.length)) put_text(&c, "\n");
        put_text(&c, b->calls.text);
    }
    put_text(&c, b->end.text);

    Tensors given = model_inputs(b->m->model, !b->predicts);
    bool begins = b->entry == ENTRY_BEGIN, takes = b->entry == ENTRY_GRADIENTS || b->entry == ENTRY_EVALUATE || b->entry == ENTRY_SURVEY;
    bool all = takes || (b->predicts && !begins);
    for (int k = 0; all && k < b->m->model->lengths.n; k++) PUSH(given, b->m->model->lengths.at[k]);
    for (int k = 0; all && k < given.n; k++)
        if (!mentions(c.text, public_name(b->m, given.at[k]))) put(w, "    (void)%s;\n", public_name(b->m, given.at[k]));
    if (b->predicts && b->l->of[STRUCT_PARAMS].members.n && !mentions(c.text, "p")) put_text(w, "    (void)p;\n");
    if (b->predicts && b->l->of[STRUCT_STATE].members.n && !mentions(c.text, "s")) put_text(w, "    (void)s;\n");
    if (b->predicts && !begins && !mentions(c.text, "work")) put_text(w, "    (void)work;\n");
    if (b->predicts && !begins && b->l->of[STRUCT_MEMORY].members.n && !mentions(c.text, "memory")) put_text(w, "    (void)memory;\n");
    if (!b->predicts && !mentions(c.text, "m")) put_text(w, "    (void)m;\n");
    put_text(w, c.text);
    put_text(w, "}\n\n");
}

/* ---- the functions ----------------------------------------------------------------------------------------------- */
typedef struct Unit {
    const Module *m;
    const Layout *l;
    const Functions *functions;
    const Names *file_scope;
    Traps *traps;
    Profile *profile;
} Unit;

static Body *body_of(const Unit *u, Entry e) { return body_new(u->m, u->l, u->functions, u->file_scope, e, u->traps, u->profile); }

static const char *constant_text(double value) {
    return isnan(value) ? "NAN" : isinf(value) ? value < 0 ? "-INFINITY" : "INFINITY" : c_number(value);
}

static void print_init(Writer *w, const Unit *u) {
    const Struct *hyper = &u->l->of[STRUCT_HYPER];
    Writer before = { 0 };
    put_text(&before, "    memset(m, 0, sizeof *m);        /* what begins at 0 begins here */\n    m->seed = seed;\n");
    for (int k = 0; k < hyper->members.n; k++)
        put(&before, "    m->hyper.%s = %s;\n", hyper->members.at[k].name, constant_text(u->m->model->hyper_defaults[k]));
    put(&before, "    %s_reset(m);\n", u->m->prefix);
    signature_print(w, u->m, u->l, "init", " {");
    Body *b = body_of(u, ENTRY_INIT);
    if (u->m->model->averages.n) put_text(&b->end, "    m->average = m->params;\n");
    body_print(w, b, before.text);
}

static void print_reset(Writer *w, const Unit *u) {
    const Struct *totals = &u->l->of[STRUCT_TOTALS];
    signature_print(w, u->m, u->l, "reset", " {");
    if (totals->members.n == 0) put_text(w, "    (void)m;\n");
    for (int k = 0; k < totals->members.n; k++) {
        const Member *t = &totals->members.at[k];
        const char *element = t->name;
        for (int d = 0; d < t->rank; d++) {
            put(w, "%*sfor (int i%d = 0; i%d < %" PRId64 "; i%d++)\n", 4 * (d + 1), "", d, d, t->dim[d], d);
            element = text("%s[i%d]", element, d);
        }
        put(w, "%*sm->totals.%s = %s;\n", 4 * (t->rank + 1), "", element, constant_text(t->tensor->initial));
    }
    put_text(w, "}\n\n");
}

static void print_metrics(Writer *w, const Unit *u) {
    Body *b = body_of(u, ENTRY_METRICS);
    signature_print(w, u->m, u->l, "metrics", " {");
    if (u->m->model->metrics.n == 0) put_text(w, "    (void)values;\n");
    body_print(w, b, "");
}

static void print_rates(Writer *w, const Unit *u) {
    Body *b = body_of(u, ENTRY_RATES);
    signature_print(w, u->m, u->l, "rates", " {");
    body_print(w, b, "");
}

/* gradients and evaluate: the two entry points that give a loss. */
static void print_loss(Writer *w, const Unit *u, Entry e) {
    Body *b = body_of(u, e);
    put(&b->end, "    return %s;\n", result_text(b, u->m->model->loss));
    print_share(w, b);
    signature_print(w, u->m, u->l, e == ENTRY_GRADIENTS ? "gradients" : "evaluate", " {");
    body_print(w, b, check_text(u->m, true, "n", " (double)NAN"));
}

static void print_update(Writer *w, const Unit *u) {
    Body *b = body_of(u, ENTRY_UPDATE);
    put_text(&b->end, "    m->step += 1;\n");
    print_share(w, b);
    signature_print(w, u->m, u->l, "update", " {");
    body_print(w, b, "");
}

static void print_average(Writer *w, const Unit *u) {
    Body *b = body_of(u, ENTRY_AVERAGE);
    print_share(w, b);
    signature_print(w, u->m, u->l, "average", " {");
    body_print(w, b, "");
}

/* The metrics of the pass that has ended are stored first: what the epoch computes may read them, and so may later steps. */
static void print_epoch(Writer *w, const Unit *u) {
    const Tensors *moments = &u->m->model->moments;
    Body *b = body_of(u, ENTRY_EPOCH);
    Writer before = { 0 };
    put_text(&before, "");
    for (int k = 0; k < moments->n; k++) {
        const Tensor *t = moments->at[k];
        if (!t->of) continue;
        if (!before.length)
            put(&before, "    double values[%d];\n    %s_metrics(m, values);\n", u->m->model->metrics.n, u->m->prefix);
        put(&before, "    %s = (real)%s;\n", struct_place(b, t, false), value_place(&u->m->model->metrics, t->of));
    }
    put_text(&b->end, "    m->epoch += 1;\n");
    signature_print(w, u->m, u->l, "epoch", " {");
    body_print(w, b, before.text);
}

/* The loss of a call that is not accepted and a loss that is not a number look alike, so the check is made here too. */
static void print_step(Writer *w, const Unit *u) {
    Tensors inputs = model_inputs(u->m->model, true);
    signature_print(w, u->m, u->l, "step", " {");
    put_text(w, check_text(u->m, true, "n", " (double)NAN"));
    Names *names = names_new(NULL);
    for (int k = 0; k < inputs.n; k++) name_take(names, public_name(u->m, inputs.at[k]));
    for (int k = 0; k < u->m->model->lengths.n; k++) name_take(names, public_name(u->m, u->m->model->lengths.at[k]));
    const char *loss = name_add(names, "loss");
    put(w, "    const double %s = %s_gradients(m, n", loss, u->m->prefix);
    put_lengths(w, u->m, ", ");
    for (int k = 0; k < inputs.n; k++) put(w, ", %s", public_name(u->m, inputs.at[k]));
    put_text(w, ");\n");
    if (u->traps) put(w, "    if (m->trap.found.row) return %s;\n", loss);
    bool gathers = u->m->model->accumulate > 1;
    const char *when = gathers ? text("if (m->gathered.batches >= %s_ACCUMULATE) ", name_upper(u->m->prefix)) : "";
    put(w, "    %s%s_update(m);\n    return %s;\n}\n\n", when, u->m->prefix, loss);
}

/* Memories come sample by sample, and kernels want all samples of an array behind each other: the arrays of the workspace. */
static void print_memories(Writer *w, const Unit *u, const char *i, bool back) {
    const Struct *memory = &u->l->of[STRUCT_MEMORY];
    bool braces = memory->members.n > 1;
    put(w, "    for (int %s = 0; %s < n; %s++)%s\n", i, i, i, braces ? " {" : "");
    for (int k = 0; k < memory->members.n; k++) {
        const char *name = memory->members.at[k].name, *here = text("memory[%s].%s", i, name);
        const char *there = text("work->%s[%s]", member_of(u->l, STRUCT_PREDICT_WORK, memory->members.at[k].tensor)->name, i);
        const char *to = back ? here : there, *from = back ? there : here;
        put(w, memory->members.at[k].rank ? "        memcpy(%s, %s, sizeof %s);\n" : "        %s = %s;\n", to, from, to);
    }
    if (braces) put_text(w, "    }\n");
}

static void print_predict(Writer *w, const Unit *u, Entry e) {
    bool one = e == ENTRY_PREDICT_ONE, kept = !one && u->l->of[STRUCT_MEMORY].members.n;
    Body *b = body_of(u, e);
    const char *i = kept ? name_add(b->scope.names, "i") : NULL;
    Writer before = { 0 };
    put_text(&before, check_text(u->m, false, one ? "1" : "n", ""));
    if (kept) print_memories(&before, u, i, false);
    if (kept) print_memories(&b->end, u, i, true);
    print_share(w, b);
    signature_print(w, u->m, u->l, one ? "predict_one" : "predict", " {");
    body_print(w, b, before.text);
}

static void print_begin(Writer *w, const Unit *u) {
    Body *b = body_of(u, ENTRY_BEGIN);
    signature_print(w, u->m, u->l, "begin", " {");
    body_print(w, b, "    memset(memory, 0, sizeof *memory);        /* what begins at 0 begins here */\n");
}

static void print_survey(Writer *w, const Unit *u) {
    Body *b = body_of(u, ENTRY_SURVEY);
    print_share(w, b);
    signature_print(w, u->m, u->l, "survey", " {");
    body_print(w, b, check_text(u->m, true, "n", ""));
    b = body_of(u, ENTRY_SURVEYED);
    put(&b->end, "    %s_reset(m);\n", u->m->prefix);
    signature_print(w, u->m, u->l, "surveyed", " {");
    body_print(w, b, "");
}

void entries_print(Writer *w, const Module *m, const Layout *l, const Functions *f, const Names *file_scope, Traps *traps,
                   Profile *profile) {
    Unit u = { m, l, f, file_scope, traps, profile };
    const Model *model = m->model;
    print_reset(w, &u);
    print_init(w, &u);
    if (any_ranged(m, true) && (model->gradients || model->evaluate || model->survey)) print_accepts(w, m, true);
    if (any_ranged(m, false) && model->predict) print_accepts(w, m, false);
    if (model->gradients) print_loss(w, &u, ENTRY_GRADIENTS);
    if (model->update) print_update(w, &u);
    if (model->update && model->gradients) print_step(w, &u);
    if (model->evaluate) print_loss(w, &u, ENTRY_EVALUATE);
    print_metrics(w, &u);
    if (model->rates_program) print_rates(w, &u);
    if (model->average_program) print_average(w, &u);
    if (model->epoch_program) print_epoch(w, &u);
    if (model->survey) print_survey(w, &u);
    if (model->begin) print_begin(w, &u);
    if (model->predict) print_predict(w, &u, ENTRY_PREDICT);
    if (model->predict_one) print_predict(w, &u, ENTRY_PREDICT_ONE);
}
