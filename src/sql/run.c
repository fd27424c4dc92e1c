/* run.c - one statement while it lives: its own connection (so that results of one session do not end one another), the versions it has pinned, the file lists behind
 * its relations, the scans it reads. All of it goes when its result is closed. */
#include "sql/sql_internal.h"
#include "base/time.h"
#include "base/uri.h"

static void register_run(struct weiri_sql_run *run)
{
    weir_session *session = run->session;
    pthread_mutex_lock(&session->lock);
    WEIR_PUSH(session->running, session->running_count, session->running_cap) = run;
    pthread_mutex_unlock(&session->lock);
}

static void unregister_run(struct weiri_sql_run *run)
{
    weir_session *session = run->session;
    pthread_mutex_lock(&session->lock);
    for (size_t i = 0; i < session->running_count; i++) {
        if (session->running[i] == run) {
            session->running[i] = session->running[--session->running_count];
            break;
        }
    }
    pthread_mutex_unlock(&session->lock);
}

weir_rc weiri_sql_run_open(weir_session *session, int64_t now_us, struct weiri_sql_run **out, struct weir_error *err)
{
    struct weiri_sql_run *run = weir_calloc(1, sizeof *run);
    *out = NULL;
    run->session = session;
    run->engine = session->engine;
    run->arena = weir_arena_new();
    run->now_us = now_us ? now_us : weir_now_us();
    atomic_init(&run->cancelled, false);
    if (duckdb_connect(run->engine->db, &run->con) != DuckDBSuccess) {
        weir_arena_free(run->arena);
        weir_free(run);
        return weir_fail(err, WEIR_IO, "ENGINE_CONNECTION_FAILED", "the SQL engine gave no connection; close results that are no longer read");
    }
    register_run(run);
    *out = run;
    return WEIR_OK;
}

void weiri_sql_run_close(struct weiri_sql_run *run)
{
    if (!run) {
        return;
    }
    unregister_run(run);
    duckdb_disconnect(&run->con);
    for (size_t i = 0; i < run->scan_count; i++) {
        weiri_sql_scan_free(run->scans[i]);
    }
    for (size_t i = 0; i < run->pin_count; i++) {
        weir_snapshot_unref(run->pins[i].snapshot);
    }
    for (size_t l = 0; l < run->list_count; l++) {
        for (size_t i = 0; i < run->lists[l].count; i++) {
            weir_free(run->lists[l].paths[i]);
        }
        weir_free(run->lists[l].paths);
    }
    weir_free(run->scans);
    weir_free(run->pins);
    weir_free(run->lists);
    weir_free(run->inputs);
    weir_arena_free(run->arena);
    weir_free(run);
}

weir_rc weiri_sql_exec(struct weiri_sql_run *run, const char *sql, struct weir_error *err)
{
    duckdb_result result;
    weir_rc rc = WEIR_OK;
    if (duckdb_query(run->con, sql, &result) != DuckDBSuccess) {
        rc = weiri_sql_duck_error(run, duckdb_result_error_type(&result), duckdb_result_error(&result), err);
    }
    duckdb_destroy_result(&result);
    return rc;
}

/* DuckDB globs every name of the list: what a glob would take for a pattern stands in brackets. */
static void escape_glob(const char *path, struct weir_buf *out)
{
    weir_buf_clear(out);
    for (const char *p = path; *p; p++) {
        if (*p == '*' || *p == '?' || *p == '[') {
            weir_buf_printf(out, "[%c]", *p);
        } else {
            weir_buf_add_char(out, *p);
        }
    }
}

static duckdb_value list_value(char *const *paths, size_t count)
{
    struct weir_buf text;
    duckdb_value *items = weir_calloc(count + 1, sizeof *items);
    duckdb_logical_type varchar = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
    weir_buf_init(&text, 1 << 20);
    for (size_t i = 0; i < count; i++) {
        escape_glob(paths[i], &text);
        items[i] = duckdb_create_varchar_length(text.data, text.len);
    }
    duckdb_value list = duckdb_create_list_value(varchar, items, count);
    for (size_t i = 0; i < count; i++) {
        duckdb_destroy_value(&items[i]);
    }
    duckdb_destroy_logical_type(&varchar);
    weir_buf_free(&text);
    weir_free(items);
    return list;
}

static weir_rc set_variable(struct weiri_sql_run *run, const char *name, duckdb_value value, struct weir_error *err)
{
    duckdb_prepared_statement prepared = NULL;
    duckdb_result result;
    weir_rc rc = WEIR_OK;
    if (duckdb_prepare(run->con, weir_arena_printf(run->arena, "SET VARIABLE %s = ?", name), &prepared) != DuckDBSuccess) {
        rc = weiri_sql_duck_error(run, DUCKDB_ERROR_INTERNAL, duckdb_prepare_error(prepared), err);
    } else if (duckdb_bind_value(prepared, 1, value) != DuckDBSuccess || duckdb_execute_prepared(prepared, &result) != DuckDBSuccess) {
        rc = weir_fail(err, WEIR_IO, "SQL_ENGINE_REFUSED", "the SQL engine did not take the list of the table's files");
    } else {
        duckdb_destroy_result(&result);
    }
    duckdb_destroy_prepare(&prepared);
    return rc;
}

weir_rc weiri_sql_bind_files(struct weiri_sql_run *run, char **paths, size_t count, const char **variable_out, struct weir_error *err)
{
    const char *name = weir_arena_printf(run->arena, "weir_files_%d", run->next_variable++);
    WEIR_PUSH(run->lists, run->list_count, run->list_cap).paths = paths;
    run->lists[run->list_count - 1].count = count;
    duckdb_value list = list_value(paths, count);
    weir_rc rc = set_variable(run, name, list, err);
    duckdb_destroy_value(&list);
    *variable_out = name;
    return rc;
}

bool weiri_sql_reads(const struct weiri_sql_run *run, const weir_snapshot *snapshot)
{
    for (size_t i = 0; i < run->pin_count; i++) {
        if (run->pins[i].snapshot == snapshot) {
            return run->pins[i].uses > 1;
        }
    }
    return false;
}

weir_rc weiri_sql_pin(struct weiri_sql_run *run, const char *path, int64_t version, weir_snapshot **out, struct weir_error *err)
{
    char *absolute = weir_path_absolute(NULL, path);
    const char *key = weir_arena_printf(run->arena, "%s@%lld", absolute, (long long)version);
    weir_rc rc = WEIR_OK;
    weir_free(absolute);
    *out = NULL;
    for (size_t i = 0; i < run->pin_count; i++) {
        if (strcmp(run->pins[i].key, key) == 0) {
            *out = run->pins[i].snapshot;
            run->pins[i].uses++;
            return WEIR_OK;
        }
    }
    weir_delta *table = weir_engine_table(run->engine, path);
    rc = version < 0 ? weir_delta_snapshot(table, out, err) : weir_delta_snapshot_at(table, version, out, err);
    if (rc == WEIR_OK) {
        WEIR_PUSH(run->pins, run->pin_count, run->pin_cap) = (struct weiri_sql_pin){.key = key, .snapshot = *out, .uses = 1};
    }
    return rc;
}
