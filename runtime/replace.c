/* replace.c: write to a temporary file, sync, rename, sync the directory.
 *
 * SPDX-License-Identifier: 0BSD */
#include "replace.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool nn_replace_begin(nn_replacement *r, const char *path, nn_failure *f) {
    struct stat status;
    size_t length = strlen(path);
    *r = (nn_replacement){ 0 };
    /* A device must not be replaced by a file, which the super-user could do. */
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) return nn_fail(f, "%s: is no ordinary file; name another", path);
    r->path = strdup(path);
    r->temporary = malloc(length + 5);
    if (!r->path || !r->temporary) {
        nn_replace_abort(r);
        return nn_fail_memory(f, path, length);
    }
    memcpy(r->temporary, path, length);
    memcpy(r->temporary + length, ".tmp", 5);
    int descriptor = open(r->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (descriptor >= 0 && !(r->file = fdopen(descriptor, "wb"))) close(descriptor);
    if (r->file) return true;
    nn_fail(f, "%s: cannot be written: %s", r->temporary, strerror(errno));
    nn_replace_abort(r);
    return false;
}

static bool failed(nn_replacement *r, nn_failure *f) {
    nn_fail(f, "%s: cannot be written: %s; the file before is kept", r->path, strerror(errno));
    nn_replace_abort(r);
    return false;
}

bool nn_replace_write(nn_replacement *r, const void *data, size_t size, nn_failure *f) {
    return r->file && (fwrite(data, 1, size, r->file) == size || failed(r, f));
}

/* Directories that cannot be synced (some network file systems) are no reason to fail: the file itself is safe. */
static void sync_directory(const char *path) {
    const char *slash = strrchr(path, '/');
    char *directory = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    int descriptor = directory ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (descriptor >= 0) {
        (void)fsync(descriptor);
        close(descriptor);
    }
    free(directory);
}

bool nn_replace_commit(nn_replacement *r, nn_failure *f) {
    if (!r->file) return false;
    if (fflush(r->file) || ferror(r->file) || fsync(fileno(r->file))) return failed(r, f);
    FILE *file = r->file;
    r->file = NULL;
    if (fclose(file) || rename(r->temporary, r->path)) return failed(r, f);
    sync_directory(r->path);
    free(r->path);
    free(r->temporary);
    *r = (nn_replacement){ 0 };
    return true;
}

void nn_replace_abort(nn_replacement *r) {
    if (r->file) fclose(r->file);
    if (r->temporary) unlink(r->temporary);
    free(r->path);
    free(r->temporary);
    *r = (nn_replacement){ 0 };
}
