/* command.h: what tests of the trainer share: data, and commands of the tiny model. */
#ifndef COMMAND_H
#define COMMAND_H
#include "commands.h"
#include "tiny.c"

static inline void make_data(void) {
    FILE *out = fopen("data.csv", "w");
    uint64_t state = 3;
    fprintf(out, "a,b,c,y\n");
    for (int i = 0; i < 53; i++) {
        double x[3], y = 0.25;
        for (int k = 0; k < 3; k++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            x[k] = (double)(state >> 40) / 0x1p23 - 1;
            y += x[k] * (k + 1);
        }
        fprintf(out, "%.6f,%.6f,%.6f,%.6f\n", x[0], x[1], x[2], y);
    }
    fclose(out);
}

static const nn_model *served = &tiny_model;

static inline int command(const char *words) { return command_of(served, words); }

#define DATA " --train x=data.csv:0-2 --train y=data.csv:y --test x=data.csv:0-2 --test y=data.csv:y "
#endif
