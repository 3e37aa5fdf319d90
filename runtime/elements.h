/* elements.h: the element types that files have, beyond those that arrays have. SPDX-License-Identifier: 0BSD */
#ifndef NN_ELEMENTS_H
#define NN_ELEMENTS_H
#include "data.h"

typedef enum { NN_E_U8, NN_E_I8, NN_E_U16, NN_E_I16, NN_E_U32, NN_E_I32, NN_E_I64, NN_E_F32, NN_E_F64 } nn_element;

/* The rest of an array whose rank and dims are set: elements of this type and byte order. */
bool nn_read_elements(nn_source *s, nn_element element, bool big_endian, nn_array *a, nn_failure *f);
#endif
