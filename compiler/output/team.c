/* Entry points that threads share. The entry point checks the call, computes its numbers, and hands both to the team as a
 * struct; every thread of the team then runs the same function:
 *
 *     static void mlp_gradients_share(const void *handed, nn_thread thread) {
 *         const mlp_gradients_call *const call = handed;
 *         mlp *const m = call->m;
 *         ...
 *         NN_PARTS(parts, thread, 32) mlp_h(parts, n, x, p->linear_w, h);        each thread some of the 32 parts
 *         nn_wait(thread);                                                       all of h is there
 *         if (nn_mine(thread, 0))
 *             mlp_loss(n, h, loss);                                              one thread
 *         if (nn_mine(thread, 1))
 *             mlp_right(n, h, right);                                            another, if there is one
 *     }
 *
 * Which kernels have parts and where the barriers stand is the schedule's (kernels/barriers.c). The last barrier is the
 * team's own: nn_on_team returns when all have ended. Numbers are computed before, as kernels may replace what they are
 * computed from, and what outlives the call is stored after it. */
#include "body.h"
#include <string.h>

typedef struct Handed { const char *type, *name; } Handed;      /* type: with the `*` of pointers */
typedef LIST(Handed) HandedList;

static const char *pointer_to(const char *type, bool constant) { return text("%s%s *", constant ? "const " : "", type); }

/* All that the entry point knows by a name of its own. */
static HandedList known(const Body *b) {
    const Module *m = b->m;
    const Struct *of = b->l->of;
    HandedList list = { 0 };
    bool loss = b->entry == ENTRY_GRADIENTS || b->entry == ENTRY_EVALUATE || b->entry == ENTRY_SURVEY;
    Tensors inputs = model_inputs(m->model, !b->predicts);
    if (!b->predicts) PUSH(list, ((Handed){ pointer_to(m->prefix, false), "m" }));
    if (b->predicts && of[STRUCT_PARAMS].members.n)
        PUSH(list, ((Handed){ pointer_to(struct_name(m, b->l, STRUCT_PARAMS), true), "p" }));
    if (b->predicts && of[STRUCT_STATE].members.n)
        PUSH(list, ((Handed){ pointer_to(struct_name(m, b->l, STRUCT_STATE), true), "s" }));
    if (b->predicts && of[STRUCT_MEMORY].members.n)
        PUSH(list, ((Handed){ pointer_to(struct_name(m, b->l, STRUCT_MEMORY), false), "memory" }));
    if (b->predicts) PUSH(list, ((Handed){ pointer_to(struct_name(m, b->l, STRUCT_PREDICT_WORK), false), "work" }));
    if (loss || b->entry == ENTRY_PREDICT) PUSH(list, ((Handed){ "int ", "n" }));
    for (int k = 0; (loss || b->predicts) && k < m->model->lengths.n; k++)
        PUSH(list, ((Handed){ "int ", public_name(m, m->model->lengths.at[k]) }));
    for (int k = 0; (loss || b->predicts) && k < inputs.n; k++)
        PUSH(list, ((Handed){ pointer_to(public_type(inputs.at[k]), true), public_name(m, inputs.at[k]) }));
    for (int k = 0; b->predicts && k < m->model->outputs.n; k++) {
        const Tensor *out = m->model->outputs.at[k];
        PUSH(list, ((Handed){ pointer_to(public_type(out), false), public_name(m, out) }));
    }
    for (int k = 0; k < b->number_name.n; k++)
        PUSH(list, ((Handed){ text("%s ", b->number_type.at[k]), b->number_name.at[k] }));
    return list;
}

/* What the threads run, without what they are handed. */
static const char *shared_text(const Body *b) {
    Writer w = { 0 };
    print_memory_names(&w, b);
    put_text(&w, "\n");
    put_text(&w, b->calls.text);
    return w.text;
}

static HandedList handed(const Body *b, const char *code) {
    HandedList all = known(b), list = { 0 };
    for (int k = 0; k < all.n; k++)
        if (mentions(code, all.at[k].name)) PUSH(list, all.at[k]);
    return list;
}

static const char *call_type(const Body *b) { return text("%s_%s_call", b->m->prefix, entry_name[b->entry]); }
static const char *share_name(const Body *b) { return text("%s_%s_share", b->m->prefix, entry_name[b->entry]); }

void print_share(Writer *w, const Body *b) {
    if (!b->shared) return;
    const char *code = shared_text(b), *type = call_type(b);
    HandedList list = handed(b, code);
    put(w, "/* A call of %s, as the threads of a team get it. */\n", entry_name[b->entry]);
    put(w, "typedef struct %s {\n", type);
    for (int k = 0; k < list.n; k++) put(w, "    %s%s;\n", list.at[k].type, list.at[k].name);
    put(w, "} %s;\n\n", type);
    put_text(w, "/* What each thread does: some of the parts of a kernel, or all of one that is its own to run. */\n");
    put_line(w, 0, text("static void %s(const void *%s, nn_thread %s) {", share_name(b), b->handed, b->thread));
    put(w, "    const %s *const %s = %s;\n", type, b->call, b->handed);
    for (int k = 0; k < list.n; k++) {
        const Handed *h = &list.at[k];
        bool pointer = h->type[strlen(h->type) - 1] == '*';
        const char *type_and_name = text("%s%s%s%s", pointer ? "" : "const ", h->type, pointer ? "const " : "", h->name);
        put_line(w, 1, text("%s = %s->%s;", type_and_name, b->call, h->name));
    }
    put_text(w, code);
    put_text(w, "}\n\n");
}

void print_handing(Writer *w, const Body *b) {
    HandedList list = handed(b, shared_text(b));
    Writer values = { 0 };
    for (int k = 0; k < list.n; k++) put(&values, "%s%s", k ? ", " : "", list.at[k].name);
    const Model *model = b->m->model;
    bool averages = model->averages.n && b->entry == ENTRY_EVALUATE;
    if (!b->predicts && mentions(b->numbers.text, "p"))
        put(w, "    const %s *const p = &m->%s;\n", struct_name(b->m, b->l, STRUCT_PARAMS), averages ? "average" : "params");
    if (!b->predicts && mentions(b->numbers.text, "s"))
        put(w, "    const %s *const s = &m->state;\n", struct_name(b->m, b->l, STRUCT_STATE));
    put_text(w, b->numbers.text);
    put_line(w, 1, text("const %s %s = { %s };", call_type(b), b->call, values.text));
    put(w, "    nn_on_team(%s, &%s);\n", share_name(b), b->call);
}
