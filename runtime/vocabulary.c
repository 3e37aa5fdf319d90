/* vocabulary.c: text as numbers, and back.
 *
 * A vocabulary of characters numbers the distinct characters of a text in the order of their code points. One of subwords cuts
 * a text into pieces, and each piece into tokens:
 *
 *     Two dogs, 10 cats.   ->   |Two| dogs|,| 10| cats|.|   ->   |Tw|o| dog|s|,| |10| cat|s|.|
 *
 * A piece is a run of letters and digits or a run of other signs, in either case with one space before it, or a run of white
 * space; it ends after 64 characters at the latest. Nothing is lost, so tokens joined give the text again. The tokens of a piece are
 * first its characters; then the pair that was learned first is merged wherever it stands, from left to right, then the next one
 * (Sennrich, Haddow, Birch: "Neural machine translation of rare words with subword units", 2016).
 *
 * As a file, a vocabulary is a line that says so, then a line for each token, quoted as in JSON: a character, or the two tokens
 * that it is merged from.
 *
 *     nn vocabulary 1: subwords
 *     "a"
 *     "b"
 *     "a" "b"
 *
 * SPDX-License-Identifier: 0BSD */
#include "vocabulary.h"
#include "json.h"
#include "utf8.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 64, LONGEST_BYTES = 4 * LONGEST };            /* characters of a piece, and so of a token */

static const char *const units[] = { [NN_CHARACTERS] = "characters", [NN_SUBWORDS] = "subwords" };
#define HEAD "nn vocabulary 1: "

nn_vocabulary *nn_vocabulary_new(nn_unit unit, nn_failure *f) {
    nn_vocabulary *v = calloc(1, sizeof *v);
    if (v) v->unit = unit;
    else nn_fail_memory(f, "vocabulary", sizeof *v);
    return v;
}

void nn_vocabulary_free(nn_vocabulary *v) {
    if (!v) return;
    nn_table_free(&v->tokens);
    nn_table_free(&v->merges);
    nn_table_free(&v->pieces);
    free(v->seen);
    free(v);
}

static size_t special(const nn_vocabulary *v) { return v->unit == NN_SUBWORDS ? NN_SPECIAL : 0; }

size_t nn_vocabulary_size(const nn_vocabulary *v) { return special(v) + v->tokens.count; }

static bool same_keys(const nn_table *a, const nn_table *b) {
    return a->count == b->count && a->used == b->used && (!a->used || !memcmp(a->bytes, b->bytes, a->used));
}

bool nn_vocabulary_same(const nn_vocabulary *a, const nn_vocabulary *b) {
    bool same = a->unit == b->unit && same_keys(&a->tokens, &b->tokens) && same_keys(&a->merges, &b->merges);
    for (size_t i = 0; same && i < a->tokens.count; i++) same = a->tokens.entry[i].length == b->tokens.entry[i].length;
    return same;
}

bool nn_tokens_add(nn_tokens *t, int32_t token, nn_failure *f) {
    if (t->count == t->room) {
        size_t room = t->room ? 2 * t->room : 256;
        int32_t *more = realloc(t->token, room * sizeof *more);
        if (!more) return nn_fail_memory(f, "tokens", room * sizeof *more);
        t->token = more;
        t->room = room;
    }
    t->token[t->count++] = token;
    return true;
}

void nn_tokens_free(nn_tokens *t) {
    free(t->token);
    *t = (nn_tokens){ 0 };
}

/* ---- characters and pieces ---- */

static int64_t line_of(int64_t line, const char *text, const char *at) {
    for (; text < at; text++) line += *text == '\n';
    return line;
}

static size_t byte_of(const char *text, const char *at) {
    size_t byte = 1;
    for (; at > text && at[-1] != '\n'; at--) byte++;
    return byte;
}

bool nn_text_check(const char *place, int64_t line, const char *text, size_t length, nn_failure *f) {
    const char *end = text + length;
    uint32_t code = 0;
    for (const char *at = text; at < end;) {
        size_t n = nn_utf8(at, end, &code);
        if (!n)
            return nn_fail(f, "%s: line %" PRId64 " is no text in UTF-8: byte %zu of it is 0x%02x; convert the file, or bind another",
                           place, line_of(line, text, at), byte_of(text, at), (unsigned)(unsigned char)*at);
        if (!code) return nn_fail(f, "%s: line %" PRId64 " is no text: it has a zero byte", place, line_of(line, text, at));
        at += n;
    }
    return true;
}

typedef enum { SPACE, WORD, SIGN } Class;

/* Beyond ASCII all is letters but the signs of Latin-1, general punctuation up to the mathematical operators, boxes and
 * dingbats, and the punctuation of Chinese and Japanese. */
static Class class_of(uint32_t c) {
    if (c == ' ' || (c >= '\t' && c <= '\r')) return SPACE;
    if (c < 0x80) return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ? WORD : SIGN;
    if (c <= 0xbf) return c == 0xaa || c == 0xb5 || c == 0xba ? WORD : SIGN;
    return c == 0xd7 || c == 0xf7 || (c >= 0x2000 && c <= 0x2bff) || (c >= 0x3000 && c <= 0x303f)
                || (c >= 0xff01 && c <= 0xff0f) || (c >= 0xff1a && c <= 0xff20) ? SIGN : WORD;
}

/* The bytes of the first piece of a text in UTF-8. */
static size_t piece(const char *text, const char *end) {
    uint32_t code = 0;
    const char *at = text + nn_utf8(text, end, &code);
    Class class = class_of(code);
    int characters = 1;
    if (code == ' ' && nn_utf8(at, end, &code) && class_of(code) != SPACE) class = class_of(code);
    while (at < end && characters++ < LONGEST) {
        size_t n = nn_utf8(at, end, &code);
        if (class_of(code) != class) break;
        /* The last space of a run goes with what follows. */
        if (class == SPACE && code == ' ' && at + 1 < end && nn_utf8(at + 1, end, &code) && class_of(code) != SPACE) break;
        at += n;
    }
    return (size_t)(at - text);
}

/* ---- encoding ---- */

static int32_t character(const nn_vocabulary *v, const char *text, size_t length) {
    int64_t entry = nn_table_find(&v->tokens, text, length);
    return entry < 0 ? -1 : (int32_t)(entry + (int64_t)special(v));
}

static bool encode_characters(const nn_vocabulary *v, const char *place, int64_t line, const char *text, size_t length, nn_tokens *to,
                              nn_failure *f) {
    const char *end = text + length;
    for (const char *at = text; at < end;) {
        uint32_t code = 0;
        size_t n = nn_utf8(at, end, &code);
        int32_t token = character(v, at, n);
        if (token < 0)
            return nn_fail(f, "%s: line %" PRId64 ": the character '%.*s' (U+%04" PRIX32 ") is none of the %zu of the vocabulary; take "
                           "it out, or learn a vocabulary from a text that has it", place, line_of(line, text, at),
                           code < ' ' ? 0 : (int)n, at, code, nn_vocabulary_size(v));
        if (!nn_tokens_add(to, token, f)) return false;
        at += n;
    }
    return true;
}

/* The merge of the lowest rank among neighbours, or -1. */
static int64_t first_merge(const nn_vocabulary *v, const int32_t *token, int n) {
    int64_t first = -1;
    for (int i = 0; i + 1 < n; i++) {
        int64_t merge = nn_table_find(&v->merges, token + i, 2 * sizeof *token);
        if (merge >= 0 && (first < 0 || merge < first)) first = merge;
    }
    return first;
}

static int merge_all(const nn_vocabulary *v, int64_t merge, int32_t *token, int n) {
    int32_t pair[2];
    int k = 0;
    memcpy(pair, nn_table_key(&v->merges, (size_t)merge), sizeof pair);
    for (int i = 0; i < n; k++) {
        bool both = i + 1 < n && token[i] == pair[0] && token[i + 1] == pair[1];
        token[k] = both ? (int32_t)v->merges.entry[merge].value : token[i];
        i += both ? 2 : 1;
    }
    return k;
}

static int encode_piece(const nn_vocabulary *v, const char *text, size_t length, int32_t *token) {
    int n = 0;
    uint32_t code;
    for (const char *at = text, *end = text + length; at < end;) {
        size_t bytes = nn_utf8(at, end, &code);
        token[n] = character(v, at, bytes);
        if (token[n++] < 0) token[n - 1] = NN_UNKNOWN;
        at += bytes;
    }
    for (int64_t merge; (merge = first_merge(v, token, n)) >= 0;) n = merge_all(v, merge, token, n);
    return n;
}

/* The entry of a piece in `pieces`, which is filled if it is new; -1: there is no memory. */
static int64_t known_piece(nn_vocabulary *v, const char *text, size_t length) {
    int64_t entry = nn_table_find(&v->pieces, text, length);
    if (entry >= 0) return entry;
    if (v->seen_room - v->n_seen < LONGEST) {
        size_t room = 2 * v->seen_room + 4096;
        int32_t *more = realloc(v->seen, room * sizeof *more);
        if (!more) return -1;
        v->seen = more;
        v->seen_room = room;
    }
    entry = nn_table_add(&v->pieces, text, length);
    if (entry < 0) return -1;
    int n = encode_piece(v, text, length, v->seen + v->n_seen);
    v->pieces.entry[entry].value = (int64_t)v->n_seen * (LONGEST + 1) + n;
    v->n_seen += (size_t)n;
    return entry;
}

static bool encode_subwords(nn_vocabulary *v, const char *text, size_t length, nn_tokens *to, nn_failure *f) {
    const char *end = text + length;
    for (size_t n; text < end; text += n) {
        n = piece(text, end);
        int64_t entry = known_piece(v, text, n);
        if (entry < 0) return nn_fail_memory(f, "tokens", n);
        int64_t value = v->pieces.entry[entry].value;
        const int32_t *token = v->seen + value / (LONGEST + 1);
        for (int64_t i = 0; i < value % (LONGEST + 1); i++) if (!nn_tokens_add(to, token[i], f)) return false;
    }
    return true;
}

bool nn_vocabulary_encode(nn_vocabulary *v, const char *place, int64_t line, const char *text, size_t length, nn_tokens *to,
                          nn_failure *f) {
    if (!nn_text_check(place, line, text, length, f)) return false;
    return v->unit == NN_CHARACTERS ? encode_characters(v, place, line, text, length, to, f) : encode_subwords(v, text, length, to, f);
}

const char *nn_vocabulary_text(const nn_vocabulary *v, int64_t token, size_t *length) {
    static const char unknown[] = "\xef\xbf\xbd";
    int64_t entry = token - (int64_t)special(v);
    *length = 0;
    if (entry >= 0 && (size_t)entry < v->tokens.count) {
        *length = v->tokens.entry[entry].length;
        return nn_table_key(&v->tokens, (size_t)entry);
    }
    if (v->unit == NN_SUBWORDS && (token == NN_PADDING || token == NN_END)) return "";
    *length = sizeof unknown - 1;
    return unknown;
}

/* ---- learning ---- */

bool nn_vocabulary_count(nn_table *counts, nn_unit unit, const char *place, int64_t line, const char *text, size_t length,
                         nn_failure *f) {
    const char *end = text + length;
    uint32_t code;
    if (!nn_text_check(place, line, text, length, f)) return false;
    for (size_t n; text < end; text += n) {
        n = unit == NN_CHARACTERS ? nn_utf8(text, end, &code) : piece(text, end);
        int64_t entry = nn_table_add(counts, text, n);
        if (entry < 0) return nn_fail_memory(f, place, n);
        counts->entry[entry].value++;
    }
    return true;
}

static int by_code(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static size_t encode_code(char *to, uint32_t c) {
    if (c < 0x80) return to[0] = (char)c, 1;
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; c >>= 6) to[i] = (char)(0x80 | (c & 0x3f));
    to[0] = (char)(0xf00u >> n | c);
    return n;
}

/* The characters of all keys, in the order of their code points, become tokens. */
static bool add_characters(nn_vocabulary *v, const nn_table *counts, nn_failure *f) {
    nn_table distinct = { 0 };
    uint32_t code, *codes = NULL;
    bool good = true;
    for (size_t e = 0; good && e < counts->count; e++) {
        const char *at = nn_table_key(counts, e), *end = at + counts->entry[e].length;
        for (size_t n; good && at < end; at += n) good = nn_table_add(&distinct, at, n = nn_utf8(at, end, &code)) >= 0;
    }
    good = good && (codes = malloc((distinct.count + 1) * sizeof *codes));
    for (size_t i = 0; good && i < distinct.count; i++) {
        const char *at = nn_table_key(&distinct, i);
        nn_utf8(at, at + distinct.entry[i].length, &codes[i]);
    }
    if (good) qsort(codes, distinct.count, sizeof *codes, by_code);
    for (size_t i = 0; good && i < distinct.count; i++) {
        char text[4];
        good = nn_table_add(&v->tokens, text, encode_code(text, codes[i])) >= 0;
    }
    free(codes);
    nn_table_free(&distinct);
    return good || nn_fail_memory(f, "vocabulary", counts->used);
}

nn_vocabulary *nn_vocabulary_learn(const nn_table *counts, nn_unit unit, size_t most, const char *name, nn_failure *f) {
    nn_vocabulary *v = nn_vocabulary_new(unit, f);
    bool good = v && add_characters(v, counts, f);
    if (good && nn_vocabulary_size(v) > most)
        good = nn_fail(f, "the text for '%s' has %zu distinct characters%s, and '%s' has %zu classes; write class[%zu] or more in the model",
                       name, v->tokens.count, unit == NN_SUBWORDS ? " beside 3 tokens for padding, end and unknown ones" : "", name, most,
                       nn_vocabulary_size(v));
    if (good && unit == NN_SUBWORDS) good = nn_subwords_learn(v, counts, most, f);
    if (good) return v;
    nn_vocabulary_free(v);
    return NULL;
}

/* ---- as a file ---- */

static void print_token(FILE *out, const nn_vocabulary *v, int64_t token, const char *after) {
    char text[LONGEST_BYTES + 1], quoted[6 * LONGEST_BYTES + 3];
    size_t n;
    const char *at = nn_vocabulary_text(v, token, &n);
    snprintf(text, sizeof text, "%.*s", (int)n, at);
    nn_json_quote(quoted, text);
    fprintf(out, "%s%s", quoted, after);
}

char *nn_vocabulary_write(const nn_vocabulary *v, size_t *size, nn_failure *f) {
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    if (out) {
        fprintf(out, HEAD "%s\n", units[v->unit]);
        /* Characters come first; after them there is nothing but merges. */
        size_t merges = v->merges.count, all = nn_vocabulary_size(v);
        size_t characters = merges ? (size_t)v->merges.entry[0].value : all;
        for (size_t i = special(v); i < characters; i++) print_token(out, v, (int64_t)i, "\n");
        for (size_t i = 0; i < merges; i++) {
            int32_t pair[2];
            memcpy(pair, nn_table_key(&v->merges, i), sizeof pair);
            print_token(out, v, pair[0], " ");
            print_token(out, v, pair[1], "\n");
        }
        bool failed = ferror(out);
        if (!fclose(out) && !failed) return text;
    }
    free(text);
    nn_fail_memory(f, "vocabulary", v->tokens.used);
    return NULL;
}

static bool read_character(nn_vocabulary *v, const char *text, const char *place, int64_t line, nn_failure *f) {
    uint32_t code;
    size_t length = strlen(text);
    if (v->merges.count) return nn_fail(f, "%s: line %" PRId64 ": a token alone comes before those that are merged from two", place, line);
    if (!length || nn_utf8(text, text + length, &code) != length)
        return nn_fail(f, "%s: line %" PRId64 ": a token alone on its line is one character; longer ones are merged from two earlier ones, "
                       "\"a\" \"b\"", place, line);
    if (nn_table_find(&v->tokens, text, length) >= 0)
        return nn_fail(f, "%s: line %" PRId64 ": the character is there already", place, line);
    return nn_table_add(&v->tokens, text, length) >= 0 || nn_fail_memory(f, place, length);
}

static bool read_merge(nn_vocabulary *v, const char *left, const char *right, const char *place, int64_t line, nn_failure *f) {
    char joined[LONGEST_BYTES];
    size_t n = strlen(left), m = strlen(right);
    int32_t pair[2] = { character(v, left, n), character(v, right, m) };
    if (v->unit == NN_CHARACTERS) return nn_fail(f, "%s: line %" PRId64 ": a vocabulary of characters merges none", place, line);
    for (int i = 0; i < 2; i++)
        if (pair[i] < 0)
            return nn_fail(f, "%s: line %" PRId64 ": \"%.40s\" is no earlier token", place, line, i ? right : left);
    if (n + m > LONGEST_BYTES)
        return nn_fail(f, "%s: line %" PRId64 ": a token of more than %d bytes fits no piece of a text", place, line, LONGEST_BYTES);
    memcpy(joined, left, n);
    memcpy(joined + n, right, m);
    if (nn_table_find(&v->merges, pair, sizeof pair) >= 0)
        return nn_fail(f, "%s: line %" PRId64 ": the two tokens are merged already", place, line);
    int64_t token = nn_table_add(&v->tokens, joined, n + m), merge = nn_table_add(&v->merges, pair, sizeof pair);
    if (token < 0 || merge < 0) return nn_fail_memory(f, place, v->tokens.used);
    v->merges.entry[merge].value = token + (int64_t)special(v);
    return true;
}

/* The lines are taken apart in place. */
static bool read_lines(nn_vocabulary *v, char *text, const char *place, nn_failure *f) {
    int64_t line = 2;
    for (char *next; *text; text = next, line++) {
        char *end = text + strcspn(text, "\n"), *left, *right;
        next = end + (*end == '\n');
        *end = 0;
        if (end > text && end[-1] == '\r') *--end = 0;
        nn_json j = { text, end };
        bool good = nn_json_string(&j, &left);
        if (!good) return nn_fail(f, "%s: line %" PRId64 ": is no token in quotes, as \"a\", nor two, as \"a\" \"b\"", place, line);
        if (nn_json_end(&j)) {
            good = read_character(v, left, place, line, f);
        } else {
            if (!nn_json_string(&j, &right) || !nn_json_end(&j))
                return nn_fail(f, "%s: line %" PRId64 ": after the first token comes another one in quotes, or nothing", place, line);
            good = read_merge(v, left, right, place, line, f);
        }
        if (!good) return false;
    }
    return true;
}

nn_vocabulary *nn_vocabulary_read(const char *place, const char *text, size_t size, nn_failure *f) {
    char *copy = malloc(size + 1), *lines = NULL;
    nn_vocabulary *v = NULL;
    if (!copy) nn_fail_memory(f, place, size + 1);
    if (copy && nn_text_check(place, 1, text, size, f)) {
        memcpy(copy, text, size);
        copy[size] = 0;
        for (nn_unit u = NN_CHARACTERS; !lines && u <= NN_SUBWORDS; u++) {
            char head[64];
            int n = snprintf(head, sizeof head, HEAD "%s", units[u]);
            char end = strncmp(copy, head, (size_t)n) ? '?' : copy[n];
            if (end == '\r') end = copy[++n];
            if (end == '\n' && (v = nn_vocabulary_new(u, f))) lines = copy + n + 1;
        }
        if (!v) nn_fail(f, "%s: is no vocabulary: its first line is neither '" HEAD "characters' nor '" HEAD "subwords'", place);
    }
    bool good = v && read_lines(v, lines, place, f);
    if (good && !v->tokens.count) good = nn_fail(f, "%s: the vocabulary has no token", place);
    free(copy);
    if (good) return v;
    nn_vocabulary_free(v);
    return NULL;
}
