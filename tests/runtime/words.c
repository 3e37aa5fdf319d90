/* words.c: two models of text, written by hand in the form that nnc writes, that do at once what others learn.
 *
 *     echo    says the line that it reads: it translates
 *     next    after each token expects the one that follows it in the vocabulary: it goes on with a text
 *
 * SPDX-License-Identifier: 0BSD */
#include <stddef.h>
#include <string.h>
#include "../../runtime/nn.h"

#ifdef NN_DOUBLE
#define WORDS_REAL NN_F64
#else
#define WORDS_REAL NN_F32
#endif

enum { ECHO_LENGTH = 12, ECHO_CLASSES = 40, NEXT_LENGTH = 5, NEXT_CLASSES = 8, WORDS_BATCH = 4 };
typedef struct words { nn_real w, g; int64_t step, epoch; uint64_t seed; } words;

static void words_init(void *instance, uint64_t seed) { *(words *)instance = (words){ .w = 1, .seed = seed }; }
static double words_gradients(void *instance, int n, const int *lengths, const void *const *inputs) {
    (void)n, (void)lengths, (void)inputs;
    return (double)((words *)instance)->w;
}
static double words_evaluate(void *instance, int n, const int *lengths, const void *const *inputs) { return words_gradients(instance, n, lengths, inputs); }
static void words_update(void *instance) { ((words *)instance)->w /= 2, ((words *)instance)->step++; }
static void words_reset(void *instance) { (void)instance; }

static void echo(const void *instance, void *memory, void *work, int n, const int *lengths, const void *const *inputs, void *const *outputs) {
    (void)instance, (void)memory, (void)work, (void)lengths;
    for (int i = 0; i < n * ECHO_LENGTH; i++) ((nn_real *)outputs[0])[i] = (nn_real)((const int32_t *)inputs[0])[i];
}

/* As logits: 0 for what is expected, -1 for the one after it, -9 for others. */
static void next(const void *instance, void *memory, void *work, int n, const int *lengths, const void *const *inputs, void *const *outputs) {
    (void)instance, (void)memory, (void)work, (void)lengths;
    for (int s = 0; s < n; s++)
        for (int v = 0; v < NEXT_CLASSES; v++)
            for (int t = 0; t < NEXT_LENGTH - 1; t++) {
                int after = (v - ((const int32_t *)inputs[0])[s * NEXT_LENGTH + t] + NEXT_CLASSES) % NEXT_CLASSES;
                ((nn_real *)outputs[0])[(s * NEXT_CLASSES + v) * (NEXT_LENGTH - 1) + t] = (nn_real)(after == 1 ? 0 : after == 2 ? -1 : -9);
            }
}

static const nn_tensor words_params[] = { { .name = "w", .type = WORDS_REAL, .offset = offsetof(words, w), .low = 1, .high = 0 } };
static const nn_tensor words_grads[] = { { .name = "w", .type = WORDS_REAL, .offset = offsetof(words, g), .low = 1, .high = 0 } };

#define WORDS_COMMON \
    .hash = "0123456789abcdef", .batch = WORDS_BATCH, .real = WORDS_REAL, .size = sizeof(words), .n_params = 1, .params = words_params, \
    .n_grads = 1, .grads = words_grads, .n_outputs = 1, .n_inputs = 1, \
    .step_offset = offsetof(words, step), .epoch_offset = offsetof(words, epoch), .seed_offset = offsetof(words, seed), \
    .init = words_init, .gradients = words_gradients, .update = words_update, .evaluate = words_evaluate, .reset = words_reset

static const nn_tensor echo_inputs[] = {
    { .name = "german", .type = NN_I32, .rank = 1, .dim = { ECHO_LENGTH }, .high = ECHO_CLASSES - 1 },
    { .name = "english", .type = NN_I32, .rank = 1, .dim = { ECHO_LENGTH }, .high = ECHO_CLASSES - 1 } };
static const nn_tensor echo_outputs[] = {
    { .name = "said", .type = WORDS_REAL, .rank = 1, .dim = { ECHO_LENGTH }, .high = ECHO_CLASSES - 1 } };
static const nn_model echo_model = { .name = "echo", WORDS_COMMON, .n_targets = 1, .inputs = echo_inputs, .outputs = echo_outputs,
                                     .predict = echo };

static const nn_tensor next_inputs[] = {
    { .name = "text", .type = NN_I32, .rank = 1, .dim = { NEXT_LENGTH }, .high = NEXT_CLASSES - 1 } };
static const nn_tensor next_outputs[] = {
    { .name = "logits", .type = WORDS_REAL, .rank = 2, .dim = { NEXT_CLASSES, NEXT_LENGTH - 1 }, .low = 1, .high = 0 } };
static const nn_model next_model = { .name = "next", WORDS_COMMON, .inputs = next_inputs, .outputs = next_outputs, .predict = next };
