/* info.c: the command `info`: what a program knows of its model, for people.
 *
 * SPDX-License-Identifier: 0BSD */
#include "trainer.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t list(const char *title, int n, const nn_tensor *tensors, bool files) {
    size_t elements = 0;
    if (n) printf("\n%s\n", title);
    for (int i = 0; i < n; i++) {
        const nn_tensor *t = &tensors[i];
        char shape[160];
        nn_shape_text(shape, sizeof shape, t->dim, t->rank);
        elements += nn_tensor_elements(t);
        printf("  %-28s %-14s %s", t->name, shape, nn_type_name(t->type));
        if (t->low <= t->high && (t->type == NN_I32 || t->type == NN_I64)) printf(" %" PRId64 "..%" PRId64, t->low, t->high);
        if (files && t->train) printf("  train %s", t->train);
        if (files && t->test) printf("  test %s", t->test);
        printf("\n");
    }
    return elements;
}

int nn_info(const nn_model *m) {
    printf("model %s, hash %s, %s, batch %d", m->name, m->hash, nn_type_name(m->real), m->batch);
    if (m->accumulate) printf(", accumulate %d", m->accumulate);
    printf("\n");
    list("inputs", m->n_inputs, m->inputs, true);
    list("targets", m->n_targets, m->inputs + m->n_inputs, true);
    list("outputs", m->n_outputs, m->outputs, false);
    size_t parameters = list("parameters", m->n_params, m->params, false);
    list("states", m->n_states, m->states, false);
    void *instance = m->n_hypers ? calloc(1, m->size) : NULL;
    if (m->n_hypers) printf("\nhyper-parameters\n");
    if (instance) m->init(instance, 1);
    for (int i = 0; instance && i < m->n_hypers; i++) {
        double value;
        memcpy(&value, (char *)instance + m->hypers[i].offset, sizeof value);
        printf("  %-28s %.9g\n", m->hypers[i].name, value);
    }
    free(instance);
    if (m->n_settings) printf("\ntrain line\n");
    for (int i = 0; i < m->n_settings; i++) printf("  %-28s %.9g\n", m->settings[i].name, m->settings[i].value);
    if (m->n_metrics) printf("\nmetrics\n");
    for (int i = 0; i < m->n_metrics; i++) printf("  %s\n", m->metrics[i]);
    printf("\nmemory\n");
    printf("  %-28s %zu numbers, %zu bytes\n", "parameters", parameters, parameters * nn_type_size(m->real));
    printf("  %-28s %zu bytes\n", "to train (all of it)", m->size);
    printf("  %-28s %zu bytes\n", "workspace to predict", m->predict_size);
    if (m->source && *m->source) printf("\n%s%s", m->source, m->source[strlen(m->source) - 1] == '\n' ? "" : "\n");
    return NN_DONE;
}
