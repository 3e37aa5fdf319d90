/* json.c: the few forms of JSON that headers use: objects, arrays, strings and counts.
 *
 * The grammar of a safetensors header is fixed and three levels deep, so its reader asks for what must come next and nothing
 * recurses. A decoded string is never longer than its JSON form: it stays where it is.
 *
 * SPDX-License-Identifier: 0BSD */
#include "json.h"
#include <stdio.h>
#include <string.h>

static void spaces(nn_json *j) {
    while (*j->next == ' ' || *j->next == '\n' || *j->next == '\t' || *j->next == '\r') j->next++;
}

bool nn_json_token(nn_json *j, char c) {
    spaces(j);
    return *j->next == c && j->next < j->end && (j->next++, true);
}

bool nn_json_end(nn_json *j) {
    spaces(j);
    return j->next == j->end;
}

static bool hexadecimal(const char *p, unsigned *code) {
    *code = 0;
    for (int i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdef";
        const char *digit = p[i] ? strchr(digits, p[i] | 0x20) : NULL;
        if (!digit || (p[i] < '0')) return false;
        *code = *code << 4 | (unsigned)(digit - digits);
    }
    return true;
}

static char *encode(char *to, unsigned c) {
    if (c < 0x80) {
        *to++ = (char)c;
        return to;
    }
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = { 0, 0xc0, 0xe0, 0xf0 };
    *to++ = (char)(lead[more] | c >> 6 * more);
    while (more-- > 0) *to++ = (char)(0x80 | (c >> 6 * more & 0x3f));
    return to;
}

/* \uXXXX, and a pair of them for what lies beyond 16 bits; half a pair and NUL are refused. */
static bool unicode(char **from, char **to) {
    unsigned c, low;
    if (!hexadecimal(*from, &c) || c == 0 || (c >= 0xdc00 && c < 0xe000)) return false;
    *from += 4;
    if (c >= 0xd800 && c < 0xdc00) {
        if ((*from)[0] != '\\' || (*from)[1] != 'u' || !hexadecimal(*from + 2, &low) || low < 0xdc00 || low >= 0xe000) return false;
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        *from += 6;
    }
    *to = encode(*to, c);
    return true;
}

bool nn_json_string(nn_json *j, char **text) {
    static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    if (!nn_json_token(j, '"')) return false;
    char *from = j->next, *to = j->next;
    *text = to;
    while (*from != '"') {
        if ((unsigned char)*from < 0x20) return false;         /* the NUL at the end too */
        if (*from != '\\') {
            *to++ = *from++;
            continue;
        }
        from++;
        const char *name = *from ? strchr(names, *from) : NULL;
        if (name) {
            *to++ = meanings[name - names];
            from++;
        } else if (*from++ != 'u' || !unicode(&from, &to)) {
            return false;
        }
    }
    *to = 0;
    j->next = from + 1;
    return true;
}

bool nn_json_count(nn_json *j, uint64_t *value) {
    spaces(j);
    const char *p = j->next;
    if (*p < '0' || *p > '9' || (*p == '0' && p[1] >= '0' && p[1] <= '9')) return false;
    for (*value = 0; *p >= '0' && *p <= '9'; p++) {
        if (*value > (INT64_MAX - 9) / 10) return false;
        *value = *value * 10 + (uint64_t)(*p - '0');
    }
    if (*p == '.' || *p == 'e' || *p == 'E') return false;
    j->next += p - j->next;
    return true;
}

void nn_json_quote(char *to, const char *text) {
    *to++ = '"';
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') *to++ = '\\', *to++ = *text;
        else if ((unsigned char)*text < 0x20) to += sprintf(to, "\\u%04x", (unsigned)*text);
        else *to++ = *text;
    }
    *to++ = '"';
    *to = 0;
}
