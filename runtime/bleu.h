/* bleu.h: how near translations are to their references. SPDX-License-Identifier: 0BSD */
#ifndef NN_BLEU_H
#define NN_BLEU_H
#include "failure.h"
#include <stdint.h>

enum { NN_BLEU_ORDER = 4 };

/* What the pairs so far have added up to. All 0: none yet. */
typedef struct nn_bleu {
    int64_t matched[NN_BLEU_ORDER];                 /* n-grams of 1, 2, 3, 4 tokens that the reference has too */
    int64_t total[NN_BLEU_ORDER];                   /* all n-grams of the translations */
    int64_t length, reference_length;               /* in tokens */
} nn_bleu;

typedef struct nn_bleu_score {
    double score;                                   /* 0 .. 100 */
    double precision[NN_BLEU_ORDER];                /* 0 .. 100 */
    double penalty;                                 /* for brevity: 0 .. 1 */
} nn_bleu_score;

/* One sentence and its reference, in UTF-8 without line ends. False: there is no memory. */
bool nn_bleu_add(nn_bleu *b, const char *translation, const char *reference, nn_failure *f);
nn_bleu_score nn_bleu_of(const nn_bleu *b);
#endif
