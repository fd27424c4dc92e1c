/* Compressed files as the programs of their formats write them: whole, several members, cut at every byte, damaged. */
#include "codec/codec.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <bzlib.h>
#include <lz4frame.h>
#include <lzma.h>
#include <string.h>
#include <zlib.h>

#define TEXT_BYTES 3000
#define PACKED_MAX 8192

struct packed {
    enum weir_codec_id id;
    bool members;
    size_t (*pack)(const char *text, size_t len, uint8_t *out);
};

static size_t pack_deflate(const char *text, size_t len, uint8_t *out)
{
    uLongf n = PACKED_MAX;
    assert_int_equal(compress(out, &n, (const Bytef *)text, len), Z_OK);
    return n;
}

static size_t pack_bzip2(const char *text, size_t len, uint8_t *out)
{
    char copy[TEXT_BYTES];
    unsigned n = PACKED_MAX;
    memcpy(copy, text, len);
    assert_int_equal(BZ2_bzBuffToBuffCompress((char *)out, &n, copy, (unsigned)len, 9, 0, 0), BZ_OK);
    return n;
}

static size_t pack_xz(const char *text, size_t len, uint8_t *out)
{
    size_t n = 0;
    assert_int_equal(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, NULL, (const uint8_t *)text, len, out, &n, PACKED_MAX), LZMA_OK);
    return n;
}

static size_t pack_lz4(const char *text, size_t len, uint8_t *out)
{
    LZ4F_preferences_t preferences = {.frameInfo = {.contentChecksumFlag = LZ4F_contentChecksumEnabled}};
    size_t n = LZ4F_compressFrame(out, PACKED_MAX, text, len, &preferences);
    assert_false(LZ4F_isError(n));
    return n;
}

static const struct packed packers[] = {
    {WEIR_CODEC_DEFLATE, false, pack_deflate}, {WEIR_CODEC_BZIP2, true, pack_bzip2}, {WEIR_CODEC_XZ, true, pack_xz}, {WEIR_CODEC_LZ4_FRAME, true, pack_lz4}};
#define PACKERS (sizeof packers / sizeof *packers)

struct source {
    const uint8_t *bytes;
    size_t len, at, step;
};

static weir_rc pull(void *arg, void *buf, size_t len, size_t *done, struct weir_error *err)
{
    struct source *s = arg;
    size_t n = s->len - s->at;
    (void)err;
    n = n < s->step ? n : s->step;
    n = n < len ? n : len;
    memcpy(buf, s->bytes + s->at, n);
    s->at += n;
    *done = n;
    return WEIR_OK;
}

/* Reads all of it, `step` bytes of output at a time. */
static weir_rc unpack(enum weir_codec_id id, const uint8_t *bytes, size_t len, size_t step, char *out, size_t room, size_t *out_len, struct weir_error *err)
{
    struct source s = {bytes, len, 0, step};
    weir_inflater *in = NULL;
    size_t done = 0;
    *out_len = 0;
    weir_rc rc = weir_inflater_new(id, pull, &s, &in, err);
    while (rc == WEIR_OK) {
        size_t want = step < room - *out_len ? step : room - *out_len;
        rc = weir_inflater_read(in, out + *out_len, want, &done, err);
        *out_len += done;
        if (done < want || want == 0) {
            break;
        }
    }
    weir_inflater_free(in);
    return rc;
}

static void make_text(char *text)
{
    for (size_t i = 0; i < TEXT_BYTES; i++) {
        text[i] = (char)("0123456789,abc\n"[(i * i / 7 + i / 13) % 15]);
    }
}

static void test_whole(void **state)
{
    (void)state;
    static char text[TEXT_BYTES], out[3 * TEXT_BYTES];
    static uint8_t packed[2 * PACKED_MAX];
    static const size_t steps[] = {1, 7, 3 * TEXT_BYTES};
    make_text(text);
    for (size_t p = 0; p < PACKERS; p++) {
        struct weir_error err = {0};
        const size_t n = packers[p].pack(text, TEXT_BYTES, packed);
        const size_t more = packers[p].pack(text, 10, packed + n);
        size_t len;
        for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
            assert_int_equal(unpack(packers[p].id, packed, n, steps[s], out, sizeof out, &len, &err), WEIR_OK);
            assert_int_equal(len, TEXT_BYTES);
            assert_memory_equal(out, text, TEXT_BYTES);
            if (packers[p].members) {
                assert_int_equal(unpack(packers[p].id, packed, n + more, steps[s], out, sizeof out, &len, &err), WEIR_OK);
                assert_int_equal(len, TEXT_BYTES + 10);
                assert_memory_equal(out + TEXT_BYTES, text, 10);
            }
        }
        assert_int_equal(weir_codec_of_content(packed, n), packers[p].members ? packers[p].id : WEIR_CODEC_NONE);
    }
}

static void test_cut_and_damaged(void **state)
{
    (void)state;
    static char text[TEXT_BYTES], out[3 * TEXT_BYTES];
    static uint8_t packed[PACKED_MAX];
    make_text(text);
    for (size_t p = 0; p < PACKERS; p++) {
        const size_t n = packers[p].pack(text, TEXT_BYTES, packed);
        size_t len;
        for (size_t cut = 0; cut < n; cut++) {
            struct weir_error err = {0};
            assert_int_equal(unpack(packers[p].id, packed, cut, sizeof out, out, sizeof out, &len, &err), WEIR_CORRUPT);
            assert_true(strcmp(err.condition, "CODEC_TRUNCATED") == 0 || strcmp(err.condition, "CODEC_CORRUPT") == 0);
        }
        for (size_t at = 0; at < n; at++) { /* damage is seen, or did not change the text */
            struct weir_error err = {0};
            packed[at] ^= 0x10;
            if (unpack(packers[p].id, packed, n, sizeof out, out, sizeof out, &len, &err) == WEIR_OK) {
                assert_int_equal(len, TEXT_BYTES);
                assert_memory_equal(out, text, TEXT_BYTES);
            }
            packed[at] ^= 0x10;
        }
    }
}

static void test_content_of_texts(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "B", "BZh9", "BZh9,is,a,name\n", "7zXZ", "id,name\n", "\x1f", "\x1f\x8b"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(weir_codec_of_content(texts[i], strlen(texts[i])), WEIR_CODEC_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_whole), cmocka_unit_test(test_cut_and_damaged), cmocka_unit_test(test_content_of_texts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
