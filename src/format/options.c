/* options.c - a format and its options into what the readers use: what CSV and JSON have in common. Each has its own file for the rest. */
#include "base/log.h"
#include "format/text_internal.h"
#include <stdio.h>

#define ROW_BYTES_MAX_DEFAULT ((int64_t)64 << 20)

static bool listed(const char *name, const char *const *names)
{
    for (size_t i = 0; names[i]; i++) {
        if (weir_str_eq_nocase(weir_str(name), weir_str(names[i]))) {
            return true;
        }
    }
    return false;
}

static weir_rc check_names(struct weiri_options *r, bool (*ignore)(const char *name), const struct weiri_option_names *names, const char *format)
{
    const char *name, *value;
    for (size_t i = 0; weir_options_at(r->options, &i, &name, &value);) {
        bool known = listed(name, names->no_effect);
        for (const struct weir_option_help *h = names->help; h->name && !known; h++) {
            known = weir_str_eq_nocase(weir_str(name), weir_str(h->name));
        }
        if (known || (ignore && ignore(name))) {
            continue;
        }
        if (listed(name, names->not_yet)) {
            return weir_fail(r->err, WEIR_UNSUPPORTED, "OPTION_UNSUPPORTED", "option %s: Spark has it, weir does not do it yet; leave it out", name);
        }
        return weir_fail(r->err, WEIR_INVALID, "OPTION_UNKNOWN", "option %s: no such %s option; look at its spelling", name, format);
    }
    return WEIR_OK;
}

weir_rc weiri_option_bad(struct weiri_options *r, const char *name, const char *value, const char *what)
{
    return weir_fail(r->err, WEIR_INVALID, "OPTION_INVALID", "option %s='%s': %s", name, value, what);
}

weir_rc weiri_option_bool(struct weiri_options *r, const char *name, bool *out)
{
    const char *value = weir_options_get(r->options, name);
    if (!value) {
        return WEIR_OK;
    }
    *out = weir_str_eq_nocase(weir_str(value), WEIR_STR("true"));
    return *out || weir_str_eq_nocase(weir_str(value), WEIR_STR("false")) ? WEIR_OK : weiri_option_bad(r, name, value, "write true or false");
}

weir_rc weiri_option_int(struct weiri_options *r, const char *name, int64_t min, int64_t *out)
{
    const char *value = weir_options_get(r->options, name);
    if (value && (!weir_str_to_i64(weir_str(value), out) || *out < min)) {
        return weiri_option_bad(r, name, value, "write a whole number in range");
    }
    return WEIR_OK;
}

void weiri_option_text(struct weiri_options *r, const char *name, const char *missing, struct weir_str *out)
{
    const char *value = weir_options_get(r->options, name);
    *out = weir_str(weir_arena_strdup(r->format->arena, value ? value : missing));
}

static weir_rc read_mode(struct weiri_options *r)
{
    static const char *const names[] = {"PERMISSIVE", "DROPMALFORMED", "FAILFAST"};
    const char *value = weir_options_get(r->options, "mode");
    r->format->mode = WEIR_TEXT_PERMISSIVE;
    for (int i = 0; value && i < 3; i++) {
        if (weir_str_eq_nocase(weir_str(value), weir_str(names[i]))) {
            r->format->mode = (enum weir_text_mode)i;
            return WEIR_OK;
        }
    }
    if (value) {
        weir_log(WEIR_LOG_WARN, "format", "option mode='%s' is none of PERMISSIVE, DROPMALFORMED, FAILFAST; PERMISSIVE is used, as Spark does", value);
    }
    return WEIR_OK;
}

weir_rc weiri_option_refuse(struct weiri_options *r, const char *name, const char *value, const char *what)
{
    return weir_fail(r->err, WEIR_UNSUPPORTED, "OPTION_UNSUPPORTED", "option %s='%s': %s", name, value, what);
}

static weir_rc read_times(struct weiri_options *r)
{
    static const char *const names[] = {"dateFormat", "timestampFormat", "timestampNTZFormat"};
    struct weiri_pattern **const patterns[] = {&r->format->date_pattern, &r->format->timestamp_pattern, &r->format->ntz_pattern};
    const char *zone = weir_options_get(r->options, "timeZone");
    r->format->zone = zone ? weir_zone_find(weir_str(zone)) : weir_zone_utc();
    if (!r->format->zone) {
        return weiri_option_bad(r, "timeZone", zone, "no such time zone; write a region (Europe/Berlin) or an offset (+02:00)");
    }
    for (int i = 0; i < 3; i++) {
        const char *text = weir_options_get(r->options, names[i]);
        if (text) {
            WEIR_TRY(weiri_pattern_compile(r->format->arena, names[i], text, patterns[i], r->err));
        }
    }
    r->format->date_fallback = !r->format->date_pattern;
    r->format->timestamp_fallback = !r->format->timestamp_pattern;
    WEIR_TRY(weiri_option_bool(r, "enableDateTimeParsingFallback", &r->format->date_fallback));
    return weiri_option_bool(r, "enableDateTimeParsingFallback", &r->format->timestamp_fallback);
}

/* Spark looks for the bytes that the separator has in the encoding. */
static void encode_line_sep(struct weir_format *format)
{
    struct weir_buf bytes;
    if (format->charset == WEIRI_UTF8 || format->line_end == WEIRI_LINES_ANY) {
        return;
    }
    weir_buf_init(&bytes, 0);
    weiri_encode(format->charset, format->line_sep, &bytes);
    format->line_sep = (struct weir_str){weir_arena_strndup(format->arena, bytes.data, bytes.len), bytes.len};
    format->line_end = weir_str_eq(format->line_sep, WEIR_STR("\n")) ? WEIRI_LINES_LF : WEIRI_LINES_CUSTOM;
    weir_buf_free(&bytes);
}

/* The corrupt column must be able to hold any line. */
static weir_rc check_corrupt(struct weiri_options *r, const struct weir_field *field)
{
    if (field->type.id != WEIR_TYPE_STRING || !field->nullable) {
        return weir_fail(r->err, WEIR_INVALID, "INVALID_CORRUPT_RECORD_TYPE", "the column `%s` for corrupt records must be a nullable STRING; change the schema", field->name);
    }
    return WEIR_OK;
}

/* Which columns of the schema are fields of the text. */
static weir_rc map_columns(struct weiri_options *r)
{
    struct weir_format *format = r->format;
    struct weir_str name, rescued;
    weiri_option_text(r, "columnNameOfCorruptRecord", "_corrupt_record", &name);
    weiri_option_text(r, "rescuedDataColumn", "", &rescued);
    format->corrupt = format->rescued = -1;
    format->field_of = weir_arena_alloc(format->arena, sizeof *format->field_of * (format->schema->field_count + 1));
    format->column_of = weir_arena_alloc(format->arena, sizeof *format->column_of * (format->schema->field_count + 1));
    for (size_t i = 0; i < format->schema->field_count; i++) {
        const struct weir_field *field = &format->schema->fields[i];
        if (weir_str_eq(weir_str(field->name), name)) {
            WEIR_TRY(check_corrupt(r, field));
            format->corrupt = (int)i;
            format->field_of[i] = -1;
        } else if (rescued.len > 0 && weir_str_eq_nocase(weir_str(field->name), rescued)) {
            WEIR_TRY(check_corrupt(r, field));
            format->rescued = (int)i;
            format->field_of[i] = -1;
        } else {
            format->column_of[format->columns] = (int)i;
            format->field_of[i] = (int)format->columns++;
        }
    }
    return WEIR_OK;
}

static weir_rc read_common(struct weiri_options *r)
{
    struct weir_format *format = r->format;
    int64_t row_bytes = ROW_BYTES_MAX_DEFAULT;
    const char *locale = weir_options_get(r->options, "locale");
    WEIR_TRY(map_columns(r));
    WEIR_TRY(read_mode(r));
    WEIR_TRY(read_times(r));
    WEIR_TRY(weiri_option_bool(r, "multiLine", &format->multi_line));
    WEIR_TRY(weiri_option_int(r, "maxRowBytes", 1, &row_bytes));
    if (row_bytes > INT32_MAX / 2) {
        return weiri_option_bad(r, "maxRowBytes", weir_options_get(r->options, "maxRowBytes"), "at most 1073741823 bytes");
    }
    format->row_bytes_max = (size_t)row_bytes;
    if (locale && !weir_str_eq_nocase(weir_str(locale), WEIR_STR("en")) && !weir_str_eq_nocase(weir_str(locale), WEIR_STR("en-US"))) {
        return weiri_option_refuse(r, "locale", locale, "only English is read so far; write en-US");
    }
    return WEIR_OK;
}

weir_rc weir_format_new(const char *name, const weir_schema *schema, const weir_options *options, bool (*ignore)(const char *name), weir_format **out, struct weir_error *err)
{
    static const struct {
        const char *name, *label;
        const struct weiri_option_names *options;
        weir_rc (*read)(struct weiri_options *r);
    } formats[] = {{"csv", "CSV", &weiri_csv_option_names, weiri_csv_options}, {"json", "JSON", &weiri_json_option_names, weiri_json_options}, {"text", "text", &weiri_plain_option_names, weiri_plain_options}};
    size_t which = 0;
    *out = NULL;
    while (which < 3 && !weir_str_eq_nocase(weir_str(name), weir_str(formats[which].name))) {
        which++;
    }
    if (which == 3) {
        return weir_fail(err, WEIR_UNSUPPORTED, "SOURCE_FORMAT_UNSUPPORTED", "weir reads folders of csv, json and text and no other format yet; '%s'; use one of these", name);
    }
    weir_arena *arena = weir_arena_new();
    struct weir_format *format = weir_arena_zalloc(arena, sizeof *format);
    weir_options *none = options ? NULL : weir_options_new();
    struct weiri_options r = {options ? options : none, format, err};
    format->arena = arena;
    format->json = which == 1;
    format->plain_text = which == 2;
    format->schema = weir_schema_copy(arena, schema);
    weir_rc rc = check_names(&r, ignore, formats[which].options, formats[which].label);
    rc = rc == WEIR_OK ? read_common(&r) : rc;
    if (rc == WEIR_OK) {
        rc = formats[which].read(&r);
    }
    weir_options_free(none);
    if (rc != WEIR_OK) {
        weir_format_free(format);
        return rc;
    }
    encode_line_sep(format);
    *out = format;
    return WEIR_OK;
}

void weir_format_free(weir_format *format)
{
    if (format) {
        weir_arena_free(format->arena);
    }
}

int weir_format_corrupt_column(const weir_format *format)
{
    return format->corrupt;
}
