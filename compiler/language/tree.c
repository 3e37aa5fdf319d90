/* Making and printing syntax trees.
 *
 * Depth is bounded where nodes are made, so every walk over a tree may recurse. Text such as
 *
 *     y[o] = b[o] + sum(i) w[o, i]*x[i]
 *
 * prints as nested lists, one statement a line:
 *
 *     (= (read y o) (+ (read b o) (sum (i) (* (read w o i) (read x i)))))
 */
#include "tree.h"
#include <string.h>

Tree *tree_make(TreeKind kind, Span span, const char *text, Tree *const *child, int n)
{
    const int level = kind <= TREE_HOLE;                /* lists, statements and definitions nest by the grammar alone */
    Tree *tree = NEW(Tree);
    tree->kind = kind;
    tree->span = span;
    tree->text = text;
    tree->child = n ? NEW_ARRAY(Tree *, n) : NULL;
    for (int i = 0; i < n; i++) {
        if (!child[i])
            continue;
        tree->child[tree->n++] = child[i];
        if (child[i]->depth + level > tree->depth)
            tree->depth = child[i]->depth + level;
    }
    if (!level || tree->depth <= TREE_DEPTH)
        return tree;
    /* Reported where the limit is passed first: a bad tree keeps the depth, and what is built of it is bad too. */
    if (tree->depth == TREE_DEPTH + 1) {
        Diagnostic *d = error_at(span, "this is nested more than %d levels deep", TREE_DEPTH);
        help(d, "give parts of it names of their own");
    }
    *tree = (Tree){.kind = TREE_BAD, .span = span, .depth = TREE_DEPTH + 1};
    return tree;
}

Tree *tree_join(TreeKind kind, Span span, const char *text, Tree *first, const Tree *list, Tree *last)
{
    int n = 0;
    Tree **child = NEW_ARRAY(Tree *, (list ? list->n : 0) + 2);
    if (first)
        child[n++] = first;
    for (int i = 0; list && i < list->n; i++)
        child[n++] = list->child[i];
    if (last)
        child[n++] = last;
    return tree_make(kind, span, text, child, n);
}

Tree *tree_list(Span span)
{
    return tree_make(TREE_LIST, span, NULL, NULL, 0);
}

Tree *tree_append(Tree *list, Tree *item)
{
    bool full = (list->n & (list->n - 1)) == 0;         /* the room is the next power of two */
    if (full) {
        Tree **wider = NEW_ARRAY(Tree *, list->n ? list->n * 2 : 1);
        if (list->n)
            memcpy(wider, list->child, sizeof(Tree *) * (size_t)list->n);
        list->child = wider;
    }
    list->child[list->n++] = item;
    list->span = list->n == 1 ? item->span : span_join(list->span, item->span);
    if (item->depth > list->depth)
        list->depth = item->depth;
    return list;
}

/* ---- printing ---- */

static const char *word_of(const Tree *tree)
{
    switch (tree->kind) {
    case TREE_READ:      return "read";
    case TREE_CALL:      return "call";
    case TREE_NAMED:     return "named";
    case TREE_PIPE:      return "pipe";
    case TREE_REPEAT:    return "repeat";
    case TREE_REDUCE:
    case TREE_OPERATOR:  return tree->text;
    case TREE_GROUP:     return "group";
    case TREE_EQUATION:  return "=";
    case TREE_SCATTER:   return "+=";
    case TREE_PARAM:     return "param";
    case TREE_STATE:     return "state";
    case TREE_INPUT:     return "input";
    case TREE_TARGET:    return "target";
    case TREE_OUTPUT:    return "output";
    case TREE_LOSS:      return "loss";
    case TREE_METRIC:    return "metric";
    case TREE_UPDATE:    return "update";
    case TREE_AVERAGE:   return "average";
    case TREE_OPTIMIZER: return "optimizer";
    case TREE_TRAIN:     return "train";
    case TREE_WATCH:     return "watch";
    case TREE_DECLARE:   return "declare";
    case TREE_SELECTOR:  return "selector";
    case TREE_FN:        return "fn";
    case TREE_MODEL:     return "model";
    case TREE_IMPORT:    return "import";
    default:             return "";
    }
}

static void print_node(Writer *to, const Tree *tree, int indent);

static void print_string(Writer *to, const char *text)
{
    put_text(to, "\"");
    for (; *text; text++)
        put(to, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
    put_text(to, "\"");
}

static void print_statements(Writer *to, const Tree *list, int indent)
{
    for (int i = 0; i < list->n; i++) {
        put(to, "\n%*s", indent, "");
        print_node(to, list->child[i], indent);
    }
}

/* What stands in the list behind its first word. */
static void print_children(Writer *to, const Tree *tree, int indent)
{
    int last = tree->n - 1;
    bool named = tree->text && tree->kind != TREE_REDUCE && tree->kind != TREE_OPERATOR;
    if (named)
        put(to, " %s", tree->text);
    if (tree->kind == TREE_REDUCE)
        put_text(to, " (");
    for (int i = 0; i < tree->n; i++) {
        bool body = i == last && (tree->kind == TREE_FN || tree->kind == TREE_MODEL);
        if (body && tree->child[i]->kind == TREE_LIST) {
            print_statements(to, tree->child[i], indent + 4);
            continue;
        }
        if (tree->kind == TREE_REDUCE && i == last)
            put_text(to, ") ");
        else if (tree->kind != TREE_REDUCE || i > 0)
            put_text(to, " ");
        if (tree->has_else && i == last)
            put_text(to, "else ");
        print_node(to, tree->child[i], indent);
    }
}

static void print_node(Writer *to, const Tree *tree, int indent)
{
    switch (tree->kind) {
    case TREE_NUMBER:
    case TREE_NAME:   put_text(to, tree->text); break;
    case TREE_STRING: print_string(to, tree->text); break;
    case TREE_DOTS:   put_text(to, ".."); break;
    case TREE_HOLE:   put_text(to, "_"); break;
    case TREE_BAD:    put_text(to, "bad"); break;
    case TREE_IMPORT:
        put_text(to, "(import ");
        print_string(to, tree->text);
        put_text(to, ")");
        break;
    case TREE_LIST:
        put_text(to, "(");
        for (int i = 0; i < tree->n; i++) {
            put_text(to, i ? " " : "");
            print_node(to, tree->child[i], indent);
        }
        put_text(to, ")");
        break;
    default:
        put(to, "(%s", word_of(tree));
        print_children(to, tree, indent);
        put_text(to, ")");
    }
}

void tree_print(Writer *to, const Tree *tree)
{
    if (tree->kind != TREE_LIST) {
        print_node(to, tree, 0);
        put_text(to, "\n");
        return;
    }
    for (int i = 0; i < tree->n; i++) {
        print_node(to, tree->child[i], 0);
        put_text(to, "\n");
    }
}
