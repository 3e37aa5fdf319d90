/* chart.h: line charts as SVG: what pictures of runs are made of.
 *
 *     chart    a title, a legend for all of it, and panels in a grid
 *     panel    axes, linear or logarithmic, and curves; perhaps marks, upright lines at some x with a word beside them
 *     curve    points in the order of x; a y that is not finite leaves a gap
 *
 * A chart is built from the top down and written once. Running out of memory meanwhile is remembered and reported then.
 * Texts are copied, and may hold anything: what XML cannot have is replaced.
 *
 * SPDX-License-Identifier: 0BSD */
#ifndef NN_CHART_H
#define NN_CHART_H
#include "failure.h"

enum { NN_CHART_TEXT = 160 };       /* bytes of a title or a name; the rest is cut off */

typedef struct nn_colour { char text[8]; } nn_colour;           /* #rrggbb */

typedef enum nn_look {
    NN_LINE,                        /* strong */
    NN_PALE,                        /* thin and light: behind another curve of the same numbers */
    NN_POINTS                       /* a line with its points, as far as they have room */
} nn_look;

typedef struct nn_curve nn_curve;
struct nn_curve {
    char name[NN_CHART_TEXT];       /* in the panel's legend; empty: not there */
    nn_colour colour;
    nn_look look;
    size_t n, room;
    double *x, *y;
    nn_curve *next;
};

typedef struct nn_mark { char text[NN_CHART_TEXT]; double x; } nn_mark;
typedef struct nn_panel nn_panel;
struct nn_panel {
    char title[NN_CHART_TEXT], x_title[NN_CHART_TEXT];
    bool whole_x;                   /* x counts: no ticks between whole numbers */
    bool log_x, log_y;              /* where all numbers are positive */
    double y_most;                  /* what lies higher leaves the panel; INFINITY: nothing does */
    nn_curve *curves;
    nn_mark marks[4];
    int n_marks;
    nn_panel *next;
};

typedef struct nn_key nn_key;
struct nn_key { char text[NN_CHART_TEXT]; nn_colour colour; nn_key *next; };
typedef struct nn_chart {
    char title[NN_CHART_TEXT], note[NN_CHART_TEXT];             /* the note stands small below the title */
    nn_key *keys;                   /* the legend of all panels */
    nn_panel *panels;
    bool same_x;                    /* all panels show the same part of x */
    bool failed;                    /* out of memory */
} nn_chart;

/* Colours that are told apart, also by eyes that see fewer of them; after eight they begin anew. */
nn_colour nn_colour_of(int k);
/* One of n in an order: from dark blue over red to yellow. */
nn_colour nn_colour_between(int k, int n);

nn_chart *nn_chart_new(const char *title);                      /* NULL: out of memory; what follows takes that for a chart */
void nn_chart_key(nn_chart *c, const char *text, nn_colour colour);
nn_panel *nn_chart_panel(nn_chart *c, const char *title, const char *x_title);
nn_curve *nn_chart_curve(nn_chart *c, nn_panel *p, const char *name, nn_look look, nn_colour colour);
void nn_chart_point(nn_chart *c, nn_curve *curve, double x, double y);
void nn_chart_mark(nn_panel *p, double x, const char *text);
/* Whether the numbers of the curves, as far as y_most lets them be seen, are positive and the largest is so many times the
 * smallest: then a logarithmic axis shows more. */
bool nn_panel_spans(const nn_panel *p, double times);

/* The file appears whole or not at all. A panel without any point is left out. */
bool nn_chart_write(const nn_chart *c, const char *path, nn_failure *f);
void nn_chart_free(nn_chart *c);
#endif
