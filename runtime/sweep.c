/* sweep.c: `train --sweep lr=0.1,0.01,0.001`: what each value of a hyper-parameter would give.
 *
 *     start = the instance and the run, as made for `train`
 *     for each value:  copy start, set the value, train, measure   |   table, best value, picture
 *
 * An instance holds no pointers, so a copy of its bytes begins anew: same parameters, same order of the samples, same random numbers. A
 * value that makes the loss infinite or NaN has diverged, which is a result and not an error. Nothing is saved.
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

typedef struct Trial {
    double value, first, loss;      /* the training loss of the first step, and the smoothed one after the last */
    int64_t steps;                  /* where it stands */
    bool diverged;
    double judged;                  /* smaller is better */
    double test_loss, *metrics;     /* the metrics of the test data, if there are some, else of the training data */
} Trial;

typedef struct Sweep {
    nn_training t;
    const nn_hyper_list *list;
    Trial *trial;
    int done;                       /* trials that have ended */
    nn_smooth loss;                 /* of the trial that runs */
    nn_chart *chart;                /* with --plot, else NULL */
    nn_panel *losses;
    nn_curve *raw;
} Sweep;

static const double steps_of_mean = 20;

/* ---- training ---- */

static void each_step(nn_training *t, double loss) {
    Sweep *s = t->data;
    Trial *trial = &s->trial[s->done];
    if (s->loss.weight == 0) trial->first = loss;
    trial->loss = nn_smooth_next(&s->loss, loss, steps_of_mean);
    nn_chart_point(s->chart, s->raw, (double)nn_step(t->m, t->instance), loss);
}

/* The figures at the end of a trial. An epoch that has just ended has its figures already. */
static bool measure(Sweep *s, Trial *trial) {
    nn_training *t = &s->t;
    nn_log_row row = t->last;
    if ((t->run.position || !row.step) && !nn_training_report(t, false, &row)) return false;
    trial->test_loss = row.test_metrics ? row.test_loss : NAN;
    memcpy(trial->metrics, row.test_metrics ? row.test_metrics : row.metrics, (size_t)t->m->n_metrics * sizeof *trial->metrics);
    trial->judged = t->by < 0 && !row.test_metrics ? trial->loss : nn_training_judged_by(t, &row);
    trial->diverged = !nn_weights_finite(t->m, t->instance) || !isfinite(trial->judged);
    return true;
}

/* One value from the start to its end. Gives NN_DONE also for a value that diverges. */
static int try_value(Sweep *s, double value, const void *start, const nn_run *run) {
    nn_training *t = &s->t;
    Trial *trial = &s->trial[s->done];
    char label[64];
    snprintf(label, sizeof label, "%s %g", s->list->hyper->name, value);
    memcpy(t->instance, start, t->m->size);
    memcpy((char *)t->instance + s->list->hyper->offset, &value, sizeof value);
    t->run = *run;
    t->label = label;
    t->last = (nn_log_row){ 0 };
    *trial = (Trial){ .value = value, .loss = NAN, .metrics = trial->metrics };
    s->loss = (nn_smooth){ 0 };
    if (s->chart) s->raw = nn_chart_curve(s->chart, s->losses, "", NN_PALE, nn_colour_between(s->done, s->list->n));
    int code = nn_training_epochs(t);
    if (code == NN_DONE && !nn_training_stopped() && !measure(s, trial)) code = nn_training_stopped() ? NN_DONE : NN_NOT_FINITE;
    nn_progress_clear(&t->progress);
    t->label = "";
    trial->steps = nn_step(t->m, t->instance);
    if (code != NN_NOT_FINITE) return code;
    t->f->text[0] = 0;              /* the message of the run, which has a place in the table */
    trial->diverged = true;
    if (t->run.position < t->run.samples) trial->steps++;       /* the step that was not done; else the test data were lost */
    return NN_DONE;
}

static int try_all(Sweep *s) {
    nn_training *t = &s->t;
    int code = NN_DONE;
    const nn_run run = t->run;
    void *start = malloc(t->m->size);
    if (!start) return nn_fail_memory(t->f, "the start of a sweep", t->m->size), NN_TROUBLE;
    memcpy(start, t->instance, t->m->size);
    if (t->o->epochs < 0 && t->o->steps < 0) t->epochs = nn_epoch(t->m, t->instance) + 1, t->steps = INT64_MAX;
    for (int k = 0; k < s->list->n && code == NN_DONE; k++) {
        code = try_value(s, s->list->value[k], start, &run);
        if (nn_training_stopped()) break;
        s->done += code == NN_DONE;
    }
    free(start);
    return code;
}

/* ---- what came out ---- */

static const Trial *best_of(const Sweep *s) {
    const Trial *best = NULL;
    for (int k = 0; k < s->done; k++)
        if (!s->trial[k].diverged && (!best || s->trial[k].judged < best->judged)) best = &s->trial[k];
    return best;
}

/* What the values are judged by, and what a trial has of it. */
static double judged_by(const Sweep *s, const Trial *trial, char *name, size_t size) {
    const nn_training *t = &s->t;
    const char *test = t->test_data.samples ? "test " : "";
    if (t->by < 0) snprintf(name, size, "%sloss", test);
    else snprintf(name, size, "%s%s", test, t->m->metrics[t->by]);
    return t->by >= 0 ? trial->metrics[t->by] : t->test_data.samples ? trial->test_loss : trial->loss;
}

/* A cell of the table, right-aligned below its title. */
static void cell(const char *title, const char *name, const double *value) {
    char head[120], number[40] = "";
    snprintf(head, sizeof head, "%s%s", title, name);
    const int wide = strlen(head) > 10 ? (int)strlen(head) + 2 : 12;
    if (value) snprintf(number, sizeof number, "%.6g", *value);
    printf("%*s", wide, value ? number : head);
}

static void print_row(const Sweep *s, const Trial *trial) {
    const nn_model *m = s->t.m;
    const bool tested = s->t.test_data.samples > 0;
    if (!trial) printf("%-14s", s->list->hyper->name);
    else printf("%-14.6g", trial->value);
    if (trial && trial->diverged) {
        printf("  diverged at step %" PRId64 "\n", trial->steps);
        return;
    }
    cell("", "loss", trial ? &trial->loss : NULL);
    if (tested) cell("test ", "loss", trial ? &trial->test_loss : NULL);
    for (int i = 0; i < m->n_metrics; i++) cell(tested ? "test " : "", m->metrics[i], trial ? &trial->metrics[i] : NULL);
    printf("\n");
}

static void print_table(const Sweep *s) {
    const Trial *best = best_of(s);
    char option[80], name[120];
    print_row(s, NULL);
    for (int k = 0; k < s->done; k++) print_row(s, &s->trial[k]);
    nn_hyper_option(option, sizeof option, s->list->hyper);
    if (best) {
        const double value = judged_by(s, best, name, sizeof name);
        printf("best: %s %.6g (%s %.6g)\n", option, best->value, name, value);
    }
    fflush(stdout);
}

/* ---- the picture ---- */

/* Losses beyond a limit leave gaps: a value that diverges would draw nothing but upright lines. */
static void finish_curves(Sweep *s, double beyond) {
    nn_curve *last = s->losses ? s->losses->curves : NULL;
    while (last && last->next) last = last->next;
    for (nn_curve *raw = last ? s->losses->curves : NULL; raw; raw = raw == last ? NULL : raw->next) {
        for (size_t i = 0; i < raw->n; i++)
            if (raw->y[i] > beyond) raw->y[i] = NAN;
        double *y = malloc((raw->n + 1) * sizeof *y);
        nn_curve *c = nn_chart_curve(s->chart, s->losses, "", NN_LINE, raw->colour);
        if (!y || !nn_smooth_lines(y, NULL, raw->y, raw->n, fmax(1, (double)raw->n / 40))) s->chart->failed = true;
        else for (size_t i = 0; i < raw->n; i++) nn_chart_point(s->chart, c, raw->x[i], y[i]);
        free(y);
    }
}

static int by_value(const void *a, const void *b) {
    const Trial *x = *(Trial *const *)a, *y = *(Trial *const *)b;
    return (x->value > y->value) - (x->value < y->value);
}

/* What came out, over the values. */
static bool draw_results(Sweep *s, double high) {
    char name[120];
    const Trial **order = calloc((size_t)s->done + 1, sizeof *order);
    if (!order) return false;
    for (int k = 0; k < s->done; k++) order[k] = &s->trial[k];
    qsort(order, (size_t)s->done, sizeof *order, by_value);
    judged_by(s, &s->trial[0], name, sizeof name);
    nn_panel *panel = nn_chart_panel(s->chart, name, s->list->hyper->name);
    nn_curve *c = nn_chart_curve(s->chart, panel, "", NN_POINTS, nn_colour_of(0));
    for (int k = 0; k < s->done; k++)
        if (!order[k]->diverged) nn_chart_point(s->chart, c, order[k]->value, judged_by(s, order[k], name, sizeof name));
    if (panel) panel->log_x = s->done && order[0]->value > 0 && order[s->done - 1]->value > 5 * order[0]->value;
    if (panel && s->t.by < 0) panel->y_most = high;
    if (panel) panel->log_y = nn_panel_spans(panel, 20);
    free(order);
    return true;
}

static bool draw(Sweep *s) {
    const Trial *best = best_of(s);
    char text[120];
    double first = 0;
    for (int k = 0; k < s->done; k++) {
        const Trial *trial = &s->trial[k];
        snprintf(text, sizeof text, trial->diverged ? "%s %g (diverged)" : "%s %g", s->list->hyper->name, trial->value);
        nn_chart_key(s->chart, text, nn_colour_between(k, s->list->n));
        if (trial->first > first) first = trial->first;
    }
    const double high = first > 0 ? 1.5 * first : INFINITY;         /* how far a value goes astray says nothing */
    if (best) snprintf(s->chart->note, sizeof s->chart->note, "best: %s %g", s->list->hyper->name, best->value);
    if (s->losses) {
        s->losses->whole_x = true;
        s->losses->y_most = high;
        s->losses->log_y = nn_panel_spans(s->losses, 20);
    }
    finish_curves(s, 2 * high);
    if (!draw_results(s, high)) s->chart->failed = true;
    return nn_chart_write(s->chart, s->t.o->picture, s->t.f);
}

/* ---- the command ---- */

static bool prepare(Sweep *s) {
    const nn_model *m = s->t.m;
    char title[NN_CHART_TEXT];
    s->trial = calloc((size_t)s->list->n, sizeof *s->trial);
    for (int k = 0; s->trial && k < s->list->n; k++)
        if (!(s->trial[k].metrics = calloc((size_t)m->n_metrics + 1, sizeof(double)))) return nn_fail_memory(s->t.f, "metrics", 1);
    if (!s->trial) return nn_fail_memory(s->t.f, "a sweep", (size_t)s->list->n * sizeof *s->trial);
    if (!s->t.o->picture) return true;
    snprintf(title, sizeof title, "%s: a sweep of %s", m->name, s->list->hyper->name);
    s->chart = nn_chart_new(title);
    s->losses = nn_chart_panel(s->chart, "training loss", "step");
    return s->losses || nn_fail_memory(s->t.f, "a picture", sizeof *s->losses);
}

int nn_sweep(const nn_model *m, const nn_options *o, nn_failure *f) {
    Sweep s = { .t = { .m = m, .o = o, .f = f, .label = "", .each_step = each_step }, .list = &o->swept };
    int code = NN_TROUBLE;
    s.t.data = &s;
    if (prepare(&s) && nn_training_open(&s.t)) {
        code = try_all(&s);
        if (s.done && !o->quiet) print_table(&s);
        if (code == NN_DONE && s.chart && s.done && !draw(&s)) code = NN_TROUBLE;
        if (code == NN_DONE && nn_training_stopped()) code = 128 + nn_training_stopped();
        if (code == NN_DONE && !best_of(&s)) {
            nn_fail(f, "every value of %s has diverged: try smaller ones", s.list->hyper->name);
            code = NN_NOT_FINITE;
        }
    }
    for (int k = 0; s.trial && k < s.list->n; k++) free(s.trial[k].metrics);
    free(s.trial);
    nn_chart_free(s.chart);
    nn_training_close(&s.t);
    return code;
}
