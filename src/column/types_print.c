/* types_print.c - types as text: simpleString, DDL, and the JSON of schemaString. */
#include "column/types_internal.h"
#include <stdio.h>

const struct weiri_type_name weiri_type_names[] = {
    {WEIR_TYPE_BOOLEAN, "boolean", "boolean", "BOOLEAN"},
    {WEIR_TYPE_BYTE, "byte", "tinyint", "TINYINT"},
    {WEIR_TYPE_SHORT, "short", "smallint", "SMALLINT"},
    {WEIR_TYPE_INT, "integer", "int", "INT"},
    {WEIR_TYPE_LONG, "long", "bigint", "BIGINT"},
    {WEIR_TYPE_FLOAT, "float", "float", "FLOAT"},
    {WEIR_TYPE_DOUBLE, "double", "double", "DOUBLE"},
    {WEIR_TYPE_STRING, "string", "string", "STRING"},
    {WEIR_TYPE_BINARY, "binary", "binary", "BINARY"},
    {WEIR_TYPE_DATE, "date", "date", "DATE"},
    {WEIR_TYPE_TIMESTAMP, "timestamp", "timestamp", "TIMESTAMP"},
    {WEIR_TYPE_TIMESTAMP_NTZ, "timestamp_ntz", "timestamp_ntz", "TIMESTAMP_NTZ"},
    {WEIR_TYPE_VARIANT, "variant", "variant", "VARIANT"},
    {WEIR_TYPE_VOID, "void", "void", "VOID"},
    {WEIR_TYPE_INTERVAL_YM, "interval year to month", "interval year to month", "INTERVAL YEAR TO MONTH"},
    {WEIR_TYPE_INTERVAL_DT, "interval day to second", "interval day to second", "INTERVAL DAY TO SECOND"},
};
const size_t weiri_type_name_count = sizeof weiri_type_names / sizeof *weiri_type_names;

static const struct weiri_type_name *name_of(enum weir_type_id id)
{
    for (size_t i = 0; i < weiri_type_name_count; i++) {
        if (weiri_type_names[i].id == id) {
            return &weiri_type_names[i];
        }
    }
    WEIR_UNREACHABLE("a type without a name");
}

void weir_type_print(struct weir_buf *out, const struct weir_type *type)
{
    switch (type->id) {
    case WEIR_TYPE_DECIMAL:
        weir_buf_printf(out, "decimal(%d,%d)", type->precision, type->scale);
        break;
    case WEIR_TYPE_ARRAY:
        weir_buf_add_str(out, "array<");
        weir_type_print(out, &type->fields[0].type);
        weir_buf_add_char(out, '>');
        break;
    case WEIR_TYPE_MAP:
        weir_buf_add_str(out, "map<");
        weir_type_print(out, &type->fields[0].type);
        weir_buf_add_char(out, ',');
        weir_type_print(out, &type->fields[1].type);
        weir_buf_add_char(out, '>');
        break;
    case WEIR_TYPE_STRUCT:
        weir_buf_add_str(out, "struct<");
        for (size_t i = 0; i < type->field_count; i++) {
            weir_buf_add_str(out, i > 0 ? "," : "");
            weir_buf_add_str(out, type->fields[i].name);
            weir_buf_add_char(out, ':');
            weir_type_print(out, &type->fields[i].type);
        }
        weir_buf_add_char(out, '>');
        break;
    default:
        weir_buf_add_str(out, name_of(type->id)->simple);
    }
}

/* Spark's quoteIfNeeded: bare when it is letters, digits, underscores and not digits alone. */
static void print_name(struct weir_buf *out, const char *name)
{
    bool bare = name[0] != '\0', digits = true;
    for (const char *p = name; *p != '\0'; p++) {
        bool digit = *p >= '0' && *p <= '9';
        bool letter = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || *p == '_';
        digits = digits && digit;
        bare = bare && (digit || letter);
    }
    if (bare && !digits) {
        weir_buf_add_str(out, name);
        return;
    }
    weir_buf_add_char(out, '`');
    for (const char *p = name; *p != '\0'; p++) {
        weir_buf_add_str(out, *p == '`' ? "`" : "");
        weir_buf_add_char(out, *p);
    }
    weir_buf_add_char(out, '`');
}

static void print_sql(struct weir_buf *out, const struct weir_type *type);

static void print_field_ddl(struct weir_buf *out, const struct weir_field *field, const char *between)
{
    print_name(out, field->name);
    weir_buf_add_str(out, between);
    print_sql(out, &field->type);
    if (!field->nullable) {
        weir_buf_add_str(out, " NOT NULL");
    }
    if (field->comment) {
        weir_buf_add_str(out, " COMMENT '");
        for (const char *p = field->comment; *p != '\0'; p++) {
            weir_buf_add_str(out, *p == '\'' ? "\\" : "");
            weir_buf_add_char(out, *p);
        }
        weir_buf_add_char(out, '\'');
    }
}

static void print_sql(struct weir_buf *out, const struct weir_type *type)
{
    switch (type->id) {
    case WEIR_TYPE_DECIMAL:
        weir_buf_printf(out, "DECIMAL(%d,%d)", type->precision, type->scale);
        break;
    case WEIR_TYPE_ARRAY:
        weir_buf_add_str(out, "ARRAY<");
        print_sql(out, &type->fields[0].type);
        weir_buf_add_char(out, '>');
        break;
    case WEIR_TYPE_MAP:
        weir_buf_add_str(out, "MAP<");
        print_sql(out, &type->fields[0].type);
        weir_buf_add_str(out, ", ");
        print_sql(out, &type->fields[1].type);
        weir_buf_add_char(out, '>');
        break;
    case WEIR_TYPE_STRUCT:
        weir_buf_add_str(out, "STRUCT<");
        for (size_t i = 0; i < type->field_count; i++) {
            weir_buf_add_str(out, i > 0 ? ", " : "");
            print_field_ddl(out, &type->fields[i], ": ");
        }
        weir_buf_add_char(out, '>');
        break;
    default:
        weir_buf_add_str(out, name_of(type->id)->sql);
    }
}

void weir_schema_print_ddl(struct weir_buf *out, const weir_schema *schema)
{
    for (size_t i = 0; i < schema->field_count; i++) {
        weir_buf_add_str(out, i > 0 ? "," : "");
        print_field_ddl(out, &schema->fields[i], " ");
    }
}

static void print_json(struct weir_jsonw *w, const struct weir_type *type)
{
    switch (type->id) {
    case WEIR_TYPE_DECIMAL: {
        char text[32];
        int len = snprintf(text, sizeof text, "decimal(%d,%d)", type->precision, type->scale);
        weir_jsonw_view(w, (struct weir_str){text, (size_t)len});
        break;
    }
    case WEIR_TYPE_ARRAY:
        weir_jsonw_object(w);
        weir_jsonw_kv(w, "type", "array");
        weir_jsonw_key(w, "elementType");
        print_json(w, &type->fields[0].type);
        weir_jsonw_kv_bool(w, "containsNull", type->fields[0].nullable);
        weir_jsonw_end_object(w);
        break;
    case WEIR_TYPE_MAP:
        weir_jsonw_object(w);
        weir_jsonw_kv(w, "type", "map");
        weir_jsonw_key(w, "keyType");
        print_json(w, &type->fields[0].type);
        weir_jsonw_key(w, "valueType");
        print_json(w, &type->fields[1].type);
        weir_jsonw_kv_bool(w, "valueContainsNull", type->fields[1].nullable);
        weir_jsonw_end_object(w);
        break;
    case WEIR_TYPE_STRUCT:
        weir_jsonw_object(w);
        weir_jsonw_kv(w, "type", "struct");
        weir_jsonw_key(w, "fields");
        weir_jsonw_array(w);
        for (size_t i = 0; i < type->field_count; i++) {
            const struct weir_field *field = &type->fields[i];
            weir_jsonw_object(w);
            weir_jsonw_kv(w, "name", field->name);
            weir_jsonw_key(w, "type");
            print_json(w, &field->type);
            weir_jsonw_kv_bool(w, "nullable", field->nullable);
            weir_jsonw_key(w, "metadata");
            weir_jsonw_raw(w, weir_str(field->metadata ? field->metadata : "{}"));
            weir_jsonw_end_object(w);
        }
        weir_jsonw_end_array(w);
        weir_jsonw_end_object(w);
        break;
    default:
        weir_jsonw_string(w, name_of(type->id)->json);
    }
}

void weir_schema_print_json(struct weir_buf *out, const weir_schema *schema)
{
    struct weir_jsonw w;
    weir_jsonw_init(&w, out);
    print_json(&w, schema);
}
