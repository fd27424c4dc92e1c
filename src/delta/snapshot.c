/* snapshot.c - the handle on a table, its cache, and what a snapshot tells.
 *
 * A version is read once: the handle keeps the replay state of the newest version that it saw, and a new version costs only its own commits.
 * That is right as long as the newest commit file that was seen is still the same file (inode, size, time): a table that was dropped and made
 * again, or whose log was cleaned past us, is read from its log anew. */
#include "delta/delta_internal.h"

#include "base/log.h"
#include "base/uri.h"

weir_delta *weir_delta_open(weir_fs *fs, const char *path)
{
    weir_delta *table = weir_calloc(1, sizeof *table);
    table->fs = fs;
    table->path = weir_path_absolute(NULL, path);
    table->store = weir_store_open_local(fs, table->path);
    table->last.version = -1;
    pthread_mutex_init(&table->lock, NULL);
    return table;
}

void weiri_forget(weir_delta *table)
{
    weir_snapshot_unref(table->snapshot);
    weiri_state_free(table->state);
    table->snapshot = NULL;
    table->state = NULL;
    table->last.version = -1;
}

void weir_delta_close(weir_delta *table)
{
    if (!table) {
        return;
    }
    weiri_forget(table);
    pthread_mutex_destroy(&table->lock);
    weir_store_close(table->store);
    weir_free(table->path);
    weir_free(table);
}

weir_store *weir_delta_store(const weir_delta *table)
{
    return table->store;
}

bool weir_delta_exists(weir_delta *table)
{
    int64_t version = 0;
    struct weir_error why;
    weir_error_clear(&why);
    /* A log that is damaged or has lost its beginning is a table too: whoever reads it hears what is wrong. */
    return weir_delta_latest_version(table, &version, &why) == WEIR_OK || strcmp(why.condition, "DELTA_TABLE_NOT_FOUND") != 0;
}

/* --- reading a version --- */

static weir_rc apply_commit(weir_delta *table, struct weiri_state *state, const struct weiri_commit_file *commit, struct weir_error *err)
{
    struct weir_buf text;
    weir_buf_init(&text, WEIRI_COMMIT_BYTES_MAX);
    char *key = weiri_commit_key(commit->version);
    weir_rc rc = weiri_read_commit_text(table, commit->version, &text, err);
    if (rc == WEIR_OK) {
        rc = weiri_state_commit(state, commit->version, weir_buf_view(&text), key, commit->mtime_ms, err);
    }
    weir_free(key);
    weir_buf_free(&text);
    return rc;
}

static weir_rc stat_commit(weir_delta *table, int64_t version, struct weiri_commit_file *out, struct weir_error *err)
{
    struct weir_file_info info;
    char *key = weiri_commit_key(version);
    weir_rc rc = weir_store_stat(table->store, key, &info, err);
    weir_free(key);
    if (rc == WEIR_OK) {
        *out = (struct weiri_commit_file){.version = version, .size = info.size, .mtime_ms = info.mtime_ns / 1000000, .inode = info.inode};
    }
    return rc;
}

/* The state at `target` (-1: newest) from the log alone. `last_out` is the newest commit file that went in (version -1: none). */
static weir_rc replay(weir_delta *table, int64_t target, struct weiri_state **out, struct weiri_commit_file *last_out, struct weir_error *err)
{
    weir_arena *arena = weir_arena_new();
    struct weiri_log log;
    struct weiri_state *state = NULL;
    *out = NULL;
    last_out->version = -1;
    weir_rc rc = weiri_log_find(table, target, arena, &log, err);
    if (rc != WEIR_OK) {
        goto out;
    }
    state = weiri_state_new();
    if (log.checkpoint >= 0) {
        rc = weiri_checkpoint_read(table, &log, state, err);
        state->version = log.checkpoint;
        state->timestamp_ms = log.checkpoint_mtime_ms;
    }
    for (size_t i = 0; rc == WEIR_OK && i < log.commit_count; i++) {
        rc = apply_commit(table, state, &log.commits[i], err);
        *last_out = log.commits[i];
    }
    if (rc == WEIR_OK && log.commit_count == 0 && stat_commit(table, log.version, last_out, NULL) != WEIR_OK) {
        last_out->version = -1;
    }
out:
    if (rc == WEIR_OK) {
        *out = state;
    } else {
        weiri_state_free(state);
    }
    weir_arena_free(arena);
    return rc;
}

static bool same_file(const struct weiri_commit_file *a, const struct weiri_commit_file *b)
{
    return a->version == b->version && a->size == b->size && a->mtime_ms == b->mtime_ms && a->inode == b->inode;
}

/* Bring the cached state up to date. *usable false: start again from the log. */
static weir_rc catch_up(weir_delta *table, bool *usable, bool *grew, struct weir_error *err)
{
    struct weiri_commit_file now;
    *usable = false;
    *grew = false;
    if (!table->state || table->last.version != table->state->version ||
        stat_commit(table, table->last.version, &now, NULL) != WEIR_OK || !same_file(&now, &table->last)) {
        return WEIR_OK;
    }
    *usable = true;
    for (;;) {
        weir_rc rc = stat_commit(table, table->state->version + 1, &now, err);
        if (rc == WEIR_NOT_FOUND) {
            weir_error_clear(err);
            return WEIR_OK;
        }
        if (rc == WEIR_OK) {
            rc = apply_commit(table, table->state, &now, err);
        }
        if (rc != WEIR_OK) {
            weiri_forget(table); /* half a commit may be in the state */
            return rc;
        }
        table->last = now;
        *grew = true;
    }
}

static weir_rc refresh(weir_delta *table, struct weir_error *err)
{
    bool usable = false;
    bool grew = false;
    WEIR_TRY(catch_up(table, &usable, &grew, err));
    if (!usable) {
        weiri_forget(table);
        weir_rc rc = replay(table, -1, &table->state, &table->last, err);
        if (rc != WEIR_OK) {
            return rc;
        }
        grew = true;
    }
    if (table->snapshot && !grew) {
        return WEIR_OK;
    }
    weir_snapshot_unref(table->snapshot);
    table->snapshot = NULL;
    return weiri_state_snapshot(table->state, table, &table->snapshot, err);
}

static weir_rc in_table(weir_delta *table, weir_rc rc, struct weir_error *err)
{
    if (rc != WEIR_OK && err && !strstr(err->msg, table->path)) {
        weir_error_wrap(err, "table %s", table->path);
    }
    return rc;
}

weir_rc weir_delta_snapshot(weir_delta *table, weir_snapshot **out, struct weir_error *err)
{
    *out = NULL;
    pthread_mutex_lock(&table->lock);
    weir_rc rc = refresh(table, err);
    if (rc == WEIR_OK) {
        *out = weir_snapshot_ref(table->snapshot);
    }
    pthread_mutex_unlock(&table->lock);
    return in_table(table, rc, err);
}

weir_rc weir_delta_snapshot_at(weir_delta *table, int64_t version, weir_snapshot **out, struct weir_error *err)
{
    *out = NULL;
    if (version < 0) {
        return weir_fail(err, WEIR_NOT_FOUND, "DELTA_VERSION_NOT_FOUND", "version %lld does not exist; %s; versions begin with 0", (long long)version, table->path);
    }
    pthread_mutex_lock(&table->lock);
    if (table->snapshot && table->snapshot->version <= version) {
        weir_rc rc = refresh(table, err);
        if (rc == WEIR_OK && table->snapshot->version == version) {
            *out = weir_snapshot_ref(table->snapshot);
        }
    }
    pthread_mutex_unlock(&table->lock);
    if (*out) {
        return WEIR_OK;
    }
    weir_error_clear(err);
    struct weiri_state *state = NULL;
    struct weiri_commit_file last;
    weir_rc rc = replay(table, version, &state, &last, err);
    if (rc == WEIR_OK) {
        rc = weiri_state_snapshot(state, table, out, err);
    }
    weiri_state_free(state);
    return in_table(table, rc, err);
}

weir_rc weir_delta_latest_version(weir_delta *table, int64_t *version_out, struct weir_error *err)
{
    struct weiri_commit_file now;
    *version_out = -1;
    pthread_mutex_lock(&table->lock);
    struct weiri_commit_file last = table->last;
    pthread_mutex_unlock(&table->lock);
    if (last.version >= 0 && stat_commit(table, last.version, &now, NULL) == WEIR_OK && same_file(&now, &last)) {
        int64_t version = last.version;
        weir_rc rc = WEIR_OK;
        while ((rc = stat_commit(table, version + 1, &now, err)) == WEIR_OK) {
            version++;
        }
        if (rc != WEIR_NOT_FOUND) {
            return rc;
        }
        weir_error_clear(err);
        *version_out = version;
        return WEIR_OK;
    }
    weir_arena *arena = weir_arena_new();
    struct weiri_log log;
    weir_rc rc = weiri_log_find(table, -1, arena, &log, err);
    if (rc == WEIR_OK) {
        *version_out = log.version;
    }
    weir_arena_free(arena);
    return rc;
}

/* --- the snapshot itself --- */

static size_t values_of(const weir_map *map, void ***out)
{
    size_t count = weir_map_count(map);
    void **values = weir_malloc((count + 1) * sizeof *values);
    struct weir_str key;
    size_t n = 0;
    void *value = NULL;
    for (size_t i = 0; weir_map_at(map, &i, &key, &value);) {
        values[n++] = value;
    }
    WEIR_ASSERT(n == count);
    *out = values;
    return n;
}

weir_snapshot *weiri_snapshot_new(weir_delta *table, struct weiri_state *state)
{
    weir_snapshot *snapshot = weir_calloc(1, sizeof *snapshot);
    atomic_init(&snapshot->refs, 1);
    snapshot->segment = weiri_segment_ref(state->segment);
    snapshot->path = weir_strdup(table->path);
    snapshot->store = weir_store_open_local(table->fs, table->path);
    snapshot->version = state->version;
    snapshot->timestamp_ms = state->timestamp_ms;
    snapshot->metadata = state->metadata;
    snapshot->protocol = state->protocol;
    snapshot->file_count = values_of(state->files, (void ***)&snapshot->files);
    snapshot->tombstone_count = values_of(state->tombstones, (void ***)&snapshot->tombstones);
    snapshot->txn_count = values_of(state->txns, (void ***)&snapshot->txns);
    snapshot->domain_count = values_of(state->domains, (void ***)&snapshot->domains);
    return snapshot;
}

weir_snapshot *weir_snapshot_ref(weir_snapshot *snapshot)
{
    atomic_fetch_add(&snapshot->refs, 1);
    return snapshot;
}

void weir_snapshot_unref(weir_snapshot *snapshot)
{
    if (!snapshot || atomic_fetch_sub(&snapshot->refs, 1) != 1) {
        return;
    }
    weir_free(snapshot->files);
    weir_free(snapshot->tombstones);
    weir_free(snapshot->txns);
    weir_free(snapshot->domains);
    weir_store_close(snapshot->store);
    weir_free(snapshot->path);
    weiri_segment_unref(snapshot->segment);
    weir_free(snapshot);
}

int64_t weir_snapshot_version(const weir_snapshot *snapshot)
{
    return snapshot->version;
}

int64_t weir_snapshot_timestamp_ms(const weir_snapshot *snapshot)
{
    return snapshot->timestamp_ms;
}

const struct weir_metadata *weir_snapshot_metadata(const weir_snapshot *snapshot)
{
    return &snapshot->metadata->pub;
}

const struct weir_protocol *weir_snapshot_protocol(const weir_snapshot *snapshot)
{
    return snapshot->protocol;
}

size_t weir_snapshot_file_count(const weir_snapshot *snapshot)
{
    return snapshot->file_count;
}

const struct weir_add *weir_snapshot_file(const weir_snapshot *snapshot, size_t index)
{
    WEIR_ASSERT(index < snapshot->file_count);
    return &snapshot->files[index]->add;
}

char *weir_snapshot_file_path(const weir_snapshot *snapshot, const struct weir_add *add)
{
    struct weir_buf path;
    weir_buf_init(&path, 0);
    weiri_path_canonical(&path, add->path);
    char *out = path.data && path.data[0] == '/' ? weir_strdup(path.data) : weir_path_join(snapshot->path, path.data ? path.data : "");
    weir_buf_free(&path);
    return out;
}

bool weir_snapshot_txn(const weir_snapshot *snapshot, const char *app_id, int64_t *version_out)
{
    for (size_t i = 0; i < snapshot->txn_count; i++) {
        if (strcmp(snapshot->txns[i]->app_id, app_id) == 0) {
            *version_out = snapshot->txns[i]->version;
            return true;
        }
    }
    return false;
}

int64_t weir_snapshot_row_count(const weir_snapshot *snapshot)
{
    weir_arena *arena = weir_arena_new();
    int64_t rows = 0;
    for (size_t i = 0; rows >= 0 && i < snapshot->file_count; i++) {
        const struct weir_json *stats = NULL;
        int64_t count = 0;
        const char *text = snapshot->files[i]->add.stats;
        weir_arena_reset(arena);
        if (text && weir_json_parse(arena, weir_str(text), &stats, NULL) == WEIR_OK &&
            weir_json_i64(weir_json_get(stats, "numRecords"), &count) && count >= 0) {
            rows += count;
        } else {
            rows = -1;
        }
    }
    weir_arena_free(arena);
    return rows;
}
