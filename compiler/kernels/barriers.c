/* Phases: which kernels of a schedule run between which barriers, when threads share them.
 *
 *     x = 2*a        phase 0       parallel: every thread has some of its parts
 *     y = 3*a        phase 0       parallel, and touches nothing that x does but to read it
 *     ---- barrier
 *     z = sum(x)     phase 1       needs what all threads have written of x
 *     l = z + 1      phase 1       small, as z is: the same thread runs both, one after the other (the same turn)
 *
 * A phase is a run of consecutive kernels. Two of them touch the same tensor, where one writes it, only if one thread runs
 * both in their order: then they have the same turn, and are small, or a barrier would cost nothing beside them. Turns of a
 * phase are numbered from 0, and threads share them out. Kernels are parallel where they can be cut and there is enough to do.
 *
 * A schedule without any parallel kernel is not shared: all its kernels run on the caller, each a phase of its own, so that
 * values in between share bytes as closely as they can. */
#include "group.h"

typedef struct { const Tensor *tensor; int kernel; bool writes; } Touch;
typedef LIST(Touch) Touches;

static void find_written(Node *n, void *data) {
    Tensors *written = data;
    const Tensor *t = n->gemm ? n->gemm->c : n->kind == NODE_ASSIGN ? n->tensor : NULL;
    for (int k = 0; t && k < written->n; k++)
        if (written->at[k] == t) t = NULL;
    if (t) PUSH(*written, (Tensor *)t);
}

/* What a kernel touches that lives in memory, by its actual name. */
static Touches touches_of(const Schedule *s, int number) {
    const Kernel *k = s->kernels.at[number];
    Tensors written = {0};
    Touches list = {0};
    walk(&k->body, find_written, &written);
    for (int a = 0; a < k->actuals.n; a++) {
        Touch t = {.tensor = home_of(s, k->actuals.at[a]), .kernel = number};
        for (int w = 0; w < written.n; w++)
            t.writes |= written.at[w] == k->arguments.at[a];
        if (t.tensor && t.tensor->role != ROLE_SCALAR && t.tensor->role != ROLE_LENGTH && t.tensor->role != ROLE_HYPER) PUSH(list, t);
    }
    return list;
}

/* The kernels before k, of those that `now` knows, that k must not run at the same time as. */
static Numbers conflicts_of(const Map *now, const Touches *touches) {
    Numbers list = {0};
    for (int t = 0; t < touches->n; t++) {
        const Touches *others = map_get(now, touches->at[t].tensor);
        for (int o = 0; others && o < others->n; o++)
            if (others->at[o].writes || touches->at[t].writes) PUSH(list, others->at[o].kernel);
    }
    return list;
}

static void remember(Map *now, const Touches *touches) {
    for (int t = 0; t < touches->n; t++) {
        Touches *others = map_get(now, touches->at[t].tensor);
        if (!others) {
            others = NEW(Touches);
            map_put(now, touches->at[t].tensor, others);
        }
        PUSH(*others, touches->at[t]);
    }
}

static double work_of(const Kernel *k) { return k->flops + k->bytes; }

/* Whether one thread may run both kernels without a barrier between them. */
static bool may_follow(const Kernel *a, const Kernel *b, double heavy) {
    return !a->parallel && !b->parallel && work_of(a) < heavy && work_of(b) < heavy;
}

/* Numbers the turns of the phase that begins at kernel `from` by their first kernels. */
static void number_turns(Schedule *s, int from, int to) {
    int turns = 0;
    for (int k = from; k < to; k++) {
        const int old = s->kernels.at[k]->turn;
        if (s->kernels.at[k]->parallel || old < from) continue;        /* numbered with an earlier one */
        for (int other = k; other < to; other++)
            if (!s->kernels.at[other]->parallel && s->kernels.at[other]->turn == old) s->kernels.at[other]->turn = turns - to;
        turns++;
    }
    for (int k = from; k < to; k++)
        if (!s->kernels.at[k]->parallel) s->kernels.at[k]->turn += to;
}

void find_phases(Schedule *s, double share_from) {
    Map now = {0};
    int start = 0;
    for (int k = 0; k < s->kernels.n; k++) {
        Kernel *kernel = s->kernels.at[k];
        kernel->phase = kernel->turn = k;
        kernel->parallel = share_from > 0 && work_of(kernel) >= share_from && may_be_cut(kernel);
        s->parallel |= kernel->parallel;
    }
    s->phases = s->kernels.n;
    if (!s->parallel) return;
    for (int k = 0, phase = 0; k < s->kernels.n; k++) {
        Kernel *kernel = s->kernels.at[k];
        Touches touches = touches_of(s, k);
        Numbers conflicts = conflicts_of(&now, &touches);
        bool follows = true;
        for (int c = 0; c < conflicts.n; c++)
            follows &= may_follow(s->kernels.at[conflicts.at[c]], kernel, share_from);
        if (!follows) {
            number_turns(s, start, k);
            phase++;
            start = k;
            now = (Map){0};
        }
        for (int c = 0; c < conflicts.n && follows; c++) {
            const int joined = s->kernels.at[conflicts.at[c]]->turn;
            for (int other = start; other < k; other++)
                if (s->kernels.at[other]->turn == joined) s->kernels.at[other]->turn = kernel->turn;
        }
        kernel->phase = phase;
        remember(&now, &touches);
        s->phases = phase + 1;
    }
    number_turns(s, start, s->kernels.n);
}

/* The rule of phases, checked on its own terms. */
bool phases_check(const Schedule *s) {
    Map now = {0};
    int phase = 0;
    for (int k = 0; k < s->kernels.n; k++) {
        const Kernel *kernel = s->kernels.at[k];
        Touches touches = touches_of(s, k);
        if (kernel->phase != phase) now = (Map){0};
        if (kernel->phase < phase || kernel->phase > phase + 1) return false;
        phase = kernel->phase;
        Numbers conflicts = conflicts_of(&now, &touches);
        for (int c = 0; c < conflicts.n; c++) {
            const Kernel *other = s->kernels.at[conflicts.at[c]];
            if (kernel->parallel || other->parallel || other->turn != kernel->turn) return false;
        }
        remember(&now, &touches);
    }
    return true;
}
