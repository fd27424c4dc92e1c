/* Names, types, refusals: what the translator says about a query before any engine sees it. Rows are compared in tests/interop. */
#include "dialect/dialect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static weir_arena *arena;
static int resolved;

static weir_rc resolve(void *arg, const struct weir_table_ref *ref, struct weir_relation *out, struct weir_error *err)
{
    (void)arg;
    weir_schema *schema = NULL, *hidden = NULL;
    resolved++;
    if (!weir_str_eq(ref->name.parts[ref->name.count - 1], WEIR_STR("t")) && !weir_str_eq(ref->name.parts[ref->name.count - 1], WEIR_STR("u"))) {
        return weir_fail_at(err, WEIR_NOT_FOUND, "TABLE_OR_VIEW_NOT_FOUND", ref->pos.line, ref->pos.column, "no table %s", ref->name.parts[0].ptr);
    }
    WEIR_TRY(weir_schema_parse_ddl(arena, weir_str("id BIGINT, name STRING, price DOUBLE, n INT, d DECIMAL(10,2), ts TIMESTAMP, day DATE, tags ARRAY<STRING>, s STRUCT<a: INT, b: STRING>, m MAP<STRING, INT>, ok BOOLEAN, small SMALLINT"),
                                   &schema, err));
    WEIR_TRY(weir_schema_parse_ddl(arena, weir_str("_metadata STRUCT<file_name: STRING>"), &hidden, err));
    *out = (struct weir_relation){.schema = schema, .duck_sql = "\"the table\"", .hidden = ref->metadata_used ? hidden : NULL};
    return WEIR_OK;
}

static weir_rc translate(const char *sql, struct weir_translation *out, struct weir_error *err)
{
    const struct weir_resolver resolver = {resolve, NULL};
    struct weir_stmt *stmts = NULL;
    size_t count = 0;
    WEIR_TRY(weir_sql_parse(arena, weir_str(sql), &stmts, &count, err));
    assert_int_equal(count, 1);
    return weir_sql_translate(arena, stmts[0].query, &resolver, NULL, out, err);
}

/* The output as Spark's DDL. */
static void gives(const char *sql, const char *ddl)
{
    struct weir_translation out;
    struct weir_error err = {0};
    const weir_rc rc = translate(sql, &out, &err);
    if (rc != WEIR_OK) {
        print_error("%s\n%s: %s\n", sql, err.condition, err.msg);
    }
    assert_int_equal(rc, WEIR_OK);
    struct weir_buf buf;
    weir_buf_init(&buf, 0);
    for (size_t i = 0; i < out.schema->field_count; i++) {
        weir_buf_add_str(&buf, i ? ", " : "");
        weir_buf_add_str(&buf, out.schema->fields[i].name);
        weir_buf_add_str(&buf, " ");
        weir_type_print(&buf, &out.schema->fields[i].type);
    }
    assert_string_equal(buf.data, ddl);
    weir_buf_free(&buf);
}

static void refuses(const char *sql, weir_rc code, const char *condition, const char *hint)
{
    struct weir_translation out;
    struct weir_error err = {0};
    const weir_rc rc = translate(sql, &out, &err);
    if (rc != code || strcmp(err.condition, condition) != 0 || (hint && !strstr(err.msg, hint))) {
        print_error("%s\ngot %s %s: %s\n", sql, weir_rc_name(rc), err.condition, err.msg);
    }
    assert_int_equal(rc, code);
    assert_string_equal(err.condition, condition);
    assert_true(!hint || strstr(err.msg, hint));
    assert_true(err.line > 0 && err.column > 0);
}

static int setup(void **state)
{
    (void)state;
    arena = weir_arena_new();
    resolved = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    weir_arena_free(arena);
    return 0;
}

static void names_and_types(void **state)
{
    (void)state;
    gives("SELECT * FROM t", "id bigint, name string, price double, n int, d decimal(10,2), ts timestamp, day date, tags array<string>, s struct<a:int,b:string>, m map<string,int>, ok boolean, small smallint");
    gives("SELECT * EXCEPT (tags, s, m, ok, small, d) FROM t", "id bigint, name string, price double, n int, ts timestamp, day date");
    gives("SELECT count(*), count(DISTINCT n), sum(n), sum(d), avg(d), avg(n), max(name), n + 1 FROM t GROUP BY n",
          "count(1) bigint, count(DISTINCT n) bigint, sum(n) bigint, sum(d) decimal(20,2), avg(d) decimal(14,6), avg(n) double, max(name) string, (n + 1) int");
    gives("SELECT small + small AS a, small + n AS b, n + id AS c, n / 2 AS d, d * 2 AS e, d / 3 AS f, price * d AS g, n div 2 AS h, d % 3 AS i FROM t",
          "a smallint, b int, c bigint, d double, e decimal(12,2), f decimal(14,6), g double, h bigint, i decimal(3,2)");
    gives("SELECT day + 1 AS a, day + INTERVAL 1 MONTH AS b, ts - INTERVAL 1 HOUR AS c, day + INTERVAL 1 HOUR AS d, hour(ts) AS e, unix_timestamp(ts) AS f, date_trunc('HOUR', ts) AS g FROM t",
          "a date, b date, c timestamp, d timestamp, e int, f bigint, g timestamp");
    gives("SELECT tags[0] AS a, element_at(tags, -1) AS b, s.b, m['x'] AS d, size(tags) AS e, split(name, ',') AS f, transform(tags, x -> length(x)) AS g FROM t",
          "a string, b string, b string, d int, e int, f array<string>, g array<int>");
    gives("SELECT row_number() OVER (ORDER BY id) AS a, rank() OVER (ORDER BY id) AS b, lag(price) OVER (ORDER BY id) AS c, sum(n) OVER () AS d, ntile(4) OVER (ORDER BY id) AS e FROM t",
          "a int, b int, c double, d bigint, e int");
    gives("SELECT CASE WHEN n > 1 THEN 1 ELSE 2.5 END AS a, coalesce(n, id) AS b, if(ok, name, 'x') AS c, coalesce(1, 'a') AS d FROM t", "a decimal(11,1), b bigint, c string, d bigint");
    gives("SELECT 1 AS a UNION ALL SELECT 2.5", "a decimal(11,1)");
    gives("SELECT x.id, t.name FROM t JOIN (SELECT id FROM u) x USING (id)", "id bigint, name string");
    gives("WITH a(k) AS (SELECT id FROM t), b AS (SELECT k, k + 1 AS j FROM a) SELECT j, b.k FROM b", "j bigint, k bigint");
    gives("SELECT _metadata.file_name AS f, t.id FROM c.s.t", "f string, id bigint");
    gives("SELECT NULL AS a, 0.1 AS b, 10L AS c, 1S AS d, 1.5BD AS e, 1e2 AS f, 99999999999 AS g, X'41' AS h, DATE'2024-01-01' AS i",
          "a void, b decimal(1,1), c bigint, d smallint, e decimal(2,1), f double, g bigint, h binary, i date");
}

static void lateral_aliases_and_groups(void **state)
{
    (void)state;
    gives("SELECT n + 1 AS y, y * 2 AS z FROM t", "y int, z int");
    gives("SELECT n % 2 AS k, count(*) AS c FROM t GROUP BY k HAVING c > 1 ORDER BY k", "k int, c bigint");
    gives("SELECT n, count(*) FROM t GROUP BY 1 ORDER BY 2 DESC", "n int, count(1) bigint");
    gives("SELECT n, max(id) AS m FROM t GROUP BY ALL", "n int, m bigint");
    gives("SELECT t.n + 1 AS a FROM t GROUP BY n + 1", "a int");
    gives("SELECT n, sum(sum(id)) OVER () AS s FROM t GROUP BY n", "n int, s bigint");
    gives("SELECT count(*) FROM t HAVING count(*) > 5", "count(1) bigint");
    refuses("SELECT n, id FROM t GROUP BY n", WEIR_INVALID, "MISSING_AGGREGATION", "`id`");
    refuses("SELECT n, count(*) FROM t", WEIR_INVALID, "MISSING_GROUP_BY", NULL);
    refuses("SELECT id FROM t WHERE count(*) > 1", WEIR_INVALID, "INVALID_AGGREGATE_FUNCTION_USE", NULL);
    refuses("SELECT sum(count(*)) FROM t", WEIR_INVALID, "INVALID_AGGREGATE_FUNCTION_USE", NULL);
    refuses("SELECT id FROM t WHERE row_number() OVER (ORDER BY id) = 1", WEIR_INVALID, "UNSUPPORTED_EXPR_FOR_OPERATOR", NULL);
    refuses("SELECT id FROM t GROUP BY 3", WEIR_INVALID, "GROUP_BY_POS_OUT_OF_RANGE", NULL);
    refuses("SELECT count(DISTINCT n) OVER () FROM t", WEIR_INVALID, "DISTINCT_WINDOW_FUNCTION_UNSUPPORTED", NULL);
}

static void unknown_names_suggest(void **state)
{
    (void)state;
    refuses("SELECT nmae FROM t", WEIR_INVALID, "UNRESOLVED_COLUMN", "`name`");
    refuses("SELECT upperr(name) FROM t", WEIR_INVALID, "UNRESOLVED_ROUTINE", "`upper`");
    refuses("SELECT crc32(name) FROM t", WEIR_UNSUPPORTED, "FUNCTION_UNSUPPORTED", "crc32");
    refuses("SELECT id FROM t JOIN u ON t.id = u.id", WEIR_INVALID, "AMBIGUOUS_REFERENCE", NULL);
    refuses("SELECT s.zz FROM t", WEIR_INVALID, "FIELD_NOT_FOUND", NULL);
    refuses("SELECT 1 FROM nowhere", WEIR_NOT_FOUND, "TABLE_OR_VIEW_NOT_FOUND", NULL);
    refuses("SELECT _metadata.nope FROM t", WEIR_INVALID, "FIELD_NOT_FOUND", NULL);
}

static void types_are_checked(void **state)
{
    (void)state;
    refuses("SELECT 1 FROM t WHERE n", WEIR_INVALID, "DATATYPE_MISMATCH", NULL);
    refuses("SELECT 1 WHERE NULL", WEIR_INVALID, "DATATYPE_MISMATCH", NULL);
    refuses("SELECT ok + 1 FROM t", WEIR_INVALID, "DATATYPE_MISMATCH", NULL);
    refuses("SELECT ok = 1 FROM t", WEIR_INVALID, "DATATYPE_MISMATCH", NULL);
    refuses("SELECT CAST(day AS INT) FROM t", WEIR_INVALID, "DATATYPE_MISMATCH", NULL);
    refuses("SELECT size(name) FROM t", WEIR_INVALID, "WRONG_NUM_ARGS", NULL);
    refuses("SELECT upper(name, name) FROM t", WEIR_INVALID, "WRONG_NUM_ARGS", NULL);
    refuses("SELECT name RLIKE name FROM t", WEIR_UNSUPPORTED, "REGEX_NOT_CONSTANT", NULL);
    refuses("SELECT regexp_replace(name, '(?=a)b', 'c') FROM t", WEIR_UNSUPPORTED, "REGEX_UNSUPPORTED", NULL);
    refuses("SELECT regexp_replace(name, '[a&&[b]]', 'c') FROM t", WEIR_UNSUPPORTED, "REGEX_UNSUPPORTED", NULL);
    refuses("SELECT date_format(ts, 'yyyy-ww') FROM t", WEIR_UNSUPPORTED, "DATETIME_PATTERN_UNSUPPORTED", NULL);
    refuses("SELECT ts - ts FROM t", WEIR_UNSUPPORTED, "INTERVAL_UNSUPPORTED", NULL);
    refuses("SELECT rank() OVER () FROM t", WEIR_INVALID, "WINDOW_FUNCTION_AND_FRAME_MISMATCH", NULL);
}

/* No text of the user reaches the engine but inside quotes that are doubled. */
static void text_is_quoted(void **state)
{
    (void)state;
    struct weir_translation out;
    struct weir_error err = {0};
    assert_int_equal(translate("SELECT 'a'';DROP TABLE x--' AS `b\"c`, n AS `select` FROM t", &out, &err), WEIR_OK);
    assert_non_null(strstr(out.duck_sql, "'a'';DROP TABLE x--' AS \"b\"\"c\""));
    assert_non_null(strstr(out.duck_sql, "AS \"select\""));
    assert_string_equal(out.schema->fields[0].name, "b\"c");
}

static void says_what_the_query_has(void **state)
{
    (void)state;
    struct weir_translation out;
    struct weir_error err = {0};
    assert_int_equal(translate("SELECT id FROM t", &out, &err), WEIR_OK);
    assert_true(out.deterministic && !out.aggregates && !out.distinct && !out.windows && !out.joins && !out.limits);
    assert_int_equal(translate("SELECT DISTINCT max(n) OVER (ORDER BY id) AS x FROM t CROSS JOIN u LIMIT 3", &out, &err), WEIR_INVALID); /* id is ambiguous */
    assert_int_equal(translate("SELECT DISTINCT max(t.n) OVER (ORDER BY t.id) AS x, rand() AS r FROM t CROSS JOIN u LIMIT 3", &out, &err), WEIR_OK);
    assert_true(!out.deterministic && !out.aggregates && out.distinct && out.windows && out.joins && out.limits);
    assert_int_equal(translate("SELECT count(*) AS c, current_date() AS d FROM (SELECT n FROM t GROUP BY n)", &out, &err), WEIR_OK);
    assert_true(!out.deterministic && out.aggregates);
}

static void simple_shapes(void **state)
{
    (void)state;
    static const struct { const char *sql; bool simple; } cases[] = {
        {"SELECT * FROM t", true},
        {"SELECT a, b AS c, _metadata.file_name AS f, 'x' AS s, 1 AS i, NULL AS z FROM STREAM r.t WHERE _corrupt_record IS NULL", true},
        {"SELECT a FROM t WHERE _corrupt_record IS NOT NULL", true},
        {"SELECT a + 1 FROM t", false},
        {"SELECT a FROM t WHERE a > 1", false},
        {"SELECT a FROM t JOIN u", false},
        {"SELECT DISTINCT a FROM t", false},
        {"SELECT a FROM t LIMIT 1", false},
        {"SELECT count(*) FROM t", false},
        {"SELECT t.a FROM t", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct weir_stmt *stmts = NULL;
        size_t count = 0;
        struct weir_error err = {0};
        struct weir_simple_query simple;
        assert_int_equal(weir_sql_parse(arena, weir_str(cases[i].sql), &stmts, &count, &err), WEIR_OK);
        if (weir_sql_simple(arena, stmts[0].query, &simple) != cases[i].simple) {
            fail_msg("%s", cases[i].sql);
        }
        if (i == 1) {
            assert_int_equal(simple.item_count, 6);
            assert_string_equal(simple.items[1].column, "b");
            assert_string_equal(simple.items[1].name, "c");
            assert_string_equal(simple.items[2].metadata_field, "file_name");
            assert_true(simple.items[3].literal && simple.items[3].literal_type.id == WEIR_TYPE_STRING);
            assert_true(simple.table.stream && simple.null_wanted);
            assert_string_equal(simple.null_column, "_corrupt_record");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names_and_types, setup, teardown),         cmocka_unit_test_setup_teardown(lateral_aliases_and_groups, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_names_suggest, setup, teardown),   cmocka_unit_test_setup_teardown(types_are_checked, setup, teardown),
        cmocka_unit_test_setup_teardown(text_is_quoted, setup, teardown),          cmocka_unit_test_setup_teardown(says_what_the_query_has, setup, teardown),
        cmocka_unit_test_setup_teardown(simple_shapes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
