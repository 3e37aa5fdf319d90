/* profile.c: the clock of programs that `nnc --profile` made, and what they say at the end of a run.
 *
 *         time  share    calls   us/call   fastest  GFLOP/s   peak   GB/s
 *      81.3 ms  41.2 %      60    1355.0    1290.1     94.2   81 %    2.1  net.nn:5  gradients: relu
 *              conv2d[o, i, j] = sum(c, u, v) conv2d_f[o, c, u, v]*x[c, i + u, j + v]
 *
 * Rates are those of the mean call. Where other programs use the machine, the fastest call says more of the code.
 * The time of a call that threads share is that of the thread that took longest; the total is that of the calling thread, and
 * so is what it waited. Operations and bytes are those of a full batch, so runs with smaller ones seem faster than they are.
 *
 * SPDX-License-Identifier: 0BSD */
#define _GNU_SOURCE
#include "nn_profile.h"
#include "trainer.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

uint64_t nn_profile_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

typedef struct Line { const nn_profile_row *row; double seconds, calls, fastest; } Line;

static int by_time(const void *a, const void *b) {
    const Line *x = a, *y = b;
    if (x->seconds != y->seconds) return x->seconds < y->seconds ? 1 : -1;
    return x->row < y->row ? -1 : x->row > y->row;              /* as they stand in the file */
}

enum { WIDTH = 120 };
static const double worth_its_equations = 0.005;                /* of the total */

static void print_equations(FILE *to, const char *text) {
    for (const char *end; *text; text = *end ? end + 1 : end) {
        end = text + strcspn(text, "\n");
        fprintf(to, "            %.*s%s\n", (int)(end - text < WIDTH ? end - text : WIDTH), text, end - text > WIDTH ? " ..." : "");
    }
}

static void print_line(FILE *to, const Line *line, double total, double peak) {
    const nn_profile_row *row = line->row;
    const double each = line->seconds / line->calls, rate = row->operations / each;
    fprintf(to, "%9.2f ms %5.1f %% %8.0f %9.2f %9.2f", line->seconds * 1e3, 100 * line->seconds / total, line->calls, each * 1e6,
            line->fastest * 1e6);
    if (row->operations > 0) fprintf(to, " %8.2f", rate * 1e-9);
    else fprintf(to, " %8s", "-");
    if (row->operations > 0 && peak > 0) fprintf(to, " %4.0f %%", 100 * rate / peak);
    else fprintf(to, " %6s", "-");
    if (row->bytes > 0) fprintf(to, " %6.1f", row->bytes / each * 1e-9);
    else fprintf(to, " %6s", "-");
    fprintf(to, "  %s%s%s%s%s\n", row->place, row->place[0] ? "  " : "", row->entry, row->entry[0] ? ": " : "", row->name);
    if (line->seconds >= worth_its_equations * total) print_equations(to, row->equation);
}

bool nn_profile_print(const nn_model *m, int threads, FILE *to, nn_failure *f) {
    Line *lines = calloc((size_t)m->n_profile + 1, sizeof *lines);
    double total = 0, operations = 0;
    int n = 0;
    if (!lines) return nn_fail_memory(f, "the profile", (size_t)m->n_profile * sizeof *lines);
    for (int r = 0; r < m->n_profile; r++) {
        Line line = { .row = &m->profile[r] };
        for (int t = 0; t < NN_MOST_THREADS; t++) {
            const nn_profile_spent *spent = &m->spent(t)[r];
            if (r == 0 && t > 0) break;
            if ((double)spent->nanoseconds * 1e-9 > line.seconds) line.seconds = (double)spent->nanoseconds * 1e-9;
            if ((double)spent->fastest * 1e-9 > line.fastest) line.fastest = (double)spent->fastest * 1e-9;
            if ((double)spent->calls > line.calls) line.calls = (double)spent->calls;
        }
        if (line.calls > 0) lines[n++] = line;
        total += (double)m->spent(0)[r].nanoseconds * 1e-9;
        operations += line.calls * line.row->operations;
    }
    if (n && total > 0) {
        const double one = m->peak(), peak = one * threads;
        qsort(lines, (size_t)n, sizeof *lines, by_time);
        fprintf(to, "\nprofile of %s on %d thread%s, which multipl%s and add%s at %.1f GFLOP/s at most\n\n", m->name, threads,
               threads == 1 ? "" : "s", threads == 1 ? "ies" : "y", threads == 1 ? "s" : "", peak * 1e-9);
        fprintf(to, "        time   share    calls   us/call   fastest  GFLOP/s   peak   GB/s\n");
        for (int k = 0; k < n; k++) print_line(to, &lines[k], total, peak);
        fprintf(to, "%9.2f ms   total, %.2f GFLOP/s", total * 1e3, operations / total * 1e-9);
        if (peak > 0) fprintf(to, ", %.0f %% of the peak", 100 * operations / total / peak);
        fprintf(to, "\n");
    }
    free(lines);
    return true;
}
