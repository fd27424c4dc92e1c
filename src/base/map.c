/* map.c - the insertion-ordered hash map, and options on top of it.
 *
 * Entries stand in an array in order of insertion; a table of open addressing holds their numbers. A removed entry keeps
 * its place (key NULL) until the next rebuild, so that cursors stay right while a loop removes. */
#include "base/map.h"

struct entry {
    char *key; /* heap, NUL-terminated; NULL = removed */
    size_t len;
    uint64_t hash;
    void *value;
};

struct weir_map {
    struct entry *entries;
    size_t used; /* entries in the array, removed ones too */
    size_t cap;
    size_t live;
    uint32_t *slots; /* entry number + 1; 0 = never used. A slot of a removed entry stays. */
    size_t slot_count; /* a power of two, or 0 */
    bool nocase;
};

static weir_map *new_map(bool nocase)
{
    weir_map *map = weir_calloc(1, sizeof *map);
    map->nocase = nocase;
    return map;
}

weir_map *weir_map_new(void)
{
    return new_map(false);
}

weir_map *weir_map_new_nocase(void)
{
    return new_map(true);
}

void weir_map_free(weir_map *map, void (*free_value)(void *))
{
    if (!map) {
        return;
    }
    for (size_t i = 0; i < map->used; i++) {
        if (map->entries[i].key) {
            weir_free(map->entries[i].key);
            if (free_value) {
                free_value(map->entries[i].value);
            }
        }
    }
    weir_free(map->entries);
    weir_free(map->slots);
    weir_free(map);
}

static uint64_t key_hash(const weir_map *map, struct weir_str key)
{
    if (!map->nocase) {
        return weir_hash(key.ptr, key.len);
    }
    /* In pieces, so that a long key needs no memory. */
    uint64_t hash = key.len;
    char folded[64];
    for (size_t at = 0; at < key.len; at += sizeof folded) {
        const size_t piece = key.len - at < sizeof folded ? key.len - at : sizeof folded;
        for (size_t i = 0; i < piece; i++) {
            const char c = key.ptr[at + i];
            folded[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
        }
        hash ^= weir_hash(folded, piece);
        hash = (hash << 7 | hash >> 57) * UINT64_C(0x9E3779B97F4A7C15);
    }
    return hash;
}

static bool key_equal(const weir_map *map, const struct entry *entry, struct weir_str key)
{
    const struct weir_str have = {entry->key, entry->len};
    return entry->key && (map->nocase ? weir_str_eq_nocase(have, key) : weir_str_eq(have, key));
}

static struct entry *find(const weir_map *map, struct weir_str key, uint64_t hash)
{
    if (map->slot_count == 0) {
        return NULL;
    }
    const size_t mask = map->slot_count - 1;
    for (size_t i = (size_t)hash & mask; map->slots[i] != 0; i = (i + 1) & mask) {
        struct entry *entry = &map->entries[map->slots[i] - 1];
        if (entry->hash == hash && key_equal(map, entry, key)) {
            return entry;
        }
    }
    return NULL;
}

static void place(weir_map *map, uint64_t hash, size_t number)
{
    const size_t mask = map->slot_count - 1;
    size_t i = (size_t)hash & mask;
    while (map->slots[i] != 0) {
        i = (i + 1) & mask;
    }
    map->slots[i] = (uint32_t)number + 1;
}

/* Closes the gaps that removed entries left and makes a table at most half full. */
static void rebuild(weir_map *map)
{
    size_t kept = 0;
    for (size_t i = 0; i < map->used; i++) {
        if (map->entries[i].key) {
            map->entries[kept++] = map->entries[i];
        }
    }
    WEIR_ASSERT(kept == map->live);
    WEIR_ASSERT(kept < UINT32_MAX / 2);
    map->used = kept;
    size_t count = 16;
    while (count < (kept + 1) * 4) {
        count *= 2;
    }
    weir_free(map->slots);
    map->slots = weir_calloc(count, sizeof *map->slots);
    map->slot_count = count;
    for (size_t i = 0; i < kept; i++) {
        place(map, map->entries[i].hash, i);
    }
}

void *weir_map_get(const weir_map *map, struct weir_str key)
{
    const struct entry *entry = map->live ? find(map, key, key_hash(map, key)) : NULL;
    return entry ? entry->value : NULL;
}

bool weir_map_has(const weir_map *map, struct weir_str key)
{
    return map->live && find(map, key, key_hash(map, key)) != NULL;
}

void *weir_map_put(weir_map *map, struct weir_str key, void *value)
{
    const uint64_t hash = key_hash(map, key);
    struct entry *entry = find(map, key, hash);
    if (entry) {
        void *replaced = entry->value;
        entry->value = value;
        return replaced;
    }
    if ((map->used + 1) * 2 > map->slot_count) {
        rebuild(map);
    }
    const struct entry added = {weir_str_dup(key), key.len, hash, value};
    WEIR_PUSH(map->entries, map->used, map->cap) = added;
    map->live++;
    place(map, hash, map->used - 1);
    return NULL;
}

void *weir_map_remove(weir_map *map, struct weir_str key)
{
    struct entry *entry = map->live ? find(map, key, key_hash(map, key)) : NULL;
    if (!entry) {
        return NULL;
    }
    void *value = entry->value;
    weir_free(entry->key);
    entry->key = NULL;
    entry->value = NULL;
    map->live--;
    return value;
}

size_t weir_map_count(const weir_map *map)
{
    return map->live;
}

bool weir_map_at(const weir_map *map, size_t *cursor, struct weir_str *key, void **value)
{
    while (*cursor < map->used) {
        const struct entry *entry = &map->entries[(*cursor)++];
        if (entry->key) {
            if (key) {
                *key = (struct weir_str){entry->key, entry->len};
            }
            if (value) {
                *value = entry->value;
            }
            return true;
        }
    }
    return false;
}

/* --- options --- */

struct weir_options {
    weir_map *values; /* name -> heap text */
};

weir_options *weir_options_new(void)
{
    weir_options *options = weir_calloc(1, sizeof *options);
    options->values = weir_map_new_nocase();
    return options;
}

weir_options *weir_options_copy(const weir_options *options)
{
    weir_options *copy = weir_options_new();
    const char *name;
    const char *value;
    for (size_t i = 0; options && weir_options_at(options, &i, &name, &value);) {
        weir_options_set(copy, name, value);
    }
    return copy;
}

void weir_options_free(weir_options *options)
{
    if (options) {
        weir_map_free(options->values, weir_free);
        weir_free(options);
    }
}

void weir_options_set(weir_options *options, const char *name, const char *value)
{
    weir_free(weir_map_put(options->values, weir_str(name), weir_strdup(value)));
}

const char *weir_options_get(const weir_options *options, const char *name)
{
    return options ? weir_map_get(options->values, weir_str(name)) : NULL;
}

size_t weir_options_count(const weir_options *options)
{
    return options ? weir_map_count(options->values) : 0;
}

bool weir_options_at(const weir_options *options, size_t *cursor, const char **name,
                     const char **value)
{
    struct weir_str key;
    void *text;
    if (!options || !weir_map_at(options->values, cursor, &key, &text)) {
        return false;
    }
    *name = key.ptr;
    *value = text;
    return true;
}
