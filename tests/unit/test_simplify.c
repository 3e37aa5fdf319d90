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
    Tensor *loss = _i == 0 ? reduce("loss", SCALAR, REDUCE_SUM, OVER(m), Div(READ(nll, At(m)), READ0(batch)))
                           : map("loss", SCALAR, Div(READ0(reduce("total", SCALAR, REDUCE_SUM, OVER(m), READ(nll, At(m)))), READ0(batch)));
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
        "d_y[o, i, j] = where(p_winner[o, i//2, j//2] == 2*(i % 2) + j % 2 and r[o, i, j] > 0, c_p[o, i//2, j//2], 0)\n"
        "d_bias[o] = sum(batch, i, j) d_y[o, i, j]\n"
        "d_x[c, k < 28, l < 28] = sum(o, u, v) d_y[o, k + 2 - u, l + 2 - v else 0]*w[o, c, u, v]\n"
        "d_w[o, c < 3, u < 5, v < 5] = sum(batch, i, j) d_y[o, i, j]*x[c, i + u - 2, j + v - 2 else 0]\n");
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
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
