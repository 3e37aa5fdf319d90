/* The files of a compilation: the library, the file that was asked for, and what it imports. */
#ifndef NNC_FILES_H
#define NNC_FILES_H
#include "tree.h"

typedef struct Files {
    LIST(const Source *) sources;       /* library first, then the main file, then imports in the order they are met */
    LIST(const Tree *) trees;           /* one for each source */
    int library;                        /* how many of them are the library's */
} Files;

/* Reads and parses. `path` may be "-" for standard input. Errors are reported; false: a file could not be read. */
bool files_load(Files *files, const char *path);
void files_load_library(Files *files);
#endif
