/* Points: a row that has something more at one place, which data choose.
 *
 *     d[p, j] = s[p]*e[p, j] + where(j == t[p], c, 0)        for p:
 *                                                                for j: d[p, j] = s[p]*e[p, j]
 *                                                                d[p, t[p]] += c
 *
 * So is the gradient of a loss over classes. One addition for a row takes the place of a comparison for each element, which compilers
 * make with indices of 64 bits, in two halves. */
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

static bool point_of(Point *p, const Expr *term, const Index *along) {
    const Sum *s = sum_new(term);
    *p = (Point){NULL, Truth(true), s->term};
    for (int k = 0; k < s->conditions.n; k++) {
        const Expr *place = p->place ? NULL : place_chosen(s->conditions.at[k], along);
        if (place) p->place = place;
        else p->condition = And(p->condition, s->conditions.at[k]);
    }
    if (!p->place || reads_of(p->place).n == 0 || uses_index(p->condition, along) || uses_index(p->term, along)) return false;
    p->condition = And(in_range(p->place, dim_of(along)), p->condition);
    return true;
}

bool add_row_and_point(Nodes *to, const Nest *nest) {
    const Member *m = &nest->members.at[0];
    const int last = nest->n_free - 1;
    if (nest->members.n != 1 || last < 1 || m->guard || m->adds || !m->target || m->type != REAL) return false;
    const Index *along = nest->free[last];
    if (along->count || along->extent < SHORTEST_ROW) return false;
    Point point = {0}, found;
    Exprs terms = {0};
    double known;
    const Expr *rest = Num(0);
    list_terms(m->body, &terms);
    for (int k = 0; k < terms.n; k++)
        if (!point.place && point_of(&found, terms.at[k], along)) point = found;
        else rest = Add(rest, terms.at[k]);
    if (!point.place || is_zero(point.condition)) return false;
    Nest *row = nest_copy(nest);
    row->free += last, row->n_free = 1;
    row->members.at[0].body = rest;
    Nodes *rows = add_chunks(to, nest->free, last);
    schedule_map(rows, row);
    const Expr **subs = NEW_ARRAY(const Expr *, m->n_subs + 1);
    for (int d = 0; d < m->n_subs; d++) subs[d] = substitute(m->subs[d], &along, &point.place, 1);
    Nodes *here = is_constant(point.condition, &known) ? rows : &add_if(rows, point.condition)->body;
    add_assign(here, m->target, subs, m->n_subs, ASSIGN_ADD, point.term);
    add_lets(rows);
    return true;
}
