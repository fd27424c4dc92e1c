/* recover.c - before a query goes on: does its checkpoint fit its sources and its table? Each trap here is one where going on would lose or
 * double rows without a word (spark-streaming.md 1.2, 2.2, 2.10). Nothing is written. */
#include "stream/stream_internal.h"

static weir_rc check_count(weir_stream *stream, struct weir_error *err)
{
    int64_t last = weir_checkpoint_last_offset(stream->checkpoint);
    struct weir_offsets offsets;
    if (last < 0) {
        return WEIR_OK;
    }
    WEIR_TRY(weir_checkpoint_read_offsets(stream->checkpoint, last, stream->arena, &offsets, err));
    if (offsets.count != stream->feed_count) {
        return weir_fail(err, WEIR_INVALID, "CHECKPOINT_SOURCE_COUNT",
                         "%s/offsets/%lld has %zu sources and this query has %zu; a query keeps the number and order of its sources; give the same sources, or start with a new checkpoint",
                         weir_checkpoint_folder(stream->checkpoint), (long long)last, offsets.count, stream->feed_count);
    }
    if (last > 0) {
        weir_rc rc = weir_checkpoint_read_offsets(stream->checkpoint, last - 1, stream->arena, &offsets, err);
        if (rc == WEIR_NOT_FOUND) {
            weir_error_clear(err);
            return weir_fail(err, WEIR_CORRUPT, "CHECKPOINT_OFFSETS_LOST", "%s/offsets/%lld is missing: where batch %lld begins cannot be told; restore it from a copy", weir_checkpoint_folder(stream->checkpoint),
                             (long long)(last - 1), (long long)last);
        }
        return rc;
    }
    return WEIR_OK;
}

/* The table's txn runs with the batches: it may be at the newest planned batch, or one behind, never ahead. */
static weir_rc check_txn(weir_stream *stream, const weir_snapshot *snapshot, struct weir_error *err)
{
    int64_t last = weir_checkpoint_last_offset(stream->checkpoint), committed = weir_checkpoint_last_commit(stream->checkpoint), version = -1;
    const char *id = weir_checkpoint_id(stream->checkpoint);
    if (weir_snapshot_txn(snapshot, id, &version) && version > last) {
        return weir_fail(err, WEIR_CORRUPT, "CHECKPOINT_OFFSETS_LOST",
                         "%s holds batch %lld of query %s, but the checkpoint %s ends at batch %lld; batches planned now would be taken for the old ones and their rows dropped; restore offsets/ and "
                         "commits/ from a copy, or start with a new checkpoint folder",
                         stream->spec->table_name, (long long)version, id, weir_checkpoint_folder(stream->checkpoint), (long long)last);
    }
    if (version < committed && committed >= 0) {
        return weir_fail(err, WEIR_CONFLICT, "SINK_BEHIND_CHECKPOINT",
                         "the checkpoint %s says that batch %lld is in %s, but the table knows only batches up to %lld of query %s; the table was restored, replaced or belongs to another query; "
                         "start with a new checkpoint, or bring the table back",
                         weir_checkpoint_folder(stream->checkpoint), (long long)committed, stream->spec->table_name, (long long)version, id);
    }
    return WEIR_OK;
}

/* It is never ahead of the plan either; behind is what a batch without rows for it leaves. */
static weir_rc check_quarantine(weir_stream *stream, struct weir_error *err)
{
    weir_snapshot *snapshot = NULL;
    int64_t version = -1;
    WEIR_TRY(weir_delta_snapshot(stream->quarantine, &snapshot, err));
    weir_rc rc = weir_snapshot_check_write(snapshot, err);
    if (rc == WEIR_OK && weir_snapshot_txn(snapshot, weir_checkpoint_id(stream->checkpoint), &version) && version > weir_checkpoint_last_offset(stream->checkpoint)) {
        rc = weir_fail(err, WEIR_CORRUPT, "CHECKPOINT_OFFSETS_LOST", "the quarantine %s holds batch %lld of query %s, but the checkpoint %s ends at batch %lld; restore offsets/ and commits/ from a copy, or start with a new checkpoint folder",
                       stream->spec->quarantine_name, (long long)version, weir_checkpoint_id(stream->checkpoint), weir_checkpoint_folder(stream->checkpoint), (long long)weir_checkpoint_last_offset(stream->checkpoint));
    }
    weir_snapshot_unref(snapshot);
    return rc;
}

weir_rc weir_stream_check(weir_stream *stream, struct weir_error *err)
{
    WEIR_TRY(check_count(stream, err));
    if (!weir_delta_exists(stream->sink)) {
        if (weir_checkpoint_last_commit(stream->checkpoint) >= 0) {
            return weir_fail(err, WEIR_NOT_FOUND, "SINK_LOST",
                             "the checkpoint %s says that %lld batches are in %s, but there is no table at %s; going on would leave those rows out; restore the table, or start with a new checkpoint",
                             weir_checkpoint_folder(stream->checkpoint), (long long)weir_checkpoint_last_commit(stream->checkpoint) + 1, stream->spec->table_name, stream->spec->table_path);
        }
        return WEIR_OK;
    }
    weir_snapshot *snapshot = NULL;
    WEIR_TRY(weir_delta_snapshot(stream->sink, &snapshot, err));
    weir_rc rc = weir_snapshot_check_write(snapshot, err);
    if (rc == WEIR_OK) {
        rc = weir_notes_check_sink(stream->checkpoint, weir_snapshot_metadata(snapshot)->id, stream->spec->table_path, err);
    }
    if (rc == WEIR_OK) {
        rc = check_txn(stream, snapshot, err);
    }
    weir_snapshot_unref(snapshot);
    return rc == WEIR_OK && stream->quarantine && weir_delta_exists(stream->quarantine) ? check_quarantine(stream, err) : rc;
}
