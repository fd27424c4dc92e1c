/* json_rows.c - lines of JSON, or one document a file, into the rows of a sink. Rows are gathered in a batch of cells, column by column. */
#include "format/json_internal.h"
#include <stdio.h>

/* --- bytes --- */

static bool utf16_is_whole(const uint8_t *s, size_t len, bool little)
{
    for (size_t i = 0; i + 1 < len; i += 2) {
        const uint32_t high = s[i + little];
        if (high >= 0xd8 && high < 0xdc) {
            const uint32_t low = i + 3 < len ? s[i + 2 + little] : 0;
            if (low < 0xdc || low >= 0xe0) {
                return false;
            }
            i += 2;
        } else if (high >= 0xdc && high < 0xe0) {
            return false;
        }
    }
    return len % 2 == 0;
}

/* The bytes of a character that the end of the line cuts off. */
static size_t cut_char(struct weir_str raw)
{
    for (size_t k = 1; k <= 3 && k <= raw.len; k++) {
        const uint8_t b = (uint8_t)raw.ptr[raw.len - k];
        if (b >= 0xc0) {
            return (b >= 0xf0 ? 4u : b >= 0xe0 ? 3u : 2u) > k && b < 0xf8 ? k : 0;
        }
        if (b < 0x80) {
            break;
        }
    }
    return 0;
}

static bool is_whole(enum weiri_charset charset, struct weir_str raw)
{
    switch (charset) {
    case WEIRI_UTF8: /* a character that the end cuts off is noticed only by who reads so far */
        return weir_utf8_valid(raw.ptr, raw.len - cut_char(raw));
    case WEIRI_ASCII:
        for (size_t i = 0; i < raw.len; i++) {
            if ((uint8_t)raw.ptr[i] >= 0x80) {
                return false;
            }
        }
        return true;
    case WEIRI_UTF16BE:
    case WEIRI_UTF16LE:
        return utf16_is_whole((const uint8_t *)raw.ptr, raw.len, charset == WEIRI_UTF16LE);
    default:
        return true;
    }
}

static struct weir_str decode(enum weiri_charset charset, struct weir_str raw, weir_arena *arena)
{
    char *text = weir_arena_alloc(arena, 3 * raw.len + 4);
    return (struct weir_str){text, weiri_decode(charset, raw.ptr, raw.len, text)};
}

/* Without an encoding Jackson reads the bytes themselves: a mark at the beginning of a line is no part of it. */
static struct weir_str without_mark(struct weir_str raw)
{
    return raw.len > 3 && memcmp(raw.ptr, "\xef\xbb\xbf", 3) == 0 ? (struct weir_str){raw.ptr + 3, raw.len - 3} : raw;
}

bool weiri_json_decode(const struct weir_format *format, struct weir_str raw, weir_arena *arena, struct weir_str *out)
{
    if (!format->rules.charset_given) {
        *out = without_mark(raw);
        return true;
    }
    if (!is_whole(format->charset, raw)) {
        return false;
    }
    *out = format->charset == WEIRI_UTF8 ? raw : decode(format->charset, raw, arena);
    return true;
}

/* The encoding of a document that nobody named: a byte order mark, or where the zeros are in its first characters, which are ASCII. */
static struct weir_str detect(struct weir_str raw, enum weiri_charset *charset)
{
    const uint8_t *b = (const uint8_t *)raw.ptr;
    const size_t n = raw.len;
    size_t mark = 0;
    *charset = WEIRI_UTF8;
    if (n >= 4 && b[0] == 0xfe && b[1] == 0xff) {
        *charset = WEIRI_UTF16BE;
        mark = 2;
    } else if (n >= 4 && b[0] == 0xff && b[1] == 0xfe) {
        *charset = WEIRI_UTF16LE;
        mark = 2;
    } else if (n >= 4 && b[0] == 0 && b[1] == 0 && b[2] == 0) {
        *charset = WEIRI_UTF32; /* big-endian */
    } else if (n >= 2 && b[0] == 0) {
        *charset = WEIRI_UTF16BE;
    } else if (n >= 2 && b[1] == 0 && !(n >= 4 && b[2] == 0 && b[3] == 0)) {
        *charset = WEIRI_UTF16LE;
    } else {
        return without_mark(raw);
    }
    return (struct weir_str){raw.ptr + mark, n - mark};
}

/* A whole file: what its encoding does not have becomes U+FFFD here. */
struct weir_str weiri_json_decode_document(const struct weir_format *format, struct weir_str raw, weir_arena *arena)
{
    enum weiri_charset charset = format->charset;
    if (!format->rules.charset_given) {
        raw = detect(raw, &charset);
        return charset == WEIRI_UTF8 ? raw : decode(charset, raw, arena);
    }
    if (charset == WEIRI_UTF16 && raw.len >= 2) { /* the mark says the order */
        const bool little = memcmp(raw.ptr, "\xff\xfe", 2) == 0, marked = little || memcmp(raw.ptr, "\xfe\xff", 2) == 0;
        return decode(little ? WEIRI_UTF16LE : WEIRI_UTF16BE, marked ? (struct weir_str){raw.ptr + 2, raw.len - 2} : raw, arena);
    }
    return charset == WEIRI_UTF8 && weir_utf8_valid(raw.ptr, raw.len) ? raw : decode(charset, raw, arena);
}

/* --- rows --- */

/* The record's rows into the batch. */
static weir_rc put_rows(struct weiri_worker *w, struct weiri_place *place, weir_colsink *sink, struct weir_str raw, uint32_t number, uint32_t *rows, struct weir_error *err)
{
    const struct weiri_json_record *record = &w->json->record;
    for (size_t i = 0; i < record->count; i++) {
        const uint32_t row = (*rows)++;
        for (size_t f = 0; f < w->format->columns; f++) {
            w->cells[f * w->batch_rows + row] = record->rows[i].cells[f];
        }
        if (record->rows[i].bad) {
            WEIR_BIT_SET(w->bad, row);
        }
        for (const struct weiri_json_rescued *one = record->rows[i].rescued; one; one = one->next) {
            weiri_rescue_add(w->rescue, row, one->name, one->text, true);
        }
        w->lines[row] = (struct weir_cell){raw.ptr, raw.len};
        w->line_numbers[row] = number;
        if (*rows == w->batch_rows) {
            *rows = 0;
            WEIR_TRY(weiri_batch_flush(w, place, sink, w->batch_rows, err));
        }
    }
    return WEIR_OK;
}

static void read_line(struct weiri_worker *w, struct weir_str raw)
{
    struct weir_str text;
    if (weiri_json_decode(w->format, raw, w->json->arena, &text)) {
        weiri_json_read(w->json, text);
    } else {
        weiri_json_read(w->json, WEIR_STR("\x01")); /* no text at all: a bad record */
        w->json->json.why = "bytes that the encoding does not have";
    }
}

weir_rc weiri_json_lines(struct weiri_worker *w, struct weiri_place *place, weir_colsink *sink, const char *text, size_t len, struct weir_error *err)
{
    uint32_t rows = 0, number = 0;
    weiri_batch_begin(w);
    weir_arena_reset(w->json->arena);
    w->json->exact = !w->format->rules.charset_given;
    for (size_t at = 0, end, next; at < len && weiri_line_find(w->format, text, len, at, true, &end, &next); at = next, number++) {
        const struct weir_str raw = {text + at, end - at};
        if (raw.len > w->format->row_bytes_max) {
            WEIR_TRY(weiri_batch_flush(w, place, sink, rows, err)); /* a malformed row before it comes first */
            return weiri_fail_long(w, place, place->lines + number, err);
        }
        if (rows == 0) {
            weir_arena_reset(w->json->arena);
        }
        read_line(w, raw);
        WEIR_TRY(put_rows(w, place, sink, raw, number, &rows, err));
    }
    WEIR_TRY(weiri_batch_flush(w, place, sink, rows, err));
    place->lines += number;
    return WEIR_OK;
}

weir_rc weiri_json_document(struct weiri_worker *w, struct weiri_place *place, weir_colsink *sink, const char *raw, size_t len, struct weir_error *err)
{
    const struct weir_str bytes = {raw, len};
    uint32_t rows = 0;
    weiri_batch_begin(w);
    weir_arena_reset(w->json->arena);
    w->json->exact = !w->format->rules.charset_given && !place->input->inflater;
    weiri_json_read(w->json, weiri_json_decode_document(w->format, bytes, w->json->arena));
    WEIR_TRY(put_rows(w, place, sink, bytes, 0, &rows, err));
    return weiri_batch_flush(w, place, sink, rows, err);
}

int64_t weiri_json_why(struct weiri_worker *w, struct weir_str raw, char *out, size_t out_len)
{
    struct weir_str text = raw;
    weir_arena *arena = weir_arena_new();
    int64_t column = 0;
    if (w->format->multi_line) {
        column = weiri_json_explain(w->json, weiri_json_decode_document(w->format, raw, arena), out, out_len);
    } else if (weiri_json_decode(w->format, raw, arena, &text)) {
        column = weiri_json_explain(w->json, text, out, out_len);
    } else {
        snprintf(out, out_len, "it has bytes that the encoding does not have");
    }
    weir_arena_free(arena);
    return column;
}
