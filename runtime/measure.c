/* measure.c: loss and metrics of a data set, in evaluation mode; the command `test`.
 *
 * SPDX-License-Identifier: 0BSD */
#include "trainer.h"
#include "trap.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

bool nn_measure(const nn_model *m, void *instance, nn_batches *b, const volatile sig_atomic_t *stop, double *loss,
                double *metrics) {
    double sum = 0;
    int n;
    m->reset(instance);
    nn_batches_start(b, 0, 0, 0);
    while ((n = nn_batches_next(b)) > 0) {
        if (stop && *stop) return false;
        sum += n * m->evaluate(instance, n, (const void *const *)b->buffers);
        if (nn_trapped(m, instance)) return false;
    }
    if (b->failed) return false;
    *loss = sum / (double)b->data->samples;
    if (m->n_metrics) m->metrics_of(instance, metrics);
    return true;
}

int nn_test(const nn_model *m, const nn_options *o, nn_failure *f) {
    int code = NN_TROUBLE, count = m->n_inputs + m->n_targets;
    nn_dataset data = { 0 };
    nn_batches batches = { 0 };
    nn_texts texts = { 0 };
    double loss, *metrics = calloc((size_t)m->n_metrics + 1, sizeof *metrics);
    void *instance = m->evaluate ? nn_instance_new(m, o, f) : NULL;
    if (!m->evaluate) nn_fail(f, "model %s has no loss to measure", m->name);
    bool good = instance && (metrics || nn_fail_memory(f, "metrics", 1))
                && nn_texts_open(&texts, m, o, f) && nn_data_open(&data, m, count, NN_TEST, o, &texts, f);
    if (good && data.samples == 0) good = nn_fail(f, "no test data: bind a file with --test %s=FILE", m->inputs[0].name);
    if (good && nn_batches_open(&batches, &data, m->inputs, count, o->batch ? (int)o->batch : m->batch, false, f)) {
        bool whole = nn_measure(m, instance, &batches, NULL, &loss, metrics);
        if (whole) printf("test loss %.6g", loss);
        else if (!batches.failed) nn_trap_failure(m, instance, &batches, "test data", "", f);
        for (int i = 0; whole && i < m->n_metrics; i++) printf("  test %s %.6g", m->metrics[i], metrics[i]);
        if (whole) printf("  (%" PRId64 " samples)\n", data.samples);
        code = whole ? NN_DONE : batches.failed ? NN_TROUBLE : NN_NOT_FINITE;
    }
    nn_batches_close(&batches);
    nn_dataset_free(&data);
    nn_texts_free(&texts);
    free(metrics);
    free(instance);
    return code;
}
