/* stream.c - compressed text files, read from front to back.
 *
 * A file may be several members or frames one after the other; all are read. The file is whole only if its end is
 * the end of a member: everything else is an error, never a shorter text. */
#include "codec/codec_internal.h"
#include <bzlib.h>
#include <lz4frame.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#define INPUT_BYTES ((size_t)256 << 10)
#define XZ_MEMORY_MAX ((uint64_t)256 << 20) /* xz -9 needs 65 MiB */
#define ZSTD_FRAME_HEAD_MAX 18

struct weir_inflater {
    enum weir_codec_id id;
    weir_rc (*read)(void *arg, void *buf, size_t len, size_t *done, struct weir_error *err);
    void *arg;
    uint8_t *input;
    size_t at, end;    /* of what is in `input` */
    int64_t consumed;  /* compressed bytes taken so far, for messages */
    bool input_ended;
    bool within;       /* inside a member or frame: the input must not end here */
    weir_rc failed;    /* the first error is told again */
    z_stream zlib;
    ZSTD_DCtx *zstd;
    struct {
        uint8_t head[ZSTD_FRAME_HEAD_MAX]; /* the frame's first bytes, which may say how long its text is */
        size_t head_len;
        uint64_t text_len; /* so far */
    } frame;
    bz_stream bzip2;
    lzma_stream xz;
    LZ4F_dctx *lz4;
};

/* False: no stream of this codec is read here. */
static bool decoder_open(weir_inflater *in)
{
    int rc = 0;
    switch (in->id) {
    case WEIR_CODEC_NONE:
        return true;
    case WEIR_CODEC_GZIP:
    case WEIR_CODEC_DEFLATE:
        rc = inflateInit2(&in->zlib, in->id == WEIR_CODEC_GZIP ? 15 + 16 : 15);
        break;
    case WEIR_CODEC_ZSTD:
        in->zstd = ZSTD_createDCtx();
        WEIR_ASSERT(in->zstd);
        break;
    case WEIR_CODEC_BZIP2:
        rc = BZ2_bzDecompressInit(&in->bzip2, 0, 0);
        break;
    case WEIR_CODEC_XZ:
        in->xz = (lzma_stream)LZMA_STREAM_INIT;
        rc = (int)lzma_stream_decoder(&in->xz, XZ_MEMORY_MAX, LZMA_CONCATENATED);
        break;
    case WEIR_CODEC_LZ4_FRAME:
        rc = LZ4F_isError(LZ4F_createDecompressionContext(&in->lz4, LZ4F_VERSION)) ? 1 : 0;
        break;
    default:
        return false;
    }
    WEIR_ASSERT(rc == 0); /* only memory could be missing, and then weir has ended */
    return true;
}

static void decoder_close(weir_inflater *in)
{
    if (in->id == WEIR_CODEC_GZIP || in->id == WEIR_CODEC_DEFLATE) {
        (void)inflateEnd(&in->zlib);
    } else if (in->id == WEIR_CODEC_BZIP2) {
        (void)BZ2_bzDecompressEnd(&in->bzip2);
    } else if (in->id == WEIR_CODEC_XZ) {
        lzma_end(&in->xz);
    }
    (void)ZSTD_freeDCtx(in->zstd);
    (void)LZ4F_freeDecompressionContext(in->lz4);
}

weir_rc weir_inflater_new(enum weir_codec_id id, weir_rc (*read)(void *arg, void *buf, size_t len, size_t *done, struct weir_error *err), void *arg,
                          weir_inflater **out, struct weir_error *err)
{
    *out = NULL;
    weir_inflater *in = weir_calloc(1, sizeof *in);
    in->id = id;
    in->read = read;
    in->arg = arg;
    in->within = id != WEIR_CODEC_NONE; /* an empty file is no compressed file */
    if (!decoder_open(in)) {
        weir_free(in);
        return weir_codec_refuse(id, "as the compression of a text file", err);
    }
    in->input = weir_malloc(INPUT_BYTES);
    *out = in;
    return WEIR_OK;
}

void weir_inflater_free(weir_inflater *in)
{
    if (in) {
        decoder_close(in);
        weir_free(in->input);
        weir_free(in);
    }
}

static weir_rc fill(weir_inflater *in, struct weir_error *err)
{
    if (in->at < in->end || in->input_ended) {
        return WEIR_OK;
    }
    size_t done = 0;
    WEIR_TRY(in->read(in->arg, in->input, INPUT_BYTES, &done, err));
    in->at = 0;
    in->end = done;
    in->input_ended = done == 0;
    return WEIR_OK;
}

static weir_rc corrupt(weir_inflater *in, const char *why, struct weir_error *err)
{
    weir_rc rc = weir_fail(err, WEIR_CORRUPT, "CODEC_CORRUPT", "the %s data is damaged after %lld compressed bytes: %s; copy the file again",
                           weir_codec_name(in->id), (long long)in->consumed, why);
    if (err) {
        err->offset = in->consumed;
    }
    return rc;
}

/* One step of zlib: some input, some output. */
static weir_rc step_zlib(weir_inflater *in, uint8_t *out, size_t len, size_t *done, struct weir_error *err)
{
    in->zlib.next_in = in->input + in->at;
    in->zlib.avail_in = (uInt)(in->end - in->at);
    in->zlib.next_out = out;
    in->zlib.avail_out = len > (size_t)1 << 30 ? (uInt)1 << 30 : (uInt)len;
    const uInt room = in->zlib.avail_out;
    int rc = inflate(&in->zlib, Z_NO_FLUSH);
    size_t taken = in->end - in->at - in->zlib.avail_in;
    in->at += taken;
    in->consumed += (int64_t)taken;
    *done = room - in->zlib.avail_out;
    if (rc == Z_STREAM_END) {
        in->within = false;
        (void)inflateReset(&in->zlib);
        return WEIR_OK;
    }
    in->within = true;
    if (rc == Z_OK || rc == Z_BUF_ERROR) {
        return WEIR_OK;
    }
    return corrupt(in, in->zlib.msg ? in->zlib.msg : "bad data", err);
}

/* The text that a frame announced and did not bring: the library looks only at some ways of reading it, so that the cut of the reads would decide. */
static bool zstd_frame_is_short(weir_inflater *in, const ZSTD_inBuffer *from, size_t done, bool ends)
{
    const size_t room = sizeof in->frame.head - in->frame.head_len, more = from->pos < room ? from->pos : room;
    if (more > 0) {
        memcpy(in->frame.head + in->frame.head_len, from->src, more);
        in->frame.head_len += more;
    }
    in->frame.text_len += done;
    if (!ends) {
        return false;
    }
    const unsigned long long said = ZSTD_getFrameContentSize(in->frame.head, in->frame.head_len); /* 0 of a frame to be skipped */
    const bool is_short = said != ZSTD_CONTENTSIZE_UNKNOWN && said != ZSTD_CONTENTSIZE_ERROR && said != in->frame.text_len;
    in->frame.head_len = 0;
    in->frame.text_len = 0;
    return is_short;
}

static weir_rc step_zstd(weir_inflater *in, uint8_t *out, size_t len, size_t *done, struct weir_error *err)
{
    ZSTD_inBuffer from = {in->input + in->at, in->end - in->at, 0};
    ZSTD_outBuffer to = {out, len, 0};
    size_t rc = ZSTD_decompressStream(in->zstd, &to, &from); /* stops at the end of a frame */
    in->at += from.pos;
    in->consumed += (int64_t)from.pos;
    if (ZSTD_isError(rc)) { /* then the decoder of old frames says that it filled all of `out` */
        return corrupt(in, ZSTD_getErrorName(rc), err);
    }
    *done = to.pos;
    if (zstd_frame_is_short(in, &from, to.pos, rc == 0)) {
        return corrupt(in, "a frame has not the length that it says", err);
    }
    in->within = rc != 0;
    return WEIR_OK;
}

static weir_rc step_bzip2(weir_inflater *in, uint8_t *out, size_t len, size_t *done, struct weir_error *err)
{
    const unsigned room = len > (size_t)1 << 30 ? 1u << 30 : (unsigned)len;
    in->bzip2.next_in = (char *)in->input + in->at;
    in->bzip2.avail_in = (unsigned)(in->end - in->at);
    in->bzip2.next_out = (char *)out;
    in->bzip2.avail_out = room;
    const int rc = BZ2_bzDecompress(&in->bzip2);
    const size_t taken = in->end - in->at - in->bzip2.avail_in;
    in->at += taken;
    in->consumed += (int64_t)taken;
    *done = room - in->bzip2.avail_out;
    in->within = rc != BZ_STREAM_END;
    if (rc == BZ_STREAM_END) {
        decoder_close(in);
        in->bzip2 = (bz_stream){0};
        (void)decoder_open(in);
    }
    return rc == BZ_OK || rc == BZ_STREAM_END ? WEIR_OK : corrupt(in, rc == BZ_DATA_ERROR_MAGIC ? "no bzip2 stream begins here" : "bad data", err);
}

/* All streams of the file and the padding between them: the decoder itself goes from one to the next. */
static weir_rc step_xz(weir_inflater *in, uint8_t *out, size_t len, size_t *done, struct weir_error *err)
{
    in->xz.next_in = in->input + in->at;
    in->xz.avail_in = in->end - in->at;
    in->xz.next_out = out;
    in->xz.avail_out = len;
    const lzma_ret rc = lzma_code(&in->xz, in->input_ended ? LZMA_FINISH : LZMA_RUN);
    const size_t taken = in->end - in->at - in->xz.avail_in;
    in->at += taken;
    in->consumed += (int64_t)taken;
    *done = len - in->xz.avail_out;
    in->within = rc != LZMA_STREAM_END;
    if (rc == LZMA_MEMLIMIT_ERROR) {
        return corrupt(in, "it asks for a dictionary of more than 256 MiB", err);
    }
    return rc == LZMA_OK || rc == LZMA_STREAM_END || rc == LZMA_BUF_ERROR ? WEIR_OK : corrupt(in, "bad data", err);
}

static weir_rc step_lz4(weir_inflater *in, uint8_t *out, size_t len, size_t *done, struct weir_error *err)
{
    size_t taken = in->end - in->at;
    *done = len;
    const size_t rc = LZ4F_decompress(in->lz4, out, done, in->input + in->at, &taken, NULL);
    if (LZ4F_isError(rc)) {
        *done = 0;
        return corrupt(in, LZ4F_getErrorName(rc), err);
    }
    in->at += taken;
    in->consumed += (int64_t)taken;
    in->within = rc != 0;
    return WEIR_OK;
}

static weir_rc step_none(weir_inflater *in, uint8_t *out, size_t len, size_t *done)
{
    size_t n = in->end - in->at < len ? in->end - in->at : len;
    if (n > 0) {
        memcpy(out, in->input + in->at, n);
    }
    in->at += n;
    in->consumed += (int64_t)n;
    *done = n;
    return WEIR_OK;
}

static weir_rc truncated(weir_inflater *in, struct weir_error *err)
{
    weir_rc rc = weir_fail(err, WEIR_CORRUPT, "CODEC_TRUNCATED",
                           "the %s data ends after %lld compressed bytes, before its own end; copy the file again, whole",
                           weir_codec_name(in->id), (long long)in->consumed);
    if (err) {
        err->offset = in->consumed;
    }
    return rc;
}

static weir_rc inflate_some(weir_inflater *in, uint8_t *out, size_t len, size_t *done, struct weir_error *err)
{
    *done = 0;
    WEIR_TRY(fill(in, err));
    if (in->id == WEIR_CODEC_NONE) {
        return step_none(in, out, len, done);
    }
    if (in->input_ended && !in->within) {
        return WEIR_OK;
    }
    /* At the end of input a decoder may still hold output. */
    switch (in->id) {
    case WEIR_CODEC_ZSTD:
        return step_zstd(in, out, len, done, err);
    case WEIR_CODEC_BZIP2:
        return step_bzip2(in, out, len, done, err);
    case WEIR_CODEC_XZ:
        return step_xz(in, out, len, done, err);
    case WEIR_CODEC_LZ4_FRAME:
        return step_lz4(in, out, len, done, err);
    default:
        return step_zlib(in, out, len, done, err);
    }
}

weir_rc weir_inflater_read(weir_inflater *in, void *buf, size_t len, size_t *done, struct weir_error *err)
{
    *done = 0;
    if (in->failed != WEIR_OK) {
        return weir_fail(err, in->failed, "CODEC_CORRUPT", "an earlier read of this %s data failed; open it again",
                         weir_codec_name(in->id));
    }
    weir_rc rc = WEIR_OK;
    while (rc == WEIR_OK && *done < len) {
        size_t some = 0;
        rc = inflate_some(in, (uint8_t *)buf + *done, len - *done, &some, err);
        *done += some;
        if (rc == WEIR_OK && some == 0 && in->input_ended) {
            rc = in->within ? truncated(in, err) : WEIR_OK;
            break;
        }
    }
    in->failed = rc;
    return rc;
}
