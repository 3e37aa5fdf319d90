/* predict.c: the command `predict`: the model's outputs for the samples of the test inputs.
 *
 * Each sample begins anew, also where predictions go on from a memory. Each output goes to a file, NPY or CSV by its name, or all of
 * them side by side to standard output as CSV. Rows of tokens whose vocabulary is known are lines of text in a file .txt, and on
 * standard output if there is nothing else. --png makes pictures. Files appear whole or not at all.
 *
 * SPDX-License-Identifier: 0BSD */
#include "replace.h"
#include "sheet.h"
#include "trainer.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Sink {
    const char *file;               /* NULL: this output is not written */
    bool npy;
    const nn_vocabulary *v;         /* NULL: numbers; else lines of text */
    nn_replacement r;
} Sink;

static bool ends_with(const char *path, const char *end) {
    size_t n = strlen(path), k = strlen(end);
    return n > k && !strcmp(path + n - k, end);
}

static const nn_vocabulary *vocabulary_of(const nn_texts *x, const nn_model *m, int output) {
    int input = nn_texts_of_output(x, m, &m->outputs[output]);
    return input < 0 ? NULL : nn_texts_find(x, input);
}

/* A single output that is text goes to standard output as text. */
static bool choose_files(const nn_model *m, const nn_options *o, const nn_texts *x, Sink *sinks, nn_failure *f) {
    if (!o->n_output && m->n_outputs == 1) sinks[0].v = vocabulary_of(x, m, 0);
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
        bool text = ends_with(sinks[k].file, ".txt");
        if (text && !(sinks[k].v = vocabulary_of(x, m, k)))
            return nn_fail(f, "--output %s: '%s' is no row of tokens in a vocabulary of the checkpoint; write it as .npy or .csv",
                           sinks[k].file, m->outputs[k].name);
        if (!sinks[k].npy && !text && !ends_with(sinks[k].file, ".csv"))
            return nn_fail(f, "--output %s: predictions are written as .npy or .csv, or as .txt if they are text", sinks[k].file);
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
            if (!sinks[k].v) write_names(stdout, &m->outputs[k], k ? "," : "");
        } else if (sinks[k].file) {
            if (!nn_replace_begin(&sinks[k].r, sinks[k].file, f)) return false;
            if (sinks[k].npy && !write_npy_header(&sinks[k], &m->outputs[k], samples, f)) return false;
            if (sinks[k].npy || sinks[k].v) continue;
            write_names(sinks[k].r.file, &m->outputs[k], "");
            fputc('\n', sinks[k].r.file);
        }
    }
    if (!files && !sinks[0].v) putchar('\n');
    return true;
}

static bool write_line(FILE *out, const nn_vocabulary *v, const nn_tensor *t, const void *data, int64_t sample, nn_failure *f) {
    size_t n = nn_tensor_elements(t);
    char *line = nn_text_line(v, (const char *)data + (size_t)sample * n * nn_type_size(t->type), t->type, n, f);
    if (line) fprintf(out, "%s\n", line);
    free(line);
    return line != NULL;
}

static bool write_screen(const nn_model *m, Sink *sinks, void *const *outputs, int n, nn_failure *f) {
    for (int i = 0; i < n; i++) {
        if (sinks[0].v && !write_line(stdout, sinks[0].v, &m->outputs[0], outputs[0], i, f)) return false;
        for (int k = 0; !sinks[0].v && k < m->n_outputs; k++) write_values(stdout, &m->outputs[k], outputs[k], i, k ? "," : "");
        if (!sinks[0].v) putchar('\n');
    }
    return true;
}

static bool write_files(const nn_model *m, Sink *sinks, void *const *outputs, int n, nn_failure *f) {
    for (int k = 0; k < m->n_outputs; k++) {
        const nn_tensor *t = &m->outputs[k];
        if (!sinks[k].file) continue;
        if (sinks[k].npy
            && !nn_replace_write(&sinks[k].r, outputs[k], (size_t)n * nn_tensor_elements(t) * nn_type_size(t->type), f))
            return false;
        for (int i = 0; !sinks[k].npy && i < n; i++) {
            if (sinks[k].v && !write_line(sinks[k].r.file, sinks[k].v, t, outputs[k], i, f)) return false;
            if (sinks[k].v) continue;
            write_values(sinks[k].r.file, t, outputs[k], i, "");
            fputc('\n', sinks[k].r.file);
        }
    }
    return true;
}

/* The samples in batches, as far as anything wants them. */
static bool predict(const nn_model *m, const nn_options *o, nn_batches *b, const void *instance, Sink *sinks, nn_sheet *sheet,
                    void **outputs, nn_failure *f) {
    bool files = o->n_output > 0 || sheet, good = true;
    int64_t last = sheet && !o->n_output ? nn_sheet_samples(sheet) : b->data->samples;
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
    nn_lengths_most(m->inputs, m->n_inputs + m->n_targets, b->lengths);     /* those of targets too, which are not at hand */
    for (int n; good && b->position < last && (n = nn_batches_next(b)) > 0;) {
        for (int k = 0; k < m->n_outputs && m->n_lengths; k++)      /* of axes with a length the rest is not written */
            memset(outputs[k], 0, (size_t)n * nn_tensor_elements(&m->outputs[k]) * nn_type_size(m->outputs[k].type));
        for (int i = 0; m->begin && i < n; i++) m->begin(instance, (char *)memory + (size_t)i * m->memory_size);
        m->predict(instance, memory, work, n, b->lengths, (const void *const *)b->buffers, outputs);
        good = (files ? write_files(m, sinks, outputs, n, f) : write_screen(m, sinks, outputs, n, f))
            && (!sheet || nn_sheet_add(sheet, n, b->buffers, outputs, f));
    }
    good = good && !b->failed;
    for (int k = 0; good && files && k < m->n_outputs; k++)
        if (sinks[k].file) good = nn_replace_commit(&sinks[k].r, f);
    free(work);
    free(memory);
    return good && (!sheet || nn_sheet_finish(sheet, f));
}

/* The inputs, and for pictures the targets too where there are some: bound ones must be read, the model's own need not be there. */
static bool take_data(const nn_model *m, const nn_options *o, nn_texts *texts, nn_dataset *data, int *count, nn_failure *f) {
    nn_failure absent = { 0 };
    bool bound = false;
    *count = m->n_inputs + m->n_targets;
    for (int i = 0; i < o->n_test; i++)
        for (int k = m->n_inputs; k < *count; k++) bound |= !strcmp(o->test[i].name, m->inputs[k].name);
    if (o->png && m->n_targets && nn_data_open(data, m, *count, NN_TEST, o, texts, &absent)) return true;
    if (o->png && bound) return nn_fail(f, "%s", absent.text);
    *count = m->n_inputs;
    return nn_data_open(data, m, *count, NN_TEST, o, texts, f);
}

int nn_predict_files(const nn_model *m, const nn_options *o, nn_failure *f) {
    nn_dataset data = { 0 };
    nn_batches batches = { 0 };
    nn_sheet *sheet = NULL;
    int count;
    nn_texts texts = { 0 };
    Sink *sinks = calloc((size_t)m->n_outputs + 1, sizeof *sinks);
    void **outputs = calloc((size_t)m->n_outputs + 1, sizeof *outputs), *instance = nn_instance_new(m, o, f);
    bool good = instance && ((sinks && outputs) || nn_fail_memory(f, "outputs", 1));
    if (good && (!m->predict || !m->n_outputs)) good = nn_fail(f, "model %s has no output to predict", m->name);
    good = good && nn_texts_open(&texts, m, o, f) && choose_files(m, o, &texts, sinks, f)
        && take_data(m, o, &texts, &data, &count, f);
    if (good && !data.samples) good = nn_fail(f, "no inputs: bind a file with --test %s=FILE", m->inputs[0].name);
    good = good && (!o->png || (sheet = nn_sheet_open(m, &data, count, o->png, o->count, f)))
        && nn_batches_open(&batches, &data, m->inputs, count, o->batch ? (int)o->batch : m->batch, false, f)
        && predict(m, o, &batches, instance, sinks, sheet, outputs, f);
    for (int k = 0; k < m->n_outputs; k++) {
        if (sinks) nn_replace_abort(&sinks[k].r);
        if (outputs) free(outputs[k]);
    }
    nn_batches_close(&batches);
    nn_dataset_free(&data);
    nn_sheet_free(sheet);
    nn_texts_free(&texts);
    free(sinks);
    free(outputs);
    free(instance);
    return good ? NN_DONE : NN_TROUBLE;
}
