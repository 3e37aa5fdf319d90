/* checkpoint.c: everything that decides how training goes on, in one safetensors file.
 *
 *     arrays        parameters, averages and states under their names; "total:NAME" what metrics have gathered so far in the epoch,
 *                   "hyper:NAME" the optimizer's numbers, "run:loss" the sum of losses, "run:gradient" that of the gradients'
 *                   lengths, inside an epoch that is logged, "run:best" with --best, "text:NAME" vocabularies as their files are
 *     __metadata__  model and its hash, real, step, epoch, seed (random numbers are a function of seed and step), position
 *                   in the epoch, samples, batch, shuffle, and accumulate where it is not 1
 *
 * The colon keeps our names apart from those of a model. Gradients and workspace are absent: each step makes them anew. A
 * checkpoint is loaded whole or refused, and one of another model is refused by its hash, before its names could happen to fit.
 *
 * SPDX-License-Identifier: 0BSD */
#include "checkpoint.h"
#include "data.h"
#include "safetensors.h"
#include "texts.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT "nn checkpoint 1"

int64_t nn_step(const nn_model *m, const void *instance) {
    int64_t step;
    memcpy(&step, (const char *)instance + m->step_offset, sizeof step);
    return step;
}

int64_t nn_epoch(const nn_model *m, const void *instance) {
    int64_t epoch;
    memcpy(&epoch, (const char *)instance + m->epoch_offset, sizeof epoch);
    return epoch;
}

void nn_set_epoch(const nn_model *m, void *instance, int64_t epoch) {
    memcpy((char *)instance + m->epoch_offset, &epoch, sizeof epoch);
}

uint64_t nn_seed(const nn_model *m, const void *instance) {
    uint64_t seed;
    memcpy(&seed, (const char *)instance + m->seed_offset, sizeof seed);
    return seed;
}

bool nn_is_moment(const nn_tensor *state) { return !strncmp(state->name, "optimizer.", 10); }

bool nn_weights_finite(const nn_model *m, const void *instance) {
    for (int i = 0; i < m->n_params; i++) {
        const nn_tensor *t = &m->params[i];
        const char *data = (const char *)instance + t->offset;
        size_t n = nn_tensor_elements(t);
        /* A sum of products with 0 is NaN exactly if one factor is not finite, and it vectorises. */
        double sum = 0;
        for (size_t k = 0; k < n; k++) {
            float x;
            double y;
            if (t->type == NN_F32) memcpy(&x, data + k * sizeof x, sizeof x), sum += (double)(x * 0.0f);
            else if (t->type == NN_F64) memcpy(&y, data + k * sizeof y, sizeof y), sum += y * 0;
        }
        if (isnan(sum)) return false;
    }
    return true;
}

/* The groups of arrays of an instance and the prefixes of their names in the file. */
enum { N_GROUPS = 5 };
typedef struct Group { const char *prefix; int count; const nn_tensor *tensors; } Group;

static void groups_of(const nn_model *m, Group *g) {
    g[0] = (Group){ "", m->n_params, m->params };
    g[1] = (Group){ "", m->n_states, m->states };
    g[2] = (Group){ "total:", m->n_totals, m->totals };
    g[3] = (Group){ "hyper:", m->n_hypers, m->hypers };
    g[4] = (Group){ "", m->n_averages, m->averages };
}

static char *joined(const char *prefix, const char *name) {
    size_t size = strlen(prefix) + strlen(name) + 1;
    char *text = malloc(size);
    if (text) snprintf(text, size, "%s%s", prefix, name);
    return text;
}

/* Adds a view of each vocabulary; their names and data are the caller's to free. */
static bool add_texts(const nn_texts *x, const nn_model *m, nn_view *views, int64_t *sizes, size_t *count, nn_failure *f) {
    for (int i = 0; x && i < x->count; i++) {
        size_t size = 0;
        if (!x->of[i]) continue;
        char *name = joined(NN_TEXT_PREFIX, m->inputs[i].name), *text = nn_vocabulary_write(x->of[i], &size, f);
        sizes[i] = (int64_t)size;
        views[(*count)++] = (nn_view){ name, NN_U8, 1, &sizes[i], text };
        if (!name || !text) return nn_fail_memory(f, "vocabulary", size);
    }
    return true;
}

bool nn_checkpoint_save(const char *path, const nn_model *m, const void *instance, const nn_run *run, nn_failure *f) {
    Group groups[N_GROUPS];
    size_t count = 0, room = 3;
    groups_of(m, groups);
    for (int g = 0; g < N_GROUPS; g++) room += (size_t)groups[g].count;
    const size_t inputs = (size_t)(m->n_inputs + m->n_targets);
    nn_view *views = calloc(room + inputs, sizeof *views);
    int64_t *sizes = calloc(inputs + 1, sizeof *sizes);
    bool good = views && sizes;
    for (int g = 0; good && g < N_GROUPS; g++) {
        for (int i = 0; good && i < groups[g].count; i++) {
            const nn_tensor *t = &groups[g].tensors[i];
            char *name = joined(groups[g].prefix, t->name);
            views[count++] = (nn_view){ name, t->type, t->rank, t->dim, (const char *)instance + t->offset };
            good = name != NULL;
        }
    }
    if (!good) nn_fail_memory(f, path, room * sizeof *views);
    size_t texts = count;
    good = good && add_texts(run->texts, m, views, sizes, &count, f);
    char step[24], epoch[24], seed[24], position[24], samples[24], batch[24], accumulate[24];
    snprintf(step, sizeof step, "%" PRId64, nn_step(m, instance));
    snprintf(epoch, sizeof epoch, "%" PRId64, nn_epoch(m, instance));
    snprintf(seed, sizeof seed, "%" PRIu64, nn_seed(m, instance));
    snprintf(position, sizeof position, "%" PRId64, run->position);
    snprintf(samples, sizeof samples, "%" PRId64, run->samples);
    snprintf(batch, sizeof batch, "%d", run->batch);
    snprintf(accumulate, sizeof accumulate, "%" PRId64, run->accumulate);
    const nn_note notes[] = {
        { "format", FORMAT }, { "model", m->name }, { "hash", m->hash }, { "real", m->real == NN_F64 ? "F64" : "F32" },
        { "step", step }, { "epoch", epoch }, { "seed", seed }, { "position", position }, { "samples", samples },
        { "batch", batch }, { "shuffle", run->shuffle ? "1" : "0" },
        { "accumulate", accumulate } };
    size_t n_notes = sizeof notes / sizeof *notes - (run->accumulate > 1 ? 0 : 1);
    if (good) {
        views[count] = (nn_view){ "run:loss", NN_F64, 0, NULL, &run->loss_sum };
        const int64_t two[] = { 2 };
        size_t all = count + 1;
        if (run->gradient[1] > 0) views[all++] = (nn_view){ "run:gradient", NN_F64, 1, two, run->gradient };
        if (run->judged) views[all++] = (nn_view){ "run:best", NN_F64, 1, two, run->best };
        good = nn_archive_write(path, views, all, notes, n_notes, f);
    }
    for (size_t i = 0; i < count; i++) free((char *)(uintptr_t)views[i].name);
    for (size_t i = texts; i < count; i++) free((void *)(uintptr_t)views[i].data);
    free(views);
    free(sizes);
    return good;
}

static bool count_note(const nn_archive *a, const char *key, uint64_t high, uint64_t *value, nn_failure *f) {
    const char *text = nn_archive_note(a, key);
    if (!text)
        return nn_fail(f, "%s: no checkpoint of a training run: '%s' is missing; parameters alone are loaded with --weights",
                       a->path, key);
    *value = 0;
    const char *p = text;
    for (; *p >= '0' && *p <= '9'; p++) {
        unsigned digit = (unsigned)(*p - '0');
        if (*value > high / 10 || digit > high - *value * 10) break;
        *value = *value * 10 + digit;
    }
    if (*p || p == text)
        return nn_fail(f, "%s: '%s' is '%.30s', which is not a number from 0 to %" PRIu64, a->path, key, text, high);
    return true;
}

static bool same_shape(const nn_archive *a, const nn_stored *s, const nn_tensor *t, nn_failure *f) {
    if (s->rank == t->rank && memcmp(s->dim, t->dim, (size_t)t->rank * sizeof *t->dim) == 0) return true;
    char have[160], want[160];
    nn_shape_text(have, sizeof have, s->dim, s->rank);
    nn_shape_text(want, sizeof want, t->dim, t->rank);
    return nn_fail(f, "%s: '%s' is %s, but in the model it is %s", a->path, s->name, have, want);
}

/* Loads one array; `wanted` says whether it may be absent. */
static bool load(nn_archive *a, const char *prefix, const nn_tensor *t, bool wanted, bool exact, void *instance, nn_failure *f) {
    char *name = joined(prefix, t->name);
    if (!name) return nn_fail_memory(f, a->path, strlen(t->name));
    const nn_stored *s = nn_archive_find(a, name);
    bool good = s || !wanted || nn_fail(f, "%s: '%s' is missing", a->path, name);
    if (good && s) {
        if (exact && (!s->known || s->type != t->type))
            good = nn_fail(f, "%s: '%s' has elements of type %s, but the program's are of type %s", a->path, name, s->type_name,
                           nn_type_name(t->type));
        good = good && same_shape(a, s, t, f) && nn_archive_load(a, s, (char *)instance + t->offset, t->type, f);
    }
    free(name);
    return good;
}

static bool same_model(const nn_archive *a, const nn_model *m, nn_failure *f) {
    const char *format = nn_archive_note(a, "format"), *name = nn_archive_note(a, "model"), *hash = nn_archive_note(a, "hash"),
               *real = nn_archive_note(a, "real");
    if (!format || !name || !hash || !real)
        return nn_fail(f, "%s: no checkpoint of a training run; parameters alone are loaded with --weights", a->path);
    if (strcmp(format, FORMAT)) return nn_fail(f, "%s: is a '%.40s', and this program reads '%s'", a->path, format, FORMAT);
    if (strcmp(name, m->name))
        return nn_fail(f, "%s: is a checkpoint of model '%.60s', and this program is model '%s'", a->path, name, m->name);
    if (strcmp(hash, m->hash))
        return nn_fail(f,
                       "%s: was saved by another version of model '%s' (hash %.16s, here %s); continue with the program that saved "
                       "it, or take only its parameters with --weights",
                       a->path, m->name, hash, m->hash);
    if (strcmp(real, m->real == NN_F64 ? "F64" : "F32"))
        return nn_fail(f, "%s: was saved by a %s build, and this is a %s build; take only its parameters with --weights", a->path,
                       m->real == NN_F64 ? "float" : "double", m->real == NN_F64 ? "double" : "float");
    return true;
}

static bool load_run(nn_archive *a, const nn_model *m, void *instance, nn_run *run, nn_failure *f) {
    uint64_t step, epoch, seed, position, samples, batch, shuffle, accumulate = 1;
    Group groups[N_GROUPS];
    size_t count = 1;
    if (!same_model(a, m, f)) return false;
    if (!count_note(a, "step", INT64_MAX, &step, f) || !count_note(a, "epoch", INT64_MAX, &epoch, f)
        || !count_note(a, "seed", UINT64_MAX, &seed, f) || !count_note(a, "samples", INT64_MAX, &samples, f)
        || !count_note(a, "position", samples, &position, f) || !count_note(a, "batch", (uint64_t)m->batch, &batch, f)
        || !count_note(a, "shuffle", 1, &shuffle, f))
        return false;
    if (batch < 1) return nn_fail(f, "%s: 'batch' is 0", a->path);
    if (nn_archive_note(a, "accumulate") && !count_note(a, "accumulate", INT64_MAX, &accumulate, f)) return false;
    if (accumulate < 1) return nn_fail(f, "%s: 'accumulate' is 0", a->path);
    groups_of(m, groups);
    for (int g = 0; g < N_GROUPS; g++) {
        count += (size_t)groups[g].count;
        for (int i = 0; i < groups[g].count; i++)
            if (!load(a, groups[g].prefix, &groups[g].tensors[i], true, true, instance, f)) return false;
    }
    const nn_tensor loss = { .name = "run:loss", .type = NN_F64 };
    if (!load(a, "", &loss, true, true, &run->loss_sum, f)) return false;
    const nn_tensor best = { .name = "run:best", .type = NN_F64, .rank = 1, .dim = { 2 } };
    run->judged = nn_archive_find(a, best.name) != NULL;
    if (!load(a, "", &best, false, true, run->best, f)) return false;
    run->gradient[0] = run->gradient[1] = 0;
    const nn_tensor gradient = { .name = "run:gradient", .type = NN_F64, .rank = 1, .dim = { 2 } };
    if (!load(a, "", &gradient, false, true, run->gradient, f)) return false;
    count += (size_t)run->judged + (nn_archive_find(a, gradient.name) != NULL) + nn_texts_stored(m, a);
    if (a->count != count)
        return nn_fail(f, "%s: has %zu arrays, and a checkpoint of model '%s' has %zu", a->path, a->count, m->name, count);
    int64_t numbers[2] = { (int64_t)step, (int64_t)epoch };
    memcpy((char *)instance + m->step_offset, &numbers[0], sizeof numbers[0]);
    memcpy((char *)instance + m->epoch_offset, &numbers[1], sizeof numbers[1]);
    memcpy((char *)instance + m->seed_offset, &seed, sizeof seed);
    run->samples = (int64_t)samples;
    run->position = (int64_t)position;
    run->batch = (int)batch;
    run->accumulate = (int64_t)accumulate;
    run->shuffle = shuffle != 0;
    return true;
}

bool nn_checkpoint_load(const char *path, const nn_model *m, void *instance, nn_run *run, nn_failure *f) {
    nn_archive a;
    if (!nn_archive_open(&a, path, f)) return false;
    bool good = load_run(&a, m, instance, run, f);
    nn_archive_close(&a);
    return good;
}

bool nn_weights_load(const char *path, const nn_model *m, void *instance, int *kept, nn_failure *f) {
    nn_archive a;
    if (!nn_archive_open(&a, path, f)) return false;
    bool good = true;
    int found = 0;
    for (int i = 0; good && i < m->n_params; i++) {
        found += nn_archive_find(&a, m->params[i].name) != NULL;
        good = load(&a, "", &m->params[i], !kept, false, instance, f);
    }
    for (int i = 0; good && i < m->n_averages; i++) {           /* the weights, where the file has no average of them */
        nn_tensor weights = m->averages[i];
        weights.name = m->params[i].name;
        good = load(&a, "", nn_archive_find(&a, m->averages[i].name) ? &m->averages[i] : &weights, !kept, false, instance, f);
    }
    for (int i = 0; good && i < m->n_states; i++)
        if (!nn_is_moment(&m->states[i])) good = load(&a, "", &m->states[i], false, false, instance, f);
    if (good && kept && found == 0 && m->n_params) good = nn_fail(f, "%s: has no parameter of model '%s'", path, m->name);
    if (kept) *kept = m->n_params - found;
    nn_archive_close(&a);
    return good;
}

bool nn_weights_surveyed(const char *path, const nn_model *m, nn_failure *f) {
    nn_archive a;
    bool good = true;
    if (!m->n_statistics) return true;
    if (!nn_archive_open(&a, path, f)) return false;
    for (int i = 0; good && i < m->n_statistics; i++)
        good = nn_archive_find(&a, m->statistics[i].name)
               || nn_fail(f, "%s: '%s' is missing: it comes from the training data; 'train --weights %s' looks at them", path,
                          m->statistics[i].name, path);
    nn_archive_close(&a);
    return good;
}
