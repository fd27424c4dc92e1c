/* properties.c - table properties and schemas of new tables: what they mean and which weir can keep (delta-format.md A.6). */
#include "delta/delta_internal.h"

bool weiri_property_bool(const weir_options *configuration, const char *name, bool otherwise)
{
    const char *value = configuration ? weir_options_get(configuration, name) : NULL;
    return value ? weir_str_eq_nocase(weir_str_trim(weir_str(value)), WEIR_STR("true")) : otherwise;
}

int64_t weiri_property_i64(const weir_options *configuration, const char *name, int64_t otherwise)
{
    const char *value = configuration ? weir_options_get(configuration, name) : NULL;
    int64_t number = 0;
    return value && weir_str_to_i64(weir_str_trim(weir_str(value)), &number) ? number : otherwise;
}

/* "interval 30 days", "30 days", "interval 1 week 2 hours": in milliseconds. No months or years. */
static bool interval_ms(struct weir_str text, int64_t *out)
{
    static const struct { const char *name; int64_t ms; } units[] = {{"week", 604800000}, {"day", 86400000}, {"hour", 3600000}, {"minute", 60000},
                                                                     {"second", 1000}, {"millisecond", 1}};
    int64_t total = 0;
    bool any = false;
    text = weir_str_trim(text);
    if (text.len > 8 && weir_str_eq_nocase((struct weir_str){text.ptr, 8}, WEIR_STR("interval"))) {
        text = weir_str_trim((struct weir_str){text.ptr + 8, text.len - 8});
    }
    while (text.len) {
        size_t n = 0;
        while (n < text.len && text.ptr[n] != ' ') {
            n++;
        }
        int64_t number = 0;
        if (!weir_str_to_i64((struct weir_str){text.ptr, n}, &number) || number < 0 || number > 1000000) {
            return false;
        }
        text = weir_str_trim((struct weir_str){text.ptr + n, text.len - n});
        n = 0;
        while (n < text.len && text.ptr[n] != ' ') {
            n++;
        }
        struct weir_str unit = {text.ptr, n};
        if (unit.len > 1 && (unit.ptr[unit.len - 1] == 's' || unit.ptr[unit.len - 1] == 'S')) {
            unit.len--;
        }
        bool known = false;
        for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
            if (weir_str_eq_nocase(unit, weir_str(units[i].name))) {
                total += number * units[i].ms;
                known = true;
            }
        }
        if (!known) {
            return false;
        }
        any = true;
        text = weir_str_trim((struct weir_str){text.ptr + n, text.len - n});
    }
    *out = total;
    return any;
}

int64_t weiri_property_interval_ms(const weir_options *configuration, const char *name, int64_t otherwise_ms)
{
    const char *value = configuration ? weir_options_get(configuration, name) : NULL;
    int64_t ms = 0;
    return value && interval_ms(weir_str(value), &ms) ? ms : otherwise_ms;
}

/* --- TBLPROPERTIES of a new table --- */

enum value_kind { ANY_BOOL, TRUE_ONLY, FALSE_ONLY, NUMBER, INTERVAL, CODEC, TEXT };
static const struct { const char *name; enum value_kind kind; } kept[] = {
    {"delta.appendOnly", ANY_BOOL},
    {"delta.autoOptimize.autoCompact", FALSE_ONLY},
    {"delta.autoOptimize.optimizeWrite", FALSE_ONLY},
    {"delta.checkpoint.writeStatsAsJson", TRUE_ONLY},
    {"delta.checkpoint.writeStatsAsStruct", FALSE_ONLY},
    {"delta.checkpointInterval", NUMBER},
    {"delta.checkpointRetentionDuration", INTERVAL},
    {"delta.dataSkippingNumIndexedCols", NUMBER},
    {"delta.dataSkippingStatsColumns", TEXT},
    {"delta.deletedFileRetentionDuration", INTERVAL},
    {"delta.enableChangeDataFeed", FALSE_ONLY},
    {"delta.enableDeletionVectors", FALSE_ONLY},
    {"delta.enableExpiredLogCleanup", ANY_BOOL},
    {"delta.enableInCommitTimestamps", FALSE_ONLY},
    {"delta.enableRowTracking", FALSE_ONLY},
    {"delta.enableTypeWidening", FALSE_ONLY},
    {"delta.logRetentionDuration", INTERVAL},
    {"delta.parquet.compression.codec", CODEC},
    {"delta.randomizeFilePrefixes", FALSE_ONLY},
    {"delta.setTransactionRetentionDuration", INTERVAL},
    {"delta.targetFileSize", TEXT},
};

const char *weiri_property_name(const char *name)
{
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        if (weir_str_eq_nocase(weir_str(name), weir_str(kept[i].name))) {
            return kept[i].name;
        }
    }
    bool version = weir_str_eq_nocase(weir_str(name), WEIR_STR("delta.minReaderVersion")) || weir_str_eq_nocase(weir_str(name), WEIR_STR("delta.minWriterVersion"));
    return version ? NULL : name;
}

static bool fits(enum value_kind kind, struct weir_str value)
{
    int64_t number = 0;
    bool is_false = weir_str_eq_nocase(value, WEIR_STR("false"));
    switch (kind) {
    case ANY_BOOL:
        return is_false || weir_str_eq_nocase(value, WEIR_STR("true"));
    case TRUE_ONLY:
        return weir_str_eq_nocase(value, WEIR_STR("true"));
    case FALSE_ONLY:
        return is_false;
    case NUMBER:
        return weir_str_to_i64(value, &number) && number >= -1;
    case INTERVAL:
        return interval_ms(value, &number);
    case CODEC:
        return weir_str_eq_nocase(value, WEIR_STR("snappy")) || weir_str_eq_nocase(value, WEIR_STR("zstd")) ||
               weir_str_eq_nocase(value, WEIR_STR("gzip")) || weir_str_eq_nocase(value, WEIR_STR("uncompressed")) || weir_str_eq_nocase(value, WEIR_STR("none"));
    case TEXT:
        return value.len > 0;
    }
    return false;
}

static weir_rc refuse_property(const char *name, const char *value, const char *why, struct weir_error *err)
{
    return weir_fail(err, WEIR_UNSUPPORTED, "DELTA_PROPERTY_UNSUPPORTED", "TBLPROPERTIES: `%s` = '%s' %s; leave it out or create the table with another engine",
                     name, value, why);
}

static weir_rc check_one(const char *name, const char *value, struct weir_error *err)
{
    struct weir_str n = weir_str(name);
    if (n.len < 6 || !weir_str_eq_nocase((struct weir_str){name, 6}, WEIR_STR("delta."))) {
        return WEIR_OK; /* the user's own */
    }
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        if (weir_str_eq_nocase(n, weir_str(kept[i].name))) {
            return fits(kept[i].kind, weir_str_trim(weir_str(value))) ? WEIR_OK : refuse_property(name, value, "is a value that weir does not keep", err);
        }
    }
    bool same = weir_str_eq_nocase(n, WEIR_STR("delta.columnMapping.mode")) && weir_str_eq_nocase(weir_str(value), WEIR_STR("none"));
    same = same || (weir_str_eq_nocase(n, WEIR_STR("delta.isolationLevel")) && weir_str_eq_nocase(weir_str(value), WEIR_STR("Serializable")));
    same = same || (weir_str_eq_nocase(n, WEIR_STR("delta.checkpointPolicy")) && weir_str_eq_nocase(weir_str(value), WEIR_STR("classic")));
    same = same || (weir_str_eq_nocase(n, WEIR_STR("delta.minReaderVersion")) && strcmp(value, "1") == 0);
    same = same || (weir_str_eq_nocase(n, WEIR_STR("delta.minWriterVersion")) && (strcmp(value, "1") == 0 || strcmp(value, "2") == 0));
    return same ? WEIR_OK : refuse_property(name, value, "asks for something that weir does not do", err);
}

weir_rc weiri_check_properties(const weir_options *properties, struct weir_error *err)
{
    const char *name = NULL;
    const char *value = NULL;
    for (size_t i = 0; properties && weir_options_at(properties, &i, &name, &value);) {
        WEIR_TRY(check_one(name, value ? value : "", err));
    }
    return WEIR_OK;
}

/* --- schemas --- */

static weir_rc check_name(const char *name, struct weir_error *err)
{
    if (!name[0] || strpbrk(name, " ,;{}()\n\t=")) {
        return weir_fail(err, WEIR_INVALID, "DELTA_INVALID_COLUMN_NAME",
                         "column name `%s` is empty or has one of the characters ' ,;{}()\\n\\t='; without column mapping a Delta table can not have it; rename the column", name);
    }
    return WEIR_OK;
}

static weir_rc check_twins(const struct weir_type *type, struct weir_error *err)
{
    weir_map *names = weir_map_new_nocase();
    weir_rc rc = WEIR_OK;
    for (size_t i = 0; i < type->field_count && rc == WEIR_OK; i++) {
        const char *name = type->fields[i].name;
        WEIR_ASSERT(name);
        if (weir_map_has(names, weir_str(name))) {
            rc = weir_fail(err, WEIR_INVALID, "DELTA_DUPLICATE_COLUMN", "two columns are called `%s` (letter case does not count); rename one", name);
        }
        (void)weir_map_put(names, weir_str(name), NULL);
    }
    weir_map_free(names, NULL);
    return rc;
}

static weir_rc check_type(const struct weir_type *type, const char *name, struct weir_error *err)
{
    if (type->id == WEIR_TYPE_VARIANT || type->id == WEIR_TYPE_VOID || type->id == WEIR_TYPE_INTERVAL_YM || type->id == WEIR_TYPE_INTERVAL_DT) {
        struct weir_buf text;
        weir_buf_init(&text, 0);
        weir_type_print(&text, type);
        weir_rc rc = weir_fail(err, WEIR_UNSUPPORTED, "DELTA_TYPE_UNSUPPORTED", "column `%s` has type %s, which weir does not write; cast it to another type", name, text.data);
        weir_buf_free(&text);
        return rc;
    }
    if (type->id == WEIR_TYPE_STRUCT) {
        WEIR_TRY(check_twins(type, err));
    }
    for (size_t i = 0; i < type->field_count; i++) {
        if (type->id == WEIR_TYPE_STRUCT) {
            WEIR_TRY(check_name(type->fields[i].name, err));
        }
        WEIR_TRY(check_type(&type->fields[i].type, type->id == WEIR_TYPE_STRUCT ? type->fields[i].name : name, err));
    }
    return WEIR_OK;
}

weir_rc weiri_check_schema(const weir_schema *schema, const char *const *partition_columns, size_t partition_count, struct weir_error *err)
{
    WEIR_ASSERT(schema->id == WEIR_TYPE_STRUCT);
    if (schema->field_count == 0) {
        return weir_fail(err, WEIR_INVALID, "DELTA_EMPTY_SCHEMA", "the table has no columns; give it at least one");
    }
    WEIR_TRY(check_type(schema, "", err));
    for (size_t i = 0; i < partition_count; i++) {
        int at = weir_schema_find(schema, weir_str(partition_columns[i]));
        if (at < 0) {
            return weir_fail(err, WEIR_INVALID, "DELTA_PARTITION_COLUMN_NOT_FOUND", "partition column `%s` is not a column of the table; check the name", partition_columns[i]);
        }
        const struct weir_type *type = &schema->fields[at].type;
        if (!weir_type_is_primitive(type) || type->id == WEIR_TYPE_BINARY) {
            return weir_fail(err, WEIR_UNSUPPORTED, "DELTA_PARTITION_TYPE", "partition column `%s` has a type that weir does not partition by; choose another column", partition_columns[i]);
        }
        for (size_t k = 0; k < i; k++) {
            if (weir_str_eq_nocase(weir_str(partition_columns[i]), weir_str(partition_columns[k]))) {
                return weir_fail(err, WEIR_INVALID, "DELTA_DUPLICATE_COLUMN", "partition column `%s` is named twice", partition_columns[i]);
            }
        }
    }
    if (partition_count && partition_count >= schema->field_count) {
        return weir_fail(err, WEIR_INVALID, "DELTA_ONLY_PARTITION_COLUMNS", "all columns are partition columns; leave at least one to be stored");
    }
    return WEIR_OK;
}
