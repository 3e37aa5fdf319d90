/* Kernels as text, for --emit=kernels: the equations that a kernel computes, then its loops.
 *
 *     kernel h (12544 operations, 54272 bytes)
 *       # h[n, o] = max(0, sum(i) w[o, i]*x[n, i])
 *       for n < batch, in chunks
 *         for o < 32
 *           sum := 0
 *           for i < 28
 *             sum += w[o, i]*x[n, i]
 *           h[n, o] = max(0, sum) */
#include "group.h"

static void indent(Writer *w, int depth) {
    put(w, "%*s", 2 * depth, "");
}

static void print_subs(Writer *w, const Expr *const *subs, int n) {
    for (int k = 0; k < n; k++) {
        put_text(w, k ? ", " : "[");
        expr_print(w, subs[k]);
    }
    if (n) put_text(w, "]");
}

static void print_bound(Writer *w, const Node *n) {
    if (!is_integer(n->from, 0)) {
        expr_print(w, n->from);
        put_text(w, " <= ");
    }
    put(w, "%s < ", n->index->name);
    expr_print(w, n->to);
    if (n->down) put_text(w, ", downwards");
    if (n->loop == LOOP_CHUNK) put_text(w, ", in chunks");
    if (n->loop == LOOP_LANE) put_text(w, ", in lanes");
    if (n->loop == LOOP_REGISTER) put_text(w, ", in registers");
    if (n->loop == LOOP_LANES || n->loop == LOOP_VECTOR) put_text(w, ", in vectors");
    if (n->loop == LOOP_PASS) put_text(w, ", in passes");
    if (n->loop == LOOP_TURN) put_text(w, ", turned");
}

static void print_gemm(Writer *w, const Gemm *g) {
    put(w, "%s %s %s%s %s%s  (m ", g->c->name, g->add ? "+=" : "=", g->a->name, g->a_transposed ? "'" : "", g->b->name,
        g->b_transposed ? "'" : "");
    expr_print(w, g->m);
    put_text(w, ", n ");
    expr_print(w, g->n);
    put_text(w, ", k ");
    expr_print(w, g->k);
    put_text(w, ")");
}

static void print_nodes(Writer *w, const Nodes *nodes, int depth) {
    static const char *const how[] = {"=", "+=", "*=", "max=", "min="};
    for (int k = 0; k < nodes->n; k++) {
        const Node *n = nodes->at[k];
        indent(w, depth);
        switch (n->kind) {
        case NODE_LOOP:
            put_text(w, "for ");
            print_bound(w, n);
            break;
        case NODE_DECLARE:
            put_text(w, n->tensor->name);
            for (int d = 0; d < n->tensor->rank; d++)
                put(w, "%s%lld%s", d ? ", " : "[", (long long)n->tensor->dim[d].extent, d + 1 == n->tensor->rank ? "]" : "");
            put_text(w, n->value || n->zero ? " := " : " :=");
            if (n->sums_lanes) put_text(w, "sum of lanes from ");
            if (n->value) expr_print(w, n->value);
            else if (n->zero) put_text(w, "0");
            break;
        case NODE_ASSIGN:
            put_text(w, n->tensor->name);
            print_subs(w, n->subs, n->n_subs);
            put(w, " %s ", how[n->assign]);
            expr_print(w, n->value);
            break;
        case NODE_ASK:
            put(w, "ask for %s", n->tensor->name);
            print_subs(w, n->subs, n->n_subs);
            break;
        case NODE_IF:
            put_text(w, "if ");
            expr_print(w, n->value);
            break;
        case NODE_GEMM:
            print_gemm(w, n->gemm);
            break;
        }
        put_text(w, "\n");
        print_nodes(w, &n->body, depth + 1);
    }
}

void kernels_print(Writer *w, const Schedule *s) {
    put(w, "program %s: arena %lld reals, %lld integers\n", s->program->name, (long long)s->arena_size, (long long)s->whole_size);
    for (int k = 0; k < s->host.n; k++) {
        put_text(w, "number ");
        equation_print(w, s->host.at[k]);
        put_text(w, "\n");
    }
    for (int k = 0; k < s->kernels.n; k++) {
        const Kernel *kernel = s->kernels.at[k];
        put(w, "kernel %s (%.0f operations, %.0f bytes)", kernel->name ? kernel->name : "", kernel->flops, kernel->bytes);
        if (s->parallel) {
            put(w, ", phase %d", kernel->phase);
            if (kernel->parallel) put_text(w, ", parallel");
            else put(w, ", turn %d", kernel->turn);
        }
        if (kernel->same) put(w, ", the same as %s", kernel->same->name);
        put_text(w, "\n");
        for (int e = 0; e < kernel->equations.n; e++) {
            put_text(w, "  # ");
            equation_print(w, kernel->equations.at[e]);
            put_text(w, "\n");
        }
        if (!kernel->same) print_nodes(w, &kernel->body, 1);
    }
    for (int k = 0; k < s->arena.n; k++) {
        const Storage *here = &s->arena.at[k];
        put(w, "%s at %s%lld, %lld, phases %d to %d\n", here->tensor->name, here->whole ? "integer " : "",
            (long long)here->offset, (long long)here->size, here->first, here->last);
    }
}
