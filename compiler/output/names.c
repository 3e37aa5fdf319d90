/* Names: C identifiers that are the model's own wherever C lets them be.
 *
 * A scope knows what is taken in it and around it. `name_add` gives the wanted name, or the wanted name with `_` or a
 * number behind it:
 *
 *     int -> int_    unix -> unix_    nn_exp -> model_nn_exp    m' -> m_next    x -> x, then x_2, x_3
 *
 * Struct members and functions must be good in C++ too, so its words are avoided everywhere. Names at file scope all
 * begin with the module's prefix, and nothing in a function begins with it; so a function never hides what it calls. */
#include "parts.h"
#include <ctype.h>
#include <string.h>

/* Words of C and C++, and macros that headers or compilers define in lower case. */
static const char *const words[] = {
    "alignas", "alignof", "and", "and_eq", "asm", "auto", "bitand", "bitor", "bool", "break", "case", "catch", "char",
    "char16_t", "char32_t", "char8_t", "class", "co_await", "co_return", "co_yield", "compl", "concept", "const",
    "const_cast", "consteval", "constexpr", "constinit", "continue", "decltype", "default", "delete", "do", "double",
    "dynamic_cast", "else", "enum", "explicit", "export", "extern", "false", "far", "float", "for", "friend", "goto", "i386",
    "if", "inline", "int", "linux", "long", "mutable", "namespace", "near", "new", "noexcept", "not", "not_eq", "nullptr",
    "operator", "or", "or_eq", "private", "protected", "public", "register", "reinterpret_cast", "requires", "restrict",
    "return", "short", "signed", "sizeof", "small", "static", "static_assert", "static_cast", "struct", "switch", "template",
    "this", "thread_local", "throw", "true", "try", "typedef", "typeid", "typename", "typeof", "union", "unix", "unsigned",
    "using", "virtual", "void", "volatile", "wchar_t", "while", "xor", "xor_eq",
    "real", "size_t", "ptrdiff_t", "int8_t", "int16_t", "int32_t", "int64_t", "uint8_t", "uint16_t", "uint32_t", "uint64_t",
    "offsetof", "memset", "main", "math_errhandling", "signbit", "isnan", "isinf", "isfinite", "isnormal", "fpclassify",
    "R", "NAN", "INFINITY", "NULL", "HUGE_VAL", "HUGE_VALF", "HUGE_VALL", "HUGE", "MAXFLOAT", "DOMAIN", "SING", "OVERFLOW",
    "UNDERFLOW", "PLOSS", "TLOSS", "X_TLOSS", "EOF", "GEMM", "REAL", "nn"
};
/* Families of macros of the headers that a generated file includes, and of the runtime. */
static const char *const families[] = {
    "nn_", "NN_", "cblas_", "Cblas", "CBLAS_", "M_", "FP_", "MATH_", "INT8_", "INT16_", "INT32_", "INT64_", "INT_",
    "INTMAX_", "INTPTR_", "UINT8_", "UINT16_", "UINT32_", "UINT64_", "UINT_", "UINTMAX_", "UINTPTR_", "SIZE_", "PTRDIFF_",
    "WCHAR_", "WINT_", "SIG_ATOMIC_"
};

static bool is_word(const char *name) {
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (*name == *words[k] && strcmp(name, words[k]) == 0) return true;
    return false;
}

static bool in_family(const char *name) {
    for (size_t k = 0; k < sizeof families / sizeof *families; k++)
        if (*name == *families[k] && strncmp(name, families[k], strlen(families[k])) == 0) return true;
    return false;
}

const char *name_safe(const char *wanted) {
    Writer w = { 0 };
    /* Names that begin with _ belong to the compiler, and those with __ anywhere to C++. */
    if (!isalpha((unsigned char)*wanted)) put_text(&w, "x");
    for (const char *c = wanted; *c; c++) {
        bool keep = isalnum((unsigned char)*c) && (unsigned char)*c < 128;
        if (*c == '\'') put_text(&w, "_next");
        else if (keep) put_bytes(&w, c, 1);
        else if (w.length == 0 || w.text[w.length - 1] != '_') put_text(&w, "_");
    }
    if (is_word(w.text)) put_text(&w, "_");
    return name_of(in_family(w.text) ? text("model_%s", w.text) : w.text);
}

const char *name_upper(const char *name) {
    char *copy = text("%s", name);
    for (char *c = copy; *c; c++) *c = (char)toupper((unsigned char)*c);
    return copy;
}

Names *names_new(const Names *outer) {
    Names *names = NEW(Names);
    names->outer = outer;
    return names;
}

bool name_taken(const Names *names, const char *name) {
    for (name = name_of(name); names; names = names->outer)
        if (map_get(&names->taken, name)) return true;
    return false;
}

/* The number to try first when the name is wanted again: those below are taken, and stay so. */
static void take(Names *names, const char *name, int next) { map_put(&names->taken, name, (void *)(intptr_t)next); }

void name_take(Names *names, const char *name) { take(names, name_of(name), 2); }

const char *name_add(Names *names, const char *wanted) {
    const char *base = name_safe(wanted), *name = base;
    size_t length = strlen(base);
    const char *joint = length && base[length - 1] == '_' ? "" : "_";
    int next = (int)(intptr_t)map_get(&names->taken, base);
    if (!next) next = 2;
    while (name_taken(names, name)) name = name_of(text("%s%s%d", base, joint, next++));
    name_take(names, name);
    take(names, base, next);
    return name;
}

Names *names_of_module(const Module *m, const Layout *l) {
    static const char *const functions[] = {
        "init", "gradients", "update", "step", "evaluate", "reset", "metrics", "rates", "predict", "predict_one", "model", "accepts",
        "accepts_inputs", "traps", "profile", "spent", "spent_of", "source"
    };
    static const char *const tables[] = {
        "lengths", "inputs", "outputs", "params", "grads", "averages", "states", "totals", "hypers", "metrics", "rates", "settings"
    };
    Names *names = names_new(NULL);
    name_take(names, m->prefix);
    name_take(names, text("%s_BATCH", name_upper(m->prefix)));
    for (int k = 0; k < m->model->lengths.n; k++) name_take(names, most_of(m, m->model->lengths.at[k]));
    for (size_t k = 0; k < sizeof functions / sizeof *functions; k++) name_take(names, text("%s_%s", m->prefix, functions[k]));
    for (size_t k = 0; k < sizeof tables / sizeof *tables; k++) name_take(names, text("%s_%s_table", m->prefix, tables[k]));
    for (Entry e = 0; e < ENTRY_COUNT; e++) name_take(names, text("%s_table_%s", m->prefix, entry_name[e]));
    name_take(names, text("%s_table_reset", m->prefix));
    for (Entry e = 0; e < ENTRY_COUNT; e++)
        if (m->schedule[e] && m->schedule[e]->parallel) {
            name_take(names, text("%s_%s_call", m->prefix, entry_name[e]));
            name_take(names, text("%s_%s_share", m->prefix, entry_name[e]));
        }
    if (m->model->survey) {
        name_take(names, text("%s_survey", m->prefix));
        name_take(names, text("%s_surveyed", m->prefix));
        name_take(names, text("%s_SURVEYS", name_upper(m->prefix)));
    }
    if (m->model->begin) name_take(names, text("%s_begin", m->prefix));
    if (m->model->average_program) name_take(names, text("%s_average", m->prefix));
    if (m->model->epoch_program) name_take(names, text("%s_epoch", m->prefix));
    for (int k = 0; k < STRUCT_INSTANCE; k++) name_take(names, struct_name(m, l, (StructKind)k));
    return names;
}
