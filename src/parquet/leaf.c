/* leaf.c - the leaves of a schema. Types as delta-format 2.6: lists and maps have three levels, void is nowhere. */
#include "parquet/leaf.h"
#include "base/json.h"
#include "parquet/thrift_write.h"

#define DEPTH_MAX 64

struct walk {
    weir_arena *arena;
    struct pw_leaves *out;
    size_t cap;
    const char *path[DEPTH_MAX * 2];
    size_t path_count;
    struct pw_step steps[DEPTH_MAX];
    size_t step_count;
    int def, rep;
    struct weir_error *err;
};

static weir_rc walk_type(struct walk *w, const struct weir_type *type);

static const char *dotted(struct walk *w)
{
    struct weir_buf buf;
    weir_buf_init(&buf, 0);
    for (size_t i = 0; i < w->path_count; i++) {
        (void)weir_buf_printf(&buf, i > 0 ? ".%s" : "%s", w->path[i]);
    }
    const char *name = weir_arena_strndup(w->arena, buf.data, buf.len);
    weir_buf_free(&buf);
    return name;
}

/* FIXED_LEN_BYTE_ARRAY of as few bytes as hold the precision. */
static uint32_t decimal_width(int precision)
{
    weir_u128 max = 1;
    for (int i = 0; i < precision; i++) {
        max *= 10;
    }
    uint32_t bytes = 1;
    while (bytes < 16 && max > (weir_u128)1 << (8 * bytes - 1)) {
        bytes++;
    }
    return bytes;
}

static bool physical_of(const struct weir_type *type, enum weir_pq_type *physical, uint32_t *width)
{
    switch (type->id) {
    case WEIR_TYPE_BOOLEAN:
        *physical = WEIR_PQ_BOOLEAN;
        *width = 1; /* a byte until it is packed */
        return true;
    case WEIR_TYPE_BYTE:
    case WEIR_TYPE_SHORT:
    case WEIR_TYPE_INT:
    case WEIR_TYPE_DATE:
        *physical = WEIR_PQ_INT32;
        *width = 4;
        return true;
    case WEIR_TYPE_LONG:
    case WEIR_TYPE_TIMESTAMP:
    case WEIR_TYPE_TIMESTAMP_NTZ:
        *physical = WEIR_PQ_INT64;
        *width = 8;
        return true;
    case WEIR_TYPE_FLOAT:
        *physical = WEIR_PQ_FLOAT;
        *width = 4;
        return true;
    case WEIR_TYPE_DOUBLE:
        *physical = WEIR_PQ_DOUBLE;
        *width = 8;
        return true;
    case WEIR_TYPE_DECIMAL:
        *physical = type->precision <= 9    ? WEIR_PQ_INT32
                    : type->precision <= 18 ? WEIR_PQ_INT64
                                            : WEIR_PQ_FIXED_LEN_BYTE_ARRAY;
        *width = type->precision <= 9 ? 4 : type->precision <= 18 ? 8 : decimal_width(type->precision);
        return true;
    case WEIR_TYPE_STRING:
    case WEIR_TYPE_BINARY:
        *physical = WEIR_PQ_BYTE_ARRAY;
        *width = 0;
        return true;
    default:
        return false;
    }
}

static weir_rc add_leaf(struct walk *w, const struct weir_type *type)
{
    enum weir_pq_type physical;
    uint32_t width;
    if (!physical_of(type, &physical, &width)) {
        struct weir_buf text;
        weir_buf_init(&text, 0);
        weir_type_print(&text, type);
        weir_rc rc = weir_fail(w->err, WEIR_UNSUPPORTED, "PARQUET_TYPE", "column %s has type %s, which is not written to Parquet; cast or drop it",
                               dotted(w), text.data);
        weir_buf_free(&text);
        return rc;
    }
    struct pw_leaf *leaf = &WEIR_PUSH(w->out->items, w->out->count, w->cap);
    *leaf = (struct pw_leaf){.type = type, .name = dotted(w), .path_count = w->path_count, .step_count = w->step_count,
                             .column = w->steps[0].index, .physical = physical, .width = width, .max_def = w->def, .max_rep = w->rep,
                             .flat = w->step_count == 1};
    leaf->path = weir_arena_alloc(w->arena, w->path_count * sizeof *leaf->path);
    memcpy(leaf->path, w->path, w->path_count * sizeof *leaf->path);
    struct pw_step *steps = weir_arena_alloc(w->arena, w->step_count * sizeof *steps);
    memcpy(steps, w->steps, w->step_count * sizeof *steps);
    leaf->steps = steps;
    return WEIR_OK;
}

/* Below a step: `groups` names of repeated groups stand between this level and the child's. */
static weir_rc walk_step(struct walk *w, struct pw_step step, const char *group, const char *name)
{
    if (w->step_count == DEPTH_MAX) {
        return weir_fail(w->err, WEIR_TOO_BIG, "PARQUET_DEPTH", "column %s nests deeper than %d levels; flatten it", dotted(w), DEPTH_MAX);
    }
    const size_t path_count = w->path_count;
    const int def = w->def, rep = w->rep;
    w->steps[w->step_count++] = step;
    if (group) {
        w->path[w->path_count++] = group;
        w->def++;
        w->rep++;
        w->out->element_count++;
    }
    w->path[w->path_count++] = name;
    w->def += step.nullable;
    w->out->element_count++;
    weir_rc rc = walk_type(w, step.type);
    w->step_count--;
    w->path_count = path_count;
    w->def = def;
    w->rep = rep;
    return rc;
}

static weir_rc walk_type(struct walk *w, const struct weir_type *type)
{
    const struct weir_field *f = type->fields;
    switch (type->id) {
    case WEIR_TYPE_STRUCT:
        if (type->field_count == 0) {
            return weir_fail(w->err, WEIR_UNSUPPORTED, "PARQUET_EMPTY_STRUCT",
                             "column %s is a struct without fields, which Parquet cannot hold; give it a field or drop it", dotted(w));
        }
        for (size_t i = 0; i < type->field_count; i++) {
            WEIR_TRY(walk_step(w, (struct pw_step){PW_STEP_FIELD, i, &f[i].type, f[i].nullable}, NULL, f[i].name));
        }
        return WEIR_OK;
    case WEIR_TYPE_ARRAY:
        return walk_step(w, (struct pw_step){PW_STEP_ELEMENT, 0, &f[0].type, f[0].nullable}, "list", "element");
    case WEIR_TYPE_MAP:
        WEIR_TRY(walk_step(w, (struct pw_step){PW_STEP_KEY, 0, &f[0].type, false}, "key_value", "key"));
        w->out->element_count--; /* the repeated group was counted with the key and comes again with the value */
        return walk_step(w, (struct pw_step){PW_STEP_VALUE, 1, &f[1].type, f[1].nullable}, "key_value", "value");
    default:
        return add_leaf(w, type);
    }
}

weir_rc weiri_pw_leaves_new(weir_arena *arena, const weir_schema *schema, struct pw_leaves *out, struct weir_error *err)
{
    *out = (struct pw_leaves){.element_count = 1};
    struct walk w = {.arena = arena, .out = out, .err = err};
    weir_rc rc = walk_type(&w, schema);
    struct pw_leaf *items = out->items;
    if (rc == WEIR_OK) {
        out->items = weir_arena_alloc(arena, out->count * sizeof *items);
        memcpy(out->items, items, out->count * sizeof *items);
    }
    weir_free(items);
    return rc;
}

/* --- the schema in the footer --- */

static void write_integer(struct pw_thrift *t, int bits)
{
    weiri_pw_thrift_struct(t, WEIR_PQ_ELEMENT_LOGICAL);
    weiri_pw_thrift_struct(t, WEIR_PQ_LOGICAL_INTEGER);
    weiri_pw_thrift_i8(t, 1, (int8_t)bits);
    weiri_pw_thrift_bool(t, 2, true);
    weiri_pw_thrift_end(t);
    weiri_pw_thrift_end(t);
}

static void write_empty_logical(struct pw_thrift *t, enum weir_pq_logical logical)
{
    weiri_pw_thrift_struct(t, WEIR_PQ_ELEMENT_LOGICAL);
    weiri_pw_thrift_struct(t, (int)logical);
    weiri_pw_thrift_end(t);
    weiri_pw_thrift_end(t);
}

static void write_timestamp(struct pw_thrift *t, bool adjusted)
{
    weiri_pw_thrift_struct(t, WEIR_PQ_ELEMENT_LOGICAL);
    weiri_pw_thrift_struct(t, WEIR_PQ_LOGICAL_TIMESTAMP);
    weiri_pw_thrift_bool(t, 1, adjusted);
    weiri_pw_thrift_struct(t, 2);
    weiri_pw_thrift_struct(t, WEIR_PQ_UNIT_MICROS);
    weiri_pw_thrift_end(t);
    weiri_pw_thrift_end(t);
    weiri_pw_thrift_end(t);
    weiri_pw_thrift_end(t);
}

static enum weir_pq_converted converted_of(const struct weir_type *type)
{
    switch (type->id) {
    case WEIR_TYPE_BYTE:
        return WEIR_PQ_CONVERTED_INT_8;
    case WEIR_TYPE_SHORT:
        return WEIR_PQ_CONVERTED_INT_16;
    case WEIR_TYPE_DECIMAL:
        return WEIR_PQ_CONVERTED_DECIMAL;
    case WEIR_TYPE_DATE:
        return WEIR_PQ_CONVERTED_DATE;
    case WEIR_TYPE_TIMESTAMP:
        return WEIR_PQ_CONVERTED_TIMESTAMP_MICROS;
    case WEIR_TYPE_STRING:
        return WEIR_PQ_CONVERTED_UTF8;
    case WEIR_TYPE_ARRAY:
        return WEIR_PQ_CONVERTED_LIST;
    case WEIR_TYPE_MAP:
        return WEIR_PQ_CONVERTED_MAP;
    default:
        return WEIR_PQ_CONVERTED_NONE; /* TIMESTAMP_NTZ: the old names have only the adjusted kind */
    }
}

static void write_logical(struct pw_thrift *t, const struct weir_type *type)
{
    switch (type->id) {
    case WEIR_TYPE_BYTE:
        write_integer(t, 8);
        break;
    case WEIR_TYPE_SHORT:
        write_integer(t, 16);
        break;
    case WEIR_TYPE_DECIMAL:
        weiri_pw_thrift_struct(t, WEIR_PQ_ELEMENT_LOGICAL);
        weiri_pw_thrift_struct(t, WEIR_PQ_LOGICAL_DECIMAL);
        weiri_pw_thrift_i32(t, 1, type->scale);
        weiri_pw_thrift_i32(t, 2, type->precision);
        weiri_pw_thrift_end(t);
        weiri_pw_thrift_end(t);
        break;
    case WEIR_TYPE_DATE:
        write_empty_logical(t, WEIR_PQ_LOGICAL_DATE);
        break;
    case WEIR_TYPE_TIMESTAMP:
        write_timestamp(t, true);
        break;
    case WEIR_TYPE_TIMESTAMP_NTZ:
        write_timestamp(t, false);
        break;
    case WEIR_TYPE_STRING:
        write_empty_logical(t, WEIR_PQ_LOGICAL_STRING);
        break;
    case WEIR_TYPE_ARRAY:
        write_empty_logical(t, WEIR_PQ_LOGICAL_LIST);
        break;
    case WEIR_TYPE_MAP:
        write_empty_logical(t, WEIR_PQ_LOGICAL_MAP);
        break;
    default:
        break;
    }
}

/* The id that column mapping (or a foreign writer) gave the field. */
static bool field_id_of(const struct weir_field *field, int32_t *id)
{
    if (!field || !field->metadata) {
        return false;
    }
    weir_arena *arena = weir_arena_new();
    const struct weir_json *json = NULL;
    int64_t n = 0;
    bool found = weir_json_parse(arena, weir_str(field->metadata), &json, NULL) == WEIR_OK &&
                 (weir_json_i64(weir_json_get(json, "parquet.field.id"), &n) || weir_json_i64(weir_json_get(json, "delta.columnMapping.id"), &n)) &&
                 n >= INT32_MIN && n <= INT32_MAX;
    *id = (int32_t)n;
    weir_arena_free(arena);
    return found;
}

static void write_repeated_group(struct pw_thrift *t, const char *name, int children)
{
    weiri_pw_thrift_item_struct(t);
    weiri_pw_thrift_i32(t, WEIR_PQ_ELEMENT_REPETITION, WEIR_PQ_REPEATED);
    weiri_pw_thrift_text(t, WEIR_PQ_ELEMENT_NAME, name);
    weiri_pw_thrift_i32(t, WEIR_PQ_ELEMENT_NUM_CHILDREN, children);
    weiri_pw_thrift_end(t);
}

static void write_element(struct pw_thrift *t, const struct weir_field *field, const char *name, bool nullable)
{
    const struct weir_type *type = &field->type;
    enum weir_pq_type physical;
    uint32_t width;
    int32_t id;
    const bool primitive = physical_of(type, &physical, &width);
    weiri_pw_thrift_item_struct(t);
    if (primitive) {
        weiri_pw_thrift_i32(t, WEIR_PQ_ELEMENT_TYPE, (int32_t)physical);
        if (physical == WEIR_PQ_FIXED_LEN_BYTE_ARRAY) {
            weiri_pw_thrift_i32(t, WEIR_PQ_ELEMENT_TYPE_LENGTH, (int32_t)width);
        }
    }
    weiri_pw_thrift_i32(t, WEIR_PQ_ELEMENT_REPETITION, nullable ? WEIR_PQ_OPTIONAL : WEIR_PQ_REQUIRED);
    weiri_pw_thrift_text(t, WEIR_PQ_ELEMENT_NAME, name);
    if (!primitive) {
        weiri_pw_thrift_i32(t, WEIR_PQ_ELEMENT_NUM_CHILDREN, type->id == WEIR_TYPE_STRUCT ? (int32_t)type->field_count : 1);
    }
    if (converted_of(type) != WEIR_PQ_CONVERTED_NONE) {
        weiri_pw_thrift_i32(t, WEIR_PQ_ELEMENT_CONVERTED, (int32_t)converted_of(type));
    }
    if (type->id == WEIR_TYPE_DECIMAL) {
        weiri_pw_thrift_i32(t, WEIR_PQ_ELEMENT_SCALE, type->scale);
        weiri_pw_thrift_i32(t, WEIR_PQ_ELEMENT_PRECISION, type->precision);
    }
    if (field_id_of(field, &id)) {
        weiri_pw_thrift_i32(t, WEIR_PQ_ELEMENT_FIELD_ID, id);
    }
    write_logical(t, type);
    weiri_pw_thrift_end(t);
    if (type->id == WEIR_TYPE_ARRAY) {
        write_repeated_group(t, "list", 1);
        write_element(t, &type->fields[0], "element", type->fields[0].nullable);
    } else if (type->id == WEIR_TYPE_MAP) {
        write_repeated_group(t, "key_value", 2);
        write_element(t, &type->fields[0], "key", false);
        write_element(t, &type->fields[1], "value", type->fields[1].nullable);
    } else if (type->id == WEIR_TYPE_STRUCT) {
        for (size_t i = 0; i < type->field_count; i++) {
            write_element(t, &type->fields[i], type->fields[i].name, type->fields[i].nullable);
        }
    }
}

void weiri_pw_schema_write(struct pw_thrift *t, int id, const weir_schema *schema, const struct pw_leaves *leaves)
{
    weiri_pw_thrift_list(t, id, WEIR_THRIFT_STRUCT, leaves->element_count);
    weiri_pw_thrift_item_struct(t);
    weiri_pw_thrift_text(t, WEIR_PQ_ELEMENT_NAME, "spark_schema");
    weiri_pw_thrift_i32(t, WEIR_PQ_ELEMENT_NUM_CHILDREN, (int32_t)schema->field_count);
    weiri_pw_thrift_end(t);
    for (size_t i = 0; i < schema->field_count; i++) {
        write_element(t, &schema->fields[i], schema->fields[i].name, schema->fields[i].nullable);
    }
}
