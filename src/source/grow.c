/* grow.c - columns that come: what files have beyond the columns that are known (schemaEvolutionMode). */
#include "source/source_internal.h"

struct growth {
    weir_arena *arena;
    struct weir_buf names;
};

static void note(struct growth *g, const char *prefix, const char *name)
{
    weir_buf_printf(&g->names, "%s%s%s", g->names.len > 0 ? ", " : "", prefix, name);
}

static bool grow(struct growth *g, const char *prefix, const struct weir_type *known, const struct weir_type *found, struct weir_type *out);

/* The type of a field that both have: structs, also below arrays and maps, get the fields that come. */
static bool grow_type(struct growth *g, const char *prefix, const struct weir_type *known, const struct weir_type *found, struct weir_type *out)
{
    *out = *known;
    if (known->id != found->id || (known->id != WEIR_TYPE_STRUCT && known->id != WEIR_TYPE_ARRAY)) {
        return false;
    }
    if (known->id == WEIR_TYPE_STRUCT) {
        return grow(g, prefix, known, found, out);
    }
    struct weir_type element;
    if (!grow_type(g, prefix, &known->fields[0].type, &found->fields[0].type, &element)) {
        return false;
    }
    out->fields = weir_arena_alloc(g->arena, sizeof *out->fields);
    out->fields[0] = known->fields[0];
    out->fields[0].type = element;
    return true;
}

static bool grow(struct growth *g, const char *prefix, const struct weir_type *known, const struct weir_type *found, struct weir_type *out)
{
    struct weir_field *fields = weir_arena_alloc(g->arena, (known->field_count + found->field_count + 1) * sizeof *fields);
    size_t count = known->field_count;
    bool grown = false;
    if (count > 0) {
        memcpy(fields, known->fields, count * sizeof *fields);
    }
    for (size_t i = 0; i < found->field_count; i++) {
        const struct weir_field *field = &found->fields[i];
        const int at = weir_schema_find_near(known, weir_str(field->name), i);
        if (at < 0) {
            note(g, prefix, field->name);
            fields[count] = *field;
            fields[count++].nullable = true;
            grown = true;
            continue;
        }
        const char *inside = weir_arena_printf(g->arena, "%s%s.", prefix, field->name);
        grown |= grow_type(g, inside, &known->fields[at].type, &field->type, &fields[at].type);
    }
    *out = *known;
    out->fields = fields;
    out->field_count = count;
    return grown;
}

weir_schema *weir_schema_grow(const weir_schema *known, const weir_schema *found, weir_arena *arena, const char **names_out)
{
    struct growth g = {.arena = arena};
    struct weir_type grown;
    weir_buf_init(&g.names, 0);
    *names_out = grow(&g, "", known, found, &grown) ? weir_arena_strdup(arena, g.names.data) : NULL;
    weir_buf_free(&g.names);
    return weir_schema_copy(arena, &grown);
}
