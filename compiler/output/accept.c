/* What a call is checked for: the number of samples, and integers against their declared ranges.
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
    for (int k = 0; k < list.n; k++)
        if (is_ranged(list.at[k])) put(&head, ", const %s *%s", public_type(list.at[k]), public_name(m, list.at[k]));
    put(w, "/* Whether a call may run: n is in 1 .. %s_BATCH, and integers are in their declared ranges. */\n",
        name_upper(m->prefix));
    put_line(w, 0, text("%s) {", head.text));
    put(w, "    if (n < 1 || n > %s_BATCH) return 0;\n", name_upper(m->prefix));
    Names *names = names_new(NULL);
    for (int k = 0; k < list.n; k++) name_take(names, public_name(m, list.at[k]));
    const char *i = name_add(names, "k");
    for (int k = 0; k < list.n; k++) {
        const Tensor *t = list.at[k];
        int64_t each = 1;
        for (int d = 1; d < t->rank; d++) each *= t->dim[d].extent;
        if (!is_ranged(t)) continue;
        bool wide = each > INT32_MAX / m->model->batch;
        const char *name = public_name(m, t), *count = each == 1 ? "n" : text("%sn * %" PRId64, wide ? "(int64_t)" : "", each);
        Writer test = { 0 };
        if (t->lo > (t->byte ? 0 : INT32_MIN)) put(&test, "%s[%s] < %" PRId64, name, i, t->lo);
        if (t->hi < (t->byte ? 255 : INT32_MAX)) put(&test, "%s%s[%s] > %" PRId64, test.length ? " || " : "", name, i, t->hi);
        put(w, "    for (%s %s = 0; %s < %s; %s++)\n        if (%s) return 0;\n", wide ? "int64_t" : "int", i, i, count, i,
            test.text);
    }
    put_text(w, "    return 1;\n}\n\n");
}

/* The statement that refuses a call; n: the number of samples as the function knows it. */
const char *check_text(const Module *m, bool targets, const char *n, const char *failed) {
    bool one = strcmp(n, "1") == 0;
    if (!any_ranged(m, targets))
        return one ? "" : text("    if (n < 1 || n > %s_BATCH) return%s;\n", name_upper(m->prefix), failed);
    Tensors list = model_inputs(m->model, targets);
    Writer w = { 0 };
    put(&w, "    if (!%s_accepts%s(%s", m->prefix, targets ? "" : "_inputs", n);
    for (int k = 0; k < list.n; k++)
        if (is_ranged(list.at[k])) put(&w, ", %s", public_name(m, list.at[k]));
    put(&w, ")) return%s;\n", failed);
    return w.text;
}
