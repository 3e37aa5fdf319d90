/* The left side of an equation: its indices and, with their ranges, its shape.
 *
 *     y[.., (i, j), k < 3, _] = ...      ->      an index for each axis of `..`; q with i = q // J and j = q % J; k; and an
 *                                                axis that the right side leaves whole
 *
 * An index runs over what is declared for its axis or written beside it, or else over what range.c finds on the right.
 * `..` stands for the declared axes that nothing else stands for, or for what a read on the right has there. */
#include "left.h"
#include <inttypes.h>
#include <string.h>

/* One left side at work. */
typedef struct Side {
    Elaborator *e;
    Scope *s;
    const Name *name;
    const Tree *tree, *right;
    int errors;                                                 /* as many were reported before */
    LeftAxes axes;
    Left *out;
} Side;

int n_left(const Tree *left) { return left->n - (left->has_else ? 1 : 0); }

void range_unknown(Elaborator *e, Scope *s, Span at, const Name *n, int errors) {
    if (error_count() > errors) return;                         /* of the search for the range: this only follows from it */
    Diagnostic *d = model_error(e, s, at, "the range of `%s` is not plain", span_text(at));
    if (d) help(d, "write %s[%s < ...]", n->name, span_text(at));
}

static Range range_of(const Side *d, const char *name) {
    return find_range(d->e, d->s, d->out->env, name, d->tree, &d->right, 1);
}

static bool name_is_free(const Side *d, Span at, const char *name) {
    const Name *n = scope_find(d->s, name);
    if (!n) return true;
    const char *what = n->kind == ENTRY_DIMENSION ? "a dimension" : "a name";
    Diagnostic *x = model_error(d->e, d->s, at, "`%s` is %s here; an index needs a name of its own", name, what);
    if (x) note(x, n->span, "`%s` stands here", name);
    return false;
}

/* ---- what is declared, and what `..` stands for ---- */

bool declared_dims(Elaborator *e, Scope *s, const Name *n, Dim *dims, int *rank) {
    if (!n->extents) return false;
    *rank = 0;
    for (int k = 0; k < n->extents->n; k++) {
        const Tree *x = n->extents->child[k];
        if (x->kind == TREE_DOTS) {
            if (!s->has_dots) return false;
            for (int d = 0; d < s->n_dots && *rank < MAX_RANK; d++) dims[(*rank)++] = s->dots[d];
        } else if (*rank >= MAX_RANK || !extent_of(e, s, NULL, x, true, &dims[(*rank)++])) return false;
    }
    return true;
}

static bool has_dots(const Tree *sub) {
    return sub->kind == TREE_DOTS || (sub->kind == TREE_GROUP && sub->child[0]->kind == TREE_DOTS);
}

bool left_axes(Elaborator *e, Scope *s, const Name *n, const Tree *left, const Tree *right, LeftAxes *a) {
    int n_subs = n_left(left), errors = error_count(), alone = 0, at = 0;
    bool any = false;
    for (int k = 0; k < n_subs; k++) {
        any = any || has_dots(left->child[k]);
        if (left->child[k]->kind == TREE_DOTS && !alone++) at = k;
    }
    if (alone > 1) { model_error(e, s, left->span, "`..` stands once on the left"); return false; }
    *a = (LeftAxes){ .declared = false };
    a->declared = declared_dims(e, s, n, a->dim, &a->rank);
    if (alone && a->declared && a->rank >= n_subs - 1) {
        a->n_dots = a->rank - (n_subs - 1);
        memcpy(a->dots, a->dim + at, sizeof *a->dots*(size_t)a->n_dots);
    } else if (any && !find_dots(e, s, NULL, &right, 1, a->dots, &a->n_dots)) {
        if (error_count() == errors) model_error(e, s, left->span, "cannot see what `..` stands for here: no read on the right has it");
        return false;
    }
    int has = n_subs + (alone ? a->n_dots - 1 : 0);
    if (a->declared && a->rank != has)
        model_error(e, s, left->span, "`%s` is declared with %d axes, and has %d here", n->name, a->rank, has);
    return !a->declared || a->rank == has;
}

/* ---- the kinds of subscripts ---- */

static void add_axis(Left *l, const Index *index, Dim dim) {
    l->dim[l->n] = dim;
    l->index[l->n++] = index;
}

static void bind_dots(const Side *d, const Tree *sub) {
    const Expr *at[MAX_RANK];
    for (int k = 0; k < d->axes.n_dots; k++) {
        const Index *i = index_over(text("%c", "pqrsuv"[k % 6]), d->axes.dots[k]);
        at[k] = At(i);
        add_axis(d->out, i, d->axes.dots[k]);
    }
    d->out->env = env_dots(d->out->env, sub->span, at, d->axes.n_dots);
}

enum { MAX_MEMBERS = 4*MAX_RANK };
typedef struct Member { const char *name; Span span; int64_t extent; } Member;      /* name NULL: of `..`; extent -1: not known */

static void length_in_group(const Side *d, Span at, Dim dim) {
    Diagnostic *x = model_error(d->e, d->s, at, "the members of a group have extents that are known, and `%s` is known at run time only",
                                dim_text(dim));
    if (x) help(x, "leave it an axis of its own");
}

/* The members of (i, j) or (..) with their extents, as far as these are known. -1: an error. */
static int group_members(const Side *d, const Tree *group, Member *m) {
    int n = 0;
    for (int g = 0; g < group->n; g++) {
        const Tree *x = group->child[g];
        if (n + MAX_RANK > MAX_MEMBERS) { model_error(d->e, d->s, group->span, "too many members"); return -1; }
        if (x->kind == TREE_DOTS) {
            for (int k = 0; k < d->axes.n_dots; k++) {
                if (d->axes.dots[k].count) { length_in_group(d, x->span, d->axes.dots[k]); return -1; }
                m[n++] = (Member){ NULL, x->span, d->axes.dots[k].extent };
            }
            continue;
        }
        const char *name = x->text;
        const Tree *low, *high;
        bool low_strict, high_strict;
        if (x->kind != TREE_NAME && !is_binder(x, &name, &low, &low_strict, &high, &high_strict)) {
            model_error(d->e, d->s, x->span, "a member of a group on the left is an index");
            return -1;
        }
        if (!name_is_free(d, x->span, name)) return -1;
        Range r = range_of(d, name);
        if (r.dim.count) { length_in_group(d, x->span, r.dim); return -1; }
        m[n++] = (Member){ name, x->span, r.known ? r.dim.extent : -1 };
    }
    return n;
}

/* The cells of the group; one extent that is not known follows from the axis' declared one. -1: an error. */
static int64_t group_extent(const Side *d, const Tree *group, Member *m, int n) {
    int64_t whole = 1, declared = d->axes.dim[d->out->n].extent;
    Member *missing = NULL;
    for (int g = 0; g < n; g++) {
        if (m[g].extent >= 0) whole *= m[g].extent;
        else if (missing) { range_unknown(d->e, d->s, group->span, d->name, d->errors); return -1; }
        else missing = &m[g];
    }
    if (missing && !d->axes.declared) { range_unknown(d->e, d->s, missing->span, d->name, d->errors); return -1; }
    if (missing) {
        if (whole == 0 || declared % whole) {
            model_error(d->e, d->s, group->span, "%" PRId64 " do not split into groups of %" PRId64, declared, whole);
            return -1;
        }
        missing->extent = declared/whole;
        whole = declared;
    }
    if (d->axes.declared && declared != whole) {
        model_error(d->e, d->s, group->span, "this group has %" PRId64 " cells, and the axis is declared with %" PRId64, whole,
                    declared);
        return -1;
    }
    return whole;
}

/* A group is one axis; its members are the digits of that axis' index, the last one fastest. */
static bool bind_group(const Side *d, const Tree *group) {
    Member m[MAX_MEMBERS];
    int n = group_members(d, group, m);
    if (n < 0) return false;
    int64_t whole = group_extent(d, group, m, n);
    if (whole < 0) return false;
    const Index *q = index_new("q", whole, NULL);
    const Expr *rest = At(q), *digit[MAX_MEMBERS];
    for (int g = n - 1; g >= 0; g--) {
        const Expr *extent = Int(m[g].extent > 0 ? m[g].extent : 1);
        digit[g] = g ? Mod(rest, extent) : rest;
        rest = FloorDiv(rest, extent);
    }
    Left *l = d->out;
    if (has_dots(group)) l->env = env_dots(l->env, group->span, digit, n);
    else for (int g = 0; g < n; g++) l->env = env_bind(l->env, m[g].name, digit[g], m[g].span, true);
    add_axis(l, q, (Dim){ whole, NULL });
    return true;
}

/* i < n on the left: a range that is written. */
static bool written_range(const Side *d, const Tree *sub, const Tree *high, bool strict, Range *r) {
    if (!extent_of(d->e, d->s, NULL, high, strict, &r->dim)) return false;
    r->known = r->explicit = true;
    r->span = sub->span;
    Dim declared = d->axes.dim[d->out->n];
    if (!d->axes.declared || same_dim(declared, r->dim)) return true;
    model_error(d->e, d->s, sub->span, "this axis is declared with %s, and runs over %s", dim_text(declared), dim_text(r->dim));
    return false;
}

static bool bind_index(const Side *d, const Tree *sub) {
    Left *l = d->out;
    const char *name = sub->text;
    const Tree *low, *high = NULL;
    bool low_strict, high_strict = true;
    if (sub->kind != TREE_NAME && (!is_binder(sub, &name, &low, &low_strict, &high, &high_strict) || low)) {
        model_error(d->e, d->s, sub->span, "an index stands here: i, or i < n");
        return false;
    }
    if (!name_is_free(d, sub->span, name)) return false;
    if (env_find(l->env, name)) { model_error(d->e, d->s, sub->span, "`%s` stands twice on the left", name); return false; }
    Range r = { 0 };
    if (high) {
        if (!written_range(d, sub, high, high_strict, &r)) return false;
    } else r = range_of(d, name);
    if (!high && d->axes.declared) {
        Dim declared = d->axes.dim[l->n];
        if (r.known && r.explicit && !same_dim(r.dim, declared)) {
            model_error(d->e, d->s, sub->span, "`%s` runs over %s here and over %s elsewhere", name, dim_text(declared), dim_text(r.dim));
            return false;
        }
        r = (Range){ true, false, declared, d->name->extents->span };
    }
    if (!r.known) { range_unknown(d->e, d->s, sub->span, d->name, d->errors); return false; }
    if (r.dim.extent < 0) {
        model_error(d->e, d->s, sub->span, "the range of `%s` is negative: %" PRId64, name, r.dim.extent);
        return false;
    }
    const Index *i = index_over(name, r.dim);
    l->env = env_bind(l->env, name, At(i), r.span, r.explicit);
    add_axis(l, i, r.dim);
    return true;
}

bool bind_left(Elaborator *e, Scope *s, const Name *n, const Tree *left, const Tree *right, Left *out) {
    Side d = { .e = e, .s = s, .name = n, .tree = left, .right = right, .errors = error_count(), .out = out };
    *out = (Left){ .n = 0 };
    if (!left_axes(e, s, n, left, right, &d.axes)) return false;
    for (int k = 0; k < n_left(left); k++) {
        const Tree *sub = left->child[k];
        if (out->n + d.axes.n_dots >= MAX_RANK) { model_error(e, s, left->span, "more than %d axes", MAX_RANK); return false; }
        if (sub->kind == TREE_HOLE) {
            out->holes++;
            add_axis(out, NULL, d.axes.declared ? d.axes.dim[out->n] : (Dim){ -1, NULL });
        } else if (sub->kind == TREE_DOTS) bind_dots(&d, sub);
        else if (!(sub->kind == TREE_GROUP ? bind_group(&d, sub) : bind_index(&d, sub))) return false;
    }
    return true;
}
