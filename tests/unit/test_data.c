/* The readers of data, on files good and hostile, and what is made of them: data sets, orders, batches. */
#include <math.h>
#include <zlib.h>
#include "../../runtime/elements.h"
#include "../../runtime/texts.h"
#include "../runtime/files.h"
#include "../runtime/tiny.c"

static nn_texts no_texts;               /* none of these data is text */

static void put_gzip(const char *name, const void *data, size_t size) {
    gzFile f = gzopen(name, "wb");
    ck_assert_int_eq(gzwrite(f, data, (unsigned)size), (int)size);
    gzclose(f);
}

static const nn_tensor image = { .name = "image", .type = NN_U8, .rank = 3, .dim = { 1, 2, 3 }, .low = 0, .high = 255 };
static const nn_tensor real_image = { .name = "image", .type = NN_F32, .rank = 3, .dim = { 1, 2, 3 }, .low = 1, .high = 0 };
static const nn_tensor digit = { .name = "digit", .type = NN_I32, .low = 0, .high = 9 };
static const nn_tensor number = { .name = "y", .type = NN_F32, .low = 1, .high = 0 };
static const nn_tensor pair = { .name = "x", .type = NN_F64, .rank = 1, .dim = { 2 }, .low = 1, .high = 0 };

static bool read_one(const char *file, const char *part, const nn_tensor *t, nn_array *a, nn_failure *f) {
    nn_paths p;
    char text[200];
    snprintf(text, sizeof text, "%s%s%s", file, part ? ":" : "", part ? part : "");
    bool read = nn_locate(&p, text, false, NULL, NULL, f) && nn_read_files(&p, t, false, NULL, a, f);
    nn_paths_free(&p);
    return read;
}

static void good(const char *file, const char *part, const nn_tensor *t, nn_array *a) {
    nn_failure f = { 0 };
    ck_assert_msg(read_one(file, part, t, a, &f), "%s", f.text);
}

/* Element i of the samples, one after another. */
static double at(const nn_array *a, size_t i) {
    nn_failure f = { 0 };
    double x;
    ck_assert_msg(nn_array_read(a, 0, i, 1, &x, NN_F64, &f), "%s", f.text);
    return x;
}

/* Refused with a message that says this. */
static void bad(const char *file, const char *part, const nn_tensor *t, const char *says) {
    nn_failure f = { 0 };
    nn_array a;
    ck_assert_msg(!read_one(file, part, t, &a, &f), "%s was taken", file);
    ck_assert_msg(strstr(f.text, says) != NULL, "'%s' does not say '%s'", f.text, says);
}

static const unsigned char idx[] = { 0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255 };

START_TEST(idx_files) {
    nn_array a;
    put_bytes("a", idx, sizeof idx);
    put_gzip("a.gz", idx, sizeof idx);
    for (int i = 0; i < 2; i++) {
        good(i ? "a.gz" : "a", NULL, &image, &a);
        ck_assert_int_eq(a.dim[0], 2);
        ck_assert_int_eq(a.type, NN_U8);
        ck_assert_double_eq(at(&a, 11), 255);
        nn_array_free(&a);
    }
    good("a", NULL, &real_image, &a);
    ck_assert_int_eq(a.type, NN_U8);                    /* bytes stay bytes */
    nn_array_free(&a);
    unsigned char labels[] = { 0, 0, 11, 1, 0, 0, 0, 2, 0, 9, 255, 255 };       /* 16 bits: 9, -1 */
    put_bytes("l", labels, sizeof labels);
    bad("l", NULL, &digit, "l: sample 1: -1 is outside 0..9");
    labels[10] = labels[11] = 0;
    put_bytes("l", labels, sizeof labels);
    good("l", NULL, &digit, &a);
    ck_assert_double_eq(at(&a, 0), 9);
    nn_array_free(&a);
    unsigned char real[] = { 0, 0, 13, 1, 0, 0, 0, 1, 0x3f, 0xc0, 0, 0 };
    put_bytes("r", real, sizeof real);
    good("r", NULL, &number, &a);
    ck_assert_double_eq(at(&a, 0), 1.5f);
    nn_array_free(&a);
    bad("r", NULL, &digit, "1.5 is not an integer");
    bad("a", "3", &image, "leave out ':3'");
    bad("missing", NULL, &image, "no such file");
    bad(".", NULL, &image, "holds no picture");
} END_TEST

START_TEST(cut_and_damaged_files) {
    char name[32];
    put_gzip("whole.gz", idx, sizeof idx);
    size_t size;
    char *zipped = bytes_of("whole.gz", &size);
    for (size_t n = 0; n < sizeof idx; n++) {
        snprintf(name, sizeof name, "i%zu", n);
        put_bytes(name, idx, n);
        bad(name, NULL, &image, name);
    }
    for (size_t n = 0; n < size; n++) {
        snprintf(name, sizeof name, "z%zu", n);
        put_bytes(name, zipped, n);
        bad(name, NULL, &image, name);
    }
    for (size_t n = 10; n < size; n++) {                /* every byte after the gzip header counts */
        zipped[n] ^= 0x40;
        put_bytes("d", zipped, size);
        bad("d", NULL, &image, "d: ");
        zipped[n] ^= 0x40;
    }
    free(zipped);
    unsigned char more[sizeof idx + 1] = { 0 };
    memcpy(more, idx, sizeof idx);
    put_bytes("more", more, sizeof more);
    bad("more", NULL, &image, "goes on after");
    static const unsigned char huge[] = { 0, 0, 14, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1 };
    put_bytes("huge", huge, sizeof huge);
    bad("huge", NULL, &image, "more numbers than memory");
    static const unsigned char large[] = { 0, 0, 8, 3, 0, 255, 255, 255, 0, 255, 255, 255, 0, 0, 0, 3, 1 };
    put_bytes("large", large, sizeof large);
    bad("large", NULL, &image, "ends after 1 of");
    static const unsigned char type[] = { 0, 0, 10, 1, 0, 0, 0, 0 };
    put_bytes("type", type, sizeof type);
    bad("type", NULL, &image, "0x0a");
} END_TEST

static size_t npy(unsigned char *to, int version, const char *header, const void *data, size_t size) {
    size_t n = strlen(header);
    memcpy(to, "\x93NUMPY", 6);
    to[6] = (unsigned char)version;
    to[7] = 0;
    to[8] = (unsigned char)n;
    to[9] = (unsigned char)(n >> 8);
    to[10] = to[11] = 0;
    size_t at = version == 1 ? 10 : 12;
    memcpy(to + at, header, n);
    memcpy(to + at + n, data, size);
    return at + n + size;
}

START_TEST(npy_files) {
    unsigned char file[512];
    nn_array a;
    const double two[4] = { 1, 2, 3, 4.5 };
    size_t n = npy(file, 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }   \n", two, sizeof two);
    put_bytes("a.npy", file, n);
    good("a.npy", NULL, &pair, &a);
    ck_assert_int_eq(a.dim[0], 2);
    ck_assert_double_eq(at(&a, 3), 4.5);
    nn_array_free(&a);
    for (size_t k = 0; k < n; k++) {
        put_bytes("cut.npy", file, k);
        bad("cut.npy", NULL, &pair, "cut.npy: ");
    }
    static const char *const headers[] = {
        "",
        "{",
        "{}",
        "{'descr': '<f8'}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2",
        "{'descr': '<f8', 'fortran_order': 0, 'shape': (2, 2)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-2, 2)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2)} x",
        "{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (2, 2)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (2 2)}",
        "{'descr': '<f8', 'fortran_order': True, 'shape': (2, 2)}",
        "{'descr': '<f2', 'fortran_order': False, 'shape': (2, 2)}",
        "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999, 2)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1,1,1,1,1)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': ()}",
        "{'descr': 'a very long description, longer than any', 'fortran_order': False, 'shape': (2, 2)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2)}"
    };
    for (size_t k = 0; k < sizeof headers / sizeof *headers; k++)
        for (int version = 1; version <= 3; version++) {
            put_bytes("bad.npy", file, npy(file, version, headers[k], two, sizeof two));
            bad("bad.npy", NULL, &pair, "bad.npy: ");
        }
    const unsigned char big[] = { 0, 0, 0, 7 };
    put_bytes("big.npy", file, npy(file, 2, "{'shape': (1,), 'descr': '>i4', 'fortran_order': True}\n", big, 4));
    good("big.npy", NULL, &digit, &a);
    ck_assert_double_eq(at(&a, 0), 7);
    nn_array_free(&a);
    const float nan[] = { 1, NAN };
    put_bytes("nan.npy", file, npy(file, 1, "{'shape': (2,), 'descr': '<f4', 'fortran_order': False}\n", nan, 8));
    bad("nan.npy", NULL, &number, "sample 1: nan is no number");
} END_TEST

START_TEST(csv_columns) {
    nn_array a;
    put_words("h.csv",
              "\xef\xbb\xbf\"acidity\";pH ;\"a \"\"quoted\"\" name\";quality\r\n7.4;3.51;-1e3;5\r\n\r\n 8;3;0.5;\"6\"\r\n");
    good("h.csv", "quality", &digit, &a);
    ck_assert_int_eq(a.dim[0], 2);
    ck_assert_double_eq(at(&a, 1), 6);
    nn_array_free(&a);
    good("h.csv", "a \"quoted\" name,acidity", &pair, &a);
    ck_assert_double_eq(at(&a, 0), -1000);
    ck_assert_double_eq(at(&a, 3), 8);
    nn_array_free(&a);
    good("h.csv", "1-2", &pair, &a);
    ck_assert_double_eq(at(&a, 2), 3);
    nn_array_free(&a);
    good("h.csv", "3", &number, &a);
    nn_array_free(&a);
    bad("h.csv", "qualty", &number, "did you mean 'quality'");
    bad("h.csv", "4", &number, "there is no column '4'");
    bad("h.csv", "2-1", &number, "there is no column '2-1'");
    bad("h.csv", "99999999999999999999", &number, "there is no column");
    bad("h.csv", "", &number, "there is no column ''");
    bad("h.csv", "0-2", &pair, "3 columns are chosen, but 'x' takes 2");
    bad("h.csv", NULL, &pair, "4 columns in the file, but 'x' takes 2");
    bad("h.csv", "pH", &digit, "line 2: 3.51 is not an integer");
    put_words("n.csv", "1,2\n3,4\n");
    good("n.csv", NULL, &pair, &a);
    ck_assert_int_eq(a.dim[0], 2);
    nn_array_free(&a);
    put_words("t.tsv", "a\tb\n1\t2");
    good("t.tsv", NULL, &pair, &a);
    nn_array_free(&a);
    put_gzip("z.csv.gz", "1,2\n", 4);
    good("z.csv.gz", NULL, &pair, &a);
    nn_array_free(&a);
    static const struct { const char *text, *says; } wrong[] = {
        { "", "the file is empty" },
        { "\n\n", "the file is empty" },
        { "a,b\n", "no line of numbers" },
        { "1,2\n3\n", "line 2: 1 columns" },
        { "1,2\n3,\n", "line 2, column 1: '' is not a number" },
        { "1,2\n3,x\n", "line 2, column 1: 'x'" },
        { "1,2\n3,nan\n", "line 2: nan is no number that" },
        { "1,\"2\n3,4\n", "does not end on its line" },
        { "1,\"2\"3\n", "text follows" },
        { "1,2\n3,1e999\n", "line 2: inf is no number that" },
        { "a,1\n1,2\n", "line 1, column 0" } };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        put_words("w.csv", wrong[i].text);
        bad("w.csv", NULL, &pair, wrong[i].says);
    }
    put_bytes("w.csv", "1,2\n\0", 5);
    bad("w.csv", NULL, &pair, "zero byte");
} END_TEST

START_TEST(cifar_and_raw_files) {
    enum { RECORD = 3073 };
    static unsigned char records[2 * RECORD];
    const nn_tensor picture = { .name = "image", .type = NN_F32, .rank = 3, .dim = { 3, 32, 32 }, .low = 1, .high = 0 };
    const nn_tensor backward = { .name = "image", .type = NN_F32, .rank = 3, .dim = { 32, 32, 3 }, .low = 1, .high = 0 };
    nn_array a;
    records[0] = 4, records[1] = 17, records[RECORD] = 11, records[2 * RECORD - 1] = 200;
    put_bytes("b_1.bin", records, RECORD);
    put_bytes("b_2.bin", records + RECORD, RECORD);
    put_bytes("all.bin", records, sizeof records);
    good("all.bin", NULL, &picture, &a);
    ck_assert_int_eq(a.dim[0], 2);
    ck_assert_int_eq(a.type, NN_U8);
    ck_assert_double_eq(at(&a, 0), 17);
    ck_assert_double_eq(at(&a, 2 * RECORD - 3), 200);
    nn_array_free(&a);
    bad("all.bin", NULL, &backward, "a sample is 3x32x32, but 'image' is 32x32x3");
    bad("all.bin", NULL, &digit, "sample 1: 11 is outside 0..9");
    bad("all.bin", "labels", &digit, "is no part of a CIFAR file");
    bad("all.bin", NULL, &pair, "'x' is neither");
    good("b_1.bin", "label", &digit, &a);
    nn_array_free(&a);
    put_bytes("cut.bin", records, RECORD - 1);
    bad("cut.bin", NULL, &picture, "no whole number of CIFAR records");
    const float values[] = { 1, 2, 3, 4 };
    put_bytes("v", values, sizeof values);
    good("v", "f32", &pair, &a);
    ck_assert_int_eq(a.dim[0], 2);
    nn_array_free(&a);
} END_TEST

START_TEST(raw_sizes) {
    nn_array a;
    put_bytes("v", "abcdefgh", 8);
    good("v", "u8", &pair, &a);
    ck_assert_int_eq(a.dim[0], 4);
    nn_array_free(&a);
    bad("v", "f64", &pair, "no whole number of samples");
    bad("v", NULL, &pair, "the format is unknown");
    bad("v", "f16", &pair, "the format is unknown");
} END_TEST

START_TEST(places_and_patterns) {
    nn_paths p;
    nn_failure f = { 0 };
    put_words("b_2.bin", "x");
    put_words("b_1.bin", "x");
    put_words("c.csv.gz", "x");
    put_words("d:e", "x");
    ck_assert(nn_locate(&p, "b_*.bin:label", false, NULL, NULL, &f));
    ck_assert_uint_eq(p.count, 2);
    ck_assert_str_eq(p.path[0], "b_1.bin");
    ck_assert_str_eq(p.choice.part, "label");
    nn_paths_free(&p);
    ck_assert(nn_locate(&p, "/usr/share/nowhere/c.csv:0-3", true, place, NULL, &f));
    ck_assert_ptr_nonnull(strstr(p.path[0], "c.csv.gz"));
    ck_assert_str_eq(p.choice.part, "0-3");
    nn_paths_free(&p);
    ck_assert(nn_locate(&p, "d:e", false, NULL, NULL, &f));
    ck_assert_ptr_null(p.choice.part);
    nn_paths_free(&p);
    char beside[128];
    snprintf(beside, sizeof beside, "%s/default.csv", place);
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert(nn_locate(&p, "b_1.bin", false, NULL, beside, &f));
    nn_paths_free(&p);
    ck_assert(!nn_locate(&p, "/usr/share/nowhere/c.csv", false, place, NULL, &f));
    ck_assert_ptr_nonnull(strstr(f.text, "no such file: /usr/share/nowhere/c.csv"));
} END_TEST

START_TEST(datasets) {
    nn_dataset d;
    nn_failure f = { 0 };
    put_words("x.csv", "1,2,3\n4,5,6\n");
    put_words("y.csv", "1\n2\n");
    put_words("z.csv", "1\n2\n3\n");
    const nn_binding equal[] = { { "x", "x.csv" }, { "y", "z.csv" }, { "y", "y.csv" } },
                     unequal[] = { { "x", "x.csv" }, { "y", "z.csv" } }, unknown[] = { { "xx", "x.csv" } },
                     half[] = { { "x", "x.csv" } };
    ck_assert_msg(nn_dataset_open(&d, &tiny_model, 2, NN_TRAIN, equal, 3, NULL, &no_texts, &f), "%s", f.text);
    ck_assert_int_eq(d.samples, 2);
    nn_dataset_free(&d);
    ck_assert(!nn_dataset_open(&d, &tiny_model, 2, NN_TRAIN, unequal, 2, NULL, &no_texts, &f));
    ck_assert_ptr_nonnull(strstr(f.text, "z.csv: 3 samples for 'y', but 'x' has 2"));
    f.text[0] = 0;
    ck_assert(!nn_dataset_open(&d, &tiny_model, 2, NN_TRAIN, unknown, 1, NULL, &no_texts, &f));
    ck_assert_ptr_nonnull(strstr(f.text, "did you mean 'x'"));
    f.text[0] = 0;
    ck_assert(!nn_dataset_open(&d, &tiny_model, 2, NN_TEST, half, 1, NULL, &no_texts, &f));
    ck_assert_ptr_nonnull(strstr(f.text, "no test data for 'y': bind a file with --test y=FILE"));
    f.text[0] = 0;
    ck_assert(nn_dataset_open(&d, &tiny_model, 2, NN_TEST, NULL, 0, NULL, &no_texts, &f));
    ck_assert_int_eq(d.samples, 0);
} END_TEST

/* A data set of two arrays, from words such as "slices:windows". */
static bool two(nn_dataset *d, const char *a, const nn_tensor *for_a, const char *b, const nn_tensor *for_b, bool random, nn_failure *f) {
    const nn_tensor tensors[] = { *for_a, *for_b };
    const nn_model m = { .name = "m", .n_inputs = 1, .n_targets = 1, .inputs = tensors };
    const nn_binding bound[] = { { for_a->name, a }, { for_b->name, b } };
    f->text[0] = 0;
    return nn_dataset_open(d, &m, 2, random ? NN_TRAIN : NN_TEST, bound, 2, NULL, &no_texts, f);
}

enum { SLICES = 3, HEIGHT = 10, WIDTH = 7 };
static const nn_tensor crop = { .name = "image", .type = NN_F32, .rank = 3, .dim = { 1, 4, 3 }, .low = 1, .high = 0 },
                       mask = { .name = "mask", .type = NN_I32, .rank = 2, .dim = { 4, 3 }, .low = 0, .high = 255 },
                       passage = { .name = "text", .type = NN_U8, .rank = 1, .dim = { 5 }, .low = 0, .high = 255 },
                       rows = { .name = "rows", .type = NN_F32, .rank = 2, .dim = { 4, 2 }, .low = 1, .high = 0 };

/* Pixel (i, j) of slice s is 70*s + 7*i + j in the pictures, and one more in the masks. */
static void put_slices(void) {
    unsigned char pictures[16 + SLICES * HEIGHT * WIDTH] = { 0, 0, 8, 3, 0, 0, 0, SLICES, 0, 0, 0, HEIGHT, 0, 0, 0, WIDTH };
    unsigned char classes[sizeof pictures];
    for (int i = 0; i < SLICES * HEIGHT * WIDTH; i++) pictures[16 + i] = (unsigned char)i;
    memcpy(classes, pictures, sizeof classes);
    for (int i = 0; i < SLICES * HEIGHT * WIDTH; i++) classes[16 + i]++;
    put_bytes("slices", pictures, sizeof pictures);
    put_gzip("masks.gz", classes, sizeof classes);
    classes[11]--;                                      /* rows are now one fewer */
    put_bytes("lower", classes, sizeof classes - SLICES * WIDTH);
    put_bytes("classes", "\0\0\x08\x01\0\0\0\3\4\5\6", 11);
}

/* Whether the buffers hold window [i, j] of slice s, in picture and mask. */
static bool is_window(const nn_batches *b, int at, int s, int i, int j) {
    bool same = true;
    for (int y = 0; y < 4; y++)
        for (int x = 0; x < 3; x++) {
            int value = 70 * s + WIDTH * (i + y) + j + x, k = 12 * at + 3 * y + x;
            same = same && ((float *)b->buffers[0])[k] == (float)value && ((int32_t *)b->buffers[1])[k] == value + 1;
        }
    return same;
}

START_TEST(windows_tile_samples) {
    nn_failure f = { 0 };
    nn_dataset d;
    nn_batches b;
    const nn_tensor tensors[] = { crop, mask };
    put_slices();
    ck_assert_msg(two(&d, "slices:windows", &crop, "masks:windows", &mask, false, &f), "%s", f.text);
    ck_assert_int_eq(d.samples, SLICES * 3 * 3);        /* from rows 0, 4, 6 and columns 0, 3, 4 */
    ck_assert(nn_batches_open(&b, &d, tensors, 2, 4, false, &f));
    nn_batches_start(&b, 1, 0, 0);
    for (int n, at = 0; (n = nn_batches_next(&b)) > 0; at += n)
        for (int i = 0; i < n; i++)
            ck_assert(is_window(&b, i, (at + i) / 9, (int[]){ 0, 4, 6 }[(at + i) / 3 % 3], (int[]){ 0, 3, 4 }[(at + i) % 3]));
    nn_batches_close(&b);
    nn_dataset_free(&d);
    ck_assert_msg(two(&d, "slices:samples=1-:windows", &crop, "masks:windows:samples=1-2", &mask, false, &f), "%s", f.text);
    ck_assert_int_eq(d.samples, 2 * 9);
    ck_assert(nn_batches_open(&b, &d, tensors, 2, 18, false, &f));
    nn_batches_start(&b, 1, 0, 0);
    ck_assert_int_eq(nn_batches_next(&b), 18);
    ck_assert(is_window(&b, 10, 2, 0, 3));
    char text[100] = "";
    ck_assert_int_eq(nn_batches_sample(&b, 17, text, sizeof text), 1);
    ck_assert_str_eq(text, "sample 1 of the data, from [6, 4] on");
    nn_batches_close(&b);
    nn_dataset_free(&d);
} END_TEST

START_TEST(windows_at_random_places) {
    nn_failure f = { 0 };
    nn_dataset d;
    nn_batches b;
    const nn_tensor tensors[] = { crop, digit };
    static float whole[4 * SLICES * 12];
    bool seen[7][5] = { { false } };
    int places = 0;
    put_slices();
    ck_assert_msg(two(&d, "slices:windows", &crop, "classes", &digit, true, &f), "%s", f.text);      /* a class for each slice */
    ck_assert_int_eq(d.samples, SLICES * 2 * 2);
    for (int batch = 1; batch <= 5; batch += 2) {
        ck_assert(nn_batches_open(&b, &d, tensors, 2, batch, true, &f));
        for (int start = 0; start < d.samples; start++) {       /* batched and started anyhow, the rest is the same */
            int given = start;
            nn_batches_start(&b, 3, 7, start);
            for (int n; (n = nn_batches_next(&b)) > 0; given += n) {
                const float *now = b.buffers[0];
                if (!start && batch == 1) memcpy(whole + 12 * given, now, 12 * sizeof *now);
                ck_assert_mem_eq(whole + 12 * given, now, (size_t)n * 12 * sizeof *now);
                for (int i = 0; i < n; i++) ck_assert_int_eq(((int32_t *)b.buffers[1])[i], 4 + (int)now[12 * i] / 70);
            }
            ck_assert_int_eq(given, d.samples);
        }
        nn_batches_close(&b);
    }
    ck_assert(nn_batches_open(&b, &d, tensors, 2, 1, false, &f));
    for (int epoch = 0; epoch < 60; epoch++) {          /* 720 draws of 35 places: each comes */
        nn_batches_start(&b, 3, epoch, 0);
        while (nn_batches_next(&b) > 0) {
            int first = (int)((float *)b.buffers[0])[0] % 70;
            ck_assert(first / WIDTH < 7 && first % WIDTH < 5);
            seen[first / WIDTH][first % WIDTH] = true;
        }
    }
    for (int i = 0; i < 35; i++) places += seen[i / 5][i % 5];
    ck_assert_int_eq(places, 35);
    nn_batches_close(&b);
    nn_dataset_free(&d);
} END_TEST

START_TEST(windows_of_long_rows) {
    nn_failure f = { 0 };
    nn_dataset d;
    nn_batches b;
    nn_tensor other = passage, others = rows;
    other.name = "other";
    others.name = "others";
    put_words("a.txt", "abcdef");
    put_words("b.txt", "ghijkl");
    put_words("t.csv", "u,v,w\n1,2,3\n4,5,6\n7,8,9\n10,11,12\n13,14,15\n");
    ck_assert(!two(&d, "*.txt:u8:windows", &passage, "t.csv:u,w:windows:samples=0-4", &rows, true, &f));
    ck_assert_ptr_nonnull(strstr(f.text, "'rows' takes windows of 4x2 from 5x2, but 'text' of 5 from 12"));
    ck_assert_msg(two(&d, "*.txt:u8:windows", &passage, "*.txt:windows:u8", &other, false, &f), "%s", f.text);
    ck_assert_int_eq(d.samples, 3);
    ck_assert(nn_batches_open(&b, &d, (nn_tensor[]){ passage, other }, 2, 3, false, &f));
    nn_batches_start(&b, 1, 0, 0);
    ck_assert_int_eq(nn_batches_next(&b), 3);
    ck_assert_mem_eq(b.buffers[0], "abcdefghijhijkl", 15);      /* across the files, and the last one moved back */
    nn_batches_close(&b);
    nn_dataset_free(&d);
    ck_assert(!two(&d, "*.txt:u8:windows:samples=1-7", &passage, "b.txt:samples=0-5:windows:u8", &other, true, &f));
    ck_assert_ptr_nonnull(strstr(f.text, "'other' takes windows of 5 from 6, but 'text' of 5 from 7"));
    ck_assert_msg(two(&d, "t.csv:u,w:windows", &rows, "t.csv:0-1:windows", &others, false, &f), "%s", f.text);
    ck_assert_int_eq(d.samples, 2);
    ck_assert(nn_batches_open(&b, &d, (nn_tensor[]){ rows, others }, 2, 2, false, &f));
    nn_batches_start(&b, 1, 0, 0);
    ck_assert_int_eq(nn_batches_next(&b), 2);
    ck_assert_float_eq(((float *)b.buffers[0])[8], 4);
    ck_assert_float_eq(((float *)b.buffers[1])[15], 14);
    nn_batches_close(&b);
    nn_dataset_free(&d);
} END_TEST

START_TEST(windows_that_cannot_be) {
    static const struct { const char *a; const nn_tensor *for_a; const char *b; const nn_tensor *for_b; const char *says; } wrong[] = {
        { "slices", &crop, "masks:windows", &mask, "slices: a sample is 10x7, but 'image' is 1x4x3; bind another file, or change the "
          "model, or append :windows to the file" },
        { "slices:windows", &crop, "lower:windows", &mask, "'mask' takes windows of 4x3 from 9x7, but 'image' of 4x3 from 10x7" },
        { "slices:windows", &crop, "masks:windows:samples=0-1", &mask, "2 samples for 'mask', but 'image' has 3" },
        { "slices:windows:samples=0-3", &crop, "masks:windows", &mask, "samples=0-3: there are samples 0 to 2" },
        { "slices:windows:samples=2-1", &crop, "masks:windows", &mask, "write the first and the last sample" },
        { "slices:windows:samples=", &crop, "masks:windows", &mask, "write the first and the last sample" },
        { "slices:windows:samples=0-1x", &crop, "masks:windows", &mask, "write the first and the last sample" },
        { "slices:windows", &digit, "masks:windows", &mask, "slices: holds 3x10x7, the first extent being the samples: no windows of "
          "one number for 'digit'" },
        { "classes:windows", &crop, "masks:windows", &mask, "classes: holds 3, the first extent" },
        { "slices:u8:windows", &crop, "masks:windows", &mask, "no windows of 1x4x3" } };
    put_slices();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        nn_failure f = { 0 };
        nn_dataset d;
        ck_assert_msg(!two(&d, wrong[i].a, wrong[i].for_a, wrong[i].b, wrong[i].for_b, true, &f), "%s was taken", wrong[i].a);
        ck_assert_msg(strstr(f.text, wrong[i].says) != NULL, "'%s' does not say '%s'", f.text, wrong[i].says);
    }
} END_TEST

START_TEST(order_of_samples) {
    enum { N = 1000 };
    int64_t a[N], b[N];
    bool seen[N] = { false };
    int fixed = 0;
    nn_permutation(a, N, 5, 0);
    nn_permutation(b, N, 5, 0);
    ck_assert_mem_eq(a, b, sizeof a);
    for (int i = 0; i < N; i++) {
        ck_assert(a[i] >= 0 && a[i] < N && !seen[a[i]]);
        seen[a[i]] = true;
        fixed += a[i] == i;
    }
    ck_assert_int_lt(fixed, 10);
    nn_permutation(b, N, 5, 1);
    ck_assert_mem_ne(a, b, sizeof a);
    nn_permutation(b, N, 6, 0);
    ck_assert_mem_ne(a, b, sizeof a);
    nn_permutation(a, 1, 5, 0);
    nn_permutation(a, 0, 5, 0);
} END_TEST

/* Two texts of 1003 lines, of 1 to 20 and of 1 to 12 tokens, in batches of 8. */
START_TEST(sentences_of_like_length) {
    enum { N = 1003, S = 20, T = 12, BATCH = 8 };
    nn_failure f = { 0 };
    const nn_tensor tensors[] = { { .name = "source", .type = NN_I32, .rank = 1, .dim = { S }, .length = { 1 } },
                                  { .name = "target", .type = NN_I32, .rank = 1, .dim = { T }, .length = { 2 } } };
    nn_array arrays[2] = { 0 };
    int length[2][N];
    uint64_t state = 1;
    for (int k = 0; k < 2; k++) {
        int room = (int)tensors[k].dim[0];
        int32_t *tokens = calloc((size_t)(N * room), sizeof *tokens);
        for (int i = 0; i < N; i++) {
            length[k][i] = 1 + (int)nn_draw_below(&state, (uint64_t)room);
            for (int j = 0; j < length[k][i]; j++) tokens[i * room + j] = 1 + i;
        }
        ck_assert(nn_add_memory(&arrays[k], "lines", NN_I32, tokens, (size_t)(N * room), &f));
        arrays[k].padded = true;
        arrays[k].rank = 2;
        arrays[k].dim[0] = N;
        arrays[k].dim[1] = room;
    }
    nn_dataset d = { .n_arrays = 2, .arrays = arrays, .samples = N };
    nn_windows_count(&d.windows, true);
    nn_batches b;
    ck_assert(nn_batches_open(&b, &d, tensors, 2, BATCH, true, &f));
    int first[2][N], places[2] = { 0 }, filled[2] = { 0 }, longer = 0, before = 0;
    for (int epoch = 0; epoch < 3; epoch++) {                   /* the last one is the first one again */
        bool seen[N] = { false };
        nn_batches_start(&b, 7, epoch % 2, 0);
        for (int n, at = 0; (n = nn_batches_next(&b)) > 0; at += n) {
            ck_assert_int_eq(n, N - at < BATCH ? N - at : BATCH);
            for (int i = 0; i < n; i++) {
                int sample = ((int32_t *)b.buffers[0])[i * S] - 1;
                ck_assert_int_eq(((int32_t *)b.buffers[1])[i * T] - 1, sample);
                ck_assert(!seen[sample]);
                seen[sample] = true;
                if (epoch < 2) first[epoch][at + i] = sample;
                else ck_assert_int_eq(first[0][at + i], sample);
                for (int k = 0; k < 2; k++) filled[k] += length[k][sample];
            }
            for (int k = 0; k < 2; k++) places[k] += n * b.lengths[k];
            longer += b.lengths[0] > before;
            before = b.lengths[0];
        }
        for (int i = 0; i < N; i++) ck_assert(seen[i]);
    }
    ck_assert_mem_ne(first[0], first[1], sizeof first[0]);
    ck_assert_msg(100 * places[0] < 105 * filled[0], "%d places for %d tokens", places[0], filled[0]);      /* drawn freely: 180 % */
    ck_assert_msg(100 * places[1] < 145 * filled[1], "%d places for %d tokens", places[1], filled[1]);      /* 175 % */
    ck_assert_int_gt(longer, 3 * 40);                           /* and the batches are not sorted */
    nn_batches_close(&b);
    for (int k = 0; k < 2; k++) nn_array_free(&arrays[k]);
} END_TEST

START_TEST(batches_of_samples) {
    nn_failure f = { 0 };
    unsigned char bytes[10 * 6];
    double values[10];
    for (int i = 0; i < 60; i++) bytes[i] = (unsigned char)i;
    for (int i = 0; i < 10; i++) values[i] = i;
    nn_array arrays[2];
    put_bytes("bytes", bytes, sizeof bytes);
    put_bytes("values", values, sizeof values);
    good("bytes", "u8", &real_image, &arrays[0]);
    good("values", "f64", &digit, &arrays[1]);
    nn_dataset d = { .n_arrays = 2, .arrays = arrays, .samples = 10 };
    nn_windows_count(&d.windows, true);
    const nn_tensor tensors[] = { real_image, digit };
    nn_batches b;
    for (int shuffle = 0; shuffle < 2; shuffle++) {
        ck_assert(nn_batches_open(&b, &d, tensors, 2, 4, shuffle, &f));
        for (int start = 0; start < 10; start += 4) {           /* started anywhere, the rest is the same */
            static int whole[10];
            int given = start, n;
            nn_batches_start(&b, 3, 1, start);
            while ((n = nn_batches_next(&b)) > 0)
                for (int i = 0; i < n; i++, given++) {
                    int sample = ((int32_t *)b.buffers[1])[i];
                    ck_assert_float_eq(((float *)b.buffers[0])[6 * i + 5], (float)(6 * sample + 5));
                    if (start == 0) whole[given] = sample;
                    ck_assert_int_eq(whole[given], sample);
                    if (!shuffle) ck_assert_int_eq(sample, given);
                }
            ck_assert_int_eq(given, 10);
        }
        nn_batches_close(&b);
    }
    for (int i = 0; i < 2; i++) nn_array_free(&arrays[i]);
} END_TEST

int main(void) {
    const TTest *const tests[] = {
        idx_files, cut_and_damaged_files, npy_files, csv_columns, cifar_and_raw_files, raw_sizes,
        places_and_patterns, datasets, windows_tile_samples, windows_at_random_places,
        windows_of_long_rows, windows_that_cannot_be, order_of_samples, sentences_of_like_length,
        batches_of_samples
    };
    return run_tests("data", tests, sizeof tests / sizeof *tests);
}
