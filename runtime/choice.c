/* choice.c: the words that follow the name of a file.
 *
 *     FILE:PART:samples=0-23:windows      each may be left out
 *
 * Words are taken from the end, as long as they are known; the next one before them is the part, whose meaning is the format's:
 * columns of a table, the images of CIFAR records. A file whose name has colons itself is found if it exists.
 *
 * SPDX-License-Identifier: 0BSD */
#include "data.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* samples=0-23, samples=24- for all from there on, samples=7 */
static bool parse_range(nn_choice *c, const char *text, nn_failure *f) {
    long long first, last = INT64_MAX;
    int used = 0;
    bool good = isdigit((unsigned char)*text) && sscanf(text, "%18lld%n", &first, &used) == 1;
    if (good && !text[used]) {
        last = first;
    } else if (good && text[used] == '-') {
        text += used + 1;
        used = 0;
        good = !*text || (isdigit((unsigned char)*text) && sscanf(text, "%18lld%n", &last, &used) == 1 && !text[used]);
    } else {
        good = false;
    }
    if (!good || last < first)
        return nn_fail(f, "%s:samples=...: write the first and the last sample, counted from 0, as samples=0-23, or samples=24- "
                       "for all from there on", c->file);
    c->ranged = true;
    c->first = first;
    c->last = last;
    return true;
}

bool nn_choice_parse(nn_choice *c, const char *text, nn_failure *f) {
    *c = (nn_choice){ .file = strdup(text) };
    if (!c->file) return nn_fail_memory(f, text, strlen(text));
    for (char *colon; (colon = strrchr(c->file, ':')) && colon > c->file && !strchr(colon, '/') && access(c->file, F_OK);) {
        const char *word = colon + 1;
        bool range = !strncmp(word, "samples=", 8), windows = !strcmp(word, "windows");
        if (!range && !windows && c->part) break;
        *colon = 0;
        c->windows |= windows;
        if (range && !parse_range(c, word + 8, f)) return nn_choice_free(c), false;
        if (!range && !windows && !(c->part = strdup(word))) return nn_choice_free(c), nn_fail_memory(f, text, strlen(text));
    }
    return true;
}

void nn_choice_free(nn_choice *c) {
    free(c->file);
    free(c->part);
    *c = (nn_choice){ 0 };
}
