/* places.c - where data may lie: paths as users write them, what holds a place, and the rules for new places.
 *
 * 1. A place is registered when a table's folder, a volume or an external location holds it. The deepest one is its owner.
 * 2. Nothing inside the lakehouse's root is held by an external location, not even by one that contains the root: managed storage is
 *    reached through its tables and volumes only.
 * 3. The owner must hold the place twice: as text (after "." and ".." are worked out) and on disk (after symbolic links are followed, as
 *    far as the path exists). A link that leads out of the owner is refused even when it leads to another registered place.
 * 4. A Delta table's folder is its own: no other Delta table, no volume begins inside it or round it. Text tables may share folders. */
#include "catalog/catalog_internal.h"
#include "base/uri.h"

#define VOLUMES "/Volumes"

/* --- kept and loaded --- */

char *weiri_place_store(const weir_catalog *catalog, const char *absolute)
{
    if (!weir_path_is_within(absolute, catalog->root)) {
        return weir_strdup(absolute);
    }
    const char *rest = absolute + strlen(catalog->root);
    return weir_strdup(*rest == '/' ? rest + 1 : rest);
}

char *weiri_place_load(const weir_catalog *catalog, weir_arena *arena, const char *stored)
{
    return stored[0] == '/' ? weir_arena_strdup(arena, stored) : weir_arena_printf(arena, "%s/%s", catalog->root, stored);
}

/* --- from a user's spelling to a place --- */

/* "/Volumes/c/s/v/rest" with `rest` pointing into path. */
static bool split_volume_path(const char *path, struct weir_str part[3], const char **rest)
{
    const char *p = path + strlen(VOLUMES);
    for (int i = 0; i < 3; i++) {
        p += strspn(p, "/");
        part[i] = (struct weir_str){p, strcspn(p, "/")};
        p += part[i].len;
        if (part[i].len == 0) {
            return false;
        }
    }
    *rest = p + strspn(p, "/");
    return true;
}

/* Does the relative path go above its start at any point? */
static bool climbs(const char *rest)
{
    int depth = 0;
    while (*rest) {
        const struct weir_str part = {rest, strcspn(rest, "/")};
        if (weir_str_eq(part, WEIR_STR(".."))) {
            if (--depth < 0) {
                return true;
            }
        } else if (part.len > 0 && !weir_str_eq(part, WEIR_STR("."))) {
            depth++;
        }
        rest += part.len;
        rest += strspn(rest, "/");
    }
    return false;
}

static weir_rc volume_local(weir_catalog *catalog, weir_arena *arena, const char *path, char **out, struct weir_error *err)
{
    struct weir_str part[3];
    const char *rest;
    const char *name[3];
    static const enum weir_object_kind kinds[3] = {WEIR_OBJ_CATALOG, WEIR_OBJ_SCHEMA, WEIR_OBJ_VOLUME};
    if (!split_volume_path(path, part, &rest)) {
        return weir_fail(err, WEIR_INVALID, "VOLUME_PATH_INCOMPLETE",
                         "a path below /Volumes begins with a catalog, a schema and a volume; %s; write "
                         "/Volumes/<catalog>/<schema>/<volume>/...",
                         path);
    }
    for (int i = 0; i < 3; i++) {
        WEIR_TRY(weiri_name_take(arena, kinds[i], weir_arena_strndup(arena, part[i].ptr, part[i].len), &name[i], err));
    }
    struct weir_object volume;
    const weir_rc rc = weiri_row_find(catalog, arena, WEIR_OBJ_VOLUME, name[0], name[1], name[2], &volume, err);
    if (rc != WEIR_OK) {
        return rc == WEIR_END ? weiri_name_missing(catalog, WEIR_OBJ_VOLUME, name[0], name[1], name[2], err) : rc;
    }
    weir_object_free_options(&volume);
    if (climbs(rest)) {
        return weir_fail(err, WEIR_DENIED, "PATH_LEAVES_VOLUME",
                         "the path climbs out of the volume %s by '..'; %s; stay inside the volume, or register the other "
                         "folder: weir external-locations create <name> <folder>",
                         volume.full_name, path);
    }
    *out = weir_path_absolute(volume.location, rest);
    return WEIR_OK;
}

/* "file:/x" and "file:///x" give "/x" with nothing decoded, as Hadoop's Path; NULL: another scheme or a host. */
static const char *strip_scheme(const char *path)
{
    const size_t colon = strcspn(path, ":/");
    if (path[colon] != ':' || colon == 0 || !strchr(path, '/')) {
        return path; /* a colon in a plain name is a character like any other */
    }
    if (strncmp(path, "dbfs:/Volumes/", 14) == 0) {
        return path + 5;
    }
    if (strncmp(path, "file:", 5) == 0) {
        path += 5;
        if (strncmp(path, "///", 3) == 0) {
            return path + 2;
        }
        return path[0] == '/' && path[1] != '/' ? path : NULL;
    }
    return strncmp(path + colon, "://", 3) == 0 ? NULL : path;
}

weir_rc weiri_place_local(weir_catalog *catalog, const char *path, char **out, struct weir_error *err)
{
    *out = NULL;
    if (path[0] == '\0') {
        return weir_fail(err, WEIR_INVALID, "PATH_EMPTY", "the path is empty; ''; name a folder or a file");
    }
    const char *plain = strip_scheme(path);
    if (!plain) {
        return weir_fail(err, WEIR_UNSUPPORTED, "PATH_SCHEME_UNSUPPORTED",
                         "weir reads local paths (/x, file:/x, /Volumes/...) and no other storage yet; %s; use a local folder",
                         path);
    }
    if (strncmp(plain, VOLUMES, strlen(VOLUMES)) == 0 && (plain[strlen(VOLUMES)] == '/' || !plain[strlen(VOLUMES)])) {
        weir_arena *arena = weir_arena_new();
        const weir_rc rc = volume_local(catalog, arena, plain, out, err);
        weir_arena_free(arena);
        return rc;
    }
    *out = weir_path_absolute(NULL, plain);
    return WEIR_OK;
}

/* --- owners --- */

static weir_rc row_at(weir_catalog *catalog, weir_arena *arena, enum weiri_stmt which, const char *stored,
                      struct weir_object *out, struct weir_error *err)
{
    const bool table = which == WEIRI_TABLE_AT || which == WEIRI_TABLE_BELOW;
    const enum weir_object_kind kind = table                        ? WEIR_OBJ_TABLE
                                       : which == WEIRI_LOCATION_AT ? WEIR_OBJ_LOCATION
                                                                    : WEIR_OBJ_VOLUME;
    sqlite3_stmt *stmt;
    WEIR_TRY(weiri_db_stmt(catalog, which, &stmt, err));
    weiri_bind_text(stmt, 1, stored);
    return weiri_row_one(catalog, arena, kind, stmt, out, err);
}

static weir_rc owner_at(weir_catalog *catalog, weir_arena *arena, const char *stored, struct weir_object *out,
                        struct weir_error *err)
{
    weir_rc rc = row_at(catalog, arena, WEIRI_TABLE_AT, stored, out, err);
    if (rc == WEIR_END) {
        rc = row_at(catalog, arena, WEIRI_VOLUME_AT, stored, out, err);
    }
    if (rc == WEIR_END && stored[0] == '/') { /* rule 2 */
        rc = row_at(catalog, arena, WEIRI_LOCATION_AT, stored, out, err);
    }
    return rc;
}

/* From the place up to "/", or to the root when it is inside. WEIRI_STMTS asks for any owner. */
weir_rc weiri_place_above(weir_catalog *catalog, weir_arena *arena, enum weiri_stmt which, const char *absolute,
                          struct weir_object *out, struct weir_error *err)
{
    const bool inside = weir_path_is_within(absolute, catalog->root);
    char *place = weir_strdup(absolute);
    weir_rc rc;
    *out = (struct weir_object){0};
    for (;;) {
        char *stored = weiri_place_store(catalog, place);
        rc = which == WEIRI_STMTS ? owner_at(catalog, arena, stored, out, err)
                                  : row_at(catalog, arena, which, stored, out, err);
        weir_free(stored);
        if (rc != WEIR_END || strcmp(place, "/") == 0 || (inside && strcmp(place, catalog->root) == 0)) {
            break;
        }
        char *above = weir_path_parent(place);
        weir_free(place);
        place = above;
    }
    weir_free(place);
    return rc;
}

weir_rc weiri_place_below(weir_catalog *catalog, weir_arena *arena, enum weiri_stmt which, const char *absolute,
                          struct weir_object *out, struct weir_error *err)
{
    char *stored = weiri_place_store(catalog, absolute);
    *out = (struct weir_object){0};
    const weir_rc rc = row_at(catalog, arena, which, stored, out, err);
    weir_free(stored);
    return rc;
}

weir_rc weiri_place_owner(weir_catalog *catalog, weir_arena *arena, const char *absolute, struct weir_object *out,
                          struct weir_error *err)
{
    return weiri_place_above(catalog, arena, WEIRI_STMTS, absolute, out, err);
}

/* --- links --- */

/* The path as far as it holds no glob. Heap. */
static char *without_glob(const char *path)
{
    const size_t plain = strcspn(path, "{}[]*?\\");
    if (path[plain] == '\0') {
        return weir_strdup(path);
    }
    size_t len = plain;
    while (len > 1 && path[len] != '/') {
        len--;
    }
    return weir_strndup(path, len);
}

weir_rc weiri_place_real(weir_catalog *catalog, const char *absolute, char **out, struct weir_error *err)
{
    char *there = weir_strdup(absolute);
    struct weir_file_info info;
    struct weir_error why = {0};
    weir_rc rc;
    *out = NULL;
    while ((rc = weir_fs_lstat(catalog->fs, there, &info, &why)) == WEIR_NOT_FOUND && strcmp(there, "/") != 0) {
        char *above = weir_path_parent(there);
        weir_free(there);
        there = above;
    }
    char *real = NULL;
    if (rc == WEIR_OK) {
        rc = weir_fs_realpath(catalog->fs, there, &real, &why); /* fails on a link to nothing */
    }
    if (rc == WEIR_OK) {
        *out = weir_path_join(real, absolute + (strcmp(there, "/") == 0 ? 0 : strlen(there)));
    } else if (err) {
        *err = why;
    }
    weir_free(real);
    weir_free(there);
    return rc;
}

static weir_rc fail_unregistered(weir_catalog *catalog, const char *given, const char *local, struct weir_error *err)
{
    if (weir_path_is_within(local, catalog->root)) {
        return weir_fail(err, WEIR_DENIED, "PATH_NOT_REGISTERED",
                         "the path lies inside the lakehouse's own folder and in no table or volume of it; %s; use "
                         "/Volumes/<catalog>/<schema>/<volume>/... or a table's name (weir volumes create, weir volumes list)",
                         given);
    }
    struct weir_file_info info;
    char *folder = without_glob(local);
    if (strcmp(folder, local) == 0 && weir_fs_stat(catalog->fs, folder, &info, NULL) == WEIR_OK && info.is_file) {
        char *above = weir_path_parent(folder);
        weir_free(folder);
        folder = above;
    }
    const weir_rc rc = weir_fail(err, WEIR_DENIED, "PATH_NOT_REGISTERED",
                                 "the path lies in no volume, external location or table; %s; register its folder first: weir "
                                 "external-locations create <name> '%s'",
                                 given, folder);
    weir_free(folder);
    return rc;
}

static weir_rc fail_link(const struct weir_object *owner, const char *given, const char *leads_to, struct weir_error *err)
{
    return weir_fail(err, WEIR_DENIED, "PATH_LEAVES_VOLUME",
                     "a symbolic link leads out of the %s %s to %s; %s; register that folder and use its own path: weir "
                     "external-locations create <name> <folder>",
                     weiri_kind_word(owner->kind), owner->full_name, leads_to, given);
}

static weir_rc check_real(weir_catalog *catalog, const struct weir_object *owner, const char *given, const char *real,
                          struct weir_error *err)
{
    char *real_owner = NULL;
    char *real_root = NULL;
    weir_rc rc = weiri_place_real(catalog, owner->location, &real_owner, err);
    rc = rc == WEIR_OK ? weiri_place_real(catalog, catalog->root, &real_root, err) : rc;
    if (rc == WEIR_OK && (!weir_path_is_within(real, real_owner) ||
                          (owner->kind == WEIR_OBJ_LOCATION && weir_path_is_within(real, real_root)))) {
        rc = fail_link(owner, given, real, err);
    }
    weir_free(real_owner);
    weir_free(real_root);
    return rc;
}

/* No owner by its text: the same folder may have been registered under another spelling (/tmp/x, /private/tmp/x). */
static weir_rc owner_by_real(weir_catalog *catalog, weir_arena *arena, const char *real, struct weir_object *out,
                             struct weir_error *err)
{
    struct weir_object *objects;
    size_t count;
    weir_rc rc = WEIR_END;
    static const enum weir_object_kind kinds[] = {WEIR_OBJ_VOLUME, WEIR_OBJ_LOCATION};
    for (size_t k = 0; k < 2 && rc == WEIR_END; k++) {
        WEIR_TRY(weiri_row_list(catalog, arena, kinds[k], NULL, NULL, &objects, &count, err));
        for (size_t i = 0; i < count; i++) {
            char *real_owner = NULL;
            if (rc == WEIR_END && weiri_place_real(catalog, objects[i].location, &real_owner, NULL) == WEIR_OK &&
                weir_path_is_within(real, real_owner)) {
                *out = objects[i];
                rc = WEIR_OK;
            } else {
                weir_object_free_options(&objects[i]);
            }
            weir_free(real_owner);
        }
    }
    return rc;
}

weir_rc weiri_place_check(weir_catalog *catalog, weir_arena *arena, const char *given, const char *local,
                          struct weir_object *owner, struct weir_error *err)
{
    char *plain = without_glob(local);
    char *real = NULL;
    struct weir_error why = {0};
    weir_rc rc = weiri_place_owner(catalog, arena, plain, owner, err);
    if (rc != WEIR_OK && rc != WEIR_END) {
        weir_free(plain);
        return rc;
    }
    const bool found = rc == WEIR_OK;
    rc = weiri_place_real(catalog, plain, &real, &why);
    if (rc != WEIR_OK && found && rc == WEIR_NOT_FOUND) {
        rc = fail_link(owner, given, "nowhere", err);
    } else if (rc != WEIR_OK && found) {
        *(err ? err : &why) = why;
    } else if (rc != WEIR_OK) {
        rc = fail_unregistered(catalog, given, local, err);
    } else if (!found && weir_path_is_within(plain, catalog->root)) {
        rc = fail_unregistered(catalog, given, local, err);
    } else if (!found) {
        rc = owner_by_real(catalog, arena, real, owner, err);
        rc = rc == WEIR_END ? fail_unregistered(catalog, given, local, err) : rc;
    }
    if (rc == WEIR_OK) {
        rc = check_real(catalog, owner, given, real, err);
    }
    if (rc != WEIR_OK) {
        weir_object_free_options(owner);
    }
    weir_free(plain);
    weir_free(real);
    return rc;
}

weir_rc weir_catalog_resolve_path(weir_catalog *catalog, const char *path, char **local_out, struct weir_object *owner_out,
                                  weir_arena *arena, struct weir_error *err)
{
    weir_arena *own = arena ? NULL : weir_arena_new();
    struct weir_object owner = {0};
    *local_out = NULL;
    pthread_mutex_lock(&catalog->mutex);
    weir_rc rc = weiri_place_local(catalog, path, local_out, err);
    if (rc == WEIR_OK) {
        rc = weiri_place_check(catalog, arena ? arena : own, path, *local_out, &owner, err);
    }
    pthread_mutex_unlock(&catalog->mutex);
    if (rc != WEIR_OK) {
        weir_free(*local_out);
        *local_out = NULL;
    } else if (owner_out && arena) {
        *owner_out = owner;
    } else {
        weir_object_free_options(&owner);
    }
    weir_arena_free(own);
    return rc;
}

char *weir_catalog_display_path(weir_catalog *catalog, const char *local)
{
    weir_arena *arena = weir_arena_new();
    struct weir_object volume;
    char *place = weir_path_absolute(NULL, local);
    char *shown;
    pthread_mutex_lock(&catalog->mutex);
    const weir_rc rc = weiri_place_above(catalog, arena, WEIRI_VOLUME_AT, place, &volume, NULL);
    pthread_mutex_unlock(&catalog->mutex);
    if (rc == WEIR_OK) {
        shown = weir_asprintf(VOLUMES "/%s/%s/%s%s", volume.catalog, volume.schema, volume.name,
                              place + strlen(volume.location));
        weir_object_free_options(&volume);
    } else {
        shown = weir_strdup(local);
    }
    weir_free(place);
    weir_arena_free(arena);
    return shown;
}
