/* reader_schema.c - the flat list of schema elements into a tree of Spark types (Parquet's LogicalTypes.md, with its rules for old writers).
 *
 * LIST: a group with one repeated child. The child is the element itself if it is no group, has several fields, has a repeated field, or is
 * called "array" or "<list>_tuple"; else it is a wrapper round the element. A repeated field outside of LIST and MAP is an array that is
 * never NULL. Groups between are folded into levels: a node knows from which definition level on it is there. */
#include "parquet/reader_internal.h"

#include <stdio.h>

struct builder {
    weir_arena *arena;
    const struct weiri_pq_footer *footer;
    size_t next; /* element */
    struct weiri_pq_leaf *leaves;
    size_t leaf_count;
    struct weir_error *err;
};

static weir_rc bad_schema(struct builder *b, const char *what)
{
    return weir_fail(b->err, WEIR_CORRUPT, "PARQUET_CORRUPT", "the schema in the footer %s", what);
}

static weir_rc refuse(struct builder *b, const struct weiri_pq_element *e, const char *what)
{
    return weir_fail(b->err, WEIR_UNSUPPORTED, "PARQUET_TYPE_UNSUPPORTED", "column %.*s has the Parquet type %s, which weir does not read", (int)(e->name.len > 200 ? 200 : e->name.len),
                     e->name.ptr, what);
}

static weir_rc decimal(struct builder *b, const struct weiri_pq_element *e, struct weir_type *type)
{
    if (e->precision < 1 || e->precision > WEIR_DECIMAL_PRECISION_MAX || e->scale < 0 || e->scale > e->precision) {
        return refuse(b, e, "DECIMAL of more than 38 digits");
    }
    *type = weir_type_decimal(e->precision, e->scale);
    return WEIR_OK;
}

static weir_rc integer_type(struct builder *b, const struct weiri_pq_element *e, struct weir_type *type, enum weiri_pq_convert *convert)
{
    int width = e->type == WEIR_PQ_INT32 ? 32 : 64;
    bool is_signed = true;
    if (e->logical == WEIR_PQ_LOGICAL_INTEGER) {
        width = e->bit_width;
        is_signed = e->is_signed;
    } else if (e->converted >= WEIR_PQ_CONVERTED_UINT_8 && e->converted <= WEIR_PQ_CONVERTED_INT_64) {
        width = 8 << ((e->converted - WEIR_PQ_CONVERTED_UINT_8) & 3);
        is_signed = e->converted >= WEIR_PQ_CONVERTED_INT_8;
    }
    enum weir_type_id id = width <= 8 ? WEIR_TYPE_BYTE : width <= 16 ? WEIR_TYPE_SHORT : width <= 32 ? WEIR_TYPE_INT : WEIR_TYPE_LONG;
    if ((e->type == WEIR_PQ_INT32) != (width <= 32)) {
        return bad_schema(b, "has an integer column whose width does not fit");
    }
    if (!is_signed && width == 64) {
        *type = weir_type_decimal(20, 0);
        *convert = WEIRI_PQ_UINT64;
        return WEIR_OK;
    }
    if (!is_signed) { /* the next wider type holds it */
        *convert = width == 32 ? WEIRI_PQ_UINT32 : WEIRI_PQ_AS_IS;
        id = width <= 8 ? WEIR_TYPE_SHORT : width <= 16 ? WEIR_TYPE_INT : WEIR_TYPE_LONG;
    }
    *type = weir_type_of(id);
    return WEIR_OK;
}

static weir_rc number_type(struct builder *b, const struct weiri_pq_element *e, struct weir_type *type, enum weiri_pq_convert *convert)
{
    bool wide = e->type == WEIR_PQ_INT64;
    if (e->logical == WEIR_PQ_LOGICAL_DECIMAL || e->converted == WEIR_PQ_CONVERTED_DECIMAL) {
        return decimal(b, e, type);
    }
    if (!wide && (e->logical == WEIR_PQ_LOGICAL_DATE || e->converted == WEIR_PQ_CONVERTED_DATE)) {
        *type = weir_type_of(WEIR_TYPE_DATE);
        return WEIR_OK;
    }
    if (wide && e->logical == WEIR_PQ_LOGICAL_TIMESTAMP) {
        *type = weir_type_of(e->utc ? WEIR_TYPE_TIMESTAMP : WEIR_TYPE_TIMESTAMP_NTZ);
        *convert = e->unit == WEIR_PQ_UNIT_MILLIS ? WEIRI_PQ_MILLIS : e->unit == WEIR_PQ_UNIT_NANOS ? WEIRI_PQ_NANOS : WEIRI_PQ_AS_IS;
        return WEIR_OK;
    }
    if (wide && (e->converted == WEIR_PQ_CONVERTED_TIMESTAMP_MILLIS || e->converted == WEIR_PQ_CONVERTED_TIMESTAMP_MICROS)) {
        *type = weir_type_of(WEIR_TYPE_TIMESTAMP);
        *convert = e->converted == WEIR_PQ_CONVERTED_TIMESTAMP_MILLIS ? WEIRI_PQ_MILLIS : WEIRI_PQ_AS_IS;
        return WEIR_OK;
    }
    if (e->logical == WEIR_PQ_LOGICAL_TIME || e->converted == WEIR_PQ_CONVERTED_TIME_MILLIS || e->converted == WEIR_PQ_CONVERTED_TIME_MICROS) {
        return refuse(b, e, "TIME");
    }
    if (e->logical == WEIR_PQ_LOGICAL_UNKNOWN) {
        *type = weir_type_of(WEIR_TYPE_VOID);
        return WEIR_OK;
    }
    return integer_type(b, e, type, convert);
}

static weir_rc bytes_type(struct builder *b, const struct weiri_pq_element *e, struct weir_type *type, enum weiri_pq_convert *convert)
{
    bool fixed = e->type == WEIR_PQ_FIXED_LEN_BYTE_ARRAY;
    if (fixed && (e->type_length < 1 || e->type_length > (1 << 20))) {
        return bad_schema(b, "has a fixed-length column without a sane length");
    }
    if (e->logical == WEIR_PQ_LOGICAL_DECIMAL || e->converted == WEIR_PQ_CONVERTED_DECIMAL) {
        *convert = WEIRI_PQ_DECIMAL_BYTES;
        return decimal(b, e, type);
    }
    if (e->converted == WEIR_PQ_CONVERTED_INTERVAL) {
        return refuse(b, e, "INTERVAL");
    }
    if (e->logical == WEIR_PQ_LOGICAL_FLOAT16) {
        return refuse(b, e, "FLOAT16");
    }
    bool text = e->logical == WEIR_PQ_LOGICAL_STRING || e->logical == WEIR_PQ_LOGICAL_ENUM || e->logical == WEIR_PQ_LOGICAL_JSON ||
                e->converted == WEIR_PQ_CONVERTED_UTF8 || e->converted == WEIR_PQ_CONVERTED_ENUM || e->converted == WEIR_PQ_CONVERTED_JSON;
    *type = weir_type_of(text && !fixed ? WEIR_TYPE_STRING : e->logical == WEIR_PQ_LOGICAL_UNKNOWN ? WEIR_TYPE_VOID : WEIR_TYPE_BINARY);
    return WEIR_OK;
}

static weir_rc leaf_type(struct builder *b, const struct weiri_pq_element *e, struct weir_type *type, enum weiri_pq_convert *convert)
{
    *convert = WEIRI_PQ_AS_IS;
    switch (e->type) {
    case WEIR_PQ_BOOLEAN:
        *type = weir_type_of(WEIR_TYPE_BOOLEAN);
        return WEIR_OK;
    case WEIR_PQ_INT32:
    case WEIR_PQ_INT64:
        return number_type(b, e, type, convert);
    case WEIR_PQ_INT96:
        *type = weir_type_of(WEIR_TYPE_TIMESTAMP);
        *convert = WEIRI_PQ_INT96_TIME;
        return WEIR_OK;
    case WEIR_PQ_FLOAT:
        *type = weir_type_of(WEIR_TYPE_FLOAT);
        return WEIR_OK;
    case WEIR_PQ_DOUBLE:
        *type = weir_type_of(WEIR_TYPE_DOUBLE);
        return WEIR_OK;
    case WEIR_PQ_BYTE_ARRAY:
    case WEIR_PQ_FIXED_LEN_BYTE_ARRAY:
        return bytes_type(b, e, type, convert);
    default:
        return bad_schema(b, "has a column of an unknown physical type");
    }
}

static const struct weiri_pq_element *peek(const struct builder *b)
{
    return b->next < b->footer->element_count ? &b->footer->elements[b->next] : NULL;
}

static weir_rc build(struct builder *b, const char *parent, int def, int rep, int depth, struct weiri_pq_node *out, struct weir_field *field);

static weir_rc build_leaf(struct builder *b, const struct weiri_pq_element *e, const char *name, int def, int rep, struct weiri_pq_node *out)
{
    struct weiri_pq_leaf *leaf = &b->leaves[b->leaf_count];
    *leaf = (struct weiri_pq_leaf){.physical = e->type, .type_length = e->type_length, .def_max = def, .rep_max = rep, .name = name};
    WEIR_TRY(leaf_type(b, e, &out->type, &leaf->convert));
    leaf->id = out->type.id;
    out->kind = WEIRI_PQ_LEAF;
    out->def_null = def;
    out->first_leaf = b->leaf_count++;
    out->leaf_count = 1;
    return WEIR_OK;
}

static void make_fields(struct builder *b, struct weiri_pq_node *out, size_t count)
{
    out->children = weir_arena_zalloc(b->arena, (count + 1) * sizeof *out->children);
    out->child_count = count;
    out->type.fields = weir_arena_zalloc(b->arena, (count + 1) * sizeof *out->type.fields);
    out->type.field_count = count;
    out->first_leaf = b->leaf_count;
}

static weir_rc build_struct(struct builder *b, const struct weiri_pq_element *e, const char *name, int def, int rep, int depth, struct weiri_pq_node *out)
{
    if (e->children < 1 || (size_t)e->children > b->footer->element_count - b->next) {
        return bad_schema(b, "has a group without children or with more than there are");
    }
    out->kind = WEIRI_PQ_STRUCT;
    out->type.id = WEIR_TYPE_STRUCT;
    out->def_null = def;
    make_fields(b, out, (size_t)e->children);
    for (size_t i = 0; i < out->child_count; i++) {
        WEIR_TRY(build(b, name, def, rep, depth + 1, &out->children[i], &out->type.fields[i]));
    }
    out->leaf_count = b->leaf_count - out->first_leaf;
    return WEIR_OK;
}

/* The repeated child of a LIST is the element itself, not a wrapper. */
static bool is_element(const struct builder *b, const struct weiri_pq_element *list, const struct weiri_pq_element *repeated)
{
    if (repeated->type >= 0 || repeated->children != 1) {
        return true;
    }
    const struct weiri_pq_element *only = repeated + 1 < b->footer->elements + b->footer->element_count ? repeated + 1 : NULL;
    char tuple[256];
    int len = snprintf(tuple, sizeof tuple, "%.*s_tuple", (int)(list->name.len > 200 ? 200 : list->name.len), list->name.ptr);
    return !only || only->repetition == WEIR_PQ_REPEATED || weir_str_eq(repeated->name, WEIR_STR("array")) ||
           weir_str_eq(repeated->name, (struct weir_str){tuple, (size_t)len});
}

/* The element that b->next stands on, as a required thing at the given levels (its own repetition was folded in already). */
static weir_rc build_bare(struct builder *b, const char *name, int def, int rep, int depth, struct weiri_pq_node *out)
{
    const struct weiri_pq_element *e = peek(b);
    b->next++;
    return e->type >= 0 ? build_leaf(b, e, name, def, rep, out) : build_struct(b, e, name, def, rep, depth, out);
}

/* An array of whatever stands at b->next, which is the repeated element or its wrapper. */
static weir_rc build_list(struct builder *b, const char *name, int def, int rep, int depth, bool wrapped, struct weiri_pq_node *out)
{
    out->kind = WEIRI_PQ_LIST;
    out->type.id = WEIR_TYPE_ARRAY;
    out->def_null = def;
    out->def_item = def + 1;
    out->rep_item = rep + 1;
    make_fields(b, out, 1);
    if (wrapped) {
        b->next++;
        WEIR_TRY(build(b, name, def + 1, rep + 1, depth + 1, &out->children[0], &out->type.fields[0]));
    } else {
        WEIR_TRY(build_bare(b, name, def + 1, rep + 1, depth + 1, &out->children[0]));
        out->type.fields[0].type = out->children[0].type;
    }
    out->type.fields[0].name = "element";
    out->leaf_count = b->leaf_count - out->first_leaf;
    return WEIR_OK;
}

static weir_rc build_map(struct builder *b, const char *name, int def, int rep, int depth, struct weiri_pq_node *out)
{
    const struct weiri_pq_element *entry = peek(b);
    if (entry->type >= 0 || entry->children != 2) {
        return bad_schema(b, "has a MAP without a key and a value");
    }
    b->next++;
    out->kind = WEIRI_PQ_MAP;
    out->type.id = WEIR_TYPE_MAP;
    out->def_null = def;
    out->def_item = def + 1;
    out->rep_item = rep + 1;
    make_fields(b, out, 2);
    for (size_t i = 0; i < 2; i++) {
        WEIR_TRY(build(b, name, def + 1, rep + 1, depth + 1, &out->children[i], &out->type.fields[i]));
    }
    out->type.fields[0].name = "key";
    out->type.fields[0].nullable = false;
    out->type.fields[1].name = "value";
    out->leaf_count = b->leaf_count - out->first_leaf;
    return WEIR_OK;
}

static weir_rc build(struct builder *b, const char *parent, int def, int rep, int depth, struct weiri_pq_node *out, struct weir_field *field)
{
    const struct weiri_pq_element *e = peek(b);
    if (!e || depth > WEIRI_PQ_DEPTH_MAX || e->repetition < WEIR_PQ_REQUIRED || e->repetition > WEIR_PQ_REPEATED) {
        return bad_schema(b, "ends early, is too deep or says nothing about repetition");
    }
    const char *own = weir_arena_strndup(b->arena, e->name.ptr, e->name.len);
    const char *name = parent[0] ? weir_arena_printf(b->arena, "%s.%s", parent, own) : own;
    weir_rc rc = WEIR_OK;
    field->name = own;
    field->nullable = e->repetition == WEIR_PQ_OPTIONAL;
    if (e->repetition == WEIR_PQ_REPEATED) {
        rc = build_list(b, name, def, rep, depth, false, out);
        field->type = out->type;
        return rc;
    }
    int here = def + (e->repetition == WEIR_PQ_OPTIONAL);
    bool is_list = e->type < 0 && (e->logical == WEIR_PQ_LOGICAL_LIST || e->converted == WEIR_PQ_CONVERTED_LIST);
    bool is_map = e->type < 0 && (e->logical == WEIR_PQ_LOGICAL_MAP || e->converted == WEIR_PQ_CONVERTED_MAP || e->converted == WEIR_PQ_CONVERTED_MAP_KEY_VALUE);
    if (!is_list && !is_map) {
        rc = build_bare(b, name, here, rep, depth, out);
        field->type = out->type;
        return rc;
    }
    b->next++;
    const struct weiri_pq_element *repeated = peek(b);
    if (e->children != 1 || !repeated || repeated->repetition != WEIR_PQ_REPEATED) {
        return bad_schema(b, "has a LIST or MAP without its one repeated child");
    }
    rc = is_map ? build_map(b, name, here, rep, depth, out) : build_list(b, name, here, rep, depth, !is_element(b, e, repeated), out);
    field->type = out->type;
    return rc;
}

weir_rc weiri_pq_build_tree(weir_arena *arena, const struct weiri_pq_footer *footer, struct weiri_pq_tree *out, struct weir_error *err)
{
    struct builder b = {.arena = arena, .footer = footer, .next = 1, .err = err};
    const struct weiri_pq_element *root = &footer->elements[0];
    memset(out, 0, sizeof *out);
    if (root->type >= 0 || root->children < 0 || (size_t)root->children > footer->element_count - 1) {
        return bad_schema(&b, "has no usable root");
    }
    b.leaves = weir_arena_zalloc(arena, (footer->element_count + 1) * sizeof *b.leaves);
    size_t count = (size_t)root->children;
    out->schema = weir_schema_new(arena, count);
    out->columns = weir_arena_zalloc(arena, (count + 1) * sizeof *out->columns);
    for (size_t i = 0; i < count; i++) {
        WEIR_TRY(build(&b, "", 0, 0, 1, &out->columns[i], &out->schema->fields[i]));
    }
    if (b.next != footer->element_count) {
        return bad_schema(&b, "has elements that belong to nothing");
    }
    out->leaves = b.leaves;
    out->leaf_count = b.leaf_count;
    return WEIR_OK;
}
