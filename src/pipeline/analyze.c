/* analyze.c - types for every dataset, in the order of running, and the rules that depend on them. */
#include "pipeline/pipeline_internal.h"
#include <stdio.h>

weir_rc weiri_session_for(struct graph *graph, const struct flow *flow, weir_session **out, struct weir_error *err)
{
    WEIR_TRY(weir_session_open(graph->engine, out, err));
    weir_rc rc = weir_session_set(*out, "catalog", flow->catalog, err);
    if (rc == WEIR_OK) {
        rc = weir_session_set(*out, "schema", flow->schema, err);
    }
    size_t cursor = 0;
    const char *name = NULL, *value = NULL;
    while (rc == WEIR_OK && weir_options_at(graph->project->configuration, &cursor, &name, &value)) {
        rc = weir_session_set(*out, name, value, err);
    }
    if (rc != WEIR_OK) {
        weir_session_close(*out);
        *out = NULL;
    }
    return rc;
}

struct naming {
    struct graph *graph;
    struct flow *flow;
    weir_session *session;
};

static weir_rc give_schema(void *arg, const struct weir_table_ref *ref, struct weir_input *out, struct weir_error *err)
{
    struct naming *naming = arg;
    struct flow *flow = naming->flow;
    *out = (struct weir_input){.kind = WEIR_INPUT_EMPTY};
    const struct flow_ref *known = &flow->refs[weiri_ref_at(flow, ref)];
    if (known->kind == REF_DATASET) {
        out->schema = known->dataset->schema_out;
        return WEIR_OK;
    }
    if (!ref->stream && known->dataset) {
        out->schema = weir_event_log_schema(naming->graph->arena); /* its table may not be there yet */
        return WEIR_OK;
    }
    if (!ref->stream) {
        return WEIR_NOT_FOUND; /* the session looks it up */
    }
    struct weir_stream_source source;
    WEIR_TRY(weiri_stream_source(naming->graph, naming->session, flow, known, naming->graph->arena, &source, err));
    out->hidden = source.kind == WEIR_SOURCE_FOLDER && ref->metadata_used ? weir_source_metadata_schema() : NULL;
    weir_rc rc = weiri_source_schema(naming->graph, &source, naming->graph->arena, &out->schema, err);
    weiri_stream_source_free(&source);
    return rc == WEIR_NOT_FOUND ? WEIR_INVALID : rc; /* NOT_FOUND would mean: look the name up elsewhere */
}

static weir_rc refuse(const struct flow *flow, struct weir_pos pos, const char *condition, const char *what, struct weir_error *err)
{
    return weir_fail_at(err, WEIR_INVALID, condition, pos.line, pos.column, "%s %s", flow->target->full_name, what);
}

static weir_rc check_kind(const struct flow *flow, struct weir_error *err)
{
    const struct flow_ref *stream = NULL, *batch = NULL;
    for (size_t i = 0; i < flow->ref_count; i++) {
        const struct flow_ref *ref = &flow->refs[i];
        *(ref->ref.stream ? &stream : &batch) = ref;
        if (ref->ref.stream && ref->dataset && ref->dataset->kind == WEIR_DATASET_VIEW) {
            return refuse(flow, ref->ref.pos, "INCOMPATIBLE_BATCH_VIEW_READ", "streams from a materialized view, which is recomputed and so has no new rows; read it without STREAM in a MATERIALIZED VIEW", err);
        }
    }
    if (flow->streaming && !stream) {
        return refuse(flow, flow->pos, "INVALID_FLOW_QUERY_TYPE.BATCH_RELATION_FOR_STREAMING_TABLE", "is a streaming table whose query streams from nothing; write FROM STREAM t, or make it a MATERIALIZED VIEW", err);
    }
    if (flow->target->kind == WEIR_DATASET_VIEW && stream) {
        return refuse(flow, stream->ref.pos, "INVALID_FLOW_QUERY_TYPE.STREAMING_RELATION_FOR_MATERIALIZED_VIEW", "is a view over a stream; leave STREAM out, or make it a STREAMING TABLE", err);
    }
    return WEIR_OK;
}

static weir_rc check_state(const struct flow *flow, const struct weir_translation *translation, struct weir_error *err)
{
    if (flow->streaming && (translation->aggregates || translation->distinct || translation->windows || translation->limits)) {
        const char *what = translation->aggregates ? "aggregates over a stream, which would need state from batch to batch; make it a MATERIALIZED VIEW over the streaming table"
                           : translation->distinct ? "has DISTINCT over a stream, which would need state from batch to batch; make it a MATERIALIZED VIEW over the streaming table"
                           : translation->windows  ? "has a window function over a stream, which would need state from batch to batch; make it a MATERIALIZED VIEW over the streaming table"
                                                   : "has LIMIT over a stream; leave it out";
        return refuse(flow, flow->pos, "STREAMING_OUTPUT_MODE_UNSUPPORTED", what, err);
    }
    return WEIR_OK;
}

static weir_rc analyze_flow(struct graph *graph, struct flow *flow, struct weir_error *err)
{
    WEIR_TRY(check_kind(flow, err));
    if (flow->target->kind == WEIR_DATASET_TEMP_VIEW) {
        return WEIR_OK; /* written into its readers, and checked there */
    }
    struct naming naming = {.graph = graph, .flow = flow};
    WEIR_TRY(weiri_session_for(graph, flow, &naming.session, err));
    struct weir_transform transform = {.query = flow->query, .input = give_schema, .arg = &naming};
    struct weir_translation translation;
    weir_rc rc = weir_session_analyze(naming.session, graph->arena, &transform, &translation, err);
    weir_session_close(naming.session);
    WEIR_TRY(rc);
    flow->schema_out = translation.schema;
    flow->deterministic = translation.deterministic;
    return check_state(flow, &translation, err);
}

/* Flows into one table: columns by name; a column that only one of them has is added. */
static weir_rc merge_schema(struct graph *graph, struct dataset *dataset, const weir_schema *more, struct weir_error *err)
{
    const weir_schema *have = dataset->schema_out;
    size_t extra = 0;
    for (size_t i = 0; i < more->field_count; i++) {
        int at = weir_schema_find_near(have, weir_str(more->fields[i].name), i);
        if (at < 0) {
            extra++;
        } else if (!weir_type_eq(&have->fields[at].type, &more->fields[i].type)) {
            return weir_fail(err, WEIR_INVALID, "PIPELINE_SCHEMA_MISMATCH", "the flows into %s give column %s different types; cast it in one of them", dataset->full_name, more->fields[i].name);
        }
    }
    weir_schema *merged = weir_schema_new(graph->arena, have->field_count + extra);
    memcpy(merged->fields, have->fields, have->field_count * sizeof *merged->fields);
    size_t n = have->field_count;
    for (size_t i = 0; i < more->field_count; i++) {
        if (weir_schema_find_near(have, weir_str(more->fields[i].name), i) < 0) {
            merged->fields[n++] = more->fields[i];
        }
    }
    dataset->schema_out = merged;
    return WEIR_OK;
}

/* Columns that the statement declares come first and give types; what the queries add comes after them. */
static weir_rc dataset_schema(struct graph *graph, struct dataset *dataset, struct weir_error *err)
{
    const weir_schema *declared = dataset->stmt->columns;
    dataset->schema_out = declared;
    for (size_t f = 0; f < dataset->flow_count; f++) {
        const weir_schema *more = dataset->flows[f]->schema_out;
        if (!dataset->schema_out) {
            dataset->schema_out = more;
        } else if (!declared || dataset->kind == WEIR_DATASET_STREAMING_TABLE) {
            WEIR_TRY(merge_schema(graph, dataset, more, err));
        }
    }
    weir_schema *nullable = weir_schema_copy(graph->arena, dataset->schema_out);
    for (size_t i = 0; i < nullable->field_count; i++) {
        bool asked = declared && weir_schema_find_near(declared, weir_str(nullable->fields[i].name), i) >= 0;
        nullable->fields[i].nullable = asked ? nullable->fields[i].nullable : true;
        if (nullable->fields[i].type.id == WEIR_TYPE_VOID) {
            return weir_fail(err, WEIR_INVALID, "PIPELINE_VOID_COLUMN", "%s: column %s is NULL without a type; cast it: CAST(NULL AS STRING)", dataset->full_name, nullable->fields[i].name);
        }
    }
    dataset->schema_out = nullable;
    return WEIR_OK;
}

weir_rc weiri_graph_analyze(struct graph *graph, struct weir_error *err)
{
    for (size_t i = 0; i < graph->count; i++) {
        struct dataset *dataset = graph->order[i];
        bool exists = false;
        if (dataset->kind != WEIR_DATASET_TEMP_VIEW) {
            WEIR_TRY(weiri_at_place(err, weiri_table_find(graph, dataset, &exists, err), dataset->file, dataset->pos));
        }
        for (size_t f = 0; f < dataset->flow_count; f++) {
            struct flow *flow = dataset->flows[f];
            WEIR_TRY(weiri_at_place(err, analyze_flow(graph, flow, err), flow->file, flow->pos));
        }
        if (dataset->quarantine_of) {
            WEIR_TRY(weiri_at_place(err, weiri_quarantine_schema(graph, dataset, err), dataset->file, dataset->pos));
        } else if (dataset->kind != WEIR_DATASET_TEMP_VIEW) {
            WEIR_TRY(weiri_at_place(err, dataset_schema(graph, dataset, err), dataset->file, dataset->pos));
            WEIR_TRY(weiri_expectations_check(graph, dataset, err));
        }
    }
    return WEIR_OK;
}

/* --- the graph as others see it --- */

static void describe_node(const struct graph *graph, const struct dataset *dataset, struct weir_graph_node *out)
{
    size_t inputs = dataset->quarantine_of ? 1 : 0;
    *out = (struct weir_graph_node){.name = dataset->full_name, .kind = dataset->kind, .file = dataset->file->path, .line = dataset->pos.line, .column = dataset->pos.column, .schema = dataset->schema_out,
                                    .comment = dataset->stmt->comment};
    for (size_t f = 0; f < dataset->flow_count; f++) {
        inputs += dataset->flows[f]->ref_count;
    }
    const char **names = weir_arena_alloc(graph->arena, (inputs + 1) * sizeof *names);
    const char **flows = weir_arena_alloc(graph->arena, (dataset->flow_count + 1) * sizeof *flows);
    if (dataset->quarantine_of) {
        names[out->input_count++] = dataset->quarantine_of->full_name;
    }
    for (size_t f = 0; f < dataset->flow_count; f++) {
        flows[f] = dataset->flows[f]->name;
        for (size_t r = 0; r < dataset->flows[f]->ref_count; r++) {
            names[out->input_count++] = dataset->flows[f]->refs[r].full_name;
        }
    }
    out->inputs = names;
    out->flows = flows;
    out->flow_count = dataset->flow_count;
    out->how = dataset->quarantine_of ? "rows that violate its expectations, in the same batch" : dataset->kind == WEIR_DATASET_STREAMING_TABLE ? "new rows of its streams, each once" : dataset->kind == WEIR_DATASET_VIEW ? "recomputed when an input has new rows" : "written into the queries that read it";
}

weir_rc weir_pipeline_graph(weir_project *project, weir_engine *engine, weir_arena *arena, struct weir_graph_node **out, size_t *count_out, struct weir_error *err)
{
    struct graph graph;
    *out = NULL;
    *count_out = 0;
    WEIR_TRY(weiri_graph_build(project, engine, arena, &graph, err));
    weir_rc rc = weiri_graph_analyze(&graph, err);
    if (rc == WEIR_OK) {
        *out = weir_arena_zalloc(arena, (graph.count + 1) * sizeof **out);
        for (size_t i = 0; i < graph.count; i++) {
            describe_node(&graph, graph.order[i], &(*out)[i]);
        }
        *count_out = graph.count;
    }
    weiri_graph_close(&graph);
    return rc;
}
