/* Scopes and instances: where names are found, and what things are called in the end.
 *
 * A definition has one flat scope: parameters, dimensions, tensors, in any order. Names of instances are numbered when
 * all modes have been elaborated, in the order of the text: conv2d, conv2d_2, ... A tensor is then called after its
 * instance and its local name, a result after the instance alone, and what the model itself names keeps that name. */
#include "scope.h"
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
                  .depth = caller ? caller->depth + 1 : 0, .label = instance->label };
    PUSH(e->scopes, s);
    return s;
}

const Tree *function_named(const Elaborator *e, const char *name) {
    for (int i = e->functions.n - 1; i >= 0; i--) if (e->functions.at[i]->text == name) return e->functions.at[i];
    return NULL;
}

Instance *instance_of(Instance *parent, const Tree *call, int64_t stage, const char *label) {
    for (int i = 0; i < parent->children.n; i++) {
        Instance *c = parent->children.at[i];
        if (c->call == call && c->stage == stage && c->label == label) return c;
    }
    Instance *c = NEW(Instance);
    *c = (Instance){ .parent = parent, .call = call, .stage = stage, .label = label };
    PUSH(parent->children, c);
    return c;
}

/* While something is not known yet (a value that reads itself), what follows from that is no error of the user's. */
Diagnostic *model_error(Elaborator *e, const Scope *s, Span at, const char *format, ...) {
    if (e->tentative) return NULL;
    va_list arguments;
    va_start(arguments, format);
    char *message = text_v(format, arguments);
    va_end(arguments);
    Origin *o = NEW(Origin);
    *o = (Origin){ at, s ? s->origin : NULL };
    return error_from(o, "%s", message);
}

Value *remember(Elaborator *e, void *slot, Value value) {
    Value *copy = NEW(Value);
    *copy = value;
    *(Value **)slot = copy;
    PUSH(e->journal, slot);
    return copy;
}

/* Siblings with the same label are numbered in the order of their text, stages of a repeat in their order. */
static int text_order(const Instance *a, const Instance *b) {
    if (a->call->span.begin != b->call->span.begin) return a->call->span.begin < b->call->span.begin ? -1 : 1;
    return (a->stage > b->stage) - (a->stage < b->stage);
}

static const char *called(const Instance *c) { return c->name ? c->name : c->label; }

static void number_instances(Instance *parent, bool updates) {
    for (int i = 0; i < parent->children.n; i++) {
        Instance *c = parent->children.at[i];
        if (parent->parent == NULL && updates != (c->parameter != NULL)) continue;
        if (c->parameter) {                                     /* what an update line makes is called after its parameter */
            c->path = c->parameter->path ? c->parameter->path : "update";
            number_instances(c, updates);
            continue;
        }
        c->number = 1;
        for (int k = 0; k < parent->children.n; k++) {
            const Instance *other = parent->children.at[k];
            if (other != c && called(other) == called(c) && text_order(other, c) < 0) c->number++;
        }
        const char *label = c->number == 1 ? called(c) : text("%s_%d", called(c), c->number);
        c->path = parent->path[0] ? text("%s.%s", parent->path, label) : label;
        number_instances(c, updates);
    }
}

static const char *identifier(const char *path) {
    char *copy = text("%s", path);
    for (char *p = copy; *p; p++) if (*p == '.') *p = '_'; else if (*p == '\'') *p = 'n';
    return copy;
}

typedef LIST(const char *) Taken;

static const char *unused_name(const Taken *taken, const char *wish) {
    const char *name = name_of(wish);
    for (int k = 2; ; k++) {
        bool free_name = true;
        for (int i = 0; i < taken->n && free_name; i++) free_name = taken->at[i] != name;
        if (free_name) break;
        name = name_of(text("%s_%d", wish, k));
    }
    return name;
}

void finish_names(Elaborator *e) {
    e->top->path = "";
    number_instances(e->top, false);
    Taken taken = { 0 };
    for (int i = 0; i < e->owned.n; i++) {
        Owned *o = &e->owned.at[i];
        if (o->tensor->role == ROLE_MOMENT || o->tensor->role == ROLE_TOTAL || (o->tensor->role == ROLE_PARAM && !o->live)) continue;
        if (o->part && o->tensor->role != ROLE_HYPER) {         /* the same input, one sample long */
            o->tensor->path = o->tensor->name = o->local;
            continue;
        }
        o->tensor->path = o->instance->path[0] ? text("%s.%s", o->instance->path, o->local) : o->local;
        o->tensor->name = unused_name(&taken, identifier(o->tensor->path));
        PUSH(taken, o->tensor->name);
    }
    number_instances(e->top, true);
    for (int i = 0; i < e->owned.n; i++) {
        Owned *o = &e->owned.at[i];
        if (o->tensor->role != ROLE_MOMENT) continue;
        const Instance *x = o->instance;
        while (x->parent && !x->parameter) x = x->parent;
        o->tensor->path = text("%s.%s", x->path, o->local);
        o->tensor->name = unused_name(&taken, identifier(o->tensor->path));
        PUSH(taken, o->tensor->name);
    }
    for (int i = 0; i < e->results.n; i++) PUSH(taken, e->results.at[i]);
    int shared = taken.n;                                       /* names of all modes */
    for (int i = 0; i < e->named.n; i++) {
        const Named *n = &e->named.at[i];
        if (i && n->mode != e->named.at[i - 1].mode) taken.n = shared;
        Tensor *t = n->tensor;
        const char *base = n->instance->path;
        t->path = n->whole && base[0] ? base : base[0] ? text("%s.%s", base, n->local) : n->local;
        const char *wish = identifier(t->path);
        t->name = unused_name(&taken, wish);
        t->path = text("%s%s", t->path, t->name + strlen(wish));       /* as unique as the name: totals are saved by it */
        PUSH(taken, t->name);
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
