/* crash_world.h - the small medallion that the crash campaigns break: a folder of CSV -> bronze (a stream) -> silver (a stream over it) -> gold (a view).
 *
 * Bronze and gold set rows aside: each of their batches and refreshes is two commits, of the quarantine and of the table. Which rows bronze sets aside is by chance, and other ones
 * each time the batch is computed: only if a batch is finished as it was prepared is each row in one of the two tables, and in one only. With the second step comes a column, to both.
 *
 *     <dir>/in/          the user's files: not ours to lose
 *     <dir>/project/     spark-pipeline.yml and SQL
 *     <dir>/lake/        everything that weir writes: the part that is failed, journalled and cut
 *
 * One step is: a file arrives, the pipeline runs to its end. Two steps make the run that the campaigns take apart. */
#pragma once
#include "unit/test_util.h"
#include "os/faultfs.h"
#include "os/journalfs.h"
#include "os/thread.h"
#include "pipeline/pipeline.h"

struct world {
    char *dir, *lake;
};
#define WORLD_STEP_ROWS 7 /* rows in each file: ids step*100 .. */

static inline void world_write(const struct world *world, const char *name, const char *text)
{
    char *path = weir_path_join(world->dir, name);
    test_write_file(path, text, strlen(text));
    weir_free(path);
}

static inline void world_make_folder(const struct world *world, const char *name)
{
    char *path = weir_path_join(world->dir, name);
    assert_int_equal(weir_fs_mkdirs(weir_fs_posix(), path, NULL), WEIR_OK);
    weir_free(path);
}

static inline void world_project(const struct world *world)
{
    char *spec = weir_asprintf("name: crash\nstorage: file://%s/lake\ndatabase: d\nlibraries:\n  - glob:\n      include: sql/**\n", world->dir);
    char *sql = weir_asprintf("CREATE STREAMING TABLE d.bronze (CONSTRAINT lucky EXPECT (luck < 0.5) ON VIOLATION QUARANTINE) AS\n"
                              "  SELECT *, _metadata.file_name AS file, CASE id %% 100 WHEN 0 THEN 0.0D WHEN 1 THEN 0.9D ELSE rand() END AS luck\n"
                              "  FROM STREAM read_files('%s/in', format => 'csv', header => true, schemaHints => 'id BIGINT, v DOUBLE');\n"
                              "CREATE STREAMING TABLE d.silver (CONSTRAINT not3 EXPECT (id %% 100 <> 3) ON VIOLATION DROP ROW) AS\n"
                              "  SELECT id, v * 2 AS w FROM STREAM d.bronze UNION ALL SELECT id, v * 2 AS w FROM STREAM d.bronze__quarantine;\n"
                              "CREATE MATERIALIZED VIEW d.gold (CONSTRAINT even EXPECT (part = 0) ON VIOLATION QUARANTINE) AS\n"
                              "  SELECT id %% 2 AS part, count(*) AS n, sum(id) AS ids FROM d.silver GROUP BY id %% 2;\n",
                              world->dir);
    world_make_folder(world, "project/sql");
    world_write(world, "project/spark-pipeline.yml", spec);
    world_write(world, "project/sql/all.sql", sql);
    weir_free(spec);
    weir_free(sql);
}

/* A file arrives, as a careful producer lets it: whole, by rename. */
static inline void world_arrive(const struct world *world, int step)
{
    struct weir_buf text;
    weir_buf_init(&text, 0);
    weir_buf_add_str(&text, step > 1 ? "extra,id,v\n" : "id,v\n"); /* a column comes with the second step */
    for (int i = 0; i < WORLD_STEP_ROWS; i++) {
        char *extra = weir_asprintf("%d,", i);
        weir_buf_printf(&text, "%s%d,%d.5\n", step > 1 ? extra : "", step * 100 + i, i);
        weir_free(extra);
    }
    char *name = weir_asprintf("in/f%d.csv", step), *hidden = weir_asprintf("in/.f%d.csv", step);
    char *path = weir_path_join(world->dir, name), *temp = weir_path_join(world->dir, hidden);
    world_write(world, hidden, text.data);
    assert_int_equal(weir_fs_rename(weir_fs_posix(), temp, path, NULL), WEIR_OK);
    weir_buf_free(&text);
    weir_free(name);
    weir_free(hidden);
    weir_free(path);
    weir_free(temp);
}

static inline weir_rc world_run(const struct world *world, weir_fs *fs, struct weir_error *err)
{
    weir_catalog *catalog = NULL;
    weir_engine *engine = NULL;
    weir_project *project = NULL;
    weir_arena *arena = weir_arena_new();
    char *spec = weir_path_join(world->dir, "project/spark-pipeline.yml");
    weir_error_clear(err);
    weir_rc rc = weir_project_load(spec, NULL, &project, err);
    if (rc == WEIR_OK) {
        rc = weir_catalog_open(fs, world->lake, true, &catalog, err);
    }
    if (rc == WEIR_OK) {
        char *temp = weir_path_join(world->dir, "spill");
        struct weir_engine_options options = {.fs = fs, .catalog = catalog, .threads = 1, .temp_folder = temp};
        rc = weir_engine_open(&options, &engine, err);
        weir_free(temp);
    }
    if (rc == WEIR_OK) {
        struct weir_run_options options = {.trigger = WEIR_TRIGGER_AVAILABLE_NOW, .threads = 1};
        struct weir_run_report report;
        rc = weir_pipeline_run(project, engine, &options, NULL, arena, &report, err);
    }
    if (engine) {
        weir_engine_close(engine);
    }
    if (catalog) {
        weir_catalog_close(catalog);
    }
    weir_project_free(project);
    weir_arena_free(arena);
    weir_free(spec);
    return rc;
}

/* Folder, project, lakehouse with its tables made (a run over an empty folder): what is there before the campaign's first call. */
static inline struct world world_new(void)
{
    /* In memory where that can be had: what is synced is the model's business here, and a disk's own fsync would only take time. */
    char template[64];
    snprintf(template, sizeof template, "%s/weir-crash-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(template));
    struct world world = {weir_strdup(template), weir_path_join(template, "lake")};
    struct weir_error err;
    world_make_folder(&world, "in");
    world_make_folder(&world, "spill");
    world_project(&world);
    world_write(&world, "in/f0.csv", "id,v\n"); /* for its names; it has no rows */
    char *location = weir_path_join(world.dir, "in");
    weir_catalog *catalog = NULL;
    weir_arena *arena = weir_arena_new();
    weir_error_clear(&err);
    weir_rc rc = weir_catalog_open(weir_fs_posix(), world.lake, true, &catalog, &err);
    struct weir_object object = {.kind = WEIR_OBJ_LOCATION, .name = "landing", .location = location};
    if (rc == WEIR_OK) {
        rc = weir_catalog_create(catalog, arena, &object, &err);
    }
    weir_catalog_close(catalog);
    weir_arena_free(arena);
    weir_free(location);
    if (rc == WEIR_OK) {
        rc = world_run(&world, weir_fs_posix(), &err);
    }
    if (rc != WEIR_OK) {
        fail_msg("the world could not be made: %s: %s", err.condition, err.msg);
    }
    return world;
}

static inline void world_free(struct world *world)
{
    assert_int_equal(weir_fs_remove_tree(weir_fs_posix(), world->dir, NULL), WEIR_OK);
    weir_free(world->dir);
    weir_free(world->lake);
}

/* cp -r of the lake, holes and times as they are; cp is what a person would use. */
static inline void world_copy(const char *from, const char *to)
{
    char *command = weir_asprintf("cp -a '%s' '%s'", from, to);
    assert_int_equal(system(command), 0);
    weir_free(command);
}

static inline int64_t world_number(weir_session *session, const char *sql, struct weir_error *err)
{
    struct weir_stmt *stmts = NULL;
    size_t count = 0;
    weir_result *result = NULL;
    struct weir_batch batch;
    int64_t value = -1;
    weir_arena *arena = weir_arena_new();
    weir_rc rc = weir_sql_parse(arena, weir_str(sql), &stmts, &count, err);
    if (rc == WEIR_OK) {
        rc = weir_session_run(session, &stmts[0], &result, err);
    }
    if (rc == WEIR_OK) {
        rc = weir_result_next(result, &batch, err);
    }
    if (rc == WEIR_OK) {
        value = weir_arrow_is_null(batch.array.children[0], 0) ? 0 : weir_arrow_i64(batch.array.children[0], WEIR_TYPE_LONG, 0);
        weir_batch_release(&batch);
    } else {
        fail_msg("%s: %s: %s", sql, err->condition, err->msg);
    }
    weir_result_close(result);
    weir_arena_free(arena);
    return value;
}

#define WORLD_BRONZE "SELECT id FROM d.bronze UNION ALL SELECT id FROM d.bronze__quarantine"
#define WORLD_GOLD "SELECT n, ids FROM d.gold UNION ALL SELECT n, ids FROM d.gold__quarantine"
/* `bronze` and `gold` are the tables with their quarantines; `aside` is what bronze's has and should not; `extra`, after recovery, has the column that came with the second step. */
struct world_counts {
    int64_t bronze, bronze_distinct, bronze_ids, silver, silver_distinct, gold_n, gold_ids, extra, aside;
};
static inline struct world_counts world_count(const struct world *world, int whole)
{
    struct weir_error err;
    weir_error_clear(&err);
    weir_catalog *catalog = NULL;
    weir_engine *engine = NULL;
    weir_session *session = NULL;
    struct world_counts counts = {0};
    weir_rc rc = weir_catalog_open(weir_fs_posix(), world->lake, false, &catalog, &err);
    struct weir_engine_options options = {.catalog = catalog, .threads = 1};
    if (rc == WEIR_OK) {
        rc = weir_engine_open(&options, &engine, &err);
    }
    if (rc == WEIR_OK) {
        rc = weir_session_open(engine, &session, &err);
    }
    if (rc != WEIR_OK) {
        fail_msg("%s: %s", err.condition, err.msg);
    }
    counts.bronze = world_number(session, "SELECT count(*) FROM (" WORLD_BRONZE ")", &err);
    counts.bronze_distinct = world_number(session, "SELECT count(DISTINCT id) FROM (" WORLD_BRONZE ")", &err);
    counts.bronze_ids = world_number(session, "SELECT sum(id) FROM (" WORLD_BRONZE ")", &err);
    counts.silver = world_number(session, "SELECT count(*) FROM d.silver", &err);
    counts.silver_distinct = world_number(session, "SELECT count(DISTINCT id) FROM d.silver", &err);
    counts.gold_n = world_number(session, "SELECT sum(n) FROM (" WORLD_GOLD ")", &err);
    counts.gold_ids = world_number(session, "SELECT sum(ids) FROM (" WORLD_GOLD ")", &err);
    counts.aside = world_number(session, "SELECT count(*) FROM d.bronze__quarantine WHERE luck < 0.5 OR size(_failed_expectations) <> 1", &err);
    counts.extra = whole > 1 ? world_number(session, "SELECT count(extra) FROM (SELECT extra FROM d.bronze UNION ALL SELECT extra FROM d.bronze__quarantine)", &err) : 0;
    weir_session_close(session);
    weir_engine_close(engine);
    weir_catalog_close(catalog);
    return counts;
}

/* Before recovery: whole files only, none twice, and at least what was acknowledged. */
static inline void world_check_acknowledged(const struct world *world, int steps, const char *what)
{
    struct world_counts c = world_count(world, 0);
    if (c.bronze != c.bronze_distinct || c.silver != c.silver_distinct || c.bronze < steps * WORLD_STEP_ROWS || c.silver < steps * (WORLD_STEP_ROWS - 1) || c.gold_n < steps * (WORLD_STEP_ROWS - 1)) {
        fail_msg("%s: after %d acknowledged steps bronze has %lld rows (%lld distinct), silver %lld (%lld), gold says %lld", what, steps, (long long)c.bronze, (long long)c.bronze_distinct, (long long)c.silver,
                 (long long)c.silver_distinct, (long long)c.gold_n);
    }
}

/* After recovery: every row of every file that arrived, each once, and the view equal to its recomputation. */
static inline void world_check_whole(const struct world *world, int steps, const char *what)
{
    struct world_counts c = world_count(world, steps);
    int64_t rows = steps * WORLD_STEP_ROWS, kept = steps * (WORLD_STEP_ROWS - 1), ids = 0, kept_ids = 0;
    for (int s = 1; s <= steps; s++) {
        for (int i = 0; i < WORLD_STEP_ROWS; i++) {
            ids += s * 100 + i;
            kept_ids += i == 3 ? 0 : s * 100 + i;
        }
    }
    if (c.extra != rows - WORLD_STEP_ROWS) {
        fail_msg("%s: %lld rows have the column that came with the second step, of %lld", what, (long long)c.extra, (long long)rows - WORLD_STEP_ROWS);
    }
    if (c.aside != 0 || c.bronze != rows || c.bronze_distinct != rows || c.bronze_ids != ids || c.silver != kept || c.silver_distinct != kept || c.gold_n != kept || c.gold_ids != kept_ids) {
        fail_msg("%s: bronze %lld rows (%lld distinct, sum %lld), silver %lld (%lld), gold n=%lld ids=%lld; wanted %lld, %lld, n=%lld ids=%lld", what, (long long)c.bronze, (long long)c.bronze_distinct,
                 (long long)c.bronze_ids, (long long)c.silver, (long long)c.silver_distinct, (long long)c.gold_n, (long long)c.gold_ids, (long long)rows, (long long)kept, (long long)kept, (long long)kept_ids);
    }
}

/* In `make soak` a campaign runs whole; in `make test` a part of it. */
static inline bool world_is_soak(void)
{
    const char *soak = getenv("WEIR_SOAK");
    return soak && *soak && strcmp(soak, "0") != 0;
}
