/* describe.c - DESCRIBE of tables, their detail and history, queries, and what the catalog holds, in Spark's columns. */
#include "sql/sql_internal.h"
#include "base/time.h"

static void two(struct weiri_sql_rows *rows, const char *name, const char *value)
{
    weiri_sql_rows_text(rows, 0, name);
    weiri_sql_rows_text(rows, 1, value ? value : "");
    weiri_sql_rows_next(rows);
}

/* --- DESCRIBE TABLE --- */

static void column_rows(struct weiri_sql_rows *rows, const weir_schema *schema)
{
    for (size_t i = 0; i < schema->field_count; i++) {
        struct weir_buf type;
        weir_buf_init(&type, 0);
        weir_type_print(&type, &schema->fields[i].type);
        weiri_sql_rows_text(rows, 0, schema->fields[i].name);
        weiri_sql_rows_text(rows, 1, type.data);
        weiri_sql_rows_text(rows, 2, schema->fields[i].comment);
        weiri_sql_rows_next(rows);
        weir_buf_free(&type);
    }
}

static void three(struct weiri_sql_rows *rows, const char *a, const char *b)
{
    weiri_sql_rows_text(rows, 2, "");
    two(rows, a, b);
}

static void partition_rows(struct weiri_sql_rows *rows, const struct weir_metadata *meta)
{
    if (meta->partition_count == 0) {
        return;
    }
    three(rows, "# Partition Information", "");
    weiri_sql_rows_text(rows, 2, "comment");
    two(rows, "# col_name", "data_type");
    for (size_t i = 0; i < meta->partition_count; i++) {
        const int at = weir_schema_find(meta->schema, weir_str(meta->partition_columns[i]));
        if (at >= 0) {
            const weir_schema one = {.id = WEIR_TYPE_STRUCT, .fields = &meta->schema->fields[at], .field_count = 1};
            column_rows(rows, &one);
        }
    }
}

static void extended_rows(struct weiri_sql_rows *rows, const struct weir_target *target, const struct weir_metadata *meta)
{
    static const char *const kinds[] = {"MANAGED", "EXTERNAL", "STREAMING_TABLE", "MATERIALIZED_VIEW"};
    char when[48];
    struct weir_buf properties;
    const char *name = NULL, *value = NULL;
    const weir_options *options = meta ? meta->configuration : target->object.properties;
    three(rows, "", "");
    three(rows, "# Detailed Table Information", "");
    if (!target->by_path) {
        three(rows, "Catalog", target->catalog);
        three(rows, "Database", target->schema);
        three(rows, "Table", target->name);
        weir_timestamp_ms_text(target->object.created_ms * 1000, "Z", when);
        three(rows, "Created Time", when);
        three(rows, "Owner", target->object.owner);
        three(rows, "Type", kinds[target->object.table_kind]);
        if (target->object.comment) {
            three(rows, "Comment", target->object.comment);
        }
    } else {
        three(rows, "Name", target->full_name);
    }
    three(rows, "Location", target->location);
    three(rows, "Provider", target->format);
    weir_buf_init(&properties, 0);
    weir_buf_add_char(&properties, '[');
    for (size_t i = 0; options && weir_options_at(options, &i, &name, &value);) {
        weir_buf_printf(&properties, "%s%s=%s", properties.len > 1 ? "," : "", name, value);
    }
    weir_buf_add_char(&properties, ']');
    three(rows, "Table Properties", properties.data);
    weir_buf_free(&properties);
}

static weir_rc describe_table(weir_session *session, weir_arena *arena, const struct weir_stmt *stmt, weir_result **out, struct weir_error *err)
{
    struct weir_target target;
    struct weiri_sql_rows rows;
    weir_snapshot *snapshot = NULL;
    weir_schema *declared = NULL;
    WEIR_TRY(weir_session_target(session, arena, &stmt->name, &target, err));
    const bool delta = strcmp(target.format, "delta") == 0;
    weir_rc rc = delta ? weir_delta_snapshot(weir_engine_table(session->engine, target.location), &snapshot, err)
                       : weir_schema_parse_ddl(arena, weir_str(target.object.columns_ddl ? target.object.columns_ddl : ""), &declared, err);
    if (rc == WEIR_OK) {
        const struct weir_metadata *meta = snapshot ? weir_snapshot_metadata(snapshot) : NULL;
        weiri_sql_rows_begin(&rows, "col_name STRING NOT NULL, data_type STRING NOT NULL, comment STRING");
        column_rows(&rows, meta ? meta->schema : declared);
        if (meta) {
            partition_rows(&rows, meta);
        }
        if (stmt->extended) {
            extended_rows(&rows, &target, meta);
        }
        *out = weiri_sql_rows_end(&rows);
    }
    weir_snapshot_unref(snapshot);
    weir_object_free_options(&target.object);
    return rc;
}

static weir_rc describe_query(weir_session *session, const struct weir_stmt *stmt, weir_result **out, struct weir_error *err)
{
    struct weiri_sql_run *run = NULL;
    weir_result *result = NULL;
    struct weiri_sql_rows rows;
    WEIR_TRY(weiri_sql_run_open(session, 0, &run, err));
    WEIR_TRY(weiri_sql_query(run, stmt->query, &result, err));
    weiri_sql_rows_begin(&rows, "col_name STRING NOT NULL, data_type STRING NOT NULL, comment STRING");
    column_rows(&rows, result->schema);
    weir_result_close(result);
    *out = weiri_sql_rows_end(&rows);
    return WEIR_OK;
}

/* --- DETAIL, HISTORY --- */

static void text_array(weir_builder *builder, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        weir_builder_bytes(weir_builder_child(builder, 0), texts[i], strlen(texts[i]));
    }
    weir_builder_end(builder);
}

static void options_map(weir_builder *builder, const weir_options *options)
{
    const char *name = NULL, *value = NULL;
    for (size_t i = 0; options && weir_options_at(options, &i, &name, &value);) {
        weir_builder_bytes(weir_builder_child(builder, 0), name, strlen(name));
        weir_builder_bytes(weir_builder_child(builder, 1), value, strlen(value));
    }
    weir_builder_end(builder);
}

/* A JSON object as MAP<STRING, STRING>; values that are no strings as their text. */
static void json_map(weir_builder *builder, const struct weir_json *object)
{
    if (!object || object->kind != WEIR_JSON_OBJECT) {
        weir_builder_null(builder);
        return;
    }
    for (const struct weir_json *child = object->child; child; child = child->next) {
        const struct weir_str value = child->kind == WEIR_JSON_STRING ? child->text : child->raw;
        weir_builder_bytes(weir_builder_child(builder, 0), child->key.ptr, child->key.len);
        if (child->kind == WEIR_JSON_NULL) {
            weir_builder_null(weir_builder_child(builder, 1));
        } else {
            weir_builder_bytes(weir_builder_child(builder, 1), value.ptr, value.len);
        }
    }
    weir_builder_end(builder);
}

static weir_rc delta_only(weir_session *session, weir_arena *arena, const struct weir_stmt *stmt, struct weir_target *target, struct weir_error *err)
{
    WEIR_TRY(weir_session_target(session, arena, &stmt->name, target, err));
    if (strcmp(target->format, "delta") != 0) {
        weir_object_free_options(&target->object);
        return weir_fail(err, WEIR_INVALID, "DELTA_TABLE_ONLY", "%s is not a Delta table; DESCRIBE TABLE works for it", target->full_name);
    }
    return WEIR_OK;
}

static void detail_row(struct weiri_sql_rows *rows, const struct weir_target *target, weir_snapshot *snapshot)
{
    const struct weir_metadata *meta = weir_snapshot_metadata(snapshot);
    const struct weir_protocol *protocol = weir_snapshot_protocol(snapshot);
    int64_t bytes = 0;
    for (size_t i = 0; i < weir_snapshot_file_count(snapshot); i++) {
        bytes += weir_snapshot_file(snapshot, i)->size;
    }
    weiri_sql_rows_text(rows, 0, "delta");
    weiri_sql_rows_text(rows, 1, meta->id);
    weiri_sql_rows_text(rows, 2, target->by_path ? meta->name : target->full_name);
    weiri_sql_rows_text(rows, 3, meta->description);
    weiri_sql_rows_text(rows, 4, target->location);
    weiri_sql_rows_i64(rows, 5, meta->created_time_ms * 1000);
    weiri_sql_rows_i64(rows, 6, weir_snapshot_timestamp_ms(snapshot) * 1000);
    text_array(rows->columns[7], meta->partition_columns, meta->partition_count);
    text_array(rows->columns[8], NULL, 0);
    weiri_sql_rows_i64(rows, 9, (int64_t)weir_snapshot_file_count(snapshot));
    weiri_sql_rows_i64(rows, 10, bytes);
    options_map(rows->columns[11], meta->configuration);
    weiri_sql_rows_i64(rows, 12, protocol->reader);
    weiri_sql_rows_i64(rows, 13, protocol->writer);
    text_array(rows->columns[14], protocol->writer_features, protocol->writer_feature_count);
    weiri_sql_rows_next(rows);
}

static weir_rc describe_detail(weir_session *session, weir_arena *arena, const struct weir_stmt *stmt, weir_result **out, struct weir_error *err)
{
    struct weir_target target;
    struct weiri_sql_rows rows;
    weir_snapshot *snapshot = NULL;
    WEIR_TRY(delta_only(session, arena, stmt, &target, err));
    weir_rc rc = weir_delta_snapshot(weir_engine_table(session->engine, target.location), &snapshot, err);
    if (rc == WEIR_OK) {
        weiri_sql_rows_begin(&rows, "format STRING, id STRING, name STRING, description STRING, location STRING, createdAt TIMESTAMP, lastModified TIMESTAMP, partitionColumns ARRAY<STRING>, "
                                    "clusteringColumns ARRAY<STRING>, numFiles BIGINT, sizeInBytes BIGINT, properties MAP<STRING, STRING>, minReaderVersion INT, minWriterVersion INT, "
                                    "tableFeatures ARRAY<STRING>");
        detail_row(&rows, &target, snapshot);
        *out = weiri_sql_rows_end(&rows);
    }
    weir_snapshot_unref(snapshot);
    weir_object_free_options(&target.object);
    return rc;
}

static void history_row(struct weiri_sql_rows *rows, const struct weir_commit_info *info)
{
    int64_t read_version = 0;
    bool blind = false;
    static const struct { size_t column; const char *key; } texts[] = {{2, "userId"}, {3, "userName"}, {8, "clusterId"}, {10, "isolationLevel"}, {13, "userMetadata"}, {14, "engineInfo"}};
    weiri_sql_rows_i64(rows, 0, info->version);
    weiri_sql_rows_i64(rows, 1, info->timestamp_ms * 1000);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        weiri_sql_rows_text(rows, texts[i].column, weir_json_string(weir_json_get(info->json, texts[i].key)));
    }
    weiri_sql_rows_text(rows, 4, info->operation);
    json_map(rows->columns[5], weir_json_get(info->json, "operationParameters"));
    if (weir_json_i64(weir_json_get(info->json, "readVersion"), &read_version)) {
        weiri_sql_rows_i64(rows, 9, read_version);
    }
    if (weir_json_bool(weir_json_get(info->json, "isBlindAppend"), &blind)) {
        weiri_sql_rows_i64(rows, 11, blind);
    }
    json_map(rows->columns[12], weir_json_get(info->json, "operationMetrics"));
    weiri_sql_rows_next(rows);
}

static weir_rc describe_history(weir_session *session, weir_arena *arena, const struct weir_stmt *stmt, weir_result **out, struct weir_error *err)
{
    struct weir_target target;
    struct weiri_sql_rows rows;
    struct weir_commit_info *infos = NULL;
    size_t count = 0;
    WEIR_TRY(delta_only(session, arena, stmt, &target, err));
    weir_rc rc = weir_delta_history(weir_engine_table(session->engine, target.location), 0, arena, &infos, &count, err);
    weir_object_free_options(&target.object);
    WEIR_TRY(rc);
    weiri_sql_rows_begin(&rows, "version BIGINT, timestamp TIMESTAMP, userId STRING, userName STRING, operation STRING, operationParameters MAP<STRING, STRING>, "
                                "job STRUCT<jobId: STRING, jobName: STRING, jobRunId: STRING, runId: STRING, jobOwnerId: STRING, triggerType: STRING>, notebook STRUCT<notebookId: STRING>, "
                                "clusterId STRING, readVersion BIGINT, isolationLevel STRING, isBlindAppend BOOLEAN, operationMetrics MAP<STRING, STRING>, userMetadata STRING, engineInfo STRING");
    for (size_t i = 0; i < count; i++) {
        history_row(&rows, &infos[i]);
    }
    *out = weiri_sql_rows_end(&rows);
    return WEIR_OK;
}

/* --- the catalog's objects --- */

static weir_rc find_object(weir_session *session, weir_arena *arena, const struct weir_stmt *stmt, struct weir_object *out, struct weir_error *err)
{
    const char *c = NULL, *s = NULL, *name = NULL;
    enum weir_object_kind kind = WEIR_OBJ_LOCATION;
    if (strcmp(stmt->what, "catalog") == 0) {
        kind = WEIR_OBJ_CATALOG;
        WEIR_TRY(weiri_sql_one_name(arena, &stmt->name, "catalog", &name, err));
    } else if (strcmp(stmt->what, "schema") == 0) {
        kind = WEIR_OBJ_SCHEMA;
        WEIR_TRY(weiri_sql_schema_name(session, arena, &stmt->name, &c, &name, err));
    } else if (strcmp(stmt->what, "volume") == 0) {
        kind = WEIR_OBJ_VOLUME;
        WEIR_TRY(weir_session_full_name(session, arena, &stmt->name, &c, &s, &name, err));
    } else {
        WEIR_TRY(weiri_sql_one_name(arena, &stmt->name, "external location", &name, err));
    }
    return weir_catalog_get(session->engine->catalog, arena, kind, c, s, name, out, err);
}

static weir_rc describe_object(weir_session *session, weir_arena *arena, const struct weir_stmt *stmt, weir_result **out, struct weir_error *err)
{
    struct weir_object object = {0};
    struct weiri_sql_rows rows;
    WEIR_TRY(weiri_sql_need_catalog(session, "DESCRIBE", stmt->pos, err));
    WEIR_TRY(find_object(session, arena, stmt, &object, err));
    if (object.kind == WEIR_OBJ_VOLUME || object.kind == WEIR_OBJ_LOCATION) {
        const bool volume = object.kind == WEIR_OBJ_VOLUME;
        weiri_sql_rows_begin(&rows, volume ? "name STRING, catalog STRING, database STRING, owner STRING, storageLocation STRING, volumeType STRING, comment STRING"
                                           : "name STRING, url STRING, owner STRING, comment STRING");
        const char *const values[] = {object.name, object.catalog, object.schema, object.owner, object.location, object.managed ? "MANAGED" : "EXTERNAL", object.comment};
        const char *const place[] = {object.name, object.location, object.owner, object.comment};
        for (size_t i = 0; i < (volume ? 7u : 4u); i++) {
            weiri_sql_rows_text(&rows, i, volume ? values[i] : place[i]);
        }
        weiri_sql_rows_next(&rows);
    } else {
        weiri_sql_rows_begin(&rows, "info_name STRING NOT NULL, info_value STRING NOT NULL");
        if (object.kind == WEIR_OBJ_SCHEMA) {
            two(&rows, "Catalog Name", object.catalog);
        }
        two(&rows, object.kind == WEIR_OBJ_SCHEMA ? "Namespace Name" : "Catalog Name", object.name);
        two(&rows, "Comment", object.comment);
        two(&rows, "Owner", object.owner);
    }
    weir_object_free_options(&object);
    *out = weiri_sql_rows_end(&rows);
    return WEIR_OK;
}

weir_rc weiri_sql_describe(weir_session *session, const struct weir_stmt *stmt, weir_result **out, struct weir_error *err)
{
    weir_arena *arena = weir_arena_new();
    weir_rc rc = WEIR_OK;
    if (strcmp(stmt->what, "table") == 0) {
        rc = describe_table(session, arena, stmt, out, err);
    } else if (strcmp(stmt->what, "query") == 0) {
        rc = describe_query(session, stmt, out, err);
    } else if (strcmp(stmt->what, "detail") == 0) {
        rc = describe_detail(session, arena, stmt, out, err);
    } else if (strcmp(stmt->what, "history") == 0) {
        rc = describe_history(session, arena, stmt, out, err);
    } else {
        rc = describe_object(session, arena, stmt, out, err);
    }
    weir_arena_free(arena);
    return weiri_sql_at(rc, stmt->pos, err);
}
