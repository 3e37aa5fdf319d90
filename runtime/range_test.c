/* range_test.c: `train --lr-find`: the range test for the learning rate (Smith 2017).
 *
 *     rate(k) = low*(high/low)^(k/(N-1))        one step with each, until the loss is four times the best
 *
 * Rates that are too small change nothing, too large ones blow up, and between them the loss falls. Two rates are named: where it
 * falls fastest, and a tenth of the one with the least loss, which is already about to be too large. What is moved is a number of the
 * update line, so a schedule multiplies it as in training. Nothing is saved.
 *
 * SPDX-License-Identifier: 0BSD */
#include "chart.h"
#include "smooth.h"
#include "training.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Test {
    nn_training t;
    const nn_tensor *hyper;
    double low, high;
    int64_t steps, done;
    double *rate, *loss;            /* of each step */
    double *value, *slope;          /* of the lines through the losses around it */
    nn_smooth mean;
    double best;                    /* the least of the means */
    double last;                    /* the rate of the last step, also if its loss was lost */
    bool blown_up, lost;            /* the test ended early; the loss was no longer finite */
    int64_t least, steepest;        /* what comes out: steps; steepest is -1 if no rate lowered the loss */
} Test;

enum { STEPS = 200, FEWEST = 20 };

/* What the losses are smoothed over, in steps. */
static double width(const Test *r) { return fmax(2, (double)r->steps / 40); }

/* Four times the best; below zero as far above it. */
static double too_high(const Test *r) { return r->best + 3 * fabs(r->best); }

static void each_step(nn_training *t, double loss) {
    Test *r = t->data;
    const double mean = nn_smooth_next(&r->mean, loss, width(r));
    if (r->done == 0 || mean < r->best) r->best = mean;
    r->loss[r->done++] = loss;
    r->blown_up = mean > too_high(r);
}

static int next_batch(nn_training *t) {
    int n = nn_batches_next(&t->train);
    if (n || t->train.failed) return n;
    nn_set_epoch(t->m, t->instance, nn_epoch(t->m, t->instance) + 1);
    t->run.position = 0;
    t->run.loss_sum = 0;
    t->m->reset(t->instance);
    nn_batches_start(&t->train, nn_seed(t->m, t->instance), nn_epoch(t->m, t->instance), 0);
    return nn_batches_next(&t->train);
}

static int run(Test *r) {
    nn_training *t = &r->t;
    nn_progress_start(&t->progress, "range test", t->run.position, t->o->quiet);
    nn_batches_start(&t->train, nn_seed(t->m, t->instance), nn_epoch(t->m, t->instance), t->run.position);
    for (int64_t k = 0; k < r->steps && !r->blown_up && !nn_training_stopped(); k++) {
        r->last = r->rate[k] = r->low * pow(r->high / r->low, (double)k / (double)(r->steps - 1));
        memcpy((char *)t->instance + r->hyper->offset, &r->last, sizeof r->last);
        const int code = nn_training_step(t, next_batch(t));
        if (code == NN_NOT_FINITE) t->f->text[0] = 0, r->lost = r->blown_up = true;        /* the end of the test, and no error */
        else if (code != NN_DONE) return code;
    }
    nn_progress_clear(&t->progress);
    return nn_training_stopped() ? 128 + nn_training_stopped() : NN_DONE;
}

/* Above this a loss counts no more than the limit: the last one may be anything. */
static double limit(const Test *r) { return fmax(too_high(r), r->loss[0] + 0.5 * fabs(r->loss[0])); }

/* The losses smoothed. At the end, where they shoot up, a line may dip below all of them. */
static bool smooth(Test *r) {
    double *cut = malloc((size_t)r->done * sizeof *cut + 1), lowest = r->loss[0];
    if (!cut) return false;
    for (int64_t k = 0; k < r->done; k++) cut[k] = fmin(r->loss[k], limit(r)), lowest = fmin(lowest, r->loss[k]);
    const bool good = nn_smooth_lines(r->value, r->slope, cut, (size_t)r->done, width(r));
    free(cut);
    for (int64_t k = 0; good && k < r->done; k++) r->value[k] = fmax(r->value[k], lowest);
    return good;
}

/* Finds the least loss, and the steepest fall before it: once a tenth of the fall is done, for the noise before has steep places
 * too. Where the whole fall is no more than noise there is none. */
static void judge(Test *r) {
    const int64_t head = (r->done + 9) / 10;
    double start = 0, noise = 0;
    r->least = 0;
    r->steepest = -1;
    for (int64_t k = 0; k < head; k++) start += r->value[k] / (double)head;
    for (int64_t k = 0; k < r->done; k++)
        if (r->value[k] < r->value[r->least]) r->least = k;
    for (int64_t k = 0; k <= r->least; k++) noise += (r->loss[k] - r->value[k]) * (r->loss[k] - r->value[k]) / (double)(r->least + 1);
    const double fall = start - r->value[r->least];
    if (!(fall > 1.5 * sqrt(noise))) return;
    for (int64_t k = 0; k < r->least; k++)
        if (r->value[k] <= start - 0.1 * fall && r->slope[k] < 0 && (r->steepest < 0 || r->slope[k] < r->slope[r->steepest])) r->steepest = k;
}

static void print(const Test *r) {
    char option[80];
    const char *name = r->hyper->name;
    nn_hyper_option(option, sizeof option, r->hyper);
    printf("range test of %s: %.3g to %.3g in %" PRId64 " steps\n", name, r->low, r->high, r->steps);
    if (r->blown_up)
        printf("stopped in step %" PRId64 ", at %s %.3g: the loss is %s\n", r->done + r->lost, name, r->last,
               r->lost ? "no longer finite" : "more than 4 times the best");
    printf("least loss %.4g at %s %.2g\n", r->value[r->least], name, r->rate[r->least]);
    printf("suggested: %s %.2g (steepest descent), or %.2g (a tenth of the least loss's)\n", option, r->rate[r->steepest], r->rate[r->least] / 10);
    fflush(stdout);
}

static bool draw(const Test *r) {
    char text[NN_CHART_TEXT];
    snprintf(text, sizeof text, "%s: range test of %s", r->t.m->name, r->hyper->name);
    nn_chart *c = nn_chart_new(text);
    nn_panel *p = nn_chart_panel(c, "loss", r->hyper->name);
    nn_curve *raw = nn_chart_curve(c, p, "each step", NN_PALE, nn_colour_of(0));
    nn_curve *smooth = nn_chart_curve(c, p, "smoothed", NN_LINE, nn_colour_of(0));
    for (int64_t k = 0; k < r->done; k++) {
        nn_chart_point(c, raw, r->rate[k], r->loss[k]);
        nn_chart_point(c, smooth, r->rate[k], r->value[k]);
    }
    if (p) p->log_x = true, p->y_most = limit(r);
    for (int which = 0; which < 2 && r->steepest >= 0; which++) {
        const double rate = which ? r->rate[r->least] / 10 : r->rate[r->steepest];
        snprintf(text, sizeof text, which ? "%.2g: a tenth of the least loss's" : "%.2g: steepest descent", rate);
        nn_chart_mark(p, rate, text);
    }
    const bool good = nn_chart_write(c, r->t.o->picture, r->t.f);
    nn_chart_free(c);
    return good;
}

/* The rate and the ends of its range: what --range says, else from a ten-thousandth of the value that it has to ten thousand times it. */
static bool prepare(Test *r) {
    const nn_options *o = r->t.o;
    const nn_hyper_list *range = &o->range;
    double now;
    char option[80];
    r->hyper = range->hyper ? range->hyper : nn_training_rate(r->t.m);
    if (!r->hyper) return nn_fail(r->t.f, "--lr-find: model %s has no hyper-parameter to move", r->t.m->name);
    memcpy(&now, (const char *)r->t.instance + r->hyper->offset, sizeof now);
    r->low = range->hyper ? range->value[0] : now / 1e4;
    r->high = range->hyper ? range->value[1] : now * 1e4;
    nn_hyper_option(option, sizeof option, r->hyper);
    if (!(r->low > 0))
        return nn_fail(r->t.f, "--lr-find: %s is %g, which leads to no range; give one with --range %s=LOW,HIGH", option, now, r->hyper->name);
    r->steps = o->steps >= 0 ? o->steps : STEPS;
    const size_t room = (size_t)r->steps + 1;
    double **arrays[] = { &r->rate, &r->loss, &r->value, &r->slope };
    for (int k = 0; k < 4; k++)
        if (!(*arrays[k] = calloc(room, sizeof(double)))) return nn_fail_memory(r->t.f, "the range test", room * sizeof(double));
    return true;
}

/* What the steps have shown, in words and as a picture. */
static int conclude(Test *r) {
    const nn_options *o = r->t.o;
    nn_failure *f = r->t.f;
    if (r->done == 0)
        return nn_fail(f, "the loss is not finite at the first step already, whatever the rate: look at the model and the data"), NN_NOT_FINITE;
    if (!smooth(r)) return nn_fail_memory(f, "the range test", (size_t)r->done * sizeof(double)), NN_TROUBLE;
    judge(r);
    if (o->picture && !draw(r)) return NN_TROUBLE;
    if (r->steepest < 0)
        return nn_fail(f, "no %s from %.3g to %.3g has lowered the loss beyond its noise; try another range with --range %s=LOW,HIGH",
                       r->hyper->name, r->low, r->last, r->hyper->name), NN_TROUBLE;
    if (!o->quiet) print(r);
    return NN_DONE;
}

int nn_range_test(const nn_model *m, const nn_options *o, nn_failure *f) {
    Test r = { .t = { .m = m, .o = o, .f = f, .label = "", .each_step = each_step } };
    int code = NN_TROUBLE;
    r.t.data = &r;
    if (o->steps >= 0 && o->steps < FEWEST)
        nn_fail(f, "--lr-find --steps %" PRId64 ": is too short to see anything; take at least %d", o->steps, FEWEST), code = NN_USAGE;
    else if (nn_training_open(&r.t) && prepare(&r) && (code = run(&r)) == NN_DONE) code = conclude(&r);
    double *arrays[] = { r.rate, r.loss, r.value, r.slope };
    for (int k = 0; k < 4; k++) free(arrays[k]);
    nn_training_close(&r.t);
    return code;
}
