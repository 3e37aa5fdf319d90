/* States that come from the data, against statistics by hand in long double: standardized, and a chain of such states. */
#include "chain.h"
#include "gathered.h"
#include "table.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { N = 101, F = 6, BATCH = TABLE_BATCH };

static table m;
static gathered g;
static chain c;
static table_predict_work work;
static chain_predict_work short_work;
static nn_real x[N][F], t[N], y[N][3];
static int32_t k[N];
static int wrong;

static void near(const char *what, double got, long double wanted, double allowed) {
    if (fabs(got - (double)wanted) <= allowed) return;
    printf("%s is %.9g, by hand %.9Lg\n", what, got, wanted);
    wrong = 1;
}

static double uniform(unsigned i) {
    i = (i ^ 61u ^ i >> 16) * 9u;
    i = (i ^ i >> 4) * 0x27d4eb2du;
    return (double)((i ^ i >> 15) & 0xffffffu) / 0x1p24;
}

/* An ordinary column, one far from 0 with a spread of 1, two that are always the same, a tiny one, one of few ones. */
static void make(void) {
    for (unsigned i = 0; i < N; i++) {
        double u = 0;
        for (unsigned j = 0; j < 12; j++) u += uniform(100*i + j);
        const double of[F] = { u - 6, 1e3 + u, 1000.1, 0, 1e-5*u, i % 17 == 3 };
        for (int f = 0; f < F; f++) x[i][f] = (nn_real)of[f];
        t[i] = (nn_real)(-250 + 40*(u - 6) + 3*uniform(100*i + 50));
        k[i] = (int32_t)(3*uniform(100*i + 60));
        for (int f = 0; f < 3; f++) y[i][f] = (nn_real)uniform(100*i + 70 + (unsigned)f);
    }
}

static long double mean_of(const nn_real *v, int step) {
    long double sum = 0;
    for (int i = 0; i < N; i++) sum += v[i*step];
    return sum/N;
}
static long double deviation_of(const nn_real *v, int step) {
    long double mean = mean_of(v, step), sum = 0, most = 0;
    for (int i = 0; i < N; i++) {
        const long double d = v[i*step] - mean;
        sum += d*d;
        most = fmaxl(most, fabsl((long double)v[i*step] - v[0]));
    }
    return most > 0 ? sqrtl(sum/N) : 1;
}

static void survey_table(int batch) {
    table_init(&m, 3);
    for (int f = 0; f < F; f++)
        if (m.state.standardized_deviation[f] != 0) printf("not 0 before the survey\n"), wrong = 1;
    for (int pass = 0; pass < TABLE_SURVEYS; pass++) {
        for (int i = 0; i < N; i += batch) table_survey(&m, N - i < batch ? N - i : batch, x[i], &t[i]);
        table_surveyed(&m);
    }
}

static void check_table(void) {
    const int is_double = sizeof(nn_real) == 8;
    const double eps = is_double ? 1e-14 : 1e-6;
    for (int f = 0; f < F; f++) {
        const long double mean = mean_of(&x[0][f], F), deviation = deviation_of(&x[0][f], F);
        near("a mean", m.state.standardized_centre[f], mean, (is_double ? 0x1p-52 : 0x1p-23)*fabs((double)mean) + 1e-20);
        near("a deviation", m.state.standardized_deviation[f]/(double)deviation, 1, eps);
        nn_real z[N], u[N][F];
        for (int i = 0; i < N; i++) {
            table_predict_one(&m.params, &m.state, &work, x[i], &z[i], u[i]);
            near("a standardized number", u[i][f], ((long double)x[i][f] - mean)/deviation, f == 1 ? is_double ? 1e-11 : 1e-4 : 100*eps);
            if ((f == 2 || f == 3) && u[i][f] != 0) printf("what is always the same is %g\n", (double)u[i][f]), wrong = 1;
        }
    }
    near("the mean of the target", m.state.standardized_2_centre, mean_of(t, 1), 300*eps);
    near("the deviation of the target", m.state.standardized_2_deviation, deviation_of(t, 1), 300*eps);
    /* The loss is in units of the deviation, the metric in those of the target. */
    table_reset(&m);
    double loss = table_evaluate(&m, BATCH, x[0], t), values[2];
    table_metrics(&m, values);
    near("the loss", sqrt(loss)*(double)m.state.standardized_2_deviation, values[0], 1e-3*values[0]);
}

/* Micro-batches, and a survey that has not forgotten what metrics gathered. */
static void check_gathered(void) {
    gathered_init(&g, 3);
    gathered_evaluate(&g, 5, x[0], t);
    gathered_reset(&g);
    for (int pass = 0; pass < GATHERED_SURVEYS; pass++) {
        for (int i = 0; i < N; i += BATCH) gathered_survey(&g, N - i < BATCH ? N - i : BATCH, x[i], &t[i]);
        gathered_surveyed(&g);
    }
    if (memcmp(&g.state, &m.state, sizeof g.state)) printf("with accumulate the states are others\n"), wrong = 1;
    for (int i = 0; i + BATCH <= N; i += BATCH) gathered_step(&g, BATCH, x[i], &t[i]);
    if (memcmp(&g.state, &m.state, sizeof g.state)) printf("a step has changed them\n"), wrong = 1;
}

static void check_chain(void) {
    chain_init(&c, 1);
    for (int pass = 0; pass < CHAIN_SURVEYS; pass++) {
        for (int i = 0; i < N; i += 16) chain_survey(&c, N - i < 16 ? N - i : 16, y[i], &k[i], &t[i]);
        chain_surveyed(&c);
    }
    double count[4] = { 0 }, top = 0, balance = 0;
    for (int i = 0; i < N; i++) {
        count[k[i]]++;
        for (int f = 0; f < 3; f++) top = fmax(top, (double)y[i][f]);
    }
    for (int i = 0; i < N; i++) balance += count[k[i]]/N*(double)t[i];
    for (int q = 0; q < 4; q++) {
        near("a count", c.state.count[q], count[q], 0);
        near("a share", c.state.share[q], count[q]/N, 1e-7);
    }
    near("the sum by shares", c.state.balance, balance, 1e-6*fabs(balance));
    near("the largest", c.state.largest_top, top, 0);
    near("what moves begins there", c.state.largest_moving, top, 0);
    chain_gradients(&c, 16, y[0], k, t);
    near("the largest after a step", c.state.largest_top, top, 0);
    if (c.state.largest_moving == (nn_real)top) printf("it does not move\n"), wrong = 1;
    nn_real out;
    chain_predict_one(&c.state, &short_work, y[0], &k[0], &out);
    if (!isfinite(out)) printf("the prediction is %g\n", (double)out), wrong = 1;
    if (CHAIN_SURVEYS != 3) printf("%d passes\n", CHAIN_SURVEYS), wrong = 1;
}

int main(void) {
    make();
    survey_table(7);
    check_table();
    survey_table(BATCH);
    check_table();
    check_gathered();
    check_chain();
    return wrong;
}
