/* raw.c: numbers without any header, in this machine's byte order.
 *
 * The model says how many numbers a sample has; the size of the file then says how many samples there are. For windows, all the
 * numbers are one long row.
 *
 * SPDX-License-Identifier: 0BSD */
#include "elements.h"
#include <string.h>

bool nn_read_raw(nn_source *s, nn_type type, const nn_choice *c, const nn_tensor *t, nn_array *a, nn_failure *f) {
    size_t got, sample = (c->windows ? 1 : nn_tensor_elements(t)) * nn_type_size(type);
    nn_layout layout = { .element = nn_element_of(type), .big_endian = nn_this_big_endian() };
    if (!nn_add_elements(a, s, SIZE_MAX, &got, layout, f)) return false;
    if (sample == 0 || got % sample)
        return nn_fail(f,
                       "%s: %zu bytes are no whole number of samples of %zu bytes for '%s'; choose another of :u8 :i32 :f32 :f64",
                       nn_source_path(s), got, sample, t->name);
    a->rank = c->windows ? 1 : t->rank + 1;
    a->dim[0] = (int64_t)(got / sample);
    if (!c->windows) memcpy(a->dim + 1, t->dim, (size_t)t->rank * sizeof *a->dim);
    return true;
}
