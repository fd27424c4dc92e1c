/* result.c - rows out: of DuckDB chunk by chunk as it makes them, or from memory. */
#include "sql/sql_internal.h"

const weir_schema *weir_result_schema(const weir_result *result)
{
    return result->schema;
}

int64_t weir_result_rows_written(const weir_result *result)
{
    return result->rows_written;
}

void weir_result_close(weir_result *result)
{
    if (!result) {
        return;
    }
    weir_batch_release(&result->batch);
    if (result->arrow) {
        duckdb_destroy_arrow_options(&result->arrow);
    }
    if (result->started) {
        duckdb_destroy_result(&result->rows);
    }
    duckdb_destroy_prepare(&result->prepared);
    if (result->run) {
        weiri_sql_run_close(result->run);
    } else {
        weir_arena_free(result->arena);
    }
    weir_free(result);
}

static weir_rc start(weir_result *result, struct weir_error *err)
{
    result->started = true;
    if (duckdb_execute_prepared_streaming(result->prepared, &result->rows) != DuckDBSuccess) {
        result->ended = true;
        return weiri_sql_duck_error(result->run, duckdb_result_error_type(&result->rows), duckdb_result_error(&result->rows), err);
    }
    WEIR_ASSERT(duckdb_column_count(&result->rows) == result->schema->field_count);
    result->arrow = duckdb_result_get_arrow_options(&result->rows);
    return WEIR_OK;
}

static weir_rc to_batch(weir_result *result, duckdb_data_chunk chunk, struct weir_batch *out, struct weir_error *err)
{
    duckdb_error_data failed = duckdb_data_chunk_to_arrow(result->arrow, chunk, &out->array);
    if (failed) {
        weir_rc rc = weiri_sql_duck_error(result->run, duckdb_error_data_error_type(failed), duckdb_error_data_message(failed), err);
        duckdb_destroy_error_data(&failed);
        return rc;
    }
    out->schema = result->schema;
    return WEIR_OK;
}

static weir_rc next_of_query(weir_result *result, struct weir_batch *out, struct weir_error *err)
{
    if (!result->started) {
        WEIR_TRY(start(result, err));
    }
    for (;;) {
        if (result->ended) {
            return WEIR_END;
        }
        if (weir_stop_level() >= 2) {
            atomic_store(&result->run->cancelled, true);
        }
        duckdb_data_chunk chunk = atomic_load(&result->run->cancelled) ? NULL : duckdb_fetch_chunk(result->rows);
        if (!chunk) {
            const char *message = duckdb_result_error(&result->rows);
            result->ended = true;
            if (message || atomic_load(&result->run->cancelled)) {
                return weiri_sql_duck_error(result->run, duckdb_result_error_type(&result->rows), message, err);
            }
            return weiri_sql_scan_error(result->run, err) != WEIR_OK ? weiri_sql_scan_error(result->run, err) : WEIR_END;
        }
        weir_rc rc = duckdb_data_chunk_get_size(chunk) > 0 ? to_batch(result, chunk, out, err) : WEIR_END;
        duckdb_destroy_data_chunk(&chunk);
        if (rc != WEIR_END) {
            return rc;
        }
    }
}

weir_rc weir_result_next(weir_result *result, struct weir_batch *out, struct weir_error *err)
{
    *out = (struct weir_batch){0};
    if (result->prepared) {
        return next_of_query(result, out, err);
    }
    if (!result->batch.array.release) {
        return WEIR_END;
    }
    *out = result->batch;
    result->batch = (struct weir_batch){0};
    return WEIR_OK;
}

/* --- rows from memory --- */

weir_result *weiri_sql_result_none(void)
{
    weir_result *result = weir_calloc(1, sizeof *result);
    result->arena = weir_arena_new();
    result->schema = weir_schema_new(result->arena, 0);
    result->rows_written = -1;
    return result;
}

void weiri_sql_rows_begin(struct weiri_sql_rows *rows, const char *ddl)
{
    struct weir_error err = {0};
    *rows = (struct weiri_sql_rows){.arena = weir_arena_new()};
    weir_rc rc = weir_schema_parse_ddl(rows->arena, weir_str(ddl), &rows->schema, &err);
    WEIR_ASSERT(rc == WEIR_OK);
    rows->columns = weir_calloc(rows->schema->field_count + 1, sizeof *rows->columns);
    for (size_t i = 0; i < rows->schema->field_count; i++) {
        rows->columns[i] = weir_builder_new(&rows->schema->fields[i].type);
    }
}

void weiri_sql_rows_text(struct weiri_sql_rows *rows, size_t column, const char *text)
{
    if (text) {
        weir_builder_bytes(rows->columns[column], text, strlen(text));
    } else {
        weir_builder_null(rows->columns[column]);
    }
}

void weiri_sql_rows_i64(struct weiri_sql_rows *rows, size_t column, int64_t value)
{
    if (rows->schema->fields[column].type.id == WEIR_TYPE_BOOLEAN) {
        weir_builder_bool(rows->columns[column], value != 0);
    } else {
        weir_builder_i64(rows->columns[column], value);
    }
}

/* The end of a row: columns that got nothing are NULL. */
void weiri_sql_rows_next(struct weiri_sql_rows *rows)
{
    rows->count++;
    for (size_t i = 0; i < rows->schema->field_count; i++) {
        if (weir_builder_rows(rows->columns[i]) < rows->count) {
            weir_builder_null(rows->columns[i]);
        }
    }
}

static void free_columns(struct weiri_sql_rows *rows)
{
    for (size_t i = 0; i < rows->schema->field_count; i++) {
        weir_builder_free(rows->columns[i]);
    }
    weir_free(rows->columns);
}

weir_result *weiri_sql_rows_end(struct weiri_sql_rows *rows)
{
    weir_result *result = weir_calloc(1, sizeof *result);
    struct ArrowArray *arrays = weir_calloc(rows->schema->field_count + 1, sizeof *arrays);
    result->arena = rows->arena;
    result->schema = rows->schema;
    result->rows_written = -1;
    for (size_t i = 0; i < rows->schema->field_count; i++) {
        weir_builder_finish(rows->columns[i], &arrays[i]);
    }
    weir_batch_make(rows->schema, arrays, rows->count, &result->batch);
    weir_free(arrays);
    free_columns(rows);
    return result;
}

void weiri_sql_rows_drop(struct weiri_sql_rows *rows)
{
    free_columns(rows);
    weir_arena_free(rows->arena);
}
