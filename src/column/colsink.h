/* colsink.h - where text becomes columns: the border between whoever finds fields in text (format) and whoever keeps them (parquet, Arrow).
 *
 * A task is one row group: one thread owns it and its sink from first byte to last. Text arrives in blocks. For each block the reader
 * hands every column once (take, take_cells, take_constant or, for nested ones, take_array), which *stages* `rows` entries; rows whose text did not parse are marked in
 * `bad`. Then close_block ends it: rows marked in `drop` vanish from all columns (DROPMALFORMED, WHERE on the corrupt record), the others
 * become final. Parsing happens once per distinct text where the sink keeps a dictionary; the verdict is kept in the entry.
 * Output depends on the task's text alone, never on threads or timing. */
#pragma once
#include "column/arrow.h"

/* A value that a text stands for. */
union weir_value {
    bool b;
    int64_t i;          /* BYTE..LONG, DATE (days), TIMESTAMP(_NTZ) (microseconds) */
    double f;           /* FLOAT (already rounded to 32 bits) and DOUBLE */
    weir_i128 d;        /* DECIMAL, unscaled at the column's scale */
    struct weir_str s;  /* STRING, BINARY: points into the text or into the parser's scratch; valid until the next call */
};
enum weir_verdict { WEIR_VALUE, WEIR_VALUE_NULL, WEIR_VALUE_BAD };

/* How a column reads its text. Implemented by format (one per type and options); stateless but for scratch: one per thread. */
struct weir_text_parser {
    enum weir_verdict (*parse)(struct weir_text_parser *self, const char *text, size_t len, union weir_value *out);
    void *state;
};

/* The fields of a block, found by the scan. Field f of row r is
 *     text[(r*fields + f == 0 ? first : seps[r*fields + f - 1] + 1) .. seps[r*fields + f])
 * and, where crlf is set, a '\r' before a row's last separator does not belong to its last field. 64 bytes before text and after text + len
 * may be read. */
struct weir_block {
    const char *text;
    size_t len;
    uint32_t first;       /* where row 0 begins */
    const uint32_t *seps; /* rows * fields positions, row-major; the last of a row is its newline */
    uint32_t rows;
    uint32_t fields;
    bool crlf;
};
/* A field that does not stand in the text as it is (unescaped, defaulted): ptr NULL = NULL. */
struct weir_cell {
    const char *ptr;
    size_t len;
};
#define WEIR_BIT(bits, i) (((bits)[(i) >> 6] >> ((i) & 63)) & 1)
#define WEIR_BIT_SET(bits, i) ((bits)[(i) >> 6] |= (uint64_t)1 << ((i) & 63))

typedef struct weir_colsink weir_colsink;
struct weir_colsink_ops {
    /* Stage all rows of `block` for sink column `column` from text field `field`; set the row's bit in `bad` where the text does not parse
     * (such a value is staged as NULL). */
    weir_rc (*take)(weir_colsink *self, int column, const struct weir_block *block, uint32_t field, uint64_t *bad, struct weir_error *err);
    /* The same from cells, row by row. */
    weir_rc (*take_cells)(weir_colsink *self, int column, const struct weir_cell *cells, uint32_t rows, uint64_t *bad, struct weir_error *err);
    /* The same value `rows` times; NULL = NULL. Arrow sinks also take a STRUCT of primitive fields, by constants only (the same one in a
     * whole block): its s.ptr points to one union weir_value per field. */
    weir_rc (*take_constant)(weir_colsink *self, int column, const union weir_value *value, uint32_t rows, struct weir_error *err);
    /* A whole column as values, one per row of the block: for nested columns, which have no text of their own. The array is moved, whatever comes back. */
    weir_rc (*take_array)(weir_colsink *self, int column, struct ArrowArray *array, struct weir_error *err);
    /* All columns were taken with `rows` rows: forget the rows marked in `drop` (NULL: none), keep the others. */
    weir_rc (*close_block)(weir_colsink *self, uint32_t rows, const uint64_t *drop, struct weir_error *err);
    int64_t (*rows)(const weir_colsink *self); /* kept so far */
    size_t (*bytes)(const weir_colsink *self); /* memory held: a reader may end the task early by it */
};
struct weir_colsink {
    const struct weir_colsink_ops *ops;
    const weir_schema *schema; /* the sink's columns */
    void *state;
};

/* Who makes sinks, one per task, and takes them back in order of task number. begin is called from any thread; end from the task's thread,
 * in turn (numbers ascending, one at a time). abandon: the task failed. `parsers[c]` reads column c (NULL for columns that only get
 * constants); they belong to the reader and outlive the sink. */
#define WEIR_TASK_PART_BITS 20 /* a task that grows too large goes on as another part: number = task << 20 | part, ascending, not contiguous */
struct weir_sink_factory {
    weir_rc (*begin)(struct weir_sink_factory *self, int64_t task, struct weir_text_parser *const *parsers, weir_colsink **out, struct weir_error *err);
    weir_rc (*end)(struct weir_sink_factory *self, int64_t task, weir_colsink *sink, struct weir_error *err); /* takes the sink */
    void (*abandon)(struct weir_sink_factory *self, int64_t task, weir_colsink *sink);
    const weir_schema *schema;
    void *state;
};

/* The Arrow implementation: each task becomes batches of at most `batch_rows` rows, handed over in order through `give` (batch moved). */
weir_rc weir_arrow_sinks_new(const weir_schema *schema, int64_t batch_rows,
                             weir_rc (*give)(void *arg, struct weir_batch *batch, struct weir_error *err), void *arg,
                             struct weir_sink_factory **out, struct weir_error *err) WEIR_MUST_USE;
void weir_arrow_sinks_free(struct weir_sink_factory *factory);
