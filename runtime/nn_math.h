/* nn_math.h: the mathematics of generated programs.
 *
 * Each function comes as nn_NAME_f for float and nn_NAME_d for double; plain nn_NAME is the one of nn_real.
 * The float functions use no library: they are straight lines of arithmetic, bit operations and selects, so a loop
 * over one of them becomes vector code in gcc and clang, and a result does not depend on the machine's libm. "ulp"
 * is the largest error seen against the exact result, in units of the last place, with and without FMA; tests/math
 * holds every function to its figure, and every loop to be vector code. Infinities, NaN, zeros of both signs and subnormal
 * numbers give what IEC 60559 asks. The double functions may call <math.h>: host numbers and the double build use
 * them. Not for -ffast-math, which removes the very steps that make the results exact.
 *
 *     nn_exp(x)  ->  r = x - n*ln2, |r| <= ln2/2;  (1 + r + r*r*q(r)) * 2^n
 *
 * Valid C11 and C++. SPDX-License-Identifier: 0BSD */
#ifndef NN_MATH_H
#define NN_MATH_H
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>
#include "nn.h"

/* gcc moves arithmetic behind the branch of a select that needs it, lest it trap, and then finds no vector code.
 * Nothing here looks at the flags of floating point. */
#if defined __GNUC__ && !defined __clang__
#pragma GCC optimize ("no-trapping-math")
#endif

/* The functions of nn_real by their plain names: nn_exp(x) is nn_exp_f(x) or nn_exp_d(x). */
#ifdef NN_DOUBLE
#define NN_REAL_FUNCTION(name) nn_##name##_d
#else
#define NN_REAL_FUNCTION(name) nn_##name##_f
#endif
#define nn_exp NN_REAL_FUNCTION(exp)
#define nn_exp_below NN_REAL_FUNCTION(exp_below)
#define nn_expm1 NN_REAL_FUNCTION(expm1)
#define nn_log NN_REAL_FUNCTION(log)
#define nn_log1p NN_REAL_FUNCTION(log1p)
#define nn_log1pexp NN_REAL_FUNCTION(log1pexp)
#define nn_sigmoid NN_REAL_FUNCTION(sigmoid)
#define nn_tanh NN_REAL_FUNCTION(tanh)
#define nn_sqrt NN_REAL_FUNCTION(sqrt)
#define nn_sin NN_REAL_FUNCTION(sin)
#define nn_cos NN_REAL_FUNCTION(cos)
#define nn_erf NN_REAL_FUNCTION(erf)
#define nn_erfinv NN_REAL_FUNCTION(erfinv)
#define nn_pow NN_REAL_FUNCTION(pow)
#define nn_abs NN_REAL_FUNCTION(abs)
#define nn_sign NN_REAL_FUNCTION(sign)
#define nn_max NN_REAL_FUNCTION(max)
#define nn_min NN_REAL_FUNCTION(min)
#define nn_floor NN_REAL_FUNCTION(floor)
#define nn_ceil NN_REAL_FUNCTION(ceil)
#define nn_round NN_REAL_FUNCTION(round)
#define nn_rfloordiv NN_REAL_FUNCTION(rfloordiv)
#define nn_rmod NN_REAL_FUNCTION(rmod)

/* ---- Integers: the floor forms. Dividing by zero gives 0, so that every expression has a value. ---- */

static inline int64_t nn_floordiv(int64_t a, int64_t b) {
    if (b == 0) return 0;
    if (b == -1) return (int64_t)(0 - (uint64_t)a);     /* the only quotient that can overflow: it wraps */
    return a / b - ((a % b != 0) & ((a < 0) != (b < 0)));
}
static inline int64_t nn_mod(int64_t a, int64_t b) {
    if (b == 0 || b == -1) return 0;
    int64_t rest = a % b;
    return ((rest != 0) & ((rest < 0) != (b < 0))) ? rest + b : rest;
}
static inline int64_t nn_iabs(int64_t a) { return a < 0 ? (int64_t)(0 - (uint64_t)a) : a; }
static inline int64_t nn_isign(int64_t a) { return (a > 0) - (a < 0); }
static inline int64_t nn_imax(int64_t a, int64_t b) { return a >= b ? a : b; }
static inline int64_t nn_imin(int64_t a, int64_t b) { return a <= b ? a : b; }
static inline int nn_max_i(int a, int b) { return a >= b ? a : b; }
static inline int nn_min_i(int a, int b) { return a <= b ? a : b; }

/* ---- Bits. ---- */

static inline uint32_t nn_bits(float x) { uint32_t b; memcpy(&b, &x, sizeof b); return b; }
static inline float nn_from_bits(uint32_t b) { float x; memcpy(&x, &b, sizeof x); return x; }
static inline uint64_t nn_bits_d(double x) { uint64_t b; memcpy(&b, &x, sizeof b); return b; }
static inline double nn_from_bits_d(uint64_t b) { double x; memcpy(&x, &b, sizeof x); return x; }
/* 2^n for -126 <= n <= 127; n is taken modulo 2^9, so that a negative one may come as unsigned. */
static inline float nn_power_of_two(uint32_t n) { return nn_from_bits((n + 127u) << 23); }
/* The sign of `sign` on the size of `size`. */
static inline float nn_with_sign(float size, float sign) {
    return nn_from_bits((nn_bits(size) & 0x7fffffffu) | (nn_bits(sign) & 0x80000000u));
}

/* ---- Exact functions of real numbers. ---- */

static inline float nn_abs_f(float x) { return nn_from_bits(nn_bits(x) & 0x7fffffffu); }
static inline double nn_abs_d(double x) { return nn_from_bits_d(nn_bits_d(x) & 0x7fffffffffffffffu); }
static inline float nn_sign_f(float x) { return (x > 0 ? 1.0f : 0.0f) - (x < 0 ? 1.0f : 0.0f); }
static inline double nn_sign_d(double x) { return (x > 0 ? 1.0 : 0.0) - (x < 0 ? 1.0 : 0.0); }
/* NaN wins, and of equal numbers the first is taken. Only the second is looked at alone: in max(max(x, y), z) compilers would
 * make branches of what they know of the first. */
static inline float nn_max_f(float a, float b) { return ((a < b) | (b != b)) ? b : a; }
static inline float nn_min_f(float a, float b) { return ((a > b) | (b != b)) ? b : a; }
static inline double nn_max_d(double a, double b) { return ((a < b) | (b != b)) ? b : a; }
static inline double nn_min_d(double a, double b) { return ((a > b) | (b != b)) ? b : a; }

/* Real to whole: what does not fit becomes the nearest integer that does, NaN becomes 0. */
static inline int64_t nn_trunc_d(double x) {
    double inside = x < -9223372036854775808.0 ? -9223372036854775808.0 : x > 9223372036854774784.0 ? 9223372036854774784.0 : x;
    int64_t whole = (int64_t)(x == x ? inside : 0.0);
    return x >= 9223372036854775808.0 ? INT64_MAX : whole;
}
static inline int64_t nn_floor_d(double x) {
    int64_t whole = nn_trunc_d(x);
    return whole - (x < (double)whole && whole != INT64_MIN);
}
static inline int64_t nn_ceil_d(double x) {
    int64_t whole = nn_trunc_d(x);
    return whole + (x > (double)whole && whole != INT64_MAX);
}
/* To the nearest, and to the even one of two that are equally near. */
static inline int64_t nn_round_d(double x) {
    int64_t whole = nn_trunc_d(x);
    double rest = x - (double)whole;
    int64_t odd = whole & 1;
    if (nn_abs_d(x) >= 4503599627370496.0 || x != x) return whole;      /* there is nothing behind the point */
    return whole + ((rest > 0.5) | ((rest == 0.5) & (odd != 0))) - ((rest < -0.5) | ((rest == -0.5) & (odd != 0)));
}
static inline int64_t nn_floor_f(float x) { return nn_floor_d((double)x); }
static inline int64_t nn_ceil_f(float x) { return nn_ceil_d((double)x); }
static inline int64_t nn_round_f(float x) { return nn_round_d((double)x); }

/* ---- Square root: 0.5 ulp (correctly rounded). ----
 * The instruction. By default a compiler lets a square root write to errno, which no loop over vectors can do: gcc makes
 * vector code of it only under -fno-math-errno, and no pragma changes that. A declaration that it has no effect does. */
#if defined __GNUC__
#ifdef __cplusplus
extern "C" {
#endif
float __builtin_sqrtf(float x) __attribute__((const));
double __builtin_sqrt(double x) __attribute__((const));
#ifdef __cplusplus
}
#endif
static inline float nn_sqrt_f(float x) { return __builtin_sqrtf(x); }
static inline double nn_sqrt_d(double x) { return __builtin_sqrt(x); }
#else
static inline float nn_sqrt_f(float x) { return sqrtf(x); }
static inline double nn_sqrt_d(double x) { return sqrt(x); }
#endif

/* ---- Exponentials. ---- */

/* exp(r) - 1 for x = r + n*ln2, |r| <= ln2/2, |x| < 2^22; the polynomial is within 3.2e-9. The last nine bits of n are those of the
 * whole number, which must not become an int, since NaN has none. */
static inline float nn_exp_reduced(float x, uint32_t *n) {
    float shifted = x * 1.44269504f + 12582912.0f;              /* 1.5 * 2^23: the sum has no bits behind the point */
    float whole = shifted - 12582912.0f;
    float r = (x - whole * 0.693359375f) + whole * 2.12194440e-4f;
    float r2 = r * r;                                           /* pairs of terms at once, since each waits for the one before */
    float middle = 8.36868305e-3f * r + 4.16682735e-2f;
    float low = 1.66665211e-1f * r + 4.99999940e-1f;
    float q = (1.38200517e-3f * r2 + middle) * r2 + low;
    *n = nn_bits(shifted);
    return r2 * q + r;
}

/* 1.1 ulp. Beyond 104 on either side it is infinite or 0. One select: of two on the same number gcc makes a row of masks. */
static inline float nn_exp_f(float x) {
    float size = nn_abs_f(x);
    uint32_t n;
    float t = nn_exp_reduced(nn_with_sign(size > 104.0f ? 104.0f : size, x), &n);
    uint32_t half = n << 22 & 0xff800000u;                      /* n/2 as an exponent: two factors reach the subnormal numbers */
    float power = nn_from_bits(half + 0x3f800000u);
    return (power * t + power) * nn_from_bits((n << 23) - half + 0x3f800000u);
}

/* exp(x) for x <= 71, where 2^(n+24) is neither subnormal nor infinite and one factor of bits is enough: two thirds of the time. 1.1 ulp. */
static inline float nn_exp_below_f(float x) {
    uint32_t n;
    float t = nn_exp_reduced(x < -104.0f ? -104.0f : x, &n);
    float power = nn_power_of_two(n + 24);
    return (power * t + power) * 5.9604645e-8f;
}

/* 1.7 ulp. 2^n*y + (2^n - 1), taken at half the size so that 2^128 is not needed. */
static inline float nn_expm1_f(float x) {
    float inside = x > 89.0f ? 89.0f : x < -18.0f ? -18.0f : x;
    uint32_t n;
    float y = nn_exp_reduced(inside, &n);
    float half = nn_power_of_two(n - 1);
    float result = 2.0f * (half * y + (half - 0.5f));
    return nn_abs_f(x) < 2e-8f ? x : result;
}

/* ---- Logarithms. x = m * 2^e with m in [sqrt(1/2), sqrt(2)); f = m - 1, s = f/(2+f). ---- */

/* log(1+f) = f - (f*f/2 - s*(f*f/2 + R(s*s))); gives the part after f. */
static inline float nn_log_tail(float f) {
    float s = f / (2.0f + f), z = s * s, half = 0.5f * f * f;
    float r = z * (0.66666662693f + z * (0.40000972152f + z * (0.28498786688f + z * 0.24279078841f)));
    return s * (half + r) - half;
}
static inline float nn_log_f(float x) {                         /* 0.9 ulp */
    float big = x < FLT_MIN ? x * 8388608.0f : x;
    uint32_t shifted = nn_bits(big) - 0x3f3504f3u;              /* the bits of sqrt(1/2): what is left has exponent e */
    float e = (float)((int32_t)shifted >> 23) - (x < FLT_MIN ? 23.0f : 0.0f);
    float f = nn_from_bits((shifted & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
    float y = ((nn_log_tail(f) + e * 9.0580006145e-6f) + f) + e * 6.9313812256e-1f;
    y = x < INFINITY ? y : x;                                   /* inf and NaN */
    y = x < 0 ? (float)NAN : y;
    return x == 0 ? -INFINITY : y;
}
static inline float nn_log1p_f(float x) {                       /* 1.2 ulp */
    float u = 1.0f + x;
    uint32_t shifted = nn_bits(u) - 0x3f3504f3u;
    float e = (float)((int32_t)shifted >> 23);
    float lost = e >= 2.0f ? 1.0f - (u - x) : x - (u - 1.0f);   /* what rounding took from u */
    float f = nn_from_bits((shifted & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
    float c = e == 0 ? 0.0f : lost / u;
    f = e == 0 ? x : f;
    float y = ((nn_log_tail(f) + (e * 9.0580006145e-6f + c)) + f) + e * 6.9313812256e-1f;
    y = x < INFINITY ? y : x;
    y = x == -1.0f ? -INFINITY : y;
    y = x < -1.0f ? (float)NAN : y;
    return nn_abs_f(x) < 2e-8f ? x : y;
}

/* ---- Functions made of these. ---- */

/* log(1+e) = e - s*(e - z*q(z)) for 0 <= e <= 1, with s = e/(2+e) and z = s*s. */
static inline float nn_log1p_unit(float e) {
    float s = e / (2.0f + e), z = s * s;
    float q = 0.66666413f + z * (0.40021706f + z * (0.27999012f + z * 0.28025147f));
    return e - s * (e - z * q);
}
static inline float nn_log1pexp_f(float x) {                    /* 2.0 ulp */
    return (x > 0 ? x : 0.0f) + nn_log1p_unit(nn_exp_below_f(-nn_abs_f(x)));
}
static inline float nn_sigmoid_f(float x) {                     /* 2.4 ulp; small results keep their precision */
    float e = nn_exp_below_f(-nn_abs_f(x));
    return (x < 0 ? e : 1.0f) / (1.0f + e);
}
/* 5.8 ulp. x*P(x^2)/Q(x^2), of the quotients of degree 4 by 4 the one whose largest relative error up to 9.02 is the least; there tanh
 * rounds to 1. Half the instructions of expm1, and a third of their latency. */
static inline float nn_tanh_f(float x) {
    float square = x * x, t = square > 81.36f ? 81.36f : square;
    float p = 1.33843053e-8f;                                   float q = 7.79025503e-7f;
    p = p * t + 2.06358327e-5f;                                 q = q * t + 3.28851837e-4f;
    p = p * t + 3.49745830e-3f;                                 q = q * t + 2.58843633e-2f;
    p = p * t + 1.33826878e-1f;                                 q = q * t + 4.67160090e-1f;
    p = p * t + 1.0f;                                           q = q * t + 1.0f;
    float size = nn_abs_f(x * p / q);
    return nn_with_sign(size > 1.0f ? 1.0f : size, x);
}

/* ---- Sine and odd: 0.51 ulp for |x| < 2^28. ----
 * The reduction by pi/2 is exact enough up to there in double, in three steps of 25, 25 and 53 bits. Neighbouring
 * floats beyond it are more than five whole turns apart; x counts as 0 there. */
static inline double nn_quarter_turns(float x, uint64_t *n) {
    double a = nn_abs_f(x) < 268435456.0f ? (double)x : 0.0;
    a = x - x == 0 ? a : (double)(x - x);                       /* inf and NaN give NaN */
    double shifted = a * 0.63661977236758134308 + 6755399441055744.0;
    double whole = shifted - 6755399441055744.0;
    *n = nn_bits_d(shifted);
    return ((a - whole * 1.5707963109016418) - whole * 1.5893254712295857e-08) - whole * 6.123233995736766e-17;
}
static inline double nn_sin_reduced(double r) {
    double z = r * r;
    return r + r * z * ((-0.166666666416265235595 + z * 0.0083333293858894631756) + z * z * (-0.000198393348360966317347 + z * 0.0000027183114939898219064));
}
static inline double nn_cos_reduced(double r) {
    double z = r * r;
    return (1.0 + z * -0.499999997251031003120) + z * z * (0.0416666233237390631894 + z * (-0.00138867637746099294692 + z * 0.0000243904487962774090654));
}
/* The sine of r + n*pi/2, by masks and not by selects: SSE2 compares no integers of 64 bits. */
static inline double nn_sin_turned(double r, uint64_t n) {
    uint64_t odd = 0 - (n & 1), y = (nn_bits_d(nn_cos_reduced(r)) & odd) | (nn_bits_d(nn_sin_reduced(r)) & ~odd);
    return nn_from_bits_d(y ^ (n & 2) << 62);
}
static inline float nn_sin_f(float x) {
    uint64_t n;
    double r = nn_quarter_turns(x, &n);
    float y = (float)nn_sin_turned(r, n);
    return x == 0 ? x : y;
}
static inline float nn_cos_f(float x) {
    uint64_t n;
    double r = nn_quarter_turns(x, &n);
    return (float)nn_sin_turned(r, n + 1);
}

/* ---- The error function and its inverse. ---- */

static inline float nn_erf_f(float x) {                         /* 1.5 ulp */
    float t = nn_abs_f(x), s = x * x;
    float near = -5.96761703e-4f;
    near = near * s + 4.99119423e-3f;
    near = near * s - 2.67681349e-2f;
    near = near * s + 1.12819925e-1f;
    near = near * s - 3.76125336e-1f;
    near = near * s + 1.28379166e-1f;
    near = near * x + x;
    float c = t > 5.0f ? 5.0f : t, c2 = c * c;                  /* far: 1 - exp(a polynomial) */
    float far = -1.72853470e-5f * c + 3.83197126e-4f;
    far = far * c2 + (-3.88396438e-3f * c + 2.42546219e-2f);
    far = far * c - 1.06777877e-1f;
    far = far * c - 6.34846687e-1f;
    far = far * c - 1.28717512e-1f;
    far = far * c - c;
    far = 1.0f - nn_exp_below_f(far);
    float y = t > 0.927734375f ? nn_with_sign(far, x) : near;
    return nn_abs_f(x) < 1e-30f ? x + x * 0.128379166f : y;
}
/* 4 ulp. Two polynomials in w = -log((1-x)(1+x)), after M. Giles, "Approximating the erfinv function" (2011). */
static inline float nn_erfinv_f(float x) {
    float w = -nn_log_f((1.0f - x) * (1.0f + x));
    float a = w - 2.5f, b = nn_sqrt_f(w < 5.0f ? 5.0f : w) - 3.0f;
    float near = 2.81022636e-08f, far = -0.000200214257f;
    near = near * a + 3.43273939e-07f;  far = far * b + 0.000100950558f;
    near = near * a - 3.5233877e-06f;   far = far * b + 0.00134934322f;
    near = near * a - 4.39150654e-06f;  far = far * b - 0.00367342844f;
    near = near * a + 0.00021858087f;   far = far * b + 0.00573950773f;
    near = near * a - 0.00125372503f;   far = far * b - 0.0076224613f;
    near = near * a - 0.00417768164f;   far = far * b + 0.00943887047f;
    near = near * a + 0.246640727f;     far = far * b + 1.00167406f;
    near = near * a + 1.50140941f;      far = far * b + 2.83297682f;
    float y = (w < 5.0f ? near : far) * x;
    y = nn_abs_f(x) == 1.0f ? nn_with_sign(INFINITY, x) : y;
    return nn_abs_f(x) > 1.0f ? (float)NAN : y;
}

/* ---- Powers: 0.51 ulp. 2^(b*log2|a|) in double: 40 bits of the logarithm leave 33 of a product up to 128. ---- */
static inline float nn_pow_f(float a, float b) {
    double x = (double)nn_abs_f(a);                             /* a subnormal float is a normal double */
    uint64_t shifted = nn_bits_d(x) - 0x3fe6a09e667f3bcdu;      /* the bits of sqrt(1/2) */
    double e = (double)(int32_t)((int64_t)shifted >> 52);
    double m = nn_from_bits_d((shifted & 0x000fffffffffffffu) + 0x3fe6a09e667f3bcdu);
    double s = (m - 1.0) / (m + 1.0), z = s * s;
    double log2x = 1.0 / 17;                                    /* log(m) = 2s + 2s^3/3 + 2s^5/5 + ... */
    log2x = log2x * z + 1.0 / 15;
    log2x = log2x * z + 1.0 / 13;
    log2x = log2x * z + 1.0 / 11;
    log2x = log2x * z + 1.0 / 9;
    log2x = log2x * z + 1.0 / 7;
    log2x = log2x * z + 1.0 / 5;
    log2x = log2x * z + 1.0 / 3;
    log2x = log2x * z + 1.0;
    log2x = e + log2x * s * 2.8853900817779268147;
    log2x = x == 0 ? (double)-INFINITY : x < (double)INFINITY ? log2x : x;
    double t = (double)b * log2x;
    double inside = t > 200.0 ? 200.0 : t < -200.0 ? -200.0 : t;
    double whole_shifted = inside + 6755399441055744.0;
    double r = (inside - (whole_shifted - 6755399441055744.0)) * 0.69314718055994530942;
    double y = 1.0 / 3628800;                                   /* exp(r), |r| <= ln2/2 */
    y = y * r + 1.0 / 362880;
    y = y * r + 1.0 / 40320;
    y = y * r + 1.0 / 5040;
    y = y * r + 1.0 / 720;
    y = y * r + 1.0 / 120;
    y = y * r + 1.0 / 24;
    y = y * r + 1.0 / 6;
    y = y * r + 0.5;
    y = y * r + 1.0;
    y = y * r + 1.0;
    uint64_t power = (nn_bits_d(whole_shifted) - 0x4338000000000000u + 1023u) << 52;
    float result = (float)(y * nn_from_bits_d(power));
    /* A negative base: whole exponents give the sign, others no number. From 2^24 on every float is an even number. */
    float size = nn_abs_f(b);
    int32_t whole_b = (int32_t)(size < 16777216.0f ? size : 0.0f);
    int odd = (whole_b & 1) != 0, is_whole = (size >= 16777216.0f) | ((float)whole_b == size);
    int negative = (int)(nn_bits(a) >> 31);
    result = negative & odd & is_whole ? -result : result;
    result = ((a < 0) & !is_whole & (x < (double)INFINITY)) ? (float)NAN : result;
    result = ((a != a) | (b != b)) ? a + b : result;
    result = ((x == 1) & (size == INFINITY)) ? 1.0f : result;
    return ((a == 1) | (b == 0)) ? 1.0f : result;
}

/* Division and remainder of reals in the floor forms. */
static inline float nn_rfloordiv_f(float a, float b) { return (float)floor((double)a / (double)b); }
static inline double nn_rfloordiv_d(double a, double b) { return floor(a / b); }
static inline float nn_rmod_f(float a, float b) { return (float)((double)a - (double)b * floor((double)a / (double)b)); }
static inline double nn_rmod_d(double a, double b) { return a - b * floor(a / b); }

/* ---- Double. ---- */

static inline double nn_exp_d(double x) { return exp(x); }
static inline double nn_exp_below_d(double x) { return exp(x); }
static inline double nn_expm1_d(double x) { return expm1(x); }
static inline double nn_log_d(double x) { return log(x); }
static inline double nn_log1p_d(double x) { return log1p(x); }
static inline double nn_tanh_d(double x) { return tanh(x); }
static inline double nn_sin_d(double x) { return sin(x); }
static inline double nn_cos_d(double x) { return cos(x); }
static inline double nn_erf_d(double x) { return erf(x); }
static inline double nn_pow_d(double a, double b) { return pow(a, b); }
static inline double nn_log1pexp_d(double x) { return (x > 0 ? x : 0.0) + log1p(exp(-nn_abs_d(x))); }
static inline double nn_sigmoid_d(double x) {
    double e = exp(-nn_abs_d(x));
    return x < 0 ? e / (1.0 + e) : 1.0 / (1.0 + e);
}
/* The float polynomials, then two Newton steps on erf near 0 and on erfc near 1, where 1 - x is exact. 4 ulp. */
static inline double nn_erfinv_d(double x) {
    double t = nn_abs_d(x), w = -log((1.0 - t) * (1.0 + t));
    if (!(t < 1.0)) return t == 1.0 ? x * (double)INFINITY : (double)NAN;
    double y = t < 0.99999 ? (double)nn_erfinv_f((float)t) : sqrt(w - 0.5 * log(3.14159265358979 * w));
    for (int step = 0; step < 3; step++) {
        double error = t < 0.5 ? erf(y) - t : (1.0 - t) - erfc(y);
        double change = error * 0.88622692545275801365 * exp(y * y);
        y -= change / (1.0 + y * change);                       /* Halley: the second derivative is -2y times the first */
    }
    return x < 0 ? -y : t < 1e-290 ? x * 0.88622692545275801365 : y;
}
#endif
