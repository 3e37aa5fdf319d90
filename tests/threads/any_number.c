/* Every number of threads leaves the same bytes: parameters, gradients, states, totals, memory for values in between, and
 * what is predicted. Built with -DMODEL=mlp_model, also with -fsanitize=thread.
 *
 *     one thread             for several numbers of samples: gradients, update, evaluate, predict
 *     2, 3, 4 threads        the same
 *     user's own threads     two instances at once: one has the team, the other runs alone; and the team changes meanwhile
 *     a child of fork        has one thread, and may ask for more */
#include "../programs/drive.h"
#include <nn_team.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

extern const nn_model MODEL;
#ifndef ROUNDS
#define ROUNDS 7
#endif
enum { MOST_THREADS = 4 };

static int failed;

typedef struct Outcome { void *instance; void *outputs[MOST_INPUTS]; size_t bytes[MOST_INPUTS]; } Outcome;

static Outcome outcome_new(void) {
    Outcome o = { .instance = instance_new(&MODEL, 5) };
    for (int k = 0; k < MODEL.n_outputs; k++) {
        o.bytes[k] = (size_t)MODEL.batch * sizeof(double);
        for (int d = 0; d < MODEL.outputs[k].rank; d++) o.bytes[k] *= (size_t)MODEL.outputs[k].dim[d];
        o.outputs[k] = need(o.bytes[k]);
    }
    return o;
}

static void outcome_free(Outcome *o) {
    for (int k = 0; k < MODEL.n_outputs; k++) free(o->outputs[k]);
    free(o->instance);
}

/* 1, all, and some between: around the blocks of 16 and the numbers of threads. */
static int samples(int round) {
    const int some[] = { MODEL.batch, 1, MODEL.batch - 1, 2, MODEL.batch / 2, 17, MODEL.batch };
    return some[round] < 1 ? 1 : some[round] > MODEL.batch ? MODEL.batch : some[round];
}

static void *live(void *of) {
    Outcome *o = of;
    void *work = need(MODEL.predict_size);
    for (int round = 0; round < ROUNDS; round++) {
        Batch batch = batch_new(&MODEL, (uint32_t)round + 1);
        const void *const *data = (const void *const *)batch.data;
        const int n = samples(round);
        if (MODEL.gradients) MODEL.gradients(o->instance, n, batch.lengths, data);
        if (MODEL.update) MODEL.update(o->instance);
        if (MODEL.evaluate) MODEL.evaluate(o->instance, n, batch.lengths, data);
        if (MODEL.average) MODEL.average(o->instance);
        if (MODEL.predict) MODEL.predict(o->instance, NULL, work, n, batch.lengths, data, o->outputs);
        batch_free(&MODEL, &batch);
    }
    free(work);
    return NULL;
}

static void compare(const Outcome *a, const Outcome *b, const char *what, int threads) {
    int same = same_instance(&MODEL, a->instance, b->instance);
    for (int k = 0; k < MODEL.n_outputs; k++) same = same && memcmp(a->outputs[k], b->outputs[k], a->bytes[k]) == 0;
    if (same) return;
    printf("%s: other bytes with %d threads\n", what, threads);
    for (int k = 0; k < MODEL.n_params; k++) {
        const nn_tensor *t = &MODEL.params[k];
        size_t bytes = MODEL.real == NN_F64 ? 8 : 4;
        for (int d = 0; d < t->rank; d++) bytes *= (size_t)t->dim[d];
        if (memcmp((char *)a->instance + t->offset, (char *)b->instance + t->offset, bytes)) printf("    parameter %s\n", t->name);
    }
    failed = 1;
}

static void try_numbers(const Outcome *right) {
    for (int threads = 2; threads <= MOST_THREADS; threads++) {
        const int got = nn_threads(threads);
        if (got != threads) printf("note: there are %d threads, not %d\n", got, threads);
        Outcome o = outcome_new();
        live(&o);
        compare(right, &o, "calls", threads);
        outcome_free(&o);
    }
}

static void try_own_threads(const Outcome *right) {
    pthread_t own[2];
    Outcome o[2] = { outcome_new(), outcome_new() };
    nn_threads(2);
    for (int k = 0; k < 2; k++)
        if (pthread_create(&own[k], NULL, live, &o[k])) exit(2);
    for (int threads = 1; threads <= MOST_THREADS; threads++) nn_threads(threads);
    for (int k = 0; k < 2; k++) {
        pthread_join(own[k], NULL);
        compare(right, &o[k], "instances in the user's own threads", 2);
        outcome_free(&o[k]);
    }
}

#ifndef NO_FORK
static void try_fork(const Outcome *right) {
    int status = 1;
    nn_threads(2);
    const pid_t child = fork();
    if (child == 0) {
        for (int threads = 0; threads < 3; threads += 2) {
            if (nn_threads(threads) != (threads ? threads : 1)) _exit(3);
            Outcome o = outcome_new();
            live(&o);
            compare(right, &o, "a child of fork", threads);
        }
        fflush(stdout);
        _exit(failed);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0) {
        printf("a child of fork ended with %d\n", status);
        failed = 1;
    }
}
#endif

int main(void) {
    if (nn_threads(0) != 1 || nn_threads(-3) != 1 || nn_cores() < 1) {
        printf("a program does not begin with one thread\n");
        failed = 1;
    }
    Outcome right = outcome_new();
    live(&right);
    try_numbers(&right);
    try_own_threads(&right);
#ifndef NO_FORK
    try_fork(&right);
#endif
    outcome_free(&right);
    if (nn_threads(1) != 1) failed = 1;
    return failed;
}
