/* A program as the text of a model, which parses and elaborates again.
 *
 * What the program is given becomes declarations: inputs and targets as they are; params and gradients as params; what
 * has a next value in the program, and every other kept number, as state. Then the equations follow, and lines for the
 * results. So the gradient program of a model is itself a model in the language:
 *
 *     model mlp_gradients {
 *         input x[784]
 *         target digit : class[10]
 *         param w[10, 784] = 0
 *         ...
 *         d_w[o, i] = sum(batch) d_z[o]*x[i]
 *         loss sum(batch) nll/batch
 *         watch d_w
 *         train batch=64
 *     } */
#include "map.h"
#include "printer.h"

typedef struct { Tensors list; Map members; } Set;
typedef struct { const Program *program; const Equation *equation; Set given, with_next, samples, read, lengths; } Gathering;

static bool holds(const Set *s, const Tensor *t) { return map_get(&s->members, t) != NULL; }

static void include(Set *s, const Tensor *t) {
    if (holds(s, t)) return;
    map_put(&s->members, t, (void *)t);
    PUSH(s->list, (Tensor *)t);
}

/* Does the read take another sample than the equation's own? */
static bool other_sample(const Equation *e, const Expr *read) {
    if (!read->tensor->rank || !counts_samples(read->tensor->dim[0].count)) return false;
    const Index *own = NULL;
    for (int k = e->n_bound - 1; k >= 0; k--)
        if (counts_samples(e->bound[k]->count)) own = e->bound[k];
    for (int k = e->n_free - 1; k >= 0; k--)
        if (counts_samples(e->free[k]->count)) own = e->free[k];
    return read->arg[0]->kind != X_INDEX || read->arg[0]->index != own;
}

static void gather_tensor(const Expr *e, void *data) {
    Gathering *g = data;
    if (e->kind != X_READ) return;
    if (e->tensor->role != ROLE_SCALAR && e->tensor->role != ROLE_LENGTH && equation_place(g->program, e->tensor) < 0) include(&g->given, e->tensor);
    include(&g->read, e->tensor);
    if (other_sample(g->equation, e)) include(&g->samples, e->tensor);
}

static Gathering gather(const Program *program) {
    Gathering g = { .program = program };
    for (int k = 0; k < program->equations.n; k++) {
        g.equation = program->equations.at[k];
        visit_nodes(g.equation->body, gather_tensor, &g);
        if (g.equation->out->role == ROLE_NEXT && g.equation->out->of) include(&g.with_next, g.equation->out->of);
    }
    for (int k = 0; k < g.with_next.list.n; k++) include(&g.given, g.with_next.list.at[k]);
    return g;
}

/* [128, 784], without the batch; nothing for a number. A length says its largest value where it stands first. */
static void put_dims(Writer *w, Set *lengths, const Tensor *t) {
    int first = t->rank > 0 && counts_samples(t->dim[0].count);
    for (int k = first; k < t->rank; k++) {
        const Dim d = t->dim[k];
        put(w, "%s%s", k == first ? "[" : ", ", dim_text(d));
        if (d.count && !holds(lengths, d.count)) put(w, " <= %lld", (long long)d.extent);
        if (d.count) include(lengths, d.count);
    }
    if (t->rank > first) put_text(w, "]");
}

static void put_type(Writer *w, const Tensor *t) {
    if (t->byte) put_text(w, " : byte");
    else if (t->type == INT && t->lo == 0 && t->hi < INT64_MAX) put(w, " : class[%lld]", (long long)t->hi + 1);
    else if (t->type != REAL) put_text(w, " : int");
}

static double first_value(const Model *m, const Tensor *t) {
    for (int k = 0; k < m->hypers.n; k++)
        if (m->hypers.at[k] == t && m->hyper_defaults) return m->hyper_defaults[k];
    return t->initial;
}

static void put_declarations(const Printer *p, const Model *m, Gathering *g) {
    Writer *w = p->w;
    for (int k = 0; k < m->inputs.n; k++) {
        const Tensor *t = m->inputs.at[k];
        if (!holds(&g->given, t)) continue;
        put(w, "    %s %s", t->role == ROLE_INPUT ? "input" : "target", tensor_text(p, t));
        put_dims(w, &g->lengths, t);
        put_type(w, t);
        put_text(w, "\n");
    }
    for (int k = 0; k < g->given.list.n; k++) {
        const Tensor *t = g->given.list.at[k];
        if (t->role == ROLE_INPUT || t->role == ROLE_TARGET) continue;
        bool param = (t->role == ROLE_PARAM || t->role == ROLE_GRAD) && !holds(&g->with_next, t);
        put(w, "    %s %s", param ? "param" : "state", tensor_text(p, t));
        put_dims(w, &g->lengths, t);
        put_text(w, " = ");
        put_number(w, first_value(m, t));
        put_text(w, "\n");
    }
}

/* A number that nothing else reads stands in its loss or metric line. */
static bool is_inline(const Gathering *g, const Tensor *t) {
    return (t->role == ROLE_LOSS || t->role == ROLE_METRIC) && !t->rank && !t->watched && !holds(&g->read, t);
}

static void put_results(Printer *p, const Gathering *g, const Model *m) {
    Writer *w = p->w;
    const Equations *list = &p->program->equations;
    Set results = { 0 };
    bool watched = false;
    for (int k = 0; k < p->program->results.n; k++) include(&results, p->program->results.at[k]);
    for (int k = 0; k < list->n; k++) {
        const Tensor *t = list->at[k]->out;
        const char *word = t->role == ROLE_LOSS ? "loss" : t->role == ROLE_OUTPUT ? "output" : "metric";
        if (t->role != ROLE_LOSS && t->role != ROLE_OUTPUT && t->role != ROLE_METRIC) continue;
        put(w, "    %s ", word);
        if (!is_inline(g, t)) put_text(w, tensor_text(p, t));
        else {
            if (t->role == ROLE_METRIC) put(w, "%s = ", tensor_text(p, t));
            print_value(p, list->at[k]);
        }
        put_text(w, "\n");
    }
    for (int k = 0; k < list->n; k++) {
        const Tensor *t = list->at[k]->out;
        if (t->role != ROLE_GRAD && !t->watched && !(t->role == ROLE_VALUE && holds(&results, t))) continue;
        put(w, "%s%s", watched ? ", " : "    watch ", tensor_text(p, t));
        watched = true;
    }
    if (watched) put_text(w, "\n");
    put(w, "    train batch=%lld", (long long)m->batch);
    for (int k = 0; k < m->n_train; k++) {
        put(w, ", %s=", m->train[k].name);
        put_number(w, m->train[k].value);
    }
    put_text(w, "\n");
}

void model_print(Writer *w, const Model *m, const Program *program, const char *name) {
    Printer p = { .w = w, .program = program, .model = true };
    Gathering g = gather(program);
    printer_names(&p, program_names(program));
    put(w, "model %s {\n", name);
    put_declarations(&p, m, &g);
    for (int k = 0; k < g.samples.list.n; k++) {
        const char *whole = tensor_text(&p, g.samples.list.at[k]);
        put(w, "    %s_samples = samples(%s)\n", whole, whole);
    }
    for (int k = 0; k < program->equations.n; k++) {
        if (is_inline(&g, program->equations.at[k]->out)) continue;
        put_text(w, "    ");
        print_equation(&p, program->equations.at[k]);
        put_text(w, "\n");
    }
    put_results(&p, &g, m);
    put_text(w, "}\n");
}
