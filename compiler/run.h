/* nnc run: from the C text to a running program. */
#ifndef NNC_RUN_H
#define NNC_RUN_H
#include "deliver.h"

typedef struct Build {
    const char *name;                   /* of the program */
    Parcel code, header;                /* paths are base names */
    bool blas;                          /* the code calls a BLAS library */
} Build;

/* Builds the program, or takes the one of an earlier run with the same text, and becomes it. Comes back only to say with
 * which status to exit, after what is wrong was said on stderr. */
int run_program(const Build *build, char **arguments);
#endif
