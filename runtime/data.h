/* data.h: files of samples, and what training takes from them.
 *
 *     choice    the words FILE:PART:samples=0-23:windows
 *     source    a file, plain or gzip (seen by its content), read from front to back
 *     store     the numbers of a file as bytes that can be read anywhere: in memory, or on disk if they are many
 *     text      characters or lines as tokens, by the vocabulary of their input
 *     array     all of one binding: samples first, in the element type that the files have, read where they are wanted
 *     windows   samples that are cut out of larger ones
 *     dataset   one array for each input and target of a model, with equal numbers of samples
 *     batches   the order of the samples in an epoch, and the gathering of a batch into the element types of the model
 *
 * Readers (idx, npy, csv, cifar, raw, folder) turn a source into an array and believe nothing that a file says about its own size: memory
 * grows with what is really read. Nothing after the readers knows a format: an array gives numbers by their place, on demand.
 *
 * SPDX-License-Identifier: 0BSD */
#ifndef NN_DATA_H
#define NN_DATA_H
#include "failure.h"
#include "nn.h"

/* ---- choice.c ---- */
typedef struct nn_choice {
    char *file, *part;              /* part: image, 0-7, f32, lines ... or NULL */
    char *as;                       /* the input whose vocabulary a text shares, or NULL */
    bool windows;
    bool ranged;                    /* samples=FIRST-LAST: of what the files hold, both included */
    bool percent;                   /* samples=FIRST%-LAST%: a share of them; the sample at LAST is left out */
    int64_t first, last;            /* last: INT64_MAX for all from the first on */
} nn_choice;
bool nn_choice_parse(nn_choice *c, const char *text, nn_failure *f);    /* the words after a file that exists, or could */
void nn_choice_free(nn_choice *c);

/* ---- source.c ---- */
typedef struct nn_source nn_source;
typedef struct nn_store nn_store;
nn_source *nn_source_open(const char *path, nn_failure *f);     /* NULL: failed */
void nn_source_close(nn_source *s);
const char *nn_source_path(const nn_source *s);
/* Up to `size` bytes; fewer only at the end of the file. False: the file cannot be read, or its compressed form is damaged. */
bool nn_source_read(nn_source *s, void *to, size_t size, size_t *got, nn_failure *f);
bool nn_source_peek(nn_source *s, void *to, size_t size, size_t *got, nn_failure *f);      /* at the start only, size <= 16 */
/* Exactly `size` bytes (or all that there are, if size is SIZE_MAX) in memory to be freed by the caller; NULL: failed. */
void *nn_source_take(nn_source *s, size_t size, size_t *got, nn_failure *f);
/* The same as a store, which holds at most `room` bytes in memory. */
bool nn_source_keep(nn_source *s, size_t size, size_t room, nn_store *store, nn_failure *f);
bool nn_source_at_end(nn_source *s, nn_failure *f);             /* false and a message if anything follows */

/* ---- store.c ---- */
struct nn_store {
    char *path;                     /* of the file that the bytes come from */
    unsigned char *memory;          /* NULL: they are on disk */
    int descriptor;                 /* of the file, or of a temporary one; -1: they are in memory */
    size_t start, size;             /* where they begin there, and how many they are */
};
bool nn_store_memory(nn_store *s, const char *path, void *memory, size_t size, nn_failure *f);      /* takes the memory over */
bool nn_store_file(nn_store *s, const char *path, int descriptor, size_t start, size_t size, nn_failure *f);
int nn_store_temporary(const char *for_path, nn_failure *f);    /* a file without a name, in TMPDIR or /tmp; -1: failed */
bool nn_store_append(int descriptor, const char *for_path, const void *data, size_t size, nn_failure *f);
bool nn_store_read(const nn_store *s, size_t at, void *to, size_t size, nn_failure *f);
void nn_store_free(nn_store *s);

/* ---- array.c ---- */
/* The numbers of one file, from the first one of its first sample to the last one of its last sample. */
typedef struct nn_part {
    char *path;
    size_t elements;
    bool by_row;                    /* samples are the lines of a table: messages count lines */
    int64_t first_row;              /* the number of the first sample in messages */
    void *self;
    /* `count` elements from element `first` on, as elements of `type`. False: the file cannot be read, or is damaged. */
    bool (*read)(void *self, size_t first, size_t count, void *to, nn_type type, nn_failure *f);
    void (*free)(void *self);
    const char *(*file)(void *self, size_t element);    /* of parts with a file for each sample: its path; else NULL */
} nn_part;

typedef struct nn_array {
    nn_type type;                   /* of the numbers in the files; reading gives any type */
    int rank;                       /* dim[0] is the number of samples */
    int64_t dim[NN_MAX_RANK + 1];
    bool judged;                    /* values are judged where they are read, not by nn_array_check */
    bool windows;                   /* samples are larger than the model's, in as many axes: see windows.c */
    size_t start;                   /* elements before the first sample, in the first part */
    size_t row;                     /* elements of a sample as the files have it */
    size_t held;                    /* bytes of its parts in memory */
    int64_t cut;                    /* lines of a text that were longer than a sample */
    bool padded;                    /* samples are lines of a text, filled up with 0 */
    bool shorter;                   /* samples have fewer places along an axis with a length than there is room for */
    int n_parts;
    nn_part *parts;                 /* one after another */
} nn_array;

enum { NN_MOST_HELD = 1 << 28 };    /* bytes of an array that are held in memory; what is more stays on disk */

size_t nn_type_size(nn_type t);
const char *nn_type_name(nn_type t);
bool nn_product(const int64_t *dim, int rank, size_t *product);     /* false: overflow, or a negative dim */
size_t nn_tensor_elements(const nn_tensor *t);
void nn_shape_text(char *text, size_t size, const int64_t *dim, int rank);     /* 1x28x28; "one number" for rank 0 */
/* Elements of one type as elements of another. Numbers that do not fit are not expected: nn_array_check has looked. */
void nn_convert(void *to, nn_type to_type, const void *from, nn_type from_type, size_t count);
/* Adds the last part of an array; `self` goes with it, also if it fails. */
bool nn_array_add(nn_array *a, nn_part part, const char *path, nn_failure *f);
bool nn_array_join(nn_array *a, nn_array *more, const char *path, nn_failure *f);      /* moves the samples of `more` behind those of `a` */
bool nn_array_range(nn_array *a, int64_t first, int64_t last, const char *path, nn_failure *f);     /* leaves samples first..last */
/* `count` elements of a sample, from its element `first` on, as elements of `type`. */
bool nn_array_read(const nn_array *a, int64_t sample, size_t first, size_t count, void *to, nn_type type, nn_failure *f);
/* The sample has the tensor's shape, but for dims of extent 1, or one of them is flat. */
bool nn_array_fits(const nn_array *a, const nn_tensor *t);
/* It has it but for fewer places along axes with a length. */
bool nn_array_shorter(const nn_array *a, const nn_tensor *t);
/* A sample, in the tensor's shape and type: what it is short of is 0. */
bool nn_array_sample(const nn_array *a, const nn_tensor *t, int64_t sample, void *to, nn_failure *f);
/* Reads all of it once: each value is one that the tensor can hold. No NaN, and no infinity after the change of type, unless
 * `any` number is wanted. */
bool nn_array_check(const nn_array *a, const nn_tensor *t, bool any, nn_failure *f);
const char *nn_array_file(const nn_array *a, int64_t sample);      /* the path of a sample that is a file; else NULL */
bool nn_array_line(const nn_array *a, int64_t sample, int64_t *line);      /* the line of a table that it is; false: of no table */
void nn_array_free(nn_array *a);

/* ---- the readers: false and a message, or a whole array. The tensor says what is wanted where a file does not ---- */
bool nn_read_idx(nn_source *s, nn_array *a, nn_failure *f);
bool nn_read_npy(nn_source *s, nn_array *a, nn_failure *f);
bool nn_read_csv(nn_source *s, const nn_choice *c, const nn_tensor *t, nn_array *a, nn_failure *f);
bool nn_read_cifar(nn_source *s, const nn_choice *c, const nn_tensor *t, nn_array *a, nn_failure *f);
bool nn_read_raw(nn_source *s, nn_type type, const nn_choice *c, const nn_tensor *t, nn_array *a, nn_failure *f);
bool nn_read_folder(const char *path, const nn_choice *c, const nn_tensor *t, nn_array *a, nn_failure *f);     /* of pictures */

/* ---- locate.c ---- */
typedef struct nn_paths { char **path; size_t count; nn_choice choice; } nn_paths;
/* The files that FILE[:WORD...] means, sorted, and what the words choose of them. */
bool nn_locate(nn_paths *p, const char *text, bool own_default, const char *directory, const char *default_file, nn_failure *f);
void nn_paths_free(nn_paths *p);

/* ---- text.c, vocabulary.h, texts.h ---- */
typedef struct nn_texts nn_texts;               /* the vocabularies of all inputs and targets */
struct nn_vocabulary;
bool nn_read_text(nn_source *s, struct nn_vocabulary *v, const nn_tensor *t, nn_array *a, nn_failure *f);

/* ---- formats.c ---- */
/* All files of a binding, by the reader that fits; the samples that are chosen, of the tensor's shape or larger, with values that
 * it can hold. `any`: also NaN and infinities, which the program itself looks for. `v`: the vocabulary of the input, or NULL; then
 * a file of no other format is a text. */
bool nn_read_files(const nn_paths *p, const nn_tensor *t, bool any, struct nn_vocabulary *v, nn_array *a, nn_failure *f);

/* ---- windows.c ---- */
/* Where windows can lie in a sample, axis 0 being the last one; the same for all arrays of a data set that are cut. */
typedef struct nn_windows {
    int axes;                       /* 0: nothing is cut */
    int64_t extent[NN_MAX_RANK], window[NN_MAX_RANK], count[NN_MAX_RANK];
    int64_t per_sample;             /* windows that an epoch takes of each sample */
    bool random;
    const char *name;               /* of the input or target that set them */
} nn_windows;
/* The array's samples, or the whole array as one sample, get the axes of the tensor. */
bool nn_windows_shape(nn_array *a, const nn_tensor *t, const char *path, nn_failure *f);
bool nn_windows_share(nn_windows *w, const nn_array *a, const nn_tensor *t, const char *path, nn_failure *f);
void nn_windows_count(nn_windows *w, bool random);              /* after the last share */
void nn_windows_place(const nn_windows *w, uint64_t seed, uint64_t epoch, int64_t number, int64_t *place);
bool nn_windows_read(const nn_array *a, const nn_tensor *t, int64_t sample, const int64_t *place, void *to, nn_failure *f);

/* ---- dataset.c ---- */
typedef struct nn_dataset {
    int n_arrays;
    nn_array *arrays;               /* in the order of the model's inputs and targets */
    nn_windows windows;
    int64_t samples;                /* of an epoch: the samples of the files, or the windows of them */
} nn_dataset;

typedef struct nn_binding { const char *name, *file; } nn_binding;      /* NAME=FILE from the command line; file ends at its NUL */
typedef enum { NN_TRAIN, NN_TEST } nn_split;

/* Opens what is bound, else the model's own files of this split. `count` says how many of the model's inputs are wanted: all, or
 * the inputs without the targets. With no file for any of them the result is true and samples is 0. Vocabularies that texts of
 * training data need and `x` lacks are learned. */
bool nn_dataset_open(nn_dataset *d, const nn_model *m, int count, nn_split split, const nn_binding *bound, int n_bound,
                     const char *directory, nn_texts *x, nn_failure *f);
const char *nn_bound_file(const nn_binding *bound, int n_bound, const char *name);         /* NULL: none */
bool nn_names_known(const nn_model *m, const nn_binding *bound, int n_bound, const char *option, nn_failure *f);
void nn_dataset_free(nn_dataset *d);

/* ---- lengths.c: one number for each length that the tensors have ---- */
void nn_lengths_most(const nn_tensor *tensors, int n, int *lengths);
/* Of n samples in the buffers, as of the tensors of a data set; a length that no tensor has stays as it is. */
void nn_lengths_of(const nn_dataset *d, const nn_tensor *tensors, int n_tensors, void *const *buffers, int n, int *lengths);
int64_t nn_padded_length(const void *row, nn_type type, int64_t room);     /* without the zeros at the end; at least 1 */

/* ---- order.c: in which an epoch takes its samples ---- */
typedef struct nn_ranked { uint64_t length; int64_t drawn, sample; } nn_ranked;
typedef struct nn_order {
    int64_t samples, *sample;       /* the number of the sample at each position */
    int batch;
    uint64_t *length;               /* of each sample; NULL: all are alike */
    nn_ranked *pool;                /* room to sort in */
} nn_order;
bool nn_order_open(nn_order *o, const nn_dataset *d, const nn_tensor *tensors, int n_tensors, int batch, nn_failure *f);
void nn_order_draw(nn_order *o, uint64_t seed, uint64_t epoch);        /* the same seed and epoch give the same order */
void nn_order_free(nn_order *o);
/* Of 0..count-1; the result is a state to go on drawing from. */
uint64_t nn_permutation(int64_t *order, int64_t count, uint64_t seed, uint64_t epoch);
/* splitmix64, a counter that is mixed; and a number below n, each as likely. */
uint64_t nn_draw(uint64_t *state);
uint64_t nn_draw_below(uint64_t *state, uint64_t n);

/* ---- batches.c ---- */
typedef struct nn_batches {
    const nn_dataset *data;
    const nn_tensor *tensors;
    int n_tensors, batch;
    int given;                      /* samples that are in the buffers now */
    nn_order order;                 /* without samples if they come as they are */
    int64_t position;               /* samples given out in this epoch */
    uint64_t seed, epoch;           /* of the places of windows */
    void **buffers;
    int lengths[NN_MAX_LENGTHS];    /* what a call with these buffers is given for the model's lengths */
    bool failed;                    /* a file could not be read */
    nn_failure *f;                  /* why */
} nn_batches;

bool nn_batches_open(nn_batches *b, const nn_dataset *d, const nn_tensor *tensors, int n_tensors, int batch, bool shuffle,
                     nn_failure *f);
/* The same seed and epoch give the same order, and the same places of windows. */
void nn_batches_start(nn_batches *b, uint64_t seed, int64_t epoch, int64_t position);
int nn_batches_next(nn_batches *b);     /* samples now in the buffers; 0: the epoch is over, or `failed` is set */
/* Which sample of the arrays is in place i of the buffers; in words too, which are appended: "sample 3 of the data, from [0, 128] on" */
int64_t nn_batches_sample(const nn_batches *b, int i, char *text, size_t size);
void nn_batches_close(nn_batches *b);
#endif
