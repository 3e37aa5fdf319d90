/* Two instances of one model in two threads leave what they leave one after the other. Built with -DMODEL=mlp_model. */
#include "drive.h"
#include <pthread.h>

extern const nn_model MODEL;
enum { STEPS = 6 };

static void *train(void *instance) {
    for (int s = 0; s < STEPS; s++) step(&MODEL, instance, s);
    return NULL;
}

int main(void) {
    void *threaded[2], *alone[2];
    pthread_t thread[2];
    for (int k = 0; k < 2; k++) {
        threaded[k] = instance_new(&MODEL, (uint64_t)k + 3);
        alone[k] = instance_new(&MODEL, (uint64_t)k + 3);
    }
    for (int k = 0; k < 2; k++)
        if (pthread_create(&thread[k], NULL, train, threaded[k])) return 2;
    for (int k = 0; k < 2; k++) train(alone[k]);
    int failed = 0;
    for (int k = 0; k < 2; k++) {
        pthread_join(thread[k], NULL);
        if (!same_instance(&MODEL, threaded[k], alone[k])) {
            printf("instance %d differs when another thread trains beside it\n", k);
            failed = 1;
        }
    }
    if (same_instance(&MODEL, alone[0], alone[1])) {
        printf("two seeds gave the same instance\n");
        failed = 1;
    }
    for (int k = 0; k < 2; k++) {
        free(threaded[k]);
        free(alone[k]);
    }
    return failed;
}
