/* What the files of elaboration share: values, scopes, instances.
 *
 * A *value* is what an expression stands for: a tensor as a function of its axes (a scalar expression over indices that
 * stand for the axes), or a function of the language with some of its arguments already given.
 * A *scope* is one use of a definition: its arguments, dimensions, and the statements of its body, each evaluated on
 * demand and once. An *instance* is the place of such a use in the model, `conv2d_2` in `encoder.conv2d_2.f`: it is the
 * same in every mode (training or not), and owns the parameters and states.
 *
 * An expression may use indices of the equation around a call (the batch, the time of a recurrence). When an equation of
 * the callee is made a tensor, it gains these *carried* indices as leading dims, and is read back at them. So the batch
 * is nothing special, and `cell(x[t, _], h[t-1, _ else 0])` works for every t.
 *
 * An equation that reads itself, directly or through others, is first elaborated with an unknown value; then again with
 * the shape and carried indices that came out, until they stay the same. What was remembered meanwhile is forgotten. */
#ifndef NNC_SCOPE_H
#define NNC_SCOPE_H
#include "../equations/map.h"
#include "elaborate.h"

enum { MAX_RANK = 12, MAX_DEPTH = 120, MAX_USES = 100000, MAX_REPEAT = 10000 };

typedef struct Scope Scope;
typedef struct Instance Instance;
typedef struct Function Function;

typedef struct Value {
    enum { VALUE_BAD, VALUE_TENSOR, VALUE_FUNCTION } kind;      /* BAD: an error was reported, or not known yet */
    int rank;
    Dim dim[MAX_RANK];
    const Index *axis[MAX_RANK];
    const Expr *body;                                           /* NULL: the shape is known, the value not yet */
    const Function *function;
    const char *hint;                                           /* a name for it, should it become a tensor; */
    Instance *call;                                             /* or it is what this call gives, and is called so */
} Value;

/* An expression with the place where it is evaluated, or a value already at hand. */
typedef struct Env Env;
typedef struct Argument {
    const char *name;                                           /* as the call gives it, or NULL */
    const char *given_to;                                       /* the parameter of the definition */
    const Tree *tree;
    Scope *scope;
    const Env *env;
    Value *value;
    bool hole, busy;
} Argument;
typedef LIST(Argument *) Arguments;

struct Function {
    const Tree *definition;                                     /* TREE_FN */
    int op;                                                     /* or, when NULL, a scalar operator */
    const char *reduction;                                      /* or sum, mean ... over all axes */
    Arguments given;                                            /* with holes */
    Instance *instance;                                         /* of a call with a hole: where its parameters live */
    const Origin *use;
};

/* Index names in force, innermost first; `..` has several expressions. */
struct Env { const char *name; const Expr *value[MAX_RANK]; int n; Span range; bool explicit; const Env *outer; };

typedef enum { EACH_STEP, EACH_EPOCH, EACH_PREDICT } Clock;     /* when a state changes */
typedef enum { ENTRY_ARGUMENT, ENTRY_DIMENSION, ENTRY_EQUATION, ENTRY_PARAM, ENTRY_STATE, ENTRY_INPUT } EntryKind;
typedef struct Name {                                           /* one name of a scope */
    const char *name;
    EntryKind kind;
    Span span;
    const Tree *tree;                                           /* the statement, declaration or parameter */
    int which;                                                  /* of several names on an equation's left; the first of them has */
    Scope *made;                                                /* the scope of the call on its right */
    Argument *argument;
    Dim dim;                                                    /* of a dimension */
    const Tree *extents;                                        /* a result's declared shape, or NULL */
    Value *value;                                               /* remembered */
    bool busy, recursive, passed;                               /* passed: looked at again while busy */
    Clock clock;                                                /* of a state */
    int waiting;                                                /* how often it was met while nothing was known of it */
    const Value *assumed;                                       /* of an equation that reads itself */
    Tensor *assumed_tensor;
} Name;

struct Scope {
    const Tree *definition;                                     /* TREE_FN or TREE_MODEL */
    Scope *caller;
    Instance *instance;
    const Origin *origin;                                       /* of the call */
    LIST(Name *) names;
    LIST(const Tree *) losses;
    bool has_dots;
    int n_dots;
    Dim dots[MAX_RANK];
    int depth;
};

struct Instance {
    Instance *parent;
    const Tree *call;
    int64_t stage;                                              /* of a repeat, from 1 */
    const char *label, *name;                                   /* the definition's name; the name given by net = f(_), or NULL */
    const Tensor *parameter;                                    /* of an update or average line for this parameter */
    bool of_line;                                               /* of what is the same for all parameters of such a line */
    LIST(Instance *) children;
    Map calls;                                                  /* of a call: by 2 + the stage, the child made last for it */
    Instance *older;                                            /* the child before this one of the same call and stage */
    Map owned[2];                                               /* by part: of a key, the tensor */
    int number;
    const char *path;
};

/* A parameter, state, total or hyper: the same tensor in every mode. */
typedef struct Owned {
    Instance *instance;
    const void *key;
    int part;
    Tensor *tensor;
    Scope *scope;
    const Tree *tree;
    const char *local;
    bool live;
} Owned;
typedef struct Named { Tensor *tensor; Instance *instance; const char *local; bool whole; int mode; } Named;
/* grad(L, w) of an update line: L as a number of the step. */
typedef struct Aim { const Tree *line; Tensor *tensor; } Aim;
typedef LIST(Aim) Aims;
/* A reduction over all parameters, and what one parameter adds to it (params.c). */
typedef struct Total { const Tree *tree; const Instance *instance; Op op; bool count; Tensor *tensor; } Total;
typedef struct Part { Total *total; const Tensor *parameter; const Expr *value; const Index *free[MAX_RANK]; int n; } Part;
/* A call in an update line that depends on nothing of the parameter: one for all of them. */
typedef struct Shared { const Tree *call; Value *value; } Shared;
/* What an update line gives for a number: of a schedule, it is another one at each step. */
typedef struct Rate { const char *name; const Tree *tree; const Expr *body; } Rate;
/* A pointer that was remembered: where it is kept, and what was there before. */
typedef struct Change { void *slot, *before; } Change;
typedef struct Draw { Site *site; Tensor *tensor; int number; } Draw;

/* One loss line, as it adds to the whole. */
typedef struct LossTerm { const Expr *body; Span span; } LossTerm;
typedef LIST(LossTerm) LossTerms;

typedef struct Elaborator {
    LIST(const Tree *) functions, models;
    Model *model;
    Program *program;                                           /* where equations go */
    bool training, predicting, updating;
    bool apart;                                                 /* evaluating and predicting differ: something asked which it is */
    int uses;                                                   /* of definitions so far */
    int mode;                                                   /* tensors of different modes may share a name */
    const Index *batch;                                         /* NULL while there is no batch: init, update */
    int64_t batch_extent;
    Scope *root;
    Instance *top;
    LIST(Owned) owned;
    LIST(Named) named;
    LIST(Draw) draws;
    LIST(Change) journal;                                       /* what was remembered, to be forgotten on a retry */
    LIST(Scope *) scopes;
    LIST(const char *) results;                                 /* names of the loss, outputs and metrics */
    LossTerms losses[2];                                        /* as seen at rest, and in training */
    LIST(const Tree *) means;                                   /* the means over the data that metrics imply */
    LIST(const Site *) open_sites;
    int tentative;                                              /* > 0: something is not known yet, errors wait */
    int in_else;                                                /* > 0: in the else of a read, whose own reads are guarded */
    LIST(const char *) fixed;                                   /* hypers that must be constants */
    bool again;
    Scope *update_scope;                                        /* of the update line at work */
    const Tensor *parameter;                                    /* whose update it is */
    int given;                                                  /* > 0: in what an update line gives to a call */
    LIST(Rate) rates;
    Aims aims;
    LIST(Total *) totals;
    Map optimizer_calls;                                        /* of the call in an optimizer line: the same with w */
    LIST(Part) parts;
    LIST(Shared *) shared;
    bool each_epoch;                                            /* the line at work is an average taken at the end of an epoch */
} Elaborator;

/* scope.c */
extern const Value bad_value;
Scope *scope_new(Elaborator *e, const Tree *definition, Scope *caller, Instance *instance, const Origin *origin);
Name *scope_find(const Scope *s, const char *name);
Name *scope_add(Scope *s, const char *name, EntryKind kind, Span span, const Tree *tree);
Instance *instance_of(Instance *parent, const Tree *call, int64_t stage, const char *label);
const Tree *function_named(const Elaborator *e, const char *name);
Diagnostic *model_error(Elaborator *e, const Scope *s, Span at, const char *format, ...) __attribute__((format(printf, 4, 5)));
const Env *env_find(const Env *env, const char *name);
const Env *env_bind(const Env *outer, const char *name, const Expr *value, Span range, bool explicit_range);
const Env *env_dots(const Env *outer, Span range, const Expr *const *values, int n);      /* binds `..` */
Value *remember(Elaborator *e, void *slot, Value value);        /* stores a pointer to a copy in *slot, which may be forgotten */
void note_change(Elaborator *e, void *slot);                    /* *slot is about to change */
void forget_changes(Elaborator *e, int from);                   /* the slots hold again what they held */
Origin *origin_at(const Scope *s, Span at);                      /* s: NULL outside of any definition */
void finish_names(Elaborator *e);                               /* gives every tensor its final name and path */
/* call.c */
Value call(Elaborator *e, Scope *s, const Env *env, const Tree *tree, const Value *first, int64_t stage, Scope **instance);
Value apply(Elaborator *e, Scope *s, const Env *env, const Function *f, const Tree *tree, const Value *first, int64_t stage, Scope **instance);
Value result_value(Elaborator *e, Scope *s, int which);
void scope_body(Elaborator *e, Scope *s, const Tree *statements);
/* arguments.c */
Value argument_value(Elaborator *e, Argument *a);
/* A number of an update line that can be set at run time, and that is wanted now, for a size or a choice: it becomes a
 * constant, and the lines are elaborated again. True: `body` hangs on such numbers alone. */
bool settle_hypers(Elaborator *e, const Expr *body);
bool settle_subscript(Elaborator *e, const Expr *body);         /* the same for a subscript, which may hang on indices too */
/* value.c */
Value evaluate(Elaborator *e, Scope *s, const Env *env, const Tree *tree);
Value scalar(const Expr *body);
Value of_tensor(const Tensor *t, const Expr *const *carried, int n_carried);
bool is_predefined(const char *name);                           /* training, batch, pi ... */
bool constant_integer(Elaborator *e, Scope *s, const Env *env, const Tree *tree, int64_t *value);
bool extent_of(Elaborator *e, Scope *s, const Env *env, const Tree *tree, bool strict, Dim *dim);    /* n, or with strict false n + 1 */
Value operate(Elaborator *e, Scope *s, Span at, Op op, const Value *a, const Value *b);
Value select_value(Elaborator *e, Scope *s, Span at, const Value *c, const Value *a, const Value *b);
const Expr *value_at(const Value *v, const Expr *const *subs);  /* the value's scalar at proved subscripts */
const char *shape_text(const Value *v);
bool same_shape(const Value *a, const Value *b);
const Expr *cells_of(const Value *v);                           /* how many cells it has */
/* read.c */
Value read_value(Elaborator *e, Scope *s, const Env *env, const Tree *tree);
/* Adds one subscript, or several for `..`, to the n in `out`. */
bool subscript(Elaborator *e, Scope *s, const Env *env, const Tree *tree, const Expr **out, int *n);
/* reduce.c */
Value reduce(Elaborator *e, Scope *s, const Env *env, const Tree *tree);
extern const char *const reduction_names[];                     /* NULL ends them */
bool is_reduction(const char *name);
Value reduce_whole(Elaborator *e, Scope *s, Span at, const char *name, const Value *v);
const Expr *reduction(Elaborator *e, Scope *s, Span at, Reduce op, const Index *const *bound, int n, const Expr *body);
const Expr *batch_mean(Elaborator *e, Scope *s, Span at, const Expr *body);    /* NULL: an error was reported */
/* params.c */
const Expr *total_over_params(Elaborator *e, Scope *s, const Tree *tree, Op op, bool count, const Expr *value);
/* range.c */
typedef struct Range { bool known, explicit; Dim dim; Span span; } Range;
/* From ranges written on the `left` of the equation (or NULL), or from any place in `where`. */
Range find_range(Elaborator *e, Scope *s, const Env *env, const char *name, const Tree *left, const Tree *const *where, int n);
bool find_dots(Elaborator *e, Scope *s, const Env *env, const Tree *const *where, int n, Dim *dims, int *rank);
bool is_binder(const Tree *t, const char **name, const Tree **low, bool *low_strict, const Tree **high, bool *high_strict);
/* once.c */
Value argument_once(Elaborator *e, Scope *s, Name *n);
/* first.c */
Value declared_first(Elaborator *e, Scope *s, const Tree *declaration, const Value *shape);
/* equation.c */
Value name_value(Elaborator *e, Scope *s, Name *n);
/* store.c */
/* Of one tensor, read at carried indices and then just at its axes: it needs no equation. */
bool is_alias(const Value *v);
Tensor *materialise(Elaborator *e, Scope *s, Span at, const Value *v, Named name, const Expr *const **carried, int *n_carried);
Value stored(Elaborator *e, Scope *s, Span at, const Value *v, const char *local);     /* the value as a tensor's */
Value stored_in(Elaborator *e, Scope *s, Span at, const Value *v, Instance *instance, const char *local);
int carried_indices(Elaborator *e, const Expr *body, const Index *const *own, int n_own, const Index **carried, int room);
const Expr *settle_draws(Elaborator *e, Tensor *t, const Index *const *all, int n, const Expr *body);
bool has_open_draw(const Elaborator *e, const Expr *body);
int64_t checked_size(Elaborator *e, const Scope *s, Span at, const Dim *dims, int n);
/* accumulate.c */
const Expr *sample_number(const Elaborator *e, const Index *i);
/* model.c: what an instance owns */
Tensor *own(const Instance *instance, const void *key, int part);
void own_add(Elaborator *e, Instance *instance, const void *key, int part, Tensor *t, Scope *scope, const Tree *tree, const char *local);
#endif
