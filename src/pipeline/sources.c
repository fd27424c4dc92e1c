/* sources.c - what `STREAM x` reads: a streaming table, a Delta table, a text table of the catalog, read_files(..). */
#include "pipeline/pipeline_internal.h"
#include <stdio.h>

static weir_rc refuse(const struct flow *flow, const struct flow_ref *ref, struct weir_error *err, const char *condition, const char *what)
{
    return weir_fail_at(err, WEIR_INVALID, condition, ref->ref.pos.line, ref->ref.pos.column, "STREAM %s in %s: %s", ref->full_name, flow->target->full_name, what);
}

/* The table's own options, then those at the reference. In the project's arena's lifetime: options live until the arena's owner frees them. */
static weir_options *merge(const weir_options *own, const struct weir_opt *extra, size_t count)
{
    weir_options *all = own ? weir_options_copy(own) : weir_options_new();
    for (size_t i = 0; i < count; i++) {
        weir_options_set(all, extra[i].name, extra[i].value);
    }
    return all;
}

/* The folder, checked against what is registered; links below it may not lead out of the volume or location that holds it. */
static weir_rc place_root(struct graph *graph, const char *path, weir_arena *arena, struct weir_stream_source *out, struct weir_error *err)
{
    char *local = NULL;
    struct weir_object owner = {0};
    WEIR_TRY(weir_catalog_resolve_path(weir_engine_catalog(graph->engine), path, &local, &owner, arena, err));
    out->text.root = weir_arena_strdup(arena, local);
    out->text.confine = owner.location;
    weir_object_free_options(&owner);
    weir_free(local);
    return WEIR_OK;
}

static weir_rc text_table(struct graph *graph, const struct flow *flow, const struct flow_ref *ref, const struct weir_target *target, weir_arena *arena, struct weir_stream_source *out, struct weir_error *err)
{
    weir_schema *schema = NULL;
    if (!target->object.columns_ddl || !*target->object.columns_ddl) {
        return refuse(flow, ref, err, "SCHEMA_REQUIRED", "the text table has no columns; create it with a column list");
    }
    WEIR_TRY(weir_schema_parse_ddl(arena, weir_str(target->object.columns_ddl), &schema, err));
    out->kind = WEIR_SOURCE_FOLDER;
    WEIR_TRY(place_root(graph, target->location, arena, out, err));
    out->text.format = target->format;
    out->text.schema = schema;
    out->text.options = merge(target->object.options, ref->ref.options, ref->ref.option_count);
    return WEIR_OK;
}

/* --- read_files --- */

struct arguments {
    const char *path, *format, *schema, *hints, *folder;
    weir_options *options;
};

static void sort_argument(struct arguments *args, const struct weir_opt *arg)
{
    const struct weir_str name = weir_str(arg->name ? arg->name : "path");
    if (weir_str_eq_nocase(name, WEIR_STR("path"))) {
        args->path = arg->value;
    } else if (weir_str_eq_nocase(name, WEIR_STR("format"))) {
        args->format = arg->value;
    } else if (weir_str_eq_nocase(name, WEIR_STR("schema"))) {
        args->schema = arg->value;
    } else if (weir_str_eq_nocase(name, WEIR_STR("schemaHints"))) {
        args->hints = arg->value;
    } else if (weir_str_eq_nocase(name, WEIR_STR("schemaLocation"))) {
        args->folder = arg->value;
    } else {
        weir_options_set(args->options, weir_str_eq_nocase(name, WEIR_STR("inferColumnTypes")) ? "inferSchema" : arg->name, arg->value);
    }
}

/* Where the columns of a source are kept: the schemaLocation, or beside the checkpoint; a second source of a flow has a folder of its own there. */
static const char *schema_folder(const struct flow_ref *ref, size_t number, const char *checkpoint, weir_arena *arena)
{
    return ref->schema_folder ? ref->schema_folder : number == 0 ? checkpoint : weir_arena_printf(arena, "%s/_schemas/source-%zu", checkpoint, number);
}

static size_t number_of(const struct flow_ref *refs, const struct flow_ref *ref)
{
    size_t number = 0;
    for (const struct flow_ref *r = refs; r < ref; r++) {
        number += r->ref.stream;
    }
    return number;
}

/* The columns as they were found when the query began; else as the files have them now. They are kept when the query runs (weiri_source_keep). */
static weir_rc find_columns(struct graph *graph, const struct flow *flow, const struct flow_ref *ref, const char *hints_text, struct weir_stream_source *out, struct weir_error *err)
{
    struct flow_ref *known = &flow->refs[ref - flow->refs];
    weir_fs *fs = weir_engine_fs(graph->engine);
    weir_schema *hints = NULL, *found = NULL;
    const char *checkpoint = NULL, *note = NULL;
    weir_rc rc = WEIR_NOT_FOUND;
    WEIR_TRY(weiri_checkpoint_place(graph, flow, false, graph->options && graph->options->adopt, graph->arena, &checkpoint, &note, err));
    if (!known->found) {
        WEIR_TRY(hints_text ? weir_schema_parse_ddl(graph->arena, weir_str(hints_text), &hints, err) : WEIR_OK);
        const bool anew = !ref->schema_folder && graph->options && weiri_full_refresh(graph->options, flow->target);
        if (!anew) {
            rc = weir_schema_log_read(fs, schema_folder(ref, number_of(flow->refs, ref), checkpoint, graph->arena), graph->arena, &found, err);
        }
        rc = rc == WEIR_NOT_FOUND ? weir_text_infer(fs, &out->text, hints, graph->arena, &found, err) : rc;
        if (rc != WEIR_OK) {
            return rc;
        }
        known->found = found;
    }
    out->text.schema = known->found;
    out->text.schema_folder = schema_folder(ref, number_of(flow->refs, ref), checkpoint, graph->arena);
    return WEIR_OK;
}

weir_rc weiri_source_keep(struct graph *graph, const struct flow *flow, const struct flow_ref *ref, const char *checkpoint, weir_arena *arena, const char **told_out, struct weir_error *err)
{
    weir_schema *kept = NULL;
    *told_out = NULL;
    if (!ref->found) {
        return WEIR_OK;
    }
    const char *folder = schema_folder(ref, number_of(flow->refs, ref), checkpoint, arena);
    weir_rc rc = weir_schema_log_read(weir_engine_fs(graph->engine), folder, arena, &kept, err);
    if (rc == WEIR_NOT_FOUND) {
        struct weir_buf ddl;
        weir_buf_init(&ddl, 0);
        weir_schema_print_ddl(&ddl, ref->found);
        *told_out = weir_arena_printf(arena, "columns found in the files of %s: %s (kept in %s/_schemas)", ref->full_name, ddl.data, folder);
        weir_buf_free(&ddl);
        rc = weir_schema_log_add(weir_engine_fs(graph->engine), folder, ref->found, err);
    }
    return rc;
}

static weir_rc read_files(struct graph *graph, const struct flow *flow, const struct flow_ref *ref, weir_arena *arena, struct weir_stream_source *out, struct weir_error *err)
{
    struct arguments args = {.options = weir_options_new()};
    out->kind = WEIR_SOURCE_FOLDER;
    out->text.options = args.options;
    for (size_t i = 0; i < ref->ref.arg_count; i++) {
        sort_argument(&args, &ref->ref.args[i]);
    }
    if (!args.path || !args.format) {
        return refuse(flow, ref, err, "READ_FILES_ARGUMENT_MISSING", !args.path ? "give the folder as the first argument" : "give format => 'csv' or 'json'");
    }
    WEIR_TRY(place_root(graph, args.path, arena, out, err));
    out->text.format = args.format;
    /* Auto Loader looks into sub-folders, Spark's file source does not. */
    if (!weir_options_get(args.options, "recursiveFileLookup")) {
        weir_options_set(args.options, "recursiveFileLookup", "true");
    }
    if (args.folder) {
        char *local = NULL;
        struct weir_object owner = {0};
        WEIR_TRY(weir_catalog_resolve_path(weir_engine_catalog(graph->engine), args.folder, &local, &owner, arena, err));
        flow->refs[ref - flow->refs].schema_folder = weir_arena_strdup(graph->arena, local);
        weir_object_free_options(&owner);
        weir_free(local);
    }
    if (args.schema) {
        weir_schema *schema = NULL;
        WEIR_TRY(weir_schema_parse_ddl(arena, weir_str(args.schema), &schema, err));
        out->text.schema = schema;
        return args.hints ? refuse(flow, ref, err, "READ_FILES_ARGUMENT_EXTRA", "schemaHints is for columns that are found in the files; write the types into the schema") : WEIR_OK;
    }
    weir_text_found_options(args.format, args.options);
    return find_columns(graph, flow, ref, args.hints, out, err);
}

void weiri_stream_source_free(struct weir_stream_source *source)
{
    /* Made for this source alone (merge); const in the struct because a stream only reads them. */
    weir_options_free((weir_options *)(uintptr_t)source->options);
    weir_options_free((weir_options *)(uintptr_t)source->text.options);
    source->options = source->text.options = NULL;
}

static weir_rc find_source(struct graph *graph, weir_session *session, const struct flow *flow, const struct flow_ref *ref, weir_arena *arena, struct weir_stream_source *out,
                            struct weir_error *err)
{
    *out = (struct weir_stream_source){.name = ref->full_name};
    if (ref->kind == REF_FUNCTION) {
        return strcmp(ref->ref.function, "read_files") == 0 ? read_files(graph, flow, ref, arena, out, err) : refuse(flow, ref, err, "STREAM_SOURCE_UNSUPPORTED", "only read_files can be streamed");
    }
    if (ref->kind == REF_DATASET) {
        if (ref->dataset->kind != WEIR_DATASET_STREAMING_TABLE) {
            return refuse(flow, ref, err, "INCOMPATIBLE_BATCH_VIEW_READ", "a view is recomputed, so it has no new rows to stream; read it without STREAM in a MATERIALIZED VIEW, or stream what it is made of");
        }
        out->kind = WEIR_SOURCE_DELTA;
        out->path = ref->dataset->location;
        out->options = merge(NULL, ref->ref.options, ref->ref.option_count);
        return WEIR_OK;
    }
    struct weir_target target;
    WEIR_TRY(weir_session_target(session, arena, &ref->ref.name, &target, err));
    weir_rc rc = WEIR_OK;
    if (strcmp(target.format, "delta") != 0) {
        rc = target.by_path ? refuse(flow, ref, err, "INVALID_FLOW_QUERY_TYPE.BATCH_RELATION_FOR_STREAMING_TABLE", "a path has no columns; make a table over the folder (CREATE TABLE .. USING csv .. LOCATION), or use read_files with a schema")
                            : text_table(graph, flow, ref, &target, arena, out, err);
    } else {
        out->kind = WEIR_SOURCE_DELTA;
        out->path = target.location;
        out->options = merge(NULL, ref->ref.options, ref->ref.option_count);
    }
    weir_object_free_options(&target.object);
    return rc;
}

weir_rc weiri_stream_source(struct graph *graph, weir_session *session, const struct flow *flow, const struct flow_ref *ref, weir_arena *arena, struct weir_stream_source *out,
                            struct weir_error *err)
{
    weir_rc rc = find_source(graph, session, flow, ref, arena, out, err);
    if (rc != WEIR_OK) {
        weiri_stream_source_free(out);
    }
    return rc;
}

weir_rc weiri_source_schema(struct graph *graph, const struct weir_stream_source *source, weir_arena *arena, const weir_schema **out, struct weir_error *err)
{
    weir_fs *fs = weir_engine_fs(graph->engine);
    if (source->kind == WEIR_SOURCE_DELTA) {
        weir_snapshot *snapshot = NULL;
        WEIR_TRY(weir_delta_snapshot(weir_engine_table(graph->engine, source->path), &snapshot, err));
        *out = weir_schema_copy(arena, weir_snapshot_metadata(snapshot)->schema);
        weir_snapshot_unref(snapshot);
        return WEIR_OK;
    }
    weir_text_reader *reader = NULL;
    struct weir_source_file *files = NULL;
    size_t count = 0, partitions = 0;
    const char *const *columns = NULL;
    WEIR_TRY(weir_text_reader_new(fs, &source->text, &reader, err));
    weir_rc rc = weir_file_options_in_stream(weir_text_reader_file_options(reader), err);
    rc = rc != WEIR_OK ? rc : weir_source_list(fs, source->text.root, weir_text_reader_file_options(reader), arena, &files, &count, &columns, &partitions, err);
    if (rc == WEIR_OK) {
        rc = weir_text_reader_bind(reader, files, count, columns, partitions, err);
    }
    if (rc == WEIR_OK) {
        *out = weir_schema_copy(arena, weir_text_reader_schema(reader));
    }
    weir_text_reader_free(reader);
    return rc;
}
