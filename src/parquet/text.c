/* text.c - fields of a block into slots, 128 rows at a time.
 *
 * A group goes through short loops, each over one kind of work: find the fields; hash them and ask for their cache lines; compare; and, in the order
 * of rows, what was not in the table. Short and long texts are listed apart, so that no loop has a branch that the data decide. The vector levels
 * of a later day replace loops here, not the shape. */
#include "parquet/chunk.h"

#define LANES 128
#define PW_CODE_SAME UINT32_C(0xFFFFFFFC) /* the field has the text of the row before */

struct lanes {
    uint32_t count;
    const char *text[LANES];
    uint32_t len[LANES];
    uint64_t lo[LANES];
    uint32_t hi[LANES];
    uint32_t hash[LANES];
    uint32_t maybe[LANES]; /* long: the slot whose tag is right */
    uint8_t shorts[LANES], longs[LANES];
    uint32_t short_count, long_count;
};

/* --- where the fields are --- */

static void find_fields(struct lanes *l, const struct weir_block *block, uint32_t field, uint32_t row, uint32_t count)
{
    const char *text = block->text;
    const uint32_t stride = block->fields;
    const uint32_t *end = block->seps + (size_t)row * stride + field;
    l->count = count;
    uint32_t i = 0;
    if (row == 0 && field == 0 && count > 0) {
        l->text[0] = text + block->first;
        l->len[0] = end[0] - block->first;
        end += stride;
        i = 1;
    }
    for (; i < count; i++, end += stride) {
        const uint32_t start = end[-1] + 1;
        l->text[i] = text + start;
        l->len[i] = end[0] - start;
    }
    if (block->crlf && field == stride - 1) {
        for (i = 0; i < count; i++) {
            l->len[i] -= l->len[i] > 0 && l->text[i][l->len[i] - 1] == '\r';
        }
    }
}

/* Up to 7 bytes beyond both texts are read. */
static inline bool same_text(const char *a, const char *b, uint32_t len)
{
    uint64_t differ = 0;
    uint32_t i = 0;
    for (; i + 8 <= len; i += 8) {
        differ |= weiri_pw_load64(a + i) ^ weiri_pw_load64(b + i);
    }
    if (i < len) {
        differ |= (weiri_pw_load64(a + i) ^ weiri_pw_load64(b + i)) << (64 - 8 * (len - i));
    }
    return differ == 0;
}

/* The same of cells, which lie anywhere: nothing beyond their ends may be read. Which are NULL stands in `out` at once. */
static void find_cells(struct lanes *l, const struct weir_cell *cells, uint32_t count, uint32_t *out)
{
    l->count = count;
    for (uint32_t i = 0; i < count; i++) {
        WEIR_ASSERT(cells[i].len <= UINT32_MAX);
        l->text[i] = cells[i].ptr;
        l->len[i] = (uint32_t)cells[i].len;
        out[i] = cells[i].ptr ? PW_CODE_MISS : PW_CODE_NULL;
    }
}

/* --- look-up --- */

/* Sort rows into lists by length, hash them and touch their slots. `out` gets what needs no table. */
static bool list_rows(struct lanes *l, const struct pw_table *t, bool memo, uint32_t *out)
{
    const struct pw_seed seed = t->seed;
    bool later = false;
    l->short_count = 0;
    l->long_count = 0;
    for (uint32_t i = 0; i < l->count; i++) {
        const uint32_t len = l->len[i];
        if (memo && i > 0 && len == l->len[i - 1] && same_text(l->text[i], l->text[i - 1], len)) {
            out[i] = PW_CODE_SAME;
            later = true;
            continue;
        }
        out[i] = t->empty;
        later |= len == 0 && t->empty == PW_CODE_MISS;
        l->shorts[l->short_count] = (uint8_t)i;
        l->short_count += len - 1 < PW_SHORT_MAX;
        l->longs[l->long_count] = (uint8_t)i;
        l->long_count += len > PW_SHORT_MAX;
    }
    for (uint32_t k = 0; k < l->short_count; k++) {
        const uint32_t i = l->shorts[k];
        const uint64_t lo = weiri_pw_short_lo(l->text[i], l->len[i]);
        const uint32_t hi = weiri_pw_short_hi(l->text[i], l->len[i]);
        const uint32_t hash = weiri_pw_short_hash(&seed, lo, hi);
        __builtin_prefetch(&t->shorts[hash & t->short_mask]);
        l->lo[k] = lo;
        l->hi[k] = hi;
        l->hash[k] = hash;
    }
    return later;
}

/* list_rows for cells. */
static bool list_cells(struct lanes *l, const struct pw_table *t, bool memo, uint32_t *out)
{
    const struct pw_seed seed = t->seed;
    bool later = false;
    uint32_t shorts = 0, longs = 0;
    for (uint32_t i = 0; i < l->count; i++) {
        const uint32_t len = l->len[i];
        const char *text = l->text[i];
        if (!text) {
            continue;
        }
        if (memo && i > 0 && l->text[i - 1] && len == l->len[i - 1] && memcmp(text, l->text[i - 1], len) == 0) {
            out[i] = PW_CODE_SAME;
            later = true;
        } else if (len == 0) {
            out[i] = t->empty;
            later |= t->empty == PW_CODE_MISS;
        } else if (len > PW_SHORT_MAX) {
            l->longs[longs++] = (uint8_t)i;
        } else {
            weiri_pw_short_exact(text, len, &l->lo[shorts], &l->hi[shorts]);
            l->hash[shorts] = weiri_pw_short_hash(&seed, l->lo[shorts], l->hi[shorts]);
            __builtin_prefetch(&t->shorts[l->hash[shorts] & t->short_mask]);
            l->shorts[shorts++] = (uint8_t)i;
        }
    }
    l->short_count = shorts;
    l->long_count = longs;
    return later;
}

static bool find_shorts(const struct lanes *l, const struct pw_table *t, uint32_t *out)
{
    bool missed = false;
    const uint32_t mask = t->short_mask;
    for (uint32_t k = 0; k < l->short_count; k++) {
        const uint64_t lo = l->lo[k];
        const uint32_t hi = l->hi[k];
        uint32_t at = l->hash[k] & mask;
        const struct pw_short *s = &t->shorts[at];
        while ((s->lo != lo || s->hi != hi) && s->hi != 0) {
            at = (at + 1) & mask;
            s = &t->shorts[at];
        }
        const bool found = s->hi != 0;
        out[l->shorts[k]] = found ? s->code : PW_CODE_MISS;
        missed |= !found;
    }
    return missed;
}

/* The third phase reads keys in the heap that the second one asked for. */
static bool find_longs(struct lanes *l, const struct pw_table *t, const uint8_t *const heaps[2], uint32_t *out)
{
    const struct pw_seed seed = t->seed;
    const uint32_t mask = t->long_mask;
    bool missed = false;
    for (uint32_t k = 0; k < l->long_count; k++) {
        const uint32_t i = l->longs[k];
        l->hash[k] = weiri_pw_long_hash(&seed, l->text[i], l->len[i]);
        __builtin_prefetch(&t->longs[l->hash[k] & mask]);
    }
    for (uint32_t k = 0; k < l->long_count; k++) {
        uint32_t at = l->hash[k] & mask;
        const struct pw_long *s = &t->longs[at];
        while (s->tag != l->hash[k] && s->len != 0) {
            at = (at + 1) & mask;
            s = &t->longs[at];
        }
        const uint8_t *key = weiri_pw_long_key(heaps, s->at); /* of a free slot: the heap's begin */
        __builtin_prefetch(key);
        __builtin_prefetch(key + 32);
        l->maybe[k] = at;
    }
    for (uint32_t k = 0; k < l->long_count; k++) {
        const uint32_t i = l->longs[k];
        const struct pw_long *s = &t->longs[l->maybe[k]];
        const bool found = s->len == l->len[i] && weiri_pw_long_eq(weiri_pw_long_key(heaps, s->at), l->text[i], l->len[i]);
        out[i] = found ? s->code : PW_CODE_MISS; /* a miss may also be another text with this tag: looked up again, alone */
        missed |= !found;
    }
    return missed;
}

static void mark_bad(uint32_t *out, uint32_t first, uint32_t count, uint64_t *bad)
{
    for (uint32_t i = 0; i < count; i++) {
        if (out[i] == PW_CODE_BAD) {
            out[i] = PW_CODE_NULL;
            WEIR_BIT_SET(bad, first + i);
        }
    }
}

/* `listed`: what list_rows or list_cells answered. */
static weir_rc take_group(struct pw_chunk *c, struct weir_text_parser *parser, struct lanes *l, bool listed, uint32_t *out, struct weir_error *err)
{
    struct pw_dict *d = &c->dict;
    const uint8_t *const heaps[2] = {d->heap.data, d->side.data};
    bool later = listed;
    later |= find_shorts(l, &d->texts, out);
    if (l->long_count > 0) {
        later |= find_longs(l, &d->texts, heaps, out);
    }
    if (later) {
        for (uint32_t i = 0; i < l->count; i++) {
            if (out[i] == PW_CODE_SAME) {
                out[i] = out[i - 1];
            } else if (out[i] == PW_CODE_MISS) {
                WEIR_TRY(weiri_pw_dict_text(d, parser, l->text[i], l->len[i], &out[i], err));
            }
        }
    }
    return WEIR_OK;
}

/* Comparing with the row before pays where every fourth row or more has its text. Speed only: the answer is the same. */
static void learn_memo(struct pw_chunk *c, const uint32_t *out, uint32_t rows)
{
    if (c->memo < 0 && rows > LANES) {
        uint32_t equal = 0;
        for (uint32_t i = 1; i < rows; i++) {
            equal += out[i] == out[i - 1];
        }
        c->memo = equal > rows / 4;
    }
}

/* --- plain mode --- */

static weir_rc parse_plain(struct pw_chunk *c, struct weir_text_parser *parser, const char *text, size_t len, uint32_t *slot, struct weir_error *err)
{
    union weir_value value;
    uint8_t scratch[16];
    memset(&value, 0, sizeof value);
    enum weir_verdict verdict = parser->parse(parser, text, len, &value);
    if (verdict == WEIR_VALUE) {
        *slot = 0;
        return weiri_pw_chunk_append_plain(c, weiri_pw_value_bytes(c->leaf, &value, scratch), err);
    }
    *slot = verdict == WEIR_VALUE_NULL ? PW_CODE_NULL : PW_CODE_BAD;
    return WEIR_OK;
}

/* Integers without a call for each: room for all is made first. */
static weir_rc parse_plain_ints(struct pw_chunk *c, struct weir_text_parser *parser, const struct lanes *l, uint32_t *out)
{
    const uint32_t width = c->leaf->width;
    uint8_t *to = weiri_pw_bytes_room(&c->plain, (size_t)l->count * width);
    for (uint32_t i = 0; i < l->count; i++) {
        union weir_value value;
        value.i = 0;
        const enum weir_verdict verdict = parser->parse(parser, l->text[i], l->len[i], &value);
        memcpy(to, &value.i, width); /* little-endian: the low bytes come first */
        to += verdict == WEIR_VALUE ? width : 0;
        out[i] = verdict == WEIR_VALUE ? 0 : verdict == WEIR_VALUE_NULL ? PW_CODE_NULL : PW_CODE_BAD;
    }
    c->plain.len = (size_t)(to - c->plain.data);
    return WEIR_OK;
}

static weir_rc take_plain(struct pw_chunk *c, struct weir_text_parser *parser, const struct lanes *l, uint32_t *out, struct weir_error *err)
{
    const enum weir_pq_type physical = c->leaf->physical;
    if ((physical == WEIR_PQ_INT32 || physical == WEIR_PQ_INT64) && c->leaf->type->id != WEIR_TYPE_DECIMAL && c->plain.len < WEIRI_PW_HEAP_MAX / 2) {
        return parse_plain_ints(c, parser, l, out);
    }
    for (uint32_t i = 0; i < l->count; i++) {
        WEIR_TRY(parse_plain(c, parser, l->text[i], l->len[i], &out[i], err));
    }
    return WEIR_OK;
}

static weir_rc take_plain_cells(struct pw_chunk *c, struct weir_text_parser *parser, const struct weir_cell *cells, uint32_t count, uint32_t *out, struct weir_error *err)
{
    for (uint32_t i = 0; i < count; i++) {
        out[i] = PW_CODE_NULL;
        if (cells[i].ptr) {
            WEIR_TRY(parse_plain(c, parser, cells[i].ptr, cells[i].len, &out[i], err));
        }
    }
    return WEIR_OK;
}

/* --- the sink's operations on one column --- */

weir_rc weiri_pw_take(struct pw_chunk *c, struct weir_text_parser *parser, const struct weir_block *block, uint32_t field, uint64_t *bad,
                      struct weir_error *err)
{
    struct lanes l;
    uint32_t *out = weiri_pw_chunk_room(c, block->rows);
    for (uint32_t row = 0; row < block->rows; row += LANES) {
        const uint32_t n = block->rows - row < LANES ? block->rows - row : LANES;
        find_fields(&l, block, field, row, n);
        if (c->plain_mode) {
            WEIR_TRY(take_plain(c, parser, &l, out + row, err));
        } else {
            WEIR_TRY(take_group(c, parser, &l, list_rows(&l, &c->dict.texts, c->memo != 0, out + row), out + row, err));
        }
        uint32_t any = 0;
        for (uint32_t i = 0; i < n; i++) {
            any |= out[row + i] == PW_CODE_BAD;
        }
        if (any) {
            mark_bad(out + row, row, n, bad);
        }
    }
    learn_memo(c, out, block->rows);
    c->staged += block->rows;
    return WEIR_OK;
}

weir_rc weiri_pw_take_cells(struct pw_chunk *c, struct weir_text_parser *parser, const struct weir_cell *cells, uint32_t rows, uint64_t *bad,
                            struct weir_error *err)
{
    struct lanes l;
    uint32_t *out = weiri_pw_chunk_room(c, rows);
    for (uint32_t row = 0; row < rows; row += LANES) {
        const uint32_t n = rows - row < LANES ? rows - row : LANES;
        if (c->plain_mode) {
            WEIR_TRY(take_plain_cells(c, parser, cells + row, n, out + row, err));
        } else {
            find_cells(&l, cells + row, n, out + row);
            WEIR_TRY(take_group(c, parser, &l, list_cells(&l, &c->dict.texts, c->memo != 0, out + row), out + row, err));
        }
    }
    mark_bad(out, 0, rows, bad);
    learn_memo(c, out, rows);
    c->staged += rows;
    return WEIR_OK;
}

weir_rc weiri_pw_take_constant(struct pw_chunk *c, const union weir_value *value, uint32_t rows, struct weir_error *err)
{
    uint8_t scratch[16];
    uint32_t slot = PW_CODE_NULL;
    uint32_t *out = weiri_pw_chunk_room(c, rows);
    if (value && rows > 0) {
        struct weir_str bytes = weiri_pw_value_bytes(c->leaf, value, scratch);
        if (c->plain_mode) {
            slot = 0;
            for (uint32_t i = 0; i < rows; i++) {
                WEIR_TRY(weiri_pw_chunk_append_plain(c, bytes, err));
            }
        } else {
            WEIR_TRY(weiri_pw_dict_value(&c->dict, bytes, &slot, err));
        }
    }
    for (uint32_t i = 0; i < rows; i++) {
        out[i] = slot;
    }
    c->staged += rows;
    return WEIR_OK;
}
