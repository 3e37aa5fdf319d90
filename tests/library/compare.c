/* Runs generated programs on stored numbers and compares what they give with PyTorch's.
 *
 *     compare < values.txt          (linked with the table `models`, which library.sh writes)
 *
 * values.txt is a list of orders, one a line; make_values.py writes it:
 *
 *     model NAME TOLERANCE      the program from now on, with first values; errors up to that much are allowed,
 *                               relative to the largest number of the line
 *     input NAME v v ...        an input or a target, all samples
 *     set NAME v v ...          a parameter, or a state
 *     loss N v                  gradients() of N samples gives this loss
 *     evaluate N v              evaluate() does
 *     grad NAME v v ...         and then this gradient
 *     update                    update()
 *     value NAME v v ...        a parameter or a state is now this
 *     predict N NAME v v ...    an output of N samples
 *     metric I v                the metric with this number */
#include <math.h>
#include <nn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const nn_model *const models[];

enum { MOST_VALUES = 4096, MOST_INPUTS = 8 };

static const nn_model *model;
static char *instance;
static void *inputs[MOST_INPUTS];
static double given[MOST_VALUES];
static int n_given;
static double tolerance;
static int passed, failed, failed_here;

static void bad(const char *what, const char *name) {
    fprintf(stderr, "compare: %s: %s\n", what, name);
    exit(2);
}
static size_t elements(const nn_tensor *t) {
    size_t n = 1;
    for (int d = 0; d < t->rank; d++) n *= (size_t)t->dim[d];
    return n;
}
static const nn_tensor *named(const nn_tensor *list, int n, const char *name) {
    for (int i = 0; i < n; i++)
        if (strcmp(list[i].name, name) == 0) return &list[i];
    return NULL;
}
static const nn_tensor *memory_of(const char *name) {
    const nn_tensor *t = named(model->params, model->n_params, name);
    if (!t) t = named(model->states, model->n_states, name);
    if (!t) bad(model->name, name);
    return t;
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

/* Checks got[0 .. n_given) against the numbers of the line; an order of the size of rounding at the largest is allowed. */
static void check(const char *what, const char *name, const double *got, size_t n) {
    double scale = 0, worst = 0;
    size_t where = 0;
    if (n != (size_t)n_given) bad("another number of values", name);
    for (size_t i = 0; i < n; i++) scale = fmax(scale, fabs(given[i]));
    scale = fmax(scale, 1e-3);                                  /* gradients that are 0 but for rounding */
    for (size_t i = 0; i < n; i++) {
        double error = got[i] == given[i] ? 0 : fabs(got[i] - given[i]) / scale;
        if (!(error <= worst)) worst = error, where = i;
    }
    if (worst <= tolerance) return;
    printf("FAIL %s: %s %s[%zu] is %.17g, PyTorch gives %.17g\n", model->name, what, name, where, got[where], given[where]);
    failed_here = 1;
}
static void close_model(void) {
    if (!model) return;
    if (failed_here) failed++; else passed++;
    for (int k = 0; k < MOST_INPUTS; k++) free(inputs[k]), inputs[k] = NULL;
    free(instance);
    failed_here = 0;
}
static void open_model(const char *name) {
    close_model();
    for (int i = 0; (model = models[i]) && strcmp(model->name, name) != 0;) i++;
    if (!model) bad("there is no model", name);
    instance = malloc(model->size);
    if (!instance || model->n_inputs + model->n_targets > MOST_INPUTS) bad("no room for", name);
    for (int k = 0; k < model->n_inputs + model->n_targets; k++)
        if (!(inputs[k] = calloc((size_t)model->batch * elements(&model->inputs[k]), 8))) bad("no room for", name);
    model->init(instance, 1);
}
static void predict(int n, const char *name) {
    double *outputs[MOST_INPUTS] = { 0 };
    void *work = malloc(model->predict_size + 1);
    if (!work || model->n_outputs > MOST_INPUTS) bad("no room for", name);
    for (int k = 0; k < model->n_outputs; k++)
        if (!(outputs[k] = calloc((size_t)model->batch * elements(&model->outputs[k]), 8))) bad("no room for", name);
    model->predict(instance, work, n, (const void *const *)inputs, (void *const *)outputs);
    int found = 0;
    for (int k = 0; k < model->n_outputs; k++) {
        if (strcmp(model->outputs[k].name, name) == 0) check("output", name, outputs[k], (size_t)n * elements(&model->outputs[k])), found = 1;
        free(outputs[k]);
    }
    if (!found) bad("no such output", name);
    free(work);
}

static void obey(char *line) {
    char order[16], name[256] = "";
    int n = 0, read = 0;
    if (sscanf(line, "%15s%n", order, &read) != 1 || order[0] == '#') return;
    line += read;
    if (strcmp(order, "model") == 0) {
        if (sscanf(line, "%255s %lf", name, &tolerance) != 2) bad("not understood", line);
        open_model(name);
        return;
    }
    if (strcmp(order, "update") == 0) { model->update(instance); return; }
    int counted = strcmp(order, "loss") == 0 || strcmp(order, "evaluate") == 0 || strcmp(order, "predict") == 0 || strcmp(order, "metric") == 0;
    if (counted && sscanf(line, "%d%n", &n, &read) == 1) line += read;
    if ((!counted || strcmp(order, "predict") == 0) && sscanf(line, "%255s%n", name, &read) == 1) line += read;
    char *end;
    for (n_given = 0; n_given < MOST_VALUES; line = end) {
        given[n_given] = strtod(line, &end);
        if (end == line) break;
        n_given++;
    }
    const void *const *all = (const void *const *)inputs;
    if (strcmp(order, "input") == 0) {
        const nn_tensor *t = named(model->inputs, model->n_inputs + model->n_targets, name);
        if (!t || (size_t)n_given > (size_t)model->batch * elements(t)) bad("no such input", name);
        for (int i = 0; i < n_given; i++) put(inputs[t - model->inputs], t->type, (size_t)i, given[i]);
    } else if (strcmp(order, "set") == 0) {
        const nn_tensor *t = memory_of(name);
        if ((size_t)n_given != elements(t)) bad("another number of values", name);
        for (int i = 0; i < n_given; i++) put(instance + t->offset, t->type, (size_t)i, given[i]);
    } else if (strcmp(order, "value") == 0) {
        const nn_tensor *t = memory_of(name);
        check("value of", name, (const double *)(instance + t->offset), elements(t));
    } else if (strcmp(order, "grad") == 0) {
        const nn_tensor *t = named(model->grads, model->n_grads, name);
        if (!t) bad("no gradient of", name);
        check("gradient of", name, (const double *)(instance + t->offset), elements(t));
    } else if (strcmp(order, "loss") == 0) {
        double loss = model->gradients(instance, n, all);
        check("loss", "", &loss, 1);
    } else if (strcmp(order, "evaluate") == 0) {
        double loss = model->evaluate(instance, n, all);
        check("evaluated loss", "", &loss, 1);
    } else if (strcmp(order, "predict") == 0) {
        predict(n, name);
    } else if (strcmp(order, "metric") == 0) {
        double values[MOST_INPUTS];
        model->metrics_of(instance, values);
        check("metric", model->metrics[n], &values[n], 1);
    } else {
        bad("no such order", order);
    }
}

int main(void) {
    static char line[1 << 17];
    if (sizeof(nn_real) != sizeof(double)) bad("compile with", "-DNN_DOUBLE");
    while (fgets(line, sizeof line, stdin)) obey(line);
    close_model();
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
