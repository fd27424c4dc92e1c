/* txn.c - what a transaction is made of, and its text. commit.c publishes it. */
#include "delta/txn_internal.h"
#include "delta/actions_copy.h"

#include <stdio.h>

weir_txn *weir_txn_begin(weir_delta *table, weir_snapshot *snapshot)
{
    weir_txn *txn = weir_calloc(1, sizeof *txn);
    txn->table = table;
    txn->snapshot = snapshot ? weir_snapshot_ref(snapshot) : NULL;
    txn->arena = weir_arena_new();
    txn->operation = "WRITE";
    txn->id = weir_uuid_new();
    return txn;
}

void weir_txn_free(weir_txn *txn)
{
    if (!txn) {
        return;
    }
    weir_snapshot_unref(txn->snapshot);
    weir_free(txn->adds);
    weir_free(txn->parameters);
    weir_arena_free(txn->arena);
    weir_free(txn);
}

static const char *schema_text(weir_arena *arena, const weir_schema *schema)
{
    struct weir_buf text;
    weir_buf_init(&text, 0);
    weir_schema_print_json(&text, schema);
    const char *copy = weir_arena_strndup(arena, text.data, text.len);
    weir_buf_free(&text);
    return copy;
}

/* Partition columns in the spelling of the schema. */
static const char *const *spelled(weir_arena *arena, const weir_schema *schema, const char *const *names, size_t count)
{
    const char **out = weir_arena_zalloc(arena, (count + 1) * sizeof *out);
    for (size_t i = 0; i < count; i++) {
        int at = weir_schema_find(schema, weir_str(names[i]));
        WEIR_ASSERT(at >= 0);
        out[i] = weir_arena_strdup(arena, schema->fields[at].name);
    }
    return out;
}

static void take_properties(weir_arena *arena, const weir_options *properties, struct weiri_metadata *meta)
{
    const char *name = NULL;
    const char *value = NULL;
    size_t count = properties ? weir_options_count(properties) : 0;
    struct weiri_pair *pairs = weir_arena_zalloc(arena, (count + 1) * sizeof *pairs);
    size_t n = 0;
    for (size_t i = 0; properties && weir_options_at(properties, &i, &name, &value);) {
        const char *stored = weiri_property_name(name);
        if (stored) {
            pairs[n++] = (struct weiri_pair){weir_arena_strdup(arena, stored), weir_arena_strdup(arena, value ? value : "")};
        }
    }
    meta->configuration = pairs;
    meta->configuration_count = n;
}

static weir_rc new_metadata(weir_txn *txn, const struct weir_table_spec *spec, struct weir_error *err)
{
    WEIR_TRY(weiri_check_properties(spec->properties, err));
    WEIR_TRY(weiri_check_schema(spec->schema, spec->partition_columns, spec->partition_count, err));
    struct weiri_metadata *meta = weir_arena_zalloc(txn->arena, sizeof *meta);
    struct weir_uuid id = weir_uuid_new();
    meta->pub.id = weir_arena_strdup(txn->arena, id.text);
    meta->pub.name = spec->name ? weir_arena_strdup(txn->arena, spec->name) : NULL;
    meta->pub.description = spec->description ? weir_arena_strdup(txn->arena, spec->description) : NULL;
    meta->pub.schema_json = schema_text(txn->arena, spec->schema);
    meta->pub.schema = weir_schema_copy(txn->arena, spec->schema);
    meta->pub.partition_columns = spelled(txn->arena, spec->schema, spec->partition_columns, spec->partition_count);
    meta->pub.partition_count = spec->partition_count;
    meta->pub.created_time_ms = weir_now_ms();
    meta->has_created_time = true;
    take_properties(txn->arena, spec->properties, meta);
    txn->metadata = meta;
    return WEIR_OK;
}

weir_rc weir_txn_create(weir_txn *txn, const struct weir_table_spec *spec, struct weir_error *err)
{
    WEIR_ASSERT(!txn->snapshot);
    WEIR_TRY(new_metadata(txn, spec, err));
    txn->protocol = weiri_protocol_for(txn->arena, spec->schema, NULL);
    return WEIR_OK;
}

weir_rc weir_txn_replace(weir_txn *txn, const struct weir_table_spec *spec, struct weir_error *err)
{
    WEIR_ASSERT(txn->snapshot);
    WEIR_TRY(new_metadata(txn, spec, err));
    const struct weir_protocol *needed = weiri_protocol_for(txn->arena, spec->schema, txn->snapshot->protocol);
    txn->protocol = needed == txn->snapshot->protocol ? NULL : needed;
    txn->remove_all = true;
    return WEIR_OK;
}

weir_rc weir_txn_set_schema(weir_txn *txn, const weir_schema *schema, struct weir_error *err)
{
    WEIR_ASSERT(txn->snapshot);
    const struct weiri_metadata *old = txn->snapshot->metadata;
    WEIR_TRY(weiri_check_schema(schema, old->pub.partition_columns, old->pub.partition_count, err));
    txn->metadata = weiri_metadata_copy(txn->arena, old);
    txn->metadata->pub.schema_json = schema_text(txn->arena, schema);
    txn->metadata->pub.partition_columns = spelled(txn->arena, schema, old->pub.partition_columns, old->pub.partition_count);
    txn->new_schema = weir_schema_copy(txn->arena, schema);
    const struct weir_protocol *needed = weiri_protocol_for(txn->arena, schema, txn->snapshot->protocol);
    txn->protocol = needed == txn->snapshot->protocol ? NULL : needed;
    return WEIR_OK;
}

void weir_txn_add_file(weir_txn *txn, const struct weir_add *add)
{
    struct weiri_file *file = weir_arena_zalloc(txn->arena, sizeof *file);
    weiri_add_copy(txn->arena, add, &file->add);
    file->has_size = true;
    file->has_partition_values = true;
    WEIR_PUSH(txn->adds, txn->add_count, txn->add_cap) = file;
}

void weir_txn_remove_all(weir_txn *txn)
{
    txn->remove_all = true;
}

void weir_txn_reads(weir_txn *txn)
{
    txn->reads = true;
}

void weir_txn_set_app(weir_txn *txn, const char *app_id, int64_t version)
{
    txn->app_id = weir_arena_strdup(txn->arena, app_id);
    txn->app_version = version;
}

void weir_txn_operation(weir_txn *txn, const char *operation)
{
    txn->operation = weir_arena_strdup(txn->arena, operation);
}

void weir_txn_parameter(weir_txn *txn, const char *name, const char *value)
{
    struct weiri_pair pair = {weir_arena_strdup(txn->arena, name), value ? weir_arena_strdup(txn->arena, value) : "null"};
    WEIR_PUSH(txn->parameters, txn->parameter_count, txn->parameter_cap) = pair;
}

void weir_txn_rows(weir_txn *txn, int64_t rows)
{
    txn->has_rows = true;
    txn->rows = rows;
}

bool weiri_txn_is_blind(const weir_txn *txn)
{
    return txn->snapshot && !txn->metadata && !txn->protocol && !txn->remove_all && !txn->reads;
}

/* --- the text --- */

static void write_metric(struct weir_jsonw *w, const char *name, int64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%lld", (long long)value);
    weir_jsonw_kv(w, name, text);
}

static void write_metrics(struct weir_jsonw *w, const weir_txn *txn)
{
    static const char *const filled[] = {"numAddedFiles", "numRemovedFiles", "numFiles", "numOutputRows", "numOutputBytes", "numRemovedBytes"};
    bool streaming = strcmp(txn->operation, "STREAMING UPDATE") == 0;
    size_t removed = txn->remove_all && txn->snapshot ? txn->snapshot->file_count : 0;
    int64_t bytes = 0;
    int64_t removed_bytes = 0;
    for (size_t i = 0; i < txn->add_count; i++) {
        bytes += txn->adds[i]->add.size;
    }
    for (size_t i = 0; i < removed; i++) {
        removed_bytes += txn->snapshot->files[i]->add.size;
    }
    bool files = txn->add_count || removed || txn->has_rows || streaming;
    bool show[] = {files && streaming, files && (streaming || txn->remove_all), files && !streaming, files && (txn->has_rows || streaming), files, files && !streaming && txn->remove_all};
    const int64_t values[] = {(int64_t)txn->add_count, (int64_t)removed, (int64_t)txn->add_count, txn->rows, bytes, removed_bytes};
    weir_jsonw_key(w, "operationMetrics");
    weir_jsonw_object(w);
    for (size_t i = 0; i < sizeof filled / sizeof *filled; i++) {
        if (show[i]) {
            write_metric(w, filled[i], values[i]);
        }
    }
    weir_jsonw_end_object(w);
}

/* Spark stores each value as the JSON text of a JSON text: a string stands as it is, null too, everything else within quotes. */
static void write_parameters(struct weir_jsonw *w, const weir_txn *txn)
{
    weir_jsonw_key(w, "operationParameters");
    weir_jsonw_object(w);
    for (size_t i = 0; i < txn->parameter_count; i++) {
        const char *value = txn->parameters[i].value;
        weir_jsonw_key(w, txn->parameters[i].key);
        if (value[0] == '"' || strcmp(value, "null") == 0) {
            weir_jsonw_raw(w, weir_str(value));
        } else {
            weir_jsonw_string(w, value);
        }
    }
    weir_jsonw_end_object(w);
}

static void write_commit_info(struct weir_jsonw *w, const weir_txn *txn, int64_t now_ms)
{
    weir_jsonw_object(w);
    weir_jsonw_key(w, "commitInfo");
    weir_jsonw_object(w);
    weir_jsonw_kv_i64(w, "timestamp", now_ms);
    weir_jsonw_kv(w, "operation", txn->operation);
    write_parameters(w, txn);
    if (txn->snapshot) {
        weir_jsonw_kv_i64(w, "readVersion", txn->snapshot->version);
    }
    weir_jsonw_kv(w, "isolationLevel", "Serializable");
    weir_jsonw_kv_bool(w, "isBlindAppend", !txn->remove_all && !txn->new_schema && !txn->reads);
    write_metrics(w, txn);
    weir_jsonw_kv(w, "engineInfo", "weir/" WEIR_VERSION);
    weir_jsonw_kv(w, "txnId", txn->id.text);
    weir_jsonw_end_object(w);
    weir_jsonw_end_object(w);
}

static void write_app(struct weir_jsonw *w, const weir_txn *txn, int64_t now_ms)
{
    weir_jsonw_object(w);
    weir_jsonw_key(w, "txn");
    weir_jsonw_object(w);
    weir_jsonw_kv(w, "appId", txn->app_id);
    weir_jsonw_kv_i64(w, "version", txn->app_version);
    weir_jsonw_kv_i64(w, "lastUpdated", now_ms);
    weir_jsonw_end_object(w);
    weir_jsonw_end_object(w);
}

void weiri_txn_text(const weir_txn *txn, struct weir_buf *out)
{
    struct weir_jsonw w;
    int64_t now_ms = weir_now_ms();
    weir_jsonw_init(&w, out);
    write_commit_info(&w, txn, now_ms);
    weir_buf_add_char(out, '\n');
    if (txn->protocol) {
        weir_jsonw_init(&w, out);
        weiri_write_protocol(&w, txn->protocol);
        weir_buf_add_char(out, '\n');
    }
    if (txn->metadata) {
        weir_jsonw_init(&w, out);
        weiri_write_metadata(&w, txn->metadata);
        weir_buf_add_char(out, '\n');
    }
    if (txn->app_id) {
        weir_jsonw_init(&w, out);
        write_app(&w, txn, now_ms);
        weir_buf_add_char(out, '\n');
    }
    for (size_t i = 0; i < txn->add_count; i++) {
        weir_jsonw_init(&w, out);
        weiri_write_add(&w, txn->adds[i]);
        weir_buf_add_char(out, '\n');
    }
    for (size_t i = 0; txn->remove_all && txn->snapshot && i < txn->snapshot->file_count; i++) {
        weir_jsonw_init(&w, out);
        weiri_write_remove(&w, txn->snapshot->files[i], now_ms);
        weir_buf_add_char(out, '\n');
    }
}
