/* translate.c: the command `translate`: sentences, one a line, from a file or standard input, and what the model makes of each.
 *
 * It serves models that predict one row of tokens from one row of tokens. What has arrived is translated at once, up to a batch at
 * a time: one sentence if somebody types, full batches if a file is piped in. With references, BLEU of all lines comes at the end.
 *
 * SPDX-License-Identifier: 0BSD */
#include "bleu.h"
#include "texts.h"
#include "trainer.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 1 << 16 };

/* Lines as they arrive. */
typedef struct Stream {
    const char *name;
    nn_source *file;                /* NULL: standard input */
    char *text;
    size_t next, size, room;        /* text[next..size] is still to be taken */
    bool ended;
} Stream;

typedef struct Translator {
    const nn_model *m;
    void *instance, *memory, *work, *input, *output;
    nn_vocabulary *from, *to;
    nn_tokens tokens;
    int32_t *row;
    int batch, waiting;             /* sentences in `input` */
    int64_t line, cut, longest;     /* longest: of the sentences in `input`, in tokens */
    Stream sentences, references;
    bool judged;
    nn_bleu bleu;
} Translator;

static bool open_stream(Stream *s, const char *path, nn_failure *f) {
    s->name = path ? path : "standard input";
    return !path || (s->file = nn_source_open(path, f));
}

static void close_stream(Stream *s) {
    nn_source_close(s->file);
    free(s->text);
}

/* Waits for more, and takes what is there. */
static bool fill(Stream *s, nn_failure *f) {
    size_t n = 0;
    if (s->next) memmove(s->text, s->text + s->next, s->size - s->next);
    s->size -= s->next;
    s->next = 0;
    if (s->room - s->size < CHUNK) {
        char *more = realloc(s->text, s->room = 2 * s->room + CHUNK);
        if (!more) return nn_fail_memory(f, s->name, s->room);
        s->text = more;
    }
    if (s->file) {
        if (!nn_source_read(s->file, s->text + s->size, CHUNK, &n, f)) return false;
    } else {
        ssize_t got;
        do got = read(STDIN_FILENO, s->text + s->size, CHUNK);
        while (got < 0 && errno == EINTR);
        if (got < 0) return nn_fail(f, "%s: %s", s->name, strerror(errno));
        n = (size_t)got;
    }
    s->size += n;
    s->ended = n == 0;
    return true;
}

/* A line that is there, without its end; NULL: it has not ended yet. */
static char *take_line(Stream *s, size_t *length) {
    char *line = s->text + s->next, *stop = s->size > s->next ? memchr(line, '\n', s->size - s->next) : NULL;
    if (!stop && (!s->ended || s->next == s->size)) return NULL;
    *length = stop ? (size_t)(stop - line) : s->size - s->next;
    s->next += *length + (stop != NULL);
    if (*length && line[*length - 1] == '\r') --*length;
    return line;
}

static bool wait_line(Stream *s, char **line, size_t *length, nn_failure *f) {
    while (!(*line = take_line(s, length)) && !s->ended) if (!fill(s, f)) return false;
    return true;
}

static bool judge(Translator *t, const char *translation, nn_failure *f) {
    size_t length;
    char *line;
    if (!wait_line(&t->references, &line, &length, f)) return false;
    if (!line) return nn_fail(f, "%s: has fewer lines than there are sentences in %s", t->references.name, t->sentences.name);
    char *reference = strndup(line, length);
    bool good = reference ? nn_bleu_add(&t->bleu, translation, reference, f) : nn_fail_memory(f, t->references.name, length);
    free(reference);
    return good;
}

static bool translate_waiting(Translator *t, nn_failure *f) {
    const nn_tensor *in = &t->m->inputs[0], *out = &t->m->outputs[0];
    size_t length = nn_tensor_elements(out);
    bool good = true;
    if (!t->waiting) return true;
    int lengths[NN_MAX_LENGTHS] = { 0 };
    nn_lengths_most(t->m->inputs, t->m->n_inputs + t->m->n_targets, lengths);
    if (in->length[0]) lengths[in->length[0] - 1] = (int)t->longest;
    memset(t->output, 0, (size_t)t->batch * length * nn_type_size(out->type));
    for (int i = 0; t->m->begin && i < t->waiting; i++) t->m->begin(t->instance, (char *)t->memory + (size_t)i * t->m->memory_size);
    t->m->predict(t->instance, t->memory, t->work, t->waiting, lengths, (const void *const[]){ t->input }, (void *const[]){ t->output });
    for (int i = 0; good && i < t->waiting; i++) {
        char *line = nn_text_line(t->to, (char *)t->output + (size_t)i * length * nn_type_size(out->type), out->type, length, f);
        good = line != NULL;
        if (good) puts(line);
        if (good && t->judged) good = judge(t, line, f);
        free(line);
    }
    t->waiting = 0;
    t->longest = 1;
    if (good && fflush(stdout)) good = nn_fail(f, "standard output cannot be written: %s", strerror(errno));
    return good;
}

static bool add_sentence(Translator *t, const char *line, size_t length, nn_failure *f) {
    const nn_tensor *in = &t->m->inputs[0];
    size_t row = nn_tensor_elements(in);
    bool cut;
    if (!nn_vocabulary_encode(t->from, t->sentences.name, ++t->line, line, length, &t->tokens, f)) return false;
    nn_text_row(&t->tokens, 0, row, t->row, &cut);
    t->cut += cut;
    int64_t used = nn_padded_length(t->row, NN_I32, (int64_t)row);
    if (used > t->longest) t->longest = used;
    nn_convert((char *)t->input + (size_t)t->waiting++ * row * nn_type_size(in->type), in->type, t->row, NN_I32, row);
    return t->waiting < t->batch || translate_waiting(t, f);
}

static bool translate(Translator *t, nn_failure *f) {
    char *line;
    size_t length;
    Stream *s = &t->sentences;
    while (!s->ended) {
        if (!fill(s, f)) return false;
        while ((line = take_line(s, &length))) if (!add_sentence(t, line, length, f)) return false;
        if (!translate_waiting(t, f)) return false;
    }
    if (t->judged && !wait_line(&t->references, &line, &length, f)) return false;
    return !t->judged || !line || nn_fail(f, "%s: has more lines than there are sentences in %s", t->references.name, s->name);
}

static bool serves(Translator *t, const nn_texts *x, nn_failure *f) {
    const nn_model *m = t->m;
    t->from = m->n_inputs == 1 ? nn_texts_find(x, 0) : NULL;
    int target = m->n_outputs == 1 ? nn_texts_of_output(x, m, &m->outputs[0]) : -1;
    if (target >= 0) t->to = nn_texts_find(x, target);
    if (t->from && t->from->unit == NN_SUBWORDS && t->to && m->predict) return true;
    return nn_fail(f, "translate: model %s %s; it takes one input and one output, both rows of tokens whose vocabularies the checkpoint "
                   "holds, the output such as argmax(v) of class v", m->name,
                   m->n_inputs != 1 ? "does not predict from one input" : !t->from ? "has no vocabulary for its input"
                   : t->from->unit != NN_SUBWORDS ? "reads characters, not lines" : m->n_outputs != 1 ? "has not one output"
                   : "has an output that is no row of tokens");
}

static bool prepare(Translator *t, const nn_options *o, nn_failure *f) {
    const nn_tensor *in = &t->m->inputs[0], *out = &t->m->outputs[0];
    size_t row = nn_tensor_elements(in), n = (size_t)t->batch;
    t->work = malloc(t->m->predict_size + 1);
    t->input = malloc(n * row * nn_type_size(in->type));
    t->output = malloc(n * nn_tensor_elements(out) * nn_type_size(out->type));
    t->row = malloc(row * sizeof *t->row);
    t->memory = malloc((size_t)t->batch * t->m->memory_size + 1);
    if (!t->memory || !t->work || !t->input || !t->output || !t->row) return nn_fail_memory(f, "translate", t->m->predict_size);
    t->longest = 1;
    t->judged = o->reference != NULL;
    return open_stream(&t->sentences, o->file, f) && (!t->judged || open_stream(&t->references, o->reference, f));
}

int nn_translate(const nn_model *m, const nn_options *o, nn_failure *f) {
    Translator t = { .m = m, .batch = o->batch ? (int)o->batch : m->batch };
    nn_texts texts = { 0 };
    bool good = (t.instance = nn_instance_new(m, o, f)) && nn_texts_open(&texts, m, o, f) && serves(&t, &texts, f) && prepare(&t, o, f)
             && translate(&t, f);
    if (t.cut)
        fprintf(stderr, "note: %" PRId64 " of %" PRId64 " sentences are longer than %" PRId64 " tokens and were cut\n", t.cut, t.line,
                m->inputs[0].dim[0] - 1);
    if (good && t.judged) {
        nn_bleu_score s = nn_bleu_of(&t.bleu);
        fprintf(stderr, "BLEU = %.2f %.1f/%.1f/%.1f/%.1f (BP = %.3f ratio = %.3f hyp_len = %" PRId64 " ref_len = %" PRId64 ")\n", s.score,
                s.precision[0], s.precision[1], s.precision[2], s.precision[3], s.penalty,
                t.bleu.reference_length ? (double)t.bleu.length / (double)t.bleu.reference_length : 0, t.bleu.length,
                t.bleu.reference_length);
    }
    close_stream(&t.sentences);
    close_stream(&t.references);
    nn_tokens_free(&t.tokens);
    nn_texts_free(&texts);
    free(t.instance);
    free(t.memory);
    free(t.work);
    free(t.input);
    free(t.output);
    free(t.row);
    return good ? NN_DONE : NN_TROUBLE;
}
