/* Options: words of the command line to a CommandLine, and the help text, from one table.
 *
 *     -DT=16 -o net.c net.nn     ->     defines {"T=16"}, output "net.c", input "net.nn"
 *
 * A row says how an option is written, what follows it, and what it means; `set` stores it. */
#include "options.h"
#include "language/source.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

typedef struct Option {
    const char *name;           /* as written, without what follows */
    char value;                 /* ' ' none, '=' --name=VALUE or --name VALUE, '+' -nVALUE or -n VALUE, '?' may follow a `=` */
    const char *placeholder;
    bool (*set)(CommandLine *, const char *value);
    const char *meaning;
} Option;

static bool choose(const char *value, const char *option, const char *const *choices, int *chosen)
{
    for (*chosen = 0; choices[*chosen]; ++*chosen)
        if (!strcmp(value, choices[*chosen]))
            return true;
    fprintf(stderr, "nnc: error: %s is one of", option);
    for (int i = 0; choices[i]; i++)
        fprintf(stderr, "%s %s", i ? "," : "", choices[i]);
    fprintf(stderr, "; not `%s`\n", value);
    return false;
}

static bool is_name(const char *text, size_t length)
{
    if (!length || isdigit((unsigned char)text[0]))
        return false;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && text[i] != '_')
            return false;
    return true;
}

static bool refuse(const char *message, const char *value)
{
    fprintf(stderr, "nnc: error: %s: `%s`\n", message, value);
    return false;
}

static bool set_output(CommandLine *c, const char *v)  { c->output = v; return true; }
static bool set_header(CommandLine *c, const char *v)  { c->header = v; return true; }
static bool set_model(CommandLine *c, const char *v)   { c->model = v; return true; }
static bool set_emit(CommandLine *c, const char *v)    { c->emit = v; return true; }
static bool set_depend(CommandLine *c, const char *v)  { (void)v; return c->depend = true; }
static bool set_depend_too(CommandLine *c, const char *v) { (void)v; return c->depend_too = true; }
static bool set_phony(CommandLine *c, const char *v)   { (void)v; return c->phony = true; }
static bool set_depend_file(CommandLine *c, const char *v) { c->depend_file = v; return true; }
static bool set_target(CommandLine *c, const char *v)  { PUSH(c->targets, v); return true; }
static bool set_check(CommandLine *c, const char *v)   { (void)v; return c->check = true; }
static bool set_check_passes(CommandLine *c, const char *v) { (void)v; return c->check_passes = true; }
static bool set_time(CommandLine *c, const char *v)    { (void)v; return c->time = true; }
static bool set_trap(CommandLine *c, const char *v)    { (void)v; return c->trap = true; }
static bool set_profile(CommandLine *c, const char *v) { (void)v; return c->profile = true; }
static bool set_silent(CommandLine *c, const char *v)  { (void)v; return c->no_warnings = true; }

static bool set_prefix(CommandLine *c, const char *v)
{
    c->prefix = v;
    return is_name(v, strlen(v)) || refuse("a prefix is a name", v);
}

static bool set_define(CommandLine *c, const char *v)
{
    const char *equals = strchr(v, '=');
    if (!equals || !is_name(v, (size_t)(equals - v)))
        return refuse("-D wants NAME=VALUE", v);
    char *end;
    bool word = !strcmp(equals + 1, "true") || !strcmp(equals + 1, "false");
    if (!word && (isspace((unsigned char)equals[1]) || (strtod(equals + 1, &end), end == equals + 1 || *end)))
        return refuse("the value of -D is a number, true or false", v);
    PUSH(c->defines, v);
    return true;
}

static bool set_report(CommandLine *c, const char *v)
{
    c->report = true;
    c->report_json = v && !strcmp(v, "json");
    return !v || c->report_json || refuse("--report may be --report=json; not", v);
}

static bool set_kernels(CommandLine *c, const char *v)
{
    int chosen;
    bool good = choose(v, "--kernels", (const char *const[]){"fast", "plain", NULL}, &chosen);
    c->plain = chosen == 1;
    return good;
}

static bool set_blas(CommandLine *c, const char *v)
{
    int chosen;
    bool good = choose(v, "--blas", (const char *const[]){"auto", "never", NULL}, &chosen);
    c->blas = chosen == 0;
    return good;
}

static bool set_winograd(CommandLine *c, const char *v)
{
    int chosen;
    bool good = choose(v, "--winograd", (const char *const[]){"auto", "never", NULL}, &chosen);
    c->direct = chosen == 1;
    return good;
}

static bool set_color(CommandLine *c, const char *v)
{
    int chosen;
    bool good = choose(v, "--color", (const char *const[]){"auto", "always", "never", NULL}, &chosen);
    c->color = (Color)chosen;
    return good;
}

static bool set_warning(CommandLine *c, const char *v)
{
    if (!strcmp(v, "error") || !strcmp(v, "no-error")) {
        c->warnings_are_errors = v[0] == 'e';
        return true;
    }
    bool off = !strncmp(v, "no-", 3) && !warning_configure(v, true);
    if (warning_configure(off ? v + 3 : v, !off))
        return true;
    return refuse("there is no such warning", text("-W%s", v));
}

static const Option options[] = {
    {"-o",             '+', "FILE", set_output,       "the C file; `-` is standard output. Without it: the input's name with .c"},
    {"--header",       '=', "FILE", set_header,       "the header. Without it: the C file's name with .h"},
    {"--prefix",       '=', "NAME", set_prefix,       "what all names in the C file begin with; without it: the model's name"},
    {"--model",        '=', "NAME", set_model,        "the model to compile, where a file has several"},
    {"-D",             '+', "NAME=VALUE", set_define, "give a parameter of the model this value"},
    {"--kernels",      '=', "fast|plain", set_kernels, "plain: readable loops, always right"},
    {"--blas",         '=', "auto|never", set_blas,   "may large matrix products call a BLAS library?"},
    {"--winograd",     '=', "auto|never", set_winograd, "may windows of 3 by 3 be computed with fewer products, rounded otherwise?"},
    {"--trap",         ' ', NULL, set_trap,           "code that looks at all it computes, and stops at the first NaN"},
    {"--profile",      ' ', NULL, set_profile,        "code that measures each of its kernels"},
    {"--check",        ' ', NULL, set_check,          "look for errors only; write nothing"},
    {"--report",       '?', "json", set_report,       "print shapes, operations and bytes; writes files only if -o is given"},
    {"--emit",         '=', "PASS", set_emit,         "print the model as a pass leaves it, and stop"},
    {"--check-passes", ' ', NULL, set_check_passes,   "check the invariants of the program after each pass"},
    {"--time",         ' ', NULL, set_time,           "say how long each pass took"},
    {"-M",             ' ', NULL, set_depend,         "print a rule for make with all files that were read; write no C"},
    {"-MD",            ' ', NULL, set_depend_too,     "write that rule beside the C file, with .d, and the C file too"},
    {"-MF",            '+', "FILE", set_depend_file,  "where the rule goes"},
    {"-MT",            '+', "NAME", set_target,       "the target of the rule; without it: the C file and the header"},
    {"-MP",            ' ', NULL, set_phony,          "add an empty rule for each imported file"},
    {"-W",             '+', "NAME", set_warning,      "-Wno-NAME: a warning off; -WNAME: on; -Werror: warnings are errors"},
    {"-w",             ' ', NULL, set_silent,         "no warnings"},
    {"--color",        '=', "auto|always|never", set_color, "colors in messages"},
};
enum { OPTIONS = sizeof options / sizeof *options };

static void print_help(void (*print_passes)(FILE *to))
{
    int n;
    const WarningSwitch *warnings = warning_switches(&n);
    printf("nnc compiles a model written as mathematics to one C file that trains and runs it.\n\n"
           "    nnc [options] MODEL.nn                    writes MODEL.c and MODEL.h\n"
           "    nnc run MODEL.nn [options] -- ARGUMENTS   compiles, builds and starts the program\n\nOptions\n");
    for (int i = 0; i < OPTIONS; i++) {
        const Option *o = &options[i];
        const char *between = o->value == '=' ? "=" : o->value == '+' && !strchr("DW", o->name[1]) ? " " : "";
        const char *left = o->value == '?' ? text("%s[=%s]", o->name, o->placeholder)
                         : text("%s%s%s", o->name, between, o->placeholder ? o->placeholder : "");
        printf("    %-26s %s\n", left, o->meaning);
    }
    printf("    %-26s %s\n    %-26s %s\n\nPasses, in order (for --emit)\n", "--help", "this text", "--version", "the version");
    print_passes(stdout);
    printf("\nWarnings\n");
    for (int i = 0; i < n; i++)
        printf("    -W%-24s %s\n", warnings[i].name, warnings[i].meaning);
    printf("\nExit status\n"
           "    %d  all is well                   %d  the model has errors\n"
           "    %d  the command line is wrong     %d  a file could not be read or written\n"
           "    %d  the compiler is at fault, or the machine has no memory left\n\n"
           "`nnc run` uses $CC (cc), $CFLAGS, and keeps programs under $XDG_CACHE_HOME/nnc (~/.cache/nnc).\n",
           EXIT_GOOD, EXIT_MODEL, EXIT_USAGE, EXIT_FILE, EXIT_INTERNAL);
}

static int usage(const char *message)
{
    fprintf(stderr, "nnc: error: %s\n", message);
    fprintf(stderr, "nnc: `nnc --help` lists the options\n");
    return EXIT_USAGE;
}

/* Stores the option at argv[*i], and moves *i when its value is the next word. */
static int take_option(CommandLine *c, int argc, char **argv, int *i)
{
    const char *word = argv[*i];
    const Option *found = NULL;
    const char *value = NULL;
    for (int o = 0; o < OPTIONS; o++) {
        size_t length = strlen(options[o].name);
        if (strncmp(word, options[o].name, length) != 0)
            continue;
        const char *rest = word + length;
        bool exact = !*rest, joined = options[o].value == '+' && !exact;
        bool equals = (options[o].value == '=' || options[o].value == '?') && *rest == '=';
        if ((exact || joined || equals) && (!found || strlen(found->name) < length)) {
            found = &options[o];
            value = equals ? rest + 1 : joined ? rest : NULL;
        }
    }
    if (!found) {
        const char *names[OPTIONS];
        for (int o = 0; o < OPTIONS; o++)
            names[o] = options[o].name;
        const char *meant = closest_name(text("%.*s", (int)strcspn(word, "="), word), names, OPTIONS);
        return usage(meant ? text("there is no option `%s`; did you mean `%s`?", word, meant)
                           : text("there is no option `%s`", word));
    }
    if (!value && (found->value == '=' || found->value == '+')) {
        if (*i + 1 >= argc)
            return usage(text("%s wants a value: %s", found->name, found->placeholder));
        value = argv[++*i];
    }
    if (value && !*value)
        return usage(text("the value of %s is empty", found->name));
    return found->set(c, value) ? -1 : EXIT_USAGE;
}

/* Which options contradict each other, and what follows from the ones that were given. */
static int settle(CommandLine *c)
{
    if (!c->input)
        return usage("no model is given");
    if (c->run && (c->output || c->header || c->emit || c->depend || c->depend_too || c->check || c->report))
        return usage("`nnc run` writes nothing but the program: it takes no -o, --header, --emit, -M, --check, --report");
    if (c->profile && c->trap)
        return usage("--profile and --trap exclude each other: looking at all values is what would be measured");
    if (c->output && c->header && !strcmp(c->output, c->header))
        return usage("the C file and the header cannot be the same");
    if ((c->output && !strcmp(c->output, c->input) && strcmp(c->input, "-") != 0) || (c->header && !strcmp(c->header, c->input)))
        return usage("the output would replace the model");
    if (c->output && strlen(c->output) > 2 && !strcmp(c->output + strlen(c->output) - 2, ".h"))
        return usage("-o names the C file, and --header the header");
    if (c->depend_file && !c->depend && !c->depend_too)
        return usage("-MF wants -M or -MD beside it");
    if (c->report && (c->emit || (c->output && !strcmp(c->output, "-"))))
        return usage("--report prints to standard output, where something else goes already");
    if (c->check && (c->output || c->emit))
        return usage("--check writes nothing, so it takes no -o and no --emit");
    return -1;
}

int command_line(CommandLine *c, int argc, char **argv, void (*print_passes)(FILE *to))
{
    bool only_files = false;
    int i = 1;
    c->blas = false;
    if (argc > 1 && !strcmp(argv[1], "run")) {
        c->run = true;
        i = 2;
    }
    for (; i < argc; i++) {
        const char *word = argv[i];
        if (c->run && !strcmp(word, "--")) {
            i++;
            break;
        }
        if (only_files || word[0] != '-' || !strcmp(word, "-")) {
            if (c->input)
                return usage(text("one model at a time: there are `%s` and `%s`", c->input, word));
            c->input = word;
        } else if (!strcmp(word, "--")) {
            only_files = true;
        } else if (!strcmp(word, "--help") || !strcmp(word, "-h")) {
            print_help(print_passes);
            return fflush(stdout) ? EXIT_FILE : EXIT_GOOD;
        } else if (!strcmp(word, "--version")) {
            printf("nnc %s\n", NNC_VERSION);
            return fflush(stdout) ? EXIT_FILE : EXIT_GOOD;
        } else {
            int status = take_option(c, argc, argv, &i);
            if (status >= 0)
                return status;
        }
    }
    c->arguments = argv + i;
    for (char **word = c->arguments; c->run && *word; word++)
        c->profile |= !strcmp(*word, "--profile");      /* the program can do it only if it is compiled so */
    return settle(c);
}
