/* What the parts of simplification offer each other. */
#ifndef NNC_SIMPLIFY_H
#define NNC_SIMPLIFY_H
#include "map.h"
#include "solve.h"

/* factor.c: the terms of a sum, and what they have in common taken out of it. */
void list_terms(const Expr *e, Exprs *terms);                   /* e is their sum; a minus is part of its term */
const Expr *factor(const Expr *e);
/* With sum == sum(bound) inside, the equation e is the map `whole`; false: that would be no better. */
bool hoist(const Equation *e, const Expr *sum, const Expr **inside, const Expr **whole);

/* inline.c: adjoint equations that vanish into their readers. */
typedef struct Inlining Inlining;
Inlining *inlining_new(const Program *p);
void inlining_offer(Inlining *w, Equation *e);                  /* e is final: its readers may take its body */
const Expr *inline_into(Inlining *w, const Equation *reader, const Expr *body);
#endif
