/* The kernels of many models in one program: what they compute for every number of samples, written down or compared.
 *
 *     check values MOVED > FILE                   the numbers of all models, in order, as doubles
 *     check compare RIGHT MOVED MOVED ROUNDED     compares with such files
 *     check threads T                             the same bits with 1 .. T threads
 *
 * Parameters and inputs are functions of their names; with MOVED each is first multiplied by 1 +- MOVED. RIGHT is of the plain
 * kernels in double. Two results of the same mathematics differ by rounding, and how much that may be is nothing that a
 * relative tolerance says: sums cancel, and the gradient of a bias before a batch norm is 0 but for rounding. So it is measured,
 * for each array of results:
 *
 *     allowed = 32u * (largest + d/MOVED + noise/u')      u: half an epsilon of the type that is compared, u' of float
 *
 * d is how far the plain double kernels go when everything that is given is moved by a relative 1e-9 (two files): the part that
 * a backward stable computation may be off by, 1u, is d/MOVED * u. noise is the largest difference between RIGHT and the plain kernels
 * in float (ROUNDED), over all numbers of samples: what cancels inside, which no movement of the inputs shows. 32u is 2e-6 in float.
 *
 * Every call sees a workspace, gradients and outputs full of NaN. The arrays of the caller, the instance and the workspace end
 * where a page ends that nothing may touch, so what is read or written behind n samples stops the program; and since that
 * leaves them without any alignment but that of their elements, none is needed. */
#define _DEFAULT_SOURCE
#include <float.h>
#include <math.h>
#include <nn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#ifdef WITH_TEAM
#include <nn_team.h>
#endif

typedef void PredictOne(const void *instance, void *work, const int *lengths, const void *const *inputs, void *const *outputs);
typedef struct { const nn_model *model; PredictOne *predict_one; } Checked;
extern const Checked checked[];

enum { MOST = 24, SINGLE = 5 };
typedef struct { char *at, *page; size_t size, pages; } Fenced;
typedef struct { int what, n; const char *name; size_t count; double *value; } Item;        /* what: the same array for other n */

static const nn_model *model;
static double moved;
static Item *items;
static size_t n_items;

/* --- memory that ends at a fence --- */

static Fenced fenced(size_t size) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = (size + page - 1) / page * page;
    Fenced f = { .size = size, .pages = pages + page };
    f.page = mmap(NULL, f.pages, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (f.page == MAP_FAILED || mprotect(f.page + pages, page, PROT_NONE) != 0) { perror("check"); exit(2); }
    f.at = f.page + pages - size;
    memset(f.page, 0xff, pages);
    return f;
}
static void release(Fenced *f) {
    if (f->page) munmap(f->page, f->pages);
    *f = (Fenced){ 0 };
}

/* --- what is given --- */

static size_t elements(const nn_tensor *t) {
    size_t n = 1;
    for (int d = 0; d < t->rank; d++) n *= (size_t)t->dim[d];
    return n;
}
static size_t bytes_of(nn_type type) { return type == NN_U8 ? 1 : type == NN_F32 || type == NN_I32 ? 4 : 8; }

static uint64_t mixed(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}
static uint64_t seed_of(const nn_tensor *t) {
    uint64_t seed = 14695981039346656037u;
    for (const char *s = t->name; *s; s++) seed = (seed ^ (unsigned char)*s) * 1099511628211u;
    return mixed(seed);
}
/* Numbers in -1 .. 1 that float holds; of a whole number, anything that it may be. */
static void give(void *array, const nn_tensor *t, size_t count, double scale, double middle) {
    uint64_t seed = seed_of(t);
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = mixed(seed + i * 0x9e3779b97f4a7c15u);
        double value = middle + scale * ((double)(bits >> 50) / 8192.0 - 1.0);
        double real = (double)(float)value * (bits & 1 ? 1 + moved : 1 - moved);
        int64_t low = t->low <= t->high ? t->low : 0, high = t->low <= t->high ? t->high : 9, whole = low + (int64_t)(bits % (uint64_t)(high - low + 1));
        switch (t->type) {
        case NN_F32: ((float *)array)[i] = (float)real; break;
        case NN_F64: ((double *)array)[i] = real; break;
        case NN_U8: ((unsigned char *)array)[i] = (unsigned char)bits; break;
        case NN_I32: ((int32_t *)array)[i] = (int32_t)whole; break;
        case NN_I64: ((int64_t *)array)[i] = whole; break;
        }
    }
}
/* Weights scale with what they sum over, gains lie around 1. */
static void give_parameters(char *instance) {
    for (int k = 0; k < model->n_params; k++) {
        const nn_tensor *t = &model->params[k];
        size_t n = elements(t), fan = t->rank > 1 ? n / (size_t)t->dim[0] : 4;
        bool gain = strstr(t->name, "gain") != NULL;
        give(instance + t->offset, t, n, gain ? 0.25 : fan < 3 ? 1.0 : 1.75 / sqrt((double)fan), gain ? 1.0 : 0.0);
    }
}

/* An instance of which nothing is known but parameters, states, totals, hyper-parameters and clocks. */
static void keep(char *to, const char *from, const nn_tensor *list, int n) {
    for (int k = 0; k < n; k++) memcpy(to + list[k].offset, from + list[k].offset, elements(&list[k]) * bytes_of(list[k].type));
}
static void renew(Fenced *to, const char *from) {
    memset(to->at, 0xff, to->size);
    keep(to->at, from, model->params, model->n_params);
    keep(to->at, from, model->states, model->n_states);
    keep(to->at, from, model->totals, model->n_totals);
    keep(to->at, from, model->hypers, model->n_hypers);
    memcpy(to->at + model->step_offset, from + model->step_offset, 8);
    memcpy(to->at + model->epoch_offset, from + model->epoch_offset, 8);
    memcpy(to->at + model->seed_offset, from + model->seed_offset, 8);
}

/* --- what is computed --- */

static void note(int what, int n, const char *name, const void *array, nn_type type, size_t count) {
    if ((n_items & (n_items - 1)) == 0) items = realloc(items, (n_items ? 2 * n_items : 1) * sizeof *items);
    Item *item = &items[n_items++];
    *item = (Item){ what, n, name, count, malloc(count * sizeof(double) + 1) };
    for (size_t i = 0; i < count; i++)
        switch (type) {
        case NN_F32: item->value[i] = (double)((const float *)array)[i]; break;
        case NN_F64: item->value[i] = ((const double *)array)[i]; break;
        case NN_I32: item->value[i] = (double)((const int32_t *)array)[i]; break;
        default: item->value[i] = 0;
        }
}
static void forget(void) {
    for (size_t k = 0; k < n_items; k++) free(items[k].value);
    free(items);
    items = NULL, n_items = 0;
}

/* All items of one model. Fences stand behind the samples of the call. */
static void compute(const Checked *c) {
    model = c->model;
    Fenced instance = fenced(model->size), inputs[MOST] = { 0 }, outputs[MOST] = { 0 }, work = { 0 };
    const void *given[MOST];
    void *results[MOST];
    int n_given = model->n_inputs + model->n_targets;
    char *first = malloc(model->size);
    model->init(instance.at, 1);
    memcpy(first, instance.at, model->size);
    give_parameters(first);
    for (int n = 1; n <= model->batch; n++) {
        int what = 0, lengths[NN_MAX_LENGTHS];
        for (int k = 0; k < model->n_lengths; k++) lengths[k] = 1 + (5*n + 3*k + 1) % model->lengths[k].most;
        for (int k = 0; k < n_given; k++) {
            const nn_tensor *t = &model->inputs[k];
            inputs[k] = fenced((size_t)n * elements(t) * bytes_of(t->type));
            give(inputs[k].at, t, (size_t)n * elements(t), 1, 0);
            given[k] = inputs[k].at;
        }
        for (int k = 0; k < model->n_outputs; k++) {
            const nn_tensor *t = &model->outputs[k];
            outputs[k] = fenced((size_t)n * elements(t) * bytes_of(t->type));
            results[k] = outputs[k].at;
        }
        renew(&instance, first);
        double loss = model->gradients(instance.at, n, lengths, given);
        note(what++, n, "loss", &loss, NN_F64, 1);
        for (int k = 0; k < model->n_grads; k++) {
            const nn_tensor *t = &model->grads[k];
            note(what++, n, t->name, instance.at + t->offset, t->type, elements(t));
        }
        for (int k = 0; k < model->n_states; k++) {
            const nn_tensor *t = &model->states[k];
            note(what++, n, t->name, instance.at + t->offset, t->type, elements(t));
        }
        if (n == model->batch && model->update) {
            model->update(instance.at);
            for (int k = 0; k < model->n_params; k++) {
                const nn_tensor *t = &model->params[k];
                note(1000 + k, n, t->name, instance.at + t->offset, t->type, elements(t));
            }
        }
        renew(&instance, first);
        loss = model->evaluate(instance.at, n, lengths, given);
        note(what++, n, "loss at rest", &loss, NN_F64, 1);
        renew(&instance, first);
        work = fenced(model->predict_size);
        model->predict(instance.at, NULL, work.at, n, lengths, given, results);
        for (int k = 0; k < model->n_outputs; k++)
            note(what++, n, model->outputs[k].name, results[k], model->outputs[k].type, (size_t)n * elements(&model->outputs[k]));
        release(&work);
        for (int k = 0; k < n_given; k++) release(&inputs[k]);
        for (int k = 0; k < model->n_outputs; k++) release(&outputs[k]);
    }
    for (int n = 1; n <= SINGLE && n <= model->batch; n++) {            /* sample n alone */
        for (int k = 0; k < model->n_inputs; k++) {
            const nn_tensor *t = &model->inputs[k];
            size_t each = elements(t) * bytes_of(t->type);
            char *all = malloc((size_t)n * each);
            inputs[k] = fenced(each);
            give(all, t, (size_t)n * elements(t), 1, 0);
            memcpy(inputs[k].at, all + (size_t)(n - 1) * each, each);
            given[k] = inputs[k].at;
            free(all);
        }
        for (int k = 0; k < model->n_outputs; k++) {
            outputs[k] = fenced(elements(&model->outputs[k]) * bytes_of(model->outputs[k].type));
            results[k] = outputs[k].at;
        }
        work = fenced(model->predict_size);
        int lengths[NN_MAX_LENGTHS];
        for (int k = 0; k < model->n_lengths; k++) lengths[k] = 1 + (2*n + 7*k) % model->lengths[k].most;
        c->predict_one(instance.at, work.at, lengths, given, results);
        for (int k = 0; k < model->n_outputs; k++) note(2000 + k, n, "output of one", results[k], model->outputs[k].type, elements(&model->outputs[k]));
        release(&work);
        for (int k = 0; k < model->n_inputs; k++) release(&inputs[k]);
        for (int k = 0; k < model->n_outputs; k++) release(&outputs[k]);
    }
    release(&instance);
    free(first);
}

/* --- comparing --- */

static FILE *files[4];                      /* right, moved, moved, rounded */
enum { RIGHT, MOVED_1, MOVED_2, ROUNDED };
static const double MOVE = 1e-9;

/* A file has for each model its name, how many numbers follow, and they. Models that are not asked for are passed over. */
typedef struct { char name[56]; uint64_t count; } Block;
static size_t count_all(void) {
    size_t n = 0;
    for (size_t k = 0; k < n_items; k++) n += items[k].count;
    return n;
}
static void write_numbers(FILE *f) {
    Block b = { .count = count_all() };
    snprintf(b.name, sizeof b.name, "%s", model->name);
    fwrite(&b, sizeof b, 1, f);
    for (size_t k = 0; k < n_items; k++) fwrite(items[k].value, sizeof(double), items[k].count, f);
}
static void find_numbers(FILE *f) {
    Block b;
    while (fread(&b, sizeof b, 1, f) == 1) {
        if (strcmp(b.name, model->name) == 0 && b.count == count_all()) return;
        if (strcmp(b.name, model->name) == 0 || fseek(f, (long)(b.count * sizeof(double)), SEEK_CUR) != 0) break;
    }
    printf("FAIL: no numbers of %s\n", model->name);
    exit(2);
}
static double *read_numbers(FILE *f, size_t count) {
    double *v = malloc(count * sizeof *v + 1);
    if (fread(v, sizeof *v, count, f) != count) { printf("FAIL: a file of numbers ends early\n"); exit(2); }
    return v;
}
static double distance(const double *a, const double *b, size_t count) {
    double most = 0;
    for (size_t i = 0; i < count; i++) {
        double d = fabs(a[i] - b[i]);
        most = d > most ? d : most;
    }
    return most;
}

static bool compare_items(int *loose) {
    static const double zero = 0;
    double noise[4096] = { 0 }, unit = sizeof(nn_real) == 8 ? DBL_EPSILON / 2 : (double)FLT_EPSILON / 2, unit_f = (double)FLT_EPSILON / 2;
    double *(*value)[4] = malloc((n_items + 1) * sizeof *value);
    bool good = true;
    for (int f = 0; f < 4; f++) find_numbers(files[f]);
    for (size_t k = 0; k < n_items; k++) {
        for (int f = 0; f < 4; f++) value[k][f] = read_numbers(files[f], items[k].count);
        double d = distance(value[k][RIGHT], value[k][ROUNDED], items[k].count);
        if (d > noise[items[k].what]) noise[items[k].what] = d;
    }
    for (size_t k = 0; k < n_items; k++) {
        const Item *x = &items[k];
        const double *right = value[k][RIGHT];
        double largest = 0;
        for (size_t i = 0; i < x->count; i++) largest = fmax(largest, distance(&right[i], &zero, 1));
        double d = fmax(distance(right, value[k][MOVED_1], x->count), distance(right, value[k][MOVED_2], x->count));
        double allowed = 32 * unit * (largest + d / MOVE + noise[x->what] / unit_f);
        *loose += allowed > 1e4 * unit * largest;
        for (size_t i = 0; good && i < x->count; i++) {
            if (fabs(x->value[i] - right[i]) <= allowed || (isnan(right[i]) && isnan(x->value[i])) || x->value[i] == right[i]) continue;
            printf("FAIL %s, n = %d: %s[%zu] is %.9g, not %.9g (allowed %.1e, the largest is %.2g)\n", model->name, x->n, x->name, i, x->value[i], right[i], allowed, largest);
            good = false;
        }
        for (size_t i = 0; good && i < x->count; i++) {
            if (isfinite(right[i])) continue;
            printf("FAIL %s, n = %d: %s[%zu] is %g in the plain kernels\n", model->name, x->n, x->name, i, right[i]);
            good = false;
        }
    }
    for (size_t k = 0; k < n_items; k++)
        for (int f = 0; f < 4; f++) free(value[k][f]);
    free(value);
    return good;
}

/* --- threads --- */

#ifdef WITH_TEAM
static bool same_bits(const Item *other) {
    for (size_t k = 0; k < n_items; k++) {
        if (memcmp(items[k].value, other[k].value, items[k].count * sizeof(double)) == 0) continue;
        printf("FAIL %s, n = %d: %s has other bits with more threads\n", model->name, items[k].n, items[k].name);
        return false;
    }
    return true;
}
static bool bits_with_threads(const Checked *c, int most) {
    nn_threads(1);
    compute(c);
    Item *one = items;
    size_t n_one = n_items;
    bool good = true;
    items = NULL, n_items = 0;
    for (int threads = 2; threads <= most && good; threads++) {
        nn_threads(threads);
        compute(c);
        good = same_bits(one);
        forget();
    }
    items = one, n_items = n_one;
    forget();
    return good;
}
#endif

int main(int argc, char **argv) {
    int passed = 0, failed = 0, loose = 0, all = 0;
    bool comparing = argc == 6 && strcmp(argv[1], "compare") == 0, threads = argc == 3 && strcmp(argv[1], "threads") == 0;
    if (!comparing && argc != 3) return 2;
    for (int f = 0; comparing && f < 4; f++)
        if (!(files[f] = fopen(argv[f + 2], "rb"))) { perror(argv[f + 2]); return 2; }
    if (!comparing) moved = strtod(argv[2], NULL);
    for (const Checked *c = checked; c->model; c++) {
        bool good = true;
        if (threads) {
#ifdef WITH_TEAM
            moved = 0;
            good = bits_with_threads(c, atoi(argv[2]));
#endif
        } else {
            if (comparing && getenv("KERNELS_VERBOSE")) printf("%s\n", c->model->name), fflush(stdout);
            compute(c);
            if (!comparing) write_numbers(stdout);
            if (comparing) good = compare_items(&loose);
            all += (int)n_items;
            forget();
        }
        fflush(stdout);
        passed += good, failed += !good;
    }
    if (comparing) printf("%d arrays, %d of them with wide bounds\n", all, loose);
    if (comparing || threads) printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
