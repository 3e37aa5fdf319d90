/* utf8.h: characters of a text in UTF-8. SPDX-License-Identifier: 0BSD */
#ifndef NN_UTF8_H
#define NN_UTF8_H
#include <stddef.h>
#include <stdint.h>

/* The bytes of the character that begins at `text`, before `end`, and its code point; 0: what is there is no UTF-8 (overlong forms,
 * surrogates and what lies beyond U+10FFFF included), or `end`. */
static inline size_t nn_utf8(const char *text, const char *end, uint32_t *code) {
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    if (text == end) return 0;
    const unsigned char *p = (const unsigned char *)text;
    size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc0 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf8 ? 4 : 0;
    if (n == 0 || (size_t)(end - text) < n) return 0;
    *code = n == 1 ? p[0] : p[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) return 0;
        *code = *code << 6 | (p[i] & 0x3f);
    }
    return *code < least[n] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000) ? 0 : n;
}
#endif
