/* Winners: adjoints that are zero but at one place of each part of a picture.
 *
 * Below a maximum over parts that do not overlap, one element of each part gets all of the gradient, and data choose it:
 *
 *     y[i] = max(u < 2) x[2*i + u]     d_x[i] = where(winner[i//2] == i % 2 and x[i] > 0, d_y[i//2], 0)
 *
 * What such an adjoint is at the winners is an equation of its own, over parts. There the compared value is the maximum itself:
 *
 *     d_x_kept[i] = where(y[i] > 0, d_y[i], 0)
 *     d_x[i] = where(winner[i//2] == i % 2, d_x_kept[i//2], 0)
 *
 * A sum over all places then takes in d_x (inline.c), is solved for the digit (solve.c), and keeps to the winners, which
 * is a part of the work; the weights of a convolution under a 2x2 pool get their gradient for a quarter of it:
 *
 *     d_w[u] = sum(i) d_x[i]*a[i + u]      is      d_w[u] = sum(i) d_x_kept[i]*a[2*i + winner[i] + u]
 *
 * Readers at single places (a convolution's data gradient) read d_x as before. */
#include "simplify.h"

struct Winners {
    Program *program;
    Names *names;
    Map extreme;                                                /* body of a maximum or minimum -> its Equation */
    Map winner;                                                 /* Tensor of a winner -> its Equation */
};

Winners *winners_new(Program *p, Names *names) {
    Winners *w = NEW(Winners);
    w->program = p;
    w->names = names;
    return w;
}

void winners_note(Winners *w, const Equation *e) {
    if (e->op == REDUCE_MAX || e->op == REDUCE_MIN) map_put(&w->extreme, e->body, (void *)(uintptr_t)e);
    if (e->op == REDUCE_ARGMAX || e->op == REDUCE_ARGMIN) map_put(&w->winner, e->out, (void *)(uintptr_t)e);
}

/* --- the choice of a digit --- */

int64_t chosen_digit(const Expr *choice, const Index *i) {
    const Expr *difference = choice ? Sub(choice->arg[0], choice->arg[1]) : NULL;
    for (int k = 0; difference && difference->kind == X_SUM && k < difference->n; k++) {
        const Expr *atom = difference->arg[k];
        if (atom->kind == X_OP && atom->op == OP_MOD && atom->arg[0] == At(i) && atom->arg[1]->kind == X_INT) return atom->arg[1]->integer;
    }
    return 0;
}

const Expr *winner_choice(const Equation *e) {
    const Sum *s = sum_new(e->body);
    for (int i = 0; i < s->conditions.n; i++) {
        const Expr *c = s->conditions.at[i];
        if (c->kind != X_OP || c->op != OP_EQ || c->arg[0]->type == REAL) continue;
        bool read = false;
        const Expr *difference = Sub(c->arg[0], c->arg[1]);
        for (int k = 0; difference->kind == X_SUM && k < difference->n; k++) read = read || difference->arg[k]->kind == X_READ;
        for (int k = 0; read && k < e->n_free; k++) {
            if (chosen_digit(c, e->free[k])) return c;
        }
    }
    return NULL;
}

/* --- at the winner's place --- */

/* The expression that the winner's equation compares, at the place of which this read of it gives the offset. */
static const Expr *at_winner(const Equation *winner, const Expr *read) {
    int n = winner->n_free + winner->n_bound;
    const Index **index = NEW_ARRAY(const Index *, n + 1);
    const Expr **at = NEW_ARRAY(const Expr *, n + 1), *offset = read;
    int64_t weight = 1;
    for (int k = 0; k < winner->n_bound; k++) weight *= winner->bound[k]->extent;
    for (int k = 0; k < winner->n_free; k++) {
        index[k] = winner->free[k];
        at[k] = read->arg[k];
    }
    for (int k = winner->n_free; k < n; k++) {
        index[k] = winner->bound[k - winner->n_free];
        weight /= index[k]->extent;
        at[k] = FloorDiv(offset, Int(weight));
        offset = Mod(offset, Int(weight));
    }
    return substitute(winner->body, index, at, n);
}

typedef struct { const Winners *winners; LIST(const Expr *) compared, extreme; } Found;

static void find_compared(const Expr *e, void *data) {
    Found *found = data;
    const Equation *winner = e->kind == X_READ && !e->guarded ? map_get(&found->winners->winner, e->tensor) : NULL;
    const Equation *extreme = winner ? map_get(&found->winners->extreme, winner->body) : NULL;
    if (!extreme || extreme->bound[0] != winner->bound[0]) return;
    PUSH(found->compared, at_winner(winner, e));
    PUSH(found->extreme, Read(extreme->out, e->arg, e->n));
}

static const Expr *take_extreme(const Expr *e, void *data) {
    const Found *found = data;
    for (int k = 0; k < found->compared.n; k++) {
        if (e == found->compared.at[k]) return found->extreme.at[k];
    }
    return e;
}

static const Expr *know_extremes(const Winners *w, const Expr *body) {
    Found found = {.winners = w};
    visit_nodes(body, find_compared, &found);
    return found.compared.n ? transform(body, take_extreme, &found) : body;
}

/* --- what is kept --- */

/* The parts of e: its free indices, of those with a chosen digit only what is above it; and the digits. */
typedef struct { const Index *free[12], *digit[12]; const Expr *whole[12], *part[12]; Dim dim[12]; int n_digits; } Parts;

static bool find_parts(const Equation *e, const Expr *choice, Parts *p) {
    for (int k = 0; k < e->n_free; k++) {
        const Index *i = e->free[k];
        int64_t values = chosen_digit(choice, i);
        p->free[k] = i;
        p->dim[k] = e->out->dim[k];
        p->whole[k] = p->part[k] = At(i);
        if (!values) continue;
        if (i->count || i->extent % values) return false;
        p->free[k] = index_new(i->name, i->extent / values, NULL);
        p->digit[p->n_digits] = index_new(i->name, values, NULL);
        p->dim[k].extent = p->free[k]->extent;
        p->whole[k] = Add(Mul(Int(values), At(p->free[k])), At(p->digit[p->n_digits++]));
        p->part[k] = FloorDiv(At(i), Int(values));
    }
    return true;
}

/* e's value in each part. NULL: it depends on more than the part. */
static const Expr *kept_value(const Equation *e, const Parts *p) {
    Sum *s = sum_new(substitute(e->body, e->free, p->whole, e->n_free));
    for (int k = 0; k < p->n_digits; k++) PUSH(s->bound, p->digit[k]);
    sum_solve(s);
    return s->bound.n ? NULL : sum_body(s);
}

void keep_to_winners(Winners *w, Equation *e) {
    e->body = know_extremes(w, e->body);
    const Expr *choice = e->op == REDUCE_NONE && !e->scan ? winner_choice(e) : NULL;
    Parts parts = {.n_digits = 0};
    if (!choice || !find_parts(e, choice, &parts)) return;
    const Expr *value = kept_value(e, &parts);
    if (!value || value->kind == X_READ) return;
    Tensor *kept = tensor_new(fresh_name(w->names, text("%s_kept", e->out->name)), ROLE_VALUE, REAL, e->n_free, parts.dim, e->origin);
    kept->adjoint = true;
    equation_new(w->program, kept, parts.free, REDUCE_NONE, NULL, 0, know_extremes(w, value), e->origin);
    e->body = Where(choice, Read(kept, parts.part, e->n_free), Num(0));
}
