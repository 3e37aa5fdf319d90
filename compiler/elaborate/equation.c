/* Equations: one statement of a scope becomes one tensor of the program.
 *
 *     y[.., o] = b[o] + sum(i) w[o, i]*x[.., i]      ->      y[n, o] = b[o] + s[n, o]
 *
 * The left side gives the free indices and, with the ranges found, the shape (left.c); what the right side uses beside
 * them is carried as leading dims (store.c). An equation that reads itself is a recurrence (recurrence.c). */
#include "left.h"
#include <inttypes.h>
#include <string.h>

/* Names of tensors that no equation of the text stands for. */
static bool is_made_up(const char *local) {
    static const char *const names[] = { "sum", "max", "min", "prod", "winner", "gradient" };
    for (size_t k = 0; k < sizeof names/sizeof *names; k++) if (!strcmp(local, names[k])) return true;
    return false;
}

/* A tensor without a name of the text gets the one of the equation that is only another name for it; the model's own
 * name for it stands above those of definitions. */
static void rename_tensor(Elaborator *e, Scope *s, const Tensor *t, const char *local, bool whole) {
    if (t->role != ROLE_VALUE) return;
    for (int k = e->named.n - 1; k >= 0; k--) {
        Named *n = &e->named.at[k];
        if (n->tensor != t) continue;
        bool better = is_made_up(n->local) || (s == e->root && n->instance != e->top);
        if (better) *n = (Named){ n->tensor, s->instance, local, whole, n->mode };
        return;
    }
}

bool is_whole_result(const Scope *s, const Name *n) {
    return s->definition->kind == TREE_FN && s->definition->child[1]->n && s->definition->child[1]->child[0]->text == n->name;
}

/* A memory is of a sample: what it becomes may depend on the batch, and is then a value of each sample. */
static bool is_of_sample(const Elaborator *e, const Name *state, const Index *const *outer, int n) {
    return n == 0 || (n == 1 && state->clock == EACH_PREDICT && outer[0] == e->batch);
}

/* s' = e: the next value of a state, a result of the step or of the prediction. */
static Value next_value(Elaborator *e, Scope *s, const Name *n, const Value *given) {
    Value v = *given;
    Name *state = scope_find(s, intern(n->name, strlen(n->name) - 1));
    if (!state || state->kind != ENTRY_STATE) {
        model_error(e, s, n->span, "`%s` is the next value of a state, and there is no state of that name here", n->name);
        return bad_value;
    }
    bool memory = state->clock == EACH_PREDICT;
    if (memory ? !e->predicting : !e->training) {
        const char *word = memory ? "predicting" : "training", *when = memory ? "where the model predicts" : "in training";
        model_error(e, s, n->span, "`%s` has a value %s only: choose by where(%s, ...)", n->name, when, word);
        return bad_value;
    }
    Value old = name_value(e, s, state);
    if (old.kind != VALUE_TENSOR) return bad_value;
    if (!v.rank) { const Expr *body = v.body; v = old; v.body = body; }
    if (!same_shape(&v, &old)) {
        model_error(e, s, n->span, "the state is %s, and its next value %s", shape_text(&old), shape_text(&v));
        return bad_value;
    }
    const Index *outer[4*MAX_RANK];
    int n_outer = carried_indices(e, v.body, v.axis, v.rank, outer, 4*MAX_RANK);
    if (!is_of_sample(e, state, outer, n_outer)) {
        if (memory && outer[0] == e->batch) outer[0] = outer[1];
        const char *what = outer[0] == e->batch ? "the sample" : text("`%s` of the equation around", outer[0]->name);
        Diagnostic *d = model_error(e, s, n->span, "`%s` would depend on %s: reduce it", n->name, what);
        if (d && memory) help(d, "a state `each predict` is one for each sample");
        else if (d) help(d, "a state is one for all samples: write mean(batch) or sum(batch)");
        return bad_value;
    }
    Tensor *before = own(s->instance, state->tree, memory && !e->batch->count);
    Origin *o = origin_at(s, n->tree->span);
    Tensor *t = tensor_new("", ROLE_NEXT, REAL, before->rank, before->dim, o);
    const Index *free[MAX_RANK + 1] = { e->batch };
    const Expr *sample = memory ? At(e->batch) : NULL;
    for (int k = 0; k < v.rank; k++) free[memory + k] = v.axis[k];
    t->of = before;
    PUSH(e->named, ((Named){ t, s->instance, text("%s_next", state->name), false, e->mode }));
    equation_new(e->program, t, free, REDUCE_NONE, NULL, 0, settle_draws(e, t, free, memory + v.rank, ToReal(v.body)), o);
    return of_tensor(t, &sample, memory);
}

static bool is_next(const Name *n) {
    size_t length = strlen(n->name);
    return length && n->name[length - 1] == '\'';
}

/* a, b = f(x): one use of the function for all its results. NULL: an error, or not known yet. */
static Scope *shared_use(Elaborator *e, Scope *s, const Tree *t) {
    const Tree *right = t->child[t->n - 1], *use = right->kind == TREE_PIPE ? right->child[1] : right;
    Name *first_left = scope_find(s, t->child[0]->text);
    if (first_left->made) return first_left->made;
    if (right->kind != TREE_PIPE && right->kind != TREE_CALL) {
        model_error(e, s, right->span, "several names on the left want a call of a function with several results");
        return NULL;
    }
    Value first = right->kind == TREE_PIPE ? evaluate(e, s, NULL, right->child[0]) : bad_value;
    Scope *made = NULL;
    Value v = call(e, s, NULL, use, right->kind == TREE_PIPE ? &first : NULL, 0, &made);
    if (v.kind == VALUE_BAD) return NULL;
    int results = made && made->definition->child[1]->n ? made->definition->child[1]->n : 1;
    if (results < t->n - 1) {
        model_error(e, s, right->span, "%d names on the left want as many results, and `%s` gives %d", t->n - 1, use->text,
                    results);
        return NULL;
    }
    if (first_left->made) return first_left->made;              /* an argument led around a recurrence and back to here */
    note_change(e, &first_left->made);
    return first_left->made = made;
}

/* y = e. */
static Value whole_equation(Elaborator *e, Scope *s, const Name *n) {
    const Tree *right = n->tree->child[1];
    Value v = evaluate(e, s, NULL, right), declared = { .kind = VALUE_TENSOR };
    if (v.kind == VALUE_FUNCTION && right->kind == TREE_CALL && v.function->instance) v.function->instance->name = n->name;
    if (v.kind != VALUE_TENSOR || !n->extents || !declared_dims(e, s, n, declared.dim, &declared.rank)) return v;
    if (v.rank && !same_shape(&declared, &v)) {
        const char *list = span_text(n->extents->span);
        model_error(e, s, n->tree->span, "`%s` is declared as %s, and this is %s", n->name, list, shape_text(&v));
        return bad_value;
    }
    if (v.rank) return v;
    v.rank = declared.rank;                                     /* a number spreads over the declared shape */
    for (int k = 0; k < v.rank; k++) { v.dim[k] = declared.dim[k]; v.axis[k] = index_over("a", v.dim[k]); }
    return v;
}

/* y[i, _] = e. */
static Value indexed_equation(Elaborator *e, Scope *s, Name *n) {
    const Tree *right = n->tree->child[1];
    Left l;
    if (!bind_left(e, s, n, n->tree->child[0], right, &l)) return bad_value;
    if (!n->assumed) assume_shape(n, &l);
    Value r = evaluate(e, s, l.env, right);
    if (r.kind == VALUE_FUNCTION) {
        model_error(e, s, right->span, "a function cannot be the value of an array");
        return bad_value;
    }
    if (r.kind == VALUE_BAD && (l.holes || !e->tentative)) return bad_value;
    bool spreads = r.rank == 0 && n->extents;
    if (r.kind == VALUE_TENSOR && r.rank != l.holes && !spreads) {
        Diagnostic *d = model_error(e, s, right->span, "the right side is %s, and the left leaves %d ax%s whole",
                                    shape_text(&r), l.holes, l.holes == 1 ? "is" : "es");
        if (d && !l.holes) help(d, "write its indices, or put `_` on the left");
        return bad_value;
    }
    Value v = { .kind = VALUE_TENSOR, .rank = l.n };
    const Expr *subs[MAX_RANK];
    for (int k = 0, h = 0; k < l.n; k++) {
        v.dim[k] = l.dim[k];
        v.axis[k] = l.index[k];
        if (v.axis[k]) continue;
        if (r.rank && l.dim[k].extent >= 0 && !same_dim(l.dim[k], r.dim[h])) {
            model_error(e, s, right->span, "axis %d is declared with %s, and this is %s", k + 1, dim_text(l.dim[k]), shape_text(&r));
            return bad_value;
        }
        if (r.rank) v.dim[k] = r.dim[h];
        v.axis[k] = index_over("a", v.dim[k]);
        if (r.rank) subs[h++] = At(v.axis[k]);
    }
    if (r.kind == VALUE_TENSOR) v.body = r.rank ? value_at(&r, subs) : r.body;
    return v;
}

Value equation(Elaborator *e, Scope *s, Name *n) {
    const Tree *t = n->tree;
    if (t->kind == TREE_SCATTER) return scatter(e, s, n);
    if (t->n > 2) {
        Scope *made = shared_use(e, s, t);
        if (!made) return bad_value;
        Value v = result_value(e, made, n->which);
        return is_next(n) && v.kind == VALUE_TENSOR && v.body ? next_value(e, s, n, &v) : v;
    }
    Value v = t->child[0]->kind == TREE_NAME ? whole_equation(e, s, n) : indexed_equation(e, s, n);
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
    Named named = { .instance = s->instance, .local = n->name, .whole = is_whole_result(s, n) };
    Tensor *made = materialise(e, s, t->span, &v, named, &carried, &n_carried);
    return made ? of_tensor(made, carried, n_carried) : bad_value;
}

/* ---- names of a scope ---- */

/* The dims of a param or state. */
static bool extents_of(Elaborator *e, Scope *s, const Tree *d, Dim *dims, int *rank) {
    const Tree *list = d->child[0];
    *rank = 0;
    for (int k = 0; k < list->n; k++) {
        const Tree *x = list->child[k];
        if (x->kind == TREE_DOTS) {
            if (!s->has_dots) { model_error(e, s, x->span, "`..` stands for nothing here"); return false; }
            for (int q = 0; q < s->n_dots && *rank < MAX_RANK; q++) dims[(*rank)++] = s->dots[q];
            continue;
        }
        int64_t extent;
        if (*rank == MAX_RANK) { model_error(e, s, d->span, "more than %d axes", MAX_RANK); return false; }
        if (!constant_integer(e, s, NULL, x, &extent)) return false;
        if (extent < 1) { model_error(e, s, x->span, "a size of %" PRId64 ": an axis has at least 1", extent); return false; }
        dims[(*rank)++] = (Dim){ extent, NULL };
    }
    return checked_size(e, s, d->span, dims, *rank) >= 0;
}

/* A state each predict: what was handed in for each sample, and the first value where nothing is. */
static Value memory_value(Elaborator *e, Scope *s, const Name *n) {
    const Tree *d = n->tree;
    e->apart = true;
    if (e->updating) {
        Diagnostic *x = model_error(e, s, d->span, "`%s` belongs to a prediction, and such a state is for the model's body only", n->name);
        if (x) help(x, "a state without `each predict` changes at each step");
        return bad_value;
    }
    Value shape = { .kind = VALUE_TENSOR };
    Dim dims[MAX_RANK + 1];
    if (!extents_of(e, s, d, dims + 1, &shape.rank)) return bad_value;
    if (shape.rank == MAX_RANK) { model_error(e, s, d->span, "more than %d axes", MAX_RANK - 1); return bad_value; }
    for (int k = 0; k < shape.rank; k++) { shape.dim[k] = dims[k + 1]; shape.axis[k] = index_over("a", shape.dim[k]); }
    if (!e->predicting) {
        Value v = declared_first(e, s, d, &shape);
        double constant;
        return v.body && !is_constant(v.body, &constant) ? stored(e, s, d->span, &v, d->text) : v;
    }
    dims[0] = dim_of(e->batch);
    int part = !e->batch->count;
    Tensor *t = own(s->instance, d, part);
    if (!t) {
        t = tensor_new("", ROLE_MEMORY, REAL, shape.rank + 1, dims, origin_at(s, d->span));
        own_add(e, s->instance, d, part, t, s, d, d->text);
    }
    const Expr *sample = At(e->batch);
    return of_tensor(t, &sample, 1);
}

static Value owned_value(Elaborator *e, Scope *s, const Name *n) {
    if (n->clock == EACH_PREDICT) return memory_value(e, s, n);
    const Tree *d = n->tree;
    Tensor *t = own(s->instance, d, 0);
    if (t && n->kind == ENTRY_INPUT) {
        if (!e->batch) { model_error(e, s, n->span, "an input has no value outside a sample"); return bad_value; }
        const Expr *sample = At(e->batch);
        return of_tensor(t, &sample, 1);
    }
    if (t) return of_tensor(t, NULL, 0);
    Dim dims[MAX_RANK];
    int rank;
    if (!extents_of(e, s, d, dims, &rank)) return bad_value;
    if (n->clock == EACH_EPOCH && !e->updating) {
        Diagnostic *x = model_error(e, s, d->span,
                                    "`%s` changes at the end of an epoch, and such a state is for update lines only", n->name);
        if (x) help(x, "`epoch` is the number of the epoch; a state without `each epoch` changes at each step");
        return bad_value;
    }
    if (e->each_epoch) {
        model_error(e, s, d->span, "an average that is taken `each epoch` keeps no state beside itself");
        return bad_value;
    }
    Role role = n->kind == ENTRY_PARAM ? ROLE_PARAM : e->updating ? ROLE_MOMENT : ROLE_STATE;
    t = tensor_new("", role, REAL, rank, dims, origin_at(s, d->span));
    t->each_epoch = n->clock == EACH_EPOCH;
    own_add(e, s->instance, d, 0, t, s, d, d->text);
    return of_tensor(t, NULL, 0);
}

Value name_value(Elaborator *e, Scope *s, Name *n) {
    if (n->kind == ENTRY_DIMENSION) return scalar(Extent(n->dim));
    if (n->kind == ENTRY_ARGUMENT) return argument_once(e, s, n);
    if (n->value) return *n->value;
    if (n->busy) {
        bool whole = n->kind == ENTRY_EQUATION && n->tree->child[n->which]->kind == TREE_NAME;
        if (whole && !n->passed) return passed_through(e, s, n);
        n->recursive = true;
        if (n->assumed && n->assumed->body) return *n->assumed;
        e->tentative++;                                         /* taken back when the equation is finished */
        n->waiting++;
        return n->assumed ? *n->assumed : bad_value;
    }
    Value v = n->kind == ENTRY_EQUATION ? equation_value(e, s, n) : owned_value(e, s, n);
    if (n->value) return *n->value;
    if (e->tentative && v.kind == VALUE_BAD) return v;          /* not known yet: asked again later */
    remember(e, &n->value, v);
    return v;
}
