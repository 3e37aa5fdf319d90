/* team.c: the threads of a program, the barrier between them, and how they share the parts of a kernel.
 *
 * The team is persistent: its threads are made once and wait at the barrier for work. A run is
 *
 *     the caller: writes down the work,  barrier,  does it,  barrier
 *     a thread:                          barrier,  does it,  barrier,  and again
 *
 * and the work itself waits at the same barrier between its phases. The barrier counts who is missing; the last to come
 * sets the count back and turns the sense, a number that the others look at. Who waits looks in a loop at first, because
 * phases take microseconds, then lets others have the core, and at last sleeps, so that an idle team costs next to nothing. Who is
 * about to sleep says so before it looks at the sense again, and who turns the sense does so before it looks for sleepers:
 * one of the two sees the other, since both use sequentially consistent operations. A sleeper looks again by itself from time
 * to time all the same: the condition variables of glibc 2.27 to 2.40 can lose a wake-up (its bug 25847).
 *
 * SPDX-License-Identifier: 0BSD */
#define _GNU_SOURCE
#define NN_TEAM_ITSELF
#include "nn_team.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* Some ten microseconds. Who waits longer on a busy machine keeps the very thread that it waits for from running: with three
 * times as many processes as cores, longer loops made a step take three times as long. Crowded: more threads than cores.
 * Then some hundred microseconds of offering the core to others, longer than a sleeper takes to wake: or who was woken finds at the next
 * barrier that the others fell asleep over it, wakes them, falls asleep over that, and so on at every barrier. */
enum { SPINS = 300, SPINS_CROWDED = 30, YIELDS = 400, SECONDS_ASLEEP = 1 };
/* Kernels keep tiles of some hundred KB on the stack; some systems give threads less than a MB. */
enum { LEAST_STACK = 4 << 20 };

static pthread_mutex_t calls = PTHREAD_MUTEX_INITIALIZER;       /* held by the call that has the team, and while it changes */
static pthread_mutex_t bed = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t woken = PTHREAD_COND_INITIALIZER;
static pthread_t thread_of[NN_MOST_THREADS];                    /* from 1: the caller is 0 */
static atomic_int threads = 1;                                  /* changed with `calls` held */
static int spins;
static bool stopping, watches_forks;
static nn_work *work_now;
static const void *call_now;

/* On lines of their own: everyone writes to the first, everyone reads the second. */
static _Alignas(64) atomic_int missing;
static _Alignas(64) atomic_uint sense;
static _Alignas(64) atomic_int sleepers;

static void pause_core(void) {
#if defined __x86_64__ || defined __i386__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("yield");
#endif
}

static bool has_turned(unsigned old) { return atomic_load_explicit(&sense, memory_order_acquire) != old; }

static void sleep_until_turned(unsigned old) {
    pthread_mutex_lock(&bed);
    atomic_fetch_add(&sleepers, 1);
    while (atomic_load(&sense) == old) {
        struct timespec alarm;
        clock_gettime(CLOCK_REALTIME, &alarm);
        alarm.tv_sec += SECONDS_ASLEEP;
        pthread_cond_timedwait(&woken, &bed, &alarm);
    }
    atomic_fetch_sub(&sleepers, 1);
    pthread_mutex_unlock(&bed);
}

void nn_team_wait(void) {
    /* It cannot turn before this thread is here, so this is the sense as it was when the last wait ended. */
    const unsigned old = atomic_load_explicit(&sense, memory_order_relaxed);
    if (atomic_fetch_sub_explicit(&missing, 1, memory_order_acq_rel) == 1) {
        atomic_store_explicit(&missing, threads, memory_order_relaxed);
        atomic_store(&sense, old + 1);
        if (atomic_load(&sleepers)) {
            pthread_mutex_lock(&bed);
            pthread_cond_broadcast(&woken);
            pthread_mutex_unlock(&bed);
        }
        return;
    }
    for (int k = 0; k < spins; k++) {
        if (has_turned(old)) return;
        pause_core();
    }
    for (int k = 0; k < YIELDS; k++) {
        if (has_turned(old)) return;
        sched_yield();
    }
    sleep_until_turned(old);
}

/* ---- shares ---- */

enum { BITS_OF_PART = 22, LAST_PART = (1 << BITS_OF_PART) - 1, BITS_OF_KERNEL = 64 - 2 * BITS_OF_PART };

typedef struct Share {
    _Alignas(64) _Atomic uint64_t left;         /* kernel, first, last: changed by whoever takes from it */
    uint32_t kernel;                            /* that the thread itself is at; numbers begin again behind the last that has room */
} Share;
static Share share_of[NN_MOST_THREADS];

static uint64_t word_of(uint32_t kernel, nn_range r) {
    return (uint64_t)kernel << 2 * BITS_OF_PART | (uint64_t)r.first << BITS_OF_PART | (uint64_t)r.last;
}

/* The share of one of `of` threads: neighbours, and as many as the others have, or one more. */
static nn_range whole_share(int number, int of, int parts) {
    const int each = parts / of, more = parts % of, first = each * number + (number < more ? number : more);
    return (nn_range){ first, first + each + (number < more) };
}

/* Some of what is left of a kernel's parts in the share of thread `whose`; empty: nothing is. A share that was empty from the start
 * is written down too: a word that no one wrote for half of all numbers would seem to be a later kernel's. */
static nn_range take_from(int whose, nn_thread thread, int parts) {
    const uint32_t kernel = share_of[thread.number].kernel;
    uint64_t word = atomic_load_explicit(&share_of[whose].left, memory_order_relaxed), rest;
    nn_range left, taken;
    do {
        const uint32_t at = (uint32_t)(word >> 2 * BITS_OF_PART);
        const int32_t later = (int32_t)((at - kernel) << (32 - BITS_OF_KERNEL));        /* its sign: modulo all numbers */
        left = later < 0 ? whole_share(whose, thread.of, parts) : (nn_range){ (int)(word >> BITS_OF_PART & LAST_PART), (int)(word & LAST_PART) };
        const int n = left.last - left.first;
        taken = left;
        if (later > 0 || (later == 0 && n == 0)) return (nn_range){ 0, 0 };
        if (whose == thread.number) taken.last = left.first += (n + 3) / 4;
        else taken.first = left.last -= (n + 1) / 2;
        rest = word_of(kernel, left);
    } while (!atomic_compare_exchange_weak_explicit(&share_of[whose].left, &word, rest, memory_order_relaxed, memory_order_relaxed));
    return taken;
}

/* More parts than a word has room for are handed out in groups. */
nn_range nn_team_more(nn_thread thread, int parts) {
    const int group = parts / LAST_PART + 1, groups = parts / group + (parts % group != 0);
    for (int k = 0; k < thread.of; k++) {
        const nn_range taken = take_from((thread.number + k) % thread.of, thread, groups);
        if (taken.first < taken.last) return (nn_range){ taken.first * group, taken.last == groups ? parts : taken.last * group };
    }
    return (nn_range){ 0, 0 };
}

nn_range nn_team_begin(nn_thread thread, int parts) {
    uint32_t *kernel = &share_of[thread.number].kernel;
    *kernel = (*kernel + 1) & ((1u << BITS_OF_KERNEL) - 1);
    return nn_team_more(thread, parts);
}

/* ---- the team ---- */

static void *serve(void *own) {
    const int number = (int)(intptr_t)own;
    for (;;) {
        nn_team_wait();
        if (stopping) return NULL;
        work_now(call_now, (nn_thread){ number, threads });
        nn_team_wait();
    }
}

void nn_team_run(nn_work *work, const void *call) {
    /* There is no team, someone else has it, or this call is inside of one: it runs here. */
    const bool alone = atomic_load_explicit(&threads, memory_order_relaxed) == 1 || pthread_mutex_trylock(&calls) != 0;
    if (alone) {
        work(call, (nn_thread){ 0, 1 });
        return;
    }
    if (threads > 1) {                  /* still */
        work_now = work;
        call_now = call;
        nn_team_wait();
        work(call, (nn_thread){ 0, threads });
        nn_team_wait();
    } else work(call, (nn_thread){ 0, 1 });
    pthread_mutex_unlock(&calls);
}

static void end_threads(void) {
    if (threads == 1) return;
    stopping = true;
    nn_team_wait();
    for (int k = 1; k < threads; k++) pthread_join(thread_of[k], NULL);
    stopping = false;
    threads = 1;
}

/* A child of fork has no thread but its own, and locks as they happened to be. */
static void forget_threads(void) {
    pthread_mutex_init(&calls, NULL);
    pthread_mutex_init(&bed, NULL);
    pthread_cond_init(&woken, NULL);
    atomic_store(&sleepers, 0);
    stopping = false;
    threads = 1;
}

static void begin_threads(int wanted) {
    sigset_t all, old;
    if (!watches_forks) watches_forks = pthread_atfork(NULL, NULL, forget_threads) == 0;
    spins = wanted > nn_cores() ? SPINS_CROWDED : SPINS;
    for (int k = 0; k < wanted; k++) {
        atomic_store(&share_of[k].left, 0);
        share_of[k].kernel = 0;
    }
    atomic_store(&missing, wanted);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &old);
    pthread_attr_t attributes;
    size_t stack = 0;
    pthread_attr_init(&attributes);
    if (pthread_attr_getstacksize(&attributes, &stack) == 0 && stack < LEAST_STACK) pthread_attr_setstacksize(&attributes, LEAST_STACK);
    int n = 1;
    while (n < wanted && pthread_create(&thread_of[n], &attributes, serve, (void *)(intptr_t)n) == 0) n++;
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    /* Those that could not be made are not waited for. None gets past the barrier yet: the caller is missing too. */
    atomic_fetch_sub(&missing, wanted - n);
    threads = n;
}

int nn_threads(int wanted) {
    pthread_mutex_lock(&calls);
    if (wanted > NN_MOST_THREADS) wanted = NN_MOST_THREADS;
    if (wanted > 0 && wanted != threads) {
        end_threads();
        if (wanted > 1) begin_threads(wanted);
    }
    const int now = threads;
    pthread_mutex_unlock(&calls);
    return now;
}

/* What a control group allows, in whole cores; 0: it sets no limit that can be read. */
static int quota(void) {
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "r");
    double used = 0, period = 0;
    if (!file) return 0;
    const int read = fscanf(file, "%lf %lf", &used, &period);       /* "max 100000": no number, no limit */
    fclose(file);
    if (read != 2 || !(used > 0) || !(period > 0)) return 0;
    return used < period ? 1 : used / period < 1e6 ? (int)(used / period) : 0;
}

int nn_cores(void) {
    int n = (int)sysconf(_SC_NPROCESSORS_ONLN);
    const int limit = quota();
#if defined __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) n = CPU_COUNT(&set);
#endif
    if (limit && limit < n) n = limit;
    return n > 1 ? n : 1;
}
