/* The generator against the published vectors of Threefry-2x32-13, stored values, and the plainest statistics. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include "../../runtime/nn_random.h"

START_TEST(published_vectors) {
    ck_assert_uint_eq(nn_threefry(0, 0, 0, 0), 0x8bd507319d1c5ec6u);
    ck_assert_uint_eq(nn_threefry(0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu), 0x2d17272cfd36d048u);
    ck_assert_uint_eq(nn_threefry(0x13198a2eu, 0x03707344u, 0x243f6a88u, 0x85a308d3u), 0xf27d669eba3e4725u);
} END_TEST

/* These never change: checkpoints and golden outputs hold numbers that were drawn. */
START_TEST(stored_values) {
    ck_assert_uint_eq(nn_site("linear.w"), 2887766503u);
    ck_assert_uint_eq(nn_key(1, 0, nn_site("linear.w")), 886799803u);
    ck_assert_uint_eq(nn_key(1, 1, nn_site("linear.w")), 3167512568u);
    ck_assert_double_eq((double)nn_uniform(1, 0), 0x1.87b0b4p-2);
    ck_assert_double_eq((double)nn_uniform(1, 1ull << 40), 0x1.9013p-3);
} END_TEST

START_TEST(uniform) {
    enum { DRAWS = 1 << 20, BINS = 256 };
    static int bin[BINS];
    double sum = 0, square = 0, neighbours = 0, before = 0.5;
    for (int i = 0; i < DRAWS; i++) {
        double u = (double)nn_uniform(12345, (uint64_t)i);
        ck_assert(u >= 0 && u < 1);
        sum += u;
        square += (u - 0.5) * (u - 0.5);
        neighbours += (u - 0.5) * (before - 0.5);
        before = u;
        bin[(int)(u * BINS)]++;
    }
    double chi = 0, expected = (double)DRAWS / BINS;
    for (int b = 0; b < BINS; b++) chi += (bin[b] - expected) * (bin[b] - expected) / expected;
    ck_assert_double_lt(fabs(sum / DRAWS - 0.5), 5 * sqrt(1.0 / 12 / DRAWS));
    ck_assert_double_lt(fabs(square / DRAWS - 1.0 / 12), 5 * sqrt(1.0 / 180 / DRAWS));
    ck_assert_double_lt(fabs(neighbours / DRAWS), 5.0 / 12 / sqrt(DRAWS));
    ck_assert(chi > 255 - 5 * sqrt(2 * 255) && chi < 255 + 5 * sqrt(2 * 255));
} END_TEST

/* Each bit of seed, step and site turns half of the key's bits over. */
START_TEST(keys_depend_on_every_bit) {
    for (int part = 0; part < 3; part++)
        for (int bit = 0; bit < (part == 2 ? 32 : 64); bit++) {
            int turned = 0;
            for (uint64_t k = 0; k < 64; k++) {
                uint64_t flip = 1ull << bit;
                uint32_t key = nn_key(k, k * 7, (uint32_t)k * 31u);
                uint32_t other = part == 0 ? nn_key(k ^ flip, k * 7, (uint32_t)k * 31u) : part == 1 ? nn_key(k, (k * 7) ^ flip, (uint32_t)k * 31u)
                               : nn_key(k, k * 7, ((uint32_t)k * 31u) ^ (uint32_t)flip);
                turned += __builtin_popcount(key ^ other);
            }
            ck_assert(turned > 64 * 12 && turned < 64 * 20);
        }
} END_TEST

int main(void) {
    Suite *suite = suite_create("random");
    TCase *cases = tcase_create("random");
    tcase_add_test(cases, published_vectors);
    tcase_add_test(cases, stored_values);
    tcase_add_test(cases, uniform);
    tcase_add_test(cases, keys_depend_on_every_bit);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
