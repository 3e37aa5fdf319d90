/* Windows at places that data choose: rows in which they are vectors.
 *
 *     d_f[q, c, u, v] = sum(n, i, j) d[n, q, i, j]*x[n, c, 2*i + w[n, q, i, j]//2 + u, 2*j + w[n, q, i, j] % 2 + v]
 *
 * Samples cannot stand side by side here, as each reads elsewhere; what lies side by side at every place is the window itself.
 * A copy of x has for each row of the picture its columns, and for each column its channels. There, channels c and columns v of
 * a window are one index, along which everything is consecutive wherever the window begins:
 *
 *     x_rows[n, y, C*column + c] = x[n, c, y, column]
 *     d_f[q, k % C, u, k//C] = sum(n, i, j) d[n, q, i, j]*x_rows[n, 2*i + w//2 + u, C*(2*j + w % 2) + k]      k < C*V
 *
 * A read that may be outside (a padded window) becomes one of a longer row, which has the zeros. Windows of fewer than 16 numbers
 * are made up to 16, and the rest is not stored. */
#include "group.h"

typedef struct {
    const Expr *read;
    int column, channel;                    /* subscripts of the read; channel -1: there is none */
    const Index *v, *c;
    int64_t from[12], span[12];             /* what the subscripts reach of each dim */
    int64_t channels, length, lanes;        /* of the window: its numbers, and with what they are made up to */
} Window;

/* Whether data take part in the value. */
static bool is_chosen(const Expr *e) { return reads_of(e).n > 0; }

static void find_column(Window *w, const Nest *nest, const Expr *body) {
    for (int s = 0; s < w->read->tensor->rank; s++)
        for (int k = 0; k < nest->n_free; k++) {
            int64_t stride;
            const Expr *sub = w->read->arg[s];
            const Index *i = nest->free[k];
            if (!is_chosen(sub) || i->count || !stride_of(sub, i, &stride) || stride != 1 || subscripts_with(body, i) != 1) continue;
            w->column = s;
            w->v = i;
        }
}

static void find_channel(Window *w, const Nest *nest, const Expr *body) {
    for (int s = 1; s < w->read->tensor->rank; s++)
        for (int k = 0; k < nest->n_free; k++) {
            const Index *i = nest->free[k];
            bool whole = w->read->arg[s] == At(i) && !i->count && i->extent == w->read->tensor->dim[s].extent;
            if (!whole || subscripts_with(body, i) != 1) continue;
            w->channel = s;
            w->c = i;
        }
}

static bool find_window(Window *w, const Nest *nest) {
    const Member *m = &nest->members.at[0];
    *w = (Window){.column = -1, .channel = -1, .channels = 1};
    if (nest->members.n != 1 || m->op != REDUCE_SUM || m->type != REAL || !m->target || !is_plain_product(m->body)) return false;
    Exprs reads = reads_of(m->body);
    for (int r = 0; r < reads.n; r++) {
        const Expr *e = reads.at[r];
        bool chosen = false;
        for (int s = 0; s < e->tensor->rank; s++) chosen = chosen || is_chosen(e->arg[s]);
        if (!chosen) continue;
        if (w->read || e->tensor->byte || adds_up(e->tensor) || !counts_samples(e->tensor->dim[0].count)) return false;
        w->read = e;
    }
    if (!w->read) return false;
    find_column(w, nest, m->body);
    if (w->column < 1) return false;
    find_channel(w, nest, m->body);
    for (int s = 0; s < w->read->tensor->rank; s++) {
        const Expr *sub = w->read->arg[s];
        bool moved = !subscript_proved(w->read, s) || s == w->column;
        if (moved && (sub->lo < -INT16_MAX || sub->hi > INT16_MAX)) return false;
        w->from[s] = moved ? sub->lo : 0;
        w->span[s] = moved ? sub->hi - sub->lo + 1 : w->read->tensor->dim[s].extent;
    }
    if (w->c) w->channels = w->c->extent;
    w->length = w->channels * w->v->extent;
    w->lanes = w->length < LANES ? LANES : w->length;
    return true;
}

/* How many columns a row has, so that the last window is whole with what it is made up to. */
static int64_t columns_of(const Window *w) {
    int64_t last = w->channels * (w->span[w->column] - w->v->extent);
    return (last + w->lanes + w->channels - 1) / w->channels;
}

static Group *rows_group(const Window *w) {
    const Tensor *t = w->read->tensor;
    Dim dims[12];
    int rank = 0;
    const Index *free[12];
    const Expr *from[12], *to[12];
    for (int s = 0; s < t->rank; s++) {
        if (s == w->column || s == w->channel) continue;
        dims[rank] = (Dim){w->span[s], subscript_proved(w->read, s) ? t->dim[s].count : NULL};
        free[rank] = index_over(name_of(text("i%d", s)), dims[rank]);
        from[s] = Add(At(free[rank]), Int(w->from[s]));
        to[rank] = At(free[rank]);
        rank++;
    }
    const Index *column = index_new(name_of("column"), columns_of(w), NULL);
    const Index *channel = w->c ? index_new(name_of("channel"), w->channels, NULL) : NULL;
    to[rank] = At(column);
    if (channel) {
        to[rank] = Add(Mul(Int(w->channels), At(column)), At(channel));
        from[w->channel] = At(channel);
    }
    from[w->column] = Add(At(column), Int(w->from[w->column]));
    dims[rank++] = (Dim){column->extent * w->channels, NULL};
    Tensor *rows = tensor_new(name_of(text("%s_rows", t->name)), ROLE_VALUE, REAL, rank, dims, t->origin);
    int n_free = rank - 1;
    if (channel) free[n_free++] = channel;
    free[n_free++] = column;
    Equation *e = NEW(Equation);
    const Index **index = NEW_ARRAY(const Index *, n_free);
    const Expr **subs = NEW_ARRAY(const Expr *, rank);
    for (int k = 0; k < n_free; k++) index[k] = free[k];
    for (int k = 0; k < rank; k++) subs[k] = to[k];
    *e = (Equation){.out = rows, .n_free = n_free, .free = index, .body = ReadElse(t, from, t->rank, Num(0)), .origin = t->origin};
    Nest *nest = NEW(Nest);
    nest->free = index;
    nest->n_free = n_free;
    PUSH(nest->members, ((Member){.body = e->body, .type = REAL, .name = rows->name, .target = rows, .subs = subs, .n_subs = rank}));
    Group *g = NEW(Group);
    PUSH(g->nests, nest);
    PUSH(g->equations, e);
    return g;
}

/* The nest over rows, with the window as its last index. */
static void read_rows(Nest *nest, const Window *w, const Tensor *rows) {
    const Index *window = index_new(name_of("window"), w->lanes, NULL), **free = NEW_ARRAY(const Index *, nest->n_free + 1);
    Member *m = &nest->members.at[0];
    const Expr **at = NEW_ARRAY(const Expr *, rows->rank), **subs = NEW_ARRAY(const Expr *, m->n_subs + 1);
    int rank = 0, n = 0;
    for (int s = 0; s < w->read->tensor->rank; s++)
        if (s != w->column && s != w->channel) at[rank++] = Sub(w->read->arg[s], Int(w->from[s]));
    const Expr *start = Sub(Sub(w->read->arg[w->column], At(w->v)), Int(w->from[w->column]));
    at[rank++] = Add(Mul(Int(w->channels), start), At(window));
    m->body = exchange(m->body, w->read, Read(rows, at, rank));
    const Index *index[] = {w->v, w->c};
    const Expr *value[] = {FloorDiv(At(window), Int(w->channels)), Mod(At(window), Int(w->channels))};
    for (int s = 0; s < m->n_subs; s++) subs[s] = substitute(m->subs[s], index, value, w->c ? 2 : 1);
    m->subs = subs;
    if (w->lanes > w->length) {
        const Expr *inside = Lt(At(window), Int(w->length));
        m->guard = m->guard ? And(m->guard, inside) : inside;
    }
    for (int k = 0; k < nest->n_free; k++)
        if (nest->free[k] != w->v && nest->free[k] != w->c) free[n++] = nest->free[k];
    free[n++] = window;
    nest->free = free;
    nest->n_free = n;
}

void gather_rows(Groups *groups) {
    Groups result = {0};
    for (int k = 0; k < groups->n; k++) {
        Group *g = groups->at[k];
        Window w;
        if (!g->outer && g->nests.n == 1 && find_window(&w, g->nests.at[0])) {
            Group *rows = rows_group(&w);
            PUSH(result, rows);
            read_rows(g->nests.at[0], &w, rows->equations.at[0]->out);
        }
        PUSH(result, g);
    }
    *groups = result;
}
