/* Sources, spans and diagnostics.
 *
 * A span is two offsets into a source; line and column are computed when something is printed. Diagnostics are
 * collected while the compiler runs on, and printed in order of place at the end of a stage, each as
 *
 *     models/net.nn:7:15: error: x[i+1] reaches 10, and x has 10
 *         7 | y[i] = x[i+1] - x[i]
 *           |        ^~~~~~
 *     models/net.nn:3:11: note: x is declared here: [10]
 *     help: bound the index, or write x[i+1 else 0]
 *
 * A diagnostic about inlined library text is reported at the user's place, with the chain of uses as notes. */
#ifndef NNC_SOURCE_H
#define NNC_SOURCE_H
#include "../memory.h"
#include <stdbool.h>
#include <stdio.h>

typedef struct Source {
    const char *name, *text;
    size_t length;
    bool library;
    int order;
    LIST(uint32_t) lines;                                       /* where the second line begins, the third, and so on */
} Source;
typedef struct Span { const Source *source; uint32_t begin, end; } Span;       /* source NULL: no place */

/* Where something came from: its own span, and the use that brought it there (a call of the definition it stands in). */
typedef struct Origin { Span span; const struct Origin *use; } Origin;

Source *source_read(const char *path);                          /* NULL: an error was reported (no place) */
Source *source_read_for(const char *path, Span at);             /* the same; an error is reported where the path is named */
Source *source_of_text(const char *name, const char *text, size_t length, bool library);
int span_line(Span s);                                          /* counted from 1 */
int span_column(Span s);                                        /* counted from 1, in bytes */
const char *span_text(Span s);                                  /* the text itself, interned */
Span span_join(Span a, Span b);

typedef enum { SEVERITY_ERROR, SEVERITY_WARNING } Severity;
typedef struct Diagnostic Diagnostic;
/* `option` is the name of a warning's switch ("unused" for -Wunused), NULL for errors. */
Diagnostic *report(Severity s, const char *option, Span at, const char *format, ...) __attribute__((format(printf, 4, 5)));
#define error_at(...) report(SEVERITY_ERROR, NULL, __VA_ARGS__)
void note(Diagnostic *d, Span at, const char *format, ...) __attribute__((format(printf, 3, 4)));
void help(Diagnostic *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Reports at the innermost user text of the origin; every use further in becomes a note. */
Diagnostic *error_from(const Origin *at, const char *format, ...) __attribute__((format(printf, 2, 3)));
Diagnostic *warn_from(const char *option, const Origin *at, const char *format, ...) __attribute__((format(printf, 3, 4)));

int error_count(void);
void diagnostics_configure(bool color, bool warnings_are_errors);
bool warning_configure(const char *name, bool on);              /* "unused", "all"; false: no such switch */
/* The switches, for the help text. A new kind of warning adds its row to the table in diagnostics.c. */
typedef struct WarningSwitch { const char *name, *meaning; bool on; } WarningSwitch;
const WarningSwitch *warning_switches(int *n);
void diagnostics_print(FILE *to);                               /* prints and forgets what was collected, equal ones once */
void diagnostics_reset(void);                                   /* forgets everything, the counts and settings too */
/* The name of `names` that a misspelt `name` most likely meant, or NULL. */
const char *closest_name(const char *name, const char *const *names, int n);
#endif
