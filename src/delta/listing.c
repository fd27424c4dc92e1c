/* listing.c - which files of _delta_log make a version (delta-format.md 2.5).
 *
 * _last_checkpoint is only a hint where to begin the listing: what does not fit it is found by listing everything. The newest complete
 * checkpoint at or below the version is taken; commits after it must be contiguous. Zero-length checkpoint files do not count. */
#include "delta/delta_internal.h"

#include <stdio.h>
#include <stdlib.h>

struct checkpoint {
    int64_t version;
    int64_t mtime_ms;
    enum weiri_log_kind kind;
    int64_t parts, found;
    const char *name;   /* single-file ones */
    size_t first_entry; /* of the part files */
};

static bool listed_as_commit(const struct weir_store_entry *entry, struct weiri_log_name *name)
{
    *name = weiri_log_name(entry->name);
    return name->kind == WEIRI_LOG_COMMIT && entry->info.is_file;
}

static struct weiri_commit_file commit_file(int64_t version, const struct weir_file_info *info)
{
    return (struct weiri_commit_file){.version = version, .size = info->size, .mtime_ms = info->mtime_ns / 1000000, .inode = info->inode};
}

/* Is `a` to be preferred to `b`? The newer one; of one version the plainest. */
static bool better(const struct checkpoint *a, const struct checkpoint *b)
{
    return a->version != b->version ? a->version > b->version : a->kind < b->kind;
}

/* All parts of a multi-part checkpoint, in order, into names; false if one is missing. */
static bool collect_parts(weir_arena *arena, const struct weir_store_entry *entries, size_t count, const struct checkpoint *want, struct weiri_log *out)
{
    if (want->parts > (int64_t)count) {
        return false;
    }
    const char **names = weir_arena_zalloc(arena, (size_t)want->parts * sizeof *names);
    int64_t found = 0;
    for (size_t i = 0; i < count; i++) {
        struct weiri_log_name name = weiri_log_name(entries[i].name);
        if (name.kind == WEIRI_LOG_CHECKPOINT_PART && name.version == want->version && name.parts == want->parts && entries[i].info.size > 0 &&
            !names[name.part - 1]) {
            names[name.part - 1] = entries[i].name;
            found++;
        }
    }
    out->checkpoint_names = names;
    out->checkpoint_name_count = (size_t)want->parts;
    return found == want->parts;
}

static bool choose_checkpoint(weir_arena *arena, const struct weir_store_entry *entries, size_t count, int64_t target, struct weiri_log *out)
{
    struct checkpoint best = {.version = -1};
    for (size_t i = 0; i < count; i++) {
        struct weiri_log_name name = weiri_log_name(entries[i].name);
        bool single = name.kind == WEIRI_LOG_CHECKPOINT || name.kind == WEIRI_LOG_CHECKPOINT_V2;
        if ((!single && name.kind != WEIRI_LOG_CHECKPOINT_PART) || entries[i].info.size == 0 || (target >= 0 && name.version > target)) {
            continue;
        }
        struct checkpoint this = {.version = name.version, .mtime_ms = entries[i].info.mtime_ns / 1000000, .kind = name.kind, .parts = name.parts, .name = entries[i].name};
        if (best.version >= 0 && !better(&this, &best)) {
            continue;
        }
        struct weiri_log parts = {0};
        if (single) {
            const char **names = weir_arena_zalloc(arena, sizeof *names);
            names[0] = this.name;
            out->checkpoint_names = names;
            out->checkpoint_name_count = 1;
        } else if (collect_parts(arena, entries, count, &this, &parts)) {
            out->checkpoint_names = parts.checkpoint_names;
            out->checkpoint_name_count = parts.checkpoint_name_count;
        } else {
            continue;
        }
        best = this;
    }
    out->checkpoint = best.version;
    out->checkpoint_mtime_ms = best.mtime_ms;
    return best.version >= 0;
}

static weir_rc not_contiguous(weir_delta *table, int64_t missing, struct weir_error *err)
{
    return weir_fail(err, WEIR_CORRUPT, "DELTA_LOG_GAP",
                     "versions are not contiguous: commit %lld is missing in the log of %s; restore " WEIRI_LOG "/%020lld.json from a backup",
                     (long long)missing, table->path, (long long)missing);
}

static weir_rc truncated(weir_delta *table, int64_t oldest, struct weir_error *err)
{
    return weir_fail(err, WEIR_NOT_FOUND, "DELTA_LOG_TRUNCATED",
                     "truncated transaction log: what is left begins with version %lld, and the version that is asked for can not be rebuilt from it; %s; choose a newer version",
                     (long long)oldest, table->path);
}

static weir_rc collect_commits(weir_delta *table, weir_arena *arena, const struct weir_store_entry *entries, size_t count, int64_t target,
                               struct weiri_log *out, struct weir_error *err)
{
    int64_t next = out->checkpoint + 1;
    out->commits = weir_arena_zalloc(arena, (count + 1) * sizeof *out->commits);
    out->commit_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct weiri_log_name name;
        if (!listed_as_commit(&entries[i], &name) || name.version < next || (target >= 0 && name.version > target)) {
            continue;
        }
        if (name.version != next) {
            if (out->checkpoint < 0 && out->commit_count == 0) {
                return truncated(table, name.version, err);
            }
            return not_contiguous(table, next, err);
        }
        out->commits[out->commit_count++] = commit_file(next, &entries[i].info);
        next++;
    }
    out->version = next - 1;
    return WEIR_OK;
}

static weir_rc version_missing(weir_delta *table, int64_t target, int64_t newest, struct weir_error *err)
{
    if (newest < 0) {
        return weir_fail(err, WEIR_NOT_FOUND, "DELTA_TABLE_NOT_FOUND",
                         "there is no Delta table (no version in " WEIRI_LOG "); %s; check the path or create the table", table->path);
    }
    return weir_fail(err, WEIR_NOT_FOUND, "DELTA_VERSION_NOT_FOUND", "version %lld does not exist, the newest is %lld; %s; choose an existing version",
                     (long long)target, (long long)newest, table->path);
}

/* One try over a listing that begins at `from`. *again: the listing was too short to tell. */
static weir_rc find_from(weir_delta *table, int64_t from, int64_t target, weir_arena *arena, struct weiri_log *out, bool *again, struct weir_error *err)
{
    char first[24];
    struct weir_store_entry *entries = NULL;
    size_t count = 0;
    *again = false;
    (void)snprintf(first, sizeof first, "%020lld", (long long)from);
    WEIR_TRY(weir_store_list(table->store, WEIRI_LOG, from > 0 ? first : NULL, arena, &entries, &count, err));
    memset(out, 0, sizeof *out);
    bool has_checkpoint = choose_checkpoint(arena, entries, count, target, out);
    if (from > 0 && !has_checkpoint) {
        *again = true; /* the hint lied */
        return WEIR_OK;
    }
    weir_rc rc = collect_commits(table, arena, entries, count, target, out, err);
    if (rc != WEIR_OK) {
        return rc;
    }
    for (size_t i = 0; out->version < 0 && i < count; i++) { /* all there is lies above the target */
        struct weiri_log_name name = weiri_log_name(entries[i].name);
        if (name.kind == WEIRI_LOG_COMMIT || name.kind == WEIRI_LOG_CHECKPOINT) {
            return truncated(table, name.version, err);
        }
    }
    if (out->version < 0 || (target >= 0 && out->version < target)) {
        return version_missing(table, target, out->version, err);
    }
    return WEIR_OK;
}

weir_rc weiri_log_find(weir_delta *table, int64_t target, weir_arena *arena, struct weiri_log *out, struct weir_error *err)
{
    int64_t hint = 0;
    bool again = true;
    if (weiri_last_checkpoint(table, &hint) && hint > 0 && (target < 0 || hint <= target)) {
        WEIR_TRY(find_from(table, hint, target, arena, out, &again, err));
    }
    return again ? find_from(table, 0, target, arena, out, &again, err) : WEIR_OK;
}

static int by_version(const void *a, const void *b)
{
    const struct weiri_commit_file *x = a;
    const struct weiri_commit_file *y = b;
    return x->version < y->version ? -1 : x->version > y->version;
}

weir_rc weiri_log_commits(weir_delta *table, weir_arena *arena, struct weiri_commit_file **out, size_t *count_out, struct weir_error *err)
{
    struct weir_store_entry *entries = NULL;
    size_t count = 0;
    WEIR_TRY(weir_store_list(table->store, WEIRI_LOG, NULL, arena, &entries, &count, err));
    struct weiri_commit_file *commits = weir_arena_zalloc(arena, (count + 1) * sizeof *commits);
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        struct weiri_log_name name;
        if (listed_as_commit(&entries[i], &name)) {
            commits[n++] = commit_file(name.version, &entries[i].info);
        }
    }
    qsort(commits, n, sizeof *commits, by_version);
    for (size_t i = 1; i < n; i++) {
        if (commits[i].mtime_ms <= commits[i - 1].mtime_ms) {
            commits[i].mtime_ms = commits[i - 1].mtime_ms + 1;
        }
    }
    *out = commits;
    *count_out = n;
    return WEIR_OK;
}

weir_rc weiri_log_earliest(weir_delta *table, int64_t *version_out, struct weir_error *err)
{
    weir_arena *arena = weir_arena_new();
    struct weir_store_entry *entries = NULL;
    size_t count = 0;
    int64_t earliest = INT64_MAX;
    *version_out = -1;
    weir_rc rc = weir_store_list(table->store, WEIRI_LOG, NULL, arena, &entries, &count, err);
    for (size_t i = 0; rc == WEIR_OK && i < count; i++) {
        struct weiri_log_name name = weiri_log_name(entries[i].name);
        struct weiri_log found = {0};
        bool start = (name.kind == WEIRI_LOG_COMMIT && name.version == 0) ||
                     ((name.kind == WEIRI_LOG_CHECKPOINT || name.kind == WEIRI_LOG_CHECKPOINT_V2 || name.kind == WEIRI_LOG_CHECKPOINT_PART) &&
                      name.version < earliest && choose_checkpoint(arena, entries, count, name.version, &found));
        if (start && name.version < earliest) {
            earliest = name.version;
        }
    }
    weir_arena_free(arena);
    if (rc != WEIR_OK) {
        return rc;
    }
    if (earliest == INT64_MAX) {
        return version_missing(table, 0, -1, err);
    }
    *version_out = earliest;
    return WEIR_OK;
}

weir_rc weiri_read_commit_text(weir_delta *table, int64_t version, struct weir_buf *out, struct weir_error *err)
{
    char *key = weiri_commit_key(version);
    weir_rc rc = weir_store_get(table->store, key, WEIRI_COMMIT_BYTES_MAX, out, err);
    weir_free(key);
    return rc;
}
