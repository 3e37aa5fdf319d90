/* How threads share the parts of kernels (runtime/team.c): each part is computed once, whatever threads, parts and delays there
 * are; a thread that is held up keeps half of a share at most, a quarter of its own; and numbers of kernels may begin again.
 *
 *     ./shares        nothing, or what is wrong. Built with -DRUNS=1 it stops before numbers begin again: it takes less time */
#include <nn_team.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef RUNS
#define RUNS 1100
#endif
enum { MOST_PARTS = 5000000, KERNELS = 40 };         /* more parts than a word of a share has room for */
static atomic_uchar *times;                         /* that each part was taken, of kernel 0, 1, ... */
static atomic_int failed;

static void expect(bool good, const char *what, int a, int b) {
    if (!good && atomic_fetch_add(&failed, 1) < 10) fprintf(stderr, "%s: %d, %d\n", what, a, b);
}

/* Several kernels in one phase, with delays that differ from thread to thread. */
typedef struct Phase { int parts, kernels; bool delays; } Phase;
static void take_all(const void *call, nn_thread thread) {
    const Phase *phase = call;
    unsigned chance = (unsigned)thread.number + 1;
    for (int k = 0; k < phase->kernels; k++)
        NN_PARTS(some, thread, phase->parts) {
            expect(some.first >= 0 && some.first < some.last && some.last <= phase->parts, "parts out of range", some.first, some.last);
            for (int part = some.first; part < some.last; part++) atomic_fetch_add(&times[k * phase->parts + part], 1);
            chance = chance * 1103515245 + 12345;
            if (phase->delays && chance >> 16 & 1) sched_yield();
        }
}
static void hold_phase(Phase phase) {
    memset(times, 0, (size_t)phase.parts * (size_t)phase.kernels);
    nn_on_team(take_all, &phase);
    for (int k = 0; k < phase.parts * phase.kernels; k++) expect(times[k] == 1, "a part was not taken once: part, times", k, times[k]);
}

/* Thread 1 does not come on with the first that it takes before all else of both kernels is done. */
enum { HELD_PARTS = 64 };
static atomic_int done, in_hand;
static void hold_up(const void *call, nn_thread thread) {
    (void)call;
    bool held = false;
    for (int k = 0; k < 2; k++)
        NN_PARTS(some, thread, HELD_PARTS) {
            if (thread.number == 1 && !held) {
                held = true;
                atomic_store(&in_hand, some.last - some.first);
                while (atomic_load(&done) + atomic_load(&in_hand) < 2 * HELD_PARTS) sched_yield();
            }
            atomic_fetch_add(&done, some.last - some.first);
        }
}

/* Kernels, thousand a run, until their numbers have begun again; of three threads one has no share in them, but in those
 * behind more than half of all numbers. */
static atomic_long taken;
static void many(const void *call, nn_thread thread) {
    (void)call;
    for (int k = 0; k < 1000; k++)
        NN_PARTS(some, thread, 2) atomic_fetch_add(&taken, some.last - some.first);
}

int main(void) {
    times = malloc(MOST_PARTS);
    if (!times) return 2;
    const int parts[] = { 0, 1, 2, 3, 5, 16, 17, 100, 1000 };
    for (int threads = 1; threads <= 5; threads++) {
        nn_threads(threads);
        for (size_t p = 0; p < sizeof parts / sizeof *parts; p++)
            for (int round = 0; round < 20; round++) hold_phase((Phase){ parts[p], KERNELS, round % 2 == 1 });
        hold_phase((Phase){ MOST_PARTS, 1, false });
        if (threads == 1) continue;
        atomic_store(&done, 0);
        atomic_store(&in_hand, 0);
        nn_on_team(hold_up, NULL);
        expect(done == 2 * HELD_PARTS, "parts done with a thread held up", done, threads);
        expect(in_hand <= (HELD_PARTS / threads + 1) / 2 + 1, "parts in the hand of who is held up", in_hand, threads);
    }
    nn_threads(3);
    for (int run = 1; run <= RUNS; run++) {
        nn_on_team(many, NULL);
        expect(taken == 2 * 1000L * run, "parts of many kernels", (int)taken, run);
        if (run % 600 == 0) hold_phase((Phase){ 100, KERNELS, false });
    }
    nn_threads(1);
    free(times);
    return failed != 0;
}
