/* Blocks and streams of every codec: what goes in comes out, and damage is an error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/time.h"
#include "codec/codec.h"
#include <zlib.h>

static const enum weir_codec_id ids[] = {WEIR_CODEC_NONE, WEIR_CODEC_SNAPPY, WEIR_CODEC_GZIP, WEIR_CODEC_ZSTD, WEIR_CODEC_LZ4_RAW};
#define ID_COUNT (sizeof ids / sizeof ids[0])

/* kind 0: random bytes, 1: text that repeats, 2: hex digits */
static uint8_t *make(struct weir_rng *rng, size_t len, int kind)
{
    uint8_t *p = weir_malloc(len + 1);
    for (size_t i = 0; i < len; i++) {
        uint64_t r = weir_rng_next(rng);
        p[i] = kind == 0 ? (uint8_t)r : kind == 1 ? (uint8_t)("purchase,view,"[i % 14]) : (uint8_t)("0123456789abcdef"[r & 15]);
    }
    return p;
}

static void round_trip(enum weir_codec_id id, int level, const uint8_t *in, size_t len, bool stored, size_t *size_out)
{
    struct weir_error err = {0};
    weir_compressor *c = weir_compressor_new(id, level);
    size_t bound = weir_compress_bound(id, len), n = 0;
    uint8_t *out = weir_malloc(bound + 1), *back = weir_malloc(len + 2);
    out[bound] = 0x5A;
    weir_rc rc = stored ? weir_compress_stored(c, in, len, out, &n, &err) : weir_compress(c, in, len, out, &n, &err);
    assert_int_equal(rc, WEIR_OK);
    assert_true(n <= bound);
    assert_int_equal(out[bound], 0x5A);
    assert_int_equal(weir_decompress(id, out, n, back, len, &err), WEIR_OK);
    assert_memory_equal(in, back, len);
    /* Any other length than the promised one is an error. */
    assert_int_equal(weir_decompress(id, out, n, back, len + 1, &err), WEIR_CORRUPT);
    if (len > 0) {
        assert_int_equal(weir_decompress(id, out, n, back, len - 1, &err), WEIR_CORRUPT);
        assert_int_equal(weir_decompress(id, out, n - 1, back, len, &err), WEIR_CORRUPT);
    }
    if (size_out) {
        *size_out = n;
    }
    weir_free(out);
    weir_free(back);
    weir_compressor_free(c);
}

static void test_blocks(void **state)
{
    (void)state;
    static const size_t lens[] = {0, 1, 14, 15, 16, 60, 61, 270, 65535, 65536, 131072, 131073, 300000};
    struct weir_rng rng;
    weir_rng_seed(&rng, 7);
    for (size_t l = 0; l < sizeof lens / sizeof lens[0]; l++) {
        for (int kind = 0; kind < 3; kind++) {
            uint8_t *in = make(&rng, lens[l], kind);
            for (size_t i = 0; i < ID_COUNT; i++) {
                round_trip(ids[i], 0, in, lens[l], false, NULL);
                round_trip(ids[i], WEIR_CODEC_LEVEL_ENTROPY, in, lens[l], false, NULL);
                round_trip(ids[i], 0, in, lens[l], true, NULL);
            }
            weir_free(in);
        }
    }
}

static void test_sizes(void **state)
{
    (void)state;
    struct weir_rng rng;
    weir_rng_seed(&rng, 8);
    uint8_t *hex = make(&rng, 1 << 20, 2);
    size_t n = 0;
    round_trip(WEIR_CODEC_ZSTD, WEIR_CODEC_LEVEL_ENTROPY, hex, 1 << 20, false, &n);
    assert_true(n < (1 << 20) * 6 / 10); /* 4 bits of 8 */
    round_trip(WEIR_CODEC_ZSTD, 0, hex, 1 << 20, true, &n);
    assert_true(n < (1 << 20) + 64);
    weir_free(hex);
}

/* A compressor serves many blocks; none leaves a trace in the next. */
static void test_reuse(void **state)
{
    (void)state;
    struct weir_rng rng;
    weir_rng_seed(&rng, 9);
    for (size_t i = 0; i < ID_COUNT; i++) {
        weir_compressor *c = weir_compressor_new(ids[i], 0);
        uint8_t first[4096], again[4096];
        size_t first_len = 0;
        for (int round = 0; round < 5; round++) {
            uint8_t *in = make(&rng, 1000, 1);
            size_t n = 0;
            assert_int_equal(weir_compress(c, in, 1000, again, &n, NULL), WEIR_OK);
            if (round == 0) {
                memcpy(first, again, n);
                first_len = n;
            }
            assert_int_equal(n, first_len);
            assert_memory_equal(first, again, n);
            weir_free(in);
        }
        weir_compressor_free(c);
    }
}

static void test_damage(void **state)
{
    (void)state;
    struct weir_rng rng;
    weir_rng_seed(&rng, 10);
    uint8_t *in = make(&rng, 5000, 2), out[16384], back[5000];
    for (size_t i = 1; i < ID_COUNT; i++) {
        weir_compressor *c = weir_compressor_new(ids[i], 0);
        size_t n = 0;
        assert_int_equal(weir_compress(c, in, 5000, out, &n, NULL), WEIR_OK);
        for (int k = 0; k < 2000; k++) { /* must not crash; an answer may be accidentally right */
            size_t at = weir_rng_below(&rng, n);
            uint8_t was = out[at];
            out[at] = (uint8_t)weir_rng_next(&rng);
            weir_rc rc = weir_decompress(ids[i], out, n, back, 5000, NULL);
            assert_true(rc == WEIR_OK || rc == WEIR_CORRUPT);
            out[at] = was;
        }
        weir_compressor_free(c);
    }
    weir_free(in);
}

static void test_names(void **state)
{
    (void)state;
    enum weir_codec_id id;
    assert_true(weir_codec_find("Snappy", &id) && id == WEIR_CODEC_SNAPPY);
    assert_true(weir_codec_find("ZSTD", &id) && id == WEIR_CODEC_ZSTD);
    assert_true(weir_codec_find("uncompressed", &id) && id == WEIR_CODEC_NONE);
    assert_true(weir_codec_find("lz4_raw", &id) && id == WEIR_CODEC_LZ4_RAW);
    assert_false(weir_codec_find("lzo", &id));
    assert_int_equal(weir_codec_of_name("a/b.csv.gz"), WEIR_CODEC_GZIP);
    assert_int_equal(weir_codec_of_name("b.zst"), WEIR_CODEC_ZSTD);
    assert_int_equal(weir_codec_of_name("b.bz2"), WEIR_CODEC_BZIP2);
    assert_int_equal(weir_codec_of_name("b.csv"), WEIR_CODEC_NONE);
    assert_int_equal(weir_codec_of_name("gz"), WEIR_CODEC_NONE);
    struct weir_error err = {0};
    char byte = 0;
    for (int refused = WEIR_CODEC_BZIP2; refused <= WEIR_CODEC_BROTLI; refused++) {
        enum weir_codec_id r = (enum weir_codec_id)refused;
        assert_false(weir_codec_can_compress(r) || weir_codec_can_decompress(r));
        assert_int_equal(weir_decompress(r, "x", 1, &byte, 1, &err), WEIR_UNSUPPORTED);
        assert_string_equal(err.condition, "CODEC_UNSUPPORTED");
        assert_non_null(strstr(err.msg, weir_codec_name(r)));
    }
}

/* Hadoop's LZ4 frames, two chunks in one block; and old Arrow's raw bytes under the same name. */
static void test_lz4_hadoop(void **state)
{
    (void)state;
    static const uint8_t framed[] = {0, 0, 0, 3, 0, 0, 0, 4, 0x30, 'a', 'b', 'c', 0, 0, 0, 2, 0, 0, 0, 3, 0x20, 'd', 'e'};
    static const uint8_t raw[] = {0x50, 'a', 'b', 'c', 'd', 'e'};
    char out[5];
    assert_int_equal(weir_decompress(WEIR_CODEC_LZ4_HADOOP, framed, sizeof framed, out, 5, NULL), WEIR_OK);
    assert_memory_equal(out, "abcde", 5);
    assert_int_equal(weir_decompress(WEIR_CODEC_LZ4_HADOOP, raw, sizeof raw, out, 5, NULL), WEIR_OK);
    assert_memory_equal(out, "abcde", 5);
    assert_int_equal(weir_decompress(WEIR_CODEC_LZ4_HADOOP, framed, sizeof framed - 1, out, 5, NULL), WEIR_CORRUPT);
}

/* --- streams --- */
struct source {
    const uint8_t *bytes;
    size_t len, at, piece;
};

static weir_rc pull(void *arg, void *buf, size_t len, size_t *done, struct weir_error *err)
{
    (void)err;
    struct source *s = arg;
    size_t n = s->len - s->at < s->piece ? s->len - s->at : s->piece;
    n = n < len ? n : len;
    memcpy(buf, s->bytes + s->at, n);
    s->at += n;
    *done = n;
    return WEIR_OK;
}

static weir_rc read_all(enum weir_codec_id id, const uint8_t *bytes, size_t len, size_t piece, size_t step, struct weir_buf *out,
                        struct weir_error *err)
{
    struct source s = {bytes, len, 0, piece};
    weir_inflater *in = NULL;
    weir_buf_clear(out);
    weir_rc rc = weir_inflater_new(id, pull, &s, &in, err);
    assert_int_equal(rc, WEIR_OK);
    for (size_t done = step; rc == WEIR_OK && done == step;) {
        char *room = weir_buf_reserve(out, step);
        rc = weir_inflater_read(in, room, step, &done, err);
        out->len += done;
    }
    weir_inflater_free(in);
    return rc;
}

static void stream_case(enum weir_codec_id id, struct weir_rng *rng, size_t len, int members)
{
    uint8_t *in = make(rng, len, 2);
    struct weir_buf file, out;
    weir_buf_init(&file, 0);
    weir_buf_init(&out, 0);
    weir_compressor *c = weir_compressor_new(id, 0);
    for (int m = 0; m < members; m++) {
        size_t from = len * (size_t)m / (size_t)members, to = len * (size_t)(m + 1) / (size_t)members, n = 0;
        char *room = weir_buf_reserve(&file, weir_compress_bound(id, to - from));
        assert_int_equal(weir_compress(c, in + from, to - from, room, &n, NULL), WEIR_OK);
        file.len += n;
    }
    struct weir_error err = {0};
    const size_t pieces[] = {1, 7, 1 << 20};
    for (size_t p = 0; p < 3; p++) {
        assert_int_equal(read_all(id, (uint8_t *)file.data, file.len, pieces[p], p == 0 ? 1000 : 333333, &out, &err), WEIR_OK);
        assert_int_equal(out.len, len);
        assert_memory_equal(out.data, in, len);
    }
    if (id != WEIR_CODEC_NONE) {
        assert_int_equal(read_all(id, (uint8_t *)file.data, file.len - 1, 1 << 20, 1000, &out, &err), WEIR_CORRUPT);
        assert_string_equal(err.condition, "CODEC_TRUNCATED");
        assert_int_equal(read_all(id, (uint8_t *)file.data, 0, 1 << 20, 1000, &out, &err), WEIR_CORRUPT);
        /* What follows the last member must be another member. */
        assert_true(weir_buf_add(&file, "junk after it", 13));
        assert_int_equal(read_all(id, (uint8_t *)file.data, file.len, 1 << 20, 1000, &out, &err), WEIR_CORRUPT);
        assert_string_equal(err.condition, "CODEC_CORRUPT");
    }
    weir_compressor_free(c);
    weir_buf_free(&file);
    weir_buf_free(&out);
    weir_free(in);
}

static void test_streams(void **state)
{
    (void)state;
    struct weir_rng rng;
    weir_rng_seed(&rng, 11);
    static const enum weir_codec_id streams[] = {WEIR_CODEC_NONE, WEIR_CODEC_GZIP, WEIR_CODEC_ZSTD};
    for (size_t i = 0; i < 3; i++) {
        stream_case(streams[i], &rng, 50000, 1);
        stream_case(streams[i], &rng, 50000, 3);
        stream_case(streams[i], &rng, 700000, 2);
        stream_case(streams[i], &rng, 0, 1);
    }
    struct source s = {NULL, 0, 0, 1};
    weir_inflater *in = NULL;
    struct weir_error err = {0};
    assert_int_equal(weir_inflater_new(WEIR_CODEC_BROTLI, pull, &s, &in, &err), WEIR_UNSUPPORTED);
    assert_null(in);
    assert_int_equal(weir_inflater_new(WEIR_CODEC_SNAPPY, pull, &s, &in, &err), WEIR_UNSUPPORTED);
}

/* Damage anywhere is an error or, where a checksum cannot see it, still an answer of the same length; never a crash. */
static void test_stream_damage(void **state)
{
    (void)state;
    struct weir_rng rng;
    weir_rng_seed(&rng, 12);
    uint8_t *in = make(&rng, 3000, 2), packed[8192];
    struct weir_buf out;
    weir_buf_init(&out, 1 << 20);
    size_t n = 0;
    weir_compressor *c = weir_compressor_new(WEIR_CODEC_GZIP, 0);
    assert_int_equal(weir_compress(c, in, 3000, packed, &n, NULL), WEIR_OK);
    for (size_t at = 10; at < n; at++) {
        packed[at] ^= 0x55;
        assert_int_equal(read_all(WEIR_CODEC_GZIP, packed, n, 1 << 20, 1000, &out, NULL), WEIR_CORRUPT);
        packed[at] ^= 0x55;
    }
    weir_compressor_free(c);
    weir_buf_free(&out);
    weir_free(in);
}

static void test_crc(void **state)
{
    (void)state;
    assert_int_equal(weir_crc32(0, "123456789", 9), 0xCBF43926);
    assert_int_equal(weir_crc32(0, "", 0), 0);
    struct weir_rng rng;
    weir_rng_seed(&rng, 13);
    uint8_t *p = make(&rng, 70000, 0);
    for (size_t i = 0; i < 3000; i++) {
        size_t at = weir_rng_below(&rng, 60), len = i < 1200 ? i : weir_rng_below(&rng, 69000);
        uint32_t start = (uint32_t)weir_rng_next(&rng);
        assert_int_equal(weir_crc32(start, p + at, len), (uint32_t)crc32(start, p + at, (uInt)len));
    }
    weir_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks), cmocka_unit_test(test_sizes),   cmocka_unit_test(test_reuse),         cmocka_unit_test(test_damage),
        cmocka_unit_test(test_names),  cmocka_unit_test(test_streams), cmocka_unit_test(test_stream_damage), cmocka_unit_test(test_crc),
        cmocka_unit_test(test_lz4_hadoop),
    };
    return cmocka_run_group_tests_name("codec", tests, NULL, NULL);
}
