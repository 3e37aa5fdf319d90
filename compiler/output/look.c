/* --trap, inside of the entry points: looking at what a call begins with, and after each kernel at what it has stored.
 *
 *     mlp_h(n, x, p->linear_w, h);
 *     nn_trap_look(&m->trap, mlp_traps, 7, counts, h);
 *     if (m->trap.found.row) {
 *         if (m->trap.found.row == 7) {
 *             nn_trap_read(&m->trap, mlp_traps, 1, counts, x);          ranges of what the equation has read, for the message
 *         }
 *         return (double)NAN;
 *     }
 *
 * trap.c has the rows; runtime/nn_trap.h does the looking. */
#include "body.h"

static const char *pointer_text(Body *b, const Tensor *t) {
    if (t->role == ROLE_INPUT || t->role == ROLE_TARGET) return public_name(b->m, t);
    const Storage *storage = storage_of(b->m->schedule[b->entry], t);
    const char *place = struct_place(b, t, true);
    if (place) return t->rank ? place : text("&%s", place);
    return storage ? arena_place(b, t, storage) : internal_error(t);
}

static void print_look(Body *b, const char *verb, int depth, int row, const Tensor *t) {
    put_line(&b->calls, depth, text("nn_trap_%s(&m->trap, %s_traps, %d, %s, %s);", verb, b->m->prefix, row,
                                    b->entry == ENTRY_UPDATE ? "NULL" : b->counts, pointer_text(b, t)));
}

static const char *stop_text(const Body *b) { return b->entry == ENTRY_UPDATE ? "return" : "return (double)NAN"; }

/* Tensors whose elements are nn_real, and which are the kernel's own to read or write. The last value of a metric is no
 * number before the first pass, as it should be. */
static bool is_looked_at(const Tensor *t) {
    bool metric = t && t->role == ROLE_MOMENT && t->of;
    return t && !metric && is_stored(t) && element_type(t) == C_REAL;
}

/* What a call begins with: what is handed in, and what the instance holds. */
void print_given(Body *b) {
    const Model *model = b->m->model;
    const Tensors *update[] = { &model->moments }, *others[] = { &model->inputs, &model->params, &model->states };
    const Tensors **lists = b->entry == ENTRY_UPDATE ? update : others;
    if (b->entry != ENTRY_UPDATE) {
        b->counts = name_add(b->scope.names, "counts");
        put(&b->calls, "    const int64_t %s[] = { n", b->counts);
        for (int k = 0; k < model->lengths.n; k++) put(&b->calls, ", %s", public_name(b->m, model->lengths.at[k]));
        put_text(&b->calls, " };\n");
    }
    put_text(&b->calls, "    nn_trap_start(&m->trap);\n");
    for (int i = 0; i < (b->entry == ENTRY_UPDATE ? 1 : 3); i++)
        for (int k = 0; k < lists[i]->n; k++)
            if (is_looked_at(lists[i]->at[k])) print_look(b, "look", 1, trap_given(b->traps, lists[i]->at[k]), lists[i]->at[k]);
    const Schedule *schedule = b->m->schedule[b->entry];
    for (int k = 0; k < schedule->host.n; k++) {
        const Equation *e = schedule->host.at[k];
        const Binding *number = binding(&b->scope, e->out);
        if (e->out->type != REAL || number->type != C_DOUBLE) continue;
        put_line(&b->calls, 1, text("nn_trap_number(&m->trap, %s_traps, %d, %s);", b->m->prefix,
                                    trap_row(b->traps, b->entry, e, e->out), number->text));
    }
    put(&b->calls, "    if (m->trap.found.row) %s;\n\n", stop_text(b));
}

/* The ranges of what e has read, for the message; `row`: of e. */
static void print_ranges(Body *b, const Function *f, const Kernel *k, const Equation *e, int row) {
    Exprs reads = reads_of(e->body);
    bool any = false;
    for (int a = 0; a < k->arguments.n; a++) {
        const Tensor *t = k->actuals.n ? k->actuals.at[a] : k->arguments.at[a];
        const Equation *from = NULL;
        bool read = false, given = false;
        for (int r = 0; r < reads.n; r++) read = read || same_name(reads.at[r]->tensor, t);
        if (!read || !is_looked_at(t) || (f->argument[a].written && t->role != ROLE_VALUE)) continue;
        for (int i = 0; i < b->m->schedule[b->entry]->kernels.n && !from; i++)
            from = trap_equation(b->m->schedule[b->entry]->kernels.at[i], t);
        given = t->role != ROLE_VALUE && t->role != ROLE_GRAD;
        if (!given && !from) continue;
        if (!any) put(&b->calls, "        if (m->trap.found.row == %d) {\n", row);
        any = true;
        print_look(b, "read", 3, given ? trap_given(b->traps, t) : trap_row(b->traps, b->entry, from, t), t);
    }
    if (any) put_text(&b->calls, "        }\n");
}

void print_looks(Body *b, const Functions *functions, const Kernel *k) {
    const Function *f = function_of(functions, k);
    LIST(const Equation *) seen = { 0 };
    LIST(int) rows = { 0 };
    for (int q = 0; q < k->equations.n; q++)
        for (int a = 0; a < k->arguments.n; a++) {
            const Tensor *t = k->actuals.n ? k->actuals.at[a] : k->arguments.at[a];
            if (!is_looked_at(t) || !f->argument[a].written || trap_equation(k, t) != k->equations.at[q]) continue;
            PUSH(seen, k->equations.at[q]);
            PUSH(rows, trap_row(b->traps, b->entry, k->equations.at[q], t));
            print_look(b, "look", 1, rows.at[rows.n - 1], t);
        }
    if (!rows.n) return;
    put_text(&b->calls, "    if (m->trap.found.row) {\n");
    for (int i = 0; i < rows.n; i++) print_ranges(b, f, k, seen.at[i], rows.at[i]);
    put(&b->calls, "        %s;\n    }\n", stop_text(b));
}
