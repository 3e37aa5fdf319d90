/* nnc: the command. `passes` is the table of contents of the compiler: it gives the order of the run, the names of
 * --emit, the lines of --time and the list in the help text.
 *
 *     text -> trees -> programs of equations -> the same, simplified -> loops -> C
 *
 * A pass reports its errors and runs on; the driver prints them when the pass ends, and stops if there was one. Nothing
 * is written before the last pass is through. */
#include "elaborate/elaborate.h"
#include "language/files.h"
#include "options.h"
#include "output/output.h"
#include "run.h"
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

typedef struct Compilation {
    const CommandLine *command;
    Files files;
    Model *model;
    Module *module;
    bool unreadable;                    /* a file could not be read */
} Compilation;

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* ---- the passes ---- */

static void pass_parse(Compilation *c)
{
    c->unreadable = !files_load(&c->files, c->command->input);
}

static void print_trees(Writer *w, const Compilation *c)
{
    for (int i = c->files.library; i < c->files.trees.n; i++)
        tree_print(w, c->files.trees.at[i]);
}

static void pass_elaborate(Compilation *c)
{
    const CommandLine *command = c->command;
    Define *defines = NEW_ARRAY(Define, command->defines.n);
    for (int i = 0; i < command->defines.n; i++) {
        const char *define = command->defines.at[i], *equals = strchr(define, '=');
        const char *value = equals + 1;
        defines[i].name = intern(define, (size_t)(equals - define));
        defines[i].value = !strcmp(value, "true") ? 1 : !strcmp(value, "false") ? 0 : strtod(value, NULL);
    }
    const char *name = command->model ? name_of(command->model) : NULL;
    c->model = elaborate(c->files.trees.at, c->files.trees.n, name, defines, command->defines.n);
}

static void print_programs(Writer *w, const Compilation *c)
{
    for (Entry e = 0; e < ENTRY_COUNT; e++) {
        const Program *program = entry_program(c->model, e);
        if (!program)
            continue;
        put(w, "# %s\n", program->name);
        program_print(w, program);
        put_text(w, "\n");
    }
}

static void pass_simplify(Compilation *c)
{
    for (Entry e = 0; e < ENTRY_COUNT; e++) {
        Program *program = (Program *)entry_program(c->model, e);
        if (!program)
            continue;
        simplify(program);
        program_order(program);
    }
}

static void print_gradient(Writer *w, const Compilation *c)
{
    if (c->model->gradients)
        model_print(w, c->model, c->model->gradients, text("%s_gradients", c->model->name));
}

static void print_graph(Writer *w, const Compilation *c)
{
    if (c->model->gradients)
        graph_print(w, c->model->gradients);
}

static void pass_schedule(Compilation *c)
{
    const CommandLine *command = c->command;
    Options options = {command->plain, command->blas, command->direct, command->trap, 0};
    const ModuleOptions names = {command->prefix, command->header, command->trap, command->profile};
    c->module = module_new(c->model, &names);
    Schedule *all[ENTRY_COUNT];
    int n = 0;
    for (Entry e = 0; e < ENTRY_COUNT; e++) {
        const Program *program = entry_program(c->model, e);
        /* Plain code is for any compiler, code with traps looks at one kernel after the other, and some are rarely called. */
        bool rare = e == ENTRY_INIT || e == ENTRY_METRICS || e == ENTRY_RATES || e == ENTRY_EPOCH || e == ENTRY_BEGIN || e == ENTRY_SURVEYED;
        options.share_from = command->plain || command->trap || rare ? 0 : SHARE_FROM;
        if (program)
            c->module->schedule[e] = all[n++] = schedule(program, &options);
    }
    share_kernels(all, n);
}

static void print_kernels(Writer *w, const Compilation *c)
{
    for (Entry e = 0; e < ENTRY_COUNT; e++)
        if (c->module->schedule[e])
            kernels_print(w, c->module->schedule[e]);
}

static void print_code(Writer *w, const Compilation *c)   { module_print(w, c->module); }
static void print_header(Writer *w, const Compilation *c) { header_print(w, c->module); }
static void print_api(Writer *w, const Compilation *c)    { api_print(w, c->module); }

typedef struct Pass {
    const char *name;                   /* of --emit */
    void (*run)(Compilation *c);        /* NULL: a row that only prints what the pass above left */
    void (*print)(Writer *w, const Compilation *c);
    const char *meaning;
} Pass;

static const Pass passes[] = {
    {"tree",      pass_parse,     print_trees,    "read the files: syntax trees"},
    {"equations", pass_elaborate, print_programs, "inline definitions, differentiate: a program for each entry point"},
    {"gradient",  pass_simplify,  print_gradient, "simplify; what training computes, as a model that compiles again"},
    {"dot",       NULL,           print_graph,    "the same as a graph for Graphviz"},
    {"kernels",   pass_schedule,  print_kernels,  "fuse, choose loops, place buffers: loop trees"},
    {"c",         NULL,           print_code,     "the C file"},
    {"header",    NULL,           print_header,   "its header"},
    {"api",       NULL,           print_api,      "its functions, structs and arrays as JSON"},
};
enum { PASSES = sizeof passes / sizeof *passes };

static void list_passes(FILE *to)
{
    for (int i = 0; i < PASSES; i++)
        fprintf(to, "    %-26s %s\n", passes[i].name, passes[i].meaning);
}

static bool checked(const Compilation *c, const char *pass)
{
    bool good = true;
    for (Entry e = 0; c->model && e < ENTRY_COUNT; e++) {
        const Program *program = entry_program(c->model, e);
        if (program && !program_check(program, pass))
            good = false;
    }
    return good;
}

static double milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

/* Runs the passes up to and including `last`. The status to exit with, or EXIT_GOOD. */
static int run_passes(Compilation *c, int last)
{
    for (int i = 0; i <= last; i++) {
        if (!passes[i].run)
            continue;
        double start = milliseconds();
        passes[i].run(c);
        if (c->command->time)
            fprintf(stderr, "%-10s %9.2f ms\n", passes[i].name, milliseconds() - start);
        diagnostics_print(stderr);
        if (c->unreadable)
            return EXIT_FILE;
        if (error_count())
            return EXIT_MODEL;
        if (c->command->check_passes && !checked(c, passes[i].name))
            return EXIT_INTERNAL;
    }
    return EXIT_GOOD;
}

/* ---- results ---- */

static const char *with_ending(const char *path, const char *old, const char *new)
{
    size_t length = strlen(path), tail = strlen(old);
    if (length > tail && !strcmp(path + length - tail, old))
        length -= tail;
    return text("%.*s%s", (int)length, path, new);
}

/* The names of the C file and of the header, where the command line leaves them open. */
static void settle_names(CommandLine *command)
{
    bool standard = !strcmp(command->input, "-");
    if (!command->output)
        command->output = standard ? "-" : with_ending(base_name(command->input), ".nn", ".c");
    if (!command->header && strcmp(command->output, "-") != 0)
        command->header = with_ending(command->output, ".c", ".h");
}

static void put_escaped(Writer *w, const char *path)    /* as make reads names */
{
    for (; *path; path++)
        put(w, *path == '$' ? "$%c" : *path == ' ' || *path == '#' ? "\\%c" : "%c", *path);
}

/* The rule for make, in the form that gcc gives it. */
static Parcel dependency_rule(const Compilation *c)
{
    const CommandLine *command = c->command;
    Writer w = {0};
    for (int i = 0; i < command->targets.n; i++)
        put(&w, "%s%s", i ? " " : "", command->targets.at[i]);
    if (!command->targets.n) {
        put_escaped(&w, command->output);
        if (command->header) {
            put_text(&w, " ");
            put_escaped(&w, command->header);
        }
    }
    put_text(&w, ":");
    for (int i = c->files.library; i < c->files.sources.n; i++) {
        put_text(&w, i == c->files.library ? " " : " \\\n ");
        put_escaped(&w, c->files.sources.at[i]->name);
    }
    put_text(&w, "\n");
    for (int i = c->files.library + 1; command->phony && i < c->files.sources.n; i++) {
        put_text(&w, "\n");
        put_escaped(&w, c->files.sources.at[i]->name);
        put_text(&w, ":\n");
    }
    const char *path = command->depend_file ? command->depend_file
                     : command->depend ? "-" : with_ending(command->output, ".c", ".d");
    return (Parcel){path, w.text, w.length};
}

static Parcel printed(const Compilation *c, const char *path, void (*print)(Writer *, const Compilation *))
{
    Writer w = {0};
    put_text(&w, "");
    print(&w, c);
    return (Parcel){path, w.text, w.length};
}

static void print_report(Writer *w, const Compilation *c)
{
    (c->command->report_json ? report_json_print : report_print)(w, c->module);
}

static bool calls_blas(const Nodes *nodes)
{
    for (int i = 0; i < nodes->n; i++)
        if (nodes->at[i]->kind == NODE_GEMM || calls_blas(&nodes->at[i]->body))
            return true;
    return false;
}

static int build_and_run(const Compilation *c)
{
    const char *name = c->model->name;
    Build build = {name, printed(c, text("%s.c", name), print_code), printed(c, text("%s.h", name), print_header), false};
    for (Entry e = 0; e < ENTRY_COUNT; e++)
        for (int k = 0; c->module->schedule[e] && k < c->module->schedule[e]->kernels.n; k++)
            build.blas |= calls_blas(&c->module->schedule[e]->kernels.at[k]->body);
    return run_program(&build, c->command->arguments);
}

static int compile(CommandLine *command, int last)
{
    Compilation c = {.command = command};
    Parcel parcels[4];
    int n = 0;
    const char *asked = command->output;
    if (!command->run)
        settle_names(command);
    int status = run_passes(&c, command->depend ? 0 : last);
    if (status != EXIT_GOOD)
        return status;
    if (command->run)
        return build_and_run(&c);
    if (command->depend || command->depend_too)
        parcels[n++] = dependency_rule(&c);
    if (!command->depend && command->emit)
        parcels[n++] = printed(&c, asked ? asked : "-", passes[last].print);
    else if (!command->depend && !command->check && (asked || !command->report)) {
        if (command->header)
            parcels[n++] = printed(&c, command->header, print_header);
        parcels[n++] = printed(&c, command->output, print_code);
    }
    if (!command->depend && command->report)
        parcels[n++] = printed(&c, "-", print_report);
    return deliver(parcels, n) ? EXIT_GOOD : EXIT_FILE;
}

/* Definitions inside definitions are walked by recursion: give the stack what the system allows, within reason. */
static void widen_stack(void)
{
    const rlim_t wanted = (rlim_t)100 << 20;
    struct rlimit limit;
    if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = limit.rlim_max == RLIM_INFINITY || limit.rlim_max > wanted ? wanted : limit.rlim_max;
    setrlimit(RLIMIT_STACK, &limit);
}

static bool colored(Color color)
{
    const char *terminal = getenv("TERM"), *none = getenv("NO_COLOR");
    if (color != COLOR_AUTO)
        return color == COLOR_ALWAYS;
    return isatty(STDERR_FILENO) && terminal && strcmp(terminal, "dumb") != 0 && !(none && *none);
}

/* The row of --emit=NAME; the last one without it; -1: there is no such pass, which was said. */
static int last_pass(const char *emit)
{
    const char *names[PASSES];
    for (int i = 0; i < PASSES; i++) {
        names[i] = passes[i].name;
        if (emit && !strcmp(emit, names[i]))
            return i;
    }
    if (!emit)
        return PASSES - 1;
    const char *meant = closest_name(emit, names, PASSES);
    fprintf(stderr, "nnc: error: there is no pass `%s`%s\n", emit, meant ? text("; did you mean `%s`?", meant) : "");
    return -1;
}

int main(int argc, char **argv)
{
    CommandLine command = {0};
    widen_stack();
    int status = command_line(&command, argc, argv, list_passes);
    if (status < 0) {
        int last = last_pass(command.emit);
        if (command.no_warnings)
            warning_configure("all", false);
        diagnostics_configure(colored(command.color), command.warnings_are_errors);
        status = last < 0 ? EXIT_USAGE : compile(&command, last);
    }
    memory_release();
    return status;
}
