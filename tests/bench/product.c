/* OpenBLAS alone: a step is one product of square matrices. Beside the peak of a loop that reads no memory, it says what a machine
 * gives in these rounds to a program that does nothing but multiply. */
#include "side.h"
#include <cblas.h>

enum { SIZE = 768 };
static float a[SIZE * SIZE], b[SIZE * SIZE], c[SIZE * SIZE];

static void multiply(void) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, SIZE, SIZE, SIZE, 1, a, SIZE, b, SIZE, 0, c, SIZE);
}

int main(void) {
    set_weights(a, SIZE * SIZE, SIZE, 0), set_weights(b, SIZE * SIZE, SIZE, 1);
    multiply();
    return serve(c[0], multiply);
}
