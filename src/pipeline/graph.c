/* graph.c - the project's statements as datasets and flows; who reads whom; an order in which all can run. Nothing is read but the catalog. */
#include "pipeline/pipeline_internal.h"
#include <stdio.h>

weir_rc weiri_at_place(struct weir_error *err, weir_rc rc, const struct project_file *file, struct weir_pos pos)
{
    /* The error's own position, where it has one, is finer than the statement's. */
    if (rc != WEIR_OK && err && file) {
        int64_t line = err->line > 0 ? err->line : pos.line, column = err->line > 0 ? err->column : pos.column;
        weir_error_wrap(err, "%s:%lld:%lld", file->path, (long long)line, (long long)column);
        err->line = line;
        err->column = column;
    }
    return rc;
}

static weir_rc fail_place(struct weir_error *err, const struct project_file *file, struct weir_pos pos, const char *condition, const char *fmt, ...) WEIR_PRINTF(5, 6);
static weir_rc fail_place(struct weir_error *err, const struct project_file *file, struct weir_pos pos, const char *condition, const char *fmt, ...)
{
    char what[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    return weir_fail_at(err, WEIR_INVALID, condition, pos.line, pos.column, "%s:%d:%d: %s", file->path, pos.line, pos.column, what);
}

/* --- statements to datasets --- */

struct scope {
    const struct project_file *file;
    const char *catalog, *schema;
};

static const char *lower(weir_arena *arena, struct weir_str text)
{
    char *copy = weir_arena_strndup(arena, text.ptr, text.len);
    for (char *p = copy; *p; p++) {
        *p = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
    }
    return copy;
}

static weir_rc qualify(struct graph *graph, const struct scope *scope, const struct weir_name *name, const char **c, const char **s, const char **t, struct weir_error *err)
{
    if (name->count < 1 || name->count > 3) {
        return fail_place(err, scope->file, name->pos, "NAME_INVALID", "a name has one to three parts: catalog.schema.table");
    }
    const char *parts[3] = {scope->catalog, scope->schema, NULL};
    for (int i = 0; i < name->count; i++) {
        parts[3 - name->count + i] = lower(graph->arena, name->parts[i]);
    }
    *c = parts[0];
    *s = parts[1];
    *t = parts[2];
    return WEIR_OK;
}

static struct dataset *find(const struct graph *graph, const char *name)
{
    return weir_map_get(graph->by_name, weir_str(name));
}

static weir_rc add_dataset(struct graph *graph, const struct scope *scope, const struct weir_stmt *stmt, enum weir_dataset_kind kind, struct dataset **out, struct weir_error *err)
{
    struct dataset *dataset = weir_arena_zalloc(graph->arena, sizeof *dataset);
    *dataset = (struct dataset){.kind = kind, .file = scope->file, .pos = stmt->name.pos, .stmt = stmt};
    if (kind == WEIR_DATASET_TEMP_VIEW) {
        if (stmt->name.count != 1) {
            return fail_place(err, scope->file, stmt->name.pos, "NAME_INVALID", "a temporary view has a name of one part");
        }
        dataset->name = dataset->full_name = lower(graph->arena, stmt->name.parts[0]);
    } else {
        WEIR_TRY(qualify(graph, scope, &stmt->name, &dataset->catalog, &dataset->schema, &dataset->name, err));
        dataset->full_name = weir_arena_printf(graph->arena, "%s.%s.%s", dataset->catalog, dataset->schema, dataset->name);
    }
    const struct dataset *other = find(graph, dataset->full_name);
    if (other) {
        return fail_place(err, scope->file, stmt->name.pos, "PIPELINE_DUPLICATE_IDENTIFIERS", "%s is defined twice, also at %s:%d:%d; a dataset has one definition; further writers are CREATE FLOW .. INSERT INTO",
                          dataset->full_name, other->file->path, other->pos.line, other->pos.column);
    }
    WEIR_TRY(weiri_expectations_take(graph, dataset, err));
    weir_map_put(graph->by_name, weir_str(dataset->full_name), dataset);
    *out = dataset;
    return WEIR_OK;
}

static void add_flow(struct graph *graph, const struct scope *scope, struct dataset *target, const char *name, const struct weir_stmt *stmt)
{
    struct flow *flow = weir_arena_zalloc(graph->arena, sizeof *flow);
    *flow = (struct flow){.short_name = name, .target = target, .file = scope->file, .pos = stmt->pos, .catalog = scope->catalog, .schema = scope->schema, .query = stmt->query};
    flow->query_text = weir_arena_strndup(graph->arena, stmt->query_text.ptr, stmt->query_text.len);
    flow->name = target->catalog ? weir_arena_printf(graph->arena, "%s.%s.%s", target->catalog, target->schema, name) : name;
    flow->streaming = target->kind == WEIR_DATASET_STREAMING_TABLE;
    struct flow **flows = weir_arena_alloc(graph->arena, (target->flow_count + 1) * sizeof *flows);
    if (target->flow_count > 0) {
        memcpy(flows, target->flows, target->flow_count * sizeof *flows);
    }
    flows[target->flow_count++] = flow;
    target->flows = flows;
}

static weir_rc add_named_flow(struct graph *graph, const struct scope *scope, const struct weir_stmt *stmt, struct weir_error *err)
{
    const char *c = NULL, *s = NULL, *t = NULL;
    WEIR_TRY(qualify(graph, scope, &stmt->target, &c, &s, &t, err));
    struct dataset *target = find(graph, weir_arena_printf(graph->arena, "%s.%s.%s", c, s, t));
    if (!target) {
        return fail_place(err, scope->file, stmt->target.pos, "TABLE_OR_VIEW_NOT_FOUND", "the flow writes %s.%s.%s, which this project does not define; add CREATE STREAMING TABLE", c, s, t);
    }
    if (target->kind != WEIR_DATASET_STREAMING_TABLE) {
        return fail_place(err, scope->file, stmt->target.pos, "MATERIALIZED_VIEW_WITH_MULTIPLE_QUERIES", "%s is a view: it has one query, its own; only streaming tables take flows", target->full_name);
    }
    if (stmt->name.count != 1) {
        return fail_place(err, scope->file, stmt->name.pos, "NAME_INVALID", "a flow has a name of one part");
    }
    if (!stmt->by_name) {
        return fail_place(err, scope->file, stmt->target.pos, "FLOW_NOT_BY_NAME", "write INSERT INTO %s BY NAME: a flow matches columns by name", target->full_name);
    }
    const char *name = lower(graph->arena, stmt->name.parts[0]);
    for (size_t i = 0; i < target->flow_count; i++) {
        if (strcmp(target->flows[i]->short_name, name) == 0) {
            return fail_place(err, scope->file, stmt->name.pos, "PIPELINE_DUPLICATE_IDENTIFIERS", "%s has two flows named %s; give this one another name", target->full_name, name);
        }
    }
    add_flow(graph, scope, target, name, stmt);
    return WEIR_OK;
}

static void use(struct graph *graph, struct scope *scope, const struct weir_stmt *stmt)
{
    bool catalog = stmt->what && strcmp(stmt->what, "catalog") == 0;
    if (catalog || stmt->name.count == 2) {
        scope->catalog = lower(graph->arena, stmt->name.parts[0]);
        scope->schema = "default";
    }
    if (!catalog) {
        scope->schema = lower(graph->arena, stmt->name.parts[stmt->name.count - 1]);
    }
}

static weir_rc take_statement(struct graph *graph, struct scope *scope, const struct weir_stmt *stmt, bool flows, struct weir_error *err)
{
    struct dataset *dataset = NULL;
    switch (stmt->kind) {
    case WEIR_STMT_STREAMING_TABLE:
    case WEIR_STMT_MATERIALIZED_VIEW:
    case WEIR_STMT_TEMP_VIEW:
        if (flows) {
            return WEIR_OK;
        }
        WEIR_TRY(add_dataset(graph, scope, stmt,
                             stmt->kind == WEIR_STMT_STREAMING_TABLE     ? WEIR_DATASET_STREAMING_TABLE
                             : stmt->kind == WEIR_STMT_MATERIALIZED_VIEW ? WEIR_DATASET_VIEW
                                                                         : WEIR_DATASET_TEMP_VIEW,
                             &dataset, err));
        if (stmt->query) {
            add_flow(graph, scope, dataset, dataset->name, stmt);
        }
        return WEIR_OK;
    case WEIR_STMT_FLOW:
        return flows ? add_named_flow(graph, scope, stmt, err) : WEIR_OK;
    case WEIR_STMT_USE:
        use(graph, scope, stmt);
        return WEIR_OK;
    case WEIR_STMT_SET:
        return WEIR_OK; /* confs of Spark's engine: nothing of them changes what weir computes */
    default:
        return fail_place(err, scope->file, stmt->pos, "PIPELINE_SQL_GRAPH_ELEMENT_REGISTRATION_ERROR",
                          "this statement has no place in a pipeline; a pipeline file holds STREAMING TABLE, MATERIALIZED VIEW, TEMPORARY VIEW, FLOW, SET and USE; run it once by `weir sql FILE`");
    }
}

/* Tables first, flows second: a flow may stand in a file before its table's. */
static weir_rc take_files(struct graph *graph, bool flows, struct weir_error *err)
{
    for (size_t i = 0; i < graph->project->file_count; i++) {
        const struct project_file *file = &graph->project->files[i];
        struct weir_stmt *stmts = NULL;
        size_t count = 0;
        struct scope scope = {file, graph->project->catalog ? lower(graph->arena, weir_str(graph->project->catalog)) : weir_session_catalog(graph->session),
                              graph->project->schema ? lower(graph->arena, weir_str(graph->project->schema)) : weir_session_schema(graph->session)};
        weir_rc rc = weir_sql_parse(graph->arena, file->text, &stmts, &count, err);
        if (rc != WEIR_OK) {
            return weiri_at_place(err, rc, file, (struct weir_pos){1, 1});
        }
        for (size_t k = 0; k < count; k++) {
            WEIR_TRY(take_statement(graph, &scope, &stmts[k], flows, err));
        }
    }
    return WEIR_OK;
}

/* --- names to edges --- */

size_t weiri_ref_at(const struct flow *flow, const struct weir_table_ref *ref)
{
    for (size_t i = 0; i < flow->ref_count; i++) {
        if (flow->refs[i].ref.pos.line == ref->pos.line && flow->refs[i].ref.pos.column == ref->pos.column) {
            return i;
        }
    }
    WEIR_UNREACHABLE("a table reference that the graph did not see");
}


/* event_log('t') comes after the dataset that it tells of. */
static weir_rc resolve_event_log(struct graph *graph, const struct flow *flow, const struct weir_table_ref *ref, struct flow_ref *out, struct weir_error *err)
{
    const struct scope scope = {flow->file, flow->catalog, flow->schema};
    const char *c = NULL, *s = NULL, *t = NULL;
    struct weir_name name;
    if (ref->arg_count == 1 && weir_sql_parse_name(graph->arena, weir_str(ref->args[0].value), &name) && name.count <= 3) {
        WEIR_TRY(qualify(graph, &scope, &name, &c, &s, &t, err));
        out->dataset = find(graph, weir_arena_printf(graph->arena, "%s.%s.%s", c, s, t));
    }
    return WEIR_OK;
}

static weir_rc resolve_ref(struct graph *graph, const struct flow *flow, const struct weir_table_ref *ref, struct flow_ref *out, struct weir_error *err)
{
    *out = (struct flow_ref){.ref = *ref, .kind = REF_TABLE};
    if (ref->function) {
        out->kind = REF_FUNCTION;
        out->full_name = ref->function;
        return strcmp(ref->function, "event_log") == 0 ? resolve_event_log(graph, flow, ref, out, err) : WEIR_OK;
    }
    struct scope scope = {flow->file, flow->catalog, flow->schema};
    if (ref->name.count == 1) {
        out->dataset = find(graph, lower(graph->arena, ref->name.parts[0]));
        if (out->dataset && out->dataset->kind != WEIR_DATASET_TEMP_VIEW) {
            out->dataset = NULL;
        }
    }
    if (ref->name.count == 2 && ref->name.parts[1].len > 0 && memchr(ref->name.parts[1].ptr, '/', ref->name.parts[1].len)) {
        out->full_name = weir_arena_printf(graph->arena, "%.*s.`%.*s`", (int)ref->name.parts[0].len, ref->name.parts[0].ptr, (int)ref->name.parts[1].len, ref->name.parts[1].ptr);
        return WEIR_OK; /* delta.`/path` */
    }
    if (!out->dataset) {
        const char *c = NULL, *s = NULL, *t = NULL;
        WEIR_TRY(qualify(graph, &scope, &ref->name, &c, &s, &t, err));
        out->full_name = weir_arena_printf(graph->arena, "%s.%s.%s", c, s, t);
        out->dataset = find(graph, out->full_name);
    }
    if (out->dataset) {
        out->kind = REF_DATASET;
        out->full_name = out->dataset->full_name;
    }
    return WEIR_OK;
}

static weir_rc read_refs(struct graph *graph, struct flow *flow, struct weir_error *err)
{
    struct weir_table_ref *refs = NULL;
    size_t count = 0;
    WEIR_TRY(weiri_at_place(err, weir_sql_tables(graph->arena, flow->query, &refs, &count, err), flow->file, flow->pos));
    flow->refs = weir_arena_zalloc(graph->arena, (count + 1) * sizeof *flow->refs);
    for (size_t i = 0; i < count; i++) {
        WEIR_TRY(resolve_ref(graph, flow, &refs[i], &flow->refs[i], err));
    }
    flow->ref_count = count;
    return WEIR_OK;
}

static weir_rc cycle(struct dataset *const *path, size_t depth, const struct dataset *again, struct weir_error *err)
{
    struct weir_buf text;
    weir_buf_init(&text, 1024);
    bool in = false;
    for (size_t i = 0; i < depth; i++) {
        in |= path[i] == again;
        if (in) {
            weir_buf_printf(&text, "%s <- ", path[i]->full_name);
        }
    }
    weir_buf_add_str(&text, again->full_name);
    weir_rc rc = fail_place(err, again->file, again->pos, "CYCLIC_DEPENDENCY", "%s reads itself in the end: %s; break the circle", again->full_name, text.data);
    weir_buf_free(&text);
    return rc;
}

static weir_rc visit(struct graph *graph, struct dataset *dataset, struct dataset **path, size_t depth, struct weir_error *err)
{
    if (dataset->mark == 2) {
        return WEIR_OK;
    }
    if (dataset->mark == 1) {
        return cycle(path, depth, dataset, err);
    }
    dataset->mark = 1;
    path[depth] = dataset;
    if (dataset->quarantine_of) {
        WEIR_TRY(visit(graph, dataset->quarantine_of, path, depth + 1, err));
    }
    for (size_t f = 0; f < dataset->flow_count; f++) {
        for (size_t r = 0; r < dataset->flows[f]->ref_count; r++) {
            if (dataset->flows[f]->refs[r].dataset) {
                WEIR_TRY(visit(graph, dataset->flows[f]->refs[r].dataset, path, depth + 1, err));
            }
        }
    }
    dataset->mark = 2;
    graph->order[graph->count++] = dataset;
    return WEIR_OK;
}

static weir_rc order(struct graph *graph, struct weir_error *err)
{
    size_t total = weir_map_count(graph->by_name), cursor = 0;
    struct dataset **path = weir_arena_alloc(graph->arena, (total + 1) * sizeof *path);
    graph->order = weir_arena_alloc(graph->arena, (total + 1) * sizeof *graph->order);
    struct weir_str key;
    void *value = NULL;
    while (weir_map_at(graph->by_name, &cursor, &key, &value)) {
        WEIR_TRY(visit(graph, value, path, 0, err));
    }
    return WEIR_OK;
}

/* --- temporary views are written into the queries that read them --- */

/* `WITH v AS (its query) SELECT * FROM (the query)`, for every temporary view that the query reaches, lowest first. The views' own
 * references become the flow's. */
static weir_rc inline_views(struct graph *graph, struct flow *flow, struct weir_error *err)
{
    struct weir_buf text;
    bool any = false;
    for (size_t i = 0; i < flow->ref_count; i++) {
        any |= flow->refs[i].dataset && flow->refs[i].dataset->kind == WEIR_DATASET_TEMP_VIEW;
    }
    if (!any) {
        return WEIR_OK;
    }
    weir_map *wanted = weir_map_new();
    for (size_t i = 0; i < flow->ref_count; i++) {
        struct dataset *view = flow->refs[i].dataset;
        if (view && view->kind == WEIR_DATASET_TEMP_VIEW) {
            weir_map_put(wanted, weir_str(view->name), view);
        }
    }
    weir_buf_init(&text, (size_t)16 << 20);
    bool first = true;
    for (size_t i = 0; i < graph->count; i++) {
        struct dataset *view = graph->order[i];
        if (view->kind == WEIR_DATASET_TEMP_VIEW && weir_map_has(wanted, weir_str(view->name)) && view->flow_count == 1) {
            weir_buf_printf(&text, "%s`%s` AS (%s\n)", first ? "WITH " : ", ", view->name, view->flows[0]->query_text);
            first = false;
        }
    }
    weir_map_free(wanted, NULL);
    weir_buf_printf(&text, " SELECT * FROM (%s\n) AS `query`", flow->query_text);
    flow->query_text = weir_arena_strdup(graph->arena, text.data);
    weir_buf_free(&text);
    struct weir_stmt *stmts = NULL;
    size_t count = 0;
    weir_rc rc = weir_sql_parse(graph->arena, weir_str(flow->query_text), &stmts, &count, err);
    if (rc == WEIR_OK) {
        flow->query = stmts[0].query;
        rc = read_refs(graph, flow, err);
    }
    return rc;
}

static weir_rc check_shape(struct graph *graph, struct weir_error *err)
{
    for (size_t i = 0; i < graph->count; i++) {
        struct dataset *dataset = graph->order[i];
        if (dataset->flow_count == 0 && !dataset->quarantine_of) {
            return fail_place(err, dataset->file, dataset->pos, "PIPELINE_DATASET_WITHOUT_FLOW", "nothing fills %s; give it AS SELECT .., or a CREATE FLOW .. INSERT INTO it", dataset->full_name);
        }
        for (size_t f = 0; f < dataset->flow_count; f++) {
            weir_rc rc = inline_views(graph, dataset->flows[f], err);
            if (rc != WEIR_OK) {
                return weiri_at_place(err, rc, dataset->flows[f]->file, dataset->flows[f]->pos);
            }
        }
    }
    return WEIR_OK;
}

weir_rc weiri_graph_build(weir_project *project, weir_engine *engine, weir_arena *arena, struct graph *out, struct weir_error *err)
{
    *out = (struct graph){.project = project, .engine = engine, .arena = arena, .by_name = weir_map_new(), .update_id = weir_uuid_new()};
    weir_rc rc = weir_session_open(engine, &out->session, err);
    if (rc == WEIR_OK) {
        rc = take_files(out, false, err);
    }
    if (rc == WEIR_OK) {
        rc = take_files(out, true, err);
    }
    size_t cursor = 0;
    struct weir_str key;
    void *value = NULL;
    while (rc == WEIR_OK && weir_map_at(out->by_name, &cursor, &key, &value)) {
        struct dataset *dataset = value;
        for (size_t f = 0; rc == WEIR_OK && f < dataset->flow_count; f++) {
            rc = read_refs(out, dataset->flows[f], err);
        }
    }
    if (rc == WEIR_OK) {
        rc = order(out, err);
    }
    if (rc == WEIR_OK) {
        rc = check_shape(out, err);
    }
    if (rc != WEIR_OK) {
        weiri_graph_close(out);
    }
    return rc;
}

void weiri_graph_close(struct graph *graph)
{
    weir_map_free(graph->by_name, NULL);
    weir_session_close(graph->session);
    graph->by_name = NULL;
    graph->session = NULL;
}
