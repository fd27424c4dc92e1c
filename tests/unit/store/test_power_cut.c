/* Power is lost after every single event of a short life of a store, in 50 ways each: what was acknowledged is there, whole, and
 * nothing is ever torn under a published name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/os/scratch.h"

#include "os/journalfs.h"
#include "store/store.h"

#define SEEDS 50
#define VERSIONS 4

struct life {
    char *dir, *root, *dest;
    weir_fs *fs;
    weir_store *store;
    int64_t version_acked[VERSIONS]; /* events that had happened when the call returned */
    int64_t hint_acked[VERSIONS];
    int64_t data_acked[VERSIONS];
};

/* Long enough to be torn inside a sector and across several. */
static char *body(const char *kind, int number)
{
    struct weir_buf text;
    weir_buf_init(&text, 0);
    for (int i = 0; i < 100 + 40 * number; i++) {
        (void)weir_buf_printf(&text, "%s %d line %d\n", kind, number, i);
    }
    return weir_buf_take(&text);
}

static void write_data(struct life *life, int number)
{
    char *key = weir_asprintf("tables/t/p=%d/data.parquet", number);
    char *text = body("data", number);
    weir_store_writer *writer;
    assert_int_equal(weir_store_writer_open(life->store, key, &writer, NULL), WEIR_OK);
    size_t half = strlen(text) / 2;
    assert_int_equal(weir_store_writer_append(writer, text, half, NULL), WEIR_OK);
    weir_store_writer_flush_async(writer);
    assert_int_equal(weir_store_writer_append(writer, text + half, strlen(text) - half, NULL), WEIR_OK);
    assert_int_equal(weir_store_writer_finish(writer, NULL, NULL, NULL), WEIR_OK);
    life->data_acked[number] = weir_journalfs_events(life->fs);
    weir_free(text);
    weir_free(key);
}

static struct life live(void)
{
    struct life life = {0};
    life.dir = scratch_new_fast();
    life.root = scratch_path(life.dir, "root");
    life.dest = scratch_path(life.dir, "cut");
    assert_int_equal(weir_fs_mkdir(weir_fs_posix(), life.root, NULL), WEIR_OK);
    life.fs = weir_journalfs_new(weir_fs_posix(), life.root);
    life.store = weir_store_open_local(life.fs, life.root);
    for (int i = 0; i < VERSIONS; i++) {
        write_data(&life, i);
        char *key = weir_asprintf("tables/t/_delta_log/%020d.json", i);
        char *commit = body("commit", i), *hint = body("hint", i);
        assert_int_equal(weir_store_put_if_absent(life.store, key, weir_str(commit), NULL), WEIR_OK);
        life.version_acked[i] = weir_journalfs_events(life.fs);
        assert_int_equal(weir_store_put(life.store, "tables/t/_delta_log/_last_checkpoint", weir_str(hint), NULL), WEIR_OK);
        life.hint_acked[i] = weir_journalfs_events(life.fs);
        weir_free(key);
        weir_free(commit);
        weir_free(hint);
    }
    return life;
}

static void check_versions(const struct life *life, int64_t at, uint64_t seed)
{
    for (int i = 0; i < VERSIONS; i++) {
        char *key = weir_asprintf("tables/t/_delta_log/%020d.json", i);
        char *want = body("commit", i), *got = scratch_get(life->dest, key);
        if (!got && at >= life->version_acked[i]) {
            fail_msg("event %d seed %d: version %d was acknowledged and is lost", (int)at, (int)seed, i);
        }
        if (got && strcmp(got, want) != 0) {
            fail_msg("event %d seed %d: version %d is torn (%zu of %zu bytes)", (int)at, (int)seed, i, strlen(got),
                     strlen(want));
        }
        weir_free(got);
        weir_free(want);
        weir_free(key);
    }
}

static void check_data(const struct life *life, int64_t at, uint64_t seed)
{
    for (int i = 0; i < VERSIONS; i++) {
        if (at < life->data_acked[i]) {
            continue;
        }
        char *key = weir_asprintf("tables/t/p=%d/data.parquet", i);
        char *want = body("data", i), *got = scratch_get(life->dest, key);
        if (!got || strcmp(got, want) != 0) {
            fail_msg("event %d seed %d: data file %d was finished and is not whole", (int)at, (int)seed, i);
        }
        weir_free(got);
        weir_free(want);
        weir_free(key);
    }
}

/* The hint is one of those that were put, whole, and not older than the last that was acknowledged. */
static void check_hint(const struct life *life, int64_t at, uint64_t seed)
{
    char *got = scratch_get(life->dest, "tables/t/_delta_log/_last_checkpoint");
    int least = -1, found = -1;
    for (int i = 0; i < VERSIONS; i++) {
        char *want = body("hint", i);
        least = at >= life->hint_acked[i] ? i : least;
        found = got && strcmp(got, want) == 0 ? i : found;
        weir_free(want);
    }
    if (found < least || (got && found < 0)) {
        fail_msg("event %d seed %d: hint %d where %d was acknowledged%s", (int)at, (int)seed, found, least,
                 got ? "" : " (no file)");
    }
    weir_free(got);
}

static void test_every_event(void **state)
{
    (void)state;
    struct life life = live();
    int64_t events = weir_journalfs_events(life.fs);
    assert_true(events > 40);
    int cuts = 0;
    for (int64_t at = 0; at <= events; at++) {
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            struct weir_error err = {0};
            if (weir_journalfs_cut(life.fs, at, seed, NULL, life.dest, &err) != WEIR_OK) {
                fail_msg("%s", err.msg);
            }
            check_versions(&life, at, seed);
            check_data(&life, at, seed);
            check_hint(&life, at, seed);
            assert_int_equal(weir_fs_remove_tree(weir_fs_posix(), life.dest, NULL), WEIR_OK);
            cuts++;
        }
    }
    print_message("%d power cuts over %d events\n", cuts, (int)events);
    weir_store_close(life.store);
    weir_journalfs_free(life.fs);
    weir_free(life.root);
    weir_free(life.dest);
    scratch_free(life.dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_event)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
