/* fs.h - every call that touches a disk goes through this table, so that tests can break it.
 *
 * Implementations: weir_fs_posix (the machine), faultfs.h (fails the Nth call), journalfs.h (journals what reaches the disk, for
 * power cuts). Paths are NUL-terminated UTF-8 or any bytes, absolute or relative to the working folder.
 * EINTR and short writes are handled here, below the callers. A failed fsync is never retried.
 * Threads: a struct weir_fs may be shared; a file belongs to one thread at a time. */
#pragma once
#include "base/mem.h"

struct weir_file_info {
    bool is_dir;
    bool is_file;    /* regular; symbolic links are followed unless said otherwise */
    bool is_link;    /* set by list and lstat: the entry itself is a symbolic link */
    int64_t size;    /* bytes */
    int64_t mtime_ns; /* since 1970 */
    uint64_t inode, device;
};

typedef struct weir_fs weir_fs;
typedef struct weir_file weir_file;

/* WRITE may also read. APPEND writes at the end whatever the offset says. */
enum weir_open { WEIR_OPEN_READ = 0, WEIR_OPEN_WRITE = 1, WEIR_OPEN_CREATE = 2, WEIR_OPEN_EXCL = 4, WEIR_OPEN_TRUNC = 8,
                 WEIR_OPEN_APPEND = 16 };

/* One entry of a listing. Return WEIR_OK to go on, WEIR_END to stop early (list returns WEIR_OK), else the error. */
typedef weir_rc (*weir_list_fn)(void *arg, const char *name, const struct weir_file_info *info, struct weir_error *err);

/* The table. Each returns 0 or an errno; the wrappers below turn it into weir_rc. Implementations wrap one another
 * (`below`). `fd` is the implementation's own number. */
struct weir_fs_ops {
    int (*open)(weir_fs *fs, const char *path, int flags, int *fd_out);
    int (*close)(weir_fs *fs, int fd);
    int (*pread)(weir_fs *fs, int fd, void *buf, size_t len, int64_t offset, size_t *done_out);
    int (*pwrite)(weir_fs *fs, int fd, const void *buf, size_t len, int64_t offset, size_t *done_out);
    int (*fsync)(weir_fs *fs, int fd);
    int (*flush_async)(weir_fs *fs, int fd, int64_t offset, int64_t len); /* start write-back; a hint */
    int (*truncate)(weir_fs *fs, int fd, int64_t size);
    int (*fstat)(weir_fs *fs, int fd, struct weir_file_info *out);
    int (*stat)(weir_fs *fs, const char *path, struct weir_file_info *out);
    int (*lstat)(weir_fs *fs, const char *path, struct weir_file_info *out);
    int (*link)(weir_fs *fs, const char *from, const char *to);
    int (*rename)(weir_fs *fs, const char *from, const char *to);
    int (*unlink)(weir_fs *fs, const char *path);
    int (*mkdir)(weir_fs *fs, const char *path);
    int (*rmdir)(weir_fs *fs, const char *path);
    int (*sync_dir)(weir_fs *fs, const char *path);
    /* Names only (not "." and ".."), in no order. */
    int (*list)(weir_fs *fs, const char *path, int (*each)(void *arg, const char *name), void *arg);
    /* A read lease: 0 when nobody writes the file, EAGAIN when somebody does, ENOTSUP where leases do not work. */
    int (*probe_lease)(weir_fs *fs, const char *path);
    /* An advisory exclusive lock held as long as the fd is open; EWOULDBLOCK when another process has it. */
    int (*lock)(weir_fs *fs, int fd);
    int (*realpath)(weir_fs *fs, const char *path, char **heap_out);
};
struct weir_fs {
    const struct weir_fs_ops *ops;
    weir_fs *below; /* NULL for posix */
    void *state;
};

weir_fs *weir_fs_posix(void); /* shared, never freed */

weir_rc weir_file_open(weir_fs *fs, const char *path, int flags, weir_file **out, struct weir_error *err) WEIR_MUST_USE;
weir_rc weir_file_close(weir_file *file, struct weir_error *err) WEIR_MUST_USE; /* frees it in any case; NULL is legal */
/* Close and remove where nobody is left to hear of an error: on the way out of a failure, and for garbage. NULL is legal. */
void weir_file_discard(weir_file *file);
void weir_fs_discard(weir_fs *fs, const char *path);
/* Up to len bytes; *done < len only at the end of the file. */
weir_rc weir_file_read(weir_file *file, void *buf, size_t len, int64_t offset, size_t *done_out, struct weir_error *err) WEIR_MUST_USE;
weir_rc weir_file_write(weir_file *file, const void *buf, size_t len, int64_t offset, struct weir_error *err) WEIR_MUST_USE;
weir_rc weir_file_sync(weir_file *file, struct weir_error *err) WEIR_MUST_USE;
void weir_file_flush_async(weir_file *file, int64_t offset, int64_t len);
weir_rc weir_file_truncate(weir_file *file, int64_t size, struct weir_error *err) WEIR_MUST_USE;
weir_rc weir_file_info(weir_file *file, struct weir_file_info *out, struct weir_error *err) WEIR_MUST_USE;
weir_rc weir_file_lock(weir_file *file, struct weir_error *err) WEIR_MUST_USE; /* WEIR_BUSY: another process has it */
const char *weir_file_path(const weir_file *file);

weir_rc weir_fs_stat(weir_fs *fs, const char *path, struct weir_file_info *out, struct weir_error *err) WEIR_MUST_USE;
weir_rc weir_fs_lstat(weir_fs *fs, const char *path, struct weir_file_info *out, struct weir_error *err) WEIR_MUST_USE;
bool weir_fs_exists(weir_fs *fs, const char *path); /* false also when it cannot be told */
weir_rc weir_fs_link(weir_fs *fs, const char *from, const char *to, struct weir_error *err) WEIR_MUST_USE; /* WEIR_EXISTS */
weir_rc weir_fs_rename(weir_fs *fs, const char *from, const char *to, struct weir_error *err) WEIR_MUST_USE;
weir_rc weir_fs_unlink(weir_fs *fs, const char *path, struct weir_error *err) WEIR_MUST_USE;
weir_rc weir_fs_mkdir(weir_fs *fs, const char *path, struct weir_error *err) WEIR_MUST_USE; /* WEIR_EXISTS */
/* The folder and its missing parents, each new one's parent synced. WEIR_OK when it is there already: then its parent is synced once
 * more, for whoever made it may have died before. */
weir_rc weir_fs_mkdirs(weir_fs *fs, const char *path, struct weir_error *err) WEIR_MUST_USE;
weir_rc weir_fs_rmdir(weir_fs *fs, const char *path, struct weir_error *err) WEIR_MUST_USE;
/* Does not follow links. Absent is WEIR_OK. Nothing is synced. */
weir_rc weir_fs_remove_tree(weir_fs *fs, const char *path, struct weir_error *err) WEIR_MUST_USE;
weir_rc weir_fs_sync_dir(weir_fs *fs, const char *path, struct weir_error *err) WEIR_MUST_USE;
/* Each name with its lstat; an entry that vanishes meanwhile is left out. Not recursive. */
weir_rc weir_fs_list(weir_fs *fs, const char *path, weir_list_fn each, void *arg, struct weir_error *err) WEIR_MUST_USE;
/* The same without the names that `skip` answers true for: nothing is asked about them, which is most of the time in a folder of a million files. */
typedef bool (*weir_skip_fn)(void *arg, const char *name);
weir_rc weir_fs_list_some(weir_fs *fs, const char *path, weir_skip_fn skip, weir_list_fn each, void *arg, struct weir_error *err) WEIR_MUST_USE;
/* The whole file; WEIR_TOO_BIG beyond max_bytes or the buffer's own maximum. `out` was initialised by the caller, who frees it in any
 * case; what it held is dropped. */
weir_rc weir_fs_read_all(weir_fs *fs, const char *path, size_t max_bytes, struct weir_buf *out, struct weir_error *err) WEIR_MUST_USE;
/* WEIR_OK: nobody writes; WEIR_BUSY: somebody does; WEIR_UNSUPPORTED: leases do not work there. */
weir_rc weir_fs_probe_lease(weir_fs *fs, const char *path, struct weir_error *err) WEIR_MUST_USE;
weir_rc weir_fs_realpath(weir_fs *fs, const char *path, char **heap_out, struct weir_error *err) WEIR_MUST_USE;
