/* A program as a picture: a Graphviz digraph of equations and of the tensors that they read.
 *
 *     nnc --emit=dot lenet.nn | dot -Tsvg > lenet.svg
 *
 * Boxes are equations, ellipses what is given; gradients are dashed. Nodes stand in the order of the program. */
#include "parts.h"
#include <inttypes.h>
#include <string.h>

typedef struct Reader {
    Writer *w;
    const Program *program;
    const Equation *equation;
    Tensors given;
    LIST(const Tensor *) drawn;
} Reader;

static bool listed(const Tensors *list, const Tensor *t) {
    for (int k = 0; k < list->n; k++)
        if (list->at[k] == t) return true;
    return false;
}

static void put_escaped(Writer *w, const char *s) {
    for (; *s; s++) {
        if (*s == '"' || *s == '\\') put(w, "\\%c", *s);
        else if (*s != '\n') put(w, "%c", *s);
    }
}

static void find_given(const Expr *e, void *data) {
    Reader *r = data;
    if (e->kind == X_READ && !equation_of(r->program, e->tensor) && !listed(&r->given, e->tensor))
        PUSH(r->given, (Tensor *)e->tensor);
}

static void draw_edge(const Expr *e, void *data) {
    Reader *r = data;
    if (e->kind != X_READ) return;
    for (int k = 0; k < r->drawn.n; k++)
        if (r->drawn.at[k] == e->tensor) return;
    PUSH(r->drawn, e->tensor);
    put(r->w, "  \"%s\" -> \"%s\";\n", e->tensor->name, r->equation->out->name);
}

static void draw_node(Writer *w, const Tensor *t, const char *label, const char *style) {
    put(w, "  \"%s\" [%s, label=\"", t->name, style);
    put_escaped(w, label);
    put_text(w, "\\n");
    for (int k = 0; k < t->rank; k++) put(w, "%s%" PRId64, k ? " x " : "", t->dim[k].extent);
    put_text(w, "\"];\n");
}

void graph_print(Writer *w, const Program *p) {
    Reader r = { .w = w, .program = p };
    put(w, "digraph %s {\n  node [fontname=\"monospace\", fontsize=10];\n", p->name);
    for (int k = 0; k < p->equations.n; k++) visit_nodes(p->equations.at[k]->body, find_given, &r);
    for (int k = 0; k < r.given.n; k++) draw_node(w, r.given.at[k], r.given.at[k]->name, "shape=ellipse");
    for (int k = 0; k < p->equations.n; k++) {
        const Equation *e = p->equations.at[k];
        Writer label = { 0 };
        equation_print(&label, e);
        bool gradient = e->out->adjoint || e->out->role == ROLE_GRAD;
        draw_node(w, e->out, label.text, gradient ? "shape=box, style=dashed" : "shape=box");
    }
    for (int k = 0; k < p->equations.n; k++) {
        r.equation = p->equations.at[k];
        r.drawn.n = 0;
        visit_nodes(r.equation->body, draw_edge, &r);
    }
    put_text(w, "}\n");
}
