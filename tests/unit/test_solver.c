/* The delta solver: a solved sum against the same sum with its deltas, both in the reference evaluator, over random
 * strides, dilations, pads, extents and mixed radices. */
#include "hand_built.h"
#include "../../compiler/equations/solve.h"

START_TEST(solved_sums) {
    start();
    draws = (uint64_t)_i + 5;
    int64_t s = draw_int(1, 4), d = draw_int(1, 4), pad = draw_int(0, 4);
    int64_t I = draw_int(1, 7), U = draw_int(1, 5), T = draw_int(1, 20);
    int64_t mirrored = draw_int(0, 3), tail = draw_int(1, 3);
    INDEX(i, I);
    INDEX(u, U);
    INDEX(v, tail);
    INDEX(t, T);
    Tensor *a = REALS("a", I), *w = REALS("w", U, tail);
    const Expr *tap = mirrored == 0 ? Sub(Int(U - 1), At(u)) : At(u);
    const Expr *place = Add(Mul(At(i), Int(s)), Mul(tap, Int(d)));
    if (mirrored == 1) place = Add(place, At(v));
    if (mirrored == 2) place = Add(Mul(place, Int(tail)), At(v));
    const Expr *delta = Eq(At(t), Sub(place, Int(pad)));
    const Expr *term = Mul(READ(a, At(i)), READ(w, At(u), At(v)));
    Tensor *unsolved = reduce("unsolved", OVER(t), REDUCE_SUM, OVER(i, u, v), Where(delta, term, Num(0)));
    Sum *sum = sum_new(term);
    PUSH(sum->bound, i);
    PUSH(sum->bound, u);
    PUSH(sum->bound, v);
    sum_require(sum, delta);
    sum_solve(sum);
    ck_assert_int_lt(sum->bound.n, 3);
    Indices left = {sum->bound.at, sum->bound.n};
    Tensor *solved = reduce("solved", OVER(t), left.n ? REDUCE_SUM : REDUCE_NONE, left, sum_body(sum));
    PUSH(program->results, unsolved);
    PUSH(program->results, solved);
    ck_assert(program_order(program));
    ck_assert(program_check(program, "solve"));
    Evaluation *e = evaluation_new(program, 1, 0);
    fill(e, NULL, 0, 0);
    evaluation_run(e);
    for (int64_t k = 0; k < T; k++) {
        double x = evaluation_array(e, unsolved)[k], y = evaluation_array(e, solved)[k];
        ck_assert_msg(fabs(x - y) < 1e-12, "[%d]: %g, solved %g\n%s", (int)k, x, y, program_text());
    }
    finish();
} END_TEST

START_TEST(solved_digits) {
    start();
    draws = (uint64_t)_i + 9;
    int64_t A = draw_int(1, 4), B = draw_int(1, 4), C = draw_int(1, 4), gap = draw_int(0, 2), wide = draw_int(0, 2);
    int64_t J = B + gap, K = C + wide, E = A * J * K;
    INDEX(a, A);
    INDEX(b, B);
    INDEX(c, C);
    INDEX(k, E);
    INDEX(p, A);
    INDEX(q, J);
    INDEX(r, K);
    Tensor *x = REALS("x", A, B, C), *y = REALS("y", E);
    /* flattened with gaps, and a flat index taken apart */
    const Expr *flat = Add(Add(Mul(At(a), Int(J * K)), Mul(At(b), Int(K))), At(c));
    const Expr *apart = And(And(Eq(At(p), FloorDiv(At(k), Int(J * K))), Eq(At(q), Mod(FloorDiv(At(k), Int(K)), Int(J)))),
                            Eq(At(r), Mod(At(k), Int(K))));
    const Expr *delta[] = {Eq(At(k), flat), apart}, *term[] = {READ(x, At(a), At(b), At(c)), READ(y, At(k))};
    Indices bound[] = {OVER(a, b, c), OVER(k)}, free[] = {OVER(k), OVER(p, q, r)};
    Tensor *unsolved[2], *solved[2];
    for (int i = 0; i < 2; i++) {
        unsolved[i] = reduce(i ? "u1" : "u0", free[i], REDUCE_SUM, bound[i], Where(delta[i], term[i], Num(0)));
        Sum *sum = sum_new(term[i]);
        for (int n = 0; n < bound[i].n; n++) PUSH(sum->bound, bound[i].at[n]);
        sum_require(sum, delta[i]);
        sum_solve(sum);
        ck_assert_int_eq(sum->bound.n, 0);
        solved[i] = map(i ? "s1" : "s0", free[i], sum_body(sum));
        PUSH(program->results, unsolved[i]);
        PUSH(program->results, solved[i]);
    }
    ck_assert(program_order(program));
    ck_assert(program_check(program, "solve"));
    Evaluation *e = evaluation_new(program, 1, 0);
    fill(e, NULL, 0, 0);
    evaluation_run(e);
    for (int i = 0; i < 2; i++) {
        for (int64_t n = 0; n < E; n++) ck_assert(evaluation_array(e, unsolved[i])[n] == evaluation_array(e, solved[i])[n]);
    }
    finish();
} END_TEST

int main(void) {
    Suite *suite = suite_create("solver");
    TCase *c = tcase_create("solver");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, solved_sums, 0, 60);
    tcase_add_loop_test(c, solved_digits, 0, 30);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
