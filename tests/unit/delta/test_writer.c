/* Data files: statistics by Delta's rules, partition values, NOT NULL, what is left on the disk; rows read back.
 * With --write FOLDER it makes tables and, beside each, its rows (<table>.ndjson), for tests/interop/peers/test_delta_peers.py. */
#include "unit/delta/delta_test.h"
#include "delta/writer_internal.h"

#include "parquet/reader.h"

#include <math.h>

struct fixture {
    char *folder;
    weir_arena *arena;
    weir_delta *table;
};

static int set_up(void **state)
{
    struct fixture *f = weir_calloc(1, sizeof *f);
    f->folder = test_make_folder();
    f->arena = weir_arena_new();
    f->table = weir_delta_open(weir_fs_posix(), f->folder);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    weir_delta_close(f->table);
    weir_arena_free(f->arena);
    test_remove_folder(f->folder);
    weir_free(f);
    return 0;
}

static weir_schema *ddl(weir_arena *arena, const char *text)
{
    weir_schema *schema = NULL;
    struct weir_error err = {0};
    check_ok(weir_schema_parse_ddl(arena, weir_str(text), &schema, &err), &err);
    return schema;
}

/* A value of a row that is written as JSON: dates, times and decimals as their integers, NaN and infinities as strings, maps as objects. */
static void put_json(weir_builder *to, const struct weir_type *type, const struct weir_json *value)
{
    int64_t i = 0;
    double d = 0;
    bool b = false;
    if (!value || value->kind == WEIR_JSON_NULL) {
        weir_builder_null(to);
        return;
    }
    switch (type->id) {
    case WEIR_TYPE_BOOLEAN:
        assert_true(weir_json_bool(value, &b));
        weir_builder_bool(to, b);
        return;
    case WEIR_TYPE_FLOAT:
    case WEIR_TYPE_DOUBLE:
        if (value->kind == WEIR_JSON_STRING) {
            d = value->text.ptr[0] == 'N' ? (double)NAN : value->text.ptr[0] == '-' ? -(double)INFINITY : (double)INFINITY;
        } else {
            assert_true(weir_json_f64(value, &d));
        }
        weir_builder_f64(to, d);
        return;
    case WEIR_TYPE_DECIMAL:
        assert_true(weir_json_i64(value, &i));
        weir_builder_decimal(to, i);
        return;
    case WEIR_TYPE_STRING:
    case WEIR_TYPE_BINARY:
        weir_builder_bytes(to, value->text.ptr, value->text.len);
        return;
    case WEIR_TYPE_ARRAY:
        for (const struct weir_json *item = value->child; item; item = item->next) {
            put_json(weir_builder_child(to, 0), &type->fields[0].type, item);
        }
        weir_builder_end(to);
        return;
    case WEIR_TYPE_MAP:
        for (const struct weir_json *item = value->child; item; item = item->next) {
            weir_builder_bytes(weir_builder_child(to, 0), item->key.ptr, item->key.len);
            put_json(weir_builder_child(to, 1), &type->fields[1].type, item);
        }
        weir_builder_end(to);
        return;
    case WEIR_TYPE_STRUCT:
        for (size_t k = 0; k < type->field_count; k++) {
            put_json(weir_builder_child(to, k), &type->fields[k].type, weir_json_get(value, type->fields[k].name));
        }
        weir_builder_end(to);
        return;
    default:
        assert_true(weir_json_i64(value, &i));
        weir_builder_i64(to, i);
    }
}

/* One JSON object a line into a batch. */
static struct weir_batch batch_of(const weir_schema *schema, const char *rows)
{
    struct weir_batch batch = {.schema = schema};
    weir_builder *builder = weir_builder_new(schema);
    weir_arena *arena = weir_arena_new();
    char *text = weir_strdup(rows);
    for (char *at = text, *line; (line = test_next_line(&at));) {
        const struct weir_json *json = NULL;
        struct weir_error err = {0};
        check_ok(weir_json_parse(arena, weir_str(line), &json, &err), &err);
        put_json(builder, schema, json);
    }
    weir_builder_finish(builder, &batch.array);
    weir_builder_free(builder);
    weir_arena_free(arena);
    weir_free(text);
    return batch;
}

static weir_txn *creation(weir_delta *table, const weir_schema *schema, const char *const *partitions, size_t count, const weir_options *properties)
{
    struct weir_error err = {0};
    struct weir_table_spec spec = {.schema = schema, .partition_columns = partitions, .partition_count = count, .properties = properties};
    weir_txn *txn = weir_txn_begin(table, NULL);
    check_ok(weir_txn_create(txn, &spec, &err), &err);
    weir_txn_operation(txn, "CREATE TABLE AS SELECT");
    return txn;
}

/* A table of one commit with these rows; the snapshot. */
static weir_snapshot *table_of(weir_delta *table, const weir_schema *schema, const char *rows, const char *const *partitions, size_t count,
                               const weir_options *properties, const struct weir_delta_writer_options *options)
{
    struct weir_error err = {0};
    weir_delta_writer *writer = NULL;
    int64_t version = 0;
    struct weir_batch batch = batch_of(schema, rows);
    weir_txn *txn = creation(table, schema, partitions, count, properties);
    check_ok(weir_delta_writer_new(table, schema, partitions, count, properties, options, &writer, &err), &err);
    check_ok(weir_delta_writer_add(writer, &batch, &err), &err);
    assert_int_equal(weir_delta_writer_rows(writer), weir_batch_rows(&batch));
    check_ok(weir_delta_writer_finish(writer, txn, &err), &err);
    check_ok(weir_txn_commit(txn, &version, &err), &err);
    weir_txn_free(txn);
    weir_batch_release(&batch);
    weir_snapshot *snapshot = NULL;
    check_ok(weir_delta_snapshot(table, &snapshot, &err), &err);
    return snapshot;
}

static void expect_stats(struct fixture *f, const char *schema_ddl, const char *rows, const char *property, const char *value, const char *expected)
{
    static int number;
    char *folder = weir_asprintf("%s/s%d", f->folder, number++);
    weir_delta *table = weir_delta_open(weir_fs_posix(), folder);
    weir_options *properties = weir_options_new();
    if (property) {
        weir_options_set(properties, property, value);
    }
    weir_snapshot *snapshot = table_of(table, ddl(f->arena, schema_ddl), rows, NULL, 0, properties, NULL);
    assert_int_equal(weir_snapshot_file_count(snapshot), 1);
    assert_string_equal(weir_snapshot_file(snapshot, 0)->stats, expected);
    weir_snapshot_unref(snapshot);
    weir_options_free(properties);
    weir_delta_close(table);
    weir_free(folder);
}

static void statistics(void **state)
{
    struct fixture *f = *state;
    expect_stats(f, "a BYTE, b SHORT, c INT, d BIGINT", "{\"a\":-128,\"b\":3,\"c\":5,\"d\":-9223372036854775808}\n{\"a\":127,\"b\":null,\"c\":-5,\"d\":9223372036854775807}\n", NULL, NULL,
                 "{\"numRecords\":2,\"minValues\":{\"a\":-128,\"b\":3,\"c\":-5,\"d\":-9223372036854775808},\"maxValues\":{\"a\":127,\"b\":3,\"c\":5,\"d\":9223372036854775807},"
                 "\"nullCount\":{\"a\":0,\"b\":1,\"c\":0,\"d\":0}}");
    /* no bounds for BOOLEAN, BINARY and where all is NULL */
    expect_stats(f, "a BOOLEAN, b BINARY, c STRING", "{\"a\":true,\"b\":\"x\",\"c\":null}\n{\"a\":false,\"b\":null,\"c\":null}\n", NULL, NULL,
                 "{\"numRecords\":2,\"minValues\":{},\"maxValues\":{},\"nullCount\":{\"a\":0,\"b\":1,\"c\":2}}");
    /* NaN is the largest for Spark: no maximum then; infinities are not JSON */
    expect_stats(f, "a DOUBLE, b FLOAT, c DOUBLE, d DOUBLE", "{\"a\":1.5,\"b\":0.1,\"c\":\"NaN\",\"d\":\"-Infinity\"}\n{\"a\":\"NaN\",\"b\":\"Infinity\",\"c\":\"NaN\",\"d\":2}\n", NULL, NULL,
                 "{\"numRecords\":2,\"minValues\":{\"a\":1.5,\"b\":0.1},\"maxValues\":{\"d\":2.0},\"nullCount\":{\"a\":0,\"b\":0,\"c\":0,\"d\":0}}");
    /* times go down to the millisecond, before 1970 too */
    expect_stats(f, "a DATE, b TIMESTAMP, c TIMESTAMP_NTZ, d DECIMAL(10,2)",
                 "{\"a\":-1,\"b\":-1,\"c\":1700000000123999,\"d\":-150}\n{\"a\":19000,\"b\":1700000000123999,\"c\":1700000000123999,\"d\":99}\n", NULL, NULL,
                 "{\"numRecords\":2,\"minValues\":{\"a\":\"1969-12-31\",\"b\":\"1969-12-31T23:59:59.999Z\",\"c\":\"2023-11-14T22:13:20.123\",\"d\":-1.50},"
                 "\"maxValues\":{\"a\":\"2022-01-08\",\"b\":\"2023-11-14T22:13:20.123Z\",\"c\":\"2023-11-14T22:13:20.123\",\"d\":0.99},\"nullCount\":{\"a\":0,\"b\":0,\"c\":0,\"d\":0}}");
    /* years that a reader may not parse are no bounds */
    expect_stats(f, "a DATE, b TIMESTAMP", "{\"a\":2932897,\"b\":-62135596800000001}\n{\"a\":0,\"b\":0}\n", NULL, NULL,
                 "{\"numRecords\":2,\"minValues\":{\"a\":\"1970-01-01\"},\"maxValues\":{\"b\":\"1970-01-01T00:00:00.000Z\"},\"nullCount\":{\"a\":0,\"b\":0}}");
    expect_stats(f, "st STRUCT<x: INT, y: STRUCT<z: STRING, w: BOOLEAN>>, l ARRAY<INT>, m MAP<STRING, INT>, e STRUCT<n: BOOLEAN>",
                 "{\"st\":{\"x\":1,\"y\":{\"z\":\"b\",\"w\":true}},\"l\":[1,null],\"m\":{},\"e\":{\"n\":true}}\n{\"st\":null,\"l\":null,\"m\":null}\n{\"st\":{\"x\":null,\"y\":{\"z\":\"a\"}},\"l\":[]}\n", NULL, NULL,
                 "{\"numRecords\":3,\"minValues\":{\"st\":{\"x\":1,\"y\":{\"z\":\"a\"}}},\"maxValues\":{\"st\":{\"x\":1,\"y\":{\"z\":\"b\"}}},"
                 "\"nullCount\":{\"st\":{\"x\":2,\"y\":{\"z\":1,\"w\":2}},\"l\":1,\"m\":2,\"e\":{\"n\":2}}}");
    expect_stats(f, "a INT, s STRUCT<b: INT, c: INT>, d INT", "{\"a\":1,\"s\":{\"b\":2,\"c\":3},\"d\":4}\n", "delta.dataSkippingNumIndexedCols", "2",
                 "{\"numRecords\":1,\"minValues\":{\"a\":1,\"s\":{\"b\":2}},\"maxValues\":{\"a\":1,\"s\":{\"b\":2}},\"nullCount\":{\"a\":0,\"s\":{\"b\":0}}}");
    expect_stats(f, "a INT, b INT", "{\"a\":1,\"b\":2}\n", "delta.dataSkippingNumIndexedCols", "0", "{\"numRecords\":1,\"minValues\":{},\"maxValues\":{},\"nullCount\":{}}");
    expect_stats(f, "a INT, s STRUCT<b: INT, c: INT>, d INT", "{\"a\":1,\"s\":{\"b\":2,\"c\":3},\"d\":4}\n", "delta.dataSkippingStatsColumns", "`d`, s.c",
                 "{\"numRecords\":1,\"minValues\":{\"s\":{\"c\":3},\"d\":4},\"maxValues\":{\"s\":{\"c\":3},\"d\":4},\"nullCount\":{\"s\":{\"c\":0},\"d\":0}}");
}

static void long_texts(void **state)
{
    (void)state;
#define TEN "0123456789"
    static const struct { const char *text, *min, *max; } cases[] = {
        {"", "", ""},
        {TEN TEN TEN "12", TEN TEN TEN "12", TEN TEN TEN "12"},
        {TEN TEN TEN "12x", TEN TEN TEN "12", TEN TEN TEN "12\x7f"},
        {TEN TEN TEN "12\x7f", TEN TEN TEN "12", TEN TEN TEN "12\xf4\x8f\xbf\xbf"},
        {TEN TEN TEN "12ж", TEN TEN TEN "12", TEN TEN TEN "12\xf4\x8f\xbf\xbf"},
        {TEN TEN TEN "жж😀", TEN TEN TEN "жж", TEN TEN TEN "жж\xf4\x8f\xbf\xbf"},
        {TEN TEN TEN "12\xf4\x8f\xbf\xbf", TEN TEN TEN "12", TEN TEN TEN "12\xf4\x8f\xbf\xbf"},
        {TEN TEN TEN "12\xf4\x8f\xbf\xbf" "a", TEN TEN TEN "12", TEN TEN TEN "12\xf4\x8f\xbf\xbf\x7f"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct weir_buf min;
        struct weir_buf max;
        weir_buf_init(&min, 0);
        weir_buf_init(&max, 0);
        weiri_stats_text_min(weir_str(cases[i].text), &min);
        assert_true(weiri_stats_text_max(weir_str(cases[i].text), &max));
        assert_true(weir_str_eq(weir_buf_view(&min), weir_str(cases[i].min)));
        assert_true(weir_str_eq(weir_buf_view(&max), weir_str(cases[i].max)));
        weir_buf_free(&min);
        weir_buf_free(&max);
    }
    struct weir_buf none; /* nothing above it within 64 characters: no maximum */
    struct weir_buf out;
    weir_buf_init(&none, 0);
    weir_buf_init(&out, 0);
    for (int i = 0; i < 70; i++) {
        weir_buf_add_str(&none, "\xf4\x8f\xbf\xbf");
    }
    assert_false(weiri_stats_text_max(weir_buf_view(&none), &out));
    weir_buf_free(&none);
    weir_buf_free(&out);
}

/* Bounds hold for any text, by bytes. */
static void texts_stay_within_their_bounds(void **state)
{
    (void)state;
    static const uint32_t letters[] = {'a', 0x7e, 0x7f, 0x80, 0x7ff, 0x800, 0xffff, 0x10000, 0x10fffe, 0x10ffff};
    struct weir_rng rng;
    weir_rng_seed(&rng, 11);
    for (int round = 0; round < 20000; round++) {
        struct weir_buf text;
        struct weir_buf min;
        struct weir_buf max;
        weir_buf_init(&text, 0);
        weir_buf_init(&min, 0);
        weir_buf_init(&max, 0);
        int chars = (int)weir_rng_below(&rng, 80);
        int spread = 1 + (int)weir_rng_below(&rng, 10);
        for (int i = 0; i < chars; i++) {
            char bytes[4];
            size_t len = weir_utf8_put(letters[10 - spread + (int)weir_rng_below(&rng, (uint64_t)spread)], bytes);
            weir_buf_add(&text, bytes, len);
        }
        weiri_stats_text_min(weir_buf_view(&text), &min);
        assert_true(weir_str_cmp(weir_buf_view(&min), weir_buf_view(&text)) <= 0);
        if (weiri_stats_text_max(weir_buf_view(&text), &max)) {
            assert_true(weir_str_cmp(weir_buf_view(&max), weir_buf_view(&text)) >= 0);
        }
        assert_true(weir_utf8_valid(max.data ? max.data : "", max.len));
        weir_buf_free(&text);
        weir_buf_free(&min);
        weir_buf_free(&max);
    }
}

static const char *value_of(const weir_snapshot *snapshot, size_t file, size_t column)
{
    const struct weir_add *add = weir_snapshot_file(snapshot, file);
    return add->partition_values[column].value ? add->partition_values[column].value : "(null)";
}

static void partition_values(void **state)
{
    struct fixture *f = *state;
    static const struct { const char *type, *value, *text, *folder; } cases[] = {
        {"STRING", "\"US/East %2F é\"", "US/East %2F é", "p=US%252FEast%20%25252F%20é/"}, {"STRING", "\"\"", "(null)", "p=__HIVE_DEFAULT_PARTITION__/"},
        {"STRING", "\"a{b\"", "a{b", "p=a%257Bb/"}, {"STRING", "\"a}b\"", "a}b", "p=a%7Db/"}, {"STRING", "\"a<b>c|d\"", "a<b>c|d", "p=a%3Cb%3Ec%7Cd/"},
        {"STRING", "\"100%25\"", "100%25", "p=100%252525/"}, {"STRING", "\"a&b+c$d;e,f@!()\"", "a&b+c$d;e,f@!()", "p=a&b+c$d;e,f@!()/"},
        {"STRING", "null", "(null)", "p=__HIVE_DEFAULT_PARTITION__/"}, {"INT", "-7", "-7", "p=-7/"}, {"BIGINT", "9223372036854775807", "9223372036854775807", "p=9223372036854775807/"},
        {"BOOLEAN", "true", "true", "p=true/"}, {"DATE", "-1", "1969-12-31", "p=1969-12-31/"},
        {"TIMESTAMP", "1718454645000000", "2024-06-15T12:30:45.000000Z", "p=2024-06-15%2012%253A30%253A45/"},
        {"TIMESTAMP", "-1", "1969-12-31T23:59:59.999999Z", "p=1969-12-31%2023%253A59%253A59.999999/"},
        {"TIMESTAMP_NTZ", "1718454645000000", "2024-06-15 12:30:45", "p=2024-06-15%2012%253A30%253A45/"},
        {"TIMESTAMP_NTZ", "1718454645120000", "2024-06-15 12:30:45.120000", "p=2024-06-15%2012%253A30%253A45.12/"},
        {"DECIMAL(20,4)", "15000", "1.5000", "p=1.5000/"}, {"DOUBLE", "1e10", "1.0E10", "p=1.0E10/"}, {"FLOAT", "0.1", "0.1", "p=0.1/"},
    };
    const char *partition = "p";
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *folder = weir_asprintf("%s/p%zu", f->folder, i);
        char *schema = weir_asprintf("a INT, p %s, z STRING", cases[i].type);
        char *rows = weir_asprintf("{\"a\":1,\"p\":%s,\"z\":\"z\"}\n{\"a\":2,\"p\":%s}\n", cases[i].value, cases[i].value);
        weir_delta *table = weir_delta_open(weir_fs_posix(), folder);
        weir_snapshot *snapshot = table_of(table, ddl(f->arena, schema), rows, &partition, 1, NULL, NULL);
        assert_int_equal(weir_snapshot_file_count(snapshot), 1);
        assert_string_equal(value_of(snapshot, 0, 0), cases[i].text);
        assert_true(weir_str_starts(weir_str(weir_snapshot_file(snapshot, 0)->path), cases[i].folder));
        char *place = weir_snapshot_file_path(snapshot, weir_snapshot_file(snapshot, 0));
        assert_int_equal(access(place, R_OK), 0);
        weir_free(place);
        assert_int_equal(weir_snapshot_row_count(snapshot), 2);
        assert_null(strstr(weir_snapshot_file(snapshot, 0)->stats, "\"p\"")); /* not stored, no statistics */
        weir_snapshot_unref(snapshot);
        weir_delta_close(table);
        weir_free(folder);
        weir_free(schema);
        weir_free(rows);
    }
}

static size_t counted;

static int count_file(const char *path, const struct stat *info, int kind, struct FTW *ftw)
{
    (void)info;
    (void)ftw;
    counted += kind == FTW_F && weir_str_ends(weir_str(path), ".parquet");
    return 0;
}

static size_t files_in(const char *folder)
{
    counted = 0;
    nftw(folder, count_file, 16, FTW_PHYS);
    return counted;
}

static void more_partitions_than_open_files(void **state)
{
    struct fixture *f = *state;
    const char *partitions[] = {"p", "q"};
    const struct weir_delta_writer_options options = {.open_partitions_max = 3};
    struct weir_buf rows;
    weir_buf_init(&rows, 0);
    for (int i = 0; i < 500; i++) {
        weir_buf_printf(&rows, "{\"a\":%d,\"p\":\"%d\",\"q\":%s}\n", i, i % 10, i % 2 ? "null" : "1");
    }
    weir_snapshot *snapshot = table_of(f->table, ddl(f->arena, "a INT, p STRING, q INT"), rows.data, partitions, 2, NULL, &options);
    assert_int_equal(weir_snapshot_file_count(snapshot), 10);
    assert_int_equal(files_in(f->folder), 10);
    assert_int_equal(weir_snapshot_row_count(snapshot), 500);
    for (size_t i = 0; i < 10; i++) { /* each file holds its own rows only */
        struct weir_error err = {0};
        weir_parquet_reader *reader = NULL;
        struct weir_batch batch;
        int64_t digit = 0;
        assert_true(weir_str_to_i64(weir_str(value_of(snapshot, i, 0)), &digit));
        assert_string_equal(value_of(snapshot, i, 1), digit % 2 ? "(null)" : "1");
        char *path = weir_snapshot_file_path(snapshot, weir_snapshot_file(snapshot, i));
        check_ok(weir_parquet_open(weir_delta_store(f->table), path, &reader, &err), &err);
        weir_free(path);
        assert_int_equal(weir_parquet_schema(reader)->field_count, 1);
        check_ok(weir_parquet_read_group(reader, 0, NULL, 0, &batch, &err), &err);
        for (int64_t row = 0; row < weir_batch_rows(&batch); row++) {
            assert_int_equal(weir_arrow_i64(batch.array.children[0], WEIR_TYPE_INT, row) % 10, digit);
        }
        weir_batch_release(&batch);
        weir_parquet_close(reader);
    }
    weir_buf_free(&rows);
    weir_snapshot_unref(snapshot);
}

static void large_files_are_cut(void **state)
{
    struct fixture *f = *state;
    struct weir_error err = {0};
    weir_schema *schema = ddl(f->arena, "a BIGINT, s STRING");
    const struct weir_delta_writer_options options = {.file_bytes_max = 1000000, .codec = WEIR_CODEC_ZSTD};
    weir_delta_writer *writer = NULL;
    weir_txn *txn = creation(f->table, schema, NULL, 0, NULL);
    struct weir_rng rng;
    int64_t version = 0;
    weir_rng_seed(&rng, 3);
    check_ok(weir_delta_writer_new(f->table, schema, NULL, 0, NULL, &options, &writer, &err), &err);
    for (int b = 0; b < 5; b++) {
        weir_builder *builder = weir_builder_new(schema);
        for (int i = 0; i < 1100000; i++) {
            weir_builder_i64(weir_builder_child(builder, 0), (int64_t)weir_rng_next(&rng));
            weir_builder_null(weir_builder_child(builder, 1));
            weir_builder_end(builder);
        }
        struct weir_batch batch = {.schema = schema};
        weir_builder_finish(builder, &batch.array);
        weir_builder_free(builder);
        check_ok(weir_delta_writer_add(writer, &batch, &err), &err);
        weir_batch_release(&batch);
    }
    check_ok(weir_delta_writer_finish(writer, txn, &err), &err);
    check_ok(weir_txn_commit(txn, &version, &err), &err);
    weir_txn_free(txn);
    weir_snapshot *snapshot = NULL;
    check_ok(weir_delta_snapshot(f->table, &snapshot, &err), &err);
    assert_int_equal(weir_snapshot_file_count(snapshot), 5);
    assert_int_equal(weir_snapshot_row_count(snapshot), 5500000);
    assert_true(weir_str_ends(weir_str(weir_snapshot_file(snapshot, 0)->path), ".zstd.parquet"));
    weir_snapshot_unref(snapshot);
}

static void not_null_is_kept(void **state)
{
    struct fixture *f = *state;
    static const struct { const char *ddl, *rows; weir_rc rc; const char *column; } cases[] = {
        {"a INT NOT NULL, b INT", "{\"a\":1}\n{\"a\":2,\"b\":3}\n", WEIR_OK, NULL},
        {"a INT NOT NULL, b INT", "{\"a\":1}\n{\"b\":3}\n", WEIR_INVALID, "`a`"},
        {"s STRUCT<x: INT NOT NULL>, b INT", "{\"s\":null}\n{\"s\":{\"x\":1}}\n", WEIR_OK, NULL},
        {"s STRUCT<x: INT NOT NULL>, b INT", "{\"s\":{\"x\":null}}\n", WEIR_INVALID, "`x`"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct weir_error err = {0};
        weir_delta_writer *writer = NULL;
        weir_schema *schema = ddl(f->arena, cases[i].ddl);
        struct weir_batch good = batch_of(schema, "{\"a\":5,\"s\":{\"x\":5}}\n");
        struct weir_batch batch = batch_of(schema, cases[i].rows);
        check_ok(weir_delta_writer_new(f->table, schema, NULL, 0, NULL, NULL, &writer, &err), &err);
        check_ok(weir_delta_writer_add(writer, &good, &err), &err);
        weir_rc rc = weir_delta_writer_add(writer, &batch, &err);
        assert_int_equal(rc, cases[i].rc);
        if (rc != WEIR_OK) {
            assert_string_equal(err.condition, "NOT_NULL_VIOLATED");
            assert_non_null(strstr(err.msg, cases[i].column));
        }
        weir_delta_writer_abort(writer);
        assert_int_equal(files_in(f->folder), 0); /* nothing is left */
        weir_batch_release(&good);
        weir_batch_release(&batch);
    }
}

/* Text by tasks that end in order but run in any; constants stand for what was parsed. */
static void feed(struct weir_sink_factory *sinks, int64_t task, weir_colsink *sink, int64_t first, uint32_t rows, bool null_first)
{
    struct weir_error err = {0};
    for (uint32_t i = 0; i < rows; i++) {
        union weir_value number = {.i = first + i};
        union weir_value text = {.s = WEIR_STR("text")};
        check_ok(sink->ops->take_constant(sink, 0, null_first ? NULL : &number, 1, &err), &err);
        check_ok(sink->ops->take_constant(sink, 1, &text, 1, &err), &err);
        check_ok(sink->ops->close_block(sink, 1, NULL, &err), &err);
    }
    check_ok(sinks->end(sinks, task, sink, &err), &err);
}

static void text_goes_straight_to_files(void **state)
{
    struct fixture *f = *state;
    struct weir_text_parser *parsers[2] = {NULL, NULL};
    for (int round = 0; round < 2; round++) {
        struct weir_error err = {0};
        weir_delta_writer *writer = NULL;
        struct weir_sink_factory *sinks = NULL;
        weir_colsink *open[5];
        char *folder = weir_asprintf("%s/t%d", f->folder, round);
        weir_delta *table = weir_delta_open(weir_fs_posix(), folder);
        weir_schema *schema = ddl(f->arena, round ? "a BIGINT NOT NULL, s STRING" : "a BIGINT, s STRING");
        const struct weir_delta_writer_options options = {.file_bytes_max = (int64_t)64 << 20}; /* two tasks a file */
        weir_txn *txn = creation(table, schema, NULL, 0, NULL);
        int64_t version = 0;
        check_ok(weir_delta_writer_new(table, schema, NULL, 0, NULL, &options, &writer, &err), &err);
        check_ok(weir_delta_writer_sinks(writer, &sinks, &err), &err);
        for (int task = 4; task >= 0; task--) {
            check_ok(sinks->begin(sinks, (int64_t)task << WEIR_TASK_PART_BITS, parsers, &open[task], &err), &err);
        }
        for (int task = 0; task < 5; task++) {
            feed(sinks, (int64_t)task << WEIR_TASK_PART_BITS, open[task], task * 100, 100, round && task == 4);
        }
        assert_int_equal(weir_delta_writer_rows(writer), 500);
        weir_rc rc = weir_delta_writer_finish(writer, txn, &err);
        if (round) {
            assert_int_equal(rc, WEIR_INVALID);
            assert_string_equal(err.condition, "NOT_NULL_VIOLATED");
            assert_int_equal(files_in(folder), 0);
        } else {
            check_ok(rc, &err);
            check_ok(weir_txn_commit(txn, &version, &err), &err);
            weir_snapshot *snapshot = NULL;
            check_ok(weir_delta_snapshot(table, &snapshot, &err), &err);
            assert_int_equal(weir_snapshot_file_count(snapshot), 3);
            assert_int_equal(weir_snapshot_row_count(snapshot), 500);
            assert_string_equal(weir_snapshot_file(snapshot, 2)->stats,
                                "{\"numRecords\":100,\"minValues\":{\"a\":400,\"s\":\"text\"},\"maxValues\":{\"a\":499,\"s\":\"text\"},\"nullCount\":{\"a\":0,\"s\":0}}");
            weir_snapshot_unref(snapshot);
        }
        weir_txn_free(txn);
        weir_delta_close(table);
        weir_free(folder);
    }
}

/* --- tables for other readers --- */

static void print_rows(FILE *out, const struct weir_batch *batch)
{
    for (int64_t row = 0; row < weir_batch_rows(batch); row++) {
        struct weir_buf text;
        struct weir_jsonw w;
        weir_buf_init(&text, 0);
        weir_jsonw_init(&w, &text);
        weir_jsonw_object(&w);
        for (size_t i = 0; i < batch->schema->field_count; i++) {
            weir_jsonw_key(&w, batch->schema->fields[i].name);
            weir_arrow_print_json(&w, &batch->schema->fields[i].type, batch->array.children[i], row);
        }
        weir_jsonw_end_object(&w);
        fprintf(out, "%s\n", text.data);
        weir_buf_free(&text);
    }
}

static const struct made {
    const char *name, *ddl, *partitions[3];
    const char *row; /* {N} is the number of the row */
    int commits, rows;
    bool overwrite;  /* the last commit */
} made[] = {
    {"every_type", "b BOOLEAN, i8 BYTE, i16 SHORT, i32 INT, i64 BIGINT, f FLOAT, d DOUBLE, d9 DECIMAL(9,2), d18 DECIMAL(18,0), d38 DECIMAL(38,10), s STRING, y BINARY, dt DATE, ts TIMESTAMP",
     {NULL}, "{\"b\":true,\"i8\":-8,\"i16\":{N},\"i32\":-{N},\"i64\":9223372036854775807,\"f\":0.1,\"d\":{N}.25,\"d9\":{N},\"d18\":-{N},\"d38\":-12345678901234567,\"s\":\"n{N} é😀\",\"y\":\"ab\","
             "\"dt\":{N},\"ts\":17000000{N}123456}", 3, 7, false},
    {"nulls_and_nan", "a INT, f DOUBLE, g FLOAT, s STRING", {NULL}, "{\"a\":{N},\"f\":\"NaN\",\"g\":\"-Infinity\",\"s\":null}", 2, 3, false},
    {"many_commits", "a INT, s STRING", {NULL}, "{\"a\":{N},\"s\":\"a text that is longer than thirty-two characters {N}\"}", 23, 2, false},
    {"partitioned", "a INT, p STRING, q DATE, t TIMESTAMP", {"p", "q", "t"}, "{\"a\":{N},\"p\":\"a b/c%25=é{N}\",\"q\":{N},\"t\":1718454645123456}", 2, 3, false},
    {"partition_null", "p STRING, a INT", {"p"}, "{\"a\":{N},\"p\":null}", 1, 3, false},
    {"nested", "a INT, st STRUCT<x: INT, y: STRING>, l ARRAY<BIGINT>, m MAP<STRING, INT>, ls ARRAY<STRUCT<k: STRING>>", {NULL},
     "{\"a\":{N},\"st\":{\"x\":{N},\"y\":null},\"l\":[{N},null,3],\"m\":{\"k{N}\":1},\"ls\":[{\"k\":\"q\"},null,{\"k\":null}]}", 2, 3, false},
    {"overwritten", "a INT", {NULL}, "{\"a\":{N}}", 12, 3, true},
    {"ntz", "a INT, t TIMESTAMP_NTZ", {NULL}, "{\"a\":{N},\"t\":1718454645123456}", 2, 2, false},
};

static char *numbered(const char *pattern, int number)
{
    struct weir_buf out;
    weir_buf_init(&out, 0);
    for (const char *at = pattern; *at;) {
        if (strncmp(at, "{N}", 3) == 0) {
            weir_buf_printf(&out, "%d", number);
            at += 3;
        } else {
            weir_buf_add_char(&out, *at++);
        }
    }
    weir_buf_add_char(&out, '\n');
    return weir_buf_take(&out);
}

static void commit_rows(weir_delta *table, const weir_schema *schema, const struct made *m, int commit, size_t partitions, FILE *out)
{
    struct weir_error err = {0};
    weir_snapshot *snapshot = NULL;
    weir_delta_writer *writer = NULL;
    int64_t version = 0;
    struct weir_buf rows;
    weir_buf_init(&rows, 0);
    for (int i = 0; i < m->rows; i++) {
        char *row = numbered(m->row, 10 + commit * m->rows + i);
        weir_buf_add_str(&rows, row);
        weir_free(row);
    }
    struct weir_batch batch = batch_of(schema, rows.data);
    bool last = commit == m->commits - 1;
    if (commit > 0) {
        check_ok(weir_delta_snapshot(table, &snapshot, &err), &err);
    }
    weir_txn *txn = commit ? weir_txn_begin(table, snapshot) : creation(table, schema, m->partitions, partitions, NULL);
    if (m->overwrite && last) {
        weir_txn_remove_all(txn);
    }
    weir_txn_parameter(txn, "mode", last && m->overwrite ? "\"Overwrite\"" : "\"Append\"");
    weir_txn_parameter(txn, "partitionBy", "[]");
    check_ok(weir_delta_writer_new(table, schema, m->partitions, partitions, NULL, NULL, &writer, &err), &err);
    check_ok(weir_delta_writer_add(writer, &batch, &err), &err);
    check_ok(weir_delta_writer_finish(writer, txn, &err), &err);
    check_ok(weir_txn_commit(txn, &version, &err), &err);
    assert_int_equal(version, commit);
    if (!m->overwrite || last) {
        print_rows(out, &batch);
    }
    weir_txn_free(txn);
    weir_snapshot_unref(snapshot);
    weir_batch_release(&batch);
    weir_buf_free(&rows);
}

static void make_tables(const char *folder)
{
    weir_arena *arena = weir_arena_new();
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        char *path = weir_path_join(folder, made[i].name);
        char *expected = weir_asprintf("%s.ndjson", path);
        FILE *out = fopen(expected, "w");
        weir_delta *table = weir_delta_open(weir_fs_posix(), path);
        weir_schema *schema = ddl(arena, made[i].ddl);
        size_t partitions = 0;
        assert_non_null(out);
        while (partitions < 3 && made[i].partitions[partitions]) {
            partitions++;
        }
        for (int commit = 0; commit < made[i].commits; commit++) {
            commit_rows(table, schema, &made[i], commit, partitions, out);
        }
        fclose(out);
        weir_delta_close(table);
        weir_free(expected);
        weir_free(path);
    }
    weir_arena_free(arena);
}

static void tables_for_others_open_here(void **state)
{
    struct fixture *f = *state;
    struct weir_error err = {0};
    make_tables(f->folder);
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        char *path = weir_path_join(f->folder, made[i].name);
        weir_delta *table = weir_delta_open(weir_fs_posix(), path);
        weir_snapshot *snapshot = NULL;
        check_ok(weir_delta_snapshot(table, &snapshot, &err), &err);
        assert_int_equal(weir_snapshot_version(snapshot), made[i].commits - 1);
        assert_int_equal(weir_snapshot_row_count(snapshot), made[i].overwrite ? made[i].rows : made[i].commits * made[i].rows);
        check_ok(weir_snapshot_check_write(snapshot, &err), &err);
        check_ok(weir_delta_checkpoint(table, snapshot, &err), &err);
        weir_snapshot_unref(snapshot);
        weir_delta_close(table);
        weir_free(path);
    }
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--write") == 0) {
        make_tables(argv[2]);
        return 0;
    }
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(statistics), TEST(long_texts), TEST(texts_stay_within_their_bounds), TEST(partition_values), TEST(more_partitions_than_open_files),
        TEST(large_files_are_cut), TEST(not_null_is_kept), TEST(text_goes_straight_to_files), TEST(tables_for_others_open_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
