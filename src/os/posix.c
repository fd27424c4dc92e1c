/* posix.c - the file system table on the machine itself.
 *
 * Every entry is one system call and its errno; loops over EINTR and short transfers live in file.c and path.c, so that a failing
 * implementation put in between exercises them. The one exception is what a call needs to be whole: a folder's fsync is open + fsync
 * + close, a lease is taken and given back. */
#include "os/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int posix_open(weir_fs *fs, const char *path, int flags, int *fd_out)
{
    (void)fs;
    int oflags = O_CLOEXEC | O_NOCTTY;
    /* Writers may read back what they wrote. */
    oflags |= (flags & WEIR_OPEN_WRITE) ? O_RDWR : O_RDONLY;
    oflags |= (flags & WEIR_OPEN_CREATE) ? O_CREAT : 0;
    oflags |= (flags & WEIR_OPEN_EXCL) ? O_EXCL : 0;
    oflags |= (flags & WEIR_OPEN_TRUNC) ? O_TRUNC : 0;
    oflags |= (flags & WEIR_OPEN_APPEND) ? O_APPEND : 0;
    int fd = open(path, oflags, 0666);
    *fd_out = fd;
    return fd < 0 ? errno : 0;
}

static int posix_close(weir_fs *fs, int fd)
{
    (void)fs;
    return close(fd) != 0 ? errno : 0;
}

static int posix_pread(weir_fs *fs, int fd, void *buf, size_t len, int64_t offset, size_t *done_out)
{
    (void)fs;
    ssize_t got = pread(fd, buf, len < SSIZE_MAX ? len : SSIZE_MAX, (off_t)offset);
    *done_out = got < 0 ? 0 : (size_t)got;
    return got < 0 ? errno : 0;
}

static int posix_pwrite(weir_fs *fs, int fd, const void *buf, size_t len, int64_t offset,
                        size_t *done_out)
{
    (void)fs;
    ssize_t put = pwrite(fd, buf, len < SSIZE_MAX ? len : SSIZE_MAX, (off_t)offset);
    *done_out = put < 0 ? 0 : (size_t)put;
    return put < 0 ? errno : 0;
}

static int posix_fsync(weir_fs *fs, int fd)
{
    (void)fs;
    return fsync(fd) != 0 ? errno : 0;
}

static int posix_flush_async(weir_fs *fs, int fd, int64_t offset, int64_t len)
{
    (void)fs;
    return sync_file_range(fd, (off_t)offset, (off_t)len, SYNC_FILE_RANGE_WRITE) != 0 ? errno : 0;
}

static int posix_truncate(weir_fs *fs, int fd, int64_t size)
{
    (void)fs;
    return ftruncate(fd, (off_t)size) != 0 ? errno : 0;
}

static void info_from_stat(const struct stat *st, struct weir_file_info *out)
{
    *out = (struct weir_file_info){
        .is_dir = S_ISDIR(st->st_mode),
        .is_file = S_ISREG(st->st_mode),
        .is_link = S_ISLNK(st->st_mode),
        .size = (int64_t)st->st_size,
        .mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + (int64_t)st->st_mtim.tv_nsec,
        .inode = (uint64_t)st->st_ino,
        .device = (uint64_t)st->st_dev,
    };
}

static int posix_fstat(weir_fs *fs, int fd, struct weir_file_info *out)
{
    (void)fs;
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return errno;
    }
    info_from_stat(&st, out);
    return 0;
}

static int posix_stat(weir_fs *fs, const char *path, struct weir_file_info *out)
{
    (void)fs;
    struct stat st;
    if (stat(path, &st) != 0) {
        return errno;
    }
    info_from_stat(&st, out);
    return 0;
}

static int posix_lstat(weir_fs *fs, const char *path, struct weir_file_info *out)
{
    (void)fs;
    struct stat st;
    if (lstat(path, &st) != 0) {
        return errno;
    }
    info_from_stat(&st, out);
    return 0;
}

static int posix_link(weir_fs *fs, const char *from, const char *to)
{
    (void)fs;
    return link(from, to) != 0 ? errno : 0;
}

static int posix_rename(weir_fs *fs, const char *from, const char *to)
{
    (void)fs;
    return rename(from, to) != 0 ? errno : 0;
}

static int posix_unlink(weir_fs *fs, const char *path)
{
    (void)fs;
    return unlink(path) != 0 ? errno : 0;
}

static int posix_mkdir(weir_fs *fs, const char *path)
{
    (void)fs;
    return mkdir(path, 0777) != 0 ? errno : 0;
}

static int posix_rmdir(weir_fs *fs, const char *path)
{
    (void)fs;
    return rmdir(path) != 0 ? errno : 0;
}

static int posix_sync_dir(weir_fs *fs, const char *path)
{
    (void)fs;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    int error = fsync(fd) != 0 ? errno : 0;
    (void)close(fd); /* opened for reading: close has nothing to report */
    return error;
}

static int posix_list(weir_fs *fs, const char *path, int (*each)(void *arg, const char *name), void *arg)
{
    (void)fs;
    DIR *dir = opendir(path);
    if (!dir) {
        return errno;
    }
    int error = 0;
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(dir);
        if (!entry) {
            error = errno;
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        error = each(arg, entry->d_name);
        if (error != 0) {
            break;
        }
    }
    (void)closedir(dir);
    return error;
}

static int posix_probe_lease(weir_fs *fs, const char *path)
{
    (void)fs;
    /* O_NONBLOCK: another reader's lease must not hold us up. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return errno;
    }
    /* A writer who comes while we hold the lease makes the kernel signal us; SIGIO would end the process, SIGURG is ignored unless
     * somebody asked for it. The lease is given back at once, so the writer waits microseconds. */
    int error = fcntl(fd, F_SETSIG, SIGURG) != 0 ? errno : 0;
    if (error == 0 && fcntl(fd, F_SETLEASE, F_RDLCK) != 0) {
        error = errno;
    }
    if (error == 0) {
        (void)fcntl(fd, F_SETLEASE, F_UNLCK); /* close gives it back in any case */
    } else if (error != EAGAIN && error != EINTR) {
        /* EACCES: not our file; EINVAL: the file system has none; both mean that leases tell nothing here. */
        error = ENOTSUP;
    }
    (void)close(fd);
    return error;
}

static int posix_lock(weir_fs *fs, int fd)
{
    (void)fs;
    return flock(fd, LOCK_EX | LOCK_NB) != 0 ? errno : 0;
}

static int posix_realpath(weir_fs *fs, const char *path, char **heap_out)
{
    (void)fs;
    char resolved[PATH_MAX];
    *heap_out = NULL;
    if (!realpath(path, resolved)) {
        return errno;
    }
    *heap_out = weir_strdup(resolved);
    return 0;
}

weir_fs *weir_fs_posix(void)
{
    static const struct weir_fs_ops ops = {
        .open = posix_open,
        .close = posix_close,
        .pread = posix_pread,
        .pwrite = posix_pwrite,
        .fsync = posix_fsync,
        .flush_async = posix_flush_async,
        .truncate = posix_truncate,
        .fstat = posix_fstat,
        .stat = posix_stat,
        .lstat = posix_lstat,
        .link = posix_link,
        .rename = posix_rename,
        .unlink = posix_unlink,
        .mkdir = posix_mkdir,
        .rmdir = posix_rmdir,
        .sync_dir = posix_sync_dir,
        .list = posix_list,
        .probe_lease = posix_probe_lease,
        .lock = posix_lock,
        .realpath = posix_realpath,
    };
    static weir_fs fs = {.ops = &ops, .below = NULL, .state = NULL};
    return &fs;
}
