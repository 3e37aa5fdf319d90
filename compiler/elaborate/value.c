/* Values: what an expression stands for.
 *
 * Arithmetic on whole values goes element by element: two values of equal shape share their axes, a scalar spreads. A name
 * is an index, what the scope says, a word of the language, or a function; in this order. */
#include "scope.h"
#include <ctype.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

Value scalar(const Expr *body) { return (Value){ .kind = VALUE_TENSOR, .body = body }; }

/* The tensor as a value; it is read at the carried expressions, then at the value's axes. */
Value of_tensor(const Tensor *t, const Expr *const *carried, int n_carried) {
    Value v = { .kind = VALUE_TENSOR, .rank = t->rank - n_carried };
    const Expr *subs[2 * MAX_RANK];
    for (int k = 0; k < n_carried; k++) subs[k] = carried[k];
    for (int k = 0; k < v.rank; k++) {
        v.dim[k] = t->dim[n_carried + k];
        v.axis[k] = index_over("a", v.dim[k]);
        subs[n_carried + k] = At(v.axis[k]);
    }
    v.body = Read(t, subs, t->rank);
    return v;
}

const char *shape_text(const Value *v) {
    Writer w = { 0 };
    if (v->rank == 0) return "a number";
    for (int k = 0; k < v->rank; k++) put(&w, k ? ", %s" : "[%s", dim_text(v->dim[k]));
    put(&w, "]");
    return w.text;
}

bool same_shape(const Value *a, const Value *b) {
    if (a->kind != b->kind || a->rank != b->rank) return false;
    for (int k = 0; k < a->rank; k++) if (!same_dim(a->dim[k], b->dim[k])) return false;
    return true;
}

const Expr *cells_of(const Value *v) {
    const Expr *cells = Int(1);
    for (int k = 0; k < v->rank; k++) cells = Mul(cells, Extent(v->dim[k]));
    return cells;
}

const Expr *value_at(const Value *v, const Expr *const *subs) {
    return v->body ? substitute(v->body, v->axis, subs, v->rank) : NULL;
}

/* Brings b to a's axes. False: their shapes differ, which was reported. */
static bool join(Elaborator *e, Scope *s, Span at, Value *a, Value *b) {
    if (e->tentative && (a->kind == VALUE_BAD) != (b->kind == VALUE_BAD)) {     /* not known yet, but it must have this shape */
        const Value *known = a->kind == VALUE_BAD ? b : a;
        if (known->kind != VALUE_TENSOR || known->rank == 0) return false;
        *a = *known;
        a->body = NULL;
        *b = *a;
        return true;
    }
    if (a->kind == VALUE_BAD || b->kind == VALUE_BAD) return false;
    if (a->kind == VALUE_FUNCTION || b->kind == VALUE_FUNCTION) {
        model_error(e, s, at, "a function cannot be used as a number: give it its arguments");
        return false;
    }
    if (a->rank == 0 && b->rank > 0) {
        const Expr *body = a->body;
        *a = *b;
        a->body = body;
        return true;
    }
    if (b->rank == 0) return true;
    if (!same_shape(a, b)) {
        Diagnostic *d = model_error(e, s, at, "%s and %s differ: write the indices", shape_text(a), shape_text(b));
        if (d) help(d, "whole values combine when their shapes are equal, or one is a number; write y[i, j] = ... for anything else");
        return false;
    }
    const Expr *subs[MAX_RANK];
    for (int k = 0; k < a->rank; k++) subs[k] = At(a->axis[k]);
    if (b->body) b->body = substitute(b->body, b->axis, subs, b->rank);
    return true;
}

Value operate(Elaborator *e, Scope *s, Span at, Op op, const Value *left, const Value *right) {
    Value a = *left, b = right ? *right : scalar(Int(0));
    if (!join(e, s, at, &a, &b)) return bad_value;
    double divisor;
    if ((op == OP_DIV || op == OP_FLOORDIV || op == OP_MOD) && b.body && is_constant(b.body, &divisor) && divisor == 0) {
        model_error(e, s, at, "division by a constant zero");
        return bad_value;
    }
    if ((op == OP_FLOORDIV) && a.body && b.body && (a.body->type == REAL || b.body->type == REAL)) {
        if (settle_hypers(e, a.body) || settle_hypers(e, b.body)) return bad_value;
        model_error(e, s, at, "// divides integers; use / or floor(a/b)");
        return bad_value;
    }
    a.body = a.body && b.body ? Operate(op, a.body, right ? b.body : NULL) : NULL;
    a.hint = op_table[op].precedence == PREC_CALL ? name_of(op_table[op].name) : NULL;
    a.call = NULL;
    return a;
}

Value select_value(Elaborator *e, Scope *s, Span at, const Value *c, const Value *a, const Value *b) {
    Value x = *a, y = *b, z = *c;
    if (!join(e, s, at, &x, &y) || !join(e, s, at, &x, &z)) return bad_value;
    if (y.rank == 0 && x.rank > 0) y.rank = 0;
    if (!x.body || !y.body || !z.body) { x.body = NULL; return x; }
    /* a second join may have widened x to the condition's axes; y was on x's axes before or is a number */
    x.body = Where(ToTruth(z.body), x.body, y.body);
    x.hint = NULL;
    x.call = NULL;
    return x;
}

bool constant_integer(Elaborator *e, Scope *s, const Env *env, const Tree *tree, int64_t *value) {
    Value v = evaluate(e, s, env, tree);
    if (v.kind == VALUE_BAD || (v.kind == VALUE_TENSOR && !v.body)) return false;
    double number;
    if (v.kind == VALUE_TENSOR && !v.rank && settle_hypers(e, v.body)) return false;
    if (v.kind != VALUE_TENSOR || v.rank || !is_constant(v.body, &number)) {
        Diagnostic *d = model_error(e, s, tree->span, "this must be a constant: a size is known when the model is compiled");
        const Tensor *length = v.kind == VALUE_TENSOR && v.body->kind == X_READ ? v.body->tensor : NULL;
        if (d && length && length->role == ROLE_LENGTH)
            help(d, "`%s` is known at run time only; its largest value is %" PRId64, length->name, length->hi);
        return false;
    }
    if (v.body->type == REAL && number != floor(number)) {
        Diagnostic *d = model_error(e, s, tree->span, "this must be an integer, and is %g", number);
        if (d) help(d, "// divides with floor");
        return false;
    }
    if (fabs(number) > 9e15) { model_error(e, s, tree->span, "%g is too large for a size", number); return false; }
    *value = (int64_t)number;
    return true;
}

/* An extent: a constant, a length of the call, or the number of its samples, which an axis of samples(x) has. */
bool extent_of(Elaborator *e, Scope *s, const Env *env, const Tree *tree, bool strict, Dim *dim) {
    Value v = strict ? evaluate(e, s, env, tree) : bad_value;
    const Tensor *count = v.kind == VALUE_TENSOR && !v.rank && v.body && v.body->kind == X_READ ? v.body->tensor : NULL;
    if (count && (count->role == ROLE_LENGTH || count == e->model->count)) {
        *dim = (Dim){ count->hi, count };
        return true;
    }
    *dim = (Dim){ 0, NULL };
    if (!constant_integer(e, s, env, tree, &dim->extent)) return false;
    if (!strict) dim->extent++;
    return true;
}

/* ---- names ---- */

static Value training(Elaborator *e) { return scalar(Truth(e->training)); }
static Value predicting(Elaborator *e) { e->apart = true; return scalar(Truth(e->predicting)); }
static Value truth(Elaborator *e) { (void)e; return scalar(Truth(true)); }
static Value falsehood(Elaborator *e) { (void)e; return scalar(Truth(false)); }
static Value pi(Elaborator *e) { (void)e; return scalar(Num(3.14159265358979323846)); }
static Value infinity(Elaborator *e) { (void)e; return scalar(Num(INFINITY)); }
static Value epsilon(Elaborator *e) { (void)e; return scalar(Num(FLT_EPSILON)); }
static Value step(Elaborator *e) { return scalar(Read(e->model->step, NULL, 0)); }
static Value epoch(Elaborator *e) { return scalar(Read(e->model->epoch, NULL, 0)); }
static Value sample(Elaborator *e) { return e->batch ? scalar(At(e->batch)) : bad_value; }

static Value samples_at_hand(Elaborator *e) {
    if (e->batch && e->batch->count) return scalar(Read(e->batch->count, NULL, 0));
    return scalar(e->updating ? Read(e->model->count, NULL, 0) : Int(1));
}

typedef struct Predefined { const char *name; Value (*value)(Elaborator *e); } Predefined;

static const Predefined predefined[] = {
    { "training", training }, { "predicting", predicting }, { "true", truth }, { "false", falsehood }, { "pi", pi }, { "inf", infinity },
    { "epsilon", epsilon }, { "step", step }, { "epoch", epoch }, { "batch", samples_at_hand }, { "sample", sample },
};
enum { PREDEFINED = sizeof predefined/sizeof *predefined };

bool is_predefined(const char *name) {
    for (int i = 0; i < PREDEFINED; i++) if (!strcmp(name, predefined[i].name)) return true;
    return false;
}

static Value unknown_name(Elaborator *e, Scope *s, const Env *env, const Tree *t) {
    LIST(const char *) names = { 0 };
    for (int i = 0; i < s->names.n; i++) PUSH(names, s->names.at[i]->name);
    for (int i = 0; i < PREDEFINED; i++) PUSH(names, predefined[i].name);
    for (int i = 0; i < e->functions.n; i++) PUSH(names, e->functions.at[i]->text);
    const char *close = closest_name(t->text, names.at, names.n);
    size_t length = strlen(t->text);
    bool next = length && t->text[length - 1] == '\'';
    Diagnostic *d = next
        ? model_error(e, s, t->span, "`%s` has no value: nothing gives the next value of a state of that name here", t->text)
        : model_error(e, s, t->span, "`%s` is not known here", t->text);
    bool in_definition = s->definition->kind == TREE_FN;
    bool of_update = in_definition && (!strcmp(t->text, "g") || !strcmp(t->text, "w"));
    if (d && of_update) help(d, "`g` and `w` are known in an update line only: hand them to the definition as arguments");
    else if (d && close) help(d, "did you mean `%s`?", close);
    else if (d && in_definition && scope_find(e->root, t->text))
        help(d, "`%s` of the model is not known in a definition: hand it over as an argument", t->text);
    else if (d && !env && in_definition && isupper((unsigned char)*t->text))
        help(d, "an extent is bound by an argument's shape, x[%s], or is an argument itself", t->text);
    else if (d && env) help(d, "an index gets its values from a reduction, sum(%s), or from the left side", t->text);
    return bad_value;
}

static Value name(Elaborator *e, Scope *s, const Env *env, const Tree *t) {
    const Env *index = env_find(env, t->text);
    if (index) return scalar(index->value[0]);
    Name *n = scope_find(s, t->text);
    if (n) return name_value(e, s, n);
    for (int i = 0; i < PREDEFINED; i++) {
        if (strcmp(t->text, predefined[i].name)) continue;
        Value v = predefined[i].value(e);
        if (v.kind == VALUE_BAD) model_error(e, s, t->span, "there is no %s here", t->text);
        return v;
    }
    const Tree *definition = function_named(e, t->text);
    int op = op_named(t->text, 1);
    const char *reduction_word = is_reduction(t->text) ? t->text : NULL;
    if (definition || op >= 0 || reduction_word) {
        Function *f = NEW(Function);
        *f = (Function){ .definition = definition, .op = op, .reduction = reduction_word };
        return (Value){ .kind = VALUE_FUNCTION, .function = f };
    }
    return unknown_name(e, s, env, t);
}

/* ---- expressions ---- */

/* a < b < c: the second comparison's left side is the first one's right side. */
static Value chain(Elaborator *e, Scope *s, const Env *env, const Tree *t, Op op) {
    Value a = evaluate(e, s, env, t->child[0]);
    const Tree *last = t->child[0];
    int last_op = last->kind == TREE_OPERATOR && !last->closed && last->n == 2 ? op_named(last->text, 2) : -1;
    bool chained = last_op >= 0 && op_table[last_op].truth;
    Value left = chained ? evaluate(e, s, env, last->child[1]) : a;
    Value b = evaluate(e, s, env, t->child[1]);
    Value r = operate(e, s, t->span, op, &left, &b);
    return chained ? operate(e, s, t->span, OP_AND, &a, &r) : r;
}

static Value operation(Elaborator *e, Scope *s, const Env *env, const Tree *t) {
    int op = op_named(t->text, t->n);
    if (op < 0) { model_error(e, s, t->span, "`%s` is no operator here", t->text); return bad_value; }
    if (op_table[op].truth) return chain(e, s, env, t, (Op)op);
    Value a = evaluate(e, s, env, t->child[0]);
    if (t->n == 1) return operate(e, s, t->span, (Op)op, &a, NULL);
    Value b = evaluate(e, s, env, t->child[1]);
    return operate(e, s, t->span, (Op)op, &a, &b);
}

/* x |> repeat(i < n) f(i): f n times, each an instance of its own. */
static Value repeat(Elaborator *e, Scope *s, const Env *env, const Tree *t, Value v) {
    const Tree *binder = t->child[0], *low = NULL, *high = NULL;
    const char *index = NULL;
    bool strict_low, strict_high;
    int64_t count = 0;
    if (!is_binder(binder, &index, &low, &strict_low, &high, &strict_high) || low) { index = NULL; high = binder; }
    if (!constant_integer(e, s, env, high, &count)) return bad_value;
    if (count < 0 || count > MAX_REPEAT) {
        model_error(e, s, binder->span, "cannot repeat %" PRId64 " times", count);
        return bad_value;
    }
    for (int64_t i = 0; i < count; i++) {
        if (i % 32 == 31) v = stored(e, s, t->span, &v, "value");       /* an expression must not grow too deep to walk */
        if (v.kind == VALUE_BAD && !e->tentative) return bad_value;
        const Env *inner = index ? env_bind(env, index, Int(i), binder->span, true) : env;
        v = call(e, s, inner, t->child[1], &v, i + 1, NULL);
    }
    return v;
}

Value evaluate(Elaborator *e, Scope *s, const Env *env, const Tree *t) {
    switch (t->kind) {
    case TREE_NUMBER: return scalar(t->integer ? Int((int64_t)t->number) : Num(t->number));
    case TREE_NAME: return name(e, s, env, t);
    case TREE_READ: return read_value(e, s, env, t);
    case TREE_OPERATOR: return operation(e, s, env, t);
    case TREE_REDUCE: return reduce(e, s, env, t);
    case TREE_CALL: return call(e, s, env, t, NULL, 0, NULL);
    case TREE_PIPE: {
        Value first = evaluate(e, s, env, t->child[0]);
        const Tree *stage = t->child[1];
        return stage->kind == TREE_REPEAT ? repeat(e, s, env, stage, first) : call(e, s, env, stage, &first, 0, NULL);
    }
    case TREE_STRING: model_error(e, s, t->span, "a string names a file of an input; it cannot be a value"); return bad_value;
    case TREE_HOLE: model_error(e, s, t->span, "`_` stands for an argument left open or an axis left whole, not for a value"); return bad_value;
    case TREE_GROUP: model_error(e, s, t->span, "a group (i, j) stands only as a subscript"); return bad_value;
    case TREE_DOTS: model_error(e, s, t->span, "`..` stands only as a subscript"); return bad_value;
    case TREE_BAD: return bad_value;
    default: model_error(e, s, t->span, "this is not an expression"); return bad_value;
    }
}
