/* Diagnostics: what the compiler has to say about a source.
 *
 * Passes report and run on; the driver prints what was collected when a stage ends, in order of place, and equal ones
 * once (a definition that is inlined ten times gives its warning once). A message says what is wrong in the words of
 * the user, notes show the other half, and help names a mend only when it is certain.
 *
 * Text of the user may hold anything: what is printed has no control characters, and long lines are cut to the part
 * around the caret. */
#include "source.h"
#include <stdlib.h>
#include <string.h>

enum { COLLECTED = 2000, PRINTED = 40, EXCERPT = 120, NOTES = 8 };

typedef struct { Span at; const char *message; } Note;

struct Diagnostic {
    Severity severity;
    const char *option;
    Span at;
    const char *message;
    int serial;
    LIST(Note) notes;
    LIST(const char *) helps;
};

static const WarningSwitch defaults[] = {
    {"unused", "a parameter, a state, an input or a definition inside a model that nothing uses", true},
    {"no-effect", "a layer or an update that does not change the loss", true},
    {"bounds", "a subscript that is checked when the program runs, because it could not be proved here", true},
    {"shadow", "a local name that hides a definition of the file", true},
    {"numbers", "a constant expression with an infinite or undefined value", true},
};
enum { SWITCHES = sizeof defaults / sizeof *defaults };

static WarningSwitch switches[SWITCHES];
static LIST(Diagnostic *) collected;
static int errors, dropped;
static bool colored, warnings_are_errors, switches_ready;

static WarningSwitch *find_switch(const char *name)
{
    if (!switches_ready)
        memcpy(switches, defaults, sizeof defaults);
    switches_ready = true;
    for (int i = 0; i < SWITCHES; i++)
        if (!strcmp(switches[i].name, name))
            return &switches[i];
    return NULL;
}

bool warning_configure(const char *name, bool on)
{
    WarningSwitch *one = find_switch(name);
    if (one)
        one->on = on;
    else if (!strcmp(name, "all"))
        for (int i = 0; i < SWITCHES; i++)
            switches[i].on = on;
    else
        return false;
    return true;
}

const WarningSwitch *warning_switches(int *n)
{
    find_switch("");
    *n = SWITCHES;
    return switches;
}

void diagnostics_configure(bool color, bool strict)
{
    colored = color;
    warnings_are_errors = strict;
}

int error_count(void)
{
    return errors;
}

static Diagnostic *collect(Severity severity, const char *option, Span at, const char *message)
{
    Diagnostic *d = NEW(Diagnostic);
    d->severity = severity;
    d->option = option;
    d->at = at;
    d->message = message;
    if (severity == SEVERITY_WARNING) {
        const WarningSwitch *one = option ? find_switch(option) : NULL;
        if (one && !one->on)
            return d;                                   /* written to by its reporter, and never shown */
        errors += warnings_are_errors;
    } else {
        errors++;
    }
    if (collected.n < COLLECTED) {
        d->serial = collected.n;
        PUSH(collected, d);
    } else {
        dropped++;
    }
    return d;
}

Diagnostic *report(Severity s, const char *option, Span at, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    Diagnostic *d = collect(s, option, at, text_v(format, arguments));
    va_end(arguments);
    return d;
}

void note(Diagnostic *d, Span at, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (d->notes.n < NOTES)
        PUSH(d->notes, ((Note){at, text_v(format, arguments)}));
    va_end(arguments);
}

void help(Diagnostic *d, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (d->helps.n < NOTES)
        PUSH(d->helps, text_v(format, arguments));
    va_end(arguments);
}

static bool is_user_text(const Origin *o)
{
    return o->span.source && !o->span.source->library;
}

static bool noted(const Diagnostic *d, Span at)         /* a recursion comes by the same places again and again */
{
    for (int i = 0; i < d->notes.n; i++)
        if (d->notes.at[i].at.source == at.source && d->notes.at[i].at.begin == at.begin)
            return true;
    return false;
}

/* The place is the innermost text of the user. Library text further in and uses further out become notes. */
static Diagnostic *report_from(Severity severity, const char *option, const Origin *at, const char *message)
{
    const Origin *place = at;
    while (place && !is_user_text(place))
        place = place->use;
    if (!place)
        place = at;
    Diagnostic *d = collect(severity, option, place ? place->span : (Span){0}, message);
    for (const Origin *o = at; o && o != place; o = o->use)
        if (o->span.source && !noted(d, o->span))
            note(d, o->span, o == at ? "in this text of the library" : "which is used here");
    for (const Origin *o = place ? place->use : NULL; o; o = o->use)
        if (is_user_text(o) && !noted(d, o->span))
            note(d, o->span, "used here");
    return d;
}

Diagnostic *error_from(const Origin *at, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    Diagnostic *d = report_from(SEVERITY_ERROR, NULL, at, text_v(format, arguments));
    va_end(arguments);
    return d;
}

Diagnostic *warn_from(const char *option, const Origin *at, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    Diagnostic *d = report_from(SEVERITY_WARNING, option, at, text_v(format, arguments));
    va_end(arguments);
    return d;
}

/* ---- printing ---- */

static const char *paint(const char *code)
{
    return colored ? code : "";
}

#define BOLD paint("\033[1m")
#define RED paint("\033[1;31m")
#define MAGENTA paint("\033[1;35m")
#define CYAN paint("\033[1;36m")
#define GREEN paint("\033[1;32m")
#define PLAIN paint("\033[0m")

/* The bytes of the character of UTF-8 that begins here; 0: none does. */
static size_t character(const char *bytes, size_t n)
{
    unsigned char c = (unsigned char)bytes[0];
    size_t length = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;
    for (size_t i = 1; i < length; i++)
        if (i >= n || ((unsigned char)bytes[i] & 0xc0) != 0x80)
            return 0;
    return c == 0xc2 && (unsigned char)bytes[1] < 0xa0 ? 0 : length;    /* control characters beyond ASCII */
}

static void print_shown(FILE *to, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n;) {
        unsigned char c = (unsigned char)bytes[i];
        size_t length = character(bytes + i, n - i);
        bool hidden = (c < 32 && c != '\t') || c == 127 || !length;
        if (hidden)
            fputc('?', to);
        else
            fwrite(bytes + i, 1, length, to);
        i += hidden ? 1 : length;
    }
}

/* As many columns as print_shown fills: `tabs` keeps the tabs of the text. */
static void print_columns(FILE *to, const char *bytes, size_t n, char fill, bool tabs)
{
    for (size_t i = 0; i < n;) {
        size_t length = character(bytes + i, n - i);
        fputc(tabs && bytes[i] == '\t' ? '\t' : fill, to);
        i += length ? length : 1;
    }
}

static void print_place(FILE *to, Span at)
{
    fputs(BOLD, to);
    if (at.source) {
        print_shown(to, at.source->name, strlen(at.source->name));
        fprintf(to, ":%d:%d: ", span_line(at), span_column(at));
    } else {
        fputs("nnc: ", to);
    }
    fputs(PLAIN, to);
}

/* The line of the span, and below it a caret and tildes under as much of the span as lies on that line. */
static void print_excerpt(FILE *to, Span at)
{
    const char *bytes = at.source->text;
    size_t length = at.source->length, begin = at.begin, stop = at.begin;
    while (begin > 0 && bytes[begin - 1] != '\n')
        begin--;
    while (stop < length && bytes[stop] != '\n')
        stop++;
    if (stop > begin && bytes[stop - 1] == '\r')
        stop--;
    bool cut_left = at.begin - begin > EXCERPT / 2 && stop - begin > EXCERPT;
    if (cut_left)
        begin = at.begin - EXCERPT / 2;
    bool cut_right = stop - begin > EXCERPT;
    if (cut_right)
        stop = begin + EXCERPT;
    fprintf(to, "%5d | %s", span_line(at), cut_left ? "..." : "");
    print_shown(to, bytes + begin, stop - begin);
    fprintf(to, "%s\n      | %s%s", cut_right ? "..." : "", cut_left ? "   " : "", GREEN);
    size_t from = at.begin < stop ? at.begin : stop, to_end = at.end < stop ? at.end : stop;
    print_columns(to, bytes + begin, from - begin, ' ', true);
    fputc('^', to);
    if (to_end > from) {
        size_t first = character(bytes + from, to_end - from);
        from += first ? first : 1;
        print_columns(to, bytes + from, to_end - from, '~', false);
    }
    fprintf(to, "%s\n", PLAIN);
}

static void print_one(FILE *to, const Diagnostic *d)
{
    bool strict = d->severity == SEVERITY_WARNING && warnings_are_errors;
    bool error = d->severity == SEVERITY_ERROR || strict;
    print_place(to, d->at);
    fprintf(to, "%s%s:%s %s", error ? RED : MAGENTA, error ? "error" : "warning", PLAIN, BOLD);
    print_shown(to, d->message, strlen(d->message));
    if (d->option)
        fprintf(to, " [-W%s%s]", strict ? "error=" : "", d->option);
    fprintf(to, "%s\n", PLAIN);
    if (d->at.source)
        print_excerpt(to, d->at);
    for (int i = 0; i < d->notes.n; i++) {
        print_place(to, d->notes.at[i].at);
        fprintf(to, "%snote:%s ", CYAN, PLAIN);
        print_shown(to, d->notes.at[i].message, strlen(d->notes.at[i].message));
        fputc('\n', to);
    }
    for (int i = 0; i < d->helps.n; i++) {
        fprintf(to, "%shelp:%s ", GREEN, PLAIN);
        print_shown(to, d->helps.at[i], strlen(d->helps.at[i]));
        fputc('\n', to);
    }
}

static int by_place(const void *left, const void *right)
{
    const Diagnostic *a = *(Diagnostic *const *)left, *b = *(Diagnostic *const *)right;
    int source_a = a->at.source ? a->at.source->order : -1, source_b = b->at.source ? b->at.source->order : -1;
    if (source_a != source_b)
        return source_a < source_b ? -1 : 1;
    if (a->at.begin != b->at.begin)
        return a->at.begin < b->at.begin ? -1 : 1;
    return a->serial < b->serial ? -1 : 1;
}

static bool equal(const Diagnostic *a, const Diagnostic *b)
{
    return a->at.source == b->at.source && a->at.begin == b->at.begin && a->at.end == b->at.end
        && a->severity == b->severity && !strcmp(a->message, b->message);
}

void diagnostics_print(FILE *to)
{
    int printed = 0, more = dropped;
    if (collected.n > 1)
        qsort(collected.at, (size_t)collected.n, sizeof *collected.at, by_place);
    for (int i = 0; i < collected.n; i++) {
        bool known = false;                             /* equal ones share a place, so they are neighbours */
        for (int j = i - 1; j >= 0 && !known && collected.at[j]->at.begin == collected.at[i]->at.begin; j--)
            known = equal(collected.at[i], collected.at[j]);
        if (known)
            continue;
        if (printed < PRINTED)
            print_one(to, collected.at[i]);
        else
            more++;
        printed++;
    }
    if (more)
        fprintf(to, "nnc: and %d more\n", more);
    collected.n = 0;
    dropped = 0;
}

void diagnostics_reset(void)
{
    memset(&collected, 0, sizeof collected);
    errors = dropped = 0;
    colored = warnings_are_errors = switches_ready = false;
}

/* ---- misspelt names ---- */

/* Letters to add, drop, change, or swap with a neighbour to make b of a. */
static int distance(const char *a, const char *b)
{
    enum { LONGEST = 63 };
    int rows[3][LONGEST + 1];
    int n = (int)strlen(a), m = (int)strlen(b);
    if (n > LONGEST || m > LONGEST)
        return LONGEST;
    for (int j = 0; j <= m; j++)
        rows[0][j] = j;
    for (int i = 1; i <= n; i++) {
        int *row = rows[i % 3], *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        row[0] = i;
        for (int j = 1; j <= m; j++) {
            int best = above[j - 1] + (a[i - 1] != b[j - 1]);
            if (above[j] + 1 < best)
                best = above[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            row[j] = best;
        }
    }
    return rows[n % 3][m];
}

const char *closest_name(const char *name, const char *const *names, int n)
{
    size_t length = strlen(name);
    int best = length <= 2 ? 0 : length <= 5 ? 1 : length <= 9 ? 2 : 3;
    const char *winner = NULL;
    bool tie = false;
    best++;                                             /* the first distance that is too far */
    for (int i = 0; i < n; i++) {
        int d = distance(name, names[i]);
        if (d > best || (d == best && !winner))
            continue;
        tie = d == best && strcmp(winner, names[i]) != 0;
        if (d < best || tie)
            winner = names[i];
        best = d;
    }
    return tie ? NULL : winner;
}
