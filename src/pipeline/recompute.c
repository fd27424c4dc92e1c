/* recompute.c - a view from scratch: its query over the pinned inputs, the old files out and the new ones in by one commit, so that no reader ever sees
 * the view empty or half done. */
#include "pipeline/refresh.h"
#include <stdio.h>

static bool can(const struct refresh_request *request, const char **why_out)
{
    (void)request;
    *why_out = "recomputation is always right";
    return true;
}

static weir_rc give_input(void *arg, const struct weir_table_ref *ref, struct weir_input *out, struct weir_error *err)
{
    struct refresh_request *request = arg;
    (void)err;
    const struct refresh_input *input = &request->inputs[weiri_ref_at(request->view->flows[0], ref)]; /* inputs run with the references */
    if (!input->snapshot) {
        return WEIR_NOT_FOUND;
    }
    *out = (struct weir_input){.kind = WEIR_INPUT_SNAPSHOT, .snapshot = input->snapshot, .schema = weir_snapshot_metadata(input->snapshot)->schema};
    return WEIR_OK;
}

/* --- a table that is written anew: the view, or its quarantine --- */

struct output {
    struct dataset *dataset;   /* NULL = there is none */
    bool exists;
    weir_delta *table;
    weir_snapshot *snapshot;   /* of what is there now; NULL = nothing */
    weir_txn *txn;
    weir_delta_writer *writer;
};

static void close_output(struct output *out)
{
    weir_delta_writer_abort(out->writer);
    weir_txn_free(out->txn);
    weir_snapshot_unref(out->snapshot);
    *out = (struct output){0};
}

static weir_rc begin_overwrite(struct output *out, struct weir_error *err)
{
    WEIR_TRY(weir_delta_snapshot(out->table, &out->snapshot, err));
    out->txn = weir_txn_begin(out->table, out->snapshot);
    weir_txn_remove_all(out->txn);
    if (weir_type_eq(weir_snapshot_metadata(out->snapshot)->schema, out->dataset->schema_out)) {
        return WEIR_OK;
    }
    return weir_txn_set_schema(out->txn, out->dataset->schema_out, err);
}

static weir_rc begin_create(struct output *out, struct weir_error *err)
{
    const struct weir_stmt *stmt = out->dataset->stmt;
    weir_options *properties = weir_options_new();
    for (size_t i = 0; i < stmt->property_count; i++) {
        weir_options_set(properties, stmt->properties[i].name, stmt->properties[i].value);
    }
    struct weir_table_spec spec = {.schema = out->dataset->schema_out, .partition_columns = stmt->partition_columns, .partition_count = stmt->partition_count, .properties = properties, .description = stmt->comment};
    out->txn = weir_txn_begin(out->table, NULL);
    weir_rc rc = weir_txn_create(out->txn, &spec, err);
    weir_options_free(properties);
    return rc;
}

static weir_rc open_output(struct graph *graph, struct dataset *dataset, bool exists, struct output *out, struct weir_error *err)
{
    const struct weir_stmt *stmt = dataset->stmt;
    *out = (struct output){.dataset = dataset, .exists = exists};
    if (!exists) {
        WEIR_TRY(weiri_schema_ready(graph, dataset, err));
        char *place = weir_catalog_new_table_location(weir_engine_catalog(graph->engine), dataset->catalog, dataset->schema, dataset->name);
        dataset->location = weir_arena_strdup(graph->arena, place);
        weir_free(place);
    }
    out->table = weir_engine_table(graph->engine, dataset->location);
    WEIR_TRY(exists ? begin_overwrite(out, err) : begin_create(out, err));
    return weir_delta_writer_new(out->table, dataset->schema_out, stmt->partition_columns, stmt->partition_count, NULL, NULL, &out->writer, err);
}

static void describe(weir_txn *txn)
{
    weir_txn_operation(txn, "WRITE");
    weir_txn_parameter(txn, "mode", "\"Overwrite\"");
    weir_txn_parameter(txn, "partitionBy", "[]");
}

static weir_rc finish_files(struct output *out, struct weir_error *err)
{
    weir_delta_writer *writer = out->writer;
    out->writer = NULL;
    return weir_delta_writer_finish(writer, out->txn, err);
}

/* The first time version 0 holds the rows already, and the catalog's row comes last, so nobody ever sees the view without them. */
static weir_rc publish(struct graph *graph, struct output *out, int64_t *version, struct weir_error *err)
{
    struct dataset *dataset = out->dataset;
    WEIR_TRY(weir_txn_commit(out->txn, version, err));
    if (out->exists) {
        return WEIR_OK;
    }
    struct weir_object object = {.kind = WEIR_OBJ_TABLE, .catalog = dataset->catalog, .schema = dataset->schema, .name = dataset->name, .comment = dataset->stmt->comment, .table_kind = WEIR_TABLE_VIEW_MATERIALIZED,
                                 .format = "delta", .managed = true, .location = dataset->location, .definition = weir_arena_strndup(graph->arena, dataset->stmt->text.ptr, dataset->stmt->text.len)};
    return weir_catalog_create(weir_engine_catalog(graph->engine), graph->arena, &object, err);
}

/* --- the rows --- */

/* Through the expectations, if there are some. */
static weir_rc write_rows(struct refresh_request *request, weir_result *rows, const struct output *view, const struct output *aside, struct refresh_result *result, struct weir_error *err)
{
    const struct weir_expectations *expectations = weiri_expectations(request->view);
    if (!expectations) {
        return weir_result_write(rows, request->view->schema_out, true, view->writer, &result->rows, err);
    }
    const struct weir_check_target target = {.schema = request->view->schema_out, .writer = view->writer, .quarantine_schema = aside->dataset ? aside->dataset->schema_out : NULL, .quarantine = aside->writer,
                                             .batch_id = view->exists ? weir_snapshot_version(view->snapshot) + 1 : 0, .unit = "the refresh"};
    weir_quality_init(&result->quality, expectations, request->graph->arena);
    weir_rc rc = weir_result_write_checked(rows, expectations, &target, &result->quality, err);
    result->rows = result->quality.written;
    return rc;
}

static weir_rc query(struct refresh_request *request, const struct output *view, const struct output *aside, struct refresh_result *result, struct weir_error *err)
{
    struct weir_transform transform = {.query = request->view->flows[0]->query, .input = give_input, .arg = request};
    weir_result *rows = NULL;
    weir_rc rc = weir_session_transform(request->session, &transform, &rows, err);
    if (rc == WEIR_OK) {
        rc = write_rows(request, rows, view, aside, result, err);
    }
    weir_result_close(rows);
    return rc;
}

/* The quarantine first: a crash between the two leaves the view as it was, so that the next run does both again. */
static weir_rc publish_aside(struct refresh_request *request, struct output *aside, const struct refresh_result *result, struct weir_error *err)
{
    const struct weir_event_origin origin = weiri_event_origin(request->graph, request->view->flows[0]);
    int64_t version = -1;
    if (!aside->dataset || (aside->exists && result->quality.quarantined == 0 && weir_snapshot_file_count(aside->snapshot) == 0)) {
        return WEIR_OK;
    }
    describe(aside->txn);
    weir_event_remember(aside->txn, &origin, NULL);
    WEIR_TRY(finish_files(aside, err));
    return publish(request->graph, aside, &version, err);
}

static weir_rc refresh(struct refresh_request *request, struct output *view, struct output *aside, struct refresh_result *result, struct weir_error *err)
{
    WEIR_TRY(open_output(request->graph, request->view, request->exists, view, err));
    if (request->view->quarantine) {
        WEIR_TRY(open_output(request->graph, request->view->quarantine, request->quarantine_exists, aside, err));
    }
    WEIR_TRY(query(request, view, aside, result, err));
    describe(view->txn);
    weiri_refresh_remember(request, result, view->txn);
    WEIR_TRY(finish_files(view, err));
    WEIR_TRY(publish_aside(request, aside, result, err));
    return publish(request->graph, view, &result->version, err);
}

static weir_rc run(struct refresh_request *request, struct refresh_result *result, struct weir_error *err)
{
    struct output view = {0}, aside = {0};
    weir_rc rc = refresh(request, &view, &aside, result, err);
    close_output(&view);
    close_output(&aside);
    return rc;
}

const struct refresh_way weiri_refresh_recompute = {"recomputed", can, run};
