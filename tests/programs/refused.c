/* Calls that are not accepted write nothing and say so: n outside of 1 .. batch, a label outside of its range. */
#include "drive.h"

extern const nn_model MODEL;

int main(void) {
    void *m = instance_new(&MODEL, 1), *before = need(MODEL.size);
    Batch batch = batch_new(&MODEL, 1);
    int failed = 0;
    memcpy(before, m, MODEL.size);
    for (int n = -1; n <= MODEL.batch + 1; n += n == 0 ? MODEL.batch + 1 : 1) {
        double loss = MODEL.gradients(m, n, batch.lengths, (const void *const *)batch.data),
               mean = MODEL.evaluate(m, n, batch.lengths, (const void *const *)batch.data);
        if (loss == loss || mean == mean || !same_instance(&MODEL, m, before)) {
            printf("a call with n = %d is accepted\n", n);
            failed = 1;
        }
    }
    for (int k = 0; k < MODEL.n_inputs + MODEL.n_targets; k++) {
        if (MODEL.inputs[k].type != NN_I32 || MODEL.inputs[k].low > MODEL.inputs[k].high) continue;
        int32_t *label = batch.data[k], kept = *label;
        for (int turn = 0; turn < 2; turn++) {
            *label = (int32_t)(turn == 0 ? MODEL.inputs[k].low - 1 : MODEL.inputs[k].high + 1);
            double loss = MODEL.gradients(m, 1, batch.lengths, (const void *const *)batch.data);
            if (loss == loss || !same_instance(&MODEL, m, before)) {
                printf("%s = %d is accepted\n", MODEL.inputs[k].name, (int)*label);
                failed = 1;
            }
        }
        *label = kept;
    }
    double loss = MODEL.gradients(m, MODEL.batch, batch.lengths, (const void *const *)batch.data);
    if (loss != loss) {
        printf("a good call is refused\n");
        failed = 1;
    }
    batch_free(&MODEL, &batch);
    free(before);
    free(m);
    return failed;
}
