/* refresh.c - is there anything new for a view, and which way brings it up to date? See refresh.h. */
#include "pipeline/refresh.h"
#include <stdio.h>

#define HISTORY_LOOKED_AT 100 /* commits of the view searched for its last refresh; older: recompute */

static const struct refresh_way *const WAYS[] = {&weiri_refresh_recompute};

/* --- pins --- */

void weiri_pins_init(struct pins *pins, weir_arena *arena)
{
    *pins = (struct pins){weir_map_new(), arena};
}

static void release(void *snapshot)
{
    weir_snapshot_unref(snapshot);
}

void weiri_pins_free(struct pins *pins)
{
    weir_map_free(pins->snapshots, release);
}

void weiri_pins_forget(struct pins *pins, const char *full_name)
{
    release(weir_map_remove(pins->snapshots, weir_str(full_name)));
}

weir_rc weiri_pin(struct graph *graph, struct pins *pins, const char *full_name, const char *location, weir_snapshot **out, struct weir_error *err)
{
    *out = weir_map_get(pins->snapshots, weir_str(full_name));
    if (!*out) {
        WEIR_TRY(weir_delta_snapshot(weir_engine_table(graph->engine, location), out, err));
        weir_map_put(pins->snapshots, weir_str(full_name), *out);
    }
    return WEIR_OK;
}

/* --- what the view stands for --- */

static uint64_t mark_text(uint64_t hash, const char *text)
{
    for (const char *p = text; *p; p++) {
        hash = (hash ^ (unsigned char)*p) * 1099511628211ull;
    }
    return hash;
}

/* A fingerprint of the query as text, its defaults for names and its expectations included: FNV-1a, the same on every machine. */
static uint64_t query_mark(const struct flow *flow)
{
    const char *parts[] = {flow->catalog, "\n", flow->schema, "\n", flow->query_text};
    const char *const actions[] = {[WEIR_VIOLATION_KEEP] = "", [WEIR_VIOLATION_DROP] = "drop", [WEIR_VIOLATION_QUARANTINE] = "quarantine", [WEIR_VIOLATION_FAIL] = "fail"};
    const struct weir_expectations *expectations = &flow->target->expectations;
    uint64_t hash = 1469598103934665603ull;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        hash = mark_text(hash, parts[i]);
    }
    for (size_t i = 0; i < expectations->count; i++) {
        hash = mark_text(mark_text(mark_text(mark_text(hash, "\n"), expectations->items[i].name), expectations->items[i].condition), actions[expectations->items[i].action]);
    }
    return hash;
}

static void remember_event(const struct refresh_request *request, const struct refresh_result *result, weir_txn *txn)
{
    const struct weir_event_origin origin = weiri_event_origin(request->graph, request->view->flows[0]);
    struct weir_buf quality;
    weir_buf_init(&quality, 0);
    if (result->quality.failed) {
        weir_quality_print(&quality, &request->view->expectations, &result->quality);
    }
    weir_event_remember(txn, &origin, result->quality.failed ? quality.data : NULL);
    weir_buf_free(&quality);
}

void weiri_refresh_remember(const struct refresh_request *request, const struct refresh_result *result, weir_txn *txn)
{
    struct weir_buf inner, quoted;
    struct weir_jsonw w;
    weir_buf_init(&inner, (size_t)1 << 24);
    weir_buf_init(&quoted, (size_t)1 << 25);
    weir_jsonw_init(&w, &inner);
    weir_jsonw_object(&w);
    for (size_t i = 0; i < request->input_count; i++) {
        if (request->inputs[i].snapshot) {
            weir_jsonw_kv_i64(&w, weir_snapshot_metadata(request->inputs[i].snapshot)->id, weir_snapshot_version(request->inputs[i].snapshot));
        }
    }
    weir_jsonw_end_object(&w);
    weir_jsonw_init(&w, &quoted);
    weir_jsonw_view(&w, weir_buf_view(&inner));
    weir_txn_parameter(txn, "weir.inputs", quoted.data);
    char mark[32];
    snprintf(mark, sizeof mark, "\"%016llx\"", (unsigned long long)query_mark(request->view->flows[0]));
    weir_txn_parameter(txn, "weir.query", mark);
    remember_event(request, result, txn);
    weir_buf_free(&inner);
    weir_buf_free(&quoted);
}

/* A parameter's value: a JSON text in a JSON string; some writers store it bare. */
static const char *parameter(const struct weir_json *info, const char *name)
{
    return weir_json_string(weir_json_get(weir_json_get(info, "operationParameters"), name));
}

static const char *unquote(weir_arena *arena, const char *text)
{
    const struct weir_json *json = NULL;
    if (text && text[0] == '"' && weir_json_parse(arena, weir_str(text), &json, NULL) == WEIR_OK) {
        return weir_json_string(json);
    }
    return text;
}

static const struct weir_json *last_refresh(struct graph *graph, const struct dataset *view, weir_arena *arena, const char **mark_out)
{
    struct weir_commit_info *infos = NULL;
    size_t count = 0;
    const struct weir_json *inputs = NULL;
    *mark_out = NULL;
    if (weir_delta_history(weir_engine_table(graph->engine, view->location), HISTORY_LOOKED_AT, arena, &infos, &count, NULL) != WEIR_OK) {
        return NULL;
    }
    for (size_t i = 0; i < count && !inputs; i++) {
        const char *text = infos[i].json ? unquote(arena, parameter(infos[i].json, "weir.inputs")) : NULL;
        if (text && weir_json_parse(arena, weir_str(text), &inputs, NULL) == WEIR_OK) {
            *mark_out = unquote(arena, parameter(infos[i].json, "weir.query"));
        } else if (infos[i].operation && (strcmp(infos[i].operation, "WRITE") == 0 || strcmp(infos[i].operation, "TRUNCATE") == 0)) {
            return NULL; /* somebody else wrote the view since: what it stands for is not known */
        }
    }
    return inputs;
}

/* Did a commit in (before, now] change data? One that is gone counts as a change. */
static bool changed_since(struct graph *graph, const struct refresh_input *input)
{
    int64_t now = weir_snapshot_version(input->snapshot);
    if (input->version_before < 0 || input->version_before > now) {
        return true;
    }
    weir_delta *table = weir_engine_table(graph->engine, input->location);
    bool changed = false;
    for (int64_t v = input->version_before + 1; v <= now && !changed; v++) {
        struct weir_commit commit;
        weir_arena *arena = weir_arena_new();
        changed = weir_delta_read_commit(table, v, arena, &commit, NULL) != WEIR_OK || commit.has_data_change || commit.metadata != NULL;
        weir_arena_free(arena);
    }
    return changed;
}

/* --- one view --- */

static weir_rc add_input(struct refresh_request *request, const struct flow_ref *ref, struct weir_error *err)
{
    struct refresh_input *input = &request->inputs[request->input_count];
    *input = (struct refresh_input){.full_name = ref->full_name, .version_before = -1, .has_new = true};
    if (ref->ref.travel != WEIR_TRAVEL_NONE || ref->kind == REF_FUNCTION) {
        request->input_count++;
        return WEIR_OK;
    }
    if (ref->kind == REF_DATASET) {
        input->location = ref->dataset->location;
    } else {
        struct weir_target target;
        WEIR_TRY(weir_session_target(request->session, request->graph->arena, &ref->ref.name, &target, err));
        input->location = strcmp(target.format, "delta") == 0 ? target.location : NULL;
        weir_object_free_options(&target.object);
    }
    if (input->location) {
        WEIR_TRY(weiri_pin(request->graph, request->pins, input->full_name, input->location, &input->snapshot, err));
    }
    request->input_count++;
    return WEIR_OK;
}

static weir_rc gather(struct refresh_request *request, struct weir_error *err)
{
    const struct flow *flow = request->view->flows[0];
    weir_arena *arena = weir_arena_new();
    const char *mark = NULL;
    char now[32];
    const struct weir_json *known = request->exists ? last_refresh(request->graph, request->view, arena, &mark) : NULL;
    snprintf(now, sizeof now, "%016llx", (unsigned long long)query_mark(flow));
    request->query_changed = !mark || strcmp(mark, now) != 0;
    request->inputs = weir_arena_zalloc(request->graph->arena, (flow->ref_count + 1) * sizeof *request->inputs);
    weir_rc rc = WEIR_OK;
    for (size_t i = 0; rc == WEIR_OK && i < flow->ref_count; i++) {
        rc = add_input(request, &flow->refs[i], err);
    }
    for (size_t i = 0; rc == WEIR_OK && i < request->input_count; i++) {
        struct refresh_input *input = &request->inputs[i];
        if (input->snapshot) {
            if (!weir_json_i64(weir_json_get(known, weir_snapshot_metadata(input->snapshot)->id), &input->version_before)) {
                input->version_before = -1;
            }
            input->has_new = changed_since(request->graph, input);
        }
    }
    weir_arena_free(arena);
    return rc;
}

static bool up_to_date(const struct refresh_request *request)
{
    bool news = !request->exists || (request->view->quarantine && !request->quarantine_exists) || request->query_changed || !request->view->flows[0]->deterministic;
    for (size_t i = 0; i < request->input_count; i++) {
        news |= request->inputs[i].has_new;
    }
    return !news;
}

weir_rc weiri_refresh(struct graph *graph, struct dataset *view, struct pins *pins, bool force, struct refresh_result *result, struct weir_error *err)
{
    struct refresh_request request = {.graph = graph, .view = view, .pins = pins};
    *result = (struct refresh_result){.version = -1, .how = "up to date"};
    WEIR_TRY(weiri_table_find(graph, view, &request.exists, err));
    if (view->quarantine) {
        WEIR_TRY(weiri_table_find(graph, view->quarantine, &request.quarantine_exists, err));
    }
    WEIR_TRY(weiri_session_for(graph, view->flows[0], &request.session, err));
    weir_rc rc = gather(&request, err);
    if (rc == WEIR_OK && (force || !up_to_date(&request))) {
        size_t i = 0;
        const char *why = NULL;
        while (!WAYS[i]->can(&request, &why)) {
            i++; /* the last one always can */
        }
        result->how = WAYS[i]->name;
        rc = WAYS[i]->run(&request, result, err);
        weiri_pins_forget(pins, view->full_name); /* who reads it sees the new version */
        if (view->quarantine) {
            weiri_pins_forget(pins, view->quarantine->full_name);
        }
    }
    weir_session_close(request.session);
    return rc;
}
