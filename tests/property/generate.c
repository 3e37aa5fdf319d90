/* Random models: text of the language, a function of a seed.
 *
 * The generator knows the shape of every tensor that it has written, and what each index may be; so what it writes should
 * compile, and a refusal is worth a look. Values stay moderate: operators get arguments from where they are safe.
 * A tensor that nothing reads in the end goes into the loss, so that everything has a gradient.
 *
 *     fn f1(a[A, ..]) -> y[A, ..] { y[a, ..] = ... }
 *     model random17 {
 *         input x1[3, 4]                            what is given
 *         param p2[4, 5] = uniform(0.5)             parameters, when an equation wants one
 *         y3[i, j < 5] = sum(k) x1[i, k]*p2[k, j]   equations of all kinds: see `kinds`
 *         output y3;  loss mean(sin(y3));  optimizer ...;  train batch=16
 *     }                                                                                                                   */
#include "property.h"
#include <stdio.h>
#include <string.h>

enum { MOST_RANK = 5, MOST_INDICES = 12, MOST_TENSORS = 80, BUDGET = 24000 };

typedef struct {
    const char *name;
    int rank;
    int64_t extent[MOST_RANK];
    int64_t classes;                    /* of integers 0 .. classes-1; 0: real */
    bool sample, crossing, target, used, given;
} Known;

typedef struct { const char *name; int64_t low, extent; bool fits, bare, tied; } Place;
typedef struct { Place at[MOST_INDICES]; int n; int64_t cost; } Env;

static uint64_t state;
static Writer functions, body;
static Known known[MOST_TENSORS];
static int n_known, n_names, n_bound, batch;
static bool sample, crossing, target;           /* what the expression at work has met */
static bool at_rest;                            /* nothing that crosses samples may be read */

static int64_t pick(int64_t low, int64_t high) { return low + (int64_t)(next_random(&state) % (uint64_t)(high - low + 1)); }
static bool chance(int percent) { return pick(1, 100) <= percent; }
static const char *one_of(const char *const *list, int n) { return list[pick(0, n - 1)]; }
#define ONE_OF(...) one_of((const char *const[]){__VA_ARGS__}, (int)(sizeof (const char *const[]){__VA_ARGS__} / sizeof(char *)))
static const char *number(void) { return ONE_OF("0.5", "1.25", "2", "-0.75", "0.1", "3", "1e-1", "0"); }

static int64_t pick_extent(int64_t most) {
    int64_t e = chance(12) ? (int64_t[]){16, 17, 33}[pick(0, 2)] : chance(50) ? pick(2, 5) : pick(1, 9);
    return e <= most ? e : most < 1 ? 1 : most;
}

/* --- tensors --- */

static int64_t size_of(const Known *t) {
    int64_t n = 1;
    for (int k = 0; k < t->rank; k++) n *= t->extent[k];
    return n;
}
static int64_t budget(void) { return BUDGET / batch < 400 ? 400 : BUDGET / batch; }

static Known *know(const char *letter, int rank, const int64_t *extent, int64_t classes) {
    Known *t = &known[n_known < MOST_TENSORS - 1 ? n_known++ : n_known];
    *t = (Known){.name = text("%s%d", letter, ++n_names), .rank = rank, .classes = classes};
    for (int k = 0; k < rank; k++) t->extent[k] = extent[k];
    return t;
}
static void meet(Known *t) {
    t->used = true;
    sample |= t->sample;
    crossing |= t->crossing;
    target |= t->target;
}
static void inherit(Known *t) { t->sample = sample, t->crossing = crossing, t->target = target; }
static void start(void) { sample = crossing = target = false; }

/* A tensor of this rank (-1: any) and kind, the last ones first; NULL: there is none. */
static Known *choose(int rank, bool real) {
    Known *fit[MOST_TENSORS];
    int n = 0;
    for (int k = 0; k < n_known; k++)
        if ((rank < 0 || known[k].rank == rank) && (known[k].classes == 0) == real && !(at_rest && (known[k].crossing || known[k].target))) fit[n++] = &known[k];
    if (!n) return NULL;
    return chance(60) ? fit[n - 1 - pick(0, (n - 1) / 3)] : fit[pick(0, n - 1)];
}
static const char *shape_text(int rank, const int64_t *extent) {
    Writer w = {0};
    put_text(&w, rank ? "[" : "");
    for (int k = 0; k < rank; k++) put(&w, "%s%lld", k ? ", " : "", (long long)extent[k]);
    put_text(&w, rank ? "]" : "");
    return w.text;
}
static Known *param(int rank, const int64_t *extent) {
    Known *p = know("p", rank, extent, 0);
    put(&body, "    param %s%s = %s\n", p->name, shape_text(rank, extent), ONE_OF("uniform(0.5)", "normal(0, 0.3)", "0.25", "random() - 0.5"));
    return p;
}

/* --- indices and subscripts --- */

static Place *place(Env *e, int64_t extent) {
    Place *fit[MOST_INDICES];
    int n = 0;
    for (int k = 0; k < e->n; k++)
        if (!extent || (e->at[k].extent == extent && e->at[k].low == 0)) fit[n++] = &e->at[k];
    return n ? fit[pick(0, n - 1)] : NULL;
}
static const char *real_of(Env *e, int depth);
static const char *read_of(Env *e, Known *t, int depth);

/* An integer expression in 0 .. extent-1. */
static const char *inside(Env *e, int64_t extent, int depth) {
    Place *p = place(e, extent);
    if (p && chance(75)) { p->bare = true; return p->name; }
    p = place(e, 0);
    long long n = extent;
    if (p && chance(80)) {
        long long room = n - p->extent;
        switch (pick(0, 5)) {
        case 0: if (room > 0) return text("%s + %lld", p->name, (long long)pick(1, room)); break;
        case 1: if (room >= 0) return text("%lld - %s", (long long)pick(p->extent - 1, n - 1), p->name); break;
        case 2: if (2 * (p->extent - 1) < n) return text("2*%s", p->name); break;
        case 3: return text("%s // %lld", p->name, (long long)((p->extent + n - 1) / n + (p->extent <= n)));
        case 4: return text("(%s + %lld) %% %lld", p->name, (long long)pick(0, 9), n);
        default: return text("min(%s, %lld)", p->name, n - 1);
        }
        if (room > 0) return text("%s + %lld", p->name, room);
        return text("%s %% %lld", p->name, n);
    }
    if (depth > 0 && chance(50)) {
        Known *t = choose(-1, false);
        if (t && t->classes <= n) return read_of(e, t, 0);
        if (t && chance(50)) return text("%s %% %lld", read_of(e, t, 0), n);
        if (chance(30)) return text("min(max(floor(2*(%s)), 0), %lld)", real_of(e, 0), n - 1);
    }
    return text("%lld", (long long)pick(0, n - 1));
}
/* Any integer expression, for a read with `else`. */
static const char *anywhere(Env *e, int64_t extent, int depth) {
    Place *p = place(e, 0), *q = place(e, 0);
    if (!p) return text("%lld", (long long)pick(0, extent - 1));
    switch (pick(0, 6)) {
    case 0: return text("%s - %lld", p->name, (long long)pick(1, 3));
    case 1: return text("%s + %lld", p->name, (long long)pick(1, 3));
    case 2: return text("%lld*%s + %s - %lld", (long long)pick(2, 3), p->name, q->name, (long long)pick(0, 2));
    case 3: return text("%lld - %s", (long long)pick(0, extent), p->name);
    case 4: return text("%s + %lld*%s - 1", p->name, (long long)pick(1, 2), q->name);
    case 5: return text("%s // 2 - 1", p->name);
    default: return inside(e, extent, depth);
    }
}
static const char *read_of(Env *e, Known *t, int depth) {
    Writer w = {0};
    bool guarded = t->rank > 0 && chance(20), group = false;
    meet(t);
    put(&w, "%s%s", t->name, t->rank ? "[" : "");
    for (int k = 0; k < t->rank; k++) {
        put_text(&w, k ? ", " : "");
        for (int a = 0; !guarded && a < e->n && !group; a++)
            for (int b = 0; b < e->n && !group; b++)
                if (a != b && !e->at[a].tied && !e->at[b].tied && e->at[a].low + e->at[b].low == 0 && e->at[a].extent * e->at[b].extent == t->extent[k] && e->at[a].extent > 1 && e->at[b].extent > 1 && chance(60)) {
                    put(&w, "(%s, %s)", e->at[a].name, e->at[b].name);
                    group = true;
                }
        if (!group) {
            Env was = *e;
            put_text(&w, guarded && chance(70) ? anywhere(e, t->extent[k], depth) : inside(e, t->extent[k], depth));
            if (guarded) *e = was;                          /* a read with else fixes no range */
        }
        group = false;
    }
    if (guarded) put(&w, " else %s", t->classes ? "0" : chance(60) ? "0" : real_of(e, 0));
    put_text(&w, t->rank ? "]" : "");
    return w.text;
}

/* --- expressions --- */

static const char *truth_of(Env *e, int depth);

static const char *leaf(Env *e) {
    Known *t = chance(12) ? choose(-1, false) : choose(-1, true);
    Place *p = place(e, 0);
    if (p && chance(6)) return text("0.1*%s", p->name);
    if (!t || chance(8)) return text("(%s)", number());
    return read_of(e, t, 1);
}
static const char *integer_of(Env *e, int depth) {
    Known *t = choose(-1, false);
    Place *p = place(e, 0);
    switch (pick(0, 5)) {
    case 0: if (p) return p->name; break;
    case 1: if (t) return read_of(e, t, depth); break;
    case 2: if (p) return text("(%s // 2)", p->name); break;
    case 3: if (p) return text("((%s + %lld) %% 3)", p->name, (long long)pick(0, 4)); break;
    case 4: return text("%s(2*tanh(%s))", ONE_OF("floor", "ceil", "round"), real_of(e, depth - 1));
    default: break;
    }
    return text("%lld", (long long)pick(0, 4));
}

/* A reduction over one or two new indices, or over the batch. `of` writes the body. */
static const char *reduction_of(Env *e, const char *op, int depth, bool may_be_empty, const char *(*of)(Env *, int)) {
    Env inner = *e;
    Writer binders = {0};
    bool grows = strcmp(op, "prod") == 0;                   /* with each factor */
    int n = grows || chance(75) ? 1 : 2, made = 0;
    const char *names[2];
    bool over_batch = !at_rest && chance(10) && e->cost * batch <= budget();
    if (over_batch) {
        bool was = sample;
        const char *inside_it = of(&inner, depth - 1);
        for (int k = 0; k < e->n; k++) e->at[k].bare |= inner.at[k].bare;
        crossing = true;
        sample = was;
        return text("(%s(batch) (%s))", op, inside_it);
    }
    for (int k = 0; k < n && inner.n < MOST_INDICES; k++) {
        Known *t = choose(-1, true);
        int64_t extent = t && t->rank && chance(70) ? t->extent[pick(0, t->rank - 1)] : pick_extent(9);
        if (inner.cost * extent > budget()) extent = budget() / inner.cost;
        if (grows && extent > 9) extent = 9;
        if (extent < 1) extent = 1;
        inner.cost *= extent;
        names[made++] = text("%s%d", ONE_OF("u", "v", "w"), ++n_bound);
        inner.at[inner.n++] = (Place){.name = names[made - 1], .extent = extent};
    }
    int first = inner.n - made;
    Place *outer = first ? &inner.at[pick(0, first - 1)] : NULL;
    bool dependent = made == 1 && outer && outer->low == 0 && !outer->tied && chance(20);
    const char *range = NULL;
    if (dependent) {
        Place *b = &inner.at[first];
        bool after = may_be_empty && outer->extent > 1 && chance(40);
        b->extent = outer->extent + (after ? 0 : chance(20) ? 1 : 0);
        b->tied = true;
        range = after ? text("%s < %s", b->name, outer->name) : b->extent > outer->extent ? text("%s < %s + 2", b->name, outer->name) : text("%s <= %s", b->name, outer->name);
    } else if (made == 1 && inner.at[first].extent > 2 && chance(10)) {
        inner.at[first].low = 1;
        range = text("1 <= %s < %lld", names[0], (long long)inner.at[first].extent);
    }
    const char *inside_it = of(&inner, depth - 1);
    for (int k = 0; k < e->n; k++) e->at[k].bare |= inner.at[k].bare;
    for (int k = 0; k < made; k++) {
        Place *p = &inner.at[first + k];
        put_text(&binders, k ? ", " : "");
        if (range) put_text(&binders, range);
        else if (p->bare && chance(60)) put_text(&binders, p->name);
        else put(&binders, "%s < %lld", p->name, (long long)p->extent);
    }
    return text("(%s(%s) (%s))", op, binders.text, inside_it);
}

static const char *unary_of(Env *e, int depth) {
    static const char *const forms[] = {
        "tanh(%s)", "sin(%s)", "cos(%s)", "sigmoid(%s)", "exp(tanh(%s))", "exp(-(%s)^2)", "expm1(0.5*sin(%s))", "log(0.2 + (%s)^2)", "log1p(abs(%s))",
        "log1pexp(%s)", "sqrt(0.3 + abs(%s))", "erf(%s)", "erfinv(0.9*tanh(%s))", "abs(%s)", "sign(%s)", "relu(%s)", "gelu(%s)", "silu(%s)", "(-(%s))", "0.5*(%s)",
        "(0.2 + abs(%s))^0.7", "(%s)^2", "tanh(%s)^3", "1/(1.5 + sin(%s))", "floor(2*sin(%s))", "stop(%s)", "leaky_relu(%s)", "softplus(%s)", "hardtanh(%s)"
    };
    const char *form = forms[pick(0, (int)(sizeof forms / sizeof *forms) - 1)];
    if (strstr(form, "stop") && chance(80)) form = "tanh(%s)";
    const char *at = strstr(form, "%s");
    return text("%.*s%s%s", (int)(at - form), form, real_of(e, depth - 1), at + 2);
}
static const char *power_or_quotient(Env *e, int depth) {
    const char *a = real_of(e, depth - 1);
    if (chance(20)) return text("((%s) %% 1.7)", a);
    const char *b = real_of(e, depth - 1);
    switch (pick(0, 3)) {
    case 0: return text("(%s)/(1.2 + (%s)^2)", a, b);
    case 1: return text("(%s)/(2 + cos(%s))", a, b);
    case 2: return text("(0.4 + abs(%s))^(tanh(%s))", a, b);
    default: return text("2^(sin(%s))*(%s)", a, b);
    }
}
static const char *real_of(Env *e, int depth) {
    if (depth <= 0) return leaf(e);
    switch (pick(0, 15)) {
    case 0: case 1: return text("(%s + %s)", real_of(e, depth - 1), real_of(e, depth - 1));
    case 2: return text("(%s - (%s))", real_of(e, depth - 1), real_of(e, depth - 1));
    case 3: case 4: { const char *a = real_of(e, depth - 1); return text("(%s)*(%s)", a, real_of(e, depth - 1)); }
    case 5: case 6: case 7: return unary_of(e, depth);
    case 8: {
        Env was = *e;                                       /* where the condition is a constant one of the branches does not exist */
        const char *c = truth_of(e, depth - 1), *a = real_of(e, depth - 1), *b = real_of(e, depth - 1);
        *e = was;
        return text("where(%s, %s, %s)", c, a, b);
    }
    case 9: { const char *a = real_of(e, depth - 1); return text("%s(%s, %s)", ONE_OF("max", "min"), a, real_of(e, depth - 1)); }
    case 10: return power_or_quotient(e, depth);
    case 11: case 12: case 13:
        if (e->cost * 2 > budget()) return unary_of(e, depth);
        switch (pick(0, 6)) {
        case 0: case 1: return reduction_of(e, "sum", depth, true, real_of);
        case 2: return reduction_of(e, "mean", depth, false, real_of);
        case 3: return reduction_of(e, ONE_OF("max", "min"), depth, false, real_of);
        case 4: return text("(prod%s", strstr(reduction_of(e, "prod", depth - 1, true, unary_of), "prod") + 4);
        case 5: return text("0.3*%s", reduction_of(e, ONE_OF("argmax", "argmin"), depth, false, real_of));
        default: return reduction_of(e, "sum", depth, true, truth_of);
        }
    case 14: {
        Known *t = choose(-1, true);
        if (!t || !t->rank) return leaf(e);
        meet(t);
        return text("%s(%s)", ONE_OF("mean", "max", "min", "sum"), t->name);
    }
    default:
        if (chance(25)) {
            Env was = *e;                                   /* one of the branches does not exist, nor do its reads */
            const char *resting = leaf(e);
            *e = was;
            if (chance(60)) return text("where(training, %s, %s)", ONE_OF("random()", "2*random() - 1", "(random() < 0.5)"), resting);
            bool crossed = crossing, targeted = target;
            const char *known_to_data = leaf(e);            /* what predicts does not read it */
            crossing = crossed;
            target = targeted;
            return text("where(predicting, %s, %s)", resting, known_to_data);
        }
        return text("0.2*%s", integer_of(e, depth - 1));
    }
}
static const char *truth_of(Env *e, int depth) {
    switch (pick(0, 8)) {
    case 0: case 1: case 2: { const char *a = real_of(e, depth - 1); return text("(%s) %s (%s)", a, ONE_OF("<", "<=", ">", ">="), real_of(e, depth - 1)); }
    case 3: case 4: { const char *a = integer_of(e, depth - 1); return text("(%s) %s (%s)", a, ONE_OF("==", "!=", "<", "<=", ">", ">="), integer_of(e, depth - 1)); }
    case 5: if (depth > 0) { const char *a = truth_of(e, depth - 1); return text("((%s) %s (%s))", a, ONE_OF("and", "or"), truth_of(e, depth - 1)); } break;
    case 6: if (depth > 0) return text("(not (%s))", truth_of(e, depth - 1)); break;
    case 7: if (depth > 0 && e->cost * 2 <= budget()) return reduction_of(e, ONE_OF("any", "all"), depth, true, truth_of); break;
    default: return text("-1 < (%s) < 1", real_of(e, depth - 1));
    }
    return text("(%s) > 0.1", leaf(e));
}

/* --- equations --- */

static const char *const free_names[] = {"i", "j", "k", "l", "m"};

static Env env_of(int rank, const int64_t *extent) {
    Env e = {.cost = 1};
    for (int k = 0; k < rank; k++) {
        e.at[e.n++] = (Place){.name = free_names[k], .extent = extent[k]};
        e.cost *= extent[k];
    }
    return e;
}
static int pick_shape(int most_rank, int64_t *extent) {
    int rank = (int)pick(0, most_rank);
    int64_t room = budget() / 4 < 600 ? budget() / 4 : 600;
    const Known *like = choose(-1, true);
    for (int k = 0; k < rank; k++) {
        extent[k] = like && like->rank && chance(60) ? like->extent[pick(0, like->rank - 1)] : pick_extent(room);
        if (extent[k] > room) extent[k] = room < 1 ? 1 : room;
        room /= extent[k];
    }
    return rank;
}
/* Left sides: with ranges, or without where the right side says them. */
static const char *left_of(const Known *t, const Env *e) {
    Writer w = {0};
    put(&w, "%s%s", t->name, t->rank ? "[" : "");
    for (int k = 0; k < t->rank; k++) {
        put_text(&w, k ? ", " : "");
        if (e->at[k].bare && chance(60)) put_text(&w, e->at[k].name);
        else put(&w, "%s < %lld", e->at[k].name, (long long)e->at[k].extent);
    }
    put_text(&w, t->rank ? "]" : "");
    return w.text;
}

static void plain_equation(void) {
    int64_t extent[MOST_RANK];
    int rank = pick_shape(4, extent);
    Env e = env_of(rank, extent);
    const char *right = real_of(&e, (int)pick(1, 4));
    if (chance(40)) right = text("%s(%s)", ONE_OF("tanh", "sin", "softsign", ""), right);
    Known *y = know("y", rank, extent, 0);
    inherit(y);
    put(&body, "    %s = %s\n", left_of(y, &e), right);
}
static void integer_equation(void) {
    int64_t extent[MOST_RANK];
    int rank = pick_shape(3, extent);
    Env e = env_of(rank, extent);
    Known *t = choose(-1, true);
    const char *right;
    int64_t classes = 3;
    if (t && t->rank && chance(50)) {
        int64_t over = t->extent[pick(0, t->rank - 1)];
        if (e.cost * over > budget()) over = 2;
        const char *name = text("u%d", ++n_bound);
        Env inner = e;
        inner.cost *= over;
        inner.at[inner.n++] = (Place){.name = name, .extent = over};
        right = text("%s(%s < %lld) (%s)", ONE_OF("argmax", "argmin"), name, (long long)over, real_of(&inner, 2));
        for (int k = 0; k < e.n; k++) e.at[k].bare |= inner.at[k].bare;
        classes = over;
    } else right = text("min(max(%s(2*sin(%s)) + 1, 0), 2)", ONE_OF("floor", "ceil", "round"), real_of(&e, 2));
    Known *z = know("z", rank, extent, classes);
    inherit(z);
    put(&body, "    %s = %s\n", left_of(z, &e), right);
}
/* One of the four transpositions of a product, with or without leading axes. */
static void product(void) {
    Known *a = choose((int)pick(2, 3), true);
    if (!a || size_of(a) > budget()) return;
    int64_t o = pick_extent(budget() / size_of(a) < 33 ? budget() / size_of(a) : 33);
    bool left = chance(50), flipped = chance(50);           /* which axis is summed; how the other factor lies */
    int last = a->rank - 1;
    int64_t summed = a->extent[left ? last : last - 1], kept = a->extent[left ? last - 1 : last];
    int64_t with[2] = {flipped ? o : summed, flipped ? summed : o}, out[MOST_RANK];
    Known *b = NULL;
    for (int k = 0; k < n_known && chance(70) && !b; k++)
        if (known[k].rank == 2 && !known[k].classes && known[k].extent[0] == with[0] && known[k].extent[1] == with[1] && !known[k].crossing) b = &known[k];
    start();
    if (!b) b = param(2, with);
    meet(a);
    meet(b);
    int rank = 0;
    if (a->rank == 3) out[rank++] = a->extent[0];
    bool swap = chance(30);
    out[rank++] = swap ? o : kept;
    out[rank++] = swap ? kept : o;
    Known *y = know("y", rank, out, 0);
    inherit(y);
    const char *lead = a->rank == 3 ? "h, " : "";
    const char *first = text("%s[%s%s]", a->name, lead, left ? "i, k" : "k, i"), *second = text("%s[%s]", b->name, flipped ? "o, k" : "k, o");
    bool turned = chance(50);
    put(&body, "    %s[%s%s] = sum(k) %s*%s\n", y->name, lead, swap ? "o, i" : "i, o", turned ? second : first, turned ? first : second);
}
static void window(void) {
    Known *a = choose((int)pick(1, 3), true);
    if (!a) return;
    int axes = a->rank == 1 ? 1 : (int)pick(1, 2), lead = a->rank - axes;
    int64_t k[2], stride[2], dilation[2], pad[2], out[MOST_RANK], filter[4], cost = size_of(a);
    const char *sub[2], *inner[2];
    bool padded = false, reaches = true;                    /* each window has a place inside */
    for (int d = 0; d < axes; d++) {
        int64_t n = a->extent[lead + d];
        k[d] = pick(1, 4), stride[d] = pick(1, 3), dilation[d] = chance(75) ? 1 : 2, pad[d] = chance(50) ? 0 : pick(1, 2);
        if (dilation[d] * (k[d] - 1) + 1 > n + 2 * pad[d]) k[d] = 1, dilation[d] = 1;
        padded |= pad[d] > 0;
        reaches &= !pad[d] || (dilation[d] == 1 && k[d] > pad[d]);
        cost *= k[d];
        sub[d] = text("%s%s%s%s%s", stride[d] > 1 ? text("%d*", (int)stride[d]) : "", d ? "j" : "i", dilation[d] > 1 ? text(" + %d*", (int)dilation[d]) : " + ", d ? "v" : "u",
                      pad[d] ? text(" - %d", (int)pad[d]) : "");
        inner[d] = text("%s < %d", d ? "v" : "u", (int)k[d]);
    }
    bool pool = chance(35), channels = lead == 1 && !pool && chance(60);
    int64_t o = pool ? 0 : pick_extent(8);
    if (cost * (o ? o : 1) > budget()) return;
    int rank = 0, n_filter = 0;
    start();
    if (o) out[rank++] = filter[n_filter++] = o;
    if (lead && channels) filter[n_filter++] = a->extent[0];
    for (int d = 0; d < lead && !channels; d++) out[rank++] = a->extent[d];
    for (int d = 0; d < axes; d++) {
        out[rank++] = (a->extent[lead + d] + 2 * pad[d] - dilation[d] * (k[d] - 1) - 1) / stride[d] + 1;
        filter[n_filter++] = k[d];
    }
    if (rank > 4) return;
    Known *f = o ? param(n_filter, filter) : NULL;
    meet(a);
    if (f) meet(f);
    Known *y = know("y", rank, out, 0);
    inherit(y);
    static const char *const leads[] = {"", "c, ", "c, e, "};
    const char *ranged = !padded || !lead ? leads[lead] : lead == 1 ? text("c < %d, ", (int)a->extent[0]) : text("c < %d, e < %d, ", (int)a->extent[0], (int)a->extent[1]);
    const char *cells = text("%s%s%s", sub[0], axes > 1 ? ", " : "", axes > 1 ? sub[1] : "");
    const char *ij = axes > 1 ? text("i < %d, j < %d", (int)out[rank - 2], (int)out[rank - 1]) : text("i < %d", (int)out[rank - 1]);
    const char *uv = text("%s%s%s", inner[0], axes > 1 ? ", " : "", axes > 1 ? inner[1] : "");
    const char *outside = !padded ? "" : pool ? reaches ? " else -inf" : " else -3" : chance(70) ? " else 0" : " else 0.5";
    const char *op = pool ? ONE_OF("max", "max", "mean", "sum", "prod", "min") : "sum";
    if (pool && *op != 'm') outside = padded ? " else 0.5" : "";
    if (pool && op[1] == 'i') outside = padded ? " else 3" : "";
    if (pool && op[1] == 'e') outside = padded ? " else 0" : "";
    if (!o) put(&body, "    %s[%s%s] = %s(%s) %s[%s%s%s]\n", y->name, ranged, ij, op, uv, a->name, leads[lead], cells, outside);
    else put(&body, "    %s[o, %s%s] = sum(%s%s) %s[o, %s%s]*%s[%s%s%s]\n", y->name, channels ? "" : ranged, ij, channels ? "c, " : "", uv, f->name,
             channels ? "c, " : "", axes > 1 ? "u, v" : "u", a->name, leads[lead], cells, outside);
}
static void soft_chain(void) {
    Known *a = choose((int)pick(1, 3), true);
    if (!a) return;
    start();
    meet(a);
    static const char *const leads[] = {"", "i, ", "i, j, "}, *const alone[] = {"", "[i]", "[i, j]"};
    int lead = a->rank - 1;
    const char *l = leads[lead], *s = alone[lead];
    Known *y = know("y", a->rank, a->extent, 0);
    inherit(y);
    const char *n = y->name, *x = a->name;
    put(&body, "    t%s%s = max(k) %s[%sk]\n", n, s, x, l);
    put(&body, "    e%s[%sk] = exp(%s[%sk] - t%s%s)\n", n, l, x, l, n, s);
    put(&body, "    s%s%s = sum(k) e%s[%sk]\n", n, s, n, l);
    if (chance(50)) put(&body, "    %s[%sk] = e%s[%sk]/s%s%s\n", n, l, n, l, n, s);
    else put(&body, "    %s[%sk] = %s[%sk] - t%s%s - log(s%s%s)\n", n, l, x, l, n, s, n, s);
}
/* h[t, ..] from t-1 (or t+1), alone or with another one. */
static void recurrence(void) {
    int64_t times = pick(1, 7), extent[MOST_RANK] = {times};
    int rank = (int)pick(1, 2);
    if (rank == 2) extent[1] = pick_extent(6);
    bool later = chance(30), two = chance(35), squared = rank == 2 && chance(60);
    int lag = chance(20) ? 2 : 1;
    start();
    Known *first = chance(50) ? param(rank - 1, extent + 1) : NULL;
    Known *u = squared ? param(2, (int64_t[]){extent[1], extent[1]}) : NULL;
    if (first) meet(first);
    if (u) meet(u);
    Env e = env_of(rank, extent);
    const char *a = real_of(&e, 2), *b = real_of(&e, 2);
    Known *h = know("h", rank, extent, 0), *g = two ? know("h", rank, extent, 0) : NULL;
    inherit(h);
    h->used = two;
    if (g) inherit(g);
    char *before = text("i %s %d", later ? "+" : "-", lag);
    const char *other = two ? g->name : h->name;
    const char *otherwise = first ? rank == 2 ? text("%s[j]", first->name) : first->name : ONE_OF("0", "0.5", "1");
    const char *past = rank == 2 ? text("%s[%s, j else %s]", other, before, otherwise) : text("%s[%s else %s]", other, before, otherwise);
    if (squared) past = text("(sum(q) %s[j, q]*%s[%s, q else %s])", u->name, other, before, first ? text("%s[q]", first->name) : otherwise);
    const char *left = rank == 2 ? text("[i < %d, j < %d]", (int)times, (int)extent[1]) : text("[i < %d]", (int)times);
    const char *forms[] = {"tanh(%s + %s)", "0.5*%s + %s", "sin(%s)*(%s)", "max(%s, %s)", "0.7*%s - %s"};
    const char *form = forms[pick(0, 4)];
    const char *second = strstr(strstr(form, "%s") + 2, "%s");
    const char *at = strstr(form, "%s");
    put(&body, "    %s%s = %.*s%s%.*s%s%s\n", h->name, left, (int)(at - form), form, past, (int)(second - at - 2), at + 2, a, second + 2);
    if (!two) return;
    const char *read = rank == 2 ? text("%s[i, j]", h->name) : text("%s[i]", h->name);
    if (chance(40)) read = rank == 2 ? text("%s[%s, j else 0.3]", h->name, before) : text("%s[%s else 0.3]", h->name, before);
    put(&body, "    %s%s = 0.6*%s + tanh(%s)\n", g->name, left, read, b);
}
/* What a choice was reads a table at the next time. */
static void chosen(void) {
    Known *x = choose(2, true);
    if (!x || x->extent[1] > 20 || x->target) return;
    start();
    Known *table = param(2, (int64_t[]){x->extent[1] + 1, x->extent[1]});
    meet(table);
    meet(x);
    Known *z = know("z", 2, x->extent, 0), *c = know("c", 1, x->extent, x->extent[1]);
    inherit(z);
    inherit(c);
    put(&body, "    %s[i, j] = %s[i, j] + %s[%s[i-1 else %d], j]\n", z->name, x->name, table->name, c->name, (int)x->extent[1]);
    put(&body, "    %s[i < %d] = %s(j) %s[i, j]\n", c->name, (int)x->extent[0], ONE_OF("argmax", "argmin"), z->name);
}
static void scatter(void) {
    static const char *const rest[] = {"", ", i", ", i, j"}, *const extents[] = {"", ", A", ", A, B"};
    Known *a = choose((int)pick(1, 3), true), *t = choose(1, false);
    if (!a) return;
    start();
    meet(a);
    int64_t n = a->extent[0], cells = pick_extent(12), out[MOST_RANK];
    bool drop = chance(60);
    const char *name = text("s%d", ++n_names), *more = rest[a->rank - 1], *dims = extents[a->rank - 1], *otherwise = drop ? " else drop" : "";
    const char *term = text(ONE_OF("x[n%s]", "tanh(x[n%s])", "x[n%s]*(n + 1)", "sum(q < 3) 0.5*q*x[n%s]"), more);
    bool gathered = t && t->extent[0] == n && chance(70);
    if (gathered) {
        meet(t);
        if (!drop && t->classes > cells) cells = t->classes;
        if (cells > 60) return;
        put(&functions, "fn %s(x[N%s], k[N]) -> y[%d%s] { y[k[n]%s%s%s] += %s }\n", name, dims, (int)cells, dims, drop ? ONE_OF(" + 1", " - 1", "") : "", more, otherwise, term);
    } else {
        int stride = (int)pick(1, 3), shift = (int)pick(0, 2);
        if (!drop) cells = stride * (n - 1) + shift + 1;
        if (cells > 60) return;
        put(&functions, "fn %s(x[N%s]) -> y[%d%s] { y[%d*n %s %d%s%s] += %s }\n", name, dims, (int)cells, dims, stride, drop ? "-" : "+", shift, more, otherwise, term);
    }
    memcpy(out, a->extent, sizeof a->extent);
    out[0] = cells;
    Known *y = know("y", a->rank, out, 0);
    inherit(y);
    put(&body, "    %s = %s(%s%s%s)\n", y->name, name, a->name, gathered ? ", " : "", gathered ? t->name : "");
}
static void reshape(void) {
    Known *a = choose((int)pick(1, 4), true);
    if (!a) return;
    start();
    meet(a);
    int64_t out[MOST_RANK];
    int last = a->rank - 1;
    const char *x = a->name;
    Known *y;
    int64_t half = a->extent[last] % 2 == 0 ? 2 : a->extent[last] % 3 == 0 ? 3 : 0;
    switch (pick(0, 4)) {
    case 0:
        out[0] = size_of(a);
        y = know("y", 1, out, 0);
        put(&body, "    %s[(..)] = %s[..]\n", y->name, x);
        break;
    case 1:
        if (!half || last > 2) return;
        for (int k = 0; k < last; k++) out[k + 1] = a->extent[k];
        out[0] = half;
        out[last + 1] = a->extent[last] / half;
        y = know("y", a->rank + 1, out, 0);
        put(&body, "    %s[h < %d, .., d] = %s[.., (%s)]\n", y->name, (int)half, x, "h, d");
        break;
    case 2:
        for (int k = 0; k < a->rank; k++) out[k] = a->extent[last - k];
        y = know("y", a->rank, out, 0);
        put(&body, "    %s[%s] = %s[%s]\n", y->name, &"l, k, j, i"[(4 - a->rank) * 3], x, a->rank == 1 ? "i" : a->rank == 2 ? "i, j" : a->rank == 3 ? "i, j, k" : "i, j, k, l");
        break;
    case 3:
        out[0] = a->extent[0];
        y = know("y", 1, out, 0);
        put(&body, "    %s[i] = %s(..) %s[i, ..]\n", y->name, ONE_OF("sum", "mean", "max", "min"), x);
        break;
    default:
        y = know("y", a->rank, a->extent, 0);
        put(&body, "    %s[.., i] = %s(%s[.., i])*(i + 1)\n", y->name, ONE_OF("tanh", "sin", "0.5*"), x);
        break;
    }
    inherit(y);
}
static void whole(void) {
    Known *a = choose(-1, true);
    if (!a) return;
    Known *b = NULL;
    for (int k = n_known - 1; k >= 0; k--)
        if (&known[k] != a && known[k].rank == a->rank && !known[k].classes && !memcmp(known[k].extent, a->extent, sizeof(int64_t) * (size_t)a->rank)) b = &known[k];
    start();
    if (!b) b = param(a->rank, a->extent);
    meet(a);
    meet(b);
    Known *y = know("y", a->rank, a->extent, 0);
    inherit(y);
    const char *form = ONE_OF("%a + %b", "%a*%b", "max(%a, %b)", "where(%a > %b, %a, 0.5*%b)", "lerp(%a, %b, 0.3)", "%a - mean(%b)", "%a/(1 + %b^2)", "0.5*%a + tanh(%b)");
    put(&body, "    %s = ", y->name);
    for (const char *c = form; *c; c++) {
        if (*c == '%') put_text(&body, *++c == 'a' ? a->name : b->name);
        else put(&body, "%c", *c);
    }
    put_text(&body, "\n");
}
static void memory(void) {
    Known *a = choose(1, true);
    if (!a || a->target) return;
    at_rest = true;
    start();
    meet(a);
    Known *y = know("y", 1, a->extent, 0);
    const char *s = text("s%d", ++n_names);
    put(&body, "    state %s[%d] = %s\n", s, (int)a->extent[0], ONE_OF("0", "0.5", "1"));
    put(&body, "    %s'[i] = 0.8*%s[i] + 0.2*(%s(batch) %s[i])\n", s, s, a->sample ? ONE_OF("mean", "max", "sum", "mean") : "mean", a->name);
    put(&body, "    %s[i] = %s\n", y->name, a->sample ? text(ONE_OF("%s[i] - %s[i]", "%s[i]/(1 + %s[i]^2)", "where(training, %s[i], 0)*(1 + %s[i])"), a->name, s) : text("%s[i]*%s[i]", a->name, s));
    inherit(y);
    y->crossing = a->crossing;
    at_rest = false;
}

/* What a prediction keeps for the next one. */
static void remembered(void) {
    at_rest = true;
    Known *a = choose(1, true);
    start();
    if (a) {
        meet(a);
        Known *y = know("y", 1, a->extent, 0);
        const char *s = text("s%d", ++n_names), *first = ONE_OF("0", "0.5", "-1");
        put(&body, "    state %s[%d] = %s, %sn = %s each predict\n", s, (int)a->extent[0], first, s, first);
        put(&body, "    %s'[i] = %s\n    %sn' = %sn + 1\n", s, text(ONE_OF("0.6*%s[i] + tanh(%s[i])", "where(%s[i] > 0.2, %s[i], 0.5)", "sin(%s[0])*%s[i]"), s, a->name), s, s);
        put(&body, "    %s[i] = %s[i] + %s[i]*where(%sn > 1, %s[i], %s[(i + 1) %% %d])\n", y->name, a->name, s, s, a->name, s, (int)a->extent[0]);
        inherit(y);
    }
    at_rest = false;
}

/* A definition with packs, applied to whatever fits; `_` leaves an axis to it. */
static void defined(void) {
    Known *a = choose((int)pick(1, 4), true);
    if (!a) return;
    start();
    meet(a);
    const char *f = text("f%d", ++n_names);
    Known *y;
    switch (pick(0, 3)) {
    case 0:
        put(&functions, "fn %s(x[.., C]) -> y[.., C] { m[..] = mean(c) x[.., c]; param s[C] = 1; y[.., c] = s[c]*(x[.., c] - m[..]) }\n", f);
        y = know("y", a->rank, a->extent, 0);
        put(&body, "    %s = %s(%s)\n", y->name, f, a->name);
        break;
    case 1:
        if (a->rank < 2 || a->rank > 3) return;
        put(&functions, "fn %s(x[C]) -> y[2] { y[o < 2] = sum(c) %s(x[c] + 0.3*o) }\n", f, ONE_OF("sin", "tanh", "exp"));
        y = know("y", a->rank, a->extent, 0);
        y->extent[a->rank - 1] = 2;
        put(&body, "    %s[%s, _] = %s(%s[%s, _])\n", y->name, a->rank == 2 ? "t" : "t, r", f, a->name, a->rank == 2 ? "t" : "t, r");
        break;
    case 2:
        put(&functions, "fn %s(x[C, ..]) -> a[C, ..], b[..] { a[c, ..] = x[c, ..]*b[..]; b[..] = %s(c) x[c, ..] }\n", f, ONE_OF("max", "mean", "min", "sum", "prod"));
        y = know("y", a->rank, a->extent, 0);
        put(&body, "    %s, b%s = %s(%s)\n", y->name, y->name, f, a->name);
        break;
    default:
        put(&functions, "fn %s(x) = where(x > 0.2, x*x, %s)\n", f, ONE_OF("-x", "0", "sin(x)"));
        y = know("y", a->rank, a->extent, 0);
        put(&body, "    %s = %s |> %s |> repeat(2) %s\n", y->name, a->name, f, f);
        break;
    }
    inherit(y);
}

/* Calls of the library. `shape` says what comes out: = the same, a number n: the last axis is n; F flat; C, R .. see below */
static void library(void) {
    static const struct { const char *call; int low, high; char out; int n; } calls[] = {
        {"linear(%s, 3)", 1, 3, 'n', 3}, {"linear(%s, 17)", 1, 2, 'n', 17}, {"linear(%s, 1, bias=false)", 1, 2, 'n', 1}, {"layernorm(%s)", 1, 3, '=', 0},
        {"rmsnorm(%s, eps=0.01)", 1, 3, '=', 0}, {"batchnorm(%s)", 1, 3, '=', 0}, {"softmax(%s)", 1, 3, '=', 0}, {"log_softmax(%s)", 1, 3, '=', 0},
        {"logsumexp(%s)", 1, 3, '-', 0}, {"dropout(%s, 0.3)", 0, 3, '=', 0}, {"channel_dropout(%s, 0.3)", 1, 3, '=', 0}, {"flatten(%s)", 1, 4, 'F', 0},
        {"reverse(%s)", 1, 3, '=', 0}, {"prelu(%s)", 1, 3, '=', 0}, {"softmax2d(%s)", 3, 3, '=', 0}, {"instancenorm(%s)", 2, 3, '=', 0},
        {"local_response_norm(%s, 3)", 2, 3, '=', 0}, {"groupnorm(%s, 1)", 1, 3, '=', 0}, {"rnn(%s, 4)", 2, 2, 'n', 4}, {"lstm(%s, 3)", 2, 2, 'n', 3},
        {"gru(%s, 5)", 2, 2, 'n', 5}, {"global_avgpool(%s)", 2, 3, 'G', 0}, {"conv2d(%s, 3, 3, pad=1)", 3, 3, 'O', 3}, {"conv2d(%s, 2, 1)", 3, 3, 'O', 2},
        {"conv2d(%s, 17, 3, pad=1)", 3, 3, 'O', 17}, {"conv1d(%s, 4, 3, pad=1)", 2, 2, 'O', 4}, {"maxpool2d(%s, 3, stride=1, pad=1)", 3, 3, '=', 0},
        {"avgpool2d(%s, 3, stride=1, pad=1)", 3, 3, '=', 0}, {"avgpool2d(%s, 3, stride=1, pad=1, count_pad=false)", 3, 3, '=', 0}, {"upsample2d(%s, 2)", 3, 3, 'U', 2},
        {"conv_transpose2d(%s, 2, 2, stride=2)", 3, 3, 'T', 2}, {"maxpool2d(%s, 1, stride=2)", 3, 3, 'H', 0}, {"adaptive_avgpool2d(%s, 2)", 3, 3, 'A', 2}, {"adaptive_maxpool2d(%s, 2)", 3, 3, 'A', 2},
        {"self_attention(%s, 1)", 2, 2, '=', 0}, {"mish(%s)", 0, 4, '=', 0}, {"selu(%s)", 0, 4, '=', 0}, {"celu(%s, 0.5)", 0, 4, '=', 0}, {"gelu_tanh(%s)", 0, 4, '=', 0},
        {"hardswish(%s)", 0, 4, '=', 0}, {"softshrink(%s)", 0, 4, '=', 0}, {"tanhshrink(%s)", 0, 4, '=', 0}, {"normalize(%s)", 0, 3, '=', 0}, {"pad2d(%s, 1)", 3, 3, 'P', 1},
        {"pad2d(%s, 1, at=replicate)", 3, 3, 'P', 1}, {"pad2d(%s, 1, at=circular)", 3, 3, 'P', 1}, {"interpolate(%s, 7)", 2, 3, 'n', 7}, {"nearest(%s, 5)", 1, 3, 'n', 5},
        {"weight_norm(%s)", 2, 3, '=', 0}, {"repeat(2) linear(4)", 1, 2, 'n', 4}, {"feedforward(%s, 6)", 1, 3, '=', 0}, {"layernorm_all(%s)", 1, 3, '=', 0}
    };
    int which = (int)pick(0, (int)(sizeof calls / sizeof *calls) - 1);
    Known *a = choose((int)pick(calls[which].low, calls[which].high), true);
    if (!a || (strstr(calls[which].call, "batchnorm") && !a->sample) || (strstr(calls[which].call, "weight_norm") && a->sample) || size_of(a) * 20 > budget() * 4) return;
    int64_t out[MOST_RANK];
    int rank = a->rank, n = calls[which].n;
    memcpy(out, a->extent, sizeof out);
    switch (calls[which].out) {
    case 'n': out[rank - 1] = n; break;
    case '-': rank--; break;
    case 'F': out[0] = size_of(a); rank = 1; break;
    case 'G': rank = 1; break;
    case 'O': out[0] = n; break;
    case 'U': out[1] *= n; out[2] *= n; break;
    case 'T': out[0] = n; out[1] *= 2; out[2] *= 2; break;
    case 'H': out[1] = (out[1] + 1) / 2; out[2] = (out[2] + 1) / 2; break;
    case 'A': out[1] = out[2] = n; break;
    case 'P': out[1] += 2 * n; out[2] += 2 * n; break;
    default: break;
    }
    if (strstr(calls[which].call, "circular") && (a->extent[1] < 2 || a->extent[2] < 2)) return;
    start();
    meet(a);
    Known *y = know("y", rank, out, 0);
    inherit(y);
    const char *at = strstr(calls[which].call, "%s");
    if (!at) put(&body, "    %s = %s |> %s\n", y->name, a->name, calls[which].call);
    else put(&body, "    %s = %.*s%s%s\n", y->name, (int)(at - calls[which].call), calls[which].call, a->name, at + 2);
}

static void (*const kinds[])(void) = {
    plain_equation, plain_equation, plain_equation, plain_equation, plain_equation, integer_equation, product, product, window, window, soft_chain, recurrence,
    recurrence, chosen, scatter, reshape, reshape, whole, memory, remembered, defined, library, library, library
};

/* --- the lines of a model --- */

static void inputs(void) {
    for (int k = 0, n = (int)pick(1, 3); k < n; k++) {
        int64_t extent[MOST_RANK];
        int rank = pick_shape(k ? 4 : 3, extent);
        Known *x = know("x", rank, extent, 0);
        x->sample = x->given = true;
        put(&body, "    input %s%s%s\n", x->name, shape_text(rank, extent), chance(8) ? " : byte" : "");
        if (strstr(body.text + body.length - 6, "byte")) x->classes = 256;
    }
    if (chance(50)) {
        int64_t extent[MOST_RANK], classes = pick_extent(9) + 1;
        int rank = pick_shape(2, extent);
        Known *x = know("x", rank, extent, classes);
        x->sample = x->given = true;
        put(&body, "    input %s%s : class[%d]\n", x->name, shape_text(rank, extent), (int)classes);
    }
    if (chance(60)) {
        int64_t extent[MOST_RANK], classes = chance(50) ? pick_extent(9) + 1 : 0;
        int rank = pick_shape(2, extent);
        Known *x = know("t", rank, extent, classes);
        x->sample = x->given = x->target = true;
        put(&body, "    target %s%s%s\n", x->name, shape_text(rank, extent), classes ? text(" : class[%d]", (int)classes) : "");
    }
}

static void losses(void) {
    int n = 0;
    for (int k = 0; k < n_known; k++) {
        Known *t = &known[k];
        if (t->used && !(k == n_known - 1 && !n)) continue;
        n++;
        if (t->classes) { put(&body, "    loss 0.1*mean(%s*%s)\n", t->name, t->name); continue; }
        const Known *label = NULL;
        for (int c = 0; c < n_known; c++)
            if (t->rank == 1 && known[c].rank == 0 && known[c].classes && known[c].classes < 256 && known[c].classes <= t->extent[0]) label = &known[c];
        if (label && chance(70)) put(&body, "    loss %s(%s, %s)\n", ONE_OF("cross_entropy", "multi_margin", "focal_softmax"), t->name, label->name);
        else put(&body, "    loss %s\n", text(ONE_OF("mean(sin(%s))", "mean(%s^2)", "smooth_l1(%s, 0.2)", "mean(tanh(%s))", "0.1*sum(cos(%s))", "log_cosh(%s, 0.1)", "max(%s)", "huber(%s, 0.3)"), t->name));
    }
}
static void outputs(void) {
    int n = 0;
    for (int k = n_known - 1; k >= 0 && n < 3; k--)
        if (known[k].sample && !known[k].crossing && !known[k].target && !known[k].given && chance(60)) put(&body, "    output %s\n", known[k].name), n++;
    for (int k = n_known - 1; k >= 0; k--) {
        if (!known[k].sample || !chance(8)) continue;
        put(&body, "    metric %s\n", text(ONE_OF("mean(data) mean(%s)", "sum(data) sum(abs(%s))", "max(data) max(%s)", "sqrt(mean(data) mean(%s*%s))"), known[k].name, known[k].name));
    }
}
static void updates(void) {
    int which = (int)pick(0, 9);
    if (which < 3) put(&body, "    optimizer %s\n", ONE_OF("sgd(lr=0.1, momentum=0.9)", "sgd(lr=0.05)", "adam(lr=0.01)", "rmsprop(lr=0.01, momentum=0.5)", "adagrad(lr=0.1)", "lion(lr=0.01)", "adadelta()"));
    else if (which < 6) {
        put_text(&functions, "fn stepped(g[..], w[..], lr=0.1, keep=0.8) -> next[..] { state m[..] = 0; m' = keep*m + g; next = w - lr*m' }\n");
        put(&body, "    update * = g |> %sstepped(w, lr=%s)\n", ONE_OF("", "clip_value(0.1) |> ", "clip_norm(1) |> ", "l2(w, 0.01) |> "), ONE_OF("0.1", "0.1/(step + 1)", "0.02"));
        for (int k = 0; k < n_known; k++)
            if (*known[k].name == 'p' && chance(15)) put(&body, "    update %s = %s\n", known[k].name, ONE_OF("w - 0.1*g", "w", "w - 0.1*sign(g)", "w*0.9 - tanh(g)"));
    } else if (which < 8) put_text(&body, "    update * = w - 0.3*g\n");
}

char *generate(uint64_t seed) {
    state = seed * 0x2545f4914f6cdd1du + 1;
    functions = body = (Writer){0};
    n_known = n_names = n_bound = 0;
    at_rest = false;
    batch = (int[]){1, 3, 3, 16, 17, 33}[pick(0, 5)];
    put_text(&functions, "");
    put_text(&body, "");
    inputs();
    for (int k = 0, n = (int)pick(1, 2); k < n; k++) {
        int64_t extent[MOST_RANK];
        int rank = pick_shape(3, extent);
        param(rank, extent);
    }
    for (int k = 0, n = (int)pick(1, 7); k < n; k++) {
        at_rest = chance(50);
        start();
        kinds[pick(0, (int)(sizeof kinds / sizeof *kinds) - 1)]();
    }
    at_rest = false;
    losses();
    outputs();
    updates();
    put(&body, "    train batch=%d\n", batch);
    return text("%smodel random%llu {\n%s}\n", functions.text, (unsigned long long)seed, body.text);
}
