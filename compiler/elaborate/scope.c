/* Scopes and instances: where names are found, and what things are called in the end.
 *
 * A definition has one flat scope: parameters, dimensions, tensors, in any order. Names of instances are numbered when
 * all modes have been elaborated, in the order of the text: conv2d, conv2d_2, ... A tensor is then called after its
 * instance and its local name, a result after the instance alone, and what the model itself names keeps that name. */
#include "scope.h"
#include <stdlib.h>
#include <string.h>

const Value bad_value = { .kind = VALUE_BAD };

Name *scope_find(const Scope *s, const char *name) {
    for (int i = 0; i < s->names.n; i++) if (s->names.at[i]->name == name) return s->names.at[i];
    return NULL;
}

Name *scope_add(Scope *s, const char *name, EntryKind kind, Span span, const Tree *tree) {
    Name *n = NEW(Name);
    *n = (Name){ .name = name, .kind = kind, .span = span, .tree = tree };
    PUSH(s->names, n);
    return n;
}

Scope *scope_new(Elaborator *e, const Tree *definition, Scope *caller, Instance *instance, const Origin *origin) {
    Scope *s = NEW(Scope);
    *s = (Scope){ .definition = definition, .caller = caller, .instance = instance, .origin = origin,
                  .depth = caller ? caller->depth + 1 : 0 };
    PUSH(e->scopes, s);
    return s;
}

const Env *env_find(const Env *env, const char *name) {
    for (; env; env = env->outer) if (env->name == name) return env;
    return NULL;
}

const Env *env_bind(const Env *outer, const char *name, const Expr *value, Span range, bool explicit_range) {
    Env *x = NEW(Env);
    *x = (Env){ .name = name, .value = { value }, .n = 1, .range = range, .explicit = explicit_range, .outer = outer };
    return x;
}

const Env *env_dots(const Env *outer, Span range, const Expr *const *values, int n) {
    Env *x = NEW(Env);
    *x = (Env){ .name = name_of(".."), .n = n, .range = range, .outer = outer };
    for (int k = 0; k < n; k++) x->value[k] = values[k];
    return x;
}

const Tree *function_named(const Elaborator *e, const char *name) {
    for (int i = e->functions.n - 1; i >= 0; i--) if (e->functions.at[i]->text == name) return e->functions.at[i];
    return NULL;
}

Instance *instance_of(Instance *parent, const Tree *call, int64_t stage, const char *label) {
    Map *stages = map_get(&parent->calls, call);
    if (!stages) map_put(&parent->calls, call, stages = NEW(Map));
    const void *key = (const void *)(intptr_t)(stage + 2);      /* stages count from 0, and what is the same for all is at -1 */
    Instance *newest = map_get(stages, key);
    for (Instance *c = newest; c; c = c->older) if (c->label == label) return c;
    Instance *c = NEW(Instance);
    *c = (Instance){ .parent = parent, .call = call, .stage = stage, .label = label, .older = newest };
    PUSH(parent->children, c);
    map_put(stages, key, c);
    return c;
}

Origin *origin_at(const Scope *s, Span at) {
    Origin *o = NEW(Origin);
    *o = (Origin){ at, s ? s->origin : NULL };
    return o;
}

/* While something is not known yet (a value that reads itself, or a number that must be a constant the next time), what
 * follows from that is no error of the user's. */
Diagnostic *model_error(Elaborator *e, const Scope *s, Span at, const char *format, ...) {
    if (e->tentative || e->again) return NULL;
    va_list arguments;
    va_start(arguments, format);
    char *message = text_v(format, arguments);
    va_end(arguments);
    return error_from(origin_at(s, at), "%s", message);
}

Value *remember(Elaborator *e, void *slot, Value value) {
    Value *copy = NEW(Value);
    *copy = value;
    note_change(e, slot);
    *(Value **)slot = copy;
    return copy;
}

void note_change(Elaborator *e, void *slot) {
    Change c = { .slot = slot };
    memcpy(&c.before, slot, sizeof c.before);                   /* slots hold pointers of several types */
    PUSH(e->journal, c);
}

void forget_changes(Elaborator *e, int from) {
    while (e->journal.n > from) {
        e->journal.n--;
        const Change *c = &e->journal.at[e->journal.n];
        memcpy(c->slot, &c->before, sizeof c->before);
    }
}

static const char *called(const Instance *c) { return c->name ? c->name : c->label; }

/* Siblings that are called the same are numbered in the order of their text, stages of a repeat in their order. */
static int text_order(const void *left, const void *right) {
    const Instance *a = *(Instance *const *)left, *b = *(Instance *const *)right;
    if (a->call->span.begin != b->call->span.begin) return a->call->span.begin < b->call->span.begin ? -1 : 1;
    if (a->stage != b->stage) return a->stage < b->stage ? -1 : 1;
    return strcmp(called(a), called(b));
}

static void number_instances(Instance *parent, bool updates);

/* last: of a name, the instance called so before. */
static void number_children(Instance *parent, Map *last, bool updates) {
    Instance **sorted = NEW_ARRAY(Instance *, parent->children.n + 1);
    for (int i = 0; i < parent->children.n; i++) sorted[i] = parent->children.at[i];
    qsort(sorted, (size_t)parent->children.n, sizeof *sorted, text_order);
    for (int i = 0; i < parent->children.n; i++) {
        Instance *c = sorted[i];
        if (parent->parent == NULL && updates != (c->parameter != NULL)) continue;
        if (c->of_line) {                                       /* what is one for a line is called by its own name */
            c->path = "";
            number_children(c, last, updates);
            continue;
        }
        if (c->parameter) {                                     /* what an update line makes is called after its parameter */
            c->path = c->parameter->path ? c->parameter->path : "update";
            number_instances(c, updates);
            continue;
        }
        const Instance *before = map_get(last, called(c));
        c->number = before ? before->number + 1 : 1;
        map_put(last, called(c), c);
        const char *label = c->number == 1 ? called(c) : text("%s_%d", called(c), c->number);
        c->path = parent->path[0] ? text("%s.%s", parent->path, label) : label;
        number_instances(c, updates);
    }
}

static void number_instances(Instance *parent, bool updates) {
    Map last = { 0 };
    number_children(parent, &last, updates);
}

static const char *identifier(const char *path) {
    char *copy = text("%s", path);
    for (char *p = copy; *p; p++) if (*p == '.') *p = '_'; else if (*p == '\'') *p = 'n';
    return copy;
}

/* What is known of a name: the mode that has taken it (0: all of them), and the number to try next when it is wished for again. */
typedef struct Taken { int mode, wished_in, next; } Taken;

static Taken *taken(Map *names, const char *name) {
    Taken *t = map_get(names, name);
    if (!t) {
        t = NEW(Taken);
        *t = (Taken){ -1, -1, 2 };
        map_put(names, name, t);
    }
    return t;
}

static const char *take_name(Map *names, const char *wish, int mode) {
    const char *name = name_of(wish);
    Taken *t = taken(names, name), *first = t;
    if (first->wished_in != mode) { first->wished_in = mode; first->next = 2; }
    while (t->mode == 0 || t->mode == mode) {
        name = name_of(text("%s_%d", wish, first->next++));
        t = taken(names, name);
    }
    t->mode = mode;
    return name;
}

void finish_names(Elaborator *e) {
    e->top->path = "";
    number_instances(e->top, false);
    Map names = { 0 };
    for (int i = 0; i < e->model->lengths.n; i++) taken(&names, e->model->lengths.at[i]->name)->mode = 0;
    for (int i = 0; i < e->owned.n; i++) {
        Owned *o = &e->owned.at[i];
        const Role role = o->tensor->role;
        if (role == ROLE_MOMENT || role == ROLE_AVERAGE || role == ROLE_TOTAL || (role == ROLE_PARAM && !o->live)) continue;
        if (o->part && o->tensor->role == ROLE_INPUT) {         /* the same input, one sample long */
            o->tensor->path = o->tensor->name = o->local;
            continue;
        }
        if (o->part && o->tensor->role == ROLE_MEMORY) {        /* and the same memory */
            const Tensor *of_many = own(o->instance, o->key, 0);
            o->tensor->path = of_many->path;
            o->tensor->name = of_many->name;
            continue;
        }
        o->tensor->path = o->instance->path[0] ? text("%s.%s", o->instance->path, o->local) : o->local;
        o->tensor->name = take_name(&names, identifier(o->tensor->path), 0);
        if (o->tensor->role == ROLE_HYPER) o->tensor->path = o->tensor->name;   /* checkpoints and options know it by its path */
    }
    number_instances(e->top, true);
    for (int i = 0; i < e->owned.n; i++) {
        Owned *o = &e->owned.at[i];
        Tensor *t = o->tensor;
        if (t->role == ROLE_AVERAGE) { t->path = t->of->path; t->name = take_name(&names, text("average_%s", t->of->name), 0); }
        if (t->role != ROLE_MOMENT) continue;
        const Instance *x = o->instance;
        while (x->parent && !x->parameter) x = x->parent;
        const char *base = x->parameter && !x->of_line ? x->path : o->instance->path;
        t->path = base[0] ? text("%s.%s", base, o->local) : o->local;
        const char *wish = identifier(t->path);
        t->name = take_name(&names, wish, 0);
        t->path = text("%s%s", t->path, t->name + strlen(wish));       /* as unique as the name: it is saved by it */
    }
    for (int i = 0; i < e->results.n; i++) taken(&names, name_of(e->results.at[i]))->mode = 0;
    for (int i = 0; i < e->named.n; i++) {
        const Named *n = &e->named.at[i];
        Tensor *t = n->tensor;
        const char *base = n->instance->path;
        t->path = n->whole && base[0] ? base : base[0] ? text("%s.%s", base, n->local) : n->local;
        const char *wish = identifier(t->path);
        t->name = take_name(&names, wish, n->mode);
        t->path = text("%s%s", t->path, t->name + strlen(wish));       /* as unique as the name: totals are saved by it */
    }
    for (int i = 0; i < e->draws.n; i++) {
        const Draw *d = &e->draws.at[i];
        const Tensor *t = d->tensor->of ? d->tensor->of : d->tensor;
        d->site->path = d->number ? text("%s#%d", t->path ? t->path : t->name, d->number) : t->path ? t->path : t->name;
        uint32_t hash = 2166136261u;                                    /* FNV-1a, as nn_site of the runtime */
        for (const char *p = d->site->path; *p; p++) hash = (hash ^ (unsigned char)*p) * 16777619u;
        d->site->key = hash;
    }
}
