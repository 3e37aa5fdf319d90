/* Arguments: from what a call gives to the names of a definition.
 *
 *     fn dense(x[C], n, scale=1) ...     dense(y, 10)     ->     x = y with C = 20 from its shape, n = 10, scale = 1
 *
 * An argument is evaluated when it is first asked for, where it was written, and once. A number that is given in an update
 * line can be set at run time; when a size or a choice hangs on it, it is a constant after all. */
#include "call.h"
#include <inttypes.h>
#include <string.h>

/* The number that an update line gives to a call, and not to one within what it gives. */
static void note_rate(Elaborator *e, const Argument *a, const Value *v) {
    if (e->given || e->tentative || !a->given_to || v->kind != VALUE_TENSOR || v->rank || !v->body || v->body->type != REAL) return;
    for (int k = 0; k < e->rates.n; k++) if (e->rates.at[k].tree == a->tree) return;
    PUSH(e->rates, ((Rate){ a->given_to, a->tree, v->body }));
}

Value argument_value(Elaborator *e, Argument *a) {
    if (a->value) return *a->value;
    if (a->busy) { model_error(e, a->scope, a->tree->span, "this argument depends on itself"); return bad_value; }
    const bool of_update = e->updating && a->scope == e->update_scope;
    a->busy = true;
    e->given += of_update;
    Value v = evaluate(e, a->scope, a->env, a->tree);
    e->given -= of_update;
    /* a definition may read its argument often, and the draw is one; an operator (without names) reads it once, and the draw
     * stays one for each element of the equation */
    if (v.kind == VALUE_TENSOR && v.body && a->name && has_open_draw(e, v.body)) v = stored(e, a->scope, a->tree->span, &v, a->name);
    a->busy = false;
    if (v.kind == VALUE_BAD && e->tentative) return v;          /* not known yet: asked again later */
    if (of_update) note_rate(e, a, &v);
    remember(e, &a->value, v);
    return v;
}

/* ---- numbers that can be set at run time ---- */

/* A number that is written in an update line can be set at run time, under the name of the parameter that it is given for,
 * unless a size or a choice of the definition hangs on it. `node` is the same for all parameters of the model. */
static void make_hyper(Elaborator *e, Argument *a, const char *name, const Tree *node) {
    if (!e->updating || a->scope != e->update_scope || !a->tree || a->tree->kind != TREE_NUMBER || a->value) return;
    for (int i = 0; i < e->fixed.n; i++) if (e->fixed.at[i] == name) return;
    Tensor *t = own(e->top, node, 0);
    if (!t) {
        t = tensor_new(name, ROLE_HYPER, REAL, 0, NULL, origin_at(NULL, node->span));
        t->host = true;
        t->initial = a->tree->number;
        own_add(e, e->top, node, 0, t, a->scope, node, name);
    }
    remember(e, &a->value, scalar(Read(t, NULL, 0)));
}

typedef struct Hypers { LIST(const Tensor *) found; bool only; } Hypers;
static void look_hyper(const Expr *x, void *data) {
    Hypers *h = data;
    if (x->kind == X_READ && x->tensor->role == ROLE_HYPER) PUSH(h->found, x->tensor);
    else if (x->kind == X_READ || x->kind == X_INDEX || x->kind == X_RANDOM) h->only = false;
}

static bool settle(Elaborator *e, const Expr *body, bool alone) {
    if (!e->updating) return false;
    Hypers h = { .only = true };
    visit_nodes(body, look_hyper, &h);
    if ((alone && !h.only) || !h.found.n) return false;
    for (int k = 0; k < h.found.n; k++) PUSH(e->fixed, h.found.at[k]->name);
    e->again = true;
    return true;
}

bool settle_hypers(Elaborator *e, const Expr *body) { return settle(e, body, true); }
bool settle_subscript(Elaborator *e, const Expr *body) { return body->type == REAL && settle(e, body, false); }

/* ---- what a call gives ---- */

bool collect(Elaborator *e, Scope *s, const Env *env, const Tree *t, const Value *first, Given *g) {
    if (first) {
        Argument *a = NEW(Argument);
        *a = (Argument){ .tree = t, .scope = s, .env = env };
        Value v = *first;
        if (v.kind == VALUE_TENSOR && v.body && has_open_draw(e, v.body)) v = stored(e, s, t->span, &v, "value");
        remember(e, &a->value, v);
        PUSH(g->positional, a);
    }
    for (int k = 0; k < t->n; k++) {
        const Tree *x = t->child[k];
        Argument *a = NEW(Argument);
        *a = (Argument){ .tree = x, .scope = s, .env = env, .hole = x->kind == TREE_HOLE };
        if (x->kind == TREE_NAMED) {
            a->name = x->text;
            a->tree = x->child[0];
            a->hole = a->tree->kind == TREE_HOLE;
            make_hyper(e, a, a->name, x);
            PUSH(g->named, a);
        } else {
            if (g->named.n) { model_error(e, s, x->span, "arguments in order stand before arguments by name"); return false; }
            PUSH(g->positional, a);
        }
    }
    return true;
}

Diagnostic *wrong_count(Elaborator *e, const Scope *s, Span at, const char *name, int takes, int given) {
    return model_error(e, s, at, "`%s` takes %d argument%s, and %d are given", name, takes, takes == 1 ? "" : "s", given);
}

static int parameter_named(const Tree *fn, const char *name) {
    const Tree *parameters = fn->child[0];
    for (int k = 0; k < parameters->n; k++) if (parameters->child[k]->text == name) return k;
    return -1;
}

static void no_such_parameter(Elaborator *e, Scope *s, const Tree *fn, Span at, const char *name) {
    LIST(const char *) names = { 0 };
    for (int k = 0; k < fn->child[0]->n; k++) PUSH(names, fn->child[0]->child[k]->text);
    const char *close = closest_name(name, names.at, names.n);
    Diagnostic *d = model_error(e, s, at, "`%s` has no argument `%s`", fn->text, name);
    Writer list = { 0 };
    for (int k = 0; k < names.n; k++) put(&list, "%s%s", k ? ", " : "", names.at[k]);
    if (d && close) help(d, "did you mean `%s`?", close);
    else if (d) help(d, "it has %s", names.n ? list.text : "none");
    if (d) note(d, fn->span, "`%s` is defined here", fn->text);
}

bool arrange(Elaborator *e, Scope *s, const Tree *fn, Span at, const Given *g, Argument **out) {
    const Tree *parameters = fn->child[0];
    if (g->positional.n > parameters->n) {
        Diagnostic *d = wrong_count(e, s, at, fn->text, parameters->n, g->positional.n);
        if (d) note(d, fn->span, "`%s` is defined here", fn->text);
        return false;
    }
    for (int k = 0; k < parameters->n; k++) out[k] = k < g->positional.n ? g->positional.at[k] : NULL;
    for (int k = 0; k < g->positional.n; k++) {
        const Tree *p = parameters->child[k];
        if (!p->has_list) make_hyper(e, out[k], p->text, out[k]->tree);
    }
    for (int i = 0; i < g->named.n; i++) {
        const char *name = g->named.at[i]->name;
        int k = parameter_named(fn, name);
        if (k < 0) { no_such_parameter(e, s, fn, at, name); return false; }
        if (out[k]) { model_error(e, s, at, "`%s` of `%s` is given twice", name, fn->text); return false; }
        out[k] = g->named.at[i];
    }
    for (int k = 0; k < parameters->n; k++) if (out[k]) out[k]->given_to = parameters->child[k]->text;
    return true;
}

/* ---- a definition's own names for them ---- */

/* Errors of a call stand at the call, and show what the definition declares. */
static Diagnostic *at_call(Elaborator *e, const Scope *s, const Name *n, const char *what) {
    Diagnostic *d = model_error(e, s->caller, s->origin->span, "%s", what);
    if (d) note(d, n->span, "`%s` is declared here", n->name);
    return d;
}

static void wrong_rank(Elaborator *e, Scope *s, const Name *n, const Tree *extents, const Value *v, int fixed, bool dots) {
    const char *fn = s->definition->text, *list = span_text(extents->span);
    if (v->rank == 0 && fixed && !dots) {
        at_call(e, s, n, text("`%s` takes %s%s, and this is a number", fn, n->name, list));
        return;
    }
    Diagnostic *d = at_call(e, s, n, text("`%s` takes %s%s; this is %s", fn, n->name, list, shape_text(v)));
    bool of_update = e->updating && (!strcmp(n->name, "g") || !strcmp(n->name, "w"));
    if (d && of_update)
        help(d, "[..] takes any shape; and an update line may choose parameters by it: update *%s = g |> %s(w, ...)", list, fn);
    else if (d && v->rank > fixed && !dots) help(d, "apply it to a part, x[t, _, ...], so that the other axes stay outside");
}

/* `..` of a signature: the same axes wherever it stands. */
static void bind_pack(Elaborator *e, Scope *s, const Name *n, const Dim *dims, int pack) {
    if (!s->has_dots) {
        s->has_dots = true;
        s->n_dots = pack;
        for (int d = 0; d < pack; d++) s->dots[d] = dims[d];
        return;
    }
    bool differ = s->n_dots != pack;
    for (int d = 0; !differ && d < pack; d++) differ = !same_dim(s->dots[d], dims[d]);
    if (!differ) return;
    const char *fn = s->definition->text;
    model_error(e, s->caller, s->origin->span, "`..` of `%s` stands for other axes in %s than before", fn, n->name);
}

/* One declared extent: a name without a value is bound, anything else is compared. */
static bool bind_extent(Elaborator *e, Scope *s, const Name *n, const Tree *extents, const Tree *x, const Value *v, int axis) {
    Dim wanted;
    Name *known = x->kind == TREE_NAME ? scope_find(s, x->text) : NULL;
    if (x->kind == TREE_NAME && !known) {
        scope_add(s, x->text, ENTRY_DIMENSION, x->span, x)->dim = v->dim[axis];
        return true;
    }
    if (!extent_of(e, s, NULL, x, true, &wanted) || same_dim(wanted, v->dim[axis])) return true;
    Diagnostic *d = model_error(e, s->caller, s->origin->span, "`%s` takes %s%s with %s = %s; this is %s",
                                s->definition->text, n->name, span_text(extents->span), span_text(x->span), dim_text(wanted), shape_text(v));
    if (d && known) note(d, known->span, "`%s` is %s from here", known->name, dim_text(wanted));
    return false;
}

/* Binds what a signature's brackets say, x[C, .., W], against the value's shape. */
static bool bind_dims(Elaborator *e, Scope *s, const Name *n, const Tree *extents) {
    Value v = argument_value(e, n->argument);
    if (v.kind == VALUE_FUNCTION) {
        const char *fn = s->definition->text;
        model_error(e, s->caller, s->origin->span, "`%s` of `%s` is an array, and a function was given", n->name, fn);
        return false;
    }
    if (v.kind == VALUE_BAD) return e->tentative;               /* an error was reported: nothing follows from it */
    bool dots = false;
    for (int k = 0; k < extents->n; k++) dots = dots || extents->child[k]->kind == TREE_DOTS;
    bool optional = n->tree->n > 1;
    if (v.rank == 0 && optional && !(dots && extents->n == 1)) return true;     /* a number for an optional array: it spreads */
    int fixed = extents->n - dots;
    if (dots ? v.rank < fixed : v.rank != fixed) { wrong_rank(e, s, n, extents, &v, fixed, dots); return false; }
    for (int k = 0, axis = 0; k < extents->n; k++) {
        const Tree *x = extents->child[k];
        if (x->kind == TREE_DOTS) {
            if (v.rank || !s->has_dots) bind_pack(e, s, n, v.dim + axis, v.rank - fixed);
            axis += v.rank - fixed;
        } else if (!bind_extent(e, s, n, extents, x, &v, axis++)) return false;
    }
    return true;
}

bool bind_arguments(Elaborator *e, Scope *inner, Argument *const *arguments) {
    const Tree *fn = inner->definition, *parameters = fn->child[0];
    bool complete = true;
    for (int k = 0; k < parameters->n; k++) {
        const Tree *p = parameters->child[k];
        Argument *a = arguments[k];
        if (!a && p->n > 1) {
            a = NEW(Argument);
            *a = (Argument){ .name = p->text, .tree = p->child[1], .scope = inner };
        }
        if (!a) {
            Diagnostic *d = model_error(e, inner->caller, inner->origin->span, "`%s` needs `%s`", fn->text, p->text);
            if (d) note(d, p->span, "it is declared here");
            complete = false;
            continue;
        }
        if (scope_find(inner, p->text)) {
            model_error(e, inner, p->span, "`%s` is declared twice", p->text);
            complete = false;
            continue;
        }
        scope_add(inner, p->text, ENTRY_ARGUMENT, p->span, p)->argument = a;
        if (!a->name) a->name = p->text;
    }
    for (int k = 0, all = complete; all && k < parameters->n; k++) {
        const Tree *p = parameters->child[k];
        if (p->has_list && !bind_dims(e, inner, scope_find(inner, p->text), p->child[0])) complete = false;
    }
    return complete;
}
