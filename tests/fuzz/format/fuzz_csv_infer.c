/* Any bytes as CSV whose columns nobody declared. The columns that are found do not depend on how the file is cut, can be written down as DDL and as JSON, and hold
 * every cell that they were found in: rows that are whole as STRING columns are whole as these. */
#include "one_file.h"

static const struct dial dials[] = {
    {"header", {NULL, "true", NULL, "true"}},
    {"multiLine", {NULL, NULL, NULL, "true"}},
    {"sep", {NULL, "|", NULL, ";"}},
    {"escape", {NULL, "\"", NULL, NULL}},
    {"comment", {NULL, "#", NULL, NULL}},
    {"ignoreLeadingWhiteSpace", {NULL, "true", NULL, NULL}},
    {"ignoreTrailingWhiteSpace", {NULL, "true", NULL, NULL}},
    {"preferDate", {NULL, "false", NULL, NULL}},
    {"dateFormat", {NULL, NULL, NULL, "yyyy-M-d"}},
    {"timestampFormat", {NULL, NULL, NULL, "yyyy-MM-dd HH:mm:ss"}},
    {"encoding", {NULL, NULL, NULL, "ISO-8859-1"}},
    {"lineSep", {NULL, NULL, NULL, "\n"}},
};
#define DIALS (sizeof dials / sizeof *dials)
#define DIAL_BYTES (DIALS / 4)
#define COLUMNS_MAX 200 /* of a schema that is looked at */

static bool names_collide(const weir_schema *schema)
{
    for (size_t i = 0; i < schema->field_count; i++) {
        if (weir_schema_find(schema, weir_str(schema->fields[i].name)) != (int)i) {
            return true;
        }
    }
    return false;
}

/* Spark looks for types in the lines that are not the header's text, wherever that stands, and reads them all. */
static bool line_stands_twice(const struct memory *memory)
{
    struct weir_str lines[256];
    size_t count = 0, begin = 0;
    for (size_t at = 0; at <= memory->len; at++) {
        if (at < memory->len && memory->bytes[at] != '\n' && memory->bytes[at] != '\r') {
            continue;
        }
        const struct weir_str line = {(const char *)memory->bytes + begin, at - begin};
        for (size_t i = 0; i < count; i++) {
            if (weir_str_eq(lines[i], line)) {
                return true;
            }
        }
        if (count == sizeof lines / sizeof *lines) {
            return true;
        }
        lines[count] = line;
        count += line.len > 0;
        begin = at + 1;
    }
    return false;
}

static weir_schema *infer(weir_arena *arena, const weir_options *options, struct memory *memory, const struct weir_text_file *file, struct weir_error *err)
{
    weir_fs fs = {&memory_ops, NULL, memory};
    weir_schema *schema = NULL, *again = NULL;
    struct weir_error other = {0};
    const weir_rc rc = weir_format_infer("csv", options, NULL, &fs, file, 1, arena, &schema, err);
    memory->step = 7;
    const weir_rc rc_again = weir_format_infer("csv", options, NULL, &fs, file, 1, arena, &again, &other);
    memory->step = 0;
    if (rc != rc_again || strcmp(err->condition, other.condition) != 0 || (rc == WEIR_OK && !weir_type_eq(schema, again))) {
        fprintf(stderr, "in calls of 7 bytes other columns are found: %s, %s\n", err->msg, other.msg);
        abort();
    }
    return rc == WEIR_OK ? schema : NULL;
}

static void read_as(weir_arena *arena, const weir_schema *columns, const weir_options *options, struct memory *memory, const struct weir_text_file *file, struct outcome *out)
{
    const weir_schema *schema = schema_with(arena, columns, "bad line");
    weir_format *csv = NULL;
    if (weir_format_new("csv", schema, options, NULL, &csv, &out->err) != WEIR_OK) {
        fprintf(stderr, "columns were found and cannot be read: %s\n", out->err.msg);
        abort();
    }
    read_every_way(schema, csv, memory, file, out);
    weir_format_free(csv);
}

static void check(weir_arena *arena, const weir_options *options, const weir_schema *names, const weir_schema *types, struct memory *memory, const struct weir_text_file *file)
{
    struct outcome as_text = {0}, as_types = {0};
    weir_schema *back = NULL;
    check_round_trip(arena, types, &back);
    read_as(arena, names, options, memory, file, &as_text);
    read_as(arena, back, options, memory, file, &as_types);
    const bool header_again = weir_options_get(options, "header") && line_stands_twice(memory);
    if (as_text.rc != as_types.rc || (as_text.rc == WEIR_OK && as_text.bad_rows != as_types.bad_rows && !header_again)) {
        struct weir_buf ddl;
        weir_buf_init(&ddl, 0);
        weir_schema_print_ddl(&ddl, types);
        show_outcome("as text", &as_text);
        show_outcome(ddl.data, &as_types);
        abort();
    }
    weir_buf_free(&as_text.text);
    weir_buf_free(&as_types.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size <= DIAL_BYTES) {
        return 0;
    }
    struct memory memory = {.bytes = data + DIAL_BYTES, .len = size - DIAL_BYTES};
    const struct weir_text_file file = {.path = "input.csv", .size = (int64_t)memory.len};
    weir_arena *arena = weir_arena_new();
    struct weir_error err = {0};
    weir_options *options = options_from(dials, DIALS, data);
    weir_options_set(options, "columnNameOfCorruptRecord", "bad line");
    const weir_schema *names = infer(arena, options, &memory, &file, &err);
    weir_options_set(options, "inferSchema", "true");
    const weir_schema *types = infer(arena, options, &memory, &file, &err);
    if ((names == NULL || types == NULL || names->field_count != types->field_count) && types != NULL) {
        fprintf(stderr, "types change which columns there are\n");
        abort();
    }
    if (types != NULL && types->field_count > 0 && types->field_count <= COLUMNS_MAX && !names_collide(types) && weir_schema_find(types, WEIR_STR("bad line")) < 0) {
        check(arena, options, names, types, &memory, &file);
    }
    weir_options_free(options);
    weir_arena_free(arena);
    return 0;
}
