/* arrow_sink.c - the colsink that makes Arrow batches.
 *
 * Within a task every column has one builder. A block's rows are staged at its end; close_block keeps them, or rewrites the block's part without the dropped
 * rows. Full batches wait in the task (other tasks may be ahead or behind) and are handed over by end, in order of task number: a task is
 * bounded by whoever cuts it, and so is what waits. Builders end early when a column nears Arrow's 2 GiB. */
#include "column/arrow_internal.h"
#include "column/colsink.h"

#define COLUMN_BYTES_MAX ((size_t)1 << 29) /* end the batch here; one block more still fits below 2 GiB */

struct arrow_sinks {
    struct weir_sink_factory factory;
    int64_t batch_rows;
    weir_rc (*give)(void *arg, struct weir_batch *batch, struct weir_error *err);
    void *arg;
};
struct arrow_sink {
    weir_colsink sink;
    struct weir_text_parser *const *parsers;
    int64_t batch_rows;
    weir_builder **builders;
    struct ArrowArray *arrays; /* nested columns of the block */
    int64_t kept;   /* rows in the builders that are final */
    int64_t total;  /* rows in finished batches */
    size_t finished_bytes;
    struct weir_batch *batches;
    size_t count, cap;
};

static void put_value(weir_builder *b, enum weir_verdict verdict, const union weir_value *value)
{
    if (verdict != WEIR_VALUE) {
        weir_builder_null(b);
        return;
    }
    switch (weiri_builder_type(b)->id) {
    case WEIR_TYPE_BOOLEAN:
        weir_builder_bool(b, value->b);
        break;
    case WEIR_TYPE_FLOAT:
    case WEIR_TYPE_DOUBLE:
        weir_builder_f64(b, value->f);
        break;
    case WEIR_TYPE_DECIMAL:
        weir_builder_decimal(b, value->d);
        break;
    case WEIR_TYPE_STRING:
    case WEIR_TYPE_BINARY:
        weir_builder_bytes(b, value->s.ptr, value->s.len);
        break;
    case WEIR_TYPE_STRUCT: { /* a constant: one value per field */
        const union weir_value *fields = (const void *)value->s.ptr;
        for (size_t i = 0; i < weiri_builder_type(b)->field_count; i++) {
            put_value(weir_builder_child(b, i), WEIR_VALUE, &fields[i]);
        }
        weir_builder_end(b);
        break;
    }
    default:
        weir_builder_i64(b, value->i);
    }
}

static void put_text(weir_builder *b, struct weir_text_parser *parser, const char *text, size_t len, uint32_t row, uint64_t *bad)
{
    union weir_value value;
    enum weir_verdict verdict = parser->parse(parser, text, len, &value);
    if (verdict == WEIR_VALUE_BAD) {
        WEIR_BIT_SET(bad, row);
    }
    put_value(b, verdict, &value);
}

static weir_rc sink_take(weir_colsink *self, int column, const struct weir_block *block, uint32_t field, uint64_t *bad, struct weir_error *err)
{
    struct arrow_sink *s = self->state;
    weir_builder *b = s->builders[column];
    struct weir_text_parser *parser = s->parsers[column];
    (void)err;
    bool strip = block->crlf && field + 1 == block->fields;
    for (uint32_t r = 0; r < block->rows; r++) {
        size_t i = (size_t)r * block->fields + field;
        uint32_t from = i == 0 ? block->first : block->seps[i - 1] + 1;
        uint32_t to = block->seps[i];
        if (strip && to > from && block->text[to - 1] == '\r') {
            to--;
        }
        put_text(b, parser, block->text + from, to - from, r, bad);
    }
    return WEIR_OK;
}

static weir_rc sink_take_cells(weir_colsink *self, int column, const struct weir_cell *cells, uint32_t rows, uint64_t *bad, struct weir_error *err)
{
    struct arrow_sink *s = self->state;
    (void)err;
    for (uint32_t r = 0; r < rows; r++) {
        if (cells[r].ptr == NULL) {
            weir_builder_null(s->builders[column]);
        } else {
            put_text(s->builders[column], s->parsers[column], cells[r].ptr, cells[r].len, r, bad);
        }
    }
    return WEIR_OK;
}

static weir_rc sink_take_constant(weir_colsink *self, int column, const union weir_value *value, uint32_t rows, struct weir_error *err)
{
    struct arrow_sink *s = self->state;
    (void)err;
    for (uint32_t r = 0; r < rows; r++) {
        put_value(s->builders[column], value ? WEIR_VALUE : WEIR_VALUE_NULL, value);
    }
    return WEIR_OK;
}

static weir_rc sink_take_array(weir_colsink *self, int column, struct ArrowArray *array, struct weir_error *err)
{
    struct arrow_sink *s = self->state;
    (void)err;
    WEIR_ASSERT(!s->arrays[column].release);
    s->arrays[column] = *array;
    array->release = NULL;
    return WEIR_OK;
}

/* A nested column's rows come in when it is known which of them stay. */
static void add_array(struct arrow_sink *s, size_t column, uint32_t rows, const uint64_t *drop)
{
    struct ArrowArray *array = &s->arrays[column];
    for (uint32_t r = 0; r < rows; r++) {
        if (!drop || !WEIR_BIT(drop, r)) {
            weiri_builder_copy(s->builders[column], array, r);
        }
    }
    array->release(array);
    *array = (struct ArrowArray){0};
}

/* Rewrite the block's rows of one column without the dropped ones: the survivors go aside, and come back. */
static void drop_rows(struct arrow_sink *s, size_t column, uint32_t rows, const uint64_t *drop)
{
    weir_builder *b = s->builders[column];
    if (weiri_builder_type(b)->id == WEIR_TYPE_STRUCT) { /* constant within a block: which rows stay does not matter */
        uint32_t dropped = 0;
        for (uint32_t r = 0; r < rows; r++) {
            dropped += (uint32_t)WEIR_BIT(drop, r);
        }
        weiri_builder_truncate(b, s->kept + rows - dropped);
        return;
    }
    weir_builder *aside = weir_builder_new(weiri_builder_type(b));
    struct ArrowArray array;
    const void *buffers[3];
    weiri_builder_view(b, &array, buffers);
    for (uint32_t r = 0; r < rows; r++) {
        if (!WEIR_BIT(drop, r)) {
            weiri_builder_copy(aside, &array, s->kept + r);
        }
    }
    weiri_builder_truncate(b, s->kept);
    weiri_builder_view(aside, &array, buffers);
    for (int64_t r = 0; r < weir_builder_rows(aside); r++) {
        weiri_builder_copy(b, &array, r);
    }
    weir_builder_free(aside);
}

static void end_batch(struct arrow_sink *s)
{
    if (s->kept == 0) {
        return;
    }
    size_t columns = s->sink.schema->field_count;
    struct ArrowArray *arrays = weir_calloc(columns + 1, sizeof *arrays);
    for (size_t c = 0; c < columns; c++) {
        s->finished_bytes += weir_builder_bytes_used(s->builders[c]);
        weir_builder_finish(s->builders[c], &arrays[c]);
    }
    weir_batch_make(s->sink.schema, arrays, s->kept, &WEIR_PUSH(s->batches, s->count, s->cap));
    weir_free(arrays);
    s->total += s->kept;
    s->kept = 0;
}

static weir_rc sink_close_block(weir_colsink *self, uint32_t rows, const uint64_t *drop, struct weir_error *err)
{
    struct arrow_sink *s = self->state;
    uint32_t dropped = 0;
    (void)err;
    for (uint32_t r = 0; drop && r < rows; r++) {
        dropped += (uint32_t)WEIR_BIT(drop, r);
    }
    bool big = false;
    for (size_t c = 0; c < self->schema->field_count; c++) {
        WEIR_ASSERT(s->arrays[c].release || weir_builder_rows(s->builders[c]) == s->kept + rows);
        if (s->arrays[c].release) {
            add_array(s, c, rows, drop);
        } else if (dropped == rows) {
            weiri_builder_truncate(s->builders[c], s->kept);
        } else if (dropped > 0) {
            drop_rows(s, c, rows, drop);
        }
        big = big || weir_builder_bytes_used(s->builders[c]) > COLUMN_BYTES_MAX;
    }
    s->kept += rows - dropped;
    if (s->kept >= s->batch_rows || big) {
        end_batch(s);
    }
    return WEIR_OK;
}

static int64_t sink_rows(const weir_colsink *self)
{
    const struct arrow_sink *s = self->state;
    return s->total + s->kept;
}

static size_t sink_bytes(const weir_colsink *self)
{
    const struct arrow_sink *s = self->state;
    size_t bytes = s->finished_bytes;
    for (size_t c = 0; c < self->schema->field_count; c++) {
        bytes += weir_builder_bytes_used(s->builders[c]);
    }
    return bytes;
}

static const struct weir_colsink_ops sink_ops = {sink_take, sink_take_cells, sink_take_constant, sink_take_array, sink_close_block, sink_rows, sink_bytes};

static weir_rc sinks_begin(struct weir_sink_factory *self, int64_t task, struct weir_text_parser *const *parsers, weir_colsink **out, struct weir_error *err)
{
    struct arrow_sinks *f = self->state;
    struct arrow_sink *s = weir_calloc(1, sizeof *s);
    (void)task;
    (void)err;
    s->sink = (weir_colsink){&sink_ops, self->schema, s};
    s->parsers = parsers;
    s->batch_rows = f->batch_rows;
    s->builders = weir_calloc(self->schema->field_count + 1, sizeof(weir_builder *));
    s->arrays = weir_calloc(self->schema->field_count + 1, sizeof *s->arrays);
    for (size_t c = 0; c < self->schema->field_count; c++) {
        s->builders[c] = weir_builder_new(&self->schema->fields[c].type);
    }
    *out = &s->sink;
    return WEIR_OK;
}

static void sinks_abandon(struct weir_sink_factory *self, int64_t task, weir_colsink *sink)
{
    struct arrow_sink *s = sink->state;
    (void)task;
    for (size_t c = 0; c < self->schema->field_count; c++) {
        weir_builder_free(s->builders[c]);
        if (s->arrays[c].release) {
            s->arrays[c].release(&s->arrays[c]);
        }
    }
    weir_free(s->arrays);
    for (size_t i = 0; i < s->count; i++) {
        weir_batch_release(&s->batches[i]);
    }
    weir_free(s->builders);
    weir_free(s->batches);
    weir_free(s);
}

/* A block may bring more rows than a batch holds: hand over in pieces. Whole batches are moved. */
static weir_rc give_batch(struct arrow_sinks *f, struct weir_batch *batch, struct weir_error *err)
{
    int64_t rows = weir_batch_rows(batch);
    if (rows <= f->batch_rows) {
        struct weir_batch moved = *batch;
        batch->array.release = NULL;
        return f->give(f->arg, &moved, err);
    }
    int64_t *index = weir_malloc((size_t)f->batch_rows * sizeof *index);
    weir_rc rc = WEIR_OK;
    for (int64_t from = 0; from < rows && rc == WEIR_OK; from += f->batch_rows) {
        int64_t count = rows - from < f->batch_rows ? rows - from : f->batch_rows;
        for (int64_t i = 0; i < count; i++) {
            index[i] = from + i;
        }
        struct weir_batch piece;
        rc = weir_batch_take(batch, index, count, &piece, err);
        if (rc == WEIR_OK) {
            rc = f->give(f->arg, &piece, err);
        }
    }
    weir_free(index);
    return rc;
}

static weir_rc sinks_end(struct weir_sink_factory *self, int64_t task, weir_colsink *sink, struct weir_error *err)
{
    struct arrow_sinks *f = self->state;
    struct arrow_sink *s = sink->state;
    weir_rc rc = WEIR_OK;
    end_batch(s);
    for (size_t i = 0; i < s->count && rc == WEIR_OK; i++) {
        rc = give_batch(f, &s->batches[i], err);
    }
    sinks_abandon(self, task, sink);
    return rc;
}

weir_rc weir_arrow_sinks_new(const weir_schema *schema, int64_t batch_rows,
                             weir_rc (*give)(void *arg, struct weir_batch *batch, struct weir_error *err), void *arg,
                             struct weir_sink_factory **out, struct weir_error *err)
{
    *out = NULL;
    (void)err;
    struct arrow_sinks *f = weir_calloc(1, sizeof *f);
    f->factory = (struct weir_sink_factory){sinks_begin, sinks_end, sinks_abandon, schema, f};
    f->batch_rows = batch_rows > 0 ? batch_rows : 1 << 16;
    f->give = give;
    f->arg = arg;
    *out = &f->factory;
    return WEIR_OK;
}

void weir_arrow_sinks_free(struct weir_sink_factory *factory)
{
    if (factory) {
        weir_free(factory->state);
    }
}
