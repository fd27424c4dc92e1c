/* footer.c - what stands behind the row groups: column indexes, offset indexes, the file's metadata. */
#include "parquet/encode.h"
#include "parquet/thrift_write.h"
#include "parquet/writer_internal.h"

/* --- page index --- */

static struct weir_str page_bound(const struct pw_chunk_meta *m, uint32_t at, uint32_t len)
{
    return (struct weir_str){(const char *)m->page_bounds + at, len};
}

/* Pages of NULLs alone have no say in the order. */
static enum weir_pq_boundary_order order_of(const struct pw_leaf *leaf, const struct pw_chunk_meta *m)
{
    bool up = true, down = true;
    const struct pw_page *last = NULL;
    for (size_t i = 0; i < m->page_count; i++) {
        const struct pw_page *p = &m->pages[i];
        if (p->all_null) {
            continue;
        }
        if (last) {
            int min = weiri_pw_value_cmp(leaf, page_bound(m, last->min_at, last->min_len), page_bound(m, p->min_at, p->min_len));
            int max = weiri_pw_value_cmp(leaf, page_bound(m, last->max_at, last->max_len), page_bound(m, p->max_at, p->max_len));
            up &= min <= 0 && max <= 0;
            down &= min >= 0 && max >= 0;
        }
        last = p;
    }
    return up ? WEIR_PQ_ASCENDING : down ? WEIR_PQ_DESCENDING : WEIR_PQ_UNORDERED;
}

static void write_column_index(struct pw_thrift *t, const struct pw_leaf *leaf, const struct pw_chunk_meta *m)
{
    weiri_pw_thrift_list(t, WEIR_PQ_COLUMN_INDEX_NULL_PAGES, WEIR_THRIFT_TRUE, m->page_count);
    for (size_t i = 0; i < m->page_count; i++) {
        weiri_pw_thrift_item_bool(t, m->pages[i].all_null);
    }
    weiri_pw_thrift_list(t, WEIR_PQ_COLUMN_INDEX_MIN, WEIR_THRIFT_BINARY, m->page_count);
    for (size_t i = 0; i < m->page_count; i++) {
        const struct pw_page *p = &m->pages[i];
        weiri_pw_thrift_item_binary(t, m->page_bounds + p->min_at, p->min_len);
    }
    weiri_pw_thrift_list(t, WEIR_PQ_COLUMN_INDEX_MAX, WEIR_THRIFT_BINARY, m->page_count);
    for (size_t i = 0; i < m->page_count; i++) {
        const struct pw_page *p = &m->pages[i];
        weiri_pw_thrift_item_binary(t, m->page_bounds + p->max_at, p->max_len);
    }
    weiri_pw_thrift_i32(t, WEIR_PQ_COLUMN_INDEX_ORDER, (int32_t)order_of(leaf, m));
    weiri_pw_thrift_list(t, WEIR_PQ_COLUMN_INDEX_NULL_COUNTS, WEIR_THRIFT_I64, m->page_count);
    for (size_t i = 0; i < m->page_count; i++) {
        weiri_pw_thrift_item_i64(t, m->pages[i].null_count);
    }
    weiri_pw_thrift_end(t);
}

static void write_offset_index(struct pw_thrift *t, const struct pw_chunk_meta *m)
{
    weiri_pw_thrift_list(t, WEIR_PQ_OFFSET_INDEX_LOCATIONS, WEIR_THRIFT_STRUCT, m->page_count);
    for (size_t i = 0; i < m->page_count; i++) {
        const struct pw_page *p = &m->pages[i];
        weiri_pw_thrift_item_struct(t);
        weiri_pw_thrift_i64(t, WEIR_PQ_LOCATION_OFFSET, m->data_offset + (int64_t)p->at);
        weiri_pw_thrift_i32(t, WEIR_PQ_LOCATION_COMPRESSED_SIZE, (int32_t)p->size);
        weiri_pw_thrift_i64(t, WEIR_PQ_LOCATION_FIRST_ROW, p->first_row);
        weiri_pw_thrift_end(t);
    }
    weiri_pw_thrift_end(t);
}

static void write_page_indexes(weir_parquet_file *file, struct weir_buf *buf)
{
    const int64_t base = weir_store_writer_offset(file->writer);
    struct pw_thrift t;
    for (int which = 0; which < 2; which++) {
        for (size_t g = 0; g < file->group_count; g++) {
            for (size_t i = 0; i < file->leaves.count; i++) {
                struct pw_chunk_meta *m = &file->groups[g].chunks[i];
                const size_t from = buf->len;
                weiri_pw_thrift_init(&t, buf);
                if (which == 1) {
                    write_offset_index(&t, m);
                    m->offset_index_offset = base + (int64_t)from;
                    m->offset_index_length = (int64_t)(buf->len - from);
                } else if (m->index_ok) {
                    write_column_index(&t, &file->leaves.items[i], m);
                    m->column_index_offset = base + (int64_t)from;
                    m->column_index_length = (int64_t)(buf->len - from);
                }
            }
        }
    }
}

/* --- metadata --- */

static void write_statistics(struct pw_thrift *t, const struct pw_chunk_meta *m)
{
    weiri_pw_thrift_struct(t, WEIR_PQ_META_STATISTICS);
    weiri_pw_thrift_i64(t, WEIR_PQ_STATS_NULL_COUNT, m->null_count);
    if (m->distinct >= 0) {
        weiri_pw_thrift_i64(t, WEIR_PQ_STATS_DISTINCT_COUNT, m->distinct);
    }
    if (m->has_bounds) {
        weiri_pw_thrift_binary(t, WEIR_PQ_STATS_MAX, m->max.ptr, m->max.len);
        weiri_pw_thrift_binary(t, WEIR_PQ_STATS_MIN, m->min.ptr, m->min.len);
        weiri_pw_thrift_bool(t, WEIR_PQ_STATS_MAX_EXACT, m->max_exact);
        weiri_pw_thrift_bool(t, WEIR_PQ_STATS_MIN_EXACT, m->min_exact);
    }
    weiri_pw_thrift_end(t);
}

struct encoding_count {
    enum weir_pq_page page;
    enum weir_pq_encoding encoding;
    int64_t count;
};

static size_t encodings_of(const struct pw_chunk_meta *m, struct encoding_count out[4])
{
    const struct encoding_count all[4] = {{WEIR_PQ_PAGE_DICTIONARY, WEIR_PQ_PLAIN, m->dict_pages > 0},
                                          {WEIR_PQ_PAGE_DATA, WEIR_PQ_RLE_DICTIONARY, m->dict_pages},
                                          {WEIR_PQ_PAGE_DATA, WEIR_PQ_PLAIN, m->plain_pages},
                                          {WEIR_PQ_PAGE_DATA, WEIR_PQ_DELTA_BINARY_PACKED, m->delta_pages}};
    size_t n = 0;
    for (size_t i = 0; i < 4; i++) {
        if (all[i].count > 0) {
            out[n++] = all[i];
        }
    }
    return n;
}

static void write_encodings(struct pw_thrift *t, const struct pw_chunk_meta *m)
{
    struct encoding_count used[4];
    const size_t n = encodings_of(m, used);
    enum weir_pq_encoding distinct[5] = {WEIR_PQ_RLE}; /* of levels */
    size_t count = 1;
    for (size_t i = 0; i < n; i++) {
        bool known = false;
        for (size_t k = 0; k < count; k++) {
            known |= distinct[k] == used[i].encoding;
        }
        if (!known) {
            distinct[count++] = used[i].encoding;
        }
    }
    weiri_pw_thrift_list(t, WEIR_PQ_META_ENCODINGS, WEIR_THRIFT_I32, count);
    for (size_t i = 0; i < count; i++) {
        weiri_pw_thrift_item_i32(t, (int32_t)distinct[i]);
    }
}

static void write_encoding_stats(struct pw_thrift *t, const struct pw_chunk_meta *m)
{
    struct encoding_count used[4];
    const size_t n = encodings_of(m, used);
    weiri_pw_thrift_list(t, WEIR_PQ_META_ENCODING_STATS, WEIR_THRIFT_STRUCT, n);
    for (size_t i = 0; i < n; i++) {
        weiri_pw_thrift_item_struct(t);
        weiri_pw_thrift_i32(t, WEIR_PQ_ENCODING_STATS_PAGE_TYPE, (int32_t)used[i].page);
        weiri_pw_thrift_i32(t, WEIR_PQ_ENCODING_STATS_ENCODING, (int32_t)used[i].encoding);
        weiri_pw_thrift_i32(t, WEIR_PQ_ENCODING_STATS_COUNT, (int32_t)used[i].count);
        weiri_pw_thrift_end(t);
    }
}

static enum weir_pq_codec codec_of(enum weir_codec_id id)
{
    switch (id) {
    case WEIR_CODEC_SNAPPY:
        return WEIR_PQ_CODEC_SNAPPY;
    case WEIR_CODEC_GZIP:
        return WEIR_PQ_CODEC_GZIP;
    case WEIR_CODEC_ZSTD:
        return WEIR_PQ_CODEC_ZSTD;
    case WEIR_CODEC_LZ4_RAW:
        return WEIR_PQ_CODEC_LZ4_RAW;
    default:
        WEIR_ASSERT(id == WEIR_CODEC_NONE);
        return WEIR_PQ_CODEC_UNCOMPRESSED;
    }
}

static void write_column_meta(struct pw_thrift *t, const weir_parquet_file *file, const struct pw_leaf *leaf, const struct pw_chunk_meta *m)
{
    weiri_pw_thrift_struct(t, WEIR_PQ_CHUNK_META);
    weiri_pw_thrift_i32(t, WEIR_PQ_META_TYPE, (int32_t)leaf->physical);
    write_encodings(t, m);
    weiri_pw_thrift_list(t, WEIR_PQ_META_PATH, WEIR_THRIFT_BINARY, leaf->path_count);
    for (size_t i = 0; i < leaf->path_count; i++) {
        weiri_pw_thrift_item_binary(t, leaf->path[i], strlen(leaf->path[i]));
    }
    weiri_pw_thrift_i32(t, WEIR_PQ_META_CODEC, (int32_t)codec_of(file->options.codec));
    weiri_pw_thrift_i64(t, WEIR_PQ_META_NUM_VALUES, m->entries);
    weiri_pw_thrift_i64(t, WEIR_PQ_META_UNCOMPRESSED_SIZE, m->raw_bytes);
    weiri_pw_thrift_i64(t, WEIR_PQ_META_COMPRESSED_SIZE, m->size);
    weiri_pw_thrift_i64(t, WEIR_PQ_META_DATA_PAGE_OFFSET, m->data_offset);
    if (m->dict_pages > 0) {
        weiri_pw_thrift_i64(t, WEIR_PQ_META_DICTIONARY_PAGE_OFFSET, m->dictionary_offset);
    }
    write_statistics(t, m);
    write_encoding_stats(t, m);
    weiri_pw_thrift_end(t);
}

static void write_chunk(struct pw_thrift *t, const weir_parquet_file *file, const struct pw_leaf *leaf, const struct pw_chunk_meta *m)
{
    weiri_pw_thrift_item_struct(t);
    weiri_pw_thrift_i64(t, WEIR_PQ_CHUNK_FILE_OFFSET, 0); /* deprecated: 0 as the format asks */
    write_column_meta(t, file, leaf, m);
    weiri_pw_thrift_i64(t, WEIR_PQ_CHUNK_OFFSET_INDEX_OFFSET, m->offset_index_offset);
    weiri_pw_thrift_i32(t, WEIR_PQ_CHUNK_OFFSET_INDEX_LENGTH, (int32_t)m->offset_index_length);
    if (m->index_ok) {
        weiri_pw_thrift_i64(t, WEIR_PQ_CHUNK_COLUMN_INDEX_OFFSET, m->column_index_offset);
        weiri_pw_thrift_i32(t, WEIR_PQ_CHUNK_COLUMN_INDEX_LENGTH, (int32_t)m->column_index_length);
    }
    weiri_pw_thrift_end(t);
}

static void write_groups(struct pw_thrift *t, const weir_parquet_file *file)
{
    weiri_pw_thrift_list(t, WEIR_PQ_FILE_ROW_GROUPS, WEIR_THRIFT_STRUCT, file->group_count);
    for (size_t g = 0; g < file->group_count; g++) {
        const struct pw_group_meta *group = &file->groups[g];
        weiri_pw_thrift_item_struct(t);
        weiri_pw_thrift_list(t, WEIR_PQ_GROUP_COLUMNS, WEIR_THRIFT_STRUCT, file->leaves.count);
        for (size_t i = 0; i < file->leaves.count; i++) {
            write_chunk(t, file, &file->leaves.items[i], &group->chunks[i]);
        }
        weiri_pw_thrift_i64(t, WEIR_PQ_GROUP_TOTAL_BYTE_SIZE, group->raw_bytes);
        weiri_pw_thrift_i64(t, WEIR_PQ_GROUP_NUM_ROWS, group->rows);
        weiri_pw_thrift_i64(t, WEIR_PQ_GROUP_FILE_OFFSET, group->offset);
        weiri_pw_thrift_i64(t, WEIR_PQ_GROUP_COMPRESSED_SIZE, group->size);
        if (g <= INT16_MAX) {
            weiri_pw_thrift_i16(t, WEIR_PQ_GROUP_ORDINAL, (int16_t)g);
        }
        weiri_pw_thrift_end(t);
    }
}

static void write_metadata(struct pw_thrift *t, const char *const *pairs)
{
    size_t count = 0;
    while (pairs && pairs[count]) {
        count++;
    }
    WEIR_ASSERT(count % 2 == 0);
    if (count > 0) {
        weiri_pw_thrift_list(t, WEIR_PQ_FILE_KEY_VALUE, WEIR_THRIFT_STRUCT, count / 2);
        for (size_t i = 0; i < count; i += 2) {
            weiri_pw_thrift_item_struct(t);
            weiri_pw_thrift_text(t, 1, pairs[i]);
            weiri_pw_thrift_text(t, 2, pairs[i + 1]);
            weiri_pw_thrift_end(t);
        }
    }
}

static void write_file_metadata(struct weir_buf *buf, const weir_parquet_file *file)
{
    struct pw_thrift t;
    weiri_pw_thrift_init(&t, buf);
    weiri_pw_thrift_i32(&t, WEIR_PQ_FILE_VERSION, 2);
    weiri_pw_schema_write(&t, WEIR_PQ_FILE_SCHEMA, file->schema, &file->leaves);
    weiri_pw_thrift_i64(&t, WEIR_PQ_FILE_NUM_ROWS, file->rows);
    write_groups(&t, file);
    write_metadata(&t, file->options.metadata);
    weiri_pw_thrift_text(&t, WEIR_PQ_FILE_CREATED_BY, file->options.created_by);
    weiri_pw_thrift_list(&t, WEIR_PQ_FILE_COLUMN_ORDERS, WEIR_THRIFT_STRUCT, file->leaves.count);
    for (size_t i = 0; i < file->leaves.count; i++) {
        weiri_pw_thrift_item_struct(&t);
        weiri_pw_thrift_struct(&t, 1); /* TYPE_ORDER */
        weiri_pw_thrift_end(&t);
        weiri_pw_thrift_end(&t);
    }
    weiri_pw_thrift_end(&t);
}

weir_rc weiri_pw_footer_write(weir_parquet_file *file, struct weir_error *err)
{
    struct weir_buf buf;
    weir_buf_init(&buf, INT32_MAX);
    write_page_indexes(file, &buf);
    const size_t from = buf.len;
    write_file_metadata(&buf, file);
    const uint32_t len = (uint32_t)(buf.len - from);
    (void)weir_buf_add(&buf, &len, sizeof len);
    (void)weir_buf_add(&buf, WEIR_PARQUET_MAGIC, 4);
    weir_rc rc;
    if (buf.overflow) {
        rc = weir_fail(err, WEIR_TOO_BIG, "PARQUET_FOOTER_TOO_BIG", "the footer of %s is beyond 2 GiB; write fewer row groups a file", file->key);
    } else {
        rc = weir_store_writer_append(file->writer, buf.data, buf.len, err);
    }
    weir_buf_free(&buf);
    return rc;
}
