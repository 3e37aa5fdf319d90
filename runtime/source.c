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
    if (fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode)) {
        close(descriptor);
        nn_fail(f, "%s: is a directory; name a file in it", path);
        return NULL;
    }
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
    return true;
}

/* Memory doubles as bytes arrive, so a header that promises more than the file holds costs no more than twice the file. */
void *nn_source_take(nn_source *s, size_t size, size_t *got, nn_failure *f) {
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
            if (size == SIZE_MAX || filled == size) {
                *got = filled;
                return data;
            }
            nn_fail(f, "%s: the file ends after %zu of %zu bytes of data; fetch it again", s->path, filled, size);
            break;
        }
        room = room > size / 2 ? size : room * 2;
        char *more = realloc(data, room);
        if (!more) free(data);
        data = more;
    }
    free(data);
    return NULL;
}

bool nn_source_at_end(nn_source *s, nn_failure *f) {
    char c;
    size_t n = 0;
    if (!nn_source_read(s, &c, 1, &n, f)) return false;
    return n == 0 || nn_fail(f, "%s: the file goes on after the data that its header announces", s->path);
}
