/* feed_delta.c - a Delta table as a stream of its rows: first the snapshot it starts with, then each commit's added files, with Spark's
 * offsets (spark-streaming.md 2.5). Updates and deletes upstream stop the stream unless an option says what to do. */
#include "stream/feed.h"
#include "base/uri.h"
#include <stdio.h>
#include <stdlib.h>

#define MAX_FILES_DEFAULT 1000

/* A position: everything up to and with entry `index` of `version` has been read. index -1 = nothing of it yet. */
struct position {
    int64_t version, index;
    bool snapshot; /* still inside the initial snapshot of `version` */
};
struct delta {
    weir_feed feed;
    weir_engine *engine;
    weir_delta *table;
    char *table_id;
    weir_arena *arena;
    bool frozen, ignore_deletes, ignore_changes, skip_changes, any_limit;
    int64_t target;           /* newest version to read; -1 = not fixed yet */
    int64_t max_files, max_bytes;
    const char *starting_version, *starting_timestamp;
};

static void delta_close(weir_feed *feed)
{
    struct delta *self = (struct delta *)feed;
    weir_snapshot_unref(feed->snapshot);
    weir_arena_free(self->arena);
    weir_free(self->table_id);
    weir_free(feed->description);
    weir_free(feed->watch_folder);
    weir_free(self);
}

/* --- offsets --- */

static const char *print_position(const struct delta *self, const struct position *at, weir_arena *arena)
{
    return weir_arena_printf(arena, "{\"sourceVersion\":1,\"reservoirId\":\"%s\",\"reservoirVersion\":%lld,\"index\":%lld,\"isStartingVersion\":%s}", self->table_id,
                             (long long)at->version, (long long)at->index, at->snapshot ? "true" : "false");
}

static weir_rc parse_position(const struct delta *self, const char *line, weir_arena *arena, struct position *out, struct weir_error *err)
{
    const struct weir_json *json = NULL;
    struct weir_error why;
    weir_error_clear(&why);
    int64_t source_version = 0;
    *out = (struct position){-1, -1, false};
    const char *id = NULL;
    if (weir_json_parse(arena, weir_str_trim(weir_str(line)), &json, &why) == WEIR_OK) {
        id = weir_json_string(weir_json_get(json, "reservoirId"));
    }
    if (!id || !weir_json_i64(weir_json_get(json, "sourceVersion"), &source_version) || !weir_json_i64(weir_json_get(json, "reservoirVersion"), &out->version) ||
        !weir_json_i64(weir_json_get(json, "index"), &out->index)) {
        return weir_fail(err, WEIR_CORRUPT, "CHECKPOINT_OFFSET_INVALID", "source %d: \"%s\" is not an offset of a Delta table; the sources of this query were others; give the same sources in the same order",
                         self->feed.index, line);
    }
    if (source_version != 1) {
        return weir_fail(err, WEIR_UNSUPPORTED, "CHECKPOINT_OFFSET_INVALID", "source %d: offset version %lld (a schema change under way); finish it in Spark, then run again", self->feed.index,
                         (long long)source_version);
    }
    if (out->index < -1) {
        out->index = -1; /* Spark's -100 stands for the same */
    }
    weir_json_bool(weir_json_get(json, "isStartingVersion"), &out->snapshot);
    if (strcmp(id, self->table_id) != 0) {
        return weir_fail(err, WEIR_CONFLICT, "DIFFERENT_DELTA_TABLE_READ_BY_STREAMING_SOURCE",
                         "%s was dropped and made again (its id was %s, now it is %s), so the checkpoint's position means nothing in it; start with a new checkpoint, or restore the table", self->feed.source->name,
                         id, self->table_id);
    }
    return WEIR_OK;
}

/* --- entries of a version --- */

static int by_time_and_path(const void *a, const void *b)
{
    const struct weir_add *x = *(const struct weir_add *const *)a, *y = *(const struct weir_add *const *)b;
    if (x->modification_time_ms != y->modification_time_ms) {
        return x->modification_time_ms < y->modification_time_ms ? -1 : 1;
    }
    return strcmp(x->path, y->path);
}

struct entries {
    const struct weir_add **adds;
    size_t count;
    weir_snapshot *snapshot; /* owner of the adds of an initial snapshot; released by the caller */
};

static weir_rc snapshot_entries(struct delta *self, int64_t version, weir_arena *arena, struct entries *out, struct weir_error *err)
{
    WEIR_TRY(weir_delta_snapshot_at(self->table, version, &out->snapshot, err));
    out->count = weir_snapshot_file_count(out->snapshot);
    out->adds = weir_arena_alloc(arena, (out->count + 1) * sizeof *out->adds);
    for (size_t i = 0; i < out->count; i++) {
        out->adds[i] = weir_snapshot_file(out->snapshot, i);
    }
    if (out->count > 0) {
        qsort(out->adds, out->count, sizeof *out->adds, by_time_and_path);
    }
    return WEIR_OK;
}

static weir_rc check_removes(const struct delta *self, const struct weir_commit *commit, bool adds_rows, bool *skip, struct weir_error *err)
{
    bool removes_rows = false;
    for (size_t i = 0; i < commit->remove_count; i++) {
        removes_rows |= commit->removes[i].data_change;
    }
    *skip = false;
    if (!removes_rows) {
        return WEIR_OK;
    }
    if (self->skip_changes) {
        *skip = true;
        return WEIR_OK;
    }
    if (self->ignore_changes || (!adds_rows && self->ignore_deletes)) {
        return WEIR_OK;
    }
    return weir_fail(err, WEIR_UNSUPPORTED, adds_rows ? "DELTA_SOURCE_TABLE_IGNORE_CHANGES" : "DELTA_SOURCE_IGNORE_DELETE",
                     "%s version %lld (%s) %s rows that this stream may have read; a stream only adds rows; set skipChangeCommits=true to leave such commits out%s, or start again with a new checkpoint (for a table of a pipeline: run --full-refresh of the table that this stream fills)",
                     self->feed.source->name, (long long)commit->info.version, commit->info.operation ? commit->info.operation : "a commit", adds_rows ? "changed" : "removed",
                     adds_rows ? ", or ignoreChanges=true to take rewritten files again" : ", or ignoreDeletes=true to ignore removals");
}

/* A column that came to the table after the stream was planned would be missing from its rows. */
static weir_rc check_schema(const struct delta *self, const struct weir_commit *commit, struct weir_error *err)
{
    if (!commit->metadata) {
        return WEIR_OK;
    }
    const weir_schema *now = self->feed.schema, *then = commit->metadata->schema;
    for (size_t i = 0; i < then->field_count; i++) {
        int at = weir_schema_find_near(now, weir_str(then->fields[i].name), i);
        if (at < 0 || !weir_type_eq(&now->fields[at].type, &then->fields[i].type)) {
            err = err ? err : &(struct weir_error){0};
            weir_rc rc = weir_fail(err, WEIR_CONFLICT, "DELTA_SCHEMA_CHANGED", "%s version %lld changed the schema (column %s); the rows so far are safe; run again to go on with the new schema", self->feed.source->name,
                                   (long long)commit->info.version, then->fields[i].name);
            err->retriable = true;
            return rc;
        }
    }
    return WEIR_OK;
}

static weir_rc commit_entries(struct delta *self, int64_t version, weir_arena *arena, struct entries *out, struct weir_error *err)
{
    struct weir_commit commit;
    weir_rc rc = weir_delta_read_commit(self->table, version, arena, &commit, err);
    if (rc == WEIR_NOT_FOUND) {
        weir_error_clear(err);
        return weir_fail(err, WEIR_NOT_FOUND, "DELTA_LOG_GONE", "version %lld of %s was removed by log cleanup before this stream read it; its rows would be missed; start again with a new checkpoint, and keep delta.logRetentionDuration above the longest pause of the stream",
                         (long long)version, self->feed.source->name);
    }
    WEIR_TRY(rc);
    WEIR_TRY(check_schema(self, &commit, err));
    out->adds = weir_arena_alloc(arena, (commit.add_count + 1) * sizeof *out->adds);
    for (size_t i = 0; i < commit.add_count; i++) {
        if (commit.adds[i].data_change) {
            out->adds[out->count++] = &commit.adds[i];
        }
    }
    bool skip = false;
    WEIR_TRY(check_removes(self, &commit, out->count > 0, &skip, err));
    out->count = skip ? 0 : out->count;
    return WEIR_OK;
}

static weir_rc version_entries(struct delta *self, const struct position *at, weir_arena *arena, struct entries *out, struct weir_error *err)
{
    *out = (struct entries){0};
    return at->snapshot ? snapshot_entries(self, at->version, arena, out, err) : commit_entries(self, at->version, arena, out, err);
}

/* --- planning --- */

/* Where a stream without an offset begins, when `newest` is the table's version. */
static weir_rc first_position(const struct delta *self, int64_t newest, struct position *out, struct weir_error *err)
{
    *out = (struct position){newest, -1, true};
    if (self->starting_version) {
        out->snapshot = false;
        if (strcmp(self->starting_version, "latest") == 0) {
            out->version = newest + 1;
        } else if (!weir_str_to_i64(weir_str(self->starting_version), &out->version) || out->version < 0) {
            return weir_fail(err, WEIR_INVALID, "OPTION_INVALID", "startingVersion=%s; give a version number or latest", self->starting_version);
        }
    }
    return WEIR_OK;
}

struct capacity {
    int64_t files, bytes;
    bool files_limited, bytes_limited;
};
static bool admits(const struct capacity *left)
{
    return (!left->files_limited || left->files > 0) && (!left->bytes_limited || left->bytes > 0);
}

/* Walk from `at` as far as capacity and target allow. Places between files are free, as in Spark: a version whose files are all taken counts as read. */
static weir_rc advance(struct delta *self, struct position *at, struct capacity *left, weir_arena *arena, struct weir_error *err)
{
    while (at->version <= self->target) {
        struct entries entries;
        weir_rc rc = version_entries(self, at, arena, &entries, err);
        size_t next = (size_t)(at->index + 1);
        while (rc == WEIR_OK && next < entries.count && admits(left)) {
            left->files--;
            left->bytes -= entries.adds[next]->size;
            at->index = (int64_t)next++;
        }
        bool done = rc == WEIR_OK && next >= entries.count;
        weir_snapshot_unref(entries.snapshot);
        WEIR_TRY(rc);
        if (!done) {
            return WEIR_OK;
        }
        *at = (struct position){at->version + 1, -1, false};
    }
    return WEIR_OK;
}

static weir_rc delta_plan(weir_feed *feed, const char *start, bool unlimited, weir_arena *arena, const char **end_out, struct weir_error *err)
{
    struct delta *self = (struct delta *)feed;
    *end_out = start;
    if (!self->frozen || self->target < 0) {
        WEIR_TRY(weir_delta_latest_version(self->table, &self->target, err));
    }
    struct position from, to;
    WEIR_TRY(start ? parse_position(self, start, arena, &from, err) : first_position(self, self->target, &from, err));
    struct capacity left = {self->max_files, self->max_bytes, self->max_files > 0 && !unlimited, self->max_bytes > 0 && !unlimited};
    to = from;
    WEIR_TRY(advance(self, &to, &left, arena, err));
    if (to.version != from.version || to.index != from.index || to.snapshot != from.snapshot) {
        *end_out = print_position(self, &to, arena);
    }
    return WEIR_OK;
}

/* --- a planned batch again --- */

static const struct weir_add *copy_add(weir_arena *arena, const struct weir_add *add)
{
    struct weir_add *copy = weir_arena_alloc(arena, sizeof *copy);
    *copy = *add;
    copy->path = weir_arena_strdup(arena, add->path);
    struct weir_partition_value *values = weir_arena_alloc(arena, (add->partition_count + 1) * sizeof *values);
    for (size_t i = 0; i < add->partition_count; i++) {
        const struct weir_partition_value *from = &add->partition_values[i];
        values[i] = (struct weir_partition_value){weir_arena_strdup(arena, from->name), from->value ? weir_arena_strdup(arena, from->value) : NULL};
    }
    copy->partition_values = values;
    copy->stats = add->stats ? weir_arena_strdup(arena, add->stats) : NULL;
    return copy;
}

static weir_rc delta_load(weir_feed *feed, const char *start, const char *end, weir_arena *arena, struct weir_error *err)
{
    struct delta *self = (struct delta *)feed;
    feed->adds = NULL;
    feed->add_count = 0;
    if (!end) {
        return WEIR_OK;
    }
    struct position at, to;
    WEIR_TRY(parse_position(self, end, arena, &to, err));
    if (start) {
        WEIR_TRY(parse_position(self, start, arena, &at, err));
    } else {
        /* The first batch begins where its end says: inside a snapshot, or with the snapshot before it, unless the option named a version. */
        WEIR_TRY(first_position(self, to.snapshot ? to.version : to.version - 1, &at, err));
    }
    size_t cap = 0;
    const struct weir_add **adds = NULL;
    weir_rc rc = WEIR_OK;
    while (rc == WEIR_OK && (at.version < to.version || (at.version == to.version && at.index < to.index))) {
        struct entries entries;
        rc = version_entries(self, &at, arena, &entries, err);
        bool last = at.version == to.version;
        for (size_t i = (size_t)(at.index + 1); rc == WEIR_OK && i < entries.count && (!last || (int64_t)i <= to.index); i++) {
            WEIR_PUSH(adds, feed->add_count, cap) = copy_add(arena, entries.adds[i]);
        }
        weir_snapshot_unref(entries.snapshot);
        if (last) {
            break;
        }
        at = (struct position){at.version + 1, -1, false};
    }
    feed->adds = weir_arena_alloc(arena, (feed->add_count + 1) * sizeof *feed->adds);
    if (feed->add_count > 0) {
        memcpy(feed->adds, adds, feed->add_count * sizeof *adds);
    }
    weir_free(adds);
    return rc;
}

static const struct weir_feed_ops DELTA_OPS = {.plan = delta_plan, .load = delta_load, .close = delta_close};

/* --- options --- */

const struct weir_option_help weir_delta_source_option_help[] = {
    {"startingVersion", "the table as it is", "a version number, or latest: begin with the commits from there"},
    {"startingTimestamp", "", "begin with the first commit at or after this time"},
    {"maxFilesPerTrigger", "1000", "files in one batch"},
    {"maxBytesPerTrigger", "", "bytes in one batch, at least one file"},
    {"ignoreDeletes", "false", "removals upstream are no error"},
    {"ignoreChanges", "false", "rewritten files upstream are taken again, whole"},
    {"skipChangeCommits", "false", "commits that remove or change rows are left out"},
    {NULL, NULL, NULL},
};

static weir_rc flag(const char *name, const char *value, bool *out, struct weir_error *err)
{
    *out = weir_str_eq_nocase(weir_str(value), WEIR_STR("true"));
    if (!*out && !weir_str_eq_nocase(weir_str(value), WEIR_STR("false"))) {
        return weir_fail(err, WEIR_INVALID, "OPTION_INVALID", "%s=%s; give true or false", name, value);
    }
    return WEIR_OK;
}

static weir_rc positive(const char *name, const char *value, int64_t *out, struct weir_error *err)
{
    if (!weir_str_to_i64(weir_str(value), out) || *out <= 0) {
        return weir_fail(err, WEIR_INVALID, "OPTION_INVALID", "%s=%s; give a number above 0", name, value);
    }
    return WEIR_OK;
}

static bool is(const char *name, const char *known)
{
    return weir_str_eq_nocase(weir_str(name), weir_str(known));
}

static weir_rc read_options(struct delta *self, const weir_options *options, struct weir_error *err)
{
    size_t cursor = 0;
    const char *name = NULL, *value = NULL;
    bool ignored = false;
    while (options && weir_options_at(options, &cursor, &name, &value)) {
        if (is(name, "startingVersion")) {
            self->starting_version = value;
        } else if (is(name, "startingTimestamp")) {
            self->starting_timestamp = value;
        } else if (is(name, "maxFilesPerTrigger")) {
            WEIR_TRY(positive(name, value, &self->max_files, err));
        } else if (is(name, "maxBytesPerTrigger")) {
            WEIR_TRY(positive(name, value, &self->max_bytes, err));
        } else if (is(name, "ignoreDeletes")) {
            WEIR_TRY(flag(name, value, &self->ignore_deletes, err));
        } else if (is(name, "ignoreChanges") || is(name, "ignoreFileDeletion")) {
            WEIR_TRY(flag(name, value, &self->ignore_changes, err));
        } else if (is(name, "skipChangeCommits")) {
            WEIR_TRY(flag(name, value, &self->skip_changes, err));
        } else if (is(name, "failOnDataLoss")) {
            WEIR_TRY(flag(name, value, &ignored, err));
            if (!ignored) {
                return weir_fail(err, WEIR_UNSUPPORTED, "OPTION_UNSUPPORTED", "failOnDataLoss=false; weir does not pass over lost versions; leave the option out");
            }
        } else {
            return weir_fail(err, WEIR_UNSUPPORTED, "OPTION_UNSUPPORTED", "option %s of a Delta source; leave it out (weir has: startingVersion, startingTimestamp, maxFilesPerTrigger, maxBytesPerTrigger, ignoreDeletes, ignoreChanges, skipChangeCommits)",
                             name);
        }
    }
    if (self->starting_version && self->starting_timestamp) {
        return weir_fail(err, WEIR_INVALID, "OPTION_INVALID", "startingVersion and startingTimestamp exclude each other; give one");
    }
    if (self->max_files == 0 && self->max_bytes == 0) {
        self->max_files = MAX_FILES_DEFAULT;
    }
    return WEIR_OK;
}

/* startingTimestamp names the first commit at or after it: one past the newest commit before it. */
static weir_rc resolve_timestamp(struct delta *self, struct weir_error *err)
{
    if (!self->starting_timestamp) {
        return WEIR_OK;
    }
    struct weir_type type = weir_type_of(WEIR_TYPE_TIMESTAMP);
    struct weir_text_parser *parser = weir_text_parser_new(&type, NULL);
    union weir_value value;
    enum weir_verdict verdict = parser->parse(parser, self->starting_timestamp, strlen(self->starting_timestamp), &value);
    weir_text_parser_free(parser);
    if (verdict != WEIR_VALUE) {
        return weir_fail(err, WEIR_INVALID, "OPTION_INVALID", "startingTimestamp=%s; give a timestamp like 2024-01-02T03:04:05Z", self->starting_timestamp);
    }
    int64_t before = -1;
    weir_rc rc = weir_delta_version_at_time(self->table, value.i - 1, &before, err);
    if (rc == WEIR_NOT_FOUND) {
        weir_error_clear(err);
        before = -1;
    } else {
        WEIR_TRY(rc);
    }
    self->starting_version = weir_arena_printf(self->arena, "%lld", (long long)(before + 1));
    return WEIR_OK;
}

weir_rc weir_feed_open_delta(weir_engine *engine, int index, const struct weir_stream_source *source, enum weir_trigger trigger, weir_feed **out, struct weir_error *err)
{
    *out = NULL;
    struct delta *self = weir_calloc(1, sizeof *self);
    self->feed.ops = &DELTA_OPS;
    self->feed.source = source;
    self->feed.index = index;
    self->feed.wait_ms = -1;
    self->engine = engine;
    self->table = weir_engine_table(engine, source->path);
    self->arena = weir_arena_new();
    self->frozen = trigger == WEIR_TRIGGER_AVAILABLE_NOW;
    self->target = -1;
    self->feed.description = weir_asprintf("DeltaSource[file:%s]", source->path);
    self->feed.watch_folder = weir_path_join(source->path, "_delta_log");
    weir_rc rc = read_options(self, source->options, err);
    if (rc == WEIR_OK) {
        rc = weir_delta_snapshot(self->table, &self->feed.snapshot, err);
    }
    if (rc == WEIR_OK) {
        const struct weir_metadata *metadata = weir_snapshot_metadata(self->feed.snapshot);
        self->table_id = weir_strdup(metadata->id);
        self->feed.schema = metadata->schema;
        rc = resolve_timestamp(self, err);
    }
    if (rc != WEIR_OK) {
        delta_close(&self->feed);
        return rc;
    }
    *out = &self->feed;
    return WEIR_OK;
}
