/* llm.c's side of the workloads that are a GPT: linked with nothing, its train_gpt2.c is read here, and its weights are set instead of read
 * from a checkpoint. Threads are OpenMP's.
 *
 *     peer_llmc gpt|large */
#include <stdio.h>
#define TESTING             /* no main */
#define printf(...) 0       /* nor words where figures are read */
#include "train_gpt2.c"
#undef printf
#include "side.h"

static GPT2 model;
static int *tokens[2], batch, steps;

/* Layer by layer in the order of nnc, where queries, keys and values have a matrix each. */
static void set_all_weights(void) {
    const GPT2Config *c = &model.config;
    const size_t C = (size_t)c->channels, L = (size_t)c->num_layers;
    ParameterTensors *w = &model.params;
    memset(model.params_memory, 0, model.num_parameters * sizeof(float));
    set_weights(w->wte, (size_t)c->vocab_size * C, (size_t)c->vocab_size, 0);
    set_weights(w->wpe, (size_t)c->max_seq_len * C, (size_t)c->max_seq_len, 1);
    for (size_t l = 0; l < L; l++) {
        int p = 2 + 16 * (int)l;
        for (size_t k = 0; k < 3; k++) set_weights(w->qkvw + (3 * l + k) * C * C, C * C, C, p + 2 + (int)k);
        set_weights(w->attprojw + l * C * C, C * C, C, p + 5);
        set_weights(w->fcw + 4 * l * C * C, 4 * C * C, 4 * C, p + 12);
        set_weights(w->fcprojw + 4 * l * C * C, 4 * C * C, C, p + 14);
    }
    for (size_t i = 0; i < L * C; i++) w->ln1w[i] = w->ln2w[i] = 1;
    for (size_t i = 0; i < C; i++) w->lnfw[i] = 1;
}

static void step(void) {
    gpt2_forward(&model, tokens[0], tokens[1], (size_t)batch, (size_t)model.config.max_seq_len);
    gpt2_zero_grad(&model);
    gpt2_backward(&model);
    gpt2_update(&model, 0.001f, 0.9f, 0.999f, 1e-8f, 0.1f, ++steps);
}

int main(int argc, char **argv) {
    bool large = argc > 1 && !strcmp(argv[1], "large");
    GPT2Config config = { .max_seq_len = 128, .vocab_size = 65, .padded_vocab_size = 65, .num_layers = 4, .num_heads = 4, .channels = 128 };
    if (large) config = (GPT2Config){ 64, 50257, 50257, 12, 12, 768 };
    batch = large ? 4 : 16;
    model.config = config;
    fill_in_parameter_sizes(model.param_sizes, config);
    for (int i = 0; i < NUM_PARAMETER_TENSORS; i++) model.num_parameters += model.param_sizes[i];
    model.params_memory = malloc_and_point_parameters(&model.params, model.param_sizes);
    set_all_weights();
    for (int k = 0; k < 2; k++) {
        int n = batch * config.max_seq_len;
        tokens[k] = array((size_t)n * sizeof(int));
        for (int i = 0; i < n; i++) tokens[k][i] = (int)(uniform((uint32_t)i, 1000 + (uint32_t)k) * config.vocab_size);
    }
    for (int k = 0; k < (large ? 4 : 20); k++) step();
    return serve((double)model.mean_loss, step);
}
