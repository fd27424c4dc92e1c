/* csv_options.c - Spark's CSV options, checked and compiled into a dialect.
 *
 * One table names them all: what weir reads, what has no effect on reading with a schema, and what Spark has and weir not yet (refused by name). */
#include "format/text_internal.h"
#include <stdio.h>

const struct weir_option_help weir_csv_option_help[] = {
    {"charToEscapeQuoteEscaping", "escape, if it is not the quote", "the character that escapes the escape"},
    {"columnNameOfCorruptRecord", "_corrupt_record", "the STRING column that gets the raw line of a malformed row, if the schema has it"},
    {"columnsByName", "false; true in streams that find their columns", "weir's own: with header=true columns are taken by their names in each file, wherever they stand; a file may lack some and have others"},
    {"comment", "", "lines that begin with this character are skipped"},
    {"dateFormat", "yyyy-MM-dd, lenient", "pattern of DATE columns"},
    {"delimiter", ",", "another name of sep"},
    {"emptyValue", "", "the value of a quoted empty cell"},
    {"enableDateTimeParsingFallback", "true without a format", "read dates and times leniently where their format does not match"},
    {"encoding", "UTF-8", "also US-ASCII, ISO-8859-1, UTF-16, UTF-16BE, UTF-16LE, UTF-32; the last three need lineSep, UTF-16 takes none"},
    {"enforceSchema", "true", "false: the names in the header must be the schema's"},
    {"escape", "\\", "the character that escapes a quote inside quotes"},
    {"header", "false", "the first line of each file holds names"},
    {"ignoreLeadingWhiteSpace", "false", "cells lose the blanks before them"},
    {"ignoreTrailingWhiteSpace", "false", "cells lose the blanks behind them"},
    {"inferSchema", "false (read_files: true)", "without a schema: find the types of the columns in all cells; else they are STRING"},
    {"lineSep", "\\n, \\r\\n or \\r", "what ends a line, one or two characters"},
    {"locale", "en-US", "English only"},
    {"maxCharsPerColumn", "-1", "a longer cell fails the read; -1: no limit"},
    {"maxColumns", "20480", "more cells in a line fail the read"},
    {"maxRowBytes", "67108864", "weir's own: a longer line fails the read"},
    {"mode", "PERMISSIVE", "what becomes of malformed rows: PERMISSIVE keeps what they have, DROPMALFORMED drops them, FAILFAST fails"},
    {"multiLine", "false", "quoted cells may hold line ends: a file is read as one text, by one thread"},
    {"nanValue", "NaN", "text of not-a-number"},
    {"negativeInf", "-Inf", "text of negative infinity"},
    {"nullValue", "", "text of NULL; an empty unquoted cell is always NULL"},
    {"positiveInf", "Inf", "text of infinity"},
    {"preferDate", "true", "without a schema: columns of dates are DATE, not TIMESTAMP"},
    {"quote", "\"", "the quote; the empty text turns quoting off"},
    {"rescuedDataColumn", "", "the STRING column that gets values which are not of their column's type, and fields that no column has, as JSON with the file's path"},
    {"sep", ",", "the separator, one or more characters"},
    {"timeZone", "UTC", "zone of timestamps that name none"},
    {"timestampFormat", "lenient", "pattern of TIMESTAMP columns"},
    {"timestampNTZFormat", "lenient", "pattern of TIMESTAMP_NTZ columns"},
    {"unescapedQuoteHandling", "STOP_AT_DELIMITER", "what a quote inside a quoted cell means that nothing escapes"},
    {NULL, NULL, NULL}};

/* Read only by inference (infer.c), only when writing, or for speed: accepted here, without effect. */
static const char *const no_effect[] = {"columnPruning", "inputBufferSize", "compression", "codec", "quoteAll",
                                        "escapeQuotes", "charset", "path", NULL};
static const char *const not_yet[] = {"samplingRatio", "singleVariantColumn", NULL};
const struct weiri_option_names weiri_csv_option_names = {weir_csv_option_help, no_effect, not_yet};

/* A special character of one UTF-16 unit as one byte; one beyond ASCII gets a mark. */
static uint8_t special_byte(struct weir_format *csv, struct weir_str character)
{
    if (character.len == 1) {
        return (uint8_t)character.ptr[0];
    }
    for (size_t i = 0; i < csv->mark_count; i++) {
        if (weir_str_eq(character, (struct weir_str){csv->marks[i].text, csv->marks[i].len})) {
            return csv->marks[i].byte;
        }
    }
    WEIR_ASSERT(csv->mark_count < WEIRI_MARKS_MAX && character.len <= 3);
    struct weiri_mark *mark = &csv->marks[csv->mark_count++];
    memcpy(mark->text, character.ptr, character.len);
    mark->len = (uint8_t)character.len;
    mark->byte = (uint8_t)(0x100 - csv->mark_count);
    return mark->byte;
}

/* An option of one character; empty = off (0). */
static weir_rc read_char(struct weiri_options *r, const char *name, struct weir_str *out)
{
    const char *value = weir_options_get(r->options, name);
    if (!value) {
        return WEIR_OK;
    }
    if (!weir_utf8_valid(value, strlen(value)) || weiri_utf16_length(value, strlen(value)) > 1) {
        return weiri_option_bad(r, name, value, "write one character");
    }
    *out = weir_str(weir_arena_strdup(r->format->arena, value));
    return WEIR_OK;
}

static weir_rc read_specials(struct weiri_options *r)
{
    struct weir_format *csv = r->format;
    struct weir_str quote = WEIR_STR("\""), escape = WEIR_STR("\\"), again = {NULL, 0};
    WEIR_TRY(read_char(r, "quote", &quote));
    WEIR_TRY(read_char(r, "escape", &escape));
    WEIR_TRY(read_char(r, "charToEscapeQuoteEscaping", &again));
    WEIR_TRY(read_char(r, "comment", &csv->comment));
    csv->comment_byte = csv->comment.len > 1 ? 0xf9 : csv->comment.len == 1 ? (uint8_t)csv->comment.ptr[0] : 0;
    csv->quote = quote.len > 0 ? special_byte(csv, quote) : 0;
    csv->escape = escape.len > 0 ? special_byte(csv, escape) : 0;
    csv->escape_escape = csv->escape == csv->quote ? 0 : csv->escape;
    if (again.ptr) {
        csv->escape_escape = again.len > 0 ? special_byte(csv, again) : 0;
    }
    return WEIR_OK;
}

/* Spark's CSVExprUtils.toDelimiterStr: backslash escapes; `out` holds the characters. */
static weir_rc unescape_sep(struct weiri_options *r, const char *name, const char *value, struct weir_buf *out)
{
    static const char from[] = "trbf\"'\\", to[] = "\t\r\b\f\"'\\";
    for (const char *p = value; *p != '\0';) {
        if (*p != '\\') {
            weir_buf_add_char(out, *p++);
            continue;
        }
        if (p[1] == '\0') {
            return weiri_option_bad(r, name, value, "a backslash alone is none; write \\\\");
        }
        if (strncmp(p, "\\u0000", 6) == 0) {
            weir_buf_add_char(out, '\0');
            p += 6;
            continue;
        }
        const char *hit = strchr(from, p[1]);
        if (!hit) {
            return weiri_option_bad(r, name, value, "only \\t \\r \\b \\f \\\" \\' \\\\ and \\u0000 are escapes; write the raw character");
        }
        weir_buf_add_char(out, to[hit - from]);
        p += 2;
    }
    return WEIR_OK;
}

static weir_rc read_sep(struct weiri_options *r)
{
    const char *name = weir_options_get(r->options, "sep") ? "sep" : "delimiter";
    const char *value = weir_options_get(r->options, name);
    struct weir_buf buf;
    weir_buf_init(&buf, 0);
    weir_rc rc = unescape_sep(r, name, value ? value : ",", &buf);
    if (rc == WEIR_OK && buf.len == 0) {
        rc = weiri_option_bad(r, name, value, "the separator is empty; write one or more characters");
    }
    if (rc == WEIR_OK && (!weir_utf8_valid(buf.data, buf.len) || memchr(buf.data, '\n', buf.len))) {
        rc = weiri_option_bad(r, name, value, "the separator is not UTF-8 or holds a line feed");
    }
    if (rc == WEIR_OK) {
        struct weir_str text = {weir_arena_strndup(r->format->arena, buf.data, buf.len), buf.len};
        if (weiri_utf16_length(text.ptr, text.len) == 1) {
            r->format->sep = special_byte(r->format, text);
        } else {
            r->format->seps = text;
        }
    }
    weir_buf_free(&buf);
    return rc;
}

static weir_rc read_line_sep(struct weiri_options *r)
{
    const char *value = weir_options_get(r->options, "lineSep");
    r->format->line_end = WEIRI_LINES_ANY;
    r->format->newline = '\n';
    if (!value) {
        return WEIR_OK;
    }
    int64_t chars = weiri_utf16_length(value, strlen(value));
    if (chars < 1 || chars > 2 || !weir_utf8_valid(value, strlen(value))) {
        return weiri_option_bad(r, "lineSep", value, "write one or two characters");
    }
    r->format->line_sep = weir_str(weir_arena_strdup(r->format->arena, value));
    r->format->line_end = strcmp(value, "\n") == 0 ? WEIRI_LINES_LF : WEIRI_LINES_CUSTOM;
    if (chars == 1) {
        r->format->newline = value[1] == '\0' ? (uint8_t)value[0] : 0xf8; /* of several bytes: one that UTF-8 never has */
    }
    return WEIR_OK;
}

static weir_rc read_quote_handling(struct weiri_options *r)
{
    static const char *const names[] = {"STOP_AT_DELIMITER", "STOP_AT_CLOSING_QUOTE", "BACK_TO_DELIMITER", "SKIP_VALUE", "RAISE_ERROR"};
    const char *value = weir_options_get(r->options, "unescapedQuoteHandling");
    for (int i = 0; value && i < 5; i++) {
        if (weir_str_eq_nocase(weir_str(value), weir_str(names[i]))) {
            r->format->unescaped = (enum weiri_unescaped)i;
            return WEIR_OK;
        }
    }
    return value ? weiri_option_bad(r, "unescapedQuoteHandling", value, "write STOP_AT_DELIMITER, STOP_AT_CLOSING_QUOTE, BACK_TO_DELIMITER, SKIP_VALUE or RAISE_ERROR")
                 : WEIR_OK;
}

/* The encoding, and options that have one value so far. */
static weir_rc read_fixed(struct weiri_options *r)
{
    const char *name = weir_options_get(r->options, "encoding") ? "encoding" : "charset";
    const char *value = weir_options_get(r->options, name);
    if (value && !weiri_charset_find(value, &r->format->charset)) {
        return weiri_option_bad(r, name, value, "Spark knows no such encoding of CSV; write one of UTF-8, US-ASCII, ISO-8859-1, UTF-16, UTF-16BE, UTF-16LE, UTF-32, or convert the files");
    }
    if (r->format->charset == WEIRI_UTF16 && weir_options_get(r->options, "lineSep")) {
        return weiri_option_refuse(r, name, value, "with lineSep Spark looks for a separator with a byte order mark before it and finds none; write UTF-16LE or UTF-16BE");
    }
    if (r->format->multi_line && r->format->charset == WEIRI_UTF32) {
        return weiri_option_refuse(r, name, "UTF-32", "not with multiLine so far; convert the files");
    }
    return WEIR_OK;
}

static weir_rc check_types(struct weiri_options *r)
{
    for (size_t i = 0; i < r->format->schema->field_count; i++) {
        const struct weir_field *field = &r->format->schema->fields[i];
        if (!weir_type_is_primitive(&field->type)) {
            struct weir_buf type;
            weir_buf_init(&type, 0);
            weir_type_print(&type, &field->type);
            weir_rc rc = weir_fail(r->err, WEIR_UNSUPPORTED, "CSV_TYPE_UNSUPPORTED", "the column `%s` of type %s cannot be read from CSV; read it as STRING", field->name, type.data);
            weir_buf_free(&type);
            return rc;
        }
    }
    return WEIR_OK;
}

static weir_rc read_options(struct weiri_options *r)
{
    struct weir_format *csv = r->format;
    csv->enforce_schema = true;
    csv->columns_max = 20480;
    csv->cell_chars_max = -1;
    WEIR_TRY(check_types(r));
    WEIR_TRY(read_specials(r));
    WEIR_TRY(read_sep(r));
    WEIR_TRY(read_line_sep(r));
    WEIR_TRY(read_quote_handling(r));
    WEIR_TRY(read_fixed(r));
    WEIR_TRY(weiri_option_bool(r, "header", &csv->header));
    WEIR_TRY(weiri_option_bool(r, "enforceSchema", &csv->enforce_schema));
    WEIR_TRY(weiri_option_bool(r, "columnsByName", &csv->by_name));
    csv->by_name = csv->by_name && csv->header;
    WEIR_TRY(weiri_option_bool(r, "ignoreLeadingWhiteSpace", &csv->trim_leading));
    WEIR_TRY(weiri_option_bool(r, "ignoreTrailingWhiteSpace", &csv->trim_trailing));
    WEIR_TRY(weiri_option_int(r, "maxColumns", 1, &csv->columns_max));
    WEIR_TRY(weiri_option_int(r, "maxCharsPerColumn", -1, &csv->cell_chars_max));
    weiri_option_text(r, "nullValue", "", &csv->null_value);
    weiri_option_text(r, "emptyValue", "", &csv->empty_value);
    weiri_option_text(r, "nanValue", "NaN", &csv->nan_value);
    weiri_option_text(r, "positiveInf", "Inf", &csv->positive_inf);
    weiri_option_text(r, "negativeInf", "-Inf", &csv->negative_inf);
    return WEIR_OK;
}

/* U+FFFD stands for broken bytes in a value, but only after decoding: a dialect that looks for it decodes first. */
static bool names_replacement(const struct weir_format *csv)
{
    return csv->null_value.len >= 3 && memmem(csv->null_value.ptr, csv->null_value.len, "\xef\xbf\xbd", 3) != NULL;
}

static void decide_paths(struct weir_format *csv)
{
    csv->plain = csv->charset == WEIRI_UTF8 && !csv->multi_line && csv->seps.len == 0 && csv->mark_count == 0 && csv->sep != '\r' && csv->sep != '\0' && csv->sep != csv->quote && !csv->trim_leading &&
                 !csv->trim_trailing && csv->cell_chars_max < 0 && csv->columns_max >= (int64_t)csv->columns && csv->columns > 0 &&
                 csv->line_end != WEIRI_LINES_CUSTOM && !names_replacement(csv);
    csv->blank_rows = csv->columns == 1 || csv->sep <= ' ';
    csv->empty_is_null = csv->null_value.len == 0;
}

weir_rc weiri_csv_options(struct weiri_options *r)
{
    struct weir_format *csv = r->format;
    WEIR_TRY(read_options(r));
    if (csv->multi_line && (csv->mark_count > 0 || (csv->line_end == WEIRI_LINES_CUSTOM && csv->line_sep.len != 1))) {
        return weir_fail(r->err, WEIR_UNSUPPORTED, "OPTION_UNSUPPORTED", "option multiLine='true': not with a lineSep of several bytes, nor with special characters beyond ASCII; leave lineSep out, or write multiLine=false");
    }
    decide_paths(csv);
    return weiri_pattern_compile(csv->arena, "dateFormat", "yyyy-MM-dd", &csv->date_usual, r->err);
}
