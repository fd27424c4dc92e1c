/* encode.h - arrays into Parquet's encodings. Private. All append to `out`. */
#pragma once
#include "parquet/bytes.h"

/* Bits that hold every number up to `max`. */
static inline int weiri_pw_bit_width(uint64_t max)
{
    return max == 0 ? 0 : 64 - __builtin_clzll(max);
}
void weiri_pw_varint(struct pw_bytes *out, uint64_t value);
/* Little-endian bit packing of values < 2^width, width 0..32; the last group of 8 is filled with zeros. */
void weiri_pw_pack(struct pw_bytes *out, const uint32_t *values, size_t count, int width);
/* RLE / bit-packing hybrid without a length before it: runs where they pay, else one packed run. True: there were runs. */
bool weiri_pw_hybrid(struct pw_bytes *out, const uint32_t *values, size_t count, int width);
/* Definition levels of a flat column (0 or 1), with their length before them. `bits` NULL: all are 1. */
void weiri_pw_flat_levels(struct pw_bytes *out, const uint64_t *bits, size_t count);
/* Levels of nested columns, with their length before them. scratch holds `count` numbers. */
void weiri_pw_levels(struct pw_bytes *out, const uint8_t *levels, size_t count, int max_level, uint32_t *scratch);
/* DELTA_BINARY_PACKED of little-endian PLAIN values of `width` 4 or 8 bytes. */
void weiri_pw_delta(struct pw_bytes *out, const uint8_t *plain, size_t count, uint32_t width);
