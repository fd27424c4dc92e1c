/* cmd_ingest.c - `weir ingest`: one stream, no project: what readStream .. writeStream is in Spark. */
#include "cli/cli.h"
#include "base/json.h"
#include "base/uri.h"
#include "os/thread.h"
#include <stdio.h>

struct ingest {
    struct cli *cli;
    struct cli_lake lake;
    weir_options *options;
    struct weir_stream_source *sources;
    size_t source_count;
    struct weir_stream_spec spec;
    struct weir_target target;
    const char *c, *s, *t;       /* the sink's name, when it has one */
    bool by_path, json;
    const char **partition_columns;
    size_t partition_count;
    int64_t rows;
};

/* --- what is printed meanwhile --- */

static void on_batch(void *arg, const char *json)
{
    struct ingest *ingest = arg;
    if (ingest->json) {
        puts(json);
        fflush(stdout);
        return;
    }
    weir_arena *arena = weir_arena_new();
    const struct weir_json *progress = NULL;
    int64_t batch = 0, rows = 0, ms = 0;
    double rate = 0;
    if (weir_json_parse(arena, weir_str(json), &progress, NULL) == WEIR_OK) {
        weir_json_i64(weir_json_get(progress, "batchId"), &batch);
        weir_json_i64(weir_json_get(progress, "numInputRows"), &rows);
        weir_json_i64(weir_json_get(progress, "batchDuration"), &ms);
        weir_json_f64(weir_json_get(progress, "processedRowsPerSecond"), &rate);
    }
    ingest->rows += rows;
    fprintf(stderr, "batch %lld: %s row%s in %s (%s rows/s)\n", (long long)batch, cli_count(ingest->cli, rows), rows == 1 ? "" : "s", cli_duration(ingest->cli, ms * 1000), cli_count(ingest->cli, (int64_t)rate));
    weir_arena_free(arena);
}

static void on_note(void *arg, const char *line)
{
    (void)arg;
    fprintf(stderr, "note: %s\n", line);
}

/* --- the parts of the command line --- */

static weir_rc gather_options(struct ingest *ingest, struct weir_error *err)
{
    const char **given = NULL;
    size_t count = cli_all(ingest->cli, "--option", &given);
    for (size_t i = 0; i < count; i++) {
        const char *equals = strchr(given[i], '=');
        if (!equals || equals == given[i]) {
            return cli_usage_error(err, "--option %s: write --option name=value", given[i]);
        }
        char *name = weir_arena_strndup(ingest->cli->arena, given[i], (size_t)(equals - given[i]));
        weir_options_set(ingest->options, name, equals + 1);
    }
    return WEIR_OK;
}

/* confine_out: where links below the path may lead (the volume or location that holds it); NULL = not asked. */
static weir_rc local_path(struct ingest *ingest, const char *text, const char **out, const char **confine_out, struct weir_error *err)
{
    struct weir_object owner = {0};
    char *path = NULL;
    weir_rc rc = WEIR_OK;
    if (ingest->lake.catalog) {
        rc = weir_catalog_resolve_path(ingest->lake.catalog, text, &path, &owner, ingest->cli->arena, err);
    } else {
        struct weir_buf decoded;
        weir_buf_init(&decoded, 0);
        bool uri = weir_str_starts(weir_str(text), "file:") && weir_uri_to_path(&decoded, weir_str(text));
        path = weir_path_absolute(NULL, uri ? decoded.data : text);
        weir_buf_free(&decoded);
    }
    *out = rc == WEIR_OK ? weir_arena_strdup(ingest->cli->arena, path) : NULL;
    if (confine_out) {
        *confine_out = owner.location;
    }
    weir_object_free_options(&owner);
    weir_free(path);
    return rc;
}

static weir_rc one_source(struct ingest *ingest, const char *text, const char *format, const weir_schema *schema, struct weir_stream_source *out, struct weir_error *err)
{
    *out = (struct weir_stream_source){.name = text};
    if (strcmp(format, "delta") == 0) {
        struct weir_name name;
        out->kind = WEIR_SOURCE_DELTA;
        out->options = ingest->options;
        if (strchr(text, '/')) {
            struct weir_str path = weir_str(text);
            bool wrapped = weir_str_starts(path, "delta.`") && weir_str_ends(path, "`");
            return local_path(ingest, wrapped ? weir_arena_strndup(ingest->cli->arena, text + 7, path.len - 8) : text, &out->path, NULL, err);
        }
        struct weir_target target;
        WEIR_TRY(cli_name(ingest->cli, text, &name, err));
        WEIR_TRY(weir_session_target(ingest->lake.session, ingest->cli->arena, &name, &target, err));
        out->path = target.location;
        weir_object_free_options(&target.object);
        return WEIR_OK;
    }
    out->kind = WEIR_SOURCE_FOLDER;
    out->text = (struct weir_text_source){.format = format, .schema = schema, .options = ingest->options};
    return local_path(ingest, text, &out->text.root, &out->text.confine, err);
}

static weir_rc gather_sources(struct ingest *ingest, struct weir_error *err)
{
    struct cli *cli = ingest->cli;
    const char *format = cli_get(cli, "--format"), *ddl = cli_get(cli, "--schema");
    weir_schema *schema = NULL;
    if (ddl) {
        weir_rc rc = weir_schema_parse_ddl(cli->arena, weir_str(ddl), &schema, err);
        if (rc != WEIR_OK) {
            weir_error_wrap(err, "--schema");
            return rc;
        }
    }
    ingest->source_count = cli->arg_count;
    ingest->sources = weir_arena_zalloc(cli->arena, (cli->arg_count + 1) * sizeof *ingest->sources);
    for (size_t i = 0; i < cli->arg_count; i++) {
        WEIR_TRY(one_source(ingest, cli->args[i], format ? format : "csv", schema, &ingest->sources[i], err));
    }
    return WEIR_OK;
}

/* The sink does not exist: make it with the query's columns, all nullable. */
static weir_rc create_sink(void *arg, const weir_schema *schema, struct weir_error *err)
{
    struct ingest *ingest = arg;
    weir_schema *columns = weir_schema_copy(ingest->cli->arena, schema);
    for (size_t i = 0; i < columns->field_count; i++) {
        columns->fields[i].nullable = true;
    }
    struct weir_table_spec spec = {.schema = columns, .partition_columns = ingest->partition_columns, .partition_count = ingest->partition_count};
    if (!ingest->by_path) {
        const char *location = ingest->spec.table_path;
        return weir_session_create_table(ingest->lake.session, ingest->c, ingest->s, ingest->t, &spec, WEIR_TABLE_MANAGED, location, NULL, NULL, err);
    }
    weir_delta *table = weir_engine_table(ingest->lake.engine, ingest->spec.table_path);
    weir_txn *txn = weir_txn_begin(table, NULL);
    int64_t version = 0;
    weir_txn_operation(txn, "CREATE TABLE");
    weir_rc rc = weir_txn_create(txn, &spec, err);
    if (rc == WEIR_OK) {
        rc = weir_txn_commit(txn, &version, err);
    }
    weir_txn_free(txn);
    return rc;
}

static weir_rc place_by_path(struct ingest *ingest, const char *text, struct weir_error *err)
{
    size_t len = strlen(text);
    if (len < 9 || text[len - 1] != '`') {
        return cli_usage_error(err, "--into %s: write delta.`/path/to/table`", text);
    }
    ingest->by_path = true;
    ingest->spec.table_name = text;
    if (!cli_has(ingest->cli, "--checkpoint")) {
        return cli_usage_error(err, "--into %s needs --checkpoint DIR: without it, what was read already could not be told", text);
    }
    return local_path(ingest, weir_arena_strndup(ingest->cli->arena, text + 7, len - 8), &ingest->spec.table_path, NULL, err);
}

static weir_rc place_by_name(struct ingest *ingest, const char *text, struct weir_error *err)
{
    struct weir_name name;
    struct weir_error why;
    weir_error_clear(&why);
    WEIR_TRY(cli_name(ingest->cli, text, &name, err));
    WEIR_TRY(weir_session_full_name(ingest->lake.session, ingest->cli->arena, &name, &ingest->c, &ingest->s, &ingest->t, err));
    ingest->spec.table_name = weir_arena_printf(ingest->cli->arena, "%s.%s.%s", ingest->c, ingest->s, ingest->t);
    weir_rc rc = weir_session_target(ingest->lake.session, ingest->cli->arena, &name, &ingest->target, &why);
    if (rc == WEIR_OK) {
        ingest->spec.table_path = ingest->target.location;
        weir_object_free_options(&ingest->target.object);
        return WEIR_OK;
    }
    if (rc != WEIR_NOT_FOUND || strstr(why.condition, "SCHEMA") || strstr(why.condition, "CATALOG")) {
        *err = why;
        return rc;
    }
    char *place = weir_catalog_new_table_location(ingest->lake.catalog, ingest->c, ingest->s, ingest->t);
    ingest->spec.table_path = weir_arena_strdup(ingest->cli->arena, place);
    weir_free(place);
    return WEIR_OK;
}

static weir_rc gather_sink(struct ingest *ingest, struct weir_error *err)
{
    struct cli *cli = ingest->cli;
    const char *into = cli_get(cli, "--into"), *checkpoint = cli_get(cli, "--checkpoint");
    if (!into) {
        return cli_usage_error(err, "where should the rows go? give --into catalog.schema.table, or --into 'delta.`/path`'");
    }
    WEIR_TRY(strncmp(into, "delta.`", 7) == 0 ? place_by_path(ingest, into, err) : place_by_name(ingest, into, err));
    if (checkpoint) {
        char *path = weir_path_absolute(NULL, checkpoint);
        ingest->spec.checkpoint = weir_arena_strdup(cli->arena, path);
        weir_free(path);
    } else {
        ingest->spec.checkpoint = weir_arena_printf(cli->arena, "%s/_checkpoints/%s/%s/%s/ingest/0", weir_catalog_root(ingest->lake.catalog), ingest->c, ingest->s, ingest->t);
    }
    ingest->partition_count = cli_all(cli, "--partition-by", &ingest->partition_columns);
    ingest->spec.create = create_sink;
    ingest->spec.create_arg = ingest;
    return WEIR_OK;
}

/* Columns that nobody gave are found in the files by the first run and hold for all later ones. */
static weir_rc gather_schema(struct ingest *ingest, struct weir_error *err)
{
    weir_arena *arena = ingest->cli->arena;
    struct weir_stream_source *first = NULL;
    for (size_t i = ingest->source_count; i-- > 0;) {
        struct weir_stream_source *source = &ingest->sources[i];
        first = source->kind == WEIR_SOURCE_FOLDER && !source->text.schema ? source : first;
    }
    if (!first) {
        return WEIR_OK;
    }
    weir_schema *schema = NULL;
    weir_text_found_options(first->text.format, ingest->options);
    weir_rc rc = weir_schema_log_read(weir_fs_posix(), ingest->spec.checkpoint, arena, &schema, err);
    if (rc == WEIR_NOT_FOUND) {
        struct weir_buf ddl;
        WEIR_TRY(weir_text_infer(weir_fs_posix(), &first->text, NULL, arena, &schema, err));
        rc = weir_schema_log_add(weir_fs_posix(), ingest->spec.checkpoint, schema, err);
        weir_buf_init(&ddl, 0);
        weir_schema_print_ddl(&ddl, schema);
        fprintf(stderr, "columns found in the files: %.2000s (kept in %s/_schemas)\n", ddl.data, ingest->spec.checkpoint);
        weir_buf_free(&ddl);
    }
    for (size_t i = 0; rc == WEIR_OK && i < ingest->source_count; i++) {
        if (ingest->sources[i].kind == WEIR_SOURCE_FOLDER) {
            ingest->sources[i].text.schema = schema;
            ingest->sources[i].text.schema_folder = ingest->source_count == 1 ? ingest->spec.checkpoint : NULL; /* a union has one schema */
        }
    }
    return rc;
}

static weir_rc gather_rest(struct ingest *ingest, struct weir_error *err)
{
    struct cli *cli = ingest->cli;
    const char *trigger = cli_get(cli, "--trigger"), *codec = cli_get(cli, "--codec"), *progress = cli_get(cli, "--progress");
    int64_t threads = 0;
    WEIR_TRY(weir_trigger_parse(trigger ? trigger : "available-now", &ingest->spec.trigger, &ingest->spec.interval_ms, err));
    WEIR_TRY(cli_int(cli, "--threads", 0, &threads, err));
    ingest->spec.threads = (int)(threads > 1024 ? 1024 : threads);
    ingest->spec.codec = WEIR_CODEC_SNAPPY;
    if (codec && (!weir_codec_find(codec, &ingest->spec.codec) || !weir_codec_can_compress(ingest->spec.codec))) {
        return cli_usage_error(err, "--codec %s: give snappy, zstd, gzip or none", codec);
    }
    if (progress && strcmp(progress, "json") != 0) {
        return cli_usage_error(err, "--progress %s: give json", progress);
    }
    ingest->json = progress != NULL;
    ingest->spec.name = cli_get(cli, "--name");
    ingest->spec.sources = ingest->sources;
    ingest->spec.source_count = ingest->source_count;
    return WEIR_OK;
}

static void tell_end(struct ingest *ingest, const struct weir_stream_totals *totals)
{
    if (ingest->json) {
        return;
    }
    if (totals->nothing_new) {
        fprintf(stderr, "nothing new\n");
        return;
    }
    double seconds = (double)(totals->elapsed_us > 0 ? totals->elapsed_us : 1) / 1e6;
    fprintf(stderr, "%s: %s row%s of %s file%s in %s batch%s, %s (%s rows/s)", ingest->spec.table_name, cli_count(ingest->cli, totals->rows), totals->rows == 1 ? "" : "s",
            cli_count(ingest->cli, totals->files), totals->files == 1 ? "" : "s",
            cli_count(ingest->cli, totals->batches), totals->batches == 1 ? "" : "es", cli_duration(ingest->cli, totals->elapsed_us), cli_count(ingest->cli, (int64_t)((double)totals->rows / seconds)));
    if (totals->bad_rows > 0) {
        fprintf(stderr, "; %s row%s did not fit the schema", cli_count(ingest->cli, totals->bad_rows), totals->bad_rows == 1 ? "" : "s");
    }
    fputc('\n', stderr);
}

static weir_rc ingest_run(struct ingest *ingest, struct weir_error *err)
{
    struct weir_stream_events events = {.arg = ingest, .batch = on_batch, .note = on_note};
    struct weir_stream_totals totals = {0};
    weir_stream *stream = NULL;
    WEIR_TRY(gather_options(ingest, err));
    WEIR_TRY(gather_sources(ingest, err));
    WEIR_TRY(gather_sink(ingest, err));
    WEIR_TRY(gather_schema(ingest, err));
    WEIR_TRY(gather_rest(ingest, err));
    WEIR_TRY(weir_stream_open(ingest->lake.session, &ingest->spec, &events, &stream, err));
    weir_rc rc = weir_stream_run(stream, &totals, err);
    if (rc == WEIR_OK) {
        tell_end(ingest, &totals);
    }
    weir_stream_close(stream);
    return rc;
}

/* A plain folder into a plain Delta folder needs no lakehouse; a name does. */
static bool needs_lake(const struct cli *cli)
{
    const char *into = cli_get(cli, "--into");
    bool named = into && strncmp(into, "delta.`", 7) != 0;
    for (size_t i = 0; i < cli->arg_count; i++) {
        named |= strncmp(cli->args[i], "/Volumes/", 9) == 0;
    }
    return named || cli->root_given;
}

weir_rc cli_run_ingest(struct cli *cli, struct weir_error *err)
{
    struct ingest ingest = {.cli = cli, .options = weir_options_new()};
    weir_rc rc = WEIR_OK;
    if (needs_lake(cli)) {
        rc = cli_lake_open(cli, CLI_LAKE_CREATE, &ingest.lake, err);
    } else {
        struct weir_engine_options options = {0};
        rc = weir_engine_open(&options, &ingest.lake.engine, err);
        if (rc == WEIR_OK) {
            rc = weir_session_open(ingest.lake.engine, &ingest.lake.session, err);
        }
    }
    if (rc == WEIR_OK) {
        cli_catch_signals();
        rc = ingest_run(&ingest, err);
    }
    cli_lake_close(&ingest.lake);
    weir_options_free(ingest.options);
    return rc;
}
