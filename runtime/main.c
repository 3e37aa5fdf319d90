/* main.c: the program of a model that comes without a main of its own.
 *
 * The linker takes this from the archive only where main is missing. Which model it serves is the one that the generated file
 * proposes by NN_MAIN_MODEL; the reference is weak so that a program without any gets a message and no linker's riddle.
 *
 * SPDX-License-Identifier: 0BSD */
#include "nn.h"
#include <stdio.h>

#if defined __GNUC__
#pragma weak nn_main_model
#endif

int main(int argc, char **argv) {
    const nn_model *const *place = &nn_main_model;
    if (!place) {
        fprintf(stderr, "%s: no model is linked in; add a file that nnc has written\n", argc > 0 ? argv[0] : "nn");
        return 2;
    }
    return nn_main(*place, argc, argv);
}
