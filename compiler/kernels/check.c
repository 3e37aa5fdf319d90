/* Invariants of schedules, checked after the last pass. A broken one is a mistake in the compiler, and is reported as such.
 *
 *   K1  every tensor of the program that a kernel reads was written by an earlier kernel or this one, or is given
 *   K2  a tree touches only its arguments and what it declares; reads and assignments have as many subscripts as dims
 *   K3  names of loops and locals do not hide each other or an argument
 *   P1  tensors whose lives, in phases, overlap do not overlap in the arena; offsets are multiples of 16 elements
 *   P2  kernels of one phase that touch the same, where one writes it, run in order on one thread */
#include "group.h"
#include <stdio.h>

typedef struct { const Schedule *s; const Kernel *kernel; LIST(const char *) names; Tensors locals; LIST(const Index *) loops;
                 bool ok; } Check;

static void broken(Check *c, const char *rule, const char *what, const char *name) {
    fprintf(stderr, "internal error: schedule of %s: %s: kernel %s: %s %s\n", c->s->program->name, rule,
            c->kernel && c->kernel->name ? c->kernel->name : "?", what, name);
    c->ok = false;
}

static bool known(const Check *c, const Tensor *t) {
    if (t == c->kernel->first || t == c->kernel->last) return true;
    for (int k = 0; k < c->locals.n; k++)
        if (c->locals.at[k] == t) return true;
    for (int k = 0; k < c->kernel->arguments.n; k++)
        if (c->kernel->arguments.at[k] == t) return true;
    return false;
}

static void check_node_of(const Expr *e, void *data) {
    Check *c = data;
    if (e->kind == X_READ) {
        if (!known(c, e->tensor)) broken(c, "K2", "reads what it does not have:", e->tensor->name);
        if (e->n - e->guarded != e->tensor->rank) broken(c, "K2", "wrong number of subscripts of", e->tensor->name);
    } else if (e->kind == X_INDEX) {
        bool open = false;
        for (int k = 0; k < c->loops.n; k++)
            open |= c->loops.at[k] == e->index;
        if (!open) broken(c, "K2", "uses an index outside its loop:", e->index->name);
    }
}

static void check_expr(Check *c, const Expr *e) {
    if (e) visit_nodes(e, check_node_of, c);
}

static void enter(Check *c, const char *name) {
    name = name_of(name);
    for (int k = 0; k < c->names.n; k++)
        if (c->names.at[k] == name) broken(c, "K3", "hides a name:", name);
    PUSH(c->names, name);
}

static void check_block(Check *c, const Nodes *nodes) {
    int names = c->names.n, locals = c->locals.n;
    for (int k = 0; k < nodes->n; k++) {
        const Node *n = nodes->at[k];
        check_expr(c, n->from);
        check_expr(c, n->to);
        check_expr(c, n->value);
        for (int s = 0; s < n->n_subs; s++)
            check_expr(c, n->subs[s]);
        int before = c->names.n;
        if (n->kind == NODE_DECLARE) {
            PUSH(c->locals, (Tensor *)n->tensor);
            enter(c, n->tensor->name);
        } else if (n->kind == NODE_ASSIGN) {
            if (!known(c, n->tensor)) broken(c, "K2", "assigns what it does not have:", n->tensor->name);
            if (n->n_subs != n->tensor->rank) broken(c, "K2", "wrong number of subscripts of", n->tensor->name);
        } else if (n->kind == NODE_LOOP) {
            enter(c, n->index->name);
            PUSH(c->loops, n->index);
        }
        check_block(c, &n->body);
        if (n->kind == NODE_LOOP) c->loops.n--, c->names.n = before;
    }
    c->names.n = names, c->locals.n = locals;
}

static void check_arena(Check *c) {
    const Schedule *s = c->s;
    c->kernel = NULL;
    for (int a = 0; a < s->arena.n; a++) {
        const Storage *x = &s->arena.at[a];
        if (x->offset % 16) broken(c, "P1", "offset is no multiple of 16:", x->tensor->name);
        if (x->offset + x->size > (x->whole ? s->whole_size : s->arena_size)) broken(c, "P1", "leaves the arena:", x->tensor->name);
        for (int b = 0; b < a; b++) {
            const Storage *y = &s->arena.at[b];
            if (x->whole == y->whole && x->first <= y->last && y->first <= x->last &&
                x->offset < y->offset + y->size && y->offset < x->offset + x->size)
                broken(c, "P1", "overlaps another value:", x->tensor->name);
        }
    }
}

static void add_written(Node *n, void *data) {
    Tensors *written = data;
    const Tensor *t = n->gemm ? n->gemm->c : n->kind == NODE_ASSIGN ? n->tensor : NULL;
    if (t) PUSH(*written, (Tensor *)t);
}

/* Lives hold every phase in which a kernel touches the value. */
static void check_lives(Check *c) {
    const Schedule *s = c->s;
    for (int k = 0; k < s->kernels.n; k++) {
        c->kernel = s->kernels.at[k];
        for (int a = 0; a < c->kernel->actuals.n; a++) {
            const Storage *x = c->kernel->actuals.at[a] ? storage_of(s, c->kernel->actuals.at[a]) : NULL;
            if (x && (c->kernel->phase < x->first || c->kernel->phase > x->last))
                broken(c, "P1", "touches outside of its life:", x->tensor->name);
        }
    }
}

/* A value in the arena is written by the first kernel that touches it. */
static void check_order(Check *c) {
    Map known_values = {0};
    const Schedule *s = c->s;
    for (int k = 0; k < s->kernels.n; k++) {
        c->kernel = s->kernels.at[k];
        Tensors written = {0};
        walk(&c->kernel->body, add_written, &written);
        for (int a = 0; a < c->kernel->actuals.n; a++) {
            Tensor *t = (Tensor *)home_of(s, c->kernel->actuals.at[a]);
            bool found = !t || t->host || !storage_of(s, t);
            for (int w = 0; w < written.n; w++)
                found |= written.at[w] == c->kernel->arguments.at[a];
            if (found && t) map_put(&known_values, t, t);
            if (!found && !map_get(&known_values, t)) broken(c, "K1", "reads what is not computed yet:", t->name);
        }
    }
}

bool kernel_check(const Schedule *s, const Kernel *k) {
    Check c = {.s = s, .kernel = k, .ok = true};
    for (int a = 0; a < k->arguments.n; a++)
        PUSH(c.names, name_of(k->arguments.at[a]->name));
    check_block(&c, &k->body);
    return c.ok;
}

bool schedule_check(const Schedule *s) {
    Check c = {.s = s, .ok = true};
    for (int k = 0; k < s->kernels.n; k++)
        c.ok &= kernel_check(s, s->kernels.at[k]);
    check_order(&c);
    if (!phases_check(s)) broken(&c, "P2", "meets another of its phase:", s->program->name);
    check_lives(&c);
    check_arena(&c);
    return c.ok;
}
