/* safetensors.c: reading and writing the format.
 *
 *     8 bytes: length of the header, little-endian
 *     the header: {"__metadata__":{"step":"42"},"linear.w":{"dtype":"F32","shape":[10,84],"data_offsets":[0,3360]}, ...}
 *     the elements, little-endian, without gaps or overlaps
 *
 * The reader trusts nothing: every name once, every offset in order, inside the file and of the size that the shape says, not a
 * byte left over. Elements are loaded only after the whole header has been found good.
 *
 * SPDX-License-Identifier: 0BSD */
#include "safetensors.h"
#include "data.h"
#include "json.h"
#include "replace.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#if defined __BYTE_ORDER__ && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "elements are read and written as they lie in memory, and the format is little-endian: this machine needs them swapped here"
#endif

enum { LONGEST_HEADER = 100000000 /* the format's own limit */, LONGEST_NAME = 300 };

static const struct { const char *name; size_t size; bool known; nn_type type; } types[] = {
    { "F32", 4, true, NN_F32 }, { "F64", 8, true, NN_F64 }, { "U8", 1, true, NN_U8 }, { "I32", 4, true, NN_I32 },
    { "I64", 8, true, NN_I64 }, { "F16", 2, false, NN_F32 }, { "BF16", 2, false, NN_F32 }, { "BOOL", 1, false, NN_U8 },
    { "I8", 1, false, NN_I32 }, { "I16", 2, false, NN_I32 }, { "U16", 2, false, NN_I32 }, { "U32", 4, false, NN_I64 },
    { "U64", 8, false, NN_I64 }, { "F8_E4M3", 1, false, NN_F32 }, { "F8_E5M2", 1, false, NN_F32 } };
enum { N_TYPES = sizeof types / sizeof *types };

void nn_archive_close(nn_archive *a) {
    if (a->file) fclose(a->file);
    free(a->header);
    free(a->stored);
    free(a->key);
    free(a->value);
    *a = (nn_archive){ 0 };
}

static bool malformed(nn_archive *a, const char *what, const char *name, nn_failure *f) {
    return nn_fail(f, "%s: no good safetensors file: %s%s%.80s%s", a->path, what, name ? " of '" : "", name ? name : "",
                   name ? "'" : "");
}

static bool read_notes(nn_archive *a, nn_json *j, nn_failure *f) {
    size_t room = 0;
    if (a->key) return malformed(a, "two __metadata__", NULL, f);
    if (!nn_json_token(j, '{')) return malformed(a, "__metadata__ is no object", NULL, f);
    a->key = calloc(1, sizeof *a->key);
    if (nn_json_token(j, '}')) return a->key || nn_fail_memory(f, a->path, 1);
    do {
        char *key, *value;
        if (a->n_keys == room) {
            room = room ? room * 2 : 16;
            const char **keys = realloc(a->key, room * sizeof *keys), **values = realloc(a->value, room * sizeof *values);
            if (keys) a->key = keys;
            if (values) a->value = values;
            if (!keys || !values) return nn_fail_memory(f, a->path, room * sizeof *keys);
        }
        if (!nn_json_string(j, &key) || !nn_json_token(j, ':') || !nn_json_string(j, &value))
            return malformed(a, "a bad entry in __metadata__", NULL, f);
        a->key[a->n_keys] = key;
        a->value[a->n_keys++] = value;
    } while (nn_json_token(j, ','));
    return nn_json_token(j, '}') || malformed(a, "a bad entry in __metadata__", NULL, f);
}

static bool read_shape(nn_json *j, nn_stored *s) {
    uint64_t n;
    if (!nn_json_token(j, '[')) return false;
    if (nn_json_token(j, ']')) return true;
    do {
        if (s->rank == NN_MAX_RANK || !nn_json_count(j, &n)) return false;
        s->dim[s->rank++] = (int64_t)n;
    } while (nn_json_token(j, ','));
    return nn_json_token(j, ']');
}

static bool read_offsets(nn_json *j, nn_stored *s) {
    return nn_json_token(j, '[') && nn_json_count(j, &s->begin) && nn_json_token(j, ',') && nn_json_count(j, &s->end)
           && nn_json_token(j, ']');
}

/* {"dtype":"F32","shape":[2,3],"data_offsets":[0,24]} with its members in any order, each once. */
static bool read_stored(nn_archive *a, nn_json *j, nn_stored *s, nn_failure *f) {
    unsigned seen = 0, bit;
    size_t type = 0, elements;
    if (!nn_json_token(j, '{')) return malformed(a, "no object for the value", s->name, f);
    do {
        char *member, *name;
        if (!nn_json_string(j, &member) || !nn_json_token(j, ':')) return malformed(a, "no member name in the entry", s->name, f);
        if (!strcmp(member, "dtype")) {
            bit = 1;
            if (!nn_json_string(j, &name)) return malformed(a, "a bad dtype", s->name, f);
            while (type < N_TYPES && strcmp(types[type].name, name)) type++;
            if (type == N_TYPES) return malformed(a, "an unknown dtype", s->name, f);
        } else if (!strcmp(member, "shape")) {
            bit = 2;
            if (!read_shape(j, s)) return malformed(a, "a bad shape", s->name, f);
        } else if (!strcmp(member, "data_offsets")) {
            bit = 4;
            if (!read_offsets(j, s)) return malformed(a, "bad data_offsets", s->name, f);
        } else {
            return malformed(a, "an unknown member in the entry", s->name, f);
        }
        if (seen & bit) return malformed(a, "a member twice in the entry", s->name, f);
        seen |= bit;
    } while (nn_json_token(j, ','));
    if (!nn_json_token(j, '}') || seen != 7) return malformed(a, "a missing member in the entry", s->name, f);
    s->known = types[type].known;
    s->type = types[type].type;
    s->type_name = types[type].name;
    if (!nn_product(s->dim, s->rank, &elements) || s->end < s->begin || s->end - s->begin != elements * types[type].size)
        return malformed(a, "offsets that do not fit the shape", s->name, f);
    return true;
}

static bool read_entries(nn_archive *a, nn_failure *f, size_t length) {
    nn_json j = { a->header, a->header + length };
    size_t room = 0;
    if (!nn_json_token(&j, '{')) return malformed(a, "the header is no JSON object", NULL, f);
    if (nn_json_token(&j, '}')) return nn_json_end(&j) || malformed(a, "text after the header", NULL, f);
    do {
        char *name;
        if (!nn_json_string(&j, &name) || !nn_json_token(&j, ':')) return malformed(a, "a bad name in the header", NULL, f);
        if (!strcmp(name, "__metadata__")) {
            if (!read_notes(a, &j, f)) return false;
            continue;
        }
        if (a->count == room) {
            room = room ? room * 2 : 32;
            nn_stored *more = realloc(a->stored, room * sizeof *more);
            if (!more) return nn_fail_memory(f, a->path, room * sizeof *more);
            a->stored = more;
        }
        nn_stored *s = &a->stored[a->count++];
        *s = (nn_stored){ .name = name };
        if (!read_stored(a, &j, s, f)) return false;
    } while (nn_json_token(&j, ','));
    return (nn_json_token(&j, '}') && nn_json_end(&j)) || malformed(a, "the header is no whole JSON object", NULL, f);
}

static int by_place(const void *p, const void *q) {
    const nn_stored *a = p, *b = q;
    if (a->begin != b->begin) return a->begin < b->begin ? -1 : 1;
    return a->end < b->end ? -1 : a->end > b->end;
}

static int by_name(const void *p, const void *q) { return strcmp(((const nn_stored *)p)->name, ((const nn_stored *)q)->name); }

static bool check_places(nn_archive *a, uint64_t bytes, nn_failure *f) {
    uint64_t at = 0;
    if (a->count) qsort(a->stored, a->count, sizeof *a->stored, by_place);
    for (size_t i = 0; i < a->count; i++) {
        if (a->stored[i].begin != at) return malformed(a, "a gap or overlap before the elements", a->stored[i].name, f);
        at = a->stored[i].end;
    }
    if (at > bytes)
        return nn_fail(f, "%s: the file is cut off: it has %" PRIu64 " of %" PRIu64 " bytes of elements", a->path, bytes, at);
    if (at < bytes) return malformed(a, "bytes after the last array", NULL, f);
    if (a->count) qsort(a->stored, a->count, sizeof *a->stored, by_name);
    for (size_t i = 1; i < a->count; i++)
        if (!strcmp(a->stored[i - 1].name, a->stored[i].name)) return malformed(a, "two entries", a->stored[i].name, f);
    return true;
}

bool nn_archive_read_header(nn_archive *a, nn_failure *f) {
    unsigned char head[8];
    uint64_t length = 0;
    if (fseeko(a->file, 0, SEEK_END)) return nn_fail(f, "%s: %s", a->path, strerror(errno));
    off_t size = ftello(a->file);
    if (size < 8 || fseeko(a->file, 0, SEEK_SET) || fread(head, 1, 8, a->file) != 8)
        return nn_fail(f, "%s: too short for a safetensors file", a->path);
    for (int i = 8; i-- > 0;) length = length << 8 | head[i];
    if (length > LONGEST_HEADER) return malformed(a, "a header of more than 100 MB", NULL, f);
    if (length > (uint64_t)size - 8) return nn_fail(f, "%s: the file is cut off in its header, or is no safetensors file", a->path);
    a->header = malloc((size_t)length + 1);
    if (!a->header) return nn_fail_memory(f, a->path, (size_t)length);
    if (fread(a->header, 1, (size_t)length, a->file) != length) return nn_fail(f, "%s: cannot be read", a->path);
    a->header[length] = 0;
    a->data = 8 + length;
    return read_entries(a, f, (size_t)length) && check_places(a, (uint64_t)size - a->data, f);
}

bool nn_archive_open(nn_archive *a, const char *path, nn_failure *f) {
    struct stat status;
    *a = (nn_archive){ .path = path, .file = fopen(path, "rbe") };
    if (!a->file) return nn_fail(f, "%s: %s", path, strerror(errno));
    bool good = fstat(fileno(a->file), &status) == 0 && S_ISREG(status.st_mode);
    if (!good) nn_fail(f, "%s: is no ordinary file", path);
    if (good && nn_archive_read_header(a, f)) return true;
    nn_archive_close(a);
    return false;
}

const char *nn_archive_note(const nn_archive *a, const char *key) {
    for (size_t i = 0; i < a->n_keys; i++)
        if (!strcmp(a->key[i], key)) return a->value[i];
    return NULL;
}

const nn_stored *nn_archive_find(const nn_archive *a, const char *name) {
    nn_stored key = { .name = name };
    return a->count ? bsearch(&key, a->stored, a->count, sizeof key, by_name) : NULL;
}

bool nn_archive_load(nn_archive *a, const nn_stored *s, void *to, nn_type type, nn_failure *f) {
    char chunk[1 << 12];
    bool real = type == NN_F32 || type == NN_F64;
    if (!s->known || (s->type != type && !(real && (s->type == NN_F32 || s->type == NN_F64))))
        return nn_fail(f, "%s: '%s' has elements of type %s, which cannot become %s", a->path, s->name, s->type_name,
                       nn_type_name(type));
    if (fseeko(a->file, (off_t)(a->data + s->begin), SEEK_SET)) return nn_fail(f, "%s: %s", a->path, strerror(errno));
    size_t from = nn_type_size(s->type), count = (size_t)(s->end - s->begin) / from;
    for (size_t i = 0; i < count;) {
        size_t n = count - i < sizeof chunk / from ? count - i : sizeof chunk / from;
        if (fread(chunk, from, n, a->file) != n) return nn_fail(f, "%s: cannot be read to the end", a->path);
        nn_convert((char *)to + i * nn_type_size(type), type, chunk, s->type, n);
        i += n;
    }
    return true;
}

static bool write_header(char *text, size_t size, const nn_view *views, size_t n_views, const nn_note *notes, size_t n_notes) {
    FILE *out = fmemopen(text, size, "w");
    uint64_t at = 0;
    if (!out) return false;
    char quoted[6 * LONGEST_NAME + 3];
    fprintf(out, "{\"__metadata__\":{");
    for (size_t i = 0; i < n_notes; i++) {
        nn_json_quote(quoted, notes[i].key);
        fprintf(out, "%s%s:", i ? "," : "", quoted);
        nn_json_quote(quoted, notes[i].value);
        fprintf(out, "%s", quoted);
    }
    fprintf(out, "}");
    for (size_t i = 0; i < n_views; i++) {
        const nn_view *v = &views[i];
        size_t type = 0, elements;
        while (types[type].type != v->type) type++;
        nn_product(v->dim, v->rank, &elements);
        nn_json_quote(quoted, v->name);
        fprintf(out, ",%s:{\"dtype\":\"%s\",\"shape\":[", quoted, types[type].name);
        for (int d = 0; d < v->rank; d++) fprintf(out, "%s%" PRId64, d ? "," : "", v->dim[d]);
        fprintf(out, "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}", at, at + elements * types[type].size);
        at += elements * types[type].size;
    }
    fprintf(out, "}");
    for (long n = ftell(out); n % 8; n++) fputc(' ', out);      /* so that the elements lie at multiples of 8 */
    bool good = !ferror(out);
    return fclose(out) == 0 && good;
}

bool nn_archive_write(const char *path, const nn_view *views, size_t n_views, const nn_note *notes, size_t n_notes, nn_failure *f) {
    size_t size = 64, elements;
    for (size_t i = 0; i < n_notes; i++) {
        size += 6 * (strlen(notes[i].key) + strlen(notes[i].value)) + 16;
        if (strlen(notes[i].value) > LONGEST_NAME)
            return nn_fail(f, "%s: '%.40s...' is too long to be saved", path, notes[i].value);
    }
    for (size_t i = 0; i < n_views; i++) {
        size += 6 * strlen(views[i].name) + 112 + 21 * (size_t)views[i].rank;
        for (size_t k = 0; k < i; k++)
            if (!strcmp(views[i].name, views[k].name))
                return nn_fail(f, "%s: the name '%s' stands for two arrays of the model", path, views[i].name);
        if (strlen(views[i].name) > LONGEST_NAME)
            return nn_fail(f, "%s: the name '%.40s...' is too long to be saved", path, views[i].name);
    }
    nn_replacement r;
    char *header = calloc(1, size);
    if (!header) return nn_fail_memory(f, path, size);
    bool good = write_header(header, size, views, n_views, notes, n_notes) || nn_fail(f, "%s: the header cannot be written", path);
    good = good && nn_replace_begin(&r, path, f);
    if (good) {
        uint64_t length = strlen(header);
        unsigned char head[8];
        for (int i = 0; i < 8; i++) head[i] = (unsigned char)(length >> 8 * i);
        good = nn_replace_write(&r, head, 8, f) && nn_replace_write(&r, header, length, f);
        for (size_t i = 0; good && i < n_views; i++) {
            nn_product(views[i].dim, views[i].rank, &elements);
            good = nn_replace_write(&r, views[i].data, elements * nn_type_size(views[i].type), f);
        }
        good = good && nn_replace_commit(&r, f);
    }
    free(header);
    return good;
}
