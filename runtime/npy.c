/* npy.c: NumPy's format for one array.
 *
 *     \x93NUMPY 1 0 LENGTH {'descr': '<f4', 'fortran_order': False, 'shape': (100, 3), }  padding \n  elements
 *
 * The header is a Python dictionary with exactly these three keys in any order. LENGTH has 2 bytes in version 1 and 4 after.
 *
 * SPDX-License-Identifier: 0BSD */
#include "elements.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_HEADER = 65536 };

static const struct { char name[3]; nn_element element; } descriptions[] = {
    { "u1", NN_E_U8 }, { "b1", NN_E_U8 }, { "i1", NN_E_I8 }, { "u2", NN_E_U16 }, { "i2", NN_E_I16 }, { "u4", NN_E_U32 },
    { "i4", NN_E_I32 }, { "i8", NN_E_I64 }, { "f4", NN_E_F32 }, { "f8", NN_E_F64 } };

static void spaces(const char **p) { while (isspace((unsigned char)**p)) ++*p; }
static bool skip(const char **p, char c) {
    spaces(p);
    return **p == c && (++*p, true);
}

/* 'text' into a buffer of 32; false if it is no string, or too long for anything that is expected. */
static bool string(const char **p, char *to) {
    spaces(p);
    char quote = **p;
    size_t n = 0;
    if (quote != '\'' && quote != '"') return false;
    for (++*p; **p != quote; ++*p) {
        if (!**p || n == 31) return false;
        to[n++] = **p;
    }
    ++*p;
    to[n] = 0;
    return true;
}

static bool shape(const char **p, nn_array *a) {
    if (!skip(p, '(')) return false;
    for (a->rank = 0; !skip(p, ')');) {
        char *end;
        spaces(p);
        if (!isdigit((unsigned char)**p) || a->rank == NN_MAX_RANK) return false;
        long long n = strtoll(*p, &end, 10);
        if (end - *p > 17) return false;
        *p = end;
        a->dim[a->rank++] = n;
        if (!skip(p, ',')) {
            if (!skip(p, ')')) return false;
            break;
        }
    }
    return true;
}

static bool header(const char *p, nn_array *a, char *description, bool *fortran) {
    char key[32];
    unsigned seen = 0;
    if (!skip(&p, '{')) return false;
    while (!skip(&p, '}')) {
        unsigned bit;
        if (!string(&p, key) || !skip(&p, ':')) return false;
        spaces(&p);
        if (!strcmp(key, "descr")) {
            bit = 1;
            if (!string(&p, description)) return false;
        } else if (!strcmp(key, "fortran_order")) {
            bit = 2;
            *fortran = !strncmp(p, "True", 4);
            if (!*fortran && strncmp(p, "False", 5)) return false;
            p += *fortran ? 4 : 5;
        } else if (!strcmp(key, "shape")) {
            bit = 4;
            if (!shape(&p, a)) return false;
        } else {
            return false;
        }
        if (seen & bit) return false;
        seen |= bit;
        if (!skip(&p, ',')) {
            if (!skip(&p, '}')) return false;
            break;
        }
    }
    spaces(&p);
    return seen == 7 && !*p;
}

bool nn_read_npy(nn_source *s, nn_array *a, nn_failure *f) {
    unsigned char head[12];
    char description[32];
    const char *path = nn_source_path(s);
    bool fortran = false;
    size_t n = 0, length, got = 0;
    if (!nn_source_read(s, head, 8, &n, f)) return false;
    if (n < 8 || memcmp(head, "\x93NUMPY", 6) || head[6] < 1 || head[6] > 3)
        return nn_fail(f, "%s: not an NPY file of version 1 to 3", path);
    size_t width = head[6] == 1 ? 2 : 4;
    if (!nn_source_read(s, head + 8, width, &n, f)) return false;
    if (n < width) return nn_fail(f, "%s: the file ends in its header; fetch it again", path);
    length = (size_t)(head[8] | head[9] << 8) | (width == 4 ? (size_t)head[10] << 16 | (size_t)head[11] << 24 : 0);
    if (length > LONGEST_HEADER)
        return nn_fail(f, "%s: a header of %zu bytes; an NPY header has fewer than %d", path, length, LONGEST_HEADER);
    char *text = nn_source_take(s, length, &got, f);
    char *whole = text ? realloc(text, length + 1) : NULL;
    if (!whole) {
        free(text);
        return text ? nn_fail_memory(f, path, length) : false;
    }
    whole[length] = 0;
    bool good = strlen(whole) == length && header(whole, a, description, &fortran);
    free(whole);
    if (!good) return nn_fail(f, "%s: the NPY header cannot be understood; save the array again with numpy.save", path);
    if (a->rank == 0) return nn_fail(f, "%s: holds a single number without samples; save an array", path);
    if (fortran && a->rank > 1) return nn_fail(f, "%s: is in column order; save numpy.ascontiguousarray(x) instead", path);
    char order = description[0];
    if (order && strchr("<>|=", order))
        for (size_t i = 0; i < sizeof descriptions / sizeof *descriptions; i++)
            if (!strcmp(description + 1, descriptions[i].name))
                return nn_read_elements(s, descriptions[i].element, order == '>', a, f) && nn_source_at_end(s, f);
    return nn_fail(f, "%s: element type '%s' is not supported; save x.astype(numpy.float32) or an integer type", path, description);
}
