/* Transforms: the caller says what each table of a query is. */
#include "sqltest.h"
#include <stdio.h>

static struct lake lake;

static int open_lake(void **state)
{
    (void)state;
    lake_open(&lake, true, 0);
    return 0;
}

static int close_lake(void **state)
{
    (void)state;
    lake_close(&lake);
    return 0;
}

/* --- rows from memory: `count` rows, id ascending, in batches of odd sizes; an error after `fail_at` --- */
struct source {
    weir_batches batches;
    weir_schema *schema;
    int64_t next, count, fail_at;
    int closed;
};

static void add_row(weir_builder **columns, size_t count, int64_t id)
{
    char text[64];
    weir_builder_i64(columns[0], id);
    if (id % 5 == 0) {
        weir_builder_null(columns[1]);
    } else {
        const int len = snprintf(text, sizeof text, "%s%lld", id % 2 ? "n" : "a name that is longer than inlined ", (long long)id);
        weir_builder_bytes(columns[1], text, (size_t)len);
    }
    weir_builder_bool(columns[2], id % 3 == 0);
    weir_builder_i64(columns[3], id * 1000000);
    weir_builder_decimal(columns[4], id * 100);
    for (int64_t i = 0; i < id % 4; i++) {
        weir_builder_i64(weir_builder_child(columns[5], 0), id + i);
    }
    weir_builder_end(columns[5]);
    if (count > 6) {
        weir_builder_bytes(weir_builder_child(columns[6], 0), "f.csv", 5);
        weir_builder_i64(weir_builder_child(columns[6], 1), id);
        weir_builder_end(columns[6]);
    }
}

static weir_rc source_next(weir_batches *self, struct weir_batch *out, struct weir_error *err)
{
    struct source *source = (struct source *)self;
    weir_builder *columns[7];
    struct ArrowArray arrays[7];
    const size_t fields = source->schema->field_count;
    if (source->fail_at && source->next >= source->fail_at) {
        return weir_fail(err, WEIR_CORRUPT, "SOURCE_BROKE", "the source broke; row %lld", (long long)source->next);
    }
    if (source->next >= source->count) {
        return WEIR_END;
    }
    for (size_t i = 0; i < fields; i++) {
        columns[i] = weir_builder_new(&source->schema->fields[i].type);
    }
    const int64_t size = source->next % 2 ? 5000 : 777;
    int64_t rows = 0;
    for (; rows < size && source->next < source->count; rows++) {
        add_row(columns, fields, source->next++);
    }
    for (size_t i = 0; i < fields; i++) {
        weir_builder_finish(columns[i], &arrays[i]);
        weir_builder_free(columns[i]);
    }
    weir_batch_make(source->schema, arrays, rows, out);
    return WEIR_OK;
}

static void source_close(weir_batches *self)
{
    ((struct source *)self)->closed++;
}

static const weir_schema *visible, *hidden;
static struct source source;
static enum weir_input_kind kind;
static weir_snapshot *snapshot;
static const struct weir_add *some_files[1];

static weir_rc give(void *arg, const struct weir_table_ref *ref, struct weir_input *out, struct weir_error *err)
{
    (void)arg;
    (void)err;
    if (!ref->stream) {
        return WEIR_NOT_FOUND;
    }
    *out = (struct weir_input){.kind = kind, .schema = visible, .hidden = hidden};
    if (kind == WEIR_INPUT_BATCHES) {
        out->batches = &source.batches;
    } else if (kind != WEIR_INPUT_EMPTY) {
        out->schema = weir_snapshot_metadata(snapshot)->schema;
        out->hidden = NULL;
        out->snapshot = snapshot;
        out->files = some_files;
        out->file_count = 1;
    }
    return WEIR_OK;
}

static void make_source(weir_arena *arena, int64_t count, bool metadata)
{
    weir_schema *schema = NULL, *shown = NULL;
    char ddl[256];
    const char *columns = "id BIGINT, name STRING, flag BOOLEAN, ts TIMESTAMP, price DECIMAL(12,2), list ARRAY<BIGINT>";
    snprintf(ddl, sizeof ddl, "%s%s", columns, metadata ? ", _metadata STRUCT<file_name: STRING, size: BIGINT>" : "");
    assert_int_equal(weir_schema_parse_ddl(arena, weir_str(ddl), &schema, NULL), WEIR_OK);
    assert_int_equal(weir_schema_parse_ddl(arena, weir_str(columns), &shown, NULL), WEIR_OK);
    source = (struct source){.batches = {.schema = schema, .next = source_next, .close = source_close}, .schema = schema, .count = count};
    visible = shown;
    hidden = metadata ? &schema->fields[6].type : NULL;
    kind = WEIR_INPUT_BATCHES;
}

static weir_rc transform(weir_arena *arena, const char *sql, weir_result **out)
{
    struct weir_stmt *stmts = NULL;
    size_t count = 0;
    weir_error_clear(&lake.err);
    assert_int_equal(weir_sql_parse(arena, weir_str(sql), &stmts, &count, &lake.err), WEIR_OK);
    const struct weir_transform what = {.query = stmts[0].query, .input = give, .now_us = 1700000000000000};
    return weir_session_transform(lake.session, &what, out, &lake.err);
}

static void rows_are(const char *sql, int64_t count, bool metadata, const char *ndjson)
{
    weir_arena *arena = weir_arena_new();
    weir_result *result = NULL;
    make_source(arena, count, metadata);
    weir_buf_clear(&lake.rows);
    weir_rc rc = transform(arena, sql, &result);
    if (rc == WEIR_OK) {
        rc = rows_print(result, &lake.rows, &lake.err);
    }
    if (rc != WEIR_OK || strcmp(lake.rows.data ? lake.rows.data : "", ndjson) != 0) {
        fail_msg("%s\n%s %s: %s\ngave:\n%swanted:\n%s", sql, weir_rc_name(rc), lake.err.condition, lake.err.msg, lake.rows.data, ndjson);
    }
    weir_result_close(result);
    assert_int_equal(source.closed, 1);
    weir_arena_free(arena);
}

static void batches_as_tables(void **state)
{
    (void)state;
    rows_are("SELECT * FROM STREAM s WHERE id IN (1, 6, 10)", 20, false,
             "{\"id\":1,\"name\":\"n1\",\"flag\":false,\"ts\":\"1970-01-01T00:00:01.000000Z\",\"price\":\"1.00\",\"list\":[1]}\n"
             "{\"id\":6,\"name\":\"a name that is longer than inlined 6\",\"flag\":true,\"ts\":\"1970-01-01T00:00:06.000000Z\",\"price\":\"6.00\",\"list\":[6,7]}\n"
             "{\"id\":10,\"name\":null,\"flag\":false,\"ts\":\"1970-01-01T00:00:10.000000Z\",\"price\":\"10.00\",\"list\":[10,11]}\n");
    rows_are("SELECT count(*) AS n FROM STREAM s", 100000, false, "{\"n\":100000}\n");
    rows_are("SELECT count(name) AS n, sum(id) AS s, sum(size(list)) AS l, count_if(flag) AS f, max(price) AS p, sum(length(name)) AS len FROM STREAM s", 100000, false,
             "{\"n\":80000,\"s\":4999950000,\"l\":150000,\"f\":33334,\"p\":\"99999.00\",\"len\":1831112}\n");
    rows_are("SELECT id, _metadata.file_name AS f, _metadata.size AS z FROM STREAM s WHERE id = 4000", 5000, true, "{\"id\":4000,\"f\":\"f.csv\",\"z\":4000}\n");
    rows_are("SELECT id, current_timestamp() AS now FROM STREAM s", 1, false, "{\"id\":0,\"now\":\"2023-11-14T22:13:20.000000Z\"}\n");
    rows_are("SELECT id FROM STREAM s", 0, false, "");
    /* A WITH that is read twice. */
    rows_are("WITH x AS (SELECT id FROM STREAM s) SELECT count(*) AS n FROM x a JOIN x b ON a.id = b.id", 10000, false, "{\"n\":10000}\n");
}

static void errors_come_out_as_they_went_in(void **state)
{
    weir_arena *arena = weir_arena_new();
    weir_result *result = NULL;
    (void)state;
    make_source(arena, 100000, false);
    source.fail_at = 50000;
    assert_int_equal(transform(arena, "SELECT sum(id) AS s FROM STREAM s", &result), WEIR_OK);
    weir_buf_clear(&lake.rows);
    assert_int_equal(rows_print(result, &lake.rows, &lake.err), WEIR_CORRUPT);
    assert_string_equal(lake.err.condition, "SOURCE_BROKE");
    weir_result_close(result);
    assert_int_equal(source.closed, 1);
    /* A query that does not translate closes what it was given. */
    make_source(arena, 10, false);
    assert_int_equal(transform(arena, "SELECT nope FROM STREAM s", &result), WEIR_INVALID);
    assert_int_equal(source.closed, 1);
    /* Half read. */
    make_source(arena, 100000, false);
    struct weir_batch batch = {0};
    assert_int_equal(transform(arena, "SELECT id FROM STREAM s", &result), WEIR_OK);
    assert_int_equal(weir_result_next(result, &batch, &lake.err), WEIR_OK);
    weir_batch_release(&batch);
    weir_result_close(result);
    assert_int_equal(source.closed, 1);
    weir_arena_free(arena);
}

static void only_the_schema(void **state)
{
    weir_arena *arena = weir_arena_new();
    struct weir_stmt *stmts = NULL;
    struct weir_translation translation;
    size_t count = 0;
    (void)state;
    lake_ok(&lake, "CREATE TABLE d AS SELECT 1 AS id, 'x' AS label");
    make_source(arena, 1, false);
    kind = WEIR_INPUT_EMPTY;
    assert_int_equal(weir_sql_parse(arena, WEIR_STR("SELECT s.id, d.label, s.price * 2 AS p FROM STREAM s JOIN d ON d.id = s.id"), &stmts, &count, &lake.err), WEIR_OK);
    const struct weir_transform what = {.query = stmts[0].query, .input = give};
    if (weir_session_analyze(lake.session, arena, &what, &translation, &lake.err) != WEIR_OK) {
        fail_msg("%s", lake.err.msg);
    }
    struct weir_buf ddl;
    weir_buf_init(&ddl, 0);
    weir_schema_print_ddl(&ddl, translation.schema);
    assert_string_equal(ddl.data, "id BIGINT,label STRING,p DECIMAL(14,2)");
    assert_true(translation.joins);
    assert_false(translation.aggregates);
    weir_buf_free(&ddl);
    weir_arena_free(arena);
}

static void some_files_of_a_table(void **state)
{
    weir_arena *arena = weir_arena_new();
    weir_result *result = NULL;
    struct weir_target target;
    const struct weir_name name = {.parts = {WEIR_STR("t")}, .count = 1};
    (void)state;
    lake_ok(&lake, "CREATE TABLE t (id INT, p STRING) PARTITIONED BY (p); INSERT INTO t VALUES (1, 'a'); INSERT INTO t VALUES (2, 'b')");
    assert_int_equal(weir_session_target(lake.session, arena, &name, &target, &lake.err), WEIR_OK);
    assert_int_equal(weir_delta_snapshot(weir_engine_table(lake.engine, target.location), &snapshot, &lake.err), WEIR_OK);
    weir_object_free_options(&target.object);
    assert_int_equal(weir_snapshot_file_count(snapshot), 2);
    for (size_t i = 0; i < 2; i++) {
        if (strcmp(weir_snapshot_file(snapshot, i)->partition_values[0].value, "b") == 0) {
            some_files[0] = weir_snapshot_file(snapshot, i);
        }
    }
    kind = WEIR_INPUT_FILES;
    weir_buf_clear(&lake.rows);
    assert_int_equal(transform(arena, "SELECT * FROM STREAM t", &result), WEIR_OK);
    assert_int_equal(rows_print(result, &lake.rows, &lake.err), WEIR_OK);
    assert_string_equal(lake.rows.data, "{\"id\":2,\"p\":\"b\"}\n");
    weir_result_close(result);
    kind = WEIR_INPUT_SNAPSHOT;
    weir_buf_clear(&lake.rows);
    assert_int_equal(transform(arena, "SELECT max(s.id) AS a, max(b.id) AS b FROM STREAM t s CROSS JOIN t b", &result), WEIR_OK);
    assert_int_equal(rows_print(result, &lake.rows, &lake.err), WEIR_OK);
    assert_string_equal(lake.rows.data, "{\"a\":2,\"b\":2}\n");
    weir_result_close(result);
    weir_snapshot_unref(snapshot);
    weir_arena_free(arena);
}

/* Rows into a writer by name: casts, columns that are not there. */
static void written_by_name(void **state)
{
    weir_arena *arena = weir_arena_new();
    weir_result *result = NULL;
    weir_schema *schema = NULL;
    weir_snapshot *before = NULL;
    weir_delta_writer *writer = NULL;
    const struct weir_delta_writer_options options = {.codec = WEIR_CODEC_SNAPPY};
    int64_t rows = 0, version = 0;
    char path[128];
    (void)state;
    snprintf(path, sizeof path, "%s/out", lake.folder);
    assert_int_equal(weir_schema_parse_ddl(arena, WEIR_STR("extra DOUBLE, name STRING, id INT"), &schema, NULL), WEIR_OK);
    weir_delta *table = weir_engine_table(lake.engine, path);
    weir_txn *txn = weir_txn_begin(table, NULL);
    const struct weir_table_spec spec = {.schema = schema};
    assert_int_equal(weir_txn_create(txn, &spec, &lake.err), WEIR_OK);
    assert_int_equal(weir_txn_commit(txn, &version, &lake.err), WEIR_OK);
    weir_txn_free(txn);
    assert_int_equal(weir_delta_snapshot(table, &before, &lake.err), WEIR_OK);
    make_source(arena, 7000, false);
    assert_int_equal(transform(arena, "SELECT id, name FROM STREAM s WHERE flag", &result), WEIR_OK);
    assert_int_equal(weir_delta_writer_new(table, schema, NULL, 0, NULL, &options, &writer, &lake.err), WEIR_OK);
    if (weir_result_write(result, schema, true, writer, &rows, &lake.err) != WEIR_OK) {
        fail_msg("%s", lake.err.msg);
    }
    assert_int_equal(rows, 2334);
    weir_result_close(result);
    txn = weir_txn_begin(table, before);
    assert_int_equal(weir_delta_writer_finish(writer, txn, &lake.err), WEIR_OK);
    assert_int_equal(weir_txn_commit(txn, &version, &lake.err), WEIR_OK);
    weir_txn_free(txn);
    weir_snapshot_unref(before);
    lake_ok(&lake, "CREATE EXTERNAL LOCATION here URL '@/out'");
    lake_rows(&lake, "SELECT count(*) AS n, sum(id) AS s, count(extra) AS e, count(name) AS c FROM delta.`@/out`", "{\"n\":2334,\"s\":8167833,\"e\":0,\"c\":1867}\n");
    weir_arena_free(arena);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_lake, close_lake)
int main(void)
{
    const struct CMUnitTest tests[] = {TEST(batches_as_tables), TEST(errors_come_out_as_they_went_in), TEST(only_the_schema), TEST(some_files_of_a_table), TEST(written_by_name)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
