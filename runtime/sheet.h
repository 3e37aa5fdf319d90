/* sheet.h: what a model was given and what it gave, as pictures. SPDX-License-Identifier: 0BSD */
#ifndef NN_SHEET_H
#define NN_SHEET_H
#include "data.h"

typedef struct nn_sheet nn_sheet;

/* `path` is a file, FILE.png, for one sheet of the first `count` samples (0: 8); or DIR/ for a file for each picture of each output,
 * of the first `count` samples (0: all). The data set has `n_given` of the model's inputs and targets. NULL: failed. */
nn_sheet *nn_sheet_open(const nn_model *m, const nn_dataset *d, int n_given, const char *path, int64_t count, nn_failure *f);
int64_t nn_sheet_samples(const nn_sheet *s);    /* how many it takes */
/* The next n samples; those beyond its count are left out. */
bool nn_sheet_add(nn_sheet *s, int n, void *const *given, void *const *outputs, nn_failure *f);
bool nn_sheet_finish(nn_sheet *s, nn_failure *f);       /* writes the sheet */
void nn_sheet_free(nn_sheet *s);
#endif
