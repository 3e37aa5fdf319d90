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
#include "training.h"
#include "replace.h"
#include "trap.h"
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
}

int nn_training_stopped(void) { return stop_signal; }

/* Where to stop: what the command line says, else the model's train line, else one epoch. */
static void limits(nn_training *t) {
    double value;
    bool own = t->o->epochs < 0 && t->o->steps < 0;
    t->epochs = t->o->epochs >= 0 ? t->o->epochs : INT64_MAX;
    t->steps = t->o->steps >= 0 ? t->o->steps : INT64_MAX;
    if (own && nn_setting_of(t->m, "epochs", &value)) t->epochs = (int64_t)value;
    if (own && nn_setting_of(t->m, "steps", &value)) t->steps = (int64_t)value;
    if (t->epochs == INT64_MAX && t->steps == INT64_MAX) t->epochs = 1;
}

const nn_tensor *nn_training_rate(const nn_model *m) {
    for (int i = 0; i < m->n_hypers; i++) {
        const char *dot = strrchr(m->hypers[i].name, '.');
        if (!strcmp(dot ? dot + 1 : m->hypers[i].name, "lr")) return &m->hypers[i];
    }
    return m->n_hypers ? &m->hypers[0] : NULL;
}

/* What a person can do about a run that blew up, and what there is to go on from. */
static void remedies(const nn_training *t, char *text, size_t size) {
    const nn_tensor *rate = nn_training_rate(t->m);
    double value;
    char option[80];
    nn_append(text, size, "try a smaller step size");
    if (rate) memcpy(&value, (const char *)t->instance + rate->offset, sizeof value);
    if (rate) nn_hyper_option(option, sizeof option, rate);
    if (rate) nn_append(text, size, " (%s is %.6g)", option, value);
    nn_append(text, size, ", clip the gradients in the model's update line, or look at the data");
}

static void kept(const nn_training *t, char *text, size_t size) {
    if (t->save && t->saved_step >= 0)
        nn_append(text, size, "; '%s' keeps the state of step %" PRId64 ", and --resume goes on from it", t->save, t->saved_step);
    else if (t->save) nn_append(text, size, "; nothing had been saved yet");
    if (t->o->best && t->run.judged) nn_append(text, size, "; '%s' keeps the best epoch", t->o->best);
}

/* Parameters that are lost do not replace a file that still has good ones. */
static bool worth_keeping(nn_training *t) {
    char text[1000] = "";
    if (nn_weights_finite(t->m, t->instance)) return true;
    remedies(t, text, sizeof text);
    kept(t, text, sizeof text);
    return nn_fail(t->f, "the parameters are no longer finite at step %" PRId64 ": %s", nn_step(t->m, t->instance), text);
}

static int save(nn_training *t) {
    if (!t->save) return NN_DONE;
    if (!worth_keeping(t)) return NN_NOT_FINITE;
    if (!nn_checkpoint_save(t->save, t->m, t->instance, &t->run, t->f)) return NN_TROUBLE;
    t->saved_step = nn_step(t->m, t->instance);
    return NN_DONE;
}

static void copy_totals(nn_training *t, bool back) {
    for (int i = 0, at = 0; i < t->m->n_totals; i++) {
        size_t n = nn_tensor_elements(&t->m->totals[i]);
        char *place = (char *)t->instance + t->m->totals[i].offset;
        if (back) memcpy(place, t->totals + at, n * sizeof(double));
        else memcpy(t->totals + at, place, n * sizeof(double));
        at += (int)n;
    }
}

static void epoch_label(const nn_training *t, char *text, size_t size) {
    int64_t epoch = nn_epoch(t->m, t->instance) + 1;
    snprintf(text, size, "%s%sepoch %" PRId64, t->label ? t->label : "", t->label ? "  " : "", epoch);
    if (t->epochs != INT64_MAX) nn_append(text, size, "/%" PRId64, t->epochs);
}

/* Of hundreds of epochs not every one is worth a line; the log has them all. */
static bool worth_a_line(const nn_training *t) {
    int64_t epoch = nn_epoch(t->m, t->instance) + 1, every = 1;
    if (t->epochs != INT64_MAX && t->epochs > 50) every = t->epochs / 20;
    return !t->o->quiet && !t->label && (epoch % every == 0 || epoch == t->epochs || nn_step(t->m, t->instance) >= t->steps);
}

static void print_line(nn_training *t, const nn_log_row *row) {
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
static bool untrapped(nn_training *t, const nn_batches *b, int64_t step) {
    const nn_trap *trap = nn_trap_of(t->m, t->instance);
    char when[64], after[1000] = "", text[1600];
    snprintf(when, sizeof when, "step %" PRId64 "%s", step, b == &t->train ? "" : ", test data");
    if (trap && trap->small.row && !t->small_told && !t->o->quiet) {
        nn_progress_clear(&t->progress);
        nn_trap_small_text(t->m, t->instance, b, text, sizeof text);
        fprintf(stderr, "note: %s: %s\n    such numbers are slow, not wrong; this note comes once\n", when, text);
        t->small_told = true;
    }
    if (!trap || !trap->found.row) return true;
    nn_progress_clear(&t->progress);
    nn_append(after, sizeof after, "\n    ");
    remedies(t, after, sizeof after);
    kept(t, after, sizeof after);
    return nn_trap_failure(t->m, t->instance, b, when, after, t->f);
}

/* The numbers of the update as they are now, for a line of the log. */
static const double *hypers_now(nn_training *t) {
    for (int i = 0; i < t->m->n_hypers; i++)
        memcpy(&t->hypers[i], (const char *)t->instance + t->m->hypers[i].offset, sizeof t->hypers[i]);
    return t->hypers;
}

/* What the schedules give to the next update. */
static const double *rates_now(nn_training *t) {
    if (t->m->n_rates) t->m->rates_of(t->instance, t->rates);
    return t->rates;
}

bool nn_training_report(nn_training *t, bool epoch_end, nn_log_row *row) {
    *row = (nn_log_row){
        .epoch_end = epoch_end, .epoch = nn_epoch(t->m, t->instance) + 1, .step = nn_step(t->m, t->instance), .test_loss = NAN,
        .hypers = hypers_now(t), .rates = rates_now(t), .gradient = t->run.gradient[0] / t->run.gradient[1]
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
static int lost(nn_training *t, double loss, int64_t step) {
    char text[1000] = "";
    nn_progress_clear(&t->progress);
    remedies(t, text, sizeof text);
    if (!t->m->n_traps) nn_append(text, sizeof text, "; `nnc --trap` makes a program that says where it came from");
    kept(t, text, sizeof text);
    nn_fail(t->f, "the loss is %s at step %" PRId64 " (epoch %" PRId64 "): %s",
            isnan(loss) ? "NaN" : loss > 0 ? "infinite" : "-infinite", step, nn_epoch(t->m, t->instance) + 1, text);
    return NN_NOT_FINITE;
}

/* Data that cannot be read end the run too. Between steps it is saved, to be resumed once they are there again. */
static int unread(nn_training *t, bool between) {
    nn_progress_clear(&t->progress);
    if (between) save(t);
    return NN_TROUBLE;
}

/* The sum of squares, in double, as eight sums, so that no addition waits for the one before. */
#define SUM_OF_SQUARES(name, real)                                                                      \
    static double name(const real *x, size_t n) {                                                       \
        double sum[8] = { 0 };                                                                          \
        size_t k = 0;                                                                                   \
        for (; k + 8 <= n; k += 8)                                                                      \
            for (size_t j = 0; j < 8; j++) sum[j] += (double)x[k + j] * (double)x[k + j];               \
        for (; k < n; k++) sum[0] += (double)x[k] * (double)x[k];                                       \
        return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));       \
    }
SUM_OF_SQUARES(squares_of_float, float)
SUM_OF_SQUARES(squares_of_double, double)

/* The Euclidean length of the gradient over all trained parameters, as the update is about to meet it: of a step of several
 * batches that of all of them together, of one of several evaluations that where it began. Only a log asks for it. */
static double gradient_length(nn_training *t) {
    double sum = 0;
    if (t->search) return nn_search_gradient(t->search);
    for (int i = 0; i < t->m->n_grads; i++) {
        const nn_tensor *g = &t->m->grads[i];
        const void *at = (const char *)t->instance + g->offset;
        sum += g->type == NN_F64 ? squares_of_double(at, nn_tensor_elements(g)) : squares_of_float(at, nn_tensor_elements(g));
    }
    return sqrt(sum);
}

/* One update, with the batch of n samples that is there and as many more as it accumulates and the epoch has. A batch of
 * several may have nothing that counts (all its samples are ignored): it is 0/0 by itself, and adds nothing to the others. */
int nn_training_step(nn_training *t, int n) {
    const void *const *inputs = (const void *const *)t->train.buffers;
    int64_t step = nn_step(t->m, t->instance) + 1, samples = 0;
    double mean = 0;
    for (int64_t batches = 0; n > 0; n = ++batches < t->run.accumulate ? nn_batches_next(&t->train) : 0) {
        double loss = t->search ? nn_search_step(t->search, n, t->train.lengths, inputs) : t->m->gradients(t->instance, n, t->train.lengths, inputs);
        if ((!t->search || !isfinite(loss)) && !untrapped(t, &t->train, step)) return NN_NOT_FINITE;
        if (isinf(loss) || (isnan(loss) && t->run.accumulate == 1)) return lost(t, loss, step);
        t->run.position += n;
        if (isnan(loss)) continue;
        samples += n;
        mean += (loss - mean) * ((double)n / (double)samples);
        t->run.loss_sum += n * loss;
        nn_progress_update(&t->progress, t->run.position, t->run.samples, t->run.loss_sum / (double)t->run.position);
    }
    if (t->train.failed) return unread(t, false);
    if (!samples) return lost(t, (double)NAN, step);
    const double gradient = t->o->log && t->m->n_grads ? gradient_length(t) : (double)NAN;
    if (!isnan(gradient)) t->run.gradient[0] += gradient, t->run.gradient[1]++;
    const double *rates = rates_now(t);
    if (!t->search) t->m->update(t->instance);
    if (!t->search && !untrapped(t, &t->train, step)) return NN_NOT_FINITE;
    int64_t done = nn_step(t->m, t->instance);
    nn_log_row row = { .epoch = nn_epoch(t->m, t->instance) + 1, .step = done, .loss = mean, .test_loss = NAN,
                       .gradient = gradient, .hypers = hypers_now(t), .rates = rates };
    if (t->each_step) t->each_step(t, mean);
    if (t->o->log_every && done % t->o->log_every == 0 && !nn_log_write(&t->log, &row, t->f)) return NN_TROUBLE;
    return t->o->save_every && done % t->o->save_every == 0 ? save(t) : NN_DONE;
}

double nn_training_judged_by(const nn_training *t, const nn_log_row *row) {
    if (t->by < 0) return row->test_metrics ? row->test_loss : row->loss;
    double value = (row->test_metrics ? row->test_metrics : row->metrics)[t->by];
    return t->by_smallest ? value : -value;
}

/* Keeps the best epoch so far. The checkpoint is that of the end of the epoch, as the ordinary one. */
static int judge(nn_training *t, double value) {
    if (t->o->best && !worth_keeping(t)) return NN_NOT_FINITE;
    bool better = !t->run.judged || value < t->run.best[0] || isnan(t->run.best[0]);
    t->run.best[0] = better ? value : t->run.best[0];
    t->run.best[1] = better ? 0 : t->run.best[1] + 1;
    t->run.judged = true;
    if (better && t->o->best) return nn_checkpoint_save(t->o->best, t->m, t->instance, &t->run, t->f) ? NN_DONE : NN_TROUBLE;
    return NN_DONE;
}

static bool out_of_patience(const nn_training *t) {
    return t->o->patience && t->run.judged && t->run.best[1] >= (double)t->o->patience;
}

static int finish_epoch(nn_training *t) {
    nn_log_row row;
    if (t->m->average) t->m->average(t->instance);
    if (!nn_training_report(t, true, &row)) return t->test.failed ? unread(t, !t->m->average) : t->f->text[0] ? NN_NOT_FINITE : NN_DONE;
    if (worth_a_line(t)) print_line(t, &row);
    if (!nn_log_write(&t->log, &row, t->f)) return NN_TROUBLE;
    if (t->m->epoch) t->m->epoch(t->instance);
    else nn_set_epoch(t->m, t->instance, nn_epoch(t->m, t->instance) + 1);
    t->last = row;
    t->run.position = 0;
    t->run.loss_sum = 0;
    t->run.gradient[0] = t->run.gradient[1] = 0;
    t->m->reset(t->instance);
    int code = t->o->best || t->o->patience ? judge(t, nn_training_judged_by(t, &row)) : NN_DONE;
    return code == NN_DONE ? save(t) : code;
}

/* More to do: epochs and steps are left, or the last epoch was stopped before its end was reported. */
static bool unfinished(const nn_training *t) {
    bool within = nn_epoch(t->m, t->instance) < t->epochs && nn_step(t->m, t->instance) < t->steps;
    return !stop_signal && !out_of_patience(t) && (within || t->run.position == t->run.samples);
}

int nn_training_epochs(nn_training *t) {
    while (unfinished(t)) {
        char label[64];
        int n, code;
        epoch_label(t, label, sizeof label);
        t->epoch_start = nn_seconds();
        nn_progress_start(&t->progress, label, t->run.position, t->o->quiet);
        nn_batches_start(&t->train, nn_seed(t->m, t->instance), nn_epoch(t->m, t->instance), t->run.position);
        while (!stop_signal && nn_step(t->m, t->instance) < t->steps && (n = nn_batches_next(&t->train)) > 0)
            if ((code = nn_training_step(t, n)) != NN_DONE) return code;
        if (t->train.failed) return unread(t, true);
        if (t->run.position == t->run.samples && (code = finish_epoch(t)) != NN_DONE) return code;
    }
    return NN_DONE;
}

/* The end of a run, by its own limits or by a signal. */
static int finish(nn_training *t) {
    nn_log_row row;
    nn_progress_clear(&t->progress);
    if (t->run.position && !stop_signal && !t->o->quiet && nn_training_report(t, false, &row)) print_line(t, &row);
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
static bool resume(nn_training *t) {
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
    if (t->save && !strcmp(t->save, o->resume)) t->saved_step = nn_step(t->m, t->instance);
    if (o->batch) t->run.batch = (int)o->batch;
    if (o->accumulate) t->run.accumulate = o->accumulate;
    nn_instance_set_hypers(o, t->instance);
    return true;
}

/* What states know of the data before the first step. Those that --weights has found are taken from there. */
static bool first_look(nn_training *t) {
    const nn_options *o = t->o;
    int kept;
    if (!nn_survey(t->m, t->instance, &t->train_data, t->run.batch, t->f)) return false;
    return !t->m->surveys || !o->weights || nn_weights_load(o->weights, t->m, t->instance, o->partial ? &kept : NULL, t->f);
}

static bool prepare_judge(nn_training *t) {
    const char *name = t->o->by;
    t->by = -1;
    t->by_smallest = name && name[0] == '-';
    for (int i = 0; name && i < t->m->n_metrics; i++)
        if (!strcmp(t->m->metrics[i], name + t->by_smallest)) t->by = i;
    return !t->o->best || can_save(t->o->best, t->f);
}

/* Several updates on a batch, or a search for their length, if the command line or the train line asks for it. */
static bool prepare_search(nn_training *t) {
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

bool nn_training_open(nn_training *t) {
    const nn_model *m = t->m;
    const nn_options *o = t->o;
    int count = m->n_inputs + m->n_targets;
    size_t totals = 0;
    if (!m->gradients || !m->update) return nn_fail(t->f, "model %s has no loss or no optimizer to train with", m->name);
    for (int i = 0; i < m->n_totals; i++) totals += nn_tensor_elements(&m->totals[i]);
    t->metrics = calloc((size_t)m->n_metrics + 1, sizeof *t->metrics);
    t->test_metrics = calloc((size_t)m->n_metrics + 1, sizeof *t->test_metrics);
    t->totals = calloc(totals + 1, sizeof *t->totals);
    t->hypers = calloc((size_t)m->n_hypers + 1, sizeof *t->hypers);
    t->rates = calloc((size_t)m->n_rates + 1, sizeof *t->rates);
    if (!t->metrics || !t->test_metrics || !t->totals || !t->hypers || !t->rates) return nn_fail_memory(t->f, "metrics", totals);
    t->save = o->save ? o->save : t->label ? NULL : o->resume;
    t->saved_step = -1;
    if (t->save && !can_save(t->save, t->f)) return false;
    if (!(t->instance = nn_instance_new(m, o, t->f))) return false;
    if (!nn_texts_open(&t->texts, m, o, t->f) || !nn_data_open(&t->train_data, m, count, NN_TRAIN, o, &t->texts, t->f)) return false;
    if (!t->train_data.samples) return nn_fail(t->f, "no training data: bind a file with --train %s=FILE", m->inputs[0].name);
    if (!nn_data_open(&t->test_data, m, count, NN_TEST, o, &t->texts, t->f)) return false;
    t->run = (nn_run){ .texts = &t->texts, .samples = t->train_data.samples, .batch = o->batch ? (int)o->batch : m->batch, .shuffle = !o->no_shuffle };
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
    if (t->test_data.samples && !nn_batches_open(&t->test, &t->test_data, m->inputs, count, t->run.batch, false, t->f)) return false;
    catch_signals();
    return true;
}

void nn_training_close(nn_training *t) {
    nn_search_free(t->search);
    nn_batches_close(&t->train);
    nn_batches_close(&t->test);
    nn_dataset_free(&t->train_data);
    nn_dataset_free(&t->test_data);
    nn_texts_free(&t->texts);
    free(t->metrics);
    free(t->test_metrics);
    free(t->totals);
    free(t->hypers);
    free(t->rates);
    free(t->instance);
}

int nn_train(const nn_model *m, const nn_options *o, nn_failure *f) {
    nn_training t = { .m = m, .o = o, .f = f };
    int code = NN_TROUBLE;
    if (nn_training_open(&t)) {
        if (!o->quiet && o->resume && nn_epoch(m, t.instance) >= t.epochs)
            printf("the run of %s has done its %" PRId64 " epochs; --epochs N with a larger N goes on\n", o->resume, t.epochs);
        code = nn_training_epochs(&t);
        if (code == NN_DONE) code = finish(&t);
    }
    if (!nn_log_close(&t.log, f) && code == NN_DONE) code = NN_TROUBLE;
    nn_training_close(&t);
    return code;
}
