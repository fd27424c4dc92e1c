/* checkpoint_read.c - checkpoints of any writer into actions (delta-format.md 2.10): classic, multi-part, V2 (JSON or Parquet, with sidecars).
 *
 * A row is one action: exactly one of its top-level structs is there. Columns that a writer left out read as NULL. Statistics that are only
 * there as a struct (stats_parsed) are turned into the JSON text that a commit would have. */
#include "delta/checkpoint_stats.h"

#include "parquet/reader.h"

#include <inttypes.h>

/* One top-level struct column of a batch, or nothing. */
struct column {
    const struct weir_type *type;
    const struct ArrowArray *array;
};
struct reader {
    weir_delta *table;
    struct weiri_state *state;
    const char **sidecars;   /* in the state's arena */
    size_t sidecar_count, sidecar_cap;
    bool in_sidecar;
};

static struct column child(struct column parent, const char *name)
{
    struct column none = {0};
    if (!parent.array || parent.type->id != WEIR_TYPE_STRUCT) {
        return none;
    }
    for (size_t i = 0; i < parent.type->field_count; i++) {
        if (strcmp(parent.type->fields[i].name, name) == 0) {
            return (struct column){&parent.type->fields[i].type, parent.array->children[i]};
        }
    }
    return none;
}

static bool is_there(struct column c, int64_t row)
{
    return c.array && c.type->id != WEIR_TYPE_VOID && !weir_arrow_is_null(c.array, row);
}

static weir_rc wrong_type(const char *name, struct weir_error *err)
{
    return weir_fail(err, WEIR_CORRUPT, "DELTA_CHECKPOINT_CORRUPT", "column %s of the checkpoint has a type that does not fit; the checkpoint is damaged or of a broken writer", name);
}

static weir_rc text_of(struct reader *r, struct column parent, const char *name, int64_t row, const char **out, struct weir_error *err)
{
    struct column c = child(parent, name);
    *out = NULL;
    if (!is_there(c, row)) {
        return WEIR_OK;
    }
    if (c.type->id != WEIR_TYPE_STRING && c.type->id != WEIR_TYPE_BINARY) {
        return wrong_type(name, err);
    }
    struct weir_str text = weir_arrow_bytes(c.array, row);
    if (memchr(text.ptr, 0, text.len)) {
        return wrong_type(name, err);
    }
    *out = weir_arena_strndup(r->state->segment->arena, text.ptr, text.len);
    return WEIR_OK;
}

static weir_rc number_of(struct column parent, const char *name, int64_t row, bool *has, int64_t *out, struct weir_error *err)
{
    struct column c = child(parent, name);
    bool there = is_there(c, row);
    *out = 0;
    if (has) {
        *has = there;
    }
    if (!there) {
        return WEIR_OK;
    }
    if (c.type->id < WEIR_TYPE_BYTE || c.type->id > WEIR_TYPE_LONG) {
        return wrong_type(name, err);
    }
    *out = weir_arrow_i64(c.array, c.type->id, row);
    return WEIR_OK;
}

static weir_rc flag_of(struct column parent, const char *name, int64_t row, bool *out, struct weir_error *err)
{
    struct column c = child(parent, name);
    *out = false;
    if (!is_there(c, row)) {
        return WEIR_OK;
    }
    if (c.type->id != WEIR_TYPE_BOOLEAN) {
        return wrong_type(name, err);
    }
    *out = weir_arrow_bool(c.array, row);
    return WEIR_OK;
}

/* Where the items of a list or map row lie among its children. */
static void item_range(struct column c, int64_t row, int64_t *from, int64_t *to)
{
    const int32_t *offsets = c.array->buffers[1];
    *from = offsets[c.array->offset + row];
    *to = offsets[c.array->offset + row + 1];
}

static weir_rc pairs_of(struct reader *r, struct column parent, const char *name, int64_t row, const struct weiri_pair **out, size_t *count, bool *has,
                        struct weir_error *err)
{
    struct column c = child(parent, name);
    int64_t from = 0;
    int64_t to = 0;
    *out = NULL;
    *count = 0;
    bool there = is_there(c, row);
    if (has) {
        *has = there;
    }
    if (!there) {
        return WEIR_OK;
    }
    if (c.type->id != WEIR_TYPE_MAP || c.type->fields[0].type.id != WEIR_TYPE_STRING ||
        (c.type->fields[1].type.id != WEIR_TYPE_STRING && c.type->fields[1].type.id != WEIR_TYPE_VOID)) {
        return wrong_type(name, err);
    }
    weir_arena *arena = r->state->segment->arena;
    const struct ArrowArray *entries = c.array->children[0];
    bool no_values = c.type->fields[1].type.id == WEIR_TYPE_VOID;
    item_range(c, row, &from, &to);
    struct weiri_pair *pairs = weir_arena_zalloc(arena, (size_t)(to - from + 1) * sizeof *pairs);
    for (int64_t i = from; i < to; i++) {
        struct weir_str key = weir_arrow_bytes(entries->children[0], i);
        struct weiri_pair *pair = &pairs[(*count)++];
        pair->key = weir_arena_strndup(arena, key.ptr, key.len);
        if (!no_values && !weir_arrow_is_null(entries->children[1], i)) {
            struct weir_str value = weir_arrow_bytes(entries->children[1], i);
            pair->value = weir_arena_strndup(arena, value.ptr, value.len);
        }
    }
    *out = pairs;
    return WEIR_OK;
}

static weir_rc texts_of(struct reader *r, struct column parent, const char *name, int64_t row, const char *const **out, size_t *count, struct weir_error *err)
{
    struct column c = child(parent, name);
    int64_t from = 0;
    int64_t to = 0;
    *out = NULL;
    *count = 0;
    if (!is_there(c, row)) {
        return WEIR_OK;
    }
    if (c.type->id != WEIR_TYPE_ARRAY || (c.type->fields[0].type.id != WEIR_TYPE_STRING && c.type->fields[0].type.id != WEIR_TYPE_VOID)) {
        return wrong_type(name, err);
    }
    item_range(c, row, &from, &to);
    const char **texts = weir_arena_zalloc(r->state->segment->arena, (size_t)(to - from + 1) * sizeof *texts);
    for (int64_t i = from; i < to; i++) {
        if (c.type->fields[0].type.id == WEIR_TYPE_VOID || weir_arrow_is_null(c.array->children[0], i)) {
            return wrong_type(name, err);
        }
        struct weir_str text = weir_arrow_bytes(c.array->children[0], i);
        texts[(*count)++] = weir_arena_strndup(r->state->segment->arena, text.ptr, text.len);
    }
    *out = texts;
    return WEIR_OK;
}

static weir_rc dv_of(struct reader *r, struct column parent, int64_t row, const struct weir_dv **out, struct weir_error *err)
{
    struct column c = child(parent, "deletionVector");
    *out = NULL;
    if (!is_there(c, row)) {
        return WEIR_OK;
    }
    struct weir_dv *dv = weir_arena_zalloc(r->state->segment->arena, sizeof *dv);
    const char *storage = NULL;
    int64_t offset = 0;
    int64_t size = 0;
    WEIR_TRY(text_of(r, c, "storageType", row, &storage, err));
    WEIR_TRY(text_of(r, c, "pathOrInlineDv", row, &dv->path_or_inline, err));
    WEIR_TRY(number_of(c, "offset", row, &dv->has_offset, &offset, err));
    WEIR_TRY(number_of(c, "sizeInBytes", row, NULL, &size, err));
    WEIR_TRY(number_of(c, "cardinality", row, NULL, &dv->cardinality, err));
    if (!storage && !dv->path_or_inline) {
        return WEIR_OK; /* a struct of nothing but NULLs */
    }
    if (!storage || strlen(storage) != 1 || !dv->path_or_inline || offset < 0 || offset > INT32_MAX || size < 0 || size > INT32_MAX) {
        return wrong_type("deletionVector", err);
    }
    dv->storage = storage[0];
    dv->offset = (int32_t)offset;
    dv->size_bytes = (int32_t)size;
    *out = dv;
    return WEIR_OK;
}

static weir_rc file_of(struct reader *r, struct column c, bool is_add, int64_t row, struct weiri_file **out, struct weir_error *err)
{
    weir_arena *arena = r->state->segment->arena;
    struct weiri_file *file = weir_arena_zalloc(arena, sizeof *file);
    const struct weiri_pair *values = NULL;
    size_t count = 0;
    *out = NULL;
    WEIR_TRY(text_of(r, c, "path", row, &file->add.path, err));
    if (!file->add.path) {
        return WEIR_OK; /* some writers fill absent actions with structs of NULLs */
    }
    WEIR_TRY(pairs_of(r, c, "partitionValues", row, &values, &count, &file->has_partition_values, err));
    struct weir_partition_value *partition = weir_arena_zalloc(arena, (count + 1) * sizeof *partition);
    for (size_t i = 0; i < count; i++) {
        partition[i] = (struct weir_partition_value){values[i].key, values[i].value};
    }
    file->add.partition_values = partition;
    file->add.partition_count = count;
    WEIR_TRY(number_of(c, "size", row, &file->has_size, &file->add.size, err));
    WEIR_TRY(number_of(c, "modificationTime", row, NULL, &file->add.modification_time_ms, err));
    WEIR_TRY(flag_of(c, "dataChange", row, &file->add.data_change, err));
    WEIR_TRY(text_of(r, c, "stats", row, &file->add.stats, err));
    WEIR_TRY(dv_of(r, c, row, &file->add.dv, err));
    WEIR_TRY(pairs_of(r, c, "tags", row, &file->tags, &file->tag_count, &file->has_tags, err));
    WEIR_TRY(number_of(c, "baseRowId", row, &file->has_base_row_id, &file->base_row_id, err));
    WEIR_TRY(number_of(c, "defaultRowCommitVersion", row, &file->has_row_commit_version, &file->row_commit_version, err));
    WEIR_TRY(text_of(r, c, "clusteringProvider", row, &file->clustering_provider, err));
    WEIR_TRY(number_of(c, "deletionTimestamp", row, &file->has_deletion_timestamp, &file->deletion_timestamp_ms, err));
    WEIR_TRY(flag_of(c, "extendedFileMetadata", row, &file->extended_metadata, err));
    struct column parsed = child(c, "stats_parsed");
    if (is_add && !file->add.stats && is_there(parsed, row) && parsed.type->id == WEIR_TYPE_STRUCT) {
        file->add.stats = weiri_stats_text(arena, parsed.type, parsed.array, row);
    }
    *out = file;
    return WEIR_OK;
}

static weir_rc metadata_of(struct reader *r, struct column c, int64_t row, struct weiri_metadata **out, struct weir_error *err)
{
    struct weiri_metadata *meta = weir_arena_zalloc(r->state->segment->arena, sizeof *meta);
    *out = NULL;
    WEIR_TRY(text_of(r, c, "id", row, &meta->pub.id, err));
    WEIR_TRY(text_of(r, c, "name", row, &meta->pub.name, err));
    WEIR_TRY(text_of(r, c, "description", row, &meta->pub.description, err));
    WEIR_TRY(text_of(r, c, "schemaString", row, &meta->pub.schema_json, err));
    WEIR_TRY(texts_of(r, c, "partitionColumns", row, &meta->pub.partition_columns, &meta->pub.partition_count, err));
    WEIR_TRY(pairs_of(r, c, "configuration", row, &meta->configuration, &meta->configuration_count, NULL, err));
    WEIR_TRY(number_of(c, "createdTime", row, &meta->has_created_time, &meta->pub.created_time_ms, err));
    struct column format = child(c, "format");
    if (is_there(format, row)) {
        WEIR_TRY(text_of(r, format, "provider", row, &meta->provider, err));
        WEIR_TRY(pairs_of(r, format, "options", row, &meta->format_options, &meta->format_option_count, NULL, err));
    }
    if (meta->pub.id || meta->pub.schema_json) {
        *out = meta;
    }
    return WEIR_OK;
}

static weir_rc protocol_of(struct reader *r, struct column c, int64_t row, struct weir_protocol **out, struct weir_error *err)
{
    struct weir_protocol *protocol = weir_arena_zalloc(r->state->segment->arena, sizeof *protocol);
    int64_t reader = 0;
    int64_t writer = 0;
    bool has_reader = false;
    bool has_writer = false;
    *out = NULL;
    WEIR_TRY(number_of(c, "minReaderVersion", row, &has_reader, &reader, err));
    WEIR_TRY(number_of(c, "minWriterVersion", row, &has_writer, &writer, err));
    if (!has_reader || !has_writer) {
        return WEIR_OK;
    }
    if (reader < 0 || reader > INT32_MAX || writer < 0 || writer > INT32_MAX) {
        return wrong_type("protocol", err);
    }
    protocol->reader = (int)reader;
    protocol->writer = (int)writer;
    WEIR_TRY(texts_of(r, c, "readerFeatures", row, &protocol->reader_features, &protocol->reader_feature_count, err));
    WEIR_TRY(texts_of(r, c, "writerFeatures", row, &protocol->writer_features, &protocol->writer_feature_count, err));
    *out = protocol;
    return WEIR_OK;
}

static weir_rc small_of(struct reader *r, const char *name, struct column c, int64_t row, struct weiri_action *action, struct weir_error *err)
{
    weir_arena *arena = r->state->segment->arena;
    if (strcmp(name, "txn") == 0) {
        action->txn = weir_arena_zalloc(arena, sizeof *action->txn);
        WEIR_TRY(text_of(r, c, "appId", row, &action->txn->app_id, err));
        WEIR_TRY(number_of(c, "version", row, NULL, &action->txn->version, err));
        WEIR_TRY(number_of(c, "lastUpdated", row, &action->txn->has_last_updated, &action->txn->last_updated_ms, err));
        action->kind = action->txn->app_id ? WEIRI_TXN : WEIRI_NOTHING;
        return WEIR_OK;
    }
    action->domain = weir_arena_zalloc(arena, sizeof *action->domain);
    WEIR_TRY(text_of(r, c, "domain", row, &action->domain->domain, err));
    WEIR_TRY(text_of(r, c, "configuration", row, &action->domain->configuration, err));
    WEIR_TRY(flag_of(c, "removed", row, &action->domain->removed, err));
    action->kind = action->domain->domain ? WEIRI_DOMAIN : WEIRI_NOTHING;
    return WEIR_OK;
}

static weir_rc take_sidecar(struct reader *r, const char *path, struct weir_error *err)
{
    if (r->in_sidecar) {
        return weir_fail(err, WEIR_CORRUPT, "DELTA_CHECKPOINT_CORRUPT", "a sidecar names sidecars; the checkpoint is damaged");
    }
    WEIR_PUSH(r->sidecars, r->sidecar_count, r->sidecar_cap) = path;
    return WEIR_OK;
}

static weir_rc action_of(struct reader *r, const char *name, struct column c, int64_t row, struct weir_error *err)
{
    struct weiri_action action = {0};
    if (strcmp(name, "add") == 0 || strcmp(name, "remove") == 0) {
        bool is_add = name[0] == 'a';
        WEIR_TRY(file_of(r, c, is_add, row, &action.file, err));
        action.kind = !action.file ? WEIRI_NOTHING : is_add ? WEIRI_ADD : WEIRI_REMOVE;
    } else if (strcmp(name, "metaData") == 0) {
        WEIR_TRY(metadata_of(r, c, row, &action.metadata, err));
        action.kind = action.metadata ? WEIRI_METADATA : WEIRI_NOTHING;
    } else if (strcmp(name, "protocol") == 0) {
        WEIR_TRY(protocol_of(r, c, row, &action.protocol, err));
        action.kind = action.protocol ? WEIRI_PROTOCOL : WEIRI_NOTHING;
    } else if (strcmp(name, "sidecar") == 0) {
        const char *path = NULL;
        WEIR_TRY(text_of(r, c, "path", row, &path, err));
        return path ? take_sidecar(r, path, err) : WEIR_OK;
    } else {
        WEIR_TRY(small_of(r, name, c, row, &action, err));
    }
    return action.kind == WEIRI_NOTHING ? WEIR_OK : weiri_state_apply(r->state, &action, NULL, err);
}

static weir_rc take_batch(struct reader *r, const struct weir_batch *batch, struct weir_error *err)
{
    for (int64_t row = 0; row < weir_batch_rows(batch); row++) {
        for (size_t i = 0; i < batch->schema->field_count; i++) {
            struct column c = {&batch->schema->fields[i].type, batch->array.children[i]};
            if (is_there(c, row)) {
                if (c.type->id != WEIR_TYPE_STRUCT) {
                    return wrong_type(batch->schema->fields[i].name, err);
                }
                WEIR_TRY(action_of(r, batch->schema->fields[i].name, c, row, err));
            }
        }
    }
    return WEIR_OK;
}

static weir_rc read_parquet(struct reader *r, const char *key, struct weir_error *err)
{
    static const char *const wanted[] = {"txn", "add", "remove", "metaData", "protocol", "domainMetadata", "sidecar"};
    int columns[sizeof wanted / sizeof *wanted];
    size_t count = 0;
    weir_parquet_reader *parquet = NULL;
    WEIR_TRY(weir_parquet_open(r->table->store, key, &parquet, err));
    const weir_schema *schema = weir_parquet_schema(parquet);
    for (size_t i = 0; i < schema->field_count; i++) {
        for (size_t k = 0; k < sizeof wanted / sizeof *wanted; k++) {
            if (strcmp(schema->fields[i].name, wanted[k]) == 0 && count < sizeof wanted / sizeof *wanted) {
                columns[count++] = (int)i;
            }
        }
    }
    weir_rc rc = WEIR_OK;
    for (int g = 0; rc == WEIR_OK && g < weir_parquet_group_count(parquet); g++) {
        struct weir_batch batch = {0};
        rc = weir_parquet_read_group(parquet, g, columns, count, &batch, err);
        if (rc == WEIR_OK) {
            rc = take_batch(r, &batch, err);
            weir_batch_release(&batch);
        }
    }
    weir_parquet_close(parquet);
    return rc;
}

static weir_rc take_json(void *arg, const struct weiri_action *action, struct weir_error *err)
{
    struct reader *r = arg;
    if (action->kind == WEIRI_SIDECAR) {
        return take_sidecar(r, action->sidecar_path, err);
    }
    return weiri_state_apply(r->state, action, NULL, err);
}

static weir_rc read_json(struct reader *r, const char *key, struct weir_error *err)
{
    struct weir_buf text;
    weir_buf_init(&text, WEIRI_COMMIT_BYTES_MAX);
    weir_rc rc = weir_store_get(r->table->store, key, WEIRI_COMMIT_BYTES_MAX, &text, err);
    if (rc == WEIR_OK) {
        rc = weiri_actions_of_text(weir_buf_view(&text), key, r->state->segment->arena, take_json, r, err);
    }
    weir_buf_free(&text);
    return rc;
}

/* A sidecar's path: a file name in _sidecars, or a whole URI. */
static char *sidecar_key(const char *path)
{
    struct weir_buf decoded;
    weir_buf_init(&decoded, 0);
    weiri_path_canonical(&decoded, path);
    char *key = decoded.data && decoded.data[0] == '/' ? weir_strdup(decoded.data) : weir_asprintf(WEIRI_LOG "/_sidecars/%s", decoded.data ? decoded.data : "");
    weir_buf_free(&decoded);
    return key;
}

weir_rc weiri_checkpoint_read(weir_delta *table, const struct weiri_log *log, struct weiri_state *state, struct weir_error *err)
{
    struct reader r = {.table = table, .state = state};
    weir_rc rc = WEIR_OK;
    for (size_t i = 0; rc == WEIR_OK && i < log->checkpoint_name_count; i++) {
        char *key = weiri_log_key(log->checkpoint_names[i]);
        rc = weir_str_ends(weir_str(key), ".json") ? read_json(&r, key, err) : read_parquet(&r, key, err);
        if (rc != WEIR_OK && err && !strstr(err->msg, log->checkpoint_names[i])) {
            weir_error_wrap(err, "checkpoint %s", key);
        }
        weir_free(key);
    }
    r.in_sidecar = true;
    for (size_t i = 0; rc == WEIR_OK && i < r.sidecar_count; i++) {
        char *key = sidecar_key(r.sidecars[i]);
        rc = read_parquet(&r, key, err);
        if (rc != WEIR_OK) {
            weir_error_wrap(err, "sidecar of checkpoint %" PRId64, log->checkpoint);
        }
        weir_free(key);
    }
    weir_free(r.sidecars);
    if (rc == WEIR_OK && !state->protocol) {
        rc = weir_fail(err, WEIR_CORRUPT, "DELTA_PROTOCOL_MISSING", "No protocol found in checkpoint %" PRId64 " of %s; the checkpoint is damaged: remove it if all commits are there", log->checkpoint,
                       table->path);
    }
    if (rc == WEIR_OK && !state->metadata) {
        rc = weir_fail(err, WEIR_CORRUPT, "DELTA_METADATA_MISSING", "No metadata found in checkpoint %" PRId64 " of %s; the checkpoint is damaged: remove it if all commits are there", log->checkpoint,
                       table->path);
    }
    return rc;
}

bool weiri_last_checkpoint(weir_delta *table, int64_t *version_out)
{
    struct weir_buf text;
    weir_arena *arena = weir_arena_new();
    const struct weir_json *json = NULL;
    weir_buf_init(&text, 64 << 20);
    *version_out = -1;
    bool ok = weir_store_get(table->store, WEIRI_LOG "/_last_checkpoint", 64 << 20, &text, NULL) == WEIR_OK &&
              weir_json_parse(arena, weir_buf_view(&text), &json, NULL) == WEIR_OK && weir_json_i64(weir_json_get(json, "version"), version_out);
    weir_arena_free(arena);
    weir_buf_free(&text);
    return ok && *version_out >= 0;
}
