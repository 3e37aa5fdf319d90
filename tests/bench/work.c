/* nnc's side of a workload: linked with a generated file, whose name is MODEL and whose header is HEADER. side.h says what
 * goes in and out.
 *
 *     work train|predict|first [THREADS [FILE S T]]
 *
 * predict times the prediction of one sample, in a build with -DPREDICT, or -DPREDICT -DSTATE where it takes the state of layers too;
 * first ends after one step. THREADS counts only in a build with -DTHREADS, which has the runtime's thread team. With -DSENTENCES
 * inputs are words, 0 behind the last of a sentence, and calls take the lengths of both: all places, or
 * S and T of the words in FILE. STEPS are taken before the check. */
#include "side.h"
#include HEADER
#include <sys/mman.h>
#ifdef THREADS
#include <nn_team.h>
#endif
#define JOINED(a, b) a##b
#define JOIN(a, b) JOINED(a, b)
#define OF_MODEL(what) JOIN(MODEL, what)
#ifndef STEPS
#define STEPS 20
#endif

static MODEL *model;
static const nn_model *const table = &OF_MODEL(_model);
static void *inputs[2];
static double loss;

static size_t elements(const nn_tensor *t) {
    size_t n = 1;
    for (int d = 0; d < t->rank; d++) n *= (size_t)t->dim[d];
    return n;
}

/* Where and how the runtime's own trainer places it: a large model asks for large pages. */
static void *place(size_t size) {
    char *memory = array(size);
    if (size >= 4 << 20) madvise(memory + (-(uintptr_t)memory & 4095), size - 4096, MADV_HUGEPAGE);
    return memory;
}

static void set_all_weights(void) {
    for (int p = 0; p < table->n_params; p++) {
        const nn_tensor *t = &table->params[p];
        float *w = (float *)(void *)((char *)model + t->offset);
        size_t n = elements(t);
        const char *local = strrchr(t->name, '.');
        bool gain = local && !strcmp(local, ".gain");
        for (size_t i = 0; i < n && t->rank == 1; i++) w[i] = gain ? 1 : 0;
        if (t->rank > 1) set_weights(w, n, (size_t)t->dim[0], p);
    }
}

static void make_inputs(void) {
    for (int k = 0; k < 2; k++) {
        const nn_tensor *t = &table->inputs[k];
        size_t n = elements(t) * (size_t)table->batch;
        float *real = array(n * sizeof *real);
        int32_t *whole = (int32_t *)(void *)real;
        for (size_t i = 0; i < n; i++) {
            double u = uniform((uint32_t)i, 1000 + (uint32_t)k);
            if (t->type == NN_I32) whole[i] = (int32_t)(u * (double)(t->high + 1));
            else real[i] = (float)u;
        }
#ifdef SENTENCES
        for (int b = 0; b < table->batch; b++) {
            int most = (int)t->dim[0], end = most / 2 + 1 + (int)(uniform((uint32_t)b, 1002 + (uint32_t)k) * (most / 2));
            for (int i = end; i < most; i++) whole[b * most + i] = 0;
        }
#endif
        inputs[k] = real;
    }
}

#ifdef SENTENCES
static int lengths[2];
static void train(void) { loss = OF_MODEL(_step)(model, table->batch, lengths[0], lengths[1], inputs[0], inputs[1]); }

/* The words of a file instead of those of the formula, and how many places of each row count. */
static void read_sentences(char *const *of) {
    FILE *f = of[0] ? fopen(of[0], "rb") : NULL;
    for (int k = 0; k < 2; k++) {
        size_t n = elements(&table->inputs[k]) * (size_t)table->batch;
        lengths[k] = f ? atoi(of[k + 1]) : (int)table->inputs[k].dim[0];
        if (of[0] && (!f || fread((void *)inputs[k], sizeof(int32_t), n, f) != n)) fprintf(stderr, "no words in %s\n", of[0]), exit(1);
    }
    if (f) fclose(f);
}
#else
static void train(void) { loss = OF_MODEL(_step)(model, table->batch, inputs[0], inputs[1]); }
#endif

#ifdef PREDICT
static OF_MODEL(_predict_work) predict_work;
static float *output;

static void predict(void) {
#ifdef STATE
    OF_MODEL(_predict_one)(&model->params, &model->state, &predict_work, inputs[0], output);
#else
    OF_MODEL(_predict_one)(&model->params, &predict_work, inputs[0], output);
#endif
}

static int serve_predict(void) {
    double sum = 0;
    output = array(elements(table->outputs) * sizeof *output);
    predict();
    for (size_t i = 0; i < elements(table->outputs); i++) sum += (double)(i + 1) * (double)output[i];
    return serve(sum, predict);
}
#else
static int serve_predict(void) { return fprintf(stderr, "built without -DPREDICT\n"), 2; }
#endif

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "train";
#ifdef THREADS
    nn_threads(argc > 2 ? atoi(argv[2]) : 1);
#endif
    model = place(sizeof *model);
    make_inputs();
#ifdef SENTENCES
    read_sentences(argv + (argc > 3 ? 3 : argc));
#endif
    OF_MODEL(_init)(model, 1);
    set_all_weights();
    if (!strcmp(what, "predict")) return serve_predict();
    for (int k = 0; k < (strcmp(what, "first") ? STEPS : 1); k++) train();
    if (!strcmp(what, "first")) return printf("loss %.9g\n", loss) < 0;
    return serve(loss, train);
}
