/* command.h: what tests of the command line share: data, commands of the tiny model, and what they said. */
#ifndef COMMAND_H
#define COMMAND_H
#include "files.h"
#include "tiny.c"

static inline void make_data(void) {
    FILE *out = fopen("data.csv", "w");
    uint64_t state = 3;
    fprintf(out, "a,b,c,y\n");
    for (int i = 0; i < 53; i++) {
        double x[3], y = 0.25;
        for (int k = 0; k < 3; k++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            x[k] = (double)(state >> 40) / 0x1p23 - 1;
            y += x[k] * (k + 1);
        }
        fprintf(out, "%.6f,%.6f,%.6f,%.6f\n", x[0], x[1], x[2], y);
    }
    fclose(out);
}

static const nn_model *served = &tiny_model;

/* A command as the shell would give it. What it prints goes to the files out and errors. */
static inline int command(const char *words) {
    char text[512], *list[40] = { (char[]){ "tiny" } }, *rest = text, *word;
    int n = 1;
    snprintf(text, sizeof text, "%s", words);
    while ((word = strsep(&rest, " "))) if (*word) list[n++] = word;
    fflush(stdout);
    fflush(stderr);
    int out = dup(1), errors = dup(2);
    ck_assert_ptr_nonnull(freopen("out", "w", stdout));
    ck_assert_ptr_nonnull(freopen("errors", "w", stderr));
    int code = nn_main(served, n, list);
    fflush(stdout);
    fflush(stderr);
    dup2(out, 1);
    dup2(errors, 2);
    close(out);
    close(errors);
    return code;
}

static inline void says(const char *file, const char *text) {
    size_t size;
    char *all = bytes_of(file, &size);
    all[size] = 0;
    ck_assert_msg(strstr(all, text) != NULL, "'%s' does not say '%s'", all, text);
    free(all);
}

#define DATA " --train x=data.csv:0-2 --train y=data.csv:y --test x=data.csv:0-2 --test y=data.csv:y "
#endif
