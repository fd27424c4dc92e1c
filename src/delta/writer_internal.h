/* writer_internal.h - what the files of the table writer share. Private.
 *
 * stats.c (which columns, and the JSON of a finished file), partition.c (a row's partition values), writer.c (files), writer_sinks.c (text). */
#pragma once
#include "delta/writer.h"
#include "delta/delta_internal.h"

/* A column of Delta's statistics: a leaf, or an array or map as a whole. */
struct weiri_stats_column {
    size_t leaf;            /* of the Parquet file: the first one below it */
    bool counted;           /* within the indexed columns */
    bool collection;        /* array, map: NULLs are counted from the batches */
};
struct weiri_stats_plan {
    const weir_schema *schema;  /* of the files: without partition columns */
    struct weiri_stats_column *columns; /* in the order of a walk through the schema */
    size_t column_count;
    size_t leaf_count;
};
void weiri_stats_plan_init(struct weiri_stats_plan *plan, weir_arena *arena, const weir_schema *file_schema, const weir_options *configuration);
/* Count the NULLs of arrays and maps in rows first..first+rows of a batch; nulls has one number per stats column. */
void weiri_stats_count(const struct weiri_stats_plan *plan, const struct weir_batch *batch, int64_t first, int64_t rows, int64_t *nulls);
/* Statistics of a file all of whose row groups were appended; appends JSON. */
void weiri_stats_json(const struct weiri_stats_plan *plan, const weir_parquet_file *file, const int64_t *nulls, struct weir_buf *out);
/* Bounds of a text: the first 32 characters; for a maximum something that is not below it, or false. Appends. Text must be UTF-8. */
void weiri_stats_text_min(struct weir_str text, struct weir_buf *out);
bool weiri_stats_text_max(struct weir_str text, struct weir_buf *out);

/* The partition value of one row as it stands in the log; *null_out: NULL (also for ""). Appends. */
weir_rc weiri_partition_text(const struct weir_field *field, const struct ArrowArray *array, int64_t row, struct weir_buf *out, bool *null_out, struct weir_error *err) WEIR_MUST_USE;

/* "p=a%3Ab/q=1/": the hive folders of these values, as Spark names them; "" where a name would be too long. Appends. */
void weiri_partition_folder(const struct weir_partition_value *values, const struct weir_field *const *fields, size_t count, struct weir_buf *out);

struct weiri_open_file {
    char *name;                           /* key in the store; add.path is its URI encoding */
    weir_parquet_file *file;
    weir_rowgroup *group;
    struct weir_sink_factory *sinks;      /* text only */
    struct weir_partition_value *values;
    int64_t *nulls;                       /* per stats column */
    int64_t order, last_used;
};
struct weir_delta_writer {
    weir_delta *table;
    weir_arena *arena;
    weir_schema *schema;
    weir_schema *file_schema;
    size_t *file_columns;                 /* table column of each file column */
    size_t *partition_columns;            /* table column of each partition column */
    size_t partition_count;
    const char **partition_names;
    struct weiri_stats_plan plan;
    enum weir_codec_id codec;
    int64_t file_bytes_max;
    size_t open_max;
    weir_map *open;                       /* partition values -> struct weiri_open_file */
    struct weiri_open_file **text_files;  /* by number of the file; NULL = none */
    size_t text_count, text_cap;
    struct weir_sink_factory sinks;
    int64_t tasks_per_file;
    pthread_mutex_t lock;                 /* text_files, opened */
    struct weir_add *done;                /* finished files */
    size_t done_count, done_cap;
    const char **done_names;
    size_t done_name_count, done_name_cap;
    int64_t opened, used, rows;
};
weir_rc weiri_writer_open_file(weir_delta_writer *writer, const struct weir_partition_value *values, struct weiri_open_file **out, struct weir_error *err) WEIR_MUST_USE;
/* Footer, statistics, sync; its add joins `done`. Frees the file in any case. */
weir_rc weiri_writer_close_file(weir_delta_writer *writer, struct weiri_open_file *file, struct weir_error *err) WEIR_MUST_USE;
void weiri_writer_drop_file(weir_delta_writer *writer, struct weiri_open_file *file);
weir_rc weiri_check_not_null(const weir_schema *schema, const struct weir_batch *batch, struct weir_error *err) WEIR_MUST_USE;
weir_rc weiri_not_null_violated(const char *column, struct weir_error *err);
