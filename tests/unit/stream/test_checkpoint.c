/* test_checkpoint.c - the checkpoint's files: bytes as Spark writes them, refusals that change nothing, compaction of the file log. */
#include "stream/filelog.h"
#include "stream/prepared.h"
#include "base/uri.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/wait.h>
#include <cmocka.h>

static char *dir;

static int set_up(void **state)
{
    (void)state;
    char template[] = "/tmp/weir-checkpoint-XXXXXX";
    assert_non_null(mkdtemp(template));
    dir = weir_strdup(template);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(weir_fs_remove_tree(weir_fs_posix(), dir, NULL), WEIR_OK);
    weir_free(dir);
    return 0;
}

static void put(const char *name, const char *text)
{
    weir_store *store = weir_store_open_local(weir_fs_posix(), dir);
    char *parent = weir_path_parent(name);
    struct weir_error err = {0};
    assert_int_equal(weir_store_mkdirs(store, strchr(name, '/') ? parent : "", &err), WEIR_OK);
    assert_int_equal(weir_store_put(store, name, weir_str(text), &err), WEIR_OK);
    weir_free(parent);
    weir_store_close(store);
}

static void expect_text(const char *name, const char *text)
{
    struct weir_buf buf;
    weir_buf_init(&buf, 0);
    char *path = weir_path_join(dir, name);
    assert_int_equal(weir_fs_read_all(weir_fs_posix(), path, 1 << 20, &buf, NULL), WEIR_OK);
    assert_string_equal(buf.data, text);
    weir_free(path);
    weir_buf_free(&buf);
}

static bool is_there(const char *name)
{
    char *path = weir_path_join(dir, name);
    bool there = weir_fs_exists(weir_fs_posix(), path);
    weir_free(path);
    return there;
}

static weir_checkpoint *open_ok(void)
{
    struct weir_error err = {0};
    weir_checkpoint *ck = NULL;
    weir_rc rc = weir_checkpoint_open(weir_fs_posix(), dir, true, true, &ck, &err);
    if (rc != WEIR_OK) {
        fail_msg("%s: %s", err.condition, err.msg);
    }
    return ck;
}

static void expect_refusal(const char *condition)
{
    struct weir_error err = {0};
    weir_checkpoint *ck = NULL;
    assert_int_not_equal(weir_checkpoint_open(weir_fs_posix(), dir, true, true, &ck, &err), WEIR_OK);
    assert_null(ck);
    assert_string_equal(err.condition, condition);
    assert_false(is_there("_weir")); /* a refusal changes nothing */
}

static void test_bytes(void **state)
{
    (void)state;
    weir_checkpoint *ck = open_ok();
    char *metadata = weir_asprintf("{\"id\":\"%s\"}", weir_checkpoint_id(ck));
    expect_text("metadata", metadata);
    const char *lines[] = {"{\"logOffset\":0}", NULL};
    struct weir_offsets offsets = {.timestamp_ms = 1760948082021, .conf = "{\"a\":\"b\"}", .lines = lines, .count = 2};
    struct weir_error err = {0};
    put("offsets/.0.crc", "stale");
    assert_int_equal(weir_checkpoint_write_offsets(ck, 0, &offsets, &err), WEIR_OK);
    assert_false(is_there("offsets/.0.crc"));
    expect_text("offsets/0", "v1\n{\"batchWatermarkMs\":0,\"batchTimestampMs\":1760948082021,\"conf\":{\"a\":\"b\"}}\n{\"logOffset\":0}\n-");
    assert_int_equal(weir_checkpoint_write_commit(ck, 0, &err), WEIR_OK);
    expect_text("commits/0", "v1\n{\"nextBatchWatermarkMs\":0}");
    weir_checkpoint_close(ck);

    ck = open_ok(); /* the identity stays */
    char *again = weir_asprintf("{\"id\":\"%s\"}", weir_checkpoint_id(ck));
    assert_string_equal(again, metadata);
    assert_int_equal(weir_checkpoint_last_offset(ck), 0);
    assert_int_equal(weir_checkpoint_last_commit(ck), 0);
    weir_arena *arena = weir_arena_new();
    struct weir_offsets back;
    assert_int_equal(weir_checkpoint_read_offsets(ck, 0, arena, &back, &err), WEIR_OK);
    assert_int_equal(back.count, 2);
    assert_string_equal(back.lines[0], "{\"logOffset\":0}");
    assert_null(back.lines[1]);
    assert_string_equal(back.conf, "{\"a\":\"b\"}");
    assert_int_equal(back.timestamp_ms, 1760948082021);
    weir_arena_free(arena);
    weir_checkpoint_close(ck);
    weir_free(metadata);
    weir_free(again);
}

static void test_refusals(void **state)
{
    (void)state;
    put("state/0/0/1.delta", "x");
    expect_refusal("CHECKPOINT_STATEFUL");
    char *path = weir_path_join(dir, "state");
    assert_int_equal(weir_fs_remove_tree(weir_fs_posix(), path, NULL), WEIR_OK);
    weir_free(path);
    put("offsets/0", "v1\n{}\n{\"logOffset\":0}");
    expect_refusal("CHECKPOINT_METADATA_LOST");
    put("metadata", "{\"id\":\"not a uuid\"}");
    expect_refusal("CHECKPOINT_METADATA_DAMAGED");
    put("metadata", "");
    expect_refusal("CHECKPOINT_METADATA_DAMAGED");
    put("metadata", "{ \"id\" : \"711e4377-ce90-456e-8530-9e0374ce4791\", \"x\": 1 }\n");
    put("commits/1", "v1\n{}");
    expect_refusal("CHECKPOINT_OFFSETS_LOST");
}

static void test_one_at_a_time(void **state)
{
    (void)state;
    weir_checkpoint *ck = open_ok();
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct weir_error err = {0};
        weir_checkpoint *other = NULL;
        weir_rc rc = weir_checkpoint_open(weir_fs_posix(), dir, true, true, &other, &err);
        _exit(rc == WEIR_BUSY && strstr(err.msg, "process ") && strstr(err.msg, "since") ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    weir_checkpoint_close(ck);
    weir_checkpoint_close(open_ok());
}

static void test_damaged_offsets(void **state)
{
    (void)state;
    static const char *const BAD[] = {"", "v1", "v0\n{}\n{}", "v1x\n{}\n{}", "v1\nnot json\n{}", "v1\n\n{}"};
    weir_checkpoint *ck = open_ok();
    weir_arena *arena = weir_arena_new();
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        put("offsets/7", BAD[i]);
        struct weir_offsets offsets;
        struct weir_error err = {0};
        assert_int_equal(weir_checkpoint_read_offsets(ck, 7, arena, &offsets, &err), WEIR_CORRUPT);
        assert_non_null(strstr(err.msg, "offsets/7"));
    }
    put("offsets/7", "v1\r\n{}\r\n{\"logOffset\":1}\r\n-\n"); /* CRLF and a final newline are fine */
    struct weir_offsets offsets;
    assert_int_equal(weir_checkpoint_read_offsets(ck, 7, arena, &offsets, NULL), WEIR_OK);
    assert_int_equal(offsets.count, 2);
    put("offsets/8", "v2\n{}\n0:{\"logOffset\":1}\n1:-");
    assert_int_equal(weir_checkpoint_read_offsets(ck, 8, arena, &offsets, NULL), WEIR_OK);
    assert_string_equal(offsets.lines[0], "{\"logOffset\":1}");
    assert_null(offsets.lines[1]);
    weir_arena_free(arena);
    weir_checkpoint_close(ck);
}

static weir_rc count_entry(void *arg, const struct weir_filelog_entry *entry, struct weir_error *err)
{
    (void)err;
    (void)entry;
    ++*(int *)arg;
    return WEIR_OK;
}

static void test_file_log(void **state)
{
    (void)state;
    weir_checkpoint *ck = open_ok();
    weir_filelog *log = NULL;
    struct weir_error err = {0};
    int seen = 0;
    assert_int_equal(weir_filelog_open(ck, 0, count_entry, &seen, &log, &err), WEIR_OK);
    for (int i = 0; i < 25; i++) {
        char path[64];
        snprintf(path, sizeof path, "file:///in/%%22%d\".csv", i);
        struct weir_filelog_entry entries[2] = {{path, 1000 + i, 0}, {"file:///in/b", 2000 + i, 0}};
        assert_int_equal(weir_filelog_add(log, entries, 2, &err), WEIR_OK);
    }
    expect_text("sources/0/0", "v1\n{\"path\":\"file:///in/%220\\\".csv\",\"timestamp\":1000,\"batchId\":0}\n{\"path\":\"file:///in/b\",\"timestamp\":2000,\"batchId\":0}");
    assert_true(is_there("sources/0/9.compact") && is_there("sources/0/19.compact") && is_there("sources/0/24"));
    assert_false(is_there("sources/0/9") || is_there("sources/0/10.compact"));
    weir_arena *arena = weir_arena_new();
    struct weir_filelog_entry *entries = NULL;
    size_t count = 0;
    assert_int_equal(weir_filelog_read(log, 7, 10, arena, &entries, &count, &err), WEIR_OK);
    assert_int_equal(count, 6); /* 8, 9 (in the compact file) and 10 */
    assert_int_equal(entries[0].offset, 8);
    assert_int_equal(entries[5].offset, 10);
    weir_filelog_close(log);

    seen = 0;
    assert_int_equal(weir_filelog_open(ck, 0, count_entry, &seen, &log, &err), WEIR_OK);
    assert_int_equal(seen, 50); /* each entry once, by way of 19.compact */
    assert_int_equal(weir_filelog_last(log), 24);
    weir_filelog_close(log);

    char *path = weir_path_join(dir, "sources/0/22");
    assert_int_equal(weir_fs_unlink(weir_fs_posix(), path, NULL), WEIR_OK);
    weir_free(path);
    assert_int_equal(weir_filelog_open(ck, 0, count_entry, &seen, &log, &err), WEIR_CORRUPT);
    assert_string_equal(err.condition, "CHECKPOINT_FILE_LOG_GAP");
    assert_null(log);
    weir_arena_free(arena);
    weir_checkpoint_close(ck);
}

/* One lone compact file tells the interval by its number (4.compact: 5), two by their distance. */
static void test_intervals(void **state)
{
    (void)state;
    static const struct {
        int compact;
        const char *next;
    } CASES[] = {{4, "sources/0/9.compact"}, {9, "sources/0/19.compact"}, {2, "sources/0/5.compact"}, {29, "sources/0/39.compact"}, {12, "sources/0/25.compact"}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char *name = weir_asprintf("sources/0/%d.compact", CASES[i].compact);
        put(name, "v1\n{\"path\":\"file:///in/a\",\"timestamp\":1,\"batchId\":0}");
        weir_free(name);
        weir_checkpoint *ck = NULL;
        struct weir_error err = {0};
        put("metadata", "{\"id\":\"711e4377-ce90-456e-8530-9e0374ce4791\"}");
        assert_int_equal(weir_checkpoint_open(weir_fs_posix(), dir, true, true, &ck, &err), WEIR_OK);
        weir_filelog *log = NULL;
        int seen = 0;
        assert_int_equal(weir_filelog_open(ck, 0, count_entry, &seen, &log, &err), WEIR_OK);
        for (int n = 0; n < 15; n++) {
            struct weir_filelog_entry entry = {"file:///in/x", 5, 0};
            assert_int_equal(weir_filelog_add(log, &entry, 1, &err), WEIR_OK);
        }
        if (!is_there(CASES[i].next)) {
            fail_msg("%s is not there", CASES[i].next);
        }
        weir_filelog_close(log);
        weir_checkpoint_close(ck);
        char *sources = weir_path_join(dir, "sources");
        assert_int_equal(weir_fs_remove_tree(weir_fs_posix(), sources, NULL), WEIR_OK);
        weir_free(sources);
    }
}

static void prepared_batches(void **state)
{
    (void)state;
    struct weir_error err = {0};
    struct weir_prepared back;
    weir_arena *arena = weir_arena_new();
    weir_checkpoint *ck = open_ok();
    assert_int_equal(weir_prepared_read(ck, arena, &back, &err), WEIR_NOT_FOUND);
    struct weir_prepared one = {.batch = 7, .table_id = "t", .quarantine_path = "/a \"b\"", .rows_in = 9, .rows = 8, .written = 5, .dropped = 3, .quarantined = 2, .kept = 1, .data_quality = "{\"x\":1}",
                                .files = WEIR_STR("{\"add\":{}}\n{\"add\":{}}\n")};
    assert_int_equal(weir_prepared_write(ck, &one, &err), WEIR_OK);
    one.batch = 8; /* the newest counts */
    assert_int_equal(weir_prepared_write(ck, &one, &err), WEIR_OK);
    assert_int_equal(weir_prepared_read(ck, arena, &back, &err), WEIR_OK);
    assert_int_equal(back.batch, 8);
    assert_int_equal(back.rows_in, 9);
    assert_int_equal(back.rows, 8);
    assert_int_equal(back.written, 5);
    assert_int_equal(back.dropped, 3);
    assert_int_equal(back.quarantined, 2);
    assert_int_equal(back.kept, 1);
    assert_string_equal(back.table_id, "t");
    assert_string_equal(back.quarantine_path, "/a \"b\"");
    assert_string_equal(back.data_quality, "{\"x\":1}");
    assert_true(weir_str_eq(back.files, one.files));
    weir_prepared_forget(ck);
    assert_int_equal(weir_prepared_read(ck, arena, &back, &err), WEIR_NOT_FOUND);
    weir_prepared_forget(ck);
    static const char *const damaged[] = {"", "{", "{}\n", "{\"weirPrepared\":2,\"batch\":1}\n", "{\"weirPrepared\":1,\"batch\":1,\"rowsIn\":1,\"rows\":1,\"written\":1,\"dropped\":1,\"quarantined\":1,\"kept\":1,"
                                          "\"tableId\":\"t\",\"quarantine\":\"q\",\"dataQuality\":null,\"bytes\":5}\nfour", NULL};
    for (size_t i = 0; damaged[i]; i++) {
        put("_weir/prepared.json", damaged[i]);
        assert_int_equal(weir_prepared_read(ck, arena, &back, &err), WEIR_CORRUPT);
        assert_string_equal(err.condition, "CHECKPOINT_FILE_DAMAGED");
    }
    weir_checkpoint_close(ck);
    weir_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bytes, set_up, tear_down),          cmocka_unit_test_setup_teardown(test_refusals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_one_at_a_time, set_up, tear_down),  cmocka_unit_test_setup_teardown(test_damaged_offsets, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_file_log, set_up, tear_down),       cmocka_unit_test_setup_teardown(test_intervals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(prepared_batches, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
