/* Compiled models against the numbers that property.c wrote: reads its orders from standard input.
 *
 *     model NAME                         what follows is for NAME and NAME_plain; ends the one before
 *     item K TOLERANCE numbers N v ... WHAT       what will be asked for
 *     init SEED, update, reset           calls
 *     set K numbers N v ...              the parameter with this number;  input K ...: an input
 *     gradients N item K, evaluate N item K       calls whose loss is an item
 *     value KIND I item K                an array of the instance is an item: p g s t
 *     metric I item K                    so is a metric
 *     length K N                         what calls are given for a length
 *     begin                              memories for the predictions that follow
 *     predict N                          and an output:  output I item K
 * Samples after the last are NaN. */
#include <math.h>
#include <nn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const nn_model *const models[];

enum { MOST = 16 };
typedef struct { double tolerance, *value; size_t n; char *what; } Item;
typedef struct {
    const nn_model *model;
    char *instance, *memory;
    void *inputs[MOST];
    double *outputs[MOST];
    int lengths[NN_MAX_LENGTHS];
} Instance;

static Instance instance[2];
static int n_instances;
static Item *items;
static size_t n_items;
static int passed, failed, failed_here;

static size_t elements(const nn_tensor *t) {
    size_t n = 1;
    for (int d = 0; d < t->rank; d++) n *= (size_t)t->dim[d];
    return n;
}

static void close_models(void) {
    if (n_instances && failed_here) failed++;
    else if (n_instances) passed++;
    for (int k = 0; k < n_instances; k++) {
        for (int i = 0; i < MOST; i++) {
            free(instance[k].inputs[i]);
            free(instance[k].outputs[i]);
        }
        free(instance[k].instance);
        free(instance[k].memory);
    }
    for (size_t i = 0; i < n_items; i++) {
        free(items[i].value);
        free(items[i].what);
    }
    n_items = 0;
    n_instances = failed_here = 0;
    memset(instance, 0, sizeof instance);
}

static void open_models(const char *name) {
    close_models();
    for (int i = 0; models[i]; i++) {
        if (strcmp(models[i]->name, name) != 0) continue;
        Instance *x = &instance[n_instances++];
        x->model = models[i];
        x->instance = malloc(models[i]->size + 1);
        memset(x->instance, 0xff, models[i]->size);
        for (int k = 0; k < models[i]->n_inputs + models[i]->n_targets; k++)
            x->inputs[k] = calloc((size_t)models[i]->batch * elements(&models[i]->inputs[k]) + 1, 8);
        for (int k = 0; k < models[i]->n_outputs; k++)
            x->outputs[k] = calloc((size_t)models[i]->batch * elements(&models[i]->outputs[k]) + 1, 8);
    }
    if (n_instances != 2) printf("FAIL %s: %d models\n", name, n_instances), failed_here = 1;
}

static double *numbers(char **line, size_t *n) {
    *n = (size_t)strtol(*line, line, 10);
    double *v = malloc((*n + 1) * sizeof *v);
    for (size_t i = 0; i < *n; i++) v[i] = strtod(*line, line);
    return v;
}

static double get(const void *array, nn_type type, size_t i) {
    switch (type) {
    case NN_F32: return ((const float *)array)[i];
    case NN_F64: return ((const double *)array)[i];
    case NN_U8: return ((const unsigned char *)array)[i];
    case NN_I32: return ((const int32_t *)array)[i];
    case NN_I64: return (double)((const int64_t *)array)[i];
    }
    return NAN;
}
static void put(void *array, nn_type type, size_t i, double value) {
    switch (type) {
    case NN_F32: ((float *)array)[i] = (float)value; break;
    case NN_F64: ((double *)array)[i] = value; break;
    case NN_U8: ((unsigned char *)array)[i] = (unsigned char)value; break;
    case NN_I32: ((int32_t *)array)[i] = (int32_t)value; break;
    case NN_I64: ((int64_t *)array)[i] = (int64_t)value; break;
    }
}

static void compare(const Instance *x, const Item *item, const void *array, nn_type type) {
    for (size_t i = 0; i < item->n; i++) {
        double got = get(array, type, i), want = item->value[i];
        if (got == want || (isnan(got) && isnan(want)) || fabs(got - want) <= item->tolerance) continue;
        printf("FAIL C of %s%s: %s[%zu] is %.15g, not %.15g (allowed %.1e)\n", x->model->name, x == &instance[0] ? "" : ", plain",
               item->what, i, got, want, item->tolerance);
        failed_here = 1;
        return;
    }
}

/* Whether a call for n samples has element i. */
static int is_used(const Instance *x, const nn_tensor *t, size_t i, int n) {
    for (int d = t->rank - 1; d >= 0; d--) {
        if (t->length[d] && i % (size_t)t->dim[d] >= (size_t)x->lengths[t->length[d] - 1]) return 0;
        i /= (size_t)t->dim[d];
    }
    return i < (size_t)n;
}

/* The inputs of n samples: what stands after them, and behind the lengths, is NaN. */
static const void *const *given(const Instance *x, int n) {
    static double *copy[MOST];
    for (int k = 0; k < x->model->n_inputs + x->model->n_targets; k++) {
        const nn_tensor *t = &x->model->inputs[k];
        size_t each = elements(t), all = each * (size_t)x->model->batch;
        free(copy[k]);
        copy[k] = malloc(all * 8 + 8);
        memcpy(copy[k], x->inputs[k], all * 8);
        for (size_t i = 0; t->type == NN_F64 && i < all; i++)
            if (!is_used(x, t, i, n)) copy[k][i] = NAN;
    }
    return (const void *const *)copy;
}

static void begin(Instance *x) {
    size_t each = x->model->memory_size;
    if (!x->memory) x->memory = malloc(each * (size_t)x->model->batch + 1);
    memset(x->memory, 0xff, each * (size_t)x->model->batch);
    for (int i = 0; x->model->begin && i < x->model->batch; i++) x->model->begin(x->instance, x->memory + each * (size_t)i);
}

static void predict(Instance *x, int n) {
    char *work = malloc(x->model->predict_size + 1);
    memset(work, 0xff, x->model->predict_size);
    x->model->predict(x->instance, x->memory, work, n, x->lengths, given(x, n), (void *const *)x->outputs);
    free(work);
}

static void obey_one(Instance *x, const char *word, char *line) {
    const nn_model *m = x->model;
    if (strcmp(word, "init") == 0) m->init(x->instance, (uint64_t)strtol(line, NULL, 10));
    if (strcmp(word, "update") == 0) m->update(x->instance);
    if (strcmp(word, "reset") == 0) m->reset(x->instance);
    if (strcmp(word, "begin") == 0) begin(x);
    if (strcmp(word, "predict") == 0) predict(x, (int)strtol(line, NULL, 10));
    if (strcmp(word, "length") == 0) {
        int which = (int)strtol(line, &line, 10);
        x->lengths[which] = (int)strtol(line, NULL, 10);
        return;
    }
    int a = 0, k = 0;
    char kind = 0;
    size_t n;
    if (sscanf(line, " %d numbers%n", &a, &k) == 1 && k) {
        const nn_tensor *t = *word == 's' ? &m->params[a] : &m->inputs[a];
        line += k;
        double *v = numbers(&line, &n);
        for (size_t i = 0; i < n; i++) put(*word == 's' ? x->instance + t->offset : x->inputs[a], t->type, i, v[i]);
        free(v);
    } else if (sscanf(line, " %c %d item %d", &kind, &a, &k) == 3 && strcmp(word, "value") == 0) {
        const nn_tensor *t = kind == 'p' ? &m->params[a] : kind == 'g' ? &m->grads[a] : kind == 's' ? &m->states[a] : &m->totals[a];
        compare(x, &items[k], x->instance + t->offset, t->type);
    } else if (sscanf(line, " %d item %d", &a, &k) == 2) {
        double value[64];
        if (*word == 'g') *value = m->gradients(x->instance, a, x->lengths, given(x, a));
        else if (*word == 'e') *value = m->evaluate(x->instance, a, x->lengths, given(x, a));
        else if (*word == 'm') { m->metrics_of(x->instance, value); *value = value[a]; }
        else { compare(x, &items[k], x->outputs[a], m->outputs[a].type); return; }
        compare(x, &items[k], value, NN_F64);
    }
}

static void obey(char *line) {
    char word[32];
    int read = 0;
    if (sscanf(line, "%31s%n", word, &read) != 1) return;
    line += read;
    if (strcmp(word, "model") == 0) {
        line[strcspn(line, "\n")] = 0;
        open_models(line + 1);
    } else if (strcmp(word, "item") == 0) {
        items = realloc(items, (n_items + 1) * sizeof *items);
        Item *item = &items[n_items++];
        strtol(line, &line, 10);
        item->tolerance = strtod(line, &line);
        line += strlen(" numbers");
        item->value = numbers(&line, &item->n);
        line[strcspn(line, "\n")] = 0;
        item->what = strdup(line);
    } else
        for (int k = 0; k < n_instances; k++) obey_one(&instance[k], word, line);
}

int main(void) {
    char *line = NULL;
    size_t room = 0;
    if (sizeof(nn_real) != sizeof(double)) return 2;
    while (getline(&line, &room, stdin) > 0) obey(line);
    close_models();
    free(line);
    free(items);
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
