/* trap.c: what a program that `nnc --trap` made has seen, in words.
 *
 *     equation `logits` gave NaN at [4] of sample 13
 *         net.nn:7, through layers.nn:8: logits[o] = linear_b[o] + linear_sum[o]
 *         it read linear_b in -0.1 .. 0.2, linear_sum in -3.2e+38 .. 1.8e+38
 *
 * An infinity is reported where it reached a result, under the name of the equation that it first came from.
 *
 * SPDX-License-Identifier: 0BSD */
#include "trap.h"
#include <inttypes.h>
#include <string.h>

const nn_trap *nn_trap_of(const nn_model *m, const void *instance) {
    return m->n_traps ? (const nn_trap *)(const void *)((const char *)instance + m->trap_offset) : NULL;
}

bool nn_trapped(const nn_model *m, const void *instance) {
    const nn_trap *t = nn_trap_of(m, instance);
    return t && t->found.row;
}

static void put_element(const nn_trap_row *r, const nn_trap_find *find, char *text, size_t size) {
    int first = r->counted[0] != 0, last = r->rank - (r->flags & NN_TRAP_BLOCKS ? 1 : 0);
    for (int d = first; d < last; d++)
        nn_append(text, size, "%s%" PRId64 "%s", d == first ? " at [" : ", ", find->index[d], d + 1 == last ? "]" : "");
    if (first) nn_append(text, size, " %s sample %" PRId64, first < last ? "of" : "for", find->index[0]);
}

/* equation `h`, but: the loss */
static void put_name(const nn_trap_row *r, char *text, size_t size) {
    if (strcmp(r->what, r->name) == 0) nn_append(text, size, "the %s", r->what);
    else nn_append(text, size, "%s `%s`", r->what, r->name);
}

static void put_find(const nn_model *m, const nn_trap_find *find, char *text, size_t size) {
    static const char *const kinds[] = { "", "NaN", "an infinity", "a number below the normal range (a denormal)" };
    const nn_trap_row *r = &m->traps[find->row - 1];
    put_name(r, text, size);
    nn_append(text, size, " %s %s", r->flags & NN_TRAP_GIVEN ? "holds" : "gave", kinds[find->kind]);
    put_element(r, find, text, size);
}

static void put_place(const nn_model *m, const nn_trap_find *find, char *text, size_t size) {
    const nn_trap_row *r = &m->traps[find->row - 1];
    nn_append(text, size, "\n    %s%s%s", r->place, *r->equation ? ": " : "", r->equation);
}

static void put_reads(const nn_model *m, const nn_trap *t, char *text, size_t size) {
    for (int64_t k = 0; k < t->reads; k++)
        nn_append(text, size, "%s%s in %.6g .. %.6g", k ? ", " : "\n    it read ", m->traps[t->read[k] - 1].name, t->low[k],
                  t->high[k]);
}

static const nn_trap_find *cause_of(const nn_trap *t) {
    return t->found.kind == NN_TRAP_INFINITE && t->before.kind == NN_TRAP_INFINITE && t->before.row ? &t->before : &t->found;
}

void nn_trap_text(const nn_model *m, const void *instance, char *text, size_t size) {
    const nn_trap *t = nn_trap_of(m, instance);
    text[0] = 0;
    if (!t || !t->found.row) return;
    const nn_trap_find *cause = cause_of(t);
    bool passed_on = cause != &t->found && cause->row != t->found.row;
    put_find(m, cause, text, size);
    if (passed_on) {
        nn_append(text, size, ", which reached ");
        put_name(&m->traps[t->found.row - 1], text, size);
    }
    put_place(m, cause, text, size);
    if (!passed_on) put_reads(m, t, text, size);
    if (cause == &t->found && t->before.row) {
        nn_append(text, size, "\n    before it, ");
        put_find(m, &t->before, text, size);
        put_place(m, &t->before, text, size);
    }
}

/* Which sample of the data the find is about. */
static void put_sample(const nn_model *m, const nn_trap_find *find, const nn_batches *b, char *text, size_t size) {
    if (!m->traps[find->row - 1].counted[0] || find->index[0] >= b->given) return;
    int64_t line;
    nn_append(text, size, "\n    sample %" PRId64 " of this batch is ", find->index[0]);
    int64_t sample = nn_batches_sample(b, (int)find->index[0], text, size);
    for (int k = 0; k < b->n_tensors; k++) {
        const char *file = nn_array_file(&b->data->arrays[k], sample);
        if (file) nn_append(text, size, "; %s: %s", b->tensors[k].name, file);
        if (nn_array_line(&b->data->arrays[k], sample, &line))
            nn_append(text, size, "; %s: line %" PRId64 " of its file", b->tensors[k].name, line);
    }
}

void nn_trap_small_text(const nn_model *m, const void *instance, const nn_batches *b, char *text, size_t size) {
    const nn_trap *t = nn_trap_of(m, instance);
    text[0] = 0;
    if (!t || !t->small.row) return;
    put_find(m, &t->small, text, size);
    put_place(m, &t->small, text, size);
    put_sample(m, &t->small, b, text, size);
}

bool nn_trap_failure(const nn_model *m, const void *instance, const nn_batches *b, const char *when, const char *after,
                     nn_failure *f) {
    char text[1800];
    nn_trap_text(m, instance, text, sizeof text);
    put_sample(m, cause_of(nn_trap_of(m, instance)), b, text, sizeof text);
    return nn_fail(f, "%s: %s%s", when, text, after);
}
