/* stream_internal.h - a running query's parts, shared by loop.c, recover.c and batch.c. */
#pragma once
#include "base/time.h"
#include "stream/checkpoint.h"
#include "stream/feed.h"
#include "stream/notes.h"
#include "stream/progress.h"
#include "stream/stream.h"

struct weir_stream {
    weir_session *session;
    weir_engine *engine;
    weir_fs *fs;
    const struct weir_stream_spec *spec;  /* borrowed: must outlive the stream */
    struct weir_stream_events events;
    weir_checkpoint *checkpoint;
    weir_feed **feeds;
    size_t feed_count;
    weir_delta *sink;
    weir_delta *quarantine;    /* NULL = none */
    bool prepared_may_be;      /* _weir/prepared.json may be there */
    weir_arena *arena;         /* of the query */
    const weir_node *query;    /* the spec's, or SELECT * of all sources */
    struct weir_pos *ref_pos;  /* where each stream reference stands */
    size_t ref_count;
    const int *ref_source;     /* which feed it is */
    struct weir_uuid run_id;
    bool simple;               /* text to Parquet without SQL */
    struct weir_simple_query shape;
    bool sink_checked;
    bool columns_checked;      /* the sink has all columns that the query gives (where columns may come with files) */
    bool once_done;
    int64_t previous_started_us;
    size_t waiting_told, aged_told;
};

/* One planned batch. */
struct weir_batch_plan {
    int64_t number, timestamp_ms;
    const char *const *start; /* per feed; NULL = none */
    const char *const *end;
};
struct weir_batch_result {
    int64_t version;     /* of the sink; -1 = it was there already */
    int64_t rows_in, rows_out, bad_rows, bytes;
    int64_t *feed_rows;  /* per feed, in the batch's arena */
    struct weir_note_file *files;
    size_t file_count;
    struct weir_quality quality; /* of the expectations; failed NULL = none, or not known because the rows were there already */
    const char *data_quality;    /* the same as JSON; NULL = none. In the batch's arena */
};

/* recover.c: is this checkpoint one that may be gone on with, over this sink? */
weir_rc weir_stream_check(weir_stream *stream, struct weir_error *err) WEIR_MUST_USE;
/* batch.c: make the sink if it is not there; then the batch's rows, exactly once. */
weir_rc weir_stream_ready_sink(weir_stream *stream, struct weir_error *err) WEIR_MUST_USE;
weir_rc weir_batch_run(weir_stream *stream, const struct weir_batch_plan *plan, weir_arena *arena, struct weir_batch_result *result, struct weir_progress *progress,
                       struct weir_error *err) WEIR_MUST_USE;
/* Where the rows of a batch go: the tables as they stand before it, and with the columns that come with it. */
struct weir_batch_sinks {
    weir_snapshot *table;
    const weir_schema *columns;
    bool grown;                 /* `columns` has more than the table */
    weir_delta_writer *writer;
    weir_snapshot *quarantine;  /* NULL = none */
    const weir_schema *aside_columns;
    bool aside_grown;
    weir_delta_writer *aside;   /* of the quarantine; NULL = none, or it has the batch already */
};
/* rows.c: the rows of the loaded feeds into the writers, by way of text (one simple query over one folder) or of SQL. */
weir_rc weir_batch_fill(weir_stream *stream, const struct weir_batch_plan *plan, weir_arena *arena, const struct weir_batch_sinks *sinks, struct weir_batch_result *result,
                        struct weir_error *err) WEIR_MUST_USE;
weir_rc weir_stream_output(weir_stream *stream, weir_arena *arena, const weir_schema **out, struct weir_error *err) WEIR_MUST_USE;
void weir_stream_note(weir_stream *stream, const char *fmt, ...) WEIR_PRINTF(2, 3);
