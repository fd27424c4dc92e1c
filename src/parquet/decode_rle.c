/* decode_rle.c - runs: levels, dictionary indexes, booleans. */
#include "parquet/reader_internal.h"

static bool take_varint(const uint8_t **at, const uint8_t *end, uint64_t *out)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && *at < end; shift += 7) {
        uint8_t byte = *(*at)++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *out = value;
            return true;
        }
    }
    return false;
}

static bool fits(uint32_t value, int width)
{
    return width >= 32 || value < (uint32_t)1 << width;
}

bool weiri_decode_rle(const uint8_t *in, size_t len, int width, size_t count, uint32_t *out, size_t *used)
{
    const uint8_t *at = in;
    const uint8_t *end = in + len;
    size_t n = 0;
    size_t bytes = ((size_t)width + 7) / 8;
    if (width < 0 || width > 32) {
        return false;
    }
    while (n < count) {
        uint64_t head = 0;
        if (!take_varint(&at, end, &head)) {
            return false;
        }
        uint64_t run = head >> 1;
        if (!(head & 1)) {
            uint32_t value = 0;
            if (bytes > (size_t)(end - at) || run == 0) {
                return false;
            }
            for (size_t i = 0; i < bytes; i++) {
                value |= (uint32_t)at[i] << (8 * i);
            }
            at += bytes;
            if (!fits(value, width)) {
                return false;
            }
            for (uint64_t i = 0; i < run && n < count; i++) {
                out[n++] = value;
            }
            continue;
        }
        if (run == 0 || run > ((uint64_t)1 << 32)) {
            return false;
        }
        size_t available = (size_t)(end - at);
        size_t want = (size_t)run * (size_t)width;
        size_t have = want < available ? want : available; /* the last run may be cut short by writers that do not pad */
        uint64_t bits = 0;
        int filled = 0;
        size_t used_here = 0;
        for (uint64_t i = 0; i < run * 8 && n < count; i++) {
            while (filled < width) {
                if (used_here >= have) {
                    return false;
                }
                bits |= (uint64_t)at[used_here++] << filled;
                filled += 8;
            }
            out[n++] = (uint32_t)(width == 32 ? bits & UINT32_MAX : bits & (((uint64_t)1 << width) - 1));
            bits >>= width;
            filled -= width;
        }
        at += have;
    }
    *used = (size_t)(at - in);
    return true;
}

bool weiri_decode_bit_packed(const uint8_t *in, size_t len, int width, size_t count, uint32_t *out, size_t *used)
{
    size_t bytes = (count * (size_t)width + 7) / 8;
    if (width < 0 || width > 16 || bytes > len) {
        return false;
    }
    size_t bit = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t value = 0;
        for (int k = 0; k < width; k++, bit++) {
            value = value << 1 | (in[bit / 8] >> (7 - bit % 8) & 1);
        }
        out[i] = value;
    }
    *used = bytes;
    return true;
}

bool weiri_decode_rle_booleans(struct weiri_pq_column *column, const uint8_t *in, size_t len, size_t count)
{
    size_t used = 0;
    if (len < 4) {
        return false;
    }
    uint32_t *values = weir_malloc((count + 1) * sizeof *values);
    bool ok = weiri_decode_rle(in + 4, len - 4, 1, count, values, &used);
    uint8_t *to = ok ? weiri_pq_column_room(column, count) : NULL;
    for (size_t i = 0; ok && i < count; i++) {
        to[i] = (uint8_t)values[i];
    }
    weir_free(values);
    return ok;
}

bool weiri_decode_dictionary(struct weiri_pq_column *column, const struct weiri_pq_column *dictionary, const uint8_t *in, size_t len, size_t count)
{
    size_t used = 0;
    if (count == 0) {
        return true;
    }
    if (len < 1) {
        return false;
    }
    uint32_t *index = weir_malloc((count + 1) * sizeof *index);
    bool ok = weiri_decode_rle(in + 1, len - 1, in[0], count, index, &used);
    for (size_t i = 0; ok && i < count; i++) {
        ok = index[i] < (uint64_t)dictionary->values;
    }
    if (ok) {
        size_t width = column->width;
        char *to = weiri_pq_column_room(column, count);
        const char *from = dictionary->data;
        for (size_t i = 0; i < count; i++) {
            memcpy(to + i * width, from + index[i] * width, width);
        }
    }
    weir_free(index);
    return ok;
}
