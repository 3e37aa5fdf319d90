/* A loss as a sum over samples times a factor without a gradient: see split.c. */
#ifndef NNC_SPLIT_H
#define NNC_SPLIT_H
#include "../equations/names.h"
#include "model.h"

typedef struct Split {
    enum { SPLIT_BAD,           /* more than its micro-batches together */
           SPLIT_FREE,          /* without a gradient; as a factor it is `term`, or cannot be one (NULL) */
           SPLIT_NUMBER,        /* with a gradient, the same for all samples */
           SPLIT_SAMPLE,        /* of one sample: term*factor */
           SPLIT_SUM            /* linear in sums over the samples: term*factor */
    } kind;
    bool moves;                 /* FREE: depends on the samples */
    bool rest;                  /* something without a gradient was added, and is left out here */
    const struct Split *also;   /* a SUM that is added to each SAMPLE; to a SUM, as often as there are samples */
    const Expr *term, *factor;  /* factor NULL: 1 */
} Split;

typedef struct Splitter {
    Program *program;           /* may get equations */
    const Tensor *count;
    bool strict;
    Names *names;
    Tensors sums;               /* that factors read */
    const Origin *blame;        /* where what is refused stands */
    bool unequal;               /* it was two factors that differ */
    Map moves, crossings, flows, known;     /* what was found of tensors, expressions and equations */
    bool crossed;
} Splitter;

Split split_expr(Splitter *s, const Expr *e);
Split split_add(Splitter *s, Split a, Split b);
#endif
