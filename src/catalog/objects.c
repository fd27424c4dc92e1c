/* objects.c - create, get, list, drop and update: the verbs of the catalog. Each takes the mutex once, and each change is one
 * transaction of SQLite. */
#include "catalog/catalog_internal.h"
#include "base/time.h"
#include "base/uri.h"

#include <stdio.h>
#include <stdlib.h>

static const char *user_name(void)
{
    const char *user = getenv("USER");
    return user && user[0] ? user : getenv("LOGNAME");
}

/* --- names of an object, lower case, as far as its kind has them --- */

struct names {
    const char *c, *s, *name;
};

static weir_rc take_names(weir_arena *arena, enum weir_object_kind kind, const char *c, const char *s, const char *name,
                          struct names *out, struct weir_error *err)
{
    *out = (struct names){0};
    if (kind == WEIR_OBJ_SCHEMA && !name) {
        name = s;
    }
    if (kind == WEIR_OBJ_CATALOG && !name) {
        name = c;
    }
    if (kind == WEIR_OBJ_SCHEMA || kind == WEIR_OBJ_TABLE || kind == WEIR_OBJ_VOLUME) {
        WEIR_TRY(weiri_name_take(arena, WEIR_OBJ_CATALOG, c, &out->c, err));
    }
    if (kind == WEIR_OBJ_TABLE || kind == WEIR_OBJ_VOLUME) {
        WEIR_TRY(weiri_name_take(arena, WEIR_OBJ_SCHEMA, s, &out->s, err));
    }
    return weiri_name_take(arena, kind, name, &out->name, err);
}

static weir_rc find(weir_catalog *catalog, weir_arena *arena, enum weir_object_kind kind, const struct names *names,
                    struct weir_object *out, struct weir_error *err)
{
    const weir_rc rc = weiri_row_find(catalog, arena, kind, names->c, names->s, names->name, out, err);
    return rc == WEIR_END ? weiri_name_missing(catalog, kind, names->c, names->s, names->name, err) : rc;
}

/* --- create --- */

static weir_rc check_reserved(enum weir_object_kind kind, const struct names *names, struct weir_error *err)
{
    if ((kind == WEIR_OBJ_SCHEMA && strcmp(names->name, "information_schema") == 0) ||
        (kind == WEIR_OBJ_CATALOG && strcmp(names->name, "system") == 0)) {
        return weir_fail(err, WEIR_INVALID, "NAME_RESERVED", "the name belongs to weir itself; %s; choose another name",
                         names->name);
    }
    return WEIR_OK;
}

/* The id of what the object lies in: NULL for catalogs and external locations. */
static weir_rc find_parent(weir_catalog *catalog, weir_arena *arena, enum weir_object_kind kind, const struct names *names,
                           const char **id_out, struct weir_error *err)
{
    struct weir_object parent = {0};
    *id_out = NULL;
    if (kind == WEIR_OBJ_SCHEMA) {
        const struct names above = {.name = names->c};
        WEIR_TRY(find(catalog, arena, WEIR_OBJ_CATALOG, &above, &parent, err));
    } else if (kind == WEIR_OBJ_TABLE || kind == WEIR_OBJ_VOLUME) {
        const struct names above = {.c = names->c, .name = names->s};
        WEIR_TRY(find(catalog, arena, WEIR_OBJ_SCHEMA, &above, &parent, err));
    }
    *id_out = parent.id;
    weir_object_free_options(&parent);
    return WEIR_OK;
}

static weir_rc check_free(weir_catalog *catalog, weir_arena *arena, enum weir_object_kind kind, const struct names *names,
                          struct weir_error *err)
{
    struct weir_object taken;
    const weir_rc rc = weiri_row_find(catalog, arena, kind, names->c, names->s, names->name, &taken, err);
    if (rc != WEIR_OK) {
        return rc == WEIR_END ? WEIR_OK : rc;
    }
    weir_object_free_options(&taken);
    return weiri_name_exists(kind, taken.full_name, err);
}

static weir_rc insert(weir_catalog *catalog, const struct weir_object *o, const char *parent_id, struct weir_error *err)
{
    sqlite3_stmt *stmt;
    WEIR_TRY(weiri_db_kind(catalog, o->kind, WEIRI_INSERT, &stmt, err));
    char *properties = weiri_options_print(o->properties);
    char *options = weiri_options_print(o->options);
    char *location = o->location ? weiri_place_store(catalog, o->location) : NULL;
    weiri_bind_text(stmt, 1, o->id);
    weiri_bind_text(stmt, 2, parent_id);
    weiri_bind_text(stmt, 3, o->name);
    weiri_bind_text(stmt, 4, o->comment);
    weiri_bind_text(stmt, 5, o->owner);
    (void)sqlite3_bind_int64(stmt, 6, o->created_ms);
    weiri_bind_text(stmt, 7, properties);
    if (sqlite3_bind_parameter_count(stmt) >= 8) {
        (void)sqlite3_bind_int(stmt, 8, o->managed);
        weiri_bind_text(stmt, 9, location);
    }
    if (o->kind == WEIR_OBJ_TABLE) {
        (void)sqlite3_bind_int(stmt, 10, (int)o->table_kind);
        weiri_bind_text(stmt, 11, o->format);
        weiri_bind_text(stmt, 12, o->columns_ddl);
        weiri_bind_text(stmt, 13, o->definition);
        weiri_bind_text(stmt, 14, options);
    }
    const weir_rc rc =
        sqlite3_step(stmt) == SQLITE_DONE ? WEIR_OK : weiri_db_fail(catalog, err, "write the catalog");
    weiri_done(stmt);
    weir_free(properties);
    weir_free(options);
    weir_free(location);
    return rc;
}

static void fill(weir_arena *arena, const struct names *names, struct weir_object *o)
{
    o->catalog = o->kind == WEIR_OBJ_CATALOG ? names->name : names->c;
    o->schema = o->kind == WEIR_OBJ_SCHEMA ? names->name : names->s;
    o->name = names->name;
    o->full_name = names->s   ? weir_arena_printf(arena, "%s.%s.%s", names->c, names->s, names->name)
                   : names->c ? weir_arena_printf(arena, "%s.%s", names->c, names->name)
                              : names->name;
    o->id = weir_arena_strdup(arena, weir_uuid_new().text);
    o->created_ms = weir_now_ms();
    o->updated_ms = o->created_ms;
    o->owner = o->owner ? o->owner : user_name();
    if (o->kind == WEIR_OBJ_TABLE) {
        char *format = weir_arena_strdup(arena, o->format ? o->format : "delta");
        for (char *c = format; *c; c++) {
            *c = *c >= 'A' && *c <= 'Z' ? (char)(*c | 0x20) : *c;
        }
        o->format = format;
    }
}

static weir_rc create_locked(weir_catalog *catalog, weir_arena *arena, struct weir_object *o, struct weir_error *err)
{
    struct names names;
    const char *parent_id;
    WEIR_TRY(take_names(arena, o->kind, o->catalog, o->schema, o->name, &names, err));
    WEIR_TRY(check_reserved(o->kind, &names, err));
    WEIR_TRY(find_parent(catalog, arena, o->kind, &names, &parent_id, err));
    WEIR_TRY(check_free(catalog, arena, o->kind, &names, err));
    fill(arena, &names, o);
    WEIR_TRY(weiri_place_new(catalog, arena, o, err));
    if (o->kind == WEIR_OBJ_VOLUME && o->managed) {
        WEIR_TRY(weir_fs_mkdirs(catalog->fs, o->location, err)); /* a folder without a row harms nobody */
    }
    return insert(catalog, o, parent_id, err);
}

weir_rc weir_catalog_create(weir_catalog *catalog, weir_arena *arena, struct weir_object *object, struct weir_error *err)
{
    struct weir_object made = *object; /* the caller's stays as it was on a failure */
    pthread_mutex_lock(&catalog->mutex);
    weir_rc rc = weiri_db_begin(catalog, err);
    if (rc == WEIR_OK) {
        rc = weiri_db_end(catalog, create_locked(catalog, arena, &made, err), err);
    }
    pthread_mutex_unlock(&catalog->mutex);
    if (rc == WEIR_OK) {
        *object = made;
    }
    return rc;
}

char *weir_catalog_new_table_location(weir_catalog *catalog, const char *c, const char *s, const char *t)
{
    unsigned char random[4];
    weir_random_bytes(random, sizeof random);
    /* A folder's name holds 255 bytes: of a name so long, what stands beside the nine behind it. */
    char *path = weir_asprintf("%s/tables/%s/%s/%.246s-%02x%02x%02x%02x", catalog->root, c, s, t, random[0], random[1], random[2], random[3]);
    for (char *p = path + strlen(catalog->root); *p; p++) {
        *p = *p >= 'A' && *p <= 'Z' ? (char)(*p | 0x20) : *p;
    }
    return path;
}

/* --- get and list --- */

weir_rc weir_catalog_get(weir_catalog *catalog, weir_arena *arena, enum weir_object_kind kind, const char *c, const char *s,
                         const char *name, struct weir_object *out, struct weir_error *err)
{
    struct names names;
    *out = (struct weir_object){.kind = kind};
    WEIR_TRY(take_names(arena, kind, c, s, name, &names, err));
    pthread_mutex_lock(&catalog->mutex);
    const weir_rc rc = find(catalog, arena, kind, &names, out, err);
    pthread_mutex_unlock(&catalog->mutex);
    return rc;
}

/* Narrowing names must exist: an empty list of a misspelt schema would be a lie. */
static weir_rc check_scope(weir_catalog *catalog, weir_arena *arena, enum weir_object_kind kind, struct names *scope,
                           struct weir_error *err)
{
    struct weir_object found = {0};
    const bool has_schema = kind == WEIR_OBJ_TABLE || kind == WEIR_OBJ_VOLUME;
    if (scope->c && (has_schema || kind == WEIR_OBJ_SCHEMA)) {
        WEIR_TRY(weiri_name_take(arena, WEIR_OBJ_CATALOG, scope->c, &scope->c, err));
        const struct names above = {.name = scope->c};
        WEIR_TRY(find(catalog, arena, WEIR_OBJ_CATALOG, &above, &found, err));
        weir_object_free_options(&found);
    }
    if (scope->s && has_schema) {
        WEIR_TRY(weiri_name_take(arena, WEIR_OBJ_SCHEMA, scope->s, &scope->s, err));
        const struct names above = {.c = scope->c, .name = scope->s};
        if (scope->c) {
            WEIR_TRY(find(catalog, arena, WEIR_OBJ_SCHEMA, &above, &found, err));
            weir_object_free_options(&found);
        }
    }
    return WEIR_OK;
}

weir_rc weir_catalog_list(weir_catalog *catalog, weir_arena *arena, enum weir_object_kind kind, const char *c, const char *s,
                          const char *like, struct weir_object **out, size_t *count_out, struct weir_error *err)
{
    struct names scope = {.c = c, .s = s};
    *out = NULL;
    *count_out = 0;
    pthread_mutex_lock(&catalog->mutex);
    weir_rc rc = check_scope(catalog, arena, kind, &scope, err);
    if (rc == WEIR_OK) {
        rc = weiri_row_list(catalog, arena, kind, scope.c, scope.s, out, count_out, err);
    }
    pthread_mutex_unlock(&catalog->mutex);
    if (rc != WEIR_OK || !like) {
        return rc;
    }
    size_t kept = 0;
    for (size_t i = 0; i < *count_out; i++) {
        if (weiri_catalog_like(like, (*out)[i].name)) {
            (*out)[kept++] = (*out)[i];
        } else {
            weir_object_free_options(&(*out)[i]);
        }
    }
    *count_out = kept;
    return WEIR_OK;
}

/* --- drop --- */

struct fallen {
    struct weir_object *items;
    size_t count, cap;
};

static weir_rc add_below(weir_catalog *catalog, weir_arena *arena, enum weir_object_kind kind, const char *c, const char *s,
                         struct fallen *fallen, struct weir_error *err)
{
    struct weir_object *objects;
    size_t count;
    WEIR_TRY(weiri_row_list(catalog, arena, kind, c, s, &objects, &count, err));
    for (size_t i = 0; i < count; i++) {
        WEIR_PUSH(fallen->items, fallen->count, fallen->cap) = objects[i];
    }
    return WEIR_OK;
}

/* External tables and volumes in a location lose their registration with it. What lies inside the root does not need it. */
static weir_rc check_location_unused(weir_catalog *catalog, weir_arena *arena, const struct weir_object *location,
                                     struct weir_error *err)
{
    struct fallen users = {0};
    weir_rc rc = add_below(catalog, arena, WEIR_OBJ_VOLUME, NULL, NULL, &users, err);
    rc = rc == WEIR_OK ? add_below(catalog, arena, WEIR_OBJ_TABLE, NULL, NULL, &users, err) : rc;
    for (size_t i = 0; i < users.count; i++) {
        const struct weir_object *user = &users.items[i];
        if (rc == WEIR_OK && weir_path_is_within(user->location, location->location) &&
            !weir_path_is_within(user->location, catalog->root)) {
            rc = weir_fail(err, WEIR_INVALID, "EXTERNAL_LOCATION_IN_USE",
                           "the external location holds the %s %s; %s; drop that first, or force",
                           weiri_kind_word(user->kind), user->full_name, location->name);
        }
        weir_object_free_options(&users.items[i]);
    }
    weir_free(users.items);
    return rc;
}

/* Everything below the object, what must be deleted first first. */
static weir_rc collect(weir_catalog *catalog, weir_arena *arena, const struct weir_object *o, struct fallen *fallen,
                       struct weir_error *err)
{
    if (o->kind != WEIR_OBJ_CATALOG && o->kind != WEIR_OBJ_SCHEMA) {
        return WEIR_OK;
    }
    const char *s = o->kind == WEIR_OBJ_SCHEMA ? o->name : NULL;
    WEIR_TRY(add_below(catalog, arena, WEIR_OBJ_TABLE, o->catalog, s, fallen, err));
    WEIR_TRY(add_below(catalog, arena, WEIR_OBJ_VOLUME, o->catalog, s, fallen, err));
    return s ? WEIR_OK : add_below(catalog, arena, WEIR_OBJ_SCHEMA, o->catalog, NULL, fallen, err);
}

static weir_rc delete_row(weir_catalog *catalog, const struct weir_object *o, struct weir_error *err)
{
    sqlite3_stmt *stmt;
    WEIR_TRY(weiri_db_kind(catalog, o->kind, WEIRI_DELETE, &stmt, err));
    weiri_bind_text(stmt, 1, o->id);
    const weir_rc rc = sqlite3_step(stmt) == SQLITE_DONE ? WEIR_OK : weiri_db_fail(catalog, err, "write the catalog");
    weiri_done(stmt);
    return rc;
}

static weir_rc drop_locked(weir_catalog *catalog, weir_arena *arena, enum weir_object_kind kind, const struct names *names,
                           bool cascade, struct fallen *fallen, struct weir_error *err)
{
    struct weir_object top;
    WEIR_TRY(find(catalog, arena, kind, names, &top, err));
    weir_rc rc = collect(catalog, arena, &top, fallen, err);
    WEIR_PUSH(fallen->items, fallen->count, fallen->cap) = top; /* freed with the others */
    WEIR_TRY(rc);
    if (!cascade && fallen->count > 1) {
        return weir_fail(err, WEIR_INVALID, kind == WEIR_OBJ_SCHEMA ? "SCHEMA_NOT_EMPTY" : "CATALOG_NOT_EMPTY",
                         "the %s still holds the %s %s%s; %s; drop what is in it first, or use CASCADE",
                         weiri_kind_word(kind), weiri_kind_word(fallen->items[0].kind), fallen->items[0].full_name,
                         fallen->count > 2 ? " and more" : "", top.full_name);
    }
    if (kind == WEIR_OBJ_LOCATION && !cascade) {
        WEIR_TRY(check_location_unused(catalog, arena, &top, err));
    }
    for (size_t i = 0; i < fallen->count; i++) {
        WEIR_TRY(delete_row(catalog, &fallen->items[i], err));
    }
    return WEIR_OK;
}

static void hand_over(weir_arena *arena, struct fallen *fallen, struct weir_object **out, size_t *count_out)
{
    struct weir_object *all = weir_arena_alloc(arena, fallen->count * sizeof *all);
    size_t count = 0;
    for (int managed = 1; managed >= 0; managed--) {
        for (size_t i = 0; i < fallen->count; i++) {
            const struct weir_object *o = &fallen->items[i];
            if ((o->managed && o->location) == (managed == 1)) {
                all[count++] = *o;
            }
        }
    }
    *out = all;
    *count_out = count;
}

weir_rc weir_catalog_drop(weir_catalog *catalog, weir_arena *arena, enum weir_object_kind kind, const char *c, const char *s,
                          const char *name, bool cascade, struct weir_object **dropped, size_t *dropped_count,
                          struct weir_error *err)
{
    struct names names;
    struct fallen fallen = {0};
    if (dropped) {
        *dropped = NULL;
        *dropped_count = 0;
    }
    WEIR_TRY(take_names(arena, kind, c, s, name, &names, err));
    pthread_mutex_lock(&catalog->mutex);
    weir_rc rc = weiri_db_begin(catalog, err);
    if (rc == WEIR_OK) {
        rc = weiri_db_end(catalog, drop_locked(catalog, arena, kind, &names, cascade, &fallen, err), err);
    }
    pthread_mutex_unlock(&catalog->mutex);
    if (rc == WEIR_OK && dropped) {
        hand_over(arena, &fallen, dropped, dropped_count);
    } else {
        for (size_t i = 0; i < fallen.count; i++) {
            weir_object_free_options(&fallen.items[i]);
        }
    }
    weir_free(fallen.items);
    return rc;
}

/* --- update --- */

static weir_rc update_locked(weir_catalog *catalog, weir_arena *arena, const struct weir_object *o, struct weir_error *err)
{
    struct names names;
    struct weir_object found;
    sqlite3_stmt *stmt;
    WEIR_TRY(take_names(arena, o->kind, o->catalog, o->schema, o->name, &names, err));
    WEIR_TRY(find(catalog, arena, o->kind, &names, &found, err));
    weir_object_free_options(&found);
    WEIR_TRY(weiri_db_kind(catalog, o->kind, WEIRI_UPDATE, &stmt, err));
    char *properties = weiri_options_print(o->properties);
    weiri_bind_text(stmt, 1, found.id);
    weiri_bind_text(stmt, 2, o->comment);
    weiri_bind_text(stmt, 3, o->owner);
    (void)sqlite3_bind_int64(stmt, 4, weir_now_ms());
    weiri_bind_text(stmt, 5, properties);
    weiri_bind_text(stmt, 6, o->definition);
    const weir_rc rc = sqlite3_step(stmt) == SQLITE_DONE ? WEIR_OK : weiri_db_fail(catalog, err, "write the catalog");
    weiri_done(stmt);
    weir_free(properties);
    return rc;
}

weir_rc weir_catalog_update(weir_catalog *catalog, const struct weir_object *object, struct weir_error *err)
{
    weir_arena *arena = weir_arena_new();
    pthread_mutex_lock(&catalog->mutex);
    weir_rc rc = weiri_db_begin(catalog, err);
    if (rc == WEIR_OK) {
        rc = weiri_db_end(catalog, update_locked(catalog, arena, object, err), err);
    }
    pthread_mutex_unlock(&catalog->mutex);
    weir_arena_free(arena);
    return rc;
}
