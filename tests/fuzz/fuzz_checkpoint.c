/* fuzz_checkpoint.c: checkpoints and weights from any bytes at all. What is refused has a reason; what is taken is in range.
 *
 *     make build/fuzz_checkpoint && build/fuzz_checkpoint -max_total_time=60
 *
 * SPDX-License-Identifier: 0BSD */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "../../runtime/checkpoint.h"
#include "../runtime/tiny.c"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    char name[64];
    static tiny m;
    nn_run run;
    nn_failure failure = { 0 };
    snprintf(name, sizeof name, "/tmp/nn-fuzz-%ld.safetensors", (long)getpid());
    FILE *f = fopen(name, "wb");
    if (!f) abort();
    fwrite(bytes, 1, size, f);
    fclose(f);
    if (nn_checkpoint_load(name, &tiny_model, &m, &run, &failure)) {
        if (run.batch < 1 || run.batch > TINY_BATCH || run.position < 0 || run.position > run.samples || m.step < 0 || m.epoch < 0)
            abort();
    } else if (!failure.text[0]) {
        abort();
    }
    failure.text[0] = 0;
    if (!nn_weights_load(name, &tiny_model, &m, NULL, &failure) && !failure.text[0]) abort();
    unlink(name);
    return 0;
}
