/* arrow.h - columns in memory: the Arrow C Data interface (its ABI, word for word), builders, and access.
 *
 * A batch is moved, not copied: whoever holds it releases it. weir uses of Arrow's layouts: b c s i l f g, d:p,s (128 bit), u U z Z, tdD,
 * tsu: / tsu:UTC, +l +L +s +m, n. Nothing else comes out of weir; DuckDB may hand in others of these. */
#pragma once
#include "column/types.h"

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE
#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4
struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};
struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};
#endif

/* A schema as Arrow has it (TIMESTAMP -> tsu:UTC, TIMESTAMP_NTZ -> tsu:, STRING -> u, DECIMAL -> d:p,s). Caller releases. */
void weir_arrow_schema(const weir_schema *schema, struct ArrowSchema *out);
/* What Spark type an Arrow field stands for (HUGEINT of DuckDB arrives as d:38,0). WEIR_UNSUPPORTED names the format. */
weir_rc weir_arrow_to_schema(weir_arena *arena, const struct ArrowSchema *in, weir_schema **out, struct weir_error *err) WEIR_MUST_USE;

/* A batch: a struct array of all columns, with the schema it follows (borrowed; must outlive the batch). */
struct weir_batch {
    const weir_schema *schema;
    struct ArrowArray array; /* one child per field; no nulls at the top */
};
void weir_batch_release(struct weir_batch *batch); /* NULL and released are legal */
static inline int64_t weir_batch_rows(const struct weir_batch *batch) { return batch->array.length; }

/* A stream of batches. */
typedef struct weir_batches weir_batches;
struct weir_batches {
    const weir_schema *schema;
    /* Moves the next batch out; WEIR_END when there is none. */
    weir_rc (*next)(weir_batches *self, struct weir_batch *out, struct weir_error *err);
    void (*close)(weir_batches *self); /* frees self */
    void *state;
};

/* --- builders: one column at a time, any type, appended value by value --- */
typedef struct weir_builder weir_builder;
weir_builder *weir_builder_new(const struct weir_type *type);
void weir_builder_free(weir_builder *builder);
void weir_builder_null(weir_builder *builder);
void weir_builder_bool(weir_builder *builder, bool value);
void weir_builder_i64(weir_builder *builder, int64_t value);   /* BYTE..LONG, DATE, TIMESTAMP(_NTZ) */
void weir_builder_f64(weir_builder *builder, double value);    /* FLOAT, DOUBLE */
void weir_builder_decimal(weir_builder *builder, weir_i128 unscaled);
void weir_builder_bytes(weir_builder *builder, const void *bytes, size_t len); /* STRING, BINARY */
/* ARRAY, MAP: begin, append to the children (weir_builder_child), end. STRUCT: append to each child, then end. */
weir_builder *weir_builder_child(weir_builder *builder, size_t index);
void weir_builder_end(weir_builder *builder);
int64_t weir_builder_rows(const weir_builder *builder);
size_t weir_builder_bytes_used(const weir_builder *builder);
/* Moves the rows out; the builder starts again at zero rows. */
void weir_builder_finish(weir_builder *builder, struct ArrowArray *out);
/* Join finished columns to a batch; the arrays are moved. */
void weir_batch_make(const weir_schema *schema, struct ArrowArray *columns, int64_t rows, struct weir_batch *out);

/* --- access: value `row` of one column --- */
bool weir_arrow_is_null(const struct ArrowArray *array, int64_t row);
bool weir_arrow_bool(const struct ArrowArray *array, int64_t row);
int64_t weir_arrow_i64(const struct ArrowArray *array, enum weir_type_id id, int64_t row);
double weir_arrow_f64(const struct ArrowArray *array, enum weir_type_id id, int64_t row);
weir_i128 weir_arrow_decimal(const struct ArrowArray *array, int64_t row);
struct weir_str weir_arrow_bytes(const struct ArrowArray *array, int64_t row);
/* Take `rows` (ascending or not) of a batch into a new one: for filters and partitions. */
weir_rc weir_batch_take(const struct weir_batch *batch, const int64_t *rows, int64_t count, struct weir_batch *out,
                        struct weir_error *err) WEIR_MUST_USE;

/* MAPs of a batch get each STRING key once, the last value of all (Spark keeps all that a JSON object had; DuckDB takes no others). The batch must be the caller's alone. */
void weir_batch_unique_keys(struct weir_batch *batch);

/* One value as JSON, as ../shared/conformance/text renders it (timestamps ...Z with six digits, decimals as strings, BINARY base64, MAP as array of
 * pairs, NaN as string; bytes that are not UTF-8 as \udc80..\udcff). ASCII only when w->ascii. */
void weir_arrow_print_json(struct weir_jsonw *w, const struct weir_type *type, const struct ArrowArray *array, int64_t row);
/* One value as Spark's CAST(x AS STRING) prints it: "2024-01-02 03:04:05", "1.0E10", "true". NULL prints nothing and returns false. */
bool weir_arrow_print_text(struct weir_buf *out, const struct weir_type *type, const struct ArrowArray *array, int64_t row);
