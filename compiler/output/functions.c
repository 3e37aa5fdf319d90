/* Kernels as static functions, each under the equations that it computes and the lines of the model that they came from.
 *
 *     / * mlp.nn:5: h[o] = max(sum(i) w[o, i]*image[i] + b[o], 0) * /
 *     static void mlp_h(int n, const real (*restrict image)[784], const real (*restrict w)[784], ...
 *
 * Numbers come first, by value, then keys of random numbers, then arrays. Arrays of one dimension carry const where they
 * are only read. Arrays of more carry it where every call hands in something that is const itself (parameters, states,
 * inputs): C11 has no way to pass another array of arrays as const. No two pointers of a call overlap, hence restrict.
 * A kernel that is the same as an earlier one has no function of its own; its use is listed above the one it shares. */
#include "parts.h"
#include <ctype.h>
#include <string.h>

/* ---- what a kernel needs ----------------------------------------------------------------------------------------- */
void find_site(const Expr *e, void *data) {
    Sites *sites = data;
    if (e->kind != X_RANDOM) return;
    for (int k = 0; k < sites->n; k++)
        if (sites->at[k] == e->site) return;
    PUSH(*sites, e->site);
}

static void sites_below(Sites *sites, const Nodes *nodes) {
    for (int k = 0; k < nodes->n; k++) {
        const Node *n = nodes->at[k];
        if (n->value) visit_nodes(n->value, find_site, sites);
        sites_below(sites, &n->body);
    }
}

void sites_of(Sites *sites, const Kernel *k) { sites_below(sites, &k->body); }

static bool writes(const Nodes *nodes, const Tensor *t) {
    for (int k = 0; k < nodes->n; k++) {
        const Node *n = nodes->at[k];
        if ((n->kind == NODE_ASSIGN && n->tensor == t) || (n->kind == NODE_GEMM && n->gemm->c == t) || writes(&n->body, t))
            return true;
    }
    return false;
}

/* Whether a tensor lives in memory; the others are numbers that the entry point knows or computes. */
bool is_stored(const Tensor *t) {
    return t->role != ROLE_SCALAR && t->role != ROLE_LENGTH && t->role != ROLE_HYPER && !t->host;
}

/* The C type of a number that is handed in by value. */
static CType value_type(const Model *model, const Tensor *t, const Tensor *actual) {
    if (actual && is_stored(actual)) return element_type(actual) == C_INT32 ? C_INT : element_type(actual);
    if (t->type == REAL) return C_REAL;
    if (actual && t->role == ROLE_SCALAR) return same_name(t, model->count) ? C_INT : C_LONG;
    if (t->role == ROLE_LENGTH) return C_INT;
    return t->hi < INT32_MAX ? C_INT : C_LONG;
}

/* What the entry points hold as const. */
static bool held_const(const Tensor *t) {
    return t->role == ROLE_PARAM || t->role == ROLE_STATE || t->role == ROLE_INPUT || t->role == ROLE_TARGET;
}

static const Kernel *root(const Kernel *k) {
    while (k->same) k = k->same;
    return k;
}

static void describe(Function *f, const Module *m) {
    const Kernel *k = f->kernel;
    f->argument = NEW_ARRAY(Argument, k->arguments.n + 1);
    for (int a = 0; a < k->arguments.n; a++) {
        const Tensor *t = k->arguments.at[a], *actual = k->actuals.n ? k->actuals.at[a] : t;
        Argument *argument = &f->argument[a];
        *argument = (Argument){ .rank = t->rank, .written = writes(&k->body, t), .constant = true };
        argument->by_value = t->rank == 0 && !argument->written;
        argument->type = argument->by_value ? value_type(m->model, t, actual)
                       : actual->byte ? C_BYTE : element_type(actual);
    }
}

typedef struct { Entry entry; const Kernel *kernel; } Use;
typedef struct Uses { LIST(Use) list; } Uses;

/* The uses of each function of the module, by its kernel. */
static Map uses_of(const Module *m) {
    Map all = { 0 };
    for (Entry e = 0; e < ENTRY_COUNT; e++)
        for (int k = 0; m->schedule[e] && k < m->schedule[e]->kernels.n; k++) {
            const Kernel *kernel = m->schedule[e]->kernels.at[k];
            Uses *uses = map_get(&all, root(kernel));
            if (!uses) map_put(&all, root(kernel), uses = NEW(Uses));
            PUSH(uses->list, ((Use){ e, kernel }));
        }
    return all;
}

/* A use of the function takes const from each of its arrays of arrays that it cannot hand in as const. */
static void note_use(Function *f, const Kernel *use) {
    for (int a = 0; a < use->arguments.n; a++) {
        const Tensor *actual = use->actuals.n ? use->actuals.at[a] : use->arguments.at[a];
        if (f->argument[a].written || (f->argument[a].rank > 1 && actual && !held_const(actual))) f->argument[a].constant = false;
    }
}

/* An instance and a memory start as zeros, so what begins at 0 needs no code. */
bool begins_at_zero(Entry e, const Kernel *k) {
    bool zero = (e == ENTRY_INIT || e == ENTRY_BEGIN) && k->equations.n > 0;
    for (int q = 0; zero && q < k->equations.n; q++) {
        const Equation *equation = k->equations.at[q];
        zero = equation->op == REDUCE_NONE && equation->body->kind == X_NUM && equation->body->num == 0;
    }
    return zero;
}

/* Of update and average lines: what changes parameters, their averages, and what is kept for them. */
static bool is_clocked(Entry e) { return e == ENTRY_UPDATE || e == ENTRY_AVERAGE || e == ENTRY_EPOCH; }

static bool is_general(Entry e, const Kernel *k, const Uses *uses) { return is_clocked(e) && k->length && uses->list.n > 1; }

/* What a general function calls a tensor that it is handed: as update lines do. */
static const char *general_name(const Tensor *t) {
    const char *dot = t->path ? strrchr(t->path, '.') : NULL;
    if (t->role == ROLE_AVERAGE) return "a";
    return t->role == ROLE_PARAM ? "w" : t->role == ROLE_GRAD ? "g" : t->role == ROLE_MOMENT && dot ? dot + 1 : t->name;
}

const char *without_stem(const char *stem, const char *name) {
    size_t length = stem ? strlen(stem) : 0;
    return length && strncmp(name, stem, length) == 0 && name[length] == '_' && name[length + 1] ? name + length + 1 : name;
}

/* What a next value or an average belongs to. */
static const char *home_name(const Tensor *t) {
    while (t->of && (t->role == ROLE_NEXT || t->role == ROLE_AVERAGE)) t = t->of;
    return t->name;
}

/* The name of a function without the prefix: that of the kernel, which is named after what it computes. What updates or
 * starts a tensor is named after the tensor; what another entry point does in its own way, after the entry point. */
static const char *function_name(const Module *m, const Function *f, const Names *file_scope) {
    const Kernel *k = f->kernel;
    const Entry e = f->entry;
    const Tensor *last = k->equations.n ? k->equations.at[k->equations.n - 1]->out : NULL;
    if (f->general) return text("%s_parameter", entry_name[e]);
    if (last && last->role == ROLE_NEXT && (is_clocked(e) || e == ENTRY_INIT || e == ENTRY_BEGIN || e == ENTRY_SURVEYED))
        return text("%s_%s", entry_name[e], home_name(last));
    for (int q = 0; q < k->equations.n; q++) {
        const char *name = k->equations.at[q]->out->name;
        size_t length = strlen(name);
        bool numbered = strncmp(k->name, name, length) == 0 && k->name[length] == '_'
                        && strspn(k->name + length + 1, "0123456789") == strlen(k->name + length + 1);
        if (numbered && name_taken(file_scope, text("%s_%s", m->prefix, name))) return text("%s_%s", entry_name[e], name);
    }
    return k->name;
}

Functions *functions_new(const Module *m, Names *file_scope) {
    Functions *list = NEW(Functions);
    const Map uses = uses_of(m);
    for (Entry e = 0; e < ENTRY_COUNT; e++) {
        const Schedule *s = m->schedule[e];
        for (int k = 0; s && k < s->kernels.n; k++) {
            const Kernel *kernel = s->kernels.at[k];
            if (kernel->same || begins_at_zero(e, kernel)) continue;
            Function f = { .kernel = kernel, .entry = e, .uses = map_get(&uses, kernel) };
            f.general = is_general(e, kernel, f.uses);
            f.name = name_add(file_scope, text("%s_%s", m->prefix, function_name(m, &f, file_scope)));
            describe(&f, m);
            for (int u = 0; u < f.uses->list.n; u++) note_use(&f, f.uses->list.at[u].kernel);
            PUSH(*list, f);
            map_put(&list->places, kernel, (void *)(intptr_t)list->n);
        }
    }
    return list;
}

const Function *function_of(const Functions *f, const Kernel *k) {
    int place = (int)(intptr_t)map_get(&f->places, root(k));
    return place ? &f->at[place - 1] : NULL;
}

/* ---- comments ---------------------------------------------------------------------------------------------------- */
int origin_line(const Module *m, const Origin *o) {
    for (; o; o = o->use)
        if (o->span.source && o->span.source == m->model->span.source) return span_line(o->span);
    return 0;
}

/* Where an equation came from, in the user's own text: "lenet.nn:7". */
const char *place_of(const Module *m, const Equation *e) {
    int line = origin_line(m, e->origin);
    if (line) return text("%s:%d", m->file, line);
    for (const Origin *o = e->origin; o; o = o->use)
        if (o->span.source && !o->span.source->library) return text("%s:%d", base_name(o->span.source->name), span_line(o->span));
    return m->file;
}

/* The last space within the width, as far out in the brackets as possible, but not in the first quarter of the line. */
static size_t break_of_comment(const char *line, size_t width) {
    size_t best = 0;
    int depth = 0, best_depth = 1 << 20;
    for (size_t k = 0; k <= width && line[k]; k++) {
        depth += line[k] == '(' || line[k] == '[' ? 1 : line[k] == ')' || line[k] == ']' ? -1 : 0;
        if (line[k] != ' ') continue;
        if (depth <= best_depth || best < width / 4) best = k, best_depth = depth;
    }
    return best;
}

/* The bytes of the character in UTF-8; 0: it is none, or one that a comment should not hold (controls, turns of direction). */
static int character_length(const unsigned char *c) {
    if (c[0] < 0x80) return (c[0] >= ' ' && c[0] != 0x7f) || c[0] == '\t';
    int length = c[0] >= 0xf0 && c[0] < 0xf5 ? 4 : c[0] >= 0xe0 && c[0] < 0xf0 ? 3 : c[0] >= 0xc2 && c[0] < 0xe0 ? 2 : 0;
    for (int k = 1; k < length; k++)
        if ((c[k] & 0xc0) != 0x80) return 0;
    bool direction = c[0] == 0xe2 && ((c[1] == 0x80 && (c[2] & 0xfe) >= 0x8e) || (c[1] == 0x81 && c[2] >= 0xa6));
    bool overlong = (c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xf0 && c[1] < 0x90);
    bool outside = (c[0] == 0xed && c[1] > 0x9f) || (c[0] == 0xf4 && c[1] > 0x8f);
    return direction || overlong || outside ? 0 : length;
}

/* Text that may stand in a comment: what would end the comment, or hide in it, is taken apart. */
static const char *safe_text(const char *line) {
    Writer safe = { 0 };
    put_text(&safe, "");
    for (const unsigned char *c = (const unsigned char *)line; *c; ) {
        size_t plain = 0;                           /* nearly all of it */
        while (c[plain] >= ' ' && c[plain] < 0x7f && !strchr("*/?", c[plain])) plain++;
        put_bytes(&safe, (const char *)c, plain);
        c += plain;
        if (!*c) break;
        int length = character_length(c);
        bool pair = (c[0] == '*' && c[1] == '/') || (c[0] == '/' && c[1] == '*') || (c[0] == '?' && c[1] == '?');
        if (length) put_bytes(&safe, (const char *)c, (size_t)length);
        if (pair || !length) put_text(&safe, pair ? " " : "?");
        c += length ? length : 1;
    }
    return safe.text;
}

void put_comment(Writer *w, const char *begin, const char *line, const char *end) {
    const char *rest = safe_text(line);
    size_t margin = strlen(begin);
    const char *colon = strstr(rest, ": ");         /* what follows a line number hangs below its equation */
    size_t deeper = rest[0] == ' ' ? strspn(rest, " ") : colon && colon - rest < 40 ? (size_t)(colon - rest) + 2 : 0;
    size_t hang = margin + deeper;
    while (strlen(rest) + margin > 112) {
        size_t at = break_of_comment(rest, 112 - margin);
        if (at == 0) break;
        put(w, "%s%.*s\n", begin, (int)at, rest);
        rest += at + 1;
        begin = text(" *%*s", (int)hang, "");
        margin = strlen(begin);
    }
    put(w, "%s%s%s\n", begin, rest, end);
}

Map next_values(const Program *p) {
    Map next = { 0 };
    for (int k = 0; p && k < p->equations.n; k++) {
        Tensor *t = p->equations.at[k]->out;
        if (t->role == ROLE_NEXT) map_put(&next, name_of(t->name), t);
    }
    return next;
}

static const Tensor *actual_named(const Kernel *k, const char *name, size_t length) {
    for (int a = 0; a < k->actuals.n; a++) {
        const Tensor *t = k->actuals.at[a];
        if (t && t->rank > 0 && strncmp(t->name, name, length) == 0 && t->name[length] == 0) return t;
    }
    return NULL;
}

static size_t word_length(const char *c) {
    size_t length = 0;
    while (c[length] == '_' || isalnum((unsigned char)c[length])) length++;
    return length;
}

/* The equation of a general function, in its own names and without indices, which are the same everywhere. */
static char *general_text(const Function *f, const Map *next_of, const Equation *e) {
    Writer w = { 0 }, general = { 0 };
    equation_print(&w, e);
    put_text(&general, "");
    for (const char *c = w.text; *c && *c != '\n'; ) {
        size_t length = word_length(c);
        const Tensor *next = length ? map_get(&next_of[f->entry], intern(c, length)) : NULL;
        const Tensor *t = next ? next->of : length ? actual_named(f->kernel, c, length) : NULL;
        if (t) put(&general, "%s%s", general_name(t), next ? "'" : "");
        else put_bytes(&general, c, length ? length : 1);
        c += length ? length : 1;
        if (t && *c == '[' && strchr(c, ']')) c = strchr(c, ']') + 1;
    }
    return general.text;
}

/* An equation in the language. Next values are written as models write them, w' for the next value of w; first values as w. */
char *equation_text(const Map *next_of, Entry entry, const Equation *e) {
    Writer w = { 0 }, renamed = { 0 };
    equation_print(&w, e);
    put_text(&renamed, "");
    for (const char *c = w.text; *c && *c != '\n'; ) {
        size_t length = word_length(c);
        const Tensor *next = length ? map_get(&next_of[entry], intern(c, length)) : NULL;
        if (next) put(&renamed, "%s%s", next->of->name, entry == ENTRY_INIT || entry == ENTRY_BEGIN || entry == ENTRY_SURVEYED ? "" : "'");
        else put_bytes(&renamed, c, length ? length : 1);
        c += length ? length : 1;
    }
    return renamed.text;
}

/* The equations of a general function, and the tensors that it is used for. */
static void print_general_heading(Writer *w, const Module *m, const Function *f, const Map *next_of) {
    const Kernel *k = f->kernel;
    Writer uses = { 0 };
    for (int q = 0; q < k->equations.n; q++) {
        const char *place = place_of(m, k->equations.at[q]), *equation = general_text(f, next_of, k->equations.at[q]);
        const char *line = q ? text("%*s  %s", (int)strlen(place), "", equation) : text("%s: %s", place, equation);
        put_comment(w, q ? " * " : "/* ", line, "");
    }
    for (int u = 0; u < f->uses->list.n; u++) {
        const Use *use = &f->uses->list.at[u];
        const Tensor *last = use->kernel->equations.at[use->kernel->equations.n - 1]->out;
        if (use->entry == f->entry) put(&uses, "%s%s", uses.length ? ", " : "for w in ", home_name(last));
    }
    put_comment(w, " * ", uses.text, " */");
}

/* The equations of a kernel and then the other uses of its function: by their equations where those differ. */
static void print_heading(Writer *w, const Module *m, const Function *f, const Map *next_of) {
    if (f->general) {
        print_general_heading(w, m, f, next_of);
        return;
    }
    Writer c = { 0 };
    Map printed = { 0 };
    const char *begin = "/* ", *last = "";
    for (int k = 0; k < f->kernel->equations.n; k++) {
        const Equation *e = f->kernel->equations.at[k];
        const char *place = place_of(m, e), *equation = equation_text(next_of, f->entry, e);
        bool again = strcmp(place, last) == 0;
        put_comment(&c, begin, again ? text("%*s  %s", (int)strlen(place), "", equation) : text("%s: %s", place, equation), "");
        map_put(&printed, name_of(equation), w);
        begin = " * ", last = place;
    }
    bool in[ENTRY_COUNT] = { false };
    for (int u = 0; u < f->uses->list.n; u++) {
        const Use *use = &f->uses->list.at[u];
        if (use->kernel == f->kernel) continue;
        if (use->entry != f->entry) in[use->entry] = true;
        for (int q = 0; q < use->kernel->equations.n; q++) {
            const Equation *e = use->kernel->equations.at[q];
            const char *equation = equation_text(next_of, use->entry, e);
            if (map_get(&printed, name_of(equation))) continue;
            map_put(&printed, name_of(equation), w);
            put_comment(&c, begin, text("and %s: %s", place_of(m, e), equation), "");
            begin = " * ";
        }
    }
    Writer others = { 0 };
    for (Entry e = 0; e < ENTRY_COUNT; e++)
        if (in[e]) put(&others, "%s%s", others.length ? ", " : "also in ", entry_name[e]);
    if (others.length) put_comment(&c, begin, others.text, "");
    if (c.length == 0) return;
    for (int k = 0; k < f->kernel->notes.lines.n; k++) put_comment(&c, " * ", f->kernel->notes.lines.at[k], "");
    c.text[c.length - 1] = 0;                       /* the last line carries the end of the comment */
    put(w, "%s */\n", c.text);
}

/* ---- functions --------------------------------------------------------------------------------------------------- */
static void print_function(Writer *w, const Module *m, const Function *f, const Names *file_scope, const Map *next_of) {
    Scope s = { .names = names_new(file_scope) };
    Writer values = { 0 }, keys = { 0 }, arrays = { 0 };
    const Kernel *k = f->kernel;
    if (k->first) {
        const char *parts = name_add(s.names, "parts");
        scope_bind(&s, k->first, text("%s.first", parts), C_INT, false);
        scope_bind(&s, k->last, text("%s.last", parts), C_INT, false);
        put(&values, ", nn_range %s", parts);
    }
    for (int turn = 0; turn < 2; turn++) {          /* numbers take their names first: `n` is always the batch */
        for (int a = 0; a < k->arguments.n; a++) {
            const Tensor *t = k->arguments.at[a];
            const Argument *g = &f->argument[a];
            if (g->by_value != (turn == 0)) continue;
            const Tensor *actual = k->actuals.n ? k->actuals.at[a] : t;
            const char *wish = f->general && actual ? general_name(actual) : t->name;
            if (same_name(t, m->model->count) && g->by_value) wish = "n";
            if (f->general && actual && actual->role == ROLE_PARAM) s.stem = actual->name;
            const char *name = name_add(s.names, wish);
            scope_bind(&s, t, name, g->type, !g->by_value && t->rank == 0);
            if (g->by_value) put(&values, ", %s %s", c_type_name(g->type), name);
            else if (t->rank > 1)
                put(&arrays, ", %s%s (*restrict %s)%s", g->constant ? "const " : "", c_type_name(g->type), name, c_dims(t, 1));
            else put(&arrays, ", %s%s *restrict %s", g->constant ? "const " : "", c_type_name(g->type), name);
        }
    }
    Sites sites = { 0 };
    sites_of(&sites, k);
    for (int i = 0; i < sites.n; i++) {
        const char *name = name_add(s.names, sites.n == 1 ? "key" : text("key_%d", i + 1));
        scope_bind(&s, sites.at[i], name, C_KEY, false);
        put(&keys, ", uint32_t %s", name);
    }
    Writer all = { 0 };
    put(&all, "%s%s%s", values.text ? values.text : "", keys.text ? keys.text : "", arrays.text ? arrays.text : "");
    print_heading(w, m, f, next_of);
    put_line(w, 0, text("static void %s(%s) {", f->name, all.length ? all.text + 2 : "void"));
    c_tree(w, &s, &k->body, 1);
    put_text(w, "}\n\n");
}

void section_print(Writer *w, const char *title) {
    put(w, "/* ---- %s ", title);
    for (size_t k = strlen(title); k < 104; k++) put_text(w, "-");
    put_text(w, " */\n");
}

bool is_backward(const Kernel *k) {
    for (int e = 0; e < k->equations.n; e++)
        if (!k->equations.at[e]->out->adjoint && k->equations.at[e]->out->role != ROLE_GRAD) return false;
    return k->equations.n > 0;
}

/* Why the backward pass does not go further. */
static void print_absent(Writer *w, const Model *m) {
    Tensors inputs = model_inputs(m, false);
    for (int k = 0; k < inputs.n; k++) put(w, "%s%s", k == 0 ? "/* " : k + 1 == inputs.n ? " and " : ", ", inputs.at[k]->name);
    if (inputs.n)
        put(w, " need%s no gradient: %s. */\n", inputs.n == 1 ? "s" : "", inputs.n == 1 ? "it is an input" : "they are inputs");
    Map trained = { 0 };
    for (int g = 0; g < m->grads.n; g++) map_put(&trained, name_of(m->grads.at[g]->of->name), w);
    for (int k = 0; k < m->params.n; k++) {
        const char *name = m->params.at[k]->name;
        if (!map_get(&trained, name_of(name))) put(w, "/* %s needs no gradient: no update changes it. */\n", name);
    }
}

void functions_print(Writer *w, const Module *m, const Functions *f, const Names *file_scope) {
    static const char *const sections[ENTRY_COUNT] = {
        "forward", "update", "averages of an epoch", "the end of an epoch", "evaluate: what differs from forward", "metrics", "rates",
        "predict: what differs from forward", "predict_one: one sample", "first values of memory", "survey of the data",
        "first values from the data", "first values of parameters and states"
    };
    int last = -1;
    Map next_of[ENTRY_COUNT];                       /* for the equations above the functions */
    for (Entry e = 0; e < ENTRY_COUNT; e++) next_of[e] = next_values(entry_program(m->model, e));
    for (int k = 0; k < f->n; k++) {
        bool backward = f->at[k].entry == ENTRY_GRADIENTS && is_backward(f->at[k].kernel);
        int section = 2 * (int)f->at[k].entry + backward;
        /* Forward and backward stand in the order of computation; the first gradient opens the second half. */
        if (section != last && !(f->at[k].entry == ENTRY_GRADIENTS && last == 2 * ENTRY_GRADIENTS + 1)) {
            section_print(w, backward ? "backward" : sections[f->at[k].entry]);
            if (backward) print_absent(w, m->model);
            put_text(w, "\n");
            last = section;
        }
        print_function(w, m, &f->at[k], file_scope, next_of);
    }
}
