/* The posix file system and the wrappers over it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/os/scratch.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static weir_fs *fs(void)
{
    return weir_fs_posix();
}

static void test_write_read_round(void **state)
{
    (void)state;
    char *dir = scratch_new();
    char *path = scratch_path(dir, "a b\xc3\xa4.bin");
    weir_file *file;
    assert_int_equal(weir_file_open(fs(), path, WEIR_OPEN_WRITE | WEIR_OPEN_CREATE | WEIR_OPEN_EXCL, &file, NULL), WEIR_OK);
    assert_string_equal(weir_file_path(file), path);
    assert_int_equal(weir_file_write(file, "hello world", 11, 0, NULL), WEIR_OK);
    assert_int_equal(weir_file_write(file, "W", 1, 6, NULL), WEIR_OK);
    assert_int_equal(weir_file_sync(file, NULL), WEIR_OK);
    weir_file_flush_async(file, 0, 11);
    char buf[64];
    size_t done;
    assert_int_equal(weir_file_read(file, buf, sizeof buf, 6, &done, NULL), WEIR_OK);
    assert_int_equal(done, 5);
    assert_memory_equal(buf, "World", 5);
    assert_int_equal(weir_file_truncate(file, 5, NULL), WEIR_OK);
    struct weir_file_info info;
    assert_int_equal(weir_file_info(file, &info, NULL), WEIR_OK);
    assert_int_equal(info.size, 5);
    assert_true(info.is_file && !info.is_dir && !info.is_link && info.mtime_ns > 0 && info.inode != 0);
    assert_int_equal(weir_file_close(file, NULL), WEIR_OK);
    assert_int_equal(weir_file_close(NULL, NULL), WEIR_OK);

    struct weir_error err = {0};
    assert_int_equal(weir_file_open(fs(), path, WEIR_OPEN_WRITE | WEIR_OPEN_CREATE | WEIR_OPEN_EXCL, &file, &err), WEIR_EXISTS);
    assert_null(file);
    assert_non_null(strstr(err.msg, path));
    assert_int_equal(weir_file_open(fs(), "/nonexistent/x", WEIR_OPEN_READ, &file, &err), WEIR_NOT_FOUND);

    assert_int_equal(weir_file_open(fs(), path, WEIR_OPEN_WRITE | WEIR_OPEN_APPEND, &file, NULL), WEIR_OK);
    assert_int_equal(weir_file_write(file, "++", 2, 0, NULL), WEIR_OK);
    assert_int_equal(weir_file_close(file, NULL), WEIR_OK);
    char *text = scratch_get(dir, "a b\xc3\xa4.bin");
    assert_string_equal(text, "hello++");
    weir_free(text);
    weir_free(path);
    scratch_free(dir);
}

static void test_read_all_limits(void **state)
{
    (void)state;
    char *dir = scratch_new();
    char *path = scratch_path(dir, "f");
    struct weir_buf big;
    weir_buf_init(&big, 0);
    for (int i = 0; i < 30000; i++) {
        (void)weir_buf_printf(&big, "%d,", i);
    }
    scratch_put(dir, "f", big.data);
    struct weir_buf out;
    struct weir_error err = {0};
    weir_buf_init(&out, 0);
    (void)weir_buf_add_str(&out, "old");
    assert_int_equal(weir_fs_read_all(fs(), path, big.len, &out, &err), WEIR_OK);
    assert_int_equal(out.len, big.len);
    assert_memory_equal(out.data, big.data, big.len);
    assert_int_equal(out.data[out.len], 0);
    assert_int_equal(weir_fs_read_all(fs(), path, big.len - 1, &out, &err), WEIR_TOO_BIG);
    assert_string_equal(err.condition, "FILE_TOO_BIG");
    assert_int_equal(out.len, 0);
    weir_buf_free(&out);

    weir_buf_init(&out, big.len); /* the buffer's own maximum: exactly enough */
    assert_int_equal(weir_fs_read_all(fs(), path, SIZE_MAX, &out, &err), WEIR_OK);
    assert_int_equal(out.len, big.len);
    weir_buf_free(&out);
    weir_buf_init(&out, big.len - 1);
    assert_int_equal(weir_fs_read_all(fs(), path, SIZE_MAX, &out, &err), WEIR_TOO_BIG);
    weir_buf_free(&out);

    scratch_put(dir, "empty", "");
    char *empty = scratch_path(dir, "empty");
    weir_buf_init(&out, 0);
    assert_int_equal(weir_fs_read_all(fs(), empty, 0, &out, &err), WEIR_OK);
    assert_int_equal(out.len, 0);
    /* A file whose size is told as 0. */
    assert_int_equal(weir_fs_read_all(fs(), "/proc/self/status", 1 << 20, &out, &err), WEIR_OK);
    assert_true(out.len > 100);
    assert_int_equal(weir_fs_read_all(fs(), dir, 1 << 20, &out, &err), WEIR_IO); /* a folder */
    weir_buf_free(&out);
    weir_buf_free(&big);
    weir_free(empty);
    weir_free(path);
    scratch_free(dir);
}

static void test_folders(void **state)
{
    (void)state;
    char *dir = scratch_new();
    char *deep = scratch_path(dir, "a/b/c");
    assert_int_equal(weir_fs_mkdirs(fs(), deep, NULL), WEIR_OK);
    assert_int_equal(weir_fs_mkdirs(fs(), deep, NULL), WEIR_OK);
    char *slashes = scratch_path(dir, "a//d/");
    assert_int_equal(weir_fs_mkdirs(fs(), slashes, NULL), WEIR_OK);
    assert_int_equal(weir_fs_mkdirs(fs(), "/", NULL), WEIR_OK);
    assert_int_equal(weir_fs_mkdirs(fs(), ".", NULL), WEIR_OK);
    assert_int_equal(weir_fs_mkdir(fs(), deep, NULL), WEIR_EXISTS);
    scratch_put(deep, "f", "x");
    char *below_file = scratch_path(deep, "f/g");
    struct weir_error err = {0};
    assert_int_not_equal(weir_fs_mkdirs(fs(), below_file, &err), WEIR_OK);
    char *file = scratch_path(deep, "f");
    assert_int_equal(weir_fs_mkdirs(fs(), file, &err), WEIR_EXISTS);
    assert_string_equal(err.condition, "NOT_A_FOLDER");
    assert_int_not_equal(weir_fs_rmdir(fs(), deep, NULL), WEIR_OK); /* not empty */

    /* A link in the tree is removed, what it points to is not. */
    char *outside = scratch_new();
    scratch_put(outside, "keep", "k");
    char *link_path = scratch_path(deep, "link");
    assert_int_equal(symlink(outside, link_path), 0);
    struct weir_file_info info;
    assert_int_equal(weir_fs_lstat(fs(), link_path, &info, NULL), WEIR_OK);
    assert_true(info.is_link && !info.is_dir);
    assert_int_equal(weir_fs_stat(fs(), link_path, &info, NULL), WEIR_OK);
    assert_true(info.is_dir && !info.is_link);
    char *top = scratch_path(dir, "a");
    assert_int_equal(weir_fs_remove_tree(fs(), top, NULL), WEIR_OK);
    assert_false(weir_fs_exists(fs(), top));
    assert_int_equal(scratch_count(outside), 1);
    assert_int_equal(weir_fs_remove_tree(fs(), top, &err), WEIR_OK); /* again */
    weir_free(top);
    weir_free(link_path);
    weir_free(file);
    weir_free(below_file);
    weir_free(slashes);
    weir_free(deep);
    scratch_free(outside);
    scratch_free(dir);
}

static weir_rc stop_at_second(void *arg, const char *name, const struct weir_file_info *info, struct weir_error *err)
{
    (void)name;
    int *count = arg;
    assert_true(info->is_file);
    ++*count;
    if (*count < 2) {
        return WEIR_OK;
    }
    return *count == 2 ? WEIR_END : weir_fail(err, WEIR_INVALID, "X", "too far");
}

static weir_rc refuse(void *arg, const char *name, const struct weir_file_info *info, struct weir_error *err)
{
    (void)arg;
    (void)info;
    return weir_fail(err, WEIR_DENIED, "NO", "not %s", name);
}

static void test_list(void **state)
{
    (void)state;
    char *dir = scratch_new();
    for (int i = 0; i < 5; i++) {
        char name[8] = {(char)('a' + i), 0};
        scratch_put(dir, name, name);
    }
    assert_int_equal(scratch_count(dir), 5);
    int count = 0;
    assert_int_equal(weir_fs_list(fs(), dir, stop_at_second, &count, NULL), WEIR_OK);
    assert_int_equal(count, 2);
    struct weir_error err = {0};
    assert_int_equal(weir_fs_list(fs(), dir, refuse, NULL, &err), WEIR_DENIED);
    assert_string_equal(err.condition, "NO");
    assert_int_equal(weir_fs_list(fs(), "/nonexistent", refuse, NULL, &err), WEIR_NOT_FOUND);
    scratch_free(dir);
}

static void test_names(void **state)
{
    (void)state;
    char *dir = scratch_new();
    scratch_put(dir, "one", "1");
    scratch_put(dir, "two", "2");
    char *one = scratch_path(dir, "one"), *two = scratch_path(dir, "two"), *three = scratch_path(dir, "three");
    assert_int_equal(weir_fs_link(fs(), one, two, NULL), WEIR_EXISTS);
    assert_int_equal(weir_fs_link(fs(), one, three, NULL), WEIR_OK);
    assert_int_equal(weir_fs_rename(fs(), one, two, NULL), WEIR_OK);
    char *text = scratch_get(dir, "two");
    assert_string_equal(text, "1");
    weir_free(text);
    struct weir_error err = {0};
    assert_int_equal(weir_fs_rename(fs(), one, three, &err), WEIR_NOT_FOUND);
    assert_non_null(strstr(err.msg, three));
    assert_int_equal(weir_fs_unlink(fs(), three, NULL), WEIR_OK);
    assert_int_equal(weir_fs_unlink(fs(), three, NULL), WEIR_NOT_FOUND);
    weir_fs_discard(fs(), three);
    assert_int_equal(weir_fs_sync_dir(fs(), dir, NULL), WEIR_OK);
    assert_int_equal(weir_fs_sync_dir(fs(), three, NULL), WEIR_NOT_FOUND);
    char *dotted = scratch_path(dir, "./../no-such-folder-beside-it/../"), *real = NULL;
    assert_int_equal(weir_fs_realpath(fs(), dotted, &real, NULL), WEIR_NOT_FOUND);
    assert_null(real);
    weir_free(dotted);
    dotted = scratch_path(dir, "./two");
    assert_int_equal(weir_fs_realpath(fs(), dotted, &real, NULL), WEIR_OK);
    assert_true(weir_str_ends(weir_str(real), "/two") && !strstr(real, "/./"));
    weir_free(real);
    weir_free(dotted);
    weir_free(one);
    weir_free(two);
    weir_free(three);
    scratch_free(dir);
}

static void test_lease(void **state)
{
    (void)state;
    char *dir = scratch_new();
    scratch_put(dir, "f", "x");
    char *path = scratch_path(dir, "f");
    struct weir_error err = {0};
    weir_rc rc = weir_fs_probe_lease(fs(), path, &err);
    if (rc == WEIR_UNSUPPORTED) {
        assert_string_equal(err.condition, "LEASE_UNSUPPORTED");
        print_message("skipped: no leases on this file system\n");
    } else {
        assert_int_equal(rc, WEIR_OK);
        weir_file *file;
        assert_int_equal(weir_file_open(fs(), path, WEIR_OPEN_WRITE, &file, NULL), WEIR_OK);
        assert_int_equal(weir_fs_probe_lease(fs(), path, &err), WEIR_BUSY);
        assert_string_equal(err.condition, "FILE_BEING_WRITTEN");
        assert_int_equal(weir_file_close(file, NULL), WEIR_OK);
        assert_int_equal(weir_file_open(fs(), path, WEIR_OPEN_READ, &file, NULL), WEIR_OK);
        assert_int_equal(weir_fs_probe_lease(fs(), path, &err), WEIR_OK); /* readers do not matter */
        assert_int_equal(weir_file_close(file, NULL), WEIR_OK);
    }
    assert_int_equal(weir_fs_probe_lease(fs(), "/nonexistent", &err), WEIR_NOT_FOUND);
    weir_free(path);
    scratch_free(dir);
}

/* Writers that open the file all the time while it is probed must not end the process by a signal. */
static void test_lease_broken_by_writers(void **state)
{
    (void)state;
    char *dir = scratch_new();
    scratch_put(dir, "f", "x");
    char *path = scratch_path(dir, "f");
    pid_t writer = fork();
    assert_true(writer >= 0);
    if (writer == 0) {
        for (;;) {
            int fd = open(path, O_WRONLY);
            if (fd >= 0) {
                (void)close(fd);
            }
        }
    }
    int answered = 0;
    for (int i = 0; i < 20000; i++) {
        weir_rc rc = weir_fs_probe_lease(fs(), path, NULL);
        assert_true(rc == WEIR_OK || rc == WEIR_BUSY || rc == WEIR_UNSUPPORTED);
        answered++;
    }
    assert_int_equal(answered, 20000);
    assert_int_equal(kill(writer, SIGKILL), 0);
    assert_int_equal(waitpid(writer, NULL, 0), writer);
    weir_free(path);
    scratch_free(dir);
}

static void test_lock(void **state)
{
    (void)state;
    char *dir = scratch_new();
    char *path = scratch_path(dir, "lock");
    weir_file *a, *b;
    struct weir_error err = {0};
    assert_int_equal(weir_file_open(fs(), path, WEIR_OPEN_WRITE | WEIR_OPEN_CREATE, &a, NULL), WEIR_OK);
    assert_int_equal(weir_file_open(fs(), path, WEIR_OPEN_WRITE | WEIR_OPEN_CREATE, &b, NULL), WEIR_OK);
    assert_int_equal(weir_file_lock(a, NULL), WEIR_OK);
    assert_int_equal(weir_file_lock(b, &err), WEIR_BUSY);
    assert_string_equal(err.condition, "FILE_LOCKED");
    assert_int_equal(weir_file_close(a, NULL), WEIR_OK);
    assert_int_equal(weir_file_lock(b, NULL), WEIR_OK);
    assert_int_equal(weir_file_close(b, NULL), WEIR_OK);
    weir_free(path);
    scratch_free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write_read_round), cmocka_unit_test(test_read_all_limits),
        cmocka_unit_test(test_folders),          cmocka_unit_test(test_list),
        cmocka_unit_test(test_names),            cmocka_unit_test(test_lease),
        cmocka_unit_test(test_lease_broken_by_writers), cmocka_unit_test(test_lock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
