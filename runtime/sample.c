/* sample.c: the command `sample`: text that a model goes on with, token by token.
 *
 * It serves models with one input, a row of tokens, and one output of a number for each token that may come next:
 *
 *     [V, T] or [T, V]    at each place: what comes after it. The text so far stands at the left, and what follows it is not looked at
 *     [V]                 after the last place: the text so far stands at the right, with the first token before it
 *
 * A model with states `each predict` is given each token once, and goes on from what it keeps; others see the last T tokens anew for
 * each that comes. If it keeps so many places only, a second output, one number, says how many tokens more it takes: when none,
 * it begins anew, with the last half of those that it had.
 *
 * Numbers that are all positive and add up to 1 are probabilities, others their logarithms but for a constant. The next token
 * is drawn from softmax(logits / temperature), of the most likely ones if asked for; temperature 0 takes the most likely one. Draws
 * are a function of the seed and the number of the token, so the same seed gives the same text.
 *
 * SPDX-License-Identifier: 0BSD */
#include "nn_random.h"
#include "texts.h"
#include "trainer.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Sampler {
    const nn_model *m;
    void *instance, *memory, *work, *input, *output;
    nn_vocabulary *v;
    nn_tokens text;
    size_t fed, held, left;         /* tokens given so far; how many of these the memory has, and how many more it takes */
    size_t length, classes;         /* places of the input; tokens that may come next */
    size_t places, stride, step;    /* of the output: number v of place t is at v*stride + t*step */
    int32_t *row;
    double *number, *logit, *sorted;                            /* number: the output */
    double temperature;
    int64_t top;
    uint64_t seed;
} Sampler;

static bool serves(Sampler *s, const nn_texts *x, nn_failure *f) {
    const nn_model *m = s->m;
    bool ends = m->begin && m->n_outputs == 2 && !m->outputs[1].rank;
    if (m->n_inputs != 1 || (m->n_outputs != 1 && !ends) || !m->predict)
        return nn_fail(f, "sample: model %s has %d inputs and %d outputs; it takes one of each%s", m->name, m->n_inputs, m->n_outputs,
                       m->begin ? ", and a number of tokens that its memory still takes" : "");
    const nn_tensor *in = &m->inputs[0], *out = &m->outputs[0];
    if (!(s->v = nn_texts_find(x, 0)))
        return nn_fail(f, "sample: there is no vocabulary for '%s': train on a text, or give one with --vocabulary %s=FILE", in->name, in->name);
    s->length = nn_tensor_elements(in);
    s->classes = (size_t)in->high + 1;
    const int64_t *dim = out->dim, v = (int64_t)s->classes;
    bool first = out->rank == 2 && dim[0] == v, last = out->rank == 2 && !first && dim[1] == v, one = out->rank == 1 && dim[0] == v;
    s->places = one ? 1 : first ? (size_t)dim[1] : last ? (size_t)dim[0] : 0;
    s->stride = first ? s->places : 1;
    s->step = first ? 1 : s->classes;
    if (m->begin && !in->length[0] && s->length > 1)
        return nn_fail(f, "sample: model %s goes on from a memory, which wants as many tokens as there are: declare a length, "
                       "input %s[T <= %zu]", m->name, in->name, s->length);
    if (s->places && s->places <= s->length && (out->type == NN_F32 || out->type == NN_F64)) return true;
    char shape[160];
    nn_shape_text(shape, sizeof shape, dim, out->rank);
    return nn_fail(f, "sample: output '%s' is %s, and '%s' takes %zu classes; what comes next is an output of [%zu, T], [T, %zu] or [%zu]",
                   out->name, shape, in->name, s->classes, s->classes, s->classes, s->classes);
}

static void begin(Sampler *s, size_t left) {
    if (s->m->begin) s->m->begin(s->instance, s->memory);
    s->held = 0;
    s->left = left;
}

static bool prepare(Sampler *s, const nn_options *o, nn_failure *f) {
    const nn_tensor *in = &s->m->inputs[0];
    s->temperature = o->temperature >= 0 ? o->temperature : 1;
    s->top = o->top;
    s->seed = o->seed_given ? o->seed : 1;
    s->work = malloc(s->m->predict_size + 1);
    s->memory = malloc(s->m->memory_size + 1);
    s->input = malloc(s->length * nn_type_size(in->type));
    size_t numbers = nn_tensor_elements(&s->m->outputs[0]);
    s->output = malloc(numbers * nn_type_size(s->m->outputs[0].type));
    s->number = malloc(numbers * sizeof *s->number);
    s->row = malloc(s->length * sizeof *s->row);
    s->logit = malloc(s->classes * sizeof *s->logit);
    s->sorted = malloc(s->classes * sizeof *s->sorted);
    bool good = s->memory && s->work && s->input && s->output && s->number && s->row && s->logit && s->sorted;
    if (!good) return nn_fail_memory(f, "sample", s->m->predict_size);
    begin(s, s->m->n_outputs == 2 ? 1 : SIZE_MAX);              /* how many it takes is known when it has had one */
    const char *prompt = o->prompt ? o->prompt : "";
    if (!nn_vocabulary_encode(s->v, "--prompt", 1, prompt, strlen(prompt), &s->text, f)) return false;
    /* Something must come first: the start of a line or, where that is no token, the first one. */
    int64_t newline = nn_table_find(&s->v->tokens, "\n", 1);
    return s->text.count || nn_tokens_add(&s->text, s->v->unit == NN_SUBWORDS ? NN_END : newline > 0 ? (int32_t)newline : 0, f);
}

/* A prediction from the n tokens that end before token `last`; they stand from place `at` on. */
static void see(Sampler *s, size_t last, size_t n, size_t at) {
    memset(s->row, 0, s->length * sizeof *s->row);
    memcpy(s->row + at, s->text.token + last - n, n * sizeof *s->row);
    nn_convert(s->input, s->m->inputs[0].type, s->row, NN_I32, s->length);
    int lengths[NN_MAX_LENGTHS] = { 0 };
    nn_lengths_most(s->m->inputs, s->m->n_inputs + s->m->n_targets, lengths);
    if (s->m->inputs[0].length[0]) lengths[s->m->inputs[0].length[0] - 1] = (int)(at + n);
    double given = 0, left;                                     /* given: room for a number of any type */
    s->m->predict(s->instance, s->memory, s->work, 1, lengths, (const void *const[]){ s->input }, (void *const[]){ s->output, &given });
    if (s->m->n_outputs == 1) return;
    nn_convert(&left, NN_F64, &given, s->m->outputs[1].type, 1);
    s->left = left > 0 ? (size_t)left : 0;
}

/* Gives the memory the tokens that it has not had, and says how many the last call took. */
static size_t catch_up(Sampler *s, size_t room) {
    size_t n = 0;
    while (s->fed < s->text.count) {
        if (!s->left) {
            s->fed -= s->held / 2;
            begin(s, s->held);
        }
        n = s->text.count - s->fed;
        if (n > room) n = room;
        if (n > s->left) n = s->left;
        s->fed += n;
        s->held += n;
        see(s, s->fed, n, 0);
    }
    return n;
}

/* What the model says of the next token, from as much of the text as it looks at. */
static void look(Sampler *s) {
    size_t room = s->places == 1 ? s->length : s->places, n = s->text.count < room ? s->text.count : room;
    if (s->m->begin) n = catch_up(s, room);
    else see(s, s->text.count, n, s->places == 1 && !s->m->inputs[0].length[0] ? s->length - n : 0);
    nn_convert(s->number, NN_F64, s->output, s->m->outputs[0].type, nn_tensor_elements(&s->m->outputs[0]));
    size_t place = s->places == 1 ? 0 : n - 1;
    double sum = 0, least = INFINITY;
    for (size_t v = 0; v < s->classes; v++) {
        s->logit[v] = s->number[v * s->stride + place * s->step];
        sum += s->logit[v];
        if (s->logit[v] < least) least = s->logit[v];
    }
    bool probabilities = least >= 0 && fabs(sum - 1) < 1e-3;
    for (size_t v = 0; probabilities && v < s->classes; v++) s->logit[v] = log(s->logit[v]);
}

/* Classes that the vocabulary does not have, and tokens that are no text, never come. */
static bool may_come(const Sampler *s, size_t v) {
    return v < nn_vocabulary_size(s->v) && (s->v->unit == NN_CHARACTERS || v == NN_END || v >= NN_SPECIAL);
}

static int descending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x > y ? -1 : x < y;
}

static int32_t draw(Sampler *s, int64_t number) {
    size_t best = 0, n = 0;
    double least = -INFINITY, sum = 0, at = 0;
    for (size_t v = 0; v < s->classes; v++) {
        if (!may_come(s, v)) s->logit[v] = -INFINITY;
        if (s->logit[v] > s->logit[best] || !may_come(s, best)) best = v;
        s->sorted[n++] = s->logit[v];
    }
    if (s->temperature == 0) return (int32_t)best;
    if (s->top && s->top < (int64_t)n) {
        qsort(s->sorted, n, sizeof *s->sorted, descending);
        least = s->sorted[s->top - 1];
    }
    double most = s->logit[best];
    for (size_t v = 0; v < s->classes; v++) {
        s->logit[v] = s->logit[v] < least ? 0 : exp((s->logit[v] - most) / s->temperature);
        sum += s->logit[v];
    }
    double u = (double)nn_uniform(nn_key(s->seed, (uint64_t)number, nn_site("sample")), 0) * sum;
    for (size_t v = 0; v < s->classes; v++) {
        at += s->logit[v];
        if (u < at) return (int32_t)v;
    }
    return (int32_t)best;
}

static bool print_token(const Sampler *s, int32_t token, nn_failure *f) {
    size_t n;
    const char *text = nn_vocabulary_text(s->v, token, &n);
    fwrite(text, 1, n, stdout);
    return !fflush(stdout) || nn_fail(f, "standard output cannot be written: %s", strerror(errno));
}

static bool go_on(Sampler *s, bool prompted, int64_t length, nn_failure *f) {
    bool good = true;
    for (size_t i = 0; good && prompted && i < s->text.count; i++) good = print_token(s, s->text.token[i], f);
    for (int64_t i = 0; good && i < length; i++) {
        look(s);
        for (size_t v = 0; v < s->classes; v++)
            if (isnan(s->logit[v])) return nn_fail(f, "sample: the model gives NaN for what comes after %zu tokens", s->text.count);
        int32_t token = draw(s, i);
        if (s->v->unit == NN_SUBWORDS && token == NN_END) break;
        good = print_token(s, token, f) && nn_tokens_add(&s->text, token, f);
    }
    putchar('\n');
    return good;
}

int nn_sample(const nn_model *m, const nn_options *o, nn_failure *f) {
    Sampler s = { .m = m };
    nn_texts texts = { 0 };
    bool good = (s.instance = nn_instance_new(m, o, f)) && nn_texts_open(&texts, m, o, f) && serves(&s, &texts, f) && prepare(&s, o, f)
             && go_on(&s, o->prompt && *o->prompt, o->length ? o->length : 500, f);
    nn_tokens_free(&s.text);
    nn_texts_free(&texts);
    free(s.instance);
    free(s.memory);
    free(s.work);
    free(s.input);
    free(s.output);
    free(s.number);
    free(s.row);
    free(s.logit);
    free(s.sorted);
    return good ? NN_DONE : NN_TROUBLE;
}
