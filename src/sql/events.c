/* events.c - the event log of a table, in the shape of Databricks' pipelines: event_log('c.s.t').
 *
 * It is kept where it cannot be wrong: what a flow did stands in the commit that did it (the parameter weir.event), so that counts are there if and only if the rows
 * are, after any crash; what failed has no commit and leaves a small file in <table>/_weir/failures. Both are bounded: by the table's log and here. */
#include "sql/sql_internal.h"
#include "base/time.h"
#include "store/store.h"
#include <stdlib.h>

#define PARAMETER "weir.event"
#define FAILURES "_weir/failures"
#define FAILURES_KEPT 100
#define FAILURE_BYTES_MAX ((size_t)1 << 16)
#define COMMITS_MAX 10000 /* the newest; older ones are in the table's history */

static const char COLUMNS[] =
    "id STRING, sequence STRUCT<data_plane_id: STRUCT<instance: STRING, seq_no: BIGINT>>, "
    "origin STRUCT<pipeline_name: STRING, update_id: STRING, dataset_name: STRING, flow_name: STRING, batch_id: BIGINT, table_id: STRING, table_version: BIGINT>, "
    "timestamp TIMESTAMP, message STRING, level STRING, maturity_level STRING, error STRUCT<fatal: BOOLEAN, exceptions: ARRAY<STRUCT<class_name: STRING, message: STRING>>>, "
    "details STRING, event_type STRING, "
    "expectations ARRAY<STRUCT<name: STRING, dataset: STRING, passed_records: BIGINT, failed_records: BIGINT, dropped_records: BIGINT>>";
enum { C_ID, C_SEQUENCE, C_ORIGIN, C_TIMESTAMP, C_MESSAGE, C_LEVEL, C_MATURITY, C_ERROR, C_DETAILS, C_TYPE, C_EXPECTATIONS };

/* --- what happened --- */

static void put_origin(struct weir_jsonw *w, const struct weir_event_origin *origin)
{
    weir_jsonw_kv(w, "pipeline", origin->pipeline);
    weir_jsonw_kv(w, "update_id", origin->update_id);
    weir_jsonw_kv(w, "flow", origin->flow);
}

void weir_event_remember(weir_txn *txn, const struct weir_event_origin *origin, const char *data_quality)
{
    struct weir_buf inner, quoted;
    struct weir_jsonw w;
    weir_buf_init(&inner, 0);
    weir_buf_init(&quoted, 0);
    weir_jsonw_init(&w, &inner);
    weir_jsonw_object(&w);
    put_origin(&w, origin);
    if (data_quality) {
        weir_jsonw_key(&w, "data_quality");
        weir_jsonw_raw(&w, weir_str(data_quality));
    }
    weir_jsonw_end_object(&w);
    weir_jsonw_init(&w, &quoted);
    weir_jsonw_view(&w, weir_buf_view(&inner)); /* a text, as every parameter of a commit is */
    weir_txn_parameter(txn, PARAMETER, quoted.data);
    weir_buf_free(&inner);
    weir_buf_free(&quoted);
}

static void forget_old_failures(weir_store *store)
{
    weir_arena *arena = weir_arena_new();
    struct weir_store_entry *entries = NULL;
    size_t count = 0;
    if (weir_store_list(store, FAILURES, NULL, arena, &entries, &count, NULL) == WEIR_OK) {
        for (size_t i = 0; i + FAILURES_KEPT < count; i++) {
            const weir_rc rc = weir_store_delete(store, weir_arena_printf(arena, FAILURES "/%s", entries[i].name), NULL);
            (void)rc; /* the next failure tries again */
        }
    }
    weir_arena_free(arena);
}

void weir_event_failure(weir_engine *engine, const char *table_path, const struct weir_event_origin *origin, const struct weir_error *why)
{
    struct weir_buf text;
    struct weir_jsonw w;
    const int64_t now_ms = weir_now_us() / 1000;
    const struct weir_uuid id = weir_uuid_new();
    weir_buf_init(&text, FAILURE_BYTES_MAX);
    weir_jsonw_init(&w, &text);
    weir_jsonw_object(&w);
    weir_jsonw_kv(&w, "id", id.text);
    weir_jsonw_kv_i64(&w, "timestampMs", now_ms);
    put_origin(&w, origin);
    weir_jsonw_kv(&w, "condition", why->condition);
    weir_jsonw_kv(&w, "message", why->msg);
    weir_jsonw_end_object(&w);
    weir_store *store = weir_store_open_local(engine->fs, table_path);
    char *key = weir_asprintf(FAILURES "/%015lld-%.8s.json", (long long)now_ms, id.text); /* the order of names is the order of time */
    if (weir_store_put_if_absent(store, key, weir_buf_view(&text), NULL) == WEIR_OK) {
        forget_old_failures(store);
    }
    weir_store_close(store);
    weir_free(key);
    weir_buf_free(&text);
}

/* --- what is read --- */

struct event {
    int64_t timestamp_ms, version, batch; /* -1 = none */
    const char *id, *type, *level, *status, *condition, *message; /* condition: of a failure */
    struct weir_event_origin origin;
    const struct weir_json *quality;
    int64_t rows; /* written; -1 = not known */
};
struct reading {
    struct weiri_sql_run *run;
    const char *dataset, *table_id;
    struct event *items;
    size_t count, cap;
    weir_map *updates; /* update ids that were seen */
};

static void read_origin(const struct weir_json *json, struct weir_event_origin *out)
{
    out->pipeline = weir_json_string(weir_json_get(json, "pipeline"));
    out->update_id = weir_json_string(weir_json_get(json, "update_id"));
    out->flow = weir_json_string(weir_json_get(json, "flow"));
}

/* The first sign of an update is taken for its beginning. */
static void begin_update(struct reading *reading, const struct event *event)
{
    weir_arena *arena = reading->run->arena;
    const char *update = event->origin.update_id;
    if (!update || weir_map_has(reading->updates, weir_str(update))) {
        return;
    }
    weir_map_put(reading->updates, weir_str(update), reading);
    WEIR_PUSH(reading->items, reading->count, reading->cap) =
        (struct event){.timestamp_ms = event->timestamp_ms, .version = -1, .batch = -1, .rows = -1, .id = update, .type = "create_update", .level = "INFO",
                       .message = weir_arena_printf(arena, "Update %.6s started.", update), .origin = {.pipeline = event->origin.pipeline, .update_id = update}};
}

/* A number that stands as a text, as the metrics of a commit do. */
static int64_t metric(const struct weir_json *info, const char *name)
{
    int64_t value = -1;
    const char *text = weir_json_string(weir_json_get(weir_json_get(info, "operationMetrics"), name));
    return text && weir_str_to_i64(weir_str(text), &value) ? value : -1;
}

static const struct weir_json *parameter(weir_arena *arena, const struct weir_json *info, const char *name)
{
    const struct weir_json *json = NULL;
    const char *text = weir_json_string(weir_json_get(weir_json_get(info, "operationParameters"), name));
    if (text && weir_json_parse(arena, weir_str(text), &json, NULL) == WEIR_OK && json->kind == WEIR_JSON_STRING) { /* some writers keep the quotes */
        text = weir_json_string(json);
        json = NULL;
        return weir_json_parse(arena, weir_str(text), &json, NULL) == WEIR_OK ? json : NULL;
    }
    return json;
}

static void add_commit(struct reading *reading, const struct weir_commit_info *info)
{
    weir_arena *arena = reading->run->arena;
    const struct weir_json *told = parameter(arena, info->json, PARAMETER);
    const bool batch = info->operation && strcmp(info->operation, "STREAMING UPDATE") == 0;
    if (!told && !batch) {
        return; /* nobody's flow */
    }
    struct event event = {.timestamp_ms = info->timestamp_ms, .version = info->version, .batch = -1, .type = "flow_progress", .level = batch ? "METRICS" : "INFO", .status = batch ? "RUNNING" : "COMPLETED",
                          .id = weir_arena_printf(arena, "%s-%lld", reading->table_id, (long long)info->version), .rows = metric(info->json, "numOutputRows"),
                          .quality = weir_json_get(told, "data_quality")};
    const struct weir_json *number = batch ? parameter(arena, info->json, "epochId") : NULL;
    read_origin(told, &event.origin);
    if (number && !weir_json_i64(number, &event.batch)) {
        event.batch = -1;
    }
    begin_update(reading, &event);
    WEIR_PUSH(reading->items, reading->count, reading->cap) = event;
}

static void add_failure(struct reading *reading, const struct weir_json *json)
{
    struct event event = {.version = -1, .batch = -1, .rows = -1, .type = "flow_progress", .level = "ERROR", .status = "FAILED", .id = weir_json_string(weir_json_get(json, "id"))};
    read_origin(json, &event.origin);
    event.condition = weir_json_string(weir_json_get(json, "condition"));
    event.message = weir_json_string(weir_json_get(json, "message"));
    if (!event.id || !event.message || !weir_json_i64(weir_json_get(json, "timestampMs"), &event.timestamp_ms)) {
        return; /* a torn note is no note */
    }
    WEIR_PUSH(reading->items, reading->count, reading->cap) = event;
    begin_update(reading, &event);
}

static void add_failures(struct reading *reading, const char *location)
{
    weir_arena *arena = reading->run->arena;
    struct weir_store_entry *entries = NULL;
    size_t count = 0;
    weir_store *store = weir_store_open_local(reading->run->engine->fs, location);
    if (weir_store_list(store, FAILURES, NULL, arena, &entries, &count, NULL) != WEIR_OK) {
        count = 0;
    }
    for (size_t i = 0; i < count; i++) {
        struct weir_buf text;
        const struct weir_json *json = NULL;
        weir_buf_init(&text, FAILURE_BYTES_MAX);
        if (weir_store_get(store, weir_arena_printf(arena, FAILURES "/%s", entries[i].name), FAILURE_BYTES_MAX, &text, NULL) == WEIR_OK &&
            weir_json_parse(arena, weir_str(weir_arena_strndup(arena, text.data, text.len)), &json, NULL) == WEIR_OK) {
            add_failure(reading, json);
        }
        weir_buf_free(&text);
    }
    weir_store_close(store);
}

static weir_rc gather(struct reading *reading, const char *location, struct weir_error *err)
{
    struct weir_commit_info *infos = NULL;
    weir_snapshot *snapshot = NULL;
    size_t count = 0;
    WEIR_TRY(weiri_sql_pin(reading->run, location, -1, &snapshot, err));
    reading->table_id = weir_snapshot_metadata(snapshot)->id;
    WEIR_TRY(weir_delta_history(weir_engine_table(reading->run->engine, location), COMMITS_MAX, reading->run->arena, &infos, &count, err));
    for (size_t i = count; i-- > 0;) {
        if (infos[i].version <= weir_snapshot_version(snapshot)) {
            add_commit(reading, &infos[i]);
        }
    }
    add_failures(reading, location);
    return WEIR_OK;
}

/* By time; an update begins before what it does; commits by version, failures after them. */
static int64_t rank(const struct event *event)
{
    return strcmp(event->type, "create_update") == 0 ? -1 : event->version < 0 ? INT64_MAX : event->version;
}

static bool is_before(const struct event *a, const struct event *b)
{
    if (a->timestamp_ms != b->timestamp_ms) {
        return a->timestamp_ms < b->timestamp_ms;
    }
    return rank(a) < rank(b);
}

static int by_time(const void *a, const void *b)
{
    return is_before(a, b) ? -1 : is_before(b, a) ? 1 : 0;
}

/* --- as rows --- */

static void text_child(weir_builder *parent, size_t index, const char *text)
{
    weir_builder *child = weir_builder_child(parent, index);
    if (text) {
        weir_builder_bytes(child, text, strlen(text));
    } else {
        weir_builder_null(child);
    }
}

static void number_child(weir_builder *parent, size_t index, int64_t value)
{
    if (value >= 0) {
        weir_builder_i64(weir_builder_child(parent, index), value);
    } else {
        weir_builder_null(weir_builder_child(parent, index));
    }
}

static void put_sequence(weir_builder *out, const struct reading *reading, size_t number)
{
    weir_builder *plane = weir_builder_child(out, 0);
    text_child(plane, 0, reading->table_id);
    number_child(plane, 1, (int64_t)number);
    weir_builder_end(plane);
    weir_builder_end(out);
}

static void put_event_origin(weir_builder *out, const struct reading *reading, const struct event *event)
{
    text_child(out, 0, event->origin.pipeline);
    text_child(out, 1, event->origin.update_id);
    text_child(out, 2, reading->dataset);
    text_child(out, 3, event->origin.flow);
    number_child(out, 4, event->batch);
    text_child(out, 5, reading->table_id);
    number_child(out, 6, event->version);
    weir_builder_end(out);
}

static void put_error(weir_builder *out, const struct event *event)
{
    if (!event->condition) {
        weir_builder_null(out);
        return;
    }
    weir_builder *list = weir_builder_child(out, 1), *exception = weir_builder_child(list, 0);
    weir_builder_bool(weir_builder_child(out, 0), true);
    text_child(exception, 0, event->condition);
    text_child(exception, 1, event->message);
    weir_builder_end(exception);
    weir_builder_end(list);
    weir_builder_end(out);
}

static void put_expectations(weir_builder *out, const struct event *event)
{
    static const char *const names[] = {"name", "dataset", "passed_records", "failed_records", "dropped_records"};
    const struct weir_json *list = weir_json_get(event->quality, "expectations");
    weir_builder *item = weir_builder_child(out, 0);
    if (!list || list->kind != WEIR_JSON_ARRAY) {
        weir_builder_null(out);
        return;
    }
    for (const struct weir_json *e = list->child; e; e = e->next) {
        for (size_t i = 0; i < 5; i++) {
            int64_t value = -1;
            if (i < 2) {
                text_child(item, i, weir_json_string(weir_json_get(e, names[i])));
            } else {
                number_child(item, i, weir_json_i64(weir_json_get(e, names[i]), &value) ? value : -1);
            }
        }
        weir_builder_end(item);
    }
    weir_builder_end(out);
}

static const char *details(weir_arena *arena, const struct event *event)
{
    struct weir_buf text;
    struct weir_jsonw w;
    weir_buf_init(&text, 0);
    weir_jsonw_init(&w, &text);
    weir_jsonw_object(&w);
    weir_jsonw_key(&w, event->type);
    weir_jsonw_object(&w);
    if (event->status) {
        weir_jsonw_kv(&w, "status", event->status);
    }
    if (event->rows >= 0) {
        weir_jsonw_key(&w, "metrics");
        weir_jsonw_object(&w);
        weir_jsonw_kv_i64(&w, "num_output_rows", event->rows);
        weir_jsonw_end_object(&w);
    }
    if (event->quality) {
        weir_jsonw_key(&w, "data_quality");
        weir_jsonw_raw(&w, event->quality->raw);
    }
    weir_jsonw_end_object(&w);
    weir_jsonw_end_object(&w);
    const char *copy = weir_arena_strndup(arena, text.data, text.len);
    weir_buf_free(&text);
    return copy;
}

static const char *message(weir_arena *arena, const struct reading *reading, const struct event *event)
{
    const char *flow = event->origin.flow ? event->origin.flow : reading->dataset;
    if (strcmp(event->type, "create_update") == 0) {
        return event->message;
    }
    if (event->condition) {
        return weir_arena_printf(arena, "Flow '%s' has FAILED: %s: %s", flow, event->condition, event->message);
    }
    return event->batch >= 0 ? weir_arena_printf(arena, "Completed batch %lld of flow '%s'.", (long long)event->batch, flow) : weir_arena_printf(arena, "Flow '%s' has COMPLETED.", flow);
}

static void put_event(struct weiri_sql_rows *rows, const struct reading *reading, size_t number)
{
    const struct event *event = &reading->items[number];
    weir_arena *arena = reading->run->arena;
    weiri_sql_rows_text(rows, C_ID, event->id);
    put_sequence(rows->columns[C_SEQUENCE], reading, number);
    put_event_origin(rows->columns[C_ORIGIN], reading, event);
    weiri_sql_rows_i64(rows, C_TIMESTAMP, event->timestamp_ms * 1000);
    weiri_sql_rows_text(rows, C_MESSAGE, message(arena, reading, event));
    weiri_sql_rows_text(rows, C_LEVEL, event->level);
    weiri_sql_rows_text(rows, C_MATURITY, "STABLE");
    put_error(rows->columns[C_ERROR], event);
    weiri_sql_rows_text(rows, C_DETAILS, details(arena, event));
    weiri_sql_rows_text(rows, C_TYPE, event->type);
    put_expectations(rows->columns[C_EXPECTATIONS], event);
    weiri_sql_rows_next(rows);
}

/* --- the function --- */

const weir_schema *weir_event_log_schema(weir_arena *arena)
{
    weir_schema *schema = NULL;
    const weir_rc rc = weir_schema_parse_ddl(arena, weir_str(COLUMNS), &schema, NULL);
    WEIR_ASSERT(rc == WEIR_OK);
    return schema;
}

static weir_rc refuse(const struct weir_table_ref *ref, const char *condition, const char *what, struct weir_error *err)
{
    return weir_fail_at(err, WEIR_INVALID, condition, ref->pos.line, ref->pos.column, "%s; line %d, column %d", what, ref->pos.line, ref->pos.column);
}

/* 'shop.events', TABLE(shop.events), 'delta.`/path`': a name like any other in FROM. */
static weir_rc find_table(struct weiri_sql_run *run, const struct weir_table_ref *ref, struct weir_target *out, struct weir_error *err)
{
    struct weir_name name;
    if (ref->arg_count != 1 || ref->args[0].name) {
        return refuse(ref, "WRONG_NUM_ARGS", "event_log takes one table: event_log('catalog.schema.table') or event_log(TABLE(catalog.schema.table))", err);
    }
    if (!weir_sql_parse_name(run->arena, weir_str(ref->args[0].value), &name)) {
        return refuse(ref, "NAME_PARTS", weir_arena_printf(run->arena, "event_log('%.200s'): this is not the name of a table", ref->args[0].value), err);
    }
    WEIR_TRY(weiri_sql_at(weir_session_target(run->session, run->arena, &name, out, err), ref->pos, err));
    weir_object_free_options(&out->object);
    return strcmp(out->format, "delta") == 0 ? WEIR_OK : refuse(ref, "DELTA_TABLE_ONLY", weir_arena_printf(run->arena, "%s is a table of text files: nothing writes it, so it has no events", out->full_name), err);
}

weir_rc weiri_sql_event_log(struct weiri_sql_run *run, const struct weir_table_ref *ref, struct weir_relation *out, struct weir_error *err)
{
    struct weir_target target;
    struct weiri_sql_rows rows;
    WEIR_TRY(find_table(run, ref, &target, err));
    struct reading reading = {.run = run, .dataset = target.full_name, .updates = weir_map_new()};
    weir_rc rc = weiri_sql_at(gather(&reading, target.location, err), ref->pos, err);
    if (rc == WEIR_OK) {
        if (reading.count > 0) {
            qsort(reading.items, reading.count, sizeof *reading.items, by_time);
        }
        weiri_sql_rows_begin(&rows, COLUMNS);
        for (size_t i = 0; i < reading.count; i++) {
            put_event(&rows, &reading, i);
        }
        weir_result *made = weiri_sql_rows_end(&rows);
        out->schema = weir_schema_copy(run->arena, made->schema);
        made->batch.schema = out->schema;
        struct weiri_sql_scan *scan = weiri_sql_scan_batch(run, out->schema, &made->batch);
        out->duck_sql = weir_arena_printf(run->arena, "(SELECT * FROM weir_scan(%llu))", (unsigned long long)scan->id);
        weir_result_close(made);
    }
    weir_map_free(reading.updates, NULL);
    weir_free(reading.items);
    return rc;
}
