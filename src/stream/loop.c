/* loop.c - the life of a query: open and check, then plan a batch, run it, acknowledge it, until its trigger says that it is done.
 *
 *     plan every source (their logs are durable) -> offsets/N -> rows and txn in one commit -> commits/N
 *
 * A batch that was planned and not acknowledged is run again first, exactly as it was planned; the table's txn tells whether its rows are there. */
#include "stream/stream_internal.h"
#include "stream/prepared.h"
#include "base/log.h"
#include "base/time.h"
#include "base/uri.h"
#include "os/thread.h"
#include "os/watch.h"
#include <stdio.h>

#define RELIST_MS 10000 /* the listing is the truth: looked at even when the watcher says nothing */

void weir_stream_note(weir_stream *stream, const char *fmt, ...)
{
    char line[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    if (stream->events.note) {
        stream->events.note(stream->events.arg, line);
    } else {
        weir_log(WEIR_LOG_INFO, "stream", "%s", line);
    }
}

size_t weir_stream_folders(const weir_stream *stream, const char **folders_out, size_t max)
{
    size_t count = 0;
    for (size_t i = 0; i < stream->feed_count && count < max; i++) {
        folders_out[count++] = stream->feeds[i]->watch_folder;
    }
    return count;
}

void weir_stream_appeared(weir_stream *stream, const char *const *paths, size_t count, bool rescan)
{
    for (size_t i = 0; i < stream->feed_count; i++) {
        if (stream->feeds[i]->ops->appeared) {
            stream->feeds[i]->ops->appeared(stream->feeds[i], paths, count, rescan);
        }
    }
}

void weir_stream_unwatched(weir_stream *stream)
{
    for (size_t i = 0; i < stream->feed_count; i++) {
        if (stream->feeds[i]->ops->unwatched) {
            stream->feeds[i]->ops->unwatched(stream->feeds[i]);
        }
    }
}

/* --- opening --- */

/* No query of the caller's: all columns of all sources, one after the other. */
static weir_rc default_query(weir_stream *stream, struct weir_error *err)
{
    struct weir_buf sql;
    weir_buf_init(&sql, 1 << 20);
    int *refs = weir_arena_alloc(stream->arena, (stream->feed_count + 1) * sizeof *refs);
    for (size_t i = 0; i < stream->feed_count; i++) {
        weir_buf_printf(&sql, "%sSELECT * FROM STREAM `source %zu`", i ? " UNION ALL " : "", i);
        refs[i] = (int)i;
    }
    struct weir_stmt *stmts = NULL;
    size_t count = 0;
    char *text = weir_arena_strdup(stream->arena, sql.data);
    weir_buf_free(&sql);
    WEIR_TRY(weir_sql_parse(stream->arena, weir_str(text), &stmts, &count, err));
    WEIR_ASSERT(count == 1 && stmts[0].query);
    stream->query = stmts[0].query;
    stream->ref_source = refs;
    return WEIR_OK;
}

/* Where the query names its streams, so that each can be told again when the query is translated. */
static weir_rc place_refs(weir_stream *stream, struct weir_error *err)
{
    struct weir_table_ref *refs = NULL;
    size_t count = 0;
    WEIR_TRY(weir_sql_tables(stream->arena, stream->query, &refs, &count, err));
    stream->ref_pos = weir_arena_alloc(stream->arena, (count + 1) * sizeof *stream->ref_pos);
    for (size_t i = 0; i < count; i++) {
        if (refs[i].stream) {
            stream->ref_pos[stream->ref_count++] = refs[i].pos;
        }
    }
    return WEIR_OK;
}

static weir_rc open_feeds(weir_stream *stream, struct weir_error *err)
{
    const struct weir_stream_spec *spec = stream->spec;
    stream->feed_count = 0;
    stream->feeds = weir_calloc(spec->source_count, sizeof(weir_feed *));
    for (size_t i = 0; i < spec->source_count; i++) {
        const struct weir_stream_source *source = &spec->sources[i];
        WEIR_TRY(source->kind == WEIR_SOURCE_FOLDER ? weir_feed_open_folder(stream->fs, stream->checkpoint, (int)i, source, spec->trigger, &stream->feeds[i], err)
                                                    : weir_feed_open_delta(stream->engine, (int)i, source, spec->trigger, &stream->feeds[i], err));
        stream->feed_count++;
    }
    return WEIR_OK;
}

weir_rc weir_stream_open(weir_session *session, const struct weir_stream_spec *spec, const struct weir_stream_events *events, weir_stream **out, struct weir_error *err)
{
    *out = NULL;
    WEIR_ASSERT(spec->source_count > 0);
    weir_stream *stream = weir_calloc(1, sizeof *stream);
    stream->session = session;
    stream->engine = weir_session_engine(session);
    stream->fs = weir_engine_fs(stream->engine);
    stream->spec = spec;
    stream->events = events ? *events : (struct weir_stream_events){0};
    stream->arena = weir_arena_new();
    stream->run_id = weir_uuid_new();
    stream->sink = weir_engine_table(stream->engine, spec->table_path);
    stream->quarantine = spec->quarantine_path ? weir_engine_table(stream->engine, spec->quarantine_path) : NULL;
    stream->prepared_may_be = true;
    stream->query = spec->query;
    stream->ref_source = spec->ref_source;
    weir_rc rc = weir_checkpoint_open(stream->fs, spec->checkpoint, true, true, &stream->checkpoint, err);
    if (rc == WEIR_OK) {
        rc = open_feeds(stream, err);
    }
    if (rc == WEIR_OK) {
        rc = weir_stream_check(stream, err);
    }
    if (rc == WEIR_OK && !stream->query) {
        rc = default_query(stream, err);
    }
    if (rc == WEIR_OK) {
        rc = place_refs(stream, err);
    }
    if (rc == WEIR_OK) {
        stream->simple = spec->source_count == 1 && spec->sources[0].kind == WEIR_SOURCE_FOLDER && weir_sql_simple(stream->arena, stream->query, &stream->shape) &&
                         stream->shape.table.stream;
        const weir_schema *schema = NULL;
        rc = weir_stream_output(stream, stream->arena, &schema, err); /* a query that cannot run is refused before anything is planned */
    }
    if (rc != WEIR_OK) {
        weir_stream_close(stream);
        return rc;
    }
    *out = stream;
    return WEIR_OK;
}

void weir_stream_close(weir_stream *stream)
{
    if (!stream) {
        return;
    }
    for (size_t i = 0; i < stream->feed_count; i++) {
        stream->feeds[i]->ops->close(stream->feeds[i]);
    }
    weir_free(stream->feeds);
    weir_checkpoint_close(stream->checkpoint);
    weir_arena_free(stream->arena);
    weir_free(stream);
}

/* --- a batch --- */

static weir_rc read_lines(weir_stream *stream, int64_t batch, weir_arena *arena, struct weir_offsets *out, struct weir_error *err)
{
    if (batch < 0) {
        const char **none = weir_arena_zalloc(arena, (stream->feed_count + 1) * sizeof *none);
        *out = (struct weir_offsets){.lines = none, .count = stream->feed_count};
        return WEIR_OK;
    }
    return weir_checkpoint_read_offsets(stream->checkpoint, batch, arena, out, err);
}

static void tell_waiting(weir_stream *stream)
{
    size_t waiting = 0, aged = 0;
    const char *how = NULL;
    for (size_t i = 0; i < stream->feed_count; i++) {
        waiting += stream->feeds[i]->waiting;
        aged += stream->feeds[i]->aged;
        how = stream->feeds[i]->lease_note ? stream->feeds[i]->lease_note : how;
    }
    if (waiting > 0 && waiting != stream->waiting_told) {
        weir_stream_note(stream, "%zu file%s still being written (known by %s): left for later", waiting, waiting == 1 ? " is" : "s are", how ? how : "quiet time");
    }
    if (aged > 0 && aged != stream->aged_told) {
        weir_stream_note(stream, "%zu file%s older than maxFileAge allows (counted from the newest file read) and will not be read; raise maxFileAge, or touch them", aged,
                         aged == 1 ? " is" : "s are");
    }
    stream->waiting_told = waiting;
    stream->aged_told = aged;
}

/* Plan batch N; *any tells whether there is one. Its offsets are durable then. */
static weir_rc plan_batch(weir_stream *stream, int64_t batch, const struct weir_offsets *last, weir_arena *arena, struct weir_batch_plan *plan, bool *any, struct weir_progress *progress,
                          struct weir_error *err)
{
    int64_t began = weir_mono_us();
    const char **ends = weir_arena_zalloc(arena, (stream->feed_count + 1) * sizeof *ends);
    *any = false;
    for (size_t i = 0; i < stream->feed_count; i++) {
        weir_feed *feed = stream->feeds[i];
        WEIR_TRY(feed->ops->plan(feed, last->lines[i], stream->spec->trigger == WEIR_TRIGGER_ONCE, arena, &ends[i], err));
        *any |= ends[i] != last->lines[i];
    }
    tell_waiting(stream);
    progress->phase_us[WEIR_PHASE_LATEST_OFFSET] = weir_mono_us() - began;
    if (!*any) {
        return WEIR_OK;
    }
    *plan = (struct weir_batch_plan){.number = batch, .timestamp_ms = weir_now_ms(), .start = last->lines, .end = ends};
    struct weir_offsets offsets = {.watermark_ms = last->watermark_ms, .timestamp_ms = plan->timestamp_ms, .conf = last->conf, .lines = ends, .count = stream->feed_count};
    began = weir_mono_us();
    weir_rc rc = weir_checkpoint_write_offsets(stream->checkpoint, batch, &offsets, err);
    progress->phase_us[WEIR_PHASE_WAL_COMMIT] = weir_mono_us() - began;
    return rc;
}

static void report(weir_stream *stream, const struct weir_batch_plan *plan, const struct weir_batch_result *result, weir_arena *arena, struct weir_progress *progress)
{
    progress->id = weir_checkpoint_id(stream->checkpoint);
    progress->run_id = stream->run_id.text;
    progress->name = stream->spec->name;
    progress->previous_started_us = stream->previous_started_us;
    progress->batch = plan->number;
    progress->rows = result->rows_in;
    progress->source_count = stream->feed_count;
    progress->sources = weir_arena_zalloc(arena, (stream->feed_count + 1) * sizeof *progress->sources);
    for (size_t i = 0; i < stream->feed_count; i++) {
        progress->sources[i] = (struct weir_progress_source){stream->feeds[i]->description, plan->start[i], plan->end[i], result->feed_rows[i]};
    }
    progress->data_quality = result->data_quality;
    progress->sink = weir_arena_printf(arena, "DeltaSink[file:%s]", stream->spec->table_path);
    struct weir_buf line;
    weir_buf_init(&line, 1 << 24);
    weir_progress_print(&line, progress);
    if (stream->events.batch) {
        stream->events.batch(stream->events.arg, line.data);
    }
    if (result->version >= 0) {
        weir_notes_batch(stream->checkpoint, plan->number, result->version, result->files, result->file_count, weir_buf_view(&line));
    }
    weir_buf_free(&line);
    stream->previous_started_us = progress->started_us;
}

static weir_rc run_planned(weir_stream *stream, const struct weir_batch_plan *plan, weir_arena *arena, struct weir_progress *progress, int64_t began, struct weir_stream_totals *totals,
                           struct weir_error *err)
{
    struct weir_batch_result result;
    WEIR_TRY(weir_batch_run(stream, plan, arena, &result, progress, err));
    int64_t acknowledged = weir_mono_us();
    WEIR_TRY(weir_checkpoint_write_commit(stream->checkpoint, plan->number, err));
    if (stream->prepared_may_be) {
        weir_prepared_forget(stream->checkpoint);
        stream->prepared_may_be = false;
    }
    progress->phase_us[WEIR_PHASE_COMMIT_OFFSETS] = weir_mono_us() - acknowledged;
    progress->duration_us = weir_mono_us() - began;
    if (stream->events.committed) {
        stream->events.committed(stream->events.arg, result.version, result.rows_out);
    }
    report(stream, plan, &result, arena, progress);
    weir_checkpoint_purge(stream->checkpoint, plan->number);
    totals->batches++;
    totals->rows += result.rows_out;
    totals->files += (int64_t)result.file_count;
    totals->bytes += result.bytes;
    totals->bad_rows += result.bad_rows;
    totals->quality.rows += result.quality.rows;
    totals->quality.written += result.quality.written;
    totals->quality.dropped += result.quality.dropped;
    totals->quality.quarantined += result.quality.quarantined;
    totals->quality.kept += result.quality.kept;
    return WEIR_OK;
}

static weir_rc step(weir_stream *stream, weir_arena *arena, struct weir_stream_totals *totals, struct weir_error *err)
{
    struct weir_progress progress = {.started_us = weir_now_us()};
    struct weir_batch_plan plan = {0};
    int64_t began = weir_mono_us();
    int64_t last = weir_checkpoint_last_offset(stream->checkpoint);
    struct weir_offsets offsets, before;
    WEIR_TRY(read_lines(stream, last, arena, &offsets, err));
    if (last > weir_checkpoint_last_commit(stream->checkpoint)) {
        WEIR_TRY(read_lines(stream, last - 1, arena, &before, err));
        plan = (struct weir_batch_plan){.number = last, .timestamp_ms = offsets.timestamp_ms, .start = before.lines, .end = offsets.lines};
        weir_log(WEIR_LOG_INFO, "stream", "batch %lld was planned and not acknowledged: running it again as planned", (long long)last);
        return run_planned(stream, &plan, arena, &progress, began, totals, err);
    }
    bool any = false;
    WEIR_TRY(plan_batch(stream, last + 1, &offsets, arena, &plan, &any, &progress, err));
    return any ? run_planned(stream, &plan, arena, &progress, began, totals, err) : WEIR_END;
}

static int64_t shortest_wait(const weir_stream *stream)
{
    int64_t wait = -1;
    for (size_t i = 0; i < stream->feed_count; i++) {
        int64_t one = stream->feeds[i]->wait_ms;
        wait = one >= 0 && (wait < 0 || one < wait) ? one : wait;
    }
    return wait;
}

weir_rc weir_stream_step(weir_stream *stream, struct weir_stream_totals *totals, int64_t *wait_ms_out, struct weir_error *err)
{
    weir_arena *arena = weir_arena_new();
    *wait_ms_out = -1;
    weir_rc rc = step(stream, arena, totals, err);
    if (rc == WEIR_END) {
        *wait_ms_out = shortest_wait(stream);
    }
    weir_arena_free(arena);
    return rc;
}

/* --- triggers --- */

static weir_rc open_watch(weir_stream *stream, weir_watch **out, struct weir_error *err)
{
    const char **folders = weir_arena_alloc(stream->arena, (stream->feed_count + 1) * sizeof *folders);
    bool recursive = false;
    for (size_t i = 0; i < stream->feed_count; i++) {
        folders[i] = stream->feeds[i]->watch_folder;
        recursive |= stream->feeds[i]->watch_recursive;
    }
    return weir_watch_open(folders, stream->feed_count, recursive, out, err);
}

/* Sleep until something happened, a file ripened, or it is time to look anyway. */
static weir_rc wait_for_news(weir_stream *stream, weir_watch **watch, int64_t wait_ms, struct weir_error *err)
{
    enum weir_watch_event event = WEIR_WATCH_NONE;
    int64_t timeout = wait_ms >= 0 && wait_ms < RELIST_MS ? wait_ms : RELIST_MS;
    weir_rc rc = *watch ? weir_watch_wait(*watch, timeout, &event, err) : WEIR_UNSUPPORTED;
    if (rc == WEIR_UNSUPPORTED) {
        if (*watch) {
            weir_stream_note(stream, "the folder cannot be watched (%s): listing it every second", err ? err->msg : "no inotify");
            weir_watch_close(*watch);
            *watch = NULL;
            weir_stream_unwatched(stream);
        }
        weir_error_clear(err);
        weir_stop_wait(timeout < 1000 ? timeout : 1000);
        return WEIR_OK;
    }
    if (rc == WEIR_OK && event != WEIR_WATCH_STOP) {
        const char *const *paths = NULL;
        const size_t count = event == WEIR_WATCH_CHANGED ? weir_watch_paths(*watch, &paths) : 0;
        weir_stream_appeared(stream, paths, count, event == WEIR_WATCH_RESCAN);
    }
    return rc;
}

static weir_rc run_continuous(weir_stream *stream, struct weir_stream_totals *totals, struct weir_error *err)
{
    weir_watch *watch = NULL;
    weir_rc rc = open_watch(stream, &watch, err);
    if (rc == WEIR_UNSUPPORTED) {
        weir_error_clear(err);
        rc = WEIR_OK;
    } else if (rc == WEIR_OK) {
        weir_stream_appeared(stream, NULL, 0, true); /* what came between the opening and the watch */
    }
    while (rc == WEIR_OK && weir_stop_level() == 0) {
        int64_t wait_ms = -1;
        rc = weir_stream_step(stream, totals, &wait_ms, err);
        if (rc == WEIR_END) {
            rc = wait_for_news(stream, &watch, wait_ms, err);
        }
    }
    weir_watch_close(watch);
    return rc;
}

/* Spark's ProcessingTime: at multiples of the interval since 1970; a batch that took longer is followed at once. */
static weir_rc run_interval(weir_stream *stream, struct weir_stream_totals *totals, struct weir_error *err)
{
    int64_t interval = stream->spec->interval_ms;
    while (weir_stop_level() == 0) {
        int64_t began = weir_now_ms(), wait_ms = -1;
        weir_rc rc = weir_stream_step(stream, totals, &wait_ms, err);
        if (rc != WEIR_OK && rc != WEIR_END) {
            return rc;
        }
        int64_t next = interval > 0 ? began / interval * interval + interval : began;
        int64_t left = next - weir_now_ms();
        if (left > 0) {
            weir_stop_wait(left);
        } else if (rc == WEIR_END && interval == 0) {
            weir_stop_wait(10); /* Spark's pollingDelay */
        }
    }
    return WEIR_OK;
}

static weir_rc run_available(weir_stream *stream, struct weir_stream_totals *totals, struct weir_error *err)
{
    weir_rc rc = WEIR_OK;
    while (rc == WEIR_OK && weir_stop_level() == 0) {
        int64_t wait_ms = -1;
        rc = weir_stream_step(stream, totals, &wait_ms, err);
        if (stream->spec->trigger == WEIR_TRIGGER_ONCE && rc == WEIR_OK) {
            return WEIR_OK;
        }
    }
    return rc == WEIR_END ? WEIR_OK : rc;
}

weir_rc weir_stream_run(weir_stream *stream, struct weir_stream_totals *totals, struct weir_error *err)
{
    struct weir_error own;
    err = err ? err : &own;
    weir_error_clear(err);
    int64_t began = weir_mono_us();
    weir_rc rc = WEIR_OK;
    switch (stream->spec->trigger) {
    case WEIR_TRIGGER_AVAILABLE_NOW:
    case WEIR_TRIGGER_ONCE:
        rc = run_available(stream, totals, err);
        break;
    case WEIR_TRIGGER_INTERVAL:
        rc = run_interval(stream, totals, err);
        break;
    case WEIR_TRIGGER_CONTINUOUS:
        rc = run_continuous(stream, totals, err);
        break;
    }
    totals->elapsed_us += weir_mono_us() - began;
    totals->nothing_new = rc == WEIR_OK && totals->batches == 0;
    totals->stopped = weir_stop_level() > 0;
    return rc;
}
