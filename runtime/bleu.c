/* bleu.c: BLEU of a corpus, number for number that of sacrebleu's defaults (nrefs:1, case:mixed, eff:no, tok:13a, smooth:exp).
 *
 *     precision n = n-grams of the translations that the reference has too, each as often as there / n-grams of the translations
 *     penalty     = 1 if the translations are at least as long as the references, else exp(1 - references/translations)
 *     BLEU        = penalty * geometric mean of the precisions of n = 1, 2, 3, 4
 *
 * Papineni, Roukos, Ward, Zhu: "BLEU", 2002; Post: "A call for clarity in reporting BLEU scores", 2018. Counts add up over the
 * sentences before anything is divided. A precision without a match counts as half of one n-gram, the next such one as a
 * quarter, and so on; with no match at all, or no n-gram of four tokens, BLEU is 0.
 *
 * Tokens are those of the script mteval-v13a: entities are undone, ASCII punctuation stands alone, except periods and
 * commas between digits and hyphens that follow no digit. Its rules are replacements by regular expressions, one after another, in
 * which a character that one match has taken is not looked at again by the next; so they are done the same way here. Bytes beyond
 * ASCII are no punctuation, which makes a walk over bytes one over characters.
 *
 * SPDX-License-Identifier: 0BSD */
#include "bleu.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void replace_all(char *text, const char *from, const char *to) {
    size_t n = strlen(from), k = strlen(to);                    /* k <= n: in place */
    char *out = text;
    for (const char *in = text; *in;) {
        if (strncmp(in, from, n)) {
            *out++ = *in++;
        } else {
            memcpy(out, to, k);
            out += k;
            in += n;
        }
    }
    *out = 0;
}

static bool digit(char c) { return c >= '0' && c <= '9'; }
static bool point(char c) { return c == '.' || c == ','; }
static bool punctuation(char c) { return c >= ' ' && c <= '~' && !strchr("',-.", c) && !digit(c) && !((c | 32) >= 'a' && (c | 32) <= 'z'); }

/* Each rule writes `from` with more spaces to `to`, which has room for three times as much. */
typedef void Rule(char *to, const char *from);

static void part_punctuation(char *to, const char *from) {
    for (; *from; from++) {
        if (punctuation(*from)) *to++ = ' ', *to++ = *from, *to++ = ' ';
        else *to++ = *from;
    }
    *to = 0;
}

static void part_point_after_no_digit(char *to, const char *from) {
    while (*from) {
        *to++ = *from;
        if (digit(*from++) || !point(*from)) continue;
        *to++ = ' ', *to++ = *from++, *to++ = ' ';
    }
    *to = 0;
}

static void part_point_before_no_digit(char *to, const char *from) {
    while (*from) {
        if (point(*from) && from[1] && !digit(from[1])) *to++ = ' ', *to++ = *from++, *to++ = ' ';
        *to++ = *from++;
    }
    *to = 0;
}

static void part_hyphen_after_digit(char *to, const char *from) {
    while (*from) {
        *to++ = *from;
        if (digit(*from++) && *from == '-') *to++ = ' ', *to++ = *from++, *to++ = ' ';
    }
    *to = 0;
}

/* The bytes of the white space that the text begins with, or 0; of all of Unicode. */
static size_t space(const char *text) {
    const unsigned char *p = (const unsigned char *)text;
    if ((p[0] >= 9 && p[0] <= 13) || (p[0] >= 0x1c && p[0] <= ' ')) return 1;
    if (p[0] == 0xc2 && (p[1] == 0x85 || p[1] == 0xa0)) return 2;
    if (p[0] == 0xe1 && p[1] == 0x9a && p[2] == 0x80) return 3;
    if (p[0] == 0xe2 && p[1] == 0x80 && ((p[2] >= 0x80 && p[2] <= 0x8a) || p[2] == 0xa8 || p[2] == 0xa9 || p[2] == 0xaf)) return 3;
    if (p[0] == 0xe2 && p[1] == 0x81 && p[2] == 0x9f) return 3;
    return p[0] == 0xe3 && p[1] == 0x80 && p[2] == 0x80 ? 3 : 0;
}

/* A sentence as tokens: strings first, then numbers that are equal where the strings are. */
typedef struct Sentence {
    char *text;                     /* the tokens, each ended by a NUL */
    const char **token;
    int32_t *number;
    size_t count;
    size_t *start;                  /* of n-grams, sorted */
} Sentence;

static void cut_tokens(Sentence *s) {
    char *at = s->text;
    for (size_t n; *at;) {
        while ((n = space(at))) *at = 0, at += n;
        if (!*at) break;
        s->token[s->count++] = at;
        while (*at && !space(at)) at++;
    }
}

static bool read_sentence(Sentence *s, const char *line, nn_failure *f) {
    static Rule *const rules[] = { part_punctuation, part_point_after_no_digit, part_point_before_no_digit, part_hyphen_after_digit };
    size_t size = strlen(line) + 3;
    *s = (Sentence){ 0 };
    /* A rule makes three bytes of one at most, and the spaces that it puts in are not parted again: each point or hyphen by one rule. */
    char *text = malloc(9 * size), *parted = malloc(9 * size);
    bool good = text && parted;
    if (good) {
        text[0] = ' ';
        strcpy(text + 1, line);
        replace_all(text, "<skipped>", "");
        if (strchr(text, '&')) {
            replace_all(text, "&quot;", "\"");
            replace_all(text, "&amp;", "&");
            replace_all(text, "&lt;", "<");
            replace_all(text, "&gt;", ">");
        }
        strcat(text, " ");
        for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
            rules[i](parted, text);
            char *swap = text;
            text = parted;
            parted = swap;
        }
        size = strlen(text) / 2 + 2;
        s->token = malloc(size * sizeof *s->token);
        s->number = malloc(size * sizeof *s->number);
        s->start = malloc(size * sizeof *s->start);
        good = s->token && s->number && s->start;
    }
    free(parted);
    s->text = text;
    if (!good) return nn_fail_memory(f, "BLEU", 9 * size);
    cut_tokens(s);
    return true;
}

static void free_sentence(Sentence *s) {
    free(s->text);
    free(s->token);
    free(s->number);
    free(s->start);
}

typedef struct Place { const char *token; int32_t *number; } Place;

static int by_token(const void *a, const void *b) { return strcmp(((const Place *)a)->token, ((const Place *)b)->token); }

static bool number_tokens(Sentence *a, Sentence *b, nn_failure *f) {
    size_t n = 0;
    Place *places = malloc((a->count + b->count + 1) * sizeof *places);
    if (!places) return nn_fail_memory(f, "BLEU", (a->count + b->count + 1) * sizeof *places);
    for (size_t i = 0; i < a->count; i++) places[n++] = (Place){ a->token[i], &a->number[i] };
    for (size_t i = 0; i < b->count; i++) places[n++] = (Place){ b->token[i], &b->number[i] };
    qsort(places, n, sizeof *places, by_token);
    int32_t number = 0;
    for (size_t i = 0; i < n; i++) *places[i].number = number += i && strcmp(places[i - 1].token, places[i].token);
    free(places);
    return true;
}

static int compare(const int32_t *a, const int32_t *b, size_t order) {
    for (size_t i = 0; i < order; i++) if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
    return 0;
}

/* Merge sort, since the order of n-grams depends on more than two pointers tell. `scratch` has room for as many. */
static void sort_ngrams(size_t *start, size_t *scratch, size_t count, const int32_t *number, size_t order) {
    if (count < 2) return;
    size_t half = count / 2, i = 0, j = half;
    sort_ngrams(start, scratch, half, number, order);
    sort_ngrams(start + half, scratch, count - half, number, order);
    for (size_t k = 0; k < count; k++)
        scratch[k] = j == count || (i < half && compare(number + start[i], number + start[j], order) <= 0) ? start[i++] : start[j++];
    memcpy(start, scratch, count * sizeof *start);
}

static size_t ngrams(Sentence *s, size_t *scratch, size_t order) {
    size_t count = s->count < order ? 0 : s->count - order + 1;
    for (size_t i = 0; i < count; i++) s->start[i] = i;
    sort_ngrams(s->start, scratch, count, s->number, order);
    return count;
}

/* Of two sorted lists, what they have in common, each as often as in both. */
static int64_t common(const Sentence *a, size_t n, const Sentence *b, size_t m, size_t order) {
    int64_t count = 0;
    for (size_t i = 0, j = 0; i < n && j < m;) {
        int c = compare(a->number + a->start[i], b->number + b->start[j], order);
        count += c == 0;
        i += c <= 0;
        j += c >= 0;
    }
    return count;
}

bool nn_bleu_add(nn_bleu *b, const char *translation, const char *reference, nn_failure *f) {
    Sentence t, r = { 0 };
    size_t *scratch = NULL;
    bool good = read_sentence(&t, translation, f) && read_sentence(&r, reference, f) && number_tokens(&t, &r, f);
    if (good && !(scratch = malloc((t.count + r.count + 1) * sizeof *scratch))) good = nn_fail_memory(f, "BLEU", t.count);
    for (size_t order = 1; good && order <= NN_BLEU_ORDER; order++) {
        size_t n = ngrams(&t, scratch, order), m = ngrams(&r, scratch, order);
        b->total[order - 1] += (int64_t)n;
        b->matched[order - 1] += common(&t, n, &r, m, order);
    }
    if (good) {
        b->length += (int64_t)t.count;
        b->reference_length += (int64_t)r.count;
    }
    free(scratch);
    free_sentence(&t);
    free_sentence(&r);
    return good;
}

nn_bleu_score nn_bleu_of(const nn_bleu *b) {
    nn_bleu_score s = { .penalty = 1 };
    double half = 1, sum = 0;
    if (b->length < b->reference_length) s.penalty = b->length ? exp(1 - (double)b->reference_length / (double)b->length) : 0;
    if (!b->matched[0]) return s;                   /* no longer match without one of a single token */
    for (int n = 0; n < NN_BLEU_ORDER && b->total[n]; n++) {
        double matched = (double)b->matched[n];
        if (!b->matched[n]) matched = half /= 2;
        s.precision[n] = 100 * matched / (double)b->total[n];
    }
    for (int n = 0; n < NN_BLEU_ORDER; n++) sum += log(s.precision[n]);        /* log(0): the score is 0 */
    s.score = s.penalty * exp(sum / NN_BLEU_ORDER);
    return s;
}
