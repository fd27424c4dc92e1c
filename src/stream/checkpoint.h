/* checkpoint.h - a streaming query's memory, in Spark's own files: metadata, offsets/N, commits/N. (The file log, sources/i/K, is filelog.h.)
 *
 * Bytes and rules: ../shared/reference/spark-streaming.md sections 1.2-1.6, 2.2, 2.10. Every file is written whole, once, under its final name, and
 * is durable before the next step begins; weir's own things live in _weir/. Private to the room.
 * Threads: one. Processes: the lock in _weir/lock is held as long as the checkpoint is open. */
#pragma once
#include "store/store.h"
#include "base/json.h"
#include "base/map.h"

typedef struct weir_checkpoint weir_checkpoint;

/* One offsets/N file. */
struct weir_offsets {
    int64_t watermark_ms, timestamp_ms;
    const char *conf;          /* JSON object text, kept verbatim from batch to batch; NULL = the set that Spark 4.1 writes */
    const char *const *lines;  /* one offset JSON per source; NULL = "-" */
    size_t count;
};

/* Open or (on an empty or absent folder) begin. Refused, changing nothing: another process holds it (WEIR_BUSY "CHECKPOINT_IN_USE"), operator state
 * ("CHECKPOINT_STATEFUL"), files without metadata ("CHECKPOINT_METADATA_LOST"), a metadata that is not one, commits beyond offsets, commits without any offsets.
 * `create` false: a folder without metadata is WEIR_NOT_FOUND. `lock` false: only looking; nothing is written and a living query is no hindrance. */
weir_rc weir_checkpoint_open(weir_fs *fs, const char *folder, bool create, bool lock, weir_checkpoint **out, struct weir_error *err) WEIR_MUST_USE;
void weir_checkpoint_close(weir_checkpoint *checkpoint); /* NULL is legal */
const char *weir_checkpoint_id(const weir_checkpoint *checkpoint);
weir_store *weir_checkpoint_store(const weir_checkpoint *checkpoint);
const char *weir_checkpoint_folder(const weir_checkpoint *checkpoint);
int64_t weir_checkpoint_last_offset(const weir_checkpoint *checkpoint); /* -1 = none */
int64_t weir_checkpoint_last_commit(const weir_checkpoint *checkpoint); /* -1 = none */

/* WEIR_NOT_FOUND when there is none; everything in the arena. Versions 1 and 2 of the format are read. */
weir_rc weir_checkpoint_read_offsets(weir_checkpoint *checkpoint, int64_t batch, weir_arena *arena, struct weir_offsets *out, struct weir_error *err) WEIR_MUST_USE;
/* WEIR_CONFLICT "CONCURRENT_STREAM": the file is there already: somebody else runs this query. */
weir_rc weir_checkpoint_write_offsets(weir_checkpoint *checkpoint, int64_t batch, const struct weir_offsets *offsets, struct weir_error *err) WEIR_MUST_USE;
weir_rc weir_checkpoint_write_commit(weir_checkpoint *checkpoint, int64_t batch, struct weir_error *err) WEIR_MUST_USE;
/* Delete offsets and commits older than the newest hundred, as Spark does. Never fails the batch. */
void weir_checkpoint_purge(weir_checkpoint *checkpoint, int64_t batch);

/* Who holds the lock, as text ("process 123 since 2026-01-02T03:04:05Z"); NULL = nobody. Heap. */
char *weir_checkpoint_holder(weir_fs *fs, const char *folder);

/* --- shared with filelog.c --- */
/* Put a log file under its name; an unclear answer of the disk is settled by reading it back. WEIR_CONFLICT when the name is taken. */
weir_rc weir_log_put(weir_store *store, const char *folder, const char *name, struct weir_str bytes, struct weir_error *err) WEIR_MUST_USE;
/* Ids of the log files in a folder ("12", "19.compact"), ascending; compact[i] set where both or only the compact one is there. In the arena. */
struct weir_log_ids { int64_t *ids; bool *compact; bool *plain; size_t count; };
weir_rc weir_log_list(weir_store *store, const char *folder, weir_arena *arena, struct weir_log_ids *out, struct weir_error *err) WEIR_MUST_USE;
/* Remove a log file and its Hadoop side file. */
void weir_log_remove(weir_store *store, const char *folder, const char *name);
