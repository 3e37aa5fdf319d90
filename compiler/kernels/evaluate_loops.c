/* Running loop trees in double: the tests' proof that fusing, scheduling and placing changed nothing.
 *
 * Stored tensors have arrays of their own, except that those of the arena share it exactly as `place` says, and it starts
 * as NaN, as every local array does: what is read before it is written shows. Kernels are called as the printed C calls
 * them: a kernel that is the same as another runs the other's tree on its own actuals. */
#include "group.h"
#define NN_DOUBLE
#include "../../runtime/nn_random.h"
#include "../../runtime/nn_vector.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct LoopRun {
    const Schedule *schedule;
    uint64_t seed, step;
    double *arena, *whole;
    Map arrays;                     /* by tensor */
    Map bound;                      /* arguments of the running kernel and its locals */
    LIST(double) index;             /* values by index id */
    bool any_length;                /* the running kernel sees rows of any length */
};

LoopRun *loop_run_new(const Schedule *s, uint64_t seed, uint64_t step) {
    LoopRun *r = NEW(LoopRun);
    r->schedule = s;
    r->seed = seed;
    r->step = step;
    r->arena = NEW_ARRAY(double, s->arena_size + 1);
    r->whole = NEW_ARRAY(double, s->whole_size + 1);
    for (int64_t k = 0; k < s->arena_size; k++) r->arena[k] = NAN;
    for (int64_t k = 0; k < s->whole_size; k++) r->whole[k] = NAN;
    return r;
}

static int64_t size_of(const Tensor *t) {
    int64_t size = 1;
    for (int k = 0; k < t->rank; k++)
        size *= room_of(t, k);
    return size;
}

double *loop_run_array(LoopRun *r, const Tensor *t) {
    const Storage *s = storage_of(r->schedule, t);
    if (s) return (s->whole ? r->whole : r->arena) + s->offset;
    if (t->role == ROLE_NEXT && !t->host) t = t->of;
    double *array = map_get(&r->arrays, t);
    if (!array) {
        array = NEW_ARRAY(double, size_of(t) + 1);
        map_put(&r->arrays, t, array);
    }
    return array;
}

static double *place_of(LoopRun *r, const Tensor *t) {
    double *array = map_get(&r->bound, t);
    return array ? array : loop_run_array(r, t);
}

static double value(LoopRun *r, const Expr *e);

static int64_t whole_value(LoopRun *r, const Expr *e) {
    return (int64_t)value(r, e);
}

static double *element(LoopRun *r, const Tensor *t, const Expr *const *subs, int n, bool *outside) {
    int64_t at = 0;
    *outside = false;
    for (int k = 0; k < n; k++) {
        int64_t s = whole_value(r, subs[k]);
        int64_t limit = t->dim[k].count ? (int64_t)*loop_run_array(r, t->dim[k].count) : t->dim[k].extent;
        *outside |= s < 0 || (s >= limit && !r->any_length);
        at = at * room_of(t, k) + s;
    }
    return *outside ? NULL : place_of(r, t) + at;
}

static double read_value(LoopRun *r, const Expr *e) {
    bool outside;
    double *from = element(r, e->tensor, e->arg, e->tensor->rank, &outside);
    if (!outside) return *from;
    if (e->guarded) return value(r, e->arg[e->n - 1]);
    fprintf(stderr, "a read of %s is outside\n", e->tensor->name);
    abort();
}

static double value(LoopRun *r, const Expr *e) {
    switch (e->kind) {
    case X_NUM: return e->num;
    case X_INT: return (double)e->integer;
    case X_INDEX: return r->index.at[e->index->id];
    case X_SUM: {
        int64_t sum = e->integer;
        for (int k = 0; k < e->n; k++)
            sum += e->factor[k] * whole_value(r, e->arg[k]);
        return (double)sum;
    }
    case X_READ: return read_value(r, e);
    case X_OP: return op_value(e->op, value(r, e->arg[0]), e->n > 1 ? value(r, e->arg[1]) : 0);
    case X_WHERE: return value(r, e->arg[0]) != 0 ? value(r, e->arg[1]) : value(r, e->arg[2]);
    case X_REAL: return value(r, e->arg[0]);
    case X_RANDOM: return nn_uniform(nn_key(r->seed, r->step, nn_site(e->site->path)), (uint64_t)whole_value(r, e->arg[0]));
    }
    return NAN;
}

/* The sum of the 16 lanes of a block, of which this is the first. */
static double sum_of_lanes(LoopRun *r, const Expr *first) {
    bool outside;
    return nn_sum_lanes(element(r, first->tensor, first->arg, first->tensor->rank, &outside));
}

static void set_index(LoopRun *r, const Index *i, int64_t v) {
    while (r->index.n <= i->id)
        PUSH(r->index, NAN);
    r->index.at[i->id] = (double)v;
}

static double combined(Assign how, double old, double new) {
    switch (how) {
    case ASSIGN_ADD: return old + new;
    case ASSIGN_MULTIPLY: return old * new;
    case ASSIGN_MAX: return op_value(OP_MAX, old, new);
    case ASSIGN_MIN: return op_value(OP_MIN, old, new);
    case ASSIGN_SET: break;
    }
    return new;
}

static void run_gemm(LoopRun *r, const Gemm *g) {
    int64_t m = whole_value(r, g->m), n = whole_value(r, g->n), k = whole_value(r, g->k);
    const double *a = place_of(r, g->a) + whole_value(r, g->a_offset), *b = place_of(r, g->b) + whole_value(r, g->b_offset);
    double *c = place_of(r, g->c) + whole_value(r, g->c_offset);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            double sum = g->add ? c[i * g->ldc + j] : 0;
            for (int64_t l = 0; l < k; l++)
                sum += a[g->a_transposed ? l * g->lda + i : i * g->lda + l] * b[g->b_transposed ? j * g->ldb + l : l * g->ldb + j];
            c[i * g->ldc + j] = sum;
        }
}

static void run_nodes(LoopRun *r, const Nodes *nodes);

static void run_loop(LoopRun *r, const Node *n) {
    int64_t from = whole_value(r, n->from), to = whole_value(r, n->to);
    for (int64_t k = 0; k < (n->loop == LOOP_PASS ? 1 : to - from); k++) {
        set_index(r, n->index, n->down ? to - 1 - k : from + k);
        run_nodes(r, &n->body);
    }
}

static void run_nodes(LoopRun *r, const Nodes *nodes) {
    for (int k = 0; k < nodes->n; k++) {
        const Node *n = nodes->at[k];
        switch (n->kind) {
        case NODE_LOOP: run_loop(r, n); break;
        case NODE_ASK: break;
        case NODE_IF:
            if (value(r, n->value) != 0) run_nodes(r, &n->body);
            break;
        case NODE_DECLARE: {
            double *array = map_get(&r->bound, n->tensor);
            if (!array) {
                array = NEW_ARRAY(double, size_of(n->tensor));
                map_put(&r->bound, n->tensor, array);
            }
            for (int64_t i = 0; i < size_of(n->tensor); i++)
                array[i] = n->zero ? 0 : NAN;
            if (n->sums_lanes) *array = sum_of_lanes(r, n->value);
            else if (n->value) *array = value(r, n->value);
            break;
        }
        case NODE_ASSIGN: {
            bool outside;
            double new = value(r, n->value), *to = element(r, n->tensor, n->subs, n->n_subs, &outside);
            if (outside) {
                fprintf(stderr, "an assignment of %s is outside\n", n->tensor->name);
                abort();
            }
            *to = combined(n->assign, *to, new);
            break;
        }
        case NODE_GEMM: run_gemm(r, n->gemm); break;
        }
    }
}

static void bind_number(LoopRun *r, const Tensor *t, double v) {
    double *array = NEW(double);
    *array = v;
    map_put(&r->bound, t, array);
}

/* The share of one thread in a call. */
static void run_call(LoopRun *r, const Kernel *call, int thread, int threads) {
    const Kernel *kernel = call->same ? call->same : call;
    r->bound = (Map){0};
    r->any_length = kernel->length != NULL;
    double parts = call->parts ? value(r, call->parts) : 0;
    for (int a = 0; a < kernel->arguments.n; a++) {
        const Tensor *actual = call->actuals.at[a];
        if (actual) map_put(&r->bound, kernel->arguments.at[a], loop_run_array(r, actual));
        else bind_number(r, kernel->arguments.at[a], value(r, call->length));
    }
    if (kernel->first) {
        bind_number(r, kernel->first, floor(parts * thread / threads));
        bind_number(r, kernel->last, floor(parts * (thread + 1) / threads));
    }
    run_nodes(r, &kernel->body);
}

void loop_run_team(LoopRun *r, int threads, int start) {
    const Schedule *s = r->schedule;
    for (int k = 0; k < s->host.n; k++)
        *loop_run_array(r, s->host.at[k]->out) = value(r, s->host.at[k]->body);
    for (int from = 0, to; from < s->kernels.n; from = to) {
        to = from + 1;
        while (to < s->kernels.n && s->kernels.at[to]->phase == s->kernels.at[from]->phase) to++;
        for (int t = 0; t < threads; t++) {
            const int thread = (start + t) % threads;
            for (int k = from; k < to; k++) {
                const Kernel *call = s->kernels.at[k];
                if (call->parallel) run_call(r, call, thread, threads);
                else if (call->turn % threads == thread) run_call(r, call, 0, 1);
            }
        }
    }
}

void loop_run(LoopRun *r) {
    loop_run_team(r, 1, 0);
}
