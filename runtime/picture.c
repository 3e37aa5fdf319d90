/* picture.c: PNG by libpng and JPEG by libjpeg, as bytes of one or three planes.
 *
 *     PNG     grey, colour, palette, 1 to 16 bits; 16 bits are rounded to 8, transparency is left out
 *     JPEG    grey and colour, by the library's standard decoder
 *
 * Grey of a colour picture is its luma, (299 R + 587 G + 114 B) / 1000; of a JPEG that is what the file itself has. The first bytes
 * say which kind it is. Both libraries leave by longjmp when a file is damaged, so each decoder is a struct and three functions:
 * one that may leave, one that it comes back to, and one that cleans up. Of JPEG's warnings, those that mean lost data are errors.
 *
 * SPDX-License-Identifier: 0BSD */
#include "picture.h"
#if defined __has_include
#if !__has_include(<png.h>) || !__has_include(<jpeglib.h>)
#error "libpng or libjpeg is missing: install libpng-dev and libjpeg-dev, or what they are called on this system"
#endif
#endif
#include <errno.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <jpeglib.h>
#include <jerror.h>
#include <png.h>

/* What is read, and where it goes. planes is NULL if only the size is wanted. */
typedef struct Wanted {
    const char *path;
    FILE *file;
    nn_pixels pixels;
    int64_t height, width;
    unsigned char *planes;
    nn_failure *f;
} Wanted;

static bool damaged(const Wanted *w, const char *why) {
    return nn_fail(w->f, "%s: the picture is damaged (%s); fetch or write it again", w->path, why);
}

static bool size_agrees(Wanted *w, uint64_t height, uint64_t width) {
    if (height > 1 << 20 || width > 1 << 20 || height * width > 1 << 28)
        return nn_fail(w->f, "%s: a picture of %ju x %ju pixels is too large", w->path, (uintmax_t)height, (uintmax_t)width);
    if (w->planes && (w->height != (int64_t)height || w->width != (int64_t)width))
        return nn_fail(w->f, "%s: has another size than at the start; leave it as it is during a run", w->path);
    w->height = (int64_t)height;
    w->width = (int64_t)width;
    return true;
}

/* One row of pixels of 1 or 3 channels into the planes. */
static void spread(const Wanted *w, int64_t row, int channels, const unsigned char *from) {
    unsigned char *to = w->planes + row * w->width;
    const int64_t plane = w->height * w->width;
    for (int64_t x = 0; x < w->width; x++, from += channels) {
        if (w->pixels == NN_COLOUR) for (int c = 0; c < 3; c++) to[c * plane + x] = from[channels == 3 ? c : 0];
        else if (channels == 1) to[x] = from[0];
        else to[x] = (unsigned char)((19595 * from[0] + 38470 * from[1] + 7471 * from[2] + 0x8000) >> 16);
    }
}

/* ---- PNG ---- */
typedef struct Png { Wanted *w; png_structp png; png_infop info; unsigned char *pixels; png_bytep *rows; } Png;

static void png_failed(png_structp png, png_const_charp why) {
    damaged(((Png *)png_get_error_ptr(png))->w, why);
    longjmp(png_jmpbuf(png), 1);
}
static void png_warned(png_structp png, png_const_charp why) { (void)png; (void)why; }

static bool png_is_mask(const Png *p) {
    int kind = png_get_color_type(p->png, p->info);
    if (png_get_bit_depth(p->png, p->info) <= 8 && (kind == PNG_COLOR_TYPE_PALETTE || !(kind & PNG_COLOR_MASK_COLOR))) return true;
    return nn_fail(p->w->f, "%s: is no mask: a class for each pixel is a PNG picture of 8 bits, grey or with a palette", p->w->path);
}

static bool png_body(Png *p) {
    Wanted *w = p->w;
    png_init_io(p->png, w->file);
    png_read_info(p->png, p->info);
    if (!size_agrees(w, png_get_image_height(p->png, p->info), png_get_image_width(p->png, p->info))) return false;
    if (!w->planes) return true;
    if (w->pixels == NN_VALUES) {
        if (!png_is_mask(p)) return false;
        png_set_packing(p->png);
    } else {
        png_set_expand(p->png);
        png_set_scale_16(p->png);
    }
    png_set_strip_alpha(p->png);
    png_set_interlace_handling(p->png);
    png_read_update_info(p->png, p->info);
    size_t row = png_get_rowbytes(p->png, p->info);
    p->pixels = malloc(row * (size_t)w->height);
    p->rows = malloc((size_t)w->height * sizeof *p->rows);
    if (!p->pixels || !p->rows) return nn_fail_memory(w->f, w->path, row * (size_t)w->height);
    for (int64_t y = 0; y < w->height; y++) p->rows[y] = p->pixels + (size_t)y * row;
    png_read_image(p->png, p->rows);
    png_read_end(p->png, NULL);
    for (int64_t y = 0; y < w->height; y++) spread(w, y, png_get_channels(p->png, p->info), p->rows[y]);
    return true;
}

static bool png_guarded(Png *p) { return !setjmp(png_jmpbuf(p->png)) && png_body(p); }

static bool read_png(Wanted *w) {
    Png p = { .w = w };
    p.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &p, png_failed, png_warned);
    p.info = p.png ? png_create_info_struct(p.png) : NULL;
    bool good = p.info ? png_guarded(&p) : nn_fail_memory(w->f, w->path, 1);
    png_destroy_read_struct(&p.png, &p.info, NULL);
    free(p.pixels);
    free(p.rows);
    return good;
}

/* ---- JPEG ---- */
typedef struct Jpeg {
    struct jpeg_error_mgr errors;   /* first: libjpeg's pointer to it is a pointer to all */
    struct jpeg_decompress_struct d;
    jmp_buf back;
    Wanted *w;
    unsigned char *row;
} Jpeg;

static void jpeg_failed(j_common_ptr d) {
    Jpeg *j = (Jpeg *)(void *)d->err;
    char why[JMSG_LENGTH_MAX];
    d->err->format_message(d, why);
    damaged(j->w, why);
    longjmp(j->back, 1);
}

static void jpeg_warned(j_common_ptr d, int level) {
    int code = d->err->msg_code;
    if (level < 0 && code != JWRN_EXTRANEOUS_DATA && code != JWRN_ADOBE_XFORM && code != JWRN_JFIF_MAJOR) jpeg_failed(d);
}

static bool jpeg_body(Jpeg *j) {
    Wanted *w = j->w;
    jpeg_stdio_src(&j->d, w->file);
    jpeg_read_header(&j->d, TRUE);
    if (!size_agrees(w, j->d.image_height, j->d.image_width)) return false;
    if (!w->planes) return true;
    if (w->pixels == NN_VALUES && j->d.jpeg_color_space != JCS_GRAYSCALE)
        return nn_fail(w->f, "%s: is no mask: a class for each pixel is a PNG picture of 8 bits, grey or with a palette", w->path);
    j->d.out_color_space = w->pixels == NN_COLOUR ? JCS_RGB : JCS_GRAYSCALE;
    jpeg_start_decompress(&j->d);
    j->row = malloc((size_t)w->width * (size_t)j->d.output_components);
    if (!j->row) return nn_fail_memory(w->f, w->path, (size_t)w->width * 3);
    for (int64_t y = 0; y < w->height; y++) {
        jpeg_read_scanlines(&j->d, &j->row, 1);
        spread(w, y, j->d.output_components, j->row);
    }
    jpeg_finish_decompress(&j->d);
    return true;
}

static bool jpeg_guarded(Jpeg *j) {
    if (setjmp(j->back)) return false;
    jpeg_create_decompress(&j->d);
    return jpeg_body(j);
}

static bool read_jpeg(Wanted *w) {
    Jpeg j = { .w = w };
    j.d.err = jpeg_std_error(&j.errors);
    j.errors.error_exit = jpeg_failed;
    j.errors.emit_message = jpeg_warned;
    bool good = jpeg_guarded(&j);
    jpeg_destroy_decompress(&j.d);
    free(j.row);
    return good;
}

static bool read_any(Wanted *w) {
    unsigned char head[8] = { 0 };
    bool good = false;
    if (!(w->file = fopen(w->path, "rbe"))) return nn_fail(w->f, "%s: %s", w->path, strerror(errno));
    size_t n = fread(head, 1, sizeof head, w->file);
    if (ferror(w->file)) nn_fail(w->f, "%s: %s", w->path, strerror(errno));
    else if (n == 0) nn_fail(w->f, "%s: the file is empty; fetch it again, or remove it", w->path);
    else if (rewind(w->file), !png_sig_cmp(head, 0, sizeof head)) good = read_png(w);
    else if (head[0] == 0xff && head[1] == 0xd8) good = read_jpeg(w);
    else nn_fail(w->f, "%s: is no PNG or JPEG picture", w->path);
    fclose(w->file);
    return good;
}

bool nn_picture_size(const char *path, int64_t *height, int64_t *width, nn_failure *f) {
    Wanted w = { .path = path, .f = f };
    bool good = read_any(&w);
    *height = w.height;
    *width = w.width;
    return good;
}

bool nn_picture_read(const char *path, nn_pixels pixels, int64_t height, int64_t width, unsigned char *planes, nn_failure *f) {
    Wanted w = { path, NULL, pixels, height, width, planes, f };
    return read_any(&w);
}

/* ---- PNG, written ---- */
static void png_unwritten(png_structp png, png_const_charp why) {
    (void)why;
    longjmp(png_jmpbuf(png), 1);
}

typedef struct Drawing { png_structp png; png_infop info; FILE *file; int64_t height, width; int channels; const unsigned char *pixels; } Drawing;

static bool draw_guarded(Drawing *d) {
    if (setjmp(png_jmpbuf(d->png))) return false;
    png_init_io(d->png, d->file);
    png_set_user_limits(d->png, 0x7fffffff, 0x7fffffff);
    png_set_IHDR(d->png, d->info, (png_uint_32)d->width, (png_uint_32)d->height, 8,
                 d->channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_write_info(d->png, d->info);
    for (int64_t y = 0; y < d->height; y++) png_write_row(d->png, d->pixels + y * d->width * d->channels);
    png_write_end(d->png, d->info);
    return true;
}

bool nn_picture_write(FILE *file, const char *path, int64_t height, int64_t width, int channels, const unsigned char *pixels,
                      nn_failure *f) {
    Drawing d = { .file = file, .height = height, .width = width, .channels = channels, .pixels = pixels };
    d.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, png_unwritten, png_warned);
    d.info = d.png ? png_create_info_struct(d.png) : NULL;
    bool good = d.info ? draw_guarded(&d) || nn_fail(f, "%s: cannot be written: %s", path, strerror(errno)) : nn_fail_memory(f, path, 1);
    png_destroy_write_struct(&d.png, &d.info);
    return good;
}
