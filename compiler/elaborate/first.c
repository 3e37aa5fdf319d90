/* First values: the program that fills parameters and states before the first step.
 *
 * A first value is elaborated where it is declared. It may read other parameters and what the model makes of them; these
 * reads are then of first values too. */
#include "model.h"

static const Expr *to_first_values(const Expr *x, void *data) {
    const Tensors *next = data;
    if (x->kind != X_READ) return x;
    for (int k = 0; k < next->n; k++) {
        const Tensor *t = next->at[k];
        if (t->of == x->tensor) return x->guarded ? ReadElse(t, x->arg, t->rank, x->arg[t->rank]) : Read(t, x->arg, t->rank);
    }
    return x;
}

Program *first_values(Elaborator *e, const Program *model, const Tensors *owned) {
    Tensors results = { 0 };
    e->training = true;
    e->mode++;
    e->program = program_new("init");
    e->batch = NULL;
    for (int i = 0; i < e->owned.n; i++) {
        const Owned o = e->owned.at[i];
        bool wanted = false;
        for (int k = 0; k < owned->n; k++) wanted = wanted || owned->at[k] == o.tensor;
        if (!wanted || o.tree->kind != TREE_DECLARE) continue;
        Tensor *next = tensor_new("", ROLE_NEXT, REAL, o.tensor->rank, o.tensor->dim, o.tensor->origin);
        next->of = o.tensor;
        Value w = of_tensor(o.tensor, NULL, 0), v = scalar(Num(0));
        if (o.tree->n > 1) v = evaluate(e, o.scope, NULL, o.tree->child[1]);
        if (v.kind != VALUE_TENSOR || !v.body) continue;
        bool equal = v.rank == w.rank || v.rank == 0;
        for (int k = 0; equal && k < v.rank; k++) equal = v.dim[k] == w.dim[k];
        if (!equal) { model_error(e, o.scope, o.tree->child[1]->span, "`%s` is %s, and its first value is %s", o.local, shape_text(&w), shape_text(&v)); continue; }
        if (!v.rank) { const Expr *body = v.body; v = w; v.body = body; }
        PUSH(e->named, ((Named){ next, o.instance, text("%s_first", o.local), false, e->mode }));
        equation_new(e->program, next, v.axis, REDUCE_NONE, NULL, 0, settle_draws(e, next, v.axis, v.rank, ToReal(v.body)), next->origin);
        PUSH(results, next);
    }
    for (int k = 0; k < model->equations.n; k++) {              /* what a first value reads of the model (weight norm's length) */
        const Equation *x = model->equations.at[k];
        if (x->out->role == ROLE_VALUE && !equation_of(e->program, x->out)) equation_new(e->program, x->out, x->free, x->op, x->bound, x->n_bound, x->body, x->origin);
    }
    for (int k = 0; k < e->program->equations.n; k++) {
        Equation *x = e->program->equations.at[k];
        x->body = transform(x->body, to_first_values, &results);
    }
    return cut(e->program, "init", &results);
}
