/* The order of computation: what no result needs goes, and each equation stands after what it reads.
 *
 * Strongly connected sets are found by Tarjan's algorithm. It meets the equations in the given order and gives a set after
 * all that the set needs; so an order that is right already stays as it is. A set of equations that read each other in a
 * circle must be a scan (scan.c), which sorts it. */
#include "scan.h"
#include <stdlib.h>

typedef LIST(int) Places;
typedef struct { int v, next; } Step;   /* of a walk: at the equation v, its needs from `next` on are still to be met */

typedef struct {
    Program *p;
    Places *needs;                      /* by place: the places of what the equation reads, rising */
    int *met, *low;                     /* Tarjan's numbers; met 0: not yet, -1: its set is given out */
    int meetings;
    Places open;                        /* met, and not yet in a set */
    Equations sorted;
    int scans;
    bool good;
} Ordering;

static int by_place(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

static Places needs_of(const Program *p, const Equation *e) {
    Exprs reads = reads_of(e->body);
    Places all = { NULL, 0, 0 }, once = { NULL, 0, 0 };
    for (int k = 0; k < reads.n; k++) {
        int place = equation_place(p, reads.at[k]->tensor);
        if (place >= 0) PUSH(all, place);
    }
    if (all.n) qsort(all.at, (size_t)all.n, sizeof *all.at, by_place);
    for (int k = 0; k < all.n; k++)
        if (!k || all.at[k] != all.at[k - 1]) PUSH(once, all.at[k]);
    return once;
}

/* Marks the equation at a place and everything that it needs. */
static void mark(const Places *needs, bool *live, int place) {
    Places todo = { NULL, 0, 0 };
    if (place < 0 || live[place]) return;
    live[place] = true;
    PUSH(todo, place);
    while (todo.n) {
        const Places *next = &needs[todo.at[--todo.n]];
        for (int k = 0; k < next->n; k++)
            if (!live[next->at[k]]) {
                live[next->at[k]] = true;
                PUSH(todo, next->at[k]);
            }
    }
}

/* The set whose first member is v: everything opened from v on. */
static void give_out(Ordering *o, int v) {
    int first = o->open.n;
    while (o->open.at[--first] != v) continue;
    int n = o->open.n - first;
    int *place = o->open.at + first;
    qsort(place, (size_t)n, sizeof *place, by_place);
    Equation **member = NEW_ARRAY(Equation *, n);
    bool circle = n > 1;
    for (int k = 0; k < n; k++) {
        member[k] = o->p->equations.at[place[k]];
        o->met[place[k]] = -1;
    }
    for (int k = 0; n == 1 && k < o->needs[v].n; k++) circle |= o->needs[v].at[k] == v;
    if (circle) o->good &= scan_order(member, n, ++o->scans);
    for (int k = 0; k < n; k++) PUSH(o->sorted, member[k]);
    o->open.n = first;
}

/* Tarjan's walk, with a stack of its own: a chain of equations may be longer than the machine's stack is deep. */
static void walk_from(Ordering *o, int root) {
    LIST(Step) path = { NULL, 0, 0 };
    PUSH(path, ((Step){ root, 0 }));
    while (path.n) {
        int v = path.at[path.n - 1].v, next = path.at[path.n - 1].next++;
        if (!next) {
            o->met[v] = o->low[v] = ++o->meetings;
            PUSH(o->open, v);
        }
        if (next < o->needs[v].n) {
            int w = o->needs[v].at[next];
            if (!o->met[w]) PUSH(path, ((Step){ w, 0 }));
            else if (o->met[w] > 0 && o->met[w] < o->low[v]) o->low[v] = o->met[w];
            continue;
        }
        path.n--;
        if (o->low[v] == o->met[v]) give_out(o, v);
        else if (o->low[v] < o->low[path.at[path.n - 1].v]) o->low[path.at[path.n - 1].v] = o->low[v];
    }
}

bool program_order(Program *p) {
    int n = p->equations.n;
    Ordering o = { .p = p, .needs = NEW_ARRAY(Places, n + 1), .met = NEW_ARRAY(int, n + 1), .low = NEW_ARRAY(int, n + 1),
                   .good = true };
    bool *live = NEW_ARRAY(bool, n + 1);
    for (int k = 0; k < n; k++) o.needs[k] = needs_of(p, p->equations.at[k]);
    for (int k = 0; k < n; k++) {
        const Tensor *t = p->equations.at[k]->out;
        if (t->role == ROLE_NEXT || t->watched) mark(o.needs, live, k);
    }
    for (int k = 0; k < p->results.n; k++) mark(o.needs, live, equation_place(p, p->results.at[k]));
    for (int k = 0; k < n; k++) {
        Equation *e = p->equations.at[k];
        e->scan = 0;
        e->scan_index = NULL;
        e->scan_down = false;
    }
    for (int k = 0; k < n; k++)
        if (live[k] && !o.met[k]) walk_from(&o, k);
    p->equations = o.sorted;
    return o.good;
}
