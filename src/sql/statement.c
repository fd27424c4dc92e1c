/* statement.c - one statement, and scripts of them. */
#include "sql/sql_internal.h"

static weir_rc query(weir_session *session, const struct weir_stmt *stmt, weir_result **out, struct weir_error *err)
{
    struct weiri_sql_run *run = NULL;
    WEIR_TRY(weiri_sql_run_open(session, 0, &run, err));
    return weiri_sql_query(run, stmt->query, out, err);
}

static weir_rc explain(weir_session *session, const struct weir_stmt *stmt, weir_result **out, struct weir_error *err)
{
    weir_result *result = NULL;
    struct weiri_sql_rows rows;
    WEIR_TRY(query(session, stmt, &result, err));
    weiri_sql_rows_begin(&rows, "plan STRING");
    weiri_sql_rows_text(&rows, 0, result->sql);
    weiri_sql_rows_next(&rows);
    weir_result_close(result);
    *out = weiri_sql_rows_end(&rows);
    return WEIR_OK;
}

static weir_rc pipeline_only(const struct weir_stmt *stmt, struct weir_error *err)
{
    static const char *const names[] = {"CREATE STREAMING TABLE", "CREATE MATERIALIZED VIEW", "CREATE TEMPORARY VIEW", "CREATE FLOW"};
    return weir_fail_at(err, WEIR_UNSUPPORTED, "PIPELINE_STATEMENT", stmt->pos.line, stmt->pos.column,
                        "%s belongs into a file of a pipeline; put it into the project's transformations and run: weir run", names[stmt->kind - WEIR_STMT_STREAMING_TABLE]);
}

weir_rc weir_session_run(weir_session *session, const struct weir_stmt *stmt, weir_result **out, struct weir_error *err)
{
    *out = NULL;
    switch (stmt->kind) {
    case WEIR_STMT_QUERY:
        return query(session, stmt, out, err);
    case WEIR_STMT_INSERT:
        return weiri_sql_insert(session, stmt, out, err);
    case WEIR_STMT_CREATE_TABLE:
        return weiri_sql_create_table(session, stmt, out, err);
    case WEIR_STMT_SET:
    case WEIR_STMT_RESET:
        return weiri_sql_set(session, stmt, out, err);
    case WEIR_STMT_SHOW:
        return weiri_sql_show(session, stmt, out, err);
    case WEIR_STMT_DESCRIBE:
        return weiri_sql_describe(session, stmt, out, err);
    case WEIR_STMT_EXPLAIN:
        return explain(session, stmt, out, err);
    case WEIR_STMT_STREAMING_TABLE:
    case WEIR_STMT_MATERIALIZED_VIEW:
    case WEIR_STMT_TEMP_VIEW:
    case WEIR_STMT_FLOW:
        return pipeline_only(stmt, err);
    default:
        return weiri_sql_ddl(session, stmt, out, err);
    }
}

/* Rows that nobody wants are still made: errors in them are errors of the script. */
static weir_rc drain(weir_result *result, struct weir_error *err)
{
    weir_rc rc = WEIR_OK;
    while (rc == WEIR_OK) {
        struct weir_batch batch = {0};
        rc = weir_result_next(result, &batch, err);
        weir_batch_release(&batch);
    }
    return rc == WEIR_END ? WEIR_OK : rc;
}

weir_rc weir_session_script(weir_session *session, struct weir_str script, weir_rc (*each)(void *arg, const struct weir_stmt *stmt, weir_result *result, struct weir_error *err), void *arg,
                            struct weir_error *err)
{
    weir_arena *arena = weir_arena_new();
    struct weir_stmt *stmts = NULL;
    size_t count = 0;
    weir_rc rc = weir_sql_parse(arena, script, &stmts, &count, err);
    for (size_t i = 0; rc == WEIR_OK && i < count; i++) {
        weir_result *result = NULL;
        rc = weir_session_run(session, &stmts[i], &result, err);
        if (rc == WEIR_OK) {
            rc = each ? each(arg, &stmts[i], result, err) : drain(result, err);
        }
        weir_result_close(result);
        rc = weiri_sql_at(rc, stmts[i].pos, err);
    }
    weir_arena_free(arena);
    return rc;
}
