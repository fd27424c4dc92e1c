/* arrow_schema.c - weir's schema as Arrow's, and the other way round.
 *
 * An ArrowSchema made here is one heap block per node; release frees the children first, as the interface asks. */
#include "column/arrow.h"
#include <stdio.h>

struct schema_node {
    char format[24];
    char *name;
    struct ArrowSchema **children;
    struct ArrowSchema *child_storage;
};

static void release_schema(struct ArrowSchema *schema)
{
    struct schema_node *node = schema->private_data;
    for (int64_t i = 0; i < schema->n_children; i++) {
        if (schema->children[i]->release) {
            schema->children[i]->release(schema->children[i]);
        }
    }
    weir_free(node->name);
    weir_free(node->children);
    weir_free(node->child_storage);
    weir_free(node);
    schema->release = NULL;
}

static const struct {
    enum weir_type_id id;
    const char *format;
} formats[] = {
    {WEIR_TYPE_BOOLEAN, "b"}, {WEIR_TYPE_BYTE, "c"},   {WEIR_TYPE_SHORT, "s"},
    {WEIR_TYPE_INT, "i"},     {WEIR_TYPE_LONG, "l"},   {WEIR_TYPE_FLOAT, "f"},
    {WEIR_TYPE_DOUBLE, "g"},  {WEIR_TYPE_STRING, "u"}, {WEIR_TYPE_BINARY, "z"},
    {WEIR_TYPE_DATE, "tdD"},  {WEIR_TYPE_TIMESTAMP, "tsu:UTC"}, {WEIR_TYPE_TIMESTAMP_NTZ, "tsu:"},
    {WEIR_TYPE_ARRAY, "+l"},  {WEIR_TYPE_MAP, "+m"},   {WEIR_TYPE_STRUCT, "+s"},
    {WEIR_TYPE_VOID, "n"},
};

static void export_type(const struct weir_type *type, const char *name, bool nullable, struct ArrowSchema *out);

static void add_children(struct schema_node *node, struct ArrowSchema *out, size_t count)
{
    node->children = weir_calloc(count + 1, sizeof *node->children);
    node->child_storage = weir_calloc(count + 1, sizeof *node->child_storage);
    for (size_t i = 0; i < count; i++) {
        node->children[i] = &node->child_storage[i];
    }
    out->children = node->children;
    out->n_children = (int64_t)count;
}

/* Arrow's MAP is a list of non-null structs "entries" of key and value. */
static void export_map(const struct weir_type *type, struct schema_node *node, struct ArrowSchema *out)
{
    struct weir_field fields[2] = {type->fields[0], type->fields[1]};
    fields[0].name = "key";
    fields[0].nullable = false;
    fields[1].name = "value";
    struct weir_type entries = {.id = WEIR_TYPE_STRUCT, .fields = fields, .field_count = 2};
    add_children(node, out, 1);
    export_type(&entries, "entries", false, out->children[0]);
}

static void export_type(const struct weir_type *type, const char *name, bool nullable, struct ArrowSchema *out)
{
    struct schema_node *node = weir_calloc(1, sizeof *node);
    memset(out, 0, sizeof *out);
    if (type->id == WEIR_TYPE_DECIMAL) {
        snprintf(node->format, sizeof node->format, "d:%d,%d", type->precision, type->scale);
    }
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (formats[i].id == type->id) {
            snprintf(node->format, sizeof node->format, "%s", formats[i].format);
        }
    }
    WEIR_ASSERT(node->format[0] != '\0'); /* VARIANT and INTERVAL are no columns of weir */
    node->name = weir_strdup(name);
    out->format = node->format;
    out->name = node->name;
    out->flags = nullable ? ARROW_FLAG_NULLABLE : 0;
    out->private_data = node;
    out->release = release_schema;
    if (type->id == WEIR_TYPE_MAP) {
        export_map(type, node, out);
        return;
    }
    if (type->id == WEIR_TYPE_ARRAY || type->id == WEIR_TYPE_STRUCT) {
        add_children(node, out, type->field_count);
        for (size_t i = 0; i < type->field_count; i++) {
            const struct weir_field *f = &type->fields[i];
            export_type(&f->type, f->name, f->nullable, out->children[i]);
        }
    }
}

void weir_arrow_schema(const weir_schema *schema, struct ArrowSchema *out)
{
    export_type(schema, "", false, out);
}

static weir_rc unsupported(const struct ArrowSchema *in, struct weir_error *err)
{
    return weir_fail(err, WEIR_UNSUPPORTED, "ARROW_FORMAT_UNSUPPORTED", "the column `%s` has the Arrow format %s%s, which weir does not hold; cast it",
                     in->name ? in->name : "", in->format, in->dictionary ? " with a dictionary" : "");
}

static weir_rc import_type(weir_arena *arena, const struct ArrowSchema *in, struct weir_type *out, struct weir_error *err);

static weir_rc import_children(weir_arena *arena, const struct ArrowSchema *in, struct weir_type *out, struct weir_error *err)
{
    *out = *weir_schema_new(arena, (size_t)in->n_children);
    for (int64_t i = 0; i < in->n_children; i++) {
        const struct ArrowSchema *child = in->children[i];
        struct weir_field *field = &out->fields[i];
        field->name = weir_arena_strdup(arena, child->name ? child->name : "");
        field->nullable = (child->flags & ARROW_FLAG_NULLABLE) != 0;
        WEIR_TRY(import_type(arena, child, &field->type, err));
    }
    return WEIR_OK;
}

static weir_rc import_decimal(const struct ArrowSchema *in, struct weir_type *out, struct weir_error *err)
{
    int precision = 0, scale = 0, bits = 128;
    int parts = sscanf(in->format, "d:%d,%d,%d", &precision, &scale, &bits);
    if (parts < 2 || bits != 128 || precision < 1 || precision > WEIR_DECIMAL_PRECISION_MAX || scale < 0 || scale > precision) {
        return unsupported(in, err);
    }
    *out = weir_type_decimal(precision, scale);
    return WEIR_OK;
}

static weir_rc import_type(weir_arena *arena, const struct ArrowSchema *in, struct weir_type *out, struct weir_error *err)
{
    if (in->dictionary) {
        return unsupported(in, err);
    }
    if (strncmp(in->format, "d:", 2) == 0) {
        return import_decimal(in, out, err);
    }
    if (strncmp(in->format, "tsu:", 4) == 0) {
        *out = weir_type_of(in->format[4] == '\0' ? WEIR_TYPE_TIMESTAMP_NTZ : WEIR_TYPE_TIMESTAMP);
        return WEIR_OK;
    }
    if (strcmp(in->format, "+s") == 0) {
        return import_children(arena, in, out, err);
    }
    if (strcmp(in->format, "+l") == 0 && in->n_children == 1) {
        WEIR_TRY(import_children(arena, in, out, err));
        out->id = WEIR_TYPE_ARRAY;
        out->fields[0].name = "element";
        return WEIR_OK;
    }
    if (strcmp(in->format, "+m") == 0 && in->n_children == 1 && in->children[0]->n_children == 2) {
        WEIR_TRY(import_children(arena, in->children[0], out, err));
        out->id = WEIR_TYPE_MAP;
        out->fields[0].name = "key";
        out->fields[0].nullable = false;
        out->fields[1].name = "value";
        return WEIR_OK;
    }
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (strcmp(in->format, formats[i].format) == 0 && formats[i].format[0] != '+') {
            *out = weir_type_of(formats[i].id);
            return WEIR_OK;
        }
    }
    return unsupported(in, err);
}

weir_rc weir_arrow_to_schema(weir_arena *arena, const struct ArrowSchema *in, weir_schema **out, struct weir_error *err)
{
    *out = NULL;
    if (strcmp(in->format, "+s") != 0) {
        return unsupported(in, err);
    }
    weir_schema *schema = weir_arena_zalloc(arena, sizeof *schema);
    WEIR_TRY(import_type(arena, in, schema, err));
    *out = schema;
    return WEIR_OK;
}
