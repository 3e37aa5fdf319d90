/* trainer.c: nn_main, the command line of a model's program.
 *
 * What goes wrong anywhere arrives here as one message, which is printed under the program's name; nothing else prints errors.
 *
 * SPDX-License-Identifier: 0BSD */
#define _DEFAULT_SOURCE         /* madvise */
#include "trainer.h"
#include "checkpoint.h"
#include "nn_team.h"
#include <errno.h>
#include <signal.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined __unix__ || defined __APPLE__
#include <sys/mman.h>
#endif

void nn_instance_set_hypers(const nn_options *o, void *instance) {
    for (int i = 0; i < o->n_hyper; i++) memcpy((char *)instance + o->hyper[i]->offset, &o->hyper_value[i], sizeof(double));
}

/* Large pages, where the system has them for who asks: a kernel goes through more small ones than a processor keeps account of. */
static void ask_for_large_pages(void *memory, size_t size) {
#ifdef MADV_HUGEPAGE
    const uintptr_t page = 4096, from = ((uintptr_t)memory + page - 1) & ~(page - 1), to = ((uintptr_t)memory + size) & ~(page - 1);
    if (size >= (4 << 20)) madvise((void *)from, to - from, MADV_HUGEPAGE);     /* a wish: it may fail */
#else
    (void)memory, (void)size;
#endif
}

void *nn_instance_new(const nn_model *m, const nn_options *o, nn_failure *f) {
    double seed = 1;
    void *instance = calloc(1, m->size);
    if (!instance) {
        nn_fail_memory(f, m->name, m->size);
        return NULL;
    }
    ask_for_large_pages(instance, m->size);
    nn_setting_of(m, "seed", &seed);
    m->init(instance, o->seed_given ? o->seed : (uint64_t)seed);
    nn_instance_set_hypers(o, instance);
    int kept = 0;
    bool surveyed = !o->weights || o->command == NN_C_TRAIN || nn_weights_surveyed(o->weights, m, f);
    if (surveyed && (!o->weights || nn_weights_load(o->weights, m, instance, o->partial ? &kept : NULL, f))) {
        if (kept && !o->quiet) printf("%d of %d parameters are not in %s and keep their first values\n", kept, m->n_params, o->weights);
        return instance;
    }
    free(instance);
    return NULL;
}

bool nn_texts_open(nn_texts *x, const nn_model *m, const nn_options *o, nn_failure *f) {
    const char *checkpoint = o->resume ? o->resume : o->weights;
    if (checkpoint && !nn_texts_load(x, m, checkpoint, f)) return false;
    for (int i = 0; i < o->n_vocabulary; i++)
        if (!nn_texts_read(x, m, o->vocabulary[i].name, o->vocabulary[i].file, o->partial, f)) return false;
    return true;
}

bool nn_data_open(nn_dataset *d, const nn_model *m, int count, nn_split split, const nn_options *o, nn_texts *x, nn_failure *f) {
    bool train = split == NN_TRAIN;
    if (!nn_dataset_open(d, m, count, split, train ? o->train : o->test, train ? o->n_train : o->n_test, o->data, x, f)) return false;
    for (int i = 0; i < d->n_arrays && !o->quiet; i++)
        if (d->arrays[i].cut)
            fprintf(stderr, "note: %" PRId64 " of %" PRId64 " lines of %s data for '%s' are longer than %" PRId64 " tokens and were cut\n",
                    d->arrays[i].cut, d->arrays[i].dim[0], train ? "training" : "test", m->inputs[i].name, d->arrays[i].dim[1] - 1);
    return true;
}

static int command(const nn_model *m, const nn_options *o, nn_failure *f) {
    switch (o->command) {
    case NN_C_TRAIN: return o->swept.hyper ? nn_sweep(m, o, f) : o->lr_find ? nn_range_test(m, o, f) : nn_train(m, o, f);
    case NN_C_TEST: return nn_test(m, o, f);
    case NN_C_PREDICT: return nn_predict_files(m, o, f);
    case NN_C_INFO: return nn_info(m);
    case NN_C_CHECK: return nn_check(m, o, f);
    case NN_C_SETTLE: return nn_settle(m, o, f);
    case NN_C_VOCABULARY: return nn_learn_vocabulary(m, o, f);
    case NN_C_TRANSLATE: return nn_translate(m, o, f);
    case NN_C_SAMPLE: return nn_sample(m, o, f);
    case NN_C_PLOT: return nn_plot(o, f);
    }
    return NN_USAGE;
}

/* Beyond some cores, a barrier and the memory cost more than another core gives. */
enum { MOST_UNASKED = 16 };

/* The command on as many threads as it says, or as there are cores; afterwards there are as many as before. */
static int run(const nn_model *m, const nn_options *o, nn_failure *f) {
    const int before = nn_threads(0), cores = nn_cores() < MOST_UNASKED ? nn_cores() : MOST_UNASKED;
    signal(SIGXFSZ, SIG_IGN);       /* a file over the limit is then an error of write, which is reported */
    const bool computes = !(o->command & (NN_C_INFO | NN_C_PLOT));
    if (computes) nn_threads(o->threads ? (int)(o->threads < NN_MOST_THREADS ? o->threads : NN_MOST_THREADS) : cores);
    int code = command(m, o, f);
    /* What these print is for other programs to read. */
    FILE *to = o->command & (NN_C_PREDICT | NN_C_TRANSLATE | NN_C_SAMPLE | NN_C_VOCABULARY) ? stderr : stdout;
    const bool profiles = m->n_profile && computes && (o->profile || !o->quiet);
    if (profiles && !nn_profile_print(m, nn_threads(0), to, f) && code == NN_DONE) code = NN_TROUBLE;
    nn_threads(before);
    return code;
}

int nn_main(const nn_model *m, int argc, char **argv) {
    nn_options o;
    nn_failure f = { 0 };
    int code = NN_USAGE;
    if (nn_options_parse(&o, m, argc, argv, &f)) {
        code = NN_DONE;
        if (o.help) nn_options_help(m, o.program);
        else if (o.version) printf("%s (nn runtime %s, model %s)\n", m->name, NN_VERSION, m->hash);
        else code = run(m, &o, &f);
    }
    if (f.text[0]) fprintf(stderr, "%s: %s\n", o.program, f.text);
    nn_options_free(&o);
    if ((fflush(stdout) || ferror(stdout)) && code == NN_DONE) {
        fprintf(stderr, "%s: standard output cannot be written: %s\n", argv[0], strerror(errno));
        code = NN_TROUBLE;
    }
    return code;
}
