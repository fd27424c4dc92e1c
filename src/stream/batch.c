/* batch.c - one planned batch: found in the table already, or written and committed with its txn. The commit is the moment of truth: before it nothing
 * is visible, after it the batch is never run again (architecture.md section 6). */
#include "stream/stream_internal.h"
#include "stream/prepared.h"
#include "base/time.h"
#include "base/uri.h"
#include <stdio.h>

#define REREADS_MAX 5 /* a file that changed while it was read is read again, whole, so many times */

weir_rc weir_stream_ready_sink(weir_stream *stream, struct weir_error *err)
{
    if (stream->sink_checked) {
        return WEIR_OK;
    }
    if (!weir_delta_exists(stream->sink)) {
        if (!stream->spec->create) {
            return weir_fail(err, WEIR_NOT_FOUND, "DELTA_TABLE_NOT_FOUND", "%s does not exist; create it first", stream->spec->table_name);
        }
        const weir_schema *schema = NULL;
        WEIR_TRY(weir_stream_output(stream, stream->arena, &schema, err));
        WEIR_TRY(stream->spec->create(stream->spec->create_arg, schema, err));
    }
    weir_snapshot *snapshot = NULL;
    WEIR_TRY(weir_delta_snapshot(stream->sink, &snapshot, err));
    weir_rc rc = weir_notes_bind_sink(stream->checkpoint, weir_snapshot_metadata(snapshot)->id, stream->spec->table_path, err);
    weir_snapshot_unref(snapshot);
    stream->sink_checked = rc == WEIR_OK;
    return rc;
}

static weir_rc load_feeds(weir_stream *stream, const struct weir_batch_plan *plan, weir_arena *arena, struct weir_error *err)
{
    for (size_t i = 0; i < stream->feed_count; i++) {
        WEIR_TRY(stream->feeds[i]->ops->load(stream->feeds[i], plan->start[i], plan->end[i], arena, err));
    }
    return WEIR_OK;
}

/* The same words in the commits of both tables; what the expectations counted stands in the table's alone. */
static void describe_commit(weir_stream *stream, const struct weir_batch_plan *plan, const char *data_quality, weir_txn *txn)
{
    char *query = weir_asprintf("\"%s\"", weir_checkpoint_id(stream->checkpoint));
    char *epoch = weir_asprintf("\"%lld\"", (long long)plan->number);
    weir_txn_set_app(txn, weir_checkpoint_id(stream->checkpoint), plan->number);
    weir_txn_operation(txn, "STREAMING UPDATE");
    weir_txn_parameter(txn, "outputMode", "\"Append\"");
    weir_txn_parameter(txn, "queryId", query);
    weir_txn_parameter(txn, "epochId", epoch);
    if (stream->spec->origin) {
        weir_event_remember(txn, stream->spec->origin, data_quality);
    }
    weir_free(query);
    weir_free(epoch);
}

/* Columns that came, then the files. Takes the writer. */
static weir_rc finish_files(weir_delta_writer *writer, weir_txn *txn, bool grown, const weir_schema *columns, struct weir_error *err)
{
    weir_rc rc = grown ? weir_txn_set_schema(txn, columns, err) : WEIR_OK;
    if (rc == WEIR_OK) {
        return weir_delta_writer_finish(writer, txn, err);
    }
    weir_delta_writer_abort(writer);
    return rc;
}

/* --- the second table: rows that expectations set aside (prepared.h) --- */

static bool has_batch(const weir_stream *stream, const weir_snapshot *snapshot, const struct weir_batch_plan *plan)
{
    int64_t version = -1;
    return weir_snapshot_txn(snapshot, weir_checkpoint_id(stream->checkpoint), &version) && version >= plan->number;
}

static weir_rc write_prepared(weir_stream *stream, const struct weir_batch_plan *plan, const struct weir_batch_sinks *sinks, const weir_txn *txn, const struct weir_batch_result *result, struct weir_error *err)
{
    struct weir_buf files, columns;
    const struct weir_quality *q = &result->quality;
    weir_buf_init(&files, 0);
    weir_buf_init(&columns, 0);
    weir_txn_print_files(txn, &files);
    if (sinks->grown) {
        weir_schema_print_json(&columns, sinks->columns);
    }
    const struct weir_prepared prepared = {.batch = plan->number, .table_id = weir_snapshot_metadata(sinks->table)->id, .columns = sinks->grown ? columns.data : NULL, .quarantine_path = stream->spec->quarantine_path, .rows_in = result->rows_in, .rows = q->rows,
                                           .written = q->written, .dropped = q->dropped, .quarantined = q->quarantined, .kept = q->kept, .data_quality = result->data_quality, .files = weir_buf_view(&files)};
    weir_rc rc = weir_prepared_write(stream->checkpoint, &prepared, err);
    stream->prepared_may_be = true;
    weir_buf_free(&files);
    weir_buf_free(&columns);
    return rc;
}

/* Before the table's own commit. Takes the quarantine's writer. */
static weir_rc commit_aside(weir_stream *stream, const struct weir_batch_plan *plan, struct weir_batch_sinks *sinks, const weir_txn *txn, const struct weir_batch_result *result, struct weir_error *err)
{
    int64_t version = -1;
    weir_delta_writer *aside = sinks->aside;
    sinks->aside = NULL;
    if (!aside || weir_delta_writer_rows(aside) == 0) {
        weir_delta_writer_abort(aside);
        return WEIR_OK;
    }
    weir_txn *own = weir_txn_begin(stream->quarantine, sinks->quarantine);
    describe_commit(stream, plan, NULL, own);
    weir_rc rc = finish_files(aside, own, sinks->aside_grown, sinks->aside_columns, err);
    if (rc == WEIR_OK) {
        rc = write_prepared(stream, plan, sinks, txn, result, err);
    }
    if (rc == WEIR_OK) {
        rc = weir_txn_commit(own, &version, err);
    }
    weir_txn_free(own);
    if (rc != WEIR_OK) {
        weir_error_wrap(err, "%s", stream->spec->quarantine_name);
    }
    return rc;
}

/* The columns that came with the batch, behind those that the table has by now. */
static weir_rc take_columns(weir_txn *txn, const struct weir_prepared *prepared, const weir_snapshot *snapshot, weir_arena *arena, struct weir_error *err)
{
    weir_schema *columns = NULL;
    const char *names = NULL;
    WEIR_TRY(weir_schema_parse_json(arena, weir_str(prepared->columns), &columns, err));
    const weir_schema *grown = weir_schema_grow(weir_snapshot_metadata(snapshot)->schema, columns, arena, &names);
    return names ? weir_txn_set_schema(txn, grown, err) : WEIR_OK;
}

/* The commit of the table as it was prepared; the quarantine has its own. WEIR_NOT_FOUND: a file of it is gone. */
static weir_rc commit_prepared(weir_stream *stream, const struct weir_batch_plan *plan, const struct weir_prepared *prepared, weir_snapshot *snapshot, weir_arena *arena, struct weir_batch_result *result,
                               struct weir_error *err)
{
    weir_txn *txn = weir_txn_begin(stream->sink, snapshot);
    describe_commit(stream, plan, prepared->data_quality, txn);
    weir_txn_rows(txn, prepared->written);
    weir_rc rc = weir_txn_take_files(txn, prepared->files, err);
    if (rc == WEIR_OK && prepared->columns) {
        rc = take_columns(txn, prepared, snapshot, arena, err);
    }
    if (rc == WEIR_OK) {
        rc = weir_txn_commit(txn, &result->version, err);
    }
    weir_txn_free(txn);
    if (rc == WEIR_OK) {
        result->rows_in = prepared->rows_in;
        result->rows_out = prepared->written;
        result->quality = (struct weir_quality){.rows = prepared->rows, .written = prepared->written, .dropped = prepared->dropped, .quarantined = prepared->quarantined, .kept = prepared->kept};
        result->data_quality = prepared->data_quality;
    }
    return rc;
}

/* Does a crash between the two commits wait here? Asked of what was remembered, not of the spec: the expectation may be gone from the statement. */
static weir_rc finish_prepared(weir_stream *stream, const struct weir_batch_plan *plan, weir_arena *arena, weir_snapshot *snapshot, struct weir_batch_result *result, bool *done, struct weir_error *err)
{
    struct weir_prepared prepared;
    weir_snapshot *quarantine = NULL;
    weir_rc rc = weir_prepared_read(stream->checkpoint, arena, &prepared, err);
    *done = false;
    if (rc == WEIR_NOT_FOUND) {
        weir_error_clear(err);
        stream->prepared_may_be = false;
        return WEIR_OK;
    }
    WEIR_TRY(rc);
    if (prepared.batch != plan->number || strcmp(prepared.table_id, weir_snapshot_metadata(snapshot)->id) != 0 || !weir_delta_exists(weir_engine_table(stream->engine, prepared.quarantine_path))) {
        return WEIR_OK;
    }
    WEIR_TRY(weir_delta_snapshot(weir_engine_table(stream->engine, prepared.quarantine_path), &quarantine, err));
    const bool waits = has_batch(stream, quarantine, plan);
    weir_snapshot_unref(quarantine);
    if (!waits) {
        return WEIR_OK;
    }
    rc = commit_prepared(stream, plan, &prepared, snapshot, arena, result, err);
    if (rc == WEIR_NOT_FOUND) {
        weir_stream_note(stream, "batch %lld was in its quarantine and not in its table yet, and is computed again: %s", (long long)plan->number, err ? err->msg : "a file is gone");
        weir_error_clear(err);
        return WEIR_OK;
    }
    *done = rc == WEIR_OK;
    return rc;
}

/* --- the rows --- */

/* The sink's columns, with those that came with the files behind them: they come into the table in the commit of the first rows that have them. *grown_out: NULL = as they were. */
static weir_rc sink_columns(weir_stream *stream, const weir_snapshot *snapshot, weir_arena *arena, const weir_schema **out, bool *grown_out, struct weir_error *err)
{
    const weir_schema *output = NULL;
    const char *names = NULL;
    bool may = false, did = !stream->columns_checked;
    *out = weir_snapshot_metadata(snapshot)->schema;
    *grown_out = false;
    for (size_t i = 0; i < stream->feed_count; i++) {
        weir_feed *feed = stream->feeds[i];
        may |= feed->may_grow;
        did |= feed->grown;
        if (feed->grown && feed->grown_names) {
            weir_stream_note(stream, "new fields in the files: %.800s", feed->grown_names);
        }
        feed->grown_names = NULL;
    }
    if (!may || !did) {
        return WEIR_OK;
    }
    WEIR_TRY(weir_stream_output(stream, arena, &output, err));
    const weir_schema *grown = weir_schema_grow(*out, output, arena, &names);
    *out = names ? grown : *out;
    *grown_out = names != NULL;
    return WEIR_OK;
}

/* The same for the quarantine, which has all columns of its table. */
static void aside_columns(weir_arena *arena, struct weir_batch_sinks *sinks)
{
    const weir_schema *have = weir_snapshot_metadata(sinks->quarantine)->schema;
    const char *names = NULL;
    const weir_schema *grown = weir_schema_grow(have, weir_quarantine_schema(arena, sinks->columns), arena, &names);
    sinks->aside_columns = names ? grown : have;
    sinks->aside_grown = names != NULL;
}

static weir_rc open_writer(const weir_stream *stream, weir_delta *table, const weir_snapshot *snapshot, const weir_schema *columns, weir_delta_writer **out, struct weir_error *err)
{
    const struct weir_metadata *metadata = weir_snapshot_metadata(snapshot);
    const struct weir_delta_writer_options options = {.codec = stream->spec->codec};
    return weir_delta_writer_new(table, columns, metadata->partition_columns, metadata->partition_count, metadata->configuration, &options, out, err);
}

static weir_rc write_files(weir_stream *stream, const struct weir_batch_plan *plan, weir_arena *arena, struct weir_batch_sinks *sinks, struct weir_batch_result *result, struct weir_error *err)
{
    weir_rc rc = WEIR_OK;
    if (sinks->quarantine && !has_batch(stream, sinks->quarantine, plan)) {
        aside_columns(arena, sinks);
        rc = open_writer(stream, stream->quarantine, sinks->quarantine, sinks->aside_columns, &sinks->aside, err);
    }
    return rc == WEIR_OK ? weir_batch_fill(stream, plan, arena, sinks, result, err) : rc;
}

static void columns_are_there(weir_stream *stream)
{
    stream->columns_checked = true;
    for (size_t i = 0; i < stream->feed_count; i++) {
        stream->feeds[i]->grown = false;
    }
}

static weir_rc write_once(weir_stream *stream, const struct weir_batch_plan *plan, weir_arena *arena, struct weir_batch_sinks *sinks, struct weir_batch_result *result, struct weir_error *err)
{
    WEIR_TRY(sink_columns(stream, sinks->table, arena, &sinks->columns, &sinks->grown, err));
    WEIR_TRY(open_writer(stream, stream->sink, sinks->table, sinks->columns, &sinks->writer, err));
    weir_rc rc = write_files(stream, plan, arena, sinks, result, err);
    if (rc != WEIR_OK) {
        weir_delta_writer_abort(sinks->writer);
        weir_delta_writer_abort(sinks->aside);
        sinks->writer = sinks->aside = NULL;
        return rc;
    }
    result->rows_out = weir_delta_writer_rows(sinks->writer);
    weir_txn *txn = weir_txn_begin(stream->sink, sinks->table);
    describe_commit(stream, plan, result->data_quality, txn);
    rc = finish_files(sinks->writer, txn, sinks->grown, sinks->columns, err);
    sinks->writer = NULL;
    if (rc == WEIR_OK) {
        rc = commit_aside(stream, plan, sinks, txn, result, err);
    }
    if (rc == WEIR_OK) {
        rc = weir_txn_commit(txn, &result->version, err);
    }
    if (rc == WEIR_OK) {
        columns_are_there(stream);
    }
    weir_delta_writer_abort(sinks->aside);
    sinks->aside = NULL;
    weir_txn_free(txn);
    return rc;
}

static weir_rc write_batch(weir_stream *stream, const struct weir_batch_plan *plan, weir_arena *arena, struct weir_batch_sinks *sinks, struct weir_batch_result *result, struct weir_error *err)
{
    struct weir_error own;
    err = err ? err : &own;
    for (int attempt = 1;; attempt++) {
        weir_error_clear(err);
        weir_rc rc = write_once(stream, plan, arena, sinks, result, err);
        if (rc != WEIR_CONFLICT || strcmp(err->condition, "FILE_CHANGED") != 0 || attempt == REREADS_MAX) {
            return rc;
        }
        weir_stream_note(stream, "%s; reading it again, whole", err->msg);
        WEIR_TRY(load_feeds(stream, plan, arena, err));
    }
}

/* The batch is not in the table. */
static weir_rc run_batch(weir_stream *stream, const struct weir_batch_plan *plan, weir_arena *arena, struct weir_batch_sinks *sinks, struct weir_batch_result *result, struct weir_progress *progress,
                         struct weir_error *err)
{
    int64_t began = weir_mono_us();
    if (stream->prepared_may_be) {
        bool done = false;
        WEIR_TRY(finish_prepared(stream, plan, arena, sinks->table, result, &done, err));
        if (done) {
            return WEIR_OK;
        }
    }
    if (stream->quarantine) {
        WEIR_TRY(weir_delta_snapshot(stream->quarantine, &sinks->quarantine, err));
    }
    weir_rc rc = load_feeds(stream, plan, arena, err);
    progress->phase_us[WEIR_PHASE_GET_BATCH] = weir_mono_us() - began;
    if (rc == WEIR_OK) {
        rc = write_batch(stream, plan, arena, sinks, result, err);
    }
    progress->phase_us[WEIR_PHASE_ADD_BATCH] = weir_mono_us() - began - progress->phase_us[WEIR_PHASE_GET_BATCH];
    return rc;
}

weir_rc weir_batch_run(weir_stream *stream, const struct weir_batch_plan *plan, weir_arena *arena, struct weir_batch_result *result, struct weir_progress *progress, struct weir_error *err)
{
    *result = (struct weir_batch_result){.version = -1};
    result->feed_rows = weir_arena_zalloc(arena, (stream->feed_count + 1) * sizeof *result->feed_rows);
    WEIR_TRY(weir_stream_ready_sink(stream, err));
    struct weir_batch_sinks sinks = {0};
    WEIR_TRY(weir_delta_snapshot(stream->sink, &sinks.table, err));
    weir_rc rc = has_batch(stream, sinks.table, plan) ? WEIR_OK : run_batch(stream, plan, arena, &sinks, result, progress, err);
    weir_snapshot_unref(sinks.table);
    weir_snapshot_unref(sinks.quarantine);
    return rc;
}
