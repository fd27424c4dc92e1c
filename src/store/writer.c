/* writer.c - a new object in pieces, for data files: nobody knows the name before a commit tells it.
 *
 * Appends are gathered to 1 MiB. The first error is remembered: a writer that lost bytes can only be finished with that error, never
 * with a shorter file. */
#include "store/store_internal.h"

#define BUFFER_BYTES ((size_t)1 << 20)

struct weir_store_writer {
    weir_fs *fs;
    weir_file *file;
    char *path;
    char *buffer;
    size_t buffered;  /* bytes in buffer */
    int64_t written;  /* bytes given to the file */
    int64_t flushing; /* bytes whose write-back was started */
    weir_rc failed;   /* of the first call that failed */
};

weir_rc weir_store_writer_open(weir_store *store, const char *key, weir_store_writer **out, struct weir_error *err)
{
    *out = NULL;
    char *path = weir_store_path(store, key);
    weir_file *file = NULL;
    weir_rc rc = weir_store_create(store->fs, path, WEIR_OPEN_WRITE | WEIR_OPEN_CREATE | WEIR_OPEN_EXCL, &file, err);
    if (rc != WEIR_OK) {
        weir_free(path);
        return rc;
    }
    weir_store_writer *writer = weir_calloc(1, sizeof *writer);
    writer->fs = store->fs;
    writer->file = file;
    writer->path = path;
    writer->buffer = weir_malloc(BUFFER_BYTES);
    *out = writer;
    return WEIR_OK;
}

static weir_rc write_out(weir_store_writer *writer, const void *bytes, size_t len, struct weir_error *err)
{
    weir_rc rc = weir_file_write(writer->file, bytes, len, writer->written, err);
    if (rc == WEIR_OK) {
        writer->written += (int64_t)len;
    } else {
        writer->failed = rc;
    }
    return rc;
}

static weir_rc drain(weir_store_writer *writer, struct weir_error *err)
{
    if (writer->buffered == 0) {
        return WEIR_OK;
    }
    WEIR_TRY(write_out(writer, writer->buffer, writer->buffered, err));
    writer->buffered = 0;
    return WEIR_OK;
}

static weir_rc check_whole(const weir_store_writer *writer, struct weir_error *err)
{
    if (writer->failed == WEIR_OK) {
        return WEIR_OK;
    }
    return weir_fail(err, writer->failed, "STORE_WRITER_FAILED",
                     "an earlier write to this object failed; %s; write it again from the start", writer->path);
}

weir_rc weir_store_writer_append(weir_store_writer *writer, const void *bytes, size_t len, struct weir_error *err)
{
    WEIR_TRY(check_whole(writer, err));
    if (len > BUFFER_BYTES - writer->buffered) {
        WEIR_TRY(drain(writer, err));
    }
    if (len >= BUFFER_BYTES) {
        return write_out(writer, bytes, len, err);
    }
    if (len > 0) {
        memcpy(writer->buffer + writer->buffered, bytes, len);
        writer->buffered += len;
    }
    return WEIR_OK;
}

int64_t weir_store_writer_offset(const weir_store_writer *writer)
{
    return writer->written + (int64_t)writer->buffered;
}

void weir_store_writer_flush_async(weir_store_writer *writer)
{
    /* A failure is remembered and told by the next append or by finish. */
    if (writer->failed == WEIR_OK && drain(writer, NULL) == WEIR_OK && writer->written > writer->flushing) {
        weir_file_flush_async(writer->file, writer->flushing, writer->written - writer->flushing);
        writer->flushing = writer->written;
    }
}

static void free_writer(weir_store_writer *writer)
{
    weir_free(writer->buffer);
    weir_free(writer->path);
    weir_free(writer);
}

static weir_rc check_size(const weir_store_writer *writer, const struct weir_file_info *info, struct weir_error *err)
{
    if (info->size == writer->written) {
        return WEIR_OK;
    }
    return weir_fail(err, WEIR_IO, "STORE_SIZE_DIFFERS",
                     "%lld bytes were written and the file has %lld; %s; look for another writer or a failing disk",
                     (long long)writer->written, (long long)info->size, writer->path);
}

weir_rc weir_store_writer_finish(weir_store_writer *writer, int64_t *size_out, int64_t *mtime_ms_out,
                                 struct weir_error *err)
{
    struct weir_file_info info = {0};
    weir_rc rc = check_whole(writer, err);
    rc = rc != WEIR_OK ? rc : drain(writer, err);
    rc = rc != WEIR_OK ? rc : weir_file_sync(writer->file, err);
    rc = rc != WEIR_OK ? rc : weir_file_info(writer->file, &info, err);
    rc = rc != WEIR_OK ? rc : check_size(writer, &info, err);
    rc = weir_rc_keep(rc, weir_file_close(writer->file, rc == WEIR_OK ? err : NULL));
    if (rc == WEIR_OK) {
        char *folder = weir_store_parent_of(writer->path);
        rc = weir_fs_sync_dir(writer->fs, folder, err);
        weir_free(folder);
    }
    if (rc == WEIR_OK) {
        if (size_out) {
            *size_out = info.size;
        }
        if (mtime_ms_out) {
            *mtime_ms_out = info.mtime_ns / 1000000;
        }
    } else {
        weir_fs_discard(writer->fs, writer->path);
    }
    free_writer(writer);
    return rc;
}

void weir_store_writer_abort(weir_store_writer *writer)
{
    if (writer) {
        weir_file_discard(writer->file);
        weir_fs_discard(writer->fs, writer->path);
        free_writer(writer);
    }
}
