/* gradient_check.c: the command `check`: every gradient against the slope of the loss.
 *
 *     d loss / d w  =  (loss(w + h) - loss(w - h)) / 2h  +  h^2 * a third derivative  +  rounding / h
 *
 * A step is right for one number and wrong for another, and a step may cross the corner of a maximum. So three steps are tried,
 * each with the error that its rounding allows, and one agreement is enough: wrong gradients agree with none. In float the rounding
 * leaves little to see, and steps must be so wide that many cross a corner: there a tensor is wrong only if more than a quarter of its
 * numbers are. The double build of the same file (-DNN_DOUBLE) is the one to judge by.
 *
 * Initial parameters are moved a little at first. Zeros put relu exactly on its corner, where a difference is no derivative.
 *
 * SPDX-License-Identifier: 0BSD */
#include "checkpoint.h"
#include "trainer.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLED = 200, SMALL_BATCH = 4, N_STEPS = 3 };

typedef struct Check {
    const nn_model *m;
    void *instance;
    const int *lengths;
    const void *const *inputs;
    int n;
    char *states;                   /* as they were, all in one */
    bool sharp;                     /* the double build */
} Check;

static uint64_t draw(uint64_t i) {
    uint64_t z = (i + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static double uniform(uint64_t i) { return (double)(draw(i) >> 11) * 0x1p-53; }

/* gradients() moves the states of layers and may add up; each call must start from the same ones, and from nothing. */
static size_t copy_states(Check *c, bool back) {
    size_t at = 0;
    for (int i = 0; i < c->m->n_states; i++) {
        size_t size = nn_tensor_elements(&c->m->states[i]) * nn_type_size(c->m->states[i].type);
        char *place = (char *)c->instance + c->m->states[i].offset;
        if (back) memcpy(place, c->states + at, size);
        else if (c->states) memcpy(c->states + at, place, size);
        at += size;
    }
    return at;
}

static double loss_of(Check *c) {
    copy_states(c, true);
    memset((char *)c->instance + c->m->gathered_offset, 0, c->m->gathered_size);
    return c->m->gradients(c->instance, c->n, c->lengths, c->inputs);
}

static double get(const nn_tensor *t, const char *place, size_t i) {
    double x;
    nn_convert(&x, NN_F64, place + i * nn_type_size(t->type), t->type, 1);
    return x;
}

static double set(const nn_tensor *t, char *place, size_t i, double x) {
    nn_convert(place + i * nn_type_size(t->type), t->type, &x, NN_F64, 1);
    return get(t, place, i);
}

/* How far gradient and slope are apart, in units of what may be: at most 1 is agreement. */
static double disagreement(Check *c, const nn_tensor *p, size_t i, double gradient, double *slope) {
    static const double sharp[N_STEPS] = { 1e-5, 1e-6, 1e-7 }, blunt[N_STEPS] = { 1e-2, 3e-2, 3e-3 };
    char *place = (char *)c->instance + p->offset;
    double w = get(p, place, i), best = INFINITY;
    for (int k = 0; k < N_STEPS && best > 1; k++) {
        double h = (c->sharp ? sharp : blunt)[k] * fmax(1, fabs(w));
        double above = set(p, place, i, w + h), loss_above = loss_of(c), below = set(p, place, i, w - h), loss_below = loss_of(c);
        double value = (loss_above - loss_below) / (above - below), size = fmax(fabs(value), fabs(gradient));
        double rounding = (c->sharp ? 100 * 0x1p-52 : 8 * 0x1p-23) * fmax(1, fmax(fabs(loss_above), fabs(loss_below))) / h;
        double units = fabs(value - gradient) / ((c->sharp ? 1e-6 : 3e-2) * size + rounding);
        if (isnan(units)) units = INFINITY;
        if (units < best || k == 0) best = units, *slope = value;
    }
    set(p, place, i, w);
    return best;
}

static bool check_tensor(Check *c, const nn_tensor *p, const nn_tensor *g, bool all, bool quiet, nn_failure *f) {
    size_t n = nn_tensor_elements(p), count = all || n <= SAMPLED ? n : SAMPLED, worst = 0, wrong = 0;
    double most = -1, worst_gradient = 0, worst_slope = 0, slope = 0;
    double *gradient = malloc((n + 1) * sizeof *gradient);
    if (!gradient) return nn_fail_memory(f, p->name, n * sizeof *gradient);
    loss_of(c);
    nn_convert(gradient, NN_F64, (char *)c->instance + g->offset, g->type, n);
    for (size_t k = 0; k < count; k++) {
        /* One number from each of `count` equal stretches. */
        size_t low = (size_t)((unsigned __int128)k * n / count), high = (size_t)((unsigned __int128)(k + 1) * n / count),
               i = low + (size_t)(draw(k) % (high - low));
        double units = disagreement(c, p, i, gradient[i], &slope);
        wrong += units > 1;
        if (units > most) most = units, worst = i, worst_gradient = gradient[i], worst_slope = slope;
    }
    free(gradient);
    bool good = c->sharp ? wrong == 0 : wrong <= count / 4;
    if (!quiet) {
        printf("  %-28s %s  %zu of %zu agree", p->name, good ? "good " : "WRONG", count - wrong, count);
        if (count < n) printf(" (sampled from %zu)", n);
        if (count) printf("; worst [%zu]: gradient %.9g, slope %.9g", worst, worst_gradient, worst_slope);
        printf("\n");
    }
    return good
           || nn_fail(f, "the gradient of '%s' is wrong in %zu of %zu places: at [%zu] it is %.9g, but the loss has the slope %.9g",
                      p->name, wrong, count, worst, worst_gradient, worst_slope);
}

static void random_input(const nn_tensor *t, void *to, size_t count, uint64_t site) {
    int64_t low = t->low, high = t->high;
    if (low > high) low = 0, high = t->type == NN_U8 ? 255 : 1;
    for (size_t i = 0; i < count; i++) {
        double u = uniform(site << 40 | i);
        int64_t k = low + (int64_t)(u * ((double)high - (double)low + 1));
        char *place = (char *)to + i * nn_type_size(t->type);
        double x = 2 * u - 1;
        if (t->type == NN_F32 || t->type == NN_F64) nn_convert(place, t->type, &x, NN_F64, 1);
        else nn_convert(place, t->type, &k, NN_I64, 1);
    }
}

static void move_parameters(Check *c) {
    for (int i = 0; i < c->m->n_params; i++) {
        const nn_tensor *p = &c->m->params[i];
        char *place = (char *)c->instance + p->offset;
        for (size_t k = 0, n = nn_tensor_elements(p); k < n; k++)
            set(p, place, k, get(p, place, k) + 0.01 * (2 * uniform((uint64_t)(i + 100) << 40 | k) - 1));
    }
}

/* The first samples of the training data; random ones in the declared ranges where the model's own files are not there. */
static bool take_inputs(const nn_model *m, const nn_options *o, nn_dataset *data, nn_batches *b, int *n, nn_failure *f) {
    int count = m->n_inputs + m->n_targets, batch = o->batch ? (int)o->batch : m->batch < SMALL_BATCH ? m->batch : SMALL_BATCH;
    nn_failure absent = { 0 };
    nn_texts texts = { 0 };
    bool there = nn_texts_open(&texts, m, o, &absent) && nn_data_open(data, m, count, NN_TRAIN, o, &texts, &absent);
    nn_texts_free(&texts);
    if (!there && (o->n_train || o->data || o->n_vocabulary)) return nn_fail(f, "%s", absent.text);
    if (!nn_batches_open(b, data, m->inputs, count, batch, false, f)) return false;
    nn_batches_start(b, 0, 0, 0);
    *n = data->samples ? nn_batches_next(b) : batch;
    if (b->failed) return false;
    for (int i = 0; !data->samples && i < count; i++)
        random_input(&m->inputs[i], b->buffers[i], (size_t)batch * nn_tensor_elements(&m->inputs[i]), (uint64_t)i + 1);
    return true;
}

static bool check(Check *c, const nn_options *o, bool real_data, nn_failure *f) {
    const nn_model *m = c->m;
    bool good = true;
    if (!(c->states = malloc(copy_states(c, false) + 1))) return nn_fail_memory(f, "states", 1);
    copy_states(c, false);
    if (!o->quiet)
        printf("%d samples of %s data, %s build%s\n", c->n, real_data ? "training" : "random", nn_type_name(m->real),
               c->sharp ? "" : ": only gross errors show; compile with -DNN_DOUBLE for a sharp check");
    double loss = loss_of(c);
    if (!isfinite(loss)) return nn_fail(f, "the loss is %g before anything was changed", loss);
    for (int k = 0; k < m->n_grads; k++) {
        nn_failure first = { 0 };
        int i = 0;
        while (i < m->n_params && strcmp(m->params[i].name, m->grads[k].name)) i++;
        if (i == m->n_params) continue;
        if (!check_tensor(c, &m->params[i], &m->grads[k], o->all, o->quiet, &first)) good = nn_fail(f, "%s", first.text);
    }
    return good;
}

int nn_check(const nn_model *m, const nn_options *o, nn_failure *f) {
    nn_dataset data = { 0 };
    nn_batches batches = { 0 };
    Check c = { .m = m, .sharp = m->real == NN_F64 };
    int code = NN_TROUBLE;
    if (!m->gradients) nn_fail(f, "model %s has no loss, so there is no gradient to check", m->name);
    else c.instance = nn_instance_new(m, o, f);
    if (c.instance && take_inputs(m, o, &data, &batches, &c.n, f)) {
        c.lengths = batches.lengths;
        c.inputs = (const void *const *)batches.buffers;
        for (int pass = 0; !o->weights && pass < m->surveys; pass++) {
            m->survey(c.instance, c.n, c.lengths, c.inputs);
            m->surveyed(c.instance);
        }
        if (!o->weights) move_parameters(&c);
        code = check(&c, o, data.samples > 0, f) ? NN_DONE : NN_DISAGREE;
    }
    nn_batches_close(&batches);
    nn_dataset_free(&data);
    free(c.states);
    free(c.instance);
    return code;
}
