/* plot.c: the command `plot`: pictures of runs from their logs.
 *
 *     one log          a panel for each quantity, in which training and test data have a curve each
 *     several logs     a panel for each quantity of training and one for that of the test data, with a curve for each log
 *
 * A quantity that has lines of steps is drawn from them, as they are and smoothed; else from the lines of the epochs. The loss, and what
 * else runs over decades, has a logarithmic axis. Hyper-parameters are drawn if they change, or differ from log to log.
 *
 * SPDX-License-Identifier: 0BSD */
#include "chart.h"
#include "log.h"
#include "smooth.h"
#include "trainer.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Plot {
    int n;                          /* logs */
    const char *const *path;
    nn_log_table *log;
    const char *x;                  /* step; epoch, where no log has lines of steps */
    nn_chart *chart;
    nn_failure *f;
} Plot;

/* ---- what there is to draw ---- */

static bool has_steps(const nn_log_table *t, const double *value) {
    for (size_t r = 0; value && r < t->rows; r++)
        if (!t->epoch_end[r] && !isnan(value[r])) return true;
    return false;
}

static bool begins(const char *text, const char *with) { return !strncmp(text, with, strlen(with)); }
/* A hyper-parameter, or what a schedule makes of it. */
static bool is_rate(const char *name) { return begins(name, "hyper.") || begins(name, "rate."); }

/* Columns that say where a line stands, and not how training went. */
static bool is_place(const char *name) { return !strcmp(name, "epoch") || !strcmp(name, "step") || !strcmp(name, "seconds"); }

/* A hyper-parameter that is the same all the time is no curve. */
static bool changes(const Plot *p, const char *name) {
    double first = NAN;
    for (int k = 0; k < p->n; k++) {
        const double *value = nn_log_values(&p->log[k], name);
        for (size_t r = 0; value && r < p->log[k].rows; r++) {
            if (isnan(first)) first = value[r];
            if (!isnan(value[r]) && value[r] != first) return true;
        }
    }
    return false;
}

/* The file's name without its directory, if that tells the logs apart. */
static const char *label(const Plot *p, int which) {
    const char *slash = strrchr(p->path[which], '/'), *base = slash ? slash + 1 : p->path[which];
    for (int k = 0; k < p->n; k++) {
        const char *other = strrchr(p->path[k], '/');
        if (k != which && !strcmp(other ? other + 1 : p->path[k], base)) return p->path[which];
    }
    return base;
}

/* ---- drawing ---- */

/* The numbers of a log's column, of steps or of epochs, in the order of the file. Gives how many. */
static size_t gather(const Plot *p, const nn_log_table *t, const double *value, bool steps, double *x, double *y) {
    const double *at = nn_log_values(t, p->x);
    size_t n = 0;
    for (size_t r = 0; at && r < t->rows; r++)
        if (t->epoch_end[r] != steps && !isnan(at[r])) x[n] = at[r], y[n++] = value[r];
    return n;
}

/* Means on the axis that will be drawn: on a logarithmic one a single spike then stays one. */
static bool smoothed(double *to, const double *y, size_t n, bool logarithmic, double *scratch) {
    for (size_t k = 0; k < n; k++) scratch[k] = logarithmic ? log(y[k]) : y[k];
    if (!nn_smooth_lines(to, NULL, scratch, n, fmax(1, (double)n / 60))) return false;
    for (size_t k = 0; k < n && logarithmic; k++) to[k] = exp(to[k]);
    return true;
}

static const size_t worth_smoothing = 30;
/* A logarithmic axis, from so many times the smallest number on; metrics are mostly between 0 and 1, and want more of a reason. What a
 * schedule gives ends near 0 as a rule, and shows its form without. */
static const double loss_decades = 20, metric_decades = 200, hyper_decades = 5;

static void add_points(Plot *p, nn_curve *c, const double *x, const double *y, size_t n) {
    for (size_t k = 0; k < n; k++) nn_chart_point(p->chart, c, x[k], y[k]);
}

/* The curve of one column of one log. Behind one that is to be smoothed stand the numbers as they are, in a pale one; it stays empty
 * until finish_panel, which knows the axis. */
static void draw_column(Plot *p, nn_panel *panel, int which, const char *column, const char *name, nn_colour colour) {
    const nn_log_table *t = &p->log[which];
    const double *value = nn_log_values(t, column);
    const bool steps = has_steps(t, value);
    double *x = malloc((2 * t->rows + 1) * sizeof *x), *y = x ? x + t->rows : NULL;
    const size_t n = value && x ? gather(p, t, value, steps, x, y) : 0;
    if (!x) p->chart->failed = true;
    const bool noisy = steps && n >= worth_smoothing && !is_rate(column);
    if (noisy) add_points(p, nn_chart_curve(p->chart, panel, "", NN_PALE, colour), x, y, n);
    nn_curve *c = n ? nn_chart_curve(p->chart, panel, name, steps ? NN_LINE : NN_POINTS, colour) : NULL;
    if (!noisy) add_points(p, c, x, y, n);
    free(x);
}

static int by_size(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* On a linear axis a few spikes would press all else flat; if the highest fiftieth of the numbers does, it leaves the panel. */
static void cut_spikes(Plot *p, nn_panel *panel) {
    size_t n = 0, all = 0;
    for (const nn_curve *c = panel->curves; c; c = c->next) all += c->n;
    double *y = malloc((all + 1) * sizeof *y);
    if (!y) p->chart->failed = true;
    for (const nn_curve *c = y ? panel->curves : NULL; c; c = c->next)
        for (size_t k = 0; k < c->n; k++)
            if (isfinite(c->y[k])) y[n++] = c->y[k];
    if (y) qsort(y, n, sizeof *y, by_size);
    const double usual = n ? y[n - 1 - n / 50] : 0, span = n ? usual - y[0] : 0;
    if (n >= 50 && y[n - 1] - usual > 3 * span && span > 0) {
        panel->y_most = usual + 0.5 * span;
        nn_append(panel->title, sizeof panel->title, "  (spikes cut off)");
    }
    free(y);
}

static void finish_panel(Plot *p, nn_panel *panel, double decades) {
    if (!panel) return;
    panel->log_y = nn_panel_spans(panel, decades);
    panel->whole_x = true;
    if (!panel->log_y) cut_spikes(p, panel);
    for (nn_curve *c = panel->curves; c; c = c->next) {
        if (c->look != NN_PALE) continue;
        double *y = malloc(2 * c->n * sizeof *y);
        if (!y || !smoothed(y, c->y, c->n, panel->log_y, y + c->n)) p->chart->failed = true;
        else add_points(p, c->next, c->x, y, c->n);
        free(y);
    }
}

/* One log: training and test data together. */
static void one_panel(Plot *p, const char *title, const char *column, const char *test_column, double decades) {
    nn_panel *panel = nn_chart_panel(p->chart, title, p->x);
    const bool both = nn_log_values(&p->log[0], column) && nn_log_values(&p->log[0], test_column);
    draw_column(p, panel, 0, column, both ? "training" : "", nn_colour_of(0));
    draw_column(p, panel, 0, test_column, both ? "test" : "", nn_colour_of(1));
    finish_panel(p, panel, decades);
}

static void panel_of_all(Plot *p, const char *title, const char *column, double decades) {
    nn_panel *panel = nn_chart_panel(p->chart, title, p->x);
    for (int k = 0; k < p->n; k++) draw_column(p, panel, k, column, "", nn_colour_of(k));
    finish_panel(p, panel, decades);
}

/* All panels of a quantity, which is called so by the logs. */
static void quantity(Plot *p, const char *name) {
    char title[NN_CHART_TEXT], test_column[NN_CHART_TEXT];
    const bool gradient = !strcmp(name, "gradient");
    const double decades = begins(name, "rate.") ? (double)INFINITY : is_rate(name) ? hyper_decades : gradient || !strcmp(name, "loss") ? loss_decades : metric_decades;
    snprintf(test_column, sizeof test_column, "test_%s", name);
    if (is_rate(name)) {
        if (changes(p, name)) panel_of_all(p, strchr(name, '.') + 1, name, decades);
    } else if (gradient) {
        panel_of_all(p, "length of the gradient", name, decades);
    } else if (p->n == 1) {
        one_panel(p, name, name, test_column, decades);
    } else {
        snprintf(title, sizeof title, "training %s", name);
        panel_of_all(p, title, name, decades);
        snprintf(title, sizeof title, "test %s", name);
        panel_of_all(p, title, test_column, decades);
    }
}

/* Each quantity once, in the order of the columns; "test_NAME" goes with NAME where that is there. */
static void quantities(Plot *p) {
    for (int k = 0; k < p->n; k++)
        for (size_t c = 0; c < p->log[k].columns; c++) {
            const char *name = p->log[k].column[c].name;
            bool done = is_place(name);
            for (int i = 0; i < p->n && begins(name, "test_"); i++) done = done || nn_log_values(&p->log[i], name + 5);
            for (int i = 0; i < k; i++) done = done || nn_log_values(&p->log[i], name);
            if (!done) quantity(p, name);
        }
}

/* ---- the command ---- */

static bool read_logs(Plot *p) {
    bool steps = false;
    for (int k = 0; k < p->n; k++) {
        nn_log_table *t = &p->log[k];
        if (!nn_log_read(t, p->path[k], p->f)) return false;
        if (!t->rows) return nn_fail(p->f, "%s: holds no line of a run yet", p->path[k]);
        const double *at = nn_log_values(t, "step");
        if (!at) return nn_fail(p->f, "%s: is no log of training: its lines have no number 'step'", p->path[k]);
        steps = steps || has_steps(t, at) || !nn_log_values(t, "epoch");
    }
    p->x = steps ? "step" : "epoch";
    return true;
}

static bool draw(Plot *p, const char *picture) {
    char title[NN_CHART_TEXT];
    snprintf(title, sizeof title, "%s", label(p, 0));
    if (p->n > 1) snprintf(title, sizeof title, "%d runs", p->n);
    p->chart = nn_chart_new(title);
    if (!p->chart) return nn_fail_memory(p->f, picture, sizeof *p->chart);
    for (int k = 0; k < p->n && p->n > 1; k++) nn_chart_key(p->chart, label(p, k), nn_colour_of(k));
    p->chart->same_x = true;
    quantities(p);
    return nn_chart_write(p->chart, picture, p->f);
}

int nn_plot(const nn_options *o, nn_failure *f) {
    Plot p = { .n = o->n_logs, .path = o->logs, .f = f };
    p.log = calloc((size_t)p.n, sizeof *p.log);
    bool good = p.log || nn_fail_memory(f, "logs", (size_t)p.n * sizeof *p.log);
    good = good && read_logs(&p) && draw(&p, o->picture);
    for (int k = 0; p.log && k < p.n; k++) nn_log_table_free(&p.log[k]);
    free(p.log);
    nn_chart_free(p.chart);
    return good ? NN_DONE : NN_TROUBLE;
}
