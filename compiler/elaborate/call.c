/* Calls: a definition is inlined where it is used.
 *
 * Arguments are evaluated on demand, where they were written, and once. A definition of one expression is substituted; a
 * block gets a scope with its dimensions bound from the shapes of its arguments. A call with a hole is a function, and
 * owns one instance however often it is applied. */
#include "scope.h"
#include <inttypes.h>
#include <string.h>

static bool same(const char *a, const char *b) { return !strcmp(a, b); }

static bool has_hole(const Tree *t) {
    for (int k = 0; k < t->n; k++)
        if (t->child[k]->kind == TREE_HOLE || (t->child[k]->kind == TREE_NAMED && t->child[k]->child[0]->kind == TREE_HOLE)) return true;
    return false;
}

Value argument_value(Elaborator *e, Argument *a) {
    if (a->value) return *a->value;
    if (a->busy) { model_error(e, a->scope, a->tree->span, "this argument depends on itself"); return bad_value; }
    a->busy = true;
    Value v = evaluate(e, a->scope, a->env, a->tree);
    /* a definition may read its argument often, and the draw is one; an operator (without names) reads it once, and the draw
     * stays one for each element of the equation */
    if (v.kind == VALUE_TENSOR && v.body && a->name && has_open_draw(e, v.body)) v = stored(e, a->scope, a->tree->span, &v, a->name);
    a->busy = false;
    if (v.kind == VALUE_BAD && e->tentative) return v;          /* not known yet: asked again later */
    remember(e, &a->value, v);
    return v;
}

/* Binds what a signature's brackets say, x[C, .., W], against the value's shape. */
static bool bind_dims(Elaborator *e, Scope *s, const Name *n, const Tree *extents) {
    Value v = argument_value(e, n->argument);
    if (v.kind == VALUE_FUNCTION) { model_error(e, s->caller, s->origin->span, "`%s` of `%s` is an array, and a function was given", n->name, s->definition->text); return false; }
    if (v.kind == VALUE_BAD) return e->tentative;               /* an error was reported: nothing follows from it */
    int dots = -1;
    for (int k = 0; k < extents->n; k++) if (extents->child[k]->kind == TREE_DOTS) dots = k;
    if (v.rank == 0 && !(dots >= 0 && extents->n == 1) && n->tree->n > 1) return true; /* a number for an optional array: it spreads */
    int fixed = extents->n - (dots >= 0 ? 1 : 0);
    if (dots < 0 ? v.rank != fixed : v.rank < fixed) {
        if (v.rank == 0 && fixed && dots < 0) {
            Diagnostic *d = model_error(e, s->caller, s->origin->span, "`%s` takes %s%s, and this is a number", s->definition->text, n->name, span_text(extents->span));
            if (d) note(d, n->span, "`%s` is declared here", n->name);
            return false;
        }
        Diagnostic *d = model_error(e, s->caller, s->origin->span, "`%s` takes %s%s; this is %s", s->definition->text, n->name, span_text(extents->span), shape_text(&v));
        if (d) note(d, n->span, "`%s` is declared here", n->name);
        bool of_update = e->updating && (!strcmp(n->name, "g") || !strcmp(n->name, "w"));
        if (d && of_update) help(d, "[..] takes any shape; and an update line may choose parameters by it: update *%s = g |> %s(w, ...)", span_text(extents->span), s->definition->text);
        else if (d && v.rank > fixed && dots < 0) help(d, "apply it to a part, x[t, _, ...], so that the other axes stay outside");
        return false;
    }
    int pack = v.rank - fixed;
    for (int k = 0, axis = 0; k < extents->n; k++) {
        const Tree *x = extents->child[k];
        if (x->kind == TREE_DOTS) {
            bool differ = s->has_dots && s->n_dots != pack;
            for (int d = 0; s->has_dots && !differ && d < pack; d++) differ = s->dots[d] != v.dim[axis + d];
            if (differ && v.rank) model_error(e, s->caller, s->origin->span, "`..` of `%s` stands for other axes in %s than before", s->definition->text, n->name);
            if (!s->has_dots) { s->has_dots = true; s->n_dots = pack; for (int d = 0; d < pack; d++) s->dots[d] = v.dim[axis + d]; }
            axis += pack;
            continue;
        }
        int64_t extent = v.dim[axis++], wanted;
        Name *known = x->kind == TREE_NAME ? scope_find(s, x->text) : NULL;
        if (x->kind == TREE_NAME && !known) {
            known = scope_add(s, x->text, ENTRY_DIMENSION, x->span, x);
            known->extent = extent;
            continue;
        }
        if (!constant_integer(e, s, NULL, x, &wanted)) continue;
        if (wanted != extent) {
            Diagnostic *d = model_error(e, s->caller, s->origin->span, "`%s` takes %s%s with %s = %" PRId64 "; this is %s", s->definition->text, n->name,
                                     span_text(extents->span), span_text(x->span), wanted, shape_text(&v));
            if (d && known) note(d, known->span, "`%s` is %" PRId64 " from here", known->name, wanted);
            return false;
        }
    }
    return true;
}

static void add_statement(Elaborator *e, Scope *s, const Tree *t) {
    switch (t->kind) {
    case TREE_EQUATION: case TREE_SCATTER:
        for (int k = 0; k < t->n - 1; k++) {
            const Tree *left = t->child[k];
            const Name *old = scope_find(s, left->text);
            if (old) {
                Diagnostic *d = model_error(e, s, left->span, "`%s` is defined on line %d already; an equation is not an assignment: choose another name", left->text, span_line(old->span));
                if (d) note(d, old->span, "`%s` stands here", left->text);
                continue;
            }
            Name *n = scope_add(s, left->text, ENTRY_EQUATION, left->span, t);
            n->which = k;
        }
        break;
    case TREE_PARAM: case TREE_STATE:
        for (int k = 0; k < t->n; k++) {
            const Tree *d = t->child[k];
            if (scope_find(s, d->text)) { model_error(e, s, d->span, "`%s` is defined already: choose another name", d->text); continue; }
            scope_add(s, d->text, t->kind == TREE_PARAM ? ENTRY_PARAM : ENTRY_STATE, d->span, d)->each_epoch = t->kind == TREE_STATE && same(t->text, "epoch");
        }
        break;
    case TREE_INPUT: case TREE_TARGET: {
        if (scope_find(s, t->text)) { model_error(e, s, t->span, "`%s` is defined already: choose another name", t->text); break; }
        scope_add(s, t->text, ENTRY_INPUT, t->span, t);
        break;
    }
    case TREE_LOSS: PUSH(s->losses, t); break;
    default: break;                                             /* the lines of a model, read by lines.c and update.c */
    }
}

void scope_body(Elaborator *e, Scope *s, const Tree *statements) {
    for (int k = 0; k < statements->n; k++) add_statement(e, s, statements->child[k]);
}

static const Tree *body_of(const Tree *fn) { return fn->child[2]; }

static Scope *enter(Elaborator *e, Scope *s, const Tree *fn, Instance *instance, Span at, Argument *const *arguments, int n) {
    /* Definitions that use each other twice grow without bound before they are deep. */
    if (e->uses == MAX_USES && model_error(e, s, at, "the model uses definitions more than %d times", MAX_USES)) e->uses++;
    if (e->uses >= MAX_USES) return NULL;
    e->uses++;
    Origin *o = NEW(Origin);
    *o = (Origin){ at, s->origin };
    Scope *inner = scope_new(e, fn, s, instance, o);
    if (inner->depth > MAX_DEPTH) {
        if (model_error(e, s, at, "`%s` goes on without end: it uses itself, %d deep", fn->text, MAX_DEPTH)) e->uses = MAX_USES + 1;
        return NULL;
    }
    const Tree *parameters = fn->child[0];
    bool complete = true;
    for (int k = 0; k < parameters->n; k++) {
        const Tree *p = parameters->child[k];
        Argument *a = k < n ? arguments[k] : NULL;
        if (!a && p->n > 1) {
            a = NEW(Argument);
            *a = (Argument){ .name = p->text, .tree = p->child[1], .scope = inner };
        }
        if (!a) {
            Diagnostic *d = model_error(e, s, at, "`%s` needs `%s`", fn->text, p->text);
            if (d) note(d, p->span, "it is declared here");
            complete = false;
            continue;
        }
        if (scope_find(inner, p->text)) { model_error(e, inner, p->span, "`%s` is declared twice", p->text); complete = false; continue; }
        Name *name = scope_add(inner, p->text, ENTRY_ARGUMENT, p->span, p);
        name->argument = a;
        if (!a->name) a->name = p->text;
    }
    if (!complete) return NULL;
    for (int k = 0; k < parameters->n; k++)
        if (parameters->child[k]->has_list && !bind_dims(e, inner, scope_find(inner, parameters->child[k]->text), parameters->child[k]->child[0])) complete = false;
    return complete ? inner : NULL;
}

/* A number that is written in an update line can be set at run time, under the name of the parameter that it is given for,
 * unless a size or a choice of the definition hangs on it. `node` is the same for all parameters of the model. */
static void make_hyper(Elaborator *e, Argument *a, const char *name, const Tree *node) {
    if (!e->updating || a->scope != e->update_scope || !a->tree || a->tree->kind != TREE_NUMBER || a->value) return;
    for (int i = 0; i < e->fixed.n; i++) if (e->fixed.at[i] == name) return;
    Tensor *t = own(e, e->top, node, 0);
    if (!t) {
        Origin *o = NEW(Origin);
        *o = (Origin){ node->span, NULL };
        t = tensor_new(name, ROLE_HYPER, REAL, 0, NULL, o);
        t->host = true;
        t->initial = a->tree->number;
        own_add(e, e->top, node, 0, t, a->scope, node, name);
    }
    remember(e, &a->value, scalar(Read(t, NULL, 0)));
}

/* The values of a definition's arguments, from what is given in order and by name. */
static bool arrange(Elaborator *e, Scope *s, const Tree *fn, Span at, Argument **positional, int n, Argument **by_name, int n_named, Argument **out) {
    const Tree *parameters = fn->child[0];
    if (n > parameters->n) {
        Diagnostic *d = model_error(e, s, at, "`%s` takes %d argument%s, and %d are given", fn->text, parameters->n, parameters->n == 1 ? "" : "s", n);
        if (d) note(d, fn->span, "`%s` is defined here", fn->text);
        return false;
    }
    for (int k = 0; k < n; k++) {
        out[k] = positional[k];
        if (!parameters->child[k]->has_list) make_hyper(e, out[k], parameters->child[k]->text, out[k]->tree);
    }
    for (int i = 0; i < n_named; i++) {
        int found = -1;
        LIST(const char *) names = { 0 };
        for (int k = 0; k < parameters->n; k++) {
            PUSH(names, parameters->child[k]->text);
            if (parameters->child[k]->text == by_name[i]->name) found = k;
        }
        if (found < 0) {
            const char *close = closest_name(by_name[i]->name, names.at, names.n);
            Diagnostic *d = model_error(e, s, at, "`%s` has no argument `%s`", fn->text, by_name[i]->name);
            if (d && close) help(d, "did you mean `%s`?", close);
            if (d) note(d, fn->span, "`%s` is defined here", fn->text);
            return false;
        }
        if (out[found]) { model_error(e, s, at, "`%s` of `%s` is given twice", by_name[i]->name, fn->text); return false; }
        out[found] = by_name[i];
    }
    return true;
}

typedef struct Hypers { LIST(const Tensor *) found; bool only; } Hypers;
static void look_hyper(const Expr *x, void *data) {
    Hypers *h = data;
    if (x->kind == X_READ && x->tensor->role == ROLE_HYPER) PUSH(h->found, x->tensor);
    else if (x->kind == X_READ || x->kind == X_INDEX || x->kind == X_RANDOM) h->only = false;
}

bool settle_hypers(Elaborator *e, const Expr *body) {
    if (!e->updating) return false;
    Hypers h = { .only = true };
    visit_nodes(body, look_hyper, &h);
    if (!h.only || !h.found.n) return false;
    for (int k = 0; k < h.found.n; k++) PUSH(e->fixed, h.found.at[k]->name);
    e->again = true;
    return true;
}

typedef struct Given { Argument *positional[64], *named[64]; int n, n_named; } Given;

static bool collect(Elaborator *e, Scope *s, const Env *env, const Tree *t, const Value *first, Given *g) {
    if (first) {
        Argument *a = NEW(Argument);
        *a = (Argument){ .tree = t, .scope = s, .env = env };
        Value v = *first;
        if (v.kind == VALUE_TENSOR && v.body && has_open_draw(e, v.body)) v = stored(e, s, t->span, &v, v.hint ? v.hint : "value");
        remember(e, &a->value, v);
        g->positional[g->n++] = a;
    }
    if (t->n > 60) { model_error(e, s, t->span, "too many arguments"); return false; }
    for (int k = 0; k < t->n; k++) {
        const Tree *x = t->child[k];
        Argument *a = NEW(Argument);
        *a = (Argument){ .tree = x, .scope = s, .env = env, .hole = x->kind == TREE_HOLE };
        if (x->kind == TREE_NAMED) {
            a->name = x->text;
            a->tree = x->child[0];
            a->hole = a->tree->kind == TREE_HOLE;
            make_hyper(e, a, a->name, x);
            g->named[g->n_named++] = a;
        } else {
            if (g->n_named) { model_error(e, s, x->span, "arguments in order stand before arguments by name"); return false; }
            g->positional[g->n++] = a;
        }
    }
    return true;
}

Value result_value(Elaborator *e, Scope *s, int which) {
    const Tree *results = s->definition->child[1];
    if (results->n == 0) return which ? bad_value : evaluate(e, s, NULL, body_of(s->definition));
    if (which >= results->n) { model_error(e, s->caller, s->origin->span, "`%s` gives %d value%s", s->definition->text, results->n, results->n == 1 ? "" : "s"); return bad_value; }
    const Tree *r = results->child[which];
    Name *n = scope_find(s, r->text);
    if (!n) {
        Diagnostic *d = model_error(e, s, r->span, "`%s` does not define its result `%s`", s->definition->text, r->text);
        if (d) help(d, "add an equation %s = ...", r->text);
        return bad_value;
    }
    Value v = name_value(e, s, n);
    if (v.kind == VALUE_TENSOR && !v.hint) v.hint = s->instance->label;
    return v;
}

static Value run(Elaborator *e, Scope *s, const Tree *fn, Instance *instance, Span at, Argument **arguments, Scope **made) {
    Scope *inner = enter(e, s, fn, instance, at, arguments, fn->child[0]->n);
    if (!inner) return bad_value;
    if (fn->child[1]->n) scope_body(e, inner, body_of(fn));
    for (int k = 0; k < fn->child[1]->n; k++) {                  /* declared shapes of results */
        const Tree *r = fn->child[1]->child[k];
        Name *n = scope_find(inner, r->text);
        if (n && r->has_list) n->extents = r->child[0];
    }
    if (made) *made = inner;
    Value v = result_value(e, inner, 0);
    if (v.kind == VALUE_TENSOR && !fn->child[1]->n) v.hint = fn->text;
    for (int k = 0; k < inner->losses.n; k++) PUSH(e->root->losses, inner->losses.at[k]);
    return v;
}

static Value elementwise(Elaborator *e, Scope *s, const Tree *t, int op, Given *g) {
    Value a = argument_value(e, g->positional[0]);
    if (op_table[op].operands == 1) return operate(e, s, t->span, (Op)op, &a, NULL);
    for (int k = 1; k < g->n; k++) {
        Value b = argument_value(e, g->positional[k]);
        a = operate(e, s, t->span, (Op)op, &a, &b);
    }
    return a;
}

Value apply(Elaborator *e, Scope *s, const Env *env, const Function *f, const Tree *t, const Value *first, int64_t stage, Scope **made) {
    Given g = { .n = 0 };
    if (!collect(e, s, env, t, first, &g)) return bad_value;
    Given full = { .n = 0 };
    int next = 0, next_named = 0;
    for (int i = 0; i < f->given.n; i++) {                      /* what the function has, its holes filled in order */
        Argument *a = NEW(Argument);
        *a = f->given.at[i];
        const char *name = a->name;
        if (a->hole) {
            if (next >= g.n) { model_error(e, s, t->span, "`%s` has a hole that is not filled here", t->text); return bad_value; }
            a = g.positional[next++];
        }
        if (name && f->given.at[i].tree && f->given.at[i].hole) { a->name = name; full.named[full.n_named++] = a; }
        else if (name) full.named[full.n_named++] = a;
        else full.positional[full.n++] = a;
    }
    while (next < g.n) full.positional[full.n++] = g.positional[next++];
    while (next_named < g.n_named) full.named[full.n_named++] = g.named[next_named++];
    if (f->reduction) {
        if (full.n != 1 || full.n_named) { model_error(e, s, t->span, "`%s` stands for `%s` here, which takes one argument", t->text, f->reduction); return bad_value; }
        Value v = argument_value(e, full.positional[0]);
        return reduce_whole(e, s, t->span, f->reduction, &v);
    }
    if (!f->definition) {
        if (full.n != op_table[f->op].operands) { model_error(e, s, t->span, "`%s` takes %d argument%s", t->text, op_table[f->op].operands, op_table[f->op].operands == 1 ? "" : "s"); return bad_value; }
        return elementwise(e, s, t, f->op, &full);
    }
    Argument *arguments[64] = { 0 };
    if (!arrange(e, s, f->definition, t->span, full.positional, full.n, full.named, full.n_named, arguments)) return bad_value;
    Instance *instance = f->instance ? f->instance : instance_of(s->instance, t, stage, f->definition->text);
    return run(e, s, f->definition, instance, t->span, arguments, made);
}

static Value unknown_function(Elaborator *e, Scope *s, const Tree *t) {
    LIST(const char *) names = { 0 };
    static const char *const special[] = { "where", "random", "size", "grad", "samples", "sum", "mean", "prod", "max", "min", "argmax", "argmin", "any", "all" };
    for (int i = 0; i < e->functions.n; i++) PUSH(names, e->functions.at[i]->text);
    for (size_t i = 0; i < sizeof special / sizeof *special; i++) PUSH(names, special[i]);
    for (int i = 0; i < OP_COUNT; i++) if (op_table[i].precedence == PREC_CALL) PUSH(names, op_table[i].name);
    Diagnostic *d = model_error(e, s, t->span, "there is no function `%s`", t->text);
    const char *close = closest_name(t->text, names.at, names.n);
    if (d && close) help(d, "did you mean `%s`?", close);
    return bad_value;
}

/* Calls that are no definitions: where, random, size, grad, samples, whole-value reductions. True: it was one. */
static bool special(Elaborator *e, Scope *s, const Env *env, const Tree *t, const Value *first, Value *out) {
    Given g = { .n = 0 };
    int n = t->n + (first ? 1 : 0);
    bool reduces = is_reduction(t->text);
    int wanted = same(t->text, "where") ? 3 : same(t->text, "random") ? 0 : same(t->text, "size") || same(t->text, "samples") ? 1 : same(t->text, "grad") ? 2 : -1;
    if (wanted < 0 && !(reduces && n == 1)) return false;
    *out = bad_value;
    if (reduces) wanted = 1;
    if (n != wanted) { model_error(e, s, t->span, "`%s` takes %d argument%s, and %d are given", t->text, wanted, wanted == 1 ? "" : "s", n); return true; }
    if (!collect(e, s, env, t, first, &g)) return true;
    if (g.n_named) { model_error(e, s, t->span, "`%s` takes its arguments in order", t->text); return true; }
    if (same(t->text, "where")) {
        Value c = argument_value(e, g.positional[0]);
        double constant;
        if (c.kind == VALUE_TENSOR && c.rank == 0 && c.body && is_constant(c.body, &constant)) { *out = argument_value(e, g.positional[constant != 0 ? 1 : 2]); return true; }
        if (c.kind == VALUE_TENSOR && c.body) settle_hypers(e, c.body);     /* a choice that hangs on run-time numbers alone is made now */
        Value a = argument_value(e, g.positional[1]), b = argument_value(e, g.positional[2]);
        *out = select_value(e, s, t->span, &c, &a, &b);
        return true;
    }
    if (same(t->text, "random")) {
        Site *site = NEW(Site);
        PUSH(e->open_sites, site);
        const Expr *zero = Int(0);
        *out = scalar(Random(site, &zero, 1));
        return true;
    }
    if (same(t->text, "grad") && e->updating) {                 /* lines.c has found it before the step's program was made */
        Value x = argument_value(e, g.positional[1]);
        Name *gradient = scope_find(e->update_scope, name_of("g"));
        if (x.kind != VALUE_TENSOR || !x.body || x.body->kind != X_READ || x.body->tensor != e->parameter || !gradient || s != e->update_scope)
            model_error(e, s, t->span, "here a gradient is that of the parameter, and stands in the update line itself: grad(L, w)");
        else *out = name_value(e, s, gradient);
        return true;
    }
    if (same(t->text, "grad")) {
        Value l = argument_value(e, g.positional[0]), x = argument_value(e, g.positional[1]);
        if (l.kind != VALUE_TENSOR || x.kind != VALUE_TENSOR || !l.body || !x.body) return true;
        if (l.rank) { model_error(e, s, t->span, "grad(L, x) wants a number L, and this is %s", shape_text(&l)); return true; }
        if (e->batch && uses_index(l.body, e->batch)) l.body = Div(reduction(e, s, t->span, REDUCE_SUM, &e->batch, 1, ToReal(l.body)), ToReal(e->batch->count ? Read(e->batch->count, NULL, 0) : Int(1)));
        Value loss = stored(e, s, t->span, &l, "loss"), at = stored(e, s, t->span, &x, "at");
        if (loss.kind == VALUE_BAD || at.kind == VALUE_BAD || loss.body->kind != X_READ || at.body->kind != X_READ) return true;
        Tensor *gradient = NULL;
        const Tensor *wrt = at.body->tensor;
        differentiate(e->program, loss.body->tensor, &wrt, 1, &gradient);
        PUSH(e->named, ((Named){ gradient, s->instance, "gradient", false, e->mode }));
        Value v = at;
        v.body = Read(gradient, at.body->arg, at.body->n);
        *out = v;
        return true;
    }
    Value v = argument_value(e, g.positional[0]);
    if (reduces) { *out = reduce_whole(e, s, t->span, t->text, &v); return true; }
    if (v.kind != VALUE_TENSOR) return true;
    if (same(t->text, "size")) {
        int64_t cells = 1;
        for (int k = 0; k < v.rank; k++) cells *= v.dim[k];
        *out = scalar(Int(cells));
        return true;
    }
    if (!e->batch || !v.body) { model_error(e, s, t->span, "there are no samples here"); return true; }
    Value all = { .kind = VALUE_TENSOR, .rank = v.rank + 1 };    /* samples(x): the batch as its first axis */
    if (all.rank > MAX_RANK) { model_error(e, s, t->span, "more than %d axes", MAX_RANK); return true; }
    all.dim[0] = e->batch->extent;
    all.axis[0] = index_new("a", e->batch->extent, e->batch->count);
    for (int k = 0; k < v.rank; k++) { all.dim[k + 1] = v.dim[k]; all.axis[k + 1] = v.axis[k]; }
    const Expr *other = At(all.axis[0]);
    all.body = substitute(v.body, &e->batch, &other, 1);
    *out = all;
    return true;
}

static bool mentions_parameter(const Tree *t) {
    bool named = t->kind == TREE_NAME || t->kind == TREE_READ || t->kind == TREE_CALL;
    if (named && (same(t->text, "w") || same(t->text, "g") || same(t->text, "a"))) return true;
    for (int k = 0; k < t->n; k++) if (mentions_parameter(t->child[k])) return true;
    return false;
}

/* A call in the text of an update line that mentions nothing of the parameter: what it keeps (the state of a schedule) is
 * kept once for the line, and so is its value. Where it reduces over the parameters, each of them has to take part. */
static Value shared_call(Elaborator *e, Scope *s, const Function *f, const Tree *t) {
    for (int k = 0; k < e->shared.n; k++) if (e->shared.at[k]->call == t && e->shared.at[k]->value) return *e->shared.at[k]->value;
    Instance *line = instance_of(e->top, s->instance->call, -1, name_of("line"));
    line->of_line = true;
    if (!line->parameter) line->parameter = s->instance->parameter;
    Scope *outer = NEW(Scope);
    *outer = *s;
    outer->instance = line;
    int parts = e->parts.n;
    e->update_scope = outer;
    Value v = apply(e, outer, NULL, f, t, NULL, 0, NULL);
    e->update_scope = s;
    if (v.kind != VALUE_TENSOR || !v.body || e->parts.n != parts || has_open_draw(e, v.body)) return v;
    Shared *shared = NEW(Shared);
    *shared = (Shared){ .call = t };
    remember(e, &shared->value, v);
    PUSH(e->shared, shared);
    return v;
}

Value call(Elaborator *e, Scope *s, const Env *env, const Tree *t, const Value *first, int64_t stage, Scope **made) {
    if (t->kind == TREE_BAD) return bad_value;
    if (t->kind != TREE_CALL && t->kind != TREE_NAME) { model_error(e, s, t->span, "a value goes through a function here"); return bad_value; }
    if (first && first->kind == VALUE_BAD && !e->tentative) return bad_value;
    Value out;
    Name *local = scope_find(s, t->text);
    Function plain = { .op = -1 };
    const Function *f = NULL;
    if (local) {
        Value v = name_value(e, s, local);
        if (v.kind == VALUE_BAD) return v;
        if (v.kind == VALUE_FUNCTION) f = v.function;
        else if (!function_named(e, t->text) && op_named(t->text, t->n + (first ? 1 : 0)) < 0) {
            model_error(e, s, t->span, "`%s` is an array or a number here, not a function", t->text);
            return bad_value;
        }
    }
    if (!f && special(e, s, env, t, first, &out)) return out;
    if (!f) {
        plain.definition = function_named(e, t->text);
        int n = t->n + (first ? 1 : 0);
        plain.op = op_named(t->text, n > 2 && (same(t->text, "max") || same(t->text, "min")) ? 2 : n);
        if (!plain.definition && plain.op >= 0) {
            Given g = { .n = 0 };
            if (has_hole(t)) { model_error(e, s, t->span, "an operator is not applied with a hole: write a fn"); return bad_value; }
            if (!collect(e, s, env, t, first, &g) || g.n_named || g.n == 0) return bad_value;
            return elementwise(e, s, t, plain.op, &g);
        }
        if (!plain.definition) {
            for (int k = 0; k < OP_COUNT; k++) if (op_table[k].precedence == PREC_CALL && same(op_table[k].name, t->text)) {
                model_error(e, s, t->span, "`%s` takes %d argument%s, and %d are given", t->text, op_table[k].operands, op_table[k].operands == 1 ? "" : "s", n);
                return bad_value;
            }
            return unknown_function(e, s, t);
        }
        f = &plain;
    }
    bool of_line = e->updating && s == e->update_scope && s->instance->parameter && !s->instance->of_line && f->definition && !f->instance;
    if (of_line && !first && !env && !made && !has_hole(t) && !mentions_parameter(t)) return shared_call(e, s, f, t);
    if (!has_hole(t)) return apply(e, s, env, f, t, first, stage, made);
    Given g = { .n = 0 };                                       /* a call with a hole: a function with an instance of its own */
    if (!collect(e, s, env, t, first, &g)) return bad_value;
    Function *partial = NEW(Function);
    *partial = (Function){ .definition = f->definition, .op = f->op };
    if (f->given.n) {
        int next = 0;
        for (int k = 0; k < f->given.n; k++) {
            Argument a = f->given.at[k];
            if (a.hole && next < g.n) { const char *name = a.name; a = *g.positional[next++]; a.name = name; }
            PUSH(partial->given, a);
        }
        while (next < g.n) PUSH(partial->given, *g.positional[next++]);
    } else for (int k = 0; k < g.n; k++) PUSH(partial->given, *g.positional[k]);
    for (int k = 0; k < g.n_named; k++) PUSH(partial->given, *g.named[k]);
    partial->instance = f->instance ? f->instance : instance_of(s->instance, t, stage, f->definition ? f->definition->text : t->text);
    return (Value){ .kind = VALUE_FUNCTION, .function = partial };
}
