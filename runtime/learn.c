/* learn.c: the command `vocabulary`: what `train` would learn from its texts, as files.
 *
 *     vocabulary --train german=train.de.gz:lines --output german.txt
 *
 * Only the texts are looked at that --train binds, or those that the model names if it binds none.
 *
 * SPDX-License-Identifier: 0BSD */
#include "replace.h"
#include "trainer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool locate(const nn_model *m, const nn_options *o, nn_paths *paths, nn_failure *f) {
    bool good = nn_names_known(m, o->train, o->n_train, "--train", f), some = false;
    for (int i = 0; good && i < m->n_inputs + m->n_targets; i++) {
        const char *file = nn_bound_file(o->train, o->n_train, m->inputs[i].name), *own = m->inputs[i].train;
        nn_unit unit;
        if (!file && (o->n_train || !own)) continue;
        good = nn_locate(&paths[i], file ? file : own, !file, o->data, own, f);
        bool text = good && nn_texts_unit(&paths[i].choice, &unit);
        if (good && !text && file) good = nn_fail(f, "%s: is bound without :lines or :chars, so there is no vocabulary to learn", file);
        if (good && !text) nn_paths_free(&paths[i]);
        some |= text;
    }
    return good && (some || nn_fail(f, "no text to learn from: bind one with --train %s=FILE:lines or :chars", m->inputs[0].name));
}

static bool write_one(const nn_vocabulary *v, const char *path, nn_failure *f) {
    nn_replacement r = { 0 };
    size_t size;
    char *text = nn_vocabulary_write(v, &size, f);
    bool good = text && (path || fwrite(text, 1, size, stdout) == size);
    if (good && path) {
        good = nn_replace_begin(&r, path, f) && nn_replace_write(&r, text, size, f) && nn_replace_commit(&r, f);
        if (!good) nn_replace_abort(&r);
    }
    free(text);
    return good;
}

/* Who shares a vocabulary needs no file of its own. */
static bool write_all(const nn_texts *x, const nn_model *m, const nn_options *o, nn_failure *f) {
    int first = -1, different = 0;
    for (int i = 0; i < x->count; i++) {
        bool again = false;
        for (int k = 0; k < i; k++) again |= x->of[k] == x->of[i];
        if (!x->of[i] || again) continue;
        if (first < 0) first = i;
        different++;
    }
    if (!o->n_output && different == 1) return write_one(x->of[first], NULL, f);
    if (!o->n_output)
        return nn_fail(f, "there are %d vocabularies: say where each goes with --output %s=FILE", different, m->inputs[first].name);
    for (int i = 0; i < o->n_output; i++) {
        const char *name = o->output[i].name, *file = o->output[i].file;
        int k = name ? 0 : first;
        if (!name && different > 1) return nn_fail(f, "--output %s: there are %d vocabularies; write --output %s=%s", file, different,
                                                   m->inputs[first].name, file);
        while (name && k < x->count && strcmp(name, m->inputs[k].name)) k++;
        if (!nn_texts_find(x, k)) return nn_fail(f, "--output %s=%s: no text is bound to '%s'", name, file, name);
        if (!write_one(x->of[k], file, f)) return false;
    }
    return true;
}

int nn_learn_vocabulary(const nn_model *m, const nn_options *o, nn_failure *f) {
    int count = m->n_inputs + m->n_targets;
    nn_texts texts = { 0 };
    nn_paths *paths = calloc((size_t)count + 1, sizeof *paths);
    bool good = (paths || nn_fail_memory(f, "paths", (size_t)count * sizeof *paths)) && locate(m, o, paths, f)
             && nn_texts_prepare(&texts, m, count, paths, true, f) && write_all(&texts, m, o, f);
    for (int i = 0; paths && i < count; i++) nn_paths_free(&paths[i]);
    free(paths);
    nn_texts_free(&texts);
    return good ? NN_DONE : NN_TROUBLE;
}
