/* The syntax tree: one node type; `kind` says what `child` holds. Names are interned. Every node has its span.
 *
 *   expressions       text          children
 *   TREE_NUMBER       the digits    -                         number holds the value; integer: no point, no exponent
 *   TREE_NAME         the name      -                         m' has the quote in its text
 *   TREE_STRING       the content   -
 *   TREE_READ         the tensor    subscripts ..., [otherwise]       has_else says that the last child is the else
 *   TREE_CALL         the function  arguments ...             an argument may be TREE_NAMED or TREE_HOLE
 *   TREE_NAMED        the name      value
 *   TREE_PIPE         -             value, stage              stage: TREE_CALL (TREE_NAME of a function becomes a call
 *                                                             without arguments) or TREE_REPEAT
 *   TREE_REPEAT       -             binder, stage             repeat(3) f, repeat(i < n) f(i): the binder is an expression
 *   TREE_REDUCE       sum, max ...  binders ..., body         binders: TREE_NAME i, batch, data, params; TREE_OPERATOR < and
 *                                                             chains a <= i < b; TREE_DOTS
 *   TREE_OPERATOR     + - * / // % ^ == != < <= > >= and or not     one operand (-, not) or two
 *                                                             chains: a < b < c is (< (< a b) c)
 *   TREE_GROUP        -             members ...               (h, d) and (..) as a subscript
 *   TREE_DOTS, TREE_HOLE            -                         `..` and `_`
 *   statements
 *   TREE_EQUATION     -             left ..., right           each left a TREE_NAME or TREE_READ (maybe with else)
 *   TREE_SCATTER      -             left, right               y[f(i) else drop] += e
 *   TREE_PARAM, TREE_STATE  clock   declarations ...          TREE_DECLARE; text of a state: "step" or what `each` names
 *   TREE_INPUT, TREE_TARGET name    extents, [type], [files]  TREE_LIST of extents; has_type: TREE_CALL-less TREE_NAME with
 *                                                             its extents in a TREE_DECLARE; files: a TREE_LIST of TREE_STRING.
 *                                                             Absent parts are empty TREE_LISTs, so there are always three
 *   TREE_OUTPUT, TREE_LOSS, TREE_METRIC  name or NULL   expression
 *   TREE_UPDATE, TREE_AVERAGE  -    selector ..., expression  TREE_SELECTOR
 *   TREE_OPTIMIZER    -             stage                     sugar: update * = g |> stage(w, ...)
 *   TREE_TRAIN        -             TREE_NAMED ...
 *   TREE_WATCH        -             TREE_NAME ...
 *   definitions
 *   TREE_DECLARE      the name      TREE_LIST of extents, [value]     has_list says whether brackets were written
 *   TREE_SELECTOR     *.b           TREE_LIST of extents (has_list as above)
 *   TREE_FN           the name      TREE_LIST of parameters (TREE_DECLARE), TREE_LIST of results (TREE_DECLARE),
 *                                   body: an expression when the list of results is empty, else a TREE_LIST of statements
 *   TREE_MODEL        the name      TREE_LIST of parameters, TREE_LIST of statements
 *   TREE_IMPORT       the path      -
 *   TREE_LIST         -             anything
 *   TREE_BAD          -             -                         stands where a syntax error was reported */
#ifndef NNC_TREE_H
#define NNC_TREE_H
#include "source.h"

typedef enum {
    TREE_NUMBER, TREE_NAME, TREE_STRING, TREE_READ, TREE_CALL, TREE_NAMED, TREE_PIPE, TREE_REPEAT, TREE_REDUCE,
    TREE_OPERATOR, TREE_GROUP, TREE_DOTS, TREE_HOLE,
    TREE_EQUATION, TREE_SCATTER, TREE_PARAM, TREE_STATE, TREE_INPUT, TREE_TARGET, TREE_OUTPUT, TREE_LOSS, TREE_METRIC,
    TREE_UPDATE, TREE_AVERAGE, TREE_OPTIMIZER, TREE_TRAIN, TREE_WATCH,
    TREE_DECLARE, TREE_SELECTOR, TREE_FN, TREE_MODEL, TREE_IMPORT, TREE_LIST, TREE_BAD
} TreeKind;

typedef struct Tree {
    TreeKind kind;
    Span span;
    const char *text;
    double number;
    bool integer, has_else, has_list;
    bool closed;                /* an expression in parentheses: (a < b) < c is no chain */
    int depth;                  /* levels of expressions below it: TREE_DEPTH at most */
    int n;
    struct Tree **child;
} Tree;

/* Parses a source: a TREE_LIST of TREE_FN, TREE_MODEL and TREE_IMPORT. Errors are reported; what could be read is given. */
Tree *parse(const Source *source);
/* Builds a node of the children, which may be NULL (left out). A tree that becomes deeper than TREE_DEPTH is reported,
 * and TREE_BAD is given: walking a tree by recursion is safe. */
enum { TREE_DEPTH = 500 };
Tree *tree_make(TreeKind kind, Span span, const char *text, Tree *const *child, int n);
#define TREE(kind, span, text, ...) \
    tree_make(kind, span, text, (Tree *[]){NULL, ##__VA_ARGS__} + 1, \
              (int)(sizeof((Tree *[]){NULL, ##__VA_ARGS__}) / sizeof(Tree *)) - 1)
/* A node of `first`, the children of `list`, and `last`; each of the three may be NULL. */
Tree *tree_join(TreeKind kind, Span span, const char *text, Tree *first, const Tree *list, Tree *last);
Tree *tree_list(Span span);                                     /* an empty TREE_LIST */
Tree *tree_append(Tree *list, Tree *item);                      /* gives the list */
void tree_print(Writer *to, const Tree *tree);                  /* nested lists, one definition or statement a line */
#endif
