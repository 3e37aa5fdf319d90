/* Reductions over all parameters: sum(params) sum(g^2) is one number for all of them.
 *
 * An update line is elaborated once for each parameter, and each time meets the same reduction. What it finds there is that
 * parameter's *part*; the total of the parts is one tensor, which all of them read:
 *
 *     sum(params) sum(g^2)      ->      total = sum_of_w + sum_of_b;   sum_of_w = sum(i, j) d_w[i, j]^2;   ...
 *
 * Two uses are the same when their text is, and the calls that lead to it from the update line. `params` are all parameters
 * that are trained. A parameter of another line has a part as if this line were its own; but a state of this line it does
 * not have, and where parts depend on one the total is over the parameters of this line. */
#include "model.h"

/* The calls that lead to an instance from its update line. */
static bool same_calls(const Instance *a, const Instance *b) {
    for (; !a->parameter && !b->parameter; a = a->parent, b = b->parent)
        if (a->call != b->call || a->stage != b->stage || a->label != b->label) return false;
    return a->parameter && b->parameter && a->call == b->call;
}

static bool same_use(const Total *t, const Scope *s, const Tree *tree, bool count, const Index *const *free, int n) {
    if (t->tree != tree || t->count != count || t->tensor->rank != n || !same_calls(t->instance, s->instance)) return false;
    for (int k = 0; k < n; k++) if (t->tensor->dim[k].extent != free[k]->extent) return false;
    return true;
}

/* The total that this use reads. A function that is applied several times meets its reduction as often, in the same order
 * for each parameter: the first time a parameter has no part in is the one. */
static Total *total_of(Elaborator *e, const Scope *s, const Tree *tree, Op op, bool count, const Index *const *free, int n) {
    for (int k = 0; k < e->totals.n; k++) {
        Total *t = e->totals.at[k];
        bool has_part = false;
        for (int q = 0; q < e->parts.n; q++) has_part = has_part || (e->parts.at[q].total == t && e->parts.at[q].parameter == e->parameter);
        if (!has_part && same_use(t, s, tree, count, free, n)) return t;
    }
    Dim dims[MAX_RANK];
    for (int k = 0; k < n; k++) dims[k] = (Dim){ free[k]->extent, NULL };
    Origin *o = origin_at(s, tree->span);
    Total *t = NEW(Total);
    *t = (Total){ .tree = tree, .instance = s->instance, .op = op, .count = count, .tensor = tensor_new("", ROLE_VALUE, REAL, n, dims, o) };
    PUSH(e->totals, t);
    return t;
}

const Expr *total_over_params(Elaborator *e, Scope *s, const Tree *tree, Op op, bool count, const Expr *value) {
    const Index *free[4*MAX_RANK];
    int n = carried_indices(e, value, NULL, 0, free, 4*MAX_RANK);
    if (n < 0 || n > MAX_RANK) { model_error(e, s, tree->span, "more than %d axes", MAX_RANK); return NULL; }
    Part p = { .total = total_of(e, s, tree, op, count, free, n), .parameter = e->parameter, .value = ToReal(value), .n = n };
    const Expr *subs[MAX_RANK];
    for (int k = 0; k < n; k++) { p.free[k] = free[k]; subs[k] = At(free[k]); }
    PUSH(e->parts, p);
    return Read(p.total->tensor, subs, n);
}

/* total[i] = the parts of the parameters, in the order of the model; with `others`, those of other lines too. NULL: none. */
static const Expr *sum_of_parts(Elaborator *e, const Total *t, const Index *const *free, const Tree *line, bool others) {
    const Expr *sum = NULL, *at[MAX_RANK];
    for (int k = 0; k < t->tensor->rank; k++) at[k] = At(free[k]);
    for (int q = 0; q < e->model->params.n; q++) for (int k = 0; k < e->parts.n; k++) {
        const Part *p = &e->parts.at[k];
        if (p->total != t || p->parameter != e->model->params.at[q] || (!others && update_of(e, p->parameter) != line)) continue;
        const Expr *value = substitute(p->value, p->free, at, p->n);
        sum = sum ? Operate(t->op, sum, value) : value;
    }
    return sum ? settle_draws(e, t->tensor, free, t->tensor->rank, sum) : NULL;
}

static const Tree *line_of(const Instance *i) {
    while (!i->parameter) i = i->parent;
    return i->call;
}

static bool has_moment(const Program *p, Tensor *result) {
    Tensors results = { 0 };
    PUSH(results, result);
    Reached r = { 0 };
    reach(&r, p, &results);
    for (int k = 0; k < r.tensors.n; k++) if (r.tensors.at[k]->role == ROLE_MOMENT) return true;
    return false;
}

bool line_has_total(const Elaborator *e, const Tree *line) {
    for (int k = 0; k < e->totals.n; k++) if (line_of(e->totals.at[k]->instance) == line) return true;
    return false;
}

void finish_totals(Elaborator *e) {
    Equations equations = { 0 };
    for (int k = 0; k < e->totals.n; k++) {
        const Total *t = e->totals.at[k];
        const Index *free[MAX_RANK];
        for (int d = 0; d < t->tensor->rank; d++) free[d] = index_new("i", t->tensor->dim[d].extent, NULL);
        const Expr *sum = sum_of_parts(e, t, free, line_of(t->instance), false);
        if (!sum) { PUSH(equations, NULL); continue; }          /* of an attempt that was forgotten */
        PUSH(equations, equation_new(e->program, t->tensor, free, REDUCE_NONE, NULL, 0, sum, t->tensor->origin));
        PUSH(e->named, ((Named){ t->tensor, e->top, text("%s_%s", t->instance->label, t->tree->text), false, e->mode }));
    }
    bool *alone = NEW_ARRAY(bool, e->totals.n + 1);             /* before any is made longer: they may read each other */
    for (int k = 0; k < e->totals.n; k++) alone[k] = !equations.at[k] || has_moment(e->program, e->totals.at[k]->tensor);
    for (int k = 0; k < e->totals.n; k++) {
        const Total *t = e->totals.at[k];
        if (!alone[k]) equations.at[k]->body = sum_of_parts(e, t, equations.at[k]->free, NULL, true);
    }
}
