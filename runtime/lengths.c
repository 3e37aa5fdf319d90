/* lengths.c: what a call is given for the lengths of a model.
 *
 *     input german[S <= 40], english[T <= 40] : class[8000]      a batch of sentences of 7, 12 and 9 tokens: S = 12
 *
 * It is the longest that one of the samples needs: of a line of text up to its end token, for what lies behind it is padding; of
 * other data as many places as the files have. A length that no data have, as that of a translation yet to come, is at its largest.
 *
 * SPDX-License-Identifier: 0BSD */
#include "data.h"

void nn_lengths_most(const nn_tensor *tensors, int n, int *lengths) {
    for (int i = 0; i < n; i++)
        for (int d = 0; d < tensors[i].rank; d++)
            if (tensors[i].length[d]) lengths[tensors[i].length[d] - 1] = (int)tensors[i].dim[d];
}

int64_t nn_padded_length(const void *row, nn_type type, int64_t room) {
    for (; room > 1; room--) {
        int64_t token;
        nn_convert(&token, NN_I64, (const char *)row + (size_t)(room - 1) * nn_type_size(type), type, 1);
        if (token) break;
    }
    return room;
}

void nn_lengths_of(const nn_dataset *d, const nn_tensor *tensors, int n_tensors, void *const *buffers, int n, int *lengths) {
    int longest[NN_MAX_LENGTHS] = { 0 };
    for (int i = 0; i < n_tensors; i++) {
        const nn_tensor *t = &tensors[i];
        const nn_array *a = &d->arrays[i];
        size_t row = nn_tensor_elements(t) * nn_type_size(t->type);
        for (int k = 0; k < t->rank; k++) {
            if (!t->length[k]) continue;
            int *length = &longest[t->length[k] - 1];
            for (int s = 0; s < (a->padded ? n : 1); s++) {
                int64_t needs = a->padded ? nn_padded_length((const char *)buffers[i] + (size_t)s * row, t->type, t->dim[k])
                              : a->shorter ? a->dim[1 + k] : t->dim[k];
                if (needs > *length) *length = (int)needs;
            }
        }
    }
    for (int k = 0; k < NN_MAX_LENGTHS; k++)
        if (longest[k]) lengths[k] = longest[k];
}
