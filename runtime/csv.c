/* csv.c: tables of numbers as text.
 *
 *     "alcohol";"pH";"quality"        a first line of names is seen by having no number
 *     9.4;3.51;5                      the separator is the comma, semicolon or tab that the first line has most of
 *
 * Columns are chosen by name, by number from 0, or by range: `0-7`, `alcohol,pH`, `quality`. Without a choice the whole line is
 * the sample. Fields may be quoted. Anything that is not a number is an error with its line and column: nothing is guessed.
 * nan and inf are read as such; whoever asked for the table decides about them. One column is a row of numbers as well, so that
 * windows can be cut from it.
 *
 * SPDX-License-Identifier: 0BSD */
#include "elements.h"
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_COLUMNS = 1 << 16 };

typedef struct Table {
    const char *path;
    char *text, *next;              /* the whole file, NUL at its end; the line that comes next */
    int64_t line;
    char separator;
    char **field;                   /* of the line last split */
    size_t fields, room;
    bool named;                     /* the first line has names */
} Table;

static char find_separator(const char *text) {
    size_t comma = 0, semicolon = 0, tab = 0;
    bool quoted = false;
    for (; *text && (quoted || *text != '\n'); text++) {
        if (*text == '"') quoted = !quoted;
        if (!quoted) comma += *text == ',', semicolon += *text == ';', tab += *text == '\t';
    }
    if (semicolon > comma && semicolon >= tab) return ';';
    return tab > comma ? '\t' : ',';
}

static bool add_field(Table *t, char *field, nn_failure *f) {
    if (t->fields == t->room) {
        size_t room = t->room ? t->room * 2 : 64;
        char **more = room > MAX_COLUMNS ? NULL : realloc(t->field, room * sizeof *more);
        if (!more) return nn_fail(f, "%s: line %" PRId64 ": more than %zu columns", t->path, t->line, t->room);
        t->field = more;
        t->room = room;
    }
    t->field[t->fields++] = field;
    return true;
}

/* Splits the next line that is not empty, in place; a quote doubled inside quotes is one quote. No line left: fields is 0. */
static bool split_line(Table *t, nn_failure *f) {
    char *p = t->next;
    t->fields = 0;
    while (*p == '\n' || (*p == '\r' && p[1] == '\n')) {
        if (*p++ == '\n') t->line++;
    }
    if (!*p) {
        t->next = p;
        return true;
    }
    t->line++;
    for (;;) {
        while (*p == ' ') p++;
        char *start = p, *to = p;
        if (*p == '"') {
            for (p++; *p && *p != '\n' && (*p != '"' || p[1] == '"');) {
                p += *p == '"';
                *to++ = *p++;
            }
            if (*p != '"') return nn_fail(f, "%s: line %" PRId64 ": a quoted field does not end on its line", t->path, t->line);
            p++;
            while (*p == ' ') p++;
            if (*p && *p != t->separator && *p != '\n' && *p != '\r')
                return nn_fail(f, "%s: line %" PRId64 ": text follows a quoted field", t->path, t->line);
        } else {
            while (*p && *p != t->separator && *p != '\n') p++;
            to = p;
            while (to > start && (to[-1] == ' ' || to[-1] == '\r')) to--;
        }
        if (*p == '\r') p++;
        char end = *p;
        if (end) p++;
        *to = 0;
        if (!add_field(t, start, f)) return false;
        if (end != t->separator) break;
    }
    t->next = p;
    return true;
}

static bool number(const char *text, double *value) {
    char *end;
    if (!*text || isspace((unsigned char)*text)) return false;
    *value = strtod(text, &end);
    return !*end;
}

/* The columns that the selector lists, in its order. */
typedef struct Columns { size_t *index, count; } Columns;

static bool add_columns(Columns *c, size_t first, size_t last, const Table *t, const char *item, nn_failure *f) {
    if (last >= t->fields || first > last)
        return nn_fail(f, "%s: there is no column '%s': the columns are 0 to %zu", t->path, item, t->fields - 1);
    size_t n = last - first + 1;
    if (c->count + n > MAX_COLUMNS) return nn_fail(f, "%s: more than %d columns are chosen", t->path, MAX_COLUMNS);
    size_t *more = realloc(c->index, (c->count + n) * sizeof *more);
    if (!more) return nn_fail_memory(f, t->path, (c->count + n) * sizeof *more);
    c->index = more;
    for (size_t i = first; i <= last; i++) c->index[c->count++] = i;
    return true;
}

/* A name wins over a number, and a number over a range, so that a column called `pca-1` can be chosen. */
static bool choose_item(Columns *c, const char *item, const Table *t, nn_failure *f) {
    unsigned long first, last;
    int used = 0;
    for (size_t i = 0; t->named && i < t->fields; i++)
        if (!strcmp(t->field[i], item)) return add_columns(c, i, i, t, item, f);
    if (isdigit((unsigned char)*item) && strlen(item) < 16) {
        if (sscanf(item, "%lu%n", &first, &used) == 1 && !item[used]) return add_columns(c, first, first, t, item, f);
        if (sscanf(item, "%lu-%lu%n", &first, &last, &used) == 2 && !item[used]) return add_columns(c, first, last, t, item, f);
    }
    const char *near = t->named ? nn_nearest(item, (const char *const *)t->field, t->fields) : NULL;
    if (near) return nn_fail(f, "%s: there is no column '%s'; did you mean '%s'?", t->path, item, near);
    return nn_fail(f, "%s: there is no column '%s'; columns are chosen by %snumber from 0 to %zu, or by a range such as 0-%zu",
                   t->path, item, t->named ? "name, " : "", t->fields - 1, t->fields - 1);
}

static bool choose(Columns *c, const char *selector, const Table *t, nn_failure *f) {
    if (!selector) return add_columns(c, 0, t->fields - 1, t, "all", f);
    char *items = strdup(selector), *rest = items, *item;
    bool good = items || nn_fail_memory(f, t->path, strlen(selector));
    while (good && (item = strsep(&rest, ","))) good = choose_item(c, item, t, f);
    free(items);
    return good;
}

static bool read_rows(Table *t, const Columns *c, size_t columns, nn_array *a, nn_failure *f) {
    size_t room = 0, used = 0;
    double *values = NULL;
    int64_t first_row = t->line;
    for (; t->fields; a->dim[0]++) {
        if (t->fields != columns) {
            nn_fail(f, "%s: line %" PRId64 ": %zu columns, where the first line has %zu", t->path, t->line, t->fields, columns);
            break;
        }
        if (used + c->count > room) {
            room = (used + c->count) * 2;
            double *more = realloc(values, room * sizeof *more);
            if (!more) {
                nn_fail_memory(f, t->path, room * sizeof *more);
                break;
            }
            values = more;
        }
        size_t i = 0;
        while (i < c->count && number(t->field[c->index[i]], &values[used + i])) i++;
        if (i < c->count) {
            const char *text = t->field[c->index[i]];
            nn_fail(f, "%s: line %" PRId64 ", column %zu: '%.40s' is not a number; %s", t->path, t->line, c->index[i], text,
                    *text ? "code it as one" : "give it a value or leave out the line");
            break;
        }
        used += c->count;
        if (!split_line(t, f)) break;
    }
    if (f->text[0]) {
        free(values);
        return false;
    }
    if (!nn_add_memory(a, t->path, NN_F64, values, used, f)) return false;
    a->parts[0].by_row = true;
    a->parts[0].first_row = first_row;
    return true;
}

bool nn_read_csv(nn_source *s, const nn_choice *choice, const nn_tensor *tensor, nn_array *a, nn_failure *f) {
    const char *selector = choice->part;
    Table t = { .path = nn_source_path(s) };
    Columns chosen = { 0 };
    size_t got = 0;
    double value;
    char *text = nn_source_take(s, SIZE_MAX, &got, f);
    if (!text) return false;
    t.text = realloc(text, got + 1);
    if (!t.text) {
        free(text);
        return nn_fail_memory(f, t.path, got);
    }
    t.text[got] = 0;
    t.next = t.text;
    if (got >= 3 && !memcmp(t.text, "\xef\xbb\xbf", 3)) t.next += 3;
    t.separator = find_separator(t.next);
    bool good = strlen(t.text) == got || nn_fail(f, "%s: is no text: it has a zero byte", t.path);
    good = good && split_line(&t, f) && (t.fields || nn_fail(f, "%s: the file is empty", t.path));
    if (good) {
        t.named = true;             /* a line with some numbers is no line of names: it may miss a value, and reading it tells so */
        for (size_t i = 0; i < t.fields; i++) t.named &= !number(t.field[i], &value) || !isfinite(value);
        good = choose(&chosen, selector, &t, f);
    }
    if (good && !choice->windows && chosen.count != nn_tensor_elements(tensor))
        good = nn_fail(f, "%s: %zu columns %s, but '%s' takes %zu; choose them as %s:0-%zu or by name", t.path, chosen.count,
                       selector ? "are chosen" : "in the file", tensor->name, nn_tensor_elements(tensor), t.path,
                       nn_tensor_elements(tensor) - 1);
    size_t columns = t.fields;
    if (good && t.named) good = split_line(&t, f);
    good = good && read_rows(&t, &chosen, columns, a, f);
    a->rank = chosen.count == 1 ? 1 : 2;
    a->dim[1] = (int64_t)chosen.count;
    if (good && !a->dim[0]) good = nn_fail(f, "%s: has names of columns, but no line of numbers", t.path);
    free(chosen.index);
    free(t.field);
    free(t.text);
    return good;
}
