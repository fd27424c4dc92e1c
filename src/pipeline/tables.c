/* tables.c - a pipeline's tables in the catalog and on disk, and the checkpoints of its flows. */
#include "pipeline/pipeline_internal.h"
#include "base/uri.h"
#include <stdio.h>

/* In the catalog's row, not in the table: a table that is read elsewhere has nothing to do with it. */
#define STORAGE_PROPERTY "weir.checkpoints"

weir_rc weiri_table_place(struct graph *graph, struct dataset *dataset, struct weir_error *err)
{
    struct weir_object object;
    weir_catalog *catalog = weir_engine_catalog(graph->engine);
    WEIR_TRY(weir_catalog_get(catalog, graph->arena, WEIR_OBJ_TABLE, dataset->catalog, dataset->schema, dataset->name, &object, err));
    if (!object.properties) {
        object.properties = weir_options_new();
    }
    weir_options_set(object.properties, STORAGE_PROPERTY, graph->project->storage ? graph->project->storage : "");
    weir_rc rc = weir_catalog_update(catalog, &object, err);
    weir_object_free_options(&object);
    return rc;
}

weir_rc weiri_table_find(struct graph *graph, struct dataset *dataset, bool *exists, struct weir_error *err)
{
    struct weir_object object;
    weir_catalog *catalog = weir_engine_catalog(graph->engine);
    *exists = false;
    struct weir_error own;
    err = err ? err : &own;
    weir_error_clear(err);
    weir_rc rc = weir_catalog_get(catalog, graph->arena, WEIR_OBJ_TABLE, dataset->catalog, dataset->schema, dataset->name, &object, err);
    if (rc == WEIR_NOT_FOUND) {
        weir_error_clear(err);
        return WEIR_OK;
    }
    WEIR_TRY(rc);
    const char *storage = object.properties ? weir_options_get(object.properties, STORAGE_PROPERTY) : NULL;
    dataset->storage = storage ? weir_arena_strdup(graph->arena, storage) : NULL;
    enum weir_table_kind wanted = dataset->kind == WEIR_DATASET_VIEW ? WEIR_TABLE_VIEW_MATERIALIZED : WEIR_TABLE_STREAMING;
    bool fits = strcmp(object.format, "delta") == 0 && (object.table_kind == wanted);
    weir_object_free_options(&object);
    if (!fits) {
        return weir_fail(err, WEIR_EXISTS, "TABLE_ALREADY_EXISTS", "%s is in the catalog already, as something other than this %s; drop it (weir sql -c 'DROP TABLE %s'), or give the dataset another name", dataset->full_name,
                         dataset->kind == WEIR_DATASET_VIEW ? "materialized view" : "streaming table", dataset->full_name);
    }
    dataset->location = object.location;
    *exists = true;
    return WEIR_OK;
}

weir_rc weiri_schema_ready(struct graph *graph, const struct dataset *dataset, struct weir_error *err)
{
    struct weir_object object;
    weir_catalog *catalog = weir_engine_catalog(graph->engine);
    struct weir_error own;
    err = err ? err : &own;
    weir_error_clear(err);
    weir_rc rc = weir_catalog_get(catalog, graph->arena, WEIR_OBJ_SCHEMA, dataset->catalog, NULL, dataset->schema, &object, err);
    if (rc != WEIR_NOT_FOUND) {
        if (rc == WEIR_OK) {
            weir_object_free_options(&object);
        }
        return rc;
    }
    weir_error_clear(err);
    struct weir_object fresh = {.kind = WEIR_OBJ_SCHEMA, .catalog = dataset->catalog, .name = dataset->schema};
    return weir_catalog_create(catalog, graph->arena, &fresh, err);
}

static const char *const *strings(weir_arena *arena, const char *const *from, size_t count)
{
    const char **copy = weir_arena_alloc(arena, (count + 1) * sizeof *copy);
    for (size_t i = 0; i < count; i++) {
        copy[i] = from[i];
    }
    return copy;
}

static weir_rc create(struct graph *graph, struct dataset *dataset, struct weir_error *err)
{
    const struct weir_stmt *stmt = dataset->stmt;
    weir_options *properties = weir_options_new();
    for (size_t i = 0; i < stmt->property_count; i++) {
        weir_options_set(properties, stmt->properties[i].name, stmt->properties[i].value);
    }
    struct weir_table_spec spec = {.schema = dataset->schema_out,
                                   .partition_columns = strings(graph->arena, stmt->partition_columns, stmt->partition_count),
                                   .partition_count = stmt->partition_count,
                                   .properties = properties,
                                   .description = stmt->comment};
    weir_rc rc = weiri_schema_ready(graph, dataset, err);
    if (rc == WEIR_OK && stmt->cluster_count > 0) {
        rc = weir_fail(err, WEIR_UNSUPPORTED, "CLUSTERING_UNSUPPORTED", "%s: CLUSTER BY is not there yet; leave it out, or use PARTITIONED BY", dataset->full_name);
    }
    if (rc == WEIR_OK && stmt->provider && strcmp(stmt->provider, "delta") != 0) {
        rc = weir_fail(err, WEIR_UNSUPPORTED, "TABLE_FORMAT_UNSUPPORTED", "%s: USING %s; a pipeline's tables are Delta tables: leave USING out", dataset->full_name, stmt->provider);
    }
    if (rc == WEIR_OK) {
        char *definition = weir_strndup(stmt->text.ptr, stmt->text.len);
        rc = weir_session_create_table(graph->session, dataset->catalog, dataset->schema, dataset->name, &spec, dataset->kind == WEIR_DATASET_VIEW ? WEIR_TABLE_VIEW_MATERIALIZED : WEIR_TABLE_STREAMING, NULL,
                                       stmt->comment, definition, err);
        weir_free(definition);
    }
    weir_options_free(properties);
    bool exists = false;
    if (rc == WEIR_OK && dataset->kind == WEIR_DATASET_STREAMING_TABLE) {
        rc = weiri_table_place(graph, dataset, err);
    }
    return rc == WEIR_OK ? weiri_table_find(graph, dataset, &exists, err) : rc;
}

/* A streaming table keeps its rows: columns may come, none may go or change. */
static weir_rc widen(struct graph *graph, struct dataset *dataset, struct weir_error *err)
{
    weir_delta *table = weir_engine_table(graph->engine, dataset->location);
    weir_snapshot *snapshot = NULL;
    WEIR_TRY(weir_delta_snapshot(table, &snapshot, err));
    const weir_schema *have = weir_snapshot_metadata(snapshot)->schema, *want = dataset->schema_out;
    const char *names = NULL;
    const weir_schema *merged = weir_schema_grow(have, want, graph->arena, &names);
    weir_rc rc = WEIR_OK;
    for (size_t i = 0; rc == WEIR_OK && i < want->field_count; i++) {
        int at = weir_schema_find_near(merged, weir_str(want->fields[i].name), i);
        if (!weir_type_eq(&merged->fields[at].type, &want->fields[i].type)) {
            rc = weir_fail(err, WEIR_INVALID, "PIPELINE_SCHEMA_MISMATCH", "column %s of %s has another type in the table than in its query now; cast it in the query, or rebuild the table with --full-refresh %s", want->fields[i].name,
                           dataset->full_name, dataset->full_name);
        }
    }
    if (rc == WEIR_OK && names) {
        weir_txn *txn = weir_txn_begin(table, snapshot);
        weir_txn_operation(txn, "ADD COLUMNS");
        rc = weir_txn_set_schema(txn, merged, err);
        int64_t version = 0;
        if (rc == WEIR_OK) {
            rc = weir_txn_commit(txn, &version, err);
        }
        weir_txn_free(txn);
    }
    weir_snapshot_unref(snapshot);
    return rc;
}

weir_rc weiri_table_ready(struct graph *graph, struct dataset *dataset, struct weir_error *err)
{
    bool exists = false;
    WEIR_TRY(weiri_table_find(graph, dataset, &exists, err));
    const struct dataset *by = weiri_filled_by(dataset);
    if (exists && graph->options && by->selected && weiri_full_refresh(graph->options, by)) {
        return WEIR_OK; /* emptied in a moment, with the columns of the query */
    }
    return exists ? widen(graph, dataset, err) : create(graph, dataset, err);
}

weir_rc weiri_table_truncate(struct graph *graph, struct dataset *dataset, struct weir_error *err)
{
    weir_delta *table = weir_engine_table(graph->engine, dataset->location);
    weir_snapshot *snapshot = NULL;
    int64_t version = 0;
    WEIR_TRY(weir_delta_snapshot(table, &snapshot, err));
    weir_txn *txn = weir_txn_begin(table, snapshot);
    weir_txn_operation(txn, "TRUNCATE");
    weir_txn_remove_all(txn);
    weir_rc rc = weir_txn_set_schema(txn, dataset->schema_out, err);
    if (rc == WEIR_OK) {
        rc = weir_txn_commit(txn, &version, err);
    }
    weir_txn_free(txn);
    weir_snapshot_unref(snapshot);
    return rc;
}

/* --- checkpoints --- */

/* Was the checkpoint begun? A folder that a crash left before its mark was in it, or before anything was, is none: the table still goes by the one before. */
static bool was_begun(weir_fs *fs, const char *folder, const char *name)
{
    static const char *const signs[] = {"metadata", "offsets", "sources", WEIRI_MARK_ANEW, WEIRI_MARK_BEGUN};
    bool found = false;
    for (size_t i = 0; i < sizeof signs / sizeof *signs && !found; i++) {
        char *path = weir_asprintf("%s/%s/%s", folder, name, signs[i]);
        found = weir_fs_exists(fs, path);
        weir_free(path);
    }
    return found;
}

static weir_rc newest_number(weir_fs *fs, const char *folder, weir_arena *arena, int64_t *out, struct weir_error *err)
{
    weir_store *store = weir_store_open_local(fs, folder);
    struct weir_store_entry *entries = NULL;
    size_t count = 0;
    *out = -1;
    weir_rc rc = weir_store_list(store, "", NULL, arena, &entries, &count, err);
    for (size_t i = 0; rc == WEIR_OK && i < count; i++) {
        int64_t n = 0;
        if (entries[i].info.is_dir && entries[i].name[0] != '-' && weir_str_to_i64(weir_str(entries[i].name), &n) && n > *out && was_begun(fs, folder, entries[i].name)) {
            *out = n;
        }
    }
    weir_store_close(store);
    return rc;
}

weir_rc weiri_checkpoint_place(struct graph *graph, const struct flow *flow, bool fresh, bool adopt, weir_arena *arena, const char **out, const char **note_out, struct weir_error *err)
{
    weir_fs *fs = weir_engine_fs(graph->engine);
    const struct dataset *target = flow->target;
    const char *storage = graph->project->storage ? graph->project->storage : weir_catalog_root(weir_engine_catalog(graph->engine));
    char *ours = weir_arena_printf(arena, "%s/_checkpoints/%s/%s/%s/%s", storage, target->catalog, target->schema, target->name, flow->short_name);
    char *sparks = weir_arena_printf(arena, "%s/_checkpoints/spark_catalog/%s/%s/%s", storage, target->schema, target->name, flow->short_name);
    int64_t number = -1, theirs = -1;
    *note_out = NULL;
    WEIR_TRY(newest_number(fs, ours, arena, &number, err));
    if (number < 0) {
        WEIR_TRY(newest_number(fs, sparks, arena, &theirs, err));
    }
    if (theirs >= 0 && adopt) {
        *out = weir_arena_printf(arena, "%s/%lld", sparks, (long long)(theirs + (fresh ? 1 : 0)));
        *note_out = weir_arena_printf(arena, "%s goes on in Spark's checkpoint %s", flow->name, *out);
        return WEIR_OK;
    }
    if (theirs >= 0) {
        *note_out = weir_arena_printf(arena, "%s has a checkpoint of Spark's (%s/%lld); it is left alone and a new one begun: every file is read again; use --adopt to go on in it", flow->name, sparks, (long long)theirs);
    }
    number = number < 0 ? 0 : number + (fresh ? 1 : 0);
    *out = weir_arena_printf(arena, "%s/%lld", ours, (long long)number);
    return WEIR_OK;
}
