/* test_util.h - what unit tests of every room need: cmocka, data files, the shared reference data, a scratch folder.
 *
 * Include it first. A test program with a main of its own and no other helper needs nothing else. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/uri.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Heap: a file or folder below tests/data. */
static inline char *test_data_path(const char *name)
{
    return weir_path_join(WEIR_SOURCE_DIR "/tests/data", name);
}

/* Heap: a file or folder of the shared reference data (WEIR_SHARED, else beside the checkout); NULL if it is not there. */
static inline char *test_shared_path(const char *name)
{
    const char *root = getenv("WEIR_SHARED");
    char *path = weir_path_join(root && *root ? root : WEIR_SOURCE_DIR "/../shared", name);
    struct stat info;
    if (stat(path, &info) == 0) {
        return path;
    }
    weir_free(path);
    return NULL;
}

/* In a test: `char *path = TEST_SHARED("conformance/text");` skips the test when the data is not there. */
#define TEST_SHARED(name) test_shared_or_skip(name)
static inline char *test_shared_or_skip(const char *name)
{
    char *path = test_shared_path(name);
    if (!path) {
        print_message("skipped: shared data not there\n");
        skip();
    }
    return path;
}

/* Heap: the whole file, NUL-terminated; fails the test if it cannot be read. len_out may be NULL. */
static inline char *test_read_file(const char *path, size_t *len_out)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        fail_msg("cannot open %s", path);
    }
    struct weir_buf buf;
    weir_buf_init(&buf, 0);
    size_t got;
    do {
        char *room = weir_buf_reserve(&buf, 65536);
        assert_non_null(room);
        got = fread(room, 1, 65536, file);
        buf.len += got;
    } while (got > 0);
    fclose(file);
    weir_buf_add_str(&buf, "");
    if (len_out) {
        *len_out = buf.len;
    }
    return weir_buf_take(&buf);
}

static inline void test_write_file(const char *path, const void *bytes, size_t len)
{
    FILE *file = fopen(path, "wb");
    if (!file) {
        fail_msg("cannot create %s", path);
    }
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

/* Heap: a new empty folder under TMPDIR. Remove it with test_remove_folder, which also frees the path. */
static inline char *test_make_folder(void)
{
    const char *root = getenv("TMPDIR");
    char *path = weir_path_join(root && *root ? root : "/tmp", "weir-test-XXXXXX");
    if (!mkdtemp(path)) {
        fail_msg("cannot create %s", path);
    }
    return path;
}

static inline int test_remove_entry(const char *path, const struct stat *info, int kind, struct FTW *ftw)
{
    (void)info;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static inline void test_remove_folder(char *path)
{
    nftw(path, test_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    weir_free(path);
}

/* Walks the lines of a text in place: for (char *at = text, *line; (line = test_next_line(&at)); ). Lines that begin with
 * '#' are left out. */
static inline char *test_next_line(char **at)
{
    while (**at) {
        char *line = *at;
        const size_t len = strcspn(line, "\n");
        *at = line + len + (line[len] == '\n');
        line[len] = '\0';
        if (line[0] != '#') {
            return line;
        }
    }
    return NULL;
}
