/* darknet's side of the convolutional workloads: linked with darknet's src/*.c.
 *
 *     peer_darknet perceptron|colour|colour_of_four|grey THREADS
 *
 * The layers are made directly, as darknet's parser makes them. On a CPU darknet has no Adam; the loop of side.h takes its
 * place. A delta of darknet's is the way down: the gradient of the sum over the batch, negated. Threads are OpenMP's. */
#include "side.h"
#include "darknet.h"
#include "connected_layer.h"
#include "convolutional_layer.h"
#include "maxpool_layer.h"
#include "network.h"
#include "softmax_layer.h"

enum { MOST = 16 };
static network *net;
static layer layers[MOST];
static int n, batch = 64, steps, pieces;
static struct { float *w, *g, *m, *v; size_t n; } piece[MOST];
static const char *workload;
static double loss;

static int is(const char *name) { return !strcmp(workload, name); }

static void step(void) {
    forward_network(net);
    backward_network(net);
    loss = (double)layers[n - 1].cost[0] / batch;
    steps++;
    if (is("grey")) {
        update_args a = {0};
        a.batch = batch, a.learning_rate = 0.01f, a.momentum = 0.9f;
        for (int i = 0; i < n; i++)
            if (layers[i].update) layers[i].update(layers[i], a);
        return;
    }
    for (int k = 0; k < pieces; k++) {
        float *g = piece[k].g;
        for (size_t i = 0; i < piece[k].n; i++) g[i] *= -1.0f / (float)batch;
        adam(piece[k].w, g, piece[k].m, piece[k].v, piece[k].n, steps);
        memset(g, 0, piece[k].n * sizeof *g);
    }
}

static void add_piece(float *w, float *g, size_t size, size_t rows) {
    memset(w, 0, size * sizeof *w);
    if (rows) set_weights(w, size, rows, pieces);
    piece[pieces].w = w, piece[pieces].g = g, piece[pieces].n = size;
    piece[pieces].m = array(size * sizeof *w), piece[pieces].v = array(size * sizeof *w);
    pieces++;
}

static layer dense(int in, int out, ACTIVATION a) {
    layer l = layers[n++] = make_connected_layer(batch, in, out, a, 0, 0);
    add_piece(l.weights, l.weight_updates, (size_t)(in * out), (size_t)out);
    add_piece(l.biases, l.bias_updates, (size_t)out, 0);
    return l;
}

static layer window(int size, int channels, int out, int pad) {
    layer l = layers[n++] = make_convolutional_layer(batch, size, size, channels, out, 1, 5, 1, pad, RELU, 0, 0, 0, 0);
    add_piece(l.weights, l.weight_updates, (size_t)l.nweights, (size_t)out);
    add_piece(l.biases, l.bias_updates, (size_t)out, 0);
    return layers[n++] = make_maxpool_layer(batch, l.out_h, l.out_w, out, 2, 2, 0);
}

int main(int argc, char **argv) {
    workload = argc > 1 ? argv[1] : "";
    if (!is("perceptron") && !is("colour") && !is("colour_of_four") && !is("grey"))
        return fprintf(stderr, "darknet has no plain way to say %s\n", workload), 2;
    if (is("colour_of_four")) batch = 4;
    int channels = is("grey") ? 1 : 3, size = is("grey") ? 28 : 32, inputs = is("perceptron") ? 784 : channels * size * size;
    if (is("perceptron")) dense(784, 128, RELU), dense(128, 10, LINEAR);
    else {
        layer l = window(size, channels, 6, is("grey") ? 2 : 0);
        l = window(l.out_h, 6, 16, 0);
        dense(l.outputs, 120, RELU), dense(120, 84, RELU), dense(84, 10, LINEAR);
    }
    layers[n] = make_softmax_layer(batch, 10, 1);
    layers[n++].temperature = 1;
    net = make_network(n);
    size_t workspace = 0;
    for (int i = 0; i < n; i++) {
        layers[i].learning_rate_scale = 1;
        if (layers[i].workspace_size > workspace) workspace = layers[i].workspace_size;
        net->layers[i] = layers[i];
    }
    net->batch = batch, net->inputs = inputs, net->truths = 10, net->train = 1, net->gpu_index = -1;
    net->workspace = array(workspace);
    net->input = array(sizeof(float) * (size_t)(batch * inputs)), net->truth = array(sizeof(float) * (size_t)batch * 10);
    for (int i = 0; i < batch * inputs; i++) net->input[i] = (float)uniform((uint32_t)i, 1000);
    for (int b = 0; b < batch; b++) net->truth[b * 10 + (int)(uniform((uint32_t)b, 1001) * 10)] = 1;
    for (int k = 0; k < 20; k++) step();
    return serve(loss, step);
}
