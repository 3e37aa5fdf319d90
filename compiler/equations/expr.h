/* Expressions: hash-consed, immutable, total.
 *
 * An expression is a scalar. Equal expressions are the same pointer, so common subexpressions need no pass. Nodes carry
 * no spans. Every node can be evaluated anywhere without harm: a read that could leave its tensor carries its own guard.
 *
 * Integers are kept in a normal form: a sum of constant times atom, X_SUM, so that subscripts compare and solve well:
 * Add, Sub, Neg and Mul of integers by constants all become X_SUM (or X_INT, or the bare atom). Integer nodes know the
 * interval [lo, hi] of their values. Floor division and remainder by a positive constant simplify by these intervals:
 *     (J*i + j)//J = i  and  (J*i + j) % J = j   for 0 <= j < J.
 * Only rewrites that are exact in IEEE arithmetic happen here (x*1, x+0 of integers, -(-x), constants folded in double,
 * where of a constant condition, comparisons decided by intervals, x + 0.0 is kept as x: signs of zero are let go).
 * Integer or bool operands of real operators are wrapped in X_REAL nodes. */
#ifndef NNC_EXPR_H
#define NNC_EXPR_H
#include "../memory.h"
#include <stdbool.h>

typedef enum { REAL, INT, BOOL } Type;
typedef struct Expr Expr;
typedef struct Tensor Tensor;

/* An extent; if `count` is set it is that number at run time (of the samples, a length, or rows that count), and extent is its maximum. */
typedef struct Dim { int64_t extent; const Tensor *count; } Dim;

/* An index runs over 0 <= i < extent; if `count` is set, over 0 <= i < count at run time. */
typedef struct Index { const char *name; int64_t extent; const Tensor *count; int id; } Index;

/* A place where random numbers are drawn. `key` is filled from the path of its name in the model. */
typedef struct Site { const char *path; uint32_t key; } Site;

typedef enum {
    X_NUM,          /* a real constant: num */
    X_INT,          /* an integer constant: integer */
    X_INDEX,        /* the value of an index */
    X_SUM,          /* integer + sum of factor[k]*arg[k]; arg in structural order, factors not 0; at least one term */
    X_READ,         /* tensor[arg...]; with `guarded` the last arg is the value when any subscript is outside */
    X_OP,           /* op(arg...) */
    X_WHERE,        /* arg[0] ? arg[1] : arg[2] */
    X_REAL,         /* an integer or truth value arg[0] as a real number */
    X_RANDOM        /* uniform on [0, 1): site, and arg... counts the element (integers, outermost first) */
} ExprKind;

typedef enum {
#define OP(id, name, n, types, text, prec, c, value, da, db) OP_##id,
#include "operators.def"
#undef OP
    OP_COUNT
} Op;

/* Precedences of printed forms, loosest first. */
enum { PREC_PIPE = 1, PREC_OR, PREC_AND, PREC_NOT, PREC_COMPARE, PREC_SUM, PREC_TERM, PREC_POWER, PREC_CALL };

/* As much as a line of the cache holds: walks over large models wait for nodes. */
struct Expr {
    ExprKind kind : 8;
    Type type : 8;
    Op op : 8;
    bool guarded;
    int id;                                     /* in order of creation */
    int n;
    union { double num; int64_t integer; };
    int64_t lo, hi;                             /* of INT and BOOL: the interval of its values */
    union { const Index *index; const Tensor *tensor; const Site *site; };      /* of X_INDEX, X_READ, X_RANDOM */
    const Expr *const *arg;
    const int64_t *factor;
};

typedef struct { const char *name; int operands; const char *text; int precedence; const char *c; bool logic, truth, whole, real; } OpRow;
extern const OpRow op_table[OP_COUNT];
bool op_is_costly(Op op);                                        /* a function or a power: many instructions */
int op_named(const char *name, int operands);                   /* an Op, or -1 */
double op_value(Op op, double a, double b);
/* d(op)/d(operand which) times g, in the vocabulary of expressions; NULL where it is zero. y is the op's own node. */
const Expr *op_derivative(const Expr *y, int which, const Expr *g);

void expr_start(void);                                          /* forget all nodes: call after memory_release */

const Index *index_new(const char *name, int64_t extent, const Tensor *count);
static inline Dim dim_of(const Index *i) { return (Dim){ i->extent, i->count }; }
static inline bool same_dim(Dim a, Dim b) { return a.extent == b.extent && a.count == b.count; }
static inline const Index *index_over(const char *name, Dim d) { return index_new(name, d.extent, d.count); }
const Expr *Extent(Dim d);                                      /* what it is at run time */
const char *dim_text(Dim d);                                    /* 40, or the name of its count */
const Expr *Num(double value);
const Expr *Int(int64_t value);
const Expr *Truth(bool value);
const Expr *At(const Index *index);
const Expr *Read(const Tensor *t, const Expr *const *subs, int n);
const Expr *ReadElse(const Tensor *t, const Expr *const *subs, int n, const Expr *otherwise);  /* drops a guard that is proved */
const Expr *Operate(Op op, const Expr *a, const Expr *b);       /* b NULL for one operand; coerces by the type rule */
const Expr *Where(const Expr *c, const Expr *a, const Expr *b); /* coerces a and b to a common type */
const Expr *ToReal(const Expr *a);
const Expr *ToTruth(const Expr *a);                             /* a != 0 */
const Expr *Random(const Site *site, const Expr *const *counters, int n);
#define Add(a, b) Operate(OP_ADD, a, b)
#define Sub(a, b) Operate(OP_SUB, a, b)
#define Mul(a, b) Operate(OP_MUL, a, b)
#define Div(a, b) Operate(OP_DIV, a, b)
#define Neg(a) Operate(OP_NEG, a, NULL)
#define Pow(a, b) Operate(OP_POW, a, b)
#define Exp(a) Operate(OP_EXP, a, NULL)
#define Log(a) Operate(OP_LOG, a, NULL)
#define Sin(a) Operate(OP_SIN, a, NULL)
#define Cos(a) Operate(OP_COS, a, NULL)
#define Sign(a) Operate(OP_SIGN, a, NULL)
#define Sigmoid(a) Operate(OP_SIGMOID, a, NULL)
#define And(a, b) Operate(OP_AND, a, b)
#define Or(a, b) Operate(OP_OR, a, b)
#define Not(a) Operate(OP_NOT, a, NULL)
#define Eq(a, b) Operate(OP_EQ, a, b)
#define Lt(a, b) Operate(OP_LT, a, b)
#define Gt(a, b) Operate(OP_GT, a, b)
#define Le(a, b) Operate(OP_LE, a, b)
#define Ge(a, b) Operate(OP_GE, a, b)
#define FloorDiv(a, b) Operate(OP_FLOORDIV, a, b)
#define Mod(a, b) Operate(OP_MOD, a, b)

bool is_constant(const Expr *e, double *value);                 /* X_NUM, X_INT, X_REAL of X_INT */
/* The value of e with each index from[k] replaced by to[k] (simultaneously); every node rebuilt once. */
const Expr *substitute(const Expr *e, const Index *const *from, const Expr *const *to, int n);
/* The node rebuilt with new operands (reads keep their tensor; the last of a guarded read is the else). */
const Expr *rebuild(const Expr *e, const Expr *const *arg);
/* Applies `change` bottom up, once a node: change gets a node whose operands are already changed. */
const Expr *transform(const Expr *e, const Expr *(*change)(const Expr *, void *), void *data);
const Expr *exchange(const Expr *e, const Expr *from, const Expr *to);  /* each node that is `from` becomes `to` */
bool uses_index(const Expr *e, const Index *i);
bool uses_tensor(const Expr *e, const Tensor *t);
/* Calls visit once for each node below e, operands first. */
void visit_nodes(const Expr *e, void (*visit)(const Expr *, void *), void *data);
/* Conditions that are known to hold or not to hold where an expression stands, and what is left of an integer's interval
 * under them. At most MOST_FACTS are looked at. */
typedef struct { const Expr *condition; bool holds; } Fact;
enum { MOST_FACTS = 16 };
void interval_under(const Expr *e, const Fact *facts, int n, int64_t *lo, int64_t *hi);
int condition_under(const Expr *condition, const Fact *facts, int n);   /* 1: it holds, 0: it does not, -1: not known */
typedef struct { Fact at[MOST_FACTS]; int n; } Facts;
void facts_learn(Facts *f, const Expr *condition, bool holds);  /* what its parts say, one by one */
/* Applies `change` top down, outside of sums of integers, once a node in each branch of a choice: change gets a node and what is
 * known where it stands, and gives the node itself or what takes its place, whose operands are gone through next. */
const Expr *transform_under(const Expr *e, const Expr *(*change)(const Expr *, const Facts *, void *), void *data);
/* True when 0 <= sub < extent is proved by intervals: of a dim, for one or for every subscript of the read. */
bool inside_dim(const Expr *sub, Dim dim);
bool subscript_proved(const Expr *read, int which);
bool read_proved(const Expr *read);
#endif
