/* writer.h - data files for one commit: Arrow batches or text in, durable Parquet files and their `add` actions out.
 *
 * Files are complete, synced and of the size they say before add_files hands them to a transaction. Rows are split by partition values; statistics are
 * collected while writing, by Delta's rules (delta-format.md 2.8, A.3; delta.dataSkippingNumIndexedCols, dataSkippingStatsColumns).
 * NOT NULL columns are enforced (WEIR_INVALID "NOT_NULL_VIOLATED").
 * Threads: one, but for the sink factory, which is called from the reader's threads. */
#pragma once
#include "delta/delta.h"
#include "parquet/writer.h"

typedef struct weir_delta_writer weir_delta_writer;
struct weir_delta_writer_options {
    enum weir_codec_id codec;   /* delta.parquet.compression.codec wins; default SNAPPY */
    int64_t file_bytes_max;     /* start another file beyond; 0 = 512 MiB */
    size_t open_partitions_max; /* files open at once; 0 = 64; more partitions are written in turns */
};
/* For a table with this schema and partition columns (of a snapshot or of a spec). */
weir_rc weir_delta_writer_new(weir_delta *table, const weir_schema *schema, const char *const *partition_columns, size_t partition_count,
                              const weir_options *configuration, const struct weir_delta_writer_options *options, weir_delta_writer **out,
                              struct weir_error *err) WEIR_MUST_USE;
weir_rc weir_delta_writer_add(weir_delta_writer *writer, const struct weir_batch *batch, struct weir_error *err) WEIR_MUST_USE; /* borrowed; columns in schema order */
/* Text straight to Parquet, for tables without partition columns. Lives as long as the writer. WEIR_UNSUPPORTED otherwise (go by batches). */
weir_rc weir_delta_writer_sinks(weir_delta_writer *writer, struct weir_sink_factory **out, struct weir_error *err) WEIR_MUST_USE;
int64_t weir_delta_writer_rows(const weir_delta_writer *writer);
/* Finish all files (durable) and add them to the transaction, with numOutputRows. Frees the writer in any case. */
weir_rc weir_delta_writer_finish(weir_delta_writer *writer, weir_txn *txn, struct weir_error *err) WEIR_MUST_USE;
void weir_delta_writer_abort(weir_delta_writer *writer); /* removes the files, best effort; NULL is legal */
