/* action.c - one line of a commit into an action (delta-format.md 2.3).
 *
 * Unknown fields and actions are ignored, as the protocol demands. A field that is known must have its type: a number where a path should be
 * is damage, not "absent". JSON null stands for absent. */
#include "delta/delta_internal.h"

static weir_rc bad_field(const struct weir_json *value, const char *what, struct weir_error *err)
{
    return weir_fail(err, WEIR_CORRUPT, "DELTA_LOG_CORRUPT",
                     "the action has %.*s where %s belongs; the log is damaged or was written by a broken program",
                     (int)(value->raw.len > 60 ? 60 : value->raw.len), value->raw.ptr, what);
}

static bool absent(const struct weir_json *value)
{
    return !value || value->kind == WEIR_JSON_NULL;
}

static weir_rc get_text(weir_arena *keep, const struct weir_json *object, const char *key, const char **out, struct weir_error *err)
{
    const struct weir_json *value = weir_json_get(object, key);
    *out = NULL;
    if (absent(value)) {
        return WEIR_OK;
    }
    if (value->kind != WEIR_JSON_STRING || memchr(value->text.ptr, 0, value->text.len)) {
        return bad_field(value, key, err);
    }
    *out = weir_arena_strndup(keep, value->text.ptr, value->text.len);
    return WEIR_OK;
}

static weir_rc need_text(weir_arena *keep, const struct weir_json *object, const char *key, const char **out, struct weir_error *err)
{
    WEIR_TRY(get_text(keep, object, key, out, err));
    if (!*out) {
        return weir_fail(err, WEIR_CORRUPT, "DELTA_LOG_CORRUPT", "%s is missing in an action; the log is damaged or was written by a broken program", key);
    }
    return WEIR_OK;
}

static weir_rc get_i64(const struct weir_json *object, const char *key, bool *has, int64_t *out, struct weir_error *err)
{
    const struct weir_json *value = weir_json_get(object, key);
    bool there = !absent(value);
    if (has) {
        *has = there;
    }
    *out = 0;
    if (there && !weir_json_i64(value, out)) {
        return bad_field(value, key, err);
    }
    return WEIR_OK;
}

static weir_rc get_bool(const struct weir_json *object, const char *key, bool *out, struct weir_error *err)
{
    const struct weir_json *value = weir_json_get(object, key);
    *out = false;
    if (!absent(value) && !weir_json_bool(value, out)) {
        return bad_field(value, key, err);
    }
    return WEIR_OK;
}

/* A map of texts; values may be null, and scalars stand for their own text (other writers put numbers and booleans into configurations). */
static weir_rc get_pairs(weir_arena *keep, const struct weir_json *object, const char *key, const struct weiri_pair **out, size_t *count,
                         bool *has, struct weir_error *err)
{
    const struct weir_json *map = weir_json_get(object, key);
    *out = NULL;
    *count = 0;
    if (has) {
        *has = !absent(map);
    }
    if (absent(map)) {
        return WEIR_OK;
    }
    if (map->kind != WEIR_JSON_OBJECT) {
        return bad_field(map, key, err);
    }
    struct weiri_pair *pairs = weir_arena_zalloc(keep, (map->count + 1) * sizeof *pairs);
    size_t n = 0;
    for (const struct weir_json *entry = map->child; entry; entry = entry->next, n++) {
        if (entry->kind == WEIR_JSON_ARRAY || entry->kind == WEIR_JSON_OBJECT) {
            return bad_field(entry, key, err);
        }
        pairs[n].key = weir_arena_strndup(keep, entry->key.ptr, entry->key.len);
        if (entry->kind == WEIR_JSON_STRING) {
            pairs[n].value = weir_arena_strndup(keep, entry->text.ptr, entry->text.len);
        } else if (entry->kind != WEIR_JSON_NULL) {
            pairs[n].value = weir_arena_strndup(keep, entry->raw.ptr, entry->raw.len);
        }
    }
    *out = pairs;
    *count = n;
    return WEIR_OK;
}

static weir_rc get_texts(weir_arena *keep, const struct weir_json *object, const char *key, const char *const **out, size_t *count,
                         bool *has, struct weir_error *err)
{
    const struct weir_json *list = weir_json_get(object, key);
    *out = NULL;
    *count = 0;
    if (has) {
        *has = !absent(list);
    }
    if (absent(list)) {
        return WEIR_OK;
    }
    if (list->kind != WEIR_JSON_ARRAY) {
        return bad_field(list, key, err);
    }
    const char **texts = weir_arena_zalloc(keep, (list->count + 1) * sizeof *texts);
    size_t n = 0;
    for (const struct weir_json *item = list->child; item; item = item->next, n++) {
        if (item->kind != WEIR_JSON_STRING) {
            return bad_field(item, key, err);
        }
        texts[n] = weir_arena_strndup(keep, item->text.ptr, item->text.len);
    }
    *out = texts;
    *count = n;
    return WEIR_OK;
}

static weir_rc parse_dv(weir_arena *keep, const struct weir_json *object, const struct weir_dv **out, struct weir_error *err)
{
    const struct weir_json *value = weir_json_get(object, "deletionVector");
    *out = NULL;
    if (absent(value)) {
        return WEIR_OK;
    }
    if (value->kind != WEIR_JSON_OBJECT) {
        return bad_field(value, "deletionVector", err);
    }
    struct weir_dv *dv = weir_arena_zalloc(keep, sizeof *dv);
    const char *storage = NULL;
    int64_t offset = 0;
    int64_t size = 0;
    WEIR_TRY(need_text(keep, value, "storageType", &storage, err));
    WEIR_TRY(need_text(keep, value, "pathOrInlineDv", &dv->path_or_inline, err));
    WEIR_TRY(get_i64(value, "offset", &dv->has_offset, &offset, err));
    WEIR_TRY(get_i64(value, "sizeInBytes", NULL, &size, err));
    WEIR_TRY(get_i64(value, "cardinality", NULL, &dv->cardinality, err));
    if (strlen(storage) != 1 || offset < 0 || offset > INT32_MAX || size < 0 || size > INT32_MAX) {
        return bad_field(value, "a deletionVector", err);
    }
    dv->storage = storage[0];
    dv->offset = (int32_t)offset;
    dv->size_bytes = (int32_t)size;
    *out = dv;
    return WEIR_OK;
}

static weir_rc parse_file(const struct weir_json *json, bool is_add, weir_arena *keep, struct weiri_file **out, struct weir_error *err)
{
    struct weiri_file *file = weir_arena_zalloc(keep, sizeof *file);
    const struct weiri_pair *values = NULL;
    size_t value_count = 0;
    WEIR_TRY(need_text(keep, json, "path", &file->add.path, err));
    WEIR_TRY(get_pairs(keep, json, "partitionValues", &values, &value_count, &file->has_partition_values, err));
    struct weir_partition_value *partition = weir_arena_zalloc(keep, (value_count + 1) * sizeof *partition);
    for (size_t i = 0; i < value_count; i++) {
        partition[i] = (struct weir_partition_value){.name = values[i].key, .value = values[i].value};
    }
    file->add.partition_values = partition;
    file->add.partition_count = value_count;
    WEIR_TRY(get_i64(json, "size", &file->has_size, &file->add.size, err));
    WEIR_TRY(get_i64(json, "modificationTime", NULL, &file->add.modification_time_ms, err));
    WEIR_TRY(get_bool(json, "dataChange", &file->add.data_change, err));
    WEIR_TRY(get_text(keep, json, "stats", &file->add.stats, err));
    WEIR_TRY(parse_dv(keep, json, &file->add.dv, err));
    WEIR_TRY(get_pairs(keep, json, "tags", &file->tags, &file->tag_count, &file->has_tags, err));
    WEIR_TRY(get_i64(json, "baseRowId", &file->has_base_row_id, &file->base_row_id, err));
    WEIR_TRY(get_i64(json, "defaultRowCommitVersion", &file->has_row_commit_version, &file->row_commit_version, err));
    WEIR_TRY(get_text(keep, json, "clusteringProvider", &file->clustering_provider, err));
    if (!is_add) {
        WEIR_TRY(get_i64(json, "deletionTimestamp", &file->has_deletion_timestamp, &file->deletion_timestamp_ms, err));
        WEIR_TRY(get_bool(json, "extendedFileMetadata", &file->extended_metadata, err));
    }
    if (file->add.size < 0) {
        return weir_fail(err, WEIR_CORRUPT, "DELTA_LOG_CORRUPT", "file %s has size %lld in the log; the log is damaged", file->add.path,
                         (long long)file->add.size);
    }
    *out = file;
    return WEIR_OK;
}

static weir_rc parse_metadata(const struct weir_json *json, weir_arena *keep, struct weiri_metadata **out, struct weir_error *err)
{
    struct weiri_metadata *meta = weir_arena_zalloc(keep, sizeof *meta);
    WEIR_TRY(get_text(keep, json, "id", &meta->pub.id, err));
    WEIR_TRY(get_text(keep, json, "name", &meta->pub.name, err));
    WEIR_TRY(get_text(keep, json, "description", &meta->pub.description, err));
    WEIR_TRY(get_text(keep, json, "schemaString", &meta->pub.schema_json, err));
    WEIR_TRY(get_texts(keep, json, "partitionColumns", &meta->pub.partition_columns, &meta->pub.partition_count, NULL, err));
    WEIR_TRY(get_pairs(keep, json, "configuration", &meta->configuration, &meta->configuration_count, NULL, err));
    WEIR_TRY(get_i64(json, "createdTime", &meta->has_created_time, &meta->pub.created_time_ms, err));
    const struct weir_json *format = weir_json_get(json, "format");
    if (!absent(format)) {
        WEIR_TRY(get_text(keep, format, "provider", &meta->provider, err));
        WEIR_TRY(get_pairs(keep, format, "options", &meta->format_options, &meta->format_option_count, NULL, err));
    }
    *out = meta;
    return WEIR_OK;
}

static weir_rc parse_protocol(const struct weir_json *json, weir_arena *keep, struct weir_protocol **out, struct weir_error *err)
{
    struct weir_protocol *protocol = weir_arena_zalloc(keep, sizeof *protocol);
    int64_t reader = 0;
    int64_t writer = 0;
    bool has_reader = false;
    bool has_writer = false;
    WEIR_TRY(get_i64(json, "minReaderVersion", &has_reader, &reader, err));
    WEIR_TRY(get_i64(json, "minWriterVersion", &has_writer, &writer, err));
    if (!has_reader || !has_writer || reader < 0 || writer < 0 || reader > INT32_MAX || writer > INT32_MAX) {
        return weir_fail(err, WEIR_CORRUPT, "DELTA_LOG_CORRUPT", "the protocol action has no usable versions; the log is damaged");
    }
    protocol->reader = (int)reader;
    protocol->writer = (int)writer;
    WEIR_TRY(get_texts(keep, json, "readerFeatures", &protocol->reader_features, &protocol->reader_feature_count, NULL, err));
    WEIR_TRY(get_texts(keep, json, "writerFeatures", &protocol->writer_features, &protocol->writer_feature_count, NULL, err));
    *out = protocol;
    return WEIR_OK;
}

static weir_rc parse_txn(const struct weir_json *json, weir_arena *keep, struct weiri_txn_action **out, struct weir_error *err)
{
    struct weiri_txn_action *txn = weir_arena_zalloc(keep, sizeof *txn);
    WEIR_TRY(need_text(keep, json, "appId", &txn->app_id, err));
    WEIR_TRY(get_i64(json, "version", NULL, &txn->version, err));
    WEIR_TRY(get_i64(json, "lastUpdated", &txn->has_last_updated, &txn->last_updated_ms, err));
    *out = txn;
    return WEIR_OK;
}

static weir_rc parse_domain(const struct weir_json *json, weir_arena *keep, struct weiri_domain **out, struct weir_error *err)
{
    struct weiri_domain *domain = weir_arena_zalloc(keep, sizeof *domain);
    WEIR_TRY(need_text(keep, json, "domain", &domain->domain, err));
    WEIR_TRY(get_text(keep, json, "configuration", &domain->configuration, err));
    WEIR_TRY(get_bool(json, "removed", &domain->removed, err));
    *out = domain;
    return WEIR_OK;
}

static weir_rc parse_known(struct weir_str name, const struct weir_json *json, weir_arena *keep, struct weiri_action *out, struct weir_error *err)
{
    if (weir_str_eq(name, WEIR_STR("add")) || weir_str_eq(name, WEIR_STR("remove"))) {
        out->kind = name.ptr[0] == 'a' ? WEIRI_ADD : WEIRI_REMOVE;
        return parse_file(json, out->kind == WEIRI_ADD, keep, &out->file, err);
    }
    if (weir_str_eq(name, WEIR_STR("metaData"))) {
        out->kind = WEIRI_METADATA;
        return parse_metadata(json, keep, &out->metadata, err);
    }
    if (weir_str_eq(name, WEIR_STR("protocol"))) {
        out->kind = WEIRI_PROTOCOL;
        return parse_protocol(json, keep, &out->protocol, err);
    }
    if (weir_str_eq(name, WEIR_STR("txn"))) {
        out->kind = WEIRI_TXN;
        return parse_txn(json, keep, &out->txn, err);
    }
    if (weir_str_eq(name, WEIR_STR("domainMetadata"))) {
        out->kind = WEIRI_DOMAIN;
        return parse_domain(json, keep, &out->domain, err);
    }
    if (weir_str_eq(name, WEIR_STR("commitInfo"))) {
        out->kind = WEIRI_COMMIT_INFO;
        out->commit_info = json;
    } else if (weir_str_eq(name, WEIR_STR("sidecar"))) {
        bool has_size = false;
        out->kind = WEIRI_SIDECAR;
        WEIR_TRY(get_i64(json, "sizeInBytes", &has_size, &out->sidecar_size, err));
        out->sidecar_size = has_size ? out->sidecar_size : -1;
        return need_text(keep, json, "path", &out->sidecar_path, err);
    } else if (weir_str_eq(name, WEIR_STR("checkpointMetadata"))) {
        out->kind = WEIRI_CHECKPOINT_METADATA;
    }
    return WEIR_OK;
}

weir_rc weiri_action_parse(struct weir_str line, weir_arena *scratch, weir_arena *keep, struct weiri_action *out, struct weir_error *err)
{
    const struct weir_json *tree = NULL;
    memset(out, 0, sizeof *out);
    WEIR_TRY(weir_json_parse(scratch, line, &tree, err));
    if (tree->kind != WEIR_JSON_OBJECT) {
        return weir_fail(err, WEIR_CORRUPT, "DELTA_LOG_CORRUPT", "a line of the log is not an action (a JSON object); the log is damaged");
    }
    for (const struct weir_json *action = tree->child; action; action = action->next) {
        if (action->kind == WEIR_JSON_NULL) {
            continue;
        }
        struct weiri_action one = {0};
        WEIR_TRY(parse_known(action->key, action, keep, &one, err));
        if (one.kind != WEIRI_NOTHING && action->kind != WEIR_JSON_OBJECT) {
            return bad_field(action, "an action", err);
        }
        if (one.kind != WEIRI_NOTHING && out->kind != WEIRI_NOTHING) {
            return weir_fail(err, WEIR_CORRUPT, "DELTA_LOG_CORRUPT", "a line of the log holds two actions; the log is damaged");
        }
        if (one.kind != WEIRI_NOTHING) {
            *out = one;
        }
    }
    return WEIR_OK;
}

weir_rc weiri_actions_of_text(struct weir_str text, const char *what, weir_arena *keep, weiri_action_fn each, void *arg, struct weir_error *err)
{
    weir_arena *scratch = weir_arena_new();
    weir_rc rc = WEIR_OK;
    int64_t line_number = 0;
    size_t at = 0;
    while (rc == WEIR_OK && at < text.len) {
        const char *end = memchr(text.ptr + at, '\n', text.len - at);
        size_t len = end ? (size_t)(end - (text.ptr + at)) : text.len - at;
        struct weir_str line = weir_str_trim((struct weir_str){text.ptr + at, len});
        at += len + 1;
        line_number++;
        if (line.len == 0) {
            continue;
        }
        struct weiri_action action;
        weir_arena_reset(scratch);
        rc = weiri_action_parse(line, scratch, keep, &action, err);
        if (rc == WEIR_CORRUPT && err) {
            char message[sizeof err->msg];
            memcpy(message, err->msg, sizeof message);
            rc = weir_fail_at(err, WEIR_CORRUPT, "DELTA_LOG_CORRUPT", line_number, 0, "%s line %lld: %.1500s", what, (long long)line_number, message);
        }
        if (rc == WEIR_OK && action.kind != WEIRI_NOTHING) {
            rc = each(arg, &action, err);
        }
    }
    weir_arena_free(scratch);
    return rc;
}

void weiri_dv_id(struct weir_buf *out, const struct weir_dv *dv)
{
    if (!dv) {
        return;
    }
    weir_buf_add_char(out, dv->storage);
    weir_buf_add_str(out, dv->path_or_inline);
    if (dv->has_offset) {
        weir_buf_printf(out, "@%d", dv->offset);
    }
}
