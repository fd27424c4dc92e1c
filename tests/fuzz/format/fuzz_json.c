/* Any bytes as a JSON file, under rules that the first bytes choose, with a schema or with the one that is found in it: no crash, no hang, and what comes out does not
 * depend on how the read is cut. */
#include "one_file.h"

static weir_options *options_of(uint8_t a, uint8_t b)
{
    static const char *const flags[] = {"allowComments", "allowUnquotedFieldNames", "allowNumericLeadingZeros", "allowBackslashEscapingAnyCharacter", "allowUnquotedControlChars", "prefersDecimal",
                                        "inferTimestamp", "multiLine"};
    static const char *const encodings[] = {NULL, NULL, "UTF-8", "ISO-8859-1", "UTF-16LE", "UTF-16BE", "US-ASCII", NULL};
    weir_options *options = weir_options_new();
    for (int i = 0; i < 8; i++) {
        weir_options_set(options, flags[i], (a >> i & 1) ? "true" : "false");
    }
    weir_options_set(options, "mode", (b & 1) ? "FAILFAST" : (b & 2) ? "DROPMALFORMED" : "PERMISSIVE");
    if (encodings[b >> 2 & 7]) {
        weir_options_set(options, "encoding", encodings[b >> 2 & 7]);
    }
    if ((b & 32) || (b >> 2 & 7) > 2) {
        weir_options_set(options, "lineSep", (b & 64) ? ";;" : "\n");
    }
    if (b & 128) {
        weir_options_set(options, "maxNestingDepth", "3");
        weir_options_set(options, "maxNumLen", "5");
        weir_options_set(options, "maxStringLen", "6");
    }
    return options;
}

static void check(const weir_schema *schema, const weir_options *options, weir_fs *fs, const struct weir_text_file *file)
{
    weir_format *json;
    struct weir_error err = {0};
    if (weir_format_new("json", schema, options, NULL, &json, &err) != WEIR_OK) {
        return; /* only the corrupt column */
    }
    struct outcome whole, pieces;
    read_once(schema, json, fs, file, false, 0, &whole);
    read_once(schema, json, fs, file, false, 64, &pieces);
    if (!same_outcome(&whole, &pieces)) {
        show_outcome("in blocks of 64", &pieces);
        show_outcome("whole", &whole);
        abort();
    }
    weir_buf_free(&whole.text);
    weir_buf_free(&pieces.text);
    weir_format_free(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const schemas[] = {"a INT, b STRING, s STRUCT<x: INT, y: ARRAY<STRING>>, m MAP<STRING, DOUBLE>, _corrupt_record STRING",
                                          "a BINARY, b DATE, c TIMESTAMP, d DECIMAL(20,5), e BOOLEAN, f FLOAT, g BYTE, h BIGINT, _corrupt_record STRING",
                                          "l ARRAY<ARRAY<INT>>, ls ARRAY<STRUCT<a: INT, b: STRING>>, ms MAP<STRING, STRUCT<a: INT>>, t ARRAY<BINARY>, a STRING"};
    if (size < 3) {
        return 0;
    }
    struct memory memory = {.bytes = data + 3, .len = size - 3};
    weir_fs fs = {&memory_ops, NULL, &memory};
    const struct weir_text_file file = {.path = "input.json", .size = (int64_t)memory.len};
    weir_arena *arena = weir_arena_new();
    weir_schema *schema = NULL;
    struct weir_error err = {0};
    weir_options *options = options_of(data[0], data[1]);
    if (weir_schema_parse_ddl(arena, weir_str(schemas[data[2] % 3]), &schema, &err) != WEIR_OK) {
        abort();
    }
    check(schema, options, &fs, &file);
    if (memory.len > 0 && weir_format_infer("json", options, NULL, &fs, &file, 1, arena, &schema, &err) == WEIR_OK && schema->field_count > 0 && schema->field_count <= 64) {
        check(schema, options, &fs, &file);
    }
    weir_options_free(options);
    weir_arena_free(arena);
    return 0;
}
