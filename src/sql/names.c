/* names.c - what a name in SQL stands for: current catalog and schema filled in, format.`path`, and which places paths may name. */
#include "sql/sql_internal.h"
#include "base/uri.h"
#include <ctype.h>
#include <stdio.h>

char *weiri_sql_lower(weir_arena *arena, struct weir_str text)
{
    char *out = weir_arena_strndup(arena, text.ptr ? text.ptr : "", text.len);
    for (char *p = out; *p; p++) {
        *p = (char)tolower((unsigned char)*p);
    }
    return out;
}

static bool is_plain(struct weir_str part)
{
    for (size_t i = 0; i < part.len; i++) {
        if (!isalnum((unsigned char)part.ptr[i]) && part.ptr[i] != '_') {
            return false;
        }
    }
    return part.len > 0;
}

const char *weiri_sql_name_text(weir_arena *arena, const struct weir_name *name)
{
    const char *text = "";
    for (int i = 0; i < name->count; i++) {
        const struct weir_str part = name->parts[i];
        const char *mark = is_plain(part) ? "" : "`";
        text = weir_arena_printf(arena, "%s%s%s%.*s%s", text, i ? "." : "", mark, (int)part.len, part.ptr, mark);
    }
    return text;
}

weir_rc weiri_sql_at(weir_rc rc, struct weir_pos pos, struct weir_error *err)
{
    if (rc != WEIR_OK && err && err->line == 0) {
        err->line = pos.line;
        err->column = pos.column;
    }
    return rc;
}

weir_rc weiri_sql_need_catalog(weir_session *session, const char *what, struct weir_pos pos, struct weir_error *err)
{
    if (session->engine->catalog) {
        return WEIR_OK;
    }
    return weir_fail_at(err, WEIR_INVALID, "LAKEHOUSE_NEEDED", pos.line, pos.column, "%s: names live in a lakehouse, and none is open; name one with --root DIR or WEIR_ROOT, or use delta.`/path`", what);
}

bool weiri_sql_by_path(weir_session *session, const struct weir_name *name, struct weir_str *format_out, struct weir_str *path_out)
{
    static const char *const formats[] = {"delta", "csv", "json", "parquet", "orc", "text", "avro", "xml", "binaryfile"};
    (void)session;
    if (name->count != 2) {
        return false;
    }
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (weir_str_eq_nocase(name->parts[0], weir_str(formats[i]))) {
            /* A schema may be called `delta`: then its tables have plain names. */
            const bool plain = is_plain(name->parts[1]);
            struct weir_object schema = {0};
            weir_arena *arena = weir_arena_new();
            const bool is_schema = plain && session->engine->catalog
                                   && weir_catalog_get(session->engine->catalog, arena, WEIR_OBJ_SCHEMA, session->catalog, formats[i], formats[i], &schema, NULL) == WEIR_OK;
            weir_object_free_options(&schema);
            weir_arena_free(arena);
            *format_out = weir_str(formats[i]);
            *path_out = name->parts[1];
            return !is_schema;
        }
    }
    return false;
}

weir_rc weiri_sql_path(weir_session *session, weir_arena *arena, const char *path, struct weir_pos pos, const char **out, const char **confine_out, struct weir_error *err)
{
    char *local = NULL;
    weir_rc rc = WEIR_OK;
    *out = NULL;
    if (confine_out) {
        *confine_out = NULL;
    }
    if (session->engine->catalog) {
        struct weir_object owner = {0};
        rc = weir_catalog_resolve_path(session->engine->catalog, path, &local, &owner, arena, err);
        if (rc == WEIR_OK && confine_out && owner.location) {
            *confine_out = weir_arena_strdup(arena, owner.location);
        }
        weir_object_free_options(&owner);
    } else if (weir_path_is_within(path, "/Volumes")) {
        return weiri_sql_need_catalog(session, path, pos, err);
    } else {
        struct weir_buf plain;
        weir_buf_init(&plain, 1 << 20);
        local = weir_path_absolute(NULL, weir_str_starts(weir_str(path), "file:") && weir_uri_to_path(&plain, weir_str(path)) ? plain.data : path);
        weir_buf_free(&plain);
    }
    if (rc == WEIR_OK) {
        *out = weir_arena_strdup(arena, local);
    }
    weir_free(local);
    return weiri_sql_at(rc, pos, err);
}

static weir_rc too_many(weir_arena *arena, const struct weir_name *name, const char *what, struct weir_error *err)
{
    return weir_fail_at(err, WEIR_INVALID, "NAME_PARTS", name->pos.line, name->pos.column, "%s is not the name of a %s", weiri_sql_name_text(arena, name), what);
}

weir_rc weiri_sql_one_name(weir_arena *arena, const struct weir_name *name, const char *what, const char **out, struct weir_error *err)
{
    if (name->count != 1) {
        return too_many(arena, name, what, err);
    }
    *out = weiri_sql_lower(arena, name->parts[0]);
    return WEIR_OK;
}

weir_rc weiri_sql_schema_name(weir_session *session, weir_arena *arena, const struct weir_name *name, const char **c, const char **s, struct weir_error *err)
{
    if (name->count < 1 || name->count > 2) {
        return too_many(arena, name, "schema", err);
    }
    *c = name->count == 2 ? weiri_sql_lower(arena, name->parts[0]) : weir_arena_strdup(arena, session->catalog);
    *s = weiri_sql_lower(arena, name->parts[name->count - 1]);
    return WEIR_OK;
}

weir_rc weir_session_full_name(weir_session *session, weir_arena *arena, const struct weir_name *name, const char **c, const char **s, const char **t, struct weir_error *err)
{
    if (name->count < 1 || name->count > 3) {
        return too_many(arena, name, "table", err);
    }
    *c = name->count == 3 ? weiri_sql_lower(arena, name->parts[0]) : weir_arena_strdup(arena, session->catalog);
    *s = name->count >= 2 ? weiri_sql_lower(arena, name->parts[name->count - 2]) : weir_arena_strdup(arena, session->schema);
    *t = weiri_sql_lower(arena, name->parts[name->count - 1]);
    return WEIR_OK;
}

static weir_rc path_target(weir_session *session, weir_arena *arena, const struct weir_name *name, struct weir_str format, struct weir_str path, struct weir_target *out, struct weir_error *err)
{
    out->by_path = true;
    out->format = weir_arena_strndup(arena, format.ptr, format.len);
    out->full_name = weir_arena_printf(arena, "%s.`%.*s`", out->format, (int)path.len, path.ptr);
    return weiri_sql_path(session, arena, weir_arena_strndup(arena, path.ptr, path.len), name->pos, &out->location, NULL, err);
}

weir_rc weir_session_target(weir_session *session, weir_arena *arena, const struct weir_name *name, struct weir_target *out, struct weir_error *err)
{
    struct weir_str format, path;
    *out = (struct weir_target){0};
    if (weiri_sql_by_path(session, name, &format, &path)) {
        return path_target(session, arena, name, format, path, out, err);
    }
    WEIR_TRY(weir_session_full_name(session, arena, name, &out->catalog, &out->schema, &out->name, err));
    WEIR_TRY(weiri_sql_need_catalog(session, weiri_sql_name_text(arena, name), name->pos, err));
    out->full_name = weir_arena_printf(arena, "%s.%s.%s", out->catalog, out->schema, out->name);
    weir_rc rc = weir_catalog_get(session->engine->catalog, arena, WEIR_OBJ_TABLE, out->catalog, out->schema, out->name, &out->object, err);
    if (rc != WEIR_OK) {
        if (rc == WEIR_NOT_FOUND && err && strcmp(err->condition, "TABLE_NOT_FOUND") == 0) {
            snprintf(err->condition, sizeof err->condition, "TABLE_OR_VIEW_NOT_FOUND");
        }
        return weiri_sql_at(rc, name->pos, err);
    }
    out->format = out->object.format ? out->object.format : "delta";
    out->location = out->object.location;
    return WEIR_OK;
}
