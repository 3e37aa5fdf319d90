/* predict.c: the command `predict`: the model's outputs for the samples of the test inputs.
 *
 * Each sample begins anew, also where predictions go on from a memory. Each output goes to a file, NPY or CSV by its name, or all of them side by side to standard output as CSV. Files appear
 * whole or not at all.
 *
 * SPDX-License-Identifier: 0BSD */
#include "replace.h"
#include "trainer.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Sink {
    const char *file;               /* NULL: this output is not written */
    bool npy;
    nn_replacement r;
} Sink;

static bool ends_with(const char *path, const char *end) {
    size_t n = strlen(path), k = strlen(end);
    return n > k && !strcmp(path + n - k, end);
}

static bool choose_files(const nn_model *m, const nn_options *o, Sink *sinks, nn_failure *f) {
    for (int i = 0; i < o->n_output; i++) {
        int k = 0;
        if (!o->output[i].name && m->n_outputs != 1)
            return nn_fail(f, "--output %s: the model has %d outputs; write --output NAME=FILE, such as %s=%s", o->output[i].file,
                           m->n_outputs, m->n_outputs ? m->outputs[0].name : "", o->output[i].file);
        while (o->output[i].name && k < m->n_outputs && strcmp(o->output[i].name, m->outputs[k].name)) k++;
        if (k == m->n_outputs)
            return nn_fail(f, "--output %s=%s: the model has no such output; 'info' lists them", o->output[i].name,
                           o->output[i].file);
        sinks[k].file = o->output[i].file;
        sinks[k].npy = ends_with(sinks[k].file, ".npy");
        if (!sinks[k].npy && !ends_with(sinks[k].file, ".csv"))
            return nn_fail(f, "--output %s: predictions are written as .npy or .csv", sinks[k].file);
    }
    return true;
}

static bool write_npy_header(Sink *s, const nn_tensor *t, int64_t samples, nn_failure *f) {
    static const char *const descriptions[] = {
        [NN_F32] = "<f4", [NN_F64] = "<f8", [NN_U8] = "|u1", [NN_I32] = "<i4", [NN_I64] = "<i8"
    };
    char text[512] = "";
    nn_append(text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': (%" PRId64 ",", descriptions[t->type], samples);
    for (int i = 0; i < t->rank; i++) nn_append(text, sizeof text, "%s%" PRId64, i ? ", " : " ", t->dim[i]);
    nn_append(text, sizeof text, "), }");
    while ((10 + strlen(text) + 1) % 64) nn_append(text, sizeof text, " ");
    nn_append(text, sizeof text, "\n");
    size_t length = strlen(text);
    unsigned char head[10] = { 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (unsigned char)(length & 0xff), (unsigned char)(length >> 8) };
    return nn_replace_write(&s->r, head, sizeof head, f) && nn_replace_write(&s->r, text, length, f);
}

/* label for a single number; probabilities.0, probabilities.1 ... for more */
static void write_names(FILE *out, const nn_tensor *t, const char *before) {
    size_t n = nn_tensor_elements(t);
    if (n == 1) fprintf(out, "%s%s", before, t->name);
    else for (size_t i = 0; i < n; i++, before = ",") fprintf(out, "%s%s.%zu", before, t->name, i);
}

static void write_values(FILE *out, const nn_tensor *t, const void *data, int64_t sample, const char *before) {
    size_t n = nn_tensor_elements(t);
    for (size_t i = 0; i < n; i++, before = ",") {
        const char *at = (const char *)data + ((size_t)sample * n + i) * nn_type_size(t->type);
        double x;
        int64_t k;
        if (t->type == NN_F32 || t->type == NN_F64) {
            nn_convert(&x, NN_F64, at, t->type, 1);
            fprintf(out, "%s%.*g", before, t->type == NN_F32 ? 9 : 17, x);
        } else {
            nn_convert(&k, NN_I64, at, t->type, 1);
            fprintf(out, "%s%" PRId64, before, k);
        }
    }
}

static bool open_sinks(const nn_model *m, Sink *sinks, int64_t samples, bool files, nn_failure *f) {
    for (int k = 0; k < m->n_outputs; k++) {
        if (!files) {
            write_names(stdout, &m->outputs[k], k ? "," : "");
        } else if (sinks[k].file) {
            if (!nn_replace_begin(&sinks[k].r, sinks[k].file, f)) return false;
            if (sinks[k].npy && !write_npy_header(&sinks[k], &m->outputs[k], samples, f)) return false;
            if (!sinks[k].npy) {
                write_names(sinks[k].r.file, &m->outputs[k], "");
                fputc('\n', sinks[k].r.file);
            }
        }
    }
    if (!files) putchar('\n');
    return true;
}

static bool write_batch(const nn_model *m, Sink *sinks, void *const *outputs, int n, bool files, nn_failure *f) {
    for (int i = 0; !files && i < n; i++) {
        for (int k = 0; k < m->n_outputs; k++) write_values(stdout, &m->outputs[k], outputs[k], i, k ? "," : "");
        putchar('\n');
    }
    for (int k = 0; files && k < m->n_outputs; k++) {
        const nn_tensor *t = &m->outputs[k];
        if (!sinks[k].file) continue;
        if (sinks[k].npy
            && !nn_replace_write(&sinks[k].r, outputs[k], (size_t)n * nn_tensor_elements(t) * nn_type_size(t->type), f))
            return false;
        for (int i = 0; !sinks[k].npy && i < n; i++) {
            write_values(sinks[k].r.file, t, outputs[k], i, "");
            fputc('\n', sinks[k].r.file);
        }
    }
    return true;
}

static bool predict(const nn_model *m, const nn_options *o, nn_batches *b, const void *instance, Sink *sinks, void **outputs,
                    nn_failure *f) {
    bool files = o->n_output > 0, good = true;
    void *work = malloc(m->predict_size + 1), *memory = malloc(m->memory_size * (size_t)b->batch + 1);
    if (!work || !memory) {
        free(work);
        free(memory);
        return nn_fail_memory(f, "workspace", m->predict_size + m->memory_size * (size_t)b->batch);
    }
    for (int k = 0; good && k < m->n_outputs; k++) {
        size_t size = (size_t)b->batch * nn_tensor_elements(&m->outputs[k]) * nn_type_size(m->outputs[k].type);
        good = (outputs[k] = malloc(size + 1)) != NULL || nn_fail_memory(f, m->outputs[k].name, size);
    }
    good = good && open_sinks(m, sinks, b->data->samples, files, f);
    nn_batches_start(b, 0, 0, 0);
    for (int n; good && (n = nn_batches_next(b)) > 0;) {
        for (int i = 0; m->begin && i < n; i++) m->begin(instance, (char *)memory + (size_t)i * m->memory_size);
        m->predict(instance, memory, work, n, (const void *const *)b->buffers, outputs);
        good = write_batch(m, sinks, outputs, n, files, f);
    }
    for (int k = 0; good && files && k < m->n_outputs; k++)
        if (sinks[k].file) good = nn_replace_commit(&sinks[k].r, f);
    free(work);
    free(memory);
    return good;
}

int nn_predict_files(const nn_model *m, const nn_options *o, nn_failure *f) {
    nn_dataset data = { 0 };
    nn_batches batches = { 0 };
    Sink *sinks = calloc((size_t)m->n_outputs + 1, sizeof *sinks);
    void **outputs = calloc((size_t)m->n_outputs + 1, sizeof *outputs), *instance = nn_instance_new(m, o, f);
    bool good = instance && ((sinks && outputs) || nn_fail_memory(f, "outputs", 1));
    if (good && (!m->predict || !m->n_outputs)) good = nn_fail(f, "model %s has no output to predict", m->name);
    good = good && choose_files(m, o, sinks, f) && nn_dataset_open(&data, m, m->n_inputs, NN_TEST, o->test, o->n_test, o->data, f);
    if (good && !data.samples) good = nn_fail(f, "no inputs: bind a file with --test %s=FILE", m->inputs[0].name);
    good = good && nn_batches_open(&batches, &data, m->inputs, m->n_inputs, o->batch ? (int)o->batch : m->batch, false, f)
        && predict(m, o, &batches, instance, sinks, outputs, f);
    for (int k = 0; k < m->n_outputs; k++) {
        if (sinks) nn_replace_abort(&sinks[k].r);
        if (outputs) free(outputs[k]);
    }
    nn_batches_close(&batches);
    nn_dataset_free(&data);
    free(sinks);
    free(outputs);
    free(instance);
    return good ? NN_DONE : NN_TROUBLE;
}
