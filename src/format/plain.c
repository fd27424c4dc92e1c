/* plain.c - the format "text": a line is a row of one STRING column, or with wholetext a file is. Bytes go in as they are; blank lines are rows. */
#include "format/run_internal.h"

const struct weir_option_help weir_plain_option_help[] = {
    {"encoding", "UTF-8", "also US-ASCII, ISO-8859-1, UTF-16BE, UTF-16LE"},
    {"lineSep", "\\n, \\r\\n or \\r", "what ends a line"},
    {"maxRowBytes", "67108864", "weir's own: a longer line, or file with wholetext, fails the read"},
    {"wholetext", "false", "a row is a file, not a line"},
    {NULL, NULL, NULL}};

static const char *const no_effect[] = {"compression", "codec", "charset", "path", "inferSchema", NULL};
static const char *const not_yet[] = {NULL};
const struct weiri_option_names weiri_plain_option_names = {weir_plain_option_help, no_effect, not_yet};

weir_rc weiri_plain_options(struct weiri_options *r)
{
    struct weir_format *format = r->format;
    const char *name = weir_options_get(r->options, "encoding") ? "encoding" : "charset";
    const char *charset = weir_options_get(r->options, name), *line_sep = weir_options_get(r->options, "lineSep");
    if (format->columns != 1 || format->schema->fields[format->column_of[0]].type.id != WEIR_TYPE_STRING) {
        return weir_fail(r->err, WEIR_INVALID, "TEXT_COLUMNS", "the format text has one column, a STRING, and the schema has %zu; write: value STRING", format->columns);
    }
    if (line_sep && *line_sep == '\0') {
        return weiri_option_bad(r, "lineSep", line_sep, "write one or more characters");
    }
    if (charset && (!weiri_charset_find(charset, &format->charset) || format->charset == WEIRI_UTF16 || format->charset == WEIRI_UTF32)) {
        return weiri_option_bad(r, name, charset, "write one of UTF-8, US-ASCII, ISO-8859-1, UTF-16BE, UTF-16LE, or convert the files");
    }
    format->line_sep = weir_str(weir_arena_strdup(format->arena, line_sep ? line_sep : ""));
    format->line_end = !line_sep ? WEIRI_LINES_ANY : strcmp(line_sep, "\n") == 0 ? WEIRI_LINES_LF : WEIRI_LINES_CUSTOM;
    return weiri_option_bool(r, "wholetext", &format->multi_line);
}

static void put_row(struct weiri_worker *w, struct weir_str raw, uint32_t row, uint32_t number)
{
    if (w->format->charset != WEIRI_UTF8) {
        char *text = weir_arena_alloc(w->tokens.arena, 3 * raw.len + 4);
        raw = (struct weir_str){text, weiri_decode(w->format->charset, raw.ptr, raw.len, text)};
    }
    w->cells[row] = w->lines[row] = (struct weir_cell){raw.ptr, raw.len};
    w->line_numbers[row] = number;
}

weir_rc weiri_plain_lines(struct weiri_worker *w, struct weiri_place *place, weir_colsink *sink, const char *text, size_t len, struct weir_error *err)
{
    uint32_t rows = 0, number = 0;
    weiri_batch_begin(w);
    for (size_t at = 0, end, next; at < len && weiri_line_find(w->format, text, len, at, true, &end, &next); at = next, number++) {
        if (end - at > w->format->row_bytes_max) {
            return weiri_fail_long(w, place, place->lines + number, err);
        }
        put_row(w, (struct weir_str){text + at, end - at}, rows++, number);
        if (rows == w->batch_rows) {
            rows = 0;
            WEIR_TRY(weiri_batch_flush(w, place, sink, w->batch_rows, err));
        }
    }
    WEIR_TRY(weiri_batch_flush(w, place, sink, rows, err));
    place->lines += number;
    return WEIR_OK;
}

weir_rc weiri_plain_document(struct weiri_worker *w, struct weiri_place *place, weir_colsink *sink, const char *raw, size_t len, struct weir_error *err)
{
    weiri_batch_begin(w);
    put_row(w, (struct weir_str){raw, len}, 0, 0);
    return weiri_batch_flush(w, place, sink, 1, err);
}

weir_rc weiri_plain_infer(weir_arena *arena, weir_schema **out)
{
    *out = weir_schema_new(arena, 1);
    (*out)->fields[0] = (struct weir_field){.name = "value", .type = weir_type_of(WEIR_TYPE_STRING), .nullable = true};
    return WEIR_OK;
}
