/* Calls that no definition can stand for: where, random, size, samples, along, grad, and reductions of whole values.
 *
 *     where(c, a, b)   a choice; one that is known is made here, and what is not taken is never looked at
 *     random()         a draw, settled by the equation that it comes to stand in
 *     size(x)          how many cells
 *     samples(x)       x with the batch as its first axis
 *     along(x, t)      x with t, an index of an equation around, as its first axis
 *     grad(L, x)       the gradient of a number of this sample or the whole; in an update line, of another aim
 *     sum(x), max(x)   over all axes of x */
#include "call.h"
#include <string.h>

static Value special_where(Elaborator *e, Scope *s, const Tree *t, Given *g) {
    Value c = argument_value(e, g->positional.at[0]);
    double constant;
    bool known = c.kind == VALUE_TENSOR && c.rank == 0 && c.body && is_constant(c.body, &constant);
    if (known) return argument_value(e, g->positional.at[constant != 0 ? 1 : 2]);
    if (c.kind == VALUE_TENSOR && c.body) settle_hypers(e, c.body);     /* a choice that hangs on run-time numbers alone is made now */
    Value a = argument_value(e, g->positional.at[1]), b = argument_value(e, g->positional.at[2]);
    return select_value(e, s, t->span, &c, &a, &b);
}

static Value special_random(Elaborator *e, Scope *s, const Tree *t, Given *g) {
    (void)s, (void)t, (void)g;
    Site *site = NEW(Site);
    PUSH(e->open_sites, site);
    const Expr *zero = Int(0);
    return scalar(Random(site, &zero, 1));
}

static Value special_size(Elaborator *e, Scope *s, const Tree *t, Given *g) {
    (void)s, (void)t;
    Value v = argument_value(e, g->positional.at[0]);
    if (v.kind != VALUE_TENSOR) return bad_value;
    return scalar(cells_of(&v));
}

/* v for all values of an index, as the first axis. */
static Value spread(Elaborator *e, Scope *s, const Tree *t, const Value *v, const Index *index) {
    Value out = { .kind = VALUE_TENSOR, .rank = v->rank + 1 };
    if (out.rank > MAX_RANK) { model_error(e, s, t->span, "more than %d axes", MAX_RANK); return bad_value; }
    out.dim[0] = dim_of(index);
    out.axis[0] = index_over("a", out.dim[0]);
    for (int k = 0; k < v->rank; k++) { out.dim[k + 1] = v->dim[k]; out.axis[k + 1] = v->axis[k]; }
    const Expr *other = At(out.axis[0]);
    if (v->body) out.body = substitute(v->body, &index, &other, 1);
    return out;
}

static Value special_samples(Elaborator *e, Scope *s, const Tree *t, Given *g) {
    Value v = argument_value(e, g->positional.at[0]);
    if (v.kind != VALUE_TENSOR) return bad_value;
    if (!e->batch || !v.body) { model_error(e, s, t->span, "there are no samples here"); return bad_value; }
    return spread(e, s, t, &v, e->batch);
}

/* x is stored, so that what it was at other places is read there and not computed again. An index with one place is the number 0. */
static Value special_along(Elaborator *e, Scope *s, const Tree *t, Given *g) {
    Value v = argument_value(e, g->positional.at[0]), at = argument_value(e, g->positional.at[1]);
    if (v.kind != VALUE_TENSOR || at.kind != VALUE_TENSOR || !at.body) return bad_value;
    double place;
    bool single = is_constant(at.body, &place) && place == 0;
    if (at.body->kind != X_INDEX && !single) {
        Diagnostic *d = model_error(e, s, t->span, "along(x, t) goes along an index of an equation around, and this is %s",
                                    at.rank ? shape_text(&at) : "another number");
        if (d) help(d, "read x at other places where it has a name: x[t-1 else 0]");
        return bad_value;
    }
    if (v.body) v = stored(e, s, t->span, &v, "along");
    const Dim one = { 1, NULL };
    return v.kind == VALUE_TENSOR ? spread(e, s, t, &v, single ? index_over("a", one) : at.body->index) : bad_value;
}

/* In an update line lines.c has found the gradient before the step's program was made: it goes by the name g. */
static Value gradient_of_line(Elaborator *e, Scope *s, const Tree *t, const Value *x) {
    Name *gradient = scope_find(e->update_scope, name_of("g"));
    bool of_parameter = x->kind == VALUE_TENSOR && x->body && x->body->kind == X_READ && x->body->tensor == e->parameter;
    if (of_parameter && gradient && s == e->update_scope) return name_value(e, s, gradient);
    model_error(e, s, t->span, "here a gradient is that of the parameter, and stands in the update line itself: grad(L, w)");
    return bad_value;
}

static Value special_grad(Elaborator *e, Scope *s, const Tree *t, Given *g) {
    if (e->updating) {
        Value w = argument_value(e, g->positional.at[1]);
        return gradient_of_line(e, s, t, &w);
    }
    Value l = argument_value(e, g->positional.at[0]), x = argument_value(e, g->positional.at[1]);
    if (l.kind != VALUE_TENSOR || x.kind != VALUE_TENSOR || !l.body || !x.body) return bad_value;
    if (l.rank) { model_error(e, s, t->span, "grad(L, x) wants a number L, and this is %s", shape_text(&l)); return bad_value; }
    if (e->batch && uses_index(l.body, e->batch)) l.body = batch_mean(e, s, t->span, l.body);
    if (!l.body) return bad_value;
    Value loss = stored(e, s, t->span, &l, "loss"), at = stored(e, s, t->span, &x, "at");
    if (loss.kind == VALUE_BAD || at.kind == VALUE_BAD || loss.body->kind != X_READ || at.body->kind != X_READ) return bad_value;
    Tensor *gradient = NULL;
    const Tensor *wrt = at.body->tensor;
    differentiate(e->program, loss.body->tensor, &wrt, 1, &gradient);
    PUSH(e->named, ((Named){ gradient, s->instance, "gradient", false, e->mode }));
    Value v = at;
    v.body = Read(gradient, at.body->arg, at.body->n);
    return v;
}

static Value whole_reduction(Elaborator *e, Scope *s, const Tree *t, Given *g) {
    Value v = argument_value(e, g->positional.at[0]);
    return reduce_whole(e, s, t->span, t->text, &v);
}

typedef struct Special { const char *name; int arguments; Value (*make)(Elaborator *e, Scope *s, const Tree *t, Given *g); } Special;

static const Special table[] = {
    { "where",   3, special_where },
    { "random",  0, special_random },
    { "size",    1, special_size },
    { "samples", 1, special_samples },
    { "along",   2, special_along },
    { "grad",    2, special_grad },
};
enum { SPECIALS = sizeof table/sizeof *table };

bool is_special(const char *name) {
    for (int k = 0; k < SPECIALS; k++) if (!strcmp(name, table[k].name)) return true;
    return false;
}

bool special(Elaborator *e, Scope *s, const Env *env, const Tree *t, const Value *first, Value *out) {
    static const Special whole = { NULL, 1, whole_reduction };
    int n = t->n + (first ? 1 : 0);
    const Special *found = is_reduction(t->text) && n == 1 ? &whole : NULL;
    for (int k = 0; k < SPECIALS; k++) if (!strcmp(t->text, table[k].name)) found = &table[k];
    if (!found) return false;
    *out = bad_value;
    Given g = { 0 };
    if (n != found->arguments) wrong_count(e, s, t->span, t->text, found->arguments, n);
    else if (collect(e, s, env, t, first, &g)) {
        if (g.named.n) model_error(e, s, t->span, "`%s` takes its arguments in order", t->text);
        else *out = found->make(e, s, t, &g);
    }
    return true;
}

/* No function is called so: those that there are, for advice. */
Value unknown_function(Elaborator *e, Scope *s, const Tree *t) {
    LIST(const char *) names = { 0 };
    for (int i = 0; i < e->functions.n; i++) PUSH(names, e->functions.at[i]->text);
    for (int i = 0; i < SPECIALS; i++) PUSH(names, table[i].name);
    for (const char *const *name = reduction_names; *name; name++) PUSH(names, *name);
    for (int i = 0; i < OP_COUNT; i++) if (op_table[i].precedence == PREC_CALL) PUSH(names, op_table[i].name);
    Diagnostic *d = model_error(e, s, t->span, "there is no function `%s`", t->text);
    const char *close = closest_name(t->text, names.at, names.n);
    if (d && close) help(d, "did you mean `%s`?", close);
    return bad_value;
}
