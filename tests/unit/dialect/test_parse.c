/* Statements: how a script is cut, what each statement becomes, where errors point. */
#include "dialect/dialect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static weir_arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = weir_arena_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    weir_arena_free(arena);
    return 0;
}

static struct weir_stmt *parse(const char *sql, size_t expected)
{
    struct weir_stmt *stmts = NULL;
    size_t count = 0;
    struct weir_error err = {0};
    const weir_rc rc = weir_sql_parse(arena, weir_str(sql), &stmts, &count, &err);
    if (rc != WEIR_OK) {
        print_error("%s\n%s: %s\n", sql, err.condition, err.msg);
    }
    assert_int_equal(rc, WEIR_OK);
    assert_int_equal(count, expected);
    return stmts;
}

static void fails(const char *sql, weir_rc code, const char *condition, int64_t line, int64_t column)
{
    struct weir_stmt *stmts = NULL;
    size_t count = 0;
    struct weir_error err = {0};
    const weir_rc rc = weir_sql_parse(arena, weir_str(sql), &stmts, &count, &err);
    if (rc != code || strcmp(err.condition, condition) != 0 || err.line != line || err.column != column) {
        print_error("%s\ngot %s %s at %lld:%lld %s\n", sql, weir_rc_name(rc), err.condition, (long long)err.line, (long long)err.column, err.msg);
    }
    assert_int_equal(rc, code);
    assert_string_equal(err.condition, condition);
    assert_int_equal(err.line, line);
    assert_int_equal(err.column, column);
}

static void text_is(struct weir_str text, const char *expected)
{
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.ptr, expected, text.len);
}

static void splits_outside_strings_and_comments(void **state)
{
    (void)state;
    struct weir_stmt *s = parse("-- a ; in a comment\n/* ; /* nested ; */ ; */\nSELECT 'a;b', \"c;d\", `e;f` FROM t;\n;;\n  USE x -- ;\n;", 2);
    text_is(s[0].text, "SELECT 'a;b', \"c;d\", `e;f` FROM t");
    assert_int_equal(s[0].pos.line, 3);
    assert_int_equal(s[0].pos.column, 1);
    text_is(s[1].text, "USE x");
    assert_int_equal(s[1].pos.line, 5);
    assert_int_equal(s[1].pos.column, 3);
    parse("", 0);
    parse(" -- nothing\n", 0);
    parse("\xEF\xBB\xBFSELECT 1", 1);
    parse("SELECT 1 -- a backslash carries the comment on \\\n ; SELECT 2\n", 1);
}

static void comment_holds_a_semicolon(void **state)
{
    (void)state;
    struct weir_stmt *s = parse("CREATE STREAMING TABLE b.e\nCOMMENT 'one; two'\nAS SELECT a FROM STREAM r.c WHERE x IS NULL;\nCREATE MATERIALIZED VIEW v AS SELECT 1 AS a", 2);
    assert_int_equal(s[0].kind, WEIR_STMT_STREAMING_TABLE);
    assert_string_equal(s[0].comment, "one; two");
    text_is(s[0].name.parts[0], "b");
    text_is(s[0].name.parts[1], "e");
    assert_non_null(s[0].query);
    assert_int_equal(s[1].kind, WEIR_STMT_MATERIALIZED_VIEW);
    assert_int_equal(s[1].pos.line, 4);
}

static void creates_tables(void **state)
{
    (void)state;
    struct weir_stmt *s = parse("CREATE TABLE IF NOT EXISTS raw.events_csv (a TIMESTAMP, `b c` STRING NOT NULL COMMENT 'it''s', d DECIMAL(10,2), e ARRAY<STRUCT<x: INT, y: MAP<STRING,ARRAY<INT>>>>)\n"
                                "USING CSV OPTIONS (header 'true', 'sep' = ';', maxFilesPerTrigger 5) PARTITIONED BY (a, d) LOCATION '/data/in' COMMENT 'c' TBLPROPERTIES ('delta.x' = 'y')",
                                1);
    assert_int_equal(s->kind, WEIR_STMT_CREATE_TABLE);
    assert_true(s->if_not_exists);
    assert_string_equal(s->provider, "csv");
    assert_string_equal(s->location, "/data/in");
    assert_int_equal(s->columns->field_count, 4);
    assert_string_equal(s->columns->fields[1].name, "b c");
    assert_false(s->columns->fields[1].nullable);
    assert_string_equal(s->columns->fields[1].comment, "it's");
    assert_int_equal(s->columns->fields[2].type.precision, 10);
    assert_int_equal(s->columns->fields[3].type.id, WEIR_TYPE_ARRAY);
    assert_int_equal(s->option_count, 3);
    assert_string_equal(s->options[0].name, "header");
    assert_string_equal(s->options[1].value, ";");
    assert_string_equal(s->options[2].value, "5");
    assert_int_equal(s->partition_count, 2);
    assert_string_equal(s->partition_columns[1], "d");
    assert_string_equal(s->properties[0].name, "delta.x");
    assert_null(s->query);

    s = parse("CREATE OR REPLACE TABLE delta.`/tmp/t` USING delta CLUSTER BY (a) AS SELECT 1 AS a; CREATE TABLE t AS VALUES (1, 2); CREATE TABLE u AS (SELECT 1)", 3);
    assert_true(s[0].or_replace);
    text_is(s[0].name.parts[1], "/tmp/t");
    assert_int_equal(s[0].cluster_count, 1);
    assert_non_null(s[0].query);
    assert_non_null(s[1].query);
    assert_non_null(s[2].query);
}

static void names_alone(void **state)
{
    (void)state;
    struct weir_name name;
    assert_true(weir_sql_parse_name(arena, WEIR_STR("a.`b c`.d"), &name));
    assert_int_equal(name.count, 3);
    text_is(name.parts[1], "b c");
    assert_true(weir_sql_parse_name(arena, WEIR_STR("delta.`/x`"), &name));
    static const char *const wrong[] = {"", "a b", "a.b, c", "(SELECT 1)", "a;", "1", "'a'", "a.", "`a", "f(1)", NULL};
    for (size_t i = 0; wrong[i]; i++) {
        assert_false(weir_sql_parse_name(arena, weir_str(wrong[i]), &name));
    }
    struct weir_stmt *s = parse("SELECT * FROM event_log(TABLE(a.`b c`)) AS e, event_log('a.b')", 1);
    struct weir_table_ref *refs = NULL;
    size_t count = 0;
    struct weir_error err;
    assert_int_equal(weir_sql_tables(arena, s->query, &refs, &count, &err), WEIR_OK);
    assert_int_equal(count, 2);
    assert_string_equal(refs[0].function, "event_log");
    assert_string_equal(refs[0].args[0].value, "a.`b c`");
    assert_string_equal(refs[1].args[0].value, "a.b");
}

static void pipeline_statements(void **state)
{
    (void)state;
    struct weir_stmt *s = parse("CREATE OR REFRESH STREAMING TABLE t (id BIGINT, CONSTRAINT good EXPECT (id > 0 AND name != ';') ON VIOLATION DROP ROW, CONSTRAINT b EXPECT (id < 9)) AS SELECT * FROM STREAM "
                                "read_files('/Volumes/a/b/c', format => 'csv', header => true, maxFilesPerTrigger => 10);"
                                "CREATE STREAMING TABLE u; CREATE TEMPORARY VIEW v AS SELECT * FROM STREAM(t) WITH ('maxFilesPerTrigger'='1') AS x;"
                                "CREATE FLOW f COMMENT 'c' AS INSERT INTO ONCE u BY NAME SELECT 1 AS a",
                                4);
    assert_true(s[0].or_refresh);
    assert_int_equal(s[0].constraint_count, 2);
    assert_string_equal(s[0].constraints[0].name, "good");
    assert_string_equal(s[0].constraints[0].expr_text, "id > 0 AND name != ';'");
    assert_string_equal(s[0].constraints[0].on_violation, "DROP ROW");
    assert_int_equal(s[0].constraints[0].expr_pos.line, 1);
    assert_int_equal(s[0].constraints[0].expr_pos.column, 73);
    assert_null(s[0].constraints[1].on_violation);
    struct weir_stmt *quarantined = parse("CREATE MATERIALIZED VIEW q (CONSTRAINT c EXPECT\n(a IS NULL) ON VIOLATION QUARANTINE, CONSTRAINT d EXPECT (b) ON VIOLATION FAIL UPDATE) AS SELECT 1 AS a", 1);
    assert_string_equal(quarantined->constraints[0].on_violation, "QUARANTINE");
    assert_int_equal(quarantined->constraints[0].expr_pos.line, 2);
    assert_int_equal(quarantined->constraints[0].expr_pos.column, 2);
    assert_string_equal(quarantined->constraints[1].on_violation, "FAIL UPDATE");
    struct weir_table_ref *refs = NULL;
    size_t count = 0;
    struct weir_error err;
    assert_int_equal(weir_sql_tables(arena, s[0].query, &refs, &count, &err), WEIR_OK);
    assert_int_equal(count, 1);
    assert_true(refs[0].stream);
    assert_string_equal(refs[0].function, "read_files");
    assert_int_equal(refs[0].arg_count, 4);
    assert_null(refs[0].args[0].name);
    assert_string_equal(refs[0].args[0].value, "/Volumes/a/b/c");
    assert_string_equal(refs[0].args[2].name, "header");
    assert_string_equal(refs[0].args[2].value, "true");
    assert_int_equal(s[1].kind, WEIR_STMT_STREAMING_TABLE);
    assert_null(s[1].query);
    assert_int_equal(weir_sql_tables(arena, s[2].query, &refs, &count, &err), WEIR_OK);
    assert_true(refs[0].stream);
    assert_int_equal(refs[0].option_count, 1);
    assert_int_equal(s[3].kind, WEIR_STMT_FLOW);
    assert_true(s[3].once);
    assert_true(s[3].by_name);
    text_is(s[3].target.parts[0], "u");
}

static void inserts(void **state)
{
    (void)state;
    struct weir_stmt *s = parse("INSERT INTO a.b.c VALUES (1), (2); INSERT INTO TABLE t (x, `y z`) SELECT 1, 2; INSERT OVERWRITE t SELECT 1; INSERT INTO t BY NAME SELECT 1 AS x; INSERT INTO t TABLE u", 5);
    assert_int_equal(s[0].name.count, 3);
    assert_int_equal(s[1].insert_column_count, 2);
    text_is(s[1].insert_columns[1].parts[0], "y z");
    assert_true(s[2].overwrite);
    assert_true(s[3].by_name);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(s[i].kind, WEIR_STMT_INSERT);
        assert_non_null(s[i].query);
    }
}

static void catalog_statements(void **state)
{
    (void)state;
    struct weir_stmt *s = parse("CREATE SCHEMA IF NOT EXISTS c.s COMMENT 'x'; DROP SCHEMA s CASCADE; CREATE EXTERNAL VOLUME c.s.v LOCATION '/d'; CREATE VOLUME v; DROP VOLUME IF EXISTS v;"
                                "CREATE EXTERNAL LOCATION l URL '/x' COMMENT 'y'; DROP EXTERNAL LOCATION l; CREATE CATALOG k; DROP CATALOG IF EXISTS k CASCADE; DROP TABLE IF EXISTS a.b",
                                10);
    static const enum weir_stmt_kind kinds[] = {WEIR_STMT_CREATE_SCHEMA, WEIR_STMT_DROP_SCHEMA, WEIR_STMT_CREATE_VOLUME, WEIR_STMT_CREATE_VOLUME, WEIR_STMT_DROP_VOLUME, WEIR_STMT_CREATE_LOCATION,
                                                WEIR_STMT_DROP_LOCATION, WEIR_STMT_CREATE_CATALOG, WEIR_STMT_DROP_CATALOG, WEIR_STMT_DROP_TABLE};
    for (int i = 0; i < 10; i++) {
        assert_int_equal(s[i].kind, kinds[i]);
    }
    assert_true(s[1].cascade);
    assert_true(s[2].external);
    assert_string_equal(s[2].location, "/d");
    assert_true(s[4].if_exists);
    assert_string_equal(s[5].location, "/x");
    assert_string_equal(s[5].comment, "y");
}

static void asks(void **state)
{
    (void)state;
    struct weir_stmt *s = parse("USE CATALOG c; USE s; USE SCHEMA c.s; SET a.b = x y ; SET TIME ZONE 'UTC'; SET; SHOW TABLES IN s LIKE 'a*'; SHOW COLUMNS FROM t; SHOW EXTERNAL LOCATIONS;"
                                "SHOW CREATE TABLE a.t; SHOW TBLPROPERTIES t; DESCRIBE t; DESC EXTENDED a.b; DESCRIBE DETAIL t; DESCRIBE HISTORY delta.`/x`; DESCRIBE SCHEMA EXTENDED s;"
                                "DESCRIBE QUERY SELECT 1; EXPLAIN SELECT 1; RESET a.b; DESCRIBE detail",
                                20);
    assert_string_equal(s[0].what, "catalog");
    assert_string_equal(s[1].what, "schema");
    assert_int_equal(s[2].name.count, 2);
    assert_string_equal(s[3].properties[0].name, "a.b");
    assert_string_equal(s[3].properties[0].value, "x y");
    assert_string_equal(s[4].properties[0].value, "UTC");
    assert_int_equal(s[5].property_count, 0);
    assert_string_equal(s[6].what, "tables");
    assert_string_equal(s[6].like, "a*");
    assert_string_equal(s[7].what, "columns");
    assert_string_equal(s[8].what, "external locations");
    assert_string_equal(s[9].what, "create table");
    assert_string_equal(s[11].what, "table");
    assert_true(s[12].extended);
    assert_string_equal(s[13].what, "detail");
    assert_string_equal(s[14].what, "history");
    assert_string_equal(s[15].what, "schema");
    assert_true(s[15].extended);
    assert_string_equal(s[16].what, "query");
    assert_non_null(s[17].query);
    assert_int_equal(s[18].kind, WEIR_STMT_RESET);
    assert_string_equal(s[19].what, "table"); /* a table that is called detail */
    text_is(s[19].name.parts[0], "detail");
}

static void tables_of_queries(void **state)
{
    (void)state;
    struct weir_stmt *s = parse("WITH c AS (SELECT * FROM a.b) SELECT (SELECT max(x) FROM d) FROM c JOIN delta.`/p q` VERSION AS OF 7 AS e ON c.x = e.x "
                                "WHERE x IN (SELECT y FROM f TIMESTAMP AS OF '2024-01-01') UNION ALL SELECT _metadata.file_name FROM g, h",
                                1);
    struct weir_table_ref *refs = NULL;
    size_t count = 0;
    struct weir_error err;
    assert_int_equal(weir_sql_tables(arena, s->query, &refs, &count, &err), WEIR_OK);
    assert_int_equal(count, 6);
    text_is(refs[0].name.parts[1], "b");
    text_is(refs[1].name.parts[1], "/p q");
    assert_int_equal(refs[1].travel, WEIR_TRAVEL_VERSION);
    assert_int_equal(refs[1].version, 7);
    bool timestamp = false;
    for (size_t i = 0; i < count; i++) {
        timestamp = timestamp || (refs[i].travel == WEIR_TRAVEL_TIMESTAMP && strcmp(refs[i].timestamp, "2024-01-01") == 0);
        assert_true(refs[i].metadata_used);
    }
    assert_true(timestamp);
}

static void errors_have_positions(void **state)
{
    (void)state;
    fails("SELECT 1;\nSELEC 2", WEIR_INVALID, "PARSE_SYNTAX_ERROR", 2, 1);
    fails("SELECT a b c FROM t", WEIR_INVALID, "PARSE_SYNTAX_ERROR", 1, 12);
    fails("SELECT 'abc", WEIR_INVALID, "PARSE_SYNTAX_ERROR", 1, 8);
    fails("SELECT /* /* */ 1", WEIR_INVALID, "PARSE_SYNTAX_ERROR", 1, 8);
    fails("SELECT x FROM t\nQUALIFY row_number() OVER (ORDER BY x) = 1", WEIR_INVALID, "PARSE_SYNTAX_ERROR", 2, 1);
    fails("SELECT (1", WEIR_INVALID, "PARSE_SYNTAX_ERROR", 1, 10);
    fails("SELECT \xFF", WEIR_INVALID, "PARSE_SYNTAX_ERROR", 1, 1);
    fails("SELECT CAST(1 AS NOTYPE)", WEIR_INVALID, "TYPE_UNKNOWN", 1, 18);
    fails("CREATE TABLE t (a INT, A STRING)", WEIR_INVALID, "COLUMN_ALREADY_EXISTS", 1, 24);
    fails("SELECT '\\0'", WEIR_UNSUPPORTED, "STRING_CHARACTER_UNSUPPORTED", 1, 9);
}

static void unsupported_by_name(void **state)
{
    (void)state;
    static const char *const all[] = {"MERGE INTO t USING s ON a = b WHEN MATCHED THEN DELETE", "UPDATE t SET a = 1", "DELETE FROM t", "COPY INTO t FROM '/x' FILEFORMAT = CSV", "OPTIMIZE t", "VACUUM t",
                                      "RESTORE TABLE t TO VERSION AS OF 1", "BEGIN TRANSACTION", "ALTER TABLE t ADD COLUMN a INT", "GRANT SELECT ON t TO u", "TRUNCATE TABLE t", "ANALYZE TABLE t COMPUTE STATISTICS",
                                      "CREATE VIEW v AS SELECT 1", "CREATE FUNCTION f AS 'x'", "DROP VIEW v", "SHOW FUNCTIONS", "REFRESH TABLE t", "CACHE TABLE t", NULL};
    for (size_t i = 0; all[i]; i++) {
        struct weir_stmt *stmts = NULL;
        size_t count = 0;
        struct weir_error err = {0};
        assert_int_equal(weir_sql_parse(arena, weir_str(all[i]), &stmts, &count, &err), WEIR_UNSUPPORTED);
        assert_string_equal(err.condition, "STATEMENT_UNSUPPORTED");
        assert_int_equal(err.line, 1);
        assert_true(err.column > 0);
    }
    fails("CREATE FLOW f AS AUTO CDC INTO t FROM s KEYS (a) SEQUENCE BY b", WEIR_UNSUPPORTED, "AUTO_CDC_UNSUPPORTED", 1, 18);
    fails("SELECT * FROM t@v3", WEIR_UNSUPPORTED, "TIME_TRAVEL_UNSUPPORTED", 1, 16);
}

static void depth_is_bounded(void **state)
{
    (void)state;
    struct weir_buf buf;
    weir_buf_init(&buf, 0);
    weir_buf_add_str(&buf, "SELECT ");
    for (int i = 0; i < 100000; i++) {
        weir_buf_add_str(&buf, "(");
    }
    struct weir_stmt *stmts = NULL;
    size_t count = 0;
    struct weir_error err = {0};
    assert_int_equal(weir_sql_parse(arena, weir_buf_view(&buf), &stmts, &count, &err), WEIR_TOO_BIG);
    assert_string_equal(err.condition, "QUERY_TOO_DEEP");
    weir_buf_clear(&buf);
    weir_buf_add_str(&buf, "SELECT 1");
    for (int i = 0; i < 100000; i++) {
        weir_buf_add_str(&buf, "+1");
    }
    assert_int_equal(weir_sql_parse(arena, weir_buf_view(&buf), &stmts, &count, &err), WEIR_TOO_BIG);
    weir_buf_clear(&buf);
    weir_buf_add_str(&buf, "SELECT ");
    for (int i = 0; i < 100000; i++) {
        weir_buf_add_str(&buf, "NOT ");
    }
    assert_int_equal(weir_sql_parse(arena, weir_buf_view(&buf), &stmts, &count, &err), WEIR_TOO_BIG);
    weir_buf_free(&buf);
}

static void substitutes(void **state)
{
    (void)state;
    weir_options *vars = weir_options_new();
    struct weir_str out;
    struct weir_error err = {0};
    weir_options_set(vars, "landing", "/tmp/in");
    assert_int_equal(weir_sql_substitute(arena, weir_str("-- ${landing} ${other}\nLOCATION '${landing}' ${hivevar:Landing} $x {y}"), vars, &out, &err), WEIR_OK);
    text_is(out, "-- /tmp/in ${other}\nLOCATION '/tmp/in' /tmp/in $x {y}");
    assert_int_equal(weir_sql_substitute(arena, weir_str("SELECT 1;\n  '${nope}'"), vars, &out, &err), WEIR_INVALID);
    assert_string_equal(err.condition, "VARIABLE_UNKNOWN");
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 4);
    weir_options_free(vars);
}

/* Any bytes: an error or a tree, never a crash. Seeded; the seed is in the message. */
static void garbage_never_crashes(void **state)
{
    (void)state;
    static const char *const pieces[] = {"SELECT ", "FROM ", "WHERE ", "GROUP BY ", "ORDER BY ", "(", ")", ",", "'", "\"", "`", "--", "/*", "*/", "\n", "a", "b.c", "1", "2.5", "1e5", "X'41'", "r'x'", "\\", "CASE ", "WHEN ",
                                         "THEN ", "END ", "CAST(", " AS ", "INT", "JOIN ", "ON ", "USING ", "OVER (", "INTERVAL ", "DAY ", "IN ", "NOT ", "BETWEEN ", "AND ", "LIKE ", "->", "=>", "::", "[", "]", ".", "*",
                                         "CREATE TABLE ", "INSERT INTO ", "VALUES ", "WITH ", "STREAM ", "VERSION AS OF ", ";", "${", "}", "EXISTS ", "count(", "DISTINCT ", "\xC3\xA9", "\xFF", "DECIMAL(10", "ARRAY<", "LATERAL VIEW "};
    struct weir_rng {
        uint64_t s;
    } rng = {20260701};
    for (int round = 0; round < 20000; round++) {
        struct weir_buf buf;
        weir_buf_init(&buf, 0);
        rng.s = rng.s * 6364136223846793005u + 1442695040888963407u;
        const int parts = (int)((rng.s >> 33) % 25);
        for (int i = 0; i < parts; i++) {
            rng.s = rng.s * 6364136223846793005u + 1442695040888963407u;
            weir_buf_add_str(&buf, pieces[(rng.s >> 33) % (sizeof pieces / sizeof *pieces)]);
        }
        weir_arena *own = weir_arena_new();
        struct weir_stmt *stmts = NULL;
        size_t count = 0;
        struct weir_error err = {0};
        const weir_rc rc = weir_sql_parse(own, weir_buf_view(&buf), &stmts, &count, &err);
        if (rc != WEIR_OK && (err.condition[0] == '\0' || err.line <= 0)) {
            fail_msg("round %d: no condition or position for: %s", round, buf.data);
        }
        weir_arena_free(own);
        weir_buf_free(&buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(splits_outside_strings_and_comments, setup, teardown),
        cmocka_unit_test_setup_teardown(comment_holds_a_semicolon, setup, teardown),
        cmocka_unit_test_setup_teardown(creates_tables, setup, teardown),
        cmocka_unit_test_setup_teardown(names_alone, setup, teardown), cmocka_unit_test_setup_teardown(pipeline_statements, setup, teardown),
        cmocka_unit_test_setup_teardown(inserts, setup, teardown),
        cmocka_unit_test_setup_teardown(catalog_statements, setup, teardown),
        cmocka_unit_test_setup_teardown(asks, setup, teardown),
        cmocka_unit_test_setup_teardown(tables_of_queries, setup, teardown),
        cmocka_unit_test_setup_teardown(errors_have_positions, setup, teardown),
        cmocka_unit_test_setup_teardown(unsupported_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(depth_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(substitutes, setup, teardown),
        cmocka_unit_test_setup_teardown(garbage_never_crashes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
