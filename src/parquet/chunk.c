/* chunk.c - a column's rows from staged to kept, and when its dictionary is given up. */
#include "parquet/chunk.h"
#include "parquet/encode.h"

/* The dictionary is judged after this many rows, then whenever they have doubled. */
#define FIRST_CHECK 65536
#define SAMPLE_MAX 8192
#define SAMPLE_MIN 1024

static void restart(struct pw_chunk *c)
{
    c->plain_mode = false;
    c->memo = -1;
    c->slot_count = 0;
    c->staged = 0;
    c->plain_kept = 0;
    c->page_first_row = 0;
    c->rows = 0;
    c->values = 0;
    c->page_count = 0;
    c->dict_pages = 0;
    c->plain_pages = 0;
    c->delta_pages = 0;
    c->raw_bytes = 0;
    c->entries = 0;
    c->index_ok = true;
    c->distinct = -1;
    c->next_check = FIRST_CHECK;
    c->checked_values = 0;
    c->checked_count = 0;
}

void weiri_pw_chunk_init(struct pw_chunk *c, const struct pw_leaf *leaf, struct pw_scratch *scratch)
{
    *c = (struct pw_chunk){.leaf = leaf, .scratch = scratch};
    weiri_pw_dict_init(&c->dict, leaf);
    restart(c);
}

void weiri_pw_chunk_free(struct pw_chunk *c)
{
    weiri_pw_dict_free(&c->dict);
    struct pw_bytes *runs[] = {&c->plain, &c->def, &c->rep, &c->body, &c->dict_page, &c->page_bounds};
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        weiri_pw_bytes_free(runs[i]);
    }
    weiri_pw_bounds_free(&c->bounds);
    weir_free(c->slots);
    weir_free(c->pages);
    weir_free(c->seen);
    weir_free(c->used);
}

void weiri_pw_chunk_clear(struct pw_chunk *c)
{
    weiri_pw_dict_clear(&c->dict);
    struct pw_bytes *runs[] = {&c->plain, &c->def, &c->rep, &c->body, &c->dict_page, &c->page_bounds};
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        runs[i]->len = 0;
    }
    weiri_pw_bounds_clear(&c->bounds);
    if (c->bits_cap > 0) {
        memset(c->seen, 0, c->bits_cap * sizeof *c->seen);
        memset(c->used, 0, c->bits_cap * sizeof *c->used);
    }
    restart(c);
}

size_t weiri_pw_chunk_bytes(const struct pw_chunk *c)
{
    return weiri_pw_dict_bytes(&c->dict) + (c->slot_count + c->staged) * sizeof *c->slots + c->plain.len + c->def.len + c->rep.len + c->body.len +
           c->dict_page.len + c->page_bounds.len + c->page_count * sizeof *c->pages + c->dict.count / 4;
}

void weiri_pw_chunk_grow(struct pw_chunk *c, size_t count)
{
    size_t cap = c->slot_cap < 1024 ? 1024 : c->slot_cap + c->slot_cap / 2;
    cap = cap < count ? count : cap;
    c->slots = weir_realloc(c->slots, cap * sizeof *c->slots);
    c->slot_cap = cap;
}

weir_rc weiri_pw_chunk_append_plain(struct pw_chunk *c, struct weir_str bytes, struct weir_error *err)
{
    if (bytes.len > WEIRI_PW_HEAP_MAX - 4 || c->plain.len > WEIRI_PW_HEAP_MAX - 4 - bytes.len) {
        return weir_fail(err, WEIR_TOO_BIG, "PARQUET_PAGE_TOO_BIG", "column %s holds more than 2 GB in one block; read smaller blocks or batches",
                         c->leaf->name);
    }
    if (c->leaf->width == 0) {
        uint32_t len = (uint32_t)bytes.len;
        weiri_pw_bytes_add(&c->plain, &len, sizeof len);
    }
    weiri_pw_bytes_add(&c->plain, bytes.ptr, bytes.len);
    return WEIR_OK;
}

weir_rc weiri_pw_chunk_stage_key(struct pw_chunk *c, const struct pw_key *key, struct weir_error *err)
{
    uint32_t slot = 0;
    if (c->plain_mode) {
        WEIR_TRY(weiri_pw_chunk_append_plain(c, (struct weir_str){key->ptr, key->len}, err));
    } else {
        WEIR_TRY(weiri_pw_dict_keyed(&c->dict, key, &slot, err));
    }
    *weiri_pw_chunk_room(c, 1) = slot;
    c->staged++;
    return WEIR_OK;
}

weir_rc weiri_pw_chunk_stage(struct pw_chunk *c, struct weir_str bytes, struct weir_error *err)
{
    struct pw_key key = {.ptr = bytes.ptr, .len = bytes.len};
    if (!c->plain_mode) {
        key = weiri_pw_dict_key(&c->dict, bytes);
    }
    return weiri_pw_chunk_stage_key(c, &key, err);
}

/* --- keeping --- */

static size_t plain_size(const struct pw_chunk *c, size_t at)
{
    return c->leaf->width > 0 ? c->leaf->width : 4 + (size_t)weiri_pw_load32(c->plain.data + at);
}

/* Close the gaps of the rows that go. Flat columns only. */
static void drop_staged(struct pw_chunk *c, const uint64_t *drop)
{
    uint32_t *slots = c->slots + c->slot_count;
    size_t kept = 0, from = c->plain_kept, to = c->plain_kept;
    for (size_t i = 0; i < c->staged; i++) {
        const bool keep = !WEIR_BIT(drop, i);
        if (c->plain_mode && slots[i] != PW_CODE_NULL) {
            size_t size = plain_size(c, from);
            if (keep) {
                memmove(c->plain.data + to, c->plain.data + from, size);
                to += size;
            }
            from += size;
        }
        if (keep) {
            slots[kept++] = slots[i];
        }
    }
    c->staged = kept;
    if (c->plain_mode) {
        c->plain.len = to;
    }
}

static weir_rc check_required(const struct pw_chunk *c, struct weir_error *err)
{
    for (size_t i = 0; i < c->staged; i++) {
        if (c->slots[c->slot_count + i] == PW_CODE_NULL) {
            return weir_fail(err, WEIR_INVALID, "PARQUET_NULL_IN_REQUIRED",
                             "column %s is NOT NULL and row %lld of its row group has no value; correct the row or allow NULL", c->leaf->name,
                             (long long)(c->rows + (int64_t)i));
        }
    }
    return WEIR_OK;
}

weir_rc weiri_pw_chunk_keep(struct pw_chunk *c, size_t rows, const uint64_t *drop, struct weir_error *err)
{
    if (c->leaf->flat) {
        WEIR_ASSERT(c->staged == rows);
        if (drop) {
            drop_staged(c, drop);
        }
        if (c->leaf->max_def == 0) {
            WEIR_TRY(check_required(c, err));
        }
        rows = c->staged;
    }
    c->slot_count += c->staged;
    c->values += (int64_t)c->staged;
    c->staged = 0;
    c->plain_kept = c->plain.len;
    c->rows += (int64_t)rows;
    return weiri_pw_chunk_settle(c, err);
}

/* --- the choice --- */

/* Values of the open page from the dictionary, as PLAIN bytes without lengths; at most `most`. */
static size_t sample_values(struct pw_chunk *c, struct pw_bytes *out, size_t most)
{
    size_t n = 0;
    out->len = 0;
    for (size_t i = 0; i < c->slot_count && n < most; i++) {
        if (c->slots[i] != PW_CODE_NULL) {
            struct weir_str bytes = weiri_pw_dict_at(&c->dict, c->slots[i]);
            weiri_pw_bytes_add(out, bytes.ptr, bytes.len);
            n++;
        }
    }
    return n;
}

/* Bits a value takes without a dictionary: integers as deltas, texts as they are at half their size (the codec's work), numbers with fractions
 * nearly whole. 0: too few values to tell. */
static double bits_without(struct pw_chunk *c)
{
    struct pw_bytes *raw = &c->scratch->raw;
    size_t n = sample_values(c, raw, SAMPLE_MAX);
    if (n < SAMPLE_MIN) {
        return 0;
    }
    double bytes = (double)raw->len;
    switch (c->leaf->physical) {
    case WEIR_PQ_INT32:
    case WEIR_PQ_INT64:
        c->scratch->packed.len = 0;
        weiri_pw_delta(&c->scratch->packed, raw->data, n, c->leaf->width);
        bytes = (double)c->scratch->packed.len;
        break;
    case WEIR_PQ_BYTE_ARRAY:
        bytes = (bytes + 4.0 * (double)n) * 0.5;
        break;
    default:
        bytes *= 0.8;
        break;
    }
    return bytes * 8 / (double)n;
}

/* What the last rows cost in the dictionary against what they would cost without. An integer in a large dictionary also costs a look-up that misses
 * the cache, so deltas may be a fifth larger - later on, when the share of new values has settled. */
static bool dictionary_pays(struct pw_chunk *c)
{
    const double rows = (double)(c->values - c->checked_values), fresh = (double)(c->dict.count - c->checked_count);
    const double without = bits_without(c);
    if (without == 0 || fresh < rows / 50) {
        return true;
    }
    const double with = fresh / rows * without + weiri_pw_bit_width(c->dict.count);
    const bool integer = c->leaf->physical == WEIR_PQ_INT32 || c->leaf->physical == WEIR_PQ_INT64;
    return without > (integer && c->checked_values > 0 ? 1.2 : 1.0) * with;
}

static size_t plain_bytes_of_page(const struct pw_chunk *c)
{
    size_t bytes = 0;
    for (size_t i = 0; i < c->slot_count; i++) {
        bytes += c->slots[i] == PW_CODE_NULL ? 0 : weiri_pw_dict_at(&c->dict, c->slots[i]).len + 4;
    }
    return bytes;
}

/* Values of the open page leave the dictionary - unless they are much larger outside of it: then the page ends with it. */
static weir_rc go_plain(struct pw_chunk *c, struct weir_error *err)
{
    WEIR_ASSERT(c->staged == 0 && c->plain.len == 0);
    if (plain_bytes_of_page(c) > WEIRI_PW_PAGE_BYTES) {
        WEIR_TRY(weiri_pw_chunk_flush(c, err));
    }
    for (size_t i = 0; i < c->slot_count; i++) {
        if (c->slots[i] != PW_CODE_NULL) {
            WEIR_TRY(weiri_pw_chunk_append_plain(c, weiri_pw_dict_at(&c->dict, c->slots[i]), err));
            c->slots[i] = 0;
        }
    }
    c->plain_kept = c->plain.len;
    c->plain_mode = true;
    weiri_pw_table_clear(&c->dict.texts);
    weiri_pw_table_clear(&c->dict.values);
    c->dict.side.len = 0;
    return WEIR_OK;
}

static bool must_judge(struct pw_chunk *c)
{
    if (c->plain_mode || c->leaf->physical == WEIR_PQ_BOOLEAN) {
        return false;
    }
    return c->values >= c->next_check || weiri_pw_dict_bytes(&c->dict) > c->scratch->options->rowgroup_bytes_max / 4;
}

weir_rc weiri_pw_chunk_settle(struct pw_chunk *c, struct weir_error *err)
{
    if (must_judge(c)) {
        const bool too_large = weiri_pw_dict_bytes(&c->dict) > c->scratch->options->rowgroup_bytes_max / 4;
        if (too_large || !dictionary_pays(c)) {
            WEIR_TRY(go_plain(c, err));
        }
        c->checked_values = c->values;
        c->checked_count = c->dict.count;
        c->next_check = c->values * 2;
    }
    const size_t entries = c->leaf->flat ? c->slot_count : c->def.len;
    if (entries >= (size_t)c->scratch->options->page_rows || c->plain.len >= WEIRI_PW_PAGE_BYTES) {
        return weiri_pw_chunk_flush(c, err);
    }
    return WEIR_OK;
}
