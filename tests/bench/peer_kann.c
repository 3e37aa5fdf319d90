/* KANN's side of the workloads: linked with kann.c and kautodiff.c, and with OpenBLAS for its products.
 *
 *     peer_kann WORKLOAD THREADS
 *
 * What KANN has not is made of what it has. Its optimizer is RMSprop: the updates are the loops of side.h. Its convolution has
 * no bias: this is a second convolution, 1x1, of a picture of ones. It turns the kernel around, so kernels are handed in
 * turned; it leaves out rows where it should pad, so padded pictures are handed in. Its LSTM has one bias where the others have
 * two, so the cell is written out as it stands in kann.c, with two. Threads are KANN's own: each takes a part
 * of the batch. */
#include "side.h"
#include "kann.h"

enum { MOST = 32, ONES = 1, STEPS = 64, LETTERS = 65, HIDDEN = 256 };
static kann_t *net;
static kad_node_t *parameter[MOST];
static int parameters, steps, batch = 64;
static float *moment, *square;
static size_t variables;
static const char *workload;
static double loss;

static int is(const char *name) { return !strcmp(workload, name); }

static void step(void) {
    loss = (double)kann_cost(net, 0, 1);
    steps++;
    if (is("line")) sgd(net->x, net->g, moment, variables, 0.001f, 0);
    else if (is("grey")) sgd(net->x, net->g, moment, variables, 0.01f, 0.9f);
    else adam(net->x, net->g, moment, square, variables, steps);
}

static kad_node_t *keep(kad_node_t *t) { return parameter[parameters++] = t; }

static kad_node_t *dense(kad_node_t *t, int out) {
    int in = kad_len(t) / t->d[0];
    kad_node_t *product = kad_cmul(t, keep(kann_new_weight(out, in)));
    return kad_add(product, keep(kann_new_bias(out)));
}

static kad_node_t *window(kad_node_t *t, int out) {
    kad_node_t *sum = kad_conv2d(t, keep(kann_new_weight_conv2d(out, t->d[1], 5, 5)), 1, 1, 0, 0);
    kad_node_t *ones = kad_feed(4, 1, 1, sum->d[2], sum->d[3]);
    ones->ext_flag |= KANN_F_IN, ones->ext_label = ONES;
    sum = kad_add(sum, kad_conv2d(ones, keep(kann_new_weight_conv2d(out, 1, 1, 1)), 1, 1, 0, 0));
    return kad_max2d(kad_relu(sum), 2, 2, 2, 2, 0, 0);
}

static kad_node_t *image(int channels) {
    kad_node_t *t = channels ? kad_feed(4, 1, channels, 32, 32) : kad_feed(2, 1, is("line") ? 1 : 784);
    t->ext_flag |= KANN_F_IN, t->ext_label = ONES + 1;
    return t;
}

/* A gate before its function: its own rows of the LSTM's two matrices and two biases. */
static kad_node_t *gate(kad_node_t *x, kad_node_t *h) {
    kad_node_t *w = keep(kann_new_weight(HIDDEN, LETTERS)), *u = keep(kann_new_weight(HIDDEN, HIDDEN));
    return kad_add(kad_add(kad_add(kad_cmul(x, w), kad_cmul(h, u)), keep(kann_new_bias(HIDDEN))), keep(kann_new_bias(HIDDEN)));
}

static kad_node_t *lstm(kad_node_t *x) {
    kad_node_t *start[2];
    for (int k = 0; k < 2; k++) {
        start[k] = kad_const(0, 2, 1, HIDDEN);
        start[k]->x = array(HIDDEN * sizeof(float));
    }
    kad_node_t *i = kad_sigm(gate(x, start[0])), *f = kad_sigm(gate(x, start[0])), *g = kad_tanh(gate(x, start[0])), *o = kad_sigm(gate(x, start[0]));
    kad_node_t *cell = kad_add(kad_mul(f, start[1]), kad_mul(g, i)), *out = kad_mul(kad_tanh(cell), o);
    cell->pre = start[1], out->pre = start[0];
    return out;
}

static kad_node_t *logits(void) {
    if (is("letters")) {
        kad_node_t *x = kad_feed(2, 1, LETTERS);
        x->ext_flag |= KANN_F_IN, x->ext_label = ONES + 1;
        return dense(lstm(x), LETTERS);
    }
    if (is("line")) return dense(image(0), 1);
    if (is("perceptron")) return dense(kad_relu(dense(image(0), 128)), 10);
    kad_node_t *t = window(window(image(is("grey") ? 1 : 3), 6), 16);
    return dense(kad_relu(dense(kad_relu(dense(t, 120)), 84)), 10);
}

static void set_letters_weights(void) {
    for (int q = 0; q < 4; q++)
        for (int k = 0; k < 4; k++) {
            kad_node_t *t = parameter[4 * q + k];
            uint32_t n = (uint32_t)kad_len(t);
            for (uint32_t i = 0; i < n; i++) t->x[i] = k < 2 ? (float)((2 * uniform((uint32_t)q * n + i, (uint32_t)k) - 1) / sqrt(n / (double)HIDDEN)) : 0;
        }
    set_weights(parameter[16]->x, (size_t)LETTERS * HIDDEN, LETTERS, 4);
}

static void set_all_weights(void) {
    for (int p = 0; p < parameters; p++) {
        kad_node_t *t = parameter[p];
        size_t n = (size_t)kad_len(t), rows = (size_t)t->d[0];
        int bias = t->n_d == 1 || (t->n_d == 4 && t->d[1] == 1 && t->d[2] == 1);
        for (size_t i = 0; i < n && bias; i++) t->x[i] = 0;
        if (is("line")) t->x[0] = p == 0 ? 0.5f : 0;
        else if (!bias) set_weights(t->x, n, rows, p);
        for (size_t k = 0; k < n && !bias && t->n_d == 4; k += 25)
            for (int i = 0; i < 12; i++) {
                float a = t->x[k + i];
                t->x[k + i] = t->x[k + 24 - i], t->x[k + 24 - i] = a;
            }
    }
}

static void bind(void) {
    float *x = array(sizeof *x * (size_t)batch * 3 * 32 * 32), *t = array(sizeof *t * (size_t)batch * 10), *ones[2];
    int size = is("line") ? 1 : is("perceptron") ? 784 : is("grey") ? 784 : 3072;
    for (int i = 0; i < batch * size; i++) {
        int at = i;
        if (is("grey")) at = i / 784 * 1024 + (i % 784 / 28 + 2) * 32 + i % 28 + 2;
        x[at] = (float)uniform((uint32_t)i, 1000);
    }
    for (int b = 0; b < batch; b++) {
        double u = uniform((uint32_t)b, 1001);
        if (is("line")) t[b] = (float)u;
        else t[b * 10 + (int)(u * 10)] = 1;
    }
    for (int k = 0; k < 2; k++) {
        ones[k] = array(sizeof(float) * (size_t)batch * 784);
        for (int i = 0; i < batch * 784; i++) ones[k][i] = 1;
    }
    kann_feed_bind(net, KANN_F_IN, ONES + 1, &x);
    kann_feed_bind(net, KANN_F_IN, ONES, ones);
    kann_feed_bind(net, KANN_F_TRUTH, 0, &t);
}

/* Each step's letters of all samples as rows with one 1. */
static void bind_letters(void) {
    static float *rows[2][STEPS];
    for (int k = 0; k < 2; k++)
        for (int t = 0; t < STEPS; t++) {
            rows[k][t] = array(sizeof(float) * (size_t)batch * LETTERS);
            for (int b = 0; b < batch; b++) rows[k][t][b * LETTERS + (int)(uniform((uint32_t)(b * STEPS + t), 1000 + (uint32_t)k) * LETTERS)] = 1;
        }
    kann_feed_bind(net, KANN_F_IN, ONES + 1, rows[0]);
    kann_feed_bind(net, KANN_F_TRUTH, 0, rows[1]);
}

int main(int argc, char **argv) {
    int threads = argc > 2 ? atoi(argv[2]) : 1;
    workload = argc > 1 ? argv[1] : "";
    if (!is("line") && !is("perceptron") && !is("colour") && !is("colour_of_four") && !is("grey") && !is("letters"))
        return fprintf(stderr, "KANN has no way to say %s\n", workload), 2;
    if (is("line")) batch = 100;
    if (is("colour_of_four")) batch = 4;
    if (is("letters")) batch = 32;
    kad_node_t *z = logits(), *truth = kad_feed(2, 1, is("line") ? 1 : is("letters") ? LETTERS : 10);
    truth->ext_flag |= KANN_F_TRUTH;
    kad_node_t *cost = is("line") ? kad_mse(z, truth) : kad_ce_multi(kad_softmax(z), truth);
    if (is("letters")) cost = kad_avg(1, &cost);       /* over the steps, once there are several */
    cost->ext_flag |= KANN_F_COST;
    net = kann_new(cost, 0);
    variables = (size_t)kann_size_var(net);
    moment = array(variables * sizeof *moment), square = array(variables * sizeof *square);
    if (is("letters")) set_letters_weights(), net = kann_unroll(net, STEPS);
    else set_all_weights();
    kann_set_batch_size(net, batch);
    kann_mt(net, threads, batch);
    if (is("letters")) bind_letters();
    else bind();
    for (int k = 0; k < 20; k++) step();
    return serve(loss, step);
}
