/* text.c: files of text as arrays of tokens.
 *
 *     lines        a sample is a line: its tokens, then NN_END, then NN_PADDING up to the length that the model has. What is too
 *                  long is cut, and ends with NN_END all the same
 *     characters   the whole text is one row of tokens, of which samples are windows
 *
 * A text is UTF-8, with or without a byte order mark; lines end with LF or CR LF. It has no zero byte.
 *
 * SPDX-License-Identifier: 0BSD */
#include "elements.h"
#include "texts.h"
#include <stdlib.h>
#include <string.h>

/* The next line without its end, or with it if `whole`; false: there is none. */
typedef struct Lines { const char *next, *end, *line; size_t length; int64_t number; } Lines;

static Lines lines_of(const char *text, size_t size) {
    bool mark = size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3);
    return (Lines){ .next = text + (mark ? 3 : 0), .end = text + size };
}

static bool next_line(Lines *l, bool whole) {
    if (l->next == l->end) return false;
    const char *stop = memchr(l->next, '\n', (size_t)(l->end - l->next)), *after = stop ? stop + 1 : l->end;
    l->line = l->next;
    l->next = after;
    l->number++;
    l->length = (size_t)((whole || !stop ? after : stop) - l->line);
    if (!whole && stop && l->length && l->line[l->length - 1] == '\r') l->length--;
    return true;
}

bool nn_text_count(nn_source *s, nn_unit unit, nn_table *counts, nn_failure *f) {
    size_t size = 0;
    char *text = nn_source_take(s, SIZE_MAX, &size, f);
    if (!text) return false;
    bool good = true;
    for (Lines l = lines_of(text, size); good && next_line(&l, unit == NN_CHARACTERS);)
        good = nn_vocabulary_count(counts, unit, nn_source_path(s), l.number, l.line, l.length, f);
    free(text);
    return good;
}

void nn_text_row(nn_tokens *tokens, size_t from, size_t length, int32_t *row, bool *cut) {
    size_t n = tokens->count - from, most = length - 1;
    *cut = n > most;
    if (*cut) n = most;
    if (n) memcpy(row, tokens->token + from, n * sizeof *row);
    row[n] = NN_END;
    for (size_t i = n + 1; i < length; i++) row[i] = NN_PADDING;
    tokens->count = from;
}

static bool read_lines(const char *path, Lines l, nn_vocabulary *v, size_t length, nn_array *a, nn_failure *f) {
    size_t room = 0, lines = 0;
    int32_t *rows = NULL;
    nn_tokens tokens = { 0 };
    bool good = true, cut;
    while (good && next_line(&l, false)) {
        if (lines == room) {
            room = room ? 2 * room : 64;
            int32_t *more = realloc(rows, room * length * sizeof *rows);
            if (more) rows = more;
            good = more || nn_fail_memory(f, path, room * length * sizeof *rows);
        }
        good = good && nn_vocabulary_encode(v, path, l.number, l.line, l.length, &tokens, f);
        if (good) nn_text_row(&tokens, 0, length, rows + lines++ * length, &cut), a->cut += cut;
    }
    nn_tokens_free(&tokens);
    if (!good || !lines) return free(rows), good && nn_fail(f, "%s: the file is empty", path);
    if (!nn_add_memory(a, path, NN_I32, rows, lines * length, f)) return false;
    a->padded = true;
    a->parts[0].by_row = true;
    a->parts[0].first_row = 1;
    a->rank = 2;
    a->dim[0] = (int64_t)lines;
    a->dim[1] = (int64_t)length;
    return true;
}

/* Up to 256 tokens are bytes: the text takes no more memory than its file. */
static bool read_characters(const char *path, Lines l, nn_vocabulary *v, nn_array *a, nn_failure *f) {
    nn_type type = nn_vocabulary_size(v) <= 256 ? NN_U8 : NN_I32;
    size_t count = 0, width = nn_type_size(type);
    char *all = malloc((size_t)(l.end - l.next) * width + 1);
    nn_tokens tokens = { 0 };
    bool good = all || nn_fail_memory(f, path, (size_t)(l.end - l.next) * width);
    for (; good && next_line(&l, true); tokens.count = 0) {
        good = nn_vocabulary_encode(v, path, l.number, l.line, l.length, &tokens, f);
        if (good) nn_convert(all + count * width, type, tokens.token, NN_I32, tokens.count);
        count += tokens.count;
    }
    nn_tokens_free(&tokens);
    if (!good || !count) return free(all), good && nn_fail(f, "%s: the file is empty", path);
    a->rank = 1;
    a->dim[0] = (int64_t)count;
    return nn_add_memory(a, path, type, all, count, f);
}

bool nn_read_text(nn_source *s, nn_vocabulary *v, const nn_tensor *t, nn_array *a, nn_failure *f) {
    size_t size = 0;
    char *text = nn_source_take(s, SIZE_MAX, &size, f);
    if (!text) return false;
    Lines l = lines_of(text, size);
    bool good = v->unit == NN_CHARACTERS ? read_characters(nn_source_path(s), l, v, a, f)
                                         : read_lines(nn_source_path(s), l, v, nn_tensor_elements(t), a, f);
    free(text);
    return good;
}

char *nn_text_line(const nn_vocabulary *v, const void *row, nn_type type, size_t length, nn_failure *f) {
    size_t used = 0, room = 256, n;
    char *line = malloc(room);
    for (size_t i = 0; line && i < length; i++) {
        int64_t token;
        nn_convert(&token, NN_I64, (const char *)row + i * nn_type_size(type), type, 1);
        if (token == NN_END || token == NN_PADDING) break;
        const char *text = nn_vocabulary_text(v, token, &n);
        if (n >= room - used) {
            char *more = realloc(line, room = 2 * room + n);
            if (!more) free(line);
            line = more;
        }
        if (line) memcpy(line + used, text, n), used += n;
    }
    if (line) line[used] = 0;
    else nn_fail_memory(f, "a line of text", room);
    return line;
}
