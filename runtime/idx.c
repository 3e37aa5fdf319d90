/* idx.c: the IDX format of MNIST and its relatives.
 *
 *     00 00 TYPE RANK, then RANK big-endian extents of 4 bytes, then the elements, big-endian, the last index fastest
 *     00 00 08   03    0000ea60 0000001c 0000001c                                 60000 images of 28 x 28 bytes
 *
 * SPDX-License-Identifier: 0BSD */
#include "elements.h"
#include <stdlib.h>
#include <string.h>

bool nn_read_idx(nn_source *s, nn_array *a, nn_failure *f) {
    static const struct { unsigned char code; nn_element element; } codes[] = {
        { 0x08, NN_E_U8 }, { 0x09, NN_E_I8 }, { 0x0b, NN_E_I16 }, { 0x0c, NN_E_I32 }, { 0x0d, NN_E_F32 }, { 0x0e, NN_E_F64 } };
    unsigned char head[4], extent[4];
    const char *path = nn_source_path(s);
    size_t n = 0;
    if (!nn_source_read(s, head, 4, &n, f)) return false;
    if (n < 4 || head[0] || head[1]) return nn_fail(f, "%s: not an IDX file", path);
    if (head[3] < 1 || head[3] > NN_MAX_RANK)
        return nn_fail(f, "%s: an IDX file of %d dimensions; 1 to %d are possible", path, head[3], NN_MAX_RANK);
    a->rank = head[3];
    for (int i = 0; i < a->rank; i++) {
        if (!nn_source_read(s, extent, 4, &n, f)) return false;
        if (n < 4) return nn_fail(f, "%s: the file ends in its header; fetch it again", path);
        a->dim[i] = (int64_t)extent[0] << 24 | extent[1] << 16 | extent[2] << 8 | extent[3];
    }
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].code == head[2]) return nn_read_elements(s, codes[i].element, true, a, f) && nn_source_at_end(s, f);
    return nn_fail(f, "%s: element type 0x%02x of IDX is unknown", path, head[2]);
}
