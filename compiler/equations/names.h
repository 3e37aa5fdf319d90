/* Names of new tensors: unique in a program, and the same on every run. */
#ifndef NNC_NAMES_H
#define NNC_NAMES_H
#include "map.h"
#include "program.h"

typedef struct { Map taken; } Names;

Names *names_of(const Program *p);                              /* of all tensors that it defines or reads */
const char *fresh_name(Names *n, const char *wish);             /* wish, or wish_2, wish_3 ...; taken from now on */
#endif
