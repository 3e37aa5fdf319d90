/* The header of a module: extents, structs and functions, each with what a caller has to know. Valid C11 and C++. */
#include "parts.h"
#include <inttypes.h>
#include <string.h>

static const char *header_type(CType type) { return type == C_REAL ? "nn_real" : c_type_name(type); }

static void print_member(Writer *w, const Module *m, const Layout *l, const Member *member) {
    Writer line = { 0 };
    const char *type = member->type == C_STRUCT ? struct_name(m, l, member->of) : header_type(member->type);
    if (strcmp(member->name, "seed") == 0 && !member->tensor) type = "uint64_t";
    if (member->c_type) type = member->c_type;
    put(&line, "    %s %s", type, member->name);
    for (int k = 0; k < member->rank && !member->c_type; k++) put(&line, "[%" PRId64 "]", member->dim[k]);
    put_text(&line, ";");
    const char *about = member->about, *path = member->tensor ? member->tensor->path : NULL;
    if (!about && path && strcmp(path, member->name) != 0) about = path;
    if (about) put(w, "%-44s /* %s */\n", line.text, about);
    else put(w, "%s\n", line.text);
}

static void print_struct(Writer *w, const Module *m, const Layout *l, StructKind kind) {
    const Struct *s = &l->of[kind];
    if (s->members.n == 0) return;
    const char *name = struct_name(m, l, kind);
    put(w, "/* %s %" PRId64 " bytes (%" PRId64 " in double). */\n", s->about, struct_size(l, kind, 4), struct_size(l, kind, 8));
    put(w, "typedef struct %s {\n", name);
    for (int k = 0; k < s->members.n; k++) print_member(w, m, l, &s->members.at[k]);
    put(w, "} %s;\n\n", name);
}

/* Of axes with room for more than a call has: how many places count. */
static const char *first_of(const Module *m, const Tensor *t) {
    Writer w = { 0 };
    put_text(&w, "");
    for (int k = 1; k < t->rank; k++)
        if (t->dim[k].count) put(&w, "%s%s", w.length ? " and " : ", of which the first ", public_name(m, t->dim[k].count));
    return w.length ? text("%s count", w.text) : w.text;
}

/* What the caller hands in, and in which order its numbers stand. */
static void print_data(Writer *w, const Module *m) {
    const Model *model = m->model;
    put_text(w, "/* Arrays that are handed in hold one sample behind the other, each row by row:\n");
    Tensors inputs = model_inputs(model, true);
    for (int turn = 0; turn < 2; turn++) {
        const Tensors *list = turn == 0 ? &inputs : &model->outputs;
        for (int k = 0; k < list->n; k++) {
            const Tensor *t = list->at[k];
            Writer range = { 0 };
            put_text(&range, "");
            if (t->type != REAL && !t->byte && t->lo > INT32_MIN)
                put(&range, ", whole numbers %" PRId64 " .. %" PRId64, t->lo, t->hi);
            if (t->byte) put_text(&range, ", bytes");
            const char *shape = t->rank > 1 ? c_dims(t, 1) : "a number", *out = turn == 0 ? "" : "out, ";
            put_comment(w, " *     ", text("%-12s %s%s%s%s", t->name, out, shape, first_of(m, t), range.text), "");
        }
    }
    for (int k = 0; k < model->lengths.n; k++) {
        const char *name = public_name(m, model->lengths.at[k]);
        put(w, " * %s is 1 .. %s, the same for all samples of a call; what lies behind it is not looked at, nor written.\n", name,
            most_of(m, model->lengths.at[k]));
    }
    put(w, " * A call with n outside of 1 .. %s_BATCH, or a %swhole number outside of its range, writes nothing; where it gives\n"
           " * a loss, it gives NAN. Functions of different instances, and predict with different workspaces, may run at the\n"
           " * same time. */\n\n", name_upper(m->prefix), model->lengths.n ? "length or " : "");
}

/* "2 numbers: loss, error" */
static const char *numbers_text(const Tensors *list) {
    Writer names = { 0 };
    put(&names, "%d number%s", list->n, list->n == 1 ? "" : "s");
    for (int k = 0; k < list->n; k++) put(&names, "%s%s", k ? ", " : ": ", list->at[k]->name);
    return names.text;
}

static void print_functions(Writer *w, const Module *m, const Layout *l) {
    const Model *model = m->model;
    put_text(w, "/* First values for everything: parameters drawn from the seed, states, settings, clocks at 0. */\n");
    signature_print(w, m, l, "init", ";");
    if (model->survey) {
        put(w, "/* First values from the training data: %s_SURVEYS times survey for all of them, n samples a call, then surveyed. Until then\n"
               " * these states are 0. surveyed ends with a reset. */\n", name_upper(m->prefix));
        signature_print(w, m, l, "survey", ";");
        signature_print(w, m, l, "surveyed", ";");
    }
    if (model->gradients) {
        if (!model->gathered.n)
            put_text(w, "\n/* The loss of n samples; its gradients go to m->grads. m->seed and m->step decide what is drawn. */\n");
        else
            put_text(w, "\n/* The loss of n samples. m->grads becomes the gradient of all samples since the last update, as if they\n"
                        " * were one batch. m->seed, m->step and m->gathered.samples decide what is drawn. */\n");
        signature_print(w, m, l, "gradients", ";");
    }
    if (model->update) {
        put(w, "/* The optimizer's step with m->grads; then m->step is one more%s. */\n",
            model->gathered.n ? ", and nothing is gathered" : "");
        signature_print(w, m, l, "update", ";");
    }
    if (model->update && model->gradients) {
        if (!model->gathered.n) put_text(w, "/* Both: gradients, then update. Gives the loss before the update. */\n");
        else
            put(w, "/* gradients, and after every %" PRId64 " of them update. Gives the loss of these n samples. What is gathered at the\n"
                   " * end of the data waits for more: call update for it. */\n", model->accumulate);
        signature_print(w, m, l, "step", ";");
    }
    if (model->average_program) {
        put_text(w, "/* Takes the averages of an epoch: at its end, before it is evaluated. */\n");
        signature_print(w, m, l, "average", ";");
    }
    if (model->epoch_program) {
        put_text(w, "/* The end of an epoch, after its evaluation: reads the metrics as they stand; then m->epoch is one more. */\n");
        signature_print(w, m, l, "epoch", ";");
    }
    if (model->evaluate) {
        put_text(w, "\n/* The loss of n samples as prediction sees them; adds to what the metrics gather. */\n");
        signature_print(w, m, l, "evaluate", ";");
    }
    put_text(w, "/* Forgets what the metrics have gathered. */\n");
    signature_print(w, m, l, "reset", ";");
    put_comment(w, "/* ", text("The metrics of what was gathered since the reset, %s.", numbers_text(&model->metrics)), " */");
    signature_print(w, m, l, "metrics", ";");
    if (model->rates_program) {
        put_comment(w, "/* ", text("What schedules give to the next update, %s.", numbers_text(&model->rates)), " */");
        signature_print(w, m, l, "rates", ";");
    }
    if (model->begin) {
        put_text(w, "\n/* The memory of a sample before its first prediction. */\n");
        signature_print(w, m, l, "begin", ";");
    }
    if (model->predict) {
        put(w, "\n/* The outputs of n samples%s. Reads nothing but what is handed in%s. */\n",
            model->averages.n ? ", as a rule with p = &m->average" : "",
            model->begin ? "; memory[i] of each sample is what\n * it goes on from, and then what the next call goes on from" : "");
        signature_print(w, m, l, "predict", ";");
    }
    if (model->predict_one) {
        put_text(w, "/* The outputs of one sample, by code of its own. */\n");
        signature_print(w, m, l, "predict_one", ";");
    }
}

void header_print(Writer *w, const Module *m) {
    Layout *l = layout_new(m);
    const char *guard = text("%s_NN_H", name_upper(m->prefix));
    put_text(w, "/* SPDX-License-Identifier: 0BSD */\n");
    put_comment(w, "/* ",
                text("The model `%s`, compiled from %s by nnc: its memory and its functions.", m->model->name, m->file), "");
    put(w, " * This file is your own, without conditions. */\n");
    put(w, "#ifndef %s\n#define %s\n#include <nn.h>\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n", guard, guard);
    put(w, "enum { %s_BATCH = %" PRId64 " };    /* the most samples that a call takes */\n", name_upper(m->prefix),
        m->model->batch);
    for (int k = 0; k < m->model->lengths.n; k++)
        put(w, "enum { %s = %" PRId64 " };    /* the largest %s */\n", most_of(m, m->model->lengths.at[k]), m->model->lengths.at[k]->hi,
            public_name(m, m->model->lengths.at[k]));
    if (m->model->accumulate > 1)
        put(w, "enum { %s_ACCUMULATE = %" PRId64 " };    /* calls of %s_step for one update */\n", name_upper(m->prefix),
            m->model->accumulate, m->prefix);
    if (m->model->survey)
        put(w, "enum { %s_SURVEYS = %d };    /* passes over the training data before the first step: %s_survey */\n", name_upper(m->prefix),
            m->model->surveys, m->prefix);
    put_text(w, "\n");
    for (int k = 0; k < STRUCT_COUNT; k++) print_struct(w, m, l, (StructKind)k);
    print_data(w, m);
    print_functions(w, m, l);
    put(w, "\n/* All of the above as a table, for the trainer and other tools. */\nextern const nn_model %s_model;\n", m->prefix);
    put_text(w, "\n#ifdef __cplusplus\n}\n#endif\n#endif\n");
}
