/* vocabulary.h: text as numbers. SPDX-License-Identifier: 0BSD */
#ifndef NN_VOCABULARY_H
#define NN_VOCABULARY_H
#include "failure.h"
#include "table.h"

/* What a token stands for. Characters are numbered from 0. Subwords come after three tokens of other meaning. */
typedef enum { NN_CHARACTERS, NN_SUBWORDS } nn_unit;
enum { NN_PADDING, NN_END, NN_UNKNOWN, NN_SPECIAL };

typedef struct nn_vocabulary {
    nn_unit unit;
    nn_table tokens;                /* the text of each token after the special ones */
    nn_table merges;                /* pairs of int32_t: left, right; the value is the token that they become, the entry the rank */
    nn_table pieces;                /* tokens of pieces that have been seen: where they begin in `seen`, 64ths of it how many */
    int32_t *seen;
    size_t n_seen, seen_room;
} nn_vocabulary;

typedef struct nn_tokens { int32_t *token; size_t count, room; } nn_tokens;     /* all 0: none */

nn_vocabulary *nn_vocabulary_new(nn_unit unit, nn_failure *f);                  /* without tokens; NULL: failed */
void nn_vocabulary_free(nn_vocabulary *v);
size_t nn_vocabulary_size(const nn_vocabulary *v);                              /* all tokens, special ones included */
bool nn_vocabulary_same(const nn_vocabulary *a, const nn_vocabulary *b);

/* Tokens of a text behind those that are there. `place` is what errors call the text, and `line` the number of its first line. A
 * character that is no token is an error in a vocabulary of characters, and NN_UNKNOWN in one of subwords. */
bool nn_vocabulary_encode(nn_vocabulary *v, const char *place, int64_t line, const char *text, size_t length, nn_tokens *to,
                          nn_failure *f);
/* What a token stands for, `length` bytes without NUL: nothing for padding and end, U+FFFD for an unknown one. */
const char *nn_vocabulary_text(const nn_vocabulary *v, int64_t token, size_t *length);

/* As a text file. The caller frees what write gives; NULL: failed. */
char *nn_vocabulary_write(const nn_vocabulary *v, size_t *size, nn_failure *f);
nn_vocabulary *nn_vocabulary_read(const char *place, const char *text, size_t size, nn_failure *f);

/* ---- learning: texts are counted one after another, then the vocabulary is made ---- */
/* Pieces, or characters, of a text and how often they are there. */
bool nn_vocabulary_count(nn_table *counts, nn_unit unit, const char *place, int64_t line, const char *text, size_t length,
                         nn_failure *f);
/* A vocabulary of at most `most` tokens; `name` is the input that it is for. */
nn_vocabulary *nn_vocabulary_learn(const nn_table *counts, nn_unit unit, size_t most, const char *name, nn_failure *f);
bool nn_subwords_learn(nn_vocabulary *v, const nn_table *pieces, size_t most, nn_failure *f);           /* subwords.c: merges */

/* UTF-8 without NUL, or an error that names the line. */
bool nn_text_check(const char *place, int64_t line, const char *text, size_t length, nn_failure *f);
bool nn_tokens_add(nn_tokens *t, int32_t token, nn_failure *f);
void nn_tokens_free(nn_tokens *t);
#endif
