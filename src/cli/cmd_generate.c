/* cmd_generate.c - `weir generate events`: files of generated events into a volume or a plain folder, at once or at a rate.
 *
 * A file is named by the seed and the row it begins with, <prefix>-<seed>-<first row>.csv, and appears whole. What is there is never
 * replaced: a second call goes on with --first. */
#include "cli/cli.h"
#include "base/time.h"
#include "base/uri.h"
#include "cli/events.h"
#include "cli/files.h"
#include "os/thread.h"
#include <stdio.h>

#define CHUNK_BYTES ((size_t)4 << 20)
#define ROWS_MAX INT64_C(1000000000000)
#define FILES_MAX 1000000

struct generate {
    struct cli *cli;
    int64_t rows, files, seed, rate, first;
    const char *prefix;
    char *folder;  /* heap */
    char *chunk;
    cli_events *events;
    int64_t bytes, rows_done, files_done, begun_us;
};

static weir_rc read_options(struct generate *g, struct weir_error *err)
{
    struct cli *cli = g->cli;
    const char *prefix = cli_get(cli, "--prefix");
    WEIR_TRY(cli_int(cli, "--rows", 100000, &g->rows, err));
    WEIR_TRY(cli_int(cli, "--files", 1, &g->files, err));
    WEIR_TRY(cli_int(cli, "--seed", 1, &g->seed, err));
    WEIR_TRY(cli_int(cli, "--rate", 0, &g->rate, err));
    WEIR_TRY(cli_int(cli, "--first", 0, &g->first, err));
    g->prefix = prefix ? prefix : "events";
    if (g->files < 1 || g->files > FILES_MAX || g->rows < g->files || g->rows > ROWS_MAX || g->first > ROWS_MAX) {
        return cli_usage_error(err, "%lld rows in %lld files from row %lld: give 1 to %d files and at least one row for each, like --rows 100000 --files 20", (long long)g->rows, (long long)g->files,
                               (long long)g->first, FILES_MAX);
    }
    if (!*g->prefix || strchr(g->prefix, '/') || strchr("._", *g->prefix) || strlen(g->prefix) > 100) {
        return cli_usage_error(err, "--prefix %s: give a name without '/', which does not begin with '.' or '_': streams leave such files alone", g->prefix);
    }
    return WEIR_OK;
}

/* A folder in a volume is asked from the catalog; any other is taken as it is, and needs no lakehouse. */
static weir_rc find_folder(struct generate *g, const char *text, struct weir_error *err)
{
    if (!cli_is_volume_path(text)) {
        g->folder = weir_path_absolute(NULL, text);
    } else {
        weir_catalog *catalog = NULL;
        weir_rc rc = cli_catalog_open(g->cli, CLI_LAKE_OPEN, &catalog, err);
        if (rc == WEIR_OK) {
            rc = cli_volume_path(g->cli, catalog, text, &g->folder, err);
            weir_catalog_close(catalog);
        }
        WEIR_TRY(rc);
    }
    return weir_fs_mkdirs(weir_fs_posix(), g->folder, err);
}

/* --- the slice of each file --- */

static int64_t first_row(const struct generate *g, int64_t file)
{
    const int64_t each = g->rows / g->files, more = g->rows % g->files;
    return g->first + file * each + (file < more ? file : more);
}

static char *file_path(const struct generate *g, int64_t file)
{
    return weir_asprintf("%s/%s-%lld-%012lld.csv", g->folder, g->prefix, (long long)g->seed, (long long)first_row(g, file));
}

/* --- nothing is replaced --- */

struct newest {
    const char *start; /* "events-1-" */
    char name[256];
};

static weir_rc look_at(void *arg, const char *name, const struct weir_file_info *info, struct weir_error *err)
{
    struct newest *newest = arg;
    const size_t start = strlen(newest->start);
    (void)info;
    (void)err;
    if (strncmp(name, newest->start, start) == 0 && strlen(name) == start + 16 && strspn(name + start, "0123456789") == 12 && strcmp(name, newest->name) > 0) {
        snprintf(newest->name, sizeof newest->name, "%s", name);
    }
    return WEIR_OK;
}

/* Lines of a file, the header apart; 0 when it cannot be read. */
static int64_t count_rows(const char *path)
{
    weir_file *file = NULL;
    int64_t lines = 0, offset = 0;
    size_t got = 0;
    if (weir_file_open(weir_fs_posix(), path, WEIR_OPEN_READ, &file, NULL) != WEIR_OK) {
        return 0;
    }
    char *bytes = weir_malloc(CHUNK_BYTES);
    while (weir_file_read(file, bytes, CHUNK_BYTES, offset, &got, NULL) == WEIR_OK && got > 0) {
        for (const char *p = bytes; (p = memchr(p, '\n', got - (size_t)(p - bytes))); p++) {
            lines++;
        }
        offset += (int64_t)got;
    }
    weir_free(bytes);
    weir_file_discard(file);
    return lines > 0 ? lines - 1 : 0;
}

/* The row behind the newest file of this seed and prefix. */
static int64_t next_row(const struct generate *g)
{
    struct newest newest = {.start = weir_arena_printf(g->cli->arena, "%s-%lld-", g->prefix, (long long)g->seed)};
    int64_t row = 0;
    if (weir_fs_list(weir_fs_posix(), g->folder, look_at, &newest, NULL) != WEIR_OK || !newest.name[0]) {
        return g->first + g->rows;
    }
    const size_t start = strlen(newest.start);
    (void)weir_str_to_i64((struct weir_str){newest.name + start, 12}, &row);
    char *path = weir_path_join(g->folder, newest.name);
    row += count_rows(path);
    weir_free(path);
    return row;
}

static weir_rc check_free(const struct generate *g, struct weir_error *err)
{
    weir_rc rc = WEIR_OK;
    for (int64_t file = 0; rc == WEIR_OK && file < g->files; file++) {
        char *path = file_path(g, file);
        if (weir_fs_exists(weir_fs_posix(), path)) {
            rc = weir_fail(err, WEIR_EXISTS, "FILE_ALREADY_EXISTS", "the file is there already; %s; later events of the same sequence: --first %lld, other events: --seed %lld", path,
                           (long long)next_row(g), (long long)g->seed + 1);
        }
        weir_free(path);
    }
    return rc;
}

/* --- writing --- */

static weir_rc write_rows(struct generate *g, struct cli_newfile *file, int64_t rows, struct weir_error *err)
{
    size_t used = strlen(CLI_EVENTS_HEADER);
    memcpy(g->chunk, CLI_EVENTS_HEADER, used);
    for (int64_t row = 0; row < rows; row++) {
        if (used > CHUNK_BYTES - CLI_EVENTS_ROW_BYTES_MAX) {
            WEIR_TRY(cli_newfile_write(file, g->chunk, used, err));
            used = 0;
            if (weir_stop_level() > 0) {
                return WEIR_CANCELLED;
            }
        }
        used += cli_events_next(g->events, g->chunk + used);
    }
    return cli_newfile_write(file, g->chunk, used, err);
}

static weir_rc write_one(struct generate *g, int64_t index, struct weir_error *err)
{
    struct cli_newfile file;
    const int64_t rows = first_row(g, index + 1) - first_row(g, index);
    char *path = file_path(g, index);
    weir_rc rc = cli_newfile_open(path, &file, err);
    weir_free(path);
    WEIR_TRY(rc);
    rc = write_rows(g, &file, rows, err);
    const int64_t bytes = file.size;
    if (rc != WEIR_OK) {
        cli_newfile_drop(&file);
        return rc;
    }
    if (g->rate > 0) { /* a file is due when its last row is */
        const double due_us = (double)(g->rows_done + rows) / (double)g->rate * 1e6;
        const int64_t wait_us = g->begun_us + (int64_t)due_us - weir_mono_us();
        if (wait_us > 0) {
            weir_stop_wait(wait_us / 1000);
        }
        if (weir_stop_level() > 0) {
            cli_newfile_drop(&file);
            return WEIR_CANCELLED;
        }
    }
    WEIR_TRY(cli_newfile_publish(&file, err));
    g->rows_done += rows;
    g->bytes += bytes;
    g->files_done++;
    return WEIR_OK;
}

static void tell(struct generate *g, bool end)
{
    const int64_t took_us = weir_mono_us() - g->begun_us;
    if (!end && !cli_is_terminal()) {
        return;
    }
    fprintf(stderr, "%s%s rows in %s file%s, %s, in %s (%s rows/s)%s", cli_is_terminal() ? "\r" : "", cli_count(g->cli, g->rows_done), cli_count(g->cli, g->files_done), g->files_done == 1 ? "" : "s",
            cli_bytes(g->cli, g->bytes), cli_duration(g->cli, took_us), cli_count(g->cli, (int64_t)((double)g->rows_done * 1e6 / (double)(took_us > 0 ? took_us : 1))), end ? "\n" : " ");
}

static weir_rc print_summary(struct generate *g, struct weir_error *err)
{
    static const char *const NAMES[] = {"folder", "files", "rows", "bytes", "first_row", "next_row", "seed"};
    static const bool NUMERIC[] = {false, true, true, true, true, true, true};
    struct cli_rows rows;
    char text[6][24];
    const int64_t numbers[] = {g->files_done, g->rows_done, g->bytes, g->first, g->first + g->rows_done, g->seed};
    for (size_t i = 0; i < 6; i++) {
        snprintf(text[i], sizeof text[i], "%lld", (long long)numbers[i]);
    }
    cli_rows_init(&rows, g->cli, NAMES, NUMERIC, 7);
    cli_rows_add(&rows, (const char *const[]){g->folder, text[0], text[1], text[2], text[3], text[4], text[5]});
    return cli_rows_print(g->cli, &rows, err);
}

static weir_rc write_all(struct generate *g, struct weir_error *err)
{
    weir_rc rc = WEIR_OK;
    g->chunk = weir_malloc(CHUNK_BYTES);
    g->events = cli_events_new((uint64_t)g->seed);
    cli_events_skip(g->events, g->first);
    g->begun_us = weir_mono_us();
    cli_catch_signals();
    for (int64_t file = 0; rc == WEIR_OK && file < g->files; file++) {
        rc = weir_stop_level() > 0 ? WEIR_CANCELLED : write_one(g, file, err);
        tell(g, false);
    }
    tell(g, true);
    cli_events_free(g->events);
    weir_free(g->chunk);
    if (rc == WEIR_CANCELLED) {
        return weir_fail(err, rc, "INTERRUPTED", "interrupted after %lld of %lld files; %s; the rest: --first %lld", (long long)g->files_done, (long long)g->files, g->folder,
                         (long long)(g->first + g->rows_done));
    }
    return rc;
}

weir_rc cli_run_generate(struct cli *cli, struct weir_error *err)
{
    struct generate g = {.cli = cli};
    WEIR_TRY(read_options(&g, err));
    weir_rc rc = find_folder(&g, cli->args[0], err);
    if (rc == WEIR_OK) {
        rc = check_free(&g, err);
    }
    if (rc == WEIR_OK) {
        rc = write_all(&g, err);
    }
    if (rc == WEIR_OK && cli->output_given) {
        rc = print_summary(&g, err);
    }
    weir_free(g.folder);
    return rc;
}
