/* Memory: one arena a compilation, growable arrays, interned names, strings made by printf.
 *
 * Nothing is freed by itself: a compilation allocates, and `memory_release` gives all of it back. Every function
 * ends the program with one message when the machine has no memory left, so no caller tests for NULL. */
#ifndef NNC_MEMORY_H
#define NNC_MEMORY_H
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

void *allocate(size_t bytes);                                   /* zeroed, aligned for any type */
void memory_release(void);                                      /* frees all of it, interned names too */
const char *intern(const char *text, size_t length);            /* equal texts give the equal pointer */
const char *name_of(const char *text);                          /* intern of a whole string */
char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *text_v(const char *format, va_list arguments);

#define NEW(T) ((T *)allocate(sizeof(T)))
#define NEW_ARRAY(T, n) ((T *)allocate(sizeof(T) * (size_t)(n)))

/* LIST(T) declares a growable array { T *at; int n, room; }; PUSH appends. The old block stays in the arena. */
#define LIST(T) struct { T *at; int n, room; }
#define PUSH(list, item) \
    ((list).n < (list).room ? (void)0 : ((list).at = grow((list).at, &(list).room, sizeof *(list).at, (list).n)), \
     (list).at[(list).n++] = (item))
void *grow(void *old, int *room, size_t size, int used);

/* A string that is written piece by piece. `w.text` ends with a zero at any time once something was written. */
typedef struct { char *text; size_t length, room; } Writer;
void put(Writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void put_text(Writer *w, const char *s);
void put_bytes(Writer *w, const char *bytes, size_t length);
#endif
