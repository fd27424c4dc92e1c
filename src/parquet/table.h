/* table.h - a hash table from bytes to a 32-bit code, made for many look-ups of short texts. Private to the writer.
 *
 * Keys of up to 11 bytes stand in their slot (16 bytes: 8 + 3 of text, the length, the code): one cache line answers. Longer keys keep 32 bits of
 * their hash in the slot and their bytes in one of two heaps of the owner; they are always compared whole. Open addressing, linear probes,
 * at most half full. NUL bytes are text like others. Hashes are seeded per process; what the table answers does not depend on the seed.
 * The text of a key may be read up to 16 bytes beyond its end by the *_fast functions. */
#pragma once
#include "parquet/bytes.h"

#define PW_SHORT_MAX 11
#define PW_CODE_NULL UINT32_C(0xFFFFFFFF)
#define PW_CODE_BAD UINT32_C(0xFFFFFFFE)
#define PW_CODE_MISS UINT32_C(0xFFFFFFFD) /* not in the table */
#define PW_CODE_MAX UINT32_C(0x7FFFFFFF)  /* indexes are below */

struct pw_short {
    uint64_t lo;
    uint32_t hi; /* bytes 8..10 and the length << 24; 0 = the slot is free */
    uint32_t code;
};
struct pw_long {
    uint32_t tag; /* of the hash; its low bits say where the slot is */
    uint32_t at;  /* where the key is: offset in heap at >> 31 */
    uint32_t code;
    uint32_t len; /* 0 = the slot is free */
};
struct pw_seed { uint64_t a, b, c; };
struct pw_table {
    struct pw_seed seed; /* of this process */
    struct pw_short *shorts;
    struct pw_long *longs;
    uint32_t short_mask, long_mask; /* slots - 1 */
    uint32_t short_count, long_count;
    uint32_t empty; /* the code of the empty key; PW_CODE_MISS = none */
};
#define PW_LONG_SIDE (UINT32_C(1) << 31)

void weiri_pw_table_init(struct pw_table *table);
void weiri_pw_table_free(struct pw_table *table);
void weiri_pw_table_clear(struct pw_table *table); /* keeps the memory */
/* Bytes that a table with these keys needs, whatever it has: the same for the same input. */
size_t weiri_pw_table_bytes(const struct pw_table *table);

/* A key made ready for its look-ups. */
struct pw_key {
    const char *ptr;
    size_t len;
    uint64_t lo;
    uint32_t hi, hash;
};
struct pw_key weiri_pw_key(const struct pw_table *table, const char *key, size_t len);
/* heaps[0] and heaps[1] hold the long keys. */
uint32_t weiri_pw_table_get(const struct pw_table *table, const uint8_t *const heaps[2], const struct pw_key *key);
/* The key is not there. at: where a key longer than PW_SHORT_MAX lies. */
void weiri_pw_table_put(struct pw_table *table, const struct pw_key *key, uint32_t at, uint32_t code);

/* --- the parts, for loops that look up many keys at once --- */

static inline uint64_t weiri_pw_mix(uint64_t a, uint64_t b)
{
    const unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Keys as they stand in a short slot; len 1..PW_SHORT_MAX; 12 bytes are read. */
static inline uint64_t weiri_pw_short_lo(const char *key, size_t len)
{
    uint64_t word = weiri_pw_load64(key);
    return len >= 8 ? word : word & (((uint64_t)1 << (8 * len)) - 1);
}
static inline uint32_t weiri_pw_short_hi(const char *key, size_t len)
{
    uint32_t word = weiri_pw_load32(key + 8);
    uint32_t bits = len > 8 ? 8 * ((uint32_t)len - 8) : 0;
    return (word & (uint32_t)(((uint64_t)1 << bits) - 1)) | (uint32_t)len << 24;
}
/* Both, without a look beyond the key's end: the loads overlap inside it. */
static inline void weiri_pw_short_exact(const char *key, size_t len, uint64_t *lo, uint32_t *hi)
{
    uint64_t word;
    uint32_t top = 0;
    if (len >= 8) {
        word = weiri_pw_load64(key);
        top = len > 8 ? weiri_pw_load32(key + len - 4) >> (8 * (12 - len)) : 0;
    } else if (len >= 4) {
        word = weiri_pw_load32(key) | (uint64_t)weiri_pw_load32(key + len - 4) << (8 * (len - 4));
    } else {
        word = (uint8_t)key[0] | (uint64_t)(uint8_t)key[len / 2] << (8 * (len / 2)) | (uint64_t)(uint8_t)key[len - 1] << (8 * (len - 1));
    }
    *lo = word;
    *hi = top | (uint32_t)len << 24;
}
static inline uint32_t weiri_pw_short_hash(const struct pw_seed *seed, uint64_t lo, uint32_t hi)
{
    return (uint32_t)weiri_pw_mix(lo ^ seed->a, hi ^ seed->b);
}

/* len > PW_SHORT_MAX; nothing beyond the key is read. */
static inline uint32_t weiri_pw_long_hash(const struct pw_seed *seed, const char *key, size_t len)
{
    uint64_t h = seed->a ^ len;
    size_t left = len;
    const char *p = key;
    while (left > 16) {
        h = weiri_pw_mix(weiri_pw_load64(p) ^ seed->b, weiri_pw_load64(p + 8) ^ h);
        p += 16;
        left -= 16;
    }
    if (len < 16) {
        h = weiri_pw_mix(weiri_pw_load64(key) ^ seed->c, weiri_pw_load64(key + len - 8) ^ h);
    } else {
        h = weiri_pw_mix(weiri_pw_load64(key + len - 16) ^ seed->c, weiri_pw_load64(key + len - 8) ^ h);
    }
    return (uint32_t)h;
}

/* len >= 8 */
static inline bool weiri_pw_long_eq(const uint8_t *a, const char *b, size_t len)
{
    uint64_t differ = weiri_pw_load64(a + len - 8) ^ weiri_pw_load64(b + len - 8);
    for (size_t i = 0; i + 8 < len; i += 8) {
        differ |= weiri_pw_load64(a + i) ^ weiri_pw_load64(b + i);
    }
    return differ == 0;
}

static inline const uint8_t *weiri_pw_long_key(const uint8_t *const heaps[2], uint32_t at)
{
    return heaps[at >> 31] + (at & ~PW_LONG_SIDE);
}
