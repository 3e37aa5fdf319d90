/* texts.c: which input has which vocabulary, and where it comes from.
 *
 *     --train german=train.de.gz:lines --train english=train.en.gz:lines:as=german
 *
 * In this order: the checkpoint of --resume or --weights, the file of --vocabulary, the training text itself. Inputs that share one
 * learn it from all of their texts together, for the smallest number of classes among them. What was learned is kept in the
 * checkpoint, so that later runs take the same text as the same numbers.
 *
 * SPDX-License-Identifier: 0BSD */
#include "texts.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const words[] = { [NN_CHARACTERS] = "chars", [NN_SUBWORDS] = "lines" };

nn_vocabulary *nn_texts_find(const nn_texts *x, int input) { return input < x->count ? x->of[input] : NULL; }

void nn_texts_free(nn_texts *x) {
    for (int i = 0; i < x->count; i++) {
        bool again = false;
        for (int k = i + 1; k < x->count; k++) again |= x->of[k] == x->of[i];
        if (!again) nn_vocabulary_free(x->of[i]);
    }
    free(x->of);
    *x = (nn_texts){ 0 };
}

static int input_named(const nn_model *m, const char *name) {
    for (int i = 0; i < m->n_inputs + m->n_targets; i++)
        if (!strcmp(m->inputs[i].name, name)) return i;
    return -1;
}

/* How many tokens there may be; 0: the input takes none, which is said. */
static size_t classes_of(const nn_tensor *t, const char *place, nn_failure *f) {
    if ((t->type == NN_I32 || t->type == NN_I64) && t->low == 0 && t->high > 0) return (size_t)t->high + 1;
    nn_fail(f, "%s: is a text, and '%s' takes no tokens; write %s[LENGTH] : class[TOKENS] in the model", place, t->name, t->name);
    return 0;
}

static bool room(nn_texts *x, const nn_model *m, nn_failure *f) {
    if (x->of) return true;
    x->count = m->n_inputs + m->n_targets;
    if ((x->of = calloc((size_t)x->count + 1, sizeof *x->of))) return true;
    x->count = 0;
    return nn_fail_memory(f, "vocabularies", sizeof *x->of);
}

static bool suits(const nn_vocabulary *v, const nn_tensor *t, const char *place, nn_failure *f) {
    size_t classes = classes_of(t, place, f), size = nn_vocabulary_size(v);
    return classes && (size <= classes || nn_fail(f, "%s: the vocabulary has %zu tokens, and '%s' has %zu classes; write class[%zu] in the "
                                                  "model, or take another vocabulary", place, size, t->name, classes, size));
}

/* Takes the vocabulary over, also if it fails. */
static bool set(nn_texts *x, const nn_model *m, int input, nn_vocabulary *v, const char *place, nn_failure *f) {
    if (v && room(x, m, f) && suits(v, &m->inputs[input], place, f)) {
        x->of[input] = v;
        return true;
    }
    nn_vocabulary_free(v);
    return false;
}

/* ---- learning ---- */

bool nn_texts_unit(const nn_choice *c, nn_unit *unit) {
    for (nn_unit u = NN_CHARACTERS; c->part && u <= NN_SUBWORDS; u++)
        if (!strcmp(c->part, words[u])) return *unit = u, true;
    return false;
}

typedef struct Request { const nn_model *m; int count; const nn_paths *paths; } Request;

/* The input whose vocabulary this one takes: itself, or that of `as`; -1: there is none, which is said. */
static int leader_of(const Request *r, int input, nn_failure *f) {
    const nn_choice *c = &r->paths[input].choice;
    if (!c->as) return input;
    int leader = input_named(r->m, c->as);
    if (leader >= 0 && leader < r->count && leader != input && !r->paths[leader].choice.as) return leader;
    nn_fail(f, "%s:as=%s: names %s; write the name of the input or target whose vocabulary '%s' shares", c->file, c->as,
            leader < 0 || leader >= r->count ? "no input that is bound" : leader == input ? "the input itself" : "one that shares another's",
            r->m->inputs[input].name);
    return -1;
}

static bool count_files(const nn_paths *p, nn_unit unit, nn_table *counts, nn_failure *f) {
    bool good = true;
    for (size_t i = 0; good && i < p->count; i++) {
        nn_source *s = nn_source_open(p->path[i], f);
        good = s && nn_text_count(s, unit, counts, f);
        nn_source_close(s);
    }
    return good;
}

static bool learn_for(nn_texts *x, const Request *r, int leader, nn_failure *f) {
    nn_table counts = { 0 };
    nn_unit unit, own = NN_CHARACTERS;
    size_t most = SIZE_MAX, classes;
    const char *name = r->m->inputs[leader].name;
    bool good = (r->paths[leader].count && nn_texts_unit(&r->paths[leader].choice, &own))
                || nn_fail(f, "'%s' is to share its vocabulary, but is bound to no text with :lines or :chars", name);
    for (int i = 0; good && i < r->count; i++) {
        if (!r->paths[i].count || !nn_texts_unit(&r->paths[i].choice, &unit) || leader_of(r, i, f) != leader) continue;
        classes = classes_of(&r->m->inputs[i], r->paths[i].path[0], f);
        if (classes < most) most = classes;
        good = classes && (unit == own || nn_fail(f, "%s: ':%s' cannot share the vocabulary of '%s', which is one of :%s", r->paths[i].path[0],
                                                  words[unit], name, words[own]))
            && count_files(&r->paths[i], unit, &counts, f);
    }
    good = good && set(x, r->m, leader, nn_vocabulary_learn(&counts, own, most, name, f), r->paths[leader].path[0], f);
    nn_table_free(&counts);
    return good;
}

bool nn_texts_prepare(nn_texts *x, const nn_model *m, int count, const nn_paths *paths, bool learn, nn_failure *f) {
    const Request r = { m, count, paths };
    for (int i = 0; i < count; i++) {
        nn_unit unit;
        const char *name = m->inputs[i].name;
        if (!paths[i].count || !nn_texts_unit(&paths[i].choice, &unit)) continue;
        if (!nn_texts_find(x, i)) {
            int leader = leader_of(&r, i, f);
            if (leader < 0) return false;
            if (!nn_texts_find(x, leader) && !learn)
                return nn_fail(f, "%s: there is no vocabulary for '%s': the checkpoint holds none; give one with --vocabulary %s=FILE",
                               paths[i].path[0], name, name);
            if (!nn_texts_find(x, leader) && !learn_for(x, &r, leader, f)) return false;
            if (!suits(x->of[leader], &m->inputs[i], paths[i].path[0], f)) return false;
            x->of[i] = x->of[leader];
        }
        if (x->of[i]->unit != unit)
            return nn_fail(f, "%s: ':%s' is asked for, but the vocabulary of '%s' is one of :%s", paths[i].path[0], words[unit], name,
                           words[x->of[i]->unit]);
    }
    return true;
}

static bool same_shape(const nn_tensor *a, const nn_tensor *b) {
    return a->rank == b->rank && !memcmp(a->dim, b->dim, (size_t)a->rank * sizeof *a->dim);
}

int nn_texts_of_output(const nn_texts *x, const nn_model *m, const nn_tensor *output) {
    int n = m->n_inputs + m->n_targets;
    for (int k = 0; k < n; k++) {
        int i = (k + m->n_inputs) % n;                          /* targets first */
        const nn_tensor *t = &m->inputs[i];
        const nn_vocabulary *v = nn_texts_find(x, i);
        if (v && v->unit == NN_SUBWORDS && same_shape(t, output) && output->low == t->low && output->high == t->high) return i;
    }
    return -1;
}

/* ---- files ---- */

static const nn_stored *stored(const nn_archive *a, const nn_tensor *t, char *name, size_t size) {
    snprintf(name, size, NN_TEXT_PREFIX "%s", t->name);
    return nn_archive_find(a, name);
}

size_t nn_texts_stored(const nn_model *m, const nn_archive *a) {
    size_t n = 0;
    char name[200];
    for (int i = 0; i < m->n_inputs + m->n_targets; i++) n += stored(a, &m->inputs[i], name, sizeof name) != NULL;
    return n;
}

static bool load(nn_texts *x, const nn_model *m, int input, nn_archive *a, nn_failure *f) {
    char name[200], place[400] = "";
    const nn_stored *s = stored(a, &m->inputs[input], name, sizeof name);
    if (!s) return true;
    nn_append(place, sizeof place, "%s: '%s'", a->path, name);
    if (!s->known || s->type != NN_U8 || s->rank != 1) return nn_fail(f, "%s: is no row of bytes", place);
    size_t size = (size_t)s->dim[0];
    char *text = malloc(size + 1);
    bool good = text ? nn_archive_load(a, s, text, NN_U8, f) : nn_fail_memory(f, a->path, size);
    good = good && set(x, m, input, nn_vocabulary_read(place, text, size, f), place, f);
    free(text);
    return good;
}

bool nn_texts_load(nn_texts *x, const nn_model *m, const char *path, nn_failure *f) {
    nn_archive a;
    if (!nn_archive_open(&a, path, f)) return false;
    bool good = true;
    for (int i = 0; good && i < m->n_inputs + m->n_targets; i++) good = load(x, m, i, &a, f);
    nn_archive_close(&a);
    return good;
}

bool nn_texts_read(nn_texts *x, const nn_model *m, const char *name, const char *path, bool other, nn_failure *f) {
    int input = input_named(m, name);
    size_t size = 0;
    if (input < 0) return nn_fail(f, "--vocabulary %s=%s: model %s has no input or target '%s'", name, path, m->name, name);
    nn_source *s = nn_source_open(path, f);
    char *text = s ? nn_source_take(s, SIZE_MAX, &size, f) : NULL;
    nn_vocabulary *v = text ? nn_vocabulary_read(path, text, size, f) : NULL, *had = nn_texts_find(x, input);
    free(text);
    nn_source_close(s);
    if (v && had && !other && !nn_vocabulary_same(v, had)) {
        nn_vocabulary_free(v);
        return nn_fail(f, "--vocabulary %s=%s: the checkpoint has another vocabulary for '%s', and its parameters mean that one; leave out "
                       "the option", name, path, name);
    }
    if (v && had) {
        bool shared = false;
        for (int i = 0; i < x->count; i++) shared |= i != input && x->of[i] == had;
        if (!shared) nn_vocabulary_free(had);
        x->of[input] = NULL;
    }
    return set(x, m, input, v, path, f);
}
