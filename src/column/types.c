/* types.c - making, comparing, copying types and schemas. */
#include "column/types.h"

struct weir_type weir_type_of(enum weir_type_id id)
{
    return (struct weir_type){.id = id};
}

struct weir_type weir_type_decimal(int precision, int scale)
{
    WEIR_ASSERT(precision >= 1 && precision <= WEIR_DECIMAL_PRECISION_MAX);
    WEIR_ASSERT(scale >= 0 && scale <= precision);
    return (struct weir_type){
        .id = WEIR_TYPE_DECIMAL, .precision = (uint8_t)precision, .scale = (uint8_t)scale};
}

bool weir_type_is_primitive(const struct weir_type *type)
{
    return type->id <= WEIR_TYPE_TIMESTAMP_NTZ;
}

bool weir_type_eq(const struct weir_type *a, const struct weir_type *b)
{
    if (a->id != b->id) {
        return false;
    }
    if (a->id == WEIR_TYPE_DECIMAL) {
        return a->precision == b->precision && a->scale == b->scale;
    }
    if (a->field_count != b->field_count) {
        return false;
    }
    for (size_t i = 0; i < a->field_count; i++) {
        if (!weir_type_eq(&a->fields[i].type, &b->fields[i].type)) {
            return false;
        }
        if (a->id == WEIR_TYPE_STRUCT &&
            !weir_str_eq_nocase(weir_str(a->fields[i].name), weir_str(b->fields[i].name))) {
            return false;
        }
    }
    return true;
}

int weir_schema_find(const weir_schema *schema, struct weir_str name)
{
    for (size_t i = 0; i < schema->field_count; i++) {
        if (weir_str_eq_nocase(weir_str(schema->fields[i].name), name)) {
            return (int)i;
        }
    }
    return -1;
}

int weir_schema_find_near(const weir_schema *schema, struct weir_str name, size_t guess)
{
    const bool there = guess < schema->field_count && weir_str_eq_nocase(weir_str(schema->fields[guess].name), name);
    return there ? (int)guess : weir_schema_find(schema, name);
}

weir_schema *weir_schema_new(weir_arena *arena, size_t field_count)
{
    weir_schema *schema = weir_arena_zalloc(arena, sizeof *schema);
    schema->id = WEIR_TYPE_STRUCT;
    schema->field_count = field_count;
    schema->fields = weir_arena_zalloc(arena, sizeof *schema->fields * (field_count + 1));
    for (size_t i = 0; i < field_count; i++) {
        schema->fields[i].type.id = WEIR_TYPE_VOID;
    }
    return schema;
}

static void copy_type(weir_arena *arena, const struct weir_type *from, struct weir_type *to)
{
    *to = *from;
    to->fields = NULL;
    if (from->field_count == 0) {
        return;
    }
    to->fields = weir_arena_zalloc(arena, sizeof *to->fields * from->field_count);
    for (size_t i = 0; i < from->field_count; i++) {
        const struct weir_field *f = &from->fields[i];
        struct weir_field *t = &to->fields[i];
        t->name = weir_arena_strdup(arena, f->name);
        t->nullable = f->nullable;
        t->comment = f->comment ? weir_arena_strdup(arena, f->comment) : NULL;
        t->metadata = f->metadata ? weir_arena_strdup(arena, f->metadata) : NULL;
        copy_type(arena, &f->type, &t->type);
    }
}

weir_schema *weir_schema_copy(weir_arena *arena, const weir_schema *schema)
{
    weir_schema *copy = weir_arena_zalloc(arena, sizeof *copy);
    copy_type(arena, schema, copy);
    return copy;
}

size_t weir_decimal_text(weir_i128 unscaled, int scale, char *out)
{
    char digits[48];
    int count = 0;
    weir_u128 rest = unscaled < 0 ? (weir_u128)0 - (weir_u128)unscaled : (weir_u128)unscaled;
    WEIR_ASSERT(scale >= 0 && scale <= WEIR_DECIMAL_PRECISION_MAX);
    do {
        digits[count++] = (char)('0' + (int)(rest % 10));
        rest /= 10;
    } while (rest != 0);
    while (count <= scale) {
        digits[count++] = '0';
    }
    size_t len = 0;
    if (unscaled < 0) {
        out[len++] = '-';
    }
    while (count > 0) {
        if (count == scale) {
            out[len++] = '.';
        }
        out[len++] = digits[--count];
    }
    out[len] = '\0';
    return len;
}
