/* Delivery: files appear whole or not at all. */
#ifndef NNC_DELIVER_H
#define NNC_DELIVER_H
#include <stdbool.h>
#include <stddef.h>

/* A text and where it goes; "-" is standard output. */
typedef struct Parcel { const char *path, *text; size_t length; } Parcel;

/* Writes all of them. False: one could not be written, which was said on stderr; then no file has changed. */
bool deliver(const Parcel *parcels, int n);
#endif
