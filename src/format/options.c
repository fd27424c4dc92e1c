/* options.c - Spark's CSV options, checked and compiled into a dialect.
 *
 * One table names them all: what weir reads, what has no effect on reading with a schema, and what Spark has and weir not yet (refused by name). */
#include "base/log.h"
#include "format/text_internal.h"
#include <stdio.h>

#define ROW_BYTES_MAX_DEFAULT ((int64_t)64 << 20)

const struct weir_option_help weir_csv_option_help[] = {
    {"charToEscapeQuoteEscaping", "escape, if it is not the quote", "the character that escapes the escape"},
    {"columnNameOfCorruptRecord", "_corrupt_record", "the STRING column that gets the raw line of a malformed row, if the schema has it"},
    {"comment", "", "lines that begin with this character are skipped"},
    {"dateFormat", "lenient", "pattern of DATE columns"},
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
    {"sep", ",", "the separator, one or more characters"},
    {"timeZone", "UTC", "zone of timestamps that name none"},
    {"timestampFormat", "lenient", "pattern of TIMESTAMP columns"},
    {"timestampNTZFormat", "lenient", "pattern of TIMESTAMP_NTZ columns"},
    {"unescapedQuoteHandling", "STOP_AT_DELIMITER", "what a quote inside a quoted cell means that nothing escapes"},
    {NULL, NULL, NULL}};

/* Read only by inference (infer.c), only when writing, or for speed: accepted here, without effect. */
static const char *const no_effect[] = {"columnPruning", "inputBufferSize", "compression", "codec", "quoteAll",
                                        "escapeQuotes", "charset", "path"};
static const char *const not_yet[] = {"samplingRatio", "singleVariantColumn"};

struct reader {
    const weir_options *options;
    struct weir_format *csv;
    struct weir_error *err;
};

static bool listed(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (weir_str_eq_nocase(weir_str(name), weir_str(names[i]))) {
            return true;
        }
    }
    return false;
}

static weir_rc check_names(struct reader *r, bool (*ignore)(const char *name))
{
    const char *name, *value;
    for (size_t i = 0; weir_options_at(r->options, &i, &name, &value);) {
        bool known = listed(name, no_effect, sizeof no_effect / sizeof *no_effect);
        for (const struct weir_option_help *h = weir_csv_option_help; h->name && !known; h++) {
            known = weir_str_eq_nocase(weir_str(name), weir_str(h->name));
        }
        if (known || (ignore && ignore(name))) {
            continue;
        }
        if (listed(name, not_yet, sizeof not_yet / sizeof *not_yet)) {
            return weir_fail(r->err, WEIR_UNSUPPORTED, "OPTION_UNSUPPORTED", "option %s: Spark has it, weir does not do it yet; leave it out", name);
        }
        return weir_fail(r->err, WEIR_INVALID, "OPTION_UNKNOWN", "option %s: no such CSV option; look at its spelling", name);
    }
    return WEIR_OK;
}

static weir_rc bad_value(struct reader *r, const char *name, const char *value, const char *what)
{
    return weir_fail(r->err, WEIR_INVALID, "OPTION_INVALID", "option %s='%s': %s", name, value, what);
}

static weir_rc read_bool(struct reader *r, const char *name, bool *out)
{
    const char *value = weir_options_get(r->options, name);
    if (!value) {
        return WEIR_OK;
    }
    *out = weir_str_eq_nocase(weir_str(value), WEIR_STR("true"));
    return *out || weir_str_eq_nocase(weir_str(value), WEIR_STR("false")) ? WEIR_OK : bad_value(r, name, value, "write true or false");
}

static weir_rc read_int(struct reader *r, const char *name, int64_t min, int64_t *out)
{
    const char *value = weir_options_get(r->options, name);
    if (value && (!weir_str_to_i64(weir_str(value), out) || *out < min)) {
        return bad_value(r, name, value, "write a whole number in range");
    }
    return WEIR_OK;
}

static void read_text(struct reader *r, const char *name, const char *missing, struct weir_str *out)
{
    const char *value = weir_options_get(r->options, name);
    *out = weir_str(weir_arena_strdup(r->csv->arena, value ? value : missing));
}


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
static weir_rc read_char(struct reader *r, const char *name, struct weir_str *out)
{
    const char *value = weir_options_get(r->options, name);
    if (!value) {
        return WEIR_OK;
    }
    if (!weir_utf8_valid(value, strlen(value)) || weiri_utf16_length(value, strlen(value)) > 1) {
        return bad_value(r, name, value, "write one character");
    }
    *out = weir_str(weir_arena_strdup(r->csv->arena, value));
    return WEIR_OK;
}

static weir_rc read_specials(struct reader *r)
{
    struct weir_format *csv = r->csv;
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
static weir_rc unescape_sep(struct reader *r, const char *name, const char *value, struct weir_buf *out)
{
    static const char from[] = "trbf\"'\\", to[] = "\t\r\b\f\"'\\";
    for (const char *p = value; *p != '\0';) {
        if (*p != '\\') {
            weir_buf_add_char(out, *p++);
            continue;
        }
        if (p[1] == '\0') {
            return bad_value(r, name, value, "a backslash alone is none; write \\\\");
        }
        if (strncmp(p, "\\u0000", 6) == 0) {
            weir_buf_add_char(out, '\0');
            p += 6;
            continue;
        }
        const char *hit = strchr(from, p[1]);
        if (!hit) {
            return bad_value(r, name, value, "only \\t \\r \\b \\f \\\" \\' \\\\ and \\u0000 are escapes; write the raw character");
        }
        weir_buf_add_char(out, to[hit - from]);
        p += 2;
    }
    return WEIR_OK;
}

static weir_rc read_sep(struct reader *r)
{
    const char *name = weir_options_get(r->options, "sep") ? "sep" : "delimiter";
    const char *value = weir_options_get(r->options, name);
    struct weir_buf buf;
    weir_buf_init(&buf, 0);
    weir_rc rc = unescape_sep(r, name, value ? value : ",", &buf);
    if (rc == WEIR_OK && buf.len == 0) {
        rc = bad_value(r, name, value, "the separator is empty; write one or more characters");
    }
    if (rc == WEIR_OK && (!weir_utf8_valid(buf.data, buf.len) || memchr(buf.data, '\n', buf.len))) {
        rc = bad_value(r, name, value, "the separator is not UTF-8 or holds a line feed");
    }
    if (rc == WEIR_OK) {
        struct weir_str text = {weir_arena_strndup(r->csv->arena, buf.data, buf.len), buf.len};
        if (weiri_utf16_length(text.ptr, text.len) == 1) {
            r->csv->sep = special_byte(r->csv, text);
        } else {
            r->csv->seps = text;
        }
    }
    weir_buf_free(&buf);
    return rc;
}

static weir_rc read_line_sep(struct reader *r)
{
    const char *value = weir_options_get(r->options, "lineSep");
    r->csv->line_end = WEIRI_LINES_ANY;
    r->csv->newline = '\n';
    if (!value) {
        return WEIR_OK;
    }
    int64_t chars = weiri_utf16_length(value, strlen(value));
    if (chars < 1 || chars > 2 || !weir_utf8_valid(value, strlen(value))) {
        return bad_value(r, "lineSep", value, "write one or two characters");
    }
    r->csv->line_sep = weir_str(weir_arena_strdup(r->csv->arena, value));
    r->csv->line_end = strcmp(value, "\n") == 0 ? WEIRI_LINES_LF : WEIRI_LINES_CUSTOM;
    if (chars == 1) {
        r->csv->newline = value[1] == '\0' ? (uint8_t)value[0] : 0xf8; /* of several bytes: one that UTF-8 never has */
    }
    return WEIR_OK;
}

static weir_rc read_mode(struct reader *r)
{
    static const char *const names[] = {"PERMISSIVE", "DROPMALFORMED", "FAILFAST"};
    const char *value = weir_options_get(r->options, "mode");
    r->csv->mode = WEIR_TEXT_PERMISSIVE;
    for (int i = 0; value && i < 3; i++) {
        if (weir_str_eq_nocase(weir_str(value), weir_str(names[i]))) {
            r->csv->mode = (enum weir_text_mode)i;
            return WEIR_OK;
        }
    }
    if (value) {
        weir_log(WEIR_LOG_WARN, "format", "option mode='%s' is none of PERMISSIVE, DROPMALFORMED, FAILFAST; PERMISSIVE is used, as Spark does", value);
    }
    return WEIR_OK;
}

static weir_rc read_quote_handling(struct reader *r)
{
    static const char *const names[] = {"STOP_AT_DELIMITER", "STOP_AT_CLOSING_QUOTE", "BACK_TO_DELIMITER", "SKIP_VALUE", "RAISE_ERROR"};
    const char *value = weir_options_get(r->options, "unescapedQuoteHandling");
    for (int i = 0; value && i < 5; i++) {
        if (weir_str_eq_nocase(weir_str(value), weir_str(names[i]))) {
            r->csv->unescaped = (enum weiri_unescaped)i;
            return WEIR_OK;
        }
    }
    return value ? bad_value(r, "unescapedQuoteHandling", value, "write STOP_AT_DELIMITER, STOP_AT_CLOSING_QUOTE, BACK_TO_DELIMITER, SKIP_VALUE or RAISE_ERROR")
                 : WEIR_OK;
}

static weir_rc refuse_value(struct reader *r, const char *name, const char *value, const char *what)
{
    return weir_fail(r->err, WEIR_UNSUPPORTED, "OPTION_UNSUPPORTED", "option %s='%s': %s", name, value, what);
}

/* The encoding, and options that have one value so far. */
static weir_rc read_fixed(struct reader *r)
{
    const char *name = weir_options_get(r->options, "encoding") ? "encoding" : "charset";
    const char *value = weir_options_get(r->options, name);
    if (value && !weiri_charset_find(value, &r->csv->charset)) {
        return bad_value(r, name, value, "Spark knows no such encoding of CSV; write one of UTF-8, US-ASCII, ISO-8859-1, UTF-16, UTF-16BE, UTF-16LE, UTF-32, or convert the files");
    }
    if (r->csv->charset == WEIRI_UTF16 && weir_options_get(r->options, "lineSep")) {
        return refuse_value(r, name, value, "with lineSep Spark looks for a separator with a byte order mark before it and finds none; write UTF-16LE or UTF-16BE");
    }
    value = weir_options_get(r->options, "locale");
    if (value && !weir_str_eq_nocase(weir_str(value), WEIR_STR("en")) && !weir_str_eq_nocase(weir_str(value), WEIR_STR("en-US"))) {
        return refuse_value(r, "locale", value, "only English is read so far; write en-US");
    }
    WEIR_TRY(read_bool(r, "multiLine", &r->csv->multi_line));
    if (r->csv->multi_line && r->csv->charset == WEIRI_UTF32) {
        return refuse_value(r, name, "UTF-32", "not with multiLine so far; convert the files");
    }
    return WEIR_OK;
}

static weir_rc read_times(struct reader *r)
{
    static const char *const names[] = {"dateFormat", "timestampFormat", "timestampNTZFormat"};
    struct weiri_pattern **const patterns[] = {&r->csv->date_pattern, &r->csv->timestamp_pattern, &r->csv->ntz_pattern};
    const char *zone = weir_options_get(r->options, "timeZone");
    r->csv->zone = zone ? weir_zone_find(weir_str(zone)) : weir_zone_utc();
    if (!r->csv->zone) {
        return bad_value(r, "timeZone", zone, "no such time zone; write a region (Europe/Berlin) or an offset (+02:00)");
    }
    for (int i = 0; i < 3; i++) {
        const char *text = weir_options_get(r->options, names[i]);
        if (text) {
            WEIR_TRY(weiri_pattern_compile(r->csv->arena, names[i], text, patterns[i], r->err));
        }
    }
    r->csv->date_fallback = !r->csv->date_pattern;
    r->csv->timestamp_fallback = !r->csv->timestamp_pattern;
    WEIR_TRY(read_bool(r, "enableDateTimeParsingFallback", &r->csv->date_fallback));
    return read_bool(r, "enableDateTimeParsingFallback", &r->csv->timestamp_fallback);
}

static weir_rc map_columns(struct reader *r)
{
    struct weir_format *csv = r->csv;
    struct weir_str name;
    read_text(r, "columnNameOfCorruptRecord", "_corrupt_record", &name);
    csv->corrupt = -1;
    csv->field_of = weir_arena_alloc(csv->arena, sizeof *csv->field_of * (csv->schema->field_count + 1));
    csv->column_of = weir_arena_alloc(csv->arena, sizeof *csv->column_of * (csv->schema->field_count + 1));
    for (size_t i = 0; i < csv->schema->field_count; i++) {
        const struct weir_field *field = &csv->schema->fields[i];
        if (!weir_type_is_primitive(&field->type)) {
            struct weir_buf type;
            weir_buf_init(&type, 0);
            weir_type_print(&type, &field->type);
            weir_rc rc = weir_fail(r->err, WEIR_UNSUPPORTED, "CSV_TYPE_UNSUPPORTED", "the column `%s` of type %s cannot be read from CSV; read it as STRING", field->name, type.data);
            weir_buf_free(&type);
            return rc;
        }
        if (weir_str_eq(weir_str(field->name), name)) {
            if (field->type.id != WEIR_TYPE_STRING || !field->nullable) {
                return weir_fail(r->err, WEIR_INVALID, "INVALID_CORRUPT_RECORD_TYPE", "the column `%s` for corrupt records must be a nullable STRING; change the schema", field->name);
            }
            csv->corrupt = (int)i;
            csv->field_of[i] = -1;
        } else {
            csv->column_of[csv->columns] = (int)i;
            csv->field_of[i] = (int)csv->columns++;
        }
    }
    return WEIR_OK;
}

static weir_rc read_options(struct reader *r)
{
    struct weir_format *csv = r->csv;
    int64_t row_bytes = ROW_BYTES_MAX_DEFAULT;
    csv->enforce_schema = true;
    csv->columns_max = 20480;
    csv->cell_chars_max = -1;
    WEIR_TRY(map_columns(r));
    WEIR_TRY(read_specials(r));
    WEIR_TRY(read_sep(r));
    WEIR_TRY(read_line_sep(r));
    WEIR_TRY(read_mode(r));
    WEIR_TRY(read_quote_handling(r));
    WEIR_TRY(read_fixed(r));
    WEIR_TRY(read_times(r));
    WEIR_TRY(read_bool(r, "header", &csv->header));
    WEIR_TRY(read_bool(r, "enforceSchema", &csv->enforce_schema));
    WEIR_TRY(read_bool(r, "ignoreLeadingWhiteSpace", &csv->trim_leading));
    WEIR_TRY(read_bool(r, "ignoreTrailingWhiteSpace", &csv->trim_trailing));
    WEIR_TRY(read_int(r, "maxColumns", 1, &csv->columns_max));
    WEIR_TRY(read_int(r, "maxCharsPerColumn", -1, &csv->cell_chars_max));
    WEIR_TRY(read_int(r, "maxRowBytes", 1, &row_bytes));
    if (row_bytes > INT32_MAX / 2) {
        return bad_value(r, "maxRowBytes", weir_options_get(r->options, "maxRowBytes"), "at most 1073741823 bytes");
    }
    csv->row_bytes_max = (size_t)row_bytes;
    read_text(r, "nullValue", "", &csv->null_value);
    read_text(r, "emptyValue", "", &csv->empty_value);
    read_text(r, "nanValue", "NaN", &csv->nan_value);
    read_text(r, "positiveInf", "Inf", &csv->positive_inf);
    read_text(r, "negativeInf", "-Inf", &csv->negative_inf);
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

/* Spark looks for the bytes that the separator has in the encoding. */
static void encode_line_sep(struct weir_format *csv)
{
    struct weir_buf bytes;
    if (csv->charset == WEIRI_UTF8 || csv->line_end == WEIRI_LINES_ANY) {
        return;
    }
    weir_buf_init(&bytes, 0);
    weiri_encode(csv->charset, csv->line_sep, &bytes);
    csv->line_sep = (struct weir_str){weir_arena_strndup(csv->arena, bytes.data, bytes.len), bytes.len};
    csv->line_end = weir_str_eq(csv->line_sep, WEIR_STR("\n")) ? WEIRI_LINES_LF : WEIRI_LINES_CUSTOM;
    weir_buf_free(&bytes);
}

weir_rc weir_format_new(const char *name, const weir_schema *schema, const weir_options *options, bool (*ignore)(const char *name), weir_format **out, struct weir_error *err)
{
    *out = NULL;
    if (!weir_str_eq_nocase(weir_str(name), WEIR_STR("csv"))) {
        return weir_fail(err, WEIR_UNSUPPORTED, "SOURCE_FORMAT_UNSUPPORTED", "weir reads folders of csv and no other format yet; '%s'; use csv", name);
    }
    weir_arena *arena = weir_arena_new();
    struct weir_format *csv = weir_arena_zalloc(arena, sizeof *csv);
    weir_options *none = options ? NULL : weir_options_new();
    struct reader r = {options ? options : none, csv, err};
    csv->arena = arena;
    csv->schema = weir_schema_copy(arena, schema);
    weir_rc rc = check_names(&r, ignore);
    if (rc == WEIR_OK) {
        rc = read_options(&r);
    }
    weir_options_free(none);
    if (rc != WEIR_OK) {
        weir_format_free(csv);
        return rc;
    }
    if (csv->multi_line && (csv->mark_count > 0 || (csv->line_end == WEIRI_LINES_CUSTOM && csv->line_sep.len != 1))) {
        rc = weir_fail(err, WEIR_UNSUPPORTED, "OPTION_UNSUPPORTED", "option multiLine='true': not with a lineSep of several bytes, nor with special characters beyond ASCII; leave lineSep out, or write multiLine=false");
        weir_format_free(csv);
        return rc;
    }
    encode_line_sep(csv);
    decide_paths(csv);
    *out = csv;
    return WEIR_OK;
}

void weir_format_free(weir_format *csv)
{
    if (csv) {
        weir_arena_free(csv->arena);
    }
}

int weir_format_corrupt_column(const weir_format *csv)
{
    return csv->corrupt;
}
