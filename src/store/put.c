/* put.c - one object, published whole or not at all.
 *
 *   put_if_absent   create temp - write - fsync - close - link(temp, name) - fsync folder - unlink temp
 *   put             create temp - write - fsync - close - rename(temp, name) - fsync folder
 *
 * Until link or rename nothing is visible and every error is WEIR_IO. From there on an error no longer says whether the name is there,
 * so it is looked up: the temp file and the name are one inode exactly when the link is ours. What remains in doubt is WEIR_UNKNOWN.
 * A temp file that a crash leaves behind is named ".<name>.<uuid>.tmp" and is garbage. */
#include "store/store_internal.h"

#include "base/time.h"
#include "base/uri.h"

#include <errno.h>

#define NAME_MAX_WITH_SUFFIX 200 /* a file name may have 255 bytes; the uuid and the dots take 42 */

weir_rc weir_store_create(weir_fs *fs, const char *path, int flags, weir_file **out, struct weir_error *err)
{
    struct weir_error first = {0};
    weir_rc rc = weir_file_open(fs, path, flags, out, &first);
    if (rc == WEIR_NOT_FOUND) {
        char *folder = weir_store_parent_of(path);
        rc = weir_fs_mkdirs(fs, folder, err);
        weir_free(folder);
        return rc == WEIR_OK ? weir_file_open(fs, path, flags, out, err) : rc;
    }
    if (rc != WEIR_OK && err) {
        *err = first;
    }
    return rc;
}

static char *temp_path(const char *path)
{
    struct weir_str name = weir_path_name(path);
    struct weir_uuid uuid = weir_uuid_new();
    char *folder = weir_store_parent_of(path);
    char *temp = name.len > NAME_MAX_WITH_SUFFIX
                     ? weir_asprintf("%s/.%s.tmp", folder, uuid.text)
                     : weir_asprintf("%s/.%.*s.%s.tmp", folder, (int)name.len, name.ptr, uuid.text);
    weir_free(folder);
    return temp;
}

/* "Not found" and "exists" of our temp file must not be taken for an answer about the key. */
static weir_rc not_about_the_key(weir_rc rc, struct weir_error *err)
{
    if (rc != WEIR_NOT_FOUND && rc != WEIR_EXISTS) {
        return rc;
    }
    if (err) {
        err->code = WEIR_IO;
    }
    return WEIR_IO;
}

/* The temp file whole and synced; *info_out is its identity. On an error it is gone again, best effort. */
static weir_rc write_temp(weir_fs *fs, const char *temp, struct weir_str bytes, struct weir_file_info *info_out,
                          struct weir_error *err)
{
    weir_file *file = NULL;
    weir_rc rc = weir_store_create(fs, temp, WEIR_OPEN_WRITE | WEIR_OPEN_CREATE | WEIR_OPEN_EXCL, &file, err);
    if (rc != WEIR_OK) {
        return not_about_the_key(rc, err);
    }
    rc = weir_file_write(file, bytes.ptr, bytes.len, 0, err);
    if (rc == WEIR_OK) {
        rc = weir_file_sync(file, err);
    }
    if (rc == WEIR_OK) {
        rc = weir_file_info(file, info_out, err);
    }
    if (rc == WEIR_OK && info_out->size != (int64_t)bytes.len) {
        rc = weir_fail(err, WEIR_IO, "STORE_SIZE_DIFFERS",
                       "%zu bytes were written and the file has %lld; %s; look for another writer or a failing disk",
                       bytes.len, (long long)info_out->size, temp);
    }
    rc = weir_rc_keep(rc, weir_file_close(file, rc == WEIR_OK ? err : NULL));
    if (rc != WEIR_OK) {
        weir_fs_discard(fs, temp);
        rc = not_about_the_key(rc, err);
    }
    return rc;
}

static weir_rc unknown(const char *path, struct weir_error *err)
{
    if (err) {
        struct weir_error cause = *err;
        (void)weir_fail(err, WEIR_UNKNOWN, "STORE_UNKNOWN",
                        "the object may be visible although an error was seen (%.900s); %s; "
                        "read it again and compare before going on",
                        cause.msg, path);
        err->os_errno = cause.os_errno;
    }
    return WEIR_UNKNOWN;
}

enum visible { VISIBLE_OURS, VISIBLE_OTHER, VISIBLE_NOT, VISIBLE_DOUBT };

static enum visible who_has(weir_fs *fs, const char *path, const struct weir_file_info *ours)
{
    struct weir_file_info there;
    weir_rc rc = weir_fs_lstat(fs, path, &there, NULL);
    if (rc == WEIR_NOT_FOUND) {
        return VISIBLE_NOT;
    }
    if (rc != WEIR_OK) {
        return VISIBLE_DOUBT;
    }
    return there.inode == ours->inode && there.device == ours->device ? VISIBLE_OURS : VISIBLE_OTHER;
}

static weir_rc key_exists(const char *path, struct weir_error *err)
{
    return weir_fail(err, WEIR_EXISTS, "STORE_KEY_EXISTS",
                     "the key is taken; %s; read what is there and go on from it, or choose another key", path);
}

static bool says_no_links(const struct weir_error *cause)
{
    int e = cause->os_errno;
    return e == EPERM || e == ENOTSUP || e == EOPNOTSUPP || e == ENOSYS || e == EMLINK;
}

/* link(2) failed: what is true now? */
static weir_rc after_failed_link(weir_fs *fs, const char *path, weir_rc rc, const struct weir_file_info *ours,
                                 const struct weir_error *cause, struct weir_error *err)
{
    enum visible visible = who_has(fs, path, ours);
    if (rc == WEIR_EXISTS) {
        if (visible == VISIBLE_OTHER) {
            return key_exists(path, err);
        }
        if (visible == VISIBLE_OURS) {
            return WEIR_OK; /* a repeated link met its own work */
        }
    } else if (visible == VISIBLE_NOT || visible == VISIBLE_OTHER) {
        if (says_no_links(cause)) {
            return weir_fail(err, WEIR_UNSUPPORTED, "STORE_NO_LINK",
                             "the file system refuses hard links, without which nothing can be published safely; %s; "
                             "use a local file system such as ext4, xfs or btrfs",
                             path);
        }
        if (err) {
            *err = *cause;
        }
        return not_about_the_key(rc, err);
    }
    if (err) {
        *err = *cause;
    }
    return unknown(path, err);
}

weir_rc weir_store_put_if_absent(weir_store *store, const char *key, struct weir_str bytes, struct weir_error *err)
{
    weir_fs *fs = store->fs;
    char *path = weir_store_path(store, key);
    char *temp = temp_path(path);
    char *folder = weir_store_parent_of(path);
    struct weir_file_info ours = {0};
    struct weir_error cause = {0};
    weir_rc rc = write_temp(fs, temp, bytes, &ours, err);
    if (rc != WEIR_OK) {
        goto out;
    }
    rc = weir_fs_link(fs, temp, path, &cause);
    if (rc != WEIR_OK) {
        rc = after_failed_link(fs, path, rc, &ours, &cause, err);
    }
    if (rc == WEIR_OK && weir_fs_sync_dir(fs, folder, err) != WEIR_OK) {
        rc = unknown(path, err);
    }
    weir_fs_discard(fs, temp); /* a second name for the same bytes: garbage at worst */
out:
    weir_free(folder);
    weir_free(temp);
    weir_free(path);
    return rc;
}

weir_rc weir_store_put(weir_store *store, const char *key, struct weir_str bytes, struct weir_error *err)
{
    weir_fs *fs = store->fs;
    char *path = weir_store_path(store, key);
    char *temp = temp_path(path);
    char *folder = weir_store_parent_of(path);
    struct weir_file_info ours = {0};
    weir_rc rc = write_temp(fs, temp, bytes, &ours, err);
    if (rc != WEIR_OK) {
        goto out;
    }
    rc = weir_fs_rename(fs, temp, path, err);
    if (rc != WEIR_OK) {
        enum visible visible = who_has(fs, path, &ours);
        if (visible == VISIBLE_NOT || visible == VISIBLE_OTHER) {
            weir_fs_discard(fs, temp);
            rc = not_about_the_key(rc, err);
        } else {
            rc = unknown(path, err);
        }
    } else if (weir_fs_sync_dir(fs, folder, err) != WEIR_OK) {
        rc = unknown(path, err);
    }
out:
    weir_free(folder);
    weir_free(temp);
    weir_free(path);
    return rc;
}
