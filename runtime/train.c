/* train.c: the command `train`.
 *
 * A run is an instance and an nn_run: what they hold decides every later bit. At each point where a run can stop, both are
 * written together, so that stopping there and resuming is the same as not stopping:
 *
 *     for each epoch:  for each batch: gradients, update, [save]   |   average, measure on the test data   |   epoch + 1, save
 *
 * The sums of an epoch (losses, metrics) belong to the run. Measuring on test data uses the same sums, so they are put
 * aside meanwhile; a run that is stopped there is saved as standing at the end of its epoch, and measures again.
 *
 * SPDX-License-Identifier: 0BSD */
#include "checkpoint.h"
#include "log.h"
#include "progress.h"
#include "replace.h"
#include "nn_search.h"
#include "trainer.h"
#include "trap.h"
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Training {
    const nn_model *m;
    const nn_options *o;
    nn_failure *f;
    void *instance;
    nn_run run;
    nn_dataset train_data, test_data;
    nn_batches train, test;
    int64_t epochs, steps;          /* where to stop */
    const char *save;
    int by;                         /* the metric that epochs are judged by; -1: the loss */
    bool by_smallest;
    nn_search *search;              /* of a run with several evaluations in a step, else NULL */
    nn_log log;
    nn_progress progress;
    double *metrics, *test_metrics, *totals;
    double epoch_start;
    bool small_told;                /* --trap: the first number below the normal range has been reported */
} Training;

static volatile sig_atomic_t stop_signal;

/* The second signal kills as usual: a step may be long, and a person may be in a hurry. */
static void on_signal(int number) {
    stop_signal = number;
    signal(number, SIG_DFL);
}

static void catch_signals(void) {
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
    stop_signal = 0;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGXFSZ, SIG_IGN);       /* a file over the limit is then an error of write, which is reported */
}

/* Where to stop: what the command line says, else the model's train line, else one epoch. */
static void limits(Training *t) {
    double value;
    bool own = t->o->epochs < 0 && t->o->steps < 0;
    t->epochs = t->o->epochs >= 0 ? t->o->epochs : INT64_MAX;
    t->steps = t->o->steps >= 0 ? t->o->steps : INT64_MAX;
    if (own && nn_setting_of(t->m, "epochs", &value)) t->epochs = (int64_t)value;
    if (own && nn_setting_of(t->m, "steps", &value)) t->steps = (int64_t)value;
    if (t->epochs == INT64_MAX && t->steps == INT64_MAX) t->epochs = 1;
}

/* Writes the checkpoint. Parameters that are lost do not replace the file that still has good ones. */
static int save(Training *t) {
    if (!t->save) return NN_DONE;
    if (!nn_weights_finite(t->m, t->instance)) {
        nn_fail(t->f, "the parameters are no longer finite at step %" PRId64 "; '%s' keeps the state before; "
                "try a smaller step size", nn_step(t->m, t->instance), t->save);
        return NN_NOT_FINITE;
    }
    return nn_checkpoint_save(t->save, t->m, t->instance, &t->run, t->f) ? NN_DONE : NN_TROUBLE;
}

static void copy_totals(Training *t, bool back) {
    for (int i = 0, at = 0; i < t->m->n_totals; i++) {
        size_t n = nn_tensor_elements(&t->m->totals[i]);
        char *place = (char *)t->instance + t->m->totals[i].offset;
        if (back) memcpy(place, t->totals + at, n * sizeof(double));
        else memcpy(t->totals + at, place, n * sizeof(double));
        at += (int)n;
    }
}

static void epoch_label(const Training *t, char *text, size_t size) {
    int64_t epoch = nn_epoch(t->m, t->instance) + 1;
    if (t->epochs == INT64_MAX) snprintf(text, size, "epoch %" PRId64, epoch);
    else snprintf(text, size, "epoch %" PRId64 "/%" PRId64, epoch, t->epochs);
}

/* Of hundreds of epochs not every one is worth a line; the log has them all. */
static bool worth_a_line(const Training *t) {
    int64_t epoch = nn_epoch(t->m, t->instance) + 1, every = 1;
    if (t->epochs != INT64_MAX && t->epochs > 50) every = t->epochs / 20;
    return !t->o->quiet && (epoch % every == 0 || epoch == t->epochs || nn_step(t->m, t->instance) >= t->steps);
}

static void print_line(Training *t, const nn_log_row *row) {
    char label[64];
    epoch_label(t, label, sizeof label);
    printf("%s", label);
    if (!row->epoch_end)
        printf(" (step %" PRId64 ", %" PRId64 " of %" PRId64 " samples)", row->step, t->run.position, t->run.samples);
    printf("  loss %.6g", row->loss);
    for (int i = 0; i < t->m->n_metrics; i++) printf("  %s %.6g", t->m->metrics[i], row->metrics[i]);
    if (row->test_metrics) printf("  test loss %.6g", row->test_loss);
    for (int i = 0; row->test_metrics && i < t->m->n_metrics; i++) printf("  test %s %.6g", t->m->metrics[i], row->test_metrics[i]);
    printf("  %.1f s\n", row->seconds);
    fflush(stdout);
}

/* What a program of --trap has seen in the call that just ended, on samples of b. False: it was stopped, and the failure says
 * why. */
static bool untrapped(Training *t, const nn_batches *b, int64_t step) {
    const nn_trap *trap = nn_trap_of(t->m, t->instance);
    char when[64], kept[600] = "", text[1600];
    snprintf(when, sizeof when, "step %" PRId64 "%s", step, b == &t->train ? "" : ", test data");
    if (trap && trap->small.row && !t->small_told && !t->o->quiet) {
        nn_progress_clear(&t->progress);
        nn_trap_small_text(t->m, t->instance, b, text, sizeof text);
        fprintf(stderr, "note: %s: %s\n    such numbers are slow, not wrong; this note comes once\n", when, text);
        t->small_told = true;
    }
    if (!trap || !trap->found.row) return true;
    nn_progress_clear(&t->progress);
    if (t->save) nn_append(kept, sizeof kept, "\n    the last good checkpoint, if there was one, is kept in '%s'", t->save);
    return nn_trap_failure(t->m, t->instance, b, when, kept, t->f);
}

/* Training and test figures as they stand. False: stopped while measuring. */
static bool report(Training *t, bool epoch_end, nn_log_row *row) {
    *row = (nn_log_row){
        .epoch_end = epoch_end, .epoch = nn_epoch(t->m, t->instance) + 1, .step = nn_step(t->m, t->instance), .test_loss = NAN
    };
    row->loss = t->run.loss_sum / (double)(t->run.position ? t->run.position : 1);
    if (t->m->n_metrics) t->m->metrics_of(t->instance, t->metrics);
    row->metrics = t->metrics;
    copy_totals(t, false);
    if (t->test_data.samples) {
        /* Averages of the epoch are not taken twice: once they are, its end is not put off. */
        bool may_stop = !(epoch_end && t->m->average);
        bool whole = nn_measure(t->m, t->instance, &t->test, may_stop ? &stop_signal : NULL, &row->test_loss, t->test_metrics);
        if (!whole || !epoch_end) copy_totals(t, true);         /* the end of an epoch goes by what was measured last */
        if (!untrapped(t, &t->test, row->step) || !whole) return false;
        row->test_metrics = t->test_metrics;
    }
    row->seconds = nn_seconds() - t->epoch_start;
    nn_progress_clear(&t->progress);
    return true;
}

/* A loss that is not finite ends the run. */
static int lost(Training *t, double loss, int64_t step) {
    nn_progress_clear(&t->progress);
    nn_fail(t->f, "the loss is %s at step %" PRId64 " (epoch %" PRId64 "): try a smaller step size, or look at the data; "
            "`nnc --trap` makes a program that says where it came from%s%s%s",
            isnan(loss) ? "NaN" : loss > 0 ? "infinite" : "-infinite", step, nn_epoch(t->m, t->instance) + 1,
            t->save ? "; the last good checkpoint, if there was one, is kept in '" : "", t->save ? t->save : "",
            t->save ? "'" : "");
    return NN_NOT_FINITE;
}

/* One update, with the batch of n samples that is there and as many more as it accumulates and the epoch has. A batch of
 * several may have nothing that counts (all its samples are ignored): it is 0/0 by itself, and adds nothing to the others. */
static int take_step(Training *t, int n) {
    const void *const *inputs = (const void *const *)t->train.buffers;
    int64_t step = nn_step(t->m, t->instance) + 1, samples = 0;
    double mean = 0;
    for (int64_t batches = 0; n > 0; n = ++batches < t->run.accumulate ? nn_batches_next(&t->train) : 0) {
        double loss = t->search ? nn_search_step(t->search, n, inputs) : t->m->gradients(t->instance, n, inputs);
        if ((!t->search || !isfinite(loss)) && !untrapped(t, &t->train, step)) return NN_NOT_FINITE;
        if (isinf(loss) || (isnan(loss) && t->run.accumulate == 1)) return lost(t, loss, step);
        t->run.position += n;
        if (isnan(loss)) continue;
        samples += n;
        mean += (loss - mean) * ((double)n / (double)samples);
        t->run.loss_sum += n * loss;
        nn_progress_update(&t->progress, t->run.position, t->run.samples, t->run.loss_sum / (double)t->run.position);
    }
    if (!samples) return lost(t, (double)NAN, step);
    if (!t->search) t->m->update(t->instance);
    if (!t->search && !untrapped(t, &t->train, step)) return NN_NOT_FINITE;
    int64_t done = nn_step(t->m, t->instance);
    nn_log_row row = { .epoch = nn_epoch(t->m, t->instance) + 1, .step = done, .loss = mean, .test_loss = NAN };
    if (t->o->log_every && done % t->o->log_every == 0 && !nn_log_write(&t->log, &row, t->f)) return NN_TROUBLE;
    return t->o->save_every && done % t->o->save_every == 0 ? save(t) : NN_DONE;
}

/* What epochs are judged by, smaller is better: the loss, or a metric, of the test data if there are some. */
static double judged_by(const Training *t, const nn_log_row *row) {
    if (t->by < 0) return row->test_metrics ? row->test_loss : row->loss;
    double value = (row->test_metrics ? row->test_metrics : row->metrics)[t->by];
    return t->by_smallest ? value : -value;
}

/* Keeps the best epoch so far. The checkpoint is that of the end of the epoch, as the ordinary one. */
static int judge(Training *t, double value) {
    bool better = !t->run.judged || value < t->run.best[0] || isnan(t->run.best[0]);
    t->run.best[0] = better ? value : t->run.best[0];
    t->run.best[1] = better ? 0 : t->run.best[1] + 1;
    t->run.judged = true;
    if (better && t->o->best) return nn_checkpoint_save(t->o->best, t->m, t->instance, &t->run, t->f) ? NN_DONE : NN_TROUBLE;
    return NN_DONE;
}

static bool out_of_patience(const Training *t) {
    return t->o->patience && t->run.judged && t->run.best[1] >= (double)t->o->patience;
}

static int finish_epoch(Training *t) {
    nn_log_row row;
    if (t->m->average) t->m->average(t->instance);
    if (!report(t, true, &row)) return t->f->text[0] ? NN_NOT_FINITE : NN_DONE;
    if (worth_a_line(t)) print_line(t, &row);
    if (!nn_log_write(&t->log, &row, t->f)) return NN_TROUBLE;
    if (t->m->epoch) t->m->epoch(t->instance);
    else nn_set_epoch(t->m, t->instance, nn_epoch(t->m, t->instance) + 1);
    t->run.position = 0;
    t->run.loss_sum = 0;
    t->m->reset(t->instance);
    int code = t->o->best || t->o->patience ? judge(t, judged_by(t, &row)) : NN_DONE;
    return code == NN_DONE ? save(t) : code;
}

/* More to do: epochs and steps are left, or the last epoch was stopped before its end was reported. */
static bool unfinished(const Training *t) {
    bool within = nn_epoch(t->m, t->instance) < t->epochs && nn_step(t->m, t->instance) < t->steps;
    return !stop_signal && !out_of_patience(t) && (within || t->run.position == t->run.samples);
}

static int epochs(Training *t) {
    while (unfinished(t)) {
        char label[64];
        int n, code;
        epoch_label(t, label, sizeof label);
        t->epoch_start = nn_seconds();
        nn_progress_start(&t->progress, label, t->run.position, t->o->quiet);
        nn_batches_start(&t->train, nn_seed(t->m, t->instance), nn_epoch(t->m, t->instance), t->run.position);
        while (!stop_signal && nn_step(t->m, t->instance) < t->steps && (n = nn_batches_next(&t->train)) > 0)
            if ((code = take_step(t, n)) != NN_DONE) return code;
        if (t->run.position == t->run.samples && (code = finish_epoch(t)) != NN_DONE) return code;
    }
    return NN_DONE;
}

/* The end of a run, by its own limits or by a signal. */
static int finish(Training *t) {
    nn_log_row row;
    nn_progress_clear(&t->progress);
    if (t->run.position && !stop_signal && !t->o->quiet && report(t, false, &row)) print_line(t, &row);
    int code = save(t);
    if (code != NN_DONE) return code;
    if (out_of_patience(t) && !t->o->quiet)
        printf("stopped: no better epoch since epoch %" PRId64 "\n", nn_epoch(t->m, t->instance) - (int64_t)t->run.best[1]);
    if (stop_signal && !t->o->quiet)
        fprintf(stderr, "stopped after step %" PRId64 "%s%s%s\n", nn_step(t->m, t->instance),
                t->save ? "; continue with --resume '" : "", t->save ? t->save : "",
                t->save ? "'" : " (nothing is saved without --save FILE)");
    return stop_signal ? 128 + stop_signal : NN_DONE;
}

/* A directory that cannot be written should stop a run before it starts, not after its first epoch. */
static bool can_save(const char *path, nn_failure *f) {
    nn_replacement r;
    if (!nn_replace_begin(&r, path, f)) return false;
    nn_replace_abort(&r);
    return true;
}

/* A resumed run must see the samples that it would have seen; what would change them is refused. */
static bool resume(Training *t) {
    const nn_options *o = t->o;
    if (!nn_checkpoint_load(o->resume, t->m, t->instance, &t->run, t->f)) return false;
    if (t->run.samples != t->train_data.samples)
        return nn_fail(t->f,
                       "%s: the run was trained on %" PRId64 " samples, and the data now have %" PRId64 "; bind the same files",
                       o->resume, t->run.samples, t->train_data.samples);
    if (o->seed_given && o->seed != nn_seed(t->m, t->instance))
        return nn_fail(t->f, "--seed %" PRIu64 ": the run of %s has seed %" PRIu64 "; leave out --seed", o->seed, o->resume,
                       nn_seed(t->m, t->instance));
    if (o->no_shuffle && t->run.shuffle)
        return nn_fail(t->f, "--no-shuffle: the run of %s shuffles; leave out the option", o->resume);
    if (o->batch) t->run.batch = (int)o->batch;
    if (o->accumulate) t->run.accumulate = o->accumulate;
    nn_instance_set_hypers(o, t->instance);
    return true;
}

/* What states know of the data before the first step. Those that --weights has found are taken from there. */
static bool first_look(Training *t) {
    const nn_options *o = t->o;
    int kept;
    if (!nn_survey(t->m, t->instance, &t->train_data, t->run.batch, t->f)) return false;
    return !t->m->surveys || !o->weights || nn_weights_load(o->weights, t->m, t->instance, o->partial ? &kept : NULL, t->f);
}

static bool prepare_judge(Training *t) {
    const char *name = t->o->by;
    t->by = -1;
    t->by_smallest = name && name[0] == '-';
    for (int i = 0; name && i < t->m->n_metrics; i++)
        if (!strcmp(t->m->metrics[i], name + t->by_smallest)) t->by = i;
    return !t->o->best || can_save(t->o->best, t->f);
}

/* Several updates on a batch, or a search for their length, if the command line or the train line asks for it. */
static bool prepare_search(Training *t) {
    double value;
    int64_t iterations = nn_setting_of(t->m, "iterations", &value) ? (int64_t)value : 1;
    int64_t tries = nn_setting_of(t->m, "line_search", &value) ? (int64_t)value : 0;
    if (t->o->iterations > 0) iterations = t->o->iterations;
    if (t->o->line_search >= 0) tries = t->o->line_search;
    if (iterations == 1 && tries == 0) return true;
    if (t->run.accumulate > 1)
        return nn_fail(t->f, "several evaluations of a batch in a step, and a step of %" PRId64 " batches, exclude each other: "
                       "with --accumulate 1 a step has one batch", t->run.accumulate);
    nn_search_limits limits = { .gradient = 1e-7, .change = 1e-9 };
    limits.iterations = (int)fmin((double)iterations, 1e8);
    limits.tries = (int)fmin((double)tries, 1e8);
    t->search = nn_search_new(t->m, t->instance, limits);
    return t->search || nn_fail_memory(t->f, "the search", t->m->size);
}

static bool prepare(Training *t) {
    const nn_model *m = t->m;
    const nn_options *o = t->o;
    int count = m->n_inputs + m->n_targets;
    size_t totals = 0;
    if (!m->gradients || !m->update) return nn_fail(t->f, "model %s has no loss or no optimizer to train with", m->name);
    for (int i = 0; i < m->n_totals; i++) totals += nn_tensor_elements(&m->totals[i]);
    t->metrics = calloc((size_t)m->n_metrics + 1, sizeof *t->metrics);
    t->test_metrics = calloc((size_t)m->n_metrics + 1, sizeof *t->test_metrics);
    t->totals = calloc(totals + 1, sizeof *t->totals);
    if (!t->metrics || !t->test_metrics || !t->totals) return nn_fail_memory(t->f, "metrics", totals);
    t->save = o->save ? o->save : o->resume;
    if (t->save && !can_save(t->save, t->f)) return false;
    if (!(t->instance = nn_instance_new(m, o, t->f))) return false;
    if (!nn_dataset_open(&t->train_data, m, count, NN_TRAIN, o->train, o->n_train, o->data, t->f)) return false;
    if (!t->train_data.samples) return nn_fail(t->f, "no training data: bind a file with --train %s=FILE", m->inputs[0].name);
    if (!nn_dataset_open(&t->test_data, m, count, NN_TEST, o->test, o->n_test, o->data, t->f)) return false;
    t->run = (nn_run){ .samples = t->train_data.samples, .batch = o->batch ? (int)o->batch : m->batch, .shuffle = !o->no_shuffle };
    t->run.accumulate = o->accumulate ? o->accumulate : m->accumulate > 1 ? m->accumulate : 1;
    m->reset(t->instance);
    if (o->resume ? !resume(t) : !first_look(t)) return false;
    if (t->run.accumulate > 1 && m->accumulate < 2)
        return nn_fail(t->f, "--accumulate %" PRId64 ": this program updates after each batch; compile the model with "
                       "`train ..., accumulate=%" PRId64 "`", t->run.accumulate, t->run.accumulate);
    if (!prepare_search(t)) return false;
    limits(t);
    if (!prepare_judge(t)) return false;
    bool inside = t->run.position > 0;
    if (o->log && !nn_log_open(&t->log, o->log, m, o->resume ? nn_step(m, t->instance) : -1, inside, t->f)) return false;
    if (!nn_batches_open(&t->train, &t->train_data, m->inputs, count, t->run.batch, t->run.shuffle, t->f)) return false;
    return !t->test_data.samples || nn_batches_open(&t->test, &t->test_data, m->inputs, count, t->run.batch, false, t->f);
}

int nn_train(const nn_model *m, const nn_options *o, nn_failure *f) {
    Training t = { .m = m, .o = o, .f = f };
    int code = NN_TROUBLE;
    if (prepare(&t)) {
        catch_signals();
        if (!o->quiet && o->resume && nn_epoch(m, t.instance) >= t.epochs)
            printf("the run of %s has done its %" PRId64 " epochs; --epochs N with a larger N goes on\n", o->resume, t.epochs);
        code = epochs(&t);
        if (code == NN_DONE) code = finish(&t);
    }
    if (!nn_log_close(&t.log, f) && code == NN_DONE) code = NN_TROUBLE;
    nn_search_free(t.search);
    nn_batches_close(&t.train);
    nn_batches_close(&t.test);
    nn_dataset_free(&t.train_data);
    nn_dataset_free(&t.test_data);
    free(t.metrics);
    free(t.test_metrics);
    free(t.totals);
    free(t.instance);
    return code;
}
