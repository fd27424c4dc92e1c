/* compress.c - one block into one frame. */
#include "codec/codec_internal.h"
#define ZSTD_STATIC_LINKING_ONLY /* ZSTD_c_literalCompressionMode */
#include <lz4.h>
#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>

struct weir_compressor {
    enum weir_codec_id id;
    ZSTD_CCtx *zstd;
    z_stream zlib; /* GZIP: initialised, reset before each block */
};

/* Matches are not looked for beyond chance; literals are always Huffman-coded. Measured on UUIDs: twice the speed of level 1 at 8 % more bytes. */
static void zstd_entropy_only(ZSTD_CCtx *zstd)
{
    (void)ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, -7);
    (void)ZSTD_CCtx_setParameter(zstd, ZSTD_c_strategy, ZSTD_fast);
    (void)ZSTD_CCtx_setParameter(zstd, ZSTD_c_targetLength, 1 << 17);
    (void)ZSTD_CCtx_setParameter(zstd, ZSTD_c_minMatch, 7);
    (void)ZSTD_CCtx_setParameter(zstd, ZSTD_c_hashLog, 6);
    (void)ZSTD_CCtx_setParameter(zstd, ZSTD_c_literalCompressionMode, ZSTD_ps_enable);
}

weir_compressor *weir_compressor_new(enum weir_codec_id id, int level)
{
    WEIR_ASSERT(weir_codec_can_compress(id));
    weir_compressor *c = weir_calloc(1, sizeof *c);
    c->id = id;
    if (id == WEIR_CODEC_ZSTD) {
        c->zstd = ZSTD_createCCtx();
        WEIR_ASSERT(c->zstd); /* the heap is exhausted: ends the process, as weir_malloc does */
        if (level == WEIR_CODEC_LEVEL_ENTROPY) {
            zstd_entropy_only(c->zstd);
        } else {
            (void)ZSTD_CCtx_setParameter(c->zstd, ZSTD_c_compressionLevel, level == 0 ? 1 : level);
        }
    } else if (id == WEIR_CODEC_GZIP) {
        int zlib_level = level <= 0 ? 6 : level > 9 ? 9 : level;
        int rc = deflateInit2(&c->zlib, zlib_level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
        WEIR_ASSERT(rc == Z_OK);
    }
    return c;
}

void weir_compressor_free(weir_compressor *c)
{
    if (c) {
        if (c->id == WEIR_CODEC_GZIP) {
            (void)deflateEnd(&c->zlib);
        }
        (void)ZSTD_freeCCtx(c->zstd);
        weir_free(c);
    }
}

/* Also room for the stored form of the block. */
size_t weir_compress_bound(enum weir_codec_id id, size_t len)
{
    switch (id) {
    case WEIR_CODEC_ZSTD:
        return ZSTD_compressBound(len) + 16;
    case WEIR_CODEC_SNAPPY:
        return snappy_max_compressed_length(len) + 16;
    case WEIR_CODEC_LZ4_RAW:
        return len + len / 255 + 32;
    case WEIR_CODEC_GZIP:
        return len + len / 1000 + (len / 16383 + 1) * 5 + 64; /* deflateBound's worst case, with gzip's ends */
    default:
        return len;
    }
}

static weir_rc fail_compress(enum weir_codec_id id, const char *why, struct weir_error *err)
{
    return weir_fail(err, WEIR_IO, "CODEC_FAILED", "%s could not compress a block: %s; try another codec", weir_codec_name(id), why);
}

static weir_rc check_size(enum weir_codec_id id, size_t len, struct weir_error *err)
{
    if (len <= WEIR_CODEC_BLOCK_MAX) {
        return WEIR_OK;
    }
    return weir_fail(err, WEIR_TOO_BIG, "CODEC_TOO_BIG", "a block of %zu bytes is more than %s takes; write smaller pages", len,
                     weir_codec_name(id));
}

static weir_rc compress_gzip(weir_compressor *c, const void *in, size_t len, void *out, size_t *out_len, struct weir_error *err)
{
    if (deflateReset(&c->zlib) != Z_OK) {
        return fail_compress(c->id, "reset", err);
    }
    c->zlib.next_in = (Bytef *)(uintptr_t)in; /* zlib does not write to it */
    c->zlib.avail_in = (uInt)len;
    c->zlib.next_out = out;
    c->zlib.avail_out = (uInt)weir_compress_bound(c->id, len);
    if (deflate(&c->zlib, Z_FINISH) != Z_STREAM_END) {
        return fail_compress(c->id, "no room", err);
    }
    *out_len = (size_t)(c->zlib.next_out - (Bytef *)out);
    return WEIR_OK;
}

weir_rc weir_compress(weir_compressor *c, const void *in, size_t len, void *out, size_t *out_len, struct weir_error *err)
{
    *out_len = 0;
    WEIR_TRY(check_size(c->id, len, err));
    size_t bound = weir_compress_bound(c->id, len);
    switch (c->id) {
    case WEIR_CODEC_ZSTD: {
        size_t n = ZSTD_compress2(c->zstd, out, bound, in, len);
        if (ZSTD_isError(n)) {
            return fail_compress(c->id, ZSTD_getErrorName(n), err);
        }
        *out_len = n;
        return WEIR_OK;
    }
    case WEIR_CODEC_SNAPPY: {
        size_t n = bound;
        if (snappy_compress(in, len, out, &n) != SNAPPY_OK) {
            return fail_compress(c->id, "refused", err);
        }
        *out_len = n;
        return WEIR_OK;
    }
    case WEIR_CODEC_LZ4_RAW: {
        int n = LZ4_compress_default(in, out, (int)len, (int)bound);
        if (n <= 0) {
            return fail_compress(c->id, "refused", err);
        }
        *out_len = (size_t)n;
        return WEIR_OK;
    }
    case WEIR_CODEC_GZIP:
        return compress_gzip(c, in, len, out, out_len, err);
    default:
        WEIR_ASSERT(c->id == WEIR_CODEC_NONE);
        if (len > 0) {
            memcpy(out, in, len);
        }
        *out_len = len;
        return WEIR_OK;
    }
}

/* --- stored: a valid frame around the bytes as they are --- */

static uint8_t *put_le(uint8_t *p, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        *p++ = (uint8_t)(value >> (8 * i));
    }
    return p;
}

static uint8_t *put_bytes(uint8_t *p, const uint8_t *in, size_t len)
{
    if (len > 0) {
        memcpy(p, in, len);
    }
    return p + len;
}

/* RFC 8878: magic, a single-segment frame with a 4-byte content size, raw blocks of at most 128 KiB. */
static uint8_t *store_zstd(uint8_t *p, const uint8_t *in, size_t len)
{
    const size_t block_max = (size_t)128 << 10;
    p = put_le(p, ZSTD_MAGICNUMBER, 4);
    *p++ = 0xA0;
    p = put_le(p, len, 4);
    do {
        size_t n = len < block_max ? len : block_max;
        p = put_le(p, (uint64_t)n << 3 | (n == len), 3);
        p = put_bytes(p, in, n);
        in += n;
        len -= n;
    } while (len > 0);
    return p;
}

/* The length as a varint, then one literal with a 4-byte length. */
static uint8_t *store_snappy(uint8_t *p, const uint8_t *in, size_t len)
{
    size_t rest = len;
    while (rest >= 0x80) {
        *p++ = (uint8_t)(rest | 0x80);
        rest >>= 7;
    }
    *p++ = (uint8_t)rest;
    if (len > 0) {
        *p++ = 63 << 2;
        p = put_le(p, len - 1, 4);
    }
    return put_bytes(p, in, len);
}

/* One last sequence of literals only. */
static uint8_t *store_lz4(uint8_t *p, const uint8_t *in, size_t len)
{
    if (len < 15) {
        *p++ = (uint8_t)(len << 4);
        return put_bytes(p, in, len);
    }
    *p++ = 0xF0;
    size_t rest = len - 15;
    while (rest >= 255) {
        *p++ = 255;
        rest -= 255;
    }
    *p++ = (uint8_t)rest;
    return put_bytes(p, in, len);
}

/* RFC 1952 round RFC 1951's stored blocks. */
static uint8_t *store_gzip(uint8_t *p, const uint8_t *in, size_t len)
{
    static const uint8_t head[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};
    const size_t all = len;
    const uint32_t crc = weir_crc32(0, in, len);
    p = put_bytes(p, head, sizeof head);
    do {
        size_t n = len < 65535 ? len : 65535;
        *p++ = n == len;
        p = put_le(p, n, 2);
        p = put_le(p, ~(uint64_t)n, 2);
        p = put_bytes(p, in, n);
        in += n;
        len -= n;
    } while (len > 0);
    p = put_le(p, crc, 4);
    return put_le(p, all, 4);
}

weir_rc weir_compress_stored(weir_compressor *c, const void *in, size_t len, void *out, size_t *out_len, struct weir_error *err)
{
    *out_len = 0;
    WEIR_TRY(check_size(c->id, len, err));
    uint8_t *end;
    switch (c->id) {
    case WEIR_CODEC_ZSTD:
        end = store_zstd(out, in, len);
        break;
    case WEIR_CODEC_SNAPPY:
        end = store_snappy(out, in, len);
        break;
    case WEIR_CODEC_LZ4_RAW:
        end = store_lz4(out, in, len);
        break;
    case WEIR_CODEC_GZIP:
        end = store_gzip(out, in, len);
        break;
    default:
        end = put_bytes(out, in, len);
        break;
    }
    *out_len = (size_t)(end - (uint8_t *)out);
    WEIR_ASSERT(*out_len <= weir_compress_bound(c->id, len));
    return WEIR_OK;
}
