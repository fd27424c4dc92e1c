/* input.c - the bytes of a segment of a file, plain or inflated, and whether the file stayed what it was.
 *
 * A plain file is cut at given offsets; a row belongs to the segment in which it begins. Both neighbours find the border in the same way: the first line that
 * begins at or behind the offset. Nothing beyond the planned size is read. */
#include "format/run_internal.h"

weir_rc weiri_input_conflict(const struct weir_text_file *file, bool missing, struct weir_error *err)
{
    if (missing) {
        return weir_fail(err, WEIR_CONFLICT, "FILE_VANISHED", "%s: the file is gone since the read was planned; plan again", file->path);
    }
    return weir_fail(err, WEIR_CONFLICT, "FILE_CHANGED", "%s: the file has changed since the read was planned; read it again, whole", file->path);
}

static weir_rc read_at(struct weiri_input *in, void *buf, size_t len, int64_t offset, size_t *done, struct weir_error *err)
{
    int64_t left = in->file->size - offset;
    *done = 0;
    len = left < (int64_t)len ? (size_t)(left > 0 ? left : 0) : len;
    if (len == 0) {
        return WEIR_OK;
    }
    WEIR_TRY(weir_file_read(in->handle, buf, len, offset, done, err));
    return *done < len ? weiri_input_conflict(in->file, false, err) : WEIR_OK; /* shorter than planned */
}

static weir_rc read_packed(void *arg, void *buf, size_t len, size_t *done, struct weir_error *err)
{
    struct weiri_input *in = arg;
    WEIR_TRY(read_at(in, buf, len, in->file_at, done, err));
    in->file_at += (int64_t)*done;
    return WEIR_OK;
}

/* Where the first line at or behind `offset` begins. */
static weir_rc find_border(struct weiri_input *in, int64_t offset, int64_t *out, struct weir_error *err)
{
    enum { PIECE = 16384 };
    char piece[PIECE + 1];
    const struct weir_format *csv = in->read->format;
    *out = offset;
    if (offset == 0 || offset >= in->file->size) {
        return WEIR_OK;
    }
    for (int64_t at = offset - 1; at < in->file->size;) {
        size_t done, end, next;
        WEIR_TRY(read_at(in, piece, PIECE, at, &done, err));
        bool last = at + (int64_t)done >= in->file->size;
        if (weiri_line_find(csv, piece, done, 0, last, &end, &next)) {
            *out = at + (int64_t)next;
            return WEIR_OK;
        }
        if (at - offset > (int64_t)csv->row_bytes_max + 8) {
            break; /* whoever reads the line finds it too long, and says so in its turn */
        }
        /* A CR that ends the piece waits for its LF. */
        bool cr_last = done > 0 && piece[done - 1] == '\r' && csv->line_end == WEIRI_LINES_ANY;
        at += (int64_t)done - (cr_last && !last && done > 1);
    }
    *out = in->file->size;
    return WEIR_OK;
}

/* Spark goes by the name alone; what a name without a suffix hides, or .lz4 leaves open, the first bytes tell. */
static weir_rc find_codec(struct weiri_input *in, enum weir_codec_id *out, struct weir_error *err)
{
    char head[WEIR_CODEC_HEAD_BYTES];
    size_t done;
    *out = weir_codec_of_name(in->file->path);
    if (*out != WEIR_CODEC_NONE && *out != WEIR_CODEC_LZ4_HADOOP) {
        return WEIR_OK;
    }
    WEIR_TRY(read_at(in, head, in->file->size < (int64_t)sizeof head ? (size_t)in->file->size : sizeof head, 0, &done, err));
    const enum weir_codec_id told = weir_codec_of_content(head, done);
    *out = told == WEIR_CODEC_NONE ? *out : told;
    return WEIR_OK;
}

weir_rc weiri_input_open(struct weiri_input *in, const struct weir_text_read *read, const struct weiri_segment *segment, struct weir_error *err)
{
    *in = (struct weiri_input){.read = read, .file = &read->files[segment->file]};
    weir_rc rc = weir_file_open(read->fs, in->file->path, WEIR_OPEN_READ, &in->handle, err);
    if (rc == WEIR_NOT_FOUND) {
        return weiri_input_conflict(in->file, true, err);
    }
    WEIR_TRY(rc);
    enum weir_codec_id codec = WEIR_CODEC_NONE;
    rc = find_codec(in, &codec, err);
    if (rc == WEIR_OK && codec != WEIR_CODEC_NONE && segment->from > 0) {
        in->at = in->end = segment->from; /* it was planned as plain text: its first segment reads it whole */
    } else if (rc == WEIR_OK && codec != WEIR_CODEC_NONE) {
        rc = weir_inflater_new(codec, read_packed, in, &in->inflater, err);
        if (rc != WEIR_OK) {
            weir_error_wrap(err, "%s", in->file->path);
        }
    } else if (rc == WEIR_OK) {
        rc = find_border(in, segment->from, &in->at, err);
        if (rc == WEIR_OK) {
            rc = find_border(in, segment->to, &in->end, err);
        }
    }
    if (rc != WEIR_OK) {
        weiri_input_close(in);
    }
    return rc;
}

weir_rc weiri_input_read(struct weiri_input *in, char *buf, size_t len, size_t *done, struct weir_error *err)
{
    weir_rc rc;
    if (in->inflater) {
        rc = weir_inflater_read(in->inflater, buf, len, done, err);
        if (rc != WEIR_OK && rc != WEIR_CONFLICT) {
            weir_error_wrap(err, "%s", in->file->path);
        }
    } else {
        int64_t left = in->end - in->at;
        rc = read_at(in, buf, left < (int64_t)len ? (size_t)(left > 0 ? left : 0) : len, in->at, done, err);
    }
    if (rc == WEIR_OK) {
        in->at += (int64_t)*done;
    }
    return rc;
}

weir_rc weiri_input_check(struct weiri_input *in, struct weir_error *err)
{
    struct weir_file_info info;
    weir_rc rc = weir_fs_stat(in->read->fs, in->file->path, &info, err);
    if (rc == WEIR_NOT_FOUND) {
        return weiri_input_conflict(in->file, true, err);
    }
    WEIR_TRY(rc);
    bool same = info.size == in->file->size && (in->file->mtime_ns == 0 || info.mtime_ns == in->file->mtime_ns);
    return same ? WEIR_OK : weiri_input_conflict(in->file, false, err);
}

void weiri_input_close(struct weiri_input *in)
{
    weir_inflater_free(in->inflater);
    weir_file_discard(in->handle);
    in->inflater = NULL;
    in->handle = NULL;
}

int64_t weiri_input_lines_before(struct weiri_input *in, int64_t upto)
{
    char piece[16384];
    struct weir_error ignored = {0};
    int64_t lines = 0;
    bool cr = false;
    for (int64_t at = 0; !in->inflater && at < upto;) {
        size_t done, len = upto - at < (int64_t)sizeof piece ? (size_t)(upto - at) : sizeof piece;
        if (read_at(in, piece, len, at, &done, &ignored) != WEIR_OK || done == 0) {
            break;
        }
        for (size_t i = 0; i < done; i++) {
            bool any = in->read->format->line_end == WEIRI_LINES_ANY;
            char end = in->read->format->line_end == WEIRI_LINES_CUSTOM ? in->read->format->line_sep.ptr[0] : '\n';
            lines += any ? piece[i] == '\r' || (piece[i] == '\n' && !cr) : piece[i] == end;
            cr = piece[i] == '\r';
        }
        at += (int64_t)done;
    }
    return lines;
}
