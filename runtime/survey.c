/* survey.c: states whose first values come from the training data: as many passes over them as the model asks for.
 *
 * SPDX-License-Identifier: 0BSD */
#include "trainer.h"

bool nn_survey(const nn_model *m, void *instance, const nn_dataset *data, int batch, nn_failure *f) {
    nn_batches b = { 0 };
    bool good = !m->surveys || nn_batches_open(&b, data, m->inputs, m->n_inputs + m->n_targets, batch, false, f);
    if (good && m->surveys) m->reset(instance);
    for (int pass = 0; good && pass < m->surveys; pass++) {
        int n;
        nn_batches_start(&b, 0, 0, 0);
        while ((n = nn_batches_next(&b)) > 0) m->survey(instance, n, b.lengths, (const void *const *)b.buffers);
        if ((good = !b.failed)) m->surveyed(instance);
    }
    nn_batches_close(&b);
    return good;
}
