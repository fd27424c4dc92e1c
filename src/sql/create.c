/* create.c - CREATE TABLE, with and without AS SELECT, and DROP TABLE: two stores, one order. The log comes before the catalog's row, and the row goes before the folder;
 * a folder without a row is garbage, a row without a log would be a lie. */
#include "sql/sql_internal.h"

struct creation {
    weir_session *session;
    weir_engine *engine;
    const char *c, *s, *t;     /* NULL: by path */
    const char *full_name;
    const struct weir_table_spec *spec;
    enum weir_table_kind kind;
    const char *location;      /* NULL: managed, to be chosen */
    bool or_replace, replacing; /* OR REPLACE; and there is a table whose place is taken */
    const char *comment, *definition;
    weir_result *rows;         /* AS SELECT; NULL = none */
    int64_t rows_written;
};

/* --- commitInfo --- */

static void names_json(struct weir_buf *out, const char *const *names, size_t count)
{
    struct weir_jsonw w;
    weir_jsonw_init(&w, out);
    weir_jsonw_array(&w);
    for (size_t i = 0; i < count; i++) {
        weir_jsonw_string(&w, names[i]);
    }
    weir_jsonw_end_array(&w);
}

static void options_json(struct weir_buf *out, const weir_options *options)
{
    struct weir_jsonw w;
    const char *name = NULL, *value = NULL;
    weir_jsonw_init(&w, out);
    weir_jsonw_object(&w);
    for (size_t i = 0; options && weir_options_at(options, &i, &name, &value);) {
        weir_jsonw_kv(&w, name, value);
    }
    weir_jsonw_end_object(&w);
}

static void describe_commit(weir_txn *txn, const struct creation *c)
{
    struct weir_buf text;
    weir_buf_init(&text, 0);
    weir_txn_operation(txn, c->or_replace ? (c->rows ? "CREATE OR REPLACE TABLE AS SELECT" : "CREATE OR REPLACE TABLE") : c->rows ? "CREATE TABLE AS SELECT" : "CREATE TABLE");
    names_json(&text, c->spec->partition_columns, c->spec->partition_count);
    weir_txn_parameter(txn, "partitionBy", text.data);
    weir_txn_parameter(txn, "clusterBy", "[]");
    weir_buf_clear(&text);
    if (c->spec->description) {
        struct weir_jsonw w;
        weir_jsonw_init(&w, &text);
        weir_jsonw_string(&w, c->spec->description);
        weir_txn_parameter(txn, "description", text.data);
    } else {
        weir_txn_parameter(txn, "description", NULL);
    }
    weir_txn_parameter(txn, "isManaged", c->kind == WEIR_TABLE_EXTERNAL ? "false" : "true");
    weir_buf_clear(&text);
    options_json(&text, c->spec->properties);
    weir_txn_parameter(txn, "properties", text.data);
    weir_buf_free(&text);
}

/* --- the log --- */

static weir_rc write_rows(struct creation *c, weir_delta *table, weir_txn *txn, struct weir_error *err)
{
    const struct weir_delta_writer_options options = {.codec = WEIR_CODEC_SNAPPY};
    const struct weiri_sql_assign how = {.schema = c->spec->schema, .table = c->full_name};
    weir_delta_writer *writer = NULL;
    WEIR_TRY(weiri_sql_assign(c->rows, &how, err));
    WEIR_TRY(weir_delta_writer_new(table, c->spec->schema, c->spec->partition_columns, c->spec->partition_count, c->spec->properties, &options, &writer, err));
    weir_rc rc = weiri_sql_pump(c->rows, writer, &c->rows_written, err);
    if (rc != WEIR_OK) {
        weir_delta_writer_abort(writer);
        return rc;
    }
    return weir_delta_writer_finish(writer, txn, err);
}

static weir_rc write_log(struct creation *c, weir_delta *table, struct weir_error *err)
{
    int64_t version = 0;
    weir_snapshot *snapshot = NULL;
    WEIR_TRY(c->replacing ? weir_delta_snapshot(table, &snapshot, err) : WEIR_OK);
    weir_txn *txn = weir_txn_begin(table, snapshot);
    describe_commit(txn, c);
    weir_rc rc = c->replacing ? weir_snapshot_check_write(snapshot, err) : WEIR_OK;
    if (rc == WEIR_OK) {
        rc = c->replacing ? weir_txn_replace(txn, c->spec, err) : weir_txn_create(txn, c->spec, err);
    }
    if (rc == WEIR_OK && c->rows) {
        rc = write_rows(c, table, txn, err);
    }
    if (rc == WEIR_OK) {
        rc = weir_txn_commit(txn, &version, err);
    }
    weir_txn_free(txn);
    weir_snapshot_unref(snapshot);
    return rc;
}

/* OR REPLACE over a table that is there: its folder and name stay, all else is new. */
static weir_rc replace(struct creation *c, struct weir_object *object, struct weir_error *err)
{
    weir_delta *table = weir_engine_table(c->engine, object->location);
    if (object->format && strcmp(object->format, "delta") != 0) {
        return weir_fail(err, WEIR_UNSUPPORTED, "REPLACE_TEXT_TABLE", "%s is a %s table, which weir only reads; drop it, then create the Delta table", c->full_name, object->format);
    }
    if (object->table_kind != WEIR_TABLE_MANAGED && object->table_kind != WEIR_TABLE_EXTERNAL) {
        return weir_fail(err, WEIR_INVALID, "REPLACE_PIPELINE_TABLE", "%s belongs to a pipeline; change its query there, or drop it first", c->full_name);
    }
    if (c->location && strcmp(c->location, object->location) != 0) {
        return weir_fail(err, WEIR_INVALID, "REPLACE_LOCATION", "%s lies in %s and stays there; leave LOCATION out, or drop the table first", c->full_name, object->location);
    }
    c->kind = object->table_kind;
    c->replacing = true;
    WEIR_TRY(write_log(c, table, err));
    object->comment = c->comment ? c->comment : "";
    return weir_catalog_update(c->engine->catalog, object, err);
}

/* A table that is there already, and is only given a name: what was declared must be what it is. */
static weir_rc check_existing(const struct creation *c, weir_delta *table, struct weir_error *err)
{
    weir_snapshot *snapshot = NULL;
    WEIR_TRY(weir_delta_snapshot(table, &snapshot, err));
    const struct weir_metadata *meta = weir_snapshot_metadata(snapshot);
    weir_rc rc = WEIR_OK;
    if (c->rows) {
        rc = weir_fail(err, WEIR_EXISTS, "DELTA_TABLE_ALREADY_EXISTS", "there is a Delta table in %s already; choose another location, or INSERT into it", c->location);
    } else if (c->spec->schema && c->spec->schema->field_count > 0 && !weir_type_eq(c->spec->schema, meta->schema)) {
        struct weir_buf ddl;
        weir_buf_init(&ddl, 0);
        weir_schema_print_ddl(&ddl, meta->schema);
        rc = weir_fail(err, WEIR_INVALID, "DELTA_CREATE_TABLE_SCHEME_MISMATCH", "the table in %s has other columns than those declared: %.700s; leave the columns out", c->location, ddl.data);
        weir_buf_free(&ddl);
    }
    weir_snapshot_unref(snapshot);
    return rc;
}

static weir_rc name_is_free(const struct creation *c, weir_arena *arena, struct weir_error *err)
{
    struct weir_object object = {0};
    WEIR_TRY(weir_catalog_get(c->engine->catalog, arena, WEIR_OBJ_SCHEMA, c->c, c->s, c->s, &object, err));
    weir_object_free_options(&object);
    weir_rc rc = weir_catalog_get(c->engine->catalog, arena, WEIR_OBJ_TABLE, c->c, c->s, c->t, &object, NULL);
    weir_object_free_options(&object);
    if (rc == WEIR_OK) {
        return weir_fail(err, WEIR_EXISTS, "TABLE_OR_VIEW_ALREADY_EXISTS", "the table %s is there already; drop it first, choose another name, or write IF NOT EXISTS", c->full_name);
    }
    return WEIR_OK;
}

static weir_rc write_row(const struct creation *c, weir_arena *arena, const char *location, struct weir_error *err)
{
    struct weir_object object = {.kind = WEIR_OBJ_TABLE, .catalog = c->c, .schema = c->s, .name = c->t, .table_kind = c->kind, .format = "delta", .definition = c->definition,
                                 .comment = c->comment, .managed = c->location == NULL, .location = location};
    return weir_catalog_create(c->engine->catalog, arena, &object, err);
}

static weir_rc create(struct creation *c, struct weir_error *err)
{
    weir_arena *arena = weir_arena_new();
    char *managed = NULL;
    struct weir_object there = {0};
    if (c->or_replace && c->t && weir_catalog_get(c->engine->catalog, arena, WEIR_OBJ_TABLE, c->c, c->s, c->t, &there, NULL) == WEIR_OK) {
        const weir_rc replaced = replace(c, &there, err);
        weir_object_free_options(&there);
        weir_arena_free(arena);
        return replaced;
    }
    weir_rc rc = c->t ? name_is_free(c, arena, err) : WEIR_OK;
    if (rc == WEIR_OK && !c->location) {
        managed = weir_catalog_new_table_location(c->engine->catalog, c->c, c->s, c->t);
    }
    const char *location = managed ? managed : c->location;
    if (rc == WEIR_OK) {
        weir_delta *table = weir_engine_table(c->engine, location);
        c->replacing = c->or_replace && !managed && weir_delta_exists(table);
        rc = c->replacing ? write_log(c, table, err) : !managed && weir_delta_exists(table) ? check_existing(c, table, err) : !c->spec->schema ? weir_fail(err, WEIR_INVALID, "DELTA_TABLE_NOT_FOUND",
                             "there is no Delta table in %s, and no columns were declared; declare them, or name the folder of a table", location) : write_log(c, table, err);
    }
    if (rc == WEIR_OK && c->t) {
        rc = write_row(c, arena, location, err);
    }
    if (rc != WEIR_OK && rc != WEIR_UNKNOWN && managed) {
        const weir_rc ignored = weir_fs_remove_tree(c->engine->fs, managed, NULL); /* nobody knows of it */
        (void)ignored;
    }
    weir_free(managed);
    weir_arena_free(arena);
    return rc;
}

weir_rc weir_session_create_table(weir_session *session, const char *c, const char *s, const char *t, const struct weir_table_spec *spec, enum weir_table_kind kind, const char *location,
                                  const char *comment, const char *definition, struct weir_error *err)
{
    WEIR_TRY(weiri_sql_need_catalog(session, t, (struct weir_pos){0}, err));
    char *full = weir_asprintf("%s.%s.%s", c, s, t);
    struct creation creation = {.session = session, .engine = session->engine, .c = c, .s = s, .t = t, .full_name = full, .spec = spec, .kind = kind, .location = location,
                                .comment = comment, .definition = definition};
    weir_rc rc = create(&creation, err);
    weir_free(full);
    return rc;
}

static weir_rc remove_folders(weir_engine *engine, const struct weir_object *dropped, size_t count, struct weir_error *err)
{
    weir_rc rc = WEIR_OK;
    for (size_t i = 0; i < count; i++) {
        if (dropped[i].managed && dropped[i].location) {
            rc = weir_rc_keep(rc, weir_fs_remove_tree(engine->fs, dropped[i].location, rc == WEIR_OK ? err : NULL));
        }
    }
    return rc;
}

weir_rc weiri_sql_drop(weir_session *session, enum weir_object_kind kind, const char *c, const char *s, const char *name, bool cascade, struct weir_error *err)
{
    weir_arena *arena = weir_arena_new();
    struct weir_object *dropped = NULL;
    size_t count = 0;
    weir_rc rc = weir_catalog_drop(session->engine->catalog, arena, kind, c, s, name, cascade, &dropped, &count, err);
    if (rc == WEIR_OK) {
        rc = remove_folders(session->engine, dropped, count, err);
    }
    for (size_t i = 0; i < count; i++) {
        weir_object_free_options(&dropped[i]);
    }
    weir_arena_free(arena);
    return rc;
}

/* --- the statement --- */

static weir_rc refuse(const struct weir_stmt *stmt, const char *condition, const char *what, struct weir_error *err)
{
    return weir_fail_at(err, WEIR_UNSUPPORTED, condition, stmt->pos.line, stmt->pos.column, "%s", what);
}

static weir_rc check_clauses(const struct weir_stmt *stmt, struct weir_error *err)
{
    if (stmt->or_replace && (stmt->if_not_exists || (stmt->provider && strcmp(stmt->provider, "delta") != 0))) {
        return refuse(stmt, "OR_REPLACE_UNSUPPORTED", stmt->if_not_exists ? "OR REPLACE and IF NOT EXISTS exclude each other; write one of them" : "OR REPLACE is for Delta tables; DROP TABLE, then CREATE TABLE", err);
    }
    if (stmt->cluster_count > 0) {
        return refuse(stmt, "CLUSTER_BY_UNSUPPORTED", "CLUSTER BY is not done by weir yet; leave it out", err);
    }
    if (stmt->constraint_count > 0) {
        return refuse(stmt, "CONSTRAINT_UNSUPPORTED", "expectations belong to tables of a pipeline; leave CONSTRAINT out", err);
    }
    if (stmt->query && stmt->columns) {
        return refuse(stmt, "CTAS_COLUMNS_UNSUPPORTED", "Schema may not be specified in a Create Table As Select (CTAS) statement; leave the column list out, and cast and name the columns in the query", err);
    }
    return WEIR_OK;
}

static weir_options *options_of(const struct weir_opt *opts, size_t count)
{
    weir_options *options = weir_options_new();
    for (size_t i = 0; i < count; i++) {
        weir_options_set(options, opts[i].name, opts[i].value);
    }
    return options;
}

/* CREATE TABLE t (...) USING csv | json OPTIONS (...) LOCATION '...': the row is all there is. */
static weir_rc create_text(weir_session *session, weir_arena *arena, const struct weir_stmt *stmt, const char *c, const char *s, const char *t, struct weir_error *err)
{
    struct weir_buf ddl;
    const char *path = stmt->location, *local = NULL;
    const char *format = stmt->provider;
    if (strcmp(format, "csv") != 0 && strcmp(format, "json") != 0 && strcmp(format, "text") != 0) {
        return refuse(stmt, "DATA_SOURCE_UNSUPPORTED", weir_arena_printf(arena, "USING %s is not done by weir; delta, csv, json and text are", format), err);
    }
    for (size_t i = 0; !path && i < stmt->option_count; i++) {
        path = weir_str_eq_nocase(weir_str(stmt->options[i].name), WEIR_STR("path")) ? stmt->options[i].value : NULL;
    }
    if (stmt->query) {
        return refuse(stmt, "TEXT_TABLE_MANAGED", weir_arena_printf(arena, "weir writes no %s; CREATE TABLE t (a INT, ..) USING %s LOCATION '..' reads a folder, and tables that are written are Delta tables", format, format), err);
    }
    if (!path) {
        return refuse(stmt, "TEXT_TABLE_MANAGED", weir_arena_printf(arena, "a %s table needs a LOCATION: weir reads %s files and keeps none of its own", format, format), err);
    }
    WEIR_TRY(weiri_sql_path(session, arena, path, stmt->pos, &local, NULL, err));
    weir_options *options = options_of(stmt->options, stmt->option_count);
    weir_text_reader *reader = NULL;
    struct weir_text_source source = {.format = format, .root = local, .options = options, .schema = stmt->columns};
    weir_schema *found = NULL;
    weir_rc rc = stmt->columns ? WEIR_OK : weir_text_infer(session->engine->fs, &source, NULL, arena, &found, err);
    source.schema = stmt->columns ? stmt->columns : found;
    rc = rc == WEIR_OK ? weir_text_reader_new(session->engine->fs, &source, &reader, err) : rc;
    weir_text_reader_free(reader);
    weir_options *properties = options_of(stmt->properties, stmt->property_count);
    weir_buf_init(&ddl, 0);
    if (rc == WEIR_OK) {
        weir_schema_print_ddl(&ddl, source.schema);
        struct weir_object object = {.kind = WEIR_OBJ_TABLE, .catalog = c, .schema = s, .name = t, .table_kind = WEIR_TABLE_EXTERNAL, .format = format, .columns_ddl = ddl.data, .options = options,
                                     .properties = properties, .comment = stmt->comment, .location = local};
        rc = weir_catalog_create(session->engine->catalog, arena, &object, err);
    }
    weir_buf_free(&ddl);
    weir_options_free(options);
    weir_options_free(properties);
    return rc;
}

/* The columns that a CREATE TABLE AS SELECT makes. */
static weir_rc ctas_schema(weir_arena *arena, const struct weir_stmt *stmt, const weir_schema *rows, const weir_schema **out, struct weir_error *err)
{
    weir_schema *schema = weir_schema_copy(arena, rows);
    for (size_t i = 0; i < schema->field_count; i++) {
        const enum weir_type_id id = schema->fields[i].type.id;
        schema->fields[i].nullable = true;
        if (id == WEIR_TYPE_TIMESTAMP_NTZ) {
            return refuse(stmt, "CTAS_TIMESTAMP_NTZ_UNSUPPORTED", weir_arena_printf(arena, "the column `%s` would be a TIMESTAMP_NTZ, which weir does not make from a query yet; cast it to TIMESTAMP", schema->fields[i].name), err);
        }
        if (id >= WEIR_TYPE_VARIANT) {
            return refuse(stmt, "CTAS_COLUMN_TYPE", weir_arena_printf(arena, "the column `%s` has no type that a table can hold; cast it in the query", schema->fields[i].name), err);
        }
    }
    *out = schema;
    return WEIR_OK;
}

static weir_rc create_delta(struct creation *creation, weir_arena *arena, const struct weir_stmt *stmt, struct weir_error *err)
{
    struct weiri_sql_run *run = NULL;
    weir_options *properties = options_of(stmt->properties, stmt->property_count);
    struct weir_table_spec spec = {.schema = stmt->columns, .partition_columns = stmt->partition_columns, .partition_count = stmt->partition_count, .properties = properties,
                                   .description = stmt->comment};
    weir_rc rc = WEIR_OK;
    creation->spec = &spec;
    creation->comment = stmt->comment;
    if (stmt->query) {
        rc = creation->t && !creation->or_replace ? name_is_free(creation, arena, err) : WEIR_OK; /* before the query runs */
        if (rc == WEIR_OK) {
            rc = weiri_sql_run_open(creation->session, 0, &run, err);
        }
        if (rc == WEIR_OK) {
            rc = weiri_sql_query(run, stmt->query, &creation->rows, err);
        }
        if (rc == WEIR_OK) {
            rc = ctas_schema(arena, stmt, creation->rows->schema, &spec.schema, err);
        }
    } else if (!stmt->columns && !creation->location) {
        spec.schema = weir_schema_new(arena, 0);
    }
    if (rc == WEIR_OK) {
        rc = create(creation, err);
    }
    weir_result_close(creation->rows);
    weir_options_free(properties);
    return rc;
}

static weir_rc create_named(weir_session *session, weir_arena *arena, const struct weir_stmt *stmt, int64_t *rows, struct weir_error *err)
{
    struct creation creation = {.session = session, .engine = session->engine, .or_replace = stmt->or_replace};
    WEIR_TRY(weir_session_full_name(session, arena, &stmt->name, &creation.c, &creation.s, &creation.t, err));
    WEIR_TRY(weiri_sql_need_catalog(session, weiri_sql_name_text(arena, &stmt->name), stmt->name.pos, err));
    creation.full_name = weir_arena_printf(arena, "%s.%s.%s", creation.c, creation.s, creation.t);
    if (stmt->if_not_exists) {
        struct weir_object object = {0};
        weir_rc found = weir_catalog_get(session->engine->catalog, arena, WEIR_OBJ_TABLE, creation.c, creation.s, creation.t, &object, NULL);
        weir_object_free_options(&object);
        if (found == WEIR_OK) {
            return WEIR_OK;
        }
    }
    if (stmt->provider && strcmp(stmt->provider, "delta") != 0) {
        return create_text(session, arena, stmt, creation.c, creation.s, creation.t, err);
    }
    creation.kind = stmt->location ? WEIR_TABLE_EXTERNAL : WEIR_TABLE_MANAGED;
    if (stmt->location) {
        WEIR_TRY(weiri_sql_path(session, arena, stmt->location, stmt->pos, &creation.location, NULL, err));
    }
    weir_rc rc = create_delta(&creation, arena, stmt, err);
    *rows = creation.rows_written;
    return rc;
}

/* CREATE TABLE delta.`/path` (...): the log alone. */
static weir_rc create_by_path(weir_session *session, weir_arena *arena, const struct weir_stmt *stmt, struct weir_str format, int64_t *rows, struct weir_error *err)
{
    struct weir_target target;
    struct creation creation = {.session = session, .engine = session->engine, .kind = WEIR_TABLE_EXTERNAL, .or_replace = stmt->or_replace};
    if (!weir_str_eq(format, WEIR_STR("delta")) || (stmt->provider && strcmp(stmt->provider, "delta") != 0)) {
        return refuse(stmt, "DATA_SOURCE_UNSUPPORTED", "a table made by path is a Delta table: CREATE TABLE delta.`/path` (..)", err);
    }
    WEIR_TRY(weir_session_target(session, arena, &stmt->name, &target, err));
    creation.location = target.location;
    creation.full_name = target.full_name;
    if (!stmt->or_replace && weir_delta_exists(weir_engine_table(session->engine, target.location))) {
        return stmt->if_not_exists ? WEIR_OK : weir_fail_at(err, WEIR_EXISTS, "DELTA_TABLE_ALREADY_EXISTS", stmt->pos.line, stmt->pos.column, "there is a Delta table in %s already; choose another folder", target.location);
    }
    weir_rc rc = create_delta(&creation, arena, stmt, err);
    *rows = creation.rows_written;
    return rc;
}

weir_rc weiri_sql_create_table(weir_session *session, const struct weir_stmt *stmt, weir_result **out, struct weir_error *err)
{
    struct weir_str format, path;
    int64_t rows = 0;
    weir_arena *arena = weir_arena_new();
    weir_rc rc = check_clauses(stmt, err);
    if (rc == WEIR_OK) {
        rc = weiri_sql_by_path(session, &stmt->name, &format, &path) ? create_by_path(session, arena, stmt, format, &rows, err) : create_named(session, arena, stmt, &rows, err);
    }
    weir_arena_free(arena);
    if (rc == WEIR_OK) {
        *out = weiri_sql_result_none();
        (*out)->rows_written = stmt->query ? rows : -1;
    }
    return weiri_sql_at(rc, stmt->pos, err);
}
