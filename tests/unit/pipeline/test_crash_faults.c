/* test_crash_faults.c - the two-step run with its Nth call to the file system failing, for every N: once and for good, EIO, ENOSPC, EINTR, short writes.
 *
 * Whatever fails: what reported success is there, what reported failure can be run again, and then every row is there once (promises 3 and 4).
 * `make test` takes a part of N x kind (which part moves with the day, so that all of it is seen in time); `make soak` takes all. */
#include "crash_world.h"
#include <errno.h>
#include <time.h>

static const struct weir_fault KINDS[] = {
    {.error = EIO}, {.error = EIO, .sticky = true}, {.error = ENOSPC, .short_write = true}, {.error = ENOSPC, .sticky = true, .short_write = true}, {.error = EINTR}, {.error = 0, .short_write = true}, {.error = EACCES},
};
#define KIND_COUNT (sizeof KINDS / sizeof *KINDS)

/* Two steps under the fault; what was acknowledged must hold at once, and a run without faults must make it whole. */
static bool take_apart(const struct world *world, const char *start, const struct weir_fault *fault)
{
    struct weir_error err;
    char what[512];
    int acknowledged = 0;
    assert_int_equal(weir_fs_remove_tree(weir_fs_posix(), world->lake, NULL), WEIR_OK);
    world_copy(start, world->lake);
    char *in = weir_path_join(world->dir, "in");
    assert_int_equal(weir_fs_remove_tree(weir_fs_posix(), in, NULL), WEIR_OK);
    world_make_folder(world, "in");
    weir_free(in);
    weir_fs *fs = weir_faultfs_new(weir_fs_posix(), fault);
    for (int step = 1; step <= 2; step++) {
        world_arrive(world, step);
        if (world_run(world, fs, &err) != WEIR_OK) {
            break;
        }
        acknowledged = step;
    }
    if (acknowledged < 2) {
        world_arrive(world, 1);
        world_arrive(world, 2);
    }
    snprintf(what, sizeof what, "call %lld (%s) failing with %s%s%s", (long long)fault->fail_at, weir_faultfs_what(fs), fault->error ? strerror(fault->error) : "a short write", fault->sticky ? ", for good" : "",
             fault->short_write ? ", half written" : "");
    world_check_acknowledged(world, acknowledged, what);
    weir_rc rc = world_run(world, weir_fs_posix(), &err);
    if (rc != WEIR_OK) {
        fail_msg("%s: the run after it failed: %s: %s", what, err.condition, err.msg);
    }
    world_check_whole(world, 2, what);
    bool fired = weir_faultfs_fired(fs);
    weir_faultfs_free(fs);
    return fired;
}

static void test_each_call(void **state)
{
    (void)state;
    struct world world = world_new();
    char *start = weir_path_join(world.dir, "start");
    world_copy(world.lake, start);
    struct weir_fault never = {0};
    weir_fs *fs = weir_faultfs_new(weir_fs_posix(), &never);
    struct weir_error err;
    for (int step = 1; step <= 2; step++) {
        world_arrive(&world, step);
        assert_int_equal(world_run(&world, fs, &err), WEIR_OK);
    }
    int64_t calls = weir_faultfs_calls(fs);
    weir_faultfs_free(fs);
    world_check_whole(&world, 2, "without a fault");
    assert_true(calls > 100);
    bool soak = world_is_soak();
    int64_t stride = soak ? 1 : calls * (int64_t)KIND_COUNT / 120 + 1, day = (int64_t)time(NULL) / 86400, runs = 0, fired = 0;
    for (int64_t at = soak ? 0 : day % stride; at < calls * (int64_t)KIND_COUNT; at += stride) {
        struct weir_fault fault = KINDS[at % (int64_t)KIND_COUNT];
        fault.fail_at = at / (int64_t)KIND_COUNT + 1;
        fired += take_apart(&world, start, &fault);
        runs++;
    }
    print_message("%lld runs over %lld calls, %lld of them hit\n", (long long)runs, (long long)calls, (long long)fired);
    assert_true(fired > runs / 2);
    weir_free(start);
    world_free(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_call)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
