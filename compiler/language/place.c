/* What may stand where. The grammar reads `_`, `..`, groups and the ranges of a reduction as expressions, so that it
 * stays LALR(1); this walk over the finished tree reports those that stand where they mean nothing.
 *
 *     y = _ + 1           `_` stands in brackets and as an argument only
 *     y = sum(x^2) z      a reduction binds indices ...
 *
 * Later passes rely on it: a binder is a name, `..` or a range, names of a call are different, and so on. */
#include "layout.h"
#include <string.h>

typedef enum { VALUE, SUBSCRIPT, MEMBER, EXTENT, ARGUMENT } Place;

static void expression(const Tree *tree, Place place);

static void children(const Tree *tree, Place place)
{
    for (int i = 0; i < tree->n; i++)
        expression(tree->child[i], place);
}

static void no_quote(const Tree *tree)
{
    size_t length = strlen(tree->text);
    if (length && tree->text[length - 1] == '\'')
        error_at(tree->span, "`%s` is the next value of a state: a new name has no quote", tree->text);
}

static void different_names(const Tree *const list, TreeKind kind, const char *what)
{
    for (int i = 0; i < list->n; i++)
        for (int j = 0; j < i && list->child[i]->kind == kind; j++)
            if (list->child[j]->kind == kind && list->child[j]->text == list->child[i]->text) {
                Diagnostic *d = error_at(list->child[i]->span, "the %s `%s` is given twice", what, list->child[i]->text);
                note(d, list->child[j]->span, "the first one");
                break;
            }
}

static bool is_bound(const Tree *tree)                  /* < or <=, the relations of a range */
{
    return tree->kind == TREE_OPERATOR && tree->n == 2 && (!strcmp(tree->text, "<") || !strcmp(tree->text, "<="));
}

/* i, .., i < n, a <= i < b */
static void binder(const Tree *tree, const char *reduction)
{
    if (tree->kind == TREE_NAME || tree->kind == TREE_DOTS || tree->kind == TREE_BAD)
        return;
    if (is_bound(tree)) {
        const Tree *left = tree->child[0];
        if (left->kind == TREE_NAME) {
            expression(tree->child[1], VALUE);
            return;
        }
        if (is_bound(left) && !left->closed && left->child[1]->kind == TREE_NAME) {
            expression(left->child[0], VALUE);
            expression(tree->child[1], VALUE);
            return;
        }
    }
    Diagnostic *d = error_at(tree->span, "a reduction binds indices: i, i < n, a <= i < b or ..");
    help(d, "for all of a whole value write %s(x), with nothing behind it", reduction);
}

static void call(const Tree *tree)
{
    const Tree *named = NULL;
    for (int i = 0; i < tree->n; i++) {
        const Tree *argument = tree->child[i];
        if (argument->kind == TREE_NAMED) {
            named = argument;
            no_quote(argument);
            expression(argument->child[0], ARGUMENT);
            continue;
        }
        if (named && argument->kind != TREE_BAD)
            note(error_at(argument->span, "arguments without a name come first"), named->span, "this one has a name");
        named = NULL;                                   /* once is enough */
        expression(argument, ARGUMENT);
    }
    different_names(tree, TREE_NAMED, "argument");
}

static void expression(const Tree *tree, Place place)
{
    switch (tree->kind) {
    case TREE_HOLE:
        if (place != SUBSCRIPT && place != ARGUMENT)
            error_at(tree->span, "`_` stands in the brackets of a tensor and as an argument only");
        break;
    case TREE_DOTS:
        if (place != SUBSCRIPT && place != MEMBER && place != EXTENT)
            error_at(tree->span, "`..` stands in brackets and as an index of a reduction only");
        break;
    case TREE_GROUP:
        if (place != SUBSCRIPT && place != MEMBER)
            error_at(tree->span, "a group such as (i, j) stands in the brackets of a tensor only");
        else
            children(tree, MEMBER);
        break;
    case TREE_READ:
        for (int i = 0; i < tree->n; i++)
            expression(tree->child[i], tree->has_else && i == tree->n - 1 ? VALUE : SUBSCRIPT);
        break;
    case TREE_CALL:
        call(tree);
        break;
    case TREE_REDUCE:
        for (int i = 0; i + 1 < tree->n; i++)
            binder(tree->child[i], tree->text);
        expression(tree->child[tree->n - 1], VALUE);
        break;
    case TREE_OPERATOR:
    case TREE_PIPE:
    case TREE_REPEAT:
    case TREE_SELECTOR:
        children(tree, VALUE);
        break;
    default:
        break;
    }
}

static void extents(const Tree *list)
{
    children(list, EXTENT);
}

static void declaration(const Tree *tree)
{
    no_quote(tree);
    extents(tree->child[0]);
    if (tree->n > 1)
        expression(tree->child[1], VALUE);
}

static void left_side(const Tree *left, bool scatter)
{
    if (left->kind != TREE_READ)
        return;
    int subscripts = left->n - left->has_else;
    for (int i = 0; i < subscripts; i++)
        expression(left->child[i], SUBSCRIPT);
    if (!left->has_else)
        return;
    const Tree *otherwise = left->child[left->n - 1];
    if (!scatter)
        error_at(otherwise->span, "the left side of an equation has no `else`: only `+=` may drop terms");
    else if (otherwise->kind != TREE_NAME || strcmp(otherwise->text, "drop") != 0)
        help(error_at(otherwise->span, "a term that misses its array can only be dropped"), "write `else drop`");
}

static void statement(const Tree *tree)
{
    switch (tree->kind) {
    case TREE_EQUATION:
        for (int i = 0; i + 1 < tree->n; i++)
            left_side(tree->child[i], false);
        expression(tree->child[tree->n - 1], VALUE);
        break;
    case TREE_SCATTER:
        left_side(tree->child[0], true);
        expression(tree->child[1], VALUE);
        break;
    case TREE_STATE:
        if (strcmp(tree->text, "step") != 0 && strcmp(tree->text, "epoch") != 0 && strcmp(tree->text, "predict") != 0)
            help(error_at(tree->span, "a state is kept `each step`, `each epoch` or `each predict`, not `each %s`", tree->text),
                 "without `each` it changes at each step");
        /* fall through */
    case TREE_PARAM:
        for (int i = 0; i < tree->n; i++)
            declaration(tree->child[i]);
        break;
    case TREE_INPUT:
    case TREE_TARGET:
        no_quote(tree);
        children(tree->child[0], VALUE);
        if (tree->child[1]->kind == TREE_DECLARE)
            children(tree->child[1]->child[0], VALUE);
        if (tree->child[2]->n > 2)
            error_at(tree->child[2]->child[2]->span, "there are two files at most: for training and for test");
        break;
    case TREE_OUTPUT: case TREE_LOSS: case TREE_METRIC:
        if (tree->text)
            no_quote(tree);
        expression(tree->child[0], VALUE);
        break;
    case TREE_AVERAGE:
        if (tree->text && strcmp(tree->text, "epoch") != 0)
            help(error_at(tree->span, "averages are taken `each step` or `each epoch`, not `each %s`", tree->text),
                 "without `each` they are taken at each step");
        /* fall through */
    case TREE_UPDATE:
        for (int i = 0; i + 1 < tree->n; i++)
            if (tree->child[i]->kind == TREE_SELECTOR)
                extents(tree->child[i]->child[0]);
        expression(tree->child[tree->n - 1], VALUE);
        break;
    case TREE_OPTIMIZER:
        expression(tree->child[0], VALUE);
        break;
    case TREE_TRAIN:
        for (int i = 0; i < tree->n; i++)
            expression(tree->child[i]->child[0], VALUE);
        different_names(tree, TREE_NAMED, "setting");
        break;
    default:
        break;
    }
}

void check_places(const Tree *file)
{
    for (int i = 0; i < file->n; i++) {
        const Tree *item = file->child[i], *body = item->n ? item->child[item->n - 1] : NULL;
        if (item->kind != TREE_FN && item->kind != TREE_MODEL)
            continue;
        no_quote(item);
        for (int j = 0; j + 1 < item->n; j++) {         /* parameters and results */
            for (int k = 0; k < item->child[j]->n; k++)
                declaration(item->child[j]->child[k]);
            different_names(item->child[j], TREE_DECLARE, j ? "result" : "parameter");
        }
        if (body->kind != TREE_LIST)
            expression(body, VALUE);
        for (int j = 0; body->kind == TREE_LIST && j < body->n; j++)
            statement(body->child[j]);
    }
}
