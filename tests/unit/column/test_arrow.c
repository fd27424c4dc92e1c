/* Columns: builders, access, take, schema there and back, values as JSON and as text; and the Arrow sink. */
#include "column/colsink.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static weir_arena *arena;

static weir_schema *ddl(const char *text)
{
    weir_schema *schema = NULL;
    struct weir_error err = {0};
    if (weir_schema_parse_ddl(arena, weir_str(text), &schema, &err) != WEIR_OK) {
        fail_msg("%s: %s", text, err.msg);
    }
    return schema;
}

static void check_row(const struct weir_batch *batch, int64_t row, const char *json, const char *text)
{
    struct weir_buf buf;
    struct weir_jsonw w;
    weir_buf_init(&buf, 0);
    weir_jsonw_init(&w, &buf);
    w.ascii = true;
    weir_jsonw_array(&w);
    for (size_t c = 0; c < batch->schema->field_count; c++) {
        weir_arrow_print_json(&w, &batch->schema->fields[c].type, batch->array.children[c], row);
    }
    weir_jsonw_end_array(&w);
    assert_string_equal(buf.data, json);
    weir_buf_clear(&buf);
    for (size_t c = 0; c < batch->schema->field_count; c++) {
        weir_buf_add_str(&buf, c > 0 ? "|" : "");
        if (!weir_arrow_print_text(&buf, &batch->schema->fields[c].type, batch->array.children[c], row)) {
            weir_buf_add_str(&buf, "-");
        }
    }
    assert_string_equal(buf.data, text);
    weir_buf_free(&buf);
}

static void build_and_take(void **state)
{
    (void)state;
    const weir_schema *schema = ddl("b BOOLEAN, y BYTE, l BIGINT, f FLOAT, d DOUBLE, n DECIMAL(5,2), s STRING, x BINARY, t DATE, ts TIMESTAMP, tn TIMESTAMP_NTZ,"
                                    " a ARRAY<INT>, m MAP<STRING,INT>, r STRUCT<p: INT, q: STRING>");
    struct ArrowArray columns[14];
    for (size_t c = 0; c < 14; c++) {
        weir_builder *b = weir_builder_new(&schema->fields[c].type);
        for (int row = 0; row < 20; row++) {
            if (row % 2 == 1) {
                weir_builder_null(b);
                continue;
            }
            switch (c) {
            case 0: weir_builder_bool(b, row % 4 == 0); break;
            case 1: weir_builder_i64(b, -row); break;
            case 2: weir_builder_i64(b, INT64_MIN + row); break;
            case 3: weir_builder_f64(b, 0.1); break;
            case 4: weir_builder_f64(b, 1e10); break;
            case 5: weir_builder_decimal(b, -row); break;
            case 6: weir_builder_bytes(b, "\xc3\xa9\xff\"", 4); break;
            case 7: weir_builder_bytes(b, "\0abc", 4); break;
            case 8: weir_builder_i64(b, row); break;
            case 9: weir_builder_i64(b, row * 500000); break;
            case 10: weir_builder_i64(b, 0); break;
            case 11:
                for (int i = 0; i < row; i += 2) {
                    weir_builder_i64(weir_builder_child(b, 0), i);
                }
                weir_builder_end(b);
                break;
            case 12:
                weir_builder_bytes(weir_builder_child(b, 0), "k", 1);
                weir_builder_i64(weir_builder_child(b, 1), row);
                weir_builder_end(b);
                break;
            default:
                weir_builder_i64(weir_builder_child(b, 0), row);
                weir_builder_null(weir_builder_child(b, 1));
                weir_builder_end(b);
            }
        }
        assert_int_equal(weir_builder_rows(b), 20);
        weir_builder_finish(b, &columns[c]);
        assert_int_equal(columns[c].null_count, 10);
        assert_int_equal(weir_builder_rows(b), 0);
        weir_builder_free(b);
    }
    struct weir_batch batch, some;
    weir_batch_make(schema, columns, 20, &batch);
    static const char json4[] = "[true,-4,-9223372036854775804,0.1,1e+10,\"-0.04\",\"\\u00e9\\udcff\\\"\",\"AGFiYw==\",\"1970-01-05\","
                                "\"1970-01-01T00:00:02.000000Z\",\"1970-01-01T00:00:00.000000\",[0,2],[[\"k\",4]],{\"p\":4,\"q\":null}]";
    struct weir_buf buf; /* the spelling of 1e10 is base's */
    weir_buf_init(&buf, 0);
    char number[32];
    weir_f64_text(1e10, number);
    const char *at = strstr(json4, "1e+10");
    weir_buf_add(&buf, json4, (size_t)(at - json4));
    weir_buf_add_str(&buf, number);
    weir_buf_add_str(&buf, at + 5);
    static const char text4[] = "true|-4|-9223372036854775804|0.1|1.0E10|-0.04|\xc3\xa9\xff\"|";
    check_row(&batch, 5, "[null,null,null,null,null,null,null,null,null,null,null,null,null,null]", "-|-|-|-|-|-|-|-|-|-|-|-|-|-");
    const int64_t rows[] = {19, 4, 4, 0};
    struct weir_error err = {0};
    assert_int_equal(weir_batch_take(&batch, rows, 4, &some, &err), WEIR_OK);
    weir_batch_release(&batch);
    weir_batch_release(&batch);
    assert_int_equal(weir_batch_rows(&some), 4);
    struct weir_buf text;
    weir_buf_init(&text, 0);
    weir_buf_add_str(&text, text4);
    weir_buf_clear(&text);
    for (size_t c = 0; c < 7; c++) {
        weir_arrow_print_text(&text, &schema->fields[c].type, some.array.children[c], 2);
        weir_buf_add_char(&text, '|');
    }
    assert_string_equal(text.data, text4);
    weir_buf_clear(&text);
    for (size_t c = 8; c < 14; c++) {
        weir_arrow_print_text(&text, &schema->fields[c].type, some.array.children[c], 2);
        weir_buf_add_char(&text, '|');
    }
    assert_string_equal(text.data, "1970-01-05|1970-01-01 00:00:02|1970-01-01 00:00:00|[0, 2]|{k -> 4}|{4, null}|");
    weir_buf_clear(&text);
    struct weir_jsonw w;
    weir_jsonw_init(&w, &text);
    w.ascii = true;
    weir_jsonw_array(&w);
    for (size_t c = 0; c < 14; c++) {
        weir_arrow_print_json(&w, &schema->fields[c].type, some.array.children[c], 1);
    }
    weir_jsonw_end_array(&w);
    assert_string_equal(text.data, buf.data);
    weir_buf_free(&text);
    weir_buf_free(&buf);
    weir_batch_release(&some);
}

static void schema_there_and_back(void **state)
{
    (void)state;
    const weir_schema *schema = ddl("b BOOLEAN, y BYTE, h SHORT, i INT NOT NULL, l BIGINT, f FLOAT, d DOUBLE, n DECIMAL(38,18), s STRING, x BINARY, t DATE,"
                                    " ts TIMESTAMP, tn TIMESTAMP_NTZ, a ARRAY<MAP<STRING,STRUCT<q: INT>>>, v VOID");
    struct ArrowSchema arrow;
    weir_schema *back;
    struct weir_error err = {0};
    weir_arrow_schema(schema, &arrow);
    assert_string_equal(arrow.children[7]->format, "d:38,18");
    assert_string_equal(arrow.children[11]->format, "tsu:UTC");
    assert_string_equal(arrow.children[13]->children[0]->children[0]->name, "entries");
    assert_int_equal(weir_arrow_to_schema(arena, &arrow, &back, &err), WEIR_OK);
    assert_true(weir_type_eq(schema, back));
    assert_false(back->fields[3].nullable);
    assert_true(back->fields[4].nullable);
    arrow.children[0]->format = "L";
    assert_int_equal(weir_arrow_to_schema(arena, &arrow, &back, &err), WEIR_UNSUPPORTED);
    assert_non_null(strstr(err.msg, "`b`"));
    arrow.release(&arrow);
    assert_null(arrow.release);
}

/* A text parser for the sink's test: "!" is bad, "" is NULL, else the text. */
static enum weir_verdict parse_text(struct weir_text_parser *self, const char *text, size_t len, union weir_value *out)
{
    (void)self;
    out->s = (struct weir_str){text, len};
    return len == 0 ? WEIR_VALUE_NULL : text[0] == '!' ? WEIR_VALUE_BAD : WEIR_VALUE;
}

struct collected {
    struct weir_buf text;
    int64_t batches, rows_max;
};
static weir_rc collect(void *arg, struct weir_batch *batch, struct weir_error *err)
{
    struct collected *c = arg;
    (void)err;
    c->batches++;
    c->rows_max = weir_batch_rows(batch) > c->rows_max ? weir_batch_rows(batch) : c->rows_max;
    for (int64_t r = 0; r < weir_batch_rows(batch); r++) {
        for (size_t i = 0; i < batch->schema->field_count; i++) {
            if (!weir_arrow_print_text(&c->text, &batch->schema->fields[i].type, batch->array.children[i], r)) {
                weir_buf_add_char(&c->text, '-');
            }
            weir_buf_add_char(&c->text, i + 1 < batch->schema->field_count ? ',' : ';');
        }
    }
    weir_batch_release(batch);
    return WEIR_OK;
}

static void sink_rows_and_drops(void **state)
{
    (void)state;
    const weir_schema *schema = ddl("a STRING, b STRING, c BIGINT");
    struct weir_text_parser parser = {parse_text, NULL};
    struct weir_text_parser *parsers[3] = {&parser, &parser, NULL};
    struct collected got = {0};
    struct weir_error err = {0};
    struct weir_sink_factory *factory;
    weir_buf_init(&got.text, 0);
    assert_int_equal(weir_arrow_sinks_new(schema, 2, collect, &got, &factory, &err), WEIR_OK);
    weir_colsink *sink;
    assert_int_equal(factory->begin(factory, 0, parsers, &sink, &err), WEIR_OK);
    static const char text[] = "a,b\r\n,!x\nc,\nd,e\r\n";
    static const uint32_t seps[] = {1, 4, 5, 8, 10, 11, 13, 16};
    struct weir_block block = {.text = text, .len = sizeof text - 1, .first = 0, .seps = seps, .rows = 4, .fields = 2, .crlf = true};
    union weir_value seven = {.i = 7};
    for (int round = 0; round < 2; round++) {
        uint64_t bad[1] = {0}, drop[1] = {round == 0 ? 0x2 : 0xf};
        assert_int_equal(sink->ops->take(sink, 0, &block, 0, bad, &err), WEIR_OK);
        assert_int_equal(sink->ops->take(sink, 1, &block, 1, bad, &err), WEIR_OK);
        assert_int_equal(sink->ops->take_constant(sink, 2, round == 0 ? &seven : NULL, 4, &err), WEIR_OK);
        assert_int_equal(bad[0], 2);
        assert_int_equal(sink->ops->close_block(sink, 4, drop, &err), WEIR_OK);
        assert_int_equal(sink->ops->rows(sink), 3);
    }
    struct weir_cell cells[] = {{"p", 1}, {NULL, 0}};
    uint64_t bad[1] = {0};
    assert_int_equal(sink->ops->take_cells(sink, 0, cells, 2, bad, &err), WEIR_OK);
    assert_int_equal(sink->ops->take_cells(sink, 1, cells, 2, bad, &err), WEIR_OK);
    assert_int_equal(sink->ops->take_constant(sink, 2, NULL, 2, &err), WEIR_OK);
    assert_int_equal(sink->ops->close_block(sink, 2, NULL, &err), WEIR_OK);
    assert_true(sink->ops->bytes(sink) > 0);
    assert_int_equal(factory->end(factory, 0, sink, &err), WEIR_OK);
    assert_string_equal(got.text.data, "a,b,7;c,-,7;d,e,7;p,p,-;-,-,-;");
    assert_true(got.rows_max <= 2);
    assert_int_equal(factory->begin(factory, 1, parsers, &sink, &err), WEIR_OK);
    factory->abandon(factory, 1, sink);
    weir_arrow_sinks_free(factory);
    weir_buf_free(&got.text);
}

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(build_and_take, setup, teardown),
        cmocka_unit_test_setup_teardown(schema_there_and_back, setup, teardown),
        cmocka_unit_test_setup_teardown(sink_rows_and_drops, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
