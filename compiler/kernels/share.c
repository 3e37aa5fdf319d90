/* Sharing: a function for each different kernel of a module, and a name for each function.
 *
 * Two kernels are equal when their trees are, with tensors, locals and indices numbered by first appearance and known
 * by type and dims only. The later one keeps no function of its own: it calls the earlier with its own tensors.
 * Maps that differ in the lengths of their tensors only (the optimizer's, one for each parameter) become flat first.
 * A function is cut (cut.c) if threads share any of its calls; the other calls run all of its parts.
 * A kernel is named after the last tensor that it stores. */
#include "../equations/names.h"
#include "group.h"
#include <stdlib.h>

/* What decides about a tree, in bytes: of each part its kind and how much follows, so that equal bytes are equal trees. */
typedef struct { Writer *key; Map known; bool any_length; } Key;

static void key_number(Key *k, int64_t number) { put_bytes(k->key, (const char *)&number, sizeof number); }

static void key_numbers(Key *k, const int *number, int n) { put_bytes(k->key, (const char *)number, sizeof *number * (size_t)n); }
#define KEY(k, ...) key_numbers(k, (const int[]){__VA_ARGS__}, (int)(sizeof (const int[]){__VA_ARGS__} / sizeof(int)))

/* Puts the number of a tensor, a node or an index; whether it has not been met before. */
static bool key_new(Key *k, const void *what) {
    int number = (int)(intptr_t)map_get(&k->known, what);
    bool new = !number;
    if (new) map_put(&k->known, what, (void *)(intptr_t)(number = k->known.n + 1));
    KEY(k, number);
    return new;
}

static void key_tensor(Key *k, const Tensor *t) {
    if (!key_new(k, t)) return;
    /* What decides the C type of a pointer or number: the role tells floats of double totals and of scalars. */
    bool number = t->rank == 0 && (t->host || t->role == ROLE_SCALAR || t->role == ROLE_LENGTH || t->role == ROLE_HYPER);
    bool own_type = adds_up(t) || t->role == ROLE_INPUT || t->role == ROLE_TARGET;
    KEY(k, t->type, t->byte, number, t->vector, own_type ? (int)t->role : -1, t->rank);
    for (int d = 0; d < t->rank && !k->any_length; d++) {
        key_number(k, t->dim[d].extent);
        key_number(k, t->room[d]);
        KEY(k, t->dim[d].count != NULL);
        if (t->dim[d].count) key_tensor(k, t->dim[d].count);
    }
}

static void key_expr(Key *k, const Expr *e) {
    if (!key_new(k, e)) return;
    KEY(k, e->kind, e->type, e->guarded, e->op, e->n);
    switch (e->kind) {
    case X_NUM: case X_INT: key_number(k, e->integer); break;           /* or the bits of num */
    case X_INDEX: key_new(k, e->index); break;
    case X_READ: key_tensor(k, e->tensor); break;
    case X_SUM:
        key_number(k, e->integer);
        for (int i = 0; i < e->n; i++)
            key_number(k, e->factor[i]);
        break;
    case X_RANDOM: key_number(k, (intptr_t)name_of(e->site->path)); break;
    case X_OP: case X_WHERE: case X_REAL: break;
    }
    for (int i = 0; i < e->n; i++)
        key_expr(k, e->arg[i]);
}

static void key_gemm(Key *k, const Gemm *g) {
    KEY(k, g->a_transposed, g->b_transposed, g->add);
    key_number(k, g->lda), key_number(k, g->ldb), key_number(k, g->ldc);
    key_tensor(k, g->a), key_tensor(k, g->b), key_tensor(k, g->c);
    key_expr(k, g->m), key_expr(k, g->n), key_expr(k, g->k);
    key_expr(k, g->a_offset), key_expr(k, g->b_offset), key_expr(k, g->c_offset);
}

static void key_nodes(Key *k, const Nodes *nodes) {
    KEY(k, nodes->n);
    for (int i = 0; i < nodes->n; i++) {
        const Node *n = nodes->at[i];
        KEY(k, n->kind, n->loop, n->down, n->assign, n->zero, n->sums_lanes, n->n_subs);
        KEY(k, n->index != NULL, n->from != NULL, n->to != NULL, n->tensor != NULL, n->value != NULL, n->gemm != NULL);
        if (n->index) key_new(k, n->index);
        if (n->from) key_expr(k, n->from);
        if (n->to) key_expr(k, n->to);
        if (n->tensor) key_tensor(k, n->tensor);
        for (int s = 0; s < n->n_subs; s++)
            key_expr(k, n->subs[s]);
        if (n->value) key_expr(k, n->value);
        if (n->gemm) key_gemm(k, n->gemm);
        key_nodes(k, &n->body);
    }
}

/* key: room for it, used again for each kernel. */
static const char *key_of(Writer *key, const Kernel *kernel) {
    Key k = {.key = key, .any_length = kernel->length != NULL};
    key->length = 0;
    KEY(&k, k.any_length);
    key_nodes(&k, &kernel->body);
    return intern(key->text, key->length);
}

/* The last tensor that the kernel computes and stores. */
static const char *name_for(const Kernel *k) {
    for (int e = k->equations.n - 1; e >= 0; e--) {
        const Tensor *out = k->equations.at[e]->out, *home = out->role == ROLE_NEXT ? out->of : out;
        for (int a = 0; a < k->actuals.n; a++)
            /* By name: a tensor kept in blocks stands for the one of the program. */
            if (k->actuals.at[a] && (k->actuals.at[a] == home || k->actuals.at[a]->name == out->name)) return out->name;
    }
    return k->equations.at[0]->out->name;
}

typedef struct { Kernel *kernel, *flat; const char *key, *flat_key; Schedule *schedule; int at; } Entry;
typedef LIST(Entry) Entries;

/* By flat key: the one key of all kernels that have it, or itself where they are of several lengths. */
static Map keys_of_flat(const Entries *all) {
    Map keys = {0};
    for (int k = 0; k < all->n; k++) {
        const Entry *e = &all->at[k];
        if (!e->flat) continue;
        const char *known = map_get(&keys, e->flat_key);
        map_put(&keys, e->flat_key, (char *)(!known || known == e->key ? e->key : e->flat_key));
    }
    return keys;
}

static Kernel *function_of(Kernel *k) { return k->same ? (Kernel *)k->same : k; }

static void drop_argument(Kernel *k, int number) {
    Kernel kept = {0};
    for (int a = 0; a < k->arguments.n; a++)
        if (a != number) {
            PUSH(kept.arguments, k->arguments.at[a]);
            PUSH(kept.actuals, k->actuals.at[a]);
        }
    k->arguments = kept.arguments;
    k->actuals = kept.actuals;
}

typedef struct { LIST(Kernel *) list; } Calls;

/* The calls of each function that are not its own, by the function. */
static Map calls_of(const Entries *all) {
    Map calls = {0};
    for (int k = 0; k < all->n; k++) {
        Kernel *call = all->at[k].kernel;
        if (!call->same) continue;
        Calls *others = map_get(&calls, call->same);
        if (!others) map_put(&calls, call->same, others = NEW(Calls));
        PUSH(others->list, call);
    }
    return calls;
}

/* What only said how far the loops run that are cut now, as the number of samples, is no argument any more. */
static void drop_unused(Kernel *function, const Calls *others) {
    Kernel touched = {.body = function->body};
    collect_arguments(&touched);
    for (int a = function->arguments.n - 1; a >= 0; a--) {
        bool used = false;
        for (int t = 0; t < touched.arguments.n; t++)
            used |= touched.arguments.at[t] == function->arguments.at[a];
        if (used) continue;
        for (int k = 0; others && k < others->list.n; k++)
            drop_argument(others->list.at[k], a);
        drop_argument(function, a);
    }
}

/* The parts of a call are counted by its own tree, which is still whole, over its own scalars. */
static void cut_shared(const Entries *all) {
    const Map calls = calls_of(all);
    LIST(Kernel *) cut = {0};
    for (int k = 0; k < all->n; k++) {
        Kernel *function = function_of(all->at[k].kernel);
        if (!all->at[k].kernel->parallel || function->parts) continue;
        function->parts = parts_of(function);
        PUSH(cut, function);
    }
    for (int k = 0; k < all->n; k++) {
        Kernel *call = all->at[k].kernel;
        if (!function_of(call)->parts) continue;
        call->parts = parts_of(call);
    }
    for (int k = 0; k < cut.n; k++) {
        cut_kernel(cut.at[k]);
        drop_unused(cut.at[k], map_get(&calls, cut.at[k]));
        if (!kernel_check(all->at[0].schedule, cut.at[k])) abort();
    }
}

void share_kernels(Schedule *const *schedules, int n) {
    Entries all = {0};
    Writer key = {0};
    for (int s = 0; s < n; s++)
        for (int k = 0; schedules[s] && k < schedules[s]->kernels.n; k++) {
            Entry e = {.kernel = schedules[s]->kernels.at[k], .schedule = schedules[s], .at = k};
            e.key = key_of(&key, e.kernel);
            e.flat = flat_version(e.kernel, true);
            if (e.flat) e.flat_key = key_of(&key, e.flat);
            PUSH(all, e);
        }
    const Map flat = keys_of_flat(&all);
    for (int k = 0; k < all.n; k++) {
        Entry *e = &all.at[k];
        if (e->flat && map_get(&flat, e->flat_key) == e->flat_key) {
            e->kernel = e->schedule->kernels.at[e->at] = e->flat;
            e->key = e->flat_key;
        }
    }
    Map first = {0};                    /* by key */
    Names names = {0};
    for (int k = 0; k < all.n; k++) {
        Kernel *kernel = all.at[k].kernel;
        kernel->same = map_get(&first, all.at[k].key);
        if (!kernel->same) map_put(&first, all.at[k].key, kernel);
        kernel->name = fresh_name(&names, name_for(kernel));
    }
    cut_shared(&all);
}
