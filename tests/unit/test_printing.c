/* What is printed means what was printed: random equations are written as models, parsed, and the trees are evaluated by
 * an evaluator of a few lines that knows the language's precedence from the parser alone. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../../compiler/equations/program.h"
#include "../../compiler/language/tree.h"

enum { SIZE = 4, ROUNDS = 3000 };
static Tensor *v;
static const Index *i;
static double values[SIZE];
static uint32_t chance;

static int draw(int n) {
    chance = chance * 1664525u + 1013904223u;
    return (int)((chance >> 8) % (uint32_t)n);
}

static const Expr *random_expr(int depth, bool integer) {
    static const Op real_ops[] = { OP_ADD, OP_SUB, OP_MUL, OP_DIV, OP_NEG, OP_MAX, OP_MIN, OP_MOD, OP_TANH, OP_ABS, OP_POW,
                                   OP_STOP };
    static const Op integer_ops[] = { OP_ADD, OP_SUB, OP_MUL, OP_NEG, OP_MAX, OP_MIN, OP_FLOORDIV, OP_MOD, OP_ABS };
    static const Op truths[] = { OP_LT, OP_LE, OP_GT, OP_GE, OP_EQ, OP_NE, OP_AND, OP_OR, OP_NOT };
    if (!depth && integer) return draw(2) ? At(i) : Int(draw(9) - 4);
    if (!depth) {
        const Expr *sub = Add(At(i), Int(draw(5) - 2));
        return draw(3) ? ReadElse(v, &sub, 1, Num(draw(5) - 2)) : Num((draw(41) - 20) / 8.0);
    }
    if (draw(7) == 0) {
        const Expr *c = random_expr(depth - 1, draw(2)), *a = random_expr(depth - 1, integer);
        return Where(c, a, random_expr(depth - 1, integer));
    }
    bool truth = draw(5) == 0, of_integers = integer || (truth && draw(2));
    Op op = truth ? truths[draw(9)] : integer ? integer_ops[draw(9)] : real_ops[draw(12)];
    const Expr *a = random_expr(depth - 1, of_integers || draw(9) == 0), *b = random_expr(depth - 1, of_integers);
    if (integer && (op == OP_FLOORDIV || op == OP_MOD)) b = Int(1 + draw(4));
    if (integer && truth) return Where(Operate(op, a, op_table[op].operands == 2 ? b : NULL), Int(1), At(i));
    return Operate(op, a, op_table[op].operands == 2 ? b : NULL);
}

static double tree_value(const Tree *t, int64_t at);

static double call_value(const Tree *t, int64_t at) {
    if (!strcmp(t->text, "where")) return tree_value(t->child[tree_value(t->child[0], at) != 0 ? 1 : 2], at);
    int op = op_named(t->text, t->n);
    ck_assert_msg(op >= 0, "no function %s", t->text);
    return op_value((Op)op, tree_value(t->child[0], at), t->n > 1 ? tree_value(t->child[1], at) : 0);
}

static bool compares(const Tree *t) { return t->kind == TREE_OPERATOR && strchr("<>=!", t->text[0]); }

static double tree_value(const Tree *t, int64_t at) {
    switch (t->kind) {
    case TREE_NUMBER: return t->number;
    case TREE_NAME: return strcmp(t->text, "inf") ? (double)at : INFINITY;
    case TREE_CALL: return call_value(t, at);
    case TREE_READ: {
        double sub = tree_value(t->child[0], at);
        if (sub >= 0 && sub < SIZE) return values[(int)sub];
        ck_assert(t->has_else);
        return tree_value(t->child[1], at);
    }
    case TREE_OPERATOR: {
        ck_assert_msg(!compares(t) || !compares(t->child[0]) || t->child[0]->closed, "comparisons are chained");
        int op = op_named(t->text, t->n);
        return op_value((Op)op, tree_value(t->child[0], at), t->n > 1 ? tree_value(t->child[1], at) : 0);
    }
    default: ck_abort_msg("a tree of kind %d", (int)t->kind);
    }
    return NAN;
}

static const Tree *parsed(const char *text_of_model) {
    const Tree *file = parse(source_of_text("printed.nn", text_of_model, strlen(text_of_model), false));
    if (error_count()) {
        diagnostics_print(stderr);
        ck_abort_msg("%s", text_of_model);
    }
    return file->child[0];
}

static const Tree *right_side(const char *text_of_model) {
    const Tree *model = parsed(text_of_model);
    while (model->kind != TREE_EQUATION) model = model->child[model->n - 1];    /* its last statement */
    return model->child[model->n - 1];
}

START_TEST(random_equations_read_back) {
    for (int round = 0; round < ROUNDS; round++) {
        expr_start();
        chance = (uint32_t)round;
        Dim dim = { SIZE, NULL };
        Program p = { .name = "test" };
        v = tensor_new("v", ROLE_PARAM, REAL, 1, &dim, NULL);
        i = index_new("i", SIZE, NULL);
        Tensor *y = tensor_new("y", ROLE_OUTPUT, REAL, 1, &dim, NULL);
        Equation *e = equation_new(&p, y, &i, REDUCE_NONE, NULL, 0, ToReal(random_expr(1 + draw(5), false)), NULL);
        Evaluation *run = evaluation_new(&p, 0, 0);
        for (int k = 0; k < SIZE; k++) evaluation_array(run, v)[k] = values[k] = sin(k + round);
        evaluation_run(run);
        Writer w = { 0 };
        put_text(&w, "model m {\n    ");
        equation_print(&w, e);
        put_text(&w, "\n}\n");
        const Tree *right = right_side(w.text);
        for (int k = 0; k < SIZE; k++) {
            double wanted = evaluation_array(run, y)[k], value = tree_value(right, k);
            bool equal = wanted == value || (isnan(wanted) && isnan(value)) || fabs(wanted - value) <= 1e-12 * fabs(wanted);
            ck_assert_msg(equal, "round %d: %g is read as %g: %s", round, wanted, value, w.text);
        }
        memory_release();
    }
}
END_TEST

/* loss = sum(batch, t, j) h[t, j]^2, h[t, j] = tanh(sum(k) u[j, k]*h[t-1, k else 0] + x[t, j]): its gradient is a model too,
 * with a recurrence that runs down. */
START_TEST(a_gradient_is_a_model) {
    enum { BATCH = 8, TIMES = 5, WIDTH = 3 };
    expr_start();
    Program p = { .name = "gradients" };
    Tensor *batch = tensor_new("batch", ROLE_SCALAR, INT, 0, NULL, NULL);
    Dim sequence[] = { { BATCH, batch }, { TIMES, NULL }, { WIDTH, NULL } }, square[] = { { WIDTH, NULL }, { WIDTH, NULL } };
    Tensor *x = tensor_new("x", ROLE_INPUT, REAL, 3, sequence, NULL), *u = tensor_new("u", ROLE_PARAM, REAL, 2, square, NULL);
    Tensor *a = tensor_new("a", ROLE_VALUE, REAL, 3, sequence, NULL), *h = tensor_new("h", ROLE_VALUE, REAL, 3, sequence, NULL);
    Tensor *loss = tensor_new("loss", ROLE_LOSS, REAL, 0, NULL, NULL), *gradient;
    const Index *n = index_new("n", BATCH, batch), *t = index_new("t", TIMES, NULL), *j = index_new("j", WIDTH, NULL);
    const Index *k = index_new("k", WIDTH, NULL), *free[] = { n, t, j };
    const Expr *here[] = { At(n), At(t), At(j) }, *before[] = { At(n), Sub(At(t), Int(1)), At(k) }, *weight[] = { At(j), At(k) };
    equation_new(&p, a, free, REDUCE_SUM, &k, 1, Mul(Read(u, weight, 2), ReadElse(h, before, 3, Num(0))), NULL);
    equation_new(&p, h, free, REDUCE_NONE, NULL, 0, Operate(OP_TANH, Add(Read(a, here, 3), Read(x, here, 3)), NULL), NULL);
    equation_new(&p, loss, NULL, REDUCE_SUM, free, 3, Pow(Read(h, here, 3), Num(2)), NULL);
    PUSH(p.results, loss);
    differentiate(&p, loss, (const Tensor *[]){ u }, 1, &gradient);
    PUSH(p.results, gradient);
    ck_assert(program_order(&p) && program_check(&p, "differentiate"));
    simplify(&p);
    ck_assert(program_order(&p) && program_check(&p, "simplify"));
    Model model = { .name = "m", .batch = BATCH, .count = batch };
    PUSH(model.inputs, x);
    Writer w = { 0 };
    model_print(&w, &model, &p, "m_gradients");
    parsed(w.text);
    ck_assert_msg(strstr(w.text, "    loss sum(batch, t, j) h[t, j]*h[t, j]\n") != NULL, "%s", w.text);
    ck_assert_msg(strstr(w.text, "[t + 1, ") != NULL, "%s", w.text);
    ck_assert_msg(strstr(w.text, "    watch d_u\n") != NULL, "%s", w.text);
    memory_release();
}
END_TEST

int main(void) {
    Suite *suite = suite_create("printing");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_test(all, random_equations_read_back);
    tcase_add_test(all, a_gradient_is_a_model);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
