/* What can be seen of a whole model only: values used where they are not known, and names that have no effect. */
#include "model.h"
#include <string.h>

static bool same(const char *a, const char *b) { return !strcmp(a, b); }

typedef struct Finder { Role role; bool each_epoch; const Expr *found; } Finder;
static void find_role(const Expr *x, void *data) {
    Finder *f = data;
    if (x->kind == X_READ && x->tensor->role == f->role) f->found = x;
}
static const Expr *reads_role(const Equation *q, Role role) {
    Finder f = { .role = role };
    visit_nodes(q->body, find_role, &f);
    return f.found;
}

static void find_clock(const Expr *x, void *found) {
    if (x->kind == X_READ && x->tensor->role == ROLE_SCALAR && (same(x->tensor->name, "step") || same(x->tensor->name, "epoch")))
        *(const Expr **)found = x;
}
static const Expr *reads_clock(const Equation *q) {
    const Expr *found = NULL;
    visit_nodes(q->body, find_clock, &found);
    return found;
}

static void find_next(const Expr *x, void *data) {
    Finder *f = data;
    if (x->kind == X_READ && x->tensor->role == ROLE_NEXT && x->tensor->of->each_epoch != f->each_epoch) f->found = x;
}

/* A step and the end of an epoch do not see each other's next values, and an epoch has no gradient. */
static bool check_clock(const Program *p) {
    const Equation *gradient = NULL;
    for (int k = 0; k < p->equations.n; k++) {
        const Equation *q = p->equations.at[k];
        Finder next = { .each_epoch = !same(p->name, "update") };
        visit_nodes(q->body, find_next, &next);
        if (next.found && next.each_epoch)
            error_from(q->origin, "this is computed at the end of an epoch, and reads the next value of a state that changes at each step");
        else if (next.found)
            error_from(q->origin, "this is computed at each step, and reads a next value that is there at the end of an epoch only");
        if (next.found) return false;
        if (next.each_epoch && !gradient && reads_role(q, ROLE_GRAD)) gradient = q;
    }
    if (gradient) error_from(gradient->origin, "this is computed at the end of an epoch, and there is no gradient then");
    return !gradient;
}

static bool listed(const Tensors *list, const Tensor *t) {
    for (int k = 0; k < list->n; k++) if (list->at[k] == t) return true;
    return false;
}

/* Update and average lines read what is kept, and compute the rest again; a next value of the model is gone by then. */
static bool check_kept(const Model *m, const Program *p) {
    for (int k = 0; k < p->equations.n; k++) {
        const Equation *q = p->equations.at[k];
        Exprs reads = reads_of(q->body);
        for (int i = 0; i < reads.n; i++) {
            const Tensor *t = reads.at[i]->tensor;
            bool computed = t->role == ROLE_VALUE || t->role == ROLE_NEXT;
            bool idle = (t->role == ROLE_PARAM && !listed(&m->params, t)) || (t->role == ROLE_STATE && !listed(&m->states, t));
            if (idle)
                error_from(q->origin, "this reads a %s that no loss, metric or output depends on: only an update does",
                           t->role == ROLE_PARAM ? "parameter" : "state");
            else if (computed && equation_place(p, t) < 0) error_from(q->origin, "an update reads a value of the step that is not kept until then");
            else continue;
            return false;
        }
    }
    return true;
}

static void find_draw(const Expr *x, void *found) {
    if (x->kind == X_RANDOM) *(bool *)found = true;
}

static void find_other_state(const Expr *x, void *found) {
    if (x->kind == X_READ && x->tensor->role == ROLE_STATE && !x->tensor->surveyed) *(const Expr **)found = x;
}

/* What the data are surveyed for stands before training: it reads inputs, targets and constants. */
static bool check_survey(const Equation *q) {
    const Expr *x = reads_role(q, ROLE_PARAM), *state = NULL;
    bool draws = false;
    visit_nodes(q->body, find_other_state, &state);
    visit_nodes(q->body, find_draw, &draws);
    const char *what = x ? "a parameter" : (x = state) ? "a state that training moves" : (x = reads_clock(q)) ? "a clock" : NULL;
    if (!what && !draws) return true;
    Diagnostic *d = what ? error_from(q->origin, "a first value from the data reads inputs, targets and other such states, and `%s` is %s",
                                      x->tensor->path ? x->tensor->path : x->tensor->name, what)
                         : error_from(q->origin, "a first value from the data is no matter of chance, and this is drawn");
    if (d) help(d, "the data are looked at once, before the first step");
    return false;
}

void check_program(const Model *m, const Program *p) {
    bool clocked = same(p->name, "update") || same(p->name, "average") || same(p->name, "epoch");
    if (clocked && !check_clock(p)) return;
    if (clocked && !check_kept(m, p)) return;
    for (int k = 0; k < p->equations.n; k++) {
        const Equation *q = p->equations.at[k];
        const Expr *x;
        bool pass_ends = same(p->name, "metrics") || same(p->name, "surveyed"), init = same(p->name, "init");
        if (!pass_ends && (init || q->out->role != ROLE_NEXT) && reads_role(q, ROLE_TOTAL)) {
            Diagnostic *d = error_from(q->origin, init ? "a first value from the data is that of a state, and this is none"
                                       : "this reads a value that is known at the end of the pass only, and cannot be used for one sample");
            if (d && same(p->name, "survey")) help(d, "make it the first value of a state: the next pass over the data knows that");
            else if (d && !init) help(d, "`data` reductions are for metrics and for first values of states; use `batch` in a loss");
            return;
        }
        if ((same(p->name, "survey") || same(p->name, "surveyed")) && !check_survey(q)) return;
        if (same(p->name, "metrics") && ((x = reads_role(q, ROLE_INPUT)) || (x = reads_role(q, ROLE_TARGET)))) {
            error_from(q->origin, "this mixes `%s` of one sample with what is known at the end of the pass", x->tensor->name);
            return;
        }
        if (same(p->name, "predict") && (x = reads_role(q, ROLE_TARGET))) {
            Diagnostic *d = error_from(q->origin, "an output may not depend on a target, and this reads `%s`", x->tensor->name);
            if (d) help(d, "where(predicting, ..., ...) can take another value then, such as what the model itself has said");
            return;
        }
        if (same(p->name, "predict")) for (int b = 0; b < q->n_bound; b++) if (counts_samples(q->bound[b]->count)) {
            Diagnostic *d = error_from(q->origin, "the output mixes samples: a prediction is made for each sample alone");
            if (d) help(d, "where(training, ..., ...) can take another value then, such as a state that training has kept");
            return;
        }
        if (same(p->name, "predict") && (x = reads_clock(q))) {
            Diagnostic *d = error_from(q->origin, "an output may not depend on `%s`: it is not known when the model predicts", x->tensor->name);
            if (d) help(d, "where(training, ..., ...) can take another value then");
            return;
        }
        static const char *const of_samples[] = { "gradients", "evaluate", "survey", "predict", "predict_one" };
        bool has_samples = false;
        for (size_t i = 0; i < sizeof of_samples/sizeof *of_samples; i++) has_samples = has_samples || same(p->name, of_samples[i]);
        if (!has_samples && (x = reads_role(q, ROLE_LENGTH))) {
            error_from(q->origin, "the length `%s` belongs to a call with samples, and there is none here", x->tensor->name);
            return;
        }
        if (clocked && ((x = reads_role(q, ROLE_INPUT)) || (x = reads_role(q, ROLE_TARGET)))) {
            error_from(q->origin, "an update cannot read `%s` of a sample", x->tensor->name);
            return;
        }
        if ((same(p->name, "init") || same(p->name, "begin")) && ((x = reads_role(q, ROLE_INPUT)) || (x = reads_role(q, ROLE_TARGET)))) {
            error_from(q->origin, "a first value is there before any sample is, and this reads `%s`", x->tensor->name);
            return;
        }
    }
}

static bool mentioned(const Tree *t, const char *name, const Tree *except) {
    if (t == except) return false;
    if ((t->kind == TREE_NAME || t->kind == TREE_READ || t->kind == TREE_CALL) && t->text == name) return true;
    for (int k = 0; k < t->n; k++) if (mentioned(t->child[k], name, except)) return true;
    return false;
}

/* A state of an optimizer that nothing changes. In a layer such a state is a value that is drawn once, and may be meant. */
static void warn_of_idle_states(const Scope *s) {
    const Instance *of_update = s->instance;
    while (of_update && !of_update->parameter) of_update = of_update->parent;
    for (int k = 0; of_update && k < s->names.n; k++) {
        const Name *n = s->names.at[k];
        if (n->kind != ENTRY_STATE || scope_find((Scope *)s, name_of(text("%s'", n->name)))) continue;
        Diagnostic *d = warn_from("unused", origin_at(NULL, n->span), "`%s` of `%s` keeps its first value", n->name,
                                  s->definition->text);
        if (d) help(d, "its next value is an equation: %s' = ...", n->name);
    }
}

void warn_unused(Elaborator *e, const Scope *root) {
    for (int k = 0; k < root->names.n; k++) {
        const Name *n = root->names.at[k];
        size_t length = strlen(n->name);
        bool next = length && n->name[length - 1] == '\'';
        if (n->kind == ENTRY_ARGUMENT || n->kind == ENTRY_DIMENSION || next || mentioned(root->definition->child[1], n->name, n->tree)) continue;
        const char *says = n->kind == ENTRY_INPUT ? "`%s` is never read"
                         : n->kind == ENTRY_EQUATION ? "`%s` is never used: it has no effect on the loss or an output" : "`%s` is never used";
        warn_from("unused", origin_at(NULL, n->span), says, n->name);
    }
    for (int i = 0; i < e->scopes.n; i++) {
        const Scope *s = e->scopes.at[i];
        if (s == root || s->definition->kind != TREE_FN || s->definition->span.source->library) continue;
        warn_of_idle_states(s);
        for (int k = 0; k < s->names.n; k++) {
            const Name *n = s->names.at[k];
            if ((n->kind != ENTRY_PARAM && n->kind != ENTRY_STATE) || mentioned(s->definition->child[2], n->name, n->tree)) continue;
            warn_from("unused", origin_at(NULL, n->span), "`%s` is never used in `%s`", n->name, s->definition->text);
        }
    }
}

