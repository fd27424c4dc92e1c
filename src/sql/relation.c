/* relation.c - a snapshot of a Delta table as a relation: DuckDB's Parquet reader over exactly the snapshot's files.
 *
 * The schema comes from the log, by name: columns that a file lacks are NULL, types are the log's. Partition values stand in the log, not in the files: files are
 * grouped by them, each group with its values as constants; beyond PARTITION_GROUPS_MAX groups the values are joined by file name. */
#include "sql/sql_internal.h"
#include <stdio.h>

#define PARTITION_GROUPS_MAX 64
#define SQL_TEXT_MAX ((size_t)64 << 20)
#define FILE_COLUMN "weir file name" /* no column of a table: Delta's rules leave no such name in plain tables, and a clash is checked */

struct group {
    const struct weir_add *first; /* its partition values are the group's */
    char **paths;
    size_t count, cap;
};

struct build {
    struct weiri_sql_run *run;
    weir_snapshot *snapshot;
    const struct weir_metadata *meta;
    const weir_schema *schema; /* visible columns */
    int *partition;            /* per visible column: index of its partition value; -1 = in the files */
    struct weir_buf sql;
};

/* --- pieces of text --- */

/* Partition value text (an SQL expression) as its type. */
static void partition_cast(struct weir_buf *out, const struct weir_type *type, const char *expr)
{
    switch (type->id) {
    case WEIR_TYPE_STRING:
        weir_buf_add_str(out, expr);
        return;
    case WEIR_TYPE_BINARY:
        weir_buf_printf(out, "encode(%s)", expr);
        return;
    case WEIR_TYPE_TIMESTAMP: /* with a zone or without one, which then is UTC */
        weir_buf_printf(out, "CAST(CAST(%s AS TIMESTAMPTZ) AS TIMESTAMP)", expr);
        return;
    default:
        weir_buf_printf(out, "CAST(%s AS ", expr);
        weiri_sql_duck_type(out, type);
        weir_buf_add_char(out, ')');
    }
}

static void null_of(struct weir_buf *out, const struct weir_type *type)
{
    weir_buf_add_str(out, "CAST(NULL AS ");
    weiri_sql_duck_type(out, type);
    weir_buf_add_char(out, ')');
}

/* Delta writes NULL as null or as an empty text. */
static bool is_null_value(const char *value)
{
    return !value || !*value;
}

static void partition_constant(struct weir_buf *out, const struct weir_type *type, const char *value)
{
    struct weir_buf text;
    if (is_null_value(value)) {
        null_of(out, type);
        return;
    }
    weir_buf_init(&text, 0);
    weiri_sql_quote_text(&text, value);
    partition_cast(out, type, text.data);
    weir_buf_free(&text);
}

/* read_parquet(getvariable('v'), schema=MAP{...}, ...) over the columns that stand in the files. */
static void read_parquet(struct build *b, const char *variable, bool with_file)
{
    bool first = true;
    weir_buf_printf(&b->sql, "read_parquet(getvariable('%s'), hive_partitioning=false", variable);
    if (with_file) {
        weir_buf_printf(&b->sql, ", filename='%s'", FILE_COLUMN);
    }
    for (size_t i = 0; i < b->schema->field_count; i++) {
        if (b->partition[i] >= 0) {
            continue;
        }
        struct weir_buf type;
        weir_buf_init(&type, 0);
        weiri_sql_duck_type(&type, &b->schema->fields[i].type);
        weir_buf_add_str(&b->sql, first ? ", schema=MAP{" : ", ");
        first = false;
        weiri_sql_quote_text(&b->sql, b->schema->fields[i].name);
        weir_buf_add_str(&b->sql, ": {name: ");
        weiri_sql_quote_text(&b->sql, b->schema->fields[i].name);
        weir_buf_add_str(&b->sql, ", type: ");
        weiri_sql_quote_text(&b->sql, type.data);
        weir_buf_add_str(&b->sql, ", default_value: NULL}");
        weir_buf_free(&type);
    }
    weir_buf_add_str(&b->sql, first ? ")" : "})");
}

const char *weiri_sql_empty_relation(struct weiri_sql_run *run, const weir_schema *schema, const weir_schema *hidden)
{
    struct weir_buf sql;
    weir_buf_init(&sql, SQL_TEXT_MAX);
    weir_buf_add_str(&sql, "(SELECT ");
    for (size_t s = 0, n = 0; s < 2; s++) {
        const weir_schema *part = s == 0 ? schema : hidden;
        for (size_t i = 0; part && i < part->field_count; i++) {
            weir_buf_add_str(&sql, n++ ? ", " : "");
            null_of(&sql, &part->fields[i].type);
            weir_buf_add_str(&sql, " AS ");
            weiri_sql_quote_name(&sql, part->fields[i].name);
        }
    }
    weir_buf_add_str(&sql, " WHERE false)");
    const char *text = weir_arena_strdup(run->arena, sql.data);
    weir_buf_free(&sql);
    return text;
}

/* --- groups of files with the same partition values --- */

static bool same_values(const struct weir_add *a, const struct weir_add *b)
{
    if (a->partition_count != b->partition_count) {
        return false;
    }
    for (size_t i = 0; i < a->partition_count; i++) {
        const char *x = a->partition_values[i].value, *y = b->partition_values[i].value;
        if (is_null_value(x) != is_null_value(y) || (!is_null_value(x) && strcmp(x, y) != 0)) {
            return false;
        }
    }
    return true;
}

/* False: more groups than are worth a UNION. */
static bool group_files(struct build *b, const struct weir_add *const *files, size_t count, struct group *groups, size_t *group_count)
{
    *group_count = 0;
    for (size_t f = 0; f < count; f++) {
        size_t g = 0;
        while (g < *group_count && !same_values(groups[g].first, files[f])) {
            g++;
        }
        if (g == PARTITION_GROUPS_MAX) {
            return false;
        }
        if (g == *group_count) {
            groups[(*group_count)++].first = files[f];
        }
        WEIR_PUSH(groups[g].paths, groups[g].count, groups[g].cap) = weir_snapshot_file_path(b->snapshot, files[f]);
    }
    return true;
}

static void drop_group(struct group *group)
{
    for (size_t i = 0; i < group->count; i++) {
        weir_free(group->paths[i]);
    }
    weir_free(group->paths);
    *group = (struct group){0};
}

static weir_rc union_of_groups(struct build *b, struct group *groups, size_t group_count, struct weir_error *err)
{
    for (size_t g = 0; g < group_count; g++) {
        const char *variable = NULL;
        char **paths = groups[g].paths;
        groups[g].paths = NULL;
        weir_rc rc = weiri_sql_bind_files(b->run, paths, groups[g].count, &variable, err);
        groups[g].count = 0;
        if (rc != WEIR_OK) {
            return rc;
        }
        weir_buf_add_str(&b->sql, g ? " UNION ALL SELECT " : "(SELECT ");
        for (size_t i = 0; i < b->schema->field_count; i++) {
            weir_buf_add_str(&b->sql, i ? ", " : "");
            if (b->partition[i] >= 0) {
                partition_constant(&b->sql, &b->schema->fields[i].type, groups[g].first->partition_values[b->partition[i]].value);
                weir_buf_add_str(&b->sql, " AS ");
            }
            weiri_sql_quote_name(&b->sql, b->schema->fields[i].name);
        }
        weir_buf_add_str(&b->sql, " FROM ");
        read_parquet(b, variable, false);
    }
    weir_buf_add_char(&b->sql, ')');
    return WEIR_OK;
}

/* --- many groups: values by file name --- */

/* A batch (file, value 0, value 1, ...) of texts. */
static struct weiri_sql_scan *values_scan(struct build *b, const struct weir_add *const *files, size_t count, char *const *paths)
{
    const size_t columns = b->meta->partition_count + 1;
    weir_schema *schema = weir_schema_new(b->run->arena, columns);
    struct ArrowArray *arrays = weir_calloc(columns, sizeof *arrays);
    for (size_t c = 0; c < columns; c++) {
        schema->fields[c] = (struct weir_field){.name = weir_arena_printf(b->run->arena, "p%zu", c), .type = weir_type_of(WEIR_TYPE_STRING), .nullable = true};
        weir_builder *builder = weir_builder_new(&schema->fields[c].type);
        for (size_t f = 0; f < count; f++) {
            const char *value = c == 0 ? paths[f] : files[f]->partition_values[c - 1].value;
            if (is_null_value(value)) {
                weir_builder_null(builder);
            } else {
                weir_builder_bytes(builder, value, strlen(value));
            }
        }
        weir_builder_finish(builder, &arrays[c]);
        weir_builder_free(builder);
    }
    struct weir_batch batch;
    weir_batch_make(schema, arrays, (int64_t)count, &batch);
    weir_free(arrays);
    return weiri_sql_scan_batch(b->run, schema, &batch);
}

static weir_rc joined_by_file(struct build *b, const struct weir_add *const *files, size_t count, struct weir_error *err)
{
    char **paths = weir_calloc(count, sizeof *paths);
    const char *variable = NULL;
    for (size_t f = 0; f < count; f++) {
        paths[f] = weir_snapshot_file_path(b->snapshot, files[f]);
    }
    struct weiri_sql_scan *values = values_scan(b, files, count, paths);
    WEIR_TRY(weiri_sql_bind_files(b->run, paths, count, &variable, err));
    weir_buf_add_str(&b->sql, "(SELECT ");
    for (size_t i = 0; i < b->schema->field_count; i++) {
        weir_buf_add_str(&b->sql, i ? ", " : "");
        if (b->partition[i] >= 0) {
            char expr[32];
            snprintf(expr, sizeof expr, "p.\"p%d\"", b->partition[i] + 1);
            partition_cast(&b->sql, &b->schema->fields[i].type, expr);
            weir_buf_add_str(&b->sql, " AS ");
        } else {
            weir_buf_add_str(&b->sql, "f.");
        }
        weiri_sql_quote_name(&b->sql, b->schema->fields[i].name);
    }
    weir_buf_add_str(&b->sql, " FROM ");
    read_parquet(b, variable, true);
    weir_buf_printf(&b->sql, " AS f JOIN weir_scan(%llu) AS p ON f.\"%s\" = p.\"p0\")", (unsigned long long)values->id, FILE_COLUMN);
    return WEIR_OK;
}

/* --- the door --- */

static weir_rc check_files(const struct weir_add *const *files, size_t count, size_t partition_count, struct weir_error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (files[i]->dv) {
            return weir_fail(err, WEIR_UNSUPPORTED, "DELTA_READ_UNSUPPORTED", "the table uses `deletionVectors` (file %s), which weir cannot read yet; "
                             "run REORG TABLE .. APPLY (PURGE) with an engine that has them", files[i]->path);
        }
        if (files[i]->partition_count != partition_count) {
            return weir_fail(err, WEIR_CORRUPT, "DELTA_PARTITION_VALUES", "the file %s has %zu partition values, the table %zu partition columns; the log is damaged", files[i]->path,
                             files[i]->partition_count, partition_count);
        }
    }
    return WEIR_OK;
}

static weir_rc build_text(struct build *b, const struct weir_add *const *files, size_t count, struct weir_error *err)
{
    struct group *groups = weir_calloc(PARTITION_GROUPS_MAX, sizeof *groups);
    size_t group_count = 0;
    const bool few = group_files(b, files, count, groups, &group_count);
    weir_rc rc = few ? union_of_groups(b, groups, group_count, err) : WEIR_OK;
    for (size_t g = 0; g < PARTITION_GROUPS_MAX; g++) {
        drop_group(&groups[g]);
    }
    weir_free(groups);
    return few ? rc : joined_by_file(b, files, count, err);
}

weir_rc weiri_sql_snapshot_relation(struct weiri_sql_run *run, weir_snapshot *snapshot, const struct weir_add *const *files, size_t count, struct weir_relation *out,
                                    struct weir_error *err)
{
    struct build b = {.run = run, .snapshot = snapshot, .meta = weir_snapshot_metadata(snapshot)};
    b.schema = weiri_sql_visible_schema(run->arena, b.meta->schema);
    *out = (struct weir_relation){.schema = b.schema};
    if (b.schema->field_count == 0) {
        return weir_fail(err, WEIR_INVALID, "DELTA_READ_TABLE_WITHOUT_COLUMNS", "the table has no columns yet; add some, or write rows with them");
    }
    if (!files) {
        count = weir_snapshot_file_count(snapshot);
        const struct weir_add **all = weir_arena_alloc(run->arena, (count + 1) * sizeof *all);
        for (size_t i = 0; i < count; i++) {
            all[i] = weir_snapshot_file(snapshot, i);
        }
        files = all;
    }
    WEIR_TRY(check_files(files, count, b.meta->partition_count, err));
    if (count == 0) {
        out->duck_sql = weiri_sql_empty_relation(run, b.schema, NULL);
        return WEIR_OK;
    }
    b.partition = weir_arena_alloc(run->arena, b.schema->field_count * sizeof *b.partition);
    for (size_t i = 0; i < b.schema->field_count; i++) {
        b.partition[i] = -1;
        for (size_t p = 0; p < b.meta->partition_count; p++) {
            if (weir_str_eq_nocase(weir_str(b.meta->partition_columns[p]), weir_str(b.schema->fields[i].name))) {
                b.partition[i] = (int)p;
            }
        }
    }
    weir_buf_init(&b.sql, SQL_TEXT_MAX);
    weir_rc rc = build_text(&b, files, count, err);
    if (rc == WEIR_OK && b.sql.overflow) {
        rc = weir_fail(err, WEIR_TOO_BIG, "SQL_TEXT_TOO_LONG", "the table's schema and partitions are too large for one statement");
    }
    if (rc == WEIR_OK) {
        out->duck_sql = weir_arena_strndup(run->arena, b.sql.data, b.sql.len);
    }
    weir_buf_free(&b.sql);
    return rc;
}
