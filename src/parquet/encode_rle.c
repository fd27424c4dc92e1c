/* encode_rle.c - bit packing and the RLE / bit-packing hybrid (Parquet "Encodings", RLE = 3). */
#include "parquet/encode.h"

void weiri_pw_varint(struct pw_bytes *out, uint64_t value)
{
    uint8_t *p = weiri_pw_bytes_room(out, 10);
    size_t n = 0;
    while (value >= 0x80) {
        p[n++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    p[n++] = (uint8_t)value;
    out->len += n;
}

/* 8 values are `width` bytes. Two words are filled by turns so that no branch depends on the data. */
static inline __attribute__((always_inline)) void pack8(uint8_t *p, const uint32_t *v, int width)
{
    unsigned __int128 word = 0;
    const int half = 4 * width; /* bits of four values: at most 128 */
    for (int i = 0; i < 4; i++) {
        word |= (unsigned __int128)v[i] << (i * width);
    }
    uint64_t lo = (uint64_t)word, hi = (uint64_t)(word >> 64);
    memcpy(p, &lo, 8);
    memcpy(p + 8, &hi, 8);
    word = 0;
    for (int i = 0; i < 4; i++) {
        word |= (unsigned __int128)v[4 + i] << (i * width);
    }
    /* The second half begins at bit 4 * width: on a byte border, or in the middle of one that the first half began. */
    uint8_t *q = p + (half >> 3);
    if (half & 7) {
        word <<= 4;
        word |= *q & 0x0F;
    }
    lo = (uint64_t)word;
    hi = (uint64_t)(word >> 64);
    memcpy(q, &lo, 8);
    memcpy(q + 8, &hi, 8);
}

/* Up to 16 bits, 4 values fill at most a word. */
static inline __attribute__((always_inline)) void pack8_small(uint8_t *p, const uint32_t *v, int width)
{
    const int half = 4 * width;
    uint64_t a = v[0] | (uint64_t)v[1] << width | (uint64_t)v[2] << (2 * width) | (uint64_t)v[3] << (3 * width);
    uint64_t b = v[4] | (uint64_t)v[5] << width | (uint64_t)v[6] << (2 * width) | (uint64_t)v[7] << (3 * width);
    memcpy(p, &a, 8);
    uint8_t *q = p + (half >> 3);
    if (half & 7) {
        /* width is odd: bits 4..7 of the shared byte are the second half's; b < 2^60 then. */
        b = b << 4 | (*q & 0x0F);
    }
    memcpy(q, &b, 8);
}

void weiri_pw_pack(struct pw_bytes *out, const uint32_t *values, size_t count, int width)
{
    WEIR_ASSERT(width >= 0 && width <= 32);
    if (width == 0 || count == 0) {
        return;
    }
    const size_t groups = (count + 7) / 8;
    /* Each group writes up to 32 bytes from its begin; what is beyond it is overwritten by the next. */
    uint8_t *p = weiri_pw_bytes_room(out, groups * (size_t)width + 32);
    const uint32_t *v = values;
    if (width <= 15) {
        for (size_t g = 0; g < count / 8; g++, v += 8, p += width) {
            pack8_small(p, v, width);
        }
    } else {
        for (size_t g = 0; g < count / 8; g++, v += 8, p += width) {
            pack8(p, v, width);
        }
    }
    if (count % 8) {
        uint32_t last[8] = {0};
        memcpy(last, v, (count % 8) * sizeof *v);
        pack8(p, last, width);
    }
    out->len += groups * (size_t)width;
}

static void put_packed(struct pw_bytes *out, const uint32_t *values, size_t count, int width)
{
    if (count > 0) {
        weiri_pw_varint(out, (uint64_t)((count + 7) / 8) << 1 | 1);
        weiri_pw_pack(out, values, count, width);
    }
}

static void put_run(struct pw_bytes *out, uint32_t value, size_t count, int width)
{
    weiri_pw_varint(out, (uint64_t)count << 1);
    weiri_pw_bytes_add(out, &value, (size_t)(width + 7) / 8);
}

/* A run pays from 8 values (packed runs end on groups of 8) that save more than the headers of two runs cost. */
static size_t run_min(int width)
{
    size_t n = width == 0 ? 8 : (64 + (size_t)width - 1) / (size_t)width;
    return n < 8 ? 8 : n;
}

static bool runs_pay(const uint32_t *values, size_t count)
{
    size_t equal = 0;
    for (size_t i = 1; i < count; i++) {
        equal += values[i] == values[i - 1];
    }
    return equal * 4 > count;
}

bool weiri_pw_hybrid(struct pw_bytes *out, const uint32_t *values, size_t count, int width)
{
    if (!runs_pay(values, count)) {
        put_packed(out, values, count, width);
        return false;
    }
    const size_t least = run_min(width);
    bool any = false;
    size_t from = 0; /* of the values not written yet */
    for (size_t i = 0; i < count;) {
        size_t end = i + 1;
        while (end < count && values[end] == values[i]) {
            end++;
        }
        /* Packed values before a run must be a multiple of 8: the run gives its first ones. */
        size_t start = i + (8 - (i - from) % 8) % 8;
        if (start < end && end - start >= least) {
            put_packed(out, values + from, start - from, width);
            put_run(out, values[start], end - start, width);
            from = end;
            any = true;
        }
        i = end;
    }
    put_packed(out, values + from, count - from, width);
    return any;
}

static size_t begin_length(struct pw_bytes *out)
{
    uint32_t none = 0;
    weiri_pw_bytes_add(out, &none, sizeof none);
    return out->len;
}

static void end_length(struct pw_bytes *out, size_t start)
{
    uint32_t len = (uint32_t)(out->len - start);
    memcpy(out->data + start - sizeof len, &len, sizeof len);
}

void weiri_pw_flat_levels(struct pw_bytes *out, const uint64_t *bits, size_t count)
{
    size_t start = begin_length(out);
    if (!bits) {
        put_run(out, 1, count, 1);
    } else {
        weiri_pw_varint(out, (uint64_t)((count + 7) / 8) << 1 | 1);
        weiri_pw_bytes_add(out, bits, (count + 7) / 8);
    }
    end_length(out, start);
}

void weiri_pw_levels(struct pw_bytes *out, const uint8_t *levels, size_t count, int max_level, uint32_t *scratch)
{
    size_t start = begin_length(out);
    for (size_t i = 0; i < count; i++) {
        scratch[i] = levels[i];
    }
    (void)weiri_pw_hybrid(out, scratch, count, weiri_pw_bit_width((uint64_t)max_level));
    end_length(out, start);
}
