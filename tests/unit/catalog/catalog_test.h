/* catalog_test.h - a lakehouse in a folder of its own for each test. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/uri.h"
#include "catalog/catalog.h"

struct lake {
    char *dir;  /* temporary, real path */
    char *root; /* dir/lake */
    weir_catalog *catalog;
    weir_arena *arena;
    struct weir_error err;
};

static inline struct lake *lake_new(void)
{
    struct lake *lake = weir_calloc(1, sizeof *lake);
    const char *tmp = getenv("TMPDIR");
    char *name = weir_asprintf("%s/weir-catalog-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(name));
    assert_int_equal(weir_fs_realpath(weir_fs_posix(), name, &lake->dir, NULL), WEIR_OK);
    weir_free(name);
    lake->root = weir_path_join(lake->dir, "lake");
    lake->arena = weir_arena_new();
    assert_int_equal(weir_catalog_open(weir_fs_posix(), lake->root, true, &lake->catalog, &lake->err), WEIR_OK);
    return lake;
}

static inline void lake_free(struct lake *lake)
{
    weir_catalog_close(lake->catalog);
    assert_int_equal(weir_fs_remove_tree(weir_fs_posix(), lake->dir, NULL), WEIR_OK);
    weir_arena_free(lake->arena);
    weir_free(lake->root);
    weir_free(lake->dir);
    weir_free(lake);
}

static inline void lake_reopen(struct lake *lake)
{
    weir_catalog_close(lake->catalog);
    assert_int_equal(weir_catalog_open(weir_fs_posix(), lake->root, false, &lake->catalog, &lake->err), WEIR_OK);
}

/* dir/name, in the arena. */
static inline const char *lake_path(struct lake *lake, const char *name)
{
    return weir_arena_printf(lake->arena, "%s/%s", lake->dir, name);
}

static inline const char *lake_folder(struct lake *lake, const char *name)
{
    const char *path = lake_path(lake, name);
    assert_int_equal(weir_fs_mkdirs(weir_fs_posix(), path, NULL), WEIR_OK);
    return path;
}

static inline weir_rc lake_create(struct lake *lake, struct weir_object *object)
{
    weir_error_clear(&lake->err);
    return weir_catalog_create(lake->catalog, lake->arena, object, &lake->err);
}

static inline weir_rc lake_table(struct lake *lake, const char *s, const char *t, const char *format, const char *location)
{
    struct weir_object table = {.kind = WEIR_OBJ_TABLE, .catalog = "workspace", .schema = s, .name = t, .format = format,
                                .location = location,
                                .table_kind = location ? WEIR_TABLE_EXTERNAL : WEIR_TABLE_MANAGED};
    return lake_create(lake, &table);
}

static inline weir_rc lake_volume(struct lake *lake, const char *v, const char *location)
{
    struct weir_object volume = {.kind = WEIR_OBJ_VOLUME, .catalog = "workspace", .schema = "default", .name = v,
                                 .location = location};
    return lake_create(lake, &volume);
}

static inline weir_rc lake_location(struct lake *lake, const char *name, const char *location)
{
    struct weir_object o = {.kind = WEIR_OBJ_LOCATION, .name = name, .location = location};
    return lake_create(lake, &o);
}

static inline weir_rc lake_get(struct lake *lake, enum weir_object_kind kind, const char *s, const char *name,
                               struct weir_object *out)
{
    weir_error_clear(&lake->err);
    return weir_catalog_get(lake->catalog, lake->arena, kind, "workspace", s, name, out, &lake->err);
}

#define assert_fails(lake, call, rc_, condition_)                                                  \
    do {                                                                                           \
        assert_int_equal((call), (rc_));                                                           \
        assert_string_equal((lake)->err.condition, (condition_));                                  \
    } while (0)
