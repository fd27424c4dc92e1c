/* faultfs.c - the Nth call fails.
 *
 * Every entry first asks strike() what is to happen to it: go on below, answer an error instead, or do half. A close that "fails" still
 * closes below, as Linux does. */
#include "os/faultfs.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>

/* What an open descriptor is called, for weir_faultfs_what. Descriptors are those of the file system below. */
struct open_file {
    int fd;
    bool writable;
    char *path;
};

struct fault_state {
    struct weir_fault fault;
    pthread_mutex_t mutex; /* guards what follows; nothing else is locked under it */
    int64_t calls;
    bool fired;
    char what[512];
    struct open_file *open;
    size_t open_count, open_cap;
};

struct verdict {
    int error; /* answer this instead of doing it */
    bool half; /* do half first; with error 0 report the half */
};

static struct fault_state *state_of(const weir_fs *fs)
{
    return fs->state;
}

static struct verdict strike(weir_fs *fs, const char *call, const char *path, bool writes)
{
    struct fault_state *state = state_of(fs);
    const struct weir_fault *fault = &state->fault;
    struct verdict verdict = {0, false};
    if (fault->writes_only && !writes) {
        return verdict;
    }
    pthread_mutex_lock(&state->mutex);
    int64_t number = ++state->calls;
    bool first = number == fault->fail_at;
    /* A signal interrupts once: repeating the call is right and must end. */
    bool again = fault->sticky && state->fired && fault->error != EINTR;
    if (fault->fail_at > 0 && (first || again)) {
        verdict.error = fault->error;
        verdict.half = fault->short_write;
        if (!state->fired) {
            (void)snprintf(state->what, sizeof state->what, "%s %s", call, path);
        }
        state->fired = true;
    }
    pthread_mutex_unlock(&state->mutex);
    return verdict;
}

/* --- descriptors --- */

static void remember(weir_fs *fs, int fd, const char *path, bool writable)
{
    struct fault_state *state = state_of(fs);
    pthread_mutex_lock(&state->mutex);
    struct open_file file = {fd, writable, weir_strdup(path)};
    WEIR_PUSH(state->open, state->open_count, state->open_cap) = file;
    pthread_mutex_unlock(&state->mutex);
}

static void forget(weir_fs *fs, int fd)
{
    struct fault_state *state = state_of(fs);
    pthread_mutex_lock(&state->mutex);
    for (size_t i = 0; i < state->open_count; i++) {
        if (state->open[i].fd == fd) {
            weir_free(state->open[i].path);
            state->open[i] = state->open[--state->open_count];
            break;
        }
    }
    pthread_mutex_unlock(&state->mutex);
}

static struct verdict strike_fd(weir_fs *fs, const char *call, int fd, bool writes)
{
    struct fault_state *state = state_of(fs);
    char path[400] = "?";
    bool writable = true;
    pthread_mutex_lock(&state->mutex);
    for (size_t i = 0; i < state->open_count; i++) {
        if (state->open[i].fd == fd) {
            (void)snprintf(path, sizeof path, "%s", state->open[i].path);
            writable = state->open[i].writable;
            break;
        }
    }
    pthread_mutex_unlock(&state->mutex);
    return strike(fs, call, path, writes && writable);
}

/* --- the table --- */

static int fault_open(weir_fs *fs, const char *path, int flags, int *fd_out)
{
    *fd_out = -1;
    bool changes = (flags & (WEIR_OPEN_CREATE | WEIR_OPEN_TRUNC)) != 0;
    struct verdict verdict = strike(fs, changes ? "create" : "open", path, changes);
    if (verdict.error != 0) {
        return verdict.error;
    }
    int error = fs->below->ops->open(fs->below, path, flags, fd_out);
    if (error == 0) {
        remember(fs, *fd_out, path, (flags & WEIR_OPEN_WRITE) != 0);
    }
    return error;
}

static int fault_close(weir_fs *fs, int fd)
{
    struct verdict verdict = strike_fd(fs, "close", fd, true);
    forget(fs, fd);
    int error = fs->below->ops->close(fs->below, fd);
    return verdict.error != 0 ? verdict.error : error;
}

static int fault_pread(weir_fs *fs, int fd, void *buf, size_t len, int64_t offset, size_t *done_out)
{
    *done_out = 0;
    struct verdict verdict = strike_fd(fs, "pread", fd, false);
    return verdict.error != 0 ? verdict.error : fs->below->ops->pread(fs->below, fd, buf, len, offset, done_out);
}

static int fault_pwrite(weir_fs *fs, int fd, const void *buf, size_t len, int64_t offset, size_t *done_out)
{
    *done_out = 0;
    struct verdict verdict = strike_fd(fs, "pwrite", fd, true);
    if (verdict.half && verdict.error != EINTR) {
        size_t half = verdict.error == 0 && len > 0 && len < 2 ? len : len / 2; /* progress must be possible */
        int error = half > 0 ? fs->below->ops->pwrite(fs->below, fd, buf, half, offset, done_out) : 0;
        if (verdict.error != 0) {
            *done_out = 0; /* half lies on the disk and nobody is told */
            return verdict.error;
        }
        return error;
    }
    return verdict.error != 0 ? verdict.error : fs->below->ops->pwrite(fs->below, fd, buf, len, offset, done_out);
}

static int fault_fsync(weir_fs *fs, int fd)
{
    struct verdict verdict = strike_fd(fs, "fsync", fd, true);
    return verdict.error != 0 ? verdict.error : fs->below->ops->fsync(fs->below, fd);
}

static int fault_flush_async(weir_fs *fs, int fd, int64_t offset, int64_t len)
{
    struct verdict verdict = strike_fd(fs, "flush_async", fd, true);
    return verdict.error != 0 ? verdict.error : fs->below->ops->flush_async(fs->below, fd, offset, len);
}

static int fault_truncate(weir_fs *fs, int fd, int64_t size)
{
    struct verdict verdict = strike_fd(fs, "truncate", fd, true);
    return verdict.error != 0 ? verdict.error : fs->below->ops->truncate(fs->below, fd, size);
}

static int fault_fstat(weir_fs *fs, int fd, struct weir_file_info *out)
{
    struct verdict verdict = strike_fd(fs, "fstat", fd, false);
    return verdict.error != 0 ? verdict.error : fs->below->ops->fstat(fs->below, fd, out);
}

static int fault_stat(weir_fs *fs, const char *path, struct weir_file_info *out)
{
    struct verdict verdict = strike(fs, "stat", path, false);
    return verdict.error != 0 ? verdict.error : fs->below->ops->stat(fs->below, path, out);
}

static int fault_lstat(weir_fs *fs, const char *path, struct weir_file_info *out)
{
    struct verdict verdict = strike(fs, "lstat", path, false);
    return verdict.error != 0 ? verdict.error : fs->below->ops->lstat(fs->below, path, out);
}

static int fault_link(weir_fs *fs, const char *from, const char *to)
{
    struct verdict verdict = strike(fs, "link", to, true);
    return verdict.error != 0 ? verdict.error : fs->below->ops->link(fs->below, from, to);
}

static int fault_rename(weir_fs *fs, const char *from, const char *to)
{
    struct verdict verdict = strike(fs, "rename", to, true);
    return verdict.error != 0 ? verdict.error : fs->below->ops->rename(fs->below, from, to);
}

static int fault_unlink(weir_fs *fs, const char *path)
{
    struct verdict verdict = strike(fs, "unlink", path, true);
    return verdict.error != 0 ? verdict.error : fs->below->ops->unlink(fs->below, path);
}

static int fault_mkdir(weir_fs *fs, const char *path)
{
    struct verdict verdict = strike(fs, "mkdir", path, true);
    return verdict.error != 0 ? verdict.error : fs->below->ops->mkdir(fs->below, path);
}

static int fault_rmdir(weir_fs *fs, const char *path)
{
    struct verdict verdict = strike(fs, "rmdir", path, true);
    return verdict.error != 0 ? verdict.error : fs->below->ops->rmdir(fs->below, path);
}

static int fault_sync_dir(weir_fs *fs, const char *path)
{
    struct verdict verdict = strike(fs, "fsync-folder", path, true);
    return verdict.error != 0 ? verdict.error : fs->below->ops->sync_dir(fs->below, path);
}

static int fault_list(weir_fs *fs, const char *path, int (*each)(void *arg, const char *name), void *arg)
{
    struct verdict verdict = strike(fs, "list", path, false);
    return verdict.error != 0 ? verdict.error : fs->below->ops->list(fs->below, path, each, arg);
}

static int fault_probe_lease(weir_fs *fs, const char *path)
{
    struct verdict verdict = strike(fs, "probe_lease", path, false);
    return verdict.error != 0 ? verdict.error : fs->below->ops->probe_lease(fs->below, path);
}

static int fault_lock(weir_fs *fs, int fd)
{
    struct verdict verdict = strike_fd(fs, "lock", fd, false);
    return verdict.error != 0 ? verdict.error : fs->below->ops->lock(fs->below, fd);
}

static int fault_realpath(weir_fs *fs, const char *path, char **heap_out)
{
    struct verdict verdict = strike(fs, "realpath", path, false);
    return verdict.error != 0 ? verdict.error : fs->below->ops->realpath(fs->below, path, heap_out);
}

static const struct weir_fs_ops fault_ops = {
    .open = fault_open,
    .close = fault_close,
    .pread = fault_pread,
    .pwrite = fault_pwrite,
    .fsync = fault_fsync,
    .flush_async = fault_flush_async,
    .truncate = fault_truncate,
    .fstat = fault_fstat,
    .stat = fault_stat,
    .lstat = fault_lstat,
    .link = fault_link,
    .rename = fault_rename,
    .unlink = fault_unlink,
    .mkdir = fault_mkdir,
    .rmdir = fault_rmdir,
    .sync_dir = fault_sync_dir,
    .list = fault_list,
    .probe_lease = fault_probe_lease,
    .lock = fault_lock,
    .realpath = fault_realpath,
};

weir_fs *weir_faultfs_new(weir_fs *below, const struct weir_fault *fault)
{
    struct fault_state *state = weir_calloc(1, sizeof *state);
    state->fault = *fault;
    WEIR_ASSERT(pthread_mutex_init(&state->mutex, NULL) == 0);
    weir_fs *fs = weir_calloc(1, sizeof *fs);
    fs->ops = &fault_ops;
    fs->below = below;
    fs->state = state;
    return fs;
}

void weir_faultfs_free(weir_fs *fs)
{
    if (!fs) {
        return;
    }
    struct fault_state *state = state_of(fs);
    for (size_t i = 0; i < state->open_count; i++) {
        weir_free(state->open[i].path);
    }
    weir_free(state->open);
    pthread_mutex_destroy(&state->mutex);
    weir_free(state);
    weir_free(fs);
}

int64_t weir_faultfs_calls(const weir_fs *fs)
{
    struct fault_state *state = state_of(fs);
    pthread_mutex_lock(&state->mutex);
    int64_t calls = state->calls;
    pthread_mutex_unlock(&state->mutex);
    return calls;
}

bool weir_faultfs_fired(const weir_fs *fs)
{
    struct fault_state *state = state_of(fs);
    pthread_mutex_lock(&state->mutex);
    bool fired = state->fired;
    pthread_mutex_unlock(&state->mutex);
    return fired;
}

const char *weir_faultfs_what(const weir_fs *fs)
{
    return state_of(fs)->what; /* written once, before fired can be seen */
}
