/* The lines of a model: constants, inputs, the train line, losses, aims, metrics, outputs, what is watched.
 *
 * A loss of one sample is averaged over the batch, and several add up; so is L of grad(L, w), the aim of an update line. A
 * metric of one sample is averaged over the data; an output has the batch as its first axis. */
#include "model.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

static bool same(const char *a, const char *b) { return !strcmp(a, b); }

/* ---- the model's own scope ---- */

Scope *model_scope(Elaborator *e, const Tree *model, const Define *defines, int n_defines) {
    Scope *s = scope_new(e, model, NULL, e->top, NULL);
    e->root = s;
    const Tree *parameters = model->child[0];
    for (int k = 0; k < parameters->n; k++) {
        const Tree *p = parameters->child[k];
        Argument *a = NEW(Argument);
        *a = (Argument){ .name = p->text, .tree = p->n > 1 ? p->child[1] : p, .scope = s };
        bool given = false;
        for (int d = 0; d < n_defines; d++) if (defines[d].name == p->text || same(defines[d].name, p->text)) {
            double v = defines[d].value;
            remember(e, &a->value, scalar(v == floor(v) && fabs(v) < 9e15 ? Int((int64_t)v) : Num(v)));
            given = true;
        }
        if (!given && p->n < 2) {
            Diagnostic *d = model_error(e, s, p->span, "`%s` has no value", p->text);
            if (d) help(d, "give it a default, or -D %s=VALUE", p->text);
        }
        scope_add(s, p->text, ENTRY_ARGUMENT, p->span, p)->argument = a;
    }
    scope_body(e, s, model->child[1]);
    return s;
}

static bool number_of(Elaborator *e, const Tree *tree, double *value) {
    Value v = evaluate(e, e->root, NULL, tree);
    if (v.kind == VALUE_TENSOR && v.rank == 0 && v.body && is_constant(v.body, value)) return true;
    if (v.kind != VALUE_BAD) model_error(e, e->root, tree->span, "a number that is known now stands here");
    return false;
}

void train_line(Elaborator *e) {
    Model *m = e->model;
    m->batch = m->accumulate = 1;
    const Tree *body = statements_of(e), *seen = NULL, *search = NULL;
    for (int k = 0; k < body->n; k++) {
        const Tree *t = body->child[k];
        if (t->kind != TREE_TRAIN) continue;
        if (seen) {
            model_error(e, e->root, t->span, "there is a train line already, on line %d", span_line(seen->span));
            continue;
        }
        seen = t;
        for (int i = 0; i < t->n; i++) {
            static const char *const known[] = { "batch", "accumulate", "epochs", "steps", "seed", "iterations", "line_search" };
            const Tree *x = t->child[i];
            double value;
            bool is_known = false;
            if (x->kind != TREE_NAMED) { model_error(e, e->root, x->span, "an entry has a name: batch=64"); continue; }
            for (size_t q = 0; q < sizeof known / sizeof *known; q++) is_known = is_known || same(known[q], x->text);
            if (!is_known) {
                const char *close = closest_name(x->text, known, (int)(sizeof known / sizeof *known));
                Diagnostic *d = model_error(e, e->root, x->span, "a train line has no entry `%s`: batch, accumulate, epochs, steps, seed, "
                                            "iterations, line_search", x->text);
                if (d && close) help(d, "did you mean `%s`?", close);
                continue;
            }
            if (!number_of(e, x->child[0], &value)) continue;
            if (value != floor(value) || value < (same(x->text, "seed") ? 0 : 1) || value > 1e9) {
                model_error(e, e->root, x->span, "`%s` is a whole number from 1 to 1000000000", x->text);
                continue;
            }
            if (same(x->text, "batch")) m->batch = (int64_t)value;
            else if (same(x->text, "accumulate")) m->accumulate = (int64_t)value;
            else if (m->n_train < 16) { m->train[m->n_train].name = x->text; m->train[m->n_train++].value = value; }
            if (same(x->text, "line_search") || (same(x->text, "iterations") && value > 1)) search = x;
        }
        if (!search || m->accumulate == 1) continue;
        Diagnostic *d = model_error(e, e->root, search->span, "`%s` is for several evaluations of one batch, and with `accumulate` a step "
                                    "has several batches", search->text);
        if (d) help(d, "leave one of them out; a larger batch does both");
    }
}

Tensor *host_scalar(const char *name, int64_t low, int64_t high) {
    Tensor *t = tensor_new(name_of(name), ROLE_SCALAR, INT, 0, NULL, NULL);
    t->lo = low;
    t->hi = high;
    t->host = true;
    return t;
}

enum { MOST_LENGTHS = 8 };                                      /* NN_MAX_LENGTHS of the runtime */

/* The length called so: one tensor in every mode. */
static Tensor *length_named(const Elaborator *e, const char *name) {
    for (int k = 0; k < e->model->lengths.n; k++) if (e->model->lengths.at[k]->name == name) return e->model->lengths.at[k];
    return NULL;
}

/* T <= 40: an extent that each call gives. T is a dimension of the model from here on. */
static bool length_dim(Elaborator *e, const Tree *x, const char *name, const Tree *most, bool strict, Dim *dim) {
    Name *known = scope_find(e->root, name);
    if (is_predefined(name)) {
        model_error(e, e->root, x->span, "`%s` is a word of the language, and no name for a length", name);
        return false;
    }
    if (known && (known->kind != ENTRY_DIMENSION || known->tree != x)) {
        Diagnostic *d = model_error(e, e->root, x->span, "`%s` is defined already", name);
        if (d && known->kind == ENTRY_DIMENSION) help(d, "the same length again is just %s", name);
        return false;
    }
    if (!constant_integer(e, e->root, NULL, most, &dim->extent)) return false;
    if (strict) dim->extent--;
    if (dim->extent < 1) {
        model_error(e, e->root, x->span, "the length `%s` is at most %" PRId64 ": it has to be at least 1", name, dim->extent);
        return false;
    }
    Tensor *length = length_named(e, name);
    if (!length && e->model->lengths.n == MOST_LENGTHS) {
        model_error(e, e->root, x->span, "a model has at most %d lengths", MOST_LENGTHS);
        return false;
    }
    if (!length) {
        length = host_scalar(name, 1, dim->extent);
        length->role = ROLE_LENGTH;
        length->origin = origin_at(NULL, x->span);
        PUSH(e->model->lengths, length);
    }
    dim->count = length;
    scope_add(e->root, name, ENTRY_DIMENSION, x->span, x)->dim = *dim;
    return true;
}

static bool input_dim(Elaborator *e, const Tree *x, Dim *dim) {
    const char *name;
    const Tree *low, *high;
    bool low_strict, high_strict;
    if (!is_binder(x, &name, &low, &low_strict, &high, &high_strict)) {
        if (!extent_of(e, e->root, NULL, x, true, dim)) return false;
        if (!counts_samples(dim->count)) return true;
        Diagnostic *d = model_error(e, e->root, x->span, "an input is one sample, and this is the number of them");
        if (d) help(d, "samples(x) is x of all samples of the step");
        return false;
    }
    if (!low) return length_dim(e, x, name, high, high_strict, dim);
    Diagnostic *d = model_error(e, e->root, x->span, "a length is at least 1 and has a largest value");
    if (d) help(d, "write %s <= %s", name, span_text(high->span));
    return false;
}

void input_line(Elaborator *e, const Tree *t, int part) {
    Dim dims[MAX_RANK] = { dim_of(e->batch) };
    int rank = 1;
    const Tree *list = t->child[0], *type = t->child[1], *files = t->child[2];
    for (int k = 0; k < list->n; k++) {
        if (rank == MAX_RANK) { model_error(e, e->root, t->span, "more than %d axes", MAX_RANK - 1); return; }
        if (list->child[k]->kind == TREE_DOTS) {
            model_error(e, e->root, list->child[k]->span, "an input says its sizes");
            return;
        }
        if (!input_dim(e, list->child[k], &dims[rank])) return;
        if (dims[rank].extent < 1) {
            model_error(e, e->root, list->child[k]->span, "a size of %" PRId64 ": an axis has at least 1", dims[rank].extent);
            return;
        }
        rank++;
    }
    if (own(e->top, t, part) || checked_size(e, e->root, t->span, dims, rank) < 0) return;
    Tensor *x = tensor_new(t->text, t->kind == TREE_INPUT ? ROLE_INPUT : ROLE_TARGET, REAL, rank, dims, origin_at(NULL, t->span));
    if (type->kind == TREE_DECLARE) {
        static const char *const known[] = { "class", "int", "byte" };
        x->type = INT;
        if (same(type->text, "byte")) { x->byte = true; x->lo = 0; x->hi = 255; }
        else if (same(type->text, "int")) { x->lo = INT32_MIN; x->hi = INT32_MAX; }
        else if (same(type->text, "class")) {
            int64_t n = 0;
            if (type->child[0]->n != 1) {
                model_error(e, e->root, type->span, "class says how many there are: class[10]");
                return;
            }
            if (!constant_integer(e, e->root, NULL, type->child[0]->child[0], &n)) return;
            if (n < 1 || n > INT32_MAX) { model_error(e, e->root, type->span, "%" PRId64 " classes", n); return; }
            x->lo = 0;
            x->hi = n - 1;
        } else {
            const char *close = closest_name(type->text, known, 3);
            Diagnostic *d = model_error(e, e->root, type->span, "there is no type `%s`: class[n], int, byte", type->text);
            if (d && close) help(d, "did you mean `%s`?", close);
            return;
        }
        if (!same(type->text, "class") && type->child[0]->n) model_error(e, e->root, type->span, "`%s` has no size", type->text);
    }
    if (files->n > 2) model_error(e, e->root, files->span, "at most two files: for training, and for testing");
    for (int k = 0; k < files->n && k < 2; k++) x->files[k] = files->child[k]->text;
    own_add(e, e->top, t, part, x, e->root, t, t->text);
}

static Tensor *result(Elaborator *e, Role role, const char *name, const Expr *body, const Value *shape, Span at) {
    const Index *free[4*MAX_RANK];
    const Index *none[1] = { 0 };
    int rank = shape ? shape->rank : 0;
    int n = carried_indices(e, body, shape ? shape->axis : none, rank, free, 4*MAX_RANK);
    if (role == ROLE_OUTPUT && e->batch && (n == 0 || free[0] != e->batch)) {       /* a constant output is one for each sample too */
        for (int k = n; k > 0; k--) free[k] = free[k - 1];
        free[0] = e->batch;
        n++;
    }
    if (n < 0 || n + rank > MAX_RANK) { model_error(e, e->root, at, "more than %d axes", MAX_RANK); return NULL; }
    Dim dims[MAX_RANK];
    for (int k = 0; k < rank; k++) free[n + k] = shape->axis[k];
    for (int k = 0; k < n + rank; k++) dims[k] = dim_of(free[k]);
    PUSH(e->results, name);
    Tensor *t = tensor_new(name, role, REAL, n + rank, dims, origin_at(NULL, at));
    if (body->type == INT) t->lo = body->lo, t->hi = body->hi;      /* handed out as real numbers, which are classes or counts */
    equation_new(e->program, t, free, REDUCE_NONE, NULL, 0, settle_draws(e, t, free, n + rank, ToReal(body)), t->origin);
    return t;
}

static const Expr *mean_over_batch(Elaborator *e, Span at, const Expr *body) {
    Value v = scalar(body);
    Value kept = stored(e, e->root, at, &v, "sample_loss");
    return batch_mean(e, e->root, at, kept.body);
}

/* A number of the step from one of each sample; NULL: it is none, which was reported. */
static const Expr *loss_of(Elaborator *e, const Tree *t) {
    Value v = evaluate(e, e->root, NULL, t);
    if (v.kind == VALUE_FUNCTION) model_error(e, e->root, t->span, "a loss is a number, and this is a function");
    if (v.kind != VALUE_TENSOR || !v.body) return NULL;
    if (v.rank) {
        Diagnostic *d = model_error(e, e->root, t->span, "a loss is one number for each sample, and this is %s", shape_text(&v));
        if (d) help(d, "write mean(...) or sum(...) of it");
        return NULL;
    }
    const Expr *body = ToReal(v.body);
    return uses_index(body, e->batch) || has_open_draw(e, body) ? mean_over_batch(e, t->span, body) : body;
}

/* Lines that take the gradient of something else than the loss: update critic.* = grad(judge, w) |> adam(w). */
static void find_aim(Elaborator *e, const Tree *line, const Tree *t) {
    if (t->kind == TREE_PIPE && t->child[1]->kind == TREE_CALL && same(t->child[1]->text, "grad")) {
        model_error(e, e->root, t->span, "an update line writes the gradient of L as grad(L, w)");
        return;
    }
    if (t->kind == TREE_CALL && same(t->text, "grad") && t->n == 2) {
        for (int k = 0; k < e->aims.n; k++) if (e->aims.at[k].line == line) {
            model_error(e, e->root, t->span, "an update line has one gradient, and this is its second");
            return;
        }
        const Expr *body = loss_of(e, t->child[0]);
        if (!body) return;
        Tensor *aim = tensor_new("", ROLE_VALUE, REAL, 0, NULL, origin_at(NULL, t->span));
        equation_new(e->program, aim, NULL, REDUCE_NONE, NULL, 0, settle_draws(e, aim, NULL, 0, body), aim->origin);
        PUSH(e->named, ((Named){ aim, e->top, "aim", false, e->mode }));
        PUSH(e->aims, ((Aim){ line, aim }));
        return;
    }
    for (int k = 0; k < t->n; k++) find_aim(e, line, t->child[k]);
}

/* The first use of a name, but in the L of grad(L, w). */
static const Tree *use_of(const Tree *t, const char *name) {
    if (t->kind == TREE_CALL && same(t->text, "grad")) return NULL;
    if ((t->kind == TREE_NAME || t->kind == TREE_READ) && same(t->text, name)) return t;
    const Tree *found = NULL;
    for (int k = 0; k < t->n && !found; k++) found = use_of(t->child[k], name);
    return found;
}

static void aim_lines(Elaborator *e) {
    const Tree *body = statements_of(e);
    e->aims = (Aims){ 0 };
    for (int k = 0; k < body->n; k++) if (body->child[k]->kind == TREE_UPDATE) find_aim(e, body->child[k], body->child[k]);
    for (int k = 0; k < e->aims.n; k++) {
        const Tree *g = use_of(e->aims.at[k].line, "g");
        if (!g) continue;
        Diagnostic *d = model_error(e, e->root, g->span, "this update line has a gradient of its own, and `g` would be that one");
        if (d) help(d, "grad(L, w) takes the place of g; of two aims together it is grad(A + B, w)");
    }
}

Tensor *loss_lines(Elaborator *e) {
    const Expr *total = NULL;
    Span at = { 0 };
    e->losses[e->training].n = 0;
    for (int k = 0; k < e->root->losses.n; k++) {
        const Tree *t = e->root->losses.at[k];
        const Expr *body = loss_of(e, t->child[0]);
        if (!body) continue;
        PUSH(e->losses[e->training], ((LossTerm){ body, t->span }));
        total = total ? Add(total, body) : body;
        at = t->span;
    }
    aim_lines(e);
    for (int k = 0; k < e->aims.n && !e->root->losses.n; k++) {     /* without a loss of its own the model has theirs */
        const Expr *aim = Read(e->aims.at[k].tensor, NULL, 0);
        PUSH(e->losses[e->training], ((LossTerm){ aim, e->aims.at[k].tensor->origin->span }));
        total = total ? Add(total, aim) : aim;
        at = e->aims.at[k].tensor->origin->span;
    }
    return total ? result(e, ROLE_LOSS, "loss", total, NULL, at) : NULL;
}

static const char *called(const Tree *t) {
    while (t->kind == TREE_PIPE) t = t->child[1];
    return t->kind == TREE_NAME || t->kind == TREE_CALL ? t->text : NULL;
}

static const char *unused(const Tensors *list, const char *name) {
    const char *wish = name;
    for (int k = 2, i = 0; i < list->n; i++) if (list->at[i]->name == wish) { wish = name_of(text("%s_%d", name, k++)); i = -1; }
    return wish;
}

/* mean(data) of a metric's expression: the same node in every mode, since totals are known by it. */
static const Tree *mean_over_data(Elaborator *e, const Tree *metric) {
    for (int k = 0; k < e->means.n; k++) if (e->means.at[k]->child[1] == metric->child[0]) return e->means.at[k];
    Tree *mean = NEW(Tree), *data = NEW(Tree);
    *data = (Tree){ .kind = TREE_NAME, .span = metric->span, .text = name_of("data") };
    *mean = (Tree){ .kind = TREE_REDUCE, .span = metric->span, .text = name_of("mean"), .n = 2, .child = NEW_ARRAY(Tree *, 2) };
    mean->child[0] = data;
    mean->child[1] = metric->child[0];
    PUSH(e->means, mean);
    return mean;
}

static const char *metric_name(const Tree *t) { return t->text ? t->text : called(t->child[0]) ? called(t->child[0]) : name_of("metric"); }

/* A metric of several numbers: one for each cell, called by its place: confusion_0_1. */
static void metric_cells(Elaborator *e, const Tree *t, const Value *v, Tensors *metrics) {
    enum { MOST_CELLS = 256 };
    int64_t cells = 1;
    for (int k = 0; k < v->rank && cells <= MOST_CELLS; k++) cells *= v->dim[k].count ? MOST_CELLS + 1 : v->dim[k].extent;
    if (cells > MOST_CELLS || uses_index(v->body, e->batch)) {
        Diagnostic *d = model_error(e, e->root, t->child[0]->span,
                                    cells > MOST_CELLS ? "a metric has at most 256 numbers, and this is %s" :
                                    "a metric of one sample is one number, and this is %s", shape_text(v));
        if (d) help(d, "write mean(...) or sum(...) of it");
        return;
    }
    for (int64_t c = 0; c < cells; c++) {
        const Expr *at[MAX_RANK];
        const char *name = metric_name(t);
        int64_t rest = c;
        for (int k = v->rank - 1; k >= 0; k--) { at[k] = Int(rest % v->dim[k].extent); rest /= v->dim[k].extent; }
        for (int k = 0; k < v->rank; k++) name = name_of(text("%s_%" PRId64, name, at[k]->lo));
        Tensor *m = result(e, ROLE_METRIC, unused(metrics, name), substitute(v->body, v->axis, at, v->rank), NULL, t->span);
        if (m) PUSH(*metrics, m);
    }
}

void metric_lines(Elaborator *e, Tensors *metrics) {
    const Tree *body = statements_of(e);
    for (int k = 0; k < body->n; k++) {
        const Tree *t = body->child[k];
        if (t->kind != TREE_METRIC) continue;
        Value v = evaluate(e, e->root, NULL, t->child[0]);
        if (v.kind != VALUE_TENSOR || !v.body) continue;
        if (v.rank) {
            metric_cells(e, t, &v, metrics);
            continue;
        }
        const Expr *value = v.body;
        if (uses_index(value, e->batch) || has_open_draw(e, value)) {       /* of one sample: its mean over the data */
            const Tree *mean = mean_over_data(e, t);
            v = reduce(e, e->root, NULL, mean);
            if (!v.body) continue;
            value = v.body;
        }
        Tensor *m = result(e, ROLE_METRIC, unused(metrics, metric_name(t)), value, NULL, t->span);
        if (m) PUSH(*metrics, m);
    }
}

void output_lines(Elaborator *e, Tensors *outputs) {
    const Tree *body = statements_of(e);
    for (int k = 0; k < body->n; k++) {
        const Tree *t = body->child[k];
        if (t->kind != TREE_OUTPUT) continue;
        Value v = evaluate(e, e->root, NULL, t->child[0]);
        if (v.kind == VALUE_FUNCTION) model_error(e, e->root, t->span, "an output is an array, and this is a function");
        if (v.kind != VALUE_TENSOR || !v.body) continue;
        const char *name = t->text ? t->text : called(t->child[0]) ? called(t->child[0]) : name_of("output");
        Tensor *o = result(e, ROLE_OUTPUT, unused(outputs, name), v.body, &v, t->span);
        if (o) PUSH(*outputs, o);
    }
}

void watch_lines(Elaborator *e) {
    const Tree *body = statements_of(e);
    for (int k = 0; k < body->n; k++) {
        const Tree *t = body->child[k];
        if (t->kind != TREE_WATCH) continue;
        for (int i = 0; i < t->n; i++) {
            Value v = evaluate(e, e->root, NULL, t->child[i]);
            if (v.kind != VALUE_TENSOR || !v.body) continue;
            v = stored(e, e->root, t->child[i]->span, &v, t->child[i]->text);
            if (v.body && v.body->kind == X_READ) ((Tensor *)(uintptr_t)v.body->tensor)->watched = true;
        }
    }
}
