/* The reader: files of another writer in every encoding, against the rows they were made from; what it refuses; damage at every byte; the files
 * of all Delta tables of others. tests/data/parquet/make_read_data.py makes the files. */
#include "unit/test_util.h"
#include "parquet/reader.h"

#include "base/time.h"

#include <dirent.h>

static weir_store *open_store(const char *folder)
{
    return weir_store_open_local(weir_fs_posix(), folder);
}

static bool same_number(const struct weir_json *a, const struct weir_json *b)
{
    double x = 0;
    double y = 0;
    int64_t i = 0;
    if (weir_str_eq(a->text, b->text)) {
        return true;
    }
    if (weir_json_i64(a, &i) && weir_json_i64(b, &i)) {
        return false;
    }
    return weir_json_f64(a, &x) && weir_json_f64(b, &y) && (float)x == (float)y;
}

static bool same_json(const struct weir_json *a, const struct weir_json *b)
{
    if (a->kind != b->kind || a->count != b->count || !weir_str_eq(a->key, b->key)) {
        return false;
    }
    if (a->kind == WEIR_JSON_NUMBER) {
        return same_number(a, b);
    }
    if (a->kind == WEIR_JSON_STRING) {
        return weir_str_eq(a->text, b->text);
    }
    const struct weir_json *y = b->child;
    for (const struct weir_json *x = a->child; x; x = x->next, y = y->next) {
        if (!same_json(x, y)) {
            return false;
        }
    }
    return true;
}

static void print_row(struct weir_buf *out, const struct weir_batch *batch, int64_t row)
{
    struct weir_jsonw w;
    weir_jsonw_init(&w, out);
    weir_jsonw_object(&w);
    for (size_t i = 0; i < batch->schema->field_count; i++) {
        weir_jsonw_key(&w, batch->schema->fields[i].name);
        weir_arrow_print_json(&w, &batch->schema->fields[i].type, batch->array.children[i], row);
    }
    weir_jsonw_end_object(&w);
}

static void compare_file(weir_store *store, const char *name, char *expected)
{
    struct weir_error err = {0};
    weir_parquet_reader *reader = NULL;
    weir_arena *arena = weir_arena_new();
    int64_t rows = 0;
    if (weir_parquet_open(store, name, &reader, &err) != WEIR_OK) {
        fail_msg("%s: %s", name, err.msg);
    }
    char *at = expected;
    for (int g = 0; g < weir_parquet_group_count(reader); g++) {
        struct weir_batch batch;
        if (weir_parquet_read_group(reader, g, NULL, 0, &batch, &err) != WEIR_OK) {
            fail_msg("%s: %s", name, err.msg);
        }
        for (int64_t row = 0; row < weir_batch_rows(&batch); row++, rows++) {
            struct weir_buf mine;
            const struct weir_json *a = NULL;
            const struct weir_json *b = NULL;
            char *line = test_next_line(&at);
            assert_non_null(line);
            weir_buf_init(&mine, 0);
            weir_arena_reset(arena);
            print_row(&mine, &batch, row);
            assert_int_equal(weir_json_parse(arena, weir_buf_view(&mine), &a, &err), WEIR_OK);
            assert_int_equal(weir_json_parse(arena, weir_str(line), &b, &err), WEIR_OK);
            if (!same_json(a, b)) {
                fail_msg("%s row %lld:\n%s\ninstead of\n%s", name, (long long)rows, mine.data, line);
            }
            weir_buf_free(&mine);
        }
        weir_batch_release(&batch);
    }
    assert_int_equal(rows, weir_parquet_row_count(reader));
    assert_null(test_next_line(&at));
    weir_parquet_close(reader);
    weir_arena_free(arena);
}

static void every_encoding(void **state)
{
    (void)state;
    char *folder = test_data_path("parquet");
    weir_store *store = open_store(folder);
    DIR *dir = opendir(folder);
    int files = 0;
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        struct weir_str name = weir_str(entry->d_name);
        if (!weir_str_starts(name, "read_") || !weir_str_ends(name, ".parquet")) {
            continue;
        }
        char *expected = weir_asprintf("%s/%.*s.ndjson", folder, (int)(name.len - 8), name.ptr);
        char *text = test_read_file(expected, NULL);
        compare_file(store, entry->d_name, text);
        files++;
        weir_free(text);
        weir_free(expected);
    }
    assert_int_equal(files, 12);
    closedir(dir);
    weir_store_close(store);
    weir_free(folder);
}

static void chosen_columns(void **state)
{
    (void)state;
    char *folder = test_data_path("parquet");
    weir_store *store = open_store(folder);
    struct weir_error err = {0};
    weir_parquet_reader *reader = NULL;
    struct weir_batch batch;
    assert_int_equal(weir_parquet_open(store, "read_dictionary.parquet", &reader, &err), WEIR_OK);
    assert_int_equal(weir_parquet_group_count(reader), 3);
    const weir_schema *schema = weir_parquet_schema(reader);
    const int columns[] = {weir_schema_find(schema, WEIR_STR("must")), weir_schema_find(schema, WEIR_STR("s"))};
    assert_int_equal(weir_parquet_read_group(reader, 1, columns, 2, &batch, &err), WEIR_OK);
    assert_int_equal(batch.schema->field_count, 2);
    assert_string_equal(batch.schema->fields[0].name, "must");
    assert_false(batch.schema->fields[0].nullable);
    assert_int_equal(weir_arrow_i64(batch.array.children[0], WEIR_TYPE_INT, 5), 105);
    weir_batch_release(&batch);
    assert_non_null(weir_parquet_metadata(reader, "ARROW:schema"));
    assert_null(weir_parquet_metadata(reader, "nothing"));
    weir_parquet_close(reader);
    weir_store_close(store);
    weir_free(folder);
}

static weir_rc read_all(weir_store *store, const char *name, int64_t *rows, struct weir_error *err)
{
    weir_parquet_reader *reader = NULL;
    *rows = 0;
    WEIR_TRY(weir_parquet_open(store, name, &reader, err));
    weir_rc rc = WEIR_OK;
    for (int g = 0; rc == WEIR_OK && g < weir_parquet_group_count(reader); g++) {
        struct weir_batch batch;
        rc = weir_parquet_read_group(reader, g, NULL, 0, &batch, err);
        if (rc == WEIR_OK) {
            *rows += weir_batch_rows(&batch);
            weir_batch_release(&batch);
        }
    }
    weir_parquet_close(reader);
    return rc;
}

static void refused_by_name(void **state)
{
    (void)state;
    char *folder = test_data_path("parquet");
    weir_store *store = open_store(folder);
    struct weir_error err = {0};
    int64_t rows = 0;
    weir_rc rc = read_all(store, "refused_time.parquet", &rows, &err);
    assert_int_equal(rc, WEIR_UNSUPPORTED);
    assert_non_null(strstr(err.msg, "TIME"));
    assert_non_null(strstr(err.msg, "refused_time.parquet"));
    rc = read_all(store, "refused_brotli.parquet", &rows, &err);
    if (!weir_codec_can_decompress(WEIR_CODEC_BROTLI)) {
        assert_int_equal(rc, WEIR_UNSUPPORTED);
        assert_non_null(strstr(err.msg, "BROTLI"));
    }
    assert_int_equal(read_all(store, "not_there.parquet", &rows, &err), WEIR_NOT_FOUND);
    assert_int_equal(read_all(store, "make_read_data.py", &rows, &err), WEIR_CORRUPT);
    weir_store_close(store);
    weir_free(folder);
}

/* A damaged file is an error or other values, never a crash; with checksums on every page it is never other values. */
static void damage_never_crashes(void **state)
{
    (void)state;
    static const char *const files[] = {"read_dictionary_v2.parquet", "read_nested.parquet", "read_delta.parquet", "read_split.parquet", "read_checksum.parquet",
                                        "read_int96.parquet", "read_plain.parquet"};
    char *folder = test_data_path("parquet");
    char *scratch = test_make_folder();
    weir_store *store = open_store(scratch);
    struct weir_rng rng;
    int refused = 0;
    weir_rng_seed(&rng, 20240601);
    for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
        size_t len = 0;
        char *path = weir_path_join(folder, files[f]);
        char *bytes = test_read_file(path, &len);
        char *target = weir_path_join(scratch, "x.parquet");
        for (int round = 0; round < 250; round++) {
            struct weir_error err = {0};
            int64_t rows = 0;
            char *copy = weir_malloc(len);
            memcpy(copy, bytes, len);
            size_t cut = len;
            if (round % 5 == 0) {
                cut = (size_t)weir_rng_below(&rng, len); /* torn */
            } else {
                for (int k = 0; k < 1 + round % 4; k++) { /* flipped, more often in the footer */
                    size_t at = round % 2 ? len - 1 - (size_t)weir_rng_below(&rng, len / 3) : (size_t)weir_rng_below(&rng, len);
                    copy[at] = (char)weir_rng_next(&rng);
                }
            }
            test_write_file(target, copy, cut);
            weir_rc rc = read_all(store, "x.parquet", &rows, &err);
            assert_true(rc == WEIR_OK || rc == WEIR_CORRUPT || rc == WEIR_UNSUPPORTED || rc == WEIR_TOO_BIG);
            refused += rc != WEIR_OK;
            if (rc != WEIR_OK) {
                assert_true(err.msg[0] && err.condition[0]);
            }
            weir_free(copy);
        }
        weir_free(target);
        weir_free(path);
        weir_free(bytes);
    }
    assert_true(refused > 400);
    weir_store_close(store);
    weir_free(folder);
    test_remove_folder(scratch);
}

static void a_flipped_byte_is_seen_by_its_checksum(void **state)
{
    (void)state;
    char *folder = test_data_path("parquet");
    char *scratch = test_make_folder();
    weir_store *store = open_store(scratch);
    size_t len = 0;
    char *path = weir_path_join(folder, "read_checksum.parquet");
    char *target = weir_path_join(scratch, "x.parquet");
    char *bytes = test_read_file(path, &len);
    struct weir_error err = {0};
    int64_t rows = 0;
    bytes[200] ^= 1;
    test_write_file(target, bytes, len);
    assert_int_equal(read_all(store, "x.parquet", &rows, &err), WEIR_CORRUPT);
    assert_non_null(strstr(err.msg, "checksum"));
    assert_non_null(strstr(err.msg, "column"));
    weir_free(bytes);
    weir_free(path);
    weir_free(target);
    weir_store_close(store);
    weir_free(folder);
    test_remove_folder(scratch);
}

static int read_count, refused_count;

static int read_one(const char *path, const struct stat *info, int kind, struct FTW *ftw)
{
    (void)ftw;
    if (kind != FTW_F || info->st_size < 12 || info->st_size > 4000000 || !weir_str_ends(weir_str(path), ".parquet")) {
        return 0;
    }
    weir_store *store = open_store("/");
    struct weir_error err = {0};
    int64_t rows = 0;
    weir_rc rc = read_all(store, path, &rows, &err);
    if (rc != WEIR_OK && rc != WEIR_UNSUPPORTED) {
        fail_msg("%s: %s %s", path, weir_rc_name(rc), err.msg);
    }
    read_count += rc == WEIR_OK;
    refused_count += rc != WEIR_OK;
    if (rc != WEIR_OK) {
        print_message("refused: %s\n", err.msg);
    }
    weir_store_close(store);
    return 0;
}

static void files_of_others(void **state)
{
    (void)state;
    char *root = TEST_SHARED("conformance/delta");
    nftw(root, read_one, 16, FTW_PHYS);
    print_message("%d files read, %d refused by name\n", read_count, refused_count);
    assert_true(read_count > 500);
    assert_true(refused_count < 5);
    weir_free(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_encoding),
        cmocka_unit_test(chosen_columns),
        cmocka_unit_test(refused_by_name),
        cmocka_unit_test(damage_never_crashes),
        cmocka_unit_test(a_flipped_byte_is_seen_by_its_checksum),
        cmocka_unit_test(files_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
