/* chart.c: from numbers to SVG.
 *
 * The picture is a grid of cells of one size; where the panels do not fill it, the first is as much wider. In a panel,
 *
 *     frame    where it stands, and the axes, each a map from numbers to points of the picture
 *     ticks    numbers that people would choose: 1, 2 or 5 times a power of ten; on a logarithmic axis powers of ten
 *     path     a curve as line segments, thinned out: of what falls into the same point of x only the lowest and the highest is drawn
 *
 * so the file stays small however long a run was, and no spike is lost.
 *
 * SPDX-License-Identifier: 0BSD */
#include "chart.h"
#include "replace.h"
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- building ---- */

nn_colour nn_colour_of(int k) {
    static const char *const colours[] = { "#1f6fb4", "#d9541e", "#178a63", "#b0509a", "#c58b00", "#3f9fd0", "#7a5c45", "#6b7280" };
    nn_colour c;
    snprintf(c.text, sizeof c.text, "%s", colours[(unsigned)k % (sizeof colours / sizeof *colours)]);
    return c;
}

nn_colour nn_colour_between(int k, int n) {
    static const double stops[][3] = { { 37, 52, 148 }, { 122, 45, 150 }, { 205, 61, 92 }, { 238, 126, 48 }, { 214, 180, 30 } };
    const double at = n > 1 ? 4.0 * k / (n - 1) : 0;
    const int from = at < 3 ? (int)at : 3;
    unsigned mixed[3];
    for (int i = 0; i < 3; i++) mixed[i] = (unsigned)lround(stops[from][i] + (at - from) * (stops[from + 1][i] - stops[from][i])) & 255;
    nn_colour c;
    snprintf(c.text, sizeof c.text, "#%02x%02x%02x", mixed[0], mixed[1], mixed[2]);
    return c;
}

nn_chart *nn_chart_new(const char *title) {
    nn_chart *c = calloc(1, sizeof *c);
    if (c) snprintf(c->title, sizeof c->title, "%s", title);
    return c;
}

void nn_chart_key(nn_chart *c, const char *text, nn_colour colour) {
    nn_key *key = c ? calloc(1, sizeof *key) : NULL, **end = c ? &c->keys : NULL;
    if (!key) {
        if (c) c->failed = true;
        return;
    }
    snprintf(key->text, sizeof key->text, "%s", text);
    key->colour = colour;
    while (*end) end = &(*end)->next;
    *end = key;
}

nn_panel *nn_chart_panel(nn_chart *c, const char *title, const char *x_title) {
    nn_panel *p = c ? calloc(1, sizeof *p) : NULL, **end = c ? &c->panels : NULL;
    if (!p) {
        if (c) c->failed = true;
        return NULL;
    }
    snprintf(p->title, sizeof p->title, "%s", title);
    snprintf(p->x_title, sizeof p->x_title, "%s", x_title);
    p->y_most = INFINITY;
    while (*end) end = &(*end)->next;
    return *end = p;
}

nn_curve *nn_chart_curve(nn_chart *c, nn_panel *p, const char *name, nn_look look, nn_colour colour) {
    nn_curve *curve = p ? calloc(1, sizeof *curve) : NULL, **end = p ? &p->curves : NULL;
    if (!curve) {
        if (c) c->failed = true;
        return NULL;
    }
    snprintf(curve->name, sizeof curve->name, "%s", name);
    curve->look = look;
    curve->colour = colour;
    while (*end) end = &(*end)->next;
    return *end = curve;
}

void nn_chart_point(nn_chart *c, nn_curve *curve, double x, double y) {
    if (!curve) return;
    if (curve->n == curve->room) {
        const size_t room = curve->room ? 2 * curve->room : 64;
        double *more_x = realloc(curve->x, room * sizeof *more_x);
        if (more_x) curve->x = more_x;
        double *more_y = realloc(curve->y, room * sizeof *more_y);
        if (more_y) curve->y = more_y;
        if (!more_x || !more_y) {
            c->failed = true;
            return;
        }
        curve->room = room;
    }
    curve->x[curve->n] = x;
    curve->y[curve->n++] = y;
}

void nn_chart_mark(nn_panel *p, double x, const char *text) {
    if (!p || p->n_marks == (int)(sizeof p->marks / sizeof *p->marks)) return;
    p->marks[p->n_marks].x = x;
    snprintf(p->marks[p->n_marks].text, sizeof p->marks->text, "%s", text);
    p->n_marks++;
}

void nn_chart_free(nn_chart *c) {
    if (!c) return;
    for (nn_key *key = c->keys, *next; key; key = next) next = key->next, free(key);
    for (nn_panel *p = c->panels, *next; p; p = next) {
        next = p->next;
        for (nn_curve *curve = p->curves, *after; curve; curve = after) {
            after = curve->next;
            free(curve->x);
            free(curve->y);
            free(curve);
        }
        free(p);
    }
    free(c);
}

/* ---- axes ---- */

typedef struct Range { double low, high; } Range;

/* Numbers beyond this say no more than that all is lost, and the arithmetic of an axis has an end. */
static bool drawable(double x) { return fabs(x) < 1e100; }

static void take_in(Range *r, double x) {
    if (isnan(x)) return;
    if (!(r->low <= x)) r->low = x;
    if (!(r->high >= x)) r->high = x;
}

/* NaN: there is no point. */
static Range range_of(const nn_panel *p, bool of_y) {
    Range r = { NAN, NAN };
    for (const nn_curve *c = p->curves; c; c = c->next)
        for (size_t k = 0; k < c->n; k++)
            if (drawable(c->x[k]) && drawable(c->y[k])) take_in(&r, of_y ? fmin(c->y[k], p->y_most) : c->x[k]);
    return r;
}

static bool has_points(const nn_panel *p) { return !isnan(range_of(p, true).low); }

bool nn_panel_spans(const nn_panel *p, double times) {
    const Range r = p ? range_of(p, true) : (Range){ NAN, NAN };
    return r.low > 0 && r.high >= times * r.low;
}

/* From a number to a place: `from` in the picture is the lower end. */
typedef struct Axis { Range shown; double from, to; bool logarithmic, whole; } Axis;

static double scaled(const Axis *a, double x) { return a->logarithmic ? log10(x) : x; }

static double place(const Axis *a, double x) {
    const double low = scaled(a, a->shown.low), high = scaled(a, a->shown.high);
    return a->from + (a->to - a->from) * ((scaled(a, x) - low) / (high - low));
}

/* A little room beyond the numbers; an axis of one number gets some to both sides. `room`: a part of the length. */
static Axis axis_of(Range r, bool logarithmic, double room, double from, double to) {
    Axis a = { .from = from, .to = to, .logarithmic = logarithmic && r.low > 1e-100 };
    double low = scaled(&a, r.low), high = scaled(&a, r.high), span = high - low;
    const bool above_zero = low >= 0 && !a.logarithmic;
    if (!(span > 1e-9 * fmax(fabs(low), fabs(high)))) {
        span = a.logarithmic || low == 0 ? 1 : fabs(low) * 0.2;
        low -= span / 2;
        high += span / 2;
    }
    low -= room * span;
    high += room * span;
    if (above_zero && low < 0) low = 0;
    a.shown = a.logarithmic ? (Range){ pow(10, low), pow(10, high) } : (Range){ low, high };
    return a;
}

enum { MOST_TICKS = 24 };
typedef struct Tick { double at; char text[24]; } Tick;         /* an empty text: a fine line without a number */
typedef struct Ticks { int n; Tick tick[MOST_TICKS]; } Ticks;

static void add_tick(Ticks *t, const Axis *a, double at, const char *text) {
    const double slack = 1e-6 * fabs(a->to - a->from), p = place(a, at);
    if (t->n == MOST_TICKS || p < fmin(a->from, a->to) - slack || p > fmax(a->from, a->to) + slack) return;
    t->tick[t->n].at = at;
    snprintf(t->tick[t->n++].text, sizeof t->tick->text, "%s", text);
}

/* 0.001 .. 1000 as they are, else 1e-5, 2e4. */
static void power_text(char *text, size_t size, double x) {
    const int power = (int)floor(log10(fabs(x)) + 1e-9);
    if (power >= -3 && power <= 3) snprintf(text, size, "%.6g", x);
    else snprintf(text, size, "%.6ge%d", x / pow(10, power), power);
}

static void number_text(char *text, size_t size, double x, double apart) {
    const double most = fabs(x);
    if (x == 0) snprintf(text, size, "0");
    else if (apart >= 1e8 || apart < 1e-5) power_text(text, size, x);
    else if (apart >= 1e5 && most >= 1e6) snprintf(text, size, "%.6gM", x / 1e6);
    else if (apart >= 1e2 && most >= 1e4) snprintf(text, size, "%.6gk", x / 1e3);
    else snprintf(text, size, "%.*f", apart < 1 ? (int)ceil(-log10(apart) - 1e-9) : 0, x);
}

static void even_ticks(Ticks *t, const Axis *a, int about) {
    const double span = a->shown.high - a->shown.low, least = span / about, power = pow(10, floor(log10(least)));
    const double of[] = { 1, 2, 5, 10 };
    double apart = power * 10;
    for (int i = 3; i >= 0; i--)
        if (of[i] * power >= least) apart = of[i] * power;
    if (a->whole && apart < 1) apart = 1;
    for (double k = ceil(a->shown.low / apart - 1e-9); k * apart <= a->shown.high + 1e-9 * span; k++) {
        char text[24];
        number_text(text, sizeof text, k * apart, apart);
        add_tick(t, a, k * apart, text);
    }
}

/* Powers of ten, not too many of them; over few decades also their double and their half. */
static void log_ticks(Ticks *t, const Axis *a, int about) {
    const double decades = log10(a->shown.high / a->shown.low);
    const int first = (int)floor(log10(a->shown.low)), last = (int)ceil(log10(a->shown.high)), every = 1 + (int)(decades / (about + 1));
    if (decades < 0.7) {
        even_ticks(t, a, about);
        return;
    }
    for (int e = first; e <= last; e++) {
        const double of[] = { 1, 2, 5 };
        for (int i = 0; i < (decades < 4 ? 3 : 1); i++) {
            char text[24] = "";
            const bool named = i == 0 ? (e % every == 0) : decades < 2.5;
            if (named) power_text(text, sizeof text, of[i] * pow(10, e));
            if (named || decades < 4) add_tick(t, a, of[i] * pow(10, e), text);
        }
    }
}

static void make_ticks(Ticks *t, const Axis *a, int about) {
    t->n = 0;
    if (a->logarithmic) log_ticks(t, a, about);
    else even_ticks(t, a, about);
}

/* ---- writing ---- */

static const char ink[] = "#24292f", grey[] = "#5f6875", axis_line[] = "#9aa3af", grid[] = "#e7eaee", paper[] = "#ffffff";
enum { EDGE = 20, LEFT = 52, RIGHT = 18, TOP = 36, BOTTOM = 44, KEY = 18 };

/* About as wide as the text is in the usual sans-serif fonts. */
static double width_of(const char *text, double size) {
    double letters = 0;
    for (; *text; text++) letters += ((unsigned char)*text & 0xc0) != 0x80;
    return letters * size * 0.57;
}

/* Bytes of the UTF-8 letter that begins here; 0: it is none. */
static int letter(const unsigned char *p) {
    const int n = p[0] < 0x80 ? 1 : p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : p[0] >= 0xe0 && p[0] < 0xf0 ? 3 : p[0] >= 0xf0 && p[0] < 0xf5 ? 4 : 0;
    for (int k = 1; k < n; k++)
        if ((p[k] & 0xc0) != 0x80) return 0;
    if (n == 1 && (p[0] < 0x20 || p[0] == 0x7f)) return 0;
    if (n == 3 && ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] >= 0xa0) || (p[0] == 0xef && p[1] == 0xbf && p[2] >= 0xbe))) return 0;
    if (n == 4 && ((p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] >= 0x90))) return 0;
    return n;
}

static void escaped(FILE *out, const char *text) {
    for (const unsigned char *p = (const unsigned char *)text; *p;) {
        const int n = letter(p);
        if (*p == '&') fputs("&amp;", out);
        else if (*p == '<') fputs("&lt;", out);
        else if (*p == '>') fputs("&gt;", out);
        else if (n) fwrite(p, 1, (size_t)n, out);
        else fputs("\xef\xbf\xbd", out);
        p += n ? n : 1;
    }
}

static void words(FILE *out, double x, double y, double size, const char *anchor, const char *more, const char *colour, const char *text) {
    fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%g\" text-anchor=\"%s\" fill=\"%s\"%s>", x, y, size, anchor, colour, more);
    escaped(out, text);
    fputs("</text>\n", out);
}

static void line(FILE *out, double x1, double y1, double x2, double y2, const char *colour, const char *more) {
    fprintf(out, "<path d=\"M%.1f %.1fL%.1f %.1f\" stroke=\"%s\"%s/>\n", x1, y1, x2, y2, colour, more);
}

/* A curve's line. Of the points within one point of x, the lowest and the highest are drawn, in their order; `pen` says
 * whether the line goes on from the point before, and a point between two gaps becomes a dot. */
static void path(FILE *out, const nn_curve *c, const Axis *x, const Axis *y, const char *attributes) {
    bool pen = false, dot = false;
    fprintf(out, "<path class=\"%s\" d=\"", c->look == NN_PALE ? "raw" : "curve");
    for (size_t k = 0; k < c->n;) {
        if (!drawable(c->y[k]) || !drawable(c->x[k])) {
            if (dot) fputs("h0", out);
            pen = dot = false;
            k++;
            continue;
        }
        const double column = floor(place(x, c->x[k]));
        size_t end = k, low = k, high = k;
        for (; end < c->n && drawable(c->y[end]) && drawable(c->x[end]) && floor(place(x, c->x[end])) == column; end++) {
            if (c->y[end] < c->y[low]) low = end;
            if (c->y[end] > c->y[high]) high = end;
        }
        const size_t first = low < high ? low : high, second = low < high ? high : low;
        fprintf(out, "%s%.1f %.1f", pen ? "L" : "M", place(x, c->x[first]), place(y, c->y[first]));
        if (second != first) fprintf(out, "L%.1f %.1f", place(x, c->x[second]), place(y, c->y[second]));
        dot = !pen && second == first;
        pen = true;
        k = end;
    }
    fprintf(out, "%s\" stroke=\"%s\"%s/>\n", dot ? "h0" : "", c->colour.text, attributes);
}

static void curve(FILE *out, const nn_curve *c, const Axis *x, const Axis *y) {
    static const char *const looks[] = { " stroke-width=\"2\"", " stroke-width=\"1\" stroke-opacity=\"0.28\"", " stroke-width=\"1.8\"" };
    path(out, c, x, y, looks[c->look]);
    const double room = (x->to - x->from) / (double)(c->n ? c->n : 1);
    if (c->look != NN_POINTS || room < 7) return;
    fprintf(out, "<g fill=\"%s\" stroke=\"%s\" stroke-width=\"%d\">\n", c->colour.text, paper, room >= 14);
    for (size_t k = 0; k < c->n; k++)
        if (drawable(c->x[k]) && drawable(c->y[k]))
            fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%g\"/>\n", place(x, c->x[k]), place(y, c->y[k]), room < 14 ? 2.4 : 3.2);
    fputs("</g>\n", out);
}

static double key(FILE *out, double x, double y, const char *text, const char *colour, bool pale) {
    line(out, x, y - 4, x + 16, y - 4, colour, pale ? " stroke-width=\"3\" stroke-opacity=\"0.28\"" : " stroke-width=\"3\"");
    words(out, x + 22, y, 12, "start", "", ink, text);
    return 22 + width_of(text, 12) + 18;
}

/* The names of the curves, in the panel's upper right corner above the axes. */
static void panel_keys(FILE *out, const nn_panel *p, double right, double y) {
    double room = 0;
    for (const nn_curve *c = p->curves; c; c = c->next)
        if (c->name[0] && c->n) room += 22 + width_of(c->name, 12) + 18;
    double x = right - room + 18;
    for (const nn_curve *c = p->curves; c; c = c->next)
        if (c->name[0] && c->n) x += key(out, x, y, c->name, c->colour.text, c->look == NN_PALE);
}

static void draw_axes(FILE *out, const nn_panel *p, const Axis *x, const Axis *y) {
    Ticks ticks;
    make_ticks(&ticks, y, 7);
    for (int k = 0; k < ticks.n; k++) {
        const double at = place(y, ticks.tick[k].at);
        line(out, x->from, at, x->to, at, grid, ticks.tick[k].text[0] ? "" : " stroke-width=\"0.6\"");
        if (ticks.tick[k].text[0]) words(out, x->from - 8, at + 4, 11, "end", "", grey, ticks.tick[k].text);
    }
    make_ticks(&ticks, x, (int)((x->to - x->from) / 62));
    for (int k = 0; k < ticks.n; k++) {
        const double at = place(x, ticks.tick[k].at);
        line(out, at, y->from, at, y->from + (ticks.tick[k].text[0] ? 5 : 3), axis_line, "");
        if (ticks.tick[k].text[0]) words(out, at, y->from + 18, 11, "middle", "", grey, ticks.tick[k].text);
    }
    line(out, x->from, y->from, x->to, y->from, axis_line, "");
    words(out, x->to, y->from + 34, 11, "end", "", grey, p->x_title);
}

static void draw_marks(FILE *out, const nn_panel *p, const Axis *x, const Axis *y) {
    char halo[100];
    snprintf(halo, sizeof halo, " stroke=\"%s\" stroke-width=\"4\" stroke-linejoin=\"round\" paint-order=\"stroke\"", paper);
    for (int k = 0; k < p->n_marks; k++) {
        const double at = place(x, p->marks[k].x);
        line(out, at, y->from, at, y->to, grey, " stroke-dasharray=\"4 3\"");
    }
    for (int k = 0; k < p->n_marks; k++) {
        const double at = place(x, p->marks[k].x);
        const bool right_side = at + width_of(p->marks[k].text, 12) + 10 < x->to;
        words(out, at + (right_side ? 7 : -7), y->to + 10 + 18 * k, 12, right_side ? "start" : "end", halo, ink, p->marks[k].text);
    }
}

static void draw_panel(FILE *out, const nn_panel *p, Range of_x, int number, double left, double top, double width, double height) {
    Axis x = axis_of(of_x, p->log_x, 0.015, left + LEFT, left + width - RIGHT);
    Axis y = axis_of(range_of(p, true), p->log_y, 0.06, top + height - BOTTOM, top + TOP);
    x.whole = p->whole_x;
    fprintf(out, "<g class=\"panel\">\n<clipPath id=\"panel%d\"><rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/></clipPath>\n",
            number, x.from - 4, y.to - 4, x.to - x.from + 8, y.from - y.to + 8);
    words(out, left + 8, top + 20, 13, "start", " font-weight=\"600\"", ink, p->title);
    panel_keys(out, p, x.to, top + 20);
    draw_axes(out, p, &x, &y);
    fprintf(out, "<g clip-path=\"url(#panel%d)\" stroke-linejoin=\"round\" stroke-linecap=\"round\">\n", number);
    for (const nn_curve *c = p->curves; c; c = c->next)
        if (c->n) curve(out, c, &x, &y);
    fputs("</g>\n", out);
    draw_marks(out, p, &x, &y);
    fputs("</g>\n", out);
}

/* The legend of all panels, in as many lines as it needs. Gives its height; without `out` nothing is drawn. */
static double draw_keys(FILE *out, const nn_chart *c, double left, double top, double right) {
    double x = left, y = top + 14;
    if (!c->keys) return 0;
    for (const nn_key *k = c->keys; k; k = k->next) {
        const double room = 22 + width_of(k->text, 12) + 18;
        if (x > left && x + room > right) x = left, y += KEY;
        if (out) key(out, x, y, k->text, k->colour.text, false);
        x += room;
    }
    return y - top + 10;
}

static void draw(FILE *out, const nn_chart *c) {
    int panels = 0, number = 0;
    for (const nn_panel *p = c->panels; p; p = p->next) panels += has_points(p);
    const int columns = panels <= 1 ? 1 : panels <= 6 ? 2 : 3, rows = (panels + columns - 1) / columns;
    const double cell = panels == 1 ? 760 : 440, height = panels == 1 ? 420 : 290;
    const double wide = columns * cell + 2 * EDGE, head = EDGE + 26 + (c->note[0] ? 20 : 0);
    const double body = head + draw_keys(NULL, c, EDGE + 8, head, wide - EDGE) + 6, high = body + rows * height + EDGE - 8;
    fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
            "font-family=\"system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif\" fill=\"none\">\n<title>",
            wide, high, wide, high);
    escaped(out, c->title);
    fprintf(out, "</title>\n<rect width=\"100%%\" height=\"100%%\" rx=\"6\" fill=\"%s\"/>\n", paper);
    words(out, EDGE + 8, EDGE + 14, 16, "start", " font-weight=\"600\"", ink, c->title);
    if (c->note[0]) words(out, EDGE + 8, EDGE + 34, 12, "start", "", grey, c->note);
    draw_keys(out, c, EDGE + 8, head, wide - EDGE);
    int at = 0;
    Range all = { NAN, NAN };
    for (const nn_panel *p = c->panels; p; p = p->next) {
        const Range r = range_of(p, false);
        take_in(&all, r.low);
        take_in(&all, r.high);
    }
    for (const nn_panel *p = c->panels; p; p = p->next) {
        if (!has_points(p)) continue;
        const int cells = at == 0 ? 1 + rows * columns - panels : 1;
        draw_panel(out, p, c->same_x ? all : range_of(p, false), ++number, EDGE + at % columns * cell, body + at / columns * height,
                   cells * cell, height);
        at += cells;
    }
    fputs("</svg>\n", out);
}

bool nn_chart_write(const nn_chart *c, const char *path, nn_failure *f) {
    nn_replacement r;
    if (!c || c->failed) return nn_fail(f, "%s: there is not enough memory for the picture", path);
    if (!nn_replace_begin(&r, path, f)) return false;
    draw(r.file, c);
    return nn_replace_commit(&r, f);
}
