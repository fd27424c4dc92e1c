/* live.c - a streaming flow as a query of the stream room. */
#include "pipeline/run.h"
#include "base/uri.h"
#include <stdio.h>

static void on_progress(void *arg, const char *json)
{
    struct live_flow *live = arg;
    struct run *run = live->run;
    pthread_mutex_lock(&run->lock);
    if (run->events && run->events->progress) {
        run->events->progress(run->events->arg, live->flow->name, json);
    }
    pthread_mutex_unlock(&run->lock);
}

static void on_note(void *arg, const char *line)
{
    struct live_flow *live = arg;
    char *text = weir_asprintf("%s: %s", live->flow->name, line);
    weiri_note(live->run, text);
    weir_free(text);
}

static weir_rc gather_sources(struct live_flow *live, struct weir_error *err)
{
    const struct flow *flow = live->flow;
    live->sources = weir_arena_zalloc(live->arena, (flow->ref_count + 1) * sizeof *live->sources);
    live->ref_source = weir_arena_zalloc(live->arena, (flow->ref_count + 1) * sizeof *live->ref_source);
    for (size_t i = 0; i < flow->ref_count; i++) {
        if (flow->refs[i].ref.stream) {
            WEIR_TRY(weiri_stream_source(&live->run->graph, live->session, flow, &flow->refs[i], live->arena, &live->sources[live->source_count], err));
            live->ref_source[live->source_count] = (int)live->source_count;
            live->source_count++;
        }
    }
    return WEIR_OK;
}

/* What was found in the files holds from now on. */
static weir_rc keep_columns(struct live_flow *live, struct weir_error *err)
{
    for (size_t i = 0; i < live->flow->ref_count; i++) {
        const char *told = NULL;
        WEIR_TRY(weiri_source_keep(&live->run->graph, live->flow, &live->flow->refs[i], live->spec.checkpoint, live->arena, &told, err));
        if (told) {
            weiri_note(live->run, told);
        }
    }
    return WEIR_OK;
}

/* A table whose checkpoints were elsewhere, and none here: a fresh one would read every file a second time into it. */
static weir_rc check_storage(const struct live_flow *live, struct weir_error *err)
{
    const struct graph *graph = &live->run->graph;
    const struct dataset *target = live->flow->target;
    const char *now = graph->project->storage ? graph->project->storage : "";
    char *metadata = weir_path_join(live->spec.checkpoint, "metadata");
    bool known = weir_fs_exists(weir_engine_fs(graph->engine), metadata);
    weir_free(metadata);
    if (known || !target->storage || strcmp(target->storage, now) == 0) {
        return WEIR_OK;
    }
    return weir_fail(err, WEIR_CONFLICT, "PIPELINE_STORAGE_MOVED",
                     "%s was filled with its checkpoints in %s, and the spec's storage is %s now, where it has none: every file would be read again; set storage back, or rebuild the table with --full-refresh %s", target->full_name,
                     *target->storage ? target->storage : "the lakehouse", *now ? now : "the lakehouse", target->full_name);
}

weir_rc weiri_live_open(struct run *run, struct flow *flow, enum weir_trigger trigger, struct live_flow *live, struct weir_error *err)
{
    struct graph *graph = &run->graph;
    const char *note = NULL;
    *live = (struct live_flow){.run = run, .flow = flow, .arena = weir_arena_new()};
    weir_rc rc = weiri_session_for(graph, flow, &live->session, err);
    if (rc == WEIR_OK) {
        rc = gather_sources(live, err);
    }
    live->spec = (struct weir_stream_spec){.name = flow->name, .sources = live->sources, .source_count = live->source_count, .query = flow->query, .ref_source = live->ref_source,
                                           .table_path = flow->target->location, .table_name = flow->target->full_name, .trigger = trigger, .interval_ms = run->options->interval_ms,
                                           .threads = run->options->threads, .codec = WEIR_CODEC_SNAPPY, .expectations = weiri_expectations(flow->target), .origin = &live->origin};
    live->origin = weiri_event_origin(graph, flow);
    if (flow->target->quarantine) {
        live->spec.quarantine_path = flow->target->quarantine->location;
        live->spec.quarantine_name = flow->target->quarantine->full_name;
    }
    live->events = (struct weir_stream_events){.arg = live, .batch = on_progress, .note = on_note};
    if (rc == WEIR_OK) {
        rc = weiri_checkpoint_place(graph, flow, false, run->options->adopt, live->arena, &live->spec.checkpoint, &note, err);
    }
    if (rc == WEIR_OK) {
        rc = check_storage(live, err);
    }
    if (rc == WEIR_OK) {
        rc = keep_columns(live, err);
    }
    if (rc == WEIR_OK && note) {
        weiri_note(run, note);
    }
    if (rc == WEIR_OK) {
        rc = weir_stream_open(live->session, &live->spec, &live->events, &live->stream, err);
    }
    if (rc != WEIR_OK) {
        weiri_live_close(live);
    }
    return rc;
}

void weiri_live_close(struct live_flow *live)
{
    weir_stream_close(live->stream);
    for (size_t i = 0; i < live->source_count; i++) {
        weiri_stream_source_free(&live->sources[i]);
    }
    weir_session_close(live->session);
    weir_arena_free(live->arena);
    *live = (struct live_flow){0};
}
