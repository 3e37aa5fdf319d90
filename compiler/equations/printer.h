/* Inside of printing: what print.c (equations) and print_model.c (whole models) share. */
#ifndef NNC_PRINTER_H
#define NNC_PRINTER_H
#include "program.h"

typedef LIST(const char *) NameList;
typedef struct { const Index *index; const char *name; } IndexName;
typedef struct {
    Writer *w;
    const Program *program;             /* of the equation, or NULL */
    const Index *batch;                 /* of the equation: the index that is not written */
    bool model;                         /* the text is to be a whole model */
    NameList names;                        /* that no index may have; sorted */
    LIST(IndexName) indices;            /* of the equation */
} Printer;

void printer_names(Printer *p, NameList names);
NameList program_names(const Program *program);
const char *tensor_text(const Printer *p, const Tensor *t);
void print_equation(Printer *p, const Equation *e);
void print_value(Printer *p, const Equation *e);                /* its right side */
void put_number(Writer *w, double v);                           /* in the fewest digits that read back equal */
#endif
