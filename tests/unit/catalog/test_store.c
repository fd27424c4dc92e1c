/* catalog.db itself: damage, foreign files, newer versions, two processes, two threads. */
#include "catalog_test.h"

#include "os/thread.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/wait.h>

static void overwrite(const char *path, long offset, const void *bytes, size_t len)
{
    const int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, len, offset), (ssize_t)len);
    assert_int_equal(close(fd), 0);
}

static const char *catalog_file(struct lake *lake)
{
    return lake_path(lake, "lake/catalog.db");
}

static void close_and_fail(struct lake *lake, weir_rc rc, const char *condition)
{
    weir_catalog_close(lake->catalog);
    lake->catalog = NULL;
    assert_fails(lake, weir_catalog_open(weir_fs_posix(), lake->root, true, &lake->catalog, &lake->err), rc, condition);
    assert_null(lake->catalog);
    assert_non_null(strstr(lake->err.msg, "catalog.db"));
}

static void test_garbage(void **state)
{
    (void)state;
    struct lake *lake = lake_new();
    weir_catalog_close(lake->catalog);
    lake->catalog = NULL;
    overwrite(catalog_file(lake), 0, "this is no database at all", 26);
    close_and_fail(lake, WEIR_CORRUPT, "CATALOG_CORRUPT");
    lake_free(lake);
}

static void test_damaged_page(void **state)
{
    (void)state;
    struct lake *lake = lake_new();
    for (int i = 0; i < 50; i++) {
        assert_int_equal(lake_table(lake, "default", weir_arena_printf(lake->arena, "t%d", i), "delta", NULL), WEIR_OK);
    }
    weir_catalog_close(lake->catalog);
    lake->catalog = NULL;
    struct weir_file_info info;
    assert_int_equal(weir_fs_stat(weir_fs_posix(), catalog_file(lake), &info, NULL), WEIR_OK);
    char junk[4096];
    memset(junk, 0xa5, sizeof junk);
    for (long page = 1; page < info.size / 4096; page++) {
        overwrite(catalog_file(lake), page * 4096, junk, sizeof junk);
    }
    weir_rc rc = weir_catalog_open(weir_fs_posix(), lake->root, false, &lake->catalog, &lake->err);
    if (rc == WEIR_OK) {
        struct weir_object *objects;
        size_t count;
        rc = weir_catalog_list(lake->catalog, lake->arena, WEIR_OBJ_TABLE, NULL, NULL, NULL, &objects, &count, &lake->err);
    }
    assert_int_equal(rc, WEIR_CORRUPT);
    assert_string_equal(lake->err.condition, "CATALOG_CORRUPT");
    lake_free(lake);
}

static void exec(const char *file, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void test_newer_and_foreign(void **state)
{
    (void)state;
    struct lake *lake = lake_new();
    weir_catalog_close(lake->catalog);
    lake->catalog = NULL;
    exec(catalog_file(lake), "PRAGMA user_version=99");
    close_and_fail(lake, WEIR_UNSUPPORTED, "CATALOG_VERSION_UNSUPPORTED");
    exec(catalog_file(lake), "PRAGMA user_version=1; PRAGMA application_id=7");
    close_and_fail(lake, WEIR_CORRUPT, "CATALOG_CORRUPT");
    lake_free(lake);
}

/* A creation that died before its one transaction: an empty file. */
static void test_unfinished(void **state)
{
    (void)state;
    struct lake *lake = lake_new();
    weir_catalog_close(lake->catalog);
    lake->catalog = NULL;
    assert_int_equal(truncate(catalog_file(lake), 0), 0);
    assert_fails(lake, weir_catalog_open(weir_fs_posix(), lake->root, false, &lake->catalog, &lake->err), WEIR_NOT_FOUND,
                 "LAKEHOUSE_NOT_FOUND");
    assert_int_equal(weir_catalog_open(weir_fs_posix(), lake->root, true, &lake->catalog, &lake->err), WEIR_OK);
    struct weir_object o;
    assert_int_equal(lake_get(lake, WEIR_OBJ_SCHEMA, NULL, "default", &o), WEIR_OK);
    lake_free(lake);
}

static void test_folder_in_its_place(void **state)
{
    (void)state;
    struct lake *lake = lake_new();
    lake_folder(lake, "other/catalog.db");
    weir_catalog *other;
    assert_fails(lake, weir_catalog_open(weir_fs_posix(), lake_path(lake, "other"), true, &other, &lake->err), WEIR_CORRUPT,
                 "CATALOG_CORRUPT");
    lake_free(lake);
}

#define PROCESSES 4
#define EACH 25

static int child(const char *root, int number)
{
    weir_catalog *catalog;
    struct weir_error err = {0};
    weir_arena *arena = weir_arena_new();
    if (weir_catalog_open(weir_fs_posix(), root, true, &catalog, &err) != WEIR_OK) {
        (void)fprintf(stderr, "%s\n", err.msg);
        return 1;
    }
    int bad = 0;
    for (int i = 0; i < EACH && bad == 0; i++) {
        struct weir_object o = {.kind = WEIR_OBJ_TABLE, .catalog = "workspace", .schema = "default",
                                .name = weir_arena_printf(arena, "t_%d_%d", number, i)};
        struct weir_object shared = {.kind = WEIR_OBJ_SCHEMA, .catalog = "workspace",
                                     .name = weir_arena_printf(arena, "s_%d", i)};
        bad += weir_catalog_create(catalog, arena, &o, &err) != WEIR_OK;
        const weir_rc rc = weir_catalog_create(catalog, arena, &shared, &err);
        bad += rc != WEIR_OK && rc != WEIR_EXISTS;
    }
    if (bad) {
        (void)fprintf(stderr, "%s\n", err.msg);
    }
    weir_catalog_close(catalog);
    weir_arena_free(arena);
    return bad ? 1 : 0;
}

/* Processes that make the lakehouse at once and then write into it. */
static void test_processes(void **state)
{
    (void)state;
    struct lake *lake = lake_new();
    const char *root = lake_path(lake, "shared");
    pid_t pids[PROCESSES];
    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0) {
            _exit(child(root, i));
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    weir_catalog *catalog;
    struct weir_object *objects;
    size_t count;
    assert_int_equal(weir_catalog_open(weir_fs_posix(), root, false, &catalog, &lake->err), WEIR_OK);
    assert_int_equal(weir_catalog_list(catalog, lake->arena, WEIR_OBJ_TABLE, NULL, NULL, NULL, &objects, &count, &lake->err),
                     WEIR_OK);
    assert_int_equal(count, PROCESSES * EACH);
    assert_int_equal(weir_catalog_list(catalog, lake->arena, WEIR_OBJ_SCHEMA, NULL, NULL, NULL, &objects, &count, &lake->err),
                     WEIR_OK);
    assert_int_equal(count, 1 + EACH);
    weir_catalog_close(catalog);
    lake_free(lake);
}

static weir_rc work(void *arg, int64_t index, struct weir_error *err)
{
    struct lake *lake = arg;
    weir_arena *arena = weir_arena_new();
    struct weir_object o = {.kind = WEIR_OBJ_TABLE, .catalog = "workspace", .schema = "default",
                            .name = weir_arena_printf(arena, "t%lld", (long long)index)};
    struct weir_object *objects;
    size_t count;
    weir_rc rc = weir_catalog_create(lake->catalog, arena, &o, err);
    if (rc == WEIR_OK) {
        rc = weir_catalog_list(lake->catalog, arena, WEIR_OBJ_TABLE, NULL, NULL, NULL, &objects, &count, err);
    }
    weir_arena_free(arena);
    return rc;
}

static void test_threads(void **state)
{
    (void)state;
    struct lake *lake = lake_new();
    assert_int_equal(weir_parallel(4, 40, work, lake, &lake->err), WEIR_OK);
    struct weir_object *objects;
    size_t count;
    assert_int_equal(weir_catalog_list(lake->catalog, lake->arena, WEIR_OBJ_TABLE, NULL, NULL, NULL, &objects, &count,
                                       &lake->err),
                     WEIR_OK);
    assert_int_equal(count, 40);
    lake_free(lake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_garbage),    cmocka_unit_test(test_damaged_page), cmocka_unit_test(test_newer_and_foreign),
        cmocka_unit_test(test_unfinished), cmocka_unit_test(test_folder_in_its_place), cmocka_unit_test(test_processes),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
