/* checkpoint.c - write a classic checkpoint: one Parquet row per action of the reconciled state (delta-format.md 2.10).
 *
 * Streamed: rows go out in batches, row groups are bounded, so that memory does not grow with the table. Published by rename, after the number
 * of rows and of files was checked: its content depends on the version alone, so that a second writer's rename changes nothing. Failing to
 * write one never fails a commit. */
#include "delta/checkpoint_stats.h"

#include "base/log.h"
#include "parquet/reader.h"
#include "parquet/writer.h"

#include <inttypes.h>

#define BATCH_ROWS 2048
#define WEEK_MS ((int64_t)7 * 24 * 3600 * 1000)

#define FILE_TAIL "deletionVector: STRUCT<storageType: STRING, pathOrInlineDv: STRING, offset: INT, sizeInBytes: INT, cardinality: BIGINT>, " \
                  "baseRowId: BIGINT, defaultRowCommitVersion: BIGINT"
static const char checkpoint_ddl[] =
    "txn STRUCT<appId: STRING, version: BIGINT, lastUpdated: BIGINT>, "
    "add STRUCT<path: STRING, partitionValues: MAP<STRING, STRING>, size: BIGINT, modificationTime: BIGINT, dataChange: BOOLEAN, "
    "tags: MAP<STRING, STRING>, " FILE_TAIL ", clusteringProvider: STRING, stats: STRING>, "
    "remove STRUCT<path: STRING, deletionTimestamp: BIGINT, dataChange: BOOLEAN, extendedFileMetadata: BOOLEAN, "
    "partitionValues: MAP<STRING, STRING>, size: BIGINT, " FILE_TAIL ">, "
    "metaData STRUCT<id: STRING, name: STRING, description: STRING, format: STRUCT<provider: STRING, options: MAP<STRING, STRING>>, "
    "schemaString: STRING, partitionColumns: ARRAY<STRING>, configuration: MAP<STRING, STRING>, createdTime: BIGINT>, "
    "protocol STRUCT<minReaderVersion: INT, minWriterVersion: INT, readerFeatures: ARRAY<STRING>, writerFeatures: ARRAY<STRING>>, "
    "domainMetadata STRUCT<domain: STRING, configuration: STRING, removed: BOOLEAN>";
enum { COLUMN_TXN, COLUMN_ADD, COLUMN_REMOVE, COLUMN_METADATA, COLUMN_PROTOCOL, COLUMN_DOMAIN, COLUMNS };

struct writer {
    const weir_schema *schema;
    weir_builder *rows;
    weir_parquet_file *file;
    weir_rowgroup *group;
    int64_t actions, adds;
    size_t next_field; /* of the struct that is being filled */
    weir_builder *current;
    struct weir_error *err;
};

/* --- one row: its fields are put in order of the schema --- */

static void begin_row(struct writer *w, int column)
{
    for (int i = 0; i < COLUMNS; i++) {
        if (i != column) {
            weir_builder_null(weir_builder_child(w->rows, (size_t)i));
        }
    }
    w->current = weir_builder_child(w->rows, (size_t)column);
    w->next_field = 0;
}

static weir_builder *field(struct writer *w)
{
    return weir_builder_child(w->current, w->next_field++);
}

static void put_builder_text(weir_builder *to, const char *text)
{
    if (text) {
        weir_builder_bytes(to, text, strlen(text));
    } else {
        weir_builder_null(to);
    }
}

static void put_text(struct writer *w, const char *text)
{
    put_builder_text(field(w), text);
}

static void put_number(struct writer *w, bool has, int64_t value)
{
    weir_builder *to = field(w);
    if (has) {
        weir_builder_i64(to, value);
    } else {
        weir_builder_null(to);
    }
}

static void put_pairs(weir_builder *to, bool has, const struct weiri_pair *pairs, size_t count)
{
    if (!has) {
        weir_builder_null(to);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        put_builder_text(weir_builder_child(to, 0), pairs[i].key);
        put_builder_text(weir_builder_child(to, 1), pairs[i].value);
    }
    weir_builder_end(to);
}

static void put_partition(struct writer *w, const struct weir_add *add, bool has)
{
    weir_builder *to = field(w);
    if (!has) {
        weir_builder_null(to);
        return;
    }
    for (size_t i = 0; i < add->partition_count; i++) {
        put_builder_text(weir_builder_child(to, 0), add->partition_values[i].name);
        put_builder_text(weir_builder_child(to, 1), add->partition_values[i].value);
    }
    weir_builder_end(to);
}

static void put_texts(weir_builder *to, bool has, const char *const *texts, size_t count)
{
    if (!has) {
        weir_builder_null(to);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        put_builder_text(weir_builder_child(to, 0), texts[i]);
    }
    weir_builder_end(to);
}

static void put_file_tail(struct writer *w, const struct weiri_file *file)
{
    const struct weir_dv *dv = file->add.dv;
    weir_builder *to = field(w);
    if (dv) {
        const char storage[2] = {dv->storage, 0};
        put_builder_text(weir_builder_child(to, 0), storage);
        put_builder_text(weir_builder_child(to, 1), dv->path_or_inline);
        if (dv->has_offset) {
            weir_builder_i64(weir_builder_child(to, 2), dv->offset);
        } else {
            weir_builder_null(weir_builder_child(to, 2));
        }
        weir_builder_i64(weir_builder_child(to, 3), dv->size_bytes);
        weir_builder_i64(weir_builder_child(to, 4), dv->cardinality);
        weir_builder_end(to);
    } else {
        weir_builder_null(to);
    }
    put_number(w, file->has_base_row_id, file->base_row_id);
    put_number(w, file->has_row_commit_version, file->row_commit_version);
}

/* --- rows out --- */

static weir_rc append_group(struct writer *w)
{
    weir_rowgroup *group = w->group;
    w->group = NULL;
    return weir_parquet_append(w->file, group, w->err);
}

static weir_rc flush(struct writer *w)
{
    int64_t rows = weir_builder_rows(w->rows);
    if (rows == 0) {
        return WEIR_OK;
    }
    struct weir_batch batch = {.schema = w->schema};
    weir_builder_finish(w->rows, &batch.array);
    if (!w->group) {
        w->group = weir_rowgroup_new(w->file, NULL);
    }
    weir_rc rc = weir_rowgroup_add_batch(w->group, &batch, 0, rows, w->err);
    weir_batch_release(&batch);
    if (rc == WEIR_OK && weir_rowgroup_full(w->group)) {
        rc = append_group(w);
    }
    return rc;
}

static weir_rc end_row(struct writer *w)
{
    weir_builder_end(w->current);
    weir_builder_end(w->rows);
    w->actions++;
    return weir_builder_rows(w->rows) >= BATCH_ROWS || weir_builder_bytes_used(w->rows) > (size_t)32 << 20 ? flush(w) : WEIR_OK;
}

static weir_rc write_protocol(struct writer *w, const struct weir_protocol *protocol)
{
    begin_row(w, COLUMN_PROTOCOL);
    put_number(w, true, protocol->reader);
    put_number(w, true, protocol->writer);
    put_texts(field(w), protocol->reader == 3, protocol->reader_features, protocol->reader_feature_count);
    put_texts(field(w), protocol->writer == 7, protocol->writer_features, protocol->writer_feature_count);
    return end_row(w);
}

static weir_rc write_metadata(struct writer *w, const struct weiri_metadata *meta)
{
    begin_row(w, COLUMN_METADATA);
    put_text(w, meta->pub.id);
    put_text(w, meta->pub.name);
    put_text(w, meta->pub.description);
    weir_builder *format = field(w);
    put_builder_text(weir_builder_child(format, 0), meta->provider ? meta->provider : "parquet");
    put_pairs(weir_builder_child(format, 1), true, meta->format_options, meta->format_option_count);
    weir_builder_end(format);
    put_text(w, meta->pub.schema_json);
    put_texts(field(w), true, meta->pub.partition_columns, meta->pub.partition_count);
    put_pairs(field(w), true, meta->configuration, meta->configuration_count);
    put_number(w, meta->has_created_time, meta->pub.created_time_ms);
    return end_row(w);
}

static weir_rc write_add(struct writer *w, const struct weiri_file *file)
{
    begin_row(w, COLUMN_ADD);
    put_text(w, file->add.path);
    put_partition(w, &file->add, true);
    put_number(w, true, file->add.size);
    put_number(w, true, file->add.modification_time_ms);
    weir_builder_bool(field(w), false); /* a checkpoint changes no data */
    put_pairs(field(w), file->has_tags, file->tags, file->tag_count);
    put_file_tail(w, file);
    put_text(w, file->clustering_provider);
    put_text(w, file->add.stats);
    w->adds++;
    return end_row(w);
}

static weir_rc write_remove(struct writer *w, const struct weiri_file *file)
{
    begin_row(w, COLUMN_REMOVE);
    put_text(w, file->add.path);
    put_number(w, file->has_deletion_timestamp, file->deletion_timestamp_ms);
    weir_builder_bool(field(w), false);
    weir_builder_bool(field(w), file->extended_metadata);
    put_partition(w, &file->add, file->has_partition_values);
    put_number(w, file->has_size, file->add.size);
    put_file_tail(w, file);
    return end_row(w);
}

static weir_rc write_small(struct writer *w, const weir_snapshot *snapshot)
{
    WEIR_TRY(write_protocol(w, snapshot->protocol));
    WEIR_TRY(write_metadata(w, snapshot->metadata));
    for (size_t i = 0; i < snapshot->domain_count; i++) {
        if (snapshot->domains[i]->removed) {
            continue;
        }
        begin_row(w, COLUMN_DOMAIN);
        put_text(w, snapshot->domains[i]->domain);
        put_text(w, snapshot->domains[i]->configuration);
        weir_builder_bool(field(w), false);
        WEIR_TRY(end_row(w));
    }
    for (size_t i = 0; i < snapshot->txn_count; i++) {
        begin_row(w, COLUMN_TXN);
        put_text(w, snapshot->txns[i]->app_id);
        put_number(w, true, snapshot->txns[i]->version);
        put_number(w, snapshot->txns[i]->has_last_updated, snapshot->txns[i]->last_updated_ms);
        WEIR_TRY(end_row(w));
    }
    return WEIR_OK;
}

static weir_rc write_rows(struct writer *w, const weir_snapshot *snapshot)
{
    int64_t expires = weir_now_ms() - weiri_property_interval_ms(snapshot->metadata->options, "delta.deletedFileRetentionDuration", WEEK_MS);
    WEIR_TRY(write_small(w, snapshot));
    for (size_t i = 0; i < snapshot->file_count; i++) {
        WEIR_TRY(write_add(w, snapshot->files[i]));
    }
    for (size_t i = 0; i < snapshot->tombstone_count; i++) {
        if (snapshot->tombstones[i]->deletion_timestamp_ms > expires) {
            WEIR_TRY(write_remove(w, snapshot->tombstones[i]));
        }
    }
    WEIR_TRY(flush(w));
    return w->group ? append_group(w) : WEIR_OK;
}

/* The finished file under `key`, not yet under its name. */
static weir_rc write_file(weir_delta *table, const weir_snapshot *snapshot, const char *key, int64_t *actions_out, int64_t *size_out, struct weir_error *err)
{
    weir_arena *arena = weir_arena_new();
    weir_schema *schema = NULL;
    struct writer w = {.err = err};
    const struct weir_parquet_options options = {.codec = WEIR_CODEC_SNAPPY, .rowgroup_rows_max = 65536, .rowgroup_bytes_max = (size_t)48 << 20};
    weir_rc rc = weir_schema_parse_ddl(arena, WEIR_STR(checkpoint_ddl), &schema, err);
    if (rc == WEIR_OK) {
        w.schema = schema;
        rc = weir_parquet_create(table->store, key, schema, &options, &w.file, err);
    }
    if (rc == WEIR_OK) {
        w.rows = weir_builder_new(schema);
        rc = write_rows(&w, snapshot);
        weir_builder_free(w.rows);
        weir_rowgroup_free(w.group);
        if (rc == WEIR_OK) {
            rc = weir_parquet_finish(w.file, size_out, NULL, err);
        } else {
            weir_parquet_abort(w.file);
        }
    }
    *actions_out = w.actions;
    if (rc == WEIR_OK && w.adds != (int64_t)snapshot->file_count) {
        rc = weir_fail(err, WEIR_IO, "DELTA_CHECKPOINT_MISMATCH", "the checkpoint has %" PRId64 " files and the table %zu; it is not published", w.adds, snapshot->file_count);
    }
    weir_arena_free(arena);
    return rc;
}

static weir_rc check_file(weir_delta *table, const char *key, int64_t actions, struct weir_error *err)
{
    weir_parquet_reader *reader = NULL;
    WEIR_TRY(weir_parquet_open(table->store, key, &reader, err));
    int64_t rows = weir_parquet_row_count(reader);
    weir_parquet_close(reader);
    return rows == actions ? WEIR_OK
                           : weir_fail(err, WEIR_IO, "DELTA_CHECKPOINT_MISMATCH", "the checkpoint has %" PRId64 " rows instead of %" PRId64 "; it is not published", rows, actions);
}

static weir_rc publish_hint(weir_delta *table, const weir_snapshot *snapshot, int64_t actions, int64_t size, struct weir_error *err)
{
    int64_t there = -1;
    if (weiri_last_checkpoint(table, &there) && there > snapshot->version) {
        return WEIR_OK; /* never backwards */
    }
    struct weir_buf text;
    struct weir_jsonw w;
    weir_buf_init(&text, 0);
    weir_jsonw_init(&w, &text);
    weir_jsonw_object(&w);
    weir_jsonw_kv_i64(&w, "version", snapshot->version);
    weir_jsonw_kv_i64(&w, "size", actions);
    weir_jsonw_kv_i64(&w, "sizeInBytes", size);
    weir_jsonw_kv_i64(&w, "numOfAddFiles", (int64_t)snapshot->file_count);
    weir_jsonw_end_object(&w);
    weir_rc rc = weir_store_put(table->store, WEIRI_LOG "/_last_checkpoint", weir_buf_view(&text), err);
    weir_buf_free(&text);
    return rc;
}

static weir_rc publish_file(weir_delta *table, const char *temp_key, const char *key, struct weir_error *err)
{
    char *from = weir_store_path(table->store, temp_key);
    char *to = weir_store_path(table->store, key);
    char *folder = weir_store_path(table->store, WEIRI_LOG);
    weir_rc rc = weir_fs_rename(table->fs, from, to, err);
    if (rc == WEIR_OK) {
        rc = weir_fs_sync_dir(table->fs, folder, err);
    } else {
        weir_fs_discard(table->fs, from);
    }
    weir_free(from);
    weir_free(to);
    weir_free(folder);
    return rc;
}

/* What a checkpoint of this table would have to hold and weir does not write. */
static weir_rc check_kept(const weir_snapshot *snapshot, struct weir_error *err)
{
    WEIR_TRY(weir_snapshot_check_write(snapshot, err));
    const weir_options *configuration = snapshot->metadata->options;
    if (!weiri_property_bool(configuration, "delta.checkpoint.writeStatsAsJson", true) || weiri_property_bool(configuration, "delta.checkpoint.writeStatsAsStruct", false)) {
        return weir_fail(err, WEIR_UNSUPPORTED, "DELTA_CHECKPOINT_UNSUPPORTED",
                         "the table wants statistics as a struct in its checkpoints (`delta.checkpoint.writeStatsAsStruct`), which weir does not write; "
                         "let another engine write its checkpoints, or unset the property");
    }
    return WEIR_OK;
}

weir_rc weir_delta_checkpoint(weir_delta *table, weir_snapshot *snapshot, struct weir_error *err)
{
    WEIR_TRY(check_kept(snapshot, err));
    struct weir_uuid uuid = weir_uuid_new();
    char *key = weir_asprintf(WEIRI_LOG "/%020" PRId64 ".checkpoint.parquet", snapshot->version);
    char *temp = weir_asprintf(WEIRI_LOG "/.%020" PRId64 ".checkpoint.parquet.%s.tmp", snapshot->version, uuid.text);
    int64_t actions = 0;
    int64_t size = 0;
    weir_rc rc = write_file(table, snapshot, temp, &actions, &size, err);
    if (rc == WEIR_OK) {
        rc = check_file(table, temp, actions, err);
    }
    if (rc == WEIR_OK) {
        rc = publish_file(table, temp, key, err);
    } else {
        char *path = weir_store_path(table->store, temp);
        weir_fs_discard(table->fs, path);
        weir_free(path);
    }
    if (rc == WEIR_OK) {
        rc = publish_hint(table, snapshot, actions, size, err);
    }
    weir_free(key);
    weir_free(temp);
    return rc;
}

static weir_rc checkpoint_if_due(weir_delta *table, int64_t version, struct weir_error *err)
{
    weir_snapshot *snapshot = NULL;
    struct weir_file_info info;
    weir_rc rc = weir_delta_snapshot(table, &snapshot, err);
    if (rc != WEIR_OK) {
        return rc;
    }
    int64_t interval = weiri_property_i64(snapshot->metadata->options, "delta.checkpointInterval", 10);
    bool due = interval > 0 && version > 0 && version % interval == 0;
    char *key = weir_asprintf(WEIRI_LOG "/%020" PRId64 ".checkpoint.parquet", version);
    if (due && weir_store_stat(table->store, key, &info, NULL) != WEIR_OK) {
        if (snapshot->version != version) {
            weir_snapshot_unref(snapshot);
            snapshot = NULL;
            rc = weir_delta_snapshot_at(table, version, &snapshot, err);
        }
        if (rc == WEIR_OK) {
            rc = weir_delta_checkpoint(table, snapshot, err);
        }
        if (rc == WEIR_OK && weiri_property_bool(snapshot->metadata->options, "delta.enableExpiredLogCleanup", true)) {
            rc = weiri_cleanup(table, snapshot, weir_now_ms(), err);
        }
    }
    weir_free(key);
    weir_snapshot_unref(snapshot);
    return rc;
}

void weiri_after_commit(weir_delta *table, int64_t version)
{
    struct weir_error err = {0};
    weir_rc rc = checkpoint_if_due(table, version, &err);
    if (rc != WEIR_OK) {
        weir_log(rc == WEIR_UNSUPPORTED ? WEIR_LOG_INFO : WEIR_LOG_WARN, "delta", "table=%s version=%" PRId64 " checkpoint not written: %s", table->path, version, err.msg);
    }
}
