/* data.h: files of samples, and what training takes from them.
 *
 *     source   a file, plain or gzip (seen by its content), read from front to back
 *     array    all of one file: samples first, in the element type that the file has
 *     dataset  one array for each input and target of a model, with equal numbers of samples
 *     batches  the order of the samples in an epoch, and the gathering of a batch into the element types of the model
 *
 * Readers (idx, npy, csv, cifar, raw) turn a source into an array and believe nothing that a file says about its own size: memory
 * grows with what is really read. Arrays keep the file's type, so that a set of byte images stays a set of bytes in memory.
 *
 * SPDX-License-Identifier: 0BSD */
#ifndef NN_DATA_H
#define NN_DATA_H
#include "failure.h"
#include "nn.h"

/* ---- source.c ---- */
typedef struct nn_source nn_source;
nn_source *nn_source_open(const char *path, nn_failure *f);     /* NULL: failed */
void nn_source_close(nn_source *s);
const char *nn_source_path(const nn_source *s);
/* Up to `size` bytes; fewer only at the end of the file. False: the file cannot be read, or its compressed form is damaged. */
bool nn_source_read(nn_source *s, void *to, size_t size, size_t *got, nn_failure *f);
bool nn_source_peek(nn_source *s, void *to, size_t size, size_t *got, nn_failure *f);      /* at the start only, size <= 16 */
/* Exactly `size` bytes (or all that there are, if size is SIZE_MAX) in memory to be freed by the caller; NULL: failed. */
void *nn_source_take(nn_source *s, size_t size, size_t *got, nn_failure *f);
bool nn_source_at_end(nn_source *s, nn_failure *f);             /* false and a message if anything follows */

/* ---- array.c ---- */
typedef struct nn_array {
    nn_type type;
    int rank;                       /* dim[0] is the number of samples */
    int64_t dim[NN_MAX_RANK];
    void *data;
    bool by_row;                    /* samples are the rows of a table with header: messages count from its first line */
    int64_t first_row;              /* the number of the first sample in messages */
} nn_array;

size_t nn_type_size(nn_type t);
const char *nn_type_name(nn_type t);
bool nn_product(const int64_t *dim, int rank, size_t *product);     /* false: overflow, or a negative dim */
size_t nn_tensor_elements(const nn_tensor *t);
void nn_shape_text(char *text, size_t size, const int64_t *dim, int rank);     /* 1x28x28; "one number" for rank 0 */
/* Elements of one type as elements of another. Numbers that do not fit are not expected: nn_array_suits has looked. */
void nn_convert(void *to, nn_type to_type, const void *from, nn_type from_type, size_t count);
/* Gives the array the tensor's element type where that takes no more memory, after checking that each value is one that the tensor
 * can hold. */
bool nn_array_suits(nn_array *a, const nn_tensor *t, const char *path, nn_failure *f);
/* No NaN, and no infinity after the change of type. */
bool nn_array_finite(const nn_array *a, const nn_tensor *t, const char *path, nn_failure *f);
bool nn_array_join(nn_array *a, nn_array *more, const char *path, nn_failure *f);      /* samples of `more` after those of `a` */
void nn_array_free(nn_array *a);

/* ---- the readers: false and a message, or a whole array. The tensor says what is wanted where a file does not ---- */
bool nn_read_idx(nn_source *s, nn_array *a, nn_failure *f);
bool nn_read_npy(nn_source *s, nn_array *a, nn_failure *f);
bool nn_read_csv(nn_source *s, const char *columns, const nn_tensor *t, nn_array *a, nn_failure *f);
bool nn_read_cifar(nn_source *s, const char *part, const nn_tensor *t, nn_array *a, nn_failure *f);
bool nn_read_raw(nn_source *s, nn_type type, const nn_tensor *t, nn_array *a, nn_failure *f);
/* Any of them, chosen by selector, content and name; then values that the tensor can hold, in its element type where that is no
 * larger. */
bool nn_read_file(const char *path, const char *selector, const nn_tensor *t, nn_array *a, nn_failure *f);

/* ---- dataset.c ---- */
typedef struct nn_dataset {
    int n_arrays;
    nn_array *arrays;               /* in the order of the model's inputs and targets */
    int64_t samples;
} nn_dataset;

typedef struct nn_binding { const char *name, *file; } nn_binding;      /* NAME=FILE from the command line; file ends at its NUL */
typedef enum { NN_TRAIN, NN_TEST } nn_split;

/* Opens what is bound, else the model's own files of this split. `count` says how many of the model's inputs are wanted: all, or
 * the inputs without the targets. With no file for any of them the result is true and samples is 0. */
bool nn_dataset_open(nn_dataset *d, const nn_model *m, int count, nn_split split, const nn_binding *bound, int n_bound,
                     const char *directory, nn_failure *f);
void nn_dataset_free(nn_dataset *d);

/* ---- locate.c ---- */
typedef struct nn_paths { char **path; size_t count; } nn_paths;
/* The files that FILE[:SELECTOR] means, sorted; the selector (or NULL) points into `text`. */
bool nn_locate(nn_paths *p, const char *text, bool own_default, const char *directory, const char *default_file,
               const char **selector, nn_failure *f);
void nn_paths_free(nn_paths *p);

/* ---- batches.c ---- */
typedef struct nn_batches {
    const nn_dataset *data;
    const nn_tensor *tensors;
    int n_tensors, batch;
    int given;                      /* samples that are in the buffers now */
    int64_t *order, position;       /* order: NULL if the samples come as they are; position: samples given out in this epoch */
    void **buffers;
    int lengths[NN_MAX_LENGTHS];    /* what a call with these buffers is given for the model's lengths */
} nn_batches;

bool nn_batches_open(nn_batches *b, const nn_dataset *d, const nn_tensor *tensors, int n_tensors, int batch, bool shuffle,
                     nn_failure *f);
/* The same seed and epoch give the same order. */
void nn_batches_start(nn_batches *b, uint64_t seed, int64_t epoch, int64_t position);
int nn_batches_next(nn_batches *b);     /* samples now in the buffers; 0: the epoch is over */
void nn_batches_close(nn_batches *b);
void nn_permutation(int64_t *order, int64_t count, uint64_t seed, uint64_t epoch);
#endif
