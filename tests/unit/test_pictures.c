/* Pictures of every kind as bytes, directories of them as data sets, and what is said about those that cannot be read. */
#include <setjmp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <jpeglib.h>
#include <png.h>
#include "../../runtime/data.h"
#include "../../runtime/picture.h"
#include "../../runtime/sheet.h"
#include "../../runtime/texts.h"
#include <math.h>
#include "../runtime/files.h"

static nn_texts no_texts;               /* none of these data is text */

enum { H = 3, W = 4 };

/* Writes `rows` of so many bytes as a PNG of this kind. The palette is 10*i, 20*i, 30*i. */
static void put_png(const char *name, int height, int width, int kind, int depth, int interlace, const unsigned char *rows, size_t row) {
    FILE *file = fopen(name, "wb");
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_color palette[8];
    png_bytep lines[16];
    for (int i = 0; i < 8; i++) palette[i] = (png_color){ (png_byte)(10 * i), (png_byte)(20 * i), (png_byte)(30 * i) };
    for (int y = 0; y < height; y++) lines[y] = (png_bytep)rows + (size_t)y * row;
    if (setjmp(png_jmpbuf(png))) ck_abort_msg("%s", name);
    png_init_io(png, file);
    png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, depth, kind, interlace, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (kind == PNG_COLOR_TYPE_PALETTE) png_set_PLTE(png, info, palette, 8);
    png_write_info(png, info);
    png_write_image(png, lines);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    fclose(file);
}

/* One colour everywhere survives JPEG but for rounding. */
static void put_jpeg(const char *name, int height, int width, int channels, int r, int g, int b) {
    struct jpeg_compress_struct c;
    struct jpeg_error_mgr errors;
    FILE *file = fopen(name, "wb");
    unsigned char line[256];
    for (int i = 0; i < width * channels; i++) line[i] = (unsigned char)(i % channels == 0 ? r : i % channels == 1 ? g : b);
    c.err = jpeg_std_error(&errors);
    jpeg_create_compress(&c);
    jpeg_stdio_dest(&c, file);
    c.image_width = (JDIMENSION)width, c.image_height = (JDIMENSION)height;
    c.input_components = channels, c.in_color_space = channels == 3 ? JCS_RGB : JCS_GRAYSCALE;
    jpeg_set_defaults(&c);
    jpeg_set_quality(&c, 95, TRUE);
    jpeg_start_compress(&c, TRUE);
    while (c.next_scanline < c.image_height) jpeg_write_scanlines(&c, (JSAMPROW[]){ line }, 1);
    jpeg_finish_compress(&c);
    jpeg_destroy_compress(&c);
    fclose(file);
}

/* A grey picture with values base, base + 1, ... */
static void put_grey(const char *name, int height, int width, int base) {
    unsigned char rows[256];
    for (int i = 0; i < height * width; i++) rows[i] = (unsigned char)(base + i);
    put_png(name, height, width, PNG_COLOR_TYPE_GRAY, 8, PNG_INTERLACE_NONE, rows, (size_t)width);
}

static void reads(const char *name, nn_pixels pixels, unsigned char *planes) {
    nn_failure f = { 0 };
    ck_assert_msg(nn_picture_read(name, pixels, H, W, planes, &f), "%s", f.text);
}

static void refuses(const char *name, nn_pixels pixels, const char *says) {
    unsigned char planes[3 * H * W];
    nn_failure f = { 0 };
    ck_assert_msg(!nn_picture_read(name, pixels, H, W, planes, &f), "%s was taken", name);
    ck_assert_msg(strstr(f.text, says) != NULL && strstr(f.text, name) == f.text, "'%s' does not say '%s'", f.text, says);
}

START_TEST(kinds_of_png) {
    unsigned char rows[H * W * 8], planes[3 * H * W];
    for (int interlace = 0; interlace < 2; interlace++) {
        for (size_t i = 0; i < sizeof rows; i++) rows[i] = (unsigned char)(7 * i + 3);
        put_png("grey", H, W, PNG_COLOR_TYPE_GRAY, 8, interlace, rows, W);
        reads("grey", NN_GREY, planes);
        ck_assert_mem_eq(planes, rows, H * W);
        reads("grey", NN_VALUES, planes);
        ck_assert_mem_eq(planes, rows, H * W);
        reads("grey", NN_COLOUR, planes);
        for (int c = 0; c < 3; c++) ck_assert_mem_eq(planes + c * H * W, rows, H * W);
        for (int alpha = 0; alpha < 2; alpha++) {
            int n = 3 + alpha;
            put_png("rgb", H, W, alpha ? PNG_COLOR_TYPE_RGB_ALPHA : PNG_COLOR_TYPE_RGB, 8, interlace, rows, (size_t)(W * n));
            reads("rgb", NN_COLOUR, planes);
            for (int i = 0; i < H * W; i++)
                for (int c = 0; c < 3; c++) ck_assert_int_eq(planes[c * H * W + i], rows[n * i + c]);
            reads("rgb", NN_GREY, planes);
            for (int i = 0; i < H * W; i++) {
                double luma = (299 * rows[n * i] + 587 * rows[n * i + 1] + 114 * rows[n * i + 2]) / 1000.0;
                ck_assert_double_eq_tol(planes[i], luma, 0.51);
            }
            refuses("rgb", NN_VALUES, "is no mask");
        }
        put_png("deep", H, W, PNG_COLOR_TYPE_GRAY, 16, interlace, rows, 2 * W);
        reads("deep", NN_GREY, planes);
        for (int i = 0; i < H * W; i++)
            ck_assert_double_eq_tol(planes[i], (rows[2 * i] * 256 + rows[2 * i + 1]) / 257.0, 0.51);
        refuses("deep", NN_VALUES, "is no mask");
        for (size_t i = 0; i < sizeof rows; i++) rows[i] = (unsigned char)(i % 8);
        put_png("palette", H, W, PNG_COLOR_TYPE_PALETTE, 8, interlace, rows, W);
        reads("palette", NN_COLOUR, planes);
        for (int i = 0; i < H * W; i++)
            for (int c = 0; c < 3; c++) ck_assert_int_eq(planes[c * H * W + i], 10 * (c + 1) * (i % 8));
        reads("palette", NN_VALUES, planes);
        for (int i = 0; i < H * W; i++) ck_assert_int_eq(planes[i], i % 8);
    }
    const unsigned char bits[H] = { 0xa0, 0x50, 0xf0 };
    put_png("bits", H, W, PNG_COLOR_TYPE_GRAY, 1, PNG_INTERLACE_NONE, bits, 1);
    reads("bits", NN_VALUES, planes);
    ck_assert_mem_eq(planes, "\1\0\1\0\0\1\0\1\1\1\1\1", H * W);
    reads("bits", NN_GREY, planes);
    ck_assert_mem_eq(planes, "\377\0\377\0\0\377\0\377\377\377\377\377", H * W);
} END_TEST

START_TEST(kinds_of_jpeg) {
    unsigned char planes[3 * H * W];
    put_jpeg("rgb.jpg", H, W, 3, 200, 100, 50);
    reads("rgb.jpg", NN_COLOUR, planes);
    for (int i = 0; i < 3 * H * W; i++) ck_assert_double_eq_tol(planes[i], ((double[]){ 200, 100, 50 }[i / (H * W)]), 3);
    reads("rgb.jpg", NN_GREY, planes);
    for (int i = 0; i < H * W; i++) ck_assert_double_eq_tol(planes[i], 124.2, 2);
    refuses("rgb.jpg", NN_VALUES, "is no mask");
    put_jpeg("grey.jpg", H, W, 1, 77, 0, 0);
    for (int kind = NN_GREY; kind <= NN_VALUES; kind++) {
        reads("grey.jpg", (nn_pixels)kind, planes);
        for (int i = 0; i < (kind == NN_COLOUR ? 3 : 1) * H * W; i++) ck_assert_int_eq(planes[i], 77);
    }
} END_TEST

/* Every prefix, and every file with one byte changed: an error with its name, or a picture; never a crash. */
START_TEST(cut_and_damaged_pictures) {
    unsigned char planes[3 * H * W];
    put_grey("a.png", H, W, 0);
    put_jpeg("a.jpg", H, W, 3, 1, 2, 3);
    for (int kind = 0; kind < 2; kind++) {
        size_t size;
        char *bytes = bytes_of(kind ? "a.jpg" : "a.png", &size);
        for (size_t n = 0; n < size; n++) {
            put_bytes("cut", bytes, n);
            refuses("cut", NN_COLOUR, n ? "cut: " : "the file is empty");
        }
        for (size_t n = 0; n < size; n++) {
            nn_failure f = { 0 };
            bytes[n] ^= 0x41;
            put_bytes("changed", bytes, size);
            ck_assert(nn_picture_read("changed", NN_COLOUR, H, W, planes, &f) == !f.text[0]);
            bytes[n] ^= 0x41;
        }
        free(bytes);
    }
    put_words("text", "no picture");
    refuses("text", NN_GREY, "is no PNG or JPEG picture");
    refuses("nowhere", NN_GREY, "No such file");
    refuses(".", NN_GREY, "Is a directory");
    put_grey("large", H + 1, W, 0);
    refuses("large", NN_GREY, "another size");
} END_TEST

static const nn_tensor grey = { .name = "image", .type = NN_F32, .rank = 3, .dim = { 1, H, W }, .low = 1, .high = 0 },
                       colour = { .name = "image", .type = NN_U8, .rank = 3, .dim = { 3, H, W }, .low = 0, .high = 255 },
                       kind = { .name = "kind", .type = NN_I32, .low = 0, .high = 2 },
                       mask = { .name = "mask", .type = NN_I32, .rank = 2, .dim = { H, W }, .low = 0, .high = 1 },
                       crop = { .name = "image", .type = NN_F32, .rank = 2, .dim = { 2, 2 }, .low = 1, .high = 0 };

static bool open_one(const char *text, const nn_tensor *t, nn_array *a, nn_failure *f) {
    nn_paths p;
    bool good = nn_locate(&p, text, false, NULL, NULL, f) && nn_read_files(&p, t, false, NULL, a, f);
    nn_paths_free(&p);
    return good;
}

static void bad(const char *text, const nn_tensor *t, const char *says) {
    nn_failure f = { 0 };
    nn_array a;
    ck_assert_msg(!open_one(text, t, &a, &f), "%s was taken", text);
    ck_assert_msg(strstr(f.text, says) != NULL, "'%s' does not say '%s'", f.text, says);
}

/* Element i of all samples, one after another. */
static double at(const nn_array *a, size_t i) {
    nn_failure f = { 0 };
    double x;
    ck_assert_msg(nn_array_read(a, 0, i, 1, &x, NN_F64, &f), "%s", f.text);
    return x;
}

static void clear(void) { ck_assert_int_eq(system("rm -rf data"), 0); }

START_TEST(directories_of_classes) {
    nn_array a;
    nn_failure f = { 0 };
    ck_assert_int_eq(system("mkdir -p data/cat data/ant data/bee"), 0);
    put_grey("data/cat/2.png", H, W, 20);
    put_grey("data/cat/10.PNG", H, W, 10);
    put_grey("data/ant/x.png", H, W, 30);
    put_jpeg("data/bee/y.jpeg", H, W, 1, 99, 0, 0);
    put_words("data/readme.txt", "not a picture");
    ck_assert_msg(open_one("data", &grey, &a, &f), "%s", f.text);
    ck_assert_int_eq(a.dim[0], 4);
    for (int i = 0; i < 2; i++)                         /* decoded the first time, kept the second */
        for (int k = 0; k < 4; k++) ck_assert_double_eq(at(&a, (size_t)(k * H * W)), ((double[]){ 30, 99, 10, 20 }[k]));
    nn_array_free(&a);
    ck_assert_msg(open_one("data:samples=2-3", &colour, &a, &f), "%s", f.text);
    ck_assert_double_eq(at(&a, 3 * H * W + 2 * H * W + 5), 25);
    nn_array_free(&a);
    ck_assert_msg(open_one("data:label", &kind, &a, &f), "%s", f.text);
    for (int k = 0; k < 4; k++) ck_assert_double_eq(at(&a, (size_t)k), ((double[]){ 0, 1, 2, 2 }[k]));
    nn_array_free(&a);
    ck_assert_msg(open_one("data:windows", &crop, &a, &f), "%s", f.text);
    ck_assert(a.windows);
    nn_array_free(&a);
    bad("data:labels", &kind, "':labels' is no part of a directory");
    bad("data", &(nn_tensor){ .name = "x", .type = NN_F32, .rank = 1, .dim = { H * W }, .low = 1 }, "which 'x' (12) cannot take");
    bad("data", &(nn_tensor){ .name = "x", .type = NN_F32, .rank = 3, .dim = { W, H, 3 }, .low = 1 }, "which 'x' (4x3x3) cannot take");
    bad("data", &crop, "data: a sample is 1x3x4, but 'image' is 2x2; bind another file, or change the model, or append :windows");
    bad("data", &(nn_tensor){ .name = "kind", .type = NN_I32, .low = 0, .high = 3 }, "data: has 3 directories, the classes, but 'kind' has 4");
    put_grey("data/dog.png", H, W, 0);
    bad("data", &grey, "data: has both pictures and directories");
    unlink("data/dog.png");
    put_grey("data/cat/3.png", H, W + 1, 0);
    bad("data", &grey, "data/cat/3.png: is 3x5, but the pictures before it are 3x4");
    put_words("data/cat/3.png", "");
    bad("data", &grey, "data/cat/3.png: the file is empty");
    unlink("data/cat/3.png");
    put_words("data/cat/3.bmp", "");
    bad("data", &grey, "data/cat/3.bmp: is no PNG or JPEG picture; convert it");
    unlink("data/cat/3.bmp");
    mkdir("data/cat/more", 0777);
    bad("data", &grey, "data/cat/more: a directory in a directory of a class");
    clear();
    mkdir("data", 0777);
    bad("data", &grey, "data: holds no picture");
    put_grey("data/a.png", H, W, 0);
    bad("data", &kind, "data: has no directories, which would be the classes of 'kind'");
    clear();
} END_TEST

START_TEST(directories_of_masks) {
    nn_array a;
    nn_failure f = { 0 };
    unsigned char values[H * W] = { 0, 255, 1, 0, 255, 255, 0, 0, 0, 0, 0, 1 };
    mkdir("data", 0777);
    put_png("data/b.png", H, W, PNG_COLOR_TYPE_GRAY, 8, PNG_INTERLACE_NONE, values, W);
    put_png("data/a.png", H, W, PNG_COLOR_TYPE_PALETTE, 8, PNG_INTERLACE_NONE, (const unsigned char *)"\0\1\0\1\0\1\0\1\0\1\0\1", W);
    ck_assert_msg(open_one("data", &mask, &a, &f), "%s", f.text);
    for (int i = 0; i < H * W; i++) {
        ck_assert_double_eq(at(&a, (size_t)i), i % 2);
        ck_assert_double_eq(at(&a, (size_t)(H * W + i)), values[i] ? 1 : 0);
    }
    nn_array_free(&a);
    values[6] = 7;                                      /* found when it is decoded */
    put_png("data/b.png", H, W, PNG_COLOR_TYPE_GRAY, 8, PNG_INTERLACE_NONE, values, W);
    ck_assert_msg(open_one("data", &mask, &a, &f), "%s", f.text);
    double all[2 * H * W];
    ck_assert(!nn_array_read(&a, 0, 0, 2 * H * W, all, NN_F64, &f));
    ck_assert_ptr_nonnull(strstr(f.text, "data/b.png: the pixel in row 1, column 2 is 7, outside 0..1, the range of 'mask'"));
    nn_array_free(&a);
    clear();
} END_TEST

START_TEST(pictures_and_masks_by_name) {
    nn_failure f = { 0 };
    nn_dataset d;
    nn_tensor tensors[] = { grey, grey };
    tensors[1].name = "target";
    const nn_model m = { .name = "m", .n_inputs = 1, .n_targets = 1, .inputs = tensors };
    const nn_binding bound[] = { { "image", "data/a" }, { "target", "data/b" } };
    ck_assert_int_eq(system("mkdir -p data/a data/b"), 0);
    put_grey("data/a/1.png", H, W, 0);
    put_grey("data/a/2.png", H, W, 0);
    put_grey("data/b/1.mask.png", H, W, 0);
    put_grey("data/b/3.png", H, W, 0);
    ck_assert(!nn_dataset_open(&d, &m, 2, NN_TRAIN, bound, 2, NULL, &no_texts, &f));
    ck_assert_str_eq(f.text, "sample 1 is data/a/2.png for 'image', but data/b/3.png for 'target': others have the same name in both; is one missing?");
    rename("data/b/1.mask.png", "data/b/0.png");        /* names of another kind are nobody's business */
    f.text[0] = 0;
    ck_assert_msg(nn_dataset_open(&d, &m, 2, NN_TRAIN, bound, 2, NULL, &no_texts, &f), "%s", f.text);
    ck_assert_str_eq(nn_array_file(&d.arrays[1], 0), "data/b/0.png");
    nn_dataset_free(&d);
    clear();
} END_TEST

/* A picture that breaks after the start ends the batches with a message. */
START_TEST(pictures_that_break) {
    nn_failure f = { 0 };
    nn_dataset d;
    nn_batches b;
    size_t size;
    mkdir("data", 0777);
    put_grey("data/a.png", H, W, 0);
    put_grey("data/b.png", H, W, 0);
    char *bytes = bytes_of("data/b.png", &size);
    put_bytes("data/b.png", bytes, size - 20);
    free(bytes);
    const nn_model m = { .name = "m", .n_inputs = 1, .inputs = &grey };
    const nn_binding bound[] = { { "image", "data" } };
    ck_assert_msg(nn_dataset_open(&d, &m, 1, NN_TRAIN, bound, 1, NULL, &no_texts, &f), "%s", f.text);
    ck_assert(nn_batches_open(&b, &d, &grey, 1, 1, false, &f));
    nn_batches_start(&b, 1, 0, 0);
    ck_assert_int_eq(nn_batches_next(&b), 1);
    ck_assert_int_eq(nn_batches_next(&b), 0);
    ck_assert(b.failed);
    ck_assert_ptr_nonnull(strstr(f.text, "data/b.png: the picture is damaged"));
    nn_batches_close(&b);
    nn_dataset_free(&d);
    clear();
} END_TEST

START_TEST(pictures_written) {
    unsigned char pixels[3 * H * W], planes[3 * H * W];
    nn_failure f = { 0 };
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (unsigned char)(5 * i);
    for (int channels = 1; channels <= 3; channels += 2) {
        FILE *file = fopen("out.png", "wb");
        ck_assert_msg(nn_picture_write(file, "out.png", H, W, channels, pixels, &f), "%s", f.text);
        ck_assert_int_eq(fclose(file), 0);
        reads("out.png", channels == 3 ? NN_COLOUR : NN_GREY, planes);
        for (int i = 0; i < channels * H * W; i++) ck_assert_int_eq(planes[i % channels * H * W + i / channels], pixels[i]);
    }
    FILE *full = fopen("/dev/full", "wb");
    if (!full) return;
    setvbuf(full, NULL, _IONBF, 0);
    ck_assert(!nn_picture_write(full, "full.png", H, W, 1, pixels, &f));
    ck_assert_ptr_nonnull(strstr(f.text, "full.png: cannot be written: No space left"));
    fclose(full);
} END_TEST

/* A sheet of two samples: bytes for a real input, classes, a real output in and beyond 0 to 1, and classes as an output. */
START_TEST(sheets) {
    const nn_tensor given[] = { grey, { .name = "mask", .type = NN_I32, .rank = 2, .dim = { H, W }, .low = 0, .high = 2 } };
    const nn_tensor outputs[] = { { .name = "p", .type = NN_F32, .rank = 2, .dim = { H, W }, .low = 1 },
                                  { .name = "best", .type = NN_F32, .rank = 3, .dim = { 1, H, W }, .low = 1 } };
    const nn_model m = { .name = "m", .n_inputs = 1, .n_targets = 1, .inputs = given, .n_outputs = 2, .outputs = outputs };
    nn_array arrays[] = { { .type = NN_U8 }, { .type = NN_U8 } };
    const nn_dataset d = { .n_arrays = 2, .arrays = arrays, .samples = 2 };
    float image[2 * H * W], p[2 * H * W], best[2 * H * W];
    int32_t classes[2 * H * W];
    const float some[] = { 0, 0.5f, 1, -3, 7, NAN, 0.25f, 0.1f };
    const unsigned char shown[] = { 0, 128, 255, 0, 255, 0, 64, 26 };
    for (int i = 0; i < 2 * H * W; i++) {
        image[i] = (float)(3 * i);
        classes[i] = i % 3;
        p[i] = some[i % 8];
        best[i] = (float)((i + 1) % 3);
    }
    nn_failure f = { 0 };
    nn_sheet *s = nn_sheet_open(&m, &d, 2, "sheet.png", 0, &f);
    ck_assert_msg(s != NULL, "%s", f.text);
    ck_assert_int_eq(nn_sheet_samples(s), 2);
    for (int i = 0; i < 2; i++)
        ck_assert(nn_sheet_add(s, 1, (void *[]){ image + i * H * W, classes + i * H * W }, (void *[]){ p + i * H * W, best + i * H * W }, &f));
    ck_assert_msg(nn_sheet_finish(s, &f), "%s", f.text);
    nn_sheet_free(s);
    enum { ROWS = 2 * H + 2, COLUMNS = 4 * W + 6 };
    unsigned char pixels[ROWS * COLUMNS];
    ck_assert_msg(nn_picture_read("sheet.png", NN_GREY, ROWS, COLUMNS, pixels, &f), "%s", f.text);
    for (int y = 0; y < ROWS; y++)
        for (int x = 0; x < COLUMNS; x++) {
            int column = x / (W + 2), inside = x % (W + 2), row = y / (H + 2), i = row * H * W + y % (H + 2) * W + inside, want = 128;
            if (inside < W && y % (H + 2) < H)
                want = column == 0 ? 3 * i : column == 1 ? (i % 3 * 255 + 1) / 2 : column == 2 ? shown[i % 8] : ((i + 1) % 3 * 255 + 1) / 2;
            ck_assert_int_eq(pixels[y * COLUMNS + x], want);
        }
} END_TEST

int main(void) {
    const TTest *const tests[] = { kinds_of_png, kinds_of_jpeg, cut_and_damaged_pictures, directories_of_classes, directories_of_masks, pictures_and_masks_by_name,
                                   pictures_that_break, pictures_written, sheets };
    return run_tests("pictures", tests, sizeof tests / sizeof *tests);
}
