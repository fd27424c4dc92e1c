/* options.c - the options of the file source: one table says which names there are, what each means, and how it is read. */
#include "source/source_internal.h"

#include <stdio.h>

#define DAY_MS INT64_C(86400000)

enum option {
    MAX_FILES, MAX_BYTES, MAX_FILE_AGE, MIN_FILE_AGE, LATEST_FIRST, RECURSIVE, FILE_NAME_ONLY, PATH_GLOB_FILTER,
    FILE_NAME_PATTERN, IGNORE_MISSING, IGNORE_CORRUPT, INCLUDE_EXISTING, ALLOW_OVERWRITES, CLEAN_SOURCE, ARCHIVE_DIR,
    CLEAN_RETENTION, CLEAN_DESTINATION, MAX_CACHED_FILES, DISCARD_CACHED, BASE_PATH, MODIFIED_BEFORE, MODIFIED_AFTER,
    PARTITION_COLUMNS, BACKFILL_INTERVAL, EVOLUTION, ON_NEW_COLUMNS, OPTIONS
};

const struct weir_option_help weir_file_option_help[] = {
    [MAX_FILES] = {"maxFilesPerTrigger", "", "new files per batch at most; without it all"},
    [MAX_BYTES] = {"maxBytesPerTrigger", "", "bytes per batch at most (a number, or 10k, 10m, 10g), always at least one file"},
    [MAX_FILE_AGE] = {"maxFileAge", "7d", "a new file that is this much older than the newest one taken is left out"},
    [MIN_FILE_AGE] = {"minFileAge", "1s, 0s for available-now", "where the system cannot tell who writes: how long a file must rest"},
    [LATEST_FIRST] = {"latestFirst", "false", "newest files first"},
    [RECURSIVE] = {"recursiveFileLookup", "false", "files of all sub-folders, without partition columns"},
    [FILE_NAME_ONLY] = {"fileNameOnly", "false", "a file is known by its name alone, wherever it lies"},
    [PATH_GLOB_FILTER] = {"pathGlobFilter", "", "only files whose name matches, such as *.csv"},
    [FILE_NAME_PATTERN] = {"fileNamePattern", "", "another name of pathGlobFilter"},
    [IGNORE_MISSING] = {"ignoreMissingFiles", "false", "go on when a file is gone before it was read"},
    [IGNORE_CORRUPT] = {"ignoreCorruptFiles", "false", "only false"},
    [INCLUDE_EXISTING] = {"includeExistingFiles", "true", "only true"},
    [ALLOW_OVERWRITES] = {"allowOverwrites", "false", "only false: a path is taken once"},
    [CLEAN_SOURCE] = {"cleanSource", "off", "only off: taken files stay where they are"},
    [ARCHIVE_DIR] = {"sourceArchiveDir", "", "read only with cleanSource=archive"},
    [CLEAN_RETENTION] = {"cleanSource.retentionDuration", "", "read only with cleanSource"},
    [CLEAN_DESTINATION] = {"cleanSource.moveDestination", "", "read only with cleanSource"},
    [MAX_CACHED_FILES] = {"maxCachedFiles", "", "checked and not needed: weir lists anew for each batch"},
    [DISCARD_CACHED] = {"discardCachedInputRatio", "", "checked and not needed, as maxCachedFiles"},
    [BASE_PATH] = {"basePath", "", "not there yet"},
    [MODIFIED_BEFORE] = {"modifiedBefore", "", "batch reads only: files whose modification time is before this one, such as 2026-01-31T12:00:00 (in timeZone)"},
    [MODIFIED_AFTER] = {"modifiedAfter", "", "batch reads only: files whose modification time is behind this one"},
    [PARTITION_COLUMNS] = {"partitionColumns", "", "not there yet: partition folders are found by themselves"},
    [BACKFILL_INTERVAL] = {"backfillInterval", "", "checked and not needed: every batch lists the whole folder"},
    [EVOLUTION] = {"schemaEvolutionMode", "addNewColumns without a schema, else none", "what a stream does about fields that its schema does not have: addNewColumns, rescue (into rescuedDataColumn, _rescued_data), failOnNewColumns, none"},
    [ON_NEW_COLUMNS] = {"onNewColumns", "continue", "with addNewColumns: continue, or stop after the columns are noted, as Databricks does"},
    [OPTIONS] = {NULL, NULL, NULL},
};

static int find_option(const char *name)
{
    for (int i = 0; i < OPTIONS; i++) {
        if (weir_str_eq_nocase(weir_str(name), weir_str(weir_file_option_help[i].name))) {
            return i;
        }
    }
    return -1;
}

bool weir_file_option_is(const char *name)
{
    return find_option(name) >= 0;
}

static weir_rc fail_value(enum option option, const char *value, const char *takes, struct weir_error *err)
{
    return weir_fail(err, WEIR_INVALID, "FILE_OPTION_INVALID", "the option %s takes %s; '%.200s'; correct the value",
                     weir_file_option_help[option].name, takes, value);
}

static weir_rc fail_unsupported(enum option option, const char *value, const char *advice, struct weir_error *err)
{
    return weir_fail(err, WEIR_UNSUPPORTED, "FILE_OPTION_UNSUPPORTED", "weir does not do the option %s='%.200s'; %s",
                     weir_file_option_help[option].name, value, advice);
}

static weir_rc read_bool(enum option option, const char *value, bool *out, struct weir_error *err)
{
    *out = weir_str_eq_nocase(weir_str(value), WEIR_STR("true"));
    if (!*out && !weir_str_eq_nocase(weir_str(value), WEIR_STR("false"))) {
        return fail_value(option, value, "true or false", err);
    }
    return WEIR_OK;
}

/* Splits "10 m" into 10 and "m". */
static bool split_number(const char *value, int64_t *number, struct weir_str *unit)
{
    const struct weir_str text = weir_str_trim(weir_str(value));
    size_t digits = 0;
    while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9') {
        digits++;
    }
    *unit = weir_str_trim((struct weir_str){text.ptr + digits, text.len - digits});
    return digits > 0 && weir_str_to_i64((struct weir_str){text.ptr, digits}, number);
}

struct unit {
    const char *name;
    int64_t factor, divisor;
};

static bool read_units(const char *value, const struct unit *units, int64_t *out)
{
    struct weir_str unit;
    int64_t number;
    if (!split_number(value, &number, &unit)) {
        return false;
    }
    for (; units->name; units++) {
        if (weir_str_eq_nocase(unit, weir_str(units->name))) {
            const bool fits = !__builtin_mul_overflow(number, units->factor, out);
            *out = fits ? *out / units->divisor : 0;
            return fits;
        }
    }
    return false;
}

/* Spark's time strings, and the interval words of Databricks. */
static weir_rc read_age(enum option option, const char *value, int64_t *ms_out, struct weir_error *err)
{
    static const struct unit units[] = {
        {"", 1, 1}, {"us", 1, 1000}, {"ms", 1, 1}, {"s", 1000, 1}, {"m", 60000, 1}, {"min", 60000, 1}, {"h", 3600000, 1},
        {"d", DAY_MS, 1}, {"millisecond", 1, 1}, {"milliseconds", 1, 1}, {"second", 1000, 1}, {"seconds", 1000, 1},
        {"minute", 60000, 1}, {"minutes", 60000, 1}, {"hour", 3600000, 1}, {"hours", 3600000, 1}, {"day", DAY_MS, 1},
        {"days", DAY_MS, 1}, {"week", 7 * DAY_MS, 1}, {"weeks", 7 * DAY_MS, 1}, {NULL, 0, 0}};
    if (!read_units(value, units, ms_out) || *ms_out > WEIR_FILE_AGE_UNBOUNDED) {
        return fail_value(option, value, "a time such as 500ms, 10s, 2h or 7d (a bare number is milliseconds)", err);
    }
    return WEIR_OK;
}

static weir_rc read_bytes(enum option option, const char *value, int64_t *out, struct weir_error *err)
{
    static const struct unit units[] = {{"", 1, 1}, {"b", 1, 1}, {"k", 1 << 10, 1}, {"kb", 1 << 10, 1}, {"m", 1 << 20, 1},
                                        {"mb", 1 << 20, 1}, {"g", 1 << 30, 1}, {"gb", 1 << 30, 1},
                                        {"t", INT64_C(1) << 40, 1}, {"tb", INT64_C(1) << 40, 1}, {NULL, 0, 0}};
    if (!read_units(value, units, out) || *out <= 0) {
        return fail_value(option, value, "a positive number of bytes, such as 1000000, 64m or 10g", err);
    }
    return WEIR_OK;
}

static weir_rc read_count(enum option option, const char *value, int64_t *out, struct weir_error *err)
{
    if (!weir_str_to_i64(weir_str_trim(weir_str(value)), out) || *out <= 0 || *out > INT32_MAX) {
        return fail_value(option, value, "a positive integer", err);
    }
    return WEIR_OK;
}

/* Options of which only the default is done. */
static weir_rc read_fixed(enum option option, const char *value, bool only, const char *advice, struct weir_error *err)
{
    bool given;
    WEIR_TRY(read_bool(option, value, &given, err));
    return given == only ? WEIR_OK : fail_unsupported(option, value, advice, err);
}

static weir_rc read_filter(enum option option, const char *value, struct weir_file_options *out, struct weir_error *err)
{
    const size_t len = strlen(value);
    if (len >= sizeof out->path_glob_filter) {
        return fail_value(option, value, "a pattern of at most 255 bytes", err);
    }
    memcpy(out->path_glob_filter, value, len + 1);
    return WEIR_OK;
}

static weir_rc read_evolution(const char *value, struct weir_file_options *out, struct weir_error *err)
{
    static const char *const names[] = {[WEIR_EVOLVE_NONE] = "none", [WEIR_EVOLVE_ADD] = "addNewColumns", [WEIR_EVOLVE_FAIL] = "failOnNewColumns"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i] && weir_str_eq_nocase(weir_str(value), weir_str(names[i]))) {
            out->evolution = (enum weir_evolution)i;
            return WEIR_OK;
        }
    }
    if (weir_str_eq_nocase(weir_str(value), WEIR_STR("rescue"))) {
        out->evolution = WEIR_EVOLVE_NONE; /* what no column has goes into the rescued column (weir_text_reader_new) */
        return WEIR_OK;
    }
    if (weir_str_eq_nocase(weir_str(value), WEIR_STR("addNewColumnsWithTypeWidening"))) {
        return fail_unsupported(EVOLUTION, value, "it is not there yet; write addNewColumns, rescue, failOnNewColumns or none", err);
    }
    return fail_value(EVOLUTION, value, "addNewColumns, rescue, failOnNewColumns or none", err);
}

static weir_rc read_one(enum option option, const char *value, struct weir_file_options *out, struct weir_error *err)
{
    int64_t ignored;
    double ratio;
    switch (option) {
    case MAX_FILES:
        return read_count(option, value, &out->max_files, err);
    case MAX_BYTES:
        return read_bytes(option, value, &out->max_bytes, err);
    case MAX_FILE_AGE:
        return read_age(option, value, &out->max_file_age_ms, err);
    case MIN_FILE_AGE:
        return read_age(option, value, &out->min_file_age_ms, err);
    case LATEST_FIRST:
        return read_bool(option, value, &out->latest_first, err);
    case RECURSIVE:
        return read_bool(option, value, &out->recursive, err);
    case FILE_NAME_ONLY:
        return read_bool(option, value, &out->file_name_only, err);
    case PATH_GLOB_FILTER:
    case FILE_NAME_PATTERN:
        return read_filter(option, value, out, err);
    case IGNORE_MISSING:
        return read_bool(option, value, &out->ignore_missing, err);
    case IGNORE_CORRUPT:
        return read_fixed(option, value, false, "leave it out: a damaged file stops the read with its name", err);
    case INCLUDE_EXISTING:
        return read_fixed(option, value, true, "leave it out, or read another folder", err);
    case ALLOW_OVERWRITES:
        return read_fixed(option, value, false, "leave it out and give changed files new names", err);
    case CLEAN_SOURCE:
        return weir_str_eq_nocase(weir_str(value), WEIR_STR("off"))
                   ? WEIR_OK
                   : fail_unsupported(option, value, "set cleanSource=off and clean the folder yourself", err);
    case MAX_CACHED_FILES:
        return weir_str_to_i64(weir_str(value), &ignored) && ignored >= 0 ? WEIR_OK : fail_value(option, value, "a number of files", err);
    case DISCARD_CACHED:
        return weir_str_to_f64(weir_str(value), &ratio) ? WEIR_OK : fail_value(option, value, "a number from 0 to 1", err);
    case BACKFILL_INTERVAL:
        return read_age(option, value, &ignored, err);
    case MODIFIED_BEFORE:
    case MODIFIED_AFTER:
        return WEIR_OK; /* read_time reads them: they need the zone */
    case EVOLUTION:
        return read_evolution(value, out, err);
    case ON_NEW_COLUMNS:
        out->stop_on_new = weir_str_eq_nocase(weir_str(value), WEIR_STR("stop"));
        return out->stop_on_new || weir_str_eq_nocase(weir_str(value), WEIR_STR("continue")) ? WEIR_OK : fail_value(option, value, "continue or stop", err);
    case BASE_PATH:
    case PARTITION_COLUMNS:
        return fail_unsupported(option, value, "leave it out: partition folders are found below the path", err);
    case ARCHIVE_DIR:
    case CLEAN_RETENTION:
    case CLEAN_DESTINATION:
    case OPTIONS:
        break;
    }
    return WEIR_OK; /* read only beside an option that was refused */
}

/* A time as CSV reads one, in the read's zone. */
static weir_rc read_time(enum option option, const weir_options *options, int64_t *us_out, struct weir_error *err)
{
    const char *value = weir_options_get(options, weir_file_option_help[option].name), *zone = weir_options_get(options, "timeZone");
    if (!value) {
        return WEIR_OK;
    }
    struct weir_field field = {.name = "t", .type = weir_type_of(WEIR_TYPE_TIMESTAMP), .nullable = true};
    const weir_schema one = {.id = WEIR_TYPE_STRUCT, .fields = &field, .field_count = 1};
    weir_options *only = weir_options_new();
    weir_format *format = NULL;
    if (zone) {
        weir_options_set(only, "timeZone", zone);
    }
    weir_rc rc = weir_format_new("csv", &one, only, NULL, &format, err);
    if (rc == WEIR_OK) {
        const struct weir_str text = weir_str_trim(weir_str(value));
        struct weir_text_parser *parser = weir_text_parser_new(&field.type, format);
        union weir_value time;
        rc = text.len > 0 && parser->parse(parser, text.ptr, text.len, &time) == WEIR_VALUE ? WEIR_OK : fail_value(option, value, "a time such as 2026-01-31T12:00:00", err);
        *us_out = rc == WEIR_OK ? time.i : *us_out;
        weir_text_parser_free(parser);
    }
    weir_format_free(format);
    weir_options_free(only);
    return rc;
}

weir_rc weir_file_options_in_stream(const struct weir_file_options *options, struct weir_error *err)
{
    const bool after = options->modified_after_us != INT64_MIN;
    if (!after && options->modified_before_us == INT64_MAX) {
        return WEIR_OK;
    }
    return weir_fail(err, WEIR_UNSUPPORTED, "FILE_OPTION_UNSUPPORTED", "the option %s is not allowed in file stream sources; leave it out, or filter by _metadata.file_modification_time",
                     weir_file_option_help[after ? MODIFIED_AFTER : MODIFIED_BEFORE].name);
}

weir_rc weir_file_options_parse(const weir_options *options, struct weir_file_options *out, struct weir_error *err)
{
    *out = (struct weir_file_options){.max_file_age_ms = 7 * DAY_MS, .min_file_age_ms = -1, .include_existing = true, .modified_after_us = INT64_MIN, .modified_before_us = INT64_MAX};
    size_t cursor = 0;
    const char *name;
    const char *value;
    while (options && weir_options_at(options, &cursor, &name, &value)) {
        const int option = find_option(name);
        if (option >= 0) {
            WEIR_TRY(read_one((enum option)option, value, out, err));
        }
    }
    if (options) {
        WEIR_TRY(read_time(MODIFIED_AFTER, options, &out->modified_after_us, err));
        WEIR_TRY(read_time(MODIFIED_BEFORE, options, &out->modified_before_us, err));
    }
    if (out->max_files > 0 && out->max_bytes > 0) {
        return weir_fail(err, WEIR_INVALID, "FILE_OPTION_INVALID",
                         "maxFilesPerTrigger and maxBytesPerTrigger exclude each other; '%lld' and '%lld'; set one of them",
                         (long long)out->max_files, (long long)out->max_bytes);
    }
    if (out->latest_first && (out->max_files > 0 || out->max_bytes > 0)) {
        out->max_file_age_ms = WEIR_FILE_AGE_UNBOUNDED; /* or the old files behind the limit would never be new */
    }
    return WEIR_OK;
}
