/* First values: the program that fills parameters and states before the first step.
 *
 * A first value is elaborated where it is declared. It may read other parameters and what the model makes of them; these
 * reads are then of first values too. */
#include "model.h"

static const Expr *to_first_values(const Expr *x, void *firsts) {
    const Tensor *t = x->kind == X_READ ? map_get(firsts, x->tensor) : NULL;
    if (!t) return x;
    return x->guarded ? ReadElse(t, x->arg, t->rank, x->arg[t->rank]) : Read(t, x->arg, t->rank);
}

/* The equation of what o is at first: a result, or with ROLE_VALUE what another first value reads of it. NULL: an error was
 * reported. */
static Tensor *first_value(Elaborator *e, const Owned *o, Role role) {
    Tensor *first = tensor_new("", role, REAL, o->tensor->rank, o->tensor->dim, o->tensor->origin);
    first->of = o->tensor;
    Value w = of_tensor(o->tensor, NULL, 0), v = scalar(Num(0));
    if (o->tree->n > 1) v = evaluate(e, o->scope, NULL, o->tree->child[1]);
    if (v.kind != VALUE_TENSOR || !v.body) return NULL;
    bool equal = v.rank == w.rank || v.rank == 0;
    for (int k = 0; equal && k < v.rank; k++) equal = v.dim[k] == w.dim[k];
    if (!equal) {
        model_error(e, o->scope, o->tree->child[1]->span, "`%s` is %s, and its first value is %s", o->local, shape_text(&w),
                    shape_text(&v));
        return NULL;
    }
    if (!v.rank) { const Expr *body = v.body; v = w; v.body = body; }
    PUSH(e->named, ((Named){ first, o->instance, text("%s_first", o->local), false, e->mode }));
    equation_new(e->program, first, v.axis, REDUCE_NONE, NULL, 0, settle_draws(e, first, v.axis, v.rank, ToReal(v.body)), first->origin);
    return first;
}

/* What stands in the elaborator's list from place *known on is added to the map from tensors to 1 + their places. */
static void note_owned(const Elaborator *e, Map *places, int *known) {
    for (; *known < e->owned.n; ++*known) map_put(places, e->owned.at[*known].tensor, (void *)(intptr_t)(*known + 1));
}

Program *first_values(Elaborator *e, const Program *model, const Tensors *owned) {
    Tensors results = { 0 };
    Map wanted = { 0 }, firsts = { 0 }, places = { 0 };         /* firsts: of a parameter or state, its first value */
    int known = 0;
    e->training = true;
    e->predicting = false;
    e->mode++;
    e->program = program_new("init");
    e->batch = NULL;
    for (int k = 0; k < owned->n; k++) map_put(&wanted, owned->at[k], e);
    for (int i = 0; i < e->owned.n; i++) {
        const Owned o = e->owned.at[i];
        if (!map_get(&wanted, o.tensor) || o.tree->kind != TREE_DECLARE) continue;
        Tensor *first = first_value(e, &o, ROLE_NEXT);
        if (first) { PUSH(results, first); map_put(&firsts, o.tensor, first); }
    }
    for (int k = 0; k < model->equations.n; k++) {              /* what a first value reads of the model (weight norm's length) */
        const Equation *x = model->equations.at[k];
        if (x->out->role != ROLE_VALUE || equation_of(e->program, x->out)) continue;
        equation_new(e->program, x->out, x->free, x->op, x->bound, x->n_bound, x->body, x->origin);
    }
    for (int k = 0; k < e->program->equations.n; k++) {         /* and of what the model itself does not use */
        Exprs reads = reads_of(e->program->equations.at[k]->body);
        for (int r = 0; r < reads.n; r++) {
            note_owned(e, &places, &known);
            int place = (int)(intptr_t)map_get(&places, reads.at[r]->tensor);
            if (!place || map_get(&firsts, reads.at[r]->tensor)) continue;
            const Owned o = e->owned.at[place - 1];
            Tensor *first = o.tree->kind == TREE_DECLARE ? first_value(e, &o, ROLE_VALUE) : NULL;
            if (first) map_put(&firsts, o.tensor, first);
        }
    }
    for (int k = 0; k < e->program->equations.n; k++) {
        Equation *x = e->program->equations.at[k];
        x->body = transform(x->body, to_first_values, &firsts);
    }
    return cut(e->program, "init", &results);
}
