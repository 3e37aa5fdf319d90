/* Layout: samples in blocks of 16, the 16 of a block innermost, where that makes vector code.
 *
 *     y[n, o, i, j]  is kept as  y[block, o, i, j, lane]        n = 16*block + lane
 *
 * A window over a picture has rows of any length and guards at their ends; sixteen samples side by side are always one
 * full vector without a guard, whatever the window looks like, and weights need no packing beside them: each is one number
 * for all lanes. So these nests are rewritten, and with them the maps and reductions that touch the same tensors:
 *
 *     sums of products with something that all samples share     y[n, o] = sum(i) w[o, i]*x[n, i]
 *     those of two of a sample's own, where rows are slow        s[n, i, j] = sum(d) q[n, i, d]*k[n, j, d]
 *     sums over the samples and over places                      d_f[q, c, u] = sum(n, i) d_y[n, q, i]*x[n, c, i + u]
 *
 * Where the samples are rows together with places (a linear layer for each token), both layouts make vector code, and the rows of the
 * gradients of weights lie consecutive in one only. So plain products are rated in both, and stay in rows where the program's are
 * cheaper there on the whole and its windows are less work than they. A recurrence is rewritten as a whole, with the blocks outside of
 * its time.
 *
 * A sum over the samples alone (d_w[o, i] = sum(n) d_y[n, o]*x[n, i]) has its lanes along i, and takes rows of samples. After
 * that the lane is an index like any other, and the schedulers find it.
 *
 * A value that a rewritten nest computes and another one reads is kept in blocks. Nests that are not rewritten, and the
 * caller, find the samples in their rows; where one needs what stands in the other layout, a copy comes in between. Lanes
 * beyond the last sample (pads) hold its values again, as reads clamp the sample; stores to other layouts leave them out;
 * adjoints are zero there, so sums of products with an adjoint over the samples need no test; other sums over samples stop
 * at the last. */
#include "tile.h"
#include <math.h>
#include <stdlib.h>

enum { LEAST_REACH = 4 };
/* Where the plain products of a program are cheaper in rows on the whole, each is there that does not cost so many times as much. */
static const double MOST_LOSS = 2;

/* rows, in_blocks: cycles of a seed in both layouts; plain: it is no window. */
typedef struct { Group *group; const Index *sample; bool bound, scan, seed, blocks, plain; double rows, in_blocks; } Candidate;

typedef struct Layouts {
    Map results;                    /* of the program */
    bool tight;                     /* nothing is added to rows and planes */
    LIST(Candidate) all;
    const Tensor *samples;
    Readers touched;                /* Tensor -> the candidates that read or write it */
    Map split;                      /* Tensor -> its tensor in blocks */
    Map copies;                     /* Tensor -> a copy of it in blocks */
    Map rows;                       /* tensors that are kept in blocks, and have their rows too */
} Layouts;

static bool has_samples(const Layouts *l, const Tensor *t) {
    return t->rank > 0 && t->dim[0].count && t->dim[0].count == l->samples;
}

/* Every read of a tensor with samples is at the nest's own sample, and no other subscript moves with it. */
static bool reads_own_sample(const Layouts *l, const Expr *body, const Index *sample) {
    Exprs reads = reads_of(body);
    for (int r = 0; r < reads.n; r++) {
        const Expr *e = reads.at[r];
        bool batch = has_samples(l, e->tensor);
        if (batch && e->arg[0] != At(sample)) return false;
        for (int s = batch; s < e->tensor->rank; s++)
            if (uses_index(e->arg[s], sample) || (batch && counts_samples(e->tensor->dim[s].count))) return false;
    }
    return true;
}

static bool may_be_split(const Layouts *l, const Tensor *t) {
    return t->role == ROLE_VALUE && t->rank > 1 && has_samples(l, t) && !is_result(&l->results, t);
}

static bool is_product(const Equation *e) {
    Class class = classify(e);
    return class == CLASS_WINDOW || class == CLASS_CONTRACTION;
}

/* A factor that has samples, and one that all of them share. */
static bool shares_operand(const Layouts *l, const Expr *body) {
    bool own = false, shared = false;
    Exprs reads = reads_of(body);
    for (int r = 0; r < reads.n; r++) {
        own |= has_samples(l, reads.at[r]->tensor);
        shared |= reads.at[r]->tensor->rank > 0 && !has_samples(l, reads.at[r]->tensor);
    }
    return own && shared;
}

/* Whether two terms of a subscript reach the same places, as those of a window do; the digits of a place do not. */
static bool overlap(const Expr *sub) {
    for (int a = 0; sub->kind == X_SUM && a < sub->n; a++)
        for (int b = 0; b < sub->n; b++) {
            const Expr *small = sub->arg[a], *large = sub->arg[b];
            if (a == b || llabs(sub->factor[a]) > llabs(sub->factor[b])) continue;
            if (small->kind != X_INDEX || large->kind != X_INDEX) return true;
            if (llabs(sub->factor[b]) < llabs(sub->factor[a])*small->index->extent) return true;
        }
    return false;
}

static bool slides(const Expr *body) {
    Exprs reads = reads_of(body);
    for (int r = 0; r < reads.n; r++)
        for (int s = 0; s < reads.at[r]->tensor->rank; s++)
            if (overlap(reads.at[r]->arg[s])) return true;
    return false;
}

/* Two factors or more, all of a sample's own. */
static bool is_own_product(const Layouts *l, const Nest *nest) {
    const Member *m = &nest->members.at[0];
    Exprs reads = reads_of(m->body);
    for (int r = 0; r < reads.n; r++)
        if (!has_samples(l, reads.at[r]->tensor)) return false;
    return m->op == REDUCE_SUM && reads.n > 1 && is_plain_product(peel(m->body, true, nest->free, nest->n_free).term) && !slides(m->body);
}

static double reach_of(const Member *m, const Index *sample) {
    double reach = 1;
    for (int k = 0; k < m->n_bound; k++)
        if (m->bound[k] != sample) reach *= (double)m->bound[k]->extent;
    return reach;
}

static double cycles_in_blocks(const Layouts *l, const Nest *nest, const Index *sample, bool sums_samples);

/* A recurrence computes all of its nests in blocks, or none. */
static Candidate scan_candidate(const Layouts *l, Group *g) {
    Candidate c = {.group = g, .scan = true}, none = c;
    for (int n = 0; n < g->nests.n; n++) {
        const Nest *nest = g->nests.at[n];
        const Member *first = &nest->members.at[0];
        Scatter scatter;
        if (nest->n_free == 0 || nest->free[0]->count != l->samples || scatter_of(first->body, nest->free, nest->n_free, &scatter)) return none;
        for (int k = 1; k < nest->n_free; k++)
            if (counts_samples(nest->free[k]->count)) return none;
        for (int k = 0; k < nest->members.n; k++) {
            const Member *m = &nest->members.at[k];
            if ((m->target && !may_be_split(l, m->target)) || !reads_own_sample(l, m->body, nest->free[0])) return none;
            for (int b = 0; b < m->n_bound; b++)
                if (counts_samples(m->bound[b]->count)) return none;
        }
        c.sample = nest->free[0];
        c.seed |= first->op == REDUCE_SUM && is_plain_product(first->body) && reach_of(first, NULL) >= LEAST_REACH &&
                  shares_operand(l, first->body) && packed_cycles(g, nest) > cycles_in_blocks(l, nest, nest->free[0], false);
    }
    return c;
}

static Candidate candidate_of(Layouts *l, Group *g, bool blas) {
    Candidate c = {.group = g};
    Nest *nest = g->nests.at[0];
    const Member *first = &nest->members.at[0];
    Scatter scatter;
    Nodes trial = {0};
    if (g->outer && g->equations.at[0]->scan) return scan_candidate(l, g);
    if (g->outer || g->n_cells || g->equations.at[0]->scan || (blas && schedule_product(&trial, nest))) return c;
    if (scatter_of(first->body, nest->free, nest->n_free, &scatter)) return c;
    const Index *sample = NULL;
    int counts = 0;
    for (int k = 0; k < nest->n_free; k++)
        if (counts_samples(nest->free[k]->count)) sample = nest->free[k], counts++;
    if (counts && sample != nest->free[0]) return c;
    for (int k = 0; k < first->n_bound; k++)
        if (counts_samples(first->bound[k]->count)) sample = first->bound[k], counts++, c.bound = true;
    if (counts != 1 || sample->count != l->samples || (c.bound && first->op != REDUCE_SUM) || nest->n_free == 0) return c;
    for (int k = 0; k < nest->members.n; k++) {
        const Member *m = &nest->members.at[k];
        if (!reads_own_sample(l, m->body, sample)) return c;
        if (c.bound && k > 0 && m->op != REDUCE_NONE && m->bound != first->bound) return c;
        for (int b = 0; b < m->n_bound && k > 0 && !c.bound; b++)
            if (counts_samples(m->bound[b]->count)) return c;
    }
    bool product = first->op == REDUCE_SUM && is_product(g->equations.at[0]);
    const bool long_enough = reach_of(first, sample) >= LEAST_REACH;
    c.seed = product && long_enough && (c.bound || shares_operand(l, first->body));
    if (long_enough && !c.bound && is_own_product(l, nest)) c.seed = packed_cycles(g, nest) > MOST_LOSS*cycles_in_blocks(l, nest, sample, false);
    else if (c.seed) {
        c.plain = !slides(first->body);
        c.in_blocks = cycles_in_blocks(l, nest, sample, c.bound);
        if (c.plain) c.rows = packed_cycles(g, nest);
        if (c.in_blocks == INFINITY || c.rows == INFINITY) c.rows = c.in_blocks = 0;        /* no tile: it follows the others */
    }
    /* Lanes of a product that is summed over the samples alone would have little to add up. */
    if (c.seed || !c.bound || !product) c.sample = sample;
    return c;
}

static void note_touched(Layouts *l, const Candidate *c, int number) {
    for (int n = 0; n < c->group->nests.n; n++) {
        const Nest *nest = c->group->nests.at[n];
        for (int k = 0; k < nest->members.n; k++) {
            const Member *m = &nest->members.at[k];
            if (m->target) readers_add(&l->touched, m->target, number);
            readers_add_body(&l->touched, m->body, number);
        }
    }
}

static bool touched_in_blocks(const Layouts *l, const Tensor *t) {
    Numbers all = readers_of(&l->touched, t);
    bool any = false;
    for (int k = 0; k < all.n; k++)
        any |= l->all.at[all.at[k]].blocks;
    return any && may_be_split(l, t);
}

/* Whether c shares a value with a nest that works on blocks. */
static bool meets_blocks(const Layouts *l, const Candidate *c) {
    for (int n = 0; n < c->group->nests.n; n++)
        for (int m = 0; m < c->group->nests.at[n]->members.n; m++) {
            const Member *member = &c->group->nests.at[n]->members.at[m];
            if (member->target && touched_in_blocks(l, member->target)) return true;
            Exprs reads = reads_of(member->body);
            for (int r = 0; r < reads.n; r++)
                if (touched_in_blocks(l, reads.at[r]->tensor)) return true;
        }
    return false;
}

static int64_t common_divisor(int64_t a, int64_t b) { return b == 0 ? a : common_divisor(b, a % b); }

/* Lines at a distance of a power of two share few places in a cache: what a window touches would push itself out. So rows and
 * planes are made longer by an element or a row where that gives them more places. The loops do not touch what is added. */
static void spread(Tensor *t, int row, int column) {
    enum { PLACES = 64 };
    int64_t best = 0, rows = t->dim[row].extent, columns = t->dim[column].extent;
    for (int r = 0; r < 2; r++)
        for (int c = 0; c < 2; c++) {
            int64_t pitch = common_divisor(columns + c, PLACES), plane = common_divisor((rows + r) * (columns + c), PLACES);
            int64_t score = 100 * (plane > 4 ? plane : 4) + 50 * (pitch > 8 ? pitch : 8) + 10 * r + 11 * c;
            if (best && score >= best) continue;
            best = score;
            t->room[row] = rows + r, t->room[column] = columns + c;
        }
}

static Tensor *blocked(const Layouts *l, const Tensor *t) {
    Dim dims[12] = {{(t->dim[0].extent + LANES - 1) / LANES, NULL}};
    for (int k = 1; k < t->rank; k++)
        dims[k] = t->dim[k];
    dims[t->rank] = (Dim){LANES, NULL};
    Tensor *s = tensor_new(t->name, ROLE_VALUE, t->type, t->rank + 1, dims, t->origin);
    s->lo = t->lo, s->hi = t->hi;
    s->adjoint = t->adjoint;
    if (t->rank > 3 && !l->tight) spread(s, t->rank - 2, t->rank - 1);
    return s;
}

/* What a nest on blocks computes and another one reads: a map can as well store it in rows; lanes of a reduction would scatter it.
 * A recurrence reads itself. */
static void split_values_of(Layouts *l, int k, const Nest *nest) {
    for (int m = 0; m < nest->members.n; m++) {
        const Tensor *t = nest->members.at[m].target;
        if (!t || !may_be_split(l, t) || t->rank > 10) continue;
        bool wanted = l->all.at[k].scan, reduces = nest->members.at[0].op != REDUCE_NONE;
        Numbers all = readers_of(&l->touched, t);
        for (int o = 0; o < all.n; o++)
            wanted |= all.at[o] != k && (reduces || l->all.at[all.at[o]].blocks);
        if (wanted) map_put(&l->split, t, blocked(l, t));
    }
}

static void split_values(Layouts *l) {
    for (int k = 0; k < l->all.n; k++)
        for (int n = 0; l->all.at[k].blocks && n < l->all.at[k].group->nests.n; n++)
            split_values_of(l, k, l->all.at[k].group->nests.at[n]);
}

/* ---- rewriting ------------------------------------------------------------------------------------------------------- */
typedef struct { const Layouts *l; const Index *sample, *block, *lane; const Expr *n, *inside; } Blocks;

static const Index *block_index(const Layouts *l) {
    return index_new(name_of("block"), (l->samples->hi + LANES - 1) / LANES, NULL);
}

static Blocks blocks_for(const Layouts *l, const Index *sample, const Index *block) {
    Blocks b = {.l = l, .sample = sample, .block = block};
    b.lane = index_new(name_of("lane"), LANES, NULL);
    b.n = Add(Mul(At(b.block), Int(LANES)), At(b.lane));
    b.inside = Lt(b.n, Read(l->samples, NULL, 0));
    return b;
}

static const Expr *read_in_blocks(const Blocks *b, const Expr *e, const Tensor *t) {
    int rank = e->tensor->rank;
    const Expr **subs = NEW_ARRAY(const Expr *, rank + 1);
    for (int k = 1; k < rank; k++)
        subs[k] = e->arg[k];
    subs[0] = At(b->block);
    subs[rank] = At(b->lane);
    return e->guarded ? ReadElse(t, subs, rank + 1, e->arg[rank]) : Read(t, subs, rank + 1);
}

static const Expr *change_read(const Expr *e, void *data) {
    const Blocks *b = data;
    if (e->kind != X_READ || !has_samples(b->l, e->tensor)) return e;
    const Tensor *split = map_get(&b->l->split, e->tensor);
    if (!split) split = map_get(&b->l->copies, e->tensor);
    if (split) return read_in_blocks(b, e, split);
    const Expr **subs = NEW_ARRAY(const Expr *, e->n);
    for (int k = 1; k < e->n; k++)
        subs[k] = e->arg[k];
    subs[0] = Operate(OP_MIN, b->n, Sub(Read(b->l->samples, NULL, 0), Int(1)));
    return rebuild(e, subs);
}

static const Expr *over_blocks(Blocks *b, const Expr *e) {
    return substitute(transform(e, change_read, b), &b->sample, &b->n, 1);
}

/* Whether a sum's terms are zero in pads already: a factor is an adjoint kept in blocks. */
static bool zero_in_pads(const Layouts *l, const Expr *e) {
    if (e->kind == X_OP && e->op == OP_MUL) return zero_in_pads(l, e->arg[0]) || zero_in_pads(l, e->arg[1]);
    if (e->kind == X_OP && e->op == OP_NEG) return zero_in_pads(l, e->arg[0]);
    if (e->kind == X_WHERE && e->type == REAL && is_integer(e->arg[2], 0)) return zero_in_pads(l, e->arg[1]);
    if (e->kind != X_READ || (e->guarded && !is_integer(e->arg[e->n - 1], 0))) return false;
    return e->tensor->adjoint && (map_get(&l->split, e->tensor) || map_get(&l->copies, e->tensor));
}

/* Sums in one sweep have their bounds in common. */
static bool all_zero_in_pads(const Layouts *l, const Nest *nest) {
    for (int k = 0; k < nest->members.n; k++)
        if (nest->members.at[k].op != REDUCE_NONE && !zero_in_pads(l, nest->members.at[k].body)) return false;
    return true;
}

static void rewrite_member(Blocks *b, bool sums_samples, Member *m, bool zero) {
    m->body = over_blocks(b, m->body);
    if (sums_samples && m->op != REDUCE_NONE) {
        const Index **bound = NEW_ARRAY(const Index *, m->n_bound + 1);
        for (int k = 0; k < m->n_bound; k++)
            bound[k] = m->bound[k] == b->sample ? b->block : m->bound[k];
        bound[m->n_bound++] = b->lane;
        m->bound = bound;
        if (!zero) m->body = Where(b->inside, m->body, m->body->type == REAL ? Num(0) : Int(0));
    }
    if (sums_samples || !m->target) return;
    const Expr **subs = NEW_ARRAY(const Expr *, m->n_subs + 2);
    for (int k = 1; k < m->n_subs; k++)
        subs[k] = m->subs[k];
    const Tensor *split = map_get(&b->l->split, m->target);
    subs[0] = split ? At(b->block) : b->n;
    if (split) {
        subs[m->n_subs++] = At(b->lane);
        m->pads_are_zero = m->target->adjoint && m->type == REAL;
        m->guard = m->pads_are_zero ? b->inside : NULL;
        m->target = split;
    } else m->guard = b->inside;
    m->subs = subs;
}

/* sums_samples: the samples are an index of the nest's sums; else its first free one. */
static void rewrite_nest(const Layouts *l, Nest *nest, const Index *sample, bool sums_samples, const Index *block) {
    Blocks b = blocks_for(l, sample, block);
    nest->block = block;
    const bool zero = all_zero_in_pads(l, nest);
    for (int k = 0; k < nest->members.n; k++)
        rewrite_member(&b, sums_samples, &nest->members.at[k], zero);
    if (sums_samples) return;
    const Index **free = NEW_ARRAY(const Index *, nest->n_free + 1);
    for (int k = 1; k < nest->n_free; k++)
        free[k] = nest->free[k];
    free[0] = b.block;
    free[nest->n_free++] = b.lane;
    nest->free = free;
}

/* Around the time of a recurrence stand the blocks, which do not depend on each other. */
static void rewrite_group(const Layouts *l, const Candidate *c) {
    Group *g = c->group;
    g->block = block_index(l);
    g->samples = l->samples;
    for (int n = 0; n < g->nests.n; n++) {
        Nest *nest = g->nests.at[n];
        rewrite_nest(l, nest, c->scan ? nest->free[0] : c->sample, c->bound, g->block);
        if (!c->scan) continue;
        nest->free++, nest->n_free--;
    }
}

/* ---- the cost -------------------------------------------------------------------------------------------------------- */
/* What a nest costs in blocks, with all that it touches. */
static double cycles_in_blocks(const Layouts *l, const Nest *nest, const Index *sample, bool sums_samples) {
    Layouts trial = *l;
    Nest *copy = nest_copy(nest);
    trial.split = trial.copies = (Map){0};
    for (int k = 0; k < nest->members.n; k++) {
        const Member *m = &nest->members.at[k];
        if (m->target && may_be_split(l, m->target)) map_put(&trial.split, m->target, blocked(l, m->target));
        Exprs reads = reads_of(m->body);
        for (int r = 0; r < reads.n; r++) {
            const Tensor *t = reads.at[r]->tensor;
            if (has_samples(l, t) && t->rank > 1 && !map_get(&trial.split, t)) map_put(&trial.copies, t, blocked(l, t));
        }
    }
    rewrite_nest(&trial, copy, sample, sums_samples, block_index(l));
    return tile_cycles(copy);
}

/* Products in rows or in blocks: a program has them all in one layout, as copies between them cost as much as small products do.
 * Windows stay in blocks; where they are most of the work, so do the products. */
static void choose_layout(Layouts *l) {
    double rows = 0, blocks = 0, sliding = 0;
    for (int k = 0; k < l->all.n; k++) {
        const Candidate *c = &l->all.at[k];
        if (c->plain) rows += c->rows, blocks += c->in_blocks;
        else sliding += c->in_blocks;
    }
    for (int k = 0; k < l->all.n && rows < blocks && sliding < blocks; k++) {
        Candidate *c = &l->all.at[k];
        if (c->seed && c->plain && c->rows <= MOST_LOSS*c->in_blocks) c->seed = false, c->sample = NULL;
    }
}

/* A group that copies a tensor into blocks, or (rows) what is kept in blocks into the tensor. */
static Group *copy_group(Layouts *l, const Tensor *t, bool rows) {
    Tensor *copy = rows ? (Tensor *)t : blocked(l, t);
    if (!rows) copy->name = name_of(text("%s_blocks", t->name));
    /* A column of such rows has a place in the cache for each, if rows are an odd number of lines. */
    int64_t length = t->dim[t->rank - 1].extent;
    if (rows && !l->tight && length % (2 * LANES) == 0) copy->room[t->rank - 1] = length + LANES;
    Equation *e = NEW(Equation);
    const Index **free = NEW_ARRAY(const Index *, t->rank + 1);
    const Expr **subs = NEW_ARRAY(const Expr *, t->rank);
    for (int k = 1; k < t->rank; k++) {
        free[k] = index_over(name_of(text("i%d", k)), t->dim[k]);
        subs[k] = At(free[k]);
    }
    Blocks b = blocks_for(l, NULL, block_index(l));
    free[0] = b.block;
    free[t->rank] = b.lane;
    subs[0] = Operate(OP_MIN, b.n, Sub(Read(l->samples, NULL, 0), Int(1)));
    *e = (Equation){.out = copy, .n_free = t->rank + 1, .free = free, .body = Read(t, subs, t->rank), .origin = t->origin};
    if (t->adjoint) e->body = Where(b.inside, e->body, Num(0));
    if (rows) {
        /* In words both have one name: the copy gets one of its own there. */
        Tensor *shown = NEW(Tensor);
        *shown = *t;
        shown->name = name_of(text("%s_by_sample", t->name));
        e->out = shown;
        e->body = Read(map_get(&l->split, t), values_of(free, t->rank + 1), t->rank + 1);
    }
    Member m = {.body = e->body, .type = t->type, .name = copy->name, .target = copy, .n_subs = t->rank + 1};
    m.subs = values_of(free, t->rank + 1);
    if (rows) {
        subs[0] = b.n;
        m.subs = subs, m.n_subs = t->rank;
        m.guard = b.inside;
    }
    Nest *nest = NEW(Nest);
    nest->free = free;
    nest->n_free = t->rank + 1;
    nest->block = b.block;
    PUSH(nest->members, m);
    Group *g = NEW(Group);
    g->block = b.block;
    g->samples = l->samples;
    PUSH(g->nests, nest);
    PUSH(g->equations, e);
    map_put(rows ? &l->rows : &l->copies, t, copy);
    return g;
}

/* What a group reads in the layout in which it is not kept. */
static void add_copies(Layouts *l, const Candidate *c, Groups *to) {
    for (int n = 0; n < c->group->nests.n; n++)
        for (int m = 0; m < c->group->nests.at[n]->members.n; m++) {
            Exprs reads = reads_of(c->group->nests.at[n]->members.at[m].body);
            for (int r = 0; r < reads.n; r++) {
                const Tensor *t = reads.at[r]->tensor;
                bool split = map_get(&l->split, t);
                if (!has_samples(l, t) || t->rank < 2) continue;
                if (!c->blocks && split && !map_get(&l->rows, t)) PUSH(*to, copy_group(l, t, true));
                if (c->blocks && ((c->seed && m == 0) || c->scan) && !split && !map_get(&l->copies, t)) PUSH(*to, copy_group(l, t, false));
            }
        }
}

void split_samples(Groups *groups, const Program *p, bool blas, bool tight) {
    Layouts l = {.results = results_of(p), .tight = tight};
    for (int k = 0; k < groups->n && !l.samples; k++) {
        const Nest *nest = groups->at[k]->nests.at[0];
        if (!groups->at[k]->outer && !groups->at[k]->n_cells && nest->n_free && counts_samples(nest->free[0]->count)) l.samples = nest->free[0]->count;
    }
    if (!l.samples || l.samples->hi < LANES || l.samples->hi > INT32_MAX) return;
    bool any_seed = false;
    for (int k = 0; k < groups->n; k++) {
        Candidate c = candidate_of(&l, groups->at[k], blas);
        note_touched(&l, &c, k);
        PUSH(l.all, c);
    }
    choose_layout(&l);
    for (int k = 0; k < l.all.n; k++) any_seed |= l.all.at[k].blocks = l.all.at[k].seed;
    if (!any_seed) return;
    for (bool again = true; again; ) {
        again = false;
        for (int k = 0; k < l.all.n; k++) {
            Candidate *c = &l.all.at[k];
            if (c->blocks || !c->sample || !meets_blocks(&l, c)) continue;
            c->blocks = again = true;
        }
    }
    split_values(&l);
    Groups result = {0};
    for (int k = 0; k < l.all.n; k++) {
        Candidate *c = &l.all.at[k];
        add_copies(&l, c, &result);
        if (c->blocks) rewrite_group(&l, c);
        PUSH(result, c->group);
    }
    *groups = result;
}
