/* Placing: which bytes each stored tensor gets. Everything is known now, so nothing is allocated at run time.
 *
 * place_next    A ROLE_NEXT tensor takes the place of what it follows when every kernel that reads the old value runs
 *               before, or reads it in the same block at the same element before the store; the tree then reads and
 *               writes one tensor. Otherwise it stays a value and a last kernel copies it.
 * place_over    A large value that is made element by element from another one, which no one needs any more, is stored over it: the
 *               gradient of a vocabulary's scores over the scores. The kernel that does it reads and writes one tensor.
 * place         The other stored tensors share an arena. Lives are stretches of phases; tensors whose lives overlap do
 *               not overlap in space. Largest first, at the lowest offset that fits, in steps of 16 elements. A dim
 *               of runtime extent reserves its maximum rounded up to a block of 16. */
#include "group.h"

enum { STEP = 16 };

typedef struct { const Tensor *old, *next; const Expr *const *subs; int stores, adds, reads, other; } Replacement;

static void count_old(Replacement *r, const Expr *e) {
    if (!e || !uses_tensor(e, r->old)) return;
    Exprs reads = reads_of(e);
    for (int k = 0; k < reads.n; k++) {
        const Expr *read = reads.at[k];
        if (read->tensor != r->old) continue;
        r->reads++;
        bool same = !read->guarded && r->subs;
        for (int s = 0; same && s < read->tensor->rank; s++)
            same = read->arg[s] == r->subs[s];
        if (!same) r->other++;
    }
}

static void find_store(Node *n, void *data) {
    Replacement *r = data;
    if (n->kind == NODE_ASSIGN && n->tensor == r->next) {
        if (!r->stores++) r->subs = n->subs;
        r->adds += n->assign == ASSIGN_ADD;
    }
    if (n->gemm && n->gemm->c == r->next) r->stores += 2;
}

/* A read after the store, in the order of the text, would see the new value. */
static void find_reads(Node *n, void *data) {
    Replacement *r = data;
    count_old(r, n->value);
    count_old(r, n->from);
    count_old(r, n->to);
    for (int k = 0; k < n->n_subs; k++)
        count_old(r, n->subs[k]);
    if (n->gemm && (n->gemm->a == r->old || n->gemm->b == r->old)) r->reads++, r->other++;
    if (n->kind == NODE_ASSIGN && n->tensor == r->next) r->stores = 0;
    else if (r->stores == 0 && n->value && uses_tensor(n->value, r->old)) r->other++;
}

/* Rows of a tile are stored one by one: they may take the place of the old ones where each store reads its own element. */
static void find_own(Node *n, void *data) {
    Replacement *r = data;
    bool store = n->kind == NODE_ASSIGN && n->tensor == r->next;
    bool own = store && n->assign == ASSIGN_SET && uses_tensor(n->value, r->old) && !uses_tensor(n->value, r->next);
    r->subs = own ? n->subs : NULL;
    count_old(r, n->value);
    r->subs = NULL;
    count_old(r, n->from);
    count_old(r, n->to);
    for (int k = 0; k < n->n_subs; k++)
        count_old(r, n->subs[k]);
    bool product = n->gemm && (n->gemm->a == r->old || n->gemm->b == r->old || n->gemm->c == r->next);
    if ((store && !own) || product || (!store && n->value && uses_tensor(n->value, r->next))) r->other++;
}

static bool replaces(const Schedule *s, const Tensor *next, const Readers *touched) {
    Replacement r = {.old = next->of, .next = next};
    int writer = -1, writers = 0;
    Numbers new = readers_of(touched, next), old = readers_of(touched, next->of);
    for (int n = 0; n < new.n; n++) {
        int before = r.stores;
        walk(&s->kernels.at[new.at[n]]->body, find_store, &r);
        if (r.stores > before) writer = new.at[n], writers++;
    }
    for (int n = 0, k; n < old.n; n++) {
        k = old.at[n];
        Replacement here = r;
        here.reads = here.other = 0;
        bool rows = k == writer && writers == 1 && r.stores > 1;
        walk(&s->kernels.at[k]->body, rows ? find_own : find_reads, &here);
        if (rows && here.other == 0) continue;
        if (k > writer && here.reads > 0) return false;
        if (k == writer && here.reads > 0 && (r.stores != 1 || here.other > 0)) return false;
    }
    return writer >= 0;
}

/* Tensor -> the kernels that touch it, in their order. */
static Readers touched_by(const Schedule *s) {
    Readers touched = {0};
    for (int k = 0; k < s->kernels.n; k++) {
        collect_arguments(s->kernels.at[k]);
        for (int a = 0; a < s->kernels.at[k]->arguments.n; a++)
            readers_add(&touched, s->kernels.at[k]->arguments.at[a], k);
    }
    return touched;
}

void place_next(Schedule *s) {
    const Program *p = s->program;
    Readers touched = touched_by(s);
    for (int k = 0; k < p->equations.n; k++) {
        const Tensor *next = p->equations.at[k]->out;
        if (next->role != ROLE_NEXT || next->host) continue;
        if (replaces(s, next, &touched)) {
            Numbers users = readers_of(&touched, next);
            for (int i = 0; i < users.n; i++) {
                replace_tensor(&s->kernels.at[users.at[i]]->body, next, next->of);
                readers_add(&touched, next->of, users.at[i]);
            }
            continue;
        }
        Kernel *copy = NEW(Kernel);
        const Equation *e = p->equations.at[k];
        const Expr *const *subs = values_of(e->free, e->n_free);
        Nodes *body = add_chunks(&copy->body, e->free, e->n_free);
        add_assign(body, next->of, subs, e->n_free, ASSIGN_SET, Read(next, subs, e->n_free));
        PUSH(copy->equations, e);
        PUSH(s->kernels, copy);
    }
}

/* Whether all loops around the first store of r->next run over its own subscripts, so that each element is stored once. */
static bool stores_elements_once(const Nodes *nodes, const Replacement *r, int loops) {
    for (int k = 0; k < nodes->n; k++) {
        const Node *n = nodes->at[k];
        if (n->kind == NODE_ASSIGN && n->tensor == r->next) {
            for (int a = 0; a < n->n_subs; a++)
                for (int b = 0; b < n->n_subs; b++)
                    if (n->subs[a]->kind != X_INDEX || (a != b && n->subs[a] == n->subs[b])) return false;
            return n->assign == ASSIGN_SET && loops == n->n_subs;
        }
        if (stores_elements_once(&n->body, r, loops + (n->kind == NODE_LOOP))) return true;
    }
    return false;
}

static bool same_layout(const Tensor *a, const Tensor *b) {
    bool same = a->rank == b->rank && a->type == b->type;
    for (int k = 0; same && k < a->rank; k++)
        same = a->dim[k].extent == b->dim[k].extent && a->dim[k].count == b->dim[k].count && room_of(a, k) == room_of(b, k);
    return same;
}

static bool is_large_value(const Tensor *t, const Map *results) {
    enum { LARGE = 1 << 18 };           /* elements: what a cache would lose */
    double elements = 1;
    for (int k = 0; k < t->rank; k++) elements *= (double)t->dim[k].extent;
    return t->role == ROLE_VALUE && t->type == REAL && !t->byte && !t->host && !t->watched && elements >= LARGE && !is_result(results, t);
}

static bool goes_over(const Kernel *k, const Tensor *value, const Tensor *old) {
    Replacement r = {.old = old, .next = value}, own = {.old = value};
    walk(&k->body, find_store, &r);
    if (r.stores - r.adds != 1 || !stores_elements_once(&k->body, &r, 0)) return false;
    walk(&k->body, find_reads, &r);
    walk(&k->body, find_reads, &own);
    return r.reads > 0 && r.other == 0 && own.reads == 0;
}

/* The value of kernel k that goes over another one, which no kernel after k touches. */
static bool find_over(const Schedule *s, int k, const Readers *touched, const Map *results, const Tensor **value, const Tensor **old) {
    const Kernel *kernel = s->kernels.at[k];
    for (int a = 0; a < kernel->arguments.n; a++)
        for (int b = 0; b < kernel->arguments.n; b++) {
            *value = kernel->arguments.at[a], *old = kernel->arguments.at[b];
            if (a == b || !same_layout(*value, *old) || !is_large_value(*value, results) || !is_large_value(*old, results)) continue;
            const Numbers after = readers_of(touched, *value), before = readers_of(touched, *old);
            if (after.at[0] == k && before.at[before.n - 1] == k && goes_over(kernel, *value, *old)) return true;
        }
    return false;
}

void place_over(Schedule *s) {
    const Map results = results_of(s->program);
    const Readers touched = touched_by(s);
    const Tensor *value, *old;
    for (int k = 0; k < s->kernels.n; k++) {
        if (!find_over(s, k, &touched, &results, &value, &old)) continue;
        map_put(&s->home, value, (Tensor *)home_of(s, old));
        replace_tensor(&s->kernels.at[k]->body, value, old);
        PUSH(s->kernels.at[k]->notes.lines, text("%s is stored over %s, which is not needed any more.", value->name, old->name));
    }
}

const Tensor *home_of(const Schedule *s, const Tensor *t) {
    const Tensor *home = map_get(&s->home, t);
    return home ? home : t;
}

const Storage *storage_of(const Schedule *s, const Tensor *t) {
    int place = (int)(intptr_t)map_get(&s->stored, home_of(s, t));
    return place ? &s->arena.at[place - 1] : NULL;
}

static bool in_arena(const Tensor *t) {
    /* Watched values have a struct of their own. */
    switch (t->role) {
    case ROLE_VALUE: case ROLE_NEXT: case ROLE_LOSS: case ROLE_METRIC: return !t->host && !t->watched;
    default: return false;
    }
}

static int64_t reserved(const Tensor *t) {
    int64_t size = 1;
    for (int k = 0; k < t->rank; k++)
        size *= counts_samples(t->dim[k].count) ? (t->dim[k].extent + 15) / 16 * 16 : room_of(t, k);
    return size;
}

static void find_lives(Schedule *s) {
    const Map results = results_of(s->program);
    for (int k = 0; k < s->kernels.n; k++) {
        const Kernel *kernel = s->kernels.at[k];
        for (int a = 0; a < kernel->actuals.n; a++) {
            const Tensor *t = kernel->actuals.at[a];
            if (!t || !in_arena(t)) continue;
            t = home_of(s, t);
            if (!storage_of(s, t)) {
                Storage new = {.tensor = t, .size = reserved(t), .first = kernel->phase, .whole = t->type != REAL};
                PUSH(s->arena, new);
                map_put(&s->stored, t, (void *)(intptr_t)s->arena.n);
            }
            /* Results are there for the caller when the last kernel has run. */
            ((Storage *)storage_of(s, t))->last = is_result(&results, t) ? s->phases : kernel->phase;
        }
    }
}

static bool collide(const Storage *a, const Storage *b) {
    return a->whole == b->whole && a->first <= b->last && b->first <= a->last;
}

static int64_t end_of(const Storage *s) { return (s->offset + s->size + STEP - 1) / STEP * STEP; }

/* Gives `here` the lowest place where it meets none of the n that have one, and puts it among them. They stand in the order of
 * their offsets: what lies behind here's end is not met, and what was passed by not again. */
static void find_place(Storage *here, const Storage **placed, int n) {
    here->offset = 0;
    for (int k = 0; k < n && placed[k]->offset < here->offset + here->size; k++)
        if (placed[k]->offset + placed[k]->size > here->offset && collide(here, placed[k])) here->offset = end_of(placed[k]);
    for (; n > 0 && placed[n - 1]->offset > here->offset; n--)
        placed[n] = placed[n - 1];
    placed[n] = here;
}

void place(Schedule *s) {
    find_lives(s);
    int n = s->arena.n;
    int *order = NEW_ARRAY(int, n + 1);
    const Storage **placed = NEW_ARRAY(const Storage *, n + 1);
    for (int k = 0; k < n; k++) {
        int at = k;
        for (; at > 0 && s->arena.at[order[at - 1]].size < s->arena.at[k].size; at--)
            order[at] = order[at - 1];
        order[at] = k;
    }
    for (int k = 0; k < n; k++) {
        Storage *here = &s->arena.at[order[k]];
        find_place(here, placed, k);
        int64_t end = end_of(here);
        int64_t *total = here->whole ? &s->whole_size : &s->arena_size;
        if (end > *total) *total = end;
    }
}
