/* Kernels: a program as loops.
 *
 *     equations -> fuse -> groups -> schedule -> loop trees -> place -> (output/) C
 *
 * A scheduler turns a group of equations into a loop tree. The plain scheduler's nest is right for every class of
 * equation; other schedulers (a matrix product as a BLAS call, lanes over a unit-stride index) make other trees of the
 * same nodes. One printer (output/print_c.c) makes C of trees, and evaluate_loops.c runs them in tests.
 *
 * Expressions in a tree read tensors: those of the program that are stored, and ROLE_VALUE tensors made by the scheduler
 * that are local to the tree (declared by NODE_DECLARE: scalars of rank 0, or small arrays).
 *
 *   NODE_LOOP     for (index = from; index < to; index++) body        from, to: integer expressions
 *                 down: from the last value to the first
 *                 kind CHUNK: its turns write different elements and read none that another writes, so threads may
 *                 share them. cut.c makes one loop over parts of the outermost of these, else it prints as any other
 *                 kind LANE: unit stride and independent iterations; what compilers are meant to vectorise
 *                 kind REGISTER: a few iterations that are written out, so that arrays over the index are registers
 *                 kinds LANES, PASS and VECTOR: the 16 lanes of a block in vectors. A LANES loop takes a vector each turn;
 *                 a PASS loop takes a few vectors, which a VECTOR loop inside of it runs over (lane = pass + vector)
 *                 kind TURN: a square of 4 x 4 numbers turned about its diagonal: a loop in it, and one assignment of a read. The store
 *                 moves by ones along the outer index, the read along the inner one
 *   NODE_DECLARE  tensor = value      a local; value NULL for an array (zeroed when `zero`)
 *                 sums_lanes: value is the read of the first of 16 lanes in an array; the local is the sum of them all
 *   NODE_ASSIGN   tensor[subs] op= value       a local or a stored tensor
 *   NODE_ASK      tensor[subs]                will be read or stored soon: its line is asked for; nothing else happens
 *   NODE_IF       if (value) body
 *   NODE_GEMM     a matrix product by BLAS, see Gemm
 *
 * Values are printed once for each node: a scheduler declares what a statement uses twice as a local before it, so
 * printers may walk expressions as trees. Names of loop indices and locals differ from each other where scopes nest,
 * and from the arguments' names.
 *
 * A ROLE_NEXT tensor that can take the place of what it is the next value of never appears in a tree: the tree reads
 * and writes `of` through one argument. Otherwise it lives in the arena and the last kernels of the schedule copy it.
 * Loss and metrics that are not `host` live in the arena like values. */
#ifndef NNC_KERNEL_H
#define NNC_KERNEL_H
#include "../equations/map.h"
#include "../equations/program.h"

typedef enum { NODE_LOOP, NODE_DECLARE, NODE_ASSIGN, NODE_ASK, NODE_IF, NODE_GEMM } NodeKind;
typedef enum { LOOP_SERIAL, LOOP_CHUNK, LOOP_LANE, LOOP_REGISTER, LOOP_LANES, LOOP_PASS, LOOP_VECTOR, LOOP_TURN } LoopKind;
typedef enum { ASSIGN_SET, ASSIGN_ADD, ASSIGN_MULTIPLY, ASSIGN_MAX, ASSIGN_MIN } Assign;

/* c[m][n] = (or += if add) sum(k) a[m][k] * b[k][n], row-major with these pitches; transposed: stored as a[k][m], b[n][k].
 * The matrices start at these offsets (in elements) from the tensors' starts. */
typedef struct Gemm {
    const Tensor *a, *b, *c;
    bool a_transposed, b_transposed, add;
    const Expr *m, *n, *k;
    int64_t lda, ldb, ldc;
    const Expr *a_offset, *b_offset, *c_offset;     /* integers; never NULL */
} Gemm;

typedef struct Node Node;
typedef LIST(Node *) Nodes;
struct Node {
    NodeKind kind;
    LoopKind loop;
    bool down;
    const Index *index;
    const Expr *from, *to;
    Nodes body;
    const Tensor *tensor;
    const Expr *const *subs;
    int n_subs;
    Assign assign;
    bool zero, sums_lanes;
    const Expr *value;
    const Gemm *gemm;
};

/* What a scheduler says of its choice: lines for readers of the C (the schedule in words, the plain nest that it equals), and
 * what it has weighed, with the cost in cycles of the machine of tile_cost.c. */
typedef struct Considered { const char *what; double cycles; bool chosen; } Considered;
typedef struct Notes { LIST(const char *) lines; LIST(Considered) considered; } Notes;

typedef struct Kernel {
    const char *name;                   /* of its C function, without the model's prefix; unique in the module */
    Nodes body;
    LIST(const Equation *) equations;   /* what it computes: the comment above it */
    Tensors arguments;                  /* stored tensors that it touches, in order of first use; scalars included */
    Tensors actuals;                    /* what its call hands in for each argument. It differs from the argument where the
                                         * kernel sees a tensor as one flat row; NULL: the integer `length` */
    const Expr *length;                 /* of flat kernels, the number of elements, an expression over scalars; or NULL */
    bool flat;                          /* its one loop runs over the elements of rows (flat.c) */
    bool in_spans;                      /* the index of its one loop bounds loops inside of it and does nothing else (spans.c) */
    double flops, bytes;                /* at the full batch */
    Notes notes;
    bool parallel;                      /* the call is shared by threads, each with some of its parts; else one thread runs it */
    int phase;                          /* of the call: barriers.c */
    int turn;                           /* of a call that is not parallel: those of one phase and one turn run in order on one thread */
    const Tensor *first, *last;         /* of a function that has been cut: it runs the parts first .. last - 1; else NULL */
    const Expr *parts;                  /* of a call of such a function: how many parts there are, over the call's own scalars */
    const struct Kernel *same;          /* an earlier kernel of the module that is equal up to names, or NULL: its function is
                                         * called with the actuals of this one */
} Kernel;

/* Where a stored tensor lives. Struct members are found by role; everything else lives in the arena at `offset`, counted in
 * elements. Integers and truth values have an arena of int32_t of their own (`whole`), so that no array is read as
 * two types. first, last: the phases of the kernels that touch it first and last. */
typedef struct Storage { const Tensor *tensor; int64_t offset, size; int first, last; bool whole; } Storage;

typedef struct Schedule {               /* one entry point */
    const Program *program;
    LIST(Kernel *) kernels;
    Equations host;                     /* rank 0, read scalars only: computed in double at the start, in this order */
    bool parallel;                      /* threads share its kernels; else each kernel is a phase of its own */
    int phases;
    LIST(Storage) arena;                /* in order of first use */
    Map stored;                         /* by tensor: 1 + its place in the arena's list */
    Map home;                           /* a value that is stored over another -> that */
    int64_t arena_size, whole_size;     /* in reals and in int32_t; multiples of 16, may be 0 */
} Schedule;

typedef struct Options {
    bool plain;                         /* --kernels=plain */
    bool blas;                          /* --blas=auto */
    bool direct;                        /* --winograd=never: windows are multiplied as they are written */
    bool keep;                          /* every equation is stored, so that each can be looked at (--trap) */
    double share_from;                  /* threads share kernels of so many operations and bytes; 0: none */
} Options;

enum { SHARE_FROM = 20000 };            /* some microseconds, many times what a barrier takes */
Schedule *schedule(const Program *p, const Options *options);   /* fuse, schedule, place; checked */
/* Finds the kernels of a whole module that are the same, cuts those that threads share, and gives all their names. Call once,
 * after the last schedule. */
void share_kernels(Schedule *const *schedules, int n);
const Storage *storage_of(const Schedule *s, const Tensor *t);  /* NULL: it does not live in the arena */
const Tensor *home_of(const Schedule *s, const Tensor *t);      /* whose memory it has: another's that it is stored over, or its own */
void kernels_print(Writer *w, const Schedule *s);               /* --emit=kernels */
/* affine.c: where an element is, and how an index moves that. */
const Expr *position(const Tensor *t, const Expr *const *subs);         /* of an element, from the start of its tensor */
bool stride_of(const Expr *e, const Index *i, int64_t *stride);         /* false: e is not affine in i */
const Expr *at_zero(const Expr *e, const Index *const *index, int n);    /* e where these indices are 0 */
/* evaluate_loops.c: runs loop trees in double, for tests. The arena starts as NaN and is shared as `place` says. */
typedef struct LoopRun LoopRun;
LoopRun *loop_run_new(const Schedule *s, uint64_t seed, uint64_t step);
double *loop_run_array(LoopRun *r, const Tensor *t);            /* its elements, row-major at the full extents */
void loop_run(LoopRun *r);
/* As a team of threads runs it, one after the other: of each phase the shares of all threads, beginning with thread `start`. */
void loop_run_team(LoopRun *r, int threads, int start);
#endif
