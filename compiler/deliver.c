/* Writing results. Each text goes to a temporary file beside its target, and is checked down to the disk; only when
 * all of them are complete are they renamed. So a reader sees the old file or the new one, and a full disk or an
 * interrupt leaves the old ones as they were.
 *
 * What is no regular file (a pipe, a terminal, /dev/null) is written directly, before anything is renamed. */
#include "deliver.h"
#include "memory.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct { const char *target, *temporary; bool direct; } Delivery;

static bool failed(const char *path)
{
    fprintf(stderr, "nnc: error: %s: %s\n", path, strerror(errno));
    return false;
}

static bool write_all(FILE *file, const Parcel *parcel)
{
    return fwrite(parcel->text, 1, parcel->length, file) == parcel->length && fflush(file) == 0;
}

static bool write_temporary(const Parcel *parcel, Delivery *d)
{
    char *name = text("%s.XXXXXX", d->target);
    int descriptor = mkstemp(name);
    if (descriptor < 0)
        return failed(parcel->path);
    d->temporary = name;
    mode_t mask = umask(0);
    umask(mask);
    FILE *file = fdopen(descriptor, "wb");
    bool good = file && write_all(file, parcel) && fchmod(descriptor, 0666 & ~mask) == 0 && fsync(descriptor) == 0;
    int reason = errno;
    if (file ? fclose(file) != 0 : close(descriptor) != 0)
        good = false;
    else
        errno = reason;
    return good || failed(parcel->path);
}

static bool write_direct(const Parcel *parcel, const Delivery *d)
{
    if (!strcmp(d->target, "-"))
        return write_all(stdout, parcel) || failed("standard output");
    FILE *file = fopen(d->target, "wb");
    if (!file)
        return failed(parcel->path);
    bool good = write_all(file, parcel);
    if (fclose(file) != 0)
        good = false;
    return good || failed(parcel->path);
}

/* A link is followed, so that it still is one afterwards. */
static Delivery plan(const Parcel *parcel)
{
    struct stat status;
    Delivery d = {parcel->path, NULL, !strcmp(parcel->path, "-")};
    if (d.direct || stat(parcel->path, &status) != 0)
        return d;
    d.direct = !S_ISREG(status.st_mode);
    char *resolved = realpath(parcel->path, NULL);
    if (resolved && !d.direct)
        d.target = text("%s", resolved);
    free(resolved);
    return d;
}

bool deliver(const Parcel *parcels, int n)
{
    Delivery *all = NEW_ARRAY(Delivery, n ? n : 1);
    bool good = true;
    for (int i = 0; i < n && good; i++) {
        all[i] = plan(&parcels[i]);
        if (!all[i].direct)
            good = write_temporary(&parcels[i], &all[i]);
    }
    for (int i = 0; i < n && good; i++)
        if (all[i].direct)
            good = write_direct(&parcels[i], &all[i]);
    for (int i = 0; i < n && good; i++)
        if (!all[i].direct)
            good = rename(all[i].temporary, all[i].target) == 0 || failed(parcels[i].path);
    for (int i = 0; i < n && !good; i++)                /* the renamed ones are gone already */
        if (all[i].temporary)
            unlink(all[i].temporary);
    return good;
}
