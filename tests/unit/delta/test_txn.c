/* Transactions: what a commit's text holds, who conflicts with whom, many writers at once, what each return code promises when calls fail, and
 * checkpoints that give the state that the log gives. */
#include "unit/delta/delta_test.h"

#include "base/log.h"
#include "base/time.h"
#include "os/faultfs.h"
#include "os/thread.h"

#include <errno.h>
#include <sys/wait.h>

struct fixture {
    char *folder;
    weir_arena *arena;
    weir_schema *schema;
};

static int set_up(void **state)
{
    struct fixture *f = weir_calloc(1, sizeof *f);
    struct weir_error err = {0};
    f->folder = test_make_folder();
    f->arena = weir_arena_new();
    check_ok(weir_schema_parse_ddl(f->arena, WEIR_STR("id BIGINT, p STRING"), &f->schema, &err), &err);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    weir_arena_free(f->arena);
    test_remove_folder(f->folder);
    weir_free(f);
    return 0;
}

static struct weir_add a_file(const char *path)
{
    return (struct weir_add){.path = path, .size = 100, .modification_time_ms = 1, .data_change = true, .stats = "{\"numRecords\":3}"};
}

static weir_rc create(struct fixture *f, weir_delta *table, const weir_options *properties, struct weir_error *err)
{
    struct weir_table_spec spec = {.schema = f->schema, .properties = properties};
    int64_t version = 0;
    weir_txn *txn = weir_txn_begin(table, NULL);
    weir_rc rc = weir_txn_create(txn, &spec, err);
    if (rc == WEIR_OK) {
        weir_txn_operation(txn, "CREATE TABLE");
        weir_txn_parameter(txn, "partitionBy", "[]");
        weir_txn_parameter(txn, "description", NULL);
        rc = weir_txn_commit(txn, &version, err);
    }
    weir_txn_free(txn);
    return rc;
}

static weir_rc append_on(weir_delta *table, weir_snapshot *snapshot, const char *path, const char *app, int64_t batch, int64_t *version, struct weir_error *err)
{
    struct weir_add add = a_file(path);
    weir_txn *txn = weir_txn_begin(table, snapshot);
    weir_txn_add_file(txn, &add);
    weir_txn_rows(txn, 3);
    if (app) {
        weir_txn_set_app(txn, app, batch);
        weir_txn_operation(txn, "STREAMING UPDATE");
        weir_txn_parameter(txn, "outputMode", "\"Append\"");
        weir_txn_parameter(txn, "queryId", "\"q\"");
        weir_txn_parameter(txn, "epochId", "7");
    }
    weir_rc rc = weir_txn_commit(txn, version, err);
    weir_txn_free(txn);
    return rc;
}

static weir_rc append(weir_delta *table, const char *path, int64_t *version, struct weir_error *err)
{
    weir_snapshot *snapshot = NULL;
    WEIR_TRY(weir_delta_snapshot(table, &snapshot, err));
    weir_rc rc = append_on(table, snapshot, path, NULL, 0, version, err);
    weir_snapshot_unref(snapshot);
    return rc;
}

static weir_delta *new_table(struct fixture *f)
{
    struct weir_error err = {0};
    weir_delta *table = weir_delta_open(weir_fs_posix(), f->folder);
    check_ok(create(f, table, NULL, &err), &err);
    return table;
}

static weir_snapshot *newest(weir_delta *table)
{
    struct weir_error err = {0};
    weir_snapshot *snapshot = NULL;
    check_ok(weir_delta_snapshot(table, &snapshot, &err), &err);
    return snapshot;
}

/* The snapshot of a handle that never saw the table. Heap: its state. */
static char *fresh_state(const char *folder)
{
    weir_delta *table = weir_delta_open(weir_fs_posix(), folder);
    weir_snapshot *snapshot = newest(table);
    char *text = state_text(snapshot);
    weir_snapshot_unref(snapshot);
    weir_delta_close(table);
    return text;
}

static char *log_path(struct fixture *f, const char *name)
{
    return weir_asprintf("%s/_delta_log/%s", f->folder, name);
}

/* --- the text --- */

static void a_commit_reads_like_sparks(void **state)
{
    struct fixture *f = *state;
    struct weir_error err = {0};
    weir_delta *table = new_table(f);
    weir_snapshot *snapshot = newest(table);
    int64_t version = 0;
    check_ok(append_on(table, snapshot, "a.parquet", "query-1", 7, &version, &err), &err);
    assert_int_equal(version, 1);
    weir_snapshot_unref(snapshot);

    weir_arena *arena = weir_arena_new();
    struct weir_commit commit;
    check_ok(weir_delta_read_commit(table, 1, arena, &commit, &err), &err);
    assert_string_equal(commit.info.operation, "STREAMING UPDATE");
    const struct weir_json *info = commit.info.json;
    const struct weir_json *parameters = weir_json_get(info, "operationParameters");
    assert_string_equal(weir_json_string(weir_json_get(parameters, "outputMode")), "Append");
    assert_string_equal(weir_json_string(weir_json_get(parameters, "epochId")), "7");
    const struct weir_json *metrics = weir_json_get(info, "operationMetrics");
    assert_string_equal(weir_json_string(weir_json_get(metrics, "numAddedFiles")), "1");
    assert_string_equal(weir_json_string(weir_json_get(metrics, "numRemovedFiles")), "0");
    assert_string_equal(weir_json_string(weir_json_get(metrics, "numOutputRows")), "3");
    assert_string_equal(weir_json_string(weir_json_get(metrics, "numOutputBytes")), "100");
    int64_t read_version = -1;
    bool blind = false;
    assert_true(weir_json_i64(weir_json_get(info, "readVersion"), &read_version));
    assert_int_equal(read_version, 0);
    assert_true(weir_json_bool(weir_json_get(info, "isBlindAppend"), &blind) && blind);
    assert_string_equal(weir_json_string(weir_json_get(info, "isolationLevel")), "Serializable");
    assert_string_equal(weir_json_string(weir_json_get(info, "engineInfo")), "weir/" WEIR_VERSION);
    assert_true(weir_uuid_valid(weir_str(weir_json_string(weir_json_get(info, "txnId")))));
    assert_int_equal(commit.add_count, 1);
    assert_true(commit.has_data_change && !commit.metadata && !commit.protocol);

    char *file = log_path(f, "00000000000000000001.json");
    char *text = test_read_file(file, NULL);
    assert_true(strncmp(text, "{\"commitInfo\":{\"timestamp\":", 27) == 0);
    assert_non_null(strstr(text, "\n{\"txn\":{\"appId\":\"query-1\",\"version\":7,\"lastUpdated\":"));
    assert_non_null(strstr(text, "\n{\"add\":{\"path\":\"a.parquet\",\"partitionValues\":{},\"size\":100,\"modificationTime\":1,\"dataChange\":true,\"stats\":\"{\\\"numRecords\\\":3}\"}}\n"));
    weir_free(text);
    weir_free(file);
    file = log_path(f, "00000000000000000000.json");
    text = test_read_file(file, NULL);
    assert_non_null(strstr(text, "\"operationParameters\":{\"partitionBy\":\"[]\",\"description\":null}"));
    assert_non_null(strstr(text, "\n{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n"));
    assert_null(strstr(text, "readVersion"));
    weir_free(text);
    weir_free(file);

    struct weir_commit_info *history = NULL;
    size_t count = 0;
    check_ok(weir_delta_history(table, 0, arena, &history, &count, &err), &err);
    assert_int_equal(count, 2);
    assert_int_equal(history[0].version, 1);
    assert_string_equal(history[1].operation, "CREATE TABLE");
    weir_arena_free(arena);
    weir_delta_close(table);
}

static void overwrite_removes_what_was_there(void **state)
{
    struct fixture *f = *state;
    struct weir_error err = {0};
    weir_delta *table = new_table(f);
    int64_t version = 0;
    check_ok(append(table, "a.parquet", &version, &err), &err);
    check_ok(append(table, "b%20c.parquet", &version, &err), &err);
    weir_snapshot *before = newest(table);
    weir_txn *txn = weir_txn_begin(table, before);
    struct weir_add add = a_file("c.parquet");
    weir_txn_remove_all(txn);
    weir_txn_add_file(txn, &add);
    check_ok(weir_txn_commit(txn, &version, &err), &err);
    weir_txn_free(txn);
    weir_snapshot *after = newest(table);
    assert_int_equal(weir_snapshot_file_count(after), 1);
    assert_string_equal(weir_snapshot_file(after, 0)->path, "c.parquet");
    assert_int_equal(weir_snapshot_file_count(before), 2); /* unchanged */
    char *place = weir_snapshot_file_path(before, weir_snapshot_file(before, 1));
    assert_true(weir_str_ends(weir_str(place), "/b c.parquet"));
    weir_free(place);
    weir_snapshot_unref(before);
    weir_snapshot_unref(after);
    weir_delta_close(table);
}

/* --- conflicts (delta-format 2.15) --- */

enum other { OTHER_APPEND, OTHER_SAME_APP, OTHER_OTHER_APP, OTHER_OVERWRITE, OTHER_SCHEMA, OTHER_EMPTY };

static void commit_other(struct fixture *f, weir_delta *table, enum other other)
{
    struct weir_error err = {0};
    weir_snapshot *snapshot = newest(table);
    weir_txn *txn = weir_txn_begin(table, snapshot);
    struct weir_add add = a_file("other.parquet");
    weir_schema *wider = NULL;
    int64_t version = 0;
    if (other == OTHER_SAME_APP || other == OTHER_OTHER_APP) {
        weir_txn_set_app(txn, other == OTHER_SAME_APP ? "app" : "another", 1);
    }
    if (other == OTHER_OVERWRITE) {
        weir_txn_remove_all(txn);
    }
    if (other == OTHER_SCHEMA) {
        check_ok(weir_schema_parse_ddl(f->arena, WEIR_STR("id BIGINT, p STRING, extra INT"), &wider, &err), &err);
        check_ok(weir_txn_set_schema(txn, wider, &err), &err);
    } else if (other != OTHER_EMPTY) {
        weir_txn_add_file(txn, &add);
    }
    check_ok(weir_txn_commit(txn, &version, &err), &err);
    weir_txn_free(txn);
    weir_snapshot_unref(snapshot);
}

static void conflicts(void **state)
{
    struct fixture *f = *state;
    static const struct { enum other other; bool overwrite; weir_rc rc; const char *condition; } cases[] = {
        {OTHER_APPEND, false, WEIR_OK, NULL},
        {OTHER_OTHER_APP, false, WEIR_OK, NULL},
        {OTHER_OVERWRITE, false, WEIR_OK, NULL},
        {OTHER_EMPTY, false, WEIR_OK, NULL},
        {OTHER_SAME_APP, false, WEIR_CONFLICT, "CONCURRENT_STREAM"},
        {OTHER_SCHEMA, false, WEIR_CONFLICT, "DELTA_METADATA_CHANGED"},
        {OTHER_APPEND, true, WEIR_CONFLICT, "DELTA_CONCURRENT_WRITE"},
        {OTHER_OVERWRITE, true, WEIR_CONFLICT, "DELTA_CONCURRENT_WRITE"},
        {OTHER_SAME_APP, true, WEIR_CONFLICT, "CONCURRENT_STREAM"},
        {OTHER_SCHEMA, true, WEIR_CONFLICT, "DELTA_METADATA_CHANGED"},
        {OTHER_EMPTY, true, WEIR_OK, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *folder = weir_asprintf("%s/t%zu", f->folder, i);
        struct weir_error err = {0};
        weir_delta *mine = weir_delta_open(weir_fs_posix(), folder);
        weir_delta *others = weir_delta_open(weir_fs_posix(), folder);
        int64_t version = 0;
        check_ok(create(f, mine, NULL, &err), &err);
        check_ok(append(mine, "first.parquet", &version, &err), &err);
        weir_snapshot *snapshot = newest(mine);
        commit_other(f, others, cases[i].other);
        weir_txn *txn = weir_txn_begin(mine, snapshot);
        struct weir_add add = a_file("mine.parquet");
        weir_txn_add_file(txn, &add);
        weir_txn_set_app(txn, "app", 1);
        if (cases[i].overwrite) {
            weir_txn_remove_all(txn);
        }
        weir_rc rc = weir_txn_commit(txn, &version, &err);
        assert_int_equal(rc, cases[i].rc);
        if (rc == WEIR_OK) {
            assert_int_equal(version, 3);
        } else {
            assert_string_equal(err.condition, cases[i].condition);
            int64_t latest = 0;
            assert_int_equal(weir_delta_latest_version(mine, &latest, &err), WEIR_OK);
            assert_int_equal(latest, 2); /* nothing became visible */
        }
        weir_txn_free(txn);
        weir_snapshot_unref(snapshot);
        weir_delta_close(mine);
        weir_delta_close(others);
        weir_free(folder);
    }
}

static void a_batch_is_in_the_table_once(void **state)
{
    struct fixture *f = *state;
    struct weir_error err = {0};
    weir_delta *table = new_table(f);
    weir_snapshot *snapshot = newest(table);
    int64_t version = 0;
    int64_t batch = -1;
    check_ok(append_on(table, snapshot, "a.parquet", "app", 4, &version, &err), &err);
    weir_snapshot_unref(snapshot);
    snapshot = newest(table);
    assert_true(weir_snapshot_txn(snapshot, "app", &batch));
    assert_int_equal(batch, 4);
    assert_false(weir_snapshot_txn(snapshot, "nobody", &batch));
    assert_int_equal(append_on(table, snapshot, "b.parquet", "app", 4, &version, &err), WEIR_CONFLICT);
    assert_string_equal(err.condition, "CONCURRENT_STREAM");
    weir_snapshot_unref(snapshot);
    weir_delta_close(table);
}

/* --- many writers --- */

#define WRITERS 5
#define COMMITS 12

static weir_rc write_some(void *arg, int64_t index, struct weir_error *err)
{
    struct fixture *f = arg;
    weir_delta *table = weir_delta_open(weir_fs_posix(), f->folder);
    weir_rc rc = WEIR_OK;
    for (int i = 0; rc == WEIR_OK && i < COMMITS; i++) {
        char path[64];
        int64_t version = 0;
        (void)snprintf(path, sizeof path, "w%lld-%d.parquet", (long long)index, i);
        rc = append(table, path, &version, err);
    }
    weir_delta_close(table);
    return rc;
}

static void many_writers_lose_nothing(void **state)
{
    struct fixture *f = *state;
    struct weir_error err = {0};
    weir_delta *table = new_table(f);
    check_ok(weir_parallel(WRITERS, WRITERS, write_some, f, &err), &err);
    weir_snapshot *snapshot = newest(table);
    assert_int_equal(weir_snapshot_version(snapshot), WRITERS * COMMITS);
    assert_int_equal(weir_snapshot_file_count(snapshot), WRITERS * COMMITS);
    char *a = state_text(snapshot);
    char *b = fresh_state(f->folder);
    assert_string_equal(a, b);
    for (int w = 0; w < WRITERS; w++) {
        for (int i = 0; i < COMMITS; i++) {
            char line[64];
            (void)snprintf(line, sizeof line, "\nw%d-%d.parquet ", w, i);
            const char *at = strstr(a, line);
            assert_non_null(at);
            assert_null(strstr(at + 1, line)); /* once */
        }
    }
    weir_free(a);
    weir_free(b);
    weir_snapshot_unref(snapshot);
    weir_delta_close(table);
}

static weir_rc create_one(void *arg, int64_t index, struct weir_error *err)
{
    struct fixture *f = arg;
    (void)index;
    weir_delta *table = weir_delta_open(weir_fs_posix(), f->folder);
    weir_rc rc = create(f, table, NULL, err);
    weir_delta_close(table);
    if (rc == WEIR_CONFLICT) {
        weir_error_clear(err);
        return WEIR_OK;
    }
    return rc == WEIR_OK ? WEIR_END : rc; /* the winner stops the hand-out: told apart by the log */
}

static void one_creator_wins(void **state)
{
    struct fixture *f = *state;
    struct weir_error err = {0};
    weir_rc rc = weir_parallel(4, 4, create_one, f, &err);
    assert_true(rc == WEIR_END);
    weir_delta *table = weir_delta_open(weir_fs_posix(), f->folder);
    int64_t version = -1;
    check_ok(weir_delta_latest_version(table, &version, &err), &err);
    assert_int_equal(version, 0);
    assert_int_equal(create(f, table, NULL, &err), WEIR_CONFLICT);
    weir_delta_close(table);
}

static void two_processes_append(void **state)
{
    struct fixture *f = *state;
    struct weir_error err = {0};
    weir_delta *table = new_table(f);
    weir_delta_close(table);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(write_some(f, 0, NULL) == WEIR_OK ? 0 : 1);
    }
    check_ok(write_some(f, 1, &err), &err);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    table = weir_delta_open(weir_fs_posix(), f->folder);
    weir_snapshot *snapshot = newest(table);
    assert_int_equal(weir_snapshot_version(snapshot), 2 * COMMITS);
    assert_int_equal(weir_snapshot_file_count(snapshot), 2 * COMMITS);
    weir_snapshot_unref(snapshot);
    weir_delta_close(table);
}

struct shared_handle { weir_delta *table; };

/* Even indexes append through the one handle, odd ones read what is there: never fewer files than versions. */
static weir_rc use_shared(void *arg, int64_t index, struct weir_error *err)
{
    struct shared_handle *shared = arg;
    int64_t before = 0;
    for (int i = 0; i < 20; i++) {
        weir_snapshot *snapshot = NULL;
        int64_t version = 0;
        char path[64];
        (void)snprintf(path, sizeof path, "s%lld-%d.parquet", (long long)index, i);
        if (index % 2 == 0) {
            WEIR_TRY(append(shared->table, path, &version, err));
        }
        WEIR_TRY(weir_delta_snapshot(shared->table, &snapshot, err));
        version = weir_snapshot_version(snapshot);
        bool whole = (int64_t)weir_snapshot_file_count(snapshot) == version && version >= before && weir_snapshot_row_count(snapshot) == 3 * version;
        before = version;
        weir_snapshot_unref(snapshot);
        if (!whole) {
            return weir_fail(err, WEIR_CORRUPT, "TEST", "a snapshot of version %lld is not whole", (long long)version);
        }
    }
    return WEIR_OK;
}

static void one_handle_for_many_threads(void **state)
{
    struct fixture *f = *state;
    struct weir_error err = {0};
    struct shared_handle shared = {.table = new_table(f)};
    check_ok(weir_parallel(4, 4, use_shared, &shared, &err), &err);
    weir_snapshot *snapshot = newest(shared.table);
    assert_int_equal(weir_snapshot_version(snapshot), 40);
    weir_snapshot_unref(snapshot);
    weir_delta_close(shared.table);
}

/* Texts of files that are gone are given back, and snapshots that still show them keep them. */
static void replaced_files_do_not_pile_up(void **state)
{
    struct fixture *f = *state;
    struct weir_error err = {0};
    weir_delta *table = new_table(f);
    weir_snapshot *old[14] = {0};
    char *stats = weir_malloc(3000001);
    memset(stats, 'x', 3000000);
    stats[3000000] = 0;
    for (int i = 0; i < 14; i++) {
        char path[64];
        int64_t version = 0;
        weir_snapshot *snapshot = newest(table);
        weir_txn *txn = weir_txn_begin(table, snapshot);
        (void)snprintf(path, sizeof path, "r%d.parquet", i);
        struct weir_add add = {.path = path, .size = 1, .data_change = true, .stats = stats};
        weir_txn_remove_all(txn);
        weir_txn_set_app(txn, "view", i);
        weir_txn_add_file(txn, &add);
        check_ok(weir_txn_commit(txn, &version, &err), &err);
        weir_txn_free(txn);
        weir_snapshot_unref(snapshot);
        old[i] = newest(table);
    }
    for (int i = 0; i < 14; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "r%d.parquet", i);
        assert_int_equal(weir_snapshot_file_count(old[i]), 1);
        assert_string_equal(weir_snapshot_file(old[i], 0)->path, path);
        assert_int_equal(strlen(weir_snapshot_file(old[i], 0)->stats), 3000000);
    }
    int64_t batch = 0;
    assert_true(weir_snapshot_txn(old[13], "view", &batch) && batch == 13);
    assert_int_equal(weir_snapshot_metadata(old[13])->schema->field_count, 2);
    char *text = state_text(old[13]);
    for (int i = 0; i < 14; i++) {
        weir_snapshot_unref(old[i]);
    }
    char *fresh = fresh_state(f->folder);
    assert_string_equal(text, fresh);
    weir_free(text);
    weir_free(fresh);
    weir_free(stats);
    weir_delta_close(table);
}

/* --- what the codes promise --- */

static bool version_has(const char *folder, int64_t version, const char *file)
{
    char *path = weir_asprintf("%s/_delta_log/%020lld.json", folder, (long long)version);
    bool has = false;
    if (access(path, R_OK) == 0) {
        char *text = test_read_file(path, NULL);
        has = strstr(text, file) != NULL;
        weir_free(text);
    }
    weir_free(path);
    return has;
}

/* Fail the Nth call of a commit that also writes a checkpoint, for every N. */
static void no_code_lies(void **state)
{
    struct fixture *f = *state;
    static const struct { int error; bool sticky, short_write; } kinds[] = {{EIO, false, false}, {EIO, true, false}, {ENOSPC, false, true}, {EINTR, false, false}};
    int fired = 0;
    int unknown = 0;
    weir_log_set(WEIR_LOG_ERROR);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        bool more = true;
        for (int64_t n = 1; more; n++) {
            char *folder = weir_asprintf("%s/k%zu-%lld", f->folder, k, (long long)n);
            struct weir_error err = {0};
            int64_t version = 0;
            weir_delta *table = weir_delta_open(weir_fs_posix(), folder);
            weir_options *properties = weir_options_new();
            weir_options_set(properties, "delta.checkpointInterval", "2");
            check_ok(create(f, table, properties, &err), &err);
            check_ok(append(table, "before.parquet", &version, &err), &err);
            weir_options_free(properties);
            weir_snapshot *snapshot = newest(table);

            struct weir_fault fault = {.fail_at = n, .error = kinds[k].error, .sticky = kinds[k].sticky, .short_write = kinds[k].short_write};
            weir_fs *faulty = weir_faultfs_new(weir_fs_posix(), &fault);
            weir_delta *broken = weir_delta_open(faulty, folder);
            weir_error_clear(&err);
            weir_rc rc = append_on(broken, snapshot, "mine.parquet", "app", 1, &version, &err);
            more = weir_faultfs_fired(faulty);
            fired += more;
            bool there = version_has(folder, 2, "mine.parquet");
            switch (rc) {
            case WEIR_OK:
                assert_true(there);
                break;
            case WEIR_UNKNOWN:
                unknown++;
                break;
            default:
                if (there) {
                    fail_msg("%s %s, but the version is there (%s)", weir_rc_name(rc), err.msg, weir_faultfs_what(faulty));
                }
            }
            weir_delta_close(broken);
            weir_faultfs_free(faulty);
            weir_snapshot_unref(snapshot);

            /* Afterwards: the table opens, and the batch can be brought in exactly once. */
            snapshot = newest(table);
            int64_t batch = 0;
            if (!weir_snapshot_txn(snapshot, "app", &batch)) {
                check_ok(append_on(table, snapshot, "mine.parquet", "app", 1, &version, &err), &err);
            }
            weir_snapshot_unref(snapshot);
            char *text = fresh_state(folder);
            assert_non_null(strstr(text, "version 2 "));
            assert_non_null(strstr(text, "\nmine.parquet "));
            assert_non_null(strstr(text, "\nbefore.parquet "));
            weir_free(text);
            weir_delta_close(table);
            weir_free(folder);
        }
    }
    weir_log_set(WEIR_LOG_WARN);
    assert_true(fired > 40 && unknown > 0);
}

/* --- checkpoints --- */

static bool not_the_first_commits(const char *name)
{
    return !weir_str_starts(weir_str(name), "0000000000000000000") || strstr(name, "checkpoint") || strcmp(name, "00000000000000000010.json") >= 0;
}

static void a_checkpoint_and_its_tail_are_the_log(void **state)
{
    struct fixture *f = *state;
    struct weir_error err = {0};
    weir_delta *table = new_table(f);
    int64_t version = 0;
    for (int i = 1; i <= 13; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "f%d%%20x.parquet", i);
        weir_snapshot *snapshot = newest(table);
        weir_txn *txn = weir_txn_begin(table, snapshot);
        struct weir_add add = a_file(path);
        if (i == 5) {
            weir_txn_remove_all(txn);
        }
        weir_txn_set_app(txn, i % 2 ? "odd" : "even", i);
        weir_txn_add_file(txn, &add);
        check_ok(weir_txn_commit(txn, &version, &err), &err);
        weir_txn_free(txn);
        weir_snapshot_unref(snapshot);
    }
    char *whole = fresh_state(f->folder);
    char *checkpoint = log_path(f, "00000000000000000010.checkpoint.parquet");
    char *hint = log_path(f, "_last_checkpoint");
    assert_int_equal(access(checkpoint, R_OK), 0);
    char *hint_text = test_read_file(hint, NULL);
    assert_true(strncmp(hint_text, "{\"version\":10,\"size\":", 21) == 0);
    assert_non_null(strstr(hint_text, "\"numOfAddFiles\":6}"));

    char *from = weir_path_join(f->folder, "_delta_log");
    char *copy = test_make_folder();
    char *to = weir_path_join(copy, "_delta_log");
    copy_folder(from, to, not_the_first_commits);
    char *tail = fresh_state(copy);
    assert_string_equal(tail, whole);
    weir_delta *cut = weir_delta_open(weir_fs_posix(), copy);
    weir_snapshot *snapshot = newest(cut);
    int64_t batch = 0;
    assert_true(weir_snapshot_txn(snapshot, "even", &batch) && batch == 12);
    assert_true(weir_snapshot_txn(snapshot, "odd", &batch) && batch == 13);
    assert_int_equal(weir_snapshot_row_count(snapshot), 9 * 3);
    weir_snapshot_unref(snapshot);
    snapshot = NULL;
    assert_int_equal(weir_delta_snapshot_at(cut, 9, &snapshot, &err), WEIR_NOT_FOUND);
    assert_string_equal(err.condition, "DELTA_LOG_TRUNCATED");
    assert_int_equal(weir_delta_snapshot_at(cut, 99, &snapshot, &err), WEIR_NOT_FOUND);
    weir_delta_close(cut);

    assert_int_equal(unlink(checkpoint), 0);
    assert_int_equal(unlink(hint), 0);
    char *all = fresh_state(f->folder);
    assert_string_equal(all, whole);
    weir_free(all);
    weir_free(tail);
    weir_free(whole);
    weir_free(from);
    weir_free(to);
    weir_free(hint);
    weir_free(hint_text);
    weir_free(checkpoint);
    test_remove_folder(copy);
    weir_delta_close(table);
}

static void old_commits_go_when_the_table_is_old(void **state)
{
    struct fixture *f = *state;
    struct weir_error err = {0};
    weir_delta *table = weir_delta_open(weir_fs_posix(), f->folder);
    weir_options *properties = weir_options_new();
    weir_options_set(properties, "delta.checkpointInterval", "5");
    check_ok(create(f, table, properties, &err), &err);
    weir_options_free(properties);
    int64_t version = 0;
    for (int i = 1; i <= 24; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "f%d.parquet", i);
        check_ok(append(table, path, &version, &err), &err);
        if (i <= 18) { /* made 60 days ago */
            char *file = weir_asprintf("%s/_delta_log/%020d.json", f->folder, i - 1);
            struct timespec old = {.tv_sec = weir_now_ms() / 1000 - 60 * 86400 + i};
            struct timespec times[2] = {old, old};
            assert_int_equal(utimensat(AT_FDCWD, file, times, 0), 0);
            weir_free(file);
        }
    }
    char *before = fresh_state(f->folder);
    check_ok(append(table, "f25.parquet", &version, &err), &err); /* version 25: checkpoint, cleanup */
    weir_free(before);
    char *gone = log_path(f, "00000000000000000014.json");
    char *gone_checkpoint = log_path(f, "00000000000000000010.checkpoint.parquet");
    char *kept = log_path(f, "00000000000000000015.json");
    char *kept_checkpoint = log_path(f, "00000000000000000015.checkpoint.parquet");
    assert_int_not_equal(access(gone, R_OK), 0);
    assert_int_not_equal(access(gone_checkpoint, R_OK), 0);
    assert_int_equal(access(kept, R_OK), 0);
    assert_int_equal(access(kept_checkpoint, R_OK), 0);
    for (int64_t v = 15; v <= 25; v++) { /* every version that is left opens */
        weir_snapshot *snapshot = NULL;
        weir_delta *fresh = weir_delta_open(weir_fs_posix(), f->folder);
        check_ok(weir_delta_snapshot_at(fresh, v, &snapshot, &err), &err);
        assert_int_equal(weir_snapshot_file_count(snapshot), v);
        weir_snapshot_unref(snapshot);
        weir_delta_close(fresh);
    }
    weir_free(gone);
    weir_free(gone_checkpoint);
    weir_free(kept);
    weir_free(kept_checkpoint);
    weir_delta_close(table);
}

/* --- damage, time, gates --- */

static void damage_is_an_error(void **state)
{
    struct fixture *f = *state;
    static const struct { const char *bytes; const char *condition; } cases[] = {
        {"", "DELTA_COMMIT_EMPTY"},
        {" \n", "DELTA_COMMIT_EMPTY"},
        {"{\"commitInfo\":{\"timestamp\":1}}\n{\"add\":{\"path\":\"x.parq", "DELTA_LOG_CORRUPT"},
        {"{\"add\":{\"size\":3}}\n", "DELTA_LOG_CORRUPT"},
        {"{\"add\":{\"path\":\"x\",\"size\":\"3\"}}\n", "DELTA_LOG_CORRUPT"},
        {"[1]\n", "DELTA_LOG_CORRUPT"},
        {"{\"add\":{\"path\":\"x\"}}\n{\"add\":{\"path\":\"x\"}}\n", "DELTA_LOG_CORRUPT"},
        {"{\"add\":{\"path\":\"x\"}}\n{\"remove\":{\"path\":\"x\"}}\n", "DELTA_LOG_CORRUPT"},
        {"{\"txn\":{\"appId\":\"a\",\"version\":1}}\n{\"txn\":{\"appId\":\"a\",\"version\":2}}\n", "DELTA_LOG_CORRUPT"},
        {"{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n", "DELTA_LOG_CORRUPT"},
    };
    weir_delta *table = new_table(f);
    int64_t version = 0;
    struct weir_error err = {0};
    check_ok(append(table, "a.parquet", &version, &err), &err);
    char *path = log_path(f, "00000000000000000002.json");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        weir_snapshot *snapshot = NULL;
        test_write_file(path, cases[i].bytes, strlen(cases[i].bytes));
        assert_int_equal(weir_delta_snapshot(table, &snapshot, &err), WEIR_CORRUPT);
        assert_string_equal(err.condition, cases[i].condition);
        assert_non_null(strstr(err.msg, "00000000000000000002.json"));
        weir_delta *fresh = weir_delta_open(weir_fs_posix(), f->folder);
        assert_int_equal(weir_delta_snapshot(fresh, &snapshot, &err), WEIR_CORRUPT);
        check_ok(weir_delta_snapshot_at(fresh, 1, &snapshot, &err), &err); /* what is whole can be read */
        weir_snapshot_unref(snapshot);
        weir_delta_close(fresh);
    }
    assert_int_equal(unlink(path), 0);
    weir_snapshot *snapshot = newest(table);
    assert_int_equal(weir_snapshot_version(snapshot), 1);
    weir_snapshot_unref(snapshot);
    weir_free(path);
    weir_delta_close(table);
}

static void versions_by_time(void **state)
{
    struct fixture *f = *state;
    struct weir_error err = {0};
    weir_delta *table = new_table(f);
    int64_t version = 0;
    check_ok(append(table, "a.parquet", &version, &err), &err);
    check_ok(append(table, "b.parquet", &version, &err), &err);
    /* 1 000 s, 3 000 s, and a clock that went back to 2 000 s: version 2 counts as 1 ms after version 1. */
    static const int seconds[] = {1000, 3000, 2000};
    for (int v = 0; v < 3; v++) {
        char *file = weir_asprintf("%s/_delta_log/%020d.json", f->folder, v);
        struct timespec times[2] = {{.tv_sec = seconds[v]}, {.tv_sec = seconds[v]}};
        assert_int_equal(utimensat(AT_FDCWD, file, times, 0), 0);
        weir_free(file);
    }
    static const struct { int64_t us; int64_t version; weir_rc rc; } cases[] = {
        {999999999, -1, WEIR_NOT_FOUND}, {1000000000, 0, WEIR_OK}, {2999999999, 0, WEIR_OK}, {3000000000, 1, WEIR_OK},
        {3000000999, 1, WEIR_OK}, {3000001000, 2, WEIR_OK}, {3000001001, -1, WEIR_INVALID},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(weir_delta_version_at_time(table, cases[i].us, &version, &err), cases[i].rc);
        assert_int_equal(version, cases[i].version);
    }
    weir_delta_close(table);
}

static void a_table_made_again_is_seen(void **state)
{
    struct fixture *f = *state;
    struct weir_error err = {0};
    char *folder = weir_path_join(f->folder, "again");
    int64_t version = 0;
    weir_delta *table = weir_delta_open(weir_fs_posix(), folder);
    check_ok(create(f, table, NULL, &err), &err);
    check_ok(append(table, "a.parquet", &version, &err), &err);
    weir_snapshot *snapshot = newest(table);
    char *id = weir_strdup(weir_snapshot_metadata(snapshot)->id);
    weir_snapshot_unref(snapshot);
    check_ok(weir_fs_remove_tree(weir_fs_posix(), folder, &err), &err);
    assert_int_equal(weir_delta_snapshot(table, &snapshot, &err), WEIR_NOT_FOUND);
    assert_string_equal(err.condition, "DELTA_TABLE_NOT_FOUND");
    assert_false(weir_delta_exists(table));
    weir_delta *other = weir_delta_open(weir_fs_posix(), folder);
    check_ok(create(f, other, NULL, &err), &err);
    snapshot = newest(table);
    assert_int_equal(weir_snapshot_version(snapshot), 0);
    assert_string_not_equal(weir_snapshot_metadata(snapshot)->id, id);
    weir_snapshot_unref(snapshot);
    weir_delta_close(other);
    weir_delta_close(table);
    weir_free(id);
    weir_free(folder);
}

static void what_cannot_be_kept_is_refused(void **state)
{
    struct fixture *f = *state;
    static const struct { const char *protocol, *configuration, *metadata, *name; } cases[] = {
        {"1,\"minWriterVersion\":2", "", "{}", NULL},
        {"1,\"minWriterVersion\":6", "", "{}", NULL}, /* listed by number, not in use */
        {"1,\"minWriterVersion\":3", "\"delta.constraints.c\":\"id > 0\"", "{}", "checkConstraints"},
        {"1,\"minWriterVersion\":2", "", "{\"delta.invariants\":\"{}\"}", "invariants"},
        {"1,\"minWriterVersion\":4", "", "{\"delta.generationExpression\":\"id\"}", "generatedColumns"},
        {"1,\"minWriterVersion\":4", "\"delta.enableChangeDataFeed\":\"true\"", "{}", "changeDataFeed"},
        {"1,\"minWriterVersion\":4", "\"delta.enableChangeDataFeed\":\"false\"", "{}", NULL},
        {"1,\"minWriterVersion\":6", "", "{\"delta.identity.start\":1}", "identityColumns"},
        {"1,\"minWriterVersion\":7,\"writerFeatures\":[\"appendOnly\",\"invariants\",\"changeDataFeed\"]", "", "{}", NULL},
        {"1,\"minWriterVersion\":7,\"writerFeatures\":[\"inCommitTimestamp\"]", "\"delta.enableInCommitTimestamps\":\"true\"", "{}", "inCommitTimestamp"},
        {"1,\"minWriterVersion\":7,\"writerFeatures\":[\"rowTracking\",\"domainMetadata\"]", "", "{}", "rowTracking"},
        {"1,\"minWriterVersion\":7,\"writerFeatures\":[\"someNewThing\"]", "", "{}", "someNewThing"},
        {"1,\"minWriterVersion\":7,\"writerFeatures\":[\"icebergCompatV2\"]", "\"delta.enableIcebergCompatV2\":\"true\"", "{}", "icebergCompat"},
        {"1,\"minWriterVersion\":7,\"writerFeatures\":[\"allowColumnDefaults\"]", "", "{\"CURRENT_DEFAULT\":\"1\"}", "allowColumnDefaults"},
        {"1,\"minWriterVersion\":8", "", "{}", "version 8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *folder = weir_asprintf("%s/g%zu", f->folder, i);
        char *log = weir_asprintf("%s/_delta_log", folder);
        char *path = weir_asprintf("%s/00000000000000000000.json", log);
        assert_int_equal(mkdir(folder, 0755), 0);
        assert_int_equal(mkdir(log, 0755), 0);
        struct weir_buf schema;
        struct weir_buf text;
        weir_buf_init(&schema, 0);
        weir_buf_init(&text, 0);
        char *plain = weir_asprintf("{\"type\":\"struct\",\"fields\":[{\"name\":\"delta.invariants\",\"type\":\"long\",\"nullable\":true,\"metadata\":%s}]}", cases[i].metadata);
        weir_json_escape(&schema, weir_str(plain));
        weir_buf_printf(&text, "{\"protocol\":{\"minReaderVersion\":%s}}\n{\"metaData\":{\"id\":\"x\",\"format\":{\"provider\":\"parquet\",\"options\":{}},\"schemaString\":\"%s\",\"partitionColumns\":[],\"configuration\":{%s}}}\n",
                        cases[i].protocol, schema.data, cases[i].configuration);
        test_write_file(path, text.data, text.len);
        weir_delta *table = weir_delta_open(weir_fs_posix(), folder);
        weir_snapshot *snapshot = newest(table);
        struct weir_error err = {0};
        int64_t version = 0;
        weir_rc rc = append_on(table, snapshot, "a.parquet", NULL, 0, &version, &err);
        if (cases[i].name) {
            assert_int_equal(rc, WEIR_UNSUPPORTED);
            assert_non_null(strstr(err.msg, cases[i].name));
        } else {
            check_ok(rc, &err);
        }
        weir_snapshot_unref(snapshot);
        weir_delta_close(table);
        weir_free(plain);
        weir_buf_free(&schema);
        weir_buf_free(&text);
        weir_free(folder);
        weir_free(log);
        weir_free(path);
    }
}

static void new_tables_are_checked(void **state)
{
    struct fixture *f = *state;
    static const struct { const char *ddl, *partition, *property, *value; weir_rc rc; const char *condition; } cases[] = {
        {"a INT", NULL, "DELTA.APPENDONLY", "true", WEIR_OK, NULL},
        {"a INT", NULL, "mine", "x", WEIR_OK, NULL},
        {"a INT", NULL, "delta.enableDeletionVectors", "true", WEIR_UNSUPPORTED, "DELTA_PROPERTY_UNSUPPORTED"},
        {"a INT", NULL, "delta.someNewThing", "1", WEIR_UNSUPPORTED, "DELTA_PROPERTY_UNSUPPORTED"},
        {"a INT", NULL, "delta.logRetentionDuration", "interval 2 weeks", WEIR_OK, NULL},
        {"a INT", NULL, "delta.logRetentionDuration", "a while", WEIR_UNSUPPORTED, "DELTA_PROPERTY_UNSUPPORTED"},
        {"a INT", "b", NULL, NULL, WEIR_INVALID, "DELTA_PARTITION_COLUMN_NOT_FOUND"},
        {"a INT", "a", NULL, NULL, WEIR_INVALID, "DELTA_ONLY_PARTITION_COLUMNS"},
        {"a INT, b ARRAY<INT>", "b", NULL, NULL, WEIR_UNSUPPORTED, "DELTA_PARTITION_TYPE"},
        {"`a b` INT", NULL, NULL, NULL, WEIR_INVALID, "DELTA_INVALID_COLUMN_NAME"},
        {"a INT, t TIMESTAMP_NTZ", NULL, NULL, NULL, WEIR_OK, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *folder = weir_asprintf("%s/n%zu", f->folder, i);
        struct weir_error err = {0};
        weir_schema *schema = NULL;
        weir_options *properties = weir_options_new();
        check_ok(weir_schema_parse_ddl(f->arena, weir_str(cases[i].ddl), &schema, &err), &err);
        if (cases[i].property) {
            weir_options_set(properties, cases[i].property, cases[i].value);
        }
        struct weir_table_spec spec = {.schema = schema, .partition_columns = &cases[i].partition, .partition_count = cases[i].partition != NULL, .properties = properties};
        weir_delta *table = weir_delta_open(weir_fs_posix(), folder);
        weir_txn *txn = weir_txn_begin(table, NULL);
        weir_rc rc = weir_txn_create(txn, &spec, &err);
        assert_int_equal(rc, cases[i].rc);
        if (rc == WEIR_OK) {
            int64_t version = 0;
            check_ok(weir_txn_commit(txn, &version, &err), &err);
            weir_snapshot *snapshot = newest(table);
            const struct weir_protocol *protocol = weir_snapshot_protocol(snapshot);
            bool ntz = strstr(cases[i].ddl, "NTZ") != NULL;
            assert_int_equal(protocol->reader, ntz ? 3 : 1);
            assert_int_equal(protocol->writer, ntz ? 7 : 2);
            if (i == 0) {
                assert_string_equal(weir_options_get(weir_snapshot_metadata(snapshot)->configuration, "delta.appendOnly"), "true");
                struct weir_add add = a_file("a.parquet");
                check_ok(append_on(table, snapshot, "a.parquet", NULL, 0, &version, &err), &err);
                weir_snapshot *second = newest(table);
                weir_txn *overwrite = weir_txn_begin(table, second);
                weir_txn_remove_all(overwrite);
                weir_txn_add_file(overwrite, &add);
                assert_int_equal(weir_txn_commit(overwrite, &version, &err), WEIR_UNSUPPORTED);
                assert_string_equal(err.condition, "DELTA_APPEND_ONLY");
                weir_txn_free(overwrite);
                weir_snapshot_unref(second);
            }
            weir_snapshot_unref(snapshot);
        } else {
            assert_string_equal(err.condition, cases[i].condition);
        }
        weir_txn_free(txn);
        weir_delta_close(table);
        weir_options_free(properties);
        weir_free(folder);
    }
}

static void files_are_remembered_and_taken_back(void **state)
{
    struct fixture *f = *state;
    struct weir_error err = {0};
    struct weir_buf lines, again;
    int64_t version = 0;
    static const char *const partitions[] = {"p"};
    weir_delta *table = weir_delta_open(weir_fs_posix(), f->folder);
    const struct weir_table_spec spec = {.schema = f->schema, .partition_columns = partitions, .partition_count = 1};
    weir_txn *made = weir_txn_begin(table, NULL);
    check_ok(weir_txn_create(made, &spec, &err), &err);
    check_ok(weir_txn_commit(made, &version, &err), &err);
    weir_txn_free(made);
    weir_snapshot *snapshot = newest(table);
    const struct weir_partition_value values[] = {{"p", "x=1"}};
    struct weir_add file = a_file("a%20b/c%3D1.parquet");
    char *folder = weir_path_join(f->folder, "a b"), *path = weir_path_join(folder, "c=1.parquet"), bytes[100] = {0};
    file.partition_values = values;
    file.partition_count = 1;
    assert_int_equal(mkdir(folder, 0755), 0);
    test_write_file(path, bytes, sizeof bytes);
    weir_buf_init(&lines, 0);
    weir_buf_init(&again, 0);
    weir_txn *first = weir_txn_begin(table, snapshot);
    weir_txn_add_file(first, &file);
    weir_txn_print_files(first, &lines);
    weir_txn_free(first); /* it is never committed */
    weir_txn *second = weir_txn_begin(table, snapshot);
    weir_txn_set_app(second, "app", 4);
    check_ok(weir_txn_take_files(second, weir_buf_view(&lines), &err), &err);
    weir_txn_print_files(second, &again);
    assert_string_equal(lines.data, again.data);
    check_ok(weir_txn_commit(second, &version, &err), &err);
    weir_txn_free(second);
    weir_snapshot_unref(snapshot);
    snapshot = newest(table);
    assert_int_equal(weir_snapshot_file_count(snapshot), 1);
    assert_string_equal(weir_snapshot_file(snapshot, 0)->path, "a%20b/c%3D1.parquet");
    assert_int_equal(weir_snapshot_row_count(snapshot), 3);
    /* a file of another size, or none, is not what was written */
    weir_txn *third = weir_txn_begin(table, snapshot);
    test_write_file(path, bytes, sizeof bytes - 1);
    assert_int_equal(weir_txn_take_files(third, weir_buf_view(&lines), &err), WEIR_NOT_FOUND);
    assert_string_equal(err.condition, "DELTA_STAGED_FILE_MISSING");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(weir_txn_take_files(third, weir_buf_view(&lines), &err), WEIR_NOT_FOUND);
    assert_int_equal(weir_txn_take_files(third, WEIR_STR("{\"txn\":{\"appId\":\"a\",\"version\":1}}\n"), &err), WEIR_CORRUPT);
    assert_int_equal(weir_txn_take_files(third, WEIR_STR("{\"add\":{\"path\""), &err), WEIR_CORRUPT);
    assert_int_equal(weir_txn_take_files(third, WEIR_STR("{\"add\":{\"path\":\"x\",\"partitionValues\":{},\"size\":1,\"modificationTime\":1,\"dataChange\":true}}"), &err), WEIR_CORRUPT);
    weir_txn_free(third);
    weir_snapshot_unref(snapshot);
    weir_delta_close(table);
    weir_buf_free(&lines);
    weir_buf_free(&again);
    weir_free(folder);
    weir_free(path);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_commit_reads_like_sparks), TEST(overwrite_removes_what_was_there), TEST(conflicts), TEST(a_batch_is_in_the_table_once),
        TEST(many_writers_lose_nothing), TEST(one_creator_wins), TEST(two_processes_append), TEST(one_handle_for_many_threads), TEST(replaced_files_do_not_pile_up), TEST(no_code_lies),
        TEST(a_checkpoint_and_its_tail_are_the_log), TEST(old_commits_go_when_the_table_is_old), TEST(damage_is_an_error), TEST(versions_by_time),
        TEST(a_table_made_again_is_seen), TEST(what_cannot_be_kept_is_refused), TEST(new_tables_are_checked),
        TEST(files_are_remembered_and_taken_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
