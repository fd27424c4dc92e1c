/* reader_internal.h - what the reading half of this room shares. Private.
 *
 * Reading order: thrift_read.c, reader_meta.c (footer), reader_schema.c (schema tree), reader_page.c (a column chunk into levels and values),
 * decode_*.c (encodings), assemble.c (levels and values into rows), reader.c (the door). */
#pragma once
#include "parquet/reader.h"
#include "parquet/thrift_read.h"

/* Limits on what a file may ask for: a damaged one is refused before it takes the memory. */
#define WEIRI_PQ_PAGE_BYTES_MAX ((int64_t)1 << 30)
#define WEIRI_PQ_CHUNK_BYTES_MAX ((int64_t)1 << 32)
#define WEIRI_PQ_CHUNK_VALUES_MAX ((int64_t)1 << 27)
#define WEIRI_PQ_FOOTER_BYTES_MAX ((int64_t)64 << 20)
#define WEIRI_PQ_DEPTH_MAX 40

/* A schema element as it stands in the footer. */
struct weiri_pq_element {
    struct weir_str name;
    int type;            /* -1 = a group */
    int32_t type_length;
    int repetition;      /* -1 = not given (the root) */
    int32_t children;
    int converted;
    int32_t scale, precision;
    int logical;
    int unit;            /* of LOGICAL_TIME(STAMP) */
    bool utc;            /* of LOGICAL_TIME(STAMP) */
    int bit_width;       /* of LOGICAL_INTEGER */
    bool is_signed;
};
struct weiri_pq_chunk {
    int type;
    int codec;
    int64_t values;
    int64_t compressed_size;
    int64_t data_offset;
    int64_t dictionary_offset; /* 0 = none */
    bool elsewhere;            /* file_path: in another file */
    bool present;
};
struct weiri_pq_group {
    int64_t rows;
    struct weiri_pq_chunk *chunks; /* one per leaf */
    size_t chunk_count;
};
struct weiri_pq_footer {
    struct weiri_pq_element *elements;
    size_t element_count;
    struct weiri_pq_group *groups;
    size_t group_count;
    int64_t rows;
    const char **metadata; /* key, value, ... */
    size_t metadata_count; /* pairs */
    bool encrypted;
};
/* The texts point into `bytes`. */
weir_rc weiri_pq_parse_footer(weir_arena *arena, const void *bytes, size_t len, struct weiri_pq_footer *out, struct weir_error *err) WEIR_MUST_USE;

/* How a physical value becomes a value of its Spark type. */
enum weiri_pq_convert {
    WEIRI_PQ_AS_IS, WEIRI_PQ_UINT32, WEIRI_PQ_UINT64, WEIRI_PQ_MILLIS, WEIRI_PQ_NANOS, WEIRI_PQ_INT96_TIME, WEIRI_PQ_DECIMAL_BYTES
};
enum weiri_pq_node_kind { WEIRI_PQ_LEAF, WEIRI_PQ_STRUCT, WEIRI_PQ_LIST, WEIRI_PQ_MAP };
/* A node of the schema as Spark sees it: the groups of LIST and MAP between are folded into levels. */
struct weiri_pq_node {
    enum weiri_pq_node_kind kind;
    struct weir_type type;
    int def_null;     /* a definition level below this: the node itself is NULL (or an ancestor is) */
    int def_item;     /* LIST, MAP: a level below this and >= def_null: empty */
    int rep_item;     /* LIST, MAP: an item that goes on has this repetition level */
    struct weiri_pq_node *children;
    size_t child_count;
    size_t first_leaf, leaf_count;
};
struct weiri_pq_leaf {
    int physical;
    int32_t type_length;
    int def_max, rep_max;
    enum weir_type_id id;       /* Spark type */
    enum weiri_pq_convert convert;
    const char *name;           /* dotted path, for messages */
};
struct weiri_pq_tree {
    weir_schema *schema;
    struct weiri_pq_node *columns; /* one per field of the schema */
    struct weiri_pq_leaf *leaves;
    size_t leaf_count;
};
weir_rc weiri_pq_build_tree(weir_arena *arena, const struct weiri_pq_footer *footer, struct weiri_pq_tree *out, struct weir_error *err) WEIR_MUST_USE;

/* A leaf of one row group, decoded. Values are there for defined entries only, in order. */
struct weiri_pq_column {
    const struct weiri_pq_leaf *leaf;
    int64_t entries;        /* levels */
    uint8_t *def, *rep;     /* NULL where the maximum is 0 */
    int64_t values;
    size_t value_cap;
    size_t width;           /* bytes of one value below */
    void *data;             /* by physical type: uint8_t bool, int32, int64, float, double, 12 bytes, struct weir_str */
    weir_arena *bytes;      /* pages that texts point into */
    int64_t at, value_at;   /* the assembler's position */
};
void weiri_pq_column_free(struct weiri_pq_column *column);
/* Room for `count` more values; returns where they go. */
void *weiri_pq_column_room(struct weiri_pq_column *column, size_t count);

struct weir_parquet_reader {
    weir_arena *arena;
    weir_file *file;
    char *key;
    int64_t size;
    char *footer_bytes;
    struct weiri_pq_footer footer;
    struct weiri_pq_tree tree;
    const weir_schema *narrowed;  /* of the last read_group with columns */
};
weir_rc weiri_pq_read_column(weir_parquet_reader *reader, int group, size_t leaf, struct weiri_pq_column *out, struct weir_error *err) WEIR_MUST_USE;
/* WEIR_CORRUPT at row group, column and offset. */
weir_rc weiri_pq_corrupt(const weir_parquet_reader *reader, int group, const char *column, int64_t offset, const char *what, struct weir_error *err);

/* --- decode_*.c: false = the bytes do not hold what they should --- */
/* RLE/bit-packed hybrid of `width` bits (0..32) into out; *used = bytes read. */
bool weiri_decode_rle(const uint8_t *in, size_t len, int width, size_t count, uint32_t *out, size_t *used);
/* The deprecated BIT_PACKED levels: most significant bit first. */
bool weiri_decode_bit_packed(const uint8_t *in, size_t len, int width, size_t count, uint32_t *out, size_t *used);
/* `count` values of a page's encoding into the column. */
bool weiri_decode_plain(struct weiri_pq_column *column, const uint8_t *in, size_t len, size_t count);
bool weiri_decode_delta_binary(struct weiri_pq_column *column, const uint8_t *in, size_t len, size_t count);
bool weiri_decode_delta_length(struct weiri_pq_column *column, const uint8_t *in, size_t len, size_t count);
bool weiri_decode_delta_bytes(struct weiri_pq_column *column, const uint8_t *in, size_t len, size_t count);
bool weiri_decode_split(struct weiri_pq_column *column, const uint8_t *in, size_t len, size_t count);
bool weiri_decode_rle_booleans(struct weiri_pq_column *column, const uint8_t *in, size_t len, size_t count);
/* Indexes (first byte: their width) into the values of `dictionary`. */
bool weiri_decode_dictionary(struct weiri_pq_column *column, const struct weiri_pq_column *dictionary, const uint8_t *in, size_t len, size_t count);

/* --- assemble.c --- */
/* Rows of the given top-level column into its finished array. */
weir_rc weiri_pq_assemble(const struct weiri_pq_node *node, struct weiri_pq_column *columns, int64_t rows, struct ArrowArray *out, struct weir_error *err) WEIR_MUST_USE;
