/* Programs: a model as mathematics, one program for each entry point.
 *
 * A program is a list of equations in single assignment
 *
 *     out[free] = op(bound) body            op: none sum prod max min argmax argmin
 *
 * Invariants (checked by program_check after every pass; the letters are those of docs/architecture.md):
 *   E1  each tensor has at most one equation in a program
 *   E2  at most one reduction, at the root; the body is a scalar expression
 *   E3  out's dims are exactly the free indices in order (their extents and counts agree)
 *   E4  every read is proved inside by intervals, or is guarded
 *   E5  a value has the batch as dim 0 iff it depends on an input, a target, or a draw for each sample; as another dim it is that of samples(x)
 *   E6  cycles pass only through reads at t-k (or all at t+k), k > 0, of one index: a scan
 *   E7  the equations stand in an order in which they can be computed (scans stand together)
 * argmax and argmin give the row-major offset of the first winner among the bound indices; NaN wins max and min. */
#ifndef NNC_PROGRAM_H
#define NNC_PROGRAM_H
#include "../language/source.h"
#include "expr.h"

typedef enum {
    ROLE_INPUT, ROLE_TARGET,    /* handed in by the caller, batch first */
    ROLE_PARAM,                 /* a parameter's value before the step */
    ROLE_STATE,                 /* `state` of the model's body: kept from step to step, needed to predict */
    ROLE_MEMORY,                /* `state each predict`: what a prediction of one sample goes on from, batch first */
    ROLE_MOMENT,                /* `state` of an update line: kept from step to step, not needed to predict; with `of`, the last
                                 * value of that metric */
    ROLE_AVERAGE,               /* the average of a parameter (`of`), which evaluates and predicts in its place */
    ROLE_GRAD,                  /* gradient of a parameter (`of`): result of the gradient program, given to the update */
    ROLE_NEXT,                  /* the next value of a PARAM, STATE, MEMORY, MOMENT, AVERAGE or TOTAL (`of`): a result */
    ROLE_TOTAL,                 /* what a `data` reduction has gathered over the pass so far; kept in double */
    ROLE_GATHERED,              /* a number of what gradients are gathered over since the last update; double or int64_t */
    ROLE_OUTPUT, ROLE_METRIC, ROLE_LOSS,    /* results */
    ROLE_SCALAR,                /* a number of the step, rank 0: batch (its count), step, epoch, seed */
    ROLE_LENGTH,                /* an extent that each call gives, rank 0: 1 .. hi */
    ROLE_HYPER,                 /* a number of the update lines that can be set at run time, rank 0 */
    ROLE_VALUE                  /* anything in between */
} Role;

typedef struct Equation Equation;
struct Tensor {
    const char *name;           /* a C and nnc identifier, unique in its program family */
    const char *path;           /* encoder.linear.w for parameters and states: what checkpoints and selectors use */
    Role role;
    Type type;
    int64_t lo, hi;             /* INT, and an OUTPUT that is made of integers: the interval of its values; int64 limits when unknown */
    int rank;
    Dim dim[12];
    int64_t room[12];           /* what memory has of a dim, where that is more than its extent; else 0 */
    const Tensor *of;           /* GRAD, NEXT, AVERAGE: the tensor that it belongs to */
    bool adjoint;               /* made by differentiation */
    bool surveyed;              /* STATE: its first value comes from the data */
    bool each_epoch;            /* MOMENT, AVERAGE: changes at the end of an epoch only */
    bool host;                  /* rank 0 and depends on scalars only: computed in double, once a call */
    bool byte;                  /* INPUT, TARGET: comes as unsigned bytes (0..255) */
    bool watched;               /* `watch`: kept, and visible under its name */
    bool vector;                /* a local of a register tile: each element is a vector, or the last dim is kept in vectors */
    double initial;             /* TOTAL: the value at the start of a pass */
    const Origin *origin;
    const char *files[2];       /* INPUT, TARGET: default training and test data, or NULL */
};

typedef enum { REDUCE_NONE, REDUCE_SUM, REDUCE_PROD, REDUCE_MAX, REDUCE_MIN, REDUCE_ARGMAX, REDUCE_ARGMIN } Reduce;

struct Equation {
    Tensor *out;
    int n_free, n_bound;
    const Index **free, **bound;
    Reduce op;
    const Expr *body;
    const Origin *origin;
    int scan;                   /* 0, or the number of the scan that it belongs to (set by program_order) */
    const Index *scan_index;    /* its own free index that is the time of the scan */
    bool scan_down;             /* time runs from the last value to 0 */
};

typedef LIST(Equation *) Equations;
typedef LIST(Tensor *) Tensors;
typedef struct Program {
    const char *name;           /* init, gradients, update, average, epoch, rates, evaluate, metrics, predict, predict_one, begin, survey, surveyed */
    Equations equations;
    Tensors results;            /* what must be computed; everything else may vanish */
    struct Definitions *definitions;    /* of equation_of: which equation defines a tensor; NULL at first */
} Program;

/* What a model's text says beside its equations, and its programs. Tables are in the order of the text. */
typedef struct Model {
    const char *name;
    Span span;
    Tensors inputs;             /* INPUT and TARGET */
    Tensors lengths;            /* LENGTH: extents that a call gives */
    Tensors params, states, moments, totals, hypers;
    Tensors memories;           /* MEMORY, of many samples */
    Tensors outputs, metrics;
    Tensors rates;              /* numbers that a schedule gives to the update lines */
    Tensors grads;              /* one GRAD for each param that is trained, in the order of params */
    Tensors averages;           /* one AVERAGE for each param, or none at all */
    double *hyper_defaults;
    int64_t batch;              /* the largest batch */
    int64_t accumulate;         /* micro-batches of an update */
    Tensors gathered;           /* GATHERED: samples, batches, then sums; none without accumulate */
    const Tensor *count;        /* ROLE_SCALAR batch: the samples of this call */
    const Tensor *step, *epoch;
    const Tensor *loss;
    struct { const char *name; double value; } train[16];       /* other entries of the train line */
    int n_train;
    Program *init, *gradients, *update, *evaluate, *metrics_program, *predict, *predict_one;  /* absent ones are NULL */
    Program *survey, *surveyed_program;     /* first values from the data: what a batch adds, what comes of a pass */
    Tensors surveyed;           /* the STATEs that have such */
    int surveys;                /* passes over the data until all of them are right */
    Program *begin;             /* first values of memories, of one sample */
    Program *rates_program;
    Program *average_program, *epoch_program;   /* what is done at the end of an epoch: before its evaluation, and after */
} Model;

static inline bool counts_samples(const Tensor *count) { return count && count->role == ROLE_SCALAR; }
static inline int64_t room_of(const Tensor *t, int dim) { return t->room[dim] ? t->room[dim] : t->dim[dim].extent; }
/* What calls add to, so it is kept in double. */
static inline bool adds_up(const Tensor *t) { return t->role == ROLE_TOTAL || t->role == ROLE_GATHERED; }
/* A number that no step changes: what depends on such alone is computed once a call. */
static inline bool known_in_step(const Tensor *t) {
    return t->rank == 0 && (t->host || t->role == ROLE_SCALAR || t->role == ROLE_LENGTH || t->role == ROLE_HYPER || (t->role == ROLE_MOMENT && t->each_epoch));
}
Tensor *tensor_new(const char *name, Role role, Type type, int rank, const Dim *dims, const Origin *origin);
Equation *equation_new(Program *p, Tensor *out, const Index *const *free, Reduce op, const Index *const *bound, int n_bound,
                       const Expr *body, const Origin *origin);          /* n_free is out->rank; appended to p */
/* NULL: t is given, not computed. Equations may be pushed, removed and moved freely; only one that is put in the place of
 * another must define the same tensor. */
Equation *equation_of(const Program *p, const Tensor *t);
int equation_place(const Program *p, const Tensor *t);          /* its place in the list, or -1 */
typedef LIST(const Expr *) Exprs;
Exprs reads_of(const Expr *body);                               /* the X_READ nodes, each once, operands first */

/* order.c: sorts the equations so that each stands after what it reads, finds scans and sets their fields; drops equations
 * that no result needs (ROLE_NEXT, watched and `results` are needed). False: a cycle that is no scan, which was reported. */
bool program_order(Program *p);
/* check.c: reports the first broken invariant on stderr as an internal error naming pass, invariant and equation. */
bool program_check(const Program *p, const char *pass);
/* print.c */
void expr_print(Writer *w, const Expr *e);                      /* in the language; the batch index stays implicit */
void equation_print(Writer *w, const Equation *e);              /* one line: y[o] = sum(i) w[o, i]*x[i] */
void program_print(Writer *w, const Program *p);                /* equations only */
void model_print(Writer *w, const Model *m, const Program *p, const char *name);   /* a model that parses and compiles again */
/* evaluate.c: the reference. Tensors are bound to arrays of doubles; then the equations run straight from their definition. */
typedef struct Evaluation Evaluation;
Evaluation *evaluation_new(const Program *p, uint64_t seed, uint64_t step);
double *evaluation_array(Evaluation *e, const Tensor *t);       /* its values, row-major at the full extents; made if absent */
void evaluation_run(Evaluation *e);                             /* counts of runtime dims are the values of the count tensors */
/* differentiate.c: appends to p the equations of dL/dw for each w; gives the adjoint tensors (named d_<w>), in grads.
 * A w that L does not depend on gets an equation that is 0 everywhere. L has rank 0. */
void differentiate(Program *p, const Tensor *loss, const Tensor *const *wrt, int n, Tensor **grads);
/* simplify.c, solve.c */
void simplify(Program *p);                                      /* solved deltas, inlined adjoints, common factors, no dead equations */
#endif
