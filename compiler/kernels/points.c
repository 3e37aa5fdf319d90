/* Points: a row that has something more at one place, which data choose.
 *
 *     d[p, j] = s[p]*e[p, j] + where(j == t[p], c, 0)        for p:
 *                                                                for j: d[p, j] = s[p]*e[p, j]
 *                                                                d[p, t[p]] += c
 *
 * So is the gradient of a loss over classes. One addition for a row takes the place of a comparison for each element, which compilers
 * make with indices of 64 bits, in two halves. The order of the terms becomes another one, so that of forward maps is left. */
#include "../equations/solve.h"
#include "group.h"

enum { SHORTEST_ROW = 2*LANES };

/* Whether a term stands at one place of the row only, which data choose: a scatter of one index. A truth counts as 0 or 1. */
static bool is_point(Scatter *s, const Expr *term, const Index *along) {
    const bool minus = term->kind == X_OP && term->op == OP_NEG;
    if (minus) term = term->arg[0];
    if (term->kind == X_REAL && term->arg[0]->type == BOOL) term = Where(term->arg[0], Num(1), Num(0));
    if (!scatter_of(term, &along, 1, s) || reads_of(s->place.at[0]).n == 0) return false;
    if (minus) s->term = Neg(s->term);
    return true;
}

/* Which operand of a product or quotient is the row, where the other is a factor of all of it; -1: none. */
static int row_below(const Expr *e, const Index *along) {
    if (e->kind != X_OP || (e->op != OP_MUL && e->op != OP_DIV)) return -1;
    return !uses_index(e->arg[1], along) ? 0 : e->op == OP_MUL && !uses_index(e->arg[0], along) ? 1 : -1;
}

/* Parts what a row has at one place from the rest of it, also below a factor of the whole row, (e[p, j] - (j == t[p]))/n. */
static bool part_point(const Expr *body, const Index *along, Scatter *point, const Expr **rest) {
    const int at = row_below(body, along);
    if (at >= 0) {
        const Expr *of_point[] = {body->arg[0], body->arg[1]}, *of_rest[] = {body->arg[0], body->arg[1]};
        if (!part_point(body->arg[at], along, point, &of_rest[at])) return false;
        of_point[at] = point->term;
        point->term = Operate(body->op, of_point[0], of_point[1]);
        *rest = Operate(body->op, of_rest[0], of_rest[1]);
        return true;
    }
    Exprs terms = {0};
    Scatter found;
    *rest = Num(0);
    list_terms(body, &terms);
    for (int k = 0; k < terms.n; k++)
        if (!point->term && is_point(&found, terms.at[k], along)) *point = found;
        else *rest = Add(*rest, terms.at[k]);
    return point->term != NULL;
}

bool add_row_and_point(Nodes *to, const Nest *nest) {
    const Member *m = &nest->members.at[0];
    const int last = nest->n_free - 1;
    if (nest->members.n != 1 || last < 0 || m->guard || m->adds || !m->target || !m->target->adjoint || m->type != REAL) return false;
    const Index *along = nest->free[last];
    Scatter point = {0};
    const Expr *rest;
    if (along->count || along->extent < SHORTEST_ROW || !part_point(m->body, along, &point, &rest)) return false;
    if (is_zero(in_range(point.place.at[0], dim_of(along)))) return false;
    Nest *row = nest_copy(nest);
    row->free += last, row->n_free = 1;
    row->members.at[0].body = rest;
    Nodes *rows = add_chunks(to, nest->free, last);
    schedule_map(rows, row);
    Nodes behind = {0};
    add_to_places(&behind, row, m, &point);
    add_lets_below(&behind);
    for (int k = 0; k < behind.n; k++) PUSH(*rows, behind.at[k]);
    return true;
}
