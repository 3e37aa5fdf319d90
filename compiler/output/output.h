/* Output: a model and its schedules as C, as tables and as pictures.
 *
 *     Model and Schedules -> layout.c   what the structs contain, member by member, with exact sizes
 *                            names.c    C identifiers that never clash
 *                            print_c.c  expressions and loop trees
 *                            kernels.c  each kernel as a static function under its equations
 *                            entry.c    the entry points that call the kernels
 *                            accept.c   what they check
 *                            team.c     entry points whose kernels are shared by threads
 *                            trap.c     --trap: what is looked at, and where it came from
 *                            look.c     --trap: the statements that look
 *                            profile.c  --profile: what is measured, and where it came from
 *                            table.c    the constant table that describes the model to the runtime
 *                            module.c   the whole C file;  header.c  the whole header
 *                            report.c, api.c, graph.c   the same facts for people and for other tools
 *
 * Nothing here decides anything about the mathematics: what a schedule says is printed as it stands. The driver makes a
 * Module (module_new, then a schedule for each program that the model has), and calls the printers that it needs. */
#ifndef NNC_OUTPUT_H
#define NNC_OUTPUT_H
#include "../kernels/kernel.h"

typedef enum {
    ENTRY_GRADIENTS, ENTRY_UPDATE, ENTRY_AVERAGE, ENTRY_EPOCH, ENTRY_EVALUATE, ENTRY_METRICS, ENTRY_RATES, ENTRY_PREDICT, ENTRY_PREDICT_ONE, ENTRY_BEGIN,
    ENTRY_SURVEY, ENTRY_SURVEYED,
    ENTRY_INIT, ENTRY_COUNT
} Entry;

typedef struct ModuleOptions {
    const char *prefix;         /* of every C name; NULL: the model's name */
    const char *header;         /* the header as the C file names it; NULL: the model's name and .h. Only its base name counts */
    bool trap;                  /* code that looks at what it computes */
    bool profile;               /* code that measures what its kernels take */
} ModuleOptions;

typedef struct Module {
    const Model *model;
    const Schedule *schedule[ENTRY_COUNT];      /* NULL where the model has no such program */
    const char *prefix, *header;                /* as in the options, made safe */
    const char *file;                           /* the base name of the model's file */
    bool trap, profile;
} Module;

/* A module without schedules. The driver then sets schedule[e] of every e with an entry_program, in the order of Entry. */
Module *module_new(const Model *model, const ModuleOptions *options);
const Program *entry_program(const Model *model, Entry e);      /* NULL: the model has none */

void module_print(Writer *w, const Module *m);                  /* the C file */
void header_print(Writer *w, const Module *m);                  /* its header */
void report_print(Writer *w, const Module *m);                  /* --report */
void report_json_print(Writer *w, const Module *m);             /* --report=json */
void api_print(Writer *w, const Module *m);                     /* --emit=api: functions, structs and arrays as JSON */
void graph_print(Writer *w, const Program *p);                  /* --emit=dot: equations and what they read */
#endif
