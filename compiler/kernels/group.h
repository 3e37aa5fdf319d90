/* Groups: what fuse.c leaves for the schedulers, and the helpers that build loop trees.
 *
 *     Nest    equations over the same free indices, computed together element by element. A member that others of the
 *             nest read has a local (rank 0); one that is read elsewhere, or is a result, is stored in `target`
 *     Group   nests that stand in one loop over `outer` (the samples of a row group, the time of a scan, the tiles of a cell), or one
 *             nest alone
 *
 * The members' bodies are already written over the nest's own indices, and read members by their locals. */
#ifndef NNC_GROUP_H
#define NNC_GROUP_H
#include "../equations/map.h"
#include "kernel.h"

enum { LANES = 16 };            /* of a block, whatever vectors a machine has */
enum { MOST_CELLS = 4 };        /* leading indices that nests share */

typedef struct Member {
    const Index *const *bound;
    int n_bound;
    Reduce op;
    const Expr *body;
    Type type;
    const char *name;               /* for its local */
    const Tensor *local;            /* rank 0, or NULL: no member of the nest reads it */
    const Tensor *target;           /* where it is stored, or NULL */
    const Expr *const *subs;        /* the target's subscripts */
    int n_subs;
    const Expr *guard;              /* it is stored where this holds; NULL: everywhere */
    bool pads_are_zero;             /* where the guard does not hold, zero is stored */
    bool adds;                      /* it is added to what the target has: no element may be computed twice */
} Member;

typedef struct Nest {
    const Index *const *free;       /* without the group's outer index */
    int n_free;
    const Index *block;             /* as in the group; its loop ends with the samples of the call */
    bool single;                    /* of a program for one sample: an index that a call counts has one value as often as many */
    bool parted;                    /* it is one of two that a condition parts, and is parted no further: each would double them */
    LIST(Member) members;           /* reductions first, then maps, each after those that it reads */
    LIST(const Expr *) ahead;       /* reads of what nests after this one touch: their lines are asked for where `ahead_where` holds */
    const Expr *ahead_where;
} Nest;

typedef struct Group {
    const Index *cell[MOST_CELLS];  /* the indices of its cells (cells.c), whose loops stand around all others */
    int n_cells;
    const Index *outer;             /* or NULL */
    bool down;
    LIST(const Tensor *) rows;      /* tensors that live for one turn of the outer loop only */
    LIST(Nest *) before;            /* copies that are made for each cell, in tensors of their own */
    LIST(const Tensor *) totals;    /* of a cell, zeros first: `nests` add to them in each turn of the loops over `turn`, */
    const Index *turn[MOST_CELLS];
    int n_turns;
    LIST(Nest *) after;             /* and these use them when all turns are done */
    LIST(Nest *) nests;
    LIST(const Equation *) equations;
    const Index *block;             /* runs over blocks of 16 samples, as many as have one now; or NULL */
    const Tensor *samples;          /* with `block`: how many samples there are */
    const char *note;               /* a sentence for the reader of the kernel, or NULL */
} Group;

typedef LIST(Group *) Groups;

/* What an equation is, by its subscripts alone. */
typedef enum { CLASS_MAP, CLASS_REDUCTION, CLASS_CONTRACTION, CLASS_WINDOW, CLASS_GATHER, CLASS_SCATTER, CLASS_SCAN } Class;
Class classify(const Equation *e);
extern const char *const class_name[];
bool is_plain_product(const Expr *body);                        /* of numbers and of reads that are 0 where they are outside */
bool is_arithmetic(const Expr *e);                              /* + - * /, by its own operator */

/* A scatter taken apart: out[.., v, ..] += term where v = place, guarded. */
typedef struct Scatter { LIST(const Index *) index; LIST(const Expr *) place; const Expr *guard, *term; } Scatter;
bool scatter_of(const Expr *body, const Index *const *free, int n_free, Scatter *s);

/* readers.c: tensor -> the numbers of those that touch it. */
typedef Map Readers;
typedef LIST(int) Numbers;
void readers_add(Readers *r, const Tensor *t, int number);
void readers_add_body(Readers *r, const Expr *body, int number);
Numbers readers_of(const Readers *r, const Tensor *t);

/* host.c: moves host equations, and host parts of the other bodies, to the schedule's list of numbers. */
void separate_host(Schedule *s, Equations *equations);
/* planes.c: rows of small pictures joined to one. */
void join_rows(Equations *equations);
/* inline.c: puts cheap maps into their readers; what is left is stored or local. keep: copies only, and all is stored. */
void inline_maps(Equations *equations, const Program *p, bool keep);
/* fuse.c */
void fuse(Groups *groups, const Equations *equations, const Program *p, bool keep);
Map results_of(const Program *p);                               /* a set: what is_result asks for */
bool is_result(const Map *results, const Tensor *t);
/* rows.c: what only a loss needs that leaves places out, for the other places alone. */
void keep_rows_that_count(Equations *equations, const Program *p);
/* cells.c: nests that share their leading indices, joined where that keeps what is between them out of memory. */
void join_cells(Groups *groups, const Program *p);
/* gather.c: rows of channels for windows at places that data choose. */
void gather_rows(Groups *groups);
/* pack.c: copies of operands that lie across the lanes of a sum. The cost of a nest with them, in cycles. */
void pack_operands(Groups *groups, const Program *p, bool tight);
double packed_cycles(const Group *g, const Nest *nest);
/* phases.c: a member at another value of a free index; free indices that are read by long digits are parted into these. */
void substitute_member(Member *m, const Index *from, const Expr *to);
Nest *with_digits(const Nest *nest, int64_t least);              /* digits that are shorter than `least` stay whole */
void split_digits(Groups *groups);
void split_short_digits(Groups *groups);
/* layout.c: samples in blocks. Rewrites the nests that gain by it. tight: no room is left between rows. */
void split_samples(Groups *groups, const Program *p, bool blas, bool tight);
/* winograd.c: windows of three rows over many channels, and the gradients of their filters, as products of sums of their operands. */
void transform_windows(Groups *groups);

/* Schedulers: each appends the tree of a nest. */
void schedule_plain(Nodes *to, const Nest *nest);
void schedule_lanes(Nodes *to, const Nest *nest);
void schedule_map(Nodes *to, const Nest *nest);                 /* phases.c: a nest without reductions */
void add_to_places(Nodes *to, const Nest *nest, const Member *m, const Scatter *s);     /* plain.c: what a scatter has more of, where */
bool add_row_and_point(Nodes *to, const Nest *nest);            /* points.c; false: no row of the map has such a place */
bool add_turned(Nodes *to, const Nest *nest);                   /* turns.c; false: it moves no squares */
bool schedule_product(Nodes *to, const Nest *nest);             /* false: it is no large matrix product */
bool schedule_tile(Nodes *to, const Nest *nest, Notes *notes);  /* false: no lane fits it */
/* names.c, place.c, check.c: over finished trees. */
void unique_names(Kernel *k);
/* spans.c: a recurrence over samples in rows falls into spans of them. */
void share_recurrence(Kernel *k, const Group *g);
/* pieces.c: where a loop over samples goes through maps of long rows, pieces of them, each of which asks for the next sample's. */
void pass_by_pieces(Node *samples);
/* ask.c: a tensor that is large, so that it is not in a cache any more, and lies along an index; and a subscript that may lie beyond the
 * ends, which nobody reads: the last or first one instead. */
bool worth_asking(const Tensor *x, const Expr *const *subs, const Index *along);
const Expr *asked_inside(const Expr *e, int64_t extent);
/* flat.c: the kernel over one index, for its own length or for any, or NULL: its accesses are not all alike. */
Kernel *flat_version(const Kernel *k, bool any_length);
/* cut.c: how a kernel falls into parts that threads may take. */
bool may_be_cut(const Kernel *k);
const Expr *parts_of(const Kernel *k);                          /* how many parts there are; k is as it was before cut_kernel */
void cut_kernel(Kernel *k);
/* barriers.c: which kernels stand between which barriers; share_from: as in the options. */
void find_phases(Schedule *s, double share_from);
bool phases_check(const Schedule *s);
void collect_arguments(Kernel *k);
void count_work(Kernel *k);
void place_next(Schedule *s);
void place_over(Schedule *s);
void place(Schedule *s);
bool schedule_check(const Schedule *s);
bool kernel_check(const Schedule *s, const Kernel *k);

/* reduce.c: the running value of a reduction, one number or an array over lanes; best: the value by which a winner wins. */
typedef struct Running { const Member *m; const Tensor *value, *best; bool owns_best; } Running;
typedef LIST(Running) RunningList;
bool finds_winner(const Member *m);
const Expr *reduction_start(Reduce op, const Expr *body);
RunningList add_running(Nodes *to, const Member *members, int n_members, const Index *const *index, int n);
void add_step(Nodes *to, Reduce op, const Tensor *value, const Expr *const *at, int n, const Expr *body);
void add_steps(Nodes *to, const RunningList *list, const Expr *const *at, int n, const Expr *const *body);

/* epilogue.c: the maps of a nest and all of its stores, where indices `from` are `to`; reduced: by member. */
typedef struct Place { const Index *from[3]; const Expr *to[3]; int n; } Place;
void add_epilogue(Nodes *to, const Nest *nest, const Expr *const *reduced, const Place *place);

/* peel.c: a sum's body without its guards, and the guards as bounds of loops. */
typedef struct Peeled { const Expr *term; LIST(const Expr *) atleast; const Expr *rest; const Index *const *outer; int n_outer; } Peeled;
/* term counts where every `atleast` >= 0 and `rest` holds; the loops of outer stand around all others */
Peeled peel(const Expr *body, bool sum, const Index *const *outer, int n_outer);
Nodes *add_bounded(Nodes *to, const Index *const *index, int n, int lanes, const Peeled *p);

/* pads.c: conditions on samples as bounds of loops over the lanes of a block. */
void part_pads(Nodes *nodes);

/* affine.c */
double volume(const Index *const *index, int n);                        /* how many values they have together */
int subscripts_with(const Expr *body, const Index *i);                  /* how many subscripts of the body's reads use the index */

/* loops.c: building and walking loop trees. */
const Expr *index_limit(const Index *i);                        /* one past its last value */
Node *add_loop(Nodes *to, const Index *i, const Expr *from, const Expr *limit, LoopKind kind);
Nodes *add_nest(Nodes *to, const Index *const *index, int n);   /* full loops; gives the innermost body */
Nodes *add_chunks(Nodes *to, const Index *const *index, int n); /* the same, of loops whose turns write different elements */
Node *add_declare(Nodes *to, const Tensor *local, const Expr *value);
Node *add_assign(Nodes *to, const Tensor *t, const Expr *const *subs, int n, Assign how, const Expr *value);
Node *add_ask(Nodes *to, const Tensor *t, const Expr *const *subs, int n);
Node *add_if(Nodes *to, const Expr *condition);
Nest *nest_copy(const Nest *nest);                              /* with members of its own */
Tensor *local_new(const char *name, Type type, int rank, const int64_t *extents);
const Expr *read_local(const Tensor *t);
/* Members that stand in a nest once more have locals of their own: a new one, and (for transform) its reads. locals: old -> new */
const Tensor *renew_local(Map *locals, const Tensor *old);
const Expr *own_local(const Expr *e, void *locals);
const Expr *const *values_of(const Index *const *index, int n);
void add_copies_of(Nodes *to, const Nodes *nodes);               /* trees of their own */
bool is_integer(const Expr *e, int64_t value);
void walk(const Nodes *nodes, void (*visit)(Node *, void *), void *data);       /* outer nodes first */
/* Each expression of the tree replaced; the trees of one kernel share no node with those of another. */
void rewrite(Nodes *nodes, const Expr *(*change)(const Expr *, void *), void *data);
void substitute_nodes(Nodes *nodes, const Index *from, const Expr *to);
void replace_tensor(Nodes *nodes, const Tensor *from, const Tensor *to);
/* Values that the statements of one block use more than once are declared before them. */
void add_lets(Nodes *block);
void add_lets_below(Nodes *nodes);
#endif
