/* json_options.c - Spark's JSON options, checked and compiled. */
#include "format/text_internal.h"

const struct weir_option_help weir_json_option_help[] = {
    {"allowBackslashEscapingAnyCharacter", "false", "a backslash before any character means that character"},
    {"allowComments", "false", "comments of C and C++ between values"},
    {"allowNonNumericNumbers", "true", "NaN, Infinity, -INF and the like are numbers"},
    {"allowNumericLeadingZeros", "false", "numbers such as 007"},
    {"allowSingleQuotes", "true", "single quotes round names and strings"},
    {"allowUnquotedControlChars", "false", "control characters in strings, such as a TAB"},
    {"allowUnquotedFieldNames", "false", "names without quotes"},
    {"columnNameOfCorruptRecord", "_corrupt_record", "the STRING column that gets the raw text of a malformed record, if the schema has it"},
    {"dateFormat", "lenient", "pattern of DATE columns"},
    {"dropFieldIfAllNull", "false", "without a schema: no column for fields that are always null, [] or {}"},
    {"enableDateTimeParsingFallback", "true without a format", "read dates and times leniently where their format does not match"},
    {"encoding", "UTF-8; with multiLine found by itself", "also US-ASCII, ISO-8859-1, UTF-16BE, UTF-16LE, which need lineSep; UTF-16 and UTF-32 need multiLine"},
    {"inferSchema", "true", "weir's own: false finds names only, all columns are STRING (read_files: inferColumnTypes)"},
    {"inferTimestamp", "false", "without a schema: strings that read as timestamps are TIMESTAMP"},
    {"lineSep", "\\n, \\r\\n or \\r", "what ends a line"},
    {"locale", "en-US", "English only"},
    {"maxNestingDepth", "1000", "a record nested deeper is malformed"},
    {"maxNumLen", "1000", "a record with a number of more digits is malformed"},
    {"maxRowBytes", "67108864", "weir's own: a longer line, or document with multiLine, fails the read"},
    {"maxStringLen", "20000000", "a record with a longer string is malformed"},
    {"mode", "PERMISSIVE", "what becomes of malformed records: PERMISSIVE keeps what they have, DROPMALFORMED drops them, FAILFAST fails"},
    {"multiLine", "false", "each file is one document: an object, or an array of objects with a row each"},
    {"prefersDecimal", "false", "without a schema: fractions are DECIMAL, not DOUBLE"},
    {"primitivesAsString", "false", "without a schema: numbers and truth values are STRING"},
    {"rescuedDataColumn", "", "the STRING column that gets values which are not of their column's type, and fields that no column has, as JSON with the file's path"},
    {"timeZone", "UTC", "zone of timestamps that name none"},
    {"timestampFormat", "lenient", "pattern of TIMESTAMP columns"},
    {"timestampNTZFormat", "lenient", "pattern of TIMESTAMP_NTZ columns"},
    {NULL, NULL, NULL}};

/* Only when writing, another name, or without meaning for JSON. */
static const char *const no_effect[] = {"compression", "codec", "charset", "path", "ignoreNullFields", "writeNonAsciiCharacterAsCodePoint", "pretty", "useUnsafeRow", NULL};
static const char *const not_yet[] = {"samplingRatio", "singleVariantColumn", NULL};
const struct weiri_option_names weiri_json_option_names = {weir_json_option_help, no_effect, not_yet};

static weir_rc read_encoding(struct weiri_options *r)
{
    struct weir_format *json = r->format;
    const char *name = weir_options_get(r->options, "encoding") ? "encoding" : "charset";
    const char *value = weir_options_get(r->options, name), *line_sep = weir_options_get(r->options, "lineSep");
    if (line_sep && line_sep[0] == '\0') {
        return weiri_option_bad(r, "lineSep", line_sep, "write one or more characters");
    }
    json->line_sep = weir_str(weir_arena_strdup(json->arena, line_sep ? line_sep : ""));
    json->line_end = !line_sep ? WEIRI_LINES_ANY : strcmp(line_sep, "\n") == 0 ? WEIRI_LINES_LF : WEIRI_LINES_CUSTOM;
    if (!value) {
        return WEIR_OK;
    }
    json->rules.charset_given = true;
    if (!weiri_charset_find(value, &json->charset)) {
        return weiri_option_bad(r, name, value, "write one of UTF-8, US-ASCII, ISO-8859-1, UTF-16, UTF-16BE, UTF-16LE, UTF-32, or convert the files");
    }
    if (json->multi_line) {
        return WEIR_OK;
    }
    if (json->charset == WEIRI_UTF16 || json->charset == WEIRI_UTF32) {
        return weiri_option_bad(r, name, value, "only with multiLine=true, as in Spark; write UTF-16LE or UTF-16BE, with a lineSep");
    }
    return json->charset == WEIRI_UTF8 || line_sep ? WEIR_OK : weiri_option_bad(r, name, value, "needs a lineSep, as in Spark; write lineSep='\\n'");
}

/* MAPs have text keys; VARIANT and intervals have no place in weir's columns. */
static weir_rc check_type(struct weiri_options *r, const char *column, const struct weir_type *type)
{
    const bool map = type->id == WEIR_TYPE_MAP;
    if ((map && type->fields[0].type.id != WEIR_TYPE_STRING) || type->id > WEIR_TYPE_STRUCT) {
        struct weir_buf text;
        weir_buf_init(&text, 0);
        weir_type_print(&text, type);
        weir_rc rc = map ? weir_fail(r->err, WEIR_INVALID, "JSON_MAP_KEY_TYPE", "the column `%s` of type %s: the names of a JSON object are texts; write MAP<STRING, ..>", column, text.data)
                         : weir_fail(r->err, WEIR_UNSUPPORTED, "JSON_TYPE_UNSUPPORTED", "the column `%s` of type %s cannot be read from JSON by weir; read it as STRING", column, text.data);
        weir_buf_free(&text);
        return rc;
    }
    for (size_t i = 0; i < type->field_count; i++) {
        WEIR_TRY(check_type(r, column, &type->fields[i].type));
    }
    return WEIR_OK;
}

static weir_rc check_columns(struct weiri_options *r)
{
    const struct weir_format *json = r->format;
    for (size_t i = 0; i < json->schema->field_count; i++) {
        WEIR_TRY(check_type(r, json->schema->fields[i].name, &json->schema->fields[i].type));
    }
    if (json->corrupt >= 0 && json->columns == 0) {
        return weir_fail(r->err, WEIR_INVALID, "ONLY_CORRUPT_COLUMN", "the column `%s` for malformed records is the only one, so there is nothing that a record could hold; add the columns of the records",
                         json->schema->fields[json->corrupt].name);
    }
    return WEIR_OK;
}

weir_rc weiri_json_options(struct weiri_options *r)
{
    struct weiri_json_rules *rules = &r->format->rules;
    *rules = (struct weiri_json_rules){.single_quotes = true, .non_numeric = true, .depth_max = 1000, .number_max = 1000, .string_max = 20000000};
    WEIR_TRY(check_columns(r));
    WEIR_TRY(read_encoding(r));
    WEIR_TRY(weiri_option_bool(r, "allowComments", &rules->comments));
    WEIR_TRY(weiri_option_bool(r, "allowUnquotedFieldNames", &rules->unquoted_names));
    WEIR_TRY(weiri_option_bool(r, "allowSingleQuotes", &rules->single_quotes));
    WEIR_TRY(weiri_option_bool(r, "allowNumericLeadingZeros", &rules->leading_zeros));
    WEIR_TRY(weiri_option_bool(r, "allowNonNumericNumbers", &rules->non_numeric));
    WEIR_TRY(weiri_option_bool(r, "allowBackslashEscapingAnyCharacter", &rules->any_escape));
    WEIR_TRY(weiri_option_bool(r, "allowUnquotedControlChars", &rules->control_chars));
    WEIR_TRY(weiri_option_int(r, "maxNestingDepth", 1, &rules->depth_max));
    WEIR_TRY(weiri_option_int(r, "maxNumLen", 1, &rules->number_max));
    return weiri_option_int(r, "maxStringLen", 1, &rules->string_max);
}
