/* source_test.h - a folder of files for each test. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/uri.h"
#include "source/source.h"

struct box {
    char *dir; /* temporary, real path */
    weir_arena *arena;
    struct weir_file_options options;
    struct weir_error err;
    /* of the last listing */
    struct weir_source_file *files;
    size_t count;
    const char *const *columns;
    size_t column_count;
};

static inline struct box *box_new(void)
{
    struct box *box = weir_calloc(1, sizeof *box);
    const char *tmp = getenv("TMPDIR");
    char *name = weir_asprintf("%s/weir-source-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(name));
    assert_int_equal(weir_fs_realpath(weir_fs_posix(), name, &box->dir, NULL), WEIR_OK);
    weir_free(name);
    box->arena = weir_arena_new();
    assert_int_equal(weir_file_options_parse(NULL, &box->options, &box->err), WEIR_OK);
    return box;
}

static inline void box_free(struct box *box)
{
    assert_int_equal(weir_fs_remove_tree(weir_fs_posix(), box->dir, NULL), WEIR_OK);
    weir_arena_free(box->arena);
    weir_free(box->dir);
    weir_free(box);
}

static inline const char *box_path(struct box *box, const char *name)
{
    return weir_arena_printf(box->arena, "%s/%s", box->dir, name);
}

static inline void set_mtime(const char *path, double seconds)
{
    const int64_t ms = (int64_t)(seconds * 1000 + (seconds < 0 ? -0.5 : 0.5));
    const struct timespec times[2] = {{.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000},
                                      {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* A file with its folders. */
static inline const char *box_bytes(struct box *box, const char *name, const void *bytes, size_t len, double mtime)
{
    const char *path = box_path(box, name);
    char *above = weir_path_parent(path);
    weir_file *file;
    assert_int_equal(weir_fs_mkdirs(weir_fs_posix(), above, NULL), WEIR_OK);
    weir_free(above);
    assert_int_equal(weir_file_open(weir_fs_posix(), path, WEIR_OPEN_WRITE | WEIR_OPEN_CREATE | WEIR_OPEN_TRUNC, &file, NULL),
                     WEIR_OK);
    assert_int_equal(weir_file_write(file, bytes, len, 0, NULL), WEIR_OK);
    assert_int_equal(weir_file_close(file, NULL), WEIR_OK);
    set_mtime(path, mtime);
    return path;
}

static inline const char *box_file(struct box *box, const char *name, double mtime)
{
    return box_bytes(box, name, "1,x\n", 4, mtime);
}

static inline weir_rc box_list_fs(struct box *box, weir_fs *fs, const char *root)
{
    weir_error_clear(&box->err);
    return weir_source_list(fs, root, &box->options, box->arena, &box->files, &box->count, &box->columns, &box->column_count,
                            &box->err);
}

static inline weir_rc box_list(struct box *box, const char *root)
{
    return box_list_fs(box, weir_fs_posix(), box_path(box, root));
}

/* The listing as names below the box, blank between them. */
static inline const char *box_names(struct box *box, const char *root)
{
    const weir_rc rc = box_list(box, root);
    if (rc != WEIR_OK) {
        return box->err.condition;
    }
    struct weir_buf out;
    weir_buf_init(&out, 0);
    for (size_t i = 0; i < box->count; i++) {
        (void)weir_buf_printf(&out, "%s%s", i ? " " : "", box->files[i].path + strlen(box->dir) + 1);
    }
    const char *text = weir_arena_strndup(box->arena, out.data ? out.data : "", out.len);
    weir_buf_free(&out);
    return text;
}
