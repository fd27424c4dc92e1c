#include "csv_case.h"
#include "base/uri.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>

const struct csv_way csv_ways[] = {
    {.name = "usual", .threads = 1},
    {.name = "slow", .slow = true, .threads = 1},
    {.name = "blocks of 64", .block_bytes = 64, .task_bytes = 150, .threads = 1},
    {.name = "blocks of 100, 2 threads", .block_bytes = 100, .task_bytes = 70, .threads = 2},
    {.name = "blocks of 1000, 2 threads", .block_bytes = 1000, .task_bytes = 1000, .threads = 2},
    {.name = "slow blocks of 64, 2 threads", .slow = true, .block_bytes = 64, .task_bytes = 100, .threads = 2},
    {.name = NULL},
};

static weir_rc collect(void *arg, struct weir_batch *batch, struct weir_error *err)
{
    struct csv_rows *rows = arg;
    (void)err;
    for (int64_t r = 0; r < weir_batch_rows(batch); r++) {
        struct weir_jsonw w;
        weir_jsonw_init(&w, &rows->text);
        w.ascii = true;
        weir_jsonw_object(&w);
        for (size_t c = 0; c < batch->schema->field_count; c++) {
            weir_jsonw_key(&w, batch->schema->fields[c].name);
            weir_arrow_print_json(&w, &batch->schema->fields[c].type, batch->array.children[c], r);
        }
        weir_jsonw_end_object(&w);
        weir_buf_add_char(&rows->text, '\n');
        rows->count++;
    }
    weir_batch_release(batch);
    return WEIR_OK;
}

weir_rc csv_read_files(const weir_schema *schema, const weir_format *csv, const char *const *paths, size_t count, const struct csv_way *way, struct csv_rows *out)
{
    memset(out, 0, sizeof *out);
    weir_buf_init(&out->text, 0);
    struct weir_text_file *files = weir_calloc(count + 1, sizeof *files);
    int *columns = weir_calloc(schema->field_count + 1, sizeof *columns);
    for (size_t i = 0; i < count; i++) {
        struct weir_file_info info;
        assert_int_equal(weir_fs_stat(weir_fs_posix(), paths[i], &info, &out->err), WEIR_OK);
        files[i] = (struct weir_text_file){.path = paths[i], .size = info.size, .mtime_ns = info.mtime_ns};
    }
    for (size_t c = 0; c < schema->field_count; c++) {
        columns[c] = (int)c;
    }
    struct weir_sink_factory *sinks;
    assert_int_equal(weir_arrow_sinks_new(schema, 100, collect, out, &sinks, &out->err), WEIR_OK);
    const struct weir_text_read read = {.format = csv, .fs = weir_fs_posix(), .files = files, .file_count = count, .columns = columns, .column_count = schema->field_count,
                                       .threads = way->threads, .task_bytes = way->task_bytes, .block_bytes = way->block_bytes, .slow = way->slow, .sinks = sinks};
    weir_rc rc = weir_text_run(&read, &out->result, &out->err);
    if (rc == WEIR_OK) {
        assert_int_equal(out->count, out->result.rows);
    }
    weir_arrow_sinks_free(sinks);
    weir_free(files);
    weir_free(columns);
    return rc;
}

void csv_rows_free(struct csv_rows *rows)
{
    weir_buf_free(&rows->text);
}

weir_schema *csv_schema(weir_arena *arena, const char *ddl)
{
    weir_schema *schema = NULL;
    struct weir_error err = {0};
    if (weir_schema_parse_ddl(arena, weir_str(ddl), &schema, &err) != WEIR_OK) {
        fail_msg("%s: %s", ddl, err.msg);
    }
    return schema;
}

char *csv_folder(void)
{
    const char *tmp = getenv("TMPDIR");
    char *name = weir_asprintf("%s/weir-csv-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(name));
    return name;
}

void csv_folder_remove(char *folder)
{
    struct weir_error err = {0};
    assert_int_equal(weir_fs_remove_tree(weir_fs_posix(), folder, &err), WEIR_OK);
    weir_free(folder);
}

void csv_write_file(const char *path, const void *bytes, size_t len)
{
    struct weir_error err = {0};
    weir_file *file;
    assert_int_equal(weir_file_open(weir_fs_posix(), path, WEIR_OPEN_WRITE | WEIR_OPEN_CREATE | WEIR_OPEN_TRUNC, &file, &err), WEIR_OK);
    if (len > 0) {
        assert_int_equal(weir_file_write(file, bytes, len, 0, &err), WEIR_OK);
    }
    assert_int_equal(weir_file_close(file, &err), WEIR_OK);
}

weir_rc csv_read_text(const weir_schema *schema, const weir_options *options, const void *bytes, size_t len, const struct csv_way *way, struct csv_rows *out)
{
    weir_format *csv;
    memset(out, 0, sizeof *out);
    weir_buf_init(&out->text, 0);
    weir_rc rc = weir_format_new("csv", schema, options, NULL, &csv, &out->err);
    if (rc != WEIR_OK) {
        return rc;
    }
    char *folder = csv_folder();
    char *path = weir_path_join(folder, "input.csv");
    csv_write_file(path, bytes, len);
    const char *const paths[] = {path};
    weir_buf_free(&out->text);
    rc = csv_read_files(schema, csv, paths, 1, way, out);
    weir_free(path);
    csv_folder_remove(folder);
    weir_format_free(csv);
    return rc;
}
