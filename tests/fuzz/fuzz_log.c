/* fuzz_log.c: logs of any bytes, read and drawn. Whatever is taken becomes a picture, and what is not has a message.
 *
 *     make build/fuzz_log && build/fuzz_log -max_total_time=60
 *
 * SPDX-License-Identifier: 0BSD */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "../../runtime/trainer.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    char name[64], picture[64];
    snprintf(name, sizeof name, "/tmp/nn-fuzz-%ld.log", (long)getpid());
    snprintf(picture, sizeof picture, "/tmp/nn-fuzz-%ld.svg", (long)getpid());
    FILE *f = fopen(name, "wb");
    if (!f) abort();
    fwrite(bytes, 1, size, f);
    fclose(f);
    const char *logs[] = { name, name };
    for (int n = 1; n <= 2; n++) {
        nn_failure failure = { 0 };
        nn_options o = { .logs = logs, .n_logs = n, .picture = picture };
        const int code = nn_plot(&o, &failure);
        if ((code == NN_DONE) != !failure.text[0] || (code == NN_DONE) != (access(picture, F_OK) == 0)) abort();
        unlink(picture);
    }
    unlink(name);
    return 0;
}
