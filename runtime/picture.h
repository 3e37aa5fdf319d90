/* picture.h: pictures in files: PNG and JPEG are read, PNG is written. SPDX-License-Identifier: 0BSD */
#ifndef NN_PICTURE_H
#define NN_PICTURE_H
#include "failure.h"
#include <stdint.h>
#include <stdio.h>

/* What is wanted of a picture: grey, or red, green and blue, whatever it has; or the numbers of a mask as they stand in the file. */
typedef enum { NN_GREY, NN_COLOUR, NN_VALUES } nn_pixels;

bool nn_picture_size(const char *path, int64_t *height, int64_t *width, nn_failure *f);     /* reads the header only */
/* Bytes 0 to 255, plane after plane, row after row. The picture must have this size. */
bool nn_picture_read(const char *path, nn_pixels pixels, int64_t height, int64_t width, unsigned char *planes, nn_failure *f);
/* A PNG from bytes, row after row, of 1 (grey) or 3 (red, green, blue) channels for each pixel. `path` is for messages. */
bool nn_picture_write(FILE *file, const char *path, int64_t height, int64_t width, int channels, const unsigned char *pixels,
                      nn_failure *f);
#endif
