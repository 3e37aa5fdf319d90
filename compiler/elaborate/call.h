/* What the files of calls share. */
#ifndef NNC_CALL_H
#define NNC_CALL_H
#include "scope.h"

/* What a call gives: in order, and by name. */
typedef struct Given { Arguments positional, named; } Given;

/* arguments.c */
bool collect(Elaborator *e, Scope *s, const Env *env, const Tree *call, const Value *first, Given *g);   /* first: through |> */
bool arrange(Elaborator *e, Scope *s, const Tree *fn, Span at, const Given *g, Argument **out);  /* out: one for each parameter, or NULL */
bool bind_arguments(Elaborator *e, Scope *inner, Argument *const *arguments);
Diagnostic *wrong_count(Elaborator *e, const Scope *s, Span at, const char *name, int takes, int given);
/* call.c */
bool has_hole(const Tree *call);                               /* f(_, 3) */
/* special.c */
bool is_special(const char *name);                              /* a function of the language itself */
bool special(Elaborator *e, Scope *s, const Env *env, const Tree *call, const Value *first, Value *out); /* true: it was one */
Value unknown_function(Elaborator *e, Scope *s, const Tree *call);
#endif
