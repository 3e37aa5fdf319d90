/* elements.h: the element types that files have, beyond those that arrays have, and where elements stand in a file.
 * SPDX-License-Identifier: 0BSD */
#ifndef NN_ELEMENTS_H
#define NN_ELEMENTS_H
#include "data.h"

typedef enum { NN_E_U8, NN_E_I8, NN_E_U16, NN_E_I16, NN_E_U32, NN_E_I32, NN_E_I64, NN_E_F32, NN_E_F64 } nn_element;

typedef struct nn_layout {
    nn_element element;
    bool big_endian;
    size_t lead, run;               /* of each record: bytes before its elements, and how many these are; run 0: no records */
} nn_layout;

/* The next `size` bytes of the source (SIZE_MAX: all that are left; `got` says how many) become a part of the array, and set its
 * type. */
bool nn_add_elements(nn_array *a, nn_source *s, size_t size, size_t *got, nn_layout layout, nn_failure *f);
nn_element nn_element_of(nn_type type);         /* the one that is the type itself */
bool nn_this_big_endian(void);
/* Numbers that were made in memory, which is taken over. */
bool nn_add_memory(nn_array *a, const char *path, nn_type type, void *data, size_t elements, nn_failure *f);
/* The rest of a file whose header has set rank and dims: elements of this type and byte order. */
bool nn_read_elements(nn_source *s, nn_element element, bool big_endian, nn_array *a, nn_failure *f);
#endif
