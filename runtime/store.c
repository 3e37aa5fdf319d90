/* store.c: the bytes of a file that can be read at any place.
 *
 * Small files are held in memory. Of large ones only what a batch needs is read, from the file itself or, if it was compressed,
 * from what it was unpacked to: a temporary file that has no name, so that it is gone with the program however that ends. The
 * system keeps what was read lately, and gives that memory back where it is wanted.
 *
 * Reading is preferred to mapping: a file that is cut meanwhile, or a broken disk, gives a message and no signal.
 *
 * SPDX-License-Identifier: 0BSD */
#include "data.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool nn_store_memory(nn_store *s, const char *path, void *memory, size_t size, nn_failure *f) {
    *s = (nn_store){ .path = strdup(path), .memory = memory, .descriptor = -1, .size = size };
    if (s->path) return true;
    nn_store_free(s);
    return nn_fail_memory(f, path, strlen(path));
}

bool nn_store_file(nn_store *s, const char *path, int descriptor, size_t start, size_t size, nn_failure *f) {
    *s = (nn_store){ .path = strdup(path), .descriptor = descriptor, .start = start, .size = size };
    if (s->path) return true;
    nn_store_free(s);
    return nn_fail_memory(f, path, strlen(path));
}

static const char *temporary_directory(void) {
    const char *directory = getenv("TMPDIR");
    return directory && *directory ? directory : "/tmp";
}

int nn_store_temporary(const char *for_path, nn_failure *f) {
    const char *directory = temporary_directory();
    char *name = malloc(strlen(directory) + 16);
    int descriptor = -1;
    if (name) {
        sprintf(name, "%s/nn-XXXXXX", directory);
        descriptor = mkstemp(name);
        if (descriptor >= 0) (void)fcntl(descriptor, F_SETFD, FD_CLOEXEC), unlink(name);
    }
    if (descriptor < 0)
        nn_fail(f, "%s: is unpacked to a file in %s, which cannot be written: %s; TMPDIR names another place", for_path, directory,
                strerror(errno));
    free(name);
    return descriptor;
}

bool nn_store_append(int descriptor, const char *for_path, const void *data, size_t size, nn_failure *f) {
    for (size_t done = 0; done < size;) {
        ssize_t n = write(descriptor, (const char *)data + done, size - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0)
            return nn_fail(f, "%s: is unpacked to a file in %s, which cannot be written: %s; TMPDIR names another place", for_path,
                           temporary_directory(), strerror(errno));
        done += (size_t)n;
    }
    return true;
}

bool nn_store_read(const nn_store *s, size_t at, void *to, size_t size, nn_failure *f) {
    if (s->memory) {
        memcpy(to, s->memory + at, size);
        return true;
    }
    for (size_t done = 0; done < size;) {
        ssize_t n = pread(s->descriptor, (char *)to + done, size - done, (off_t)(s->start + at + done));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return nn_fail(f, "%s: %s", s->path, strerror(errno));
        if (n == 0) return nn_fail(f, "%s: the file is shorter than when it was opened; leave it as it is during a run", s->path);
        done += (size_t)n;
    }
    return true;
}

void nn_store_free(nn_store *s) {
    if (s->descriptor >= 0) close(s->descriptor);
    free(s->memory);
    free(s->path);
    *s = (nn_store){ .descriptor = -1 };
}
