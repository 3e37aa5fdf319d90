/* Computed once: an argument without a name becomes a tensor when the definition reads it more than once.
 *
 *     fn basic(x) = relu(f(x) + x)      u |> relu |> basic |> basic      ->      relu = max(0, u)
 *                                                                                basic = max(0, f(relu) + relu)
 *                                                                                ... max(0, f(basic) + basic)
 *
 * Put into both places as an expression, `basic` would be computed in each, with the blocks before it inside; and a gradient
 * by u would meet the conditions of all of them again, where d_basic now adds up what comes from both places. What is read
 * once stays an expression of the equation that it stands in. So does what costs hardly more than a read: one operation on a
 * tensor's element and a number; and a value without axes, of which that equation has one. A block reads its arguments in
 * equations of its own, so there once is enough. */
#include "call.h"
#include <string.h>

static bool same(const char *a, const char *b) { return !strcmp(a, b); }

/* ---- how often a text reads a name ---- */

/* A condition of numbers that are known by now: where() has chosen, and a name is read in one of the branches only. */
static bool is_known(const Scope *s, const Tree *t) {
    if (t->kind == TREE_NUMBER) return true;
    if (t->kind == TREE_OPERATOR) return is_known(s, t->child[0]) && (t->n == 1 || is_known(s, t->child[1]));
    if (t->kind != TREE_NAME) return false;
    const Name *n = scope_find(s, t->text);
    const Value *v = n && n->kind == ENTRY_ARGUMENT ? n->argument->value : NULL;
    double number;
    if (v) return v->kind == VALUE_TENSOR && !v->rank && v->body && is_constant(v->body, &number);
    return n ? n->kind == ENTRY_DIMENSION : same(t->text, "training") || same(t->text, "predicting") || same(t->text, "inf");
}

/* More than one is as good as two: what is repeated, and what a call with a hole is given, counts twice. */
static int reads_in(const Scope *s, const Tree *t, const char *name) {
    if (t->kind == TREE_CALL && same(t->text, "size")) return 0;
    int reads = (t->kind == TREE_NAME || t->kind == TREE_READ) && t->text == name;
    if (t->kind == TREE_CALL && same(t->text, "where") && t->n == 3 && is_known(s, t->child[0])) {
        int a = reads_in(s, t->child[1], name), b = reads_in(s, t->child[2], name);
        return a > b ? a : b;
    }
    for (int k = 0; k < t->n; k++) reads += reads_in(s, t->child[k], name);
    bool many = t->kind == TREE_REPEAT || (t->kind == TREE_CALL && has_hole(t));
    return many ? 2*reads : reads;
}

static bool reads_again(const Scope *s, const char *name) {
    const Tree *parameters = s->definition->child[0], *body = s->definition->child[2];
    int reads = reads_in(s, body, name);
    for (int k = 0; k < parameters->n; k++)                     /* and the defaults of parameters after it */
        if (parameters->child[k]->n > 1) reads += reads_in(s, parameters->child[k]->child[1], name);
    return reads > 1;
}

/* ---- what is worth an equation ---- */

static bool is_leaf(const Expr *x) { return x->n == 0 || x->kind == X_READ || (x->kind == X_REAL && is_leaf(x->arg[0])); }
static bool is_element(const Expr *x) { return x->kind == X_REAL ? is_element(x->arg[0]) : x->kind == X_READ && x->tensor->rank; }

/* -x, x + 1, x/255: nothing is saved by a tensor of its own. The slope of a maximum has to look at the value. */
static bool is_cheap(const Expr *x) {
    if (is_leaf(x)) return true;
    bool arithmetic = x->kind == X_OP && op_table[x->op].precedence != PREC_CALL && x->op != OP_POW;
    if (!arithmetic || !is_leaf(x->arg[0])) return false;
    return x->n == 1 || (is_leaf(x->arg[1]) && !(is_element(x->arg[0]) && is_element(x->arg[1])));
}

/* The argument's value, which a recurrence that asked for it may forget. */
Value argument_once(Elaborator *e, Scope *s, Name *n) {
    Argument *a = n->argument;
    Value v = argument_value(e, a);
    bool is_block = s->definition->child[1]->n;
    if (v.kind != VALUE_TENSOR || !v.rank || !v.body || v.body->kind == X_READ || !a->value) return v;
    if (!is_block && (is_cheap(v.body) || !reads_again(s, n->name))) return v;
    Scope *at = a->scope ? a->scope : s;
    Instance *instance = is_block || v.hint ? at->instance : s->instance;
    v = stored_in(e, at, a->tree ? a->tree->span : n->span, &v, instance, n->name);
    if (a->tree) remember(e, &a->value, v);
    else *a->value = v;
    return v;
}
