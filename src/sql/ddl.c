/* ddl.c - CREATE and DROP of what the catalog holds beside tables, and USE. */
#include "sql/sql_internal.h"

static weir_rc exists_is_fine(weir_rc rc, weir_rc fine, bool asked, struct weir_error *err)
{
    if (rc == fine && asked) {
        weir_error_clear(err);
        return WEIR_OK;
    }
    return rc;
}

static weir_rc three_names(weir_session *session, weir_arena *arena, const struct weir_stmt *stmt, struct weir_object *object, struct weir_error *err)
{
    return weir_session_full_name(session, arena, &stmt->name, &object->catalog, &object->schema, &object->name, err);
}

static weir_rc create(weir_session *session, weir_arena *arena, const struct weir_stmt *stmt, struct weir_error *err)
{
    struct weir_object object = {.comment = stmt->comment};
    const char *local = NULL;
    switch (stmt->kind) {
    case WEIR_STMT_CREATE_CATALOG:
        object.kind = WEIR_OBJ_CATALOG;
        WEIR_TRY(weiri_sql_one_name(arena, &stmt->name, "catalog", &object.name, err));
        break;
    case WEIR_STMT_CREATE_SCHEMA:
        object.kind = WEIR_OBJ_SCHEMA;
        WEIR_TRY(weiri_sql_schema_name(session, arena, &stmt->name, &object.catalog, &object.name, err));
        break;
    case WEIR_STMT_CREATE_VOLUME:
        object.kind = WEIR_OBJ_VOLUME;
        object.managed = !stmt->location;
        WEIR_TRY(three_names(session, arena, stmt, &object, err));
        if (stmt->location) {
            WEIR_TRY(weiri_sql_path(session, arena, stmt->location, stmt->pos, &local, NULL, err));
            object.location = local;
        }
        break;
    default:
        object.kind = WEIR_OBJ_LOCATION;
        object.location = stmt->location;
        WEIR_TRY(weiri_sql_one_name(arena, &stmt->name, "external location", &object.name, err));
        break;
    }
    return exists_is_fine(weir_catalog_create(session->engine->catalog, arena, &object, err), WEIR_EXISTS, stmt->if_not_exists, err);
}


static weir_rc drop(weir_session *session, weir_arena *arena, const struct weir_stmt *stmt, struct weir_error *err)
{
    struct weir_object object = {0};
    weir_rc rc = WEIR_OK;
    switch (stmt->kind) {
    case WEIR_STMT_DROP_CATALOG:
        object.kind = WEIR_OBJ_CATALOG;
        rc = weiri_sql_one_name(arena, &stmt->name, "catalog", &object.name, err);
        break;
    case WEIR_STMT_DROP_SCHEMA:
        object.kind = WEIR_OBJ_SCHEMA;
        rc = weiri_sql_schema_name(session, arena, &stmt->name, &object.catalog, &object.name, err);
        break;
    case WEIR_STMT_DROP_LOCATION:
        object.kind = WEIR_OBJ_LOCATION;
        rc = weiri_sql_one_name(arena, &stmt->name, "external location", &object.name, err);
        break;
    default:
        object.kind = stmt->kind == WEIR_STMT_DROP_TABLE ? WEIR_OBJ_TABLE : WEIR_OBJ_VOLUME;
        rc = three_names(session, arena, stmt, &object, err);
        break;
    }
    WEIR_TRY(rc);
    rc = weiri_sql_drop(session, object.kind, object.catalog, object.schema, object.name, stmt->cascade, err);
    return exists_is_fine(rc, WEIR_NOT_FOUND, stmt->if_exists, err);
}

static weir_rc use(weir_session *session, weir_arena *arena, const struct weir_stmt *stmt, struct weir_error *err)
{
    struct weir_object object = {0};
    const char *c = NULL, *s = NULL;
    weir_catalog *catalog = session->engine->catalog;
    const bool to_catalog = strcmp(stmt->what, "catalog") == 0;
    if (to_catalog) {
        WEIR_TRY(weiri_sql_one_name(arena, &stmt->name, "catalog", &c, err));
        WEIR_TRY(weir_catalog_get(catalog, arena, WEIR_OBJ_CATALOG, NULL, NULL, c, &object, err));
        s = "default";
    } else {
        WEIR_TRY(weiri_sql_schema_name(session, arena, &stmt->name, &c, &s, err));
        WEIR_TRY(weir_catalog_get(catalog, arena, WEIR_OBJ_SCHEMA, c, s, s, &object, err));
    }
    weir_object_free_options(&object);
    WEIR_TRY(weir_session_set(session, "catalog", c, err));
    return weir_session_set(session, "schema", s, err);
}

weir_rc weiri_sql_ddl(weir_session *session, const struct weir_stmt *stmt, weir_result **out, struct weir_error *err)
{
    struct weir_str format, path;
    weir_arena *arena = weir_arena_new();
    weir_rc rc = WEIR_OK;
    if (stmt->kind == WEIR_STMT_DROP_TABLE && weiri_sql_by_path(session, &stmt->name, &format, &path)) {
        rc = weir_fail(err, WEIR_UNSUPPORTED, "DROP_BY_PATH", "DROP TABLE of a folder is not done by weir: it would remove files that no catalog owns; remove the folder yourself");
    }
    if (rc == WEIR_OK) {
        rc = weiri_sql_need_catalog(session, weiri_sql_name_text(arena, &stmt->name), stmt->name.pos, err);
    }
    if (rc == WEIR_OK) {
        switch (stmt->kind) {
        case WEIR_STMT_USE:
            rc = use(session, arena, stmt, err);
            break;
        case WEIR_STMT_CREATE_CATALOG:
        case WEIR_STMT_CREATE_SCHEMA:
        case WEIR_STMT_CREATE_VOLUME:
        case WEIR_STMT_CREATE_LOCATION:
            rc = create(session, arena, stmt, err);
            break;
        default:
            rc = drop(session, arena, stmt, err);
            break;
        }
    }
    weir_arena_free(arena);
    if (rc == WEIR_OK) {
        *out = weiri_sql_result_none();
    }
    return weiri_sql_at(rc, stmt->pos, err);
}
