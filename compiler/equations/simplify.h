/* What the parts of simplification offer each other. */
#ifndef NNC_SIMPLIFY_H
#define NNC_SIMPLIFY_H
#include "map.h"
#include "names.h"
#include "solve.h"

/* factor.c: what the terms of a sum have in common, taken out of it. */
const Expr *factor(const Expr *e);
/* With sum == sum(bound) inside, the equation e is the map `whole`; false: that would be no better. */
bool hoist(const Equation *e, const Expr *sum, const Expr **inside, const Expr **whole);

/* inline.c: adjoint equations that vanish into their readers. */
typedef struct Inlining Inlining;
Inlining *inlining_new(const Program *p);
void inlining_offer(Inlining *w, Equation *e);                  /* e is final: its readers may take its body */
const Expr *inline_into(Inlining *w, Equation *reader, const Expr *body);

/* known.c: values that forward maps have. */
typedef struct Known Known;
Known *known_new(void);
void known_note(Known *k, const Equation *e);                   /* e is final */
const Expr *read_known(Known *k, const Expr *body);             /* of an adjoint, with reads of forward maps for their values */
/* Finds what stands in `found` where these indices stand alone in `pattern`; others of `at` stay as they are. */
void match_indices(const Index *const *index, int n, const Expr *pattern, const Expr *found, const Expr **at);

/* below.c: exponentials of what is not positive. */
void lower_exponentials(Program *p);

/* winner.c: adjoints that are not zero at the places of winners only. */
typedef struct Winners Winners;
Winners *winners_new(Program *p, Names *names);
void winners_note(Winners *w, const Equation *e);               /* e is final, and may be a maximum or its winner */
void keep_to_winners(Winners *w, Equation *e);
/* The condition of e's body, winner[i//2] == i%2, that leaves some free indices one digit that data choose; or NULL. */
const Expr *winner_choice(const Equation *e);
int64_t chosen_digit(const Expr *choice, const Index *i);       /* of i in such a condition: how many values it has; else 0 */
#endif
