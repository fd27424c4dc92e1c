/* writer.h - columns into a Parquet file.
 *
 * A file is row groups in order. A row group is built in memory by one thread (a weir_rowgroup), from text (it is a weir_colsink) or from Arrow
 * batches, and appended to its file when its turn has come. Same input and options => same bytes, whatever the threads.
 * Data page v1, dictionary (PLAIN_DICTIONARY/RLE_DICTIONARY) where it pays, else PLAIN; RLE definition levels; page CRC; column and
 * offset index; statistics (min/max exact or truncated and marked, null count, never NaN; -0/+0 as the Parquet spec says).
 * Types: delta-format.md 2.6; nested types are written from Arrow batches (repetition levels) for checkpoints. */
#pragma once
#include "codec/codec.h"
#include "column/colsink.h"
#include "store/store.h"

struct weir_parquet_options {
    enum weir_codec_id codec;      /* SNAPPY, ZSTD, NONE, GZIP */
    int codec_level;               /* 0 = default */
    int64_t page_rows;             /* about this many rows a page; 0 = 100,000 (fast-path.md decision 11) */
    int64_t rowgroup_rows_max;     /* 0 = 1,048,576 */
    size_t rowgroup_bytes_max;     /* memory of one row group; 0 = 128 MiB */
    const char *created_by;        /* NULL = "weir version x" */
    const char *const *metadata;   /* key, value, ... NULL-terminated; may be NULL */
};
typedef struct weir_parquet_file weir_parquet_file;
typedef struct weir_rowgroup weir_rowgroup;

/* Statistics of one leaf column over a file or row group: the same values become Delta statistics. Text and bytes live as long as their owner. */
struct weir_column_stats {
    bool has_min_max;       /* false: all NULL, or a type without order, or only NaN */
    union weir_value min, max; /* whole, untruncated up to WEIR_STATS_BYTES_MAX bytes for STRING/BINARY */
    bool min_exact, max_exact; /* false: a bound (a text longer than the limit) */
    int64_t null_count;
    bool has_nan;
};
#define WEIR_STATS_BYTES_MAX 1024

weir_rc weir_parquet_create(weir_store *store, const char *key, const weir_schema *schema, const struct weir_parquet_options *options,
                            weir_parquet_file **out, struct weir_error *err) WEIR_MUST_USE;
/* A row group for this file; may be built in any thread. parsers as in colsink.h, NULL if only batches come. */
weir_rowgroup *weir_rowgroup_new(weir_parquet_file *file, struct weir_text_parser *const *parsers);
weir_colsink *weir_rowgroup_sink(weir_rowgroup *group); /* lives as long as the group */
weir_rc weir_rowgroup_add_batch(weir_rowgroup *group, const struct weir_batch *batch, int64_t first_row, int64_t rows, struct weir_error *err) WEIR_MUST_USE; /* batch borrowed */
bool weir_rowgroup_full(const weir_rowgroup *group); /* rows or bytes reached their maximum: append it */
int64_t weir_rowgroup_rows(const weir_rowgroup *group);
size_t weir_rowgroup_bytes(const weir_rowgroup *group); /* of memory, as its content needs it: the same for the same rows */
/* No more rows: the last pages and the dictionary pages are made. Append does it where it was not done; done before, in the group's own thread, it keeps
 * the turn short. */
weir_rc weir_rowgroup_seal(weir_rowgroup *group, struct weir_error *err) WEIR_MUST_USE;
void weir_rowgroup_free(weir_rowgroup *group);
/* Encode what is open, write all chunks, start write-back. Takes the group. One thread at a time, in order. A group without rows writes nothing. */
weir_rc weir_parquet_append(weir_parquet_file *file, weir_rowgroup *group, struct weir_error *err) WEIR_MUST_USE;
int64_t weir_parquet_rows(const weir_parquet_file *file);
int64_t weir_parquet_size(const weir_parquet_file *file); /* bytes so far */
/* Statistics of top-level column `column` over all appended groups; nested columns: nested leaves in `path` order are reached by leaf index. */
const struct weir_column_stats *weir_parquet_stats(const weir_parquet_file *file, size_t leaf);
/* Footer, fsync, folders synced: durable when WEIR_OK. Frees the file in any case; what stats returned dies with it, so read them before. */
weir_rc weir_parquet_finish(weir_parquet_file *file, int64_t *size_out, int64_t *mtime_ms_out, struct weir_error *err) WEIR_MUST_USE;
void weir_parquet_abort(weir_parquet_file *file); /* removes it; NULL is legal */

/* Text straight into one file: a sink factory whose tasks become row groups in order. */
struct weir_sink_factory *weir_parquet_sinks_new(weir_parquet_file *file); /* file borrowed */
void weir_parquet_sinks_free(struct weir_sink_factory *factory);
