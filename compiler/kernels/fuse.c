/* Fusion: which equations are computed together. Greedy and in program order; no search.
 *
 *   nests   Equations over the same free indices join when the later reads the earlier at exactly those indices (bias and
 *           relu after a convolution: the sum becomes a local), or when both are maps that read the same tensor (the
 *           moments and the weight of an optimizer), or when both reduce over equal ranges and read the same (a maximum
 *           and its winner; the sums of a gradient, and of it times something). A reduction never joins what it would repeat.
 *   rows    Light nests (no contraction, window or scatter, one dim and at most ROW_WORK values a sample) join into one loop over the
 *           samples when the later reads the earlier at the same sample: softmax, loss and its gradient are one pass.
 *           Tensors that no one else reads become arrays of one row.
 *   scans   The equations of a scan stand in one loop over time, and nothing else does. Its maps join as others do: the gates of a cell
 *           and what is made of them are one nest. What is read at its own time only is stored for one time, and so is what but its own
 *           equation reads at the time before, element by element: the old value goes where the new one comes.
 *
 * What remains stored is what a later group reads, and results. An equation moves up to the nest that it joins only
 * when everything that it reads is computed by then. */
#include "../equations/solve.h"
#include "group.h"

enum { ROW_WORK = 4096, ROW_SIZE = 2048 };

typedef struct Part {
    const Equation *e;
    const Index *const *bound;      /* as in the nest */
    const Expr *body;
    int nest;
} Part;

typedef struct { const Index *const *free; int n_free; LIST(int) parts; int group; bool closed; bool light; } Draft;

typedef struct Fusion {
    Map results;                    /* of the program */
    bool keep;                      /* everything is stored */
    LIST(Part) parts;
    LIST(Draft) drafts;
    LIST(Numbers) groups;           /* of drafts, in their order */
    Map number;                     /* Tensor -> the number of its part */
    Readers readers;                /* Tensor -> the parts that read it */
} Fusion;

static const Part *part_of(const Fusion *f, const Tensor *t) {
    const int *number = map_get(&f->number, t);
    return number ? &f->parts.at[*number] : NULL;
}

/* How many rows there are, where an equation goes over rows that are counted (rows.c). */
static const Tensor *computed_count(const Equation *e) {
    for (int k = 0; k < e->n_free + e->n_bound; k++) {
        const Tensor *count = (k < e->n_free ? e->free[k] : e->bound[k - e->n_free])->count;
        if (count && count->role == ROLE_VALUE) return count;
    }
    return NULL;
}

static void keep_part(Fusion *f, Part part) {
    int *number = NEW(int);
    const Tensor *count = computed_count(part.e);
    *number = f->parts.n;
    map_put(&f->number, part.e->out, number);
    readers_add_body(&f->readers, part.body, f->parts.n);
    if (count) readers_add(&f->readers, count, f->parts.n);
    PUSH(f->parts, part);
}

Map results_of(const Program *p) {
    Map results = {0};
    for (int k = 0; k < p->results.n; k++)
        map_put(&results, p->results.at[k], p->results.at[k]);
    return results;
}

bool is_result(const Map *results, const Tensor *t) {
    return t->role != ROLE_VALUE || t->watched || map_get(results, t);
}

static bool reads_exactly(const Expr *read, const Index *const *free, int n) {
    if (read->guarded || read->tensor->rank != n) return false;
    for (int k = 0; k < n; k++)
        if (read->arg[k] != At(free[k])) return false;
    return true;
}

static bool same_space(const Index *const *a, int n_a, const Index *const *b, int n_b) {
    if (n_a != n_b) return false;
    for (int k = 0; k < n_a; k++)
        if (a[k]->extent != b[k]->extent || a[k]->count != b[k]->count) return false;
    return true;
}

static const Expr *moved(const Expr *body, const Equation *e, const Index *const *free) {
    return substitute(body, e->free, values_of(free, e->n_free), e->n_free);
}

/* A sum of real numbers that is as fast beside another: arithmetic without conditions, in which nothing is used twice. */
static bool is_plain_sum(const Expr *e) {
    if (e->type != REAL) return false;
    if (e->kind == X_NUM) return true;
    if (e->kind == X_READ) return !e->guarded && !e->tensor->byte;
    bool arithmetic = is_arithmetic(e);
    for (int k = 0; k < e->n && arithmetic; k++) arithmetic = is_plain_sum(e->arg[k]);
    return arithmetic;
}

/* Whether the sums go over the same elements of some tensor, each once. */
static bool sweep_alike(const Draft *d, const Expr *a, const Expr *b, const Index *const *bound, int n_bound) {
    if (!is_plain_sum(a) || !is_plain_sum(b)) return false;
    Exprs reads = reads_of(a);
    for (int r = 0; r < reads.n; r++) {
        const Expr *read = reads.at[r];
        if (read->tensor->rank != d->n_free + n_bound) continue;
        bool each = true, found = false;
        for (int k = 0; k < read->n; k++) each = each && read->arg[k]->kind == X_INDEX;
        for (int k = 0; k < n_bound; k++) each = each && uses_index(read, bound[k]);
        Exprs others = reads_of(b);
        for (int k = 0; k < others.n; k++) found = found || others.at[k] == read;
        if (each && found) return true;
    }
    return false;
}

/* A reduction that the nest has already, as the two biases of a cell have one gradient, becomes a copy of its result. */
static void make_copy(Part *part, const Equation *e, const Equation *known, const Draft *d) {
    Equation *copy = NEW(Equation);
    *copy = *e;
    copy->op = REDUCE_NONE, copy->n_bound = 0;
    copy->body = Read(known->out, values_of(e->free, e->n_free), e->n_free);
    *part = (Part){.e = copy, .bound = part->bound, .body = Read(known->out, values_of(d->free, d->n_free), d->n_free)};
}

/* Whether e may become a member of the nest. On success part->bound and body are written over the nest's indices. */
static bool joins(const Fusion *f, const Draft *d, int number, const Equation *e, Part *part) {
    if (d->closed || !same_space(d->free, d->n_free, e->free, e->n_free)) return false;
    if (f->parts.at[d->parts.at[0]].e->scan != e->scan) return false;
    const Expr *body = moved(e->body, e, d->free);
    Exprs reads = reads_of(body);
    bool vertical = false, shares = false, reduces = false;
    const Part *range = NULL;
    for (int k = 0; k < reads.n; k++) {
        const Expr *read = reads.at[k];
        const Part *producer = part_of(f, read->tensor);
        if (producer && producer->nest == number) {
            if (!reads_exactly(read, d->free, d->n_free)) return false;
            vertical = true;
        }
        for (int m = 0; m < d->parts.n && read->tensor->rank > 0; m++)
            shares |= uses_tensor(f->parts.at[d->parts.at[m]].body, read->tensor);
    }
    for (int m = 0; m < d->parts.n; m++) {
        const Part *p = &f->parts.at[d->parts.at[m]];
        if (p->e->op == REDUCE_NONE) continue;
        reduces = true;
        if (same_space(p->bound, p->e->n_bound, e->bound, e->n_bound)) range = p;
    }
    part->bound = e->bound;
    part->body = body;
    if (e->op == REDUCE_NONE) return vertical || (shares && !reduces);
    if (!range || vertical || !shares) return false;
    /* One sweep gives both results. */
    part->bound = range->bound;
    part->body = substitute(body, e->bound, values_of(range->bound, e->n_bound), e->n_bound);
    for (int m = 0; m < d->parts.n; m++) {
        const Part *p = &f->parts.at[d->parts.at[m]];
        if (p->body != part->body || p->e->op != e->op || p->e->out->type != e->out->type) continue;
        make_copy(part, e, p->e, d);
        return true;
    }
    const bool sums = e->op == REDUCE_SUM && range->e->op == REDUCE_SUM && e->out->type == REAL && range->e->out->type == REAL;
    return part->body == range->body || (sums && sweep_alike(d, part->body, range->body, part->bound, e->n_bound));
}

/* Samples with more than one dim are left to nests of their own, which may take sixteen of them at once. */
static bool sees_picture(const Equation *e) {
    bool picture = e->n_free > 2;
    Exprs reads = reads_of(e->body);
    for (int r = 0; r < reads.n; r++) {
        const Tensor *t = reads.at[r]->tensor;
        picture |= t->rank > 2 && counts_samples(t->dim[0].count);
    }
    return picture;
}

static bool is_light(const Equation *e) {
    Class class = classify(e);
    if (class == CLASS_CONTRACTION || class == CLASS_WINDOW || class == CLASS_SCATTER || class == CLASS_SCAN) return false;
    return e->n_free > 0 && counts_samples(e->free[0]->count) && !sees_picture(e) &&
           volume(e->free + 1, e->n_free - 1) * volume(e->bound, e->n_bound) <= ROW_WORK;
}

/* The nests from `first` on that compute or read what is read here, in their order. Nests that share no more than a number do not
 * join. */
static Numbers neighbours(const Fusion *f, const Exprs *reads, int first) {
    Numbers near = {0};
    for (int r = 0; r < reads->n; r++) {
        const Tensor *t = reads->at[r]->tensor;
        Numbers parts = t->rank > 0 ? readers_of(&f->readers, t) : (Numbers){0};
        const int *producer = map_get(&f->number, t);
        for (int k = producer ? -1 : 0; k < parts.n; k++) {
            int nest = f->parts.at[k < 0 ? *producer : parts.at[k]].nest, at = near.n;
            while (at > 0 && near.at[at - 1] > nest) at--;
            if (nest < first || (at > 0 && near.at[at - 1] == nest)) continue;
            PUSH(near, nest);
            for (int m = near.n - 1; m > at; m--)
                near.at[m] = near.at[m - 1];
            near.at[at] = nest;
        }
    }
    return near;
}

static void add_part(Fusion *f, const Equation *e) {
    /* The first nest that e may stand in: none before those of its producers, nor before one that still reads the old
     * value of what e replaces. */
    int first = 0;
    Exprs reads = reads_of(e->body);
    for (int k = 0; k < reads.n; k++) {
        const Part *producer = part_of(f, reads.at[k]->tensor);
        if (producer && producer->nest > first) first = producer->nest;
    }
    const Part *counted = computed_count(e) ? part_of(f, computed_count(e)) : NULL;
    if (counted && counted->nest > first) first = counted->nest;
    if (e->out->role == ROLE_NEXT) {
        Numbers old = readers_of(&f->readers, e->out->of);
        for (int k = 0; k < old.n; k++)
            if (f->parts.at[old.at[k]].nest > first) first = f->parts.at[old.at[k]].nest;
    }
    Part part = {.e = e, .bound = e->bound, .body = e->body};
    Scatter scatter;
    bool alone = (e->scan && e->op != REDUCE_NONE) || (e->op == REDUCE_SUM && scatter_of(e->body, e->free, e->n_free, &scatter));
    Numbers near = neighbours(f, &reads, first);
    for (int c = 0, k; c < near.n && !alone; c++)
        if (k = near.at[c], joins(f, &f->drafts.at[k], k, e, &part)) {
            part.nest = k;
            PUSH(f->drafts.at[k].parts, f->parts.n);
            f->drafts.at[k].light &= is_light(e);
            keep_part(f, part);
            return;
        }
    part = (Part){.e = e, .bound = e->bound, .body = e->body, .nest = f->drafts.n};
    Draft d = {.free = e->free, .n_free = e->n_free, .closed = alone, .light = is_light(e), .group = -1};
    PUSH(d.parts, f->parts.n);
    PUSH(f->drafts, d);
    keep_part(f, part);
}

/* The group of the rows that nest k may join, or -1. */
static int row_group(const Fusion *f, int k) {
    const Draft *d = &f->drafts.at[k];
    int group = -1;
    if (!d->light) return -1;
    for (int m = 0; m < d->parts.n; m++) {
        Exprs reads = reads_of(f->parts.at[d->parts.at[m]].body);
        for (int r = 0; r < reads.n; r++) {
            const Part *producer = part_of(f, reads.at[r]->tensor);
            if (producer && producer->nest != k && f->drafts.at[producer->nest].group > group)
                group = f->drafts.at[producer->nest].group;
        }
    }
    if (group < 0) return -1;
    /* All reads of that group's tensors are at this sample, and all its nests are light. */
    const Numbers *rows = &f->groups.at[group];
    for (int row = 0; row < rows->n; row++) {
        const int n = rows->at[row];
        const Draft *other = &f->drafts.at[n];
        if (!other->light || !same_space(other->free, 1, d->free, 1)) return -1;
        for (int m = 0; m < d->parts.n; m++) {
            Exprs reads = reads_of(f->parts.at[d->parts.at[m]].body);
            for (int r = 0; r < reads.n; r++) {
                const Expr *read = reads.at[r];
                const Part *producer = part_of(f, read->tensor);
                if (producer && producer->nest == n && (read->guarded || read->arg[0] != At(d->free[0]))) return -1;
            }
        }
    }
    return group;
}

/* Reads of members by their locals, and of tensors that live for one turn of the group's loop without the subscript of that loop. */
typedef struct { const Tensor *from, *to; int dropped; } Renaming;      /* -1: `to` is a local */
typedef struct { LIST(Renaming) list; } Renamings;

static const Expr *const *without(const Expr *const *list, int n, int dropped) {
    const Expr **rest = NEW_ARRAY(const Expr *, n);
    for (int k = 0; k < n - 1; k++)
        rest[k] = list[k + (k >= dropped)];
    return rest;
}

static const Expr *rename_read(const Expr *e, void *data) {
    const Renamings *r = data;
    if (e->kind != X_READ) return e;
    for (int k = 0; k < r->list.n; k++) {
        const Renaming *n = &r->list.at[k];
        if (n->from != e->tensor) continue;
        if (n->dropped < 0) return read_local(n->to);
        const Expr *const *at = without(e->arg, e->n, n->dropped);
        if (!e->guarded) return Read(n->to, at, e->n - 1);
        /* The guard said whether there is a time before, too. */
        const Expr *otherwise = at[e->n - 2];
        return Where(in_range(e->arg[n->dropped], e->tensor->dim[n->dropped]), ReadElse(n->to, at, e->n - 2, otherwise), otherwise);
    }
    return e;
}

static bool read_in(const Fusion *f, const Tensor *t, int nest, int group, bool *inside_nest, bool *inside_group) {
    bool any = false;
    *inside_nest = *inside_group = true;
    Numbers readers = readers_of(&f->readers, t);
    for (int k = 0; k < readers.n; k++) {
        const Part *p = &f->parts.at[readers.at[k]];
        any = true;
        *inside_nest &= p->nest == nest;
        *inside_group &= f->drafts.at[p->nest].group == group;
    }
    return any;
}

/* The time of a nest of a scan: its parts are written over the indices of the first. */
static const Index *time_of(const Fusion *f, int nest) { return f->parts.at[f->drafts.at[nest].parts.at[0]].e->scan_index; }

/* How a value of a scan passes: the dim of the time, for which one place is enough, or -1; and whether its own equation reads what stands there. */
typedef struct { int dim; bool carried; } Passing;

/* Whether the equation of a part reads its own value one turn of the loop ago, at the same element. */
static bool reads_turn_before(const Fusion *f, const Part *p, const Expr *read) {
    const Draft *d = &f->drafts.at[p->nest];
    const Index *time = time_of(f, p->nest);
    for (int k = 0; k < d->n_free; k++)
        if (read->arg[k] != (d->free[k] == time ? Add(At(time), Int(p->e->scan_down ? 1 : -1)) : At(d->free[k]))) return false;
    return true;
}

static Passing passing_of(const Fusion *f, const Part *p) {
    Passing passing = {0, false};
    while (p->e->free[passing.dim] != p->e->scan_index) passing.dim++;
    Numbers readers = readers_of(&f->readers, p->e->out);
    for (int k = 0; k < readers.n; k++) {
        const Part *reader = &f->parts.at[readers.at[k]];
        Exprs reads = reads_of(reader->body);
        for (int r = 0; r < reads.n; r++) {
            if (reads.at[r]->tensor != p->e->out || (reader->e->scan && reads.at[r]->arg[passing.dim] == At(time_of(f, reader->nest)))) continue;
            if (reader != p || !reads_turn_before(f, p, reads.at[r])) return (Passing){-1, false};
            passing.carried = true;
        }
    }
    return passing;
}

static const Tensor *tensor_without(const Tensor *t, int dropped) {
    Dim dims[12];
    for (int k = 0; k < t->rank - 1; k++)
        dims[k] = t->dim[k + (k >= dropped)];
    Tensor *rest = tensor_new(t->name, ROLE_VALUE, t->type, t->rank - 1, dims, t->origin);
    rest->lo = t->lo, rest->hi = t->hi;
    return rest;
}

static void build_nest(Fusion *f, Group *g, int number, const Index *outer, Renamings *rows) {
    const Draft *d = &f->drafts.at[number];
    Nest *nest = NEW(Nest);
    const Index *time = time_of(f, number);
    const Index **free = NEW_ARRAY(const Index *, d->n_free + 1);
    const Index *own_outer = NULL;
    for (int k = 0; k < d->n_free; k++) {
        bool is_outer = outer && (time ? d->free[k] == time : k == 0);
        if (is_outer) own_outer = d->free[k];
        else free[nest->n_free++] = d->free[k];
    }
    nest->free = free;
    const Expr *outer_value = outer ? At(outer) : NULL;
    Renamings names = {0};
    for (int k = 0; k < rows->list.n; k++)
        PUSH(names.list, rows->list.at[k]);
    /* No reduction of a nest reads another member, so they come first. */
    for (int turn = 0; turn < 2 * d->parts.n; turn++) {
        int m = turn % d->parts.n;
        const Part *p = &f->parts.at[d->parts.at[m]];
        if ((p->e->op == REDUCE_NONE) != (turn >= d->parts.n)) continue;
        const Tensor *out = p->e->out;
        Member member = {.bound = p->bound, .n_bound = p->e->n_bound, .op = p->e->op, .name = out->name};
        /* The value's own type: a whole tensor may be given a sum that simplifying has made real. */
        bool winner = p->e->op == REDUCE_ARGMAX || p->e->op == REDUCE_ARGMIN;
        member.type = !winner && p->body->type == REAL ? REAL : out->type;
        bool inside_nest, inside_group, own_reader = false;
        bool any = read_in(f, out, number, d->group, &inside_nest, &inside_group);
        for (int o = 0; o < d->parts.n; o++)
            own_reader |= o != m && uses_tensor(f->parts.at[d->parts.at[o]].body, out);
        const Expr *const *subs = values_of(d->free, d->n_free);
        member.n_subs = d->n_free;
        const bool stays = f->keep || is_result(&f->results, out) || !any || !inside_group;
        const bool row = !stays && !p->e->scan && !inside_nest && volume(d->free + 1, d->n_free - 1) <= ROW_SIZE;
        const Passing passing = p->e->scan ? passing_of(f, p) : (Passing){-1, false};
        const bool stored = stays || !inside_nest || passing.carried || (p->e->scan && passing.dim < 0);
        const int dropped = row ? 0 : stored && !stays ? passing.dim : -1;
        if (stored) member.target = dropped < 0 ? out : tensor_without(out, dropped);
        if (row) PUSH(g->rows, member.target);
        if (dropped >= 0) {
            Renaming renaming = {out, member.target, dropped};
            PUSH(rows->list, renaming);
            PUSH(names.list, renaming);
            subs = without(subs, member.n_subs--, dropped);
        }
        member.body = transform(p->body, rename_read, &names);
        const Expr **own_subs = NEW_ARRAY(const Expr *, member.n_subs + 1);
        for (int k = 0; k < member.n_subs; k++)
            own_subs[k] = own_outer ? substitute(subs[k], &own_outer, &outer_value, 1) : subs[k];
        if (own_outer) member.body = substitute(member.body, &own_outer, &outer_value, 1);
        member.subs = own_subs;
        if (own_reader) {
            Tensor *local = local_new(out->name, member.type, 0, NULL);
            local->lo = out->lo, local->hi = out->hi;
            member.local = local;
            /* Within the nest the local hides the row or the stored tensor. */
            Renamings with_local = {0};
            PUSH(with_local.list, ((Renaming){out, local, -1}));
            for (int k = 0; k < names.list.n; k++)
                PUSH(with_local.list, names.list.at[k]);
            names = with_local;
        }
        PUSH(nest->members, member);
        PUSH(g->equations, p->e);
    }
    PUSH(g->nests, nest);
}

/* Parts the drafts into groups, in an order in which they can be computed. */
static void assign_groups(Fusion *f) {
    int scan = 0, scan_group = -1;
    for (int k = 0; k < f->drafts.n; k++) {
        Draft *d = &f->drafts.at[k];
        const Equation *e = f->parts.at[d->parts.at[0]].e;
        if (e->scan) {
            if (e->scan != scan) scan = e->scan, scan_group = f->groups.n;
            d->group = scan_group;
        } else {
            int row = row_group(f, k);
            d->group = row >= 0 ? row : f->groups.n;
        }
        if (d->group == f->groups.n) PUSH(f->groups, (Numbers){0});
        PUSH(f->groups.at[d->group], k);
    }
}

void fuse(Groups *groups, const Equations *equations, const Program *program, bool keep) {
    Fusion f = {.results = results_of(program), .keep = keep};
    for (int k = 0; k < equations->n; k++)
        add_part(&f, equations->at[k]);
    assign_groups(&f);
    for (int g = 0; g < f.groups.n; g++) {
        Group *group = NEW(Group);
        Renamings rows = {0};
        const Numbers *drafts = &f.groups.at[g];
        int nests = 0;
        for (int k = 0; k < drafts->n; k++) {
            const Draft *d = &f.drafts.at[drafts->at[k]];
            const Equation *e = f.parts.at[d->parts.at[0]].e;
            if (e->scan) group->outer = e->scan_index, group->down = e->scan_down;
            else if (++nests == 2) group->outer = d->free[0];
        }
        for (int k = 0; k < drafts->n; k++)
            build_nest(&f, group, drafts->at[k], group->outer, &rows);
        PUSH(*groups, group);
    }
}
