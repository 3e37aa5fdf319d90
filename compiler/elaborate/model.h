/* What the files for the lines of a model share. */
#ifndef NNC_MODEL_H
#define NNC_MODEL_H
#include "../equations/map.h"
#include "scope.h"

static inline const Tree *statements_of(const Elaborator *e) { return e->root->definition->child[1]; }

/* reach.c: the tensors that results need, themselves included. Zero at first; more results may be added. */
typedef struct Reached { Map known; LIST(const Tensor *) tensors; int walked; } Reached;
void reach(Reached *r, const Program *p, const Tensors *results);
bool reached(const Reached *r, const Tensor *t);
Program *program_new(const char *name);
Program *cut(const Program *p, const char *name, const Tensors *results);   /* watched tensors stay too */
void mark_host(const Program *p);
/* lines.c */
Scope *model_scope(Elaborator *e, const Tree *model, const Define *defines, int n_defines);
void train_line(Elaborator *e);
void input_line(Elaborator *e, const Tree *line, int part);     /* part 1: the same input, one sample long */
Tensor *host_scalar(const char *name, int64_t low, int64_t high);
Tensor *loss_lines(Elaborator *e);                              /* NULL: there is none */
void metric_lines(Elaborator *e, Tensors *metrics);
void output_lines(Elaborator *e, Tensors *outputs);
void watch_lines(Elaborator *e);
/* update.c */
const Tree *update_of(const Elaborator *e, const Tensor *parameter);        /* the line that fits it last, or NULL */
void warn_of_selectors(const Elaborator *e, const Tensors *params);          /* those that no parameter fits */
/* The programs of update and average lines go to the model. */
void update_programs(Elaborator *e, Tensor *const *params, Tensor *const *gradients, int n);
bool selector_fits(const Tree *selector, const Tensor *parameter);
Scope *line_scope(Elaborator *e, Instance *instance);
void add_value(Elaborator *e, Scope *s, const char *name, Value v, Span at);
/* average.c */
void check_averages(Elaborator *e);
Scope *lines_scope(Elaborator *e, const Scope *model);
void average_lines(Elaborator *e, Tensor *const *params, int n, Tensors *results);
void cut_clocks(Elaborator *e, const Tensors *results);
/* params.c */
bool line_has_total(const Elaborator *e, const Tree *line);
void finish_totals(Elaborator *e);                              /* when every parameter has given its part */
/* accumulate.c */
void begin_gathering(Elaborator *e);
typedef struct Gathering Gathering;
Gathering *gathering_new(Elaborator *e, Program *live, Program *resting, const Aims *aims_at_rest, Tensors *results);
bool gather_gradients(Gathering *g, const Tensor *loss, const Tensor *const *trained, int n, Tensor **out);
void gather_numbers(Gathering *g);
void begin_anew(Elaborator *e);
/* first.c */
Program *first_values(Elaborator *e, const Program *model, const Tensors *owned);
void first_memories(Elaborator *e, Tensors *results);
/* survey.c */
void survey_states(Elaborator *e, int from_scope, Tensors *firsts);             /* equations of first values from the data */
/* To `nexts`, those of the totals that these results read. */
void gathered_for(const Program *p, const Tensors *readers, Tensors *nexts);
void survey_reach(const Program *p, const Tensors *firsts, const Reached *live, Reached *at_rest);     /* what is surveyed for states that are read */
void survey_programs(Elaborator *e, const Program *p, const Tensors *firsts);
/* audit.c */
void check_program(const Model *m, const Program *p);
void warn_unused(Elaborator *e, const Scope *root);
#endif
