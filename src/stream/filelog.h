/* filelog.h - sources/<i>/: which files a folder source has seen, in which log offset. Spark's FileStreamSourceLog on disk
 * (../shared/reference/spark-streaming.md 1.5), compaction included. Private to the room. One thread. */
#pragma once
#include "stream/checkpoint.h"

typedef struct weir_filelog weir_filelog;

struct weir_filelog_entry {
    const char *path;     /* Spark's URI spelling: the identity */
    int64_t timestamp_ms; /* modification time */
    int64_t offset;       /* "batchId" in the file: the log offset it was first written in */
};

/* Reads what a restart needs: every entry that is known, in order, handed to `each` (path valid during the call). A gap, a damaged line, a missing compact file are WEIR_CORRUPT
 * and name the file. */
weir_rc weir_filelog_open(weir_checkpoint *checkpoint, int source, weir_rc (*each)(void *arg, const struct weir_filelog_entry *entry, struct weir_error *err), void *arg,
                          weir_filelog **out, struct weir_error *err) WEIR_MUST_USE;
void weir_filelog_close(weir_filelog *log); /* NULL is legal */
int64_t weir_filelog_last(const weir_filelog *log); /* newest log offset, -1 = none */
/* Entries with offset in (after, upto], in order: the files of a batch. Everything in the arena. */
weir_rc weir_filelog_read(weir_filelog *log, int64_t after, int64_t upto, weir_arena *arena, struct weir_filelog_entry **out, size_t *count_out, struct weir_error *err) WEIR_MUST_USE;
/* Write offset last+1 with these entries (their `offset` is set here); compacts and deletes as Spark does. Durable when WEIR_OK. */
weir_rc weir_filelog_add(weir_filelog *log, const struct weir_filelog_entry *entries, size_t count, struct weir_error *err) WEIR_MUST_USE;
