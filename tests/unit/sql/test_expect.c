/* Expectations: rows of a query parted into a table, its quarantine, and nowhere; what is counted, and the error of FAIL UPDATE. */
#include "sqltest.h"
#include <stdio.h>

static struct lake lake;

static int open_lake(void **state)
{
    (void)state;
    lake_open(&lake, true, 0);
    lake_ok(&lake, "CREATE SCHEMA workspace.s; USE SCHEMA s;"
                   "CREATE TABLE t (id BIGINT, name STRING, list ARRAY<BIGINT>);"
                   "CREATE TABLE q (id BIGINT, _failed_expectations ARRAY<STRING>, name STRING, list ARRAY<BIGINT>, _batch_id BIGINT, note STRING)");
    return 0;
}

static int close_lake(void **state)
{
    (void)state;
    lake_close(&lake);
    return 0;
}

#define ROWS "SELECT id, name, list FROM VALUES (1, 'a', array(1)), (2, NULL, NULL), (-3, 'c', array(4, 5)), (NULL, 'd', NULL), (-5, NULL, array()) AS v(id, name, list)"

static weir_delta *table_of(const char *name, weir_arena *arena, weir_snapshot **snapshot)
{
    struct weir_stmt *stmts = NULL;
    size_t count = 0;
    struct weir_table_ref *refs = NULL;
    struct weir_target target;
    char sql[64];
    snprintf(sql, sizeof sql, "SELECT * FROM %s", name);
    assert_int_equal(weir_sql_parse(arena, weir_str(weir_arena_strdup(arena, sql)), &stmts, &count, &lake.err), WEIR_OK);
    assert_int_equal(weir_sql_tables(arena, stmts[0].query, &refs, &count, &lake.err), WEIR_OK);
    assert_int_equal(weir_session_target(lake.session, arena, &refs[0].name, &target, &lake.err), WEIR_OK);
    weir_object_free_options(&target.object);
    weir_delta *table = weir_engine_table(lake.engine, target.location);
    assert_int_equal(weir_delta_snapshot(table, snapshot, &lake.err), WEIR_OK);
    return table;
}

static weir_delta_writer *writer_of(weir_delta *table, weir_snapshot *snapshot)
{
    weir_delta_writer *writer = NULL;
    assert_int_equal(weir_delta_writer_new(table, weir_snapshot_metadata(snapshot)->schema, NULL, 0, NULL, NULL, &writer, &lake.err), WEIR_OK);
    return writer;
}

static void commit(weir_delta *table, weir_snapshot *snapshot, weir_delta_writer *writer)
{
    int64_t version = 0;
    weir_txn *txn = weir_txn_begin(table, snapshot);
    assert_int_equal(weir_delta_writer_finish(writer, txn, &lake.err), WEIR_OK);
    assert_int_equal(weir_txn_commit(txn, &version, &lake.err), WEIR_OK);
    weir_txn_free(txn);
    weir_snapshot_unref(snapshot);
}

/* The rows of `query` through the expectations into t and q. */
static weir_rc write_rows(const char *query, const struct weir_expectation *items, size_t count, struct weir_quality *quality, weir_arena *arena)
{
    struct weir_stmt *stmts = NULL;
    size_t statements = 0;
    weir_result *result = NULL;
    weir_snapshot *t = NULL, *q = NULL;
    weir_delta *table = table_of("t", arena, &t), *quarantine = table_of("q", arena, &q);
    const struct weir_expectations expectations = {.items = items, .count = count, .dataset = "workspace.s.t"};
    const struct weir_check_target target = {.schema = weir_snapshot_metadata(t)->schema, .writer = writer_of(table, t), .quarantine_schema = weir_snapshot_metadata(q)->schema,
                                             .quarantine = writer_of(quarantine, q), .batch_id = 7, .unit = "batch 7"};
    assert_int_equal(weir_sql_parse(arena, weir_str(query), &stmts, &statements, &lake.err), WEIR_OK);
    const struct weir_transform transform = {.query = stmts[0].query};
    assert_int_equal(weir_session_transform(lake.session, &transform, &result, &lake.err), WEIR_OK);
    weir_quality_init(quality, &expectations, arena);
    weir_rc rc = weir_result_write_checked(result, &expectations, &target, quality, &lake.err);
    weir_result_close(result);
    if (rc != WEIR_OK) {
        weir_delta_writer_abort(target.writer);
        weir_delta_writer_abort(target.quarantine);
        weir_snapshot_unref(t);
        weir_snapshot_unref(q);
        return rc;
    }
    commit(table, t, target.writer);
    commit(quarantine, q, target.quarantine);
    return rc;
}

static void rows_are_parted(void **state)
{
    (void)state;
    static const struct weir_expectation items[] = {
        {"positive", "id > 0", WEIR_VIOLATION_QUARANTINE}, {"named", "name IS NOT NULL", WEIR_VIOLATION_KEEP}, {"short list", "size(list) < 2 -- a comment", WEIR_VIOLATION_DROP}};
    struct weir_quality quality;
    struct weir_buf json;
    weir_arena *arena = weir_arena_new();
    assert_int_equal(write_rows(ROWS, items, 3, &quality, arena), WEIR_OK);
    /* size(NULL) is NULL, and NULL is no TRUE: row 2 is dropped */
    lake_rows(&lake, "SELECT * FROM t ORDER BY id", "{\"id\":1,\"name\":\"a\",\"list\":[1]}\n");
    lake_rows(&lake, "SELECT id, name, list, _failed_expectations AS f, _batch_id AS b, note FROM q ORDER BY id",
              "{\"id\":null,\"name\":\"d\",\"list\":null,\"f\":[\"positive\",\"short list\"],\"b\":7,\"note\":null}\n"
              "{\"id\":-5,\"name\":null,\"list\":[],\"f\":[\"positive\",\"named\"],\"b\":7,\"note\":null}\n"
              "{\"id\":-3,\"name\":\"c\",\"list\":[4,5],\"f\":[\"positive\",\"short list\"],\"b\":7,\"note\":null}\n");
    assert_int_equal(quality.rows, 5);
    assert_int_equal(quality.written, 1);
    assert_int_equal(quality.dropped, 4);
    assert_int_equal(quality.quarantined, 3);
    assert_int_equal(quality.kept, 0);
    weir_buf_init(&json, 0);
    weir_quality_print(&json, &(struct weir_expectations){.items = items, .count = 3, .dataset = "workspace.s.t"}, &quality);
    assert_string_equal(json.data, "{\"dropped_records\":4,\"quarantined_records\":3,\"expectations\":["
                                   "{\"name\":\"positive\",\"dataset\":\"workspace.s.t\",\"passed_records\":2,\"failed_records\":3,\"dropped_records\":3},"
                                   "{\"name\":\"named\",\"dataset\":\"workspace.s.t\",\"passed_records\":3,\"failed_records\":2,\"dropped_records\":0},"
                                   "{\"name\":\"short list\",\"dataset\":\"workspace.s.t\",\"passed_records\":2,\"failed_records\":3,\"dropped_records\":3}]}");
    char text[96];
    weir_quality_summary(&quality, text, sizeof text);
    assert_string_equal(text, "1 dropped, 3 quarantined");
    weir_buf_free(&json);
    weir_arena_free(arena);
}

static void rows_are_kept_and_counted(void **state)
{
    (void)state;
    static const struct weir_expectation items[] = {{"named", "name IS NOT NULL", WEIR_VIOLATION_KEEP}};
    struct weir_quality quality;
    char text[96];
    weir_arena *arena = weir_arena_new();
    lake_ok(&lake, "DROP TABLE t; CREATE TABLE t (id BIGINT, name STRING, list ARRAY<BIGINT>)");
    /* more rows than a vector of the engine holds, and columns by name */
    assert_int_equal(write_rows("SELECT CASE WHEN id % 10 <> 0 THEN 'n' END AS name, id FROM range(10000)", items, 1, &quality, arena), WEIR_OK);
    lake_rows(&lake, "SELECT count(*) AS n, count(name) AS named, count(DISTINCT id) AS ids FROM t", "{\"n\":10000,\"named\":9000,\"ids\":10000}\n");
    assert_int_equal(quality.rows, 10000);
    assert_int_equal(quality.written, 10000);
    assert_int_equal(quality.kept, 1000);
    assert_int_equal(quality.failed[0], 1000);
    weir_quality_summary(&quality, text, sizeof text);
    assert_string_equal(text, "1000 kept in violation");
    weir_arena_free(arena);
}

static void the_update_fails(void **state)
{
    (void)state;
    static const struct weir_expectation items[] = {
        {"named", "name IS NOT NULL", WEIR_VIOLATION_DROP}, {"small", "id\n< 4990", WEIR_VIOLATION_FAIL}, {"even", "id % 2 = 0 OR id < 4999", WEIR_VIOLATION_FAIL}};
    struct weir_quality quality;
    weir_arena *arena = weir_arena_new();
    lake_ok(&lake, "DROP TABLE t; CREATE TABLE t (id BIGINT, name STRING, list ARRAY<BIGINT>)");
    assert_int_equal(write_rows("SELECT id, repeat('\xc3\xa9', 2000) AS name FROM range(5000)", items, 3, &quality, arena), WEIR_INVALID);
    assert_string_equal(lake.err.condition, "EXPECTATION_VIOLATION");
    assert_non_null(strstr(lake.err.msg, "workspace.s.t: 10 of 5000 rows violate the expectation small EXPECT (id < 4990) ON VIOLATION FAIL UPDATE, 1 violate even; the first of them: {\"id\":4990,\"name\":\"\xc3\xa9"));
    assert_non_null(strstr(lake.err.msg, "\xc3\xa9..; nothing of batch 7 was written"));
    assert_true(weir_utf8_valid(lake.err.msg, strlen(lake.err.msg)));
    lake_rows(&lake, "SELECT count(*) AS n FROM t", "{\"n\":0}\n");
    weir_arena_free(arena);
}

static void what_cannot_be(void **state)
{
    (void)state;
    static const struct weir_expectation unknown[] = {{"c", "nothing > 0", WEIR_VIOLATION_KEEP}}, runtime[] = {{"c", "CAST(name AS INT) > 0", WEIR_VIOLATION_KEEP}},
                                         aside[] = {{"c", "id > 0", WEIR_VIOLATION_QUARANTINE}};
    struct weir_quality quality;
    weir_arena *arena = weir_arena_new();
    assert_int_not_equal(write_rows(ROWS, unknown, 1, &quality, arena), WEIR_OK);
    assert_true(weir_str_starts(weir_str(lake.err.condition), "UNRESOLVED_COLUMN"));
    assert_int_not_equal(write_rows(ROWS, runtime, 1, &quality, arena), WEIR_OK);
    assert_string_equal(lake.err.condition, "CAST_INVALID_INPUT");
    lake_ok(&lake, "DROP TABLE q; CREATE TABLE q (id STRING, _failed_expectations ARRAY<STRING>, _batch_id BIGINT)");
    assert_int_equal(write_rows(ROWS, aside, 1, &quality, arena), WEIR_INVALID);
    assert_string_equal(lake.err.condition, "QUARANTINE_SCHEMA_MISMATCH");
    weir_arena_free(arena);
}

static void the_quarantine_has_two_columns_more(void **state)
{
    (void)state;
    weir_arena *arena = weir_arena_new();
    weir_schema *schema = NULL;
    struct weir_buf ddl;
    weir_buf_init(&ddl, 0);
    assert_int_equal(weir_schema_parse_ddl(arena, WEIR_STR("a BIGINT NOT NULL, b STRING"), &schema, NULL), WEIR_OK);
    weir_schema_print_ddl(&ddl, weir_quarantine_schema(arena, schema));
    assert_string_equal(ddl.data, "a BIGINT,b STRING,_failed_expectations ARRAY<STRING>,_batch_id BIGINT");
    weir_buf_free(&ddl);
    weir_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_are_parted), cmocka_unit_test(rows_are_kept_and_counted), cmocka_unit_test(the_update_fails), cmocka_unit_test(what_cannot_be),
                                       cmocka_unit_test(the_quarantine_has_two_columns_more)};
    return cmocka_run_group_tests(tests, open_lake, close_lake);
}
