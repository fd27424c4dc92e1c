/* reader.h - Parquet files into Arrow batches: what Delta checkpoints of any writer and weir's own files need.
 *
 * Flat and nested columns (2- and 3-level lists, maps, structs), data pages v1 and v2, PLAIN, dictionary, RLE, DELTA_BINARY_PACKED, DELTA_LENGTH_BYTE_ARRAY,
 * DELTA_BYTE_ARRAY, BYTE_STREAM_SPLIT; all codecs of codec.h; int96 timestamps. Page CRC is verified where present. Everything is checked against
 * the file's size before it is used: a damaged file is WEIR_CORRUPT with the row group, column and offset, never a crash. Memory: one row group of the
 * columns that are asked for. Threads: a reader belongs to one thread. */
#pragma once
#include "codec/codec.h"
#include "column/arrow.h"
#include "store/store.h"

typedef struct weir_parquet_reader weir_parquet_reader;
weir_rc weir_parquet_open(weir_store *store, const char *key, weir_parquet_reader **out, struct weir_error *err) WEIR_MUST_USE;
void weir_parquet_close(weir_parquet_reader *reader);
const weir_schema *weir_parquet_schema(const weir_parquet_reader *reader); /* as Spark types; lives as long as the reader */
int64_t weir_parquet_row_count(const weir_parquet_reader *reader);
int weir_parquet_group_count(const weir_parquet_reader *reader);
const char *weir_parquet_metadata(const weir_parquet_reader *reader, const char *key); /* NULL = absent */
/* Row group `group` of top-level columns `columns` (NULL: all) as one batch; its schema is the reader's, narrowed, and lives as long as the reader. */
weir_rc weir_parquet_read_group(weir_parquet_reader *reader, int group, const int *columns, size_t column_count, struct weir_batch *out,
                                struct weir_error *err) WEIR_MUST_USE;
