/* From equations to a schedule: the passes of this folder in their order.
 *
 *     numbers of the call apart -> rows of small pictures joined -> cheap maps inlined -> rows that count -> groups -> cells, digits, rows of windows,
 *     layouts, windows of fewer products, packed operands -> a tree for each group -> next values and large ones in place
 *     -> flat rows, arguments, names -> phases -> the arena -> checks */
#include "group.h"
#include <stdlib.h>

static void schedule_nest(Nodes *to, const Nest *nest, const Options *options, Notes *notes) {
    if (!options->plain && options->blas && schedule_product(to, nest)) return;
    if (options->plain) schedule_plain(to, nest);
    else if (!schedule_tile(to, nest, notes)) schedule_lanes(to, nest);
}

/* Loops over blocks stop at the last block that has a sample. */
static void stop_at_last_block(Node *n, void *data) {
    const Group *g = data;
    bool whole = n->kind == NODE_LOOP && n->index == g->block && is_integer(n->to, g->block->extent);
    if (whole) n->to = FloorDiv(Add(Read(g->samples, NULL, 0), Int(LANES - 1)), Int(LANES));
}

/* The numbers of a row are declared where they are assigned, which is once and not inside a loop of the row. */
static void declare_numbers(Nodes *row, const Group *g) {
    for (int r = 0; r < g->rows.n; r++)
        for (int k = 0; k < row->n; k++)
            if (row->at[k]->kind == NODE_ASSIGN && row->at[k]->tensor == g->rows.at[r] && g->rows.at[r]->rank == 0)
                row->at[k]->kind = NODE_DECLARE;
}

static Kernel *schedule_group(const Group *g, const Options *options) {
    Kernel *k = NEW(Kernel);
    Nodes *body = &k->body;
    if (g->note) PUSH(k->notes.lines, g->note);
    body = add_chunks(body, g->cell, g->n_cells);
    for (int n = 0; n < g->before.n; n++) {
        add_declare(body, g->before.at[n]->members.at[0].target, NULL);
        schedule_map(body, g->before.at[n]);
    }
    for (int t = 0; t < g->totals.n; t++) add_declare(body, g->totals.at[t], NULL)->zero = true;
    Nodes *cell = body;
    for (int t = 0; t < g->n_turns; t++) body = &add_loop(body, g->turn[t], NULL, NULL, LOOP_SERIAL)->body;
    if (g->outer && g->block) body = &add_loop(body, g->block, NULL, NULL, LOOP_CHUNK)->body;
    if (g->outer) {
        /* Rows touch nothing of each other; a step of a scan needs the one before, and tiles of a cell add to one sum. */
        Node *loop = add_loop(body, g->outer, NULL, NULL, g->equations.at[0]->scan || g->n_cells ? LOOP_SERIAL : LOOP_CHUNK);
        loop->down = g->down;
        body = &loop->body;
    }
    for (int r = 0; r < g->rows.n; r++)
        if (g->rows.at[r]->rank > 0) add_declare(body, g->rows.at[r], NULL);
    for (int n = 0; n < g->nests.n; n++)
        schedule_nest(body, g->nests.at[n], options, &k->notes);
    declare_numbers(body, g);
    for (int n = 0; n < g->after.n; n++)
        schedule_nest(cell, g->after.at[n], options, &k->notes);
    if (g->block) walk(&k->body, stop_at_last_block, (void *)g);
    share_recurrence(k, g);
    for (int e = 0; e < g->equations.n; e++)
        PUSH(k->equations, g->equations.at[e]);
    return k;
}

/* Nothing runs over samples: the program is for one. */
static bool is_for_one(const Program *p) {
    for (int k = 0; k < p->equations.n; k++) {
        const Equation *e = p->equations.at[k];
        for (int i = 0; i < e->n_free + e->n_bound; i++)
            if (counts_samples((i < e->n_free ? e->free[i] : e->bound[i - e->n_free])->count)) return false;
    }
    return true;
}

Schedule *schedule(const Program *p, const Options *options) {
    Schedule *s = NEW(Schedule);
    s->program = p;
    Equations equations = {0};
    for (int k = 0; k < p->equations.n; k++)
        PUSH(equations, p->equations.at[k]);
    separate_host(s, &equations);
    if (!options->plain && !options->keep) join_rows(&equations);
    inline_maps(&equations, p, options->keep);
    if (!options->plain && !options->keep) keep_rows_that_count(&equations, p);
    Groups groups = {0};
    fuse(&groups, &equations, p, options->keep);
    if (!options->plain && !options->keep && !options->blas) join_cells(&groups, p);
    const bool single = is_for_one(p);
    for (int g = 0; g < groups.n; g++)
        for (int n = 0; n < groups.at[g]->nests.n; n++) groups.at[g]->nests.at[n]->single = single;
    if (!options->plain) {
        split_digits(&groups);
        gather_rows(&groups);
        split_samples(&groups, p, options->blas, options->keep);
        if (!options->keep && !options->direct && !options->blas) transform_windows(&groups);
        split_short_digits(&groups);
        if (!options->blas) pack_operands(&groups, p, options->keep);
    }
    for (int g = 0; g < groups.n; g++)
        PUSH(s->kernels, schedule_group(groups.at[g], options));
    place_next(s);
    if (!options->plain && !options->keep) place_over(s);
    for (int k = 0; k < s->kernels.n; k++) {
        Kernel *kernel = s->kernels.at[k];
        collect_arguments(kernel);
        unique_names(kernel);
        count_work(kernel);
        Kernel *flat = options->plain ? NULL : flat_version(kernel, false);
        if (flat) s->kernels.at[k] = flat;
    }
    find_phases(s, options->share_from);
    place(s);
    if (!schedule_check(s)) abort();
    return s;
}
