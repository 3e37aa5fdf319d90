/* json.h: the JSON that a safetensors header is made of, strictly. SPDX-License-Identifier: 0BSD */
#ifndef NN_JSON_H
#define NN_JSON_H
#include "failure.h"
#include <stdint.h>

typedef struct nn_json { char *next, *end; } nn_json;           /* the text, which the reader overwrites; *end is a NUL */

bool nn_json_token(nn_json *j, char c);                         /* this punctuation, or nothing is taken */
bool nn_json_string(nn_json *j, char **text);                   /* decoded in place; no NUL inside */
bool nn_json_count(nn_json *j, uint64_t *value);                /* a number without sign, fraction and exponent, below 2^63 */
bool nn_json_end(nn_json *j);                                   /* nothing but white space is left */
void nn_json_quote(char *to, const char *text);                 /* to holds 6*strlen(text) + 3 bytes */
#endif
