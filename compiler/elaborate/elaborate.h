/* Elaborate: from the syntax tree to programs of equations.
 *
 * Definitions of the library and of the user are inlined, dimensions bound, ranges of indices found, the batch index
 * carried through whatever depends on an input. What comes out is one program for each entry point, in which nothing
 * knows what a layer, a loss or an optimizer is; gradients are equations like all others (differentiate.c).
 *
 * Everything that a user can get wrong in a model is reported here, at the user's text. */
#ifndef NNC_ELABORATE_H
#define NNC_ELABORATE_H
#include "../equations/program.h"
#include "../language/tree.h"

typedef struct Define { const char *name; double value; } Define;      /* -D NAME=VALUE */

/* `files`: trees of the library and of the user's files. The model is the one called `model_name`, or the only one.
 * NULL: there were errors, and they were reported. */
Model *elaborate(const Tree *const *files, int n, const char *model_name, const Define *defines, int n_defines);
#endif
