/* rowgroup.c - a row group in memory: its columns, its face as a sink for text. */
#include "parquet/writer_internal.h"

static const struct weir_colsink_ops sink_ops;

static weir_rowgroup *group_new(weir_parquet_file *file)
{
    weir_rowgroup *g = weir_calloc(1, sizeof *g);
    const struct weir_parquet_options *options = &file->options;
    g->file = file;
    g->scratch.options = options;
    g->scratch.compressor = weir_compressor_new(options->codec, options->codec_level);
    if (options->codec == WEIR_CODEC_ZSTD && options->codec_level == 0) {
        g->scratch.entropy = weir_compressor_new(options->codec, WEIR_CODEC_LEVEL_ENTROPY);
    }
    weir_buf_init(&g->scratch.header, 0);
    g->chunks = weir_calloc(file->leaves.count, sizeof *g->chunks);
    for (size_t i = 0; i < file->leaves.count; i++) {
        weiri_pw_chunk_init(&g->chunks[i], &file->leaves.items[i], &g->scratch);
    }
    g->first_leaf = weir_calloc(file->schema->field_count + 1, sizeof *g->first_leaf);
    for (size_t i = file->leaves.count; i-- > 0;) {
        g->first_leaf[file->leaves.items[i].column] = i;
    }
    g->arrays = weir_calloc(file->schema->field_count + 1, sizeof *g->arrays);
    g->sink = (weir_colsink){&sink_ops, file->schema, g};
    return g;
}

weir_rowgroup *weir_rowgroup_new(weir_parquet_file *file, struct weir_text_parser *const *parsers)
{
    (void)pthread_mutex_lock(&file->lock);
    weir_rowgroup *g = file->spares;
    if (g) {
        file->spares = g->next;
    }
    (void)pthread_mutex_unlock(&file->lock);
    if (!g) {
        g = group_new(file);
    }
    g->parsers = parsers;
    g->next = NULL;
    return g;
}

void weiri_pw_rowgroup_destroy(weir_rowgroup *g)
{
    for (size_t i = 0; i < g->file->leaves.count; i++) {
        weiri_pw_chunk_free(&g->chunks[i]);
    }
    weir_free(g->chunks);
    weir_free(g->first_leaf);
    weir_free(g->arrays);
    weir_compressor_free(g->scratch.compressor);
    weir_compressor_free(g->scratch.entropy);
    weiri_pw_bytes_free(&g->scratch.raw);
    weiri_pw_bytes_free(&g->scratch.packed);
    weir_buf_free(&g->scratch.header);
    weir_free(g->scratch.dense);
    weir_free(g);
}

static void release_array(weir_rowgroup *g, size_t column)
{
    if (g->arrays[column].release) {
        g->arrays[column].release(&g->arrays[column]);
        g->arrays[column] = (struct ArrowArray){0};
    }
}

/* Tables, heaps and buffers keep their memory for the next row group: fresh pages from the system would cost more than the work on them. */
void weiri_pw_rowgroup_recycle(weir_rowgroup *g)
{
    weir_parquet_file *file = g->file;
    for (size_t i = 0; i < file->leaves.count; i++) {
        weiri_pw_chunk_clear(&g->chunks[i]);
    }
    for (size_t c = 0; c < file->schema->field_count; c++) {
        release_array(g, c);
    }
    g->rows = 0;
    g->sealed = false;
    g->failed = WEIR_OK;
    (void)pthread_mutex_lock(&file->lock);
    g->next = file->spares;
    file->spares = g;
    (void)pthread_mutex_unlock(&file->lock);
}

void weir_rowgroup_free(weir_rowgroup *group)
{
    if (group) {
        weiri_pw_rowgroup_recycle(group);
    }
}

int64_t weir_rowgroup_rows(const weir_rowgroup *group)
{
    return group->rows;
}

size_t weir_rowgroup_bytes(const weir_rowgroup *group)
{
    size_t bytes = 0;
    for (size_t i = 0; i < group->file->leaves.count; i++) {
        bytes += weiri_pw_chunk_bytes(&group->chunks[i]);
    }
    return bytes;
}

bool weir_rowgroup_full(const weir_rowgroup *group)
{
    const struct weir_parquet_options *options = &group->file->options;
    return group->rows >= options->rowgroup_rows_max || weir_rowgroup_bytes(group) >= options->rowgroup_bytes_max;
}

weir_colsink *weir_rowgroup_sink(weir_rowgroup *group)
{
    return &group->sink;
}

static weir_rc check_usable(const weir_rowgroup *group, struct weir_error *err)
{
    WEIR_ASSERT(!group->sealed);
    if (group->failed == WEIR_OK) {
        return WEIR_OK;
    }
    return weir_fail(err, WEIR_POISONED, "PARQUET_GROUP_FAILED", "an earlier call on this row group failed; free it and build it again");
}

static weir_rc remember(weir_rowgroup *group, weir_rc rc)
{
    if (rc != WEIR_OK && group->failed == WEIR_OK) {
        group->failed = rc;
    }
    return rc;
}

weir_rc weir_rowgroup_add_batch(weir_rowgroup *group, const struct weir_batch *batch, int64_t first_row, int64_t rows, struct weir_error *err)
{
    WEIR_TRY(check_usable(group, err));
    WEIR_ASSERT(first_row >= 0 && rows >= 0 && first_row + rows <= weir_batch_rows(batch));
    WEIR_ASSERT((size_t)batch->array.n_children == group->file->schema->field_count);
    for (size_t i = 0; i < group->file->leaves.count; i++) {
        const struct ArrowArray *array = batch->array.children[group->chunks[i].leaf->column];
        WEIR_TRY(remember(group, weiri_pw_shred(&group->chunks[i], array, batch->array.offset + first_row, rows, err)));
    }
    group->rows += rows;
    return WEIR_OK;
}

weir_rc weir_rowgroup_seal(weir_rowgroup *group, struct weir_error *err)
{
    if (group->sealed) {
        return WEIR_OK;
    }
    WEIR_TRY(check_usable(group, err));
    for (size_t i = 0; i < group->file->leaves.count; i++) {
        WEIR_TRY(remember(group, weiri_pw_chunk_seal(&group->chunks[i], err)));
        WEIR_ASSERT(group->chunks[i].rows == group->rows);
    }
    group->sealed = true;
    return WEIR_OK;
}

/* --- the sink --- */

static weir_rc sink_take(weir_colsink *self, int column, const struct weir_block *block, uint32_t field, uint64_t *bad, struct weir_error *err)
{
    weir_rowgroup *g = self->state;
    WEIR_TRY(check_usable(g, err));
    return remember(g, weiri_pw_take(&g->chunks[g->first_leaf[column]], g->parsers[column], block, field, bad, err));
}

static weir_rc sink_take_cells(weir_colsink *self, int column, const struct weir_cell *cells, uint32_t rows, uint64_t *bad, struct weir_error *err)
{
    weir_rowgroup *g = self->state;
    WEIR_TRY(check_usable(g, err));
    return remember(g, weiri_pw_take_cells(&g->chunks[g->first_leaf[column]], g->parsers[column], cells, rows, bad, err));
}

static weir_rc sink_take_constant(weir_colsink *self, int column, const union weir_value *value, uint32_t rows, struct weir_error *err)
{
    weir_rowgroup *g = self->state;
    WEIR_TRY(check_usable(g, err));
    return remember(g, weiri_pw_take_constant(&g->chunks[g->first_leaf[column]], value, rows, err));
}

static weir_rc sink_take_array(weir_colsink *self, int column, struct ArrowArray *array, struct weir_error *err)
{
    weir_rowgroup *g = self->state;
    WEIR_ASSERT(!g->arrays[column].release);
    g->arrays[column] = *array;
    array->release = NULL;
    return check_usable(g, err);
}

/* The rows of a nested column that stay, in runs. */
static weir_rc shred_kept(weir_rowgroup *g, struct pw_chunk *chunk, uint32_t rows, const uint64_t *drop, struct weir_error *err)
{
    const struct ArrowArray *array = &g->arrays[chunk->leaf->column];
    for (uint32_t from = 0, to; from < rows; from = to + 1) {
        for (to = from; to < rows && !(drop && WEIR_BIT(drop, to)); to++) {
        }
        WEIR_TRY(to > from ? weiri_pw_shred(chunk, array, from, to - from, err) : WEIR_OK);
    }
    return WEIR_OK;
}

static weir_rc sink_close_block(weir_colsink *self, uint32_t rows, const uint64_t *drop, struct weir_error *err)
{
    weir_rowgroup *g = self->state;
    WEIR_TRY(check_usable(g, err));
    int64_t kept = rows;
    if (drop) {
        for (uint32_t i = 0; i < rows; i++) {
            kept -= (int64_t)(WEIR_BIT(drop, i));
        }
    }
    const uint64_t *dropped = kept == (int64_t)rows ? NULL : drop;
    for (size_t i = 0; i < g->file->leaves.count; i++) {
        struct pw_chunk *chunk = &g->chunks[i];
        const bool nested = g->arrays[chunk->leaf->column].release != NULL;
        WEIR_TRY(remember(g, nested ? shred_kept(g, chunk, rows, dropped, err) : weiri_pw_chunk_keep(chunk, rows, dropped, err)));
    }
    for (size_t c = 0; c < g->file->schema->field_count; c++) {
        release_array(g, c);
    }
    g->rows += kept;
    return WEIR_OK;
}

static int64_t sink_rows(const weir_colsink *self)
{
    return weir_rowgroup_rows(self->state);
}

static size_t sink_bytes(const weir_colsink *self)
{
    return weir_rowgroup_bytes(self->state);
}

static const struct weir_colsink_ops sink_ops = {
    .take = sink_take,
    .take_cells = sink_take_cells,
    .take_constant = sink_take_constant,
    .take_array = sink_take_array,
    .close_block = sink_close_block,
    .rows = sink_rows,
    .bytes = sink_bytes,
};
