/* Objects by key: reading, listing, publishing, writing in pieces, and two threads after one key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/os/scratch.h"

#include "base/time.h"
#include "os/thread.h"
#include "store/store.h"

#include <stdatomic.h>

struct world {
    char *dir;
    char *root;
    weir_store *store;
};

static struct world world_new(void)
{
    struct world w;
    w.dir = scratch_new();
    w.root = scratch_path(w.dir, "not/there/yet");
    w.store = weir_store_open_local(weir_fs_posix(), w.root);
    return w;
}

static void world_free(struct world *w)
{
    weir_store_close(w->store);
    weir_free(w->root);
    scratch_free(w->dir);
}

static void assert_holds(struct world *w, const char *key, const char *text)
{
    struct weir_buf got;
    weir_buf_init(&got, 0);
    assert_int_equal(weir_store_get(w->store, key, 1 << 20, &got, NULL), WEIR_OK);
    assert_string_equal(got.data, text);
    weir_buf_free(&got);
}

static void test_paths(void **state)
{
    (void)state;
    weir_store *store = weir_store_open_local(weir_fs_posix(), "/data/t");
    static const char *const cases[][2] = {
        {"_delta_log/00.json", "/data/t/_delta_log/00.json"},
        {"", "/data/t"},
        {"/elsewhere/f.parquet", "/elsewhere/f.parquet"},
        {"file:///else%20where/f", "/else where/f"},
        {"a%20b", "/data/t/a%20b"}, /* keys are names, not URIs */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *path = weir_store_path(store, cases[i][0]);
        assert_string_equal(path, cases[i][1]);
        weir_free(path);
    }
    assert_string_equal(weir_store_root(store), "/data/t");
    assert_ptr_equal(weir_store_fs(store), weir_fs_posix());
    weir_store_close(store);
    weir_store_close(NULL);
}

static void test_put_and_get(void **state)
{
    (void)state;
    struct world w = world_new();
    struct weir_error err = {0};
    assert_int_equal(weir_store_put_if_absent(w.store, "log/0.json", WEIR_STR("zero"), &err), WEIR_OK);
    assert_holds(&w, "log/0.json", "zero");
    assert_int_equal(weir_store_put_if_absent(w.store, "log/0.json", WEIR_STR("other"), &err), WEIR_EXISTS);
    assert_string_equal(err.condition, "STORE_KEY_EXISTS");
    assert_holds(&w, "log/0.json", "zero");
    assert_int_equal(weir_store_put_if_absent(w.store, "empty", WEIR_STR(""), &err), WEIR_OK);
    assert_holds(&w, "empty", "");
    assert_int_equal(weir_store_put(w.store, "log/hint", WEIR_STR("1"), &err), WEIR_OK);
    assert_int_equal(weir_store_put(w.store, "log/hint", WEIR_STR("22"), &err), WEIR_OK);
    assert_holds(&w, "log/hint", "22");
    char *log_folder = scratch_path(w.root, "log");
    assert_int_equal(scratch_count(log_folder), 2); /* no temp file stays */
    weir_free(log_folder);

    char long_name[256];
    memset(long_name, 'n', 255);
    long_name[255] = '\0';
    assert_int_equal(weir_store_put_if_absent(w.store, long_name, WEIR_STR("long"), &err), WEIR_OK);
    assert_holds(&w, long_name, "long");

    struct weir_file_info info;
    assert_int_equal(weir_store_stat(w.store, "log/hint", &info, NULL), WEIR_OK);
    assert_int_equal(info.size, 2);
    struct weir_buf got;
    weir_buf_init(&got, 0);
    assert_int_equal(weir_store_get(w.store, "log/none", 10, &got, &err), WEIR_NOT_FOUND);
    assert_int_equal(weir_store_get(w.store, "log/0.json", 3, &got, &err), WEIR_TOO_BIG);
    weir_buf_free(&got);
    weir_file *file;
    assert_int_equal(weir_store_open_read(w.store, "log/0.json", &file, NULL), WEIR_OK);
    assert_int_equal(weir_file_close(file, NULL), WEIR_OK);
    assert_int_equal(weir_store_delete(w.store, "log/hint", &err), WEIR_OK);
    assert_int_equal(weir_store_delete(w.store, "log/hint", &err), WEIR_OK);
    assert_int_equal(weir_store_stat(w.store, "log/hint", &info, NULL), WEIR_NOT_FOUND);
    /* A key that is a folder is taken, and is not replaced. */
    assert_int_equal(weir_store_put_if_absent(w.store, "log", WEIR_STR("x"), &err), WEIR_EXISTS);
    assert_int_equal(weir_store_put(w.store, "log", WEIR_STR("x"), &err), WEIR_IO);
    world_free(&w);
}

static void test_list(void **state)
{
    (void)state;
    struct world w = world_new();
    weir_arena *arena = weir_arena_new();
    struct weir_store_entry *entries;
    size_t count;
    assert_int_equal(weir_store_list(w.store, "log", NULL, arena, &entries, &count, NULL), WEIR_OK);
    assert_int_equal(count, 0);
    static const char *const names[] = {"00000000000000000010.json", "\xc3\xa4", "Z", "a", "00000000000000000002.json", "a.b"};
    static const char *const sorted[] = {"00000000000000000002.json", "00000000000000000010.json", "Z", "a", "a.b", "\xc3\xa4"};
    assert_int_equal(weir_store_mkdirs(w.store, "log", NULL), WEIR_OK);
    char *folder = weir_store_path(w.store, "log");
    for (size_t i = 0; i < 6; i++) {
        scratch_put(folder, names[i], names[i]);
    }
    assert_int_equal(weir_store_list(w.store, "log", NULL, arena, &entries, &count, NULL), WEIR_OK);
    assert_int_equal(count, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_string_equal(entries[i].name, sorted[i]);
        assert_int_equal(entries[i].info.size, strlen(sorted[i]));
    }
    assert_int_equal(weir_store_list(w.store, "log", "00000000000000000003", arena, &entries, &count, NULL), WEIR_OK);
    assert_int_equal(count, 5);
    assert_int_equal(weir_store_list(w.store, "log", "a", arena, &entries, &count, NULL), WEIR_OK);
    assert_int_equal(count, 3); /* from is among them */
    assert_int_equal(weir_store_list(w.store, "", NULL, arena, &entries, &count, NULL), WEIR_OK);
    assert_int_equal(count, 1);
    assert_true(entries[0].info.is_dir);
    weir_free(folder);
    weir_arena_free(arena);
    world_free(&w);
}

static void test_writer(void **state)
{
    (void)state;
    struct world w = world_new();
    weir_store_writer *writer;
    struct weir_error err = {0};
    struct weir_rng rng;
    weir_rng_seed(&rng, 7);
    struct weir_buf all;
    weir_buf_init(&all, 0);
    assert_int_equal(weir_store_writer_open(w.store, "p=1/q=2/f.parquet", &writer, &err), WEIR_OK);
    static const size_t pieces[] = {4, 0, 1 << 20, 3, (1 << 20) - 1, 1, (1 << 20) + 1, 100000, 3 << 20, 17};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        char *piece = weir_malloc(pieces[i] + 1);
        for (size_t j = 0; j < pieces[i]; j++) {
            piece[j] = (char)weir_rng_below(&rng, 256);
        }
        assert_int_equal(weir_store_writer_append(writer, piece, pieces[i], &err), WEIR_OK);
        assert_true(weir_buf_add(&all, piece, pieces[i]));
        assert_int_equal(weir_store_writer_offset(writer), all.len);
        if (i % 3 == 0) {
            weir_store_writer_flush_async(writer);
        }
        weir_free(piece);
    }
    int64_t size = 0, mtime_ms = 0;
    assert_int_equal(weir_store_writer_finish(writer, &size, &mtime_ms, &err), WEIR_OK);
    assert_int_equal(size, all.len);
    assert_true(llabs(mtime_ms - weir_now_ms()) < 60000);
    struct weir_buf got;
    weir_buf_init(&got, 0);
    assert_int_equal(weir_store_get(w.store, "p=1/q=2/f.parquet", all.len, &got, NULL), WEIR_OK);
    assert_int_equal(got.len, all.len);
    assert_memory_equal(got.data, all.data, all.len);

    assert_int_equal(weir_store_writer_open(w.store, "p=1/q=2/f.parquet", &writer, &err), WEIR_EXISTS);
    assert_null(writer);
    assert_int_equal(weir_store_writer_open(w.store, "g", &writer, &err), WEIR_OK);
    assert_int_equal(weir_store_writer_append(writer, "x", 1, &err), WEIR_OK);
    weir_store_writer_abort(writer);
    weir_store_writer_abort(NULL);
    struct weir_file_info info;
    assert_int_equal(weir_store_stat(w.store, "g", &info, NULL), WEIR_NOT_FOUND);

    /* Somebody else changes the file: the size tells. */
    assert_int_equal(weir_store_writer_open(w.store, "h", &writer, &err), WEIR_OK);
    assert_int_equal(weir_store_writer_append(writer, "x", 1, &err), WEIR_OK);
    char *root = weir_store_path(w.store, "");
    scratch_put(root, "h", "longer");
    weir_free(root);
    assert_int_equal(weir_store_writer_finish(writer, NULL, NULL, &err), WEIR_IO);
    assert_string_equal(err.condition, "STORE_SIZE_DIFFERS");
    weir_buf_free(&got);
    weir_buf_free(&all);
    world_free(&w);
}

#define KEYS 150

struct race {
    weir_store *store;
    atomic_int winners[KEYS];
    atomic_int who[KEYS];
};

static weir_rc run_racer(void *arg, int64_t index, struct weir_error *err)
{
    struct race *race = arg;
    char bytes[64];
    int len = snprintf(bytes, sizeof bytes, "written by %d", (int)index);
    for (int i = 0; i < KEYS; i++) {
        char key[32];
        (void)snprintf(key, sizeof key, "log/%020d.json", i);
        struct weir_error lost = {0};
        weir_rc rc = weir_store_put_if_absent(race->store, key, (struct weir_str){bytes, (size_t)len}, &lost);
        if (rc == WEIR_OK) {
            atomic_fetch_add(&race->winners[i], 1);
            atomic_store(&race->who[i], (int)index);
        } else if (rc != WEIR_EXISTS) {
            *err = lost;
            return rc;
        }
    }
    return WEIR_OK;
}

static void test_one_of_two_wins(void **state)
{
    (void)state;
    struct world w = world_new();
    struct race race = {.store = w.store};
    struct weir_error err = {0};
    if (weir_parallel(2, 2, run_racer, &race, &err) != WEIR_OK) {
        fail_msg("%s", err.msg);
    }
    for (int i = 0; i < KEYS; i++) {
        assert_int_equal(atomic_load(&race.winners[i]), 1);
        char key[32], want[64];
        (void)snprintf(key, sizeof key, "log/%020d.json", i);
        (void)snprintf(want, sizeof want, "written by %d", atomic_load(&race.who[i]));
        assert_holds(&w, key, want);
    }
    char *log_folder = weir_store_path(w.store, "log");
    assert_int_equal(scratch_count(log_folder), KEYS);
    weir_free(log_folder);
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths), cmocka_unit_test(test_put_and_get), cmocka_unit_test(test_list),
        cmocka_unit_test(test_writer), cmocka_unit_test(test_one_of_two_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
