/* Calls: a definition is inlined where it is used.
 *
 * A definition of one expression is substituted; a block gets a scope with its dimensions bound from the shapes of its
 * arguments. A call with a hole is a function, and owns one instance however often it is applied. */
#include "call.h"
#include <string.h>

static bool same(const char *a, const char *b) { return !strcmp(a, b); }

/* ---- the body of a definition ---- */

static void add_statement(Elaborator *e, Scope *s, const Tree *t) {
    switch (t->kind) {
    case TREE_EQUATION: case TREE_SCATTER:
        for (int k = 0; k < t->n - 1; k++) {
            const Tree *left = t->child[k];
            const Name *old = scope_find(s, left->text);
            if (old) {
                Diagnostic *d = model_error(e, s, left->span, "`%s` is defined on line %d already; an equation is not an assignment: "
                                            "choose another name", left->text, span_line(old->span));
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
            if (scope_find(s, d->text)) {
                model_error(e, s, d->span, "`%s` is defined already: choose another name", d->text);
                continue;
            }
            Name *n = scope_add(s, d->text, t->kind == TREE_PARAM ? ENTRY_PARAM : ENTRY_STATE, d->span, d);
            if (t->kind == TREE_STATE) n->clock = same(t->text, "epoch") ? EACH_EPOCH : same(t->text, "predict") ? EACH_PREDICT : EACH_STEP;
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

static Scope *enter(Elaborator *e, Scope *s, const Tree *fn, Instance *instance, Span at, Argument *const *arguments) {
    /* Definitions that use each other twice grow without bound before they are deep. */
    if (e->uses == MAX_USES && model_error(e, s, at, "the model uses definitions more than %d times", MAX_USES)) e->uses++;
    if (e->uses >= MAX_USES) return NULL;
    e->uses++;
    Scope *inner = scope_new(e, fn, s, instance, origin_at(s, at));
    if (inner->depth > MAX_DEPTH) {
        if (model_error(e, s, at, "`%s` goes on without end: it uses itself, %d deep", fn->text, MAX_DEPTH)) e->uses = MAX_USES + 1;
        return NULL;
    }
    return bind_arguments(e, inner, arguments) ? inner : NULL;
}

Value result_value(Elaborator *e, Scope *s, int which) {
    const Tree *results = s->definition->child[1];
    if (results->n == 0) {
        Value v = which ? bad_value : evaluate(e, s, NULL, body_of(s->definition));
        v.call = s->instance;
        return v;
    }
    if (which >= results->n) {
        model_error(e, s->caller, s->origin->span, "`%s` gives %d value%s", s->definition->text, results->n,
                    results->n == 1 ? "" : "s");
        return bad_value;
    }
    const Tree *r = results->child[which];
    Name *n = scope_find(s, r->text);
    if (!n) {
        Diagnostic *d = model_error(e, s, r->span, "`%s` does not define its result `%s`", s->definition->text, r->text);
        if (d) help(d, "add an equation %s = ...", r->text);
        return bad_value;
    }
    return name_value(e, s, n);
}

static Value run(Elaborator *e, Scope *s, const Tree *fn, Instance *instance, Span at, Argument **arguments, Scope **made) {
    Scope *inner = enter(e, s, fn, instance, at, arguments);
    if (!inner) return bad_value;
    if (fn->child[1]->n) scope_body(e, inner, body_of(fn));
    for (int k = 0; k < fn->child[1]->n; k++) {                  /* declared shapes of results */
        const Tree *r = fn->child[1]->child[k];
        Name *n = scope_find(inner, r->text);
        if (n && r->has_list) n->extents = r->child[0];
    }
    if (made) *made = inner;
    Value v = result_value(e, inner, 0);
    for (int k = 0; k < inner->losses.n; k++) PUSH(e->root->losses, inner->losses.at[k]);
    return v;
}

/* ---- functions applied ---- */

/* f(a, b), or from the left for more: max(a, b, c). */
static Value elementwise(Elaborator *e, Scope *s, const Tree *t, int op, const Given *g) {
    Value a = argument_value(e, g->positional.at[0]);
    if (op_table[op].operands == 1) return operate(e, s, t->span, (Op)op, &a, NULL);
    for (int k = 1; k < g->positional.n; k++) {
        Value b = argument_value(e, g->positional.at[k]);
        a = operate(e, s, t->span, (Op)op, &a, &b);
    }
    return a;
}

/* What the function has been given, its holes filled in order, then what is given beyond. */
static Arguments fill_holes(const Function *f, const Given *g) {
    Arguments all = { 0 };
    int next = 0;
    for (int i = 0; i < f->given.n; i++) {
        Argument *a = NEW(Argument);                            /* another use may come to another value */
        *a = *f->given.at[i];
        if (a->hole && next < g->positional.n) {
            const char *name = a->name;
            a = g->positional.at[next++];
            a->name = name;
        }
        PUSH(all, a);
    }
    for (; next < g->positional.n; next++) PUSH(all, g->positional.at[next]);
    for (int k = 0; k < g->named.n; k++) PUSH(all, g->named.at[k]);
    return all;
}

Value apply(Elaborator *e, Scope *s, const Env *env, const Function *f, const Tree *t, const Value *first, int64_t stage, Scope **made) {
    Given g = { 0 }, full = { 0 };
    if (!collect(e, s, env, t, first, &g)) return bad_value;
    Arguments all = fill_holes(f, &g);
    for (int k = 0; k < all.n; k++) {
        Argument *a = all.at[k];
        if (a->hole) { model_error(e, s, t->span, "`%s` has a hole that is not filled here", t->text); return bad_value; }
        if (a->name) PUSH(full.named, a);
        else PUSH(full.positional, a);
    }
    if (f->reduction) {
        if (full.positional.n != 1 || full.named.n) {
            model_error(e, s, t->span, "`%s` stands for `%s` here, which takes one argument", t->text, f->reduction);
            return bad_value;
        }
        Value v = argument_value(e, full.positional.at[0]);
        return reduce_whole(e, s, t->span, f->reduction, &v);
    }
    if (!f->definition) {
        int takes = op_table[f->op].operands;
        if (full.positional.n == takes) return elementwise(e, s, t, f->op, &full);
        wrong_count(e, s, t->span, t->text, takes, full.positional.n);
        return bad_value;
    }
    Argument **arguments = NEW_ARRAY(Argument *, f->definition->child[0]->n + 1);
    if (!arrange(e, s, f->definition, t->span, &full, arguments)) return bad_value;
    Instance *instance = f->instance ? f->instance : instance_of(s->instance, t, stage, f->definition->text);
    return run(e, s, f->definition, instance, t->span, arguments, made);
}

/* A call with a hole: a function with an instance of its own. */
static Value partial(Elaborator *e, Scope *s, const Env *env, const Function *f, const Tree *t, const Value *first, int64_t stage) {
    Given g = { 0 };
    if (!collect(e, s, env, t, first, &g)) return bad_value;
    Function *p = NEW(Function);
    *p = (Function){ .definition = f->definition, .op = f->op, .given = fill_holes(f, &g) };
    p->instance = f->instance ? f->instance : instance_of(s->instance, t, stage, f->definition ? f->definition->text : t->text);
    return (Value){ .kind = VALUE_FUNCTION, .function = p };
}

/* ---- update lines ---- */

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

/* ---- a call ---- */

bool has_hole(const Tree *t) {
    for (int k = 0; k < t->n; k++) {
        const Tree *x = t->child[k];
        if (x->kind == TREE_HOLE || (x->kind == TREE_NAMED && x->child[0]->kind == TREE_HOLE)) return true;
    }
    return false;
}

/* op: -1, as no operator of that name has so many operands. */
static Value call_operator(Elaborator *e, Scope *s, const Env *env, const Tree *t, const Value *first, int op, int n) {
    for (int k = 0; op < 0 && k < OP_COUNT; k++) {
        if (op_table[k].precedence != PREC_CALL || !same(op_table[k].name, t->text)) continue;
        wrong_count(e, s, t->span, t->text, op_table[k].operands, n);
        return bad_value;
    }
    if (op < 0) return unknown_function(e, s, t);
    if (has_hole(t)) { model_error(e, s, t->span, "an operator is not applied with a hole: write a fn"); return bad_value; }
    Given g = { 0 };
    if (!collect(e, s, env, t, first, &g)) return bad_value;
    if (g.named.n) { model_error(e, s, t->span, "`%s` takes its arguments in order", t->text); return bad_value; }
    return elementwise(e, s, t, op, &g);
}

Value call(Elaborator *e, Scope *s, const Env *env, const Tree *t, const Value *first, int64_t stage, Scope **made) {
    if (t->kind == TREE_BAD) return bad_value;
    if (t->kind != TREE_CALL && t->kind != TREE_NAME) {
        model_error(e, s, t->span, "a value goes through a function here");
        return bad_value;
    }
    if (first && first->kind == VALUE_BAD && !e->tentative) return bad_value;
    const Function *f = NULL;
    int n = t->n + (first ? 1 : 0);
    Name *local = scope_find(s, t->text);
    if (local) {
        Value v = name_value(e, s, local);
        if (v.kind == VALUE_BAD) return v;
        if (v.kind == VALUE_FUNCTION) f = v.function;
        else if (!function_named(e, t->text) && op_named(t->text, n) < 0) {
            model_error(e, s, t->span, "`%s` is an array or a number here, not a function", t->text);
            return bad_value;
        }
    }
    Value out;
    if (!f && special(e, s, env, t, first, &out)) return out;
    Function plain = { .definition = function_named(e, t->text), .op = -1 };
    if (!f && !plain.definition) {
        bool folds = n > 2 && (same(t->text, "max") || same(t->text, "min"));
        return call_operator(e, s, env, t, first, op_named(t->text, folds ? 2 : n), n);
    }
    if (!f) f = &plain;
    bool in_line = e->updating && s == e->update_scope && s->instance->parameter && !s->instance->of_line;
    bool alone = !first && !env && !made && f->definition && !f->instance;
    if (in_line && alone && !has_hole(t) && !mentions_parameter(t)) return shared_call(e, s, f, t);
    return has_hole(t) ? partial(e, s, env, f, t, first, stage) : apply(e, s, env, f, t, first, stage, made);
}
