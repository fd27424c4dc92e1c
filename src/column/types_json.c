/* types_json.c - Delta's schemaString into a schema. Text of other writers: whatever does not fit is refused, never guessed. */
#include "base/map.h"
#include "column/types_internal.h"

weir_rc weiri_check_duplicates(const struct weir_type *type, weir_rc code, struct weir_error *err)
{
    weir_map *seen = weir_map_new_nocase();
    weir_rc rc = WEIR_OK;
    for (size_t i = 0; i < type->field_count && rc == WEIR_OK; i++) {
        struct weir_str name = weir_str(type->fields[i].name);
        if (weir_map_has(seen, name)) {
            rc = weir_fail(err, code, "COLUMN_ALREADY_EXISTS",
                           "the column `%s` stands twice in one schema (letter case does not count); rename one",
                           type->fields[i].name);
        }
        weir_map_put(seen, name, &type->fields[i]);
    }
    weir_map_free(seen, NULL);
    return rc;
}

static weir_rc parse_type(weir_arena *arena, const struct weir_json *json, struct weir_type *out, struct weir_error *err);

static weir_rc parse_name(struct weir_str name, struct weir_type *out, struct weir_error *err)
{
    for (size_t i = 0; i < weiri_type_name_count; i++) {
        if (weir_str_eq(name, weir_str(weiri_type_names[i].json))) {
            *out = weir_type_of(weiri_type_names[i].id);
            return WEIR_OK;
        }
    }
    if (weir_str_eq(name, WEIR_STR("null"))) {
        *out = weir_type_of(WEIR_TYPE_VOID);
        return WEIR_OK;
    }
    if (weir_str_eq(name, WEIR_STR("decimal"))) {
        *out = weir_type_decimal(10, 0);
        return WEIR_OK;
    }
    if (weir_str_starts(name, "decimal(") && weir_str_ends(name, ")")) {
        struct weir_str inner = {name.ptr + 8, name.len - 9};
        const char *comma = memchr(inner.ptr, ',', inner.len);
        int64_t precision = 0, scale = 0;
        size_t first = comma ? (size_t)(comma - inner.ptr) : inner.len;
        struct weir_str p = weir_str_trim((struct weir_str){inner.ptr, first});
        bool good = weir_str_to_i64(p, &precision);
        if (comma) {
            struct weir_str s = {comma + 1, inner.len - first - 1};
            good = good && weir_str_to_i64(weir_str_trim(s), &scale);
        }
        if (!good || precision < 1 || precision > WEIR_DECIMAL_PRECISION_MAX || scale < 0 || scale > precision) {
            return weir_fail(err, WEIR_UNSUPPORTED, "DECIMAL_PRECISION",
                             "the schema has the type %.*s; 1 <= precision <= 38 and 0 <= scale <= precision are what a column holds",
                             (int)name.len, name.ptr);
        }
        *out = weir_type_decimal((int)precision, (int)scale);
        return WEIR_OK;
    }
    if (weir_str_starts(name, "interval ")) {
        bool months = weir_str_ends(name, "year") || weir_str_ends(name, "month");
        *out = weir_type_of(months ? WEIR_TYPE_INTERVAL_YM : WEIR_TYPE_INTERVAL_DT);
        return WEIR_OK;
    }
    return weir_fail(err, WEIR_UNSUPPORTED, "TYPE_UNSUPPORTED", "the schema has the type %.*s, which weir does not hold",
                     (int)name.len, name.ptr);
}

static weir_rc corrupt(struct weir_error *err, const char *what)
{
    return weir_fail(err, WEIR_CORRUPT, "SCHEMA_CORRUPT", "the JSON of a schema: %s; look at metaData.schemaString", what);
}

static weir_rc parse_field(weir_arena *arena, const struct weir_json *json, struct weir_field *out, struct weir_error *err)
{
    const struct weir_json *name = weir_json_get(json, "name"), *type = weir_json_get(json, "type");
    const struct weir_json *metadata = weir_json_get(json, "metadata");
    if (!weir_json_string(name) || !type) {
        return corrupt(err, "a field without name or type");
    }
    out->name = weir_arena_strndup(arena, name->text.ptr, name->text.len);
    out->nullable = true;
    if (weir_json_get(json, "nullable") && !weir_json_bool(weir_json_get(json, "nullable"), &out->nullable)) {
        return corrupt(err, "nullable is neither true nor false");
    }
    if (metadata && metadata->kind == WEIR_JSON_OBJECT && metadata->count > 0) {
        out->metadata = weir_arena_strndup(arena, metadata->raw.ptr, metadata->raw.len);
        const char *comment = weir_json_string(weir_json_get(metadata, "comment"));
        out->comment = comment ? weir_arena_strdup(arena, comment) : NULL;
    }
    return parse_type(arena, type, &out->type, err);
}

static weir_rc parse_struct(weir_arena *arena, const struct weir_json *json, struct weir_type *out, struct weir_error *err)
{
    const struct weir_json *fields = weir_json_get(json, "fields");
    if (!fields || fields->kind != WEIR_JSON_ARRAY) {
        return corrupt(err, "a struct without fields");
    }
    *out = *weir_schema_new(arena, fields->count);
    size_t i = 0;
    for (const struct weir_json *f = fields->child; f; f = f->next) {
        WEIR_TRY(parse_field(arena, f, &out->fields[i++], err));
    }
    return weiri_check_duplicates(out, WEIR_CORRUPT, err);
}

/* The children of ARRAY and MAP: their type under `key`, their nullability under `null_key` (NULL: never null). */
static weir_rc parse_child(weir_arena *arena, const struct weir_json *json, const char *key, const char *null_key,
                           struct weir_field *out, struct weir_error *err)
{
    const struct weir_json *type = weir_json_get(json, key);
    if (!type || (null_key && !weir_json_bool(weir_json_get(json, null_key), &out->nullable))) {
        return corrupt(err, "an array or map without its element type or nullability");
    }
    return parse_type(arena, type, &out->type, err);
}

static weir_rc parse_type(weir_arena *arena, const struct weir_json *json, struct weir_type *out, struct weir_error *err)
{
    if (json->kind == WEIR_JSON_STRING) {
        return parse_name(json->text, out, err);
    }
    const char *kind = weir_json_string(weir_json_get(json, "type"));
    if (json->kind != WEIR_JSON_OBJECT || !kind) {
        return corrupt(err, "a type that is neither a name nor an object with a type");
    }
    if (strcmp(kind, "struct") == 0) {
        return parse_struct(arena, json, out, err);
    }
    if (strcmp(kind, "array") == 0) {
        *out = *weir_schema_new(arena, 1);
        out->id = WEIR_TYPE_ARRAY;
        out->fields[0].name = "element";
        return parse_child(arena, json, "elementType", "containsNull", &out->fields[0], err);
    }
    if (strcmp(kind, "map") == 0) {
        *out = *weir_schema_new(arena, 2);
        out->id = WEIR_TYPE_MAP;
        out->fields[0].name = "key";
        out->fields[1].name = "value";
        WEIR_TRY(parse_child(arena, json, "keyType", NULL, &out->fields[0], err));
        return parse_child(arena, json, "valueType", "valueContainsNull", &out->fields[1], err);
    }
    return weir_fail(err, WEIR_UNSUPPORTED, "TYPE_UNSUPPORTED", "the schema has a type \"%s\", which weir does not hold", kind);
}

weir_rc weir_schema_parse_json(weir_arena *arena, struct weir_str json, weir_schema **out, struct weir_error *err)
{
    *out = NULL;
    const struct weir_json *root;
    WEIR_TRY(weir_json_parse(arena, json, &root, err));
    const char *kind = weir_json_string(weir_json_get(root, "type"));
    if (!kind || strcmp(kind, "struct") != 0) {
        return corrupt(err, "not a struct");
    }
    weir_schema *schema = weir_arena_zalloc(arena, sizeof *schema);
    WEIR_TRY(parse_type(arena, root, schema, err));
    *out = schema;
    return WEIR_OK;
}
