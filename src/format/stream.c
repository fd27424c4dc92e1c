/* stream.c - a file whose records may span lines, as one text: decoded piece by piece, its line ends made one. See run_internal.h. */
#include "format/run_internal.h"

enum line_kind { LINES_UNKNOWN, LINES_AS_THEY_ARE, LINES_CRLF, LINES_CR };

void weiri_stream_free(struct weiri_stream *stream)
{
    weir_free(stream->text);
    weir_free(stream->replaced);
    stream->text = NULL;
    stream->replaced = NULL;
}

void weiri_stream_drop(struct weiri_stream *stream, size_t len)
{
    if (stream->line_end) {
        const size_t lines = (size_t)weiri_count_lines(stream->text, len);
        stream->lf_count -= lines;
        memmove(stream->replaced, stream->replaced + lines, stream->lf_count * sizeof *stream->replaced);
    }
    stream->len -= len;
    memmove(stream->text, stream->text + len, stream->len);
}

/* Bytes that end with a whole character. */
static size_t whole_chars(const struct weiri_stream *stream, const uint8_t *raw, size_t len)
{
    if (stream->charset == WEIRI_UTF16BE || stream->charset == WEIRI_UTF16LE) {
        len &= ~(size_t)1;
        const uint8_t high = len < 2 ? 0 : raw[len - (stream->charset == WEIRI_UTF16LE ? 1 : 2)];
        return high >= 0xD8 && high < 0xDC ? len - 2 : len;
    }
    for (size_t k = 1; stream->charset == WEIRI_UTF8 && k <= 3 && k <= len; k++) {
        const uint8_t b = raw[len - k];
        if (b >= 0xC0) {
            return (b >= 0xF0 ? 4u : b >= 0xE0 ? 3u : 2u) > k ? len - k : len;
        }
        if (b < 0x80) {
            break;
        }
    }
    return len;
}

/* UTF-16 says its order in the first two bytes, or is big-endian. Gives the bytes of the mark. */
static size_t find_order(struct weiri_stream *stream, const uint8_t *raw, size_t len)
{
    if (stream->charset != WEIRI_UTF16) {
        return 0;
    }
    const bool little = len >= 2 && raw[0] == 0xFF && raw[1] == 0xFE;
    stream->charset = little ? WEIRI_UTF16LE : WEIRI_UTF16BE;
    return little || (len >= 2 && raw[0] == 0xFE && raw[1] == 0xFF) ? 2 : 0;
}

/* The first line end of the file decides what all are. */
static void find_kind(struct weiri_stream *stream, size_t from, bool last)
{
    for (size_t i = from; stream->kind == LINES_UNKNOWN && i < stream->len; i++) {
        if (stream->text[i] == '\n') {
            stream->kind = LINES_AS_THEY_ARE;
        } else if (stream->text[i] == '\r' && (i + 1 < stream->len || last)) {
            stream->kind = i + 1 < stream->len && stream->text[i + 1] == '\n' ? LINES_CRLF : LINES_CR;
            stream->line_end = stream->kind == LINES_CRLF ? "\r\n" : "\r";
        }
    }
}

static void normalize(struct weiri_stream *stream, size_t from)
{
    char *text = stream->text;
    size_t to = from;
    for (size_t i = from; stream->line_end && i < stream->len; i++) {
        const bool crlf = stream->kind == LINES_CRLF && text[i] == '\r' && i + 1 < stream->len && text[i + 1] == '\n';
        const bool replace = crlf || (stream->kind == LINES_CR && text[i] == '\r');
        i += crlf;
        if (replace || text[i] == '\n') {
            WEIR_PUSH(stream->replaced, stream->lf_count, stream->lf_cap) = replace;
        }
        text[to++] = replace ? '\n' : text[i];
    }
    stream->len = stream->line_end ? to : stream->len;
}

size_t weiri_stream_add(struct weiri_stream *stream, const struct weir_format *csv, const char *raw, size_t len, bool last)
{
    const size_t from = stream->len;
    size_t mark = 0;
    if (!stream->begun) {
        stream->charset = csv->charset;
        stream->kind = csv->line_end == WEIRI_LINES_ANY ? LINES_UNKNOWN : LINES_AS_THEY_ARE;
        mark = find_order(stream, (const uint8_t *)raw, len);
    }
    const size_t used = last ? len : mark + whole_chars(stream, (const uint8_t *)raw + mark, len - mark);
    const size_t need = stream->len + 1 + 3 * used + 8;
    if (need > stream->cap) {
        char *larger = weir_malloc(need * 2);
        if (stream->len > 0) {
            memcpy(larger, stream->text, stream->len);
        }
        weir_free(stream->text);
        stream->text = larger;
        stream->cap = need * 2;
    }
    if (stream->held_cr) {
        stream->text[stream->len++] = '\r';
        stream->held_cr = false;
    }
    stream->len += weiri_decode(stream->charset, raw + mark, used - mark, stream->text + stream->len);
    if (!stream->begun && stream->len >= 3 && memcmp(stream->text, "\xef\xbb\xbf", 3) == 0) {
        weiri_stream_drop(stream, 3);
    }
    stream->begun = true;
    find_kind(stream, from, last);
    if (!last && stream->len > from && stream->text[stream->len - 1] == '\r' && stream->kind != LINES_AS_THEY_ARE) {
        stream->held_cr = true; /* its LF may follow */
        stream->len--;
    }
    normalize(stream, from);
    return used;
}
