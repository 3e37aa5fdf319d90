/* One model, computed in every way that there is.
 *
 *     equations as elaborated     in the reference evaluator: what is right
 *     its loss                    by central differences along a random direction for each parameter: the gradients
 *     equations simplified        in the reference evaluator
 *     loops: plain, fast, BLAS    in the evaluator of loop trees
 *     C: plain, fast              written for check.c
 *
 * Each way lives through the same story: first values, then other parameters, two steps with other numbers of samples, a
 * pass of evaluation, predictions. What it gives is a list of items, and these are compared.
 *
 * How near is near enough? The story is told twice more with parameters and inputs moved by about 1e-12 of themselves. An
 * item that moves by d when its origins do is known to some hundred d only: sums in another order are moves of 1e-16. */
#include "../../compiler/elaborate/elaborate.h"
#include "../../compiler/equations/map.h"
#include "../../compiler/language/files.h"
#include "property.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef enum { ELABORATED, SIMPLIFIED, PLAIN, FAST, BLAS, WAYS } Way;
static const char *const way_names[] = {"as elaborated", "simplified", "plain loops", "fast loops", "loops with BLAS"};

enum { SEED = 7, STEPS = 2 };

typedef struct { const char *what; int64_t n; double *value; } Item;
typedef struct { LIST(Item) items; bool finite; } Record;

typedef struct {
    Model *model;
    Way way;
    const Schedule *schedule[ENTRY_COUNT];
    Map memory;                                 /* Tensor -> its numbers, kept from call to call */
    int64_t step;
    double moved;                               /* parameters and inputs are moved by this part of themselves */
    uint64_t direction;                         /* a seed for the moves */
    const Tensor *pushed;                       /* a parameter that goes along its direction by `by` */
    double by;
    Record *record;
    uint64_t seed;
    int lengths;                                /* changes to change them */
    FILE *to;                                   /* check.c's orders, or NULL */
} World;

static int64_t size_of(const Tensor *t) {
    int64_t n = 1;
    for (int k = 0; k < t->rank; k++) n *= t->dim[k].extent;
    return n;
}
static int64_t used_of(const Tensor *t, int64_t n) {
    return t->rank && t->dim[0].count ? size_of(t) / t->dim[0].extent * n : size_of(t);
}
/* The length in this call. */
static int64_t length_now(const World *w, int k) {
    const Tensor *t = w->model->lengths.at[k];
    return 1 + (int64_t)((w->seed + (uint64_t)w->lengths*(uint64_t)(k + 3)) % (uint64_t)t->hi);
}
static int64_t count_now(const World *w, const Tensor *count, int64_t n) {
    for (int k = 0; k < w->model->lengths.n; k++)
        if (w->model->lengths.at[k] == count) return length_now(w, k);
    return n;
}
/* Whether a call for n samples has element i of t. */
static bool is_used(const World *w, const Tensor *t, int64_t i, int64_t n) {
    for (int d = t->rank - 1; d >= 0; d--) {
        if (t->dim[d].count && i % t->dim[d].extent >= count_now(w, t->dim[d].count, n)) return false;
        i /= t->dim[d].extent;
    }
    return true;
}
static double *memory_of(World *w, const Tensor *t) {
    double *v = map_get(&w->memory, t);
    if (v) return v;
    v = NEW_ARRAY(double, size_of(t) + 1);
    map_put(&w->memory, t, v);
    return v;
}

/* --- what is given --- */

static uint64_t name_seed(const World *w, const char *name) {
    uint64_t h = w->seed;
    for (; *name; name++) h = (h ^ (unsigned char)*name) * 1099511628211u;
    return h;
}
static double uniform(uint64_t *state) { return (double)(next_random(state) >> 11) * 0x1p-52 - 1; }

/* Real inputs are rough numbers in some models, so that there are ties, and then they are not moved. */
static void give_inputs(World *w) {
    bool rough = w->seed % 3 == 0;
    for (int k = 0; k < w->model->inputs.n; k++) {
        const Tensor *t = w->model->inputs.at[k];
        double *v = memory_of(w, t);
        uint64_t state = name_seed(w, t->name), moves = state ^ w->direction;
        for (int64_t i = 0; i < size_of(t); i++) {
            double u = uniform(&state);
            if (t->byte) v[i] = floor((u + 1) * 128);
            else if (t->type != REAL) v[i] = t->lo > -1000 && t->hi < 1000 ? (double)t->lo + floor((u + 1) / 2 * (double)(t->hi - t->lo + 1)) : floor(u * 5);
            else v[i] = rough ? round(u * 6) / 4 : 1.5 * u * (1 + w->moved * uniform(&moves));
        }
    }
}

static void give_params(World *w) {
    for (int k = 0; k < w->model->params.n; k++) {
        const Tensor *t = w->model->params.at[k];
        double *v = memory_of(w, t);
        uint64_t state = name_seed(w, t->path), moves = state ^ w->direction, push = state + 99;
        for (int64_t i = 0; i < size_of(t); i++) {
            v[i] = 0.8 * uniform(&state) * (1 + w->moved * uniform(&moves));
            if (t == w->pushed) v[i] += w->by * uniform(&push);
        }
    }
}

/* --- a call --- */

static const Tensor *named_input(const World *w, const Tensor *t) {
    for (int k = 0; k < w->model->inputs.n; k++)
        if (w->model->inputs.at[k] == t) return t;
    for (int k = 0; k < w->model->inputs.n; k++)
        if (w->model->inputs.at[k]->name == t->name) return w->model->inputs.at[k];
    return t;
}

static double *array_of(const World *w, Evaluation *e, LoopRun *r, const Tensor *t) {
    if (w->way < PLAIN) return evaluation_array(e, t);
    return loop_run_array(r, t);
}

static void keep(World *w, const Tensor *t, const double *from) {
    memcpy(memory_of(w, t), from, sizeof(double) * (size_t)size_of(t));
}

static void call(World *w, Entry entry, int64_t n) {
    const Program *p = entry_program(w->model, entry);
    Evaluation *e = w->way < PLAIN ? evaluation_new(p, SEED, (uint64_t)w->step) : NULL;
    LoopRun *r = w->way < PLAIN ? NULL : loop_run_new(w->schedule[entry], SEED, (uint64_t)w->step);
    *array_of(w, e, r, w->model->count) = (double)n;
    *array_of(w, e, r, w->model->step) = (double)w->step;
    *array_of(w, e, r, w->model->epoch) = 0;
    for (int k = 0; k < w->model->lengths.n; k++) *array_of(w, e, r, w->model->lengths.at[k]) = (double)length_now(w, k);
    for (int k = 0; k < p->equations.n; k++) {
        Exprs reads = reads_of(p->equations.at[k]->body);
        for (int j = 0; j < reads.n; j++) {
            const Tensor *t = reads.at[j]->tensor;
            if (equation_of(p, t) || t == w->model->count || t->role == ROLE_LENGTH || t == w->model->step || t == w->model->epoch) continue;
            const double *from = memory_of(w, named_input(w, t));
            double *to = array_of(w, e, r, t);
            for (int64_t i = 0; i < size_of(t); i++)
                to[i] = is_used(w, t, i, n) || t->type != REAL ? from[i] : NAN;
        }
    }
    if (e) evaluation_run(e);
    else if (w->way == FAST) loop_run_team(r, 3, 1);
    else loop_run(r);
    for (int k = 0; k < p->results.n; k++) {
        const Tensor *t = p->results.at[k];
        if (t->role == ROLE_NEXT) keep(w, t->of, array_of(w, e, r, e || t->host ? t : t->of));
        else keep(w, t, array_of(w, e, r, t));
    }
}

/* --- what came of it --- */

/* The item's numbers go to the record, and to check.c with the order that finds them. */
static void note_item(World *w, const char *what, const char *order, const Tensor *t, int64_t n) {
    Item item = {text("%s (step %d)", what, (int)w->step), used_of(t, n), NULL};
    item.value = NEW_ARRAY(double, item.n + 1);
    for (int64_t i = 0; i < item.n; i++) item.value[i] = is_used(w, t, i, n) ? memory_of(w, t)[i] : 0;
    for (int64_t i = 0; i < item.n; i++)
        if (!isfinite(item.value[i])) w->record->finite = false;
    PUSH(w->record->items, item);
    if (w->to) fprintf(w->to, "%s item %d\n", order, w->record->items.n - 1);
}
static void note_list(World *w, const char *what, char kind, int first, const Tensors *list) {
    for (int k = 0; k < list->n; k++)
        note_item(w, text("%s %s", what, list->at[k]->path ? list->at[k]->path : list->at[k]->name),
                  text("value %c %d", kind, first + k), list->at[k], 0);
}
static void note_loss(World *w, Entry entry, const char *order, int64_t n) {
    const Tensors *results = &entry_program(w->model, entry)->results;
    for (int k = 0; k < results->n; k++)
        if (results->at[k]->role == ROLE_LOSS) note_item(w, order, text("%s %d", order, (int)n), results->at[k], n);
}
static void order(const World *w, const char *format, int a) {
    if (w->to) fprintf(w->to, format, a);
}
static void order_numbers(const World *w, const char *what, int index, const Tensor *t) {
    if (!w->to) return;
    const double *v = map_get(&w->memory, t);
    fprintf(w->to, "%s %d numbers %lld", what, index, (long long)size_of(t));
    for (int64_t i = 0; i < size_of(t); i++) fprintf(w->to, " %.17g", v[i]);
    fprintf(w->to, "\n");
}

static void order_lengths(World *w) {
    w->lengths++;
    for (int k = 0; w->to && k < w->model->lengths.n; k++) fprintf(w->to, "length %d %lld\n", k, (long long)length_now(w, k));
}

static void tell_steps(World *w, const int64_t *n, int steps) {
    Model *m = w->model;
    for (int s = 0; s < steps; s++) {
        order_lengths(w);
        call(w, ENTRY_GRADIENTS, n[s]);
        note_loss(w, ENTRY_GRADIENTS, "gradients", n[s]);
        note_list(w, "gradient of", 'g', 0, &m->grads);
        note_list(w, "state", 's', 0, &m->states);
        note_list(w, "total", 't', 0, &m->totals);
        if (!m->update) continue;
        call(w, ENTRY_UPDATE, 0);
        w->step++;
        order(w, "update\n", 0);
        note_list(w, "parameter", 'p', 0, &m->params);
        note_list(w, "moment", 's', m->states.n, &m->moments);
    }
}

/* First values for the memory of one sample, and the same for those of many. */
static void begin_memories(World *w) {
    call(w, ENTRY_BEGIN, 1);
    for (int k = 0; k < w->model->memories.n; k++)
        for (int i = 0; i < w->model->begin->results.n; i++) {
            const Tensor *many = w->model->memories.at[k], *one = w->model->begin->results.at[i]->of;
            for (int64_t at = 0; one->name == many->name && at < size_of(many); at++)
                memory_of(w, many)[at] = memory_of(w, one)[at % size_of(one)];
        }
}

static void tell(World *w) {
    Model *m = w->model;
    int64_t batch = m->batch, n[STEPS] = {batch, batch > 1 ? 1 + (int64_t)(w->seed % (uint64_t)batch) : 1};
    for (int k = 0; k < m->totals.n; k++) *memory_of(w, m->totals.at[k]) = m->totals.at[k]->initial;
    for (int k = 0; k < m->totals.n; k++)
        for (int64_t i = 0; i < size_of(m->totals.at[k]); i++) memory_of(w, m->totals.at[k])[i] = m->totals.at[k]->initial;
    for (int k = 0; k < m->hypers.n; k++) *memory_of(w, m->hypers.at[k]) = m->hyper_defaults[k];
    order(w, "init %d\n", SEED);
    if (m->init) {
        call(w, ENTRY_INIT, 0);
        note_list(w, "first value of", 'p', 0, &m->params);
        note_list(w, "first value of", 's', 0, &m->states);
        note_list(w, "first value of", 's', m->states.n, &m->moments);
    }
    give_params(w);
    give_inputs(w);
    for (int k = 0; k < m->params.n; k++) order_numbers(w, "set", k, m->params.at[k]);
    for (int k = 0, inputs = 0; k < 2; k++)         /* as the table has them: inputs, then targets */
        for (int i = 0; i < m->inputs.n; i++)
            if ((m->inputs.at[i]->role == ROLE_TARGET) == (k == 1)) order_numbers(w, "input", inputs++, m->inputs.at[i]);
    if (m->gradients) tell_steps(w, n, STEPS);
    for (int k = 0; k < m->totals.n; k++)
        for (int64_t i = 0; i < size_of(m->totals.at[k]); i++) memory_of(w, m->totals.at[k])[i] = m->totals.at[k]->initial;
    order(w, "reset\n", 0);
    for (int s = 0; m->evaluate && s < STEPS; s++) {
        order_lengths(w);
        call(w, ENTRY_EVALUATE, n[1 - s]);
        note_loss(w, ENTRY_EVALUATE, "evaluate", n[1 - s]);
        note_list(w, "total", 't', 0, &m->totals);
    }
    if (m->metrics_program) {
        call(w, ENTRY_METRICS, 0);
        for (int k = 0; k < m->metrics.n; k++) note_item(w, text("metric %s", m->metrics.at[k]->name), text("metric %d", k), m->metrics.at[k], 0);
    }
    order_lengths(w);
    for (int one = 0; m->predict && one < 2; one++) {
        int64_t samples = one ? 1 : n[0];
        if (m->begin) begin_memories(w);
        order(w, "begin\n", 0);
        for (int again = 0; again <= (m->begin != NULL); again++) {     /* the second one goes on from the first */
            call(w, one ? ENTRY_PREDICT_ONE : ENTRY_PREDICT, samples);
            order(w, "predict %d\n", (int)samples);
            const Tensors *out = one ? &m->predict_one->results : &m->outputs;
            for (int k = 0; k < m->outputs.n; k++)
                note_item(w, text("%s %s", one ? "output of one" : "output", m->outputs.at[k]->name), text("output %d", k), out->at[k], samples);
        }
    }
}

static Record *story(Model *m, Way way, const Schedule *const *schedules, uint64_t seed, double moved, FILE *to) {
    World w = {.model = m, .way = way, .seed = seed, .moved = moved, .direction = moved != 0 ? (uint64_t)(moved * 1e15) : 0, .to = to};
    if (schedules) memcpy(w.schedule, schedules, sizeof w.schedule);
    w.record = NEW(Record);
    w.record->finite = true;
    tell(&w);
    return w.record;
}

/* --- comparing --- */

static double largest(const Item *a) {
    double scale = 0;
    for (int64_t i = 0; i < a->n; i++)
        if (isfinite(a->value[i])) scale = fmax(scale, fabs(a->value[i]));
    return scale;
}

/* What is allowed for each item, from the right record and two that were moved. */
static double *allowances(const Record *right, Record *const *moved, bool *loose) {
    double *allowed = NEW_ARRAY(double, right->items.n + 1);
    for (int k = 0; k < right->items.n; k++) {
        const Item *a = &right->items.at[k];
        double d = 0;
        for (int m = 0; m < 2; m++)
            for (int64_t i = 0; i < a->n; i++) {
                double by = fabs(moved[m]->items.at[k].value[i] - a->value[i]);
                d = isfinite(by) ? fmax(d, by) : isfinite(a->value[i]) ? INFINITY : d;
            }
        allowed[k] = 1e-10 * (largest(a) + 1e-3) + 300 * d;
        if (!(allowed[k] <= 1e-4 * (largest(a) + 1e-3))) *loose = true;
    }
    return allowed;
}

static bool agree(const Record *right, const Record *other, const double *allowed, const char *way) {
    bool good = true;
    for (int k = 0; k < right->items.n; k++) {
        const Item *a = &right->items.at[k], *b = &other->items.at[k];
        for (int64_t i = 0; i < a->n; i++) {
            double x = a->value[i], y = b->value[i];
            if (x == y || (isnan(x) && isnan(y)) || fabs(x - y) <= allowed[k] || allowed[k] == INFINITY) continue;
            printf("DIFFERENT, %s: %s [%lld] is %.15g, not %.15g (allowed %.1e)\n", way, a->what, (long long)i, y, x, allowed[k]);
            good = false;
            break;
        }
    }
    return good;
}

/* --- central differences --- */

static double loss_along(Model *m, uint64_t seed, const Tensor *param, double by, World *w) {
    Record record = {0};
    *w = (World){.model = m, .way = ELABORATED, .seed = seed, .pushed = param, .by = by, .record = &record};
    for (int k = 0; k < m->totals.n; k++)
        for (int64_t i = 0; i < size_of(m->totals.at[k]); i++) memory_of(w, m->totals.at[k])[i] = m->totals.at[k]->initial;
    if (m->init) call(w, ENTRY_INIT, 0);
    give_params(w);
    give_inputs(w);
    call(w, ENTRY_GRADIENTS, m->batch);
    return *memory_of(w, m->loss);
}

/* The gradient of each parameter along its direction; near a kink two step sizes disagree, and nothing is known. */
static bool differences_agree(Model *m, uint64_t seed) {
    bool good = true;
    World w;
    for (int k = 0; k < m->grads.n && k < 6; k++) {
        const Tensor *param = m->grads.at[k]->of;
        double slope[2], loss = loss_along(m, seed, param, 0, &w), got = 0, size = 0;
        uint64_t push = name_seed(&w, param->path) + 99;
        const double *g = memory_of(&w, m->grads.at[k]);
        for (int64_t i = 0; i < size_of(param); i++) {
            double d = g[i] * uniform(&push);
            got += d;
            size += fabs(d);
        }
        for (int s = 0; s < 2; s++) {
            double h = s ? 1e-5 : 4e-5;
            World there;
            slope[s] = (loss_along(m, seed, param, h, &there) - loss_along(m, seed, param, -h, &there)) / (2 * h);
        }
        double rounding = 1e-9 * fabs(loss), known = fabs(slope[0] - slope[1]);
        if (!isfinite(known) || known > 1e-3 * (size + fabs(slope[1])) + rounding) continue;
        if (fabs(got - slope[1]) <= 10 * known + 1e-5 * (size + fabs(slope[1])) + rounding) continue;
        printf("DIFFERENT, central differences: gradient of %s along a direction is %.12g, not %.12g\n", param->path, got, slope[1]);
        good = false;
    }
    return good;
}

/* --- a model --- */

static Model *model_of(const char *model_text) {
    Files files = {0};
    warning_configure("all", false);
    files_load_library(&files);
    PUSH(files.trees, parse(source_of_text("random.nn", model_text, strlen(model_text), false)));
    Model *m = error_count() ? NULL : elaborate(files.trees.at, files.trees.n, NULL, NULL, 0);
    diagnostics_print(stdout);
    return error_count() ? NULL : m;
}

static bool checked(const Model *m, const char *pass) {
    bool good = true;
    for (Entry e = 0; e < ENTRY_COUNT; e++)
        if (entry_program(m, e) && !program_check(entry_program(m, e), pass)) good = false;
    return good;
}

/* Every second fast module has entry points that threads share, with kernels as small as these models have. */
static Module *module_of(const Model *m, Way way, uint64_t seed) {
    Options options = {.plain = way == PLAIN, .blas = way == BLAS};
    const char *name = way == PLAIN ? text("%s_plain", m->name) : m->name;
    const ModuleOptions names = {.prefix = name, .header = text("%s.h", name)};
    Module *module = module_new(m, &names);
    Schedule *all[ENTRY_COUNT];
    int n = 0;
    for (Entry e = 0; e < ENTRY_COUNT; e++) {
        const Program *p = entry_program(m, e);
        bool alone = way != FAST || seed % 2 || e == ENTRY_INIT || e == ENTRY_METRICS || e == ENTRY_EPOCH || e == ENTRY_BEGIN || e == ENTRY_SURVEYED;
        options.share_from = alone ? 0 : 100;
        if (p) module->schedule[e] = all[n++] = schedule(p, &options);
    }
    share_kernels(all, n);
    return module;
}

static void write_file(const char *path, void (*print)(Writer *, const Module *), const Module *m) {
    Writer w = {0};
    print(&w, m);
    FILE *f = fopen(path, "w");
    if (!f || fputs(w.text, f) < 0 || fclose(f) != 0) perror(path);
}

/* check.c's orders: those of the story, then the numbers of its items. */
static void write_orders(const char *path, Model *m, const Record *right, const double *allowed, uint64_t seed) {
    FILE *f = fopen(path, "w");
    if (!f) { perror(path); return; }
    fprintf(f, "model %s\n", m->name);
    for (int k = 0; k < right->items.n; k++) {
        const Item *a = &right->items.at[k];
        fprintf(f, "item %d %.3g numbers %lld", k, allowed[k], (long long)a->n);
        for (int64_t i = 0; i < a->n; i++) fprintf(f, " %.17g", a->value[i]);
        fprintf(f, " %s\n", a->what);
    }
    story(m, SIMPLIFIED, NULL, seed, 0, f);
    fclose(f);
}

Outcome compare(const char *model_text, uint64_t seed, const char *directory) {
    Model *m = model_of(model_text);
    if (!m) return REFUSED;
    if (!checked(m, "elaborate")) return BROKEN;
    const Record *right = story(m, ELABORATED, NULL, seed, 0, NULL);
    Record *moved[2] = {story(m, ELABORATED, NULL, seed, 1e-12, NULL), story(m, ELABORATED, NULL, seed, 2e-12, NULL)};
    bool loose = !right->finite, good = true;
    double *allowed = allowances(right, moved, &loose);
    if (right->finite && m->gradients && !strstr(model_text, "stop(")) good = differences_agree(m, seed);
    for (Entry e = 0; e < ENTRY_COUNT; e++) {
        Program *program = (Program *)entry_program(m, e);
        if (!program) continue;
        simplify(program);
        program_order(program);
    }
    if (!checked(m, "simplify")) return BROKEN;
    good &= agree(right, story(m, SIMPLIFIED, NULL, seed, 0, NULL), allowed, way_names[SIMPLIFIED]);
    for (Way way = PLAIN; way < WAYS; way++) {
        Module *module = module_of(m, way, seed);
        good &= agree(right, story(m, way, module->schedule, seed, 0, NULL), allowed, way_names[way]);
        if (!directory || way == BLAS) continue;
        write_file(text("%s/%s.c", directory, module->prefix), module_print, module);
        write_file(text("%s/%s.h", directory, module->prefix), header_print, module);
    }
    if (directory) write_orders(text("%s/%s.txt", directory, m->name), m, right, allowed, seed);
    return !good ? DIFFERENT : loose ? LOOSE : GOOD;
}
