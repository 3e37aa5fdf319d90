/* fuzz_text.c: vocabularies and texts of any bytes. The first byte says what the others are: a vocabulary's file, which must come back
 * the same when it is written; or a text, of which a vocabulary is learned that must give the text again, and two lines to be
 * compared by BLEU.
 *
 *     make build/fuzz_text && build/fuzz_text -max_total_time=60
 *
 * SPDX-License-Identifier: 0BSD */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "../../runtime/bleu.h"
#include "../../runtime/vocabulary.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void joined_again(nn_vocabulary *v, const char *text, size_t size) {
    nn_failure failure = { 0 };
    nn_tokens tokens = { 0 };
    size_t at = 0, n;
    if (!nn_vocabulary_encode(v, "text", 1, text, size, &tokens, &failure)) abort();
    for (size_t i = 0; i < tokens.count; i++, at += n) {
        const char *piece = nn_vocabulary_text(v, tokens.token[i], &n);
        if (n > size - at || memcmp(piece, text + at, n)) abort();
    }
    if (at != size) abort();
    nn_tokens_free(&tokens);
}

static void written_again(const nn_vocabulary *v) {
    nn_failure failure = { 0 };
    size_t size;
    char *text = nn_vocabulary_write(v, &size, &failure);
    nn_vocabulary *back = text ? nn_vocabulary_read("vocabulary", text, size, &failure) : NULL;
    if (!back || !nn_vocabulary_same(v, back)) abort();
    nn_vocabulary_free(back);
    free(text);
}

static void learn(nn_unit unit, const char *text, size_t size) {
    nn_failure failure = { 0 };
    nn_table counts = { 0 };
    if (!nn_vocabulary_count(&counts, unit, "text", 1, text, size, &failure)) {
        if (!failure.text[0]) abort();
    } else if (size) {
        nn_vocabulary *v = nn_vocabulary_learn(&counts, unit, 300, "input", &failure);
        if (!v && !strstr(failure.text, "distinct characters")) abort();
        if (v) joined_again(v, text, size), written_again(v);
        nn_vocabulary_free(v);
    }
    nn_table_free(&counts);
}

static void judge(const char *text, size_t size) {
    nn_failure failure = { 0 };
    nn_bleu b = { 0 };
    char *copy = malloc(size + 1);
    if (!copy) abort();
    memcpy(copy, text, size);
    copy[size] = 0;
    char *second = strchr(copy, '\n');
    if (second) *second++ = 0;
    if (!nn_bleu_add(&b, copy, second ? second : "", &failure)) abort();
    nn_bleu_score s = nn_bleu_of(&b);
    if (!(s.score >= 0 && s.score <= 100.000001)) abort();
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    if (size < 1) return 0;
    const char *text = (const char *)bytes + 1;
    nn_failure failure = { 0 };
    if (bytes[0] % 4 == 0) {
        nn_vocabulary *v = nn_vocabulary_read("vocabulary", text, size - 1, &failure);
        if (!v && !failure.text[0]) abort();
        if (v) written_again(v);
        nn_vocabulary_free(v);
    } else if (bytes[0] % 4 == 1) {
        judge(text, size - 1);
    } else {
        learn(bytes[0] % 4 == 2 ? NN_CHARACTERS : NN_SUBWORDS, text, size - 1);
    }
    return 0;
}
