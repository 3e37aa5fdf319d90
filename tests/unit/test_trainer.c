/* The command line of the trainer: wrong words, each command, logs, and runs that are stopped, killed and resumed. */
#include <signal.h>
#include <sys/wait.h>
#include "../../runtime/checkpoint.h"
#include "../../runtime/data.h"
#include "../runtime/files.h"
#include "../runtime/commands.h"
#include "../runtime/tiny.c"

static void make_data(void) {
    FILE *out = fopen("data.csv", "w");
    uint64_t state = 3;
    fprintf(out, "a,b,c,y\n");
    for (int i = 0; i < 53; i++) {
        double x[3], y = 0.25;
        for (int k = 0; k < 3; k++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            x[k] = (double)(state >> 40) / 0x1p23 - 1;
            y += x[k] * (k + 1);
        }
        fprintf(out, "%.6f,%.6f,%.6f,%.6f\n", x[0], x[1], x[2], y);
    }
    fclose(out);
}

static const nn_model *served = &tiny_model;
static int command(const char *words) { return command_of(served, words); }

#define DATA " --train x=data.csv:0-2 --train y=data.csv:y --test x=data.csv:0-2 --test y=data.csv:y "

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

static double crooked_gradients(void *instance, int n, const void *const *given) {
    double loss = gradients(instance, n, given);
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
    ck_assert_int_eq(command("train --epochs 1 --save w" DATA), 0);
    ck_assert_int_eq(command("train --resume w --epochs 50 --lr 1e30" DATA), 4);
    says("errors", "try a smaller step size");
    ck_assert(nn_checkpoint_load("w", &tiny_model, &m, &run, &f));
    ck_assert(nn_weights_finite(&tiny_model, &m));
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

int main(void) {
    const TTest *const tests[] = {
        wrong_commands, commands, wrong_gradients, loss_that_is_lost, resumed_runs, killed_runs, stopped_runs, json_log
    };
    return run_tests("trainer", tests, sizeof tests / sizeof *tests);
}
