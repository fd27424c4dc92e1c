/* reader_page.c - one column chunk: pages in, levels and values out.
 *
 * The chunk is read whole. Every size that a page header claims is checked against the chunk before it is believed; what a page says of its
 * values must agree with what the chunk's metadata promised. */
#include "parquet/reader_internal.h"

struct page_header {
    int type;
    int64_t uncompressed, compressed;
    bool has_crc;
    uint32_t crc;
    bool has_data, has_dictionary, has_v2;
    int64_t values;
    int encoding, def_encoding, rep_encoding;
    int64_t def_bytes, rep_bytes; /* v2 */
    bool v2_compressed;
};

struct chunk_reader {
    weir_parquet_reader *reader;
    int group;
    const struct weiri_pq_chunk *meta;
    struct weiri_pq_column *column;
    struct weiri_pq_column dictionary;
    bool has_dictionary;
    enum weir_codec_id codec;
    uint8_t *bytes;
    size_t len, at;
    int64_t start;   /* file offset of bytes */
    int64_t level_cap;
    struct weir_error *err;
};

void weiri_pq_column_free(struct weiri_pq_column *column)
{
    weir_free(column->def);
    weir_free(column->rep);
    weir_free(column->data);
    weir_arena_free(column->bytes);
    memset(column, 0, sizeof *column);
}

static weir_rc corrupt(struct chunk_reader *c, const char *what)
{
    return weiri_pq_corrupt(c->reader, c->group, c->column->leaf->name, c->start + (int64_t)c->at, what, c->err);
}

static void parse_data(struct weiri_thrift *t, uint8_t type, struct page_header *h)
{
    if (!weiri_thrift_enter(t, type)) {
        return;
    }
    h->has_data = true;
    for (struct weiri_thrift_field f = {0}; weiri_thrift_next(t, &f);) {
        switch (f.id) {
        case WEIR_PQ_DATA_NUM_VALUES:
            h->values = weiri_thrift_i32(t, f.type);
            break;
        case WEIR_PQ_DATA_ENCODING:
            h->encoding = weiri_thrift_i32(t, f.type);
            break;
        case WEIR_PQ_DATA_DEFINITION_ENCODING:
            h->def_encoding = weiri_thrift_i32(t, f.type);
            break;
        case WEIR_PQ_DATA_REPETITION_ENCODING:
            h->rep_encoding = weiri_thrift_i32(t, f.type);
            break;
        default:
            weiri_thrift_skip(t, f.type);
        }
    }
    weiri_thrift_leave(t);
}

static void parse_dictionary(struct weiri_thrift *t, uint8_t type, struct page_header *h)
{
    if (!weiri_thrift_enter(t, type)) {
        return;
    }
    h->has_dictionary = true;
    for (struct weiri_thrift_field f = {0}; weiri_thrift_next(t, &f);) {
        if (f.id == WEIR_PQ_DICTIONARY_NUM_VALUES) {
            h->values = weiri_thrift_i32(t, f.type);
        } else if (f.id == WEIR_PQ_DICTIONARY_ENCODING) {
            h->encoding = weiri_thrift_i32(t, f.type);
        } else {
            weiri_thrift_skip(t, f.type);
        }
    }
    weiri_thrift_leave(t);
}

static void parse_v2(struct weiri_thrift *t, uint8_t type, struct page_header *h)
{
    if (!weiri_thrift_enter(t, type)) {
        return;
    }
    h->has_v2 = true;
    h->v2_compressed = true;
    for (struct weiri_thrift_field f = {0}; weiri_thrift_next(t, &f);) {
        switch (f.id) {
        case WEIR_PQ_V2_NUM_VALUES:
            h->values = weiri_thrift_i32(t, f.type);
            break;
        case WEIR_PQ_V2_ENCODING:
            h->encoding = weiri_thrift_i32(t, f.type);
            break;
        case WEIR_PQ_V2_DEFINITION_BYTES:
            h->def_bytes = weiri_thrift_i32(t, f.type);
            break;
        case WEIR_PQ_V2_REPETITION_BYTES:
            h->rep_bytes = weiri_thrift_i32(t, f.type);
            break;
        case WEIR_PQ_V2_COMPRESSED:
            h->v2_compressed = weiri_thrift_bool(t, f.type);
            break;
        default:
            weiri_thrift_skip(t, f.type);
        }
    }
    weiri_thrift_leave(t);
}

static weir_rc parse_header(struct chunk_reader *c, struct page_header *h)
{
    struct weiri_thrift t;
    memset(h, 0, sizeof *h);
    h->type = -1;
    weiri_thrift_init(&t, c->bytes + c->at, c->len - c->at);
    for (struct weiri_thrift_field f = {0}; weiri_thrift_next(&t, &f);) {
        switch (f.id) {
        case WEIR_PQ_HEADER_TYPE:
            h->type = weiri_thrift_i32(&t, f.type);
            break;
        case WEIR_PQ_HEADER_UNCOMPRESSED:
            h->uncompressed = weiri_thrift_i32(&t, f.type);
            break;
        case WEIR_PQ_HEADER_COMPRESSED:
            h->compressed = weiri_thrift_i32(&t, f.type);
            break;
        case WEIR_PQ_HEADER_CRC:
            h->has_crc = true;
            h->crc = (uint32_t)weiri_thrift_i32(&t, f.type);
            break;
        case WEIR_PQ_HEADER_DATA:
            parse_data(&t, f.type, h);
            break;
        case WEIR_PQ_HEADER_DICTIONARY:
            parse_dictionary(&t, f.type, h);
            break;
        case WEIR_PQ_HEADER_DATA_V2:
            parse_v2(&t, f.type, h);
            break;
        default:
            weiri_thrift_skip(&t, f.type);
        }
    }
    size_t used = (size_t)(t.at - (c->bytes + c->at));
    if (t.bad || h->compressed < 0 || h->uncompressed < 0 || h->values < 0 || h->uncompressed > WEIRI_PQ_PAGE_BYTES_MAX ||
        (uint64_t)h->compressed > c->len - c->at - used) {
        return corrupt(c, "a page header can not be read or claims more than there is");
    }
    c->at += used;
    return WEIR_OK;
}

/* The page's bytes uncompressed into the column's arena. `skip` leading bytes are not compressed (levels of v2). */
static weir_rc page_bytes(struct chunk_reader *c, const struct page_header *h, size_t skip, bool compressed, const uint8_t **out, size_t *len_out)
{
    const uint8_t *in = c->bytes + c->at;
    size_t in_len = (size_t)h->compressed;
    size_t out_len = (size_t)h->uncompressed;
    if (h->has_crc && weir_crc32(0, in, in_len) != h->crc) {
        return corrupt(c, "the checksum of a page does not fit its bytes");
    }
    if (skip > in_len || skip > out_len) {
        return corrupt(c, "the levels of a page are longer than the page");
    }
    if (!compressed || c->codec == WEIR_CODEC_NONE) {
        if (in_len != out_len) {
            return corrupt(c, "an uncompressed page says two sizes");
        }
        *out = in;
        *len_out = in_len;
        return WEIR_OK;
    }
    uint8_t *to = weir_arena_alloc(c->column->bytes, out_len + 8);
    memcpy(to, in, skip);
    if (out_len > skip) {
        struct weir_error cause = {0};
        weir_rc rc = weir_decompress(c->codec, in + skip, in_len - skip, to + skip, out_len - skip, &cause);
        if (rc == WEIR_UNSUPPORTED) {
            if (c->err) {
                *c->err = cause;
            }
            return rc;
        }
        if (rc != WEIR_OK) {
            return corrupt(c, cause.msg[0] ? cause.msg : "a page can not be decompressed");
        }
    }
    *out = to;
    *len_out = out_len;
    return WEIR_OK;
}

/* `count` levels of at most `max` into out. */
static bool to_levels(const uint32_t *in, size_t count, int max, uint8_t *out)
{
    uint32_t highest = 0;
    for (size_t i = 0; i < count; i++) {
        highest = in[i] > highest ? in[i] : highest;
        out[i] = (uint8_t)in[i];
    }
    return highest <= (uint32_t)max;
}

static int width_of(int max)
{
    int width = 0;
    while (max >> width) {
        width++;
    }
    return width;
}

/* The levels of a v1 page at *at: length-prefixed RLE, or deprecated BIT_PACKED. */
static weir_rc levels_v1(struct chunk_reader *c, int encoding, int max, const uint8_t **at, size_t *left, size_t count, uint32_t *scratch, uint8_t *out)
{
    size_t used = 0;
    bool ok = false;
    if (encoding == WEIR_PQ_RLE && *left >= 4) {
        uint32_t size = (uint32_t)(*at)[0] | (uint32_t)(*at)[1] << 8 | (uint32_t)(*at)[2] << 16 | (uint32_t)(*at)[3] << 24;
        ok = size <= *left - 4 && weiri_decode_rle(*at + 4, size, width_of(max), count, scratch, &used);
        used = (size_t)size + 4;
    } else if (encoding == WEIR_PQ_BIT_PACKED) {
        ok = weiri_decode_bit_packed(*at, *left, width_of(max), count, scratch, &used);
    }
    if (!ok || !to_levels(scratch, count, max, out)) {
        return corrupt(c, "the levels of a page can not be read");
    }
    *at += used;
    *left -= used;
    return WEIR_OK;
}

static weir_rc decode_values(struct chunk_reader *c, int encoding, const uint8_t *in, size_t len, size_t count)
{
    struct weiri_pq_column *column = c->column;
    bool ok = false;
    if (count == 0) {
        return WEIR_OK;
    }
    switch (encoding) {
    case WEIR_PQ_PLAIN:
        ok = weiri_decode_plain(column, in, len, count);
        break;
    case WEIR_PQ_PLAIN_DICTIONARY:
    case WEIR_PQ_RLE_DICTIONARY:
        ok = c->has_dictionary && weiri_decode_dictionary(column, &c->dictionary, in, len, count);
        break;
    case WEIR_PQ_RLE:
        ok = column->leaf->physical == WEIR_PQ_BOOLEAN && weiri_decode_rle_booleans(column, in, len, count);
        break;
    case WEIR_PQ_DELTA_BINARY_PACKED:
        ok = weiri_decode_delta_binary(column, in, len, count);
        break;
    case WEIR_PQ_DELTA_LENGTH_BYTE_ARRAY:
        ok = weiri_decode_delta_length(column, in, len, count);
        break;
    case WEIR_PQ_DELTA_BYTE_ARRAY:
        ok = weiri_decode_delta_bytes(column, in, len, count);
        break;
    case WEIR_PQ_BYTE_STREAM_SPLIT:
        ok = weiri_decode_split(column, in, len, count);
        break;
    default:
        return weir_fail(c->err, WEIR_UNSUPPORTED, "PARQUET_ENCODING_UNSUPPORTED", "%s: column %s is encoded in a way that weir does not know (encoding %d); rewrite the file",
                         c->reader->key, column->leaf->name, encoding);
    }
    return ok ? WEIR_OK : corrupt(c, "the values of a page can not be decoded");
}

static weir_rc room_for_levels(struct chunk_reader *c, int64_t count)
{
    struct weiri_pq_column *column = c->column;
    if (count > c->meta->values - column->entries) {
        return corrupt(c, "the pages hold more values than the column's metadata says");
    }
    if (column->entries + count > c->level_cap) {
        c->level_cap = c->level_cap * 2 > column->entries + count ? c->level_cap * 2 : column->entries + count;
        column->def = column->leaf->def_max ? weir_realloc(column->def, (size_t)c->level_cap) : NULL;
        column->rep = column->leaf->rep_max ? weir_realloc(column->rep, (size_t)c->level_cap) : NULL;
    }
    return WEIR_OK;
}

static size_t defined(const uint8_t *def, size_t count, int max)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        n += def[i] == max;
    }
    return n;
}

static weir_rc data_page(struct chunk_reader *c, const struct page_header *h)
{
    struct weiri_pq_column *column = c->column;
    const struct weiri_pq_leaf *leaf = column->leaf;
    bool v2 = h->type == WEIR_PQ_PAGE_DATA_V2;
    size_t count = (size_t)h->values;
    const uint8_t *at = NULL;
    size_t left = 0;
    size_t used = 0;
    if (v2 && (h->def_bytes < 0 || h->rep_bytes < 0)) {
        return corrupt(c, "a page header has negative lengths");
    }
    WEIR_TRY(page_bytes(c, h, v2 ? (size_t)(h->def_bytes + h->rep_bytes) : 0, v2 ? h->v2_compressed : true, &at, &left));
    WEIR_TRY(room_for_levels(c, h->values));
    uint32_t *scratch = weir_malloc((count + 1) * sizeof *scratch);
    weir_rc rc = WEIR_OK;
    if (v2) {
        const uint8_t *def_at = at + h->rep_bytes;
        bool ok = !leaf->rep_max || (weiri_decode_rle(at, (size_t)h->rep_bytes, width_of(leaf->rep_max), count, scratch, &used) &&
                                     to_levels(scratch, count, leaf->rep_max, column->rep + column->entries));
        ok = ok && (!leaf->def_max || (weiri_decode_rle(def_at, (size_t)h->def_bytes, width_of(leaf->def_max), count, scratch, &used) &&
                                       to_levels(scratch, count, leaf->def_max, column->def + column->entries)));
        rc = ok ? WEIR_OK : corrupt(c, "the levels of a page can not be read");
        at += h->def_bytes + h->rep_bytes;
        left -= (size_t)(h->def_bytes + h->rep_bytes);
    } else {
        if (leaf->rep_max) {
            rc = levels_v1(c, h->rep_encoding, leaf->rep_max, &at, &left, count, scratch, column->rep + column->entries);
        }
        if (rc == WEIR_OK && leaf->def_max) {
            rc = levels_v1(c, h->def_encoding, leaf->def_max, &at, &left, count, scratch, column->def + column->entries);
        }
    }
    weir_free(scratch);
    if (rc == WEIR_OK) {
        size_t values = leaf->def_max ? defined(column->def + column->entries, count, leaf->def_max) : count;
        column->entries += h->values;
        rc = decode_values(c, h->encoding, at, left, values);
    }
    return rc;
}

static size_t width_in_memory(int physical)
{
    switch (physical) {
    case WEIR_PQ_BOOLEAN:
        return 1;
    case WEIR_PQ_INT32:
    case WEIR_PQ_FLOAT:
        return 4;
    case WEIR_PQ_INT64:
    case WEIR_PQ_DOUBLE:
        return 8;
    case WEIR_PQ_INT96:
        return 12;
    default:
        return sizeof(struct weir_str);
    }
}

static weir_rc dictionary_page(struct chunk_reader *c, const struct page_header *h)
{
    const uint8_t *at = NULL;
    size_t left = 0;
    if (c->has_dictionary || c->column->entries) {
        return corrupt(c, "a column has two dictionaries");
    }
    if (h->encoding != WEIR_PQ_PLAIN && h->encoding != WEIR_PQ_PLAIN_DICTIONARY) {
        return corrupt(c, "a dictionary is not PLAIN");
    }
    WEIR_TRY(page_bytes(c, h, 0, true, &at, &left));
    c->dictionary = (struct weiri_pq_column){.leaf = c->column->leaf, .width = c->column->width};
    c->has_dictionary = true;
    if (h->values && !weiri_decode_plain(&c->dictionary, at, left, (size_t)h->values)) {
        return corrupt(c, "a dictionary can not be decoded");
    }
    return WEIR_OK;
}

static weir_rc all_pages(struct chunk_reader *c)
{
    while (c->column->entries < c->meta->values) {
        struct page_header h;
        if (c->at >= c->len) {
            return corrupt(c, "the pages end before all values were there");
        }
        WEIR_TRY(parse_header(c, &h));
        if (h.type == WEIR_PQ_PAGE_DICTIONARY && h.has_dictionary) {
            WEIR_TRY(dictionary_page(c, &h));
        } else if ((h.type == WEIR_PQ_PAGE_DATA && h.has_data) || (h.type == WEIR_PQ_PAGE_DATA_V2 && h.has_v2)) {
            WEIR_TRY(data_page(c, &h));
        } else if (h.type != WEIR_PQ_PAGE_INDEX) {
            return corrupt(c, "a page is of no known kind");
        }
        c->at += (size_t)h.compressed;
    }
    return WEIR_OK;
}

static weir_rc find_codec(struct chunk_reader *c)
{
    static const enum weir_codec_id codecs[] = {WEIR_CODEC_NONE, WEIR_CODEC_SNAPPY, WEIR_CODEC_GZIP, WEIR_CODEC_NONE, WEIR_CODEC_BROTLI, WEIR_CODEC_LZ4_HADOOP,
                                                WEIR_CODEC_ZSTD, WEIR_CODEC_LZ4_RAW};
    int codec = c->meta->codec;
    if (codec < 0 || codec > WEIR_PQ_CODEC_LZ4_RAW || codec == WEIR_PQ_CODEC_LZO || !weir_codec_can_decompress(codecs[codec])) {
        return weir_fail(c->err, WEIR_UNSUPPORTED, "PARQUET_CODEC_UNSUPPORTED", "%s: column %s is compressed with %s, which weir does not read; rewrite the file", c->reader->key,
                         c->column->leaf->name, codec == WEIR_PQ_CODEC_LZO ? "LZO" : codec == WEIR_PQ_CODEC_BROTLI ? "BROTLI" : "an unknown codec");
    }
    c->codec = codecs[codec];
    return WEIR_OK;
}

static weir_rc load_chunk(struct chunk_reader *c)
{
    const struct weiri_pq_chunk *m = c->meta;
    int64_t start = m->dictionary_offset > 0 && m->dictionary_offset < m->data_offset ? m->dictionary_offset : m->data_offset;
    c->start = start;
    if (m->present && m->values == 0) {
        return WEIR_OK; /* writers of empty row groups leave the offsets out */
    }
    if (!m->present || m->elsewhere || start < 4 || m->compressed_size < 0 || m->compressed_size > WEIRI_PQ_CHUNK_BYTES_MAX || start > c->reader->size ||
        m->compressed_size > c->reader->size - start) {
        return corrupt(c, "a column chunk lies outside of the file");
    }
    if (m->values < 0 || m->type != c->column->leaf->physical) {
        return corrupt(c, "a column chunk's metadata contradicts the schema");
    }
    if (m->values > WEIRI_PQ_CHUNK_VALUES_MAX) {
        return weir_fail(c->err, WEIR_TOO_BIG, "PARQUET_GROUP_TOO_BIG", "%s: column %s has %lld values in one row group, weir reads up to %lld; rewrite the file with smaller row groups",
                         c->reader->key, c->column->leaf->name, (long long)m->values, (long long)WEIRI_PQ_CHUNK_VALUES_MAX);
    }
    c->len = (size_t)m->compressed_size;
    c->bytes = weir_arena_alloc(c->column->bytes, c->len + 8);
    size_t done = 0;
    WEIR_TRY(weir_file_read(c->reader->file, c->bytes, c->len, start, &done, c->err));
    return done == c->len ? WEIR_OK : corrupt(c, "the file ends within a column chunk");
}

weir_rc weiri_pq_read_column(weir_parquet_reader *reader, int group, size_t leaf, struct weiri_pq_column *out, struct weir_error *err)
{
    *out = (struct weiri_pq_column){.leaf = &reader->tree.leaves[leaf], .bytes = weir_arena_new(), .width = width_in_memory(reader->tree.leaves[leaf].physical)};
    struct chunk_reader c = {.reader = reader, .group = group, .meta = &reader->footer.groups[group].chunks[leaf], .column = out, .err = err};
    weir_rc rc = find_codec(&c);
    if (rc == WEIR_OK) {
        rc = load_chunk(&c);
    }
    if (rc == WEIR_OK) {
        rc = all_pages(&c);
    }
    weir_free(c.dictionary.data);
    if (rc != WEIR_OK) {
        weiri_pq_column_free(out);
    }
    return rc;
}
