/* What of a loss accumulates, and what has a gradient at all.
 *
 * A model with `accumulate` keeps two numbers, samples and calls, and one more for each sum that its losses are divided by
 * other than the number of samples. So how many there are tells how a loss was split. */
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../compiler/elaborate/elaborate.h"
#include "../../compiler/language/files.h"

static Model *elaborated(const char *format, ...) {
    char text[1024];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    memory_release();
    diagnostics_reset();
    expr_start();
    Files files = { 0 };
    files_load_library(&files);
    PUSH(files.trees, parse(source_of_text("test.nn", text, strlen(text), false)));
    return elaborate(files.trees.at, files.trees.n, NULL, NULL, 0);
}

static Model *with_loss(const char *loss) {
    return elaborated("model m {\n"
                           "input x[8]; target t[4], c : class[4]\n"
                           "param p[4] = 1, q[4] = 1\n"
                           "y[i < 4] = p[i]*x[i] + q[i]*x[i+4]\n"
                           "e = sum(i) (y[i] - t[i])^2; k = t[0]^2; r = sum(q^2)\n"
                           "loss %s\n"
                           "output y; optimizer sgd(lr=0.1); train batch=8, accumulate=4 }", loss);
}

static const struct { const char *loss; int numbers; } split[] = {
    { "e", 2 }, { "mean(y)", 2 }, { "e + 0.1*r", 2 }, { "0.1*r", 2 }, { "k", 2 },
    { "sum(batch) e", 2 }, { "(sum(batch) e)/7", 2 }, { "(sum(batch) e)*r", 2 }, { "mean(batch, i) (y[i] - t[i])^2", 2 },
    { "3*(mean(batch) e)/r - 2", 2 }, { "stop(r)*e", 2 }, { "(mean(batch) e) - max(batch, i) t[i]", 2 },
    { "(sum(batch) k*e)/(sum(batch) k)", 3 }, { "(sum(batch) k*e)/max(sum(batch) k, 1)", 3 }, { "(mean(batch) k*e)/(mean(batch) k)", 3 },
    { "k*e/(mean(batch) k)", 3 }, { "(sum(batch) k*e)/(sum(batch) k) + r", 3 }, { "(sum(batch) e)/stop(sum(batch) e)", 3 },
    { "e + (mean(batch) y[0]) + 4", 2 }, { "cross_entropy(y, c) + e", 2 }, { "where(sum(batch) k > 0, (sum(batch) k*e)/(sum(batch) k), 0)", 3 },
    { "cross_entropy(y, c, ignore=1)\nloss 2*cross_entropy(2*y, c, ignore=1)", 3 }, { "e\nloss mean(batch) e\nloss r", 2 },
    { "(sum(batch) k*e)/((sum(batch) k) + (sum(batch) k^2))", 4 }
};

START_TEST(losses_split) {
    Model *m = with_loss(split[_i].loss);
    if (!m) diagnostics_print(stderr);
    ck_assert_msg(m != NULL, "refused: %s", split[_i].loss);
    ck_assert_msg(m->gathered.n == split[_i].numbers, "%s keeps %d numbers", split[_i].loss, m->gathered.n);
} END_TEST

static const char *const whole[] = {
    "(mean(batch) e)^2", "(mean(batch) e)*(mean(batch) y[0])", "max(batch) e", "log(sum(batch) exp(e))", "(sum(batch) k)/(sum(batch) e)",
    "(sum(batch) e)/(1 + sum(batch) e)", "exp(e - mean(batch) e)", "(y[0] - mean(batch) y[0])^2", "(y[0] - mean(batch) t[0])^2", "e*exp(sum(batch) k)*r^sample",
    "r*((mean(batch) e) + mean(batch) k)", "(sum(batch) e) + r", "(sum(batch) e) + mean(batch) y[0]", "(sum(batch) k*e)/max(sum(batch) k, 1) + r",
    "sum(i) (sum(batch) t[i]*y[i])/(sum(batch) t[i])", "(sum(batch) e)/(max(batch) k)", "cross_entropy(y, c, ignore=1) + e", "info_nce(y, t)",
    "e\nloss sum(batch) e", "cross_entropy(y, c, ignore=1)\nloss cross_entropy(y, c, ignore=2)"
};

START_TEST(losses_that_do_not_split) {
    Model *m = with_loss(whole[_i]);
    ck_assert_msg(m == NULL, "accepted: %s", whole[_i]);
    char *printed = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&printed, &size);
    diagnostics_print(f);
    fclose(f);
    ck_assert_msg(strstr(printed, "`accumulate`") != NULL, "%s says\n%s", whole[_i], printed);
    free(printed);
} END_TEST

/* Batch norm looks at other samples in training only: it sees what it is given. */
START_TEST(layers_see_their_batch) {
    Model *m = elaborated("model m { input x[8]; target t[8]; y = x |> linear(8) |> batchnorm; output y; loss mse(y, t); optimizer sgd(lr=0.1); train batch=8, accumulate=4 }");
    ck_assert_ptr_nonnull(m);
    m = elaborated("model m { input x[8]; target t[8]; y = x |> linear(8); z[i] = y[i] - mean(batch) y[i]; output y; loss mse(z, t); optimizer sgd(lr=0.1); train batch=8, accumulate=4 }");
    ck_assert_ptr_null(m);
} END_TEST

START_TEST(nothing_gathers_without_it) {
    Model *m = elaborated("model m { input x[8]; target t[8]; y = x |> linear(8); output y; loss mse(y, t); optimizer sgd(lr=0.1); train batch=8, accumulate=1 }");
    ck_assert_ptr_nonnull(m);
    ck_assert_int_eq(m->gathered.n, 0);
    ck_assert_int_eq(m->gradients->results.n, 3);               /* the loss and two gradients */
} END_TEST

/* --- frozen parameters --- */

static bool computes_gradient_of(const Model *m, const char *parameter) {
    for (int k = 0; k < m->gradients->equations.n; k++) {
        const Tensor *t = m->gradients->equations.at[k]->out;
        const char *at = strstr(t->name, parameter);
        if ((t->adjoint || t->role == ROLE_GRAD || t->role == ROLE_NEXT) && at) return true;
    }
    return false;
}

START_TEST(frozen_parameters_have_no_gradient) {
    static const char *const lines[] = {
        "update late.* = g |> sgd(w, lr=0.1); train batch=8", "update * = g |> sgd(w, lr=0.1); update early.* = w; train batch=8",
        "update late.* = g |> sgd(w, lr=0.1); train batch=8, accumulate=4"
    };
    for (size_t k = 0; k < sizeof lines / sizeof *lines; k++) {
        Model *m = elaborated("model m { input x[8]; target t[2]; early = linear(_, 16); late = linear(_, 2); y = x |> early |> relu |> late; "
                                   "output y; loss mse(y, t); %s }", lines[k]);
        ck_assert_ptr_nonnull(m);
        ck_assert_int_eq(m->params.n, 4);
        ck_assert_int_eq(m->grads.n, 2);
        ck_assert(computes_gradient_of(m, "late"));
        ck_assert_msg(!computes_gradient_of(m, "early"), "%s", lines[k]);
        ck_assert_msg(!computes_gradient_of(m, "relu"), "%s", lines[k]);       /* nothing on the way there either */
    }
} END_TEST

int main(void) {
    TCase *c = tcase_create("accumulate");
    tcase_add_loop_test(c, losses_split, 0, sizeof split / sizeof *split);
    tcase_add_loop_test(c, losses_that_do_not_split, 0, sizeof whole / sizeof *whole);
    tcase_add_test(c, layers_see_their_batch);
    tcase_add_test(c, nothing_gathers_without_it);
    tcase_add_test(c, frozen_parameters_have_no_gradient);
    Suite *s = suite_create("accumulate");
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
