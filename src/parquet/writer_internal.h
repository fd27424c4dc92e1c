/* writer_internal.h - the file and its row groups, shared by rowgroup.c, writer.c, footer.c. Private to the writer. */
#pragma once
#include "parquet/chunk.h"
#include <pthread.h>

struct weir_rowgroup {
    weir_parquet_file *file;
    struct weir_text_parser *const *parsers;
    struct pw_scratch scratch;
    struct pw_chunk *chunks; /* one per leaf */
    size_t *first_leaf;      /* column -> leaf; a primitive column has no other */
    struct ArrowArray *arrays; /* nested columns of the block */
    weir_colsink sink;
    int64_t rows;
    bool sealed;
    weir_rc failed;      /* of the first call that failed: columns may have different numbers of rows */
    weir_rowgroup *next; /* in the file's list of spares */
};

/* What the footer says of a chunk that is written. Arrays are in the file's arena. */
struct pw_chunk_meta {
    int64_t dictionary_offset;     /* 0 = none */
    int64_t data_offset;
    int64_t raw_bytes, size;       /* with headers */
    int64_t entries;
    int64_t dict_pages, plain_pages, delta_pages;
    int64_t distinct;
    int64_t null_count;
    bool has_bounds;               /* to be written: never with a NaN about */
    struct weir_str min, max;      /* cut */
    bool min_exact, max_exact;
    struct pw_page *pages;         /* offsets from data_offset */
    size_t page_count;
    const uint8_t *page_bounds;
    bool index_ok;
    int64_t column_index_offset, column_index_length, offset_index_offset, offset_index_length;
};
struct pw_group_meta {
    struct pw_chunk_meta *chunks;
    int64_t rows, offset, size, raw_bytes;
};

struct weir_parquet_file {
    weir_arena *arena;
    weir_schema *schema;
    struct pw_leaves leaves;
    struct weir_parquet_options options; /* with defaults filled in; texts in the arena */
    weir_store_writer *writer;
    char *key;
    struct pw_group_meta *groups;
    size_t group_count, group_cap;
    struct pw_bounds *bounds;            /* per leaf, over all groups */
    struct weir_column_stats *stats;     /* filled by weir_parquet_stats */
    int64_t rows;
    weir_rc failed;
    pthread_mutex_t lock;                /* guards spares only */
    weir_rowgroup *spares;
};

/* Back to the file's spares. */
void weiri_pw_rowgroup_recycle(weir_rowgroup *group);
void weiri_pw_rowgroup_destroy(weir_rowgroup *group);
/* Page indexes and footer. */
weir_rc weiri_pw_footer_write(weir_parquet_file *file, struct weir_error *err) WEIR_MUST_USE;
