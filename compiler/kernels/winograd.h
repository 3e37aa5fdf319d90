/* Winograd's form: what its two kinds of kernels share. The theory stands in winograd.c. */
#ifndef NNC_WINOGRAD_H
#define NNC_WINOGRAD_H
#include "tile.h"

/* So many rows of results (or of their gradients) from so many sums. Row 0 of `input` is the sum for the point 0, the last that for
 * infinity; those for a pair of points +p and -p are the sum and the difference of what a row has of the x at even and at odd places.
 * The product for a point counts one `scale`-th. */
enum { FILTER = 3, MOST_ROWS = 6, MOST_POINTS = 4 };
typedef struct { int results, sums; double input[MOST_POINTS][MOST_ROWS], point[MOST_POINTS], scale[MOST_POINTS]; } Form;
const Form *form_for(int64_t rows);                             /* that whose tiles cover them, or NULL */

/* All add values to the nest that others of it read. */
void input_sums(const Form *f, Nest *nest, const Expr *const *x, const Expr **sums);            /* of f->sums rows */
void gradient_sums(const Form *f, Nest *nest, const Expr *const *d, const Expr **sums);         /* of f->results rows, at the points */
void results_of_products(const Form *f, Nest *nest, const Expr *const *m, int n, const Expr **results);         /* so many rows of them */
const Expr *filter_sum(const Form *f, const Expr *const *filter, int s);        /* at the s-th point, scaled */
const Expr *scaled(const Form *f, const Expr *m, int s);        /* the s-th product, where nothing was scaled before */

/* Nests of a tile. */
Nest *nest_over(const Index *const *index, int n);              /* those of them that are not NULL */
const Expr *named(Nest *nest, const char *name, const Expr *body);
void add_store_of(Nest *nest, const Tensor *t, const Expr *const *subs, int n, const Expr *body);
const Expr *element(const Tensor *t, const Expr *const *subs, int n);           /* a last subscript of NULL is none */
Tensor *tile_tensor(const char *name, const int64_t *extents, int n, int channel);      /* with room between channels */
const Index *over(const char *name, int64_t extent);
const Index *own_index(const Index *i);
void sum_up(Nest *nest, const Index *const *bound, int n);      /* its one member is a sum over these */
double sum_cycles(const Nest *nest);                            /* of its sum alone */
/* The members of a nest once more, at other values of its indices: its sum is `result` there. */
void add_results(Nest *nest, const Nest *of, const Expr *result, const Index *const *from, const Expr *const *to, int n);

/* What is a window. */
bool is_lone_product(const Group *g, int n_bound);              /* one nest: a sum of products over so many indices, and maps */
bool is_bound(const Member *sum, const Index *i);
/* The start of a subscript that moves by ones with `at`, and with u and v (either may be NULL); false: with something else too. */
bool starts_at(int64_t *start, const Expr *sub, const Index *at, const Index *u, const Index *v);

/* The group in Winograd's form, or NULL: it has no such window, or loses by it. */
typedef LIST(const struct WindowPlan *) WindowPlans;
Group *windows_in_form(Groups *result, WindowPlans *known, const Group *g);     /* winograd_windows.c; what it needs before goes to result */
Group *filters_in_form(const Group *g);                         /* winograd_filters.c */
#endif
