/* Scans: the time of a recurrence, its direction, and the order of its equations within one time.
 *
 * The time is one free index in each equation of the set. It is right when every read of a member stands at the reader's own
 * time, or all others at an earlier one (or all at a later one: adjoints run down), and when what is read at the same
 * time has an order. Earlier is t-c, or anything that the intervals prove to be less, such as k under where(k < t, ..). Where
 * they prove k <= t the read is of both, of all times up to now: causal attention is a recurrence that looks back at every step.
 *
 *     a[t, j] = sum(k) u[j, k]*h[t-1, k else 0]         a reads h earlier
 *     h[t, j] = tanh(x[t, j] + a[t, j])                 h reads a at the same time: the scan over t is a, h
 *
 * Which dim is the time is tried from the first member on, going back when a choice leads nowhere. Sets are small. */
#include "scan.h"
#include <string.h>

/* SAME_TIME with one of the others: all places up to now, or from now on. */
typedef enum { UNRELATED = 0, SAME_TIME = 1, EARLIER = 2, LATER = 4 } When;

/* Equation `from` reads what equation `to` defines. */
typedef struct { int from, to; const Expr *read; When when; } Edge;

typedef struct {
    Equation **member;
    int n;
    LIST(Edge) edges;                   /* so that the reader of each was met as a first member or in an edge before */
    int *time;                          /* by member: the dim that is the time, or -1 */
    When direction;                     /* of reads at other times; UNRELATED as long as there is none */
    int tries;
    int *order;                         /* the result: members in order of computation */
    /* The first index that failed only by a circle of reads at the same time, and that circle. An index along which there
     * are reads at other times (a strong reason) comes before one that no read moves along. */
    const Index *blocked;
    bool strong;
    int blocked_at;
    char *circle;
} Set;

enum { MOST_TRIES = 20000, MOST_STEPS = 100000 };

/* --- when a read happens --- */

static When when_of_interval(int64_t lo, int64_t hi) {
    if (lo < 0 && hi > 0) return UNRELATED;
    return (lo < 0 ? EARLIER : 0) | (lo <= 0 && hi >= 0 ? SAME_TIME : 0) | (hi > 0 ? LATER : 0);
}

static When both(When a, When b) {
    When w = a | b;
    return a == UNRELATED || b == UNRELATED || (w & EARLIER && w & LATER) ? UNRELATED : w;
}

typedef struct { const Expr *read, *difference; Fact facts[MOST_FACTS]; int n, steps; When result; bool any; } Places;

/* Meets every place of the read below e, with the conditions under which it is evaluated there. */
static void meet_places(Places *p, const Expr *e) {
    if (++p->steps > MOST_STEPS) p->result = UNRELATED, p->any = true;
    if (p->any && p->result == UNRELATED) return;
    if (e == p->read) {
        int64_t lo, hi;
        interval_under(p->difference, p->facts, p->n, &lo, &hi);
        When w = lo > hi ? p->result : when_of_interval(lo, hi);
        p->result = p->any ? both(p->result, w) : w;
        p->any = true;
    }
    if (e->kind == X_WHERE && p->n < MOST_FACTS) {
        meet_places(p, e->arg[0]);
        for (int arm = 1; arm <= 2; arm++) {
            p->facts[p->n++] = (Fact){ e->arg[0], arm == 1 };
            meet_places(p, e->arg[arm]);
            p->n--;
        }
    } else
        for (int k = 0; k < e->n; k++) meet_places(p, e->arg[k]);
}

/* The time of the read, when dim `time` of the reader and dim `dim` of what is read are the time. */
static When when_of(const Set *s, const Edge *edge, int time, int dim) {
    const Equation *reader = s->member[edge->from], *read = s->member[edge->to];
    if (!same_dim(dim_of(reader->free[time]), dim_of(read->free[dim]))) return UNRELATED;
    const Expr *difference = Sub(edge->read->arg[dim], At(reader->free[time]));
    When w = when_of_interval(difference->lo, difference->hi);
    if (w == SAME_TIME || w == EARLIER || w == LATER || difference->kind == X_INT) return w;
    Places p = { .read = edge->read, .difference = difference };
    meet_places(&p, reader->body);
    return p.result;
}

/* --- the search --- */

static int member_of(const Set *s, const Tensor *t) {
    for (int k = 0; k < s->n; k++)
        if (s->member[k]->out == t) return k;
    return -1;
}

/* The reads inside of the set, breadth first from the first member. */
static void gather_edges(Set *s) {
    int *queue = NEW_ARRAY(int, s->n), met = 1;
    bool *seen = NEW_ARRAY(bool, s->n);
    seen[queue[0] = 0] = true;
    for (int k = 0; k < met; k++) {
        Exprs reads = reads_of(s->member[queue[k]]->body);
        for (int j = 0; j < reads.n; j++) {
            int to = member_of(s, reads.at[j]->tensor);
            if (to < 0) continue;
            PUSH(s->edges, ((Edge){ queue[k], to, reads.at[j], UNRELATED }));
            if (!seen[to]) seen[to] = true, queue[met++] = to;
        }
    }
}

/* The names along a circle of reads that starts at `first`, where next[k] is what member k reads. */
static char *circle_text(const Set *s, const int *next, int first) {
    Writer w = { 0 };
    int k = first;
    do {
        put(&w, "%s -> ", s->member[k]->out->name);
        k = next[k];
    } while (k != first);
    put(&w, "%s", s->member[first]->out->name);
    return w.text;
}

/* Sorts the members by their reads at the same time; false when these go in a circle, which is kept for the message. */
static bool sort_members(Set *s) {
    bool *placed = NEW_ARRAY(bool, s->n);
    int *next = NEW_ARRAY(int, s->n);
    for (int done = 0; done < s->n; done++) {
        int ready = -1;
        for (int k = 0; k < s->n; k++) next[k] = -1;
        for (int k = 0; k < s->edges.n; k++) {
            const Edge *e = &s->edges.at[k];
            if (e->when & SAME_TIME && !placed[e->to] && next[e->from] < 0) next[e->from] = e->to;
        }
        for (int k = s->n - 1; k >= 0; k--)
            if (!placed[k] && next[k] < 0) ready = k;
        if (ready < 0) {
            int at = 0;
            while (placed[at]) at++;
            for (int k = 0; k < s->n; k++) at = next[at];       /* surely on the circle by now */
            int first = at;
            for (int k = next[at]; k != at; k = next[k])
                if (k < first) first = k;
            bool strong = s->direction != UNRELATED;
            if (!s->blocked || (strong && !s->strong)) {
                s->strong = strong;
                s->blocked = s->member[first]->free[s->time[first]];
                s->blocked_at = first;
                s->circle = circle_text(s, next, first);
            }
            return false;
        }
        placed[s->order[done] = ready] = true;
    }
    return true;
}

static bool search(Set *s, int k) {
    if (k == s->edges.n) return sort_members(s);
    Edge *edge = &s->edges.at[k];
    int known = s->time[edge->to], dims = s->member[edge->to]->n_free;
    When direction = s->direction;
    /* first the dims that are read at a constant distance */
    for (int round = 0; round < (known < 0 ? 2 : 1); round++)
        for (int dim = known < 0 ? 0 : known; dim < (known < 0 ? dims : known + 1); dim++) {
            const Expr *own = At(s->member[edge->from]->free[s->time[edge->from]]);
            bool near = Sub(edge->read->arg[dim], own)->kind == X_INT;
            if ((known < 0 && near != (round == 0)) || s->tries++ > MOST_TRIES) continue;
            edge->when = when_of(s, edge, s->time[edge->from], dim);
            if (edge->when == UNRELATED) continue;
            When moves = edge->when & (EARLIER | LATER);
            if (moves) {
                if (direction != UNRELATED && moves != direction) continue;
                s->direction = moves;
            }
            s->time[edge->to] = dim;
            if (search(s, k + 1)) return true;
            s->time[edge->to] = known;
            s->direction = direction;
        }
    return false;
}

static void report_circle(Set *s) {
    if (s->blocked) {
        const Equation *e = s->member[s->blocked_at];
        error_from(e->origin, "`%s` depends on itself at the same %s: %s", e->out->name, s->blocked->name, s->circle);
        return;
    }
    int *next = NEW_ARRAY(int, s->n), at = 0;
    for (int k = s->edges.n - 1; k >= 0; k--) next[s->edges.at[k].from] = s->edges.at[k].to;
    for (int k = 0; k < s->n; k++) at = next[at];
    Diagnostic *d = error_from(s->member[at]->origin, "`%s` depends on itself: %s", s->member[at]->out->name,
                               circle_text(s, next, at));
    help(d, "a recurrence reads itself earlier along one index, always in the same direction: h[t-1 else 0]");
}

bool scan_order(Equation **member, int n, int number) {
    Set s = { .member = member, .n = n, .time = NEW_ARRAY(int, n), .order = NEW_ARRAY(int, n) };
    gather_edges(&s);
    bool found = false;
    for (int dim = 0; dim < member[0]->n_free && !found; dim++) {
        if (counts_samples(member[0]->free[dim]->count)) continue;              /* samples have no order: the batch is no time */
        for (int k = 0; k < n; k++) s.time[k] = -1;
        s.time[0] = dim;
        s.direction = UNRELATED;
        s.tries = 0;
        found = search(&s, 0);
    }
    if (!found) {
        report_circle(&s);
        return false;
    }
    Equation **sorted = NEW_ARRAY(Equation *, n);
    for (int k = 0; k < n; k++) {
        Equation *e = sorted[k] = member[s.order[k]];
        e->scan = number;
        e->scan_index = e->free[s.time[s.order[k]]];
        e->scan_down = s.direction == LATER;
    }
    memcpy(member, sorted, sizeof *member * (size_t)n);
    return true;
}
