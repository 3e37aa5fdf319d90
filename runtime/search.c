/* search.c: several evaluations of one batch in a step; nn_search.h says what for.
 *
 * Weights and gradients are seen as one vector of all trained parameters, in double. A *point* is a place on the line
 * start + length*direction: its length, its loss, its gradient, and the slope of the loss along the line there.
 *
 * SPDX-License-Identifier: 0BSD */
#include "nn_search.h"
#include "data.h"
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef struct Point { double length, loss, slope, *gradient; } Point;

struct nn_search {
    const nn_model *m;
    char *instance;
    nn_search_limits limits;
    size_t size;                /* of the vectors */
    double *start, *direction;
    Point from, low, high, tried;
    int n, evaluations;
    const int *lengths;
    double steepness;           /* the length of the gradient where the step began */
    const void *const *inputs;
};

static const nn_tensor *weights_of(const nn_model *m, const nn_tensor *gradient) {
    for (int i = 0; i < m->n_params; i++)
        if (!strcmp(m->params[i].name, gradient->name)) return &m->params[i];
    return gradient;
}

static void read_tensor(const nn_search *s, const nn_tensor *t, double *to) {
    const char *at = s->instance + t->offset;
    for (size_t k = 0; k < nn_tensor_elements(t); k++)
        to[k] = t->type == NN_F64 ? ((const double *)at)[k] : (double)((const float *)at)[k];
}

static void write_tensor(const nn_search *s, const nn_tensor *t, const double *from) {
    char *at = s->instance + t->offset;
    for (size_t k = 0; k < nn_tensor_elements(t); k++)
        if (t->type == NN_F64) ((double *)at)[k] = from[k];
        else ((float *)at)[k] = (float)from[k];
}

static void read_all(const nn_search *s, double *to, bool weights) {
    for (int i = 0; i < s->m->n_grads; to += nn_tensor_elements(&s->m->grads[i++]))
        read_tensor(s, weights ? weights_of(s->m, &s->m->grads[i]) : &s->m->grads[i], to);
}

static void write_all(const nn_search *s, const double *from, bool weights) {
    for (int i = 0; i < s->m->n_grads; from += nn_tensor_elements(&s->m->grads[i++]))
        write_tensor(s, weights ? weights_of(s->m, &s->m->grads[i]) : &s->m->grads[i], from);
}

static double dot(const double *a, const double *b, size_t n) {
    double sum = 0;
    for (size_t k = 0; k < n; k++) sum += a[k] * b[k];
    return sum;
}

static double largest(const double *a, size_t n) {
    double most = 0;
    for (size_t k = 0; k < n; k++)
        if (!(fabs(a[k]) <= most)) most = fabs(a[k]);
    return most;
}

/* The weights at this length of the direction. */
static void go_to(nn_search *s, double length) {
    double *x = s->tried.gradient;              /* free until the next gradient is read */
    for (size_t k = 0; k < s->size; k++) x[k] = s->start[k] + length * s->direction[k];
    write_all(s, x, true);
}

static void evaluate(nn_search *s, Point *at) {
    memset(s->instance + s->m->gathered_offset, 0, s->m->gathered_size);   /* what adds up begins anew */
    at->loss = s->m->gradients(s->instance, s->n, s->lengths, s->inputs);
    s->evaluations++;
    read_all(s, at->gradient, false);
}

static void try(nn_search *s, double length) {
    go_to(s, length);
    s->tried.length = length;
    evaluate(s, &s->tried);
    s->tried.slope = dot(s->tried.gradient, s->direction, s->size);
}

static void copy(nn_search *s, Point *to, const Point *from) {
    double *gradient = to->gradient;
    memcpy(gradient, from->gradient, s->size * sizeof *gradient);
    *to = *from;
    to->gradient = gradient;
}

static void exchange(Point *a, Point *b) {
    Point c = *a;
    *a = *b;
    *b = c;
}

/* Where the cubic with these values and slopes has its minimum, kept within bounds; their middle if it has none. */
static double cubic_minimum(const Point *a, const Point *b, double least, double most) {
    if (a->length > b->length) { const Point *c = a; a = b; b = c; }
    double mixed = a->slope + b->slope - 3 * (a->loss - b->loss) / (a->length - b->length);
    double square = mixed * mixed - a->slope * b->slope;
    if (!(square >= 0)) return (least + most) / 2;
    double root = sqrt(square);
    double at = b->length - (b->length - a->length) * ((b->slope + root - mixed) / (b->slope - a->slope + 2 * root));
    return fmin(fmax(at, least), most);
}

enum { FOUND, BRACKETED, EXHAUSTED };
static const double enough = 1e-4, flat = 0.9;  /* of the slope at the start: how far the loss falls, how flat it becomes */

static bool too_high(const nn_search *s, const Point *p) { return p->loss > s->from.loss + enough * p->length * s->from.slope; }
static bool is_flat(const nn_search *s, const Point *p) { return fabs(p->slope) <= -flat * s->from.slope; }

/* Goes out along the line until a good length lies between low and high, or `tried` is one. */
static int bracket(nn_search *s, int *tries) {
    try(s, 1);
    copy(s, &s->low, &s->from);
    for (*tries = 0; *tries < s->limits.tries; ++*tries) {
        Point *now = &s->tried;
        if (too_high(s, now) || (*tries > 1 && now->loss >= s->low.loss)) { copy(s, &s->high, now); return BRACKETED; }
        if (is_flat(s, now)) { copy(s, &s->low, now); return FOUND; }
        if (now->slope >= 0) { copy(s, &s->high, now); return BRACKETED; }
        double next = cubic_minimum(&s->low, now, now->length + 0.01 * (now->length - s->low.length), now->length * 10);
        copy(s, &s->low, now);
        try(s, next);
    }
    copy(s, &s->low, &s->from);
    copy(s, &s->high, &s->tried);
    return EXHAUSTED;
}

/* Halves and more of the bracket are cut away until its lower end is good enough. */
static void zoom(nn_search *s, int tries) {
    double longest = largest(s->direction, s->size);
    bool slow = false;
    if (s->low.loss > s->high.loss) exchange(&s->low, &s->high);
    for (; tries < s->limits.tries; tries++) {
        double least = fmin(s->low.length, s->high.length), most = fmax(s->low.length, s->high.length), edge = 0.1 * (most - least);
        if ((most - least) * longest < s->limits.change) return;
        double at = cubic_minimum(&s->low, &s->high, least, most);
        if (fmin(most - at, at - least) < edge) {           /* close to an end twice in a row: away from it */
            bool away = slow || at >= most || at <= least;
            if (away) at = fabs(at - most) < fabs(at - least) ? most - edge : least + edge;
            slow = !away;
        } else slow = false;
        try(s, at);
        if (too_high(s, &s->tried) || s->tried.loss >= s->low.loss) {
            copy(s, &s->high, &s->tried);
            if (s->low.loss > s->high.loss) exchange(&s->low, &s->high);
            continue;
        }
        bool done = is_flat(s, &s->tried);
        if (!done && s->tried.slope * (s->high.length - s->low.length) >= 0) copy(s, &s->high, &s->low);
        copy(s, &s->low, &s->tried);
        if (done) return;
    }
}

/* From where update() has gone, to the length that is best; leaves weights, gradient and `from` there. */
static void search_line(nn_search *s) {
    int tries;
    int found = bracket(s, &tries);
    if (found == BRACKETED) zoom(s, tries);
    else if (found == EXHAUSTED && s->low.loss > s->high.loss) exchange(&s->low, &s->high);
    go_to(s, s->low.length);
    copy(s, &s->from, &s->low);
    write_all(s, s->from.gradient, false);
}

double nn_search_step(nn_search *s, int n, const int *lengths, const void *const *inputs) {
    s->n = n;
    s->lengths = lengths;
    s->inputs = inputs;
    s->evaluations = 0;
    evaluate(s, &s->from);
    double first = s->from.loss;
    s->steepness = sqrt(dot(s->from.gradient, s->from.gradient, s->size));
    if (!isfinite(first)) return first;
    int most = s->limits.evaluations ? s->limits.evaluations : s->limits.iterations * 5 / 4;
    for (int k = 1; k <= s->limits.iterations; k++) {
        if (largest(s->from.gradient, s->size) <= s->limits.gradient) break;
        read_all(s, s->start, true);
        s->m->update(s->instance);
        read_all(s, s->direction, true);
        for (size_t i = 0; i < s->size; i++) s->direction[i] -= s->start[i];
        s->from.length = 0;
        s->from.slope = dot(s->from.gradient, s->direction, s->size);
        if (s->from.slope > -s->limits.change) { write_all(s, s->start, true); break; }
        double before = s->from.loss, length = 1;
        if (s->limits.tries) {
            search_line(s);
            length = s->from.length;
        } else if (k < s->limits.iterations) evaluate(s, &s->from);
        if (s->evaluations >= most) break;
        if (length * largest(s->direction, s->size) <= s->limits.change || fabs(s->from.loss - before) < s->limits.change) break;
    }
    return first;
}

double nn_search_gradient(const nn_search *s) { return s->steepness; }
int nn_search_evaluations(const nn_search *s) { return s->evaluations; }

nn_search *nn_search_new(const nn_model *m, void *instance, nn_search_limits limits) {
    nn_search *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    *s = (nn_search){ .m = m, .instance = instance, .limits = limits };
    for (int i = 0; i < m->n_grads; i++) s->size += nn_tensor_elements(&m->grads[i]);
    double **vectors[] = { &s->start, &s->direction, &s->from.gradient, &s->low.gradient, &s->high.gradient, &s->tried.gradient };
    for (size_t k = 0; k < sizeof vectors / sizeof *vectors; k++)
        if (!(*vectors[k] = calloc(s->size + 1, sizeof(double)))) { nn_search_free(s); return NULL; }
    return s;
}

void nn_search_free(nn_search *s) {
    if (!s) return;
    double *vectors[] = { s->start, s->direction, s->from.gradient, s->low.gradient, s->high.gradient, s->tried.gradient };
    for (size_t k = 0; k < sizeof vectors / sizeof *vectors; k++) free(vectors[k]);
    free(s);
}
