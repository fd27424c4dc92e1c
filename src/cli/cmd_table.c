/* cmd_table.c - `weir files`, `weir status`, `weir history`: what became of files, queries and tables. */
#include "cli/cli.h"
#include "base/json.h"
#include "base/uri.h"
#include <stdio.h>
#include <stdlib.h>

static const char *number(struct cli *cli, int64_t n)
{
    return n < 0 ? NULL : weir_arena_printf(cli->arena, "%lld", (long long)n);
}

/* --- checkpoints of a table: <root>/_checkpoints/c/s/t/flow/n, the newest of each flow; and the project's storage --- */

struct found {
    struct cli *cli;
    const char **folders;
    size_t count, cap;
};

static weir_rc add_name(void *arg, const char *name, const struct weir_file_info *info, struct weir_error *err)
{
    struct found *found = arg;
    (void)err;
    if (info->is_dir) {
        WEIR_PUSH(found->folders, found->count, found->cap) = weir_arena_strdup(found->cli->arena, name);
    }
    return WEIR_OK;
}

static int by_number(const void *a, const void *b)
{
    int64_t x = -1, y = -1;
    (void)weir_str_to_i64(weir_str(*(const char *const *)a), &x);
    (void)weir_str_to_i64(weir_str(*(const char *const *)b), &y);
    return x < y ? -1 : x > y;
}

static void add_flows(struct found *out, const char *storage, const struct weir_target *t)
{
    struct found flows = {.cli = out->cli}, numbers;
    const char *base = weir_arena_printf(out->cli->arena, "%s/_checkpoints/%s/%s/%s", storage, t->catalog, t->schema, t->name);
    if (weir_fs_list(weir_fs_posix(), base, add_name, &flows, NULL) == WEIR_OK) {
        for (size_t i = 0; i < flows.count; i++) {
            const char *flow = weir_arena_printf(out->cli->arena, "%s/%s", base, flows.folders[i]);
            numbers = (struct found){.cli = out->cli};
            if (weir_fs_list(weir_fs_posix(), flow, add_name, &numbers, NULL) == WEIR_OK && numbers.count > 0) {
                qsort(numbers.folders, numbers.count, sizeof *numbers.folders, by_number);
                WEIR_PUSH(out->folders, out->count, out->cap) = weir_arena_printf(out->cli->arena, "%s/%s", flow, numbers.folders[numbers.count - 1]);
            }
            weir_free(numbers.folders);
        }
    }
    weir_free(flows.folders);
}

static weir_rc find_checkpoints(struct cli *cli, const struct cli_lake *lake, const struct weir_target *target, struct found *out, struct weir_error *err)
{
    const char *given = cli_get(cli, "--checkpoint");
    *out = (struct found){.cli = cli};
    if (given) {
        char *path = weir_path_absolute(NULL, given);
        WEIR_PUSH(out->folders, out->count, out->cap) = weir_arena_strdup(cli->arena, path);
        weir_free(path);
        return WEIR_OK;
    }
    if (target->by_path || !lake->catalog) {
        return cli_usage_error(err, "%s: name its checkpoint with --checkpoint DIR", target->full_name);
    }
    add_flows(out, weir_catalog_root(lake->catalog), target);
    weir_project *project = NULL;
    if (weir_project_load(NULL, NULL, &project, NULL) == WEIR_OK && weir_project_storage(project)) {
        add_flows(out, weir_project_storage(project), target);
    }
    weir_project_free(project);
    return WEIR_OK;
}

static weir_rc resolve(struct cli *cli, const struct cli_lake *lake, struct weir_target *target, struct weir_error *err)
{
    struct weir_name name;
    const char *text = cli->args[0];
    if (strncmp(text, "delta.`", 7) == 0 && text[strlen(text) - 1] == '`') {
        char *path = weir_path_absolute(NULL, weir_arena_strndup(cli->arena, text + 7, strlen(text) - 8));
        *target = (struct weir_target){.by_path = true, .full_name = text, .format = "delta", .location = weir_arena_strdup(cli->arena, path)};
        weir_free(path);
        return WEIR_OK;
    }
    WEIR_TRY(cli_name(cli, text, &name, err));
    weir_rc rc = weir_session_target(lake->session, cli->arena, &name, target, err);
    if (rc == WEIR_OK) {
        weir_object_free_options(&target->object);
    }
    return rc;
}

/* A file in a volume is shown by its /Volumes path. */
static const char *shown_path(struct cli *cli, const struct cli_lake *lake, const char *path)
{
    if (!lake->catalog || path[0] != '/') {
        return path;
    }
    char *shown = weir_catalog_display_path(lake->catalog, path);
    const char *copy = weir_arena_strdup(cli->arena, shown);
    weir_free(shown);
    return copy;
}

static weir_rc print_files(struct cli *cli, const struct cli_lake *lake, const struct found *found, struct weir_error *err)
{
    static const char *const NAMES[] = {"path", "state", "size", "rows", "bad_rows", "batch", "version", "modified", "taken", "why"};
    static const bool NUMERIC[] = {false, false, true, true, true, true, true, false, false, false};
    struct cli_rows rows;
    cli_rows_init(&rows, cli, NAMES, NUMERIC, 10);
    for (size_t i = 0; i < found->count; i++) {
        struct weir_file_state *files = NULL;
        size_t count = 0;
        WEIR_TRY(weir_stream_files(weir_fs_posix(), found->folders[i], cli->arena, &files, &count, err));
        for (size_t k = 0; k < count; k++) {
            const struct weir_file_state *f = &files[k];
            cli_rows_add(&rows, (const char *const[]){shown_path(cli, lake, f->path), f->state, number(cli, f->size), number(cli, f->rows), number(cli, f->bad_rows), number(cli, f->batch), number(cli, f->version),
                                                      cli_time_ms(cli, f->mtime_ms), cli_time_ms(cli, f->taken_ms), f->why});
        }
    }
    return cli_rows_print(cli, &rows, err);
}

weir_rc cli_run_files(struct cli *cli, struct weir_error *err)
{
    struct cli_lake lake;
    struct weir_target target;
    struct found found = {0};
    WEIR_TRY(cli_lake_open(cli, CLI_LAKE_OPTIONAL, &lake, err));
    weir_rc rc = resolve(cli, &lake, &target, err);
    if (rc == WEIR_OK) {
        rc = find_checkpoints(cli, &lake, &target, &found, err);
    }
    if (rc == WEIR_OK && found.count == 0) {
        rc = weir_fail(err, WEIR_NOT_FOUND, "CHECKPOINT_NOT_FOUND", "%s has no checkpoint: no stream has written it here; if its checkpoint lies elsewhere, name it with --checkpoint DIR", target.full_name);
    }
    if (rc == WEIR_OK) {
        rc = print_files(cli, &lake, &found, err);
    }
    weir_free(found.folders);
    cli_lake_close(&lake);
    return rc;
}

/* --- status: every table that a stream writes --- */

static weir_rc add_status(struct cli *cli, const struct weir_target *target, const char *folder, struct cli_rows *rows, struct weir_error *err)
{
    struct weir_stream_status s;
    const struct weir_json *progress = NULL;
    const char *when = NULL;
    WEIR_TRY(weir_stream_status_read(weir_fs_posix(), folder, target->location, cli->arena, &s, err));
    if (s.last_progress && weir_json_parse(cli->arena, weir_str(s.last_progress), &progress, NULL) == WEIR_OK) {
        when = weir_json_string(weir_json_get(progress, "timestamp"));
    }
    const char *state = s.running ? "running" : s.last_offset > s.last_commit ? "interrupted" : "at rest";
    cli_rows_add(rows, (const char *const[]){target->full_name, state, number(cli, s.last_commit + 1), number(cli, s.files_seen), when, s.running ? s.holder : NULL, s.id, folder});
    return WEIR_OK;
}

static weir_rc all_status(struct cli *cli, const struct cli_lake *lake, struct cli_rows *rows, struct weir_error *err)
{
    struct weir_object *tables = NULL;
    size_t count = 0;
    WEIR_TRY(weir_catalog_list(lake->catalog, cli->arena, WEIR_OBJ_TABLE, NULL, NULL, NULL, &tables, &count, err));
    weir_rc rc = WEIR_OK;
    for (size_t i = 0; i < count; i++) {
        const struct weir_object *t = &tables[i];
        struct weir_target target = {.catalog = t->catalog, .schema = t->schema, .name = t->name, .full_name = t->full_name, .format = t->format, .location = t->location};
        struct found found = {0};
        if (rc == WEIR_OK && strcmp(t->format, "delta") == 0) {
            rc = find_checkpoints(cli, lake, &target, &found, err);
        }
        for (size_t k = 0; rc == WEIR_OK && k < found.count; k++) {
            rc = add_status(cli, &target, found.folders[k], rows, err);
        }
        weir_free(found.folders);
        weir_object_free_options(&tables[i]);
    }
    return rc;
}

weir_rc cli_run_status(struct cli *cli, struct weir_error *err)
{
    static const char *const NAMES[] = {"table", "state", "batches", "files", "last_batch", "held_by", "query_id", "checkpoint"};
    static const bool NUMERIC[] = {false, false, true, true, false, false, false, false};
    struct cli_lake lake;
    struct cli_rows rows;
    WEIR_TRY(cli_lake_open(cli, CLI_LAKE_OPEN, &lake, err));
    cli_rows_init(&rows, cli, NAMES, NUMERIC, 8);
    weir_rc rc = all_status(cli, &lake, &rows, err);
    if (rc == WEIR_OK) {
        rc = cli_rows_print(cli, &rows, err);
    }
    cli_lake_close(&lake);
    return rc;
}

/* --- history --- */

static const char *object_text(struct cli *cli, const struct weir_json *value)
{
    return value && value->kind == WEIR_JSON_OBJECT ? weir_arena_strndup(cli->arena, value->raw.ptr, value->raw.len) : NULL;
}

weir_rc cli_run_history(struct cli *cli, struct weir_error *err)
{
    static const char *const NAMES[] = {"version", "timestamp", "operation", "operationParameters", "operationMetrics", "engineInfo"};
    static const bool NUMERIC[] = {true, false, false, false, false, false};
    struct cli_lake lake;
    struct cli_rows rows;
    struct weir_target target;
    struct weir_commit_info *infos = NULL;
    size_t count = 0;
    int64_t limit = 0;
    WEIR_TRY(cli_int(cli, "--limit", 0, &limit, err));
    WEIR_TRY(cli_lake_open(cli, CLI_LAKE_OPTIONAL, &lake, err));
    weir_rc rc = resolve(cli, &lake, &target, err);
    if (rc == WEIR_OK) {
        rc = weir_delta_history(weir_engine_table(lake.engine, target.location), (size_t)limit, cli->arena, &infos, &count, err);
    }
    cli_rows_init(&rows, cli, NAMES, NUMERIC, 6);
    for (size_t i = 0; rc == WEIR_OK && i < count; i++) {
        const struct weir_json *info = infos[i].json;
        cli_rows_add(&rows, (const char *const[]){number(cli, infos[i].version), cli_time_ms(cli, infos[i].timestamp_ms), infos[i].operation, object_text(cli, weir_json_get(info, "operationParameters")),
                                                  object_text(cli, weir_json_get(info, "operationMetrics")), weir_json_string(weir_json_get(info, "engineInfo"))});
    }
    if (rc == WEIR_OK) {
        rc = cli_rows_print(cli, &rows, err);
    }
    cli_lake_close(&lake);
    return rc;
}
