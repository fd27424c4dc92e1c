/* scratch.h - an empty folder for one test, and short ways to put and look at files in it. Include after cmocka's headers. */
#pragma once
#include "os/fs.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline char *scratch_new_in(const char *base)
{
    char *path = weir_asprintf("%s/weir-test-XXXXXX", base);
    assert_non_null(mkdtemp(path));
    return path;
}

static inline char *scratch_new(void)
{
    const char *base = getenv("TMPDIR");
    return scratch_new_in(base && base[0] ? base : "/tmp");
}

/* In memory where there is such a place: for thousands of small trees that nobody needs to be durable. */
static inline char *scratch_new_fast(void)
{
    struct weir_file_info info;
    bool shm = weir_fs_stat(weir_fs_posix(), "/dev/shm", &info, NULL) == WEIR_OK && access("/dev/shm", W_OK | X_OK) == 0;
    return shm ? scratch_new_in("/dev/shm") : scratch_new();
}

static inline void scratch_free(char *path)
{
    assert_int_equal(weir_fs_remove_tree(weir_fs_posix(), path, NULL), WEIR_OK);
    weir_free(path);
}

/* Heap. */
static inline char *scratch_path(const char *folder, const char *name)
{
    return weir_asprintf("%s/%s", folder, name);
}

static inline void scratch_put(const char *folder, const char *name, const char *text)
{
    char *path = scratch_path(folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fputs(text, file) >= 0, 1);
    assert_int_equal(fclose(file), 0);
    weir_free(path);
}

/* Heap; NULL: no such file. */
static inline char *scratch_get(const char *folder, const char *name)
{
    char *path = scratch_path(folder, name);
    struct weir_buf text;
    weir_buf_init(&text, 0);
    weir_rc rc = weir_fs_read_all(weir_fs_posix(), path, (size_t)1 << 28, &text, NULL);
    weir_free(path);
    if (rc == WEIR_NOT_FOUND) {
        weir_buf_free(&text);
        return NULL;
    }
    assert_int_equal(rc, WEIR_OK);
    return weir_buf_take(&text);
}

static inline weir_rc scratch_count_entry(void *arg, const char *name, const struct weir_file_info *info,
                                          struct weir_error *err)
{
    (void)name;
    (void)info;
    (void)err;
    ++*(int *)arg;
    return WEIR_OK;
}

static inline int scratch_count(const char *folder)
{
    int count = 0;
    assert_int_equal(weir_fs_list(weir_fs_posix(), folder, scratch_count_entry, &count, NULL), WEIR_OK);
    return count;
}
