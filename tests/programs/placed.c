/* An instance may stand at any address that its numbers may: parameters, gradients and states are the same everywhere. Built with
 * -DMODEL=mlp_model. */
#include "drive.h"

extern const nn_model MODEL;
enum { STEPS = 3, LINE = 64 };

static int differ(const nn_tensor *t, int n, const char *a, const char *b) {
    for (int k = 0; k < n; k++) {
        const nn_type type = t[k].type;
        size_t bytes = type == NN_U8 ? 1 : type == NN_I32 || type == NN_F32 ? 4 : 8;
        for (int d = 0; d < t[k].rank; d++) bytes *= (size_t)t[k].dim[d];
        if (memcmp(a + t[k].offset, b + t[k].offset, bytes)) return printf("%s is another\n", t[k].name), 1;
    }
    return 0;
}

int main(void) {
    int failed = 0;
    char *first = NULL;
    for (int at = 0; at < LINE; at += (int)sizeof(double)) {
        char *memory = need(MODEL.size + LINE), *instance = memory + at;
        MODEL.init(instance, 5);
        for (int s = 0; s < STEPS; s++) step(&MODEL, instance, s);
        if (!first) first = instance;
        else {
            if (differ(MODEL.params, MODEL.n_params, first, instance) || differ(MODEL.grads, MODEL.n_grads, first, instance) ||
                differ(MODEL.states, MODEL.n_states, first, instance)) printf("with an instance %d bytes behind a line\n", at), failed = 1;
            free(memory);
        }
    }
    free(first);
    return failed;
}
