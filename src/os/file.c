/* file.c - an open file: whole reads and writes over a table that may be interrupted or do less than it was asked.
 *
 * EINTR is repeated, fsync's included: an interrupted fsync waited for nothing and reported nothing. Any other answer of fsync is
 * final: the kernel forgets the error once told, so a second fsync would call lost bytes durable. */
#include "os/fs.h"

#include <errno.h>

struct weir_file {
    weir_fs *fs;
    int fd;
    char *path;
};

#define UNINTERRUPTED(error, call)                                                                 \
    do {                                                                                           \
        (error) = (call);                                                                          \
    } while ((error) == EINTR)

weir_rc weir_file_open(weir_fs *fs, const char *path, int flags, weir_file **out, struct weir_error *err)
{
    *out = NULL;
    int fd = -1;
    int error;
    UNINTERRUPTED(error, fs->ops->open(fs, path, flags, &fd));
    if (error != 0) {
        return weir_fail_errno(err, error, (flags & WEIR_OPEN_CREATE) ? "create" : "open", path);
    }
    weir_file *file = weir_calloc(1, sizeof *file);
    file->fs = fs;
    file->fd = fd;
    file->path = weir_strdup(path);
    *out = file;
    return WEIR_OK;
}

weir_rc weir_file_close(weir_file *file, struct weir_error *err)
{
    if (!file) {
        return WEIR_OK;
    }
    weir_rc rc = WEIR_OK;
    int error = file->fs->ops->close(file->fs, file->fd);
    /* Interrupted or not, Linux has released the descriptor; what had to be durable was synced before. */
    if (error != 0 && error != EINTR) {
        rc = weir_fail_errno(err, error, "close", file->path);
    }
    weir_free(file->path);
    weir_free(file);
    return rc;
}

void weir_file_discard(weir_file *file)
{
    if (file) {
        (void)file->fs->ops->close(file->fs, file->fd);
        weir_free(file->path);
        weir_free(file);
    }
}

weir_rc weir_file_read(weir_file *file, void *buf, size_t len, int64_t offset, size_t *done_out,
                       struct weir_error *err)
{
    size_t total = 0;
    *done_out = 0;
    while (total < len) {
        size_t done = 0;
        int error;
        UNINTERRUPTED(error, file->fs->ops->pread(file->fs, file->fd, (char *)buf + total, len - total,
                                                  offset + (int64_t)total, &done));
        if (error != 0) {
            return weir_fail_errno(err, error, "read", file->path);
        }
        if (done == 0) {
            break;
        }
        total += done;
    }
    *done_out = total;
    return WEIR_OK;
}

weir_rc weir_file_write(weir_file *file, const void *buf, size_t len, int64_t offset, struct weir_error *err)
{
    size_t total = 0;
    while (total < len) {
        size_t done = 0;
        int error;
        UNINTERRUPTED(error,
                      file->fs->ops->pwrite(file->fs, file->fd, (const char *)buf + total, len - total,
                                            offset + (int64_t)total, &done));
        if (error == 0 && done == 0) {
            error = EIO; /* no progress and no reason: never loop on it */
        }
        if (error != 0) {
            return weir_fail_errno(err, error, "write", file->path);
        }
        total += done;
    }
    return WEIR_OK;
}

weir_rc weir_file_sync(weir_file *file, struct weir_error *err)
{
    int error;
    UNINTERRUPTED(error, file->fs->ops->fsync(file->fs, file->fd));
    return error == 0 ? WEIR_OK : weir_fail_errno(err, error, "fsync", file->path);
}

void weir_file_flush_async(weir_file *file, int64_t offset, int64_t len)
{
    (void)file->fs->ops->flush_async(file->fs, file->fd, offset, len); /* a hint: fsync tells the truth later */
}

weir_rc weir_file_truncate(weir_file *file, int64_t size, struct weir_error *err)
{
    int error;
    UNINTERRUPTED(error, file->fs->ops->truncate(file->fs, file->fd, size));
    return error == 0 ? WEIR_OK : weir_fail_errno(err, error, "truncate", file->path);
}

weir_rc weir_file_info(weir_file *file, struct weir_file_info *out, struct weir_error *err)
{
    int error;
    UNINTERRUPTED(error, file->fs->ops->fstat(file->fs, file->fd, out));
    return error == 0 ? WEIR_OK : weir_fail_errno(err, error, "stat", file->path);
}

weir_rc weir_file_lock(weir_file *file, struct weir_error *err)
{
    int error;
    UNINTERRUPTED(error, file->fs->ops->lock(file->fs, file->fd));
    if (error == EWOULDBLOCK) {
        return weir_fail(err, WEIR_BUSY, "FILE_LOCKED",
                         "another process has the lock; %s; stop that process or wait until it is done",
                         file->path);
    }
    return error == 0 ? WEIR_OK : weir_fail_errno(err, error, "lock", file->path);
}

const char *weir_file_path(const weir_file *file)
{
    return file->path;
}

weir_rc weir_fs_read_all(weir_fs *fs, const char *path, size_t max_bytes, struct weir_buf *out,
                         struct weir_error *err)
{
    weir_file *file = NULL;
    weir_buf_clear(out);
    WEIR_TRY(weir_file_open(fs, path, WEIR_OPEN_READ, &file, err));
    struct weir_file_info info;
    weir_rc rc = weir_file_info(file, &info, err);
    /* The size is a hint: a file may grow meanwhile, and those of /proc say 0. One byte more finds the end in the same call. */
    size_t want = rc == WEIR_OK && info.size > 0 ? (size_t)info.size + 1 : 4096;
    while (rc == WEIR_OK) {
        size_t room = out->len < max_bytes ? max_bytes - out->len : 0;
        if (want > room) {
            want = room + 1;
        }
        char *into = weir_buf_reserve(out, want);
        if (!into && want > 1) {
            want /= 2; /* the buffer's own maximum is near: come closer to it before giving up */
            continue;
        }
        char last;
        size_t done = 0;
        rc = weir_file_read(file, into ? into : &last, want, (int64_t)out->len, &done, err);
        if (rc != WEIR_OK || done == 0) {
            break;
        }
        if (!into || done > room) {
            rc = weir_fail(err, WEIR_TOO_BIG, "FILE_TOO_BIG",
                           "the file has more bytes than the limit of %zu; %s; raise the limit or split the file",
                           into ? max_bytes : out->max, path);
            break;
        }
        out->len += done;
        if (done < want) {
            break;
        }
        want = 64 * 1024;
    }
    out->overflow = false;
    if (rc == WEIR_OK) {
        /* Appending nothing puts the NUL behind the bytes. */
        (void)weir_buf_add(out, "", 0);
    } else {
        weir_buf_clear(out);
    }
    return weir_rc_keep(rc, weir_file_close(file, rc == WEIR_OK ? err : NULL));
}
