/* files.c - files that appear whole (files.h). */
#include "cli/files.h"
#include "base/uri.h"

#define WRITE_BACK_BYTES ((int64_t)8 << 20) /* write-back begins early, so that the sync at the end is short */

weir_rc cli_newfile_open(const char *path, struct cli_newfile *out, struct weir_error *err)
{
    *out = (struct cli_newfile){.fs = weir_fs_posix()};
    char *folder = weir_path_parent(path);
    const struct weir_str name = weir_path_name(path);
    out->path = weir_strdup(path);
    out->hidden = weir_asprintf("%s/.%.*s.tmp", strcmp(folder, "/") == 0 ? "" : folder, (int)name.len, name.ptr);
    weir_free(folder);
    const weir_rc rc = weir_file_open(out->fs, out->hidden, WEIR_OPEN_WRITE | WEIR_OPEN_CREATE | WEIR_OPEN_TRUNC, &out->file, err);
    if (rc != WEIR_OK) {
        weir_free(out->path);
        weir_free(out->hidden);
        *out = (struct cli_newfile){0};
    }
    return rc;
}

weir_rc cli_newfile_write(struct cli_newfile *file, const void *bytes, size_t len, struct weir_error *err)
{
    WEIR_TRY(weir_file_write(file->file, bytes, len, file->size, err));
    const int64_t before = file->size / WRITE_BACK_BYTES;
    file->size += (int64_t)len;
    if (file->size / WRITE_BACK_BYTES != before) {
        weir_file_flush_async(file->file, before * WRITE_BACK_BYTES, file->size - before * WRITE_BACK_BYTES);
    }
    return WEIR_OK;
}

void cli_newfile_drop(struct cli_newfile *file)
{
    if (file->path) {
        weir_file_discard(file->file);
        weir_fs_discard(file->fs, file->hidden);
        weir_free(file->path);
        weir_free(file->hidden);
        *file = (struct cli_newfile){0};
    }
}

weir_rc cli_newfile_publish(struct cli_newfile *file, struct weir_error *err)
{
    weir_rc rc = weir_file_sync(file->file, err);
    if (rc == WEIR_OK) {
        rc = weir_file_close(file->file, err);
        file->file = NULL;
    }
    if (rc == WEIR_OK) {
        rc = weir_fs_rename(file->fs, file->hidden, file->path, err);
    }
    if (rc != WEIR_OK) {
        cli_newfile_drop(file);
        return rc;
    }
    char *folder = weir_path_parent(file->path);
    rc = weir_fs_sync_dir(file->fs, folder, err);
    weir_free(folder);
    weir_free(file->path);
    weir_free(file->hidden);
    *file = (struct cli_newfile){0};
    return rc;
}
