/* safetensors.h: files of named arrays, in the format that every framework reads. SPDX-License-Identifier: 0BSD */
#ifndef NN_SAFETENSORS_H
#define NN_SAFETENSORS_H
#include "failure.h"
#include "nn.h"
#include <stdio.h>

/* One array of a file that is open for reading. `known` is false for element types that nn_type lacks: such an array may be there,
 * but cannot be loaded. */
typedef struct nn_stored {
    const char *name;
    bool known;
    nn_type type;
    const char *type_name;
    int rank;
    int64_t dim[NN_MAX_RANK];
    uint64_t begin, end;                        /* bytes, from the end of the header */
} nn_stored;

typedef struct nn_archive {
    FILE *file;
    const char *path;
    char *header;
    uint64_t data;                              /* where in the file the arrays start */
    nn_stored *stored;                          /* sorted by name */
    size_t count;
    const char **key, **value;                  /* __metadata__ */
    size_t n_keys;
} nn_archive;

/* Opens a file and checks every field of its header. False: the reason is given, and nothing stays open. */
bool nn_archive_open(nn_archive *a, const char *path, nn_failure *f);
bool nn_archive_read_header(nn_archive *a, nn_failure *f);      /* file and path are set: for files that are open already */
void nn_archive_close(nn_archive *a);
const char *nn_archive_note(const nn_archive *a, const char *key);              /* NULL: absent */
const nn_stored *nn_archive_find(const nn_archive *a, const char *name);        /* NULL: absent */
/* Elements into memory of the same type, or from one real type to the other. The caller has compared the shapes. */
bool nn_archive_load(nn_archive *a, const nn_stored *s, void *to, nn_type type, nn_failure *f);

/* One array to be written. */
typedef struct nn_view { const char *name; nn_type type; int rank; const int64_t *dim; const void *data; } nn_view;
typedef struct nn_note { const char *key, *value; } nn_note;
bool nn_archive_write(const char *path, const nn_view *views, size_t n_views, const nn_note *notes, size_t n_notes, nn_failure *f);
#endif
