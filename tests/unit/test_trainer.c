/* The command line of the trainer: wrong words, each command, logs, and runs that are stopped, killed and resumed. */
#include <signal.h>
#include <sys/wait.h>
#include "../../runtime/checkpoint.h"
#include "../../runtime/data.h"
#include "../../runtime/log.h"
#include "../../runtime/nn_search.h"
#include "../../runtime/texts.h"
#include "../runtime/command.h"
#include <math.h>

START_TEST(wrong_commands) {
    static const struct { const char *words; int code; const char *says; } cases[] = {
        { "", 2, "a command must follow" },
        { "trian", 2, "did you mean 'train'" },
        { "x", 2, "there are train, test" },
        { "train x", 2, "is no option" },
        { "train --epoch 3", 2, "did you mean --epochs" },
        { "train --zzzzzz 3", 2, "--help lists them" },
        { "train --epochs", 2, "a value must follow" },
        { "train --epochs -1", 2, "takes a whole number" },
        { "train --epochs 1x", 2, "takes a whole number" },
        { "train --batch 0", 2, "takes a whole number from 1" },
        { "train --batch 9", 2, "at most 8" },
        { "train --lr x", 2, "takes a number" },
        { "train --lr nan", 2, "takes a number" },
        { "train --quiet=1", 2, "takes no value" },
        { "train --train data.csv", 2, "says no name" },
        { "train --output x", 2, "is an option of 'predict'" },
        { "test", 2, "--weights FILE" },
        { "train --save-every 3", 2, "needs --save" },
        { "train --resume a --weights b", 2, "leave out one" },
        { "train --seed 99999999999999999999", 2, "whole number" },
        { "info --lr 3", 2, "belong to train" },
        { "train --train z=data.csv", 1, "no input or target 'z'" },
        { "train", 1, "no such file" },
        { "train" DATA "--log a.txt", 1, "a log is .csv or .jsonl" },
        { "train --sweep lr", 2, "write --sweep NAME=X,X,.." },
        { "train --sweep lr=", 2, "'' is no number" },
        { "train --sweep lr=0.1,", 2, "'' is no number" },
        { "train --sweep lr=0.1,x", 2, "'x' is no number" },
        { "train --sweep lr=0.1,inf", 2, "'inf' is no number" },
        { "train --sweep rate=1", 2, "'rate' is no hyper-parameter of model tiny, which has: lr, sgd.momentum" },
        { "train --sweep lr=1,2 --sweep momentum=0", 2, "is given twice" },
        { "train --sweep lr=1,2 --save w", 2, "--sweep: looks and keeps nothing; leave out --save" },
        { "train --sweep lr=1,2 --best w", 2, "leave out --best" },
        { "train --sweep lr=1,2 --patience 3", 2, "leave out --patience" },
        { "train --sweep lr=1,2 --log a.csv", 2, "leave out --log" },
        { "train --sweep lr=1,2 --lr-find", 2, "leave out --lr-find" },
        { "train --sweep lr=1,2 --by none", 2, "no metric of that name" },
        { "train --sweep lr=1,2 --plot a.png", 2, "a picture is .svg" },
        { "train --lr-find --save w", 2, "--lr-find: looks and keeps nothing; leave out --save" },
        { "train --lr-find --epochs 2", 2, "leave out --epochs" },
        { "train --lr-find --by mae", 2, "leave out --by" },
        { "train --lr-find --steps 19", 2, "take at least 20" },
        { "train --range lr=1,2", 2, "says what --lr-find does" },
        { "train --lr-find --range lr=1", 2, "takes two numbers above 0" },
        { "train --lr-find --range lr=2,1", 2, "takes two numbers above 0" },
        { "train --lr-find --range lr=0,1", 2, "takes two numbers above 0" },
        { "train --lr-find --lr 0" DATA, 1, "--lr is 0, which leads to no range; give one with --range lr=LOW,HIGH" },
        { "train --plot a.svg", 2, "draws what --sweep or --lr-find has seen" },
        { "train --by mae", 2, "--best, --patience or --sweep" },
        { "test --sweep lr=1", 2, "is an option of 'train'" },
        { "plot", 2, "plot LOG... -o FILE.svg" },
        { "plot a.csv", 2, "plot LOG... -o FILE.svg" },
        { "plot -o a.svg", 2, "plot LOG... -o FILE.svg" },
        { "plot a.csv -o", 2, "a value must follow: -o FILE.svg" },
        { "plot a.csv -o b.csv", 2, "a picture is .svg" },
        { "plot a.csv -p b.svg", 2, "-p: is no option" },
        { "plot none.csv -o a.svg", 1, "none.csv: No such file" },
        { "train -o a.svg", 2, "-o: is an option of 'plot'" },
        { "train" DATA "--save no/where", 1, "No such file" },
        { "train" DATA "--resume none", 1, "none" },
        { "test --weights data.csv" DATA, 2, "is an option of" },
        { "test --weights data.csv --test x=data.csv:0-2 --test y=data.csv:3", 1, "data.csv: " },
        { "predict --weights w --output a --output q=b.csv", 1, "w: " } };
    make_data();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_msg(command(cases[i].words) == cases[i].code, "%s", cases[i].words);
        says("errors", cases[i].says);
    }
} END_TEST

static void holds_predictions(const char *file) {
    nn_array a;
    nn_failure f = { 0 };
    nn_paths paths;
    ck_assert_msg(nn_locate(&paths, file, false, NULL, NULL, &f) && nn_read_files(&paths, &outputs[0], false, NULL, &a, &f), "%s", f.text);
    nn_paths_free(&paths);
    ck_assert_int_eq(a.dim[0], 53);
    nn_array_free(&a);
}

START_TEST(commands) {
    make_data();
    ck_assert_int_eq(command("--help"), 0);
    says("out", "--sgd.momentum");
    ck_assert_int_eq(command("train --help"), 0);
    ck_assert_int_eq(command("--version"), 0);
    says("out", NN_VERSION);
    ck_assert_int_eq(command("info"), 0);
    says("out", "4 numbers");
    ck_assert_int_eq(command("check"), 0);
    says("out", "linear.w");
    ck_assert_int_eq(command("train --epochs 30 --momentum=0.8 --lr 0.02 --save w" DATA), 0);
    says("out", "epoch 30/30  loss ");
    says("out", "test mae ");
    ck_assert_int_eq(command("test --weights w --test x=data.csv:0-2 --test y=data.csv:y"), 0);
    says("out", "(53 samples)");
    ck_assert_int_eq(command("predict --weights w --test x=data.csv:0-2"), 0);
    says("out", "prediction\n");
    ck_assert_int_eq(command("predict --weights w --test x=data.csv:0-2 --output p.npy"), 0);
    holds_predictions("p.npy");
    ck_assert_int_eq(command("predict --weights w --test x=data.csv:0-2 --output prediction=p.csv --batch 3"), 0);
    holds_predictions("p.csv");
    ck_assert_int_eq(command("predict --weights w --test x=data.csv:0-2 --output other=p.csv"), 1);
    says("errors", "no such output");
} END_TEST

static double crooked_gradients(void *instance, int n, const int *lengths, const void *const *given) {
    double loss = gradients(instance, n, lengths, given);
    ((tiny *)instance)->grads.linear_w[1] *= (nn_real)1.1;
    return loss;
}

START_TEST(wrong_gradients) {
    nn_model crooked = tiny_model;
    crooked.gradients = crooked_gradients;
    served = &crooked;
    make_data();
    ck_assert_int_eq(command("check --train x=data.csv:0-2 --train y=data.csv:y"), 3);
    says("errors", "the gradient of 'linear.w' is wrong in 1 of 3 places: at [1]");
    says("out", "linear.b                     good");
    served = &tiny_model;
} END_TEST

START_TEST(loss_that_is_lost) {
    make_data();
    nn_run run;
    nn_failure f = { 0 };
    tiny m;
    ck_assert_int_eq(command("train --epochs 50 --lr 1e30 --save w --best b" DATA), 4);
    says("errors", "the loss is infinite at step 2 (epoch 1): try a smaller step size (--lr is 1e+30), clip the gradients");
    says("errors", "`nnc --trap` makes a program that says where it came from; nothing had been saved yet\n");
    ck_assert_int_ne(access("w", F_OK), 0);
    ck_assert_int_ne(access("b", F_OK), 0);
    ck_assert_int_eq(command("train --epochs 1 --save w --best b" DATA), 0);
    ck_assert_int_eq(command("train --resume w --epochs 50 --lr 1e30 --best b" DATA), 4);
    says("errors", "; 'w' keeps the state of step 7, and --resume goes on from it; 'b' keeps the best epoch\n");
    for (int k = 0; k < 2; k++) {
        ck_assert(nn_checkpoint_load(k ? "w" : "b", &tiny_model, &m, &run, &f));
        ck_assert(nn_weights_finite(&tiny_model, &m));
    }
    /* What is kept is good to go on from, at a smaller rate. */
    ck_assert_int_eq(command("train --resume w --epochs 3 --lr 0.05" DATA), 0);
} END_TEST

/* A step loses the parameters, though every loss so far was finite: here the last one of an epoch. */
static int64_t losing_step = 7;
static void update_that_loses(void *instance) {
    update(instance);
    if (((tiny *)instance)->step == losing_step) ((tiny *)instance)->params.linear_w[1] = (nn_real)NAN;
}

START_TEST(parameters_that_are_lost) {
    nn_model losing = tiny_model;
    losing.update = update_that_loses;
    served = &losing;
    make_data();
    static const char *const keeps[] = { "--save w", "--best w", "--save w --save-every 7" };
    for (int k = 0; k < 3; k++) {
        char words[300];
        snprintf(words, sizeof words, "train --epochs 3 %s" DATA, keeps[k]);
        ck_assert_int_eq(command(words), 4);
        says("errors", "the parameters are no longer finite at step 7: try a smaller step size (--lr is 0.05)");
        ck_assert_int_ne(access("w", F_OK), 0);
    }
    served = &tiny_model;
} END_TEST

static void same_files(const char *a, const char *b) {
    size_t n, m;
    char *x = bytes_of(a, &n), *y = bytes_of(b, &m);
    ck_assert_uint_eq(n, m);
    ck_assert_mem_eq(x, y, n);
    free(x);
    free(y);
}

/* Leaves out the last column, which is time. */
static void same_logs(const char *a, const char *b) {
    FILE *f = fopen(a, "r"), *g = fopen(b, "r");
    char x[512], y[512];
    ck_assert(f && g);
    for (int line = 1;; line++) {
        char *p = fgets(x, sizeof x, f), *q = fgets(y, sizeof y, g);
        ck_assert_int_eq(p == NULL, q == NULL);
        if (!p) break;
        *strrchr(x, ',') = 0;
        *strrchr(y, ',') = 0;
        ck_assert_msg(!strcmp(x, y), "line %d: %s and %s", line, x, y);
    }
    fclose(f);
    fclose(g);
}

/* Stopped after any number of steps and resumed, the run ends with the same bytes and the same log. */
START_TEST(resumed_runs) {
    make_data();
    ck_assert_int_eq(command("train --epochs 3 --save whole --log whole.csv --log-every 2" DATA), 0);
    for (int steps = 0; steps <= 21; steps++) {
        char words[512];
        snprintf(words, sizeof words, "train --steps %d --save part --log part.csv --log-every 2" DATA, steps);
        ck_assert_int_eq(command(words), 0);
        ck_assert_int_eq(command("train --resume part --epochs 3 --log part.csv --log-every 2" DATA), 0);
        same_files("whole", "part");
        same_logs("whole.csv", "part.csv");
    }
    /* A log that is ahead of its checkpoint, as after a kill, is cut back. */
    ck_assert_int_eq(command("train --steps 9 --save part --log part.csv --log-every 2" DATA), 0);
    ck_assert_int_eq(command("train --resume part --epochs 2 --save ahead --log part.csv --log-every 2" DATA), 0);
    FILE *f = fopen("part.csv", "a");
    fputs("step,3,1", f);
    fclose(f);
    ck_assert_int_eq(command("train --resume part --epochs 3 --log part.csv --log-every 2" DATA), 0);
    same_logs("whole.csv", "part.csv");
    put_words("part.csv", "precious text\n");
    ck_assert_int_eq(command("train --resume part --epochs 4 --log part.csv" DATA), 1);
    says("errors", "is no log of this model");
    says("part.csv", "precious text");
    ck_assert_int_eq(command("train --resume part --epochs 4 --seed 3" DATA), 1);
    says("errors", "has seed 7");
    ck_assert_int_eq(command("train --resume part --epochs 4 --no-shuffle" DATA), 1);
    says("errors", "shuffles");
    ck_assert_int_eq(command("train --resume part" DATA), 0);
    says("out", "has done its 3 epochs");
    put_words("data.csv", "a,b,c,y\n1,2,3,4\n");
    ck_assert_int_eq(command("train --resume part --epochs 4" DATA), 1);
    says("errors", "was trained on 53 samples");
} END_TEST

/* The command in a process of its own, which gets a signal after so many microseconds. Gives waitpid's status. */
static int signalled(const char *words, int which, unsigned after) {
    int status;
    pid_t child = fork();
    if (child == 0) _exit(command(words));
    usleep(after);
    kill(child, which);
    waitpid(child, &status, 0);
    return status;
}

/* Killed again and again, each time a little later, the run ends with the same bytes as one that was left alone. */
START_TEST(killed_runs) {
    int kills = 0, status = 0;
    make_data();
    ck_assert_int_eq(command("train --epochs 9 --save whole --log whole.csv" DATA), 0);
    for (unsigned wait = 1000; wait < 10000000; wait += wait / 8, kills++) {
        bool begun = access("part", F_OK) == 0;
        status = signalled(begun ? "train --epochs 9 --resume part --save-every 1 --log part.csv" DATA
                                 : "train --epochs 9 --save part --save-every 1 --log part.csv" DATA,
                           SIGKILL, wait);
        if (!WIFSIGNALED(status)) break;
    }
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ck_assert_int_gt(kills, 1);
    same_files("whole", "part");
    same_logs("whole.csv", "part.csv");
} END_TEST

START_TEST(stopped_runs) {
    make_data();
    static const struct { int which, code; } ends[] = { { SIGINT, 130 }, { SIGTERM, 143 } };
    for (int i = 0; i < 2; i++) {
        int status = signalled("train --epochs 1000000000 --save part" DATA, ends[i].which, 300000);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == ends[i].code, "status %d", status);
        says("errors", "continue with --resume 'part'");
        ck_assert_int_eq(command("test --weights part --test x=data.csv:0-2 --test y=data.csv:y"), 0);
    }
} END_TEST

START_TEST(json_log) {
    make_data();
    ck_assert_int_eq(command("train --epochs 2 --log a.jsonl --log-every 5" DATA), 0);
    says("a.jsonl", "{\"what\":\"step\",\"epoch\":1,\"step\":5,\"loss\":");
    says("a.jsonl", "{\"what\":\"epoch\",\"epoch\":2,\"step\":14,\"loss\":");
    says("a.jsonl", ",\"mae\":");
    says("a.jsonl", ",\"test_loss\":");
    says("a.jsonl", ",\"seconds\":");
} END_TEST

/* ---- logs: gradients and hyper-parameters ---- */

/* The length of the gradient of the first eight samples, at the first parameters. */
static double first_gradient(void) {
    tiny m;
    nn_dataset d;
    nn_batches b;
    nn_failure f = { 0 };
    const nn_binding bound[] = { { "x", "data.csv:0-2" }, { "y", "data.csv:y" } };
    ck_assert_msg(nn_dataset_open(&d, &tiny_model, 2, NN_TRAIN, bound, 2, NULL, &(nn_texts){ 0 }, &f), "%s", f.text);
    ck_assert(nn_batches_open(&b, &d, inputs, 2, TINY_BATCH, false, &f));
    init(&m, 7);
    nn_batches_start(&b, 7, 0, 0);
    gradients(&m, nn_batches_next(&b), b.lengths, (const void *const *)b.buffers);
    nn_batches_close(&b);
    nn_dataset_free(&d);
    double sum = (double)(m.grads.linear_b * m.grads.linear_b);
    for (int i = 0; i < 3; i++) sum += (double)(m.grads.linear_w[i] * m.grads.linear_w[i]);
    return sqrt(sum);
}

START_TEST(gradients_in_the_log) {
    static const char *const forms[] = { "a.csv", "a.jsonl" };
    make_data();
    for (int form = 0; form < 2; form++) {
        char words[300];
        nn_log_table t;
        nn_failure f = { 0 };
        snprintf(words, sizeof words, "train --epochs 2 --no-shuffle --lr 0.02 --log-every 1 --log %s" DATA, forms[form]);
        ck_assert_int_eq(command(words), 0);
        ck_assert_msg(nn_log_read(&t, forms[form], &f), "%s", f.text);
        const double *gradient = nn_log_values(&t, "gradient"), *lr = nn_log_values(&t, "hyper.lr"), *step = nn_log_values(&t, "step");
        ck_assert(gradient && lr && step && nn_log_values(&t, "hyper.sgd.momentum"));
        ck_assert_uint_eq(t.rows, 16);
        ck_assert_double_eq_tol(gradient[0], first_gradient(), 1e-5);
        double sum = 0;
        for (size_t r = 0; r < t.rows; r++) {
            ck_assert_int_eq(t.epoch_end[r], r % 8 == 7);
            ck_assert_double_eq(lr[r], 0.02);
            ck_assert_double_eq(step[r], (double)(r + 1 - (r + 1) / 8));
            if (t.epoch_end[r]) ck_assert_double_eq_tol(gradient[r], sum / 7, 1e-12);
            sum = t.epoch_end[r] ? 0 : sum + gradient[r];
        }
        nn_log_table_free(&t);
    }
    /* Where a step has several evaluations, the gradient is that of the loss beside it, where the step began. */
    nn_log_table t;
    nn_failure f = { 0 };
    ck_assert_int_eq(command("train --steps 1 --no-shuffle --iterations 4 --line-search 5 --log-every 1 --log b.csv" DATA), 0);
    ck_assert_msg(nn_log_read(&t, "b.csv", &f), "%s", f.text);
    ck_assert_double_eq_tol(nn_log_values(&t, "gradient")[0], first_gradient(), 1e-5);
    nn_log_table_free(&t);
} END_TEST

/* ---- early stopping ---- */

START_TEST(patience_with_a_metric) {
    nn_run run;
    nn_failure f = { 0 };
    tiny m;
    make_data();
    /* The mean error falls until nothing but the noise of the steps is left of it. */
    ck_assert_int_eq(command("train --epochs 200 --lr 0.05 --patience 3 --by -mae --best b --save w --log a.csv" DATA), 0);
    says("out", "stopped: no better epoch since epoch ");
    nn_log_table t;
    ck_assert_msg(nn_log_read(&t, "a.csv", &f), "%s", f.text);
    const double *mae = nn_log_values(&t, "test_mae");
    size_t best = 0;
    for (size_t r = 0; r < t.rows; r++)
        if (mae[r] < mae[best]) best = r;
    ck_assert_uint_eq(t.rows, best + 4);                /* three more, and no further */
    ck_assert(nn_checkpoint_load("b", &tiny_model, &m, &run, &f));
    ck_assert_int_eq(nn_epoch(&tiny_model, &m), best + 1);
    ck_assert_double_eq(run.best[0], mae[best]);
    nn_log_table_free(&t);
    /* A run that is out of patience stays so, and the largest mean error is another aim. */
    ck_assert_int_eq(command("train --epochs 200 --patience 3 --by -mae --resume w" DATA), 0);
    says("out", "stopped: no better epoch since epoch ");
    ck_assert_int_eq(command("train --epochs 200 --patience 3 --by mae" DATA), 0);
    says("out", "stopped: no better epoch since epoch 1\n");
} END_TEST

/* ---- sweeps ---- */

/* The number in this column of the line that begins with this word. */
static double in_table(const char *word, int column) {
    char line[300];
    double value = NAN;
    FILE *in = fopen("out", "r");
    while (fgets(line, sizeof line, in)) {
        char *rest = line, *cell = strsep(&rest, " ");
        if (strcmp(cell, word)) continue;
        for (int k = 0; k < column; k++)
            do cell = strsep(&rest, " \n"); while (cell && !*cell);
        value = cell ? strtod(cell, NULL) : NAN;
    }
    fclose(in);
    return value;
}

static double log_end(const char *path, const char *name) {
    nn_log_table t;
    nn_failure f = { 0 };
    ck_assert_msg(nn_log_read(&t, path, &f), "%s", f.text);
    const double value = nn_log_values(&t, name)[t.rows - 1];
    nn_log_table_free(&t);
    return value;
}

START_TEST(sweeps) {
    make_data();
    /* Each value gives what a run of its own gives, whatever was tried before it. */
    ck_assert_int_eq(command("train --sweep lr=1e30,0.2,0.02" DATA), 0);
    says("out", "1e+30           diverged at step 2\n");
    says("out", "best: --lr 0.2 (test loss ");
    const double loss = in_table("0.02", 2), mae = in_table("0.02", 3), first = in_table("0.02", 1);
    ck_assert_int_eq(command("train --epochs 1 --lr 0.02 --log a.csv --log-every 1" DATA), 0);
    ck_assert_double_eq_tol(loss, log_end("a.csv", "test_loss"), 1e-5);
    ck_assert_double_eq_tol(mae, log_end("a.csv", "test_mae"), 1e-5);
    ck_assert_int_eq(command("train --sweep lr=0.02" DATA), 0);
    ck_assert_double_eq(in_table("0.02", 1), first);
    /* The mean of the last losses counts the late ones most: here it lies below the mean of the epoch. */
    ck_assert(first > 0 && first < log_end("a.csv", "loss"));
    /* Another number, a metric to judge by, a limit in steps inside the second epoch, from a checkpoint, which stays as it is. */
    ck_assert_int_eq(command("train --sweep momentum=0,0.9 --steps 9 --by -mae" DATA), 0);
    says("out", "best: --sgd.momentum 0.9 (test mae ");
    ck_assert_int_eq(command("train --steps 9 --momentum 0.9 --save w" DATA), 0);
    ck_assert_int_eq(command("train --steps 9 --momentum 0.9 --save v" DATA), 0);
    ck_assert_int_eq(command("train --sweep lr=0.05,0.001 --resume w --steps 20" DATA), 0);
    same_files("v", "w");
    const double resumed = in_table("0.001", 2);
    ck_assert_int_eq(command("train --resume v --lr 0.001 --steps 20 --log b.csv --quiet --epochs 3" DATA), 0);
    ck_assert_int_eq(command("test --weights v --test x=data.csv:0-2 --test y=data.csv:y"), 0);
    char text[40];
    snprintf(text, sizeof text, "test loss %.6g", resumed);
    says("out", text);
    /* Without test data the training loss decides. */
    ck_assert_int_eq(command("train --sweep lr=0.05,0.001 --train x=data.csv:0-2 --train y=data.csv:y"), 0);
    says("out", "best: --lr 0.05 (loss ");
    ck_assert_int_eq(command("train --sweep lr=1e30,1e25" DATA), 4);
    says("errors", "every value of lr has diverged: try smaller ones");
    ck_assert_int_eq(command("train --sweep lr=0.1 --plot no/where.svg" DATA), 1);
    says("errors", "no/where.svg");
} END_TEST

START_TEST(lost_parameters_in_a_sweep) {
    nn_model losing = tiny_model;
    losing.update = update_that_loses;
    served = &losing;
    make_data();
    ck_assert_int_eq(command("train --sweep lr=0.1,0.2 --train x=data.csv:0-2 --train y=data.csv:y"), 4);
    says("out", "0.1             diverged at step 7\n");
    served = &tiny_model;
} END_TEST

/* ---- the range test ---- */

START_TEST(range_tests) {
    make_data();
    ck_assert_int_eq(command("train --lr-find" DATA), 0);
    says("out", "range test of lr: 5e-06 to 500 in 200 steps\nstopped in step ");
    says("out", "the loss is more than 4 times the best\nleast loss ");
    /* The rate that it suggests is a good one: ten epochs with it bring the loss of 6 down to a fiftieth. */
    double steepest = 0, tenth = 0;
    FILE *in = fopen("out", "r");
    for (char line[300]; fgets(line, sizeof line, in);)
        if (sscanf(line, "suggested: --lr %lf (steepest descent), or %lf", &steepest, &tenth) == 2) break;
    fclose(in);
    ck_assert(steepest > 1e-3 && steepest < 0.3 && tenth > 1e-3 && tenth < 0.3);
    for (int k = 0; k < 2; k++) {
        char words[300];
        snprintf(words, sizeof words, "train --epochs 10 --lr %g --log a.csv" DATA, k ? tenth : steepest);
        ck_assert_int_eq(command(words), 0);
        ck_assert_double_lt(log_end("a.csv", "test_loss"), 6.0 / 50);
    }
    ck_assert_int_eq(command("train --lr-find --range lr=1e-4,100 --steps 90" DATA), 0);
    says("out", "range test of lr: 0.0001 to 100 in 90 steps\n");
    ck_assert_int_eq(command("train --lr-find --range lr=1e-30,1e-28" DATA), 1);
    says("errors", "no lr from 1e-30 to 1e-28 has lowered the loss beyond its noise; try another range with --range lr=LOW,HIGH");
    ck_assert_int_eq(command("train --lr-find --quiet" DATA), 0);
    ck_assert_int_eq(command("train --steps 3 --save w --quiet" DATA), 0);
    ck_assert_int_eq(command("train --steps 3 --save v --quiet" DATA), 0);
    ck_assert_int_eq(command("train --lr-find --resume w" DATA), 0);
    same_files("v", "w");
} END_TEST

static double gradients_of_nothing(void *instance, int n, const int *lengths, const void *const *given) {
    return gradients(instance, n, lengths, given) * NAN;
}

START_TEST(range_test_of_nan) {
    nn_model broken = tiny_model;
    broken.gradients = gradients_of_nothing;
    served = &broken;
    make_data();
    ck_assert_int_eq(command("train --lr-find" DATA), 4);
    says("errors", "the loss is not finite at the first step already");
    broken = tiny_model;
    broken.update = update_that_loses;
    losing_step = 125;
    ck_assert_int_eq(command("train --lr-find" DATA), 0);
    says("out", "stopped in step 126, at lr 0.53: the loss is no longer finite\n");
    losing_step = 7;
    broken = tiny_model;
    broken.n_hypers = 0;
    ck_assert_int_eq(command("train --lr-find" DATA), 1);
    says("errors", "model tiny has no hyper-parameter to move");
    ck_assert_int_eq(command("train --sweep lr=1" DATA), 2);
    says("errors", "which has: none");
    served = &tiny_model;
} END_TEST

int main(void) {
    const TTest *const tests[] = {
        wrong_commands, commands, wrong_gradients, loss_that_is_lost, parameters_that_are_lost, resumed_runs, killed_runs, stopped_runs,
        json_log, gradients_in_the_log, patience_with_a_metric, sweeps, lost_parameters_in_a_sweep, range_tests, range_test_of_nan
    };
    return run_tests("trainer", tests, sizeof tests / sizeof *tests);
}
