/* encode_delta.c - DELTA_BINARY_PACKED: blocks of 128 deltas in 4 miniblocks, as parquet-mr writes. Deltas wrap round in the type's own width. */
#include "parquet/encode.h"

#define BLOCK 128
#define MINI 32

static void put_zigzag(struct pw_bytes *out, int64_t value)
{
    weiri_pw_varint(out, (uint64_t)value << 1 ^ (uint64_t)(value >> 63));
}

/* 32 values of up to 64 bits. */
static void pack_mini(struct pw_bytes *out, const uint64_t *values, int width)
{
    if (width <= 32) {
        uint32_t narrow[MINI];
        for (int i = 0; i < MINI; i++) {
            narrow[i] = (uint32_t)values[i];
        }
        weiri_pw_pack(out, narrow, MINI, width);
        return;
    }
    uint8_t *p = weiri_pw_bytes_room(out, (size_t)width * MINI / 8 + 8);
    unsigned __int128 word = 0;
    int bits = 0;
    size_t n = 0;
    for (int i = 0; i < MINI; i++) {
        word |= (unsigned __int128)values[i] << bits;
        bits += width;
        while (bits >= 32) {
            uint32_t low = (uint32_t)word;
            memcpy(p + n, &low, 4);
            n += 4;
            word >>= 32;
            bits -= 32;
        }
    }
    WEIR_ASSERT(bits == 0);
    out->len += n;
}

static inline int64_t value_at(const uint8_t *plain, size_t i, uint32_t width)
{
    if (width == 4) {
        int32_t v;
        memcpy(&v, plain + i * 4, 4);
        return v;
    }
    int64_t v;
    memcpy(&v, plain + i * 8, 8);
    return v;
}

/* Deltas of values from..from+n-1 to the one before each; returns the least. */
static int64_t deltas_of(const uint8_t *plain, size_t from, size_t n, uint32_t width, int64_t *deltas)
{
    int64_t least = INT64_MAX;
    for (size_t i = 0; i < n; i++) {
        uint64_t d = (uint64_t)value_at(plain, from + i, width) - (uint64_t)value_at(plain, from + i - 1, width);
        deltas[i] = width == 4 ? (int64_t)(int32_t)(uint32_t)d : (int64_t)d;
        least = deltas[i] < least ? deltas[i] : least;
    }
    return least;
}

static void put_block(struct pw_bytes *out, const int64_t *deltas, size_t n, int64_t least, uint32_t width)
{
    uint64_t rest[BLOCK] = {0};
    for (size_t i = 0; i < n; i++) {
        uint64_t r = (uint64_t)deltas[i] - (uint64_t)least;
        rest[i] = width == 4 ? (uint32_t)r : r;
    }
    int widths[BLOCK / MINI] = {0};
    put_zigzag(out, least);
    uint8_t *p = weiri_pw_bytes_room(out, BLOCK / MINI);
    for (int m = 0; m < BLOCK / MINI; m++) {
        uint64_t all = 0;
        for (int i = 0; i < MINI; i++) {
            all |= rest[m * MINI + i];
        }
        widths[m] = weiri_pw_bit_width(all);
        p[m] = (uint8_t)widths[m];
    }
    out->len += BLOCK / MINI;
    /* Miniblocks behind the last value are left out. */
    for (size_t m = 0; m * MINI < n; m++) {
        pack_mini(out, rest + m * MINI, widths[m]);
    }
}

void weiri_pw_delta(struct pw_bytes *out, const uint8_t *plain, size_t count, uint32_t width)
{
    WEIR_ASSERT(width == 4 || width == 8);
    weiri_pw_varint(out, BLOCK);
    weiri_pw_varint(out, BLOCK / MINI);
    weiri_pw_varint(out, count);
    put_zigzag(out, count > 0 ? value_at(plain, 0, width) : 0);
    for (size_t from = 1; from < count; from += BLOCK) {
        int64_t deltas[BLOCK];
        size_t n = count - from < BLOCK ? count - from : BLOCK;
        int64_t least = deltas_of(plain, from, n, width, deltas);
        put_block(out, deltas, n, least, width);
    }
}
