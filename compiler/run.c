/* Building and starting a program, for `nnc run`.
 *
 * Programs are kept in $XDG_CACHE_HOME/nnc under the model's name and a hash of everything that went into them: the
 * C text, the command that compiled it, and the runtime archive. So the second run of a model starts at once.
 *
 *     cc -O3 -march=native $CFLAGS -I runtime  lenet.c  libnnrt.a -lpng -ljpeg -lz -lm -lpthread  -o lenet-<hash>
 *
 * A program is built in a directory of its own and then renamed, so two runs at once do not disturb each other. */
#include "run.h"
#include "memory.h"
#include "options.h"
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

typedef LIST(char *) Words;

static int complain_of(int status, const char *what, const char *why)
{
    fprintf(stderr, "nnc: error: %s: %s\n", what, why);
    return status;
}

static void split(Words *words, const char *line)
{
    while (*(line += strspn(line, " \t"))) {
        size_t length = strcspn(line, " \t");
        PUSH(*words, text("%.*s", (int)length, line));
        line += length;
    }
}

static bool exists(const char *path)
{
    return access(path, R_OK) == 0;
}

/* The first of these directories, counted from that of the nnc binary, which has the file. */
static const char *find_beside(const char *file, const char *const *directories)
{
    char binary[4096];
    ssize_t length = readlink("/proc/self/exe", binary, sizeof binary - 1);
    if (length <= 0)
        return NULL;
    binary[length] = 0;
    *strrchr(binary, '/') = 0;
    for (int i = 0; directories[i]; i++) {
        const char *directory = text("%s/%s", binary, directories[i]);
        if (exists(text("%s/%s", directory, file)))
            return directory;
    }
    return NULL;
}

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ ((const unsigned char *)bytes)[i]) * 1099511628211u;     /* FNV-1a */
    return hash;
}

/* The directory where programs are kept, made if need be; NULL when there is none. */
static const char *cache_directory(void)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (!cache || cache[0] != '/') {
        if (!home || !*home)
            return NULL;
        cache = text("%s/.cache", home);
    }
    mkdir(cache, 0700);
    const char *directory = text("%s/nnc", cache);
    return mkdir(directory, 0700) == 0 || errno == EEXIST ? directory : NULL;
}

static bool execute(const Words *command)
{
    int status = 0;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        execvp(command->at[0], command->at);
        fprintf(stderr, "nnc: error: %s: %s\n", command->at[0], strerror(errno));
        _exit(127);
    }
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Compiles in a fresh directory, and moves the program to its place. */
static int compile(const Build *build, const Words *flags, const Words *libraries, const char *program)
{
    char *directory = text("%s.XXXXXX", program);
    if (!mkdtemp(directory))
        return complain_of(EXIT_FILE, directory, strerror(errno));
    Parcel files[2] = {build->code, build->header};
    const char *made = text("%s/program", directory);
    Words command = {0};
    int status = EXIT_GOOD;
    for (int i = 0; i < 2; i++)
        files[i].path = text("%s/%s", directory, files[i].path);
    for (int i = 0; i < flags->n; i++)
        PUSH(command, flags->at[i]);
    PUSH(command, text("%s", files[0].path));
    for (int i = 0; i < libraries->n; i++)
        PUSH(command, libraries->at[i]);
    PUSH(command, text("-o"));
    PUSH(command, text("%s", made));
    PUSH(command, NULL);
    if (!deliver(files, 2))
        status = EXIT_FILE;
    else if (!execute(&command))
        status = complain_of(EXIT_INTERNAL, build->name, "the C compiler could not build the program");
    else if (rename(made, program) != 0)
        status = complain_of(EXIT_FILE, program, strerror(errno));
    for (int i = 0; i < 2; i++)
        unlink(files[i].path);
    unlink(made);
    rmdir(directory);
    return status;
}

int run_program(const Build *build, char **arguments)
{
    const char *archive = find_beside("libnnrt.a", (const char *const[]){".", "../lib", NULL});
    const char *headers = find_beside("nn.h", (const char *const[]){"../runtime", "../../runtime", "../include", NULL});
    const char *cache = cache_directory(), *compiler = getenv("CC"), *more = getenv("CFLAGS");
    if (!archive || !headers)
        return complain_of(EXIT_FILE, archive ? "nn.h" : "libnnrt.a", "not found beside nnc: is the runtime built?");
    if (!cache)
        return complain_of(EXIT_FILE, "no directory to keep programs in", "set XDG_CACHE_HOME");

    Words flags = {0}, libraries = {0};
    split(&flags, compiler && *compiler ? compiler : "cc");
    split(&flags, "-O3 -march=native");
    split(&flags, more ? more : "");
    PUSH(flags, text("-I%s", headers));
    PUSH(libraries, text("%s/libnnrt.a", archive));
    split(&libraries, build->blas ? "-lopenblas -lpng -ljpeg -lz -lm -lpthread" : "-lpng -ljpeg -lz -lm -lpthread");

    struct stat status;
    uint64_t hash = hash_bytes(14695981039346656037u, build->code.text, build->code.length);
    hash = hash_bytes(hash, build->header.text, build->header.length);
    for (int i = 0; i < flags.n; i++)
        hash = hash_bytes(hash, flags.at[i], strlen(flags.at[i]) + 1);
    if (stat(libraries.at[0], &status) == 0) {
        hash = hash_bytes(hash, &status.st_size, sizeof status.st_size);
        hash = hash_bytes(hash, &status.st_mtim, sizeof status.st_mtim);
    }
    char *program = text("%s/%s-%016llx", cache, build->name, (unsigned long long)hash);
    if (access(program, X_OK) != 0) {
        int failure = compile(build, &flags, &libraries, program);
        if (failure)
            return failure;
    }

    Words command = {0};
    PUSH(command, text("%s", build->name));
    for (; *arguments; arguments++)
        PUSH(command, *arguments);
    PUSH(command, NULL);
    execv(program, command.at);
    return complain_of(EXIT_FILE, program, strerror(errno));
}
