/* writer.c - a Parquet file from its first bytes to its last: row groups in order, then the footer. */
#include "parquet/writer_internal.h"

#define PAGE_ROWS 100000
#define ROWGROUP_ROWS 1048576
#define ROWGROUP_BYTES ((size_t)128 << 20)

static void copy_options(weir_parquet_file *file, const struct weir_parquet_options *options)
{
    static const struct weir_parquet_options none = {.codec = WEIR_CODEC_SNAPPY};
    struct weir_parquet_options *o = &file->options;
    *o = options ? *options : none;
    o->page_rows = o->page_rows > 0 ? o->page_rows : PAGE_ROWS;
    o->rowgroup_rows_max = o->rowgroup_rows_max > 0 ? o->rowgroup_rows_max : ROWGROUP_ROWS;
    o->rowgroup_bytes_max = o->rowgroup_bytes_max > 0 ? o->rowgroup_bytes_max : ROWGROUP_BYTES;
    o->created_by = weir_arena_strdup(file->arena, o->created_by ? o->created_by : "weir version " WEIR_VERSION);
    if (o->metadata) {
        size_t count = 0;
        while (o->metadata[count]) {
            count++;
        }
        const char **copy = weir_arena_zalloc(file->arena, (count + 1) * sizeof *copy);
        for (size_t i = 0; i < count; i++) {
            copy[i] = weir_arena_strdup(file->arena, o->metadata[i]);
        }
        o->metadata = copy;
    }
}

static void file_free(weir_parquet_file *file)
{
    while (file->spares) {
        weir_rowgroup *g = file->spares;
        file->spares = g->next;
        weiri_pw_rowgroup_destroy(g);
    }
    for (size_t i = 0; i < file->leaves.count && file->bounds; i++) {
        weiri_pw_bounds_free(&file->bounds[i]);
    }
    weir_free(file->bounds);
    weir_free(file->stats);
    weir_free(file->groups);
    weir_free(file->key);
    (void)pthread_mutex_destroy(&file->lock);
    weir_arena_free(file->arena);
    weir_free(file);
}

weir_rc weir_parquet_create(weir_store *store, const char *key, const weir_schema *schema, const struct weir_parquet_options *options,
                            weir_parquet_file **out, struct weir_error *err)
{
    *out = NULL;
    weir_parquet_file *file = weir_calloc(1, sizeof *file);
    (void)pthread_mutex_init(&file->lock, NULL);
    file->arena = weir_arena_new();
    file->key = weir_strdup(key);
    copy_options(file, options);
    weir_rc rc = WEIR_OK;
    if (!weir_codec_can_compress(file->options.codec)) {
        rc = weir_fail(err, WEIR_UNSUPPORTED, "PARQUET_CODEC", "%s cannot be written; use zstd, snappy, gzip, lz4_raw or none",
                       weir_codec_name(file->options.codec));
        goto out;
    }
    file->schema = weir_schema_copy(file->arena, schema);
    rc = weiri_pw_leaves_new(file->arena, file->schema, &file->leaves, err);
    if (rc != WEIR_OK) {
        goto out;
    }
    file->bounds = weir_calloc(file->leaves.count, sizeof *file->bounds);
    file->stats = weir_calloc(file->leaves.count, sizeof *file->stats);
    rc = weir_store_writer_open(store, key, &file->writer, err);
    if (rc == WEIR_OK) {
        rc = weir_store_writer_append(file->writer, WEIR_PARQUET_MAGIC, 4, err);
    }
out:
    if (rc != WEIR_OK) {
        weir_parquet_abort(file);
        return rc;
    }
    *out = file;
    return WEIR_OK;
}

void weir_parquet_abort(weir_parquet_file *file)
{
    if (file) {
        weir_store_writer_abort(file->writer);
        file_free(file);
    }
}

/* --- appending --- */

static void *arena_copy(weir_arena *arena, const void *bytes, size_t len)
{
    void *copy = weir_arena_alloc(arena, len > 0 ? len : 1);
    if (len > 0) {
        memcpy(copy, bytes, len);
    }
    return copy;
}

static struct weir_str cut_bound(weir_arena *arena, const struct pw_leaf *leaf, const struct pw_bound *bound, bool is_max, bool *exact)
{
    struct pw_bytes cut = {0};
    struct weir_str whole = {(const char *)bound->bytes.data, bound->bytes.len};
    bool same = is_max ? weiri_pw_cut_max(&cut, leaf, whole, WEIRI_PW_BOUND_BYTES) : weiri_pw_cut_min(&cut, leaf, whole, WEIRI_PW_BOUND_BYTES);
    *exact = same && bound->exact;
    struct weir_str kept = {arena_copy(arena, cut.data, cut.len), cut.len};
    weiri_pw_bytes_free(&cut);
    return kept;
}

/* Readers disagree where NaN sorts: with one in the chunk no bounds are written at all. */
static void note_chunk(weir_parquet_file *file, struct pw_chunk *c, struct pw_chunk_meta *meta, int64_t offset)
{
    *meta = (struct pw_chunk_meta){.dictionary_offset = c->dict_pages > 0 ? offset : 0, .data_offset = offset + (int64_t)c->dict_page.len,
                                   .raw_bytes = c->raw_bytes, .size = (int64_t)(c->dict_page.len + c->body.len), .entries = c->entries,
                                   .dict_pages = c->dict_pages, .plain_pages = c->plain_pages, .delta_pages = c->delta_pages,
                                   .distinct = c->distinct, .null_count = c->bounds.null_count, .page_count = c->page_count,
                                   .index_ok = c->index_ok};
    meta->pages = arena_copy(file->arena, c->pages, c->page_count * sizeof *c->pages);
    meta->page_bounds = arena_copy(file->arena, c->page_bounds.data, c->page_bounds.len);
    meta->has_bounds = c->bounds.any && !c->bounds.has_nan;
    if (meta->has_bounds) {
        meta->min = cut_bound(file->arena, c->leaf, &c->bounds.min, false, &meta->min_exact);
        meta->max = cut_bound(file->arena, c->leaf, &c->bounds.max, true, &meta->max_exact);
    }
}

static weir_rc write_group(weir_parquet_file *file, weir_rowgroup *group, struct weir_error *err)
{
    struct pw_group_meta meta = {.rows = group->rows, .offset = weir_store_writer_offset(file->writer)};
    meta.chunks = weir_arena_zalloc(file->arena, file->leaves.count * sizeof *meta.chunks);
    for (size_t i = 0; i < file->leaves.count; i++) {
        struct pw_chunk *c = &group->chunks[i];
        note_chunk(file, c, &meta.chunks[i], weir_store_writer_offset(file->writer));
        WEIR_TRY(weir_store_writer_append(file->writer, c->dict_page.data, c->dict_page.len, err));
        WEIR_TRY(weir_store_writer_append(file->writer, c->body.data, c->body.len, err));
        meta.size += meta.chunks[i].size;
        meta.raw_bytes += meta.chunks[i].raw_bytes;
        weiri_pw_bounds_merge(&file->bounds[i], c->leaf, &c->bounds);
    }
    WEIR_PUSH(file->groups, file->group_count, file->group_cap) = meta;
    file->rows += group->rows;
    weir_store_writer_flush_async(file->writer);
    return WEIR_OK;
}

static weir_rc check_file(const weir_parquet_file *file, struct weir_error *err)
{
    if (file->failed == WEIR_OK) {
        return WEIR_OK;
    }
    return weir_fail(err, file->failed, "PARQUET_FILE_FAILED", "an earlier row group could not be written; %s; write the file again", file->key);
}

weir_rc weir_parquet_append(weir_parquet_file *file, weir_rowgroup *group, struct weir_error *err)
{
    WEIR_ASSERT(group->file == file);
    weir_rc rc = check_file(file, err);
    if (rc == WEIR_OK && (group->rows > 0 || group->failed != WEIR_OK)) {
        rc = weir_rowgroup_seal(group, err);
        if (rc == WEIR_OK) {
            rc = write_group(file, group, err);
        }
        file->failed = rc;
    }
    weiri_pw_rowgroup_recycle(group);
    return rc;
}

/* --- asking --- */

int64_t weir_parquet_rows(const weir_parquet_file *file)
{
    return file->rows;
}

int64_t weir_parquet_size(const weir_parquet_file *file)
{
    return weir_store_writer_offset(file->writer);
}

const struct weir_column_stats *weir_parquet_stats(const weir_parquet_file *file, size_t leaf)
{
    WEIR_ASSERT(leaf < file->leaves.count);
    const struct pw_bounds *b = &file->bounds[leaf];
    struct weir_column_stats *stats = &file->stats[leaf];
    memset(stats, 0, sizeof *stats);
    stats->null_count = b->null_count;
    stats->has_nan = b->has_nan;
    stats->has_min_max = b->any;
    if (b->any) {
        const struct pw_leaf *l = &file->leaves.items[leaf];
        stats->min = weiri_pw_value_of(l, (struct weir_str){(const char *)b->min.bytes.data, b->min.bytes.len});
        stats->max = weiri_pw_value_of(l, (struct weir_str){(const char *)b->max.bytes.data, b->max.bytes.len});
        stats->min_exact = b->min.exact;
        stats->max_exact = b->max.exact;
    }
    return stats;
}

weir_rc weir_parquet_finish(weir_parquet_file *file, int64_t *size_out, int64_t *mtime_ms_out, struct weir_error *err)
{
    weir_rc rc = check_file(file, err);
    if (rc == WEIR_OK) {
        rc = weiri_pw_footer_write(file, err);
    }
    if (rc != WEIR_OK) {
        weir_parquet_abort(file);
        return rc;
    }
    rc = weir_store_writer_finish(file->writer, size_out, mtime_ms_out, err);
    file_free(file);
    return rc;
}
