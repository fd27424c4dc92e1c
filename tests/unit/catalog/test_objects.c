/* Create, get, list, drop, update; reopening; names. */
#include "catalog_test.h"

static void test_first_open_has_workspace(void **state)
{
    (void)state;
    struct lake *lake = lake_new();
    struct weir_object o;
    assert_int_equal(lake_get(lake, WEIR_OBJ_CATALOG, NULL, "workspace", &o), WEIR_OK);
    assert_int_equal(lake_get(lake, WEIR_OBJ_SCHEMA, NULL, "DEFAULT", &o), WEIR_OK);
    assert_string_equal(o.full_name, "workspace.default");
    assert_int_equal(strlen(o.id), 36);
    assert_string_equal(weir_catalog_root(lake->catalog), lake->root);
    lake_free(lake);
}

static void test_no_lakehouse(void **state)
{
    (void)state;
    struct lake *lake = lake_new();
    weir_catalog *other;
    assert_fails(lake, weir_catalog_open(weir_fs_posix(), lake->dir, false, &other, &lake->err), WEIR_NOT_FOUND,
                 "LAKEHOUSE_NOT_FOUND");
    assert_null(other);
    lake_free(lake);
}

static void test_table_life(void **state)
{
    (void)state;
    struct lake *lake = lake_new();
    struct weir_object o = {.kind = WEIR_OBJ_TABLE, .catalog = "Workspace", .schema = "Default", .name = "Events",
                            .format = "DELTA", .comment = "it's \"one\"", .definition = "SELECT 1"};
    o.properties = weir_options_new();
    weir_options_set(o.properties, "k", "v\n\xc3\xa9");
    assert_int_equal(lake_create(lake, &o), WEIR_OK);
    weir_options_free(o.properties);
    assert_string_equal(o.full_name, "workspace.default.events");
    assert_true(o.managed);
    char *prefix = weir_asprintf("%s/tables/workspace/default/events-", lake->root);
    assert_true(weir_str_starts(weir_str(o.location), prefix));
    assert_int_equal(strlen(o.location), strlen(prefix) + 8);
    weir_free(prefix);
    const char *location = o.location;

    lake_reopen(lake);
    struct weir_object got;
    assert_int_equal(lake_get(lake, WEIR_OBJ_TABLE, "DEFAULT", "EVENTS", &got), WEIR_OK);
    assert_string_equal(got.location, location);
    assert_string_equal(got.format, "delta");
    assert_string_equal(got.comment, "it's \"one\"");
    assert_string_equal(got.definition, "SELECT 1");
    assert_string_equal(weir_options_get(got.properties, "K"), "v\n\xc3\xa9");
    assert_null(got.options);
    weir_object_free_options(&got);

    struct weir_object change = {.kind = WEIR_OBJ_TABLE, .catalog = "workspace", .schema = "default", .name = "events",
                                 .definition = "SELECT 2"};
    assert_int_equal(weir_catalog_update(lake->catalog, &change, &lake->err), WEIR_OK);
    assert_int_equal(lake_get(lake, WEIR_OBJ_TABLE, "default", "events", &got), WEIR_OK);
    assert_string_equal(got.definition, "SELECT 2");
    assert_string_equal(got.comment, "it's \"one\"");
    assert_non_null(got.properties);
    weir_object_free_options(&got);

    struct weir_object *dropped;
    size_t count;
    assert_int_equal(weir_catalog_drop(lake->catalog, lake->arena, WEIR_OBJ_TABLE, "workspace", "default", "events", false,
                                       &dropped, &count, &lake->err),
                     WEIR_OK);
    assert_int_equal(count, 1);
    assert_string_equal(dropped[0].location, location);
    weir_object_free_options(&dropped[0]);
    assert_fails(lake, lake_get(lake, WEIR_OBJ_TABLE, "default", "events", &got), WEIR_NOT_FOUND, "TABLE_NOT_FOUND");
    assert_fails(lake, weir_catalog_update(lake->catalog, &change, &lake->err), WEIR_NOT_FOUND, "TABLE_NOT_FOUND");
    lake_free(lake);
}

static void test_text_table_keeps_schema_and_options(void **state)
{
    (void)state;
    struct lake *lake = lake_new();
    assert_int_equal(lake_location(lake, "landing", lake_folder(lake, "landing")), WEIR_OK);
    struct weir_object o = {.kind = WEIR_OBJ_TABLE, .catalog = "workspace", .schema = "default", .name = "raw",
                            .format = "csv", .columns_ddl = "a INT,b STRING", .table_kind = WEIR_TABLE_EXTERNAL,
                            .location = lake_path(lake, "landing")};
    o.options = weir_options_new();
    weir_options_set(o.options, "timestampFormat", "yyyy-MM-dd HH:mm:ss z");
    weir_options_set(o.options, "header", "true");
    assert_int_equal(lake_create(lake, &o), WEIR_OK);
    weir_options_free(o.options);
    struct weir_object got;
    assert_int_equal(lake_get(lake, WEIR_OBJ_TABLE, "default", "raw", &got), WEIR_OK);
    assert_false(got.managed);
    assert_int_equal(got.table_kind, WEIR_TABLE_EXTERNAL);
    assert_string_equal(got.columns_ddl, "a INT,b STRING");
    assert_int_equal(weir_options_count(got.options), 2);
    assert_string_equal(weir_options_get(got.options, "HEADER"), "true");
    weir_object_free_options(&got);
    lake_free(lake);
}

static void test_taken_and_missing(void **state)
{
    (void)state;
    struct lake *lake = lake_new();
    struct weir_object o = {.kind = WEIR_OBJ_SCHEMA, .catalog = "workspace", .name = "DEFAULT"};
    assert_fails(lake, lake_create(lake, &o), WEIR_EXISTS, "SCHEMA_ALREADY_EXISTS");
    assert_null(o.id); /* as it was */
    o = (struct weir_object){.kind = WEIR_OBJ_CATALOG, .name = "workspace"};
    assert_fails(lake, lake_create(lake, &o), WEIR_EXISTS, "CATALOG_ALREADY_EXISTS");
    assert_int_equal(lake_table(lake, "default", "users", "delta", NULL), WEIR_OK);
    assert_fails(lake, lake_table(lake, "default", "Users", "delta", NULL), WEIR_EXISTS, "TABLE_ALREADY_EXISTS");
    assert_int_equal(lake_volume(lake, "users", NULL), WEIR_OK); /* a volume may have a table's name */
    assert_fails(lake, lake_volume(lake, "users", NULL), WEIR_EXISTS, "VOLUME_ALREADY_EXISTS");

    assert_fails(lake, lake_table(lake, "defualt", "x", "delta", NULL), WEIR_NOT_FOUND, "SCHEMA_NOT_FOUND");
    assert_non_null(strstr(lake->err.msg, "did you mean workspace.default?"));
    struct weir_object got;
    assert_fails(lake, lake_get(lake, WEIR_OBJ_TABLE, "default", "usrs", &got), WEIR_NOT_FOUND, "TABLE_NOT_FOUND");
    assert_non_null(strstr(lake->err.msg, "did you mean workspace.default.users?"));
    assert_fails(lake, lake_get(lake, WEIR_OBJ_TABLE, "default", "zzzzzz", &got), WEIR_NOT_FOUND, "TABLE_NOT_FOUND");
    assert_null(strstr(lake->err.msg, "did you mean"));
    assert_fails(lake,
                 weir_catalog_get(lake->catalog, lake->arena, WEIR_OBJ_TABLE, "workspcae", "default", "users", &got, &lake->err),
                 WEIR_NOT_FOUND, "CATALOG_NOT_FOUND");
    assert_non_null(strstr(lake->err.msg, "did you mean workspace?"));
    assert_fails(lake, lake_get(lake, WEIR_OBJ_VOLUME, "default", "nope", &got), WEIR_NOT_FOUND, "VOLUME_NOT_FOUND");
    assert_fails(lake, lake_get(lake, WEIR_OBJ_LOCATION, NULL, "nope", &got), WEIR_NOT_FOUND,
                 "EXTERNAL_LOCATION_NOT_FOUND");

    o = (struct weir_object){.kind = WEIR_OBJ_SCHEMA, .catalog = "workspace", .name = "other"};
    assert_int_equal(lake_create(lake, &o), WEIR_OK);
    assert_fails(lake, lake_get(lake, WEIR_OBJ_TABLE, "other", "users", &got), WEIR_NOT_FOUND, "TABLE_NOT_FOUND");
    assert_non_null(strstr(lake->err.msg, "did you mean workspace.default.users?"));
    lake_free(lake);
}

static void test_names(void **state)
{
    (void)state;
    char longest[257];
    memset(longest, 'a', sizeof longest);
    longest[255] = '\0';
    assert_true(weir_catalog_name_valid(longest));
    longest[255] = 'a';
    longest[256] = '\0';
    assert_false(weir_catalog_name_valid(longest));
    static const char *const bad[] = {"", "a.b", "a b", "a/b", "a\tb", "\xc3\xa9", "a'b", "..", "a`"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(weir_catalog_name_valid(bad[i]));
    }
    static const char *const good[] = {"a", "A_1", "user@x", "a-b", "2024", "-", "_"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(weir_catalog_name_valid(good[i]));
    }
    struct lake *lake = lake_new();
    assert_fails(lake, lake_table(lake, "default", "a.b", "delta", NULL), WEIR_INVALID, "NAME_INVALID");
    assert_fails(lake, lake_table(lake, "default", longest, "delta", NULL), WEIR_INVALID, "NAME_INVALID");
    struct weir_object o = {.kind = WEIR_OBJ_SCHEMA, .catalog = "workspace", .name = "Information_Schema"};
    assert_fails(lake, lake_create(lake, &o), WEIR_INVALID, "NAME_RESERVED");
    lake_free(lake);
}

static size_t count_like(struct lake *lake, const char *like)
{
    struct weir_object *objects;
    size_t count;
    assert_int_equal(weir_catalog_list(lake->catalog, lake->arena, WEIR_OBJ_TABLE, "workspace", "default", like, &objects,
                                       &count, &lake->err),
                     WEIR_OK);
    for (size_t i = 1; i < count; i++) {
        assert_true(strcmp(objects[i - 1].name, objects[i].name) < 0);
    }
    return count;
}

static void test_list(void **state)
{
    (void)state;
    struct lake *lake = lake_new();
    static const char *const names[] = {"orders", "users", "user_features", "aa", "order_items"};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(lake_table(lake, "default", names[i], "delta", NULL), WEIR_OK);
    }
    assert_int_equal(count_like(lake, NULL), 5);
    assert_int_equal(count_like(lake, "*"), 5);
    assert_int_equal(count_like(lake, "user*"), 2);
    assert_int_equal(count_like(lake, "USERS"), 1);
    assert_int_equal(count_like(lake, "*s"), 4);
    assert_int_equal(count_like(lake, "aa | order*"), 3);
    assert_int_equal(count_like(lake, "user"), 0);
    assert_int_equal(count_like(lake, "*e*r*s"), 4);
    assert_int_equal(count_like(lake, ""), 0);
    struct weir_object *objects;
    size_t count;
    assert_fails(lake,
                 weir_catalog_list(lake->catalog, lake->arena, WEIR_OBJ_TABLE, "workspace", "nope", NULL, &objects, &count,
                                   &lake->err),
                 WEIR_NOT_FOUND, "SCHEMA_NOT_FOUND");
    assert_int_equal(weir_catalog_list(lake->catalog, lake->arena, WEIR_OBJ_SCHEMA, NULL, NULL, NULL, &objects, &count,
                                       &lake->err),
                     WEIR_OK);
    assert_int_equal(count, 1);
    lake_free(lake);
}

static void test_cascade(void **state)
{
    (void)state;
    struct lake *lake = lake_new();
    struct weir_object o = {.kind = WEIR_OBJ_CATALOG, .name = "dev"};
    assert_int_equal(lake_create(lake, &o), WEIR_OK);
    o = (struct weir_object){.kind = WEIR_OBJ_SCHEMA, .catalog = "dev", .name = "a"};
    assert_int_equal(lake_create(lake, &o), WEIR_OK);
    assert_int_equal(lake_location(lake, "ext", lake_folder(lake, "ext")), WEIR_OK);
    o = (struct weir_object){.kind = WEIR_OBJ_TABLE, .catalog = "dev", .schema = "a", .name = "e", .format = "csv",
                             .table_kind = WEIR_TABLE_EXTERNAL, .location = lake_path(lake, "ext")};
    assert_int_equal(lake_create(lake, &o), WEIR_OK);
    o = (struct weir_object){.kind = WEIR_OBJ_TABLE, .catalog = "dev", .schema = "a", .name = "t"};
    assert_int_equal(lake_create(lake, &o), WEIR_OK);
    o = (struct weir_object){.kind = WEIR_OBJ_VOLUME, .catalog = "dev", .schema = "a", .name = "v"};
    assert_int_equal(lake_create(lake, &o), WEIR_OK);
    assert_true(weir_fs_exists(weir_fs_posix(), o.location));

    struct weir_object *dropped;
    size_t count;
    assert_fails(lake,
                 weir_catalog_drop(lake->catalog, lake->arena, WEIR_OBJ_SCHEMA, "dev", NULL, "a", false, &dropped, &count,
                                   &lake->err),
                 WEIR_INVALID, "SCHEMA_NOT_EMPTY");
    assert_fails(lake,
                 weir_catalog_drop(lake->catalog, lake->arena, WEIR_OBJ_CATALOG, NULL, NULL, "dev", false, &dropped, &count,
                                   &lake->err),
                 WEIR_INVALID, "CATALOG_NOT_EMPTY");
    assert_int_equal(weir_catalog_drop(lake->catalog, lake->arena, WEIR_OBJ_CATALOG, NULL, NULL, "dev", true, &dropped,
                                       &count, &lake->err),
                     WEIR_OK);
    assert_int_equal(count, 5);
    assert_true(dropped[0].managed && dropped[1].managed);
    assert_string_equal(dropped[0].full_name, "dev.a.t");
    assert_string_equal(dropped[1].full_name, "dev.a.v");
    assert_string_equal(dropped[2].full_name, "dev.a.e");
    assert_int_equal(dropped[4].kind, WEIR_OBJ_CATALOG);
    for (size_t i = 0; i < count; i++) {
        weir_object_free_options(&dropped[i]);
    }
    struct weir_object got;
    assert_fails(lake, weir_catalog_get(lake->catalog, lake->arena, WEIR_OBJ_SCHEMA, "dev", NULL, "a", &got, &lake->err),
                 WEIR_NOT_FOUND, "CATALOG_NOT_FOUND");
    lake_free(lake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_open_has_workspace), cmocka_unit_test(test_no_lakehouse),
        cmocka_unit_test(test_table_life),               cmocka_unit_test(test_text_table_keeps_schema_and_options),
        cmocka_unit_test(test_taken_and_missing),        cmocka_unit_test(test_names),
        cmocka_unit_test(test_list),                     cmocka_unit_test(test_cascade),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
