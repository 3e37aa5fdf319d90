/* replace.h: files that appear whole or not at all.
 *
 * What is written goes to FILE.tmp beside FILE. Only when all of it has reached the disk does it take FILE's name, in one step of
 * the file system, so that at every moment FILE is the old file or the new one, even if the machine stops.
 *
 * SPDX-License-Identifier: 0BSD */
#ifndef NN_REPLACE_H
#define NN_REPLACE_H
#include "failure.h"
#include <stdio.h>

typedef struct nn_replacement { char *path, *temporary; FILE *file; } nn_replacement;

bool nn_replace_begin(nn_replacement *r, const char *path, nn_failure *f);
bool nn_replace_write(nn_replacement *r, const void *data, size_t size, nn_failure *f);
bool nn_replace_commit(nn_replacement *r, nn_failure *f);       /* false: FILE is as it was */
void nn_replace_abort(nn_replacement *r);                       /* harmless after commit */
#endif
