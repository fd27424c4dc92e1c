/* Any bytes as a compressed file, and any bytes as a text that is compressed here: how the file is cut into calls changes nothing, what was compressed comes back, and a file
 * that ends early is an error, never a shorter text. Input: the codec, two sizes of pieces, what to do; then the bytes. */
#include "codec/codec.h"
#include <bzlib.h>
#include <lz4frame.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#define OUTPUT_MAX ((size_t)1 << 20) /* of a bomb only so much is looked at */

struct source {
    const uint8_t *bytes;
    size_t len, at, step;
};

static weir_rc pull(void *arg, void *buf, size_t len, size_t *done, struct weir_error *err)
{
    struct source *s = arg;
    size_t n = s->len - s->at < len ? s->len - s->at : len;
    (void)err;
    n = n < s->step ? n : s->step;
    if (n > 0) {
        memcpy(buf, s->bytes + s->at, n);
    }
    s->at += n;
    *done = n;
    return WEIR_OK;
}

struct text {
    uint8_t *bytes;
    size_t len;
    weir_rc rc;
    struct weir_error err;
};

static struct text unpack(enum weir_codec_id id, const uint8_t *bytes, size_t len, size_t in_step, size_t out_step)
{
    struct text out = {.bytes = weir_malloc(OUTPUT_MAX)};
    struct source source = {bytes, len, 0, in_step};
    weir_inflater *in = NULL;
    out.rc = weir_inflater_new(id, pull, &source, &in, &out.err);
    while (out.rc == WEIR_OK && out.len < OUTPUT_MAX) {
        const size_t room = OUTPUT_MAX - out.len, want = out_step < room ? out_step : room;
        size_t done = 0;
        out.rc = weir_inflater_read(in, out.bytes + out.len, want, &done, &out.err);
        if (done > want) {
            abort();
        }
        out.len += done;
        if (done < want) {
            break;
        }
    }
    weir_inflater_free(in);
    return out;
}

static void need(bool ok, enum weir_codec_id id, const char *what, const struct text *a, const struct text *b)
{
    if (!ok) {
        fprintf(stderr, "%s: %s: %zu bytes, %s; %zu bytes, %s\n", weir_codec_name(id), what, a->len, a->err.msg, b ? b->len : 0, b ? b->err.msg : "");
        abort();
    }
}

/* Beyond OUTPUT_MAX nobody looks, so an error there may or may not have been seen: bytes before it count alone. */
static void same_in_pieces(enum weir_codec_id id, const uint8_t *bytes, size_t len, size_t in_step, size_t out_step)
{
    struct text whole = unpack(id, bytes, len, len + 1, OUTPUT_MAX), pieces = unpack(id, bytes, len, in_step, out_step);
    if (whole.len < OUTPUT_MAX && pieces.len < OUTPUT_MAX) {
        /* Zstandard's library looks harder at a frame that it gets in one piece (an empty block that says it is compressed). */
        need(whole.rc == pieces.rc || id == WEIR_CODEC_ZSTD, id, "the cut decides what is an error", &whole, &pieces);
        need(whole.rc != WEIR_OK || pieces.rc != WEIR_OK || whole.len == pieces.len, id, "the cut decides how much there is", &whole, &pieces);
    }
    const size_t both = whole.len < pieces.len ? whole.len : pieces.len;
    need(memcmp(whole.bytes, pieces.bytes, both) == 0, id, "the cut decides what there is", &whole, &pieces);
    need(whole.rc == WEIR_OK || (whole.err.condition[0] != '\0' && whole.err.msg[0] != '\0'), id, "refused without a word", &whole, NULL);
    weir_free(whole.bytes);
    weir_free(pieces.bytes);
}

/* --- a text that is compressed here --- */

static size_t pack_zlib(const uint8_t *text, size_t len, uint8_t *out, size_t room, int window)
{
    z_stream z = {0};
    if (deflateInit2(&z, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        abort();
    }
    z.next_in = (Bytef *)(uintptr_t)text; /* not written */
    z.avail_in = (uInt)len;
    z.next_out = out;
    z.avail_out = (uInt)room;
    if (deflate(&z, Z_FINISH) != Z_STREAM_END) {
        abort();
    }
    const size_t n = room - z.avail_out;
    (void)deflateEnd(&z);
    return n;
}

static size_t pack(enum weir_codec_id id, const uint8_t *text, size_t len, uint8_t *out, size_t room)
{
    static const LZ4F_preferences_t checked = {.frameInfo = {.contentChecksumFlag = LZ4F_contentChecksumEnabled}};
    unsigned small = (unsigned)room;
    size_t n = 0;
    switch (id) {
    case WEIR_CODEC_ZSTD:
        return ZSTD_compress(out, room, text, len, 3);
    case WEIR_CODEC_BZIP2:
        return BZ2_bzBuffToBuffCompress((char *)out, &small, (char *)(uintptr_t)text, (unsigned)len, 1, 0, 0) == BZ_OK ? small : 0;
    case WEIR_CODEC_XZ:
        return lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, NULL, text, len, out, &n, room) == LZMA_OK ? n : 0;
    case WEIR_CODEC_LZ4_FRAME:
        return LZ4F_compressFrame(out, room, text, len, &checked);
    default:
        return pack_zlib(text, len, out, room, id == WEIR_CODEC_GZIP ? 15 + 16 : 15);
    }
}

static void there_and_back(enum weir_codec_id id, const uint8_t *bytes, size_t len, size_t in_step, size_t out_step)
{
    const size_t room = len * 2 + 4096;
    uint8_t *packed = weir_malloc(room);
    const size_t n = pack(id, bytes, len, packed, room);
    struct text back = unpack(id, packed, n, in_step, out_step);
    need(back.rc == WEIR_OK && back.len == len && (len == 0 || memcmp(back.bytes, bytes, len) == 0), id, "not what was compressed", &back, NULL);
    weir_free(back.bytes);
    for (size_t i = 0; i < 8; i++) { /* the first bytes, the last, and some between */
        const size_t cut = i < 2 ? i : i < 4 ? n - i + 1 : n * (i - 3) / 6;
        struct text part = unpack(id, packed, cut, in_step, out_step);
        need(cut >= n || part.rc == WEIR_CORRUPT, id, "a file that ends early is taken for whole", &part, NULL);
        weir_free(part.bytes);
    }
    weir_free(packed);
}

/* Pages of Parquet: as long as is said, or an error. */
static void block(const uint8_t *bytes, size_t len, size_t out_len)
{
    static const enum weir_codec_id ids[] = {WEIR_CODEC_SNAPPY, WEIR_CODEC_GZIP, WEIR_CODEC_ZSTD, WEIR_CODEC_LZ4_RAW, WEIR_CODEC_LZ4_HADOOP, WEIR_CODEC_DEFLATE};
    uint8_t *out = weir_malloc(out_len + 1);
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        struct weir_error err = {0};
        if (weir_decompress(ids[i], bytes, len, out, out_len, &err) != WEIR_OK && err.msg[0] == '\0') {
            abort();
        }
    }
    weir_free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum weir_codec_id ids[] = {WEIR_CODEC_GZIP, WEIR_CODEC_DEFLATE, WEIR_CODEC_ZSTD, WEIR_CODEC_BZIP2, WEIR_CODEC_XZ, WEIR_CODEC_LZ4_FRAME, WEIR_CODEC_NONE, WEIR_CODEC_SNAPPY};
    if (size < 4 || size > 40000) {
        return 0;
    }
    const enum weir_codec_id id = ids[data[0] & 7];
    const size_t in_step = (size_t)data[1] + 1, out_step = (size_t)data[2] * 17 + 1;
    const uint8_t *bytes = data + 4;
    const size_t len = size - 4;
    (void)weir_codec_of_content(bytes, len < WEIR_CODEC_HEAD_BYTES ? len : WEIR_CODEC_HEAD_BYTES);
    if (data[3] % 3 == 0) {
        same_in_pieces(id, bytes, len, in_step, out_step);
    } else if (data[3] % 3 == 1) {
        block(bytes, len, out_step);
    } else if (id != WEIR_CODEC_NONE && id != WEIR_CODEC_SNAPPY) {
        there_and_back(id, bytes, len, in_step, out_step);
    }
    return 0;
}
