/* The property test: random models, and what every way of computing them must agree on. */
#ifndef NNC_PROPERTY_H
#define NNC_PROPERTY_H
#include "../../compiler/output/output.h"

/* generate.c: the text of a model, a function of its seed. Every statement of the model's body is a line of its own. */
char *generate(uint64_t seed);

/* A random number of the state, which moves on. */
static inline uint64_t next_random(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* What came of a model. All but GOOD and LOOSE are bugs of the compiler or of the generator. */
typedef enum { GOOD, LOOSE, DIFFERENT, REFUSED, BROKEN, OUTCOMES } Outcome;

/* compare.c: compiles the text in this process and compares all ways. With a directory the C files of both kinds of
 * kernels and what they have to give (for check.c) are written there. What is wrong is said on standard output. */
Outcome compare(const char *text, uint64_t seed, const char *directory);
#endif
