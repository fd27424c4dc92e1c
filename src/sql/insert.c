/* insert.c - INSERT: the rows of a query as one commit. What the commit holds, and whether other writers came between, is delta's business. */
#include "sql/sql_internal.h"

/* INSERT INTO t (a, b): names of one part. */
static weir_rc column_list(weir_arena *arena, const struct weir_stmt *stmt, const char *const **out, struct weir_error *err)
{
    const char **names = weir_arena_zalloc(arena, (stmt->insert_column_count + 1) * sizeof *names);
    for (size_t i = 0; i < stmt->insert_column_count; i++) {
        const struct weir_name *name = &stmt->insert_columns[i];
        if (name->count != 1) {
            return weir_fail_at(err, WEIR_UNSUPPORTED, "INSERT_NESTED_COLUMN", name->pos.line, name->pos.column, "INSERT into a field of a column is not done by weir; give the whole column");
        }
        names[i] = weir_arena_strndup(arena, name->parts[0].ptr, name->parts[0].len);
    }
    *out = names;
    return WEIR_OK;
}

static weir_rc delta_target(weir_session *session, struct weiri_sql_run *run, const struct weir_stmt *stmt, struct weir_target *target, struct weir_error *err)
{
    WEIR_TRY(weir_session_target(session, run->arena, &stmt->name, target, err));
    if (strcmp(target->format, "delta") != 0) {
        return weir_fail_at(err, WEIR_UNSUPPORTED, "INSERT_TEXT_TABLE", stmt->name.pos.line, stmt->name.pos.column, "%s is a %s table, which weir only reads; write files into its folder", target->full_name, target->format);
    }
    if (target->object.definition && target->object.table_kind == WEIR_TABLE_VIEW_MATERIALIZED) {
        return weir_fail_at(err, WEIR_INVALID, "INSERT_INTO_VIEW", stmt->name.pos.line, stmt->name.pos.column, "%s is a materialized view: only its pipeline writes it; change its query or its sources", target->full_name);
    }
    return WEIR_OK;
}

static weir_rc commit(weir_delta *table, weir_snapshot *snapshot, weir_delta_writer *writer, bool overwrite, bool reads, struct weir_error *err)
{
    int64_t version = 0;
    weir_txn *txn = weir_txn_begin(table, snapshot);
    weir_txn_operation(txn, "WRITE");
    weir_txn_parameter(txn, "mode", overwrite ? "\"Overwrite\"" : "\"Append\"");
    weir_txn_parameter(txn, "partitionBy", "[]");
    if (overwrite) {
        weir_txn_remove_all(txn);
    }
    if (reads) {
        weir_txn_reads(txn);
    }
    weir_rc rc = weir_delta_writer_finish(writer, txn, err);
    if (rc == WEIR_OK) {
        rc = weir_txn_commit(txn, &version, err);
    }
    weir_txn_free(txn);
    return rc;
}

static weir_rc write_rows(weir_result *result, const struct weir_target *target, weir_snapshot *snapshot, const struct weiri_sql_assign *how, bool overwrite, int64_t *rows, struct weir_error *err)
{
    const struct weir_metadata *meta = weir_snapshot_metadata(snapshot);
    const struct weir_delta_writer_options options = {.codec = WEIR_CODEC_SNAPPY};
    weir_delta *table = weir_engine_table(result->run->engine, target->location);
    weir_delta_writer *writer = NULL;
    WEIR_TRY(weiri_sql_assign(result, how, err));
    WEIR_TRY(weir_delta_writer_new(table, meta->schema, meta->partition_columns, meta->partition_count, meta->configuration, &options, &writer, err));
    weir_rc rc = weiri_sql_pump(result, writer, rows, err);
    if (rc != WEIR_OK) {
        weir_delta_writer_abort(writer);
        return rc;
    }
    return commit(table, snapshot, writer, overwrite, weiri_sql_reads(result->run, snapshot), err);
}

/* The run goes with the query's result. */
static weir_rc insert(weir_session *session, const struct weir_stmt *stmt, struct weiri_sql_run *run, struct weir_target *target, int64_t *rows, struct weir_error *err)
{
    weir_snapshot *snapshot = NULL;
    const char *const *columns = NULL;
    weir_result *result = NULL;
    weir_rc rc = delta_target(session, run, stmt, target, err);
    if (rc == WEIR_OK) {
        rc = column_list(run->arena, stmt, &columns, err);
    }
    if (rc == WEIR_OK) {
        rc = weiri_sql_at(weiri_sql_pin(run, target->location, -1, &snapshot, err), stmt->name.pos, err);
    }
    if (rc == WEIR_OK) {
        rc = weir_snapshot_check_write(snapshot, err);
    }
    if (rc != WEIR_OK) {
        weiri_sql_run_close(run);
        return rc;
    }
    const struct weiri_sql_assign how = {.schema = weir_snapshot_metadata(snapshot)->schema, .by_name = stmt->by_name, .columns = columns, .column_count = stmt->insert_column_count, .table = target->full_name};
    WEIR_TRY(weiri_sql_query(run, stmt->query, &result, err)); /* takes the run */
    rc = weiri_sql_at(write_rows(result, target, snapshot, &how, stmt->overwrite, rows, err), stmt->pos, err);
    weir_result_close(result);
    return rc;
}

weir_rc weiri_sql_insert(weir_session *session, const struct weir_stmt *stmt, weir_result **out, struct weir_error *err)
{
    struct weiri_sql_run *run = NULL;
    struct weir_target target = {0};
    int64_t rows = 0;
    WEIR_TRY(weiri_sql_run_open(session, 0, &run, err));
    weir_rc rc = insert(session, stmt, run, &target, &rows, err);
    weir_object_free_options(&target.object);
    if (rc == WEIR_OK) {
        *out = weiri_sql_result_none();
        (*out)->rows_written = rows;
    }
    return rc;
}
