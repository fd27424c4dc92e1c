/* What is known of files: options, completeness, the seen map, partition types, _metadata. */
#include "source_test.h"

#include "base/time.h"
#include "os/faultfs.h"

#include <errno.h>

/* --- options --- */

static const char *parse(struct box *box, const char *name, const char *value)
{
    weir_options *options = weir_options_new();
    weir_options_set(options, name, value);
    weir_error_clear(&box->err);
    const weir_rc rc = weir_file_options_parse(options, &box->options, &box->err);
    weir_options_free(options);
    if (rc != WEIR_OK) {
        assert_non_null(strcasestr(box->err.msg, name)); /* by its name */
    }
    return rc == WEIR_OK ? "OK" : box->err.condition;
}

static void test_options(void **state)
{
    (void)state;
    struct box *box = box_new();
    assert_int_equal(box->options.max_file_age_ms, INT64_C(604800000));
    assert_int_equal(box->options.min_file_age_ms, -1);
    assert_string_equal(parse(box, "MAXFILESPERTRIGGER", "12"), "OK");
    assert_int_equal(box->options.max_files, 12);
    assert_string_equal(parse(box, "maxBytesPerTrigger", "10g"), "OK");
    assert_int_equal(box->options.max_bytes, INT64_C(10) << 30);
    assert_string_equal(parse(box, "maxBytesPerTrigger", "4096"), "OK");
    assert_int_equal(box->options.max_bytes, 4096);
    static const struct {
        const char *text;
        int64_t ms;
    } ages[] = {{"7d", 604800000}, {"100", 100}, {"2h", 7200000}, {"3min", 180000}, {"3m", 180000}, {"5s", 5000}, {"5S", 5000},
                {"10ms", 10}, {"1000us", 1}, {"90 days", INT64_C(7776000000)}, {"1 hour", 3600000}, {"0", 0}};
    for (size_t i = 0; i < sizeof ages / sizeof *ages; i++) {
        assert_string_equal(parse(box, "maxFileAge", ages[i].text), "OK");
        assert_int_equal(box->options.max_file_age_ms, ages[i].ms);
    }
    assert_string_equal(parse(box, "latestFirst", "TRUE"), "OK");
    assert_true(box->options.latest_first);
    assert_string_equal(parse(box, "fileNamePattern", "*.csv"), "OK");
    assert_string_equal(box->options.path_glob_filter, "*.csv");
    assert_string_equal(parse(box, "cleanSource", "OFF"), "OK");
    assert_string_equal(parse(box, "includeExistingFiles", "true"), "OK");
    static const struct {
        const char *name, *value, *condition;
    } bad[] = {
        {"maxFilesPerTrigger", "0", "FILE_OPTION_INVALID"},     {"maxFilesPerTrigger", "-1", "FILE_OPTION_INVALID"},
        {"maxFilesPerTrigger", "ten", "FILE_OPTION_INVALID"},   {"maxBytesPerTrigger", "0", "FILE_OPTION_INVALID"},
        {"maxBytesPerTrigger", "9999999999999t", "FILE_OPTION_INVALID"}, {"maxFileAge", "7 moons", "FILE_OPTION_INVALID"},
        {"maxFileAge", "", "FILE_OPTION_INVALID"},              {"maxFileAge", "-1d", "FILE_OPTION_INVALID"},
        {"latestFirst", "yes", "FILE_OPTION_INVALID"},          {"recursiveFileLookup", "1", "FILE_OPTION_INVALID"},
        {"cleanSource", "archive", "FILE_OPTION_UNSUPPORTED"},  {"cleanSource", "delete", "FILE_OPTION_UNSUPPORTED"},
        {"modifiedAfter", "", "FILE_OPTION_INVALID"}, {"modifiedBefore", "x", "FILE_OPTION_INVALID"},
        {"ignoreCorruptFiles", "true", "FILE_OPTION_UNSUPPORTED"},  {"allowOverwrites", "true", "FILE_OPTION_UNSUPPORTED"},
        {"includeExistingFiles", "false", "FILE_OPTION_UNSUPPORTED"}, {"basePath", "/x", "FILE_OPTION_UNSUPPORTED"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_string_equal(parse(box, bad[i].name, bad[i].value), bad[i].condition);
    }
    assert_true(weir_file_option_is("pathglobfilter"));
    assert_false(weir_file_option_is("header"));
    for (size_t i = 0; weir_file_option_help[i].name; i++) {
        assert_true(weir_file_option_is(weir_file_option_help[i].name));
    }

    weir_options *both = weir_options_new();
    weir_options_set(both, "maxFilesPerTrigger", "1");
    weir_options_set(both, "latestFirst", "true");
    assert_int_equal(weir_file_options_parse(both, &box->options, &box->err), WEIR_OK);
    assert_true(box->options.max_file_age_ms == WEIR_FILE_AGE_UNBOUNDED);
    weir_options_set(both, "maxBytesPerTrigger", "1");
    assert_int_equal(weir_file_options_parse(both, &box->options, &box->err), WEIR_INVALID);
    weir_options_free(both);
    box_free(box);
}

/* --- completeness --- */

static void test_writer_holds_the_file(void **state)
{
    (void)state;
    struct box *box = box_new();
    const char *path = box_file(box, "a.csv", 1000);
    const struct weir_source_file file = {.path = path, .size = 4, .mtime_ns = INT64_C(1000000000000)};
    int64_t retry;
    bool by_lease;
    const int fd = open(path, O_WRONLY | O_APPEND);
    assert_true(fd >= 0);
    weir_rc rc = weir_source_complete(weir_fs_posix(), &file, 0, weir_now_ms(), &retry, &by_lease, &box->err);
    if (!by_lease) {
        print_message("skipped: leases do not work in %s\n", box->dir);
        assert_int_equal(close(fd), 0);
        box_free(box);
        skip();
    }
    assert_int_equal(rc, WEIR_BUSY);
    assert_true(retry > 0);
    assert_int_equal(close(fd), 0);
    /* Closed: taken at once, however young it is. */
    rc = weir_source_complete(weir_fs_posix(), &file, 3600000, 1000000, &retry, &by_lease, &box->err);
    assert_int_equal(rc, WEIR_OK);
    assert_true(by_lease);
    /* A reader is no writer. */
    const int reader = open(path, O_RDONLY);
    assert_int_equal(weir_source_complete(weir_fs_posix(), &file, 0, weir_now_ms(), &retry, &by_lease, &box->err), WEIR_OK);
    assert_int_equal(close(reader), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(weir_source_complete(weir_fs_posix(), &file, 0, weir_now_ms(), &retry, &by_lease, &box->err),
                     WEIR_NOT_FOUND);
    box_free(box);
}

static weir_rc complete_without_leases(struct box *box, const char *path, int64_t age_ms, int64_t min_age_ms, int64_t *retry)
{
    const struct weir_fault fault = {.fail_at = 1, .error = ENOTSUP, .sticky = true};
    weir_fs *fs = weir_faultfs_new(weir_fs_posix(), &fault);
    const int64_t now_ms = 1000000;
    const struct weir_source_file file = {.path = path, .size = 4, .mtime_ns = (now_ms - age_ms) * 1000000};
    bool by_lease;
    const weir_rc rc = weir_source_complete(fs, &file, min_age_ms, now_ms, retry, &by_lease, &box->err);
    assert_true(weir_faultfs_fired(fs));
    assert_false(by_lease);
    weir_faultfs_free(fs);
    return rc;
}

static void test_quiet_time(void **state)
{
    (void)state;
    struct box *box = box_new();
    const char *path = box_file(box, "a.csv", 1000);
    int64_t retry;
    assert_int_equal(complete_without_leases(box, path, 1000, 1000, &retry), WEIR_OK);
    assert_int_equal(complete_without_leases(box, path, 400, 1000, &retry), WEIR_BUSY);
    assert_int_equal(retry, 600);
    assert_int_equal(complete_without_leases(box, path, 0, 0, &retry), WEIR_OK);
    assert_int_equal(complete_without_leases(box, path, -500, 1000, &retry), WEIR_BUSY);
    assert_int_equal(retry, 1500);
    assert_int_equal(complete_without_leases(box, path, -86400000, 1000, &retry), WEIR_OK); /* set on purpose */
    box_free(box);
}

/* --- seen --- */

static void test_seen(void **state)
{
    (void)state;
    weir_seen *seen = weir_seen_new(10000, false);
    assert_true(weir_seen_is_new(seen, "file:///d/a", 5));
    weir_seen_add(seen, "file:///d/a", 100000);
    weir_seen_add(seen, "file:///d/b", 95000);
    weir_seen_add(seen, "file:///e/a", 80000);
    assert_false(weir_seen_is_new(seen, "file:///d/a", 999999)); /* a path is taken once, whatever its time */
    assert_true(weir_seen_is_new(seen, "file:///d/c", 1));       /* before the first purge nothing is too old */
    weir_seen_add(seen, "file:///d/a", 100000);
    assert_int_equal(weir_seen_count(seen), 3);
    weir_seen_purge(seen);
    assert_int_equal(weir_seen_count(seen), 2);
    assert_false(weir_seen_is_new(seen, "file:///e/a", 80000));  /* forgotten, and too old */
    assert_true(weir_seen_is_new(seen, "file:///e/a", 90000));   /* touched: new again, as Spark's map says */
    assert_false(weir_seen_is_new(seen, "file:///d/c", 89999));
    assert_true(weir_seen_is_new(seen, "file:///d/c", 90000));
    assert_false(weir_seen_is_new(seen, "file:///d/b", 95000));
    weir_seen_free(seen);

    seen = weir_seen_new(10000, true);
    weir_seen_add(seen, "file:///d/a%20b", 1);
    assert_false(weir_seen_is_new(seen, "file:///elsewhere/a b", 1));
    assert_true(weir_seen_is_new(seen, "file:///d/a%2520b", 1));
    weir_seen_free(seen);

    seen = weir_seen_new(WEIR_FILE_AGE_UNBOUNDED, false);
    weir_seen_add(seen, "file:///d/a", INT64_C(1700000000000));
    weir_seen_purge(seen);
    assert_int_equal(weir_seen_count(seen), 1);
    assert_true(weir_seen_is_new(seen, "file:///d/b", 0));
    weir_seen_free(seen);
}

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

/* Resident memory in bytes. */
static size_t resident(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long size = 0;
    long pages = 0;
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld %ld", &size, &pages), 2);
    assert_int_equal(fclose(file), 0);
    return (size_t)pages * 4096;
}

static void test_a_million_seen(void **state)
{
    (void)state;
    const int count = 1000000;
    char uri[160];
    const size_t before = resident();
    weir_seen *seen = weir_seen_new(1000, false);
    for (int i = 0; i < count; i++) {
        (void)snprintf(uri, sizeof uri, "file:///data/landing/events/year=2024/day=%03d/part-%08d-c000.csv", i % 365, i);
        weir_seen_add(seen, uri, i);
    }
    assert_int_equal(weir_seen_count(seen), count);
    const size_t used = resident() - before;
    if (!SANITIZED && used > (size_t)100 << 20) {
        fail_msg("%zu MB for a million entries", used >> 20);
    }
    for (int i = 0; i < count; i += 997) {
        (void)snprintf(uri, sizeof uri, "file:///data/landing/events/year=2024/day=%03d/part-%08d-c000.csv", i % 365, i);
        assert_false(weir_seen_is_new(seen, uri, i));
        (void)snprintf(uri, sizeof uri, "file:///data/landing/events/year=2024/day=%03d/part-%08d-c001.csv", i % 365, i);
        assert_true(weir_seen_is_new(seen, uri, i));
    }
    weir_seen_purge(seen);
    assert_int_equal(weir_seen_count(seen), 1001);
    (void)snprintf(uri, sizeof uri, "file:///data/landing/events/year=2024/day=%03d/part-%08d-c000.csv", 999999 % 365, 999999);
    assert_false(weir_seen_is_new(seen, uri, 999999));
    weir_seen_free(seen);
}

/* --- partition types --- */

static const char *types_of(const char *const *values, size_t count, const char *user_ddl)
{
    static char text[256];
    struct weir_error err = {0};
    weir_arena *arena = weir_arena_new();
    struct weir_source_file *files = weir_arena_zalloc(arena, (count + 1) * sizeof *files);
    weir_schema *user = NULL;
    weir_schema *out;
    static const char *const columns[] = {"p"};
    for (size_t i = 0; i < count; i++) {
        files[i].partition_values = &values[i];
    }
    if (user_ddl) {
        assert_int_equal(weir_schema_parse_ddl(arena, weir_str(user_ddl), &user, &err), WEIR_OK);
    }
    assert_int_equal(weir_source_partition_types(arena, files, count, columns, 1, user, &out, &err), WEIR_OK);
    struct weir_buf ddl;
    weir_buf_init(&ddl, 0);
    weir_schema_print_ddl(&ddl, out);
    (void)snprintf(text, sizeof text, "%s", ddl.data);
    weir_buf_free(&ddl);
    weir_arena_free(arena);
    return text;
}

#define TYPES(...)                                                                                 \
    types_of((const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), NULL)

static void test_partition_types(void **state)
{
    (void)state;
    assert_string_equal(TYPES("1", "2"), "p INT");
    assert_string_equal(TYPES("01", "-5", "+7"), "p INT");
    assert_string_equal(TYPES("2147483648"), "p BIGINT");
    assert_string_equal(TYPES("1", "2147483648"), "p BIGINT");
    assert_string_equal(TYPES("9223372036854775808"), "p DECIMAL(19,0)");
    assert_string_equal(TYPES("1", "9223372036854775808"), "p DECIMAL(19,0)");
    assert_string_equal(TYPES("3000000000", "9223372036854775808"), "p DECIMAL(20,0)");
    assert_string_equal(TYPES("1e5"), "p DECIMAL(6,0)");
    assert_string_equal(TYPES("1.5"), "p DOUBLE");
    assert_string_equal(TYPES("1e-5"), "p DOUBLE");
    assert_string_equal(TYPES("NaN"), "p DOUBLE");
    assert_string_equal(TYPES("1d"), "p DOUBLE");
    assert_string_equal(TYPES("NaNd"), "p STRING");
    assert_string_equal(TYPES("-Infinityf"), "p STRING");
    assert_string_equal(TYPES("1", "1.5"), "p DOUBLE");
    assert_string_equal(TYPES("3000000000", "1.5"), "p STRING");
    assert_string_equal(TYPES("100000000000000000000000000000000000000"), "p DOUBLE"); /* 39 digits */
    assert_string_equal(TYPES("2024-01-01"), "p DATE");
    assert_string_equal(TYPES("2024-02-30"), "p STRING");
    assert_string_equal(TYPES("2024-1-1"), "p STRING");
    assert_string_equal(TYPES("2024-01-01 10:11:12"), "p TIMESTAMP");
    assert_string_equal(TYPES("2024-01-01 10:11:12.5"), "p TIMESTAMP");
    assert_string_equal(TYPES("2024-01-01 25:11:12"), "p STRING");
    assert_string_equal(TYPES("2024-01-01", "2024-01-01 10:11:12"), "p TIMESTAMP");
    assert_string_equal(TYPES("2024-01-01", "7"), "p STRING");
    assert_string_equal(TYPES("a", "7"), "p STRING");
    assert_string_equal(TYPES("true"), "p STRING");
    assert_string_equal(TYPES(NULL, "7"), "p INT");
    assert_string_equal(TYPES(NULL), "p STRING");
    static const char *const seven[] = {"7"};
    assert_string_equal(types_of(seven, 1, "a INT, P STRING"), "P STRING");
    assert_string_equal(types_of(seven, 1, "a INT, p DECIMAL(10,2)"), "p DECIMAL(10,2)");
    assert_string_equal(types_of(seven, 1, "a INT"), "p INT");
    assert_string_equal(types_of(NULL, 0, NULL), "p STRING");
}

/* --- _metadata --- */

static void test_metadata(void **state)
{
    (void)state;
    weir_arena *arena = weir_arena_new();
    const struct weir_source_file file = {.path = "/data/x y/a#b.csv", .size = 77, .mtime_ns = INT64_C(1700000000125999999)};
    struct weir_type type;
    union weir_value value;
    assert_true(weir_source_metadata_value(arena, &file, "FILE_PATH", &type, &value));
    assert_true(weir_str_eq(value.s, WEIR_STR("file:/data/x%20y/a%23b.csv")));
    assert_int_equal(type.id, WEIR_TYPE_STRING);
    assert_true(weir_source_metadata_value(arena, &file, "file_name", &type, &value));
    assert_true(weir_str_eq(value.s, WEIR_STR("a%23b.csv")));
    assert_true(weir_source_metadata_value(arena, &file, "file_size", &type, &value));
    assert_int_equal(value.i, 77);
    assert_true(weir_source_metadata_value(arena, &file, "file_block_start", &type, &value));
    assert_int_equal(value.i, 0);
    assert_true(weir_source_metadata_value(arena, &file, "file_block_length", &type, &value));
    assert_int_equal(value.i, 77);
    assert_true(weir_source_metadata_value(arena, &file, "file_modification_time", &type, &value));
    assert_int_equal(value.i, INT64_C(1700000000125000));
    assert_int_equal(type.id, WEIR_TYPE_TIMESTAMP);
    assert_false(weir_source_metadata_value(arena, &file, "row_index", &type, &value));
    assert_int_equal(weir_source_metadata_schema()->field_count, 6);
    weir_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),    cmocka_unit_test(test_writer_holds_the_file), cmocka_unit_test(test_quiet_time),
        cmocka_unit_test(test_seen),       cmocka_unit_test(test_a_million_seen),        cmocka_unit_test(test_partition_types),
        cmocka_unit_test(test_metadata),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
