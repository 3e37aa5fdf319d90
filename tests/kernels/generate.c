/* Random models for the kernels: `generate SEED` prints one, called netSEED, a function of the seed.
 *
 * Each seed has its kind of layer, by turns, so that any run of seeds meets all kinds; the shapes are drawn, many of them odd, and
 * drawn again while a sample would cost too much. What is behind the layer (an activation, another layer, the loss) is drawn too.
 *
 *     model net7 {
 *         input x[3, 9, 8]
 *         y = x |> conv2d(5, 3, stride=2, pad=1, k2=2, stride2=1, pad2=1) |> tanh
 *         output y;  loss mean((y - 0.5)^2);  optimizer sgd(lr=0.25, momentum=0.5);  train batch=20
 *     }                                                                                                                  */
#include <stdbool.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_COST = 40000, MOST_CELLS = 1500 };

static uint64_t state;
static uint64_t next_random(void) {
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}
static int pick(int low, int high) { return low + (int)(next_random() % (uint64_t)(high - low + 1)); }
static bool chance(int percent) { return pick(1, 100) <= percent; }
static const char *one_of(const char *const *list, int n) { return list[pick(0, n - 1)]; }
#define ONE_OF(...) one_of((const char *const[]){ __VA_ARGS__ }, (int)(sizeof (const char *const[]){ __VA_ARGS__ } / sizeof(char *)))
static const char *activation(void) { return ONE_OF("tanh", "relu", "sigmoid", "gelu", "silu", "relu"); }
static int width(void) {
    static const int wide[] = { 15, 16, 17, 24, 32, 33 };
    return chance(25) ? wide[pick(0, 5)] : pick(1, 13);
}

/* The model so far: its text, the name and shape of the last tensor, and what a sample costs. */
static char body[8192];
static size_t length;
static char last[40];
static int rank, dim[4], names, batch;
static long cost;

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    length += (size_t)vsnprintf(body + length, sizeof body - length, format, arguments);
    va_end(arguments);
}
static int cells(void) {
    int n = 1;
    for (int d = 0; d < rank; d++) n *= dim[d];
    return n;
}
static void shape(int r, int a, int b, int c, int d) { rank = r, dim[0] = a, dim[1] = b, dim[2] = c, dim[3] = d; }
static void input(const char *type) {
    snprintf(last, sizeof last, "x");
    say("    input x");
    for (int d = 0; d < rank; d++) say("%s%d", d ? ", " : "[", dim[d]);
    say("%s%s\n", rank ? "]" : "", type);
}
/* A line "    aN = " for the next tensor; the layer's text follows. */
static const char *name(void) {
    static char made[40];
    snprintf(made, sizeof made, "a%d", ++names);
    return made;
}
static void is_now(const char *made) { snprintf(last, sizeof last, "%s", made); }
static void maybe_activation(void) {
    if (chance(60)) say(" |> %s", activation());
    say("\n");
}

/* --- windows --- */

typedef enum { CONV, POOL, SPREAD } Mode;
typedef struct { int out[3]; long k; char text[240]; } Window;

/* The options of a window over the last `axes` axes, and what it leaves; false: it does not fit. */
static bool window(Window *w, int axes, Mode mode) {
    bool alike = chance(50), dilated = mode != POOL && chance(30), padded = chance(60), strided = chance(55), ceiled = mode == POOL && chance(20);
    int k = 0, stride = 0, pad = 0, dilation = 0;
    char *to = w->text;
    w->k = 1;
    for (int d = 0; d < axes; d++) {
        int in = dim[rank - axes + d];
        if (d == 0 || !alike) {
            k = pick(1, axes == 3 ? 3 : 5);
            stride = strided ? pick(1, 3) : 1;
            dilation = dilated ? pick(1, 3) : 1;
            int most = mode == POOL ? k / 2 : dilation * (k - 1);
            pad = padded && most > 0 ? pick(0, most > 3 ? 3 : most) : 0;
        }
        int span = dilation * (k - 1) + 1, reach = in + 2 * pad - span;
        if (mode == SPREAD) w->out[d] = (in - 1) * stride - 2 * pad + span;
        else if (reach < 0) return false;
        else {
            w->out[d] = (ceiled ? (reach + stride - 1) / stride : reach / stride) + 1;
            if (ceiled && (w->out[d] - 1) * stride >= in + pad) w->out[d]--;
        }
        if (w->out[d] < 1) return false;
        w->k *= k;
        if (d == 0) to += sprintf(to, "%d, stride=%d, pad=%d", k, stride, pad);
        else to += sprintf(to, ", k%d=%d, stride%d=%d, pad%d=%d", d + 1, k, d + 1, stride, d + 1, pad);
        if (mode != POOL && d == 0) to += sprintf(to, ", dilation=%d", dilation);
        else if (mode != POOL) to += sprintf(to, ", dilation%d=%d", d + 1, dilation);
    }
    if (ceiled) sprintf(to, ", ceil=true");
    return true;
}
static void leave(const Window *w, int axes, int channels) {
    dim[0] = channels;
    for (int d = 0; d < axes; d++) dim[rank - axes + d] = w->out[d];
}
static bool convolution(int axes, Mode mode, bool grouped) {
    Window w;
    if (!window(&w, axes, mode)) return false;
    int in = dim[0], groups = 1, out = width();
    if (grouped) {
        for (int k = pick(0, 3); groups == 1 || k > 0; k--) {
            groups = pick(1, in);
            while (in % groups) groups--;
            if (in == 1) break;
        }
        out = groups * pick(1, 3);
    }
    const char *made = name();
    long before = cells();
    say("    %s = %s |> %s%dd(%d, %s", made, last, mode == SPREAD ? "conv_transpose" : "conv", axes, out, w.text);
    if (groups > 1) say(", groups=%d", groups);
    if (mode == CONV && chance(15)) say(", at=%s", ONE_OF("replicate", "circular"));
    if (chance(15)) say(", bias=false");
    say(")");
    maybe_activation();
    leave(&w, axes, out);
    cost += (mode == SPREAD ? before * out : cells() * (long)in) * w.k / groups;
    is_now(made);
    return true;
}
static bool pool(int axes) {
    Window w;
    if (!window(&w, axes, POOL)) return false;
    const char *made = name();
    bool mean = chance(40);
    say("    %s = %s |> %spool%dd(%s%s)\n", made, last, mean ? "avg" : "max", axes, w.text, mean && chance(40) ? ", count_pad=false" : "");
    leave(&w, axes, dim[0]);
    cost += cells() * w.k;
    is_now(made);
    return true;
}
static void image(int axes) {
    if (axes == 1) shape(2, width(), pick(4, 40), 0, 0);
    else if (axes == 2) shape(3, pick(1, 6), pick(3, 13), pick(3, 13), 0);
    else shape(4, pick(1, 4), pick(2, 6), pick(2, 6), pick(2, 6));
    bool bytes = chance(12);
    input(bytes ? " : byte" : "");
    if (bytes) say("    a0 = x/255\n"), is_now("a0");
}

/* --- features --- */

static void linear(void) {
    const char *made = name();
    int out = width(), in = dim[rank - 1];
    say("    %s = %s |> linear(%d%s)", made, last, out, chance(15) ? ", bias=false" : "");
    maybe_activation();
    dim[rank - 1] = out;
    cost += cells() * (long)in;
    is_now(made);
}
static void flatten(void) {
    if (rank == 1) return;
    const char *made = name();
    say("    %s = %s |> flatten\n", made, last);
    shape(1, cells(), 0, 0, 0);
    is_now(made);
}
static void layer(const char *text) {
    const char *made = name();
    say("    %s = %s |> %s", made, last, text);
    maybe_activation();
    is_now(made);
}

/* A contraction of two tensors over indices of their own: c[free] = sum(bound) a[..]*b[..], the indices in any order. */
static void contraction(void) {
    static const char letters[] = "ijklm";
    int extent[5], n = pick(3, 5), in_a[5], in_b[5], free[5], n_a = 0, n_b = 0, n_free = 0, n_bound = 0;
    bool second_is_param = chance(50);
    for (int d = 0; d < n; d++) extent[d] = chance(20) ? width() : pick(1, 8);
    for (int d = 0; d < n; d++) {
        int part = d == 0 ? 0 : d == 1 ? 1 : d == 2 ? 2 : pick(0, 3);       /* a and free, b and free, both and bound, both and free */
        if (part != 1) in_a[n_a++] = d;
        if (part != 0) in_b[n_b++] = d;
        if (part != 2) free[n_free++] = d;
        else n_bound++;
    }
    int *lists[] = { in_a, in_b, free }, counts[] = { n_a, n_b, n_free };
    for (int l = 0; l < 3; l++)
        for (int k = counts[l] - 1; k > 0; k--) {
            int other = pick(0, k), was = lists[l][k];
            lists[l][k] = lists[l][other], lists[l][other] = was;
        }
    for (int l = 0; l < 2; l++) {
        say(l ? second_is_param ? "    param p[" : "    input z[" : "    input x[");
        for (int k = 0; k < counts[l]; k++) say("%s%d", k ? ", " : "", extent[lists[l][k]]);
        say("]%s\n", l && second_is_param ? " = uniform(0.5)" : "");
    }
    say("    param q[%d] = 1\n    a1[", extent[in_a[0]]);
    for (int k = 0; k < n_free; k++) say("%s%c", k ? ", " : "", letters[free[k]]);
    say("] = sum(");
    bool first = true;
    for (int d = 0; d < n; d++) {
        bool is_free = false;
        for (int k = 0; k < n_free; k++) is_free = is_free || free[k] == d;
        if (!is_free) say("%s%c", first ? "" : ", ", letters[d]), first = false;
    }
    say(") q[%c]*x[", letters[in_a[0]]);
    for (int k = 0; k < n_a; k++) say("%s%c", k ? ", " : "", letters[in_a[k]]);
    say("]*%s[", second_is_param ? "p" : "z");
    for (int k = 0; k < n_b; k++) say("%s%c", k ? ", " : "", letters[in_b[k]]);
    say("]\n");
    cost = 1;
    for (int d = 0; d < n; d++) cost *= extent[d];
    names = 1;
    rank = n_free > 4 ? 4 : n_free;
    if (n_free > 4) cost = MOST_COST + 1;
    for (int k = 0; k < rank; k++) dim[k] = extent[free[k]];
    is_now("a1");
}

static void attention(void) {
    int t = pick(1, 9), s = pick(1, 9), h = pick(1, 4), d = pick(1, 8), e = pick(1, 8);
    bool causal = chance(50);
    /* Long ones go by tiles of their rows: 70 and 128 have more than one. They may cost more. */
    const bool far = chance(60);
    const long share = far ? 32 : 1;
    if (far) t = chance(50) ? pick(16, 40) : chance(50) ? 70 : 128, s = causal || chance(50) ? t : pick(16, 40), h = pick(1, 2);
    if (chance(30)) {
        say("    input x[%d, %d, %d], k[%d, %d, %d], v[%d, %d, %d]\n    param scale[%d] = 1\n", h, t, d, h, s, d, h, s, e, h);
        say("    turned[h, i, d] = scale[h]*x[h, i, d]; a1, weights = attend(turned, k, v, causal=%s)\n", causal ? "true" : "false");
        shape(3, h, t, e, 0);
        cost = (long)t * h * s * (d + e) / share;
    } else if (chance(50)) {
        shape(2, t, h * d, 0, 0);
        input("");
        say("    a1 = x |> self_attention(%d%s)\n", h, causal ? ", causal=true" : "");
        cost = (4L * t * h * d * h * d + 2L * t * t * h * d) / share;
    } else {
        say("    input x[%d, %d, %d], k[%d, %d, %d], v[%d, %d, %d]\n    param scale[%d] = 1\n", t, h, d, s, h, d, s, h, e, h);
        say("    score[i, h, j] = scale[h] * sum(d) x[i, h, d]*k[j, h, d]\n");
        if (chance(50)) say("    a1[i, h, e] = sum(j) score[i, h, j]*v[j, h, e]\n");
        else say("    weight[i, h, _] = softmax(score[i, h, _])\n    a1[i, h, e] = sum(j) weight[i, h, j]*v[j, h, e]\n");
        shape(3, t, h, e, 0);
        cost = (long)t * h * s * (d + e) / share;
    }
    names = 1;
    is_now("a1");
}

static void recurrent(void) {
    int t = pick(1, 7), i = pick(1, 9), hidden = width();
    const char *cell = ONE_OF("rnn", "lstm", "gru");
    shape(2, t, i, 0, 0);
    input("");
    say("    a1 = x |> %s(%d)\n", cell, hidden);
    shape(2, t, hidden, 0, 0);
    cost = (long)t * hidden * (i + hidden) * (*cell == 'l' ? 4 : *cell == 'g' ? 3 : 1);
    names = 1;
    is_now("a1");
}

static void embedding(void) {
    int l = pick(1, 12), vocabulary = pick(2, 20), wide = width();
    say("    input x[%d] : class[%d]\n    a1 = x |> embedding(%d, %d)\n", l, vocabulary, vocabulary, wide);
    shape(2, l, wide, 0, 0);
    names = 1;
    is_now("a1");
}

/* Rows of a length that products of matrices go by: of places one after the other, of a recurrence over what a table gives. */
static void sequence(void) {
    static const int wide[] = { 32, 48, 64, 96 };
    shape(2, pick(5, 14), wide[pick(0, 3)], 0, 0);
    input("");
    int out = wide[pick(0, 3)];
    cost = (long)cells() * out;
    say("    a1 = x |> linear(%d)%s\n", out, chance(50) ? " |> gelu" : "");
    dim[1] = out;
    names = 1;
    is_now("a1");
    if (chance(40)) linear();
}
static void tokens(void) {
    int l = pick(2, 6), vocabulary = pick(2, 20), wide = pick(16, 40), hidden = pick(16, 40);
    const char *cell = ONE_OF("rnn", "lstm", "gru");
    say("    input x[%d] : class[%d]\n    a1 = x |> ", l, vocabulary);
    if (chance(60)) say("embedding(%d, %d)", vocabulary, wide);
    else say("one_hot(%d)", vocabulary);
    say(" |> %s(%d)\n", cell, hidden);
    shape(2, l, hidden, 0, 0);
    cost = 4L * l * hidden * (wide + hidden) / 2;
    names = 1;
    is_now("a1");
}

/* Windows written by hand: subscripts that no layer of the library has. */
static void by_hand(void) {
    int c = pick(1, 6), w = pick(6, 24), o = pick(1, 9), k = pick(1, 4), s = pick(1, 3), r = pick(1, 2);
    int n = (w - r * (k - 1) - 1) / s + 1;
    shape(2, c, w, 0, 0);
    input("");
    switch (pick(0, 4)) {
    case 0:
        say("    param f[%d, %d, %d] = uniform(0.5)\n    a1[o, i < %d] = sum(c, u) f[o, c, u]*x[c, %d*i + %d*u]\n", o, c, k, n, s, r);
        shape(2, o, n, 0, 0);
        break;
    case 1:
        say("    param f[%d, %d] = uniform(0.5)\n    a1[c, i < %d] = sum(u) f[c, u]*x[c, %d - %d*i - u else 0.5]\n", c, k, n, w - 1, s);
        shape(2, c, n, 0, 0);
        break;
    case 2:
        say("    param f[%d, %d] = uniform(0.5)\n    a1[i < %d, c, o] = max(u < %d) x[c, %d*i + u else 0]*f[o, c]\n", o, c, n, k + 1, s);
        shape(3, n, c, o, 0);
        break;
    case 3:
        say("    param f[%d, %d] = uniform(0.5)\n    a1[o < %d, i] = sum(c) x[c, i]*f[c, (o + i) %% %d]\n", c, o, o, o);
        shape(2, o, w, 0, 0);
        break;
    default:
        say("    param f[%d, %d] = uniform(0.5)\n    a1[o, i < %d] = sum(c, j <= i) x[c, j]*f[o, c]*0.25\n", o, c, w);
        shape(2, o, w, 0, 0);
        break;
    }
    names = 2;
    is_now("a1");
    cost = (long)cells() * c * (w > k ? w : k);
}

/* Windows of three by three over many channels, which take fewer products where rows are even: in blocks of samples, or along rows of
 * 16 and more. They may cost more. */
static void many_channels(void) {
    const bool rows = batch < 16;
    int in = pick(3, 6) * (rows ? 6 : 8), out = rows ? pick(16, 32) : pick(24, 48), pad = pick(0, 2);
    int wide = rows ? pick(1, 2) * 16 + 2 - 2 * pad : pick(4, 12), high = pick(2, 4) * 2 + chance(15);
    shape(3, in, high, wide, 0);
    say("    input x[%d, %d, %d]\n    param scale[%d] = 1\n    a1[c, i, j] = scale[c]*x[c, i, j]\n", in, high, wide, in);
    say("    a2 = a1 |> conv2d(%d, 3, pad=%d%s)", out, pad, chance(30) ? ", bias=false" : "");
    maybe_activation();
    shape(3, out, high + 2 * pad - 2, wide + 2 * pad - 2, 0);
    say("    a3 = a2 |> avgpool2d(2)\n");
    shape(3, out, dim[1] / 2, dim[2] / 2, 0);
    names = 3;
    is_now("a3");
}

static const char *text(const char *format, int a) {
    static char made[80];
    snprintf(made, sizeof made, format, a, a);
    return made;
}

static bool kind(int which) {
    int axes = pick(1, 3);
    switch (which) {
    case 0: image(2); return convolution(2, CONV, false);
    case 1: image(1); return convolution(1, CONV, false);
    case 2: image(3); return convolution(3, CONV, false);
    case 3: axes = pick(1, 2); image(axes); return convolution(axes, CONV, true);
    case 4: image(axes); return convolution(axes, SPREAD, chance(30));
    case 5: image(axes); return pool(axes);
    case 6: image(2); return convolution(2, CONV, false) && pool(2);
    case 7: shape(1, width(), 0, 0, 0); input(""); linear(); linear(); if (chance(50)) linear(); return true;
    case 8: shape(pick(2, 3), pick(1, 6), width(), pick(1, 6), 0); input(""); linear(); if (chance(50)) linear(); return true;
    case 9: contraction(); return true;
    case 10: attention(); return true;
    case 11: shape(pick(1, 2), width(), width(), 0, 0); input(""); linear(); layer(ONE_OF("layernorm", "rmsnorm", "layernorm_all", "softmax", "log_softmax")); return true;
    case 12: image(2); if (!convolution(2, CONV, false)) return false; layer(ONE_OF("batchnorm", "instancenorm", "batchnorm", "local_response_norm(3)")); return true;
    case 13: embedding(); if (chance(70)) linear(); return true;
    case 14: recurrent(); return true;
    case 15: image(2); return convolution(2, CONV, false) && (chance(50) ? pool(2) : true) && convolution(2, CONV, chance(30));
    case 16: by_hand(); return true;
    case 17: image(2); layer(ONE_OF("unfold(2, stride=1, pad=1)", "pad2d(1, 2)", "adaptive_avgpool2d(2)", "adaptive_maxpool2d(2, 3)", "global_avgpool", "global_maxpool", "upsample2d(2)")); cost = MOST_CELLS; rank = 0; return true;
    case 18: shape(1, width(), 0, 0, 0); input(""); linear(); layer("batchnorm"); linear(); return true;
    case 19: sequence(); return true;
    case 20: tokens(); return true;
    case 21: many_channels(); return true;
    default: axes = pick(1, 2); image(axes); if (!convolution(axes, CONV, false)) return false;
        if (dim[0] % 2) return false;
        layer(text("groupnorm(%d)", dim[0] / 2)); return true;
    }
}
enum { KINDS = 23 };

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    long seed = strtol(argv[1], NULL, 10);
    state = (uint64_t)seed;
    static const int batches[] = { 16, 20, 5, 37, 1, 33, 16, 20 };
    batch = batches[pick(0, 7)];
    do length = 0, names = 0, cost = 0;
    while (!kind((int)(seed % KINDS)) || cost > MOST_COST || (rank && cells() > MOST_CELLS));
    if (rank == 0) {                                            /* the shape is the compiler's to know */
        int classes = pick(2, 12);
        say("    logits = %s |> flatten |> linear(%d)\n    output %s\n    loss mean((logits - 0.25)^2)\n", last, classes, last);
    } else if (chance(40)) {
        flatten();
        say("    target t : class[%d]\n    logits = %s |> linear(%d)\n", dim[0] % 10 + 2, last, dim[0] % 10 + 2);
        say("    output softmax(logits)\n    loss cross_entropy(logits, t)\n");
    } else if (chance(50)) {
        flatten();
        linear();
        say("    target t[%d]\n    output %s\n    loss mse(%s, t)\n", dim[0], last, last);
    } else {
        say("    output %s\n    loss mean((%s - 0.25)^2)\n", last, last);
    }
    printf("model net%ld {\n%s    optimizer sgd(lr=0.25, momentum=0.5)\n    train batch=%d\n}\n", seed, body, batch);
    return 0;
}
