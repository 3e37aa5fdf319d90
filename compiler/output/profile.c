/* --profile: which call of which kernel the time goes to, and where that came from.
 *
 *     NN_PARTS(parts, thread, 32) mlp_h(parts, n, x, p->linear_w, h);
 *     clock = nn_profile_lap(&mlp_spent[thread.number][7], clock);        row 7: { "gradients", "h", "mlp.nn:5", "h[o] = ...", ...
 *
 * Each call has a row in one constant table, and each thread a row of what it has spent on each. These times are the only
 * globals that a generated file may have; no other file has them. */
#include "parts.h"
#include <string.h>

Profile *profile_new(const Module *m) {
    Profile *profile = NEW(Profile);
    profile->m = m;
    for (Entry e = 0; e < ENTRY_COUNT; e++) profile->next_of[e] = next_values(entry_program(m->model, e));
    PUSH(profile->rows, "    { \"\", \"waiting for other threads\", \"\", \"\", 0, 0 },\n");
    return profile;
}

static void put_word(Writer *w, const char *word) {
    put_string(w, word, strlen(word));
    put_text(w, ", ");
}

int profile_row(Profile *profile, Entry entry, const Function *f, const Kernel *call) {
    Writer w = { 0 }, equations = { 0 };
    for (int k = 0; k < call->equations.n; k++)
        put(&equations, "%s%s", k ? "\n" : "", equation_text(profile->next_of, entry, call->equations.at[k]));
    put_text(&w, "    { ");
    put_word(&w, entry_name[entry]);
    const Tensor *last = call->equations.at[call->equations.n - 1]->out;
    const char *name = f->name + strlen(profile->m->prefix) + 1;
    put_word(&w, f->general && last->of ? text("%s of %s", name, last->of->path ? last->of->path : last->of->name) : name);
    put_word(&w, place_of(profile->m, call->equations.at[0]));
    put_word(&w, equations.text);
    put(&w, "%.0f, %.0f },\n", call->flops, call->bytes);
    PUSH(profile->rows, w.text);
    return profile->rows.n - 1;
}

void profile_print(Writer *w, const Profile *profile) {
    const char *p = profile->m->prefix;
    put_text(w, "/* What is measured, and what each thread has spent on it. */\n");
    put(w, "static const nn_profile_row %s_profile[] = {\n", p);
    for (int k = 0; k < profile->rows.n; k++) put_text(w, profile->rows.at[k]);
    put(w, "};\nstatic nn_profile_spent %s_spent[NN_MOST_THREADS][%d];\n", p, profile->rows.n);
    put(w, "static nn_profile_spent *%s_spent_of(int k) { return %s_spent[k]; }\n\n", p, p);
}
