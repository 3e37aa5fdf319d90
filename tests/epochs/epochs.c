/* Performs the script of values.txt on the models of models.nn, through their tables, and compares what they come to. */
#include <nn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const nn_model *const models[];
static const nn_model *m;
static void *instance;
static int passed, failed;

static const nn_tensor *find(const char *path) {
    const nn_tensor *const lists[] = { m->params, m->averages, m->states };
    const int counts[] = { m->n_params, m->n_averages, m->n_states };
    for (int l = 0; l < 3; l++)
        for (int k = 0; k < counts[l]; k++)
            if (!strcmp(lists[l][k].name, path)) return &lists[l][k];
    return NULL;
}

static size_t elements(const nn_tensor *t) {
    size_t n = 1;
    for (int d = 0; d < t->rank; d++) n *= (size_t)t->dim[d];
    return n;
}

static void judge(int good, const char *line) {
    if (good) passed++;
    else if (failed++ < 10) printf("%s: %.100s\n", m ? m->name : "no model", line);
}

static int is_near(double x, double wanted) { return fabs(x - wanted) <= 1e-11 * fmax(1, fabs(wanted)); }

/* The numbers of one sample after another, first of all the inputs, then of the targets. */
static double call(char *at, double (*function)(void *, int, const int *, const void *const *)) {
    static nn_real numbers[4][64];
    const void *arrays[4];
    int n = (int)strtol(at, &at, 10);
    for (int k = 0; k < m->n_inputs + m->n_targets; k++) {
        for (size_t i = 0; i < (size_t)n * elements(&m->inputs[k]); i++) numbers[k][i] = strtod(at, &at);
        arrays[k] = numbers[k];
    }
    return function(instance, n, NULL, arrays);
}

static void perform(char *line) {
    char word[64], path[128] = "";
    int used = 0, at = 0;
    sscanf(line, "%63s %n%127s %n", word, &at, path, &used);
    if (!strcmp(word, "model")) {
        m = NULL;
        for (int k = 0; models[k]; k++)
            if (!strcmp(models[k]->name, path)) m = models[k];
        free(instance);
        instance = m ? calloc(1, m->size) : NULL;
        if (m) m->init(instance, 1);
        judge(m != NULL, line);
    } else if (!strcmp(word, "set") || !strcmp(word, "near")) {
        const nn_tensor *t = find(path);
        nn_real *place = t ? (nn_real *)((char *)instance + t->offset) : NULL;
        char *number = line + used;
        int good = t != NULL;
        for (size_t k = 0; t && k < elements(t); k++) {
            double x = strtod(number, &number);
            if (*word == 's') place[k] = x;
            else good = good && is_near(place[k], x);
        }
        judge(good, line);
    } else if (!strcmp(word, "step")) {
        judge(isfinite(call(line + at, m->gradients)), line);
        m->update(instance);
    } else if (!strcmp(word, "loss")) {
        double wanted = strtod(path, NULL), loss = call(line + used, m->evaluate);
        judge(isnan(wanted) || is_near(loss, wanted), line);
    } else if (!strcmp(word, "begin")) {
        m->reset(instance);
    } else if (!strcmp(word, "average")) {
        judge(m->average != NULL, line);
        if (m->average) m->average(instance);
    } else if (!strcmp(word, "epoch")) {
        int64_t epoch;
        char *place = (char *)instance + m->epoch_offset;
        memcpy(&epoch, place, sizeof epoch);
        epoch += 1;
        if (m->epoch) m->epoch(instance);
        else memcpy(place, &epoch, sizeof epoch);
        judge(memcmp(place, &epoch, sizeof epoch) == 0, line);
    } else judge(0, line);
}

int main(void) {
    static char line[4096];
    while (fgets(line, sizeof line, stdin)) perform(line);
    free(instance);
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
