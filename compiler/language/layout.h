/* What the scanner, the layout of lines and the parser share. Nothing outside compiler/language includes this. */
#ifndef NNC_LAYOUT_H
#define NNC_LAYOUT_H
#include "tree.h"

typedef union { Tree *tree; const char *text; } TokenValue;
typedef struct { int kind; TokenValue value; Span span; } Token;

enum { RAW_NEWLINE = 1000, RAW_SEMICOLON };             /* kinds that the layout takes out of the stream */
enum { BRACKET_LIMIT = 250 };                           /* levels of ( [ { */
enum { ERROR_LIMIT = 500 };                             /* after so many errors a file is given up */

typedef struct { int kind; Span span; } Bracket;

typedef struct Layout {
    const Source *source;
    void *scanner;
    Span raw;                                           /* the last raw token */
    Token queue[3];                                     /* raw tokens read ahead */
    int queued;
    bool pending;                                       /* a newline was seen, and may end the statement */
    bool fresh;                                         /* the next token begins a statement */
    bool stopped;                                       /* nested too deeply: nothing more is given */
    Token last, before;                                 /* the last token given, and the one before it */
    Bracket open[BRACKET_LIMIT];
    int depth, braces;
    Bracket innermost;                                  /* the open bracket around the last token given; kind 0: none */
    Tree *result;
} Layout;

/* scanner.l */
void scanner_open(Layout *layout);
void scanner_close(Layout *layout);
Token scanner_next(Layout *layout);
const char *keyword_name(int i);                        /* the words that begin statements; NULL at the end */
int keyword_kind(const char *name);                     /* 0: no keyword */

/* layout.c: the tokens of the grammar */
Token layout_next(Layout *layout);

/* complaint.c: reports that `unexpected` stands at `at`, where the parser can only go on with one of `expected`. These are
 * the names that grammar.y gives to tokens; a single character stands between quotes: "'('". */
void complain(const Layout *layout, Span at, const char *unexpected, const char *const *expected, int n);

/* place.c: reports parts of trees that stand where they mean nothing, such as `_` outside of brackets. */
void check_places(const Tree *file);

#endif
