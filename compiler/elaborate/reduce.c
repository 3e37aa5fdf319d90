/* Reductions: sum, mean, prod, max, min, argmax, argmin, any, all over named indices, whole axes, batch or data.
 *
 * Each becomes an equation of its own, for the indices around it that its body uses:
 *
 *     b[o] + sum(i) w[o, i]*x[i]      ->      s[o] = sum(i) w[o, i]*x[i];   b[o] + s[o]
 *
 * A range that depends on outer indices is widened to its largest and the body guarded. `data` gathers over a pass: the
 * sum over the batch is added to a total, and what stands around the reduction is computed once at the end. */
#include "scope.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

static bool same(const char *a, const char *b) { return !strcmp(a, b); }

const Expr *reduction(Elaborator *e, Scope *s, Span at, Reduce op, const Index *const *bound, int n, const Expr *body) {
    if (!body) return NULL;
    if (op == REDUCE_SUM && body->type == BOOL) body = Add(Where(body, Int(1), Int(0)), Int(0));
    if (!n) return op == REDUCE_ARGMAX || op == REDUCE_ARGMIN ? Int(0) : body;        /* over `..` of no axes */
    double constant;
    if (op == REDUCE_SUM && is_constant(body, &constant) && body->type != REAL) {      /* a count */
        const Expr *count = body;
        for (int k = 0; k < n; k++) count = Mul(count, Extent(dim_of(bound[k])));
        return count;
    }
    const Index *free[4*MAX_RANK];
    int n_free = carried_indices(e, body, bound, n, free, 4*MAX_RANK);
    if (n_free < 0 || n_free > MAX_RANK) { model_error(e, s, at, "more than %d axes", MAX_RANK); return NULL; }
    Dim dims[MAX_RANK];
    const Expr *subs[MAX_RANK];
    for (int k = 0; k < n_free; k++) {
        dims[k] = dim_of(free[k]);
        subs[k] = At(free[k]);
    }
    if (checked_size(e, s, at, dims, n_free) < 0) return NULL;
    int64_t cells = 1;
    for (int k = 0; k < n; k++) cells *= bound[k]->extent;
    bool arg = op == REDUCE_ARGMAX || op == REDUCE_ARGMIN;
    Type type = arg ? INT : body->type;
    Origin *o = origin_at(s, at);
    Tensor *t = tensor_new("", ROLE_VALUE, type, n_free, dims, o);
    if (type != REAL) {
        t->lo = arg ? 0 : INT64_MIN;
        t->hi = arg ? cells - 1 : INT64_MAX;
        bool countable = body->lo >= 0 && body->hi < (int64_t)1 << 20 && cells < (int64_t)1 << 40;
        if (op == REDUCE_SUM && countable) { t->lo = 0; t->hi = body->hi*cells; }
        if (op == REDUCE_MAX || op == REDUCE_MIN) { t->lo = body->lo; t->hi = body->hi; }
    }
    const Index *all[2 * MAX_RANK + MAX_RANK];
    for (int k = 0; k < n_free; k++) all[k] = free[k];
    for (int k = 0; k < n; k++) all[n_free + k] = bound[k];
    body = settle_draws(e, t, all, n_free + n, body);
    equation_new(e->program, t, free, op, bound, n, body, o);
    static const char *const names[] = { [REDUCE_SUM] = "sum", [REDUCE_PROD] = "prod", [REDUCE_MAX] = "max", [REDUCE_MIN] = "min" };
    PUSH(e->named, ((Named){ t, s->instance, arg ? "winner" : names[op], false, e->mode }));
    return Read(t, subs, n_free);
}

const Expr *batch_mean(Elaborator *e, Scope *s, Span at, const Expr *body) {
    const Expr *sum = reduction(e, s, at, REDUCE_SUM, &e->batch, 1, ToReal(body));
    return sum ? Div(sum, ToReal(Extent(dim_of(e->batch)))) : NULL;
}

/* Adds what one call gathers to a total over the pass; gives the total's value at the end of it. */
static const Expr *gather(Elaborator *e, Scope *s, const Tree *tree, Span at, Reduce op, const Expr *term, int part) {
    if (!term) return NULL;
    const Index *foreign[4*MAX_RANK];
    int n = carried_indices(e, term, NULL, 0, foreign, 4*MAX_RANK);
    Dim dims[MAX_RANK];
    const Expr *subs[MAX_RANK];
    if (n < 0 || n > MAX_RANK) { model_error(e, s, at, "more than %d axes", MAX_RANK); return NULL; }
    for (int k = 0; k < n; k++) { dims[k] = (Dim){ foreign[k]->extent, NULL }; subs[k] = At(foreign[k]); }
    Tensor *total = own(s->instance, tree, part);
    Origin *o = origin_at(s, at);
    if (!total) {
        total = tensor_new("", ROLE_TOTAL, REAL, n, dims, o);
        total->initial = op == REDUCE_SUM ? 0 : op == REDUCE_MAX ? -INFINITY : INFINITY;
        own_add(e, s->instance, tree, part, total, s, tree, part ? "count" : "total");
        PUSH(e->named, ((Named){ total, s->instance, part ? "count" : "total", false, e->mode }));
    }
    for (int k = 0; k < e->program->equations.n; k++)
        if (e->program->equations.at[k]->out->of == total) return Read(total, subs, n);
    Tensor *next = tensor_new("", ROLE_NEXT, REAL, n, dims, o);
    next->of = total;
    PUSH(e->named, ((Named){ next, s->instance, part ? "count_next" : "total_next", false, e->mode }));
    const Expr *old = Read(total, subs, n);
    equation_new(e->program, next, foreign, REDUCE_NONE, NULL, 0,
                 Operate(op == REDUCE_SUM ? OP_ADD : op == REDUCE_MAX ? OP_MAX : OP_MIN, old, term), o);
    return old;
}

static const Expr *identity(Reduce op, Type type) {
    switch (op) {
    case REDUCE_SUM: return type == REAL ? Num(0) : Int(0);
    case REDUCE_PROD: return type == REAL ? Num(1) : Int(1);
    case REDUCE_MAX: case REDUCE_ARGMAX: return type == REAL ? Num(-INFINITY) : Int(INT64_MIN / 4);
    default: return type == REAL ? Num(INFINITY) : Int(INT64_MAX / 4);
    }
}

const char *const reduction_names[] = { "sum", "mean", "prod", "max", "min", "argmax", "argmin", "any", "all", NULL };

bool is_reduction(const char *name) {
    for (const char *const *n = reduction_names; *n; n++) if (same(name, *n)) return true;
    return false;
}

static Reduce reduce_op(const char *text) {
    return same(text, "sum") || same(text, "mean") ? REDUCE_SUM : same(text, "prod") ? REDUCE_PROD : same(text, "max") || same(text, "any") ? REDUCE_MAX
         : same(text, "min") || same(text, "all") ? REDUCE_MIN : same(text, "argmax") ? REDUCE_ARGMAX : REDUCE_ARGMIN;
}

static const Expr *truth_to_integer(const Expr *body) { return Where(ToTruth(body), Int(1), Int(0)); }

/* What a range below `to` is widened to: the length that `to` never exceeds, or its largest value. */
static Dim widest(const Elaborator *e, const Expr *to, int64_t most) {
    const Tensors *lengths = &e->model->lengths;
    for (int k = 0; k < lengths->n; k++) {
        const Dim all = { lengths->at[k]->hi, lengths->at[k] };
        if (Sub(Extent(all), to)->lo >= 0) return all;
    }
    return (Dim){ most, NULL };
}

static Value no_samples(Elaborator *e, Scope *s, const Tree *binder) {
    Diagnostic *d = model_error(e, s, binder->span, "there are no samples here to reduce over");
    if (d && !e->updating && same(binder->text, "data"))
        help(d, "the first value of a state can come from the data: of a state of the model's body that changes at each step, and that "
             "evaluation reads");
    return bad_value;
}

Value reduce(Elaborator *e, Scope *s, const Env *env, const Tree *t) {
    Reduce op = reduce_op(t->text);
    const Tree *body_tree = t->child[t->n - 1];
    const Index *bound[4*MAX_RANK];
    int n = 0;
    bool over_data = false, over_params = false;
    const Expr *condition = NULL;
    const Env *inner = env;
    const Tree *where[1] = { body_tree };
    for (int k = 0; k < t->n - 1; k++) {
        const Tree *b = t->child[k];
        const char *name = NULL;
        const Tree *low = NULL, *high = NULL;
        bool low_strict = false, high_strict = true;
        if (n + MAX_RANK > 4*MAX_RANK) { model_error(e, s, b->span, "too many indices"); return bad_value; }
        if (b->kind == TREE_NAME && (same(b->text, "batch") || same(b->text, "data"))) {
            over_data = over_data || same(b->text, "data");
            if (e->batch) bound[n++] = e->batch;
            else return no_samples(e, s, b);
            continue;
        }
        if (b->kind == TREE_NAME && same(b->text, "params")) {
            if (e->updating && e->parameter) { over_params = true; continue; }
            Diagnostic *d = model_error(e, s, b->span, "`params` are the parameters of an update, and this is none");
            if (d) help(d, "a penalty on weights is part of the update, where it is added to the gradient g");
            return bad_value;
        }
        if (b->kind == TREE_DOTS) {
            Dim dims[MAX_RANK];
            int rank = 0;
            if (!find_dots(e, s, inner, where, 1, dims, &rank)) {
                model_error(e, s, b->span, "cannot see what `..` stands for here: no read in the body has it");
                return bad_value;
            }
            Env *dots = NEW(Env);
            *dots = (Env){ .name = name_of(".."), .n = rank, .range = b->span, .outer = inner };
            for (int d = 0; d < rank; d++) { bound[n] = index_over("r", dims[d]); dots->value[d] = At(bound[n++]); }
            inner = dots;
            continue;
        }
        Env *index = NEW(Env);
        *index = (Env){ .n = 1, .range = b->span, .outer = inner };
        if (b->kind == TREE_NAME) {
            name = b->text;
            Range r = find_range(e, s, inner, name, NULL, where, 1);
            if (!r.known) {
                Diagnostic *d = model_error(e, s, b->span, "the range of `%s` is not plain", name);
                if (d) help(d, "write %s(%s < n), or read something at %s itself", t->text, name, name);
                return bad_value;
            }
            index->range = r.span;
            index->explicit = r.explicit;
            bound[n] = index_over(name, r.dim);
            index->value[0] = At(bound[n++]);
        } else if (is_binder(b, &name, &low, &low_strict, &high, &high_strict)) {
            Value h = evaluate(e, s, inner, high), l = low ? evaluate(e, s, inner, low) : scalar(Int(0));
            if (h.kind != VALUE_TENSOR || l.kind != VALUE_TENSOR || !h.body || !l.body) return bad_value;
            if (settle_hypers(e, h.body) || settle_hypers(e, l.body)) return bad_value;
            if (h.rank || l.rank || h.body->type == REAL || l.body->type == REAL) {
                model_error(e, s, b->span, "a range ends at an integer");
                return bad_value;
            }
            const Expr *from = low_strict ? Add(l.body, Int(1)) : l.body, *to = high_strict ? h.body : Add(h.body, Int(1));
            int64_t first = from->lo, last = to->hi;
            if (first < -INT32_MAX || last > INT32_MAX) {
                model_error(e, s, b->span,
                            "the range of `%s` has no largest value that is known now: such loops are not available yet", name);
                return bad_value;
            }
            int64_t extent = last > first ? last - first : 0;
            double fixed;
            bool both = is_constant(from, &fixed) && is_constant(to, &fixed);
            index->explicit = true;
            bound[n] = index_over(name, first == 0 && !both ? widest(e, to, extent) : (Dim){ extent, NULL });
            index->value[0] = Add(At(bound[n++]), Int(first));
            const Expr *in = And(Ge(index->value[0], from), Lt(index->value[0], to));
            if (in != Truth(true)) condition = condition ? And(condition, in) : in;
        } else { model_error(e, s, b->span, "this is no index: write i, i < n, or a <= i < b"); return bad_value; }
        if (scope_find(s, name)) {
            Diagnostic *d = model_error(e, s, b->span, "`%s` is %s here already; an index needs a name of its own", name,
                                     scope_find(s, name)->kind == ENTRY_DIMENSION ? "a dimension" : "a name");
            if (d) note(d, scope_find(s, name)->span, "`%s` stands here", name);
            return bad_value;
        }
        if (env_find(env, name)) {
            model_error(e, s, b->span, "`%s` is an index of this equation already; choose another name", name);
            return bad_value;
        }
        index->name = name;
        inner = index;
    }
    for (int k = 0; k < n; k++) if (bound[k]->extent == 0 && (op == REDUCE_MAX || op == REDUCE_MIN || op >= REDUCE_ARGMAX)) {
        model_error(e, s, t->span, "%s over nothing: the range is empty", t->text);
        return bad_value;
    }
    Value v = evaluate(e, s, inner, body_tree);
    if (v.kind == VALUE_FUNCTION) { model_error(e, s, body_tree->span, "a function cannot be reduced"); return bad_value; }
    if (v.kind != VALUE_TENSOR || !v.body) return v;
    if ((over_data || over_params) && v.rank) v = reduce_whole(e, s, t->span, t->text, &v);
    const Expr *body = v.body;
    if (same(t->text, "any") || same(t->text, "all")) body = truth_to_integer(body);
    if (same(t->text, "mean")) body = ToReal(body);
    if (condition) body = Where(condition, body, identity(op, body->type));
    const Expr *result = over_params && !n ? body : reduction(e, s, t->span, op, bound, n, body), *count = NULL;
    if (same(t->text, "mean")) {
        const Expr *one = condition ? Where(condition, Int(1), Int(0)) : Int(1);
        count = over_params && !n ? one : reduction(e, s, t->span, REDUCE_SUM, bound, n, one);
    }
    if (over_params && result) {
        if (op >= REDUCE_ARGMAX) {
            model_error(e, s, t->span, "%s over the parameters has no meaning: use sum, mean, max, min or prod", t->text);
            return bad_value;
        }
        static const Op with[] = { [REDUCE_SUM] = OP_ADD, [REDUCE_PROD] = OP_MUL, [REDUCE_MAX] = OP_MAX, [REDUCE_MIN] = OP_MIN };
        result = total_over_params(e, s, t, with[op], false, result);
        if (count) count = total_over_params(e, s, t, OP_ADD, true, count);
    }
    if (over_data && result) {
        if (op == REDUCE_PROD || op >= REDUCE_ARGMAX) {
            model_error(e, s, t->span, "%s cannot be gathered over the data: use sum, mean, max or min", t->text);
            return bad_value;
        }
        result = gather(e, s, t, t->span, op, ToReal(result), 0);
        if (count) count = gather(e, s, t, t->span, REDUCE_SUM, ToReal(count), 1);
    }
    if (count && result) result = Div(result, count);
    if (result && (same(t->text, "any") || same(t->text, "all"))) result = ToTruth(result);
    v.body = result;
    v.hint = NULL;
    v.call = NULL;
    return v;
}

/* sum(x), mean(x), max(x) ...: over all axes of a whole value. */
Value reduce_whole(Elaborator *e, Scope *s, Span at, const char *name, const Value *v) {
    if (v->kind == VALUE_BAD || !v->body) return v->kind == VALUE_BAD ? bad_value : (Value){ .kind = VALUE_TENSOR };
    if (v->kind == VALUE_FUNCTION) { model_error(e, s, at, "a function cannot be reduced"); return bad_value; }
    Reduce op = reduce_op(name);
    const Expr *body = v->body, *result;
    if (same(name, "any") || same(name, "all")) body = truth_to_integer(body);
    if (v->rank == 0) return scalar(op >= REDUCE_ARGMAX ? Int(0) : body);
    if (same(name, "mean")) body = ToReal(body);
    result = reduction(e, s, at, op, v->axis, v->rank, body);
    if (result && same(name, "mean")) result = Div(result, ToReal(cells_of(v)));
    if (result && (same(name, "any") || same(name, "all"))) result = ToTruth(result);
    return scalar(result);
}
