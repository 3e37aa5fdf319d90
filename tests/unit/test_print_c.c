/* Random expressions as C: every operator, nested in every other, compiled with all warnings as errors in float and
 * double by gcc and clang, and compared with the evaluator in double. */
#include "../../compiler/output/output.h"
#include <check.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 4, WIDTH = 5, OUTPUTS = 40 };

static uint32_t state;
static int pick(int low, int high) {
    state = state * 1664525u + 1013904223u;
    return low + (int)((state >> 8) % (uint32_t)(high - low + 1));
}

static Tensor *count, *x, *k, *t, *byte;
static const Index *b, *i;

static const Expr *real(int depth);
static const Expr *truth(int depth);

static const Expr *read(const Tensor *from, const Expr *a, const Expr *c) {
    return Read(from, (const Expr *[]){ a, c }, from->rank);
}

static const Expr *whole(int depth) {
    const Expr *a, *c;
    if (depth == 0) {
        switch (pick(0, 5)) {
        case 0: return Int(pick(-9, 9));
        case 1: return At(b);
        case 2: return read(k, At(b), NULL);
        case 3: return read(byte, At(b), At(i));
        case 4: return read(t, At(b), NULL);
        default: return At(i);
        }
    }
    a = whole(pick(0, depth - 1)), c = whole(depth - 1);
    switch (pick(0, 11)) {
    case 0: return Add(a, c);
    case 1: return Sub(a, c);
    case 2: return Mul(a, Int(pick(-5, 5)));
    case 3: return FloorDiv(Mod(a, Int(pick(2, 40))), Int(pick(1, 7)));
    case 4: return FloorDiv(a, Int(pick(1, 7)));
    case 5: return Mod(c, Int(pick(1, 7)));
    case 6: return Operate(OP_MAX, a, c);
    case 7: return Operate(OP_MIN, a, c);
    case 8: return Operate(pick(0, 1) ? OP_ABS : OP_SIGN, c, NULL);
    case 9: return Operate(pick(0, 1) ? OP_FLOOR : OP_CEIL, Mul(Operate(OP_TANH, real(depth - 1), NULL), Num(3.7)), NULL);
    case 10: return Mul(Mod(a, Int(11)), Mod(c, Int(9)));
    default: return Where(truth(depth - 1), a, c);
    }
}

static const Expr *truth(int depth) {
    static const Op compare[] = { OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE };
    if (depth > 0 && pick(0, 2) == 0) {
        const Expr *a = truth(depth - 1), *c = truth(depth - 1);
        switch (pick(0, 3)) {
        case 0: return And(a, c);
        case 1: return Or(a, c);
        case 2: return Not(a);
        default: return Eq(a, c);
        }
    }
    Op op = compare[pick(0, 5)];
    int below = depth > 0 ? depth - 1 : 0;
    return pick(0, 1) ? Operate(op, whole(below), whole(below)) : Operate(op, real(below), real(below));
}

static const Expr *real(int depth) {
    static const Op unary[] = { OP_NEG, OP_ABS, OP_SIGN, OP_SIGMOID, OP_TANH, OP_SIN, OP_COS, OP_STOP, OP_LOG1PEXP, OP_ERF };
    if (depth == 0) {
        switch (pick(0, 4)) {
        case 0: return Num(pick(-8, 8) / 4.0);
        case 1: return Num(pick(1, 1000) / 7.0);
        case 2: return ReadElse(x, (const Expr *[]){ At(b), Add(At(i), Int(pick(-3, 3))) }, 2, Num(pick(0, 1)));
        case 3: return ToReal(whole(0));
        default: return read(x, At(b), At(i));
        }
    }
    const Expr *a = real(pick(0, depth - 1)), *c = real(depth - 1), *positive = Add(Operate(OP_ABS, c, NULL), Num(0.5));
    switch (pick(0, 12)) {
    case 0: case 1: return Operate(unary[pick(0, 9)], c, NULL);
    case 2: return Add(a, c);
    case 3: return Sub(c, a);
    case 4: return Sub(a, c);
    case 5: return Mul(a, Operate(OP_TANH, c, NULL));
    case 6: return Div(a, positive);
    case 7: return Operate(pick(0, 1) ? OP_MAX : OP_MIN, a, c);
    case 8: return Operate(pick(0, 1) ? OP_SQRT : OP_LOG, positive, NULL);
    case 9: return Where(truth(depth - 1), a, c);
    case 10: return ToReal(pick(0, 1) ? whole(depth - 1) : truth(depth - 1));
    case 11: return ReadElse(x, (const Expr *[]){ At(b), whole(pick(0, depth - 1)) }, 2, c);
    default: return Neg(Neg(Operate(OP_SIGMOID, c, NULL)));
    }
}

static Tensor *tensor(Model *m, const char *name, Role role, Type type, int rank) {
    Tensor *made = tensor_new(name_of(name), role, type, rank, (Dim[]){ { BATCH, count }, { WIDTH, NULL } }, NULL);
    made->path = made->name;
    if (role == ROLE_INPUT) PUSH(m->inputs, made);
    return made;
}

/* A model whose inputs are there and whose prediction is still empty. */
static Model *start(void) {
    memory_release();
    expr_start();
    Model *m = NEW(Model);
    m->name = "many";
    m->batch = BATCH;
    count = tensor_new(name_of("batch"), ROLE_SCALAR, INT, 0, NULL, NULL);
    count->lo = 1, count->hi = BATCH;
    m->count = count;
    x = tensor(m, "x", ROLE_INPUT, REAL, 2);
    k = tensor(m, "k", ROLE_INPUT, INT, 1);
    k->lo = -9, k->hi = 9;
    t = tensor(m, "t", ROLE_INPUT, INT, 1);                 /* nothing is known of its values */
    t->lo = INT32_MIN, t->hi = INT32_MAX;
    byte = tensor(m, "byte", ROLE_INPUT, INT, 2);
    byte->byte = true, byte->lo = 0, byte->hi = 255;
    Program *p = m->predict = NEW(Program);
    p->name = "predict";
    return m;
}

static Tensor *add_output(Model *m, Type type) {
    Tensor *out = tensor(m, text("out%d", m->outputs.n), ROLE_OUTPUT, type, 2);
    PUSH(m->outputs, out);
    PUSH(m->predict->results, out);
    b = index_new(name_of("b"), BATCH, count);
    i = index_new(name_of("i"), WIDTH, NULL);
    return out;
}

static void define(Model *m, Tensor *out, const Expr *body) {
    if (body->type != REAL) out->lo = body->lo, out->hi = body->hi;
    equation_new(m->predict, out, (const Index *[]){ b, i }, REDUCE_NONE, NULL, 0, body, NULL);
}

static Model *build_random(uint32_t seed) {
    Model *m = start();
    state = seed;
    for (int o = 0; o < OUTPUTS; o++) {
        Tensor *out = add_output(m, o % 4 == 3 ? INT : REAL);
        define(m, out, o % 4 == 3 ? Mod(whole(4), Int(1000)) : real(5));
    }
    program_order(m->predict);
    return m;
}

/* A recurrence, and one that runs down and reads it. */
static Model *build_recurrences(void) {
    Model *m = start();
    Tensor *up = add_output(m, REAL);
    const Expr *before = ReadElse(up, (const Expr *[]){ At(b), Sub(At(i), Int(1)) }, 2, read(x, At(b), Int(0)));
    define(m, up, Operate(OP_TANH, Add(before, Mul(Num(0.3), read(x, At(b), At(i)))), NULL));
    Tensor *down = add_output(m, REAL);
    const Expr *after = ReadElse(down, (const Expr *[]){ At(b), Add(At(i), Int(1)) }, 2, Num(0));
    define(m, down, Add(Mul(after, Num(0.5)), Mul(read(up, At(b), At(i)), read(x, At(b), At(i)))));
    program_order(m->predict);
    return m;
}

static double given(int kind, int s, int at) {
    return kind == 0   ? ((s * 7 + at * 3) % 11 - 5) * 0.31
           : kind == 1 ? (s * 5) % 19 - 9
           : kind == 2 ? s * 11 - 20
                       : (s * 50 + at * 31) % 256;
}

static char directory[64];

static FILE *open_file(const char *name) {
    FILE *f = fopen(text("%s/%s", directory, name), "w");
    ck_assert_ptr_nonnull(f);
    return f;
}

static void write_program(const Model *m) {
    FILE *f = open_file("main.c");
    fprintf(
        f,
        "#include \"many.h\"\n#include <stdio.h>\nstatic many_predict_work work;\nint main(void) {\n"
        "    nn_real x[4][5]; int32_t k[4], t[4]; unsigned char byte[4][5];\n"
        "    for (int s = 0; s < 4; s++) { k[s] = (s*5) %% 19 - 9; t[s] = s*11 - 20; for (int a = 0; a < 5; a++) {\n"
        "        x[s][a] = (nn_real)(((s*7 + a*3) %% 11 - 5) * 0.31); byte[s][a] = (unsigned char)((s*50 + a*31) %% 256); } }\n");
    for (int o = 0; o < m->outputs.n; o++)
        fprintf(f, "    static %s out%d[20];\n", m->outputs.at[o]->type == REAL ? "nn_real" : "int32_t", o);
    fprintf(f, "    many_predict(&work, 4, &x[0][0], k, t, &byte[0][0]");
    for (int o = 0; o < m->outputs.n; o++) fprintf(f, ", out%d", o);
    fprintf(f, ");\n");
    for (int o = 0; o < m->outputs.n; o++)
        fprintf(f, "    for (int a = 0; a < 20; a++) printf(\"%%.17g\\n\", (double)out%d[a]);\n", o);
    fprintf(f, "    return 0;\n}\n");
    fclose(f);
}

static void emit(const Model *m, bool plain) {
    Module *module = module_new(m, NULL);
    Schedule *all[] = { schedule(m->predict, &(Options){ .plain = plain }) };
    share_kernels(all, 1);
    module->schedule[ENTRY_PREDICT] = all[0];
    Writer c = { 0 }, h = { 0 };
    module_print(&c, module);
    header_print(&h, module);
    FILE *f = open_file("many.c");
    fputs(c.text, f);
    fclose(f);
    f = open_file("many.h");
    fputs(h.text, f);
    fclose(f);
}

static void compile(const char *compiler, const char *what) {
    const char *command = text(
        "%s -ffp-contract=off -Wall -Wextra -Wconversion -Wshadow -Wdouble-promotion -Werror -Iruntime -I%s %s", compiler,
        directory, what);
    ck_assert_msg(system(command) == 0, "%s", command);
}

/* Compiles a model with all warnings as errors, runs it, and compares each output with the evaluator's. */
static void check_model(const Model *m, bool plain) {
    write_program(m);
    emit(m, true);
    compile("gcc -std=c11 -Wpedantic", text("-c %s/many.c -o %s/many.o", directory, directory));
    compile("clang -std=c11 -Wpedantic", text("-c %s/many.c -o %s/many.o", directory, directory));
    emit(m, plain);
    compile("gcc -std=gnu11 -DNN_DOUBLE -fsanitize=address,undefined -fno-sanitize-recover=all",
            text("%s/main.c %s/many.c -lm -o %s/main", directory, directory, directory));
    Evaluation *e = evaluation_new(m->predict, 0, 0);
    *evaluation_array(e, count) = BATCH;
    for (int s = 0; s < BATCH; s++) {
        evaluation_array(e, k)[s] = given(1, s, 0);
        evaluation_array(e, t)[s] = given(2, s, 0);
        for (int a = 0; a < WIDTH; a++) {
            evaluation_array(e, x)[s * WIDTH + a] = given(0, s, a);
            evaluation_array(e, byte)[s * WIDTH + a] = given(3, s, a);
        }
    }
    evaluation_run(e);
    FILE *f = popen(text("%s/main", directory), "r");
    for (int o = 0; o < m->outputs.n; o++) {
        Writer equation = { 0 };
        equation_print(&equation, equation_of(m->predict, m->outputs.at[o]));
        for (int a = 0; a < BATCH * WIDTH; a++) {
            double found, wanted = evaluation_array(e, m->outputs.at[o])[a];
            ck_assert_int_eq(fscanf(f, "%lf", &found), 1);
            bool equal = fabs(found - wanted) <= 1e-9 * (1 + fabs(wanted)) || (isnan(found) && isnan(wanted)) || found == wanted;
            ck_assert_msg(equal, "element %d is %.17g, wanted %.17g: %s", a, found, wanted, equation.text);
        }
    }
    ck_assert_int_eq(pclose(f), 0);
}

static void start_directory(void) {
    strcpy(directory, "/tmp/nnc_print_XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
}

static void end_directory(void) {
    ck_assert_int_eq(system(text("rm -r %s", directory)), 0);
}

START_TEST(random_expressions) {
    start_directory();
    for (uint32_t seed = 1; seed <= 3; seed++) check_model(build_random(seed), seed % 2);
    end_directory();
}
END_TEST

START_TEST(recurrences) {
    start_directory();
    check_model(build_recurrences(), true);
    check_model(build_recurrences(), false);
    end_directory();
}
END_TEST

int main(void) {
    Suite *s = suite_create("print_c");
    TCase *c = tcase_create("print_c");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, random_expressions);
    tcase_add_test(c, recurrences);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
