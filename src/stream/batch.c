/* batch.c - one planned batch: found in the table already, or written and committed with its txn. The commit is the moment of truth: before it nothing
 * is visible, after it the batch is never run again (architecture.md section 6). */
#include "stream/stream_internal.h"
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

static void describe_commit(weir_stream *stream, const struct weir_batch_plan *plan, const struct weir_batch_result *result, weir_txn *txn)
{
    char *query = weir_asprintf("\"%s\"", weir_checkpoint_id(stream->checkpoint));
    char *epoch = weir_asprintf("\"%lld\"", (long long)plan->number);
    weir_txn_set_app(txn, weir_checkpoint_id(stream->checkpoint), plan->number);
    weir_txn_operation(txn, "STREAMING UPDATE");
    weir_txn_parameter(txn, "outputMode", "\"Append\"");
    weir_txn_parameter(txn, "queryId", query);
    weir_txn_parameter(txn, "epochId", epoch);
    if (stream->spec->origin) {
        weir_event_remember(txn, stream->spec->origin, result->data_quality);
    }
    weir_free(query);
    weir_free(epoch);
}

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

static weir_rc write_once(weir_stream *stream, const struct weir_batch_plan *plan, weir_arena *arena, weir_snapshot *snapshot, struct weir_batch_result *result, struct weir_error *err)
{
    const struct weir_metadata *metadata = weir_snapshot_metadata(snapshot);
    struct weir_delta_writer_options options = {.codec = stream->spec->codec};
    weir_delta_writer *writer = NULL;
    const weir_schema *columns = NULL;
    bool grown = false;
    WEIR_TRY(sink_columns(stream, snapshot, arena, &columns, &grown, err));
    WEIR_TRY(weir_delta_writer_new(stream->sink, columns, metadata->partition_columns, metadata->partition_count, metadata->configuration, &options, &writer, err));
    weir_rc rc = weir_batch_fill(stream, plan, arena, columns, writer, result, err);
    if (rc != WEIR_OK) {
        weir_delta_writer_abort(writer);
        return rc;
    }
    result->rows_out = weir_delta_writer_rows(writer);
    weir_txn *txn = weir_txn_begin(stream->sink, snapshot);
    describe_commit(stream, plan, result, txn);
    rc = grown ? weir_txn_set_schema(txn, columns, err) : WEIR_OK;
    if (rc == WEIR_OK) {
        rc = weir_delta_writer_finish(writer, txn, err);
    } else {
        weir_delta_writer_abort(writer);
    }
    if (rc == WEIR_OK) {
        rc = weir_txn_commit(txn, &result->version, err);
    }
    weir_txn_free(txn);
    if (rc == WEIR_OK) {
        stream->columns_checked = true;
        for (size_t i = 0; i < stream->feed_count; i++) {
            stream->feeds[i]->grown = false;
        }
    }
    return rc;
}

static weir_rc write_batch(weir_stream *stream, const struct weir_batch_plan *plan, weir_arena *arena, weir_snapshot *snapshot, struct weir_batch_result *result, struct weir_error *err)
{
    struct weir_error own;
    err = err ? err : &own;
    for (int attempt = 1;; attempt++) {
        weir_error_clear(err);
        weir_rc rc = write_once(stream, plan, arena, snapshot, result, err);
        if (rc != WEIR_CONFLICT || strcmp(err->condition, "FILE_CHANGED") != 0 || attempt == REREADS_MAX) {
            return rc;
        }
        weir_stream_note(stream, "%s; reading it again, whole", err->msg);
        WEIR_TRY(load_feeds(stream, plan, arena, err));
    }
}

weir_rc weir_batch_run(weir_stream *stream, const struct weir_batch_plan *plan, weir_arena *arena, struct weir_batch_result *result, struct weir_progress *progress, struct weir_error *err)
{
    int64_t began = weir_mono_us();
    *result = (struct weir_batch_result){.version = -1};
    result->feed_rows = weir_arena_zalloc(arena, (stream->feed_count + 1) * sizeof *result->feed_rows);
    WEIR_TRY(weir_stream_ready_sink(stream, err));
    weir_snapshot *snapshot = NULL;
    WEIR_TRY(weir_delta_snapshot(stream->sink, &snapshot, err));
    int64_t version = -1;
    weir_rc rc = WEIR_OK;
    if (!weir_snapshot_txn(snapshot, weir_checkpoint_id(stream->checkpoint), &version) || version < plan->number) {
        rc = load_feeds(stream, plan, arena, err);
        progress->phase_us[WEIR_PHASE_GET_BATCH] = weir_mono_us() - began;
        if (rc == WEIR_OK) {
            rc = write_batch(stream, plan, arena, snapshot, result, err);
        }
        progress->phase_us[WEIR_PHASE_ADD_BATCH] = weir_mono_us() - began - progress->phase_us[WEIR_PHASE_GET_BATCH];
    }
    weir_snapshot_unref(snapshot);
    return rc;
}
