/* Runs generated programs on stored numbers and compares what they give with PyTorch's.
 *
 *     compare < AREA.txt          (linked with the table `models`, which library.sh writes)
 *
 * AREA.txt is a list of orders, one a line; cases.py writes it:
 *
 *     case NAME DOUBLE FLOAT CALL   the program NAME from now on, with first values; errors up to DOUBLE, or FLOAT in a build
 *                                   of floats, are allowed, relative to the largest number of the line; CALL is for messages
 *     input NAME v v ...            an input or a target, all samples
 *     set NAME v v ...              a parameter, a state or an average
 *     step T, epoch T               the count of updates, of epochs
 *     loss N [v]                    gradients() of N samples gives this loss, and again the same
 *     grad NAME v v ...             and then this gradient
 *     differences N                 the gradients of N samples are those of central differences (not in a build of floats)
 *     evaluate N [v]                evaluate() gives this loss
 *     update                        update()
 *     reset                         forgets what metrics have gathered
 *     average, end                  the end of an epoch, before its evaluation and after it
 *     value NAME v v ...            a parameter, a state or an average is now this
 *     within NAME LOW HIGH          its values lie from LOW to HIGH, and come near both
 *     predict N NAME v v ...        an output of N samples
 *     metric I v                    the metric with this number
 *
 * A case that goes wrong is told by its CALL, and its further orders are passed over, as are those without a program. */
#include <math.h>
#include <nn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const nn_model *const models[];

enum { MOST_VALUES = 8192, MOST_INPUTS = 8, SECONDS = 20 };

static const nn_model *model;                       /* none when the case has failed, or there is none yet */
static char call[512];
static char *instance, *before;                     /* before: a copy, to go back to */
static void *inputs[MOST_INPUTS];
static double given[MOST_VALUES], got[MOST_VALUES];
static int n_given;
static double tolerance;
static int passed, failed;

static const char *build(void) { return sizeof(nn_real) == sizeof(double) ? "" : " (in float)"; }

static void close_model(void) {
    if (!model) return;
    for (int k = 0; k < MOST_INPUTS; k++) free(inputs[k]), inputs[k] = NULL;
    free(instance);
    free(before);
    model = NULL;
}
/* The case is over. */
static void wrong(const char *what, const char *name) {
    printf("FAIL %s%s: %s %s\n", call, build(), what, name);
    failed++;
    close_model();
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
    return t ? t : named(model->averages, model->n_averages, name);
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
static double taken(const void *array, nn_type type, size_t i) {
    switch (type) {
    case NN_F32: return ((const float *)array)[i];
    case NN_F64: return ((const double *)array)[i];
    case NN_U8: return ((const unsigned char *)array)[i];
    case NN_I32: return ((const int32_t *)array)[i];
    case NN_I64: return (double)((const int64_t *)array)[i];
    }
    return NAN;
}

/* Checks n numbers of an array against those of the line. */
static void check(const char *what, const char *name, const void *array, nn_type type, size_t n) {
    /* What is nothing but rounding, say a gradient of 0, is of the order of the numbers it was made of. */
    double scale = sizeof(nn_real) == sizeof(double) ? 1e-3 : 0.1, worst = 0;
    size_t where = 0;
    if (n != (size_t)n_given) { wrong("another number of values of", name); return; }
    for (size_t i = 0; i < n; i++) if (isfinite(given[i])) scale = fmax(scale, fabs(given[i]));
    for (size_t i = 0; i < n; i++) {
        double value = got[i] = taken(array, type, i);
        double error = value == given[i] || (isnan(value) && isnan(given[i])) ? 0 : fabs(value - given[i])/scale;
        if (!(error <= worst)) worst = error, where = i;
    }
    if (worst <= tolerance) return;
    char text[256];
    snprintf(text, sizeof text, "%s[%zu] is %.17g, PyTorch gives %.17g (off by %.1e)", name, where, got[where], given[where], worst);
    wrong(what, text);
}

static void open_model(const char *name) {
    for (int i = 0; (model = models[i]) && strcmp(model->name, name) != 0;) i++;
    if (!model) return;                                         /* nnc or the C compiler has refused it: library.sh says so */
    instance = malloc(model->size);
    before = malloc(model->size);
    if (!instance || !before || model->n_inputs + model->n_targets > MOST_INPUTS) { wrong("no room for", name); return; }
    for (int k = 0; k < model->n_inputs + model->n_targets; k++)
        if (!(inputs[k] = calloc((size_t)model->batch * elements(&model->inputs[k]), 8))) { wrong("no room for", name); return; }
    model->init(instance, 1);
}

static double loss_of(int n) { return model->gradients(instance, n, NULL, (const void *const *)inputs); }

/* Twice from the same memory: what is random depends on the seed, the step and the place only. */
static void train(int n) {
    memcpy(before, instance, model->size);
    double first = loss_of(n);
    memcpy(instance, before, model->size);
    double loss = loss_of(n);
    if (memcmp(&first, &loss, sizeof loss) != 0) { wrong("the loss of a second call is another", ""); return; }
    if (n_given) check("loss", "", &loss, NN_F64, 1);
}

static double moved(int n, const nn_tensor *p, size_t i, double value) {
    memcpy(instance, before, model->size);
    put(instance + p->offset, p->type, i, value);
    return loss_of(n);
}
/* The gradients of all parameters against central differences of the loss. The memory is as before in the end. */
static void differentiate(int n) {
    if (sizeof(nn_real) != sizeof(double)) return;
    memcpy(before, instance, model->size);
    double loss = loss_of(n);
    for (int k = 0; k < model->n_grads; k++) {
        const nn_tensor *g = &model->grads[k], *p = named(model->params, model->n_params, g->name);
        size_t count = elements(g), where = 0;
        double scale = 1e-3, worst = 0;
        if (!p || count > MOST_VALUES) { wrong("no differences of", g->name); return; }
        memcpy(instance, before, model->size);
        loss_of(n);
        for (size_t i = 0; i < count; i++) got[i] = taken(instance + g->offset, g->type, i), scale = fmax(scale, fabs(got[i]));
        for (size_t i = 0; i < count; i++) {
            double at = taken(before + p->offset, p->type, i), h = 1e-5*fmax(1, fabs(at));
            given[i] = (moved(n, p, i, at + h) - moved(n, p, i, at - h))/(2*h);
            double error = fabs(got[i] - given[i])/scale;
            if (!(error <= worst)) worst = error, where = i;
        }
        if (worst <= 1e-6 + 1e-10*fabs(loss)/scale) continue;
        char text[256];
        snprintf(text, sizeof text, "%s[%zu] is %.10g, central differences give %.10g", g->name, where, got[where], given[where]);
        wrong("gradient of", text);
        return;
    }
    memcpy(instance, before, model->size);
}

static void predict(int n, const char *name) {
    void *outputs[MOST_INPUTS] = { 0 }, *work = malloc(model->predict_size + 1);
    if (!work || model->n_outputs > MOST_INPUTS) { wrong("no room for", name); return; }
    const nn_tensor *t = named(model->outputs, model->n_outputs, name);
    for (int k = 0; k < model->n_outputs; k++) outputs[k] = calloc((size_t)model->batch * elements(&model->outputs[k]), 8);
    int n_outputs = model->n_outputs;
    if (t) {
        const void *output = outputs[t - model->outputs];
        model->predict(instance, NULL, work, n, NULL, (const void *const *)inputs, (void *const *)outputs);
        check("output", name, output, t->type, (size_t)n * elements(t));
    } else {
        wrong("no output", name);
    }
    for (int k = 0; k < n_outputs; k++) free(outputs[k]);
    free(work);
}

/* n random numbers of an array lie between two, and come near both: within a tenth of what is between. */
static void check_within(const char *name, const void *array, nn_type type, size_t n) {
    double low = INFINITY, high = -INFINITY, near = (given[1] - given[0])/10;
    for (size_t i = 0; i < n; i++) low = fmin(low, taken(array, type, i)), high = fmax(high, taken(array, type, i));
    double rounding = sizeof(nn_real) == sizeof(double) ? 0 : 1e-6*(given[1] - given[0]);
    if (low >= given[0] - rounding && low <= given[0] + near && high <= given[1] + rounding && high >= given[1] - near) return;
    char text[256];
    snprintf(text, sizeof text, "%s is from %.9g to %.9g, and not from %.9g to %.9g", name, low, high, given[0], given[1]);
    wrong("what is drawn:", text);
}

/* An order about memory or an input: the array of that name takes the numbers, or is compared with them. */
static void array_order(const char *order, const char *name) {
    int is_input = strcmp(order, "input") == 0, is_grad = strcmp(order, "grad") == 0;
    const nn_tensor *t = is_input ? named(model->inputs, model->n_inputs + model->n_targets, name)
                       : is_grad  ? named(model->grads, model->n_grads, name) : memory_of(name);
    if (!t) { wrong("there is no", name); return; }
    char *array = is_input ? inputs[t - model->inputs] : instance + t->offset;
    size_t most = is_input ? (size_t)model->batch * elements(t) : elements(t);
    if (is_grad || strcmp(order, "value") == 0) { check(is_grad ? "gradient of" : "value of", name, array, t->type, most); return; }
    if (strcmp(order, "within") == 0) { check_within(name, array, t->type, most); return; }
    if ((size_t)n_given > most || (!is_input && (size_t)n_given < most)) { wrong("another number of values of", name); return; }
    for (int i = 0; i < n_given; i++) put(array, t->type, (size_t)i, given[i]);
}

static void obey(const char *order, int n, const char *name) {
    const void *const *all = (const void *const *)inputs;
    if (strcmp(order, "loss") == 0) {
        train(n);
    } else if (strcmp(order, "differences") == 0) {
        differentiate(n);
    } else if (strcmp(order, "update") == 0) {
        model->update(instance);
    } else if (strcmp(order, "reset") == 0) {
        model->reset(instance);
    } else if (strcmp(order, "average") == 0) {
        if (model->average) model->average(instance);
    } else if (strcmp(order, "end") == 0) {
        if (model->epoch) model->epoch(instance);
        else *(int64_t *)(instance + model->epoch_offset) += 1;
    } else if (strcmp(order, "step") == 0) {
        put(instance + model->step_offset, NN_I64, 0, n);
    } else if (strcmp(order, "epoch") == 0) {
        put(instance + model->epoch_offset, NN_I64, 0, n);
    } else if (strcmp(order, "evaluate") == 0) {
        double loss = model->evaluate(instance, n, NULL, all);
        if (n_given) check("evaluated loss", "", &loss, NN_F64, 1);
    } else if (strcmp(order, "predict") == 0) {
        predict(n, name);
    } else if (strcmp(order, "metric") == 0) {
        double values[64];
        if (n >= model->n_metrics || model->n_metrics > 64) { wrong("no such metric", ""); return; }
        model->metrics_of(instance, values);
        check("metric", model->metrics[n], &values[n], NN_F64, 1);
    } else {
        array_order(order, name);
    }
}

/* A line is an order, a number or a name or both, then numbers. */
static void read_order(char *line) {
    char order[16], name[256] = "", *end;
    int n = 0, read = 0;
    if (sscanf(line, "%15s%n", order, &read) != 1 || order[0] == '#') return;
    line += read;
    if (strcmp(order, "case") == 0) {
        double in_double, in_float;
        if (model) passed++;
        close_model();
        if (sscanf(line, "%255s %lf %lf %511[^\n]", name, &in_double, &in_float, call) != 4) { wrong("not understood:", line); return; }
        tolerance = sizeof(nn_real) == sizeof(double) ? in_double : in_float;
        alarm(SECONDS);
        open_model(name);
        return;
    }
    if (!model) return;
    int is_named = strcmp(order, "input") == 0 || strcmp(order, "set") == 0 || strcmp(order, "grad") == 0 ||
                   strcmp(order, "value") == 0 || strcmp(order, "within") == 0;
    if (!is_named && sscanf(line, "%d%n", &n, &read) == 1) line += read;
    if ((is_named || strcmp(order, "predict") == 0) && sscanf(line, "%255s%n", name, &read) == 1) line += read;
    for (n_given = 0; n_given < MOST_VALUES; line = end) {
        given[n_given] = strtod(line, &end);
        if (end == line) break;
        n_given++;
    }
    obey(order, n, name);
}

static void broken(int number) {
    const char *text = number == SIGALRM ? ": does not come to an end\n" : ": the program crashed\n";
    if (write(1, "FAIL ", 5) < 0 || write(1, call, strlen(call)) < 0 || write(1, text, strlen(text)) < 0) _exit(2);
    _exit(2);
}

int main(void) {
    static char line[1 << 18];
    const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGALRM };
    for (int i = 0; i < 6; i++) signal(signals[i], broken);
    setvbuf(stdout, NULL, _IOLBF, 0);
    while (fgets(line, sizeof line, stdin)) read_order(line);
    if (model) passed++;
    close_model();
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
