/* Steps of several evaluations with the models of valley.nn, against what PyTorch's LBFGS makes of them.
 *
 *     search < values.txt           (make_values.py says what the lines mean) */
#include "sides.h"
#include "valley.h"
#include <math.h>
#include <nn_search.h>
#include <stdio.h>
#include <string.h>

static valley a_valley;
static sides two_sides;
static nn_real x[12][3], t[12], nothing[1];

static size_t weights(const nn_model *m, void *instance, double *values, int set) {
    size_t n = 0;
    for (int i = 0; i < m->n_params; i++) {
        size_t size = 1;
        for (int d = 0; d < m->params[i].rank; d++) size *= (size_t)m->params[i].dim[d];
        double *at = (double *)((char *)instance + m->params[i].offset);
        for (size_t k = 0; k < size; k++, n++)
            if (set) at[k] = values[n];
            else values[n] = at[k];
    }
    return n;
}

static int differ(double got, double wanted) { return !(fabs(got - wanted) <= 1e-7 * fmax(1, fabs(wanted))); }

int main(void) {
    static const void *const of_valley[] = { nothing }, *const of_sides[] = { x, t };
    const nn_model *m = NULL;
    const void *const *inputs = NULL;
    void *instance = NULL;
    nn_search *s = NULL;
    char word[16], name[16];
    int failed = 0, passed = 0, wanted, n = 0;
    for (int i = 0; i < 12; i++) {
        for (int j = 0; j < 3; j++) x[i][j] = ((7 * i + 3 * j) % 11 - 5) / 4.0;
        t[i] = 5 * i % 12 < 6;
    }
    while (scanf("%15s", word) == 1) {
        double loss, values[8], now[8];
        if (!strcmp(word, "start")) {
            nn_search_limits limits = { .gradient = 1e-7, .change = 1e-9 };
            if (scanf("%15s %d %d", name, &limits.iterations, &limits.tries) != 3) return 2;
            int is_valley = !strcmp(name, "valley");
            m = is_valley ? &valley_model : &sides_model;
            instance = is_valley ? (void *)&a_valley : (void *)&two_sides;
            inputs = is_valley ? of_valley : of_sides;
            n = m->batch;
            m->init(instance, 1);
            nn_search_free(s);
            if (!(s = nn_search_new(m, instance, limits))) return 2;
        } else if (scanf("%lf %d", &loss, &wanted) != 2) return 2;
        size_t size = weights(m, instance, now, 0);
        for (size_t k = 0; k < size; k++)
            if (scanf("%lf", &values[k]) != 1) return 2;
        if (!strcmp(word, "start")) { weights(m, instance, values, 1); continue; }
        double got = nn_search_step(s, n, NULL, inputs);
        int bad = differ(got, loss) || nn_search_evaluations(s) != wanted;
        weights(m, instance, now, 0);
        for (size_t k = 0; k < size; k++) bad |= differ(now[k], values[k]);
        if (bad) {
            printf("FAIL %s: loss %.17g for %.17g, %d evaluations for %d, then", name, got, loss, nn_search_evaluations(s), wanted);
            for (size_t k = 0; k < size; k++) printf(" %.12g(%.12g)", now[k], values[k]);
            printf("\n");
        }
        failed += bad, passed += !bad;
    }
    nn_search_free(s);
    printf("%d passed, %d failed\n", passed, failed);
    return failed > 0;
}
