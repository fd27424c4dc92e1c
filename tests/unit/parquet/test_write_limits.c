/* The writer at its borders: dictionaries given up, long texts, many threads, refused types, NULLs where none may be, disks that fail - and the way back
 * through weir's own reader. */
#include "parquet_test.h"
#include "os/faultfs.h"
#include "os/thread.h"
#include "parquet/reader.h"
#include "text_feed.h"

#include <errno.h>

static weir_schema *ddl(weir_arena *arena, const char *text)
{
    weir_schema *schema = NULL;
    struct weir_error err = {0};
    check_ok(weir_schema_parse_ddl(arena, weir_str(text), &schema, &err), &err);
    return schema;
}

static void json_of(struct weir_buf *out, const struct weir_type *type, const struct ArrowArray *array, int64_t row)
{
    struct weir_jsonw w;
    weir_buf_clear(out);
    weir_jsonw_init(&w, out);
    weir_arrow_print_json(&w, type, array, row);
}

/* The file has exactly these rows; returns its size. */
static size_t check_file(weir_store *store, const char *key, const struct weir_batch *batch)
{
    struct weir_error err = {0};
    weir_parquet_reader *reader = NULL;
    check_ok(weir_parquet_open(store, key, &reader, &err), &err);
    assert_int_equal(weir_parquet_row_count(reader), weir_batch_rows(batch));
    struct weir_buf want, got;
    weir_buf_init(&want, 0);
    weir_buf_init(&got, 0);
    int64_t row = 0;
    for (int g = 0; g < weir_parquet_group_count(reader); g++) {
        struct weir_batch part;
        check_ok(weir_parquet_read_group(reader, g, NULL, 0, &part, &err), &err);
        for (int64_t r = 0; r < weir_batch_rows(&part); r++, row++) {
            for (size_t c = 0; c < batch->schema->field_count; c++) {
                json_of(&want, &batch->schema->fields[c].type, batch->array.children[c], row);
                json_of(&got, &part.schema->fields[c].type, part.array.children[c], r);
                assert_string_equal(got.data, want.data);
            }
        }
        weir_batch_release(&part);
    }
    assert_int_equal(row, weir_batch_rows(batch));
    weir_parquet_close(reader);
    weir_buf_free(&want);
    weir_buf_free(&got);
    struct weir_file_info info;
    check_ok(weir_store_stat(store, key, &info, &err), &err);
    return (size_t)info.size;
}

static size_t write_one(weir_store *store, const char *key, const struct weir_batch *batch, const struct weir_parquet_options *options)
{
    struct weir_error err = {0};
    weir_parquet_file *file = NULL;
    check_ok(weir_parquet_create(store, key, batch->schema, options, &file, &err), &err);
    weir_rowgroup *group = weir_rowgroup_new(file, NULL);
    check_ok(weir_rowgroup_add_batch(group, batch, 0, weir_batch_rows(batch), &err), &err);
    assert_int_equal(weir_rowgroup_rows(group), weir_batch_rows(batch));
    check_ok(weir_parquet_append(file, group, &err), &err);
    check_ok(weir_parquet_finish(file, NULL, NULL, &err), &err);
    return check_file(store, key, batch);
}

/* One column of `rows` values; make() says which. */
static void one_column(const weir_schema *schema, int64_t rows, void (*make)(weir_builder *b, int64_t row, struct weir_rng *rng), struct weir_batch *out)
{
    struct weir_rng rng;
    struct ArrowArray column;
    weir_rng_seed(&rng, 31);
    weir_builder *b = weir_builder_new(&schema->fields[0].type);
    for (int64_t row = 0; row < rows; row++) {
        make(b, row, &rng);
    }
    weir_builder_finish(b, &column);
    weir_builder_free(b);
    weir_batch_make(schema, &column, rows, out);
}

static void make_serial(weir_builder *b, int64_t row, struct weir_rng *rng)
{
    weir_builder_i64(b, INT64_C(1000000000000) + row * 3 + (int64_t)weir_rng_below(rng, 3));
}
static void make_jumps(weir_builder *b, int64_t row, struct weir_rng *rng)
{
    (void)row;
    weir_builder_i64(b, (int64_t)weir_rng_next(rng));
}
static void make_few(weir_builder *b, int64_t row, struct weir_rng *rng)
{
    (void)row;
    weir_builder_i64(b, (int64_t)weir_rng_below(rng, 50) * INT64_C(1234567890123));
}
static void make_fractions(weir_builder *b, int64_t row, struct weir_rng *rng)
{
    (void)row;
    weir_builder_f64(b, weir_rng_unit(rng));
}
static void make_words(weir_builder *b, int64_t row, struct weir_rng *rng)
{
    char text[40];
    int n = snprintf(text, sizeof text, "%016llx-%lld", (unsigned long long)weir_rng_next(rng), (long long)row);
    if (row % 11 == 0) {
        weir_builder_null(b);
    } else {
        weir_builder_bytes(b, text, (size_t)n);
    }
}
static void make_decimals(weir_builder *b, int64_t row, struct weir_rng *rng)
{
    (void)row;
    weir_builder_decimal(b, (weir_i128)weir_rng_next(rng) * (weir_i128)1000003);
}

/* What a dictionary is good for, and where it is given up: sizes tell which way was taken. Whole row groups and pages so small that the change comes
 * in the middle of a chunk. */
static void dictionaries_are_given_up(void **state)
{
    struct scratch *s = *state;
    const int64_t n = 200000;
    const struct {
        const char *ddl;
        void (*make)(weir_builder *b, int64_t row, struct weir_rng *rng);
        double bytes_min, bytes_max; /* a row, uncompressed */
    } cases[] = {
        {"c BIGINT", make_serial, 0.3, 0.7},     {"c BIGINT NOT NULL", make_jumps, 7.9, 8.3}, {"c BIGINT", make_few, 0.7, 0.8},
        {"c DOUBLE", make_fractions, 7.9, 8.3}, {"c STRING", make_words, 23, 27},           {"c DECIMAL(38,2)", make_decimals, 15.9, 16.5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        weir_arena *arena = weir_arena_new();
        weir_schema *schema = ddl(arena, cases[i].ddl);
        struct weir_batch batch;
        one_column(schema, n, cases[i].make, &batch);
        struct weir_parquet_options options = {.codec = WEIR_CODEC_NONE};
        const double bytes = (double)write_one(s->store, weir_arena_printf(arena, "%zu.parquet", i), &batch, &options) / (double)n;
        if (bytes < cases[i].bytes_min || bytes > cases[i].bytes_max) {
            fail_msg("%s, case %zu: %.2f bytes a row", cases[i].ddl, i, bytes);
        }
        options = (struct weir_parquet_options){.codec = WEIR_CODEC_ZSTD, .page_rows = 3000};
        (void)write_one(s->store, weir_arena_printf(arena, "%zu-small.parquet", i), &batch, &options);
        weir_batch_release(&batch);
        weir_arena_free(arena);
    }
}

static void make_huge(weir_builder *b, int64_t row, struct weir_rng *rng)
{
    (void)rng;
    size_t len = row % 5 == 0 ? (size_t)6 << 20 : 100;
    char *text = weir_malloc(len);
    memset(text, (int)('a' + row % 26), len);
    weir_builder_bytes(b, text, len);
    weir_free(text);
}
static void make_huge_few(weir_builder *b, int64_t row, struct weir_rng *rng)
{
    (void)rng;
    char *text = weir_malloc((size_t)1 << 20);
    memset(text, (int)('a' + row % 3), (size_t)1 << 20);
    weir_builder_bytes(b, text, (size_t)1 << 20);
    weir_free(text);
}

/* Texts larger than pages and than the share of memory that a dictionary may have. */
static void long_texts(void **state)
{
    struct scratch *s = *state;
    weir_arena *arena = weir_arena_new();
    struct weir_batch batch;
    struct weir_parquet_options options = {.codec = WEIR_CODEC_SNAPPY, .rowgroup_bytes_max = (size_t)16 << 20};
    one_column(ddl(arena, "c STRING"), 60, make_huge, &batch);
    (void)write_one(s->store, "huge.parquet", &batch, &options);
    weir_batch_release(&batch);
    /* 300 MB of rows, 3 MB of values. */
    one_column(ddl(arena, "c BINARY"), 300, make_huge_few, &batch);
    options.codec = WEIR_CODEC_NONE;
    assert_in_range(write_one(s->store, "few.parquet", &batch, &options), 3 << 20, (3 << 20) + 4096);
    weir_batch_release(&batch);
    weir_arena_free(arena);
}

static void every_type_comes_back(void **state)
{
    struct scratch *s = *state;
    struct weir_rng rng;
    weir_rng_seed(&rng, 32);
    for (int round = 0; round < 12; round++) {
        weir_arena *arena = weir_arena_new();
        weir_schema *schema = random_schema(arena, &rng, RANDOM_ALL, RANDOM_ALL);
        struct weir_batch batch;
        random_batch(&rng, schema, 1 + (int64_t)weir_rng_below(&rng, 700), &batch);
        struct weir_parquet_options options = {.codec = (enum weir_codec_id)(round % 5), .page_rows = round % 3 == 0 ? 50 : 0};
        (void)write_one(s->store, weir_arena_printf(arena, "%d.parquet", round), &batch, &options);
        weir_batch_release(&batch);
        weir_arena_free(arena);
    }
}

/* --- threads --- */

struct tasks {
    struct weir_sink_factory *sinks;
    const struct weir_batch *batch;
    weir_turn *turn;
    int64_t task_rows;
};

/* A task is fed by its own random numbers: its text does not depend on who runs it. */
static weir_rc run_task(void *arg, int64_t index, struct weir_error *err)
{
    struct tasks *t = arg;
    struct weir_rng rng;
    struct feed_parser parsers[RANDOM_ALL];
    struct weir_text_parser *given[RANDOM_ALL];
    weir_colsink *sink = NULL;
    weir_rng_seed(&rng, (uint64_t)index);
    feed_init(&rng, t->batch, parsers, given);
    WEIR_TRY(t->sinks->begin(t->sinks, index, given, &sink, err));
    int64_t at = index * t->task_rows;
    const int64_t end = at + t->task_rows < weir_batch_rows(t->batch) ? at + t->task_rows : weir_batch_rows(t->batch);
    while (at < end) {
        at += feed_block(&rng, sink, parsers, t->batch, at, end, 700, true);
    }
    WEIR_TRY(weir_turn_wait(t->turn, index));
    weir_rc rc = t->sinks->end(t->sinks, index, sink, err);
    weir_turn_done(t->turn, index);
    return rc;
}

static void threads_do_not_matter(void **state)
{
    struct scratch *s = *state;
    struct weir_error err = {0};
    struct weir_rng rng;
    weir_rng_seed(&rng, 33);
    weir_arena *arena = weir_arena_new();
    weir_schema *schema = random_schema(arena, &rng, RANDOM_FLAT, RANDOM_FLAT);
    struct weir_batch batch;
    random_batch(&rng, schema, 9000, &batch);
    struct weir_buf bytes[3];
    for (int k = 0; k < 3; k++) {
        struct weir_parquet_options options = {.codec = WEIR_CODEC_ZSTD, .page_rows = 500};
        weir_parquet_file *file = NULL;
        check_ok(weir_parquet_create(s->store, "t.parquet", schema, &options, &file, &err), &err);
        struct tasks tasks = {weir_parquet_sinks_new(file), &batch, weir_turn_new(), 1300};
        check_ok(weir_parallel(k == 0 ? 1 : k == 1 ? 2 : 5, 7, run_task, &tasks, &err), &err);
        weir_turn_free(tasks.turn);
        weir_parquet_sinks_free(tasks.sinks);
        check_ok(weir_parquet_finish(file, NULL, NULL, &err), &err);
        (void)check_file(s->store, "t.parquet", &batch);
        weir_buf_init(&bytes[k], 0);
        check_ok(weir_store_get(s->store, "t.parquet", 1 << 30, &bytes[k], &err), &err);
        check_ok(weir_store_delete(s->store, "t.parquet", &err), &err);
        assert_int_equal(bytes[k].len, bytes[0].len);
        assert_memory_equal(bytes[k].data, bytes[0].data, bytes[0].len);
    }
    for (int k = 0; k < 3; k++) {
        weir_buf_free(&bytes[k]);
    }
    weir_batch_release(&batch);
    weir_arena_free(arena);
}

/* --- what is refused --- */

static void refused(void **state)
{
    struct scratch *s = *state;
    weir_arena *arena = weir_arena_new();
    weir_parquet_file *file = NULL;
    struct weir_error err = {0};
    weir_schema *schema = weir_schema_new(arena, 1);
    schema->fields[0].name = "odd";
    static const enum weir_type_id ids[] = {WEIR_TYPE_VOID, WEIR_TYPE_VARIANT, WEIR_TYPE_INTERVAL_DT};
    for (size_t i = 0; i < 3; i++) {
        schema->fields[0].type = weir_type_of(ids[i]);
        assert_int_equal(weir_parquet_create(s->store, "x.parquet", schema, NULL, &file, &err), WEIR_UNSUPPORTED);
        assert_string_equal(err.condition, "PARQUET_TYPE");
        assert_non_null(strstr(err.msg, "odd"));
        assert_null(file);
    }
    schema->fields[0].type = (struct weir_type){.id = WEIR_TYPE_STRUCT};
    assert_int_equal(weir_parquet_create(s->store, "x.parquet", schema, NULL, &file, &err), WEIR_UNSUPPORTED);
    schema->fields[0].type = weir_type_of(WEIR_TYPE_INT);
    struct weir_parquet_options options = {.codec = WEIR_CODEC_BROTLI};
    assert_int_equal(weir_parquet_create(s->store, "x.parquet", schema, &options, &file, &err), WEIR_UNSUPPORTED);
    assert_string_equal(err.condition, "PARQUET_CODEC");
    struct weir_file_info info;
    assert_int_equal(weir_store_stat(s->store, "x.parquet", &info, NULL), WEIR_NOT_FOUND);
    weir_arena_free(arena);
}

/* A NULL for NOT NULL fails the row group, and nothing of it reaches the file. */
static void null_where_none_may_be(void **state)
{
    struct scratch *s = *state;
    struct weir_error err = {0};
    weir_arena *arena = weir_arena_new();
    static const char *const ddls[] = {"a INT, b INT NOT NULL", "a INT, b STRUCT<x: INT NOT NULL> NOT NULL"};
    for (size_t i = 0; i < 2; i++) {
        weir_schema *schema = ddl(arena, ddls[i]);
        struct ArrowArray columns[2];
        for (size_t c = 0; c < 2; c++) {
            weir_builder *b = weir_builder_new(&schema->fields[c].type);
            if (c == 1 && i == 1) {
                weir_builder_null(weir_builder_child(b, 0));
                weir_builder_end(b);
            } else if (c == 1) {
                weir_builder_null(b);
            } else {
                weir_builder_i64(b, 1);
            }
            weir_builder_finish(b, &columns[c]);
            weir_builder_free(b);
        }
        struct weir_batch batch;
        weir_batch_make(schema, columns, 1, &batch);
        weir_parquet_file *file = NULL;
        check_ok(weir_parquet_create(s->store, "n.parquet", schema, NULL, &file, &err), &err);
        weir_rowgroup *group = weir_rowgroup_new(file, NULL);
        assert_int_equal(weir_rowgroup_add_batch(group, &batch, 0, 1, &err), WEIR_INVALID);
        assert_string_equal(err.condition, "PARQUET_NULL_IN_REQUIRED");
        assert_int_equal(weir_rowgroup_add_batch(group, &batch, 0, 1, &err), WEIR_POISONED);
        assert_int_equal(weir_parquet_append(file, group, &err), WEIR_POISONED);
        assert_int_equal(weir_parquet_finish(file, NULL, NULL, &err), WEIR_POISONED);
        struct weir_file_info info;
        assert_int_equal(weir_store_stat(s->store, "n.parquet", &info, NULL), WEIR_NOT_FOUND);
        weir_batch_release(&batch);
    }
    weir_arena_free(arena);
}

/* Any call of the disk fails: finish says OK only for a whole file. */
static void disks_fail(void **state)
{
    struct scratch *s = *state;
    struct weir_rng rng;
    weir_rng_seed(&rng, 34);
    weir_arena *arena = weir_arena_new();
    weir_schema *schema = random_schema(arena, &rng, 6, RANDOM_FLAT);
    struct weir_batch batch;
    random_batch(&rng, schema, 60000, &batch);
    int failures = 0;
    bool fired = true;
    for (int64_t n = 1; fired; n++) {
        struct weir_fault fault = {.fail_at = n, .error = n % 2 ? EIO : ENOSPC, .sticky = n % 3 == 0, .short_write = n % 4 == 0};
        weir_fs *fs = weir_faultfs_new(weir_fs_posix(), &fault);
        weir_store *store = weir_store_open_local(fs, s->folder);
        struct weir_parquet_options options = {.codec = WEIR_CODEC_NONE};
        weir_parquet_file *file = NULL;
        weir_rc rc = weir_parquet_create(store, "f.parquet", schema, &options, &file, NULL);
        for (int g = 0; g < 3 && rc == WEIR_OK; g++) {
            weir_rowgroup *group = weir_rowgroup_new(file, NULL);
            rc = weir_rowgroup_add_batch(group, &batch, g * 20000, 20000, NULL);
            assert_int_equal(rc, WEIR_OK);
            (void)!weir_parquet_append(file, group, NULL); /* its error comes again with finish */
        }
        rc = rc != WEIR_OK ? rc : weir_parquet_finish(file, NULL, NULL, NULL);
        weir_store_close(store);
        fired = weir_faultfs_fired(fs);
        weir_faultfs_free(fs);
        if (rc == WEIR_OK) { /* nothing failed, or a hint did */
            (void)check_file(s->store, "f.parquet", &batch);
        } else {
            assert_true(fired);
            failures++;
        }
        assert_int_equal(weir_store_delete(s->store, "f.parquet", NULL), WEIR_OK);
    }
    assert_true(failures > 5);
    weir_batch_release(&batch);
    weir_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_type_comes_back, scratch_new, scratch_free),
        cmocka_unit_test_setup_teardown(dictionaries_are_given_up, scratch_new, scratch_free),
        cmocka_unit_test_setup_teardown(long_texts, scratch_new, scratch_free),
        cmocka_unit_test_setup_teardown(threads_do_not_matter, scratch_new, scratch_free),
        cmocka_unit_test_setup_teardown(refused, scratch_new, scratch_free),
        cmocka_unit_test_setup_teardown(null_where_none_may_be, scratch_new, scratch_free),
        cmocka_unit_test_setup_teardown(disks_fail, scratch_new, scratch_free),
    };
    return cmocka_run_group_tests_name("parquet limits", tests, NULL, NULL);
}
