/* query.c - a query of Spark's dialect: translated, its inputs made, prepared. Nothing runs before the first row is asked for, so that a caller may still wrap the query
 * (casts of an INSERT). */
#include "sql/sql_internal.h"
#include <stdlib.h>

weir_rc weiri_sql_translate(struct weiri_sql_run *run, const weir_node *query, struct weir_translation *out, struct weir_error *err)
{
    const char *user = getenv("USER");
    const struct weir_resolver resolver = {.resolve = weiri_sql_resolve, .arg = run};
    const struct weir_translate_options options = {.now_us = run->now_us, .current_catalog = run->session->catalog, .current_schema = run->session->schema,
                                                   .current_user = user ? user : "weir"};
    return weir_sql_translate(run->arena, query, &resolver, &options, out, err);
}

/* Rows that come once are a view over their scan; where the text has a WITH, whose query may stand in the plan twice, a table that spills. */
static weir_rc make_inputs(struct weiri_sql_run *run, const char *text, struct weir_error *err)
{
    const bool keep = strstr(text, "WITH ") != NULL;
    for (size_t i = 0; i < run->input_count; i++) {
        WEIR_TRY(weiri_sql_exec(run, weir_arena_printf(run->arena, "CREATE TEMP %s %s AS SELECT * FROM weir_scan(%llu)", keep ? "TABLE" : "VIEW", run->inputs[i].name,
                                                       (unsigned long long)run->inputs[i].scan->id), err));
    }
    run->input_count = 0;
    return WEIR_OK;
}

weir_rc weiri_sql_prepare(weir_result *result, struct weir_error *err)
{
    duckdb_destroy_prepare(&result->prepared);
    if (duckdb_prepare(result->run->con, result->sql, &result->prepared) != DuckDBSuccess) {
        return weiri_sql_duck_error(result->run, DUCKDB_ERROR_INVALID, duckdb_prepare_error(result->prepared), err);
    }
    return WEIR_OK;
}

weir_rc weiri_sql_query(struct weiri_sql_run *run, const weir_node *query, weir_result **out, struct weir_error *err)
{
    struct weir_translation translation;
    weir_result *result = weir_calloc(1, sizeof *result);
    *out = NULL;
    result->run = run;
    result->arena = run->arena;
    result->rows_written = -1;
    weir_rc rc = weiri_sql_translate(run, query, &translation, err);
    if (rc == WEIR_OK) {
        result->sql = translation.duck_sql;
        result->schema = translation.schema;
        rc = make_inputs(run, translation.duck_sql, err);
    }
    if (rc == WEIR_OK) {
        rc = weiri_sql_prepare(result, err);
    }
    if (rc != WEIR_OK) {
        weir_result_close(result);
        return rc;
    }
    *out = result;
    return WEIR_OK;
}

/* --- a query over a query --- */

static weir_rc resolve_rows(void *arg, const struct weir_table_ref *ref, struct weir_relation *out, struct weir_error *err)
{
    (void)ref;
    (void)err;
    *out = *(const struct weir_relation *)arg;
    return WEIR_OK;
}

static struct weir_relation rows_of(weir_result *result)
{
    struct weir_buf sql;
    weir_schema *schema = weir_schema_copy(result->arena, result->schema);
    weir_buf_init(&sql, 0);
    weir_buf_printf(&sql, "(SELECT * FROM (%s) AS t(", result->sql);
    for (size_t i = 0; i < schema->field_count; i++) {
        schema->fields[i].name = weir_arena_printf(result->arena, "c%zu", i);
        weir_buf_printf(&sql, "%s\"c%zu\"", i ? ", " : "", i);
    }
    weir_buf_add_str(&sql, "))");
    const struct weir_relation relation = {.schema = schema, .duck_sql = weir_arena_strndup(result->arena, sql.data, sql.len)};
    weir_buf_free(&sql);
    return relation;
}

weir_rc weiri_sql_wrap(weir_result *result, const char *select, struct weir_error *err)
{
    WEIR_ASSERT(result->run && !result->started);
    struct weir_relation rows = rows_of(result);
    const struct weir_resolver resolver = {.resolve = resolve_rows, .arg = &rows};
    const struct weir_translate_options options = {.now_us = result->run->now_us};
    struct weir_translation translation;
    struct weir_stmt *stmts = NULL;
    size_t count = 0;
    WEIR_TRY(weir_sql_parse(result->arena, weir_str(select), &stmts, &count, err));
    WEIR_ASSERT(count == 1 && stmts[0].query);
    WEIR_TRY(weir_sql_translate(result->arena, stmts[0].query, &resolver, &options, &translation, err));
    result->sql = translation.duck_sql;
    result->schema = translation.schema;
    return weiri_sql_prepare(result, err);
}

/* --- transforms --- */

weir_rc weir_session_transform(weir_session *session, const struct weir_transform *transform, weir_result **out, struct weir_error *err)
{
    struct weiri_sql_run *run = NULL;
    *out = NULL;
    WEIR_TRY(weiri_sql_run_open(session, transform->now_us, &run, err));
    run->transform = transform;
    weir_rc rc = weiri_sql_query(run, transform->query, out, err);
    if (rc == WEIR_OK) {
        run->transform = NULL; /* resolved: the caller's struct may go */
    }
    return rc;
}

weir_rc weir_session_analyze(weir_session *session, weir_arena *arena, const struct weir_transform *transform, struct weir_translation *out, struct weir_error *err)
{
    struct weiri_sql_run *run = NULL;
    struct weir_translation translation;
    *out = (struct weir_translation){0};
    WEIR_TRY(weiri_sql_run_open(session, transform->now_us, &run, err));
    run->transform = transform;
    weir_rc rc = weiri_sql_translate(run, transform->query, &translation, err);
    if (rc == WEIR_OK) {
        *out = translation;
        out->duck_sql = weir_arena_strdup(arena, translation.duck_sql);
        out->schema = weir_schema_copy(arena, translation.schema);
    }
    weiri_sql_run_close(run);
    return rc;
}
