/* Walks over expressions: each node below an expression is met once, however often it is shared.
 *
 * What a walk has found about a node stands in a table by node id, marked with the walk's number, so a walk costs as much
 * as it meets and nothing is cleared. A walk inside of a walk (a `change` that substitutes) has a table of its own. */
#include "node.h"

typedef struct { uint64_t walk; const Expr *result; } Slot;
typedef struct { Slot *slot; int room; } Table;
static LIST(Table) tables;
static int depth;
static uint64_t walks;

void walk_start(void) {
    tables.at = NULL;
    tables.n = tables.room = depth = 0;
}

typedef struct { int table; uint64_t number; } Walk;

static Walk begin(void) {
    if (depth == tables.n) PUSH(tables, ((Table){ NULL, 0 }));
    return (Walk){ depth++, ++walks };
}

static void end(void) { depth--; }

static void widen(Table *t, int id) {
    int wanted = t->room ? t->room : 256;
    while (wanted <= id) wanted *= 2;
    Slot *slot = NEW_ARRAY(Slot, wanted);
    for (int k = 0; k < t->room; k++) slot[k] = t->slot[k];
    *t = (Table){ slot, wanted };
}

/* The slot of a node, empty (no result) when this walk has not been there. Good until the next node is made. */
static inline Slot *slot_of(const Walk *w, const Expr *e) {
    Table *t = &tables.at[w->table];
    if (e->id >= t->room) widen(t, e->id);
    Slot *s = &t->slot[e->id];
    if (s->walk != w->number) *s = (Slot){ w->number, NULL };
    return s;
}

const Expr *rebuild(const Expr *e, const Expr *const *arg) {
    bool changed = false;
    for (int k = 0; k < e->n; k++) changed |= arg[k] != e->arg[k];
    if (!changed) return e;
    switch (e->kind) {
    case X_SUM: return integer_sum(arg, e->factor, e->n, e->integer);
    case X_READ: return e->guarded ? ReadElse(e->tensor, arg, e->n - 1, arg[e->n - 1]) : Read(e->tensor, arg, e->n);
    case X_OP: return Operate(e->op, arg[0], e->n > 1 ? arg[1] : NULL);
    case X_WHERE: return Where(arg[0], arg[1], arg[2]);
    case X_REAL: return ToReal(arg[0]);
    case X_RANDOM: return Random(e->site, arg, e->n);
    default: return e;
    }
}

typedef const Expr *Change(const Expr *, void *);

static const Expr *transformed(const Walk *w, const Expr *e, Change *change, void *data) {
    const Expr *known = slot_of(w, e)->result;
    if (known) return known;
    const Expr *few[8], **arg = e->n <= 8 ? few : NEW_ARRAY(const Expr *, e->n);
    for (int k = 0; k < e->n; k++) arg[k] = transformed(w, e->arg[k], change, data);
    const Expr *result = change(rebuild(e, arg), data);
    return slot_of(w, e)->result = result;
}

const Expr *transform(const Expr *e, Change *change, void *data) {
    Walk w = begin();
    const Expr *result = transformed(&w, e, change, data);
    end();
    return result;
}

typedef struct { const Index *const *from; const Expr *const *to; int n; } Substitution;

/* Only a leaf of the original is replaced: the operands of what `to` holds are never met by the walk. */
static const Expr *substituted(const Walk *w, const Expr *e, const Substitution *s) {
    const Expr *result = slot_of(w, e)->result;
    if (result) return result;
    if (e->kind == X_INDEX) {
        result = e;
        for (int k = 0; k < s->n; k++)
            if (s->from[k] == e->index) result = s->to[k];
    } else {
        const Expr *few[8], **arg = e->n <= 8 ? few : NEW_ARRAY(const Expr *, e->n);
        for (int k = 0; k < e->n; k++) arg[k] = substituted(w, e->arg[k], s);
        result = rebuild(e, arg);
    }
    return slot_of(w, e)->result = result;
}

const Expr *substitute(const Expr *e, const Index *const *from, const Expr *const *to, int n) {
    Substitution s = { from, to, n };
    if (!n) return e;
    Walk w = begin();
    const Expr *result = substituted(&w, e, &s);
    end();
    return result;
}

typedef bool Test(const Expr *, const void *);

static bool found(const Walk *w, const Expr *e, Test *test, const void *data) {
    Slot *s = slot_of(w, e);
    if (s->result) return false;
    s->result = e;
    for (int k = 0; k < e->n; k++)
        if (found(w, e->arg[k], test, data)) return true;
    return test(e, data);
}

static bool any_node(const Expr *e, Test *test, const void *data) {
    Walk w = begin();
    bool result = found(&w, e, test, data);
    end();
    return result;
}

static bool is_index(const Expr *e, const void *i) { return e->kind == X_INDEX && e->index == i; }
static bool is_read_of(const Expr *e, const void *t) { return e->kind == X_READ && e->tensor == t; }
bool uses_index(const Expr *e, const Index *i) { return any_node(e, is_index, i); }
bool uses_tensor(const Expr *e, const Tensor *t) { return any_node(e, is_read_of, t); }

typedef struct { void (*visit)(const Expr *, void *); void *data; } Visit;

static bool visited(const Expr *e, const void *data) {
    const Visit *v = data;
    v->visit(e, v->data);
    return false;
}

void visit_nodes(const Expr *e, void (*visit)(const Expr *, void *), void *data) {
    Visit v = { visit, data };
    any_node(e, visited, &v);
}

typedef struct { const Expr *from, *to; } Exchange;

static const Expr *exchange_node(const Expr *e, void *data) {
    const Exchange *x = data;
    return e == x->from ? x->to : e;
}

const Expr *exchange(const Expr *e, const Expr *from, const Expr *to) {
    return transform(e, exchange_node, &(Exchange){from, to});
}
