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

/* The first value that a declaration gives, over the axes of `shape`. Bad: an error was reported. A memory's is one for all
 * samples. */
Value declared_first(Elaborator *e, Scope *s, const Tree *declaration, const Value *shape) {
    Value v = scalar(Num(0));
    const Tree *text_of = declaration->child[declaration->n - 1];
    if (declaration->n > 1) v = evaluate(e, s, NULL, text_of);
    if (v.kind != VALUE_TENSOR || !v.body) return bad_value;
    if (v.rank && !same_shape(&v, shape)) {
        model_error(e, s, text_of->span, "`%s` is %s, and its first value is %s", declaration->text, shape_text(shape), shape_text(&v));
        return bad_value;
    }
    if (e->batch && (uses_index(v.body, e->batch) || has_open_draw(e, v.body))) {
        model_error(e, s, text_of->span, "`%s` begins before any sample is there: its first value may not depend on one, nor be drawn", declaration->text);
        return bad_value;
    }
    if (!v.rank) { const Expr *body = v.body; v = *shape; v.body = body; }
    return v;
}

/* The equation of what o is at first: a result, or with ROLE_VALUE what another first value reads of it. NULL: an error was
 * reported. */
static Tensor *first_value(Elaborator *e, const Owned *o, Role role) {
    Tensor *first = tensor_new("", role, REAL, o->tensor->rank, o->tensor->dim, o->tensor->origin);
    first->of = o->tensor;
    Value w = of_tensor(o->tensor, NULL, 0), v = w;
    if (o->tensor->surveyed) v.body = Num(0);                   /* until the data were looked at */
    else v = declared_first(e, o->scope, o->tree, &w);
    if (v.kind != VALUE_TENSOR) return NULL;
    PUSH(e->named, ((Named){ first, o->instance, text("%s_first", o->local), false, e->mode }));
    equation_new(e->program, first, v.axis, REDUCE_NONE, NULL, 0, settle_draws(e, first, v.axis, v.rank, ToReal(v.body)), first->origin);
    return first;
}

/* What stands in the elaborator's list from place *known on is added to the map from tensors to 1 + their places. */
static void note_owned(const Elaborator *e, Map *places, int *known) {
    for (; *known < e->owned.n; ++*known) map_put(places, e->owned.at[*known].tensor, (void *)(intptr_t)(*known + 1));
}

/* The data are looked at later. */
static void check_unsurveyed(const Program *p, const Tensors *results) {
    Reached r = { 0 };
    reach(&r, p, results);
    for (int k = 0; k < p->equations.n; k++) {
        const Equation *q = p->equations.at[k];
        Exprs reads = reads_of(q->body);
        for (int i = 0; reached(&r, q->out) && i < reads.n; i++) {
            if (!reads.at[i]->tensor->surveyed) continue;
            error_from(q->origin, "this first value is there before the data are looked at, and `%s` comes from them", reads.at[i]->tensor->path);
            return;
        }
    }
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
    check_unsurveyed(e->program, &results);
    for (int k = 0; k < e->program->equations.n; k++) {
        Equation *x = e->program->equations.at[k];
        x->body = transform(x->body, to_first_values, &firsts);
    }
    return cut(e->program, "init", &results);
}

/* Of a memory of one sample, in the program that predicts one. NULL: an error was reported. */
static Tensor *first_memory(Elaborator *e, const Owned *o) {
    const Tensor *t = o->tensor;
    Value shape = { .kind = VALUE_TENSOR, .rank = t->rank - 1 };
    const Index *free[MAX_RANK] = { e->batch };
    for (int k = 0; k < shape.rank; k++) {
        shape.dim[k] = t->dim[k + 1];
        shape.axis[k] = index_over("a", shape.dim[k]);
    }
    const Value v = declared_first(e, o->scope, o->tree, &shape);
    if (v.kind != VALUE_TENSOR) return NULL;
    for (int k = 0; k < v.rank; k++) free[k + 1] = v.axis[k];
    Tensor *first = tensor_new("", ROLE_NEXT, REAL, t->rank, t->dim, t->origin);
    first->of = t;
    PUSH(e->named, ((Named){ first, o->instance, text("%s_first", o->local), false, e->mode }));
    equation_new(e->program, first, free, REDUCE_NONE, NULL, 0, ToReal(v.body), first->origin);
    return first;
}

void first_memories(Elaborator *e, Tensors *results) {
    for (int i = 0; i < e->owned.n; i++) {
        const Owned o = e->owned.at[i];
        if (o.tensor->role != ROLE_MEMORY || o.part != 1) continue;
        Tensor *first = first_memory(e, &o);
        if (first) PUSH(*results, first);
    }
}
