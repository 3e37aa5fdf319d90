/* Safetensors files and checkpoints: round trips, damaged and hostile files, files of other models, disks that are full. */
#include <signal.h>
#include <sys/resource.h>
#include "../../runtime/checkpoint.h"
#include "../../runtime/data.h"
#include "../../runtime/json.h"
#include "../../runtime/safetensors.h"
#include "../runtime/files.h"
#include "../runtime/tiny.c"

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
    ck_assert_msg(nn_weights_load("c", &tiny_model, &back, NULL, &f), "%s", f.text);
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
    ck_assert_msg(nn_weights_load("w", &tiny_model, &m, NULL, &f), "%s", f.text);
    ck_assert(m.params.linear_w[2] == 3 && m.params.linear_b == 4);
    ck_assert(nn_archive_write("w", views, 1, NULL, 0, &f));
    ck_assert(!nn_weights_load("w", &tiny_model, &m, NULL, &f) && strstr(f.text, "'linear.b' is missing"));
    f.text[0] = 0;
    int kept = 0;
    m.params.linear_b = 7;
    ck_assert_msg(nn_weights_load("w", &tiny_model, &m, &kept, &f), "%s", f.text);
    ck_assert(kept == 1 && m.params.linear_b == 7 && m.params.linear_w[2] == 3);
    const nn_view others[] = { { "other", NN_F64, 0, NULL, &b } };
    ck_assert(nn_archive_write("w", others, 1, NULL, 0, &f));
    ck_assert(!nn_weights_load("w", &tiny_model, &m, &kept, &f) && strstr(f.text, "has no parameter of model"));
    f.text[0] = 0;
    const nn_view wrong[] = { { "linear.w", NN_F64, 1, &two, w }, { "linear.b", NN_F64, 0, NULL, &b } };
    ck_assert(nn_archive_write("w", wrong, 2, NULL, 0, &f));
    ck_assert(!nn_weights_load("w", &tiny_model, &m, NULL, &f) && strstr(f.text, "'linear.w' is 2, but in the model it is 3"));
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

int main(void) {
    const TTest *const tests[] = {
        json_strings, hostile_archives, checkpoint_round_trip, damaged_checkpoints, other_checkpoints,
        failed_writes
    };
    return run_tests("checkpoint", tests, sizeof tests / sizeof *tests);
}
