/* The failing file system does what it says: the Nth call, once or for good, whole or half. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/os/scratch.h"

#include "os/faultfs.h"

#include <errno.h>

/* Create, write, fsync, close, stat, read back: 8 calls, 4 of which change the disk; the close of a written file is the 4th. */
static weir_rc write_and_read(weir_fs *fs, const char *path, const char *text, struct weir_error *err)
{
    weir_file *file;
    struct weir_file_info info;
    WEIR_TRY(weir_file_open(fs, path, WEIR_OPEN_WRITE | WEIR_OPEN_CREATE, &file, err)); /* 1 */
    weir_rc rc = weir_file_write(file, text, strlen(text), 0, err);                     /* 2 */
    rc = rc != WEIR_OK ? rc : weir_file_sync(file, err);                                /* 3 */
    rc = weir_rc_keep(rc, weir_file_close(file, rc == WEIR_OK ? err : NULL));           /* 4 */
    rc = rc != WEIR_OK ? rc : weir_fs_stat(fs, path, &info, err);                       /* 5 */
    if (rc != WEIR_OK) {
        return rc;
    }
    char buf[64];
    size_t done;
    WEIR_TRY(weir_file_open(fs, path, WEIR_OPEN_READ, &file, err)); /* 6 */
    rc = weir_file_read(file, buf, strlen(text), 0, &done, err);    /* 7 */
    rc = weir_rc_keep(rc, weir_file_close(file, rc == WEIR_OK ? err : NULL)); /* 8 */
    if (rc == WEIR_OK && (done != strlen(text) || memcmp(buf, text, done) != 0)) {
        return WEIR_CORRUPT;
    }
    return rc;
}

static void test_every_call(void **state)
{
    (void)state;
    static const char *const calls[] = {"create", "pwrite", "fsync", "close", "stat", "open", "pread", "close"};
    char *dir = scratch_new();
    char *path = scratch_path(dir, "f");
    int descriptors = scratch_count("/proc/self/fd");
    for (int n = 1; n <= 9; n++) {
        struct weir_fault fault = {.fail_at = n, .error = EIO};
        weir_fs *fs = weir_faultfs_new(weir_fs_posix(), &fault);
        struct weir_error err = {0};
        weir_rc rc = write_and_read(fs, path, "0123456789", &err);
        assert_int_equal(weir_faultfs_fired(fs), n <= 8);
        if (n <= 8) {
            assert_int_equal(rc, WEIR_IO);
            assert_int_equal(err.os_errno, EIO);
            char *what = weir_asprintf("%s %s", calls[n - 1], path);
            assert_string_equal(weir_faultfs_what(fs), what);
            weir_free(what);
        } else {
            assert_int_equal(rc, WEIR_OK);
            assert_string_equal(weir_faultfs_what(fs), "");
            assert_int_equal(weir_faultfs_calls(fs), 8);
        }
        assert_int_equal(scratch_count("/proc/self/fd"), descriptors); /* a close that failed has closed */
        weir_faultfs_free(fs);
    }
    weir_free(path);
    scratch_free(dir);
}

static void test_interrupted_is_repeated(void **state)
{
    (void)state;
    char *dir = scratch_new();
    char *path = scratch_path(dir, "f");
    for (int n = 1; n <= 8; n++) {
        for (int sticky = 0; sticky < 2; sticky++) {
            struct weir_fault fault = {.fail_at = n, .error = EINTR, .sticky = sticky != 0, .short_write = true};
            weir_fs *fs = weir_faultfs_new(weir_fs_posix(), &fault);
            assert_int_equal(write_and_read(fs, path, "0123456789", NULL), WEIR_OK);
            assert_true(weir_faultfs_fired(fs));
            weir_faultfs_free(fs);
        }
    }
    weir_free(path);
    scratch_free(dir);
}

static void test_short_writes(void **state)
{
    (void)state;
    char *dir = scratch_new();
    char *path = scratch_path(dir, "f");
    struct weir_fault fault = {.fail_at = 2, .error = 0, .sticky = true, .short_write = true};
    weir_fs *fs = weir_faultfs_new(weir_fs_posix(), &fault);
    assert_int_equal(write_and_read(fs, path, "0123456789", NULL), WEIR_OK); /* 5 + 2 + 1 + 1 + 1 */
    assert_int_equal(weir_faultfs_calls(fs), 8 + 4);
    weir_faultfs_free(fs);

    assert_int_equal(weir_fs_unlink(weir_fs_posix(), path, NULL), WEIR_OK);
    struct weir_fault half = {.fail_at = 2, .error = ENOSPC, .short_write = true};
    fs = weir_faultfs_new(weir_fs_posix(), &half);
    struct weir_error err = {0};
    assert_int_equal(write_and_read(fs, path, "0123456789", &err), WEIR_IO);
    assert_int_equal(err.os_errno, ENOSPC);
    char *text = scratch_get(dir, "f");
    assert_string_equal(text, "01234");
    weir_free(text);
    weir_faultfs_free(fs);
    weir_free(path);
    scratch_free(dir);
}

static void test_sticky_and_writes_only(void **state)
{
    (void)state;
    char *dir = scratch_new();
    char *path = scratch_path(dir, "f");
    struct weir_fault fault = {.fail_at = 4, .error = EIO, .sticky = true, .writes_only = true};
    weir_fs *fs = weir_faultfs_new(weir_fs_posix(), &fault);
    assert_int_equal(write_and_read(fs, path, "0123", NULL), WEIR_IO);
    assert_true(memcmp(weir_faultfs_what(fs), "close ", 6) == 0);
    struct weir_file_info info;
    assert_int_equal(weir_fs_stat(fs, path, &info, NULL), WEIR_OK); /* reading goes on */
    assert_int_equal(weir_fs_unlink(fs, path, NULL), WEIR_IO);
    assert_int_equal(weir_fs_mkdir(fs, path, NULL), WEIR_IO);
    assert_int_equal(weir_fs_sync_dir(fs, dir, NULL), WEIR_IO);
    assert_int_equal(weir_faultfs_calls(fs), 7);
    weir_faultfs_free(fs);

    struct weir_fault all = {.fail_at = 1, .error = EIO, .sticky = true};
    fs = weir_faultfs_new(weir_fs_posix(), &all);
    char *real = NULL;
    assert_int_equal(weir_fs_realpath(fs, dir, &real, NULL), WEIR_IO);
    assert_null(real);
    int count = 0;
    assert_int_equal(weir_fs_list(fs, dir, scratch_count_entry, &count, NULL), WEIR_IO);
    assert_int_equal(weir_fs_probe_lease(fs, path, NULL), WEIR_IO);
    assert_int_equal(weir_fs_mkdirs(fs, path, NULL), WEIR_IO);
    weir_faultfs_free(fs);
    weir_faultfs_free(NULL);
    weir_free(path);
    scratch_free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_call),
        cmocka_unit_test(test_interrupted_is_repeated),
        cmocka_unit_test(test_short_writes),
        cmocka_unit_test(test_sticky_and_writes_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
