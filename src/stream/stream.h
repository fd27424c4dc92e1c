/* stream.h - a streaming query: sources -> [SQL] -> one Delta table, exactly once, with a checkpoint that is Spark's own on disk.
 *
 * The loop is architecture.md section 6; the checkpoint's bytes are ../shared/reference/spark-streaming.md sections 1 and 2.10; what others may rely on is docs/CHECKPOINT.md.
 * Threads: a query runs on its caller's thread (plus the reader's); two queries may run side by side on sessions of their own. */
#pragma once
#include "sql/sql.h"

enum weir_trigger { WEIR_TRIGGER_AVAILABLE_NOW, WEIR_TRIGGER_ONCE, WEIR_TRIGGER_INTERVAL, WEIR_TRIGGER_CONTINUOUS };
/* "available-now" | "once" | "continuous" | "5s" | "500ms" | "2 minutes" */
weir_rc weir_trigger_parse(const char *text, enum weir_trigger *out, int64_t *interval_ms_out, struct weir_error *err) WEIR_MUST_USE;

enum weir_stream_source_kind { WEIR_SOURCE_FOLDER, WEIR_SOURCE_DELTA };
struct weir_stream_source {
    enum weir_stream_source_kind kind;
    struct weir_text_source text;   /* FOLDER: root is the path as given, made absolute (its spelling is identity) */
    const char *path;               /* DELTA: table folder */
    const weir_options *options;    /* DELTA: startingVersion, maxFilesPerTrigger, ignoreDeletes, skipChangeCommits, ... */
    const char *name;               /* for messages: the table's or folder's name */
};
struct weir_stream_spec {
    const char *name;               /* query name: progress and messages; NULL = none */
    const struct weir_stream_source *sources; size_t source_count;
    /* The rows: NULL = all columns of the source(s), UNION ALL in order. Else a query; its stream reference number i (as weir_sql_tables lists them) is sources[ref_source[i]]. */
    const weir_node *query; const int *ref_source;
    const char *table_path;         /* sink: a Delta table folder */
    const char *table_name;         /* for messages */
    /* The sink does not exist yet: create it with this (NULL: it must exist) through `create`, called before the first batch with the output schema. */
    weir_rc (*create)(void *arg, const weir_schema *schema, struct weir_error *err); void *create_arg;
    const char *checkpoint;         /* folder */
    const struct weir_expectations *expectations; /* on the rows of the table; NULL = none */
    const char *quarantine_path, *quarantine_name; /* a Delta table (weir_quarantine_schema) for the rows that they set aside, in the same batch; NULL = none does */
    const struct weir_event_origin *origin;       /* the pipeline's update that runs it, remembered in each commit; NULL = no pipeline */
    enum weir_trigger trigger; int64_t interval_ms;
    int threads;                    /* 0 = processors */
    enum weir_codec_id codec;       /* of new files */
};

/* Told about as it happens; all members may be NULL. Called on the query's thread. */
struct weir_stream_events {
    void *arg;
    void (*batch)(void *arg, const char *progress_json);  /* Spark's StreamingQueryProgress, one line */
    void (*note)(void *arg, const char *line);            /* "waiting for 1 file that is still being written", ... */
    void (*committed)(void *arg, int64_t version, int64_t rows);  /* after commits/N */
};
struct weir_stream_totals {
    int64_t batches, rows, files, bytes, bad_rows; int64_t elapsed_us; bool nothing_new; bool stopped;
    struct weir_quality quality; /* of all batches; `failed` is NULL */
};

typedef struct weir_stream weir_stream;
/* Opens the checkpoint (takes its lock: WEIR_BUSY "CHECKPOINT_IN_USE" says who holds it), checks it against spec and sink, recovers. Refusals with reason: state/ (stateful),
 * lost metadata, offsets deleted under a living txn, another spelling of the root, commits beyond offsets, wrong number of sources, another table id. Nothing is changed by a refusal. */
weir_rc weir_stream_open(weir_session *session, const struct weir_stream_spec *spec, const struct weir_stream_events *events, weir_stream **out, struct weir_error *err) WEIR_MUST_USE;
/* Runs by the trigger until it is done or stopped (os/thread.h). */
weir_rc weir_stream_run(weir_stream *stream, struct weir_stream_totals *totals, struct weir_error *err) WEIR_MUST_USE;
/* One step for schedulers that run several: plan and run at most one batch; WEIR_END: nothing new now (wait_ms_out: when to ask again, -1: wait for the watcher). */
weir_rc weir_stream_step(weir_stream *stream, struct weir_stream_totals *totals, int64_t *wait_ms_out, struct weir_error *err) WEIR_MUST_USE;
void weir_stream_close(weir_stream *stream);
/* For whoever watches those folders (os/watch.h): what appeared before the next step, so that it need not list them; `rescan`: anything may have, and so at first.
 * unwatched: from here on each step lists. */
void weir_stream_appeared(weir_stream *stream, const char *const *paths, size_t count, bool rescan);
void weir_stream_unwatched(weir_stream *stream);
/* The folders in which something appears when there is something new; as many as fit into `max`. They live as long as the stream. */
size_t weir_stream_folders(const weir_stream *stream, const char **folders_out, size_t max);

/* --- what became of each file: `weir files`; read from the checkpoint and weir's own notes in <checkpoint>/_weir --- */
struct weir_file_state { const char *path; int64_t size, mtime_ms, batch, version, rows, bad_rows; int64_t discovered_ms, taken_ms; const char *state; /* "discovered" "taken" "failed" */ const char *why; };
weir_rc weir_stream_files(weir_fs *fs, const char *checkpoint, weir_arena *arena, struct weir_file_state **out, size_t *count_out, struct weir_error *err) WEIR_MUST_USE;
/* A look at a checkpoint without running it: `weir status`. */
struct weir_stream_status { const char *id; int64_t last_offset, last_commit; int64_t txn_version; int64_t files_seen; const char *last_progress; bool running; const char *holder; };
weir_rc weir_stream_status_read(weir_fs *fs, const char *checkpoint, const char *table_path, weir_arena *arena, struct weir_stream_status *out, struct weir_error *err) WEIR_MUST_USE;
