/* decode_delta.c - DELTA_BINARY_PACKED, DELTA_LENGTH_BYTE_ARRAY, DELTA_BYTE_ARRAY. */
#include "parquet/reader_internal.h"

struct delta {
    const uint8_t *at, *end;
    uint64_t block_values, miniblocks, total;
    int64_t first;
};

static bool take_varint(struct delta *d, uint64_t *out)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70 && d->at < d->end; shift += 7) {
        uint8_t byte = *d->at++;
        if (shift < 64) {
            value |= (uint64_t)(byte & 0x7f) << shift;
        }
        if (!(byte & 0x80)) {
            *out = value;
            return true;
        }
    }
    return false;
}

static bool take_zigzag(struct delta *d, int64_t *out)
{
    uint64_t raw = 0;
    if (!take_varint(d, &raw)) {
        return false;
    }
    *out = (int64_t)(raw >> 1) ^ -(int64_t)(raw & 1);
    return true;
}

static bool begin(struct delta *d, const uint8_t *in, size_t len)
{
    *d = (struct delta){.at = in, .end = in + len};
    return take_varint(d, &d->block_values) && take_varint(d, &d->miniblocks) && take_varint(d, &d->total) && take_zigzag(d, &d->first) &&
           d->miniblocks > 0 && d->miniblocks <= 4096 && d->block_values > 0 && d->block_values <= 1 << 20 &&
           d->block_values % (d->miniblocks * 8) == 0;
}

static bool unpack(struct delta *d, unsigned width, uint64_t values, uint64_t min_delta, int64_t *last, int64_t *out, uint64_t count)
{
    size_t bytes = (size_t)(values * width / 8);
    if (width > 64 || bytes > (size_t)(d->end - d->at)) {
        return false;
    }
    const uint8_t *at = d->at;
    unsigned __int128 bits = 0;
    unsigned filled = 0;
    for (uint64_t i = 0; i < count; i++) {
        while (filled < width) {
            bits |= (unsigned __int128)*at++ << filled;
            filled += 8;
        }
        uint64_t value = width == 64 ? (uint64_t)bits : (uint64_t)bits & (((uint64_t)1 << width) - 1);
        bits >>= width;
        filled -= width;
        *last = (int64_t)((uint64_t)*last + min_delta + value); /* wraps, as the format says */
        out[i] = *last;
    }
    d->at += bytes;
    return true;
}

/* All values; *used = bytes read. `count` is what is wanted: the header must agree. */
static bool decode_ints(const uint8_t *in, size_t len, size_t count, int64_t *out, size_t *used)
{
    struct delta d;
    if (!begin(&d, in, len) || d.total != count) {
        return false;
    }
    uint64_t per_mini = d.block_values / d.miniblocks;
    int64_t last = d.first;
    uint64_t n = 0;
    if (count) {
        out[n++] = last;
    }
    while (n < count) {
        int64_t min_delta = 0;
        if (!take_zigzag(&d, &min_delta) || d.miniblocks > (uint64_t)(d.end - d.at)) {
            return false;
        }
        const uint8_t *widths = d.at;
        d.at += d.miniblocks;
        for (uint64_t m = 0; m < d.miniblocks && n < count; m++) {
            uint64_t here = count - n < per_mini ? count - n : per_mini;
            if (!unpack(&d, widths[m], per_mini, (uint64_t)min_delta, &last, out + n, here)) {
                return false;
            }
            n += here;
        }
    }
    *used = (size_t)(d.at - in);
    return true;
}

bool weiri_decode_delta_binary(struct weiri_pq_column *column, const uint8_t *in, size_t len, size_t count)
{
    size_t used = 0;
    if (column->leaf->physical != WEIR_PQ_INT32 && column->leaf->physical != WEIR_PQ_INT64) {
        return false;
    }
    int64_t *values = weir_malloc((count + 1) * sizeof *values);
    bool ok = decode_ints(in, len, count, values, &used);
    if (ok && count && column->leaf->physical == WEIR_PQ_INT64) {
        memcpy(weiri_pq_column_room(column, count), values, count * sizeof *values);
    } else if (ok && count) {
        int32_t *to = weiri_pq_column_room(column, count);
        for (size_t i = 0; i < count; i++) {
            to[i] = (int32_t)(uint32_t)(uint64_t)values[i];
        }
    }
    weir_free(values);
    return ok;
}

/* Lengths, checked to be non-negative and to fit `len` in sum. */
static bool lengths_fit(const int64_t *lengths, size_t count, size_t len)
{
    size_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (lengths[i] < 0 || (uint64_t)lengths[i] > len - sum) {
            return false;
        }
        sum += (size_t)lengths[i];
    }
    return true;
}

bool weiri_decode_delta_length(struct weiri_pq_column *column, const uint8_t *in, size_t len, size_t count)
{
    size_t used = 0;
    if (column->leaf->physical != WEIR_PQ_BYTE_ARRAY) {
        return false;
    }
    int64_t *lengths = weir_malloc((count + 1) * sizeof *lengths);
    bool ok = decode_ints(in, len, count, lengths, &used) && lengths_fit(lengths, count, len - used);
    if (ok && count) {
        struct weir_str *to = weiri_pq_column_room(column, count);
        const char *at = (const char *)in + used;
        for (size_t i = 0; i < count; i++) {
            to[i] = (struct weir_str){at, (size_t)lengths[i]};
            at += lengths[i];
        }
    }
    weir_free(lengths);
    return ok;
}

/* Each value is a prefix of the one before and a suffix of its own. */
static bool join(struct weiri_pq_column *column, const int64_t *prefixes, const int64_t *lengths, const char *suffix, size_t count)
{
    struct weir_str before = {"", 0};
    size_t total = 0;
    struct weir_str *to = weiri_pq_column_room(column, count);
    for (size_t i = 0; i < count; i++) {
        size_t size = (size_t)prefixes[i] + (size_t)lengths[i];
        total += size;
        bool wrong = prefixes[i] < 0 || (uint64_t)prefixes[i] > before.len || total > (size_t)WEIRI_PQ_PAGE_BYTES_MAX ||
                     (column->leaf->physical == WEIR_PQ_FIXED_LEN_BYTE_ARRAY && size != (size_t)column->leaf->type_length);
        if (wrong) {
            column->values -= (int64_t)(count - i);
            return false;
        }
        char *text = weir_arena_alloc(column->bytes, size + 1);
        memcpy(text, before.ptr, (size_t)prefixes[i]);
        memcpy(text + prefixes[i], suffix, (size_t)lengths[i]);
        suffix += lengths[i];
        before = (struct weir_str){text, size};
        to[i] = before;
    }
    return true;
}

bool weiri_decode_delta_bytes(struct weiri_pq_column *column, const uint8_t *in, size_t len, size_t count)
{
    size_t used = 0;
    size_t used_too = 0;
    if (column->leaf->physical != WEIR_PQ_BYTE_ARRAY && column->leaf->physical != WEIR_PQ_FIXED_LEN_BYTE_ARRAY) {
        return false;
    }
    int64_t *prefixes = weir_malloc((count + 1) * sizeof *prefixes);
    int64_t *lengths = weir_malloc((count + 1) * sizeof *lengths);
    bool ok = decode_ints(in, len, count, prefixes, &used) && decode_ints(in + used, len - used, count, lengths, &used_too) &&
              lengths_fit(lengths, count, len - used - used_too);
    if (ok && count) {
        ok = join(column, prefixes, lengths, (const char *)in + used + used_too, count);
    }
    weir_free(prefixes);
    weir_free(lengths);
    return ok;
}
