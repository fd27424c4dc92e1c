/* run.c - a run to the end: streaming flows first, each after those it reads, independent ones side by side; then the views, in order, on
 * versions that hold for all of them. What fails takes with it only what reads it. */
#include "pipeline/run.h"
#include "base/time.h"
#include <stdio.h>

#define ATTEMPTS_MAX 3      /* Spark: maxFlowRetryAttempts = 2 */
#define RETRY_WAIT_MS 500

/* --- telling --- */

void weiri_tell(struct run *run, const char *flow, const char *state, const char *message)
{
    pthread_mutex_lock(&run->lock);
    if (run->events && run->events->flow) {
        run->events->flow(run->events->arg, flow, state, message);
    }
    pthread_mutex_unlock(&run->lock);
}

void weiri_note(struct run *run, const char *line)
{
    pthread_mutex_lock(&run->lock);
    if (run->events && run->events->note) {
        run->events->note(run->events->arg, line);
    }
    pthread_mutex_unlock(&run->lock);
}

void weiri_report(struct run *run, const char *name, const char *kind, const char *state, int64_t elapsed_us, int64_t rows, int64_t files, int64_t version, const char *how)
{
    pthread_mutex_lock(&run->lock);
    WEIR_PUSH(run->reports, run->report_count, run->report_cap) = (struct weir_flow_report){
        .name = weir_arena_strdup(run->arena, name), .kind = kind, .state = state, .how = weir_arena_strdup(run->arena, how), .rows = rows, .files = files, .version = version, .elapsed_us = elapsed_us};
    run->files_in += files;
    pthread_mutex_unlock(&run->lock);
}

void weiri_failure(struct run *run, struct dataset *dataset, const char *flow, weir_rc rc, const struct weir_error *err)
{
    pthread_mutex_lock(&run->lock);
    dataset->failed = true;
    if (run->rc == WEIR_OK) {
        run->rc = rc;
        run->error = *err;
        weir_error_wrap(&run->error, "flow %s", flow);
    }
    pthread_mutex_unlock(&run->lock);
    if (rc != WEIR_CANCELLED && dataset->location && weir_delta_exists(weir_engine_table(run->graph.engine, dataset->location))) {
        const struct weir_event_origin origin = {.pipeline = run->graph.project->name, .update_id = run->graph.update_id.text, .flow = flow};
        weir_event_failure(run->graph.engine, dataset->location, &origin, err);
    }
    weiri_tell(run, flow, "FAILED", err->msg);
    weiri_report(run, flow, dataset->kind == WEIR_DATASET_VIEW ? "materialized view" : "streaming table", "FAILED", 0, 0, 0, -1, err->msg);
}

/* --- which datasets --- */

static bool names(const char *const *list, size_t count, const struct dataset *dataset)
{
    for (size_t i = 0; i < count; i++) {
        struct weir_str want = weir_str(list[i]), full = weir_str(dataset->full_name);
        if (weir_str_eq_nocase(want, full)) {
            return true;
        }
        /* "events", "bronze.events": the end of the full name, at a dot */
        if (full.len > want.len && full.ptr[full.len - want.len - 1] == '.' && weir_str_eq_nocase(want, (struct weir_str){full.ptr + full.len - want.len, want.len})) {
            return true;
        }
    }
    return false;
}

bool weiri_full_refresh(const struct weir_run_options *options, const struct dataset *dataset)
{
    return options->full_refresh_all || names(options->full_refresh, options->full_refresh_count, dataset);
}

static weir_rc check_names(struct run *run, const char *const *list, size_t count, struct weir_error *err)
{
    for (size_t i = 0; i < count; i++) {
        bool found = false;
        for (size_t d = 0; d < run->graph.count; d++) {
            found |= run->graph.order[d]->kind != WEIR_DATASET_TEMP_VIEW && !run->graph.order[d]->quarantine_of && names(&list[i], 1, run->graph.order[d]);
        }
        if (!found) {
            return weir_fail(err, WEIR_NOT_FOUND, "PIPELINE_DATASET_NOT_FOUND", "%s is not a table or view of this project; `weir dry-run` lists them", list[i]);
        }
    }
    return WEIR_OK;
}

static weir_rc select_datasets(struct run *run, struct weir_error *err)
{
    const struct weir_run_options *o = run->options;
    WEIR_TRY(check_names(run, o->refresh, o->refresh_count, err));
    WEIR_TRY(check_names(run, o->full_refresh, o->full_refresh_count, err));
    bool all = o->refresh_count == 0 && (o->full_refresh_count == 0 || o->full_refresh_all);
    for (size_t i = 0; i < run->graph.count; i++) {
        struct dataset *dataset = run->graph.order[i];
        bool both = names(o->refresh, o->refresh_count, dataset) && names(o->full_refresh, o->full_refresh_count, dataset);
        if (both || (o->full_refresh_all && (o->refresh_count > 0 || o->full_refresh_count > 0))) {
            return weir_fail(err, WEIR_INVALID, "PIPELINE_REFRESH_OVERLAP", "%s", both ? "a dataset stands in both --refresh and --full-refresh; name it in one" : "--full-refresh-all leaves no room for --refresh or --full-refresh; give it alone");
        }
        dataset->selected = dataset->kind != WEIR_DATASET_TEMP_VIEW && !dataset->quarantine_of && (all || names(o->refresh, o->refresh_count, dataset) || names(o->full_refresh, o->full_refresh_count, dataset));
    }
    return WEIR_OK;
}

/* --- streaming flows --- */

static bool input_failed(const struct dataset *dataset)
{
    for (size_t f = 0; f < dataset->flow_count; f++) {
        for (size_t r = 0; r < dataset->flows[f]->ref_count; r++) {
            const struct flow_ref *ref = &dataset->flows[f]->refs[r];
            const struct dataset *input = ref->kind == REF_DATASET ? weiri_filled_by(ref->dataset) : NULL; /* the event log of what failed is there to be read */
            if (input && (input->failed || input->skipped)) {
                return true;
            }
        }
    }
    return false;
}

static void skip(struct run *run, struct dataset *dataset)
{
    dataset->skipped = true;
    for (size_t f = 0; f < dataset->flow_count; f++) {
        weiri_tell(run, dataset->flows[f]->name, "SKIPPED", "what it reads failed");
        weiri_report(run, dataset->flows[f]->name, dataset->kind == WEIR_DATASET_VIEW ? "materialized view" : "streaming table", "SKIPPED", 0, 0, 0, -1, "what it reads failed");
    }
}

static weir_rc run_flow_once(struct run *run, struct flow *flow, struct weir_stream_totals *totals, struct weir_error *err)
{
    struct live_flow live;
    WEIR_TRY(weiri_live_open(run, flow, WEIR_TRIGGER_AVAILABLE_NOW, &live, err));
    weir_rc rc = weir_stream_run(live.stream, totals, err);
    weiri_live_close(&live);
    return rc;
}

void weiri_add_quality(const struct weir_quality *quality, char *text, size_t len)
{
    char told[160];
    const size_t at = strlen(text);
    weir_quality_summary(quality, told, sizeof told);
    if (told[0] && at < len) {
        snprintf(text + at, len - at, "; %s", told);
    }
}

static const char *summary(const struct weir_stream_totals *totals, char *out, size_t len)
{
    if (totals->batches == 0) {
        snprintf(out, len, "nothing new");
    } else if (totals->files > 0) {
        snprintf(out, len, "%lld file%s, %lld row%s", (long long)totals->files, totals->files == 1 ? "" : "s", (long long)totals->rows, totals->rows == 1 ? "" : "s");
    } else {
        snprintf(out, len, "%lld row%s", (long long)totals->rows, totals->rows == 1 ? "" : "s");
    }
    weiri_add_quality(&totals->quality, out, len);
    return out;
}

static void run_flow(struct run *run, struct flow *flow)
{
    struct weir_stream_totals totals = {0};
    struct weir_error err;
    weir_rc rc = WEIR_OK;
    int64_t began = weir_mono_us();
    weiri_tell(run, flow->name, "RUNNING", NULL);
    for (int attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
        weir_error_clear(&err);
        rc = run_flow_once(run, flow, &totals, &err);
        if (rc == WEIR_OK || !err.retriable || weir_stop_level() > 0) {
            break;
        }
        weir_stop_wait(RETRY_WAIT_MS * attempt);
    }
    if (rc != WEIR_OK) {
        weiri_failure(run, flow->target, flow->name, rc, &err);
        return;
    }
    char how[256];
    pthread_mutex_lock(&run->lock);
    run->rows_in += totals.files > 0 ? totals.rows + totals.quality.dropped : 0;
    pthread_mutex_unlock(&run->lock);
    weiri_tell(run, flow->name, "COMPLETED", summary(&totals, how, sizeof how));
    weiri_report(run, flow->name, "streaming table", "COMPLETED", weir_mono_us() - began, totals.rows, totals.files, -1, how);
}

/* Flows that may run now: everything they read is done. Two flows into one table run side by side too: both only append. */
static bool inputs_done(const struct flow *flow)
{
    for (size_t r = 0; r < flow->ref_count; r++) {
        const struct dataset *input = flow->refs[r].dataset ? weiri_filled_by(flow->refs[r].dataset) : NULL;
        if (input && input->kind == WEIR_DATASET_STREAMING_TABLE && input->selected && input->mark != 3) {
            return false;
        }
    }
    return true;
}

struct wave {
    struct run *run;
    struct flow **flows;
    size_t count;
};

static weir_rc run_one(void *arg, int64_t index, struct weir_error *err)
{
    struct wave *wave = arg;
    (void)err;
    run_flow(wave->run, wave->flows[index]);
    return WEIR_OK; /* a flow's failure is its own */
}

/* mark 3: all flows of the dataset were run (or it is left out). */
static bool next_wave(struct run *run, struct wave *wave)
{
    wave->count = 0;
    bool left = false;
    for (size_t i = 0; i < run->graph.count; i++) {
        struct dataset *dataset = run->graph.order[i];
        if (dataset->kind != WEIR_DATASET_STREAMING_TABLE || !dataset->selected || dataset->mark == 3) {
            continue;
        }
        bool ready = true;
        for (size_t f = 0; f < dataset->flow_count; f++) {
            ready &= inputs_done(dataset->flows[f]);
        }
        left = true;
        for (size_t f = 0; ready && f < dataset->flow_count; f++) {
            wave->flows[wave->count++] = dataset->flows[f];
        }
    }
    return left;
}

static void run_streams(struct run *run)
{
    size_t flows = 0;
    for (size_t i = 0; i < run->graph.count; i++) {
        flows += run->graph.order[i]->flow_count;
    }
    struct wave wave = {.run = run, .flows = weir_calloc(flows + 1, sizeof *wave.flows)};
    while (weir_stop_level() == 0 && next_wave(run, &wave)) {
        size_t kept = 0;
        for (size_t i = 0; i < wave.count; i++) {
            struct dataset *target = wave.flows[i]->target;
            if (!target->skipped && input_failed(target)) {
                skip(run, target);
            }
            target->mark = 3;
            if (!target->skipped && !target->failed) {
                wave.flows[kept++] = wave.flows[i];
            }
        }
        wave.count = kept;
        struct weir_error err;
        weir_rc rc = weir_parallel(weir_cpu_count(), (int64_t)wave.count, run_one, &wave, &err);
        WEIR_ASSERT(rc == WEIR_OK);
    }
    weir_free(wave.flows);
}

/* --- views --- */

static void run_view(struct run *run, struct dataset *view)
{
    struct refresh_result result;
    struct weir_error err;
    weir_error_clear(&err);
    int64_t began = weir_mono_us();
    weiri_tell(run, view->full_name, "RUNNING", NULL);
    weir_rc rc = weiri_refresh(&run->graph, view, &run->pins, weiri_full_refresh(run->options, view), &result, &err);
    if (rc != WEIR_OK) {
        rc = weiri_at_place(&err, rc, view->flows[0]->file, view->flows[0]->pos);
        weiri_failure(run, view, view->full_name, rc, &err);
        return;
    }
    char how[256];
    snprintf(how, sizeof how, "%s", result.how);
    weiri_add_quality(&result.quality, how, sizeof how);
    weiri_tell(run, view->full_name, "COMPLETED", how);
    weiri_report(run, view->full_name, "materialized view", "COMPLETED", weir_mono_us() - began, result.rows, 0, result.version, how);
}

void weiri_run_views(struct run *run)
{
    weiri_pins_init(&run->pins, run->arena);
    for (size_t i = 0; i < run->graph.count && weir_stop_level() == 0; i++) {
        struct dataset *view = run->graph.order[i];
        if (view->kind != WEIR_DATASET_VIEW || !view->selected) {
            continue;
        }
        if (input_failed(view)) {
            skip(run, view);
        } else {
            run_view(run, view);
        }
    }
    weiri_pins_free(&run->pins);
}

/* --- a run --- */

static weir_rc prepare(struct run *run, struct weir_error *err)
{
    for (size_t i = 0; i < run->graph.count; i++) {
        struct dataset *dataset = run->graph.order[i];
        if (dataset->kind == WEIR_DATASET_STREAMING_TABLE) {
            WEIR_TRY(weiri_at_place(err, weiri_table_ready(&run->graph, dataset, err), dataset->file, dataset->pos));
        }
        for (size_t f = 0; dataset->selected && f < dataset->flow_count; f++) {
            weiri_tell(run, dataset->flows[f]->name, "QUEUED", NULL);
        }
    }
    return weiri_build_anew(run, err);
}

static bool nothing_happened(const struct run *run)
{
    for (size_t i = 0; i < run->report_count; i++) {
        const char *how = run->reports[i].how;
        if (strcmp(how, "nothing new") != 0 && strcmp(how, "up to date") != 0) {
            return false;
        }
    }
    return true;
}

weir_rc weir_pipeline_run(weir_project *project, weir_engine *engine, const struct weir_run_options *options, const struct weir_run_events *events, weir_arena *arena, struct weir_run_report *report,
                          struct weir_error *err)
{
    struct run run = {.options = options, .events = events, .arena = arena};
    weir_arena *graph_arena = weir_arena_new();
    int64_t began = weir_mono_us();
    *report = (struct weir_run_report){0};
    pthread_mutex_init(&run.lock, NULL);
    weir_rc rc = weiri_graph_build(project, engine, graph_arena, &run.graph, err);
    if (rc == WEIR_OK) {
        run.graph.options = options;
        rc = weiri_graph_analyze(&run.graph, err);
        if (rc == WEIR_OK) {
            rc = select_datasets(&run, err);
        }
        if (rc == WEIR_OK) {
            rc = prepare(&run, err);
        }
        if (rc == WEIR_OK && options->trigger != WEIR_TRIGGER_AVAILABLE_NOW && options->trigger != WEIR_TRIGGER_ONCE) {
            weiri_run_staying(&run);
        } else if (rc == WEIR_OK) {
            run_streams(&run);
            weiri_run_views(&run);
        }
        weiri_graph_close(&run.graph);
    }
    if (rc == WEIR_OK && run.rc != WEIR_OK) {
        rc = run.rc;
        if (err) {
            *err = run.error;
        }
    }
    report->flows = weir_arena_alloc(arena, (run.report_count + 1) * sizeof *report->flows);
    if (run.report_count > 0) {
        memcpy(report->flows, run.reports, run.report_count * sizeof *report->flows);
    }
    report->flow_count = run.report_count;
    report->rows_in = run.rows_in;
    report->files_in = run.files_in;
    report->elapsed_us = weir_mono_us() - began;
    report->nothing_new = rc == WEIR_OK && nothing_happened(&run);
    weir_free(run.reports);
    pthread_mutex_destroy(&run.lock);
    weir_arena_free(graph_arena);
    return rc;
}
