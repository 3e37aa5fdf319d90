/* The text of gradients: what differentiation and simplification leave. */
#include "hand_built.h"

/* The text of the adjoint equations after simplification. */
static const char *gradient_text(Tensor *loss, Tensor *const *wrt, int n) {
    Tensor *grads[8];
    Writer w = {0};
    gradients(loss, wrt, n, grads);
    simplify(program);
    ck_assert(program_check(program, "simplify"));
    put_text(&w, "");
    for (int k = 0; k < program->equations.n; k++) {
        if (!program->equations.at[k]->out->adjoint) continue;
        equation_print(&w, program->equations.at[k]);
        if (w.text[w.length - 1] != '\n') put_text(&w, "\n");
    }
    return w.text;
}
#define TEXT(loss, ...) gradient_text(loss, (Tensor *[]){__VA_ARGS__}, LENGTH(Tensor *, __VA_ARGS__))

START_TEST(root_operators_reuse_the_result) {
    start();
    INDEX(i, 5);
    Tensor *x = REALS("x", 5);
    Tensor *y = map("y", OVER(i), Operate(OP_TANH, READ(x, At(i)), NULL));
    Tensor *z = map("z", OVER(i), Operate(OP_MAX, Num(0), READ(y, At(i))));
    ck_assert_str_eq(TEXT(loss_of(z), x), "d_x[i] = where(z[i] > 0, c_z[i]*(1 - y[i]*y[i]), 0)\n");
    finish();
} END_TEST

START_TEST(stop_has_no_derivative) {
    start();
    INDEX(i, 4);
    Tensor *x = REALS("x", 4);
    const Expr *at = READ(x, At(i)), *stopped = Operate(OP_STOP, Mul(at, at), NULL);
    ck_assert_str_eq(TEXT(loss_of(map("y", OVER(i), Add(Mul(at, stopped), stopped))), x), "d_x[i] = c_y[i]*stop(x[i]*x[i])\n");
    finish();
} END_TEST

START_TEST(cross_entropy) {
    start();
    INDEX(n, ANY);
    INDEX(j, 10);
    INDEX(k, 10);
    INDEX(m, ANY);
    Tensor *x = REALS("x", ANY, 10), *y = give_class("y", 10, ANY);
    Tensor *z = map("z", OVER(n, j), Mul(READ(x, At(n), At(j)), Num(2)));
    Tensor *top = reduce("top", OVER(n), REDUCE_MAX, OVER(k), READ(z, At(n), At(k)));
    Tensor *d = map("d", OVER(n, j), Sub(READ(z, At(n), At(j)), Operate(OP_STOP, READ(top, At(n)), NULL)));
    Tensor *s = reduce("s", OVER(n), REDUCE_SUM, OVER(k), Exp(READ(d, At(n), At(k))));
    Tensor *nll = map("nll", OVER(n), Neg(Sub(READ(d, At(n), READ(y, At(n))), Log(READ(s, At(n))))));
    Tensor *total = reduce("total", SCALAR, REDUCE_SUM, OVER(m), READ(nll, At(m)));
    Tensor *loss = _i == 0 ? reduce("loss", SCALAR, REDUCE_SUM, OVER(m), Div(READ(nll, At(m)), READ0(batch)))
                           : map("loss", SCALAR, Div(READ0(total), READ0(batch)));
    ck_assert_str_eq(TEXT(loss, z), "d_z[j] = (exp(d[j])/s - (j == y))/batch\n");
    finish();
} END_TEST

START_TEST(cross_entropy_by_log_softmax) {
    start();
    INDEX(n, ANY);
    INDEX(j, 10);
    INDEX(k, 10);
    INDEX(m, ANY);
    Tensor *x = REALS("x", ANY, 10), *y = give_class("y", 10, ANY);
    Tensor *z = map("z", OVER(n, j), Mul(READ(x, At(n), At(j)), Num(2)));
    Tensor *top = reduce("top", OVER(n), REDUCE_MAX, OVER(k), READ(z, At(n), At(k)));
    Tensor *d = map("d", OVER(n, j), Sub(READ(z, At(n), At(j)), Operate(OP_STOP, READ(top, At(n)), NULL)));
    Tensor *s = reduce("s", OVER(n), REDUCE_SUM, OVER(k), Exp(READ(d, At(n), At(k))));
    Tensor *p = map("p", OVER(n, j), Sub(READ(d, At(n), At(j)), Log(READ(s, At(n)))));
    Tensor *loss = reduce("loss", SCALAR, REDUCE_SUM, OVER(m), Div(Neg(READ(p, At(m), READ(y, At(m)))), READ0(batch)));
    ck_assert_str_eq(TEXT(loss, z), "d_z[j] = (exp(d[j])/s - (j == y))/batch\n");
    finish();
} END_TEST

START_TEST(convolution_text) {
    start();
    INDEX(n, ANY);
    INDEX(o, 6);
    INDEX(c, 3);
    INDEX(i, 28);
    INDEX(j, 28);
    INDEX(u, 5);
    INDEX(v, 5);
    INDEX(a, 14);
    INDEX(b, 14);
    INDEX(f, 2);
    INDEX(g, 2);
    Tensor *x = REALS("x", ANY, 3, 28, 28), *w = REALS("w", 6, 3, 5, 5), *bias = REALS("bias", 6);
    const Expr *at = ELSE(x, Num(0), At(n), At(c), Add(Add(At(i), At(u)), Int(-2)), Add(Add(At(j), At(v)), Int(-2)));
    Tensor *s = reduce("s", OVER(n, o, i, j), REDUCE_SUM, OVER(c, u, v), Mul(READ(w, At(o), At(c), At(u), At(v)), at));
    Tensor *y = map("y", OVER(n, o, i, j), Add(READ(bias, At(o)), READ(s, At(n), At(o), At(i), At(j))));
    Tensor *r = map("r", OVER(n, o, i, j), Operate(OP_MAX, Num(0), READ(y, At(n), At(o), At(i), At(j))));
    Tensor *p = reduce("p", OVER(n, o, a, b), REDUCE_MAX, OVER(f, g),
                       READ(r, At(n), At(o), Add(Mul(At(a), Int(2)), At(f)), Add(Mul(At(b), Int(2)), At(g))));
    ck_assert_str_eq(TEXT(loss_of(p), x, w, bias),
        "d_y_kept[o, i, j] = where(p[o, i, j] > 0, c_p[o, i, j], 0)\n"
        "d_y[o, i < 28, j < 28] = where(p_winner[o, i//2, j//2] == 2*(i % 2) + j % 2, d_y_kept[o, i//2, j//2], 0)\n"
        "d_bias[o] = sum(batch, i, j) d_y_kept[o, i, j]\n"
        "d_x[c, i < 28, j < 28] = sum(o, u, v) d_y[o, i + 2 - u, j + 2 - v else 0]*w[o, c, u, v]\n"
        "d_w[o, c < 3, u < 5, v < 5] = sum(batch, i, j) d_y_kept[o, i, j]*x[c, u + 2*i + p_winner[o, i, j]//2 - 2, "
        "v + 2*j + p_winner[o, i, j] % 2 - 2 else 0]\n");
    finish();
} END_TEST

/* Parts that overlap have no winner of their own for each place: the sum runs over all of them. */
START_TEST(overlapping_pool) {
    start();
    INDEX(n, ANY);
    INDEX(i, 9);
    INDEX(a, 4);
    INDEX(f, 3);
    Tensor *x = REALS("x", ANY, 9), *w = REALS("w", 9);
    Tensor *y = map("y", OVER(n, i), Mul(READ(w, At(i)), READ(x, At(n), At(i))));
    Tensor *p = reduce("p", OVER(n, a), REDUCE_MAX, OVER(f), READ(y, At(n), Add(Mul(At(a), Int(2)), At(f))));
    ck_assert_str_eq(TEXT(loss_of(p), w),
        "d_y[i < 9] = sum(f < 2) where(2*f + i % 2 == p_winner[i//2 - f else 0] and 2*f + i % 2 < 3, c_p[i//2 - f else 0], 0)\n"
        "d_w[i] = sum(batch) d_y[i]*x[i]\n");
    finish();
} END_TEST

/* A factor that a sum's indices do not move leaves it, and two sums become one. */
START_TEST(scaled_sums) {
    start();
    INDEX(n, ANY);
    INDEX(c, 3);
    INDEX(i, 5);
    Tensor *x = REALS("x", ANY, 3, 5), *gain = REALS("gain", 3), *shift = REALS("shift", 3), *scale = REALS("scale", 3);
    Tensor *z = map("z", OVER(n, c, i), Add(READ(x, At(n), At(c), At(i)), READ(shift, At(c))));
    Tensor *y = map("y", OVER(n, c, i), Add(Mul(READ(gain, At(c)), READ(z, At(n), At(c), At(i))), READ(scale, At(c))));
    ck_assert_str_eq(TEXT(loss_of(y), gain, scale, shift),
        "d_scale[c] = sum(batch, i) c_y[c, i]\n"
        "d_gain[c] = sum(batch, i) c_y[c, i]*z[c, i]\n"
        "d_shift[c] = d_scale[c]*gain[c]\n");
    finish();
} END_TEST

START_TEST(strided_convolution) {
    start();
    INDEX(n, ANY);
    INDEX(o, 2);
    INDEX(c, 2);
    INDEX(i, 14);
    INDEX(u, 3);
    Tensor *x = REALS("x", ANY, 2, 28), *w = REALS("w", 2, 2, 3);
    const Expr *at = ELSE(x, Num(0), At(n), At(c), Add(Add(Mul(At(i), Int(2)), At(u)), Int(-1)));
    Tensor *y = reduce("y", OVER(n, o, i), REDUCE_SUM, OVER(c, u), Mul(READ(w, At(o), At(c), At(u)), at));
    ck_assert_str_eq(TEXT(loss_of(y), x),
        "d_x[c < 2, i < 28] = sum(o < 2, u < 2) c_y[o, (i + 1)//2 - u else 0]*w[o, c, 2*u + (i + 1) % 2 else 0]\n");
    finish();
} END_TEST

/* Flattening leaves digits in the reads, and no sum. */
START_TEST(flattened_features) {
    start();
    INDEX(n, ANY);
    INDEX(k, 24);
    INDEX(o, 3);
    Tensor *x = REALS("x", ANY, 2, 3, 4), *w = REALS("w", 3, 24);
    const Expr *at = READ(x, At(n), FloorDiv(At(k), Int(12)), Mod(FloorDiv(At(k), Int(4)), Int(3)), Mod(At(k), Int(4)));
    Tensor *f = map("f", OVER(n, k), at);
    Tensor *y = reduce("y", OVER(n, o), REDUCE_SUM, OVER(k), Mul(READ(w, At(o), At(k)), READ(f, At(n), At(k))));
    ck_assert_str_eq(TEXT(loss_of(y), w, x),
        "d_w[o, k] = sum(batch) c_y[o]*f[k]\n"
        "d_f[k] = sum(o) c_y[o]*w[o, k]\n"
        "d_x[j < 2, k < 3, l < 4] = d_f[12*j + 4*k + l]\n");
    finish();
} END_TEST

START_TEST(embedding) {
    start();
    INDEX(n, ANY);
    INDEX(s, 4);
    INDEX(d, 3);
    Tensor *table = REALS("table", 5, 3), *token = give("token", INT, 2, (int64_t[]){ANY, 4});
    token->lo = 0, token->hi = 4;
    Tensor *y = map("y", OVER(n, s, d), READ(table, READ(token, At(n), At(s)), At(d)));
    ck_assert_str_eq(TEXT(loss_of(y), table), "d_table[i < 5, d] = sum(batch, s) where(i == token[s], c_y[s, d], 0)\n");
    finish();
} END_TEST

START_TEST(factors_leave_sums) {
    start();
    INDEX(i, 4);
    INDEX(k, 5);
    Tensor *x = REALS("x", 4, 5), *s = REALS("s", 4);
    Tensor *y = map("y", OVER(i, k), Div(READ(x, At(i), At(k)), READ(s, At(i))));
    ck_assert_str_eq(TEXT(loss_of(y), s), "d_s_sum[i] = sum(k) c_y[i, k]*y[i, k]\nd_s[i] = -d_s_sum[i]/s[i]\n");
    finish();
} END_TEST

START_TEST(equal_equations_are_one) {
    start();
    INDEX(i, 4);
    INDEX(k, 5);
    INDEX(j, 4);
    INDEX(l, 5);
    Tensor *x = REALS("x", 4, 5);
    Tensor *a = reduce("a", OVER(i), REDUCE_SUM, OVER(k), Exp(READ(x, At(i), At(k))));
    Tensor *b = reduce("b", OVER(j), REDUCE_SUM, OVER(l), Exp(READ(x, At(j), At(l))));
    Tensor *y = map("y", OVER(i), Sub(READ(a, At(i)), Log(READ(b, At(i)))));
    PUSH(program->results, y);
    simplify(program);
    ck_assert_str_eq(program_text(), "a[i] = sum(k) exp(x[i, k])\ny[i] = a[i] - log(a[i])\n");
    finish();
} END_TEST

/* Label smoothing of 0 leaves nothing of its branch in the gradient. */
/* What a forward map has computed under a condition is read from it under that condition, and nowhere else. */
START_TEST(known_values) {
    start();
    INDEX(i, 5);
    Tensor *x = REALS("x", 5);
    const Expr *e = Exp(READ(x, At(i)));
    Tensor *y = map("y", OVER(i), Where(Lt(At(i), Int(3)), e, Num(0)));
    Tensor *z = _i == 0 ? y : map("z", OVER(i), Add(READ(y, At(i)), Mul(READ(x, At(i)), e)));
    const char *gradient = TEXT(loss_of(z), x);
    if (_i == 0) ck_assert_str_eq(gradient, "d_x[i] = where(i < 3, c_y[i]*y[i], 0)\n");
    else ck_assert_msg(strstr(gradient, "exp(x[i])") != NULL, "%s", gradient);
    finish();
} END_TEST

START_TEST(closed_branch) {
    start();
    INDEX(i, 4);
    INDEX(k, 4);
    Tensor *x = REALS("x", 4), *s = REALS("s", 4);
    Tensor *even = reduce("even", SCALAR, REDUCE_SUM, OVER(k), Exp(READ(x, At(k))));
    Tensor *y = map("y", OVER(i), Add(Mul(READ(s, At(i)), READ(x, At(i))), Mul(Num(0), READ0(even))));
    ck_assert_str_eq(TEXT(loss_of(y), x), "d_x[k] = c_y[k]*s[k]\n");
    finish();
} END_TEST

/* What no derivative reaches has the gradient 0. */
START_TEST(no_effect) {
    start();
    INDEX(i, 4);
    Tensor *x = REALS("x", 4), *z = REALS("z", 4);
    Tensor *y = map("y", OVER(i), Mul(READ(x, At(i)), Sign(READ(z, At(i)))));
    Tensor *unused = REALS("unused", 2);
    ck_assert_str_eq(TEXT(loss_of(y), z, unused), "d_unused[i < 2] = 0.0\nd_z[i < 4] = 0.0\n");
    finish();
} END_TEST

static void find_operator(const Expr *e, void *found) {
    if (e->kind == X_OP && (e->op == OP_EXP || e->op == OP_EXP_BELOW)) *(Op *)found = e->op;
}

/* Which exponentials are known not to be above 1: those of a term less the maximum over such terms, and of what has the sign. */
START_TEST(exponentials_below) {
    start();
    INDEX(i, 5);
    INDEX(j, 6);
    INDEX(k, 6);
    INDEX(few, 4);
    Tensor *x = REALS("x", 5, 6), *y = REALS("y", 5, 6);
    const Expr *here = READ(x, At(i), At(j)), *of_k = READ(x, At(i), At(k));
    Tensor *top = reduce("top", OVER(i), REDUCE_MAX, OVER(k), of_k);
    Tensor *seen = reduce("seen", OVER(i), REDUCE_MAX, OVER(k), Where(Gt(At(k), At(i)), Num(-INFINITY), of_k));
    Tensor *early = reduce("early", OVER(i), REDUCE_MAX, OVER(few), READ(x, At(i), At(few)));
    Tensor *stopped = map("stopped", OVER(i), Operate(OP_STOP, READ(top, At(i)), NULL));
    Tensor *less = map("less", OVER(i, j), Sub(here, READ(stopped, At(i))));
    const Expr *to_seen = Exp(Sub(here, READ(seen, At(i)))), *square = Mul(here, here);
    const struct { const Expr *body; bool below; } cases[] = {
        { Exp(Sub(here, READ(top, At(i)))), true },
        { Exp(Sub(here, Operate(OP_STOP, READ(top, At(i)), NULL))), true },
        { Exp(READ(less, At(i), At(j))), true },
        { Exp(Sub(READ(y, At(i), At(j)), READ(top, At(i)))), false },
        { Exp(Sub(READ(top, At(i)), here)), false },
        { to_seen, false },                                         /* some are not among the terms */
        { Where(Le(At(j), At(i)), to_seen, Num(0)), true },
        { Where(Gt(At(j), At(i)), to_seen, Num(0)), false },
        { Where(Gt(At(j), At(i)), Num(0), to_seen), true },
        { Exp(Sub(here, READ(early, At(i)))), false },              /* j goes further */
        { Exp(Sub(READ(x, At(i), Operate(OP_MIN, At(j), Int(3))), READ(early, At(i)))), true },
        { Exp(here), false },
        { Exp(Neg(Div(square, Num(2)))), true },
        { Exp(Mul(square, Num(-0.5))), true },
        { Exp(Sub(Neg(Operate(OP_ABS, here, NULL)), square)), true },
        { Exp(Div(Num(1), Sub(here, READ(top, At(i))))), false },   /* infinite at the winner */
        { Exp(square), false },
        { Exp(Sub(square, Num(1))), false },
    };
    enum { CASES = sizeof cases / sizeof *cases };
    Tensor *result[CASES];
    for (int c = 0; c < CASES; c++) {
        result[c] = map(text("e%d", c), OVER(i, j), cases[c].body);
        PUSH(program->results, result[c]);
    }
    simplify(program);
    for (int c = 0; c < CASES; c++) {
        Op found = OP_ADD;
        visit_nodes(equation_of(program, result[c])->body, find_operator, &found);
        ck_assert_msg(found == (cases[c].below ? OP_EXP_BELOW : OP_EXP), "case %d", c);
    }
    finish();
} END_TEST

int main(void) {
    Suite *suite = suite_create("simplify");
    TCase *c = tcase_create("simplify");
    tcase_add_test(c, root_operators_reuse_the_result);
    tcase_add_test(c, stop_has_no_derivative);
    tcase_add_loop_test(c, cross_entropy, 0, 2);
    tcase_add_test(c, cross_entropy_by_log_softmax);
    tcase_add_test(c, convolution_text);
    tcase_add_test(c, overlapping_pool);
    tcase_add_test(c, scaled_sums);
    tcase_add_test(c, strided_convolution);
    tcase_add_test(c, flattened_features);
    tcase_add_test(c, embedding);
    tcase_add_test(c, factors_leave_sums);
    tcase_add_test(c, equal_equations_are_one);
    tcase_add_loop_test(c, known_values, 0, 2);
    tcase_add_test(c, exponentials_below);
    tcase_add_test(c, closed_branch);
    tcase_add_test(c, no_effect);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
