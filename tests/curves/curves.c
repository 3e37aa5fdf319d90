/* Runs a generated program from given weights over given batches, and compares the losses with PyTorch's.
 *
 *     curves FILE.txt [IMAGES LABELS | TABLE.csv]       (unpacked IDX files; link with one generated file)
 *
 * It knows the model by its table only. make_curves.py states the formulas for weights and batches, and what FILE.txt
 * holds. In a double build losses must agree with PyTorch's float64 to a relative 1e-8, and the sums over each
 * parameter after the last step likewise; in a float build with its float32 to 1e-3. */
#include <math.h>
#include <nn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 28, PIXELS = SIDE * SIDE, COLOUR_SIDE = 32, MAX_COUNT = 2000 };

static unsigned char pixels[MAX_COUNT][PIXELS];
static unsigned char labels[MAX_COUNT];
static double table[MAX_COUNT][2];
static int count;

static void fail(const char *what, const char *name) {
    fprintf(stderr, "curves: %s: %s\n", what, name);
    exit(2);
}
static FILE *open_file(const char *name) {
    FILE *file = fopen(name, "rb");
    if (!file) fail("cannot open", name);
    return file;
}
static void read_images(const char *images, const char *classes) {
    unsigned char head[16];
    FILE *file = open_file(images);
    if (fread(head, 1, 16, file) != 16) fail("too short", images);
    count = head[6] << 8 | head[7];
    if (count > MAX_COUNT || fread(pixels, PIXELS, (size_t)count, file) != (size_t)count) fail("not the expected images", images);
    fclose(file);
    file = open_file(classes);
    if (fread(head, 1, 8, file) != 8 || fread(labels, 1, (size_t)count, file) != (size_t)count) fail("too short", classes);
    fclose(file);
}
static void read_table(const char *name) {
    FILE *file = open_file(name);
    if (fscanf(file, "x,y") == EOF) fail("empty", name);
    while (count < MAX_COUNT && fscanf(file, "%lf,%lf", &table[count][0], &table[count][1]) == 2) count++;
    fclose(file);
}

static size_t elements(const nn_tensor *t) {
    size_t n = 1;
    for (int d = 0; d < t->rank; d++) n *= (size_t)t->dim[d];
    return n;
}
static void set(void *array, nn_type type, size_t i, double value) {
    switch (type) {
    case NN_F32: ((float *)array)[i] = (float)value; break;
    case NN_F64: ((double *)array)[i] = value; break;
    case NN_U8: ((unsigned char *)array)[i] = (unsigned char)value; break;
    case NN_I32: ((int32_t *)array)[i] = (int32_t)value; break;
    case NN_I64: ((int64_t *)array)[i] = (int64_t)value; break;
    }
}
static double get(const nn_model *m, const void *array, size_t i) {
    return m->real == NN_F64 ? ((const double *)array)[i] : (double)((const float *)array)[i];
}

static double weight(uint32_t p, uint32_t i, double fan, uint32_t choice) {
    uint32_t h = (i + 1) * 2654435761u + (p + 1) * 2246822519u + choice * 40503u;
    h ^= h >> 16;
    h *= 2246822507u;
    h ^= h >> 13;
    return (2 * ((double)(h >> 8) / 16777216.0) - 1) / sqrt(fan);
}
static void fill(const nn_model *m, char *instance, uint32_t choice) {
    double fan = 1;
    for (int p = 0; p < m->n_params; p++) {
        const nn_tensor *t = &m->params[p];
        if (t->rank > 1) fan = (double)(elements(t) / (size_t)t->dim[0]);
        for (size_t i = 0; i < elements(t); i++)
            set(instance + t->offset, m->real, i, weight((uint32_t)p, (uint32_t)i, fan, choice));
    }
}

/* Sample s of a batch into the input's array. */
static void give(const nn_tensor *input, int position, void *array, int s, int sample) {
    size_t size = elements(input), first = (size_t)s * size;
    if (position == 1)
        set(array, input->type, first, input->type == NN_F32 || input->type == NN_F64 ? table[sample][1] : (double)labels[sample]);
    else if (size == 1)
        set(array, input->type, first, table[sample][0]);
    else if (size == PIXELS)
        for (size_t i = 0; i < size; i++) set(array, input->type, first + i, pixels[sample][i]);
    else if (size == 3 * COLOUR_SIDE * COLOUR_SIDE)
        for (int c = 0; c < 3; c++)
            for (int i = 0; i < SIDE; i++)
                for (int j = 0; j < SIDE; j++)
                    set(array, input->type, first + (size_t)((c * COLOUR_SIDE + i + 2 + c) * COLOUR_SIDE + j + 2 + c), pixels[sample][i * SIDE + j]);
    else
        fail("there is no data of this input's shape", input->name);
}

static double worst;
static void compare(const char *what, double ours, double theirs, double scale) {
    double error = fabs(ours - theirs) / scale;
    if (!(error <= worst)) worst = error;
    if (getenv("CURVES_VERBOSE")) printf("%-24s %.17g %.17g %.3g\n", what, ours, theirs, error);
}

int main(int argc, char **argv) {
    const nn_model *m = nn_main_model;
    if (argc == 4) read_images(argv[2], argv[3]);
    else if (argc == 3) read_table(argv[2]);
    else fail("curves FILE.txt [IMAGES LABELS | TABLE.csv]", m->name);
    void *inputs[2];
    for (int k = 0; k < 2; k++)
        if (!(inputs[k] = calloc((size_t)m->batch * elements(&m->inputs[k]), 8))) fail("no memory", m->name);
    char *instance = calloc(1, m->size);
    if (!instance) fail("no memory", m->name);
    m->init(instance, 1);

    int wide = m->real == NN_F64, n = 0, steps = 0, params = 0;
    double worst_loss = 0;
    FILE *file = open_file(argv[1]);
    char line[512], name[256];
    while (fgets(line, sizeof line, file)) {
        double value[4];
        int number;
        if (sscanf(line, "choice %d", &number) == 1) {
            fill(m, instance, (uint32_t)number);
        } else if (sscanf(line, "batch %d", &n) == 1) {
            if (n > m->batch) fail("the compiled batch is too small", m->name);
        } else if (sscanf(line, "loss %d %lf %lf", &number, &value[0], &value[1]) == 3) {
            for (int s = 0; s < n; s++)
                for (int k = 0; k < 2; k++) give(&m->inputs[k], k, inputs[k], s, (n * number + s) % count);
            const void *const given[2] = { inputs[0], inputs[1] };
            double loss = m->gradients(instance, n, NULL, given), right = wide ? value[0] : value[1];
            m->update(instance);
            compare("loss", loss, right, fabs(right));
            worst_loss = worst;
            steps++;
        } else if (sscanf(line, "param %255s %lf %lf %lf %lf", name, &value[0], &value[1], &value[2], &value[3]) == 5) {
            if (params >= m->n_params) fail("the model lacks the parameter", name);
            const nn_tensor *t = &m->params[params++];
            if (strcmp(t->name, name) != 0) fail("the model has another parameter in the place of", name);
            double sum = 0, squares = 0;
            for (size_t i = 0; i < elements(t); i++) {
                double w = get(m, instance + t->offset, i);
                sum += w;
                squares += w * w;
            }
            /* A sum of weights of both signs may be near 0: its error is seen against the size of the weights. */
            compare(name, sum, wide ? value[0] : value[2], sqrt(value[1] * (double)elements(t)));
            compare(name, squares, wide ? value[1] : value[3], value[1]);
        }
    }
    fclose(file);
    double bound = wide ? 1e-8 : 1e-3;
    printf("%s, %s: losses of %d steps within %.1e, sums of %d parameters within %.1e, allowed %.0e\n", m->name, wide ? "double" : "float",
           steps, worst_loss, params, worst, bound);
    return steps == 100 && params == m->n_params && worst <= bound ? 0 : 1;
}
