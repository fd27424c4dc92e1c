/* commit.c - publish a transaction as the next version (delta-format.md 2.2, 2.15, A.1).
 *
 *   attempt v ──OK──────────────────────────────▶ committed ─▶ checkpoint when due
 *      │ ├─WEIR_EXISTS──▶ read v, v+1, ... ──ours─▶ committed
 *      │ │                      │ conflict ──▶ WEIR_CONFLICT
 *      │ │                      └ none ──▶ attempt (first free version)
 *      │ └─WEIR_UNKNOWN─▶ read v: ours ─▶ sync the folder ─OK─▶ committed
 *      │                         absent ─▶ WEIR_IO       └────▶ WEIR_UNKNOWN
 *      └─ any other error: nothing is visible
 *
 * The text, with its txnId, is the same in every attempt: that is how our own commit is known again. */
#include "delta/txn_internal.h"

#include "base/log.h"

#include <errno.h>
#include <time.h>

#define ATTEMPTS_MAX 10000

/* What a winning commit did, as far as it matters for us. */
struct winner {
    const char *app_id; /* ours */
    const char *our_id;
    bool ours, same_app, metadata, protocol, files;
};

static weir_rc see_winner(void *arg, const struct weiri_action *action, struct weir_error *err)
{
    struct winner *w = arg;
    (void)err;
    switch (action->kind) {
    case WEIRI_COMMIT_INFO: {
        const char *id = weir_json_string(weir_json_get(action->commit_info, "txnId"));
        w->ours = w->ours || (id && strcmp(id, w->our_id) == 0);
        break;
    }
    case WEIRI_TXN:
        w->same_app = w->same_app || (w->app_id && strcmp(action->txn->app_id, w->app_id) == 0);
        break;
    case WEIRI_METADATA:
        w->metadata = true;
        break;
    case WEIRI_PROTOCOL:
        w->protocol = true;
        break;
    case WEIRI_ADD:
    case WEIRI_REMOVE:
        w->files = true;
        break;
    case WEIRI_NOTHING:
    case WEIRI_DOMAIN:
    case WEIRI_SIDECAR:
    case WEIRI_CHECKPOINT_METADATA:
        break;
    }
    return WEIR_OK;
}

/* WEIR_NOT_FOUND: the version is free. */
static weir_rc read_winner(const weir_txn *txn, int64_t version, struct winner *out, struct weir_error *err)
{
    struct weir_buf text;
    *out = (struct winner){.app_id = txn->app_id, .our_id = txn->id.text};
    weir_buf_init(&text, WEIRI_COMMIT_BYTES_MAX);
    weir_rc rc = weiri_read_commit_text(txn->table, version, &text, err);
    if (rc == WEIR_OK && weir_str_trim(weir_buf_view(&text)).len == 0) {
        rc = weir_fail(err, WEIR_CORRUPT, "DELTA_COMMIT_EMPTY", "commit %lld of %s is empty: an acknowledged commit may be lost; restore it from a backup",
                       (long long)version, txn->table->path);
    }
    if (rc == WEIR_OK) {
        weir_arena *arena = weir_arena_new();
        char *key = weiri_commit_key(version);
        rc = weiri_actions_of_text(weir_buf_view(&text), key, arena, see_winner, out, err);
        weir_free(key);
        weir_arena_free(arena);
    }
    weir_buf_free(&text);
    return rc;
}

static weir_rc conflict(const weir_txn *txn, const char *condition, int64_t version, const char *what, struct weir_error *err)
{
    weir_rc rc = weir_fail(err, WEIR_CONFLICT, condition, "version %lld, which another writer committed meanwhile, %s; %s; read the table again and repeat the work",
                           (long long)version, what, txn->table->path);
    if (err) {
        err->retriable = strcmp(condition, "CONCURRENT_STREAM") != 0;
    }
    return rc;
}

static weir_rc check_winner(const weir_txn *txn, int64_t version, const struct winner *w, struct weir_error *err)
{
    if (!txn->snapshot) {
        return conflict(txn, "DELTA_CONCURRENT_CREATE", version, "created the table", err);
    }
    if (w->protocol) {
        return conflict(txn, "DELTA_PROTOCOL_CHANGED", version, "changed the protocol", err);
    }
    if (w->metadata) {
        return conflict(txn, "DELTA_METADATA_CHANGED", version, "changed the table's metadata", err);
    }
    if (w->same_app) {
        return conflict(txn, "CONCURRENT_STREAM", version, "is of the same stream (txn.appId): another instance of it is running", err);
    }
    if (w->files && !weiri_txn_is_blind(txn)) {
        return conflict(txn, "DELTA_CONCURRENT_WRITE", version, "added or removed files that this work would have had to see", err);
    }
    return WEIR_OK;
}

/* From version *v on: all winners. WEIR_OK: *v is free; WEIR_END: *v is our own commit. */
static weir_rc pass_winners(const weir_txn *txn, int64_t *v, struct weir_error *err)
{
    for (;; (*v)++) {
        struct winner w;
        weir_rc rc = read_winner(txn, *v, &w, err);
        if (rc == WEIR_NOT_FOUND) {
            weir_error_clear(err);
            return WEIR_OK;
        }
        if (rc != WEIR_OK) {
            return rc;
        }
        if (w.ours) {
            return WEIR_END;
        }
        WEIR_TRY(check_winner(txn, *v, &w, err));
    }
}

/* The folder's entry must last before the commit is acknowledged. A folder's fsync that failed once may be asked again, unlike a file's: it
 * writes the journal, whose failure stays until the file system is mounted anew, not pages that were marked clean. */
static weir_rc make_sure(const weir_txn *txn, int64_t version, struct weir_error *err)
{
    char *folder = weir_store_path(txn->table->store, WEIRI_LOG);
    struct weir_error cause = {0};
    weir_rc rc = weir_fs_sync_dir(txn->table->fs, folder, &cause);
    weir_free(folder);
    if (rc == WEIR_OK) {
        weir_error_clear(err);
        return WEIR_OK;
    }
    return weir_fail(err, WEIR_UNKNOWN, "DELTA_COMMIT_UNKNOWN",
                     "version %lld is visible but may not survive a power cut (%.300s); %s; check the disk, then read the log again before going on",
                     (long long)version, cause.msg, txn->table->path);
}

/* After an unclear answer. WEIR_OK: committed; WEIR_EXISTS: somebody else has the version; WEIR_IO: nothing is visible; WEIR_UNKNOWN. */
static weir_rc look_again(const weir_txn *txn, int64_t version, struct weir_error *err)
{
    struct winner w;
    struct weir_error second = {0};
    weir_rc rc = read_winner(txn, version, &w, &second);
    if (rc == WEIR_OK && w.ours) {
        return make_sure(txn, version, err);
    }
    if (rc == WEIR_OK) {
        return WEIR_EXISTS;
    }
    if (rc == WEIR_NOT_FOUND) {
        if (err) {
            err->code = WEIR_IO;
            err->retriable = true;
            weir_error_wrap(err, "version %lld was not committed", (long long)version);
        }
        return WEIR_IO;
    }
    return weir_fail(err, WEIR_UNKNOWN, "DELTA_COMMIT_UNKNOWN", "version %lld may be committed or not, the log can not be read (%.300s); %s; check the disk, then read the log again before going on",
                     (long long)version, second.msg, txn->table->path);
}

static void wait_a_little(int attempt)
{
    if (attempt < 3) {
        return; /* the first retries find the next version free, as a rule */
    }
    unsigned char random = 0;
    weir_random_bytes(&random, 1);
    long ms = 1 + (long)random % (attempt < 30 ? attempt : 30);
    struct timespec pause = {.tv_sec = 0, .tv_nsec = ms * 1000000};
    (void)nanosleep(&pause, NULL);
}

/* --- what must be true before --- */

static weir_rc check_no_table(const weir_txn *txn, struct weir_error *err)
{
    weir_arena *arena = weir_arena_new();
    struct weir_store_entry *entries = NULL;
    size_t count = 0;
    weir_rc rc = weir_store_list(txn->table->store, WEIRI_LOG, NULL, arena, &entries, &count, err);
    for (size_t i = 0; rc == WEIR_OK && i < count; i++) {
        enum weiri_log_kind kind = weiri_log_name(entries[i].name).kind;
        if (kind == WEIRI_LOG_COMMIT || kind == WEIRI_LOG_CHECKPOINT || kind == WEIRI_LOG_CHECKPOINT_PART || kind == WEIRI_LOG_CHECKPOINT_V2) {
            rc = weir_fail(err, WEIR_CONFLICT, "DELTA_CONCURRENT_CREATE", "there is a Delta table already (" WEIRI_LOG "/%s); %s; append to it or choose another folder",
                           entries[i].name, txn->table->path);
        }
    }
    weir_arena_free(arena);
    return rc;
}

/* Can values of the old type be read as the new one? Structs may have more fields, nullable ones. */
static bool reads_as(const struct weir_type *old, const struct weir_type *new)
{
    if (old->id != new->id || old->field_count == 0 || (old->id != WEIR_TYPE_STRUCT && old->field_count != new->field_count)) {
        return weir_type_eq(old, new);
    }
    for (size_t i = 0; i < old->field_count; i++) {
        const int at = old->id == WEIR_TYPE_STRUCT ? weir_schema_find_near(new, weir_str(old->fields[i].name), i) : (int)i;
        if (at < 0 || (old->fields[i].nullable && !new->fields[at].nullable) || !reads_as(&old->fields[i].type, &new->fields[at].type)) {
            return false;
        }
    }
    for (size_t i = 0; old->id == WEIR_TYPE_STRUCT && i < new->field_count; i++) {
        if (weir_schema_find_near(old, weir_str(new->fields[i].name), i) < 0 && !new->fields[i].nullable) {
            return false;
        }
    }
    return true;
}

/* Files that stay must still be readable under the new schema: columns may be added, nullable ones, fields of structs too; nothing else may change. */
static weir_rc check_additive(const weir_txn *txn, struct weir_error *err)
{
    const weir_schema *old = txn->snapshot->metadata->pub.schema;
    const weir_schema *new = txn->new_schema;
    for (size_t i = 0; i < old->field_count; i++) {
        int at = weir_schema_find_near(new, weir_str(old->fields[i].name), i);
        if (at < 0 || !reads_as(&old->fields[i].type, &new->fields[at].type) || (old->fields[i].nullable && !new->fields[at].nullable)) {
            return weir_fail(err, WEIR_INVALID, "DELTA_SCHEMA_NOT_ADDITIVE",
                             "column `%s` would vanish, change its type or lose its NULLs under files that stay; %s; replace the rows in the same commit, or keep the column",
                             old->fields[i].name, txn->table->path);
        }
    }
    for (size_t i = 0; i < new->field_count; i++) {
        if (weir_schema_find_near(old, weir_str(new->fields[i].name), i) < 0 && !new->fields[i].nullable) {
            return weir_fail(err, WEIR_INVALID, "DELTA_SCHEMA_NOT_ADDITIVE", "new column `%s` is NOT NULL, but the rows that are there have no value for it; %s; make it nullable",
                             new->fields[i].name, txn->table->path);
        }
    }
    return WEIR_OK;
}

static weir_rc check_existing(const weir_txn *txn, struct weir_error *err)
{
    WEIR_TRY(weir_snapshot_check_write(txn->snapshot, err));
    bool removes = txn->remove_all && txn->snapshot->file_count > 0;
    if (removes && weiri_property_bool(txn->snapshot->metadata->options, "delta.appendOnly", false)) {
        return weir_fail(err, WEIR_UNSUPPORTED, "DELTA_APPEND_ONLY", "the table is `appendOnly` (delta.appendOnly=true) and rows would be removed; %s; unset the property first",
                         txn->table->path);
    }
    if (txn->new_schema && !txn->remove_all && txn->snapshot->file_count > 0) {
        WEIR_TRY(check_additive(txn, err));
    }
    int64_t done = 0;
    if (txn->app_id && weir_snapshot_txn(txn->snapshot, txn->app_id, &done) && done >= txn->app_version) {
        return weir_fail(err, WEIR_CONFLICT, "CONCURRENT_STREAM", "batch %lld of application %s is in the table already (last: %lld); %s; skip it",
                         (long long)txn->app_version, txn->app_id, (long long)done, txn->table->path);
    }
    return WEIR_OK;
}

static weir_rc check_before(const weir_txn *txn, struct weir_error *err)
{
    WEIR_ASSERT(txn->snapshot || txn->metadata); /* create was called */
    WEIR_TRY(txn->snapshot ? check_existing(txn, err) : check_no_table(txn, err));
    size_t partitions = txn->metadata ? txn->metadata->pub.partition_count : txn->snapshot->metadata->pub.partition_count;
    for (size_t i = 0; i < txn->add_count; i++) {
        WEIR_ASSERT(txn->adds[i]->add.partition_count == partitions);
    }
    return WEIR_OK;
}

static weir_rc publish(const weir_txn *txn, struct weir_str text, int64_t *version_out, struct weir_error *err)
{
    int64_t v = txn->snapshot ? txn->snapshot->version + 1 : 0;
    for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        char *key = weiri_commit_key(v);
        weir_rc rc = weir_store_put_if_absent(txn->table->store, key, text, err);
        weir_free(key);
        if (rc == WEIR_UNKNOWN) {
            rc = look_again(txn, v, err);
        }
        if (rc == WEIR_OK) {
            *version_out = v;
            return WEIR_OK;
        }
        if (rc != WEIR_EXISTS) {
            return rc;
        }
        weir_error_clear(err);
        rc = pass_winners(txn, &v, err);
        if (rc == WEIR_END) { /* an earlier attempt of ours */
            *version_out = v;
            return make_sure(txn, v, err);
        }
        if (rc != WEIR_OK) {
            return rc;
        }
        wait_a_little(attempt);
    }
    return weir_fail(err, WEIR_CONFLICT, "DELTA_CONCURRENT_WRITE", "%d attempts to commit were all overtaken by other writers; %s; try again", ATTEMPTS_MAX, txn->table->path);
}

weir_rc weir_txn_commit(weir_txn *txn, int64_t *version_out, struct weir_error *err)
{
    struct weir_buf text;
    int64_t version = -1;
    *version_out = -1;
    WEIR_TRY(check_before(txn, err));
    weir_buf_init(&text, WEIRI_COMMIT_BYTES_MAX);
    weiri_txn_text(txn, &text);
    weir_rc rc = WEIR_OK;
    if (text.overflow) {
        rc = weir_fail(err, WEIR_TOO_BIG, "DELTA_COMMIT_TOO_BIG", "the commit would be larger than %zu bytes; %s; write fewer files at once", (size_t)WEIRI_COMMIT_BYTES_MAX, txn->table->path);
    } else {
        rc = publish(txn, weir_buf_view(&text), &version, err);
    }
    weir_buf_free(&text);
    if (rc != WEIR_OK) {
        return rc;
    }
    *version_out = version;
    weiri_after_commit(txn->table, version);
    return WEIR_OK;
}
