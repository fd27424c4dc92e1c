/* Queues, the parallel loop, turns, stop requests. Meant to run under ThreadSanitizer too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/time.h"
#include "os/thread.h"

#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#define ITEMS 5000

static void test_queue_order_and_end(void **state)
{
    (void)state;
    weir_queue *queue = weir_queue_new(100, 0);
    static int values[40];
    for (int i = 0; i < 40; i++) {
        values[i] = i;
        assert_int_equal(weir_queue_put(queue, &values[i], 1), WEIR_OK);
    }
    void *item;
    for (int i = 0; i < 40; i++) {
        if (i == 20) {
            weir_queue_close(queue);
            weir_queue_close(queue);
        }
        assert_int_equal(weir_queue_get(queue, &item, -1), WEIR_OK);
        assert_ptr_equal(item, &values[i]);
    }
    assert_int_equal(weir_queue_get(queue, &item, -1), WEIR_END);
    assert_null(item);
    assert_int_equal(weir_queue_put(queue, &values[0], 1), WEIR_CANCELLED);
    weir_queue_free(queue);

    queue = weir_queue_new(1, 0);
    int64_t start = weir_mono_us();
    assert_int_equal(weir_queue_get(queue, &item, 0), WEIR_BUSY);
    assert_int_equal(weir_queue_get(queue, &item, 30), WEIR_BUSY);
    assert_true(weir_mono_us() - start >= 29000);
    weir_queue_free(queue);
}

struct pump {
    weir_queue *queue;
    atomic_llong sum;
    atomic_llong in_flight, most; /* bytes that were put and not yet got */
    int from;
};

static void *produce(void *arg)
{
    struct pump *pump = arg;
    for (int i = 1; i <= ITEMS; i++) {
        int *item = weir_malloc(sizeof *item);
        *item = i;
        if (weir_queue_put(pump->queue, item, 10) != WEIR_OK) {
            abort();
        }
        long long now = atomic_fetch_add(&pump->in_flight, 10) + 10;
        long long most = atomic_load(&pump->most);
        while (now > most && !atomic_compare_exchange_weak(&pump->most, &most, now)) {
        }
    }
    return NULL;
}

static void *consume(void *arg)
{
    struct pump *pump = arg;
    void *item;
    weir_rc rc;
    while ((rc = weir_queue_get(pump->queue, &item, -1)) == WEIR_OK) {
        atomic_fetch_sub(&pump->in_flight, 10);
        atomic_fetch_add(&pump->sum, *(int *)item);
        weir_free(item);
    }
    if (rc != WEIR_END) {
        abort();
    }
    return NULL;
}

static void test_queue_many_threads(void **state)
{
    (void)state;
    struct pump pump = {.queue = weir_queue_new(1000, 70)};
    pthread_t in[3], out[3];
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&in[i], NULL, produce, &pump), 0);
        assert_int_equal(pthread_create(&out[i], NULL, consume, &pump), 0);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(in[i], NULL), 0);
    }
    weir_queue_close(pump.queue);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(out[i], NULL), 0);
    }
    assert_true(atomic_load(&pump.sum) == 3LL * ITEMS * (ITEMS + 1) / 2);
    /* 70 bytes in the queue, and each producer counts one that a consumer may have got meanwhile. */
    assert_true(atomic_load(&pump.most) <= 70 + 3 * 10);
    weir_queue_free(pump.queue);
}

static void *put_one(void *arg)
{
    weir_queue *queue = arg;
    static int item;
    return (void *)(intptr_t)weir_queue_put(queue, &item, 1000);
}

/* A full queue holds the putter; close lets it go empty-handed. An item beyond the limit of bytes goes in alone. */
static void test_queue_back_pressure(void **state)
{
    (void)state;
    weir_queue *queue = weir_queue_new(10, 100);
    assert_ptr_equal(put_one(queue), (void *)(intptr_t)WEIR_OK);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, put_one, queue), 0);
    struct timespec nap = {0, 20 * 1000000};
    nanosleep(&nap, NULL);
    weir_queue_close(queue);
    void *result;
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, (void *)(intptr_t)WEIR_CANCELLED);
    void *item;
    assert_int_equal(weir_queue_get(queue, &item, -1), WEIR_OK);
    assert_int_equal(weir_queue_get(queue, &item, -1), WEIR_END);
    weir_queue_free(queue);
}

struct tally {
    atomic_int seen[1000];
    int64_t fail_from;
};

static weir_rc count_index(void *arg, int64_t index, struct weir_error *err)
{
    struct tally *tally = arg;
    atomic_fetch_add(&tally->seen[index], 1);
    if (tally->fail_from >= 0 && index >= tally->fail_from) {
        return weir_fail(err, WEIR_CORRUPT, "BAD", "index %d", (int)index);
    }
    return WEIR_OK;
}

static void test_parallel(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 8; threads++) {
        struct tally tally = {.fail_from = -1};
        assert_int_equal(weir_parallel(threads, 1000, count_index, &tally, NULL), WEIR_OK);
        for (int i = 0; i < 1000; i++) {
            assert_int_equal(atomic_load(&tally.seen[i]), 1);
        }
        struct tally failing = {.fail_from = 100};
        struct weir_error err = {0};
        assert_int_equal(weir_parallel(threads, 1000, count_index, &failing, &err), WEIR_CORRUPT);
        assert_string_equal(err.msg, "index 100");
        int after = 0;
        for (int i = 0; i < 1000; i++) {
            after += i > 100 ? atomic_load(&failing.seen[i]) : 0;
        }
        assert_true(after < threads);
    }
    assert_int_equal(weir_parallel(4, 0, count_index, NULL, NULL), WEIR_OK);
    assert_true(weir_cpu_count() >= 1);
}

struct relay {
    weir_turn *turn;
    int64_t order[200];
    int64_t next; /* written only by whose turn it is */
};

static weir_rc run_leg(void *arg, int64_t index, struct weir_error *err)
{
    (void)err;
    struct relay *relay = arg;
    if (index % 5 == 3) { /* some have nothing to say and do not wait */
        weir_turn_done(relay->turn, index);
        return WEIR_OK;
    }
    WEIR_TRY(weir_turn_wait(relay->turn, index));
    relay->order[relay->next++] = index;
    weir_turn_done(relay->turn, index);
    return WEIR_OK;
}

static void test_turn(void **state)
{
    (void)state;
    struct relay relay = {.turn = weir_turn_new()};
    assert_int_equal(weir_parallel(6, 200, run_leg, &relay, NULL), WEIR_OK);
    assert_int_equal(relay.next, 160);
    for (int64_t i = 1; i < relay.next; i++) {
        assert_true(relay.order[i - 1] < relay.order[i]);
    }
    weir_turn_free(relay.turn);
}

static void *wait_for_turn(void *arg)
{
    return (void *)(intptr_t)weir_turn_wait(arg, 7);
}

static void test_turn_cancel(void **state)
{
    (void)state;
    weir_turn *turn = weir_turn_new();
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, wait_for_turn, turn), 0);
    weir_turn_cancel(turn);
    void *result;
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, (void *)(intptr_t)WEIR_CANCELLED);
    assert_int_equal(weir_turn_wait(turn, 0), WEIR_CANCELLED);
    weir_turn_free(turn);
}

static bool readable(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    return poll(&poll_fd, 1, 0) == 1;
}

static void on_signal(int number)
{
    (void)number;
    weir_stop_request(weir_stop_level() + 1);
}

static void test_stop(void **state)
{
    (void)state;
    weir_stop_request(1); /* before anybody asked for the descriptor */
    assert_true(readable(weir_stop_fd()));
    assert_int_equal(weir_stop_level(), 1);
    weir_stop_reset();
    assert_int_equal(weir_stop_level(), 0);
    assert_false(readable(weir_stop_fd()));
    struct sigaction action = {.sa_handler = on_signal};
    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(weir_stop_level(), 1);
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(weir_stop_level(), 2);
    weir_stop_request(1); /* never lowers */
    assert_int_equal(weir_stop_level(), 2);
    assert_true(readable(weir_stop_fd()));
    weir_stop_reset();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stop), /* first: nobody has asked for the descriptor yet */
        cmocka_unit_test(test_queue_order_and_end), cmocka_unit_test(test_queue_many_threads),
        cmocka_unit_test(test_queue_back_pressure), cmocka_unit_test(test_parallel),
        cmocka_unit_test(test_turn),                cmocka_unit_test(test_turn_cancel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
