/* Reads: a value at subscripts.
 *
 *     x[i + 1, _]         a subscript takes the place of the value's axis; `_` leaves an axis whole
 *     x[(i, j)]           a group is one subscript, row-major: i*J + j
 *     x[i - 1 else 0]     where the place is outside the array, the else
 *
 * Without an else, the ranges of the subscripts must prove that the place is inside. With one the value is stored, so that
 * the guard stands at the read itself. */
#include "scope.h"
#include <inttypes.h>
#include <string.h>

/* ---- one subscript ---- */

static const Env *dots_around(Elaborator *e, Scope *s, const Env *env, Span at) {
    const Env *dots = env_find(env, name_of(".."));
    if (!dots) model_error(e, s, at, "there is no `..` around this");
    return dots;
}

/* i < n where a subscript stands: the index itself; its range was found before. */
static const char *index_of_binder(const Tree *t) {
    const char *name = NULL;
    const Tree *low, *high;
    bool strict_low, strict_high;
    return t->kind == TREE_OPERATOR && is_binder(t, &name, &low, &strict_low, &high, &strict_high) ? name : NULL;
}

static const Expr *plain_subscript(Elaborator *e, Scope *s, const Env *env, const Tree *t) {
    const char *binder = index_of_binder(t);
    const Env *index = binder ? env_find(env, binder) : NULL;
    if (index) return index->value[0];
    if (binder) { model_error(e, s, t->span, "`%s` has no value here: sum over it, or put it on the left", binder); return NULL; }
    Value v = evaluate(e, s, env, t);
    if (v.kind != VALUE_TENSOR || !v.body) return NULL;
    if (v.rank) { model_error(e, s, t->span, "a subscript is one integer, and this is %s", shape_text(&v)); return NULL; }
    if (settle_subscript(e, v.body)) return NULL;
    if (v.body->type != REAL) return v.body;
    Diagnostic *d = model_error(e, s, t->span, "a subscript is an integer, and this is a real number");
    const Tensor *given = v.body->kind == X_READ ? v.body->tensor : NULL;
    if (d && given && (given->role == ROLE_INPUT || given->role == ROLE_TARGET)) {
        help(d, "declare `%s` as class[n] with its number of classes, or as int", given->origin ? given->path ? given->path : t->text : t->text);
        note(d, given->origin->span, "it is declared as real here");
    } else if (d) help(d, "// divides with floor; floor(), ceil() and round() give integers");
    return NULL;
}

static const Expr *group_subscript(Elaborator *e, Scope *s, const Env *env, const Tree *t) {
    const Expr *member[4*MAX_RANK], *sum = NULL;
    int n = 0;
    if (t->n > 4*MAX_RANK) { model_error(e, s, t->span, "too many members"); return NULL; }
    if (t->child[0]->kind == TREE_DOTS) {
        const Env *dots = dots_around(e, s, env, t->span);
        if (!dots) return NULL;
        for (; n < dots->n; n++) member[n] = dots->value[n];
    } else for (; n < t->n; n++) {
        member[n] = plain_subscript(e, s, env, t->child[n]);
        if (!member[n]) return NULL;
        if (!n || (member[n]->lo == 0 && member[n]->hi <= (int64_t)1 << 40)) continue;
        Span at = t->child[n]->span;
        model_error(e, s, at, "a member of a group must have a range from 0: write %s < n", span_text(at));
        return NULL;
    }
    for (int k = 0; k < n; k++) sum = sum ? Add(Mul(sum, Int(member[k]->hi + 1)), member[k]) : member[k];
    return sum ? sum : Int(0);
}

bool subscript(Elaborator *e, Scope *s, const Env *env, const Tree *t, const Expr **out, int *n) {
    if (t->kind == TREE_DOTS) {
        const Env *dots = dots_around(e, s, env, t->span);
        for (int k = 0; dots && k < dots->n; k++) out[(*n)++] = dots->value[k];
        return dots;
    }
    const Expr *x = t->kind == TREE_GROUP ? group_subscript(e, s, env, t) : plain_subscript(e, s, env, t);
    if (x) out[(*n)++] = x;
    return x;
}

/* ---- a whole read ---- */

typedef struct Reading {
    Elaborator *e;
    Scope *s;
    const Env *env;
    const Tree *tree;
    Value of;
    int n, holes, hole_at[MAX_RANK];
    const Expr *subs[4*MAX_RANK];                               /* NULL: a hole */
    const Tree *from[4*MAX_RANK];
} Reading;

static int n_subscripts(const Tree *t) { return t->n - (t->has_else ? 1 : 0); }

static Value else_value(const Reading *r) {
    r->e->in_else++;                                            /* reached only where the read itself is outside */
    Value v = r->tree->has_else ? evaluate(r->e, r->s, r->env, r->tree->child[r->tree->n - 1]) : scalar(Num(0));
    r->e->in_else--;
    return v;
}

static Value read_of_number(const Reading *r) {
    const Name *entry = scope_find(r->s, r->tree->text);
    bool all = n_subscripts(r->tree) == 1 && r->tree->child[0]->kind == TREE_DOTS;
    /* a number given where a tensor is declared spreads over it; `..` may be no axes at all */
    bool made = entry && (entry->kind == ENTRY_EQUATION || entry->kind == ENTRY_PARAM || entry->kind == ENTRY_STATE);
    if (entry && (entry->kind == ENTRY_ARGUMENT || (made && all))) return r->of;
    model_error(r->e, r->s, r->tree->span, "`%s` is a number and has no axes", r->tree->text);
    return bad_value;
}

static bool find_subscripts(Reading *r) {
    const Tree *t = r->tree;
    for (int k = 0; k < n_subscripts(t); k++) {
        if (r->n + MAX_RANK >= 4*MAX_RANK || r->holes == MAX_RANK) {
            model_error(r->e, r->s, t->span, "too many subscripts");
            return false;
        }
        int before = r->n;
        if (t->child[k]->kind == TREE_HOLE) {
            r->hole_at[r->holes++] = r->n;
            r->subs[r->n++] = NULL;
        } else if (!subscript(r->e, r->s, r->env, t->child[k], r->subs, &r->n)) return false;
        for (int q = before; q < r->n; q++) r->from[q] = t->child[k];
    }
    if (r->n == r->of.rank) return true;
    Diagnostic *d = model_error(r->e, r->s, t->span, "`%s` has %d ax%s %s and is read with %d", t->text,
                                r->of.rank, r->of.rank == 1 ? "is" : "es", shape_text(&r->of), r->n);
    const Name *entry = scope_find(r->s, t->text);
    if (d && entry) note(d, entry->span, "`%s` stands here", t->text);
    return false;
}

/* An index that has its range from another plain place. */
static bool ranges_differ(const Reading *r, int k) {
    const Env *plain = r->from[k]->kind == TREE_NAME ? env_find(r->env, r->from[k]->text) : NULL;
    Dim dim = r->of.dim[k];
    if (!plain || plain->explicit || r->subs[k]->kind != X_INDEX || same_dim(dim_of(r->subs[k]->index), dim)) return false;
    const char *extent = dim_text(dim_of(r->subs[k]->index));
    Diagnostic *d = model_error(r->e, r->s, r->tree->span, "`%s` runs over %s in %s and over %s elsewhere",
                                plain->name, dim_text(dim), span_text(r->tree->span), extent);
    if (d && plain->range.source) note(d, plain->range, "`%s` has its range of %s from here", plain->name, extent);
    return true;
}

static void may_leave(const Reading *r, int k) {
    const Expr *sub = r->subs[k];
    Dim dim = r->of.dim[k];
    Span at = r->tree->span;
    const char *what = span_text(r->from[k]->span), *name = r->tree->text;
    if (sub->lo <= INT32_MIN || sub->hi >= INT32_MAX) {
        Diagnostic *d = model_error(r->e, r->s, at, "`%s` may lie outside `%s`, which has %s", what, name, dim_text(dim));
        if (d && dim.count) help(d, "give an else: %s[... else 0]", name);
        else if (d) help(d, "declare it class[%" PRId64 "], or give an else: %s[... else 0]", dim.extent, name);
        return;
    }
    Diagnostic *d = sub->hi >= dim.extent || sub->lo >= 0
        ? model_error(r->e, r->s, at, "%s reaches %" PRId64 ", and this axis of `%s` has %s", what, sub->hi, name, dim_text(dim))
        : model_error(r->e, r->s, at, "%s can be %" PRId64 ", and `%s` begins at 0", what, sub->lo, name);
    if (d) help(d, "bound the index, or write %s[... else 0]", name);
}

/* False: an error was reported. proved: all subscripts stay inside. */
static bool check_subscripts(const Reading *r, bool *proved) {
    *proved = true;
    for (int k = 0; k < r->n; k++) {
        bool inside = inside_dim(r->subs[k], r->of.dim[k]);
        *proved = *proved && inside;
        if (r->tree->has_else) continue;
        if (ranges_differ(r, k)) return false;
        if (inside || r->e->in_else) continue;
        may_leave(r, k);
        return false;
    }
    return true;
}

/* The body of `result` for a read that may leave its array. */
static Value guarded_read(Reading *r, Value result) {
    Value other = else_value(r), *v = &r->of;
    bool is_stored = v->body->kind == X_READ && !v->body->guarded;
    if (!is_stored) *v = stored(r->e, r->s, r->tree->span, v, r->tree->text);
    if (v->kind == VALUE_BAD || !v->body || other.kind == VALUE_BAD) return result;
    if (other.rank && other.rank != result.rank) {
        model_error(r->e, r->s, r->tree->span, "the else is %s, and should be %s or a number", shape_text(&other),
                    shape_text(&result));
        return bad_value;
    }
    if (!other.body) return result;
    const Expr *axes[MAX_RANK];
    for (int k = 0; k < result.rank; k++) axes[k] = At(result.axis[k]);
    const Expr *otherwise = other.rank ? value_at(&other, axes) : other.body;
    const Expr *full[2*MAX_RANK];                               /* the carried subscripts, then the axes replaced */
    for (int k = 0; k < v->body->n; k++) full[k] = substitute(v->body->arg[k], v->axis, r->subs, v->rank);
    const Expr *first = Truth(true);                            /* an axis of 1 stands as 0 in the body, and is not found there */
    for (int k = 0; k < v->rank; k++) if (v->dim[k].extent == 1) first = And(first, Eq(r->subs[k], Int(0)));
    result.body = Where(first, ReadElse(v->body->tensor, full, v->body->n, otherwise), otherwise);
    return result;
}

Value read_value(Elaborator *e, Scope *s, const Env *env, const Tree *t) {
    Tree named = { .kind = TREE_NAME, .span = t->span, .text = t->text };
    named.span.end = named.span.begin + (uint32_t)strlen(t->text);
    Reading r = { .e = e, .s = s, .env = env, .tree = t, .of = evaluate(e, s, env, &named) };
    if (r.of.kind == VALUE_BAD && e->tentative && t->has_else) {        /* not known yet, but it must have the shape of its else */
        Value other = else_value(&r);
        if (other.kind != VALUE_TENSOR || other.rank == 0) return r.of;
        other.body = NULL;
        return other;
    }
    if (r.of.kind == VALUE_BAD) return r.of;
    if (r.of.kind == VALUE_FUNCTION) {
        model_error(e, s, t->span, "`%s` is a function: call it with ( )", t->text);
        return bad_value;
    }
    if (r.of.rank == 0) return read_of_number(&r);
    if (!find_subscripts(&r)) return bad_value;
    Value result = { .kind = VALUE_TENSOR, .rank = r.holes };
    for (int k = 0; k < r.holes; k++) {
        result.dim[k] = r.of.dim[r.hole_at[k]];
        result.axis[k] = index_over("a", result.dim[k]);
        r.subs[r.hole_at[k]] = At(result.axis[k]);
    }
    bool proved;
    if (!check_subscripts(&r, &proved)) return bad_value;
    if (!r.of.body) return result;
    if (!proved && (t->has_else || e->in_else)) return guarded_read(&r, result);
    result.body = value_at(&r.of, r.subs);
    return result;
}
