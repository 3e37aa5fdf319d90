/* Programs built by hand, for tests of what happens to equations.
 *
 *     INDEX(i, 3); INDEX(k, 4);
 *     Tensor *w = REALS("w", 3, 4), *x = REALS("x", 4);
 *     Tensor *y = reduce("y", OVER(i), REDUCE_SUM, OVER(k), Mul(READ(w, At(i), At(k)), READ(x, At(k))));
 *
 * Given tensors have random values, the same for each run. Samples, in a dim of extent ANY, are fewer than the batch. */
#ifndef NNC_HAND_BUILT_H
#define NNC_HAND_BUILT_H
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../../compiler/equations/program.h"

static Program *program;
static Tensors given;
static Tensor *batch;
static uint64_t draws;

enum { SAMPLES = 3, BATCH = 4, ANY = -1 };       /* the batch holds fewer samples than it could; ANY: a batch dim */

static inline double draw(double low, double high) {
    draws = draws * 6364136223846793005u + 1442695040888963407u;
    return low + (high - low) * (double)(draws >> 11) * 0x1p-53;
}

static inline int64_t draw_int(int64_t low, int64_t high) { return low + (int64_t)(draw(0, 1) * (double)(high - low + 1)); }

static inline void start(void) {
    expr_start();
    program = NEW(Program);
    program->name = "test";
    given = (Tensors){0};
    batch = tensor_new("batch", ROLE_SCALAR, INT, 0, NULL, NULL);
    batch->lo = 1;
    batch->hi = BATCH;
    draws = 1;
}

static inline void finish(void) { memory_release(); }

static inline Dim dim_with(int64_t extent) { return extent == ANY ? (Dim){BATCH, batch} : (Dim){extent, NULL}; }

static inline Tensor *give(const char *name, Type type, int rank, const int64_t *extent) {
    Dim dim[12];
    for (int k = 0; k < rank; k++) dim[k] = dim_with(extent[k]);
    bool sample = rank && extent[0] == ANY;
    Tensor *t = tensor_new(name_of(name), sample ? ROLE_INPUT : ROLE_PARAM, type, rank, dim, NULL);
    PUSH(given, t);
    return t;
}
#define LENGTH(T, ...) (int)(sizeof (T[]){__VA_ARGS__} / sizeof(T))
#define REALS(name, ...) give(name, REAL, LENGTH(int64_t, __VA_ARGS__), (int64_t[]){__VA_ARGS__})

static inline Tensor *give_class(const char *name, int64_t classes, int64_t extent) {
    Tensor *t = give(name, INT, 1, &extent);
    t->lo = 0;
    t->hi = classes - 1;
    return t;
}

static inline const Index *index_of(const char *name, int64_t extent) {
    return index_new(name_of(name), extent == ANY ? BATCH : extent, extent == ANY ? batch : NULL);
}
#define INDEX(name, extent) const Index *name = index_of(#name, extent)

static inline const Expr *read_of(const Tensor *t, const Expr *const *subs) { return Read(t, subs, t->rank); }
#define READ(t, ...) read_of(t, (const Expr *[]){__VA_ARGS__})
#define READ0(t) Read(t, NULL, 0)
#define ELSE(t, value, ...) ReadElse(t, (const Expr *[]){__VA_ARGS__}, LENGTH(const Expr *, __VA_ARGS__), value)

typedef struct { const Index *const *at; int n; } Indices;
#define OVER(...) (Indices){(const Index *[]){__VA_ARGS__}, LENGTH(const Index *, __VA_ARGS__)}
#define SCALAR (Indices){NULL, 0}

static inline Tensor *reduce(const char *name, Indices free, Reduce op, Indices bound, const Expr *body) {
    Dim dim[12];
    for (int k = 0; k < free.n; k++) dim[k] = (Dim){free.at[k]->extent, free.at[k]->count};
    bool whole = op == REDUCE_ARGMAX || op == REDUCE_ARGMIN;
    Tensor *t = tensor_new(name_of(name), ROLE_VALUE, whole ? INT : body->type, free.n, dim, NULL);
    equation_new(program, t, free.at, op, bound.at, bound.n, body, NULL);
    return t;
}
static inline Tensor *map(const char *name, Indices free, const Expr *body) {
    return reduce(name, free, REDUCE_NONE, SCALAR, body);
}

/* sum of c*t, c given and random. */
static inline Tensor *loss_of(Tensor *t) {
    static const char *const names[] = {"a0", "a1", "a2", "a3", "a4"};
    const Index *index[5];
    const Expr *at[5];
    for (int k = 0; k < t->rank; k++) {
        index[k] = index_new(names[k], t->dim[k].extent, t->dim[k].count);
        at[k] = At(index[k]);
    }
    Tensor *c = tensor_new(text("c_%s", t->name), ROLE_PARAM, REAL, t->rank, t->dim, NULL);
    PUSH(given, c);
    Indices all = {index, t->rank};
    Tensor *loss = reduce("loss", SCALAR, t->rank ? REDUCE_SUM : REDUCE_NONE, all, Mul(read_of(c, at), read_of(t, at)));
    return loss;
}

/* --- running --- */

static inline int64_t size_of(const Tensor *t) {
    int64_t n = 1;
    for (int k = 0; k < t->rank; k++) n *= t->dim[k].extent;
    return n;
}

static double low = -1, high = 1;

/* The same values each time: by name of the tensor and place. */
static inline void fill(Evaluation *e, const Tensor *changed, int64_t place, double by) {
    evaluation_array(e, batch)[0] = SAMPLES;
    for (int k = 0; k < given.n; k++) {
        const Tensor *t = given.at[k];
        double *value = evaluation_array(e, t);
        draws = 77;
        for (const char *c = t->name; *c; c++) draws = draws * 31 + (uint64_t)*c;
        for (int64_t i = 0; i < size_of(t); i++) value[i] = t->type == INT ? (double)draw_int(t->lo, t->hi) : draw(low, high);
        if (t == changed) value[place] += by;
    }
}

static inline double run_loss(const Tensor *loss, const Tensor *changed, int64_t place, double by) {
    Evaluation *e = evaluation_new(program, 1, 0);
    fill(e, changed, place, by);
    evaluation_run(e);
    return evaluation_array(e, loss)[0];
}

static inline char *program_text(void) {
    Writer w = {0};
    program_print(&w, program);
    return w.text ? w.text : "";
}

static inline void gradients(Tensor *loss, Tensor *const *wrt, int n, Tensor **grads) {
    PUSH(program->results, loss);
    differentiate(program, loss, (const Tensor *const *)wrt, n, grads);
    for (int k = 0; k < n; k++) PUSH(program->results, grads[k]);
    ck_assert(program_order(program));
    ck_assert(program_check(program, "differentiate"));
}

#endif
