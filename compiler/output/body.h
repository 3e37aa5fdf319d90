/* The body of an entry point while it is being printed: what entry.c and look.c share. */
#ifndef NNC_BODY_H
#define NNC_BODY_H
#include "parts.h"

typedef struct Body {
    const Module *m;
    const Layout *l;
    Entry entry;
    Scope scope;                        /* the numbers of the call, bound for expressions in double */
    bool predicts, uses_p, uses_s, uses_arena, uses_whole;
    Map placed;                         /* the names of tensors of the arena that have one already */
    Writer places, numbers, calls, end; /* the text of the function, in this order */
    bool shared;                        /* every thread of a team runs the calls: see team.c */
    const char *thread, *parts;         /* then: names of the thread that runs, and of the parts of a kernel that it has taken, */
    const char *call, *handed;          /* of the call, and of the call without its type */
    LIST(const char *) number_name, number_type;    /* the keys and numbers that `numbers` declares */
    Profile *profile;                   /* of functions that measure their kernels, else NULL */
    const char *clock;                  /* then: the name of the time when the last call ended */
    const char *counts;                 /* then: the name of the samples and lengths of the call */
    Traps *traps;                       /* of functions that look at what they compute, else NULL */
} Body;

/* The lvalue of a tensor that lives in a struct or is handed out; NULL when it is neither. */
const char *struct_place(Body *b, const Tensor *t, bool constant);
/* The pointer to a tensor of the arena. */
const char *arena_place(Body *b, const Tensor *t, const Storage *storage);
const char *internal_error(const Tensor *t);                    /* it has no place */

bool mentions(const char *code, const char *name);              /* as an identifier, and not a member */
const char *public_type(const Tensor *t);
void print_memory_names(Writer *w, const Body *b);              /* what the calls call their memory */

/* accept.c: the function that looks at what callers hand in, whether there is one, and the statement that refuses a call. */
bool any_ranged(const Module *m, bool targets);
void print_accepts(Writer *w, const Module *m, bool targets);
const char *check_text(const Module *m, bool targets, const char *n, const char *failed);

/* team.c, for bodies that threads share: the call as a struct and the function that every thread runs, which stand before the
 * entry point; and the statements by which the entry point hands them to the team. Nothing for other bodies. */
void print_share(Writer *w, const Body *b);
void print_handing(Writer *w, const Body *b);

/* look.c, for bodies with traps: the statements that look at what a call begins with, and at what a kernel has stored. */
void print_given(Body *b);
void print_looks(Body *b, const Functions *functions, const Kernel *k);
#endif
