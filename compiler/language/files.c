/* Reading all files of a compilation, each once.
 *
 * `import "layers/mine.nn"` is a path relative to the file that it stands in. Two paths are the same file when they
 * are equal after `.`, `..` and symbolic links are resolved; so a cycle of imports ends by itself, and means nothing
 * special: definitions of all files are visible in all files. */
#include "files.h"
#include "../library/library.h"
#include <stdlib.h>
#include <string.h>

typedef struct { const char *path, *real; Span at; } Known;     /* at: the import that names it */
typedef LIST(Known) KnownFiles;

static void add(Files *files, const Source *source)
{
    PUSH(files->sources, source);
    PUSH(files->trees, parse(source));
}

void files_load_library(Files *files)
{
    for (const LibraryFile *file = library_files; file->name; file++) {
        Writer w = {0};
        put_text(&w, "");
        for (const char *const *line = file->lines; *line; line++)
            put_text(&w, *line);
        add(files, source_of_text(file->name, w.text, w.length, true));
    }
    files->library = files->trees.n;
}

/* The path with its links resolved; the path itself where there is no such file, and reading it will say so. */
static const char *real_path(const char *path)
{
    char *resolved = realpath(path, NULL);
    const char *result = name_of(resolved ? resolved : path);
    free(resolved);
    return result;
}

static const char *beside(const char *file, const char *path)
{
    const char *slash = strrchr(file, '/');
    if (path[0] == '/' || !slash)
        return path;
    return text("%.*s%s", (int)(slash - file) + 1, file, path);
}

static bool known(const KnownFiles *all, const char *real)
{
    for (int i = 0; i < all->n; i++)
        if (all->at[i].real == real)
            return true;
    return false;
}

bool files_load(Files *files, const char *path)
{
    KnownFiles queue = {0};
    bool read_all = true;
    files_load_library(files);
    PUSH(queue, ((Known){path, real_path(path), {0}}));
    for (int next = 0; next < queue.n; next++) {        /* the queue grows while it is walked */
        const Source *source = source_read_for(queue.at[next].path, queue.at[next].at);
        if (!source) {
            read_all = false;
            continue;
        }
        add(files, source);
        const Tree *tree = files->trees.at[files->trees.n - 1];
        for (int i = 0; i < tree->n; i++) {
            const Tree *import = tree->child[i];
            if (import->kind != TREE_IMPORT)
                continue;
            const char *found = beside(queue.at[next].path, import->text), *real = real_path(found);
            if (!known(&queue, real))
                PUSH(queue, ((Known){found, real, import->span}));
        }
    }
    return read_all;
}
