/* texts.h: the vocabularies of a model's inputs and targets. SPDX-License-Identifier: 0BSD */
#ifndef NN_TEXTS_H
#define NN_TEXTS_H
#include "data.h"
#include "safetensors.h"
#include "vocabulary.h"

/* All 0: none. Inputs that share a vocabulary have the same pointer. */
struct nn_texts {
    int count;                      /* of inputs and targets */
    nn_vocabulary **of;             /* NULL: the input is no text, or its vocabulary is not known yet */
};

nn_vocabulary *nn_texts_find(const nn_texts *x, int input);                     /* NULL: none */
void nn_texts_free(nn_texts *x);

/* The unit that the words of a binding ask for: `lines` or `chars`; false: neither. */
bool nn_texts_unit(const nn_choice *c, nn_unit *unit);
/* Gives each text a vocabulary, the one of another input if it has `as`. What is missing is learned from the files, or an error.
 * paths[i].count is 0 for an input without a file. */
bool nn_texts_prepare(nn_texts *x, const nn_model *m, int count, const nn_paths *paths, bool learn, nn_failure *f);

/* Checkpoints hold vocabularies as arrays of bytes, "text:NAME": those of a file, if it has some; how many these are. */
#define NN_TEXT_PREFIX "text:"
bool nn_texts_load(nn_texts *x, const nn_model *m, const char *path, nn_failure *f);
size_t nn_texts_stored(const nn_model *m, const nn_archive *a);
/* A vocabulary's own file. */
bool nn_texts_read(nn_texts *x, const nn_model *m, const char *name, const char *path, bool other, nn_failure *f);

/* The target, or else the input, in whose words an output is written: subwords, of the same shape and classes; -1: none. */
int nn_texts_of_output(const nn_texts *x, const nn_model *m, const nn_tensor *output);

/* ---- text.c ---- */
bool nn_text_count(nn_source *s, nn_unit unit, nn_table *counts, nn_failure *f);
/* The tokens from `from` on become a row of `length`, and are taken away: cut if they are too many, then the end, then padding. */
void nn_text_row(nn_tokens *tokens, size_t from, size_t length, int32_t *row, bool *cut);
/* A row of tokens up to NN_END as text, to be freed by the caller; NULL: failed. */
char *nn_text_line(const nn_vocabulary *v, const void *row, nn_type type, size_t length, nn_failure *f);
#endif
