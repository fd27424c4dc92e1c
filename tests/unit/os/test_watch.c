/* The watcher: what wakes it, what makes it say "list again". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/os/scratch.h"

#include "base/time.h"
#include "os/thread.h"
#include "os/watch.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static weir_watch *watch_one(const char *folder, bool recursive)
{
    weir_watch *watch;
    const char *folders[] = {folder};
    struct weir_error err = {0};
    weir_rc rc = weir_watch_open(folders, 1, recursive, &watch, &err);
    if (rc != WEIR_OK) {
        fail_msg("%s", err.msg);
    }
    return watch;
}

static enum weir_watch_event next_event(weir_watch *watch, int64_t timeout_ms)
{
    enum weir_watch_event event;
    struct weir_error err = {0};
    if (weir_watch_wait(watch, timeout_ms, &event, &err) != WEIR_OK) {
        fail_msg("%s", err.msg);
    }
    return event;
}

/* Skip wakings that only say "changed" until one says "rescan". */
static bool rescans(weir_watch *watch, int64_t timeout_ms)
{
    int64_t until = weir_mono_us() + timeout_ms * 1000;
    while (weir_mono_us() < until) {
        if (next_event(watch, 100) == WEIR_WATCH_RESCAN) {
            return true;
        }
    }
    return false;
}

static void quiet(weir_watch *watch)
{
    while (next_event(watch, 30) != WEIR_WATCH_NONE) {
    }
}

static bool told(const weir_watch *watch, const char *path)
{
    const char *const *paths = NULL;
    const size_t count = weir_watch_paths(watch, &paths);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(paths[i], path) == 0) {
            return true;
        }
    }
    return false;
}

/* Each answer names what appeared since the one before; a burst of too many is a reason to list. */
static void test_paths(void **state)
{
    (void)state;
    char *dir = scratch_new();
    weir_watch *watch = watch_one(dir, true);
    char *a = scratch_path(dir, "a.csv"), *sub = scratch_path(dir, "sub"), *b = scratch_path(dir, "sub/b.csv");
    scratch_put(dir, "a.csv", "1");
    assert_int_equal(next_event(watch, 2000), WEIR_WATCH_CHANGED);
    assert_true(told(watch, a));
    quiet(watch);
    assert_int_equal(weir_watch_paths(watch, &(const char *const *){NULL}), 0);
    assert_int_equal(mkdir(sub, 0755), 0);
    assert_int_equal(next_event(watch, 2000), WEIR_WATCH_CHANGED);
    assert_true(told(watch, sub));
    quiet(watch);
    scratch_put(dir, "sub/b.csv", "1");
    assert_int_equal(next_event(watch, 2000), WEIR_WATCH_CHANGED);
    assert_true(told(watch, b));
    assert_false(told(watch, a));
    quiet(watch);
    for (int i = 0; i < 2 * WEIR_WATCH_PATHS_MAX; i++) {
        char name[32];
        snprintf(name, sizeof name, "%06d", i);
        char *path = scratch_path(dir, name);
        assert_int_equal(symlink("nowhere", path), 0); /* one event each, and fast: they are there before the first answer */
        weir_free(path);
    }
    assert_true(rescans(watch, 5000));
    weir_watch_close(watch);
    weir_free(a);
    weir_free(sub);
    weir_free(b);
    scratch_free(dir);
}

static void test_files(void **state)
{
    (void)state;
    char *dir = scratch_new();
    char *other = scratch_new();
    weir_watch *watch = watch_one(dir, false);
    int64_t start = weir_mono_us();
    assert_int_equal(next_event(watch, 40), WEIR_WATCH_NONE);
    assert_true(weir_mono_us() - start >= 39000);

    scratch_put(dir, "a.csv", "1");
    assert_int_equal(next_event(watch, 2000), WEIR_WATCH_CHANGED);
    quiet(watch);

    scratch_put(other, "b.csv", "2");
    char *from = scratch_path(other, "b.csv"), *to = scratch_path(dir, "b.csv"), *third = scratch_path(dir, "c.csv");
    assert_int_equal(rename(from, to), 0);
    assert_int_equal(next_event(watch, 2000), WEIR_WATCH_CHANGED);
    assert_int_equal(next_event(watch, 30), WEIR_WATCH_NONE);
    assert_int_equal(link(to, third), 0);
    assert_int_equal(next_event(watch, 2000), WEIR_WATCH_CHANGED);
    quiet(watch);

    /* A writer wakes when it closes, whatever it did before. */
    int fd = open(to, O_WRONLY | O_APPEND);
    assert_int_equal(write(fd, "3", 1), 1);
    assert_int_equal(next_event(watch, 30), WEIR_WATCH_NONE);
    assert_int_equal(close(fd), 0);
    assert_int_equal(next_event(watch, 2000), WEIR_WATCH_CHANGED);

    /* Files that leave are no news; nor are those in sub-folders when not recursive. */
    assert_int_equal(unlink(third), 0);
    assert_int_equal(rename(to, from), 0);
    assert_int_equal(next_event(watch, 30), WEIR_WATCH_NONE);
    char *sub = scratch_path(dir, "sub");
    assert_int_equal(mkdir(sub, 0777), 0);
    quiet(watch);
    scratch_put(sub, "x", "x");
    assert_int_equal(next_event(watch, 30), WEIR_WATCH_NONE);

    weir_watch_close(watch);
    weir_free(sub);
    weir_free(from);
    weir_free(to);
    weir_free(third);
    scratch_free(other);
    scratch_free(dir);
}

static void test_burst_is_one(void **state)
{
    (void)state;
    char *dir = scratch_new();
    weir_watch *watch = watch_one(dir, false);
    for (int i = 0; i < 50; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "f%d", i);
        scratch_put(dir, name, "x");
    }
    assert_int_equal(next_event(watch, 2000), WEIR_WATCH_CHANGED);
    assert_int_equal(next_event(watch, 30), WEIR_WATCH_NONE);
    weir_watch_close(watch);
    scratch_free(dir);
}

static void test_sub_folders(void **state)
{
    (void)state;
    char *dir = scratch_new();
    char *deep = scratch_path(dir, "y=1/m=2");
    assert_int_equal(weir_fs_mkdirs(weir_fs_posix(), deep, NULL), WEIR_OK);
    weir_watch *watch = watch_one(dir, true);
    scratch_put(deep, "a", "1");
    assert_int_equal(next_event(watch, 2000), WEIR_WATCH_CHANGED);
    quiet(watch);

    /* A new tree: also what appears in its depths later. */
    char *fresh = scratch_path(dir, "y=2/m=1/d=1");
    assert_int_equal(weir_fs_mkdirs(weir_fs_posix(), fresh, NULL), WEIR_OK);
    assert_int_equal(next_event(watch, 2000), WEIR_WATCH_CHANGED);
    quiet(watch);
    scratch_put(fresh, "b", "1");
    assert_int_equal(next_event(watch, 2000), WEIR_WATCH_CHANGED);
    quiet(watch);

    /* A tree moved in. */
    char *other = scratch_new();
    char *tree = scratch_path(other, "t/u"), *from = scratch_path(other, "t"), *to = scratch_path(dir, "t");
    char *moved = scratch_path(dir, "t/u");
    assert_int_equal(weir_fs_mkdirs(weir_fs_posix(), tree, NULL), WEIR_OK);
    assert_int_equal(rename(from, to), 0);
    assert_int_equal(next_event(watch, 2000), WEIR_WATCH_CHANGED);
    quiet(watch);
    scratch_put(moved, "c", "1");
    assert_int_equal(next_event(watch, 2000), WEIR_WATCH_CHANGED);
    quiet(watch);

    /* A folder that is moved: list again, and it is still watched at its new place. */
    char *renamed = scratch_path(dir, "renamed"), *below = scratch_path(dir, "renamed/u");
    assert_int_equal(rename(to, renamed), 0);
    assert_true(rescans(watch, 2000));
    quiet(watch);
    scratch_put(below, "d", "1");
    assert_int_equal(next_event(watch, 2000), WEIR_WATCH_CHANGED);
    quiet(watch);

    /* A sub-folder that is removed is nothing to worry about. */
    assert_int_equal(weir_fs_remove_tree(weir_fs_posix(), renamed, NULL), WEIR_OK);
    scratch_put(deep, "e", "1");
    assert_int_equal(next_event(watch, 2000), WEIR_WATCH_CHANGED);

    weir_watch_close(watch);
    weir_free(below);
    weir_free(renamed);
    weir_free(moved);
    weir_free(to);
    weir_free(from);
    weir_free(tree);
    weir_free(fresh);
    weir_free(deep);
    scratch_free(other);
    scratch_free(dir);
}

static void test_links_and_cycles(void **state)
{
    (void)state;
    char *dir = scratch_new();
    char *other = scratch_new();
    char *cycle = scratch_path(dir, "cycle"), *link_path = scratch_path(dir, "link");
    assert_int_equal(symlink(dir, cycle), 0);
    assert_int_equal(symlink(other, link_path), 0);
    weir_watch *watch = watch_one(dir, true);
    scratch_put(other, "a", "1");
    assert_int_equal(next_event(watch, 2000), WEIR_WATCH_CHANGED);
    weir_watch_close(watch);
    weir_free(cycle);
    weir_free(link_path);
    scratch_free(dir);
    scratch_free(other);
}

static int64_t queue_limit(void)
{
    struct weir_buf text;
    int64_t limit = 16384;
    weir_buf_init(&text, 0);
    if (weir_fs_read_all(weir_fs_posix(), "/proc/sys/fs/inotify/max_queued_events", 64, &text, NULL) == WEIR_OK) {
        (void)weir_str_to_i64(weir_str_trim(weir_buf_view(&text)), &limit);
    }
    weir_buf_free(&text);
    return limit;
}

static void test_overflow(void **state)
{
    (void)state;
    int64_t limit = queue_limit();
    if (limit > 200000) {
        print_message("skipped: the queue of events is too long to flood\n");
        return;
    }
    char *dir = scratch_new();
    char *a = scratch_path(dir, "a"), *b = scratch_path(dir, "b");
    weir_watch *watch = watch_one(dir, true);
    scratch_put(dir, "a", "x");
    for (int64_t i = 0; i < limit; i++) { /* two events each, never equal to the one before */
        assert_int_equal(rename(a, b), 0);
        assert_int_equal(rename(b, a), 0);
    }
    char *late = scratch_path(dir, "late"); /* its creation is among the events that were lost */
    assert_int_equal(mkdir(late, 0777), 0);
    assert_int_equal(next_event(watch, 2000), WEIR_WATCH_RESCAN);
    quiet(watch);
    scratch_put(late, "f", "x");
    assert_int_equal(next_event(watch, 2000), WEIR_WATCH_CHANGED);
    weir_watch_close(watch);
    weir_free(late);
    weir_free(a);
    weir_free(b);
    scratch_free(dir);
}

static void test_top_folder_moves_and_comes_back(void **state)
{
    (void)state;
    char *dir = scratch_new();
    char *top = scratch_path(dir, "in"), *away = scratch_path(dir, "away");
    assert_int_equal(mkdir(top, 0777), 0);
    weir_watch *watch = watch_one(top, false);
    assert_int_equal(rename(top, away), 0);
    assert_int_equal(next_event(watch, 2000), WEIR_WATCH_RESCAN);
    scratch_put(away, "f", "x"); /* no longer the folder that was asked for */
    assert_int_equal(next_event(watch, 50), WEIR_WATCH_NONE);
    assert_int_equal(mkdir(top, 0777), 0);
    assert_true(rescans(watch, 4000));
    quiet(watch);
    scratch_put(top, "g", "x");
    assert_int_equal(next_event(watch, 2000), WEIR_WATCH_CHANGED);
    quiet(watch);
    assert_int_equal(weir_fs_remove_tree(weir_fs_posix(), top, NULL), WEIR_OK);
    assert_true(rescans(watch, 2000));
    weir_watch_close(watch);
    weir_free(top);
    weir_free(away);
    scratch_free(dir);
}

static void *stop_soon(void *arg)
{
    (void)arg;
    struct timespec nap = {0, 20 * 1000000};
    nanosleep(&nap, NULL);
    weir_stop_request(1);
    return NULL;
}

static void test_stop_and_errors(void **state)
{
    (void)state;
    char *dir = scratch_new();
    weir_watch *watch = watch_one(dir, false);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, stop_soon, NULL), 0);
    assert_int_equal(next_event(watch, -1), WEIR_WATCH_STOP);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(next_event(watch, -1), WEIR_WATCH_STOP); /* until it is reset */
    weir_stop_reset();
    weir_watch_close(watch);

    const char *missing[] = {dir, "/nonexistent/folder"};
    struct weir_error err = {0};
    assert_int_equal(weir_watch_open(missing, 2, true, &watch, &err), WEIR_NOT_FOUND);
    assert_null(watch);
    assert_non_null(strstr(err.msg, "/nonexistent/folder"));
    scratch_free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_burst_is_one),
        cmocka_unit_test(test_sub_folders),
        cmocka_unit_test(test_links_and_cycles),
        cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_top_folder_moves_and_comes_back),
        cmocka_unit_test(test_stop_and_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
