/* logfiles.c - what offsets/, commits/ and sources/i/ have in common: numbered files, each written once. */
#include "stream/checkpoint.h"
#include <stdlib.h>

#define LOG_BYTES_MAX ((size_t)2 << 30)

/* Hadoop's checksum of a file that is being created or removed must not outlive it: a side file without its file makes Spark's next start
 * fail (spark-streaming.md 1.6). */
static void remove_side_file(weir_store *store, const char *folder, const char *name)
{
    char *key = weir_asprintf("%s/.%s.crc", folder, name);
    weir_rc ignored = weir_store_delete(store, key, NULL);
    (void)ignored;
    weir_free(key);
}

/* The link may have been made although the folder's fsync failed: it counts only if the bytes are ours and the folder can be synced now. */
static weir_rc settle(weir_store *store, const char *folder, const char *key, struct weir_str bytes, struct weir_error *err)
{
    struct weir_buf seen;
    weir_buf_init(&seen, LOG_BYTES_MAX);
    struct weir_error why;
    weir_error_clear(&why);
    weir_rc rc = weir_store_get(store, key, LOG_BYTES_MAX, &seen, &why);
    bool ours = rc == WEIR_OK && weir_str_eq(weir_buf_view(&seen), bytes);
    weir_buf_free(&seen);
    if (rc == WEIR_NOT_FOUND) {
        return weir_fail(err, WEIR_IO, "CHECKPOINT_WRITE_FAILED",
                         "%s/%s could not be made durable; nothing was recorded; run again when the disk is well", weir_store_root(store), key);
    }
    if (!ours) {
        return weir_fail(err, WEIR_UNKNOWN, "CHECKPOINT_WRITE_UNKNOWN",
                         "whether %s/%s was recorded cannot be told; run again: recovery will look", weir_store_root(store), key);
    }
    char *place = weir_store_path(store, folder);
    rc = weir_fs_sync_dir(weir_store_fs(store), place, &why);
    weir_free(place);
    if (rc != WEIR_OK) {
        return weir_fail(err, WEIR_UNKNOWN, "CHECKPOINT_WRITE_UNKNOWN",
                         "%s/%s is there but the disk did not confirm it (%s); run again: recovery will look", weir_store_root(store), key, why.msg);
    }
    return WEIR_OK;
}

weir_rc weir_log_put(weir_store *store, const char *folder, const char *name, struct weir_str bytes, struct weir_error *err)
{
    char *key = weir_asprintf("%s/%s", folder, name);
    remove_side_file(store, folder, name);
    weir_rc rc = weir_store_mkdirs(store, folder, err);
    if (rc == WEIR_OK) {
        rc = weir_store_put_if_absent(store, key, bytes, err);
    }
    if (rc == WEIR_UNKNOWN) {
        weir_error_clear(err);
        rc = settle(store, folder, key, bytes, err);
    } else if (rc == WEIR_EXISTS) {
        weir_error_clear(err);
        rc = weir_fail(err, WEIR_CONFLICT, "CONCURRENT_STREAM",
                       "%s/%s was written by somebody else; another process runs this query; stop it, then run again", weir_store_root(store), key);
    }
    weir_free(key);
    return rc;
}

void weir_log_remove(weir_store *store, const char *folder, const char *name)
{
    char *key = weir_asprintf("%s/%s", folder, name);
    weir_rc ignored = weir_store_delete(store, key, NULL);
    (void)ignored;
    weir_free(key);
    remove_side_file(store, folder, name);
}

/* "12" or "12.compact"; anything else is litter that Spark ignores too. */
static bool parse_name(const char *name, int64_t *id, bool *compact)
{
    struct weir_str text = weir_str(name);
    *compact = weir_str_ends(text, ".compact");
    if (*compact) {
        text.len -= strlen(".compact");
    }
    if (text.len == 0 || text.ptr[0] < '0' || text.ptr[0] > '9') {
        return false;
    }
    return weir_str_to_i64(text, id);
}

struct found {
    int64_t id;
    bool compact;
};
static int by_id(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    if (x->id != y->id) {
        return x->id < y->id ? -1 : 1;
    }
    return (int)x->compact - (int)y->compact;
}

weir_rc weir_log_list(weir_store *store, const char *folder, weir_arena *arena, struct weir_log_ids *out, struct weir_error *err)
{
    *out = (struct weir_log_ids){0};
    struct weir_store_entry *entries = NULL;
    size_t count = 0;
    WEIR_TRY(weir_store_list(store, folder, NULL, arena, &entries, &count, err));
    struct found *found = weir_arena_alloc(arena, (count + 1) * sizeof *found);
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t id = 0;
        bool compact = false;
        if (!entries[i].info.is_dir && parse_name(entries[i].name, &id, &compact)) {
            found[n++] = (struct found){id, compact};
        }
    }
    if (n > 0) {
        qsort(found, n, sizeof *found, by_id);
    }
    out->ids = weir_arena_alloc(arena, (n + 1) * sizeof *out->ids);
    out->compact = weir_arena_zalloc(arena, (n + 1) * sizeof *out->compact);
    out->plain = weir_arena_zalloc(arena, (n + 1) * sizeof *out->plain);
    for (size_t i = 0; i < n; i++) {
        if (out->count == 0 || out->ids[out->count - 1] != found[i].id) {
            out->ids[out->count++] = found[i].id;
        }
        *(found[i].compact ? &out->compact[out->count - 1] : &out->plain[out->count - 1]) = true;
    }
    return WEIR_OK;
}
