/* action_write.c - actions as JSON lines, fields in Spark's order, optional fields left out (delta-format.md 2.3, A.7). */
#include "delta/delta_internal.h"

static void write_partition_values(struct weir_jsonw *w, const struct weir_add *add)
{
    weir_jsonw_key(w, "partitionValues");
    weir_jsonw_object(w);
    for (size_t i = 0; i < add->partition_count; i++) {
        weir_jsonw_kv(w, add->partition_values[i].name, add->partition_values[i].value);
    }
    weir_jsonw_end_object(w);
}

static void write_pairs(struct weir_jsonw *w, const char *key, const struct weiri_pair *pairs, size_t count)
{
    weir_jsonw_key(w, key);
    weir_jsonw_object(w);
    for (size_t i = 0; i < count; i++) {
        weir_jsonw_kv(w, pairs[i].key, pairs[i].value);
    }
    weir_jsonw_end_object(w);
}

static void write_dv(struct weir_jsonw *w, const struct weir_dv *dv)
{
    if (!dv) {
        return;
    }
    const char storage[2] = {dv->storage, 0};
    weir_jsonw_key(w, "deletionVector");
    weir_jsonw_object(w);
    weir_jsonw_kv(w, "storageType", storage);
    weir_jsonw_kv(w, "pathOrInlineDv", dv->path_or_inline);
    if (dv->has_offset) {
        weir_jsonw_kv_i64(w, "offset", dv->offset);
    }
    weir_jsonw_kv_i64(w, "sizeInBytes", dv->size_bytes);
    weir_jsonw_kv_i64(w, "cardinality", dv->cardinality);
    weir_jsonw_end_object(w);
}

static void write_rest(struct weir_jsonw *w, const struct weiri_file *file)
{
    if (file->has_tags) {
        write_pairs(w, "tags", file->tags, file->tag_count);
    }
    write_dv(w, file->add.dv);
    if (file->has_base_row_id) {
        weir_jsonw_kv_i64(w, "baseRowId", file->base_row_id);
    }
    if (file->has_row_commit_version) {
        weir_jsonw_kv_i64(w, "defaultRowCommitVersion", file->row_commit_version);
    }
    if (file->clustering_provider) {
        weir_jsonw_kv(w, "clusteringProvider", file->clustering_provider);
    }
}

static void begin(struct weir_jsonw *w, const char *action)
{
    weir_jsonw_object(w);
    weir_jsonw_key(w, action);
    weir_jsonw_object(w);
}

static void end(struct weir_jsonw *w)
{
    weir_jsonw_end_object(w);
    weir_jsonw_end_object(w);
}

void weiri_write_add(struct weir_jsonw *w, const struct weiri_file *file)
{
    begin(w, "add");
    weir_jsonw_kv(w, "path", file->add.path);
    write_partition_values(w, &file->add);
    weir_jsonw_kv_i64(w, "size", file->add.size);
    weir_jsonw_kv_i64(w, "modificationTime", file->add.modification_time_ms);
    weir_jsonw_kv_bool(w, "dataChange", file->add.data_change);
    if (file->add.stats) {
        weir_jsonw_kv(w, "stats", file->add.stats);
    }
    write_rest(w, file);
    end(w);
}

void weiri_write_remove(struct weir_jsonw *w, const struct weiri_file *file, int64_t now_ms)
{
    begin(w, "remove");
    weir_jsonw_kv(w, "path", file->add.path);
    weir_jsonw_kv_i64(w, "deletionTimestamp", now_ms);
    weir_jsonw_kv_bool(w, "dataChange", true);
    weir_jsonw_kv_bool(w, "extendedFileMetadata", true);
    write_partition_values(w, &file->add);
    weir_jsonw_kv_i64(w, "size", file->add.size);
    write_rest(w, file);
    end(w);
}

void weiri_write_metadata(struct weir_jsonw *w, const struct weiri_metadata *metadata)
{
    begin(w, "metaData");
    weir_jsonw_kv(w, "id", metadata->pub.id);
    if (metadata->pub.name) {
        weir_jsonw_kv(w, "name", metadata->pub.name);
    }
    if (metadata->pub.description) {
        weir_jsonw_kv(w, "description", metadata->pub.description);
    }
    weir_jsonw_key(w, "format");
    weir_jsonw_object(w);
    weir_jsonw_kv(w, "provider", metadata->provider ? metadata->provider : "parquet");
    write_pairs(w, "options", metadata->format_options, metadata->format_option_count);
    weir_jsonw_end_object(w);
    weir_jsonw_kv(w, "schemaString", metadata->pub.schema_json);
    weir_jsonw_key(w, "partitionColumns");
    weir_jsonw_array(w);
    for (size_t i = 0; i < metadata->pub.partition_count; i++) {
        weir_jsonw_string(w, metadata->pub.partition_columns[i]);
    }
    weir_jsonw_end_array(w);
    write_pairs(w, "configuration", metadata->configuration, metadata->configuration_count);
    if (metadata->has_created_time) {
        weir_jsonw_kv_i64(w, "createdTime", metadata->pub.created_time_ms);
    }
    end(w);
}

static void write_features(struct weir_jsonw *w, const char *key, const char *const *names, size_t count)
{
    weir_jsonw_key(w, key);
    weir_jsonw_array(w);
    for (size_t i = 0; i < count; i++) {
        weir_jsonw_string(w, names[i]);
    }
    weir_jsonw_end_array(w);
}

void weiri_write_protocol(struct weir_jsonw *w, const struct weir_protocol *protocol)
{
    begin(w, "protocol");
    weir_jsonw_kv_i64(w, "minReaderVersion", protocol->reader);
    weir_jsonw_kv_i64(w, "minWriterVersion", protocol->writer);
    if (protocol->reader == 3) {
        write_features(w, "readerFeatures", protocol->reader_features, protocol->reader_feature_count);
    }
    if (protocol->writer == 7) {
        write_features(w, "writerFeatures", protocol->writer_features, protocol->writer_feature_count);
    }
    end(w);
}
