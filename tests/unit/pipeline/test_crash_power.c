/* test_crash_power.c - power lost at a random write, fsync, link or rename of the two-step run: the tree that a disk may hold then is rebuilt (what was not
 * synced dropped, kept or torn), opened by a new process's worth of weir, checked, run to its end, checked again.
 *
 * What was acknowledged before the cut is there at once; after the run every row is there once (promises 1, 2, 3). `make test` cuts 100 times, `make soak` 1,000. */
#include "crash_world.h"
#include "base/time.h"

#define CUTS_TEST 100
#define CUTS_SOAK 1000

struct campaign {
    struct world world;
    char *start, *cut, *whole;
    weir_fs *journal;
    int64_t acknowledged[3]; /* events when step s had reported success */
};

static void prepare(struct campaign *c)
{
    struct weir_error err;
    c->world = world_new();
    c->start = weir_path_join(c->world.dir, "start");
    c->cut = weir_path_join(c->world.dir, "cut");
    c->whole = weir_path_join(c->world.dir, "whole");
    world_copy(c->world.lake, c->start);
    c->journal = weir_journalfs_new(weir_fs_posix(), c->world.lake);
    for (int step = 1; step <= 2; step++) {
        world_arrive(&c->world, step);
        weir_rc rc = world_run(&c->world, c->journal, &err);
        if (rc != WEIR_OK) {
            fail_msg("%s: %s", err.condition, err.msg);
        }
        c->acknowledged[step] = weir_journalfs_events(c->journal);
    }
    assert_int_equal(weir_fs_rename(weir_fs_posix(), c->world.lake, c->whole, NULL), WEIR_OK);
}

static void cut_once(struct campaign *c, int64_t at, uint64_t seed)
{
    struct weir_error err;
    char what[128];
    int steps = at >= c->acknowledged[2] ? 2 : at >= c->acknowledged[1] ? 1 : 0;
    snprintf(what, sizeof what, "power lost at event %lld, seed %llu", (long long)at, (unsigned long long)seed);
    weir_error_clear(&err);
    if (weir_journalfs_cut(c->journal, at, seed, c->start, c->cut, &err) != WEIR_OK) {
        fail_msg("%s: %s", what, err.msg);
    }
    assert_int_equal(weir_fs_rename(weir_fs_posix(), c->cut, c->world.lake, NULL), WEIR_OK);
    world_check_acknowledged(&c->world, steps, what);
    weir_rc rc = world_run(&c->world, weir_fs_posix(), &err);
    if (rc != WEIR_OK) {
        fail_msg("%s: the run after it failed: %s: %s", what, err.condition, err.msg);
    }
    world_check_whole(&c->world, 2, what);
    rc = world_run(&c->world, weir_fs_posix(), &err); /* and again: nothing more happens */
    assert_int_equal(rc, WEIR_OK);
    world_check_whole(&c->world, 2, what);
    assert_int_equal(weir_fs_remove_tree(weir_fs_posix(), c->world.lake, NULL), WEIR_OK);
}

static void test_power(void **state)
{
    (void)state;
    struct campaign c = {0};
    prepare(&c);
    int64_t events = weir_journalfs_events(c.journal);
    assert_true(events > 100);
    int cuts = world_is_soak() ? CUTS_SOAK : CUTS_TEST;
    const char *fixed = getenv("WEIR_SEED");
    uint64_t seed = 0;
    int64_t given = 0;
    weir_random_bytes(&seed, sizeof seed);
    seed = fixed && weir_str_to_i64(weir_str(fixed), &given) ? (uint64_t)given : seed >> 16;
    print_message("%d cuts over %lld events; WEIR_SEED=%llu repeats them\n", cuts, (long long)events, (unsigned long long)seed);
    struct weir_rng rng;
    weir_rng_seed(&rng, seed);
    for (int i = 0; i < cuts; i++) {
        int64_t at = (int64_t)weir_rng_below(&rng, (uint64_t)events + 1);
        cut_once(&c, at, weir_rng_next(&rng));
    }
    weir_journalfs_free(c.journal);
    weir_free(c.start);
    weir_free(c.cut);
    weir_free(c.whole);
    world_free(&c.world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_power)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
