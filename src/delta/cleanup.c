/* cleanup.c - old log files go (delta-format.md 2.13).
 *
 * cutoff = midnight UTC of (now - delta.logRetentionDuration). Let C be the newest complete checkpoint whose commit is at or before the
 * cutoff: commits, checkpoints, checksums below C go, C with its commit stays, and so does everything above: every version from C on can
 * still be rebuilt. Without such a checkpoint nothing goes. Times are those of the commit files, made monotonic. Our own forgotten temporary
 * files go when they are a day old.
 *
 * The order matters for a crash in between: commits are deleted in ascending order, so that what is left is always a suffix of the log and
 * never a log with a hole above its last checkpoint. Checkpoints below C go before the commits that they stand on. */
#include "delta/delta_internal.h"

#include "base/log.h"

#include <inttypes.h>

#define DAY_MS ((int64_t)24 * 3600 * 1000)

static int64_t cutoff_ms(const weir_snapshot *snapshot, int64_t now_ms)
{
    int64_t keep = weiri_property_interval_ms(snapshot->metadata->options, "delta.logRetentionDuration", 30 * DAY_MS);
    int64_t at = now_ms - keep;
    return at - ((at % DAY_MS) + DAY_MS) % DAY_MS;
}

/* The newest version whose commit is at or before the cutoff; -1 = none. */
static int64_t last_expired(const struct weiri_commit_file *commits, size_t count, int64_t cutoff)
{
    int64_t version = -1;
    for (size_t i = 0; i < count && commits[i].mtime_ms <= cutoff; i++) {
        version = commits[i].version;
    }
    return version;
}

static weir_rc drop(weir_delta *table, const char *name, struct weir_error *err)
{
    char *key = weiri_log_key(name);
    weir_rc rc = weir_store_delete(table->store, key, err);
    weir_free(key);
    return rc;
}

static bool goes(const struct weiri_log_name *name, int64_t keep_from, bool commits)
{
    switch (name->kind) {
    case WEIRI_LOG_COMMIT:
        return commits && name->version < keep_from;
    case WEIRI_LOG_CRC:
    case WEIRI_LOG_CHECKPOINT:
    case WEIRI_LOG_CHECKPOINT_PART:
        return !commits && name->version < keep_from;
    case WEIRI_LOG_COMPACTED:
        return !commits && name->version <= keep_from;
    case WEIRI_LOG_CHECKPOINT_V2: /* its sidecars would be left behind: the engine that writes them cleans them */
    case WEIRI_LOG_TEMP:
    case WEIRI_LOG_OTHER:
        return false;
    }
    return false;
}

static weir_rc drop_all(weir_delta *table, const struct weir_store_entry *entries, size_t count, int64_t keep_from, bool commits, struct weir_error *err)
{
    for (size_t i = 0; i < count; i++) { /* listed in ascending order of names, which is that of versions */
        struct weiri_log_name name = weiri_log_name(entries[i].name);
        if (goes(&name, keep_from, commits)) {
            WEIR_TRY(drop(table, entries[i].name, err));
        }
    }
    return WEIR_OK;
}

static weir_rc drop_temps(weir_delta *table, const struct weir_store_entry *entries, size_t count, int64_t now_ms, struct weir_error *err)
{
    for (size_t i = 0; i < count; i++) {
        struct weir_str name = weir_str(entries[i].name);
        bool ours = name.len > 22 && name.ptr[0] == '.' && weir_str_ends(name, ".tmp") && entries[i].info.is_file;
        if (ours && entries[i].info.mtime_ns / 1000000 < now_ms - DAY_MS) {
            WEIR_TRY(drop(table, entries[i].name, err));
        }
    }
    return WEIR_OK;
}

weir_rc weiri_cleanup(weir_delta *table, const weir_snapshot *snapshot, int64_t now_ms, struct weir_error *err)
{
    weir_arena *arena = weir_arena_new();
    struct weir_store_entry *entries = NULL;
    struct weiri_commit_file *commits = NULL;
    struct weiri_log log = {.checkpoint = -1};
    size_t count = 0;
    size_t commit_count = 0;
    weir_rc rc = weiri_log_commits(table, arena, &commits, &commit_count, err);
    int64_t expired = rc == WEIR_OK ? last_expired(commits, commit_count, cutoff_ms(snapshot, now_ms)) : -1;
    if (rc == WEIR_OK && expired > 0) {
        rc = weiri_log_find(table, expired, arena, &log, err);
    }
    if (rc == WEIR_OK) {
        rc = weir_store_list(table->store, WEIRI_LOG, NULL, arena, &entries, &count, err);
    }
    if (rc == WEIR_OK && log.checkpoint > 0) {
        rc = drop_all(table, entries, count, log.checkpoint, false, err);
        if (rc == WEIR_OK) {
            rc = drop_all(table, entries, count, log.checkpoint, true, err);
        }
    }
    if (rc == WEIR_OK) {
        rc = drop_temps(table, entries, count, now_ms, err);
    }
    weir_arena_free(arena);
    return rc;
}
