/* Several at once: sessions, results that stay open, writers on one table, limits, interrupts. */
#include "sqltest.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static struct lake lake;

static int open_lake(void **state)
{
    (void)state;
    lake_open(&lake, true, 0);
    return 0;
}

static int close_lake(void **state)
{
    (void)state;
    lake_close(&lake);
    return 0;
}

static weir_result *run(weir_session *session, weir_arena *arena, const char *sql)
{
    struct weir_stmt *stmts = NULL;
    size_t count = 0;
    weir_result *result = NULL;
    assert_int_equal(weir_sql_parse(arena, weir_str(sql), &stmts, &count, &lake.err), WEIR_OK);
    if (weir_session_run(session, &stmts[0], &result, &lake.err) != WEIR_OK) {
        fail_msg("%s: %s", lake.err.condition, lake.err.msg);
    }
    return result;
}

static int64_t drain(weir_result *result, weir_rc *rc_out)
{
    int64_t rows = 0;
    weir_rc rc = WEIR_OK;
    while (rc == WEIR_OK) {
        struct weir_batch batch = {0};
        rc = weir_result_next(result, &batch, &lake.err);
        rows += rc == WEIR_OK ? weir_batch_rows(&batch) : 0;
        weir_batch_release(&batch);
    }
    *rc_out = rc;
    return rows;
}

static void names_are_a_sessions_own(void **state)
{
    weir_session *other = NULL;
    (void)state;
    assert_int_equal(weir_session_open(lake.engine, &other, &lake.err), WEIR_OK);
    lake_ok(&lake, "CREATE SCHEMA a; CREATE SCHEMA b; USE a; CREATE TABLE t AS SELECT 'a' AS x");
    assert_int_equal(lake_try_in(&lake, other, "USE b; CREATE TABLE t AS SELECT 'b' AS x"), WEIR_OK);
    lake_rows(&lake, "SELECT x FROM t", "{\"x\":\"a\"}\n");
    assert_int_equal(lake_try_in(&lake, other, "SELECT x FROM t"), WEIR_OK);
    assert_string_equal(lake.rows.data, "{\"x\":\"b\"}\n");
    assert_string_equal(weir_session_schema(other), "b");
    weir_session_close(other);
}

/* A result that is half read sees its version to the end, whatever else the session and others do. */
static void open_results_are_pinned(void **state)
{
    weir_arena *arena = weir_arena_new();
    struct weir_batch batch = {0};
    weir_rc rc = WEIR_OK;
    (void)state;
    lake_ok(&lake, "CREATE TABLE t AS SELECT id FROM range(300000)");
    weir_result *first = run(lake.session, arena, "SELECT id FROM t");
    weir_result *second = run(lake.session, arena, "SELECT id FROM t WHERE id % 2 = 0");
    assert_int_equal(weir_result_next(first, &batch, &lake.err), WEIR_OK);
    int64_t rows = weir_batch_rows(&batch);
    weir_batch_release(&batch);
    lake_ok(&lake, "INSERT OVERWRITE t VALUES (1)");
    rows += drain(first, &rc);
    assert_int_equal(rc, WEIR_END);
    assert_int_equal(rows, 300000);
    assert_int_equal(drain(second, &rc), 150000);
    weir_result_close(first);
    weir_result_close(second);
    lake_rows(&lake, "SELECT count(*) AS n FROM t", "{\"n\":1}\n");
    weir_arena_free(arena);
}

#define WRITERS 3
#define INSERTS 8
static atomic_int failures;

static weir_rc no_rows(void *arg, const struct weir_stmt *stmt, weir_result *result, struct weir_error *err)
{
    (void)arg;
    (void)stmt;
    (void)result;
    (void)err;
    return WEIR_OK;
}

static void *write_rows(void *arg)
{
    weir_session *session = NULL;
    struct weir_error err = {0};
    char sql[128];
    if (weir_session_open(lake.engine, &session, &err) != WEIR_OK) {
        atomic_fetch_add(&failures, 1);
        return NULL;
    }
    for (int i = 0; i < INSERTS; i++) {
        snprintf(sql, sizeof sql, "INSERT INTO t SELECT id, %d, %d FROM range(100)", *(int *)arg, i);
        if (weir_session_script(session, weir_str(sql), no_rows, NULL, &err) != WEIR_OK) {
            fprintf(stderr, "%s: %s\n", err.condition, err.msg);
            atomic_fetch_add(&failures, 1);
        }
    }
    weir_session_close(session);
    return NULL;
}

static void writers_lose_nothing(void **state)
{
    pthread_t threads[WRITERS];
    int numbers[WRITERS];
    int64_t last = 0;
    (void)state;
    atomic_store(&failures, 0);
    lake_ok(&lake, "CREATE TABLE t (id BIGINT, who INT, i INT)");
    for (int w = 0; w < WRITERS; w++) {
        numbers[w] = w;
        assert_int_equal(pthread_create(&threads[w], NULL, write_rows, &numbers[w]), 0);
    }
    for (int i = 0; i < 20; i++) { /* a reader sees whole commits, and never fewer than before */
        long long seen = 0;
        lake_ok(&lake, "SELECT count(*) AS n FROM t");
        assert_int_equal(sscanf(lake.rows.data, "{\"n\":%lld}", &seen), 1);
        assert_int_equal(seen % 100, 0);
        assert_true(seen >= last);
        last = seen;
    }
    for (int w = 0; w < WRITERS; w++) {
        pthread_join(threads[w], NULL);
    }
    assert_int_equal(atomic_load(&failures), 0);
    lake_rows(&lake, "SELECT count(*) AS n, count(DISTINCT concat(id, '-', who, '-', i)) AS d FROM t", "{\"n\":2400,\"d\":2400}\n");
    lake_ok(&lake, "SELECT count(*) AS n FROM t VERSION AS OF 24");
}

static void memory_is_bounded(void **state)
{
    struct lake small;
    (void)state;
    lake_open(&small, false, (int64_t)96 << 20);
    /* More than 96 MB of groups: what does not fit spills. */
    lake_rows(&small, "SELECT count(*) AS n, max(c) AS m FROM (SELECT concat('a long enough key, number ', id) AS k, count(*) AS c FROM range(1500000) GROUP BY concat('a long enough key, number ', id))",
              "{\"n\":1500000,\"m\":1}\n");
    lake_rows(&small, "SELECT max(x) AS m FROM (SELECT id, row_number() OVER (ORDER BY (id * 7919) % 1000003, id) AS x FROM range(1000000))", "{\"m\":1000000}\n");
    lake_fails(&small, "SELECT size(collect_list(concat('a value that cannot be spilled, number ', id))) AS n FROM range(4000000)", WEIR_TOO_BIG, "SQL_MEMORY_LIMIT");
    lake_rows(&small, "SELECT 1 AS a", "{\"a\":1}\n");
    lake_close(&small);
}

static void *interrupt_soon(void *arg)
{
    (void)arg;
    usleep(200000);
    weir_session_interrupt(lake.session);
    return NULL;
}

static void statements_can_be_stopped(void **state)
{
    pthread_t thread;
    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, NULL), 0);
    lake_fails(&lake, "SELECT count(*) AS n FROM range(100000000) a CROSS JOIN range(100000) b WHERE a.id * b.id % 7 = 3", WEIR_CANCELLED, "STATEMENT_STOPPED");
    pthread_join(thread, NULL);
    lake_rows(&lake, "SELECT 1 AS a", "{\"a\":1}\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_lake, close_lake)
int main(void)
{
    const struct CMUnitTest tests[] = {TEST(names_are_a_sessions_own), TEST(open_results_are_pinned), TEST(writers_lose_nothing), TEST(memory_is_bounded), TEST(statements_can_be_stopped)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
