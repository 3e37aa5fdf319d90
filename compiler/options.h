/* The command line of nnc. */
#ifndef NNC_OPTIONS_H
#define NNC_OPTIONS_H
#include "memory.h"
#include <stdbool.h>
#include <stdio.h>

#define NNC_VERSION "0.1.0"

enum { EXIT_GOOD = 0, EXIT_MODEL = 1, EXIT_USAGE = 2, EXIT_FILE = 3, EXIT_INTERNAL = 4 };

typedef enum { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER } Color;

typedef struct CommandLine {
    const char *input;                  /* "-": standard input */
    const char *output, *header;        /* "-": standard output; NULL: not given */
    const char *prefix, *model, *emit;
    LIST(const char *) defines;         /* NAME=VALUE, both parts checked */
    bool depend, depend_too, phony;     /* -M, -MD, -MP */
    const char *depend_file;            /* -MF */
    LIST(const char *) targets;         /* -MT */
    bool check, check_passes, time, report, report_json, plain, blas, direct, trap, profile, no_warnings, warnings_are_errors;
    Color color;
    bool run;                           /* nnc run */
    char **arguments;                   /* of the program that `run` starts; ends with NULL */
} CommandLine;

/* Reads the arguments. -1: go on; otherwise the status to exit with (help was given, or the usage was wrong and this was
 * said). `print_passes` writes the list of passes for the help text. */
int command_line(CommandLine *command, int argc, char **argv, void (*print_passes)(FILE *to));
#endif
