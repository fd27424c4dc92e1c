/* Random tables of every type, written from batches: statistics never lie, the same rows give the same bytes, and - started with
 * `--write DIR CASES SEED` - the files themselves, each with its rows as JSON beside it, for other readers to compare (tests/interop). */
#include "parquet_test.h"
#include "text_feed.h"

static struct weir_parquet_options random_options(struct weir_rng *rng)
{
    static const enum weir_codec_id codecs[] = {WEIR_CODEC_ZSTD, WEIR_CODEC_SNAPPY, WEIR_CODEC_NONE, WEIR_CODEC_GZIP, WEIR_CODEC_LZ4_RAW};
    static const int64_t page_rows[] = {0, 1, 7, 100, 5000};
    static const char *const metadata[] = {"made by", "a test", "empty", "", NULL};
    return (struct weir_parquet_options){.codec = codecs[weir_rng_below(rng, 5)], .page_rows = page_rows[weir_rng_below(rng, 5)], .metadata = metadata};
}

/* Row groups of the sizes that `cuts` names, each filled by one or more calls. */
static weir_parquet_file *write_file(weir_store *store, const char *key, const struct weir_batch *batch, const struct weir_parquet_options *options,
                                     uint64_t seed)
{
    struct weir_error err = {0};
    struct weir_rng rng;
    weir_rng_seed(&rng, seed);
    weir_parquet_file *file = NULL;
    check_ok(weir_parquet_create(store, key, batch->schema, options, &file, &err), &err);
    const int64_t rows = weir_batch_rows(batch);
    int64_t at = 0;
    const uint64_t groups = 1 + weir_rng_below(&rng, 3);
    for (uint64_t g = 0; g < groups; g++) {
        int64_t end = g + 1 == groups ? rows : at + (int64_t)weir_rng_below(&rng, (uint64_t)(rows - at) + 1);
        weir_rowgroup *group = weir_rowgroup_new(file, NULL);
        while (at < end) {
            int64_t n = 1 + (int64_t)weir_rng_below(&rng, (uint64_t)(end - at));
            check_ok(weir_rowgroup_add_batch(group, batch, at, n, &err), &err);
            at += n;
        }
        check_ok(weir_parquet_append(file, group, &err), &err);
    }
    assert_int_equal(weir_parquet_rows(file), rows);
    return file;
}

/* The same rows as text. Rows of a dropped text leave nothing behind. */
static weir_parquet_file *write_file_text(weir_store *store, const char *key, const struct weir_batch *batch, const struct weir_parquet_options *options,
                                          uint64_t seed)
{
    struct weir_error err = {0};
    struct weir_rng rng;
    weir_rng_seed(&rng, seed);
    weir_parquet_file *file = NULL;
    check_ok(weir_parquet_create(store, key, batch->schema, options, &file, &err), &err);
    struct weir_sink_factory *sinks = weir_parquet_sinks_new(file);
    struct feed_parser parsers[RANDOM_ALL];
    struct weir_text_parser *given[RANDOM_ALL];
    feed_init(&rng, batch, parsers, given);
    const int64_t rows = weir_batch_rows(batch);
    const uint64_t groups = 1 + weir_rng_below(&rng, 3);
    int64_t at = 0;
    for (uint64_t g = 0; g < groups; g++) {
        const int64_t end = g + 1 == groups ? rows : at + (int64_t)weir_rng_below(&rng, (uint64_t)(rows - at) + 1);
        weir_colsink *sink = NULL;
        check_ok(sinks->begin(sinks, (int64_t)g, given, &sink, &err), &err);
        const int64_t first = at;
        while (at < end) {
            at += feed_block(&rng, sink, parsers, batch, at, end, 1 + (uint32_t)weir_rng_below(&rng, 5000), weir_rng_next(&rng) & 1);
            assert_int_equal(sink->ops->rows(sink), at - first);
        }
        assert_true(sink->ops->bytes(sink) > 0);
        check_ok(sinks->end(sinks, (int64_t)g, sink, &err), &err);
    }
    weir_parquet_sinks_free(sinks);
    assert_int_equal(weir_parquet_rows(file), rows);
    return file;
}

static int compare(const struct weir_type *type, union weir_value a, union weir_value b)
{
    switch (type->id) {
    case WEIR_TYPE_BOOLEAN:
        return a.b - b.b;
    case WEIR_TYPE_FLOAT:
    case WEIR_TYPE_DOUBLE:
        return a.f < b.f ? -1 : a.f > b.f;
    case WEIR_TYPE_DECIMAL:
        return a.d < b.d ? -1 : a.d > b.d;
    case WEIR_TYPE_STRING:
    case WEIR_TYPE_BINARY:
        return weir_str_cmp(a.s, b.s);
    default:
        return a.i < b.i ? -1 : a.i > b.i;
    }
}

static union weir_value value_at(const struct weir_type *type, const struct ArrowArray *array, int64_t row)
{
    union weir_value v;
    memset(&v, 0, sizeof v);
    switch (type->id) {
    case WEIR_TYPE_BOOLEAN:
        v.b = weir_arrow_bool(array, row);
        break;
    case WEIR_TYPE_FLOAT:
    case WEIR_TYPE_DOUBLE:
        v.f = weir_arrow_f64(array, type->id, row);
        break;
    case WEIR_TYPE_DECIMAL:
        v.d = weir_arrow_decimal(array, row);
        break;
    case WEIR_TYPE_STRING:
    case WEIR_TYPE_BINARY:
        v.s = weir_arrow_bytes(array, row);
        break;
    default:
        v.i = weir_arrow_i64(array, type->id, row);
        break;
    }
    return v;
}

static void check_stats(const struct weir_column_stats *stats, const struct weir_type *type, const struct ArrowArray *array)
{
    int64_t nulls = 0, nans = 0, seen_min = 0, seen_max = 0, values = 0;
    for (int64_t row = 0; row < array->length; row++) {
        if (weir_arrow_is_null(array, row)) {
            nulls++;
            continue;
        }
        union weir_value v = value_at(type, array, row);
        if ((type->id == WEIR_TYPE_FLOAT || type->id == WEIR_TYPE_DOUBLE) && v.f != v.f) {
            nans++;
            continue;
        }
        values++;
        assert_true(stats->has_min_max);
        assert_true(compare(type, stats->min, v) <= 0);
        assert_true(compare(type, stats->max, v) >= 0);
        seen_min += compare(type, stats->min, v) == 0;
        seen_max += compare(type, stats->max, v) == 0;
    }
    assert_int_equal(stats->null_count, nulls);
    assert_int_equal(stats->has_nan, nans > 0);
    assert_int_equal(stats->has_min_max, values > 0);
    if (values > 0) {
        assert_true(!stats->min_exact || seen_min > 0);
        assert_true(!stats->max_exact || seen_max > 0);
        if (type->id == WEIR_TYPE_STRING) {
            assert_true(weir_utf8_valid(stats->min.s.ptr, stats->min.s.len));
            assert_true(weir_utf8_valid(stats->max.s.ptr, stats->max.s.len));
        } else if (type->id != WEIR_TYPE_BINARY) {
            assert_true(stats->min_exact && stats->max_exact);
        }
    }
}

static void statistics_never_lie(void **state)
{
    struct scratch *s = *state;
    struct weir_rng rng;
    weir_rng_seed(&rng, 21);
    for (int round = 0; round < 40; round++) {
        weir_arena *arena = weir_arena_new();
        weir_schema *schema = random_schema(arena, &rng, RANDOM_FLAT, RANDOM_FLAT);
        struct weir_batch batch;
        random_batch(&rng, schema, round == 0 ? 0 : 1 + (int64_t)weir_rng_below(&rng, 3000), &batch);
        struct weir_parquet_options options = random_options(&rng);
        weir_parquet_file *file = (round & 1 ? write_file : write_file_text)(s->store, "stats.parquet", &batch, &options, (uint64_t)round);
        for (size_t c = 0; c < schema->field_count; c++) {
            check_stats(weir_parquet_stats(file, c), &schema->fields[c].type, batch.array.children[c]);
        }
        weir_parquet_abort(file);
        weir_batch_release(&batch);
        weir_arena_free(arena);
    }
}

/* A second file of the same rows, made with row groups that were used before, has the same bytes. */
static void same_rows_same_bytes(void **state)
{
    struct scratch *s = *state;
    struct weir_rng rng;
    struct weir_error err = {0};
    weir_rng_seed(&rng, 22);
    for (int round = 0; round < 6; round++) {
        weir_arena *arena = weir_arena_new();
        weir_schema *schema = random_schema(arena, &rng, RANDOM_ALL, RANDOM_ALL);
        struct weir_batch batch;
        random_batch(&rng, schema, 2000, &batch);
        struct weir_parquet_options options = random_options(&rng);
        int64_t size[2];
        for (int k = 0; k < 2; k++) {
            const char *key = k == 0 ? "a.parquet" : "b.parquet";
            check_ok(weir_parquet_finish(write_file(s->store, key, &batch, &options, 5), &size[k], NULL, &err), &err);
        }
        struct weir_buf a, b;
        weir_buf_init(&a, 0);
        weir_buf_init(&b, 0);
        check_ok(weir_store_get(s->store, "a.parquet", 1 << 30, &a, &err), &err);
        check_ok(weir_store_get(s->store, "b.parquet", 1 << 30, &b, &err), &err);
        assert_int_equal(a.len, size[0]);
        assert_int_equal(a.len, b.len);
        assert_memory_equal(a.data, b.data, a.len);
        weir_buf_free(&a);
        weir_buf_free(&b);
        check_ok(weir_store_delete(s->store, "a.parquet", &err), &err);
        check_ok(weir_store_delete(s->store, "b.parquet", &err), &err);
        weir_batch_release(&batch);
        weir_arena_free(arena);
    }
}

/* --- files for other readers --- */

static void write_rows(weir_store *store, const char *key, const struct weir_batch *batch)
{
    struct weir_buf buf;
    struct weir_error err = {0};
    weir_buf_init(&buf, 0);
    for (int64_t row = 0; row < weir_batch_rows(batch); row++) {
        struct weir_jsonw w;
        weir_jsonw_init(&w, &buf);
        w.ascii = true;
        weir_jsonw_array(&w);
        for (size_t c = 0; c < batch->schema->field_count; c++) {
            weir_arrow_print_json(&w, &batch->schema->fields[c].type, batch->array.children[c], row);
        }
        weir_jsonw_end_array(&w);
        weir_buf_add_char(&buf, '\n');
    }
    check_ok(weir_store_put(store, key, weir_buf_view(&buf), &err), &err);
    weir_buf_free(&buf);
}

static void write_case(weir_store *store, uint64_t seed, uint64_t n)
{
    static const int64_t sizes[] = {0, 1, 3, 100, 5000, 20000, 110000};
    struct weir_rng rng;
    struct weir_error err = {0};
    char name[64];
    weir_rng_seed(&rng, seed * 1000 + n);
    weir_arena *arena = weir_arena_new();
    const int64_t rows = sizes[n % 7];
    /* Large tables and half of the others are flat and come as text. */
    weir_schema *schema = rows > 20000 ? random_schema(arena, &rng, 8, RANDOM_FLAT)
                          : n % 2 == 0 ? random_schema(arena, &rng, RANDOM_FLAT, RANDOM_FLAT)
                          : n % 3 == 0 ? random_schema(arena, &rng, RANDOM_ALL, RANDOM_ALL)
                                       : random_schema(arena, &rng, 6, RANDOM_ALL);
    struct weir_batch batch;
    random_batch(&rng, schema, rows, &batch);
    struct weir_parquet_options options = random_options(&rng);
    (void)snprintf(name, sizeof name, "case-%03llu.parquet", (unsigned long long)n);
    bool flat = true;
    for (size_t c = 0; c < schema->field_count; c++) {
        flat &= weir_type_is_primitive(&schema->fields[c].type);
    }
    check_ok(weir_parquet_finish((flat ? write_file_text : write_file)(store, name, &batch, &options, n), NULL, NULL, &err), &err);
    (void)snprintf(name, sizeof name, "case-%03llu.json", (unsigned long long)n);
    write_rows(store, name, &batch);
    struct weir_buf ddl;
    weir_buf_init(&ddl, 0);
    weir_schema_print_json(&ddl, schema);
    (void)snprintf(name, sizeof name, "case-%03llu.schema", (unsigned long long)n);
    check_ok(weir_store_put(store, name, weir_buf_view(&ddl), &err), &err);
    weir_buf_free(&ddl);
    weir_batch_release(&batch);
    weir_arena_free(arena);
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "--write") == 0) {
        weir_store *store = weir_store_open_local(weir_fs_posix(), argv[2]);
        for (uint64_t n = 0; n < strtoull(argv[3], NULL, 10); n++) {
            write_case(store, strtoull(argv[4], NULL, 10), n);
        }
        weir_store_close(store);
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(statistics_never_lie, scratch_new, scratch_free),
        cmocka_unit_test_setup_teardown(same_rows_same_bytes, scratch_new, scratch_free),
    };
    return cmocka_run_group_tests_name("parquet random", tests, NULL, NULL);
}
