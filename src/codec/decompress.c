/* decompress.c - one frame back into a block of a known length. Nothing is believed: a block that is shorter, longer or damaged is WEIR_CORRUPT. */
#include "codec/codec_internal.h"
#include <lz4.h>
#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>

static weir_rc corrupt(enum weir_codec_id id, const char *why, struct weir_error *err)
{
    return weir_fail(err, WEIR_CORRUPT, "CODEC_CORRUPT", "a %s block does not decode: %s; copy the file again from its source",
                     weir_codec_name(id), why);
}

static weir_rc inflate_block(enum weir_codec_id id, const void *in, size_t len, void *out, size_t out_len, struct weir_error *err)
{
    z_stream z = {0};
    /* 15 + 32: gzip or zlib by their heads. */
    int rc = inflateInit2(&z, 15 + 32);
    WEIR_ASSERT(rc == Z_OK);
    uint8_t none;
    z.next_in = (Bytef *)(uintptr_t)in; /* not written */
    z.avail_in = (uInt)len;
    z.next_out = out_len > 0 ? out : &none;
    z.avail_out = (uInt)out_len;
    const char *why = NULL;
    for (;;) {
        rc = inflate(&z, Z_FINISH);
        if (rc != Z_STREAM_END) {
            why = z.msg ? z.msg : "its length is not what the page says";
            break;
        }
        if (z.avail_in == 0 || z.avail_out == 0) {
            break;
        }
        (void)inflateReset(&z); /* some writers chain members in one page */
    }
    if (!why && (z.avail_out != 0 || z.avail_in != 0)) {
        why = "its length is not what the page says";
    }
    weir_rc result = why ? corrupt(id, why, err) : WEIR_OK;
    (void)inflateEnd(&z);
    return result;
}

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Hadoop's framing: {uncompressed BE32, {compressed BE32, bytes}}. False: it is not that. */
static bool lz4_hadoop(const uint8_t *in, size_t len, uint8_t *out, size_t out_len)
{
    while (len > 0) {
        if (len < 8) {
            return false;
        }
        size_t whole = be32(in), part = be32(in + 4);
        in += 8;
        len -= 8;
        if (part > len || whole > out_len) {
            return false;
        }
        int n = LZ4_decompress_safe((const char *)in, (char *)out, (int)part, (int)whole);
        if (n < 0 || (size_t)n != whole) {
            return false;
        }
        in += part;
        len -= part;
        out += whole;
        out_len -= whole;
    }
    return out_len == 0;
}

static weir_rc lz4_raw(enum weir_codec_id id, const void *in, size_t len, void *out, size_t out_len, struct weir_error *err)
{
    int n = LZ4_decompress_safe(in, out, (int)len, (int)out_len);
    return n >= 0 && (size_t)n == out_len ? WEIR_OK : corrupt(id, "bytes or length are wrong", err);
}

weir_rc weir_decompress(enum weir_codec_id id, const void *in, size_t len, void *out, size_t out_len, struct weir_error *err)
{
    if (len > INT32_MAX || out_len > INT32_MAX) {
        return weir_fail(err, WEIR_TOO_BIG, "CODEC_TOO_BIG", "a block of %zu bytes from %zu is beyond the limit of 2 GiB; write smaller pages",
                         out_len, len);
    }
    switch (id) {
    case WEIR_CODEC_NONE:
        if (len != out_len) {
            return corrupt(id, "its length is not what the page says", err);
        }
        if (len > 0) {
            memcpy(out, in, len);
        }
        return WEIR_OK;
    case WEIR_CODEC_ZSTD: {
        size_t n = ZSTD_decompress(out, out_len, in, len);
        if (ZSTD_isError(n)) {
            return corrupt(id, ZSTD_getErrorName(n), err);
        }
        return n == out_len ? WEIR_OK : corrupt(id, "its length is not what the page says", err);
    }
    case WEIR_CODEC_SNAPPY: {
        size_t n = 0;
        if (snappy_uncompressed_length(in, len, &n) != SNAPPY_OK || n != out_len) {
            return corrupt(id, "its length is not what the page says", err);
        }
        return snappy_uncompress(in, len, out, &n) == SNAPPY_OK ? WEIR_OK : corrupt(id, "bytes are wrong", err);
    }
    case WEIR_CODEC_GZIP:
    case WEIR_CODEC_DEFLATE:
        return inflate_block(id, in, len, out, out_len, err);
    case WEIR_CODEC_LZ4_RAW:
        return lz4_raw(id, in, len, out, out_len, err);
    case WEIR_CODEC_LZ4_HADOOP: /* old Arrow wrote raw blocks under this name */
        return lz4_hadoop(in, len, out, out_len) ? WEIR_OK : lz4_raw(id, in, len, out, out_len, err);
    default:
        return weir_codec_refuse(id, "decompression", err);
    }
}
