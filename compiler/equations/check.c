/* The invariants of a program, looked at after a pass. What is broken is an error of the compiler, not of the user.
 *
 * E1 one equation a tensor, E2 reductions at the root, E3 plain left sides, E4 reads inside or guarded, E5 the batch stands
 * first and only where it may, E6 scans, E7 the order of computation. */
#include "program.h"
#include <stdio.h>

typedef struct { const Program *program; const char *pass; const Equation *equation; bool good; } Check;

static void broken(Check *c, const char *invariant, const char *what) {
    Writer w = { 0 };
    if (!c->good) return;
    c->good = false;
    equation_print(&w, c->equation);
    fprintf(stderr, "nnc: internal error: after %s, %s of program %s: %s\n    %s\n", c->pass, invariant, c->program->name,
            what, w.text);
}

static bool is_own(const Equation *e, const Index *i) {
    for (int k = 0; k < e->n_free; k++)
        if (e->free[k] == i) return true;
    for (int k = 0; k < e->n_bound; k++)
        if (e->bound[k] == i) return true;
    return false;
}

static void check_node(const Expr *x, void *data) {
    Check *c = data;
    if (x->kind == X_INDEX && !is_own(c->equation, x->index)) broken(c, "E2", "an index is bound nowhere");
    if (x->kind == X_SUM)
        for (int k = 0; k < x->n; k++)
            if (x->arg[k]->type == REAL || !x->factor[k]) broken(c, "E2", "a sum of integers is not in normal form");
    if (x->kind != X_READ) return;
    if (x->n != x->tensor->rank + x->guarded) broken(c, "E4", "a read has another number of subscripts than its tensor");
    for (int k = 0; k < x->tensor->rank; k++)
        if (x->arg[k]->type == REAL) broken(c, "E4", "a subscript is not an integer");
    if (!x->guarded && !read_proved(x)) broken(c, "E4", "a read may leave its tensor");
}

static void check_left(Check *c) {
    const Equation *e = c->equation;
    const Tensor *t = e->out;
    if (equation_of(c->program, t) != e) broken(c, "E1", "a tensor has two equations");
    if ((e->op == REDUCE_NONE) != (e->n_bound == 0)) broken(c, "E2", "a reduction without indices, or indices without one");
    for (int k = 0; k < e->n_bound; k++)
        for (int j = 0; j < k; j++)
            if (e->bound[j] == e->bound[k]) broken(c, "E2", "an index is bound twice");
    if (e->n_free != t->rank) broken(c, "E3", "free indices and dims differ in number");
    for (int k = 0; k < e->n_free; k++) {
        if (!same_dim(dim_of(e->free[k]), t->dim[k]))
            broken(c, "E3", "a free index runs over another extent than its dim");
        for (int j = 0; j < k; j++)
            if (e->free[j] == e->free[k]) broken(c, "E3", "a free index stands twice");
        for (int j = 0; j < e->n_bound; j++)
            if (e->bound[j] == e->free[k]) broken(c, "E3", "an index is free and bound");
    }
    if ((t->type == REAL) != (e->body->type == REAL) && e->op != REDUCE_ARGMAX && e->op != REDUCE_ARGMIN)
        broken(c, "E2", "the types of a tensor and of its values differ");
    bool kept = t->role == ROLE_PARAM || t->role == ROLE_STATE || t->role == ROLE_MOMENT || t->role == ROLE_GRAD
             || t->role == ROLE_AVERAGE || (t->role == ROLE_NEXT && !(t->of && t->of->role == ROLE_MEMORY)) || t->role == ROLE_TOTAL
             || t->role == ROLE_LOSS || t->role == ROLE_METRIC;
    for (int k = 0; k < t->rank; k++)
        if (t->dim[k].count && kept) broken(c, "E5", "the batch or a length stands where it may not");
}

/* A read of the same scan must be of another time, or of an equation that stands before. */
static bool same_time(const Equation *reader, const Equation *read, const Expr *x) {
    int dim = 0;
    while (dim < read->n_free && read->free[dim] != read->scan_index) dim++;
    return dim < read->n_free && x->arg[dim] == At(reader->scan_index);
}

static void check_order(Check *c, int place) {
    const Equation *e = c->equation;
    if (e->scan) {
        bool own = false;
        for (int k = 0; k < e->n_free; k++) own |= e->free[k] == e->scan_index;
        if (!own) broken(c, "E6", "the time of a scan is none of the free indices");
    }
    Exprs reads = reads_of(e->body);
    for (int k = 0; k < reads.n; k++) {
        int from = equation_place(c->program, reads.at[k]->tensor);
        if (from < 0 || from < place) continue;
        const Equation *read = c->program->equations.at[from];
        if (!e->scan || read->scan != e->scan) broken(c, "E7", "an equation stands before one that it reads");
        else if (same_time(e, read, reads.at[k])) broken(c, "E6", "a scan reads a value before it is there");
    }
}

bool program_check(const Program *p, const char *pass) {
    Check c = { p, pass, NULL, true };
    int last_scan = 0;
    for (int k = 0; k < p->equations.n && c.good; k++) {
        c.equation = p->equations.at[k];
        check_left(&c);
        visit_nodes(c.equation->body, check_node, &c);
        check_order(&c, k);
        int scan = c.equation->scan;
        if (scan && scan != last_scan)
            for (int j = 0; j < k; j++)
                if (p->equations.at[j]->scan == scan) broken(&c, "E7", "a scan does not stand together");
        last_scan = scan;
    }
    return c.good;
}
