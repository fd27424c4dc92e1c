/* resolve.c - a table reference of a query as a relation of DuckDB. */
#include "sql/sql_internal.h"
#include "base/time.h"
#include <inttypes.h>

static weir_rc refuse(const struct weir_table_ref *ref, weir_rc code, const char *condition, const char *what, struct weir_error *err)
{
    return weir_fail_at(err, code, condition, ref->pos.line, ref->pos.column, "%s", what);
}

/* --- time travel --- */

weir_rc weiri_sql_travel_time(struct weiri_sql_run *run, const char *text, struct weir_pos pos, int64_t *us_out, struct weir_error *err)
{
    struct weir_buf sql;
    struct weir_stmt *stmts = NULL;
    size_t count = 0;
    weir_result *result = NULL;
    struct weiri_sql_run *inner = NULL;
    struct weir_batch batch = {0};
    weir_buf_init(&sql, 1 << 16);
    weir_buf_add_str(&sql, "SELECT CAST('");
    for (const char *p = text; *p; p++) {
        weir_buf_printf(&sql, *p == '\'' || *p == '\\' ? "\\%c" : "%c", *p);
    }
    weir_buf_add_str(&sql, "' AS TIMESTAMP) AS t");
    const char *copy = weir_arena_strdup(run->arena, sql.data);
    weir_buf_free(&sql);
    WEIR_TRY(weir_sql_parse(run->arena, weir_str(copy), &stmts, &count, err));
    WEIR_TRY(weiri_sql_run_open(run->session, run->now_us, &inner, err));
    weir_rc rc = weiri_sql_query(inner, stmts[0].query, &result, err);
    if (rc == WEIR_OK) {
        rc = weir_result_next(result, &batch, err);
    }
    if (rc == WEIR_OK) {
        *us_out = weir_arrow_i64(batch.array.children[0], WEIR_TYPE_TIMESTAMP, 0);
        weir_batch_release(&batch);
    } else if (err) {
        weir_error_clear(err);
        rc = weir_fail_at(err, WEIR_INVALID, "INVALID_TIME_TRAVEL_TIMESTAMP_EXPR", pos.line, pos.column,
                          "'%.100s' is not a timestamp; write it as '2024-01-31 23:59:59'", text);
    }
    weir_result_close(result);
    return rc;
}

/* --- Delta tables --- */

static weir_rc travel(struct weiri_sql_run *run, const struct weir_table_ref *ref, const char *location, int64_t *version_out, struct weir_error *err)
{
    int64_t us = 0;
    *version_out = -1;
    if (ref->travel == WEIR_TRAVEL_VERSION) {
        *version_out = ref->version;
    } else if (ref->travel == WEIR_TRAVEL_TIMESTAMP) {
        WEIR_TRY(weiri_sql_travel_time(run, ref->timestamp, ref->pos, &us, err));
        WEIR_TRY(weir_delta_version_at_time(weir_engine_table(run->engine, location), us, version_out, err));
    }
    for (size_t i = 0; i < ref->option_count; i++) {
        const struct weir_opt *opt = &ref->options[i];
        if (weir_str_eq_nocase(weir_str(opt->name), WEIR_STR("versionAsOf")) && weir_str_to_i64(weir_str(opt->value), version_out)) {
            continue;
        }
        if (weir_str_eq_nocase(weir_str(opt->name), WEIR_STR("timestampAsOf"))) {
            WEIR_TRY(weiri_sql_travel_time(run, opt->value, opt->pos, &us, err));
            WEIR_TRY(weir_delta_version_at_time(weir_engine_table(run->engine, location), us, version_out, err));
            continue;
        }
        return weir_fail_at(err, WEIR_UNSUPPORTED, "DELTA_OPTION_UNSUPPORTED", opt->pos.line, opt->pos.column,
                            "the option %s of a Delta table is not done by weir in a query; versionAsOf and timestampAsOf are", opt->name);
    }
    return WEIR_OK;
}

static weir_rc delta_table(struct weiri_sql_run *run, const struct weir_table_ref *ref, const struct weir_target *target, struct weir_relation *out, struct weir_error *err)
{
    int64_t version = -1;
    weir_snapshot *snapshot = NULL;
    weir_rc rc = travel(run, ref, target->location, &version, err);
    if (rc == WEIR_OK) {
        rc = weiri_sql_pin(run, target->location, version, &snapshot, err);
    }
    if (rc == WEIR_OK) {
        rc = weiri_sql_snapshot_relation(run, snapshot, NULL, 0, out, err);
    }
    if (rc != WEIR_OK && err && err->line == 0) {
        weir_error_wrap(err, "%s", target->full_name);
    }
    return weiri_sql_at(rc, ref->pos, err);
}

/* --- text --- */

static weir_rc text_table(struct weiri_sql_run *run, const struct weir_table_ref *ref, const struct weir_target *target, struct weir_relation *out, struct weir_error *err)
{
    weir_schema *schema = NULL;
    struct weiri_sql_text text = {.format = target->format, .name = target->full_name};
    if (ref->travel != WEIR_TRAVEL_NONE) {
        return refuse(ref, WEIR_INVALID, "UNSUPPORTED_FEATURE.TIME_TRAVEL", "only Delta tables have versions to travel to", err);
    }
    if (!target->by_path) { /* format.`path` has no columns but those of its files */
        WEIR_TRY(weir_schema_parse_ddl(run->arena, weir_str(target->object.columns_ddl ? target->object.columns_ddl : ""), &schema, err));
    }
    weir_options *options = target->object.options ? weir_options_copy(target->object.options) : weir_options_new();
    for (size_t i = 0; i < ref->option_count; i++) {
        weir_options_set(options, ref->options[i].name, ref->options[i].value);
    }
    text.schema = schema;
    text.options = options;
    weir_rc rc = weiri_sql_path(run->session, run->arena, target->location, ref->pos, &text.root, &text.confine, err);
    if (rc == WEIR_OK) {
        rc = weiri_sql_text_relation(run, &text, ref->metadata_used, out, err);
    }
    weir_options_free(options);
    return weiri_sql_at(rc, ref->pos, err);
}

static weir_rc table(struct weiri_sql_run *run, const struct weir_table_ref *ref, struct weir_relation *out, struct weir_error *err)
{
    struct weir_target target;
    WEIR_TRY(weir_session_target(run->session, run->arena, &ref->name, &target, err));
    weir_rc rc = WEIR_OK;
    if (strcmp(target.format, "delta") == 0) {
        rc = delta_table(run, ref, &target, out, err);
    } else {
        rc = text_table(run, ref, &target, out, err);
    }
    weir_object_free_options(&target.object);
    return rc;
}

/* --- table functions --- */

static weir_rc fill_read_files(struct weiri_sql_run *run, const struct weir_table_ref *ref, weir_options *options, struct weiri_sql_text *text, const char **path, struct weir_error *err)
{
    for (size_t i = 0; i < ref->arg_count; i++) {
        const struct weir_opt *arg = &ref->args[i];
        struct weir_str name = weir_str(arg->name ? arg->name : "path");
        if (!arg->name && i > 0) {
            return refuse(ref, WEIR_INVALID, "WRONG_NUM_ARGS", "read_files takes one path; everything else is name => value", err);
        }
        if (weir_str_eq_nocase(name, WEIR_STR("path"))) {
            *path = arg->value;
        } else if (weir_str_eq_nocase(name, WEIR_STR("format"))) {
            text->format = weiri_sql_lower(run->arena, weir_str(arg->value));
        } else if (weir_str_eq_nocase(name, WEIR_STR("schema"))) {
            weir_schema *schema = NULL;
            WEIR_TRY(weiri_sql_at(weir_schema_parse_ddl(run->arena, weir_str(arg->value), &schema, err), arg->pos, err));
            text->schema = schema;
        } else if (weir_str_eq_nocase(name, WEIR_STR("schemaHints"))) {
            weir_schema *hints = NULL;
            WEIR_TRY(weiri_sql_at(weir_schema_parse_ddl(run->arena, weir_str(arg->value), &hints, err), arg->pos, err));
            text->hints = hints;
        } else if (weir_str_eq_nocase(name, WEIR_STR("inferColumnTypes"))) {
            weir_options_set(options, "inferSchema", arg->value);
        } else {
            weir_options_set(options, arg->name, arg->value);
        }
    }
    if (!*path) {
        return refuse(ref, WEIR_INVALID, "WRONG_NUM_ARGS", "read_files needs a path: read_files('/Volumes/..', format => 'csv', schema => 'a INT, ..')", err);
    }
    if (!text->format) {
        return refuse(ref, WEIR_INVALID, "WRONG_NUM_ARGS", "read_files needs format => : read_files('/Volumes/..', format => 'csv')", err);
    }
    if (!text->schema && !weir_options_get(options, "inferSchema")) {
        weir_options_set(options, "inferSchema", "true"); /* read_files finds types, as on Databricks; csv.`path` does not, as in Spark */
    }
    return WEIR_OK;
}

static weir_rc read_files(struct weiri_sql_run *run, const struct weir_table_ref *ref, struct weir_relation *out, struct weir_error *err)
{
    weir_options *options = weir_options_new();
    struct weiri_sql_text text = {.options = options};
    const char *path = NULL;
    weir_rc rc = fill_read_files(run, ref, options, &text, &path, err);
    if (rc == WEIR_OK) {
        text.name = weir_arena_printf(run->arena, "read_files('%s')", path);
        rc = weiri_sql_path(run->session, run->arena, path, ref->pos, &text.root, &text.confine, err);
    }
    if (rc == WEIR_OK) {
        rc = weiri_sql_text_relation(run, &text, ref->metadata_used, out, err);
    }
    weir_options_free(options);
    return weiri_sql_at(rc, ref->pos, err);
}

/* range(end), range(start, end [, step [, partitions]]) */
static weir_rc range(struct weiri_sql_run *run, const struct weir_table_ref *ref, struct weir_relation *out, struct weir_error *err)
{
    int64_t v[4] = {0, 0, 1, 1};
    if (ref->arg_count < 1 || ref->arg_count > 4) {
        return refuse(ref, WEIR_INVALID, "WRONG_NUM_ARGS", "range takes (end) or (start, end [, step [, partitions]])", err);
    }
    for (size_t i = 0; i < ref->arg_count; i++) {
        const size_t place = ref->arg_count == 1 ? 1 : i;
        if (!weir_str_to_i64(weir_str(ref->args[i].value), &v[place])) {
            return refuse(ref, WEIR_INVALID, "UNEXPECTED_INPUT_TYPE", "range takes whole numbers", err);
        }
    }
    if (v[2] == 0) {
        return refuse(ref, WEIR_INVALID, "INVALID_PARAMETER_VALUE", "the step of range cannot be 0", err);
    }
    weir_schema *schema = weir_schema_new(run->arena, 1);
    schema->fields[0] = (struct weir_field){.name = "id", .type = weir_type_of(WEIR_TYPE_LONG), .nullable = false};
    out->schema = schema;
    out->duck_sql = weir_arena_printf(run->arena, "(SELECT range AS id FROM range(%" PRId64 ", %" PRId64 ", %" PRId64 "))", v[0], v[1], v[2]);
    return WEIR_OK;
}

static weir_rc function(struct weiri_sql_run *run, const struct weir_table_ref *ref, struct weir_relation *out, struct weir_error *err)
{
    if (strcmp(ref->function, "read_files") == 0) {
        return read_files(run, ref, out, err);
    }
    if (strcmp(ref->function, "range") == 0) {
        return range(run, ref, out, err);
    }
    if (strcmp(ref->function, "event_log") == 0) {
        return weiri_sql_event_log(run, ref, out, err);
    }
    return refuse(ref, WEIR_UNSUPPORTED, "TABLE_FUNCTION_UNSUPPORTED", weir_arena_printf(run->arena, "there is no table function %s; read_files, event_log and range are there", ref->function), err);
}

/* --- what the caller of a transform supplies --- */

/* `hidden` may be the struct's own fields or a schema that holds it as "_metadata". */
static const weir_schema *hidden_schema(weir_arena *arena, const weir_schema *hidden)
{
    if (!hidden || (hidden->field_count == 1 && strcmp(hidden->fields[0].name, "_metadata") == 0)) {
        return hidden;
    }
    weir_schema *out = weir_schema_new(arena, 1);
    out->fields[0] = (struct weir_field){.name = "_metadata", .type = *hidden, .nullable = false};
    return out;
}

static weir_rc supplied(struct weiri_sql_run *run, const struct weir_input *input, struct weir_relation *out, struct weir_error *err)
{
    out->schema = input->schema;
    out->hidden = hidden_schema(run->arena, input->hidden);
    switch (input->kind) {
    case WEIR_INPUT_EMPTY:
        out->duck_sql = weiri_sql_empty_relation(run, out->schema, out->hidden);
        return WEIR_OK;
    case WEIR_INPUT_SNAPSHOT:
        return weiri_sql_snapshot_relation(run, input->snapshot, NULL, 0, out, err);
    case WEIR_INPUT_FILES: {
        static const struct weir_add *const none[1] = {NULL};
        return weiri_sql_snapshot_relation(run, input->snapshot, input->files ? input->files : none, input->file_count, out, err);
    }
    case WEIR_INPUT_BATCHES:
        break;
    }
    /* A view, or a table where the query could read it twice: query.c decides when it knows the text. */
    struct weiri_sql_scan *scan = weiri_sql_scan_once(run, input->batches);
    const char *name = weir_arena_printf(run->arena, "weir_input_%d", run->next_input++);
    WEIR_PUSH(run->inputs, run->input_count, run->input_cap).name = name;
    run->inputs[run->input_count - 1].scan = scan;
    out->duck_sql = weir_arena_printf(run->arena, "(SELECT * FROM %s)", name);
    return WEIR_OK;
}

weir_rc weiri_sql_resolve(void *arg, const struct weir_table_ref *ref, struct weir_relation *out, struct weir_error *err)
{
    struct weiri_sql_run *run = arg;
    *out = (struct weir_relation){0};
    if (run->transform && run->transform->input) {
        struct weir_input input = {0};
        weir_rc rc = run->transform->input(run->transform->arg, ref, &input, err);
        if (rc == WEIR_OK) {
            return supplied(run, &input, out, err);
        }
        if (rc != WEIR_NOT_FOUND) {
            return rc;
        }
        weir_error_clear(err);
    }
    if (ref->stream) {
        return refuse(ref, WEIR_INVALID, "STREAM_OUTSIDE_OF_PIPELINE", "STREAM reads what is new, which only a streaming table or a flow of a pipeline can; leave STREAM out to read the table as it is", err);
    }
    return ref->function ? function(run, ref, out, err) : table(run, ref, out, err);
}
