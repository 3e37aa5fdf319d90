/* --trap: what is looked at while the program runs, and where it came from.
 *
 *     mlp_h(n, x, p->linear_w, p->linear_b, h);
 *     nn_trap_look(&m->trap, mlp_traps, 7, n, h);              row 7: { "equation", "h", "h[o] = ...", "mlp.nn:5", ...
 *
 * Every stored value of real numbers has a row in one table; rows that say the same are one. An infinity that is written
 * into the model (a mask's -inf) goes on into what is computed from it; such a value is never named as the cause of one.
 * Results stop the call at an infinity: the loss, gradients, parameters, and states, unless a state is itself given one. */
#include "../equations/map.h"
#include "parts.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { LONGEST = 300 };                 /* bytes of an equation in a message */

static void find_infinity(const Expr *e, void *found) {
    if (e->kind == X_NUM && isinf(e->num)) *(bool *)found = true;
}

static bool writes_infinity(const Equation *e) {
    bool found = false;
    visit_nodes(e->body, find_infinity, &found);
    return found;
}

/* Whether a state begins with, or is given, an infinity of the model's text: a best loss so far, say. */
static bool is_given_infinity(const Model *model, const Tensor *state) {
    const Program *programs[] = { model->init, model->gradients, model->update };
    for (size_t p = 0; p < sizeof programs / sizeof *programs; p++)
        for (int k = 0; programs[p] && k < programs[p]->equations.n; k++) {
            const Equation *e = programs[p]->equations.at[k];
            if (e->out->role == ROLE_NEXT && same_name(e->out->of, state) && writes_infinity(e)) return true;
        }
    return false;
}

static bool is_state(const Tensor *t) { return t->role == ROLE_STATE || t->role == ROLE_MOMENT; }

static void mark_meant(Traps *traps, const Program *p) {
    Map marked = { 0 };
    for (int k = 0; p && k < p->equations.n; k++) {
        const Equation *e = p->equations.at[k];
        bool meant = writes_infinity(e);
        Exprs reads = reads_of(e->body);
        for (int r = 0; r < reads.n && !meant; r++) {
            const Tensor *t = reads.at[r]->tensor;
            meant = map_get(&marked, t) || (is_state(t) && is_given_infinity(traps->m->model, t));
        }
        if (!meant) continue;
        map_put(&marked, e->out, e->out);
        PUSH(traps->meant, e->out);
    }
}

Traps *traps_new(const Module *m) {
    Traps *traps = NEW(Traps);
    traps->m = m;
    for (Entry e = 0; e < ENTRY_COUNT; e++) traps->next_of[e] = next_values(entry_program(m->model, e));
    const Entry looked[] = { ENTRY_GRADIENTS, ENTRY_UPDATE, ENTRY_EVALUATE };
    for (size_t k = 0; k < 3; k++) mark_meant(traps, entry_program(m->model, looked[k]));
    return traps;
}

static bool is_meant(const Traps *traps, const Tensor *t) {
    for (int k = 0; k < traps->meant.n; k++)
        if (traps->meant.at[k] == t) return true;
    return false;
}

static int add_row(Traps *traps, const char *row) {
    for (int k = 0; k < traps->rows.n; k++)
        if (strcmp(traps->rows.at[k], row) == 0) return k + 1;
    PUSH(traps->rows, row);
    return traps->rows.n;
}

/* `blocks`: t is kept as [block] .. [lane]. */
static void put_shape(Writer *w, const Model *m, const Tensor *t, bool blocks, const char *flags, int time) {
    put(w, "      %s, %d, {", *flags ? flags : "0", t->rank);
    for (int d = 0; d < t->rank; d++) put(w, "%s %" PRId64, d ? "," : "", t->dim[d].extent);
    put(w, "%s }, {", t->rank ? "" : " 0");
    for (int d = 0; d < t->rank; d++) {
        int length = length_number(m, t->dim[d].count);
        put(w, "%s %d", d ? "," : "", length ? 1 + length : t->dim[d].count || (blocks && !d));
    }
    put(w, "%s }, %d },\n", t->rank ? "" : " 0", time);
}

static void put_words(Writer *w, const char *what, const char *name, const char *equation, const char *place) {
    const char *all[] = { what, name, equation, place };
    put_text(w, "    { ");
    for (int k = 0; k < 4; k++) {
        put_string(w, all[k], strlen(all[k]));
        put_text(w, k == 1 && *equation ? ",\n      " : k < 3 ? ", " : ",\n");
    }
}

static const char *path_of(const Tensor *t) { return t->path ? t->path : t->name; }

int trap_given(Traps *traps, const Tensor *t) {
    Writer w = { 0 };
    const char *what = t->role == ROLE_INPUT ? "input" : t->role == ROLE_TARGET ? "target" : t->role == ROLE_PARAM ? "parameter"
                     : t->role == ROLE_MOMENT ? "state of the optimizer" : "state";
    bool given = t->role == ROLE_INPUT || t->role == ROLE_TARGET, open = is_state(t) && is_given_infinity(traps->m->model, t);
    int line = origin_line(traps->m, t->origin);
    put_words(&w, what, path_of(t), "", line ? text("%s:%d", traps->m->file, line) : traps->m->file);
    const char *more = given ? " | NN_TRAP_CAUSE" : open ? "" : " | NN_TRAP_RESULT";
    put_shape(&w, traps->m->model, t, false, text("NN_TRAP_GIVEN%s", more), -1);
    return add_row(traps, w.text);
}

/* The innermost line of the model, the lines that it was used from, and the library's lines below it from the outside in. */
static const char *whence(const Module *m, const Equation *e) {
    Writer w = { 0 };
    put_text(&w, place_of(m, e));
    LIST(const char *) below = { 0 }, above = { 0 };
    for (const Origin *o = e->origin; o; o = o->use) {
        if (!o->span.source) continue;
        const char *at = text("%s:%d", base_name(o->span.source->name), span_line(o->span));
        if (o->span.source != m->model->span.source) PUSH(below, at);
        else if (strcmp(at, w.text) != 0) PUSH(above, at);
    }
    const char *before = ", used in ", *last = "";
    for (int k = 0; k < above.n; last = above.at[k++])
        if (strcmp(above.at[k], last) != 0) put(&w, "%s%s", before, above.at[k]), before = ", ";
    before = ", through ";
    for (int k = below.n; k-- > 0; last = below.at[k])
        if (strcmp(below.at[k], last) != 0) put(&w, "%s%s", before, below.at[k]), before = ", ";
    return w.text;
}

static const char *shortened(const char *equation) {
    return strlen(equation) <= LONGEST ? equation : text("%.*s ...", LONGEST, equation);
}

const Equation *trap_equation(const Kernel *k, const Tensor *t) {
    for (int q = k->equations.n; q-- > 0;) {
        const Tensor *out = k->equations.at[q]->out;
        if (same_name(out, t) || (out->role == ROLE_NEXT && same_name(out->of, t))) return k->equations.at[q];
    }
    return NULL;
}

int trap_row(Traps *traps, Entry entry, const Equation *e, const Tensor *t) {
    Writer w = { 0 }, flags = { 0 };
    const Tensor *out = e->out;
    bool next = out->role == ROLE_NEXT && out->of, gradient = out->role == ROLE_GRAD && out->of;
    bool open = next && is_state(out->of) && is_given_infinity(traps->m->model, out->of);
    bool result = out->role == ROLE_LOSS || gradient || (next && !open);
    bool blocks = t->rank == out->rank + 1;
    int time = -1;
    for (int k = 0; e->scan && k < e->n_free; k++)
        if (e->free[k] == e->scan_index) time = k;
    put_text(&flags, "");
    const struct { bool set; const char *name; } all[] = {
        { result, "NN_TRAP_RESULT" }, { !is_meant(traps, out), "NN_TRAP_CAUSE" }, { blocks, "NN_TRAP_BLOCKS" },
        { time >= 0 && e->scan_down, "NN_TRAP_DOWN" }
    };
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        if (all[k].set) put(&flags, "%s%s", flags.length ? " | " : "", all[k].name);
    const char *what = gradient ? "gradient of" : next ? "next value of" : out->role == ROLE_LOSS ? "loss" : "equation";
    put_words(&w, what, gradient || next ? path_of(out->of) : out->name,
              shortened(equation_text(traps->next_of, entry, e)), whence(traps->m, e));
    put_shape(&w, traps->m->model, t, blocks, flags.text, time);
    return add_row(traps, w.text);
}

void traps_print(Writer *w, const Traps *traps) {
    if (!traps->rows.n) return;                                 /* a model that only predicts */
    put_text(w, "/* What is looked at after each kernel. */\n");
    put(w, "static const nn_trap_row %s_traps[] = {\n", traps->m->prefix);
    for (int k = 0; k < traps->rows.n; k++) put_text(w, traps->rows.at[k]);
    put_text(w, "};\n\n");
}
