/* Listing: hidden names, order, depth, globs, partition folders, links, folders that may not be read. */
#include "source_test.h"

#include "os/faultfs.h"

#include <errno.h>

static void test_order_and_uri(void **state)
{
    (void)state;
    struct box *box = box_new();
    box_file(box, "in/b.csv", 1000.001);
    box_file(box, "in/a b.csv", 1000.002);
    box_file(box, "in/z.csv", 1000);
    box_file(box, "in/y.csv", 1000);
    assert_string_equal(box_names(box, "in"), "in/y.csv in/z.csv in/b.csv in/a b.csv");
    assert_int_equal(box->column_count, 0);
    assert_int_equal(box->files[0].size, 4);
    assert_int_equal(box->files[2].mtime_ns, INT64_C(1000001000000));
    assert_string_equal(box->files[0].uri, weir_arena_printf(box->arena, "file://%s/in/y.csv", box->dir));
    assert_string_equal(box->files[3].uri, weir_arena_printf(box->arena, "file://%s/in/a%%20b.csv", box->dir));
    assert_null(box->files[0].partition_values);
    box->options.latest_first = true;
    assert_string_equal(box_names(box, "in/"), "in/a b.csv in/b.csv in/y.csv in/z.csv");
    assert_string_equal(box_names(box, "x/../in//."), "in/a b.csv in/b.csv in/y.csv in/z.csv");
    assert_string_equal(box_names(box, "in/z.csv"), "in/z.csv");
    box_free(box);
}

static void test_hidden(void **state)
{
    (void)state;
    struct box *box = box_new();
    static const char *const names[] = {"in/_a", "in/.a", "in/a._COPYING_", "in/_a=b", "in/.a=b", "in/_metadata_x", "in/_common_metadata",
                                        "in/a.tmp", "in/a"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        box_file(box, names[i], 1000);
    }
    assert_string_equal(box_names(box, "in"), "in/_a=b in/_common_metadata in/_metadata_x in/a in/a.tmp");
    box_free(box);
}

/* What is known is left out unseen, but the first file of each folder stands for its partition values. */
static void test_known(void **state)
{
    (void)state;
    struct box *box = box_new();
    static const char *const names[] = {"in/d=1/a b.csv", "in/d=1/b.csv", "in/d=1/new.csv", "in/d=2/a.csv", "in/d=2/_hidden", "in/d=2/x.csv/c.csv"};
    weir_seen *seen = weir_seen_new(WEIR_FILE_AGE_UNBOUNDED, false);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        box_file(box, names[i], 1000);
    }
    weir_seen_add(seen, weir_arena_printf(box->arena, "file://%s/in/d=1/a%%20b.csv", box->dir), 1000000);
    weir_seen_add(seen, weir_arena_printf(box->arena, "file://%s/in/d=1/b.csv", box->dir), 1000000);
    weir_seen_add(seen, weir_arena_printf(box->arena, "file://%s/in/d=2/a.csv", box->dir), 1000000);
    box->options.known = seen;
    const char *found = box_names(box, "in");
    assert_non_null(strstr(found, "in/d=1/new.csv"));
    assert_non_null(strstr(found, "in/d=2/a.csv")); /* the only one there */
    assert_non_null(strstr(found, "in/d=2/x.csv/c.csv")); /* a folder is no file of its name */
    assert_true((strstr(found, "in/d=1/b.csv") != NULL) + (strstr(found, "in/d=1/a b.csv") != NULL) <= 1); /* by the order of the folder */
    assert_null(strstr(found, "_hidden"));
    assert_int_equal(box->column_count, 1);
    box->options.known = NULL;
    assert_string_equal(box_names(box, "in"), "in/d=1/a b.csv in/d=1/b.csv in/d=1/new.csv in/d=2/a.csv in/d=2/x.csv/c.csv");
    weir_seen_free(seen);
    box_free(box);
}

/* Paths that a watcher told of are what a listing would show of them; folders and links take a listing. */
static void test_look(void **state)
{
    (void)state;
    struct box *box = box_new();
    static const char *const names[] = {"in/b.csv", "in/a b.csv", "in/_hidden", "in/sub/c.csv", "in/.sub/d.csv", "in/e.txt", "other/f.csv", "in2/g.csv"};
    const char *paths[20];
    size_t count = 0;
    bool enough = false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        box_file(box, names[i], 2000 - (double)i);
        paths[count++] = box_path(box, names[i]);
    }
    paths[count++] = box_path(box, "in/gone.csv");
    paths[count++] = box_path(box, "in/b.csv");
    paths[count++] = box_path(box, "in");
    assert_int_equal(weir_source_look(weir_fs_posix(), box_path(box, "in"), &box->options, paths, count, box->arena, &box->files, &box->count, &enough, &box->err), WEIR_OK);
    assert_true(enough);
    assert_int_equal(box->count, 3);
    assert_string_equal(box->files[0].path, box_path(box, "in/e.txt"));
    assert_string_equal(box->files[1].path, box_path(box, "in/a b.csv"));
    assert_string_equal(box->files[1].uri, weir_arena_printf(box->arena, "file://%s/in/a%%20b.csv", box->dir));
    assert_int_equal(box->files[1].mtime_ns, INT64_C(1999000000000));
    assert_string_equal(box->files[2].path, box_path(box, "in/b.csv"));
    box->options.recursive = true;
    snprintf(box->options.path_glob_filter, sizeof box->options.path_glob_filter, "*.csv");
    assert_int_equal(weir_source_look(weir_fs_posix(), box_path(box, "in"), &box->options, paths, count, box->arena, &box->files, &box->count, &enough, &box->err), WEIR_OK);
    assert_true(enough);
    assert_int_equal(box->count, 3);
    assert_string_equal(box->files[0].path, box_path(box, "in/sub/c.csv"));
    paths[count++] = box_path(box, "in/sub");
    assert_int_equal(weir_source_look(weir_fs_posix(), box_path(box, "in"), &box->options, paths, count, box->arena, &box->files, &box->count, &enough, &box->err), WEIR_OK);
    assert_false(enough);
    assert_int_equal(symlink("b.csv", box_path(box, "in/link.csv")), 0);
    paths[count - 1] = box_path(box, "in/link.csv");
    assert_int_equal(weir_source_look(weir_fs_posix(), box_path(box, "in"), &box->options, paths, count, box->arena, &box->files, &box->count, &enough, &box->err), WEIR_OK);
    assert_false(enough);
    box_free(box);
}

static void test_missing_root(void **state)
{
    (void)state;
    struct box *box = box_new();
    assert_int_equal(box_list(box, "nowhere"), WEIR_NOT_FOUND);
    assert_string_equal(box->err.condition, "PATH_NOT_FOUND");
    assert_non_null(strstr(box->err.msg, box_path(box, "nowhere")));
    assert_string_equal(box_names(box, "nowhere/*.csv"), ""); /* a pattern without matches lists nothing */
    assert_string_equal(box_names(box, "*"), "");
    box_free(box);
}

static void test_depth(void **state)
{
    (void)state;
    struct box *box = box_new();
    box_file(box, "in/a.csv", 1);
    box_file(box, "in/sub/b.csv", 2);
    box_file(box, "in/sub/deep/c.csv", 3);
    box_file(box, "in/_sub/d.csv", 4);
    box_file(box, "in/.sub/e.csv", 5);
    assert_string_equal(box_names(box, "in"), "in/a.csv");
    box->options.recursive = true;
    assert_string_equal(box_names(box, "in"), "in/a.csv in/sub/b.csv in/sub/deep/c.csv");
    box_file(box, "in/dt=1/f.csv", 6);
    assert_string_equal(box_names(box, "in"), "in/a.csv in/sub/b.csv in/sub/deep/c.csv in/dt=1/f.csv");
    assert_int_equal(box->column_count, 0); /* no partition columns then */
    memcpy(box->options.path_glob_filter, "[bf].csv", 9);
    assert_string_equal(box_names(box, "in"), "in/sub/b.csv in/dt=1/f.csv");
    box_free(box);
}

static void test_globs(void **state)
{
    (void)state;
    struct box *box = box_new();
    static const char *const names[] = {"d/a1.csv", "d/a2.csv", "d/b1.csv", "d/.h.csv", "e/a1.csv", "e/sub/q.csv", "f[1].csv"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        box_file(box, names[i], (double)i);
    }
    assert_string_equal(box_names(box, "d/a*.csv"), "d/a1.csv d/a2.csv");
    assert_string_equal(box_names(box, "d/{a,b}[1].csv"), "d/a1.csv d/b1.csv");
    assert_string_equal(box_names(box, "d/?[^1].csv"), "d/a2.csv");
    assert_string_equal(box_names(box, "*/a1.csv"), "d/a1.csv e/a1.csv");
    assert_string_equal(box_names(box, "{d,e}"), "d/a1.csv d/a2.csv d/b1.csv e/a1.csv");
    assert_string_equal(box_names(box, "{d/a*,e/sub}"), "d/a1.csv d/a2.csv e/sub/q.csv");
    assert_string_equal(box_names(box, "{d/a1.csv,d/*.csv}"), "d/a1.csv d/a2.csv d/b1.csv"); /* each once */
    assert_string_equal(box_names(box, "{{d/a1,d/b1},e/a1}.csv"), "d/a1.csv d/b1.csv e/a1.csv");
    assert_string_equal(box_names(box, "*/*/q.csv"), "e/sub/q.csv");
    assert_string_equal(box_names(box, "f\\[1\\].csv"), "f[1].csv");
    assert_string_equal(box_names(box, "f[1].csv"), ""); /* a set, not the name */
    assert_string_equal(box_names(box, "d/*"), "d/a1.csv d/a2.csv d/b1.csv"); /* the file .h.csv stays hidden */
    struct weir_buf wide;
    weir_buf_init(&wide, 0);
    weir_buf_add_str(&wide, "{a/b,c/d}");
    for (int i = 0; i < 12; i++) {
        weir_buf_add_str(&wide, "{a/b,c/d}");
    }
    assert_string_equal(box_names(box, wide.data), "GLOB_TOO_MANY");
    weir_buf_free(&wide);
    box_free(box);
}

static void test_partitions(void **state)
{
    (void)state;
    struct box *box = box_new();
    box_file(box, "in/y=2024/k=a%2Fb/a.csv", 1);
    box_file(box, "in/Y=2023/k=__HIVE_DEFAULT_PARTITION__/b.csv", 2);
    box_file(box, "in/y=2022/k=c d/_tmp/x.csv", 2);
    box_file(box, "in/direct.csv", 3); /* beside partition folders: not read */
    assert_string_equal(box_names(box, "in"), "in/y=2024/k=a%2Fb/a.csv in/Y=2023/k=__HIVE_DEFAULT_PARTITION__/b.csv");
    assert_int_equal(box->column_count, 2);
    assert_true(weir_str_eq_nocase(weir_str(box->columns[0]), WEIR_STR("y")));
    assert_string_equal(box->columns[1], "k");
    assert_string_equal(box->files[0].partition_values[0], "2024");
    assert_string_equal(box->files[0].partition_values[1], "a/b");
    assert_string_equal(box->files[1].partition_values[0], "2023");
    assert_null(box->files[1].partition_values[1]);
    /* What a planned file gets without a listing. */
    const char *const *values = weir_source_partition_values(box->arena, box->files[0].path, box->columns, box->column_count);
    assert_string_equal(values[0], "2024");
    assert_string_equal(values[1], "a/b");
    /* A glob's matches are roots: no columns above them. */
    assert_string_equal(box_names(box, "in/y=2024/k=*"), "in/y=2024/k=a%2Fb/a.csv");
    assert_int_equal(box->column_count, 0);
    box_free(box);
}

static void test_partition_below_folder(void **state)
{
    (void)state;
    struct box *box = box_new();
    box_file(box, "in/dt=1/sub/a.csv", 1); /* the folder between has no say */
    box_file(box, "in/dt=2/b.csv", 2);
    assert_string_equal(box_names(box, "in"), "in/dt=1/sub/a.csv in/dt=2/b.csv");
    assert_string_equal(box->files[0].partition_values[0], "1");
    box_free(box);
    box = box_new();
    box_file(box, "in/sub/dt=1/a.csv", 1); /* the columns may begin deeper */
    assert_string_equal(box_names(box, "in"), "in/sub/dt=1/a.csv");
    assert_int_equal(box->column_count, 1);
    box_free(box);
}

static void test_partition_conflicts(void **state)
{
    (void)state;
    struct box *box = box_new();
    box_file(box, "names/_k=1/a.csv", 1);
    box_file(box, "names/k=2/b.csv", 2);
    assert_string_equal(box_names(box, "names"), "CONFLICTING_PARTITION_COLUMN_NAMES");
    box_file(box, "depth/k=1/a.csv", 1);
    box_file(box, "depth/k=1/j=2/b.csv", 2);
    assert_string_equal(box_names(box, "depth"), "CONFLICTING_PARTITION_COLUMN_NAMES");
    box_file(box, "order/k=1/j=2/a.csv", 1);
    box_file(box, "order/j=1/k=2/b.csv", 2);
    assert_string_equal(box_names(box, "order"), "CONFLICTING_PARTITION_COLUMN_NAMES");
    box_file(box, "stray/k=1/a.csv", 1);
    box_file(box, "stray/other/b.csv", 2);
    assert_string_equal(box_names(box, "stray"), "CONFLICTING_DIRECTORY_STRUCTURES");
    box_file(box, "bases/x/k=1/a.csv", 1);
    box_file(box, "bases/y/k=1/b.csv", 2);
    assert_string_equal(box_names(box, "bases"), "CONFLICTING_DIRECTORY_STRUCTURES");
    box_file(box, "empty/=1/a.csv", 1);
    assert_string_equal(box_names(box, "empty"), "PARTITION_FOLDER_INVALID");
    box_file(box, "value/k=/a.csv", 1);
    assert_string_equal(box_names(box, "value"), "PARTITION_FOLDER_INVALID");
    /* A folder without data does not count. */
    box_file(box, "idle/k=1/a.csv", 1);
    box_file(box, "idle/other/_metadata", 2);
    assert_string_equal(box_names(box, "idle"), "idle/k=1/a.csv");
    box_free(box);
}

static void test_links(void **state)
{
    (void)state;
    struct box *box = box_new();
    box_file(box, "in/a.csv", 1);
    box_file(box, "out/b.csv", 2);
    box_file(box, "out/sub/c.csv", 3);
    assert_int_equal(symlink("../out/b.csv", box_path(box, "in/link.csv")), 0);
    assert_int_equal(symlink("/nowhere/x", box_path(box, "in/gone.csv")), 0);
    assert_string_equal(box_names(box, "in"), "in/a.csv in/link.csv");
    box->options.confine = box_path(box, "in");
    assert_string_equal(box_names(box, "in"), "PATH_LEAVES_FOLDER");
    assert_non_null(strstr(box->err.msg, "in/link.csv"));
    assert_string_equal(box_names(box, "in/l*"), "PATH_LEAVES_FOLDER");
    box->options.confine = box->dir;
    assert_string_equal(box_names(box, "in"), "in/a.csv in/link.csv");
    assert_int_equal(unlink(box_path(box, "in/link.csv")), 0);

    assert_int_equal(symlink("../out", box_path(box, "in/folder")), 0);
    assert_int_equal(symlink("..", box_path(box, "in/up")), 0); /* leads back round to in */
    box->options.recursive = true;
    assert_int_equal(box_list(box, "in"), WEIR_OK);
    for (size_t i = 0; i < box->count; i++) {
        assert_null(strstr(box->files[i].path, "up/in/up"));
    }
    box->options.confine = box_path(box, "in");
    assert_string_equal(box_names(box, "in"), "PATH_LEAVES_FOLDER");
    /* The root itself may be reached by a link: its name stays. */
    assert_int_equal(symlink("out", box_path(box, "alias")), 0);
    box->options.confine = box_path(box, "out");
    assert_string_equal(box_names(box, "alias"), "alias/b.csv alias/sub/c.csv");
    box_free(box);
}

static void test_not_files(void **state)
{
    (void)state;
    struct box *box = box_new();
    box_file(box, "in/a.csv", 1);
    assert_int_equal(mkfifo(box_path(box, "in/pipe.csv"), 0600), 0);
    assert_string_equal(box_names(box, "in"), "in/a.csv");
    box_free(box);
}

/* Whatever call fails, the list is an error that names the place, never a shorter list. */
static void test_no_permission(void **state)
{
    (void)state;
    struct box *box = box_new();
    box_file(box, "in/dt=1/a.csv", 1);
    box_file(box, "in/dt=2/b.csv", 2);
    assert_int_equal(symlink("a.csv", box_path(box, "in/dt=1/c.csv")), 0);
    static const char *const roots[] = {"in", "in/dt=*", "*/{dt=1,dt=2}/*.csv"};
    for (size_t r = 0; r < 3; r++) {
        const char *root = box_path(box, roots[r]);
        int64_t fired = 0;
        for (int64_t at = 1;; at++) {
            const struct weir_fault fault = {.fail_at = at, .error = EACCES};
            weir_fs *fs = weir_faultfs_new(weir_fs_posix(), &fault);
            const weir_rc rc = box_list_fs(box, fs, root);
            const bool hit = weir_faultfs_fired(fs);
            weir_faultfs_free(fs);
            if (!hit) {
                assert_int_equal(rc, WEIR_OK);
                assert_int_equal(box->count, 3);
                break;
            }
            fired++;
            if (rc != WEIR_DENIED) {
                fail_msg("call %d of %s: rc %d", (int)at, root, (int)rc);
            }
            assert_string_equal(box->err.condition, "PERMISSION_DENIED");
            assert_non_null(strstr(box->err.msg, box->dir));
        }
        assert_true(fired >= 3);
    }
    if (geteuid() != 0) {
        assert_int_equal(chmod(box_path(box, "in/dt=1"), 0), 0);
        assert_int_equal(box_list(box, "in"), WEIR_DENIED);
        assert_non_null(strstr(box->err.msg, "in/dt=1"));
        assert_int_equal(chmod(box_path(box, "in/dt=1"), 0755), 0);
    }
    box_free(box);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_uri), cmocka_unit_test(test_hidden), cmocka_unit_test(test_known), cmocka_unit_test(test_look),
        cmocka_unit_test(test_missing_root),  cmocka_unit_test(test_depth),
        cmocka_unit_test(test_globs),         cmocka_unit_test(test_partitions),
        cmocka_unit_test(test_partition_below_folder), cmocka_unit_test(test_partition_conflicts),
        cmocka_unit_test(test_links),         cmocka_unit_test(test_not_files),
        cmocka_unit_test(test_no_permission),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
