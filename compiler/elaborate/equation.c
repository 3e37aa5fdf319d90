/* Equations: one statement of a scope becomes one tensor of the program.
 *
 *     y[.., o] = b[o] + sum(i) w[o, i]*x[.., i]      ->      y[n, o] = b[o] + s[n, o]
 *
 * The left side gives the free indices and, with the ranges found, the shape; what the right side uses beside them is
 * carried as leading dims (the batch first). */
#include "left.h"
#include <inttypes.h>
#include <string.h>

int64_t checked_size(Elaborator *e, const Scope *s, Span at, const int64_t *dims, int n) {
    int64_t size = 1;
    for (int k = 0; k < n; k++) {
        if (dims[k] < 0) { model_error(e, s, at, "a size of %" PRId64 " is negative", dims[k]); return -1; }
        if (__builtin_mul_overflow(size, dims[k], &size) || size > (int64_t)1 << 46) {
            model_error(e, s, at, "this array is larger than an address space: more than 2^46 elements");
            return -1;
        }
    }
    return size;
}

typedef struct Uses { LIST(const Index *) found; } Uses;
static void note_index(const Expr *x, void *data) {
    Uses *u = data;
    if (x->kind != X_INDEX) return;
    for (int k = 0; k < u->found.n; k++) if (u->found.at[k] == x->index) return;
    PUSH(u->found, x->index);
}

/* The indices that a body uses beside its own, the batch first, then in order of creation. -1: too many. */
int carried_indices(Elaborator *e, const Expr *body, const Index *const *own_indices, int n_own, const Index **carried, int room) {
    Uses u = { 0 };
    visit_nodes(body, note_index, &u);
    if (e->batch && has_open_draw(e, body)) {
        bool seen = false;
        for (int k = 0; k < u.found.n; k++) seen = seen || u.found.at[k] == e->batch;
        for (int k = 0; k < n_own; k++) seen = seen || own_indices[k] == e->batch;
        if (!seen) PUSH(u.found, e->batch);
    }
    int n = 0;
    for (int k = 0; k < u.found.n; k++) {
        const Index *i = u.found.at[k];
        bool own_index = false;
        for (int q = 0; q < n_own; q++) own_index = own_index || own_indices[q] == i;
        if (own_index) continue;
        if (n == room) return -1;
        int at = n++;
        while (at > 0 && carried[at - 1] != e->batch && (i == e->batch || carried[at - 1]->id > i->id)) { carried[at] = carried[at - 1]; at--; }
        carried[at] = i;
    }
    return n;
}

typedef struct Open { Elaborator *e; bool found; Tensor *tensor; const Expr *counter; int number; } Open;

static bool is_open(const Elaborator *e, const Site *site) {
    for (int k = e->open_sites.n - 1; k >= 0; k--) if (e->open_sites.at[k] == site) return true;
    return false;
}

static void look_open(const Expr *x, void *data) {
    Open *o = data;
    if (x->kind == X_RANDOM && is_open(o->e, x->site)) o->found = true;
}

bool has_open_draw(const Elaborator *e, const Expr *body) {
    if (!e->open_sites.n) return false;
    Open o = { .e = (Elaborator *)(uintptr_t)e };
    visit_nodes(body, look_open, &o);
    return o.found;
}

static const Expr *settle(const Expr *x, void *data) {
    Open *o = data;
    if (x->kind != X_RANDOM || !is_open(o->e, x->site)) return x;
    Site *site = NEW(Site);
    PUSH(o->e->draws, ((Draw){ site, o->tensor, o->number++ }));
    return Random(site, &o->counter, 1);
}

/* Draws of random() belong to the equation that they stand in: their counter is the element of all its indices. */
const Expr *settle_draws(Elaborator *e, Tensor *t, const Index *const *all, int n, const Expr *body) {
    if (!has_open_draw(e, body)) return body;
    const Expr *counter = Int(0);
    for (int k = 0; k < n; k++) counter = Add(Mul(counter, Int(all[k]->extent)), sample_number(e, all[k]));
    Open o = { .e = e, .tensor = t, .counter = counter };
    return transform(body, settle, &o);
}

/* The value as a tensor with an equation; `carried` are the expressions at which it is read besides its axes. */
Tensor *materialise(Elaborator *e, Scope *s, Span at, const Value *v, const char *local, bool whole, const Expr *const **carried, int *n_carried) {
    const Index *free[4 * MAX_RANK];
    int n = carried_indices(e, v->body, v->axis, v->rank, free, 4 * MAX_RANK);
    if (n < 0 || n + v->rank > MAX_RANK) { model_error(e, s, at, "more than %d axes", MAX_RANK); return NULL; }
    for (int k = 0; k < v->rank; k++) free[n + k] = v->axis[k];
    Dim dims[MAX_RANK];
    int64_t extents[MAX_RANK];
    for (int k = 0; k < n + v->rank; k++) { dims[k] = (Dim){ free[k]->extent, free[k]->count }; extents[k] = free[k]->extent; }
    if (checked_size(e, s, at, extents, n + v->rank) < 0) return NULL;
    Origin *o = origin_at(s, at);
    Tensor *t = tensor_new("", ROLE_VALUE, v->body->type, n + v->rank, dims, o);
    if (v->body->type != REAL) { t->lo = v->body->lo; t->hi = v->body->hi; }
    const Expr *body = settle_draws(e, t, free, n + v->rank, v->body);
    equation_new(e->program, t, free, REDUCE_NONE, NULL, 0, body, o);
    PUSH(e->named, ((Named){ t, s->instance, local, whole, e->mode }));
    const Expr **at_carried = NEW_ARRAY(const Expr *, n + 1);
    for (int k = 0; k < n; k++) at_carried[k] = At(free[k]);
    *carried = at_carried;
    *n_carried = n;
    return t;
}

/* A value whose body reads one tensor at carried indices and then exactly at its axes needs no equation. */
static bool is_alias(const Value *v) {
    const Expr *r = v->body;
    if (!r || r->kind != X_READ || r->guarded || r->n < v->rank) return false;
    int first = r->n - v->rank;
    for (int k = 0; k < first; k++) if (r->arg[k]->kind != X_INDEX && r->arg[k]->kind != X_INT) return false;
    for (int k = 0; k < v->rank; k++)
        if (r->arg[first + k]->kind != X_INDEX || r->arg[first + k]->index != v->axis[k] || r->tensor->dim[first + k].extent != v->dim[k]) return false;
    return true;
}

Value stored(Elaborator *e, Scope *s, Span at, const Value *v, const char *local) {
    if (v->kind != VALUE_TENSOR || !v->body || is_alias(v)) return *v;
    const Expr *const *carried;
    int n;
    Tensor *t = materialise(e, s, at, v, v->hint ? v->hint : local, false, &carried, &n);
    return t ? of_tensor(t, carried, n) : bad_value;
}

/* ---- one equation of a scope ---- */

/* A tensor without a name of the text gets the one of the equation that is only another name for it; the model's own
 * name for it stands above those of definitions. */
static void rename_tensor(Elaborator *e, Scope *s, const Tensor *t, const char *local, bool whole) {
    if (t->role != ROLE_VALUE) return;
    for (int k = e->named.n - 1; k >= 0; k--) {
        Named *n = &e->named.at[k];
        if (n->tensor != t) continue;
        bool made_up = !strcmp(n->local, "sum") || !strcmp(n->local, "max") || !strcmp(n->local, "min") || !strcmp(n->local, "prod") || !strcmp(n->local, "winner")
                       || !strcmp(n->local, "gradient");
        if (made_up || (s == e->root && n->instance != e->top)) *n = (Named){ n->tensor, s->instance, local, whole, n->mode };
        return;
    }
}

static bool is_whole_result(const Scope *s, const Name *n) {
    return s->definition->kind == TREE_FN && s->definition->child[1]->n && s->definition->child[1]->child[0]->text == n->name;
}

/* s' = e: the next value of a state, a result of the step. */
static Value next_value(Elaborator *e, Scope *s, const Name *n, const Value *given) {
    Value v = *given;
    Name *state = scope_find(s, intern(n->name, strlen(n->name) - 1));
    if (!state || state->kind != ENTRY_STATE) {
        model_error(e, s, n->span, "`%s` is the next value of a state, and there is no state of that name here", n->name);
        return bad_value;
    }
    if (!e->training) { model_error(e, s, n->span, "`%s` has a value in training only: choose by where(training, ...)", n->name); return bad_value; }
    Value old = name_value(e, s, state);
    if (old.kind != VALUE_TENSOR) return bad_value;
    bool equal = v.rank == old.rank;
    for (int k = 0; equal && k < v.rank; k++) equal = v.dim[k] == old.dim[k];
    if (!equal && v.rank) { model_error(e, s, n->span, "the state is %s, and its next value %s", shape_text(&old), shape_text(&v)); return bad_value; }
    if (!equal) { const Expr *body = v.body; v = old; v.body = body; }
    const Index *outer[4 * MAX_RANK];
    if (carried_indices(e, v.body, v.axis, v.rank, outer, 4 * MAX_RANK)) {
        Diagnostic *d = model_error(e, s, n->span, "`%s` would depend on %s: reduce it", n->name, outer[0] == e->batch ? "the sample" : text("`%s` of the equation around", outer[0]->name));
        if (d) help(d, "a state is one for all samples: write mean(batch) or sum(batch)");
        return bad_value;
    }
    Tensor *before = own(e, s->instance, state->tree, 0);
    Origin *o = origin_at(s, n->tree->span);
    Tensor *t = tensor_new("", ROLE_NEXT, REAL, before->rank, before->dim, o);
    t->of = before;
    PUSH(e->named, ((Named){ t, s->instance, text("%s_next", state->name), false, e->mode }));
    equation_new(e->program, t, v.axis, REDUCE_NONE, NULL, 0, settle_draws(e, t, v.axis, v.rank, ToReal(v.body)), o);
    return of_tensor(t, NULL, 0);
}

static bool is_next(const Name *n) {
    size_t length = strlen(n->name);
    return length && n->name[length - 1] == '\'';
}

static Value equation(Elaborator *e, Scope *s, Name *n) {
    const Tree *t = n->tree, *left = t->child[n->which], *right = t->child[t->n - 1];
    if (t->kind == TREE_SCATTER) return scatter(e, s, n);
    Value v;
    if (t->n > 2) {                                             /* a, b = f(x) */
        Name *first_left = scope_find(s, t->child[0]->text);     /* one use of the function for all its results */
        Scope *made = first_left->made;
        if (!made) {
            if (right->kind == TREE_PIPE) { Value first = evaluate(e, s, NULL, right->child[0]); v = call(e, s, NULL, right->child[1], &first, 0, &made); }
            else if (right->kind == TREE_CALL) v = call(e, s, NULL, right, NULL, 0, &made);
            else { model_error(e, s, right->span, "several names on the left want a call of a function with several results"); return bad_value; }
            if (v.kind == VALUE_BAD) return bad_value;
            int results = made ? made->definition->child[1]->n : 1;
            if (results < t->n - 1) {
                model_error(e, s, right->span, "%d names on the left want as many results, and `%s` gives %d", t->n - 1, right->kind == TREE_PIPE ? right->child[1]->text : right->text, results ? results : 1);
                return bad_value;
            }
            note_change(e, &first_left->made);
            first_left->made = made;
        }
        v = result_value(e, made, n->which);
        return is_next(n) && v.kind == VALUE_TENSOR && v.body ? next_value(e, s, n, &v) : v;
    }
    if (left->kind == TREE_NAME) {
        v = evaluate(e, s, NULL, right);
        if (v.kind == VALUE_FUNCTION && right->kind == TREE_CALL && v.function->instance) v.function->instance->name = n->name;
        if (v.kind != VALUE_TENSOR) return v;
        int64_t dims[MAX_RANK];
        int rank;
        if (n->extents && declared_dims(e, s, n, dims, &rank)) {
            bool equal = rank == v.rank;
            for (int k = 0; equal && k < rank; k++) equal = dims[k] == v.dim[k];
            if (!equal && v.rank) { model_error(e, s, t->span, "`%s` is declared as %s, and this is %s", n->name, span_text(n->extents->span), shape_text(&v)); return bad_value; }
            if (!equal) {                                       /* a number spreads over the declared shape */
                v.rank = rank;
                for (int k = 0; k < rank; k++) { v.dim[k] = dims[k]; v.axis[k] = index_new("a", dims[k], NULL); }
            }
        }
    } else {
        Left l;
        if (!bind_left(e, s, n, left, right, &l)) return bad_value;
        Value r = evaluate(e, s, l.env, right);
        if (r.kind == VALUE_FUNCTION) { model_error(e, s, right->span, "a function cannot be the value of an array"); return bad_value; }
        v = (Value){ .kind = VALUE_TENSOR, .rank = l.n };
        if (r.kind == VALUE_BAD && l.holes) return bad_value;
        if (r.kind != VALUE_BAD && r.rank != l.holes && !(r.rank == 0 && l.holes && n->extents)) {
            Diagnostic *d = model_error(e, s, right->span, "the right side is %s, and the left leaves %d ax%s whole", shape_text(&r), l.holes, l.holes == 1 ? "is" : "es");
            if (d && !l.holes) help(d, "write its indices, or put `_` on the left");
            return bad_value;
        }
        const Expr *subs[MAX_RANK];
        for (int k = 0, h = 0; k < l.n; k++) {
            if (!l.index[k]) {
                int64_t extent = r.rank ? r.dim[h] : l.dim[k];
                if (l.dim[k] >= 0 && l.dim[k] != extent) { model_error(e, s, right->span, "axis %d is declared with %" PRId64 ", and this is %s", k + 1, l.dim[k], shape_text(&r)); return bad_value; }
                l.dim[k] = extent;
                l.index[k] = index_new("a", extent, NULL);
                if (r.rank) subs[h++] = At(l.index[k]);
            }
            v.dim[k] = l.dim[k];
            v.axis[k] = l.index[k];
        }
        v.body = r.kind == VALUE_BAD ? NULL : r.rank ? value_at(&r, subs) : r.body;
        if (r.kind == VALUE_BAD && !e->tentative) v.kind = VALUE_BAD;
    }
    if (v.kind != VALUE_TENSOR || !v.body) return v;
    if (is_next(n)) return next_value(e, s, n, &v);
    double constant;
    if (v.rank == 0 && is_constant(v.body, &constant)) return v;
    if (n->recursive && n->assumed_tensor) return v;            /* finished by name_value */
    if (is_alias(&v)) {
        rename_tensor(e, s, v.body->tensor, n->name, is_whole_result(s, n));
        return v;
    }
    const Expr *const *carried;
    int n_carried;
    Tensor *made = materialise(e, s, t->span, &v, n->name, is_whole_result(s, n), &carried, &n_carried);
    return made ? of_tensor(made, carried, n_carried) : bad_value;
}

/* How far an elaboration had come; what was made since can be forgotten. */
typedef struct Mark { int journal, equations, named, parts; } Mark;

static Mark mark(const Elaborator *e) { return (Mark){ e->journal.n, e->program->equations.n, e->named.n, e->parts.n }; }

static void forget(Elaborator *e, Mark m) {
    forget_changes(e, m.journal);
    e->program->equations.n = m.equations;
    e->named.n = m.named;
    e->parts.n = m.parts;
}

static bool same_shape(const Value *a, const Value *b) {
    if (!a || a->kind != b->kind || a->rank != b->rank) return false;
    for (int k = 0; k < a->rank; k++) if (a->dim[k] != b->dim[k]) return false;
    return true;
}

/* An equation that reads itself: elaborated again with the shape and carried indices that came out, until they stay. */
static Value recurrence(Elaborator *e, Scope *s, Name *n, Value v, Mark before) {
    const Index *carried[4 * MAX_RANK];
    int n_carried = 0;
    for (int round = 0; round < 8; round++) {
        if (v.kind != VALUE_TENSOR) break;
        const Index *now[4 * MAX_RANK];
        int n_now = v.body ? carried_indices(e, v.body, v.axis, v.rank, now, 4 * MAX_RANK) : 0;
        bool stays = n->assumed && n->assumed_tensor && v.body && same_shape(n->assumed, &v) && n_now == n_carried;
        for (int k = 0; stays && k < n_now; k++) stays = now[k] == carried[k];
        if (stays) {
            Tensor *t = n->assumed_tensor;
            const Index *free[MAX_RANK];
            for (int k = 0; k < n_now; k++) free[k] = now[k];
            for (int k = 0; k < v.rank; k++) free[n_now + k] = v.axis[k];
            const Expr *body = settle_draws(e, t, free, n_now + v.rank, v.body);
            Origin *o = origin_at(s, n->tree->span);
            equation_new(e->program, t, free, REDUCE_NONE, NULL, 0, body, o);
            PUSH(e->named, ((Named){ t, s->instance, n->name, is_whole_result(s, n), e->mode }));
            Value r = *n->assumed;
            n->assumed = NULL;
            return r;
        }
        if (n_now < 0 || n_now + v.rank > MAX_RANK) { model_error(e, s, n->span, "more than %d axes", MAX_RANK); return bad_value; }
        n_carried = n_now;
        const Expr *at[MAX_RANK];
        Dim dims[MAX_RANK];
        for (int k = 0; k < n_now; k++) { carried[k] = now[k]; at[k] = At(now[k]); dims[k] = (Dim){ now[k]->extent, now[k]->count }; }
        for (int k = 0; k < v.rank; k++) dims[n_now + k] = (Dim){ v.dim[k], NULL };
        Origin *o = origin_at(s, n->tree->span);
        forget(e, before);
        n->assumed_tensor = tensor_new("", ROLE_VALUE, REAL, n_now + v.rank, dims, o);
        Value *assumed = NEW(Value);
        *assumed = of_tensor(n->assumed_tensor, at, n_now);
        n->assumed = assumed;
        n->recursive = true;
        v = equation(e, s, n);
    }
    n->assumed = NULL;
    if (v.kind != VALUE_BAD) model_error(e, s, n->span, "the shape of `%s` depends on itself: declare it, or give the ranges", n->name);
    return bad_value;
}

Value name_value(Elaborator *e, Scope *s, Name *n) {
    if (n->kind == ENTRY_DIMENSION) return scalar(Int(n->extent));
    if (n->kind == ENTRY_ARGUMENT) {
        Value v = argument_value(e, n->argument);
        if (v.kind == VALUE_TENSOR && v.rank && v.body && s->definition->child[1]->n && v.body->kind != X_READ && n->argument->value) {
            v = stored(e, n->argument->scope ? n->argument->scope : s, n->argument->tree ? n->argument->tree->span : n->span, &v, n->name);
            /* a block reads its argument many times: it becomes a tensor, which a recurrence that asked for it may forget */
            if (n->argument->tree) remember(e, &n->argument->value, v);
            else *n->argument->value = v;
        }
        return v;
    }
    if (n->value) return *n->value;
    if (n->busy) {
        n->recursive = true;
        if (n->assumed) return *n->assumed;
        e->tentative++;                                         /* taken back when the equation is finished */
        return bad_value;
    }
    Value v = bad_value;
    if (n->kind == ENTRY_EQUATION) {
        Mark before = mark(e);
        int tentative = e->tentative;
        n->busy = true;
        n->recursive = false;
        n->assumed = NULL;
        n->assumed_tensor = NULL;
        v = equation(e, s, n);
        if (n->recursive) e->tentative = tentative;             /* until here, what hangs on it was not known */
        if (n->recursive) {
            const Tree *left = n->tree->child[n->which];
            if (v.kind != VALUE_TENSOR || left->kind == TREE_NAME) {
                if (left->kind == TREE_NAME) model_error(e, s, n->span, "`%s` depends on itself, and not earlier along an index", n->name);
                else model_error(e, s, n->span, "the shape of `%s` depends on itself: declare it, or give the ranges", n->name);
                v = bad_value;
            } else v = recurrence(e, s, n, v, before);
        }
        n->busy = false;
        n->recursive = false;
    } else {
        Tensor *t = own(e, s->instance, n->tree, 0);
        if (t) v = of_tensor(t, NULL, 0);
        if (n->kind == ENTRY_INPUT && t) {
            const Expr *carried = At(e->batch ? e->batch : index_new("n", 1, NULL));
            if (!e->batch) { model_error(e, s, n->span, "an input has no value outside a sample"); return bad_value; }
            v = of_tensor(t, &carried, 1);
        }
        if (!t) {
            const Tree *d = n->tree;
            Dim dims[MAX_RANK];
            int64_t extents[MAX_RANK];
            int rank = 0;
            const Tree *list = d->child[0];
            for (int k = 0; k < list->n; k++) {
                if (list->child[k]->kind == TREE_DOTS) {
                    if (!s->has_dots) { model_error(e, s, list->child[k]->span, "`..` stands for nothing here"); return bad_value; }
                    for (int q = 0; q < s->n_dots && rank < MAX_RANK; q++) { extents[rank] = s->dots[q]; dims[rank++] = (Dim){ s->dots[q], NULL }; }
                    continue;
                }
                int64_t extent;
                if (rank == MAX_RANK) { model_error(e, s, d->span, "more than %d axes", MAX_RANK); return bad_value; }
                if (!constant_integer(e, s, NULL, list->child[k], &extent)) return bad_value;
                if (extent < 1) { model_error(e, s, list->child[k]->span, "a size of %" PRId64 ": an axis has at least 1", extent); return bad_value; }
                extents[rank] = extent;
                dims[rank++] = (Dim){ extent, NULL };
            }
            if (checked_size(e, s, d->span, extents, rank) < 0) return bad_value;
            if (n->each_epoch && !e->updating) {
                Diagnostic *x = model_error(e, s, d->span, "`%s` changes at the end of an epoch, and such a state is for update lines only", n->name);
                if (x) help(x, "`epoch` is the number of the epoch; a state without `each epoch` changes at each step");
                return bad_value;
            }
            if (e->each_epoch) {
                model_error(e, s, d->span, "an average that is taken `each epoch` keeps no state beside itself");
                return bad_value;
            }
            Origin *o = origin_at(s, d->span);
            Role role = n->kind == ENTRY_PARAM ? ROLE_PARAM : e->updating ? ROLE_MOMENT : ROLE_STATE;
            t = tensor_new("", role, REAL, rank, dims, o);
            t->each_epoch = n->each_epoch;
            own_add(e, s->instance, d, 0, t, s, d, d->text);
            v = of_tensor(t, NULL, 0);
        }
    }
    if (e->tentative && v.kind == VALUE_BAD) return v;          /* not known yet: asked again later */
    remember(e, &n->value, v);
    return v;
}
