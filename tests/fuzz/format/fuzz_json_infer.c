/* Any bytes as JSON whose columns nobody declared. The columns that are found do not depend on how the file is cut, can be written down as DDL and as JSON, and hold what
 * they were found in: where no record was damaged when they were found, none is when they are read. */
#include "one_file.h"

static const struct dial dials[] = {
    {"multiLine", {NULL, NULL, "true", NULL}},
    {"primitivesAsString", {NULL, NULL, NULL, "true"}},
    {"prefersDecimal", {NULL, "true", NULL, NULL}},
    {"inferTimestamp", {NULL, "true", NULL, "true"}},
    {"dropFieldIfAllNull", {NULL, NULL, "true", NULL}},
    {"allowSingleQuotes", {NULL, "false", NULL, NULL}},
    {"allowUnquotedFieldNames", {NULL, "true", NULL, NULL}},
    {"allowNonNumericNumbers", {NULL, "false", NULL, NULL}},
    {"allowComments", {NULL, "true", NULL, NULL}},
    {"allowNumericLeadingZeros", {NULL, "true", NULL, NULL}},
    {"encoding", {NULL, NULL, NULL, "UTF-8"}},
    {"lineSep", {NULL, NULL, NULL, "\n"}},
};
#define DIALS (sizeof dials / sizeof *dials)
#define DIAL_BYTES (DIALS / 4)
#define COLUMNS_MAX 200 /* of a schema that is looked at */
#define BAD "bad record"

static weir_schema *infer(weir_arena *arena, const weir_options *options, struct memory *memory, const struct weir_text_file *file)
{
    weir_fs fs = {&memory_ops, NULL, memory};
    weir_schema *schema = NULL, *again = NULL;
    struct weir_error err = {0}, other = {0};
    const weir_rc rc = weir_format_infer("json", options, NULL, &fs, file, 1, arena, &schema, &err);
    memory->step = 7;
    const weir_rc rc_again = weir_format_infer("json", options, NULL, &fs, file, 1, arena, &again, &other);
    memory->step = 0;
    if (rc != rc_again || strcmp(err.condition, other.condition) != 0 || (rc == WEIR_OK && !weir_type_eq(schema, again))) {
        fprintf(stderr, "in calls of 7 bytes other columns are found: %s, %s\n", err.msg, other.msg);
        abort();
    }
    return rc == WEIR_OK ? schema : NULL;
}

static bool can_be_named(const struct weir_type *type)
{
    for (size_t i = 0; i < type->field_count; i++) {
        if (!can_be_named(&type->fields[i].type)) {
            return false;
        }
        for (size_t j = 0; type->id == WEIR_TYPE_STRUCT && j < i; j++) { /* {"a":1,"A":2}: Spark asks for spark.sql.caseSensitive */
            if (weir_str_eq_nocase(weir_str(type->fields[i].name), weir_str(type->fields[j].name))) {
                return false;
            }
        }
    }
    return true;
}

/* Spark holds a line that is "" for a NULL when it looks for columns, and for damaged when it reads; so only records that begin as objects count. */
static bool only_objects(const struct memory *memory, bool multi_line)
{
    bool begins = true;
    for (size_t at = 0; at < memory->len; at++) {
        const uint8_t c = memory->bytes[at];
        if (c == '\n' || c == '\r') {
            begins = begins || !multi_line;
        } else if (begins && c != ' ' && c != '\t') {
            if (c != '{') {
                return false;
            }
            begins = false;
        }
    }
    return true;
}

static void check(weir_arena *arena, const weir_options *options, const weir_schema *found, struct memory *memory, const struct weir_text_file *file)
{
    weir_schema *schema = NULL;
    weir_format *json = NULL;
    struct weir_error err = {0};
    struct outcome outcome = {0};
    const bool damaged = weir_schema_find(found, WEIR_STR(BAD)) >= 0;
    check_round_trip(arena, damaged ? found : schema_with(arena, found, BAD), &schema);
    if (weir_format_new("json", schema, options, NULL, &json, &err) != WEIR_OK) {
        fprintf(stderr, "columns were found and cannot be read: %s\n", err.msg);
        abort();
    }
    read_every_way(schema, json, memory, file, &outcome);
    if (!damaged && outcome.rc == WEIR_OK && outcome.bad_rows > 0 && only_objects(memory, weir_options_get(options, "multiLine") != NULL)) {
        struct weir_buf ddl;
        weir_buf_init(&ddl, 0);
        weir_schema_print_ddl(&ddl, schema);
        show_outcome(ddl.data, &outcome);
        abort();
    }
    weir_buf_free(&outcome.text);
    weir_format_free(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size <= DIAL_BYTES) {
        return 0;
    }
    struct memory memory = {.bytes = data + DIAL_BYTES, .len = size - DIAL_BYTES};
    const struct weir_text_file file = {.path = "input.json", .size = (int64_t)memory.len};
    weir_arena *arena = weir_arena_new();
    weir_options *options = options_from(dials, DIALS, data);
    weir_options_set(options, "columnNameOfCorruptRecord", BAD);
    const weir_schema *found = infer(arena, options, &memory, &file);
    const bool only_bad = found && found->field_count == 1 && weir_schema_find(found, WEIR_STR(BAD)) == 0; /* nothing could be read, and that is said */
    if (found && !only_bad && found->field_count > 0 && found->field_count <= COLUMNS_MAX && can_be_named(found)) {
        check(arena, options, found, &memory, &file);
    }
    weir_options_free(options);
    weir_arena_free(arena);
    return 0;
}
