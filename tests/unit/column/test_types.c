/* Types and schemas: DDL and JSON in and out, what is refused, names in any case. */
#include "column/types.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>

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

static weir_schema *ddl(const char *text)
{
    weir_schema *schema = NULL;
    struct weir_error err = {0};
    if (weir_schema_parse_ddl(arena, weir_str(text), &schema, &err) != WEIR_OK) {
        fail_msg("%s: %s", text, err.msg);
    }
    return schema;
}

static void check_text(void (*print)(struct weir_buf *, const struct weir_type *), const struct weir_type *type, const char *want)
{
    struct weir_buf buf;
    weir_buf_init(&buf, 0);
    print(&buf, type);
    assert_string_equal(buf.data, want);
    weir_buf_free(&buf);
}

static void ddl_round_trip(void **state)
{
    (void)state;
    static const struct {
        const char *in, *simple, *out;
    } cases[] = {
        {"a BIGINT, b DECIMAL(10,2) NOT NULL", "struct<a:bigint,b:decimal(10,2)>", "a BIGINT,b DECIMAL(10,2) NOT NULL"},
        {"a: int, `b ``c` string comment 'it\\'s'", "struct<a:int,b `c:string>", "a INT,`b ``c` STRING COMMENT 'it\\'s'"},
        {"STRUCT<x: TINYINT, y: REAL>", "struct<x:tinyint,y:float>", "x TINYINT,y FLOAT"},
        {"a DEC, b NUMERIC(5), c LONG, d SHORT, e BYTE", "struct<a:decimal(10,0),b:decimal(5,0),c:bigint,d:smallint,e:tinyint>",
         "a DECIMAL(10,0),b DECIMAL(5,0),c BIGINT,d SMALLINT,e TINYINT"},
        {"m MAP<STRING,ARRAY<STRUCT<k: INT NOT NULL, v DATE>>>", "struct<m:map<string,array<struct<k:int,v:date>>>>",
         "m MAP<STRING, ARRAY<STRUCT<k: INT NOT NULL, v: DATE>>>"},
        {"t timestamp_ntz -- why\n, u /* x */ TIMESTAMP_LTZ, `12` BOOLEAN", "struct<t:timestamp_ntz,u:timestamp,12:boolean>",
         "t TIMESTAMP_NTZ,u TIMESTAMP,`12` BOOLEAN"},
        {"v VARIANT, n VOID, i INTERVAL DAY TO SECOND", "struct<v:variant,n:void,i:interval day to second>",
         "v VARIANT,n VOID,i INTERVAL DAY TO SECOND"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        weir_schema *schema = ddl(cases[i].in);
        check_text(weir_type_print, schema, cases[i].simple);
        check_text(weir_schema_print_ddl, schema, cases[i].out);
        weir_schema *again = ddl(cases[i].out);
        assert_true(weir_type_eq(schema, again));
        assert_true(weir_type_eq(schema, weir_schema_copy(arena, schema)));
    }
}

/* Memory for names and comments is that of their text, not of all that stands behind them. */
static void many_quoted_names(void **state)
{
    (void)state;
    enum { COLUMNS = 20000 };
    struct weir_buf text;
    weir_buf_init(&text, 0);
    for (int i = 0; i < COLUMNS; i++) {
        weir_buf_printf(&text, "%s`a ``%d` INT COMMENT 'it\\'s \\\\'", i > 0 ? ", " : "", i);
    }
    const weir_schema *schema = ddl(text.data);
    assert_int_equal(schema->field_count, COLUMNS);
    assert_string_equal(schema->fields[COLUMNS - 1].name, "a `19999");
    assert_string_equal(schema->fields[0].comment, "it's \\");
    assert_true(weir_arena_used(arena) < ((size_t)64 << 20));
    weir_buf_free(&text);
}

static void ddl_refused(void **state)
{
    (void)state;
    static const struct {
        const char *in, *condition;
        int line, column;
    } cases[] = {
        {"a", "SCHEMA_SYNTAX", 1, 2},
        {"", "SCHEMA_SYNTAX", 1, 1},
        {"a INT,", "SCHEMA_SYNTAX", 1, 7},
        {"a INT\n b INT", "SCHEMA_SYNTAX", 2, 2},
        {"a INT NOT", "SCHEMA_SYNTAX", 1, 10},
        {"a ARRAY<INT", "SCHEMA_SYNTAX", 1, 12},
        {"`a INT", "SCHEMA_SYNTAX", 1, 1},
        {"a MONEY", "TYPE_UNKNOWN", 0, 0},
        {"a CHAR(3)", "TYPE_UNSUPPORTED", 0, 0},
        {"a INT DEFAULT 3", "TYPE_UNSUPPORTED", 0, 0},
        {"a DECIMAL(39,0)", "DECIMAL_PRECISION", 0, 0},
        {"a DECIMAL(3,4)", "DECIMAL_PRECISION", 0, 0},
        {"a INT, A STRING", "COLUMN_ALREADY_EXISTS", 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        weir_schema *schema;
        struct weir_error err = {0};
        assert_int_not_equal(weir_schema_parse_ddl(arena, weir_str(cases[i].in), &schema, &err), WEIR_OK);
        assert_string_equal(err.condition, cases[i].condition);
        if (cases[i].line > 0) {
            assert_int_equal(err.line, cases[i].line);
            assert_int_equal(err.column, cases[i].column);
        }
    }
    struct weir_buf deep;
    weir_buf_init(&deep, 0);
    for (int i = 0; i < 100000; i++) {
        weir_buf_add_str(&deep, "ARRAY<");
    }
    struct weir_type type;
    struct weir_error err = {0};
    assert_int_equal(weir_type_parse_ddl(arena, weir_buf_view(&deep), &type, &err), WEIR_INVALID);
    weir_buf_free(&deep);
}

static void json_round_trip(void **state)
{
    (void)state;
    static const char text[] =
        "{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"long\",\"nullable\":true,\"metadata\":{\"comment\":\"why\"}},"
        "{\"name\":\"b\",\"type\":\"decimal(10,2)\",\"nullable\":false,\"metadata\":{}},"
        "{\"name\":\"c\",\"type\":{\"type\":\"array\",\"elementType\":\"timestamp_ntz\",\"containsNull\":false},\"nullable\":true,\"metadata\":{}},"
        "{\"name\":\"d\",\"type\":{\"type\":\"map\",\"keyType\":\"string\",\"valueType\":{\"type\":\"struct\",\"fields\":[{\"name\":\"x\",\"type\":"
        "\"integer\",\"nullable\":true,\"metadata\":{\"delta.columnMapping.id\":7}}]},\"valueContainsNull\":true},\"nullable\":true,\"metadata\":{}}]}";
    weir_schema *schema;
    struct weir_error err = {0};
    assert_int_equal(weir_schema_parse_json(arena, WEIR_STR(text), &schema, &err), WEIR_OK);
    check_text(weir_schema_print_json, schema, text);
    assert_string_equal(schema->fields[0].comment, "why");
    assert_int_equal(weir_schema_find(schema, WEIR_STR("B")), 1);
    assert_int_equal(weir_schema_find(schema, WEIR_STR("e")), -1);
    static const char *const bad[] = {
        "[]", "{\"type\":\"struct\"}", "{\"type\":\"struct\",\"fields\":[{\"name\":\"a\"}]}",
        "{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"money\"}]}",
        "{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"decimal(40,2)\"}]}",
        "{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":{\"type\":\"udt\"}}]}",
        "{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":{\"type\":\"array\"}}]}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_not_equal(weir_schema_parse_json(arena, weir_str(bad[i]), &schema, &err), WEIR_OK);
        assert_null(schema);
    }
}

static void decimal_text(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        int scale;
        const char *want;
    } cases[] = {{0, 0, "0"}, {0, 2, "0.00"}, {5, 3, "0.005"}, {-12345, 2, "-123.45"}, {7, 0, "7"}, {-1, 1, "-0.1"}};
    char text[48];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(weir_decimal_text(cases[i].value, cases[i].scale, text), strlen(cases[i].want));
        assert_string_equal(text, cases[i].want);
    }
    weir_i128 big = 1;
    for (int i = 0; i < 38; i++) {
        big *= 10;
    }
    weir_decimal_text(-(big - 1), 38, text);
    assert_string_equal(text, "-0.99999999999999999999999999999999999999");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ddl_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(many_quoted_names, setup, teardown),
        cmocka_unit_test_setup_teardown(ddl_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(json_round_trip, setup, teardown),
        cmocka_unit_test(decimal_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
