/* choice.c: the words that follow the name of a file.
 *
 *     FILE:PART:samples=0-23:windows:as=NAME      each may be left out
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

/* A number, with or without %; gives what follows it, or NULL. */
static const char *parse_number(const char *text, int64_t *number, bool *percent) {
    long long n;
    int used = 0;
    if (!isdigit((unsigned char)*text) || sscanf(text, "%18lld%n", &n, &used) != 1) return NULL;
    *number = n;
    *percent = text[used] == '%';
    return *percent && n > 100 ? NULL : text + used + *percent;
}

/* samples=0-23, samples=24- for all from there on, samples=7; samples=0%-90%, samples=90%- */
static bool parse_range(nn_choice *c, const char *text, nn_failure *f) {
    bool percent = false;
    text = parse_number(text, &c->first, &c->percent);
    bool good = text && (*text == '-' || (!*text && !c->percent)), to_end = good && *text && !text[1];
    c->last = to_end ? c->percent ? 100 : INT64_MAX : c->first;
    if (good && *text && !to_end) good = (text = parse_number(text + 1, &c->last, &percent)) && !*text && percent == c->percent;
    if (!good || c->last < c->first + c->percent)
        return nn_fail(f, "%s:samples=...: write the first and the last sample, counted from 0, as samples=0-23, or samples=24- "
                       "for all from there on; or a share of them, as samples=0%%-90%% and samples=90%%-", c->file);
    return c->ranged = true;
}

bool nn_choice_parse(nn_choice *c, const char *text, nn_failure *f) {
    *c = (nn_choice){ .file = strdup(text) };
    if (!c->file) return nn_fail_memory(f, text, strlen(text));
    for (char *colon; (colon = strrchr(c->file, ':')) && colon > c->file && !strchr(colon, '/') && access(c->file, F_OK);) {
        const char *word = colon + 1;
        bool range = !strncmp(word, "samples=", 8), windows = !strcmp(word, "windows"), as = !strncmp(word, "as=", 3);
        char **kept = as ? &c->as : range || windows ? NULL : &c->part;
        if (kept && *kept) break;
        *colon = 0;
        c->windows |= windows;
        if (range && !parse_range(c, word + 8, f)) return nn_choice_free(c), false;
        if (kept && !(*kept = strdup(word + (as ? 3 : 0)))) return nn_choice_free(c), nn_fail_memory(f, text, strlen(text));
    }
    return true;
}

void nn_choice_free(nn_choice *c) {
    free(c->file);
    free(c->part);
    free(c->as);
    *c = (nn_choice){ 0 };
}
