/* source.c: a file to be read from front to back, plain or compressed by gzip.
 *
 * zlib sees by the first two bytes which it is, so the name plays no part. A damaged or cut compressed file shows as an error
 * and never as a shorter file: zlib tells so only when asked after the last read.
 *
 * SPDX-License-Identifier: 0BSD */
#include "data.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

struct nn_source {
    gzFile file;
    char *path;
    int descriptor;                 /* the file's, which is zlib's to close */
    bool plain;                     /* an ordinary file that is not compressed, of `length` bytes */
    size_t length, given;           /* given: bytes that were read */
    unsigned char ahead[16];        /* what peek has read, to be given out again */
    size_t n_ahead, used;
};

nn_source *nn_source_open(const char *path, nn_failure *f) {
    struct stat status;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        nn_fail(f, "%s: %s", path, strerror(errno));
        return NULL;
    }
    bool known = fstat(descriptor, &status) == 0;
    nn_source *s = calloc(1, sizeof *s);
    if (s) {
        s->path = strdup(path);
        s->file = gzdopen(descriptor, "rb");
    }
    if (!s || !s->path || !s->file) {
        if (s && s->file) gzclose(s->file);
        else close(descriptor);
        if (s) free(s->path);
        free(s);
        nn_fail_memory(f, path, sizeof *s);
        return NULL;
    }
    gzbuffer(s->file, 1 << 18);
    s->descriptor = descriptor;
    s->plain = known && S_ISREG(status.st_mode) && gzdirect(s->file);
    s->length = s->plain ? (size_t)status.st_size : 0;
    return s;
}

void nn_source_close(nn_source *s) {
    if (!s) return;
    gzclose(s->file);
    free(s->path);
    free(s);
}

const char *nn_source_path(const nn_source *s) { return s->path; }

static bool read_file(nn_source *s, void *to, size_t size, size_t *got, nn_failure *f) {
    *got = 0;
    while (*got < size) {
        size_t rest = size - *got;
        int n = gzread(s->file, (char *)to + *got, rest > 1 << 30 ? 1u << 30 : (unsigned)rest);
        if (n > 0) *got += (size_t)n;
        if (n <= 0) {
            int code = 0;
            const char *text = gzerror(s->file, &code);
            if (code == Z_OK || code == Z_STREAM_END) return true;
            if (code == Z_ERRNO) return nn_fail(f, "%s: %s", s->path, strerror(errno));
            if (code == Z_BUF_ERROR) return nn_fail(f, "%s: the compressed file is cut off; fetch it again", s->path);
            return nn_fail(f, "%s: the compressed file is damaged (%s); fetch it again", s->path, text);
        }
    }
    return true;
}

bool nn_source_peek(nn_source *s, void *to, size_t size, size_t *got, nn_failure *f) {
    if (!read_file(s, s->ahead, size, &s->n_ahead, f)) return false;
    s->used = 0;
    memcpy(to, s->ahead, s->n_ahead);
    *got = s->n_ahead;
    return true;
}

bool nn_source_read(nn_source *s, void *to, size_t size, size_t *got, nn_failure *f) {
    size_t first = s->n_ahead - s->used;
    if (first > size) first = size;
    memcpy(to, s->ahead + s->used, first);
    s->used += first;
    if (!read_file(s, (char *)to + first, size - first, got, f)) return false;
    *got += first;
    s->given += *got;
    return true;
}

/* Up to `size` bytes. Memory doubles as they arrive, so a header that promises more than the file holds costs no more than twice
 * the file. */
static void *take(nn_source *s, size_t size, size_t *got, nn_failure *f) {
    size_t room = size < 1 << 20 ? size : 1 << 20, filled = 0;
    char *data = malloc(room ? room : 1);
    for (;;) {
        size_t n = 0;
        if (!data) {
            nn_fail_memory(f, s->path, room);
            return NULL;
        }
        if (!nn_source_read(s, data + filled, room - filled, &n, f)) break;
        filled += n;
        if (filled < room || filled == size) {
            *got = filled;
            return data;
        }
        room = room > size / 2 ? size : room * 2;
        char *more = realloc(data, room);
        if (!more) free(data);
        data = more;
    }
    free(data);
    return NULL;
}

static bool whole(const nn_source *s, size_t got, size_t size, nn_failure *f) {
    return size == SIZE_MAX || got == size
        || nn_fail(f, "%s: the file ends after %zu of %zu bytes of data; fetch it again", s->path, got, size);
}

void *nn_source_take(nn_source *s, size_t size, size_t *got, nn_failure *f) {
    void *data = take(s, size, got, f);
    if (data && whole(s, *got, size, f)) return data;
    free(data);
    return NULL;
}

/* What is left of the file stays where it is. */
static bool keep_in_place(nn_source *s, size_t size, nn_store *store, nn_failure *f) {
    size_t left = s->length - s->given, start = s->given;
    if (!whole(s, left < size ? left : size, size, f)) return false;
    int copy = fcntl(s->descriptor, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) return nn_fail(f, "%s: %s", s->path, strerror(errno));
    if (size > left) size = left;
    s->given += size;
    return nn_store_file(store, s->path, copy, start, size, f);
}

/* The `held` bytes that have been read, and those that follow, into a temporary file. */
static bool keep_unpacked(nn_source *s, size_t size, const void *data, size_t held, nn_store *store, nn_failure *f) {
    enum { CHUNK = 1 << 20 };
    int descriptor = nn_store_temporary(s->path, f);
    char *chunk = malloc(CHUNK);
    size_t filled = held, n = CHUNK;
    bool good = descriptor >= 0 && (chunk || nn_fail_memory(f, s->path, CHUNK)) && nn_store_append(descriptor, s->path, data, held, f);
    while (good && n && filled < size) {
        good = nn_source_read(s, chunk, size - filled < CHUNK ? size - filled : CHUNK, &n, f)
            && nn_store_append(descriptor, s->path, chunk, n, f);
        filled += n;
    }
    free(chunk);
    if (good && whole(s, filled, size, f)) return nn_store_file(store, s->path, descriptor, 0, filled, f);
    if (descriptor >= 0) close(descriptor);
    return false;
}

bool nn_source_keep(nn_source *s, size_t size, size_t room, nn_store *store, nn_failure *f) {
    if (s->plain && s->given <= s->length && s->length - s->given > room && size > room) return keep_in_place(s, size, store, f);
    size_t got = 0;
    void *data = take(s, size < room ? size : room, &got, f);
    if (!data) return false;
    if (got < room || got == size) {
        if (whole(s, got, size, f)) return nn_store_memory(store, s->path, data, got, f);
        free(data);
        return false;
    }
    bool good = keep_unpacked(s, size, data, got, store, f);
    free(data);
    return good;
}

bool nn_source_at_end(nn_source *s, nn_failure *f) {
    char c;
    size_t n = 0;
    bool more = s->plain && s->given < s->length;
    if (!s->plain && !nn_source_read(s, &c, 1, &n, f)) return false;
    return !(more || n) || nn_fail(f, "%s: the file goes on after the data that its header announces", s->path);
}
