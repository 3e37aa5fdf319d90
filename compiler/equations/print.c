/* Equations as text of the language.
 *
 * The batch index is not written: its equation is that of one sample, and a sum over it is sum(batch, ..). An index gets an
 * explicit range where the language would not find one: where no read without `else` has it alone as a subscript.
 * Index names that a tensor has too are numbered. What is printed reads back as the same mathematics:
 *
 *     y[n, o] = sum(i) w[o, i]*x[n, i]              prints  y[o] = sum(i) w[o, i]*x[i]
 *     s[n, o] = sum(u) x[n, o + u - 1 else 0]       prints  s[o < 8] = sum(u < 3) x[o + u - 1 else 0] */
#include "printer.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const words[] = {    /* of the language: nothing can be called so */
    "fn", "model", "param", "state", "input", "target", "output", "loss", "metric", "update", "average", "optimizer", "train",
    "watch", "import", "repeat", "each", "else", "and", "or", "not", "sum", "mean", "prod", "max", "min", "argmax", "argmin",
    "any", "all", "_" };
static const char *const predefined[] = {       /* values and functions: no index can be called so */
    "batch", "data", "params", "sample", "samples", "step", "epoch", "seed", "training", "predicting", "inf", "pi", "epsilon", "drop",
    "random", "stop", "grad", "where" };

static const char *const reduce_names[] = { "", "sum", "prod", "max", "min", "argmax", "argmin" };

/* --- names of indices --- */

static int by_text(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

static bool is_among(const char *name, const char *const *list, size_t n) {
    for (size_t k = 0; k < n; k++)
        if (!strcmp(name, list[k])) return true;
    return false;
}
#define IS_AMONG(name, list) is_among(name, list, sizeof (list) / sizeof *(list))

static bool is_tensor_name(const Printer *p, const char *name) {
    return p->names.n && bsearch(&name, p->names.at, (size_t)p->names.n, sizeof name, by_text);
}

static bool is_taken(const Printer *p, const char *name) {
    for (int k = 0; k < p->indices.n; k++)
        if (!strcmp(name, p->indices.at[k].name)) return true;
    return IS_AMONG(name, words) || IS_AMONG(name, predefined) || is_tensor_name(p, name);
}

void printer_names(Printer *p, NameList names) {
    if (names.n) qsort(names.at, (size_t)names.n, sizeof *names.at, by_text);
    p->names = names;
}

static const char *index_name(Printer *p, const Index *i) {
    for (int k = 0; k < p->indices.n; k++)
        if (p->indices.at[k].index == i) return p->indices.at[k].name;
    const char *base = i->name ? i->name : "i", *name = base;
    for (int k = 2; is_taken(p, name); k++) name = text("%s%d", base, k);
    PUSH(p->indices, ((IndexName){ i, name }));
    return name;
}

/* --- expressions --- */

void put_number(Writer *w, double v) {
    char digits[40];
    if (v != v) put(w, "(inf - inf)");
    else if (isinf(v)) put(w, v < 0 ? "-inf" : "inf");
    else if (fabs(v) < 1e9 && v == floor(v)) put(w, "%.0f", v == 0 ? 0 : v);
    else {
        for (int precision = 1; precision <= 17; precision++) {
            snprintf(digits, sizeof digits, "%.*g", precision, v == 0 ? 0 : v);
            if (strtod(digits, NULL) == v) break;
        }
        put_text(w, digits);
    }
}

static int precedence_of(const Expr *e) {
    switch (e->kind) {
    case X_NUM: return e->num < 0 ? PREC_SUM : PREC_CALL;
    case X_INT: return e->integer < 0 ? PREC_SUM : PREC_CALL;
    case X_SUM: return e->n == 1 && !e->integer && e->factor[0] > 0 ? PREC_TERM : PREC_SUM;
    case X_OP: return op_table[e->op].precedence;
    case X_REAL: return precedence_of(e->arg[0]);
    default: return PREC_CALL;
    }
}

static void print_at(Printer *p, const Expr *e, int precedence);

static void print_term(Printer *p, const Expr *atom, uint64_t factor) {
    if (factor != 1) put(p->w, "%llu*", (unsigned long long)factor);
    print_at(p, atom, factor == 1 ? PREC_TERM : PREC_POWER);
}

/* Positive terms, the constant if it can stand first, what is subtracted: 2*i + u - 1, 3 - i, -i - 1. */
static void print_sum(Printer *p, const Expr *e) {
    bool any = false;
    for (int k = 0; k < e->n; k++)
        if (e->factor[k] > 0) {
            put_text(p->w, any ? " + " : "");
            print_term(p, e->arg[k], (uint64_t)e->factor[k]);
            any = true;
        }
    if (e->integer > 0 && !any) {
        put(p->w, "%lld", (long long)e->integer);
        any = true;
    } else if (e->integer > 0) put(p->w, " + %lld", (long long)e->integer);
    for (int k = 0; k < e->n; k++)
        if (e->factor[k] < 0) {
            put_text(p->w, any ? " - " : "-");
            print_term(p, e->arg[k], -(uint64_t)e->factor[k]);
            any = true;
        }
    if (e->integer < 0) put(p->w, " - %llu", (unsigned long long)-(uint64_t)e->integer);
}

static bool is_batch(const Tensor *t) { return t->rank > 0 && counts_samples(t->dim[0].count); }
static bool is_plain(const Expr *sub, const Index *i) { return sub->kind == X_INDEX && sub->index == i; }

const char *tensor_text(const Printer *p, const Tensor *t) {
    if (!p->model) return t->name;
    if (t->role == ROLE_NEXT && t->of) return text("%s'", tensor_text(p, t->of));
    const char *name = t->name;
    while (IS_AMONG(name, words) || (name != t->name && is_tensor_name(p, name))) name = text("%s_value", name);
    return name;
}

static void print_read(Printer *p, const Expr *e) {
    int first = is_batch(e->tensor) && p->batch && is_plain(e->arg[0], p->batch);
    const char *name = tensor_text(p, e->tensor);
    if (is_batch(e->tensor) && !first) put(p->w, p->model ? "%s_samples" : "samples(%s)", name);
    else put_text(p->w, name);
    if (e->tensor->rank == first) return;
    for (int k = first; k < e->tensor->rank; k++) {
        put_text(p->w, k == first ? "[" : ", ");
        print_at(p, e->arg[k], PREC_PIPE);
    }
    if (e->guarded) {
        put_text(p->w, " else ");
        print_at(p, e->arg[e->n - 1], PREC_PIPE);
    }
    put_text(p->w, "]");
}

/* By the operator's text. An operand on the right of a left-associative operator binds tighter; comparisons would chain. */
static void print_operator(Printer *p, const Expr *e) {
    const OpRow *row = &op_table[e->op];
    int left = row->precedence, right = row->precedence + 1;
    if (e->op == OP_NEG) left = PREC_TERM;
    if (e->op == OP_POW) left = PREC_CALL, right = PREC_POWER;
    if (row->precedence == PREC_COMPARE) left = PREC_SUM;
    if (row->precedence == PREC_CALL) left = right = PREC_PIPE;
    bool minus = (e->op == OP_ADD || e->op == OP_SUB) && e->arg[1]->kind == X_NUM && e->arg[1]->num < 0;
    if (minus) {                                                /* a + -3 has no place in the grammar */
        print_at(p, e->arg[0], PREC_SUM);
        put_text(p->w, e->op == OP_ADD ? " - " : " + ");
        put_number(p->w, -e->arg[1]->num);
        return;
    }
    for (const char *c = row->text; *c; c++)
        if (*c != '%') put(p->w, "%c", *c);
        else if (*++c == 'a') print_at(p, e->arg[0], left);
        else if (*c == 'b') print_at(p, e->arg[1], right);
        else put(p->w, "%%");
}

static void print_at(Printer *p, const Expr *e, int precedence) {
    if (precedence_of(e) < precedence) {
        put_text(p->w, "(");
        print_at(p, e, PREC_PIPE);
        put_text(p->w, ")");
        return;
    }
    switch (e->kind) {
    case X_NUM: put_number(p->w, e->num); break;
    case X_INT: put(p->w, "%lld", (long long)e->integer); break;
    case X_INDEX: put_text(p->w, e->index == p->batch ? "sample" : index_name(p, e->index)); break;
    case X_SUM: print_sum(p, e); break;
    case X_READ: print_read(p, e); break;
    case X_OP: print_operator(p, e); break;
    case X_WHERE:
        put_text(p->w, "where(");
        for (int k = 0; k < 3; k++) {
            put_text(p->w, k ? ", " : "");
            print_at(p, e->arg[k], PREC_PIPE);
        }
        put_text(p->w, ")");
        break;
    case X_REAL: print_at(p, e->arg[0], precedence); break;
    case X_RANDOM: put_text(p->w, "random()"); break;
    }
}

/* --- ranges --- */

/* Whether the language finds the range of i by itself: some read without else has it alone as a subscript, every such place
 * has its extent, and none is of the same recurrence, whose extents may be what is asked for. */
static bool has_plain_place(const Equation *e, const Exprs *reads, const Printer *p, const Index *i) {
    bool found = false;
    for (int k = 0; k < reads->n; k++) {
        const Expr *r = reads->at[k];
        if (r->guarded) continue;
        bool own = r->tensor == e->out;
        const Equation *read = p->program && e->scan ? equation_of(p->program, r->tensor) : NULL;
        own |= read && read->scan == e->scan;
        for (int dim = 0; dim < r->tensor->rank; dim++) {
            if (!is_plain(r->arg[dim], i)) continue;
            if (!same_dim(r->tensor->dim[dim], dim_of(i))) return false;
            if (!own) found = true;
        }
    }
    return found;
}

static void print_index(Printer *p, const Equation *e, const Exprs *reads, const Index *i) {
    put_text(p->w, index_name(p, i));
    if (!has_plain_place(e, reads, p, i)) put(p->w, " < %s", dim_text(dim_of(i)));
}

/* --- equations --- */

/* The batch is the free index that runs over the samples, else the first bound one. */
static const Index *batch_of(const Equation *e) {
    for (int k = 0; k < e->n_free; k++)
        if (counts_samples(e->free[k]->count)) return e->free[k];
    for (int k = 0; k < e->n_bound; k++)
        if (counts_samples(e->bound[k]->count)) return e->bound[k];
    return NULL;
}

/* Would the text be an integer's, though the value is real? */
static bool reads_as_integer(const Expr *e) {
    if (e->kind == X_NUM) return fabs(e->num) < 1e15 && e->num == floor(e->num);
    if (e->kind == X_WHERE) return reads_as_integer(e->arg[1]) && reads_as_integer(e->arg[2]);
    if (e->kind != X_OP || e->type != REAL) return e->type != REAL || e->kind == X_REAL;
    if (op_table[e->op].real) return false;
    return reads_as_integer(e->arg[0]) && (e->n < 2 || reads_as_integer(e->arg[1]));
}

static void print_right(Printer *p, const Equation *e, const Exprs *reads) {
    if (e->op != REDUCE_NONE) {
        put(p->w, "%s(", reduce_names[e->op]);
        for (int k = 0; k < e->n_bound; k++) {
            put_text(p->w, k ? ", " : "");
            if (e->bound[k] == p->batch) put_text(p->w, "batch");
            else print_index(p, e, reads, e->bound[k]);
        }
        put_text(p->w, ") ");
    }
    bool wants_point = e->body->type == REAL && reads_as_integer(e->body);
    if (wants_point && e->body->kind == X_NUM && e->body->num >= 0) put(p->w, "%.1f", e->body->num);
    else {
        print_at(p, e->body, wants_point || e->op != REDUCE_NONE ? PREC_TERM : PREC_PIPE);
        if (wants_point) put_text(p->w, "*1.0");
    }
}

void print_value(Printer *p, const Equation *e) {
    Exprs reads = reads_of(e->body);
    p->indices.n = 0;
    p->batch = batch_of(e);
    print_right(p, e, &reads);
}

void print_equation(Printer *p, const Equation *e) {
    Exprs reads = reads_of(e->body);
    p->indices.n = 0;
    p->batch = batch_of(e);
    put_text(p->w, tensor_text(p, e->out));
    int first = e->n_free > 0 && e->free[0] == p->batch && counts_samples(e->free[0]->count);
    for (int k = first; k < e->n_free; k++) {
        put_text(p->w, k == first ? "[" : ", ");
        print_index(p, e, &reads, e->free[k]);
    }
    put_text(p->w, e->n_free > first ? "] = " : " = ");
    print_right(p, e, &reads);
}

static void gather_names(const Expr *e, void *data) {
    NameList *names = data;
    if (e->kind == X_READ) PUSH(*names, e->tensor->name);
}

static void find_batch(const Expr *e, void *data) {
    const Index **batch = data;
    if (!*batch && e->kind == X_READ && is_batch(e->tensor) && e->arg[0]->kind == X_INDEX) *batch = e->arg[0]->index;
}

void expr_print(Writer *w, const Expr *e) {
    Printer p = { .w = w };
    NameList names = { NULL, 0, 0 };
    visit_nodes(e, gather_names, &names);
    visit_nodes(e, find_batch, &p.batch);
    printer_names(&p, names);
    print_at(&p, e, PREC_PIPE);
}

void equation_print(Writer *w, const Equation *e) {
    Printer p = { .w = w };
    NameList names = { NULL, 0, 0 };
    visit_nodes(e->body, gather_names, &names);
    PUSH(names, e->out->name);
    printer_names(&p, names);
    print_equation(&p, e);
}

/* The names of all tensors that the program mentions. */
NameList program_names(const Program *program) {
    NameList names = { NULL, 0, 0 };
    for (int k = 0; k < program->equations.n; k++) {
        visit_nodes(program->equations.at[k]->body, gather_names, &names);
        PUSH(names, program->equations.at[k]->out->name);
    }
    return names;
}

void program_print(Writer *w, const Program *program) {
    Printer p = { .w = w, .program = program };
    printer_names(&p, program_names(program));
    for (int k = 0; k < program->equations.n; k++) {
        print_equation(&p, program->equations.at[k]);
        put_text(w, "\n");
    }
}
