/* Statements end to end over a temporary lakehouse. */
#include "sqltest.h"

static struct lake lake;

static int open_lake(void **state)
{
    (void)state;
    lake_open(&lake, true, 0);
    lake_ok(&lake, "CREATE EXTERNAL LOCATION land URL '@/land'");
    lake_ok(&lake, "CREATE SCHEMA s; USE s");
    return 0;
}

static int close_lake(void **state)
{
    (void)state;
    lake_close(&lake);
    return 0;
}

static void values_of_every_type(void **state)
{
    (void)state;
    lake_rows(&lake, "SELECT 1 AS a, 'x' AS b, 1.50 AS c, CAST('2024-01-02 03:04:05.6' AS TIMESTAMP) AS t, array(1, NULL) AS l, named_struct('x', 1, 'y', array('z')) AS st, map('k', 1) AS m, "
                     "CAST(1 AS TINYINT) AS ti, CAST(2 AS SMALLINT) AS si, 3L AS bi, 1.5f AS f, 2.5d AS d, X'00ff' AS bin, DATE'2024-02-29' AS dt, true AS bo",
              "{\"a\":1,\"b\":\"x\",\"c\":\"1.50\",\"t\":\"2024-01-02T03:04:05.600000Z\",\"l\":[1,null],\"st\":{\"x\":1,\"y\":[\"z\"]},\"m\":[[\"k\",1]],"
              "\"ti\":1,\"si\":2,\"bi\":3,\"f\":1.5,\"d\":2.5,\"bin\":\"AP8=\",\"dt\":\"2024-02-29\",\"bo\":true}\n");
    /* The same through a table. */
    lake_ok(&lake, "CREATE TABLE types AS SELECT 1 AS a, 'x' AS b, 1.50 AS c, CAST('2024-01-02 03:04:05.6' AS TIMESTAMP) AS t, array(1, NULL) AS l, named_struct('x', 1, 'y', array('z')) AS st, "
                   "map('k', 1) AS m, CAST(1 AS TINYINT) AS ti, CAST(2 AS SMALLINT) AS si, 3L AS bi, 1.5f AS f, 2.5d AS d, X'00ff' AS bin, DATE'2024-02-29' AS dt, true AS bo");
    assert_int_equal(lake.written, 1);
    lake_rows(&lake, "SELECT * FROM types",
              "{\"a\":1,\"b\":\"x\",\"c\":\"1.50\",\"t\":\"2024-01-02T03:04:05.600000Z\",\"l\":[1,null],\"st\":{\"x\":1,\"y\":[\"z\"]},\"m\":[[\"k\",1]],"
              "\"ti\":1,\"si\":2,\"bi\":3,\"f\":1.5,\"d\":2.5,\"bin\":\"AP8=\",\"dt\":\"2024-02-29\",\"bo\":true}\n");
}

static void paths_into_json(void **state)
{
    (void)state;
    lake_rows(&lake, "SELECT j:a.b AS x, j:a:c[1] AS y, j:a['c'] AS z, j:`a`.c[0]::int + 1 AS n, j:nothing AS no, t.j:s AS s FROM VALUES ('{\"a\":{\"b\":1,\"c\":[2,\"q\"]},\"s\":\"t\"}') AS t(j)",
              "{\"x\":\"1\",\"y\":\"q\",\"z\":\"[2,\\\"q\\\"]\",\"n\":3,\"no\":null,\"s\":\"t\"}\n");
    lake_fails(&lake, "SELECT j:a[*] FROM VALUES ('{}') AS t(j)", WEIR_UNSUPPORTED, "VARIANT_UNSUPPORTED");
    lake_fails(&lake, "SELECT j:1 FROM VALUES ('{}') AS t(j)", WEIR_INVALID, "PARSE_SYNTAX_ERROR");
    lake_fails(&lake, "SELECT j:a FROM VALUES (array(1)) AS t(j)", WEIR_INVALID, "WRONG_NUM_ARGS");
}

static void event_logs(void **state)
{
    (void)state;
    lake_ok(&lake, "CREATE TABLE evt (id BIGINT); INSERT INTO evt VALUES (1)");
    lake_rows(&lake, "SELECT * FROM event_log('evt')", ""); /* nobody's flow */
    lake_rows(&lake, "SELECT count(*) AS n FROM event_log(TABLE(workspace.s.evt)) AS e WHERE e.level = 'ERROR'", "{\"n\":0}\n");
    lake_fails(&lake, "SELECT * FROM event_log('nothing')", WEIR_NOT_FOUND, "TABLE_OR_VIEW_NOT_FOUND");
    lake_fails(&lake, "SELECT * FROM event_log('evt, evt')", WEIR_INVALID, "NAME_PARTS");
    lake_fails(&lake, "SELECT * FROM event_log('(SELECT 1)')", WEIR_INVALID, "NAME_PARTS");
    lake_fails(&lake, "SELECT * FROM event_log('range(3)')", WEIR_INVALID, "NAME_PARTS");
    lake_fails(&lake, "SELECT * FROM event_log()", WEIR_INVALID, "WRONG_NUM_ARGS");
    lake_fails(&lake, "SELECT * FROM event_log('evt', 'evt')", WEIR_INVALID, "WRONG_NUM_ARGS");
    lake_ok(&lake, "DROP TABLE evt");
}

static void create_and_insert(void **state)
{
    (void)state;
    lake_ok(&lake, "CREATE TABLE t (id BIGINT NOT NULL, name STRING COMMENT 'who', ts TIMESTAMP) COMMENT 'people' TBLPROPERTIES ('my.key' = 'v')");
    lake_fails(&lake, "CREATE TABLE t (id INT)", WEIR_EXISTS, "TABLE_OR_VIEW_ALREADY_EXISTS");
    lake_ok(&lake, "CREATE TABLE IF NOT EXISTS t (id INT)");
    lake_rows(&lake, "SELECT * FROM t", "");
    lake_ok(&lake, "INSERT INTO t VALUES (1, 'a', TIMESTAMP'2024-01-01 00:00:00'), (2, NULL, NULL)");
    assert_int_equal(lake.written, 2);
    lake_ok(&lake, "INSERT INTO workspace.s.t (name, id) SELECT id, id FROM range(3, 5)");
    lake_ok(&lake, "INSERT INTO t BY NAME SELECT 'n' AS name, 9 AS id");
    lake_rows(&lake, "SELECT * FROM s.t ORDER BY id",
              "{\"id\":1,\"name\":\"a\",\"ts\":\"2024-01-01T00:00:00.000000Z\"}\n{\"id\":2,\"name\":null,\"ts\":null}\n{\"id\":3,\"name\":\"3\",\"ts\":null}\n"
              "{\"id\":4,\"name\":\"4\",\"ts\":null}\n{\"id\":9,\"name\":\"n\",\"ts\":null}\n");
    lake_rows(&lake, "SELECT count(*) AS n FROM t VERSION AS OF 1", "{\"n\":2}\n");
    lake_rows(&lake, "SELECT a.n AS x, b.n AS y FROM (SELECT count(*) AS n FROM t VERSION AS OF 0) a, (SELECT count(*) AS n FROM t) b", "{\"x\":0,\"y\":5}\n");
    lake_fails(&lake, "SELECT count(*) AS n FROM t TIMESTAMP AS OF '2999-01-01'", WEIR_INVALID, "DELTA_TIMESTAMP_TOO_LATE");
    lake_fails(&lake, "SELECT * FROM t TIMESTAMP AS OF 'soon'", WEIR_INVALID, "INVALID_TIME_TRAVEL_TIMESTAMP_EXPR");
    lake_fails(&lake, "SELECT * FROM t VERSION AS OF 77", WEIR_NOT_FOUND, "DELTA_VERSION_NOT_FOUND");
    lake_fails(&lake, "SELECT * FROM t TIMESTAMP AS OF '2001-01-01'", WEIR_NOT_FOUND, "DELTA_TIMESTAMP_TOO_EARLY");
    lake_ok(&lake, "INSERT OVERWRITE t VALUES (7, 'only', NULL)");
    lake_rows(&lake, "SELECT id FROM t", "{\"id\":7}\n");
    lake_rows(&lake, "SELECT count(*) AS n FROM t VERSION AS OF 3", "{\"n\":5}\n");
}

static void what_insert_refuses(void **state)
{
    (void)state;
    lake_ok(&lake, "CREATE TABLE t (id INT NOT NULL, d DATE, s STRING, x DECIMAL(5,2))");
    lake_fails(&lake, "INSERT INTO t VALUES ('1', NULL, 's', 1)", WEIR_INVALID, "INCOMPATIBLE_DATA_FOR_TABLE.CANNOT_SAFELY_CAST");
    lake_fails(&lake, "INSERT INTO t VALUES (1, '2024-01-01', 's', 1)", WEIR_INVALID, "INCOMPATIBLE_DATA_FOR_TABLE.CANNOT_SAFELY_CAST");
    lake_fails(&lake, "INSERT INTO t VALUES (true, NULL, 's', 1)", WEIR_INVALID, "INCOMPATIBLE_DATA_FOR_TABLE.CANNOT_SAFELY_CAST");
    lake_fails(&lake, "INSERT INTO t VALUES (1, NULL, 's')", WEIR_INVALID, "INSERT_COLUMN_ARITY_MISMATCH.NOT_ENOUGH_DATA_COLUMNS");
    lake_fails(&lake, "INSERT INTO t VALUES (1, NULL, 's', 1, 1)", WEIR_INVALID, "INSERT_COLUMN_ARITY_MISMATCH.TOO_MANY_DATA_COLUMNS");
    lake_fails(&lake, "INSERT INTO t BY NAME SELECT 1 AS id, 2 AS nope", WEIR_INVALID, "INCOMPATIBLE_DATA_FOR_TABLE.EXTRA_COLUMNS");
    lake_fails(&lake, "INSERT INTO t (id, nope) VALUES (1, 2)", WEIR_INVALID, "UNRESOLVED_COLUMN");
    lake_fails(&lake, "INSERT INTO t SELECT 3000000000, NULL, 's', 1", WEIR_INVALID, "CAST_OVERFLOW_IN_TABLE_INSERT");
    lake_fails(&lake, "INSERT INTO t (d) VALUES (DATE'2024-01-01')", WEIR_INVALID, "NOT_NULL_VIOLATED");
    lake_rows(&lake, "SELECT * FROM t", "");
    lake_ok(&lake, "INSERT INTO t VALUES (1.9d, TIMESTAMP'2024-05-06 07:08:09', 12.5, 1.005)");
    lake_rows(&lake, "SELECT * FROM t", "{\"id\":1,\"d\":\"2024-05-06\",\"s\":\"12.5\",\"x\":\"1.01\"}\n");
    lake_rows(&lake, "SELECT version, operation FROM (SELECT 1 AS version, 'x' AS operation)", "{\"version\":1,\"operation\":\"x\"}\n");
    lake_ok(&lake, "DESCRIBE HISTORY t");
    assert_null(strstr(lake.rows.data, "\"version\":2"));
}

static void partitioned(void **state)
{
    (void)state;
    lake_ok(&lake, "CREATE TABLE p (id INT, d DATE, s STRING) PARTITIONED BY (d, s)");
    lake_ok(&lake, "INSERT INTO p VALUES (1, DATE'2024-01-01', 'a''b/c=%'), (2, NULL, ''), (3, DATE'2024-01-01', NULL)");
    lake_rows(&lake, "SELECT * FROM p ORDER BY id", "{\"id\":1,\"d\":\"2024-01-01\",\"s\":\"a'b/c=%\"}\n{\"id\":2,\"d\":null,\"s\":null}\n{\"id\":3,\"d\":\"2024-01-01\",\"s\":null}\n");
    lake_rows(&lake, "SELECT id FROM p WHERE d = DATE'2024-01-01' AND s LIKE 'a%'", "{\"id\":1}\n");
    /* More partitions than are read one by one. */
    lake_ok(&lake, "INSERT INTO p SELECT CAST(id AS INT), date_add(DATE'2025-01-01', CAST(id AS INT)), concat('x', id) FROM range(200)");
    lake_rows(&lake, "SELECT count(*) AS n, sum(id) AS t, min(d) AS a, max(d) AS z, count(DISTINCT s) AS s FROM p", "{\"n\":203,\"t\":19906,\"a\":\"2024-01-01\",\"z\":\"2025-07-19\",\"s\":201}\n");
    lake_rows(&lake, "SELECT id, d, s FROM p WHERE s = 'x31'", "{\"id\":31,\"d\":\"2025-02-01\",\"s\":\"x31\"}\n");
    lake_rows(&lake, "SELECT a.id FROM p a JOIN p b ON a.id = b.id + 199 AND b.s = 'x0'", "{\"id\":199}\n");
    lake_ok(&lake, "DESCRIBE p");
    assert_non_null(strstr(lake.rows.data, "# Partition Information"));
}

static void text_tables(void **state)
{
    (void)state;
    lake_file(&lake, "land/ev/a [1]*.csv", "id,name,price,ts\n1,a,1.5,2024-01-01 00:00:00\n2,\"b, c\",x,2024-01-01T00:00:00Z\n");
    lake_file(&lake, "land/ev/b.csv", "id,name,price,ts\n3,c,,\n");
    lake_ok(&lake, "CREATE TABLE ev (id BIGINT, name STRING, price DOUBLE, ts TIMESTAMP) USING csv OPTIONS (header 'true') LOCATION '@/land/ev'");
    lake_rows(&lake, "SELECT * FROM ev ORDER BY id", "{\"id\":1,\"name\":\"a\",\"price\":1.5,\"ts\":\"2024-01-01T00:00:00.000000Z\"}\n"
                                                     "{\"id\":2,\"name\":\"b, c\",\"price\":null,\"ts\":\"2024-01-01T00:00:00.000000Z\"}\n{\"id\":3,\"name\":\"c\",\"price\":null,\"ts\":null}\n");
    lake_rows(&lake, "SELECT count(*) AS n FROM ev", "{\"n\":3}\n");
    lake_rows(&lake, "SELECT a.id, b._metadata.file_name AS f FROM ev a JOIN ev b ON a.id = b.id AND a.id = 3", "{\"id\":3,\"f\":\"b.csv\"}\n");
    lake_rows(&lake, "WITH x AS (SELECT * FROM ev) SELECT count(*) AS n FROM x a, x b", "{\"n\":9}\n");
    lake_ok(&lake, "CREATE TABLE bronze AS SELECT *, _metadata.file_size AS size FROM ev");
    lake_rows(&lake, "SELECT sum(size) AS n FROM bronze", "{\"n\":177}\n");
    lake_rows(&lake, "SELECT * FROM read_files('@/land/ev/b.csv', format => 'csv', header => true, schema => 'id INT, name STRING, price STRING, ts STRING')",
              "{\"id\":3,\"name\":\"c\",\"price\":null,\"ts\":null}\n");
    lake_fails(&lake, "SELECT * FROM read_files('@/land/ev', format => 'csv', header => true, mode => 'FAILFAST', schema => 'id INT, name STRING, price DOUBLE, ts TIMESTAMP')", WEIR_INVALID,
               "MALFORMED_RECORD");
    lake_fails(&lake, "SELECT * FROM read_files('/etc', format => 'csv', schema => 'a INT')", WEIR_DENIED, "PATH_NOT_REGISTERED");
    lake_rows(&lake, "SELECT id + 1 AS n FROM read_files('@/land/ev/b.csv', format => 'csv', header => true)", "{\"n\":4}\n");
    lake_rows(&lake, "SELECT id || '' AS n FROM read_files('@/land/ev/b.csv', format => 'csv', header => true, schemaHints => 'id STRING')", "{\"n\":\"3\"}\n");
    lake_rows(&lake, "SELECT count(*) AS n FROM csv.`@/land/ev/b.csv`", "{\"n\":2}\n");
    lake_fails(&lake, "SELECT * FROM read_files('@/land/ev', format => 'csv', schemaHints => 'nope INT')", WEIR_NOT_FOUND, "SCHEMA_HINT_UNKNOWN");
    lake_fails(&lake, "SELECT * FROM read_files('@/land/ev')", WEIR_INVALID, "WRONG_NUM_ARGS");
    lake_fails(&lake, "INSERT INTO ev VALUES (1, 'a', 1, NULL)", WEIR_UNSUPPORTED, "INSERT_TEXT_TABLE");
    lake_fails(&lake, "CREATE TABLE bad (a INT) USING csv OPTIONS (hedaer 'true') LOCATION '@/land/x'", WEIR_INVALID, "OPTION_UNKNOWN");
    lake_fails(&lake, "SELECT * FROM STREAM ev", WEIR_INVALID, "STREAM_OUTSIDE_OF_PIPELINE");
    lake_ok(&lake, "SHOW CREATE TABLE ev");
    assert_non_null(strstr(lake.rows.data, "USING csv"));
}

static void external_tables(void **state)
{
    (void)state;
    lake_fails(&lake, "CREATE TABLE x (a INT) LOCATION '/tmp/weir_nowhere_registered'", WEIR_DENIED, "PATH_NOT_REGISTERED");
    lake_ok(&lake, "CREATE TABLE x (a INT) LOCATION '@/land/x'; INSERT INTO x VALUES (1)");
    lake_rows(&lake, "SELECT * FROM delta.`@/land/x`", "{\"a\":1}\n");
    lake_ok(&lake, "DROP TABLE x");
    lake_fails(&lake, "SELECT * FROM x", WEIR_NOT_FOUND, "TABLE_OR_VIEW_NOT_FOUND");
    lake_fails(&lake, "CREATE TABLE x (a STRING) LOCATION '@/land/x'", WEIR_INVALID, "DELTA_CREATE_TABLE_SCHEME_MISMATCH");
    lake_ok(&lake, "CREATE TABLE x LOCATION '@/land/x'");
    lake_rows(&lake, "SELECT * FROM x", "{\"a\":1}\n");
    lake_ok(&lake, "CREATE TABLE delta.`@/land/y` (a INT); INSERT INTO delta.`@/land/y` VALUES (5)");
    lake_rows(&lake, "SELECT * FROM delta.`@/land/y`", "{\"a\":5}\n");
    lake_fails(&lake, "CREATE TABLE delta.`@/land/y` (a INT)", WEIR_EXISTS, "DELTA_TABLE_ALREADY_EXISTS");
    lake_fails(&lake, "SELECT * FROM delta.`@/land/none`", WEIR_NOT_FOUND, "DELTA_TABLE_NOT_FOUND");
}

static void dropping(void **state)
{
    struct weir_target target;
    struct weir_file_info info;
    const struct weir_name name = {.parts = {WEIR_STR("T")}, .count = 1};
    weir_arena *arena = weir_arena_new();
    (void)state;
    lake_ok(&lake, "CREATE TABLE t AS SELECT 1 AS a");
    assert_int_equal(weir_session_target(lake.session, arena, &name, &target, &lake.err), WEIR_OK);
    assert_string_equal(target.full_name, "workspace.s.t");
    assert_int_equal(weir_fs_stat(weir_fs_posix(), target.location, &info, NULL), WEIR_OK);
    lake_fails(&lake, "DROP SCHEMA s", WEIR_INVALID, "SCHEMA_NOT_EMPTY");
    lake_ok(&lake, "DROP TABLE t");
    assert_int_equal(weir_fs_stat(weir_fs_posix(), target.location, &info, NULL), WEIR_NOT_FOUND);
    lake_fails(&lake, "DROP TABLE t", WEIR_NOT_FOUND, "TABLE_NOT_FOUND");
    lake_ok(&lake, "DROP TABLE IF EXISTS t; DROP SCHEMA s CASCADE; DROP SCHEMA IF EXISTS s");
    lake_rows(&lake, "SHOW SCHEMAS", "{\"namespace\":\"default\"}\n");
    weir_object_free_options(&target.object);
    weir_arena_free(arena);
}

static void lists(void **state)
{
    (void)state;
    lake_ok(&lake, "CREATE TABLE t (a INT, b STRING); CREATE TABLE u (a INT); CREATE VOLUME v COMMENT 'files'");
    lake_rows(&lake, "SHOW TABLES", "{\"namespace\":\"s\",\"tableName\":\"t\",\"isTemporary\":false}\n{\"namespace\":\"s\",\"tableName\":\"u\",\"isTemporary\":false}\n");
    lake_rows(&lake, "SHOW TABLES IN s LIKE 'u*|x'", "{\"namespace\":\"s\",\"tableName\":\"u\",\"isTemporary\":false}\n");
    lake_rows(&lake, "SHOW CATALOGS", "{\"catalog\":\"workspace\"}\n");
    lake_rows(&lake, "SHOW VOLUMES", "{\"database\":\"s\",\"volume_name\":\"v\"}\n");
    lake_rows(&lake, "SHOW COLUMNS IN t", "{\"col_name\":\"a\"}\n{\"col_name\":\"b\"}\n");
    lake_rows(&lake, "DESCRIBE t", "{\"col_name\":\"a\",\"data_type\":\"int\",\"comment\":null}\n{\"col_name\":\"b\",\"data_type\":\"string\",\"comment\":null}\n");
    lake_rows(&lake, "DESCRIBE QUERY SELECT 1 AS a, sum(a) AS b FROM t GROUP BY a",
              "{\"col_name\":\"a\",\"data_type\":\"int\",\"comment\":null}\n{\"col_name\":\"b\",\"data_type\":\"bigint\",\"comment\":null}\n");
    lake_ok(&lake, "DESCRIBE DETAIL t");
    assert_non_null(strstr(lake.rows.data, "\"format\":\"delta\""));
    assert_non_null(strstr(lake.rows.data, "\"numFiles\":0"));
    lake_ok(&lake, "INSERT INTO t VALUES (1, 'x'); DESCRIBE HISTORY t");
    assert_non_null(strstr(lake.rows.data, "\"operation\":\"WRITE\",\"operationParameters\":[[\"mode\",\"Append\"],[\"partitionBy\",\"[]\"]]"));
    assert_non_null(strstr(lake.rows.data, "[\"numOutputRows\",\"1\"]"));
    assert_non_null(strstr(lake.rows.data, "\"operation\":\"CREATE TABLE\""));
    lake_ok(&lake, "DESCRIBE EXTENDED t");
    assert_non_null(strstr(lake.rows.data, "\"col_name\":\"Type\",\"data_type\":\"MANAGED\""));
    lake_ok(&lake, "EXPLAIN SELECT * FROM t");
    assert_non_null(strstr(lake.rows.data, "read_parquet"));
    lake_fails(&lake, "SHOW PARTITIONS t", WEIR_UNSUPPORTED, "STATEMENT_UNSUPPORTED");
    lake_fails(&lake, "USE nowhere", WEIR_NOT_FOUND, "SCHEMA_NOT_FOUND");
}

static void settings(void **state)
{
    (void)state;
    lake_rows(&lake, "SET spark.sql.shuffle.partitions = 5", "{\"key\":\"spark.sql.shuffle.partitions\",\"value\":\"5\"}\n");
    lake_rows(&lake, "SET spark.sql.shuffle.partitions", "{\"key\":\"spark.sql.shuffle.partitions\",\"value\":\"5\"}\n");
    lake_ok(&lake, "RESET");
    lake_rows(&lake, "SET spark.sql.shuffle.partitions", "{\"key\":\"spark.sql.shuffle.partitions\",\"value\":\"<undefined>\"}\n");
    lake_rows(&lake, "SET spark.sql.session.timeZone", "{\"key\":\"spark.sql.session.timeZone\",\"value\":\"UTC\"}\n");
    lake_ok(&lake, "SET TIME ZONE 'UTC'");
    lake_fails(&lake, "SET spark.sql.session.timeZone = Europe/Berlin", WEIR_UNSUPPORTED, "SETTING_VALUE_UNSUPPORTED");
    lake_fails(&lake, "SET spark.sql.ansi.enabled = false", WEIR_UNSUPPORTED, "SETTING_VALUE_UNSUPPORTED");
    lake_fails(&lake, "SET foo = 1", WEIR_INVALID, "SETTING_UNKNOWN");
}

static void errors_in_words(void **state)
{
    (void)state;
    lake_fails(&lake, "SELECT 1 / 0", WEIR_INVALID, "DIVIDE_BY_ZERO");
    lake_fails(&lake, "SELECT CAST('x' AS INT)", WEIR_INVALID, "CAST_INVALID_INPUT");
    lake_fails(&lake, "SELECT CAST(300 AS TINYINT)", WEIR_INVALID, "CAST_OVERFLOW");
    lake_fails(&lake, "SELECT 2147483647 + 1", WEIR_INVALID, "ARITHMETIC_OVERFLOW");
    lake_fails(&lake, "SELECT raise_error('boo')", WEIR_INVALID, "USER_RAISED_EXCEPTION");
    assert_non_null(strstr(lake.err.msg, "boo"));
    lake_fails(&lake, "SELECT *\n  FROM nope", WEIR_NOT_FOUND, "TABLE_OR_VIEW_NOT_FOUND");
    assert_int_equal(lake.err.line, 2);
    assert_int_equal(lake.err.column, 8);
    lake_fails(&lake, "CREATE MATERIALIZED VIEW mv AS SELECT 1 AS a", WEIR_UNSUPPORTED, "PIPELINE_STATEMENT");
    lake_fails(&lake, "SELECT * FROM read_csv('/etc/passwd')", WEIR_UNSUPPORTED, "TABLE_FUNCTION_UNSUPPORTED");
    lake_fails(&lake, "CREATE TABLE t AS SELECT TIMESTAMP_NTZ'2024-01-01 00:00:00' AS a", WEIR_UNSUPPORTED, "CTAS_TIMESTAMP_NTZ_UNSUPPORTED");
    lake_fails(&lake, "CREATE TABLE t AS SELECT NULL AS a", WEIR_UNSUPPORTED, "CTAS_COLUMN_TYPE");
    lake_rows(&lake, "SHOW TABLES", "");
    /* A failed CREATE TABLE AS leaves nothing, neither a row nor a folder. */
    lake_fails(&lake, "CREATE TABLE t AS SELECT 1 / (id - 2) AS a FROM range(5)", WEIR_INVALID, "DIVIDE_BY_ZERO");
    lake_rows(&lake, "SHOW TABLES", "");
    lake_ok(&lake, "CREATE TABLE t AS SELECT 1 AS a");
}

/* A data file that is gone is named. */
static weir_rc remove_parquet(void *arg, const char *name, const struct weir_file_info *info, struct weir_error *err)
{
    (void)info;
    return weir_str_ends(weir_str(name), ".parquet") ? weir_fs_unlink(weir_fs_posix(), weir_arena_printf(arg, "%s/land/gone/%s", lake.folder, name), err) : WEIR_OK;
}

static void missing_file(void **state)
{
    weir_arena *arena = weir_arena_new();
    (void)state;
    lake_ok(&lake, "CREATE TABLE gone (a INT) LOCATION '@/land/gone'; INSERT INTO gone VALUES (1)");
    assert_int_equal(weir_fs_list(weir_fs_posix(), lake_text(&lake, "@/land/gone"), remove_parquet, arena, &lake.err), WEIR_OK);
    lake_fails(&lake, "SELECT * FROM gone", WEIR_NOT_FOUND, "FAILED_READ_FILE.FILE_NOT_EXIST");
    assert_non_null(strstr(lake.err.msg, "/land/gone/"));
    weir_arena_free(arena);
}

/* Folder names that a glob would take for patterns. */
static void odd_folders(void **state)
{
    (void)state;
    lake_ok(&lake, "CREATE TABLE delta.`@/land/x[1]*?y z` AS SELECT 1 AS id; CREATE TABLE delta.`@/land/x1ay z` AS SELECT 2 AS id");
    lake_rows(&lake, "SELECT * FROM delta.`@/land/x[1]*?y z`", "{\"id\":1}\n");
    lake_rows(&lake, "SELECT * FROM delta.`@/land/x1ay z`", "{\"id\":2}\n");
}

static void without_a_lakehouse(void **state)
{
    struct lake plain;
    (void)state;
    lake_open(&plain, false, 0);
    lake_fails(&plain, "SELECT * FROM a.b", WEIR_INVALID, "LAKEHOUSE_NEEDED");
    lake_fails(&plain, "SHOW TABLES", WEIR_INVALID, "LAKEHOUSE_NEEDED");
    lake_fails(&plain, "CREATE TABLE t (a INT)", WEIR_INVALID, "LAKEHOUSE_NEEDED");
    lake_ok(&plain, "CREATE TABLE delta.`@/t` AS SELECT id FROM range(5)");
    lake_rows(&plain, "SELECT sum(id) AS s FROM delta.`@/t`", "{\"s\":10}\n");
    lake_close(&plain);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_lake, close_lake)
int main(void)
{
    const struct CMUnitTest tests[] = {TEST(values_of_every_type), TEST(paths_into_json), TEST(event_logs), TEST(create_and_insert), TEST(what_insert_refuses), TEST(partitioned), TEST(text_tables), TEST(external_tables), TEST(dropping),
                                       TEST(lists), TEST(settings), TEST(errors_in_words), TEST(missing_file), TEST(odd_folders), TEST(without_a_lakehouse)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
