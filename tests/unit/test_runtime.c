/* The runtime: readers, batches, safetensors, checkpoints and the trainer, on files good and hostile.
 * Each test works in a directory of its own, which goes away with it. */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>
#include "../../runtime/checkpoint.h"
#include "../../runtime/data.h"
#include "../../runtime/json.h"
#include "../../runtime/safetensors.h"
#include "../../runtime/trainer.h"
#include "../runtime/tiny.c"

static char place[64];

static void enter(void) {
    snprintf(place, sizeof place, "/tmp/nn-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(place));
    ck_assert_int_eq(chdir(place), 0);
}

static void leave(void) {
    DIR *d = opendir(place);
    for (struct dirent *e; d && (e = readdir(d));)
        if (e->d_name[0] != '.') unlink(e->d_name);
    if (d) closedir(d);
    if (chdir("/") == 0) rmdir(place);
}

static void put_bytes(const char *name, const void *data, size_t size) {
    FILE *f = fopen(name, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(data, 1, size, f), size);
    fclose(f);
}

static void put_gzip(const char *name, const void *data, size_t size) {
    gzFile f = gzopen(name, "wb");
    ck_assert_int_eq(gzwrite(f, data, (unsigned)size), (int)size);
    gzclose(f);
}

static char *bytes_of(const char *name, size_t *size) {
    FILE *f = fopen(name, "rb");
    ck_assert_ptr_nonnull(f);
    char *data = malloc(1 << 20);
    *size = fread(data, 1, 1 << 20, f);
    fclose(f);
    return data;
}

static void put_words(const char *name, const char *text) { put_bytes(name, text, strlen(text)); }

static const nn_tensor image = { .name = "image", .type = NN_U8, .rank = 3, .dim = { 1, 2, 3 }, .low = 0, .high = 255 };
static const nn_tensor real_image = { .name = "image", .type = NN_F32, .rank = 3, .dim = { 1, 2, 3 }, .low = 1, .high = 0 };
static const nn_tensor digit = { .name = "digit", .type = NN_I32, .low = 0, .high = 9 };
static const nn_tensor number = { .name = "y", .type = NN_F32, .low = 1, .high = 0 };
static const nn_tensor pair = { .name = "x", .type = NN_F64, .rank = 1, .dim = { 2 }, .low = 1, .high = 0 };

static void good(const char *file, const char *part, const nn_tensor *t, nn_array *a) {
    nn_failure f = { 0 };
    ck_assert_msg(nn_read_file(file, part, t, a, &f), "%s", f.text);
}

/* Refused with a message that says this. */
static void bad(const char *file, const char *part, const nn_tensor *t, const char *says) {
    nn_failure f = { 0 };
    nn_array a;
    ck_assert_msg(!nn_read_file(file, part, t, &a, &f), "%s was taken", file);
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
        ck_assert_int_eq(((unsigned char *)a.data)[11], 255);
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
    ck_assert_int_eq(((int32_t *)a.data)[0], 9);
    nn_array_free(&a);
    unsigned char real[] = { 0, 0, 13, 1, 0, 0, 0, 1, 0x3f, 0xc0, 0, 0 };
    put_bytes("r", real, sizeof real);
    good("r", NULL, &number, &a);
    ck_assert_float_eq(((float *)a.data)[0], 1.5f);
    nn_array_free(&a);
    bad("r", NULL, &digit, "1.5 is not an integer");
    bad("a", "3", &image, "leave out ':3'");
    bad("missing", NULL, &image, "No such file");
    bad(".", NULL, &image, "is a directory");
} END_TEST

START_TEST(cut_and_damaged_files) {
    char name[16];
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
    ck_assert_double_eq(((double *)a.data)[3], 4.5);
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
    ck_assert_int_eq(((int32_t *)a.data)[0], 7);
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
    ck_assert_int_eq(((int32_t *)a.data)[1], 6);
    nn_array_free(&a);
    good("h.csv", "a \"quoted\" name,acidity", &pair, &a);
    ck_assert_double_eq(((double *)a.data)[0], -1000);
    ck_assert_double_eq(((double *)a.data)[3], 8);
    nn_array_free(&a);
    good("h.csv", "1-2", &pair, &a);
    ck_assert_double_eq(((double *)a.data)[2], 3);
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
        { "1,2\n3,nan\n", "'nan' is not a number" },
        { "1,\"2\n3,4\n", "does not end on its line" },
        { "1,\"2\"3\n", "text follows" },
        { "1,2\n3,1e999\n", "1e999" },
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
    ck_assert_int_eq(((unsigned char *)a.data)[0], 17);
    ck_assert_int_eq(((unsigned char *)a.data)[2 * RECORD - 3], 200);
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
    const char *part;
    put_words("b_2.bin", "x");
    put_words("b_1.bin", "x");
    put_words("c.csv.gz", "x");
    put_words("d:e", "x");
    ck_assert(nn_locate(&p, "b_*.bin:label", false, NULL, NULL, &part, &f));
    ck_assert_uint_eq(p.count, 2);
    ck_assert_str_eq(p.path[0], "b_1.bin");
    ck_assert_str_eq(part, "label");
    nn_paths_free(&p);
    ck_assert(nn_locate(&p, "/usr/share/nowhere/c.csv:0-3", true, place, NULL, &part, &f));
    ck_assert_ptr_nonnull(strstr(p.path[0], "c.csv.gz"));
    ck_assert_str_eq(part, "0-3");
    nn_paths_free(&p);
    ck_assert(nn_locate(&p, "d:e", false, NULL, NULL, &part, &f));
    ck_assert_ptr_null(part);
    nn_paths_free(&p);
    char beside[128];
    snprintf(beside, sizeof beside, "%s/default.csv", place);
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert(nn_locate(&p, "b_1.bin", false, NULL, beside, &part, &f));
    nn_paths_free(&p);
    ck_assert(!nn_locate(&p, "/usr/share/nowhere/c.csv", false, place, NULL, &part, &f));
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
    ck_assert_msg(nn_dataset_open(&d, &tiny_model, 2, NN_TRAIN, equal, 3, NULL, &f), "%s", f.text);
    ck_assert_int_eq(d.samples, 2);
    nn_dataset_free(&d);
    ck_assert(!nn_dataset_open(&d, &tiny_model, 2, NN_TRAIN, unequal, 2, NULL, &f));
    ck_assert_ptr_nonnull(strstr(f.text, "z.csv: 3 samples for 'y', but 'x' has 2"));
    f.text[0] = 0;
    ck_assert(!nn_dataset_open(&d, &tiny_model, 2, NN_TRAIN, unknown, 1, NULL, &f));
    ck_assert_ptr_nonnull(strstr(f.text, "did you mean 'x'"));
    f.text[0] = 0;
    ck_assert(!nn_dataset_open(&d, &tiny_model, 2, NN_TEST, half, 1, NULL, &f));
    ck_assert_ptr_nonnull(strstr(f.text, "no test data for 'y': bind a file with --test y=FILE"));
    f.text[0] = 0;
    ck_assert(nn_dataset_open(&d, &tiny_model, 2, NN_TEST, NULL, 0, NULL, &f));
    ck_assert_int_eq(d.samples, 0);
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

START_TEST(batches_of_samples) {
    nn_failure f = { 0 };
    unsigned char bytes[10 * 6];
    double values[10];
    for (int i = 0; i < 60; i++) bytes[i] = (unsigned char)i;
    for (int i = 0; i < 10; i++) values[i] = i;
    nn_array arrays[] = { { .type = NN_U8, .rank = 2, .dim = { 10, 6 }, .data = bytes },
                          { .type = NN_F64, .rank = 1, .dim = { 10 }, .data = values } };
    nn_dataset d = { 2, arrays, 10 };
    const nn_tensor tensors[] = { real_image, digit };
    nn_batches b;
    for (int shuffle = 0; shuffle < 2; shuffle++) {
        ck_assert(nn_batches_open(&b, &d, tensors, 2, 4, shuffle, &f));
        for (int start = 0; start < 10; start += 4) {           /* started anywhere, the rest is the same */
            static int whole[10];
            int at = start, n;
            nn_batches_start(&b, 3, 1, start);
            while ((n = nn_batches_next(&b)) > 0)
                for (int i = 0; i < n; i++, at++) {
                    int sample = ((int32_t *)b.buffers[1])[i];
                    ck_assert_float_eq(((float *)b.buffers[0])[6 * i + 5], (float)(6 * sample + 5));
                    if (start == 0) whole[at] = sample;
                    ck_assert_int_eq(whole[at], sample);
                    if (!shuffle) ck_assert_int_eq(sample, at);
                }
            ck_assert_int_eq(at, 10);
        }
        nn_batches_close(&b);
    }
} END_TEST

START_TEST(json_strings) {
    static const struct { const char *json, *text; } cases[] = {
        { "\"a\"", "a" },
        { " \"\\u0041\\n\\/\"", "A\n/" },
        { "\"\\u00e9\\u20AC\"", "\xc3\xa9\xe2\x82\xac" },
        { "\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80" },
        { "\"\\u0000\"", NULL },
        { "\"\\ud83d\"", NULL },
        { "\"\\ude00\"", NULL },
        { "\"\\x\"", NULL },
        { "\"a", NULL },
        { "\"\\", NULL },
        { "\"\\u12", NULL },
        { "\"\n\"", NULL },
        { "a", NULL },
        { "", NULL },
        { "\"\\ud83d\\u0041\"", NULL } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char buffer[64], *text;
        snprintf(buffer, sizeof buffer, "%s", cases[i].json);
        nn_json j = { buffer, buffer + strlen(buffer) };
        ck_assert_int_eq(nn_json_string(&j, &text), cases[i].text != NULL);
        if (cases[i].text) ck_assert_str_eq(text, cases[i].text);
    }
    char quoted[64], *text;
    nn_json_quote(quoted, "a\"\\\x01z");
    ck_assert_str_eq(quoted, "\"a\\\"\\\\\\u0001z\"");
    nn_json j = { quoted, quoted + strlen(quoted) };
    ck_assert(nn_json_string(&j, &text) && nn_json_end(&j));
    ck_assert_str_eq(text, "a\"\\\x01z");
} END_TEST

static size_t archive(char *to, const char *header, size_t data) {
    size_t n = strlen(header);
    for (int i = 0; i < 8; i++) to[i] = (char)(n >> 8 * i);
    memcpy(to + 8, header, n);
    memset(to + 8 + n, 0, data);
    return 8 + n + data;
}

START_TEST(hostile_archives) {
    static const struct { const char *header; size_t data; const char *says; } cases[] = {
        { "", 0, "no JSON object" },
        { "[]", 0, "no JSON object" },
        { "{", 0, "bad name" },
        { "{}x", 0, "after the header" },
        { "{}", 1, "bytes after" },
        { "{\"a\":1}", 0, "no object" },
        { "{\"a\":{}}", 0, "no member name" },
        { "{\"a\":{\"dtype\":\"F32\"}}", 0, "missing member" },
        { "{\"a\":{\"dtype\":\"F31\",\"shape\":[],\"data_offsets\":[0,4]}}", 4, "unknown dtype" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,8]}}", 8, "do not fit" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}", 3, "cut off" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[4,8]}}", 8, "gap or overlap" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[8,4]}}", 8, "do not fit" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, "bad shape" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}}", 4, "bad shape" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[01],\"data_offsets\":[0,4]}}", 4, "bad shape" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}", 4, "bad shape" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,0]}}", 0, "do not fit" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,4]}}", 4, "bad shape" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4],\"x\":1}}", 4, "unknown member" },
        { "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}", 4, "twice" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},}", 4, "bad name" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_"
          "offsets\":[4,8]}}",
          8, "two entries" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"F32\",\"shape\":[],\"data_"
          "offsets\":[2,6]}}",
          6, "gap or overlap" },
        { "{\"__metadata__\":{},\"__metadata__\":{}}", 0, "two __metadata__" },
        { "{\"__metadata__\":{\"a\":1}}", 0, "bad entry" },
        { "{\"__metadata__\":[]}", 0, "no object" } };
    static char file[1024];
    nn_archive a;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nn_failure f = { 0 };
        put_bytes("h", file, archive(file, cases[i].header, cases[i].data));
        ck_assert_msg(!nn_archive_open(&a, "h", &f), "%s was taken", cases[i].header);
        ck_assert_msg(strstr(f.text, cases[i].says) != NULL, "%s: '%s' does not say '%s'", cases[i].header, f.text, cases[i].says);
    }
    nn_failure f = { 0 };
    put_bytes("h", "\xff\xff\xff\xff\xff\xff\xff\xff{}", 10);
    ck_assert(!nn_archive_open(&a, "h", &f) && strstr(f.text, "100 MB"));
    f.text[0] = 0;
    put_bytes("h", "\x09\0\0\0\0\0\0\0{}", 10);
    ck_assert(!nn_archive_open(&a, "h", &f) && strstr(f.text, "cut off in its header"));
    f.text[0] = 0;
    put_bytes("h", file,
              archive(file,
                      "{\"a\":{\"shape\":[0, 3],\"dtype\":\"BF16\",\"data_offsets\":[0,0]} , "
                      "\"\\u0062\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}  ",
                      2));
    ck_assert_msg(nn_archive_open(&a, "h", &f), "%s", f.text);
    ck_assert_ptr_nonnull(nn_archive_find(&a, "b"));
    ck_assert(!nn_archive_load(&a, nn_archive_find(&a, "a"), file, NN_F32, &f) && strstr(f.text, "BF16"));
    nn_archive_close(&a);
} END_TEST

static tiny trained(void) {
    tiny m;
    tiny_model.init(&m, 11);
    for (int i = 0; i < 3; i++) m.state.mean[i] = (nn_real)i / 4, m.optimizer.linear_w_m[i] = (nn_real)(i + 1);
    m.step = 42, m.epoch = 3, m.seed = UINT64_MAX, m.hyper.lr = 0.125, m.totals = (tiny_totals){ 1.5, 6 };
    m.params.linear_b = (nn_real)0.75;
    return m;
}

static const nn_run a_run = { .samples = 100, .position = 40, .batch = 4, .shuffle = true, .loss_sum = 0.1 };

START_TEST(checkpoint_round_trip) {
    tiny m = trained(), back;
    nn_run run = { 0 };
    nn_failure f = { 0 };
    ck_assert_msg(nn_checkpoint_save("c", &tiny_model, &m, &a_run, &f), "%s", f.text);
    tiny_model.init(&back, 1);
    ck_assert_msg(nn_checkpoint_load("c", &tiny_model, &back, &run, &f), "%s", f.text);
    ck_assert_mem_eq(&m, &back, sizeof m);
    ck_assert(run.samples == 100 && run.position == 40 && run.batch == 4 && run.shuffle && run.loss_sum == 0.1);
    tiny_model.init(&back, 1);
    ck_assert_msg(nn_weights_load("c", &tiny_model, &back, &f), "%s", f.text);
    ck_assert_mem_eq(&m.params, &back.params, sizeof m.params);
    ck_assert_mem_eq(&m.state, &back.state, sizeof m.state);
    ck_assert_mem_ne(&m.optimizer, &back.optimizer, sizeof m.optimizer);
} END_TEST

START_TEST(damaged_checkpoints) {
    tiny m = trained();
    nn_run run;
    nn_failure f = { 0 };
    size_t size;
    ck_assert(nn_checkpoint_save("c", &tiny_model, &m, &a_run, &f));
    char *file = bytes_of("c", &size);
    for (size_t n = 0; n < size; n++) {
        f.text[0] = 0;
        put_bytes("cut", file, n);
        ck_assert_msg(!nn_checkpoint_load("cut", &tiny_model, &m, &run, &f), "cut at %zu and taken", n);
        ck_assert(f.text[0]);
    }
    /* Bytes changed at random: whatever is taken must at least be inside its ranges. */
    uint64_t state = 1;
    for (int i = 0; i < 4000; i++) {
        char keep[3];
        size_t at[3];
        for (int k = 0; k < 3; k++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            at[k] = (size_t)(state >> 33) % size;
            keep[k] = file[at[k]];
            file[at[k]] = (char)(state >> 25);
        }
        put_bytes("changed", file, size);
        f.text[0] = 0;
        if (nn_checkpoint_load("changed", &tiny_model, &m, &run, &f))
            ck_assert(run.batch >= 1 && run.batch <= 8 && run.position <= run.samples);
        else ck_assert(f.text[0]);
        for (int k = 3; k-- > 0;) file[at[k]] = keep[k];
    }
    free(file);
} END_TEST

START_TEST(other_checkpoints) {
    tiny m = trained();
    nn_run run;
    nn_failure f = { 0 };
    nn_model other = tiny_model;
    ck_assert(nn_checkpoint_save("c", &tiny_model, &m, &a_run, &f));
    other.hash = "fedcba9876543210";
    ck_assert(!nn_checkpoint_load("c", &other, &m, &run, &f) && strstr(f.text, "another version of model 'tiny'"));
    f.text[0] = 0;
    other.name = "large";
    ck_assert(!nn_checkpoint_load("c", &other, &m, &run, &f) && strstr(f.text, "model 'tiny', and this program is model 'large'"));
    f.text[0] = 0;
    other = tiny_model;
    other.real = NN_F64;
    ck_assert(!nn_checkpoint_load("c", &other, &m, &run, &f) && strstr(f.text, "float build"));
    f.text[0] = 0;
    other = tiny_model;
    other.batch = 2;
    ck_assert(!nn_checkpoint_load("c", &other, &m, &run, &f) && strstr(f.text, "'batch' is '4'"));
    f.text[0] = 0;
    const double w[3] = { 1, 2, 3 }, b = 4;
    const int64_t three = 3, two = 2;
    const nn_view views[] = { { "linear.w", NN_F64, 1, &three, w },
                              { "linear.b", NN_F64, 0, NULL, &b },
                              { "other", NN_F64, 0, NULL, &b } };
    ck_assert(nn_archive_write("w", views, 3, NULL, 0, &f));
    ck_assert(!nn_checkpoint_load("w", &tiny_model, &m, &run, &f) && strstr(f.text, "loaded with --weights"));
    f.text[0] = 0;
    ck_assert_msg(nn_weights_load("w", &tiny_model, &m, &f), "%s", f.text);
    ck_assert(m.params.linear_w[2] == 3 && m.params.linear_b == 4);
    ck_assert(nn_archive_write("w", views, 1, NULL, 0, &f));
    ck_assert(!nn_weights_load("w", &tiny_model, &m, &f) && strstr(f.text, "'linear.b' is missing"));
    f.text[0] = 0;
    const nn_view wrong[] = { { "linear.w", NN_F64, 1, &two, w }, { "linear.b", NN_F64, 0, NULL, &b } };
    ck_assert(nn_archive_write("w", wrong, 2, NULL, 0, &f));
    ck_assert(!nn_weights_load("w", &tiny_model, &m, &f) && strstr(f.text, "'linear.w' is 2, but in the model it is 3"));
    f.text[0] = 0;
    const nn_view twice[] = { { "a", NN_F64, 0, NULL, &b }, { "a", NN_F64, 0, NULL, &b } };
    ck_assert(!nn_archive_write("w", twice, 2, NULL, 0, &f) && strstr(f.text, "two arrays"));
} END_TEST

START_TEST(failed_writes) {
    tiny m = trained();
    nn_failure f = { 0 };
    size_t before, after;
    ck_assert(nn_checkpoint_save("c", &tiny_model, &m, &a_run, &f));
    free(bytes_of("c", &before));
    struct rlimit limit = { 100, 100 };
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    m.step++;
    ck_assert(!nn_checkpoint_save("c", &tiny_model, &m, &a_run, &f) && strstr(f.text, "cannot be written"));
    free(bytes_of("c", &after));
    ck_assert_uint_eq(before, after);
    ck_assert_int_ne(access("c.tmp", F_OK), 0);
    f.text[0] = 0;
    ck_assert(!nn_checkpoint_save("missing/c", &tiny_model, &m, &a_run, &f) && strstr(f.text, "No such file"));
    f.text[0] = 0;
    ck_assert(!nn_checkpoint_save("/dev/null", &tiny_model, &m, &a_run, &f) && strstr(f.text, "no ordinary file"));
} END_TEST

/* ---- the command line; what it prints goes to files ---- */

static void make_data(void) {
    FILE *out = fopen("data.csv", "w");
    uint64_t state = 3;
    fprintf(out, "a,b,c,y\n");
    for (int i = 0; i < 53; i++) {
        double x[3], y = 0.25;
        for (int k = 0; k < 3; k++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            x[k] = (double)(state >> 40) / 0x1p23 - 1;
            y += x[k] * (k + 1);
        }
        fprintf(out, "%.6f,%.6f,%.6f,%.6f\n", x[0], x[1], x[2], y);
    }
    fclose(out);
}

static int command(const char *words) {
    char text[512], *list[40] = { (char[]){ "tiny" } }, *rest = text, *word;
    int n = 1;
    snprintf(text, sizeof text, "%s", words);
    while ((word = strsep(&rest, " "))) if (*word) list[n++] = word;
    fflush(stdout);
    fflush(stderr);
    int out = dup(1), errors = dup(2);
    ck_assert_ptr_nonnull(freopen("out", "w", stdout));
    ck_assert_ptr_nonnull(freopen("errors", "w", stderr));
    int code = nn_main(&tiny_model, n, list);
    fflush(stdout);
    fflush(stderr);
    dup2(out, 1);
    dup2(errors, 2);
    close(out);
    close(errors);
    return code;
}

static void says(const char *file, const char *text) {
    size_t size;
    char *all = bytes_of(file, &size);
    all[size] = 0;
    ck_assert_msg(strstr(all, text) != NULL, "'%s' does not say '%s'", all, text);
    free(all);
}

#define DATA " --train x=data.csv:0-2 --train y=data.csv:y --test x=data.csv:0-2 --test y=data.csv:y "

START_TEST(wrong_commands) {
    static const struct { const char *words; int code; const char *says; } cases[] = {
        { "", 2, "a command must follow" },
        { "trian", 2, "did you mean 'train'" },
        { "x", 2, "there are train, test" },
        { "train x", 2, "is no option" },
        { "train --epoch 3", 2, "did you mean --epochs" },
        { "train --zzzzzz 3", 2, "--help lists them" },
        { "train --epochs", 2, "a value must follow" },
        { "train --epochs -1", 2, "takes a whole number" },
        { "train --epochs 1x", 2, "takes a whole number" },
        { "train --batch 0", 2, "takes a whole number from 1" },
        { "train --batch 9", 2, "at most 8" },
        { "train --lr x", 2, "takes a number" },
        { "train --lr nan", 2, "takes a number" },
        { "train --quiet=1", 2, "takes no value" },
        { "train --train data.csv", 2, "says no name" },
        { "train --output x", 2, "is an option of 'predict'" },
        { "test", 2, "--weights FILE" },
        { "train --save-every 3", 2, "needs --save" },
        { "train --resume a --weights b", 2, "leave out one" },
        { "train --seed 99999999999999999999", 2, "whole number" },
        { "info --lr 3", 2, "belong to train" },
        { "train --train z=data.csv", 1, "no input or target 'z'" },
        { "train", 1, "no such file" },
        { "train" DATA "--log a.txt", 1, "a log is .csv or .jsonl" },
        { "train" DATA "--save no/where", 1, "No such file" },
        { "train" DATA "--resume none", 1, "none" },
        { "test --weights data.csv" DATA, 2, "is an option of" },
        { "test --weights data.csv --test x=data.csv:0-2 --test y=data.csv:3", 1, "data.csv: " },
        { "predict --weights w --output a --output q=b.csv", 1, "w: " } };
    make_data();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_msg(command(cases[i].words) == cases[i].code, "%s", cases[i].words);
        says("errors", cases[i].says);
    }
} END_TEST

START_TEST(commands) {
    make_data();
    ck_assert_int_eq(command("--help"), 0);
    says("out", "--sgd.momentum");
    ck_assert_int_eq(command("train --help"), 0);
    ck_assert_int_eq(command("--version"), 0);
    says("out", NN_VERSION);
    ck_assert_int_eq(command("info"), 0);
    says("out", "4 numbers");
    ck_assert_int_eq(command("check"), 0);
    says("out", "linear.w");
    ck_assert_int_eq(command("train --epochs 30 --momentum=0.8 --lr 0.02 --save w" DATA), 0);
    says("out", "epoch 30/30  loss ");
    says("out", "test mae ");
    ck_assert_int_eq(command("test --weights w --test x=data.csv:0-2 --test y=data.csv:y"), 0);
    says("out", "(53 samples)");
    ck_assert_int_eq(command("predict --weights w --test x=data.csv:0-2"), 0);
    says("out", "prediction\n");
    ck_assert_int_eq(command("predict --weights w --test x=data.csv:0-2 --output p.npy"), 0);
    nn_array a;
    good("p.npy", NULL, &number, &a);
    ck_assert_int_eq(a.dim[0], 53);
    nn_array_free(&a);
    ck_assert_int_eq(command("predict --weights w --test x=data.csv:0-2 --output prediction=p.csv --batch 3"), 0);
    good("p.csv", NULL, &number, &a);
    ck_assert_int_eq(a.dim[0], 53);
    nn_array_free(&a);
    ck_assert_int_eq(command("predict --weights w --test x=data.csv:0-2 --output other=p.csv"), 1);
    says("errors", "no such output");
} END_TEST

START_TEST(loss_that_is_lost) {
    make_data();
    nn_run run;
    nn_failure f = { 0 };
    tiny m;
    ck_assert_int_eq(command("train --epochs 1 --save w" DATA), 0);
    ck_assert_int_eq(command("train --resume w --epochs 50 --lr 1e30" DATA), 4);
    says("errors", "try a smaller step size");
    ck_assert(nn_checkpoint_load("w", &tiny_model, &m, &run, &f));
    ck_assert(nn_weights_finite(&tiny_model, &m));
} END_TEST

static void same_files(const char *a, const char *b) {
    size_t n, m;
    char *x = bytes_of(a, &n), *y = bytes_of(b, &m);
    ck_assert_uint_eq(n, m);
    ck_assert_mem_eq(x, y, n);
    free(x);
    free(y);
}

/* Leaves out the last column, which is time. */
static void same_logs(const char *a, const char *b) {
    FILE *f = fopen(a, "r"), *g = fopen(b, "r");
    char x[512], y[512];
    ck_assert(f && g);
    for (int line = 1;; line++) {
        char *p = fgets(x, sizeof x, f), *q = fgets(y, sizeof y, g);
        ck_assert_int_eq(p == NULL, q == NULL);
        if (!p) break;
        *strrchr(x, ',') = 0;
        *strrchr(y, ',') = 0;
        ck_assert_msg(!strcmp(x, y), "line %d: %s and %s", line, x, y);
    }
    fclose(f);
    fclose(g);
}

/* Stopped after any number of steps and resumed, the run ends with the same bytes and the same log. */
START_TEST(resumed_runs) {
    make_data();
    ck_assert_int_eq(command("train --epochs 3 --save whole --log whole.csv --log-every 2" DATA), 0);
    for (int steps = 0; steps <= 21; steps++) {
        char words[512];
        snprintf(words, sizeof words, "train --steps %d --save part --log part.csv --log-every 2" DATA, steps);
        ck_assert_int_eq(command(words), 0);
        ck_assert_int_eq(command("train --resume part --epochs 3 --log part.csv --log-every 2" DATA), 0);
        same_files("whole", "part");
        same_logs("whole.csv", "part.csv");
    }
    /* A log that is ahead of its checkpoint, as after a kill, is cut back. */
    ck_assert_int_eq(command("train --steps 9 --save part --log part.csv --log-every 2" DATA), 0);
    ck_assert_int_eq(command("train --resume part --epochs 2 --save ahead --log part.csv --log-every 2" DATA), 0);
    FILE *f = fopen("part.csv", "a");
    fputs("step,3,1", f);
    fclose(f);
    ck_assert_int_eq(command("train --resume part --epochs 3 --log part.csv --log-every 2" DATA), 0);
    same_logs("whole.csv", "part.csv");
    put_words("part.csv", "precious text\n");
    ck_assert_int_eq(command("train --resume part --epochs 4 --log part.csv" DATA), 1);
    says("errors", "is no log of this model");
    says("part.csv", "precious text");
    ck_assert_int_eq(command("train --resume part --epochs 4 --seed 3" DATA), 1);
    says("errors", "has seed 7");
    ck_assert_int_eq(command("train --resume part --epochs 4 --no-shuffle" DATA), 1);
    says("errors", "shuffles");
    ck_assert_int_eq(command("train --resume part" DATA), 0);
    says("out", "has done its 3 epochs");
    put_words("data.csv", "a,b,c,y\n1,2,3,4\n");
    ck_assert_int_eq(command("train --resume part --epochs 4" DATA), 1);
    says("errors", "was trained on 53 samples");
} END_TEST

/* The command in a process of its own, which gets a signal after so many microseconds. Gives waitpid's status. */
static int signalled(const char *words, int which, unsigned after) {
    int status;
    pid_t child = fork();
    if (child == 0) _exit(command(words));
    usleep(after);
    kill(child, which);
    waitpid(child, &status, 0);
    return status;
}

/* Killed again and again, each time a little later, the run ends with the same bytes as one that was left alone. */
START_TEST(killed_runs) {
    int kills = 0, status = 0;
    make_data();
    ck_assert_int_eq(command("train --epochs 9 --save whole --log whole.csv" DATA), 0);
    for (unsigned wait = 1000; wait < 10000000; wait += wait / 8, kills++) {
        bool begun = access("part", F_OK) == 0;
        status = signalled(begun ? "train --epochs 9 --resume part --save-every 1 --log part.csv" DATA
                                 : "train --epochs 9 --save part --save-every 1 --log part.csv" DATA,
                           SIGKILL, wait);
        if (!WIFSIGNALED(status)) break;
    }
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ck_assert_int_gt(kills, 1);
    same_files("whole", "part");
    same_logs("whole.csv", "part.csv");
} END_TEST

START_TEST(stopped_runs) {
    make_data();
    static const struct { int which, code; } ends[] = { { SIGINT, 130 }, { SIGTERM, 143 } };
    for (int i = 0; i < 2; i++) {
        int status = signalled("train --epochs 1000000000 --save part" DATA, ends[i].which, 300000);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == ends[i].code, "status %d", status);
        says("errors", "continue with --resume 'part'");
        ck_assert_int_eq(command("test --weights part --test x=data.csv:0-2 --test y=data.csv:y"), 0);
    }
} END_TEST

START_TEST(json_log) {
    make_data();
    ck_assert_int_eq(command("train --epochs 2 --log a.jsonl --log-every 5" DATA), 0);
    says("a.jsonl", "{\"what\":\"step\",\"epoch\":1,\"step\":5,\"loss\":");
    says("a.jsonl", "{\"what\":\"epoch\",\"epoch\":2,\"step\":14,\"loss\":");
    says("a.jsonl", ",\"mae\":");
    says("a.jsonl", ",\"test_loss\":");
    says("a.jsonl", ",\"seconds\":");
} END_TEST

int main(void) {
    Suite *suite = suite_create("runtime");
    TCase *data = tcase_create("data"), *saving = tcase_create("checkpoints"), *line = tcase_create("commands");
    tcase_add_checked_fixture(data, enter, leave);
    tcase_add_checked_fixture(saving, enter, leave);
    tcase_add_checked_fixture(line, enter, leave);
    tcase_set_timeout(data, 60);
    tcase_set_timeout(saving, 120);
    tcase_set_timeout(line, 120);
    tcase_add_test(data, idx_files);
    tcase_add_test(data, cut_and_damaged_files);
    tcase_add_test(data, npy_files);
    tcase_add_test(data, csv_columns);
    tcase_add_test(data, cifar_and_raw_files);
    tcase_add_test(data, raw_sizes);
    tcase_add_test(data, places_and_patterns);
    tcase_add_test(data, datasets);
    tcase_add_test(data, order_of_samples);
    tcase_add_test(data, batches_of_samples);
    tcase_add_test(saving, json_strings);
    tcase_add_test(saving, hostile_archives);
    tcase_add_test(saving, checkpoint_round_trip);
    tcase_add_test(saving, damaged_checkpoints);
    tcase_add_test(saving, other_checkpoints);
    tcase_add_test(saving, failed_writes);
    tcase_add_test(line, wrong_commands);
    tcase_add_test(line, commands);
    tcase_add_test(line, loss_that_is_lost);
    tcase_add_test(line, resumed_runs);
    tcase_add_test(line, killed_runs);
    tcase_add_test(line, stopped_runs);
    tcase_add_test(line, json_log);
    suite_add_tcase(suite, data);
    suite_add_tcase(suite, saving);
    suite_add_tcase(suite, line);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
