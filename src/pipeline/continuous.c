/* continuous.c - a run that stays: each flow takes what is new, in graph order; then the views that lag are brought up to date once, whatever came
 * meanwhile; then it sleeps until something appears in a folder, a file ripens, or the interval is over. */
#include "pipeline/run.h"
#include "base/time.h"
#include "os/watch.h"
#include <stdio.h>

#define RELIST_MS 10000

struct staying {
    struct run *run;
    struct live_flow *flows; /* in graph order */
    size_t count;
    weir_watch *watch;       /* NULL: by the clock */
};

static weir_rc open_flows(struct staying *staying, struct weir_error *err)
{
    struct run *run = staying->run;
    size_t total = 0;
    for (size_t i = 0; i < run->graph.count; i++) {
        total += run->graph.order[i]->flow_count;
    }
    staying->flows = weir_calloc(total + 1, sizeof *staying->flows);
    for (size_t i = 0; i < run->graph.count; i++) {
        struct dataset *dataset = run->graph.order[i];
        for (size_t f = 0; dataset->kind == WEIR_DATASET_STREAMING_TABLE && dataset->selected && f < dataset->flow_count; f++) {
            struct flow *flow = dataset->flows[f];
            weir_rc rc = weiri_live_open(run, flow, run->options->trigger, &staying->flows[staying->count], err);
            if (rc != WEIR_OK) {
                weiri_failure(run, dataset, flow->name, rc, err);
                return rc;
            }
            weiri_tell(run, flow->name, "RUNNING", NULL);
            staying->count++;
        }
    }
    return WEIR_OK;
}

static void tell_flows(struct staying *staying, const char *const *paths, size_t count, bool rescan)
{
    for (size_t i = 0; i < staying->count; i++) {
        weir_stream_appeared(staying->flows[i].stream, paths, count, rescan);
    }
}

/* Folders only: what streams from a streaming table is asked again after its table grew. Tables that others write are watched too. */
static void open_watch(struct staying *staying)
{
    const char **folders = weir_calloc(staying->count * 8 + 1, sizeof *folders);
    size_t count = 0, cap = staying->count * 8;
    for (size_t i = 0; i < staying->count; i++) {
        count += weir_stream_folders(staying->flows[i].stream, folders + count, cap - count);
    }
    struct weir_error err;
    if (count > 0 && weir_watch_open(folders, count, true, &staying->watch, &err) != WEIR_OK) {
        staying->watch = NULL;
        weiri_note(staying->run, "the folders cannot be watched: listing them every second");
    } else if (count > 0) {
        tell_flows(staying, NULL, 0, true); /* what came between the opening and the watch */
    }
    weir_free(folders);
}

/* Everything that is there now, through all flows. False: a flow failed. */
static bool drain(struct staying *staying, bool *any, int64_t *wait_ms)
{
    *wait_ms = -1;
    for (size_t i = 0; i < staying->count; i++) {
        struct live_flow *live = &staying->flows[i];
        weir_rc rc = WEIR_OK;
        struct weir_error err;
        while (rc == WEIR_OK && weir_stop_level() == 0) {
            int64_t one = -1;
            weir_error_clear(&err);
            rc = weir_stream_step(live->stream, &live->totals, &one, &err);
            *any |= rc == WEIR_OK;
            *wait_ms = rc == WEIR_END && one >= 0 && (*wait_ms < 0 || one < *wait_ms) ? one : *wait_ms;
        }
        if (rc != WEIR_OK && rc != WEIR_END) {
            weiri_failure(staying->run, live->flow->target, live->flow->name, rc, &err);
            return false;
        }
    }
    return true;
}

static void wait_for_news(struct staying *staying, int64_t began_ms, int64_t wait_ms)
{
    const struct weir_run_options *options = staying->run->options;
    if (options->trigger == WEIR_TRIGGER_INTERVAL) {
        int64_t interval = options->interval_ms > 0 ? options->interval_ms : 10;
        int64_t left = began_ms / interval * interval + interval - weir_now_ms();
        if (left > 0) {
            weir_stop_wait(left);
        }
        return;
    }
    int64_t timeout = wait_ms >= 0 && wait_ms < RELIST_MS ? wait_ms : RELIST_MS;
    enum weir_watch_event event;
    struct weir_error err;
    if (staying->watch && weir_watch_wait(staying->watch, timeout, &event, &err) == WEIR_OK) {
        const char *const *paths = NULL;
        const size_t count = event == WEIR_WATCH_CHANGED ? weir_watch_paths(staying->watch, &paths) : 0;
        tell_flows(staying, paths, count, event == WEIR_WATCH_RESCAN);
        return;
    }
    if (staying->watch) {
        weir_watch_close(staying->watch);
        staying->watch = NULL;
        for (size_t i = 0; i < staying->count; i++) {
            weir_stream_unwatched(staying->flows[i].stream);
        }
        weiri_note(staying->run, "the folders cannot be watched any more: listing them every second");
    }
    weir_stop_wait(timeout < 1000 ? timeout : 1000);
}

static void close_flows(struct staying *staying)
{
    char how[256];
    for (size_t i = 0; i < staying->count; i++) {
        struct live_flow *live = &staying->flows[i];
        snprintf(how, sizeof how, "%lld batch%s, %lld file%s, %lld row%s", (long long)live->totals.batches, live->totals.batches == 1 ? "" : "es", (long long)live->totals.files,
                 live->totals.files == 1 ? "" : "s", (long long)live->totals.rows, live->totals.rows == 1 ? "" : "s");
        weiri_add_quality(&live->totals.quality, how, sizeof how);
        staying->run->rows_in += live->totals.files > 0 ? live->totals.rows + live->totals.quality.dropped : 0;
        if (!live->flow->target->failed) {
            weiri_report(staying->run, live->flow->name, "streaming table", "STOPPED", live->totals.elapsed_us, live->totals.rows, live->totals.files, -1, how);
        }
        weiri_live_close(live);
    }
    weir_free(staying->flows);
    weir_watch_close(staying->watch);
}

void weiri_run_staying(struct run *run)
{
    struct staying staying = {.run = run};
    struct weir_error err;
    weir_error_clear(&err);
    if (open_flows(&staying, &err) == WEIR_OK) {
        if (run->options->trigger == WEIR_TRIGGER_CONTINUOUS) {
            open_watch(&staying);
        }
        bool first = true, alive = true;
        while (alive && weir_stop_level() == 0) {
            bool any = first;
            int64_t began_ms = weir_now_ms(), wait_ms = -1;
            alive = drain(&staying, &any, &wait_ms);
            if (alive && any) {
                size_t reports = run->report_count;
                weiri_run_views(run);
                run->report_count = run->rc == WEIR_OK ? reports : run->report_count; /* only the last word counts in a run that stays */
                alive = run->rc == WEIR_OK;
            } else if (alive) {
                wait_for_news(&staying, began_ms, wait_ms);
            }
            first = false;
        }
    }
    close_flows(&staying);
}
