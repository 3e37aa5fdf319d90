/* The mathematics of generated programs against the C library's functions of long double.
 *
 * Each float function is called with patterns of bits from the whole range of floats, and with many more where it is
 * curved. The error in ulp is |got - right| over the distance of the floats around the right value, which is known to
 * more than 2^-36 ulp: as good as exact. Most calls are let off by the function of double, which is faster: only what
 * may be a new worst is computed again. The bounds are those that nn_math.h states, with and without FMA: tests/math/run.sh
 * builds this file in several ways. NN_MATH_STEP in the environment is how far apart the patterns are: with 1 all 2^32 floats
 * are tried, in half an hour. */
#include <check.h>
#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include "../../runtime/nn_math.h"

typedef struct {
    const char *name;
    float (*ours)(float);
    double (*near)(double);                 /* right to a few ulp of double */
    long double (*right)(long double);
    double bound, from, to;
} Function;

static float exp_below(float x) { return x > 71 ? nn_exp_f(x) : nn_exp_below_f(x); }     /* it is for x <= 71 */
static double log1pexp_near(double x) { return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)); }
static double sigmoid_near(double x) { return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x)); }
static double sin_near(double x) { return fabs(x) < 268435456.0 ? sin(x) : isfinite(x) ? 0 : NAN; }
static double cos_near(double x) { return fabs(x) < 268435456.0 ? cos(x) : isfinite(x) ? 1 : NAN; }
static double erfinv_near(double x) { return nn_erfinv_d(x); }
static long double log1pexp_right(long double x) { return x > 0 ? x + log1pl(expl(-x)) : log1pl(expl(x)); }
static long double sigmoid_right(long double x) { return x < 0 ? expl(x) / (1 + expl(x)) : 1 / (1 + expl(-x)); }
static long double sin_right(long double x) { return fabsl(x) < 268435456.0L ? sinl(x) : isfinite(x) ? 0 : (long double)NAN; }
static long double cos_right(long double x) { return fabsl(x) < 268435456.0L ? cosl(x) : isfinite(x) ? 1 : (long double)NAN; }
/* A Newton step from the value in double; near 1 on erfc, since 1 - x is exact. */
static long double erfinv_right(long double x) {
    long double t = fabsl(x), y = (long double)nn_erfinv_d((double)t);
    if (!(y > 0 && y < (long double)INFINITY)) return x < 0 ? -y : y;
    y -= (t < 0.5L ? erfl(y) - t : (1 - t) - erfcl(y)) * 0.886226925452758013649L * expl(y * y);
    return x < 0 ? -y : y;
}

static const Function functions[] = {
    { "exp", nn_exp_f, exp, expl, 1.1, -104, 89 },
    { "exp_below", exp_below, exp, expl, 1.1, -104, 71 },
    { "expm1", nn_expm1_f, expm1, expm1l, 1.7, -20, 89 },
    { "log", nn_log_f, log, logl, 0.9, 0.4, 2.5 },
    { "log1p", nn_log1p_f, log1p, log1pl, 1.2, -0.9, 3 },
    { "log1pexp", nn_log1pexp_f, log1pexp_near, log1pexp_right, 2.0, -104, 20 },
    { "sigmoid", nn_sigmoid_f, sigmoid_near, sigmoid_right, 2.4, -104, 20 },
    { "tanh", nn_tanh_f, tanh, tanhl, 5.8, -10, 10 },
    { "sqrt", nn_sqrt_f, sqrt, sqrtl, 0.5, 0, 4 },
    { "sin", nn_sin_f, sin_near, sin_right, 0.51, -1000, 1000 },
    { "cos", nn_cos_f, cos_near, cos_right, 0.51, -1000, 1000 },
    { "erf", nn_erf_f, erf, erfl, 1.5, -4.5, 4.5 },
    { "erfinv", nn_erfinv_f, erfinv_near, erfinv_right, 4, -1, 1 },
};
enum { N_FUNCTIONS = sizeof functions / sizeof *functions };

/* The distance between the floats around `right`. */
static double ulp(double right) {
    double size = fabs(right);
    if (size < (double)FLT_MIN) return 0x1p-149;
    if (size > (double)FLT_MAX) return 0x1p104;
    return nn_from_bits_d((nn_bits_d(size) & 0x7ff0000000000000u) - ((uint64_t)23 << 52));
}
/* The error in ulp; 0 where both are the same kind of NaN or infinity (or round to it), a large number where not. */
static double error_in_ulp(float got, long double right) {
    if (isnan(right) || isnan(got)) return isnan(right) && isnan(got) ? 0 : 1e30;
    if (isinf(got)) return fabsl(right) >= (long double)FLT_MAX && (got > 0) == (right > 0) ? 0 : 1e30;
    if (isinf(right)) return 1e30;
    return (double)fabsl((long double)got - right) / ulp((double)right);
}
static double quick_error(float got, double right) {
    double error = fabs((double)got - right) / ulp(right);
    if (error < 1e20) return error;
    return (isnan(got) && isnan(right)) || (isinf(got) && fabs(right) > 3.5e38 && (got > 0) == (right > 0)) ? 0 : 1e30;
}

static inline void hold(const Function *f, float x, double *worst, float *at) {
    float got = f->ours(x);
    if (quick_error(got, f->near((double)x)) + 1e-6 < *worst) return;
    double error = error_in_ulp(got, f->right((long double)x));
    if (error > *worst) *worst = error, *at = x;
}

START_TEST(float_functions_keep_their_bounds) {
    const Function *f = &functions[_i];
    double worst = 0;
    float at = 0;
    const uint32_t step = getenv("NN_MATH_STEP") ? (uint32_t)atoi(getenv("NN_MATH_STEP")) : f->near == erfinv_near ? 8191 : 1021;
    const uint32_t count = UINT32_MAX / step;
    for (uint64_t k = 0; k <= count; k++) hold(f, nn_from_bits((uint32_t)k * step), &worst, &at);
    for (int k = 0; k < 1000000; k++) hold(f, (float)(f->from + (f->to - f->from) * (k + 0.37) / 1e6), &worst, &at);
    const float special[] = { 0.0f, -0.0f, 1.0f, -1.0f, INFINITY, -INFINITY, NAN, FLT_MIN, -FLT_MIN, FLT_MAX, -FLT_MAX, 0x1p-149f,
                              -0x1p-149f, 88.72283f, 88.72284f, -103.9721f, -103.97f, -87.33655f, 0.5f, 2.0f, FLT_EPSILON };
    for (size_t k = 0; k < sizeof special / sizeof *special; k++)
        for (uint32_t near = 0; near < 65; near++) hold(f, nn_from_bits(nn_bits(special[k]) + near - 32), &worst, &at);
    printf("%-9s %.4f ulp at %a\n", f->name, worst, (double)at);
    fflush(stdout);
    ck_assert_msg(worst <= f->bound, "%s: %g ulp at %a, and at most %g are stated", f->name, worst, (double)at, f->bound);
} END_TEST

START_TEST(square_roots_are_correctly_rounded) {
    for (uint32_t k = 0; k < 0x7f800000u / 997; k++) {
        float x = nn_from_bits(k * 997);
        ck_assert(nn_sqrt_f(x) == (float)sqrtl((long double)x));
    }
} END_TEST

START_TEST(odd_functions_keep_the_sign_of_zero) {
    float (*const odd[])(float) = { nn_expm1_f, nn_log1p_f, nn_tanh_f, nn_sqrt_f, nn_sin_f, nn_erf_f, nn_erfinv_f };
    for (size_t k = 0; k < sizeof odd / sizeof *odd; k++) {
        ck_assert(odd[k](0.0f) == 0 && !signbit(odd[k](0.0f)));
        ck_assert(odd[k](-0.0f) == 0 && signbit(odd[k](-0.0f)));
    }
} END_TEST

START_TEST(powers) {
    const float special[] = { 0.0f, -0.0f, 1.0f, -1.0f, 2.0f, -2.0f, 3.0f, -3.0f, 0.5f, -0.5f, 1.5f, INFINITY, -INFINITY, NAN,
                              FLT_MIN, FLT_MAX, 0x1p-149f, 1e20f, -1e20f, 16777215.0f, 16777216.0f, -16777217.0f, 1.0000001f, 0.9999999f };
    enum { N = sizeof special / sizeof *special };
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            double right = pow((double)special[i], (double)special[j]), error = error_in_ulp(nn_pow_f(special[i], special[j]), (long double)right);
            ck_assert_msg(error <= 0.51, "%g^%g is %g, not %g", (double)special[i], (double)special[j],
                          (double)nn_pow_f(special[i], special[j]), right);
            ck_assert(isnan(right) || signbit(nn_pow_f(special[i], special[j])) == signbit((float)right));
        }
    double worst = 0;
    uint32_t state = 1;
    for (int k = 0; k < 1000000; k++) {
        state = state * 1664525u + 1013904223u;
        float a = nn_from_bits((state >> 1) % 0x7f800000u);
        state = state * 1664525u + 1013904223u;
        float b = ((float)(state >> 8) / 8388608.0f - 1.0f) * (k & 1 ? 3.0f : 100.0f);
        float got = nn_pow_f(a, b);
        if (quick_error(got, pow((double)a, (double)b)) + 1e-6 < worst) continue;
        double error = error_in_ulp(got, powl((long double)a, (long double)b));
        if (error > worst) worst = error;
    }
    printf("pow       %.3f ulp\n", worst);
    ck_assert_double_le(worst, 0.51);
} END_TEST

START_TEST(inverse_error_function_in_double) {
    for (int k = -9999; k <= 9999; k++) {
        double x = k / 10000.0, y = nn_erfinv_d(x);
        ck_assert_double_le(fabs(erf(y) - x), 4e-16);
    }
    for (double rest = 1e-15; rest < 0.4; rest *= 3)
        ck_assert_double_le(fabs(erfc(nn_erfinv_d(1 - rest)) / (1 - (1 - rest)) - 1), 2e-14);
    ck_assert_double_le(fabs(nn_erfinv_d(1e-300) / 0.88622692545275801365e-300 - 1), 4e-16);
    ck_assert(isinf(nn_erfinv_d(1)) && isinf(nn_erfinv_d(-1)) && isnan(nn_erfinv_d(1.5)) && isnan(nn_erfinv_d(NAN)));
} END_TEST

START_TEST(nan_wins_and_ties_take_the_first) {
    ck_assert(isnan(nn_max_f(NAN, 1)) && isnan(nn_max_f(1, NAN)) && isnan(nn_min_f(NAN, 1)) && isnan(nn_min_f(1, NAN)));
    ck_assert(isnan(nn_max_d(NAN, 1)) && isnan(nn_max_d(1, NAN)) && isnan(nn_min_d(NAN, 1)) && isnan(nn_min_d(1, NAN)));
    ck_assert(signbit(nn_max_f(-0.0f, 0.0f)) && !signbit(nn_min_f(0.0f, -0.0f)));
    ck_assert(nn_max_f(1, 2) == 2 && nn_min_f(1, 2) == 1 && nn_max_d(-1, -2) == -1 && nn_min_d(-1, -2) == -2);
} END_TEST

START_TEST(reals_become_whole) {
    const double x[] = { 0, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.49999999999999994, 2.7, -2.7, 4503599627370495.5, 4503599627370496.0, 9e15, -9e15 };
    for (size_t k = 0; k < sizeof x / sizeof *x; k++) {
        ck_assert_int_eq(nn_floor_d(x[k]), (int64_t)floor(x[k]));
        ck_assert_int_eq(nn_ceil_d(x[k]), (int64_t)ceil(x[k]));
        ck_assert_int_eq(nn_round_d(x[k]), (int64_t)nearbyint(x[k]));
        ck_assert_int_eq(nn_round_f((float)x[k]), (int64_t)nearbyintf((float)x[k]));
    }
    ck_assert_int_eq(nn_floor_d(1e300), INT64_MAX);
    ck_assert_int_eq(nn_ceil_f(-INFINITY), INT64_MIN);
    ck_assert_int_eq(nn_round_f(NAN), 0);
} END_TEST

START_TEST(integers_in_the_floor_forms) {
    for (int64_t a = -20; a <= 20; a++)
        for (int64_t b = -7; b <= 7; b++) {
            if (b == 0) continue;
            ck_assert_int_eq(nn_floordiv(a, b), (int64_t)floor((double)a / (double)b));
            ck_assert_int_eq(nn_mod(a, b), a - b * nn_floordiv(a, b));
        }
    ck_assert_int_eq(nn_floordiv(5, 0), 0);
    ck_assert_int_eq(nn_mod(5, 0), 0);
    ck_assert_int_eq(nn_floordiv(INT64_MIN, -1), INT64_MIN);
    ck_assert_int_eq(nn_mod(INT64_MIN, -1), 0);
    ck_assert(nn_iabs(-3) == 3 && nn_isign(-3) == -1 && nn_isign(0) == 0 && nn_imax(2, 3) == 3 && nn_imin(2, 3) == 2);
    ck_assert(nn_rmod_f(-1.0f, 3.0f) == 2.0f && nn_rfloordiv_f(-1.0f, 3.0f) == -1.0f);
} END_TEST

int main(void) {
    Suite *suite = suite_create("math");
    TCase *cases = tcase_create("math");
    tcase_set_timeout(cases, getenv("NN_MATH_STEP") ? 0 : 300);
    tcase_add_loop_test(cases, float_functions_keep_their_bounds, 0, N_FUNCTIONS);
    tcase_add_test(cases, square_roots_are_correctly_rounded);
    tcase_add_test(cases, odd_functions_keep_the_sign_of_zero);
    tcase_add_test(cases, powers);
    tcase_add_test(cases, inverse_error_function_in_double);
    tcase_add_test(cases, nan_wins_and_ties_take_the_first);
    tcase_add_test(cases, reals_become_whole);
    tcase_add_test(cases, integers_in_the_floor_forms);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
