/* log_read.c: a log back into numbers, whichever of its two forms it has.
 *
 *     what,epoch,step,loss            {"what":"step","epoch":1,"step":5,"loss":0.5}         step  epoch  loss   epoch_end
 *     step,1,5,0.5                    {"what":"epoch","epoch":1,"step":7,"loss":0.4}           5      1   0.5       false
 *     epoch,1,7,0.4                                                                            7      1   0.4       true
 *
 * Names are taken as they come: a log of a later version, or one that other tools have added to, is read as well.
 *
 * SPDX-License-Identifier: 0BSD */
#include "json.h"
#include "log.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool add_row(nn_log_table *t) {
    if (t->rows == t->room) {
        const size_t room = t->room ? 2 * t->room : 64;
        bool *ends = realloc(t->epoch_end, room * sizeof *ends);
        if (!ends) return false;
        t->epoch_end = ends;
        for (size_t c = 0; c < t->columns; c++) {
            double *more = realloc(t->column[c].value, room * sizeof *more);
            if (!more) return false;
            t->column[c].value = more;
        }
        t->room = room;
    }
    t->epoch_end[t->rows] = true;
    for (size_t c = 0; c < t->columns; c++) t->column[c].value[t->rows] = NAN;
    t->rows++;
    return true;
}

/* The column of this name, which is new if there is none; NULL: out of memory. */
static nn_log_column *column(nn_log_table *t, const char *name) {
    for (size_t c = 0; c < t->columns; c++)
        if (!strcmp(t->column[c].name, name)) return &t->column[c];
    nn_log_column *more = realloc(t->column, (t->columns + 1) * sizeof *more);
    if (!more) return NULL;
    t->column = more;
    nn_log_column *made = &t->column[t->columns];
    *made = (nn_log_column){ strdup(name), malloc((t->room + 1) * sizeof(double)) };
    if (!made->name || !made->value) {
        free(made->name);
        free(made->value);
        return NULL;
    }
    t->columns++;
    for (size_t r = 0; r < t->rows; r++) made->value[r] = NAN;
    return made;
}

const double *nn_log_values(const nn_log_table *t, const char *name) {
    for (size_t c = 0; c < t->columns; c++)
        if (!strcmp(t->column[c].name, name)) return t->column[c].value;
    return NULL;
}

/* One field of the last row: the kind of the line, a number, or something that is left out. */
static bool set(nn_log_table *t, const char *name, const char *text) {
    char *end;
    if (!strcmp(name, "what")) {
        t->epoch_end[t->rows - 1] = strcmp(text, "step") != 0;
        return true;
    }
    const double value = strtod(text, &end);
    if (end == text || *end) return true;
    nn_log_column *c = column(t, name);
    if (c) c->value[t->rows - 1] = value;
    return c != NULL;
}

typedef enum { GOOD, BROKEN, NO_MEMORY } Outcome;

/* ---- CSV ---- */

typedef struct Header { char *text, **name; size_t n; } Header;

/* Cuts the line at its commas. */
static size_t cells(char *line, char **cell, size_t most) {
    size_t n = 0;
    for (char *next = line, *one; (one = strsep(&next, ",")); n++)
        if (n < most) cell[n] = one;
    return n;
}

static bool read_header(Header *h, const char *line) {
    size_t most = 1;
    for (const char *p = line; *p; p++) most += *p == ',';
    h->text = strdup(line);
    h->name = calloc(most, sizeof *h->name);
    if (!h->text || !h->name) return false;
    h->n = cells(h->text, h->name, most);
    return true;
}

static bool names(const Header *h, const char *wanted) {
    for (size_t k = 0; k < h->n; k++)
        if (!strcmp(h->name[k], wanted)) return true;
    return false;
}

static Outcome csv_line(nn_log_table *t, const Header *h, char *line, char **cell) {
    if (cells(line, cell, h->n) != h->n) return BROKEN;
    if (!add_row(t)) return NO_MEMORY;
    for (size_t k = 0; k < h->n; k++)
        if (!set(t, h->name[k], cell[k])) return NO_MEMORY;
    return GOOD;
}

/* ---- JSON lines ---- */

/* An object or a list inside a line: only its end matters. */
static bool skip_nested(nn_json *j) {
    int depth = 0;
    for (char *text; j->next < j->end;) {
        const char c = *j->next;
        if (c == '"') {
            if (!nn_json_string(j, &text)) return false;
            continue;
        }
        depth += (c == '{' || c == '[') - (c == '}' || c == ']');
        j->next++;
        if (depth == 0) return true;
    }
    return false;
}

static bool json_value(nn_json *j, char **text, char *stopped) {
    while (*j->next == ' ' || *j->next == '\t') j->next++;
    *text = j->end;                                 /* nothing, if nested */
    *stopped = 0;
    if (*j->next == '"') return nn_json_string(j, text);
    if (*j->next == '{' || *j->next == '[') return skip_nested(j);
    *text = j->next;
    j->next += strcspn(j->next, ",} \t\r");
    *stopped = *j->next;                            /* the text ends here, once what follows has been looked at */
    return j->next > *text;
}

static Outcome json_line(nn_log_table *t, char *line, size_t length) {
    nn_json j = { line, line + length };
    char *name, *text, stopped;
    if (!nn_json_token(&j, '{')) return BROKEN;
    if (!add_row(t)) return NO_MEMORY;
    if (nn_json_token(&j, '}')) return nn_json_end(&j) ? GOOD : BROKEN;
    do {
        if (!nn_json_string(&j, &name) || !nn_json_token(&j, ':') || !json_value(&j, &text, &stopped)) return BROKEN;
        char *end = j.next;
        if (stopped) *end = 0;
        const bool good = set(t, name, text);
        if (stopped) *end = stopped;
        if (!good) return NO_MEMORY;
    } while (nn_json_token(&j, ','));
    return nn_json_token(&j, '}') && nn_json_end(&j) ? GOOD : BROKEN;
}

/* ---- the file ---- */

static bool read_lines(nn_log_table *t, FILE *file, const char *path, nn_failure *f) {
    char *line = NULL, **cell = NULL;
    size_t room = 0, rows = 0;
    Header h = { 0 };
    Outcome outcome = GOOD;
    bool whole = true, json = false;
    int64_t n = 0;
    for (ssize_t length; outcome == GOOD && (length = getline(&line, &room, file)) > 0;) {
        whole = line[length - 1] == '\n';
        while (length && (line[length - 1] == '\n' || line[length - 1] == '\r')) line[--length] = 0;
        if (n++ == 0) json = line[0] == '{';
        if (!json && n == 1) {
            if (!read_header(&h, line) || !(cell = calloc(h.n, sizeof *cell))) outcome = NO_MEMORY;
        } else if (strlen(line) != (size_t)length) {
            outcome = BROKEN;
        } else if (length) {
            rows = t->rows;
            outcome = json ? json_line(t, line, (size_t)length) : csv_line(t, &h, line, cell);
        }
    }
    if (outcome == BROKEN && !whole) outcome = GOOD, t->rows = rows;        /* the line that a killed run was writing */
    if (outcome == NO_MEMORY) nn_fail_memory(f, path, t->rows);
    if (outcome == BROKEN) nn_fail(f, "%s: line %" PRId64 " is not of a log of training", path, n);
    if (outcome == GOOD && ferror(file)) nn_fail(f, "%s: %s", path, strerror(errno));
    if (n && !json && !f->text[0] && !names(&h, "step")) nn_fail(f, "%s: is no log of training: its first line names no column 'step'", path);
    free(line);
    free(cell);
    free(h.text);
    free(h.name);
    return !f->text[0];
}

bool nn_log_read(nn_log_table *t, const char *path, nn_failure *f) {
    *t = (nn_log_table){ 0 };
    FILE *file = fopen(path, "re");
    if (!file) return nn_fail(f, "%s: %s", path, strerror(errno));
    const bool good = read_lines(t, file, path, f);
    fclose(file);
    if (!good) nn_log_table_free(t);
    return good;
}

void nn_log_table_free(nn_log_table *t) {
    for (size_t c = 0; c < t->columns; c++) {
        free(t->column[c].name);
        free(t->column[c].value);
    }
    free(t->column);
    free(t->epoch_end);
    *t = (nn_log_table){ 0 };
}
