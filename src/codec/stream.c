/* stream.c - compressed text files, read from front to back.
 *
 * A file may be several gzip members or zstd frames one after the other; all are read. The file is whole only if its end is
 * the end of a member: everything else is an error, never a shorter text. */
#include "codec/codec_internal.h"
#include <zlib.h>
#include <zstd.h>

#define INPUT_BYTES ((size_t)256 << 10)

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
};

weir_rc weir_inflater_new(enum weir_codec_id id, weir_rc (*read)(void *arg, void *buf, size_t len, size_t *done, struct weir_error *err), void *arg,
                          weir_inflater **out, struct weir_error *err)
{
    *out = NULL;
    if (id != WEIR_CODEC_NONE && id != WEIR_CODEC_GZIP && id != WEIR_CODEC_ZSTD && id != WEIR_CODEC_DEFLATE) {
        return weir_codec_refuse(id, "as the compression of a text file", err);
    }
    weir_inflater *in = weir_calloc(1, sizeof *in);
    in->id = id;
    in->read = read;
    in->arg = arg;
    in->within = id != WEIR_CODEC_NONE; /* an empty file is no compressed file */
    if (id == WEIR_CODEC_ZSTD) {
        in->zstd = ZSTD_createDCtx();
        WEIR_ASSERT(in->zstd);
    } else if (id != WEIR_CODEC_NONE) {
        int rc = inflateInit2(&in->zlib, id == WEIR_CODEC_GZIP ? 15 + 16 : 15);
        WEIR_ASSERT(rc == Z_OK);
    }
    in->input = weir_malloc(INPUT_BYTES);
    *out = in;
    return WEIR_OK;
}

void weir_inflater_free(weir_inflater *in)
{
    if (in) {
        if (in->id == WEIR_CODEC_GZIP || in->id == WEIR_CODEC_DEFLATE) {
            (void)inflateEnd(&in->zlib);
        }
        (void)ZSTD_freeDCtx(in->zstd);
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

static weir_rc step_zstd(weir_inflater *in, uint8_t *out, size_t len, size_t *done, struct weir_error *err)
{
    ZSTD_inBuffer from = {in->input + in->at, in->end - in->at, 0};
    ZSTD_outBuffer to = {out, len, 0};
    size_t rc = ZSTD_decompressStream(in->zstd, &to, &from);
    in->at += from.pos;
    in->consumed += (int64_t)from.pos;
    *done = to.pos;
    if (ZSTD_isError(rc)) {
        return corrupt(in, ZSTD_getErrorName(rc), err);
    }
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
    switch (in->id) {
    case WEIR_CODEC_NONE:
        return step_none(in, out, len, done);
    case WEIR_CODEC_ZSTD:
        /* At the end of input the decoder may still hold output of the last frame. */
        return in->input_ended && !in->within ? WEIR_OK : step_zstd(in, out, len, done, err);
    default:
        return in->input_ended && !in->within ? WEIR_OK : step_zlib(in, out, len, done, err);
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
