/* Any bytes as CSV whose records may span lines, under a dialect that the first bytes choose: no crash, no hang, and how the file is cut changes nothing. */
#include "one_file.h"

static const struct dial dials[] = {
    {"multiLine", {"true", "true", "true", "true"}},
    {"sep", {",", "|", "||", "\xc2\xa7"}},
    {"quote", {NULL, "'", "", "\xc2\xab"}},
    {"escape", {NULL, "\"", "^", ""}},
    {"unescapedQuoteHandling", {NULL, "STOP_AT_CLOSING_QUOTE", "BACK_TO_DELIMITER", "SKIP_VALUE"}},
    {"mode", {NULL, "DROPMALFORMED", "FAILFAST", NULL}},
    {"header", {NULL, "true", NULL, "true"}},
    {"comment", {NULL, "#", NULL, "#"}},
    {"lineSep", {NULL, "\n", ";", NULL}},
    {"nullValue", {NULL, "NA", "-", NULL}},
    {"ignoreLeadingWhiteSpace", {NULL, "true", NULL, NULL}},
    {"ignoreTrailingWhiteSpace", {NULL, NULL, "true", NULL}},
    {"maxRowBytes", {NULL, NULL, NULL, "64"}},
    {"maxColumns", {NULL, NULL, "6", NULL}},
    {"encoding", {NULL, NULL, "ISO-8859-1", "UTF-16LE"}},
    {"charToEscapeQuoteEscaping", {NULL, NULL, NULL, "#"}},
};
#define DIAL_BYTES (sizeof dials / sizeof *dials / 4)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const schemas[] = {"a STRING, b STRING, c STRING, _corrupt_record STRING", "a INT, _corrupt_record STRING, b STRING, c DATE"};
    if (size <= DIAL_BYTES) {
        return 0;
    }
    struct memory memory = {.bytes = data + DIAL_BYTES + 1, .len = size - DIAL_BYTES - 1};
    const struct weir_text_file file = {.path = "input.csv", .size = (int64_t)memory.len};
    weir_arena *arena = weir_arena_new();
    weir_schema *schema = NULL;
    weir_format *csv = NULL;
    struct weir_error err = {0};
    struct outcome outcome;
    weir_options *options = options_from(dials, sizeof dials / sizeof *dials, data);
    if (weir_schema_parse_ddl(arena, weir_str(schemas[data[DIAL_BYTES] & 1]), &schema, &err) != WEIR_OK) {
        abort();
    }
    if (weir_format_new("csv", schema, options, NULL, &csv, &err) == WEIR_OK) { /* some of these go together with nothing */
        read_every_way(schema, csv, &memory, &file, &outcome);
        weir_buf_free(&outcome.text);
        weir_format_free(csv);
    }
    weir_options_free(options);
    weir_arena_free(arena);
    return 0;
}
