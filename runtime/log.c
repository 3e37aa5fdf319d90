/* log.c: one table, as CSV or as JSON lines by the name of the file.
 *
 *     what,epoch,step,loss,accuracy,test_loss,test_accuracy,gradient,hyper.lr,seconds
 *     step,1,100,0.4712,,,,0.832,0.001,
 *     epoch,1,938,0.3164,0.9102,0.1811,0.9466,0.671,0.001,3.12
 *
 *     {"what":"epoch","epoch":1,"step":938,"loss":0.3164,"accuracy":0.9102, ... }         absent numbers are left out
 *
 * Numbers are written in the shortest form that reads back equal, so logs can be compared bit for bit; only the seconds differ
 * from run to run. The loss of a step is that step's own; the loss of an epoch is the mean over its samples. The
 * gradient is the Euclidean length of all of it, before the update changes it; of an epoch, the mean over its steps.
 *
 * SPDX-License-Identifier: 0BSD */
#include "log.h"
#include "replace.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* JSON has no word for what is not finite; CSV takes nan and inf. */
static void print_number(char *to, size_t size, double x, bool json) {
    if (!isfinite(x)) {
        snprintf(to, size, json ? "null" : "%g", x);
        return;
    }
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(to, size, "%.*g", digits, x);
        if (strtod(to, NULL) == x) return;
    }
}

/* One cell: `name` is prefixed where JSON needs it. Absent cells are empty in CSV and missing in JSON. */
static void cell(const nn_log *l, FILE *out, const char *prefix, const char *name, const char *value, bool quoted) {
    if (!l->json) {
        fprintf(out, "%s%s", prefix, value ? value : "");
    } else if (value) {
        fprintf(out, "%s\"%s\":%s%s%s", prefix, name, quoted ? "\"" : "", value, quoted ? "\"" : "");
    }
}

static void number_cell(const nn_log *l, FILE *out, const char *kind, const char *name, const double *x) {
    char text[40], whole[200];
    if (x) print_number(text, sizeof text, *x, l->json);
    snprintf(whole, sizeof whole, "%s%s", kind, name);
    cell(l, out, ",", whole, x ? text : NULL, false);
}

static void write_row(const nn_log *l, FILE *out, const nn_log_row *row) {
    char number[24];
    const nn_model *m = l->model;
    if (l->json) fputc('{', out);
    cell(l, out, "", "what", row->epoch_end ? "epoch" : "step", true);
    snprintf(number, sizeof number, "%" PRId64, row->epoch);
    cell(l, out, ",", "epoch", number, false);
    snprintf(number, sizeof number, "%" PRId64, row->step);
    cell(l, out, ",", "step", number, false);
    number_cell(l, out, "", "loss", &row->loss);
    for (int i = 0; i < m->n_metrics; i++) number_cell(l, out, "", m->metrics[i], row->metrics ? &row->metrics[i] : NULL);
    number_cell(l, out, "test_", "loss", row->test_metrics || !isnan(row->test_loss) ? &row->test_loss : NULL);
    for (int i = 0; i < m->n_metrics; i++)
        number_cell(l, out, "test_", m->metrics[i], row->test_metrics ? &row->test_metrics[i] : NULL);
    number_cell(l, out, "", "gradient", isnan(row->gradient) ? NULL : &row->gradient);
    for (int i = 0; i < m->n_rates; i++) number_cell(l, out, "rate.", m->rates[i], row->rates ? &row->rates[i] : NULL);
    for (int i = 0; i < m->n_hypers; i++) number_cell(l, out, "hyper.", m->hypers[i].name, row->hypers ? &row->hypers[i] : NULL);
    number_cell(l, out, "", "seconds", row->epoch_end ? &row->seconds : NULL);
    fprintf(out, l->json ? "}\n" : "\n");
}

static void write_names(const nn_log *l, FILE *out) {
    if (l->json) return;
    fprintf(out, "what,epoch,step,loss");
    for (int i = 0; i < l->model->n_metrics; i++) fprintf(out, ",%s", l->model->metrics[i]);
    fprintf(out, ",test_loss");
    for (int i = 0; i < l->model->n_metrics; i++) fprintf(out, ",test_%s", l->model->metrics[i]);
    fprintf(out, ",gradient");
    for (int i = 0; i < l->model->n_rates; i++) fprintf(out, ",rate.%s", l->model->rates[i]);
    for (int i = 0; i < l->model->n_hypers; i++) fprintf(out, ",hyper.%s", l->model->hypers[i].name);
    fprintf(out, ",seconds\n");
}

/* Whether a line of an earlier part of the run stands: it was written no later than the checkpoint was. */
static bool line_stands(const nn_log *l, const char *line, int64_t step, bool inside, bool *understood) {
    char what[6] = "";
    int64_t epoch = 0, at = 0;
    *understood =
        sscanf(line, l->json ? "{\"what\":\"%5[a-z]\",\"epoch\":%" SCNd64 ",\"step\":%" SCNd64 : "%5[a-z],%" SCNd64 ",%" SCNd64 ",",
               what, &epoch, &at)
        == 3;
    return at < step || (at == step && !(inside && !strcmp(what, "epoch")));
}

static bool keep_lines(nn_log *l, FILE *old, nn_replacement *r, int64_t step, bool inside, nn_failure *f) {
    char *line = NULL, *names = NULL;
    size_t room = 0, size = 0;
    bool good = true, understood;
    FILE *out = open_memstream(&names, &size);
    if (!out) return nn_fail_memory(f, l->path, 1);
    write_names(l, out);
    fclose(out);
    for (int64_t n = 0; good; n++) {
        ssize_t length = getline(&line, &room, old);
        if (length < 0) break;
        if (n == 0 && !l->json) {
            if (strcmp(line, names))
                good = nn_fail(f, "%s: is no log of this model: its first line is another; choose another file", l->path);
        } else if (line[length - 1] != '\n') {
            break;                              /* the line that was being written when the run was killed */
        } else if (!line_stands(l, line, step, inside, &understood) || !understood) {
            if (!understood)
                good = nn_fail(f, "%s: line %" PRId64 " is not of a log of this program; choose another file", l->path, n + 1);
            continue;
        }
        good = good && nn_replace_write(r, line, (size_t)length, f);
    }
    free(line);
    free(names);
    return good;
}

static bool ends_with(const char *path, const char *end) {
    size_t n = strlen(path), k = strlen(end);
    return n > k && !strcmp(path + n - k, end);
}

bool nn_log_open(nn_log *l, const char *path, const nn_model *m, int64_t resumed_step, bool inside, nn_failure *f) {
    *l = (nn_log){ .path = path, .model = m, .json = ends_with(path, ".jsonl") };
    if (!l->json && !ends_with(path, ".csv")) return nn_fail(f, "%s: a log is .csv or .jsonl", path);
    FILE *old = resumed_step >= 0 ? fopen(path, "re") : NULL;
    if (old) {
        nn_replacement r;
        bool good = nn_replace_begin(&r, path, f) && keep_lines(l, old, &r, resumed_step, inside, f) && nn_replace_commit(&r, f);
        if (!good) nn_replace_abort(&r);
        fclose(old);
        if (!good) return false;
    }
    l->file = fopen(path, old ? "ae" : "we");
    if (!l->file) return nn_fail(f, "%s: %s", path, strerror(errno));
    if (!old || (fseeko(l->file, 0, SEEK_END) == 0 && ftello(l->file) == 0)) write_names(l, l->file);
    return true;
}

bool nn_log_write(nn_log *l, const nn_log_row *row, nn_failure *f) {
    if (!l->file) return true;
    write_row(l, l->file, row);
    if (fflush(l->file) || ferror(l->file)) return nn_fail(f, "%s: cannot be written: %s", l->path, strerror(errno));
    return true;
}

bool nn_log_close(nn_log *l, nn_failure *f) {
    FILE *file = l->file;
    l->file = NULL;
    return !file || fclose(file) == 0 || nn_fail(f, "%s: cannot be written: %s", l->path, strerror(errno));
}
