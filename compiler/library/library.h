/* The library inside the binary: embed.awk turns each .nn file into an array with one string for each line, so that no
 * literal is longer than C11 promises and line numbers stay what they are. */
#ifndef NNC_LIBRARY_H
#define NNC_LIBRARY_H

typedef struct LibraryFile { const char *name; const char *const *lines; } LibraryFile;     /* lines end with NULL */
extern const LibraryFile library_files[];                       /* ends with a name of NULL */
#endif
