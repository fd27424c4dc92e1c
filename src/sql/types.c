/* types.c - Spark's types as DuckDB's, and how names and texts are quoted for either side. */
#include "sql/sql_internal.h"

static void quote(struct weir_buf *out, const char *text, char mark)
{
    weir_buf_add_char(out, mark);
    for (const char *p = text; *p; p++) {
        if (*p == mark) {
            weir_buf_add_char(out, mark);
        }
        weir_buf_add_char(out, *p);
    }
    weir_buf_add_char(out, mark);
}

void weiri_sql_quote_name(struct weir_buf *out, const char *name)
{
    quote(out, name, '"');
}

void weiri_sql_quote_text(struct weir_buf *out, const char *text)
{
    quote(out, text, '\'');
}

void weiri_sql_back_tick(struct weir_buf *out, const char *name)
{
    quote(out, name, '`');
}

static const struct { enum weir_type_id id; const char *text; duckdb_type duck; } simple[] = {
    {WEIR_TYPE_BOOLEAN, "BOOLEAN", DUCKDB_TYPE_BOOLEAN}, {WEIR_TYPE_BYTE, "TINYINT", DUCKDB_TYPE_TINYINT},
    {WEIR_TYPE_SHORT, "SMALLINT", DUCKDB_TYPE_SMALLINT}, {WEIR_TYPE_INT, "INTEGER", DUCKDB_TYPE_INTEGER},
    {WEIR_TYPE_LONG, "BIGINT", DUCKDB_TYPE_BIGINT},      {WEIR_TYPE_FLOAT, "FLOAT", DUCKDB_TYPE_FLOAT},
    {WEIR_TYPE_DOUBLE, "DOUBLE", DUCKDB_TYPE_DOUBLE},    {WEIR_TYPE_STRING, "VARCHAR", DUCKDB_TYPE_VARCHAR},
    {WEIR_TYPE_BINARY, "BLOB", DUCKDB_TYPE_BLOB},        {WEIR_TYPE_DATE, "DATE", DUCKDB_TYPE_DATE},
    {WEIR_TYPE_TIMESTAMP, "TIMESTAMP", DUCKDB_TYPE_TIMESTAMP}, {WEIR_TYPE_TIMESTAMP_NTZ, "TIMESTAMP", DUCKDB_TYPE_TIMESTAMP},
    {WEIR_TYPE_VOID, "INTEGER", DUCKDB_TYPE_INTEGER},    /* NULL is all it holds */
};
#define SIMPLE_COUNT (sizeof simple / sizeof *simple)

void weiri_sql_duck_type(struct weir_buf *out, const struct weir_type *type)
{
    switch (type->id) {
    case WEIR_TYPE_DECIMAL:
        weir_buf_printf(out, "DECIMAL(%d,%d)", type->precision, type->scale);
        return;
    case WEIR_TYPE_ARRAY:
        weiri_sql_duck_type(out, &type->fields[0].type);
        weir_buf_add_str(out, "[]");
        return;
    case WEIR_TYPE_MAP:
    case WEIR_TYPE_STRUCT:
        weir_buf_add_str(out, type->id == WEIR_TYPE_MAP ? "MAP(" : "STRUCT(");
        for (size_t i = 0; i < type->field_count; i++) {
            weir_buf_add_str(out, i ? ", " : "");
            if (type->id == WEIR_TYPE_STRUCT) {
                weiri_sql_quote_name(out, type->fields[i].name);
                weir_buf_add_char(out, ' ');
            }
            weiri_sql_duck_type(out, &type->fields[i].type);
        }
        weir_buf_add_char(out, ')');
        return;
    default:
        break;
    }
    for (size_t i = 0; i < SIMPLE_COUNT; i++) {
        if (simple[i].id == type->id) {
            weir_buf_add_str(out, simple[i].text);
            return;
        }
    }
    WEIR_UNREACHABLE("VARIANT and INTERVAL are no columns of weir");
}

static duckdb_logical_type struct_type(const struct weir_type *type)
{
    duckdb_logical_type *members = weir_calloc(type->field_count + 1, sizeof *members);
    const char **names = weir_calloc(type->field_count + 1, sizeof *names);
    for (size_t i = 0; i < type->field_count; i++) {
        members[i] = weiri_sql_logical_type(&type->fields[i].type);
        names[i] = type->fields[i].name;
    }
    duckdb_logical_type out = duckdb_create_struct_type(members, names, type->field_count);
    for (size_t i = 0; i < type->field_count; i++) {
        duckdb_destroy_logical_type(&members[i]);
    }
    weir_free(members);
    weir_free(names);
    return out;
}

duckdb_logical_type weiri_sql_logical_type(const struct weir_type *type)
{
    if (type->id == WEIR_TYPE_DECIMAL) {
        return duckdb_create_decimal_type(type->precision, type->scale);
    }
    if (type->id == WEIR_TYPE_STRUCT) {
        return struct_type(type);
    }
    if (type->id == WEIR_TYPE_ARRAY) {
        duckdb_logical_type element = weiri_sql_logical_type(&type->fields[0].type);
        duckdb_logical_type out = duckdb_create_list_type(element);
        duckdb_destroy_logical_type(&element);
        return out;
    }
    if (type->id == WEIR_TYPE_MAP) {
        duckdb_logical_type key = weiri_sql_logical_type(&type->fields[0].type);
        duckdb_logical_type value = weiri_sql_logical_type(&type->fields[1].type);
        duckdb_logical_type out = duckdb_create_map_type(key, value);
        duckdb_destroy_logical_type(&key);
        duckdb_destroy_logical_type(&value);
        return out;
    }
    for (size_t i = 0; i < SIMPLE_COUNT; i++) {
        if (simple[i].id == type->id) {
            return duckdb_create_logical_type(simple[i].duck);
        }
    }
    WEIR_UNREACHABLE("VARIANT and INTERVAL are no columns of weir");
}

static void make_plain(struct weir_type *type)
{
    if (type->id == WEIR_TYPE_TIMESTAMP) {
        type->id = WEIR_TYPE_TIMESTAMP_NTZ;
    }
    for (size_t i = 0; i < type->field_count; i++) {
        make_plain(&type->fields[i].type);
    }
}

weir_schema *weiri_sql_plain_schema(weir_arena *arena, const weir_schema *schema)
{
    weir_schema *copy = weir_schema_copy(arena, schema);
    make_plain(copy);
    return copy;
}

const weir_schema *weiri_sql_visible_schema(weir_arena *arena, const weir_schema *schema)
{
    weir_schema *copy = weir_schema_copy(arena, schema);
    size_t kept = 0;
    for (size_t i = 0; i < copy->field_count; i++) {
        if (copy->fields[i].type.id != WEIR_TYPE_VOID) {
            copy->fields[kept++] = copy->fields[i];
        }
    }
    copy->field_count = kept;
    return copy;
}
