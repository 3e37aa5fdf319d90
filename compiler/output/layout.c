/* What the structs of a module contain: the header prints this table, entry points address by it, the report adds it up.
 *
 *     params   lenet_params       every parameter with its real dimensions, in the order of the model
 *     state    lenet_state        what layers keep from step to step, needed to predict
 *     ...
 *     instance lenet              all of them, the gradients (again a lenet_params), the clocks and the workspace
 *
 * A struct without members does not exist, and neither does the member of the instance that would hold it. Members are
 * arrays and numbers, never pointers, so an instance can be copied, mapped and written as it stands. Sizes follow the
 * rules of C on every machine that aligns a number to its own size; the tests compare them with sizeof. */
#include "parts.h"
#include <string.h>

const char *c_type_name(CType type) {
    switch (type) {
    case C_DOUBLE: return "double";
    case C_INT: return "int";
    case C_LONG: return "int64_t";
    case C_BYTE: return "unsigned char";
    case C_INT32: return "int32_t";
    case C_KEY: return "uint32_t";
    default: return "real";
    }
}

CType element_type(const Tensor *t) {
    if (t->byte) return C_BYTE;
    if (t->role == ROLE_LENGTH) return C_INT;
    if (t->role == ROLE_SCALAR) return t->type == REAL ? C_DOUBLE : C_LONG;
    bool number = adds_up(t) || t->role == ROLE_HYPER || t->role == ROLE_METRIC || t->host;
    if (number) return t->type == REAL ? C_DOUBLE : C_LONG;
    return t->type == REAL ? C_REAL : C_INT32;
}

static bool is_of_call(const Tensor *t) { return t->role == ROLE_SCALAR || t->role == ROLE_LENGTH; }

bool same_name(const Tensor *a, const Tensor *b) {
    return a == b || (a && b && is_of_call(a) == is_of_call(b) && strcmp(a->name, b->name) == 0);
}

const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void add_tensor(Struct *s, const Tensor *t, CType type) {
    Member m = { .name = name_add(&s->names, t->name), .type = type, .rank = t->rank, .tensor = t };
    for (int k = 0; k < t->rank; k++) m.dim[k] = t->dim[k].extent;
    PUSH(s->members, m);
    map_put(&s->places, name_of(t->name), (void *)(intptr_t)s->members.n);
}

static const Member *member_among(const Struct *s, const Tensor *t) {
    int place = (int)(intptr_t)map_get(&s->places, name_of(t->name));
    return place && same_name(s->members.at[place - 1].tensor, t) ? &s->members.at[place - 1] : NULL;
}

/* Of one sample. */
static void add_memory(Struct *s, const Tensor *t) {
    add_tensor(s, t, C_REAL);
    Member *m = &s->members.at[s->members.n - 1];
    m->rank--;
    for (int k = 0; k < m->rank; k++) m->dim[k] = m->dim[k + 1];
}

static void add_tensors(Struct *s, const Tensors *list, bool numbers) {
    for (int k = 0; k < list->n; k++) {
        const Tensor *t = list->at[k];
        add_tensor(s, t, numbers ? C_DOUBLE : t->type == REAL ? C_REAL : C_INT32);
    }
}

static void add_gathered(Struct *s, const Tensor *t) {
    add_tensor(s, t, element_type(t));
    Member *m = &s->members.at[s->members.n - 1];
    m->name = without_stem("gathered", t->name);
    name_take(&s->names, m->name);
    m->about = s->members.n == 1 ? "since the last update" : s->members.n == 2 ? "calls of gradients()"
             : "a sum that the loss is divided by";
}

static void add_array(Struct *s, const char *name, CType type, int64_t extent, const char *about) {
    if (extent == 0) return;
    Member m = { .name = name, .about = about, .type = type, .rank = 1, .dim = { extent } };
    PUSH(s->members, m);
}

static void add_struct(Layout *l, Struct *s, const char *name, StructKind kind, const char *about) {
    if (l->of[kind].members.n == 0) return;
    Member m = { .name = name, .about = about, .type = C_STRUCT, .of = kind };
    PUSH(s->members, m);
}

/* A watched tensor is stored under its name, once for all entry points that compute it. */
static void add_watched(Struct *s, const Program *p) {
    if (!p) return;
    for (int k = 0; k < p->equations.n; k++) {
        const Tensor *t = p->equations.at[k]->out;
        if (t->watched && !member_among(s, t)) add_tensor(s, t, t->type == REAL ? C_REAL : C_INT32);
    }
}

static bool watches(const Program *p) {
    for (int k = 0; p && k < p->equations.n; k++)
        if (p->equations.at[k]->out->watched) return true;
    return false;
}

static void add_arena(Struct *s, const Module *m, const Entry *entries, int n) {
    int64_t reals = 0, integers = 0;
    for (int k = 0; k < n; k++) {
        const Schedule *schedule = m->schedule[entries[k]];
        if (!schedule) continue;
        if (schedule->arena_size > reals) reals = schedule->arena_size;
        if (schedule->whole_size > integers) integers = schedule->whole_size;
    }
    enum { TO_A_LINE = 15 };        /* reals at most, to where a line of the caches begins */
    add_array(s, "arena", C_REAL, reals ? reals + TO_A_LINE : 0, "values and their gradients, from the first 64-byte line on; lives apart share bytes");
    add_array(s, "whole", C_INT32, integers, "whole numbers: winners, masks");
}

Layout *layout_new(const Module *m) {
    const Model *model = m->model;
    Layout *l = NEW(Layout);
    Struct *s = l->of;
    s[STRUCT_PARAMS] = (Struct){ .suffix = "params", .about = "The parameters; gradients have the same struct." };
    add_tensors(&s[STRUCT_PARAMS], &model->params, false);
    s[STRUCT_STATE] = (Struct){ .suffix = "state", .about = "What layers keep from step to step, and need to predict." };
    add_tensors(&s[STRUCT_STATE], &model->states, false);
    s[STRUCT_OPTIMIZER] = (Struct){ .suffix = "optimizer", .about = "What the update keeps from step to step." };
    add_tensors(&s[STRUCT_OPTIMIZER], &model->moments, false);
    s[STRUCT_HYPER] = (Struct){ .suffix = "hyper", .about = "Numbers of the update that may be set at any time." };
    add_tensors(&s[STRUCT_HYPER], &model->hypers, true);
    s[STRUCT_TOTALS] = (Struct){ .suffix = "totals", .about = "What metrics have gathered since the last reset." };
    add_tensors(&s[STRUCT_TOTALS], &model->totals, true);
    s[STRUCT_GATHERED] = (Struct){ .suffix = "gathered", .about = "What m->grads is of. All of it 0: nothing yet." };
    for (int k = 0; k < model->gathered.n; k++) add_gathered(&s[STRUCT_GATHERED], model->gathered.at[k]);
    s[STRUCT_MEMORY] = (Struct){ .suffix = "memory", .about = "What predict goes on from, of one sample; begin() gives its first values." };
    for (int k = 0; k < model->memories.n; k++) add_memory(&s[STRUCT_MEMORY], model->memories.at[k]);
    s[STRUCT_WATCH] = (Struct){ .suffix = "watch", .about = "Watched values, as the last call that computes them left them." };
    for (Entry e = 0; e < ENTRY_COUNT; e++)
        if (e != ENTRY_PREDICT_ONE) add_watched(&s[STRUCT_WATCH], entry_program(model, e));
    s[STRUCT_WORK] = (Struct){ .suffix = "work", .about = "The workspace: nothing in it outlives a call." };
    Entry working[] = { ENTRY_GRADIENTS, ENTRY_UPDATE, ENTRY_AVERAGE, ENTRY_EPOCH, ENTRY_EVALUATE, ENTRY_SURVEY, ENTRY_SURVEYED, ENTRY_INIT };
    add_arena(&s[STRUCT_WORK], m, working, sizeof working/sizeof *working);
    s[STRUCT_PREDICT_WORK] = (Struct){ .suffix = "predict_work", .about = "The workspace of predict, one for each thread." };
    static const char *const others[] = { "arena", "whole", "watch" };
    for (int k = 0; k < 3; k++) name_take(&s[STRUCT_PREDICT_WORK].names, others[k]);
    for (int k = 0; k < model->memories.n; k++) {               /* the memories of all samples, as kernels want them */
        add_tensor(&s[STRUCT_PREDICT_WORK], model->memories.at[k], C_REAL);
        s[STRUCT_PREDICT_WORK].members.at[k].about = "of the memories, one sample behind the other";
    }
    add_arena(&s[STRUCT_PREDICT_WORK], m, (Entry[]){ ENTRY_PREDICT, ENTRY_PREDICT_ONE }, 2);
    if (watches(model->predict)) add_struct(l, &s[STRUCT_PREDICT_WORK], "watch", STRUCT_WATCH, NULL);
    if (model->predict && s[STRUCT_PREDICT_WORK].members.n == 0)
        add_array(&s[STRUCT_PREDICT_WORK], "arena", C_REAL, 1, "this model needs none; C has no empty struct");

    s[STRUCT_INSTANCE] = (Struct){ .about = "One instance: place it anywhere. It holds no pointers." };
    Struct *i = &s[STRUCT_INSTANCE];
    add_struct(l, i, "params", STRUCT_PARAMS, NULL);
    const char *of_what = model->gathered.n ? "of all samples gathered since the last update()" : "of the last gradients()";
    add_struct(l, i, "grads", STRUCT_PARAMS, of_what);
    if (model->averages.n) add_struct(l, i, "average", STRUCT_PARAMS, "of the parameters: what evaluates, and should predict");
    add_struct(l, i, "state", STRUCT_STATE, NULL);
    add_struct(l, i, "optimizer", STRUCT_OPTIMIZER, NULL);
    add_struct(l, i, "hyper", STRUCT_HYPER, NULL);
    add_struct(l, i, "totals", STRUCT_TOTALS, NULL);
    add_struct(l, i, "gathered", STRUCT_GATHERED, NULL);
    PUSH(i->members, ((Member){ .name = "step", .about = "updates done so far", .type = C_LONG }));
    const char *counted = model->epoch_program ? "epochs done so far" : "the caller's to count";
    PUSH(i->members, ((Member){ .name = "epoch", .about = counted, .type = C_LONG }));
    PUSH(i->members, ((Member){ .name = "seed", .about = "of all random numbers", .type = C_LONG }));
    add_struct(l, i, "watch", STRUCT_WATCH, NULL);
    if (m->trap)                                    /* 3 finds and 14 numbers, all of 8 bytes */
        PUSH(i->members, ((Member){ .name = "trap", .c_type = "nn_trap", .about = "what --trap has seen", .type = C_LONG,
                                    .rank = 1, .dim = { 3 * 14 + 14 } }));
    add_struct(l, i, "work", STRUCT_WORK, NULL);
    return l;
}

const Member *member_of(const Layout *l, StructKind kind, const Tensor *t) { return member_among(&l->of[kind], t); }

int64_t member_count(const Member *member) {
    int64_t count = 1;
    for (int k = 0; k < member->rank; k++) count *= member->dim[k];
    return count;
}

static int64_t struct_alignment(const Layout *l, StructKind kind, int real_bytes);

static int64_t number_bytes(CType type, int real_bytes) {
    return type == C_REAL ? real_bytes : type == C_BYTE ? 1 : type == C_INT32 || type == C_INT || type == C_KEY ? 4 : 8;
}

static int64_t alignment(const Layout *l, const Member *m, int real_bytes) {
    return m->type == C_STRUCT ? struct_alignment(l, m->of, real_bytes) : number_bytes(m->type, real_bytes);
}

static int64_t struct_alignment(const Layout *l, StructKind kind, int real_bytes) {
    int64_t largest = 1;
    for (int k = 0; k < l->of[kind].members.n; k++) {
        int64_t a = alignment(l, &l->of[kind].members.at[k], real_bytes);
        if (a > largest) largest = a;
    }
    return largest;
}

static int64_t round_up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

/* The offset of a member, or with NULL the end of the last one. */
int64_t struct_offset(const Layout *l, StructKind kind, const Member *member, int real_bytes) {
    const Struct *s = &l->of[kind];
    int64_t at = 0;
    for (int k = 0; k < s->members.n; k++) {
        const Member *m = &s->members.at[k];
        at = round_up(at, alignment(l, m, real_bytes));
        if (m == member) return at;
        at += member_count(m) * (m->type == C_STRUCT ? struct_size(l, m->of, real_bytes) : number_bytes(m->type, real_bytes));
    }
    return at;
}

int64_t struct_size(const Layout *l, StructKind kind, int real_bytes) {
    return round_up(struct_offset(l, kind, NULL, real_bytes), struct_alignment(l, kind, real_bytes));
}

const char *struct_name(const Module *m, const Layout *l, StructKind kind) {
    return l->of[kind].suffix ? text("%s_%s", m->prefix, l->of[kind].suffix) : m->prefix;
}
