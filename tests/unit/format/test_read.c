/* What a read promises beyond its values: many files and constants, filters, files that change, limits, messages, and options that are refused. */
#include "base/time.h"
#include "csv_case.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>

static weir_arena *arena;
static char *folder;

static int setup(void **state)
{
    (void)state;
    arena = weir_arena_new();
    folder = csv_folder();
    return 0;
}
static int teardown(void **state)
{
    (void)state;
    csv_folder_remove(folder);
    weir_arena_free(arena);
    return 0;
}

static const char *put(const char *name, const char *text, size_t len)
{
    const char *path = weir_arena_printf(arena, "%s/%s", folder, name);
    csv_write_file(path, text, len);
    return path;
}

static weir_options *options_of(const char *const *pairs)
{
    weir_options *options = weir_options_new();
    for (size_t i = 0; pairs && pairs[i]; i += 2) {
        weir_options_set(options, pairs[i], pairs[i + 1]);
    }
    return options;
}

static weir_format *dialect(const weir_schema *schema, const char *const *pairs)
{
    weir_format *csv = NULL;
    struct weir_error err = {0};
    weir_options *options = options_of(pairs);
    weir_rc rc = weir_format_new("csv", schema, options, NULL, &csv, &err);
    weir_options_free(options);
    if (rc != WEIR_OK) {
        fail_msg("%s", err.msg);
    }
    return csv;
}

static struct weir_text_file file_of(const char *path)
{
    struct weir_file_info info;
    struct weir_error err = {0};
    assert_int_equal(weir_fs_stat(weir_fs_posix(), path, &info, &err), WEIR_OK);
    return (struct weir_text_file){.path = path, .size = info.size, .mtime_ns = info.mtime_ns};
}

static weir_rc keep_text(void *arg, struct weir_batch *batch, struct weir_error *err)
{
    struct weir_buf *out = arg;
    (void)err;
    for (int64_t r = 0; r < weir_batch_rows(batch); r++) {
        for (size_t c = 0; c < batch->schema->field_count; c++) {
            weir_buf_add_str(out, c > 0 ? "," : "");
            if (!weir_arrow_print_text(out, &batch->schema->fields[c].type, batch->array.children[c], r)) {
                weir_buf_add_char(out, '-');
            }
        }
        weir_buf_add_char(out, ';');
    }
    weir_batch_release(batch);
    return WEIR_OK;
}

/* The usual frame of a test: columns[] of `read` into text. */
static weir_rc run(struct weir_text_read *read, const weir_schema *sink, struct weir_text_result *result, struct weir_buf *out, struct weir_error *err)
{
    struct weir_sink_factory *sinks;
    weir_buf_init(out, 0);
    assert_int_equal(weir_arrow_sinks_new(sink, 10, keep_text, out, &sinks, err), WEIR_OK);
    read->fs = weir_fs_posix();
    read->sinks = sinks;
    weir_rc rc = weir_text_run(read, result, err);
    weir_arrow_sinks_free(sinks);
    return rc;
}

static void files_columns_and_constants(void **state)
{
    (void)state;
    weir_schema *schema = csv_schema(arena, "id INT, name STRING, _corrupt_record STRING");
    weir_schema *sink = csv_schema(arena, "_corrupt_record STRING, file STRING, name STRING, size BIGINT");
    weir_format *csv = dialect(schema, (const char *const[]){"header", "true", NULL});
    const char *const texts[] = {"id,name\n1,a\nx,b\n", "", "id,name\n", "id,name\r\n2,c\r\n3,d", "id,name\n4,e\n5"};
    struct weir_text_file files[5];
    union weir_value constants[5][2];
    bool nulls[5][2] = {{false, false}, {false, false}, {false, false}, {false, true}, {true, false}};
    for (size_t i = 0; i < 5; i++) {
        files[i] = file_of(put(weir_arena_printf(arena, "f%zu.csv", i), texts[i], strlen(texts[i])));
        constants[i][0].s = weir_str(weir_arena_printf(arena, "f%zu", i));
        constants[i][1].i = files[i].size;
        files[i].constants = constants[i];
        files[i].constant_nulls = nulls[i];
    }
    const int columns[] = {2, -1, 1, -2};
    static const struct {
        enum weir_text_keep keep;
        const char *want;
        int64_t rows;
    } cases[] = {{WEIR_TEXT_KEEP_ALL, "-,f0,a,16;x,b,f0,b,16;-,f3,c,-;-,f3,d,-;-,-,e,13;5,-,-,13;", 6},
                 {WEIR_TEXT_KEEP_GOOD, "-,f0,a,16;-,f3,c,-;-,f3,d,-;-,-,e,13;", 4},
                 {WEIR_TEXT_KEEP_BAD, "x,b,f0,b,16;5,-,-,13;", 2}};
    for (size_t k = 0; k < 3; k++) {
        for (int threads = 1; threads < 4; threads++) {
            struct weir_text_file_result per_file[5];
            struct weir_text_result result = {.files = per_file};
            struct weir_buf got;
            struct weir_error err = {0};
            struct weir_text_read read = {.format = csv, .files = files, .file_count = 5, .columns = columns, .column_count = 4, .keep = cases[k].keep, .threads = threads,
                                         .task_bytes = threads == 1 ? 0 : 10};
            assert_int_equal(run(&read, sink, &result, &got, &err), WEIR_OK);
            assert_string_equal(got.data, cases[k].want);
            assert_int_equal(result.rows, cases[k].rows);
            assert_int_equal(result.rows_read, 6);
            assert_int_equal(result.bad_rows, 2);
            assert_int_equal(per_file[0].rows, 2);
            assert_int_equal(per_file[0].bad_rows, 1);
            assert_int_equal(per_file[1].rows, 0);
            assert_int_equal(per_file[4].bad_rows, 1);
            weir_buf_free(&got);
        }
    }
    weir_format_free(csv);
}

static void unread_columns_still_count(void **state)
{
    (void)state;
    weir_schema *schema = csv_schema(arena, "id INT, name STRING, v DOUBLE");
    weir_schema *sink = csv_schema(arena, "name STRING");
    weir_format *csv = dialect(schema, (const char *const[]){"mode", "DROPMALFORMED", NULL});
    struct weir_text_file file = file_of(put("a.csv", "1,a,2.5\nx,b,2\n3,c,y\n4,d,5\n", 26));
    const int columns[] = {1};
    for (int slow = 0; slow < 2; slow++) {
        struct weir_text_result result = {0};
        struct weir_buf got;
        struct weir_error err = {0};
        struct weir_text_read read = {.format = csv, .files = &file, .file_count = 1, .columns = columns, .column_count = 1, .threads = 1, .slow = slow};
        assert_int_equal(run(&read, sink, &result, &got, &err), WEIR_OK);
        assert_string_equal(got.data, "a;d;");
        assert_int_equal(result.bad_rows, 2);
        weir_buf_free(&got);
    }
    weir_format_free(csv);
}

static void changed_and_vanished_files(void **state)
{
    (void)state;
    weir_schema *schema = csv_schema(arena, "a STRING");
    weir_format *csv = dialect(schema, NULL);
    const int columns[] = {0};
    struct weir_text_file files[3] = {file_of(put("a.csv", "1\n", 2)), file_of(put("b.csv", "2\n3\n", 4)), file_of(put("c.csv", "4\n", 2))};
    for (int kind = 0; kind < 4; kind++) {
        struct weir_text_file mine[3] = {files[0], files[1], files[2]};
        const char *want = "FILE_CHANGED";
        switch (kind) {
        case 0: mine[1].size = 2; break;      /* it grew: the planned rows are not all there is */
        case 1: mine[1].size = 400; break;    /* it shrank */
        case 2: mine[1].mtime_ns += 1; break; /* it was written anew */
        default:
            mine[1].path = "/nonexistent/b.csv";
            want = "FILE_VANISHED";
        }
        for (int threads = 1; threads < 3; threads++) {
            struct weir_text_file_result per_file[3];
            struct weir_text_result result = {.files = per_file};
            struct weir_buf got;
            struct weir_error err = {0};
            struct weir_text_read read = {.format = csv, .files = mine, .file_count = 3, .columns = columns, .column_count = 1, .threads = threads, .task_bytes = threads == 1 ? 0 : 1};
            assert_int_equal(run(&read, schema, &result, &got, &err), WEIR_CONFLICT);
            assert_string_equal(err.condition, want);
            assert_int_equal(per_file[1].changed, kind < 3);
            assert_int_equal(per_file[1].missing, kind == 3);
            assert_false(per_file[0].changed || per_file[0].missing);
            weir_buf_free(&got);
        }
    }
    weir_format_free(csv);
}

static void failfast_says_where(void **state)
{
    (void)state;
    weir_schema *schema = csv_schema(arena, "id INT, d DATE");
    struct weir_buf text;
    weir_buf_init(&text, 0);
    weir_buf_add_str(&text, "id,d\n");
    for (int i = 0; i < 200; i++) {
        weir_buf_add_str(&text, i == 150 ? "7,2024-02-30\n" : i == 180 ? "8\n" : "1,2024-01-02\n");
    }
    weir_options *options = options_of((const char *const[]){"mode", "failfast", "header", "true", NULL});
    for (const struct csv_way *way = csv_ways; way->name; way++) {
        struct csv_rows rows;
        assert_int_equal(csv_read_text(schema, options, text.data, text.len, way, &rows), WEIR_INVALID);
        assert_string_equal(rows.err.condition, "MALFORMED_RECORD");
        assert_int_equal(rows.err.line, 152);
        assert_int_equal(rows.err.column, 2);
        assert_non_null(strstr(rows.err.msg, "input.csv, line 152: column 2 (`d`): '2024-02-30' is no date"));
        csv_rows_free(&rows);
    }
    weir_options_free(options);
    weir_buf_free(&text);
}

static void lines_have_a_limit(void **state)
{
    (void)state;
    weir_schema *schema = csv_schema(arena, "a STRING, b STRING");
    const size_t big = (size_t)100 << 20;
    char *text = weir_malloc(big + 16);
    memcpy(text, "a,b\n\"", 5);
    memset(text + 5, 'x', big);
    memcpy(text + 5 + big, "\",c\n", 4);
    struct csv_rows rows;
    assert_int_equal(csv_read_text(schema, NULL, text, big + 9, &csv_ways[0], &rows), WEIR_TOO_BIG);
    assert_string_equal(rows.err.condition, "ROW_TOO_BIG");
    assert_non_null(strstr(rows.err.msg, "maxRowBytes=67108864"));
    csv_rows_free(&rows);
    weir_options *options = options_of((const char *const[]){"maxRowBytes", "300000000", NULL});
    assert_int_equal(csv_read_text(schema, options, text, big + 9, &csv_ways[0], &rows), WEIR_OK);
    assert_int_equal(rows.count, 2);
    csv_rows_free(&rows);
    weir_options_set(options, "maxRowBytes", "20");
    for (const struct csv_way *way = csv_ways; way->name; way++) {
        assert_int_equal(csv_read_text(schema, options, "a,b\n0123456789,0123456789\nc,d\n", 30, way, &rows), WEIR_TOO_BIG);
        csv_rows_free(&rows);
    }
    weir_options_free(options);
    weir_free(text);
}

static void empty_cells_under_another_null(void **state)
{
    (void)state;
    weir_schema *schema = csv_schema(arena, "id INT, v STRING, _corrupt_record STRING");
    weir_options *options = options_of((const char *const[]){"nullValue", "NA", NULL});
    static const char text[] = "1,\n,NA\nNA,x\n2,\"\"\n\"\",y\n";
    for (const struct csv_way *way = csv_ways; way->name; way++) {
        struct csv_rows rows;
        assert_int_equal(csv_read_text(schema, options, text, sizeof text - 1, way, &rows), WEIR_OK);
        assert_string_equal(rows.text.data, "{\"id\":1,\"v\":null,\"_corrupt_record\":null}\n{\"id\":null,\"v\":null,\"_corrupt_record\":null}\n"
                                            "{\"id\":null,\"v\":\"x\",\"_corrupt_record\":null}\n{\"id\":2,\"v\":\"\",\"_corrupt_record\":null}\n"
                                            "{\"id\":null,\"v\":\"y\",\"_corrupt_record\":\"\\\"\\\",y\"}\n");
        csv_rows_free(&rows);
    }
    weir_options_free(options);
}

static bool ignore_path_options(const char *name)
{
    return weir_str_eq_nocase(weir_str(name), WEIR_STR("maxFilesPerTrigger"));
}

static void options_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *condition;
    } bad[] = {
        {"seperator", ";", "OPTION_UNKNOWN"},       {"header", "yes", "OPTION_INVALID"},
        {"encoding", "windows-1252", "OPTION_INVALID"}, {"encoding", "klingon", "OPTION_INVALID"}, {"locale", "de-DE", "OPTION_UNSUPPORTED"},
        {"samplingRatio", "0.5", "OPTION_UNSUPPORTED"}, {"sep", "", "OPTION_INVALID"},           {"sep", "\\", "OPTION_INVALID"},
        {"quote", "ab", "OPTION_INVALID"},          {"lineSep", "abc", "OPTION_INVALID"},        {"maxColumns", "many", "OPTION_INVALID"},
        {"timeZone", "Mars/Base", "OPTION_INVALID"}, {"dateFormat", "YYYY-MM-dd", "PATTERN_INVALID"}, {"timestampFormat", "yyyy VV", "PATTERN_UNSUPPORTED"},
        {"timestampFormat", "yyyy zzzz", "PATTERN_UNSUPPORTED"}, {"timestampFormat", "yyyy O", "PATTERN_UNSUPPORTED"}, {"timestampFormat", "'open", "PATTERN_INVALID"},
        {"unescapedQuoteHandling", "GUESS", "OPTION_INVALID"}, {"singleVariantColumn", "v", "OPTION_UNSUPPORTED"},
    };
    weir_schema *schema = csv_schema(arena, "a INT, t TIMESTAMP");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        weir_options *options = options_of((const char *const[]){bad[i].name, bad[i].value, NULL});
        weir_format *csv;
        struct weir_error err = {0};
        assert_int_not_equal(weir_format_new("csv", schema, options, NULL, &csv, &err), WEIR_OK);
        assert_null(csv);
        assert_string_equal(err.condition, bad[i].condition);
        assert_non_null(strstr(err.msg, bad[i].name));
        weir_options_free(options);
    }
    weir_options *options = options_of((const char *const[]){"MaxFilesPerTrigger", "1", "HEADER", "TRUE", "DELIMITER", "|", "inferSchema", "true", NULL});
    weir_format *csv;
    struct weir_error err = {0};
    assert_int_equal(weir_format_new("csv", schema, options, ignore_path_options, &csv, &err), WEIR_OK);
    weir_format_free(csv);
    weir_options_free(options);
    static const char *const refused[] = {"a ARRAY<INT>", "a VARIANT", "a INTERVAL DAY TO SECOND", "a INT, _corrupt_record INT", "_corrupt_record STRING NOT NULL"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        assert_int_not_equal(weir_format_new("csv", csv_schema(arena, refused[i]), NULL, NULL, &csv, &err), WEIR_OK);
    }
}

static void expect_rows(const char *ddl, const char *const *pairs, const char *text, const char *want)
{
    weir_options *options = options_of(pairs);
    for (const struct csv_way *way = csv_ways; way->name; way++) {
        struct csv_rows rows;
        assert_int_equal(csv_read_text(csv_schema(arena, ddl), options, text, strlen(text), way, &rows), WEIR_OK);
        assert_string_equal(weir_buf_view(&rows.text).ptr, want);
        csv_rows_free(&rows);
    }
    weir_options_free(options);
}

/* A file that ends within a line end of several characters keeps its last byte. */
static void half_a_line_end(void **state)
{
    (void)state;
    static const char *const bars[] = {"lineSep", "||", NULL};
    expect_rows("a STRING", bars, "x||y|", "{\"a\":\"x\"}\n{\"a\":\"y|\"}\n");
    expect_rows("a STRING", bars, "x|||", "{\"a\":\"x\"}\n{\"a\":\"|\"}\n");
    expect_rows("a STRING", bars, "x||", "{\"a\":\"x\"}\n");
}

/* Spark has a format where none is given, and reads leniently behind it unless that is switched off. */
static void dates_without_a_format(void **state)
{
    (void)state;
    static const char *const strict[] = {"enableDateTimeParsingFallback", "false", NULL};
    static const char text[] = "2024-01-02\n2024-1-2\n2024\n+01220224-01-02\n01220224-01-02\n";
    expect_rows("a DATE", NULL, text, "{\"a\":\"2024-01-02\"}\n{\"a\":\"2024-01-02\"}\n{\"a\":\"2024-01-01\"}\n{\"a\":\"+1220224-01-02\"}\n{\"a\":null}\n");
    expect_rows("a DATE", strict, text, "{\"a\":\"2024-01-02\"}\n{\"a\":null}\n{\"a\":null}\n{\"a\":\"+1220224-01-02\"}\n{\"a\":null}\n");
}

static void patterns(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *text, *want; /* NULL = no match */
    } cases[] = {
        {"yyyy-MM-dd HH:mm:ss", "2024-02-29 23:59:59", "2024-02-29T23:59:59.000000Z"},
        {"yyyy-MM-dd HH:mm:ss", "2023-02-29 00:00:00", NULL},
        {"yyyy-MM-dd HH:mm:ss", "+2024-01-01 00:00:00", NULL},
        {"yyyy-MM-dd", "+12024-01-01", "+12024-01-01T00:00:00.000000Z"},
        {"yyyyMMdd", "20240102", "2024-01-02T00:00:00.000000Z"},
        {"yyyyMMdd", "2024012", NULL},
        {"yyMMdd", "240102", "2024-01-02T00:00:00.000000Z"},
        {"d MMM yyyy", "7 jAN 2024", "2024-01-07T00:00:00.000000Z"},
        {"MMMM d, yyyy", "may 7, 2024", "2024-05-07T00:00:00.000000Z"},
        {"yyyy-MM-dd'T'HH:mm:ss.SSSSSSSSS", "2024-01-01T00:00:00.123456789", "2024-01-01T00:00:00.123456Z"},
        {"yyyy-MM-dd kk", "2024-01-01 24", "2024-01-01T00:00:00.000000Z"},
        {"yyyy-MM-dd hh a", "2024-01-01 12 am", "2024-01-01T00:00:00.000000Z"},
        {"yyyy-MM-dd hh a", "2024-01-01 12 PM", "2024-01-01T12:00:00.000000Z"},
        {"yyyy-MM-dd HH:mm X", "2024-01-01 10:00 +05", "2024-01-01T05:00:00.000000Z"},
        {"yyyy-MM-dd HH:mm XXX", "2024-01-01 10:00 -05:30", "2024-01-01T15:30:00.000000Z"},
        {"yyyy-MM-dd HH:mm XXX", "2024-01-01 10:00 +19:00", NULL},
        {"yyyy-MM-dd HH:mm Z", "2024-01-01 10:00 +0100", "2024-01-01T09:00:00.000000Z"},
        {"yyyy-MM-dd HH:mm x", "2024-01-01 10:00 Z", NULL},
        {"yyyy-MM-dd HH:mm z", "2024-07-01 10:00 europe/paris", "2024-07-01T08:00:00.000000Z"},
        {"yyyy-MM-dd HH:mm z", "2024-07-01 10:00 met", "2024-07-01T08:00:00.000000Z"},
        {"yyyy-MM-dd HH:mm z", "2024-07-01 10:00 africa/DAR_ES_salaam", "2024-07-01T07:00:00.000000Z"},
        {"yyyy-MM-dd HH:mm z", "2024-07-01 10:00 etc/gmt", "2024-07-01T10:00:00.000000Z"},
        {"yyyy-MM-dd HH:mm z", "2024-07-01 10:00 Etc/GMT+5", NULL},
        {"yyyy-MM-dd HH:mm z", "2024-07-01 10:00 sst", "2024-07-01T21:00:00.000000Z"},
        {"yyyy-MM-dd HH:mm z", "2024-07-01 10:00 ACST", "2024-07-01T15:00:00.000000Z"},
        {"yyyy-MM-dd HH:mm z", "2024-07-01 10:00 nz", "2024-06-30T22:00:00.000000Z"},
        {"yyyy-MM-dd HH:mm z", "2024-07-01 10:00 PLT", NULL},
        {"yyyy-MM-dd HH:mm z", "2024-07-01 10:00 us/eastern", "2024-07-01T14:00:00.000000Z"},
        {"yyyy-MM-dd[ HH:mm]", "2024-01-01", "2024-01-01T00:00:00.000000Z"},
        {"yyyy-MM-dd[ HH:mm]", "2024-01-01 1", NULL},
        {"''yyyy''", "'2024'", "2024-01-01T00:00:00.000000Z"},
        {"yyyy-DDD", "2023-366", NULL},
        {"yyyy", "", NULL},
    };
    weir_schema *schema = csv_schema(arena, "v TIMESTAMP, x STRING");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        weir_format *csv = dialect(schema, (const char *const[]){"timestampFormat", cases[i].pattern, "nullValue", "none", NULL});
        struct weir_text_parser *parser = weir_text_parser_new(&schema->fields[0].type, csv);
        union weir_value value;
        enum weir_verdict verdict = parser->parse(parser, cases[i].text, strlen(cases[i].text), &value);
        char text[48] = "";
        if (verdict == WEIR_VALUE) {
            weir_timestamp_text(value.i, "Z", text);
        }
        if (strcmp(text, cases[i].want ? cases[i].want : "") != 0) {
            fail_msg("%s on '%s': '%s' instead of '%s'", cases[i].pattern, cases[i].text, text, cases[i].want ? cases[i].want : "");
        }
        weir_text_parser_free(parser);
        weir_format_free(csv);
    }
}

static void cancelled(void **state)
{
    (void)state;
    weir_schema *schema = csv_schema(arena, "a STRING");
    struct csv_rows rows;
    weir_stop_request(2);
    assert_int_equal(csv_read_text(schema, NULL, "a\nb\n", 4, &csv_ways[0], &rows), WEIR_CANCELLED);
    weir_stop_reset();
    csv_rows_free(&rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_columns_and_constants, setup, teardown),
        cmocka_unit_test_setup_teardown(unread_columns_still_count, setup, teardown),
        cmocka_unit_test_setup_teardown(changed_and_vanished_files, setup, teardown),
        cmocka_unit_test_setup_teardown(failfast_says_where, setup, teardown),
        cmocka_unit_test_setup_teardown(lines_have_a_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(empty_cells_under_another_null, setup, teardown),
        cmocka_unit_test_setup_teardown(options_are_checked, setup, teardown),
        cmocka_unit_test_setup_teardown(half_a_line_end, setup, teardown),
        cmocka_unit_test_setup_teardown(dates_without_a_format, setup, teardown),
        cmocka_unit_test_setup_teardown(patterns, setup, teardown),
        cmocka_unit_test_setup_teardown(cancelled, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
