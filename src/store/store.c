/* store.c - a local folder as a store: paths, reading, listing, removing. */
#include "store/store_internal.h"

#include "base/uri.h"

#include <stdlib.h>

weir_store *weir_store_open_local(weir_fs *fs, const char *root)
{
    weir_store *store = weir_calloc(1, sizeof *store);
    store->fs = fs;
    store->root = weir_strdup(root);
    return store;
}

void weir_store_close(weir_store *store)
{
    if (store) {
        weir_free(store->root);
        weir_free(store);
    }
}

const char *weir_store_root(const weir_store *store)
{
    return store->root;
}

weir_fs *weir_store_fs(const weir_store *store)
{
    return store->fs;
}

char *weir_store_path(const weir_store *store, const char *key)
{
    if (key[0] == '/') {
        return weir_strdup(key);
    }
    if (strncmp(key, "file:", 5) == 0) {
        struct weir_buf path;
        weir_buf_init(&path, 0);
        if (weir_uri_to_path(&path, weir_str(key))) {
            return weir_buf_take(&path);
        }
        weir_buf_free(&path);
    }
    return key[0] == '\0' ? weir_strdup(store->root) : weir_path_join(store->root, key);
}

char *weir_store_parent_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) {
        return weir_strdup(".");
    }
    return slash == path ? weir_strdup("/") : weir_strndup(path, (size_t)(slash - path));
}

weir_rc weir_store_get(weir_store *store, const char *key, size_t max_bytes, struct weir_buf *out,
                       struct weir_error *err)
{
    char *path = weir_store_path(store, key);
    weir_rc rc = weir_fs_read_all(store->fs, path, max_bytes, out, err);
    weir_free(path);
    return rc;
}

weir_rc weir_store_stat(weir_store *store, const char *key, struct weir_file_info *out, struct weir_error *err)
{
    char *path = weir_store_path(store, key);
    weir_rc rc = weir_fs_stat(store->fs, path, out, err);
    weir_free(path);
    return rc;
}

weir_rc weir_store_open_read(weir_store *store, const char *key, weir_file **out, struct weir_error *err)
{
    char *path = weir_store_path(store, key);
    weir_rc rc = weir_file_open(store->fs, path, WEIR_OPEN_READ, out, err);
    weir_free(path);
    return rc;
}

weir_rc weir_store_delete(weir_store *store, const char *key, struct weir_error *err)
{
    char *path = weir_store_path(store, key);
    weir_rc rc = weir_fs_unlink(store->fs, path, err);
    if (rc == WEIR_NOT_FOUND) {
        weir_error_clear(err);
        rc = WEIR_OK;
    }
    weir_free(path);
    return rc;
}

weir_rc weir_store_mkdirs(weir_store *store, const char *folder, struct weir_error *err)
{
    char *path = weir_store_path(store, folder);
    weir_rc rc = weir_fs_mkdirs(store->fs, path, err);
    weir_free(path);
    return rc;
}

/* --- listing --- */

struct listing {
    weir_arena *arena;
    const char *from;
    struct weir_store_entry *entries; /* heap while it grows */
    size_t count, cap;
};

static weir_rc take_entry(void *arg, const char *name, const struct weir_file_info *info, struct weir_error *err)
{
    (void)err;
    struct listing *listing = arg;
    if (!listing->from || strcmp(name, listing->from) >= 0) {
        struct weir_store_entry entry = {weir_arena_strdup(listing->arena, name), *info};
        WEIR_PUSH(listing->entries, listing->count, listing->cap) = entry;
    }
    return WEIR_OK;
}

static int by_name(const void *a, const void *b)
{
    /* strcmp compares bytes as unsigned char. */
    return strcmp(((const struct weir_store_entry *)a)->name, ((const struct weir_store_entry *)b)->name);
}

weir_rc weir_store_list(weir_store *store, const char *folder, const char *from, weir_arena *arena,
                        struct weir_store_entry **entries_out, size_t *count_out, struct weir_error *err)
{
    *entries_out = NULL;
    *count_out = 0;
    char *path = weir_store_path(store, folder);
    struct listing listing = {.arena = arena, .from = from};
    weir_rc rc = weir_fs_list(store->fs, path, take_entry, &listing, err);
    if (rc == WEIR_NOT_FOUND) {
        weir_error_clear(err);
        rc = WEIR_OK;
    } else if (rc == WEIR_OK && listing.count > 0) {
        qsort(listing.entries, listing.count, sizeof *listing.entries, by_name);
        size_t bytes = listing.count * sizeof *listing.entries;
        *entries_out = weir_arena_alloc(arena, bytes);
        memcpy(*entries_out, listing.entries, bytes);
        *count_out = listing.count;
    }
    weir_free(listing.entries);
    weir_free(path);
    return rc;
}
