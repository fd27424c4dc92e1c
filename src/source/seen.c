/* seen.c - which files were taken, as Spark's SeenFilesMap: a file is new when it is not here and not older than the last purge allows.
 *
 * A million entries must fit in memory beside everything else: the URI is kept as the number of its folder and its name, in blocks that never
 * move; an entry has 24 bytes; the table of slots holds 4 bytes each and is at most 3/4 full. */
#include "source/source_internal.h"
#include "base/uri.h"

#define BLOCK_BYTES ((size_t)1 << 20)
#define SLOTS_MIN 64
#define NEVER INT64_MIN

struct entry {
    uint64_t hash;
    int64_t mtime_ms;
    const char *text; /* struct text_head, then the name's bytes; in a block */
};

struct text_head {
    uint32_t folder;
    uint32_t len;
};

struct weir_seen {
    int64_t max_file_age_ms;
    bool file_name_only;
    int64_t latest_ms;
    int64_t purged_ms; /* what is older is not new */
    struct entry *entries;
    size_t count, cap;
    uint32_t *slots; /* entry + 1; 0 = free */
    size_t slot_count;
    char **blocks;
    size_t block_count, block_cap;
    size_t block_used, block_size; /* of the last one */
    weir_map *folders; /* text -> number + 1 */
};

/* What identifies a file: folder and name, or the decoded name alone. */
struct key {
    struct weir_str folder, name;
    struct weir_buf decoded;
    uint64_t hash;
};

static void key_init(const weir_seen *seen, const char *uri, struct key *key)
{
    const char *slash = strrchr(uri, '/');
    const char *name = slash ? slash + 1 : uri;
    key->decoded = (struct weir_buf){0};
    key->folder = (struct weir_str){uri, (size_t)(name - uri)};
    key->name = weir_str(name);
    if (seen->file_name_only) {
        weir_buf_init(&key->decoded, 0);
        key->folder = WEIR_STR("");
        (void)weir_uri_decode(&key->decoded, key->name);
        key->name = weir_buf_view(&key->decoded);
    }
    key->hash = weir_hash_seeded(key->name.ptr, key->name.len, weir_hash(key->folder.ptr, key->folder.len));
}

weir_seen *weir_seen_new(int64_t max_file_age_ms, bool file_name_only)
{
    weir_seen *seen = weir_calloc(1, sizeof *seen);
    seen->max_file_age_ms = max_file_age_ms;
    seen->file_name_only = file_name_only;
    seen->purged_ms = NEVER;
    seen->slot_count = SLOTS_MIN;
    seen->slots = weir_calloc(seen->slot_count, sizeof *seen->slots);
    seen->folders = weir_map_new();
    return seen;
}

static void free_texts(weir_seen *seen)
{
    for (size_t i = 0; i < seen->block_count; i++) {
        weir_free(seen->blocks[i]);
    }
    weir_free(seen->blocks);
    seen->blocks = NULL;
    seen->block_count = seen->block_cap = seen->block_used = seen->block_size = 0;
    weir_map_free(seen->folders, NULL);
}

void weir_seen_free(weir_seen *seen)
{
    if (seen) {
        free_texts(seen);
        weir_free(seen->entries);
        weir_free(seen->slots);
        weir_free(seen);
    }
}

/* 0 = never seen. */
static uint32_t folder_number(const weir_seen *seen, struct weir_str folder)
{
    return (uint32_t)(uintptr_t)weir_map_get(seen->folders, folder);
}

static bool is_entry(const struct entry *entry, const struct key *key, uint32_t folder)
{
    struct text_head head;
    memcpy(&head, entry->text, sizeof head);
    return head.folder == folder && head.len == key->name.len &&
           memcmp(entry->text + sizeof head, key->name.ptr, head.len) == 0;
}

/* The slot of the key, or the free one where it would go. */
static size_t find_slot(const weir_seen *seen, const struct key *key, uint32_t folder)
{
    size_t slot = (size_t)key->hash & (seen->slot_count - 1);
    while (seen->slots[slot]) {
        const struct entry *entry = &seen->entries[seen->slots[slot] - 1];
        if (entry->hash == key->hash && is_entry(entry, key, folder)) {
            return slot;
        }
        slot = (slot + 1) & (seen->slot_count - 1);
    }
    return slot;
}

static void rebuild_slots(weir_seen *seen, size_t slot_count)
{
    weir_free(seen->slots);
    seen->slot_count = slot_count;
    seen->slots = weir_calloc(slot_count, sizeof *seen->slots);
    for (size_t i = 0; i < seen->count; i++) {
        size_t slot = (size_t)seen->entries[i].hash & (slot_count - 1);
        while (seen->slots[slot]) {
            slot = (slot + 1) & (slot_count - 1);
        }
        seen->slots[slot] = (uint32_t)i + 1;
    }
}

static const char *keep_text(weir_seen *seen, uint32_t folder, struct weir_str name)
{
    const struct text_head head = {folder, (uint32_t)name.len};
    const size_t need = sizeof head + name.len;
    if (seen->block_used + need > seen->block_size) {
        seen->block_size = need > BLOCK_BYTES ? need : BLOCK_BYTES;
        seen->block_used = 0;
        WEIR_PUSH(seen->blocks, seen->block_count, seen->block_cap) = weir_malloc(seen->block_size);
    }
    char *text = seen->blocks[seen->block_count - 1] + seen->block_used;
    seen->block_used += need;
    memcpy(text, &head, sizeof head);
    memcpy(text + sizeof head, name.ptr, name.len);
    return text;
}

static uint32_t intern_folder(weir_seen *seen, struct weir_str folder)
{
    uint32_t number = folder_number(seen, folder);
    if (number == 0) {
        number = (uint32_t)weir_map_count(seen->folders) + 1;
        (void)weir_map_put(seen->folders, folder, (void *)(uintptr_t)number);
    }
    return number;
}

void weir_seen_add(weir_seen *seen, const char *uri, int64_t mtime_ms)
{
    struct key key;
    key_init(seen, uri, &key);
    const uint32_t folder = intern_folder(seen, key.folder);
    size_t slot = find_slot(seen, &key, folder);
    if (seen->slots[slot]) {
        seen->entries[seen->slots[slot] - 1].mtime_ms = mtime_ms;
    } else {
        WEIR_ASSERT(seen->count < UINT32_MAX - 1);
        if (seen->count * 4 >= seen->slot_count * 3) {
            rebuild_slots(seen, seen->slot_count * 2);
            slot = find_slot(seen, &key, folder);
        }
        WEIR_PUSH(seen->entries, seen->count, seen->cap) =
            (struct entry){key.hash, mtime_ms, keep_text(seen, folder, key.name)};
        seen->slots[slot] = (uint32_t)seen->count;
    }
    if (mtime_ms > seen->latest_ms) {
        seen->latest_ms = mtime_ms;
    }
    weir_buf_free(&key.decoded);
}

bool weir_seen_has(const weir_seen *seen, const char *uri)
{
    struct key key;
    key_init(seen, uri, &key);
    const uint32_t folder = folder_number(seen, key.folder);
    const bool known = folder != 0 && seen->slots[find_slot(seen, &key, folder)] != 0;
    weir_buf_free(&key.decoded);
    return known;
}

bool weir_seen_is_new(const weir_seen *seen, const char *uri, int64_t mtime_ms)
{
    return mtime_ms >= seen->purged_ms && !weir_seen_has(seen, uri);
}

/* The entries that stay are moved into a fresh map, so that their texts' memory goes with the others. */
void weir_seen_purge(weir_seen *seen)
{
    seen->purged_ms = seen->latest_ms - seen->max_file_age_ms;
    size_t old = 0;
    for (size_t i = 0; i < seen->count; i++) {
        old += seen->entries[i].mtime_ms < seen->purged_ms;
    }
    if (old == 0) {
        return;
    }
    weir_seen before = *seen;
    struct weir_str *folders = weir_calloc(weir_map_count(before.folders) + 1, sizeof *folders);
    void *number;
    struct weir_str name;
    for (size_t cursor = 0; weir_map_at(before.folders, &cursor, &name, &number);) {
        folders[(uintptr_t)number] = name;
    }
    seen->entries = NULL;
    seen->blocks = NULL;
    seen->count = seen->cap = seen->block_count = seen->block_cap = seen->block_used = seen->block_size = 0;
    seen->folders = weir_map_new();
    for (size_t i = 0; i < before.count; i++) {
        struct entry entry = before.entries[i];
        struct text_head head;
        memcpy(&head, entry.text, sizeof head);
        if (entry.mtime_ms >= seen->purged_ms) {
            const struct weir_str text = {entry.text + sizeof head, head.len};
            entry.text = keep_text(seen, intern_folder(seen, folders[head.folder]), text);
            WEIR_PUSH(seen->entries, seen->count, seen->cap) = entry;
        }
    }
    weir_free(folders);
    weir_free(before.entries);
    free_texts(&before);
    size_t slots = SLOTS_MIN;
    while (seen->count * 4 >= slots * 3) {
        slots *= 2;
    }
    rebuild_slots(seen, slots);
}

size_t weir_seen_count(const weir_seen *seen)
{
    return seen->count;
}
