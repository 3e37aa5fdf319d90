/* The grammar: tokens to the syntax tree of tree.h, one constructor a rule. It is LALR(1) without a conflict:
 *
 *   - a statement starts with a keyword or with its left side; no bare expression is a statement;
 *   - nothing is juxtaposed except a reduction and its body, and a body starts with a name, a number, a reduction or
 *     `(`, never with `-`: so `sum(x) - 1` is a difference and `sum(i) x[i]` a reduction;
 *   - a minus sign stands at the head of a sum or of an exponent only: `a * (-b)` wants its parentheses;
 *   - binders, groups, `..` and `_` are parsed as expressions; place.c then says where each may stand.
 *
 * After an error the parser goes on behind the end of the statement. */
%require "3.8"
%expect 0
%define api.pure full
%define api.token.prefix {T_}
%define api.value.type {TokenValue}
%define api.location.type {Span}
%define parse.error custom
%define parse.lac full
%locations
%param {Layout *layout}
%code requires {
#include "layout.h"
}
%code {
#include <string.h>

/* An empty rule stands, without width, where the symbol before it ends. */
#define YYLLOC_DEFAULT(Current, Rhs, N) \
    ((Current) = (N) ? span_join(YYRHSLOC(Rhs, 1), YYRHSLOC(Rhs, N)) \
                     : (Span){layout->source, YYRHSLOC(Rhs, 0).end, YYRHSLOC(Rhs, 0).end})

static int yylex(TokenValue *value, Span *at, Layout *layout);
static void yyerror(const Span *at, const Layout *layout, const char *message);

static Tree *operation(Span span, const char *symbol, Tree *a, Tree *b)
{
    return TREE(TREE_OPERATOR, span, name_of(symbol), a, b);
}

static Tree *negative(Span span, Tree *a)
{
    return operation(span, "-", a, NULL);
}

static Tree *group_of_dots(Span span, Span inner)
{
    Tree *dots = TREE(TREE_DOTS, inner, NULL);
    return TREE(TREE_GROUP, span, NULL, dots);
}

static Tree *with_brackets(Span span, Tree *list)
{
    list->span = span;
    list->has_list = true;
    return list;
}

static Tree *with_else(Tree *list, Tree *otherwise)     /* the last of the list is the value outside */
{
    tree_append(list, otherwise)->has_else = true;
    return list;
}

static Tree *in_parentheses(Tree *tree)
{
    tree->closed = true;
    return tree;
}

static Tree *read(Span span, const char *name, const Tree *subscripts)
{
    Tree *tree = tree_join(TREE_READ, span, name, NULL, subscripts, NULL);
    tree->has_else = tree->kind == TREE_READ && subscripts->has_else;
    return tree;
}

static Tree *declare(TreeKind kind, Span span, const char *name, Tree *dims, Tree *value)
{
    Tree *tree = TREE(kind, span, name, dims, value);
    tree->has_list = dims->has_list;
    return tree;
}

static Tree *given(Span span, const char *name, Tree *dims, Tree *type, Tree *files)
{
    Tree *tree = TREE(TREE_INPUT, span, name, dims, type, files);
    tree->has_list = dims->has_list;
    return tree;
}

/* A file behind a comma belongs to the input before it: input x[3] = "train.npy", "test.npy", y[4] */
static Tree *add_file(Tree *givens, Tree *file)
{
    Tree *last = givens->child[givens->n - 1], *files = last->child[2];
    if (!files->n)
        help(error_at(file->span, "a file stands behind a `=`"), "write %s = %s", last->text, span_text(file->span));
    tree_append(files, file);
    return givens;
}

static Tree *all_of(TreeKind kind, Tree *givens)
{
    for (int i = 0; i < givens->n; i++)
        givens->child[i]->kind = kind;
    return givens;
}

static Tree *append_all(Tree *statements, Tree *one)    /* one statement, or a list of them */
{
    if (one->kind != TREE_LIST)
        return tree_append(statements, one);
    for (int i = 0; i < one->n; i++)
        tree_append(statements, one->child[i]);
    return statements;
}

/* `output x` and `output y = x` */
static Tree *result(TreeKind kind, Span span, Tree *value)
{
    bool named = value->kind == TREE_NAMED;
    return TREE(kind, span, named ? value->text : NULL, named ? value->child[0] : value);
}
}

%token FN "fn" MODEL "model" IMPORT "import"
%token PARAM "param" STATE "state" INPUT "input" TARGET "target" OUTPUT "output" LOSS "loss" METRIC "metric"
%token UPDATE "update" AVERAGE "average" OPTIMIZER "optimizer" TRAIN "train" WATCH "watch"
%token REPEAT "repeat" EACH "each" ELSE "else" AND "and" OR "or" NOT "not" HOLE "_"
%token <text> NAME "a name" REDUCE "a reduction" RELATION "a comparison"
%token <tree> NUMBER "a number" STRING "a string"
%token DOTS ".." ARROW "->" PIPE "|>" ADDTO "+=" IDIV "//" NL "the end of the line"
%token YYEOF 0 "the end of the file"
%type <text> path word clock
%type <tree> file item fn model parameters parameter_list parameter dims results declared statements statement
%type <tree> declarations declaration type givens given named selectors selector lefts left subscripts list
%type <tree> element arguments argument given_value settings setting names name
%type <tree> expr stage either both negated relation sum term power primary
%precedence BODY
%left '*' '/' IDIV '%'
%%
file: %empty                            { $$ = layout->result = tree_list(@$); }
    | file item                         { $$ = $2 ? tree_append($1, $2) : $1; } ;
item: NL                                { $$ = NULL; }
    | fn
    | model
    | import STRING NL                  { $$ = TREE(TREE_IMPORT, @$, $2->text); }
    | error NL                          { $$ = NULL; }
    | error '}'                         { $$ = NULL; } ;
fn: a_fn NAME '(' parameters ')' '=' expr NL
                                        { $$ = TREE(TREE_FN, @$, $2, $4, tree_list(@6), $7); }
  | a_fn NAME '(' parameters ')' ARROW results '{' statements '}'
                                        { $$ = TREE(TREE_FN, @$, $2, $4, $7, $9); } ;
model: a_model NAME '{' statements '}'    { $$ = TREE(TREE_MODEL, @$, $2, tree_list(@2), $4); }
     | a_model NAME '(' parameters ')' '{' statements '}'
                                        { $$ = TREE(TREE_MODEL, @$, $2, $4, $7); } ;
/* After an error between definitions nothing is said before the next one begins. */
import: IMPORT                          { yyerrok; } ;
a_fn: FN                                { yyerrok; } ;
a_model: MODEL                          { yyerrok; } ;
parameters: %empty                      { $$ = tree_list(@$); }
          | parameter_list ;
parameter_list: parameter               { $$ = tree_append(tree_list(@$), $1); }
    | parameter_list ',' parameter      { $$ = tree_append($1, $3); } ;
parameter: NAME dims                    { $$ = declare(TREE_DECLARE, @$, $1, $2, NULL); }
         | NAME dims '=' given_value    { $$ = declare(TREE_DECLARE, @$, $1, $2, $4); } ;
dims: %empty                            { $$ = tree_list(@$); }
    | '[' list ']'                      { $$ = with_brackets(@$, $2); } ;
results: declared                       { $$ = tree_append(tree_list(@$), $1); }
       | results ',' declared           { $$ = tree_append($1, $3); } ;
declared: NAME dims                     { $$ = declare(TREE_DECLARE, @$, $1, $2, NULL); } ;

statements: %empty                      { $$ = tree_list(@$); }
    | statements statement              { $$ = $2 ? append_all($1, $2) : $1; } ;
statement: NL                           { $$ = NULL; }
    | lefts '=' expr NL                 { $$ = tree_join(TREE_EQUATION, @$, NULL, NULL, $1, $3); }
    | left ADDTO expr NL                { $$ = TREE(TREE_SCATTER, @$, NULL, $1, $3); }
    | PARAM declarations NL             { $$ = tree_join(TREE_PARAM, @$, NULL, NULL, $2, NULL); }
    | STATE declarations clock NL       { $$ = tree_join(TREE_STATE, @$, $3, NULL, $2, NULL); }
    | INPUT givens NL                   { $$ = all_of(TREE_INPUT, $2); }
    | TARGET givens NL                  { $$ = all_of(TREE_TARGET, $2); }
    | OUTPUT named NL                   { $$ = result(TREE_OUTPUT, @$, $2); }
    | LOSS named NL                     { $$ = result(TREE_LOSS, @$, $2); }
    | METRIC named NL                   { $$ = result(TREE_METRIC, @$, $2); }
    | UPDATE selectors '=' expr NL      { $$ = tree_join(TREE_UPDATE, @$, NULL, NULL, $2, $4); }
    | AVERAGE selectors '=' expr clock NL
                                        { $$ = tree_join(TREE_AVERAGE, @$, $5 == name_of("step") ? NULL : $5, NULL, $2, $4); }
    | OPTIMIZER stage NL                { $$ = TREE(TREE_OPTIMIZER, @$, NULL, $2); }
    | TRAIN settings NL                 { $$ = tree_join(TREE_TRAIN, @$, NULL, NULL, $2, NULL); }
    | WATCH names NL                    { $$ = tree_join(TREE_WATCH, @$, NULL, NULL, $2, NULL); }
    | error NL                          { yyerrok; $$ = TREE(TREE_BAD, @$, NULL); } ;
declarations: declaration               { $$ = tree_append(tree_list(@$), $1); }
    | declarations ',' declaration      { $$ = tree_append($1, $3); } ;
declaration: NAME dims '=' expr         { $$ = declare(TREE_DECLARE, @$, $1, $2, $4); } ;
clock: %empty                           { $$ = name_of("step"); }
     | EACH NAME                        { $$ = $2; } ;
type: %empty                            { $$ = tree_list(@$); }
    | ':' NAME dims                     { $$ = declare(TREE_DECLARE, @$, $2, $3, NULL); } ;
givens: given                           { $$ = tree_append(tree_list(@$), $1); }
      | givens ',' given                { $$ = tree_append($1, $3); }
      | givens ',' STRING               { $$ = add_file($1, $3); } ;
given: NAME dims type                   { $$ = given(@$, $1, $2, $3, tree_list(@$)); }
     | NAME dims type '=' STRING        { $$ = given(@$, $1, $2, $3, tree_append(tree_list(@$), $5)); } ;
named: expr
     | NAME '=' expr                    { $$ = TREE(TREE_NAMED, @$, $1, $3); } ;
selectors: selector                     { $$ = tree_append(tree_list(@$), $1); }
         | selectors ',' selector       { $$ = tree_append($1, $3); } ;
selector: path dims                     { $$ = declare(TREE_SELECTOR, @$, $1, $2, NULL); } ;
path: word
    | path '.' word                     { $$ = name_of(text("%s.%s", $1, $3)); } ;
word: NAME
    | '*'                               { $$ = name_of("*"); } ;
settings: setting                       { $$ = tree_append(tree_list(@$), $1); }
        | settings ',' setting          { $$ = tree_append($1, $3); } ;
setting: NAME '=' expr                  { $$ = TREE(TREE_NAMED, @$, $1, $3); } ;
names: name                             { $$ = tree_append(tree_list(@$), $1); }
     | names ',' name                   { $$ = tree_append($1, $3); } ;
name: NAME                              { $$ = TREE(TREE_NAME, @$, $1); } ;
lefts: left                             { $$ = tree_append(tree_list(@$), $1); }
     | lefts ',' left                   { $$ = tree_append($1, $3); } ;
left: NAME                              { $$ = TREE(TREE_NAME, @$, $1); }
    | NAME '[' subscripts ']'           { $$ = read(@$, $1, $3); } ;

subscripts: list
          | list ELSE expr              { $$ = with_else($1, $3); } ;
list: element                           { $$ = tree_append(tree_list(@$), $1); }
    | list ',' element                  { $$ = tree_append($1, $3); } ;
element: expr
       | DOTS                           { $$ = TREE(TREE_DOTS, @$, NULL); } ;
arguments: argument                     { $$ = tree_append(tree_list(@$), $1); }
         | arguments ',' argument       { $$ = tree_append($1, $3); } ;
argument: given_value
        | NAME '=' given_value          { $$ = TREE(TREE_NAMED, @$, $1, $3); } ;
given_value: expr
           | REDUCE                     { $$ = TREE(TREE_NAME, @$, $1); } ;

expr: either
    | expr PIPE stage                   { $$ = TREE(TREE_PIPE, @$, NULL, $1, $3); } ;
stage: NAME                             { $$ = TREE(TREE_CALL, @$, $1); }
     | NAME '(' ')'                     { $$ = TREE(TREE_CALL, @$, $1); }
     | NAME '(' arguments ')'           { $$ = tree_join(TREE_CALL, @$, $1, NULL, $3, NULL); }
     | REDUCE                           { $$ = TREE(TREE_CALL, @$, $1); }
     | REPEAT '(' expr ')' stage        { $$ = TREE(TREE_REPEAT, @$, NULL, $3, $5); } ;
either: both
      | either OR both                  { $$ = operation(@$, "or", $1, $3); } ;
both: negated
    | both AND negated                  { $$ = operation(@$, "and", $1, $3); } ;
negated: relation
       | NOT negated                    { $$ = operation(@$, "not", $2, NULL); } ;
relation: sum
        | relation RELATION sum         { $$ = operation(@$, $2, $1, $3); } ;
sum: term
   | '-' term                           { $$ = negative(@$, $2); }
   | sum '+' term                       { $$ = operation(@$, "+", $1, $3); }
   | sum '-' term                       { $$ = operation(@$, "-", $1, $3); } ;
term: power
    | term '*' term                     { $$ = operation(@$, "*", $1, $3); }
    | term '/' term                     { $$ = operation(@$, "/", $1, $3); }
    | term IDIV term                    { $$ = operation(@$, "//", $1, $3); }
    | term '%' term                     { $$ = operation(@$, "%", $1, $3); }
    | REDUCE '(' list ')' term %prec BODY
                                        { $$ = tree_join(TREE_REDUCE, @$, $1, NULL, $3, $5); } ;
power: primary
     | primary '^' power                { $$ = operation(@$, "^", $1, $3); }
     | primary '^' '-' power            { $$ = operation(@$, "^", $1, negative(span_join(@3, @4), $4)); } ;
primary: NUMBER
       | NAME                           { $$ = TREE(TREE_NAME, @$, $1); }
       | HOLE                           { $$ = TREE(TREE_HOLE, @$, NULL); }
       | NAME '[' subscripts ']'        { $$ = read(@$, $1, $3); }
       | NAME '(' ')'                   { $$ = TREE(TREE_CALL, @$, $1); }
       | NAME '(' arguments ')'         { $$ = tree_join(TREE_CALL, @$, $1, NULL, $3, NULL); }
       | REDUCE '(' list ')'            { $$ = tree_join(TREE_CALL, @$, $1, NULL, $3, NULL); }
       | '(' expr ')'                   { $$ = in_parentheses($2); }
       | '(' DOTS ')'                   { $$ = group_of_dots(@$, @2); }
       | '(' expr ',' list ')'          { $$ = tree_join(TREE_GROUP, @$, NULL, $2, $4, NULL); } ;
%%
static int yylex(TokenValue *value, Span *at, Layout *layout)
{
    Token token = layout_next(layout);
    *value = token.value;
    *at = token.span;
    return token.kind;
}

static void yyerror(const Span *at, const Layout *layout, const char *message)
{
    (void)layout, (void)message;                        /* bison itself says "memory exhausted" only */
    error_at(*at, "this is nested too deeply");
}

static int yyreport_syntax_error(const yypcontext_t *context, Layout *layout)
{
    yysymbol_kind_t symbols[YYNTOKENS];
    const char *expected[YYNTOKENS];
    int n = yypcontext_expected_tokens(context, symbols, YYNTOKENS);
    for (int i = 0; i < n; i++)
        expected[i] = yysymbol_name(symbols[i]);
    if (n >= 0)
        complain(layout, *yypcontext_location(context), yysymbol_name(yypcontext_token(context)), expected, n);
    return n < 0 ? n : 0;
}

Tree *parse(const Source *source)
{
    Layout *layout = NEW(Layout);
    layout->source = source;
    layout->raw = (Span){source, 0, 0};
    scanner_open(layout);
    yyparse(layout);
    scanner_close(layout);
    if (!layout->result)                                /* given up before the first reduction */
        layout->result = tree_list((Span){source, 0, 0});
    check_places(layout->result);
    return layout->result;
}
