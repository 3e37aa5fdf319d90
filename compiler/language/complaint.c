/* What a syntax error says. Comes in: the token that the parser cannot use, and all tokens that it could have used.
 * Goes out: one diagnostic in the words of the language.
 *
 *     y = 2 * * x         expected an expression before `*`
 *     y = f(a, b[1)       expected `]` before `)`; note: the `[` was opened here
 *     y = a b             expected an operator or the end of the line before `b`
 *
 * The many tokens that can begin or continue an expression are folded into one phrase. */
#include "layout.h"
#include "grammar.h"
#include <ctype.h>
#include <string.h>

typedef struct { const char *const *name; int n; } Expected;

static bool has(Expected expected, const char *name)
{
    for (int i = 0; i < expected.n; i++)
        if (!strcmp(expected.name[i], name))
            return true;
    return false;
}

static bool is_operator(const char *name)
{
    static const char *const operators[] = {"'+'", "'-'", "'*'", "'/'", "//", "'%'", "'^'", "|>", "and", "or", "a comparison"};
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (!strcmp(name, operators[i]))
            return true;
    return false;
}

/* The token as the reader sees it. The end of a statement is called by what ends it. */
static const char *shown(Span at, const char *token)
{
    const Source *source = at.source;
    if (!strcmp(token, "the end of the line")) {
        size_t i = at.end;
        while (i < source->length && (source->text[i] == ' ' || source->text[i] == '\t'))
            i++;
        if (i >= source->length)
            return "the end of the file";
        if (source->text[i] == ';' || source->text[i] == '}')
            return text("`%c`", source->text[i]);
        return token;
    }
    if (at.end <= at.begin)
        return token;
    const char *written = span_text(at);
    return text("`%.40s%s`", written, strlen(written) > 40 ? "..." : "");
}

static const char *phrase(const char *token)
{
    if (token[0] == '\'')
        return text("`%c`", token[1]);
    if (isalpha((unsigned char)token[0]) && strchr(token, ' '))
        return token;                                   /* a name, the end of the line */
    return text("`%s`", token);
}

/* "an operator, `,` or `)`"; NULL when that would say too much. */
static const char *enumerate(Expected expected)
{
    const char *part[5];
    int n = 0;
    bool operators = has(expected, "'+'");
    if (operators)
        part[n++] = "an operator";
    for (int i = 0; i < expected.n; i++) {
        const char *name = expected.name[i];
        bool bracket = !strcmp(name, "'('") || !strcmp(name, "'['");
        if (operators && (bracket || is_operator(name)))
            continue;
        if (n == 5)
            return NULL;
        part[n++] = phrase(name);
    }
    if (n == 0)
        return NULL;
    Writer w = {0};
    for (int i = 0; i < n; i++)
        put(&w, "%s%s", i == 0 ? "" : i == n - 1 ? " or " : ", ", part[i]);
    return w.text;
}

static bool is_word(const char *token)                  /* a keyword or the name of a reduction */
{
    return !strcmp(token, "a reduction") || (keyword_kind(token) && strcmp(token, "_") != 0);
}

static bool begins_line(Span at)
{
    uint32_t i = at.begin;
    while (i > 0 && (at.source->text[i - 1] == ' ' || at.source->text[i - 1] == '\t'))
        i--;
    return i == 0 || at.source->text[i - 1] == '\n';
}

/* What people write who know other languages; NULL: it is none of that. */
static const char *habit(const char *before)
{
    if (!strcmp(before, "if"))
        return "there is no `if`: write where(condition, a, b)";
    if (!strcmp(before, "return"))
        return "nothing is returned: a result gets its value by an equation, y = ...";
    if (!strcmp(before, "for") || !strcmp(before, "while"))
        return "there are no loops: an equation holds for all values of its indices, y[i] = ...";
    if (!strcmp(before, "let") || !strcmp(before, "var") || !strcmp(before, "const") || !strcmp(before, "def"))
        return "a name is defined by an equation alone, y = ..., and a function by fn f(x) = ...";
    return NULL;
}

static void advise(Diagnostic *d, const Layout *layout, Span at, const char *unexpected, Expected expected)
{
    const char *before = layout->before.kind ? span_text(layout->before.span) : "";
    const char *known = layout->before.kind == T_NAME ? habit(before) : NULL;
    if (known)
        help(d, "%s", known);
    else if (has(expected, "a number") && begins_line(at) && *before)
        help(d, "a line that ends with `%s` goes on in the next one", before);
    else if (!strcmp(unexpected, "param") || !strcmp(unexpected, "state"))
        help(d, "`%s` stands at the beginning of a statement, in a model or in a block: fn f(x) -> y { ... }", unexpected);
    else if (!strcmp(unexpected, "','") && has(expected, "the end of the line"))
        help(d, "a statement ends with its line, or with `;`");
    else if (!strcmp(unexpected, "a name") && layout->before.kind == T_REDUCE)
        help(d, "write %s(i) %s[i] over indices, or %s(%s) of a whole value", before, span_text(at), before, span_text(at));
    else if (is_word(unexpected) && (has(expected, "a name") || has(expected, "'='")))
        help(d, "`%s` is a word of the language, and cannot be a name", span_text(at));
    else if (!strcmp(unexpected, "'['") && layout->before.kind == ')')
        help(d, "only a name has subscripts: give the value a name first");
    else if (!strcmp(unexpected, "'{'") && has(expected, "->"))
        help(d, "a definition with a block names its results: fn f(x) -> y { ... }");
    else if (!strcmp(unexpected, "a comparison") && has(expected, "+=") && !strcmp(span_text(at), "=="))
        help(d, "an equation is written with one `=`");
    else if (has(expected, "+=") && (is_operator(unexpected) || !strcmp(unexpected, "'('")))
        help(d, "an expression alone is no statement: give its value a name");
    else if (has(expected, "'='") && !has(expected, "+=") && !has(expected, "->") && !strcmp(unexpected, "the end of the line"))
        help(d, "a parameter and a state have a first value: param w[n] = 0, or = uniform(0.1)");
}

void complain(const Layout *layout, Span at, const char *unexpected, const char *const *names, int n)
{
    const Expected expected = {names, n};
    const char *what = shown(at, unexpected), *wanted = NULL;
    const int around = layout->innermost.kind;
    const bool closes = !strcmp(unexpected, "')'") || !strcmp(unexpected, "']'");
    const bool ends = closes || !strcmp(unexpected, "the end of the line") || !strcmp(unexpected, "'{'")
        || !strcmp(unexpected, "'='");
    Diagnostic *d;

    if (closes && around != '(' && around != '[') {
        error_at(at, "this %s closes nothing", what);
        return;
    }
    if (!strcmp(unexpected, "'='") && layout->before.kind && is_word(span_text(layout->before.span))) {
        error_at(layout->before.span, "`%s` is a word of the language, and cannot be a name", span_text(layout->before.span));
        return;
    }
    if (ends && ((around == '(' && has(expected, "')'")) || (around == '[' && has(expected, "']'")))) {
        d = error_at(at, "expected `%c` before %s", around == '(' ? ')' : ']', what);
        note(d, layout->innermost.span, "the `%c` was opened here", around);
        return;
    }
    if (has(expected, "a number") && !strcmp(unexpected, "'-'")) {
        d = error_at(at, "a minus stands before the first term of a sum, or in an exponent");
        help(d, "put the negated term into parentheses: a * (-b)");
        return;
    }
    if (has(expected, "a number"))
        wanted = "an expression";
    else if (has(expected, "param"))
        wanted = "a statement";
    else if (has(expected, "fn"))
        wanted = "`fn`, `model` or `import`";
    else if (has(expected, "+="))
        wanted = "`=`";
    else
        wanted = enumerate(expected);
    if (wanted)
        d = error_at(at, "expected %s before %s", wanted, what);
    else
        d = error_at(at, "%s cannot stand here", what);
    advise(d, layout, at, unexpected, expected);
}
