/* Emitted C against the reference evaluator.
 *
 * A small model, built by hand from equations, has one of everything: real, byte and class inputs, a guarded window,
 * random numbers, a winner, a watched value, a state, moments, totals, numbers of the host, a parameter without dims.
 * It is printed, compiled by gcc and clang with every warning an error (plain kernels also as strict C11), run, and
 * its results are compared with the evaluator's, for several sizes of the batch. */
#include "../../compiler/output/parts.h"
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BATCH = 5, IN = 6, HIDDEN = 8, CLASSES = 3 };

static Model *model;
static Tensor *count, *step, *x, *bytes, *digit, *w, *b, *v, *scale, *running, *hits, *lr, *moment_w;
static Site keep = { "dropout.keep", 0x12345678u }, first = { "linear.w", 0x9abcdef0u };

static Tensor *tensor(const char *name, Role role, Type type, int rank, int64_t a, int64_t c) {
    Dim dims[2] = { { a, NULL }, { c, NULL } };
    if (a < 0) dims[0] = (Dim){ BATCH, count };
    Tensor *t = tensor_new(name_of(name), role, type, rank, dims, NULL);
    t->path = t->name;
    return t;
}

static const Index *sample(void) { return index_new(name_of("b"), BATCH, count); }
static const Index *over(const char *name, int64_t extent) { return index_new(name_of(name), extent, NULL); }
static const Expr *rd(const Tensor *t, const Expr *i, const Expr *j) { return Read(t, (const Expr *[]){ i, j }, t->rank); }

static Tensor *define(Program *p, const char *name, Role role, const Index *i, const Index *j, Reduce op, const Index *bound,
                      const Expr *body) {
    Dim dims[2];
    int rank = 0;
    const Index *free[2];
    if (i) free[rank] = i, dims[rank++] = (Dim){ i->extent, i->count };
    if (j) free[rank] = j, dims[rank++] = (Dim){ j->extent, j->count };
    bool winner = op == REDUCE_ARGMAX;
    Tensor *t = tensor_new(name_of(name), role, winner ? INT : body->type, rank, dims, NULL);
    if (t->type != REAL) t->lo = winner ? 0 : body->lo, t->hi = winner ? bound->extent - 1 : body->hi;
    equation_new(p, t, free, op, &bound, bound ? 1 : 0, body, NULL);
    return t;
}

static Tensor *define_next(Program *p, const Tensor *of, const Index *i, const Index *j, Reduce op, const Index *bound,
                           const Expr *body) {
    Tensor *t = define(p, text("%s_next", of->name), ROLE_NEXT, i, j, op, bound, body);
    t->of = of;
    PUSH(p->results, t);
    return t;
}

static Program *program(const char *name) {
    Program *p = NEW(Program);
    p->name = name;
    return p;
}

/* The forward pass; with `training` the hidden layer drops some of its values. Gives the logits. */
static Tensor *forward(Program *p, bool training, const Index *n, Tensor **hidden) {
    const Index *o = over("o", HIDDEN), *i = over("i", IN), *k = over("k", CLASSES);
    const Expr *next = Add(At(i), Sub(At(o), Int(3)));
    const Expr *shifted = ReadElse(x, (const Expr *[]){ At(n), next }, 2, Num(0.25));
    Tensor *a = define(p, "a", ROLE_VALUE, n, o, REDUCE_SUM, i,
                       Mul(rd(w, At(o), At(i)), Add(shifted, Div(ToReal(rd(bytes, At(n), At(i))), Num(255)))));
    const Index *n2 = sample(), *o2 = over("o", HIDDEN);
    const Expr *active = Operate(OP_MAX, Add(rd(a, At(n2), At(o2)), rd(b, At(o2), NULL)), Num(0));
    const Expr *counter = Add(Mul(Int(HIDDEN), At(n2)), At(o2));
    if (training) active = Where(Lt(Random(&keep, &counter, 1), Num(0.7)), Div(active, Num(0.7)), Num(0));
    if (!n->count) n2 = over("b", n->extent);
    Tensor *h = define(p, "h", ROLE_VALUE, n2, o2, REDUCE_NONE, NULL, Mul(active, rd(scale, NULL, NULL)));
    *hidden = h;
    const Index *n3 = sample(), *o3 = over("o", HIDDEN);
    return define(p, "z", ROLE_VALUE, n3, k, REDUCE_SUM, o3, Mul(rd(v, At(k), At(o3)), rd(h, At(n3), At(o3))));
}

static Tensor *loss_of(Program *p, const Tensor *z) {
    const Index *n = sample(), *k = over("k", CLASSES), *n2 = sample(), *k2 = over("k", CLASSES), *n3 = sample(), *n4 = sample();
    Tensor *top = define(p, "top", ROLE_VALUE, n, NULL, REDUCE_MAX, k, Operate(OP_STOP, rd(z, At(n), At(k)), NULL));
    Tensor *sum = define(p, "sum", ROLE_VALUE, n2, NULL, REDUCE_SUM, k2, Exp(Sub(rd(z, At(n2), At(k2)), rd(top, At(n2), NULL))));
    const Expr *label = rd(digit, At(n3), NULL);
    Tensor *each = define(p, "each", ROLE_VALUE, n3, NULL, REDUCE_NONE, NULL,
                          Sub(Add(rd(top, At(n3), NULL), Log(rd(sum, At(n3), NULL))), rd(z, At(n3), label)));
    Tensor *loss = define(p, "loss", ROLE_LOSS, NULL, NULL, REDUCE_SUM, n4,
                          Div(rd(each, At(n4), NULL), ToReal(rd(count, NULL, NULL))));
    PUSH(p->results, loss);
    return loss;
}

static void add_hits(Program *p, const Tensor *z) {
    const Index *n = sample(), *k = over("k", CLASSES), *n2 = sample(), *none = NULL;
    Tensor *best = define(p, "best", ROLE_VALUE, n, NULL, REDUCE_ARGMAX, k, rd(z, At(n), At(k)));
    Tensor *now = define(p, "now", ROLE_VALUE, NULL, NULL, REDUCE_SUM, n2,
                         ToReal(Eq(rd(best, At(n2), NULL), rd(digit, At(n2), NULL))));
    define_next(p, hits, NULL, NULL, REDUCE_NONE, none, Add(rd(hits, NULL, NULL), rd(now, NULL, NULL)));
}

static Tensor *give(Tensors *list, Tensor *t) {
    PUSH(*list, t);
    return t;
}

static void build(void) {
    memory_release();
    expr_start();
    model = NEW(Model);
    Model *m = model;
    m->name = "tiny";
    const char *source = "# A model with one of everything: a comment with */, \xff, \xe2\x80\xae and ?\?/ in it.\n# \xc3\xa4 stays.\nmodel tiny {\n}\n";
    m->span = (Span){ source_of_text("some/where/tiny.nn", source, strlen(source), false), 0, 1 };
    m->batch = BATCH;
    count = tensor_new(name_of("batch"), ROLE_SCALAR, INT, 0, NULL, NULL);
    count->lo = 1, count->hi = BATCH;
    step = tensor_new(name_of("step"), ROLE_SCALAR, INT, 0, NULL, NULL);
    step->lo = 0;
    m->count = count, m->step = step;
    x = give(&m->inputs, tensor("x", ROLE_INPUT, REAL, 2, -1, IN));
    digit = give(&m->inputs, tensor("digit", ROLE_TARGET, INT, 1, -1, 0));
    digit->lo = 0, digit->hi = CLASSES - 1;
    bytes = give(&m->inputs, tensor("int", ROLE_INPUT, INT, 2, -1, IN));
    bytes->byte = true, bytes->lo = 0, bytes->hi = 255;
    w = give(&m->params, tensor("linear_w", ROLE_PARAM, REAL, 2, HIDDEN, IN));
    b = give(&m->params, tensor("linear_b", ROLE_PARAM, REAL, 1, HIDDEN, 0));
    v = give(&m->params, tensor("v", ROLE_PARAM, REAL, 2, CLASSES, HIDDEN));
    scale = give(&m->params, tensor("scale", ROLE_PARAM, REAL, 0, 0, 0));
    running = give(&m->states, tensor("running", ROLE_STATE, REAL, 1, HIDDEN, 0));
    moment_w = give(&m->moments, tensor("linear_w_m", ROLE_MOMENT, REAL, 2, HIDDEN, IN));
    hits = give(&m->totals, tensor("hits", ROLE_TOTAL, REAL, 0, 0, 0));
    lr = give(&m->hypers, tensor("lr", ROLE_HYPER, REAL, 0, 0, 0));
    static double defaults[] = { 0.1 };
    m->hyper_defaults = defaults;

    Program *p = m->gradients = program("gradients");
    Tensor *h, *z = forward(p, true, sample(), &h);
    h->watched = true;
    Tensor *loss = loss_of(p, z);
    m->loss = loss;
    const Index *o = over("o", HIDDEN), *n = sample(), *o2 = over("o", HIDDEN);
    Tensor *mean = define(p, "mean", ROLE_VALUE, o, NULL, REDUCE_SUM, n, rd(h, At(n), At(o)));
    define_next(p, running, o2, NULL, REDUCE_NONE, NULL,
                Add(Mul(Num(0.9), rd(running, At(o2), NULL)),
                    Mul(Num(0.1), Div(rd(mean, At(o2), NULL), ToReal(rd(count, NULL, NULL))))));
    add_hits(p, z);
    const Tensor *wrt[] = { w, b, v, scale };
    Tensor *grads[4];
    differentiate(p, loss, wrt, 4, grads);
    for (int k = 0; k < 4; k++) {
        grads[k]->role = ROLE_GRAD;
        grads[k]->of = wrt[k];
        PUSH(m->grads, grads[k]);
        PUSH(p->results, grads[k]);
    }

    p = m->update = program("update");
    const Expr *t = Add(rd(step, NULL, NULL), Int(1));
    Tensor *rate = define(p, "rate", ROLE_VALUE, NULL, NULL, REDUCE_NONE, NULL,
                          Div(rd(lr, NULL, NULL), Sub(Num(1), Pow(Num(0.9), ToReal(t)))));
    rate->host = true;
    const Index *i = over("i", IN), *o3 = over("o", HIDDEN), *o4 = over("o", HIDDEN), *i2 = over("i", IN), *o5 = over("o", HIDDEN);
    Tensor *m_next = define_next(p, moment_w, o3, i, REDUCE_NONE, NULL,
                                 Add(Mul(Num(0.9), rd(moment_w, At(o3), At(i))), Mul(Num(0.1), rd(grads[0], At(o3), At(i)))));
    define_next(p, w, o4, i2, REDUCE_NONE, NULL, Sub(rd(w, At(o4), At(i2)), Mul(rd(rate, NULL, NULL), rd(m_next, At(o4), At(i2)))));
    define_next(p, b, o5, NULL, REDUCE_NONE, NULL, Sub(rd(b, At(o5), NULL), Mul(rd(lr, NULL, NULL), rd(grads[1], At(o5), NULL))));
    const Index *k = over("k", CLASSES), *o6 = over("o", HIDDEN);
    define_next(p, v, k, o6, REDUCE_NONE, NULL, Sub(rd(v, At(k), At(o6)), Mul(rd(lr, NULL, NULL), rd(grads[2], At(k), At(o6)))));
    define_next(p, scale, NULL, NULL, REDUCE_NONE, NULL,
                Sub(rd(scale, NULL, NULL), Mul(rd(lr, NULL, NULL), rd(grads[3], NULL, NULL))));

    p = m->evaluate = program("evaluate");
    z = forward(p, false, sample(), &h);
    loss_of(p, z);
    add_hits(p, z);

    p = m->predict = program("predict");
    z = forward(p, false, sample(), &h);
    const Index *n5 = sample(), *k5 = over("k", CLASSES);
    Tensor *output = define(p, "output", ROLE_OUTPUT, n5, k5, REDUCE_NONE, NULL, Mul(rd(z, At(n5), At(k5)), Num(2)));
    PUSH(m->outputs, output);
    PUSH(p->results, output);

    p = m->metrics_program = program("metrics");
    Tensor *metric = define(p, "right", ROLE_METRIC, NULL, NULL, REDUCE_NONE, NULL, Mul(rd(hits, NULL, NULL), Num(0.5)));
    metric->host = true;
    PUSH(m->metrics, metric);
    PUSH(p->results, metric);

    p = m->init = program("init");
    const Index *o7 = over("o", HIDDEN), *i7 = over("i", IN), *k8 = over("k", CLASSES), *o8 = over("o", HIDDEN);
    const Expr *counter = Add(Mul(Int(IN), At(o7)), At(i7));
    define_next(p, w, o7, i7, REDUCE_NONE, NULL, Sub(Random(&first, &counter, 1), Num(0.5)));
    define_next(p, v, k8, o8, REDUCE_NONE, NULL, Sub(Mul(ToReal(Add(At(k8), Mul(Int(2), At(o8)))), Num(0.1)), Num(0.7)));
    define_next(p, scale, NULL, NULL, REDUCE_NONE, NULL, Num(1.5));
    for (Entry e = 0; e < ENTRY_COUNT; e++) {
        Program *q = (Program *)entry_program(m, e);
        if (!q) continue;
        simplify(q);
        program_order(q);
    }
}

static Module *module_of(const Options *options, const char *prefix) {
    Module *m = module_new(model, &(ModuleOptions){ .prefix = prefix });
    Schedule *all[ENTRY_COUNT];
    int n = 0;
    for (Entry e = 0; e < ENTRY_COUNT; e++)
        if (entry_program(model, e)) m->schedule[e] = all[n++] = schedule(entry_program(model, e), options);
    share_kernels(all, n);
    return m;
}

/* ---- files ------------------------------------------------------------------------------------------------------- */
static char directory[64];

static void write_file(const char *name, const char *content) {
    FILE *f = fopen(text("%s/%s", directory, name), "w");
    ck_assert_ptr_nonnull(f);
    fputs(content, f);
    ck_assert_int_eq(fclose(f), 0);
}

static void start(void) {
    strcpy(directory, "/tmp/nnc_output_XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    build();
}

static void stop(void) {
    ck_assert_int_eq(system(text("rm -r %s", directory)), 0);
}

/* Compiles and runs program.c with the module's file; what it printed is read as numbers into `values`. */
static int run(const char *compiler, const char *flags, double *values, int room) {
    const char *command = text(
        "%s %s -Wall -Wextra -Wconversion -Wshadow -Wdouble-promotion -Werror -O1 -Iruntime -I%s %s/program.c %s/tiny.c -lm "
        "-o %s/program",
        compiler, flags, directory, directory, directory, directory);
    ck_assert_msg(system(command) == 0, "%s", command);
    FILE *f = popen(text("%s/program", directory), "r");
    int n = 0;
    while (n < room && fscanf(f, "%lf", &values[n]) == 1) n++;
    ck_assert_int_eq(pclose(f), 0);
    return n;
}

/* What the report says of sizes and places, for the C compiler to check. */
static void put_assertions(Writer *to, const Module *m, int real_bytes) {
    const Layout *l = layout_new(m);
    for (StructKind kind = 0; kind < STRUCT_COUNT; kind++) {
        const Struct *s = &l->of[kind];
        const char *name = struct_name(m, l, kind);
        if (s->members.n == 0) continue;
        put(to, "_Static_assert(sizeof(%s) == %lld, \"\");\n", name, (long long)struct_size(l, kind, real_bytes));
        for (int k = 0; k < s->members.n; k++)
            put(to, "_Static_assert(offsetof(%s, %s) == %lld, \"\");\n", name, s->members.at[k].name,
                (long long)struct_offset(l, kind, &s->members.at[k], real_bytes));
    }
}

static void emit(const Options *options) {
    Module *m = module_of(options, NULL);
    Writer c = { 0 }, h = { 0 };
    module_print(&c, m);
    header_print(&h, m);
    write_file("tiny.c", c.text);
    write_file("tiny.h", h.text);
    Writer sizes = { 0 };
    put_text(&sizes, "#ifdef NN_DOUBLE\n");
    put_assertions(&sizes, m, 8);
    put_text(&sizes, "#else\n");
    put_assertions(&sizes, m, 4);
    put_text(&sizes, "#endif\n");
    write_file("sizes.h", sizes.text);
}

static double given(int kind, int sample_, int at) {
    return kind == 0   ? ((sample_ * 7 + at * 3) % 11 - 5) * 0.3
           : kind == 1 ? (sample_ * 50 + at * 31) % 256
                       : (sample_ * 2 + 1) % CLASSES;
}

static const char program_text[] =
    "#include \"tiny.h\"\n#include \"sizes.h\"\n#include <stdio.h>\n#include <stdlib.h>\n"
    "static tiny t; static tiny_predict_work work;\n"
    "static void show(const nn_real *a, int n) { for (int k = 0; k < n; k++) printf(\"%.17g\\n\", (double)a[k]); }\n"
    "int main(void) {\n"
    "    nn_real x[5][6]; int32_t digit[5]; unsigned char bytes[5][6]; nn_real out[5][3]; double right[1];\n"
    "    for (int s = 0; s < 5; s++) { digit[s] = (s*2 + 1) % 3; for (int i = 0; i < 6; i++) {\n"
    "        x[s][i] = (nn_real)(((s*7 + i*3) % 11 - 5) * 0.3); bytes[s][i] = (unsigned char)((s*50 + i*31) % 256); } }\n"
    "    tiny_init(&t, 7);\n"
    "    show(&t.params.linear_w[0][0], 48); show(&t.params.v[0][0], 24);\n"
    "    t.params.linear_b[2] = (nn_real)0.5; t.step = 3;\n"
    "    printf(\"%.17g\\n\", tiny_gradients(&t, N, &x[0][0], &bytes[0][0], digit));\n"
    "    show(&t.grads.linear_w[0][0], 48); show(t.grads.linear_b, 8); show(&t.grads.v[0][0], 24); show(&t.grads.scale, 1);\n"
    "    show(t.state.running, 8); show(&t.watch.h[0][0], N*8); tiny_metrics(&t, right); printf(\"%.17g\\n\", right[0]);\n"
    "    tiny_update(&t);\n"
    "    show(&t.params.linear_w[0][0], 48); show(t.params.linear_b, 8); show(&t.params.scale, 1);\n"
    "    show(&t.optimizer.linear_w_m[0][0], 48);\n"
    "    tiny_predict(&t.params, &t.state, &work, N, &x[0][0], &bytes[0][0], &out[0][0]);\n"
    "    show(&out[0][0], N*3);\n"
    "    printf(\"%d\\n\", (int)t.step);\n"
    "    digit[0] = 3; double refused = tiny_step(&t, N, &x[0][0], &bytes[0][0], digit); digit[0] = 1;\n"
    "    double wide = tiny_step(&t, 6, &x[0][0], &bytes[0][0], digit);\n"
    "    double none = tiny_evaluate(&t, 0, &x[0][0], &bytes[0][0], digit);\n"
    "    printf(\"%d\\n\", refused != refused && wide != wide && none != none && t.step == 4);\n"
    "    return tiny_model.size == sizeof(tiny) ? 0 : 1;\n"
    "}\n";

/* ---- the evaluator's side ---------------------------------------------------------------------------------------- */
static double expected[1000];
static int n_expected;
static void expect(const double *values, int n) {
    for (int k = 0; k < n; k++) expected[n_expected++] = values[k];
}

static const Tensor *next_of(const Program *p, const Tensor *of) {
    for (int k = 0; k < p->equations.n; k++)
        if (p->equations.at[k]->out->role == ROLE_NEXT && p->equations.at[k]->out->of == of) return p->equations.at[k]->out;
    return NULL;
}

static void put_inputs(Evaluation *e, int n) {
    *evaluation_array(e, count) = n;
    for (int s = 0; s < BATCH; s++) {
        evaluation_array(e, digit)[s] = given(2, s, 0);
        for (int i = 0; i < IN; i++) {
            evaluation_array(e, x)[s * IN + i] = given(0, s, i);
            evaluation_array(e, bytes)[s * IN + i] = given(1, s, i);
        }
    }
}

static void copy(Evaluation *to, const Tensor *t, const double *from) {
    int64_t size = 1;
    for (int k = 0; k < t->rank; k++) size *= t->dim[k].extent;
    memcpy(evaluation_array(to, t), from, (size_t)size * sizeof *from);
}

static void evaluate_all(int n) {
    n_expected = 0;
    const Program *p = model->init;
    Evaluation *e = evaluation_new(p, 7, 0), *g, *u;
    evaluation_run(e);
    expect(evaluation_array(e, next_of(p, w)), 48);
    expect(evaluation_array(e, next_of(p, v)), 24);

    double bias[HIDDEN] = { 0, 0, 0.5 }, zeros[64] = { 0 };
    g = evaluation_new(p = model->gradients, 7, 3);
    put_inputs(g, n);
    copy(g, w, evaluation_array(e, next_of(model->init, w)));
    copy(g, v, evaluation_array(e, next_of(model->init, v)));
    copy(g, b, bias);
    copy(g, running, zeros);
    *evaluation_array(g, scale) = 1.5;
    *evaluation_array(g, hits) = 0;
    evaluation_run(g);
    expect(evaluation_array(g, model->loss), 1);
    for (int k = 0; k < 4; k++) expect(evaluation_array(g, model->grads.at[k]), (int[]){ 48, 8, 24, 1 }[k]);
    expect(evaluation_array(g, next_of(p, running)), HIDDEN);
    for (int k = 0; k < p->equations.n; k++)
        if (p->equations.at[k]->out->watched) expect(evaluation_array(g, p->equations.at[k]->out), n * HIDDEN);
    double right = *evaluation_array(g, next_of(p, hits)) / 2;
    expect(&right, 1);

    u = evaluation_new(p = model->update, 7, 3);
    *evaluation_array(u, step) = 3;
    *evaluation_array(u, lr) = 0.1;
    copy(u, w, evaluation_array(g, w));
    copy(u, v, evaluation_array(g, v));
    copy(u, b, bias);
    copy(u, moment_w, zeros);
    *evaluation_array(u, scale) = 1.5;
    for (int k = 0; k < 4; k++) copy(u, model->grads.at[k], evaluation_array(g, model->grads.at[k]));
    evaluation_run(u);
    expect(evaluation_array(u, next_of(p, w)), 48);
    expect(evaluation_array(u, next_of(p, b)), HIDDEN);
    expect(evaluation_array(u, next_of(p, scale)), 1);
    expect(evaluation_array(u, next_of(p, moment_w)), 48);

    Evaluation *q = evaluation_new(model->predict, 7, 4);
    put_inputs(q, n);
    copy(q, w, evaluation_array(u, next_of(p, w)));
    copy(q, v, evaluation_array(u, next_of(p, v)));
    copy(q, b, evaluation_array(u, next_of(p, b)));
    copy(q, scale, evaluation_array(u, next_of(p, scale)));
    evaluation_run(q);
    expect(evaluation_array(q, model->outputs.at[0]), n * CLASSES);
    expect((double[]){ 4, 1 }, 2);
}

static void compare(const Options *options, const char *compiler, const char *flags, int n, double tolerance) {
    double values[1000];
    emit(options);
    write_file("program.c", program_text);
    evaluate_all(n);
    int found = run(compiler, text("%s -DN=%d", flags, n), values, 1000);
    ck_assert_int_eq(found, n_expected);
    for (int k = 0; k < found; k++)
        ck_assert_msg(fabs(values[k] - expected[k]) <= tolerance * (1 + fabs(expected[k])),
                      "%s %s n %d: number %d is %.17g, expected %.17g", compiler, flags, n, k, values[k], expected[k]);
}

START_TEST(emitted_code_computes_what_equations_say) {
    const Options plain = { .plain = true }, fast = { .plain = false };
    start();
    compare(&plain, "gcc", "-std=c11 -Wpedantic -DNN_DOUBLE", 5, 1e-12);
    compare(&plain, "clang", "-std=c11 -Wpedantic", 3, 1e-5);
    compare(&fast, "gcc", "-std=gnu11", 5, 1e-5);
    compare(&fast, "clang", "-std=gnu11 -DNN_DOUBLE -fsanitize=address,undefined -fno-sanitize-recover=all", 1, 1e-12);
    stop();
}
END_TEST

START_TEST(two_runs_give_the_same_bytes) {
    Writer a = { 0 }, c = { 0 };
    build();
    module_print(&a, module_of(&(Options){ .plain = true }, NULL));
    char *kept = strdup(a.text);
    build();
    module_print(&c, module_of(&(Options){ .plain = true }, NULL));
    ck_assert_str_eq(kept, c.text);
    ck_assert_ptr_null(strstr(c.text, "some/where"));
    free(kept);
}
END_TEST

START_TEST(layout_agrees_with_the_report_and_prefix_renames_everything) {
    build();
    Module *m = module_of(&(Options){ .plain = true }, "unix");
    Writer h = { 0 }, json = { 0 }, table = { 0 }, api = { 0 };
    header_print(&h, m);
    ck_assert_ptr_nonnull(strstr(h.text, "typedef struct model_unix_params {"));
    ck_assert_ptr_null(strstr(h.text, "tiny_"));
    report_json_print(&json, m);
    Layout *l = layout_new(m);
    ck_assert_ptr_nonnull(strstr(json.text, text("\"model_unix_params\": %lld", (long long)struct_size(l, STRUCT_PARAMS, 4))));
    ck_assert_int_eq(struct_size(l, STRUCT_PARAMS, 4), 4 * (48 + 8 + 24 + 1));
    report_print(&table, m);
    api_print(&api, m);
    ck_assert_ptr_nonnull(strstr(table.text, "linear_w"));
    ck_assert_ptr_nonnull(strstr(api.text, "\"predict\""));
}
END_TEST

START_TEST(numbers_and_names_are_safe) {
    ck_assert_str_eq(c_number(0.1), "0.1");
    ck_assert_str_eq(c_number(1e-8), "1e-08");
    ck_assert_str_eq(c_number(1.0 / 3), "0.3333333333333333");
    const char *const pairs[][2] = { { "int", "int_" },    { "class", "class_" }, { "gamma", "gamma" },
                                     { "m'", "m_next" },   { "linux", "linux_" }, { "nn_exp", "model_nn_exp" },
                                     { "_x", "x_x" },      { "R", "R_" },         { "INT_MAX", "model_INT_MAX" },
                                     { "Input", "Input" }, { "a__b", "a_b" },     { "x", "x" } };
    for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++) ck_assert_str_eq(name_safe(pairs[k][0]), pairs[k][1]);
    Names *names = names_new(NULL);
    ck_assert_str_eq(name_add(names, "h"), "h");
    ck_assert_str_eq(name_add(names, "h"), "h_2");
    ck_assert_str_eq(name_add(names_new(names), "h"), "h_3");
}
END_TEST

int main(void) {
    Suite *s = suite_create("output");
    TCase *t = tcase_create("output");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, emitted_code_computes_what_equations_say);
    tcase_add_test(t, two_runs_give_the_same_bytes);
    tcase_add_test(t, layout_agrees_with_the_report_and_prefix_renames_everything);
    tcase_add_test(t, numbers_and_names_are_safe);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
