/* The constant table of runtime/nn.h: what the trainer, checkpoints and other tools know of a model.
 *
 * Names are paths of the model (encoder.linear.w), offsets are offsetof, so the table and the structs cannot disagree. The
 * hash is of everything that gives a checkpoint its meaning: names, dims and types of what is kept, and the equations of
 * prediction. Learning rates, the batch size and the shapes of kernels are not in it. */
#include "parts.h"
#include <inttypes.h>
#include <string.h>

/* A C string literal. Every byte that is not plain text is an octal escape, and ? is escaped: no trigraph can appear. */
void put_string(Writer *w, const char *s, size_t length) {
    put_text(w, "\"");
    for (size_t k = 0; k < length; k++) {
        unsigned char c = (unsigned char)s[k];
        if (c == '"' || c == '\\' || c == '?') put(w, "\\%c", c);
        else if (c == '\n') put_text(w, "\\n");
        else if (c == '\t') put_text(w, "\\t");
        else if (c < ' ' || c > '~') put(w, "\\%03o", c);
        else put(w, "%c", c);
    }
    put_text(w, "\"");
}

/* The model's text, a string for each line. What C11 does not promise to take as one literal (more than 4095 characters)
 * becomes a row of numbers. */
static void print_source(Writer *w, const Module *m) {
    const Source *source = m->model->span.source;
    const char *at = source ? source->text : "", *end = at + (source ? source->length : 0);
    put(w, "static const char %s_source[] =", m->prefix);
    if (end - at > 4000) {
        put_text(w, " {");
        for (int k = 0; at < end; at++, k++) put(w, "%s%d,", k % 24 ? " " : "\n    ", (signed char)*at);
        put_text(w, " 0\n};\n\n");
        return;
    }
    if (at == end) put_text(w, " \"\"");
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop ? stop + 1 : end;
        put_text(w, "\n    ");
        put_string(w, at, (size_t)(stop - at));
        at = stop;
    }
    put_text(w, ";\n\n");
}

static void hash_text(uint64_t *hash, const char *s) {
    for (; *s; s++) *hash = (*hash ^ (unsigned char)*s) * UINT64_C(1099511628211);
    *hash = (*hash ^ 0xff) * UINT64_C(1099511628211);
}

static void hash_tensors(uint64_t *hash, const char *kind, const Tensors *list) {
    hash_text(hash, kind);
    for (int k = 0; k < list->n; k++) {
        const Tensor *t = list->at[k];
        hash_text(hash, t->path ? t->path : t->name);
        hash_text(hash, text("%d", t->type));
        for (int d = 0; d < t->rank; d++)
            if (!t->dim[d].count) hash_text(hash, text("%" PRId64, t->dim[d].extent));
    }
}

static uint64_t model_hash(const Model *m) {
    uint64_t hash = UINT64_C(14695981039346656037);
    Writer equations = { 0 };
    hash_tensors(&hash, "params", &m->params);
    hash_tensors(&hash, "states", &m->states);
    hash_tensors(&hash, "moments", &m->moments);
    if (m->averages.n) hash_tensors(&hash, "averages", &m->averages);
    if (m->memories.n) hash_tensors(&hash, "memories", &m->memories);
    put_text(&equations, "");
    if (m->predict) program_print(&equations, m->predict);
    hash_text(&hash, equations.text);
    return hash;
}

static const char *row_type(const Tensor *t) {
    if (t->byte) return "NN_U8";
    if (t->role == ROLE_TOTAL || t->role == ROLE_HYPER) return "NN_F64";
    return t->type == REAL ? "REAL" : "NN_I32";
}

/* Of an axis whose extent a call gives: 1 + its place among the lengths; else 0. */
int length_number(const Model *m, const Tensor *count) {
    int k = m->lengths.n;
    while (k > 0 && !(count && same_name(m->lengths.at[k - 1], count))) k--;
    return k;
}

/* One row. `place`: the member that holds the tensor; NULL for inputs and outputs, whose dims go without the batch. */
static void print_row(Writer *w, const Module *m, const Tensor *t, const char *before, const char *place) {
    int first = !place && t->rank > 0 ? 1 : 0;
    const char *name = text("%s%s", before, t->path && t->role != ROLE_TOTAL ? t->path : t->name);
    put_text(w, "    { ");
    put_string(w, name, strlen(name));
    put(w, ", %s, %d, {", row_type(t), t->rank - first);
    for (int d = first; d < t->rank; d++) put(w, "%s %" PRId64, d > first ? "," : "", t->dim[d].extent);
    put_text(w, t->rank > first ? " }, " : " 0 }, ");
    if (place) put(w, "offsetof(%s, %s), ", m->prefix, place);
    else put_text(w, "0, ");
    bool integers = t->type != REAL || t->lo < t->hi;
    if (integers && (t->lo > INT32_MIN || t->hi < INT32_MAX)) put(w, "%" PRId64 ", %" PRId64 ", ", t->lo, t->hi);
    else put_text(w, "1, 0, ");
    for (int k = 0; k < 2; k++) {
        if (t->files[k] && !place) put_string(w, t->files[k], strlen(t->files[k]));
        else put_text(w, "NULL");
        put_text(w, ", ");
    }
    int last = t->rank;                             /* what is not said is 0 */
    while (last > first && !length_number(m->model, t->dim[last - 1].count)) last--;
    put_text(w, "{");
    for (int d = first; d < last; d++) put(w, "%s %d", d > first ? "," : "", length_number(m->model, t->dim[d].count));
    put_text(w, last > first ? " } },\n" : " 0 } },\n");
}

/* Rows of one kind: what stands before their names, and the struct and the member of the instance that hold them. */
typedef struct Rows { const Tensors *list; const char *before, *at; StructKind kind; } Rows;

static void print_rows(Writer *w, const Module *m, const Layout *l, const char *table, const Rows *rows, int n) {
    int count = 0;
    for (int r = 0; r < n; r++) count += rows[r].list->n;
    if (count == 0) return;                         /* C has no empty array */
    put(w, "static const nn_tensor %s_%s[] = {\n", m->prefix, table);
    for (int r = 0; r < n; r++)
        for (int k = 0; k < rows[r].list->n; k++) {
            const Tensor *t = rows[r].list->at[k];
            const char *place = rows[r].at ? text("%s.%s", rows[r].at, member_of(l, rows[r].kind, t)->name) : NULL;
            print_row(w, m, t, rows[r].before, place);
        }
    put_text(w, "};\n");
}

static void print_names(Writer *w, const Module *m, const char *table, const Tensors *list) {
    for (int k = 0; k < list->n; k++) {
        if (k == 0) put(w, "static const char *const %s_%s[] = {", m->prefix, table);
        put_text(w, k ? ", " : " ");
        put_string(w, list->at[k]->name, strlen(list->at[k]->name));
    }
    if (list->n) put_text(w, " };\n");
}

static void print_tables(Writer *w, const Module *m, const Layout *l) {
    const Model *model = m->model;
    Tensors inputs = model_inputs(model, true), trained = { 0 };
    for (int k = 0; k < model->grads.n; k++) PUSH(trained, (Tensor *)model->grads.at[k]->of);
    print_rows(w, m, l, "inputs_table", &(Rows){ &inputs, "", NULL, 0 }, 1);
    print_rows(w, m, l, "outputs_table", &(Rows){ &model->outputs, "", NULL, 0 }, 1);
    print_rows(w, m, l, "params_table", &(Rows){ &model->params, "", "params", STRUCT_PARAMS }, 1);
    print_rows(w, m, l, "grads_table", &(Rows){ &trained, "", "grads", STRUCT_PARAMS }, 1);
    Rows averages = { &model->params, "average.", "average", STRUCT_PARAMS };
    if (model->averages.n) print_rows(w, m, l, "averages_table", &averages, 1);
    const Rows states[] = { { &model->states, "", "state", STRUCT_STATE },
                            { &model->moments, "optimizer.", "optimizer", STRUCT_OPTIMIZER } };
    print_rows(w, m, l, "states_table", states, 2);
    if (model->surveyed.n) print_rows(w, m, l, "statistics_table", &(Rows){ &model->surveyed, "", "state", STRUCT_STATE }, 1);
    print_rows(w, m, l, "totals_table", &(Rows){ &model->totals, "", "totals", STRUCT_TOTALS }, 1);
    print_rows(w, m, l, "hypers_table", &(Rows){ &model->hypers, "", "hyper", STRUCT_HYPER }, 1);
    if (model->lengths.n) put(w, "static const nn_length %s_lengths_table[] = {", m->prefix);
    for (int k = 0; k < model->lengths.n; k++)
        put(w, "%s { \"%s\", %" PRId64 " }", k ? "," : "", model->lengths.at[k]->name, model->lengths.at[k]->hi);
    if (model->lengths.n) put_text(w, " };\n");
    print_names(w, m, "metrics_table", &model->metrics);
    print_names(w, m, "rates_table", &model->rates);
    if (model->n_train) put(w, "static const nn_setting %s_settings_table[] = {", m->prefix);
    for (int k = 0; k < model->n_train; k++) {
        put_text(w, k ? ", { " : " { ");
        put_string(w, model->train[k].name, strlen(model->train[k].name));
        put(w, ", %s }", c_number(model->train[k].value));
    }
    if (model->n_train) put_text(w, " };\n");
    put_text(w, "\n");
}

static void print_batch_adapter(Writer *w, const Module *m, const char *type, const char *function) {
    int n = model_inputs(m->model, true).n;
    put(w, "static %s %s_table_%s(void *m, int n, const int *lengths, const void *const *inputs) {\n", type, m->prefix, function);
    if (!m->model->lengths.n) put_text(w, "    (void)lengths;\n");
    if (n == 0) put_text(w, "    (void)inputs;\n");
    put(w, "    %s%s_%s(m, n", strcmp(type, "void") ? "return " : "", m->prefix, function);
    for (int k = 0; k < m->model->lengths.n; k++) put(w, ", lengths[%d]", k);
    for (int k = 0; k < n; k++) put(w, ", inputs[%d]", k);
    put_text(w, ");\n}\n");
}

/* The parameters that predict: the first argument of begin and predict, if there are any. */
static const char *weights_text(const Module *m, const Layout *l) {
    if (!l->of[STRUCT_PARAMS].members.n) return "";
    return m->model->averages.n ? "&m->average, " : "&m->params, ";
}

static void print_begin_adapter(Writer *w, const Module *m, const Layout *l) {
    bool params = l->of[STRUCT_PARAMS].members.n, state = l->of[STRUCT_STATE].members.n;
    put(w, "static void %s_table_begin(const void *instance, void *memory) {\n", m->prefix);
    if (params || state) put(w, "    const %s *const m = instance;\n", m->prefix);
    else put_text(w, "    (void)instance;\n");
    put(w, "    %s_begin(%s%smemory);\n}\n", m->prefix, weights_text(m, l), state ? "&m->state, " : "");
}

static void print_predict_adapter(Writer *w, const Module *m, const Layout *l) {
    bool params = l->of[STRUCT_PARAMS].members.n, state = l->of[STRUCT_STATE].members.n;
    int given = model_inputs(m->model, false).n;
    put(w, "static void %s_table_predict(const void *instance, void *memory, void *work, int n, const int *lengths,\n"
           "        const void *const *inputs, void *const *outputs) {\n", m->prefix);
    if (!m->model->lengths.n) put_text(w, "    (void)lengths;\n");
    if (params || state) put(w, "    const %s *const m = instance;\n", m->prefix);
    else put_text(w, "    (void)instance;\n");
    if (given == 0) put_text(w, "    (void)inputs;\n");
    if (!m->model->begin) put_text(w, "    (void)memory;\n");
    for (int one = m->model->predict_one != NULL, both = one; one >= 0; one--) {
        put(w, "    %s%s_predict%s(%s%s%swork", one ? "if (n == 1) " : both ? "else " : "", m->prefix, one ? "_one" : "", weights_text(m, l),
            state ? "&m->state, " : "", m->model->begin ? "memory, " : "");
        if (!one) put_text(w, ", n");
        for (int k = 0; k < m->model->lengths.n; k++) put(w, ", lengths[%d]", k);
        for (int k = 0; k < given; k++) put(w, ", inputs[%d]", k);
        for (int k = 0; k < m->model->outputs.n; k++) put(w, ", outputs[%d]", k);
        put_text(w, ");\n");
    }
    put_text(w, "}\n");
}

/* The entry points behind pointers that know no type of the model. */
static void print_adapters(Writer *w, const Module *m, const Layout *l) {
    const Model *model = m->model;
    const char *p = m->prefix;
    put(w, "static void %s_table_init(void *m, uint64_t seed) { %s_init(m, seed); }\n", p, p);
    put(w, "static void %s_table_reset(void *m) { %s_reset(m); }\n", p, p);
    put(w, "static void %s_table_metrics(void *m, double *values) { %s_metrics(m, values); }\n", p, p);
    if (model->rates.n) put(w, "static void %s_table_rates(void *m, double *values) { %s_rates(m, values); }\n", p, p);
    if (model->update) put(w, "static void %s_table_update(void *m) { %s_update(m); }\n", p, p);
    if (model->average_program) put(w, "static void %s_table_average(void *m) { %s_average(m); }\n", p, p);
    if (model->epoch_program) put(w, "static void %s_table_epoch(void *m) { %s_epoch(m); }\n", p, p);
    if (model->gradients) print_batch_adapter(w, m, "double", "gradients");
    if (model->evaluate) print_batch_adapter(w, m, "double", "evaluate");
    if (model->survey) {
        print_batch_adapter(w, m, "void", "survey");
        put(w, "static void %s_table_surveyed(void *m) { %s_surveyed(m); }\n", p, p);
    }
    if (model->begin) print_begin_adapter(w, m, l);
    if (model->predict) print_predict_adapter(w, m, l);
    put_text(w, "\n");
}

static void put_list(Writer *w, const Module *m, const char *name, int n, const char *table) {
    if (n == 0) return;
    put(w, "    .n_%s = %d,%*s.%s = %s_%s,\n", name, n, n < 10 ? 2 : 1, "", name, m->prefix, table);
}

/* traps, profile: how many rows the tables of --trap and --profile have. */
void table_print(Writer *w, const Module *m, const Layout *l, int traps, int profile) {
    const Model *model = m->model;
    const char *p = m->prefix;
    Tensors inputs = model_inputs(model, true);
    int targets = inputs.n - model_inputs(model, false).n;
    put_text(w, "#define REAL (sizeof(real) == sizeof(double) ? NN_F64 : NN_F32)\n\n");
    print_source(w, m);
    print_tables(w, m, l);
    print_adapters(w, m, l);
    put(w, "const nn_model %s_model = {\n    .name = ", p);
    put_string(w, model->name, strlen(model->name));
    put(w, ",\n    .source = %s_source,\n    .hash = \"%016" PRIx64 "\",\n", p, model_hash(model));
    put(w, "    .batch = %s_BATCH,\n    .real = REAL,\n    .size = sizeof(%s),\n", name_upper(p), p);
    if (model->predict) put(w, "    .predict_size = sizeof(%s),\n", struct_name(m, l, STRUCT_PREDICT_WORK));
    put_list(w, m, "lengths", model->lengths.n, "lengths_table");
    if (model->begin) put(w, "    .memory_size = sizeof(%s),\n", struct_name(m, l, STRUCT_MEMORY));
    put(w, "    .n_inputs = %d, .n_targets = %d,\n", inputs.n - targets, targets);
    if (inputs.n) put(w, "    .inputs = %s_inputs_table,\n", p);
    put_list(w, m, "outputs", model->outputs.n, "outputs_table");
    put_list(w, m, "params", model->params.n, "params_table");
    put_list(w, m, "grads", model->grads.n, "grads_table");
    put_list(w, m, "averages", model->averages.n, "averages_table");
    put_list(w, m, "states", model->states.n + model->moments.n, "states_table");
    put_list(w, m, "statistics", model->surveyed.n, "statistics_table");
    put_list(w, m, "totals", model->totals.n, "totals_table");
    put_list(w, m, "hypers", model->hypers.n, "hypers_table");
    put_list(w, m, "metrics", model->metrics.n, "metrics_table");
    put_list(w, m, "rates", model->rates.n, "rates_table");
    put_list(w, m, "settings", model->n_train, "settings_table");
    put(w, "    .step_offset = offsetof(%s, step),\n    .epoch_offset = offsetof(%s, epoch),\n", p, p);
    put(w, "    .seed_offset = offsetof(%s, seed),\n", p);
    put_list(w, m, "traps", traps, "traps");
    if (traps) put(w, "    .trap_offset = offsetof(%s, trap),\n", p);
    put_list(w, m, "profile", profile, "profile");
    if (profile) put(w, "    .spent = %s_spent_of,\n    .peak = nn_profile_peak,\n", p);
    put(w, "    .init = %s_table_init,\n    .reset = %s_table_reset,\n    .metrics_of = %s_table_metrics,\n", p, p, p);
    if (model->gradients) put(w, "    .gradients = %s_table_gradients,\n", p);
    if (model->update) put(w, "    .update = %s_table_update,\n", p);
    if (model->rates.n) put(w, "    .rates_of = %s_table_rates,\n", p);
    if (model->gathered.n)
        put(w, "    .accumulate = %s_ACCUMULATE,\n    .gathered_offset = offsetof(%s, gathered),\n    .gathered_size = sizeof(%s),\n",
            name_upper(p), p, struct_name(m, l, STRUCT_GATHERED));
    if (model->average_program) put(w, "    .average = %s_table_average,\n", p);
    if (model->epoch_program) put(w, "    .epoch = %s_table_epoch,\n", p);
    if (model->evaluate) put(w, "    .evaluate = %s_table_evaluate,\n", p);
    if (model->survey)
        put(w, "    .surveys = %s_SURVEYS,\n    .survey = %s_table_survey,\n    .surveyed = %s_table_surveyed,\n", name_upper(p), p, p);
    if (model->begin) put(w, "    .begin = %s_table_begin,\n", p);
    if (model->predict) put(w, "    .predict = %s_table_predict,\n", p);
    put(w, "};\n\nNN_MAIN_MODEL(%s_model)\n", p);
}
