/* newplace.c - the rules for where a new table, volume or external location may lie (places.c has the reasons). */
#include "catalog/catalog_internal.h"
#include "base/uri.h"

static weir_rc fail_overlap(const struct weir_object *o, const char *place, const struct weir_object *other,
                            struct weir_error *err)
{
    return weir_fail(err, WEIR_INVALID, "LOCATION_OVERLAP",
                     "the location of the %s %s overlaps with the %s %s at %s; %s; choose a folder that is not inside it and not "
                     "round it",
                     weiri_kind_word(o->kind), o->full_name, weiri_kind_word(other->kind), other->full_name, other->location,
                     place);
}

static weir_rc refuse_if_found(weir_rc rc, const struct weir_object *o, const char *place, struct weir_object *other,
                               struct weir_error *err)
{
    if (rc == WEIR_OK) {
        rc = fail_overlap(o, place, other, err);
        weir_object_free_options(other);
        return rc;
    }
    return rc == WEIR_END ? WEIR_OK : rc;
}

/* A Delta table at the place or above it: nothing else may begin there. */
static weir_rc refuse_in_delta(weir_catalog *catalog, weir_arena *arena, const struct weir_object *o, const char *place,
                               struct weir_error *err)
{
    struct weir_object other;
    char *at = weir_strdup(place);
    weir_rc rc;
    for (;;) {
        rc = weiri_place_above(catalog, arena, WEIRI_TABLE_AT, at, &other, err);
        if (rc != WEIR_OK || strcmp(other.format, "delta") == 0) {
            rc = refuse_if_found(rc, o, place, &other, err);
            break;
        }
        weir_object_free_options(&other); /* a text table: look further up */
        if (strcmp(other.location, "/") == 0) {
            rc = WEIR_OK;
            break;
        }
        weir_free(at);
        at = weir_path_parent(other.location);
    }
    weir_free(at);
    return rc;
}

static weir_rc refuse_round(weir_catalog *catalog, weir_arena *arena, const struct weir_object *o, const char *place,
                            struct weir_error *err)
{
    struct weir_object other;
    weir_rc rc = weiri_place_below(catalog, arena, WEIRI_TABLE_BELOW, place, &other, err);
    WEIR_TRY(refuse_if_found(rc, o, place, &other, err));
    rc = weiri_place_below(catalog, arena, WEIRI_VOLUME_BELOW, place, &other, err);
    return refuse_if_found(rc, o, place, &other, err);
}

static weir_rc refuse_glob(const struct weir_object *o, const char *place, struct weir_error *err)
{
    if (weir_glob_is(place)) {
        return weir_fail(err, WEIR_INVALID, "LOCATION_INVALID",
                         "the location of a %s is one folder; %s; choose a folder without any of {}[]*?\\ in its path",
                         weiri_kind_word(o->kind), place);
    }
    return WEIR_OK;
}

/* Registered, as any path that is used. */
static weir_rc require_registered(weir_catalog *catalog, weir_arena *arena, const char *given, const char *place,
                                  struct weir_error *err)
{
    struct weir_object owner = {0};
    WEIR_TRY(weiri_place_check(catalog, arena, given, place, &owner, err));
    weir_object_free_options(&owner);
    return WEIR_OK;
}

static weir_rc new_volume(weir_catalog *catalog, weir_arena *arena, const struct weir_object *o, const char *place,
                          struct weir_error *err)
{
    struct weir_object other;
    WEIR_TRY(refuse_glob(o, place, err));
    WEIR_TRY(require_registered(catalog, arena, o->location, place, err));
    WEIR_TRY(refuse_if_found(weiri_place_above(catalog, arena, WEIRI_VOLUME_AT, place, &other, err), o, place, &other, err));
    WEIR_TRY(refuse_in_delta(catalog, arena, o, place, err));
    return refuse_round(catalog, arena, o, place, err);
}

static weir_rc new_table(weir_catalog *catalog, weir_arena *arena, struct weir_object *o, const char *place,
                         struct weir_error *err)
{
    char *managed = weir_path_join(catalog->root, "tables");
    const bool is_managed = weir_path_is_within(place, managed);
    weir_free(managed);
    const bool delta = strcmp(o->format, "delta") == 0;
    if (is_managed && o->table_kind == WEIR_TABLE_EXTERNAL) {
        return weir_fail(err, WEIR_INVALID, "LOCATION_OVERLAP",
                         "the folder belongs to the managed tables of the lakehouse; %s; leave LOCATION out, or choose a folder "
                         "outside the lakehouse",
                         place);
    }
    o->managed = is_managed;
    if (!is_managed) {
        WEIR_TRY(require_registered(catalog, arena, o->location, place, err));
    }
    WEIR_TRY(refuse_in_delta(catalog, arena, o, place, err));
    if (!delta) {
        return WEIR_OK;
    }
    WEIR_TRY(refuse_glob(o, place, err));
    return refuse_round(catalog, arena, o, place, err);
}

static weir_rc fail_location(const struct weir_object *o, const char *place, const char *why, struct weir_error *err)
{
    return weir_fail(err, WEIR_INVALID, "LOCATION_INVALID", "the external location %s %s; %s; choose another folder", o->name,
                     why, place);
}

static weir_rc new_location(weir_catalog *catalog, weir_arena *arena, const struct weir_object *o, const char *place,
                            struct weir_error *err)
{
    struct weir_object other;
    char *real = NULL;
    char *real_root = NULL;
    WEIR_TRY(refuse_glob(o, place, err));
    weir_rc rc = weiri_place_real(catalog, place, &real, err);
    rc = rc == WEIR_OK ? weiri_place_real(catalog, catalog->root, &real_root, err) : rc;
    if (rc == WEIR_OK && (strcmp(place, "/") == 0 || strcmp(real, "/") == 0)) {
        rc = fail_location(o, place, "would be the whole machine", err);
    } else if (rc == WEIR_OK &&
               (weir_path_is_within(place, catalog->root) || weir_path_is_within(real, real_root))) {
        rc = fail_location(o, place, "would be the lakehouse's own folder, or lie in it: volumes are for that", err);
    }
    weir_free(real);
    weir_free(real_root);
    WEIR_TRY(rc);
    rc = weiri_place_above(catalog, arena, WEIRI_LOCATION_AT, place, &other, err);
    if (rc == WEIR_OK && strcmp(other.location, place) == 0) {
        return refuse_if_found(rc, o, place, &other, err);
    }
    weir_object_free_options(&other); /* one location inside another is fine: the deeper one is the owner */
    return rc == WEIR_END ? WEIR_OK : rc;
}

static weir_rc new_given(weir_catalog *catalog, weir_arena *arena, struct weir_object *o, struct weir_error *err)
{
    char *place;
    WEIR_TRY(weiri_place_local(catalog, o->location, &place, err));
    weir_rc rc = o->kind == WEIR_OBJ_TABLE    ? new_table(catalog, arena, o, place, err)
                 : o->kind == WEIR_OBJ_VOLUME ? new_volume(catalog, arena, o, place, err)
                                              : new_location(catalog, arena, o, place, err);
    o->location = weir_arena_strdup(arena, place);
    weir_free(place);
    return rc;
}

weir_rc weiri_place_new(weir_catalog *catalog, weir_arena *arena, struct weir_object *o, struct weir_error *err)
{
    if (o->kind == WEIR_OBJ_CATALOG || o->kind == WEIR_OBJ_SCHEMA) {
        o->location = NULL;
        o->managed = false;
        return WEIR_OK;
    }
    o->managed = false;
    if (o->location) {
        return new_given(catalog, arena, o, err);
    }
    if (o->kind == WEIR_OBJ_LOCATION || (o->kind == WEIR_OBJ_TABLE && o->table_kind == WEIR_TABLE_EXTERNAL)) {
        return weir_fail(err, WEIR_INVALID, "LOCATION_MISSING", "an external object needs a location; %s; name its folder",
                         o->full_name);
    }
    o->managed = true;
    if (o->kind == WEIR_OBJ_VOLUME) {
        o->location = weir_arena_printf(arena, "%s/volumes/%s/%s/%s", catalog->root, o->catalog, o->schema, o->name);
    } else {
        char *place = weir_catalog_new_table_location(catalog, o->catalog, o->schema, o->name);
        o->location = weir_arena_strdup(arena, place);
        weir_free(place);
    }
    return WEIR_OK;
}
