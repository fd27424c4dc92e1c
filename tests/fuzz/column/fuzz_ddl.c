/* Any bytes as the DDL of a schema, as one type, as the JSON of a schema. What is read can be written down and read again, and is the same; what is refused is refused with a message. */
#include "column/types.h"
#include <stdio.h>
#include <stdlib.h>

static void need(bool ok, const char *what, struct weir_str text, const struct weir_error *err)
{
    if (!ok) {
        fprintf(stderr, "%s: %.*s: %s %s\n", what, (int)text.len, text.ptr, err->condition, err->msg);
        abort();
    }
}

/* What DDL cannot say: an ARRAY without NULLs, a comment whose end a backslash hides (Spark's toDDL has both). */
static bool ddl_can_say(const struct weir_type *type)
{
    for (size_t i = 0; i < type->field_count; i++) {
        const struct weir_field *field = &type->fields[i];
        const bool inner = type->id == WEIR_TYPE_ARRAY || (type->id == WEIR_TYPE_MAP && i == 1);
        if ((inner && !field->nullable) || (field->comment && strchr(field->comment, '\\')) || !ddl_can_say(&field->type)) {
            return false;
        }
    }
    return true;
}

static void print_both(struct weir_buf *out, const weir_schema *schema)
{
    weir_schema_print_ddl(out, schema);
    weir_buf_add_char(out, '\n');
    weir_schema_print_json(out, schema);
}

/* As DDL, as JSON, as a type: back to the same, which is told by its text. */
static void check(weir_arena *arena, const weir_schema *schema)
{
    struct weir_buf ddl, json, again;
    weir_schema *back = NULL;
    struct weir_error err = {0};
    weir_buf_init(&ddl, 0);
    weir_buf_init(&json, 0);
    weir_buf_init(&again, 0);
    weir_schema_print_json(&json, schema);
    need(weir_schema_parse_json(arena, weir_buf_view(&json), &back, &err) == WEIR_OK && weir_type_eq(schema, back), "the JSON is not read again", weir_buf_view(&json), &err);
    weir_schema_print_json(&again, back);
    need(weir_str_eq(weir_buf_view(&again), weir_buf_view(&json)), "other JSON", weir_buf_view(&again), &err);
    if (schema->field_count > 0 && ddl_can_say(schema)) {
        weir_schema_print_ddl(&ddl, schema);
        need(weir_schema_parse_ddl(arena, weir_buf_view(&ddl), &back, &err) == WEIR_OK && weir_type_eq(schema, back), "the DDL is not read again", weir_buf_view(&ddl), &err);
        weir_buf_clear(&again);
        weir_schema_print_ddl(&again, back);
        need(weir_str_eq(weir_buf_view(&again), weir_buf_view(&ddl)), "other DDL", weir_buf_view(&again), &err);
    }
    const weir_schema *copy = weir_schema_copy(arena, schema);
    weir_buf_clear(&again);
    weir_buf_clear(&json);
    print_both(&again, copy);
    print_both(&json, schema);
    need(weir_str_eq(weir_buf_view(&again), weir_buf_view(&json)), "a copy differs", weir_buf_view(&again), &err);
    weir_buf_free(&ddl);
    weir_buf_free(&json);
    weir_buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct weir_str text = {(const char *)data, size};
    weir_arena *arena = weir_arena_new();
    weir_schema *schema = NULL;
    struct weir_type type;
    struct weir_error err = {0};
    if (weir_schema_parse_ddl(arena, text, &schema, &err) == WEIR_OK) {
        check(arena, schema);
    } else {
        need(err.condition[0] != '\0' && err.msg[0] != '\0', "refused without a word", text, &err);
    }
    if (weir_type_parse_ddl(arena, text, &type, &err) == WEIR_OK) {
        struct weir_buf name;
        weir_buf_init(&name, 0);
        weir_type_print(&name, &type);
        need(name.len > 0, "a type without a name", text, &err);
        weir_buf_free(&name);
    }
    if (weir_schema_parse_json(arena, text, &schema, &err) == WEIR_OK) {
        check(arena, schema);
    }
    weir_arena_free(arena);
    return 0;
}
