/* schema_log.c - the columns that were found in a folder's files, kept beside the checkpoint so that files that come later do not change them.
 *
 * <folder>/_schemas/0, 1, ..: a line "v1", then the schema as Spark writes it in JSON, a column a line: people read it and diff it. The highest number holds. */
#include "source/source_internal.h"
#include "base/json.h"
#include "store/store.h"
#include <stdio.h>

#define SCHEMA_BYTES_MAX ((size_t)64 << 20)
#define FOLDER "_schemas"

static int64_t newest(weir_store *store, weir_arena *arena)
{
    struct weir_store_entry *entries = NULL;
    size_t count = 0;
    int64_t found = -1, number;
    if (weir_store_list(store, FOLDER, NULL, arena, &entries, &count, NULL) != WEIR_OK) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        if (weir_str_to_i64(weir_str(entries[i].name), &number) && number > found) {
            found = number;
        }
    }
    return found;
}

static weir_rc read_version(weir_store *store, int64_t version, weir_arena *arena, weir_schema **out, struct weir_error *err)
{
    char key[64];
    struct weir_buf text;
    snprintf(key, sizeof key, FOLDER "/%lld", (long long)version);
    weir_buf_init(&text, SCHEMA_BYTES_MAX);
    weir_rc rc = weir_store_get(store, key, SCHEMA_BYTES_MAX, &text, err);
    if (rc == WEIR_OK) {
        struct weir_str json = weir_buf_view(&text);
        const bool versioned = weir_str_starts(json, "v1\n");
        rc = versioned ? weir_schema_parse_json(arena, (struct weir_str){json.ptr + 3, json.len - 3}, out, err) : WEIR_CORRUPT;
        if (rc != WEIR_OK) {
            rc = weir_fail(err, WEIR_CORRUPT, "SCHEMA_LOG_CORRUPT", "the columns kept in %s/%s cannot be read; put a copy of the file back, or give the columns by --schema", weir_store_root(store), key);
        }
    }
    weir_buf_free(&text);
    return rc;
}

weir_rc weir_schema_log_read(weir_fs *fs, const char *folder, weir_arena *arena, weir_schema **out, struct weir_error *err)
{
    weir_store *store = weir_store_open_local(fs, folder);
    weir_arena *work = weir_arena_new();
    *out = NULL;
    const int64_t version = newest(store, work);
    const weir_rc rc = version < 0 ? weir_fail(err, WEIR_NOT_FOUND, "SCHEMA_LOG_NOT_FOUND", "no columns are kept in %s/" FOLDER "; give them by --schema", folder)
                                   : read_version(store, version, arena, out, err);
    weir_arena_free(work);
    weir_store_close(store);
    return rc;
}

/* {"type":"struct","fields":[ ..., a line each. */
static void print(struct weir_buf *out, const weir_schema *schema)
{
    weir_buf_add_str(out, "v1\n{\"type\":\"struct\",\"fields\":[");
    for (size_t i = 0; i < schema->field_count; i++) {
        weir_arena *arena = weir_arena_new();
        struct weir_buf one;
        const struct weir_json *json = NULL;
        weir_schema *single = weir_schema_new(arena, 1);
        single->fields[0] = schema->fields[i];
        weir_buf_init(&one, 0);
        weir_schema_print_json(&one, single);
        const weir_rc rc = weir_json_parse(arena, weir_buf_view(&one), &json, NULL);
        WEIR_ASSERT(rc == WEIR_OK); /* it was written a line above */
        const struct weir_json *field = weir_json_get(json, "fields")->child;
        weir_buf_add_str(out, i > 0 ? ",\n" : "\n");
        weir_buf_add(out, field->raw.ptr, field->raw.len);
        weir_buf_free(&one);
        weir_arena_free(arena);
    }
    weir_buf_add_str(out, "\n]}\n");
}

weir_rc weir_schema_log_add(weir_fs *fs, const char *folder, const weir_schema *schema, struct weir_error *err)
{
    weir_store *store = weir_store_open_local(fs, folder);
    weir_arena *arena = weir_arena_new();
    struct weir_buf text;
    weir_buf_init(&text, 0);
    print(&text, schema);
    weir_rc rc = weir_store_mkdirs(store, FOLDER, err);
    if (rc == WEIR_OK) {
        const char *key = weir_arena_printf(arena, FOLDER "/%lld", (long long)newest(store, arena) + 1);
        rc = weir_store_put_if_absent(store, key, weir_buf_view(&text), err);
    }
    weir_buf_free(&text);
    weir_arena_free(arena);
    weir_store_close(store);
    return rc;
}
