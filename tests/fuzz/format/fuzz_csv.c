/* Any bytes as a CSV file, under a dialect that the first bytes choose: no crash, no hang, and the fast way gives what the slow way gives. The file lives in memory. */
#include "one_file.h"

static weir_options *options_of(uint8_t a, uint8_t b, uint8_t c)
{
    static const char *const seps[] = {",", "|", "\t", " ", "||", "\xc2\xa7", ", ", ";"};
    static const char *const handlings[] = {"STOP_AT_DELIMITER", "STOP_AT_CLOSING_QUOTE", "BACK_TO_DELIMITER", "SKIP_VALUE"};
    static const char *const flags[] = {"header", "ignoreLeadingWhiteSpace", "ignoreTrailingWhiteSpace"};
    weir_options *options = weir_options_new();
    weir_options_set(options, "sep", seps[a & 7]);
    weir_options_set(options, "escape", (a & 8) ? "\"" : "\\");
    weir_options_set(options, "unescapedQuoteHandling", handlings[a >> 4 & 3]);
    for (int i = 0; i < 3; i++) {
        weir_options_set(options, flags[i], (b >> i & 1) ? "true" : "false");
    }
    weir_options_set(options, "comment", (b & 8) ? "#" : "");
    weir_options_set(options, "nullValue", (b & 16) ? "NA" : "");
    weir_options_set(options, "mode", (b & 32) ? "FAILFAST" : (b & 64) ? "DROPMALFORMED" : "PERMISSIVE");
    if (b & 128) {
        weir_options_set(options, "lineSep", (c & 1) ? "\n" : (c & 2) ? ";" : "||");
    }
    if (c & 4) {
        weir_options_set(options, "quote", (c & 8) ? "" : "'");
    }
    if (c & 16) {
        weir_options_set(options, "timestampFormat", "yyyy-MM-dd[ HH:mm:ss[.SSS]][ z][XXX]");
    }
    if (c & 32) {
        weir_options_set(options, "maxRowBytes", "64");
    }
    return options;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const schemas[] = {"a STRING, b STRING, c STRING, _corrupt_record STRING", "a INT, b DOUBLE, c DECIMAL(20,5), d DATE, e TIMESTAMP, f BOOLEAN, _corrupt_record STRING",
                                          "a TIMESTAMP_NTZ, b BINARY, c FLOAT, d TINYINT", "a STRING"};
    if (size < 4) {
        return 0;
    }
    struct memory memory = {.bytes = data + 4, .len = size - 4};
    weir_fs fs = {&memory_ops, NULL, &memory};
    const struct weir_text_file file = {.path = "input.csv", .size = (int64_t)memory.len};
    weir_arena *arena = weir_arena_new();
    weir_schema *schema;
    struct weir_error err = {0};
    weir_format *csv;
    weir_options *options = options_of(data[0], data[1], data[2]);
    if (weir_schema_parse_ddl(arena, weir_str(schemas[data[3] & 3]), &schema, &err) != WEIR_OK || weir_format_new("csv", schema, options, NULL, &csv, &err) != WEIR_OK) {
        abort();
    }
    struct outcome slow, fast;
    read_once(schema, csv, &fs, &file, true, 0, &slow);
    for (size_t block = 0; block <= 64; block += 64) {
        read_once(schema, csv, &fs, &file, false, block, &fast);
        if (!same_outcome(&fast, &slow)) {
            fprintf(stderr, "blocks of %zu\n", block);
            show_outcome("fast", &fast);
            show_outcome("slow", &slow);
            abort();
        }
        weir_buf_free(&fast.text);
    }
    weir_buf_free(&slow.text);
    weir_format_free(csv);
    weir_options_free(options);
    weir_arena_free(arena);
    return 0;
}
