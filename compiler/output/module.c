/* The C file of a model: banner, includes, kernels, entry points, table.
 *
 * Nothing in it depends on the machine, the day, the directory or the order of addresses: the same model and options give
 * the same bytes. What the file includes is what its text uses. */
#include "parts.h"
#include <inttypes.h>
#include <string.h>

/* What the headers declare that a generated file includes; those of math.h also end in f or l. */
static const char *const header_functions[] = {
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "canonicalize", "cbrt", "ceil", "copysign", "cos", "cosh", "drem",
    "erf", "erfc", "exp", "exp10", "exp2", "expm1", "fabs", "fadd", "fdim", "fdiv", "finite", "floor", "fma", "fmax", "fmaxmag",
    "fmin", "fminmag", "fmod", "fmul", "frexp", "fromfp", "fromfpx", "fsqrt", "fsub", "gamma", "getpayload", "hypot", "ilogb",
    "ldexp", "lgamma", "llogb", "llrint", "llround", "log", "log10", "log1p", "log2", "logb", "lrint", "lround", "modf", "nan",
    "nearbyint", "nextafter", "nextdown", "nexttoward", "nextup", "pow", "pow10", "remainder", "remquo", "rint", "round",
    "roundeven", "scalb", "scalbln", "scalbn", "setpayload", "signgam", "significand", "sin", "sincos", "sinh", "sqrt", "tan",
    "tanh", "tgamma", "totalorder", "trunc", "ufromfp", "ufromfpx",
    "basename", "bcmp", "bcopy", "bzero", "explicit_bzero", "ffs", "ffsl", "ffsll", "index", "memccpy", "memchr", "memcmp",
    "memcpy", "memfrob", "memmem", "memmove", "mempcpy", "memrchr", "memset", "rawmemchr", "rindex", "stpcpy", "stpncpy",
    "strcasecmp", "strcasestr", "strcat", "strchr", "strchrnul", "strcmp", "strcoll", "strcpy", "strcspn", "strdup", "strerror",
    "strerror_r", "strfry", "strlen", "strncasecmp", "strncat", "strncmp", "strncpy", "strndup", "strnlen", "strpbrk", "strrchr",
    "strsep", "strsignal", "strspn", "strstr", "strtok", "strtok_r", "strverscmp", "strxfrm"
};

static bool is_header_function(const char *name) {
    size_t length = strlen(name);
    bool suffixed = length > 3 && (name[length - 1] == 'f' || name[length - 1] == 'l');
    for (size_t k = 0; k < sizeof header_functions / sizeof *header_functions; k++) {
        const char *known = header_functions[k];
        if (!strcmp(name, known) || (suffixed && strlen(known) == length - 1 && !strncmp(name, known, length - 1))) return true;
    }
    return false;
}

/* Every name of the module is the prefix, `_` and something; so a prefix never ends with `_` itself. It is also the name of
 * a type, so it is none of the names that entry points and the runtime's headers give to their arguments and locals. */
static const char *prefix_of(const char *wanted) {
    static const char *const taken[] = {
        "arena", "big", "change", "counter", "counts", "error", "half", "hash", "inputs", "inside", "instance", "key", "lengths", "loss", "lost",
        "memory", "negative", "odd", "of_step", "outputs", "path", "polynomials", "power", "rest", "result", "seed", "shifted",
        "sign", "site", "size", "step", "values", "whole", "whole_shifted", "word", "work"
    };
    const char *safe = name_safe(wanted);
    size_t length = strlen(safe);
    while (length > 0 && safe[length - 1] == '_') length--;
    bool clash = length < 3 || length < strlen(safe);
    clash = clash || is_header_function(safe);
    for (size_t k = 0; k < sizeof taken / sizeof *taken; k++) clash = clash || !strcmp(safe, taken[k]);
    return clash ? text("model_%.*s", (int)length, safe) : safe;
}

Module *module_new(const Model *model, const ModuleOptions *options) {
    Module *m = NEW(Module);
    m->model = model;
    m->prefix = prefix_of(options && options->prefix ? options->prefix : model->name);
    m->header = options && options->header ? base_name(options->header) : text("%s.h", model->name);
    m->trap = options && options->trap;
    m->profile = options && options->profile;
    m->file = model->span.source ? base_name(model->span.source->name) : text("%s.nn", model->name);
    return m;
}

/* 61706 as 61 706: numbers of a banner are read by people. */
static const char *grouped(int64_t n) {
    char *digits = text("%" PRId64, n);
    Writer w = { 0 };
    size_t length = strlen(digits);
    for (size_t k = 0; k < length; k++) put(&w, "%s%c", k && (length - k) % 3 == 0 ? " " : "", digits[k]);
    return w.text;
}

static void print_source_lines(Writer *w, const Module *m) {
    const Source *source = m->model->span.source;
    if (!source) return;
    const char *at = source->text, *end = at + source->length;
    for (int line = 1; at < end; line++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((stop ? stop : end) - at);
        while (length && (at[length - 1] == ' ' || at[length - 1] == '\r')) length--;
        if (length) put_comment(w, text(" * %4d  ", line), text("%.*s", (int)length, at), "");
        else put(w, " * %4d\n", line);
        if (!stop) break;
        at = stop + 1;
    }
    put_text(w, " *\n");
}

static void print_parameters(Writer *w, const Module *m, const Layout *l) {
    const Struct *params = &l->of[STRUCT_PARAMS];
    int64_t total = 0;
    int width = 10;
    for (int k = 0; k < params->members.n; k++)
        if ((int)strlen(params->members.at[k].name) > width) width = (int)strlen(params->members.at[k].name);
    for (int k = 0; k < params->members.n; k++) {
        const Member *p = &params->members.at[k];
        int line = origin_line(m, p->tensor->origin);
        put(w, " *     %-*s  %-20s %12s%s\n", width, p->name, c_dims(p->tensor, 0), grouped(member_count(p)),
            line ? text("    line %d", line) : "");
        total += member_count(p);
    }
    if (params->members.n) put(w, " *     %-*s  %-20s %12s\n *\n", width, "parameters", "", grouped(total));
}

static void print_memory(Writer *w, const Module *m, const Layout *l) {
    enum { AVERAGES = 2 };
    static const struct { StructKind kind; const char *what; } parts[] = {
        { STRUCT_PARAMS, "parameters" }, { STRUCT_PARAMS, "gradients" }, { STRUCT_PARAMS, "averages" }, { STRUCT_STATE, "state" },
        { STRUCT_OPTIMIZER, "optimizer" }, { STRUCT_WATCH, "watched values" }, { STRUCT_WORK, "workspace" }
    };
    put(w, " * Memory of one instance, `%s`, for batches of up to %" PRId64 ": %s bytes.\n", m->prefix, m->model->batch,
        grouped(struct_size(l, STRUCT_INSTANCE, 4)));
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
        if (l->of[parts[k].kind].members.n && (k != AVERAGES || m->model->averages.n))
            put(w, " *     %-16s %14s\n", parts[k].what, grouped(struct_size(l, parts[k].kind, 4)));
    if (m->model->predict)
        put(w, " * To predict: the parameters%s and a workspace of %s bytes.\n",
            l->of[STRUCT_STATE].members.n ? ", the state" : "", grouped(struct_size(l, STRUCT_PREDICT_WORK, 4)));
}

static void print_banner(Writer *w, const Module *m, const Layout *l, const char *code) {
    put_text(w, "/* SPDX-License-Identifier: 0BSD */\n");
    put_comment(w, "/* ", text("The model `%s`, compiled from %s by nnc.", m->model->name, m->file), "");
    put_text(w, " * This file is your own, without conditions.\n");
    put_text(w, " *\n");
    print_source_lines(w, m);
    print_parameters(w, m, l);
    print_memory(w, m, l);
    put_text(w, " *\n");
    put_text(w, " * Compile with -O2 -march=native and the directory of nn.h. With -DNN_DOUBLE all numbers are double.\n");
    if (strstr(code, "GEMM(")) put_text(w, " * Large matrix products are calls of BLAS: link with -lopenblas.\n");
    put_text(w, " * Equations above the functions are per sample. d_x is the gradient of x, w' the next value of w.");
    if (strstr(code, "[lane]"))
        put_text(w, "\n * Where samples stand in blocks of 16, sample 16*block + lane is at [block] .. [lane].");
    put_text(w, " */\n");
}

/* Of the runtime's names, those that nn_math.h does not declare. */
static const char *const other_names[] = { "real", "key", "uniform", "range", "thread", "whole", "mine", "wait", "on_team", "profile_lap",
                                           "profile_clock", "profile_row", "profile_spent", "profile_peak",
                                           "vec", "load", "held", "ask", "store", "turn", "sum_lanes" };

static bool uses_mathematics(const char *code) {
    for (const char *at = code; (at = strstr(at, "nn_")); at += 3) {
        size_t length = strspn(at + 3, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
        bool other = false;
        for (size_t k = 0; k < sizeof other_names / sizeof *other_names; k++)
            other = other || (strlen(other_names[k]) == length && strncmp(at + 3, other_names[k], length) == 0);
        if (!other) return true;
    }
    return false;
}

static void print_includes(Writer *w, const Module *m, const char *code) {
    /* These first: names of the model's types are no trouble there. */
    if (m->profile) put_text(w, "#include <nn_profile.h>\n");
    if (m->trap) put_text(w, "#include <nn_trap.h>\n");
    if (strstr(code, "nn_range") || strstr(code, "nn_thread")) put_text(w, "#include <nn_team.h>\n");
    put(w, "#include \"%s\"\n", m->header);
    if (strstr(code, "NAN") || strstr(code, "INFINITY")) put_text(w, "#include <math.h>\n");
    put_text(w, "#include <string.h>\n");
    if (strstr(code, "GEMM(")) put_text(w, "#include <cblas.h>\n");
    put_text(w, "\n/* a*b + c may be rounded once, also where strict standard modes would not allow it. -O2 makes vector code of what it\n"
                " * can, not only where the numbers of turns are known. */\n"
                "#if defined __clang__\n#pragma STDC FP_CONTRACT ON\n"
                "#elif defined __GNUC__\n"
                "#pragma GCC optimize (\"no-trapping-math\", \"tree-vectorize\", \"vect-cost-model=dynamic\")\n"
                "#ifdef __STRICT_ANSI__\n#pragma GCC optimize (\"fp-contract=fast\")\n#endif\n"
                "#endif\n\n");
    if (uses_mathematics(code)) put_text(w, "#include <nn_math.h>\n");
    if (strstr(code, "nn_key(")) put_text(w, "#include <nn_random.h>\n");
    if (strstr(code, "nn_vec ") || strstr(code, "nn_turn(")) put_text(w, "#include <nn_vector.h>\n");
    put_text(w, "\ntypedef nn_real real;            /* float, or double with -DNN_DOUBLE */\n");
    if (strstr(code, "R(")) put_text(w, "#define R(x) ((real)(x))         /* a constant in that type */\n");
    if (strstr(code, "GEMM(")) put_text(w, "#ifdef NN_DOUBLE\n#define GEMM cblas_dgemm\n#else\n#define GEMM cblas_sgemm\n#endif\n");
    put_text(w, "\n");
}

void module_print(Writer *w, const Module *m) {
    Layout *l = layout_new(m);
    Names *file_scope = names_of_module(m, l);
    Functions *functions = functions_new(m, file_scope);
    Writer code = { 0 };
    put_text(&code, "");
    functions_print(&code, m, functions, file_scope);
    section_print(&code, "entry points");
    put_text(&code, "\n");
    Traps *traps = m->trap ? traps_new(m) : NULL;
    Writer entries = { 0 };
    Profile *profile = m->profile ? profile_new(m) : NULL;
    entries_print(&entries, m, l, functions, file_scope, traps, profile);
    if (profile) profile_print(&code, profile);
    if (traps) traps_print(&code, traps);
    put_text(&code, entries.text);
    print_banner(w, m, l, code.text);
    print_includes(w, m, code.text);
    put_text(w, code.text);
    section_print(w, "the model as a table");
    put_text(w, "\n");
    table_print(w, m, l, traps ? traps->rows.n : 0, profile ? profile->rows.n : 0);
}
