/* delta.h - read, replay and extend a Delta transaction log (../shared/reference/delta-format.md).
 *
 * Reading order: delta.h, snapshot.c (replay), commit.c (publish), checkpoint.c, writer.h (data files).
 * Threads: a weir_delta may be shared; a snapshot is immutable, counted and shared; a transaction belongs to one thread.
 * Crash rule: a version exists iff its file _delta_log/<20 digits>.json exists. A version, once visible, never changes. */
#pragma once
#include "column/types.h"
#include "store/store.h"
#include "base/map.h"

typedef struct weir_delta weir_delta;
typedef struct weir_snapshot weir_snapshot;

/* A handle on a table folder (there need not be a table yet). Caches the newest snapshot, so that a new version costs only its own commits. */
weir_delta *weir_delta_open(weir_fs *fs, const char *path);
void weir_delta_close(weir_delta *table);
weir_store *weir_delta_store(const weir_delta *table);

/* --- snapshots --- */
struct weir_partition_value { const char *name; const char *value; /* NULL = NULL */ };
struct weir_dv { char storage; const char *path_or_inline; bool has_offset; int32_t offset; int32_t size_bytes; int64_t cardinality; };
struct weir_add {
    const char *path;            /* as in the log (URI-encoded) */
    const struct weir_partition_value *partition_values; /* in the order of the metadata's partition columns; physical names */
    size_t partition_count;
    int64_t size;
    int64_t modification_time_ms;
    bool data_change;
    const char *stats;           /* JSON text, NULL = none */
    const struct weir_dv *dv;    /* NULL = none */
};
struct weir_metadata {
    const char *id, *name, *description;   /* name, description may be NULL */
    const char *schema_json;
    const weir_schema *schema;             /* logical */
    const char *const *partition_columns;  /* logical names */
    size_t partition_count;
    const weir_options *configuration;     /* names in their own case, found in any */
    int64_t created_time_ms;
};
struct weir_protocol { int reader, writer; const char *const *reader_features; size_t reader_feature_count; const char *const *writer_features; size_t writer_feature_count; };

/* Newest version. WEIR_NOT_FOUND "DELTA_TABLE_NOT_FOUND"; WEIR_CORRUPT with the file; WEIR_UNSUPPORTED names the feature that weir cannot read. */
weir_rc weir_delta_snapshot(weir_delta *table, weir_snapshot **out, struct weir_error *err) WEIR_MUST_USE;
weir_rc weir_delta_snapshot_at(weir_delta *table, int64_t version, weir_snapshot **out, struct weir_error *err) WEIR_MUST_USE;
/* The newest version whose (monotonic) commit time is <= the instant. As Spark: an instant after the newest version is WEIR_INVALID
 * "DELTA_TIMESTAMP_TOO_LATE"; one before the oldest that can be rebuilt is WEIR_NOT_FOUND "DELTA_TIMESTAMP_TOO_EARLY". */
weir_rc weir_delta_version_at_time(weir_delta *table, int64_t timestamp_us, int64_t *version_out, struct weir_error *err) WEIR_MUST_USE;
bool weir_delta_exists(weir_delta *table);
weir_snapshot *weir_snapshot_ref(weir_snapshot *snapshot);
void weir_snapshot_unref(weir_snapshot *snapshot); /* NULL is legal */
int64_t weir_snapshot_version(const weir_snapshot *snapshot);
int64_t weir_snapshot_timestamp_ms(const weir_snapshot *snapshot);
const struct weir_metadata *weir_snapshot_metadata(const weir_snapshot *snapshot);
const struct weir_protocol *weir_snapshot_protocol(const weir_snapshot *snapshot);
/* Live files, in a fixed order (the order of the log). */
size_t weir_snapshot_file_count(const weir_snapshot *snapshot);
const struct weir_add *weir_snapshot_file(const weir_snapshot *snapshot, size_t index);
/* The file's place on this machine, decoded: heap. */
char *weir_snapshot_file_path(const weir_snapshot *snapshot, const struct weir_add *add);
/* Newest txn version of an application; false = none. */
bool weir_snapshot_txn(const weir_snapshot *snapshot, const char *app_id, int64_t *version_out);
/* Why weir may not write to this table: WEIR_OK or WEIR_UNSUPPORTED by name. */
weir_rc weir_snapshot_check_write(const weir_snapshot *snapshot, struct weir_error *err) WEIR_MUST_USE;
/* Rows from statistics, -1 if a file has none. */
int64_t weir_snapshot_row_count(const weir_snapshot *snapshot);

/* --- one commit's actions, for streams and history --- */
struct weir_commit_info { int64_t version; int64_t timestamp_ms; const char *operation; const struct weir_json *json; /* whole commitInfo; NULL = none */ };
struct weir_commit {
    struct weir_commit_info info;
    const struct weir_add *adds;     size_t add_count;    /* in line order */
    const struct weir_add *removes;  size_t remove_count; /* path, data_change, partition values where given */
    const struct weir_metadata *metadata; /* NULL = unchanged; its `configuration` is NULL: ask a snapshot */
    const struct weir_protocol *protocol; /* NULL = unchanged */
    bool has_data_change;            /* some add or remove has dataChange=true */
};
/* WEIR_NOT_FOUND: the version does not exist (yet, or any more). WEIR_UNSUPPORTED: its adds, protocol or metadata use what weir does not read.
 * Everything lives in the arena. */
weir_rc weir_delta_read_commit(weir_delta *table, int64_t version, weir_arena *arena, struct weir_commit *out, struct weir_error *err) WEIR_MUST_USE;
weir_rc weir_delta_latest_version(weir_delta *table, int64_t *version_out, struct weir_error *err) WEIR_MUST_USE;
/* Newest first, at most `limit` (0 = all that is there). */
weir_rc weir_delta_history(weir_delta *table, size_t limit, weir_arena *arena, struct weir_commit_info **out, size_t *count_out, struct weir_error *err) WEIR_MUST_USE;

/* --- transactions --- */
typedef struct weir_txn weir_txn;
struct weir_table_spec { /* a new table */
    const weir_schema *schema;
    const char *const *partition_columns; size_t partition_count;
    const weir_options *properties;   /* TBLPROPERTIES; NULL = none. delta.* are checked: what weir cannot keep is refused by name */
    const char *name, *description;   /* NULL = none */
};
/* On the table as `snapshot` shows it (counted up; NULL: the table does not exist and `create` must be called). */
weir_txn *weir_txn_begin(weir_delta *table, weir_snapshot *snapshot);
void weir_txn_free(weir_txn *txn); /* after commit or instead of it; NULL is legal */
weir_rc weir_txn_create(weir_txn *txn, const struct weir_table_spec *spec, struct weir_error *err) WEIR_MUST_USE; /* protocol + metaData of version 0 */
/* A table in the place of one that is there: other columns, partition columns and properties, another id; the rows that were there go in the same commit. */
weir_rc weir_txn_replace(weir_txn *txn, const struct weir_table_spec *spec, struct weir_error *err) WEIR_MUST_USE;
/* What is written was computed from rows of this table: other writers' commits must not come between (no blind append). */
void weir_txn_reads(weir_txn *txn);
/* Replace the schema (view whose query changed; additive columns). Partition columns stay. */
weir_rc weir_txn_set_schema(weir_txn *txn, const weir_schema *schema, struct weir_error *err) WEIR_MUST_USE;
void weir_txn_add_file(weir_txn *txn, const struct weir_add *add); /* copied */
void weir_txn_remove_all(weir_txn *txn);                           /* every live file of the snapshot: overwrite, truncate */
void weir_txn_set_app(weir_txn *txn, const char *app_id, int64_t version);
/* commitInfo: operation as Spark names it ("WRITE", "STREAMING UPDATE", "CREATE TABLE AS SELECT", ...); parameter values are JSON texts ("\"Append\"" is written
 * as "Append", "[]" as "[]"). Metrics are filled in from the files. */
void weir_txn_operation(weir_txn *txn, const char *operation);
void weir_txn_parameter(weir_txn *txn, const char *name, const char *value);
void weir_txn_rows(weir_txn *txn, int64_t rows); /* numOutputRows */
/* The files so far as lines of text, appended; and such lines taken back into a transaction on the same table, perhaps by another process: each file must be there still, else
 * WEIR_NOT_FOUND "DELTA_STAGED_FILE_MISSING". Rows are told apart from it, by weir_txn_rows. */
void weir_txn_print_files(const weir_txn *txn, struct weir_buf *out);
weir_rc weir_txn_take_files(weir_txn *txn, struct weir_str lines, struct weir_error *err) WEIR_MUST_USE;
/* Publish. A blind append (adds and txn only) rebases past other writers' commits as long as it does not conflict (delta-format 2.15); anything else that lost the
 * race is WEIR_CONFLICT. Our own appId in a winning commit: WEIR_CONFLICT "CONCURRENT_STREAM". After an unclear answer of the disk the log is read again and our
 * commitInfo.txnId looked for: WEIR_OK if it landed and could be synced, WEIR_UNKNOWN if that cannot be told. WEIR_IO: nothing is visible.
 * Then, never failing the commit: a checkpoint when due, _last_checkpoint, log cleanup when the table asks for it. */
weir_rc weir_txn_commit(weir_txn *txn, int64_t *version_out, struct weir_error *err) WEIR_MUST_USE;

/* Write a classic checkpoint of a version now. */
weir_rc weir_delta_checkpoint(weir_delta *table, weir_snapshot *snapshot, struct weir_error *err) WEIR_MUST_USE;
