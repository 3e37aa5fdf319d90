/* Planes as one row: lanes for windows over small pictures.
 *
 * Below 16 samples there are no blocks, and a row of fewer than 16 places is no vector. But rows that stand one after the other
 * are one long row, and to look one row further down is to look W places on:
 *
 *     y[q, i, j] = sum(c, u, v) f[q, c, u, v]*x[c, i + u, j + v]
 *
 *     x_plane[c, k] = x[c, k//W, k % W else 0]                        W = columns of y + columns of f - 1
 *     y_plane[q, p] = sum(c, u, v) f[q, c, u, v]*x_plane[c, p + W*u + v]                      p < W*(rows of y - 1) + columns of y
 *     y[q, i, j] = y_plane[q, W*i + j]
 *
 * Between two rows lie places that are computed for nothing; what a window reads beyond the border are zeros of x_plane, so
 * nothing is tested. All three are equations, and what follows schedules them like any other; y mostly vanishes into its readers. */
#include "group.h"

typedef struct {
    const Expr *read;
    int row, column;                        /* subscripts of the read */
    int i, j;                               /* free indices of the equation */
    int64_t height, width;                  /* of the plane of the read */
} Plane;

/* Whether the subscript moves by ones with the index and does not depend on data. */
static bool moves_with(const Expr *sub, const Index *i) {
    int64_t stride;
    return sub->kind == X_SUM && reads_of(sub).n == 0 && sub->lo > -INT16_MAX && sub->hi < INT16_MAX && stride_of(sub, i, &stride) && stride == 1;
}

/* The part of vectors along this many places that is not for nothing, where `useful` are wanted. */
static double share(int64_t useful, int64_t places) {
    return places < LANES ? 0 : (double)useful / (double)(LANES * ((places + LANES - 1) / LANES));
}

/* From the first place of the first row to the last of the last. */
static int64_t places_of(const Equation *e, const Plane *p) { return p->width * (e->free[p->i]->extent - 1) + e->free[p->j]->extent; }

static bool is_worth(const Equation *e, const Plane *p) {
    enum { LEAST_REACH = 8 };
    const int64_t rows = e->free[p->i]->extent, columns = e->free[p->j]->extent;
    /* A row whose reads may be outside has a test for each of its places. */
    double plain = subscript_proved(p->read, p->column) ? share(columns, columns) : 0, flat = share(rows * columns, places_of(e, p));
    return volume(e->bound, e->n_bound) >= LEAST_REACH && flat > 1.25 * plain;
}

static bool find_plane(Plane *p, const Equation *e) {
    if (e->op != REDUCE_SUM || e->scan || e->out->type != REAL || !is_plain_product(e->body)) return false;
    for (int k = 0; k < e->n_bound; k++)
        if (e->bound[k]->count) return false;
    Exprs reads = reads_of(e->body);
    for (int r = 0; r < reads.n; r++) {
        const Expr *x = reads.at[r];
        const int last = x->tensor->rank - 1;
        if (x->tensor->byte || adds_up(x->tensor)) return false;
        for (int i = 0; i < e->n_free && last > 0; i++)
            for (int j = 0; j < e->n_free; j++) {
                if (i == j || e->free[i]->count || e->free[j]->count) continue;
                const Expr *row = x->arg[last - 1], *column = x->arg[last];
                if (!moves_with(row, e->free[i]) || !moves_with(column, e->free[j])) continue;
                if (subscripts_with(e->body, e->free[i]) != 1 || subscripts_with(e->body, e->free[j]) != 1) continue;
                *p = (Plane){x, last - 1, last, i, j, row->hi - row->lo + 1, column->hi - column->lo + 1};
                return is_worth(e, p);
            }
    }
    return false;
}

/* The read's tensor with its last two dims as one, and zeros beyond. */
static Equation *plane_of(const Plane *p) {
    const Tensor *t = p->read->tensor;
    const int rank = t->rank - 1;
    Dim dims[12];
    const Index **free = NEW_ARRAY(const Index *, rank);
    const Expr **from = NEW_ARRAY(const Expr *, t->rank);
    for (int s = 0; s < p->row; s++) {
        /* Other subscripts that may be outside are those of windows in further dims: as far as they reach. */
        const bool moved = !subscript_proved(p->read, s);
        const int64_t first = moved ? p->read->arg[s]->lo : 0, extent = moved ? p->read->arg[s]->hi - first + 1 : t->dim[s].extent;
        dims[s] = (Dim){extent, moved ? NULL : t->dim[s].count};
        free[s] = index_over(name_of(text("i%d", s)), dims[s]);
        from[s] = Add(At(free[s]), Int(first));
    }
    dims[rank - 1] = (Dim){p->height * p->width, NULL};
    free[rank - 1] = index_new(name_of("place"), p->height * p->width, NULL);
    from[p->row] = Add(FloorDiv(At(free[rank - 1]), Int(p->width)), Int(p->read->arg[p->row]->lo));
    from[p->column] = Add(Mod(At(free[rank - 1]), Int(p->width)), Int(p->read->arg[p->column]->lo));
    Tensor *plane = tensor_new(name_of(text("%s_plane", t->name)), ROLE_VALUE, REAL, rank, dims, t->origin);
    plane->adjoint = t->adjoint;
    Equation *e = NEW(Equation);
    *e = (Equation){.out = plane, .n_free = rank, .free = free, .body = ReadElse(t, from, t->rank, Num(0)), .origin = t->origin};
    return e;
}

/* The sum over the long row. */
static Equation *sum_over(const Equation *e, const Plane *p, const Tensor *plane) {
    const Index *pair[] = {e->free[p->i], e->free[p->j]};
    const int rank = e->n_free - 1;
    Dim dims[12];
    const Index **free = NEW_ARRAY(const Index *, rank);
    int n = 0;
    for (int k = 0; k < e->n_free; k++) {
        if (k == p->i || k == p->j) continue;
        dims[n] = e->out->dim[k];
        free[n++] = e->free[k];
    }
    dims[n] = (Dim){places_of(e, p), NULL};
    free[n] = index_new(name_of("place"), dims[n].extent, NULL);
    const Expr **at = NEW_ARRAY(const Expr *, plane->rank);
    for (int s = 0; s < p->row; s++) at[s] = subscript_proved(p->read, s) ? p->read->arg[s] : Sub(p->read->arg[s], Int(p->read->arg[s]->lo));
    const Expr *row = Sub(at_zero(p->read->arg[p->row], pair, 2), Int(p->read->arg[p->row]->lo));
    const Expr *column = Sub(at_zero(p->read->arg[p->column], pair, 2), Int(p->read->arg[p->column]->lo));
    at[plane->rank - 1] = Add(At(free[n]), Add(Mul(Int(p->width), row), column));
    Tensor *out = tensor_new(name_of(text("%s_plane", e->out->name)), ROLE_VALUE, REAL, rank, dims, e->origin);
    out->adjoint = e->out->adjoint;
    Equation *sum = NEW(Equation);
    *sum = *e;
    sum->out = out;
    sum->n_free = rank;
    sum->free = free;
    sum->body = exchange(e->body, p->read, Read(plane, at, plane->rank));
    return sum;
}

/* What e was, read off the long row. */
static Equation *rows_of(const Equation *e, const Plane *p, const Tensor *long_row) {
    const Expr **at = NEW_ARRAY(const Expr *, long_row->rank);
    int n = 0;
    for (int k = 0; k < e->n_free; k++)
        if (k != p->i && k != p->j) at[n++] = At(e->free[k]);
    at[n] = Add(Mul(Int(p->width), At(e->free[p->i])), At(e->free[p->j]));
    Equation *rows = NEW(Equation);
    *rows = (Equation){.out = e->out, .n_free = e->n_free, .free = e->free, .body = Read(long_row, at, long_row->rank), .origin = e->origin};
    return rows;
}

static bool has_blocks(const Equation *e) {
    for (int k = 0; k < e->n_free; k++)
        if (counts_samples(e->free[k]->count) && e->free[k]->extent >= LANES) return true;
    return false;
}

void join_rows(Equations *equations) {
    Equations result = {0};
    for (int k = 0; k < equations->n; k++) {
        Equation *e = equations->at[k];
        Plane p;
        if (has_blocks(e) || !find_plane(&p, e)) {
            PUSH(result, e);
            continue;
        }
        Equation *plane = plane_of(&p), *sum = sum_over(e, &p, plane->out);
        PUSH(result, plane);
        PUSH(result, sum);
        PUSH(result, rows_of(e, &p, sum->out));
    }
    *equations = result;
}
