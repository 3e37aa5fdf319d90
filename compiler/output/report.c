/* The report: shapes, parameters, FLOPs and bytes, per equation and in total, as a table and as JSON.
 *
 * Bytes of structs come from the Layout that the header is printed from, so they are what sizeof gives. FLOPs are those of
 * the definition: elements of the result times terms of the reduction times real operations of the body, at the full
 * batch; what fusing repeats or saves is not counted. An equation without bytes is computed where it is read. */
#include "parts.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

static void count_operation(const Expr *e, void *data) {
    if (e->kind == X_OP && e->type == REAL && e->op != OP_STOP) ++*(double *)data;
}

static double equation_flops(const Equation *e) {
    double operations = e->op != REDUCE_NONE, times = 1;
    visit_nodes(e->body, count_operation, &operations);
    for (int k = 0; k < e->n_free; k++) times *= (double)e->free[k]->extent;
    for (int k = 0; k < e->n_bound; k++) times *= (double)e->bound[k]->extent;
    return operations * times;
}

static bool is_touched(const Schedule *s, const Tensor *t) {
    for (int k = 0; k < s->kernels.n; k++)
        for (int a = 0; a < s->kernels.at[k]->actuals.n; a++)
            if (s->kernels.at[k]->actuals.at[a] == t) return true;
    return false;
}

/* Bytes of the array that holds a result; 0: no array does. */
static int64_t stored_bytes(const Schedule *s, const Tensor *t) {
    const Tensor *at = t->role == ROLE_NEXT && !storage_of(s, t) ? t->of : t;
    if (!is_touched(s, at) || t->host) return 0;
    int64_t bytes = element_type(at) == C_DOUBLE ? 8 : 4;
    for (int k = 0; k < t->rank; k++) bytes *= room_of(t, k);
    return bytes;
}

static const char *shape_text(const Tensor *t) {
    Writer w = { 0 };
    put_text(&w, t->rank ? "" : "-");
    for (int k = 0; k < t->rank; k++) put(&w, "%s%" PRId64, k ? " x " : "", t->dim[k].extent);
    return w.text;
}

static const char *count_text(double n) {
    return n < 1e15 ? text("%.0f", n) : text("%.6g", n);
}

/* ---- as a table -------------------------------------------------------------------------------------------------- */
static void print_params(Writer *w, const Layout *l) {
    const Struct *params = &l->of[STRUCT_PARAMS];
    int64_t total = 0;
    put(w, "%-40s %-24s %12s %14s\n", "parameters", "shape", "count", "bytes");
    for (int k = 0; k < params->members.n; k++) {
        const Member *p = &params->members.at[k];
        const Tensor *t = p->tensor;
        put(w, "%-40s %-24s %12" PRId64 " %14" PRId64 "\n", t->path ? t->path : t->name, shape_text(t), member_count(p),
            4 * member_count(p));
        total += member_count(p);
    }
    put(w, "%-40s %-24s %12" PRId64 " %14" PRId64 "\n", "total", "", total, struct_size(l, STRUCT_PARAMS, 4));
}

static void print_structs(Writer *w, const Module *m, const Layout *l) {
    put(w, "\n%-65s %12s %14s\n", "memory", "bytes", "in double");
    for (int k = 0; k < STRUCT_COUNT; k++) {
        if (l->of[k].members.n == 0) continue;
        put(w, "%-65s %12" PRId64 " %14" PRId64 "\n", struct_name(m, l, (StructKind)k), struct_size(l, (StructKind)k, 4),
            struct_size(l, (StructKind)k, 8));
    }
}

static void print_entry(Writer *w, const Module *m, Entry e) {
    const Schedule *s = m->schedule[e];
    const Program *p = s->program;
    double flops = 0;
    put(w, "\n%-5s %-34s %-24s %12s %14s\n", "line", entry_name[e], "shape", "FLOPs", "bytes");
    for (int k = 0; k < p->equations.n; k++) {
        const Equation *q = p->equations.at[k];
        int line = origin_line(m, q->origin);
        int64_t bytes = stored_bytes(s, q->out);
        put(w, "%-5s %-34s %-24s %12s %14s\n", line ? text("%d", line) : "", q->out->name, shape_text(q->out),
            count_text(equation_flops(q)), bytes ? text("%" PRId64, bytes) : "-");
        flops += equation_flops(q);
    }
    put(w, "%-5s %-34s %-24s %12s %14" PRId64 "\n", "", "total, and its workspace", "", count_text(flops),
        4 * (s->arena_size + s->whole_size));
}

/* What was weighed for the kernels of an entry point, the chosen one marked; kernels that are the same as others are left out. */
static void print_schedules(Writer *w, const Module *m, Entry e) {
    const Schedule *s = m->schedule[e];
    bool any = false;
    for (int k = 0; k < s->kernels.n; k++) {
        const Kernel *kernel = s->kernels.at[k];
        if (kernel->same || kernel->notes.considered.n == 0) continue;
        if (!any) put(w, "\nschedules of %s%*s cycles\n", entry_name[e], (int)(86 - strlen(entry_name[e])), "");
        any = true;
        put(w, "  %s (%s FLOPs, %s bytes)\n", kernel->name, count_text(kernel->flops), count_text(kernel->bytes));
        for (int c = 0; c < kernel->notes.considered.n; c++) {
            const Considered *x = &kernel->notes.considered.at[c];
            put(w, "  %s %-92s %12.0f\n", x->chosen ? "*" : " ", x->what, x->cycles);
        }
    }
}

void report_print(Writer *w, const Module *m) {
    Layout *l = layout_new(m);
    put(w, "model %s of %s, batches of up to %" PRId64 "\n\n", m->model->name, m->file, m->model->batch);
    print_params(w, l);
    print_structs(w, m, l);
    for (Entry e = 0; e < ENTRY_COUNT; e++)
        if (m->schedule[e]) print_entry(w, m, e);
    for (Entry e = 0; e < ENTRY_COUNT; e++)
        if (m->schedule[e]) print_schedules(w, m, e);
}

/* ---- as JSON ----------------------------------------------------------------------------------------------------- */
void put_json(Writer *w, const char *s) {
    put_text(w, "\"");
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\') put(w, "\\%c", c);
        else if (c < ' ') put(w, "\\u%04x", c);
        else put(w, "%c", c);
    }
    put_text(w, "\"");
}

void put_json_dims(Writer *w, const int64_t *dim, int rank) {
    put_text(w, "[");
    for (int k = 0; k < rank; k++) put(w, "%s%" PRId64, k ? ", " : "", dim[k]);
    put_text(w, "]");
}

static void json_tensor(Writer *w, const Tensor *t) {
    int64_t dim[12];
    for (int k = 0; k < t->rank; k++) dim[k] = t->dim[k].extent;
    put_text(w, "\"name\": ");
    put_json(w, t->path ? t->path : t->name);
    put_text(w, ", \"shape\": ");
    put_json_dims(w, dim, t->rank);
}

static void json_entry(Writer *w, const Module *m, Entry e) {
    const Schedule *s = m->schedule[e];
    double flops = 0;
    put(w, "    \"%s\": {\n      \"equations\": [\n", entry_name[e]);
    for (int k = 0; k < s->program->equations.n; k++) {
        const Equation *q = s->program->equations.at[k];
        Writer equation = { 0 };
        equation_print(&equation, q);
        size_t length = strlen(equation.text);
        while (length && equation.text[length - 1] == '\n') equation.text[--length] = 0;
        put_text(w, "        { ");
        json_tensor(w, q->out);
        put(w, ", \"line\": %d, \"flops\": %s, \"bytes\": %" PRId64 ", \"equation\": ", origin_line(m, q->origin),
            count_text(equation_flops(q)), stored_bytes(s, q->out));
        put_json(w, equation.text);
        put(w, " }%s\n", k + 1 < s->program->equations.n ? "," : "");
        flops += equation_flops(q);
    }
    put(w, "      ],\n      \"flops\": %s,\n      \"kernels\": %d,\n      \"workspace\": %" PRId64 "\n    }", count_text(flops),
        s->kernels.n, 4 * (s->arena_size + s->whole_size));
}

void report_json_print(Writer *w, const Module *m) {
    Layout *l = layout_new(m);
    const Struct *params = &l->of[STRUCT_PARAMS];
    int64_t total = 0;
    put_text(w, "{\n  \"model\": ");
    put_json(w, m->model->name);
    put_text(w, ",\n  \"file\": ");
    put_json(w, m->file);
    put(w, ",\n  \"batch\": %" PRId64 ",\n  \"parameters\": [\n", m->model->batch);
    for (int k = 0; k < params->members.n; k++) {
        put_text(w, "    { ");
        json_tensor(w, params->members.at[k].tensor);
        put(w, ", \"count\": %" PRId64 " }%s\n", member_count(&params->members.at[k]), k + 1 < params->members.n ? "," : "");
        total += member_count(&params->members.at[k]);
    }
    put(w, "  ],\n  \"parameter_count\": %" PRId64 ",\n  \"bytes\": {", total);
    for (int turn = 0, some = 0; turn < STRUCT_COUNT; turn++)
        if (l->of[turn].members.n) {
            put(w, "%s\n    \"%s\": %" PRId64, some++ ? "," : "", struct_name(m, l, (StructKind)turn),
                struct_size(l, (StructKind)turn, 4));
        }
    put_text(w, "\n  },\n  \"bytes_in_double\": {");
    for (int turn = 0, some = 0; turn < STRUCT_COUNT; turn++)
        if (l->of[turn].members.n) {
            put(w, "%s\n    \"%s\": %" PRId64, some++ ? "," : "", struct_name(m, l, (StructKind)turn),
                struct_size(l, (StructKind)turn, 8));
        }
    put_text(w, "\n  },\n  \"entries\": {\n");
    bool some = false;
    for (Entry e = 0; e < ENTRY_COUNT; e++) {
        if (!m->schedule[e]) continue;
        if (some) put_text(w, ",\n");
        json_entry(w, m, e);
        some = true;
    }
    put_text(w, "\n  }\n}\n");
}
