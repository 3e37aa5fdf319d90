/* raw.c: numbers without any header, in this machine's byte order for whole files of one kind.
 *
 * The model says how many numbers a sample has; the size of the file then says how many samples there are.
 *
 * SPDX-License-Identifier: 0BSD */
#include "data.h"
#include <stdlib.h>
#include <string.h>

bool nn_read_raw(nn_source *s, nn_type type, const nn_tensor *t, nn_array *a, nn_failure *f) {
    size_t got = 0, sample = nn_tensor_elements(t) * nn_type_size(type);
    void *data = nn_source_take(s, SIZE_MAX, &got, f);
    if (!data) return false;
    if (sample == 0 || got % sample) {
        free(data);
        return nn_fail(f,
                       "%s: %zu bytes are no whole number of samples of %zu bytes for '%s'; choose another of :u8 :i32 :f32 :f64",
                       nn_source_path(s), got, sample, t->name);
    }
    *a = (nn_array){ .type = type, .rank = t->rank < NN_MAX_RANK ? t->rank + 1 : 2, .data = data };
    a->dim[0] = (int64_t)(got / sample);
    if (t->rank < NN_MAX_RANK) memcpy(a->dim + 1, t->dim, (size_t)t->rank * sizeof *a->dim);
    else a->dim[1] = (int64_t)nn_tensor_elements(t);
    return true;
}
