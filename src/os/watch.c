/* watch.c - inotify, made simple: it only wakes, the caller's listing is the truth.
 *
 * Whatever makes the watched tree doubtful - an overflow, a folder that moved, vanished or was unmounted - is answered in one way: all
 * watches are thrown away and made anew, and the caller is told to list again. Watches are set before a folder is listed for
 * sub-folders, so what appears in between is seen twice rather than never. A top folder that is away is looked for once a second.
 * Links to folders are followed, as listings do; a folder that is met twice has one watch, which ends cycles. */
#include "os/watch.h"

#include "base/time.h"
#include "os/thread.h"

#include <errno.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

#define SETTLE_MS 1      /* quiet for so long ends a burst */
#define SETTLE_MAX_MS 10 /* but no burst holds an answer longer */
#define BLIND_MS 1000    /* how often to look where no events come from */

#define WATCH_MASK                                                                                 \
    (IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_MOVED_FROM | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

struct watched {
    char *path; /* NULL: no such watch */
    bool top;
};

struct weir_watch {
    char **folders;
    size_t folder_count;
    bool recursive;
    int fd;
    struct watched *items; /* by watch descriptor: the kernel counts them up from 1 */
    size_t count, cap;
    size_t missing; /* top folders that are not there now */
    bool silent;    /* a file system that other machines write to without telling us */
    weir_arena *arena; /* of the paths that appeared */
    const char **paths;
    size_t path_count, path_cap;
    int64_t looked_us; /* when a silent or missing folder was last reported or looked for */
};

static weir_rc unsupported(const char *path, int error, struct weir_error *err)
{
    weir_rc rc = weir_fail(err, WEIR_UNSUPPORTED, "WATCH_UNSUPPORTED",
                           "the system cannot tell about new files (errno %d); %s; raise fs.inotify.max_user_watches or "
                           "max_user_instances; meanwhile the folder is listed periodically",
                           error, path);
    if (err) {
        err->os_errno = error;
    }
    return rc;
}

static bool is_silent(const char *path)
{
    static const unsigned long remote[] = {
        NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, 0xFE534D42u /* smb2 */, 0xFF534D42u /* cifs */, FUSE_SUPER_MAGIC, V9FS_MAGIC,
        0x00C36400u /* ceph */, AFS_SUPER_MAGIC, 0x0BD00BD0u /* lustre */, 0x786F4256u /* vboxsf */, 0x47504653u /* gpfs */,
    };
    struct statfs info;
    if (statfs(path, &info) != 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof remote / sizeof *remote; i++) {
        if (((unsigned long)info.f_type & 0xFFFFFFFFu) == remote[i]) {
            return true;
        }
    }
    return false;
}

static struct watched *find(weir_watch *watch, int wd)
{
    bool known = wd >= 0 && (size_t)wd < watch->count && watch->items[wd].path;
    return known ? &watch->items[wd] : NULL;
}

static weir_rc add_folder(weir_watch *watch, const char *path, bool top, struct weir_error *err);

struct walk {
    weir_watch *watch;
    const char *path;
};

static weir_rc walk_entry(void *arg, const char *name, const struct weir_file_info *info, struct weir_error *err)
{
    struct walk *walk = arg;
    if (!info->is_dir && !info->is_link) {
        return WEIR_OK;
    }
    char *path = weir_asprintf("%s/%s", walk->path, name);
    struct weir_file_info target = *info;
    weir_rc rc = WEIR_OK;
    if (!info->is_link || weir_fs_stat(weir_fs_posix(), path, &target, NULL) == WEIR_OK) {
        rc = target.is_dir ? add_folder(walk->watch, path, false, err) : WEIR_OK;
    }
    weir_free(path);
    return rc;
}

/* A sub-folder that vanished or may not be read is left out: a listing would say the same. */
static weir_rc add_folder(weir_watch *watch, const char *path, bool top, struct weir_error *err)
{
    int wd = inotify_add_watch(watch->fd, path, WATCH_MASK);
    if (wd < 0) {
        if (errno == ENOSPC || errno == ENOMEM) {
            return unsupported(path, errno, err);
        }
        return top ? weir_fail_errno(err, errno, "watch", path) : WEIR_OK;
    }
    if (find(watch, wd)) {
        return WEIR_OK;
    }
    while (watch->count <= (size_t)wd) {
        WEIR_PUSH(watch->items, watch->count, watch->cap) = (struct watched){NULL, false};
    }
    watch->items[wd] = (struct watched){weir_strdup(path), top};
    watch->silent = watch->silent || is_silent(path);
    if (!watch->recursive) {
        return WEIR_OK;
    }
    struct walk walk = {watch, path};
    struct weir_error inner = {0};
    weir_rc rc = weir_fs_list(weir_fs_posix(), path, walk_entry, &walk, &inner);
    if (rc == WEIR_UNSUPPORTED) {
        if (err) {
            *err = inner;
        }
        return rc;
    }
    return WEIR_OK;
}

static void forget_all(weir_watch *watch)
{
    if (watch->fd >= 0) {
        (void)close(watch->fd);
        watch->fd = -1;
    }
    for (size_t i = 0; i < watch->count; i++) {
        weir_free(watch->items[i].path);
    }
    watch->count = 0;
    watch->missing = 0;
}

/* All watches anew. `strict`: a top folder that is not there is an error; else it is looked for later. */
static weir_rc rebuild(weir_watch *watch, bool strict, struct weir_error *err)
{
    forget_all(watch);
    watch->looked_us = weir_mono_us();
    watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (watch->fd < 0) {
        return unsupported(watch->folder_count > 0 ? watch->folders[0] : "", errno, err);
    }
    for (size_t i = 0; i < watch->folder_count; i++) {
        weir_rc rc = add_folder(watch, watch->folders[i], true, err);
        if (rc != WEIR_OK && (strict || rc == WEIR_UNSUPPORTED)) {
            return rc;
        }
        watch->missing += rc != WEIR_OK;
    }
    return WEIR_OK;
}

weir_rc weir_watch_open(const char *const *folders, size_t count, bool recursive, weir_watch **out,
                        struct weir_error *err)
{
    *out = NULL;
    weir_watch *watch = weir_calloc(1, sizeof *watch);
    watch->fd = -1;
    watch->recursive = recursive;
    watch->arena = weir_arena_new();
    watch->folder_count = count;
    watch->folders = weir_calloc(count > 0 ? count : 1, sizeof *watch->folders);
    for (size_t i = 0; i < count; i++) {
        watch->folders[i] = weir_strdup(folders[i]);
    }
    weir_rc rc = rebuild(watch, true, err);
    if (rc != WEIR_OK) {
        weir_watch_close(watch);
        return rc;
    }
    *out = watch;
    return WEIR_OK;
}

void weir_watch_close(weir_watch *watch)
{
    if (!watch) {
        return;
    }
    forget_all(watch);
    for (size_t i = 0; i < watch->folder_count; i++) {
        weir_free(watch->folders[i]);
    }
    weir_free(watch->folders);
    weir_free(watch->items);
    weir_free(watch->paths);
    weir_arena_free(watch->arena);
    weir_free(watch);
}

size_t weir_watch_paths(const weir_watch *watch, const char *const **out)
{
    *out = watch->paths;
    return watch->path_count;
}

/* --- events --- */

struct seen {
    bool changed; /* something may be new */
    bool doubt;   /* the watches no longer fit the tree */
};

/* Writers make several events of one file: the same path again is told once where it follows itself. */
static void keep_path(weir_watch *watch, const struct watched *at, const struct inotify_event *event)
{
    if (watch->path_count > WEIR_WATCH_PATHS_MAX) {
        return;
    }
    const char *path = event->len > 0 ? weir_arena_printf(watch->arena, "%s/%s", strcmp(at->path, "/") == 0 ? "" : at->path, event->name) : weir_arena_strdup(watch->arena, at->path);
    if (watch->path_count == 0 || strcmp(watch->paths[watch->path_count - 1], path) != 0) {
        WEIR_PUSH(watch->paths, watch->path_count, watch->path_cap) = path;
    }
}

static weir_rc take_event(weir_watch *watch, const struct inotify_event *event, struct seen *seen,
                          struct weir_error *err)
{
    if (event->mask & (IN_Q_OVERFLOW | IN_UNMOUNT)) {
        seen->doubt = true;
        return WEIR_OK;
    }
    struct watched *at = find(watch, event->wd);
    if (!at) {
        return WEIR_OK;
    }
    if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)) {
        /* Of sub-folders the parent tells what matters; a deleted one needs no watch. */
        seen->doubt = seen->doubt || at->top || (event->mask & IN_MOVE_SELF) != 0;
        if (event->mask & IN_IGNORED) {
            weir_free(at->path);
            at->path = NULL;
        }
        return WEIR_OK;
    }
    if (event->mask & IN_MOVED_FROM) {
        /* The paths below a folder that moved are wrong now. Files that left are nobody's news. */
        seen->doubt = seen->doubt || (watch->recursive && (event->mask & IN_ISDIR));
        return WEIR_OK;
    }
    seen->changed = true;
    keep_path(watch, at, event);
    if (watch->recursive && (event->mask & (IN_CREATE | IN_MOVED_TO)) && event->len > 0) {
        /* A folder, or a link to one. */
        char *path = weir_asprintf("%s/%s", at->path, event->name);
        struct weir_file_info info;
        weir_rc rc = WEIR_OK;
        if (weir_fs_stat(weir_fs_posix(), path, &info, NULL) == WEIR_OK && info.is_dir) {
            rc = add_folder(watch, path, false, err);
        }
        weir_free(path);
        return rc;
    }
    return WEIR_OK;
}

/* All that is in the queue now. */
static weir_rc drain(weir_watch *watch, struct seen *seen, struct weir_error *err)
{
    _Alignas(struct inotify_event) char buffer[4096];
    for (;;) {
        ssize_t got = read(watch->fd, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0 && errno != EAGAIN) {
            return weir_fail_errno(err, errno, "read", "inotify");
        }
        if (got <= 0) {
            return WEIR_OK;
        }
        for (ssize_t i = 0; i < got;) {
            const struct inotify_event *event = (const struct inotify_event *)(const void *)(buffer + i);
            WEIR_TRY(take_event(watch, event, seen, err));
            i += (ssize_t)sizeof *event + (ssize_t)event->len;
        }
    }
}

enum woken { WOKEN_TIME, WOKEN_EVENT, WOKEN_STOP };

static enum woken sleep_for(const weir_watch *watch, int64_t ms)
{
    struct pollfd fds[2] = {{.fd = watch->fd, .events = POLLIN}, {.fd = weir_stop_fd(), .events = POLLIN}};
    int ready = poll(fds, 2, ms > INT32_MAX ? INT32_MAX : (int)ms);
    if (weir_stop_level() > 0) {
        return WOKEN_STOP;
    }
    return ready > 0 && fds[0].revents ? WOKEN_EVENT : WOKEN_TIME;
}

/* Join what follows closely. */
static weir_rc settle(weir_watch *watch, struct seen *seen, struct weir_error *err)
{
    int64_t until_us = weir_mono_us() + SETTLE_MAX_MS * 1000;
    WEIR_TRY(drain(watch, seen, err));
    while (weir_mono_us() < until_us && sleep_for(watch, SETTLE_MS) == WOKEN_EVENT) {
        WEIR_TRY(drain(watch, seen, err));
    }
    return WEIR_OK;
}

/* Look where no events come from. True: the caller is to list. */
static weir_rc look(weir_watch *watch, bool *rescan_out, struct weir_error *err)
{
    *rescan_out = false;
    if ((!watch->silent && watch->missing == 0) || weir_mono_us() - watch->looked_us < BLIND_MS * 1000) {
        return WEIR_OK;
    }
    *rescan_out = watch->silent;
    size_t missing = watch->missing;
    if (missing > 0) {
        WEIR_TRY(rebuild(watch, false, err));
        *rescan_out = *rescan_out || watch->missing < missing;
    }
    watch->looked_us = weir_mono_us();
    return WEIR_OK;
}

weir_rc weir_watch_wait(weir_watch *watch, int64_t timeout_ms, enum weir_watch_event *event_out,
                        struct weir_error *err)
{
    *event_out = WEIR_WATCH_NONE;
    watch->path_count = 0;
    weir_arena_reset(watch->arena);
    int64_t start_us = weir_mono_us();
    for (;;) {
        bool blind = watch->silent || watch->missing > 0;
        int64_t left_ms = timeout_ms < 0 ? -1 : timeout_ms - (weir_mono_us() - start_us) / 1000;
        if (timeout_ms >= 0 && left_ms < 0) {
            left_ms = 0;
        }
        int64_t nap_ms = blind && (left_ms < 0 || left_ms > BLIND_MS) ? BLIND_MS : left_ms;
        enum woken woken = sleep_for(watch, nap_ms);
        if (woken == WOKEN_STOP) {
            *event_out = WEIR_WATCH_STOP;
            return WEIR_OK;
        }
        struct seen seen = {false, false};
        if (woken == WOKEN_EVENT) {
            WEIR_TRY(settle(watch, &seen, err));
        }
        bool rescan = watch->path_count > WEIR_WATCH_PATHS_MAX;
        if (seen.doubt) {
            WEIR_TRY(rebuild(watch, false, err));
            rescan = true;
        } else {
            bool blind_rescan = false;
            WEIR_TRY(look(watch, &blind_rescan, err));
            rescan = rescan || blind_rescan;
        }
        if (rescan || seen.changed) {
            *event_out = rescan ? WEIR_WATCH_RESCAN : WEIR_WATCH_CHANGED;
            return WEIR_OK;
        }
        if (timeout_ms >= 0 && (weir_mono_us() - start_us) / 1000 >= timeout_ms) {
            return WEIR_OK;
        }
    }
}
