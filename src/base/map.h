/* map.h - a hash map from text to pointer, insertion-ordered iteration. Keys are copied. One thread. */
#pragma once
#include "base/mem.h"
typedef struct weir_map weir_map;
weir_map *weir_map_new(void);
weir_map *weir_map_new_nocase(void); /* ASCII letters compare equal in any case; the first spelling is kept */
void weir_map_free(weir_map *map, void (*free_value)(void *)); /* free_value may be NULL */
void *weir_map_get(const weir_map *map, struct weir_str key); /* NULL = absent */
bool weir_map_has(const weir_map *map, struct weir_str key);
void *weir_map_put(weir_map *map, struct weir_str key, void *value); /* returns the value it replaced or NULL */
void *weir_map_remove(weir_map *map, struct weir_str key);           /* returns the removed value or NULL */
size_t weir_map_count(const weir_map *map);
/* for (size_t i = 0; weir_map_at(map, &i, &key, &value); ) - in order of insertion; i is advanced. */
bool weir_map_at(const weir_map *map, size_t *cursor, struct weir_str *key, void **value);

/* 64-bit hash of bytes, seeded per process (weir_hash) or by the caller. Not for persistence. */
uint64_t weir_hash(const void *bytes, size_t len);
uint64_t weir_hash_seeded(const void *bytes, size_t len, uint64_t seed);

/* Options: name -> text, names in any letter case, as Spark's CaseInsensitiveMap. */
typedef struct weir_options weir_options;
weir_options *weir_options_new(void);
weir_options *weir_options_copy(const weir_options *options);
void weir_options_free(weir_options *options);
void weir_options_set(weir_options *options, const char *name, const char *value); /* both copied */
const char *weir_options_get(const weir_options *options, const char *name);       /* NULL = not set */
size_t weir_options_count(const weir_options *options);
bool weir_options_at(const weir_options *options, size_t *cursor, const char **name, const char **value);
