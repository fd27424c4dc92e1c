/* Any bytes as a kept schema (<folder>/_schemas/0): columns, or an error that names the file. Columns that were read are written as the next version and read again: the same. */
#include "source/source.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

/* --- a file system of one file that is there and one that is written --- */

struct memory {
    struct weir_str given;
    struct weir_buf written;
    bool has_written;
};
enum { GIVEN = 1, WRITTEN = 2 };

static int open_one(weir_fs *fs, const char *path, int flags, int *fd)
{
    (void)fs;
    *fd = (flags & WEIR_OPEN_CREATE) || strstr(path, "/1") ? WRITTEN : GIVEN;
    return 0;
}
static int close_one(weir_fs *fs, int fd)
{
    (void)fs, (void)fd;
    return 0;
}
static struct weir_str content(weir_fs *fs, int fd)
{
    struct memory *m = fs->state;
    return fd == GIVEN ? m->given : weir_buf_view(&m->written);
}
static int pread_one(weir_fs *fs, int fd, void *buf, size_t len, int64_t offset, size_t *done)
{
    const struct weir_str text = content(fs, fd);
    const size_t left = (size_t)offset < text.len ? text.len - (size_t)offset : 0;
    *done = len < left ? len : left;
    if (*done > 0) {
        memcpy(buf, text.ptr + offset, *done);
    }
    return 0;
}
static int pwrite_one(weir_fs *fs, int fd, const void *buf, size_t len, int64_t offset, size_t *done)
{
    struct memory *m = fs->state;
    (void)fd;
    if ((size_t)offset != m->written.len) {
        return EINVAL;
    }
    weir_buf_add(&m->written, buf, len);
    m->has_written = true;
    *done = len;
    return 0;
}
static int sync_one(weir_fs *fs, int fd)
{
    (void)fs, (void)fd;
    return 0;
}
static int fstat_one(weir_fs *fs, int fd, struct weir_file_info *out)
{
    *out = (struct weir_file_info){.is_file = true, .size = (int64_t)content(fs, fd).len};
    return 0;
}
static int stat_one(weir_fs *fs, const char *path, struct weir_file_info *out)
{
    const char *name = strrchr(path, '/') + 1;
    if (*name < '0' || *name > '9') {
        *out = (struct weir_file_info){.is_dir = true};
        return 0;
    }
    return fstat_one(fs, strcmp(name, "1") == 0 ? WRITTEN : GIVEN, out);
}
static int name_two(weir_fs *fs, const char *from, const char *to)
{
    (void)fs, (void)from, (void)to;
    return 0;
}
static int name_one(weir_fs *fs, const char *path)
{
    (void)fs, (void)path;
    return 0;
}
static int list_one(weir_fs *fs, const char *path, int (*each)(void *arg, const char *name), void *arg)
{
    const struct memory *m = fs->state;
    (void)path;
    const int failed = each(arg, "0");
    return failed || !m->has_written ? failed : each(arg, "1");
}
static const struct weir_fs_ops ops = {.open = open_one, .close = close_one, .pread = pread_one, .pwrite = pwrite_one, .fsync = sync_one, .fstat = fstat_one, .stat = stat_one, .lstat = stat_one,
                                       .link = name_two, .rename = name_two, .unlink = name_one, .mkdir = name_one, .sync_dir = name_one, .list = list_one};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct memory memory = {.given = {(const char *)data, size}};
    weir_fs fs = {&ops, NULL, &memory};
    weir_arena *arena = weir_arena_new();
    weir_schema *schema = NULL, *again = NULL;
    struct weir_error err = {0};
    weir_buf_init(&memory.written, 0);
    if (weir_schema_log_read(&fs, "/ck", arena, &schema, &err) != WEIR_OK) {
        if (!strstr(err.msg, "/ck/_schemas/0") || strcmp(err.condition, "SCHEMA_LOG_CORRUPT") != 0) {
            fprintf(stderr, "%s: %s\n", err.condition, err.msg);
            abort();
        }
    } else if (weir_schema_log_add(&fs, "/ck", schema, &err) != WEIR_OK || weir_schema_log_read(&fs, "/ck", arena, &again, &err) != WEIR_OK || !weir_type_eq(schema, again)) {
        fprintf(stderr, "%s: %s\n%s\n", err.condition, err.msg, weir_buf_view(&memory.written).ptr);
        abort();
    }
    weir_buf_free(&memory.written);
    weir_arena_free(arena);
    return 0;
}
