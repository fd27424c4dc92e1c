/* show.c - SHOW: lists of the catalog, and what a table is made of, in Spark's columns. */
#include "sql/sql_internal.h"

static weir_rc list(weir_session *session, weir_arena *arena, enum weir_object_kind kind, const struct weir_stmt *stmt, struct weir_object **out, size_t *count, struct weir_error *err)
{
    const char *c = NULL, *s = NULL;
    if (kind == WEIR_OBJ_SCHEMA) {
        c = stmt->name.count ? NULL : weir_arena_strdup(arena, session->catalog);
        if (stmt->name.count) {
            WEIR_TRY(weiri_sql_one_name(arena, &stmt->name, "catalog", &c, err));
        }
    } else if (kind == WEIR_OBJ_TABLE || kind == WEIR_OBJ_VOLUME) {
        c = session->catalog;
        s = session->schema;
        if (stmt->name.count) {
            WEIR_TRY(weiri_sql_schema_name(session, arena, &stmt->name, &c, &s, err));
        }
        struct weir_object schema = {0};
        WEIR_TRY(weir_catalog_get(session->engine->catalog, arena, WEIR_OBJ_SCHEMA, c, s, s, &schema, err));
        weir_object_free_options(&schema);
    }
    return weir_catalog_list(session->engine->catalog, arena, kind, c, s, stmt->like, out, count, err);
}

enum show { SHOW_TABLES, SHOW_SCHEMAS, SHOW_CATALOGS, SHOW_VOLUMES, SHOW_VIEWS, SHOW_LOCATIONS };
static const struct { const char *what; enum weir_object_kind kind; const char *ddl; } lists[] = {
    [SHOW_TABLES] = {"tables", WEIR_OBJ_TABLE, "namespace STRING NOT NULL, tableName STRING NOT NULL, isTemporary BOOLEAN NOT NULL"},
    [SHOW_SCHEMAS] = {"schemas", WEIR_OBJ_SCHEMA, "namespace STRING NOT NULL"},
    [SHOW_CATALOGS] = {"catalogs", WEIR_OBJ_CATALOG, "catalog STRING NOT NULL"},
    [SHOW_VOLUMES] = {"volumes", WEIR_OBJ_VOLUME, "database STRING NOT NULL, volume_name STRING NOT NULL"},
    [SHOW_VIEWS] = {"views", WEIR_OBJ_TABLE, "namespace STRING NOT NULL, viewName STRING NOT NULL, isTemporary BOOLEAN NOT NULL, isMaterialized BOOLEAN NOT NULL"},
    [SHOW_LOCATIONS] = {"external locations", WEIR_OBJ_LOCATION, "name STRING NOT NULL, url STRING NOT NULL, comment STRING"},
};

static void list_row(struct weiri_sql_rows *rows, enum show which, const struct weir_object *object)
{
    switch (which) {
    case SHOW_TABLES:
    case SHOW_VIEWS:
        weiri_sql_rows_text(rows, 0, object->schema);
        weiri_sql_rows_text(rows, 1, object->name);
        weiri_sql_rows_i64(rows, 2, 0);
        if (which == SHOW_VIEWS) {
            weiri_sql_rows_i64(rows, 3, 1);
        }
        break;
    case SHOW_VOLUMES:
        weiri_sql_rows_text(rows, 0, object->schema);
        weiri_sql_rows_text(rows, 1, object->name);
        break;
    case SHOW_LOCATIONS:
        weiri_sql_rows_text(rows, 0, object->name);
        weiri_sql_rows_text(rows, 1, object->location);
        weiri_sql_rows_text(rows, 2, object->comment);
        break;
    case SHOW_SCHEMAS:
    case SHOW_CATALOGS:
        weiri_sql_rows_text(rows, 0, object->name);
        break;
    }
    weiri_sql_rows_next(rows);
}

static weir_rc show_list(weir_session *session, weir_arena *arena, enum show which, const struct weir_stmt *stmt, weir_result **out, struct weir_error *err)
{
    struct weir_object *objects = NULL;
    size_t count = 0;
    struct weiri_sql_rows rows;
    WEIR_TRY(weiri_sql_need_catalog(session, "SHOW", stmt->pos, err));
    WEIR_TRY(list(session, arena, lists[which].kind, stmt, &objects, &count, err));
    weiri_sql_rows_begin(&rows, lists[which].ddl);
    for (size_t i = 0; i < count; i++) {
        if (which != SHOW_VIEWS || objects[i].table_kind == WEIR_TABLE_VIEW_MATERIALIZED) {
            list_row(&rows, which, &objects[i]);
        }
        weir_object_free_options(&objects[i]);
    }
    *out = weiri_sql_rows_end(&rows);
    return WEIR_OK;
}

/* --- one table --- */

struct shown {
    struct weir_target target;
    weir_snapshot *snapshot;     /* NULL: text */
    const weir_schema *schema;
    const weir_options *properties; /* may be NULL */
};

static weir_rc load(weir_session *session, weir_arena *arena, const struct weir_stmt *stmt, struct shown *out, struct weir_error *err)
{
    weir_schema *schema = NULL;
    *out = (struct shown){0};
    WEIR_TRY(weir_session_target(session, arena, &stmt->name, &out->target, err));
    if (strcmp(out->target.format, "delta") == 0) {
        WEIR_TRY(weir_delta_snapshot(weir_engine_table(session->engine, out->target.location), &out->snapshot, err));
        out->schema = weir_snapshot_metadata(out->snapshot)->schema;
        out->properties = weir_snapshot_metadata(out->snapshot)->configuration;
        return WEIR_OK;
    }
    WEIR_TRY(weir_schema_parse_ddl(arena, weir_str(out->target.object.columns_ddl ? out->target.object.columns_ddl : ""), &schema, err));
    out->schema = schema;
    out->properties = out->target.object.properties;
    return WEIR_OK;
}

static void option_list(struct weir_buf *out, const char *word, const weir_options *options)
{
    const char *name = NULL, *value = NULL;
    bool first = true;
    for (size_t i = 0; options && weir_options_at(options, &i, &name, &value);) {
        weir_buf_printf(out, "%s", first ? word : "");
        weir_buf_add_str(out, first ? " (\n  " : ",\n  ");
        weiri_sql_quote_text(out, name);
        weir_buf_add_str(out, " = ");
        weiri_sql_quote_text(out, value);
        first = false;
    }
    weir_buf_add_str(out, first ? "" : ")\n");
}

static void create_text(struct weir_buf *out, const struct shown *shown)
{
    const struct weir_target *t = &shown->target;
    weir_buf_printf(out, "CREATE TABLE %s (\n", t->full_name);
    for (size_t i = 0; i < shown->schema->field_count; i++) {
        const weir_schema one = {.id = WEIR_TYPE_STRUCT, .fields = &shown->schema->fields[i], .field_count = 1};
        weir_buf_add_str(out, "  ");
        weir_schema_print_ddl(out, &one);
        weir_buf_add_str(out, i + 1 < shown->schema->field_count ? ",\n" : ")\n");
    }
    weir_buf_printf(out, "USING %s\n", t->format);
    option_list(out, "OPTIONS", t->object.options);
    const struct weir_metadata *meta = shown->snapshot ? weir_snapshot_metadata(shown->snapshot) : NULL;
    for (size_t i = 0; meta && i < meta->partition_count; i++) {
        weir_buf_printf(out, "%s%s%s", i ? ", " : "PARTITIONED BY (", meta->partition_columns[i], i + 1 == meta->partition_count ? ")\n" : "");
    }
    if (t->object.comment) {
        weir_buf_add_str(out, "COMMENT ");
        weiri_sql_quote_text(out, t->object.comment);
        weir_buf_add_char(out, '\n');
    }
    if (!t->by_path && !t->object.managed) {
        weir_buf_add_str(out, "LOCATION ");
        weiri_sql_quote_text(out, t->location);
        weir_buf_add_char(out, '\n');
    }
    option_list(out, "TBLPROPERTIES", shown->properties);
}

static void table_rows(struct weiri_sql_rows *rows, const struct weir_stmt *stmt, const struct shown *shown)
{
    if (strcmp(stmt->what, "columns") == 0) {
        weiri_sql_rows_begin(rows, "col_name STRING NOT NULL");
        for (size_t i = 0; i < shown->schema->field_count; i++) {
            weiri_sql_rows_text(rows, 0, shown->schema->fields[i].name);
            weiri_sql_rows_next(rows);
        }
    } else if (strcmp(stmt->what, "tblproperties") == 0) {
        const char *name = NULL, *value = NULL;
        weiri_sql_rows_begin(rows, "key STRING NOT NULL, value STRING NOT NULL");
        for (size_t i = 0; shown->properties && weir_options_at(shown->properties, &i, &name, &value);) {
            weiri_sql_rows_text(rows, 0, name);
            weiri_sql_rows_text(rows, 1, value);
            weiri_sql_rows_next(rows);
        }
    } else {
        struct weir_buf text;
        weir_buf_init(&text, 0);
        create_text(&text, shown);
        weiri_sql_rows_begin(rows, "createtab_stmt STRING NOT NULL");
        weiri_sql_rows_text(rows, 0, text.data);
        weiri_sql_rows_next(rows);
        weir_buf_free(&text);
    }
}

static weir_rc show_table(weir_session *session, weir_arena *arena, const struct weir_stmt *stmt, weir_result **out, struct weir_error *err)
{
    struct shown shown;
    struct weiri_sql_rows rows;
    weir_rc rc = load(session, arena, stmt, &shown, err);
    if (rc == WEIR_OK) {
        table_rows(&rows, stmt, &shown);
        *out = weiri_sql_rows_end(&rows);
    }
    weir_snapshot_unref(shown.snapshot);
    weir_object_free_options(&shown.target.object);
    return rc;
}

weir_rc weiri_sql_show(weir_session *session, const struct weir_stmt *stmt, weir_result **out, struct weir_error *err)
{
    weir_arena *arena = weir_arena_new();
    weir_rc rc = WEIR_END;
    for (size_t i = 0; rc == WEIR_END && i < sizeof lists / sizeof *lists; i++) {
        if (strcmp(stmt->what, lists[i].what) == 0) {
            rc = show_list(session, arena, (enum show)i, stmt, out, err);
        }
    }
    if (rc == WEIR_END && strcmp(stmt->what, "partitions") == 0) {
        rc = weir_fail(err, WEIR_UNSUPPORTED, "STATEMENT_UNSUPPORTED", "SHOW PARTITIONS is not done by weir; SELECT DISTINCT of the partition columns gives them");
    }
    if (rc == WEIR_END) {
        rc = show_table(session, arena, stmt, out, err);
    }
    weir_arena_free(arena);
    return weiri_sql_at(rc, stmt->pos, err);
}
