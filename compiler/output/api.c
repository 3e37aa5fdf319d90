/* The API of a module as JSON, for tools that bind it to other languages: functions with their C declarations, structs with
 * the offsets of their members, and what callers hand in. It is printed from the same tables as the header. */
#include "parts.h"
#include <inttypes.h>
#include <string.h>

static const char *function_text(const Module *m, const Layout *l, const char *function) {
    Writer declaration = { 0 }, flat = { 0 };
    signature_print(&declaration, m, l, function, ";");
    for (const char *c = declaration.text; *c; c++) {       /* on one line */
        bool space = *c == '\n' || *c == ' ';
        if (!space) put(&flat, "%c", *c);
        else if (flat.length && flat.text[flat.length - 1] != ' ' && c[1]) put_text(&flat, " ");
    }
    return flat.text;
}

static void print_functions(Writer *w, const Module *m, const Layout *l) {
    const Model *model = m->model;
    const struct { const char *name; bool exists; } all[] = {
        { "init", true }, { "gradients", model->gradients != NULL }, { "update", model->update != NULL },
        { "average", model->average_program != NULL }, { "epoch", model->epoch_program != NULL },
        { "step", model->gradients && model->update }, { "evaluate", model->evaluate != NULL }, { "reset", true },
        { "metrics", true }, { "rates", model->rates_program != NULL }, { "survey", model->survey != NULL }, { "surveyed", model->survey != NULL },
        { "begin", model->begin != NULL }, { "predict", model->predict != NULL }, { "predict_one", model->predict_one != NULL }
    };
    put_text(w, "  \"functions\": {");
    for (size_t k = 0, some = 0; k < sizeof all / sizeof *all; k++) {
        if (!all[k].exists) continue;
        put(w, "%s\n    \"%s\": ", some++ ? "," : "", all[k].name);
        put_json(w, function_text(m, l, all[k].name));
    }
    put_text(w, "\n  },\n");
}

static void print_structs(Writer *w, const Module *m, const Layout *l) {
    put_text(w, "  \"structs\": {");
    bool some = false;
    for (int k = 0; k < STRUCT_COUNT; k++) {
        const Struct *s = &l->of[k];
        if (s->members.n == 0) continue;
        put(w, "%s\n    \"%s\": {\n      \"size\": %" PRId64 ", \"size_in_double\": %" PRId64 ",\n      \"members\": [\n",
            some ? "," : "", struct_name(m, l, (StructKind)k), struct_size(l, (StructKind)k, 4),
            struct_size(l, (StructKind)k, 8));
        for (int i = 0; i < s->members.n; i++) {
            const Member *member = &s->members.at[i];
            bool seed = strcmp(member->name, "seed") == 0 && !member->tensor;
            const char *type = member->type == C_STRUCT ? struct_name(m, l, member->of) : member->type == C_REAL ? "nn_real"
                             : member->c_type ? member->c_type : seed ? "uint64_t" : c_type_name(member->type);
            put(w, "        { \"name\": \"%s\", \"type\": \"%s\", \"shape\": ", member->name, type);
            put_json_dims(w, member->dim, member->c_type ? 0 : member->rank);
            put(w, ", \"offset\": %" PRId64 ", \"offset_in_double\": %" PRId64 " }%s\n", struct_offset(l, (StructKind)k, member, 4),
                struct_offset(l, (StructKind)k, member, 8), i + 1 < s->members.n ? "," : "");
        }
        put_text(w, "      ]\n    }");
        some = true;
    }
    put_text(w, "\n  },\n");
}

static void print_data(Writer *w, const char *kind, const Tensors *list, const char *end) {
    put(w, "  \"%s\": [", kind);
    for (int k = 0; k < list->n; k++) {
        const Tensor *t = list->at[k];
        int64_t dim[12] = { 0 };
        for (int d = 1; d < t->rank; d++) dim[d - 1] = t->dim[d].extent;
        put(w, "%s\n    { \"name\": ", k ? "," : "");
        put_json(w, t->name);
        put(w, ", \"target\": %s, \"type\": \"%s\", \"shape\": ", t->role == ROLE_TARGET ? "true" : "false",
            t->byte ? "unsigned char" : t->type == REAL ? "nn_real" : "int32_t");
        put_json_dims(w, dim, t->rank > 0 ? t->rank - 1 : 0);
        if (t->type != REAL && t->lo > INT32_MIN) put(w, ", \"low\": %" PRId64 ", \"high\": %" PRId64, t->lo, t->hi);
        put_text(w, " }");
    }
    put(w, "%s]%s\n", list->n ? "\n  " : "", end);
}

void api_print(Writer *w, const Module *m) {
    Layout *l = layout_new(m);
    Tensors inputs = model_inputs(m->model, true);
    put_text(w, "{\n  \"model\": ");
    put_json(w, m->model->name);
    put(w, ",\n  \"prefix\": \"%s\",\n  \"header\": ", m->prefix);
    put_json(w, m->header);
    put(w, ",\n  \"batch\": %" PRId64 ",\n", m->model->batch);
    if (m->model->accumulate > 1) put(w, "  \"accumulate\": %" PRId64 ",\n", m->model->accumulate);
    if (m->model->survey) put(w, "  \"surveys\": %d,\n", m->model->surveys);
    print_functions(w, m, l);
    print_structs(w, m, l);
    print_data(w, "inputs", &inputs, ",");
    print_data(w, "outputs", &m->model->outputs, "");
    put_text(w, "}\n");
}
