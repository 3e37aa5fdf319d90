/* The left side of an equation, bound: see left.c. */
#ifndef NNC_LEFT_H
#define NNC_LEFT_H
#include "scope.h"

typedef struct Left {
    int n, holes;
    const Index *index[MAX_RANK];                               /* NULL: a hole, an axis that the right side leaves whole */
    Dim dim[MAX_RANK];                                          /* -1: of a hole, not declared */
    const Env *env;
} Left;

/* What is known of the axes before any index. */
typedef struct LeftAxes {
    bool declared;
    int rank, n_dots;
    Dim dim[MAX_RANK], dots[MAX_RANK];                          /* as declared; of `..` */
} LeftAxes;

int n_left(const Tree *left);                                   /* subscripts, without an else */
bool left_axes(Elaborator *e, Scope *s, const Name *n, const Tree *left, const Tree *right, LeftAxes *a);
bool bind_left(Elaborator *e, Scope *s, const Name *n, const Tree *left, const Tree *right, Left *out);
bool declared_dims(Elaborator *e, Scope *s, const Name *n, Dim *dims, int *rank);      /* false: none are */
void range_unknown(Elaborator *e, Scope *s, Span at, const Name *n, int errors);           /* unless more errors than that were reported */
/* equation.c: the value of an equation, once; is n all that its definition gives? */
Value equation(Elaborator *e, Scope *s, Name *n);
bool is_whole_result(const Scope *s, const Name *n);
/* recurrence.c */
Value equation_value(Elaborator *e, Scope *s, Name *n);         /* the same for one that may read itself */
Value passed_through(Elaborator *e, Scope *s, Name *n);         /* of y = f(x) that is busy */
void assume_shape(Name *n, const Left *l);
/* scatter.c */
Value scatter(Elaborator *e, Scope *s, const Name *n);
#endif
