/* Expressions and loop trees as C.
 *
 * An expression prints with the fewest parentheses that C and its compilers' warnings allow, and with every conversion
 * written out, so that -Wconversion and -Wdouble-promotion find nothing:
 *
 *     where(i + u - 2 >= 0 and ..., x[..], 0)*0.5    ->    (i + u >= 2 && i + u < 30 ? x[b][i + u - 2] : R(0)) * R(0.5)
 *
 * Real expressions are of type `real`, or double as soon as one operand is (numbers of the step and totals are); constants
 * and converted integers take the type of what stands beside them. Integer expressions are int while their interval
 * fits, else int64_t. Values that are used twice have been made locals by the scheduler; nothing here looks for them. */
#include "parts.h"
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void scope_bind(Scope *s, const void *what, const char *name, CType type, bool pointer) {
    PUSH(s->bound, ((Binding){ what, name, type, pointer }));
}

const Binding *binding(const Scope *s, const void *what) {
    for (int k = s->bound.n - 1; k >= 0; k--)
        if (s->bound.at[k].what == what) return &s->bound.at[k];
    return NULL;
}

static const Binding *bound(const Scope *s, const void *what, const char *name) {
    const Binding *b = binding(s, what);
    if (b) return b;
    fprintf(stderr, "internal error: emit: `%s` has no place in the function that reads it\n", name);
    exit(70);
}

char *c_number(double value) {
    if (value == floor(value) && fabs(value) < 1e15) return text("%.0f", value == 0 ? 0.0 : value);
    char *shortest = NULL;
    for (int digits = 1; digits <= 17; digits++) {
        shortest = text("%.*g", digits, value);
        if (strtod(shortest, NULL) == value) break;
    }
    return shortest;
}

char *c_dims(const Tensor *t, int from) {
    Writer w = { 0 };
    put_text(&w, "");
    for (int k = from; k < t->rank; k++) put(&w, "[%" PRId64 "]", room_of(t, k));
    return w.text;
}

/* ---- types ------------------------------------------------------------------------------------------------------- */
static bool is_small(double magnitude) { return magnitude < 2147483647.0; }

static double interval_magnitude(const Expr *e) {
    return fmax(fabs((double)e->lo), fabs((double)e->hi));
}

static CType type_of(const Scope *s, const Expr *e);

/* The common type of real operands: double if one is, else real; C_ANY while all of them are constants or integers. */
static CType common(const Scope *s, const Expr *const *arg, int n) {
    CType type = C_ANY;
    for (int k = 0; k < n; k++) {
        if (arg[k]->type != REAL) continue;
        CType t = type_of(s, arg[k]);
        if (t == C_DOUBLE || type == C_ANY) type = t;
    }
    return s->host ? C_DOUBLE : type;
}

static bool any_long(const Scope *s, const Expr *const *arg, int n) {
    for (int k = 0; k < n; k++)
        if (type_of(s, arg[k]) == C_LONG) return true;
    return false;
}

/* Whether a sum can be added up in int: no partial sum leaves it, in any order. */
static bool sum_is_small(const Scope *s, const Expr *e) {
    double total = fabs((double)e->integer);
    for (int k = 0; k < e->n; k++) {
        double a = type_of(s, e->arg[k]) == C_LONG ? 1e18 : fmin(interval_magnitude(e->arg[k]), 2147483648.0);
        total += fabs((double)e->factor[k]) * a;
    }
    return is_small(total);
}

static bool plain_division(const Expr *e) {         /* C's / and % are the floor forms for what is not negative */
    return e->arg[0]->lo >= 0 && e->arg[1]->kind == X_INT && e->arg[1]->integer > 0;
}

static CType type_of(const Scope *s, const Expr *e) {
    const Binding *b;
    switch (e->kind) {
    case X_NUM: case X_REAL: return C_ANY;
    case X_INT: return is_small(fabs((double)e->integer)) ? C_INT : C_LONG;
    case X_INDEX: return bound(s, e->index, e->index->name)->type;
    case X_SUM: return sum_is_small(s, e) ? C_INT : C_LONG;
    case X_RANDOM: return C_REAL;
    case X_READ:
        b = bound(s, e->tensor, e->tensor->name);
        if (e->type == REAL) return b->type;
        if (b->type == C_LONG) return C_LONG;
        return e->guarded ? type_of(s, e->arg[e->n - 1]) : C_INT;
    case X_WHERE:
        if (e->type == REAL) return common(s, e->arg + 1, 2);
        return any_long(s, e->arg + 1, 2) ? C_LONG : C_INT;
    case X_OP:
        if (e->type == REAL) return common(s, e->arg, e->n);
        if (e->type == BOOL) return C_INT;
        if (e->op == OP_FLOORDIV || e->op == OP_MOD) return plain_division(e) ? type_of(s, e->arg[0]) : C_LONG;
        if (e->op == OP_MAX || e->op == OP_MIN) return any_long(s, e->arg, e->n) ? C_LONG : C_INT;
        if (e->op == OP_MUL || e->op == OP_ADD || e->op == OP_SUB || e->op == OP_NEG)
            return !is_small(interval_magnitude(e)) || any_long(s, e->arg, e->n) ? C_LONG : C_INT;
        if (e->op == OP_STOP) return type_of(s, e->arg[0]);
        return C_LONG;                              /* nn_floor, nn_iabs and their like */
    }
    return C_INT;
}

/* ---- expressions ------------------------------------------------------------------------------------------------- */
static char *operand(Scope *s, const Expr *e, int precedence, CType want) {
    Writer w = { 0 };
    c_expr(&w, s, e, precedence, want);
    return w.text;
}

static int c_precedence(Op op) {
    switch (op) {
    case OP_ADD: case OP_SUB: return C_PREC_SUM;
    case OP_MUL: case OP_DIV: return C_PREC_TERM;
    case OP_NEG: case OP_NOT: return C_PREC_UNARY;
    case OP_EQ: case OP_NE: return C_PREC_EQUAL;
    case OP_LT: case OP_LE: case OP_GT: case OP_GE: return C_PREC_LESS;
    case OP_AND: return C_PREC_AND;
    case OP_OR: return C_PREC_OR;
    default: return C_PREC_CALL;
    }
}

/* How tightly an operand must bind. Compilers ask for parentheses where && stands in ||, and a comparison in another. */
static int operand_precedence(Op op, int which) {
    int own = c_precedence(op);
    switch (own) {
    case C_PREC_CALL: return C_PREC_LOOSEST;
    case C_PREC_UNARY: return C_PREC_UNARY;
    case C_PREC_OR: case C_PREC_AND: return C_PREC_EQUAL;
    case C_PREC_EQUAL: case C_PREC_LESS: return C_PREC_SUM;
    default: return own + which;
    }
}

static const char *integer_function(Op op, CType type) {
    switch (op) {
    case OP_MAX: return type == C_INT ? "nn_max_i(%a, %b)" : "nn_imax(%a, %b)";
    case OP_MIN: return type == C_INT ? "nn_min_i(%a, %b)" : "nn_imin(%a, %b)";
    case OP_ABS: return "nn_iabs(%a)";
    case OP_SIGN: return "nn_isign(%a)";
    default: return op_table[op].c;
    }
}

/* Fills an operator's form with its operands: `nn_max(%a, %b)`. With `in_double`, functions are those of double. */
static void fill(Writer *w, const char *form, const char *a, const char *b, bool in_double) {
    for (const char *c = form; *c; c++) {
        if (c[0] == '%' && (c[1] == 'a' || c[1] == 'b')) put_text(w, *++c == 'a' ? a : b);
        else if (*c == '(' && in_double && c != form && isalnum((unsigned char)c[-1])) put_text(w, "_d(");
        else put(w, "%c", *c);
    }
}

static void real_operation(Writer *w, Scope *s, const Expr *e, CType type) {
    const char *form = e->op == OP_FLOORDIV ? "nn_rfloordiv(%a, %b)" : e->op == OP_MOD ? "nn_rmod(%a, %b)" : op_table[e->op].c;
    char *a = operand(s, e->arg[0], operand_precedence(e->op, 0), type);
    char *b = e->n > 1 ? operand(s, e->arg[1], operand_precedence(e->op, 1), type) : NULL;
    if (e->op == OP_NEG && *a == '-') a = text("(%s)", a);
    fill(w, form, a, b, type == C_DOUBLE);
}

static void integer_operation(Writer *w, Scope *s, const Expr *e) {
    if ((e->op == OP_FLOORDIV || e->op == OP_MOD) && plain_division(e)) {
        put(w, "%s %c %s", operand(s, e->arg[0], C_PREC_TERM, C_ANY), e->op == OP_MOD ? '%' : '/',
            operand(s, e->arg[1], C_PREC_UNARY, C_ANY));
        return;
    }
    char *a = operand(s, e->arg[0], operand_precedence(e->op, 0), C_ANY);
    char *b = e->n > 1 ? operand(s, e->arg[1], operand_precedence(e->op, 1), C_ANY) : NULL;
    /* A product of two int that may leave int is made in int64_t. */
    if (type_of(s, e) == C_LONG && !any_long(s, e->arg, e->n) && c_precedence(e->op) != C_PREC_CALL)
        a = text("(int64_t)%s", operand(s, e->arg[0], C_PREC_UNARY, C_ANY));
    if (e->op == OP_NEG && *a == '-') a = text("(%s)", a);
    fill(w, integer_function(e->op, type_of(s, e)), a, b, false);
}

/* A term of a sum: 28*i */
static void print_term(Writer *w, Scope *s, const Expr *atom, int64_t factor, bool small) {
    uint64_t size = factor < 0 ? 0 - (uint64_t)factor : (uint64_t)factor;
    if (size > INT32_MAX) put(w, "INT64_C(%" PRIu64 ")*", size);
    else if (size != 1) put(w, "%" PRIu64 "*", size);
    bool widen = !small && type_of(s, atom) != C_LONG && size <= INT32_MAX;
    put(w, "%s%s", widen ? "(int64_t)" : "", operand(s, atom, size != 1 || widen ? C_PREC_UNARY : C_PREC_TERM, C_ANY));
}

/* A sum of products: positive terms first, larger factors first. 28*i + j - 2 */
static void print_sum(Writer *w, Scope *s, const Expr *e) {
    bool small = sum_is_small(s, e), *done = NEW_ARRAY(bool, e->n), first = true;
    int64_t constant = e->integer;
    for (int printed = 0; printed < e->n; printed++) {
        int best = -1;
        for (int k = 0; k < e->n; k++) {
            if (done[k]) continue;
            bool ahead = best < 0 || (e->factor[k] > 0 && e->factor[best] < 0)
                      || ((e->factor[k] > 0) == (e->factor[best] > 0) && llabs(e->factor[k]) > llabs(e->factor[best]));
            if (ahead) best = k;
        }
        done[best] = true;
        bool negative = e->factor[best] < 0;
        if (negative && first && constant > 0) {
            put(w, "%" PRId64, constant);
            constant = 0, first = false;
        }
        put_text(w, negative ? first ? "-" : " - " : first ? "" : " + ");
        print_term(w, s, e->arg[best], e->factor[best], small);
        first = false;
    }
    if (constant > 0) put(w, " + %" PRId64, constant);
    if (constant < 0) put(w, " - %" PRIu64, 0 - (uint64_t)constant);
}

/* sub = left - right, with all negative terms on the right: i - u + 2 >= 0 reads better as i + 2 >= u, and i - u - 2 >= 0 as
 * i >= u + 2. Constants stand on the right. */
static void move_negative(const Expr *sub, const Expr **left, const Expr **right) {
    const Expr *positive = Int(0), *negative = Int(0);
    for (int k = 0; k < sub->n; k++) {
        if (sub->factor[k] > 0) positive = Add(positive, Mul(sub->arg[k], Int(sub->factor[k])));
        else negative = Add(negative, Mul(sub->arg[k], Int(-sub->factor[k])));
    }
    *left = positive;
    *right = Sub(negative, Int(sub->integer));
}

/* One subscript inside its tensor: the tests that its interval leaves open. Gives the number of tests so far. */
static int print_test(Writer *w, Scope *s, const Expr *sub, Dim dim, int tests) {
    const Expr *left = sub, *right = Int(0);
    if (sub->kind == X_SUM) move_negative(sub, &left, &right);
    const char *l = operand(s, left, C_PREC_SUM, C_ANY);
    if (sub->lo < 0) put(w, "%s%s >= %s", tests++ ? " && " : "", l, operand(s, right, C_PREC_SUM, C_ANY));
    if (dim.count ? Sub(Sub(Extent(dim), Int(1)), sub)->lo >= 0 : sub->hi < dim.extent) return tests;
    put(w, "%s%s < %s", tests++ ? " && " : "", l, operand(s, Add(right, Extent(dim)), C_PREC_SUM, C_ANY));
    return tests;
}

static void print_place(Writer *w, Scope *s, const Tensor *t, const Expr *const *subs) {
    const Binding *b = bound(s, t, t->name);
    if (t->rank == 0) {
        put(w, "%s%s", b->pointer ? "*" : "", b->text);
        return;
    }
    put_text(w, b->text);
    for (int k = 0; k < t->rank; k++) {
        bool counted = t->vector && s->pass && k + 1 == t->rank;
        put(w, counted ? "[%s / NN_LANES]" : "[%s]", operand(s, subs[k], counted ? C_PREC_TERM : C_PREC_LOOSEST, C_ANY));
    }
}

/* Whether elements stand side by side along the vector loop. */
static bool moves_along(const Scope *s, const Tensor *t, const Expr *const *subs) {
    for (int k = 0; s->vector && !t->vector && k < t->rank; k++)
        if (uses_index(subs[k], s->vector)) return true;
    return false;
}

static void find_call(const Expr *e, void *any) {
    if (e->kind == X_RANDOM || e->kind == X_WHERE || (e->kind == X_READ && e->guarded)) *(bool *)any = true;
    if (e->kind == X_OP && c_precedence(e->op) == C_PREC_CALL) *(bool *)any = true;
}

/* Comparisons and arithmetic, without a call or a choice. */
static bool is_plain(const Expr *e) {
    bool calls = false;
    visit_nodes(e, find_call, &calls);
    return !calls;
}

/* The expression itself, in its own type: gives the type, and in *precedence how tightly it binds. */
static CType print_bare(Writer *w, Scope *s, const Expr *e, CType want, int *precedence) {
    CType own = type_of(s, e), type = own == C_ANY ? want == C_DOUBLE ? C_DOUBLE : C_REAL : own;
    Writer test = { 0 };
    int tests = 0;
    *precedence = C_PREC_CALL;
    switch (e->kind) {
    case X_NUM: {
        const char *number = isnan(e->num) ? "NAN" : isinf(e->num) ? e->num < 0 ? "-INFINITY" : "INFINITY" : c_number(e->num);
        if (type == C_REAL) put(w, "R(%s)", number);
        else if (!isfinite(e->num)) put(w, "(double)%s", number);
        else put(w, "%s%s", number, strpbrk(number, ".e") ? "" : ".0");
        if (type != C_REAL && (*number == '-' || !isfinite(e->num))) *precedence = C_PREC_UNARY;
        return type;
    }
    case X_INT:
        put(w, own == C_LONG ? "INT64_C(%" PRId64 ")" : "%" PRId64, e->integer);
        if (e->integer < 0 && own == C_INT) *precedence = C_PREC_UNARY;
        return own;
    case X_INDEX:
        put_text(w, bound(s, e->index, e->index->name)->text);
        return own;
    case X_SUM:
        print_sum(w, s, e);
        *precedence = C_PREC_SUM;
        if (e->n == 1 && e->integer == 0) *precedence = e->factor[0] < 0 ? C_PREC_SUM : C_PREC_TERM;
        return own;
    case X_REAL:
        put(w, "(%s)%s", c_type_name(type), operand(s, e->arg[0], C_PREC_UNARY, C_ANY));
        *precedence = C_PREC_UNARY;
        return type;
    case X_RANDOM:
        put(w, "nn_uniform(%s, (uint64_t)%s)", bound(s, e->site, e->site->path)->text,
            operand(s, e->arg[0], C_PREC_UNARY, C_ANY));
        return C_REAL;
    case X_READ:
        if (e->guarded)
            for (int k = 0; k < e->n - 1; k++)
                if (!subscript_proved(e, k)) tests = print_test(&test, s, e->arg[k], e->tensor->dim[k], tests);
        if (tests) put(w, "%s ? ", test.text);
        if (moves_along(s, e->tensor, e->arg)) {
            put_text(w, "nn_load(&");
            print_place(w, s, e->tensor, e->arg);
            put_text(w, ")");
        } else print_place(w, s, e->tensor, e->arg);
        if (tests) put(w, " : %s", operand(s, e->arg[e->n - 1], C_PREC_SELECT, type));
        if (e->tensor->rank == 0 && bound(s, e->tensor, e->tensor->name)->pointer) *precedence = C_PREC_UNARY;
        if (tests) *precedence = C_PREC_SELECT;
        return type;
    case X_WHERE:
        put(w, "%s ? %s : %s", operand(s, e->arg[0], C_PREC_OR, C_ANY), operand(s, e->arg[1], C_PREC_OR, type),
            operand(s, e->arg[2], C_PREC_SELECT, type));
        *precedence = C_PREC_SELECT;
        return type;
    case X_OP:
        *precedence = c_precedence(e->op);
        if (s->lanes && (e->op == OP_AND || e->op == OP_OR) && is_plain(e)) {
            /* Both sides are always computed, which costs little: so a loop over lanes has no branch. Compilers warn of !a | b. */
            put(w, "%s %c %s", operand(s, e->arg[0], C_PREC_CALL, C_ANY), e->op == OP_AND ? '&' : '|',
                operand(s, e->arg[1], C_PREC_CALL, C_ANY));
            *precedence = C_PREC_SELECT;
            return own;
        }
        if (e->op == OP_STOP) return print_bare(w, s, e->arg[0], want, precedence);
        if (e->type == REAL) {
            real_operation(w, s, e, type);
        } else if (e->arg[0]->type == REAL) {       /* comparisons, floor ... of reals */
            CType of = common(s, e->arg, e->n);
            real_operation(w, s, e, of == C_ANY ? C_REAL : of);
        } else {
            integer_operation(w, s, e);
            if ((e->op == OP_FLOORDIV || e->op == OP_MOD) && plain_division(e)) *precedence = C_PREC_TERM;
        }
        return type;
    }
    return own;
}

void c_expr(Writer *w, Scope *s, const Expr *e, int precedence, CType want) {
    Writer bare = { 0 };
    int own;
    CType type = print_bare(&bare, s, e, want, &own);
    bool convert = (want == C_REAL && type == C_DOUBLE) || (want == C_DOUBLE && type == C_REAL)
                || ((want == C_INT || want == C_INT32) && type == C_LONG);
    if (convert) {
        put(w, precedence > C_PREC_UNARY ? "((%s)%s%s%s)" : "(%s)%s%s%s", c_type_name(want), own < C_PREC_UNARY ? "(" : "",
            bare.text, own < C_PREC_UNARY ? ")" : "");
        return;
    }
    put(w, own < precedence ? "(%s)" : "%s", bare.text);
}

/* ---- statements -------------------------------------------------------------------------------------------------- */
enum { LINE_WIDTH = 112 };

/* How good it is to break a line at the space in front of `at`: 0 is best, -1 is not possible. */
static int break_rank(const char *at) {
    static const char *const operators[][6] = {     /* loosest first */
        { "? ", ": " }, { "|| " }, { "&& " }, { "== ", "!= ", "<= ", ">= ", "< ", "> " }, { "+ ", "- " }, { "* ", "/ ", "% " }
    };
    if (at[-2] == ',') return 0;
    if (at[-2] == '=' && (at[-3] == ' ' || (strchr("+*", at[-3]) && at[-4] == ' '))) return 7;     /* behind an assignment */
    for (int rank = 0; rank < 6; rank++)
        for (int k = 0; k < 6 && operators[rank][k]; k++)
            if (*at == *operators[rank][k] && strncmp(at, operators[rank][k], strlen(operators[rank][k])) == 0) return rank;
    return -1;
}

/* Where to break a statement that is too long: as far out in the parentheses as possible, then behind a comma or at the
 * loosest operator, then as far right as possible. An assignment whose loosest operator lies beyond the width is broken
 * behind its sign. 0: nowhere. */
static size_t break_of(const char *line, size_t width) {
    enum { ASSIGNMENT = 7 };
    size_t best = 0, sign = 0;
    int depth = 0, best_score = 1 << 20;
    for (size_t k = 0; line[k]; k++) {
        depth += line[k] == '(' ? 1 : line[k] == '[' ? 3 : line[k] == ')' ? -1 : line[k] == ']' ? -3 : 0;
        if (line[k] != ' ' || k < 16) continue;
        int rank = break_rank(line + k + 1), score = 8 * depth + rank;
        if (rank < 0) continue;
        if (k >= width) {
            if (score < best_score && sign) return sign;
            continue;
        }
        if (score == ASSIGNMENT) sign = k;
        if (score <= best_score) best = k, best_score = score;
    }
    return best;
}

void put_line(Writer *w, int depth, const char *line) {
    int indent = 4 * depth;
    while (strlen(line) + (size_t)indent > LINE_WIDTH) {
        size_t at = break_of(line, (size_t)(LINE_WIDTH - indent));
        if (at == 0) break;
        put(w, "%*s%.*s\n", indent, "", (int)at, line);
        line += at + 1;
        indent = 4 * depth + 8;
    }
    put(w, "%*s%s\n", indent, "", line);
}

static bool assigned(const Nodes *nodes, const Tensor *t) {
    for (int k = 0; k < nodes->n; k++) {
        const Node *n = nodes->at[k];
        if ((n->kind == NODE_ASSIGN && n->tensor == t) || (n->kind == NODE_GEMM && n->gemm->c == t) || assigned(&n->body, t))
            return true;
    }
    return false;
}

/* Whether every value that the tree gives to a local fits into int; what only keeps its own value adds nothing. */
static bool value_is_small(const Scope *s, const Expr *e, const Tensor *t) {
    if (e->kind == X_WHERE) return value_is_small(s, e->arg[1], t) && value_is_small(s, e->arg[2], t);
    return (e->kind == X_READ && e->tensor == t) || e->type == BOOL || is_small(interval_magnitude(e));
}

static bool stays_small(const Scope *s, const Nodes *nodes, const Tensor *t) {
    for (int k = 0; k < nodes->n; k++) {
        const Node *n = nodes->at[k];
        if (n->tensor == t && n->value && (n->assign > ASSIGN_SET || !value_is_small(s, n->value, t))) return false;
        if (!stays_small(s, &n->body, t)) return false;
    }
    return true;
}

static CType local_type(const Scope *s, const Nodes *block, const Tensor *t) {
    if (t->type == REAL) return C_REAL;
    return t->type == BOOL || is_small(fmax(fabs((double)t->lo), fabs((double)t->hi))) || stays_small(s, block, t) ? C_INT : C_LONG;
}

/* With a value: what it holds from memory. */
static void print_vector_local(Writer *w, Scope *s, const Tensor *t, const Expr *value, bool zero, int depth) {
    const char *name = name_add(s->names, without_stem(s->stem, t->name));
    Writer dims = { 0 };
    put_text(&dims, "");
    for (int k = 0; k < t->rank; k++)
        if (s->pass && k + 1 == t->rank) put_text(&dims, "[NN_PASS / NN_LANES]");
        else put(&dims, "[%" PRId64 "]", t->dim[k].extent);
    Writer from = { 0 };
    if (value) print_place(&from, s, value->tensor, value->arg);
    scope_bind(s, t, name, C_REAL, false);
    if (value) put_line(w, depth, text("const nn_vec %s = nn_held(&%s);", name, from.text));
    else put_line(w, depth, text("nn_vec %s%s%s;", name, dims.text, zero ? " = {0}" : ""));
}

/* A local that is the sum of 16 lanes; first: the read of the first. */
static const char *lanes_text(Scope *s, const Expr *first) {
    Writer w = { 0 };
    print_place(&w, s, first->tensor, first->arg);
    return text("nn_sum_lanes(&%s)", w.text);
}

static void print_declare(Writer *w, Scope *s, const Node *n, const Nodes *block, int depth) {
    const Tensor *t = n->tensor;
    if (t->vector) {
        print_vector_local(w, s, t, n->value, n->zero, depth);
        return;
    }
    CType type = local_type(s, block, t);
    if (t->rank > 0 && type == C_INT) type = C_INT32;
    if (type == C_REAL && n->value && type_of(s, n->value) == C_DOUBLE) type = C_DOUBLE;    /* totals stay in double */
    const char *value = n->sums_lanes ? lanes_text(s, n->value) : n->value ? operand(s, n->value, C_PREC_SELECT, type) : NULL;
    const char *name = name_add(s->names, without_stem(s->stem, t->name));
    scope_bind(s, t, name, type, false);
    if (value) put_line(w, depth, text("%s%s %s = %s;", assigned(block, t) ? "" : "const ", c_type_name(type), name, value));
    else put_line(w, depth, text("%s %s%s%s;", c_type_name(type), name, c_dims(t, 0), n->zero ? t->rank ? " = {0}" : " = 0" : ""));
}

static void print_assign(Writer *w, Scope *s, const Node *n, int depth) {
    static const char *const sign[] = { "=", "+=", "*=" };
    CType type = bound(s, n->tensor, n->tensor->name)->type;
    Writer place = { 0 };
    print_place(&place, s, n->tensor, n->subs);
    bool narrow = type == C_INT32 || type == C_INT, real = n->tensor->type == REAL;
    if (n->tensor->vector && n->assign == ASSIGN_SET && n->value->kind == X_READ) {
        Writer from = { 0 };
        print_place(&from, s, n->value->tensor, n->value->arg);
        put_line(w, depth, text("%s = nn_held(&%s);", place.text, from.text));
        return;
    }
    if (moves_along(s, n->tensor, n->subs)) {
        const char *value = operand(s, n->value, C_PREC_TERM, type);
        if (n->assign == ASSIGN_ADD) value = text("nn_load(&%s) + %s", place.text, value);
        put_line(w, depth, text("nn_store(&%s, %s);", place.text, value));
        return;
    }
    if (n->assign == ASSIGN_MAX || n->assign == ASSIGN_MIN) {
        const char *function = text("nn_%s%s%s", real ? "" : "i", n->assign == ASSIGN_MAX ? "max" : "min",
                                    type == C_DOUBLE ? "_d" : "");
        put_line(w, depth, text("%s = %s%s(%s, %s);", place.text, narrow ? text("(%s)", c_type_name(type)) : "", function,
                                place.text, operand(s, n->value, C_PREC_SELECT, type)));
        return;
    }
    put_line(w, depth, text("%s %s %s;", place.text, sign[n->assign], operand(s, n->value, C_PREC_SELECT, type)));
}

static void print_ask(Writer *w, Scope *s, const Node *n, int depth) {
    Writer place = { 0 };
    print_place(&place, s, n->tensor, n->subs);
    put_line(w, depth, text("nn_ask(&%s);", place.text));
}

static const char *matrix(Scope *s, const Tensor *t, const Expr *offset) {
    Writer w = { 0 };
    const Binding *b = bound(s, t, t->name);
    put(&w, "%s%s", t->rank > 1 ? "&" : "", b->text);
    for (int k = 0; t->rank > 1 && k < t->rank; k++) put_text(&w, "[0]");
    if (offset->kind != X_INT || offset->integer != 0) put(&w, " + %s", operand(s, offset, C_PREC_TERM, C_ANY));
    return w.text;
}

static void print_gemm(Writer *w, Scope *s, const Gemm *g, int depth) {
    put_line(w, depth, text("/* %s %s %s%s * %s%s */", bound(s, g->c, g->c->name)->text, g->add ? "+=" : "=",
                            bound(s, g->a, g->a->name)->text, g->a_transposed ? "^T" : "", bound(s, g->b, g->b->name)->text,
                            g->b_transposed ? "^T" : ""));
    put_line(w, depth,
             text("GEMM(CblasRowMajor, %s, %s, %s, %s, %s, R(1), %s, %" PRId64 ", %s, %" PRId64 ", R(%d), %s, %" PRId64 ");",
                  g->a_transposed ? "CblasTrans" : "CblasNoTrans", g->b_transposed ? "CblasTrans" : "CblasNoTrans",
                  operand(s, g->m, C_PREC_SELECT, C_INT), operand(s, g->n, C_PREC_SELECT, C_INT),
                  operand(s, g->k, C_PREC_SELECT, C_INT), matrix(s, g->a, g->a_offset), g->lda, matrix(s, g->b, g->b_offset),
                  g->ldb, g->add, matrix(s, g->c, g->c_offset), g->ldc));
}

static bool runs_once(const Node *n) {
    return n->kind == NODE_LOOP && n->from->kind == X_INT && n->to->kind == X_INT && n->to->integer == n->from->integer + 1;
}

static bool is_single(const Nodes *body) {
    if (body->n != 1 || body->at[0]->kind == NODE_DECLARE || body->at[0]->kind == NODE_GEMM) return false;
    return runs_once(body->at[0]) ? is_single(&body->at[0]->body) : true;
}

/* What follows `for (..)` or `if (..)`: a single statement without braces, or a block; its names end with it. */
static void print_body(Writer *w, Scope *s, const char *head, const Nodes *body, bool braces, int depth) {
    bool bare = !braces && is_single(body);
    put_line(w, depth, bare ? head : text("%s {", head));
    int n_bound = s->bound.n;
    Names *outer = s->names;
    s->names = names_new(outer);
    c_tree(w, s, body, depth + 1);
    s->names = outer;
    s->bound.n = n_bound;
    if (!bare) put(w, "%*s}\n", 4 * depth, "");
}

/* The heads of loops over lanes in vectors and over registers; NULL: an ordinary loop. */
static const char *vector_head(const Node *n, const char *name) {
    switch (n->loop) {
    case LOOP_LANES: return text("for (int %s = 0; %s < 16; %s += NN_LANES)", name, name, name);
    case LOOP_PASS: return text("for (int %s = 0; %s < 16; %s += NN_PASS)", name, name, name);
    case LOOP_VECTOR: return text("NN_UNROLL for (int %s = 0; %s < NN_PASS; %s += NN_LANES)", name, name, name);
    case LOOP_REGISTER: return text("NN_UNROLL for (int %s = 0; %s < %" PRId64 "; %s++)", name, name, n->index->extent, name);
    default: return NULL;
    }
}

/* The place of a tensor's element where these indices are 0, and how far the next row along one of them is. */
static const char *square_at(Scope *s, const Tensor *t, const Expr *const *subs, const Index *const *index, const Index *row) {
    Writer place = { 0 };
    const Expr **zero = NEW_ARRAY(const Expr *, t->rank + 1);
    int64_t stride;
    for (int k = 0; k < t->rank; k++) zero[k] = at_zero(subs[k], index, 2);
    print_place(&place, s, t, zero);
    stride_of(position(t, subs), row, &stride);
    return text("&%s, %" PRId64, place.text, stride);
}

static void print_turn(Writer *w, Scope *s, const Node *n, int depth) {
    const Node *inner = n->body.at[0], *move = inner->body.at[0];
    const Index *const index[] = {n->index, inner->index};
    put_line(w, depth, text("nn_turn(%s, %s);", square_at(s, move->value->tensor, move->value->arg, index, n->index),
                            square_at(s, move->tensor, move->subs, index, inner->index)));
}

static void print_loop(Writer *w, Scope *s, const Node *n, int depth) {
    if (n->loop == LOOP_TURN) {
        print_turn(w, s, n, depth);
        return;
    }
    const Index *i = n->index;
    if (runs_once(n)) {                             /* its body, with the index as a constant */
        scope_bind(s, i, text("%" PRId64, n->from->integer), C_INT, false);
        c_tree(w, s, &n->body, depth);
        return;
    }
    CType type = is_small((double)i->extent) ? C_INT : C_LONG;
    Names *outer = s->names;
    s->names = names_new(outer);
    char *from = operand(s, n->from, C_PREC_SUM, type);
    char *to = operand(s, n->down ? Sub(n->to, Int(1)) : n->to, C_PREC_SUM, type);
    const char *name = name_add(s->names, i->count && strcmp(i->name, "n") == 0 ? "b" : i->name);   /* n is how many there are */
    scope_bind(s, i, name, type, false);
    const char *head = vector_head(n, name);
    bool vectors = n->loop == LOOP_LANES || n->loop == LOOP_VECTOR;
    if (vectors) s->vector = i;
    if (n->loop == LOOP_PASS) s->pass = true;
    bool lanes = s->lanes;
    s->lanes |= n->loop == LOOP_LANE;
    if (!head) head = n->down
        ? text("for (%s %s = %s; %s >= %s; %s--)", c_type_name(type), name, to, name, from, name)
        : text("for (%s %s = %s; %s < %s; %s++)", c_type_name(type), name, from, name, to, name);
    print_body(w, s, head, &n->body, false, depth);
    if (vectors) s->vector = NULL;
    if (n->loop == LOOP_PASS) s->pass = false;
    s->lanes = lanes;
    s->bound.n--;
    s->names = outer;
}

static void find_read(const Expr *e, void *any) {
    if (e->kind == X_READ && e->tensor->rank > 0) *(bool *)any = true;
}

/* Whether statement k runs where the one before it did not: both are `if`, on a condition of indices and its contrary, and that one
 * is no `else` itself. */
static bool is_other(const Nodes *block, int k) {
    if (k < 1 || is_other(block, k - 1) || k >= block->n || block->at[k]->kind != NODE_IF || block->at[k - 1]->kind != NODE_IF) return false;
    bool reads = false;
    visit_nodes(block->at[k]->value, find_read, &reads);
    return !reads && block->at[k]->value == Not(block->at[k - 1]->value);
}

void c_tree(Writer *w, Scope *s, const Nodes *body, int depth) {
    for (int k = 0; k < body->n; k++) {
        const Node *n = body->at[k];
        switch (n->kind) {
        case NODE_LOOP: print_loop(w, s, n, depth); break;
        case NODE_DECLARE: print_declare(w, s, n, body, depth); break;
        case NODE_ASSIGN: print_assign(w, s, n, depth); break;
        case NODE_ASK: print_ask(w, s, n, depth); break;
        case NODE_IF:
            if (is_other(body, k)) print_body(w, s, "else", &n->body, true, depth);
            else print_body(w, s, text("if (%s)", operand(s, n->value, C_PREC_LOOSEST, C_ANY)), &n->body, is_other(body, k + 1), depth);
            break;
        case NODE_GEMM: print_gemm(w, s, n->gemm, depth); break;
        }
    }
}
