/* engine.c - one DuckDB database in memory, set up so that it stays within its limits, and the table handles that sessions share. */
#include "sql/sql_internal.h"
#include "base/uri.h"
#include <stdio.h>
#include <stdlib.h>

#define MEMORY_DEFAULT ((int64_t)1 << 30)

static char *temp_folder(const struct weir_engine_options *options)
{
    if (options->temp_folder) {
        return weir_strdup(options->temp_folder);
    }
    if (options->catalog) {
        return weir_path_join(weir_catalog_root(options->catalog), "_tmp");
    }
    const char *tmp = getenv("TMPDIR");
    return weir_path_join(tmp && *tmp ? tmp : "/tmp", "weir_tmp");
}

/* What must be known before the database opens; no extension comes from anywhere but this binary. */
static weir_rc open_database(weir_engine *engine, const struct weir_engine_options *options, struct weir_error *err)
{
    char memory[32], threads[16];
    char *folder = temp_folder(options);
    int64_t bytes = options->memory_limit_bytes > 0 ? options->memory_limit_bytes : MEMORY_DEFAULT;
    snprintf(memory, sizeof memory, "%lldB", (long long)bytes);
    snprintf(threads, sizeof threads, "%d", options->threads > 0 ? options->threads : weir_cpu_count());
    const char *const settings[][2] = {
        {"memory_limit", memory},     {"threads", threads},
        {"temp_directory", folder},   {"autoinstall_known_extensions", "false"},
        {"autoload_known_extensions", "false"}, {"allow_community_extensions", "false"},
        {"arrow_output_version", "1.0"}, {"default_null_order", "nulls_first_on_asc_last_on_desc"},
    };
    duckdb_config config = NULL;
    duckdb_create_config(&config);
    weir_rc rc = WEIR_OK;
    for (size_t i = 0; rc == WEIR_OK && i < sizeof settings / sizeof *settings; i++) {
        if (duckdb_set_config(config, settings[i][0], settings[i][1]) != DuckDBSuccess) {
            rc = weir_fail(err, WEIR_INVALID, "ENGINE_SETTING_INVALID", "the SQL engine does not take the setting %s=%s", settings[i][0], settings[i][1]);
        }
    }
    char *message = NULL;
    if (rc == WEIR_OK && duckdb_open_ext(NULL, &engine->db, config, &message) != DuckDBSuccess) {
        rc = weir_fail(err, WEIR_IO, "ENGINE_OPEN_FAILED", "the SQL engine could not be started: %.500s", message ? message : "no reason given");
    }
    duckdb_free(message);
    duckdb_destroy_config(&config);
    weir_free(folder);
    return rc;
}

static weir_rc run_setup(weir_engine *engine, const char *sql, struct weir_error *err)
{
    duckdb_result result;
    weir_rc rc = WEIR_OK;
    if (duckdb_query(engine->con, sql, &result) != DuckDBSuccess) {
        rc = weir_fail(err, WEIR_IO, "ENGINE_OPEN_FAILED", "the SQL engine refused its set-up: %.800s", duckdb_result_error(&result));
    }
    duckdb_destroy_result(&result);
    return rc;
}

/* The dialect's macros are temporary, one connection's: made of the database they cost each statement nothing. */
static weir_rc run_prelude(weir_engine *engine, struct weir_error *err)
{
    static const char temporary[] = "TEMP MACRO ";
    struct weir_buf sql;
    weir_buf_init(&sql, 0);
    for (const char *p = weir_sql_prelude(); *p;) {
        const char *next = strstr(p, temporary);
        const size_t len = next ? (size_t)(next - p) : strlen(p);
        weir_buf_add(&sql, p, len);
        p += len;
        if (next) {
            weir_buf_add_str(&sql, "MACRO ");
            p += sizeof temporary - 1;
        }
    }
    weir_rc rc = run_setup(engine, sql.data, err);
    weir_buf_free(&sql);
    return rc;
}

weir_rc weir_engine_open(const struct weir_engine_options *options, weir_engine **out, struct weir_error *err)
{
    weir_engine *engine = weir_calloc(1, sizeof *engine);
    *out = NULL;
    engine->fs = options->fs ? options->fs : weir_fs_posix();
    engine->catalog = options->catalog;
    engine->tables = weir_map_new();
    engine->next_scan = 1;
    pthread_mutex_init(&engine->lock, NULL);
    weir_rc rc = open_database(engine, options, err);
    if (rc == WEIR_OK && duckdb_connect(engine->db, &engine->con) != DuckDBSuccess) {
        rc = weir_fail(err, WEIR_IO, "ENGINE_OPEN_FAILED", "the SQL engine gave no connection");
    }
    if (rc == WEIR_OK) {
        rc = run_setup(engine, "SET GLOBAL TimeZone='UTC'", err);
    }
    if (rc == WEIR_OK) {
        rc = run_prelude(engine, err);
    }
    if (rc == WEIR_OK) {
        rc = weiri_sql_scan_register(engine, err);
    }
    if (rc != WEIR_OK) {
        weir_engine_close(engine);
        return rc;
    }
    *out = engine;
    return WEIR_OK;
}

static void close_table(void *table)
{
    weir_delta_close(table);
}

void weir_engine_close(weir_engine *engine)
{
    if (!engine) {
        return;
    }
    WEIR_ASSERT(engine->scan_count == 0); /* a result or a session is still open */
    duckdb_disconnect(&engine->con);
    duckdb_close(&engine->db);
    weir_map_free(engine->tables, close_table);
    weir_free(engine->scans);
    pthread_mutex_destroy(&engine->lock);
    weir_free(engine);
}

weir_catalog *weir_engine_catalog(weir_engine *engine)
{
    return engine->catalog;
}

weir_fs *weir_engine_fs(weir_engine *engine)
{
    return engine->fs;
}

weir_delta *weir_engine_table(weir_engine *engine, const char *path)
{
    char *absolute = weir_path_absolute(NULL, path);
    pthread_mutex_lock(&engine->lock);
    weir_delta *table = weir_map_get(engine->tables, weir_str(absolute));
    if (!table) {
        table = weir_delta_open(engine->fs, absolute);
        weir_map_put(engine->tables, weir_str(absolute), table);
    }
    pthread_mutex_unlock(&engine->lock);
    weir_free(absolute);
    return table;
}
