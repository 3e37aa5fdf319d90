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

/* A term that stands at one place of a row only: where, under which other conditions, and what it is there. */
typedef struct { const Expr *place, *condition, *term; } Point;

/* The place that the condition j == place chooses, the same for all of the row; or NULL. */
static const Expr *place_chosen(const Expr *condition, const Index *along) {
    if (condition->kind != X_OP || condition->op != OP_EQ) return NULL;
    for (int side = 0; side < 2; side++)
        if (condition->arg[side] == At(along) && !uses_index(condition->arg[1 - side], along)) return condition->arg[1 - side];
    return NULL;
}

/* A truth counts as 0 or 1. */
static bool point_of(Point *p, const Expr *term, const Index *along) {
    const bool minus = term->kind == X_OP && term->op == OP_NEG;
    if (minus) term = term->arg[0];
    if (term->kind == X_REAL && term->arg[0]->type == BOOL) term = Where(term->arg[0], Num(1), Num(0));
    const Sum *s = sum_new(term);
    *p = (Point){NULL, Truth(true), minus ? Neg(s->term) : s->term};
    for (int k = 0; k < s->conditions.n; k++) {
        const Expr *place = p->place ? NULL : place_chosen(s->conditions.at[k], along);
        if (place) p->place = place;
        else p->condition = And(p->condition, s->conditions.at[k]);
    }
    if (!p->place || reads_of(p->place).n == 0 || uses_index(p->condition, along) || uses_index(p->term, along)) return false;
    p->condition = And(in_range(p->place, dim_of(along)), p->condition);
    return true;
}

/* Parts what a row has at one place from the rest of it, also below a factor of the whole row, (e[p, j] - (j == t[p]))/n. */
static bool part_point(const Expr *body, const Index *along, Point *point, const Expr **rest) {
    if (body->kind == X_OP && (body->op == OP_MUL || body->op == OP_DIV) && !uses_index(body->arg[1], along)) {
        if (!part_point(body->arg[0], along, point, rest)) return false;
        point->term = Operate(body->op, point->term, body->arg[1]);
        *rest = Operate(body->op, *rest, body->arg[1]);
        return true;
    }
    Exprs terms = {0};
    Point found;
    *rest = Num(0);
    list_terms(body, &terms);
    for (int k = 0; k < terms.n; k++)
        if (!point->place && point_of(&found, terms.at[k], along)) *point = found;
        else *rest = Add(*rest, terms.at[k]);
    return point->place && !is_zero(point->condition);
}

bool add_row_and_point(Nodes *to, const Nest *nest) {
    const Member *m = &nest->members.at[0];
    const int last = nest->n_free - 1;
    if (nest->members.n != 1 || last < 0 || m->guard || m->adds || !m->target || !m->target->adjoint || m->type != REAL) return false;
    const Index *along = nest->free[last];
    Point point = {0};
    const Expr *rest;
    double known;
    if (along->count || along->extent < SHORTEST_ROW || !part_point(m->body, along, &point, &rest)) return false;
    Nest *row = nest_copy(nest);
    row->free += last, row->n_free = 1;
    row->members.at[0].body = rest;
    Nodes *rows = add_chunks(to, nest->free, last);
    schedule_map(rows, row);
    const Expr **subs = NEW_ARRAY(const Expr *, m->n_subs + 1);
    for (int d = 0; d < m->n_subs; d++) subs[d] = substitute(m->subs[d], &along, &point.place, 1);
    Nodes behind = {0}, *here = is_constant(point.condition, &known) ? &behind : &add_if(&behind, point.condition)->body;
    add_assign(here, m->target, subs, m->n_subs, ASSIGN_ADD, point.term);
    add_lets_below(&behind);
    for (int k = 0; k < behind.n; k++) PUSH(*rows, behind.at[k]);
    return true;
}
