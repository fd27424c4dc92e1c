/* state.c - replay: actions in, the table's state out (delta-format.md 2.4).
 *
 * For files the newest reference per (path, deletion vector) wins: an add is live, a remove is a tombstone. Of protocol, metaData, txn per
 * application and domain the last one counts. Commits are applied in ascending order on top of at most one checkpoint.
 *
 * The maps keep the order of the log, which is the order of a snapshot's files. */
#include "delta/actions_copy.h"

#define REBUILD_SLACK_BYTES ((size_t)16 << 20)
#define TOMBSTONE_KEEP_MS ((int64_t)7 * 24 * 3600 * 1000)

/* What one commit has said so far. */
struct weiri_commit_rules {
    weir_map *adds, *removes; /* canonical path -> struct weiri_file */
    weir_map *apps;
    bool metadata, protocol;
    bool has_ict;
    int64_t ict_ms;
};

struct weiri_state *weiri_state_new(void)
{
    struct weiri_state *state = weir_calloc(1, sizeof *state);
    state->segment = weiri_segment_new();
    state->files = weir_map_new();
    state->tombstones = weir_map_new();
    state->txns = weir_map_new();
    state->domains = weir_map_new();
    state->version = -1;
    return state;
}

void weiri_state_free(struct weiri_state *state)
{
    if (!state) {
        return;
    }
    weir_map_free(state->files, NULL);
    weir_map_free(state->tombstones, NULL);
    weir_map_free(state->txns, NULL);
    weir_map_free(state->domains, NULL);
    weiri_segment_unref(state->segment);
    weir_free(state->fresh);
    weir_free(state);
}

static weir_rc twice(const char *what, const char *which, struct weir_error *err)
{
    return weir_fail(err, WEIR_CORRUPT, "DELTA_LOG_CORRUPT", "one commit holds %s twice%s%s; the log was written by a broken program", what,
                     which ? ": " : "", which ? which : "");
}

/* One commit may have one add and one remove per path, and both only with different deletion vectors. */
static weir_rc check_file_rules(struct weiri_commit_rules *rules, bool is_add, const struct weiri_file *file, struct weir_str path, struct weir_error *err)
{
    weir_map *own = is_add ? rules->adds : rules->removes;
    weir_map *other = is_add ? rules->removes : rules->adds;
    if (weir_map_has(own, path)) {
        return twice(is_add ? "an add of one file" : "a remove of one file", file->add.path, err);
    }
    const struct weiri_file *counterpart = weir_map_get(other, path);
    if (counterpart) {
        struct weir_buf a;
        struct weir_buf b;
        weir_buf_init(&a, 0);
        weir_buf_init(&b, 0);
        weiri_dv_id(&a, file->add.dv);
        weiri_dv_id(&b, counterpart->add.dv);
        bool same = weir_str_eq(weir_buf_view(&a), weir_buf_view(&b));
        weir_buf_free(&a);
        weir_buf_free(&b);
        if (same) {
            return weir_fail(err, WEIR_CORRUPT, "DELTA_LOG_CORRUPT", "one commit adds and removes the same file: %s; the log was written by a broken program", file->add.path);
        }
    }
    weir_map_put(own, path, (void *)(uintptr_t)file);
    return WEIR_OK;
}

static weir_rc apply_file(struct weiri_state *state, const struct weiri_action *action, struct weiri_commit_rules *rules, struct weir_error *err)
{
    struct weir_buf key;
    weir_buf_init(&key, 0);
    weiri_path_canonical(&key, action->file->add.path);
    weir_rc rc = WEIR_OK;
    if (rules) {
        rc = check_file_rules(rules, action->kind == WEIRI_ADD, action->file, weir_buf_view(&key), err);
    }
    if (rc == WEIR_OK) {
        weir_buf_add_char(&key, '\n');
        weiri_dv_id(&key, action->file->add.dv);
        struct weir_str view = weir_buf_view(&key);
        bool is_add = action->kind == WEIRI_ADD;
        weir_map_remove(is_add ? state->tombstones : state->files, view);
        weir_map_put(is_add ? state->files : state->tombstones, view, action->file);
        if (is_add) {
            WEIR_PUSH(state->fresh, state->fresh_count, state->fresh_cap) = action->file;
        }
    }
    weir_buf_free(&key);
    return rc;
}

static weir_rc apply_txn(struct weiri_state *state, struct weiri_txn_action *txn, struct weiri_commit_rules *rules, struct weir_error *err)
{
    struct weir_str app = weir_str(txn->app_id);
    if (rules) {
        if (weir_map_has(rules->apps, app)) {
            return twice("a txn of one application", txn->app_id, err);
        }
        weir_map_put(rules->apps, app, txn);
    }
    weir_map_put(state->txns, app, txn);
    return WEIR_OK;
}

weir_rc weiri_state_apply(struct weiri_state *state, const struct weiri_action *action, struct weiri_commit_rules *rules, struct weir_error *err)
{
    switch (action->kind) {
    case WEIRI_ADD:
    case WEIRI_REMOVE:
        return apply_file(state, action, rules, err);
    case WEIRI_TXN:
        return apply_txn(state, action->txn, rules, err);
    case WEIRI_DOMAIN:
        weir_map_put(state->domains, weir_str(action->domain->domain), action->domain);
        return WEIR_OK;
    case WEIRI_METADATA:
        if (rules && rules->metadata) {
            return twice("metaData", NULL, err);
        }
        if (rules) {
            rules->metadata = true;
        }
        state->metadata = action->metadata;
        state->metadata_changed = true;
        return WEIR_OK;
    case WEIRI_PROTOCOL:
        if (rules && rules->protocol) {
            return twice("protocol", NULL, err);
        }
        if (rules) {
            rules->protocol = true;
        }
        state->protocol = action->protocol;
        return WEIR_OK;
    case WEIRI_COMMIT_INFO:
        if (rules) {
            rules->has_ict = weir_json_i64(weir_json_get(action->commit_info, "inCommitTimestamp"), &rules->ict_ms);
        }
        return WEIR_OK;
    case WEIRI_NOTHING:
    case WEIRI_SIDECAR:
    case WEIRI_CHECKPOINT_METADATA:
        return WEIR_OK;
    }
    return WEIR_OK;
}

struct apply_arg { struct weiri_state *state; struct weiri_commit_rules *rules; };

static weir_rc apply_one(void *arg, const struct weiri_action *action, struct weir_error *err)
{
    struct apply_arg *a = arg;
    return weiri_state_apply(a->state, action, a->rules, err);
}

static bool expired(const struct weiri_file *tombstone, int64_t keep_ms)
{
    return tombstone->deletion_timestamp_ms < weir_now_ms() - keep_ms;
}

/* Copy what still counts into a new segment, so that texts of files long removed are freed with the last snapshot that shows them. */
static void rebuild(struct weiri_state *state)
{
    struct weiri_segment *segment = weiri_segment_new();
    weir_arena *arena = segment->arena;
    struct weir_str key;
    void *value = NULL;
    weir_map *files = weir_map_new();
    for (size_t i = 0; weir_map_at(state->files, &i, &key, &value);) {
        struct weiri_file *copy = weiri_file_copy(arena, value);
        weir_map_put(files, key, copy);
    }
    weir_map *tombstones = weir_map_new();
    int64_t keep_ms = state->metadata && state->metadata->options
                          ? weiri_property_interval_ms(state->metadata->options, "delta.deletedFileRetentionDuration", TOMBSTONE_KEEP_MS)
                          : TOMBSTONE_KEEP_MS;
    for (size_t i = 0; weir_map_at(state->tombstones, &i, &key, &value);) {
        if (!expired(value, keep_ms)) {
            weir_map_put(tombstones, key, weiri_file_copy(arena, value));
        }
    }
    for (size_t i = 0; weir_map_at(state->txns, &i, &key, &value);) {
        weir_map_put(state->txns, key, weiri_txn_copy(arena, value));
    }
    for (size_t i = 0; weir_map_at(state->domains, &i, &key, &value);) {
        weir_map_put(state->domains, key, weiri_domain_copy(arena, value));
    }
    state->metadata = state->metadata ? weiri_metadata_copy(arena, state->metadata) : NULL;
    state->protocol = state->protocol ? weiri_protocol_copy(arena, state->protocol) : NULL;
    state->metadata_changed = true;
    state->fresh_count = 0;
    weir_map_free(state->files, NULL);
    weir_map_free(state->tombstones, NULL);
    state->files = files;
    state->tombstones = tombstones;
    weiri_segment_unref(state->segment);
    state->segment = segment;
    state->arena_floor = weir_arena_used(arena);
}

weir_rc weiri_state_commit(struct weiri_state *state, int64_t version, struct weir_str text, const char *what, int64_t timestamp_ms, struct weir_error *err)
{
    WEIR_ASSERT(version == state->version + 1);
    if (weir_str_trim(text).len == 0) {
        return weir_fail(err, WEIR_CORRUPT, "DELTA_COMMIT_EMPTY",
                         "commit file %s is empty: an acknowledged commit may be lost (power cut); restore the file from a backup, or remove it "
                         "if its rows may be taken in again", what);
    }
    struct weiri_commit_rules rules = {.adds = weir_map_new(), .removes = weir_map_new(), .apps = weir_map_new()};
    struct apply_arg arg = {state, &rules};
    weir_rc rc = weiri_actions_of_text(text, what, state->segment->arena, apply_one, &arg, err);
    weir_map_free(rules.adds, NULL);
    weir_map_free(rules.removes, NULL);
    weir_map_free(rules.apps, NULL);
    if (rc != WEIR_OK) {
        if (err && !strstr(err->msg, what)) {
            weir_error_wrap(err, "%s", what);
        }
        return rc;
    }
    state->version = version;
    state->timestamp_ms = rules.has_ict ? rules.ict_ms : timestamp_ms;
    return WEIR_OK;
}

/* Partition values in the order of the table's partition columns; one that the log does not name is NULL. A file that an older snapshot may
 * show is never changed: `file` then gets a copy in its place, which is returned. */
static struct weiri_file *order_partition_values(struct weiri_state *state, struct weiri_file *file, bool shared)
{
    const struct weir_metadata *meta = &state->metadata->pub;
    bool in_order = file->add.partition_count == meta->partition_count;
    for (size_t i = 0; in_order && i < meta->partition_count; i++) {
        in_order = strcmp(file->add.partition_values[i].name, meta->partition_columns[i]) == 0;
    }
    if (in_order) {
        return file;
    }
    if (shared) {
        struct weiri_file *copy = weir_arena_alloc(state->segment->arena, sizeof *copy);
        *copy = *file;
        file = copy;
    }
    struct weir_partition_value *values = weir_arena_zalloc(state->segment->arena, (meta->partition_count + 1) * sizeof *values);
    for (size_t i = 0; i < meta->partition_count; i++) {
        struct weir_str name = weir_str(meta->partition_columns[i]);
        values[i].name = meta->partition_columns[i];
        for (size_t k = 0; k < file->add.partition_count; k++) {
            if (weir_str_eq_nocase(weir_str(file->add.partition_values[k].name), name)) {
                values[i].value = file->add.partition_values[k].value;
            }
        }
    }
    file->add.partition_values = values;
    file->add.partition_count = meta->partition_count;
    return file;
}

weir_rc weiri_metadata_finish(struct weiri_segment *segment, const struct weir_protocol *protocol, struct weiri_metadata *meta, struct weir_error *err)
{
    if (!meta->options) {
        meta->options = weir_options_new();
        for (size_t i = 0; i < meta->configuration_count; i++) {
            weir_options_set(meta->options, meta->configuration[i].key, meta->configuration[i].value ? meta->configuration[i].value : "");
        }
        meta->pub.configuration = meta->options;
        WEIR_PUSH(segment->options, segment->option_count, segment->option_cap) = meta->options;
    }
    WEIR_TRY(weiri_gate_read(protocol, meta, err));
    if (meta->pub.schema) {
        return WEIR_OK;
    }
    weir_schema *schema = NULL;
    if (!meta->pub.schema_json || !meta->pub.schema_json[0]) {
        schema = weir_schema_new(segment->arena, 0); /* very old tables: metaData without a schema stands for no columns */
    } else {
        weir_rc rc = weir_schema_parse_json(segment->arena, weir_str(meta->pub.schema_json), &schema, err);
        if (rc != WEIR_OK) {
            weir_error_wrap(err, "schemaString of metaData");
            return rc;
        }
    }
    meta->pub.schema = schema;
    return weiri_gate_read(protocol, meta, err);
}

static weir_rc check_deletion_vectors(const struct weiri_state *state, struct weir_error *err)
{
    struct weir_str key;
    void *value = NULL;
    for (size_t i = 0; weir_map_at(state->files, &i, &key, &value);) {
        const struct weiri_file *file = value;
        if (file->add.dv) {
            return weir_fail(err, WEIR_UNSUPPORTED, "DELTA_READ_UNSUPPORTED",
                             "version %lld of the table uses `deletionVectors`, which weir does not read yet (deletion_vector of file %s); "
                             "rewrite the rows with another engine (REORG TABLE ... APPLY (PURGE)) or read an older version",
                             (long long)state->version, file->add.path);
        }
    }
    return WEIR_OK;
}

weir_rc weiri_state_snapshot(struct weiri_state *state, weir_delta *table, weir_snapshot **out, struct weir_error *err)
{
    *out = NULL;
    if (!state->protocol) {
        return weir_fail(err, WEIR_CORRUPT, "DELTA_PROTOCOL_MISSING", "No protocol found in the log up to version %lld; the log is damaged", (long long)state->version);
    }
    if (!state->metadata) {
        WEIR_TRY(weiri_gate_read(state->protocol, NULL, err));
        return weir_fail(err, WEIR_CORRUPT, "DELTA_METADATA_MISSING", "No metadata found in the log up to version %lld; the log is damaged", (long long)state->version);
    }
    if (state->arena_floor && weir_arena_used(state->segment->arena) > 3 * state->arena_floor + REBUILD_SLACK_BYTES) {
        rebuild(state);
    }
    WEIR_TRY(weiri_metadata_finish(state->segment, state->protocol, state->metadata, err));
    WEIR_TRY(check_deletion_vectors(state, err));
    if (state->metadata_changed) {
        struct weir_str key;
        void *value = NULL;
        for (size_t i = 0; weir_map_at(state->files, &i, &key, &value);) {
            struct weiri_file *ordered = order_partition_values(state, value, true);
            if (ordered != value) {
                weir_map_put(state->files, key, ordered);
            }
        }
    } else {
        for (size_t i = 0; i < state->fresh_count; i++) {
            (void)order_partition_values(state, state->fresh[i], false);
        }
    }
    state->metadata_changed = false;
    state->fresh_count = 0;
    if (!state->arena_floor) {
        state->arena_floor = weir_arena_used(state->segment->arena);
    }
    *out = weiri_snapshot_new(table, state);
    return WEIR_OK;
}
