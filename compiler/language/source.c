/* Sources and spans.
 *
 * A source is the whole text of a file, read once. A span is a pair of offsets into it. Lines and columns are found when
 * they are asked for.
 *
 *     span of `relu` in "y = relu(x)"   ->   begin 4, end 8; line 1, column 5 */
#include "source.h"
#include <errno.h>
#include <string.h>

/* No model comes near this. It bounds the time and the memory that a wrong file can take. */
enum { SOURCE_LIMIT = 4 << 20 };

static int sources_made;

Source *source_of_text(const char *name, const char *text, size_t length, bool library)
{
    Source *source = NEW(Source);
    *source = (Source){name_of(name), text, length, library, sources_made++, {0}};
    for (const char *at = text, *end = text + length; at < end && (at = memchr(at, '\n', (size_t)(end - at))); at++)
        PUSH(source->lines, (uint32_t)(at - text) + 1);
    return source;
}

Source *source_read(const char *path)
{
    return source_read_for(path, (Span){0});
}

Source *source_read_for(const char *path, Span at)
{
    bool standard = !strcmp(path, "-");
    FILE *file = standard ? stdin : fopen(path, "rb");
    if (!file) {
        error_at(at, "%s: %s", path, strerror(errno));
        return NULL;
    }
    char *bytes = NULL;
    int room = 0;
    size_t length = 0, got;
    do {
        if (length + 1 >= (size_t)room)
            bytes = grow(bytes, &room, 1, (int)length);
        got = fread(bytes + length, 1, (size_t)room - length - 1, file);
        length += got;
    } while (got && length <= SOURCE_LIMIT);
    int reason = ferror(file) ? errno : 0;
    if (!standard)
        fclose(file);
    if (reason) {
        error_at(at, "%s: %s", path, strerror(reason));
        return NULL;
    }
    if (length > SOURCE_LIMIT) {
        error_at(at, "%s: a source may have 4 MiB at most", path);
        return NULL;
    }
    bytes[length] = 0;
    return source_of_text(standard ? "<stdin>" : path, bytes, length, false);
}

int span_line(Span s)
{
    if (!s.source)
        return 0;
    int known = 0, end = s.source->lines.n;         /* lines that begin at or before the span; those from `end` on do not */
    while (known < end) {
        int middle = (known + end) / 2;
        if (s.source->lines.at[middle] <= s.begin)
            known = middle + 1;
        else
            end = middle;
    }
    return known + 1;
}

int span_column(Span s)
{
    if (!s.source)
        return 0;
    uint32_t start = s.begin;
    while (start > 0 && s.source->text[start - 1] != '\n')
        start--;
    return (int)(s.begin - start) + 1;
}

const char *span_text(Span s)
{
    return s.source ? intern(s.source->text + s.begin, s.end - s.begin) : name_of("");
}

Span span_join(Span a, Span b)
{
    if (a.source != b.source)
        return a.source ? a : b;
    return (Span){a.source, a.begin < b.begin ? a.begin : b.begin, a.end > b.end ? a.end : b.end};
}
