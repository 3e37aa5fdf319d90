/* settle.c: the command `settle`: states of layers anew, for the averages of the parameters.
 *
 * Running statistics follow the weights while training. What predicts are the averages, where a model has some, and theirs are
 * others. So the states begin anew and one pass over the training data moves them, through the averages and without an update; what
 * the first look at the data has found and everything else of the checkpoint stays as it is. This happens in a second instance, from
 * which the states come back.
 *
 * SPDX-License-Identifier: 0BSD */
#include "checkpoint.h"
#include "trainer.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void copy(const nn_tensor *to, void *instance, const nn_tensor *from, const void *source) {
    memcpy((char *)instance + to->offset, (const char *)source + from->offset, nn_tensor_elements(to) * nn_type_size(to->type));
}

static bool pass(const nn_model *m, void *scratch, nn_batches *b) {
    int64_t step = nn_step(m, scratch);
    int n;
    nn_batches_start(b, nn_seed(m, scratch), nn_epoch(m, scratch), 0);
    for (; (n = nn_batches_next(b)) > 0; step++) {              /* each batch has random numbers of its own, as in training */
        memcpy((char *)scratch + m->step_offset, &step, sizeof step);
        m->gradients(scratch, n, b->lengths, (const void *const *)b->buffers);
    }
    return !b->failed;
}

int nn_settle(const nn_model *m, const nn_options *o, nn_failure *f) {
    nn_dataset data = { 0 };
    nn_batches batches = { 0 };
    nn_texts texts = { 0 };
    nn_run run = { .texts = &texts };
    void *instance = calloc(1, m->size), *scratch = calloc(1, m->size);
    int count = m->n_inputs + m->n_targets, states = 0;
    for (int i = 0; i < m->n_states; i++) states += !nn_is_moment(&m->states[i]);
    states -= m->n_statistics;
    bool good = (instance && scratch) || nn_fail_memory(f, m->name, m->size);
    if (good && (!m->gradients || !states))
        good = nn_fail(f, "model %s keeps no states of layers: there is nothing to settle", m->name);
    good = good && nn_checkpoint_load(o->weights, m, instance, &run, f)
           && nn_texts_open(&texts, m, o, f) && nn_data_open(&data, m, count, NN_TRAIN, o, &texts, f);
    if (good && !data.samples) good = nn_fail(f, "no training data: bind a file with --train %s=FILE", m->inputs[0].name);
    good = good && nn_batches_open(&batches, &data, m->inputs, count, o->batch ? (int)o->batch : run.batch, !o->no_shuffle, f);
    if (good) {
        m->init(scratch, nn_seed(m, instance));
        const nn_tensor *weights = m->n_averages ? m->averages : m->params;
        for (int i = 0; i < m->n_params; i++) copy(&m->params[i], scratch, &weights[i], instance);
        for (int i = 0; i < m->n_statistics; i++) copy(&m->statistics[i], scratch, &m->statistics[i], instance);
        nn_set_epoch(m, scratch, nn_epoch(m, instance));
        memcpy((char *)scratch + m->step_offset, (char *)instance + m->step_offset, sizeof(int64_t));
        good = pass(m, scratch, &batches);
        for (int i = 0; good && i < m->n_states; i++)
            if (!nn_is_moment(&m->states[i])) copy(&m->states[i], instance, &m->states[i], scratch);
        good = good && nn_checkpoint_save(o->save, m, instance, &run, f);
    }
    if (good && !o->quiet) printf("%d states settled over %" PRId64 " samples\n", states, data.samples);
    nn_batches_close(&batches);
    nn_dataset_free(&data);
    nn_texts_free(&texts);
    free(scratch);
    free(instance);
    return good ? NN_DONE : NN_TROUBLE;
}
