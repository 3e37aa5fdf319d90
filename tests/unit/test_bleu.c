/* BLEU against sacrebleu's values of the same corpora: tests/bleu/values.txt, which tests/bleu/values.py has written. */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../runtime/bleu.h"

typedef struct Corpus { char name[64]; double score; nn_bleu expected, got; } Corpus;

static void judge(const Corpus *c) {
    nn_bleu_score s = nn_bleu_of(&c->got);
    for (int n = 0; n < NN_BLEU_ORDER; n++) {
        ck_assert_msg(c->got.matched[n] == c->expected.matched[n], "%s: %d-grams that match: %" PRId64 ", not %" PRId64, c->name,
                      n + 1, c->got.matched[n], c->expected.matched[n]);
        ck_assert_msg(c->got.total[n] == c->expected.total[n], "%s: %d-grams: %" PRId64 ", not %" PRId64, c->name, n + 1,
                      c->got.total[n], c->expected.total[n]);
    }
    ck_assert_int_eq(c->got.length, c->expected.length);
    ck_assert_int_eq(c->got.reference_length, c->expected.reference_length);
    ck_assert_msg(s.score > c->score - 1e-9 && s.score < c->score + 1e-9, "%s: %.12g, not %.12g", c->name, s.score, c->score);
}

START_TEST(as_sacrebleu) {
    FILE *file = fopen("tests/bleu/values.txt", "r");
    char line[4096], translation[4096];
    Corpus c = { 0 };
    nn_failure f = { 0 };
    int corpora = 0;
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        nn_bleu *e = &c.expected;
        if (line[0] == '>') {
            strcpy(translation, line + 2);
        } else if (line[0] == '=') {
            ck_assert(nn_bleu_add(&c.got, translation, line + 2, &f));
        } else {
            if (corpora++) judge(&c);
            c = (Corpus){ 0 };
            int64_t *m = e->matched, *t = e->total;
            ck_assert_int_eq(sscanf(line, "corpus %63s %lf %" SCNd64 "%" SCNd64 "%" SCNd64 "%" SCNd64 "%" SCNd64 "%" SCNd64
                                    "%" SCNd64 "%" SCNd64 "%" SCNd64 "%" SCNd64, c.name, &c.score, m, m + 1, m + 2, m + 3, t, t + 1,
                                    t + 2, t + 3, &e->length, &e->reference_length), 12);
        }
    }
    judge(&c);
    ck_assert_int_gt(corpora, 20);
    fclose(file);
} END_TEST

int main(void) {
    Suite *suite = suite_create("bleu");
    TCase *all = tcase_create("bleu");
    tcase_add_test(all, as_sacrebleu);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
