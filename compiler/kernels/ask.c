/* Lines ahead: the memory that tiles ask for before they need it.
 *
 * A processor follows a few streams of memory by itself, line after line within a page. What a tile goes to next often lies elsewhere: rows of
 * results, channels of a picture, steps of a sum that are a row apart. So tiles ask for it while they are summed:
 *
 *     results       lines that the epilogue reads and stores                                in front of the tile
 *     windows       of the next place the corner that is new, in each channel               in front of the tile
 *     strips        numbers: in each step of the sum, the line behind those of the tile     in the step
 *                   what all tiles of a strip read: its next turn, each tile its share      in front of the tile
 *
 * Only of tensors that are large: others are in a cache still. Asking is no reading: what lies beyond the end is replaced by the last. */
#include "tile_build.h"

bool worth_asking(const Tensor *x, const Expr *const *subs, const Index *along) {
    enum { LARGE = 1 << 16 };           /* elements: more than stays in a cache from one kernel to the next */
    int64_t elements = 1, stride;
    for (int d = 0; d < x->rank; d++) elements *= x->dim[d].extent;
    return elements >= LARGE && stride_of(position(x, subs), along, &stride) && stride == 1;
}

/* Lines of a tensor at all places of the tile. */
static void add_asks(Nodes *to, const Build *b, const Tensor *x, const Expr *const *subs, int n) {
    if (!worth_asking(x, subs, b->t->lane)) return;
    const Expr **at = NEW_ARRAY(const Expr *, n);
    for (int s = 0; s < n; s++) at[s] = at_tile(b, subs[s], Add(b->lane.start, Int(LANES - 1)));
    add_ask(add_side_by_side(to, b, LOOP_REGISTER), x, at, n);
}

/* What is made of a tile's sums reads and stores memory that no one has touched for long. It comes while the tile is summed. */
static void ask_for_results(const Build *b) {
    for (int k = 0; k < b->t->nest->members.n; k++) {
        const Member *m = &b->t->nest->members.at[k];
        if (m->target) add_asks(b->body, b, m->target, m->subs, m->n_subs);
        Exprs reads = reads_of(m->body);
        for (int r = 0; r < reads.n && m->op == REDUCE_NONE; r++)
            if (!reads.at[r]->guarded) add_asks(b->body, b, reads.at[r]->tensor, reads.at[r]->arg, reads.at[r]->n);
    }
    const Nest *nest = b->t->nest;
    Nodes ahead = {0};
    for (int k = 0; k < nest->ahead.n; k++) add_asks(&ahead, b, nest->ahead.at[k]->tensor, nest->ahead.at[k]->arg, nest->ahead.at[k]->n);
    Nodes *to = ahead.n ? &add_if(b->body, nest->ahead_where)->body : NULL;
    for (int k = 0; k < ahead.n; k++) PUSH(*to, ahead.at[k]);
}

const Expr *asked_inside(const Expr *e, int64_t extent) {
    if (e->hi >= extent) e = Operate(OP_MIN, e, Int(extent - 1));
    return e->lo < 0 ? Operate(OP_MAX, e, Int(0)) : e;
}

/* A window slides: of what the next place reads, the foremost corner is new, in each channel. Channels lie far apart, and are more
 * than the streams that processors follow by themselves; so these lines are asked for one place, or one tile of places, ahead. */
static void ask_for_next(const Build *b, const Expr *read) {
    const Tile *t = b->t;
    const Index *order[12], *next = NULL, *channels[12];
    const Expr *const *subs = read->arg;
    int n = tile_order(t, order), n_channels = 0;
    for (int k = 0; k < n; k++)
        if (order[k] != t->registers[0] && order[k] != t->registers[1] && uses_index(read, order[k])) next = order[k];
    if (!next || !worth_asking(read->tensor, subs, t->lane)) return;
    const Expr **at = NEW_ARRAY(const Expr *, read->n), *ahead = Add(At(next), Int(1)), *lane = Add(b->lane.start, Int(LANES - 1));
    if (next == t->lane) lane = Add(lane, Int(LANES));
    for (int s = 0; s < read->n; s++) at[s] = subs[s];
    for (int k = 0; k < t->sum->n_bound; k++) {
        const Index *i = t->sum->bound[k];
        bool slides = false;
        for (int s = 0; s < read->n; s++) {
            int64_t slope, along = 0;
            for (int f = 0; f < n && !along; f++)
                if (uses_index(subs[s], order[f]) && !stride_of(subs[s], order[f], &along)) return;
            if (!along || !uses_index(subs[s], i)) continue;
            if (!stride_of(subs[s], i, &slope)) return;
            const Expr *foremost = Int((slope > 0) == (along > 0) ? i->extent - 1 : 0);
            at[s] = substitute(at[s], &i, &foremost, 1);
            slides = true;
        }
        if (!slides && uses_index(read, i)) channels[n_channels++] = i;
    }
    enum { FEW = 32 };                  /* a line for so many vectors that are multiplied costs nothing */
    if (volume(t->sum->bound, t->sum->n_bound) * t->factor[0] * t->factor[1] < FEW * volume(channels, n_channels)) return;
    for (int s = 0; s < read->n; s++)
        at[s] = asked_inside(substitute(at_tile(b, at[s], lane), &next, &ahead, 1), read->tensor->dim[s].extent);
    Nodes *to = add_nest(b->body, channels, n_channels);
    for (int k = 0; k < b->n_side; k++)
        if (uses_index(read, b->side[k].index)) to = &add_loop(to, b->side[k].within, NULL, NULL, LOOP_REGISTER)->body;
    add_ask(to, read->tensor, at, read->n);
}

void ask_ahead(const Build *b) {
    enum { LEAST = 32 };                /* terms of a sum, to pass the time */
    const Tile *t = b->t;
    if (t->bound || t->hoisted || t->sum->adds || volume(t->sum->bound, t->sum->n_bound) < LEAST) return;
    ask_for_results(b);
    for (int k = 0; k < t->n_sums; k++) {
        Exprs reads = reads_of(t->term[k]);
        for (int r = 0; r < reads.n; r++) ask_for_next(b, reads.at[r]);
    }
}

/* The index along which a read of a tile has its lines: the lane, or one of the registers. NULL: not worth asking for. */
static const Index *line_of(const Build *b, const Expr *read) {
    if (worth_asking(read->tensor, read->arg, b->t->lane)) return b->t->lane;
    for (int k = 0; k < b->n_side; k++)
        if (worth_asking(read->tensor, read->arg, b->side[k].index)) return b->side[k].index;
    return NULL;
}

/* Numbers of a line that a strip's tile multiplies vectors with are few, and those of the next tiles lie behind them; each step of the
 * sum has a line of its own. So each step asks for the line after. */
static void ask_for_line_after(Nodes *step, Build *b, const Expr *read, const Index *i) {
    const Expr *line = Add(cut_of(b, i)->start, Int(LANES)), **at = NEW_ARRAY(const Expr *, read->n);
    for (int s = 0; s < read->n; s++)
        at[s] = uses_index(read->arg[s], i) ? asked_inside(substitute(read->arg[s], &i, &line, 1), read->tensor->dim[s].extent) : read->arg[s];
    add_ask(step, read->tensor, at, read->n);
}

/* What all tiles of a strip read alike is new when a loop around the strip goes on by one. The tiles ask for that before, each for its
 * share of the steps of the sum. */
static void ask_for_next_turn(Nodes *to, Build *b, const Expr *read, const Index *along) {
    const Tile *t = b->t;
    const Index *step = t->sum->bound[t->hoisted], *turn = t->sum->bound[t->hoisted - 1], *from[5];
    const Expr *value[5], *tile = Int(0), *more = Int(1);
    int64_t tiles = 1;
    int n = 0, k = t->n_strips - 1;
    while (k >= 0 && uses_index(read, t->strip[k])) k--;            /* each of these tiles asks for its own */
    for (; k >= 0 && !uses_index(read, t->strip[k]); k--) {
        const Cut *cut = cut_of(b, t->strip[k]);
        tile = Add(tile, Mul(cut->number, Int(tiles)));
        tiles *= cut->tiles;
    }
    int64_t apart;
    if (tiles == 1 || !uses_index(read, turn) || !stride_of(position(read->tensor, read->arg), step, &apart) || (apart >= -LANES && apart <= LANES)) return;
    for (int c = -1; c < b->n_side; c++) {
        const Cut *cut = c < 0 ? &b->lane : &b->side[c];
        const Expr *start = cut->start;
        if (k >= 0 && cut->index == t->strip[k] && cut->tiles > 1) {
            const Expr *next = Add(cut->number, Int(1));
            start = Mul(Mod(next, Int(cut->tiles)), Int(tile_size(t, cut->index)));
            more = FloorDiv(next, Int(cut->tiles));
        }
        from[n] = cut->index;
        value[n++] = Add(start, cut->index == along ? Int(tile_size(t, along) - 1) : c < 0 ? Int(0) : At(cut->within));
        if (c >= 0 && cut->index != along && uses_index(read, cut->index)) to = &add_loop(to, cut->within, NULL, NULL, LOOP_REGISTER)->body;
    }
    const int64_t share = (step->extent + tiles - 1) / tiles;
    const Index *of = index_new(step->name, share, NULL);
    from[n] = turn, value[n++] = Operate(OP_MIN, Add(At(turn), more), Sub(index_limit(turn), Int(1)));
    from[n] = step, value[n++] = Add(Mul(tile, Int(share)), At(of));
    const Expr **at = NEW_ARRAY(const Expr *, read->n);
    for (int s = 0; s < read->n; s++) at[s] = asked_inside(substitute(read->arg[s], from, value, n), read->tensor->dim[s].extent);
    add_ask(&add_loop(to, of, NULL, NULL, LOOP_REGISTER)->body, read->tensor, at, read->n);
}

/* What a strip goes on to is asked for ahead: it lies in lines far apart, which no processor follows by itself. Each turn of `to` is
 * a step of the sum, or else a tile. */
void ask_along_strips(Nodes *to, Build *b, bool is_step) {
    const Tile *t = b->t;
    if (!t->n_strips || t->sum->n_bound != t->hoisted + 1 || t->sum->bound[t->hoisted] == t->lane) return;
    for (int k = 0; k < t->n_sums; k++) {
        Exprs reads = reads_of(t->term[k]);
        for (int r = 0; r < reads.n; r++) {
            const Index *along = line_of(b, reads.at[r]);
            bool numbers = along && along != t->lane && is_strip(t, along);
            for (int i = 0; i < b->n_side; i++)                     /* each register has a line of its own */
                numbers = numbers && (b->side[i].index == along || !uses_index(reads.at[r], b->side[i].index));
            if (numbers && is_step) ask_for_line_after(to, b, reads.at[r], along);
            if (along && !numbers && !is_step) ask_for_next_turn(to, b, reads.at[r], along);
        }
    }
}
