/* subwords.c: learning which neighbours to merge: byte-pair encoding over characters.
 *
 * All pieces of the text, each counted, begin as their characters. Then, until the vocabulary is full, the pair of neighbouring
 * tokens that is most frequent becomes one token wherever it stands. Of pairs that are equally frequent, the one with the smaller
 * left token wins, then the one with the smaller right token; a pair that stands only once in all of the text is not merged.
 * So a text has one vocabulary.
 *
 *     low 5, lower 2, newest 6  ->  merge w e (8), then l o (7), ...
 *
 * A merge looks only at the pieces that hold its pair, and corrects the counts of their pairs. The most frequent pair comes from
 * a heap whose counts may be of the past: a count on top that is no longer true goes back with the true one.
 *
 * SPDX-License-Identifier: 0BSD */
#include "vocabulary.h"
#include "utf8.h"
#include <stdlib.h>
#include <string.h>

typedef struct Piece { int32_t *token; uint32_t length; int64_t count; } Piece;
/* Pieces that hold a pair, or did, and the count that the heap has for it. */
typedef struct Places { uint32_t *piece; size_t count, room; int64_t listed; } Places;
typedef struct Frequent { int64_t count; int32_t left, right; size_t pair; } Frequent;

typedef struct Learner {
    nn_vocabulary *v;
    Piece *piece;
    size_t n_pieces;
    nn_table pairs;                 /* left and right token; the value is the count */
    Places *places;                 /* of each pair */
    size_t places_room;
    Frequent *heap;
    size_t n_heap, heap_room;
    size_t *grown;                  /* pairs whose count has grown in this merge */
    size_t n_grown, grown_room;
} Learner;

static bool before(const Frequent *a, const Frequent *b) {
    if (a->count != b->count) return a->count > b->count;
    return a->left != b->left ? a->left < b->left : a->right < b->right;
}

/* Room for one more element; the list may move. */
static bool room_for(void **list, size_t count, size_t *room, size_t size) {
    if (count < *room) return true;
    size_t more = *room ? 2 * *room : 4;
    void *moved = realloc(*list, more * size);
    if (!moved) return false;
    *list = moved;
    *room = more;
    return true;
}

static bool push(Learner *l, size_t pair) {
    int64_t count = l->places[pair].listed = l->pairs.entry[pair].value;
    int32_t token[2];
    if (count < 2) return true;
    if (!room_for((void **)&l->heap, l->n_heap, &l->heap_room, sizeof *l->heap)) return false;
    memcpy(token, nn_table_key(&l->pairs, pair), sizeof token);
    Frequent new = { count, token[0], token[1], pair };
    size_t i = l->n_heap++;
    for (; i && before(&new, &l->heap[(i - 1) / 2]); i = (i - 1) / 2) l->heap[i] = l->heap[(i - 1) / 2];
    l->heap[i] = new;
    return true;
}

static Frequent pop(Learner *l) {
    Frequent top = l->heap[0], last = l->heap[--l->n_heap];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < l->n_heap; i = child) {
        if (child + 1 < l->n_heap && before(&l->heap[child + 1], &l->heap[child])) child++;
        if (!before(&l->heap[child], &last)) break;
        l->heap[i] = l->heap[child];
    }
    l->heap[i] = last;
    return top;
}

/* Counts two neighbours of a piece, for or against; gives the pair, or -1. */
static int64_t count_pair(Learner *l, const int32_t *token, int64_t by) {
    size_t known = l->pairs.count, room = l->places_room;
    int64_t pair = nn_table_add(&l->pairs, token, 2 * sizeof *token);
    if (pair < 0 || !room_for((void **)&l->places, known, &l->places_room, sizeof *l->places)) return -1;
    if (l->places_room > room) memset(l->places + room, 0, (l->places_room - room) * sizeof *l->places);
    l->pairs.entry[pair].value += by;
    return pair;
}

/* The same for neighbours that the piece did not have before. */
static bool new_pair(Learner *l, const int32_t *token, uint32_t piece, int64_t count) {
    int64_t pair = count_pair(l, token, count);
    if (pair < 0 || !room_for((void **)&l->grown, l->n_grown, &l->grown_room, sizeof *l->grown)) return false;
    l->grown[l->n_grown++] = (size_t)pair;
    Places *p = &l->places[pair];
    if (p->count && p->piece[p->count - 1] == piece) return true;
    if (!room_for((void **)&p->piece, p->count, &p->room, sizeof *p->piece)) return false;
    p->piece[p->count++] = piece;
    return true;
}

static bool push_grown(Learner *l) {
    bool good = true;
    for (size_t i = 0; good && i < l->n_grown; i++) {
        size_t pair = l->grown[i];
        if (l->pairs.entry[pair].value > l->places[pair].listed) good = push(l, pair);
    }
    l->n_grown = 0;
    return good;
}

static bool begin(Learner *l, const nn_table *pieces) {
    uint32_t code;
    if (!(l->piece = calloc(pieces->count + 1, sizeof *l->piece))) return false;
    for (size_t e = 0; e < pieces->count; e++) {
        const char *at = nn_table_key(pieces, e), *end = at + pieces->entry[e].length;
        Piece *p = &l->piece[l->n_pieces++];
        p->count = pieces->entry[e].value;
        if (!(p->token = malloc((pieces->entry[e].length + 1) * sizeof *p->token))) return false;
        for (size_t n; at < end; at += n) {
            n = nn_utf8(at, end, &code);
            p->token[p->length++] = (int32_t)nn_table_find(&l->v->tokens, at, n) + NN_SPECIAL;
        }
        for (uint32_t i = 0; i + 1 < p->length; i++) if (!new_pair(l, p->token + i, (uint32_t)e, p->count)) return false;
    }
    return push_grown(l);
}

/* Merges the pair in one piece. Only the pairs beside it change. */
static bool merge_in(Learner *l, uint32_t number, const int32_t *pair, int32_t token) {
    Piece *p = &l->piece[number];
    uint32_t k = 0, n = p->length;
    bool there = false;
    for (uint32_t i = 0; i + 1 < n; i++) there |= p->token[i] == pair[0] && p->token[i + 1] == pair[1];
    if (!there) return true;                                    /* an earlier merge has taken it */
    for (uint32_t i = 0; i + 1 < n; i++) if (count_pair(l, p->token + i, -p->count) < 0) return false;
    for (uint32_t i = 0; i < n; k++) {
        bool both = i + 1 < n && p->token[i] == pair[0] && p->token[i + 1] == pair[1];
        p->token[k] = both ? token : p->token[i];
        i += both ? 2 : 1;
    }
    p->length = k;
    for (uint32_t i = 0; i + 1 < k; i++) {
        bool new = p->token[i] == token || p->token[i + 1] == token;
        if (new ? !new_pair(l, p->token + i, number, p->count) : count_pair(l, p->token + i, p->count) < 0) return false;
    }
    return true;
}

static bool merge(Learner *l, const Frequent *top) {
    size_t n, m;
    int32_t pair[2] = { top->left, top->right };
    const char *left = nn_vocabulary_text(l->v, pair[0], &n), *right = nn_vocabulary_text(l->v, pair[1], &m);
    char *joined = malloc(n + m);
    if (!joined) return false;
    memcpy(joined, left, n);
    memcpy(joined + n, right, m);
    int64_t token = nn_table_add(&l->v->tokens, joined, n + m), rank = nn_table_add(&l->v->merges, pair, sizeof pair);
    free(joined);
    if (token < 0 || rank < 0) return false;
    l->v->merges.entry[rank].value = token += NN_SPECIAL;
    /* The list may move and grow while it is gone through. */
    for (size_t i = 0, count = l->places[top->pair].count; i < count; i++)
        if (!merge_in(l, l->places[top->pair].piece[i], pair, (int32_t)token)) return false;
    return push_grown(l);
}

bool nn_subwords_learn(nn_vocabulary *v, const nn_table *pieces, size_t most, nn_failure *f) {
    Learner l = { .v = v };
    bool good = begin(&l, pieces);
    while (good && l.n_heap && nn_vocabulary_size(v) < most) {
        Frequent top = pop(&l);
        if (top.count != l.places[top.pair].listed) continue;                   /* it is there again, with another count */
        good = top.count == l.pairs.entry[top.pair].value ? merge(&l, &top) : push(&l, top.pair);
    }
    for (size_t i = 0; i < l.n_pieces; i++) free(l.piece[i].token);
    for (size_t i = 0; i < l.places_room; i++) free(l.places[i].piece);
    free(l.piece);
    free(l.places);
    free(l.heap);
    free(l.grown);
    nn_table_free(&l.pairs);
    return good || nn_fail_memory(f, "vocabulary", pieces->used);
}
