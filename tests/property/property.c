/* Hunts for wrong code with random models.
 *
 *     property SEED COUNT [DIRECTORY]    the models of these seeds; C files and orders for check.c go to the directory
 *     property print SEED                the text of a model
 *     property file FILE [DIRECTORY]     a model from a file. Its seed is the number in its name, as in random17
 *
 * Each model has a process of its own, so that a crash or an endless loop is told like any other failure. A model that
 * fails is made small by leaving out lines, as long as it still fails in the same way, and printed whole. A refusal is left
 * as it is: without its lines it would be refused for other reasons. */
#include "property.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECONDS = 40, CRASHED = OUTCOMES, LATE, ENDINGS };

static const char *const ending_names[] = {"good", "loose", "different", "refused", "broken", "crashed", "late"};

/* Compares in a child; what it says is left in `said`. */
static int ending_of(const char *model, uint64_t seed, const char *directory, char **said) {
    int ends[2], status = 0;
    fflush(NULL);
    if (pipe(ends) != 0) exit(2);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], 1);
        dup2(ends[1], 2);
        close(ends[0]);
        alarm(SECONDS);
        int outcome = (int)compare(model, seed, directory);
        fflush(NULL);
        _exit(outcome);
    }
    close(ends[1]);
    size_t length = 0;
    char *all = malloc(1 << 16), chunk[4096];
    for (ssize_t n; (n = read(ends[0], chunk, sizeof chunk)) > 0; )
        if (length + (size_t)n < 1 << 16) memcpy(all + length, chunk, (size_t)n), length += (size_t)n;
    all[length] = 0;
    close(ends[0]);
    waitpid(child, &status, 0);
    *said = all;
    if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGALRM ? LATE : CRASHED;
    return WEXITSTATUS(status) < OUTCOMES ? WEXITSTATUS(status) : CRASHED;
}

/* The text without a line; NULL when there is no such line, or it holds no statement. */
static char *without(const char *model, int which) {
    char *small = malloc(strlen(model) + 1), *to = small;
    int line = 0;
    bool left_out = false;
    for (const char *at = model; *at; line++) {
        size_t length = strcspn(at, "\n") + 1;
        bool statement = *at == ' ' || strncmp(at, "fn ", 3) == 0;
        if (line == which && statement) left_out = true;
        else memcpy(to, at, length), to += length;
        at += length;
    }
    *to = 0;
    if (left_out) return small;
    free(small);
    return NULL;
}

static char *shrink(char *model, uint64_t seed, int ending, const char *directory, char **said) {
    for (bool smaller = true; smaller; ) {
        smaller = false;
        for (int line = 100; line >= 0; line--) {
            char *less = without(model, line), *says = NULL;
            if (!less) continue;
            if (ending_of(less, seed, directory, &says) == ending) {
                model = less;
                *said = says;
                smaller = true;
            }
        }
    }
    return model;
}

static int counts[ENDINGS];

static void try(char *model, uint64_t seed, const char *directory) {
    char *said;
    int ending = ending_of(model, seed, directory, &said);
    counts[ending]++;
    if (ending <= LOOSE) return;
    if (ending != LATE && ending != REFUSED) model = shrink(model, seed, ending, directory, &said);
    char orders[4096];
    snprintf(orders, sizeof orders, "%s/random%llu.txt", directory ? directory : ".", (unsigned long long)seed);
    if (directory) unlink(orders);
    printf("FAIL model of seed %llu: %s\n%s%s\n", (unsigned long long)seed, ending_names[ending], said, model);
    fflush(stdout);
}

static char *file_text(const char *path) {
    FILE *f = fopen(path, "r");
    char *all = calloc(1, 1 << 16);
    if (!f || !fread(all, 1, (1 << 16) - 1, f)) perror(path), exit(2);
    fclose(f);
    return all;
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "property SEED COUNT [DIRECTORY], property print SEED, property file FILE [DIRECTORY]\n");
        return 2;
    }
    if (strcmp(argv[1], "print") == 0) {
        printf("%s", generate(strtoull(argv[2], NULL, 10)));
        return 0;
    }
    const char *directory = argc > 3 ? argv[3] : NULL;
    if (strcmp(argv[1], "file") == 0) {
        char *model = file_text(argv[2]), *name = strstr(model, "model random");
        try(model, name ? strtoull(name + strlen("model random"), NULL, 10) : 0, directory);
    } else {
        uint64_t seed = strtoull(argv[1], NULL, 10);
        for (long long left = atoll(argv[2]); left > 0; left--, seed++) {
            char *model = strdup(generate(seed));
            memory_release();
            try(model, seed, directory);
            free(model);
        }
    }
    int failed = 0;
    for (int k = LOOSE + 1; k < ENDINGS; k++) failed += counts[k];
    for (int k = 0; k < ENDINGS; k++) printf("%d %s%s", counts[k], ending_names[k], k + 1 < ENDINGS ? ", " : "\n");
    printf("%d passed, %d failed\n", counts[GOOD] + counts[LOOSE], failed);
    return failed != 0;
}
