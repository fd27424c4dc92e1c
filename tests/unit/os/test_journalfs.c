/* The power-cut model: what was synced is always there, what was not is sometimes lost, kept or torn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/os/scratch.h"

#include "os/journalfs.h"

#include <pthread.h>

#define SEEDS 300

struct world {
    char *dir;  /* scratch */
    char *root; /* dir/root: what the journal sees */
    char *dest; /* dir/cut: the rebuilt tree */
    weir_fs *fs;
};

static struct world world_new(void)
{
    struct world w;
    w.dir = scratch_new_fast();
    w.root = scratch_path(w.dir, "root");
    w.dest = scratch_path(w.dir, "cut");
    assert_int_equal(weir_fs_mkdir(weir_fs_posix(), w.root, NULL), WEIR_OK);
    w.fs = weir_journalfs_new(weir_fs_posix(), w.root);
    return w;
}

static void world_free(struct world *w)
{
    weir_journalfs_free(w->fs);
    weir_free(w->root);
    weir_free(w->dest);
    scratch_free(w->dir);
}

static void cut(struct world *w, int64_t at, uint64_t seed, const char *start)
{
    struct weir_error err = {0};
    assert_int_equal(weir_fs_remove_tree(weir_fs_posix(), w->dest, NULL), WEIR_OK);
    if (weir_journalfs_cut(w->fs, at, seed, start, w->dest, &err) != WEIR_OK) {
        fail_msg("%s", err.msg);
    }
}

static void write_file(struct world *w, const char *name, const char *text, bool sync)
{
    char *path = scratch_path(w->root, name);
    weir_file *file;
    assert_int_equal(weir_file_open(w->fs, path, WEIR_OPEN_WRITE | WEIR_OPEN_CREATE | WEIR_OPEN_TRUNC, &file, NULL), WEIR_OK);
    assert_int_equal(weir_file_write(file, text, strlen(text), 0, NULL), WEIR_OK);
    if (sync) {
        assert_int_equal(weir_file_sync(file, NULL), WEIR_OK);
    }
    assert_int_equal(weir_file_close(file, NULL), WEIR_OK);
    weir_free(path);
}

static void move(struct world *w, const char *from, const char *to,
                 weir_rc (*call)(weir_fs *, const char *, const char *, struct weir_error *))
{
    char *a = scratch_path(w->root, from), *b = scratch_path(w->root, to);
    assert_int_equal(call(w->fs, a, b, NULL), WEIR_OK);
    weir_free(a);
    weir_free(b);
}

static void sync_folder(struct world *w, const char *name)
{
    char *path = scratch_path(w->root, name);
    assert_int_equal(weir_fs_sync_dir(w->fs, path, NULL), WEIR_OK);
    weir_free(path);
}

/* In how many of the cuts at `at` the file is absent, empty, whole (equal to text), or something else. */
struct tally {
    int absent, whole, other;
};

static struct tally look(struct world *w, int64_t at, const char *name, const char *text, const char *start)
{
    struct tally tally = {0, 0, 0};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        cut(w, at, seed, start);
        char *got = scratch_get(w->dest, name);
        if (!got) {
            tally.absent++;
        } else if (strcmp(got, text) == 0) {
            tally.whole++;
        } else {
            tally.other++;
        }
        weir_free(got);
    }
    return tally;
}

static void test_name_and_bytes_are_two_promises(void **state)
{
    (void)state;
    struct world w = world_new();
    write_file(&w, "f", "0123456789", false); /* 1 open, 2 write */
    struct tally t = look(&w, weir_journalfs_events(w.fs), "f", "0123456789", NULL);
    assert_true(t.absent > 0 && t.whole > 0 && t.other > 0);

    write_file(&w, "g", "0123456789", true);
    t = look(&w, weir_journalfs_events(w.fs), "g", "0123456789", NULL);
    assert_true(t.absent > 0 && t.whole > 0 && t.other == 0); /* the bytes are safe, the name is not */

    sync_folder(&w, ".");
    t = look(&w, weir_journalfs_events(w.fs), "g", "0123456789", NULL);
    assert_true(t.absent == 0 && t.whole == SEEDS && t.other == 0);
    t = look(&w, weir_journalfs_events(w.fs), "f", "0123456789", NULL);
    assert_true(t.absent == 0 && t.whole > 0 && t.other > 0); /* now the name is safe, the bytes are not */

    t = look(&w, 0, "f", "", NULL);
    assert_int_equal(t.absent, SEEDS);
    world_free(&w);
}

static void test_rename_is_old_or_new(void **state)
{
    (void)state;
    struct world w = world_new();
    write_file(&w, "f", "old", true);
    sync_folder(&w, ".");
    write_file(&w, "f.tmp", "new and longer", true);
    move(&w, "f.tmp", "f", weir_fs_rename);
    int64_t at = weir_journalfs_events(w.fs);
    struct tally is_new = look(&w, at, "f", "new and longer", NULL);
    struct tally is_old = look(&w, at, "f", "old", NULL);
    assert_true(is_new.whole > 0 && is_old.whole > 0);
    assert_int_equal(is_new.whole + is_old.whole, SEEDS);
    sync_folder(&w, ".");
    at = weir_journalfs_events(w.fs);
    assert_int_equal(look(&w, at, "f", "new and longer", NULL).whole, SEEDS);
    assert_int_equal(look(&w, at, "f.tmp", "", NULL).absent, SEEDS);

    /* Without fsync of the bytes a rename brings torn files: the fault that the model is there to find. */
    write_file(&w, "f.tmp", "newest, never synced", false);
    move(&w, "f.tmp", "f", weir_fs_rename);
    struct tally t = look(&w, weir_journalfs_events(w.fs), "f", "newest, never synced", NULL);
    struct tally kept = look(&w, weir_journalfs_events(w.fs), "f", "new and longer", NULL);
    assert_true(t.absent == 0 && kept.whole > 0 && t.whole > 0 && t.other > kept.whole);
    world_free(&w);
}

static void test_chain_of_renames_has_one_name(void **state)
{
    (void)state;
    struct world w = world_new();
    char *sub = scratch_path(w.root, "sub");
    assert_int_equal(weir_fs_mkdir(w.fs, sub, NULL), WEIR_OK);
    write_file(&w, "a", "x", true);
    sync_folder(&w, ".");
    move(&w, "a", "sub/b", weir_fs_rename);
    move(&w, "sub/b", "c", weir_fs_rename);
    move(&w, "c", "d", weir_fs_rename);
    int64_t at = weir_journalfs_events(w.fs);
    int seen[4] = {0};
    static const char *const names[] = {"a", "sub/b", "c", "d"};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        cut(&w, at, seed, NULL);
        int found = 0;
        for (int i = 0; i < 4; i++) {
            char *text = scratch_get(w.dest, names[i]);
            found += text != NULL;
            seen[i] += text != NULL;
            weir_free(text);
        }
        assert_int_equal(found, 1);
    }
    assert_true(seen[0] > 0 && seen[1] > 0 && seen[2] > 0 && seen[3] > 0);
    sync_folder(&w, "sub"); /* one move is one operation of both folders, and brings along where it came from */
    at = weir_journalfs_events(w.fs);
    assert_int_equal(look(&w, at, "a", "x", NULL).absent, SEEDS);
    assert_int_equal(look(&w, at, "sub/b", "x", NULL).absent, SEEDS);
    weir_free(sub);
    world_free(&w);
}

static void test_lost_folder_takes_all_along(void **state)
{
    (void)state;
    struct world w = world_new();
    char *sub = scratch_path(w.root, "sub");
    assert_int_equal(weir_fs_mkdir(w.fs, sub, NULL), WEIR_OK);
    write_file(&w, "sub/f", "x", true);
    sync_folder(&w, "sub");
    struct tally t = look(&w, weir_journalfs_events(w.fs), "sub/f", "x", NULL);
    assert_true(t.absent > 0 && t.whole > 0 && t.other == 0);
    sync_folder(&w, "");
    assert_int_equal(look(&w, weir_journalfs_events(w.fs), "sub/f", "x", NULL).whole, SEEDS);

    char *deep = scratch_path(w.root, "p/q/r");
    assert_int_equal(weir_fs_mkdirs(w.fs, deep, NULL), WEIR_OK);
    write_file(&w, "p/q/r/f", "y", true);
    sync_folder(&w, "p/q/r");
    assert_int_equal(look(&w, weir_journalfs_events(w.fs), "p/q/r/f", "y", NULL).whole, SEEDS);
    weir_free(deep);
    weir_free(sub);
    world_free(&w);
}

static void test_unlink_and_links(void **state)
{
    (void)state;
    struct world w = world_new();
    write_file(&w, "t", "body", true);
    move(&w, "t", "v", weir_fs_link);
    char *t_path = scratch_path(w.root, "t");
    assert_int_equal(weir_fs_unlink(w.fs, t_path, NULL), WEIR_OK);
    struct tally t = look(&w, weir_journalfs_events(w.fs), "v", "body", NULL);
    assert_true(t.absent > 0 && t.whole > 0 && t.other == 0);
    t = look(&w, weir_journalfs_events(w.fs), "t", "body", NULL);
    assert_true(t.absent > 0 && t.whole > 0 && t.other == 0); /* the removal may be lost */
    sync_folder(&w, ".");
    assert_int_equal(look(&w, weir_journalfs_events(w.fs), "v", "body", NULL).whole, SEEDS);
    assert_int_equal(look(&w, weir_journalfs_events(w.fs), "t", "body", NULL).absent, SEEDS);
    weir_free(t_path);
    world_free(&w);
}

static void test_overwrite_in_place_keeps_old_sectors(void **state)
{
    (void)state;
    struct world w = world_new();
    char *before = weir_malloc(4097), *after = weir_malloc(4097);
    memset(before, 'a', 4096);
    memset(after, 'b', 4096);
    before[4096] = after[4096] = '\0';
    write_file(&w, "f", before, true);
    sync_folder(&w, ".");
    char *path = scratch_path(w.root, "f");
    weir_file *file;
    assert_int_equal(weir_file_open(w.fs, path, WEIR_OPEN_WRITE, &file, NULL), WEIR_OK);
    assert_int_equal(weir_file_write(file, after, 4096, 0, NULL), WEIR_OK);
    int64_t at = weir_journalfs_events(w.fs);
    int mixed = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        cut(&w, at, seed, NULL);
        char *text = scratch_get(w.dest, "f");
        assert_non_null(text);
        assert_int_equal(strlen(text), 4096); /* never zeros where bytes were */
        mixed += strchr(text, 'a') && strchr(text, 'b');
        weir_free(text);
    }
    assert_true(mixed > 0);
    assert_int_equal(weir_file_truncate(file, 10, NULL), WEIR_OK);
    assert_int_equal(weir_file_sync(file, NULL), WEIR_OK);
    assert_int_equal(weir_file_close(file, NULL), WEIR_OK);
    assert_int_equal(look(&w, weir_journalfs_events(w.fs), "f", "bbbbbbbbbb", NULL).whole, SEEDS);
    weir_free(before);
    weir_free(after);
    weir_free(path);
    world_free(&w);
}

/* A second life: the journal starts over a tree that is there, a copy of which is the start. */
static void test_start_import_and_times(void **state)
{
    (void)state;
    struct world w = world_new();
    char *start = scratch_path(w.dir, "start"), *kept = scratch_path(start, "sub");
    char *sub = scratch_path(w.root, "sub");
    assert_int_equal(weir_fs_mkdirs(weir_fs_posix(), kept, NULL), WEIR_OK);
    assert_int_equal(weir_fs_mkdirs(weir_fs_posix(), sub, NULL), WEIR_OK);
    scratch_put(kept, "f", "from before");
    scratch_put(sub, "f", "from before");
    char *f = scratch_path(sub, "f");
    weir_file *file;
    assert_int_equal(weir_file_open(w.fs, f, WEIR_OPEN_WRITE | WEIR_OPEN_APPEND, &file, NULL), WEIR_OK);
    assert_int_equal(weir_file_write(file, "!", 1, 0, NULL), WEIR_OK);
    struct tally t = look(&w, weir_journalfs_events(w.fs), "sub/f", "from before!", start);
    struct tally old = look(&w, weir_journalfs_events(w.fs), "sub/f", "from before", start);
    assert_true(t.whole > 0 && old.whole > 0 && t.absent == 0);
    assert_int_equal(weir_file_sync(file, NULL), WEIR_OK);
    struct weir_file_info info, rebuilt;
    assert_int_equal(weir_file_info(file, &info, NULL), WEIR_OK);
    assert_int_equal(weir_file_close(file, NULL), WEIR_OK);
    assert_int_equal(look(&w, weir_journalfs_events(w.fs), "sub/f", "from before!", start).whole, SEEDS);
    char *rebuilt_path = scratch_path(w.dest, "sub/f");
    assert_int_equal(weir_fs_stat(weir_fs_posix(), rebuilt_path, &rebuilt, NULL), WEIR_OK);
    assert_true(rebuilt.mtime_ns == info.mtime_ns);

    /* From outside into the root, and out again. */
    scratch_put(w.dir, "outside", "came in");
    char *outside = scratch_path(w.dir, "outside"), *inside = scratch_path(w.root, "in");
    assert_int_equal(weir_fs_rename(w.fs, outside, inside, NULL), WEIR_OK);
    t = look(&w, weir_journalfs_events(w.fs), "in", "came in", start);
    assert_true(t.absent > 0 && t.whole > 0 && t.other == 0);
    sync_folder(&w, ".");
    assert_int_equal(look(&w, weir_journalfs_events(w.fs), "in", "came in", start).whole, SEEDS);
    assert_int_equal(weir_fs_rename(w.fs, inside, outside, NULL), WEIR_OK);
    sync_folder(&w, ".");
    assert_int_equal(look(&w, weir_journalfs_events(w.fs), "in", "came in", start).absent, SEEDS);

    /* What happens elsewhere is not noted. */
    int64_t events = weir_journalfs_events(w.fs);
    assert_int_equal(weir_fs_unlink(w.fs, outside, NULL), WEIR_OK);
    assert_int_equal(weir_journalfs_events(w.fs), events);
    weir_free(outside);
    weir_free(inside);
    weir_free(rebuilt_path);
    weir_free(f);
    weir_free(sub);
    weir_free(kept);
    weir_free(start);
    world_free(&w);
}

static void *write_many(void *arg)
{
    weir_fs *fs = ((weir_fs **)arg)[0];
    const char *path = ((const char **)arg)[1];
    weir_file *file;
    if (weir_file_open(fs, path, WEIR_OPEN_WRITE | WEIR_OPEN_CREATE, &file, NULL) != WEIR_OK) {
        abort();
    }
    for (int i = 0; i < 200; i++) {
        if (weir_file_write(file, "ab", 2, i * 2, NULL) != WEIR_OK) {
            abort();
        }
    }
    if (weir_file_sync(file, NULL) != WEIR_OK || weir_file_close(file, NULL) != WEIR_OK) {
        abort();
    }
    return NULL;
}

static void test_threads_and_repeatable(void **state)
{
    (void)state;
    struct world w = world_new();
    char *one = scratch_path(w.root, "one"), *two = scratch_path(w.root, "two");
    void *first[] = {w.fs, one}, *second[] = {w.fs, two};
    pthread_t a, b;
    assert_int_equal(pthread_create(&a, NULL, write_many, first), 0);
    assert_int_equal(pthread_create(&b, NULL, write_many, second), 0);
    assert_int_equal(pthread_join(a, NULL), 0);
    assert_int_equal(pthread_join(b, NULL), 0);
    assert_int_equal(weir_journalfs_events(w.fs), 2 * 202);
    sync_folder(&w, ".");
    cut(&w, weir_journalfs_events(w.fs), 1, NULL);
    char *text = scratch_get(w.dest, "two");
    assert_int_equal(strlen(text), 400);
    weir_free(text);
    /* The same seed gives the same tree. */
    for (uint64_t seed = 0; seed < 20; seed++) {
        cut(&w, 303, seed, NULL);
        char *x1 = scratch_get(w.dest, "one"), *y1 = scratch_get(w.dest, "two");
        cut(&w, 303, seed, NULL);
        char *x2 = scratch_get(w.dest, "one"), *y2 = scratch_get(w.dest, "two");
        assert_true((!x1 && !x2) || (x1 && x2 && strcmp(x1, x2) == 0));
        assert_true((!y1 && !y2) || (y1 && y2 && strcmp(y1, y2) == 0));
        weir_free(x1);
        weir_free(x2);
        weir_free(y1);
        weir_free(y2);
    }
    weir_free(one);
    weir_free(two);
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_name_and_bytes_are_two_promises),
        cmocka_unit_test(test_rename_is_old_or_new),
        cmocka_unit_test(test_chain_of_renames_has_one_name),
        cmocka_unit_test(test_lost_folder_takes_all_along),
        cmocka_unit_test(test_unlink_and_links),
        cmocka_unit_test(test_overwrite_in_place_keeps_old_sectors),
        cmocka_unit_test(test_start_import_and_times),
        cmocka_unit_test(test_threads_and_repeatable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
