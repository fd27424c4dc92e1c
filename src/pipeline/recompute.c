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

/* The rows of the query, through the expectations if there are some. */
static weir_rc write_rows(struct refresh_request *request, weir_result *rows, weir_delta_writer *writer, struct refresh_result *result, struct weir_error *err)
{
    const struct weir_expectations *expectations = weiri_expectations(request->view);
    if (!expectations) {
        return weir_result_write(rows, request->view->schema_out, true, writer, &result->rows, err);
    }
    const struct weir_check_target target = {.schema = request->view->schema_out, .writer = writer, .unit = "the refresh"};
    weir_quality_init(&result->quality, expectations, request->graph->arena);
    weir_rc rc = weir_result_write_checked(rows, expectations, &target, &result->quality, err);
    result->rows = result->quality.written;
    return rc;
}

static void describe(const struct refresh_request *request, const struct refresh_result *result, weir_txn *txn)
{
    weir_txn_operation(txn, "WRITE");
    weir_txn_parameter(txn, "mode", "\"Overwrite\"");
    weir_txn_parameter(txn, "partitionBy", "[]");
    weiri_refresh_remember(request, result, txn);
}

static weir_rc fill(struct refresh_request *request, weir_delta *table, weir_txn *txn, struct refresh_result *result, struct weir_error *err)
{
    const struct dataset *view = request->view;
    const struct weir_stmt *stmt = view->stmt;
    struct weir_transform transform = {.query = view->flows[0]->query, .input = give_input, .arg = request};
    weir_delta_writer *writer = NULL;
    weir_result *rows = NULL;
    WEIR_TRY(weir_delta_writer_new(table, view->schema_out, stmt->partition_columns, stmt->partition_count, NULL, NULL, &writer, err));
    weir_rc rc = weir_session_transform(request->session, &transform, &rows, err);
    if (rc == WEIR_OK) {
        rc = write_rows(request, rows, writer, result, err);
    }
    weir_result_close(rows);
    if (rc != WEIR_OK) {
        weir_delta_writer_abort(writer);
        return rc;
    }
    describe(request, result, txn);
    return weir_delta_writer_finish(writer, txn, err);
}

static weir_rc overwrite(struct refresh_request *request, struct refresh_result *result, struct weir_error *err)
{
    weir_delta *table = weir_engine_table(request->graph->engine, request->view->location);
    weir_snapshot *snapshot = NULL;
    WEIR_TRY(weir_delta_snapshot(table, &snapshot, err));
    weir_txn *txn = weir_txn_begin(table, snapshot);
    weir_txn_remove_all(txn);
    weir_rc rc = WEIR_OK;
    if (!weir_type_eq(weir_snapshot_metadata(snapshot)->schema, request->view->schema_out)) {
        rc = weir_txn_set_schema(txn, request->view->schema_out, err);
    }
    if (rc == WEIR_OK) {
        rc = fill(request, table, txn, result, err);
    }
    if (rc == WEIR_OK) {
        rc = weir_txn_commit(txn, &result->version, err);
    }
    weir_txn_free(txn);
    weir_snapshot_unref(snapshot);
    return rc;
}

/* The first time: version 0 holds the rows already, and the catalog's row comes last, so nobody ever sees the view without them. */
static weir_rc create(struct refresh_request *request, struct refresh_result *result, struct weir_error *err)
{
    struct graph *graph = request->graph;
    struct dataset *view = request->view;
    const struct weir_stmt *stmt = view->stmt;
    weir_catalog *catalog = weir_engine_catalog(graph->engine);
    WEIR_TRY(weiri_schema_ready(graph, view, err));
    char *place = weir_catalog_new_table_location(catalog, view->catalog, view->schema, view->name);
    view->location = weir_arena_strdup(graph->arena, place);
    weir_free(place);
    weir_delta *table = weir_engine_table(graph->engine, view->location);
    weir_options *properties = weir_options_new();
    for (size_t i = 0; i < stmt->property_count; i++) {
        weir_options_set(properties, stmt->properties[i].name, stmt->properties[i].value);
    }
    struct weir_table_spec spec = {.schema = view->schema_out, .partition_columns = stmt->partition_columns, .partition_count = stmt->partition_count, .properties = properties, .description = stmt->comment};
    weir_txn *txn = weir_txn_begin(table, NULL);
    weir_rc rc = weir_txn_create(txn, &spec, err);
    weir_options_free(properties);
    if (rc == WEIR_OK) {
        rc = fill(request, table, txn, result, err);
    }
    if (rc == WEIR_OK) {
        rc = weir_txn_commit(txn, &result->version, err);
    }
    weir_txn_free(txn);
    WEIR_TRY(rc);
    struct weir_object object = {.kind = WEIR_OBJ_TABLE, .catalog = view->catalog, .schema = view->schema, .name = view->name, .comment = stmt->comment, .table_kind = WEIR_TABLE_VIEW_MATERIALIZED,
                                 .format = "delta", .managed = true, .location = view->location, .definition = weir_arena_strndup(graph->arena, stmt->text.ptr, stmt->text.len)};
    return weir_catalog_create(catalog, graph->arena, &object, err);
}

static weir_rc run(struct refresh_request *request, struct refresh_result *result, struct weir_error *err)
{
    return request->exists ? overwrite(request, result, err) : create(request, result, err);
}

const struct refresh_way weiri_refresh_recompute = {"recomputed", can, run};
