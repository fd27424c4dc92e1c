/* journalfs.c - the recording half of the journal: each change goes to the disk below and is noted, in one order over all threads.
 *
 * Only what succeeded is noted: a call that failed has, for the model, not happened. The rebuilding half is journalcut.c. */
#include "os/journal_internal.h"

#include "base/uri.h"

#include <errno.h>

static struct journal_state *state_of(const weir_fs *fs)
{
    return fs->state;
}

static char *strip_root(const char *absolute, const char *root)
{
    if (!root || !weir_path_is_within(absolute, root)) {
        return NULL;
    }
    const char *rest = absolute + strlen(root);
    while (*rest == '/') {
        rest++;
    }
    return weir_strdup(rest);
}

/* The path below the root, heap; NULL: outside of it. */
static char *inside(const weir_fs *fs, const char *path)
{
    const struct journal_state *state = state_of(fs);
    char *absolute = weir_path_absolute(NULL, path);
    char *relative = strip_root(absolute, state->root);
    if (!relative) {
        relative = strip_root(absolute, state->root_real);
    }
    weir_free(absolute);
    return relative;
}

/* Takes path and path2. */
static struct journal_event *note(struct journal_state *state, enum journal_kind kind, char *path, char *path2)
{
    struct journal_event event = {.kind = kind, .path = path, .path2 = path2};
    WEIR_PUSH(state->events, state->count, state->cap) = event;
    return &state->events[state->count - 1];
}

static struct journal_handle *find_handle(struct journal_state *state, int fd)
{
    for (size_t i = 0; i < state->open_count; i++) {
        if (state->open[i].fd == fd) {
            return &state->open[i];
        }
    }
    return NULL;
}

static int64_t mtime_of(weir_fs *fs, int fd)
{
    struct weir_file_info info;
    return fs->below->ops->fstat(fs->below, fd, &info) == 0 ? info.mtime_ns : 0;
}

/* --- files --- */

static int journal_open(weir_fs *fs, const char *path, int flags, int *fd_out)
{
    weir_fs *below = fs->below;
    bool changes = (flags & (WEIR_OPEN_WRITE | WEIR_OPEN_CREATE | WEIR_OPEN_TRUNC)) != 0;
    char *relative = changes ? inside(fs, path) : NULL;
    if (!relative) {
        return below->ops->open(below, path, flags, fd_out);
    }
    struct journal_state *state = state_of(fs);
    pthread_mutex_lock(&state->mutex);
    struct weir_file_info before;
    bool existed = below->ops->stat(below, path, &before) == 0;
    int error = below->ops->open(below, path, flags, fd_out);
    if (error == 0) {
        struct journal_handle handle = {*fd_out, ++state->handles, (flags & WEIR_OPEN_APPEND) != 0};
        WEIR_PUSH(state->open, state->open_count, state->open_cap) = handle;
        struct journal_event *event = note(state, JOURNAL_OPEN, relative, NULL);
        event->handle = handle.handle;
        event->created = !existed;
        event->truncated = existed && (flags & WEIR_OPEN_TRUNC) != 0;
        event->mtime_ns = mtime_of(fs, *fd_out);
        relative = NULL;
    }
    pthread_mutex_unlock(&state->mutex);
    weir_free(relative);
    return error;
}

static int journal_close(weir_fs *fs, int fd)
{
    struct journal_state *state = state_of(fs);
    pthread_mutex_lock(&state->mutex);
    struct journal_handle *handle = find_handle(state, fd);
    if (handle) {
        *handle = state->open[--state->open_count];
    }
    int error = fs->below->ops->close(fs->below, fd);
    pthread_mutex_unlock(&state->mutex);
    return error;
}

static int journal_pread(weir_fs *fs, int fd, void *buf, size_t len, int64_t offset, size_t *done_out)
{
    return fs->below->ops->pread(fs->below, fd, buf, len, offset, done_out);
}

static int journal_pwrite(weir_fs *fs, int fd, const void *buf, size_t len, int64_t offset, size_t *done_out)
{
    struct journal_state *state = state_of(fs);
    pthread_mutex_lock(&state->mutex);
    struct journal_handle *handle = find_handle(state, fd);
    struct weir_file_info before = {0};
    if (handle && handle->append && fs->below->ops->fstat(fs->below, fd, &before) == 0) {
        offset = before.size;
    }
    int error = fs->below->ops->pwrite(fs->below, fd, buf, len, offset, done_out);
    if (error == 0 && handle && *done_out > 0) {
        struct journal_event *event = note(state, JOURNAL_WRITE, NULL, NULL);
        event->handle = handle->handle;
        event->offset = offset;
        event->len = *done_out;
        event->data = weir_malloc(*done_out);
        memcpy(event->data, buf, *done_out);
        event->mtime_ns = mtime_of(fs, fd);
    }
    pthread_mutex_unlock(&state->mutex);
    return error;
}

static int journal_fsync(weir_fs *fs, int fd)
{
    struct journal_state *state = state_of(fs);
    pthread_mutex_lock(&state->mutex);
    int error = fs->below->ops->fsync(fs->below, fd);
    struct journal_handle *handle = find_handle(state, fd);
    if (error == 0 && handle) {
        note(state, JOURNAL_FSYNC, NULL, NULL)->handle = handle->handle;
    }
    pthread_mutex_unlock(&state->mutex);
    return error;
}

static int journal_flush_async(weir_fs *fs, int fd, int64_t offset, int64_t len)
{
    return fs->below->ops->flush_async(fs->below, fd, offset, len); /* promises nothing */
}

static int journal_truncate(weir_fs *fs, int fd, int64_t size)
{
    struct journal_state *state = state_of(fs);
    pthread_mutex_lock(&state->mutex);
    int error = fs->below->ops->truncate(fs->below, fd, size);
    struct journal_handle *handle = find_handle(state, fd);
    if (error == 0 && handle) {
        struct journal_event *event = note(state, JOURNAL_TRUNCATE, NULL, NULL);
        event->handle = handle->handle;
        event->offset = size;
        event->mtime_ns = mtime_of(fs, fd);
    }
    pthread_mutex_unlock(&state->mutex);
    return error;
}

static int journal_fstat(weir_fs *fs, int fd, struct weir_file_info *out)
{
    return fs->below->ops->fstat(fs->below, fd, out);
}

static int journal_stat(weir_fs *fs, const char *path, struct weir_file_info *out)
{
    return fs->below->ops->stat(fs->below, path, out);
}

static int journal_lstat(weir_fs *fs, const char *path, struct weir_file_info *out)
{
    return fs->below->ops->lstat(fs->below, path, out);
}

/* --- names --- */

/* A file from outside of the root: its content is taken as durable, its name is not. */
static void note_import(weir_fs *fs, char *relative, const char *path)
{
    struct journal_state *state = state_of(fs);
    struct weir_file_info info;
    struct weir_buf content;
    weir_buf_init(&content, 0);
    if (fs->below->ops->stat(fs->below, path, &info) == 0 && info.is_file &&
        weir_fs_read_all(fs->below, path, WEIR_BUF_MAX_DEFAULT - 1, &content, NULL) == WEIR_OK) {
        struct journal_event *event = note(state, JOURNAL_IMPORT, relative, NULL);
        event->len = content.len;
        event->data = weir_buf_take(&content);
        event->mtime_ns = info.mtime_ns;
    } else {
        weir_free(relative);
    }
    weir_buf_free(&content);
}

static int journal_move(weir_fs *fs, const char *from, const char *to, enum journal_kind kind,
                        int (*below_call)(weir_fs *fs, const char *from, const char *to))
{
    struct journal_state *state = state_of(fs);
    char *source = inside(fs, from);
    char *target = inside(fs, to);
    pthread_mutex_lock(&state->mutex);
    int error = below_call(fs->below, from, to);
    if (error == 0 && source && target) {
        note(state, kind, source, target);
        source = target = NULL;
    } else if (error == 0 && target) {
        note_import(fs, target, to);
        target = NULL;
    } else if (error == 0 && source && kind == JOURNAL_RENAME) {
        note(state, JOURNAL_UNLINK, source, NULL);
        source = NULL;
    }
    pthread_mutex_unlock(&state->mutex);
    weir_free(source);
    weir_free(target);
    return error;
}

static int journal_link(weir_fs *fs, const char *from, const char *to)
{
    return journal_move(fs, from, to, JOURNAL_LINK, fs->below->ops->link);
}

static int journal_rename(weir_fs *fs, const char *from, const char *to)
{
    return journal_move(fs, from, to, JOURNAL_RENAME, fs->below->ops->rename);
}

static int journal_name(weir_fs *fs, const char *path, enum journal_kind kind,
                        int (*below_call)(weir_fs *fs, const char *path))
{
    struct journal_state *state = state_of(fs);
    char *relative = inside(fs, path);
    pthread_mutex_lock(&state->mutex);
    int error = below_call(fs->below, path);
    if (error == 0 && relative) {
        note(state, kind, relative, NULL);
        relative = NULL;
    }
    pthread_mutex_unlock(&state->mutex);
    weir_free(relative);
    return error;
}

static int journal_unlink(weir_fs *fs, const char *path)
{
    return journal_name(fs, path, JOURNAL_UNLINK, fs->below->ops->unlink);
}

static int journal_mkdir(weir_fs *fs, const char *path)
{
    return journal_name(fs, path, JOURNAL_MKDIR, fs->below->ops->mkdir);
}

static int journal_rmdir(weir_fs *fs, const char *path)
{
    return journal_name(fs, path, JOURNAL_RMDIR, fs->below->ops->rmdir);
}

static int journal_sync_dir(weir_fs *fs, const char *path)
{
    return journal_name(fs, path, JOURNAL_SYNC_DIR, fs->below->ops->sync_dir);
}

static int journal_list(weir_fs *fs, const char *path, int (*each)(void *arg, const char *name), void *arg)
{
    return fs->below->ops->list(fs->below, path, each, arg);
}

static int journal_probe_lease(weir_fs *fs, const char *path)
{
    return fs->below->ops->probe_lease(fs->below, path);
}

static int journal_lock(weir_fs *fs, int fd)
{
    return fs->below->ops->lock(fs->below, fd);
}

static int journal_realpath(weir_fs *fs, const char *path, char **heap_out)
{
    return fs->below->ops->realpath(fs->below, path, heap_out);
}

static const struct weir_fs_ops journal_ops = {
    .open = journal_open,
    .close = journal_close,
    .pread = journal_pread,
    .pwrite = journal_pwrite,
    .fsync = journal_fsync,
    .flush_async = journal_flush_async,
    .truncate = journal_truncate,
    .fstat = journal_fstat,
    .stat = journal_stat,
    .lstat = journal_lstat,
    .link = journal_link,
    .rename = journal_rename,
    .unlink = journal_unlink,
    .mkdir = journal_mkdir,
    .rmdir = journal_rmdir,
    .sync_dir = journal_sync_dir,
    .list = journal_list,
    .probe_lease = journal_probe_lease,
    .lock = journal_lock,
    .realpath = journal_realpath,
};

weir_fs *weir_journalfs_new(weir_fs *below, const char *root)
{
    struct journal_state *state = weir_calloc(1, sizeof *state);
    state->root = weir_path_absolute(NULL, root);
    if (weir_fs_realpath(below, root, &state->root_real, NULL) != WEIR_OK) {
        state->root_real = NULL;
    }
    WEIR_ASSERT(pthread_mutex_init(&state->mutex, NULL) == 0);
    weir_fs *fs = weir_calloc(1, sizeof *fs);
    fs->ops = &journal_ops;
    fs->below = below;
    fs->state = state;
    return fs;
}

void weir_journalfs_free(weir_fs *fs)
{
    if (!fs) {
        return;
    }
    struct journal_state *state = state_of(fs);
    for (size_t i = 0; i < state->count; i++) {
        weir_free(state->events[i].path);
        weir_free(state->events[i].path2);
        weir_free(state->events[i].data);
    }
    weir_free(state->events);
    weir_free(state->open);
    weir_free(state->root);
    weir_free(state->root_real);
    pthread_mutex_destroy(&state->mutex);
    weir_free(state);
    weir_free(fs);
}

int64_t weir_journalfs_events(const weir_fs *fs)
{
    struct journal_state *state = state_of(fs);
    pthread_mutex_lock(&state->mutex);
    int64_t count = (int64_t)state->count;
    pthread_mutex_unlock(&state->mutex);
    return count;
}
