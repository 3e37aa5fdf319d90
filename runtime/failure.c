/* failure.c: messages, and the guess at what a misspelt word was meant to be.
 *
 * SPDX-License-Identifier: 0BSD */
#include "failure.h"
#include <stdio.h>
#include <string.h>

bool nn_fail(nn_failure *f, const char *format, ...) {
    if (f->text[0]) return false;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(f->text, sizeof f->text, format, arguments);
    va_end(arguments);
    return false;
}

bool nn_fail_memory(nn_failure *f, const char *what, size_t bytes) {
    return nn_fail(f, "%s: %zu bytes of memory are not to be had", what, bytes);
}

void nn_append(char *buffer, size_t size, const char *format, ...) {
    size_t used = strlen(buffer);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(buffer + used, size - used, format, arguments);
    va_end(arguments);
}

/* Edit distance by the usual table, of which two rows suffice. Words beyond 63 letters are not worth a guess. */
static size_t distance(const char *a, const char *b) {
    size_t rows[2][65], *above = rows[0], *row = rows[1], n = strlen(b);
    if (strlen(a) > 63 || n > 63) return 64;
    for (size_t j = 0; j <= n; j++) above[j] = j;
    for (size_t i = 0; a[i]; i++) {
        row[0] = i + 1;
        for (size_t j = 0; j < n; j++) {
            size_t best = above[j] + (a[i] != b[j]);
            if (above[j + 1] + 1 < best) best = above[j + 1] + 1;
            if (row[j] + 1 < best) best = row[j] + 1;
            row[j + 1] = best;
        }
        size_t *swap = above;
        above = row;
        row = swap;
    }
    return above[n];
}

const char *nn_nearest(const char *word, const char *const *candidates, size_t count) {
    const char *best = NULL;
    size_t least = strlen(word) / 3 + 2;
    for (size_t i = 0; i < count; i++) {
        size_t d = distance(word, candidates[i]);
        if (d < least) least = d, best = candidates[i];
    }
    return best;
}
