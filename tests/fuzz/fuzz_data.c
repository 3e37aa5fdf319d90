/* fuzz_data.c: the readers of data on any bytes at all. The first byte chooses the name and the selector, the second the tensor;
 * whatever is taken must have the size that its dims say, since a batch will read all of it. What begins as a picture is one.
 *
 *     make build/fuzz_data && build/fuzz_data -max_total_time=60
 *
 * SPDX-License-Identifier: 0BSD */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "../../runtime/data.h"
#include "../../runtime/picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const struct { const char *ending; char *selector; } kinds[] = {
    { "idx", NULL }, { "npy", NULL }, { "csv", NULL }, { "csv", "0-1" }, { "csv", "y,a" }, { "csv", "1" },
    { "bin", NULL }, { "bin", "label" }, { "raw", "u8" }, { "raw", "i32" }, { "raw", "f32" }, { "raw", "f64" } };

static const nn_tensor tensors[] = { { .name = "x", .type = NN_F32, .rank = 1, .dim = { 2 }, .low = 1, .high = 0 },
                                     { .name = "y", .type = NN_I32, .low = 0, .high = 9 },
                                     { .name = "b", .type = NN_U8, .rank = 2, .dim = { 1, 2 }, .low = 0, .high = 255 },
                                     { .name = "d", .type = NN_F64, .low = 1, .high = 0 },
                                     { .name = "i", .type = NN_F32, .rank = 3, .dim = { 3, 32, 32 }, .low = 1, .high = 0 } };

static void picture(const uint8_t *bytes, size_t size) {
    nn_failure failure = { 0 };
    int64_t height, width;
    char name[64];
    snprintf(name, sizeof name, "/tmp/nn-fuzz-%ld.png", (long)getpid());
    FILE *f = fopen(name, "wb");
    if (!f) abort();
    fwrite(bytes, 1, size, f);
    fclose(f);
    if (nn_picture_size(name, &height, &width, &failure) && height * width <= 1 << 16) {
        for (int kind = NN_GREY; kind <= NN_VALUES; kind++) {
            unsigned char *planes = malloc((size_t)(3 * height * width));       /* exactly what it may write */
            failure.text[0] = 0;
            if (nn_picture_read(name, (nn_pixels)kind, height, width, planes, &failure) == (failure.text[0] != 0)) abort();
            free(planes);
        }
    }
    unlink(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    if (size > 8 && (bytes[0] == 0x89 || bytes[0] == 0xff)) return picture(bytes, size), 0;
    if (size < 2) return 0;
    size_t kind = bytes[0] % (sizeof kinds / sizeof *kinds), tensor = bytes[1] % 64 % (sizeof tensors / sizeof *tensors), count;
    char name[64];
    snprintf(name, sizeof name, "/tmp/nn-fuzz-%ld.%s", (long)getpid(), kinds[kind].ending);
    FILE *f = fopen(name, "wb");
    if (!f) abort();
    fwrite(bytes + 2, 1, size - 2, f);
    fclose(f);
    nn_failure failure = { 0 };
    nn_array a;
    nn_paths paths = { .path = (char *[]){ name }, .count = 1, .choice = { .part = kinds[kind].selector, .windows = bytes[1] & 64 } };
    if (nn_read_files(&paths, &tensors[tensor], false, NULL, &a, &failure)) {
        nn_dataset d = { .n_arrays = 1, .arrays = &a, .samples = a.dim[0] };
        nn_batches b;
        if (a.windows && !nn_windows_share(&d.windows, &a, &tensors[tensor], name, &failure)) abort();
        nn_windows_count(&d.windows, bytes[1] & 128);
        d.samples *= d.windows.per_sample;
        if (!nn_product(a.dim, a.rank, &count) || count % (a.dim[0] ? (size_t)a.dim[0] : 1)) abort();
        if (!nn_batches_open(&b, &d, &tensors[tensor], 1, 3, true, &failure)) abort();
        nn_batches_start(&b, 1, 0, 0);
        while (nn_batches_next(&b) > 0) {}
        nn_batches_close(&b);
        nn_array_free(&a);
    } else if (!failure.text[0]) {
        abort();
    }
    unlink(name);
    return 0;
}
