/* rows.c - objects as rows of catalog.db. */
#include "catalog/catalog_internal.h"
#include "base/json.h"

/* Columns of every select (db.c). */
enum column {
    COL_ID, COL_CATALOG, COL_SCHEMA, COL_NAME, COL_COMMENT, COL_OWNER, COL_CREATED, COL_UPDATED, COL_PROPERTIES, COL_MANAGED,
    COL_LOCATION, COL_KIND, COL_FORMAT, COL_COLUMNS, COL_DEFINITION, COL_OPTIONS
};

char *weiri_options_print(const weir_options *options)
{
    if (!options) {
        return NULL;
    }
    struct weir_buf out;
    struct weir_jsonw w;
    size_t cursor = 0;
    const char *name;
    const char *value;
    weir_buf_init(&out, 0);
    weir_jsonw_init(&w, &out);
    weir_jsonw_object(&w);
    while (weir_options_at(options, &cursor, &name, &value)) {
        weir_jsonw_kv(&w, name, value);
    }
    weir_jsonw_end_object(&w);
    return weir_buf_take(&out);
}

weir_rc weiri_options_parse(weir_catalog *catalog, const char *json, weir_options **out, struct weir_error *err)
{
    *out = NULL;
    if (!json) {
        return WEIR_OK;
    }
    weir_arena *arena = weir_arena_new();
    const struct weir_json *object = NULL;
    if (weir_json_parse(arena, weir_str(json), &object, err) != WEIR_OK || object->kind != WEIR_JSON_OBJECT) {
        weir_arena_free(arena);
        return weir_fail(err, WEIR_CORRUPT, "CATALOG_CORRUPT",
                         "an object's options are no JSON object; %s; drop the object and create it again", catalog->file);
    }
    *out = weir_options_new();
    for (const struct weir_json *field = object->child; field; field = field->next) {
        const char *value = weir_json_string(field);
        char *name = weir_str_dup(field->key);
        weir_options_set(*out, name, value ? value : "");
        weir_free(name);
    }
    weir_arena_free(arena);
    return WEIR_OK;
}

static const char *text_of(sqlite3_stmt *stmt, weir_arena *arena, enum column column)
{
    const unsigned char *text = sqlite3_column_text(stmt, (int)column);
    return text ? weir_arena_strdup(arena, (const char *)text) : NULL;
}

static const char *full_name(weir_arena *arena, const struct weir_object *o)
{
    switch (o->kind) {
    case WEIR_OBJ_SCHEMA:
        return weir_arena_printf(arena, "%s.%s", o->catalog, o->name);
    case WEIR_OBJ_TABLE:
    case WEIR_OBJ_VOLUME:
        return weir_arena_printf(arena, "%s.%s.%s", o->catalog, o->schema, o->name);
    case WEIR_OBJ_CATALOG:
    case WEIR_OBJ_LOCATION:
        break;
    }
    return o->name;
}

weir_rc weiri_row_read(weir_catalog *catalog, weir_arena *arena, enum weir_object_kind kind, sqlite3_stmt *stmt,
                       struct weir_object *out, struct weir_error *err)
{
    const char *location = (const char *)sqlite3_column_text(stmt, COL_LOCATION);
    *out = (struct weir_object){
        .kind = kind,
        .id = text_of(stmt, arena, COL_ID),
        .catalog = text_of(stmt, arena, COL_CATALOG),
        .schema = text_of(stmt, arena, COL_SCHEMA),
        .name = text_of(stmt, arena, COL_NAME),
        .comment = text_of(stmt, arena, COL_COMMENT),
        .owner = text_of(stmt, arena, COL_OWNER),
        .created_ms = sqlite3_column_int64(stmt, COL_CREATED),
        .updated_ms = sqlite3_column_int64(stmt, COL_UPDATED),
        .table_kind = (enum weir_table_kind)sqlite3_column_int(stmt, COL_KIND),
        .format = text_of(stmt, arena, COL_FORMAT),
        .columns_ddl = text_of(stmt, arena, COL_COLUMNS),
        .definition = text_of(stmt, arena, COL_DEFINITION),
        .managed = sqlite3_column_int(stmt, COL_MANAGED) != 0,
        .location = location ? weiri_place_load(catalog, arena, location) : NULL,
    };
    out->full_name = full_name(arena, out);
    WEIR_TRY(weiri_options_parse(catalog, (const char *)sqlite3_column_text(stmt, COL_PROPERTIES), &out->properties, err));
    const weir_rc rc =
        weiri_options_parse(catalog, (const char *)sqlite3_column_text(stmt, COL_OPTIONS), &out->options, err);
    if (rc != WEIR_OK) {
        weir_object_free_options(out);
    }
    return rc;
}

void weir_object_free_options(struct weir_object *object)
{
    weir_options_free(object->options);
    weir_options_free(object->properties);
    object->options = NULL;
    object->properties = NULL;
}

weir_rc weiri_row_one(weir_catalog *catalog, weir_arena *arena, enum weir_object_kind kind, sqlite3_stmt *stmt,
                      struct weir_object *out, struct weir_error *err)
{
    const int code = sqlite3_step(stmt);
    weir_rc rc = WEIR_END;
    if (code == SQLITE_ROW) {
        rc = weiri_row_read(catalog, arena, kind, stmt, out, err);
    } else if (code != SQLITE_DONE) {
        rc = weiri_db_fail(catalog, err, "read the catalog");
    }
    weiri_done(stmt);
    return rc;
}

weir_rc weiri_row_find(weir_catalog *catalog, weir_arena *arena, enum weir_object_kind kind, const char *c, const char *s,
                       const char *name, struct weir_object *out, struct weir_error *err)
{
    sqlite3_stmt *stmt;
    *out = (struct weir_object){.kind = kind};
    WEIR_TRY(weiri_db_kind(catalog, kind, WEIRI_GET, &stmt, err));
    weiri_bind_text(stmt, 1, c);
    weiri_bind_text(stmt, 2, s);
    weiri_bind_text(stmt, 3, name);
    return weiri_row_one(catalog, arena, kind, stmt, out, err);
}

weir_rc weiri_row_list(weir_catalog *catalog, weir_arena *arena, enum weir_object_kind kind, const char *c, const char *s,
                       struct weir_object **out, size_t *count_out, struct weir_error *err)
{
    sqlite3_stmt *stmt;
    struct weir_object *items = NULL;
    size_t count = 0;
    size_t cap = 0;
    weir_rc rc = WEIR_OK;
    *out = NULL;
    *count_out = 0;
    WEIR_TRY(weiri_db_kind(catalog, kind, WEIRI_LIST, &stmt, err));
    weiri_bind_text(stmt, 1, c);
    weiri_bind_text(stmt, 2, s);
    int code;
    while (rc == WEIR_OK && (code = sqlite3_step(stmt)) != SQLITE_DONE) {
        struct weir_object object;
        rc = code == SQLITE_ROW ? weiri_row_read(catalog, arena, kind, stmt, &object, err)
                                : weiri_db_fail(catalog, err, "read the catalog");
        if (rc == WEIR_OK) {
            WEIR_PUSH(items, count, cap) = object;
        }
    }
    weiri_done(stmt);
    if (rc == WEIR_OK && count > 0) {
        *out = weir_arena_alloc(arena, count * sizeof *items);
        memcpy(*out, items, count * sizeof *items);
        *count_out = count;
    }
    for (size_t i = 0; i < count && rc != WEIR_OK; i++) {
        weir_object_free_options(&items[i]);
    }
    weir_free(items);
    return rc;
}
