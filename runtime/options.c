/* options.c: from words to options. One table gives the parsing, the help and the guesses at misspelt words.
 *
 *     lenet train --epochs 5 --lr 0.01 --train image=images.gz --save lenet.safetensors
 *
 * Values follow as the next word or after '='. Each hyper-parameter of the model is an option of its own name; of several
 * with the same last part (adam.lr, sgd.lr) the whole name must be written, and where the trainer has an option of that
 * name, --hyper.NAME.
 *
 * SPDX-License-Identifier: 0BSD */
#include "options.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum { FLAG, COUNT, SEED, NUMBER, TEXT, BIND, LIST } Kind;
typedef struct Option { const char *name, *value; Kind kind; size_t field; int commands; const char *help; } Option;

#define AT(member) offsetof(nn_options, member)
enum {
    RUNS = NN_C_TRAIN | NN_C_TEST | NN_C_PREDICT | NN_C_CHECK | NN_C_SETTLE, SPEAKS = NN_C_TRANSLATE | NN_C_SAMPLE,
    ALL = RUNS | SPEAKS | NN_C_INFO | NN_C_VOCABULARY | NN_C_PLOT
};

static const Option options[] = {
    { "--epochs",     "N",         COUNT, AT(epochs),     NN_C_TRAIN, "train until N passes over the data are done" },
    { "--steps",      "N",         COUNT, AT(steps),      NN_C_TRAIN, "train until N steps are done" },
    { "--iterations", "N",         COUNT, AT(iterations), NN_C_TRAIN, "updates on each batch, for optimizers of full batches" },
    { "--line-search", "N",        COUNT, AT(line_search), NN_C_TRAIN,
      "at most N evaluations to find the length of an update; 0: none" },
    { "--batch",      "N",         COUNT, AT(batch),      RUNS | NN_C_TRANSLATE,      "samples in a step, at most the compiled batch" },
    { "--accumulate", "N",         COUNT, AT(accumulate), NN_C_TRAIN,
      "batches for one update, in a program compiled with accumulate" },
    { "--threads",    "N",         COUNT, AT(threads),    RUNS | SPEAKS,      "threads of a step; else as many as cores. Results do not depend on it" },
    { "--seed",       "N",         SEED,  AT(seed),       NN_C_TRAIN | NN_C_CHECK | NN_C_SAMPLE,
      "of parameters, shuffling and random draws" },
    { "--no-shuffle", NULL,        FLAG,  AT(no_shuffle), NN_C_TRAIN | NN_C_SETTLE, "take the samples in the order of the file" },
    { "--train",      "NAME=FILE", BIND,  AT(train),      NN_C_TRAIN | NN_C_CHECK | NN_C_SETTLE | NN_C_VOCABULARY,
      "training data of the input or target NAME" },
    { "--test",       "NAME=FILE", BIND,  AT(test),       NN_C_TRAIN | NN_C_TEST | NN_C_PREDICT,
      "test data, and what predict reads" },
    { "--data",       "DIR",       TEXT,  AT(data),       RUNS | NN_C_VOCABULARY,     "where data files are looked for first" },
    { "--weights",    "FILE",      TEXT,  AT(weights),    RUNS | SPEAKS,     "parameters by name, from any safetensors file" },
    { "--partial",    NULL,        FLAG,  AT(partial),    NN_C_TRAIN, "parameters that --weights FILE does not have keep their first values" },
    { "--save",       "FILE",      TEXT,  AT(save),       NN_C_TRAIN | NN_C_SETTLE,
      "checkpoint (safetensors), after each epoch and at the end" },
    { "--save-every", "N",         COUNT, AT(save_every), NN_C_TRAIN, "write the checkpoint after every N steps too" },
    { "--resume",     "FILE",      TEXT,  AT(resume),     NN_C_TRAIN,
      "continue the run of this checkpoint, and save to it unless --save says otherwise" },
    { "--best",       "FILE",      TEXT,  AT(best),       NN_C_TRAIN, "checkpoint of the epoch with the best test loss" },
    { "--patience",   "N",         COUNT, AT(patience),   NN_C_TRAIN, "stop when N epochs in a row were no better" },
    { "--by",         "METRIC",    TEXT,  AT(by),         NN_C_TRAIN, "judge epochs by the largest METRIC; -METRIC: the smallest" },
    { "--log",        "FILE",      TEXT,  AT(log),        NN_C_TRAIN, "a line for each epoch, as .csv or .jsonl" },
    { "--log-every",  "N",         COUNT, AT(log_every),  NN_C_TRAIN, "a line for every Nth step too, with its own loss" },
    { "--png",        "FILE",      TEXT,  AT(png),        NN_C_PREDICT,
      "a sheet of inputs, targets and outputs that are pictures; DIR/: a file for each picture of an output" },
    { "--count",      "N",         COUNT, AT(count),      NN_C_PREDICT, "samples for --png; else 8 in a sheet, all in DIR/" },
    { "--vocabulary", "NAME=FILE", BIND,  AT(vocabulary), RUNS | SPEAKS, "the tokens of a text, as the command vocabulary writes them" },
    { "--output",     "FILE",      BIND,  AT(output),     NN_C_PREDICT | NN_C_VOCABULARY,
      "predictions as .npy or .csv, of text as .txt, or a vocabulary; NAME=FILE for one of several; else to standard output" },
    { "--reference",  "FILE",      TEXT,  AT(reference),  NN_C_TRANSLATE, "right translations, one a line: BLEU at the end, on standard error" },
    { "--prompt",     "TEXT",      TEXT,  AT(prompt),     NN_C_SAMPLE, "what the text begins with" },
    { "--length",     "N",         COUNT, AT(length),     NN_C_SAMPLE, "at most N tokens after it; else 500" },
    { "--temperature", "X",        NUMBER, AT(temperature), NN_C_SAMPLE, "below 1 the likely is likelier; 0: always the most likely; else 1" },
    { "--top",        "N",         COUNT, AT(top),        NN_C_SAMPLE, "only the N most likely tokens" },
    { "--sweep",      "NAME=X,X,..", LIST, AT(swept),     NN_C_TRAIN,
      "train from the same start with each of these values, one epoch unless told otherwise; print what they give" },
    { "--lr-find",    NULL,        FLAG,  AT(lr_find),    NN_C_TRAIN, "range test: raise the rate step by step and suggest one" },
    { "--range",      "NAME=LOW,HIGH", LIST, AT(range),   NN_C_TRAIN, "what --lr-find raises, and from where to where" },
    { "--plot",       "FILE.svg",  TEXT,  AT(picture),    NN_C_TRAIN, "a picture of what --sweep or --lr-find has seen" },
    { "-o",           "FILE.svg",  TEXT,  AT(picture),    NN_C_PLOT,  "the picture that plot writes" },
    { "--all",        NULL,        FLAG,  AT(all),        NN_C_CHECK, "check every number of every parameter, not a sample" },
    { "--trap",       NULL,        FLAG,  AT(trap),       NN_C_TRAIN | NN_C_TEST,
      "make sure that the first NaN or infinity stops the run; for programs of `nnc --trap`" },
    { "--profile",    NULL,        FLAG,  AT(profile),    NN_C_TRAIN | NN_C_TEST | NN_C_PREDICT,
      "make sure that the time of each kernel is printed at the end; for programs of `nnc --profile`" },
    { "--quiet",      NULL,        FLAG,  AT(quiet),      NN_C_TRAIN | NN_C_CHECK | NN_C_SETTLE, "print errors only" },
    { "--help",       NULL,        FLAG,  AT(help),       ALL,        "print this" },
    { "--version",    NULL,        FLAG,  AT(version),    ALL,        "print the versions" },
};
enum { N_OPTIONS = sizeof options / sizeof *options };

static const struct { const char *name; nn_command command; const char *help; } commands[] = {
    { "train",   NN_C_TRAIN,   "train, and report loss and metrics after each epoch" },
    { "test",    NN_C_TEST,    "loss and metrics on the test data; needs --weights" },
    { "predict", NN_C_PREDICT, "the model's outputs for the test inputs; needs --weights" },
    { "info",    NN_C_INFO,    "the model, its shapes, parameters and memory" },
    { "check",   NN_C_CHECK,   "compare the gradients with central differences" },
    { "settle",  NN_C_SETTLE,  "running statistics anew for the averages; from --weights to --save" },
    { "vocabulary", NN_C_VOCABULARY, "the tokens of a training text as a file, for --vocabulary" },
    { "translate", NN_C_TRANSLATE, "sentences from FILE or standard input, one a line; needs --weights" },
    { "sample",  NN_C_SAMPLE,  "text that goes on with --prompt; needs --weights" },
    { "plot",    NN_C_PLOT,    "a picture of runs from their logs: plot LOG... -o FILE.svg" },
};
enum { N_COMMANDS = sizeof commands / sizeof *commands };

bool nn_setting_of(const nn_model *m, const char *name, double *value) {
    for (int i = 0; i < m->n_settings; i++)
        if (!strcmp(m->settings[i].name, name)) return *value = m->settings[i].value, true;
    return false;
}

static const Option *option_named(const char *word) {
    for (int i = 0; i < N_OPTIONS; i++)
        if (!strcmp(options[i].name, word)) return &options[i];
    return NULL;
}

void nn_hyper_option(char *text, size_t size, const nn_tensor *hyper) {
    snprintf(text, size, "--%s", hyper->name);
    if (option_named(text)) snprintf(text, size, "--hyper.%s", hyper->name);
}

void nn_options_help(const nn_model *m, const char *program) {
    printf("usage: %s COMMAND [OPTION...]\n\n", program);
    for (int i = 0; i < N_COMMANDS; i++) printf("  %-10s %s\n", commands[i].name, commands[i].help);
    printf("\noptions, and the commands that know them:\n\n");
    for (int i = 0; i < N_OPTIONS; i++) {
        char left[40], who[40] = "";
        snprintf(left, sizeof left, "%s %s", options[i].name, options[i].value ? options[i].value : "");
        for (int c = 0; options[i].commands != ALL && c < N_COMMANDS; c++)
            if (options[i].commands & (int)commands[c].command)
                nn_append(who, sizeof who, "%s%s", who[0] ? ", " : "", commands[c].name);
        printf("  %-22s %s%s%s%s\n", left, options[i].help, who[0] ? " (" : "", who, who[0] ? ")" : "");
    }
    for (int i = 0; i < m->n_hypers; i++) {
        char left[80];
        nn_hyper_option(left, sizeof left, &m->hypers[i]);
        printf("  %-22s hyper-parameter of the model (train)\n", left);
    }
    printf("\ndata: FILE is IDX, NPY, CSV (.csv .tsv .txt), CIFAR-10 (.bin) or plain numbers, each also as .gz, or a directory of\n"
           "pictures (PNG, JPEG); FILE:PART chooses\n"
           "  table.csv:0-7  table.csv:alcohol,pH   columns by number, range or name; without a part, all of them\n"
           "  batch.bin:image  batch.bin:label      a part of CIFAR records; without a part, by the shape\n"
           "  flowers:image  flowers:label          pictures flowers/CLASS/*.jpg, or their classes; without a part, by the shape\n"
           "  numbers:f32                           plain numbers: u8 i32 f32 f64\n"
           "  'data_batch_*.bin'                    all files of the pattern, joined in sorted order\n"
           "  images.gz:samples=0-23                some of the samples, counted from 0; samples=24- all from there on;\n"
           "                                        samples=0%%-90%% a share\n"
           "  train.de.gz:lines  book.txt:chars     text: lines of subwords, or windows of characters\n"
           "  train.en.gz:lines:as=german           with the vocabulary of another input\n"
           "  slices.gz:windows  text.txt:u8:windows  samples cut out of larger ones: at random places to train, else as tiles\n"
           "  A relative FILE is looked for in --data DIR, here, and beside the model's default file.\n\n");
    for (int i = 0; i < m->n_inputs + m->n_targets; i++) {
        const nn_tensor *t = &m->inputs[i];
        char shape[160];
        nn_shape_text(shape, sizeof shape, t->dim, t->rank);
        printf("  %-6s %s (%s): train %s, test %s\n", i < m->n_inputs ? "input" : "target", t->name, shape,
               t->train ? t->train : "-", t->test ? t->test : "-");
    }
    printf("\nSignals: SIGINT and SIGTERM let train finish its step, save and stop. A run that was stopped in any way,\n"
           "even killed, and is resumed from its checkpoint ends with the same bits as one that was not.\n\n"
           "exit codes: 0 done, 1 data or files, 2 command line, 3 gradients disagree (check), 4 the loss is not finite,\n"
           "            130 stopped by SIGINT, 143 stopped by SIGTERM\n");
}

static bool whole_number(const char *text, uint64_t high, uint64_t *value) {
    char *end;
    errno = 0;
    if (*text < '0' || *text > '9') return false;
    *value = strtoull(text, &end, 10);
    return !*end && errno == 0 && *value <= high;
}

/* The list that an option binds in, and its length. */
static nn_binding *list_of(nn_options *o, const Option *option, int **n) {
    if (option->field == AT(train)) return *n = &o->n_train, o->train;
    if (option->field == AT(test)) return *n = &o->n_test, o->test;
    if (option->field == AT(vocabulary)) return *n = &o->n_vocabulary, o->vocabulary;
    return *n = &o->n_output, o->output;
}

static bool bind(nn_options *o, const Option *option, const char *text, nn_failure *f) {
    int *n;
    nn_binding *list = list_of(o, option, &n);
    char *copy = strdup(text), *equals = copy ? strchr(copy, '=') : NULL;
    if (!copy) return nn_fail_memory(f, text, strlen(text));
    o->copies[o->n_copies++] = copy;
    if (!equals && option->field != AT(output))
        return nn_fail(f, "%s %s: says no name: write %s NAME=FILE with the name of an input or target", option->name, text,
                       option->name);
    if (equals) *equals = 0;
    list[(*n)++] = (nn_binding){ equals ? copy : NULL, equals ? equals + 1 : copy };
    return true;
}

/* The hyper-parameter of this name or, if only one ends in ".name", that one. */
static const nn_tensor *find_hyper(const nn_model *m, const char *name) {
    const nn_tensor *found = NULL;
    for (int i = 0; i < m->n_hypers; i++) {
        const char *dot = strrchr(m->hypers[i].name, '.');
        if (!strcmp(m->hypers[i].name, name)) return &m->hypers[i];
        if (dot && !strcmp(dot + 1, name)) {
            if (found) return NULL;
            found = &m->hypers[i];
        }
    }
    return found;
}

static bool list_of_hyper(nn_hyper_list *list, const Option *option, const nn_model *m, const char *text, nn_failure *f) {
    char name[80], names[600] = "";
    const char *equals = strchr(text, '='), *at = equals ? equals + 1 : "";
    if (list->hyper) return nn_fail(f, "%s %s: is given twice, and one hyper-parameter is moved at a time", option->name, text);
    if (!equals) return nn_fail(f, "%s %s: write %s %s", option->name, text, option->name, option->value);
    snprintf(name, sizeof name, "%.*s", (int)(equals - text < 79 ? equals - text : 79), text);
    for (int i = 0; i < m->n_hypers; i++) nn_append(names, sizeof names, "%s%s", i ? ", " : "", m->hypers[i].name);
    if (!(list->hyper = find_hyper(m, name)))
        return nn_fail(f, "%s %s: '%s' is no hyper-parameter of model %s, which has: %s", option->name, text, name, m->name,
                       names[0] ? names : "none");
    if (!(list->value = calloc(strlen(at) + 1, sizeof *list->value))) return nn_fail_memory(f, text, strlen(text));
    for (bool more = true; more;) {
        char *end;
        const double x = strtod(at, &end);
        if (end == at || (*end && *end != ',') || !isfinite(x)) return nn_fail(f, "%s %s: '%s' is no number", option->name, text, at);
        list->value[list->n++] = x;
        more = *end == ',';
        at = end + 1;
    }
    const bool ends = list->n == 2 && list->value[0] > 0 && list->value[0] < list->value[1];
    if (option->field == AT(range) && !ends)
        return nn_fail(f, "%s %s: takes two numbers above 0, the smaller one first", option->name, text);
    return true;
}

static bool set(nn_options *o, const Option *option, const nn_model *m, const char *value, nn_failure *f) {
    char *field = (char *)o + option->field;
    char *end;
    double real;
    uint64_t number;
    bool none;
    switch (option->kind) {
    case FLAG: *(bool *)field = true; return true;
    case TEXT: *(const char **)field = value; return true;
    case BIND: return bind(o, option, value, f);
    case NUMBER:
        real = strtod(value, &end);
        if (!*value || *end || !isfinite(real) || real < 0) return nn_fail(f, "%s %s: takes a number from 0", option->name, value);
        *(double *)field = real;
        return true;
    case LIST: return list_of_hyper((nn_hyper_list *)(void *)field, option, m, value, f);
    case SEED:
        o->seed_given = true;
        return whole_number(value, UINT64_MAX, &o->seed) || nn_fail(f, "%s %s: takes a whole number", option->name, value);
    case COUNT:
        /* Training for 0 epochs writes the initial parameters, and a search may be left out; 0 makes no sense elsewhere. */
        none = option->field == AT(epochs) || option->field == AT(steps) || option->field == AT(line_search);
        if (!whole_number(value, INT64_MAX, &number) || (number == 0 && !none))
            return nn_fail(f, "%s %s: takes a whole number%s", option->name, value,
                           none ? "" : " from 1");
        *(int64_t *)field = (int64_t)number;
        return true;
    }
    return false;
}

static bool unknown(const nn_model *m, const char *word, nn_failure *f) {
    const char *names[N_OPTIONS + 64];
    char hypers[64][80];
    size_t n = 0;
    for (int i = 0; i < N_OPTIONS; i++) names[n++] = options[i].name;
    for (int i = 0; i < m->n_hypers && i < 64; i++) {
        nn_hyper_option(hypers[i], sizeof hypers[i], &m->hypers[i]);
        names[n++] = hypers[i];
    }
    const char *near = nn_nearest(word, names, n);
    return near ? nn_fail(f, "%s: no such option; did you mean %s?", word, near)
                : nn_fail(f, "%s: no such option; --help lists them", word);
}

static bool set_hyper(nn_options *o, const nn_tensor *t, const char *word, const char *value, nn_failure *f) {
    char *end;
    double x = strtod(value, &end);
    if (!*value || *end || !isfinite(x)) return nn_fail(f, "%s %s: takes a number", word, value);
    if (o->command != NN_C_TRAIN && o->command != NN_C_CHECK) return nn_fail(f, "%s: hyper-parameters belong to train", word);
    o->hyper[o->n_hyper] = t;
    o->hyper_value[o->n_hyper++] = x;
    return true;
}

static bool parse_option(nn_options *o, const nn_model *m, int argc, char **argv, int *at, nn_failure *f) {
    char word[80];
    const char *text = argv[*at], *equals = strchr(text, '=');
    snprintf(word, sizeof word, "%.*s", (int)(equals ? equals - text : 79), text);
    const Option *option = option_named(word);
    bool long_name = !strncmp(word, "--hyper.", 8);
    const nn_tensor *hyper = option ? NULL : find_hyper(m, word + (long_name ? 8 : 2));
    if (!option && !hyper) return unknown(m, word, f);
    const char *value = equals ? equals + 1 : NULL;
    if (option && option->kind == FLAG && value) return nn_fail(f, "%s: takes no value", word);
    if ((!option || option->kind != FLAG) && !value) {
        if (*at + 1 >= argc) return nn_fail(f, "%s: a value must follow: %s %s", word, word, option ? option->value : "NUMBER");
        value = argv[++*at];
    }
    if (hyper) return set_hyper(o, hyper, word, value, f);
    if (!(option->commands & (int)o->command)) {
        const char *whose = "";
        for (int c = N_COMMANDS; c-- > 0;)
            if (option->commands & (int)commands[c].command) whose = commands[c].name;
        return nn_fail(f, "%s: is an option of '%s'", word, whose);
    }
    return set(o, option, m, value, f);
}

/* The metric of --by NAME, or of -NAME; -1: there is none. */
static int metric_named(const nn_model *m, const char *by) {
    for (int i = 0; i < m->n_metrics; i++)
        if (!strcmp(m->metrics[i], by + (by[0] == '-'))) return i;
    return -1;
}

/* --sweep and --lr-find train to look, and what keeps or prolongs a run has no meaning with them. */
static bool only_looks(const nn_options *o, nn_failure *f) {
    const char *what = o->swept.hyper ? "--sweep" : o->lr_find ? "--lr-find" : NULL;
    const struct { bool given; const char *name; } never[] = {
        { o->save, "--save" }, { o->best, "--best" }, { o->patience, "--patience" }, { o->log, "--log" },
        { o->lr_find && o->swept.hyper, "--lr-find" }, { o->lr_find && o->epochs >= 0, "--epochs (--steps N says how many rates)" },
        { o->lr_find && o->by, "--by" }
    };
    for (size_t k = 0; what && k < sizeof never / sizeof *never; k++)
        if (never[k].given) return nn_fail(f, "%s: looks and keeps nothing; leave out %s", what, never[k].name);
    if (o->range.hyper && !o->lr_find) return nn_fail(f, "--range: says what --lr-find does, which is missing");
    if (o->command == NN_C_TRAIN && o->picture && !what)
        return nn_fail(f, "--plot: draws what --sweep or --lr-find has seen; of a run, write a --log and draw it with the command plot");
    return true;
}

static bool is_svg(const char *path) {
    const size_t n = strlen(path);
    return n > 4 && !strcmp(path + n - 4, ".svg");
}

bool nn_options_parse(nn_options *o, const nn_model *m, int argc, char **argv, nn_failure *f) {
    const char *names[N_COMMANDS];
    *o = (nn_options){ .program = argc > 0 ? argv[0] : m->name, .epochs = -1, .steps = -1, .iterations = -1, .line_search = -1,
                        .temperature = -1 };
    if (argc < 2) return nn_fail(f, "a command must follow: train, test, predict, info, check, settle, plot, vocabulary, translate or sample; "
                               "--help explains them");
    o->help = !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help");
    o->version = !strcmp(argv[1], "--version");
    if (o->help || o->version) return true;
    for (int i = 0; i < N_COMMANDS; i++) {
        names[i] = commands[i].name;
        if (!strcmp(argv[1], names[i])) o->command = commands[i].command;
    }
    if (!o->command) {
        const char *near = nn_nearest(argv[1], names, N_COMMANDS);
        if (near) return nn_fail(f, "%s: no such command; did you mean '%s'?", argv[1], near);
        return nn_fail(f, "%s: no such command; there are train, test, predict, info, check, settle, plot, vocabulary, translate and "
                       "sample", argv[1]);
    }
    size_t n = (size_t)argc;
    o->train = calloc(n, sizeof *o->train);
    o->test = calloc(n, sizeof *o->test);
    o->output = calloc(n, sizeof *o->output);
    o->vocabulary = calloc(n, sizeof *o->vocabulary);
    o->hyper = calloc(n, sizeof *o->hyper);
    o->hyper_value = calloc(n, sizeof *o->hyper_value);
    o->copies = calloc(n, sizeof *o->copies);
    o->logs = calloc(n, sizeof *o->logs);
    if (!o->logs || !o->train || !o->test || !o->output || !o->vocabulary || !o->hyper || !o->hyper_value || !o->copies)
        return nn_fail_memory(f, "options", n);
    for (int i = 2; i < argc; i++) {
        bool word = strncmp(argv[i], "--", 2) || !argv[i][2];
        if (word && o->command == NN_C_TRANSLATE && !o->file) {
            o->file = argv[i];
            continue;
        }
        if (o->command == NN_C_PLOT && argv[i][0] != '-') {
            o->logs[o->n_logs++] = argv[i];
            continue;
        }
        if (word && !option_named(argv[i]))
            return nn_fail(f, "%s: is no option; files are bound with --train NAME=FILE and --test NAME=FILE", argv[i]);
        if (!parse_option(o, m, argc, argv, &i, f)) return false;
    }
    if (o->help || o->version) return true;
    if (o->batch > m->batch)
        return nn_fail(f, "--batch %" PRId64 ": the model was compiled for at most %d; compile it with a larger batch", o->batch,
                       m->batch);
    if (o->resume && o->weights)
        return nn_fail(f, "--resume and --weights: a run is continued with its own parameters; leave out one of them");
    if (o->trap && !m->n_traps)
        return nn_fail(f, "--trap: this program was compiled without it; compile the model anew with `nnc --trap`");
    if (o->profile && !m->n_profile)
        return nn_fail(f, "--profile: this program was compiled without it; compile the model anew with `nnc --profile`");
    if (o->partial && !o->weights) return nn_fail(f, "--partial: says how --weights FILE is read, and there is none");
    if (!only_looks(o, f)) return false;
    if (o->by && !o->best && !o->patience && !o->swept.hyper)
        return nn_fail(f, "--by %s: says how epochs are judged; it goes with --best, --patience or --sweep", o->by);
    if (o->by && metric_named(m, o->by) < 0) return nn_fail(f, "--by %s: the model has no metric of that name", o->by);
    if (o->save_every && !o->save && !o->resume) return nn_fail(f, "--save-every: needs --save FILE");
    if (o->count && !o->png) return nn_fail(f, "--count: needs --png FILE");
    if (o->log_every && !o->log) return nn_fail(f, "--log-every: needs --log FILE");
    if (o->n_vocabulary && o->resume)
        return nn_fail(f, "--vocabulary: a run is continued with its own vocabulary, that of --resume %s; leave out the option", o->resume);
    if ((o->command & (NN_C_TEST | NN_C_PREDICT | SPEAKS)) && !o->weights)
        return nn_fail(f, "%s: needs trained parameters: --weights FILE, such as a checkpoint that train has saved", argv[1]);
    if (o->picture && !is_svg(o->picture))
        return nn_fail(f, "%s: a picture is .svg; browsers show it, and rsvg-convert or inkscape make other forms of it", o->picture);
    if (o->command == NN_C_PLOT && (!o->n_logs || !o->picture))
        return nn_fail(f, "plot: reads logs that train has written and draws them: plot LOG... -o FILE.svg");
    if (o->command == NN_C_SETTLE && (!o->weights || !o->save))
        return nn_fail(f, "settle: reads a checkpoint and writes another: --weights FILE --save FILE");
    return true;
}

void nn_options_free(nn_options *o) {
    for (int i = 0; i < o->n_copies; i++) free(o->copies[i]);
    free(o->copies);
    free(o->logs);
    free(o->swept.value);
    free(o->range.value);
    free(o->train);
    free(o->test);
    free(o->output);
    free(o->vocabulary);
    free(o->hyper);
    free(o->hyper_value);
}
