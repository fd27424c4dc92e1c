/* page.c - an open page becomes bytes: levels, values, compression, checksum, header; and its bounds. */
#include "parquet/chunk.h"
#include "parquet/encode.h"
#include "parquet/thrift_write.h"

/* --- compression --- */

#define SAMPLE ((size_t)16 << 10)

/* Whether 16 KiB from the middle shrink by a tenth. Packed indexes do not, and cost more to try whole than to keep. */
static weir_rc worth_it(struct pw_scratch *s, weir_compressor *compressor, const struct pw_bytes *raw, bool *worth, struct weir_error *err)
{
    *worth = true;
    if (raw->len >= 2 * SAMPLE) {
        size_t n = 0;
        s->packed.len = 0;
        uint8_t *room = weiri_pw_bytes_room(&s->packed, weir_compress_bound(s->options->codec, SAMPLE));
        WEIR_TRY(weir_compress(compressor, raw->data + (raw->len - SAMPLE) / 2, SAMPLE, room, &n, err));
        *worth = n < SAMPLE - SAMPLE / 10;
    }
    return WEIR_OK;
}

/* s->raw to s->packed by `compressor`; stored where it does not shrink. */
static weir_rc pack(struct pw_scratch *s, weir_compressor *compressor, struct weir_error *err)
{
    bool worth;
    const struct pw_bytes *raw = &s->raw;
    WEIR_TRY(worth_it(s, compressor, raw, &worth, err));
    s->packed.len = 0;
    uint8_t *room = weiri_pw_bytes_room(&s->packed, weir_compress_bound(s->options->codec, raw->len));
    size_t n = 0;
    if (worth) {
        WEIR_TRY(weir_compress(compressor, raw->data, raw->len, room, &n, err));
    }
    if (!worth || n >= raw->len) {
        WEIR_TRY(weir_compress_stored(compressor, raw->data, raw->len, room, &n, err));
    }
    s->packed.len = n;
    return WEIR_OK;
}

struct page_kind {
    enum weir_pq_page type;
    enum weir_pq_encoding encoding;
    int64_t entries;
};

/* s->raw, packed and with its header, to the end of `out`. */
static weir_rc put_page(struct pw_chunk *c, struct pw_bytes *out, struct page_kind kind, weir_compressor *compressor, struct weir_error *err)
{
    struct pw_scratch *s = c->scratch;
    const struct pw_bytes *body = &s->raw;
    if (s->raw.len > INT32_MAX) {
        return weir_fail(err, WEIR_TOO_BIG, "PARQUET_PAGE_TOO_BIG", "a page of column %s has %zu bytes, the format's limit is 2 GiB; write smaller batches",
                         c->leaf->name, s->raw.len);
    }
    if (s->options->codec != WEIR_CODEC_NONE) {
        WEIR_TRY(pack(s, compressor, err));
        body = &s->packed;
    }
    struct pw_thrift t;
    weir_buf_clear(&s->header);
    weiri_pw_thrift_init(&t, &s->header);
    weiri_pw_thrift_i32(&t, WEIR_PQ_HEADER_TYPE, (int32_t)kind.type);
    weiri_pw_thrift_i32(&t, WEIR_PQ_HEADER_UNCOMPRESSED, (int32_t)s->raw.len);
    weiri_pw_thrift_i32(&t, WEIR_PQ_HEADER_COMPRESSED, (int32_t)body->len);
    weiri_pw_thrift_i32(&t, WEIR_PQ_HEADER_CRC, (int32_t)weir_crc32(0, body->data, body->len));
    if (kind.type == WEIR_PQ_PAGE_DICTIONARY) {
        weiri_pw_thrift_struct(&t, WEIR_PQ_HEADER_DICTIONARY);
        weiri_pw_thrift_i32(&t, WEIR_PQ_DICTIONARY_NUM_VALUES, (int32_t)kind.entries);
        weiri_pw_thrift_i32(&t, WEIR_PQ_DICTIONARY_ENCODING, (int32_t)kind.encoding);
    } else {
        weiri_pw_thrift_struct(&t, WEIR_PQ_HEADER_DATA);
        weiri_pw_thrift_i32(&t, WEIR_PQ_DATA_NUM_VALUES, (int32_t)kind.entries);
        weiri_pw_thrift_i32(&t, WEIR_PQ_DATA_ENCODING, (int32_t)kind.encoding);
        weiri_pw_thrift_i32(&t, WEIR_PQ_DATA_DEFINITION_ENCODING, WEIR_PQ_RLE);
        weiri_pw_thrift_i32(&t, WEIR_PQ_DATA_REPETITION_ENCODING, WEIR_PQ_RLE);
    }
    weiri_pw_thrift_end(&t);
    weiri_pw_thrift_end(&t);
    weiri_pw_bytes_add(out, s->header.data, s->header.len);
    weiri_pw_bytes_add(out, body->data, body->len);
    c->raw_bytes += (int64_t)(s->header.len + s->raw.len);
    return WEIR_OK;
}

/* --- levels --- */

static uint32_t *dense_room(struct pw_scratch *s, size_t count)
{
    if (count > s->dense_cap) {
        s->dense_cap = count + count / 2;
        s->dense = weir_realloc(s->dense, s->dense_cap * sizeof *s->dense);
    }
    return s->dense;
}

/* The slots that are no NULL, together. Bits of those that are go to s->packed as a bitmap. */
static size_t compact(struct pw_chunk *c, uint32_t *dense, uint64_t *bits)
{
    size_t n = 0;
    memset(bits, 0, (c->slot_count + 63) / 64 * 8);
    for (size_t i = 0; i < c->slot_count; i++) {
        const uint64_t is = c->slots[i] != PW_CODE_NULL;
        bits[i >> 6] |= is << (i & 63);
        dense[n] = c->slots[i];
        n += is;
    }
    return n;
}

struct page_values {
    const uint32_t *slots; /* dense */
    size_t count;
    size_t entries;        /* with NULLs */
    size_t nulls;
};

static struct page_values put_flat_levels(struct pw_chunk *c)
{
    struct pw_scratch *s = c->scratch;
    struct page_values v = {c->slots, c->slot_count, c->slot_count, 0};
    if (c->leaf->max_def == 0) {
        return v;
    }
    size_t nulls = 0;
    for (size_t i = 0; i < c->slot_count; i++) {
        nulls += c->slots[i] == PW_CODE_NULL;
    }
    if (nulls == 0) {
        weiri_pw_flat_levels(&s->raw, NULL, v.entries);
        return v;
    }
    uint32_t *dense = dense_room(s, v.entries);
    s->packed.len = 0;
    uint64_t *bits = (uint64_t *)(void *)weiri_pw_bytes_room(&s->packed, (v.entries + 63) / 64 * 8);
    v.count = compact(c, dense, bits);
    v.slots = dense;
    v.nulls = nulls;
    weiri_pw_flat_levels(&s->raw, bits, v.entries);
    return v;
}

static struct page_values put_nested_levels(struct pw_chunk *c)
{
    struct pw_scratch *s = c->scratch;
    const size_t entries = c->def.len;
    uint32_t *scratch = dense_room(s, entries);
    if (c->leaf->max_rep > 0) {
        weiri_pw_levels(&s->raw, c->rep.data, entries, c->leaf->max_rep, scratch);
    }
    if (c->leaf->max_def > 0) {
        weiri_pw_levels(&s->raw, c->def.data, entries, c->leaf->max_def, scratch);
    }
    return (struct page_values){c->slots, c->slot_count, entries, entries - c->slot_count};
}

/* --- values --- */

static void put_booleans(struct pw_chunk *c, const struct page_values *v)
{
    uint32_t *bools = dense_room(c->scratch, v->count);
    for (size_t i = 0; i < v->count; i++) {
        bools[i] = c->dict.heap.data[v->slots[i]];
    }
    weiri_pw_pack(&c->scratch->raw, bools, v->count, 1);
}

static enum weir_pq_encoding put_plain(struct pw_chunk *c, const struct page_values *v)
{
    struct pw_bytes *raw = &c->scratch->raw;
    if (c->leaf->physical == WEIR_PQ_INT32 || c->leaf->physical == WEIR_PQ_INT64) {
        const size_t start = raw->len;
        weiri_pw_delta(raw, c->plain.data, v->count, c->leaf->width);
        if (raw->len - start < c->plain.len) {
            c->delta_pages++;
            return WEIR_PQ_DELTA_BINARY_PACKED;
        }
        raw->len = start;
    }
    weiri_pw_bytes_add(raw, c->plain.data, c->plain.len);
    c->plain_pages++;
    return WEIR_PQ_PLAIN;
}

static enum weir_pq_encoding put_values(struct pw_chunk *c, const struct page_values *v)
{
    struct pw_bytes *raw = &c->scratch->raw;
    if (c->plain_mode) {
        return put_plain(c, v);
    }
    if (c->leaf->physical == WEIR_PQ_BOOLEAN) {
        put_booleans(c, v);
        c->plain_pages++;
        return WEIR_PQ_PLAIN;
    }
    /* The width of the dictionary so far. A width of 0 confuses some readers. */
    int width = weiri_pw_bit_width(c->dict.count > 1 ? c->dict.count - 1 : 1);
    *weiri_pw_bytes_room(raw, 1) = (uint8_t)width;
    raw->len++;
    (void)weiri_pw_hybrid(raw, v->slots, v->count, width);
    c->dict_pages++;
    return WEIR_PQ_RLE_DICTIONARY;
}

/* --- bounds of the page --- */

struct range {
    bool any;
    struct weir_str min, max;
    uint64_t min_key, max_key;
};

static inline void widen(struct range *r, const struct pw_leaf *leaf, bool whole, struct weir_str value, uint64_t key)
{
    if (!r->any) {
        *r = (struct range){true, value, value, key, key};
        return;
    }
    if (key < r->min_key || (key == r->min_key && !whole && weiri_pw_value_cmp(leaf, value, r->min) < 0)) {
        r->min = value;
        r->min_key = key;
    }
    if (key > r->max_key || (key == r->max_key && !whole && weiri_pw_value_cmp(leaf, value, r->max) > 0)) {
        r->max = value;
        r->max_key = key;
    }
}

/* Which entries the page uses is marked first; then each is looked at once, in order of the dictionary. */
static struct range dict_range(struct pw_chunk *c, const struct page_values *v)
{
    const size_t words = ((size_t)c->dict.count + 63) / 64;
    if (words > c->bits_cap) {
        size_t cap = words * 2;
        c->seen = weir_realloc(c->seen, cap * sizeof *c->seen);
        c->used = weir_realloc(c->used, cap * sizeof *c->used);
        memset(c->seen + c->bits_cap, 0, (cap - c->bits_cap) * sizeof *c->seen);
        memset(c->used + c->bits_cap, 0, (cap - c->bits_cap) * sizeof *c->used);
        c->bits_cap = cap;
    }
    for (size_t i = 0; i < v->count; i++) {
        WEIR_BIT_SET(c->seen, v->slots[i]);
    }
    struct range r = {.min_key = UINT64_MAX};
    const bool fraction = c->leaf->physical == WEIR_PQ_FLOAT || c->leaf->physical == WEIR_PQ_DOUBLE;
    const bool whole = weiri_pw_key_is_whole(c->leaf);
    for (size_t w = 0; w < words; w++) {
        c->used[w] |= c->seen[w];
        for (uint64_t bits = c->seen[w]; bits != 0; bits &= bits - 1) {
            const uint32_t index = (uint32_t)(w * 64) + (uint32_t)__builtin_ctzll(bits);
            const uint64_t key = c->dict.keys[index];
            /* The value itself is fetched only where its key says that it may matter. */
            const bool within = whole ? key >= r.min_key && key <= r.max_key : key > r.min_key && key < r.max_key;
            if (r.any && !fraction && within) {
                continue;
            }
            struct weir_str value = weiri_pw_dict_at(&c->dict, index);
            if (fraction && weiri_pw_value_is_nan(c->leaf, value)) {
                c->bounds.has_nan = true;
            } else {
                widen(&r, c->leaf, whole, value, key);
            }
        }
        c->seen[w] = 0;
    }
    return r;
}

/* Integers: least and greatest of an array. */
static struct range plain_int_range(struct pw_chunk *c)
{
    struct range r = {0};
    const size_t width = c->leaf->width, n = c->plain.len / width;
    const uint8_t *p = c->plain.data;
    if (n == 0) {
        return r;
    }
    int64_t min = INT64_MAX, max = INT64_MIN;
    for (size_t i = 0; i < n; i++) {
        const int64_t v = width == 4 ? (int64_t)(int32_t)weiri_pw_load32(p + i * 4) : (int64_t)weiri_pw_load64(p + i * 8);
        min = v < min ? v : min;
        max = v > max ? v : max;
    }
    memcpy(c->int_range, &min, width);
    memcpy(c->int_range + 8, &max, width);
    r.any = true;
    r.min = (struct weir_str){(const char *)c->int_range, width};
    r.max = (struct weir_str){(const char *)c->int_range + 8, width};
    return r;
}

static struct range plain_range(struct pw_chunk *c)
{
    if (c->leaf->physical == WEIR_PQ_INT32 || c->leaf->physical == WEIR_PQ_INT64) {
        return plain_int_range(c);
    }
    struct range r = {0};
    const bool whole = weiri_pw_key_is_whole(c->leaf);
    const uint32_t width = c->leaf->width;
    for (size_t at = 0; at < c->plain.len;) {
        const uint8_t *p = c->plain.data + at;
        struct weir_str value = {(const char *)p, width};
        if (width == 0) {
            value = (struct weir_str){(const char *)p + 4, weiri_pw_load32(p)};
            at += 4;
        }
        at += value.len;
        if (weiri_pw_value_is_nan(c->leaf, value)) {
            c->bounds.has_nan = true;
        } else {
            widen(&r, c->leaf, whole, value, weiri_pw_value_key(c->leaf, value));
        }
    }
    return r;
}

static void note_page(struct pw_chunk *c, const struct page_values *v, struct range r, uint64_t at)
{
    struct pw_page page = {.at = at, .size = (uint32_t)(c->body.len - at), .first_row = c->page_first_row, .null_count = (int64_t)v->nulls,
                           .all_null = v->count == 0};
    if (r.any) {
        page.min_at = (uint32_t)c->page_bounds.len;
        (void)weiri_pw_cut_min(&c->page_bounds, c->leaf, r.min, WEIRI_PW_BOUND_BYTES);
        page.max_at = (uint32_t)c->page_bounds.len;
        page.min_len = page.max_at - page.min_at;
        (void)weiri_pw_cut_max(&c->page_bounds, c->leaf, r.max, WEIRI_PW_BOUND_BYTES);
        page.max_len = (uint32_t)c->page_bounds.len - page.max_at;
        weiri_pw_bounds_add(&c->bounds, c->leaf, r.min, true, r.max, true);
    }
    c->index_ok &= (r.any || page.all_null) && !c->bounds.has_nan;
    c->bounds.null_count += page.null_count;
    WEIR_PUSH(c->pages, c->page_count, c->page_cap) = page;
}

weir_rc weiri_pw_chunk_flush(struct pw_chunk *c, struct weir_error *err)
{
    WEIR_ASSERT(c->staged == 0);
    if (c->slot_count == 0 && c->def.len == 0) {
        return WEIR_OK;
    }
    c->scratch->raw.len = 0;
    const uint64_t at = c->body.len;
    struct page_values v = c->leaf->flat ? put_flat_levels(c) : put_nested_levels(c);
    struct range r = c->plain_mode ? plain_range(c) : dict_range(c, &v); /* before put_values: booleans overwrite dense slots */
    struct page_kind kind = {WEIR_PQ_PAGE_DATA, WEIR_PQ_PLAIN, (int64_t)v.entries};
    kind.encoding = put_values(c, &v);
    WEIR_TRY(put_page(c, &c->body, kind, c->scratch->compressor, err));
    note_page(c, &v, r, at);
    c->entries += (int64_t)v.entries;
    c->page_first_row = c->rows;
    c->slot_count = 0;
    c->plain.len = 0;
    c->plain_kept = 0;
    c->def.len = 0;
    c->rep.len = 0;
    return WEIR_OK;
}

/* --- the end of the chunk --- */

/* Text that looks random (UUIDs) gains nothing from a search for matches: where Huffman coding alone comes within a tenth, it is used. */
static weir_rc choose_compressor(struct pw_chunk *c, weir_compressor **out, struct weir_error *err)
{
    struct pw_scratch *s = c->scratch;
    const struct pw_bytes *heap = &c->dict.heap;
    *out = s->compressor;
    if (!s->entropy || c->leaf->width > 0 || heap->len < 8 * SAMPLE) {
        return WEIR_OK;
    }
    size_t searched = 0, coded = 0;
    const uint8_t *middle = heap->data + (heap->len - 2 * SAMPLE) / 2;
    s->packed.len = 0;
    uint8_t *room = weiri_pw_bytes_room(&s->packed, weir_compress_bound(s->options->codec, 2 * SAMPLE));
    WEIR_TRY(weir_compress(s->compressor, middle, 2 * SAMPLE, room, &searched, err));
    WEIR_TRY(weir_compress(s->entropy, middle, 2 * SAMPLE, room, &coded, err));
    if (coded <= searched + searched / 10) {
        *out = s->entropy;
    }
    return WEIR_OK;
}

static void count_distinct(struct pw_chunk *c)
{
    if (c->leaf->physical == WEIR_PQ_BOOLEAN || c->plain_pages + c->delta_pages > 0 || c->dict_pages == 0) {
        return;
    }
    c->distinct = 0;
    for (size_t w = 0; w < ((size_t)c->dict.count + 63) / 64; w++) {
        c->distinct += __builtin_popcountll(c->used[w]);
    }
}

weir_rc weiri_pw_chunk_seal(struct pw_chunk *c, struct weir_error *err)
{
    WEIR_TRY(weiri_pw_chunk_flush(c, err));
    if (c->dict_pages > 0) {
        struct pw_bytes *raw = &c->scratch->raw;
        weir_compressor *compressor;
        WEIR_TRY(choose_compressor(c, &compressor, err));
        /* The heap is the page: it is lent to the scratch, not copied. */
        struct pw_bytes own = *raw;
        *raw = c->dict.heap;
        weir_rc rc = put_page(c, &c->dict_page, (struct page_kind){WEIR_PQ_PAGE_DICTIONARY, WEIR_PQ_PLAIN, c->dict.count}, compressor, err);
        *raw = own;
        WEIR_TRY(rc);
    }
    count_distinct(c);
    return WEIR_OK;
}
