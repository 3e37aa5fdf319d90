/* Two models in one program: their steps in turn leave what each leaves alone. Built with -DFIRST=mlp_model and so on. */
#include "drive.h"

extern const nn_model FIRST, SECOND;
enum { STEPS = 4 };

int main(void) {
    const nn_model *models[2] = { &FIRST, &SECOND };
    void *together[2], *alone[2];
    for (int k = 0; k < 2; k++) {
        together[k] = instance_new(models[k], 5);
        alone[k] = instance_new(models[k], 5);
        for (int s = 0; s < STEPS; s++) step(models[k], alone[k], s);
    }
    for (int s = 0; s < STEPS; s++)
        for (int k = 0; k < 2; k++) step(models[k], together[k], s);
    int failed = 0;
    for (int k = 0; k < 2; k++) {
        if (!same_instance(models[k], together[k], alone[k])) {
            printf("%s differs when another model trains beside it\n", models[k]->name);
            failed = 1;
        }
        free(together[k]);
        free(alone[k]);
    }
    return failed;
}
