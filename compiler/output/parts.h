/* Inside of the output: what its files share.
 *
 * A Layout is the one description of the structs: the header prints it, entry points address by it, the report adds it
 * up. A Scope says how the function that is being printed calls its tensors, indices and keys. */
#ifndef NNC_PARTS_H
#define NNC_PARTS_H
#include "../equations/map.h"
#include "output.h"

/* ---- C types ----------------------------------------------------------------------------------------------------- */
typedef enum { C_ANY, C_REAL, C_DOUBLE, C_INT, C_LONG, C_BYTE, C_INT32, C_KEY, C_STRUCT } CType;
const char *c_type_name(CType type);                            /* as in the C file, where nn_real is called real */
CType element_type(const Tensor *t);                            /* of the array that holds t */
bool same_name(const Tensor *a, const Tensor *b);

/* ---- names.c ----------------------------------------------------------------------------------------------------- */
typedef struct Names { const struct Names *outer; Map taken; } Names;
Names *names_new(const Names *outer);
void name_take(Names *names, const char *name);
bool name_taken(const Names *names, const char *name);          /* in this scope or one around it */
const char *name_add(Names *names, const char *wanted);         /* a C identifier like it that is not taken; takes it */
const char *name_safe(const char *wanted);                      /* a C and C++ identifier that is no word of theirs */
const char *name_upper(const char *name);
typedef struct Layout Layout;
Names *names_of_module(const Module *m, const Layout *l);       /* everything at file scope but the kernels */
const char *base_name(const char *path);

/* ---- layout.c: what the structs contain -------------------------------------------------------------------------- */
typedef enum {
    STRUCT_PARAMS, STRUCT_STATE, STRUCT_OPTIMIZER, STRUCT_HYPER, STRUCT_TOTALS, STRUCT_GATHERED, STRUCT_MEMORY, STRUCT_WATCH, STRUCT_WORK,
    STRUCT_PREDICT_WORK, STRUCT_INSTANCE, STRUCT_COUNT
} StructKind;
typedef struct Member {
    const char *name, *about;
    const char *c_type;                 /* a type of nn.h that is as large as `type` with these dims; or NULL */
    CType type;
    StructKind of;                      /* C_STRUCT: which */
    int rank;
    int64_t dim[12];
    const Tensor *tensor;               /* NULL: none */
} Member;
typedef struct Struct {                 /* no members: it does not exist */
    const char *suffix, *about;
    LIST(Member) members;
    Names names;                        /* of its members */
    Map places;                         /* by the name of a member's tensor: 1 + the place of the member */
} Struct;
struct Layout { Struct of[STRUCT_COUNT]; };

Layout *layout_new(const Module *m);
const Member *member_of(const Layout *l, StructKind kind, const Tensor *t);     /* NULL: not there */
int64_t member_count(const Member *member);                     /* elements */
int64_t struct_size(const Layout *l, StructKind kind, int real_bytes);
int64_t struct_offset(const Layout *l, StructKind kind, const Member *member, int real_bytes);
const char *struct_name(const Module *m, const Layout *l, StructKind kind);     /* lenet_params; the instance: lenet */

/* ---- print_c.c --------------------------------------------------------------------------------------------------- */
typedef struct Binding {
    const void *what;                   /* a Tensor, Index or Site */
    const char *text;
    CType type;
    bool pointer;                       /* of rank 0, and read as *text */
} Binding;
typedef struct Scope {
    Names *names;
    LIST(Binding) bound;
    bool host;                          /* reals are computed in double */
    const char *stem;                   /* locals called STEM_x are called x; or NULL */
    const Tensor *count;                /* the runtime extent of the batch, or NULL */
    const Index *vector;                /* what moves along it is a vector; NULL: outside of vector loops */
    bool lanes;                         /* in a loop over lanes: conditions have no branches */
    bool pass;                          /* in a pass: the last dim of vector locals is counted in vectors */
} Scope;
void scope_bind(Scope *s, const void *what, const char *text, CType type, bool pointer);
const Binding *binding(const Scope *s, const void *what);       /* NULL: not bound */
/* The text of an expression as an operand of something that binds as tightly as `precedence`, converted to `want`. */
enum {
    C_PREC_LOOSEST, C_PREC_SELECT, C_PREC_OR, C_PREC_AND, C_PREC_EQUAL, C_PREC_LESS, C_PREC_SUM, C_PREC_TERM, C_PREC_UNARY,
    C_PREC_CALL
};
void c_expr(Writer *w, Scope *s, const Expr *e, int precedence, CType want);
void c_tree(Writer *w, Scope *s, const Nodes *body, int depth);
char *c_number(double value);                                   /* the shortest decimal that reads back equal */
char *c_dims(const Tensor *t, int from);                        /* "[6][28][28]" */

/* ---- functions.c: kernels as static functions -------------------------------------------------------------------- */
typedef LIST(const Site *) Sites;
typedef struct Argument { const char *name; CType type; int rank; bool by_value, written, constant; } Argument;
typedef struct Function {
    const Kernel *kernel;
    Entry entry;
    const char *name;
    bool general;                       /* for rows of any length, and used for several tensors: its names are general too */
    Argument *argument;                 /* one for each of kernel->arguments */
    const struct Uses *uses;            /* the calls of the module: of this kernel and of those that are the same */
} Function;
typedef struct Functions { Function *at; int n, room; Map places; } Functions;      /* of a kernel: 1 + the place of its function */
Functions *functions_new(const Module *m, Names *file_scope);
const Function *function_of(const Functions *f, const Kernel *k);       /* of k, or of what it is the same as */
bool begins_at_zero(Entry e, const Kernel *k);                  /* it sets zeros where there are zeros already: no function */
const char *without_stem(const char *stem, const char *name);
void functions_print(Writer *w, const Module *m, const Functions *f, const Names *file_scope);
void sites_of(Sites *sites, const Kernel *k);                   /* in order of first use */
bool is_stored(const Tensor *t);
void find_site(const Expr *e, void *sites);                     /* for visit_nodes */
const char *place_of(const Module *m, const Equation *e);       /* in the user's own text: "lenet.nn:7" */
Map next_values(const Program *p);                              /* the next values of a program, by their names */
/* An equation as models write it; next_of: the next values of each entry's program. */
char *equation_text(const Map *next_of, Entry entry, const Equation *e);
bool is_backward(const Kernel *k);                              /* computes nothing but gradients */
int origin_line(const Module *m, const Origin *o);              /* of the model's own text; 0: none */
void put_line(Writer *w, int depth, const char *line);          /* broken where it is too long */
void section_print(Writer *w, const char *title);
/* A line of a comment between `begin` and `end`, broken where it is too long; nothing in it can end the comment. */
void put_comment(Writer *w, const char *begin, const char *line, const char *end);

/* ---- trap.c ------------------------------------------------------------------------------------------------------ */
typedef struct Traps {
    const Module *m;
    LIST(const char *) rows;            /* of the table, each as C */
    Map next_of[ENTRY_COUNT];
    LIST(const Tensor *) meant;         /* computed from an infinity that stands in the model's text */
} Traps;
Traps *traps_new(const Module *m);
int trap_given(Traps *traps, const Tensor *t);                  /* the number of the row of what a call begins with */
/* The row of what e computes, as it is stored in t. */
int trap_row(Traps *traps, Entry entry, const Equation *e, const Tensor *t);
const Equation *trap_equation(const Kernel *k, const Tensor *t);        /* what t holds after the kernel; NULL: a copy */
void traps_print(Writer *w, const Traps *traps);

/* ---- profile.c --------------------------------------------------------------------------------------------------- */
typedef struct Profile { const Module *m; LIST(const char *) rows; Map next_of[ENTRY_COUNT]; } Profile;
Profile *profile_new(const Module *m);
int profile_row(Profile *profile, Entry entry, const Function *f, const Kernel *call);     /* the number of a new row */
void profile_print(Writer *w, const Profile *profile);

/* ---- entry.c: the functions that callers see --------------------------------------------------------------------- */
extern const char *const entry_name[ENTRY_COUNT];               /* without the prefix */
const char *public_name(const Module *m, const Tensor *t);      /* of an input, an output or a length, as callers know it */
const char *most_of(const Module *m, const Tensor *length);     /* the constant that is its largest value */
void signature_print(Writer *w, const Module *m, const Layout *l, const char *function, const char *end);
void entries_print(Writer *w, const Module *m, const Layout *l, const Functions *f, const Names *file_scope,
                   Traps *traps, Profile *profile);     /* NULL without --trap, --profile */
Tensors model_inputs(const Model *m, bool targets);             /* inputs, then (if asked) targets */

/* ---- table.c ----------------------------------------------------------------------------------------------------- */
void put_string(Writer *w, const char *s, size_t length);       /* a C string literal */
int length_number(const Model *m, const Tensor *count);
void table_print(Writer *w, const Module *m, const Layout *l, int traps, int profile);

/* ---- report.c ---------------------------------------------------------------------------------------------------- */
void put_json(Writer *w, const char *s);
void put_json_dims(Writer *w, const int64_t *dim, int rank);
#endif
