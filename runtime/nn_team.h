/* nn_team.h: how generated code shares a call among threads, and how many there are.
 *
 * A program has one team of threads. A call of an entry point that is worth it runs on all of them: every thread runs the
 * same function, takes parts of each kernel until all are taken, and waits for the others where the next kernels need what
 * they compute. The parts of a kernel are cut without regard to the number of threads, and each part computes elements of
 * its own, so results have the same bits for every number of threads, whichever takes a part.
 *
 *     nn_threads(4);                          once, at the start of a program: its calls run on 4 threads from now on
 *     lenet_step(&m, 64, images, labels);
 *
 * Without nn_threads there is one thread and no team: a generated file then needs neither the archive nor a thread library.
 *
 * SPDX-License-Identifier: 0BSD */
#ifndef NN_TEAM_H
#define NN_TEAM_H
#ifdef __cplusplus
extern "C" {
#endif

enum { NN_MOST_THREADS = 64 };

/* Sets the number of threads that calls run on, the calling one among them: 1 (as at the start; ends the others) to
 * NN_MOST_THREADS, beyond which a larger number is cut. 0 or less changes nothing and asks. Gives the number that there is now; it
 * is smaller than what was asked for where the system has no more threads to give, and nothing else can fail.
 *
 * May be called in any thread at any time but inside a call of an entry point; it waits for the call that has the team. The
 * team belongs to the process. Of several calls at once, on different instances, one has the team and the others run on the
 * threads that made them. Threads that wait use a core for some hundred microseconds and then sleep. They take no signals, and
 * have the floating-point environment of the thread that called this. A child of fork has one thread until it asks for more. */
int nn_threads(int wanted);

/* The cores that this process may use: by its affinity, and by the quota of its control group; at least 1. */
int nn_cores(void);

/* ---- what follows is for generated code ---- */

typedef struct nn_thread { int number, of; } nn_thread;         /* one of a team: number is in 0 .. of - 1 */
typedef struct nn_range { int first, last; } nn_range;          /* the parts first .. last - 1 of a kernel */
typedef void nn_work(const void *call, nn_thread thread);

/* Runs the work on every thread of the team, or on the caller alone as thread 0 of 1, and returns when all have ended. */
void nn_team_run(nn_work *work, const void *call);
/* Waits until every thread of the team is here. What they wrote before can be read after. */
void nn_team_wait(void);
/* Some parts of the next kernel for a thread of the team, and some more of that kernel; empty when all are taken. */
nn_range nn_team_begin(nn_thread thread, int parts);
nn_range nn_team_more(nn_thread thread, int parts);

/* Weak: the team is linked where something calls nn_threads. */
#if defined __GNUC__ && !defined NN_TEAM_ITSELF
#pragma weak nn_team_run
#pragma weak nn_team_wait
#pragma weak nn_team_begin
#pragma weak nn_team_more
#endif

static inline void nn_on_team(nn_work *work, const void *call) {
    const nn_thread alone = { 0, 1 };
#if defined __GNUC__ && !defined NN_TEAM_ITSELF
    if (nn_team_run) {
        nn_team_run(work, call);
        return;
    }
#endif
    work(call, alone);
}

static inline void nn_wait(nn_thread thread) {
#if defined __GNUC__
    if (thread.of > 1) nn_team_wait();
#else
    (void)thread;
#endif
}

/* All parts of a kernel. */
static inline nn_range nn_whole(int parts) {
    nn_range range;
    range.first = 0;
    range.last = parts;
    return range;
}

/* NN_PARTS(some, thread, 32) kernel(some, ...): the thread computes some of the kernel's 32 parts after the other, until all are
 * taken. Every thread of a team must come by the same of these in the same order. */
#define NN_PARTS(some, thread, parts)                                                                                  \
    for (nn_range some = nn_parts_begin(thread, parts); some.first < some.last; some = nn_parts_more(thread, parts))

static inline nn_range nn_parts_begin(nn_thread thread, int parts) {
#if defined __GNUC__
    if (thread.of > 1) return nn_team_begin(thread, parts);
#else
    (void)thread;
#endif
    return nn_whole(parts);
}
static inline nn_range nn_parts_more(nn_thread thread, int parts) {
#if defined __GNUC__
    if (thread.of > 1) return nn_team_more(thread, parts);
#else
    (void)thread, (void)parts;
#endif
    return nn_whole(0);                 /* it had all at once */
}

/* Whether the thread is the one that runs kernels of this turn; those of different turns run at once where there are threads. */
static inline int nn_mine(nn_thread thread, int turn) { return turn % thread.of == thread.number; }

#ifdef __cplusplus
}
#endif
#endif
