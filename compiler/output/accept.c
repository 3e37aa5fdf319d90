/* What a call is checked for: the number of samples, lengths, and integers against their declared ranges.
 *
 *     static int mlp_accepts(int n, const int32_t *digit) {
 *         if (n < 1 || n > MLP_BATCH) return 0;
 *         for (int k = 0; k < n; k++)
 *             if (digit[k] < 0 || digit[k] > 9) return 0;
 *         return 1;
 *     }
 *
 * A model without ranges has no such function, and its entry points look at n themselves. */
#include "body.h"
#include <inttypes.h>
#include <limits.h>
#include <string.h>

/* Whether all that callers hand in has to be looked at: integers with a declared range. */
static bool is_ranged(const Tensor *t) {
    if (t->type == REAL) return false;
    return t->byte ? t->lo > 0 || t->hi < 255 : t->lo > INT32_MIN || t->hi < INT32_MAX;
}

/* n < 1 || n > MLP_BATCH: what no call may have. */
static const char *refusal(const Module *m, bool many) {
    Writer w = { 0 };
    put_text(&w, "");
    if (many) put(&w, "n < 1 || n > %s_BATCH", name_upper(m->prefix));
    for (int k = 0; k < m->model->lengths.n; k++) {
        const char *name = public_name(m, m->model->lengths.at[k]);
        put(&w, "%s%s < 1 || %s > %s", w.length ? " || " : "", name, name, most_of(m, m->model->lengths.at[k]));
    }
    return w.text;
}

/* The loops over the cells of an input: one, or where a call gives the length of an axis one for each axis. Gives the cell. */
static const char *print_loops(Writer *w, const Module *m, Names *names, const Tensor *t, int *depth) {
    int64_t each = 1;
    bool counted = false;
    for (int d = 1; d < t->rank; d++) {
        each *= t->dim[d].extent;
        counted = counted || t->dim[d].count;
    }
    bool wide = each > INT32_MAX / m->model->batch;
    const char *type = wide ? "int64_t" : "int", *i = name_add(names, "k"), *cell = i;
    const char *all = counted || each == 1 ? "n" : text("%sn * %" PRId64, wide ? "(int64_t)" : "", each);
    put(w, "    for (%s %s = 0; %s < %s; %s++)\n", type, i, i, all, i);
    *depth = 2;
    for (int d = 1; counted && d < t->rank; d++) {
        const Tensor *length = t->dim[d].count;
        const char *k = name_add(names, "k"), *to = length ? public_name(m, length) : text("%" PRId64, t->dim[d].extent);
        put(w, "%*sfor (int %s = 0; %s < %s; %s++)\n", 4*(*depth)++, "", k, k, to, k);
        cell = text(d > 1 ? "(%s) * %" PRId64 " + %s" : "%s * %" PRId64 " + %s", cell, t->dim[d].extent, k);
    }
    return cell;
}

bool any_ranged(const Module *m, bool targets) {
    Tensors list = model_inputs(m->model, targets);
    for (int k = 0; k < list.n; k++)
        if (is_ranged(list.at[k])) return true;
    return false;
}

void print_accepts(Writer *w, const Module *m, bool targets) {
    Tensors list = model_inputs(m->model, targets);
    Writer head = { 0 };
    put(&head, "static int %s_accepts%s(int n", m->prefix, targets ? "" : "_inputs");
    for (int k = 0; k < m->model->lengths.n; k++) put(&head, ", int %s", public_name(m, m->model->lengths.at[k]));
    for (int k = 0; k < list.n; k++)
        if (is_ranged(list.at[k])) put(&head, ", const %s *%s", public_type(list.at[k]), public_name(m, list.at[k]));
    put(w, "/* Whether a call may run: n is in 1 .. %s_BATCH%s, and integers are in their declared ranges. */\n",
        name_upper(m->prefix), m->model->lengths.n ? ", lengths in theirs" : "");
    put_line(w, 0, text("%s) {", head.text));
    put_line(w, 1, text("if (%s) return 0;", refusal(m, true)));
    for (int k = 0; k < list.n; k++) {
        const Tensor *t = list.at[k];
        if (!is_ranged(t)) continue;
        Names *names = names_new(NULL);
        name_take(names, "n");
        for (int i = 0; i < list.n; i++) name_take(names, public_name(m, list.at[i]));
        for (int i = 0; i < m->model->lengths.n; i++) name_take(names, public_name(m, m->model->lengths.at[i]));
        int depth;
        const char *i = print_loops(w, m, names, t, &depth), *name = public_name(m, t);
        Writer test = { 0 };
        if (t->lo > (t->byte ? 0 : INT32_MIN)) put(&test, "%s[%s] < %" PRId64, name, i, t->lo);
        if (t->hi < (t->byte ? 255 : INT32_MAX)) put(&test, "%s%s[%s] > %" PRId64, test.length ? " || " : "", name, i, t->hi);
        put(w, "%*sif (%s) return 0;\n", 4*depth, "", test.text);
    }
    put_text(w, "    return 1;\n}\n\n");
}

/* The statement that refuses a call; n: the number of samples as the function knows it. */
const char *check_text(const Module *m, bool targets, const char *n, const char *failed) {
    bool one = strcmp(n, "1") == 0;
    const char *refused = refusal(m, !one);
    Writer w = { 0 };
    put_text(&w, "");
    if (!any_ranged(m, targets)) {
        if (*refused) put_line(&w, 1, text("if (%s) return%s;", refused, failed));
        return w.text;
    }
    Tensors list = model_inputs(m->model, targets);
    put(&w, "    if (!%s_accepts%s(%s", m->prefix, targets ? "" : "_inputs", n);
    for (int k = 0; k < m->model->lengths.n; k++) put(&w, ", %s", public_name(m, m->model->lengths.at[k]));
    for (int k = 0; k < list.n; k++)
        if (is_ranged(list.at[k])) put(&w, ", %s", public_name(m, list.at[k]));
    put(&w, ")) return%s;\n", failed);
    return w.text;
}
