/* Registered storage: /Volumes, external locations, "..", symbolic links, overlaps. */
#include "catalog_test.h"

static void write_file(const char *path)
{
    weir_file *file;
    assert_int_equal(weir_file_open(weir_fs_posix(), path, WEIR_OPEN_WRITE | WEIR_OPEN_CREATE, &file, NULL), WEIR_OK);
    assert_int_equal(weir_file_close(file, NULL), WEIR_OK);
}

static weir_rc resolve(struct lake *lake, const char *path, char **out)
{
    weir_error_clear(&lake->err);
    return weir_catalog_resolve_path(lake->catalog, path, out, NULL, NULL, &lake->err);
}

static void assert_resolves(struct lake *lake, const char *path, const char *expected)
{
    char *local;
    if (resolve(lake, path, &local) != WEIR_OK) {
        fail_msg("%s: %s", path, lake->err.msg);
    }
    assert_string_equal(local, expected);
    weir_free(local);
}

static void assert_refused(struct lake *lake, const char *path, const char *condition)
{
    char *local;
    assert_int_not_equal(resolve(lake, path, &local), WEIR_OK);
    assert_string_equal(lake->err.condition, condition);
    assert_null(local);
}

static void test_volume_paths(void **state)
{
    (void)state;
    struct lake *lake = lake_new();
    assert_int_equal(lake_volume(lake, "v", NULL), WEIR_OK);
    const char *v = lake_path(lake, "lake/volumes/workspace/default/v");
    assert_true(weir_fs_exists(weir_fs_posix(), v));
    assert_resolves(lake, "/Volumes/workspace/default/v", v);
    assert_resolves(lake, "/Volumes/Workspace/DEFAULT/V/", v);
    assert_resolves(lake, "dbfs:/Volumes/workspace/default/v", v);
    assert_resolves(lake, "/Volumes/workspace/default/v/a/./b/../c", weir_arena_printf(lake->arena, "%s/a/c", v));
    assert_resolves(lake, "/Volumes/workspace/default/v/a/../*.csv", weir_arena_printf(lake->arena, "%s/*.csv", v));
    assert_resolves(lake, weir_arena_printf(lake->arena, "file://%s/x", v), weir_arena_printf(lake->arena, "%s/x", v));
    assert_resolves(lake, weir_arena_printf(lake->arena, "file:%s/x", v), weir_arena_printf(lake->arena, "%s/x", v));
    assert_refused(lake, "/Volumes/workspace/default/v/..", "PATH_LEAVES_VOLUME");
    assert_refused(lake, "/Volumes/workspace/default/v/../v/x", "PATH_LEAVES_VOLUME");
    assert_refused(lake, "/Volumes/workspace/default/v/a/../../w", "PATH_LEAVES_VOLUME");
    assert_refused(lake, "/Volumes/workspace/default/w/x", "VOLUME_NOT_FOUND");
    assert_refused(lake, "/Volumes/workspace/nope/v/x", "SCHEMA_NOT_FOUND");
    assert_refused(lake, "/Volumes/workspace/default", "VOLUME_PATH_INCOMPLETE");
    assert_refused(lake, "/Volumes", "VOLUME_PATH_INCOMPLETE");
    assert_refused(lake, "/Volumes/workspace/default/../x", "NAME_INVALID");
    assert_refused(lake, "/Volumesx/workspace/default/v", "PATH_NOT_REGISTERED");
    assert_refused(lake, "s3://bucket/x", "PATH_SCHEME_UNSUPPORTED");
    assert_refused(lake, "file://host/x", "PATH_SCHEME_UNSUPPORTED");
    assert_refused(lake, "", "PATH_EMPTY");
    assert_refused(lake, weir_arena_printf(lake->arena, "%s/../secret", v), "PATH_NOT_REGISTERED");

    char *shown = weir_catalog_display_path(lake->catalog, weir_arena_printf(lake->arena, "%s/a b/c", v));
    assert_string_equal(shown, "/Volumes/workspace/default/v/a b/c");
    weir_free(shown);
    shown = weir_catalog_display_path(lake->catalog, "/etc/x");
    assert_string_equal(shown, "/etc/x");
    weir_free(shown);
    lake_free(lake);
}

static void test_registered_places(void **state)
{
    (void)state;
    struct lake *lake = lake_new();
    const char *in = lake_folder(lake, "data/in");
    write_file(lake_path(lake, "data/in/a.csv"));
    assert_refused(lake, lake_path(lake, "data/in/a.csv"), "PATH_NOT_REGISTERED");
    char *advice = weir_asprintf("weir external-locations create <name> '%s'", in);
    assert_non_null(strstr(lake->err.msg, advice));
    assert_refused(lake, lake_path(lake, "data/in/*.csv"), "PATH_NOT_REGISTERED");
    assert_non_null(strstr(lake->err.msg, advice));
    weir_free(advice);
    assert_int_equal(lake_location(lake, "data", lake_path(lake, "data/")), WEIR_OK);
    assert_resolves(lake, lake_path(lake, "data/in/a.csv"), lake_path(lake, "data/in/a.csv"));
    assert_resolves(lake, lake_path(lake, "data/not/yet"), lake_path(lake, "data/not/yet"));
    assert_resolves(lake, lake_path(lake, "data/in/{a,b}*.csv"), lake_path(lake, "data/in/{a,b}*.csv"));
    assert_refused(lake, lake_path(lake, "database"), "PATH_NOT_REGISTERED");
    assert_refused(lake, lake_path(lake, "data/../database"), "PATH_NOT_REGISTERED");

    char *local;
    struct weir_object owner;
    assert_int_equal(weir_catalog_resolve_path(lake->catalog, in, &local, &owner, lake->arena, &lake->err), WEIR_OK);
    assert_int_equal(owner.kind, WEIR_OBJ_LOCATION);
    assert_string_equal(owner.name, "data");
    weir_object_free_options(&owner);
    weir_free(local);

    /* A managed table's folder, but not the rest of the root. */
    assert_int_equal(lake_table(lake, "default", "t", "delta", NULL), WEIR_OK);
    struct weir_object table;
    assert_int_equal(lake_get(lake, WEIR_OBJ_TABLE, "default", "t", &table), WEIR_OK);
    assert_resolves(lake, table.location, table.location);
    assert_refused(lake, lake_path(lake, "lake/catalog.db"), "PATH_NOT_REGISTERED");
    assert_refused(lake, lake->root, "PATH_NOT_REGISTERED");
    weir_object_free_options(&table);
    lake_free(lake);
}

static void test_relative_paths(void **state)
{
    (void)state;
    struct lake *lake = lake_new();
    lake_folder(lake, "data/in");
    char *before = weir_path_absolute(NULL, ".");
    assert_int_equal(chdir(lake->dir), 0);
    assert_int_equal(lake_location(lake, "data", "data"), WEIR_OK);
    assert_resolves(lake, "data/in", lake_path(lake, "data/in"));
    assert_resolves(lake, "./x/../data/a:b.csv", lake_path(lake, "data/a:b.csv"));
    assert_int_equal(chdir(before), 0);
    weir_free(before);
    lake_free(lake);
}

static void test_links(void **state)
{
    (void)state;
    struct lake *lake = lake_new();
    assert_int_equal(lake_volume(lake, "v", NULL), WEIR_OK);
    const char *v = lake_path(lake, "lake/volumes/workspace/default/v");
    const char *out = lake_folder(lake, "outside");
    write_file(lake_path(lake, "outside/secret.csv"));
    lake_folder(lake, "lake/volumes/workspace/default/v/inside");
    assert_int_equal(symlink(out, weir_arena_printf(lake->arena, "%s/link", v)), 0);
    assert_int_equal(symlink("inside", weir_arena_printf(lake->arena, "%s/good", v)), 0);
    assert_int_equal(symlink("/nowhere/at/all", weir_arena_printf(lake->arena, "%s/dangling", v)), 0);
    assert_int_equal(symlink("../../..", weir_arena_printf(lake->arena, "%s/up", v)), 0);
    assert_resolves(lake, "/Volumes/workspace/default/v/good/x", weir_arena_printf(lake->arena, "%s/good/x", v));
    assert_refused(lake, "/Volumes/workspace/default/v/link", "PATH_LEAVES_VOLUME");
    assert_refused(lake, "/Volumes/workspace/default/v/link/secret.csv", "PATH_LEAVES_VOLUME");
    assert_refused(lake, "/Volumes/workspace/default/v/link/new/file", "PATH_LEAVES_VOLUME");
    assert_refused(lake, "/Volumes/workspace/default/v/link/*.csv", "PATH_LEAVES_VOLUME");
    assert_refused(lake, "/Volumes/workspace/default/v/dangling", "PATH_LEAVES_VOLUME");
    assert_refused(lake, "/Volumes/workspace/default/v/up/x", "PATH_LEAVES_VOLUME");
    /* Even when the other place is registered: the path must be its own. */
    assert_int_equal(lake_location(lake, "outside", out), WEIR_OK);
    assert_refused(lake, "/Volumes/workspace/default/v/link", "PATH_LEAVES_VOLUME");
    /* A registered folder by another spelling is the same folder. */
    assert_int_equal(symlink(out, lake_path(lake, "alias")), 0);
    assert_resolves(lake, lake_path(lake, "alias/secret.csv"), lake_path(lake, "alias/secret.csv"));
    /* A link from a registered folder into the lakehouse itself. */
    assert_int_equal(symlink(lake->root, lake_path(lake, "outside/lake")), 0);
    assert_refused(lake, lake_path(lake, "outside/lake/catalog.db"), "PATH_LEAVES_VOLUME");
    lake_free(lake);
}

static void test_external_location_rules(void **state)
{
    (void)state;
    struct lake *lake = lake_new();
    assert_fails(lake, lake_location(lake, "x", "/"), WEIR_INVALID, "LOCATION_INVALID");
    assert_fails(lake, lake_location(lake, "x", "file:///"), WEIR_INVALID, "LOCATION_INVALID");
    assert_fails(lake, lake_location(lake, "x", "/tmp/../.."), WEIR_INVALID, "LOCATION_INVALID");
    assert_fails(lake, lake_location(lake, "x", lake->root), WEIR_INVALID, "LOCATION_INVALID");
    assert_fails(lake, lake_location(lake, "x", lake_path(lake, "lake/tables")), WEIR_INVALID, "LOCATION_INVALID");
    assert_int_equal(symlink(lake->root, lake_path(lake, "alias")), 0);
    assert_fails(lake, lake_location(lake, "x", lake_path(lake, "alias/volumes")), WEIR_INVALID, "LOCATION_INVALID");
    assert_fails(lake, lake_location(lake, "x", lake_path(lake, "a*")), WEIR_INVALID, "LOCATION_INVALID");
    assert_fails(lake, lake_location(lake, "x", NULL), WEIR_INVALID, "LOCATION_MISSING");
    assert_fails(lake, lake_location(lake, "x", "s3://b/x"), WEIR_UNSUPPORTED, "PATH_SCHEME_UNSUPPORTED");

    /* The folder that holds the lakehouse may be registered; the lakehouse inside it stays closed. */
    assert_int_equal(lake_location(lake, "project", weir_arena_printf(lake->arena, "file://%s", lake->dir)), WEIR_OK);
    struct weir_object o;
    assert_int_equal(lake_get(lake, WEIR_OBJ_LOCATION, NULL, "project", &o), WEIR_OK);
    assert_string_equal(o.location, lake->dir);
    assert_resolves(lake, lake_path(lake, "landing/x"), lake_path(lake, "landing/x"));
    assert_refused(lake, lake_path(lake, "lake/catalog.db"), "PATH_NOT_REGISTERED");
    assert_refused(lake, lake_path(lake, "lake/tables/x"), "PATH_NOT_REGISTERED");
    assert_refused(lake, lake_path(lake, "alias/catalog.db"), "PATH_LEAVES_VOLUME");
    assert_fails(lake, lake_location(lake, "again", lake->dir), WEIR_INVALID, "LOCATION_OVERLAP");
    assert_int_equal(lake_location(lake, "deeper", lake_path(lake, "landing")), WEIR_OK);
    assert_fails(lake, lake_location(lake, "deeper", lake_path(lake, "landing2")), WEIR_EXISTS,
                 "EXTERNAL_LOCATION_ALREADY_EXISTS");
    lake_free(lake);
}

static void test_volume_and_table_rules(void **state)
{
    (void)state;
    struct lake *lake = lake_new();
    assert_fails(lake, lake_volume(lake, "v", lake_path(lake, "data/v")), WEIR_DENIED, "PATH_NOT_REGISTERED");
    assert_fails(lake, lake_table(lake, "default", "t", "delta", lake_path(lake, "data/t")), WEIR_DENIED,
                 "PATH_NOT_REGISTERED");
    assert_int_equal(lake_location(lake, "data", lake_path(lake, "data")), WEIR_OK);
    assert_int_equal(lake_volume(lake, "v", lake_path(lake, "data/v")), WEIR_OK);
    assert_fails(lake, lake_volume(lake, "w", lake_path(lake, "data/v")), WEIR_INVALID, "LOCATION_OVERLAP");
    assert_fails(lake, lake_volume(lake, "w", lake_path(lake, "data/v/w")), WEIR_INVALID, "LOCATION_OVERLAP");
    assert_fails(lake, lake_volume(lake, "w", lake_path(lake, "data")), WEIR_INVALID, "LOCATION_OVERLAP");
    assert_int_equal(lake_volume(lake, "w", lake_path(lake, "data/v2")), WEIR_OK); /* no prefix by components */

    assert_int_equal(lake_table(lake, "default", "t", "delta", lake_path(lake, "data/t")), WEIR_OK);
    assert_fails(lake, lake_table(lake, "default", "u", "delta", lake_path(lake, "data/t/")), WEIR_INVALID,
                 "LOCATION_OVERLAP");
    assert_fails(lake, lake_table(lake, "default", "u", "delta", lake_path(lake, "data/t/u")), WEIR_INVALID,
                 "LOCATION_OVERLAP");
    assert_fails(lake, lake_table(lake, "default", "u", "delta", lake_path(lake, "data")), WEIR_INVALID,
                 "LOCATION_OVERLAP");
    assert_fails(lake, lake_table(lake, "default", "u", "csv", lake_path(lake, "data/t/u")), WEIR_INVALID,
                 "LOCATION_OVERLAP");
    assert_fails(lake, lake_volume(lake, "x", lake_path(lake, "data/t/x")), WEIR_INVALID, "LOCATION_OVERLAP");
    assert_int_equal(lake_table(lake, "default", "raw", "csv", lake_path(lake, "data/in")), WEIR_OK);
    assert_int_equal(lake_table(lake, "default", "raw2", "csv", lake_path(lake, "data/in")), WEIR_OK);
    assert_int_equal(lake_table(lake, "default", "raw3", "csv", "/Volumes/workspace/default/v/in"), WEIR_OK);
    struct weir_object raw;
    assert_int_equal(lake_get(lake, WEIR_OBJ_TABLE, "default", "raw3", &raw), WEIR_OK);
    assert_string_equal(raw.location, lake_path(lake, "data/v/in"));
    weir_object_free_options(&raw);
    assert_fails(lake, lake_table(lake, "default", "m", "delta", lake_path(lake, "lake/tables/x")), WEIR_INVALID,
                 "LOCATION_OVERLAP");

    assert_fails(lake,
                 weir_catalog_drop(lake->catalog, lake->arena, WEIR_OBJ_LOCATION, NULL, NULL, "data", false, NULL, NULL,
                                   &lake->err),
                 WEIR_INVALID, "EXTERNAL_LOCATION_IN_USE");
    assert_int_equal(weir_catalog_drop(lake->catalog, lake->arena, WEIR_OBJ_LOCATION, NULL, NULL, "data", true, NULL, NULL,
                                       &lake->err),
                     WEIR_OK);
    lake_free(lake);
}

static void test_new_table_location_is_taken(void **state)
{
    (void)state;
    struct lake *lake = lake_new();
    char *location = weir_catalog_new_table_location(lake->catalog, "Workspace", "default", "T");
    struct weir_object o = {.kind = WEIR_OBJ_TABLE, .catalog = "workspace", .schema = "default", .name = "t",
                            .table_kind = WEIR_TABLE_STREAMING, .location = location};
    assert_int_equal(lake_create(lake, &o), WEIR_OK);
    assert_true(o.managed);
    assert_string_equal(o.location, location);
    weir_free(location);
    lake_free(lake);
}

static void test_moved_lakehouse(void **state)
{
    (void)state;
    struct lake *lake = lake_new();
    assert_int_equal(lake_volume(lake, "v", NULL), WEIR_OK);
    weir_catalog_close(lake->catalog);
    const char *moved = lake_path(lake, "moved");
    assert_int_equal(weir_fs_rename(weir_fs_posix(), lake->root, moved, NULL), WEIR_OK);
    assert_int_equal(weir_catalog_open(weir_fs_posix(), moved, false, &lake->catalog, &lake->err), WEIR_OK);
    assert_resolves(lake, "/Volumes/workspace/default/v", lake_path(lake, "moved/volumes/workspace/default/v"));
    lake_free(lake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_volume_paths),           cmocka_unit_test(test_registered_places),
        cmocka_unit_test(test_relative_paths),         cmocka_unit_test(test_links),
        cmocka_unit_test(test_external_location_rules), cmocka_unit_test(test_volume_and_table_rules),
        cmocka_unit_test(test_new_table_location_is_taken), cmocka_unit_test(test_moved_lakehouse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
