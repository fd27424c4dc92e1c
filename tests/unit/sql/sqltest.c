#include "sqltest.h"
#include "base/uri.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void lake_open(struct lake *lake, bool with_catalog, int64_t memory_bytes)
{
    *lake = (struct lake){0};
    snprintf(lake->folder, sizeof lake->folder, "/tmp/weir_sql_XXXXXX");
    assert_non_null(mkdtemp(lake->folder));
    weir_buf_init(&lake->rows, 0);
    if (with_catalog) {
        char *root = weir_path_join(lake->folder, "lake");
        assert_int_equal(weir_catalog_open(weir_fs_posix(), root, true, &lake->catalog, &lake->err), WEIR_OK);
        weir_free(root);
    }
    char *temp = weir_path_join(lake->folder, "tmp");
    const struct weir_engine_options options = {.catalog = lake->catalog, .memory_limit_bytes = memory_bytes, .threads = 2, .temp_folder = temp};
    if (weir_engine_open(&options, &lake->engine, &lake->err) != WEIR_OK) {
        fail_msg("%s: %s", lake->err.condition, lake->err.msg);
    }
    weir_free(temp);
    assert_int_equal(weir_session_open(lake->engine, &lake->session, &lake->err), WEIR_OK);
}

void lake_close(struct lake *lake)
{
    weir_session_close(lake->session);
    weir_engine_close(lake->engine);
    weir_catalog_close(lake->catalog);
    weir_buf_free(&lake->rows);
    assert_int_equal(weir_fs_remove_tree(weir_fs_posix(), lake->folder, NULL), WEIR_OK);
}

weir_rc rows_print(weir_result *result, struct weir_buf *out, struct weir_error *err)
{
    const weir_schema *schema = weir_result_schema(result);
    weir_rc rc = WEIR_OK;
    while (rc == WEIR_OK) {
        struct weir_batch batch = {0};
        rc = weir_result_next(result, &batch, err);
        for (int64_t row = 0; rc == WEIR_OK && row < weir_batch_rows(&batch); row++) {
            struct weir_jsonw w;
            weir_jsonw_init(&w, out);
            weir_jsonw_object(&w);
            for (size_t c = 0; c < schema->field_count; c++) {
                weir_jsonw_key(&w, schema->fields[c].name);
                weir_arrow_print_json(&w, &schema->fields[c].type, batch.array.children[c], row);
            }
            weir_jsonw_end_object(&w);
            weir_buf_add_char(out, '\n');
        }
        weir_batch_release(&batch);
    }
    return rc == WEIR_END ? WEIR_OK : rc;
}

static weir_rc keep_rows(void *arg, const struct weir_stmt *stmt, weir_result *result, struct weir_error *err)
{
    struct lake *lake = arg;
    (void)stmt;
    lake->written = weir_result_rows_written(result);
    weir_buf_clear(&lake->rows);
    return rows_print(result, &lake->rows, err);
}

const char *lake_text(struct lake *lake, const char *text)
{
    static char out[1 << 16];
    size_t n = 0;
    for (const char *p = text; *p; p++) {
        n += (size_t)snprintf(out + n, sizeof out - n, *p == '@' ? "%s" : "%.1s", *p == '@' ? lake->folder : p);
        assert_true(n < sizeof out);
    }
    out[n] = '\0';
    return out;
}

weir_rc lake_try_in(struct lake *lake, weir_session *session, const char *sql)
{
    weir_error_clear(&lake->err);
    weir_buf_clear(&lake->rows);
    return weir_session_script(session, weir_str(lake_text(lake, sql)), keep_rows, lake, &lake->err);
}

weir_rc lake_try(struct lake *lake, const char *sql)
{
    return lake_try_in(lake, lake->session, sql);
}

void lake_ok(struct lake *lake, const char *sql)
{
    if (lake_try(lake, sql) != WEIR_OK) {
        fail_msg("%s\n%s: %s", sql, lake->err.condition, lake->err.msg);
    }
}

void lake_rows(struct lake *lake, const char *sql, const char *ndjson)
{
    lake_ok(lake, sql);
    const char *rows = lake->rows.data ? lake->rows.data : "";
    if (strcmp(rows, ndjson) != 0) {
        fail_msg("%s\ngave:\n%swanted:\n%s", sql, rows, ndjson);
    }
}

void lake_fails(struct lake *lake, const char *sql, weir_rc code, const char *condition)
{
    const weir_rc rc = lake_try(lake, sql);
    if (rc != code || strcmp(lake->err.condition, condition) != 0) {
        fail_msg("%s\ngave %s %s: %s\nwanted %s %s", sql, weir_rc_name(rc), lake->err.condition, lake->err.msg, weir_rc_name(code), condition);
    }
    assert_null(strstr(lake->err.msg, "weir_files"));
    assert_null(strstr(lake->err.msg, "weir_scan"));
}

void lake_file(struct lake *lake, const char *name, const char *text)
{
    char *path = weir_path_join(lake->folder, name);
    char *parent = weir_path_parent(path);
    weir_file *file = NULL;
    assert_int_equal(weir_fs_mkdirs(weir_fs_posix(), parent, NULL), WEIR_OK);
    assert_int_equal(weir_file_open(weir_fs_posix(), path, WEIR_OPEN_WRITE | WEIR_OPEN_CREATE | WEIR_OPEN_TRUNC, &file, NULL), WEIR_OK);
    assert_int_equal(weir_file_write(file, text, strlen(text), 0, NULL), WEIR_OK);
    assert_int_equal(weir_file_close(file, NULL), WEIR_OK);
    weir_free(parent);
    weir_free(path);
}

const char *shared_folder(void)
{
    const char *env = getenv("WEIR_SHARED");
    const char *folder = env && *env ? env : WEIR_SOURCE_DIR "/../shared";
    return access(folder, R_OK) == 0 ? folder : NULL;
}
