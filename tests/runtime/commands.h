/* commands.h: the command line of a program, called from a test; what it prints goes to files. */
#ifndef COMMANDS_H
#define COMMANDS_H
#include "../../runtime/nn.h"
#include "files.h"

/* A command as the shell would give it. What it prints goes to the files out and errors. */
static inline int command_of(const nn_model *served, const char *words) {
    char text[1024], *list[40] = { (char[]){ "tiny" } }, *rest = text, *word;
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
#endif
