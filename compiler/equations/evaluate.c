/* The reference evaluator: equations in double, straight from their definition.
 *
 * It shares no code with the passes, so that they can be held to it: gradients by central differences, kernels by value.
 * For each element of `out` the body is evaluated for all values of the bound indices, in their written order. A node of
 * the body is evaluated anew whenever an index that it depends on has moved; nothing else is clever.
 * The equations of a scan run together, one time after the other. A program must have been ordered. */
#include "map.h"
#include "program.h"
#include "../../runtime/nn_random.h"
#include <math.h>

typedef struct Array { double *value; int64_t size; } Array;

struct Evaluation {
    const Program *program;
    uint64_t seed, step;
    Map arrays;                         /* of a tensor: its Array */
};

/* A body is a list of its nodes, operands first. The level of a node says how many of the equation's indices, free ones
 * first, must have a value before the node has one. */
typedef struct {
    const Expr *expr;
    int level, *arg;
    const double *array;                /* of a read, and the extents of what is read as they are now */
    int64_t *extent;
    double value;
} Step;
typedef struct { const Index *index; int64_t value, extent; } Counter;
typedef LIST(Step) Steps;
typedef struct {
    Evaluation *evaluation;
    const Equation *equation;
    Steps steps;                        /* by level; within a level operands first */
    int *first;                         /* where each level begins */
    int root;                           /* the step of the whole body */
    Counter *counter;                   /* free indices, then bound ones */
    int n, fixed;                       /* fixed: which counter is the time of a scan and set from outside, or -1 */
    double *out, result;
    int64_t winner;                     /* offset among the bound indices; -1: none yet */
} Run;

Evaluation *evaluation_new(const Program *p, uint64_t seed, uint64_t step) {
    Evaluation *e = NEW(Evaluation);
    *e = (Evaluation){ .program = p, .seed = seed, .step = step };
    return e;
}

double *evaluation_array(Evaluation *e, const Tensor *t) {
    Array *a = map_get(&e->arrays, t);
    if (a) return a->value;
    a = NEW(Array);
    a->size = 1;
    for (int k = 0; k < t->rank; k++) a->size *= t->dim[k].extent;
    a->value = NEW_ARRAY(double, a->size + 1);
    map_put(&e->arrays, t, a);
    return a->value;
}

/* The extent at run time: the count's value if the caller has set one. */
static int64_t extent_now(Evaluation *e, int64_t extent, const Tensor *count) {
    return count && map_get(&e->arrays, count) ? (int64_t)evaluation_array(e, count)[0] : extent;
}

/* --- a body made ready --- */

typedef struct { Run *run; Map places; Steps steps; } Making;

static int place_of(const Making *m, const Expr *e) { return (int)(intptr_t)map_get(&m->places, e) - 1; }

static void make_step(const Expr *e, void *data) {
    Making *m = data;
    Step s = { .expr = e, .arg = NEW_ARRAY(int, e->n + 1) };
    if (e->kind == X_INDEX)
        for (int k = 0; k < m->run->n; k++)
            if (m->run->counter[k].index == e->index) s.level = k + 1;
    for (int k = 0; k < e->n; k++) {
        s.arg[k] = place_of(m, e->arg[k]);
        if (m->steps.at[s.arg[k]].level > s.level) s.level = m->steps.at[s.arg[k]].level;
    }
    if (e->kind == X_READ) {
        s.array = evaluation_array(m->run->evaluation, e->tensor);
        s.extent = NEW_ARRAY(int64_t, e->n + 1);
        for (int k = 0; k < e->tensor->rank; k++)
            s.extent[k] = extent_now(m->run->evaluation, e->tensor->dim[k].extent, e->tensor->dim[k].count);
    }
    PUSH(m->steps, s);
    map_put(&m->places, e, (void *)(intptr_t)m->steps.n);
}

static Run *run_new(Evaluation *evaluation, const Equation *e) {
    Run *r = NEW(Run);
    *r = (Run){ .evaluation = evaluation, .equation = e, .n = e->n_free + e->n_bound, .fixed = -1 };
    r->counter = NEW_ARRAY(Counter, r->n + 1);
    for (int k = 0; k < r->n; k++) {
        const Index *i = k < e->n_free ? e->free[k] : e->bound[k - e->n_free];
        r->counter[k] = (Counter){ i, 0, extent_now(evaluation, i->extent, i->count) };
        if (e->scan && i == e->scan_index) r->fixed = k;
    }
    r->out = evaluation_array(evaluation, e->out);
    Making m = { .run = r };
    visit_nodes(e->body, make_step, &m);
    /* sorted by level, and what the steps say of each other's places with them */
    int *moved = NEW_ARRAY(int, m.steps.n);
    r->first = NEW_ARRAY(int, r->n + 2);
    for (int level = 0; level <= r->n; level++) {
        r->first[level] = r->steps.n;
        for (int k = 0; k < m.steps.n; k++)
            if (m.steps.at[k].level == level) {
                moved[k] = r->steps.n;
                PUSH(r->steps, m.steps.at[k]);
            }
    }
    r->first[r->n + 1] = r->steps.n;
    for (int k = 0; k < r->steps.n; k++)
        for (int j = 0; j < r->steps.at[k].expr->n; j++) r->steps.at[k].arg[j] = moved[r->steps.at[k].arg[j]];
    r->root = moved[place_of(&m, e->body)];
    return r;
}

/* --- one element --- */

static double read_value(const Run *r, const Step *s) {
    const Tensor *t = s->expr->tensor;
    int64_t offset = 0;
    for (int k = 0; k < t->rank; k++) {
        double sub = r->steps.at[s->arg[k]].value;
        if (!(sub >= 0 && sub < (double)s->extent[k])) return s->expr->guarded ? r->steps.at[s->arg[t->rank]].value : NAN;
        offset = offset * t->dim[k].extent + (int64_t)sub;
    }
    return s->array[offset];
}

static double value_of(const Run *r, const Step *s) {
    const Expr *e = s->expr;
    const Step *step = r->steps.at;
    double sum;
    switch (e->kind) {
    case X_NUM: return e->num;
    case X_INT: return (double)e->integer;
    case X_INDEX: return (double)r->counter[s->level - 1].value;
    case X_SUM:
        sum = (double)e->integer;
        for (int k = 0; k < e->n; k++) sum += (double)e->factor[k] * step[s->arg[k]].value;
        return sum;
    case X_READ: return read_value(r, s);
    case X_OP: return op_value(e->op, step[s->arg[0]].value, e->n > 1 ? step[s->arg[1]].value : 0);
    case X_WHERE: return step[s->arg[0]].value != 0 ? step[s->arg[1]].value : step[s->arg[2]].value;
    case X_REAL: return step[s->arg[0]].value;
    case X_RANDOM:
        return nn_uniform(nn_key(r->evaluation->seed, r->evaluation->step, e->site->key), (uint64_t)step[s->arg[0]].value);
    }
    return NAN;
}

static void evaluate_level(Run *r, int level) {
    for (int k = r->first[level]; k < r->first[level + 1]; k++) r->steps.at[k].value = value_of(r, &r->steps.at[k]);
}

/* Row-major, at the full extents, of the counters from `from` up to `to`. */
static int64_t offset_of(const Run *r, int from, int to) {
    int64_t offset = 0;
    for (int k = from; k < to; k++) offset = offset * r->counter[k].index->extent + r->counter[k].value;
    return offset;
}

/* A NaN wins, then the first of the best. */
static void compete(Run *r, double value, bool largest) {
    bool better = largest ? value > r->result : value < r->result;
    if (r->winner >= 0 && (isnan(r->result) || !(better || isnan(value)))) return;
    r->result = value;
    r->winner = offset_of(r, r->equation->n_free, r->n);
}

static void start(Run *r) {
    Reduce op = r->equation->op;
    r->winner = -1;
    r->result = op == REDUCE_PROD ? 1 : op == REDUCE_MAX ? -INFINITY : op == REDUCE_MIN ? INFINITY : 0;
}

static void take(Run *r, double value) {
    switch (r->equation->op) {
    case REDUCE_NONE: r->result = value; break;
    case REDUCE_SUM: r->result += value; break;
    case REDUCE_PROD: r->result *= value; break;
    case REDUCE_MAX: case REDUCE_ARGMAX: compete(r, value, true); break;
    case REDUCE_MIN: case REDUCE_ARGMIN: compete(r, value, false); break;
    }
}

static void finish(Run *r) {
    bool place = r->equation->op == REDUCE_ARGMAX || r->equation->op == REDUCE_ARGMIN;
    r->out[offset_of(r, 0, r->equation->n_free)] = place ? (double)(r->winner < 0 ? 0 : r->winner) : r->result;
}

/* All elements, once the counters before `depth` have their values. */
static void run_from(Run *r, int depth) {
    bool element = depth == r->equation->n_free;
    evaluate_level(r, depth);
    if (element) start(r);
    if (depth == r->n) take(r, r->steps.at[r->root].value);
    else {
        Counter *c = &r->counter[depth];
        if (depth == r->fixed) run_from(r, depth + 1);
        else
            for (c->value = 0; c->value < c->extent; c->value++) run_from(r, depth + 1);
    }
    if (element) finish(r);
}

/* --- programs --- */

static void run_scan(Evaluation *e, Equation *const *member, int n) {
    Run **run = NEW_ARRAY(Run *, n);
    for (int k = 0; k < n; k++) run[k] = run_new(e, member[k]);
    int64_t times = run[0]->counter[run[0]->fixed].extent;
    for (int64_t t = 0; t < times; t++)
        for (int k = 0; k < n; k++) {
            run[k]->counter[run[k]->fixed].value = member[k]->scan_down ? times - 1 - t : t;
            run_from(run[k], 0);
        }
}

void evaluation_run(Evaluation *e) {
    const Equations *list = &e->program->equations;
    for (int k = 0, n; k < list->n; k += n) {
        for (n = 1; list->at[k]->scan && k + n < list->n && list->at[k + n]->scan == list->at[k]->scan; n++) continue;
        if (list->at[k]->scan) run_scan(e, list->at + k, n);
        else run_from(run_new(e, list->at[k]), 0);
    }
}
