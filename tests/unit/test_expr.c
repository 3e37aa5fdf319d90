/* Expressions: the normal form of integers, intervals, what folds and what must not, walks.
 *
 * Random integer expressions are made twice, by the constructors and as a plain tree of operations, and evaluated at every
 * value of their indices: the normal form must agree with the arithmetic that it stands for. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include "../../compiler/equations/program.h"

static const Index *index_i, *index_j, *index_k;
static const Expr *i, *j, *k;

static void start(void) {
    expr_start();
    index_i = index_new("i", 5, NULL), index_j = index_new("j", 7, NULL), index_k = index_new("k", 35, NULL);
    i = At(index_i), j = At(index_j), k = At(index_k);
}

static void finish(void) { memory_release(); }

static Tensor *vector(const char *name, Type type, int64_t extent) {
    return tensor_new(name, ROLE_PARAM, type, 1, (Dim[]){ { extent, NULL } }, NULL);
}

static const Expr *read_at(const Tensor *t, const Expr *sub) { return Read(t, &sub, 1); }
static const Expr *read_else(const Tensor *t, const Expr *sub, const Expr *otherwise) { return ReadElse(t, &sub, 1, otherwise); }

START_TEST(equal_expressions_are_one_node) {
    Tensor *x = vector("x", REAL, 7);
    const Expr *a = read_at(x, j);
    ck_assert_ptr_eq(Exp(Mul(a, Num(2))), Exp(Mul(Num(2), a)));
    ck_assert_ptr_eq(Add(Sub(i, Int(3)), j), Add(Add(j, Int(-3)), i));
    ck_assert_ptr_eq(Num(NAN), Num(-NAN));
    ck_assert_ptr_ne(Sub(a, Num(1)), Sub(Num(1), a));
    ck_assert_ptr_ne(Truth(true), Int(1));
}
END_TEST

START_TEST(sums_have_a_normal_form) {
    const Expr *s = Add(Mul(Int(3), Add(i, j)), Sub(Int(4), Mul(i, Int(3))));
    ck_assert_int_eq(s->kind, X_SUM);
    ck_assert_int_eq(s->n, 1);
    ck_assert_ptr_eq(s->arg[0], j);
    ck_assert_int_eq(s->factor[0], 3);
    ck_assert_int_eq(s->integer, 4);
    ck_assert_int_eq(s->lo, 4);
    ck_assert_int_eq(s->hi, 22);
    ck_assert_ptr_eq(Sub(Add(i, j), j), i);
    ck_assert_ptr_eq(Sub(i, i), Int(0));
}
END_TEST

START_TEST(groups_are_inverse_to_digits) {
    const Expr *flat = Add(Mul(Int(7), i), j);
    ck_assert_ptr_eq(FloorDiv(flat, Int(7)), i);
    ck_assert_ptr_eq(Mod(flat, Int(7)), j);
    const Expr *high = FloorDiv(k, Int(7)), *low = Mod(k, Int(7));
    ck_assert_ptr_eq(Add(Mul(high, Int(7)), low), k);
    const Index *index_n = index_new("n", 60, NULL);
    const Expr *n = At(index_n), *a = FloorDiv(n, Int(12)), *b = Mod(FloorDiv(n, Int(3)), Int(4)), *c = Mod(n, Int(3));
    ck_assert_ptr_eq(Add(Add(Mul(a, Int(12)), Mul(b, Int(3))), c), n);
    ck_assert_ptr_eq(FloorDiv(FloorDiv(n, Int(3)), Int(4)), a);
    ck_assert_ptr_eq(Mod(Mod(n, Int(12)), Int(3)), c);
    ck_assert_ptr_eq(Mod(Add(Mul(Int(12), i), Mul(Int(4), j)), Int(4)), Int(0));
}
END_TEST

START_TEST(comparisons_are_decided_by_intervals) {
    ck_assert_ptr_eq(Lt(i, Int(5)), Truth(true));
    ck_assert_ptr_eq(Ge(Sub(i, Int(5)), Int(0)), Truth(false));
    ck_assert_ptr_eq(Eq(Mul(Int(2), i), Add(Mul(Int(2), j), Int(1))), Truth(false));
    ck_assert_ptr_eq(Eq(i, j), Eq(j, i));
    ck_assert_ptr_eq(Eq(Sub(i, j), Int(0)), Eq(i, j));
    ck_assert_ptr_eq(Le(i, j), Lt(i, Add(j, Int(1))));
    ck_assert_ptr_eq(Not(Le(i, j)), Gt(i, j));
    ck_assert_ptr_eq(Lt(Mul(Int(2), i), Int(5)), Lt(i, Int(3)));
    ck_assert_ptr_eq(Operate(OP_MAX, i, Sub(i, Int(1))), i);
    ck_assert_ptr_eq(Operate(OP_MIN, i, Int(9)), i);
    ck_assert_ptr_eq(Operate(OP_ABS, Sub(i, Int(4)), NULL), Sub(Int(4), i));
}
END_TEST

/* A pixel reflected at the border stays inside: known from the condition of each arm, or from the absolute values. */
START_TEST(conditions_narrow_intervals) {
    const Expr *t = Sub(Add(i, At(index_new("u", 3, NULL))), Int(1));           /* -1 .. 5, of 5 */
    const Expr *mirrored = Where(Lt(t, Int(0)), Neg(t), Where(Ge(t, Int(5)), Sub(Int(8), t), t));
    ck_assert_int_eq(mirrored->lo, 0);
    ck_assert_int_eq(mirrored->hi, 4);
    const Expr *four = Int(4), *folded = Sub(four, Operate(OP_ABS, Sub(four, Operate(OP_ABS, t, NULL)), NULL));
    ck_assert_int_eq(folded->lo, 0);
    ck_assert_int_eq(folded->hi, 4);
    int64_t lo, hi;
    Fact before = { Lt(k, i), true };
    interval_under(Sub(k, i), &before, 1, &lo, &hi);
    ck_assert_int_eq(hi, -1);
}
END_TEST

START_TEST(overflow_is_not_folded) {
    const Expr *large = Int(INT64_MAX);
    const Expr *s = Add(large, i);
    ck_assert_int_eq(Add(large, Int(1))->kind, X_OP);
    ck_assert_int_eq(s->hi, INT64_MAX);
    ck_assert_int_eq(Mul(Int(INT64_MAX / 2), Int(3))->kind, X_OP);
    Tensor *any = vector("any", INT, 7);
    const Expr *unknown = Add(read_at(any, j), Int(1));
    ck_assert_int_eq(unknown->lo, INT64_MIN);
    ck_assert_int_eq(unknown->hi, INT64_MAX);
    ck_assert_int_eq(Sub(Int(0), unknown)->hi, INT64_MAX);
}
END_TEST

START_TEST(guards_are_dropped_when_proved) {
    Tensor *x = vector("x", REAL, 7);
    ck_assert_ptr_eq(read_else(x, i, Num(0)), read_at(x, i));
    ck_assert(read_else(x, k, Num(0))->guarded);
    ck_assert_ptr_eq(read_else(x, Add(j, Int(7)), Num(3)), Num(3));
    ck_assert_ptr_eq(read_else(x, Sub(i, Int(1)), Int(0)), read_else(x, Sub(i, Int(1)), Num(0)));
    const Index *from[] = { index_k };
    const Expr *to[] = { i };
    ck_assert_ptr_eq(substitute(read_else(x, k, Num(0)), from, to, 1), read_at(x, i));
    Tensor *word = vector("word", INT, 7);
    word->lo = 0, word->hi = 9;
    const Expr *before = read_else(word, Sub(j, Int(1)), Int(-1));
    ck_assert_int_eq(before->lo, -1);
    ck_assert_int_eq(before->hi, 9);
    ck_assert_int_eq(read_else(word, Sub(j, Int(1)), Num(-INFINITY))->type, REAL);
}
END_TEST

START_TEST(real_rewrites_are_exact) {
    Tensor *t = vector("t", REAL, 7);
    const Expr *x = read_at(t, j), *y = read_at(t, i), *zero = Num(0), *one = Num(1);
    ck_assert_ptr_eq(Mul(x, one), x);
    ck_assert_ptr_eq(Div(x, one), x);
    ck_assert_ptr_eq(Add(zero, x), x);
    ck_assert_ptr_eq(Sub(x, zero), x);
    ck_assert_ptr_eq(Sub(zero, x), Neg(x));
    ck_assert_ptr_eq(Neg(Neg(x)), x);
    ck_assert_ptr_eq(Mul(Num(-1), x), Neg(x));
    ck_assert_ptr_eq(Add(x, Neg(y)), Sub(x, y));
    ck_assert_ptr_eq(Neg(Sub(x, y)), Sub(y, x));
    ck_assert_ptr_eq(Mul(Neg(x), Neg(y)), Mul(x, y));
    ck_assert_ptr_eq(Pow(x, Num(2)), Mul(x, x));
    ck_assert_ptr_eq(Pow(x, Num(0.5)), Operate(OP_SQRT, x, NULL));
    ck_assert_ptr_eq(Pow(x, Num(-1)), Div(one, x));
    ck_assert_ptr_ne(Mul(x, zero), zero);                       /* x may be infinite */
    ck_assert_ptr_ne(Sub(x, x), zero);
    ck_assert_ptr_ne(Not(Lt(x, y)), Ge(x, y));                  /* x may be no number */
    ck_assert_ptr_eq(Operate(OP_FLOOR, i, NULL), i);
    ck_assert_ptr_eq(Operate(OP_STOP, one, NULL), one);
    ck_assert_ptr_eq(ToReal(Int(3)), Num(3));
    ck_assert_int_eq(Div(i, j)->arg[0]->kind, X_REAL);
    ck_assert_int_eq(Add(x, i)->type, REAL);
}
END_TEST

START_TEST(constants_fold_in_double) {
    ck_assert_double_eq(Exp(Num(0.3))->num, exp(0.3));
    ck_assert_double_eq(Div(Int(1), Int(3))->num, 1.0 / 3);
    ck_assert_double_eq(Pow(Num(0.9), Int(10))->num, pow(0.9, 10));
    ck_assert_int_eq(Operate(OP_ROUND, Num(2.5), NULL)->integer, 2);
    ck_assert_int_eq(FloorDiv(Int(-7), Int(2))->integer, -4);
    ck_assert_int_eq(Mod(Int(-7), Int(2))->integer, 1);
    for (double y = -0.999; y < 1; y += 0.037) ck_assert_double_eq_tol(erf(op_value(OP_ERFINV, y, 0)), y, 4e-16);
    ck_assert_double_eq_tol(op_value(OP_ERFINV, 1 - 1e-12, 0), 5.042029, 1e-5);
    ck_assert_double_eq(op_value(OP_ERFINV, 0, 0), 0);
    ck_assert(isinf(op_value(OP_ERFINV, 1, 0)));
    ck_assert(isnan(op_value(OP_MAX, NAN, 1)));
    ck_assert(isnan(op_value(OP_MAX, 1, NAN)));
}
END_TEST

START_TEST(conditions_fold) {
    Tensor *t = vector("t", REAL, 7);
    const Expr *x = read_at(t, j), *y = read_at(t, i), *p = Lt(x, y), *q = Lt(i, j);
    ck_assert_ptr_eq(Where(Truth(true), x, y), x);
    ck_assert_ptr_eq(Where(p, x, x), x);
    ck_assert_ptr_eq(Where(Not(p), x, y), Where(p, y, x));
    ck_assert_ptr_eq(And(p, Truth(true)), p);
    ck_assert_ptr_eq(And(p, And(q, p)), And(p, q));
    ck_assert_ptr_eq(And(q, p), And(p, q));
    ck_assert_ptr_eq(Or(p, Not(p)), Truth(true));
    ck_assert_ptr_eq(And(Ge(i, Int(1)), Ge(i, Int(2))), Ge(i, Int(2)));
    ck_assert_ptr_eq(And(And(Ge(j, Int(2)), p), Ge(j, Int(1))), And(Ge(j, Int(2)), p));
    ck_assert_ptr_eq(And(Lt(j, Int(2)), Ge(j, Int(2))), Truth(false));
    ck_assert_ptr_eq(Or(Lt(j, Int(2)), Lt(j, Int(4))), Lt(j, Int(4)));
    ck_assert_ptr_eq(Where(Ge(i, Int(2)), Where(Ge(i, Int(1)), x, y), y), Where(Ge(i, Int(2)), x, y));
    ck_assert_ptr_eq(Not(Not(p)), p);
    ck_assert_ptr_eq(Eq(p, Int(1)), p);
    ck_assert_ptr_eq(Eq(p, Int(0)), Not(p));
    ck_assert_ptr_eq(Where(p, Int(1), Int(0))->arg[1], Int(1));
    ck_assert_ptr_eq(ToReal(Where(p, Int(1), Int(0))), Where(p, Num(1), Num(0)));
}
END_TEST

START_TEST(operators_are_found_by_name) {
    ck_assert_int_eq(op_named("-", 1), OP_NEG);
    ck_assert_int_eq(op_named("-", 2), OP_SUB);
    ck_assert_int_eq(op_named("tanh", 1), OP_TANH);
    ck_assert_int_eq(op_named("tanh", 2), -1);
    ck_assert(op_table[OP_LT].truth && !op_table[OP_LT].logic && op_table[OP_EXP].real && op_table[OP_CEIL].whole);
}
END_TEST

static void count_node(const Expr *e, void *data) {
    (void)e;
    ++*(int *)data;
}

static const Expr *double_numbers(const Expr *e, void *data) {
    (void)data;
    return e->kind == X_NUM ? Num(2 * e->num) : e;
}

/* A chain of squares has 2^60 paths and 61 nodes. */
START_TEST(walks_meet_a_node_once) {
    Tensor *t = vector("t", REAL, 7);
    const Expr *e = Add(read_at(t, j), Num(3));
    for (int level = 0; level < 60; level++) e = Mul(e, e);
    int nodes = 0;
    visit_nodes(e, count_node, &nodes);
    ck_assert_int_eq(nodes, 64);
    ck_assert(uses_index(e, index_j) && !uses_index(e, index_i) && uses_tensor(e, t));
    const Expr *changed = transform(e, double_numbers, NULL);
    ck_assert_ptr_ne(changed, e);
    for (int level = 0; level < 60; level++) changed = changed->arg[0];
    ck_assert_ptr_eq(changed, Add(read_at(t, j), Num(6)));
    const Index *from[] = { index_i, index_j };
    const Expr *to[] = { j, i };
    ck_assert_ptr_eq(substitute(Sub(i, Mul(Int(2), j)), from, to, 2), Sub(j, Mul(Int(2), i)));
}
END_TEST

/* --- random integer expressions --- */

typedef struct Plain { int op; int64_t constant; struct Plain *a, *b, *c; const Expr *made; } Plain;

static uint32_t chance = 1;
static int draw(int n) {
    chance = chance * 1664525u + 1013904223u;
    return (int)((chance >> 8) % (uint32_t)n);
}

enum { LEAF_CONSTANT = -4, LEAF_I, LEAF_J, CHOICE };

static Plain *random_plain(int depth) {
    static const Op ops[] = { OP_ADD, OP_SUB, OP_MUL, OP_FLOORDIV, OP_MOD, OP_NEG, OP_MAX, OP_MIN, OP_EQ, OP_NE, OP_LT,
                              OP_LE, OP_GT, OP_GE, OP_AND, OP_OR, OP_NOT, OP_ABS, OP_SIGN };
    Plain *p = NEW(Plain);
    if (depth == 0 || draw(6) == 0) {
        p->op = LEAF_CONSTANT + draw(3);
        p->constant = draw(13) - 6;
        p->made = p->op == LEAF_I ? i : p->op == LEAF_J ? j : Int(p->constant);
        return p;
    }
    p->a = random_plain(depth - 1);
    p->b = random_plain(depth - 1);
    if (draw(8) == 0) {
        p->op = CHOICE;
        p->c = random_plain(depth - 1);
        p->made = Where(p->c->made, p->a->made, p->b->made);
        return p;
    }
    p->op = (int)ops[draw((int)(sizeof ops / sizeof *ops))];
    if (p->op == OP_FLOORDIV || p->op == OP_MOD) {              /* by positive constants, as the language has it */
        p->b->op = LEAF_CONSTANT;
        p->b->constant = 1 + draw(9);
        p->b->made = Int(p->b->constant);
    }
    p->made = Operate((Op)p->op, p->a->made, op_table[p->op].operands == 2 ? p->b->made : NULL);
    return p;
}

static int64_t plain_value(const Plain *p, int64_t at_i, int64_t at_j) {
    if (p->op == LEAF_CONSTANT) return p->constant;
    if (p->op == LEAF_I) return at_i;
    if (p->op == LEAF_J) return at_j;
    int64_t a = plain_value(p->a, at_i, at_j), b = plain_value(p->b, at_i, at_j);
    if (p->op == CHOICE) return plain_value(p->c, at_i, at_j) ? a : b;
    return (int64_t)op_value((Op)p->op, (double)a, (double)b);
}

static int64_t made_value(const Expr *e, int64_t at_i, int64_t at_j) {
    int64_t arg[8], sum = e->integer;
    if (e->kind == X_INT) return e->integer;
    if (e->kind == X_INDEX) return e->index == index_i ? at_i : at_j;
    for (int n = 0; n < e->n && n < 8; n++) arg[n] = made_value(e->arg[n], at_i, at_j);
    if (e->kind == X_WHERE) return arg[0] ? arg[1] : arg[2];
    if (e->kind == X_OP) return (int64_t)op_value(e->op, (double)arg[0], e->n > 1 ? (double)arg[1] : 0);
    for (int n = 0; n < e->n; n++) sum += e->factor[n] * arg[n];
    return sum;
}

/* y[j] becomes 1 where x[j] > 0 is known to hold, and 0 where it is known not to. */
static const Expr *number_known(const Expr *e, const Facts *facts, void *data) {
    const Tensor *const *xy = data;
    if (e->kind != X_READ || e->tensor != xy[1]) return e;
    const int known = condition_under(Gt(read_at(xy[0], j), Num(0)), facts->at, facts->n);
    return known < 0 ? e : Num(known);
}

START_TEST(a_walk_knows_the_conditions_around_a_node) {
    Tensor *x = vector("x", REAL, 7), *y = vector("y", REAL, 7);
    const Tensor *xy[] = { x, y };
    const Expr *a = Gt(read_at(x, j), Num(0)), *b = Lt(j, Int(3)), *v = read_at(y, j), *w = Exp(read_at(x, j));
    const Expr *whole = Add(v, Where(And(Not(a), b), Mul(v, w), Where(Or(Not(a), b), Add(v, w), Exp(v))));
    /* The parts of a conjunction hold, those of a disjunction that does not hold do not; outside, and between, nothing is known. */
    const Expr *expected = Add(v, Where(And(Not(a), b), Mul(Num(0), w), Where(Or(Not(a), b), Add(v, w), Exp(Num(1)))));
    ck_assert_ptr_eq(transform_under(whole, number_known, xy), expected);
    Facts facts = { .n = 0 };
    for (int n = 0; n < 2*MOST_FACTS; n++) facts_learn(&facts, Gt(read_at(x, j), Num(n)), true);
    ck_assert_int_eq(facts.n, MOST_FACTS);
}
END_TEST

START_TEST(random_integers_keep_their_value) {
    for (int round = 0; round < 4000; round++) {
        Plain *p = random_plain(5);
        for (int64_t at_i = 0; at_i < 5; at_i++)
            for (int64_t at_j = 0; at_j < 7; at_j++) {
                int64_t wanted = plain_value(p, at_i, at_j), value = made_value(p->made, at_i, at_j);
                ck_assert_msg(wanted == value, "round %d: %lld became %lld", round, (long long)wanted, (long long)value);
                ck_assert_msg(p->made->lo <= value && value <= p->made->hi, "round %d: %lld outside of %lld..%lld", round,
                              (long long)value, (long long)p->made->lo, (long long)p->made->hi);
            }
    }
}
END_TEST

START_TEST(a_new_start_forgets_everything) {
    memory_release();
    expr_start();
    ck_assert_int_eq(Num(1)->id, 0);
    ck_assert_int_eq(index_new("i", 2, NULL)->id, 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("expr");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, start, finish);
    tcase_add_test(all, equal_expressions_are_one_node);
    tcase_add_test(all, sums_have_a_normal_form);
    tcase_add_test(all, groups_are_inverse_to_digits);
    tcase_add_test(all, comparisons_are_decided_by_intervals);
    tcase_add_test(all, conditions_narrow_intervals);
    tcase_add_test(all, overflow_is_not_folded);
    tcase_add_test(all, guards_are_dropped_when_proved);
    tcase_add_test(all, real_rewrites_are_exact);
    tcase_add_test(all, constants_fold_in_double);
    tcase_add_test(all, conditions_fold);
    tcase_add_test(all, operators_are_found_by_name);
    tcase_add_test(all, walks_meet_a_node_once);
    tcase_add_test(all, a_walk_knows_the_conditions_around_a_node);
    tcase_add_test(all, random_integers_keep_their_value);
    tcase_add_test(all, a_new_start_forgets_everything);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
