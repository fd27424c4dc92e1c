/* lines.c - where lines end, and which of them are no rows. Quotes do not protect line ends. */
#include "format/text_internal.h"

/* The first LF or CR at or behind `at`; len = none. */
static size_t find_any(const char *text, size_t len, size_t at)
{
    const char *lf = memchr(text + at, '\n', len - at);
    size_t end = lf ? (size_t)(lf - text) : len;
    const char *cr = memchr(text + at, '\r', end - at);
    return cr ? (size_t)(cr - text) : end;
}

bool weiri_line_find(const struct weir_format *csv, const char *text, size_t len, size_t at, bool last, size_t *end, size_t *next)
{
    if (csv->line_end == WEIRI_LINES_ANY) {
        size_t e = find_any(text, len, at);
        if (e == len || (text[e] == '\r' && e + 1 == len && !last)) {
            return false;
        }
        *end = e;
        *next = e + 1 + (text[e] == '\r' && e + 1 < len && text[e + 1] == '\n');
        return true;
    }
    struct weir_str mark = csv->line_end == WEIRI_LINES_LF ? WEIR_STR("\n") : csv->line_sep;
    const char *found = memmem(text + at, len - at, mark.ptr, mark.len);
    if (!found && last && mark.len > 1 && at < len) { /* one that ends with the file: no mark could be put behind it, since "a|" and "||" would end it at the first "|" */
        *end = *next = len;
        return true;
    }
    if (!found) {
        return false;
    }
    *end = (size_t)(found - text);
    *next = *end + mark.len;
    return true;
}

static bool is_blank(struct weir_str line)
{
    for (size_t i = 0; i < line.len; i++) {
        if ((uint8_t)line.ptr[i] > ' ') {
            return false;
        }
    }
    return true;
}

static bool is_comment(const struct weir_format *csv, struct weir_str line)
{
    return csv->comment.len > 0 && line.len >= csv->comment.len && memcmp(line.ptr, csv->comment.ptr, csv->comment.len) == 0;
}

bool weiri_line_is_skipped(const struct weir_format *csv, struct weir_str line)
{
    return is_comment(csv, line) || is_blank(line);
}

bool weiri_line_is_before_header(const struct weir_format *csv, struct weir_str line)
{
    while (line.len > 0 && (uint8_t)line.ptr[0] <= ' ') {
        line.ptr++;
        line.len--;
    }
    return line.len == 0 || is_comment(csv, line);
}
