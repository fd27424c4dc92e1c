/* history.c - single commits, DESCRIBE HISTORY, versions by time.
 *
 * A commit's time is its inCommitTimestamp where the table has them; else the time of its file, made to grow by at least 1 ms from version
 * to version (delta-format.md 2.5). */
#include "delta/delta_internal.h"

struct collect {
    weir_arena *arena;
    struct weiri_segment *segment;
    struct weir_add *adds, *removes; /* heap while growing */
    size_t add_count, add_cap, remove_count, remove_cap;
    struct weiri_metadata *metadata;
    struct weir_protocol *protocol;
    struct weir_str commit_info; /* its text */
    bool has_dv, has_data_change;
};

static weir_rc collect_one(void *arg, const struct weiri_action *action, struct weir_error *err)
{
    struct collect *c = arg;
    (void)err;
    switch (action->kind) {
    case WEIRI_ADD:
        WEIR_PUSH(c->adds, c->add_count, c->add_cap) = action->file->add;
        c->has_dv = c->has_dv || action->file->add.dv;
        c->has_data_change = c->has_data_change || action->file->add.data_change;
        break;
    case WEIRI_REMOVE:
        WEIR_PUSH(c->removes, c->remove_count, c->remove_cap) = action->file->add;
        c->has_data_change = c->has_data_change || action->file->add.data_change;
        break;
    case WEIRI_METADATA:
        c->metadata = action->metadata;
        break;
    case WEIRI_PROTOCOL:
        c->protocol = action->protocol;
        break;
    case WEIRI_COMMIT_INFO:
        c->commit_info.ptr = weir_arena_strndup(c->arena, action->commit_info->raw.ptr, action->commit_info->raw.len);
        c->commit_info.len = action->commit_info->raw.len;
        break;
    case WEIRI_NOTHING:
    case WEIRI_TXN:
    case WEIRI_DOMAIN:
    case WEIRI_SIDECAR:
    case WEIRI_CHECKPOINT_METADATA:
        break;
    }
    return WEIR_OK;
}

static void *to_arena(weir_arena *arena, void *items, size_t bytes)
{
    void *copy = weir_arena_alloc(arena, bytes + 1);
    if (bytes) {
        memcpy(copy, items, bytes);
    }
    weir_free(items);
    return copy;
}

static weir_rc fill_info(weir_arena *arena, int64_t version, int64_t file_time_ms, struct weir_str text, struct weir_commit_info *info, struct weir_error *err)
{
    *info = (struct weir_commit_info){.version = version, .timestamp_ms = file_time_ms};
    if (!text.ptr) {
        return WEIR_OK;
    }
    WEIR_TRY(weir_json_parse(arena, text, &info->json, err));
    info->operation = weir_json_string(weir_json_get(info->json, "operation"));
    int64_t ict = 0;
    if (weir_json_i64(weir_json_get(info->json, "inCommitTimestamp"), &ict)) {
        info->timestamp_ms = ict;
    }
    return WEIR_OK;
}

static weir_rc gate_commit(const struct collect *c, int64_t version, struct weir_error *err)
{
    static const struct weir_protocol plain = {.reader = 1, .writer = 2};
    if (c->protocol) {
        WEIR_TRY(weiri_gate_read(c->protocol, NULL, err));
    }
    if (c->metadata) {
        WEIR_TRY(weiri_metadata_finish(c->segment, c->protocol ? c->protocol : &plain, c->metadata, err));
    }
    if (c->has_dv) {
        return weir_fail(err, WEIR_UNSUPPORTED, "DELTA_READ_UNSUPPORTED",
                         "version %lld of the table uses `deletionVectors`, which weir does not read yet; read it with another engine", (long long)version);
    }
    return WEIR_OK;
}

/* `segment` is NULL where metaData is not to be looked into. */
static weir_rc read_commit(weir_delta *table, int64_t version, weir_arena *arena, struct collect *c, int64_t *file_time_ms, struct weir_error *err)
{
    struct weir_buf text;
    struct weir_file_info file;
    char *key = weiri_commit_key(version);
    weir_buf_init(&text, WEIRI_COMMIT_BYTES_MAX);
    memset(c, 0, sizeof *c);
    c->arena = arena;
    weir_rc rc = weir_store_stat(table->store, key, &file, err);
    if (rc == WEIR_OK) {
        *file_time_ms = file.mtime_ns / 1000000;
        rc = weiri_read_commit_text(table, version, &text, err);
    }
    if (rc == WEIR_OK && weir_str_trim(weir_buf_view(&text)).len == 0) {
        rc = weir_fail(err, WEIR_CORRUPT, "DELTA_COMMIT_EMPTY", "commit file %s of %s is empty: an acknowledged commit may be lost; restore it from a backup", key, table->path);
    }
    if (rc == WEIR_OK) {
        rc = weiri_actions_of_text(weir_buf_view(&text), key, arena, collect_one, c, err);
    }
    weir_free(key);
    weir_buf_free(&text);
    return rc;
}

weir_rc weir_delta_read_commit(weir_delta *table, int64_t version, weir_arena *arena, struct weir_commit *out, struct weir_error *err)
{
    struct collect c;
    int64_t file_time_ms = 0;
    memset(out, 0, sizeof *out);
    weir_rc rc = read_commit(table, version, arena, &c, &file_time_ms, err);
    out->add_count = c.add_count;
    out->remove_count = c.remove_count;
    out->adds = to_arena(arena, c.adds, c.add_count * sizeof *c.adds);
    out->removes = to_arena(arena, c.removes, c.remove_count * sizeof *c.removes);
    out->has_data_change = c.has_data_change;
    out->protocol = c.protocol;
    if (rc == WEIR_OK) {
        rc = fill_info(arena, version, file_time_ms, c.commit_info, &out->info, err);
    }
    if (rc == WEIR_OK) {
        struct weiri_segment borrowed = {.arena = arena}; /* only its arena is used: the options are given back below */
        c.segment = &borrowed;
        rc = gate_commit(&c, version, err);
        out->metadata = rc == WEIR_OK && c.metadata ? &c.metadata->pub : NULL;
        if (c.metadata && c.metadata->options) {
            weir_options_free(c.metadata->options);
            c.metadata->options = NULL;
            c.metadata->pub.configuration = NULL;
        }
        weir_free(borrowed.options);
    }
    return rc;
}

weir_rc weir_delta_history(weir_delta *table, size_t limit, weir_arena *arena, struct weir_commit_info **out, size_t *count_out, struct weir_error *err)
{
    struct weiri_commit_file *commits = NULL;
    size_t count = 0;
    *out = NULL;
    *count_out = 0;
    WEIR_TRY(weiri_log_commits(table, arena, &commits, &count, err));
    if (count == 0) {
        return weir_fail(err, WEIR_NOT_FOUND, "DELTA_TABLE_NOT_FOUND", "there is no Delta table (no version in " WEIRI_LOG "); %s; check the path or create the table", table->path);
    }
    size_t want = limit && limit < count ? limit : count;
    struct weir_commit_info *infos = weir_arena_zalloc(arena, want * sizeof *infos);
    weir_arena *scratch = weir_arena_new();
    weir_rc rc = WEIR_OK;
    for (size_t i = 0; rc == WEIR_OK && i < want; i++) {
        const struct weiri_commit_file *commit = &commits[count - 1 - i];
        struct collect c;
        int64_t file_time_ms = 0;
        weir_arena_reset(scratch);
        rc = read_commit(table, commit->version, scratch, &c, &file_time_ms, err);
        weir_free(c.adds);
        weir_free(c.removes);
        if (rc == WEIR_OK) {
            struct weir_str text = {0};
            if (c.commit_info.ptr) {
                text = (struct weir_str){weir_arena_strndup(arena, c.commit_info.ptr, c.commit_info.len), c.commit_info.len};
            }
            rc = fill_info(arena, commit->version, commit->mtime_ms, text, &infos[i], err);
        }
    }
    weir_arena_free(scratch);
    if (rc == WEIR_OK) {
        *out = infos;
        *count_out = want;
    }
    return rc;
}

/* --- versions by time --- */

/* The inCommitTimestamp of a commit; it must be there. */
static weir_rc ict_of(weir_delta *table, int64_t version, int64_t *out, struct weir_error *err)
{
    weir_arena *arena = weir_arena_new();
    struct collect c;
    struct weir_commit_info info;
    int64_t file_time_ms = 0;
    weir_rc rc = read_commit(table, version, arena, &c, &file_time_ms, err);
    weir_free(c.adds);
    weir_free(c.removes);
    if (rc == WEIR_OK) {
        rc = fill_info(arena, version, file_time_ms, c.commit_info, &info, err);
    }
    if (rc == WEIR_OK && !weir_json_i64(weir_json_get(info.json, "inCommitTimestamp"), out)) {
        rc = weir_fail(err, WEIR_CORRUPT, "DELTA_LOG_CORRUPT", "commit %lld of %s has no inCommitTimestamp although the table has in-commit timestamps; the log is damaged",
                       (long long)version, table->path);
    }
    weir_arena_free(arena);
    return rc;
}

struct times {
    weir_delta *table;
    const struct weiri_commit_file *commits;
    int64_t ict_from; /* first version with an in-commit timestamp; INT64_MAX = none */
};

static weir_rc time_of(const struct times *t, size_t i, int64_t *out, struct weir_error *err)
{
    *out = t->commits[i].mtime_ms;
    return t->commits[i].version >= t->ict_from ? ict_of(t->table, t->commits[i].version, out, err) : WEIR_OK;
}

/* Versions ascend with time, so that halving finds the last one at or before the instant. */
static weir_rc last_at_or_before(const struct times *t, size_t first, size_t count, int64_t timestamp_us, size_t *index, bool *found, struct weir_error *err)
{
    size_t low = first;
    size_t high = count;
    *found = false;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int64_t ms = 0;
        WEIR_TRY(time_of(t, mid, &ms, err));
        if (ms <= INT64_MAX / 1000 && ms * 1000 <= timestamp_us) {
            *found = true;
            *index = mid;
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return WEIR_OK;
}

static int64_t first_ict_version(const weir_snapshot *snapshot)
{
    const weir_options *configuration = snapshot->metadata->options;
    if (!weiri_property_bool(configuration, "delta.enableInCommitTimestamps", false)) {
        return INT64_MAX;
    }
    return weiri_property_i64(configuration, "delta.inCommitTimestampEnablementVersion", 0);
}

static weir_rc outside(weir_delta *table, bool before, int64_t timestamp_us, int64_t limit_ms, struct weir_error *err)
{
    char asked[48];
    char limit[48];
    (void)weir_timestamp_text(timestamp_us, "Z", asked);
    (void)weir_timestamp_ms_text(limit_ms * 1000, "Z", limit);
    if (before) {
        return weir_fail(err, WEIR_NOT_FOUND, "DELTA_TIMESTAMP_TOO_EARLY",
                         "%s is before the earliest version that can be read (%s); %s; choose a later time", asked, limit, table->path);
    }
    return weir_fail(err, WEIR_INVALID, "DELTA_TIMESTAMP_TOO_LATE", "%s is after the newest version of the table (%s); %s; choose an earlier time, or leave the time out",
                     asked, limit, table->path);
}

weir_rc weir_delta_version_at_time(weir_delta *table, int64_t timestamp_us, int64_t *version_out, struct weir_error *err)
{
    weir_arena *arena = weir_arena_new();
    struct times t = {.table = table};
    weir_snapshot *snapshot = NULL;
    struct weiri_commit_file *commits = NULL;
    size_t count = 0;
    size_t first = 0;
    size_t at = 0;
    int64_t earliest = 0;
    int64_t limit_ms = 0;
    bool found = false;
    *version_out = -1;
    weir_rc rc = weir_delta_snapshot(table, &snapshot, err);
    if (rc == WEIR_OK) {
        rc = weiri_log_earliest(table, &earliest, err);
    }
    if (rc == WEIR_OK) {
        rc = weiri_log_commits(table, arena, &commits, &count, err);
    }
    while (rc == WEIR_OK && count && commits[count - 1].version > snapshot->version) {
        count--; /* came meanwhile */
    }
    while (rc == WEIR_OK && first < count && commits[first].version < earliest) {
        first++;
    }
    if (rc == WEIR_OK && first == count) {
        rc = weir_fail(err, WEIR_NOT_FOUND, "DELTA_TIMESTAMP_TOO_EARLY", "no commit is left in the log that can be read by time; %s; read the table by version", table->path);
    }
    if (rc != WEIR_OK) {
        goto out;
    }
    t.commits = commits;
    t.ict_from = first_ict_version(snapshot);
    rc = time_of(&t, count - 1, &limit_ms, err);
    if (rc == WEIR_OK && timestamp_us > limit_ms * 1000) {
        rc = outside(table, false, timestamp_us, limit_ms, err);
    }
    if (rc == WEIR_OK) {
        rc = last_at_or_before(&t, first, count, timestamp_us, &at, &found, err);
    }
    if (rc == WEIR_OK && !found) {
        rc = time_of(&t, first, &limit_ms, err);
        rc = rc == WEIR_OK ? outside(table, true, timestamp_us, limit_ms, err) : rc;
    }
    if (rc == WEIR_OK) {
        *version_out = commits[at].version;
    }
out:
    weir_snapshot_unref(snapshot);
    weir_arena_free(arena);
    return rc;
}
