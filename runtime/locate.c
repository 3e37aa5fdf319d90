/* locate.c: from the words FILE[:WORD...] to files that exist.
 *
 * A relative FILE is looked for in the --data directory, then in the current directory, then
 * beside the model's own default file. Of a model's own default, the --data directory may also hold just the last part of the
 * name: a model that names /usr/share/datasets/x/train.gz takes DIR/train.gz. Everywhere FILE.gz stands in for FILE, and
 * a pattern such as data_batch_*.bin means all its files in sorted order.
 *
 * SPDX-License-Identifier: 0BSD */
#include "data.h"
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void nn_paths_free(nn_paths *p) {
    for (size_t i = 0; i < p->count; i++) free(p->path[i]);
    free(p->path);
    nn_choice_free(&p->choice);
    *p = (nn_paths){ 0 };
}

static bool add(nn_paths *p, const char *path) {
    char **more = realloc(p->path, (p->count + 1) * sizeof *more), *copy = strdup(path);
    if (more) p->path = more;
    if (!more || !copy) {
        free(copy);
        return false;
    }
    p->path[p->count++] = copy;
    return true;
}

static bool exists(const char *path) { return access(path, F_OK) == 0; }

/* What a name stands for where it lies: itself, or the files of the pattern. Memory that fails looks like a file that is absent. */
static void try_name(nn_paths *p, const char *name) {
    glob_t found;
    if (exists(name)) {
        add(p, name);
    } else if (strpbrk(name, "*?[") && glob(name, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) add(p, found.gl_pathv[i]);
        globfree(&found);
    }
}

static void try_place(nn_paths *p, const char *directory, size_t length, const char *file, char *looked, size_t size) {
    char *name = malloc(length + strlen(file) + 6);
    if (!name || p->count) {
        free(name);
        return;
    }
    sprintf(name, "%.*s%s%s", (int)length, directory, length && directory[length - 1] != '/' ? "/" : "", file);
    nn_append(looked, size, "%s%s", looked[0] ? ", " : "", name);
    try_name(p, name);
    if (!p->count) try_name(p, strcat(name, ".gz"));
    free(name);
}

bool nn_locate(nn_paths *p, const char *text, bool own_default, const char *directory, const char *default_file, nn_failure *f) {
    char looked[1200] = "";
    *p = (nn_paths){ 0 };
    if (!nn_choice_parse(&p->choice, text, f)) return false;
    const char *file = p->choice.file, *slash = strrchr(file, '/'), *last = slash ? slash + 1 : file;
    if (directory && file[0] != '/') try_place(p, directory, strlen(directory), file, looked, sizeof looked);
    if (directory && own_default && slash) try_place(p, directory, strlen(directory), last, looked, sizeof looked);
    try_place(p, "", 0, file, looked, sizeof looked);
    const char *beside = default_file && !own_default && file[0] != '/' ? strrchr(default_file, '/') : NULL;
    if (beside) try_place(p, default_file, (size_t)(beside - default_file) + 1, file, looked, sizeof looked);
    if (p->count) return true;
    nn_paths_free(p);
    return nn_fail(f, "no such file: %s", looked);
}
