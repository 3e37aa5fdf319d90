/* The layout of text: which newlines end a statement, and which brackets belong together.
 *
 * A newline or `;` ends a statement, except after an operator, a comma or an opening bracket, and before a line that
 * begins with an operator (no statement begins with one). A `}` ends the statement before it.
 *
 *     y = a          NAME = NAME + NAME NL
 *       + b     ->   NAME = NAME NL } NL
 *     z = c }
 *
 * The parser is given balanced braces only: a `}` too many is reported and dropped here, and a missing one is reported
 * and supplied before the next definition, so that one slip does not spoil the rest of the file. In the same way a
 * misspelt word at the head of a statement is reported and read as what was meant. */
#include "layout.h"
#include "grammar.h"
#include <string.h>

static bool in(int kind, const char *characters)
{
    return kind > 0 && kind < 128 && strchr(characters, kind);
}

/* Does a line go on after this token? */
static bool goes_on(int kind)
{
    switch (kind) {
    case T_PIPE: case T_ARROW: case T_ADDTO: case T_RELATION: case T_IDIV: case T_AND: case T_OR: case T_NOT:
    case T_ELSE: case T_NL:
        return true;
    default:
        return in(kind, "=,+-*/%^([{:");
    }
}

/* Does a line that begins with this token go on from the one before? */
static bool leads_on(int kind)
{
    switch (kind) {
    case T_PIPE: case T_ARROW: case T_ADDTO: case T_RELATION: case T_IDIV: case T_AND: case T_OR: case T_ELSE:
        return true;
    default:
        return in(kind, "=+-*/%^");
    }
}

/* The raw token that is `ahead` places behind the next one. */
static Token peek(Layout *layout, int ahead)
{
    while (layout->queued <= ahead)
        layout->queue[layout->queued++] = scanner_next(layout);
    return layout->queue[ahead];
}

static Token take(Layout *layout)
{
    Token token = peek(layout, 0);
    layout->queued--;
    memmove(layout->queue, layout->queue + 1, sizeof(Token) * (size_t)layout->queued);
    return token;
}

/* A token that the text does not have. It stands, without width, where the last one ended. */
static Token made(const Layout *layout, int kind)
{
    Token token = {.kind = kind};
    uint32_t at = layout->last.kind ? layout->last.span.end : 0;
    token.span = (Span){layout->source, at, at};
    return token;
}

static void close_brackets(Layout *layout)              /* those of the statement, not the brace around it */
{
    while (layout->depth > 0 && layout->open[layout->depth - 1].kind != '{')
        layout->depth--;
}

static Token give(Layout *layout, Token token)
{
    layout->innermost = layout->depth ? layout->open[layout->depth - 1] : (Bracket){0};
    if (in(token.kind, "([{")) {
        if (layout->depth == BRACKET_LIMIT) {
            error_at(token.span, "brackets are nested more than %d deep", BRACKET_LIMIT);
            layout->stopped = true;
            return made(layout, T_YYerror);             /* the parser gives up without a message of its own */
        }
        layout->open[layout->depth++] = (Bracket){token.kind, token.span};
        layout->braces += token.kind == '{';
    } else if (token.kind == ')' || token.kind == ']') {
        if (layout->innermost.kind == (token.kind == ')' ? '(' : '['))
            layout->depth--;
    } else if (token.kind == '}') {
        close_brackets(layout);
        layout->depth--;
        layout->braces--;
    } else if (token.kind == T_NL) {
        close_brackets(layout);
        layout->pending = false;
    }
    layout->before = layout->last;
    layout->last = token;
    layout->fresh = token.kind == T_NL || in(token.kind, "{}");
    return token;
}

/* `inptu image[784]`: a name at the head of a statement with another word behind it is a keyword with a slip in it,
 * since no statement begins with two names. Only a certain guess is taken. */
static void mend_keyword(Layout *layout)
{
    static const char *const strange[][2] = {{"function", "fn"}, {"func", "fn"}, {"def", "fn"}, {"layer", "fn"}};
    const Token written = peek(layout, 0);
    const int next = peek(layout, 1).kind;
    if (written.kind != T_NAME || (next != T_NAME && next != T_REDUCE && next != T_NUMBER && next != T_STRING))
        return;
    const char *names[24], *meant = NULL;
    int first = layout->braces ? 3 : 0, n = 0;          /* the first three begin definitions */
    for (int i = first; keyword_name(i) && (layout->braces || i < 3); i++)
        names[n++] = keyword_name(i);
    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++)
        if (!layout->braces && !strcmp(written.value.text, strange[i][0]))
            meant = strange[i][1];
    if (!meant)
        meant = closest_name(written.value.text, names, n);
    if (!meant)
        return;
    help(error_at(written.span, "`%s` begins no statement", written.value.text), "did you mean `%s`?", meant);
    layout->queue[0].kind = keyword_kind(meant);
}

static Token missing_brace(Layout *layout, const char *before)
{
    close_brackets(layout);
    const Bracket brace = layout->open[layout->depth - 1];
    Token token = made(layout, '}');
    Diagnostic *d = error_at(token.span, "expected `}` before %s", before);
    note(d, brace.span, "the `{` was opened here");
    return give(layout, token);
}

Token layout_next(Layout *layout)
{
    if (layout->stopped)
        return made(layout, T_YYEOF);
    if (error_count() > ERROR_LIMIT) {                  /* this is no text of ours: say no more */
        layout->stopped = true;
        return made(layout, T_YYerror);
    }
    for (;;) {
        Token token = peek(layout, 0);
        bool ended = !layout->last.kind || layout->fresh;
        switch (token.kind) {
        case RAW_NEWLINE:
            take(layout);
            layout->pending = true;
            continue;
        case RAW_SEMICOLON:
            take(layout);
            layout->pending = false;
            if (!ended)
                return give(layout, made(layout, T_NL));
            continue;
        case '}':
            if (!ended)
                return give(layout, made(layout, T_NL));
            layout->pending = false;
            take(layout);
            if (layout->braces)
                return give(layout, token);
            error_at(token.span, "this `}` closes nothing");
            continue;
        case T_YYEOF:
            if (!ended)
                return give(layout, made(layout, T_NL));
            if (layout->braces)
                return missing_brace(layout, "the end of the file");
            return give(layout, token);
        default:
            break;
        }
        if (layout->pending && !ended && !goes_on(layout->last.kind) && !leads_on(token.kind))
            return give(layout, made(layout, T_NL));
        layout->pending = false;
        if (ended && layout->braces && (token.kind == T_FN || token.kind == T_MODEL || token.kind == T_IMPORT))
            return missing_brace(layout, "the next definition");
        if (ended)
            mend_keyword(layout);
        return give(layout, take(layout));
    }
}
