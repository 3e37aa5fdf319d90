/* Values: what an expression stands for.
 *
 * Arithmetic on whole values goes element by element: two values of equal shape share their axes, a scalar spreads.
 * A read of a value at subscripts puts the subscripts in place of its axes; a read that may leave the array needs an
 * `else`, and then the value must be stored, so that the guard stands at the read itself. */
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
        v.dim[k] = t->dim[n_carried + k].extent;
        v.axis[k] = index_new("a", v.dim[k], t->dim[n_carried + k].count);
        subs[n_carried + k] = At(v.axis[k]);
    }
    v.body = Read(t, subs, t->rank);
    return v;
}

const char *shape_text(const Value *v) {
    Writer w = { 0 };
    if (v->rank == 0) return "a number";
    for (int k = 0; k < v->rank; k++) put(&w, k ? ", %" PRId64 : "[%" PRId64, v->dim[k]);
    put(&w, "]");
    return w.text;
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
    bool same = a->rank == b->rank;
    for (int k = 0; same && k < a->rank; k++) same = a->dim[k] == b->dim[k];
    if (!same) {
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
    return x;
}

bool constant_integer(Elaborator *e, Scope *s, const Env *env, const Tree *tree, int64_t *value) {
    Value v = evaluate(e, s, env, tree);
    if (v.kind == VALUE_BAD || (v.kind == VALUE_TENSOR && !v.body)) return false;
    double number;
    if (v.kind == VALUE_TENSOR && !v.rank && settle_hypers(e, v.body)) return false;
    if (v.kind != VALUE_TENSOR || v.rank || !is_constant(v.body, &number)) {
        model_error(e, s, tree->span, "this must be a constant: a size is known when the model is compiled");
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

static Value truth(bool b) { return scalar(Truth(b)); }

static Value predefined(Elaborator *e, Scope *s, const Tree *t) {
    const char *n = t->text;
    if (!strcmp(n, "training")) return truth(e->training);
    if (!strcmp(n, "true")) return truth(true);
    if (!strcmp(n, "false")) return truth(false);
    if (!strcmp(n, "pi")) return scalar(Num(3.14159265358979323846));
    if (!strcmp(n, "inf")) return scalar(Num(INFINITY));
    if (!strcmp(n, "epsilon")) return scalar(Num(FLT_EPSILON));
    if (!strcmp(n, "step")) return scalar(Read(e->model->step, NULL, 0));
    if (!strcmp(n, "epoch")) return scalar(Read(e->model->epoch, NULL, 0));
    if (!strcmp(n, "batch")) return scalar(e->batch && e->batch->count ? Read(e->batch->count, NULL, 0) : e->updating ? Read(e->model->count, NULL, 0) : Int(1));
    if (!strcmp(n, "sample")) {
        if (e->batch) return scalar(At(e->batch));
        model_error(e, s, t->span, "there is no sample here");
    }
    return bad_value;
}

static const char *const predefined_names[] = { "training", "true", "false", "pi", "inf", "epsilon", "step", "epoch", "batch", "sample" };

static Value unknown_name(Elaborator *e, Scope *s, const Env *env, const Tree *t) {
    LIST(const char *) names = { 0 };
    for (int i = 0; i < s->names.n; i++) PUSH(names, s->names.at[i]->name);
    for (size_t i = 0; i < sizeof predefined_names / sizeof *predefined_names; i++) PUSH(names, predefined_names[i]);
    for (int i = 0; i < e->functions.n; i++) PUSH(names, e->functions.at[i]->text);
    const char *close = closest_name(t->text, names.at, names.n);
    size_t length = strlen(t->text);
    Diagnostic *d;
    if (length && t->text[length - 1] == '\'') d = model_error(e, s, t->span, "`%s` has no value: nothing gives the next value of a state of that name here", t->text);
    else d = model_error(e, s, t->span, "`%s` is not known here", t->text);
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
    for (size_t i = 0; i < sizeof predefined_names / sizeof *predefined_names; i++)
        if (!strcmp(t->text, predefined_names[i])) return predefined(e, s, t);
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

bool subscript(Elaborator *e, Scope *s, const Env *env, const Tree *t, const Expr **out, int *n) {
    if (t->kind == TREE_DOTS) {
        const Env *dots = env_find(env, name_of(".."));
        if (!dots) { model_error(e, s, t->span, "there is no `..` around this"); return false; }
        for (int k = 0; k < dots->n; k++) out[(*n)++] = dots->value[k];
        return true;
    }
    if (t->kind == TREE_GROUP) {
        const Expr *sum = NULL;
        for (int k = 0; k < t->n; k++) {
            const Tree *m = t->child[k];
            if (m->kind == TREE_DOTS) {
                const Env *dots = env_find(env, name_of(".."));
                if (!dots) { model_error(e, s, t->span, "there is no `..` around this"); return false; }
                for (int d = 0; d < dots->n; d++) {
                    int64_t extent = dots->value[d]->hi + 1;
                    sum = sum ? Add(Mul(sum, Int(extent)), dots->value[d]) : dots->value[d];
                }
                continue;
            }
            const char *binder = NULL;
            const Tree *low, *high;
            bool strict_low, strict_high;
            const Expr *value;
            if (m->kind == TREE_OPERATOR && is_binder(m, &binder, &low, &strict_low, &high, &strict_high)) {
                const Env *i = env_find(env, binder);
                if (!i) { model_error(e, s, m->span, "`%s` has no value here: sum over it, or put it on the left", binder); return false; }
                value = i->value[0];
            } else {
                Value v = evaluate(e, s, env, m);
                if (v.kind != VALUE_TENSOR || !v.body || v.rank) return false;
                value = v.body;
            }
            if (settle_subscript(e, value)) return false;
            if (value->type == REAL) { model_error(e, s, m->span, "a subscript is an integer: // divides with floor"); return false; }
            if (sum && (value->lo != 0 || value->hi > ((int64_t)1 << 40))) {
                model_error(e, s, m->span, "a member of a group must have a range from 0: write %s < n", span_text(m->span));
                return false;
            }
            sum = sum ? Add(Mul(sum, Int(value->hi + 1)), value) : value;
        }
        out[(*n)++] = sum ? sum : Int(0);
        return true;
    }
    const char *binder = NULL;
    const Tree *low, *high;
    bool strict_low, strict_high;
    if (t->kind == TREE_OPERATOR && is_binder(t, &binder, &low, &strict_low, &high, &strict_high) && env_find(env, binder)) {
        out[(*n)++] = env_find(env, binder)->value[0];
        return true;
    }
    Value v = evaluate(e, s, env, t);
    if (v.kind != VALUE_TENSOR || !v.body) return false;
    if (v.rank) { model_error(e, s, t->span, "a subscript is one integer, and this is %s", shape_text(&v)); return false; }
    if (settle_subscript(e, v.body)) return false;
    if (v.body->type == REAL) {
        Diagnostic *d = model_error(e, s, t->span, "a subscript is an integer, and this is a real number");
        if (d) help(d, "// divides with floor; floor(), ceil() and round() give integers");
        return false;
    }
    out[(*n)++] = v.body;
    return true;
}

static bool is_stored(const Value *v) {
    return v->body && v->body->kind == X_READ && !v->body->guarded;
}

static Value read_value(Elaborator *e, Scope *s, const Env *env, const Tree *t) {
    Tree named = { .kind = TREE_NAME, .span = t->span, .text = t->text };
    named.span.end = named.span.begin + (uint32_t)strlen(t->text);
    Value v = name(e, s, env, &named);
    if (v.kind == VALUE_BAD && e->tentative && t->has_else) {    /* not known yet, but it must have the shape of its else */
        e->in_else++;
        Value other = evaluate(e, s, env, t->child[t->n - 1]);
        e->in_else--;
        if (other.kind != VALUE_TENSOR || other.rank == 0) return v;
        other.body = NULL;
        return other;
    }
    if (v.kind == VALUE_BAD) return v;
    if (v.kind == VALUE_FUNCTION) { model_error(e, s, t->span, "`%s` is a function: call it with ( )", t->text); return bad_value; }
    int n_subs = t->n - (t->has_else ? 1 : 0), n = 0;
    if (v.rank == 0) {                                          /* a number given where a tensor is declared spreads over it */
        const Name *entry = scope_find(s, t->text);
        if (entry && entry->kind == ENTRY_ARGUMENT) return v;
        if (entry && entry->kind == ENTRY_EQUATION && n_subs == 1 && t->child[0]->kind == TREE_DOTS) return v;
        model_error(e, s, t->span, "`%s` is a number and has no axes", t->text);
        return bad_value;
    }
    const Expr *subs[4 * MAX_RANK];
    int holes = 0, hole_at[MAX_RANK];
    const Tree *from[4 * MAX_RANK];
    for (int k = 0; k < n_subs; k++) {
        if (n + MAX_RANK >= 4 * MAX_RANK) { model_error(e, s, t->span, "too many subscripts"); return bad_value; }
        if (t->child[k]->kind == TREE_HOLE) {
            if (holes == MAX_RANK) return bad_value;
            from[n] = t->child[k];
            hole_at[holes++] = n;
            subs[n++] = NULL;
            continue;
        }
        int before = n;
        if (!subscript(e, s, env, t->child[k], subs, &n)) return bad_value;
        for (int q = before; q < n; q++) from[q] = t->child[k];
    }
    if (n != v.rank) {
        Diagnostic *d = model_error(e, s, t->span, "`%s` has %d ax%s %s and is read with %d", t->text, v.rank, v.rank == 1 ? "is" : "es", shape_text(&v), n);
        const Name *entry = scope_find(s, t->text);
        if (d && entry) note(d, entry->span, "`%s` stands here", t->text);
        return bad_value;
    }
    Value r = { .kind = VALUE_TENSOR, .rank = holes };
    for (int k = 0; k < holes; k++) {
        r.dim[k] = v.dim[hole_at[k]];
        r.axis[k] = index_new("a", r.dim[k], NULL);
        subs[hole_at[k]] = At(r.axis[k]);
    }
    bool inside = true;
    for (int k = 0; k < n; k++) {
        bool proved = subs[k]->lo >= 0 && subs[k]->hi < v.dim[k];
        inside = inside && proved;
        if (t->has_else) continue;
        const Env *plain = from[k]->kind == TREE_NAME ? env_find(env, from[k]->text) : NULL;
        if (plain && !plain->explicit && subs[k]->kind == X_INDEX && subs[k]->index->extent != v.dim[k]) {
            Diagnostic *d = model_error(e, s, t->span, "`%s` runs over %" PRId64 " in %s and over %" PRId64 " elsewhere", plain->name,
                                     v.dim[k], span_text(t->span), subs[k]->index->extent);
            if (d && plain->range.source) note(d, plain->range, "`%s` has its range of %" PRId64 " from here", plain->name, subs[k]->index->extent);
            return bad_value;
        }
        if (proved || e->in_else) continue;
        Diagnostic *d = NULL;
        const char *what = span_text(from[k]->span);
        if (subs[k]->lo <= INT32_MIN || subs[k]->hi >= INT32_MAX) {
            d = model_error(e, s, t->span, "`%s` may lie outside `%s`, which has %" PRId64, what, t->text, v.dim[k]);
            if (d) help(d, "declare it class[%" PRId64 "], or give an else: %s[... else 0]", v.dim[k], t->text);
        } else if (subs[k]->hi >= v.dim[k]) {
            d = model_error(e, s, t->span, "%s reaches %" PRId64 ", and this axis of `%s` has %" PRId64, what, subs[k]->hi, t->text, v.dim[k]);
            if (d) help(d, "bound the index, or write %s[... else 0]", t->text);
        } else {
            d = model_error(e, s, t->span, "%s can be %" PRId64 ", and `%s` begins at 0", what, subs[k]->lo, t->text);
            if (d) help(d, "bound the index, or write %s[... else 0]", t->text);
        }
        return bad_value;
    }
    if (!v.body) return r;
    if (inside || (!t->has_else && !e->in_else)) {
        r.body = value_at(&v, subs);
        return r;
    }
    e->in_else++;                                               /* reached only where the read itself is outside */
    Value other = t->has_else ? evaluate(e, s, env, t->child[t->n - 1]) : scalar(Num(0));
    e->in_else--;
    if (!is_stored(&v)) v = stored(e, s, t->span, &v, t->text);
    if (v.kind == VALUE_BAD || !v.body || other.kind == VALUE_BAD) return r;
    if (other.rank && other.rank != r.rank) { model_error(e, s, t->span, "the else is %s, and should be %s or a number", shape_text(&other), shape_text(&r)); return bad_value; }
    const Expr *axes[MAX_RANK];
    for (int k = 0; k < r.rank; k++) axes[k] = At(r.axis[k]);
    if (!other.body) return r;
    const Expr *otherwise = other.rank ? value_at(&other, axes) : other.body;
    const Expr *full[2 * MAX_RANK];                             /* the carried subscripts, then the axes replaced */
    const Expr *first = Truth(true);                            /* an axis of 1 stands as 0 in the body, and is not found there */
    for (int k = 0; k < v.rank; k++) if (v.dim[k] == 1) first = And(first, Eq(subs[k], Int(0)));
    for (int k = 0; k < v.body->n; k++) full[k] = substitute(v.body->arg[k], v.axis, subs, v.rank);
    r.body = Where(first, ReadElse(v.body->tensor, full, v.body->n, otherwise), otherwise);
    for (int k = 0; k < v.rank; k++)                            /* an axis of one cell stands as 0 in the value: nothing replaced it */
        if (v.dim[k] == 1) r.body = Where(Eq(subs[k], Int(0)), r.body, otherwise);
    return r;
}

static Value chain(Elaborator *e, Scope *s, const Env *env, const Tree *t, Op op) {
    Value a = evaluate(e, s, env, t->child[0]);
    const Tree *last = t->child[0];
    bool chained = last->kind == TREE_OPERATOR && !last->closed && last->n == 2 && op_named(last->text, 2) >= 0 && op_table[op_named(last->text, 2)].truth;
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
        if (stage->kind != TREE_REPEAT) return call(e, s, env, stage, &first, 0, NULL);
        const char *index = NULL;
        const Tree *low = NULL, *high = NULL;
        bool strict_low, strict_high;
        int64_t count = 0;
        const Tree *binder = stage->child[0];
        if (binder->kind != TREE_OPERATOR || !is_binder(binder, &index, &low, &strict_low, &high, &strict_high) || low) { index = NULL; high = binder; }
        if (!constant_integer(e, s, env, high, &count)) return bad_value;
        if (count < 0 || count > MAX_REPEAT) { model_error(e, s, binder->span, "cannot repeat %" PRId64 " times", count); return bad_value; }
        for (int64_t i = 0; i < count; i++) {
            if (i % 32 == 31) first = stored(e, s, t->span, &first, "value");   /* an expression must not grow too deep to walk */
            if (first.kind == VALUE_BAD && !e->tentative) return bad_value;
            Env inner = { .name = index, .value = { Int(i) }, .n = 1, .explicit = true, .outer = env };
            Env *kept = NEW(Env);
            *kept = inner;
            first = call(e, s, index ? kept : env, stage->child[1], &first, i + 1, NULL);
        }
        return first;
    }
    case TREE_STRING: model_error(e, s, t->span, "a string names a file of an input; it cannot be a value"); return bad_value;
    case TREE_HOLE: model_error(e, s, t->span, "`_` stands for an argument left open or an axis left whole, not for a value"); return bad_value;
    case TREE_GROUP: model_error(e, s, t->span, "a group (i, j) stands only as a subscript"); return bad_value;
    case TREE_DOTS: model_error(e, s, t->span, "`..` stands only as a subscript"); return bad_value;
    case TREE_BAD: return bad_value;
    default: model_error(e, s, t->span, "this is not an expression"); return bad_value;
    }
}
