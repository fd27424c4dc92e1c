/* path.c - names and folders: the wrappers that turn a table's errno into weir_rc, and what is built from several calls.
 *
 * EINTR is repeated here. A repeated link or mkdir may then find its own work (EEXIST): only remote file systems do this, and the
 * callers that must know whose name it is compare inodes (store.h). */
#include "os/fs.h"

#include <errno.h>

#define UNINTERRUPTED(error, call)                                                                 \
    do {                                                                                           \
        (error) = (call);                                                                          \
    } while ((error) == EINTR)

weir_rc weir_fs_stat(weir_fs *fs, const char *path, struct weir_file_info *out, struct weir_error *err)
{
    int error;
    UNINTERRUPTED(error, fs->ops->stat(fs, path, out));
    return error == 0 ? WEIR_OK : weir_fail_errno(err, error, "stat", path);
}

weir_rc weir_fs_lstat(weir_fs *fs, const char *path, struct weir_file_info *out, struct weir_error *err)
{
    int error;
    UNINTERRUPTED(error, fs->ops->lstat(fs, path, out));
    return error == 0 ? WEIR_OK : weir_fail_errno(err, error, "stat", path);
}

bool weir_fs_exists(weir_fs *fs, const char *path)
{
    struct weir_file_info info;
    return weir_fs_stat(fs, path, &info, NULL) == WEIR_OK;
}

weir_rc weir_fs_link(weir_fs *fs, const char *from, const char *to, struct weir_error *err)
{
    int error;
    UNINTERRUPTED(error, fs->ops->link(fs, from, to));
    return error == 0 ? WEIR_OK : weir_fail_errno(err, error, "link", to);
}

weir_rc weir_fs_rename(weir_fs *fs, const char *from, const char *to, struct weir_error *err)
{
    int error;
    UNINTERRUPTED(error, fs->ops->rename(fs, from, to));
    if (error == 0) {
        return WEIR_OK;
    }
    weir_rc rc = weir_fail_errno(err, error, "rename", from);
    weir_error_wrap(err, "to %s", to);
    return rc;
}

weir_rc weir_fs_unlink(weir_fs *fs, const char *path, struct weir_error *err)
{
    int error;
    UNINTERRUPTED(error, fs->ops->unlink(fs, path));
    return error == 0 ? WEIR_OK : weir_fail_errno(err, error, "remove", path);
}

void weir_fs_discard(weir_fs *fs, const char *path)
{
    int error;
    UNINTERRUPTED(error, fs->ops->unlink(fs, path));
}

weir_rc weir_fs_mkdir(weir_fs *fs, const char *path, struct weir_error *err)
{
    int error;
    UNINTERRUPTED(error, fs->ops->mkdir(fs, path));
    return error == 0 ? WEIR_OK : weir_fail_errno(err, error, "create folder", path);
}

weir_rc weir_fs_rmdir(weir_fs *fs, const char *path, struct weir_error *err)
{
    int error;
    UNINTERRUPTED(error, fs->ops->rmdir(fs, path));
    return error == 0 ? WEIR_OK : weir_fail_errno(err, error, "remove folder", path);
}

weir_rc weir_fs_sync_dir(weir_fs *fs, const char *path, struct weir_error *err)
{
    int error;
    UNINTERRUPTED(error, fs->ops->sync_dir(fs, path));
    return error == 0 ? WEIR_OK : weir_fail_errno(err, error, "fsync folder", path);
}

weir_rc weir_fs_probe_lease(weir_fs *fs, const char *path, struct weir_error *err)
{
    int error;
    UNINTERRUPTED(error, fs->ops->probe_lease(fs, path));
    if (error == EAGAIN) {
        return weir_fail(err, WEIR_BUSY, "FILE_BEING_WRITTEN",
                         "somebody has the file open for writing; %s; it is taken when the writer has closed it",
                         path);
    }
    if (error == ENOTSUP) {
        return weir_fail(err, WEIR_UNSUPPORTED, "LEASE_UNSUPPORTED",
                         "the file system does not tell whether the file is being written; %s; "
                         "let files rest before they are taken (minFileAge), or rename them in",
                         path);
    }
    return error == 0 ? WEIR_OK : weir_fail_errno(err, error, "probe", path);
}

weir_rc weir_fs_realpath(weir_fs *fs, const char *path, char **heap_out, struct weir_error *err)
{
    int error;
    *heap_out = NULL;
    UNINTERRUPTED(error, fs->ops->realpath(fs, path, heap_out));
    return error == 0 ? WEIR_OK : weir_fail_errno(err, error, "resolve", path);
}

/* --- folders --- */

/* The folder that holds `path`, as it is spelled: ".." and links keep their meaning. Heap. */
static char *parent_of(const char *path)
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/') {
        len--;
    }
    while (len > 0 && path[len - 1] != '/') {
        len--;
    }
    while (len > 1 && path[len - 1] == '/') {
        len--;
    }
    return len == 0 ? weir_strdup(".") : weir_strndup(path, len);
}

/* Somebody may have made the folder and died before its parent was synced: sync it once more. A parent that we may not open was not
 * made by us. */
static weir_rc sync_parent_of_existing(weir_fs *fs, const char *parent, struct weir_error *err)
{
    int error;
    UNINTERRUPTED(error, fs->ops->sync_dir(fs, parent));
    if (error == 0 || error == EACCES || error == EPERM || error == EROFS || error == EINVAL) {
        return WEIR_OK;
    }
    return weir_fail_errno(err, error, "fsync folder", parent);
}

weir_rc weir_fs_mkdirs(weir_fs *fs, const char *path, struct weir_error *err)
{
    struct weir_file_info info;
    int error;
    UNINTERRUPTED(error, fs->ops->stat(fs, path, &info));
    if (error != 0 && error != ENOENT) {
        return weir_fail_errno(err, error, "stat", path);
    }
    char *parent = parent_of(path);
    weir_rc rc = WEIR_OK;
    if (error == 0) {
        rc = info.is_dir ? sync_parent_of_existing(fs, parent, err)
                         : weir_fail(err, WEIR_EXISTS, "NOT_A_FOLDER",
                                     "a folder is needed and a file has its name; %s; move the file away or "
                                     "choose another folder",
                                     path);
        goto out;
    }
    if (strcmp(parent, path) != 0) {
        rc = weir_fs_mkdirs(fs, parent, err);
    }
    if (rc != WEIR_OK) {
        goto out;
    }
    UNINTERRUPTED(error, fs->ops->mkdir(fs, path));
    if (error != 0 && error != EEXIST) {
        rc = weir_fail_errno(err, error, "create folder", path);
        goto out;
    }
    /* EEXIST: another process was faster; its folder must be as durable as ours. */
    rc = weir_fs_sync_dir(fs, parent, err);
out:
    weir_free(parent);
    return rc;
}

/* --- listings --- */

struct names {
    weir_arena *arena;
    char **items;
    size_t count, cap;
};

static int collect_name(void *arg, const char *name)
{
    struct names *names = arg;
    WEIR_PUSH(names->items, names->count, names->cap) = weir_arena_strdup(names->arena, name);
    return 0;
}

/* All names first: the callback may then change the folder, and an interrupted listing can start again. */
static int list_names(weir_fs *fs, const char *path, struct names *names)
{
    int error;
    do {
        names->count = 0;
        error = fs->ops->list(fs, path, collect_name, names);
    } while (error == EINTR);
    return error;
}

weir_rc weir_fs_list_some(weir_fs *fs, const char *path, weir_skip_fn skip, weir_list_fn each, void *arg, struct weir_error *err)
{
    struct names names = {.arena = weir_arena_new()};
    struct weir_buf full;
    weir_buf_init(&full, 0);
    weir_rc rc = WEIR_OK;
    int error = list_names(fs, path, &names);
    if (error != 0) {
        rc = weir_fail_errno(err, error, "list", path);
        goto out;
    }
    for (size_t i = 0; i < names.count; i++) {
        struct weir_file_info info;
        if (skip && skip(arg, names.items[i])) {
            continue;
        }
        weir_buf_clear(&full);
        (void)weir_buf_printf(&full, "%s/%s", path, names.items[i]);
        UNINTERRUPTED(error, fs->ops->lstat(fs, full.data, &info));
        if (error == ENOENT) {
            continue;
        }
        rc = error == 0 ? each(arg, names.items[i], &info, err)
                        : weir_fail_errno(err, error, "stat", full.data);
        if (rc != WEIR_OK) {
            break;
        }
    }
    if (rc == WEIR_END) {
        rc = WEIR_OK;
    }
out:
    weir_buf_free(&full);
    weir_free(names.items);
    weir_arena_free(names.arena);
    return rc;
}

weir_rc weir_fs_list(weir_fs *fs, const char *path, weir_list_fn each, void *arg, struct weir_error *err)
{
    return weir_fs_list_some(fs, path, NULL, each, arg, err);
}

struct removal {
    weir_fs *fs;
    const char *folder;
};

static weir_rc remove_entry(void *arg, const char *name, const struct weir_file_info *info, struct weir_error *err)
{
    struct removal *removal = arg;
    char *path = weir_asprintf("%s/%s", removal->folder, name);
    weir_rc rc = info->is_dir ? weir_fs_remove_tree(removal->fs, path, err)
                              : weir_fs_unlink(removal->fs, path, err);
    weir_free(path);
    return rc == WEIR_NOT_FOUND ? WEIR_OK : rc;
}

weir_rc weir_fs_remove_tree(weir_fs *fs, const char *path, struct weir_error *err)
{
    struct weir_file_info info;
    weir_rc rc = weir_fs_lstat(fs, path, &info, err);
    if (rc == WEIR_OK && !info.is_dir) {
        rc = weir_fs_unlink(fs, path, err);
    } else if (rc == WEIR_OK) {
        struct removal removal = {fs, path};
        rc = weir_fs_list(fs, path, remove_entry, &removal, err);
        if (rc == WEIR_OK) {
            rc = weir_fs_rmdir(fs, path, err);
        }
    }
    if (rc == WEIR_NOT_FOUND) {
        weir_error_clear(err); /* gone is what was asked for */
        rc = WEIR_OK;
    }
    return rc;
}
