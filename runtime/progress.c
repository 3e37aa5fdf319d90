/* progress.c: one line on a terminal, drawn over and over.
 *
 *     epoch 3/10 [=============>                ]  27392/60000  loss 0.2134  18.3 k/s  0:02 left
 *
 * It goes to standard error, so that results can be redirected, and only if that is a terminal. What the line shows is never
 * needed: the same numbers come as plain lines at the end of each epoch.
 *
 * SPDX-License-Identifier: 0BSD */
#include "progress.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

double nn_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void nn_progress_start(nn_progress *p, const char *label, int64_t done, bool quiet) {
    double last = p->last;                  /* kept: many short epochs draw no more often than one long one */
    *p = (nn_progress){ .shown = !quiet && isatty(STDERR_FILENO), .start = nn_seconds(), .first = done };
    snprintf(p->label, sizeof p->label, "%s", label);
    p->last = last > 0 ? last : p->start;
}

static int width(void) {
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

void nn_progress_update(nn_progress *p, int64_t done, int64_t total, double loss) {
    /* Ten times a second is enough for eyes and costs nothing. */
    double now = p->shown ? nn_seconds() : 0;
    if (!p->shown || now - p->last < 0.1) return;
    p->last = now;
    p->drawn = true;
    double rate = (double)(done - p->first) / fmax(now - p->start, 1e-9), left = (double)(total - done) / fmax(rate, 1e-9);
    char right[120], bar[41];
    bool thousands = rate >= 10000;
    int n = snprintf(right, sizeof right, "%" PRId64 "/%" PRId64 "  loss %.4g  %.*f%s/s  %d:%02d left", done, total, loss,
                     thousands ? 1 : 0, thousands ? rate / 1000 : rate, thousands ? " k" : "",
                     left < 360000 ? (int)left / 60 : 5999, left < 360000 ? (int)left % 60 : 59);
    int room = width() - n - (int)strlen(p->label) - 6, full = 0;
    if (room > 40) room = 40;
    if (room < 4) {                 /* a narrow terminal: no bar, and no line that wraps */
        int rest = width() - (int)strlen(p->label) - 2;
        fprintf(stderr, "\r%s %.*s\033[K", p->label, rest > 0 ? rest : 0, right);
        return;
    }
    full = total > 0 ? (int)((double)room * (double)done / (double)total) : room;
    for (int i = 0; i < room; i++) bar[i] = i < full ? '=' : i == full ? '>' : ' ';
    bar[room] = 0;
    fprintf(stderr, "\r%s [%s]  %s\033[K", p->label, bar, right);
}

void nn_progress_clear(nn_progress *p) {
    if (p->drawn) fprintf(stderr, "\r\033[K");
    p->drawn = false;
}
