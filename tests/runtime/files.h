/* files.h: what the tests of the runtime share. Each test works in a directory of its own, which goes away with it. */
#ifndef FILES_H
#define FILES_H
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char place[64];

static inline void enter(void) {
    snprintf(place, sizeof place, "/tmp/nn-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(place));
    ck_assert_int_eq(chdir(place), 0);
}

static inline void leave(void) {
    DIR *d = opendir(place);
    for (struct dirent *e; d && (e = readdir(d));)
        if (e->d_name[0] != '.') unlink(e->d_name);
    if (d) closedir(d);
    if (chdir("/") == 0) rmdir(place);
}

static inline void put_bytes(const char *name, const void *data, size_t size) {
    FILE *f = fopen(name, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(data, 1, size, f), size);
    fclose(f);
}

static inline char *bytes_of(const char *name, size_t *size) {
    FILE *f = fopen(name, "rb");
    ck_assert_ptr_nonnull(f);
    char *data = malloc(1 << 20);
    *size = fread(data, 1, 1 << 20, f);
    fclose(f);
    return data;
}

static inline void put_words(const char *name, const char *text) { put_bytes(name, text, strlen(text)); }

/* The tests of one file, with the fixture. */
static inline int run_tests(const char *name, const TTest *const *tests, size_t count) {
    Suite *suite = suite_create(name);
    TCase *all = tcase_create(name);
    tcase_add_checked_fixture(all, enter, leave);
    tcase_set_timeout(all, 120);
    for (size_t i = 0; i < count; i++) tcase_add_test(all, tests[i]);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
#endif
